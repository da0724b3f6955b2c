//! How to reach a device: the only crate that knows a bus.
//!
//! A medium shows what is there and opens links; a contact is a link with a dialogue on it. What is said is `proto`'s
//! business, what is wanted is `engine`'s.

pub mod ble;
pub mod contact;
pub mod medium;
pub mod printer;
pub mod serial;

pub use ble::{BleMedium, BleSettings, is_harmless_panic};
pub use contact::{Contact, ContactError};
pub use medium::*;
pub use serial::{SerialMedium, SerialSettings};
