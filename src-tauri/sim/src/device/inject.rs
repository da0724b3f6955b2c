//! Blynk.Inject over BLE in its four dialects, as an independent reading of the device protocols, section 3.
//!
//! Not here: joining (`uplink.rs`), and the radio itself (`world.rs`, `memory.rs`).

use super::uplink::{Attempt, Uplink, Way, reason};
use super::{Deed, DeviceSpec, Dialect, Firmware, GattChannel, Heard, Kept, Mouth};
use crate::air::AccessPoint;
use crate::chance::Chance;
use crate::cloud::Login;
use crate::trouble::{Cable, DropPoint, JoinOutcome, Trouble};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub const SERVICE: Uuid = Uuid::from_u128(0x95e30001_5737_45a9_a092_a88e2e5dd659);
pub const RX: Uuid = Uuid::from_u128(0x95e30002_5737_45a9_a092_a88e2e5dd659);
pub const TX: Uuid = Uuid::from_u128(0x95e30003_5737_45a9_a092_a88e2e5dd659);
pub const RAW: Uuid = Uuid::from_u128(0x95e30004_5737_45a9_a092_a88e2e5dd659);

/// Output buffer of the firmware, with its closing NUL: longer JSON is cut.
const BUFFER: usize = 255;
const NETWORK_SLOTS: usize = 16;

/// One JSON object with its keys in the order in which firmware writes them.
struct Object(String);

impl Object {
    fn new(kind: &str) -> Object {
        Object(String::from("{\"t\":")).quoted(kind)
    }

    fn quoted(mut self, text: &str) -> Object {
        self.0.push_str(&Value::from(text).to_string());
        self
    }

    fn text(mut self, key: &str, text: &str) -> Object {
        let _ = write!(self.0, ",\"{key}\":");
        self.quoted(text)
    }

    /// As plain formatting does it: nothing is escaped.
    fn raw_text(mut self, key: &str, text: &str) -> Object {
        let _ = write!(self.0, ",\"{key}\":\"{text}\"");
        self
    }

    fn number(mut self, key: &str, number: i64) -> Object {
        let _ = write!(self.0, ",\"{key}\":{number}");
        self
    }

    fn words(mut self, key: &str, words: &[&str]) -> Object {
        let _ = write!(self.0, ",\"{key}\":{}", Value::from(words.to_vec()));
        self
    }

    fn end(mut self) -> Vec<u8> {
        self.0.push('}');
        self.0.into_bytes()
    }
}

/// Values that the app has sent and that nothing has used yet.
#[derive(Debug, Clone, Default)]
struct Staged {
    interface: String,
    ssid: String,
    password: String,
    token: String,
    host: String,
    save: bool,
}

pub struct Inject {
    spec: DeviceSpec,
    uplink: Uplink,
    mouth: Mouth,
    chance: Chance,
    staged: Staged,
    kept: Kept,
    linked: bool,
    mtu: u16,
    /// The session is marked "user is configuring" by `info`.
    configuring: bool,
    waiting_for_configuration: bool,
    window_ends: Option<Instant>,
    /// The radio goes off at this moment.
    dark_at: Option<Instant>,
    last_status: &'static str,
}

impl std::fmt::Debug for Inject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inject").field("dialect", &self.spec.dialect).finish_non_exhaustive()
    }
}

impl Inject {
    pub fn new(spec: DeviceSpec, air: Arc<Vec<AccessPoint>>) -> Inject {
        let number =
            spec.mac.rsplit(':').next().and_then(|byte| u8::from_str_radix(byte, 16).ok()).unwrap_or(2);
        let kept = Kept { token: spec.token.clone(), networks: spec.networks.clone(), ..Kept::default() };
        Inject {
            uplink: Uplink::new(air, spec.trouble.clone(), number, spec.dialect == Dialect::Linux),
            mouth: Mouth::default(),
            chance: Chance::new(u64::from(number)),
            staged: Staged::default(),
            kept,
            linked: false,
            mtu: spec.trouble.mtu,
            configuring: false,
            waiting_for_configuration: true,
            window_ends: None,
            dark_at: None,
            last_status: "",
            spec,
        }
    }

    fn trouble(&self) -> &Trouble {
        &self.uplink.trouble
    }

    fn is(&self, dialect: Dialect) -> bool {
        self.spec.dialect == dialect
    }

    fn say(&mut self, object: Object, now: Instant) {
        self.say_after(object, Duration::ZERO, now);
    }

    fn say_after(&mut self, object: Object, after: Duration, now: Instant) {
        if !self.linked || self.trouble().mute {
            return;
        }
        let mut bytes = object.end();
        if self.is(Dialect::EdgentArduino) {
            bytes.truncate(BUFFER);
        }
        bytes.truncate(usize::from(self.mtu.saturating_sub(3)));
        let after = after + self.trouble().slow;
        self.mouth.queue(now, after, Deed::Notify { channel: TX, bytes });
    }

    fn status(&mut self, word: &'static str, now: Instant) {
        // The same value is never sent twice in a row.
        if self.last_status != word {
            self.last_status = word;
            self.say(Object::new("status").text("s", word), now);
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
        let after = self.trouble().slow;
        self.mouth.queue(now, after, Deed::DropLink);
        let comes_back = self.trouble().comes_back;
        self.mouth.queue(now, after, Deed::Vanish { comes_back });
    }

    fn command(&mut self, bytes: &[u8], now: Instant) {
        let object = match serde_json::from_slice::<Value>(bytes) {
            Ok(Value::Object(object)) => object,
            _ if self.is(Dialect::EdgentIdf) => return,
            _ => return self.say(Object::new("error").text("msg", "wrong format"), now),
        };
        if self.chance.strikes(self.trouble().drop_chance) {
            return self.lose_link(now);
        }
        match object.get("t").and_then(Value::as_str).unwrap_or("") {
            "info" => self.info(now),
            "ifs" => self.interfaces(now),
            "scan" => self.scan(now),
            "set" => self.set(&object, now),
            "connect" => self.connect(now),
            "reset" => self.reset(now),
            "reboot" => {
                if !self.is(Dialect::Linux) {
                    self.restart(now);
                }
            }
            _ if self.is(Dialect::EdgentIdf) => {}
            _ => self.say(Object::new("error").text("msg", "invalid command"), now),
        }
    }

    fn info(&mut self, now: Instant) {
        self.configuring = true;
        if self.drop_at(DropPoint::Info, now) {
            return;
        }
        let spec = &self.spec;
        let fw_type =
            if self.is(Dialect::Linux) && spec.firmware_type == spec.template && spec.template != "DYNAMIC" {
                "0"
            } else {
                &spec.firmware_type
            };
        let mut object = Object::new("info")
            .text("vendor", &spec.vendor)
            .text("tmpl_id", &spec.template)
            .text("fw_type", fw_type)
            .text("fw_ver", &spec.firmware_version)
            .text("name", &spec.name);
        object = match spec.dialect {
            Dialect::EdgentArduino => object.text("uid", &spec.uid).words("caps", &["live_status"]),
            Dialect::EdgentIdf | Dialect::Particle => {
                object.number("last_error", i64::from(self.kept.last_error))
            }
            _ => object,
        };
        self.say(object, now);
    }

    fn interfaces(&mut self, now: Instant) {
        if self.drop_at(DropPoint::Ifs, now) {
            return;
        }
        let (cable, has_wifi, mac) = (self.trouble().cable, self.trouble().has_wifi, self.spec.mac.clone());
        let linux = self.is(Dialect::Linux);
        self.say(Object::new("ifs_start"), now);
        if has_wifi {
            let mut object = Object::new("if").text("name", "wifi").text("mac", &mac);
            if linux {
                object = object.text("status", "ready").number("scan", 1).number("static_ip", 1);
            } else {
                object = object.number("scan", 1).number("5ghz", 0).number("static_ip", 1);
            }
            self.say(object, now);
        }
        if cable != Cable::NoSocket {
            let ready = cable == Cable::Ready;
            let mut object = Object::new("if").text("name", "eth").text("mac", &mac);
            if !self.is(Dialect::EdgentIdf) {
                object = object.text("status", if ready { "ready" } else { "unavailable" });
            }
            if ready {
                object = object.text("ip", "10.0.0.23");
            }
            self.say(object.number("static_ip", 1), now);
        }
        self.say(Object::new("ifs_end"), now);
    }

    fn scan(&mut self, now: Instant) {
        if self.drop_at(DropPoint::Scan, now) {
            return;
        }
        if !self.trouble().has_wifi {
            let error = || Object::new("error").text("msg", "no wifi");
            if self.is(Dialect::Linux) {
                self.say(Object::new("scan_start"), now);
                self.say(error(), now);
                self.say(Object::new("scan_end"), now);
            } else {
                self.say(error(), now);
            }
            return;
        }
        self.say(Object::new("scan_start"), now);
        let time = self.trouble().scaled(Duration::from_secs(if self.is(Dialect::Linux) { 4 } else { 6 }));
        let mut heard: Vec<AccessPoint> = self
            .uplink
            .air()
            .iter()
            .filter(|ap| !ap.hidden && ap.rssi >= -90)
            .filter(|ap| self.is(Dialect::Linux) || !ap.is_five_ghz())
            .cloned()
            .collect();
        if self.is(Dialect::Linux) {
            heard.sort_by_key(|ap| std::cmp::Reverse(ap.rssi));
            let mut seen = BTreeSet::new();
            heard.retain(|ap| seen.insert(ap.ssid.clone()));
        }
        heard.truncate(if self.is(Dialect::Particle) { 15 } else { 30 });
        for ap in heard {
            let object = Object::new("scan");
            let object = if self.is(Dialect::EdgentIdf) {
                object.raw_text("ssid", &ap.ssid)
            } else {
                object.text("ssid", &ap.ssid)
            };
            let object = object
                .text("bssid", &ap.bssid)
                .number("rssi", i64::from(ap.rssi))
                .text("sec", &ap.security)
                .number("ch", i64::from(ap.channel));
            self.say_after(object, time, now);
        }
        self.say_after(Object::new("scan_end"), time, now);
    }

    fn set(&mut self, object: &Map<String, Value>, now: Instant) {
        if self.drop_at(DropPoint::Set, now) {
            return;
        }
        let (linux, idf) = (self.is(Dialect::Linux), self.is(Dialect::EdgentIdf));
        let known = |key: &str| match key {
            "t" | "if" | "ssid" | "pass" | "blynk" | "host" | "ip" | "mask" | "gw" | "dns" | "dns2" => true,
            "save" | "port" => !linux,
            "pin" | "apn" => linux,
            "templateId" => linux && self.spec.template == "DYNAMIC",
            // The closed ESP-IDF library and Particle pass over what they do not know.
            _ => !linux && !self.is(Dialect::EdgentArduino),
        };
        let strange = object.keys().any(|key| !known(key));
        if strange && linux {
            return self.say(Object::new("set_fail"), now);
        }
        if idf {
            let limit = |key: &str| match key {
                "ssid" => 31,
                "pass" => 63,
                "blynk" => 32,
                "host" => 127,
                _ => 15,
            };
            let overflows = object
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "t" | "save" | "port"))
                .any(|(key, value)| known(key) && value.as_str().is_some_and(|text| text.len() > limit(key)));
            if overflows {
                // An over-long value hits an assertion: the device starts anew.
                return self.restart(now);
            }
        }
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        if let Some(interface) = text("if") {
            self.staged.interface = interface;
        }
        // Edgent-Arduino drops a name of 32 bytes without a word.
        if let Some(ssid) = text("ssid")
            && (ssid.len() <= 31 || linux)
        {
            self.staged.ssid = ssid;
        }
        if let Some(password) = text("pass")
            && password.len() <= 64
        {
            self.staged.password = password;
        }
        if let Some(token) = text("blynk") {
            self.staged.token = token;
        }
        if let Some(host) = text("host") {
            self.staged.host = host;
        }
        self.staged.save |= match object.get("save") {
            Some(Value::Bool(save)) => *save,
            Some(Value::Number(number)) => number.as_i64() != Some(0),
            Some(_) => self.is(Dialect::Particle),
            None => false,
        };
        let answer = if strange { "set_fail" } else { "set_ok" };
        self.say(Object::new(answer), now);
    }

    fn connect(&mut self, now: Instant) {
        if self.uplink.is_busy() || self.drop_at(DropPoint::Connect, now) {
            return;
        }
        let staged = &self.staged;
        let token_fits = if self.is(Dialect::Linux) {
            staged.token.len() == 32
        } else {
            staged.token.len() == 32
                && staged.token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let interface_fits = match staged.interface.as_str() {
            "wifi" => !staged.ssid.is_empty() || self.is(Dialect::Linux),
            "eth" | "cell" => true,
            _ => self.is(Dialect::Linux),
        };
        if !token_fits || !interface_fits {
            let text = if self.is(Dialect::EdgentIdf) { "invalid config" } else { "configuration invalid" };
            return self.say(Object::new("connect_fail").text("msg", text), now);
        }
        let keeps_network = self.is(Dialect::Linux) && staged.ssid.is_empty();
        let network = if keeps_network {
            self.kept.networks.last().cloned().unwrap_or_default()
        } else {
            (staged.ssid.clone(), staged.password.clone())
        };
        let attempt = Attempt {
            over_wifi: staged.interface != "eth" && !(keeps_network && self.trouble().cable == Cable::Ready),
            ssid: network.0,
            password: network.1,
            token: staged.token.clone(),
            host: staged.host.clone(),
        };
        if attempt.over_wifi && !keeps_network {
            self.remember_network(&attempt.ssid, &attempt.password);
        }
        self.kept.deliveries += 1;
        self.last_status = "";
        self.say(Object::new("connecting"), now);
        self.uplink.start(attempt, now);
        let dropped = self.drop_at(DropPoint::Connecting, now);
        match self.spec.dialect {
            Dialect::EdgentArduino | Dialect::Linux => self.status("connecting_net", now),
            Dialect::Particle if !dropped => {
                let after = self.trouble().slow;
                self.mouth.queue(now, after, Deed::DropLink);
                self.waiting_for_configuration = false;
            }
            _ => {}
        }
    }

    /// Stored right or wrong, 16 slots, the oldest goes first, the same name is overwritten (section 3.8).
    fn remember_network(&mut self, ssid: &str, password: &str) {
        self.kept.networks.retain(|(known, _)| known != ssid);
        self.kept.networks.push((ssid.to_owned(), password.to_owned()));
        if self.kept.networks.len() > NETWORK_SLOTS {
            self.kept.networks.remove(0);
        }
    }

    fn reset(&mut self, now: Instant) {
        if self.is(Dialect::Linux) {
            self.staged.ssid.clear();
            self.staged.password.clear();
            self.staged.interface.clear();
            if self.spec.token.is_none() {
                self.kept.token = None;
            }
        } else {
            self.kept.networks.clear();
        }
        self.say(Object::new("reset_ok"), now);
    }

    fn restart(&mut self, now: Instant) {
        self.uplink.stop();
        let takes = self.trouble().scaled(Duration::from_secs(2));
        self.mouth.queue(now, Duration::ZERO, Deed::DropLink);
        self.mouth.queue(now, Duration::ZERO, Deed::Restart { takes });
    }

    fn on_way(&mut self, way: Way, now: Instant) {
        match way {
            Way::Joined(joined) => {
                if self.drop_at(DropPoint::NetworkUp, now) {
                    return;
                }
                match self.spec.dialect {
                    Dialect::EdgentArduino => {
                        let attempt = self.uplink.attempt().clone();
                        let object = if attempt.over_wifi {
                            Object::new("net_status")
                                .text("if", "wifi")
                                .text("state", "CONNECTED")
                                .text("ssid", &attempt.ssid)
                                .text("bssid", &joined.bssid)
                                .text("ip", &joined.ip)
                                .number("rssi", i64::from(joined.rssi))
                        } else {
                            Object::new("net_status").text("if", "eth").text("state", "CONNECTED")
                        };
                        self.say(object, now);
                        self.status("connecting_cloud", now);
                    }
                    Dialect::Linux => {
                        // The token is stored and that counts as connected; the cloud is tried afterwards.
                        self.status("connecting_cloud", now);
                        let attempt = self.uplink.attempt().clone();
                        self.kept.token = Some(attempt.token);
                        self.kept.host = Some(attempt.host);
                        self.status("connected", now);
                        self.after_connected(now);
                    }
                    _ => {}
                }
            }
            Way::LogIn => {
                let Attempt { token, host, .. } = self.uplink.attempt().clone();
                self.mouth.queue(now, Duration::ZERO, Deed::LogIn { token, host });
            }
            Way::Connected => {
                self.kept.online = true;
                if self.is(Dialect::Linux) {
                    return;
                }
                let attempt = self.uplink.attempt().clone();
                let cannot_store =
                    self.trouble().outcome == JoinOutcome::StoreFailure || attempt.host.is_empty();
                if cannot_store {
                    self.kept.online = false;
                    self.mouth.queue(now, Duration::ZERO, Deed::LogOut { token: attempt.token });
                    self.uplink.stop();
                    self.kept.last_error = 700;
                    if self.is(Dialect::EdgentArduino) {
                        let text = "failed to store configuration";
                        self.say(Object::new("connect_fail").text("msg", text), now);
                    }
                    self.await_again(now);
                    return;
                }
                self.kept.token = Some(attempt.token);
                self.kept.host = Some(attempt.host);
                self.kept.last_error = 0;
                if self.is(Dialect::EdgentArduino) {
                    self.status("connected", now);
                }
                if self.is(Dialect::EdgentIdf) && self.linked {
                    self.mouth.queue(now, Duration::ZERO, Deed::DropLink);
                }
                self.after_connected(now);
            }
            Way::Failed(code) => self.failed(code, now),
            Way::Dropped => {
                self.kept.online = false;
                let token = self.uplink.attempt().token.clone();
                self.mouth.queue(now, Duration::ZERO, Deed::LogOut { token });
            }
        }
    }

    fn after_connected(&mut self, now: Instant) {
        self.waiting_for_configuration = false;
        self.drop_at(DropPoint::Connected, now);
        if let Some(vanish) = self.trouble().vanish {
            self.mouth.queue(now, vanish, Deed::Vanish { comes_back: None });
        }
        if !self.linked {
            self.dark_at = Some(now + self.trouble().scaled(Duration::from_secs(1)));
        }
    }

    fn failed(&mut self, code: u16, now: Instant) {
        self.kept.last_error = code;
        self.last_status = "";
        let (kind, word) = reason(code);
        match self.spec.dialect {
            Dialect::EdgentArduino => {
                self.say(Object::new(kind).text("reason", word), now);
                self.staged = Staged::default();
            }
            Dialect::Linux => {
                if kind == "net_fail" {
                    self.say(Object::new(kind).text("reason", word), now);
                }
                self.staged.ssid.clear();
                self.staged.password.clear();
                self.staged.interface.clear();
            }
            _ => self.staged = Staged::default(),
        }
        self.await_again(now);
    }

    fn await_again(&mut self, now: Instant) {
        self.waiting_for_configuration = true;
        self.dark_at = None;
        self.window_ends = self.trouble().window.map(|window| now + window);
    }
}

impl Firmware for Inject {
    fn boot(&mut self, now: Instant) {
        self.mouth.clear();
        self.uplink.stop();
        self.staged = Staged::default();
        self.linked = false;
        self.configuring = false;
        self.kept.online = false;
        self.last_status = "";
        if let Some(token) = self.kept.token.clone().filter(|_| !self.kept.networks.is_empty()) {
            // It has all it needs from an earlier life: it connects by itself and does not advertise.
            let (ssid, password) = self.kept.networks.last().cloned().unwrap_or_default();
            let host = self.kept.host.clone().unwrap_or_default();
            self.waiting_for_configuration = false;
            self.uplink.start(Attempt { over_wifi: true, ssid, password, token, host }, now);
        } else {
            self.await_again(now);
        }
    }

    fn link_opened(&mut self, mtu: u16, now: Instant) {
        self.linked = true;
        self.mtu = mtu;
        self.configuring = false;
        self.drop_at(DropPoint::Open, now);
    }

    fn link_closed(&mut self, now: Instant) {
        self.linked = false;
        self.mouth.link_gone();
        if self.configuring {
            self.window_ends = self.trouble().window.map(|window| now + window);
        }
        self.configuring = false;
        if self.uplink.is_busy() {
            // It goes on alone, and its radio goes off a second later.
            if self.is(Dialect::EdgentArduino) {
                self.dark_at = Some(now + self.trouble().scaled(Duration::from_secs(1)));
            }
        } else {
            self.staged = Staged::default();
            if !self.waiting_for_configuration {
                self.dark_at = Some(now + self.trouble().scaled(Duration::from_secs(1)));
            }
        }
    }

    fn hear(&mut self, heard: Heard, now: Instant) -> Result<(), u8> {
        match heard {
            // 0x0D: invalid attribute value length.
            Heard::Write { bytes, .. } if bytes.len() > usize::from(self.mtu.saturating_sub(3)) => Err(0x0D),
            Heard::Write { channel, bytes } if channel == RX => {
                self.command(&bytes, now);
                Ok(())
            }
            Heard::Write { channel, .. } if channel == RAW && self.is(Dialect::EdgentArduino) => Ok(()),
            // 0x03: write not permitted, 0x02: read not permitted.
            Heard::Write { .. } => Err(0x03),
            Heard::Read { .. } => Err(0x02),
            Heard::Bytes(_) => Ok(()),
        }
    }

    fn wake(&mut self, now: Instant) {
        while let Some(way) = self.uplink.wake(now) {
            self.on_way(way, now);
        }
        if self.dark_at.is_some_and(|at| at <= now) {
            self.dark_at = None;
            self.waiting_for_configuration = false;
        }
        if self.window_ends.is_some_and(|at| at <= now) {
            if self.linked && self.configuring {
                // Restarted as long as an app that asked `info` is connected (section 3.2).
                self.window_ends = self.trouble().window.map(|window| now + window);
            } else {
                self.window_ends = None;
                self.waiting_for_configuration = false;
            }
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        [self.uplink.wake_at(), self.dark_at, self.window_ends, self.mouth.next()].into_iter().flatten().min()
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
        self.waiting_for_configuration || self.linked || self.dark_at.is_some()
    }

    fn services(&self) -> Vec<Uuid> {
        vec![SERVICE]
    }

    fn gatt(&self) -> Vec<GattChannel> {
        let mut characteristics = vec![RX, TX];
        if self.is(Dialect::EdgentArduino) {
            characteristics.push(RAW);
        }
        characteristics
            .into_iter()
            .map(|characteristic| GattChannel { service: SERVICE, characteristic, description: None })
            .collect()
    }

    fn enter_configuration(&mut self, now: Instant) {
        if self.kept.online {
            let token = self.uplink.attempt().token.clone();
            self.mouth.queue(now, Duration::ZERO, Deed::LogOut { token });
            self.kept.online = false;
        }
        self.uplink.stop();
        self.staged = Staged::default();
        self.await_again(now);
    }

    fn set_trouble(&mut self, trouble: Trouble) {
        self.uplink.trouble = trouble;
    }
}
