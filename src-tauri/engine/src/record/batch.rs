//! A batch as the sum of its facts: which rows there are, which device each got, and how each ended.
//!
//! Facts here say only what no job says: the rows as they were read, how a row ended, and when the batch was stopped,
//! mended or taken up again. What a row's job did stands in the job's own facts, which name the row
//! ([`crate::record::Origin`]). Not here: reading files (`plan/sheet.rs`), and deciding anything (`work/batch.rs`). No
//! secret is ever in a fact: a row only says that its device needs one.

use crate::record::event::{JobId, Outcome};
use crate::record::origin::Origin;
use crate::{Fault, FaultCode, Recipe};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Sorts by time of making (UUIDv7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BatchId(pub uuid::Uuid);

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which device a row is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "bind", rename_all = "snake_case")]
pub enum Bind {
    /// The unit of this hardware address, in upper case with colons.
    Mac { mac: String },
    /// The unit that advertises this name, or carries it on its label.
    Label { label: String },
    /// The next device that no row asks for by name.
    Next,
}

/// One row, as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchItem {
    /// Counted from 1, as the file has it under its heading.
    pub row: u32,
    pub bind: Bind,
    pub recipe: Box<Recipe>,
    /// The file gives this row's device a secret (proof of possession). The secret itself is never written down.
    #[serde(default)]
    pub has_device_secret: bool,
    /// Columns that mean nothing to us, kept for the report.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub echo: BTreeMap<String, String>,
}

/// What the units that failed together have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "shared", rename_all = "snake_case")]
pub enum Shared {
    /// Nothing in particular: every unit of the batch meets it.
    Batch,
    Network {
        ssid: String,
    },
    /// One serial port, or one adapter.
    Slot {
        slot: String,
    },
    Firmware {
        firmware: String,
    },
}

/// The one thing to change before going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixField {
    WifiPassword,
    Wifi,
    /// Client id and secret, or a bearer token.
    SignIn,
    Owner,
    Org,
    TokenHost,
    Template,
    DeviceSecret,
    /// A cable, a port or an adapter.
    Slot,
    /// Nothing that can be typed: a SIM card, an antenna, the cloud's limits. Continue when it is mended.
    Outside,
}

/// Why a batch was stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineStop {
    /// The fault that repeats, as it was met last.
    pub fault: Box<Fault>,
    pub shared: Shared,
    pub field: FixField,
    /// The first unit met it, alone.
    pub canary: bool,
    /// How many rows met it.
    pub rows: Vec<u32>,
}

impl LineStop {
    /// Whether a row that ended so met what the line stands still for, then or later.
    pub fn is_met_in(&self, fault: Option<&Fault>) -> bool {
        fault
            .is_some_and(|fault| fault.code == self.fault.code && fault.device_code == self.fault.device_code)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "batch", rename_all = "snake_case")]
pub enum BatchEvent {
    /// A batch was accepted; its rows follow in the same moment.
    Begun {
        /// What a person calls it: the file's name.
        name: String,
        /// Where the file was, for rows whose devices need a secret from it.
        path: Option<String>,
        rows: u32,
        canary: bool,
        /// Most jobs at once, where a person said so.
        parallel: Option<u32>,
        /// Columns that mean nothing to us, in their order.
        #[serde(default)]
        extra: Vec<String>,
        software: String,
        /// Who began it, with which order and in which shift. Old journals do not say.
        #[serde(default, skip_serializing_if = "Origin::is_empty")]
        origin: Box<Origin>,
    },
    Rows {
        rows: Vec<BatchItem>,
    },
    /// A row has its result. `job` is empty when no device was found for it. Unknown can still become passed.
    RowEnded {
        row: u32,
        job: Option<JobId>,
        outcome: Outcome,
        fault: Option<Box<Fault>>,
    },
    /// These rows are to be run again; their results before do not count any more.
    RowsReopened {
        rows: Vec<u32>,
    },
    Stopped {
        stop: Box<LineStop>,
    },
    /// A person changed this field for the rows that are left. A secret's value is not written down.
    Fixed {
        field: FixField,
        from: Option<String>,
        to: Option<String>,
    },
    Paused,
    /// It goes on: after a stop, a pause, or the end of the program.
    Continued {
        software: String,
        /// As with [`BatchEvent::Begun`], where it was taken up by another process.
        #[serde(default, skip_serializing_if = "Origin::is_empty")]
        origin: Box<Origin>,
    },
    /// Every row has its result.
    Ended,
}

/// A fact of a batch with its place in the journal. `at` is this computer's clock, milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchFact {
    pub seq: i64,
    pub at: i64,
    pub batch: BatchId,
    pub event: BatchEvent,
}

/// How a row ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowEnd {
    pub outcome: Outcome,
    pub job: Option<JobId>,
    pub fault: Option<Box<Fault>>,
    pub at: i64,
}

/// One row with what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowState {
    pub item: BatchItem,
    /// Its jobs, oldest first.
    pub jobs: Vec<JobId>,
    pub end: Option<RowEnd>,
}

/// Where a batch stands. One that was running when the program ended still says so: whoever runs it knows better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchPhase {
    #[default]
    Running,
    Paused,
    Stopped,
    Ended,
}

/// How many rows stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCounts {
    pub rows: u32,
    pub passed: u32,
    pub failed: u32,
    pub unknown: u32,
    pub skipped: u32,
}

impl BatchCounts {
    pub fn ended(&self) -> u32 {
        self.passed + self.failed + self.unknown + self.skipped
    }

    pub fn left(&self) -> u32 {
        self.rows.saturating_sub(self.ended())
    }

    fn of(&mut self, outcome: Outcome) -> &mut u32 {
        match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed => &mut self.failed,
            Outcome::Unknown => &mut self.unknown,
            Outcome::Skipped => &mut self.skipped,
        }
    }
}

/// All that is known of one batch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchState {
    pub name: String,
    pub path: Option<String>,
    pub canary: bool,
    pub parallel: Option<u32>,
    pub extra: Vec<String>,
    /// Who stands there with which order, as the last who began or took it up said.
    pub origin: Box<Origin>,
    rows: BTreeMap<u32, RowState>,
    counts: BatchCounts,
    pub phase: BatchPhase,
    /// Why it stands still, while it is stopped.
    pub stop: Option<Box<LineStop>>,
    pub began_at: Option<i64>,
    pub last_at: i64,
}

impl BatchState {
    /// Takes in one more fact. An order of facts that nobody would write is folded all the same.
    pub(crate) fn take_in(&mut self, fact: &BatchFact) {
        self.began_at.get_or_insert(fact.at);
        self.last_at = self.last_at.max(fact.at);
        match &fact.event {
            BatchEvent::Begun { name, path, rows, canary, parallel, extra, software: _, origin } => {
                self.origin.clone_from(origin);
                self.name.clone_from(name);
                self.path.clone_from(path);
                self.canary = *canary;
                self.parallel = *parallel;
                self.extra.clone_from(extra);
                self.counts.rows = *rows;
            }
            BatchEvent::Rows { rows } => {
                for item in rows {
                    let row = RowState { item: item.clone(), jobs: Vec::new(), end: None };
                    self.rows.insert(item.row, row);
                }
                self.counts.rows = self.counts.rows.max(u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
            }
            BatchEvent::RowEnded { row, job, outcome, fault } => {
                let end = RowEnd { outcome: *outcome, job: *job, fault: fault.clone(), at: fact.at };
                self.end_row(*row, Some(end));
            }
            BatchEvent::RowsReopened { rows } => {
                rows.iter().for_each(|row| self.end_row(*row, None));
                if self.phase == BatchPhase::Ended && self.counts.left() > 0 {
                    self.phase = BatchPhase::Running;
                }
            }
            BatchEvent::Stopped { stop } => {
                self.phase = BatchPhase::Stopped;
                self.stop = Some(stop.clone());
            }
            BatchEvent::Fixed { field, from, to } => self.fix(*field, from.as_deref(), to.as_deref()),
            BatchEvent::Paused => self.phase = BatchPhase::Paused,
            BatchEvent::Continued { software: _, origin } => {
                if !origin.is_empty() {
                    self.origin.clone_from(origin);
                }
                self.phase = BatchPhase::Running;
                self.stop = None;
            }
            BatchEvent::Ended => {
                self.phase = BatchPhase::Ended;
                self.stop = None;
            }
        }
    }

    fn end_row(&mut self, row: u32, end: Option<RowEnd>) {
        let Some(state) = self.rows.get_mut(&row) else { return };
        if let Some(before) = &state.end {
            *self.counts.of(before.outcome) -= 1;
        }
        if let Some(end) = &end {
            *self.counts.of(end.outcome) += 1;
        }
        state.end = end;
    }

    /// A job for a row was accepted.
    pub(crate) fn job_queued(&mut self, row: u32, job: JobId) {
        if let Some(state) = self.rows.get_mut(&row)
            && !state.jobs.contains(&job)
        {
            state.jobs.push(job);
        }
    }

    /// A job's late word: what ended unknown can become passed, however long after.
    pub(crate) fn job_passed(&mut self, row: u32, job: JobId, at: i64) {
        let unknown = self
            .rows
            .get(&row)
            .and_then(|state| state.end.as_ref())
            .is_some_and(|end| end.job == Some(job) && end.outcome == Outcome::Unknown);
        if unknown {
            let end = RowEnd { outcome: Outcome::Passed, job: Some(job), fault: None, at };
            self.end_row(row, Some(end));
        }
    }

    /// What was changed counts for the rows that have no result yet.
    fn fix(&mut self, field: FixField, from: Option<&str>, to: Option<&str>) {
        let Some(to) = to else { return };
        for state in self.rows.values_mut().filter(|state| state.end.is_none()) {
            let recipe = &mut state.item.recipe;
            let was = |text: Option<&str>| from.is_none() || text == from;
            match field {
                FixField::Wifi if was(recipe.ssid.as_deref()) => recipe.ssid = Some(to.to_owned()),
                FixField::TokenHost if was(Some(&recipe.token_host)) => recipe.token_host = to.to_owned(),
                FixField::Template if was(recipe.expect_template.as_deref()) => {
                    recipe.expect_template = Some(to.to_owned()).filter(|to| !to.is_empty());
                }
                FixField::Owner => {
                    if let Ok(owner) = to.parse()
                        && was(Some(&recipe.owner.to_string()))
                    {
                        recipe.owner = cloud::UserId(owner);
                    }
                }
                FixField::Org => {
                    if let Ok(org) = to.parse()
                        && was(Some(&recipe.org.to_string()))
                    {
                        recipe.org = cloud::OrgId(org);
                    }
                }
                FixField::Wifi
                | FixField::TokenHost
                | FixField::Template
                | FixField::WifiPassword
                | FixField::SignIn
                | FixField::DeviceSecret
                | FixField::Slot
                | FixField::Outside => {}
            }
        }
    }

    pub fn counts(&self) -> BatchCounts {
        self.counts
    }

    pub fn row(&self, row: u32) -> Option<&RowState> {
        self.rows.get(&row)
    }

    /// In the order of the file.
    pub fn rows(&self) -> impl Iterator<Item = &RowState> {
        self.rows.values()
    }

    /// Rows without a result, in the order of the file.
    pub fn left(&self) -> impl Iterator<Item = &RowState> {
        self.rows.values().filter(|row| row.end.is_none())
    }

    /// Rows that ended with this fault; `None`: all that failed.
    pub fn failed_by(&self, code: Option<FaultCode>) -> Vec<u32> {
        self.rows
            .values()
            .filter(|row| {
                row.end.as_ref().is_some_and(|end| {
                    end.outcome == Outcome::Failed
                        && code.is_none_or(|code| end.fault.as_ref().is_some_and(|fault| fault.code == code))
                })
            })
            .map(|row| row.item.row)
            .collect()
    }
}
