//! One entry of the journal: a fact of a job, or of something that is not one job, such as a batch.
//!
//! All kinds stand in one order and in one chain. Which kind an entry is, is told by the first key of its JSON: `fact` for
//! a job, `batch` for a batch, `station` for a station. To add a kind: an id, an event enum with its own tag, and a fact in a file of its own; then
//! a variant in each of the two enums here and an arm in [`crate::record::Ledger::take_in`]. A program that is older than
//! a kind refuses the journal as written by a newer one.

use crate::plan::station::StationId;
use crate::record::batch::{BatchEvent, BatchFact, BatchId};
use crate::record::event::{Fact, JobEvent, JobId};
use crate::record::station::{StationEvent, StationFact};
use uuid::Uuid;

/// Form of facts of jobs, which every version of this program reads.
const JOB_FORM: u32 = 1;
/// Form of facts that are not of one job.
const BATCH_FORM: u32 = 2;
/// Form of facts of stations, and of jobs that end with a cause that only stations have.
const STATION_FORM: u32 = 3;

/// Something to be written down.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    Job(JobId, JobEvent),
    Batch(BatchId, BatchEvent),
    Station(StationId, StationEvent),
}

/// What was written down, with its place.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    Job(Fact),
    Batch(BatchFact),
    Station(StationFact),
}

impl Note {
    /// Whom it is about.
    pub(crate) fn about(&self) -> Uuid {
        match self {
            Note::Job(job, _) => job.0,
            Note::Batch(batch, _) => batch.0,
            Note::Station(station, _) => station.0,
        }
    }

    /// The lowest form that a reader has to know.
    pub(crate) fn form(&self) -> u32 {
        match self {
            Note::Job(_, JobEvent::Finished { fault: Some(fault), .. })
                if fault.code.came_with_stations() =>
            {
                STATION_FORM
            }
            Note::Job(..) => JOB_FORM,
            Note::Batch(..) => BATCH_FORM,
            Note::Station(..) => STATION_FORM,
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Note::Job(_, event) => serde_json::to_string(event),
            Note::Batch(_, event) => serde_json::to_string(event),
            Note::Station(_, event) => serde_json::to_string(event),
        }
        .expect("facts are plain values with text keys")
    }

    pub(crate) fn entered(self, seq: i64, at: i64) -> Entry {
        match self {
            Note::Job(job, event) => Entry::Job(Fact { seq, at, job, event }),
            Note::Batch(batch, event) => Entry::Batch(BatchFact { seq, at, batch, event }),
            Note::Station(station, event) => Entry::Station(StationFact { seq, at, station, event }),
        }
    }
}

impl Entry {
    /// Reads an entry as it was written; the error says what this program does not know of it.
    pub(crate) fn from_stored(seq: i64, at: i64, about: Uuid, text: &str) -> serde_json::Result<Entry> {
        if text.starts_with(r#"{"batch":"#) {
            let event = serde_json::from_str(text)?;
            return Ok(Entry::Batch(BatchFact { seq, at, batch: BatchId(about), event }));
        }
        if text.starts_with(r#"{"station":"#) {
            let event = serde_json::from_str(text)?;
            return Ok(Entry::Station(StationFact { seq, at, station: StationId(about), event }));
        }
        Ok(Entry::Job(Fact { seq, at, job: JobId(about), event: JobEvent::from_stored(text)? }))
    }

    pub fn seq(&self) -> i64 {
        match self {
            Entry::Job(fact) => fact.seq,
            Entry::Batch(fact) => fact.seq,
            Entry::Station(fact) => fact.seq,
        }
    }

    /// This computer's clock, milliseconds since the Unix epoch.
    pub fn at(&self) -> i64 {
        match self {
            Entry::Job(fact) => fact.at,
            Entry::Batch(fact) => fact.at,
            Entry::Station(fact) => fact.at,
        }
    }

    /// The fact of a job, if it is one.
    pub fn job(self) -> Option<Fact> {
        match self {
            Entry::Job(fact) => Some(fact),
            Entry::Batch(_) | Entry::Station(_) => None,
        }
    }
}
