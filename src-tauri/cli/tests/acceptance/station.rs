//! A station without a window, and what several of them leave behind.

use crate::house::*;
use std::path::Path;

fn setup(house: &House, name: &str, ports: &[String], more: &[&str]) {
    let sockets: Vec<&str> = ports.iter().flat_map(|port| ["--usb", port.as_str()]).collect();
    let mut command = house.program(["station", "setup", "--name", name]);
    let ended = run(command.args(sockets).args(more));
    assert_eq!(ended.status, Some(0), "{}{}", ended.stdout, ended.stderr);
}

/// Runs the station with these scans, until all is quiet.
fn take(house: &House, ports: &[String], more: &[&str], scans: &str) -> Ended {
    let mut command = house.program(["station", "run", "--server", house.url()]);
    command
        .args(["--org", "1", "--owner", "1", "--wifi", WIFI])
        .args(more)
        .env("FIRSTLIGHT_SERIAL_PORTS", ports.join(":"));
    Running::with_input(&mut command, scans).end()
}

#[test]
fn a_station_takes_what_is_plugged_in_and_prints_its_labels() {
    let house = House::new();
    let devices = [house.device(1, &[]), house.device(2, &[])];
    let ports: Vec<String> = devices.iter().map(port).collect();
    let labels = house.dir.path().join("labels");
    let printer = format!("pdf:{}", labels.display());
    setup(
        &house,
        "Hall 2",
        &ports,
        &["--printer", &printer, "--label-line", "{name}", "--label-line", "{unit}"],
    );
    let ended = take(&house, &ports, &["--operator", "Anna", "--work-order", "WO-17"], "");
    assert_eq!(ended.status, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let finished = ended.of("finished");
    assert_eq!(finished.len(), 2);
    assert!(finished.iter().all(|line| line["outcome"] == "passed"), "{finished:?}");
    assert_eq!(house.cloud().visible_devices().len(), 2);
    assert!(ended.of("slot").iter().any(|slot| slot["number"] == 2 && slot["state"] == "passed"));
    let mut names: Vec<String> = std::fs::read_dir(&labels)
        .expect("the folder was made")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("plain"))
        .collect();
    names.sort();
    assert_eq!(names, ["24-6F-28-00-00-01-1.pdf", "24-6F-28-00-00-02-1.pdf"]);
    assert!(std::fs::read(labels.join(&names[0])).expect("readable").starts_with(b"%PDF-"));

    let table = run(&mut house.program(["export", "--format", "csv"])).stdout;
    for word in ["Hall 2", "Anna", "WO-17"] {
        assert_eq!(table.matches(word).count(), 2, "{word}: {table}");
    }
    // What somebody who listened in could have learned stands in the record, too: over a cable, nothing is encrypted.
    assert_eq!(table.matches("serial,cable,").count(), 2, "{table}");
    // The same units again are held, and nothing is asked of the cloud.
    let again = take(&house, &ports, &[], "");
    assert_eq!(again.status, Some(0), "{}\n{}", again.stdout, again.stderr);
    assert!(again.of("finished").iter().all(|line| line["fault"]["code"] == "device.already_done"));
    assert_eq!(house.cloud().visible_devices().len(), 2);
}

#[test]
fn a_scanned_label_starts_its_unit_and_a_wrong_scan_is_answered() {
    let house = House::new();
    let device = house.device(1, &[]);
    let ports = [port(&device)];
    setup(&house, "Hall 2", &ports, &[]);
    let scans = "4006381333931\nfirstlightOPERAnna\n246f28000001\n";
    let ended = take(&house, &ports, &["--label-first", "--operator-needed"], scans);
    assert_eq!(ended.status, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.finished()["outcome"], "passed");
    let heard: Vec<String> =
        ended.of("scanned").iter().map(|line| line["kind"].as_str().expect("a kind").to_owned()).collect();
    assert!(heard.contains(&"label".to_owned()), "{heard:?}");
}

#[test]
fn a_station_that_is_not_set_up_says_so() {
    let house = House::new();
    let ended = run(&mut house.program([
        "station",
        "run",
        "--server",
        house.url(),
        "--org",
        "1",
        "--owner",
        "1",
        "--wifi",
        WIFI,
    ]));
    assert_eq!(ended.status, Some(2));
    assert_eq!(ended.refusals(), ["refused.station_unknown"]);
    let wrong = run(&mut house.program(["station", "setup", "--name", "Hall", "--printer", "lpt1"]));
    assert_eq!(wrong.status, Some(2));
    assert_eq!(wrong.refusals(), ["refused.label_template"]);
    let none = run(&mut house.program(["station", "setup", "--name", "Hall"]));
    assert_eq!(none.refusals(), ["refused.station_slots"]);
}

#[test]
fn the_sheet_of_codes_has_every_slot_and_every_badge() {
    let house = House::new();
    setup(&house, "Hall 2", &["1-1".to_owned(), "1-2".to_owned()], &["--ble", "any"]);
    let sheet = run(&mut house.program(["station", "codes", "--symbol", "datamatrix", "--operator", "Anna"]));
    assert_eq!(sheet.status, Some(0));
    for code in ["FIRSTLIGHTGO", "FIRSTLIGHTSLOTE", "FIRSTLIGHTOPERAnna"] {
        assert!(sheet.stdout.contains(code), "{code}");
    }
    assert_eq!(sheet.stdout.matches("<svg").count(), 6 + 3 + 1);
}

fn export(house: &House, to: &Path) {
    let mut command = house.program(["export", "--format", "jsonl", "--output"]);
    assert_eq!(run(command.arg(to)).status, Some(0));
}

#[test]
fn the_exports_of_two_stations_are_put_together_and_verify() {
    let houses = [House::new(), House::new()];
    let mut files = Vec::new();
    for (number, house) in (1_u32..).zip(&houses) {
        let device = house.device(number, &[]);
        assert_eq!(run(&mut house.provision(&port(&device), &[])).status, Some(0));
        let file = house.dir.path().join("record.jsonl");
        export(house, &file);
        files.push(file);
    }
    let house = &houses[0];
    let all = house.dir.path().join("all.jsonl");
    let mut merge = house.program(["log", "merge"]);
    let merged = run(merge.args(&files).arg("--output").arg(&all));
    assert_eq!(merged.status, Some(0), "{}", merged.stderr);
    let verified = run(house.program(["log", "verify"]).arg(&all));
    assert_eq!(verified.status, Some(0), "{}", verified.stdout);
    assert_eq!(verified.of("verified")[0]["exports"], 2);
    let report = run(house.program(["export", "--format", "html", "--from"]).arg(&all));
    assert!(report.stdout.contains("2 units: 2 passed"), "{}", report.stdout);
    assert!(report.stdout.contains("100.0 % (2 of 2)"), "{}", report.stdout);

    // The key of a record is the one that its station names.
    let own = run(&mut house.program(["log", "verify"]));
    let key = own.of("verified")[0]["key"].as_str().expect("it is signed").to_owned();
    let of =
        |file: &Path, key: &str| run(house.program(["log", "verify"]).arg(file).args(["--key", key])).status;
    assert_eq!(of(&files[0], &key), Some(0));
    assert_eq!(of(&files[1], &key), Some(1), "another station signed it");

    let text = std::fs::read_to_string(&all).expect("it was written").replacen("passed", "failed", 1);
    std::fs::write(&all, text).expect("writable");
    let altered = run(house.program(["log", "verify"]).arg(&all));
    assert_eq!(altered.status, Some(1));
    assert!(altered.of("verified")[0]["record"].as_i64().is_some_and(|record| record > 1));
}
