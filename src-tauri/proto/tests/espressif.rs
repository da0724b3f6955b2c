//! Espressif provisioning against the golden bytes and the traps of its reference. Devices are played from the golden
//! bytes, or from bodies written down by hand, with nothing of the encoders under test.

use proptest::prelude::*;
use proto::espressif::console::{self, Listener, Outcome};
use proto::espressif::dialogue::EspressifDialogue;
use proto::espressif::driver::Espressif;
use proto::espressif::message::{self, Status, WifiState, schema};
use proto::espressif::qr::{Qr, QrError};
use proto::espressif::random::Randomness;
use proto::espressif::security::{Handshake, HandshakeError, Next, Scheme, Session};
use proto::espressif::srp::{self, Client, XForm};
use proto::espressif::token::TokenRule;
use proto::espressif::version::Version;
use proto::{
    Advert, Answer, Ask, BleAdvert, Channel, Delivery, DeviceIdentity, DeviceWord, Dialogue, Driver,
    DriverSettings, Exposure, Fit, FollowEnd, Limit, MediumKind, Network, Opened, Packet, ProtocolError,
    Receipt, Secret, Security, SerialAdvert, Transmit, Wifi, Wiring,
};
use serde_json::Value;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use uuid::Uuid;

// The golden bytes.

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/espressif-vectors.json")).expect("the vectors are JSON")
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name}"))
}

fn bytes(value: &Value, name: &str) -> Vec<u8> {
    unhex(text(value, name))
}

/// Gives what it was told, and zeros for session numbers.
struct Scripted(VecDeque<Vec<u8>>);

impl Scripted {
    fn of(draws: &[&[u8]]) -> Scripted {
        Scripted(draws.iter().map(|draw| draw.to_vec()).collect())
    }
}

impl Randomness for Scripted {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
        if bytes.len() == 32 {
            bytes.copy_from_slice(&self.0.pop_front().expect("as many draws as were scripted"));
        }
    }
}

fn sent(next: Result<Next, HandshakeError>) -> Vec<u8> {
    match next {
        Ok(Next::Send(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn done(next: Result<Next, HandshakeError>) -> Session {
    match next {
        Ok(Next::Done(session)) => session,
        other => panic!("{other:?}"),
    }
}

fn sec1_session(sec1: &Value) -> Session {
    let private = bytes(sec1, "client_private");
    let scheme = Scheme::One { proof: Some(Secret::new(text(sec1, "pop_ascii"))) };
    let (mut handshake, request) = Handshake::begin(scheme, &mut Scripted::of(&[&private]));
    assert_eq!(request, bytes(sec1, "msg_cmd0"));
    assert!(!handshake.proof_is_out());
    assert_eq!(sent(handshake.take(&bytes(sec1, "msg_resp0"))), bytes(sec1, "msg_cmd1"));
    assert!(handshake.proof_is_out());
    done(handshake.take(&bytes(sec1, "msg_resp1")))
}

fn sec2_scheme(form: XForm, counts_nonces: bool) -> Scheme {
    Scheme::Two { username: "wifiprov".to_owned(), password: Secret::new("abcd1234"), form, counts_nonces }
}

fn sec2_session(sec2: &Value, counts_nonces: bool) -> Session {
    let golden = &sec2["session_of_case_plain"];
    let a = bytes(&sec2["cases"][0], "a");
    let (mut handshake, request) =
        Handshake::begin(sec2_scheme(XForm::Whole, counts_nonces), &mut Scripted::of(&[&a]));
    assert_eq!(request, bytes(golden, "msg_cmd0"));
    assert_eq!(sent(handshake.take(&bytes(golden, "msg_resp0"))), bytes(golden, "msg_cmd1"));
    done(handshake.take(&bytes(golden, "msg_resp1")))
}

/// Client and device in turn, as the golden stream has them; then the other way round.
fn check_stream(stream: &Value, cipher: &str, session: impl Fn() -> Session) {
    let (mut client, mut device) = (session(), session());
    for message in stream.as_array().expect("a stream") {
        let (plain, sealed) = (bytes(message, "plain"), bytes(message, cipher));
        let what = text(message, "what");
        let (sender, receiver) =
            if what.contains("request") { (&mut client, &mut device) } else { (&mut device, &mut client) };
        assert_eq!(sender.seal(&plain), sealed, "{what}");
        assert_eq!(receiver.open(&sealed).expect("opens"), plain, "{what}");
    }
}

#[test]
fn security_0_has_the_golden_bytes() {
    let all = vectors();
    let (mut handshake, request) = Handshake::begin(Scheme::Zero, &mut Scripted::of(&[]));
    assert_eq!(request, bytes(&all["sec0"], "request"));
    let mut session = done(handshake.take(&bytes(&all["sec0"], "response")));
    assert_eq!(session.seal(b"plain"), b"plain");
    assert_eq!(session.open(b"plain").expect("plain"), b"plain");
}

#[test]
fn security_1_has_the_golden_handshake_and_stream() {
    let all = vectors();
    let sec1 = &all["sec1"];
    check_stream(&sec1["stream_after_handshake"], "cipher", || sec1_session(sec1));
}

#[test]
fn security_2_has_the_golden_handshake_and_both_streams() {
    let all = vectors();
    let sec2 = &all["sec2"];
    let golden = &sec2["session_of_case_plain"];
    check_stream(&golden["stream_sec_patch_ver_1"], "cipher_and_tag", || sec2_session(sec2, true));
    check_stream(&golden["stream_sec_patch_ver_0"], "cipher_and_tag", || sec2_session(sec2, false));
    assert_eq!(bytes(golden, "aes_key"), bytes(&sec2["cases"][0], "K")[..32]);
}

#[test]
fn every_golden_key_exchange_of_security_2_is_computed() {
    let all = vectors();
    for (index, case) in all["sec2"]["cases"].as_array().expect("cases").iter().enumerate() {
        let name = text(case, "name");
        let (user, password) = (text(case, "username_ascii"), text(case, "password_ascii"));
        let salt = bytes(case, "salt");
        let form = if name.contains("stripped (esp_prov") { XForm::Stripped } else { XForm::Whole };
        assert_eq!(srp::x(user, password, &salt, form).as_slice(), bytes(case, "x"), "x of {name}");
        assert_eq!(srp::has_two_forms(user, password), index >= 3, "{name}");
        let client = Client::draw(&mut Scripted::of(&[&bytes(case, "a")]));
        assert_eq!(client.public(), bytes(case, "A"), "A of {name}");
        let b = bytes(case, "B");
        assert_eq!(b.len() as u64, case["B_len"].as_u64().expect("a length"));
        let proven = client.prove(user, password, &salt, &b, form).expect("a public key of the group");
        assert_eq!(proven.client_proof().as_slice(), bytes(case, "M1"), "M1 of {name}");
        let key = proven.check(&bytes(case, "M2")).expect("the device proves itself");
        assert_eq!(key.as_slice(), bytes(case, "K"), "K of {name}");
    }
}

#[test]
fn handshake_bodies_are_read_and_written_in_both_directions() {
    use prost::Message;
    let all = vectors();
    let mut golden = vec![bytes(&all["sec0"], "request"), bytes(&all["sec0"], "response")];
    for name in ["msg_cmd0", "msg_resp0", "msg_cmd1", "msg_resp1"] {
        golden.push(bytes(&all["sec1"], name));
        golden.push(bytes(&all["sec2"]["session_of_case_plain"], name));
    }
    for golden in golden {
        let read = message::read::<schema::SessionData>(&golden).expect("readable");
        assert!(read.proto.is_some());
        assert_eq!(read.encode_to_vec(), golden);
    }
}

#[test]
fn every_plaintext_message_is_read_and_written_in_both_directions() {
    use prost::Message;
    let all = vectors();
    let plain = all["plaintext_messages"].as_object().expect("messages");
    let golden = |name: &str| unhex(plain[name].as_str().unwrap_or_else(|| panic!("no {name}")));
    for (name, made) in [
        ("set wifi TestNet / correct-horse", message::set_wifi("TestNet", "correct-horse")),
        ("apply", message::apply_wifi()),
        ("get status", message::get_wifi_status()),
        ("scan start blocking", message::start_scan()),
        ("scan status", message::get_scan_status()),
        ("scan result 0..3", message::get_scan_result(0, 4)),
        ("ctrl wifi reset", message::reset_wifi()),
        ("ctrl wifi reprov", message::reprovision_wifi()),
    ] {
        assert_eq!(made, golden(name), "{name}");
    }
    assert_eq!(message::set_status(&golden("set wifi response success")), Ok(Status::SUCCESS));
    assert_eq!(message::apply_status(&golden("apply response success")), Ok(Status::SUCCESS));
    for (name, state) in [
        ("status connecting", WifiState::Connecting { attempts_remaining: None }),
        ("status connecting, attempts_remaining 3", WifiState::Connecting { attempts_remaining: Some(3) }),
        ("status connected", WifiState::Connected { ip: Some("192.168.4.57".to_owned()) }),
        ("status failed, auth error", WifiState::WrongPassword),
        ("status failed, network not found", WifiState::NotFound),
    ] {
        assert_eq!(message::wifi_state(&golden(name)), Ok(state), "{name}");
    }
    for (name, golden) in plain {
        let golden = unhex(golden.as_str().expect("hex"));
        let again = match name.split(' ').next() {
            Some("scan") => message::read::<schema::ScanPayload>(&golden).expect("a scan").encode_to_vec(),
            Some("ctrl") => {
                message::read::<schema::ControlPayload>(&golden).expect("control").encode_to_vec()
            }
            _ => message::read::<schema::ConfigPayload>(&golden).expect("a config").encode_to_vec(),
        };
        assert_eq!(again, golden, "{name}");
    }
}

// Traps of the handshakes.

#[test]
fn an_a_with_a_leading_zero_is_drawn_again() {
    let all = vectors();
    let case = &all["sec2"]["cases"][0];
    // g to the power of 1 is 5, which needs 383 zeros before it.
    let mut one = [0; 32];
    one[31] = 1;
    let client = Client::draw(&mut Scripted::of(&[&one, &bytes(case, "a")]));
    assert_eq!(client.public(), bytes(case, "A"));
}

#[test]
fn a_device_key_that_is_zero_or_too_long_is_refused() {
    let all = vectors();
    let case = &all["sec2"]["cases"][0];
    let client = Client::draw(&mut Scripted::of(&[&bytes(case, "a")]));
    let prime = {
        // N = A 384-byte number whose residue is zero: taken from the verifier's group by its definition.
        let text = include_str!("../src/espressif/srp.rs");
        let start = text.find("FFFFFFFFFFFFFFFFC90F").expect("the prime stands there");
        let digits: String =
            text[start..].chars().take_while(|c| *c != '"').filter(char::is_ascii_hexdigit).collect();
        unhex(&digits)
    };
    for bad in [vec![], vec![0], vec![0; 384], prime, vec![1; 385]] {
        assert!(client.prove("wifiprov", "abcd1234", &[1; 16], &bad, XForm::Whole).is_err());
    }
}

#[test]
fn a_device_that_cannot_prove_itself_is_not_trusted() {
    let all = vectors();
    let golden = &all["sec2"]["session_of_case_plain"];
    let a = bytes(&all["sec2"]["cases"][0], "a");
    let (mut handshake, _) = Handshake::begin(sec2_scheme(XForm::Whole, true), &mut Scripted::of(&[&a]));
    sent(handshake.take(&bytes(golden, "msg_resp0")));
    let mut wrong = bytes(golden, "msg_resp1");
    wrong[20] ^= 1;
    assert_eq!(handshake.take(&wrong).err(), Some(HandshakeError::NotProven));

    let sec1 = &all["sec1"];
    let private = bytes(sec1, "client_private");
    let scheme = Scheme::One { proof: Some(Secret::new("abcd1234")) };
    let (mut handshake, _) = Handshake::begin(scheme, &mut Scripted::of(&[&private]));
    sent(handshake.take(&bytes(sec1, "msg_resp0")));
    let mut wrong = bytes(sec1, "msg_resp1");
    *wrong.last_mut().expect("bytes") ^= 1;
    assert_eq!(handshake.take(&wrong).err(), Some(HandshakeError::NotProven));
}

#[test]
fn a_device_key_of_small_order_is_refused() {
    let scheme = Scheme::One { proof: None };
    let (mut handshake, _) = Handshake::begin(scheme, &mut Scripted::of(&[&[7; 32]]));
    let mut response = unhex("10015a390801aa01341220");
    response.extend([0; 32]);
    response.extend(unhex("1a10a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"));
    assert_eq!(handshake.take(&response).err(), Some(HandshakeError::NotTheAnswer));
}

#[test]
fn an_empty_proof_blends_nothing() {
    let private = [9; 32];
    let verify = |proof| {
        let (mut handshake, _) = Handshake::begin(Scheme::One { proof }, &mut Scripted::of(&[&private]));
        sent(handshake.take(&bytes(&vectors()["sec1"], "msg_resp0")))
    };
    assert_eq!(verify(None), verify(Some(Secret::new(""))));
    assert_ne!(verify(None), verify(Some(Secret::new("abcd1234"))));
}

#[test]
fn a_changed_message_of_security_2_is_out_of_step() {
    let all = vectors();
    let mut session = sec2_session(&all["sec2"], true);
    let stream = &all["sec2"]["session_of_case_plain"]["stream_sec_patch_ver_1"];
    let mut sealed = bytes(&stream[0], "cipher_and_tag");
    sealed[3] ^= 0x40;
    assert!(session.open(&sealed).is_err());
    assert!(session.open(&[]).is_err());
}

// Devices, and a clock that only we move.

const SERVICE: Uuid = uuid::uuid!("1775244d-6b43-439b-877c-060f2d9bed07");

struct Bench {
    dialogue: EspressifDialogue,
    now: Instant,
    sent: VecDeque<Transmit>,
    words: Vec<DeviceWord>,
    names: Vec<(String, Uuid)>,
}

const ALL: [&str; 6] = ["prov-ctrl", "prov-scan", "prov-session", "prov-config", "proto-ver", "custom-data"];

const VERSION_0: &str =
    "{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"v1.1\",\n\t\t\"cap\":\t[\"wifi_scan\", \"no_sec\"]\n\t}\n}";
const VERSION_1: &str = r#"{"prov":{"ver":"netprov-v1.2","sec_ver":1,"sec_patch_ver":0,"cap":["wifi_prov","wifi_scan"]},"acme":{"ver":"3.1","cap":["token"]}}"#;
const VERSION_2: &str =
    r#"{"prov":{"ver":"netprov-v1.2","sec_ver":2,"sec_patch_ver":1,"cap":["wifi_prov","wifi_scan"]}}"#;
const VERSION_2_OLD: &str = r#"{"prov":{"ver":"v1.1","sec_ver":2,"cap":["wifi_scan"]}}"#;

fn rule(endpoint: &str, template: &str, success: &str) -> TokenRule {
    let setting = |text: &str| Some(text.to_owned());
    let settings = DriverSettings {
        token_endpoint: setting(endpoint),
        token_template: setting(template),
        token_success: setting(success),
        ..DriverSettings::default()
    };
    TokenRule::read(&settings).expect("usable settings")
}

impl Bench {
    fn new(opened: &Opened, secret: Option<&str>, token: TokenRule, draws: &[&[u8]]) -> Bench {
        let secret = secret.map(Secret::new);
        let dialogue = EspressifDialogue::new(opened, secret, None, token, Box::new(Scripted::of(draws)));
        let names =
            opened.channels.iter().filter_map(|c| Some((c.description.clone()?, c.characteristic))).collect();
        Bench { dialogue, now: Instant::now(), sent: VecDeque::new(), words: Vec::new(), names }
    }

    fn ble_with(names: &[&str], secret: Option<&str>, token: TokenRule, draws: &[&[u8]]) -> Bench {
        let channels = names.iter().enumerate().map(|(index, name)| Channel {
            service: SERVICE,
            characteristic: Uuid::from_u128(0x1000 + index as u128),
            description: Some((*name).to_owned()),
        });
        Bench::new(&Opened { mtu: 247, channels: channels.collect() }, secret, token, draws)
    }

    fn ble(secret: Option<&str>, draws: &[&[u8]]) -> Bench {
        Bench::ble_with(&ALL, secret, TokenRule::usual(), draws)
    }

    fn console(secret: Option<&str>, draws: &[&[u8]]) -> Bench {
        Bench::new(&Opened::default(), secret, TokenRule::usual(), draws)
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.dialogue.poll_transmit() {
            self.sent.push_back(transmit);
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

    /// The endpoint and the bytes of the write that is due.
    fn written(&mut self) -> (String, Vec<u8>) {
        match self.sent.pop_front() {
            Some(Transmit::Write { channel, bytes }) => {
                let name = self.names.iter().find(|(_, uuid)| *uuid == channel).expect("a known endpoint");
                (name.0.to_lowercase(), bytes)
            }
            other => panic!("no write but {other:?}"),
        }
    }

    /// One exchange over BLE: gives the request.
    fn exchange(&mut self, endpoint: &str, answer: &[u8]) -> Vec<u8> {
        let (asked, request) = self.written();
        assert_eq!(asked, endpoint);
        let channel = self.names.iter().find(|(name, _)| name.to_lowercase() == endpoint).expect("known").1;
        self.packet(Packet::Written { channel });
        assert_eq!(self.sent.pop_front(), Some(Transmit::Read { channel }));
        self.packet(Packet::Value { channel, bytes: answer.to_vec() });
        request
    }

    fn refuse(&mut self, endpoint: &str, att_error: u8) -> Vec<u8> {
        let (asked, request) = self.written();
        assert_eq!(asked, endpoint);
        let channel = self.names.iter().find(|(name, _)| name.to_lowercase() == endpoint).expect("known").1;
        self.packet(Packet::Refused { channel, att_error: Some(att_error) });
        request
    }

    fn identity(&mut self) -> DeviceIdentity {
        match self.answer() {
            Some(Ok(Answer::Identity(identity))) => identity,
            other => panic!("no identity but {other:?}"),
        }
    }

    /// A device of security 0, with its session.
    fn plain() -> Bench {
        Bench::plain_with(&ALL, TokenRule::usual())
    }

    fn plain_with(names: &[&str], token: TokenRule) -> Bench {
        let mut bench = Bench::ble_with(names, None, token, &[]);
        bench.ask(Ask::Identify);
        bench.exchange("proto-ver", VERSION_0.as_bytes());
        bench.exchange("prov-session", &unhex("52050801aa0100"));
        bench.identity();
        bench
    }

    /// Delivered over security 0 and following.
    fn joining() -> Bench {
        let mut bench = Bench::plain();
        bench.deliver_plain();
        bench.ask(Ask::Follow);
        bench.pass(Duration::from_secs(1));
        bench
    }

    fn deliver_plain(&mut self) {
        self.ask(Ask::Deliver(delivery()));
        self.exchange("custom-data", b"SUCCESS\0");
        self.exchange("prov-config", &golden("set wifi response success"));
        self.exchange("prov-config", &golden("apply response success"));
        assert_eq!(self.answer(), DELIVERED);
    }

    fn status(&mut self, name: &str) {
        assert_eq!(self.exchange("prov-config", &golden(name)), golden("get status"));
    }

    // The console.

    fn typed(&mut self) -> String {
        match self.sent.pop_front() {
            Some(Transmit::Bytes(bytes)) => String::from_utf8(bytes).expect("text"),
            other => panic!("nothing typed but {other:?}"),
        }
    }

    fn prints(&mut self, text: &str) {
        self.packet(Packet::Bytes(text.as_bytes().to_vec()));
    }

    /// One command on the console: gives the words of the line.
    fn command(&mut self, answer: Option<&[u8]>) -> Vec<String> {
        let line = self.typed();
        assert!(line.ends_with('\r') && line.len() <= 255);
        self.prints(&line.replace('\r', "\r\n"));
        if let Some(answer) = answer {
            let hex: String = answer.iter().map(|byte| format!("{byte:02x}")).collect();
            self.prints(&format!("\r\n{hex}\r\n"));
        }
        self.prints("\n>> ");
        line.trim_end().split(' ').map(str::to_owned).collect()
    }
}

fn golden(name: &str) -> Vec<u8> {
    unhex(vectors()["plaintext_messages"][name].as_str().unwrap_or_else(|| panic!("no {name}")))
}

fn delivery() -> Delivery {
    Delivery {
        wifi: Some(Wifi { ssid: "TestNet".to_owned(), password: Secret::new("correct-horse") }),
        token: Some(Secret::new("tok-0123456789")),
        host: "fra1.blynk.cloud".to_owned(),
    }
}

const DELIVERED: Option<Result<Answer, ProtocolError>> =
    Some(Ok(Answer::Delivered(Receipt { token_carried: true })));
const CONNECTED: Option<Result<Answer, ProtocolError>> = Some(Ok(Answer::Followed(FollowEnd::Connected)));
const QUIET: Option<Result<Answer, ProtocolError>> = Some(Ok(Answer::Followed(FollowEnd::Quiet)));

fn failed(answer: Option<Result<Answer, ProtocolError>>) -> (Option<u16>, bool) {
    match answer {
        Some(Ok(Answer::Followed(FollowEnd::Failed { trouble, again }))) => (trouble.code, again),
        other => panic!("no failure but {other:?}"),
    }
}

// The whole conversation, byte for byte.

#[test]
fn a_whole_provisioning_has_the_golden_bytes_in_security_1_and_2() {
    let all = vectors();
    let (sec1, sec2) = (&all["sec1"], &all["sec2"]);
    let private = bytes(sec1, "client_private");
    let a = bytes(&sec2["cases"][0], "a");
    let two = &sec2["session_of_case_plain"];
    for (version, golden, draw, stream, cipher) in [
        (VERSION_1, sec1, &private, &sec1["stream_after_handshake"], "cipher"),
        (VERSION_2, two, &a, &two["stream_sec_patch_ver_1"], "cipher_and_tag"),
        (VERSION_2_OLD, two, &a, &two["stream_sec_patch_ver_0"], "cipher_and_tag"),
    ] {
        let mut bench = Bench::ble(Some("abcd1234"), &[draw]);
        bench.ask(Ask::Identify);
        assert_eq!(bench.exchange("proto-ver", version.as_bytes()), b"---");
        assert_eq!(bench.exchange("prov-session", &bytes(golden, "msg_resp0")), bytes(golden, "msg_cmd0"));
        assert_eq!(bench.exchange("prov-session", &bytes(golden, "msg_resp1")), bytes(golden, "msg_cmd1"));
        assert_eq!(bench.identity().takes_token, Some(true));
        bench.ask(Ask::Deliver(delivery()));
        for (index, endpoint) in [(0, "custom-data"), (2, "prov-config"), (4, "prov-config")] {
            let request = bench.exchange(endpoint, &bytes(&stream[index + 1], cipher));
            assert_eq!(request, bytes(&stream[index], cipher), "{}", text(&stream[index], "what"));
        }
        assert_eq!(bench.answer(), DELIVERED);
        bench.ask(Ask::Follow);
        assert!(bench.sent.is_empty(), "the device begins after a second");
        bench.pass(Duration::from_secs(1));
        assert_eq!(bench.exchange("prov-config", &bytes(&stream[7], cipher)), bytes(&stream[6], cipher));
        assert_eq!(bench.answer(), CONNECTED);
        let ip = Some("192.168.4.57".to_owned());
        assert_eq!(
            bench.words,
            [DeviceWord::NetworkUp { interface: Some("wifi".to_owned()), ip, rssi: None }]
        );
    }
}

// proto-ver.

#[test]
fn proto_ver_is_read_in_all_its_forms() {
    let scheme = |text: &str| Version::read(text.as_bytes()).expect(text).scheme();
    assert_eq!((scheme("v1.0"), scheme("v1.1\0"), scheme(VERSION_0)), (1, 1, 0));
    assert_eq!((scheme(VERSION_1), scheme(VERSION_2), scheme(VERSION_2_OLD)), (1, 2, 2));
    assert_eq!(scheme(r#"{"prov":{"ver":"v1.1","cap":["wifi_scan","no_pop"]}}"#), 1);
    let read = |text: &str| Version::read(text.as_bytes()).expect(text);
    assert!(read(VERSION_2).counts_nonces());
    assert!(!read(VERSION_2_OLD).counts_nonces());
    assert_eq!(read("v1.0").needs_proof(), None);
    assert_eq!(read(r#"{"prov":{"ver":"v1.1","cap":["no_pop"]}}"#).needs_proof(), Some(false));
    assert!(read("v1.0").may_scan() && read(VERSION_0).may_scan());
    assert!(!read(r#"{"prov":{"ver":"v1.1","cap":["no_pop"]}}"#).may_scan());
    assert!(!read(VERSION_0).is_thread_only());
    assert!(read(r#"{"prov":{"ver":"netprov-v1.2","sec_ver":1,"cap":["thread_prov"]}}"#).is_thread_only());
    for not in ["", "Command not found.", "{}", "[1]", "vx", "v1.0 or so", "{\"prov\":3}"] {
        assert!(Version::read(not.as_bytes()).is_err(), "{not}");
    }
    assert!(Version::read(&[0xff, 0x00]).is_err());
}

#[test]
fn the_identity_tells_application_dialect_and_endpoint() {
    let all = vectors();
    let mut bench = Bench::ble(Some("abcd1234"), &[&bytes(&all["sec1"], "client_private")]);
    bench.ask(Ask::Identify);
    bench.exchange("proto-ver", VERSION_1.as_bytes());
    bench.exchange("prov-session", &bytes(&all["sec1"], "msg_resp0"));
    bench.exchange("prov-session", &bytes(&all["sec1"], "msg_resp1"));
    let identity = bench.identity();
    assert_eq!(identity.dialect.as_deref(), Some("espressif-ble-sec1"));
    assert_eq!(identity.firmware_type.as_deref(), Some("acme"));
    assert_eq!(identity.firmware_version.as_deref(), Some("3.1"));
}

#[test]
fn the_identity_tells_what_a_listener_learns() {
    // Security 0 is clear text, whichever way it goes.
    let mut bench = Bench::ble_with(&ALL, None, TokenRule::usual(), &[]);
    bench.ask(Ask::Identify);
    bench.exchange("proto-ver", VERSION_0.as_bytes());
    bench.exchange("prov-session", &unhex("52050801aa0100"));
    assert_eq!(bench.identity().exposure, Some(Exposure::Air));

    // Security 1 is as good as its proof: a device that lists `no_pop` proves nothing.
    let all = vectors();
    let sec1 = &all["sec1"];
    let mut bench = Bench::ble(Some("abcd1234"), &[&bytes(sec1, "client_private")]);
    bench.ask(Ask::Identify);
    bench.exchange("proto-ver", VERSION_1.as_bytes());
    bench.exchange("prov-session", &bytes(sec1, "msg_resp0"));
    bench.exchange("prov-session", &bytes(sec1, "msg_resp1"));
    assert_eq!(bench.identity().exposure, Some(Exposure::Sealed));
}

#[test]
fn endpoints_are_found_by_their_descriptors_in_any_case() {
    let names = ["PROV-CTRL", "Prov-Scan", "prov-session", "PROV-config", "Proto-Ver", "Custom-Data"];
    Bench::plain_with(&names, TokenRule::usual());
}

#[test]
fn endpoints_without_descriptors_are_found_by_their_usual_numbers() {
    let number = |low: u8| {
        let mut bytes = *SERVICE.as_bytes();
        bytes[2..4].copy_from_slice(&[0xff, low]);
        Channel { service: SERVICE, characteristic: Uuid::from_bytes(bytes), description: None }
    };
    let channels = [0x4f, 0x50, 0x51, 0x52, 0x53].map(number).to_vec();
    let mut bench =
        Bench::new(&Opened { mtu: 23, channels: channels.clone() }, None, TokenRule::usual(), &[]);
    bench.ask(Ask::Identify);
    assert!(
        matches!(&bench.sent[0], Transmit::Write { channel, .. } if *channel == channels[4].characteristic)
    );
}

#[test]
fn a_device_without_the_endpoints_is_not_of_this_protocol() {
    let mut bench = Bench::ble_with(&["battery"], None, TokenRule::usual(), &[]);
    bench.ask(Ask::Identify);
    assert_eq!(bench.answer(), Some(Err(ProtocolError::NotThisProtocol)));
    assert!(bench.sent.is_empty());
}

#[test]
fn a_thread_only_device_is_told_apart_before_a_session() {
    let mut bench = Bench::ble(None, &[]);
    bench.ask(Ask::Identify);
    bench.exchange(
        "proto-ver",
        br#"{"prov":{"ver":"netprov-v1.2","sec_ver":0,"cap":["thread_prov","thread_scan"]}}"#,
    );
    assert!(matches!(bench.answer(), Some(Err(ProtocolError::Unsupported { .. }))));
    assert!(bench.sent.is_empty());
}

// The proof of possession.

#[test]
fn a_missing_proof_is_found_before_anything_of_it_is_sent() {
    for version in [VERSION_1, VERSION_2] {
        let mut bench = Bench::ble(None, &[]);
        bench.ask(Ask::Identify);
        bench.exchange("proto-ver", version.as_bytes());
        assert_eq!(bench.answer(), Some(Err(ProtocolError::WrongProof)));
        assert!(bench.sent.is_empty());
    }
}

#[test]
fn a_wrong_proof_is_told_whether_the_device_refuses_or_hangs_up() {
    let all = vectors();
    let (sec1, two) = (&all["sec1"], &all["sec2"]["session_of_case_plain"]);
    let private = bytes(sec1, "client_private");
    let a = bytes(&all["sec2"]["cases"][0], "a");
    for (version, golden, draw) in [(VERSION_1, sec1, &private), (VERSION_2, two, &a)] {
        for hangs_up in [false, true] {
            let mut bench = Bench::ble(Some("not-it-at-all"), &[draw]);
            bench.ask(Ask::Identify);
            bench.exchange("proto-ver", version.as_bytes());
            bench.exchange("prov-session", &bytes(golden, "msg_resp0"));
            if hangs_up {
                bench.dialogue.handle_lost(bench.now);
            } else {
                bench.refuse("prov-session", 0x04);
            }
            assert_eq!(bench.answer(), Some(Err(ProtocolError::WrongProof)));
        }
    }
}

#[test]
fn a_link_lost_before_the_proof_is_just_a_lost_link() {
    let mut bench = Bench::ble(Some("abcd1234"), &[&[1; 32]]);
    bench.ask(Ask::Identify);
    bench.exchange("proto-ver", VERSION_1.as_bytes());
    bench.dialogue.handle_lost(bench.now);
    assert_eq!(bench.answer(), None);
}

#[test]
fn both_forms_of_x_are_tried_on_the_same_link_and_no_third_time() {
    let all = vectors();
    let (whole, stripped) = (&all["sec2"]["cases"][3], &all["sec2"]["cases"][4]);
    let response0 = |case: &Value| {
        let (b, salt) = (bytes(case, "B"), bytes(case, "salt"));
        let mut response = unhex("1002629b030801aa019503128003");
        response.extend(b);
        response.extend([0x1a, 0x10]);
        response.extend(salt);
        response
    };
    let proof = |case: &Value| {
        let mut request = unhex("100262470802b201420a40");
        request.extend(bytes(case, "M1"));
        request
    };
    let a = bytes(whole, "a");
    let mut bench = Bench::ble(Some("pw69"), &[&a, &a]);
    bench.ask(Ask::Identify);
    bench.exchange("proto-ver", VERSION_2.as_bytes());
    // A device whose verifier was made by esp_prov: it refuses the form of its own code.
    bench.exchange("prov-session", &response0(stripped));
    bench.refuse("prov-session", 0x04);
    assert_eq!(bench.answer(), None);
    bench.exchange("prov-session", &response0(stripped));
    let mut response1 = unhex("100262550803ba01501240");
    response1.extend(bytes(stripped, "M2"));
    response1.extend(unhex("1a0cc0c1c2c3c4c5c6c700000001"));
    assert_eq!(bench.exchange("prov-session", &response1), proof(stripped));
    assert_eq!(bench.identity().dialect.as_deref(), Some("espressif-ble-sec2"));

    let mut bench = Bench::ble(Some("pw69"), &[&a, &a]);
    bench.ask(Ask::Identify);
    bench.exchange("proto-ver", VERSION_2.as_bytes());
    bench.exchange("prov-session", &response0(whole));
    assert_eq!(bench.refuse("prov-session", 0x04), proof(whole));
    bench.exchange("prov-session", &response0(whole));
    bench.refuse("prov-session", 0x04);
    assert_eq!(bench.answer(), Some(Err(ProtocolError::WrongProof)));
}

// The token.

#[test]
fn the_token_goes_before_the_credentials() {
    let mut bench = Bench::plain();
    bench.ask(Ask::Deliver(delivery()));
    assert_eq!(bench.exchange("custom-data", b"SUCCESS\0"), b"tok-0123456789");
    assert_eq!(
        bench.exchange("prov-config", &golden("set wifi response success")),
        golden("set wifi TestNet / correct-horse")
    );
    assert_eq!(bench.exchange("prov-config", &golden("apply response success")), golden("apply"));
    assert_eq!(bench.answer(), DELIVERED);
}

#[test]
fn a_refused_token_leaves_the_network_unsent() {
    let mut bench = Bench::plain_with(&ALL, rule("custom-data", "", "exact:SUCCESS"));
    bench.ask(Ask::Deliver(delivery()));
    bench.exchange("custom-data", b"FAIL\0");
    assert!(
        matches!(bench.answer(), Some(Err(ProtocolError::Refused { what: "the token", said })) if said == "FAIL")
    );
    assert!(bench.sent.is_empty());
}

#[test]
fn an_answer_that_repeats_the_token_does_not_reach_an_error_text() {
    let mut bench = Bench::plain_with(&ALL, rule("custom-data", "", "exact:SUCCESS"));
    bench.ask(Ask::Deliver(delivery()));
    bench.exchange("custom-data", b"bad token tok-0123456789");
    let Some(Err(error)) = bench.answer() else { panic!("accepted") };
    assert!(!format!("{error} {error:?}").contains("tok-0123456789"));
}

#[test]
fn a_device_without_the_endpoint_says_so_before_anything_is_sent() {
    let mut bench = Bench::plain_with(&ALL[..5], TokenRule::usual());
    bench.ask(Ask::Deliver(delivery()));
    assert!(matches!(bench.answer(), Some(Err(ProtocolError::Unsupported { .. }))));
    assert!(bench.sent.is_empty());
    bench.ask(Ask::Deliver(Delivery { token: None, ..delivery() }));
    bench.exchange("prov-config", &golden("set wifi response success"));
    bench.exchange("prov-config", &golden("apply response success"));
    assert_eq!(bench.answer(), Some(Ok(Answer::Delivered(Receipt { token_carried: false }))));
}

#[test]
fn the_request_for_the_token_follows_its_template() {
    let request = |template: &str| rule("x", template, "").request(&Secret::new("to\"k"), "host");
    assert_eq!(request(""), b"to\"k");
    assert_eq!(request("set {token} at {host};"), b"set to\"k at host;");
    assert_eq!(request(r#"{"auth":"{token}","server":"{host}"}"#), br#"{"auth":"to\"k","server":"host"}"#);
    assert_eq!(request("hex:0a04{token}12 04 {host}"), b"\x0a\x04to\"k\x12\x04host");
    let twisted = rule("x", "{token}|{host}", "").request(&Secret::new("{host}"), "h");
    assert_eq!(twisted, b"{host}|h");
}

#[test]
fn the_rule_for_success_counts_what_it_says() {
    assert!(rule("x", "", "any").is_success(b"anything"));
    assert!(rule("x", "", "exact:SUCCESS").is_success(b"SUCCESS\0"));
    assert!(!rule("x", "", "exact:SUCCESS").is_success(b"SUCCESSFUL"));
    assert!(rule("x", "", "json:status=ok").is_success(br#"{"status":"ok"}"#));
    assert!(rule("x", "", "json:code=0").is_success(b"{\"code\":0}\0"));
    assert!(!rule("x", "", "json:code=0").is_success(b"{\"code\":1}"));
    assert!(!rule("x", "", "json:code=0").is_success(b"0"));
}

#[test]
fn unusable_settings_for_the_token_are_limits_with_a_reason() {
    for (endpoint, template, success, setting) in [
        ("two words", "", "", "token_endpoint"),
        ("x", "no place for it", "", "token_template"),
        ("x", "hex:0g{token}", "", "token_template"),
        ("x", "", "maybe", "token_success"),
    ] {
        let settings = DriverSettings {
            token_endpoint: Some(endpoint.to_owned()),
            token_template: Some(template.to_owned()),
            token_success: Some(success.to_owned()),
            ..DriverSettings::default()
        };
        let limits = Espressif.limits(&delivery(), &settings, None);
        assert!(matches!(limits.as_slice(), [Limit::Setting { setting: named, .. }] if *named == setting));
    }
}

// Joining.

#[test]
fn connected_is_told_before_the_device_closes_the_link() {
    let mut bench = Bench::joining();
    bench.status("status connecting");
    bench.pass(Duration::from_secs(1));
    bench.status("status connecting, attempts_remaining 3");
    bench.pass(Duration::from_secs(1));
    bench.status("status connecting, attempts_remaining 3");
    bench.pass(Duration::from_secs(1));
    bench.status("status connected");
    assert_eq!(bench.answer(), CONNECTED);
    assert!(bench.sent.is_empty(), "nothing more is asked of it");
    let [DeviceWord::ConnectingNetwork, DeviceWord::Said { text }, DeviceWord::NetworkUp { ip, .. }] =
        bench.words.as_slice()
    else {
        panic!("{:?}", bench.words)
    };
    assert_eq!((text.as_str(), ip.as_deref()), ("an attempt failed, 3 remain", Some("192.168.4.57")));
}

#[test]
fn a_wrong_password_is_reset_and_tried_again_in_the_same_session() {
    let mut bench = Bench::joining();
    bench.status("status failed, auth error");
    assert_eq!(failed(bench.answer()), (Some(722), true));
    bench.ask(Ask::Deliver(delivery()));
    bench.exchange("custom-data", b"SUCCESS\0");
    assert_eq!(bench.exchange("prov-ctrl", &unhex("0802")), golden("ctrl wifi reset"));
    bench.exchange("prov-config", &golden("set wifi response success"));
    bench.exchange("prov-config", &golden("apply response success"));
    assert_eq!(bench.answer(), DELIVERED);
    bench.ask(Ask::Follow);
    bench.pass(Duration::from_secs(1));
    bench.status("status failed, network not found");
    assert_eq!(failed(bench.answer()), (Some(720), true));
}

#[test]
fn a_device_that_holds_credentials_already_is_reset_once() {
    let mut bench = Bench::plain();
    bench.ask(Ask::Deliver(Delivery { token: None, ..delivery() }));
    bench.exchange("prov-config", &golden("set wifi response success"));
    bench.exchange("prov-config", &unhex("08057a020805"));
    assert_eq!(
        bench.exchange("prov-ctrl", &unhex("08021005")),
        golden("ctrl wifi reset"),
        "not failed: is fine too"
    );
    bench.exchange("prov-config", &golden("set wifi response success"));
    bench.exchange("prov-config", &unhex("08057a020805"));
    assert!(matches!(bench.answer(), Some(Err(ProtocolError::Refused { .. }))));
    assert!(bench.sent.is_empty());
}

#[test]
fn firmware_without_a_reset_is_said_to_need_a_hand() {
    let mut bench = Bench::plain_with(&ALL[1..], TokenRule::usual());
    bench.deliver_plain();
    bench.ask(Ask::Follow);
    bench.pass(Duration::from_secs(1));
    bench.status("status failed, auth error");
    assert_eq!(failed(bench.answer()), (Some(722), false));
}

#[test]
fn a_raw_key_that_the_device_refuses_is_said_in_its_words() {
    let mut bench = Bench::plain();
    bench.ask(Ask::Deliver(Delivery { token: None, ..delivery() }));
    bench.exchange("prov-config", &unhex("08036a020804"));
    assert!(
        matches!(bench.answer(), Some(Err(ProtocolError::Refused { said, .. })) if said == "invalid argument")
    );
}

#[test]
fn three_useless_answers_in_a_row_end_the_questions_without_a_verdict() {
    let mut bench = Bench::joining();
    bench.exchange("prov-config", b"\xff\xff");
    bench.pass(Duration::from_secs(1));
    bench.exchange("prov-config", b"");
    bench.pass(Duration::from_secs(1));
    bench.status("status connecting");
    for _ in 0..3 {
        bench.pass(Duration::from_secs(1));
        bench.exchange("prov-config", b"\xff\xff");
    }
    assert_eq!(bench.answer(), QUIET);
}

#[test]
fn a_refused_status_is_asked_in_a_new_session() {
    let mut bench = Bench::joining();
    bench.refuse("prov-config", 0x04);
    bench.pass(Duration::from_secs(1));
    bench.exchange("prov-session", &unhex("52050801aa0100"));
    bench.status("status connected");
    assert_eq!(bench.answer(), CONNECTED);
}

#[test]
fn disconnected_means_ask_again_and_not_for_ever() {
    let mut bench = Bench::joining();
    let disconnected = unhex("08015a021002");
    bench.exchange("prov-config", &disconnected);
    bench.pass(Duration::from_secs(1));
    bench.status("status connecting");
    for _ in 0..8 {
        bench.pass(Duration::from_secs(1));
        bench.exchange("prov-config", &disconnected);
    }
    assert_eq!(bench.answer(), QUIET);
}

#[test]
fn a_link_lost_while_polling_has_no_verdict_and_one_lost_at_apply_was_a_delivery() {
    let mut bench = Bench::joining();
    bench.dialogue.handle_lost(bench.now);
    assert_eq!(bench.answer(), None);
    let mut bench = Bench::plain();
    bench.ask(Ask::Deliver(delivery()));
    bench.exchange("custom-data", b"SUCCESS\0");
    bench.exchange("prov-config", &golden("set wifi response success"));
    bench.written();
    bench.dialogue.handle_lost(bench.now);
    assert_eq!(bench.answer(), DELIVERED);
}

#[test]
fn every_wait_ends() {
    let mut bench = Bench::joining();
    bench.sent.clear();
    bench.pass(Duration::from_secs(300));
    assert_eq!(bench.answer(), QUIET);
    for ask in [Ask::Identify, Ask::Survey, Ask::Deliver(delivery())] {
        let mut bench = Bench::plain();
        bench.ask(ask);
        bench.pass(Duration::from_secs(60));
        assert!(bench.answer().is_some());
    }
    let mut bench = Bench::ble(Some("abcd1234"), &[&[1; 32]]);
    bench.ask(Ask::Identify);
    bench.exchange("proto-ver", VERSION_2.as_bytes());
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.answer(), Some(Err(ProtocolError::Silent { to: "the handshake" })));
}

// Scans.

#[test]
fn a_scan_is_read_four_at_a_time() {
    let entry = |ssid: &str, rssi: &str, auth: u8| {
        let mut entry = vec![0x0a, ssid.len() as u8];
        entry.extend(ssid.as_bytes());
        entry.extend([0x10, 6]);
        entry.extend(unhex(rssi));
        entry.extend(unhex("2206aabbccddee28"));
        entry.extend([0x28, auth]);
        [vec![0x0a, entry.len() as u8], entry].concat()
    };
    // rssi -60 as a ten-byte varint.
    let minus_60 = "18c4ffffffffffffffff01";
    let result = |entries: &[Vec<u8>]| {
        let body = entries.concat();
        let mut message = unhex("08057a");
        let mut length = body.len();
        while length >= 0x80 {
            message.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        message.push(length as u8);
        message.extend(body);
        message
    };
    let mut bench = Bench::plain();
    bench.ask(Ask::Survey);
    assert_eq!(bench.exchange("prov-scan", &unhex("08015a00")), golden("scan start blocking"));
    assert_eq!(bench.exchange("prov-scan", &unhex("08036a0408011006")), golden("scan status"));
    let four: Vec<_> = (0..4).map(|n| entry(&format!("net {n}"), minus_60, 3)).collect();
    assert_eq!(bench.exchange("prov-scan", &result(&four)), golden("scan result 0..3"));
    let rest = [entry("office", minus_60, 5), entry("new", minus_60, 9)];
    assert_eq!(bench.exchange("prov-scan", &result(&rest)), unhex("0804720408041002"));
    let Some(Ok(Answer::Networks(networks))) = bench.answer() else { panic!("no networks") };
    assert_eq!(networks.len(), 6);
    assert_eq!(
        networks[0],
        Network {
            ssid: "net 0".to_owned(),
            bssid: Some("AA:BB:CC:DD:EE:28".to_owned()),
            rssi: Some(-60),
            channel: Some(6),
            security: Security::Personal
        }
    );
    assert_eq!((networks[4].security, networks[5].security), (Security::Enterprise, Security::Other));
}

#[test]
fn a_scan_without_entries_is_empty_and_one_without_the_capability_is_not_asked_for() {
    let mut bench = Bench::plain();
    bench.ask(Ask::Survey);
    bench.exchange("prov-scan", &unhex("08015a00"));
    bench.exchange("prov-scan", &unhex("08036a020801"));
    assert_eq!(bench.answer(), Some(Ok(Answer::Networks(vec![]))));
    let names: Vec<_> = ALL.into_iter().filter(|name| *name != "prov-scan").collect();
    let mut bench = Bench::plain_with(&names, TokenRule::usual());
    bench.ask(Ask::Survey);
    assert!(matches!(bench.answer(), Some(Err(ProtocolError::Unsupported { .. }))));
}

// The console.

#[test]
fn a_whole_provisioning_over_the_console_has_the_golden_bytes() {
    let all = vectors();
    let sec1 = &all["sec1"];
    let stream = &sec1["stream_after_handshake"];
    let mut bench = Bench::console(Some("abcd1234"), &[&bytes(sec1, "client_private")]);
    bench.ask(Ask::Identify);
    assert_eq!(bench.typed(), "\r", "ends a half line");
    assert!(bench.sent.is_empty(), "both in one go would be one line");
    bench.prints("\r\n\n>> ");
    assert_eq!(bench.command(Some(VERSION_1.as_bytes())), ["proto-ver", "10000", "2d2d2d"]);
    for (command, response) in [("msg_cmd0", "msg_resp0"), ("msg_cmd1", "msg_resp1")] {
        let line = bench.command(Some(&bytes(sec1, response)));
        assert_eq!((line[0].as_str(), line[2].as_str()), ("prov-session", text(sec1, command)));
    }
    let identity = bench.identity();
    assert_eq!((identity.dialect.as_deref(), identity.takes_token), (Some("espressif-console-sec1"), None));
    bench.ask(Ask::Deliver(delivery()));
    for index in [0, 2, 4] {
        let line = bench.command(Some(&bytes(&stream[index + 1], "cipher")));
        assert_eq!(line[2], text(&stream[index], "cipher"));
    }
    assert_eq!(bench.answer(), DELIVERED);
    bench.ask(Ask::Follow);
    bench.pass(Duration::from_secs(1));
    bench.command(Some(&bytes(&stream[7], "cipher")));
    assert_eq!(bench.answer(), CONNECTED);
}

#[test]
fn security_2_over_the_console_is_refused_with_the_reason_and_nothing_of_it_is_sent() {
    let mut bench = Bench::console(Some("abcd1234"), &[]);
    bench.ask(Ask::Identify);
    bench.typed();
    bench.prints("\r\n\n>> ");
    bench.command(Some(VERSION_2.as_bytes()));
    let Some(Err(ProtocolError::Unsupported { what })) = bench.answer() else { panic!("accepted") };
    assert!(what.contains("security 2") && what.contains("406 bytes"));
    assert!(bench.sent.is_empty());
}

#[test]
fn a_console_that_boots_slowly_is_asked_again_and_another_is_given_up() {
    let mut bench = Bench::console(Some("abcd1234"), &[&[1; 32]]);
    bench.ask(Ask::Identify);
    bench.pass(Duration::from_millis(2500));
    bench.sent.clear();
    bench.prints("ESP-ROM:esp32\r\nI (31) boot: ready\r\n\n>> ");
    assert_eq!(bench.command(Some(b"v1.1"))[0], "proto-ver");
    assert!(bench.typed().starts_with("prov-session"));
    let mut other = Bench::console(None, &[]);
    other.ask(Ask::Identify);
    other.prints("Command not found.\r\n>");
    other.pass(Duration::from_secs(10));
    assert_eq!(other.answer(), Some(Err(ProtocolError::NotThisProtocol)));
}

#[test]
fn a_refused_command_prints_nothing_between_echo_and_prompt() {
    let command = console::command_line("prov-config", 7, &[8, 1]).expect("short");
    let hears = |text: &str| Listener::for_command(&command).take(text.as_bytes());
    assert_eq!(hears("prov-config 7 0801\r\n\n>> "), Some(Outcome::Refused));
    assert_eq!(hears("prov-config 7 0801\r\n\r\n\r\n\n>> "), Some(Outcome::Answer(vec![])));
    assert_eq!(hears("prov-config 7 0801\r\n\r\n0a0b\r\n\n>> "), Some(Outcome::Answer(vec![10, 11])));
    assert_eq!(hears("prov-config 7 0801\r\n\r\r\n0a0b\r\r\n\n>> "), Some(Outcome::Answer(vec![10, 11])));
    assert_eq!(hears("\n>> prov-config 7 0801\r\n\r\n0a"), None);
}

#[test]
fn the_log_may_split_the_echo_and_stand_around_the_answer() {
    let command = console::command_line("proto-ver", 12345, b"---").expect("short");
    let stream = "\n>> proto-v\x1b[0;32mI (1234) wifi: state 5\x1b[0m\r\ner 12345 2d2d2d\r\n\
                  \x1b[0;31mE (99) app: deadbeef\x1b[0m\r\n\r\n76312e31\r\nI (1300) app: 00ff\r\n\n>> ";
    let whole = Listener::for_command(&command).take(stream.as_bytes());
    assert_eq!(whole, Some(Outcome::Answer(b"v1.1".to_vec())));
    for cut in 0..=stream.len() {
        let mut listener = Listener::for_command(&command);
        let first = listener.take(&stream.as_bytes()[..cut]);
        assert_eq!(first.or_else(|| listener.take(&stream.as_bytes()[cut..])), whole, "cut at {cut}");
    }
}

#[test]
fn a_command_line_holds_255_characters() {
    assert_eq!(console::most_request("prov-config", 1), 120);
    assert_eq!(console::most_request("custom-data", 1), 120);
    assert_eq!(console::most_request("prov-session", 1), 119);
    for endpoint in ["prov-config", "prov-session"] {
        let most = console::most_request(endpoint, 1);
        assert!(console::command_line(endpoint, 1, &vec![0; most]).is_some());
        assert!(console::command_line(endpoint, 1, &vec![0; most + 1]).is_none());
    }
    // The longest credentials fit with the session's five digits.
    let longest = message::set_wifi(&"S".repeat(32), &"p".repeat(63));
    assert_eq!(longest.len(), 103);
    assert!(console::command_line("prov-config", 99_999, &longest).is_some());
    let long_token = Delivery { token: Some(Secret::new("t".repeat(130))), ..delivery() };
    let settings = DriverSettings::default();
    assert_eq!(
        Espressif.limits(&long_token, &settings, Some("espressif-console-sec1")),
        [Limit::LineLength { bytes: 130, most: 118 }]
    );
    assert_eq!(Espressif.limits(&long_token, &settings, Some("espressif-ble-sec1")), []);
}

// QR codes.

#[test]
fn qr_texts_are_read_as_json_and_as_an_address_encoded_or_not() {
    let json = r#"{"ver":"v1","name":"PROV_CE03C0","pop":"abcd1234","transport":"ble"}"#;
    let page = "https://espressif.github.io/esp-jumpstart/qrcode.html?data=";
    let encoded: String =
        json.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
    for text in [
        json.to_owned(),
        format!(" {json}\n"),
        format!("{page}{json}"),
        format!("{page}{encoded}"),
        format!("{page}{encoded}&v=2"),
        encoded.clone(),
    ] {
        let qr = Qr::read(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(qr.name, "PROV_CE03C0");
        assert_eq!(qr.proof.as_ref().map(|proof| proof.expose()), Some("abcd1234"));
        assert_eq!(qr.medium, Some(MediumKind::Ble));
        assert!(!format!("{qr:?}").contains("abcd1234"));
    }
    let full =
        r#"{"ver":"v1","name":"n&m","username":"op","security":"2","network":"thread","transport":"softap"}"#;
    let qr = Qr::read(&format!("{page}{full}")).expect("bare JSON may hold an ampersand");
    assert_eq!(
        (qr.username.as_deref(), qr.security, qr.thread, qr.medium),
        (Some("op"), Some(2), true, None)
    );
    assert!(qr.proof.is_none());
    assert_eq!(Qr::read("https://example.com").err(), Some(QrError::NotACode));
    assert_eq!(Qr::read("{}").err(), Some(QrError::NotACode));
    assert_eq!(Qr::read(r#"{"ver":"v9","name":"x"}"#).err(), Some(QrError::UnknownVersion));
    assert_eq!(Qr::read(r#"{"ver":"v1"}"#).err(), Some(QrError::NoName));
}

// The driver.

#[test]
fn adverts_fit_by_service_or_by_the_usual_prefix() {
    let advert = |name: Option<&str>, services: &[Uuid]| {
        Advert::Ble(BleAdvert {
            name: name.map(str::to_owned),
            services: services.to_vec(),
            ..BleAdvert::default()
        })
    };
    let own = Uuid::from_u128(0xdead_beef_0000_4000_8000_0000_0000_0001);
    assert_eq!(Espressif.fit(&advert(None, &[SERVICE])), Fit::Yes);
    assert_eq!(Espressif.fit(&advert(Some("prov_CE03C0"), &[own])), Fit::Yes);
    assert_eq!(Espressif.fit(&advert(Some("Kettle"), &[own])), Fit::No);
    assert_eq!(Espressif.fit(&Advert::Serial(SerialAdvert::default())), Fit::Maybe);
    let battery = uuid::uuid!("0000180f-0000-1000-8000-00805f9b34fb");
    let service = |advert: &Advert| match Espressif.wiring(advert) {
        Wiring::Ble { service, descriptions: true, .. } => service,
        other => panic!("{other:?}"),
    };
    assert_eq!(service(&advert(None, &[battery, own])), Some(own));
    assert_eq!(service(&advert(None, &[own, SERVICE])), Some(SERVICE));
    assert_eq!(service(&advert(None, &[battery])), None);
}

#[test]
fn what_cannot_be_carried_is_found_before_anything_is_touched() {
    let settings = DriverSettings::default();
    assert_eq!(Espressif.limits(&delivery(), &settings, None), []);
    let wifi = Some(Wifi { ssid: "S".repeat(33), password: Secret::new("p".repeat(64)) });
    let limits = Espressif.limits(&Delivery { wifi, ..delivery() }, &settings, None);
    assert!(matches!(
        limits.as_slice(),
        [Limit::SsidLength { bytes: 33, .. }, Limit::PasswordLength { chars: 64, .. }]
    ));
}

#[test]
fn no_secret_is_formatted() {
    let set = message::read::<schema::ConfigPayload>(&message::set_wifi("TestNet", "correct-horse"))
        .expect("a config");
    assert!(!format!("{set:?}").contains("correct"));
    let shown = format!("{set:?}");
    assert!(!shown.contains("99, 111, 114"), "as bytes neither: {shown}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Version::read(&bytes);
        let _ = Qr::read(&String::from_utf8_lossy(&bytes));
        let _ = message::wifi_state(&bytes);
        let _ = message::scan_result(&bytes);
        let _ = message::scan_status(&bytes);
        let _ = message::reset_status(&bytes);
        let _ = message::read::<schema::SessionData>(&bytes);
        let _ = Listener::for_command(b"proto-ver 1 2d\r").take(&bytes);
        let mut bench = Bench::plain();
        bench.ask(Ask::Survey);
        bench.exchange("prov-scan", &bytes);
    }

    #[test]
    fn any_cuts_of_the_console_give_the_same_outcome(
        log in "[ -~\r\n]{0,60}",
        answer in proptest::collection::vec(any::<u8>(), 0..40),
        cuts in proptest::collection::vec(1usize..20, 1..20),
    ) {
        let command = console::command_line("prov-scan", 12345, &[1, 2, 3]).expect("short");
        let hex: String = answer.iter().map(|byte| format!("{byte:02x}")).collect();
        let stream = format!("prov-scan 12345 010203\r\nI {log}\r\n\r\n{hex}\r\n\n>> ");
        let whole = Listener::for_command(&command).take(stream.as_bytes());
        let mut listener = Listener::for_command(&command);
        let (mut cut, mut rest) = (None, stream.as_bytes());
        for length in cuts.iter().cycle() {
            if rest.is_empty() || cut.is_some() { break; }
            let (now, later) = rest.split_at((*length).min(rest.len()));
            cut = listener.take(now);
            rest = later;
        }
        prop_assert_eq!(cut, whole);
    }
}
