//! What a face may ask and see.
//!
//! `calls.rs` turns a request into a recipe or refuses it with all reasons; `clouds.rs` finds the cloud behind it;
//! `lines.rs` is what the command line prints
//! for machines, `desk.rs` what the window shows; `words/` holds the sentences that people read. Not here: how a
//! terminal or a window looks, and anything that touches a device.

pub mod batch_report;
pub mod batches;
pub mod bundle;
pub mod calls;
pub mod checkup;
pub mod clouds;
pub mod desk;
pub mod introduction;
mod job_view;
pub mod label;
pub mod lines;
mod look_view;
pub mod moment;
pub mod report;
pub mod secrets;
pub mod shelf;
pub mod shell;
pub mod state;
mod station_view;
pub mod stations;
pub mod story;
pub mod units;
pub mod watch;
pub mod words;
