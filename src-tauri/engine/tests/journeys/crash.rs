//! The crash matrix: every journey is cut after every fact, twice: before what the fact intends is done, and when it is
//! done but not written down. Then the program starts again on the same world, reconciles, and runs the unit again where
//! it has not passed. In the end there are as many cloud devices as units, and no token went to two of them.
//!
//! A new driver joins by a line in [`JOURNEYS`].

use crate::stage::{Stage, device, try_end_of};
use engine::work::{Fuse, Verdict};
use engine::{JobSecrets, Outcome, Recipe, Target};
use proto::Secret;
use sim::Dialect;
use sim::device::espressif::PROOF;
use std::time::Duration;

struct Journey {
    name: &'static str,
    dialect: Dialect,
    faults: &'static [&'static str],
    cloud: &'static [&'static str],
    recipe: fn(&mut Recipe),
}

const fn journey(name: &'static str, dialect: Dialect, faults: &'static [&'static str]) -> Journey {
    Journey { name, dialect, faults, cloud: &[], recipe: |_| {} }
}

/// Devices that ask for no proof of possession do not mind that there is one.
fn secrets() -> JobSecrets {
    JobSecrets { device_secret: Some(Secret::new(PROOF)), ..crate::stage::secrets() }
}

fn described(recipe: &mut Recipe) {
    recipe.name = Some("Pump 7".into());
    recipe.meta.insert("Location".into(), "Hall 2".into());
}

fn carried(recipe: &mut Recipe) {
    recipe.carrier = Some("third-string".into());
}

const JOURNEYS: &[Journey] = &[
    Journey { recipe: described, ..journey("BLE, with name and metadata", Dialect::EdgentArduino, &[]) },
    journey("a dialect that drops its link", Dialect::Particle, &[]),
    journey("a dialect that keeps its last error", Dialect::EdgentIdf, &[]),
    journey("a dialect that is early with connected", Dialect::Linux, &[]),
    journey("serial", Dialect::ConsoleB, &[]),
    journey("serial without logs", Dialect::ConsoleSilent, &[]),
    journey("wrong password", Dialect::EdgentArduino, &["outcome=wrong-password"]),
    journey("refused token", Dialect::EdgentArduino, &["outcome=bad-token"]),
    journey("never checks in", Dialect::Linux, &["outcome=never-checks-in"]),
    Journey { recipe: carried, ..journey("Improv over BLE", Dialect::ImprovBle, &["carrier=third-string"]) },
    Journey {
        recipe: carried,
        ..journey("Improv over serial", Dialect::ImprovSerial, &["carrier=third-string"])
    },
    journey("Espressif over BLE, security 1", Dialect::EspressifBle, &["security=1"]),
    journey("Espressif over BLE, security 2", Dialect::EspressifBle, &["security=2"]),
    journey("Espressif over the console", Dialect::EspressifConsole, &["security=1"]),
    journey("Espressif, wrong password", Dialect::EspressifBle, &["security=2", "outcome=wrong-password"]),
    Journey { cloud: &["lost=once@reserve"], ..journey("lost answer", Dialect::EdgentArduino, &[]) },
];

fn stage_of(journey: &Journey, record: &'static str, fuse: Option<Fuse>) -> Stage {
    let cloud: Vec<&str> = journey.cloud.iter().copied().chain([record]).collect();
    Stage::fused(vec![device(journey.dialect, journey.faults)], &cloud, fuse)
}

async fn run_until_it_dies(stage: &Stage, journey: &Journey) {
    let mut recipe = stage.recipe();
    (journey.recipe)(&mut recipe);
    let target = Target::At { address: stage.only_device().address() };
    // An engine that dies while it accepts a job refuses it.
    if let Ok(job) = stage.engine.start(recipe, target, secrets()).await {
        try_end_of(job).await;
    }
}

fn passed(stage: &Stage) -> bool {
    let units = stage.engine.units();
    !units.is_empty() && units.iter().all(|unit| unit.outcome == Some(Outcome::Passed))
}

/// Starts again, settles, and runs the unit again until it has passed.
async fn pick_up(stage: &mut Stage, journey: &Journey) {
    stage.restart();
    stage.engine.reconcile().await;
    // Whatever the device was still doing comes to its end.
    tokio::time::sleep(Duration::from_secs(300)).await;
    let settled = stage.engine.reconcile().await;
    assert!(
        settled.iter().all(|one| !matches!(one.verdict, Verdict::Ambiguous { .. })),
        "nothing is ambiguous with one unit: {settled:?}"
    );
    // A cloud that loses one answer costs one run more.
    for _ in 0..2 {
        if passed(stage) {
            return;
        }
        stage.only_device().heal();
        // How it is built is no trouble.
        for (knob, built_in) in journey.faults.iter().filter_map(|fault| fault.split_once('=')) {
            if matches!(knob, "carrier" | "security") {
                stage.only_device().set(knob, built_in).expect("a knob of the simulator");
            }
        }
        stage.only_device().enter_configuration();
        run_until_it_dies(stage, journey).await;
    }
}

fn check(stage: &Stage, reserved_at_most: usize, which: &str) {
    let words = stage.in_words();
    let state = stage.cloud_state();
    assert!(passed(stage), "{which}: the unit has not passed\n{words}");
    assert_eq!(state.visible_devices().len(), 1, "{which}: one unit is one cloud device\n{words}");
    assert!(state.shared_tokens().is_empty(), "{which}: a token went to two units\n{words}");
    let reserved = stage.tokens_made().0;
    assert!(reserved <= reserved_at_most, "{which}: {reserved} reservations\n{words}");
    let device = stage.engine.units()[0].device.expect("a unit that passed has a device");
    assert_eq!(
        state.visible_devices()[0].id,
        device.0,
        "{which}: the journal has another device than the cloud"
    );
}

async fn matrix(record: &'static str, lost_calls_leave_a_trace: bool) {
    let mut cuts = 0;
    for journey in JOURNEYS {
        let whole = stage_of(journey, record, None);
        run_until_it_dies(&whole, journey).await;
        let facts = whole.facts().len();
        assert!(facts > 5, "{}: a journey has facts\n{}", journey.name, whole.in_words());
        for after in 1..=facts {
            for fuse in [Fuse::BeforeActing { facts: after }, Fuse::BeforeWriting { facts: after }] {
                let which = format!("{} ({record}), {fuse:?}", journey.name);
                let mut stage = stage_of(journey, record, Some(fuse));
                run_until_it_dies(&stage, journey).await;
                pick_up(&mut stage, journey).await;
                // Of each lost answer nothing is left, where the cloud shows nothing: the cut is one, the cloud may add one.
                let lost = if lost_calls_leave_a_trace { 0 } else { 1 + journey.cloud.len() };
                check(&stage, 1 + lost, &which);
                assert!(
                    stage.engine.ghosts(false).await.is_empty(),
                    "{which}: a ghost\n{}",
                    stage.in_words()
                );
                assert!(
                    stage.engine.reconcile().await.is_empty(),
                    "{which}: still open\n{}",
                    stage.in_words()
                );
                cuts += 1;
            }
        }
    }
    assert!(cuts > 200, "only {cuts} cuts");
}

/// The cloud shows what was reserved, so that a lost answer's device is found: nothing is ever reserved twice.
#[tokio::test(start_paused = true)]
async fn a_crash_at_any_fact_reserves_nothing_twice_where_the_cloud_shows_reservations() {
    matrix("record=at-once", true).await;
}

/// The cloud shows a device at its first check-in only: a reservation whose answer was lost leaves no trace, and only then
/// another one is made.
#[tokio::test(start_paused = true)]
async fn a_crash_at_any_fact_leaves_one_device_where_reservations_are_invisible() {
    matrix("record=at-check-in", false).await;
}
