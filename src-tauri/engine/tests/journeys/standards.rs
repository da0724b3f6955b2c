//! Improv and Espressif devices among Blynk's, told apart by asking.

use crate::stage::{Stage, device, end_of};
use engine::{JobSecrets, Outcome, Recipe, Target};
use proto::Secret;
use sim::air::PRACTICE_PASSWORD;
use sim::device::espressif::PROOF;
use sim::trouble::{Carrier, SecurityScheme};
use sim::{Dialect, fleet};
use std::collections::BTreeMap;

const ALL_DRIVERS: [Dialect; 6] = [
    Dialect::EdgentArduino,
    Dialect::ConsoleB,
    Dialect::ImprovBle,
    Dialect::ImprovSerial,
    Dialect::EspressifBle,
    Dialect::EspressifConsole,
];

fn secrets(proof: &str) -> JobSecrets {
    JobSecrets {
        wifi_password: Some(Secret::new(PRACTICE_PASSWORD)),
        device_secret: Some(Secret::new(proof)),
    }
}

#[tokio::test(start_paused = true)]
async fn devices_of_all_four_drivers_are_matched_by_asking_and_all_pass() {
    let mut specs = fleet(24, &ALL_DRIVERS, 5);
    for (index, spec) in specs.iter_mut().enumerate() {
        spec.trouble.carrier = Carrier::Vendor(0x90);
        if spec.dialect == Dialect::EspressifBle && index % 12 == 4 {
            spec.trouble.security = SecurityScheme::Two;
        }
    }
    let stage = Stage::new(specs, &[]);
    let mut ends = Vec::new();
    for device in stage.world.devices() {
        let recipe =
            Recipe { driver: "auto".to_owned(), carrier: Some("vendor:0x90".to_owned()), ..stage.recipe() };
        let target = Target::At { address: device.address() };
        let job =
            stage.engine.start(recipe, target, secrets(PROOF)).await.expect("nothing speaks against it");
        ends.push((device, tokio::spawn(end_of(job))));
    }
    for (device, end) in ends {
        let end = end.await.expect("every job ends");
        assert_eq!(end.outcome, Outcome::Passed, "{}: {:?}", device.dialect().name(), end.fault);
    }
    assert_eq!(stage.cloud_state().visible_devices().len(), 24);
    assert_eq!(stage.tokens_made(), (24, 0));
    let mut drivers = BTreeMap::new();
    for unit in stage.engine.units() {
        *drivers.entry(unit.driver.unwrap_or_default()).or_insert(0) += 1;
    }
    let expected = [("blynk-console", 4), ("blynk-inject", 4), ("espressif", 8), ("improv", 8)];
    assert_eq!(drivers, expected.map(|(name, count)| (name.to_owned(), count)).into());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_proof_costs_no_token() {
    for faults in [&["security=1"][..], &["security=2", "hangs-up=yes"]] {
        let stage = Stage::with(device(Dialect::EspressifBle, faults));
        let target = Target::At { address: stage.only_device().address() };
        let job =
            stage.engine.start(stage.recipe(), target, secrets("not this one")).await.expect("it may begin");
        let end = end_of(job).await;
        assert_eq!(end.outcome, Outcome::Failed);
        assert_eq!(end.fault.map(|fault| fault.code), Some(engine::FaultCode::DeviceWrongProof));
        assert_eq!(stage.tokens_made(), (0, 0));
    }
}
