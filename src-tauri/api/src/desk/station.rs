//! What the window sees of a station, and what it asks there. Whole views: each replaces the one before.
//!
//! Not here: where they come from (`station_view.rs`), and the words (`ui/src/lib/words`). A label's proof of possession and the
//! PIN are in no view. Times are milliseconds since the Unix epoch.

use super::{FaultView, StepName, WindowSecret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct StationView {
    pub plan: StationPlanView,
    /// A lead's PIN is needed to change, arm and disarm it.
    pub locked: bool,
    pub armed: Option<ArmedView>,
    pub operator: Option<String>,
    pub work_order: Option<String>,
    pub shift: Option<String>,
    /// In the order of the slots; the first is slot 1.
    pub tiles: Vec<TileView>,
    /// The slot that the next command is meant for, counted from 1.
    pub selected: Option<u32>,
    /// The slot that the next unit to be plugged in is learned for.
    pub learning: Option<u32>,
    /// A scanned label that waits for the next unit to be plugged in.
    pub waiting_label: Option<String>,
    pub heard: Option<HeardView>,
    pub cue: Option<CueView>,
    pub counters: CountersView,
    pub takt: TaktView,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ArmedView {
    pub since: Option<f64>,
    pub server: String,
    pub ssid: Option<String>,
    #[ts(type = "number")]
    pub owner: i64,
    pub template: Option<String>,
    pub rules: RulesView,
    pub order: Option<OrderView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct OrderView {
    pub name: String,
    /// How many labels it allows.
    pub labels: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct RulesView {
    pub min_firmware: Option<String>,
    /// Hold units that have passed before.
    pub once: bool,
    /// A unit starts only when its label was scanned.
    pub label_first: bool,
    /// Labels may be typed by hand.
    pub typed_labels: bool,
    pub operator_needed: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct TileView {
    /// Counted from 1.
    pub number: u32,
    pub name: String,
    pub place: Option<PlaceView>,
    pub present: bool,
    pub state: TileState,
    pub step: Option<StepName>,
    pub unit: Option<String>,
    pub label: Option<String>,
    pub job: Option<String>,
    pub began: Option<f64>,
    pub ended: Option<f64>,
    pub fault: Option<FaultView>,
    pub held: Option<HeldView>,
    pub printer: Option<PrinterTroubleView>,
}

/// How a slot stands; the window says what to do for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TileState {
    /// Learn its place first.
    Unbound,
    Free,
    /// Plugged in: scan the label.
    WantsLabel,
    /// Scanned: plug the unit in, or switch it on.
    WantsDevice,
    Held,
    Running,
    Printing,
    /// The printer lacks something.
    PrinterWaits,
    /// The label may have come out: scan it, or print it again.
    LabelUncertain,
    /// Scan the printed label.
    ScanBack,
    Passed,
    Failed,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PlaceView {
    Usb { path: String },
    Ble { adapter: Option<String> },
}

/// Why a unit is held back. `about` has what the sentence needs: `by`, `at` (milliseconds), `station`, `order`, `slot`, `code`,
/// `codes`.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct HeldView {
    pub why: HeldWhy,
    pub about: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HeldWhy {
    NotArmed,
    NobodySignedOn,
    Typed,
    AlreadyDone,
    NotInOrder,
    InWork,
    SlotTaken,
    NoFreeSlot,
    Refused,
    /// The tile's fault says what.
    AtDevice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PrinterTroubleView {
    Offline,
    PaperOut,
    RibbonOut,
    HeadOpen,
    Paused,
    Temperature,
    BufferFull,
    Lost,
    Denied,
    Folder,
    Unprintable,
}

/// What came of the last scan. `about`: `label`, `slot`, `command`, `field`, `value`, `expected`, and what [`HeldView`] has.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct HeardView {
    /// Grows with each scan.
    pub number: u32,
    pub kind: HeardKind,
    pub about: BTreeMap<String, String>,
    pub held: Option<HeldWhy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HeardKind {
    Command,
    Field,
    Label,
    ScannedBack,
    /// The same code once more, at once: it counted once.
    Double,
    Held,
    WhichSlot,
    NothingToDo,
    NotThisLabel,
    UnknownCommand,
    BadField,
    NotKnown,
    NoName,
    UnknownVersion,
    OtherRadio,
    NoSerial,
    KeyboardLayout,
    TooLong,
}

/// A sound; a new number is a new one.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CueView {
    pub number: u32,
    pub kind: CueKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CueKind {
    ScanTaken,
    ScanWrong,
    Held,
    Passed,
    Failed,
    Attention,
    Ready,
}

/// Since the station was armed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct CountersView {
    pub passed: u32,
    pub failed: u32,
    pub unknown: u32,
    pub held: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct TaktView {
    pub target_ms: Option<f64>,
    /// Average of the newest passes.
    pub actual_ms: Option<f64>,
    pub last_pass: Option<f64>,
}

// ---- setting it up

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StationPlanView {
    /// Empty: a new station.
    pub id: Option<String>,
    pub name: String,
    pub slots: Vec<SlotPlanView>,
    pub scan: ScanPlanView,
    pub label: Option<LabelPlanView>,
    pub takt_target_s: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SlotPlanView {
    pub name: String,
    pub place: Option<PlaceView>,
}

/// Patterns are regular expressions; an empty one is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ScanPlanView {
    pub prefix: String,
    pub gap_ms: u32,
    pub least: u32,
    pub operator: Option<String>,
    pub work_order: Option<String>,
    pub shift: Option<String>,
    pub labels: Vec<String>,
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LabelPlanView {
    pub printer: PrinterPlanView,
    pub width_mm: u32,
    pub height_mm: u32,
    pub lines: Vec<String>,
    pub code: String,
    pub symbol: SymbolView,
    pub scan_back: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PrinterPlanView {
    /// Address and port, `192.0.2.7:9100`.
    Network {
        address: String,
        dpi: u32,
    },
    Usb {
        path: String,
        dpi: u32,
    },
    Pdf {
        folder: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SymbolView {
    Code128,
    Qr,
    DataMatrix,
}

/// What a lead arms a station with. The profile in use gives server, organization and owner.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ArmRequest {
    #[ts(type = "string | null")]
    pub pin: Option<WindowSecret>,
    pub ssid: Option<String>,
    #[ts(type = "string | null")]
    pub password: Option<WindowSecret>,
    /// Use the password that is kept for this network.
    pub kept_password: bool,
    pub template: Option<String>,
    #[ts(type = "number | null")]
    pub owner: Option<i64>,
    pub rules: RulesView,
    pub order: Option<OrderFile>,
}

/// The text of a work order's list of labels, as it was in its file.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OrderFile {
    pub name: String,
    pub text: String,
}

/// A key with its time by the window's steady clock, in milliseconds. `key` is the browser's name of it.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct KeyPress {
    pub key: String,
    pub at: f64,
}

/// A code of the printed sheet, pressed instead of scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StationCommand {
    Start,
    Retry,
    SetAside,
    Stop,
    Print,
    SignOff,
    Slot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SignOnField {
    Operator,
    WorkOrder,
    Shift,
}
