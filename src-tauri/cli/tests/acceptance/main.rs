//! What the command line promises, held against real processes of it: real ptys, a practice cloud over real HTTP.
//!
//! One binary for all, so that it is linked once. Not here: what needs a radio (the lab) or a window.

#![cfg(unix)]

mod batch;
mod batch_stops;
mod crash;
mod faults;
mod first_light;
mod help;
mod house;
mod interrupt;
mod practice;
mod refusals;
mod secrecy;
mod state;
mod station;
#[cfg(target_os = "linux")] // other systems take trust from their own store only
mod tls;
