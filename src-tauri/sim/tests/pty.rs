//! A simulated device on a real pty: opened as a file, spoken to by hand, checked in over real HTTP.
#![cfg(target_os = "linux")]

use sim::cloud::{CloudBeginning, CloudState};
use sim::pty::{Reach, SerialDevice, serial};
use sim::trouble::Trouble;
use sim::{DeviceSpec, Dialect};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

fn open(device: &SerialDevice) -> File {
    let path = device.port();
    // O_NOCTTY | O_NONBLOCK
    OpenOptions::new().read(true).write(true).custom_flags(0o400 | 0o4000).open(path).expect("the pty opens")
}

/// Reads until the text contains `wanted`.
async fn until(port: &mut File, wanted: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut text = String::new();
    while !text.contains(wanted) {
        assert!(Instant::now() < deadline, "no {wanted:?} in {text:?}");
        let mut space = [0; 1024];
        match port.read(&mut space) {
            Ok(count) => text.push_str(&String::from_utf8_lossy(&space[..count])),
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
    text
}

fn spec(faults: &[&str]) -> DeviceSpec {
    let mut all = vec!["scale=0"];
    all.extend(faults);
    DeviceSpec::new(Dialect::ConsoleB, 7).trouble(Trouble::of(all).expect("known knobs"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_on_a_pty_checks_in_over_http() {
    let state = CloudState::new(CloudBeginning::default());
    let server = sim::cloud_server::serve(state.clone(), "127.0.0.1:0").await.expect("it listens");
    let device = serial(spec(&[]), Reach::Url(server.url().to_owned())).expect("a pty");
    let issued = state.reserve(1, 1).expect("a token");
    let mut port = open(&device);
    port.write_all(b"devinfo\n").expect("written");
    until(&mut port, "\"tmpl_id\":\"TMPL4xYzAbCdE\"").await;
    port.write_all(b"wifi add Workshop\\x202G correct\\x20horse\n").expect("written");
    port.write_all(format!("connect {} 127.0.0.1\n", issued.token).as_bytes()).expect("written");
    until(&mut port, "State: RUNNING").await;
    let seen = state.shown(issued.device).expect("a record");
    assert!(seen.connected && seen.last_connect > 0);
    assert_eq!(device.kept().token.as_deref(), Some(issued.token.as_str()));
    port.write_all(b"config start\n").expect("written");
    let deadline = Instant::now() + Duration::from_secs(20);
    while state.shown(issued.device).expect("a record").connected {
        assert!(Instant::now() < deadline, "it never leaves");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_on_a_pty_outlives_the_programs_that_open_it() {
    let device = serial(spec(&["reset-on-open=yes"]), Reach::Nowhere).expect("a pty");
    for _ in 0..3 {
        let mut port = open(&device);
        let boot = until(&mut port, ">").await;
        assert!(
            boot.starts_with("ets Jul 29"),
            "each opening restarts the board and finds no stale bytes: {boot:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_that_the_workshop_has_not_got_are_let_in_unless_a_knob_says_otherwise() {
    let state = CloudState::new(CloudBeginning { host: "127.0.0.1".into(), ..CloudBeginning::default() });
    for (faults, joins) in [(&[][..], true), (&["place=workshop"][..], false)] {
        let device = serial(spec(faults), Reach::State(state.clone())).expect("a pty");
        let issued = state.reserve(1, 1).expect("a token");
        let mut port = open(&device);
        port.write_all(
            format!("wifi add Elsewhere password1\nconnect {} localhost\n", issued.token).as_bytes(),
        )
        .expect("written");
        until(&mut port, if joins { "State: RUNNING" } else { "State: WAIT CONFIG" }).await;
        assert_eq!(state.shown(issued.device).is_ok(), joins);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_pulled_out_takes_its_port_with_it() {
    let device = serial(spec(&["drop=connect", "return=never"]), Reach::Nowhere).expect("a pty");
    let mut port = open(&device);
    port.write_all(b"connect Ab3-xY9_Ab3-xY9_Ab3-xY9_Ab3-xY9_\n").expect("written");
    let deadline = Instant::now() + Duration::from_secs(20);
    while device.port().exists() {
        assert!(Instant::now() < deadline, "the port stays");
        tokio::time::sleep(Duration::from_millis(2)).await;
        let _ = port.read(&mut [0; 64]);
    }
}
