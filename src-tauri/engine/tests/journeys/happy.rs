//! Journeys that end at first light.

use crate::stage::{Stage, assert_words, device};
use engine::Outcome;
use sim::Dialect;

#[tokio::test(start_paused = true)]
async fn a_ble_device_comes_to_first_light() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let end = stage.run().await;
    assert_words(&stage.in_words(), "");
    assert_eq!(end.outcome, Outcome::Passed);
}

#[tokio::test(start_paused = true)]
async fn a_serial_device_comes_to_first_light() {
    let stage = Stage::with(device(Dialect::ConsoleB, &[]));
    let end = stage.run().await;
    assert_words(&stage.in_words(), "");
    assert_eq!(end.outcome, Outcome::Passed);
}
