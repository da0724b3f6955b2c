//! A place for one test: a state folder, a cloud and devices in this process, and the program beside it.

use serde_json::Value;
use sim::cloud::{CloudBeginning, CloudState};
use sim::cloud_server::{CloudServer, serve};
use sim::pty::{self, Reach, SerialDevice};
use sim::trouble::{CloudFaults, Trouble};
use sim::{DeviceSpec, Dialect};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// No test waits longer for anything.
pub const BOUND: Duration = Duration::from_secs(120);

pub const WIFI: &str = "Workshop 2G";
pub const WIFI_PASSWORD: &str = "correct horse";

pub struct House {
    pub dir: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    server: CloudServer,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Standard output as JSON lines; every one of them must be one.
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(checked).collect()
    }

    pub fn of(&self, event: &str) -> Vec<Value> {
        self.lines().into_iter().filter(|line| line["event"] == event).collect()
    }

    /// The one `finished` line.
    pub fn finished(&self) -> Value {
        let mut finished = self.of("finished");
        assert_eq!(finished.len(), 1, "exactly one end: {}\n{}", self.stdout, self.stderr);
        finished.remove(0)
    }

    pub fn refusals(&self) -> Vec<String> {
        let refused = self.of("refused");
        assert_eq!(refused.len(), 1, "one refusal with all reasons: {}\n{}", self.stdout, self.stderr);
        let reasons = refused[0]["reasons"].as_array().expect("a list").clone();
        reasons.iter().map(|reason| reason["code"].as_str().expect("a code").to_owned()).collect()
    }
}

/// A line of the contract: an object with version, moment and event.
fn checked(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}"));
    assert_eq!(value["v"], 1, "{line}");
    assert!(value["event"].is_string(), "{line}");
    let at = value["at"].as_str().expect("a moment");
    assert!(at.len() == 24 && at.ends_with('Z') && at.as_bytes()[19] == b'.', "{at}");
    value
}

/// The program with nothing of this machine's in it.
pub fn program<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firstlight"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("FIRSTLIGHT_") || name.to_ascii_uppercase().ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs to the end, with a bound.
pub fn run(command: &mut Command) -> Ended {
    Running::start(command).end()
}

/// A program at work.
pub struct Running {
    child: Child,
    stdout: std::thread::JoinHandle<String>,
    stderr: std::thread::JoinHandle<String>,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Running {
    pub fn start(command: &mut Command) -> Running {
        let mut child = command.spawn().expect("the program is there");
        let (sender, lines) = std::sync::mpsc::channel();
        let out = child.stdout.take().expect("piped");
        let stdout = std::thread::spawn(move || {
            let mut all = String::new();
            for line in BufReader::new(out).lines() {
                let line = line.expect("the program writes UTF-8");
                all.push_str(&line);
                all.push('\n');
                // Nobody may be waiting for lines.
                let _ = sender.send(line);
            }
            all
        });
        let mut error = child.stderr.take().expect("piped");
        let stderr = std::thread::spawn(move || {
            let mut all = String::new();
            error.read_to_string(&mut all).expect("the program writes UTF-8");
            all
        });
        Running { child, stdout, stderr, lines }
    }

    pub fn with_input(command: &mut Command, input: &str) -> Running {
        let mut running = Running::start(command.stdin(Stdio::piped()));
        let mut stdin = running.child.stdin.take().expect("piped");
        stdin.write_all(input.as_bytes()).expect("the program reads its input");
        running
    }

    /// The next line that holds this text.
    pub fn wait_for(&self, text: &str) -> String {
        let deadline = Instant::now() + BOUND;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no line with {text}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill is there");
        assert!(sent.success());
    }

    /// The program may have ended by itself.
    pub fn signal_if_alive(&self, name: &str) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args([&format!("-{name}"), &id]).stderr(Stdio::null()).status();
    }

    pub fn end(mut self) -> Ended {
        let Some(status) = end_of(&mut self.child) else {
            panic!("the program did not end: {:?}", self.stderr.join());
        };
        Ended {
            status: status.code(),
            stdout: self.stdout.join().expect("the reader lives"),
            stderr: self.stderr.join().expect("the reader lives"),
        }
    }
}

/// How a program ended; `None` if it did not, and then it is killed.
pub fn end_of(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + BOUND;
    loop {
        match child.try_wait().expect("the program can be waited for") {
            Some(status) => return Some(status),
            None if Instant::now() > deadline => {
                child.kill().expect("it is ours");
                return None;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

impl House {
    pub fn new() -> House {
        House::with_cloud(&[])
    }

    pub fn with_cloud(faults: &[&str]) -> House {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let faults = CloudFaults::of(faults.iter().copied()).expect("known faults");
        let state = CloudState::new(CloudBeginning { faults, ..CloudBeginning::default() });
        let server = runtime.block_on(serve(state, "127.0.0.1:0")).expect("a free port");
        House { dir: tempfile::tempdir().expect("a folder"), runtime, server }
    }

    pub fn url(&self) -> &str {
        self.server.url()
    }

    pub fn cloud(&self) -> &CloudState {
        self.server.state()
    }

    pub fn client_id(&self) -> &'static str {
        self.server.client_id()
    }

    pub fn client_secret(&self) -> &'static str {
        self.server.client_secret()
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// A console on a pty, quick unless told otherwise.
    pub fn device(&self, number: u32, faults: &[&str]) -> SerialDevice {
        self.device_of(DeviceSpec::new(Dialect::ConsoleB, number), faults)
    }

    pub fn device_of(&self, spec: DeviceSpec, faults: &[&str]) -> SerialDevice {
        let mut trouble = Trouble { scale: 0.02, ..Trouble::default() };
        for fault in faults {
            let (name, value) = fault.split_once('=').expect("NAME=VALUE");
            trouble.set(name, value).expect("a known fault");
        }
        let _inside = self.runtime.enter();
        pty::serial(spec.trouble(trouble), Reach::Url(self.url().to_owned())).expect("a pty")
    }

    /// The program with this house's state and secrets, speaking JSON.
    pub fn program<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = program(["--json"]);
        command
            .args(arguments)
            .env("HOME", self.dir.path())
            .env("XDG_DATA_HOME", self.dir.path())
            .env("FIRSTLIGHT_STATE", self.state())
            .env("FIRSTLIGHT_CLIENT_ID", self.client_id())
            .env("FIRSTLIGHT_CLIENT_SECRET", self.client_secret())
            .env("FIRSTLIGHT_WIFI_PASSWORD", WIFI_PASSWORD);
        command
    }

    /// `provision` for this port, with all that it needs.
    pub fn provision(&self, port: &str, more: &[&str]) -> Command {
        let mut command = self.program(["provision", "--port", port, "--server", self.url()]);
        command.args(["--org", "1", "--owner", "1", "--wifi", WIFI]).args(more);
        command
    }
}

pub fn port(device: &SerialDevice) -> String {
    device.port().display().to_string()
}
