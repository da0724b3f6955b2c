//! Espressif provisioning as a machine. Reference: sections 1 and 6.
//!
//! Identify also agrees on the session: a wrong proof of possession is found before the cloud is asked for anything.
//! The token goes before the credentials, since the service ends soon after the device is connected.

use super::console::Outcome;
use super::message::{self, NotTheAnswer, Status, WifiState};
use super::random::Randomness;
use super::security::{Handshake, HandshakeError, Next, Scheme, Session};
use super::srp::{self, XForm};
use super::token::TokenRule;
use super::version::Version;
use super::wire::Wire;
use crate::redact::Redactor;
use crate::{
    Answer, Ask, Delivery, DeviceIdentity, DeviceTrouble, DeviceWord, Dialogue, Exposure, FollowEnd,
    Interface, InterfaceKind, Network, Opened, Packet, ProtocolError, Receipt, Secret, Transmit,
    TroublePhase,
};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// For a first sign of life on a console, which a restart of the chip may delay by up to 3 s.
const PROBE: Duration = Duration::from_millis(1200);
const PROBES: u32 = 4;
/// For an answer that costs the device no radio and no arithmetic, a long write and a long read included.
const SHORT: Duration = Duration::from_secs(8);
/// A microcontroller needs up to 10 s for its two 3072-bit powers.
const KEYS: Duration = Duration::from_secs(20);
/// A blocking scan of all channels takes up to 15 s.
const SCAN: Duration = Duration::from_secs(20);
/// Between two questions for the status; the official tools take 5 s, and each costs one round trip only.
const POLL: Duration = Duration::from_secs(1);
/// After the start: the longest time that the device's own attempts are known to take, with room.
const JOIN: Duration = Duration::from_secs(120);
/// Answers that cannot be used, in a row, until the device is taken to have nothing more to say.
const BAD_POLLS: u32 = 3;
/// "Disconnected" is undefined: it is asked again a few times.
const UNDEFINED_POLLS: u32 = 8;
/// Older firmware limits a value to 256 bytes.
const ENTRIES_AT_A_TIME: u32 = 4;
const MOST_ENTRIES: u32 = 64;
const USUAL_USER: &str = "wifiprov";

/// One Espressif device on one link.
pub struct EspressifDialogue {
    wire: Wire,
    random: Box<dyn Randomness>,
    secret: Option<Secret>,
    user: String,
    token: TokenRule,
    words: VecDeque<DeviceWord>,
    answer: Option<Result<Answer, ProtocolError>>,
    task: Task,
    deadline: Option<Instant>,
    version: Option<Version>,
    session: Option<Session>,
    form: XForm,
    other_form_tried: bool,
    /// The last attempt to join failed: the device takes no other before a reset.
    failed: bool,
    join: Option<Join>,
}

struct Join {
    limit: Instant,
    bad: u32,
    undefined: u32,
    told_work: bool,
    attempts_left: Option<u32>,
}

/// What the question at hand wants, once there is a session.
enum Goal {
    Identify,
    Survey,
    Deliver(Delivery),
    Follow,
}

enum Task {
    Idle,
    Version {
        goal: Goal,
        left: u32,
    },
    Handshake {
        goal: Goal,
        handshake: Handshake,
    },
    ScanStart,
    ScanStatus,
    ScanResult {
        total: u32,
        from: u32,
        networks: Vec<Network>,
    },
    Token {
        delivery: Delivery,
    },
    /// `again`: the device refused to begin, so this is the second try.
    Reset {
        delivery: Delivery,
        again: bool,
    },
    Set {
        delivery: Delivery,
        again: bool,
    },
    Apply {
        delivery: Delivery,
        again: bool,
    },
    Status,
    Pause,
}

impl std::fmt::Debug for EspressifDialogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EspressifDialogue").field("version", &self.version).finish_non_exhaustive()
    }
}

impl EspressifDialogue {
    pub fn new(
        opened: &Opened,
        secret: Option<Secret>,
        user: Option<String>,
        token: TokenRule,
        random: Box<dyn Randomness>,
    ) -> EspressifDialogue {
        EspressifDialogue {
            wire: Wire::for_link(opened),
            random,
            secret: secret.filter(|secret| !secret.is_empty()),
            user: user.filter(|user| !user.is_empty()).unwrap_or_else(|| USUAL_USER.to_owned()),
            token,
            words: VecDeque::new(),
            answer: None,
            task: Task::Idle,
            deadline: None,
            version: None,
            session: None,
            form: XForm::Whole,
            other_form_tried: false,
            failed: false,
            join: None,
        }
    }

    fn finish(&mut self, answer: Result<Answer, ProtocolError>) {
        self.task = Task::Idle;
        self.deadline = None;
        self.answer = Some(answer);
    }

    fn fail(&mut self, error: ProtocolError) {
        self.finish(Err(error));
    }

    /// Ends the session too: nobody knows any more where the device stands in it.
    fn fail_and_forget(&mut self, error: ProtocolError) {
        self.session = None;
        self.wire.give_up();
        self.fail(error);
    }

    // Exchanges.

    fn ask_plain(&mut self, endpoint: &str, request: &[u8], within: Duration, task: Task, now: Instant) {
        match self.wire.ask(endpoint, request, now) {
            Ok(()) => {
                self.task = task;
                self.deadline = Some(now + within);
            }
            Err(error) => self.fail(error),
        }
    }

    fn ask_sealed(&mut self, endpoint: &str, request: &[u8], within: Duration, task: Task, now: Instant) {
        // Nothing may be sealed that cannot be sent: the session would be out of step.
        if self.wire.has(endpoint) == Some(false) {
            return self.fail(ProtocolError::Unsupported { what: "do this: it lacks the endpoint" });
        }
        let Some(session) = &mut self.session else {
            return self.fail(ProtocolError::Malformed { what: "a session that ended in the middle" });
        };
        let sealed = session.seal(request);
        self.ask_plain(endpoint, &sealed, within, task, now);
        if matches!(self.task, Task::Idle) {
            self.session = None;
        }
    }

    // The way to a session.

    fn begin(&mut self, goal: Goal, now: Instant) {
        if self.version.is_none() {
            if self.wire.has("proto-ver") == Some(false) || self.wire.has("prov-session") == Some(false) {
                return self.fail(ProtocolError::NotThisProtocol);
            }
            self.renumber();
            self.ask_version(goal, PROBES - 1, now);
        } else if self.session.is_none() {
            self.shake_hands(goal, now);
        } else {
            self.pursue(goal, now);
        }
    }

    /// Five digits: fresh for each attempt, and short enough to leave the line to the request.
    fn renumber(&mut self) {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        self.wire.renumber(10_000 + u32::from_be_bytes(bytes) % 90_000);
    }

    fn ask_version(&mut self, goal: Goal, left: u32, now: Instant) {
        let within = if self.wire.is_console() { PROBE } else { SHORT };
        // Not an empty request: BLE ignores those.
        self.ask_plain("proto-ver", b"---", within, Task::Version { goal, left }, now);
    }

    fn heard_version(&mut self, goal: Goal, outcome: Outcome, now: Instant) {
        let version = match outcome {
            Outcome::Answer(bytes) => Version::read(&bytes).ok(),
            Outcome::Refused => None,
        };
        let Some(version) = version else { return self.fail(ProtocolError::NotThisProtocol) };
        if version.is_thread_only() {
            return self.fail(ProtocolError::Unsupported { what: "join Wi-Fi: it is for Thread networks" });
        }
        self.version = Some(version);
        self.shake_hands(goal, now);
    }

    /// Refuses with the reason, before a byte of it is sent, what cannot succeed.
    fn scheme(&self) -> Result<Scheme, ProtocolError> {
        let Some(version) = &self.version else { return Err(ProtocolError::NotThisProtocol) };
        match version.scheme() {
            0 => Ok(Scheme::Zero),
            1 => match version.needs_proof() {
                Some(false) => Ok(Scheme::One { proof: None }),
                Some(true) if self.secret.is_none() => Err(ProtocolError::WrongProof),
                Some(true) | None => Ok(Scheme::One { proof: self.secret.clone() }),
            },
            2 if self.wire.is_console() => Err(ProtocolError::Unsupported {
                what: "agree on its security 2 over a serial console: the first message has 406 bytes, a line holds 119",
            }),
            2 => match &self.secret {
                Some(secret) => Ok(Scheme::Two {
                    username: self.user.clone(),
                    password: secret.clone(),
                    form: self.form,
                    counts_nonces: version.counts_nonces(),
                }),
                None => Err(ProtocolError::WrongProof),
            },
            _ => Err(ProtocolError::Unsupported {
                what: "be talked to: its security scheme is not known here",
            }),
        }
    }

    fn shake_hands(&mut self, goal: Goal, now: Instant) {
        let scheme = match self.scheme() {
            Ok(scheme) => scheme,
            Err(error) => return self.fail(error),
        };
        let within = if matches!(scheme, Scheme::Two { .. }) { KEYS } else { SHORT };
        self.renumber();
        let (handshake, request) = Handshake::begin(scheme, self.random.as_mut());
        self.ask_plain("prov-session", &request, within, Task::Handshake { goal, handshake }, now);
    }

    fn heard_handshake(&mut self, goal: Goal, mut handshake: Handshake, outcome: Outcome, now: Instant) {
        let proof_was_out = handshake.proof_is_out();
        let answer = match outcome {
            Outcome::Answer(bytes) if !bytes.is_empty() => bytes,
            Outcome::Answer(_) | Outcome::Refused if proof_was_out => return self.proof_refused(goal, now),
            Outcome::Answer(_) | Outcome::Refused => {
                return self.fail_and_forget(ProtocolError::Refused {
                    what: "to begin a session",
                    said: "no answer to the handshake".to_owned(),
                });
            }
        };
        match handshake.take(&answer) {
            Ok(Next::Send(request)) => {
                self.ask_plain("prov-session", &request, KEYS, Task::Handshake { goal, handshake }, now);
            }
            Ok(Next::Done(session)) => {
                self.session = Some(session);
                self.pursue(goal, now);
            }
            Err(HandshakeError::Refused(_)) if proof_was_out => self.proof_refused(goal, now),
            Err(HandshakeError::Refused(status)) => {
                self.fail_and_forget(ProtocolError::Refused {
                    what: "to begin a session",
                    said: status.to_string(),
                });
            }
            Err(HandshakeError::NotProven) => {
                self.fail_and_forget(ProtocolError::Malformed {
                    what: "a proof that is not that of this device",
                });
            }
            Err(HandshakeError::NotTheAnswer) => {
                self.fail_and_forget(ProtocolError::Malformed { what: "an answer of the handshake" });
            }
        }
    }

    /// One password in 256 has a second form, and which one the device's verifier was made with cannot be known.
    fn proof_refused(&mut self, goal: Goal, now: Instant) {
        let password = self.secret.as_ref().map_or("", |secret| secret.expose());
        let is_two = self.version.as_ref().is_some_and(|version| version.scheme() == 2);
        if is_two && !self.other_form_tried && srp::has_two_forms(&self.user, password) {
            self.other_form_tried = true;
            self.form = XForm::Stripped;
            return self.shake_hands(goal, now);
        }
        self.fail_and_forget(ProtocolError::WrongProof);
    }

    // With a session.

    fn pursue(&mut self, goal: Goal, now: Instant) {
        match goal {
            Goal::Identify => self.tell_identity(),
            Goal::Survey => self.start_scan(now),
            Goal::Deliver(delivery) => self.deliver(delivery, now),
            Goal::Follow => self.poll(now),
        }
    }

    fn tell_identity(&mut self) {
        let Some(version) = &self.version else { return self.fail(ProtocolError::NotThisProtocol) };
        let application = version.told.as_ref().and_then(|told| told.applications.first());
        let medium = if self.wire.is_console() { "console" } else { "ble" };
        let identity = DeviceIdentity {
            firmware_type: application.map(|(label, _)| label.clone()),
            firmware_version: application.and_then(|(_, version)| version.clone()),
            live_status: true,
            interfaces: vec![Interface {
                kind: InterfaceKind::Wifi,
                mac: None,
                can_scan: version.may_scan() && self.wire.has("prov-scan") != Some(false),
                five_ghz: None,
                static_ip: false,
                ready: false,
                ip: None,
            }],
            dialect: Some(format!("espressif-{medium}-sec{}", version.scheme())),
            takes_token: self.wire.has(&self.token.endpoint),
            exposure: Some(self.exposure(version)),
            ..DeviceIdentity::default()
        };
        self.finish(Ok(Answer::Identity(identity)));
    }

    fn exposure(&self, version: &Version) -> Exposure {
        match version.scheme() {
            0 if self.wire.is_console() => Exposure::Cable,
            0 => Exposure::Air,
            // Without a proof the key is agreed on with whoever answers.
            1 if self.secret.is_none() || version.needs_proof() == Some(false) => Exposure::Unproven,
            _ => Exposure::Sealed,
        }
    }

    fn start_scan(&mut self, now: Instant) {
        if !self.version.as_ref().is_some_and(Version::may_scan) || self.wire.has("prov-scan") == Some(false)
        {
            return self.fail(ProtocolError::Unsupported { what: "tell which networks it hears" });
        }
        self.ask_sealed("prov-scan", &message::start_scan(), SCAN, Task::ScanStart, now);
    }

    fn next_entries(&mut self, total: u32, from: u32, networks: Vec<Network>, now: Instant) {
        if from >= total {
            return self.finish(Ok(Answer::Networks(networks)));
        }
        let request = message::get_scan_result(from, ENTRIES_AT_A_TIME.min(total - from));
        self.ask_sealed("prov-scan", &request, SHORT, Task::ScanResult { total, from, networks }, now);
    }

    fn deliver(&mut self, delivery: Delivery, now: Instant) {
        let Some(token) = &delivery.token else { return self.configure(delivery, now) };
        if self.wire.has(&self.token.endpoint) == Some(false) {
            return self
                .fail(ProtocolError::Unsupported { what: "take a token: it lacks the endpoint for it" });
        }
        let request = self.token.request(token, &delivery.host);
        let endpoint = self.token.endpoint.clone();
        self.ask_sealed(&endpoint, &request, SHORT, Task::Token { delivery }, now);
    }

    fn configure(&mut self, delivery: Delivery, now: Instant) {
        if delivery.wifi.is_none() {
            self.begin_to_join(now);
            return self.finish(Ok(Answer::Delivered(Receipt { token_carried: delivery.token.is_some() })));
        }
        if self.failed { self.reset(delivery, false, now) } else { self.set(delivery, false, now) }
    }

    fn reset(&mut self, delivery: Delivery, again: bool, now: Instant) {
        if self.wire.has("prov-ctrl") == Some(false) {
            return self.fail(must_be_reset_by_hand());
        }
        self.ask_sealed("prov-ctrl", &message::reset_wifi(), SHORT, Task::Reset { delivery, again }, now);
    }

    fn set(&mut self, delivery: Delivery, again: bool, now: Instant) {
        let request =
            delivery.wifi.as_ref().map(|wifi| message::set_wifi(&wifi.ssid, wifi.password.expose()));
        let request = request.unwrap_or_default();
        self.ask_sealed("prov-config", &request, SHORT, Task::Set { delivery, again }, now);
    }

    fn begin_to_join(&mut self, now: Instant) {
        self.failed = false;
        self.join =
            Some(Join { limit: now + JOIN, bad: 0, undefined: 0, told_work: false, attempts_left: None });
    }

    fn poll(&mut self, now: Instant) {
        self.ask_sealed("prov-config", &message::get_wifi_status(), SHORT, Task::Status, now);
    }

    fn pause(&mut self, now: Instant) {
        self.task = Task::Pause;
        self.deadline = Some(now + POLL);
    }

    // What is heard with a session.

    fn heard(&mut self, task: Task, outcome: Outcome, now: Instant) {
        let opened = match outcome {
            Outcome::Answer(bytes) => self.session.as_mut().and_then(|session| session.open(&bytes).ok()),
            Outcome::Refused => return self.refused(task, now),
        };
        let Some(plain) = opened else { return self.damaged(task, now) };
        let damaged = match task {
            Task::ScanStart => self.heard_scan_start(&plain, now),
            Task::ScanStatus => self.heard_scan_status(&plain, now),
            Task::ScanResult { total, from, networks } => {
                self.heard_entries(&plain, total, from, networks, now)
            }
            Task::Token { delivery } => {
                self.heard_token(&plain, delivery, now);
                Ok(())
            }
            Task::Reset { delivery, again } => self.heard_reset(&plain, delivery, again, now),
            Task::Set { delivery, again } => self.heard_set(&plain, delivery, again, now),
            Task::Apply { delivery, again } => self.heard_apply(&plain, delivery, again, now),
            Task::Status => match message::wifi_state(&plain) {
                Ok(state) => {
                    self.heard_state(state, now);
                    Ok(())
                }
                Err(_) => {
                    self.bad_poll(now);
                    Ok(())
                }
            },
            Task::Idle | Task::Pause | Task::Version { .. } | Task::Handshake { .. } => Ok(()),
        };
        if damaged.is_err() {
            self.fail_and_forget(ProtocolError::Malformed { what: "the body of an answer" });
        }
    }

    /// The answer could not be opened: only a new session helps.
    fn damaged(&mut self, task: Task, now: Instant) {
        self.session = None;
        match task {
            Task::Status => self.bad_poll(now),
            _ => self.fail_and_forget(ProtocolError::Malformed { what: "the seal of an answer" }),
        }
    }

    fn refused(&mut self, task: Task, now: Instant) {
        self.session = None;
        let what = match task {
            Task::Status => return self.bad_poll(now),
            Task::ScanStart | Task::ScanStatus | Task::ScanResult { .. } => "a scan",
            Task::Token { .. } => "the token",
            Task::Reset { .. } => return self.fail_and_forget(must_be_reset_by_hand()),
            Task::Set { .. } => "the network",
            Task::Apply { .. } => "to begin",
            Task::Idle | Task::Pause | Task::Version { .. } | Task::Handshake { .. } => return,
        };
        self.fail_and_forget(ProtocolError::Refused {
            what,
            said: "no answer from this endpoint".to_owned(),
        });
    }

    fn heard_scan_start(&mut self, plain: &[u8], now: Instant) -> Result<(), NotTheAnswer> {
        match message::scan_started(plain)? {
            Status::SUCCESS => {
                self.ask_sealed("prov-scan", &message::get_scan_status(), SHORT, Task::ScanStatus, now);
            }
            status => self.fail(ProtocolError::Refused { what: "a scan", said: status.to_string() }),
        }
        Ok(())
    }

    fn heard_scan_status(&mut self, plain: &[u8], now: Instant) -> Result<(), NotTheAnswer> {
        let (_, count) = message::scan_status(plain)?;
        self.next_entries(count.min(MOST_ENTRIES), 0, Vec::new(), now);
        Ok(())
    }

    fn heard_entries(
        &mut self,
        plain: &[u8],
        total: u32,
        from: u32,
        mut networks: Vec<Network>,
        now: Instant,
    ) -> Result<(), NotTheAnswer> {
        let (entries, _) = message::scan_result(plain)?;
        networks.extend(entries);
        networks.truncate(MOST_ENTRIES as usize);
        self.next_entries(total, from + ENTRIES_AT_A_TIME, networks, now);
        Ok(())
    }

    fn heard_token(&mut self, plain: &[u8], delivery: Delivery, now: Instant) {
        if self.token.is_success(plain) {
            self.configure(delivery, now);
        } else {
            let mut redactor = Redactor::default();
            delivery.token.iter().for_each(|token| redactor.know(token));
            let said = redactor.clean(&String::from_utf8_lossy(plain));
            self.fail(ProtocolError::Refused { what: "the token", said });
        }
    }

    fn heard_reset(
        &mut self,
        plain: &[u8],
        delivery: Delivery,
        again: bool,
        now: Instant,
    ) -> Result<(), NotTheAnswer> {
        match message::reset_status(plain)? {
            // "Internal error" means that it was not in the failed state, or reset itself already.
            Status::SUCCESS | Status::INTERNAL_ERROR => {
                self.failed = false;
                self.set(delivery, again, now);
            }
            status => self.fail(ProtocolError::Refused { what: "a reset", said: status.to_string() }),
        }
        Ok(())
    }

    fn heard_set(
        &mut self,
        plain: &[u8],
        delivery: Delivery,
        again: bool,
        now: Instant,
    ) -> Result<(), NotTheAnswer> {
        match message::set_status(plain)? {
            Status::SUCCESS => {
                let task = Task::Apply { delivery, again };
                self.ask_sealed("prov-config", &message::apply_wifi(), SHORT, task, now);
            }
            status => self.fail(ProtocolError::Refused { what: "the network", said: status.to_string() }),
        }
        Ok(())
    }

    fn heard_apply(
        &mut self,
        plain: &[u8],
        delivery: Delivery,
        again: bool,
        now: Instant,
    ) -> Result<(), NotTheAnswer> {
        match message::apply_status(plain)? {
            Status::SUCCESS => {
                self.begin_to_join(now);
                self.finish(Ok(Answer::Delivered(Receipt { token_carried: delivery.token.is_some() })));
            }
            // It holds credentials of an earlier attempt in this run.
            Status::INTERNAL_ERROR if !again => self.reset(delivery, true, now),
            Status::INTERNAL_ERROR => self.fail(must_be_reset_by_hand()),
            status => self.fail(ProtocolError::Refused { what: "to begin", said: status.to_string() }),
        }
        Ok(())
    }

    fn heard_state(&mut self, state: WifiState, now: Instant) {
        let Some(join) = &mut self.join else { return self.finish(Ok(Answer::Followed(FollowEnd::Quiet))) };
        join.bad = 0;
        match state {
            // The link goes within a second of this: nothing may be asked of the device any more.
            WifiState::Connected { ip } => {
                self.join = None;
                self.words.push_back(DeviceWord::NetworkUp {
                    interface: Some("wifi".to_owned()),
                    ip,
                    rssi: None,
                });
                self.finish(Ok(Answer::Followed(FollowEnd::Connected)));
            }
            WifiState::Connecting { attempts_remaining } => {
                join.undefined = 0;
                if !join.told_work {
                    join.told_work = true;
                    self.words.push_back(DeviceWord::ConnectingNetwork);
                }
                if let Some(left) = attempts_remaining.filter(|left| join.attempts_left != Some(*left)) {
                    join.attempts_left = Some(left);
                    let text = format!("an attempt failed, {left} remain");
                    self.words.push_back(DeviceWord::Said { text });
                }
                self.go_on_following(now);
            }
            WifiState::Disconnected => {
                join.undefined += 1;
                if join.undefined >= UNDEFINED_POLLS {
                    self.join = None;
                    self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
                } else {
                    self.go_on_following(now);
                }
            }
            WifiState::WrongPassword => {
                self.failed_to_join(Some(722), "wrong password or a failed handshake")
            }
            WifiState::NotFound => self.failed_to_join(Some(720), "network not found"),
            WifiState::Failed(reason) => self.failed_to_join(None, &format!("failed for reason {reason}")),
        }
    }

    fn failed_to_join(&mut self, code: Option<u16>, said: &str) {
        self.failed = true;
        self.join = None;
        let trouble = DeviceTrouble { code, phase: TroublePhase::Network, said: said.to_owned() };
        let again = self.wire.has("prov-ctrl") != Some(false);
        self.finish(Ok(Answer::Followed(FollowEnd::Failed { trouble, again })));
    }

    fn go_on_following(&mut self, now: Instant) {
        if self.join.as_ref().is_some_and(|join| now < join.limit) {
            self.pause(now);
        } else {
            self.join = None;
            self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
        }
    }

    fn bad_poll(&mut self, now: Instant) {
        self.wire.give_up();
        let Some(join) = &mut self.join else { return self.finish(Ok(Answer::Followed(FollowEnd::Quiet))) };
        join.bad += 1;
        if join.bad >= BAD_POLLS {
            self.join = None;
            self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
        } else {
            self.go_on_following(now);
        }
    }

    fn out_of_time(&mut self, now: Instant) {
        match std::mem::replace(&mut self.task, Task::Idle) {
            Task::Idle => self.deadline = None,
            Task::Version { goal, left } => {
                self.wire.give_up();
                if left == 0 {
                    self.fail(ProtocolError::NotThisProtocol);
                } else {
                    self.ask_version(goal, left - 1, now);
                }
            }
            Task::Handshake { goal: Goal::Follow, .. } | Task::Status => {
                self.session = None;
                self.bad_poll(now);
            }
            Task::Handshake { .. } => self.fail_and_forget(ProtocolError::Silent { to: "the handshake" }),
            Task::ScanStart | Task::ScanStatus | Task::ScanResult { .. } => {
                self.fail_and_forget(ProtocolError::Silent { to: "the scan" });
            }
            Task::Token { .. } => self.fail_and_forget(ProtocolError::Silent { to: "the token" }),
            Task::Reset { .. } => self.fail_and_forget(ProtocolError::Silent { to: "the reset" }),
            Task::Set { .. } => self.fail_and_forget(ProtocolError::Silent { to: "the network" }),
            Task::Apply { delivery, .. } => self.begun_unheard(&delivery, now),
            Task::Pause => self.begin(Goal::Follow, now),
        }
    }

    /// "Begin" went out and its answer did not come: it may have begun, which the status and the cloud can tell.
    fn begun_unheard(&mut self, delivery: &Delivery, now: Instant) {
        self.session = None;
        self.wire.give_up();
        self.begin_to_join(now);
        self.finish(Ok(Answer::Delivered(Receipt { token_carried: delivery.token.is_some() })));
    }
}

fn must_be_reset_by_hand() -> ProtocolError {
    ProtocolError::Refused {
        what: "another network",
        said: "it keeps the one of an earlier attempt: restart it or reset it by hand".to_owned(),
    }
}

impl Dialogue for EspressifDialogue {
    fn ask(&mut self, ask: Ask, now: Instant) {
        self.answer = None;
        match ask {
            Ask::Identify => self.begin(Goal::Identify, now),
            Ask::Survey => self.begin(Goal::Survey, now),
            Ask::Deliver(delivery) => self.begin(Goal::Deliver(delivery), now),
            // The device begins to connect a second after it was told to.
            Ask::Follow if self.join.is_some() => self.pause(now),
            Ask::Follow => self.finish(Ok(Answer::Followed(FollowEnd::Quiet))),
            Ask::Blink => self.fail(ProtocolError::Unsupported { what: "make itself known" }),
        }
    }

    fn handle_packet(&mut self, packet: Packet, now: Instant) {
        let Some(outcome) = self.wire.take(packet) else { return };
        match std::mem::replace(&mut self.task, Task::Idle) {
            Task::Version { goal, .. } => self.heard_version(goal, outcome, now),
            Task::Handshake { goal, handshake } => self.heard_handshake(goal, handshake, outcome, now),
            task => self.heard(task, outcome, now),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.wire.wake(now);
        if self.deadline.is_some_and(|at| at <= now) {
            self.out_of_time(now);
        }
    }

    /// Some devices hang up on a wrong proof; and a device that was told to begin may go and do so.
    fn handle_lost(&mut self, now: Instant) {
        match std::mem::replace(&mut self.task, Task::Idle) {
            Task::Handshake { handshake, .. } if handshake.proof_is_out() => {
                self.fail_and_forget(ProtocolError::WrongProof);
            }
            Task::Apply { delivery, .. } => self.begun_unheard(&delivery, now),
            _ => {}
        }
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.wire.transmit()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self.task {
            Task::Idle => None,
            _ => [self.deadline, self.wire.deadline()].into_iter().flatten().min(),
        }
    }

    fn poll_word(&mut self) -> Option<DeviceWord> {
        self.words.pop_front()
    }

    fn poll_answer(&mut self) -> Option<Result<Answer, ProtocolError>> {
        self.answer.take()
    }
}
