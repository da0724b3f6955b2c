//! `blynk-console`: the text console of Blynk's firmware over serial, in two dialects (section 5 of the reference).

mod dialogue;
mod driver;
pub mod message;

pub use driver::BlynkConsole;
