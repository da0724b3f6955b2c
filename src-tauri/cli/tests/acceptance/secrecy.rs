//! Canaries in every secret, and a search for them in all that leaves the program: output, logs, every file.

use crate::house::*;
use std::path::Path;

const WIFI_CANARY: &str = "canary-wifi-7Qz";
const PROOF_CANARY: &str = "canary-proof-5Kx";
const PASSPHRASE_CANARY: &str = "canary-passphrase-3Jw";

/// All that was written, with where it was.
#[derive(Default)]
struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    fn ended(&mut self, what: &str, ended: &Ended) {
        self.0.push((format!("stdout of {what}"), ended.stdout.clone().into_bytes()));
        self.0.push((format!("stderr of {what}"), ended.stderr.clone().into_bytes()));
    }

    fn files(&mut self, dir: &Path) {
        for entry in std::fs::read_dir(dir).expect("readable").flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => self.files(&path),
                false => self.0.push((path.display().to_string(), std::fs::read(&path).expect("readable"))),
            }
        }
    }

    fn search(&self, secret: &str) {
        assert!(secret.len() >= 8, "too short to search for");
        for (place, bytes) in &self.0 {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret stands in {place}");
        }
    }
}

#[test]
fn no_secret_leaves_the_program() {
    let house = House::with_cloud(&["lost=nth:2@reserve"]);
    let bearer = house.cloud().static_bearer();
    let mut seen = Seen::default();
    let mut act = |what: &str, command: &mut std::process::Command| {
        let ended = run(command
            .env("FIRSTLIGHT_WIFI_PASSWORD", WIFI_CANARY)
            .env("FIRSTLIGHT_DEVICE_SECRET", PROOF_CANARY)
            .env("FIRSTLIGHT_PASSPHRASE", PASSPHRASE_CANARY)
            .env("RUST_BACKTRACE", "1")
            .env("RUST_LOG", "trace"));
        seen.ended(what, &ended);
        ended
    };
    let verbose = &["-vv", "--wifi", "Somewhere Else"];
    let words = |port: &str| {
        let mut command = house.program(["provision", "--port", port, "--server", house.url()]);
        command.args(["--org", "1", "--owner", "1"]).args(verbose);
        command
    };

    let device = house.device(1, &[]);
    let passed = act("a pass", &mut words(&port(&device)));
    assert_eq!(passed.status, Some(0), "{}", passed.stderr);
    let lost = house.device(2, &[]);
    assert_eq!(act("a lost answer", &mut words(&port(&lost))).status, Some(3));
    let refused = house.device(3, &["outcome=wrong-password"]);
    assert_eq!(act("a failure", words(&port(&refused)).args(["--patience", "20"])).status, Some(1));
    let unseen = house.device(4, &["outcome=never-checks-in"]);
    let mut with_bearer = words(&port(&unseen));
    with_bearer.args(["--patience", "2"]).env("FIRSTLIGHT_BEARER", &bearer);
    assert_eq!(act("an unknown", &mut with_bearer).status, Some(3));
    assert_eq!(act("a refusal", words(&port(&device)).args(["--driver", "fax"])).status, Some(2));
    let mut add =
        house.program(["profile", "add", "workshop", "--server", house.url(), "--wifi", "Somewhere", "-vv"]);
    let added = act("adding a profile", &mut add);
    assert_eq!(added.status, Some(0), "{}", added.stderr);
    let listed = act("listing", &mut house.program(["profile", "list", "-vv"]));
    assert_eq!(listed.of("profile").len(), 1);
    let tested = act("testing", &mut house.program(["profile", "test", "workshop", "-vv"]));
    assert_eq!(tested.status, Some(0), "{}", tested.stderr);
    act("the doctor", &mut house.program(["doctor", "--server", house.url(), "-vv"]));
    act("reconciling", &mut house.program(["reconcile", "-vv"]));
    for format in ["csv", "jsonl", "html"] {
        act("an export", &mut house.program(["export", "--format", format]));
    }
    let unit = passed.finished()["unit"].as_str().expect("a unit").to_owned();
    act("a history", &mut house.program(["history", &unit]));
    act("units", &mut house.program(["units"]));

    // A killed process leaves its write-ahead log behind.
    let killed = house.device(5, &["outcome=never-checks-in"]);
    let mut command = words(&port(&killed));
    let running = Running::start(command.env("FIRSTLIGHT_WIFI_PASSWORD", WIFI_CANARY));
    running.wait_for("\"delivered\"");
    running.signal("KILL");
    let ended = running.end();
    seen.ended("a killed process", &ended);
    seen.files(house.dir.path());
    assert!(seen.0.iter().any(|(place, _)| place.ends_with("-wal")), "the write-ahead log was searched too");

    for secret in
        [WIFI_CANARY, PROOF_CANARY, PASSPHRASE_CANARY, house.client_id(), house.client_secret(), &bearer]
    {
        seen.search(secret);
    }
    let devices = house.cloud().all_devices();
    assert!(devices.len() >= 4);
    for device in &devices {
        seen.search(device.token());
    }
    assert_eq!(
        device.kept().token.as_deref().map(str::len),
        Some(32),
        "the device has a token, so there was one to leak"
    );
}

/// Development builds quote every secret in a panic when they are asked to; what is tested is what anybody hears of it.
#[test]
fn a_panic_of_the_running_program_tells_its_place_and_no_secret() {
    let house = House::with_cloud(&[]);
    let mut seen = Seen::default();
    for more in [&["--json"][..], &["-vv"]] {
        let mut command = house.program(["provision", "--any", "--server", house.url()]);
        command.args(["--org", "1", "--owner", "1", "--wifi", WIFI]).args(more);
        let ended = run(command
            .env("FIRSTLIGHT_WIFI_PASSWORD", WIFI_CANARY)
            .env("FIRSTLIGHT_DEVICE_SECRET", PROOF_CANARY)
            .env("FIRSTLIGHT_MISTAKE", "1")
            .env("RUST_BACKTRACE", "full")
            .env("RUST_LOG", "trace"));
        assert_eq!(ended.status, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("a mistake of its own at"), "it did happen: {}", ended.stderr);
        seen.ended("a panic", &ended);
    }
    seen.files(house.dir.path());
    seen.search(WIFI_CANARY);
    seen.search(PROOF_CANARY);
    assert_eq!(house.cloud().visible_devices().len(), 0);
}
