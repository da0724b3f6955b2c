//! Drives one dialogue against a scripted device, with a clock of its own and no I/O.

use proto::blynk::inject::{RX, TX};
use proto::{
    Answer, Ask, Channel, Delivery, DeviceWord, Dialogue, DriverSettings, Opened, Packet, ProtocolError,
    Secret, Transmit, Wifi,
};
use std::time::{Duration, Instant};

pub const TOKEN: &str = "Ab3-xY9_Ab3-xY9_Ab3-xY9_Ab3-xY9_";
pub const PASSWORD: &str = "correct horse";

/// What a device does on hearing something: so many milliseconds later it says this.
pub type Says = Vec<(u64, String)>;

pub fn says(texts: &[&str]) -> Says {
    texts.iter().map(|text| (0, (*text).to_owned())).collect()
}

pub struct Bench<'d> {
    dialogue: Box<dyn Dialogue>,
    ble: bool,
    begun: Instant,
    now: Instant,
    device: Box<dyn FnMut(&str) -> Says + 'd>,
    coming: Vec<(Instant, Vec<u8>)>,
    /// All that was sent, as text.
    pub sent: Vec<String>,
    pub words: Vec<DeviceWord>,
}

impl<'d> Bench<'d> {
    pub fn ble(mtu: u16, device: impl FnMut(&str) -> Says + 'd) -> Bench<'d> {
        let channel = |characteristic| Channel {
            service: proto::blynk::inject::SERVICE,
            characteristic,
            description: None,
        };
        let opened = Opened { mtu, channels: vec![channel(RX), channel(TX)] };
        Bench::new("blynk-inject", &opened, device)
    }

    pub fn serial(device: impl FnMut(&str) -> Says + 'd) -> Bench<'d> {
        Bench::new("blynk-console", &Opened::default(), device)
    }

    fn new(driver: &str, opened: &Opened, device: impl FnMut(&str) -> Says + 'd) -> Bench<'d> {
        let now = Instant::now();
        let driver = proto::driver(driver).expect("a driver of this build");
        Bench {
            dialogue: driver.begin(opened, &DriverSettings::default(), now),
            ble: opened.mtu > 0,
            begun: now,
            now,
            device: Box::new(device),
            coming: Vec::new(),
            sent: Vec::new(),
            words: Vec::new(),
        }
    }

    /// Lets the device speak up by itself, so many milliseconds from now.
    pub fn later(&mut self, after: u64, text: &str) {
        self.coming.push((self.now + Duration::from_millis(after), text.as_bytes().to_vec()));
    }

    pub fn later_bytes(&mut self, after: u64, bytes: &[u8]) {
        self.coming.push((self.now + Duration::from_millis(after), bytes.to_vec()));
    }

    pub fn seconds(&self) -> u64 {
        self.now.duration_since(self.begun).as_secs()
    }

    pub fn lose_link(&mut self) {
        self.dialogue.handle_lost(self.now);
    }

    /// Hears all that is still to come while no question is open.
    pub fn idle(&mut self) {
        let far = self.now + Duration::from_secs(3600);
        while let Some(bytes) = self.next_coming(far) {
            self.hear(bytes);
        }
    }

    pub fn ask(&mut self, ask: Ask) -> Result<Answer, ProtocolError> {
        self.start(ask);
        self.answer()
    }

    pub fn start(&mut self, ask: Ask) {
        self.dialogue.ask(ask, self.now);
    }

    pub fn answer(&mut self) -> Result<Answer, ProtocolError> {
        loop {
            while let Some(transmit) = self.dialogue.poll_transmit() {
                self.send(transmit);
            }
            while let Some(word) = self.dialogue.poll_word() {
                self.words.push(word);
            }
            if let Some(answer) = self.dialogue.poll_answer() {
                return answer;
            }
            let deadline = self.dialogue.poll_timeout().expect("an open question has a bound");
            match self.next_coming(deadline) {
                Some(bytes) => self.hear(bytes),
                None => {
                    self.now = self.now.max(deadline);
                    self.dialogue.handle_timeout(self.now);
                }
            }
        }
    }

    fn send(&mut self, transmit: Transmit) {
        let bytes = match transmit {
            Transmit::Bytes(bytes) if !self.ble => bytes,
            Transmit::Write { channel, bytes } if self.ble && channel == RX => {
                self.dialogue.handle_packet(Packet::Written { channel }, self.now);
                bytes
            }
            other => panic!("not for this link: {other:?}"),
        };
        let text = String::from_utf8(bytes).expect("all that is sent is text");
        for (after, answer) in (self.device)(&text) {
            self.coming.push((self.now + Duration::from_millis(after), answer.into_bytes()));
        }
        self.sent.push(text);
    }

    fn next_coming(&mut self, deadline: Instant) -> Option<Vec<u8>> {
        let at = (0..self.coming.len()).min_by_key(|at| self.coming[*at].0)?;
        if self.coming[at].0 > deadline {
            return None;
        }
        let (when, bytes) = self.coming.remove(at);
        self.now = self.now.max(when);
        Some(bytes)
    }

    fn hear(&mut self, bytes: Vec<u8>) {
        let packet = if self.ble { Packet::Notified { channel: TX, bytes } } else { Packet::Bytes(bytes) };
        self.dialogue.handle_packet(packet, self.now);
    }
}

pub fn delivery(ssid: &str, password: &str, host: &str) -> Delivery {
    Delivery {
        wifi: Some(Wifi { ssid: ssid.to_owned(), password: Secret::new(password) }),
        token: Some(Secret::new(TOKEN)),
        host: host.to_owned(),
    }
}

pub fn wired_delivery(host: &str) -> Delivery {
    Delivery { wifi: None, token: Some(Secret::new(TOKEN)), host: host.to_owned() }
}

/// Nothing that a face may show holds token or password.
pub fn assert_secret(shown: &impl std::fmt::Debug) {
    let shown = format!("{shown:?}");
    for secret in [TOKEN, PASSWORD, r"correct\x20horse", "Ab3-xY9_Ab3-xY9_", "rrect ho"] {
        assert!(!shown.contains(secret), "a secret is shown: {shown}");
        assert!(!shown.contains(&secret.replace('\\', r"\\")), "a secret is shown: {shown}");
    }
}
