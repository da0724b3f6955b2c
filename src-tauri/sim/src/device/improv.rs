//! Improv Wi-Fi on BLE and serial lines, as an independent reading of its reference.
//!
//! It joins a network and gives a URL. A token reaches it only by a carrier that the knob `carrier` names; without one it
//! never comes to the cloud. Not here: joining (`uplink.rs`).

use super::uplink::{Attempt, Uplink, Way};
use super::{Deed, DeviceSpec, Dialect, Firmware, GattChannel, Heard, Kept, Mouth};
use crate::air::AccessPoint;
use crate::cloud::Login;
use crate::trouble::{Carrier, Logs, Trouble};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const fn improv(last: u128) -> Uuid {
    Uuid::from_u128(0x00467768_6228_2272_4663_277478268000 + last)
}

pub const SERVICE: Uuid = improv(0);
pub const STATE: Uuid = improv(1);
pub const ERROR: Uuid = improv(2);
pub const COMMAND: Uuid = improv(3);
pub const RESULT: Uuid = improv(4);
pub const CAPABILITIES: Uuid = improv(5);
const SERVICE_DATA: Uuid = Uuid::from_u128(0x00004677_0000_1000_8000_00805f9b34fb);

/// Identify, device info, scan.
const CAPABLE_OF: u8 = 0x07;
const AUTHORIZATION_REQUIRED: u8 = 1;
const READY: u8 = 2;
const PROVISIONING: u8 = 3;
const PROVISIONED: u8 = 4;
const BAD_PACKET: u8 = 1;
const UNKNOWN_COMMAND: u8 = 2;
const CANNOT_CONNECT: u8 = 3;
const NOT_AUTHORIZED: u8 = 4;

/// The device's own timer (section 2.5).
const JOIN_LIMIT: Duration = Duration::from_secs(30);
const HEADER: &[u8] = b"IMPROV";

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
    /// Bytes of a frame or packet that is not whole yet.
    heard: Vec<u8>,
    /// A token that came by a vendor's command, before the network.
    token: Option<String>,
    host: String,
}

impl std::fmt::Debug for Improv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Improv").field("dialect", &self.spec.dialect).finish_non_exhaustive()
    }
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Strings of one length byte each; what is cut off is left out.
fn strings(data: &[u8]) -> Vec<String> {
    let mut strings = Vec::new();
    let mut rest = data;
    while let [length, tail @ ..] = rest {
        let Some((string, after)) = tail.split_at_checked(usize::from(*length)) else { break };
        strings.push(String::from_utf8_lossy(string).into_owned());
        rest = after;
    }
    strings
}

impl Improv {
    pub fn new(spec: DeviceSpec, air: Arc<Vec<AccessPoint>>) -> Improv {
        let number =
            spec.mac.rsplit(':').next().and_then(|byte| u8::from_str_radix(byte, 16).ok()).unwrap_or(2);
        let mut uplink = Uplink::new(air, spec.trouble.clone(), number, false);
        uplink.limit = JOIN_LIMIT;
        let mut device = Improv {
            uplink,
            mouth: Mouth::default(),
            kept: Kept { networks: spec.networks.clone(), ..Kept::default() },
            linked: false,
            mtu: spec.trouble.mtu,
            state: READY,
            error: 0,
            result: Vec::new(),
            heard: Vec::new(),
            token: None,
            host: String::new(),
            spec,
        };
        device.state = device.resting();
        device
    }

    fn resting(&self) -> u8 {
        if self.on_serial() || !self.trouble().button { READY } else { AUTHORIZATION_REQUIRED }
    }

    fn trouble(&self) -> &Trouble {
        &self.uplink.trouble
    }

    fn on_serial(&self) -> bool {
        self.spec.dialect == Dialect::ImprovSerial
    }

    // ---- saying

    fn frame(&mut self, kind: u8, payload: &[u8], now: Instant) {
        if !self.linked || self.trouble().mute {
            return;
        }
        let mut bytes = Vec::new();
        if self.trouble().logs == Logs::Heavy {
            // A log fragment without its line end, right before the header.
            bytes.extend_from_slice(b"[D][improv:042]: state IMPRO");
        }
        let start = bytes.len();
        bytes.extend_from_slice(HEADER);
        bytes.extend_from_slice(&[1, kind, payload.len() as u8]);
        bytes.extend_from_slice(payload);
        bytes.push(sum(&bytes[start..]));
        bytes.push(b'\n');
        let after = self.trouble().slow;
        match self.trouble().pieces {
            None => self.mouth.say(now, after, &bytes),
            Some(size) => {
                for piece in bytes.chunks(size) {
                    self.mouth.queue(now, after, Deed::Say(piece.to_vec()));
                }
            }
        }
    }

    fn notify(&mut self, channel: Uuid, mut bytes: Vec<u8>, now: Instant) {
        if self.linked && !self.trouble().mute {
            // A notification carries what fits; the rest is there to be read.
            bytes.truncate(usize::from(self.mtu.saturating_sub(3)));
            let after = self.trouble().slow;
            self.mouth.queue(now, after, Deed::Notify { channel, bytes });
        }
    }

    fn turn_to(&mut self, state: u8, now: Instant) {
        self.state = state;
        if self.on_serial() { self.frame(1, &[state], now) } else { self.notify(STATE, vec![state], now) }
    }

    fn err(&mut self, error: u8, now: Instant) {
        self.error = error;
        if self.on_serial() { self.frame(2, &[error], now) } else { self.notify(ERROR, vec![error], now) }
    }

    fn answer(&mut self, command: u8, strings: &[&str], now: Instant) {
        let mut list = Vec::new();
        for string in strings {
            list.push(string.len() as u8);
            list.extend_from_slice(string.as_bytes());
        }
        let mut packet = vec![command, list.len() as u8];
        packet.extend_from_slice(&list);
        if self.on_serial() {
            // The C++ SDK reserves room for a checksum that the line does not use.
            packet.push(0);
            self.frame(4, &packet, now);
        } else {
            packet.push(sum(&packet));
            self.result = packet.clone();
            self.notify(RESULT, packet, now);
        }
    }

    // ---- hearing

    fn hear_stream(&mut self, bytes: &[u8], now: Instant) {
        self.heard.extend_from_slice(bytes);
        loop {
            let Some(start) = self.heard.windows(HEADER.len()).position(|window| window == HEADER) else {
                let keep = self.heard.len().min(HEADER.len() - 1);
                self.heard.drain(..self.heard.len() - keep);
                return;
            };
            self.heard.drain(..start);
            let Some(length) = self.heard.get(8).map(|length| usize::from(*length)) else { return };
            if self.heard.len() < 10 + length {
                return;
            }
            let good = self.heard[6] == 1 && self.heard[9 + length] == sum(&self.heard[..9 + length]);
            if !good {
                self.heard.drain(..1);
                self.err(BAD_PACKET, now);
                continue;
            }
            let (kind, packet) = (self.heard[7], self.heard[9..9 + length].to_vec());
            self.heard.drain(..10 + length);
            if kind == 3 {
                match packet.as_slice() {
                    [command, n, data @ ..] if usize::from(*n) <= data.len() => {
                        let data = data[..usize::from(*n)].to_vec();
                        self.command(*command, &data, now);
                    }
                    _ => self.err(BAD_PACKET, now),
                }
            }
        }
    }

    /// Pieces are appended until the packet is whole.
    fn hear_piece(&mut self, bytes: &[u8], now: Instant) {
        self.heard.extend_from_slice(bytes);
        let Some(n) = self.heard.get(1).map(|n| usize::from(*n)) else { return };
        if self.heard.len() < n + 3 {
            return;
        }
        let packet = std::mem::take(&mut self.heard);
        if packet.len() > n + 3 || packet[n + 2] != sum(&packet[..n + 2]) {
            return self.err(BAD_PACKET, now);
        }
        self.command(packet[0], &packet[2..n + 2], now);
    }

    fn command(&mut self, command: u8, data: &[u8], now: Instant) {
        if self.error != 0 {
            self.err(0, now);
        }
        if self.state == AUTHORIZATION_REQUIRED && !matches!(command, 2 | 3) {
            return self.err(NOT_AUTHORIZED, now);
        }
        match command {
            1 => self.settings(data, now),
            2 if self.on_serial() => {
                let state = self.state;
                self.turn_to(state, now);
                if state == PROVISIONED {
                    let url = self.url();
                    self.answer(2, &[&url], now);
                }
            }
            2 => {}
            3 => {
                let (version, name) = (self.spec.firmware_version.clone(), self.spec.name.clone());
                self.answer(3, &["PracticeFirmware", &version, "ESP32", &name], now);
            }
            4 => self.scan(now),
            vendor if self.trouble().carrier == Carrier::Vendor(vendor) => {
                // Ours: the standard names no layout, so it is that of 0x01, token and server as strings.
                let strings = strings(data);
                self.token = strings.first().cloned();
                self.host = strings.get(1).cloned().unwrap_or_default();
                self.answer(vendor, &[], now);
            }
            _ => self.err(UNKNOWN_COMMAND, now),
        }
    }

    fn settings(&mut self, data: &[u8], now: Instant) {
        let strings = strings(data);
        let [ssid, password, more @ ..] = strings.as_slice() else { return self.err(BAD_PACKET, now) };
        if self.trouble().carrier == Carrier::ThirdString {
            self.token = more.first().cloned();
        }
        let attempt = Attempt {
            over_wifi: true,
            ssid: ssid.clone(),
            password: password.clone(),
            token: self.token.clone().unwrap_or_default(),
            host: self.host.clone(),
        };
        self.kept.deliveries += 1;
        self.turn_to(PROVISIONING, now);
        self.uplink.start(attempt, now);
    }

    fn scan(&mut self, now: Instant) {
        let heard: Vec<AccessPoint> = self
            .uplink
            .air()
            .iter()
            .filter(|ap| !ap.hidden && ap.rssi >= -90 && !ap.is_five_ghz())
            .cloned()
            .collect();
        if self.on_serial() {
            for ap in heard {
                let secured = if ap.security == "OPEN" { "NO" } else { "YES" };
                self.answer(4, &[&ap.ssid, &ap.rssi.to_string(), secured], now);
            }
            self.answer(4, &[], now);
        } else {
            let mut strings = Vec::new();
            for ap in heard {
                let secured = if ap.security == "OPEN" { "NO".to_owned() } else { ap.security.clone() };
                strings.extend([ap.ssid, ap.rssi.to_string(), secured]);
            }
            let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
            self.answer(4, &strings, now);
        }
    }

    fn url(&self) -> String {
        self.kept.host.clone().unwrap_or_default()
    }

    fn on_way(&mut self, way: Way, now: Instant) {
        match way {
            Way::Joined(joined) => {
                let Attempt { ssid, password, token, .. } = self.uplink.attempt().clone();
                self.kept.networks = vec![(ssid, password)];
                self.kept.host = Some(format!("http://{}", joined.ip));
                if token.is_empty() {
                    self.uplink.stop();
                }
                let url = self.url();
                self.turn_to(PROVISIONED, now);
                self.answer(1, &[&url], now);
            }
            Way::LogIn => {
                let Attempt { token, host, .. } = self.uplink.attempt().clone();
                self.mouth.queue(now, Duration::ZERO, Deed::LogIn { token, host });
            }
            Way::Connected => {
                self.kept.online = true;
                self.kept.token = Some(self.uplink.attempt().token.clone());
            }
            Way::Dropped => {
                self.kept.online = false;
                let token = self.uplink.attempt().token.clone();
                self.mouth.queue(now, Duration::ZERO, Deed::LogOut { token });
            }
            // Trouble beyond the network is nothing that this protocol can tell.
            Way::Failed(_) if self.state == PROVISIONED => {}
            Way::Failed(code) => {
                self.kept.last_error = code;
                self.err(CANNOT_CONNECT, now);
                let resting = self.resting();
                self.turn_to(resting, now);
            }
        }
    }
}

impl Firmware for Improv {
    fn boot(&mut self, _now: Instant) {
        self.mouth.clear();
        self.uplink.stop();
        self.heard.clear();
        self.linked = false;
        self.kept.online = false;
        self.state = self.resting();
    }

    fn link_opened(&mut self, mtu: u16, _now: Instant) {
        self.linked = true;
        self.mtu = mtu;
    }

    fn link_closed(&mut self, _now: Instant) {
        self.linked = false;
        self.heard.clear();
        self.mouth.link_gone();
    }

    fn hear(&mut self, heard: Heard, now: Instant) -> Result<(), u8> {
        match heard {
            Heard::Bytes(bytes) => self.hear_stream(&bytes, now),
            Heard::Write { channel, bytes } if channel == COMMAND => self.hear_piece(&bytes, now),
            Heard::Write { .. } => return Err(0x03),
            Heard::Read { channel } => {
                let bytes = match channel {
                    STATE => vec![self.state],
                    ERROR => vec![self.error],
                    RESULT => self.result.clone(),
                    CAPABILITIES => vec![CAPABLE_OF],
                    _ => return Err(0x02),
                };
                self.mouth.queue(now, Duration::ZERO, Deed::Value { channel, bytes });
            }
        }
        Ok(())
    }

    fn wake(&mut self, now: Instant) {
        while let Some(way) = self.uplink.wake(now) {
            self.on_way(way, now);
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        [self.uplink.wake_at(), self.mouth.next()].into_iter().flatten().min()
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
        BTreeMap::from([(SERVICE_DATA, vec![self.state, CAPABLE_OF, 0, 0, 0, 0])])
    }

    fn shows_name(&self) -> bool {
        // Service and service data fill the whole packet.
        false
    }

    fn gatt(&self) -> Vec<GattChannel> {
        [STATE, ERROR, COMMAND, RESULT, CAPABILITIES]
            .map(|characteristic| GattChannel { service: SERVICE, characteristic, description: None })
            .into()
    }

    /// Its button is pressed.
    fn enter_configuration(&mut self, now: Instant) {
        if self.state == AUTHORIZATION_REQUIRED {
            self.turn_to(READY, now);
        }
    }

    fn set_trouble(&mut self, trouble: Trouble) {
        self.uplink.trouble = trouble;
    }
}
