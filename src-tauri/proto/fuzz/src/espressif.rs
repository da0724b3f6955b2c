//! Espressif's console, protobuf bodies, texts and dialogue. Security 2's powers are too slow to fuzz; what precedes
//! them, the reading of its bodies, is here.

use crate::{Input, drive, session};
use proto::espressif::console::{Listener, Outcome, command_line};
use proto::espressif::message::{self, schema};
use proto::espressif::qr::Qr;
use proto::espressif::random::Randomness;
use proto::espressif::security::{Handshake, Scheme};
use proto::espressif::token::TokenRule;
use proto::espressif::version::Version;
use proto::{Ask, Channel, Delivery, DriverSettings, Opened, Packet, Secret, Wifi};
use uuid::Uuid;

const VECTORS: &str = include_str!("../../tests/vectors/espressif-vectors.json");

fn vectors() -> serde_json::Value {
    serde_json::from_str(VECTORS).expect("the vector file is JSON")
}

fn hex(value: &serde_json::Value) -> Vec<u8> {
    crate::unhex(value.as_str().expect("hex"))
}

pub fn bodies_seeds() -> Vec<Vec<u8>> {
    let all = vectors();
    let mut seeds: Vec<Vec<u8>> =
        all["plaintext_messages"].as_object().expect("messages").values().map(hex).collect();
    for name in ["msg_cmd0", "msg_resp0", "msg_cmd1", "msg_resp1"] {
        seeds.push(hex(&all["sec1"][name]));
        seeds.push(hex(&all["sec2"]["session_of_case_plain"][name]));
    }
    seeds.push(crate::unhex("08057a140a120a034e6574100618c4ffffffffffffffff012803"));
    seeds
}

struct Same;

impl Randomness for Same {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(9);
    }
}

pub fn bodies(input: &[u8]) {
    let _ = message::wifi_state(input);
    let _ = message::set_status(input);
    let _ = message::apply_status(input);
    let _ = message::scan_started(input);
    let _ = message::scan_status(input);
    let _ = message::scan_result(input);
    let _ = message::reset_status(input);
    // Whatever is readable means the same when it is written and read again.
    use prost::Message;
    if let Ok(read) = message::read::<schema::SessionData>(input) {
        assert_eq!(message::read::<schema::SessionData>(&read.encode_to_vec()), Ok(read));
    }
    if let Ok(read) = message::read::<schema::ConfigPayload>(input) {
        assert_eq!(message::read::<schema::ConfigPayload>(&read.encode_to_vec()), Ok(read));
    }
    let (mut handshake, _) = Handshake::begin(Scheme::One { proof: None }, &mut Same);
    let _ = handshake.take(input);
}

pub fn version_seeds() -> Vec<Vec<u8>> {
    [
        "v1.1",
        "netprov-v1.2",
        r#"{"prov":{"ver":"netprov-v1.2","sec_ver":2,"sec_patch_ver":1,"cap":["wifi_prov","no_pop"]},"acme":{"ver":"1"}}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn version(input: &[u8]) {
    if let Ok(version) = Version::read(input) {
        let _ = (version.scheme(), version.counts_nonces(), version.needs_proof(), version.may_scan());
    }
}

pub fn qr_seeds() -> Vec<Vec<u8>> {
    [
        r#"{"ver":"v1","name":"PROV_CE03C0","pop":"abcd1234","transport":"ble"}"#,
        "https://a.b/qr.html?data=%7B%22ver%22%3A%22v1%22%2C%22name%22%3A%22x%22%7D&x=1",
        r#"https://a.b/?data={"ver":"v1","name":"a&b","security":"2","username":"u","network":"thread"}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn qr(input: &[u8]) {
    if let Ok(qr) = Qr::read(&String::from_utf8_lossy(input)) {
        assert!(!qr.name.is_empty());
    }
}

pub fn token_seeds() -> Vec<Vec<u8>> {
    [
        "set {token} at {host}",
        r#"{"a":"{token}"}"#,
        "hex:0a04{token}{host}00",
        "exact:{token}",
        "json:a={token}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn token(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    for (template, success) in [(Some(text.clone()), None), (None, Some(text.clone()))] {
        let settings =
            DriverSettings { token_template: template, token_success: success, ..DriverSettings::default() };
        if let Ok(rule) = TokenRule::read(&settings) {
            let request = rule.request(&Secret::new("t\"\\{host}"), "h{token}");
            let _ = (rule.is_success(&request), rule.is_success(input));
        }
    }
}

pub fn console_seeds() -> Vec<Vec<u8>> {
    [
        "\x20prov-scan 12345 010203\r\n\r\n0a0b\r\n\n>> ",
        "\x09prov-scan 12345 0102\x1b[0mI (1) x: y\r\n03\r\n\r\n\r\n\n>> ",
        "\x30\n>> prov-scan 12345 010203\r\nE (1) a: dead\r\n\n>> ",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// Cut anywhere, the console says the same.
pub fn console(input: &[u8]) {
    let mut input = Input(input);
    let at = usize::from(input.byte());
    let stream = input.0;
    let (left, right) = stream.split_at(at.min(stream.len()));
    assert_eq!(hears(&[stream]), hears(&[left, right]));
}

fn hears(parts: &[&[u8]]) -> Option<Outcome> {
    let command = command_line("prov-scan", 12345, &[1, 2, 3]).expect("a short command");
    let mut listener = Listener::for_command(&command);
    parts.iter().find_map(|part| listener.take(part))
}

const NAMES: [&str; 6] =
    ["prov-ctrl", "prov-scan", "prov-session", "prov-config", "proto-ver", "custom-data"];

fn channel(index: u8) -> Uuid {
    Uuid::from_u128(0x1000 + u128::from(index) % NAMES.len() as u128)
}

/// A letter for the kind of packet, the number of the endpoint, and the bytes.
fn packet(bytes: &[u8]) -> Packet {
    match bytes {
        [b'v', index, bytes @ ..] => Packet::Value { channel: channel(*index), bytes: bytes.to_vec() },
        [b'x', index, ..] => Packet::Refused { channel: channel(*index), att_error: Some(4) },
        [_, index, ..] => Packet::Written { channel: channel(*index) },
        _ => Packet::Written { channel: channel(0) },
    }
}

pub fn dialogue_seeds() -> Vec<Vec<u8>> {
    let all = vectors();
    let plain = |name: &str| hex(&all["plaintext_messages"][name]);
    let mut texts = Vec::new();
    let mut exchange = |endpoint: u8, answer: &[u8]| {
        texts.push(vec![b'w', endpoint]);
        texts.push([&[b'v', endpoint][..], answer].concat());
    };
    exchange(4, br#"{"prov":{"ver":"v1.1","sec_ver":0,"cap":["wifi_scan","no_sec"]}}"#);
    exchange(2, &hex(&all["sec0"]["response"]));
    exchange(1, &crate::unhex("08015a00"));
    exchange(1, &crate::unhex("08036a0408011001"));
    exchange(1, &crate::unhex("08057a070a050a034e6574"));
    for end in ["status failed, auth error", "status connected"] {
        exchange(5, b"SUCCESS\0");
        if end == "status connected" {
            exchange(0, &crate::unhex("0802"));
        }
        exchange(3, &plain("set wifi response success"));
        exchange(3, &plain("apply response success"));
        exchange(3, &plain("status connecting"));
        exchange(3, &plain(end));
    }
    // Time passes where the dialogue waits before it asks for the status.
    let mut seed = session(&texts[..16]);
    seed.push(0xff);
    seed.extend(session(&texts[16..18]));
    seed.push(0xff);
    seed.extend(session(&texts[18..28]));
    seed.push(0xff);
    seed.extend(session(&texts[28..30]));
    seed.push(0xff);
    seed.extend(session(&texts[30..]));
    vec![seed, session(&texts)]
}

pub fn dialogue(input: &[u8]) {
    let channels = NAMES.iter().zip(0u8..).map(|(name, index)| Channel {
        service: Uuid::from_u128(0x99),
        characteristic: channel(index),
        description: Some((*name).to_owned()),
    });
    let delivery = Delivery {
        wifi: Some(Wifi { ssid: "TestNet".to_owned(), password: Secret::new("correct-horse") }),
        token: Some(Secret::new("tok-0123456789")),
        host: "blynk.cloud".to_owned(),
    };
    let questions = [
        Ask::Identify,
        Ask::Survey,
        Ask::Deliver(delivery.clone()),
        Ask::Follow,
        Ask::Deliver(delivery),
        Ask::Follow,
    ];
    let opened = Opened { mtu: 247, channels: channels.collect() };
    drive("espressif", &opened, &mut Input(input), &questions, packet);
}
