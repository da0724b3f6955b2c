//! Blynk's two protocols and the cutting of lines.

use crate::{Input, drive, session};
use proto::blynk::console::message as console;
use proto::blynk::inject::{self, message as inject_message_of};
use proto::framing::{Lines, Piece};
use proto::{Ask, Delivery, Opened, Packet, Secret, Wifi};

const INJECT: &str = include_str!("../../tests/vectors/blynk-inject.json");
const CONSOLE: &str = include_str!("../../tests/vectors/blynk-console.json");

fn texts(vectors: &str, list: &str) -> Vec<Vec<u8>> {
    let vectors: serde_json::Value = serde_json::from_str(vectors).expect("the vector file is JSON");
    let cases = vectors[list].as_array().expect("a list of cases");
    cases.iter().map(|case| case["text"].as_str().expect("a text").as_bytes().to_vec()).collect()
}

fn delivery() -> Delivery {
    Delivery {
        wifi: Some(Wifi { ssid: "Workshop 2G".to_owned(), password: Secret::new("correct horse") }),
        token: Some(Secret::new("Ab3-xY9_Ab3-xY9_Ab3-xY9_Ab3-xY9_")),
        host: "blynk.cloud".to_owned(),
    }
}

/// A first delivery, what follows, and a retry on the same link.
fn journey() -> [Ask; 6] {
    [Ask::Identify, Ask::Survey, Ask::Deliver(delivery()), Ask::Follow, Ask::Deliver(delivery()), Ask::Follow]
}

pub fn inject_seeds() -> Vec<Vec<u8>> {
    texts(INJECT, "messages")
}

pub fn inject_message(input: &[u8]) {
    let _ = inject_message_of::decode(input);
}

pub fn inject_dialogue_seeds() -> Vec<Vec<u8>> {
    let texts = inject_seeds();
    let mut seeds = vec![[&[255][..], &session(&texts)].concat()];
    let pick = |starts: &[&str]| -> Vec<Vec<u8>> {
        starts
            .iter()
            .filter_map(|start| texts.iter().find(|text| text.starts_with(start.as_bytes())).cloned())
            .collect()
    };
    for end in [r#"{"t":"status","s":"connected"#, r#"{"t":"net_fail"#, r#"{"t":"cloud_fail"#] {
        let texts = pick(&[
            r#"{"t":"info"#,
            r#"{"t":"ifs_start"#,
            r#"{"t":"if","#,
            r#"{"t":"ifs_end"#,
            r#"{"t":"scan_start"#,
            r#"{"t":"scan","#,
            r#"{"t":"scan_end"#,
            r#"{"t":"set_ok"#,
            r#"{"t":"set_ok"#,
            r#"{"t":"connecting"#,
            r#"{"t":"status","s":"connecting_net"#,
            r#"{"t":"net_status"#,
            end,
        ]);
        seeds.push([&[255][..], &session(&texts)].concat());
    }
    seeds
}

pub fn inject_dialogue(input: &[u8]) {
    let mut input = Input(input);
    let opened = Opened { mtu: u16::from(input.byte()), channels: vec![] };
    drive("blynk-inject", &opened, &mut input, &journey(), |bytes| match bytes {
        [0xfc] => Packet::Written { channel: inject::RX },
        [0xfd] => Packet::Refused { channel: inject::RX, att_error: Some(3) },
        bytes => Packet::Notified { channel: inject::TX, bytes: bytes.to_vec() },
    });
}

pub fn console_seeds() -> Vec<Vec<u8>> {
    texts(CONSOLE, "lines")
}

pub fn console_line(input: &[u8]) {
    let _ = console::decode(input);
    // Whatever a word is, its escaped form is one word of printable ASCII.
    let word = String::from_utf8_lossy(input);
    assert!(console::escape(&word).bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
}

pub fn console_dialogue_seeds() -> Vec<Vec<u8>> {
    let lines: Vec<Vec<u8>> =
        console_seeds().into_iter().map(|line| [&b">echo\r\n"[..], &line, b"\r\n>"].concat()).collect();
    let journey = |help: &str, rest: &[&str]| -> Vec<u8> {
        let devinfo =
            r#"{"name":"Acme Pump-K3M7","board":"Pump","tmpl_id":"TMPL4x","fw_type":"TMPL4x","fw_ver":"1"}"#;
        let texts: Vec<Vec<u8>> = [help, devinfo]
            .iter()
            .chain(rest)
            .map(|line| format!("echo\r\n{line}\r\n>").into_bytes())
            .collect();
        session(&texts)
    };
    vec![
        session(&lines),
        journey(
            "Available commands: help, devinfo, connect, sys, wifi",
            &[
                "mac:24:6F:28:11:22:33 ip:0.0.0.0 status:down",
                "* Workshop 2G          [A4:2B:B0:01:02:03] WPA2 ch:6 rssi:-58",
                "",
                "Trying to connect...",
                "[1] State: CONNECTING NET",
                "[2] State: WAIT CONFIG",
                "mac:24:6F:28:11:22:33 ip:0.0.0.0 status:down\r\nerror: AUTH_FAILED",
                "",
                "Trying to connect...",
                "[3] State: CONNECTING CLOUD",
                "[4] State: RUNNING",
            ],
        ),
        journey(
            "help, devinfo, connect, status, wifi",
            &[
                "mac:24:6F:28:11:22:33 ip:0.0.0.0 ( [] 0dBm)",
                "  Workshop 2G [A4:2B:B0:01:02:03] WPA2 ch:6 rssi:-58",
                r#"{"status":"OK","msg":"trying to connect..."}"#,
                "[60012] Last error code: 701",
                r#"{"status":"OK","msg":"trying to connect..."}"#,
                "[8] CONNECTING_NET => CONNECTING_CLOUD",
                "[9] CONNECTING_CLOUD => RUNNING",
            ],
        ),
    ]
}

pub fn console_dialogue(input: &[u8]) {
    drive("blynk-console", &Opened::default(), &mut Input(input), &journey(), |bytes| {
        Packet::Bytes(bytes.to_vec())
    });
}

/// Cut anywhere, the same bytes give the same pieces.
pub fn framing_lines(input: &[u8]) {
    let mut input = Input(input);
    let at = usize::from(input.byte());
    let stream = input.0;
    let (left, right) = stream.split_at(at.min(stream.len()));
    assert_eq!(pieces(&[stream]), pieces(&[left, right]));
}

fn pieces(parts: &[&[u8]]) -> Vec<Piece> {
    let mut lines = Lines::default();
    parts.iter().for_each(|part| lines.push(part));
    let mut pieces: Vec<Piece> = std::iter::from_fn(|| lines.next_piece()).collect();
    pieces.push(Piece::Line(lines.take_unfinished()));
    pieces
}
