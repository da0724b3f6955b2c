//! What is wanted.

pub mod patience;
pub mod profile;
pub mod recipe;
