//! Where a job comes from: the row of a batch, the slot of a station, and who stood there with which order.
//!
//! All of it is told to the job and only carried by it, into its first fact, the exports and the lines; nothing of it
//! decides how a job is done. Not here: what a batch or a station is (`batch.rs`, and its plan).

use crate::record::batch::BatchId;
use serde::{Deserialize, Serialize};

/// The version of this program, as every record names it.
pub const SOFTWARE: &str = env!("CARGO_PKG_VERSION");

/// The row of a batch that a job is for. Rows are counted from 1, as the batch's file has them under its heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BatchRow {
    pub batch: BatchId,
    pub row: u32,
}

/// Who and what is behind a job. Everything may be empty; old journals say nothing of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchRow>,
    /// The station, by its durable name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub station: Option<String>,
    /// The slot of the station.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<String>,
    /// Version of the program that did it; filled in when the job is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
}

impl Origin {
    /// Of a batch's row.
    pub fn of_row(batch: BatchId, row: u32) -> Origin {
        Origin { batch: Some(BatchRow { batch, row }), ..Origin::default() }
    }

    /// What is not said here is as it was there: who goes on with something goes on with the same order, unless it is said
    /// otherwise.
    #[must_use]
    pub fn or(self, before: &Origin) -> Origin {
        Origin {
            batch: self.batch.or(before.batch),
            station: self.station.or_else(|| before.station.clone()),
            slot: self.slot.or_else(|| before.slot.clone()),
            operator: self.operator.or_else(|| before.operator.clone()),
            work_order: self.work_order.or_else(|| before.work_order.clone()),
            shift: self.shift.or_else(|| before.shift.clone()),
            software: self.software.or_else(|| before.software.clone()),
        }
    }

    /// Nothing is known: not even which program it was.
    pub fn is_empty(&self) -> bool {
        *self == Origin::default()
    }
}
