//! Espressif's provisioning service over BLE and over its console, as an independent reading of its reference.
//!
//! The firmware of the examples: proof [`PROOF`], user [`USER`], and an endpoint `custom-data` that takes the token alone
//! and answers `SUCCESS` with a NUL (or JSON, by the knob `token-form`). Security 2 is computed with another library than the product's. Not here: joining.

use super::protobuf::{self, Writer};
use super::uplink::{Attempt, Uplink, Way};
use super::{Deed, DeviceSpec, Dialect, Firmware, GattChannel, Heard, Kept, Mouth};
use crate::air::AccessPoint;
use crate::chance::Chance;
use crate::cloud::Login;
use crate::trouble::{Logs, SecurityScheme, TokenForm, Trouble};
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use ctr::cipher::{KeyIvInit, StreamCipher};
use num_bigint::BigUint;
use sha2::{Digest, Sha256, Sha512};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use uuid::Uuid;
use x25519_dalek::{PublicKey, StaticSecret};

pub const SERVICE: Uuid = Uuid::from_u128(0x1775244d_6b43_439b_877c_060f2d9bed07);
/// Proof of possession, and password of security 2, of every practice device.
pub const PROOF: &str = "abcd1234";
pub const USER: &str = "wifiprov";

const ENDPOINTS: [(&str, u16); 6] = [
    ("prov-ctrl", 0xff4f),
    ("prov-scan", 0xff50),
    ("prov-session", 0xff51),
    ("prov-config", 0xff52),
    ("proto-ver", 0xff53),
    ("custom-data", 0xff54),
];
/// The service ends so long after it has told that it is connected.
const STOP: Duration = Duration::from_secs(1);
/// And so long after it is connected when nobody asks.
const STOP_UNASKED: Duration = Duration::from_secs(30);
const BEGIN: Duration = Duration::from_secs(1);
const SCAN_TIME: Duration = Duration::from_secs(4);
const LINE: usize = 255;
const MOST_ENTRIES: usize = 16;

type Stream = ctr::Ctr128BE<aes::Aes256>;

enum Session {
    None,
    /// Keys exchanged, proof awaited: this device's key under the stream.
    OneProof {
        stream: Box<Stream>,
        client: [u8; 32],
        expected: [u8; 32],
    },
    TwoProof {
        key: [u8; 64],
        user: Vec<u8>,
        salt: Vec<u8>,
        client: Vec<u8>,
        device: Vec<u8>,
    },
    Zero,
    One(Box<Stream>),
    Two {
        cipher: Box<Aes256Gcm>,
        nonce: [u8; 12],
        counts: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
enum Wifi {
    Idle,
    Beginning { at: Instant },
    Connecting,
    Connected { ip: String },
    Failed { reason: i64 },
}

pub struct Espressif {
    spec: DeviceSpec,
    uplink: Uplink,
    mouth: Mouth,
    kept: Kept,
    chance: Chance,
    session: Session,
    /// The console's number of the session.
    number: u32,
    linked: bool,
    values: BTreeMap<u16, Vec<u8>>,
    line: Vec<u8>,
    staged: Option<(String, String)>,
    token: String,
    wifi: Wifi,
    found: Vec<AccessPoint>,
    /// Its next answer takes so long: a blocking scan.
    busy: Duration,
    /// The service ends.
    stop_at: Option<Instant>,
    stopped: bool,
    uptime: u32,
}

impl std::fmt::Debug for Espressif {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Espressif").field("wifi", &self.wifi).finish_non_exhaustive()
    }
}

/// A request that is refused: no answer on the console, an ATT error on BLE.
struct Refused;

impl Espressif {
    pub fn new(spec: DeviceSpec, air: Arc<Vec<AccessPoint>>) -> Espressif {
        let number =
            spec.mac.rsplit(':').next().and_then(|byte| u8::from_str_radix(byte, 16).ok()).unwrap_or(2);
        let seed =
            spec.mac.bytes().fold(3u64, |seed, byte| seed.wrapping_mul(131).wrapping_add(u64::from(byte)));
        Espressif {
            uplink: Uplink::new(air, spec.trouble.clone(), number, false),
            mouth: Mouth::default(),
            kept: Kept { token: spec.token.clone(), networks: spec.networks.clone(), ..Kept::default() },
            chance: Chance::new(seed),
            session: Session::None,
            number: u32::MAX,
            linked: false,
            values: BTreeMap::new(),
            line: Vec::new(),
            staged: None,
            token: String::new(),
            wifi: Wifi::Idle,
            found: Vec::new(),
            busy: Duration::ZERO,
            stop_at: None,
            stopped: false,
            uptime: 300,
            spec,
        }
    }

    fn is_ble(&self) -> bool {
        self.spec.dialect == Dialect::EspressifBle
    }

    fn trouble(&self) -> &Trouble {
        &self.uplink.trouble
    }

    fn endpoints(&self) -> impl Iterator<Item = (&'static str, u16)> {
        let trouble = self.trouble().clone();
        ENDPOINTS.into_iter().filter(move |(name, _)| match *name {
            "prov-ctrl" => trouble.has_reset,
            "custom-data" => trouble.has_endpoint,
            _ => true,
        })
    }

    fn draw<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        std::array::from_fn(|_| self.chance.draw() as u8)
    }

    // Requests.

    fn handle(&mut self, endpoint: &str, request: &[u8], now: Instant) -> Result<Vec<u8>, Refused> {
        match endpoint {
            "proto-ver" => Ok(self.version()),
            "prov-session" => self.handshake(request),
            _ => {
                let plain = self.open(request)?;
                let answer = match endpoint {
                    "prov-config" => self.config(&plain, now),
                    "prov-scan" => self.scan(&plain),
                    "prov-ctrl" => self.control(&plain),
                    "custom-data" => self.custom(&plain),
                    _ => Err(Refused),
                }?;
                self.seal(&answer)
            }
        }
    }

    /// Pretty-printed, as the firmware's JSON library does it.
    fn version(&self) -> Vec<u8> {
        let (scheme, patch) = match self.trouble().security {
            SecurityScheme::Zero => (0, 0),
            SecurityScheme::One | SecurityScheme::OneOpen => (1, 0),
            SecurityScheme::Two => (2, 1),
            SecurityScheme::TwoOld => (2, 0),
        };
        let scan = if self.trouble().has_wifi { ", \"wifi_scan\"" } else { "" };
        let open = if self.trouble().security == SecurityScheme::OneOpen { ", \"no_pop\"" } else { "" };
        format!(
            "{{\n\t\"prov\":\t{{\n\t\t\"ver\":\t\"netprov-v1.2\",\n\t\t\"sec_ver\":\t{scheme},\n\t\t\"sec_patch_ver\":\t{patch},\n\t\t\"cap\":\t[\"wifi_prov\"{scan}{open}]\n\t}},\n\t\"{}\":\t{{\n\t\t\"ver\":\t\"{}\"\n\t}}\n}}",
            self.spec.firmware_type, self.spec.firmware_version
        )
        .into_bytes()
    }

    fn open(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Refused> {
        match &mut self.session {
            Session::Zero => Ok(bytes.to_vec()),
            Session::One(stream) => {
                let mut plain = bytes.to_vec();
                stream.apply_keystream(&mut plain);
                Ok(plain)
            }
            Session::Two { cipher, nonce, counts } => {
                let plain = cipher.decrypt(&Nonce::from(*nonce), bytes).map_err(|_| Refused)?;
                count(nonce, *counts);
                Ok(plain)
            }
            Session::None | Session::OneProof { .. } | Session::TwoProof { .. } => Err(Refused),
        }
    }

    fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, Refused> {
        match &mut self.session {
            Session::Zero => Ok(plain.to_vec()),
            Session::One(stream) => {
                let mut bytes = plain.to_vec();
                stream.apply_keystream(&mut bytes);
                Ok(bytes)
            }
            Session::Two { cipher, nonce, counts } => {
                let sealed = cipher.encrypt(&Nonce::from(*nonce), plain).map_err(|_| Refused)?;
                count(nonce, *counts);
                Ok(sealed)
            }
            Session::None | Session::OneProof { .. } | Session::TwoProof { .. } => Err(Refused),
        }
    }

    fn handshake(&mut self, request: &[u8]) -> Result<Vec<u8>, Refused> {
        let data = protobuf::fields(request).ok_or(Refused)?;
        let scheme = match self.trouble().security {
            SecurityScheme::Zero => 0,
            SecurityScheme::One | SecurityScheme::OneOpen => 1,
            SecurityScheme::Two | SecurityScheme::TwoOld => 2,
        };
        if protobuf::number(&data, 2) != scheme {
            return Err(Refused);
        }
        let body = protobuf::bytes(&data, 10 + scheme as u32).ok_or(Refused)?;
        let body = protobuf::fields(body).ok_or(Refused)?;
        let answer = match (scheme, protobuf::number(&body, 1)) {
            (0, 0) => {
                self.session = Session::Zero;
                Writer::default().number(1, 1).bytes(21, &[])
            }
            (1, 0) => self.one_key(protobuf::bytes(&body, 20).ok_or(Refused)?)?,
            (1, 2) => self.one_proof(protobuf::bytes(&body, 22).ok_or(Refused)?)?,
            (2, 0) => self.two_key(protobuf::bytes(&body, 20).ok_or(Refused)?)?,
            (2, 2) => self.two_proof(protobuf::bytes(&body, 22).ok_or(Refused)?)?,
            _ => return Err(Refused),
        };
        Ok(Writer::default().number(2, scheme as i64).bytes(10 + scheme as u32, &answer.end()).end())
    }

    fn one_key(&mut self, command: &[u8]) -> Result<Writer, Refused> {
        let fields = protobuf::fields(command).ok_or(Refused)?;
        let client: [u8; 32] =
            protobuf::bytes(&fields, 1).and_then(|key| key.try_into().ok()).ok_or(Refused)?;
        let private = StaticSecret::from(self.draw::<32>());
        let public = PublicKey::from(&private);
        let random: [u8; 16] = self.draw();
        let mut key = private.diffie_hellman(&PublicKey::from(client)).to_bytes();
        if self.trouble().security == SecurityScheme::One {
            key.iter_mut()
                .zip(Sha256::digest(PROOF.as_bytes()).iter())
                .for_each(|(key, proof)| *key ^= proof);
        }
        let mut stream = Box::new(Stream::new(&key.into(), &random.into()));
        let answer = Writer::default().bytes(2, public.as_bytes()).bytes(3, &random).end();
        let mut expected = *public.as_bytes();
        stream.apply_keystream(&mut expected);
        self.session = Session::OneProof { stream, client, expected };
        Ok(Writer::default().number(1, 1).bytes(21, &answer))
    }

    fn one_proof(&mut self, command: &[u8]) -> Result<Writer, Refused> {
        let fields = protobuf::fields(command).ok_or(Refused)?;
        let proof = protobuf::bytes(&fields, 2).ok_or(Refused)?;
        let right = matches!(&self.session, Session::OneProof { expected, .. } if expected == proof);
        if !right {
            return Err(Refused);
        }
        let Session::OneProof { mut stream, client, .. } =
            std::mem::replace(&mut self.session, Session::None)
        else {
            return Err(Refused);
        };
        let mut verify = client;
        stream.apply_keystream(&mut verify);
        self.session = Session::One(stream);
        let answer = Writer::default().bytes(3, &verify).end();
        Ok(Writer::default().number(1, 3).bytes(23, &answer))
    }

    fn two_key(&mut self, command: &[u8]) -> Result<Writer, Refused> {
        let fields = protobuf::fields(command).ok_or(Refused)?;
        let user = protobuf::bytes(&fields, 1).filter(|user| !user.is_empty()).ok_or(Refused)?;
        let client = protobuf::bytes(&fields, 2).filter(|key| key.len() == 384).ok_or(Refused)?;
        let salt: [u8; 16] = self.draw();
        let n = prime();
        let g = BigUint::from(5u8);
        let inner = Sha512::digest(format!("{USER}:{PROOF}").as_bytes());
        let x = BigUint::from_bytes_be(&hash(&[&salt, &inner]));
        let v = g.modpow(&x, &n);
        let k = BigUint::from_bytes_be(&hash(&[&n.to_bytes_be(), &left_filled(&g)]));
        let b = BigUint::from_bytes_be(&self.draw::<32>());
        let public = (k * &v + g.modpow(&b, &n)) % &n;
        let a = BigUint::from_bytes_be(client);
        let u = BigUint::from_bytes_be(&hash(&[client, &left_filled(&public)]));
        let s = (a * v.modpow(&u, &n)).modpow(&b, &n);
        // Leading zeros are not sent and not hashed.
        let device = public.to_bytes_be();
        let key = hash(&[&s.to_bytes_be()]);
        let answer = Writer::default().bytes(2, &device).bytes(3, &salt).end();
        self.session = Session::TwoProof {
            key,
            user: user.to_vec(),
            salt: salt.to_vec(),
            client: client.to_vec(),
            device,
        };
        Ok(Writer::default().number(1, 1).bytes(21, &answer))
    }

    fn two_proof(&mut self, command: &[u8]) -> Result<Writer, Refused> {
        let fields = protobuf::fields(command).ok_or(Refused)?;
        let proof = protobuf::bytes(&fields, 1).ok_or(Refused)?;
        let Session::TwoProof { key, user, salt, client, device } = &self.session else {
            return Err(Refused);
        };
        let n = hash(&[&prime().to_bytes_be()]);
        let g = hash(&[&left_filled(&BigUint::from(5u8))]);
        let both: Vec<u8> = n.iter().zip(g.iter()).map(|(n, g)| n ^ g).collect();
        let expected = hash(&[&both, &hash(&[user]), salt, client, device, key]);
        if expected != proof {
            return Err(Refused);
        }
        let own = hash(&[client, &expected, key]);
        let half: [u8; 32] = std::array::from_fn(|at| key[at]);
        let cipher = Box::new(Aes256Gcm::new(&half.into()));
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.draw::<8>());
        nonce[11] = 1;
        let counts = self.trouble().security == SecurityScheme::Two;
        self.session = Session::Two { cipher, nonce, counts };
        let answer = Writer::default().bytes(2, &own).bytes(3, &nonce).end();
        Ok(Writer::default().number(1, 3).bytes(23, &answer))
    }

    fn config(&mut self, plain: &[u8], now: Instant) -> Result<Vec<u8>, Refused> {
        let request = protobuf::fields(plain).ok_or(Refused)?;
        let status = |status: i64| Writer::default().number(1, status).end();
        Ok(match protobuf::number(&request, 1) {
            0 => Writer::default().number(1, 1).bytes(11, &self.wifi_status(now)).end(),
            2 => {
                let body = protobuf::bytes(&request, 12).and_then(protobuf::fields).ok_or(Refused)?;
                let text =
                    |field| String::from_utf8(protobuf::bytes(&body, field).unwrap_or_default().to_vec());
                let (ssid, password) = (text(1).map_err(|_| Refused)?, text(2).map_err(|_| Refused)?);
                // 4: invalid argument.
                let fits = (1..=32).contains(&ssid.len()) && password.len() <= 63;
                if fits {
                    self.staged = Some((ssid, password));
                }
                Writer::default().number(1, 3).bytes(13, &status(if fits { 0 } else { 4 })).end()
            }
            4 => {
                // 5: internal error, which means that it holds a configuration already.
                let code = if self.wifi == Wifi::Idle && self.staged.is_some() { 0 } else { 5 };
                if code == 0 {
                    self.kept.deliveries += 1;
                    self.wifi = Wifi::Beginning { at: now + self.trouble().scaled(BEGIN) };
                }
                Writer::default().number(1, 5).bytes(15, &status(code)).end()
            }
            _ => return Err(Refused),
        })
    }

    fn wifi_status(&mut self, now: Instant) -> Vec<u8> {
        match &self.wifi {
            Wifi::Idle => Writer::default().number(2, 2).end(),
            Wifi::Beginning { .. } | Wifi::Connecting => Writer::default().number(2, 1).end(),
            Wifi::Connected { ip } => {
                let ssid = self.staged.as_ref().map(|(ssid, _)| ssid.clone()).unwrap_or_default();
                let connected =
                    Writer::default().bytes(1, ip.as_bytes()).number(2, 3).bytes(3, ssid.as_bytes());
                let status = Writer::default().bytes(11, &connected.end()).end();
                self.stop_at = Some(now + self.trouble().scaled(STOP));
                status
            }
            Wifi::Failed { reason } => Writer::default().number(2, 3).chosen_number(10, *reason).end(),
        }
    }

    fn scan(&mut self, plain: &[u8]) -> Result<Vec<u8>, Refused> {
        let request = protobuf::fields(plain).ok_or(Refused)?;
        Ok(match protobuf::number(&request, 1) {
            0 => {
                let mut found: Vec<AccessPoint> =
                    self.uplink.air().iter().filter(|ap| !ap.is_five_ghz()).cloned().collect();
                found.sort_by_key(|ap| std::cmp::Reverse(ap.rssi));
                found.truncate(MOST_ENTRIES);
                self.found = found;
                self.busy = self.trouble().scaled(SCAN_TIME);
                Writer::default().number(1, 1).bytes(11, &[]).end()
            }
            2 => {
                let status = Writer::default().number(1, 1).number(2, self.found.len() as i64).end();
                Writer::default().number(1, 3).bytes(13, &status).end()
            }
            4 => {
                let body = protobuf::bytes(&request, 14).and_then(protobuf::fields).ok_or(Refused)?;
                let (start, count) = (protobuf::number(&body, 1), protobuf::number(&body, 2));
                // More at a time does not fit into a value of old firmware.
                if count > 4 || start + count > self.found.len() as u64 {
                    return Err(Refused);
                }
                let mut result = Writer::default();
                for ap in self.found.iter().skip(start as usize).take(count as usize) {
                    let bssid: Vec<u8> =
                        ap.bssid.split(':').filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
                    let ssid = if ap.hidden { "" } else { &ap.ssid };
                    let auth = match ap.security.as_str() {
                        "OPEN" => 0,
                        "WPA2 ENT" => 5,
                        _ => 3,
                    };
                    let entry = Writer::default()
                        .bytes(1, ssid.as_bytes())
                        .number(2, i64::from(ap.channel))
                        .number(3, i64::from(ap.rssi))
                        .bytes(4, &bssid)
                        .number(5, auth);
                    result = result.bytes(1, &entry.end());
                }
                Writer::default().number(1, 5).bytes(15, &result.end()).end()
            }
            _ => return Err(Refused),
        })
    }

    fn control(&mut self, plain: &[u8]) -> Result<Vec<u8>, Refused> {
        let request = protobuf::fields(plain).ok_or(Refused)?;
        if protobuf::number(&request, 1) != 1 {
            return Err(Refused);
        }
        let failed = matches!(self.wifi, Wifi::Failed { .. });
        if failed {
            self.wifi = Wifi::Idle;
            self.staged = None;
        }
        Ok(Writer::default().number(1, 2).number(2, if failed { 0 } else { 5 }).end())
    }

    fn custom(&mut self, plain: &[u8]) -> Result<Vec<u8>, Refused> {
        let text = std::str::from_utf8(plain).map_err(|_| Refused)?;
        match self.trouble().token_form {
            TokenForm::Raw => {
                self.token = text.to_owned();
                Ok(b"SUCCESS\0".to_vec())
            }
            TokenForm::Json => {
                let told: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
                match (told["token"].as_str(), told["host"].as_str()) {
                    (Some(token), Some(_)) => {
                        self.token = token.to_owned();
                        Ok(br#"{"status":"ok"}"#.to_vec())
                    }
                    _ => Ok(br#"{"status":"bad"}"#.to_vec()),
                }
            }
        }
    }

    // The console.

    fn say(&mut self, bytes: &[u8], now: Instant) {
        if self.linked && !self.trouble().mute {
            let (slow, pieces) = (self.trouble().slow, self.trouble().pieces.unwrap_or(usize::MAX));
            for piece in bytes.chunks(pieces) {
                self.mouth.queue(now, slow, Deed::Say(piece.to_vec()));
            }
        }
    }

    fn log(&mut self, text: &str, now: Instant) {
        if self.trouble().logs != Logs::None {
            self.uptime += 31;
            let line = format!("\x1b[0;32mI ({}) {text}\x1b[0m\r\n", self.uptime);
            self.say(line.as_bytes(), now);
        }
    }

    /// Takes what has come in one go; only when that ends with a carriage return, the line is run.
    fn typed(&mut self, bytes: &[u8], now: Instant) {
        let heavy = self.trouble().logs == Logs::Heavy;
        for (index, byte) in bytes.iter().enumerate() {
            if self.line.len() > LINE {
                self.run_line(now);
            }
            self.line.push(*byte);
            if *byte == b'\r' {
                self.say(b"\r\n", now)
            } else {
                self.say(&[*byte], now)
            }
            if heavy && index == 5 {
                self.log("wifi: in the middle of the echo", now);
            }
        }
        if self.line.last() == Some(&b'\r') {
            self.run_line(now);
        }
    }

    fn run_line(&mut self, now: Instant) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line).into_owned();
        let words: Vec<&str> =
            text.trim_end_matches('\r').split(' ').filter(|word| !word.is_empty()).collect();
        if let [endpoint, number, hex] = words.as_slice()
            && self.endpoints().any(|(name, _)| name == *endpoint)
        {
            let number: u32 = number.parse().unwrap_or(0);
            if number != self.number {
                self.number = number;
                self.session = Session::None;
            }
            let request: Vec<u8> = (0..hex.len() / 2)
                .filter_map(|at| u8::from_str_radix(hex.get(at * 2..at * 2 + 2)?, 16).ok())
                .collect();
            match self.handle(endpoint, &request, now) {
                Ok(answer) => {
                    let hex: String = answer.iter().map(|byte| format!("{byte:02x}")).collect();
                    let after = std::mem::take(&mut self.busy);
                    self.say(format!("\r\n{hex}\r\n").as_bytes(), now + after);
                }
                Err(Refused) => self.log("protocomm: request refused", now),
            }
        }
        self.say(b"\n>> ", now);
    }

    // How it joins.

    fn on_way(&mut self, way: Way, now: Instant) {
        match way {
            Way::Joined(joined) => {
                self.wifi = Wifi::Connected { ip: joined.ip };
                self.kept.networks.extend(self.staged.clone());
                self.stop_at = Some(now + self.trouble().scaled(STOP_UNASKED));
                if self.uplink.attempt().token.is_empty() {
                    self.uplink.stop();
                }
            }
            Way::LogIn => {
                let token = self.uplink.attempt().token.clone();
                let other = self.trouble().built_in_server_other;
                let host = if other { "elsewhere.test".to_owned() } else { String::new() };
                self.mouth.queue(now, Duration::ZERO, Deed::LogIn { token, host });
            }
            Way::Connected => {
                self.kept.online = true;
                self.kept.token = Some(self.uplink.attempt().token.clone());
            }
            Way::Failed(code) => {
                self.kept.last_error = code;
                if !matches!(self.wifi, Wifi::Connected { .. }) {
                    self.wifi = Wifi::Failed { reason: i64::from(code == 720) };
                }
            }
            Way::Dropped => {
                self.kept.online = false;
                let token = self.uplink.attempt().token.clone();
                self.mouth.queue(now, Duration::ZERO, Deed::LogOut { token });
            }
        }
    }

    fn stop_service(&mut self, now: Instant) {
        self.stop_at = None;
        self.stopped = true;
        self.session = Session::None;
        if self.is_ble() {
            self.mouth.queue(now, Duration::ZERO, Deed::DropLink);
        }
    }
}

static PRIME: LazyLock<BigUint> = LazyLock::new(|| {
    // RFC 3526, group 15: 2^3072 - 2^3008 - 1 + 2^64 * (the first 2942 bits of pi + 1690314).
    let one = || BigUint::from(1u8);
    (one() << 3072u32) - (one() << 3008u32) - one() + ((pi() + BigUint::from(1_690_314u32)) << 64u32)
});

fn prime() -> BigUint {
    PRIME.clone()
}

/// The integer part of 2^2942 times pi, by Machin's formula.
fn pi() -> BigUint {
    const SPARE: u32 = 64;
    let arctan = |inverse: u32| {
        let square = BigUint::from(inverse * inverse);
        let mut term = (BigUint::from(1u8) << (2942 + SPARE)) / inverse;
        let (mut plus, mut minus, mut odd) = (term.clone(), BigUint::ZERO, 1u32);
        while term > BigUint::ZERO {
            term /= &square;
            odd += 2;
            if odd % 4 == 1 { plus += &term / odd } else { minus += &term / odd }
        }
        plus - minus
    };
    ((arctan(5) * 4u8 - arctan(239)) * 4u8) >> SPARE
}

fn left_filled(number: &BigUint) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    let mut filled = vec![0; 384 - bytes.len().min(384)];
    filled.extend(bytes);
    filled
}

fn hash(parts: &[&[u8]]) -> [u8; 64] {
    let mut hash = Sha512::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn count(nonce: &mut [u8; 12], counts: bool) {
    if counts {
        let number = u32::from_be_bytes([nonce[8], nonce[9], nonce[10], nonce[11]]).wrapping_add(1);
        nonce[8..].copy_from_slice(&number.to_be_bytes());
    }
}

/// The characteristic of an endpoint: the service's UUID with its number in the third and fourth byte.
fn characteristic(number: u16) -> Uuid {
    let mut bytes = *SERVICE.as_bytes();
    bytes[2..4].copy_from_slice(&number.to_be_bytes());
    Uuid::from_bytes(bytes)
}

impl Firmware for Espressif {
    fn boot(&mut self, now: Instant) {
        self.mouth.clear();
        self.uplink.stop();
        self.session = Session::None;
        self.line.clear();
        self.linked = false;
        self.staged = None;
        self.token.clear();
        self.kept.online = false;
        self.stop_at = None;
        self.stopped = false;
        self.wifi = Wifi::Idle;
        if let (Some(token), Some((ssid, password))) =
            (self.kept.token.clone(), self.kept.networks.last().cloned())
        {
            self.stopped = true;
            let attempt = Attempt { over_wifi: true, ssid, password, token, host: String::new() };
            self.uplink.start(attempt, now);
        }
    }

    fn link_opened(&mut self, _mtu: u16, now: Instant) {
        self.linked = true;
        self.session = Session::None;
        if !self.is_ble() && self.trouble().reset_on_open {
            self.say(b"ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET)\r\n", now);
            self.line.clear();
            self.say(b"\n>> ", now);
        }
    }

    fn link_closed(&mut self, _now: Instant) {
        self.linked = false;
        self.mouth.link_gone();
        if self.is_ble() {
            self.session = Session::None;
        }
    }

    fn hear(&mut self, heard: Heard, now: Instant) -> Result<(), u8> {
        let endpoint = |channel: Uuid| {
            let number = u16::from_be_bytes([channel.as_bytes()[2], channel.as_bytes()[3]]);
            self.endpoints().find(|(_, at)| *at == number && characteristic(*at) == channel)
        };
        match heard {
            Heard::Bytes(bytes) => {
                if self.is_ble() || self.stopped {
                    return Ok(());
                }
                self.typed(&bytes, now);
                Ok(())
            }
            Heard::Write { channel, bytes } => {
                let Some((name, number)) = endpoint(channel) else { return Err(0x03) };
                let is_proof = matches!(self.session, Session::OneProof { .. } | Session::TwoProof { .. });
                match self.handle(name, &bytes, now) {
                    Ok(answer) => {
                        self.values.insert(number, answer);
                        Ok(())
                    }
                    Err(Refused) if is_proof && self.trouble().hangs_up => {
                        self.mouth.queue(now, Duration::ZERO, Deed::DropLink);
                        Ok(())
                    }
                    // 0x04: invalid PDU, as NimBLE says it.
                    Err(Refused) => Err(0x04),
                }
            }
            Heard::Read { channel } => {
                let Some((_, number)) = endpoint(channel) else { return Err(0x02) };
                let bytes = self.values.get(&number).cloned().unwrap_or_default();
                let slow = self.trouble().slow + std::mem::take(&mut self.busy);
                self.mouth.queue(now, slow, Deed::Value { channel, bytes });
                Ok(())
            }
        }
    }

    fn wake(&mut self, now: Instant) {
        if let Wifi::Beginning { at } = self.wifi
            && at <= now
        {
            self.wifi = Wifi::Connecting;
            let (ssid, password) = self.staged.clone().unwrap_or_default();
            let token = self.token.clone();
            self.uplink.start(Attempt { over_wifi: true, ssid, password, token, host: String::new() }, now);
        }
        while let Some(way) = self.uplink.wake(now) {
            self.on_way(way, now);
        }
        if self.stop_at.is_some_and(|at| at <= now) {
            self.stop_service(now);
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        let begin = match self.wifi {
            Wifi::Beginning { at } => Some(at),
            _ => None,
        };
        [self.uplink.wake_at(), self.mouth.next(), self.stop_at, begin].into_iter().flatten().min()
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

    /// One central at a time, and none when the service has ended.
    fn is_visible(&self) -> bool {
        !self.stopped
    }

    fn services(&self) -> Vec<Uuid> {
        vec![SERVICE]
    }

    fn gatt(&self) -> Vec<GattChannel> {
        self.endpoints()
            .map(|(name, number)| GattChannel {
                service: SERVICE,
                characteristic: characteristic(number),
                description: Some(name.to_owned()),
            })
            .collect()
    }

    fn enter_configuration(&mut self, now: Instant) {
        if self.kept.online {
            let token = self.uplink.attempt().token.clone();
            self.mouth.queue(now, Duration::ZERO, Deed::LogOut { token });
            self.kept.online = false;
        }
        self.uplink.stop();
        self.stopped = false;
        self.stop_at = None;
        self.staged = None;
        self.wifi = Wifi::Idle;
    }

    fn set_trouble(&mut self, trouble: Trouble) {
        self.uplink.trouble = trouble;
    }
}
