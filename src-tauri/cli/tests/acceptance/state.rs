//! The state folder: one process at a time, nothing from the future, and a record that cannot be altered unseen.

use crate::house::*;
use std::io::{Seek, SeekFrom, Write};

#[test]
fn a_second_process_on_the_same_state_is_refused() {
    let house = House::new();
    let device = house.device(1, &["outcome=never-checks-in"]);
    let first = Running::start(&mut house.provision(&port(&device), &["--patience", "60"]));
    first.wait_for("queued");
    let second = run(&mut house.program(["units"]));
    assert_eq!(second.status, Some(2), "{}", second.stderr);
    assert_eq!(second.refusals(), ["refused.state_in_use"]);
    let other = house.device(2, &[]);
    let requests = house.cloud().requests();
    let third = run(&mut house.provision(&port(&other), &[]));
    assert_eq!(third.status, Some(2), "{}", third.stderr);
    assert_eq!(third.refusals(), ["refused.state_in_use"]);
    assert!(house.cloud().requests() - requests < 20, "only the first one asks");
    first.signal("KILL");
    first.end();
    assert_eq!(run(&mut house.program(["units"])).status, Some(0), "a killed process leaves no lock behind");
}

#[test]
fn a_journal_from_a_newer_version_is_refused_and_left_alone() {
    let house = House::new();
    assert_eq!(run(&mut house.program(["units"])).status, Some(0));
    let path = house.state().join("journal.sqlite");
    // Bytes 60 to 63 of an SQLite file are the number that its application gives its form.
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).expect("the journal is there");
    file.seek(SeekFrom::Start(60)).expect("long enough");
    file.write_all(&9_999_u32.to_be_bytes()).expect("writable");
    drop(file);
    let before = std::fs::read(&path).expect("readable");
    let device = house.device(1, &[]);
    let ended = run(&mut house.provision(&port(&device), &[]));
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    assert_eq!(ended.refusals(), ["refused.state_newer"]);
    assert_eq!(house.cloud().requests(), 0);
    assert_eq!(std::fs::read(&path).expect("readable"), before);
}

#[test]
fn a_folder_that_is_a_file_is_refused() {
    let house = House::new();
    std::fs::write(house.state(), "not a folder").expect("writable");
    let ended = run(&mut house.program(["units"]));
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    assert_eq!(ended.refusals(), ["refused.state_unusable"]);
}

#[test]
fn the_record_is_told_exported_and_verified() {
    let house = House::new();
    let device = house.device(1, &[]);
    let finished = run(&mut house.provision(&port(&device), &[])).finished();
    let unit = finished["unit"].as_str().expect("a unit");

    let units = run(&mut house.program(["units"]));
    assert_eq!(units.of("unit")[0]["unit"], unit);
    assert_eq!(units.of("unit")[0]["outcome"], "passed");

    let history = run(&mut house.program(["history", &unit.to_lowercase()]));
    assert_eq!(history.status, Some(0), "{}", history.stderr);
    assert_eq!(history.finished()["elapsed_ms"], finished["elapsed_ms"]);

    assert_eq!(run(&mut house.program(["log", "verify"])).status, Some(0));
    let file = house.dir.path().join("record.jsonl");
    let mut export = house.program(["export", "--format", "jsonl", "--output"]);
    assert_eq!(run(export.arg(&file)).status, Some(0));
    let mut verify = house.program(["log", "verify"]);
    assert_eq!(run(verify.arg(&file)).status, Some(0));

    let text = std::fs::read_to_string(&file).expect("readable");
    assert!(text.contains("\"device\":4711"), "{text}");
    std::fs::write(&file, text.replacen("\"device\":4711", "\"device\":4712", 1)).expect("writable");
    let mut verify = house.program(["log", "verify"]);
    let altered = run(verify.arg(&file));
    assert_eq!(altered.status, Some(1), "{}", altered.stderr);
    assert!(altered.of("verified")[0]["record"].as_i64().expect("a number") > 0);

    for (format, word) in [("csv", "outcome"), ("html", "<html")] {
        let ended = run(&mut house.program(["export", "--format", format]));
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        assert!(ended.stdout.contains(word) && ended.stdout.contains(unit), "{format}");
    }
}

#[test]
fn an_unknown_unit_and_an_unreadable_file_are_refused() {
    let house = House::new();
    assert_eq!(run(&mut house.program(["history", "nobody"])).refusals(), ["refused.unknown_unit"]);
    let missing = run(&mut house.program(["log", "verify", "/no/such/file"]));
    assert_eq!(missing.status, Some(2));
    assert_eq!(missing.refusals(), ["refused.file_unreadable"]);
}
