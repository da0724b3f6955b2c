//! The ground: what is said to devices, as values and pure machines.
//!
//! Here is no task, no socket, no file and no clock; whoever drives a machine hands it the time. So every line can be
//! tested with plain values. How bytes travel is `link`'s business, and what is wanted of a device is `engine`'s.

pub mod blynk;
pub mod device;
pub mod dialogue;
pub mod driver;
pub mod espressif;
pub mod framing;
pub mod improv;
mod redact;
pub mod secret;
pub mod zpl;

pub use device::*;
pub use dialogue::*;
pub use driver::*;
pub use secret::Secret;
