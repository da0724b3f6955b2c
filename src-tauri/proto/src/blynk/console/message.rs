//! Lines of the console <-> values (sections 5.2 to 5.4). No state: what a line means now is `dialogue.rs`'s.
//!
//! Every line is read for itself: log lines may stand anywhere, and the echo of a command looks like none of these.

use crate::blynk::{codes, salvage};
use crate::{DeviceIdentity, Network};
use core::net::Ipv4Addr;
use serde_json::{Map, Value};

/// Bytes of a command without its line end. The firmware's buffer holds 255 with the line end and silently starts
/// over when it is full.
pub const LONGEST_COMMAND: usize = 254;

/// Bytes of a network name, by the Wi-Fi standard.
const LONGEST_NAME: usize = 32;

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// The answer to `help`.
    Commands(Vec<String>),
    /// The answer to `devinfo`.
    Device(Box<DeviceIdentity>),
    /// First line of `wifi info`, `eth info`, or all of `wifi show`.
    Interface {
        mac: Option<String>,
        ip: Option<String>,
        /// Dialect B only.
        status: Option<String>,
        /// Dialect A only; empty text counts as absent.
        ssid: Option<String>,
        rssi: Option<i16>,
    },
    /// Last line of dialect B's `wifi info` after trouble, as a code of section 2.2.
    InterfaceError {
        code: u16,
        said: String,
    },
    Network(Network),
    NoNetworks,
    /// `connect` was understood.
    Trying,
    /// `connect` was not.
    ConnectRefused {
        said: String,
    },
    /// Dialect B's answer to a `connect` without arguments.
    ConnectUsage,
    CommandNotFound,
    /// A log line: the device's state changed.
    State {
        from: Option<State>,
        to: State,
    },
    /// A log line of dialect A.
    LastError(u16),
    /// A log line that names the cause of a failure that is about to be reported, or has been.
    Hint(Hint),
    /// The device started: a boot ROM's first words.
    Started,
    /// Another program answers on this port.
    Foreign,
    /// Nothing that this protocol knows: log noise, an echo, a banner.
    Other,
}

/// The device's states (section 5.3), the names of both dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Init,
    Idle,
    WaitConfig,
    Configuring,
    SwitchToSta,
    ConnectingNet,
    ConnectingCloud,
    Running,
    OtaUpgrade,
    ResetConfig,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// The cloud refused the token.
    TokenRefused,
    /// The firmware's own time limit for the network, or for the cloud, was over.
    NetworkTimeout,
    CloudTimeout,
    /// The access point was not seen.
    NetworkNotFound,
    /// The access point refused the password.
    PasswordRefused,
    /// `wifi add` did not take the values.
    NetworkDropped,
}

/// Reads one line without its end. Never fails: what is not known is [`Line::Other`].
pub fn decode(line: &[u8]) -> Line {
    let Ok(line) = std::str::from_utf8(line) else {
        // A scan row with a name in another encoding cannot be joined by name anyway.
        return Line::Other;
    };
    let line = without_colours(line);
    if let Some(network) = scan_row(&line) {
        return network;
    }
    let line = line.trim();
    if line.starts_with('{') {
        return salvage::object(line).map_or(Line::Other, |object| json(&object));
    }
    if let Some(interface) = interface(line) {
        return interface;
    }
    if let Some(reason) = line.strip_prefix("error: ") {
        let code = match reason.trim() {
            "NETWORK_NOT_FOUND" => codes::NETWORK_NOT_FOUND,
            "AUTH_FAILED" => codes::PASSWORD_REFUSED,
            "IP_NOT_ASSIGNED" => codes::NO_ADDRESS,
            // The firmware's own events call every other cause a timeout.
            _ => codes::NETWORK_TIMEOUT,
        };
        return Line::InterfaceError { code, said: reason.trim().to_owned() };
    }
    if let Some(commands) = commands(line) {
        return Line::Commands(commands);
    }
    match line {
        "Command not found." => return Line::CommandNotFound,
        "No networks" => return Line::NoNetworks,
        _ => {}
    }
    if line.starts_with("Trying to connect") {
        return Line::Trying;
    }
    if line.starts_with("Usage: connect") {
        return Line::ConnectUsage;
    }
    // Not every line that begins with "Error:": sketches log such lines, too.
    if let Some(said) = line.strip_prefix("Error: ").filter(|said| said.starts_with("invalid")) {
        return Line::ConnectRefused { said: said.to_owned() };
    }
    if ["MicroPython v", "Adafruit CircuitPython", "Traceback (most recent", "NameError: "]
        .iter()
        .any(|start| line.starts_with(start))
    {
        return Line::Foreign;
    }
    if ["ets ", "ESP-ROM:", "rst:0x"].iter().any(|start| line.starts_with(start)) {
        return Line::Started;
    }
    log(line)
}

/// The console prints none itself, but loggers of the platform may (ESP-IDF's).
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            if chars.next() == Some('[') {
                // Parameters end with a letter.
                chars.by_ref().find(char::is_ascii_alphabetic);
            }
        } else {
            plain.push(c);
        }
    }
    plain
}

/// `* Workshop 2G          [A4:2B:B0:01:02:03] WPA2 ch:6 rssi:-58`; the star marks the network in use, and dialect A
/// does not pad the name. A name with blanks is only certain up to the bracket.
fn scan_row(line: &str) -> Option<Line> {
    let (head, tail) = line.rsplit_once(" ch:")?;
    let (name, security) = head.rsplit_once("] ")?;
    let (name, bssid) = name.rsplit_once('[')?;
    let bssid = mac(bssid)?;
    let (channel, rssi) = tail.split_once(" rssi:")?;
    let name = name.strip_prefix(['*', ' ']).unwrap_or(name);
    let name = name.strip_prefix(' ').unwrap_or(name).trim_end();
    if name.is_empty() || name.len() > LONGEST_NAME {
        // Hidden, or glued to something else: of no use, but a row all the same.
        return Some(Line::Other);
    }
    Some(Line::Network(Network {
        ssid: name.to_owned(),
        bssid: Some(bssid),
        rssi: rssi.trim().parse().ok(),
        channel: channel.trim().parse().ok().filter(|channel| *channel > 0),
        security: codes::security_of(security),
    }))
}

/// Dialect B: `mac:… ip:… status:…`; dialect A: `mac:… ip:… (SSID [BSSID] -61dBm)`.
fn interface(line: &str) -> Option<Line> {
    let rest = line.strip_prefix("mac:")?;
    let (address, rest) = rest.split_once(" ip:")?;
    // Older cores print "(IP unset)".
    let rest = rest.strip_prefix("(IP unset)").unwrap_or(rest);
    let (ip, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let ip = ip.parse::<Ipv4Addr>().ok().filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string());
    let status = rest.trim().strip_prefix("status:").map(|status| status.trim().to_owned());
    let joined = rest.trim().strip_prefix('(').and_then(|rest| rest.rsplit_once(" ["));
    let ssid = joined.map(|(ssid, _)| ssid.to_owned()).filter(|ssid| !ssid.is_empty());
    let rssi = joined
        .and_then(|(_, tail)| tail.split_once("] ")?.1.strip_suffix("dBm)")?.parse().ok())
        .filter(|rssi| *rssi < 0);
    Some(Line::Interface { mac: mac(address), ip, status, ssid, rssi })
}

/// The list of `help`, wherever a firmware puts the words before it; recognised by what every Blynk console has.
fn commands(line: &str) -> Option<Vec<String>> {
    let list = line.rsplit_once(": ").map_or(line, |(_, list)| list);
    let words: Vec<String> = list
        .split(',')
        .map(|word| word.trim().to_ascii_lowercase())
        .filter(|word| !word.is_empty() && !word.contains(' '))
        .collect();
    let has = |command: &str| words.iter().any(|word| word == command);
    (has("devinfo") && has("connect")).then_some(words)
}

fn json(object: &Map<String, Value>) -> Line {
    let text = |key: &str| {
        object
            .get(key)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    if object.contains_key("tmpl_id") || object.contains_key("fw_ver") || object.contains_key("board") {
        return Line::Device(Box::new(DeviceIdentity {
            name: text("name"),
            board: text("board"),
            template: text("tmpl_id"),
            firmware_type: text("fw_type"),
            firmware_version: text("fw_ver"),
            vendor: text("vendor"),
            uid: text("uid"),
            ..DeviceIdentity::default()
        }));
    }
    match text("status").map(|status| status.to_ascii_lowercase()).as_deref() {
        Some("ok") => Line::Trying,
        Some(_) => Line::ConnectRefused { said: text("msg").unwrap_or_else(|| "error".to_owned()) },
        None => Line::Other,
    }
}

/// Log lines: after any number of `[…]` groups, or after a prefix of the platform's logger.
fn log(line: &str) -> Line {
    let mut text = line;
    while let Some((_, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        text = rest.trim_start();
    }
    if let Some((from, to)) = text.split_once(" => ")
        && let Some(to) = state(to)
    {
        // The platform's logger puts a function or a tag before the name.
        let from = from.rsplit(": ").next().and_then(state);
        return match from {
            Some(from) => Line::State { from: Some(from), to },
            None => Line::Other,
        };
    }
    if let Some(to) = text.strip_prefix("State: ").and_then(state) {
        return Line::State { from: None, to };
    }
    if let Some(code) = text.strip_prefix("Last error code: ") {
        return code.trim().parse().map_or(Line::Other, Line::LastError);
    }
    let text = text.rsplit("): ").next().unwrap_or(text);
    for (start, hint) in [
        ("Invalid auth token", Hint::TokenRefused),
        ("Network connection timeout", Hint::NetworkTimeout),
        ("Cloud connection timeout", Hint::CloudTimeout),
        ("Connecting failed: AP not found", Hint::NetworkNotFound),
        ("Connecting failed: Authentication failed", Hint::PasswordRefused),
        ("No ssid or ssid too long", Hint::NetworkDropped),
        ("Passphrase too long", Hint::NetworkDropped),
        ("Passphrase too short", Hint::NetworkDropped),
    ] {
        if text.starts_with(start) {
            return Line::Hint(hint);
        }
    }
    Line::Other
}

/// Dialect B writes blanks where dialect A writes underscores.
fn state(name: &str) -> Option<State> {
    Some(match name.trim().replace('_', " ").as_str() {
        "INIT" => State::Init,
        "IDLE" => State::Idle,
        "WAIT CONFIG" => State::WaitConfig,
        "CONFIGURING" => State::Configuring,
        "SWITCH TO STA" => State::SwitchToSta,
        "CONNECTING NET" => State::ConnectingNet,
        "CONNECTING CLOUD" => State::ConnectingCloud,
        "RUNNING" => State::Running,
        "OTA UPGRADE" => State::OtaUpgrade,
        "RESET CONFIG" => State::ResetConfig,
        "ERROR" => State::Error,
        _ => return None,
    })
}

fn mac(text: &str) -> Option<String> {
    let text = text.trim();
    let groups: Vec<&str> = text.split(':').collect();
    let fits = groups.len() == 6
        && groups.iter().all(|group| group.len() == 2 && group.bytes().all(|b| b.is_ascii_hexdigit()));
    (fits && text.bytes().any(|b| b != b'0' && b != b':')).then(|| text.to_ascii_uppercase())
}

/// One word of a command: the console knows no quotes, so blanks, backslashes, control characters and, to be safe,
/// all that is not ASCII go as escapes (section 5.2).
pub fn escape(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for byte in word.bytes() {
        match byte {
            b'\\' => escaped.push_str("\\\\"),
            0x21..=0x7e => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("\\x{byte:02X}")),
        }
    }
    escaped
}

/// A command of these words, each escaped; an empty word cannot be said and is left out. Without the line end.
pub fn command(words: &[&str]) -> String {
    words.iter().filter(|word| !word.is_empty()).map(|word| escape(word)).collect::<Vec<_>>().join(" ")
}
