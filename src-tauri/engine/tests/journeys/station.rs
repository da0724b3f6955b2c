//! A station from the first unit to the last, by plugging and scanning alone, on a paused clock.

use crate::stage::{Stage, device};
use engine::plan::label::{LabelPlan, PrinterPlan, Symbol};
use engine::plan::scanner::{Command, HowTyped, Key, field_code};
use engine::plan::station::{Arming, Interlock, OrderRef, Place, Rules, StationPlan, WorkOrder};
use engine::record::{Entry, Journal, StationEvent};
use engine::work::station::{Heard, Picture, SlotState, Station, StationParts};
use engine::{FaultCode, Outcome};
use link::printer::{Printer, PrinterTrouble};
use proto::Secret;
use sim::printer::{MemoryPrinter, PrinterKnobs};
use sim::{Device, DeviceSpec, Dialect};
use std::sync::Arc;
use std::time::Duration;

/// Longer than anything here may take, on the paused clock.
const LONGEST: Duration = Duration::from_secs(3600);

struct Bench {
    stage: Stage,
    station: Station,
}

/// A serial device that is not plugged in yet, in the socket of this number.
fn unit(number: u32, socket: u32) -> DeviceSpec {
    in_socket(DeviceSpec::new(Dialect::ConsoleB, number).unplugged(), socket)
}

fn in_socket(mut spec: DeviceSpec, socket: u32) -> DeviceSpec {
    if let Some(usb) = &mut spec.usb {
        usb.path = Some(format!("1-{socket}"));
    }
    spec
}

fn plan(slots: u32) -> StationPlan {
    let mut plan = StationPlan::new("Hall 2", slots);
    for (socket, slot) in (1..).zip(&mut plan.slots) {
        slot.place = Some(Place::Usb { path: format!("1-{socket}") });
    }
    plan
}

fn label_plan(scan_back: bool) -> LabelPlan {
    LabelPlan {
        printer: PrinterPlan::Network { address: ([127, 0, 0, 1], 9100).into(), dpi: 203 },
        width_mm: 50,
        height_mm: 25,
        lines: vec!["{name}".into(), "{unit}".into()],
        code: "{unit}".into(),
        symbol: Symbol::DataMatrix,
        scan_back,
    }
}

impl Bench {
    fn new(devices: Vec<DeviceSpec>, plan: StationPlan) -> Bench {
        Bench::with_printer(devices, plan, None)
    }

    fn with_printer(devices: Vec<DeviceSpec>, plan: StationPlan, printer: Option<Arc<dyn Printer>>) -> Bench {
        let stage = Stage::new(devices, &[]);
        let engine = stage.engine.clone();
        let station =
            Station::open(StationParts { engine, plan, keeper: None, printer }).expect("a good plan");
        Bench { stage, station }
    }

    async fn armed(devices: Vec<DeviceSpec>, plan: StationPlan, rules: Rules) -> Bench {
        let bench = Bench::new(devices, plan);
        bench.arm(rules, None).await;
        bench
    }

    async fn arm(&self, rules: Rules, order: Option<WorkOrder>) {
        let mut recipe = self.stage.recipe();
        recipe.expect_template = Some(sim::cloud::TEMPLATE.to_owned());
        let order_ref =
            order.as_ref().map(|order| OrderRef { name: order.name.clone(), labels: order.len() as u32 });
        let arming = Arming { recipe: Box::new(recipe), rules, order: order_ref };
        self.station.arm(arming, order, crate::stage::secrets()).await.expect("nothing speaks against it");
    }

    fn device(&self, number: u32) -> Device {
        let mac = DeviceSpec::new(Dialect::ConsoleB, number).mac;
        self.stage.world.device(&mac).expect("it is in the world")
    }

    /// Waits until the picture is as wanted.
    async fn until(&self, what: &str, wanted: impl Fn(&Picture) -> bool) -> Arc<Picture> {
        let mut watch = self.station.watch();
        let waiting = async {
            loop {
                let picture = watch.borrow_and_update().clone();
                if wanted(&picture) {
                    return picture;
                }
                watch.changed().await.expect("the station runs");
            }
        };
        match tokio::time::timeout(LONGEST, waiting).await {
            Ok(picture) => picture,
            Err(_) => panic!("never {what}: {:#?}", self.station.picture().slots),
        }
    }

    async fn until_slot(&self, slot: usize, state: SlotState) -> Arc<Picture> {
        self.until(&format!("slot {} {state:?}", slot + 1), |picture| picture.slots[slot].state == state)
            .await
    }

    /// Types like a scanner, and waits until it was heard.
    async fn scan(&self, text: &str) -> Heard {
        let before = self.station.picture().heard.as_ref().map_or(0, |(number, _)| *number);
        let letters = text.chars().map(Key::Letter).chain([Key::End]);
        // The keyboard's clock is its own; a second lies between two scans.
        let began = tokio::time::Instant::now();
        let start = Duration::from_secs(u64::from(before) * 10) + Duration::from_secs(3600);
        let keys = (0..).map(|at| start + Duration::from_millis(at * 3)).zip(letters);
        self.station.keys(keys.map(|(at, key)| (key, at)).collect());
        let picture = self
            .until("heard", |picture| picture.heard.as_ref().is_some_and(|(number, _)| *number != before))
            .await;
        assert!(began.elapsed() < Duration::from_secs(10), "a scan is heard at once");
        // A person needs a moment for the next one.
        tokio::time::sleep(Duration::from_secs(2)).await;
        picture.heard.clone().expect("it was heard").1
    }

    fn facts(&self) -> Vec<StationEvent> {
        station_facts(&self.stage.journal)
    }
}

fn station_facts(journal: &Journal) -> Vec<StationEvent> {
    let mut facts = Vec::new();
    journal
        .each_entry(|entry| {
            if let Entry::Station(fact) = entry {
                facts.push(fact.event);
            }
        })
        .expect("memory can be read");
    facts
}

#[tokio::test(start_paused = true)]
async fn a_unit_starts_by_itself_when_it_is_plugged_in_and_clears_itself_when_it_is_pulled_out() {
    let bench = Bench::armed(vec![unit(1, 1)], plan(2), Rules::default()).await;
    bench.device(1).plug();
    bench.until_slot(0, SlotState::Running).await;
    let picture = bench.until_slot(0, SlotState::Passed).await;
    assert_eq!(picture.counters.passed, 1);
    assert_eq!(picture.slots[0].unit.as_ref().map(|unit| unit.0.as_str()), Some(bench.device(1).mac()));
    bench.device(1).unplug();
    let picture = bench.until_slot(0, SlotState::Free).await;
    assert_eq!(picture.slots[0].unit, None);
    assert_eq!(picture.slots[1].state, SlotState::Free, "its neighbour was left alone");
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_restarts_in_its_slot_is_not_taken_for_the_next_one() {
    let bench = Bench::armed(vec![unit(1, 1)], plan(1), Rules::default()).await;
    bench.device(1).plug();
    bench.until_slot(0, SlotState::Passed).await;
    bench.device(1).unplug();
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.device(1).plug();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let picture = bench.station.picture();
    assert_eq!(picture.slots[0].state, SlotState::Passed);
    assert_eq!((picture.counters.passed, picture.counters.held), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_failure_stays_until_it_is_put_aside_or_tried_again() {
    let wrong = in_socket(device(Dialect::ConsoleB, &["outcome=wrong-password"]).unplugged(), 1);
    let bench = Bench::armed(vec![wrong, unit(2, 1)], plan(1), Rules::default()).await;
    bench.device(1).plug();
    let picture = bench.until_slot(0, SlotState::Failed).await;
    let fault = picture.slots[0].fault.as_ref().expect("a failure has a cause");
    assert_eq!(fault.code, FaultCode::WifiPasswordRefused);
    bench.device(1).unplug();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bench.station.picture().slots[0].state, SlotState::Failed, "it stays after it is pulled out");
    // The next unit does not wipe it away.
    bench.device(2).plug();
    bench
        .until("told that the slot is taken", |picture| {
            matches!(&picture.heard, Some((_, Heard::Held { why: Interlock::SlotTaken { slot }, .. })) if slot == "1")
        })
        .await;
    assert_eq!(bench.station.picture().slots[0].state, SlotState::Failed);
    assert_eq!(bench.scan(&Command::SetAside.code()).await, Heard::Command(Command::SetAside));
    bench.until_slot(0, SlotState::Free).await;
    assert_eq!(bench.scan(&Command::Start.code()).await, Heard::Command(Command::Start));
    let picture = bench.until_slot(0, SlotState::Passed).await;
    assert_eq!((picture.counters.passed, picture.counters.failed), (1, 1));
    assert!(bench.facts().iter().any(|fact| matches!(fact, StationEvent::SetAside { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_failed_unit_is_tried_again_by_a_scanned_command() {
    let wrong = in_socket(device(Dialect::ConsoleB, &["outcome=wrong-password"]).unplugged(), 1);
    let bench = Bench::armed(vec![wrong], plan(2), Rules::default()).await;
    bench.device(1).plug();
    bench.until_slot(0, SlotState::Failed).await;
    bench.device(1).heal();
    assert_eq!(
        bench.scan(&Command::Slot { number: 2 }.code()).await,
        Heard::Command(Command::Slot { number: 2 })
    );
    assert_eq!(bench.scan(&Command::Retry.code()).await, Heard::NothingToDo, "slot 2 is empty");
    bench.scan(&Command::Slot { number: 1 }.code()).await;
    assert_eq!(bench.scan(&Command::Retry.code()).await, Heard::Command(Command::Retry));
    bench.until_slot(0, SlotState::Passed).await;
    assert_eq!(bench.stage.tokens_made().0, 1, "one unit is one cloud device");
}

#[tokio::test(start_paused = true)]
async fn a_command_that_fits_two_slots_asks_which() {
    let wrong = |number| {
        let spec = device(Dialect::ConsoleB, &["outcome=wrong-password"]);
        let like = DeviceSpec::new(Dialect::ConsoleB, number);
        in_socket(DeviceSpec { trouble: spec.trouble, ..like }.unplugged(), number)
    };
    let bench = Bench::armed(vec![wrong(1), wrong(2)], plan(2), Rules::default()).await;
    bench.device(1).plug();
    bench.device(2).plug();
    bench.until_slot(0, SlotState::Failed).await;
    bench.until_slot(1, SlotState::Failed).await;
    assert_eq!(bench.scan(&Command::SetAside.code()).await, Heard::WhichSlot);
    bench.scan(&Command::Slot { number: 2 }.code()).await;
    bench.scan(&Command::SetAside.code()).await;
    let picture = bench.until_slot(1, SlotState::Free).await;
    assert_eq!(picture.slots[0].state, SlotState::Failed);
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_before_a_lead_has_armed_the_station() {
    let bench = Bench::new(vec![unit(1, 1)], plan(1));
    bench.device(1).plug();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bench.station.picture().slots[0].state, SlotState::Free);
    assert!(matches!(bench.scan("24:6F:28:00:00:01").await, Heard::Held { why: Interlock::NotArmed, .. }));
    assert!(bench.stage.facts().is_empty(), "no job");
    bench.arm(Rules::default(), None).await;
    bench.until_slot(0, SlotState::Passed).await;
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_has_passed_before_is_held_with_who_and_when() {
    let bench = Bench::armed(vec![unit(1, 1)], plan(2), Rules::default()).await;
    bench.scan(&field_code(engine::plan::scanner::Field::Operator, "Anna")).await;
    bench.device(1).plug();
    bench.until_slot(0, SlotState::Passed).await;
    let tokens = bench.stage.tokens_made();
    bench.device(1).unplug();
    bench.until_slot(0, SlotState::Free).await;
    bench.device(1).enter_configuration();
    bench.device(1).plug();
    let picture = bench.until_slot(0, SlotState::Held).await;
    assert_eq!(picture.slots[0].held, Some(Interlock::AtDevice { code: FaultCode::DeviceAlreadyDone }));
    let fault = picture.slots[0].fault.as_ref().expect("it says why");
    assert_eq!((fault.about["by"].as_str(), fault.about["station"].as_str()), ("Anna", "Hall 2"));
    assert!(fault.about["at"].parse::<i64>().is_ok_and(|at| at > 0));
    assert_eq!(bench.stage.tokens_made(), tokens, "no token was taken");
    assert_eq!(bench.stage.engine.units()[0].outcome, Some(Outcome::Passed), "it has passed all the same");
    // By its label it is known before anything is opened.
    bench.device(1).unplug();
    bench.until_slot(0, SlotState::Free).await;
    match bench.scan("24:6f:28:00:00:01").await {
        Heard::Held { why: Interlock::AlreadyDone { by, station, at }, .. } => {
            assert_eq!((by.as_deref(), station.as_deref()), (Some("Anna"), Some("Hall 2")));
            assert!(at > 0);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_template_and_an_old_firmware_are_found_before_a_token_is_taken() {
    let foreign = in_socket(device(Dialect::ConsoleB, &[]).template("TMPLother").unplugged(), 1);
    let old = unit(2, 2);
    let rules = Rules { min_firmware: Some("1.5".into()), ..Rules::default() };
    let bench = Bench::armed(vec![foreign, old], plan(2), rules).await;
    bench.device(1).plug();
    bench.device(2).plug();
    let code = |picture: &Picture, slot: usize| picture.slots[slot].fault.as_ref().map(|fault| fault.code);
    let picture = bench.until_slot(0, SlotState::Failed).await;
    assert_eq!(code(&picture, 0), Some(FaultCode::TemplateMismatch));
    let picture = bench.until_slot(1, SlotState::Failed).await;
    assert_eq!(code(&picture, 1), Some(FaultCode::DeviceFirmwareOld));
    let fault = picture.slots[1].fault.as_ref().expect("it says why");
    assert_eq!((fault.about["found"].as_str(), fault.about["least"].as_str()), ("1.4.2", "1.5"));
    assert_eq!(bench.stage.tokens_made(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_the_work_order_does_not_name_is_held() {
    let bench = Bench::new(vec![unit(1, 1), unit(2, 2)], plan(2));
    let order = WorkOrder::read("WO-17", "mac\n24-6F-28-00-00-01\n");
    bench.arm(Rules::default(), Some(order)).await;
    bench.device(1).plug();
    bench.device(2).plug();
    bench.until_slot(0, SlotState::Passed).await;
    let picture = bench.until_slot(1, SlotState::Held).await;
    assert_eq!(picture.slots[1].held, Some(Interlock::AtDevice { code: FaultCode::DeviceNotInOrder }));
    assert!(matches!(
        bench.scan("24:6F:28:00:00:02").await,
        Heard::Held { why: Interlock::NotInOrder { order }, .. } if order == "WO-17"
    ));
    let first = &bench.stage.facts()[0];
    let engine::JobEvent::Queued { origin, .. } = &first.event else { panic!("{first:?}") };
    assert_eq!(origin.work_order.as_deref(), Some("WO-17"));
}

#[tokio::test(start_paused = true)]
async fn a_label_that_is_in_work_is_not_taken_twice() {
    let rules = Rules { label_first: true, ..Rules::default() };
    let bench = Bench::armed(vec![unit(1, 1), unit(2, 2)], plan(2), rules).await;
    bench.device(1).plug();
    bench.until_slot(0, SlotState::WantsLabel).await;
    assert!(matches!(bench.scan("24:6F:28:00:00:01").await, Heard::Label { slot: Some(1), .. }));
    bench.device(2).plug();
    bench.until_slot(1, SlotState::WantsLabel).await;
    // Still in work: the same label, and at once the same label once more.
    assert_eq!(
        bench.scan("246F28000001").await,
        Heard::Held { shown: "24:6F:28:00:00:01".into(), why: Interlock::InWork { slot: "1".into() } }
    );
}

#[tokio::test(start_paused = true)]
async fn a_label_of_another_unit_is_found_out_at_the_device() {
    let rules = Rules { label_first: true, ..Rules::default() };
    let bench = Bench::armed(vec![unit(1, 1)], plan(1), rules).await;
    bench.device(1).plug();
    bench.until_slot(0, SlotState::WantsLabel).await;
    bench.scan("24:6F:28:00:00:09").await;
    let picture = bench.until_slot(0, SlotState::Held).await;
    assert_eq!(picture.slots[0].held, Some(Interlock::AtDevice { code: FaultCode::DeviceOtherLabel }));
    assert_eq!(bench.stage.tokens_made(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_works_unsigned_where_an_operator_is_needed() {
    let rules = Rules { operator_needed: true, ..Rules::default() };
    let bench = Bench::armed(vec![unit(1, 1)], plan(1), rules).await;
    bench.device(1).plug();
    let picture = bench.until_slot(0, SlotState::Held).await;
    assert_eq!(picture.slots[0].held, Some(Interlock::NobodySignedOn));
    bench.scan(&field_code(engine::plan::scanner::Field::Operator, "Anna")).await;
    bench.scan(&field_code(engine::plan::scanner::Field::Shift, "early")).await;
    bench.until_slot(0, SlotState::Passed).await;
    let recorded = bench.stage.engine.recorded(bench.stage.facts()[0].job).expect("it ran");
    assert_eq!(recorded.state.origin.operator.as_deref(), Some("Anna"));
    assert_eq!(recorded.state.origin.slot.as_deref(), Some("1"));
    assert_eq!(recorded.state.outcome, Some(Outcome::Passed));
    assert!(recorded.state.origin.software.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_scan_is_answered_with_its_reason() {
    use engine::plan::device_label::NoLabel;
    use engine::plan::scanner::WrongScan;
    let bench = Bench::armed(vec![], plan(1), Rules::default()).await;
    assert_eq!(
        bench.scan("4006381333931").await,
        Heard::Wrong(WrongScan::NoLabel { why: NoLabel::NotKnown })
    );
    assert_eq!(bench.scan("FIRSTLIGHTDANCE").await, Heard::Wrong(WrongScan::UnknownCommand));
    assert_eq!(bench.scan(&Command::Retry.code()).await, Heard::NothingToDo);
    bench.station.line(Secret::new("24:6F:28:00:00:01"), HowTyped::ByHand);
    bench
        .until("told that labels are scanned here", |picture| {
            matches!(&picture.heard, Some((_, Heard::Held { why: Interlock::Typed, .. })))
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_radio_unit_starts_when_its_label_is_scanned_and_its_proof_stays_secret() {
    let mut plan = plan(1);
    plan.slots[0].place = Some(Place::Ble { adapter: None });
    let spec = DeviceSpec::new(Dialect::EspressifBle, 1).named("PROV_ABC123");
    let bench = Bench::armed(vec![spec], plan, Rules::default()).await;
    let code = r#"{"ver":"v1","name":"PROV_ABC123","pop":"abcd1234","transport":"ble"}"#;
    let heard = bench.scan(code).await;
    assert_eq!(heard, Heard::Label { shown: "PROV_ABC123".into(), slot: Some(1) });
    let picture = bench.until("over", |picture| picture.slots[0].ended.is_some()).await;
    assert!(
        matches!(picture.slots[0].state, SlotState::Passed | SlotState::Unknown),
        "{}\n{:?}",
        bench.stage.in_words(),
        picture.slots[0]
    );
    let everything = format!("{:?} {:?} {:?}", bench.stage.facts(), bench.facts(), picture);
    assert!(!everything.contains("abcd1234"), "the proof of possession is nowhere");
}

#[tokio::test(start_paused = true)]
async fn slots_are_learned_by_plugging_a_unit_into_each_port() {
    let bench = Bench::new(vec![unit(1, 7), unit(2, 4)], StationPlan::new("Hall 2", 2));
    assert_eq!(bench.station.picture().slots[0].state, SlotState::Unbound);
    bench.station.learn(Some(1));
    bench.until("learning", |picture| picture.learning == Some(1)).await;
    bench.device(1).plug();
    bench.until("at the second", |picture| picture.learning == Some(2)).await;
    bench.device(2).plug();
    let picture = bench.until("through", |picture| picture.learning.is_none()).await;
    let places: Vec<_> = picture.plan.slots.iter().map(|slot| slot.place.clone()).collect();
    assert_eq!(places, [Some(Place::Usb { path: "1-7".into() }), Some(Place::Usb { path: "1-4".into() })]);
    assert!(bench.stage.facts().is_empty(), "learning opens nothing");
    bench.arm(Rules::default(), None).await;
    bench.until_slot(0, SlotState::Passed).await;
    bench.until_slot(1, SlotState::Passed).await;
}

// ---- labels

fn printer(knobs: PrinterKnobs) -> (MemoryPrinter, Arc<dyn Printer>) {
    let printer = MemoryPrinter::new(knobs);
    (printer.clone(), Arc::new(printer))
}

async fn printing(knobs: PrinterKnobs, scan_back: bool, devices: Vec<DeviceSpec>) -> (Bench, MemoryPrinter) {
    let (printer, handle) = printer(knobs);
    let plan = StationPlan { label: Some(label_plan(scan_back)), ..plan(2) };
    let bench = Bench::with_printer(devices, plan, Some(handle));
    bench.arm(Rules::default(), None).await;
    (bench, printer)
}

#[tokio::test(start_paused = true)]
async fn a_label_is_printed_after_a_pass_and_scanned_back_before_the_unit_is_ready() {
    let (bench, printer) = printing(PrinterKnobs::default(), true, vec![unit(1, 1), unit(2, 2)]).await;
    bench.device(1).plug();
    bench.until_slot(0, SlotState::ScanBack).await;
    assert_eq!(printer.printed().len(), 1);
    assert!(printer.printed()[0].contains("^FD24:6F:28:00:00:01^FS"));
    bench.device(1).unplug();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(bench.station.picture().slots[0].state, SlotState::ScanBack, "it is not ready yet");
    assert_eq!(bench.scan("24:6F:28:00:00:01").await, Heard::ScannedBack { slot: Some(1) });
    bench.until_slot(0, SlotState::Free).await;
    let told: Vec<&str> = bench
        .facts()
        .iter()
        .filter_map(|fact| match fact {
            StationEvent::LabelIntended { .. } => Some("intended"),
            StationEvent::LabelPrinted { .. } => Some("printed"),
            StationEvent::ScannedBack { .. } => Some("scanned back"),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["intended", "printed", "scanned back"]);
}

#[tokio::test(start_paused = true)]
async fn no_label_is_printed_for_a_unit_that_did_not_pass() {
    let wrong = in_socket(device(Dialect::ConsoleB, &["outcome=wrong-password"]).unplugged(), 1);
    let silent = in_socket(
        DeviceSpec { trouble: device(Dialect::ConsoleB, &["outcome=never-checks-in"]).trouble, ..unit(2, 2) },
        2,
    );
    let (bench, printer) = printing(PrinterKnobs::default(), false, vec![wrong, silent]).await;
    bench.device(1).plug();
    bench.device(2).plug();
    bench.until("both ended", |picture| picture.slots.iter().all(|slot| slot.ended.is_some())).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(printer.printed().is_empty());
    assert!(!bench.facts().iter().any(|fact| matches!(fact, StationEvent::LabelIntended { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_printer_without_paper_keeps_the_unit_waiting_and_prints_once_when_it_has_some() {
    let knobs = PrinterKnobs { paper: Some(0), ..PrinterKnobs::default() };
    let (bench, printer) = printing(knobs, false, vec![unit(1, 1)]).await;
    bench.device(1).plug();
    let picture = bench.until_slot(0, SlotState::PrinterWaits).await;
    assert_eq!(picture.slots[0].printer, Some(PrinterTrouble::PaperOut));
    bench.device(1).unplug();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(bench.station.picture().slots[0].state, SlotState::PrinterWaits, "it does not clear itself");
    printer.refill(100);
    bench.until_slot(0, SlotState::Free).await;
    assert_eq!(printer.printed().len(), 1);
    let outcome = bench.stage.engine.units()[0].outcome;
    assert_eq!(outcome, Some(Outcome::Passed), "the pass was never in doubt");
}

#[tokio::test(start_paused = true)]
async fn a_label_that_may_have_come_out_is_not_printed_again_by_itself() {
    let knobs = PrinterKnobs { breaks_at: Some(1), ..PrinterKnobs::default() };
    let (bench, printer) = printing(knobs, false, vec![unit(1, 1)]).await;
    bench.device(1).plug();
    bench.until_slot(0, SlotState::LabelUncertain).await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(printer.printed().len(), 1);
    // A person looks, finds none, and asks for another; or finds it and scans it.
    bench.scan(&Command::Print.code()).await;
    bench.until_slot(0, SlotState::Passed).await;
    assert_eq!(printer.printed().len(), 2);
}

/// A label whose print was cut off by a crash: its intent is in the journal, and no result.
#[tokio::test(start_paused = true)]
async fn a_label_from_before_a_crash_is_settled_by_scanning_it() {
    let (bench, printer) = printing(PrinterKnobs::default(), true, vec![unit(1, 1)]).await;
    // The printer goes on for longer than the program lives.
    printer.turn(|knobs| knobs.slow = Duration::from_secs(600));
    bench.device(1).plug();
    bench
        .until("the intent is written down", |_| {
            bench.facts().iter().any(|fact| matches!(fact, StationEvent::LabelIntended { .. }))
        })
        .await;
    let Bench { mut stage, station } = bench;
    let plan = station.picture().plan.clone();
    drop(station);
    stage.restart();
    let engine = stage.engine.clone();
    let id = plan.id;
    let open = |engine: &engine::work::Engine| {
        engine.station_state(id).map_or(0, |state| state.labels_open().count())
    };
    assert_eq!(open(&engine), 1, "nobody knows whether it came out");
    let station = Station::open(StationParts {
        engine: engine.clone(),
        plan,
        keeper: None,
        printer: Some(Arc::new(printer.clone())),
    })
    .expect("a good plan");
    let bench = Bench { stage, station };
    assert_eq!(bench.scan("24:6F:28:00:00:01").await, Heard::ScannedBack { slot: None });
    assert_eq!(open(&engine), 0);
    assert!(printer.printed().len() <= 1, "nothing was printed again by itself");
}

// ---- many

#[tokio::test(start_paused = true)]
async fn twenty_four_slots_bring_a_thousand_units_to_light_without_a_ghost() {
    const UNITS: u32 = 1000;
    const SLOTS: u32 = 24;
    let devices = (1..=UNITS).map(|number| unit(number, 1 + (number - 1) % SLOTS)).collect();
    let bench = Bench::armed(devices, plan(SLOTS), Rules::default()).await;
    // Each slot has its own pile: the next unit goes in when the one before is out.
    let piles = (0..SLOTS as usize).map(|slot| {
        let bench = &bench;
        async move {
            let mut number = slot as u32 + 1;
            while number <= UNITS {
                let device = bench.device(number);
                device.plug();
                bench.until_slot(slot, SlotState::Passed).await;
                device.unplug();
                bench.until_slot(slot, SlotState::Free).await;
                number += SLOTS;
            }
        }
    });
    futures::future::join_all(piles).await;
    let picture = bench.station.picture();
    assert_eq!(picture.counters.passed, UNITS);
    assert_eq!((picture.counters.failed, picture.counters.unknown, picture.counters.held), (0, 0, 0));
    assert_eq!(bench.stage.cloud_state().visible_devices().len(), UNITS as usize);
    assert_eq!(bench.stage.tokens_made(), (UNITS as usize, 0));
    assert!(bench.stage.engine.ghosts(false).await.is_empty());
    let figures = bench.stage.engine.figures(&engine::record::yields::Scope::default());
    assert_eq!(figures.all.first_pass.ratio(), Some(1.0));
    assert_eq!(figures.slots.len(), SLOTS as usize);
}
