//! Improv's frames, packets and dialogues.

use crate::{Input, drive, session};
use proto::improv::ble;
use proto::improv::message::{NetworkFlags, Reply, networks, page};
use proto::improv::serial::{Frame, Piece, Scanner};
use proto::{Ask, Channel, Delivery, Opened, Packet, Secret, Wifi};

const VECTORS: &str = include_str!("../../tests/vectors/improv-vectors.json");

fn golden(section: &str) -> Vec<Vec<u8>> {
    let vectors: serde_json::Value = serde_json::from_str(VECTORS).expect("the vector file is JSON");
    let cases = vectors[section].as_array().expect("a list of cases");
    cases.iter().map(|case| crate::unhex(case["hex"].as_str().expect("hex"))).collect()
}

fn delivery() -> Delivery {
    Delivery {
        wifi: Some(Wifi { ssid: "MyWirelessAP".to_owned(), password: Secret::new("mysecurepassword") }),
        token: Some(Secret::new("Ab3-xY9_Ab3-xY9_Ab3-xY9_Ab3-xY9_")),
        host: "blynk.cloud".to_owned(),
    }
}

fn journey() -> [Ask; 7] {
    [
        Ask::Identify,
        Ask::Survey,
        Ask::Deliver(delivery()),
        Ask::Follow,
        Ask::Deliver(delivery()),
        Ask::Follow,
        Ask::Blink,
    ]
}

pub fn frames_seeds() -> Vec<Vec<u8>> {
    let frames = golden("serial");
    let mut seeds: Vec<Vec<u8>> = frames.iter().map(|frame| [&[7][..], frame].concat()).collect();
    seeds.push([&[40][..], &frames.concat()].concat());
    seeds.push([&[3][..], b"I (12) IMPROV\x01\x04\xff", &frames[12], b"IMPRO", &frames[20]].concat());
    seeds
}

/// Cut anywhere, the same stream gives the same frames and the same log.
pub fn frames(input: &[u8]) {
    let mut input = Input(input);
    let at = usize::from(input.byte());
    let stream = input.0;
    let (left, right) = stream.split_at(at.min(stream.len()));
    let whole = cut(&[stream]);
    assert_eq!(whole, cut(&[left, right]));
    for frame in whole.0 {
        let _ = frame.said();
        assert_eq!(cut(&[&frame.bytes()]).0, [frame]);
    }
}

fn cut(parts: &[&[u8]]) -> (Vec<Frame>, Vec<u8>) {
    let mut scanner = Scanner::default();
    let mut pieces: Vec<Piece> = parts.iter().flat_map(|part| scanner.push(part)).collect();
    while scanner.is_waiting() {
        pieces.extend(scanner.give_up_waiting());
    }
    let (mut frames, mut log) = (Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Frame(frame) => frames.push(frame),
            Piece::Log(bytes) => log.extend(bytes),
        }
    }
    (frames, log)
}

pub fn result_seeds() -> Vec<Vec<u8>> {
    golden("ble")
}

pub fn result(input: &[u8]) {
    let _ = ble::result(input);
    if let Ok(reply) = Reply::read(input) {
        let _ = (networks(&reply), page(&reply, 0), NetworkFlags::read(&reply));
    }
}

pub fn serial_dialogue_seeds() -> Vec<Vec<u8>> {
    let all = golden("serial");
    let named = |names: &[usize]| session(&names.iter().map(|at| all[*at].clone()).collect::<Vec<_>>());
    vec![
        // State, device info, a scan; then provisioning, provisioned, the result.
        named(&[12, 25, 27, 28, 13, 14, 21]),
        named(&[14, 22, 17, 17, 13, 18, 12, 13, 14, 24]),
        session(&all),
    ]
}

pub fn serial_dialogue(input: &[u8]) {
    drive("improv", &Opened::default(), &mut Input(input), &journey(), |bytes| Packet::Bytes(bytes.to_vec()));
}

/// A letter for the kind of packet, and its bytes.
fn packet(bytes: &[u8]) -> Packet {
    let (kind, bytes) = bytes.split_first().map_or((0, &[][..]), |(kind, bytes)| (*kind, bytes));
    let notified = |channel| Packet::Notified { channel, bytes: bytes.to_vec() };
    let value = |channel| Packet::Value { channel, bytes: bytes.to_vec() };
    match kind {
        b's' => notified(ble::STATE),
        b'e' => notified(ble::ERROR),
        b'r' => notified(ble::RESULT),
        b'S' => value(ble::STATE),
        b'E' => value(ble::ERROR),
        b'R' => value(ble::RESULT),
        b'C' => value(ble::CAPABILITIES),
        b'x' => Packet::Refused { channel: ble::COMMAND, att_error: Some(3) },
        _ => Packet::Written { channel: ble::COMMAND },
    }
}

pub fn ble_dialogue_seeds() -> Vec<Vec<u8>> {
    let of = |texts: &[&[u8]]| session(&texts.iter().map(|text| text.to_vec()).collect::<Vec<_>>());
    let results: Vec<Vec<u8>> =
        golden("ble")[10..].iter().map(|result| [b"r", &result[..]].concat()).collect();
    let mut first = of(&[b"C\x0f", b"S\x02", b"E\x00", b"w"]);
    first.extend(session(&[results[3].clone(), b"w".to_vec(), results[2].clone()]));
    first.extend(of(&[b"w", b"w", b"s\x03", b"e\x03", b"s\x02", b"w", b"w", b"s\x03", b"s\x04"]));
    first.extend(session(&[results[0].clone(), b"w".to_vec()]));
    vec![[&[23][..], &first].concat(), [&[247][..], &first].concat()]
}

pub fn ble_dialogue(input: &[u8]) {
    let mut input = Input(input);
    let channels = [ble::STATE, ble::ERROR, ble::COMMAND, ble::RESULT, ble::CAPABILITIES];
    let channels =
        channels.map(|uuid| Channel { service: ble::SERVICE, characteristic: uuid, description: None });
    let opened = Opened { mtu: u16::from(input.byte()), channels: channels.to_vec() };
    drive("improv", &opened, &mut input, &journey(), packet);
}
