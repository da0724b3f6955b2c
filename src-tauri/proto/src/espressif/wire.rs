//! One exchange at a time with a named endpoint, over BLE or over the console. Reference: section 7.
//!
//! Not here: what is in the bytes, and how long an answer may take (`dialogue.rs`).

use super::console::{self, Listener, Outcome};
use crate::{Opened, Packet, ProtocolError, Transmit};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The prompt after a carriage return, before the first command. A device that is busy with its log may be slower, and
/// then the command is sent all the same.
const PROMPT: Duration = Duration::from_millis(400);

pub enum Wire {
    Ble(Ble),
    Console(Console),
}

impl Wire {
    pub fn for_link(opened: &Opened) -> Wire {
        if opened.mtu == 0 && opened.channels.is_empty() {
            Wire::Console(Console::default())
        } else {
            Wire::Ble(Ble::for_link(opened))
        }
    }

    pub fn is_console(&self) -> bool {
        matches!(self, Wire::Console(_))
    }

    /// `None`: only trying tells.
    pub fn has(&self, endpoint: &str) -> Option<bool> {
        match self {
            Wire::Ble(ble) => Some(ble.channel(endpoint).is_some()),
            Wire::Console(_) => None,
        }
    }

    /// Begins an exchange. The one before it must have ended, or is given up by this.
    pub fn ask(&mut self, endpoint: &str, request: &[u8], now: Instant) -> Result<(), ProtocolError> {
        match self {
            Wire::Ble(ble) => ble.ask(endpoint, request),
            Wire::Console(console) => console.ask(endpoint, request, now),
        }
    }

    /// A console tells security sessions apart by their number: a fresh one begins a fresh session.
    pub fn renumber(&mut self, number: u32) {
        if let Wire::Console(console) = self {
            console.number = number;
        }
    }

    /// The exchange under way is given up; what still comes of it is noise.
    pub fn give_up(&mut self) {
        match self {
            Wire::Ble(ble) => ble.under_way = None,
            Wire::Console(console) => {
                console.listener = None;
                console.at_prompt = false;
            }
        }
    }

    pub fn transmit(&mut self) -> Option<Transmit> {
        match self {
            Wire::Ble(ble) => ble.out.pop_front(),
            Wire::Console(console) => console.out.pop_front().map(Transmit::Bytes),
        }
    }

    pub fn take(&mut self, packet: Packet) -> Option<Outcome> {
        match (self, packet) {
            (Wire::Ble(ble), packet) => ble.take(packet),
            (Wire::Console(console), Packet::Bytes(bytes)) => console.take(&bytes),
            (Wire::Console(_), _) => None,
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Wire::Ble(_) => None,
            Wire::Console(console) => console.waiting.as_ref().map(|(_, at)| *at),
        }
    }

    pub fn wake(&mut self, now: Instant) {
        if let Wire::Console(console) = self
            && console.waiting.as_ref().is_some_and(|(_, at)| *at <= now)
        {
            console.send_waiting();
        }
    }
}

pub struct Ble {
    /// Names in lower case.
    endpoints: Vec<(String, Uuid)>,
    out: VecDeque<Transmit>,
    under_way: Option<(Uuid, Stage)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Write,
    Read,
}

/// The numbers of the standard endpoints in the third and fourth byte of their UUIDs, for links that tell no descriptors.
const USUAL: [(&str, [u8; 2]); 5] = [
    ("prov-ctrl", [0xff, 0x4f]),
    ("prov-scan", [0xff, 0x50]),
    ("prov-session", [0xff, 0x51]),
    ("prov-config", [0xff, 0x52]),
    ("proto-ver", [0xff, 0x53]),
];

impl Ble {
    fn for_link(opened: &Opened) -> Ble {
        let named = |channel: &crate::Channel| {
            let name = channel.description.as_deref()?.trim_matches(['\0', ' ']).to_lowercase();
            (!name.is_empty()).then_some((name, channel.characteristic))
        };
        let mut endpoints: Vec<_> = opened.channels.iter().filter_map(named).collect();
        if endpoints.is_empty() {
            let usual = |channel: &crate::Channel| {
                let bytes = &channel.characteristic.as_bytes()[2..4];
                USUAL
                    .iter()
                    .find(|(_, number)| number == bytes)
                    .map(|(name, _)| ((*name).to_owned(), channel.characteristic))
            };
            endpoints = opened.channels.iter().filter_map(usual).collect();
        }
        Ble { endpoints, out: VecDeque::new(), under_way: None }
    }

    fn channel(&self, endpoint: &str) -> Option<Uuid> {
        let endpoint = endpoint.to_lowercase();
        self.endpoints.iter().find(|(name, _)| *name == endpoint).map(|(_, uuid)| *uuid)
    }

    fn ask(&mut self, endpoint: &str, request: &[u8]) -> Result<(), ProtocolError> {
        let channel = self
            .channel(endpoint)
            .ok_or(ProtocolError::Unsupported { what: "do this: it lacks the endpoint" })?;
        self.under_way = Some((channel, Stage::Write));
        self.out.push_back(Transmit::Write { channel, bytes: request.to_vec() });
        Ok(())
    }

    /// The handler runs before the write is confirmed; a read alone, without a write before it, gives an old value.
    fn take(&mut self, packet: Packet) -> Option<Outcome> {
        let (expected, stage) = self.under_way?;
        match (packet, stage) {
            (Packet::Written { channel }, Stage::Write) if channel == expected => {
                self.under_way = Some((channel, Stage::Read));
                self.out.push_back(Transmit::Read { channel });
                None
            }
            (Packet::Value { channel, bytes }, Stage::Read) if channel == expected => {
                self.under_way = None;
                Some(Outcome::Answer(bytes))
            }
            (Packet::Refused { channel, .. }, _) if channel == expected => {
                self.under_way = None;
                Some(Outcome::Refused)
            }
            _ => None,
        }
    }
}

#[derive(Default)]
pub struct Console {
    out: VecDeque<Vec<u8>>,
    number: u32,
    /// The device's last word was its prompt, so that its line is empty.
    at_prompt: bool,
    /// A command that waits for the prompt, and until when.
    waiting: Option<(Vec<u8>, Instant)>,
    listener: Option<Listener>,
    tail: Vec<u8>,
}

impl Console {
    fn ask(&mut self, endpoint: &str, request: &[u8], now: Instant) -> Result<(), ProtocolError> {
        let command =
            console::command_line(endpoint, self.number, request).ok_or(ProtocolError::Unsupported {
                what: "take this over its serial console: a line holds 255 characters",
            })?;
        self.listener = None;
        self.waiting = Some((command, now + PROMPT));
        if self.at_prompt {
            self.send_waiting();
        } else {
            // Ends whatever half line the device holds. Both in one go would be read as one line.
            self.tail.clear();
            self.out.push_back(b"\r".to_vec());
        }
        Ok(())
    }

    fn send_waiting(&mut self) {
        if let Some((command, _)) = self.waiting.take() {
            self.at_prompt = false;
            self.listener = Some(Listener::for_command(&command));
            self.out.push_back(command);
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Option<Outcome> {
        match &mut self.listener {
            Some(listener) => {
                let outcome = listener.take(bytes)?;
                self.listener = None;
                self.at_prompt = true;
                Some(outcome)
            }
            None => {
                self.tail.extend_from_slice(bytes);
                let spare = self.tail.len().saturating_sub(4);
                self.tail.drain(..spare);
                if console::ends_with_prompt(&self.tail) && self.waiting.is_some() {
                    self.send_waiting();
                }
                None
            }
        }
    }
}
