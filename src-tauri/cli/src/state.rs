//! The state folder: where it is, and what is kept in it.

use crate::arguments::Common;
use engine::record::{Journal, JournalError};
use engine::{Refusal, RefusalCode, Why};
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
            (None, false) => api::state::folder()
                .map(State::Folder)
                .ok_or_else(|| Refusal::because(RefusalCode::StateUnusable, Why::NoDataFolder, &[])),
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
    let mut refusal = Refusal::journal(error);
    for reason in &mut refusal.reasons {
        reason.about.insert("path".to_owned(), dir.display().to_string());
    }
    refusal
}
