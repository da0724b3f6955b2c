//! What happened.

pub mod event;
