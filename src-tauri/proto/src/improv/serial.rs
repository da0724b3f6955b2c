//! Improv's frames on a serial line, cut from a stream that the device's log shares. Reference: section 3.
//!
//! A frame is found by its header at any position, never by line ends: a length or data byte may be 0x0A, and a log
//! fragment may stand right before the header.

use super::message::{ErrorCode, Reply, Rpc, State, checksum};

const HEADER: &[u8; 6] = b"IMPROV";
const VERSION: u8 = 1;
/// Header, version, type, length.
const FRONT: usize = 9;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    State,
    Error,
    Rpc,
    Result,
}

impl FrameKind {
    fn from_byte(byte: u8) -> Option<FrameKind> {
        Some(match byte {
            1 => FrameKind::State,
            2 => FrameKind::Error,
            3 => FrameKind::Rpc,
            4 => FrameKind::Result,
            _ => return None,
        })
    }

    fn byte(self) -> u8 {
        match self {
            FrameKind::State => 1,
            FrameKind::Error => 2,
            FrameKind::Rpc => 3,
            FrameKind::Result => 4,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: FrameKind,
    pub data: Vec<u8>,
}

/// What a frame of the device means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    State(State),
    Error(ErrorCode),
    Reply(Reply),
    /// A whole frame whose inside makes no sense, or one that only a client sends.
    Nonsense,
}

impl Frame {
    /// The frame on the wire, with its newline: Tasmota acts on a frame only when the byte after the checksum has come.
    pub fn bytes(&self) -> Vec<u8> {
        let length = u8::try_from(self.data.len()).expect("a frame holds an RPC packet of at most 255 bytes");
        let mut bytes = HEADER.to_vec();
        bytes.extend([VERSION, self.kind.byte(), length]);
        bytes.extend_from_slice(&self.data);
        bytes.push(checksum(&bytes));
        bytes.push(b'\n');
        bytes
    }

    pub fn rpc(rpc: &Rpc) -> Frame {
        Frame { kind: FrameKind::Rpc, data: rpc.bytes() }
    }

    pub fn said(&self) -> Said {
        match (self.kind, self.data.as_slice()) {
            (FrameKind::State, [byte]) => State::from_byte(*byte).map_or(Said::Nonsense, Said::State),
            (FrameKind::Error, [byte]) => Said::Error(ErrorCode::from_byte(*byte)),
            (FrameKind::Result, data) => Reply::read(data).map_or(Said::Nonsense, Said::Reply),
            _ => Said::Nonsense,
        }
    }
}

/// What the scanner cut from the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Frame(Frame),
    /// Bytes between frames: the device's log. Cut anywhere.
    Log(Vec<u8>),
}

/// Finds frames in a byte stream. Keeps at most one frame's worth of bytes (265) between calls.
#[derive(Debug, Default)]
pub struct Scanner {
    kept: Vec<u8>,
}

impl Scanner {
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.kept.extend_from_slice(bytes);
        self.cut()
    }

    /// Whether the beginning of a frame is waiting for its rest.
    pub fn is_waiting(&self) -> bool {
        !self.kept.is_empty()
    }

    /// The rest of what is waiting will not come (a frame cut by a reset): looks for a frame behind its first byte.
    pub fn give_up_waiting(&mut self) -> Vec<Piece> {
        if self.kept.is_empty() {
            return Vec::new();
        }
        let first = self.kept.remove(0);
        let mut pieces = vec![Piece::Log(vec![first])];
        pieces.extend(self.cut());
        pieces
    }

    fn cut(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut log = Vec::new();
        let mut at = 0;
        loop {
            let rest = &self.kept[at..];
            let start = rest.iter().position(|byte| *byte == HEADER[0]).unwrap_or(rest.len());
            log.extend_from_slice(&rest[..start]);
            at += start;
            match look(&self.kept[at..]) {
                Look::Frame(frame, length) => {
                    if !log.is_empty() {
                        pieces.push(Piece::Log(std::mem::take(&mut log)));
                    }
                    pieces.push(Piece::Frame(frame));
                    at += length;
                }
                Look::Not => {
                    log.push(self.kept[at]);
                    at += 1;
                }
                Look::More => break,
            }
        }
        if !log.is_empty() {
            pieces.push(Piece::Log(log));
        }
        self.kept.drain(..at);
        pieces
    }
}

enum Look {
    Frame(Frame, usize),
    Not,
    More,
}

/// Looks at bytes that begin with an `I`, or are empty.
fn look(bytes: &[u8]) -> Look {
    let known = bytes.len().min(HEADER.len());
    if bytes[..known] != HEADER[..known] {
        return Look::Not;
    }
    if bytes.get(6).is_some_and(|version| *version != VERSION) {
        return Look::Not;
    }
    let kind = match bytes.get(7).map(|kind| FrameKind::from_byte(*kind)) {
        Some(Some(kind)) => kind,
        Some(None) => return Look::Not,
        None => return Look::More,
    };
    let Some(length) = bytes.get(8) else { return Look::More };
    let end = FRONT + usize::from(*length);
    let Some(sum) = bytes.get(end) else { return Look::More };
    if checksum(&bytes[..end]) != *sum {
        return Look::Not;
    }
    Look::Frame(Frame { kind, data: bytes[FRONT..end].to_vec() }, end + 1)
}
