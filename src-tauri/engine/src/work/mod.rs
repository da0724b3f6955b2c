//! Making it happen: who does what ([`dispatch`]), what is in sight ([`sightings`]), one job from its first step to its
//! end (`runner.rs`, `steps.rs`, `follow.rs`), and what a crash or a lost answer left open ([`reconcile`]).
//!
//! Not here: what is wanted (`plan`), what happened (`record`), and how a person is told (`api`).

mod account;
pub mod batch;
mod describe;
pub mod dispatch;
mod dry_run;
mod follow;
mod inquiry;
mod kept;
mod label_pdf;
pub mod labels;
mod links;
mod look;
pub mod reconcile;
mod runner;
pub mod sightings;
pub mod station;
mod steps;
mod tracking;
mod veil;

pub use batch::{BatchNews, BatchOptions, BatchRun, Fix};
pub use describe::{DescribedAs, Description, UnitDevice};
pub use dispatch::{Clouds, Engine, Fuse, Gate, Job, Met, Update};
pub use links::HoldRule;
pub use look::Look;
pub use reconcile::{Ghost, Reconciled, Verdict};
pub(crate) use runner::cloud_name_fits;
pub use sightings::Spotted;
