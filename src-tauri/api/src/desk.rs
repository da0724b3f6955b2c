//! What the desktop window sees: whole views, small, each replaced at once. Their TypeScript twins are generated
//! (`cargo xtask bindings`), all into one file.
//!
//! Not here: where they come from (`watch.rs`) and the words on screen (`ui/src/lib/words`). No view holds a secret.
//! Times are milliseconds since the Unix epoch; they fit into a double.

pub mod batch;
pub mod insights;
pub mod setup;
pub mod station;

use crate::units::{
    DescribeRequest, DescribedView, FieldKind, FieldValue, FieldView, GhostChoice, GhostView, ReportFormat,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::{Config, TS};

/// Everything at one moment; `number` is that of the last update already in it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct DeskView {
    pub number: u32,
    pub practice: bool,
    pub version: String,
    pub status: StatusView,
    pub sightings: Vec<SightingView>,
    pub jobs: Vec<JobView>,
    pub units: Vec<UnitView>,
    pub settings: SettingsView,
}

/// One change, numbered without gaps: who misses a number asks for a fresh [`DeskView`].
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct DeskUpdate {
    pub number: u32,
    pub change: DeskChange,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeskChange {
    Sighting { sighting: SightingView },
    SightingLeft { key: String },
    Job { job: Box<JobView> },
    Unit { unit: Box<UnitView> },
    Status { status: StatusView },
    Settings { settings: SettingsView },
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct StatusView {
    pub cloud: LightView,
    pub bluetooth: LightView,
    pub usb: LightView,
    pub clock: LightView,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct LightView {
    pub state: LightState,
    /// What the sentence on screen needs: an adapter, a server, a number of seconds.
    pub about: BTreeMap<String, String>,
    /// Why it is not ready.
    #[ts(type = "FaultCode | null")]
    pub fault: Option<engine::FaultCode>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LightState {
    #[default]
    Checking,
    Ready,
    /// Works, with something that a person should know.
    Attention,
    Off,
}

/// A device in sight. `key` stays the same while it is.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct SightingView {
    pub key: String,
    pub medium: MediumView,
    pub address: String,
    pub name: Option<String>,
    /// The driver that fits for certain; `None`: the device must be asked.
    pub driver: Option<String>,
    /// dBm
    pub rssi: Option<i16>,
    pub usb: Option<UsbView>,
    /// The unit that was last met at this address, if one was.
    pub unit: Option<String>,
    /// The job that has it now.
    pub job: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum MediumView {
    Serial,
    Ble,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct UsbView {
    /// Vendor and product, `303a:1001`.
    pub id: String,
    pub product: Option<String>,
    pub serial: Option<String>,
    pub path: Option<String>,
}

/// What a device said of itself when it was asked (a look, before anything is changed).
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct LookView {
    pub key: String,
    pub driver: String,
    pub identity: IdentityView,
    /// `None`: this device cannot list networks.
    pub networks: Option<Vec<NetworkView>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct IdentityView {
    pub unit: Option<String>,
    pub name: Option<String>,
    pub vendor: Option<String>,
    pub template: Option<String>,
    pub firmware: Option<String>,
    pub board: Option<String>,
    /// The device has a wired or cellular connection already and needs no Wi-Fi.
    pub online_already: bool,
    pub five_ghz: Option<bool>,
    #[ts(type = "FaultCode | null")]
    pub last_fault: Option<engine::FaultCode>,
    /// The cloud device of this unit, when the journal knows one.
    pub device: Option<i32>,
    /// What somebody who listens learns of what this device is handed.
    pub exposure: Option<ExposureView>,
}

/// See [`proto::Exposure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExposureView {
    Sealed,
    Unproven,
    Cable,
    Air,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct NetworkView {
    pub ssid: String,
    /// dBm
    pub rssi: Option<i16>,
    pub band: Option<BandView>,
    pub security: SecurityView,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub enum BandView {
    #[serde(rename = "2.4")]
    TwoPointFour,
    #[serde(rename = "5")]
    Five,
    /// Access points of the same name on both.
    #[serde(rename = "both")]
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SecurityView {
    Open,
    Secured,
    Enterprise,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct JobView {
    pub id: String,
    pub begun: f64,
    pub ended: Option<f64>,
    pub name: Option<String>,
    pub unit: Option<String>,
    pub medium: Option<MediumView>,
    pub address: Option<String>,
    pub driver: Option<String>,
    pub ssid: Option<String>,
    pub device: Option<i32>,
    pub server: String,
    pub attempt: u32,
    /// Always the eight, in order.
    pub steps: Vec<StepView>,
    pub words: Vec<WordView>,
    /// What a person has to do on the device now (its own words), for example press its button.
    pub prompt: Option<String>,
    /// What somebody who listens could have learned; `None` until the device is identified.
    pub exposure: Option<ExposureView>,
    pub waiting: Option<WaitingView>,
    pub outcome: Option<OutcomeView>,
    pub fault: Option<FaultView>,
    pub warnings: Vec<FaultView>,
    /// After this point "cancel" means "stop waiting".
    pub delivered: bool,
    /// How often network and token were handed over.
    pub deliveries: u32,
    pub reprovision: bool,
    /// After a failure that can be corrected: how long the link to the device stays open for the next try.
    pub link_until: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct StepView {
    pub step: StepName,
    pub state: StepState,
    pub began: Option<f64>,
    pub ended: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    Connect,
    Identify,
    Survey,
    Reserve,
    Deliver,
    Join,
    Confirm,
    Describe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Ahead,
    Now,
    Done,
    Failed,
    /// Ended without a result, or was not needed.
    Left,
}

/// One word of the device, in its own terms.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct WordView {
    pub at: f64,
    /// Key of the sentence: `connecting_network`, `network_up`, `connecting_cloud`, `connected`, `restarted`,
    /// `awaits_person`, `said`.
    pub word: String,
    pub about: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct WaitingView {
    /// Key of the sentence about what is normal.
    pub what: String,
    pub since: f64,
    pub bound_ms: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeView {
    Passed,
    Failed,
    Unknown,
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct FaultView {
    #[ts(type = "FaultCode")]
    pub code: engine::FaultCode,
    pub step: StepName,
    pub blame: BlameView,
    pub retry: RetryView,
    pub device_code: Option<u16>,
    pub about: BTreeMap<String, String>,
    /// For support; folded away on screen.
    pub chain: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BlameView {
    Device,
    Network,
    Cloud,
    Computer,
    Operator,
    Us,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RetryView {
    Now,
    AfterFix,
    Never,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct UnitView {
    pub unit: String,
    pub name: Option<String>,
    pub template: Option<String>,
    pub firmware: Option<String>,
    pub driver: Option<String>,
    pub device: Option<i32>,
    pub server: Option<String>,
    pub outcome: Option<OutcomeView>,
    pub attempts: u32,
    pub last: f64,
}

/// One line of a unit's history.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct FactView {
    pub at: f64,
    pub job: String,
    /// Key of the sentence, the fact's own name: `queued`, `reserved`, `delivered`…
    pub fact: String,
    pub about: BTreeMap<String, String>,
    pub fault: Option<FaultView>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct SettingsView {
    pub profiles: Vec<ProfileView>,
    /// The profile in use; `None`: the first run.
    pub current: Option<String>,
    /// Where secrets are kept: `keychain`, `file` or `ask`.
    pub vault: String,
    /// There is a locked file of secrets, and nobody has given its passphrase yet.
    pub vault_locked: bool,
    pub last_ssid: Option<String>,
    /// Networks whose password is kept: in memory since it was given to a job, or by the profile in use. The passwords stay
    /// on this side.
    pub kept: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProfileView {
    pub name: String,
    pub server: String,
    /// `client` or `bearer`.
    pub auth: String,
    pub org: Option<i32>,
    #[ts(type = "number | null")]
    pub owner: Option<i64>,
    /// SSIDs of its networks, the usual one first.
    pub wifi: Vec<String>,
    pub networks: Vec<setup::WifiView>,
    pub defaults: setup::DefaultsView,
    /// Whether what it signs in with is at hand; otherwise it has to be given again.
    pub signs_in: bool,
}

/// What the window asks for when it starts a job. Secrets go in here once, and never come back.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct JobRequest {
    pub key: String,
    pub ssid: Option<String>,
    #[ts(type = "string | null")]
    pub password: Option<WindowSecret>,
    /// Use the password that is kept for this network.
    pub kept_password: bool,
    #[ts(type = "string | null")]
    pub device_secret: Option<WindowSecret>,
    pub name: Option<String>,
    pub meta: BTreeMap<String, String>,
    /// Re-provision this cloud device.
    pub device: Option<i32>,
}

/// A secret on its one way in.
#[derive(Clone, Deserialize)]
pub struct WindowSecret(String);

impl WindowSecret {
    pub fn into_secret(self) -> proto::Secret {
        proto::Secret::new(self.0)
    }
}

impl std::fmt::Debug for WindowSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WindowSecret(…)")
    }
}

/// Nothing was begun; every reason at once.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct RefusalView {
    pub reasons: Vec<ReasonView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ReasonView {
    #[ts(type = "RefusalCode")]
    pub code: engine::RefusalCode,
    #[ts(type = "Why | null")]
    pub why: Option<engine::Why>,
    pub about: BTreeMap<String, String>,
}

/// The one generated file: every view, and the codes that need a sentence.
/// `knobs` are the simulator's, which this crate does not know: a union's name, and its members.
pub fn typescript(knobs: &[(&str, Vec<&str>)]) -> String {
    let config = Config::new().with_large_int("number");
    let mut file = String::from(
        "// Generated by `cargo xtask bindings` from src-tauri/api/src/desk.rs. Do not edit.\n\n",
    );
    let union = |name: &str, codes: Vec<&str>| {
        let members: Vec<String> = codes.iter().map(|code| format!("\n\t| '{code}'")).collect();
        format!("export type {name} ={};\n\n", members.concat())
    };
    file += &union("FaultCode", engine::FaultCode::ALL.iter().map(|code| code.as_str()).collect());
    file += &union("Why", engine::Why::ALL.iter().map(|why| why.as_str()).collect());
    file += &union("ProblemCode", engine::ProblemCode::ALL.iter().map(|code| code.as_str()).collect());
    file += &union("RefusalCode", engine::RefusalCode::ALL.iter().map(|code| code.as_str()).collect());
    let findings = crate::checkup::FindingCode::ALL;
    file += &union("FindingCode", findings.iter().map(|code| code.as_str()).collect());
    for (name, members) in knobs {
        file += &union(name, members.clone());
    }
    macro_rules! declare {
        ($($view:ty),* $(,)?) => { $(file += &format!("export {}\n\n", <$view as TS>::decl(&config));)* };
    }
    declare!(
        DeskView,
        DeskUpdate,
        DeskChange,
        StatusView,
        LightView,
        LightState,
        SightingView,
        MediumView,
        UsbView,
        LookView,
        IdentityView,
        ExposureView,
        NetworkView,
        BandView,
        SecurityView,
        JobView,
        StepView,
        StepName,
        StepState,
        WordView,
        WaitingView,
        OutcomeView,
        FaultView,
        BlameView,
        RetryView,
        UnitView,
        FactView,
        SettingsView,
        ProfileView,
        JobRequest,
        RefusalView,
        ReasonView,
        crate::shell::ShellWords,
        crate::shell::ShellNews,
        crate::shell::CloseAnswer,
        batch::BatchFileView,
        batch::BatchColumnView,
        batch::BatchCheckView,
        batch::ProblemView,
        batch::BatchStartView,
        batch::BatchPhaseView,
        batch::BatchView,
        batch::BatchCanaryView,
        batch::BatchStopView,
        batch::BatchSharedView,
        batch::BatchFieldView,
        batch::BatchFixView,
        batch::BatchRowView,
        batch::BatchRowState,
        batch::BatchUpdate,
        batch::BatchLimitsView,
        batch::BatchNetworkView,
        batch::BatchResumeView,
        batch::BatchSettledView,
        batch::BatchVerdictView,
        batch::BatchStrangerView,
        batch::BatchDropView,
        batch::BatchReportKind,
        batch::BatchRowDetail,
        FieldView,
        FieldKind,
        DescribeRequest,
        FieldValue,
        DescribedView,
        GhostView,
        GhostChoice,
        ReportFormat,
        setup::CloudRequest,
        setup::AuthName,
        setup::IntroductionView,
        setup::OrganizationView,
        setup::PersonView,
        setup::AbilityView,
        crate::introduction::Ability,
        setup::AllowedView,
        setup::WifiView,
        setup::DefaultsView,
        setup::ProfileDraftView,
        setup::WifiDraftView,
        setup::PasswordName,
        setup::VaultRequest,
        setup::FindingView,
        crate::checkup::Health,
        setup::BundleView,
        setup::TroubledView,
        setup::TroublesView,
        setup::DeviceTroublesView,
        setup::KnobView,
    );
    use {insights::*, station::*};
    declare!(
        StationView,
        ArmedView,
        OrderView,
        RulesView,
        TileView,
        TileState,
        PlaceView,
        HeldView,
        HeldWhy,
        PrinterTroubleView,
        HeardView,
        HeardKind,
        CueView,
        CueKind,
        CountersView,
        TaktView,
        StationPlanView,
        SlotPlanView,
        ScanPlanView,
        LabelPlanView,
        PrinterPlanView,
        SymbolView,
        ArmRequest,
        OrderFile,
        KeyPress,
        StationCommand,
        SignOnField,
        InsightsRequest,
        InsightsView,
        YieldsView,
        ShareView,
        DayView,
        CauseView,
        TimesView,
        StepTimesView,
        SlotFiguresView,
    );
    file.truncate(file.trim_end().len());
    file.push('\n');
    file
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_windows_types_are_those_of_the_views() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/lib/backend/bindings/views.ts");
        let written = std::fs::read_to_string(file).expect("the generated file is committed");
        assert!(
            written == super::typescript(&sim::trouble::unions()),
            "the views changed: run `cargo xtask bindings`, look at the change, commit it"
        );
    }
}
