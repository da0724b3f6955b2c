//! Improv and Espressif devices among Blynk's, told apart by asking.

use crate::stage::{Stage, device, end_of};
use engine::{JobEvent, JobSecrets, Outcome, Recipe, Target};
use proto::{DeviceWord, Exposure, Secret};
use sim::air::PRACTICE_PASSWORD;
use sim::device::espressif::PROOF;
use sim::trouble::{Carrier, SecurityScheme};
use sim::{Dialect, fleet};
use std::collections::BTreeMap;

pub const ALL_DRIVERS: [Dialect; 6] = [
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

#[tokio::test(start_paused = true)]
async fn a_token_goes_to_the_endpoint_in_the_form_that_the_recipe_says() {
    let faults = ["token-form=json", "security=2"];
    let run = async |template: &str| {
        let stage = Stage::with(device(Dialect::EspressifBle, &faults));
        let mut recipe = stage.recipe();
        recipe.token_template = Some(template.to_owned());
        recipe.token_success = Some("json:status=ok".to_owned());
        let target = Target::At { address: stage.only_device().address() };
        let job = stage.engine.start(recipe, target, secrets(PROOF)).await.expect("it may begin");
        (end_of(job).await, stage)
    };
    let (end, _) = run(r#"{"token":"{token}","host":"{host}"}"#).await;
    assert_eq!(end.outcome, Outcome::Passed, "{:?}", end.fault);

    // The device says no, so it has nothing: neither the network nor a chance to look as if it had passed.
    let (end, stage) = run(r#"{"tok":"{token}"}"#).await;
    assert_eq!(end.outcome, Outcome::Failed, "{:?}", end.fault);
    assert!(stage.only_device().kept().networks.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_record_says_what_a_listener_could_have_learned() {
    for (dialect, faults, expected) in [
        (Dialect::EdgentArduino, &[][..], Exposure::Air),
        (Dialect::ConsoleB, &[], Exposure::Cable),
        (Dialect::ImprovBle, &["carrier=third-string"], Exposure::Air),
        (Dialect::ImprovSerial, &["carrier=third-string"], Exposure::Cable),
        (Dialect::EspressifBle, &["security=0"], Exposure::Air),
        (Dialect::EspressifBle, &["security=1"], Exposure::Sealed),
        (Dialect::EspressifBle, &["security=1-no-pop"], Exposure::Unproven),
        (Dialect::EspressifBle, &["security=2"], Exposure::Sealed),
        (Dialect::EspressifConsole, &["security=0"], Exposure::Cable),
        (Dialect::EspressifConsole, &["security=1"], Exposure::Sealed),
    ] {
        let stage = Stage::with(device(dialect, faults));
        let recipe = Recipe { carrier: Some("third-string".to_owned()), ..stage.recipe() };
        let target = Target::At { address: stage.only_device().address() };
        let job = stage.engine.start(recipe, target, secrets(PROOF)).await.expect("it may begin");
        end_of(job).await;
        let told = stage.facts().into_iter().find_map(|fact| match fact.event {
            JobEvent::Identified { identity, .. } => identity.exposure,
            _ => None,
        });
        assert_eq!(told, Some(expected), "{} {faults:?}", dialect.name());
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_wants_its_button_pressed_says_so_in_the_record_and_passes() {
    let stage = Stage::with(device(Dialect::ImprovBle, &["carrier=third-string", "button=20000"]));
    let recipe = Recipe { carrier: Some("third-string".to_owned()), ..stage.recipe() };
    let target = Target::At { address: stage.only_device().address() };
    let end = stage.provision(recipe, target).await;
    assert_eq!(end.outcome, Outcome::Passed, "{:?}", end.fault);
    let asked =
        |fact: &engine::Fact| matches!(&fact.event, JobEvent::Said { word: DeviceWord::AwaitsPerson { .. } });
    assert!(stage.facts().iter().any(asked), "{}", stage.in_words());
}

#[tokio::test(start_paused = true)]
async fn security_2_on_a_console_ends_with_its_reason_and_costs_no_token() {
    let stage = Stage::with(device(Dialect::EspressifConsole, &["security=2"]));
    let target = Target::At { address: stage.only_device().address() };
    let job = stage.engine.start(stage.recipe(), target, secrets(PROOF)).await.expect("it may begin");
    let end = end_of(job).await;
    assert_eq!(end.outcome, Outcome::Failed);
    let fault = end.fault.expect("a reason");
    assert_eq!(fault.code, engine::FaultCode::DeviceUnsupported);
    assert!(fault.about["what"].contains("406 bytes"), "{:?}", fault.about);
    assert_eq!(stage.tokens_made(), (0, 0));
}
