//! Journeys that end at first light.

use crate::stage::{Stage, assert_words, device};
use engine::{Outcome, Target};
use proto::MediumKind;
use sim::{DeviceSpec, Dialect};

#[tokio::test(start_paused = true)]
async fn a_ble_device_comes_to_first_light() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let end = stage.run().await;
    assert_words(
        &stage.in_words(),
        "
        queued for 24:6F:28:00:00:01
        Connect:
          connected over ble as blynk-inject
        Identify:
          it is 24:6F:28:00:00:01 of TMPL4xYzAbCdE, attempt 1
        Survey:
          hears 6 networks, ours too
        Reserve:
          asks for a new device
          device 4711 is made
        Deliver:
          hands over Workshop 2G and the token of device 4711
          the device has it
        Join:
          \"connecting to the network\"
          \"the network is up\"
          \"connecting to the cloud\"
        Confirm:
          \"connected\"
          the cloud sees device 4711
        Passed
        ",
    );
    assert_eq!(end.outcome, Outcome::Passed);
    assert!(stage.only_device().is_online());
    assert!(!stage.only_device().is_linked(), "the device was let go");
}

#[tokio::test(start_paused = true)]
async fn a_serial_device_comes_to_first_light() {
    let stage = Stage::with(device(Dialect::ConsoleB, &[]));
    let end = stage.run().await;
    assert_words(
        &stage.in_words(),
        "
        queued for SIM1
        Connect:
          connected over serial as blynk-console
        Identify:
          it is 24:6F:28:00:00:01 of TMPL4xYzAbCdE, attempt 1
        Survey:
          hears 6 networks, ours too
        Reserve:
          asks for a new device
          device 4711 is made
        Deliver:
          hands over Workshop 2G and the token of device 4711
          \"connecting to the network\"
          the device has it
        Join:
          \"connecting to the cloud\"
        Confirm:
          \"connected\"
          the cloud sees device 4711
        Passed
        ",
    );
    assert_eq!(end.outcome, Outcome::Passed);
}

#[tokio::test(start_paused = true)]
async fn every_dialect_that_can_be_told_our_server_comes_to_first_light() {
    for dialect in [
        Dialect::EdgentArduino,
        Dialect::EdgentIdf,
        Dialect::Particle,
        Dialect::Linux,
        Dialect::ConsoleB,
        Dialect::ConsoleSilent,
    ] {
        let stage = Stage::with(device(dialect, &[]));
        let end = stage.run().await;
        assert_eq!(end.outcome, Outcome::Passed, "{dialect:?}:\n{}", stage.in_words());
        assert_eq!(stage.tokens_made(), (1, 0), "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn name_and_metadata_are_written_after_first_light() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let mut recipe = stage.recipe();
    recipe.name = Some("Pump 7".into());
    recipe.meta.insert("Location".into(), "Hall 2".into());
    recipe.meta.insert("No Such Field".into(), "x".into());
    let end = stage.provision(recipe, Target::Any).await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    let words = stage.in_words();
    let described = words.split("the cloud sees").nth(1).expect("it was seen");
    assert_words(
        described,
        "
         device 4711
        Describe:
          warning: cloud.not_found at Describe
          named Pump 7, 1 fields written
        Passed
        ",
    );
    let device = stage.cloud_state().device(4711).expect("it is in the cloud");
    assert_eq!(device.name, "Pump 7");
    assert!(device.fields.values().any(|value| value == "Hall 2"));
}

#[tokio::test(start_paused = true)]
async fn any_device_means_the_one_on_the_cable_then_the_nearest() {
    let far = DeviceSpec { rssi: -80, ..DeviceSpec::new(Dialect::EdgentArduino, 2) };
    let near = DeviceSpec { rssi: -40, ..DeviceSpec::new(Dialect::EdgentArduino, 3) };
    let cable = DeviceSpec::new(Dialect::ConsoleB, 4);
    let stage = Stage::new(vec![far, near, cable], &[]);
    for expected in ["24:6F:28:00:00:04", "24:6F:28:00:00:03", "24:6F:28:00:00:02"] {
        let end = stage.provision(stage.recipe(), Target::Any).await;
        assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
        let units = stage.engine.units();
        let passed = units.iter().find(|unit| unit.unit.0 == expected).expect("this unit was taken");
        assert_eq!(passed.outcome, Some(Outcome::Passed));
    }
    assert_eq!(stage.cloud_state().visible_devices().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_device_is_found_by_its_name() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let name = stage.only_device().name().to_owned();
    let end = stage.provision(stage.recipe(), Target::Named { medium: MediumKind::Ble, name }).await;
    assert_eq!(end.outcome, Outcome::Passed);
}

#[tokio::test(start_paused = true)]
async fn any_device_means_one_that_can_be_told_our_server() {
    let old = DeviceSpec::new(Dialect::ConsoleA, 1);
    let new = DeviceSpec::new(Dialect::EdgentArduino, 2);
    let stage = Stage::new(vec![old, new], &[]);
    let end = stage.provision(stage.recipe(), Target::Any).await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(stage.engine.units()[0].unit.0, "24:6F:28:00:00:02");
}
