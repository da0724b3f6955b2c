//! Jobs from their first step to their end, in a simulated world, on a paused clock, with everything in memory.
//!
//! Each journey is a line of setup, one action, and the journal in plain words.

mod batch;
mod cancel;
mod crash;
mod describe;
mod happy;
mod kept;
mod ledger;
mod many;
mod matrix;
mod refused;
mod remembered;
mod secrecy;
mod stage;
mod standards;
mod station;
mod trouble;
