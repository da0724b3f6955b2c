//! What Improv says, on both media: states, errors, RPC packets and their results. Reference: Improv Wi-Fi, sections 1.1 to 1.4.
//!
//! Not here: frames and checksums (`serial.rs`, `ble.rs`), and when to say what (`dialogue.rs`).

use crate::{Network, Security};

/// What the device is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Provisioning is not available now.
    Stopped,
    /// It waits for a person; BLE only.
    AuthorizationRequired,
    Ready,
    Provisioning,
    Provisioned,
}

impl State {
    /// `None` for a number that the standard does not know; such a state is to be ignored.
    pub fn from_byte(byte: u8) -> Option<State> {
        Some(match byte {
            0 => State::Stopped,
            1 => State::AuthorizationRequired,
            2 => State::Ready,
            3 => State::Provisioning,
            4 => State::Provisioned,
            _ => return None,
        })
    }

    pub fn byte(self) -> u8 {
        match self {
            State::Stopped => 0,
            State::AuthorizationRequired => 1,
            State::Ready => 2,
            State::Provisioning => 3,
            State::Provisioned => 4,
        }
    }
}

/// Why a command ended without a result. Errors carry no command id, so one command at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// Sent when a command begins; never its end.
    None,
    InvalidPacket,
    /// Also the honest answer to an optional command.
    UnknownCommand,
    /// Wrong password, no such network, Wi-Fi off or out of time: the standard does not tell them apart.
    UnableToConnect,
    NotAuthorized,
    BadHostname,
    /// 0xFF, and every number that the standard does not know.
    Unknown(u8),
}

impl ErrorCode {
    pub fn from_byte(byte: u8) -> ErrorCode {
        match byte {
            0 => ErrorCode::None,
            1 => ErrorCode::InvalidPacket,
            2 => ErrorCode::UnknownCommand,
            3 => ErrorCode::UnableToConnect,
            4 => ErrorCode::NotAuthorized,
            5 => ErrorCode::BadHostname,
            other => ErrorCode::Unknown(other),
        }
    }

    pub fn byte(self) -> u8 {
        match self {
            ErrorCode::None => 0,
            ErrorCode::InvalidPacket => 1,
            ErrorCode::UnknownCommand => 2,
            ErrorCode::UnableToConnect => 3,
            ErrorCode::NotAuthorized => 4,
            ErrorCode::BadHostname => 5,
            ErrorCode::Unknown(other) => other,
        }
    }

    pub fn words(self) -> String {
        match self {
            ErrorCode::None => "no error".to_owned(),
            ErrorCode::InvalidPacket => "invalid packet".to_owned(),
            ErrorCode::UnknownCommand => "unknown command".to_owned(),
            ErrorCode::UnableToConnect => "unable to connect".to_owned(),
            ErrorCode::NotAuthorized => "not authorized".to_owned(),
            ErrorCode::BadHostname => "bad hostname".to_owned(),
            ErrorCode::Unknown(code) => format!("error {code}"),
        }
    }
}

/// Ids of the standard's commands. `0x02` means two things: on BLE "identify", on serial "current state".
pub mod command {
    pub const WIFI_SETTINGS: u8 = 0x01;
    pub const IDENTIFY: u8 = 0x02;
    pub const CURRENT_STATE: u8 = 0x02;
    pub const DEVICE_INFO: u8 = 0x03;
    pub const SCAN: u8 = 0x04;
    pub const HOSTNAME: u8 = 0x05;
    pub const DEVICE_NAME: u8 = 0x06;
    /// Serial only.
    pub const NETWORK_STATE: u8 = 0x07;
}

/// Most bytes of a command's data. One more hangs devices with the C++ SDK up to 1.2.6 until their watchdog bites
/// (reference, section 2.3).
pub const MOST_DATA: usize = 253;

/// A command: its id and its data.
#[derive(Clone, PartialEq, Eq)]
pub struct Rpc {
    pub command: u8,
    pub data: Vec<u8>,
}

impl std::fmt::Debug for Rpc {
    /// The data may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rpc({:#04x}, {} bytes)", self.command, self.data.len())
    }
}

/// The data of a command would be longer than devices survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes of data; devices take at most {MOST_DATA}")]
pub struct TooLong {
    pub bytes: usize,
}

impl Rpc {
    pub fn plain(command: u8) -> Rpc {
        Rpc { command, data: Vec::new() }
    }

    /// Bare bytes as the data: the form of set hostname and set device name.
    pub fn with_text(command: u8, text: &str) -> Result<Rpc, TooLong> {
        Rpc::checked(command, text.as_bytes().to_vec())
    }

    /// Strings, each with its length byte: the form of Wi-Fi settings.
    pub fn with_strings(command: u8, strings: &[&str]) -> Result<Rpc, TooLong> {
        let mut data = Vec::new();
        for text in strings {
            let length = u8::try_from(text.len()).map_err(|_| TooLong { bytes: text.len() })?;
            data.push(length);
            data.extend_from_slice(text.as_bytes());
        }
        Rpc::checked(command, data)
    }

    fn checked(command: u8, data: Vec<u8>) -> Result<Rpc, TooLong> {
        if data.len() > MOST_DATA { Err(TooLong { bytes: data.len() }) } else { Ok(Rpc { command, data }) }
    }

    /// `third` is a string after the password, which devices with the C++ SDK ignore (reference, section 4 c).
    pub fn wifi_settings(ssid: &str, password: &str, third: Option<&str>) -> Result<Rpc, TooLong> {
        match third {
            None => Rpc::with_strings(command::WIFI_SETTINGS, &[ssid, password]),
            Some(third) => Rpc::with_strings(command::WIFI_SETTINGS, &[ssid, password, third]),
        }
    }

    /// Command, data length, data: the inside of a packet on both media.
    pub fn bytes(&self) -> Vec<u8> {
        let length = u8::try_from(self.data.len()).expect("the constructors keep the data below 256 bytes");
        let mut bytes = vec![self.command, length];
        bytes.extend_from_slice(&self.data);
        bytes
    }
}

/// The result of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub command: u8,
    pub strings: Vec<Vec<u8>>,
}

/// What cannot be a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Improv result")]
pub struct BadReply;

impl Reply {
    /// Reads command, length, strings. The inner length is trusted and reading stops there, so a spare byte behind it
    /// (C++ SDK 1.2.4 to 1.2.6 on serial) does no harm; a string that would run past it makes the result invalid.
    pub fn read(bytes: &[u8]) -> Result<Reply, BadReply> {
        let [command, length, rest @ ..] = bytes else { return Err(BadReply) };
        let mut data = rest.get(..usize::from(*length)).ok_or(BadReply)?;
        let mut strings = Vec::new();
        while let Some((&length, after)) = data.split_first() {
            let length = usize::from(length);
            strings.push(after.get(..length).ok_or(BadReply)?.to_vec());
            data = &after[length..];
        }
        Ok(Reply { command: *command, strings })
    }

    /// A string of the result as text that can be shown: no control characters, invalid UTF-8 replaced. `None` when
    /// it is missing or empty.
    pub fn text(&self, index: usize) -> Option<String> {
        let text = shown(self.strings.get(index)?);
        (!text.is_empty()).then_some(text)
    }
}

/// Bytes of a device as text that can be shown.
pub(crate) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

/// The address of a device's page, where a result holds one. Only `http` and `https` are pages.
pub fn page(reply: &Reply, index: usize) -> Option<String> {
    reply.text(index).filter(|url| url.starts_with("http://") || url.starts_with("https://"))
}

/// Networks of a scan result, three strings each. Serial says `YES` or `NO` in the third, BLE names the scheme.
/// Hidden networks, which some firmware calls `no_name`, and names that are no UTF-8 are left out.
pub fn networks(reply: &Reply) -> Vec<Network> {
    let mut networks = Vec::new();
    for entry in reply.strings.chunks_exact(3) {
        let Ok(ssid) = std::str::from_utf8(&entry[0]) else { continue };
        if ssid.is_empty() || ssid == "no_name" {
            continue;
        }
        networks.push(Network {
            ssid: ssid.to_owned(),
            bssid: None,
            rssi: shown(&entry[1]).parse().ok(),
            channel: None,
            security: security(&shown(&entry[2])),
        });
    }
    networks
}

fn security(word: &str) -> Security {
    match word {
        "NO" => Security::Open,
        "WEP" => Security::Wep,
        word if word.contains("EAP") && !word.split('/').any(|part| part == "WPA2" || part == "WPA") => {
            Security::Enterprise
        }
        word if word.contains("WPA") => Security::Personal,
        _ => Security::Other,
    }
}

/// Duplicates occur (one SSID on several access points): the strongest of each name stays, in order of strength.
pub fn without_duplicates(mut networks: Vec<Network>) -> Vec<Network> {
    networks.sort_by_key(|network| std::cmp::Reverse(network.rssi.unwrap_or(i16::MIN)));
    let mut seen = std::collections::BTreeSet::new();
    networks.retain(|network| seen.insert(network.ssid.clone()));
    networks
}

/// The device's own account of its interfaces (serial command 0x07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkFlags(pub u32);

impl NetworkFlags {
    /// The flags are a decimal number in text.
    pub fn read(reply: &Reply) -> Option<NetworkFlags> {
        (reply.command == command::NETWORK_STATE).then(|| reply.text(0)?.parse().ok().map(NetworkFlags))?
    }

    pub fn online(self) -> bool {
        self.0 & 1 != 0
    }

    pub fn wifi(self) -> bool {
        self.0 & 2 != 0
    }

    pub fn ethernet(self) -> bool {
        self.0 & 4 != 0
    }
}

/// The low byte of the sum: the checksum of both media.
pub fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}
