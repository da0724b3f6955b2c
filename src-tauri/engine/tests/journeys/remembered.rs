//! BLE devices whose adverts show no services any more, as some that the system remembers from before: who they are is
//! found out by asking, and by what the journal knows of their addresses.

use crate::stage::{Stage, device, end_of};
use engine::{JobSecrets, Outcome, Recipe, Target};
use futures::StreamExt;
use proto::{DriverSettings, MediumKind, Secret};
use sim::air::PRACTICE_PASSWORD;
use sim::device::espressif::PROOF;
use sim::{Device, Dialect};
use tokio_util::sync::CancellationToken;

const DIALECTS: [(Dialect, &str); 3] = [
    (Dialect::EdgentArduino, "blynk-inject"),
    (Dialect::ImprovBle, "improv"),
    (Dialect::EspressifBle, "espressif"),
];

fn secrets() -> JobSecrets {
    JobSecrets {
        wifi_password: Some(Secret::new(PRACTICE_PASSWORD)),
        device_secret: Some(Secret::new(PROOF)),
    }
}

async fn outcome(stage: &Stage, target: Target, driver: &str) -> Outcome {
    let carrier = Some("vendor:0x90".to_owned());
    let recipe = Recipe { driver: driver.to_owned(), carrier, ..stage.recipe() };
    let job = stage.engine.start(recipe, target, secrets()).await.expect("nothing speaks against it");
    end_of(job).await.outcome
}

/// The name that an advert without services could give away.
fn at(device: &Device) -> Target {
    Target::At { address: device.address() }
}

async fn drivers_shown(stage: &Stage) -> Vec<&'static str> {
    let mut sightings = stage.engine.sightings(&[MediumKind::Ble]);
    sightings.next().await.expect("a sighting").expect("the medium works").drivers
}

#[tokio::test(start_paused = true)]
async fn a_look_asks_with_every_driver_of_the_medium() {
    for (dialect, driver) in DIALECTS {
        let stage = Stage::with(device(dialect, &["advert=bare"]));
        let settings =
            DriverSettings { device_secret: Some(Secret::new(PROOF)), ..DriverSettings::default() };
        let address = stage.only_device().address();
        let look = stage.engine.look(&address, None, &settings, &CancellationToken::new()).await;
        assert_eq!(look.expect("it answers one of them").driver, driver);
        assert!(!stage.only_device().is_linked(), "{driver}: it is let go");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_asks_with_every_driver_of_the_medium() {
    for (dialect, driver) in DIALECTS {
        let stage = Stage::with(device(dialect, &["advert=bare", "carrier=vendor:0x90"]));
        assert_eq!(outcome(&stage, at(&stage.only_device()), "auto").await, Outcome::Passed, "{driver}");
        let unit = stage.engine.units().into_iter().next().expect("a unit");
        assert_eq!(unit.driver.as_deref(), Some(driver));
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_driver_at_all_is_said_to_lack_the_service_or_to_be_none_of_ours() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &["advert=bare", "mute=yes"]));
    let address = stage.only_device().address();
    let settings = DriverSettings::default();
    let look = stage.engine.look(&address, None, &settings, &CancellationToken::new()).await;
    let fault = look.expect_err("it says nothing");
    assert_eq!(fault.code, engine::FaultCode::DeviceSilent, "a silent device, not one that lacks a service");
}

#[tokio::test(start_paused = true)]
async fn any_device_and_the_list_know_again_what_the_journal_has_met() {
    for (dialect, driver) in DIALECTS {
        let stage = Stage::with(device(dialect, &["carrier=vendor:0x90"]));
        let one = stage.only_device();
        assert_eq!(outcome(&stage, at(&one), "auto").await, Outcome::Passed, "{driver}");
        one.set("advert", "bare").expect("a knob of the simulator");
        one.enter_configuration();
        assert_eq!(drivers_shown(&stage).await, [driver]);
        for wanted in ["auto", driver] {
            one.enter_configuration();
            assert_eq!(outcome(&stage, Target::Any, wanted).await, Outcome::Passed, "{driver}, {wanted}");
        }
        assert_eq!(stage.cloud_state().visible_devices().len(), 1, "one unit is one cloud device");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stranger_without_services_is_neither_named_nor_taken() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &["advert=bare"]));
    assert!(drivers_shown(&stage).await.is_empty());
    assert_eq!(outcome(&stage, Target::Any, "auto").await, Outcome::Failed);
    assert_eq!(stage.tokens_made(), (0, 0));
}
