//! Batches: rows find their devices, many go at once, one cause stops them all.

use crate::stage::{Stage, recipe};
use crate::standards::ALL_DRIVERS;
use engine::plan::batch::{BatchDefaults, BatchPlan, BatchSecrets, Mapping, plan};
use engine::plan::sheet;
use engine::record::batch::{BatchPhase, BatchState, FixField, LineStop, Shared};
use engine::work::{BatchNews, BatchOptions, BatchRun, Fix};
use engine::{FaultCode, JobEvent};
use proto::Secret;
use sim::air::PRACTICE_PASSWORD;
use sim::device::espressif::PROOF;
use sim::trouble::{Carrier, Trouble};
use sim::{DeviceSpec, Dialect, World, fleet};
use std::collections::BTreeMap;
use std::time::Duration;

/// Longer than any batch here may take, on the paused clock.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

pub fn secrets() -> BatchSecrets {
    BatchSecrets { wifi_password: Some(Secret::new(PRACTICE_PASSWORD)), ..BatchSecrets::default() }
}

pub fn defaults(world: &World) -> BatchDefaults {
    let recipe = recipe(world);
    BatchDefaults {
        cloud: recipe.cloud,
        org: Some(recipe.org),
        owner: Some(recipe.owner),
        ssid: recipe.ssid,
        driver: recipe.driver,
        token_host: recipe.token_host,
        expect_template: None,
        patience_s: recipe.patience_s,
        carrier: None,
        token_endpoint: None,
        token_template: None,
        token_success: None,
        device_user: None,
    }
}

pub fn planned(stage: &Stage, file: &str) -> BatchPlan {
    let sheet = sheet::read(file.as_bytes()).expect("a table");
    let (plan, problems) = plan(sheet, &Mapping::default(), &defaults(&stage.world), &secrets());
    assert_eq!(problems, []);
    plan
}

/// A file of this many rows for whatever comes.
pub fn any(rows: usize) -> String {
    (0..rows).fold("unit,name\n".to_owned(), |file, row| format!("{file},Unit {row}\n"))
}

pub async fn begin(stage: &Stage, file: &str, options: BatchOptions) -> BatchRun {
    let plan = planned(stage, file);
    stage.engine.begin_batch(plan, secrets(), options).await.expect("nothing speaks against it")
}

/// Everything that a batch tells until it ends.
pub async fn end_of(run: &mut BatchRun) -> Vec<BatchNews> {
    let listening = async {
        let mut news = Vec::new();
        while let Some(one) = run.next().await {
            news.push(one);
        }
        news
    };
    tokio::time::timeout(LONGEST, listening).await.expect("every batch ends")
}

pub fn state(stage: &Stage, run: &BatchRun) -> BatchState {
    stage.journal.ledger().expect("memory").batch(run.id).expect("it was begun").clone()
}

/// Waits until the batch is so.
pub async fn until(stage: &Stage, run: &BatchRun, wanted: impl Fn(&BatchState) -> bool) {
    let reached = async {
        loop {
            let look = |batch: &BatchState| (wanted(batch), batch.phase, batch.counts());
            let (is_so, phase, counts) = stage.engine.with_batch(run.id, look).expect("it was begun");
            if is_so {
                break;
            }
            assert_ne!(phase, BatchPhase::Ended, "it never came to it: {counts:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(LONGEST, reached).await.expect("the batch comes to it");
}

const DIALECTS: [Dialect; 3] = [Dialect::EdgentArduino, Dialect::ConsoleB, Dialect::Linux];

#[tokio::test(start_paused = true)]
async fn every_row_gets_one_device_and_every_device_one_row() {
    let stage = Stage::new(fleet(60, &DIALECTS, 7), &[]);
    let mut run = begin(&stage, &any(60), BatchOptions::default()).await;
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!((batch.counts().passed, batch.counts().left()), (60, 0));
    assert_eq!(batch.phase, BatchPhase::Ended);
    assert_eq!(stage.tokens_made(), (60, 0));
    assert_eq!(stage.cloud_state().visible_devices().len(), 60);
    assert!(stage.cloud_state().shared_tokens().is_empty());
}

/// Improv is given a carrier and Espressif the proof of possession that the file has for each row.
#[tokio::test(start_paused = true)]
async fn devices_of_all_four_drivers_in_one_batch_are_matched_by_asking_and_all_pass() {
    let mut specs = fleet(24, &ALL_DRIVERS, 5);
    specs.iter_mut().for_each(|spec| spec.trouble.carrier = Carrier::Vendor(0x90));
    let stage = Stage::new(specs, &[]);
    let file = (0..24)
        .fold("unit,name,device_secret\n".to_owned(), |file, row| format!("{file},Unit {row},{PROOF}\n"));
    let defaults = BatchDefaults {
        driver: "auto".to_owned(),
        carrier: Some("vendor:0x90".to_owned()),
        ..defaults(&stage.world)
    };
    let sheet = sheet::read(file.as_bytes()).expect("a table");
    let (plan, problems) = plan(sheet, &Mapping::default(), &defaults, &secrets());
    assert_eq!(problems, []);
    let begun = stage.engine.begin_batch(plan, secrets(), BatchOptions::default()).await;
    let mut run = begun.expect("nothing speaks against it");
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!((batch.counts().passed, batch.counts().left()), (24, 0));
    assert_eq!(stage.tokens_made(), (24, 0));
    let mut drivers = BTreeMap::new();
    for unit in stage.engine.units() {
        *drivers.entry(unit.driver.unwrap_or_default()).or_insert(0) += 1;
    }
    let expected = [("blynk-console", 4), ("blynk-inject", 4), ("espressif", 8), ("improv", 8)];
    assert_eq!(drivers, expected.map(|(name, count)| (name.to_owned(), count)).into());
}

pub fn with_trouble(
    mut devices: Vec<DeviceSpec>,
    faults: &[&str],
    which: impl Fn(usize) -> bool,
) -> Vec<DeviceSpec> {
    for (at, spec) in devices.iter_mut().enumerate() {
        if which(at) {
            spec.trouble = Trouble::of(faults.iter().copied()).expect("knobs of the simulator");
        }
    }
    devices
}

#[tokio::test(start_paused = true)]
async fn rows_find_their_units_by_address_name_and_label() {
    let devices = fleet(6, &[Dialect::EdgentArduino, Dialect::ConsoleB], 7);
    let label = devices[4].name.rsplit('-').next().expect("names end in a suffix").to_owned();
    // One by its BLE address, one by its name, one by what is printed on it; two on ports by hardware address and uid.
    let wanted = [
        devices[0].mac.clone(),
        devices[2].name.clone(),
        label,
        devices[1].mac.to_lowercase().replace(':', "-"),
        devices[3].mac.clone(),
    ];
    let file = wanted
        .iter()
        .enumerate()
        .fold("unit,name\n".to_owned(), |file, (at, unit)| format!("{file}{unit},Unit {at}\n"));
    let macs: Vec<String> = [0, 2, 4, 1, 3].iter().map(|at| devices[*at].mac.clone()).collect();
    let stage = Stage::new(devices, &[]);
    let mut run = begin(&stage, &file, BatchOptions::default()).await;
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!(batch.counts().passed, 5);
    for (row, mac) in (1..).zip(macs) {
        let job = batch.row(row).and_then(|row| row.jobs.last().copied()).expect("it had a job");
        let unit = stage.engine.job(job).and_then(|job| job.unit).expect("it was identified");
        assert_eq!(unit.0, mac, "row {row}");
    }
    // The sixth is nobody's: it was left alone.
    assert_eq!(stage.tokens_made(), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn a_row_whose_device_never_comes_is_told_so_and_holds_up_nobody() {
    let stage = Stage::new(fleet(3, &DIALECTS, 7), &[]);
    let file = format!("{}24:6F:28:AA:AA:AA,Absent\n", any(3));
    let mut run = begin(&stage, &file, BatchOptions::default()).await;
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!((batch.counts().passed, batch.counts().failed), (3, 1));
    let end = batch.row(4).and_then(|row| row.end.clone()).expect("it ended");
    assert_eq!((end.job, end.fault.map(|fault| fault.code)), (None, Some(FaultCode::DeviceNotFound)));
}

#[tokio::test(start_paused = true)]
async fn the_canary_stops_a_batch_after_one_token_and_the_fix_lets_all_go() {
    let stage = Stage::new(fleet(30, &DIALECTS, 7), &[]);
    let plan = planned(&stage, &any(30));
    let wrong = BatchSecrets { wifi_password: Some(Secret::new("not the one")), ..BatchSecrets::default() };
    let mut run = stage.engine.begin_batch(plan, wrong, BatchOptions::default()).await.expect("accepted");
    until(&stage, &run, |batch| batch.phase == BatchPhase::Stopped).await;
    let stop = state(&stage, &run).stop.expect("it says why");
    assert_eq!(stop.fault.code, FaultCode::WifiPasswordRefused);
    assert!(matches!(stop.shared, Shared::Network { .. }));
    assert_eq!((stop.field, stop.canary), (FixField::WifiPassword, true));
    assert_eq!(stage.tokens_made(), (1, 0));
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(stage.tokens_made(), (1, 0), "nothing begins while it stands still");

    run.wishes().go_on(Some(Fix::WifiPassword { ssid: None, password: Secret::new(PRACTICE_PASSWORD) }));
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!((batch.counts().passed, batch.phase), (30, BatchPhase::Ended));
    assert_eq!(stage.tokens_made().0, 30, "the first unit kept its cloud device");
    assert_eq!(stage.cloud_state().visible_devices().len(), 30);
}

/// All codes of the table (section 2.2 of the device protocols), and what each means.
pub const CODES: [(u16, FaultCode); 16] = [
    (700, FaultCode::DeviceConfiguration),
    (701, FaultCode::WifiTimeout),
    (702, FaultCode::CloudUnreachableFromDevice),
    (703, FaultCode::CloudTokenRefused),
    (704, FaultCode::WifiFailed),
    (705, FaultCode::CloudUnreachableFromDevice),
    (710, FaultCode::CloudDnsFromDevice),
    (711, FaultCode::CloudCertificateFromDevice),
    (712, FaultCode::CloudCaptivePortal),
    (720, FaultCode::WifiNotFound),
    (721, FaultCode::WifiNoCable),
    (722, FaultCode::WifiPasswordRefused),
    (723, FaultCode::WifiNoAddress),
    (730, FaultCode::SimMissing),
    (731, FaultCode::SimLocked),
    (732, FaultCode::SimWrongPin),
];

/// Each of them, told live by one dialect and remembered by the other.
#[tokio::test(start_paused = true)]
async fn each_code_of_a_device_as_the_only_cause_burns_one_token() {
    for (number, code) in CODES {
        for dialect in [Dialect::EdgentArduino, Dialect::EdgentIdf] {
            let stop = stop_of(dialect, &format!("outcome={number}")).await;
            assert_eq!((stop.fault.code, stop.fault.device_code), (code, Some(number)), "{dialect:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn devices_that_never_come_stop_a_batch_after_one_token() {
    let stop = stop_of(Dialect::EdgentArduino, "outcome=never-checks-in").await;
    assert_eq!(stop.fault.code, FaultCode::CloudNotSeen);
}

/// A batch of devices that all have this one trouble, until it stands still.
async fn stop_of(dialect: Dialect, fault: &str) -> LineStop {
    let devices = with_trouble(fleet(12, &[dialect], 7), &[fault], |_| true);
    let stage = Stage::new(devices, &[]);
    let run = begin(&stage, &any(12), BatchOptions::default()).await;
    until(&stage, &run, |batch| batch.phase == BatchPhase::Stopped).await;
    assert_eq!(stage.tokens_made().0, 1, "{dialect:?} {fault}");
    *state(&stage, &run).stop.expect("it says why")
}

#[tokio::test(start_paused = true)]
async fn a_cause_that_begins_in_the_middle_stops_the_line_and_all_that_met_it_run_again() {
    let stage = Stage::new(fleet(80, &[Dialect::EdgentArduino], 7), &[]);
    let mut run =
        begin(&stage, &any(80), BatchOptions { parallel: Some(8), ..BatchOptions::default() }).await;
    until(&stage, &run, |batch| batch.counts().passed >= 10).await;
    // The access point has another password from now on.
    for device in stage.world.devices() {
        device.set("outcome", "wrong-password").expect("a knob");
    }
    until(&stage, &run, |batch| batch.phase == BatchPhase::Stopped).await;
    let stop = state(&stage, &run).stop.expect("it says why");
    assert_eq!((stop.fault.code, stop.field), (FaultCode::WifiPasswordRefused, FixField::WifiPassword));
    for device in stage.world.devices() {
        device.heal();
    }
    run.wishes().go_on(Some(Fix::Outside { field: FixField::WifiPassword }));
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!((batch.counts().passed, batch.counts().failed), (80, 0));
    assert_eq!(stage.tokens_made().0, 80, "nobody got a second cloud device");
}

/// It was handed the wrong password like all others, and never heard of again: when that is mended, it is looked after too.
#[tokio::test(start_paused = true)]
async fn a_unit_that_got_lost_in_a_trouble_is_asked_about_and_run_again_when_it_is_mended() {
    let stage = Stage::new(fleet(40, &[Dialect::ConsoleB], 7), &[]);
    let options = BatchOptions { parallel: Some(4), ..BatchOptions::default() };
    let mut run = begin(&stage, &any(40), options).await;
    until(&stage, &run, |batch| batch.counts().passed >= 10).await;
    for (at, device) in stage.world.devices().iter().enumerate() {
        let outcome = if at % 6 == 3 { "never-checks-in" } else { "wrong-password" };
        device.set("outcome", outcome).expect("a knob");
    }
    until(&stage, &run, |batch| batch.phase == BatchPhase::Stopped && batch.counts().unknown > 0).await;
    stage.world.devices().iter().for_each(sim::Device::heal);
    run.wishes().go_on(Some(Fix::Outside { field: FixField::WifiPassword }));
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!((batch.counts().passed, batch.counts().left()), (40, 0), "{:?}", batch.counts());
    assert_eq!(stage.tokens_made().0, 40, "nobody got a second cloud device");
}

/// The last rows of a file met it, so nothing is left to begin; that is no end while somebody can mend it.
#[tokio::test(start_paused = true)]
async fn a_stop_by_the_last_rows_waits_for_its_answer_and_may_be_left() {
    for mended in [true, false] {
        let devices = with_trouble(fleet(20, &[Dialect::EdgentIdf], 7), &["outcome=722"], |at| at >= 14);
        let mut stage = Stage::new(devices, &[]);
        let mut run = begin(&stage, &any(20), BatchOptions::default()).await;
        until(&stage, &run, |batch| batch.phase == BatchPhase::Stopped && batch.counts().left() == 0).await;
        assert_eq!(state(&stage, &run).counts().failed, 6);
        stage.world.devices().iter().for_each(sim::Device::heal);
        if mended {
            run.wishes().go_on(Some(Fix::Outside { field: FixField::WifiPassword }));
        } else {
            run.wishes().leave();
            end_of(&mut run).await;
            assert_eq!(state(&stage, &run).phase, BatchPhase::Stopped, "it stays what it is");
            stage.restart();
            let resumed = stage.engine.resume_batch(run.id, secrets(), BatchOptions::default()).await;
            run = resumed.expect("the journal knows it");
        }
        end_of(&mut run).await;
        let batch = state(&stage, &run);
        assert_eq!((batch.counts().passed, batch.phase), (20, BatchPhase::Ended), "mended: {mended}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_few_bad_units_stop_nothing() {
    let devices = with_trouble(fleet(100, &DIALECTS, 7), &["outcome=net-timeout"], |at| at % 33 == 5);
    let stage = Stage::new(devices, &[]);
    let mut run = begin(&stage, &any(100), BatchOptions::default()).await;
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!((batch.counts().passed, batch.counts().failed), (97, 3));
    assert!(!batch.failed_by(Some(FaultCode::WifiTimeout)).is_empty());
}

/// Edgent for Arduino only advertises again when it failed: it is run once more with its link held, so that it can say why.
#[tokio::test(start_paused = true)]
async fn a_device_that_was_let_go_and_failed_is_heard_out() {
    let devices =
        with_trouble(fleet(40, &[Dialect::EdgentArduino], 7), &["outcome=no-ip"], |at| at % 20 == 7);
    let stage = Stage::new(devices, &[]);
    let mut run = begin(&stage, &any(40), BatchOptions::default()).await;
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!((batch.counts().passed, batch.counts().failed), (38, 2));
    for row in batch.failed_by(Some(FaultCode::WifiNoAddress)) {
        let row = batch.row(row).expect("it failed");
        assert_eq!(row.jobs.len(), 2, "let go the first time, heard out the second");
    }
    assert_eq!(batch.failed_by(Some(FaultCode::WifiNoAddress)).len(), 2);
    assert_eq!(stage.tokens_made(), (40, 2), "the second time with the same cloud device");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_let_go_is_taken_up_where_it_was() {
    let mut stage = Stage::new(fleet(40, &DIALECTS, 7), &[]);
    let mut run = begin(&stage, &any(40), BatchOptions::default()).await;
    until(&stage, &run, |batch| batch.counts().passed >= 12).await;
    run.wishes().stop();
    end_of(&mut run).await;
    let before = state(&stage, &run);
    assert!(before.counts().left() > 0);
    stage.restart();
    let mut run = stage
        .engine
        .resume_batch(run.id, secrets(), BatchOptions::default())
        .await
        .expect("the journal knows it");
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!((batch.counts().passed, batch.phase), (40, BatchPhase::Ended));
    assert_eq!(stage.cloud_state().visible_devices().len(), 40);
    assert_eq!(stage.tokens_made().0, 40);
}

/// Its cable came loose before it had a token, somebody plugged the next unit in meanwhile, and now it is back.
#[tokio::test(start_paused = true)]
async fn a_unit_whose_row_went_to_another_one_gets_the_next_free_row() {
    for dialect in [Dialect::ConsoleB, Dialect::EdgentArduino] {
        let devices = with_trouble(fleet(3, &[dialect], 7), &["drop=scan", "return=never"], |at| at == 0);
        let stage = Stage::new(devices, &[]);
        let [lost, other, third] = &stage.world.devices()[..] else { panic!("three devices") };
        other.unplug();
        third.unplug();
        let mut run = begin(&stage, &any(3), BatchOptions { give_up: None, ..BatchOptions::default() }).await;
        until(&stage, &run, |batch| batch.row(1).is_some_and(|row| !row.jobs.is_empty())).await;
        let begun = async {
            while lost.is_held()
                || stage.facts().iter().all(|fact| !matches!(fact.event, JobEvent::Finished { .. }))
            {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(LONGEST, begun).await.expect("its link breaks");
        lost.unplug();
        other.plug();
        until(&stage, &run, |batch| batch.counts().passed == 1).await;
        lost.heal();
        lost.plug();
        until(&stage, &run, |batch| batch.counts().passed == 2).await;
        third.plug();
        end_of(&mut run).await;
        assert_eq!(state(&stage, &run).counts().passed, 3, "{dialect:?}");
        assert_eq!(stage.tokens_made(), (3, 0), "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_the_cloud_sees_much_later_passes_by_itself() {
    // This dialect keeps its token before it tries the cloud.
    let devices = with_trouble(fleet(3, &[Dialect::Linux], 7), &["outcome=never-checks-in"], |at| at == 1);
    let stage = Stage::new(devices, &[]);
    let mut run = begin(&stage, &any(3), BatchOptions::default()).await;
    let late = stage.world.devices().remove(1);
    end_of(&mut run).await;
    let batch = state(&stage, &run);
    assert_eq!((batch.counts().passed, batch.counts().unknown), (2, 1));
    stage.engine.keep_tracking();
    late.heal();
    late.power_cycle();
    let seen = async {
        while state(&stage, &run).counts().passed < 3 {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    tokio::time::timeout(LONGEST, seen).await.expect("it turns to passed");
    assert_eq!(stage.tokens_made(), (3, 0), "nobody touched it again");
}
