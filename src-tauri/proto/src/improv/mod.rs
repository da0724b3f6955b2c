//! Improv Wi-Fi, the open standard, over BLE and over a serial line.
//!
//! One conversation serves both media: `message` knows what is said, `serial` and `ble` how it is wrapped on each,
//! `dialogue` when. The standard carries no cloud token; `carrier` knows the three ways around that.

pub mod ble;
pub mod carrier;
pub mod dialogue;
pub mod driver;
pub mod message;
pub mod serial;
mod wire;
