//! The practice world: alone enough, and never mixed with real units.

use crate::house::*;

#[test]
fn practice_alone_is_enough_for_any_device() {
    let house = House::new();
    let mut command = program(["provision", "--practice", "--any", "--json"]);
    let ended = run(command.env("HOME", house.dir.path()).env("XDG_DATA_HOME", house.dir.path()));
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(ended.finished()["outcome"], "passed");
    let left = std::fs::read_dir(house.dir.path()).expect("readable").count();
    assert_eq!(left, 0, "practice leaves nothing behind");
}

#[test]
fn practice_keeps_to_a_folder_of_its_own() {
    let house = House::new();
    let ended = run(&mut house.program(["provision", "--practice", "--any"]));
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(run(&mut house.program(["units"])).of("unit").is_empty(), "no practice unit among real ones");
    assert_eq!(run(&mut house.program(["units", "--practice"])).of("unit").len(), 1);
    // The next run's cloud begins with the same device ids; they are not taken for the first run's.
    let other = run(&mut house.program(["provision", "--practice", "--ble", "Practice Pump-K3M7"]));
    assert_eq!(other.status, Some(0), "{}", other.stderr);
    assert_eq!(run(&mut house.program(["units", "--practice"])).of("unit").len(), 2);
}

#[test]
fn practice_shows_typical_troubles_by_name() {
    let ended = run(&mut program(["scan", "--practice", "--for", "500ms", "--json"]));
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let names: Vec<String> = ended.of("sighting").iter().map(|line| line["name"].to_string()).collect();
    assert!(names.iter().any(|name| name.contains("Wrong Password")), "{names:?}");
}

#[test]
fn a_port_that_practice_does_not_have_is_refused() {
    let ended = run(&mut program(["provision", "--practice", "--port", "/dev/ttyUSB0", "--json"]));
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    assert_eq!(ended.refusals(), ["refused.unknown_port"]);
}

#[test]
fn practice_servers_say_first_how_to_reach_them_in_both_manners() {
    let cloud = Running::start(&mut program(["practice", "cloud"]));
    let ready: serde_json::Value = serde_json::from_str(&cloud.wait_for("")).expect("a JSON line");
    assert_eq!(ready["event"], "ready");
    assert!(ready["url"].as_str().expect("a URL").starts_with("http://127.0.0.1:"));
    for key in ["client_id", "client_secret"] {
        assert!(ready[key].is_string(), "{ready}");
    }
    cloud.signal("INT");
    cloud.end();
    let device = Running::start(&mut program(["practice", "device", "serial", "--driver", "blynk-console"]));
    let ready: serde_json::Value = serde_json::from_str(&device.wait_for("")).expect("a JSON line");
    assert!(ready["port"].is_string() && ready["unit"].is_string(), "{ready}");
    device.signal("INT");
    device.end();
}

#[test]
fn a_practice_device_says_which_unit_it_becomes() {
    let house = House::new();
    for driver in ["blynk-console", "improv", "espressif"] {
        let words = [
            "practice",
            "device",
            "serial",
            "--driver",
            driver,
            "--cloud",
            house.url(),
            "--fault",
            "scale=0.02",
        ];
        let device = Running::start(&mut program(words));
        let ready: serde_json::Value = serde_json::from_str(&device.wait_for("")).expect("a JSON line");
        let mut command = house.provision(ready["port"].as_str().expect("a port"), &["--driver", driver]);
        if let Some(proof) = ready["device_secret"].as_str() {
            command.env("FIRSTLIGHT_DEVICE_SECRET", proof);
        }
        let ended = run(&mut command);
        assert_eq!(ended.finished()["unit"], ready["unit"], "{driver}: {}", ended.stdout);
        device.signal("INT");
        device.end();
    }
}

#[test]
fn a_practice_device_that_asks_for_a_proof_tells_it() {
    for (driver, secret) in [("espressif", true), ("improv", false), ("blynk-console", false)] {
        let device = Running::start(&mut program(["practice", "device", "serial", "--driver", driver]));
        let ready: serde_json::Value = serde_json::from_str(&device.wait_for("")).expect("a JSON line");
        assert_eq!(ready["device_secret"].is_string(), secret, "{ready}");
        device.signal("INT");
        device.end();
    }
}
