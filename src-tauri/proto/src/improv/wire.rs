//! The two wirings of Improv behind one face: commands go in, what the device says comes out.
//!
//! Not here: what a command is for and how long to wait for it (`dialogue.rs`).

use super::ble::{self, Capabilities, Value};
use super::message::{ErrorCode, Reply, Rpc, State, command};
use super::serial::{Frame, Piece, Said, Scanner};
use crate::{Opened, Packet, Transmit};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A frame whose rest does not come for so long was cut by a reset of the device.
const FRAME_SILENCE: Duration = Duration::from_millis(500);
/// Without a word from the link on its MTU, the smallest that BLE knows.
const SMALLEST_MTU: u16 = 23;

/// What was heard of the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    State(State),
    Error(ErrorCode),
    /// The error characteristic, read because we asked: what it holds is old.
    ErrorRead,
    Reply(Reply),
    /// A result that makes no sense.
    Nonsense,
    /// The command is with the device as a whole (BLE only; a serial line confirms nothing).
    Sent,
    /// The device's stack refused a write.
    WriteRefused,
    /// The questions at the beginning of a BLE link are answered.
    Ready,
    /// The log shows that the device started again (serial only).
    Restarted,
}

pub enum Wire {
    Serial(Serial),
    Ble(Ble),
}

impl Wire {
    pub fn for_link(opened: &Opened) -> Wire {
        if opened.mtu == 0 && opened.channels.is_empty() {
            Wire::Serial(Serial::default())
        } else {
            Wire::Ble(Ble::for_link(opened))
        }
    }

    pub fn is_serial(&self) -> bool {
        matches!(self, Wire::Serial(_))
    }

    /// Whether the questions at the beginning of a BLE link are open; [`Heard::Ready`] comes when they are not.
    pub fn is_opening(&self) -> bool {
        matches!(self, Wire::Ble(ble) if ble.opening > 0)
    }

    /// What the device says it can do; on serial everything has to be tried.
    pub fn capabilities(&self) -> Option<Capabilities> {
        match self {
            Wire::Serial(_) => None,
            Wire::Ble(ble) => Some(ble.capabilities),
        }
    }

    pub fn send(&mut self, rpc: &Rpc) {
        match self {
            Wire::Serial(serial) => serial.send(rpc),
            Wire::Ble(ble) => ble.write(ble::packet(rpc)),
        }
    }

    /// Asks for the state; it comes as [`Heard::State`].
    pub fn ask_state(&mut self) {
        match self {
            Wire::Serial(serial) => serial.send(&Rpc::plain(command::CURRENT_STATE)),
            Wire::Ble(ble) => ble.read(ble::STATE),
        }
    }

    /// Asks for something whose answer shows that all earlier answers are in: [`Heard::State`] on serial,
    /// [`Heard::ErrorRead`] on BLE.
    pub fn ask_for_a_mark(&mut self) {
        match self {
            Wire::Serial(_) => self.ask_state(),
            Wire::Ble(ble) => ble.read(ble::ERROR),
        }
    }

    pub fn transmit(&mut self) -> Option<Transmit> {
        match self {
            Wire::Serial(serial) => serial.out.pop_front().map(Transmit::Bytes),
            Wire::Ble(ble) => ble.transmit(),
        }
    }

    pub fn take(&mut self, packet: Packet, now: Instant) -> Vec<Heard> {
        match (self, packet) {
            (Wire::Serial(serial), Packet::Bytes(bytes)) => serial.take(&bytes, now),
            (Wire::Ble(ble), packet) => ble.take(packet),
            (Wire::Serial(_), _) => Vec::new(),
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Wire::Serial(serial) => serial.give_up_at,
            Wire::Ble(_) => None,
        }
    }

    pub fn wake(&mut self, now: Instant) -> Vec<Heard> {
        match self {
            Wire::Serial(serial) if serial.give_up_at.is_some_and(|at| at <= now) => {
                let pieces = serial.scanner.give_up_waiting();
                serial.read(pieces, now)
            }
            _ => Vec::new(),
        }
    }
}

#[derive(Default)]
pub struct Serial {
    scanner: Scanner,
    out: VecDeque<Vec<u8>>,
    /// Ends whatever half line the device holds; before the first frame only.
    began: bool,
    give_up_at: Option<Instant>,
    /// The last bytes of the log, to find a sign of a restart over cuts.
    log: Vec<u8>,
}

/// What the boot loaders of ESP8266 and ESP32 print at their usual rates.
const BOOT_SIGNS: [&[u8]; 4] = [b"rst:0x", b"ESP-ROM:", b"rst cause:", b"boot: ESP-IDF"];

impl Serial {
    fn send(&mut self, rpc: &Rpc) {
        if !self.began {
            self.began = true;
            self.out.push_back(b"\n".to_vec());
        }
        // One write for each frame: some firmware drops a frame after 25 ms of silence inside it.
        self.out.push_back(Frame::rpc(rpc).bytes());
    }

    fn take(&mut self, bytes: &[u8], now: Instant) -> Vec<Heard> {
        let pieces = self.scanner.push(bytes);
        self.read(pieces, now)
    }

    fn read(&mut self, pieces: Vec<Piece>, now: Instant) -> Vec<Heard> {
        self.give_up_at = self.scanner.is_waiting().then(|| now + FRAME_SILENCE);
        let mut heard = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Log(bytes) => {
                    if self.shows_a_restart(&bytes) {
                        heard.push(Heard::Restarted);
                    }
                }
                Piece::Frame(frame) => {
                    self.log.clear();
                    heard.push(match frame.said() {
                        Said::State(state) => Heard::State(state),
                        Said::Error(error) => Heard::Error(error),
                        Said::Reply(reply) => Heard::Reply(reply),
                        Said::Nonsense => Heard::Nonsense,
                    });
                }
            }
        }
        heard
    }

    fn shows_a_restart(&mut self, bytes: &[u8]) -> bool {
        self.log.extend_from_slice(bytes);
        let sign = BOOT_SIGNS.iter().any(|sign| self.log.windows(sign.len()).any(|window| window == *sign));
        let longest = BOOT_SIGNS.iter().map(|sign| sign.len()).max().unwrap_or(0);
        let spare = if sign { self.log.len() } else { self.log.len().saturating_sub(longest - 1) };
        self.log.drain(..spare);
        sign
    }
}

/// One GATT operation at a time.
enum Operation {
    Write {
        bytes: Vec<u8>,
        /// The last piece of a command.
        last: bool,
    },
    Read(Uuid),
}

pub struct Ble {
    piece: usize,
    capabilities: Capabilities,
    waiting: VecDeque<Operation>,
    under_way: Option<Operation>,
    /// Reads of the opening that are not answered yet.
    opening: usize,
}

impl Ble {
    fn for_link(opened: &Opened) -> Ble {
        let has = |uuid| {
            opened.channels.is_empty() || opened.channels.iter().any(|channel| channel.characteristic == uuid)
        };
        let mut ble = Ble {
            piece: usize::from(opened.mtu.max(SMALLEST_MTU)) - 3,
            capabilities: Capabilities::default(),
            waiting: VecDeque::new(),
            under_way: None,
            opening: 0,
        };
        // Very old firmware lacks the capabilities: then it has none.
        for uuid in [ble::CAPABILITIES, ble::STATE, ble::ERROR].into_iter().filter(|uuid| has(*uuid)) {
            ble.read(uuid);
            ble.opening += 1;
        }
        ble
    }

    fn read(&mut self, channel: Uuid) {
        self.waiting.push_back(Operation::Read(channel));
    }

    /// In pieces that fit the link, each with response: plain writes suit small servers that reject long ones.
    fn write(&mut self, packet: Vec<u8>) {
        let pieces = packet.chunks(self.piece).count();
        for (index, piece) in packet.chunks(self.piece).enumerate() {
            self.waiting.push_back(Operation::Write { bytes: piece.to_vec(), last: index + 1 == pieces });
        }
    }

    fn transmit(&mut self) -> Option<Transmit> {
        if self.under_way.is_some() {
            return None;
        }
        let operation = self.waiting.pop_front()?;
        let transmit = match &operation {
            Operation::Write { bytes, .. } => Transmit::Write { channel: ble::COMMAND, bytes: bytes.clone() },
            Operation::Read(channel) => Transmit::Read { channel: *channel },
        };
        self.under_way = Some(operation);
        Some(transmit)
    }

    fn take(&mut self, packet: Packet) -> Vec<Heard> {
        match packet {
            Packet::Notified { channel, bytes } => self.notified(channel, &bytes).into_iter().collect(),
            Packet::Written { channel } if channel == ble::COMMAND => match self.under_way.take() {
                Some(Operation::Write { last: true, .. }) => vec![Heard::Sent],
                Some(Operation::Write { last: false, .. }) | None => Vec::new(),
                Some(read @ Operation::Read(_)) => {
                    self.under_way = Some(read);
                    Vec::new()
                }
            },
            Packet::Value { channel, bytes } => self.value(channel, &bytes),
            Packet::Refused { .. } => match self.under_way.take() {
                Some(Operation::Write { .. }) => {
                    // The rest of a refused command would be read as the beginning of the next.
                    self.waiting.retain(|operation| matches!(operation, Operation::Read(_)));
                    vec![Heard::WriteRefused]
                }
                Some(Operation::Read(_)) => self.opened_one(),
                None => Vec::new(),
            },
            Packet::Written { .. } | Packet::Bytes(_) => Vec::new(),
        }
    }

    fn notified(&mut self, channel: Uuid, bytes: &[u8]) -> Option<Heard> {
        if channel == ble::STATE {
            State::from_byte(*bytes.first()?).map(Heard::State)
        } else if channel == ble::ERROR {
            Some(Heard::Error(ErrorCode::from_byte(*bytes.first()?)))
        } else if channel == ble::RESULT {
            match ble::result(bytes) {
                Ok(Value::Whole(reply)) => Some(Heard::Reply(reply)),
                Ok(Value::Cut) => {
                    self.read(ble::RESULT);
                    None
                }
                // An empty result is the characteristic being cleared, not an answer.
                Err(_) if bytes.is_empty() => None,
                Err(_) => Some(Heard::Nonsense),
            }
        } else {
            None
        }
    }

    fn value(&mut self, channel: Uuid, bytes: &[u8]) -> Vec<Heard> {
        match self.under_way.take() {
            Some(Operation::Read(asked)) if asked == channel => {}
            other => {
                self.under_way = other;
                return Vec::new();
            }
        }
        let mut heard = Vec::new();
        if channel == ble::CAPABILITIES {
            self.capabilities = Capabilities(bytes.first().copied().unwrap_or(0));
        } else if channel == ble::STATE {
            heard.extend(bytes.first().and_then(|byte| State::from_byte(*byte)).map(Heard::State));
        } else if channel == ble::ERROR && self.opening == 0 {
            heard.push(Heard::ErrorRead);
        } else if channel == ble::RESULT {
            heard.push(match ble::result(bytes) {
                Ok(Value::Whole(reply)) => Heard::Reply(reply),
                Ok(Value::Cut) | Err(_) => Heard::Nonsense,
            });
        }
        heard.extend(self.opened_one());
        heard
    }

    /// Counts the reads of the opening, answered or refused.
    fn opened_one(&mut self) -> Vec<Heard> {
        if self.opening == 0 {
            return Vec::new();
        }
        self.opening -= 1;
        if self.opening == 0 { vec![Heard::Ready] } else { Vec::new() }
    }
}
