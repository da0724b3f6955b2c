//! What Blynk's firmware families speak: JSON messages over BLE (`inject`) and a text console over serial (`console`).
//!
//! Here is what both share: error codes, words for Wi-Fi security, what a value may look like, and the removal of
//! secrets from a device's own text. Sections named in comments are those of the Blynk device protocol reference.
//! Not here: the Wi-Fi hotspot channel, which needs the computer's own network to change.

pub mod codes;
pub mod console;
pub mod inject;
mod limits;
mod networks;
mod salvage;

pub(crate) use crate::redact::Redactor;
