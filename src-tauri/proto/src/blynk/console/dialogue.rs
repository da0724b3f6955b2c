//! The conversation over `blynk-console`: finding out that it is one, and both dialects of it (sections 5.2 to 5.5).
//!
//! The console is made for people: no frames, no sequence, log lines anywhere, and an echo of all that is sent. So
//! answers are recognised by their shape; the prompt only says that no more is to come. Nothing that the device
//! prints is handed on as it is: the echo holds token and password.

use super::driver::{BUILT_IN_HOST, DIALECT_A, DIALECT_B};
use super::message::{self, Hint, LONGEST_COMMAND, Line, State};
use crate::blynk::{Redactor, codes, networks::strongest_first};
use crate::framing::{Lines, Piece};
use crate::{
    Answer, Ask, Delivery, DeviceIdentity, DeviceTrouble, DeviceWord, Dialogue, Exposure, FollowEnd,
    Interface, InterfaceKind, MediumKind, Network, Packet, ProtocolError, Receipt, Secret, Transmit,
    TroublePhase,
};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Boot output of a board that resets when the port opens (section 5.5); then the question is put again.
const BOOT: Duration = Duration::from_secs(3);
/// When no sign of a console came, a port that said nothing is given up sooner than one that talks.
const GIVE_UP_SILENT: Duration = Duration::from_secs(5);
const GIVE_UP_TALKING: Duration = Duration::from_secs(7);
/// Section 5.2: an answer ends with the prompt or with so much silence.
const SILENCE: Duration = Duration::from_secs(3);
/// However much log noise there is, an answer comes within this.
const ANSWER: Duration = Duration::from_secs(5);
/// Dual-band chips take up to 30 s.
const SCAN: Duration = Duration::from_secs(35);
/// An answer of the expected shape is there; the prompt, if this firmware has one, follows at once.
const AFTER_MATCH: Duration = Duration::from_millis(300);
/// Rows of a scan are printed in one go, so one that comes later than this after the last is not awaited.
const AFTER_ROW: Duration = Duration::from_secs(1);
/// A prompt behind text on the same line looks like text until nothing follows.
const AFTER_HIDDEN_PROMPT: Duration = Duration::from_millis(500);
/// A `help` that a starting board has half swallowed is put again, but not for ever.
const HELP_TRIES: u8 = 4;

/// Section 5.3: without log lines the state has to be asked for.
const POLL: Duration = Duration::from_secs(3);
/// Section 3.7: the firmware's limit for either phase.
const DEVICE_PHASE: Duration = Duration::from_secs(50);
const PHASE_SILENCE: Duration = Duration::from_secs(60);
const WHOLE_ATTEMPT: Duration = Duration::from_secs(130);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    A,
    B,
}

/// A command whose answer is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Help,
    /// `connect` alone, which only says how it wants to be used: the second test of section 5.5.
    ConnectAlone,
    DevInfo,
    WifiInfo,
    EthInfo,
    Scan,
    WifiAdd,
    Connect,
}

/// The exchange that is going on.
struct Exchange {
    command: Command,
    asked: Instant,
    /// When the command was sent last, and how often.
    sent: Instant,
    tries: u8,
    last_byte: Option<Instant>,
    /// An answer of the expected shape has come.
    matched: Option<Instant>,
    /// A prompt came after the command was sent.
    prompted: Option<Instant>,
}

enum Open {
    Nothing,
    Exchange(Exchange),
    Follow,
}

/// What happened since `connect`, kept from one question to the next.
struct Attempt {
    began: Instant,
    last_change: Instant,
    ssid: Option<String>,
    in_cloud_phase: Option<Instant>,
    seen_connecting: bool,
    /// The firmware logs its states, so it need not be asked.
    logs: bool,
    next_poll: Instant,
    /// The last poll found no address.
    found_down: bool,
    network_error: Option<(u16, String)>,
    cloud_timeout: bool,
    /// It gave up; the reason has been asked for and is awaited until then.
    reason_until: Option<Instant>,
    /// Its time is over; a last look at the network has been taken and is awaited until then.
    last_look_until: Option<Instant>,
    end: Option<FollowEnd>,
}

pub(super) struct ConsoleDialogue {
    lines: Lines,
    /// Prompts in a row, with nothing between: MicroPython's `>>>`.
    prompts: u8,
    open: Open,
    outbox: VecDeque<Vec<u8>>,
    dialect: Option<Dialect>,
    commands: Vec<String>,
    identity: DeviceIdentity,
    networks: Vec<Network>,
    delivery: Option<Delivery>,
    attempt: Option<Attempt>,
    words: VecDeque<DeviceWord>,
    answer: Option<Result<Answer, ProtocolError>>,
    redactor: Redactor,
}

impl ConsoleDialogue {
    pub fn new() -> ConsoleDialogue {
        ConsoleDialogue {
            lines: Lines::default(),
            prompts: 0,
            open: Open::Nothing,
            outbox: VecDeque::new(),
            dialect: None,
            commands: Vec::new(),
            identity: DeviceIdentity::default(),
            networks: Vec::new(),
            delivery: None,
            attempt: None,
            words: VecDeque::new(),
            answer: None,
            redactor: Redactor::default(),
        }
    }

    fn finish(&mut self, answer: Result<Answer, ProtocolError>) {
        self.open = Open::Nothing;
        self.delivery = None;
        self.answer = Some(answer);
    }

    fn send(&mut self, line: &str) {
        self.outbox.push_back(format!("{line}\n").into_bytes());
    }

    fn begin(&mut self, command: Command, now: Instant) {
        self.send_command(command);
        self.open = Open::Exchange(Exchange {
            command,
            asked: now,
            sent: now,
            tries: 1,
            last_byte: None,
            matched: None,
            prompted: None,
        });
    }

    fn send_command(&mut self, command: Command) {
        match command {
            // The empty line before it ends half a line that somebody else may have left.
            Command::Help => self.outbox.push_back(b"\nhelp\n".to_vec()),
            Command::ConnectAlone => self.send("connect"),
            Command::DevInfo => self.send("devinfo"),
            Command::WifiInfo => self.ask_for_network(),
            Command::EthInfo => self.send("eth info"),
            Command::Scan => self.send("wifi scan"),
            Command::WifiAdd => {
                if let Some(wifi) = self.delivery.as_ref().and_then(|delivery| delivery.wifi.as_ref()) {
                    let line = message::command(&["wifi", "add", &wifi.ssid, wifi.password.expose()]);
                    self.send(&line);
                }
            }
            Command::Connect => {
                if let Some(line) =
                    self.delivery.as_ref().map(|delivery| connect_line(delivery, self.dialect))
                {
                    self.send(&line);
                }
            }
        }
    }

    fn ask_for_network(&mut self) {
        self.send(if self.dialect == Some(Dialect::A) { "wifi show" } else { "wifi info" });
    }

    fn begin_delivery(&mut self, delivery: Delivery, now: Instant) {
        let Some(dialect) = self.dialect else {
            return self
                .finish(Err(ProtocolError::Unsupported { what: "be configured before it is identified" }));
        };
        let Some(token) = &delivery.token else {
            return self.finish(Err(ProtocolError::Unsupported { what: "connect without a token" }));
        };
        if dialect == Dialect::A {
            if delivery.wifi.is_none() {
                return self
                    .finish(Err(ProtocolError::Unsupported { what: "take a token without a network" }));
            }
            if !delivery.host.eq_ignore_ascii_case(BUILT_IN_HOST) {
                return self.finish(Err(ProtocolError::Unsupported { what: "be told another server" }));
            }
        }
        self.know(token);
        if let Some(wifi) = &delivery.wifi {
            self.know(&wifi.password);
        }
        // The buffer would start over and execute the rest of the line as a command.
        let network = delivery
            .wifi
            .as_ref()
            .map_or(0, |wifi| message::command(&["wifi", "add", &wifi.ssid, wifi.password.expose()]).len());
        let connect = connect_line(&delivery, Some(dialect)).len();
        if connect.max(if dialect == Dialect::B { network } else { 0 }) > LONGEST_COMMAND {
            return self
                .finish(Err(ProtocolError::Unsupported { what: "take a line of more than 254 characters" }));
        }
        self.attempt = None;
        let first = match (dialect, &delivery.wifi) {
            (Dialect::B, Some(_)) => Command::WifiAdd,
            _ => Command::Connect,
        };
        self.delivery = Some(delivery);
        self.begin(first, now);
    }

    /// A secret, also in the escaped form in which the device echoes it.
    fn know(&mut self, secret: &Secret) {
        self.redactor.know(secret);
        self.redactor.know(&Secret::new(message::escape(secret.expose())));
    }

    fn handle_piece(&mut self, piece: Piece, now: Instant) {
        match piece {
            Piece::Prompt => {
                self.prompts = self.prompts.saturating_add(1);
                self.handle_prompt(now);
            }
            Piece::Line(line) => {
                self.prompts = 0;
                self.handle_line(message::decode(&line), now);
            }
        }
    }

    fn handle_prompt(&mut self, now: Instant) {
        match &mut self.open {
            Open::Nothing => {}
            Open::Exchange(exchange) => {
                if exchange.command == Command::Help && self.prompts >= 3 {
                    return self.finish(Err(ProtocolError::NotThisProtocol));
                }
                exchange.prompted.get_or_insert(now);
                // A prompt from before (boot, a repeated help) must not end a scan, which takes seconds.
                let late = now >= exchange.sent + AFTER_ROW;
                let over = match exchange.command {
                    Command::WifiAdd => true,
                    Command::Scan => late,
                    _ => false,
                };
                if exchange.matched.is_some() || over {
                    self.next(now);
                }
            }
            Open::Follow => self.conclude_reason(now),
        }
    }

    fn handle_line(&mut self, line: Line, now: Instant) {
        // An attempt goes on whether or not anybody follows it yet.
        self.note(&line, now);
        let Open::Exchange(exchange) = &mut self.open else {
            if matches!(self.open, Open::Follow) {
                self.end_follow_if_over();
            }
            return;
        };
        match (exchange.command, line) {
            (Command::Help, Line::Foreign) => self.finish(Err(ProtocolError::NotThisProtocol)),
            (Command::Help, Line::Commands(commands)) => {
                self.commands = commands;
                exchange.matched = Some(now);
            }
            // A starting board has swallowed the beginning of the word.
            (Command::Help, Line::CommandNotFound) if exchange.tries < HELP_TRIES => {
                exchange.tries += 1;
                exchange.sent = now;
                exchange.prompted = None;
                self.send_command(Command::Help);
            }
            (Command::ConnectAlone, Line::ConnectUsage) => {
                self.dialect = Some(Dialect::B);
                exchange.matched = Some(now);
            }
            (Command::ConnectAlone, Line::ConnectRefused { .. }) => {
                self.dialect = Some(Dialect::A);
                exchange.matched = Some(now);
            }
            (Command::DevInfo, Line::Device(identity)) => {
                self.identity = *identity;
                exchange.matched = Some(now);
            }
            (Command::WifiInfo, Line::Interface { mac, ip, status, .. }) => {
                exchange.matched = Some(now);
                let ready = ip.is_some() || status.as_deref() == Some("ready");
                self.take_interface(InterfaceKind::Wifi, mac, ip, ready);
            }
            (Command::EthInfo, Line::Interface { mac, ip, status, .. }) => {
                exchange.matched = Some(now);
                let ready = ip.is_some() || status.as_deref() == Some("ready");
                self.take_interface(InterfaceKind::Ethernet, mac, ip, ready);
            }
            (Command::WifiInfo | Command::EthInfo, Line::CommandNotFound) => exchange.matched = Some(now),
            (Command::Scan, Line::Network(network)) => {
                exchange.matched = Some(now);
                self.networks.push(network);
            }
            (Command::Scan, Line::NoNetworks) => exchange.matched = Some(now),
            (Command::Scan, Line::CommandNotFound) => {
                self.finish(Err(ProtocolError::Unsupported { what: "scan for networks" }));
            }
            (Command::WifiAdd, Line::Hint(Hint::NetworkDropped)) => self.finish(Err(ProtocolError::Trouble(
                configuration("the device did not take the network name or the password".to_owned()),
            ))),
            (Command::WifiAdd, Line::CommandNotFound) => self.finish(Err(ProtocolError::Refused {
                what: "wifi add",
                said: "Command not found.".to_owned(),
            })),
            (Command::Connect, Line::Trying) => self.begin_attempt(now),
            // Log noise has torn its answer, but it is plainly at it.
            (
                Command::Connect,
                Line::State {
                    from,
                    to: to @ (State::ConnectingNet | State::ConnectingCloud | State::SwitchToSta),
                },
            ) => {
                self.begin_attempt(now);
                self.note(&Line::State { from, to }, now);
            }
            (Command::Connect, Line::ConnectRefused { said }) => {
                let said = self.redactor.clean(&said);
                self.finish(Err(ProtocolError::Trouble(configuration(said))));
            }
            (Command::Connect, Line::ConnectUsage) => {
                self.finish(Err(ProtocolError::Trouble(configuration(
                    "it did not understand the command".to_owned(),
                ))));
            }
            (Command::Connect, Line::CommandNotFound) => self.finish(Err(ProtocolError::Refused {
                what: "connect",
                said: "Command not found.".to_owned(),
            })),
            _ => {}
        }
    }

    fn take_interface(&mut self, kind: InterfaceKind, mac: Option<String>, ip: Option<String>, ready: bool) {
        self.identity.interfaces.retain(|known| known.kind != kind);
        if kind == InterfaceKind::Wifi || self.identity.mac.is_none() {
            self.identity.mac = mac.clone().or(self.identity.mac.take());
        }
        self.identity.interfaces.push(Interface {
            kind,
            mac,
            can_scan: kind == InterfaceKind::Wifi,
            five_ghz: None,
            static_ip: false,
            ready,
            ip,
        });
    }

    /// The exchange is over, with an answer or without one: what comes next.
    fn next(&mut self, now: Instant) {
        let Open::Exchange(exchange) = std::mem::replace(&mut self.open, Open::Nothing) else { return };
        let has = |command: &str| self.commands.iter().any(|known| known == command);
        match exchange.command {
            Command::Help => {
                self.dialect = match () {
                    () if has("sys") => Some(Dialect::B),
                    () if has("status") => Some(Dialect::A),
                    () => None,
                };
                let next = if self.dialect.is_some() { Command::DevInfo } else { Command::ConnectAlone };
                self.begin(next, now);
            }
            Command::ConnectAlone => match self.dialect {
                Some(_) => self.begin(Command::DevInfo, now),
                None => self
                    .finish(Err(ProtocolError::Malformed { what: "the answer to connect without a token" })),
            },
            Command::DevInfo if exchange.matched.is_none() => {
                self.finish(Err(ProtocolError::Silent { to: "devinfo" }));
            }
            Command::DevInfo if has("wifi") => self.begin(Command::WifiInfo, now),
            Command::DevInfo | Command::WifiInfo if has("eth") => self.begin(Command::EthInfo, now),
            Command::DevInfo | Command::WifiInfo | Command::EthInfo => {
                let dialect = if self.dialect == Some(Dialect::A) { DIALECT_A } else { DIALECT_B };
                self.identity.dialect = Some(dialect.to_owned());
                self.identity.exposure = Some(Exposure::in_clear(MediumKind::Serial));
                self.finish(Ok(Answer::Identity(self.identity.clone())));
            }
            Command::Scan => {
                let networks = strongest_first(std::mem::take(&mut self.networks));
                self.finish(
                    if networks.is_empty() && exchange.matched.is_none() && exchange.prompted.is_none() {
                        Err(ProtocolError::Silent { to: "wifi scan" })
                    } else {
                        Ok(Answer::Networks(networks))
                    },
                );
            }
            Command::WifiAdd => self.begin(Command::Connect, now),
            // The command was carried out, though log noise has torn its answer.
            Command::Connect if exchange.prompted.is_some() => self.begin_attempt(now),
            Command::Connect => self.finish(Err(ProtocolError::Silent { to: "connect" })),
        }
    }

    /// When the exchange is to be looked at next.
    fn exchange_timeout(&self, exchange: &Exchange) -> Instant {
        if let Some(matched) = exchange.matched {
            return matched + if exchange.command == Command::Scan { AFTER_ROW } else { AFTER_MATCH };
        }
        let latest = match exchange.command {
            Command::Help => {
                let give_up = if exchange.last_byte.is_some() { GIVE_UP_TALKING } else { GIVE_UP_SILENT };
                let again = match exchange.prompted {
                    // A console is there and ready, but did not hear the question.
                    Some(prompted) => prompted + AFTER_MATCH,
                    None => exchange.sent + BOOT,
                };
                let again = if exchange.tries < HELP_TRIES { again } else { exchange.asked + give_up };
                again.min(exchange.asked + give_up)
            }
            Command::Scan => exchange.sent + SCAN,
            Command::Connect => exchange.sent + ANSWER,
            _ => {
                let last = exchange.last_byte.unwrap_or(exchange.sent);
                (last + SILENCE).min(exchange.sent + ANSWER)
            }
        };
        match exchange.last_byte {
            Some(last) if self.hides_prompt() => latest.min(last + AFTER_HIDDEN_PROMPT),
            _ => latest,
        }
    }

    /// Text without a line end, and the prompt right behind it.
    fn hides_prompt(&self) -> bool {
        self.lines.unfinished().ends_with(b">")
    }

    fn exchange_timed_out(&mut self, now: Instant) {
        if self.hides_prompt() {
            let mut line = self.lines.take_unfinished();
            line.pop();
            self.handle_piece(Piece::Line(line), now);
            self.handle_piece(Piece::Prompt, now);
            return;
        }
        let Open::Exchange(exchange) = &mut self.open else { return };
        if exchange.matched.is_some() {
            return self.next(now);
        }
        let idempotent = matches!(
            exchange.command,
            Command::ConnectAlone | Command::DevInfo | Command::WifiInfo | Command::EthInfo
        );
        if exchange.command == Command::Help {
            let give_up = if exchange.last_byte.is_some() { GIVE_UP_TALKING } else { GIVE_UP_SILENT };
            if now >= exchange.asked + give_up {
                return self.finish(Err(ProtocolError::NotThisProtocol));
            }
        } else if !(idempotent && exchange.tries < 2) {
            return self.next(now);
        }
        // Asking once more changes nothing on the device, and a log line may have torn the answer.
        exchange.tries = exchange.tries.saturating_add(1);
        exchange.sent = now;
        exchange.prompted = None;
        let command = exchange.command;
        self.send_command(command);
    }

    fn begin_attempt(&mut self, now: Instant) {
        let ssid =
            self.delivery.as_ref().and_then(|delivery| delivery.wifi.as_ref()).map(|wifi| wifi.ssid.clone());
        self.attempt = Some(Attempt {
            began: now,
            last_change: now,
            ssid,
            in_cloud_phase: None,
            seen_connecting: false,
            logs: false,
            next_poll: now + POLL,
            found_down: false,
            network_error: None,
            cloud_timeout: false,
            reason_until: None,
            last_look_until: None,
            end: None,
        });
        self.finish(Ok(Answer::Delivered(Receipt { token_carried: true })));
    }

    /// Takes what a line tells of the running attempt.
    fn note(&mut self, line: &Line, now: Instant) {
        let Some(attempt) = self.attempt.as_mut().filter(|attempt| attempt.end.is_none()) else { return };
        match line {
            Line::State { from, to } => {
                attempt.logs = true;
                attempt.last_change = now;
                if *from == Some(State::Init) {
                    self.words.push_back(DeviceWord::Restarted);
                }
                if matches!(from, Some(State::ConnectingNet | State::ConnectingCloud)) {
                    attempt.seen_connecting = true;
                }
                match to {
                    State::ConnectingNet | State::SwitchToSta => {
                        if !attempt.seen_connecting || attempt.in_cloud_phase.is_some() {
                            self.words.push_back(DeviceWord::ConnectingNetwork);
                        }
                        attempt.seen_connecting = true;
                        attempt.in_cloud_phase = None;
                    }
                    State::ConnectingCloud => {
                        if attempt.in_cloud_phase.is_none() {
                            self.words.push_back(DeviceWord::ConnectingCloud);
                        }
                        attempt.seen_connecting = true;
                        attempt.in_cloud_phase.get_or_insert(now);
                    }
                    State::Running => {
                        attempt.end = Some(FollowEnd::Connected);
                        self.words.push_back(DeviceWord::Connected);
                    }
                    State::WaitConfig | State::Configuring | State::Error if attempt.seen_connecting => {
                        self.gave_up(now);
                    }
                    State::OtaUpgrade => {
                        self.words.push_back(DeviceWord::Said { text: "it updates its firmware".to_owned() });
                    }
                    _ => {}
                }
            }
            Line::Started => self.words.push_back(DeviceWord::Restarted),
            Line::LastError(code) if *code != 0 => {
                attempt.end = Some(FollowEnd::Failed { trouble: codes::trouble_of(*code), again: true });
            }
            Line::Hint(Hint::TokenRefused) => {
                let trouble = codes::trouble_of(codes::TOKEN_REFUSED);
                attempt.end = Some(FollowEnd::Failed { trouble, again: true });
            }
            Line::Hint(Hint::CloudTimeout) => attempt.cloud_timeout = true,
            Line::Hint(Hint::NetworkNotFound) => {
                attempt.network_error = Some((codes::NETWORK_NOT_FOUND, "access point not found".to_owned()));
            }
            Line::Hint(Hint::PasswordRefused) => {
                attempt.network_error = Some((codes::PASSWORD_REFUSED, "authentication failed".to_owned()));
            }
            Line::Interface { ip, ssid, rssi, .. } => {
                let ours = match (ssid, &attempt.ssid) {
                    (Some(there), Some(wanted)) => there == wanted,
                    _ => true,
                };
                let up = ours && ip.is_some();
                attempt.found_down = !up;
                if up && attempt.in_cloud_phase.is_none() && attempt.reason_until.is_none() {
                    attempt.last_change = now;
                    attempt.in_cloud_phase = Some(now);
                    attempt.network_error = None;
                    self.words.push_back(DeviceWord::NetworkUp {
                        interface: attempt.ssid.is_some().then(|| "wifi".to_owned()),
                        ip: ip.clone(),
                        rssi: *rssi,
                    });
                    self.words.push_back(DeviceWord::ConnectingCloud);
                }
            }
            Line::InterfaceError { code, said } => {
                let said = self.redactor.clean(said);
                attempt.network_error = Some((*code, said));
                // Before its time is over the device may still get there by itself.
                let over = now >= attempt.began + DEVICE_PHASE;
                if attempt.reason_until.is_some() || (over && attempt.in_cloud_phase.is_none()) {
                    self.fail_on_network();
                }
            }
            _ => {}
        }
    }

    /// The device is back to waiting, so the attempt is lost; in dialect B it can be asked for the reason.
    fn gave_up(&mut self, now: Instant) {
        let Some(attempt) = &mut self.attempt else { return };
        if let Some(since) = attempt.in_cloud_phase {
            // A refused token comes within seconds and is logged as such; what takes the whole time is a timeout.
            let timeout = attempt.cloud_timeout || now >= since + DEVICE_PHASE - SILENCE;
            let trouble = if timeout {
                codes::trouble_of(codes::CLOUD_TIMEOUT)
            } else {
                DeviceTrouble {
                    code: None,
                    phase: TroublePhase::Cloud,
                    said: "it gave up while connecting to the cloud".to_owned(),
                }
            };
            attempt.end = Some(FollowEnd::Failed { trouble, again: true });
        } else if attempt.network_error.is_some() || self.dialect == Some(Dialect::A) {
            self.fail_on_network();
        } else {
            attempt.reason_until = Some(now + SILENCE);
            self.ask_for_network();
        }
    }

    fn fail_on_network(&mut self) {
        let Some(attempt) = &mut self.attempt else { return };
        let trouble = match attempt.network_error.take() {
            Some((code, said)) => DeviceTrouble { code: Some(code), phase: TroublePhase::Network, said },
            None => codes::trouble_of(codes::NETWORK_TIMEOUT),
        };
        attempt.end = Some(FollowEnd::Failed { trouble, again: true });
    }

    /// The answer to the question for the reason is complete, with or without a reason.
    fn conclude_reason(&mut self, now: Instant) {
        let Some(attempt) = &self.attempt else { return };
        if attempt.reason_until.is_some_and(|until| attempt.found_down || now >= until) {
            self.fail_on_network();
            self.end_follow_if_over();
        }
    }

    fn end_follow_if_over(&mut self) {
        if let Some(end) = self.attempt.as_mut().and_then(|attempt| attempt.end.take()) {
            self.attempt = None;
            self.finish(Ok(Answer::Followed(end)));
        }
    }

    fn follow_timeout(attempt: &Attempt) -> Instant {
        if let Some(until) = attempt.reason_until.or(attempt.last_look_until) {
            return until;
        }
        let end = (attempt.last_change + PHASE_SILENCE).min(attempt.began + WHOLE_ATTEMPT);
        if attempt.logs { end } else { end.min(attempt.next_poll) }
    }

    fn follow_timed_out(&mut self, now: Instant) {
        let Some(attempt) = &mut self.attempt else {
            return self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
        };
        let over = now >= (attempt.last_change + PHASE_SILENCE).min(attempt.began + WHOLE_ATTEMPT);
        if attempt.reason_until.is_some() {
            self.conclude_reason(now);
        } else if attempt.last_look_until.is_some() || (over && attempt.in_cloud_phase.is_some()) {
            // Dialect A tries on for hours without a word (section 5.4), so the host says that it has failed.
            if attempt.found_down && attempt.in_cloud_phase.is_none() {
                self.fail_on_network();
            } else {
                attempt.end = Some(FollowEnd::Quiet);
            }
            self.end_follow_if_over();
        } else if over {
            attempt.last_look_until = Some(now + SILENCE);
            self.ask_for_network();
        } else {
            attempt.next_poll = now + POLL;
            self.ask_for_network();
        }
    }
}

/// The command that hands over the token; in dialect A the network as well, in dialect B the server.
fn connect_line(delivery: &Delivery, dialect: Option<Dialect>) -> String {
    let token = delivery.token.as_ref().map_or("", Secret::expose);
    match (dialect, &delivery.wifi) {
        (Some(Dialect::A), Some(wifi)) => {
            message::command(&["connect", token, &wifi.ssid, wifi.password.expose()])
        }
        _ => message::command(&["connect", token, &delivery.host]),
    }
}

fn configuration(said: String) -> DeviceTrouble {
    DeviceTrouble { code: Some(codes::CONFIGURATION), phase: TroublePhase::Configuration, said }
}

impl Dialogue for ConsoleDialogue {
    fn ask(&mut self, ask: Ask, now: Instant) {
        self.answer = None;
        self.outbox.clear();
        match ask {
            Ask::Identify => {
                self.identity = DeviceIdentity::default();
                self.begin(Command::Help, now);
            }
            Ask::Survey => {
                self.networks.clear();
                self.begin(Command::Scan, now);
            }
            Ask::Deliver(delivery) => self.begin_delivery(delivery, now),
            Ask::Follow => {
                self.open = Open::Follow;
                if self.attempt.is_none() {
                    self.finish(Ok(Answer::Followed(FollowEnd::Quiet)));
                } else {
                    self.end_follow_if_over();
                }
            }
            Ask::Blink => self.finish(Err(ProtocolError::Unsupported { what: "blink" })),
        }
    }

    fn handle_packet(&mut self, packet: Packet, now: Instant) {
        let Packet::Bytes(bytes) = packet else { return };
        if let Open::Exchange(exchange) = &mut self.open
            && !bytes.is_empty()
        {
            exchange.last_byte = Some(now);
        }
        self.lines.push(&bytes);
        while let Some(piece) = self.lines.next_piece() {
            self.handle_piece(piece, now);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|until| now < until) {
            return;
        }
        match self.open {
            Open::Nothing => {}
            Open::Exchange(_) => self.exchange_timed_out(now),
            Open::Follow => self.follow_timed_out(now),
        }
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop_front().map(Transmit::Bytes)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.open {
            Open::Nothing => None,
            Open::Exchange(exchange) => Some(self.exchange_timeout(exchange)),
            Open::Follow => self.attempt.as_ref().map(Self::follow_timeout),
        }
    }

    fn poll_word(&mut self) -> Option<DeviceWord> {
        self.words.pop_front()
    }

    fn poll_answer(&mut self) -> Option<Result<Answer, ProtocolError>> {
        self.answer.take()
    }
}
