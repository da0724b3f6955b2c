//! Improv against the golden bytes and the cases of its reference (section 5). The device's side here is written
//! down as bytes, with nothing of the encoders under test.

use proptest::prelude::*;
use proto::improv::ble::{self, Value};
use proto::improv::carrier::Carrier;
use proto::improv::dialogue::ImprovDialogue;
use proto::improv::driver::Improv;
use proto::improv::message::{self, ErrorCode, NetworkFlags, Reply, Rpc, State, command};
use proto::improv::serial::{Frame, FrameKind, Piece, Said, Scanner};
use proto::{
    Advert, Answer, Ask, BleAdvert, Channel, Delivery, DeviceWord, Dialogue, Driver, DriverSettings,
    Exposure, Fit, FollowEnd, Limit, Opened, Packet, ProtocolError, Receipt, Secret, Security, Transmit,
    Wifi,
};
use std::time::{Duration, Instant};

// The golden bytes.

fn vectors() -> serde_json::Value {
    serde_json::from_str(include_str!("vectors/improv-vectors.json")).expect("the vectors are JSON")
}

fn unhex(text: &str) -> Vec<u8> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

fn vector(section: &str, name: &str) -> Vec<u8> {
    let all = vectors();
    let found = all[section].as_array().expect("a list").iter().find(|entry| entry["name"] == name);
    let entry = found.unwrap_or_else(|| panic!("no vector {name}"));
    unhex(entry["hex"].as_str().or(entry["value_hex"].as_str()).expect("hex"))
}

/// All commands of the vectors, as they are made here.
fn commands(section: &str) -> Vec<(&'static str, Rpc)> {
    let wifi = |ssid, password| Rpc::wifi_settings(ssid, password, None).expect("short");
    let set = |command, text| Rpc::with_text(command, text).expect("short");
    let long = (&*"S".repeat(32).leak(), &*"p".repeat(63).leak());
    match section {
        "serial" => vec![
            ("request current state", Rpc::plain(command::CURRENT_STATE)),
            ("request device info", Rpc::plain(command::DEVICE_INFO)),
            ("request scanned networks", Rpc::plain(command::SCAN)),
            ("send wifi settings MyWirelessAP / mysecurepassword", wifi("MyWirelessAP", "mysecurepassword")),
            ("send wifi settings, open network \"Guest\", empty password", wifi("Guest", "")),
            ("send wifi settings, UTF-8 SSID \"café ☕\" / \"pässwörd1\"", wifi("café ☕", "pässwörd1")),
            ("get hostname", Rpc::plain(command::HOSTNAME)),
            ("set hostname line-7", set(command::HOSTNAME, "line-7")),
            ("get device name", Rpc::plain(command::DEVICE_NAME)),
            ("set device name \"Line 7\"", set(command::DEVICE_NAME, "Line 7")),
            ("get network state", Rpc::plain(command::NETWORK_STATE)),
        ],
        _ => vec![
            ("identify", Rpc::plain(command::IDENTIFY)),
            ("device info request", Rpc::plain(command::DEVICE_INFO)),
            ("scan request", Rpc::plain(command::SCAN)),
            ("get hostname", Rpc::plain(command::HOSTNAME)),
            ("set hostname line-7 (spec form, no inner length)", set(command::HOSTNAME, "line-7")),
            (
                "set hostname line-7 (form sent by py-improv-ble-client 2.0.1, inner length)",
                Rpc::with_strings(command::HOSTNAME, &["line-7"]).expect("short"),
            ),
            ("get device name", Rpc::plain(command::DEVICE_NAME)),
            ("set device name \"Line 7\"", set(command::DEVICE_NAME, "Line 7")),
            ("send wifi settings MyWirelessAP / mysecurepassword", wifi("MyWirelessAP", "mysecurepassword")),
            ("send wifi settings, longest Wi-Fi credentials: 32 x \"S\", 63 x \"p\"", wifi(long.0, long.1)),
        ],
    }
}

fn only_frame(bytes: &[u8]) -> Frame {
    let pieces = Scanner::default().push(bytes);
    match pieces.as_slice() {
        [Piece::Frame(frame)] => frame.clone(),
        other => panic!("not one frame: {other:?}"),
    }
}

#[test]
fn every_command_has_the_golden_bytes_on_both_media() {
    for (name, rpc) in commands("serial") {
        let mut golden = vector("serial", name);
        assert_eq!(only_frame(&golden).data, rpc.bytes(), "reading {name}");
        golden.push(b'\n');
        assert_eq!(Frame::rpc(&rpc).bytes(), golden, "{name}");
    }
    for (name, rpc) in commands("ble") {
        assert_eq!(ble::packet(&rpc), vector("ble", name), "{name}");
    }
}

#[test]
fn every_golden_answer_is_read_and_written_as_it_was() {
    let results: Vec<(&str, &str, Vec<&str>)> = vec![
        ("serial", "wifi settings result with URL http://192.168.4.57", vec!["http://192.168.4.57"]),
        (
            "serial",
            "same with the spare zero byte that sdk-cpp 1.2.4-1.2.6 leaves",
            vec!["http://192.168.4.57"],
        ),
        ("serial", "wifi settings result, no URL", vec![]),
        ("serial", "wifi settings result, no URL, spare zero", vec![]),
        ("serial", "device info, 4 strings", vec!["ESPHome", "2026.6.5", "ESP32-C3", "bench-sensor"]),
        (
            "serial",
            "device info, 6 strings",
            vec!["Bluetooth Proxy", "v1.0.0", "denky_d4/esp32", "My Bluetooth Proxy", "ESPHome", "2025.12.2"],
        ),
        ("serial", "scan record", vec!["MyWirelessNetwork", "-60", "YES"]),
        ("serial", "scan end", vec![]),
        ("serial", "scan end, spare zero", vec![]),
        ("serial", "network state: offline, has Wi-Fi (\"2\")", vec!["2"]),
        (
            "serial",
            "network state: online, Wi-Fi + Ethernet (\"7\") and URL",
            vec!["7", "http://192.168.4.57"],
        ),
        (
            "serial",
            "result whose length byte is 0x0A (a parser that treats 0x0A as end of line inside the header loses it)",
            vec!["http:xy"],
        ),
    ];
    for (section, name, strings) in results {
        let golden = vector(section, name);
        let frame = only_frame(&golden);
        assert_eq!(frame.kind, FrameKind::Result);
        let mut written = frame.bytes();
        assert_eq!(written.pop(), Some(b'\n'));
        assert_eq!(written, golden, "{name}");
        let Said::Reply(reply) = frame.said() else { panic!("{name}") };
        let read: Vec<_> =
            reply.strings.iter().map(|text| std::str::from_utf8(text).expect("UTF-8")).collect();
        assert_eq!(read, strings, "{name}");
    }
    let flags = |name| {
        let Said::Reply(reply) = only_frame(&vector("serial", name)).said() else { panic!("{name}") };
        NetworkFlags::read(&reply).expect("flags")
    };
    let offline = flags("network state: offline, has Wi-Fi (\"2\")");
    assert!(!offline.online() && offline.wifi() && !offline.ethernet());
    let online = flags("network state: online, Wi-Fi + Ethernet (\"7\") and URL");
    assert!(online.online() && online.wifi() && online.ethernet());
}

#[test]
fn every_golden_state_and_error_is_read_and_written_as_it_was() {
    let said = [
        ("state stopped", Said::State(State::Stopped)),
        ("state ready", Said::State(State::Ready)),
        ("state provisioning", Said::State(State::Provisioning)),
        ("state provisioned", Said::State(State::Provisioned)),
        ("error none", Said::Error(ErrorCode::None)),
        ("error invalid RPC", Said::Error(ErrorCode::InvalidPacket)),
        ("error unknown RPC", Said::Error(ErrorCode::UnknownCommand)),
        ("error unable to connect", Said::Error(ErrorCode::UnableToConnect)),
        ("error bad hostname", Said::Error(ErrorCode::BadHostname)),
        ("error unknown", Said::Error(ErrorCode::Unknown(0xFF))),
    ];
    for (name, said) in said {
        let mut golden = vector("serial", name);
        assert_eq!(only_frame(&golden).said(), said, "{name}");
        let (kind, byte) = match said {
            Said::State(state) => (FrameKind::State, state.byte()),
            Said::Error(error) => (FrameKind::Error, error.byte()),
            Said::Reply(_) | Said::Nonsense => unreachable!("only states and errors are listed"),
        };
        golden.push(b'\n');
        assert_eq!(Frame { kind, data: vec![byte] }.bytes(), golden, "{name}");
    }
}

#[test]
fn every_golden_ble_result_is_read() {
    let whole = |name| match ble::result(&vector("ble", name)) {
        Ok(Value::Whole(reply)) => reply,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(
        message::page(&whole("wifi settings result, one URL"), 0).as_deref(),
        Some("http://192.168.4.57")
    );
    assert_eq!(whole("wifi settings result, empty list"), Reply { command: 1, strings: vec![] });
    assert_eq!(whole("device info result, 4 strings").text(3).as_deref(), Some("Temperature Monitor"));
    let networks = message::networks(&whole("scan result, two networks"));
    let read: Vec<_> = networks.iter().map(|n| (n.ssid.as_str(), n.rssi, n.security)).collect();
    assert_eq!(
        read,
        [
            ("MyWirelessNetwork", Some(-60), Security::Personal),
            ("MyOtherWirelessNetwork", Some(-52), Security::Personal)
        ]
    );
}

#[test]
fn all_vectors_of_the_file_are_tested() {
    let all = vectors();
    assert_eq!(all["serial"].as_array().map(Vec::len), Some(11 + 12 + 10));
    assert_eq!(all["ble"].as_array().map(Vec::len), Some(10 + 4));
    assert_eq!(all["service_data"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_golden_advert_is_that_of_an_improv_device() {
    let read = |name: &str| {
        let mut advert = BleAdvert::default();
        advert.service_data.insert(ble::SERVICE_DATA, vector("service_data", name));
        ble::advertised(&advert).expect("service data")
    };
    let (state, can) = read("authorized, identify + device info + scan + hostname");
    assert_eq!(state, State::Ready);
    assert!(can.identify() && can.device_info() && can.scan() && can.hostname());
    let (state, can) = read("awaiting authorization, identify only");
    assert_eq!(state, State::AuthorizationRequired);
    assert!(can.identify() && !can.device_info() && !can.scan() && !can.hostname());
    // The UUIDs as they stand on the air, low byte first.
    let example = unhex(vectors()["advertisement_example"]["hex"].as_str().expect("hex"));
    let mut service = example[5..21].to_vec();
    service.reverse();
    assert_eq!(service, ble::SERVICE.as_bytes());
    assert_eq!(example[23..25], [0x77, 0x46]);
}

// A device made of bytes, and a clock that only we move.

struct Bench {
    dialogue: ImprovDialogue,
    now: Instant,
    sent: Vec<Transmit>,
    words: Vec<DeviceWord>,
}

impl Bench {
    fn serial(carrier: Carrier) -> Bench {
        Bench::new(&Opened::default(), carrier)
    }

    fn ble(mtu: u16, capabilities: u8, state: u8, carrier: Carrier, ask: Ask) -> Bench {
        let channels = [ble::STATE, ble::ERROR, ble::COMMAND, ble::RESULT, ble::CAPABILITIES];
        let channels =
            channels.map(|uuid| Channel { service: ble::SERVICE, characteristic: uuid, description: None });
        let mut bench = Bench::new(&Opened { mtu, channels: channels.to_vec() }, carrier);
        bench.ask(ask);
        for (channel, byte) in [(ble::CAPABILITIES, capabilities), (ble::STATE, state), (ble::ERROR, 0)] {
            assert_eq!(bench.sent.pop(), Some(Transmit::Read { channel }));
            bench.packet(Packet::Value { channel, bytes: vec![byte] });
        }
        bench
    }

    fn new(opened: &Opened, carrier: Carrier) -> Bench {
        let dialogue = ImprovDialogue::new(opened, carrier);
        Bench { dialogue, now: Instant::now(), sent: Vec::new(), words: Vec::new() }
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.dialogue.poll_transmit() {
            self.sent.push(transmit);
        }
        while let Some(word) = self.dialogue.poll_word() {
            self.words.push(word);
        }
    }

    fn ask(&mut self, ask: Ask) {
        self.dialogue.ask(ask, self.now);
        self.drain();
    }

    fn packet(&mut self, packet: Packet) {
        self.dialogue.handle_packet(packet, self.now);
        self.drain();
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.packet(Packet::Bytes(bytes.to_vec()));
    }

    fn notified(&mut self, channel: uuid::Uuid, bytes: &[u8]) {
        self.packet(Packet::Notified { channel, bytes: bytes.to_vec() });
    }

    /// Lets time pass, with every wake-up that the dialogue wants.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.dialogue.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.dialogue.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn answer(&mut self) -> Option<Result<Answer, ProtocolError>> {
        self.dialogue.poll_answer()
    }

    fn sent_bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sent)
            .into_iter()
            .flat_map(|transmit| match transmit {
                Transmit::Bytes(bytes) | Transmit::Write { bytes, .. } => bytes,
                Transmit::Read { .. } => Vec::new(),
            })
            .collect()
    }

    /// Confirms every piece of a BLE command and gives the whole.
    fn written(&mut self) -> Vec<u8> {
        let mut whole = Vec::new();
        while let Some(Transmit::Write { bytes, channel }) = self.sent.pop() {
            whole.extend(bytes);
            self.packet(Packet::Written { channel });
        }
        whole
    }

    /// A serial device that is ready and has told its state.
    fn met(carrier: Carrier) -> Bench {
        let mut bench = Bench::serial(carrier);
        bench.ask(Ask::Identify);
        bench.frame("state ready");
        bench.frame("device info, 4 strings");
        assert!(matches!(bench.answer(), Some(Ok(Answer::Identity(_)))));
        bench.sent.clear();
        bench
    }

    fn frame(&mut self, name: &str) {
        let mut bytes = vector("serial", name);
        bytes.push(b'\n');
        self.bytes(&bytes);
    }

    fn deliver(&mut self) {
        self.ask(Ask::Deliver(delivery()));
    }

    /// A delivery that the device took and works at.
    fn joining(carrier: Carrier) -> Bench {
        let mut bench = Bench::met(carrier);
        bench.deliver();
        bench.frame("state provisioning");
        assert!(matches!(bench.answer(), Some(Ok(Answer::Delivered(_)))));
        bench.ask(Ask::Follow);
        bench
    }
}

const TOKEN: &str = "tok-0123456789abcdef0123456789ab";

fn delivery() -> Delivery {
    Delivery {
        wifi: Some(Wifi { ssid: "MyWirelessAP".to_owned(), password: Secret::new("mysecurepassword") }),
        token: Some(Secret::new(TOKEN)),
        host: "fra1.blynk.cloud".to_owned(),
    }
}

fn settings_frame() -> Vec<u8> {
    let mut bytes = vector("serial", "send wifi settings MyWirelessAP / mysecurepassword");
    bytes.push(b'\n');
    bytes
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

fn state_requests(bytes: &[u8]) -> usize {
    let request = vector("serial", "request current state");
    bytes.windows(request.len()).filter(|window| *window == request).count()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const CONNECTED: Option<Result<Answer, ProtocolError>> = Some(Ok(Answer::Followed(FollowEnd::Connected)));

fn delivered(token_carried: bool) -> Option<Result<Answer, ProtocolError>> {
    Some(Ok(Answer::Delivered(Receipt { token_carried })))
}

// Frames in a stream: cases 2 to 7.

/// A stream with all that the reference warns of, and the frames that are in it.
fn noisy_stream() -> (Vec<u8>, Vec<Frame>) {
    let mut stream = b"ets Jun  8 2016 00:22:57\r\nrst:0x1 (POWERON_RESET)\r\n\x1b[0;32mI (31) boot".to_vec();
    let mut frames = Vec::new();
    for (before, name) in [
        (&b"IMPROV is ready"[..], "state ready"),
        (b"no newline before IMP", "state provisioning"),
        (b"IMPROV\x01", "wifi settings result with URL http://192.168.4.57"),
        (b"IMPROV\x02\x01\x01\x02\xe2", "same with the spare zero byte that sdk-cpp 1.2.4-1.2.6 leaves"),
        (
            b"IIIIMPRO",
            "result whose length byte is 0x0A (a parser that treats 0x0A as end of line inside the header loses it)",
        ),
        (b"\n\n", "scan record"),
        (b"", "scan record"),
        (b"IMPROV\x01\x01\x01\x02\xe3", "error unable to connect"),
    ] {
        stream.extend_from_slice(before);
        let golden = vector("serial", name);
        frames.push(only_frame(&golden));
        stream.extend(golden);
    }
    (stream, frames)
}

fn frames_of(pieces: Vec<Piece>) -> (Vec<Frame>, Vec<u8>) {
    let (mut frames, mut log) = (Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Frame(frame) => frames.push(frame),
            Piece::Log(bytes) => log.extend(bytes),
        }
    }
    (frames, log)
}

#[test]
fn frames_are_found_in_noise_at_every_single_cut() {
    let (stream, frames) = noisy_stream();
    let whole = frames_of(Scanner::default().push(&stream));
    assert_eq!(whole.0, frames);
    for cut in 0..=stream.len() {
        let mut scanner = Scanner::default();
        let mut pieces = scanner.push(&stream[..cut]);
        pieces.extend(scanner.push(&stream[cut..]));
        assert_eq!(frames_of(pieces), whole, "cut at {cut}");
    }
    let mut scanner = Scanner::default();
    let pieces = stream.iter().flat_map(|byte| scanner.push(&[*byte])).collect();
    assert_eq!(frames_of(pieces), whole, "one byte at a time");
}

proptest! {
    #[test]
    fn any_cuts_of_any_stream_give_the_same_frames_and_the_same_log(
        noise in proptest::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"IMPROV\x01\x04\x0a".to_vec())], 0..200),
        place in 0usize..200,
        cuts in proptest::collection::vec(0usize..600, 0..12),
    ) {
        let (mut stream, _) = noisy_stream();
        let place = place.min(noise.len());
        stream.extend_from_slice(&noise[place..]);
        stream.splice(0..0, noise[..place].iter().copied());
        let whole = frames_of(Scanner::default().push(&stream));
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.sort_unstable();
        let mut scanner = Scanner::default();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for cut in cuts {
            pieces.extend(scanner.push(&stream[from..cut]));
            from = cut;
        }
        pieces.extend(scanner.push(&stream[from..]));
        prop_assert_eq!(frames_of(pieces), whole);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Reply::read(&bytes).map(|reply| (message::networks(&reply), NetworkFlags::read(&reply)));
        let _ = ble::result(&bytes);
        let mut scanner = Scanner::default();
        scanner.push(&bytes);
        while scanner.is_waiting() {
            scanner.give_up_waiting();
        }
    }

    #[test]
    fn the_dialogue_gives_the_same_answers_for_any_cut_of_the_stream(cuts in proptest::collection::vec(1usize..12, 1..80)) {
        let mut bench = Bench::serial(Carrier::None);
        bench.ask(Ask::Identify);
        let mut stream = b"I (12) app: IMPROV soon".to_vec();
        stream.extend(vector("serial", "state provisioned"));
        stream.extend(unhex("494d50524f56010416021413687474703a2f2f3139322e3136382e342e3537de"));
        stream.extend(b"\n");
        stream.extend(vector("serial", "device info, 6 strings"));
        let mut rest = &stream[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            bench.bytes(now);
            rest = later;
        }
        let Some(Ok(Answer::Identity(identity))) = bench.answer() else { panic!("no identity") };
        prop_assert_eq!(identity.name.as_deref(), Some("My Bluetooth Proxy"));
        prop_assert_eq!(identity.url.as_deref(), Some("http://192.168.4.57"));
    }
}

#[test]
fn a_wrong_checksum_is_passed_over_and_the_good_copy_read() {
    let good = vector("serial", "state ready");
    let mut bad = good.clone();
    *bad.last_mut().expect("bytes") ^= 1;
    let (frames, log) = frames_of(Scanner::default().push(&[bad.clone(), good.clone()].concat()));
    assert_eq!(frames, [only_frame(&good)]);
    assert_eq!(log, bad);
}

#[test]
fn a_frame_cut_by_a_reset_does_not_swallow_the_next() {
    let mut bench = Bench::serial(Carrier::None);
    bench.ask(Ask::Identify);
    bench.bytes(&vector("serial", "device info, 4 strings")[..20]);
    bench.frame("state ready");
    bench.sent.clear();
    bench.pass(seconds(1));
    assert!(contains(&bench.sent_bytes(), &vector("serial", "request device info")));
}

#[test]
fn a_scanner_keeps_at_most_one_frame() {
    let mut scanner = Scanner::default();
    let (frames, log) = frames_of(scanner.push(&b"IMPROV\x01\x04\xff".repeat(100)));
    assert!(frames.is_empty());
    assert!(log.len() >= 900 - 265);
}

// Finding Improv on a port: cases 8 to 10.

#[test]
fn a_device_that_is_deaf_for_two_and_a_half_seconds_is_found() {
    let mut bench = Bench::serial(Carrier::None);
    bench.ask(Ask::Identify);
    assert_eq!(bench.sent.first(), Some(&Transmit::Bytes(b"\n".to_vec())), "ends a half line first");
    bench.pass(Duration::from_millis(2500));
    assert_eq!(state_requests(&bench.sent_bytes()), 3);
    bench.pass(Duration::from_millis(600));
    assert_eq!(state_requests(&bench.sent_bytes()), 1);
    bench.frame("state ready");
    bench.frame("device info, 4 strings");
    let Some(Ok(Answer::Identity(identity))) = bench.answer() else { panic!("not found") };
    assert_eq!(identity.name.as_deref(), Some("bench-sensor"));
    assert_eq!(identity.firmware_type.as_deref(), Some("ESPHome"));
    assert_eq!(identity.firmware_version.as_deref(), Some("2026.6.5"));
    assert_eq!(identity.board.as_deref(), Some("ESP32-C3"));
    assert_eq!(identity.exposure, Some(Exposure::Cable), "nothing is encrypted, and it goes by cable");
}

#[test]
fn a_port_without_improv_is_given_up_within_seconds() {
    let mut bench = Bench::serial(Carrier::None);
    bench.ask(Ask::Identify);
    bench.bytes(b"Command not found.\r\n>");
    bench.pass(seconds(5));
    assert_eq!(bench.answer(), Some(Err(ProtocolError::NotThisProtocol)));
}

#[test]
fn a_lost_device_info_request_is_repeated() {
    let mut bench = Bench::serial(Carrier::None);
    bench.ask(Ask::Identify);
    bench.frame("state ready");
    bench.sent.clear();
    bench.pass(seconds(3));
    assert!(contains(&bench.sent_bytes(), &vector("serial", "request device info")));
    bench.frame("device info, 6 strings");
    assert!(matches!(bench.answer(), Some(Ok(Answer::Identity(_)))));
}

#[test]
fn lost_settings_are_sent_again_and_working_ones_are_not() {
    let mut bench = Bench::met(Carrier::None);
    bench.deliver();
    assert_eq!(bench.sent_bytes(), settings_frame());
    bench.pass(seconds(3));
    assert_eq!(state_requests(&bench.sent_bytes()), 1);
    bench.frame("state ready");
    assert_eq!(bench.sent_bytes(), settings_frame(), "it still waits, so the settings were lost");
    bench.frame("state provisioning");
    assert_eq!(bench.answer(), delivered(false));
}

#[test]
fn a_device_that_refuses_device_info_is_still_identified_and_provisioned() {
    let mut bench = Bench::serial(Carrier::None);
    bench.ask(Ask::Identify);
    bench.frame("state ready");
    bench.frame("error unknown RPC");
    let Some(Ok(Answer::Identity(identity))) = bench.answer() else { panic!("given up") };
    assert_eq!((identity.name, identity.dialect.as_deref()), (None, Some("improv-serial")));
    bench.deliver();
    bench.frame("state provisioning");
    assert_eq!(bench.answer(), delivered(false));
}

// The URL: case 11.

fn url_result(urls: &[&str]) -> Vec<u8> {
    let mut data = Vec::new();
    for url in urls {
        data.push(url.len() as u8);
        data.extend(url.as_bytes());
    }
    let mut frame = b"IMPROV\x01\x04".to_vec();
    frame.extend([data.len() as u8 + 2, 1, data.len() as u8]);
    frame.extend(data);
    frame.push(frame.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)));
    frame
}

#[test]
fn no_url_an_empty_url_and_two_urls_are_all_a_success() {
    for (urls, page) in [
        (&[][..], None),
        (&[""][..], None),
        (&["http://192.168.4.57", "http://unit.local"][..], Some("http://192.168.4.57")),
        (&["javascript:alert(1)"][..], None),
    ] {
        let mut bench = Bench::joining(Carrier::Url);
        bench.frame("state provisioned");
        bench.bytes(&url_result(urls));
        assert_eq!(bench.answer(), CONNECTED);
        let told = bench.words.iter().find_map(|word| match word {
            DeviceWord::Page { url } => Some(url.as_str()),
            _ => None,
        });
        assert_eq!(told, page);
    }
}

// Results and states: cases 12, 13, 15.

#[test]
fn result_and_state_come_in_either_order_and_one_alone_is_enough() {
    let result = "wifi settings result with URL http://192.168.4.57";
    for order in [[Some("state provisioned"), Some(result)], [Some(result), Some("state provisioned")]] {
        let mut bench = Bench::joining(Carrier::None);
        order.iter().flatten().for_each(|name| bench.frame(name));
        assert_eq!(bench.answer(), CONNECTED);
        assert_eq!(bench.words.last(), Some(&DeviceWord::Page { url: "http://192.168.4.57".to_owned() }));
    }
    for alone in ["state provisioned", result] {
        let mut bench = Bench::joining(Carrier::None);
        bench.frame(alone);
        assert_eq!(bench.answer(), None, "the other half may follow");
        bench.pass(seconds(1));
        assert_eq!(bench.answer(), CONNECTED);
    }
}

#[test]
fn an_error_followed_by_ready_is_a_failure_at_once_and_takes_new_settings() {
    let mut bench = Bench::joining(Carrier::None);
    bench.frame("error none");
    bench.frame("error unable to connect");
    assert_eq!(bench.answer(), None);
    bench.frame("state ready");
    assert!(matches!(bench.answer(), Some(Ok(Answer::Followed(FollowEnd::Failed { again: true, .. })))));
    bench.sent.clear();
    bench.deliver();
    assert_eq!(bench.sent_bytes(), settings_frame());
    bench.frame("state provisioning");
    assert_eq!(bench.answer(), delivered(false));
    bench.ask(Ask::Follow);
    bench.frame("state provisioned");
    bench.pass(seconds(1));
    assert_eq!(bench.answer(), CONNECTED);
}

#[test]
fn an_error_that_a_success_follows_is_no_failure() {
    let mut bench = Bench::joining(Carrier::None);
    bench.pass(seconds(24));
    bench.frame("error unable to connect");
    bench.pass(seconds(4));
    assert_eq!(bench.answer(), None);
    bench.frame("error none");
    bench.frame("state provisioned");
    bench.frame("wifi settings result, no URL");
    assert_eq!(bench.answer(), CONNECTED);
}

#[test]
fn an_error_without_a_change_of_state_is_a_failure_after_a_while() {
    let mut bench = Bench::joining(Carrier::None);
    bench.frame("error unable to connect");
    bench.pass(seconds(8));
    assert!(matches!(bench.answer(), Some(Ok(Answer::Followed(FollowEnd::Failed { again: true, .. })))));
}

#[test]
fn a_late_error_does_not_fail_the_next_command() {
    let mut bench = Bench::joining(Carrier::None);
    bench.pass(seconds(61));
    assert_eq!(bench.answer(), Some(Ok(Answer::Followed(FollowEnd::Quiet))));
    bench.ask(Ask::Survey);
    bench.frame("error unable to connect");
    bench.frame("scan record");
    bench.frame("scan end");
    assert!(matches!(bench.answer(), Some(Ok(Answer::Networks(networks))) if networks.len() == 1));
    let mut bench = Bench::joining(Carrier::None);
    bench.pass(seconds(61));
    assert_eq!(bench.answer(), Some(Ok(Answer::Followed(FollowEnd::Quiet))));
    bench.deliver();
    bench.frame("error unable to connect");
    assert_eq!(bench.answer(), None, "the error belongs to the attempt before");
    bench.frame("state provisioning");
    assert_eq!(bench.answer(), delivered(false));
    bench.ask(Ask::Follow);
    bench.frame("state provisioned");
    bench.pass(seconds(1));
    assert_eq!(bench.answer(), CONNECTED);
}

#[test]
fn a_restart_in_the_middle_is_asked_over() {
    let mut bench = Bench::joining(Carrier::None);
    bench.sent.clear();
    bench.bytes(b"\r\nets Jan  8 2013,rst ca");
    bench.bytes(b"use:2, boot mode:(3,6)\r\n\x00\xffgarbage IMPROV");
    assert!(bench.words.contains(&DeviceWord::Restarted));
    bench.pass(seconds(4));
    assert_eq!(state_requests(&bench.sent_bytes()), 1);
    bench.pass(seconds(6));
    assert_eq!(state_requests(&bench.sent_bytes()), 1);
    bench.frame("state provisioned");
    bench.pass(seconds(1));
    assert_eq!(bench.answer(), CONNECTED);
}

#[test]
fn an_old_success_does_not_count() {
    let mut bench = Bench::serial(Carrier::None);
    bench.ask(Ask::Identify);
    bench.frame("state provisioned");
    bench.frame("error unknown RPC");
    assert!(matches!(bench.answer(), Some(Ok(Answer::Identity(_)))));
    bench.deliver();
    bench.frame("state provisioned");
    bench.frame("state provisioned");
    assert_eq!(bench.answer(), None, "late answers to the requests before");
    bench.frame("state provisioning");
    assert_eq!(bench.answer(), delivered(false));
    bench.ask(Ask::Follow);
    bench.frame("state provisioned");
    bench.pass(seconds(1));
    assert_eq!(bench.answer(), CONNECTED);
}

#[test]
fn a_stopped_device_takes_no_settings() {
    let mut bench = Bench::serial(Carrier::None);
    bench.ask(Ask::Identify);
    bench.frame("state stopped");
    bench.frame("device info, 4 strings");
    assert!(matches!(bench.answer(), Some(Ok(Answer::Identity(_)))));
    bench.sent.clear();
    bench.deliver();
    assert!(matches!(bench.answer(), Some(Err(ProtocolError::Refused { .. }))));
    assert!(bench.sent.is_empty());
}

// Scans: case 14.

fn scan_record(ssid: &[u8], rssi: &str, secured: &str) -> Vec<u8> {
    let mut data = vec![4, (ssid.len() + rssi.len() + secured.len() + 3) as u8];
    for text in [ssid, rssi.as_bytes(), secured.as_bytes()] {
        data.push(text.len() as u8);
        data.extend(text);
    }
    let mut frame = b"IMPROV\x01\x04".to_vec();
    frame.push(data.len() as u8);
    frame.extend(data);
    frame.push(frame.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)));
    frame
}

#[test]
fn scans_with_no_one_and_forty_networks_are_read() {
    let survey = |records: Vec<Vec<u8>>| {
        let mut bench = Bench::met(Carrier::None);
        bench.ask(Ask::Survey);
        records.iter().for_each(|record| bench.bytes(record));
        bench.frame("scan end, spare zero");
        match bench.answer() {
            Some(Ok(Answer::Networks(networks))) => networks,
            other => panic!("{other:?}"),
        }
    };
    assert!(survey(vec![]).is_empty());
    assert_eq!(survey(vec![scan_record("café ☕".as_bytes(), "-40", "NO")])[0].ssid, "café ☕");
    let many: Vec<_> =
        (0..40).map(|n| scan_record(format!("net {n}").as_bytes(), &format!("-{}", 40 + n), "YES")).collect();
    let networks = survey(many);
    assert_eq!(networks.len(), 40);
    assert_eq!((networks[0].rssi, networks[0].security), (Some(-40), Security::Other));
    let twice = survey(vec![
        scan_record(b"twice", "-80", "YES"),
        scan_record(b"twice", "-50", "YES"),
        scan_record(b"", "-50", "YES"),
        scan_record(b"no_name", "-50", "YES"),
    ]);
    assert_eq!(twice.iter().map(|n| (n.ssid.as_str(), n.rssi)).collect::<Vec<_>>(), [("twice", Some(-50))]);
}

#[test]
fn a_device_that_cannot_scan_says_so() {
    let mut bench = Bench::met(Carrier::None);
    bench.ask(Ask::Survey);
    bench.frame("error unknown RPC");
    assert!(matches!(bench.answer(), Some(Err(ProtocolError::Unsupported { .. }))));
    let mut bench = Bench::ble(247, 0x01, 2, Carrier::None, Ask::Survey);
    assert!(matches!(bench.answer(), Some(Err(ProtocolError::Unsupported { .. }))));
    assert!(bench.sent.is_empty(), "most devices in the field: nothing is sent");
}

// BLE: cases 16 to 18.

#[test]
fn a_result_cut_at_mtu_23_is_read_as_a_whole_and_is_a_success() {
    let mut bench = Bench::ble(23, 0x0F, 2, Carrier::None, Ask::Identify);
    assert_eq!(bench.written(), vector("ble", "device info request"));
    let info = vector("ble", "device info result, 4 strings");
    bench.notified(ble::RESULT, &info[..20]);
    assert_eq!(bench.sent.pop(), Some(Transmit::Read { channel: ble::RESULT }));
    bench.packet(Packet::Value { channel: ble::RESULT, bytes: info });
    let Some(Ok(Answer::Identity(identity))) = bench.answer() else { panic!("no identity") };
    assert_eq!(identity.name.as_deref(), Some("Temperature Monitor"));

    bench.deliver();
    let first = bench.sent.last().cloned();
    assert!(matches!(first, Some(Transmit::Write { bytes, .. }) if bytes.len() == 20));
    assert_eq!(bench.written(), vector("ble", "send wifi settings MyWirelessAP / mysecurepassword"));
    bench.notified(ble::STATE, &[3]);
    assert_eq!(bench.answer(), delivered(false));
    bench.ask(Ask::Follow);
    let result = vector("ble", "wifi settings result, one URL");
    bench.notified(ble::RESULT, &result[..20]);
    bench.notified(ble::STATE, &[4]);
    bench.packet(Packet::Value { channel: ble::RESULT, bytes: result });
    assert_eq!(bench.answer(), CONNECTED);
    assert!(bench.words.contains(&DeviceWord::Page { url: "http://192.168.4.57".to_owned() }));
}

#[test]
fn settings_are_written_once_when_the_link_is_wide_enough() {
    let mut bench = Bench::ble(247, 0x0F, 2, Carrier::None, Ask::Deliver(delivery()));
    assert_eq!(bench.sent.len(), 1);
    assert_eq!(bench.written(), vector("ble", "send wifi settings MyWirelessAP / mysecurepassword"));
}

#[test]
fn a_link_that_closes_after_either_half_of_a_success_is_a_success() {
    for half in ["state", "result"] {
        let mut bench = Bench::ble(247, 0x01, 2, Carrier::None, Ask::Deliver(delivery()));
        bench.written();
        bench.notified(ble::STATE, &[3]);
        assert_eq!(bench.answer(), delivered(false));
        bench.ask(Ask::Follow);
        match half {
            "state" => bench.notified(ble::STATE, &[4]),
            _ => bench.notified(ble::RESULT, &vector("ble", "wifi settings result, one URL")),
        }
        bench.dialogue.handle_lost(bench.now);
        assert_eq!(bench.answer(), CONNECTED);
    }
    let mut bench = Bench::ble(247, 0x01, 2, Carrier::None, Ask::Deliver(delivery()));
    bench.written();
    bench.dialogue.handle_lost(bench.now);
    assert_eq!(bench.answer(), delivered(false), "it has them all");
    bench.ask(Ask::Follow);
    bench.dialogue.handle_lost(bench.now);
    assert_eq!(bench.answer(), None, "nothing is known, so the loss stands");
}

#[test]
fn what_an_earlier_client_left_in_the_buffer_costs_one_repeat() {
    let mut bench = Bench::ble(247, 0x01, 2, Carrier::None, Ask::Deliver(delivery()));
    bench.written();
    bench.notified(ble::ERROR, &[1]);
    assert_eq!(bench.written(), vector("ble", "send wifi settings MyWirelessAP / mysecurepassword"));
    bench.notified(ble::ERROR, &[1]);
    assert!(matches!(bench.answer(), Some(Err(ProtocolError::Refused { .. }))));
}

#[test]
fn a_device_that_wants_its_button_pressed_waits_for_the_person() {
    let mut bench = Bench::ble(247, 0x01, 1, Carrier::None, Ask::Identify);
    assert!(matches!(bench.answer(), Some(Ok(Answer::Identity(_)))), "identity needs no permission");
    bench.deliver();
    assert!(matches!(bench.words.as_slice(), [DeviceWord::AwaitsPerson { .. }]));
    assert!(bench.sent.is_empty(), "nothing before the permission");
    bench.pass(seconds(30));
    bench.notified(ble::STATE, &[2]);
    assert_eq!(bench.written(), vector("ble", "send wifi settings MyWirelessAP / mysecurepassword"));
    bench.notified(ble::STATE, &[3]);
    assert_eq!(bench.answer(), delivered(false));
}

#[test]
fn a_permission_that_ran_out_is_asked_for_again() {
    let mut bench = Bench::ble(247, 0x01, 2, Carrier::None, Ask::Deliver(delivery()));
    bench.written();
    bench.notified(ble::ERROR, &[4]);
    assert!(matches!(bench.words.as_slice(), [DeviceWord::AwaitsPerson { .. }]));
    bench.notified(ble::STATE, &[1]);
    bench.notified(ble::STATE, &[2]);
    assert_eq!(bench.written(), vector("ble", "send wifi settings MyWirelessAP / mysecurepassword"));
}

#[test]
fn a_permission_that_nobody_gives_ends_the_wait() {
    let mut bench = Bench::ble(247, 0x01, 1, Carrier::None, Ask::Deliver(delivery()));
    bench.pass(seconds(121));
    assert_eq!(bench.answer(), Some(Err(ProtocolError::NotAuthorized)));
    assert!(bench.sent.is_empty());
}

#[test]
fn a_device_without_capabilities_is_taken_as_one_that_can_nothing_more() {
    let channels = [ble::STATE, ble::ERROR, ble::COMMAND, ble::RESULT];
    let channels =
        channels.map(|uuid| Channel { service: ble::SERVICE, characteristic: uuid, description: None });
    let mut bench = Bench::new(&Opened { mtu: 23, channels: channels.to_vec() }, Carrier::None);
    bench.ask(Ask::Identify);
    bench.packet(Packet::Value { channel: ble::STATE, bytes: vec![2] });
    bench.packet(Packet::Value { channel: ble::ERROR, bytes: vec![3] });
    assert!(matches!(bench.answer(), Some(Ok(Answer::Identity(_)))));
}

#[test]
fn adverts_without_name_without_service_data_with_state_0_and_of_five_bytes_all_fit() {
    let advert = |data: Option<&[u8]>, service: bool| {
        let mut advert = BleAdvert::default();
        if service {
            advert.services.push(ble::SERVICE);
        }
        if let Some(data) = data {
            advert.service_data.insert(ble::SERVICE_DATA, data.to_vec());
        }
        Improv.fit(&Advert::Ble(advert))
    };
    assert_eq!(advert(Some(&[2, 15, 0, 0, 0, 0]), true), Fit::Yes);
    assert_eq!(advert(Some(&[1, 1, 0, 0, 0, 0]), true), Fit::Yes);
    assert_eq!(advert(Some(&[4, 1, 0, 0, 0, 0]), true), Fit::Maybe);
    assert_eq!(advert(None, true), Fit::Yes);
    assert_eq!(advert(Some(&[0, 1, 0, 0, 0, 0]), true), Fit::Yes);
    assert_eq!(advert(Some(&[2, 1, 0, 0, 0]), true), Fit::Yes);
    assert_eq!(advert(Some(&[2, 1, 0, 0, 0]), false), Fit::No);
    assert_eq!(advert(None, false), Fit::No);
}

#[test]
fn identify_blinks_on_ble_and_is_not_offered_on_serial() {
    let mut bench = Bench::ble(23, 0x01, 1, Carrier::None, Ask::Blink);
    assert_eq!(bench.written(), vector("ble", "identify"));
    assert_eq!(bench.answer(), Some(Ok(Answer::Done)));
    let mut bench = Bench::met(Carrier::None);
    bench.ask(Ask::Blink);
    assert!(matches!(bench.answer(), Some(Err(ProtocolError::Unsupported { .. }))));
}

#[test]
fn a_ble_device_without_a_state_is_no_improv_device() {
    let mut bench = Bench::new(&Opened { mtu: 23, channels: vec![] }, Carrier::None);
    assert!(bench.answer().is_none());
    let channel = Channel { service: ble::SERVICE, characteristic: ble::COMMAND, description: None };
    bench = Bench::new(&Opened { mtu: 23, channels: vec![channel] }, Carrier::None);
    bench.ask(Ask::Identify);
    assert_eq!(bench.answer(), Some(Err(ProtocolError::NotThisProtocol)));
}

// Carriers: section 4.

fn serial_rpc(inner: &[u8]) -> Vec<u8> {
    let mut frame = b"IMPROV\x01\x03".to_vec();
    frame.push(inner.len() as u8);
    frame.extend(inner);
    frame.push(frame.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)));
    frame.push(b'\n');
    frame
}

#[test]
fn a_vendor_command_carries_the_token_before_the_settings() {
    let mut bench = Bench::met(Carrier::Vendor(0x90));
    bench.deliver();
    let mut inner = vec![0x90, 50, 32];
    inner.extend(TOKEN.as_bytes());
    inner.push(16);
    inner.extend(b"fra1.blynk.cloud");
    assert_eq!(bench.sent_bytes(), serial_rpc(&inner));
    let mut reply = b"IMPROV\x01\x04\x02\x90\x00".to_vec();
    reply.push(reply.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)));
    bench.bytes(&reply);
    assert_eq!(bench.sent_bytes(), settings_frame());
    bench.frame("state provisioning");
    assert_eq!(bench.answer(), delivered(true));
}

#[test]
fn a_device_that_does_not_know_the_vendor_command_is_left_as_it_was() {
    let mut bench = Bench::met(Carrier::Vendor(0x90));
    bench.deliver();
    bench.sent.clear();
    bench.frame("error unknown RPC");
    assert!(matches!(bench.answer(), Some(Err(ProtocolError::Unsupported { .. }))));
    assert!(bench.sent.is_empty(), "no settings without the token");
}

#[test]
fn a_third_string_carries_the_token_behind_the_password() {
    let mut bench = Bench::met(Carrier::ThirdString);
    bench.deliver();
    let mut inner = unhex("013f0c4d79576972656c6573734150106d7973656375726570617373776f726420");
    inner.extend(TOKEN.as_bytes());
    assert_eq!(bench.sent_bytes(), serial_rpc(&inner));
    bench.frame("state provisioning");
    assert_eq!(bench.answer(), delivered(true));
}

#[test]
fn without_a_carrier_no_token_is_said_to_be_carried() {
    for carrier in [Carrier::None, Carrier::Url] {
        let mut bench = Bench::met(carrier);
        bench.deliver();
        assert_eq!(bench.sent_bytes(), settings_frame());
        bench.frame("state provisioning");
        assert_eq!(bench.answer(), delivered(false));
    }
}

#[test]
fn the_setting_for_the_carrier_is_read_or_refused_with_a_reason() {
    assert_eq!(Carrier::read(None), Ok(Carrier::None));
    assert_eq!(Carrier::read(Some("url")), Ok(Carrier::Url));
    assert_eq!(Carrier::read(Some("vendor:0x90")), Ok(Carrier::Vendor(0x90)));
    assert_eq!(Carrier::read(Some("vendor:144")), Ok(Carrier::Vendor(144)));
    assert_eq!(Carrier::read(Some("third-string")), Ok(Carrier::ThirdString));
    for bad in ["vendor:1", "vendor:255", "vendor:0", "vendor:x", "name", "vendor:"] {
        let settings = DriverSettings { carrier: Some(bad.to_owned()), ..DriverSettings::default() };
        assert!(matches!(
            Improv.limits(&delivery(), &settings, None).as_slice(),
            [Limit::Setting { setting: "carrier", .. }]
        ));
        assert!(!Improv.carries_token(&settings));
    }
}

#[test]
fn what_improv_cannot_carry_is_found_before_anything_is_touched() {
    let mut delivery = delivery();
    assert_eq!(Improv.limits(&delivery, &DriverSettings::default(), None), []);
    let nothing = Delivery { wifi: None, ..delivery.clone() };
    assert_eq!(Improv.limits(&nothing, &DriverSettings::default(), None), [Limit::NetworkMissing]);
    delivery.wifi = Some(Wifi { ssid: "S".repeat(33), password: Secret::new("p".repeat(65)) });
    let limits = Improv.limits(&delivery, &DriverSettings::default(), None);
    assert!(matches!(
        limits.as_slice(),
        [Limit::SsidLength { bytes: 33, .. }, Limit::PasswordLength { chars: 65, .. }]
    ));
    delivery.wifi = Some(Wifi { ssid: "S".repeat(32), password: Secret::new("p".repeat(63)) });
    delivery.token = Some(Secret::new("t".repeat(200)));
    let third = DriverSettings { carrier: Some("third-string".to_owned()), ..DriverSettings::default() };
    assert!(matches!(
        Improv.limits(&delivery, &third, None).as_slice(),
        [Limit::LineLength { bytes: 298, most: 253 }]
    ));
    assert_eq!(Rpc::with_text(command::DEVICE_NAME, &"n".repeat(254)), Err(message::TooLong { bytes: 254 }));
}
