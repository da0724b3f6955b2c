//! The station as a window sees it: locked by a PIN, watched as whole views, its figures with the table behind them.

use api::clouds::OneCloud;
use api::desk::insights::InsightsRequest;
use api::desk::station::{
    HeardKind, KeyPress, LabelPlanView, PlaceView, PrinterPlanView, PrinterTroubleView, RulesView,
    ScanPlanView, SignOnField, SlotPlanView, StationPlanView, StationView, SymbolView, TileState,
};
use api::stations::{StationDesk, StationWatch};
use engine::plan::station::Stations;
use engine::record::Journal;
use engine::work::Engine;
use engine::{CloudRef, JobSecrets, Recipe, RefusalCode};
use proto::Secret;
use serde_json::{Value, json};
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::{DeviceSpec, Dialect, World};
use std::sync::Arc;
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(3600);

struct Bench {
    world: World,
    desk: StationDesk,
}

fn open(dir: Option<&std::path::Path>) -> Bench {
    open_with(dir, None)
}

fn open_with(dir: Option<&std::path::Path>, printer: Option<Arc<dyn link::printer::Printer>>) -> Bench {
    let world = World::with(DeviceSpec::new(Dialect::ConsoleB, 1).unplugged());
    let engine = Engine::new(Journal::in_memory(), world.media(), Arc::new(OneCloud(world.cloud())))
        .expect("an empty journal");
    let desk = StationDesk::open(engine, dir.map(Stations::of), None, printer).expect("nothing is kept");
    Bench { world, desk }
}

fn plan(world: &World) -> StationPlanView {
    let path =
        world.devices()[0].spec().usb.as_ref().and_then(|usb| usb.path.clone()).expect("it has a socket");
    StationPlanView {
        id: None,
        name: "Hall 2".into(),
        slots: vec![SlotPlanView { name: "left".into(), place: Some(PlaceView::Usb { path }) }],
        scan: ScanPlanView {
            prefix: String::new(),
            gap_ms: 35,
            least: 4,
            operator: Some(r"OP-\d+".into()),
            work_order: None,
            shift: None,
            labels: vec![],
            name: None,
        },
        label: None,
        takt_target_s: Some(10),
    }
}

fn recipe(world: &World) -> Recipe {
    let host = world.cloud_state().host();
    Recipe {
        cloud: CloudRef { server: format!("https://{host}"), profile: None },
        ssid: Some(PRACTICE_SSID.into()),
        token_host: host,
        ..serde_json::from_value(json!({
            "cloud": { "server": "", "profile": null }, "org": 1, "owner": 1, "ssid": null, "driver": "auto",
            "token_host": "", "expect_template": null, "patience_s": 180, "name": null, "meta": {},
            "device": null, "carrier": null, "token_endpoint": null, "device_user": null,
        }))
        .expect("a recipe as the first version wrote it")
    }
}

fn secrets() -> JobSecrets {
    JobSecrets { wifi_password: Some(Secret::new(PRACTICE_PASSWORD)), device_secret: None }
}

async fn until(watch: &mut StationWatch, wanted: impl Fn(&StationView) -> bool) -> StationView {
    let waiting = async {
        loop {
            if let Some(view) = watch.next().await.expect("the desk is open").filter(&wanted) {
                return view;
            }
        }
    };
    tokio::time::timeout(LONGEST, waiting).await.expect("it comes to that")
}

fn codes(refusal: engine::Refusal) -> Vec<RefusalCode> {
    refusal.reasons.iter().map(|reason| reason.code).collect()
}

#[tokio::test(start_paused = true)]
async fn a_test_label_comes_out_as_the_form_has_it_or_says_what_the_printer_lacks() {
    let printer = sim::printer::MemoryPrinter::default();
    let Bench { world, desk } = open_with(None, Some(Arc::new(printer.clone())));
    let label = LabelPlanView {
        printer: PrinterPlanView::Network { address: "192.0.2.7:9100".into(), dpi: 203 },
        width_mm: 50,
        height_mm: 25,
        lines: vec!["{name} {operator}".into()],
        code: "{mac}".into(),
        symbol: SymbolView::Qr,
        scan_back: true,
    };
    assert_eq!(desk.try_label(label.clone(), None).await, Ok(None));
    assert!(printer.printed()[0].contains("TEST TEST"), "{:?}", printer.printed());
    printer.set("paper", "0").expect("a knob");
    assert_eq!(desk.try_label(label.clone(), None).await, Ok(Some(PrinterTroubleView::PaperOut)));
    let foreign = LabelPlanView { code: "{token}".into(), ..label.clone() };
    let refused = desk.try_label(foreign, None).await.expect_err("no such field");
    assert_eq!(refused.reasons[0].code, RefusalCode::LabelTemplate);
    desk.save(plan(&world), None, Some(Secret::new("4711"))).await.expect("a station");
    let locked = desk.try_label(label, Some(Secret::new("0000"))).await.expect_err("a lead's act");
    assert_eq!(locked.reasons[0].code, RefusalCode::PinWrong);
    assert_eq!(printer.printed().len(), 1, "nothing else came out");
}

#[tokio::test(start_paused = true)]
async fn a_station_is_set_up_armed_and_takes_a_unit_by_scanner_alone() {
    let bench = open(None);
    let mut watch = bench.desk.watch();
    assert_eq!(watch.next().await, Some(None), "there is none yet");
    bench.desk.save(plan(&bench.world), None, None).await.expect("a good plan");
    until(&mut watch, |view| view.tiles.len() == 1 && view.armed.is_none()).await;
    let rules = RulesView { once: true, operator_needed: true, ..RulesView::default() };
    bench.desk.arm(None, recipe(&bench.world), rules, None, secrets()).await.expect("it is not locked");
    bench.world.devices()[0].plug();
    until(&mut watch, |view| view.tiles[0].state == TileState::Held).await;
    // A badge, typed by a scanner.
    let keys: Vec<KeyPress> = "OP-17"
        .chars()
        .map(String::from)
        .chain(["Enter".to_owned()])
        .zip(0..)
        .map(|(key, at)| KeyPress { key, at: f64::from(at) * 4.0 })
        .collect();
    bench.desk.keys(&keys).expect("it is set up");
    let view = until(&mut watch, |view| view.tiles[0].state == TileState::Passed).await;
    let json = serde_json::to_value(&view).expect("a view is JSON");
    assert_eq!(json["operator"], "OP-17");
    assert_eq!(json["heard"]["kind"], "field");
    assert_eq!(json["heard"]["about"], json!({ "field": "operator", "value": "OP-17" }));
    assert_eq!(json["counters"], json!({ "passed": 1, "failed": 0, "unknown": 0, "held": 1 }));
    assert_eq!(json["takt"]["target_ms"], 10_000.0);
    let tile = &json["tiles"][0];
    assert_eq!(
        (&tile["number"], &tile["name"], &tile["state"]),
        (&json!(1), &json!("left"), &json!("passed"))
    );
    assert_eq!(tile["unit"], "24:6F:28:00:00:01");
    assert_eq!(tile["place"]["kind"], "usb");
    assert_eq!((&tile["fault"], &tile["held"]), (&Value::Null, &Value::Null));
    assert!(!json.to_string().contains(PRACTICE_PASSWORD));

    let insights = bench.desk.insights(&InsightsRequest::default());
    assert_eq!(insights.all.first_pass.ratio, Some(1.0));
    assert_eq!(insights.stations, ["Hall 2"]);
    assert_eq!(insights.operators, ["OP-17"]);
    assert_eq!(insights.days.len(), 1);
    assert_eq!(insights.slots[0].slot, "left");
    assert!(insights.steps.iter().all(|step| step.times.count == 1));
}

#[tokio::test(start_paused = true)]
async fn a_locked_station_opens_to_its_pin_only() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let bench = open(Some(dir.path()));
    let (pin, wrong) = (Secret::new("tulip"), Secret::new("1111"));
    bench.desk.save(plan(&bench.world), None, Some(pin.clone())).await.expect("a good plan");
    assert!(bench.desk.view().is_some_and(|view| view.locked));
    let arm = |pin: Option<Secret>| {
        bench.desk.arm(pin, recipe(&bench.world), RulesView::default(), None, secrets())
    };
    assert_eq!(codes(arm(None).await.expect_err("locked")), [RefusalCode::PinWrong]);
    for _ in 0..5 {
        assert_eq!(codes(arm(Some(wrong.clone())).await.expect_err("locked")), [RefusalCode::PinWrong]);
    }
    // After five wrong ones the right one has to wait, too.
    let refusal = arm(Some(pin.clone())).await.expect_err("a pause");
    assert!(refusal.reasons[0].about["seconds"].parse::<u64>().is_ok_and(|seconds| seconds <= 30));
    tokio::time::advance(Duration::from_secs(31)).await;
    arm(Some(pin.clone())).await.expect("the right one");
    assert!(bench.desk.learn(None, Some(1)).is_err());
    assert!(bench.desk.disarm(None).await.is_err());
    bench.desk.disarm(Some(pin.clone())).await.expect("the right one");
    assert!(bench.desk.save(plan(&bench.world), None, None).await.is_err());

    // It is there after a restart, as locked as before, and its PIN is nowhere in the folder.
    let again = open(Some(dir.path()));
    assert!(again.desk.view().is_some_and(|view| view.locked && view.plan.name == "Hall 2"));
    for file in std::fs::read_dir(dir.path()).expect("it is there") {
        let text = std::fs::read_to_string(file.expect("readable").path()).expect("text");
        assert!(!text.contains("tulip"));
    }
    again.desk.save(plan(&again.world), Some(pin), Some(Secret::new(""))).await.expect("the right one");
    assert!(again.desk.view().is_some_and(|view| !view.locked));
}

#[tokio::test(start_paused = true)]
async fn without_a_station_everything_is_refused_and_nothing_breaks() {
    let bench = open(None);
    assert_eq!(bench.desk.view(), None);
    let refused = bench.desk.sign_on(SignOnField::Operator, Some("Anna".into()));
    assert_eq!(codes(refused.expect_err("there is none")), [RefusalCode::StationUnknown]);
    assert_eq!(bench.desk.insights(&InsightsRequest::default()), Default::default());
    let sheet = bench.desk.code_sheet("en", "x", SymbolView::Qr, &[], &|word, _| word.to_owned());
    assert!(sheet.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_scan_is_told_with_its_reason() {
    let bench = open(None);
    bench.desk.save(plan(&bench.world), None, None).await.expect("a good plan");
    let mut watch = bench.desk.watch();
    bench.desk.line(Secret::new("4006381333931"), engine::plan::scanner::HowTyped::Scanned).expect("set up");
    let view = until(&mut watch, |view| view.heard.is_some()).await;
    assert_eq!(view.heard.map(|heard| heard.kind), Some(HeardKind::NotKnown));
    assert!(view.cue.is_some(), "and heard");
}
