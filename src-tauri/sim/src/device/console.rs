//! Blynk's text consoles on a serial line, dialects A and B, as an independent reading of the device protocols,
//! section 5; and what one meets on a serial port that is no such console at all.
//!
//! Not here: joining (`uplink.rs`), and the line itself (`memory.rs`, `pty.rs`).

use super::uplink::{Attempt, Joined, Uplink, Way};
use super::{Deed, DeviceSpec, Dialect, Firmware, GattChannel, Heard, Kept, Mouth};
use crate::air::AccessPoint;
use crate::chance::Chance;
use crate::cloud::Login;
use crate::trouble::{DropPoint, JoinOutcome, Logs, StateLogs, Trouble};
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Usable characters of a line; one more and the buffer silently starts over.
const LINE: usize = 255;
const WORDS: usize = 15;
/// Tries of dialect A before it records an error.
const TRIES_A: u32 = 500;
const NETWORK_SLOTS: usize = 16;
/// From power to prompt.
const BOOT_TIME: Duration = Duration::from_millis(600);
const BOOT_TEXT: &str = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x17 (SPI_FAST_FLASH_BOOT)\r\n\
    configsip: 0, SPIWP:0xee\r\nmode:DIO, clock div:1\r\nload:0x3fff0030,len:4832\r\nentry 0x400805b4\r\n";

/// What the device is about, in its own two spellings: dialect B, dialect A.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    WaitConfig,
    ConnectingNet,
    ConnectingCloud,
    Running,
}

impl State {
    fn spelled(self, old: bool) -> &'static str {
        match (self, old) {
            (State::WaitConfig, false) => "WAIT CONFIG",
            (State::ConnectingNet, false) => "CONNECTING NET",
            (State::ConnectingCloud, false) => "CONNECTING CLOUD",
            (State::Running, _) => "RUNNING",
            (State::WaitConfig, true) => "WAIT_CONFIG",
            (State::ConnectingNet, true) => "CONNECTING_NET",
            (State::ConnectingCloud, true) => "CONNECTING_CLOUD",
        }
    }
}

pub struct Console {
    spec: DeviceSpec,
    uplink: Uplink,
    mouth: Mouth,
    chance: Chance,
    kept: Kept,
    linked: bool,
    line: Vec<u8>,
    /// Input before this moment is lost: the board boots.
    ready_at: Option<Instant>,
    booted: Option<Instant>,
    state: State,
    tries: u32,
    joined: Option<Joined>,
    next_noise: Option<Instant>,
    echoed: usize,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("dialect", &self.spec.dialect).finish_non_exhaustive()
    }
}

impl Console {
    pub fn new(spec: DeviceSpec, air: Arc<Vec<AccessPoint>>) -> Console {
        let number =
            spec.mac.rsplit(':').next().and_then(|byte| u8::from_str_radix(byte, 16).ok()).unwrap_or(2);
        let kept = Kept { token: spec.token.clone(), networks: spec.networks.clone(), ..Kept::default() };
        Console {
            uplink: Uplink::new(air, spec.trouble.clone(), number, false),
            mouth: Mouth::default(),
            chance: Chance::new(u64::from(number)),
            kept,
            linked: false,
            line: Vec::new(),
            ready_at: None,
            booted: None,
            state: State::WaitConfig,
            tries: 0,
            joined: None,
            next_noise: None,
            echoed: 0,
            spec,
        }
    }

    fn trouble(&self) -> &Trouble {
        &self.uplink.trouble
    }

    fn is_a(&self) -> bool {
        self.spec.dialect == Dialect::ConsoleA
    }

    fn is_blynk(&self) -> bool {
        matches!(self.spec.dialect, Dialect::ConsoleA | Dialect::ConsoleB | Dialect::ConsoleSilent)
    }

    fn logs(&self) -> Logs {
        if self.spec.dialect == Dialect::ConsoleSilent { Logs::None } else { self.trouble().logs }
    }

    fn say(&mut self, text: &str, now: Instant) {
        self.say_bytes(text.as_bytes(), Duration::ZERO, now);
    }

    fn say_bytes(&mut self, bytes: &[u8], after: Duration, now: Instant) {
        if !self.linked || self.trouble().mute || bytes.is_empty() {
            return;
        }
        let after = after + self.trouble().slow;
        match self.trouble().pieces {
            None => self.mouth.say(now, after, bytes),
            Some(size) => {
                for piece in bytes.chunks(size) {
                    self.mouth.queue(now, after, Deed::Say(piece.to_vec()));
                }
            }
        }
    }

    /// A log line; it may come in the middle of anything.
    fn log(&mut self, text: &str, now: Instant) {
        if self.logs() == Logs::None {
            return;
        }
        let ms = self.booted.map_or(0, |booted| now.saturating_duration_since(booted).as_millis());
        self.say(&format!("[{ms}] {text}\r\n"), now);
    }

    fn turn_to(&mut self, state: State, now: Instant) {
        if self.state == state {
            return;
        }
        let (before, after) = (self.state.spelled(self.is_a()), state.spelled(self.is_a()));
        self.state = state;
        match self.trouble().state_logs {
            StateLogs::None => {}
            StateLogs::Named if !self.is_a() => self.log(&format!("State: {after}"), now),
            StateLogs::Named | StateLogs::Arrows => self.log(&format!("{before} => {after}"), now),
        }
    }

    fn drop_at(&mut self, point: DropPoint, now: Instant) -> bool {
        if self.trouble().drop != Some(point) {
            return false;
        }
        self.lose_link(now);
        true
    }

    fn lose_link(&mut self, now: Instant) {
        let (after, comes_back, loses_power) =
            (self.trouble().slow, self.trouble().comes_back, self.trouble().power_lost);
        self.mouth.queue(now, after, Deed::DropLink);
        self.mouth.queue(
            now,
            after,
            match comes_back {
                Some(takes) if loses_power => Deed::Restart { takes },
                comes_back => Deed::Vanish { comes_back },
            },
        );
    }

    // ---- the line

    fn typed(&mut self, byte: u8, now: Instant) {
        match byte {
            b'\n' | b'\r' => {
                self.echoed = 0;
                let line = std::mem::take(&mut self.line);
                if !line.is_empty() {
                    // The line end itself is not echoed; output starts after a blank line.
                    self.say("\r\n\r\n", now);
                    self.command(&line, now);
                    self.say(">", now);
                }
            }
            _ => {
                if self.line.len() >= LINE {
                    self.line.clear();
                }
                self.line.push(byte);
                if self.trouble().echo {
                    self.say_bytes(&[byte], Duration::ZERO, now);
                    self.echoed += 1;
                    if self.logs() == Logs::Heavy && self.echoed == 3 {
                        self.say("\r\n", now);
                        self.log("heap: 184320 free", now);
                    }
                }
            }
        }
    }

    fn command(&mut self, line: &[u8], now: Instant) {
        let words: Vec<Vec<u8>> = words(line);
        let Some(name) = words.first() else { return };
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let text: Vec<String> =
            words[1..].iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let args: Vec<&str> = text.iter().map(String::as_str).collect();
        if self.logs() == Logs::Heavy {
            self.log("sensor: 21.5 C", now);
        }
        if self.chance.strikes(self.trouble().drop_chance) {
            return self.lose_link(now);
        }
        match (name.as_str(), self.is_a()) {
            ("help" | "?", true) => {
                self.print("devinfo, connect, wifi, config, status, firmware, reboot, help", now)
            }
            ("help" | "?", false) => {
                self.print("help, devinfo, connect, config, wifi, firmware, sys, reboot", now);
            }
            ("devinfo", _) => self.devinfo(now),
            ("connect", true) => self.connect_a(&args, now),
            ("connect", false) => self.connect_b(&args, now),
            ("wifi", true) => self.wifi_a(&args, now),
            ("wifi", false) => self.wifi_b(&args, now),
            ("config", _) => self.config(&args, now),
            ("status", true) => self.print(self.state.spelled(true), now),
            ("sys", false) => self.print("chip: ESP32 heap: 184320 uptime: 42s", now),
            ("firmware", _) => {
                let line = format!("version: {} build: Nov 20 2026 12:00:00", self.spec.firmware_version);
                self.print(&line, now);
            }
            ("reboot", _) => {
                self.mouth.queue(
                    now,
                    Duration::ZERO,
                    Deed::LogOut { token: self.uplink.attempt().token.clone() },
                );
                self.reboot(now);
            }
            _ => self.print("Command not found.", now),
        }
    }

    fn print(&mut self, text: &str, now: Instant) {
        self.say(&format!("{text}\r\n"), now);
    }

    fn devinfo(&mut self, now: Instant) {
        if self.drop_at(DropPoint::Info, now) {
            return;
        }
        let mut line = String::from("{");
        let fields = [
            ("name", &self.spec.name),
            ("board", &self.spec.board),
            ("tmpl_id", &self.spec.template),
            ("fw_type", &self.spec.firmware_type),
            ("fw_ver", &self.spec.firmware_version),
        ];
        for (index, (key, value)) in fields.into_iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(line, "{comma}\"{key}\":{}", Value::from(value.as_str()));
        }
        line.push('}');
        self.print(&line, now);
    }

    fn scan(&mut self, padded: usize, now: Instant) {
        if self.drop_at(DropPoint::Scan, now) {
            return;
        }
        let time = self.trouble().scaled(Duration::from_secs(6));
        let current = self.joined.as_ref().map(|joined| joined.bssid.clone());
        let rows: Vec<String> = self
            .uplink
            .air()
            .iter()
            .filter(|ap| !ap.hidden && ap.rssi >= -90 && !ap.is_five_ghz())
            .map(|ap| {
                let star = if current.as_deref() == Some(ap.bssid.as_str()) { '*' } else { ' ' };
                format!(
                    "{star} {:<padded$} [{}] {} ch:{} rssi:{}\r\n",
                    ap.ssid, ap.bssid, ap.security, ap.channel, ap.rssi
                )
            })
            .collect();
        let text = if rows.is_empty() || !self.trouble().has_wifi {
            "No networks\r\n".to_owned()
        } else {
            rows.concat()
        };
        self.say_bytes(text.as_bytes(), time, now);
    }

    // ---- dialect B

    fn wifi_b(&mut self, args: &[&str], now: Instant) {
        match args {
            ["scan", ..] => self.scan(20, now),
            ["add", ssid, rest @ ..] => {
                if self.drop_at(DropPoint::Set, now) {
                    return;
                }
                let password = rest.first().copied().unwrap_or("");
                let fits = (1..=31).contains(&ssid.len())
                    && (password.is_empty() || (8..=64).contains(&password.len()));
                if fits {
                    self.kept.networks.retain(|(known, _)| known != ssid);
                    self.kept.networks.push(((*ssid).to_owned(), password.to_owned()));
                    if self.kept.networks.len() > NETWORK_SLOTS {
                        self.kept.networks.remove(0);
                    }
                } else {
                    self.log("Invalid WiFi network", now);
                }
            }
            ["clear"] => self.kept.networks.clear(),
            ["on"] | ["off"] => {}
            [] | ["info"] => {
                let (mac, joined) = (self.spec.mac.clone(), self.joined.clone());
                match joined {
                    Some(joined) => {
                        let ssid = self.uplink.attempt().ssid.clone();
                        self.print(&format!("mac:{mac} ip:{} status:CONNECTED", joined.ip), now);
                        self.print(
                            &format!("ssid:{ssid} bssid:{} rssi:{}dBm", joined.bssid, joined.rssi),
                            now,
                        );
                    }
                    None => self.print(&format!("mac:{mac} ip:0.0.0.0 status:DISCONNECTED"), now),
                }
                let error = match self.kept.last_error {
                    720 => Some("NETWORK_NOT_FOUND"),
                    722 => Some("AUTH_FAILED"),
                    723 => Some("IP_NOT_ASSIGNED"),
                    701 => Some("UNKNOWN"),
                    _ => None,
                };
                if let Some(error) = error.filter(|_| !self.uplink.is_busy()) {
                    self.print(&format!("error: {error}"), now);
                }
            }
            _ => self.print("Usage: wifi [info|scan|add|clear|on|off]", now),
        }
    }

    fn connect_b(&mut self, args: &[&str], now: Instant) {
        let [token, rest @ ..] = args else {
            return self.print("Usage: connect <token> [host]", now);
        };
        if token.len() != 32 {
            return self.print("Error: invalid token size", now);
        }
        if self.drop_at(DropPoint::Connect, now) {
            return;
        }
        self.print("Trying to connect...", now);
        let host = rest.first().copied().unwrap_or("").to_owned();
        // Of the networks that it knows, it takes the strongest that it hears, else the one added last.
        let known = |ap: &&AccessPoint| {
            !ap.is_five_ghz() && self.kept.networks.iter().any(|(ssid, _)| *ssid == ap.ssid)
        };
        let heard = self.uplink.air().iter().filter(known).max_by_key(|ap| ap.rssi).map(|ap| ap.ssid.clone());
        let (ssid, password) = heard
            .and_then(|heard| self.kept.networks.iter().find(|(ssid, _)| *ssid == heard))
            .or(self.kept.networks.last())
            .cloned()
            .unwrap_or_default();
        self.begin(Attempt { over_wifi: true, ssid, password, token: (*token).to_owned(), host }, now);
    }

    // ---- dialect A

    fn wifi_a(&mut self, args: &[&str], now: Instant) {
        match args {
            ["scan"] => self.scan(0, now),
            [] | ["show"] => {
                let (mac, joined) = (self.spec.mac.clone(), self.joined.clone());
                let line = match joined {
                    Some(joined) => {
                        let ssid = self.uplink.attempt().ssid.clone();
                        format!("mac:{mac} ip:{} ({ssid} [{}] {}dBm)", joined.ip, joined.bssid, joined.rssi)
                    }
                    None => format!("mac:{mac} ip:0.0.0.0 ( [] 0dBm)"),
                };
                self.print(&line, now);
            }
            _ => {}
        }
    }

    fn connect_a(&mut self, args: &[&str], now: Instant) {
        let error = |msg: &str| format!("{{\"status\":\"error\",\"msg\":\"{msg}\"}}");
        let [token, ssid, rest @ ..] = args else {
            return self.print(&error("invalid arguments. expected: <auth> <ssid> <pass>"), now);
        };
        if token.len() != 32 {
            return self.print(&error("invalid token size"), now);
        }
        if self.drop_at(DropPoint::Connect, now) {
            return;
        }
        self.print("{\"status\":\"OK\",\"msg\":\"trying to connect...\"}", now);
        let attempt = Attempt {
            over_wifi: true,
            ssid: (*ssid).to_owned(),
            password: rest.first().copied().unwrap_or("").to_owned(),
            token: (*token).to_owned(),
            host: String::new(),
        };
        self.tries = 0;
        self.begin(attempt, now);
    }

    // ---- both

    fn begin(&mut self, attempt: Attempt, now: Instant) {
        self.leave_cloud(now);
        self.kept.deliveries += 1;
        self.kept.last_error = 0;
        self.joined = None;
        self.uplink.start(attempt, now);
        self.turn_to(State::ConnectingNet, now);
        self.drop_at(DropPoint::Connecting, now);
    }

    fn leave_cloud(&mut self, now: Instant) {
        if std::mem::take(&mut self.kept.online) {
            let token = self.uplink.attempt().token.clone();
            self.mouth.queue(now, Duration::ZERO, Deed::LogOut { token });
        }
    }

    fn config(&mut self, args: &[&str], now: Instant) {
        match args {
            ["start"] => self.wait_for_configuration(now),
            ["stop"] if !self.is_a() => {}
            ["erase"] => {
                self.kept.token = None;
                self.kept.networks.clear();
                self.wait_for_configuration(now);
            }
            _ => self.print("Usage: config [start|stop|erase]", now),
        }
    }

    fn wait_for_configuration(&mut self, now: Instant) {
        self.leave_cloud(now);
        self.uplink.stop();
        self.joined = None;
        self.turn_to(State::WaitConfig, now);
    }

    fn on_way(&mut self, way: Way, now: Instant) {
        match way {
            Way::Joined(joined) => {
                self.joined = Some(joined);
                if self.drop_at(DropPoint::NetworkUp, now) {
                    return;
                }
                self.turn_to(State::ConnectingCloud, now);
            }
            Way::LogIn => {
                let attempt = self.uplink.attempt().clone();
                let host = if self.trouble().built_in_server_other && attempt.host.is_empty() {
                    "elsewhere.test".to_owned()
                } else {
                    attempt.host
                };
                self.mouth.queue(now, Duration::ZERO, Deed::LogIn { token: attempt.token, host });
            }
            Way::Connected => {
                let attempt = self.uplink.attempt().clone();
                self.kept.online = true;
                if self.trouble().outcome == JoinOutcome::StoreFailure {
                    self.leave_cloud(now);
                    self.uplink.stop();
                    return self.failed(700, now);
                }
                self.kept.token = Some(attempt.token);
                self.kept.host = Some(attempt.host);
                if self.is_a() {
                    self.kept.networks = vec![(attempt.ssid, attempt.password)];
                }
                self.turn_to(State::Running, now);
                self.drop_at(DropPoint::Connected, now);
            }
            // Dialect A tries again and again without a word, but reports a refused token at once.
            Way::Failed(code) if self.is_a() && code != 703 && self.tries + 1 < TRIES_A => {
                self.tries += 1;
                self.joined = None;
                let attempt = self.uplink.attempt().clone();
                self.uplink.start(attempt, now);
                self.turn_to(State::ConnectingNet, now);
            }
            Way::Failed(code) => self.failed(code, now),
            Way::Dropped => {
                self.leave_cloud(now);
                self.turn_to(State::ConnectingNet, now);
            }
        }
    }

    fn failed(&mut self, code: u16, now: Instant) {
        let code = if self.is_a() && code > 704 { 701 } else { code };
        self.kept.last_error = code;
        if code != 702 && code != 703 {
            self.joined = None;
        }
        // The Blynk library and Edgent-Arduino name these two in their log; nothing else would (section 5.4, E1, E6).
        match code {
            702 if !self.is_a() => self.log("Cloud connection timeout", now),
            703 => self.log("Invalid auth token", now),
            _ => {}
        }
        if self.is_a() {
            self.log(&format!("Last error code: {code}"), now);
        }
        self.turn_to(State::WaitConfig, now);
    }

    fn reboot(&mut self, now: Instant) {
        self.uplink.stop();
        self.boot(now);
    }

    // ---- no Blynk console

    fn not_blynk(&mut self, bytes: &[u8], now: Instant) {
        match self.spec.dialect {
            Dialect::MicroPython => {
                for byte in bytes {
                    match byte {
                        b'\r' | b'\n' => {
                            let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                            let word = line.trim().to_owned();
                            let text = match word.as_str() {
                                "" => String::new(),
                                "help" => "<function>\r\n".to_owned(),
                                _ => format!(
                                    "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\n\
                                     NameError: name '{word}' isn't defined\r\n"
                                ),
                            };
                            self.say(&format!("\r\n{text}>>> "), now);
                        }
                        byte => {
                            self.line.push(*byte);
                            self.say_bytes(&[*byte], Duration::ZERO, now);
                        }
                    }
                }
            }
            Dialect::Ncp => {
                let frame = ncp_frame(0x1CF3);
                self.say_bytes(&frame, Duration::ZERO, now);
            }
            _ => {}
        }
    }
}

/// One-way message of the co-processor, framed as section 5.7 says.
fn ncp_frame(kind: u16) -> Vec<u8> {
    let mut payload = kind.to_le_bytes().to_vec();
    payload.extend_from_slice(&[0x06, 0x03, 0x02, 0xAA, 0x11]);
    let crc = payload.iter().fold(0u8, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { (crc << 1) ^ 0x07 })
    });
    payload.push(crc);
    let mut frame = vec![0xAA];
    for byte in payload {
        if [0xAA, 0xBB, 0xCC, 0x11, 0x13].contains(&byte) {
            frame.extend_from_slice(&[0xCC, byte ^ 0xFF]);
        } else {
            frame.push(byte);
        }
    }
    frame.push(0xBB);
    frame
}

/// Words of a line: separated by space or tab, no quoting, escapes inside, 15 at most.
fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let value = match byte {
            b' ' | b'\t' => {
                words.extend(word.take());
                continue;
            }
            b'\\' => match bytes.next() {
                None => continue,
                Some(b'0') => 0,
                Some(b'b') => 8,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'x') => {
                    let mut value = 0u8;
                    for _ in 0..2 {
                        let Some(digit) = bytes.peek().and_then(|byte| char::from(*byte).to_digit(16)) else {
                            break;
                        };
                        bytes.next();
                        value = value << 4 | digit as u8;
                    }
                    value
                }
                Some(other) => other,
            },
            other => other,
        };
        word.get_or_insert_with(Vec::new).push(value);
    }
    words.extend(word);
    words.truncate(WORDS);
    words
}

impl Firmware for Console {
    fn boot(&mut self, now: Instant) {
        self.mouth.link_gone();
        self.uplink.stop();
        self.line.clear();
        self.kept.online = false;
        self.joined = None;
        self.state = State::WaitConfig;
        self.booted = Some(now);
        let takes = self.trouble().scaled(BOOT_TIME);
        self.ready_at = Some(now + takes);
        match self.spec.dialect {
            Dialect::Dead => {}
            Dialect::Ncp => self.next_noise = Some(now + Duration::from_secs(1)),
            Dialect::MicroPython => {
                let text = "MPY: soft reboot\r\nMicroPython v1.22.2 on 2024-02-22; ESP32 module with ESP32\r\n\
                            Type \"help()\" for more information.\r\n>>> ";
                self.say_bytes(text.as_bytes(), takes, now);
            }
            _ => {
                let mut text = BOOT_TEXT.to_owned();
                if self.logs() != Logs::None {
                    let _ = write!(
                        text,
                        "[42] Blynk v1.3.2 on ESP32\r\n[44] Device name: {}\r\n[48] INIT\r\n",
                        self.spec.name
                    );
                }
                text.push('>');
                self.say_bytes(text.as_bytes(), takes, now);
                if let (Some(token), Some((ssid, password))) =
                    (self.kept.token.clone(), self.kept.networks.last().cloned())
                {
                    let host = self.kept.host.clone().unwrap_or_default();
                    self.uplink.start(Attempt { over_wifi: true, ssid, password, token, host }, now);
                    self.state = State::ConnectingNet;
                }
                if self.logs() == Logs::Heavy {
                    self.next_noise = Some(now + Duration::from_secs(2));
                }
            }
        }
    }

    fn link_opened(&mut self, _mtu: u16, now: Instant) {
        self.linked = true;
        self.line.clear();
        if self.trouble().reset_on_open {
            self.leave_cloud(now);
            self.boot(now);
        }
        self.drop_at(DropPoint::Open, now);
    }

    fn link_closed(&mut self, _now: Instant) {
        self.linked = false;
        self.mouth.link_gone();
    }

    fn hear(&mut self, heard: Heard, now: Instant) -> Result<(), u8> {
        let Heard::Bytes(bytes) = heard else { return Err(0x06) };
        if self.ready_at.is_some_and(|ready| ready > now) {
            return Ok(());
        }
        if self.is_blynk() {
            for byte in bytes {
                self.typed(byte, now);
            }
        } else {
            self.not_blynk(&bytes, now);
        }
        Ok(())
    }

    fn wake(&mut self, now: Instant) {
        while let Some(way) = self.uplink.wake(now) {
            self.on_way(way, now);
        }
        if self.next_noise.is_some_and(|at| at <= now) {
            self.next_noise = Some(now + Duration::from_secs(2));
            if self.spec.dialect == Dialect::Ncp {
                let frame = ncp_frame(0x1CF3);
                self.say_bytes(&frame, Duration::ZERO, now);
            } else {
                self.log("sensor: 21.5 C", now);
            }
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        // Noise matters only while somebody listens.
        let noise = self.next_noise.filter(|_| self.linked);
        [self.uplink.wake_at(), noise, self.mouth.next()].into_iter().flatten().min()
    }

    fn poll(&mut self, now: Instant) -> Option<Deed> {
        self.mouth.poll(now)
    }

    fn logged_in(&mut self, answer: Option<Login>, now: Instant) {
        if let Some(way) = self.uplink.logged_in(answer, now) {
            self.on_way(way, now);
        }
    }

    fn kept(&self) -> Kept {
        self.kept.clone()
    }

    fn is_visible(&self) -> bool {
        true
    }

    fn services(&self) -> Vec<Uuid> {
        Vec::new()
    }

    fn gatt(&self) -> Vec<GattChannel> {
        Vec::new()
    }

    fn enter_configuration(&mut self, now: Instant) {
        self.wait_for_configuration(now);
    }

    fn set_trouble(&mut self, trouble: Trouble) {
        self.uplink.trouble = trouble;
    }
}

#[cfg(test)]
mod tests {
    use super::{ncp_frame, words};

    #[test]
    fn escapes_are_read_inside_words_and_spaces_part_them() {
        let line = br"wifi add Workshop\x202G corr\\ect\thorse	x\";
        let read: Vec<String> =
            words(line).into_iter().map(|word| String::from_utf8(word).expect("text")).collect();
        assert_eq!(read, ["wifi", "add", "Workshop 2G", "corr\\ect\thorse", "x"]);
        assert_eq!(words(b"a b c d e f g h i j k l m n o p q").len(), 15);
    }

    #[test]
    fn frame_marks_inside_a_frame_are_escaped() {
        let frame = ncp_frame(0x1CF3);
        assert_eq!((frame[0], frame[frame.len() - 1]), (0xAA, 0xBB));
        assert!(!frame[1..frame.len() - 1].iter().any(|byte| [0xAA, 0xBB, 0x11, 0x13].contains(byte)));
    }
}
