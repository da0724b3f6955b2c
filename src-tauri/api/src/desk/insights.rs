//! What a line makes, as the window shows it: yields, causes, times, slots. The table behind each chart is the view itself.
//!
//! Not here: the rules of counting (`engine/record/yields.rs`).

use super::{BlameView, StepName};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Which runs are looked at. Moments are milliseconds since the Unix epoch.
#[derive(Debug, Clone, Default, Deserialize, TS)]
pub struct InsightsRequest {
    pub from: Option<f64>,
    pub until: Option<f64>,
    pub station: Option<String>,
    pub work_order: Option<String>,
    pub operator: Option<String>,
    /// What to add to UTC for the time of day here, in minutes.
    pub utc_offset_min: i32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct InsightsView {
    pub all: YieldsView,
    pub days: Vec<DayView>,
    /// Most frequent first.
    pub causes: Vec<CauseView>,
    pub steps: Vec<StepTimesView>,
    pub cycle: TimesView,
    pub takt: TimesView,
    pub slots: Vec<SlotFiguresView>,
    /// What can be chosen from, over all runs.
    pub stations: Vec<String>,
    pub work_orders: Vec<String>,
    pub operators: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct YieldsView {
    pub first_pass: ShareView,
    pub second_pass: ShareView,
    pub last_pass: ShareView,
    pub runs: u32,
    pub passed: u32,
    pub failed: u32,
    pub unknown: u32,
    /// Stopped, or held back: not counted.
    pub skipped: u32,
    /// Counted, but the device never said who it is: in no share of units.
    pub nameless: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct ShareView {
    pub part: u32,
    pub of: u32,
    /// Between 0 and 1; `null` where there is nothing to share.
    pub ratio: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct DayView {
    /// `2026-11-27`, here.
    pub day: String,
    pub yields: YieldsView,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CauseView {
    #[ts(type = "FaultCode | null")]
    pub code: Option<engine::FaultCode>,
    pub step: Option<StepName>,
    pub blame: Option<BlameView>,
    pub runs: u32,
    pub units: u32,
    pub share: f64,
    pub cumulative: f64,
}

/// Milliseconds, of runs that passed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct TimesView {
    pub count: u32,
    pub least: f64,
    pub median: f64,
    pub p95: f64,
    pub most: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct StepTimesView {
    pub step: StepName,
    pub times: TimesView,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct SlotFiguresView {
    pub station: String,
    pub slot: String,
    pub yields: YieldsView,
    pub cycle: TimesView,
    #[ts(type = "FaultCode | null")]
    pub worst: Option<engine::FaultCode>,
}
