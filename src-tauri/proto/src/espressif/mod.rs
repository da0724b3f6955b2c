//! Espressif's unified provisioning (protocomm), over BLE and over its serial console, with security 0, 1 and 2.
//!
//! `message` knows the protobuf bodies, `security` and `srp` how a session is agreed on and kept, `wire` and `console`
//! how an exchange travels, `dialogue` in which order. `token`, `version` and `qr` read what people and firmware write.
//! Thread networks and SoftAP are not here.

pub mod console;
pub mod dialogue;
pub mod driver;
pub mod message;
pub mod qr;
pub mod random;
pub mod security;
pub mod srp;
pub mod token;
pub mod version;
mod wire;
