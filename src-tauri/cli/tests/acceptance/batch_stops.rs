//! A line that stands still in mid-batch: what a script reads of it, what a person at a terminal may answer, and that
//! whatever they answer a later `batch resume` brings every row to its end.

use crate::house::*;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use sim::pty::SerialDevice;
use sim::trouble::Trouble;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const UNITS: u32 = 12;
/// Four pass, five meet the cause, three are never begun.
const PASS: u32 = 4;
const ENOUGH: u32 = 5;

/// A house with a unit in each socket, of which all from the fifth on meet this trouble.
struct Hall {
    house: House,
    devices: Vec<SerialDevice>,
    file: String,
}

impl Hall {
    fn with(trouble: &str) -> Hall {
        let house = House::new();
        let devices: Vec<SerialDevice> = (1..=UNITS)
            .map(|number| {
                house.device(number, if number > PASS { std::slice::from_ref(&trouble) } else { &[] })
            })
            .collect();
        // Sockets are named so that they come in this order, one unit after the other.
        for (number, device) in (1..).zip(&devices) {
            let socket = house.dir.path().join(format!("socket-{number:02}"));
            std::os::unix::fs::symlink(device.port(), socket).expect("a folder of ours");
        }
        let rows = (1..=UNITS).fold("unit,name\n".to_owned(), |file, row| format!("{file},Unit {row}\n"));
        let path = house.dir.path().join("units.csv");
        std::fs::write(&path, rows).expect("a folder of ours");
        Hall { house, devices, file: path.display().to_string() }
    }

    fn heal(&self) {
        for device in &self.devices {
            device.set_trouble(Trouble { scale: 0.02, ..Trouble::default() });
        }
    }

    fn surroundings(&self, command: &mut Command) {
        command.env("FIRSTLIGHT_SERIAL_PORTS", self.house.dir.path().join("socket-*"));
    }

    fn run(&self, mut command: Command) -> Command {
        command.args([
            "batch",
            "run",
            &self.file,
            "--server",
            self.house.url(),
            "--org",
            "1",
            "--owner",
            "1",
        ]);
        command.args(["--wifi", WIFI, "--wait", "20s", "--canary", "off", "--parallel", "1"]);
        self.surroundings(&mut command);
        command
    }

    /// Everything is mended, and somebody takes the batch up: each row comes to one end, and each unit to one device.
    fn resume_to_the_end(&self) {
        self.heal();
        let mut command = self.house.program(["batch", "resume", "--parallel", "1"]);
        self.surroundings(&mut command);
        let ended = run(&mut command);
        assert_eq!(ended.status, Some(0), "{}{}", ended.stdout, ended.stderr);
        let mut rows: Vec<u64> = ended.of("finished").iter().map(number).collect();
        rows.sort_unstable();
        assert_eq!(rows, (1..=u64::from(UNITS)).collect::<Vec<_>>(), "each row once: {}", ended.stdout);
        assert!(ended.of("finished").iter().all(|line| line["outcome"] == "passed"), "{}", ended.stdout);
        assert_eq!(self.house.cloud().all_devices().len(), UNITS as usize, "as many as there are units");
        assert!(self.house.cloud().shared_tokens().is_empty(), "no token on two units");
        let list = run(&mut self.house.program(["batch", "list"])).of("batch");
        assert_eq!((&list[0]["phase"], &list[0]["passed"]), (&"ended".into(), &UNITS.into()));
        assert_eq!(run(&mut self.house.program(["log", "verify"])).status, Some(0));
    }
}

fn number(line: &Value) -> u64 {
    line["row"].as_u64().expect("a row of a batch")
}

fn with_outcome(ended: &Ended, outcome: &str) -> Vec<Value> {
    ended.of("finished").into_iter().filter(|line| line["outcome"] == outcome).collect()
}

/// Nobody is there to ask, so it is left: what a script needs stands in its lines.
#[test]
fn a_line_that_stops_in_the_middle_with_nobody_there_ends_with_causes_and_is_taken_up() {
    for (trouble, code, field) in [
        ("outcome=wrong-password", "wifi.password_refused", "wifi_password"),
        ("outcome=cloud-timeout", "cloud.unreachable_from_device", "token_host"),
    ] {
        let hall = Hall::with(trouble);
        let ended = run(&mut hall.run(hall.house.program::<&str>([])));
        assert_eq!(ended.status, Some(1), "{}{}", ended.stdout, ended.stderr);
        let stops = ended.of("stopped");
        assert_eq!(stops.len(), 1, "{}", ended.stdout);
        let stop = &stops[0];
        assert_eq!((&stop["code"], &stop["field"]), (&code.into(), &field.into()));
        assert_eq!((&stop["canary"], stop["rows"].as_array().map(Vec::len)), (&false.into(), Some(5)));
        assert!(
            stop["what"].as_str().is_some_and(|what| what.starts_with("5 units met this one after another"))
        );

        assert_eq!(with_outcome(&ended, "passed").len(), PASS as usize, "what has passed stays passed");
        let failed = with_outcome(&ended, "failed");
        assert_eq!(failed.len(), ENOUGH as usize);
        for line in failed {
            let fault = &line["fault"];
            assert_eq!(fault["code"], code);
            let said = |what: &str| fault[what].as_str().is_some_and(|text| !text.is_empty());
            assert!(said("what") && said("fix"), "no FAIL without its cause and its fix: {line}");
        }
        let untouched = with_outcome(&ended, "skipped");
        assert_eq!(untouched.len(), (UNITS - PASS - ENOUGH) as usize);
        assert_eq!(hall.house.cloud().all_devices().len(), (PASS + ENOUGH) as usize, "they cost no token");
        hall.resume_to_the_end();
    }
}

/// Who works there and on which order stands in every record, also in those that are made after somebody took it up.
#[test]
fn a_batch_that_is_taken_up_goes_on_with_its_order_unless_it_is_said_otherwise() {
    let hall = Hall::with("outcome=no-ip");
    let mut command = hall.run(hall.house.program::<&str>([]));
    command.args(["--operator", "Ada", "--work-order", "WO-7"]).env("FIRSTLIGHT_SHIFT", "early");
    let begun = run(&mut command);
    hall.heal();
    let mut command = hall.house.program(["batch", "resume", "--operator", "Ben"]);
    hall.surroundings(&mut command);
    let resumed = run(&mut command);
    assert_eq!((begun.status, resumed.status), (Some(1), Some(0)), "{}{}", resumed.stdout, resumed.stderr);
    let hands = |line: &Value| {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        [text("operator"), text("work_order"), text("shift")]
    };
    for line in begun.of("finished").iter().filter(|line| line["outcome"] != "skipped") {
        assert_eq!(hands(line), ["Ada", "WO-7", "early"], "{line}");
    }
    for line in resumed.of("finished").iter().filter(|line| number(line) > u64::from(PASS)) {
        assert_eq!(hands(line), ["Ben", "WO-7", "early"], "{line}");
    }
    let export = run(&mut hall.house.program(["export", "--format", "jsonl"]));
    let told = export.stdout.matches("\"WO-7\"").count();
    assert_eq!(told, (UNITS + ENOUGH + 2) as usize, "each of the jobs, the batch, and its being taken up");
    // One device alone, likewise.
    let device = hall.house.device(99, &[]);
    let alone = hall.house.provision(&port(&device), &["--operator", "Ada", "--shift", "late"]);
    let finished = run(&mut { alone }).finished();
    assert_eq!(hands(&finished), ["Ada", "", "late"], "{finished}");
}

/// The program at a terminal on which a person types; standard output goes elsewhere.
struct Typist {
    child: Child,
    terminal: File,
    shown: Arc<Mutex<String>>,
    stdout: std::thread::JoinHandle<String>,
}

impl Typist {
    fn at(command: &mut Command) -> Typist {
        let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
        grantpt(&near).expect("a pty");
        unlockpt(&near).expect("a pty");
        let name = ptsname(&near, Vec::new()).expect("a pty").into_string().expect("a path");
        let far = File::options().read(true).write(true).open(name).expect("its far end");
        let also_far = far.try_clone().expect("a handle");
        let mut child = command
            .stdin(Stdio::from(far))
            .stderr(Stdio::from(also_far))
            .spawn()
            .expect("the program is there");
        // What is left of the far end belongs to the program alone, so that it ends with it.
        command.stdin(Stdio::null()).stderr(Stdio::null());
        let near = File::from(near);
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut reads, writes_to) = (near.try_clone().expect("a handle"), shown.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // An error is the end of a terminal whose other side is closed.
            while let Ok(n) = reads.read(&mut bytes)
                && n > 0
            {
                let text = String::from_utf8_lossy(&bytes[..n]);
                writes_to.lock().expect("nobody panics with it").push_str(&text);
            }
        });
        let mut out = child.stdout.take().expect("piped");
        let stdout = std::thread::spawn(move || {
            let mut all = String::new();
            out.read_to_string(&mut all).expect("the program writes UTF-8");
            all
        });
        Typist { child, terminal: near, shown, stdout }
    }

    fn shown(&self) -> String {
        self.shown.lock().expect("nobody panics with it").clone()
    }

    fn sees(&self, text: &str) {
        let deadline = Instant::now() + BOUND;
        while !self.shown().contains(text) {
            assert!(Instant::now() < deadline, "“{text}” is not on the terminal:\n{}", self.shown());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn types(&mut self, text: &str) {
        self.terminal.write_all(text.as_bytes()).expect("the program's terminal");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill is there");
        assert!(sent.success());
    }

    fn end(mut self) -> Ended {
        let Some(status) = end_of(&mut self.child) else {
            panic!("the program did not end:\n{}", self.shown());
        };
        let stderr = self.shown();
        Ended { status: status.code(), stdout: self.stdout.join().expect("the reader lives"), stderr }
    }
}

/// The same program without `--json`.
fn for_a_person(hall: &Hall) -> Command {
    let mut command = program::<&str>([]);
    command
        .env("HOME", hall.house.dir.path())
        .env("XDG_DATA_HOME", hall.house.dir.path())
        .env("FIRSTLIGHT_STATE", hall.house.state())
        .env("FIRSTLIGHT_CLIENT_ID", hall.house.client_id())
        .env("FIRSTLIGHT_CLIENT_SECRET", hall.house.client_secret())
        .env("FIRSTLIGHT_WIFI_PASSWORD", WIFI_PASSWORD);
    hall.run(command)
}

const QUESTION: &str = "Press Enter when it is mended";

/// Asked at the terminal, before anything was answered.
fn asked(hall: &Hall) -> Typist {
    let typist = Typist::at(&mut for_a_person(hall));
    typist.sees(QUESTION);
    let shown = typist.shown();
    assert!(shown.contains("5 units met this one after another"), "one sentence: {shown}");
    assert!(!shown.contains(WIFI_PASSWORD), "{shown}");
    typist
}

#[test]
fn a_person_who_mends_it_lets_all_go_on() {
    let hall = Hall::with("outcome=no-ip");
    let mut typist = asked(&hall);
    hall.heal();
    typist.types("\n");
    let ended = typist.end();
    assert_eq!(ended.status, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("12 rows: 12 passed, 0 failed, 0 unknown"), "{}", ended.stdout);
    assert_eq!(hall.house.cloud().all_devices().len(), UNITS as usize);
}

#[test]
fn a_batch_that_a_person_leaves_standing_ends_with_its_failures_and_is_taken_up() {
    // The last is Ctrl-D, the end of input.
    for answer in ["q\n", "\u{4}"] {
        let hall = Hall::with("outcome=no-ip");
        let mut typist = asked(&hall);
        typist.types(answer);
        let ended = typist.end();
        assert_eq!(ended.status, Some(1), "{answer:?}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("4 passed, 5 failed, 0 unknown, 3 not begun"), "{}", ended.stdout);
        assert!(ended.stdout.contains("firstlight batch resume"), "it says how to go on: {}", ended.stdout);
        hall.resume_to_the_end();
    }
}

/// Ctrl-C does not have to wait until somebody has answered.
#[test]
fn a_signal_ends_a_batch_that_waits_for_an_answer() {
    for signal in ["INT", "TERM", "HUP"] {
        let hall = Hall::with("outcome=no-ip");
        let typist = asked(&hall);
        typist.signal(signal);
        let ended = typist.end();
        assert_eq!(ended.status, Some(130), "{signal}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("4 passed, 5 failed, 0 unknown, 3 not begun"), "{}", ended.stdout);
        hall.resume_to_the_end();
    }
}
