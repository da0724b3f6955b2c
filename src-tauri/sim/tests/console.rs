//! The serial dialects of the simulator against the device protocols, section 5: text as the reference quotes it.
//!
//! Spoken by hand over the in-memory link, without the product's own encoders.

use link::Link;
use proto::{MediumKind, Packet, Transmit, Wiring};
use sim::trouble::Trouble;
use sim::{DeviceSpec, Dialect, World};
use std::time::Duration;

struct Line {
    link: Box<dyn Link>,
}

impl Line {
    async fn open(world: &World) -> Line {
        let address = world.devices()[0].address();
        let wiring = Wiring::Serial { baud: 115_200 };
        Line { link: world.medium(MediumKind::Serial).open(&address, &wiring).await.expect("it opens") }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.link.send(Transmit::Bytes(bytes.to_vec())).await.expect("the link holds");
    }

    /// All that comes until nothing came for a while.
    async fn heard(&mut self, quiet: Duration) -> String {
        let mut text = Vec::new();
        while let Ok(packet) = tokio::time::timeout(quiet, self.link.recv()).await {
            match packet {
                Ok(Packet::Bytes(bytes)) => text.extend(bytes),
                Ok(other) => panic!("not on a line: {other:?}"),
                Err(_) => break,
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    async fn ask(&mut self, command: &str) -> String {
        self.send(format!("{command}\n").as_bytes()).await;
        self.heard(Duration::from_secs(1)).await
    }
}

/// A device that has booted already.
async fn place(dialect: Dialect, faults: &[&str]) -> World {
    let trouble = Trouble::of(faults.iter().copied()).expect("known knobs");
    let world = World::with(DeviceSpec::new(dialect, 1).named("Acme Pump-K3M7").trouble(trouble));
    tokio::time::sleep(Duration::from_secs(1)).await;
    world
}

#[tokio::test(start_paused = true)]
async fn dialect_b_takes_network_and_token_and_reaches_the_cloud() {
    let world = place(Dialect::ConsoleB, &[]).await;
    let issued = world.cloud_state().reserve(1, 1).expect("a token");
    let mut line = Line::open(&world).await;
    assert_eq!(
        line.ask("devinfo").await,
        "devinfo\r\n\r\n{\"name\":\"Acme Pump-K3M7\",\"board\":\"ESP32\",\"tmpl_id\":\"TMPL4xYzAbCdE\",\
         \"fw_type\":\"TMPL4xYzAbCdE\",\"fw_ver\":\"1.4.2\"}\r\n>"
    );
    // `wifi add` prints nothing, success or not.
    assert_eq!(
        line.ask("wifi add Workshop\\x202G correct\\x20horse").await,
        "wifi add Workshop\\x202G correct\\x20horse\r\n\r\n>"
    );
    let said = line.ask(&format!("connect {} cloud.practice.test", issued.token)).await;
    assert!(said.contains("\r\n\r\nTrying to connect...\r\n"), "{said}");
    let said = line.heard(Duration::from_secs(10)).await;
    assert!(said.contains("State: CONNECTING CLOUD") && said.contains("State: RUNNING"), "{said}");
    assert!(line.ask("wifi info").await.contains("status:CONNECTED\r\nssid:Workshop 2G bssid:"));
    assert!(world.cloud_state().shown(issued.device).expect("a record").connected);
    assert_eq!(world.devices()[0].kept().token.as_deref(), Some(issued.token.as_str()));
}

#[tokio::test(start_paused = true)]
async fn dialect_b_tells_the_reason_of_a_failure_only_when_asked() {
    let world = place(Dialect::ConsoleB, &["state-logs=arrows"]).await;
    let mut line = Line::open(&world).await;
    line.ask("wifi add Workshop\\x202G wrong\\x20horse").await;
    line.ask("connect Ab3-xY9_Ab3-xY9_Ab3-xY9_Ab3-xY9_ fra1.blynk.cloud").await;
    let said = line.heard(Duration::from_secs(60)).await;
    assert!(said.contains("CONNECTING NET => WAIT CONFIG"), "{said}");
    assert!(line.ask("wifi info").await.contains("error: AUTH_FAILED\r\n"));
    assert_eq!(world.devices()[0].kept().token, None, "a failed attempt is not stored");
}

#[tokio::test(start_paused = true)]
async fn dialect_b_drops_what_is_too_long_without_a_word() {
    let world = place(Dialect::ConsoleSilent, &[]).await;
    let mut line = Line::open(&world).await;
    let ssid = "x".repeat(32);
    assert_eq!(line.ask(&format!("wifi add {ssid}")).await, format!("wifi add {ssid}\r\n\r\n>"));
    assert!(world.devices()[0].kept().networks.is_empty());
    assert!(line.ask("connect short").await.ends_with("Error: invalid token size\r\n>"));
    assert!(line.ask("connect").await.ends_with("Usage: connect <token> [host]\r\n>"));
    assert!(line.ask("nonsense").await.ends_with("Command not found.\r\n>"));
    assert!(
        line.ask("HELP").await.contains("help, devinfo, connect, config, wifi, firmware, sys, reboot\r\n>")
    );
}

#[tokio::test(start_paused = true)]
async fn a_line_beyond_255_characters_starts_over_silently() {
    let world = place(Dialect::ConsoleSilent, &["echo=no"]).await;
    let mut line = Line::open(&world).await;
    line.send("x".repeat(255).as_bytes()).await;
    assert!(line.ask("devinfo").await.contains("Acme Pump-K3M7"), "the 256th character begins a new line");
}

#[tokio::test(start_paused = true)]
async fn a_carriage_return_with_a_line_feed_is_one_command() {
    let world = place(Dialect::ConsoleSilent, &[]).await;
    let mut line = Line::open(&world).await;
    line.send(b"wifi clear\r\n").await;
    assert_eq!(line.heard(Duration::from_secs(1)).await, "wifi clear\r\n\r\n>");
}

#[tokio::test(start_paused = true)]
async fn dialect_a_answers_in_json_and_reports_a_refused_token_at_once() {
    let world = place(Dialect::ConsoleA, &["state-logs=none"]).await;
    let mut line = Line::open(&world).await;
    let said = line.ask("connect").await;
    assert!(said.contains("\r\n\r\n{\"status\":\"error\",\"msg\":"), "{said}");
    let said = line.ask("connect Ab3-xY9_Ab3-xY9_Ab3-xY9_Ab3-xY9_ Workshop\\x202G correct\\x20horse").await;
    assert!(said.contains("{\"status\":\"OK\",\"msg\":\"trying to connect...\"}\r\n>"), "{said}");
    let said = line.heard(Duration::from_secs(10)).await;
    assert!(said.contains("] Last error code: 703\r\n"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn dialect_a_tries_on_in_silence_with_a_bad_password_and_takes_a_correction() {
    let world = place(Dialect::ConsoleA, &["state-logs=none"]).await;
    let issued = world.cloud_state().reserve(1, 1).expect("a token");
    let mut line = Line::open(&world).await;
    line.ask(&format!("connect {} Workshop\\x202G wrong\\x20horse", issued.token)).await;
    assert_eq!(line.heard(Duration::from_secs(300)).await, "");
    line.ask(&format!("connect {} Workshop\\x202G correct\\x20horse", issued.token)).await;
    line.heard(Duration::from_secs(10)).await;
    assert!(world.cloud_state().shown(issued.device).expect("a record").connected);
    assert!(line.ask("wifi show").await.contains(" (Workshop 2G ["));
}

#[tokio::test(start_paused = true)]
async fn a_board_that_resets_when_the_port_opens_boots_before_it_hears() {
    let world = place(Dialect::ConsoleB, &["reset-on-open=yes"]).await;
    let mut line = Line::open(&world).await;
    line.send(b"devinfo\n").await;
    let said = line.heard(Duration::from_secs(2)).await;
    assert!(
        said.starts_with("ets Jul 29 2019") && said.ends_with('>') && !said.contains("tmpl_id"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn other_things_on_a_port_are_no_blynk_console() {
    let mut line = Line::open(&place(Dialect::MicroPython, &[]).await).await;
    assert!(line.ask("help").await.ends_with("\r\n>>> "));
    let mut line = Line::open(&place(Dialect::Dead, &[]).await).await;
    assert_eq!(line.ask("help").await, "");
    let mut line = Line::open(&place(Dialect::Ncp, &[]).await).await;
    line.send(b"\n").await;
    let packet = line.link.recv().await.expect("noise");
    assert!(matches!(packet, Packet::Bytes(bytes) if bytes[0] == 0xAA));
}
