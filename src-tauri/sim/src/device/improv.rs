//! Improv Wi-Fi on a serial line and over BLE, as an independent reading of its reference, sections 1 to 4.
//!
//! It joins a network and gives a URL. A token reaches it only by a carrier that the knob `carrier` names; without one it
//! never comes to the cloud. Not here: joining (`uplink.rs`).

use super::uplink::{Attempt, Uplink, Way};
use super::{Deed, DeviceSpec, Dialect, Firmware, GattChannel, Heard, Kept, Mouth};
use crate::air::AccessPoint;
use crate::cloud::Login;
use crate::trouble::{Button, Carrier, Logs, Trouble};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub const SERVICE: Uuid = Uuid::from_u128(0x00467768_6228_2272_4663_277478268000);
const STATE: Uuid = Uuid::from_u128(0x00467768_6228_2272_4663_277478268001);
const ERROR: Uuid = Uuid::from_u128(0x00467768_6228_2272_4663_277478268002);
const COMMAND: Uuid = Uuid::from_u128(0x00467768_6228_2272_4663_277478268003);
const RESULT: Uuid = Uuid::from_u128(0x00467768_6228_2272_4663_277478268004);
const CAPABILITIES: Uuid = Uuid::from_u128(0x00467768_6228_2272_4663_277478268005);
const SERVICE_DATA: Uuid = Uuid::from_u128(0x00004677_0000_1000_8000_00805f9b34fb);

/// The device's own Wi-Fi timer.
const TIMER: Duration = Duration::from_secs(30);
/// When firmware that goes on trying reports its error.
const EARLY_ERROR: Duration = Duration::from_secs(1);
const SCAN_TIME: Duration = Duration::from_secs(3);
const BOOT_TIME: Duration = Duration::from_millis(900);
/// A permission lasts so long.
const PERMISSION: Duration = Duration::from_secs(60);

mod state {
    pub const AUTHORIZATION_REQUIRED: u8 = 1;
    pub const READY: u8 = 2;
    pub const PROVISIONING: u8 = 3;
    pub const PROVISIONED: u8 = 4;
}

pub struct Improv {
    spec: DeviceSpec,
    uplink: Uplink,
    mouth: Mouth,
    kept: Kept,
    linked: bool,
    mtu: u16,
    state: u8,
    error: u8,
    result: Vec<u8>,
    /// What was heard of a command or a line.
    heard: Vec<u8>,
    deaf_until: Option<Instant>,
    button_at: Option<Instant>,
    permission_ends: Option<Instant>,
    early_error_at: Option<Instant>,
    scan_done_at: Option<Instant>,
    /// It restarts while it joins, and goes on by itself afterwards.
    restarted: bool,
    joined: bool,
    vendor_token: Option<(String, String)>,
    uptime: u32,
}

impl std::fmt::Debug for Improv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Improv").field("state", &self.state).finish_non_exhaustive()
    }
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}

fn strings(texts: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for text in texts {
        out.push(text.len().min(255) as u8);
        out.extend_from_slice(&text.as_bytes()[..text.len().min(255)]);
    }
    out
}

/// Length, bytes, length, bytes…
fn read_strings(mut data: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    while let Some((&length, rest)) = data.split_first() {
        let length = usize::from(length);
        texts.push(String::from_utf8(rest.get(..length)?.to_vec()).ok()?);
        data = &rest[length..];
    }
    Some(texts)
}

impl Improv {
    pub fn new(spec: DeviceSpec, air: Arc<Vec<AccessPoint>>) -> Improv {
        let number =
            spec.mac.rsplit(':').next().and_then(|byte| u8::from_str_radix(byte, 16).ok()).unwrap_or(2);
        let mut uplink = Uplink::new(air, spec.trouble.clone(), number, false);
        uplink.limit = TIMER;
        Improv {
            uplink,
            mouth: Mouth::default(),
            kept: Kept { token: spec.token.clone(), networks: spec.networks.clone(), ..Kept::default() },
            linked: false,
            mtu: 23,
            state: state::READY,
            error: 0,
            result: Vec::new(),
            heard: Vec::new(),
            deaf_until: None,
            button_at: None,
            permission_ends: None,
            early_error_at: None,
            scan_done_at: None,
            restarted: false,
            joined: false,
            vendor_token: None,
            uptime: 300,
            spec,
        }
    }

    fn is_ble(&self) -> bool {
        self.spec.dialect == Dialect::ImprovBle
    }

    fn trouble(&self) -> &Trouble {
        &self.uplink.trouble
    }

    // What it says.

    fn frame(&mut self, kind: u8, data: &[u8], now: Instant) {
        let mut frame = b"IMPROV\x01".to_vec();
        frame.extend([kind, data.len() as u8]);
        frame.extend_from_slice(data);
        frame.push(sum(&frame));
        frame.push(b'\n');
        // A fragment of the log without a line end right before it, as happens in the field.
        if self.trouble().logs == Logs::Heavy {
            let log = format!("\x1b[0;32mI ({}) wifi: IMPROV state, ", self.uptime);
            self.say(log.as_bytes(), now);
        }
        self.say(&frame, now);
        if self.trouble().logs != Logs::None {
            self.uptime += 17;
            let log = format!("I ({}) app: heap 183204\r\n", self.uptime);
            self.say(log.as_bytes(), now);
        }
    }

    fn say(&mut self, bytes: &[u8], now: Instant) {
        if !self.linked || self.trouble().mute {
            return;
        }
        let (slow, pieces) = (self.trouble().slow, self.trouble().pieces.unwrap_or(usize::MAX));
        for piece in bytes.chunks(pieces) {
            self.mouth.queue(now, slow, Deed::Say(piece.to_vec()));
        }
    }

    fn notify(&mut self, channel: Uuid, bytes: &[u8], now: Instant) {
        if self.linked && !self.trouble().mute {
            let slow = self.trouble().slow;
            // A notification is cut at MTU - 3; the characteristic holds the whole.
            let most = usize::from(self.mtu).saturating_sub(3).min(bytes.len());
            self.mouth.queue(now, slow, Deed::Notify { channel, bytes: bytes[..most].to_vec() });
        }
    }

    fn set_state(&mut self, state: u8, now: Instant) {
        self.state = state;
        if self.is_ble() { self.notify(STATE, &[state], now) } else { self.frame(1, &[state], now) }
    }

    fn set_error(&mut self, error: u8, now: Instant) {
        self.error = error;
        if self.is_ble() { self.notify(ERROR, &[error], now) } else { self.frame(2, &[error], now) }
    }

    fn answer(&mut self, command: u8, texts: &[&str], now: Instant) {
        let data = strings(texts);
        let mut packet = vec![command, data.len() as u8];
        packet.extend(data);
        if self.is_ble() {
            packet.push(sum(&packet));
            self.result = packet.clone();
            self.notify(RESULT, &packet, now);
        } else {
            if self.trouble().spare_zero {
                packet.push(0);
            }
            self.frame(4, &packet, now);
        }
    }

    fn page(&self) -> String {
        let byte = self.spec.mac.rsplit(':').next().and_then(|byte| u8::from_str_radix(byte, 16).ok());
        format!("http://10.0.0.{}", byte.unwrap_or(2).clamp(2, 250))
    }

    fn tell_success(&mut self, command: u8, now: Instant) {
        let page = self.page();
        match self.trouble().pages {
            0 => self.answer(command, &[], now),
            1 => self.answer(command, &[&page], now),
            _ => self.answer(command, &[&page, "http://unit.local"], now),
        }
    }

    // What it hears.

    fn serial(&mut self, bytes: &[u8], now: Instant) {
        self.heard.extend_from_slice(bytes);
        loop {
            let Some(start) = self.heard.windows(6).position(|window| window == b"IMPROV") else {
                let spare = self.heard.len().saturating_sub(5);
                self.heard.drain(..spare);
                return;
            };
            self.heard.drain(..start);
            let Some(length) = self.heard.get(8).map(|length| usize::from(*length)) else { return };
            // Header, data, checksum, and the byte after it: some firmware acts only then.
            if self.heard.len() < 9 + length + 2 {
                return;
            }
            let frame: Vec<u8> = self.heard.drain(..9 + length + 1).collect();
            let (front, check) = frame.split_at(frame.len() - 1);
            match (front[6], front[7], sum(front) == check[0]) {
                (1, 3, true) => self.packet(&front[9..], now),
                _ => self.set_error(1, now),
            }
        }
    }

    fn packet(&mut self, packet: &[u8], now: Instant) {
        match packet {
            [command, length, data @ ..] if data.len() == usize::from(*length) => {
                let data = data.to_vec();
                self.command(*command, &data, now);
            }
            _ => self.set_error(1, now),
        }
    }

    fn command(&mut self, command: u8, data: &[u8], now: Instant) {
        let needs_permission = !matches!(command, 0x02 | 0x03);
        if needs_permission && self.state == state::AUTHORIZATION_REQUIRED {
            return self.set_error(4, now);
        }
        if self.error != 0 {
            self.set_error(0, now);
        }
        match command {
            0x01 => self.settings(data, now),
            0x02 if self.is_ble() => {}
            0x02 => {
                let state = self.state;
                self.frame(1, &[state], now);
                if state == state::PROVISIONED {
                    self.tell_success(0x02, now);
                }
            }
            0x03 if self.trouble().info_refused => self.set_error(2, now),
            0x03 => {
                let spec = self.spec.clone();
                let texts = [&*spec.firmware_type, &*spec.firmware_version, &*spec.board, &*spec.name];
                self.answer(0x03, &texts, now);
            }
            0x04 if self.is_ble() && !self.trouble().has_wifi => self.set_error(2, now),
            0x04 => self.scan_done_at = Some(now + self.trouble().scaled(SCAN_TIME)),
            // Ours: the standard names no layout, so it is that of 0x01, token and server as strings.
            vendor if self.trouble().carrier == Carrier::Vendor(vendor) => {
                match read_strings(data).as_deref() {
                    Some([token, host]) => {
                        self.vendor_token = Some((token.clone(), host.clone()));
                        self.answer(vendor, &[], now);
                    }
                    _ => self.set_error(1, now),
                }
            }
            _ => self.set_error(2, now),
        }
    }

    fn settings(&mut self, data: &[u8], now: Instant) {
        let Some(texts) = read_strings(data) else { return self.set_error(1, now) };
        let [ssid, password, more @ ..] = texts.as_slice() else { return self.set_error(1, now) };
        if ssid.is_empty() || ssid.len() > 32 || password.len() > 64 {
            return self.set_error(1, now);
        }
        let third = more.first().filter(|_| self.trouble().carrier == Carrier::ThirdString).cloned();
        let (token, host) = match (third, self.vendor_token.take()) {
            (Some(token), _) => (token, String::new()),
            (None, Some(carried)) => carried,
            (None, None) => (String::new(), String::new()),
        };
        self.kept.deliveries += 1;
        self.kept.networks = vec![(ssid.clone(), password.clone())];
        self.joined = false;
        let attempt =
            Attempt { over_wifi: true, ssid: ssid.clone(), password: password.clone(), token, host };
        self.set_state(state::PROVISIONING, now);
        self.uplink.start(attempt, now);
        if self.trouble().early_error {
            self.early_error_at = Some(now + self.trouble().scaled(EARLY_ERROR));
        }
        if self.trouble().restarts && !self.restarted {
            self.restarted = true;
            let noise =
                b"\r\nets Jun  8 2016 00:22:57\r\nrst:0xc (SW_CPU_RESET),boot:0x13\r\n\x00\xff\x80IMPROV";
            self.say(noise, now);
            self.deaf_until = Some(now + self.trouble().scaled(BOOT_TIME));
        }
    }

    fn tell_scan(&mut self, now: Instant) {
        let mut heard: Vec<AccessPoint> =
            self.uplink.air().iter().filter(|ap| !ap.is_five_ghz() && !ap.hidden).cloned().collect();
        heard.sort_by_key(|ap| std::cmp::Reverse(ap.rssi));
        if self.is_ble() {
            let mut texts = Vec::new();
            for ap in heard.iter().take(6) {
                let word = if ap.security == "OPEN" { "NO".to_owned() } else { ap.security.clone() };
                texts.extend([ap.ssid.clone(), ap.rssi.to_string(), word]);
            }
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            self.answer(0x04, &texts, now);
        } else {
            for ap in heard {
                let secured = if ap.security == "OPEN" { "NO" } else { "YES" };
                self.answer(0x04, &[&ap.ssid, &ap.rssi.to_string(), secured], now);
            }
            self.answer(0x04, &[], now);
        }
    }

    // How it joins.

    fn on_way(&mut self, way: Way, now: Instant) {
        match way {
            Way::Joined(_) => {
                self.early_error_at = None;
                self.joined = true;
                if self.error != 0 {
                    self.set_error(0, now);
                }
                // A restarted device does not know any more who asked.
                if self.trouble().restarts {
                    self.state = state::PROVISIONED;
                } else if self.trouble().result_first {
                    self.tell_success(0x01, now);
                    self.set_state(state::PROVISIONED, now);
                } else {
                    self.set_state(state::PROVISIONED, now);
                    self.tell_success(0x01, now);
                }
                if self.uplink.attempt().token.is_empty() {
                    self.uplink.stop();
                }
            }
            Way::LogIn => {
                let Attempt { token, host, .. } = self.uplink.attempt().clone();
                let other = self.trouble().built_in_server_other && host.is_empty();
                let host = if other { "elsewhere.test".to_owned() } else { host };
                self.mouth.queue(now, Duration::ZERO, Deed::LogIn { token, host });
            }
            Way::Connected => {
                self.kept.online = true;
                self.kept.token = Some(self.uplink.attempt().token.clone());
                self.kept.host = Some(self.uplink.attempt().host.clone());
            }
            Way::Failed(code) => {
                self.kept.last_error = code;
                if !self.joined {
                    self.fail(now);
                }
            }
            Way::Dropped => {
                self.kept.online = false;
                let token = self.uplink.attempt().token.clone();
                self.mouth.queue(now, Duration::ZERO, Deed::LogOut { token });
            }
        }
    }

    fn fail(&mut self, now: Instant) {
        self.early_error_at = None;
        self.uplink.stop();
        self.set_error(3, now);
        self.set_state(state::READY, now);
    }

    fn press_button(&mut self, now: Instant) {
        self.button_at = None;
        if self.state == state::AUTHORIZATION_REQUIRED {
            self.permission_ends = Some(now + self.trouble().scaled(PERMISSION));
            self.set_state(state::READY, now);
        }
    }
}

impl Firmware for Improv {
    fn boot(&mut self, now: Instant) {
        self.mouth.clear();
        self.uplink.stop();
        self.heard.clear();
        self.linked = false;
        self.error = 0;
        self.kept.online = false;
        self.state = match self.trouble().button {
            Button::None => state::READY,
            Button::Pressed(_) | Button::Needed if self.is_ble() => state::AUTHORIZATION_REQUIRED,
            Button::Pressed(_) | Button::Needed => state::READY,
        };
        if let (Some(token), Some((ssid, password))) =
            (self.kept.token.clone(), self.kept.networks.last().cloned())
        {
            let host = self.kept.host.clone().unwrap_or_default();
            self.state = state::PROVISIONED;
            self.joined = true;
            self.uplink.start(Attempt { over_wifi: true, ssid, password, token, host }, now);
        }
    }

    fn link_opened(&mut self, mtu: u16, now: Instant) {
        self.linked = true;
        self.mtu = mtu;
        // What a client left in the middle stays on the BLE side of some firmware; a serial line begins anew.
        if !self.is_ble() {
            self.heard.clear();
            let deaf = if self.trouble().reset_on_open { BOOT_TIME } else { Duration::ZERO };
            let deaf = self.trouble().scaled(deaf).max(self.trouble().deaf);
            self.deaf_until = (deaf > Duration::ZERO).then(|| now + deaf);
            if self.trouble().reset_on_open {
                self.say(b"ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET)\r\n", now);
            }
        }
        if let Button::Pressed(after) = self.trouble().button
            && self.state == state::AUTHORIZATION_REQUIRED
        {
            self.button_at = Some(now + after);
        }
    }

    fn link_closed(&mut self, _now: Instant) {
        self.linked = false;
        self.mouth.link_gone();
        self.scan_done_at = None;
    }

    fn hear(&mut self, heard: Heard, now: Instant) -> Result<(), u8> {
        match heard {
            Heard::Bytes(bytes) => {
                if self.deaf_until.is_none_or(|until| until <= now) {
                    self.serial(&bytes, now);
                }
                Ok(())
            }
            // 0x0D: invalid attribute value length: a small server takes no long writes.
            Heard::Write { bytes, .. } if bytes.len() > usize::from(self.mtu.saturating_sub(3)) => Err(0x0D),
            Heard::Write { channel: COMMAND, bytes } => {
                self.heard.extend(bytes);
                if let Some(length) = self.heard.get(1).map(|length| usize::from(*length))
                    && self.heard.len() >= length + 3
                {
                    let packet = std::mem::take(&mut self.heard);
                    if packet.len() == length + 3 && sum(&packet[..length + 2]) == packet[length + 2] {
                        self.packet(&packet[..length + 2], now);
                    } else {
                        self.set_error(1, now);
                    }
                }
                Ok(())
            }
            // 0x03: write not permitted, 0x02: read not permitted.
            Heard::Write { .. } => Err(0x03),
            Heard::Read { channel } => {
                let can_scan = if self.trouble().has_wifi { 0x04 } else { 0x00 };
                let can_tell = if self.trouble().info_refused { 0x00 } else { 0x02 };
                let bytes = match channel {
                    STATE => vec![self.state],
                    ERROR => vec![self.error],
                    RESULT => self.result.clone(),
                    CAPABILITIES => vec![0x01 | can_tell | can_scan],
                    _ => return Err(0x02),
                };
                let slow = self.trouble().slow;
                self.mouth.queue(now, slow, Deed::Value { channel, bytes });
                Ok(())
            }
        }
    }

    fn wake(&mut self, now: Instant) {
        while let Some(way) = self.uplink.wake(now) {
            self.on_way(way, now);
        }
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.button_at) {
            self.press_button(now);
        }
        if due(self.permission_ends) {
            self.permission_ends = None;
            if self.state == state::READY && self.is_ble() {
                self.set_state(state::AUTHORIZATION_REQUIRED, now);
            }
        }
        if due(self.early_error_at) {
            self.early_error_at = None;
            self.set_error(3, now);
        }
        if due(self.scan_done_at) {
            self.scan_done_at = None;
            self.tell_scan(now);
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        [
            self.uplink.wake_at(),
            self.mouth.next(),
            self.button_at,
            self.permission_ends,
            self.early_error_at,
            self.scan_done_at,
        ]
        .into_iter()
        .flatten()
        .min()
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
        vec![SERVICE]
    }

    fn service_data(&self) -> BTreeMap<Uuid, Vec<u8>> {
        BTreeMap::from([(SERVICE_DATA, vec![self.state, 0x07, 0, 0, 0, 0])])
    }

    fn shows_name(&self) -> bool {
        // Service and service data fill the whole packet.
        false
    }

    fn gatt(&self) -> Vec<GattChannel> {
        [STATE, ERROR, COMMAND, RESULT, CAPABILITIES]
            .into_iter()
            .map(|characteristic| GattChannel { service: SERVICE, characteristic, description: None })
            .collect()
    }

    /// For Improv this is the button.
    fn enter_configuration(&mut self, now: Instant) {
        if self.state == state::AUTHORIZATION_REQUIRED {
            return self.press_button(now);
        }
        if self.kept.online {
            let token = self.uplink.attempt().token.clone();
            self.mouth.queue(now, Duration::ZERO, Deed::LogOut { token });
            self.kept.online = false;
        }
        self.uplink.stop();
        self.set_state(state::READY, now);
    }

    fn set_trouble(&mut self, trouble: Trouble) {
        self.uplink.trouble = trouble;
    }
}
