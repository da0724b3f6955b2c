//! The conversation over `blynk-inject`: one tolerant machine for all four dialects (sections 3.4 to 3.9).
//!
//! Device events after `connect` are progress and diagnosis; only the cloud decides success. Not here: the link that
//! drops after `connecting`, which is normal in some dialects and is `link`'s to tell and `engine`'s to judge.

use super::driver::{RX, SAFE_WRITE, TX};
use super::message::{self, Announces, Message, Status};
use crate::blynk::{Redactor, codes, networks::strongest_first};
use crate::{
    Answer, Ask, Delivery, DeviceIdentity, DeviceTrouble, DeviceWord, Dialogue, Exposure, FollowEnd,
    Interface, InterfaceKind, MediumKind, Network, Opened, Packet, ProtocolError, Receipt, Transmit,
    TroublePhase,
};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The token alone needs this. A link that claims less has not told its MTU, or could not read the device either.
const LEAST_WRITE: usize = 60;

// Section 3.7: what the client should grant; the device's own limits are shorter.
const ANSWER: Duration = Duration::from_secs(5);
const SCAN: Duration = Duration::from_secs(35);
/// Without any event in one phase; the device gives each phase 50 s.
const PHASE_SILENCE: Duration = Duration::from_secs(60);
/// From `connecting` to the end of waiting for the device's own words.
const WHOLE_ATTEMPT: Duration = Duration::from_secs(130);

/// The question that is open.
enum Open {
    Nothing,
    Info { until: Instant },
    Interfaces { until: Instant, begun: bool, probe: Probe },
    Scan { until: Instant, begun: bool, networks: Vec<Network> },
    Set { until: Instant, rest: VecDeque<Vec<u8>> },
    Connect { until: Instant },
    Follow { info_until: Option<Instant> },
}

/// ESP-IDF and Particle describe themselves alike; the one is silent on an unknown command, the other refuses it
/// (section 3.4). Since commands are handled in order, a refusal comes before `ifs_start` or never.
#[derive(Clone, Copy, PartialEq)]
enum Probe {
    NotSent,
    Sent,
    Refused,
}

/// What happened since `connect`, kept from one question to the next.
struct Attempt {
    began: Instant,
    last_event: Instant,
    end: Option<FollowEnd>,
    /// How often `last_error` was looked at.
    looks: u8,
}

pub(super) struct InjectDialogue {
    /// Bytes of one write.
    most: usize,
    has_channel: bool,
    open: Open,
    outbox: VecDeque<Vec<u8>>,
    /// A write is on its way; the next one waits until it is confirmed or answered.
    writing: bool,
    identity: DeviceIdentity,
    announces: Announces,
    attempt: Option<Attempt>,
    words: VecDeque<DeviceWord>,
    answer: Option<Result<Answer, ProtocolError>>,
    redactor: Redactor,
}

impl InjectDialogue {
    pub fn new(opened: &Opened) -> InjectDialogue {
        let payload = usize::from(opened.mtu).saturating_sub(3);
        InjectDialogue {
            most: if payload < LEAST_WRITE { SAFE_WRITE } else { payload.min(SAFE_WRITE) },
            has_channel: opened.channels.is_empty()
                || opened.channels.iter().any(|channel| channel.characteristic == RX),
            open: Open::Nothing,
            outbox: VecDeque::new(),
            writing: false,
            identity: DeviceIdentity::default(),
            announces: Announces::default(),
            attempt: None,
            words: VecDeque::new(),
            answer: None,
            redactor: Redactor::default(),
        }
    }

    fn finish(&mut self, answer: Result<Answer, ProtocolError>) {
        self.open = Open::Nothing;
        self.outbox.clear();
        self.answer = Some(answer);
    }

    fn say(&mut self, t: &'static str) {
        self.outbox.push_back(message::command(t));
    }

    fn begin_delivery(&mut self, delivery: &Delivery, now: Instant) {
        let Some(token) = &delivery.token else {
            return self.finish(Err(ProtocolError::Unsupported { what: "connect without a token" }));
        };
        self.redactor.know(token);
        if let Some(wifi) = &delivery.wifi {
            self.redactor.know(&wifi.password);
        }
        self.attempt = None;
        let interface = match &delivery.wifi {
            Some(_) => "wifi",
            None => self.wired_interface(),
        };
        let mut rest: VecDeque<_> = message::sets(delivery, interface, self.most).into();
        self.outbox.extend(rest.pop_front());
        self.open = Open::Set { until: now + ANSWER, rest };
    }

    /// The interface of a device that needs no network: what is ready first, then what there is. Linux devices
    /// call theirs `eth` whatever it is (section 3.4).
    fn wired_interface(&self) -> &'static str {
        let has = |kind: InterfaceKind, ready: bool| {
            self.identity.interfaces.iter().any(|it| it.kind == kind && (it.ready || !ready))
        };
        let (eth, cell) = (InterfaceKind::Ethernet, InterfaceKind::Cellular);
        if !has(eth, true) && (has(cell, true) || (has(cell, false) && !has(eth, false))) {
            "cell"
        } else {
            "eth"
        }
    }

    fn handle_message(&mut self, message: Message, now: Instant) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => self.note(message, now),
            Open::Info { until } => match message {
                Message::Info { identity, announces } => self.begin_interfaces(*identity, announces, now),
                Message::Error { said } => self.refuse("info", said),
                _ => self.open = Open::Info { until },
            },
            Open::Interfaces { until, begun, probe } => match message {
                Message::IfsStart => self.open = Open::Interfaces { until, begun: true, probe },
                Message::Interface { interface, has_status } => {
                    self.take_interface(interface, has_status);
                    self.open = Open::Interfaces { until, begun: true, probe };
                }
                Message::Error { .. } if probe == Probe::Sent && !begun => {
                    self.open = Open::Interfaces { until, begun, probe: Probe::Refused };
                }
                Message::IfsEnd | Message::Error { .. } => self.finish_identity(probe),
                _ => self.open = Open::Interfaces { until, begun, probe },
            },
            Open::Scan { until, mut begun, mut networks } => {
                match message {
                    Message::ScanStart => begun = true,
                    Message::Scan(network) => networks.extend(network),
                    Message::ScanEnd => return self.finish(Ok(Answer::Networks(strongest_first(networks)))),
                    Message::Error { .. } => {
                        return self.finish(Err(ProtocolError::Unsupported { what: "scan for networks" }));
                    }
                    // Cut or not escaped: that entry is lost, the others are not.
                    _ => {}
                }
                self.open = Open::Scan { until, begun, networks };
            }
            Open::Set { until, mut rest } => match message {
                Message::SetOk => {
                    match rest.pop_front() {
                        Some(next) => {
                            self.outbox.push_back(next);
                            self.open = Open::Set { until: now + ANSWER, rest };
                        }
                        None => {
                            self.say("connect");
                            self.open = Open::Connect { until: now + ANSWER };
                        }
                    };
                }
                Message::SetFail { said } => {
                    self.refuse("set", if said.is_empty() { "set_fail".to_owned() } else { said });
                }
                Message::Error { said } => self.refuse("set", said),
                _ => self.open = Open::Set { until, rest },
            },
            Open::Connect { until } => match message {
                Message::Connecting => self.begin_attempt(now),
                // Its `connecting` got lost, but it is plainly at it.
                Message::Status { .. } | Message::NetStatus { .. } => {
                    self.begin_attempt(now);
                    self.note(message, now);
                }
                Message::ConnectFail { .. } | Message::NetFail { .. } | Message::CloudFail { .. } => {
                    if let Some(trouble) = self.trouble_in(&message) {
                        self.finish(Err(ProtocolError::Trouble(trouble)));
                    }
                }
                Message::Error { said } => self.refuse("connect", said),
                _ => self.open = Open::Connect { until },
            },
            Open::Follow { info_until } => {
                if let (Message::Info { identity, .. }, Some(_)) = (&message, info_until) {
                    return self.look_at_last_error(identity.last_error.unwrap_or(0), now);
                }
                self.open = Open::Follow { info_until };
                self.note(message, now);
                self.end_follow_if_over();
            }
        }
    }

    fn refuse(&mut self, what: &'static str, said: String) {
        let said = self.redactor.clean(&said);
        self.finish(Err(ProtocolError::Refused { what, said }));
    }

    fn begin_interfaces(&mut self, identity: DeviceIdentity, announces: Announces, now: Instant) {
        self.identity = identity;
        self.announces = announces;
        let unclear = announces.last_error && !announces.caps && !announces.uid;
        let probe = if unclear {
            self.say("noop");
            Probe::Sent
        } else {
            Probe::NotSent
        };
        self.say("ifs");
        self.open = Open::Interfaces { until: now + ANSWER, begun: false, probe };
    }

    fn take_interface(&mut self, interface: Interface, has_status: bool) {
        // Only ESP-IDF leaves the status of Ethernet out.
        if interface.kind == InterfaceKind::Ethernet && !has_status && self.announces.last_error {
            self.identity.dialect = Some("edgent-idf".to_owned());
        }
        self.identity.interfaces.push(interface);
    }

    fn finish_identity(&mut self, probe: Probe) {
        let of = |kind: InterfaceKind| {
            self.identity.interfaces.iter().find(|it| it.kind == kind).and_then(|it| it.mac.clone())
        };
        self.identity.mac = of(InterfaceKind::Wifi).or_else(|| of(InterfaceKind::Ethernet));
        let guess = if self.announces.caps || self.announces.uid {
            "edgent-arduino"
        } else if !self.announces.last_error {
            "linux"
        } else if probe == Probe::Refused {
            "particle"
        } else {
            "edgent-idf"
        };
        self.identity.dialect.get_or_insert_with(|| guess.to_owned());
        self.identity.exposure = Some(Exposure::in_clear(MediumKind::Ble));
        self.finish(Ok(Answer::Identity(self.identity.clone())));
    }

    fn begin_attempt(&mut self, now: Instant) {
        self.attempt = Some(Attempt { began: now, last_event: now, end: None, looks: 0 });
        self.finish(Ok(Answer::Delivered(Receipt { token_carried: true })));
    }

    /// Takes an event of the running attempt, whether or not anybody follows yet. Events outside of an attempt are
    /// another app's (section 11, 12).
    fn note(&mut self, message: Message, now: Instant) {
        let trouble = self.trouble_in(&message);
        let Some(attempt) = self.attempt.as_mut().filter(|attempt| attempt.end.is_none()) else { return };
        if let Some(trouble) = trouble {
            attempt.end = Some(FollowEnd::Failed { trouble, again: true });
            return;
        }
        let word = match message {
            Message::Status { status } => match status {
                Status::ConnectingNet => DeviceWord::ConnectingNetwork,
                Status::ConnectingCloud => DeviceWord::ConnectingCloud,
                Status::Connected => {
                    attempt.end = Some(FollowEnd::Connected);
                    DeviceWord::Connected
                }
                Status::Other(text) => DeviceWord::Said { text: self.redactor.clean(&text) },
            },
            // One comes for each interface, also for those that idle.
            Message::NetStatus { interface, state, ip, rssi } if ip.is_some() || state == "CONNECTED" => {
                DeviceWord::NetworkUp {
                    interface: Some(self.redactor.clean(&interface)).filter(|text| !text.is_empty()),
                    ip: ip.map(|ip| self.redactor.clean(&ip)),
                    rssi: rssi.filter(|rssi| *rssi < 0),
                }
            }
            Message::NetStatus { .. } => {
                attempt.last_event = now;
                return;
            }
            Message::Error { said } => DeviceWord::Said { text: self.redactor.clean(&said) },
            _ => return,
        };
        attempt.last_event = now;
        self.words.push_back(word);
    }

    fn trouble_in(&self, message: &Message) -> Option<DeviceTrouble> {
        let (phase, reason, said) = match message {
            Message::ConnectFail { said } => (TroublePhase::Configuration, "connect_fail", said),
            Message::NetFail { reason, said } => (TroublePhase::Network, reason.as_str(), said),
            Message::CloudFail { reason, said } => (TroublePhase::Cloud, reason.as_str(), said),
            _ => return None,
        };
        let said = if said.is_empty() { reason.to_owned() } else { format!("{reason}: {said}") };
        Some(DeviceTrouble { code: codes::code_of(phase, reason), phase, said: self.redactor.clean(&said) })
    }

    fn end_follow_if_over(&mut self) {
        if let Some(end) = self.attempt.as_mut().and_then(|attempt| attempt.end.take()) {
            self.attempt = None;
            self.finish(Ok(Answer::Followed(end)));
        }
    }

    /// Dialects without events keep the reason for `info` (section 3.6). The value may be an older attempt's until
    /// the device's own time is surely over, so at the first look only a change counts.
    fn look_at_last_error(&mut self, code: u16, now: Instant) {
        let before = self.identity.last_error.unwrap_or(0);
        let Some(attempt) = &mut self.attempt else {
            return self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
        };
        if code != 0 && (code != before || attempt.looks > 1) {
            attempt.end = Some(FollowEnd::Failed { trouble: codes::trouble_of(code), again: true });
        }
        attempt.last_event = now;
        self.open = Open::Follow { info_until: None };
        self.end_follow_if_over();
    }

    fn follow_timed_out(&mut self, info_until: Option<Instant>, now: Instant) {
        let Some(attempt) = &mut self.attempt else {
            return self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
        };
        let over = now >= attempt.began + WHOLE_ATTEMPT || info_until.is_some_and(|until| now >= until);
        let silent = now >= attempt.last_event + PHASE_SILENCE;
        let keeps_last_error = self.announces.last_error && !self.announces.caps;
        if over || (silent && !keeps_last_error) {
            self.attempt = None;
            self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
        } else if silent && info_until.is_none() {
            attempt.looks += 1;
            self.say("info");
            self.open = Open::Follow { info_until: Some(now + ANSWER) };
        } else {
            self.open = Open::Follow { info_until };
        }
    }
}

impl Dialogue for InjectDialogue {
    fn ask(&mut self, ask: Ask, now: Instant) {
        self.answer = None;
        self.outbox.clear();
        self.writing = false;
        if !self.has_channel {
            return self.finish(Err(ProtocolError::NotThisProtocol));
        }
        match ask {
            Ask::Identify => {
                self.say("info");
                self.open = Open::Info { until: now + ANSWER };
            }
            Ask::Survey => {
                self.say("scan");
                self.open = Open::Scan { until: now + SCAN, begun: false, networks: Vec::new() };
            }
            Ask::Deliver(delivery) => self.begin_delivery(&delivery, now),
            Ask::Follow => {
                self.open = Open::Follow { info_until: None };
                self.end_follow_if_over();
                if matches!(self.open, Open::Follow { .. }) && self.attempt.is_none() {
                    self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
                }
            }
            Ask::Blink => self.finish(Err(ProtocolError::Unsupported { what: "blink" })),
        }
    }

    fn handle_packet(&mut self, packet: Packet, now: Instant) {
        match packet {
            Packet::Written { channel } if channel == RX => self.writing = false,
            Packet::Notified { channel, bytes } | Packet::Value { channel, bytes } if channel == TX => {
                self.writing = false;
                self.handle_message(message::decode(&bytes), now);
            }
            Packet::Refused { channel, att_error } if channel == RX => {
                self.writing = false;
                let what = match self.open {
                    Open::Nothing | Open::Follow { .. } => return,
                    Open::Info { .. } => "info",
                    Open::Interfaces { probe, .. } => return self.finish_identity(probe),
                    Open::Scan { .. } => "scan",
                    Open::Set { .. } => "set",
                    Open::Connect { .. } => "connect",
                };
                let said = match att_error {
                    Some(code) => format!("ATT error 0x{code:02x}"),
                    None => "the write was not accepted".to_owned(),
                };
                self.finish(Err(ProtocolError::Refused { what, said }));
            }
            _ => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|until| now < until) {
            return;
        }
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => {}
            Open::Info { .. } => self.finish(Err(ProtocolError::Silent { to: "info" })),
            Open::Interfaces { probe, .. } => self.finish_identity(probe),
            Open::Scan { begun, networks, .. } => self.finish(if networks.is_empty() && !begun {
                Err(ProtocolError::Silent { to: "scan" })
            } else {
                Ok(Answer::Networks(strongest_first(networks)))
            }),
            Open::Set { .. } => self.finish(Err(ProtocolError::Silent { to: "set" })),
            Open::Connect { .. } => self.finish(Err(ProtocolError::Silent { to: "connect" })),
            Open::Follow { info_until } => self.follow_timed_out(info_until, now),
        }
    }

    /// After `connecting` a link that closes is the normal course in some dialects, and never a failure by itself
    /// (section 3.6). Before that, nobody knows how far the device got, so the loss stands.
    fn handle_lost(&mut self, _now: Instant) {
        if matches!(self.open, Open::Follow { .. }) {
            let end = self.attempt.take().and_then(|attempt| attempt.end).unwrap_or(FollowEnd::Quiet);
            self.finish(Ok(Answer::Followed(end)));
        }
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        if self.writing {
            return None;
        }
        let bytes = self.outbox.pop_front()?;
        self.writing = true;
        Some(Transmit::Write { channel: RX, bytes })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.open {
            Open::Nothing => None,
            Open::Info { until }
            | Open::Interfaces { until, .. }
            | Open::Scan { until, .. }
            | Open::Set { until, .. }
            | Open::Connect { until } => Some(*until),
            Open::Follow { info_until } => {
                let attempt = self.attempt.as_ref()?;
                let end = (attempt.last_event + PHASE_SILENCE).min(attempt.began + WHOLE_ATTEMPT);
                Some(info_until.unwrap_or(end))
            }
        }
    }

    fn poll_word(&mut self) -> Option<DeviceWord> {
        self.words.pop_front()
    }

    fn poll_answer(&mut self) -> Option<Result<Answer, ProtocolError>> {
        self.answer.take()
    }
}
