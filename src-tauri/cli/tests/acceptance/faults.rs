//! Each kind of end with its exit status, and how it is told apart.

use crate::house::*;
use serde_json::Value;

fn ends(house: &House, device_faults: &[&str], more: &[&str]) -> (Option<i32>, Value) {
    let device = house.device(1, device_faults);
    let ended = run(&mut house.provision(&port(&device), more));
    let finished = ended.finished();
    (ended.status, finished)
}

#[test]
fn a_wrong_password_is_the_networks_and_can_be_fixed() {
    let house = House::new();
    let (status, finished) = ends(&house, &["outcome=wrong-password"], &["--patience", "20"]);
    assert_eq!(status, Some(1), "{finished}");
    assert_eq!(finished["outcome"], "failed");
    let fault = &finished["fault"];
    assert_eq!(fault["code"], "wifi.password_refused", "{fault}");
    assert_eq!(fault["blame"], "network");
    assert_eq!(fault["retry"], "after_fix");
    assert_eq!(fault["device_code"], 722);
    let mut keys: Vec<&String> = fault.as_object().expect("an object").keys().collect();
    keys.sort();
    assert_eq!(keys, ["blame", "code", "device_code", "fix", "retry", "step", "what"]);
}

#[test]
fn a_device_that_the_cloud_never_sees_is_unknown_not_failed() {
    let house = House::new();
    let (status, finished) = ends(&house, &["outcome=never-checks-in"], &["--patience", "2"]);
    assert_eq!(status, Some(3), "{finished}");
    assert_eq!(finished["outcome"], "unknown");
    assert_eq!(finished["fault"]["code"], "cloud.not_seen");
}

#[test]
fn a_wrong_template_ends_before_a_token_is_taken() {
    let house = House::new();
    let (status, finished) = ends(&house, &[], &["--expect-template", "TMPLotherOther"]);
    assert_eq!(status, Some(1), "{finished}");
    assert_eq!(finished["fault"]["code"], "template.mismatch");
    assert!(house.cloud().all_devices().is_empty());
}

#[test]
fn what_the_cloud_refuses_is_told_apart() {
    for (fault, code) in [
        ("status-403=always@reserve", "cloud.forbidden"),
        ("scope=off", "cloud.scope_off"),
        ("status-401=always@sign-in", "cloud.sign_in"),
    ] {
        let house = House::with_cloud(&[fault]);
        let (status, finished) = ends(&house, &[], &[]);
        assert_eq!(status, Some(1), "{fault}: {finished}");
        assert_eq!(finished["fault"]["code"], code, "{fault}: {finished}");
        assert!(house.cloud().all_devices().is_empty(), "{fault}");
    }
}

#[test]
fn a_lost_answer_is_reconciled_not_repeated() {
    let house = House::with_cloud(&["lost=once@reserve", "record=at-once"]);
    let (status, finished) = ends(&house, &[], &[]);
    assert_eq!(status, Some(3), "{finished}");
    assert_eq!(finished["fault"]["code"], "cloud.answer_lost");
    assert_eq!(house.cloud().all_devices().len(), 1, "asked once, not again");

    let settled = run(&mut house.program(["reconcile"]));
    assert_eq!(settled.status, Some(0), "{}", settled.stderr);
    let case = settled.of("reconciled").remove(0);
    assert_eq!(case["verdict"], "adopted", "{case}");
    assert_eq!(case["device_id"], house.cloud().all_devices()[0].id);

    let (status, finished) = ends(&house, &[], &[]);
    assert_eq!(status, Some(0), "{finished}");
    assert_eq!(finished["device_id"], house.cloud().all_devices()[0].id);
    assert_eq!(house.cloud().all_devices().len(), 1);
}

#[test]
fn an_open_case_without_secrets_is_refused_before_anything_is_asked() {
    let house = House::with_cloud(&["lost=once@reserve"]);
    ends(&house, &[], &[]);
    let before = house.cloud().requests();
    let mut command = house.program(["reconcile"]);
    let ended = run(command.env_remove("FIRSTLIGHT_CLIENT_SECRET"));
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    assert_eq!(ended.refusals(), ["refused.secret_missing"]);
    assert_eq!(house.cloud().requests(), before);
}

#[test]
fn ghosts_are_named_and_swept() {
    let house = House::with_cloud(&["record=at-once"]);
    // The device refuses its configuration, so that what was reserved never comes to life.
    let (_, finished) = ends(&house, &["outcome=wrong-password"], &["--patience", "20"]);
    let ghosts = run(&mut house.program(["ghosts"]));
    assert_eq!(ghosts.status, Some(0), "{}", ghosts.stderr);
    assert_eq!(ghosts.of("ghost").len(), 1, "{}", ghosts.stdout);
    assert_eq!(ghosts.of("ghost")[0]["device_id"], finished["device_id"]);
    let swept = run(&mut house.program(["ghosts", "--sweep"]));
    assert_eq!(swept.status, Some(0), "{}", swept.stderr);
    assert_eq!(swept.of("ghost")[0]["swept"], true);
    assert!(house.cloud().all_devices().is_empty());
}

#[test]
fn what_the_cloud_does_not_know_is_named() {
    let house = House::new();
    let (status, finished) = ends(&house, &[], &["--device-id", "999999"]);
    assert_eq!(status, Some(1), "{finished}");
    assert_eq!(finished["fault"]["code"], "cloud.not_found");
    assert!(finished["fault"]["what"].to_string().contains("999999"), "{finished}");

    let device = house.device(2, &[]);
    let ended = run(&mut house.provision(&port(&device), &["--meta", "No Such Field=1"]));
    assert_eq!(ended.status, Some(0), "a missing field is a warning on a pass: {}", ended.stdout);
    let warned = ended.of("warned");
    assert!(warned[0]["fault"]["what"].to_string().contains("No Such Field"), "{warned:?}");
}
