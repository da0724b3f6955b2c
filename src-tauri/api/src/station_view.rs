//! The engine's station and figures as the window sees them, and the window's plan as the engine keeps it.
//!
//! Not here: deciding anything.

use crate::desk::insights::*;
use crate::desk::station::*;
use crate::desk::{BlameView, FaultView, StepName};
use crate::job_view::millis;
use engine::plan::device_label::NoLabel;
use engine::plan::label::{LabelPlan, PrinterPlan, Symbol};
use engine::plan::scanner::{Command, Field, ScanSettings, WedgeSettings, WrongScan};
use engine::plan::station::{Interlock, Place, Rules, SlotPlan, StationPlan};
use engine::record::yields::{Cause, Day, Figures, Scope, Share, SlotFigures, Times, Yields};
use engine::work::station::{Cue, Heard, Picture, SlotPicture, SlotState};
use engine::{Because, Refusal, RefusalCode, Why};
use link::printer::PrinterTrouble;
use std::collections::BTreeMap;

impl From<&Picture> for StationView {
    fn from(picture: &Picture) -> StationView {
        StationView {
            plan: StationPlanView::from(&picture.plan),
            locked: picture.plan.pin.is_some(),
            armed: picture.arming.as_ref().map(|arming| ArmedView {
                since: picture.armed_at.map(millis),
                server: arming.recipe.cloud.server.clone(),
                ssid: arming.recipe.ssid.clone(),
                owner: arming.recipe.owner.0,
                template: arming.recipe.expect_template.clone(),
                rules: RulesView::from(&arming.rules),
                order: arming
                    .order
                    .as_ref()
                    .map(|order| OrderView { name: order.name.clone(), labels: order.labels }),
            }),
            operator: picture.operator.clone(),
            work_order: picture.work_order.clone(),
            shift: picture.shift.clone(),
            tiles: (1..).zip(&picture.slots).map(|(number, slot)| tile(number, slot)).collect(),
            selected: picture.selected,
            learning: picture.learning,
            waiting_label: picture.waiting_label.clone(),
            heard: picture.heard.as_ref().map(|(number, heard)| heard_view(*number, heard)),
            cue: picture.cue.map(|(number, cue)| CueView { number, kind: cue_kind(cue) }),
            counters: CountersView {
                passed: picture.counters.passed,
                failed: picture.counters.failed,
                unknown: picture.counters.unknown,
                held: picture.counters.held,
            },
            takt: TaktView {
                target_ms: picture.plan.takt_target_s.map(|seconds| f64::from(seconds) * 1000.0),
                actual_ms: picture.takt_ms.map(|ms| ms as f64),
                last_pass: picture.last_pass.map(millis),
            },
        }
    }
}

fn tile(number: u32, slot: &SlotPicture) -> TileView {
    TileView {
        number,
        name: slot.name.clone(),
        place: slot.place.as_ref().map(PlaceView::from),
        present: slot.present,
        state: match slot.state {
            SlotState::Unbound => TileState::Unbound,
            SlotState::Free => TileState::Free,
            SlotState::WantsLabel => TileState::WantsLabel,
            SlotState::WantsDevice => TileState::WantsDevice,
            SlotState::Held => TileState::Held,
            SlotState::Running => TileState::Running,
            SlotState::Printing => TileState::Printing,
            SlotState::PrinterWaits => TileState::PrinterWaits,
            SlotState::LabelUncertain => TileState::LabelUncertain,
            SlotState::ScanBack => TileState::ScanBack,
            SlotState::Passed => TileState::Passed,
            SlotState::Failed => TileState::Failed,
            SlotState::Unknown => TileState::Unknown,
        },
        step: slot.step.map(StepName::from),
        unit: slot.unit.as_ref().map(|unit| unit.0.clone()),
        label: slot.label.clone(),
        job: slot.job.map(|job| job.to_string()),
        began: slot.began.map(millis),
        ended: slot.ended.map(millis),
        fault: slot.fault.as_deref().map(FaultView::from),
        held: slot.held.as_ref().map(|why| {
            let (why, about) = held(why);
            HeldView { why, about }
        }),
        printer: slot.printer.map(PrinterTroubleView::from),
    }
}

/// Why, and what the sentence needs.
pub(crate) fn held(why: &Interlock) -> (HeldWhy, BTreeMap<String, String>) {
    let mut about = BTreeMap::new();
    let mut set = |key: &str, value: String| about.insert(key.to_owned(), value);
    let why = match why {
        Interlock::NotArmed => HeldWhy::NotArmed,
        Interlock::NobodySignedOn => HeldWhy::NobodySignedOn,
        Interlock::Typed => HeldWhy::Typed,
        Interlock::AlreadyDone { by, station, at } => {
            set("at", at.to_string());
            by.iter().for_each(|by| drop(set("by", by.clone())));
            station.iter().for_each(|station| drop(set("station", station.clone())));
            HeldWhy::AlreadyDone
        }
        Interlock::NotInOrder { order } => {
            set("order", order.clone());
            HeldWhy::NotInOrder
        }
        Interlock::InWork { slot } => {
            set("slot", slot.clone());
            HeldWhy::InWork
        }
        Interlock::SlotTaken { slot } => {
            set("slot", slot.clone());
            HeldWhy::SlotTaken
        }
        Interlock::NoFreeSlot => HeldWhy::NoFreeSlot,
        Interlock::Refused { codes } => {
            let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
            set("codes", codes.join(" "));
            HeldWhy::Refused
        }
        Interlock::AtDevice { code } => {
            set("code", code.as_str().to_owned());
            HeldWhy::AtDevice
        }
    };
    (why, about)
}

fn heard_view(number: u32, heard: &Heard) -> HeardView {
    let mut about = BTreeMap::new();
    let mut reason = None;
    let mut set = |key: &str, value: String| about.insert(key.to_owned(), value);
    let kind = match heard {
        Heard::Command(command) => {
            set("command", command_word(command).to_owned());
            if let Command::Slot { number } = command {
                set("slot", number.to_string());
            }
            HeardKind::Command
        }
        Heard::Field(field, value) => {
            set("field", field_word(*field).to_owned());
            set("value", value.clone());
            HeardKind::Field
        }
        Heard::Label { shown, slot } => {
            set("label", shown.clone());
            slot.iter().for_each(|slot| drop(set("slot", slot.to_string())));
            HeardKind::Label
        }
        Heard::ScannedBack { slot } => {
            slot.iter().for_each(|slot| drop(set("slot", slot.to_string())));
            HeardKind::ScannedBack
        }
        Heard::Double => HeardKind::Double,
        Heard::Held { shown, why } => {
            set("label", shown.clone());
            let (why, more) = held(why);
            reason = Some(why);
            about.extend(more);
            HeardKind::Held
        }
        Heard::WhichSlot => HeardKind::WhichSlot,
        Heard::NothingToDo => HeardKind::NothingToDo,
        Heard::NotThisLabel { expected } => {
            set("expected", expected.clone());
            HeardKind::NotThisLabel
        }
        Heard::Wrong(WrongScan::UnknownCommand) => HeardKind::UnknownCommand,
        Heard::Wrong(WrongScan::BadField { field }) => {
            set("field", field_word(*field).to_owned());
            HeardKind::BadField
        }
        Heard::Wrong(WrongScan::NoLabel { why }) => match why {
            NoLabel::NotKnown => HeardKind::NotKnown,
            NoLabel::NoName => HeardKind::NoName,
            NoLabel::UnknownVersion => HeardKind::UnknownVersion,
            NoLabel::OtherRadio => HeardKind::OtherRadio,
            NoLabel::NoSerial => HeardKind::NoSerial,
            NoLabel::KeyboardLayout => HeardKind::KeyboardLayout,
            NoLabel::TooLong => HeardKind::TooLong,
        },
    };
    HeardView { number, kind, about, held: reason }
}

pub(crate) fn command_word(command: &Command) -> &'static str {
    match command {
        Command::Start => "start",
        Command::Retry => "retry",
        Command::SetAside => "set_aside",
        Command::Slot { .. } => "slot",
        Command::Stop => "stop",
        Command::Print => "print",
        Command::SignOff => "sign_off",
    }
}

pub(crate) fn field_word(field: Field) -> &'static str {
    match field {
        Field::Operator => "operator",
        Field::WorkOrder => "work_order",
        Field::Shift => "shift",
    }
}

fn cue_kind(cue: Cue) -> CueKind {
    match cue {
        Cue::ScanTaken => CueKind::ScanTaken,
        Cue::ScanWrong => CueKind::ScanWrong,
        Cue::Held => CueKind::Held,
        Cue::Passed => CueKind::Passed,
        Cue::Failed => CueKind::Failed,
        Cue::Attention => CueKind::Attention,
        Cue::Ready => CueKind::Ready,
    }
}

impl From<PrinterTrouble> for PrinterTroubleView {
    fn from(trouble: PrinterTrouble) -> PrinterTroubleView {
        match trouble {
            PrinterTrouble::Offline => PrinterTroubleView::Offline,
            PrinterTrouble::PaperOut => PrinterTroubleView::PaperOut,
            PrinterTrouble::RibbonOut => PrinterTroubleView::RibbonOut,
            PrinterTrouble::HeadOpen => PrinterTroubleView::HeadOpen,
            PrinterTrouble::Paused => PrinterTroubleView::Paused,
            PrinterTrouble::Temperature => PrinterTroubleView::Temperature,
            PrinterTrouble::BufferFull => PrinterTroubleView::BufferFull,
            PrinterTrouble::Lost => PrinterTroubleView::Lost,
            PrinterTrouble::Denied => PrinterTroubleView::Denied,
            PrinterTrouble::Folder => PrinterTroubleView::Folder,
            PrinterTrouble::Unprintable => PrinterTroubleView::Unprintable,
        }
    }
}

impl From<SignOnField> for Field {
    fn from(field: SignOnField) -> Field {
        match field {
            SignOnField::Operator => Field::Operator,
            SignOnField::WorkOrder => Field::WorkOrder,
            SignOnField::Shift => Field::Shift,
        }
    }
}

// ---- plans

impl From<&Place> for PlaceView {
    fn from(place: &Place) -> PlaceView {
        match place.clone() {
            Place::Usb { path } => PlaceView::Usb { path },
            Place::Ble { adapter } => PlaceView::Ble { adapter },
        }
    }
}

impl From<PlaceView> for Place {
    fn from(place: PlaceView) -> Place {
        match place {
            PlaceView::Usb { path } => Place::Usb { path },
            PlaceView::Ble { adapter } => Place::Ble { adapter: adapter.filter(|name| !name.is_empty()) },
        }
    }
}

impl From<&Rules> for RulesView {
    fn from(rules: &Rules) -> RulesView {
        RulesView {
            min_firmware: rules.min_firmware.clone(),
            once: rules.once,
            label_first: rules.label_first,
            typed_labels: rules.typed_labels,
            operator_needed: rules.operator_needed,
        }
    }
}

impl From<RulesView> for Rules {
    fn from(rules: RulesView) -> Rules {
        Rules {
            min_firmware: filled(rules.min_firmware),
            once: rules.once,
            label_first: rules.label_first,
            typed_labels: rules.typed_labels,
            operator_needed: rules.operator_needed,
        }
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl From<&StationPlan> for StationPlanView {
    fn from(plan: &StationPlan) -> StationPlanView {
        let slot = |slot: &SlotPlan| SlotPlanView {
            name: slot.name.clone(),
            place: slot.place.as_ref().map(PlaceView::from),
        };
        let scan = &plan.scan;
        StationPlanView {
            id: Some(plan.id.to_string()),
            name: plan.name.clone(),
            slots: plan.slots.iter().map(slot).collect(),
            scan: ScanPlanView {
                prefix: scan.wedge.prefix.clone(),
                gap_ms: scan.wedge.gap_ms,
                least: scan.wedge.least,
                operator: scan.operator.clone(),
                work_order: scan.work_order.clone(),
                shift: scan.shift.clone(),
                labels: scan.labels.clone(),
                name: scan.name.clone(),
            },
            label: plan.label.as_ref().map(|label| LabelPlanView {
                printer: match &label.printer {
                    PrinterPlan::Network { address, dpi } => {
                        PrinterPlanView::Network { address: address.to_string(), dpi: *dpi }
                    }
                    PrinterPlan::Usb { path, dpi } => {
                        PrinterPlanView::Usb { path: path.display().to_string(), dpi: *dpi }
                    }
                    PrinterPlan::Pdf { folder } => {
                        PrinterPlanView::Pdf { folder: folder.display().to_string() }
                    }
                },
                width_mm: label.width_mm,
                height_mm: label.height_mm,
                lines: label.lines.clone(),
                code: label.code.clone(),
                symbol: match label.symbol {
                    Symbol::Code128 => SymbolView::Code128,
                    Symbol::Qr => SymbolView::Qr,
                    Symbol::DataMatrix => SymbolView::DataMatrix,
                },
                scan_back: label.scan_back,
            }),
            takt_target_s: plan.takt_target_s,
        }
    }
}

impl From<SymbolView> for Symbol {
    fn from(symbol: SymbolView) -> Symbol {
        match symbol {
            SymbolView::Code128 => Symbol::Code128,
            SymbolView::Qr => Symbol::Qr,
            SymbolView::DataMatrix => Symbol::DataMatrix,
        }
    }
}

impl StationPlanView {
    /// The plan behind it; what is not in it (the PIN) stays as it was.
    ///
    /// # Errors
    /// `refused.label_template` for a printer's address that is none.
    pub fn into_plan(self, before: Option<&StationPlan>) -> Result<StationPlan, Refusal> {
        let label = self.label.map(LabelPlan::try_from).transpose()?;
        let place = |slot: SlotPlanView| SlotPlan {
            name: slot.name.trim().to_owned(),
            place: slot.place.map(Place::from),
        };
        Ok(StationPlan {
            id: before.map_or_else(|| StationPlan::new("", 1).id, |before| before.id),
            name: self.name.trim().to_owned(),
            slots: self.slots.into_iter().map(place).collect(),
            scan: ScanSettings {
                wedge: WedgeSettings {
                    prefix: self.scan.prefix,
                    gap_ms: self.scan.gap_ms,
                    least: self.scan.least,
                },
                operator: filled(self.scan.operator),
                work_order: filled(self.scan.work_order),
                shift: filled(self.scan.shift),
                labels: self.scan.labels.into_iter().filter_map(|text| filled(Some(text))).collect(),
                name: filled(self.scan.name),
            },
            label,
            takt_target_s: self.takt_target_s,
            pin: before.and_then(|before| before.pin.clone()),
        })
    }
}

impl TryFrom<LabelPlanView> for LabelPlan {
    type Error = Refusal;

    /// `refused.label_template` for a printer's address that is none.
    fn try_from(label: LabelPlanView) -> Result<LabelPlan, Refusal> {
        Ok(LabelPlan {
            printer: match label.printer {
                PrinterPlanView::Network { address, dpi } => {
                    let parsed = address.trim().parse().map_err(|_| {
                        let because = Because::of(Why::PrinterAddress).about("address", &address);
                        Refusal::because(RefusalCode::LabelTemplate, because, &[])
                    })?;
                    PrinterPlan::Network { address: parsed, dpi }
                }
                PrinterPlanView::Usb { path, dpi } => PrinterPlan::Usb { path: path.into(), dpi },
                PrinterPlanView::Pdf { folder } => PrinterPlan::Pdf { folder: folder.into() },
            },
            width_mm: label.width_mm,
            height_mm: label.height_mm,
            lines: label.lines,
            code: label.code,
            symbol: label.symbol.into(),
            scan_back: label.scan_back,
        })
    }
}

// ---- figures

impl From<&InsightsRequest> for Scope {
    fn from(request: &InsightsRequest) -> Scope {
        Scope {
            from: request.from.map(|at| at as i64),
            until: request.until.map(|at| at as i64),
            station: request.station.clone(),
            work_order: request.work_order.clone(),
            operator: request.operator.clone(),
            utc_offset_ms: i64::from(request.utc_offset_min) * 60_000,
        }
    }
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

fn share(share: Share) -> ShareView {
    ShareView { part: count(share.part), of: count(share.of), ratio: share.ratio() }
}

fn yields_view(yields: &Yields) -> YieldsView {
    YieldsView {
        first_pass: share(yields.first_pass),
        second_pass: share(yields.second_pass),
        last_pass: share(yields.last_pass),
        runs: count(yields.runs),
        passed: count(yields.passed),
        failed: count(yields.failed),
        unknown: count(yields.unknown),
        skipped: count(yields.skipped),
        nameless: count(yields.nameless),
    }
}

fn times(times: &Times) -> TimesView {
    TimesView {
        count: count(times.count),
        least: times.least as f64,
        median: times.median as f64,
        p95: times.p95 as f64,
        most: times.most as f64,
    }
}

fn cause(cause: &Cause) -> CauseView {
    CauseView {
        code: cause.code,
        step: cause.step.map(StepName::from),
        blame: cause.blame.map(BlameView::from),
        runs: count(cause.runs),
        units: count(cause.units),
        share: cause.share,
        cumulative: cause.cumulative,
    }
}

fn slot_figures(slot: &SlotFigures) -> SlotFiguresView {
    SlotFiguresView {
        station: slot.station.clone(),
        slot: slot.slot.clone(),
        yields: yields_view(&slot.yields),
        cycle: times(&slot.cycle),
        worst: slot.worst,
    }
}

fn day(day: Day) -> String {
    let moment = time::OffsetDateTime::from_unix_timestamp(day.saturating_mul(24 * 3600));
    moment.unwrap_or(time::OffsetDateTime::UNIX_EPOCH).date().to_string()
}

impl InsightsView {
    pub fn new(figures: &Figures, choices: [Vec<String>; 3]) -> InsightsView {
        let [stations, work_orders, operators] = choices;
        InsightsView {
            all: yields_view(&figures.all),
            days: figures
                .days
                .iter()
                .map(|(at, yields)| DayView { day: day(*at), yields: yields_view(yields) })
                .collect(),
            causes: figures.causes.iter().map(cause).collect(),
            steps: figures
                .steps
                .iter()
                .map(|(step, spent)| StepTimesView { step: StepName::from(*step), times: times(spent) })
                .collect(),
            cycle: times(&figures.cycle),
            takt: times(&figures.takt),
            slots: figures.slots.iter().map(slot_figures).collect(),
            stations,
            work_orders,
            operators,
        }
    }
}
