//! After a failure that a person can correct the device stays in contact, and the next job goes on over the same link.

use crate::stage::{Stage, assert_words, device, end_of, secrets};
use engine::plan::patience::CORRECTION;
use engine::record::UnitState;
use engine::work::{Job, Update};
use engine::{JobSecrets, Outcome, Progress, Recipe, Target};
use proto::{DriverSettings, Secret};
use sim::air::PRACTICE_PASSWORD;
use sim::device::espressif::PROOF;
use sim::trouble::Carrier;
use sim::{Device, DeviceSpec, Dialect};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn with_password(password: &str) -> JobSecrets {
    JobSecrets { wifi_password: Some(Secret::new(password)), device_secret: Some(Secret::new(PROOF)) }
}

async fn start(stage: &Stage, recipe: Recipe, secrets: JobSecrets) -> Job {
    let target = Target::At { address: stage.only_device().address() };
    stage.engine.start_correctable(recipe, target, secrets).await.expect("nothing speaks against it")
}

/// A job with a wrong password; gives its id and what it came to.
async fn fail(stage: &Stage, recipe: Recipe) -> engine::JobId {
    let job = start(stage, recipe, with_password("not this one")).await;
    let id = job.id;
    let end = end_of(job).await;
    assert_eq!(end.outcome, Outcome::Failed, "{}", stage.in_words());
    id
}

fn only_unit(stage: &Stage) -> UnitState {
    let mut units = stage.engine.units();
    assert_eq!(units.len(), 1);
    units.remove(0)
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(600), waiting).await.expect(what);
}

fn held(device: &Device) -> bool {
    device.is_held()
}

#[tokio::test(start_paused = true)]
async fn a_corrected_password_goes_over_the_same_link_in_every_dialect() {
    for dialect in [
        Dialect::EdgentArduino,
        Dialect::ConsoleB,
        Dialect::ImprovBle,
        Dialect::ImprovSerial,
        Dialect::EspressifBle,
        Dialect::EspressifConsole,
    ] {
        let name = dialect.name();
        let mut spec = DeviceSpec::new(dialect, 1);
        spec.trouble.carrier = Carrier::Vendor(0x90);
        let stage = Stage::with(spec);
        let recipe = Recipe { carrier: Some("vendor:0x90".to_owned()), ..stage.recipe() };
        fail(&stage, recipe.clone()).await;
        let before = stage.only_device().links_opened();
        assert!(held(&stage.only_device()), "{name}: the device stays in contact: {}", stage.in_words());
        let end = end_of(start(&stage, recipe, with_password(PRACTICE_PASSWORD)).await).await;
        assert_eq!(end.outcome, Outcome::Passed, "{name}: {:?}\n{}", end.fault, stage.in_words());
        assert_eq!(stage.only_device().links_opened(), before, "{name}: no second link");
        assert!(stage.in_words().contains("on the link that was kept"), "{name}");
        assert_eq!(stage.tokens_made(), (1, 1), "{name}: one device in the cloud, with a fresh token");
        assert_eq!(only_unit(&stage).attempts, 2, "{name}");
        assert!(!held(&stage.only_device()), "{name}: let go after the pass");
    }
}

#[tokio::test(start_paused = true)]
async fn the_record_says_that_the_link_was_kept() {
    let stage = Stage::with(device(Dialect::ConsoleB, &[]));
    fail(&stage, stage.recipe()).await;
    let told = stage.facts().len();
    let end = end_of(start(&stage, stage.recipe(), with_password(PRACTICE_PASSWORD)).await).await;
    assert_eq!(end.outcome, Outcome::Passed);
    assert_words(
        &crate::stage::in_words(&stage.facts()[told..told + 3]),
        "
        queued for SIM1
        Connect:
          connected over serial as blynk-console, on the link that was kept
        ",
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_watches_is_told_how_long_a_link_is_kept_and_when_it_is_gone() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let mut updates = stage.engine.watch();
    let job = fail(&stage, stage.recipe()).await;
    let mut hints = Vec::new();
    let listening = async {
        while hints.len() < 2 {
            match updates.recv().await {
                Ok((_, Update::Progress(Progress::Waiting { .. }) | Update::Fact(_))) => {}
                Ok((of, Update::Progress(hint))) => hints.push((of, hint)),
                Err(error) => panic!("{error}"),
            }
        }
    };
    tokio::time::timeout(CORRECTION * 2, listening).await.expect("nobody corrects anything, so it is let go");
    let bound_ms = u64::try_from(CORRECTION.as_millis()).expect("two minutes");
    assert_eq!(hints, [(job, Progress::LinkKept { bound_ms }), (job, Progress::LinkLetGo)]);
    assert!(!held(&stage.only_device()));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_nobody_corrects_is_opened_anew_later() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    fail(&stage, stage.recipe()).await;
    let device = stage.only_device();
    until("it is let go in time", || !held(&device)).await;
    let before = device.links_opened();
    let end = end_of(start(&stage, stage.recipe(), with_password(PRACTICE_PASSWORD)).await).await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(device.links_opened(), before + 1);
    assert!(!stage.in_words().contains("on the link that was kept"));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_was_switched_off_meanwhile_is_opened_anew() {
    for dialect in [Dialect::EdgentArduino, Dialect::ConsoleB, Dialect::EspressifConsole] {
        let stage = Stage::with(device(dialect, &[]));
        fail(&stage, stage.recipe()).await;
        let device = stage.only_device();
        device.unplug();
        device.plug();
        let end = end_of(start(&stage, stage.recipe(), with_password(PRACTICE_PASSWORD)).await).await;
        assert_eq!(end.outcome, Outcome::Passed, "{}: {}", dialect.name(), stage.in_words());
        assert!(!stage.in_words().contains("on the link that was kept"), "{}", stage.in_words());
        assert_eq!(stage.tokens_made(), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn who_looks_at_the_device_gets_it_and_so_does_a_job_that_talks_to_it_otherwise() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let device = stage.only_device();
    fail(&stage, stage.recipe()).await;
    let settings = DriverSettings::default();
    stage
        .engine
        .look(&device.address(), None, &settings, &CancellationToken::new())
        .await
        .expect("it answers");
    assert!(!held(&device), "a look closes what it has opened");

    fail(&stage, stage.recipe()).await;
    assert!(held(&device));
    let before = device.links_opened();
    let other = Recipe { carrier: Some("vendor:0x91".to_owned()), ..stage.recipe() };
    let end = end_of(start(&stage, other, with_password(PRACTICE_PASSWORD)).await).await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(device.links_opened(), before + 1);

    fail(&stage, stage.recipe()).await;
    let before = device.links_opened();
    let target = Target::At { address: device.address() };
    let end = stage.provision(stage.recipe(), target).await;
    assert_eq!(end.outcome, Outcome::Passed, "also a job for which nobody stands by: {}", stage.in_words());
    assert_eq!(device.links_opened(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_is_kept_only_for_what_can_be_corrected_and_only_while_somebody_stands_by() {
    // Nobody stands by.
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let target = Target::At { address: stage.only_device().address() };
    let job = stage.engine.start(stage.recipe(), target, with_password("not this one")).await;
    assert_eq!(end_of(job.expect("it may begin")).await.outcome, Outcome::Failed);
    assert!(!held(&stage.only_device()));
    // Nothing that a person could type would help.
    for faults in [&["outcome=cloud-timeout"][..], &["outcome=bad-token"]] {
        let stage = Stage::with(device(Dialect::EdgentArduino, faults));
        let end = end_of(start(&stage, stage.recipe(), secrets()).await).await;
        assert_eq!(end.outcome, Outcome::Failed, "{faults:?}");
        assert!(!held(&stage.only_device()), "{faults:?}: {}", stage.in_words());
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_that_ends_lets_go_what_it_kept() {
    let stage = Stage::with(device(Dialect::ConsoleB, &[]));
    let job = fail(&stage, stage.recipe()).await;
    assert!(held(&stage.only_device()));
    stage.engine.let_link_go(job).await;
    assert!(!held(&stage.only_device()), "also when a person goes on to something else");

    fail(&stage, stage.recipe()).await;
    stage.engine.shutdown().await;
    assert!(!held(&stage.only_device()));
}
