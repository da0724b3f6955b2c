//! What is wanted.

pub mod batch;
pub mod code_sheet;
pub mod device_label;
pub mod label;
pub mod line_stop;
pub mod patience;
pub mod profile;
pub mod recipe;
pub mod scanner;
pub mod sheet;
pub mod station;
pub mod symbol;
