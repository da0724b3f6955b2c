//! Every sentence that the command line, the reports and support read: one place, one voice.
//!
//! Each code has its words by an exhaustive match, so a missing sentence does not compile. The desktop app has its own
//! in `ui/lib/words/`.

mod batch;
mod because;
mod fault;
mod finding;
mod refusal;
mod station;
mod steps;

pub use batch::{problem, stop};
pub use because::because;
pub use fault::{device_code, fault};
pub use finding::finding;
pub use refusal::refusal;
pub use station::{heard, held, tile};
pub use steps::{doing, exposure, normal, outcome, said, step};

use std::collections::BTreeMap;

/// What happened, why that usually is, and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub what: String,
    pub why: String,
    pub fix: String,
}

impl Words {
    fn new(what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Words {
        Words { what: what.into(), why: why.into(), fix: fix.into() }
    }
}

/// What a sentence may fill in.
pub(crate) struct About<'a>(pub &'a BTreeMap<String, String>);

impl About<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The quoted value, or a phrase that reads well without it.
    fn named(&self, before: &str, key: &str, without: &str) -> String {
        match self.get(key) {
            Some(text) => format!("{before} “{text}”"),
            None => without.to_owned(),
        }
    }

    fn or(&self, key: &str, without: &str) -> String {
        self.get(key).unwrap_or(without).to_owned()
    }
}

#[cfg(test)]
mod tests;
