//! The state folder: where it is, and what is kept in it.

use crate::arguments::Common;
use engine::record::{Journal, JournalError};
use engine::{Refusal, RefusalCode};
use std::path::{Path, PathBuf};

/// Where journal, profiles and settings live.
#[derive(Debug, Clone)]
pub enum State {
    Folder(PathBuf),
    /// A practice run of which nothing is kept.
    Memory,
}

impl State {
    /// Practice never mixes with real units: it keeps to a folder of its own inside a folder that was named, and keeps
    /// nothing otherwise.
    pub fn of(common: &Common) -> Result<State, Refusal> {
        match (&common.state, common.practice) {
            (Some(dir), true) => Ok(State::Folder(dir.join("practice"))),
            (Some(dir), false) => Ok(State::Folder(dir.clone())),
            (None, true) => Ok(State::Memory),
            (None, false) => api::state::folder().map(State::Folder).ok_or_else(|| {
                Refusal::of(RefusalCode::StateUnusable, &[("why", "the system names no data folder")])
            }),
        }
    }

    pub fn folder(&self) -> Option<&Path> {
        match self {
            State::Folder(dir) => Some(dir),
            State::Memory => None,
        }
    }

    pub fn journal(&self) -> Result<Journal, Refusal> {
        match self {
            State::Folder(dir) => Journal::open(dir).map_err(|error| refused(dir, &error)),
            State::Memory => Ok(Journal::in_memory()),
        }
    }
}

/// A journal that cannot be opened is a refusal: nothing has begun.
pub fn refused(dir: &Path, error: &JournalError) -> Refusal {
    let path = &*dir.display().to_string();
    match error {
        JournalError::InUse { .. } => Refusal::of(RefusalCode::StateInUse, &[("path", path)]),
        JournalError::Newer { found, known, .. } => Refusal::of(
            RefusalCode::StateNewer,
            &[("path", path), ("found", &found.to_string()), ("known", &known.to_string())],
        ),
        JournalError::NewerRecord { .. } => {
            Refusal::of(RefusalCode::StateNewer, &[("path", path), ("why", &error.to_string())])
        }
        JournalError::Unusable { .. } | JournalError::Damaged { .. } | JournalError::Closed => {
            Refusal::of(RefusalCode::StateUnusable, &[("path", path), ("why", &error.to_string())])
        }
    }
}
