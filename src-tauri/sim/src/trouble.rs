//! Every knob of the simulation, by name and value, with a sentence about what it does.
//!
//! `--fault NAME=VALUE` maps straight to [`Trouble::set`] (devices) and [`CloudFaults::set`] (the cloud). What a knob
//! then changes stands where the behaviour is: `device/` and `cloud.rs`.

use crate::chance::Chance;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Whose knob it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Device,
    Cloud,
    /// The label printer.
    Printer,
}

/// One knob as it is listed for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knob {
    pub side: Side,
    pub name: &'static str,
    /// The values it takes; the first is the one without trouble.
    pub values: &'static str,
    pub what: &'static str,
}

const fn device(name: &'static str, values: &'static str, what: &'static str) -> Knob {
    Knob { side: Side::Device, name, values, what }
}

const fn printer(name: &'static str, values: &'static str, what: &'static str) -> Knob {
    Knob { side: Side::Printer, name, values, what }
}

const fn cloud(name: &'static str, values: &'static str, what: &'static str) -> Knob {
    Knob { side: Side::Cloud, name, values, what }
}

/// All knobs. `WHEN` is `always`, `once`, `first:N`, `nth:N`, `every:N` or `P%`, with `@CALL` behind it for one call
/// only (`lost=10%@reserve`); without it, every call of the Platform API is meant, but not `sign-in` and `check-in`.
pub const KNOBS: &[Knob] = &[
    device(
        "outcome",
        "ok|wrong-password|missing-ssid|no-ip|5ghz|net-timeout|cloud-timeout|bad-token|store-failure|never-checks-in|checks-in-then-drops|700|701|702|703|704|705|710|711|712|720|721|722|723|730|731|732",
        "how joining ends, whatever the network is like; a number: with this code of the device",
    ),
    device("reason", "named|timeout", "timeout: network trouble is reported as 701 without its cause"),
    device("scale", "1|FACTOR", "factor on all waiting times of the device; 0: at once"),
    device("slow", "0|MS", "milliseconds before each thing it says"),
    device("mute", "no|yes", "never says anything"),
    device(
        "drop",
        "never|open|info|ifs|scan|set|connect|connecting|network-up|connected",
        "the link is lost at this point",
    ),
    device("drop-chance", "0%|P%", "each command loses the link with this probability"),
    device("return", "2000|MS|never", "milliseconds after a lost link until the device is back in sight"),
    device("open", "ok|refused|busy|denied|hang", "what opening the link meets"),
    device("mtu", "247|23..517", "ATT payload limit that the two sides agree on (BLE)"),
    device("window", "0|SECONDS", "configuration window; then it no longer advertises; 0: stays open"),
    device("name-late", "0|MS", "milliseconds until its name is seen after it came (BLE)"),
    device("advert", "whole|bare", "bare: it shows no services, as one that the system remembers may (BLE)"),
    device("cable", "none|unplugged|ready", "an Ethernet socket: none, without cable, or connected already"),
    device("wifi", "yes|none", "none: it has no Wi-Fi"),
    device("place", "workshop|anywhere", "anywhere: networks that the workshop has not got let it in too"),
    device("vanish", "never|MS", "milliseconds after a successful check-in until the device goes dark (BLE)"),
    device("logs", "some|none|heavy", "log lines in the middle of everything (consoles)"),
    device(
        "state-logs",
        "named|arrows|none",
        "how state changes are logged (consoles): `State: X`, `X => Y`",
    ),
    device("echo", "yes|no", "whether typed characters come back (consoles)"),
    device("reset-on-open", "no|yes", "whether opening the port restarts the board (consoles)"),
    device("carrier", "none|third-string|vendor:ID", "how a token reaches it (Improv)"),
    device(
        "button",
        "none|needed|MS",
        "needed: it waits for its button to be pressed, which somebody does after MS (Improv over BLE)",
    ),
    device("info", "yes|refused", "refused: it does not tell who it is (Improv)"),
    device("deaf", "0|MS", "milliseconds after opening until it hears (Improv on serial)"),
    device("early-error", "no|yes", "it reports an error and goes on trying (Improv)"),
    device("restart", "no|middle", "middle: it restarts while it joins and says no more (Improv on serial)"),
    device("order", "state-first|result-first", "how a success is told (Improv)"),
    device("pages", "1|0|2", "page addresses in its result (Improv)"),
    device("spare-zero", "yes|no", "results with a byte too many (Improv on serial)"),
    device(
        "security",
        "1|1-no-pop|0|2|2-old",
        "security scheme; 1-no-pop: it asks for no proof; 2-old: its nonces do not count (Espressif)",
    ),
    device("endpoint", "yes|none", "none: it has no endpoint for a token (Espressif)"),
    device(
        "token-form",
        "raw|json",
        "what it takes there: the token alone, or token and host as JSON (Espressif)",
    ),
    device("hangs-up", "no|yes", "yes: it closes the link on a wrong proof (Espressif on BLE)"),
    device("reset", "yes|none", "none: a failed attempt cannot be reset (Espressif)"),
    device(
        "power",
        "kept|lost",
        "lost: a device whose link is lost starts anew when it comes back (consoles)",
    ),
    device("built-in-server", "this|other", "the server that is compiled in (consoles told no host)"),
    device("pieces", "whole|BYTES", "cuts what it says into pieces of this many bytes (consoles)"),
    cloud("lost", "WHEN[@CALL]", "the call is carried out and its answer lost"),
    cloud("cut", "WHEN[@CALL]", "the call is carried out and its answer cut off in the middle"),
    cloud("huge", "WHEN[@CALL]", "the answer is 64 MB of blanks"),
    cloud("not-json", "WHEN[@CALL]", "the answer is a page for people"),
    cloud("status-400", "WHEN[@CALL]", "refused as malformed"),
    cloud("status-401", "WHEN[@CALL]", "the access token is not accepted"),
    cloud("status-403", "WHEN[@CALL]", "a permission is missing"),
    cloud("status-404", "WHEN[@CALL]", "not found"),
    cloud("status-429", "WHEN[@CALL]", "too many requests; see retry-after"),
    cloud("status-500", "WHEN[@CALL]", "a fault of the cloud, nothing done"),
    cloud("status-503", "WHEN[@CALL]", "the cloud is unavailable, nothing done"),
    cloud("status-502-after", "WHEN[@CALL]", "a gateway says 502 although the call was carried out"),
    cloud("wrong-region", "WHEN[@CALL]", "308 to the place that redirect-to names"),
    cloud("redirect-to", "URL", "base URL of the right region for wrong-region"),
    cloud("scope", "on|off", "off: the client may sign in but not use the Platform API (403)"),
    cloud("retry-after", "none|SECONDS", "Retry-After of a 429"),
    cloud("rate-limit", "none|N", "requests a minute; more get 429"),
    cloud("slow", "0|MS", "milliseconds before every answer"),
    cloud("device-limit", "none|N", "devices that the plan allows"),
    cloud("token-life", "604800|SECONDS", "life of a token that no device has used"),
    cloud("sign-in-life", "86400|SECONDS", "life of an access token"),
    cloud("record", "at-check-in|at-once", "when the record of a reserved device appears"),
    cloud("old-token", "dies-at-once|dies-at-use", "when a renewed device's old token stops working"),
    cloud("unknown-template", "first|refused", "what a device of an unknown template becomes"),
    cloud("clock", "0|±MS", "how far the cloud's clock is ahead of this computer's"),
    cloud("reconfigure", "says|silent", "silent: deviceIsOffline is left out of the answer"),
    printer("paper", "endless|N", "labels until the roll is empty"),
    printer("online", "yes|no", "no: it does not answer"),
    printer("head", "closed|open", "open: somebody left its lid open"),
    printer("paused", "no|yes", "yes: somebody pressed pause"),
    printer(
        "breaks",
        "never|N",
        "the connection breaks in the middle of this label, counted from now; it comes out all the same",
    ),
];

impl Knob {
    /// The value without trouble. Mishaps of the cloud list when they may strike; their usual value is `never`.
    pub fn usual(&self) -> &'static str {
        if self.values.starts_with("WHEN") {
            return "never";
        }
        match self.values.split('|').next() {
            Some("URL") | None => "",
            Some(first) => first,
        }
    }

    /// The values that can be written as they stand, without those that name a kind (`MS`, `P%`).
    fn literals(&self) -> impl Iterator<Item = &'static str> {
        self.values.split('|').filter(|value| !value.contains(|c: char| c.is_ascii_uppercase() || c == '±'))
    }
}

/// The knobs of one side.
pub fn knobs(side: Side) -> impl Iterator<Item = &'static Knob> {
    KNOBS.iter().filter(move |knob| knob.side == side)
}

/// The names of each side's knobs, as the window's types are named.
pub fn unions() -> [(&'static str, Vec<&'static str>); 3] {
    [("DeviceKnob", Side::Device), ("CloudKnob", Side::Cloud), ("PrinterKnob", Side::Printer)]
        .map(|(name, side)| (name, knobs(side).map(|knob| knob.name).collect()))
}

/// A knob was turned that is not there, or to a place it has not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KnobError {
    #[error("write a fault as NAME=VALUE, not `{given}`")]
    Shape { given: String },
    #[error("no fault is named `{name}`{}; there are: {known}", .near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
    UnknownName { name: String, near: Option<&'static str>, known: String },
    #[error("`{value}` is no value of the fault `{name}`; it takes {takes}")]
    UnknownValue { name: String, value: String, takes: &'static str },
}

/// Splits `NAME=VALUE`.
pub fn parse_pair(text: &str) -> Result<(&str, &str), KnobError> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.trim(), value.trim())),
        _ => Err(KnobError::Shape { given: text.to_owned() }),
    }
}

pub(crate) fn find(side: Side, name: &str) -> Result<&'static Knob, KnobError> {
    if let Some(knob) = knobs(side).find(|knob| knob.name == name) {
        return Ok(knob);
    }
    let known = knobs(side).map(|knob| knob.name).collect::<Vec<_>>().join(", ");
    let near = knobs(side).map(|knob| knob.name).find(|known| {
        let (name, known) = (name.to_ascii_lowercase().replace('_', "-"), *known);
        !name.is_empty() && (known.starts_with(&name) || name.starts_with(known) || known.ends_with(&name))
    });
    Err(KnobError::UnknownName { name: name.to_owned(), near, known })
}

/// How joining ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JoinOutcome {
    /// As the world is: right network, right password, a token that the cloud knows.
    #[default]
    AsItIs,
    WrongPassword,
    MissingSsid,
    NoAddress,
    FiveGhz,
    NetworkTimeout,
    CloudTimeout,
    BadToken,
    StoreFailure,
    NeverChecksIn,
    ChecksInThenDrops,
    /// Every code of the table (section 2.2), in the phase that it belongs to.
    Code(u16),
}

/// Where a link is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropPoint {
    Open,
    Info,
    Ifs,
    Scan,
    Set,
    Connect,
    Connecting,
    NetworkUp,
    Connected,
}

/// What opening the link meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenOutcome {
    #[default]
    Fine,
    Refused,
    Busy,
    Denied,
    Hang,
}

/// An Ethernet socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cable {
    #[default]
    NoSocket,
    Unplugged,
    Ready,
}

/// How talkative a console is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Logs {
    #[default]
    Some,
    None,
    Heavy,
}

/// How a console tells that its state changed (section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StateLogs {
    #[default]
    Named,
    Arrows,
    None,
}

/// How a token reaches an Improv device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Carrier {
    #[default]
    None,
    ThirdString,
    Vendor(u8),
}

/// Whether a person has to allow it on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Button {
    #[default]
    None,
    /// Pressed only when somebody does.
    Needed,
    /// Pressed this long after a link opened.
    Pressed(Duration),
}

/// What an Espressif application takes at its endpoint for the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenForm {
    #[default]
    Raw,
    /// `{"token":…,"host":…}`, answered with `{"status":"ok"}` or `{"status":"bad"}`.
    Json,
}

/// Espressif's security schemes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecurityScheme {
    Zero,
    #[default]
    One,
    /// Without a proof of possession.
    OneOpen,
    Two,
    /// With one nonce for all messages.
    TwoOld,
}

/// All knobs of one device. The default is a device without trouble.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    pub outcome: JoinOutcome,
    /// Network trouble is told as 701 without its cause.
    pub reason_hidden: bool,
    pub scale: f64,
    pub slow: Duration,
    pub mute: bool,
    pub drop: Option<DropPoint>,
    /// 0 to 1.
    pub drop_chance: f64,
    /// `None`: never comes back.
    pub comes_back: Option<Duration>,
    pub open: OpenOutcome,
    pub mtu: u16,
    /// `None`: stays open.
    pub window: Option<Duration>,
    pub name_late: Duration,
    pub bare_advert: bool,
    pub cable: Cable,
    pub has_wifi: bool,
    /// Whether networks that the place has not got let it in too; `None`: as suits where it lives.
    pub foreign_networks: Option<bool>,
    pub vanish: Option<Duration>,
    pub logs: Logs,
    pub state_logs: StateLogs,
    pub echo: bool,
    pub reset_on_open: bool,
    pub carrier: Carrier,
    pub button: Button,
    pub info_refused: bool,
    pub deaf: Duration,
    pub early_error: bool,
    pub restarts: bool,
    pub result_first: bool,
    pub pages: u8,
    pub spare_zero: bool,
    pub security: SecurityScheme,
    pub has_endpoint: bool,
    pub token_form: TokenForm,
    pub hangs_up: bool,
    pub has_reset: bool,
    pub power_lost: bool,
    pub built_in_server_other: bool,
    /// `None`: whole.
    pub pieces: Option<usize>,
}

impl Default for Trouble {
    fn default() -> Trouble {
        Trouble {
            outcome: JoinOutcome::AsItIs,
            reason_hidden: false,
            scale: 1.0,
            slow: Duration::ZERO,
            mute: false,
            drop: None,
            drop_chance: 0.0,
            comes_back: Some(Duration::from_secs(2)),
            open: OpenOutcome::Fine,
            mtu: 247,
            window: None,
            name_late: Duration::ZERO,
            bare_advert: false,
            cable: Cable::NoSocket,
            has_wifi: true,
            foreign_networks: None,
            vanish: None,
            logs: Logs::Some,
            state_logs: StateLogs::Named,
            echo: true,
            reset_on_open: false,
            carrier: Carrier::None,
            button: Button::None,
            info_refused: false,
            deaf: Duration::ZERO,
            early_error: false,
            restarts: false,
            result_first: false,
            pages: 1,
            spare_zero: true,
            security: SecurityScheme::One,
            has_endpoint: true,
            token_form: TokenForm::Raw,
            hangs_up: false,
            has_reset: true,
            power_lost: false,
            built_in_server_other: false,
            pieces: None,
        }
    }
}

impl Trouble {
    /// The trouble that these `NAME=VALUE` pairs make.
    pub fn of<'a>(pairs: impl IntoIterator<Item = &'a str>) -> Result<Trouble, KnobError> {
        let mut trouble = Trouble::default();
        for pair in pairs {
            let (name, value) = parse_pair(pair)?;
            trouble.set(name, value)?;
        }
        Ok(trouble)
    }

    /// Turns one knob.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), KnobError> {
        let knob = find(Side::Device, name)?;
        self.turn(name, value).ok_or_else(|| refused(knob, value))
    }

    fn turn(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "outcome" => {
                self.outcome = match value {
                    "ok" => JoinOutcome::AsItIs,
                    "wrong-password" => JoinOutcome::WrongPassword,
                    "missing-ssid" => JoinOutcome::MissingSsid,
                    "no-ip" => JoinOutcome::NoAddress,
                    "5ghz" => JoinOutcome::FiveGhz,
                    "net-timeout" => JoinOutcome::NetworkTimeout,
                    "cloud-timeout" => JoinOutcome::CloudTimeout,
                    "bad-token" => JoinOutcome::BadToken,
                    "store-failure" => JoinOutcome::StoreFailure,
                    "never-checks-in" => JoinOutcome::NeverChecksIn,
                    "checks-in-then-drops" => JoinOutcome::ChecksInThenDrops,
                    code if find(Side::Device, name).ok()?.literals().any(|known| known == code) => {
                        JoinOutcome::Code(code.parse().ok()?)
                    }
                    _ => return None,
                }
            }
            "reason" => self.reason_hidden = either(value, "timeout", "named")?,
            "scale" => self.scale = factor(value)?,
            "slow" => self.slow = milliseconds(value)?,
            "mute" => self.mute = either(value, "yes", "no")?,
            "drop" => {
                self.drop = match value {
                    "never" => None,
                    "open" => Some(DropPoint::Open),
                    "info" => Some(DropPoint::Info),
                    "ifs" => Some(DropPoint::Ifs),
                    "scan" => Some(DropPoint::Scan),
                    "set" => Some(DropPoint::Set),
                    "connect" => Some(DropPoint::Connect),
                    "connecting" => Some(DropPoint::Connecting),
                    "network-up" => Some(DropPoint::NetworkUp),
                    "connected" => Some(DropPoint::Connected),
                    _ => return None,
                }
            }
            "drop-chance" => self.drop_chance = percent(value)?,
            "return" => self.comes_back = if value == "never" { None } else { Some(milliseconds(value)?) },
            "open" => {
                self.open = match value {
                    "ok" => OpenOutcome::Fine,
                    "refused" => OpenOutcome::Refused,
                    "busy" => OpenOutcome::Busy,
                    "denied" => OpenOutcome::Denied,
                    "hang" => OpenOutcome::Hang,
                    _ => return None,
                }
            }
            "mtu" => self.mtu = value.parse().ok().filter(|mtu| (23..=517).contains(mtu))?,
            "window" => {
                let seconds: u64 = value.parse().ok()?;
                self.window = (seconds > 0).then(|| Duration::from_secs(seconds));
            }
            "name-late" => self.name_late = milliseconds(value)?,
            "advert" => {
                self.bare_advert = match value {
                    "whole" => false,
                    "bare" => true,
                    _ => return None,
                }
            }
            "cable" => {
                self.cable = match value {
                    "none" => Cable::NoSocket,
                    "unplugged" => Cable::Unplugged,
                    "ready" => Cable::Ready,
                    _ => return None,
                }
            }
            "place" => self.foreign_networks = Some(either(value, "anywhere", "workshop")?),
            "wifi" => self.has_wifi = either(value, "yes", "none")?,
            "vanish" => self.vanish = if value == "never" { None } else { Some(milliseconds(value)?) },
            "logs" => {
                self.logs = match value {
                    "some" => Logs::Some,
                    "none" => Logs::None,
                    "heavy" => Logs::Heavy,
                    _ => return None,
                }
            }
            "state-logs" => {
                self.state_logs = match value {
                    "named" => StateLogs::Named,
                    "arrows" => StateLogs::Arrows,
                    "none" => StateLogs::None,
                    _ => return None,
                }
            }
            "carrier" => {
                self.carrier = match value {
                    "none" => Carrier::None,
                    "third-string" => Carrier::ThirdString,
                    vendor => Carrier::Vendor(vendor_id(vendor)?),
                }
            }
            "button" => {
                self.button = match value {
                    "none" => Button::None,
                    "needed" => Button::Needed,
                    after => Button::Pressed(milliseconds(after)?),
                }
            }
            "info" => self.info_refused = either(value, "refused", "yes")?,
            "deaf" => self.deaf = milliseconds(value)?,
            "early-error" => self.early_error = either(value, "yes", "no")?,
            "restart" => self.restarts = either(value, "middle", "no")?,
            "order" => self.result_first = either(value, "result-first", "state-first")?,
            "pages" => self.pages = value.parse().ok().filter(|pages| *pages <= 2)?,
            "spare-zero" => self.spare_zero = either(value, "yes", "no")?,
            "security" => {
                self.security = match value {
                    "0" => SecurityScheme::Zero,
                    "1" => SecurityScheme::One,
                    "1-no-pop" => SecurityScheme::OneOpen,
                    "2" => SecurityScheme::Two,
                    "2-old" => SecurityScheme::TwoOld,
                    _ => return None,
                }
            }
            "endpoint" => self.has_endpoint = either(value, "yes", "none")?,
            "token-form" => {
                self.token_form = match value {
                    "raw" => TokenForm::Raw,
                    "json" => TokenForm::Json,
                    _ => return None,
                }
            }
            "hangs-up" => self.hangs_up = either(value, "yes", "no")?,
            "reset" => self.has_reset = either(value, "yes", "none")?,
            "power" => self.power_lost = either(value, "lost", "kept")?,
            "built-in-server" => self.built_in_server_other = either(value, "other", "this")?,
            "echo" => self.echo = either(value, "yes", "no")?,
            "reset-on-open" => self.reset_on_open = either(value, "yes", "no")?,
            "pieces" => {
                self.pieces = match value {
                    "whole" => None,
                    bytes => Some(bytes.parse().ok().filter(|bytes| *bytes > 0)?),
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// How a knob stands, as [`Trouble::set`] would take it; empty for a knob that is not there.
    pub fn value(&self, name: &str) -> String {
        let Ok(knob) = find(Side::Device, name) else { return String::new() };
        // A knob stands where turning it changes nothing.
        let stands = |value: &&str| {
            let mut turned = self.clone();
            turned.turn(name, value).is_some() && turned == *self
        };
        if let Some(value) = knob.literals().find(stands) {
            return value.to_owned();
        }
        let ms = |time: Duration| time.as_millis().to_string();
        match name {
            "scale" => self.scale.to_string(),
            "slow" => ms(self.slow),
            "drop-chance" => format!("{}%", self.drop_chance * 100.0),
            "return" => self.comes_back.map_or("never".to_owned(), ms),
            "mtu" => self.mtu.to_string(),
            "window" => self.window.map_or(0, |time| time.as_secs()).to_string(),
            "name-late" => ms(self.name_late),
            "vanish" => self.vanish.map_or("never".to_owned(), ms),
            "deaf" => ms(self.deaf),
            "carrier" => match self.carrier {
                Carrier::Vendor(id) => format!("vendor:{id}"),
                Carrier::None | Carrier::ThirdString => String::new(),
            },
            "button" => match self.button {
                Button::Pressed(after) => ms(after),
                Button::None | Button::Needed => String::new(),
            },
            "pieces" => self.pieces.map_or("whole".to_owned(), |bytes| bytes.to_string()),
            // Nobody has turned it: it is as the device's place is.
            _ => knob.usual().to_owned(),
        }
    }

    /// A waiting time of the device, scaled.
    pub fn scaled(&self, time: Duration) -> Duration {
        time.mul_f64(self.scale)
    }
}

pub(crate) fn refused(knob: &'static Knob, value: &str) -> KnobError {
    KnobError::UnknownValue { name: knob.name.to_owned(), value: value.to_owned(), takes: knob.values }
}

pub(crate) fn either(value: &str, yes: &str, no: &str) -> Option<bool> {
    match value {
        _ if value == yes => Some(true),
        _ if value == no => Some(false),
        _ => None,
    }
}

fn milliseconds(value: &str) -> Option<Duration> {
    value.parse().ok().map(Duration::from_millis)
}

/// `vendor:ID`, decimal or with `0x`.
fn vendor_id(value: &str) -> Option<u8> {
    let id = value.strip_prefix("vendor:")?;
    match id.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => id.parse().ok(),
    }
}

/// `P%` as a probability.
fn percent(value: &str) -> Option<f64> {
    let percent: f64 = value.strip_suffix('%')?.parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

fn factor(value: &str) -> Option<f64> {
    value.parse().ok().filter(|factor: &f64| factor.is_finite() && *factor >= 0.0 && *factor <= 1000.0)
}

/// A kind of mishap of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    Lost,
    Cut,
    Huge,
    NotJson,
    Status(u16),
    /// 502 after the call was carried out.
    GatewayAfter,
    WrongRegion,
}

impl Mishap {
    /// The mishap that a knob of the cloud makes; `None`: it makes none.
    fn of(name: &str) -> Option<Mishap> {
        match name {
            "lost" => Some(Mishap::Lost),
            "cut" => Some(Mishap::Cut),
            "huge" => Some(Mishap::Huge),
            "not-json" => Some(Mishap::NotJson),
            "status-502-after" => Some(Mishap::GatewayAfter),
            "wrong-region" => Some(Mishap::WrongRegion),
            _ => name.strip_prefix("status-").and_then(|code| code.parse().ok()).map(Mishap::Status),
        }
    }
}

/// When a mishap strikes.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    Always,
    First(u32),
    Nth(u32),
    Every(u32),
    Probability(f64),
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Always => f.write_str("always"),
            When::First(1) => f.write_str("once"),
            When::First(n) => write!(f, "first:{n}"),
            When::Nth(n) => write!(f, "nth:{n}"),
            When::Every(n) => write!(f, "every:{n}"),
            When::Probability(p) => write!(f, "{}%", p * 100.0),
        }
    }
}

impl When {
    fn parse(text: &str) -> Option<When> {
        let count = |text: &str| text.parse::<u32>().ok().filter(|count| *count > 0);
        Some(match text {
            "always" => When::Always,
            "once" => When::First(1),
            _ => match text.split_once(':') {
                Some(("first", n)) => When::First(count(n)?),
                Some(("nth", n)) => When::Nth(count(n)?),
                Some(("every", n)) => When::Every(count(n)?),
                Some(_) => return None,
                None => When::Probability(percent(text)?),
            },
        })
    }
}

/// A mishap with its occasion.
#[derive(Debug, Clone, PartialEq)]
pub struct Occasion {
    pub mishap: Mishap,
    pub when: When,
    /// Name of one call; `None`: any call of the Platform API.
    pub call: Option<String>,
    seen: u32,
}

impl Occasion {
    fn strikes(&mut self, call: crate::cloud::Call, chance: &mut Chance) -> bool {
        let concerns = match self.call.as_deref() {
            Some(only) => only == call.name(),
            None => call.is_platform(),
        };
        if !concerns {
            return false;
        }
        self.seen += 1;
        match self.when {
            When::Always => true,
            When::First(n) => self.seen <= n,
            When::Nth(n) => self.seen == n,
            When::Every(n) => self.seen.is_multiple_of(n),
            When::Probability(p) => chance.strikes(p),
        }
    }
}

/// All knobs of the cloud. The default is a cloud without trouble.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudFaults {
    pub occasions: Vec<Occasion>,
    pub redirect_to: Option<String>,
    pub scope_off: bool,
    pub retry_after: Option<u64>,
    pub rate_limit: Option<u32>,
    pub slow: Duration,
    pub device_limit: Option<u32>,
    pub token_life: Duration,
    pub sign_in_life: Duration,
    pub record_at_once: bool,
    pub old_token_dies_at_use: bool,
    pub unknown_template_refused: bool,
    /// Milliseconds that the cloud's clock is ahead.
    pub clock_ms: i64,
    pub reconfigure_silent: bool,
}

impl Default for CloudFaults {
    fn default() -> CloudFaults {
        CloudFaults {
            occasions: Vec::new(),
            redirect_to: None,
            scope_off: false,
            retry_after: None,
            rate_limit: None,
            slow: Duration::ZERO,
            device_limit: None,
            token_life: Duration::from_secs(7 * 24 * 3600),
            sign_in_life: Duration::from_secs(86_400),
            record_at_once: false,
            old_token_dies_at_use: false,
            unknown_template_refused: false,
            clock_ms: 0,
            reconfigure_silent: false,
        }
    }
}

impl CloudFaults {
    /// The faults that these `NAME=VALUE` pairs make.
    pub fn of<'a>(pairs: impl IntoIterator<Item = &'a str>) -> Result<CloudFaults, KnobError> {
        let mut faults = CloudFaults::default();
        for pair in pairs {
            let (name, value) = parse_pair(pair)?;
            faults.set(name, value)?;
        }
        Ok(faults)
    }

    /// Turns one knob. A knob with `WHEN` adds an occasion each time; `never` takes its occasions away.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), KnobError> {
        let knob = find(Side::Cloud, name)?;
        self.turn(name, value).ok_or_else(|| refused(knob, value))
    }

    fn turn(&mut self, name: &str, value: &str) -> Option<()> {
        if let Some(mishap) = Mishap::of(name) {
            if value == "never" {
                self.occasions.retain(|occasion| occasion.mishap != mishap);
                return Some(());
            }
            let (when, call) = match value.split_once('@') {
                Some((when, call)) => (when, Some(call)),
                None => (value, None),
            };
            if let Some(call) = call
                && !crate::cloud::Call::ALL.iter().any(|known| known.name() == call)
            {
                return None;
            }
            let when = When::parse(when)?;
            self.occasions.push(Occasion { mishap, when, call: call.map(str::to_owned), seen: 0 });
            return Some(());
        }
        let seconds = |value: &str| value.parse().ok().map(Duration::from_secs);
        match name {
            "redirect-to" => self.redirect_to = Some(value.trim_end_matches('/').to_owned()),
            "scope" => self.scope_off = either(value, "off", "on")?,
            "retry-after" => {
                self.retry_after = if value == "none" { None } else { Some(value.parse().ok()?) }
            }
            "slow" => self.slow = milliseconds(value)?,
            "rate-limit" => self.rate_limit = if value == "none" { None } else { Some(value.parse().ok()?) },
            "device-limit" => {
                self.device_limit = if value == "none" { None } else { Some(value.parse().ok()?) }
            }
            "token-life" => self.token_life = seconds(value)?,
            "sign-in-life" => self.sign_in_life = seconds(value)?,
            "record" => self.record_at_once = either(value, "at-once", "at-check-in")?,
            "old-token" => self.old_token_dies_at_use = either(value, "dies-at-use", "dies-at-once")?,
            "unknown-template" => self.unknown_template_refused = either(value, "refused", "first")?,
            "clock" => self.clock_ms = value.parse().ok()?,
            "reconfigure" => self.reconfigure_silent = either(value, "silent", "says")?,
            _ => return None,
        }
        Some(())
    }

    /// How a knob stands, as [`CloudFaults::set`] would take it; of several occasions of one mishap the last. Empty for a
    /// knob that is not there.
    pub fn value(&self, name: &str) -> String {
        if let Some(mishap) = Mishap::of(name) {
            let occasion = self.occasions.iter().rev().find(|occasion| occasion.mishap == mishap);
            return match occasion {
                None => "never".to_owned(),
                Some(Occasion { when, call: None, .. }) => when.to_string(),
                Some(Occasion { when, call: Some(call), .. }) => format!("{when}@{call}"),
            };
        }
        let count = |value: Option<u64>| value.map_or("none".to_owned(), |value| value.to_string());
        let either = |is: bool, yes: &str, no: &str| if is { yes } else { no }.to_owned();
        match name {
            "redirect-to" => self.redirect_to.clone().unwrap_or_default(),
            "scope" => either(self.scope_off, "off", "on"),
            "retry-after" => count(self.retry_after),
            "slow" => self.slow.as_millis().to_string(),
            "rate-limit" => count(self.rate_limit.map(u64::from)),
            "device-limit" => count(self.device_limit.map(u64::from)),
            "token-life" => self.token_life.as_secs().to_string(),
            "sign-in-life" => self.sign_in_life.as_secs().to_string(),
            "record" => either(self.record_at_once, "at-once", "at-check-in"),
            "old-token" => either(self.old_token_dies_at_use, "dies-at-use", "dies-at-once"),
            "unknown-template" => either(self.unknown_template_refused, "refused", "first"),
            "clock" => self.clock_ms.to_string(),
            "reconfigure" => either(self.reconfigure_silent, "silent", "says"),
            _ => String::new(),
        }
    }

    /// The mishap of this call, if one strikes. Each occasion counts the calls that concern it.
    pub(crate) fn strike(&mut self, call: crate::cloud::Call, chance: &mut Chance) -> Option<Mishap> {
        let mut struck = None;
        for occasion in &mut self.occasions {
            if occasion.strikes(call, chance) && struck.is_none() {
                struck = Some(occasion.mishap);
            }
        }
        struck
    }
}

/// A name with its number of uses, for reports.
pub type Counts = BTreeMap<&'static str, u32>;

#[cfg(test)]
mod tests {
    use super::*;

    /// One value for each way of writing one.
    fn samples(knob: &Knob) -> Vec<String> {
        let written = |value: &str| match value {
            "FACTOR" => "0.5".to_owned(),
            "MS" | "N" | "SECONDS" | "BYTES" => "42".to_owned(),
            "±MS" => "-42".to_owned(),
            "P%" => "25%".to_owned(),
            "23..517" => "100".to_owned(),
            "vendor:ID" => "vendor:7".to_owned(),
            "URL" => "http://127.0.0.1:1".to_owned(),
            literal => literal.to_owned(),
        };
        if knob.values.starts_with("WHEN") {
            let when = ["never", "always", "once", "first:3", "nth:2", "every:5", "25%", "always@reserve"];
            return when.map(str::to_owned).to_vec();
        }
        knob.values.split('|').map(written).collect()
    }

    #[test]
    fn every_knob_of_a_device_tells_how_it_was_set() {
        for knob in knobs(Side::Device) {
            assert_eq!(Trouble::default().value(knob.name), knob.usual(), "{}", knob.name);
            for value in samples(knob) {
                let mut trouble = Trouble::default();
                trouble.set(knob.name, &value).expect("a value that it takes");
                assert_eq!(trouble.value(knob.name), value, "{}", knob.name);
            }
        }
    }

    #[test]
    fn every_knob_of_the_cloud_tells_how_it_was_set() {
        for knob in knobs(Side::Cloud) {
            assert_eq!(CloudFaults::default().value(knob.name), knob.usual(), "{}", knob.name);
            for value in samples(knob) {
                let mut faults = CloudFaults::default();
                faults.set(knob.name, &value).expect("a value that it takes");
                assert_eq!(faults.value(knob.name), value, "{}", knob.name);
            }
        }
    }
}
