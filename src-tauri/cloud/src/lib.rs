//! How to reach the cloud: the only crate that knows an HTTP client.
//!
//! `cloud.rs` says what a cloud can do and what may go wrong; `blynk.rs` does it for Blynk over `http.rs`. When to ask,
//! and what an answer means for a unit, is `engine`'s business.

pub mod cloud;

pub use cloud::*;
