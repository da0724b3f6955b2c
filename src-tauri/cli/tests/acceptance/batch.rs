//! Batches from a file: checked, run, stopped, killed and taken up again.

use crate::house::*;
use serde_json::Value;
use sim::pty::SerialDevice;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// A file in the house's folder.
fn file(house: &House, name: &str, content: &str) -> PathBuf {
    let path = house.dir.path().join(name);
    std::fs::write(&path, content).expect("a writable folder");
    path
}

/// A batch command with all that it needs; the house's ports are all there are.
fn batch(house: &House, devices: &[SerialDevice], arguments: &[&str]) -> Command {
    let ports: Vec<String> = devices.iter().map(port).collect();
    let mut command = house.program(["batch"]);
    command.args(arguments).env("FIRSTLIGHT_SERIAL_PORTS", ports.join(":"));
    command
}

fn run_of<'a>(house: &'a House, path: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["run", path, "--server", house.url(), "--org", "1", "--owner", "1"];
    arguments.extend(["--wifi", WIFI, "--patience", "8", "--wait", "20s"]);
    arguments
}

fn any(rows: u32) -> String {
    (1..=rows).fold("unit;name;Shelf\n".to_owned(), |file, row| format!("{file};Unit {row};{row:03}\n"))
}

/// Outcomes by row; each row exactly once.
fn ends(ended: &Ended) -> BTreeMap<u64, String> {
    let mut rows = BTreeMap::new();
    for line in ended.of("finished") {
        let row = line["row"].as_u64().expect("a row of a batch");
        let outcome = line["outcome"].as_str().expect("an outcome").to_owned();
        assert!(rows.insert(row, outcome).is_none(), "row {row} has two ends: {}", ended.stdout);
    }
    rows
}

#[test]
fn every_row_of_a_file_gets_a_device_and_one_finished_line() {
    let house = House::new();
    let devices: Vec<_> = (1..=4).map(|number| house.device(number, &[])).collect();
    // One row asks for a unit by its address; the others take what comes.
    let content = format!("{}{};Wanted;004\n", any(3), devices[2].unit());
    let path = file(&house, "units.csv", &content).display().to_string();
    let ended = run(&mut batch(&house, &devices, &run_of(&house, &path)));
    assert_eq!(ended.status, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ends(&ended).values().all(|outcome| outcome == "passed"), "{}", ended.stdout);
    let wanted = ended.of("finished").into_iter().find(|line| line["row"] == 4).expect("row 4");
    assert_eq!(wanted["unit"], devices[2].unit());
    assert_eq!(house.cloud().all_devices().len(), 4);

    let report = run(&mut batch(&house, &devices, &["report"]));
    assert!(report.stdout.contains("passed") && report.stdout.contains("Shelf"), "{}", report.stdout);
    assert!(report.stdout.contains("004"), "the file's own columns are in it: {}", report.stdout);
}

#[test]
fn a_file_with_problems_is_checked_at_once_and_not_run() {
    let house = House::new();
    let content = "unit,name,owner_id,device_secret\n24:6F:28:11:22:3,ok,x,CANARY-pop\nA,Pump/4,,\nA,,,\n";
    let path = file(&house, "units.csv", content).display().to_string();
    let fixes = house.dir.path().join("fix.csv");
    let defaults = ["--server", house.url(), "--org", "1", "--owner", "1", "--wifi", WIFI];
    let mut checking = batch(&house, &[], &["check", &path, "--problems-to"]);
    let checked = run(checking.arg(&fixes).args(defaults));
    assert_eq!(checked.status, Some(1), "{}{}", checked.stdout, checked.stderr);
    let codes = |lines: Vec<Value>| -> Vec<(u64, String)> {
        let line = |line: Value| {
            assert!(
                line["what"].is_string() && line["fix"].is_string() && line["column"].is_string(),
                "{line}"
            );
            (line["row"].as_u64().expect("a row"), line["code"].as_str().expect("a code").to_owned())
        };
        lines.into_iter().map(line).collect()
    };
    let found = codes(checked.of("problem"));
    let expected =
        [(1, "batch.mac_bad"), (1, "batch.owner_bad"), (2, "batch.name_invalid"), (3, "batch.unit_twice")];
    assert_eq!(found, expected.map(|(row, code)| (row, code.to_owned())));
    let mended = std::fs::read_to_string(&fixes).expect("it was written");
    assert_eq!(mended.lines().count(), 4, "{mended}");

    let refused = run(&mut batch(&house, &[], &run_of(&house, &path)));
    assert_eq!(refused.status, Some(2));
    assert_eq!(codes(refused.of("problem")), found, "the same lines");
    assert_eq!(refused.of("finished").len(), 0);
    let said = format!("{}{}{}{}{mended}", checked.stdout, checked.stderr, refused.stdout, refused.stderr);
    assert!(!said.contains("CANARY"), "a device's secret is in no output");
    assert!(house.cloud().all_devices().is_empty());
}

#[test]
fn the_canary_leaves_all_others_untouched_and_resume_takes_them_up() {
    let house = House::new();
    let devices: Vec<_> = (1..=4).map(|number| house.device(number, &[])).collect();
    let path = file(&house, "units.csv", &any(4)).display().to_string();
    let mut wrong = batch(&house, &devices, &run_of(&house, &path));
    let stopped = run(wrong.args(["--canary", "on"]).env("FIRSTLIGHT_WIFI_PASSWORD", "not the right one"));
    assert_eq!(stopped.status, Some(1), "{}{}", stopped.stdout, stopped.stderr);
    let outcomes = ends(&stopped);
    assert_eq!(outcomes.len(), 4);
    assert_eq!(outcomes.values().filter(|outcome| *outcome == "failed").count(), 1);
    assert_eq!(outcomes.values().filter(|outcome| *outcome == "skipped").count(), 3);
    for line in stopped.of("finished").iter().filter(|line| line["outcome"] == "failed") {
        assert_eq!(line["fault"]["code"], "wifi.password_refused", "no FAIL without its cause: {line}");
    }
    let stop = stopped.of("stopped").remove(0);
    assert_eq!((&stop["code"], &stop["field"]), (&"wifi.password_refused".into(), &"wifi_password".into()));
    assert!(house.cloud().all_devices().len() <= 1);

    let resumed = run(&mut batch(&house, &devices, &["resume"]));
    assert_eq!(resumed.status, Some(0), "{}{}", resumed.stdout, resumed.stderr);
    let outcomes = ends(&resumed);
    assert_eq!(outcomes.len(), 4);
    assert!(outcomes.values().all(|outcome| outcome == "passed"), "{}", resumed.stdout);
    assert_eq!(house.cloud().all_devices().len(), 4);
}

#[test]
fn a_batch_practises_with_a_device_for_each_row() {
    let house = House::new();
    let content = "unit,name\nPractice Valve-AB12,Valve\n24:6F:28:AA:BB:CC,By address\n,Any 1\n,Any 2\n";
    let path = file(&house, "units.csv", content);
    let mut command = program(["--json", "--practice", "batch", "run"]);
    let ended = run(command.arg(&path).env("HOME", house.dir.path()));
    assert_eq!(ended.status, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ends(&ended).len(), 4);
}

/// A small generator, so that a seed repeats a run as far as the machine allows.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Each unit that had begun has its line; the rows that had not are left for whoever resumes.
#[test]
fn an_interrupted_or_hung_up_batch_ends_with_130_and_a_line_for_each_unit_that_had_begun() {
    for signal in ["INT", "HUP", "TERM"] {
        let house = House::new();
        let devices: Vec<_> =
            (1..=3).map(|number| house.device(number, &["outcome=never-checks-in"])).collect();
        let path = file(&house, "units.csv", &any(5)).display().to_string();
        let mut arguments = run_of(&house, &path);
        // As long as it may take on a busy machine until all have begun.
        let patience = arguments.iter().position(|word| *word == "--patience").expect("it is there");
        arguments[patience + 1] = "100";
        arguments.extend(["--canary", "off"]);
        let running = Running::start(&mut batch(&house, &devices, &arguments));
        (0..3).for_each(|_| drop(running.wait_for("\"delivered\"")));
        running.signal(signal);
        let ended = running.end();
        assert_eq!(ended.status, Some(130), "{signal}: {}{}", ended.stdout, ended.stderr);
        let outcomes = ends(&ended);
        assert_eq!(outcomes.len(), 3, "{signal}: {}", ended.stdout);
        assert!(outcomes.values().all(|outcome| outcome == "unknown"), "{signal}: {outcomes:?}");
    }
}

/// `FIRSTLIGHT_BATCH_KILLS` says how often; a few times by default, so that every run of the tests has some.
#[test]
fn a_batch_that_is_killed_again_and_again_gives_each_row_one_end_and_each_unit_one_device() {
    const UNITS: u32 = 6;
    let kills: u32 =
        std::env::var("FIRSTLIGHT_BATCH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let mut dice = Dice(20_261_127);
    let house = House::with_cloud(&["lost=5%", "record=at-once"]);
    let (mut killed, mut rounds) = (0, 0);
    while killed < kills {
        let first = rounds * UNITS + 1;
        let devices: Vec<_> = (first..first + UNITS).map(|number| house.device(number, &[])).collect();
        let path = file(&house, "units.csv", &any(UNITS)).display().to_string();
        let mut ends_seen = BTreeMap::new();
        for attempt in 0.. {
            assert!(attempt < kills + 10, "it comes to its end");
            let begun = run(&mut house.program(["batch", "list"])).of("batch");
            let mut command = match begun.get(rounds as usize) {
                // It was killed before its rows were in the journal.
                None => batch(&house, &devices, &run_of(&house, &path)),
                Some(batch) if batch["passed"] == UNITS => break,
                Some(_) => batch(&house, &devices, &["resume", "--retry-failed", "--wait", "5s"]),
            };
            let running = Running::start(&mut command);
            // A whole batch takes about two seconds here.
            if killed < kills {
                std::thread::sleep(Duration::from_millis(150 + dice.below(1_500)));
                running.signal_if_alive("KILL");
                killed += 1;
            }
            let ended = running.end();
            if ended.status == Some(0) {
                ends_seen = ends(&ended);
                assert_eq!(ends_seen.len(), UNITS as usize, "{}", ended.stdout);
            }
        }
        assert!(ends_seen.values().all(|outcome| outcome == "passed"), "{ends_seen:?}");
        rounds += 1;
        assert_eq!(
            house.cloud().all_devices().len(),
            (rounds * UNITS) as usize,
            "as many as there are units"
        );
    }
    assert!(house.cloud().shared_tokens().is_empty(), "no token on two units");
    assert_eq!(run(&mut house.program(["log", "verify"])).status, Some(0));
}
