//! Devices and a cloud to practise on: programs of their own that share no line with what they test.
//!
//! A [`World`] holds all of it in memory, on a clock that tests may pause; [`cloud_server`] gives the same cloud over
//! real HTTP, [`pty`] a device on a real serial line. Nothing but faces and tests imports this crate, and nothing here
//! uses `proto`'s encoders or decoders, so that both sides cannot share a mistake.

pub mod air;
pub mod chance;
pub mod cloud;
pub mod cloud_client;
pub mod cloud_server;
pub mod device;
pub mod memory;
pub mod printer;
#[cfg(unix)]
pub mod pty;
pub mod trouble;
pub mod world;

pub use device::{DeviceSpec, Dialect};
pub use world::{
    Device, PracticeUnit, World, WorldSettings, fleet, hard_names, practice_unit, practice_units,
    practice_world,
};
