//! A batch as the window sees it: its state in one small view, its rows by page, and what changed since.
//!
//! Not here: where they come from (`batches.rs`), and the words (`ui/src/lib/words`). A stop is its fault's code, what the
//! units share, and the one field to change.

use super::{FactView, FaultView, OutcomeView, StepName};
use engine::record::batch::{BatchPhase, FixField, LineStop, Shared};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A file that was opened and not begun yet: what each column was taken for, and its first rows.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchFileView {
    /// Of this opened file; the next calls name it.
    pub id: String,
    pub name: String,
    pub rows: u32,
    /// `csv` or `xlsx`.
    pub format: String,
    /// Delimiter and encoding of a CSV file, the sheet's name of a spreadsheet.
    pub read_as: BTreeMap<String, String>,
    pub columns: Vec<BatchColumnView>,
    /// The first rows; secrets of devices are left out.
    pub preview: Vec<Vec<String>>,
    /// A person mapped files of this heading before, and that was taken over.
    pub mapping_remembered: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchColumnView {
    pub heading: String,
    /// `unit`, `name`, `owner_id`, `org_id`, `wifi`, `template`, `device_secret`, `meta:FIELD`, `echo` (kept for the
    /// report) or `dropped`.
    pub meaning: String,
}

/// What a dry run found; nothing was touched.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchCheckView {
    pub rows: u32,
    pub problems: Vec<ProblemView>,
    /// The cloud was asked as well.
    pub cloud_asked: bool,
    /// A batch of so many rows begins with a canary unless told otherwise.
    pub canary_by_default: bool,
    /// Rows without a problem: they can be begun while the others are mended. 0 when something is wrong with the file as a
    /// whole.
    pub sound: u32,
    pub limits: BatchLimitsView,
}

/// How many units may be talked to at once over each medium.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchLimitsView {
    /// Ports.
    pub serial: u32,
    /// Bluetooth links at the beginning, for each adapter.
    pub ble_first: u32,
    /// And at most, while all goes well.
    pub ble_most: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ProblemView {
    /// Counted from 1 under the heading; `null`: about the whole file.
    pub row: Option<u32>,
    /// Line of the file or row of the spreadsheet.
    pub line: Option<u32>,
    pub column: Option<String>,
    #[ts(type = "ProblemCode")]
    pub code: engine::ProblemCode,
    pub about: BTreeMap<String, String>,
}

/// How a batch is begun.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct BatchStartView {
    /// `null`: as its size suggests.
    pub canary: Option<bool>,
    /// Most jobs at once; `null`: as many as the links allow.
    pub parallel: Option<u32>,
    /// Rows with problems are left out; else they keep the batch from beginning.
    pub leave_out: bool,
    /// Organization and owner for rows that name none, as they were typed; `null`: those of the profile.
    pub org: Option<String>,
    pub owner: Option<String>,
    /// Template that devices must have where a row names none; `null`: that of the profile.
    pub template: Option<String>,
    /// How Improv devices take the token; `null`: as the profile says.
    pub carrier: Option<String>,
    /// Network for rows that name none; `null`: they keep the connection that they have.
    pub ssid: Option<String>,
    /// `null`: the one that is kept for this network.
    #[ts(type = "string | null")]
    pub password: Option<super::WindowSecret>,
    /// Proof of possession for rows that bring none.
    #[ts(type = "string | null")]
    pub device_secret: Option<super::WindowSecret>,
    pub operator: Option<String>,
    pub work_order: Option<String>,
}

/// A network that a batch may use.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchNetworkView {
    pub ssid: String,
    /// Its password is at hand and need not be typed.
    pub kept: bool,
}

/// What taking a batch up again would do, and what it needs.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchResumeView {
    /// Rows whose turn has not come: they are run.
    pub waiting: u32,
    /// Rows that were cut off in mid-job: cloud and device are asked before anything is repeated.
    pub cut_off: u32,
    /// Rows that met the cause of a stop: they are run again.
    pub again: u32,
    /// Rows that ended unknown: the cloud is asked once more.
    pub unknown: u32,
    /// Rows that failed: they stay as they are unless they are wanted again.
    pub failed: u32,
    /// Networks of these rows whose password is not at hand.
    pub passwords: Vec<String>,
    /// The file from which the devices' own secrets are read again; `null`: none are needed.
    pub file: Option<String>,
    /// That file is where it was.
    pub file_there: bool,
    /// Why it stood still.
    pub stop: Option<BatchStopView>,
}

/// What came of a row that was cut off, when the batch was taken up again.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchSettledView {
    pub row: Option<u32>,
    pub unit: Option<String>,
    pub verdict: BatchVerdictView,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BatchVerdictView {
    /// The cloud had seen it meanwhile.
    Passed,
    /// The lost answer's cloud device was found and is this unit's.
    Adopted,
    /// The lost answer had made nothing.
    NothingMade,
    /// Nothing had reached the device.
    NotDelivered,
    /// It may have everything; the cloud is still asked.
    StillUnknown,
    /// Several cloud devices may be the lost one.
    Ambiguous,
}

/// A device in reach that no row wants, or that does not say who it is.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchStrangerView {
    pub address: String,
    pub unit: Option<String>,
    pub fault: Option<FaultView>,
}

/// A file above the window, dropped onto it, or gone again. The page never sees where it lies.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BatchDropView {
    Over { name: String },
    Left,
    Opened { file: Box<BatchFileView> },
    Refused { refusal: super::RefusalView },
}

/// What files of a batch are written to a place that a person chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BatchReportKind {
    Html,
    Csv,
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BatchPhaseView {
    Running,
    Paused,
    /// One cause repeats; see `stop`.
    Stopped,
    Ended,
    /// It was running when the program ended, or was let go: it can be resumed.
    Interrupted,
}

impl BatchPhaseView {
    /// `here`: this program runs it.
    pub fn of(phase: BatchPhase, here: bool) -> BatchPhaseView {
        match (phase, here) {
            (BatchPhase::Ended, _) => BatchPhaseView::Ended,
            (_, false) => BatchPhaseView::Interrupted,
            (BatchPhase::Running, true) => BatchPhaseView::Running,
            (BatchPhase::Paused, true) => BatchPhaseView::Paused,
            (BatchPhase::Stopped, true) => BatchPhaseView::Stopped,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchView {
    pub id: String,
    pub name: String,
    pub phase: BatchPhaseView,
    pub rows: u32,
    pub passed: u32,
    pub failed: u32,
    pub unknown: u32,
    pub skipped: u32,
    /// Units that something is being done with now.
    pub running: u32,
    /// Of them by cable, and by radio.
    pub running_serial: u32,
    pub running_ble: u32,
    pub canary: BatchCanaryView,
    pub stop: Option<BatchStopView>,
    /// Units that ended in the last minutes, per minute; `null` until there is something to tell.
    pub rate_per_minute: Option<f64>,
    /// Milliseconds until all are done at this rate.
    pub left_ms: Option<f64>,
    pub began: f64,
    pub last: f64,
    /// Columns that are kept for the report.
    pub extra: Vec<String>,
    /// One letter for each row in the file's order: `.` waits, `r` runs, `p` passed, `f` failed, `u` unknown, `s` skipped.
    pub letters: String,
    /// What had been cut off when it was taken up again by this program.
    pub settled: Vec<BatchSettledView>,
    /// Devices that came by and were in no row; the newest last.
    pub strangers: Vec<BatchStrangerView>,
    pub limits: BatchLimitsView,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BatchCanaryView {
    Off,
    /// One unit goes alone.
    Alone,
    Passed,
    Failed,
}

/// Why a batch stands still, and the one field to change.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchStopView {
    pub fault: FaultView,
    pub shared: BatchSharedView,
    pub field: BatchFieldView,
    pub canary: bool,
    /// How many rows met it.
    pub rows: u32,
}

impl From<&LineStop> for BatchStopView {
    fn from(stop: &LineStop) -> BatchStopView {
        let shared = match &stop.shared {
            Shared::Batch => BatchSharedView::Batch,
            Shared::Network { ssid } => BatchSharedView::Network { ssid: ssid.clone() },
            Shared::Slot { slot } => BatchSharedView::Slot { slot: slot.clone() },
            Shared::Firmware { firmware } => BatchSharedView::Firmware { firmware: firmware.clone() },
        };
        BatchStopView {
            fault: FaultView::from(&*stop.fault),
            shared,
            field: BatchFieldView::from(stop.field),
            canary: stop.canary,
            rows: u32::try_from(stop.rows.len()).unwrap_or(u32::MAX),
        }
    }
}

impl BatchStopView {
    /// The network whose password is to be corrected.
    pub fn network(&self) -> Option<String> {
        match &self.shared {
            BatchSharedView::Network { ssid } => Some(ssid.clone()),
            _ => self.fault.about.get("ssid").cloned(),
        }
        .filter(|_| self.field == BatchFieldView::WifiPassword)
    }
}

/// What the units that met the cause have in common.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BatchSharedView {
    Batch,
    Network { ssid: String },
    Slot { slot: String },
    Firmware { firmware: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BatchFieldView {
    WifiPassword,
    Wifi,
    SignIn,
    Owner,
    Org,
    TokenHost,
    Template,
    DeviceSecret,
    Slot,
    Outside,
}

impl From<FixField> for BatchFieldView {
    fn from(field: FixField) -> BatchFieldView {
        match field {
            FixField::WifiPassword => BatchFieldView::WifiPassword,
            FixField::Wifi => BatchFieldView::Wifi,
            FixField::SignIn => BatchFieldView::SignIn,
            FixField::Owner => BatchFieldView::Owner,
            FixField::Org => BatchFieldView::Org,
            FixField::TokenHost => BatchFieldView::TokenHost,
            FixField::Template => BatchFieldView::Template,
            FixField::DeviceSecret => BatchFieldView::DeviceSecret,
            FixField::Slot => BatchFieldView::Slot,
            FixField::Outside => BatchFieldView::Outside,
        }
    }
}

impl From<BatchFieldView> for FixField {
    fn from(field: BatchFieldView) -> FixField {
        match field {
            BatchFieldView::WifiPassword => FixField::WifiPassword,
            BatchFieldView::Wifi => FixField::Wifi,
            BatchFieldView::SignIn => FixField::SignIn,
            BatchFieldView::Owner => FixField::Owner,
            BatchFieldView::Org => FixField::Org,
            BatchFieldView::TokenHost => FixField::TokenHost,
            BatchFieldView::Template => FixField::Template,
            BatchFieldView::DeviceSecret => FixField::DeviceSecret,
            BatchFieldView::Slot => FixField::Slot,
            BatchFieldView::Outside => FixField::Outside,
        }
    }
}

/// What a person changed before a batch goes on.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct BatchFixView {
    pub field: BatchFieldView,
    /// The new value of a field that is no secret; `null`: it was mended elsewhere.
    pub value: Option<String>,
    /// The new password or proof.
    #[ts(type = "string | null")]
    pub secret: Option<super::WindowSecret>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchRowView {
    pub row: u32,
    /// What the file asks for; `null`: the next device.
    pub wanted: Option<String>,
    /// The unit that it got.
    pub unit: Option<String>,
    pub name: Option<String>,
    pub ssid: Option<String>,
    pub state: BatchRowState,
    /// While it runs.
    pub step: Option<StepName>,
    pub outcome: Option<OutcomeView>,
    #[ts(type = "FaultCode | null")]
    pub fault: Option<engine::FaultCode>,
    pub device: Option<i32>,
    /// Its newest job.
    pub job: Option<String>,
    /// How many jobs it had.
    pub attempts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BatchRowState {
    Waiting,
    Running,
    Ended,
}

/// Everything about one row.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchRowDetail {
    pub row: BatchRowView,
    pub fault: Option<FaultView>,
    pub org: i32,
    #[ts(type = "number")]
    pub owner: i64,
    pub template: Option<String>,
    /// Metadata that the cloud device gets, and columns kept for the report.
    pub meta: BTreeMap<String, String>,
    pub echo: BTreeMap<String, String>,
    /// Of its jobs, oldest first.
    pub facts: Vec<FactView>,
}

/// What changed, told a few times a second: the whole view, and the rows that changed since.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BatchUpdate {
    pub batch: BatchView,
    pub rows: Vec<BatchRowView>,
}
