//! Ctrl-C: once to stop, twice to end at once; each time with exactly one `finished` line.

use crate::house::*;

#[test]
fn an_interrupt_after_delivery_ends_unknown() {
    let house = House::new();
    let device = house.device(1, &["outcome=never-checks-in"]);
    let running = Running::start(&mut house.provision(&port(&device), &["--patience", "100"]));
    running.wait_for("\"delivered\"");
    running.signal("INT");
    let ended = running.end();
    assert_eq!(ended.status, Some(130), "{}", ended.stderr);
    assert_eq!(ended.finished()["outcome"], "unknown");
}

#[test]
fn an_interrupt_before_delivery_stops_the_job() {
    let house = House::new();
    let device = house.device(1, &["mute=yes"]);
    let running = Running::start(&mut house.provision(&port(&device), &[]));
    running.wait_for("step_began");
    running.signal("INT");
    let ended = running.end();
    assert_eq!(ended.status, Some(130), "{}", ended.stderr);
    assert_ne!(ended.finished()["outcome"], "passed");
    assert!(house.cloud().all_devices().is_empty());
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let house = House::new();
    let device = house.device(1, &["outcome=never-checks-in"]);
    let running = Running::start(&mut house.provision(&port(&device), &["--patience", "100"]));
    running.wait_for("\"delivered\"");
    running.signal("INT");
    running.signal("INT");
    let ended = running.end();
    assert_eq!(ended.status, Some(130), "{}", ended.stderr);
    assert_eq!(ended.finished()["outcome"], "unknown");
}

#[test]
fn a_server_ends_well_when_it_is_stopped() {
    let running = Running::start(&mut program(["practice", "cloud", "--json"]));
    running.wait_for("ready");
    running.signal("INT");
    assert_eq!(running.end().status, Some(0));
}
