//! Improv as a machine: who are you, what do you hear, take this network, how is it going. Reference: sections 2 to 4.
//!
//! Not here: bytes (`message.rs`, `serial.rs`, `ble.rs`) and the difference between the media (`wire.rs`).

use super::carrier::Carrier;
use super::message::{self, ErrorCode, Reply, Rpc, State, command};
use super::wire::{Heard, Wire};
use crate::{
    Answer, Ask, Delivery, DeviceIdentity, DeviceTrouble, DeviceWord, Dialogue, Exposure, FollowEnd,
    Interface, InterfaceKind, Network, Opened, Packet, ProtocolError, Receipt, Transmit, TroublePhase,
};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Between two requests for the state while looking for a sign of Improv.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// Opening the port may have restarted the chip, whose boot takes 0.3 to 3 s before it hears anything.
const PROBES: u32 = 4;
/// For an answer that needs no radio.
const SHORT: Duration = Duration::from_secs(3);
/// The reads at the beginning of a BLE link, which a slow phone-like stack may stretch.
const OPENING: Duration = Duration::from_secs(10);
/// A scan blocks some firmware for seconds.
const SCAN: Duration = Duration::from_secs(20);
/// Without a sign after the credentials for so long, the state is asked: a lost command is sent again.
const NO_SIGN: Duration = Duration::from_secs(3);
/// The device's own Wi-Fi timer is 30 s in all known firmware; the host waits clearly longer.
const JOIN: Duration = Duration::from_secs(60);
/// State and result come in either order; the second within about a second.
const OTHER_HALF: Duration = Duration::from_secs(1);
/// WLED reports an error and goes on trying, so a success may follow one.
const AFTER_ERROR: Duration = Duration::from_secs(8);
/// A restarted device says nothing by itself: the state is asked so often.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// For a person to press the button. The standard suggests that the permission lasts a minute.
const PERSON: Duration = Duration::from_secs(120);
/// A device that floods scan records must not fill our memory.
const MOST_NETWORKS: usize = 512;

/// One Improv device on one link.
pub struct ImprovDialogue {
    wire: Wire,
    carrier: Carrier,
    words: VecDeque<DeviceWord>,
    answer: Option<Result<Answer, ProtocolError>>,
    task: Task,
    deadline: Option<Instant>,
    /// The last state that the device reported.
    state: Option<State>,
    /// The device answered at all.
    met: bool,
    opening: bool,
    url: Option<String>,
    info: Option<Reply>,
    /// The question that waits for the BLE opening, for a person, or for a mark after a time-out.
    next: Option<Next>,
    /// A command timed out: its answer may still come and must not be charged to the next command.
    muddled: bool,
    join: Option<Join>,
}

impl std::fmt::Debug for ImprovDialogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImprovDialogue")
            .field("carrier", &self.carrier)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What is being waited for.
enum Task {
    Idle,
    /// The reads at the beginning of a BLE link.
    Opening,
    /// For a first sign of Improv on a serial line.
    Probe {
        left: u32,
    },
    Info {
        again: bool,
    },
    Scan {
        networks: Vec<Network>,
        again: bool,
    },
    Mark,
    Person,
    Vendor {
        id: u8,
        delivery: Delivery,
        again: bool,
    },
    /// The settings are on their way; a first sign of the device's work is awaited.
    Settings {
        delivery: Delivery,
        again: bool,
        asked_state: bool,
    },
    Follow,
    Blink,
}

/// What comes after a wait that several questions share.
enum Next {
    Identify,
    Survey,
    Blink,
    Deliver(Delivery),
    /// The token is with the device already.
    Settings(Delivery),
}

/// One attempt to join a network, from the sending of the settings on.
struct Join {
    limit: Instant,
    /// It was provisioned before, so that state 4 alone proves nothing.
    was_provisioned: bool,
    /// An earlier attempt ended without a word, so that an early error may be its.
    after_unresolved: bool,
    saw_work: bool,
    state_done: bool,
    result: bool,
    /// When both halves of a success, or the rest of a failure, must be there.
    settle: Option<Instant>,
    error: bool,
    gave_up: bool,
    ask_state_at: Instant,
    /// The command is with the device as a whole.
    sent: bool,
    token_carried: bool,
    told_work: bool,
    told_up: bool,
}

impl ImprovDialogue {
    pub fn new(opened: &Opened, carrier: Carrier) -> ImprovDialogue {
        let wire = Wire::for_link(opened);
        let opening = wire.is_opening();
        ImprovDialogue {
            wire,
            carrier,
            words: VecDeque::new(),
            answer: None,
            task: Task::Idle,
            deadline: None,
            state: None,
            met: false,
            opening,
            url: None,
            info: None,
            next: None,
            muddled: false,
            join: None,
        }
    }

    fn finish(&mut self, answer: Result<Answer, ProtocolError>) {
        self.task = Task::Idle;
        self.deadline = None;
        self.next = None;
        self.answer = Some(answer);
    }

    fn fail(&mut self, error: ProtocolError) {
        self.finish(Err(error));
    }

    fn wait(&mut self, task: Task, until: Instant) {
        self.task = task;
        self.deadline = Some(until);
    }

    // Beginnings.

    fn begin(&mut self, next: Next, now: Instant) {
        if self.opening {
            self.next = Some(next);
            self.wait(Task::Opening, now + OPENING);
            return;
        }
        if !self.wire.is_serial() && self.state.is_none() {
            return self.fail(ProtocolError::NotThisProtocol);
        }
        if self.muddled {
            self.muddled = false;
            self.next = Some(next);
            self.wire.ask_for_a_mark();
            self.wait(Task::Mark, now + SHORT);
            return;
        }
        let needs_permission = matches!(next, Next::Survey | Next::Deliver(_) | Next::Settings(_));
        if needs_permission && self.state == Some(State::AuthorizationRequired) {
            self.await_person(next, now);
            return;
        }
        match next {
            Next::Identify => self.identify(now),
            Next::Survey => self.survey(now),
            Next::Blink => self.blink(now),
            Next::Deliver(delivery) => self.deliver(delivery, now),
            Next::Settings(delivery) => self.send_settings(delivery, true, now),
        }
    }

    fn await_person(&mut self, next: Next, now: Instant) {
        self.words.push_back(DeviceWord::AwaitsPerson { hint: "press the button on the device".to_owned() });
        self.next = Some(next);
        self.wait(Task::Person, now + PERSON);
    }

    fn identify(&mut self, now: Instant) {
        if self.wire.is_serial() && !self.met {
            self.wire.ask_state();
            self.wait(Task::Probe { left: PROBES - 1 }, now + PROBE_EVERY);
        } else if self.wire.is_serial() || self.wire.capabilities().is_some_and(|can| can.device_info()) {
            self.ask_info(false, now);
        } else {
            self.tell_identity();
        }
    }

    fn ask_info(&mut self, again: bool, now: Instant) {
        self.wire.send(&Rpc::plain(command::DEVICE_INFO));
        self.wait(Task::Info { again }, now + SHORT);
    }

    fn tell_identity(&mut self) {
        let info = self.info.as_ref();
        let can_scan = self.wire.capabilities().is_none_or(|can| can.scan());
        let identity = DeviceIdentity {
            name: info.and_then(|info| info.text(3)),
            firmware_type: info.and_then(|info| info.text(0)),
            firmware_version: info.and_then(|info| info.text(1)),
            board: info.and_then(|info| info.text(2)),
            live_status: true,
            interfaces: vec![Interface {
                kind: InterfaceKind::Wifi,
                mac: None,
                can_scan,
                five_ghz: None,
                static_ip: false,
                ready: self.state == Some(State::Provisioned),
                ip: self.url.as_deref().and_then(address_in),
            }],
            dialect: Some(if self.wire.is_serial() { "improv-serial" } else { "improv-ble" }.to_owned()),
            url: self.url.clone(),
            exposure: Some(if self.wire.is_serial() { Exposure::Cable } else { Exposure::Air }),
            ..DeviceIdentity::default()
        };
        self.finish(Ok(Answer::Identity(identity)));
    }

    fn survey(&mut self, now: Instant) {
        if self.wire.capabilities().is_some_and(|can| !can.scan()) {
            return self.fail(ProtocolError::Unsupported { what: "tell which networks it hears" });
        }
        self.scan(false, now);
    }

    fn scan(&mut self, again: bool, now: Instant) {
        self.wire.send(&Rpc::plain(command::SCAN));
        self.wait(Task::Scan { networks: Vec::new(), again }, now + SCAN);
    }

    fn blink(&mut self, now: Instant) {
        if self.wire.capabilities().is_none_or(|can| !can.identify()) {
            return self.fail(ProtocolError::Unsupported { what: "make itself known" });
        }
        self.wire.send(&Rpc::plain(command::IDENTIFY));
        self.wait(Task::Blink, now + SHORT);
    }

    fn deliver(&mut self, delivery: Delivery, now: Instant) {
        // On BLE, firmware reports "stopped" by mistake.
        if self.wire.is_serial() && self.state == Some(State::Stopped) {
            return self.fail(ProtocolError::Refused {
                what: "to be provisioned",
                said: "its provisioning is stopped (Wi-Fi off, or a cable in use)".to_owned(),
            });
        }
        match (self.carrier, delivery.token.is_some()) {
            (Carrier::Vendor(id), true) => self.send_token(id, delivery, false, now),
            _ => self.send_settings(delivery, false, now),
        }
    }

    fn send_token(&mut self, id: u8, delivery: Delivery, again: bool, now: Instant) {
        let token = delivery.token.as_ref().map_or("", |token| token.expose());
        match Rpc::with_strings(id, &[token, &delivery.host]) {
            Ok(rpc) => {
                self.wire.send(&rpc);
                self.wait(Task::Vendor { id, delivery, again }, now + SHORT);
            }
            Err(_) => self.fail(ProtocolError::Unsupported { what: "take a token of this length" }),
        }
    }

    /// `token_sent`: a vendor command carried it.
    fn send_settings(&mut self, delivery: Delivery, token_sent: bool, now: Instant) {
        let Some(wifi) = &delivery.wifi else {
            return self.fail(ProtocolError::Unsupported { what: "connect without a Wi-Fi network" });
        };
        let third = match self.carrier {
            Carrier::ThirdString => delivery.token.as_ref().map(|token| token.expose()),
            _ => None,
        };
        let Ok(rpc) = Rpc::wifi_settings(&wifi.ssid, wifi.password.expose(), third) else {
            return self.fail(ProtocolError::Unsupported {
                what: "take network, password and token of this length",
            });
        };
        self.join = Some(Join {
            limit: now + JOIN,
            was_provisioned: self.state == Some(State::Provisioned),
            after_unresolved: self.join.as_ref().is_some_and(|join| !join.is_settled()),
            saw_work: false,
            state_done: false,
            result: false,
            settle: None,
            error: false,
            gave_up: false,
            ask_state_at: now + ASK_AGAIN,
            sent: self.wire.is_serial(),
            token_carried: token_sent || third.is_some(),
            told_work: false,
            told_up: false,
        });
        self.wire.send(&rpc);
        self.wait(Task::Settings { delivery, again: false, asked_state: false }, now + NO_SIGN);
    }

    /// The same settings once more: the first were lost, or spoiled by what an earlier client left behind.
    fn resend_settings(&mut self, delivery: Delivery, now: Instant) {
        let token_carried = self.join.as_ref().is_some_and(|join| join.token_carried);
        self.send_settings(delivery, token_carried, now);
        if let Task::Settings { again, .. } = &mut self.task {
            *again = true;
        }
    }

    fn delivered(&mut self) {
        let token_carried = self.join.as_ref().is_some_and(|join| join.token_carried);
        self.finish(Ok(Answer::Delivered(Receipt { token_carried })));
    }

    // What is heard.

    fn hear(&mut self, heard: Heard, now: Instant) {
        match &heard {
            Heard::State(state) => {
                self.met = true;
                self.state = Some(*state);
            }
            Heard::Error(_) => self.met = true,
            Heard::Reply(reply) => {
                self.met = true;
                // The answer to "current state" of a provisioned device on serial: its page.
                if reply.command == command::CURRENT_STATE && self.wire.is_serial() {
                    self.url = message::page(reply, 0).or(self.url.take());
                }
            }
            Heard::Ready => self.opening = false,
            Heard::Restarted => self.words.push_back(DeviceWord::Restarted),
            Heard::ErrorRead | Heard::Nonsense | Heard::Sent | Heard::WriteRefused => {}
        }
        self.hear_of_join(&heard, now);
        match std::mem::replace(&mut self.task, Task::Idle) {
            Task::Idle => {}
            Task::Opening => self.hear_while_opening(&heard, now),
            Task::Probe { left } => match heard {
                Heard::State(_) => self.ask_info(false, now),
                _ => self.task = Task::Probe { left },
            },
            Task::Info { again } => self.hear_info(heard, again, now),
            Task::Scan { networks, again } => self.hear_scan(heard, networks, again, now),
            Task::Mark => match (&heard, self.wire.is_serial()) {
                (Heard::State(_), true) | (Heard::ErrorRead, false) => self.go_on(now),
                _ => self.task = Task::Mark,
            },
            Task::Person => match heard {
                Heard::State(State::AuthorizationRequired) => self.task = Task::Person,
                Heard::State(_) => self.go_on(now),
                _ => self.task = Task::Person,
            },
            Task::Vendor { id, delivery, again } => self.hear_vendor(heard, id, delivery, again, now),
            Task::Settings { delivery, again, asked_state } => {
                self.hear_settings(heard, delivery, again, asked_state, now)
            }
            Task::Follow => {
                self.task = Task::Follow;
                self.follow(now);
            }
            Task::Blink => match heard {
                Heard::Sent => self.finish(Ok(Answer::Done)),
                Heard::WriteRefused => self.fail(refused("to make itself known", ErrorCode::Unknown(0xFF))),
                _ => self.task = Task::Blink,
            },
        }
    }

    fn go_on(&mut self, now: Instant) {
        match self.next.take() {
            Some(next) => self.begin(next, now),
            None => self.deadline = None,
        }
    }

    fn hear_while_opening(&mut self, heard: &Heard, now: Instant) {
        match heard {
            Heard::Ready => self.go_on(now),
            _ => self.task = Task::Opening,
        }
    }

    fn hear_info(&mut self, heard: Heard, again: bool, now: Instant) {
        match heard {
            Heard::Reply(reply) if reply.command == command::DEVICE_INFO => {
                self.info = Some(reply);
                self.tell_identity();
            }
            Heard::Error(ErrorCode::InvalidPacket) if !again => self.ask_info(true, now),
            // A refusal of this optional command is no fault.
            Heard::Error(error) if ends_a_command(error) => self.tell_identity(),
            Heard::WriteRefused => self.tell_identity(),
            _ => self.task = Task::Info { again },
        }
    }

    fn hear_scan(&mut self, heard: Heard, mut networks: Vec<Network>, again: bool, now: Instant) {
        match heard {
            Heard::Reply(reply) if reply.command == command::SCAN => {
                networks.extend(message::networks(&reply));
                networks.truncate(MOST_NETWORKS);
                // Serial: one result for each network, and one with none at the end. BLE: all in one.
                if reply.strings.is_empty() || !self.wire.is_serial() {
                    self.finish(Ok(Answer::Networks(message::without_duplicates(networks))));
                } else {
                    self.task = Task::Scan { networks, again };
                }
            }
            Heard::Error(ErrorCode::UnknownCommand) => {
                self.fail(ProtocolError::Unsupported { what: "tell which networks it hears" });
            }
            Heard::Error(ErrorCode::InvalidPacket) if !again => self.scan(true, now),
            Heard::Error(ErrorCode::NotAuthorized) => self.await_person(Next::Survey, now),
            Heard::Error(error) if ends_a_command(error) => self.fail(refused("a scan", error)),
            Heard::WriteRefused => self.fail(refused("a scan", ErrorCode::Unknown(0xFF))),
            _ => self.task = Task::Scan { networks, again },
        }
    }

    fn hear_vendor(&mut self, heard: Heard, id: u8, delivery: Delivery, again: bool, now: Instant) {
        match heard {
            Heard::Reply(reply) if reply.command == id => self.send_settings(delivery, true, now),
            Heard::Error(ErrorCode::UnknownCommand) => {
                self.fail(ProtocolError::Unsupported { what: "take a token by this vendor command" });
            }
            Heard::Error(ErrorCode::InvalidPacket) if !again => self.send_token(id, delivery, true, now),
            Heard::Error(ErrorCode::NotAuthorized) => self.await_person(Next::Deliver(delivery), now),
            Heard::Error(error) if ends_a_command(error) => self.fail(refused("the token", error)),
            Heard::WriteRefused => self.fail(refused("the token", ErrorCode::Unknown(0xFF))),
            _ => self.task = Task::Vendor { id, delivery, again },
        }
    }

    fn hear_settings(
        &mut self,
        heard: Heard,
        delivery: Delivery,
        again: bool,
        asked_state: bool,
        now: Instant,
    ) {
        let join = self.join.as_mut().expect("settings are sent within an attempt to join");
        if join.saw_work || join.error || join.is_done() {
            return self.delivered();
        }
        match heard {
            Heard::Sent => {
                join.sent = true;
                self.wait(Task::Settings { delivery, again, asked_state }, now + NO_SIGN);
            }
            Heard::Error(ErrorCode::InvalidPacket) if !again => self.resend_settings(delivery, now),
            Heard::Error(ErrorCode::NotAuthorized) => {
                let next = if join.token_carried && matches!(self.carrier, Carrier::Vendor(_)) {
                    Next::Settings(delivery)
                } else {
                    Next::Deliver(delivery)
                };
                self.join = None;
                self.await_person(next, now);
            }
            Heard::Error(error) if ends_a_command(error) => {
                self.join = None;
                self.fail(refused("the network", error));
            }
            Heard::WriteRefused => {
                self.join = None;
                self.fail(refused("the network", ErrorCode::Unknown(0xFF)));
            }
            // Asked, because it showed no sign: it is still waiting, so the command was lost.
            Heard::State(State::Ready) if asked_state && !again => self.resend_settings(delivery, now),
            _ => self.task = Task::Settings { delivery, again, asked_state },
        }
    }

    // The attempt to join.

    fn hear_of_join(&mut self, heard: &Heard, now: Instant) {
        let Some(join) = &mut self.join else { return };
        match heard {
            Heard::State(State::Provisioning) => join.saw_work = true,
            Heard::State(State::Provisioned) if join.saw_work || !join.was_provisioned => {
                join.state_done = true;
                join.settle = Some(now + OTHER_HALF);
            }
            Heard::State(State::Ready) if join.error => join.gave_up = true,
            Heard::Reply(reply) if reply.command == command::WIFI_SETTINGS => {
                join.result = true;
                join.settle = Some(now + OTHER_HALF);
                self.url = message::page(reply, 0).or(self.url.take());
            }
            // The late end of an attempt before this one is not this one's.
            Heard::Error(ErrorCode::UnableToConnect)
                if !join.is_done() && (join.saw_work || !join.after_unresolved) =>
            {
                if !join.error {
                    join.settle = Some(now + AFTER_ERROR);
                }
                join.error = true;
            }
            Heard::Restarted => join.ask_state_at = join.ask_state_at.min(now + NO_SIGN),
            Heard::Sent
            | Heard::State(_)
            | Heard::Error(_)
            | Heard::ErrorRead
            | Heard::Reply(_)
            | Heard::Nonsense
            | Heard::WriteRefused
            | Heard::Ready => {}
        }
        if matches!(heard, Heard::State(_) | Heard::Error(_) | Heard::Reply(_)) {
            join.ask_state_at = now + ASK_AGAIN;
        }
        if join.saw_work && !join.told_work {
            join.told_work = true;
            self.words.push_back(DeviceWord::ConnectingNetwork);
        }
        if join.is_done() && !join.told_up {
            join.told_up = true;
            let ip = self.url.as_deref().and_then(address_in);
            self.words.push_back(DeviceWord::NetworkUp {
                interface: Some("wifi".to_owned()),
                ip,
                rssi: None,
            });
        }
    }

    /// Ends the question when the attempt has, else sets the next moment to look.
    fn follow(&mut self, now: Instant) {
        let Some(join) = &mut self.join else {
            return self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
        };
        let settled = join.settle.is_some_and(|at| at <= now);
        if join.is_done() {
            if (join.state_done && join.result) || settled {
                return self.joined();
            }
        } else if join.error && (join.gave_up || settled) {
            let trouble = DeviceTrouble {
                code: None,
                phase: TroublePhase::Network,
                said: ErrorCode::UnableToConnect.words(),
            };
            return self.finish(Ok(Answer::Followed(FollowEnd::Failed { trouble, again: true })));
        } else if join.limit <= now {
            return self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
        }
        if join.ask_state_at <= now {
            join.ask_state_at = now + ASK_AGAIN;
            self.wire.ask_state();
        }
        let next = [join.settle, Some(join.limit), Some(join.ask_state_at)];
        self.deadline = next.into_iter().flatten().filter(|at| *at > now).min();
    }

    fn joined(&mut self) {
        if let Some(url) = self.url.clone() {
            self.words.push_back(DeviceWord::Page { url });
        }
        self.finish(Ok(Answer::Followed(FollowEnd::Connected)));
    }

    // Time.

    fn out_of_time(&mut self, now: Instant) {
        match std::mem::replace(&mut self.task, Task::Idle) {
            Task::Idle => self.deadline = None,
            Task::Opening => self.fail(ProtocolError::Silent { to: "the first reads" }),
            Task::Probe { left: 0 } => self.fail(ProtocolError::NotThisProtocol),
            Task::Probe { left } => {
                self.wire.ask_state();
                self.wait(Task::Probe { left: left - 1 }, now + PROBE_EVERY);
            }
            Task::Info { again: false } => self.ask_info(true, now),
            Task::Info { again: true } => {
                self.muddled = true;
                self.tell_identity();
            }
            Task::Scan { networks, .. } => {
                self.muddled = true;
                if networks.is_empty() {
                    self.fail(ProtocolError::Silent { to: "the scan" });
                } else {
                    self.finish(Ok(Answer::Networks(message::without_duplicates(networks))));
                }
            }
            // No mark came; whatever is late is late.
            Task::Mark => self.go_on(now),
            Task::Person => self.fail(ProtocolError::NotAuthorized),
            Task::Vendor { id, delivery, again: false } => self.send_token(id, delivery, true, now),
            Task::Vendor { .. } => {
                self.muddled = true;
                self.fail(ProtocolError::Silent { to: "the token" });
            }
            Task::Settings { delivery, again, asked_state: false } => {
                self.wire.ask_state();
                self.wait(Task::Settings { delivery, again, asked_state: true }, now + NO_SIGN);
            }
            // It has the settings, or nobody will ever know: the point of no return is behind us.
            Task::Settings { .. } => self.delivered(),
            Task::Follow => {
                self.task = Task::Follow;
                self.follow(now);
            }
            Task::Blink => self.fail(ProtocolError::Silent { to: "identify" }),
        }
    }
}

impl Join {
    fn is_done(&self) -> bool {
        self.state_done || self.result
    }

    fn is_settled(&self) -> bool {
        self.is_done() || self.error
    }
}

/// Errors that can end a command other than the Wi-Fi settings. "Unable to connect" is the late end of an attempt to
/// join, and "none" only marks a beginning.
fn ends_a_command(error: ErrorCode) -> bool {
    !matches!(error, ErrorCode::None | ErrorCode::UnableToConnect)
}

fn refused(what: &'static str, error: ErrorCode) -> ProtocolError {
    ProtocolError::Refused { what, said: error.words() }
}

/// The IP address of a page, where its host is one.
fn address_in(url: &str) -> Option<String> {
    let host = url.split_once("://")?.1.split(['/', '?', '#']).next()?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let bare = host.rsplit_once(':').map_or(host, |(bare, _)| bare);
    [host, bare].into_iter().find(|text| text.parse::<std::net::Ipv4Addr>().is_ok()).map(str::to_owned)
}

impl Dialogue for ImprovDialogue {
    fn ask(&mut self, ask: Ask, now: Instant) {
        self.answer = None;
        match ask {
            Ask::Identify => self.begin(Next::Identify, now),
            Ask::Survey => self.begin(Next::Survey, now),
            Ask::Blink => self.begin(Next::Blink, now),
            Ask::Deliver(delivery) => self.begin(Next::Deliver(delivery), now),
            Ask::Follow => {
                self.task = Task::Follow;
                self.follow(now);
            }
        }
    }

    fn handle_packet(&mut self, packet: Packet, now: Instant) {
        for heard in self.wire.take(packet, now) {
            self.hear(heard, now);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        for heard in self.wire.wake(now) {
            self.hear(heard, now);
        }
        if self.deadline.is_some_and(|at| at <= now) {
            self.out_of_time(now);
        }
    }

    /// A device that has said that it is connected may go; one that has the settings has them.
    fn handle_lost(&mut self, _now: Instant) {
        let Some(join) = &self.join else { return };
        match self.task {
            Task::Follow if join.is_done() => self.joined(),
            Task::Settings { .. } if join.sent => self.delivered(),
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
