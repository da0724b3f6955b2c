//! `blynk-inject`: JSON objects over BLE, one to an attribute value, in four dialects (section 3 of the reference).

mod dialogue;
mod driver;
pub mod message;

pub use driver::{BlynkInject, RX, SERVICE, TX};
