//! What is wanted.

pub mod device_label;
pub mod patience;
pub mod profile;
pub mod recipe;
pub mod scanner;
