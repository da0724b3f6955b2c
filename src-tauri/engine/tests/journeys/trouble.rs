//! Journeys that do not go well, and what is said about it.

use crate::stage::{Stage, assert_words, device};
use engine::{Outcome, Target};
use proto::MediumKind;
use sim::{DeviceSpec, Dialect};

#[tokio::test(start_paused = true)]
async fn a_wrong_password_fails_with_its_cause_and_the_next_try_keeps_the_device() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &["outcome=wrong-password"]));
    let end = stage.run().await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "wifi.password_refused"));
    assert_eq!(end.fault.expect("a failure has a fault").device_code, Some(722));
    stage.only_device().heal();
    let end = stage.run().await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (1, 1), "the device was made once and renewed once");
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
        Confirm:
        Failed: wifi.password_refused (722) at Join
        queued for 24:6F:28:00:00:01
        Connect:
          connected over ble as blynk-inject
        Identify:
          it is 24:6F:28:00:00:01 of TMPL4xYzAbCdE, attempt 2
        Survey:
          hears 6 networks, ours too
        Reserve:
          asks for a token of device 4711
          a fresh token of device 4711
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
}

#[tokio::test(start_paused = true)]
async fn a_template_that_the_organization_lacks_costs_no_token() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]).template("TMPLnOtInOrG1"));
    let end = stage.run().await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "template.unknown"));
    assert!(stage.cloud_state().audit().is_empty(), "nothing was asked of the cloud that changes it");
    assert_eq!(stage.only_device().kept().token, None);
}

#[tokio::test(start_paused = true)]
async fn a_template_that_was_not_expected_costs_no_token() {
    let stage = Stage::with(device(Dialect::ConsoleB, &[]));
    let mut recipe = stage.recipe();
    recipe.expect_template = Some("TMPLother00000".into());
    let end = stage.provision(recipe, Target::Any).await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "template.mismatch"));
    assert!(stage.cloud_state().audit().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_and_no_more() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &["outcome=bad-token"]));
    let end = stage.run().await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "cloud.token_refused"), "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (1, 1));
    assert_eq!(stage.only_device().kept().deliveries, 2);
}

#[tokio::test(start_paused = true)]
async fn every_cause_that_a_device_knows_is_told() {
    for (outcome, code) in [
        ("missing-ssid", "wifi.not_found"),
        ("no-ip", "wifi.no_address"),
        ("net-timeout", "wifi.timeout"),
        ("cloud-timeout", "cloud.unreachable_from_device"),
    ] {
        let stage = Stage::with(device(Dialect::EdgentArduino, &[&format!("outcome={outcome}")]));
        let end = stage.run().await;
        assert_eq!((end.outcome, end.code()), (Outcome::Failed, code), "{outcome}:\n{}", stage.in_words());
        assert_eq!(stage.cloud_state().visible_devices().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_drops_its_link_at_once_passes_all_the_same() {
    let stage = Stage::with(device(Dialect::Particle, &[]));
    let end = stage.run().await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
}

#[tokio::test(start_paused = true)]
async fn a_device_that_dropped_its_link_is_asked_for_its_last_error_when_it_is_back() {
    for dialect in [Dialect::Particle, Dialect::EdgentIdf] {
        let stage = Stage::with(device(dialect, &["outcome=wrong-password"]));
        let end = stage.run().await;
        assert_eq!(
            (end.outcome, end.code()),
            (Outcome::Failed, "wifi.password_refused"),
            "{dialect:?}:\n{}",
            stage.in_words()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_breaks_while_joining_does_not_spoil_the_pass() {
    for drop in ["connecting", "network-up", "connected"] {
        let stage = Stage::with(device(Dialect::EdgentArduino, &[&format!("drop={drop}")]));
        let end = stage.run().await;
        assert_eq!(end.outcome, Outcome::Passed, "{drop}:\n{}", stage.in_words());
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_breaks_before_the_delivery_leaves_the_device_alone() {
    for drop in ["open", "info"] {
        let stage = Stage::with(device(Dialect::EdgentArduino, &[&format!("drop={drop}")]));
        let end = stage.run().await;
        assert_eq!(end.outcome, Outcome::Failed, "{drop}:\n{}", stage.in_words());
        assert_eq!(stage.tokens_made(), (0, 0), "{drop}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_early_connected_is_worth_the_cloud_decides() {
    let stage = Stage::with(device(Dialect::Linux, &["outcome=never-checks-in"]));
    let end = stage.run().await;
    assert_eq!((end.outcome, end.code()), (Outcome::Unknown, "cloud.not_seen"), "{}", stage.in_words());
    let settled = stage.engine.reconcile().await;
    assert_eq!(settled.len(), 1);
    assert_eq!(settled[0].verdict, engine::work::Verdict::StillUnknown);
}

#[tokio::test(start_paused = true)]
async fn an_enterprise_network_is_refused_before_a_token_is_taken() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let enterprise = stage
        .world
        .networks()
        .into_iter()
        .find(|network| network.security.contains("ENT"))
        .expect("the workshop has an enterprise network");
    let mut recipe = stage.recipe();
    recipe.ssid = Some(enterprise.ssid);
    let end = stage.provision(recipe, Target::Any).await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "wifi.unsupported"), "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_not_there_is_said_to_be_missing() {
    let stage = Stage::new(vec![], &[]);
    let target = Target::Named { medium: MediumKind::Ble, name: "Nobody-0000".into() };
    let end = stage.provision(stage.recipe(), target).await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "ble.not_in_sight"));
    let end = stage.provision(stage.recipe(), Target::Any).await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "device.not_found"));
}

#[tokio::test(start_paused = true)]
async fn a_port_without_a_known_protocol_is_said_to_be_so() {
    let stage = Stage::with(DeviceSpec::new(Dialect::MicroPython, 1));
    let end = stage.run().await;
    assert_eq!(end.outcome, Outcome::Failed, "{}", stage.in_words());
    assert!(["device.unknown_protocol", "device.silent"].contains(&end.code()), "{}", end.code());
    assert_eq!(stage.tokens_made(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_console_with_its_server_built_in_is_refused_before_a_token_is_taken() {
    let stage = Stage::with(device(Dialect::ConsoleA, &[]));
    let end = stage.run().await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "device.host_fixed"), "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn patience_that_is_over_can_still_turn_into_a_pass() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let mut recipe = stage.recipe();
    recipe.patience_s = 1;
    let end = stage.provision(recipe, Target::Any).await;
    assert_eq!((end.outcome, end.code()), (Outcome::Unknown, "cloud.not_seen"), "{}", stage.in_words());
    let online = async {
        while !stage.only_device().is_online() {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(300), online)
        .await
        .expect("the device joins by itself");
    let settled = stage.engine.reconcile().await;
    assert_eq!(settled[0].verdict, engine::work::Verdict::Passed);
    assert_eq!(stage.engine.units()[0].outcome, Some(Outcome::Passed));
    assert!(stage.engine.reconcile().await.is_empty(), "nothing is open any more");
}

#[tokio::test(start_paused = true)]
async fn a_device_without_a_carrier_gets_its_network_and_no_token_is_asked_for() {
    for dialect in [Dialect::ImprovBle, Dialect::ImprovSerial] {
        let stage = Stage::with(device(dialect, &[]));
        let end = stage.run().await;
        assert_eq!((end.outcome, end.code()), (Outcome::Unknown, "token.no_carrier"), "{}", stage.in_words());
        assert!(stage.cloud_state().audit().is_empty(), "{dialect:?}: no token was taken");
        assert!(stage.in_words().contains("the device has the network only"), "{}", stage.in_words());
        assert!(stage.engine.ghosts(false).await.is_empty());

        let stage = Stage::with(device(dialect, &["outcome=wrong-password"]));
        let end = stage.run().await;
        assert_eq!(end.outcome, Outcome::Failed, "{dialect:?}: {}", stage.in_words());
        assert!(end.code().starts_with("wifi."), "{dialect:?}: {}", end.code());
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_needs_wifi_says_so_before_a_token_is_taken() {
    for dialect in [Dialect::EdgentArduino, Dialect::EdgentIdf, Dialect::ImprovSerial] {
        let stage = Stage::with(device(dialect, &[]));
        let recipe = engine::Recipe { ssid: None, ..stage.recipe() };
        let target = Target::At { address: stage.only_device().address() };
        let end = stage.provision(recipe, target).await;
        assert_eq!(
            (end.outcome, end.code()),
            (Outcome::Failed, "device.network_missing"),
            "{dialect:?}: {}",
            stage.in_words()
        );
        assert_eq!(stage.tokens_made(), (0, 0), "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_online_already_needs_no_network() {
    for dialect in [Dialect::EdgentArduino, Dialect::EdgentIdf, Dialect::Linux] {
        let stage = Stage::with(device(dialect, &["cable=ready"]));
        let recipe = engine::Recipe { ssid: None, ..stage.recipe() };
        let target = Target::At { address: stage.only_device().address() };
        let end = stage.provision(recipe, target).await;
        assert_eq!(end.outcome, Outcome::Passed, "{dialect:?}: {}", stage.in_words());
    }
}
