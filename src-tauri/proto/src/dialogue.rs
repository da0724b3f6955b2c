//! The contract of every protocol: a machine that takes questions, packets and time, and gives packets and answers.
//!
//! At most one question is open, since devices take one at a time. Whoever drives it (`link/contact.rs`) sends what
//! `poll_transmit` gives, feeds what arrives, wakes it at `poll_timeout`, and drains `poll_word` and `poll_answer`.

use crate::{Delivery, DeviceIdentity, DeviceTrouble, DeviceWord, Network};
use std::time::Instant;
use uuid::Uuid;

/// A question to a device.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Who are you? Answered by [`Answer::Identity`]. Changes nothing on the device; also tells whether it speaks this
    /// protocol at all ([`ProtocolError::NotThisProtocol`]).
    Identify,
    /// Which networks do you hear? Answered by [`Answer::Networks`], or refused with [`ProtocolError::Unsupported`].
    Survey,
    /// Take this and connect. Answered by [`Answer::Delivered`] as soon as the device has it all and begins.
    Deliver(Delivery),
    /// How is it going? Answered by [`Answer::Followed`] when the device has no more to say; words arrive meanwhile.
    Follow,
    /// Make yourself known to a person (blink), where the protocol can. Answered by [`Answer::Done`].
    Blink,
}

#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one answer lives at a time, and only until it is taken apart")]
pub enum Answer {
    Identity(DeviceIdentity),
    Networks(Vec<Network>),
    Delivered(Receipt),
    Followed(FollowEnd),
    Done,
}

/// What the device acknowledged of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The token went over in a way that the device confirmed, or that the protocol never confirms.
    pub token_carried: bool,
}

/// How the device's own account of joining ended.
#[derive(Debug, Clone, PartialEq)]
pub enum FollowEnd {
    /// It says that it is connected to its cloud, or to its network where it knows no more. The cloud decides.
    Connected,
    /// It says that it failed, and takes a new delivery on the same link if `again` holds.
    Failed { trouble: DeviceTrouble, again: bool },
    /// It has nothing to report, in this dialect or any more. The cloud decides.
    Quiet,
}

/// What goes to the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transmit {
    /// Bytes of a stream (serial).
    Bytes(Vec<u8>),
    /// One value to one characteristic, with response.
    Write { channel: Uuid, bytes: Vec<u8> },
    /// Read one characteristic; answered by [`Packet::Value`].
    Read { channel: Uuid },
}

/// What comes from the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// Bytes of a stream, cut anywhere.
    Bytes(Vec<u8>),
    /// A notification or indication.
    Notified { channel: Uuid, bytes: Vec<u8> },
    /// The answer to a [`Transmit::Read`].
    Value { channel: Uuid, bytes: Vec<u8> },
    /// A write was confirmed by the device.
    Written { channel: Uuid },
    /// A write or read was refused; the ATT error code where the system tells it.
    Refused { channel: Uuid, att_error: Option<u8> },
}

/// What is known when a link has opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opened {
    /// Largest ATT payload (MTU) of a BLE link; 0 on a stream.
    pub mtu: u16,
    /// Characteristics of a BLE device with their user descriptions (0x2901) where the wiring asked for them.
    pub channels: Vec<Channel>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    pub service: Uuid,
    pub characteristic: Uuid,
    pub description: Option<String>,
}

pub trait Dialogue: Send {
    /// Opens a question. The one before it must be answered.
    fn ask(&mut self, ask: Ask, now: Instant);
    fn handle_packet(&mut self, packet: Packet, now: Instant);
    fn handle_timeout(&mut self, now: Instant);
    /// The link is gone while a question is open. A protocol that knows what this means (a device that hangs up on a
    /// wrong password, or one that has said all it had to say) gives its answer now; for all others the loss stands.
    fn handle_lost(&mut self, _now: Instant) {}
    fn poll_transmit(&mut self) -> Option<Transmit>;
    /// When to call `handle_timeout` next; every open question has one.
    fn poll_timeout(&self) -> Option<Instant>;
    /// Progress in the device's words; may be ignored.
    fn poll_word(&mut self) -> Option<DeviceWord>;
    fn poll_answer(&mut self) -> Option<Result<Answer, ProtocolError>>;
}

/// A device did not do what its protocol says, or said no.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProtocolError {
    #[error("no sign of this protocol")]
    NotThisProtocol,
    /// Nothing came within the time that the protocol grants.
    #[error("no answer to {to} in time")]
    Silent { to: &'static str },
    /// The device refused a command; `said` is what it gave as the reason.
    #[error("the device refused {what}: {said}")]
    Refused { what: &'static str, said: String },
    /// The device reported trouble while a question was open that is not [`Ask::Follow`].
    #[error("the device reported: {}", .0.said)]
    Trouble(DeviceTrouble),
    #[error("the device sent what cannot be read: {what}")]
    Malformed { what: &'static str },
    #[error("this device cannot {what}")]
    Unsupported { what: &'static str },
    /// A person has to allow it on the device first, and did not in time.
    #[error("nobody allowed it on the device in time")]
    NotAuthorized,
    /// The proof of possession was refused.
    #[error("the device refused the proof of possession")]
    WrongProof,
}
