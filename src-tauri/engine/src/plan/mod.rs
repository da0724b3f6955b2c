//! What is wanted.

pub mod patience;
pub mod recipe;
