//! How to reach the cloud: the only crate that knows an HTTP client.
//!
//! `cloud.rs` says what a cloud can do and what may go wrong; `blynk.rs` does it for Blynk over `http.rs`, signed in by
//! `auth.rs`; `tracker.rs` waits for many devices with few questions. What an answer means for a unit is `engine`'s
//! business.

mod auth;
pub mod blynk;
pub mod cloud;
pub mod http;
pub mod tracker;

pub use auth::{Credentials, CredentialsTrouble};
pub use blynk::BlynkCloud;
pub use cloud::*;
pub use http::{Limiter, Options, ProxyChoice, Server, ServerError, Waits};
pub use proto::Secret;
pub use tracker::{Seen, Tracker, Watch};
