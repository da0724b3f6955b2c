//! The protobuf bodies of Espressif's endpoints, and the questions made of them. Reference: section 3.
//!
//! Field numbers are those of `wifi_provisioning` and `network_provisioning` alike. Enumerations are plain numbers here,
//! since a number that we do not know must be shown, not refused. Encryption is not here (`security.rs`).

use crate::{Network, Security};
use prost::Message;

/// The schemas; each field's tag is its number in the reference.
pub mod schema {
    use prost::{Message, Oneof};

    #[derive(Clone, PartialEq, Message)]
    pub struct Empty {}

    #[derive(Clone, PartialEq, Message)]
    pub struct OnlyStatus {
        #[prost(int32, tag = "1")]
        pub status: i32,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct SessionData {
        #[prost(int32, tag = "2")]
        pub sec_ver: i32,
        #[prost(oneof = "Proto", tags = "10, 11, 12")]
        pub proto: Option<Proto>,
    }

    #[derive(Clone, PartialEq, Oneof)]
    pub enum Proto {
        #[prost(message, tag = "10")]
        Sec0(Sec0Payload),
        #[prost(message, tag = "11")]
        Sec1(Sec1Payload),
        #[prost(message, tag = "12")]
        Sec2(Sec2Payload),
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Sec0Payload {
        #[prost(int32, tag = "1")]
        pub msg: i32,
        #[prost(oneof = "Sec0", tags = "20, 21")]
        pub payload: Option<Sec0>,
    }

    #[derive(Clone, PartialEq, Oneof)]
    pub enum Sec0 {
        #[prost(message, tag = "20")]
        Command(Empty),
        #[prost(message, tag = "21")]
        Response(OnlyStatus),
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Sec1Payload {
        #[prost(int32, tag = "1")]
        pub msg: i32,
        #[prost(oneof = "Sec1", tags = "20, 21, 22, 23")]
        pub payload: Option<Sec1>,
    }

    #[derive(Clone, PartialEq, Oneof)]
    pub enum Sec1 {
        #[prost(message, tag = "20")]
        Command0(Sec1Command0),
        #[prost(message, tag = "21")]
        Response0(Sec1Response0),
        #[prost(message, tag = "22")]
        Command1(Sec1Command1),
        #[prost(message, tag = "23")]
        Response1(Sec1Response1),
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Sec1Command0 {
        #[prost(bytes = "vec", tag = "1")]
        pub client_pubkey: Vec<u8>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Sec1Response0 {
        #[prost(int32, tag = "1")]
        pub status: i32,
        #[prost(bytes = "vec", tag = "2")]
        pub device_pubkey: Vec<u8>,
        #[prost(bytes = "vec", tag = "3")]
        pub device_random: Vec<u8>,
    }

    /// Its one field has number 2.
    #[derive(Clone, PartialEq, Message)]
    pub struct Sec1Command1 {
        #[prost(bytes = "vec", tag = "2")]
        pub client_verify: Vec<u8>,
    }

    /// Its second field has number 3.
    #[derive(Clone, PartialEq, Message)]
    pub struct Sec1Response1 {
        #[prost(int32, tag = "1")]
        pub status: i32,
        #[prost(bytes = "vec", tag = "3")]
        pub device_verify: Vec<u8>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Sec2Payload {
        #[prost(int32, tag = "1")]
        pub msg: i32,
        #[prost(oneof = "Sec2", tags = "20, 21, 22, 23")]
        pub payload: Option<Sec2>,
    }

    #[derive(Clone, PartialEq, Oneof)]
    pub enum Sec2 {
        #[prost(message, tag = "20")]
        Command0(Sec2Command0),
        #[prost(message, tag = "21")]
        Response0(Sec2Response0),
        #[prost(message, tag = "22")]
        Command1(Sec2Command1),
        #[prost(message, tag = "23")]
        Response1(Sec2Response1),
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Sec2Command0 {
        #[prost(bytes = "vec", tag = "1")]
        pub client_username: Vec<u8>,
        #[prost(bytes = "vec", tag = "2")]
        pub client_pubkey: Vec<u8>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Sec2Response0 {
        #[prost(int32, tag = "1")]
        pub status: i32,
        #[prost(bytes = "vec", tag = "2")]
        pub device_pubkey: Vec<u8>,
        #[prost(bytes = "vec", tag = "3")]
        pub device_salt: Vec<u8>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Sec2Command1 {
        #[prost(bytes = "vec", tag = "1")]
        pub client_proof: Vec<u8>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Sec2Response1 {
        #[prost(int32, tag = "1")]
        pub status: i32,
        #[prost(bytes = "vec", tag = "2")]
        pub device_proof: Vec<u8>,
        #[prost(bytes = "vec", tag = "3")]
        pub device_nonce: Vec<u8>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct ConfigPayload {
        #[prost(int32, tag = "1")]
        pub msg: i32,
        #[prost(oneof = "Config", tags = "10, 11, 12, 13, 14, 15")]
        pub payload: Option<Config>,
    }

    #[derive(Clone, PartialEq, Oneof)]
    pub enum Config {
        #[prost(message, tag = "10")]
        GetStatus(Empty),
        #[prost(message, tag = "11")]
        Status(WifiStatus),
        #[prost(message, tag = "12")]
        Set(SetConfig),
        #[prost(message, tag = "13")]
        SetDone(OnlyStatus),
        #[prost(message, tag = "14")]
        Apply(Empty),
        #[prost(message, tag = "15")]
        ApplyDone(OnlyStatus),
    }

    /// Holds the Wi-Fi password, so it prints nothing of itself.
    #[derive(Clone, PartialEq, Message)]
    #[prost(skip_debug)]
    pub struct SetConfig {
        #[prost(bytes = "vec", tag = "1")]
        pub ssid: Vec<u8>,
        #[prost(bytes = "vec", tag = "2")]
        pub passphrase: Vec<u8>,
        #[prost(bytes = "vec", tag = "3")]
        pub bssid: Vec<u8>,
        #[prost(int32, tag = "4")]
        pub channel: i32,
    }

    impl std::fmt::Debug for SetConfig {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("SetConfig").finish_non_exhaustive()
        }
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct WifiStatus {
        #[prost(int32, tag = "1")]
        pub status: i32,
        #[prost(int32, tag = "2")]
        pub sta_state: i32,
        #[prost(oneof = "Station", tags = "10, 11, 12")]
        pub station: Option<Station>,
    }

    #[derive(Clone, PartialEq, Oneof)]
    pub enum Station {
        #[prost(int32, tag = "10")]
        FailReason(i32),
        #[prost(message, tag = "11")]
        Connected(Connected),
        #[prost(message, tag = "12")]
        AttemptFailed(AttemptFailed),
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct Connected {
        #[prost(bytes = "vec", tag = "1")]
        pub ip4_addr: Vec<u8>,
        #[prost(int32, tag = "2")]
        pub auth_mode: i32,
        #[prost(bytes = "vec", tag = "3")]
        pub ssid: Vec<u8>,
        #[prost(bytes = "vec", tag = "4")]
        pub bssid: Vec<u8>,
        #[prost(int32, tag = "5")]
        pub channel: i32,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct AttemptFailed {
        #[prost(uint32, tag = "1")]
        pub attempts_remaining: u32,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct ScanPayload {
        #[prost(int32, tag = "1")]
        pub msg: i32,
        #[prost(int32, tag = "2")]
        pub status: i32,
        #[prost(oneof = "Scan", tags = "10, 11, 12, 13, 14, 15")]
        pub payload: Option<Scan>,
    }

    #[derive(Clone, PartialEq, Oneof)]
    pub enum Scan {
        #[prost(message, tag = "10")]
        Start(ScanStart),
        #[prost(message, tag = "11")]
        Started(Empty),
        #[prost(message, tag = "12")]
        GetStatus(Empty),
        #[prost(message, tag = "13")]
        Status(ScanStatus),
        #[prost(message, tag = "14")]
        GetResult(ScanRange),
        #[prost(message, tag = "15")]
        Result(ScanResult),
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct ScanStart {
        #[prost(bool, tag = "1")]
        pub blocking: bool,
        #[prost(bool, tag = "2")]
        pub passive: bool,
        #[prost(uint32, tag = "3")]
        pub group_channels: u32,
        #[prost(uint32, tag = "4")]
        pub period_ms: u32,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct ScanStatus {
        #[prost(bool, tag = "1")]
        pub scan_finished: bool,
        #[prost(uint32, tag = "2")]
        pub result_count: u32,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct ScanRange {
        #[prost(uint32, tag = "1")]
        pub start_index: u32,
        #[prost(uint32, tag = "2")]
        pub count: u32,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct ScanResult {
        #[prost(message, repeated, tag = "1")]
        pub entries: Vec<AccessPoint>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct AccessPoint {
        #[prost(bytes = "vec", tag = "1")]
        pub ssid: Vec<u8>,
        #[prost(uint32, tag = "2")]
        pub channel: u32,
        #[prost(int32, tag = "3")]
        pub rssi: i32,
        #[prost(bytes = "vec", tag = "4")]
        pub bssid: Vec<u8>,
        #[prost(int32, tag = "5")]
        pub auth: i32,
    }

    /// Its bodies are all empty; the message number says everything.
    #[derive(Clone, PartialEq, Message)]
    pub struct ControlPayload {
        #[prost(int32, tag = "1")]
        pub msg: i32,
        #[prost(int32, tag = "2")]
        pub status: i32,
    }
}

use schema::*;

/// A body that is not what was asked for. Under scheme 1 also the only sign of a damaged message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the answer that was asked for")]
pub struct NotTheAnswer;

/// A device's status other than success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub i32);

impl Status {
    pub const SUCCESS: Status = Status(0);
    pub const INTERNAL_ERROR: Status = Status(5);
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            0 => "success",
            1 => "invalid security scheme",
            2 => "invalid protocol",
            3 => "too many sessions",
            4 => "invalid argument",
            5 => "internal error",
            6 => "cryptographic error",
            7 => "invalid session",
            other => return write!(f, "status {other}"),
        })
    }
}

/// Reads a body; a field that is not known is passed over.
pub fn read<M: Message + Default>(bytes: &[u8]) -> Result<M, NotTheAnswer> {
    M::decode(bytes).map_err(|_| NotTheAnswer)
}

fn session(sec_ver: i32, proto: Proto) -> Vec<u8> {
    SessionData { sec_ver, proto: Some(proto) }.encode_to_vec()
}

pub fn sec0_command() -> Vec<u8> {
    session(0, Proto::Sec0(Sec0Payload { msg: 0, payload: Some(Sec0::Command(Empty {})) }))
}

pub fn sec1_command0(client_pubkey: &[u8]) -> Vec<u8> {
    let command = Sec1Command0 { client_pubkey: client_pubkey.to_vec() };
    session(1, Proto::Sec1(Sec1Payload { msg: 0, payload: Some(Sec1::Command0(command)) }))
}

pub fn sec1_command1(client_verify: &[u8]) -> Vec<u8> {
    let command = Sec1Command1 { client_verify: client_verify.to_vec() };
    session(1, Proto::Sec1(Sec1Payload { msg: 2, payload: Some(Sec1::Command1(command)) }))
}

pub fn sec2_command0(username: &str, client_pubkey: &[u8]) -> Vec<u8> {
    let command =
        Sec2Command0 { client_username: username.as_bytes().to_vec(), client_pubkey: client_pubkey.to_vec() };
    session(2, Proto::Sec2(Sec2Payload { msg: 0, payload: Some(Sec2::Command0(command)) }))
}

pub fn sec2_command1(client_proof: &[u8]) -> Vec<u8> {
    let command = Sec2Command1 { client_proof: client_proof.to_vec() };
    session(2, Proto::Sec2(Sec2Payload { msg: 2, payload: Some(Sec2::Command1(command)) }))
}

fn config(msg: i32, payload: Config) -> Vec<u8> {
    ConfigPayload { msg, payload: Some(payload) }.encode_to_vec()
}

pub fn get_wifi_status() -> Vec<u8> {
    config(0, Config::GetStatus(Empty {}))
}

pub fn set_wifi(ssid: &str, passphrase: &str) -> Vec<u8> {
    config(
        2,
        Config::Set(SetConfig {
            ssid: ssid.as_bytes().to_vec(),
            passphrase: passphrase.as_bytes().to_vec(),
            bssid: Vec::new(),
            channel: 0,
        }),
    )
}

/// The empty body is sent: the official tool leaves it out, and devices accept both.
pub fn apply_wifi() -> Vec<u8> {
    config(4, Config::Apply(Empty {}))
}

/// Status of a "set config" answer.
pub fn set_status(bytes: &[u8]) -> Result<Status, NotTheAnswer> {
    match read::<ConfigPayload>(bytes)? {
        ConfigPayload { msg: 3, payload: Some(Config::SetDone(done)) } => Ok(Status(done.status)),
        _ => Err(NotTheAnswer),
    }
}

/// Status of an "apply config" answer.
pub fn apply_status(bytes: &[u8]) -> Result<Status, NotTheAnswer> {
    match read::<ConfigPayload>(bytes)? {
        ConfigPayload { msg: 5, payload: Some(Config::ApplyDone(done)) } => Ok(Status(done.status)),
        _ => Err(NotTheAnswer),
    }
}

/// How the device's attempt to join goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WifiState {
    Connected {
        ip: Option<String>,
    },
    Connecting {
        attempts_remaining: Option<u32>,
    },
    /// Undefined by the protocol; means "ask again".
    Disconnected,
    WrongPassword,
    NotFound,
    /// Failed for a reason that is not known, or a state that is not.
    Failed(i32),
}

pub fn wifi_state(bytes: &[u8]) -> Result<WifiState, NotTheAnswer> {
    let ConfigPayload { msg: 1, payload: Some(Config::Status(status)) } = read::<ConfigPayload>(bytes)?
    else {
        return Err(NotTheAnswer);
    };
    if Status(status.status) != Status::SUCCESS {
        return Err(NotTheAnswer);
    }
    Ok(match (status.sta_state, status.station) {
        (0, Some(Station::Connected(connected))) => {
            let ip = crate::improv::message::shown(&connected.ip4_addr);
            WifiState::Connected { ip: (!ip.is_empty()).then_some(ip) }
        }
        (0, _) => WifiState::Connected { ip: None },
        (1, Some(Station::AttemptFailed(attempt))) => {
            WifiState::Connecting { attempts_remaining: Some(attempt.attempts_remaining) }
        }
        (1, _) => WifiState::Connecting { attempts_remaining: None },
        (2, _) => WifiState::Disconnected,
        (3, Some(Station::FailReason(0)) | None) => WifiState::WrongPassword,
        (3, Some(Station::FailReason(1))) => WifiState::NotFound,
        (3, Some(Station::FailReason(reason))) => WifiState::Failed(reason),
        (other, _) => WifiState::Failed(other),
    })
}

fn scan(msg: i32, payload: Scan) -> Vec<u8> {
    ScanPayload { msg, status: 0, payload: Some(payload) }.encode_to_vec()
}

/// Blocking: answered when the scan is done. The period is the device's default.
pub fn start_scan() -> Vec<u8> {
    scan(0, Scan::Start(ScanStart { blocking: true, passive: false, group_channels: 0, period_ms: 0 }))
}

pub fn get_scan_status() -> Vec<u8> {
    scan(2, Scan::GetStatus(Empty {}))
}

pub fn get_scan_result(start_index: u32, count: u32) -> Vec<u8> {
    scan(4, Scan::GetResult(ScanRange { start_index, count }))
}

pub fn scan_started(bytes: &[u8]) -> Result<Status, NotTheAnswer> {
    match read::<ScanPayload>(bytes)? {
        ScanPayload { msg: 1, status, payload: Some(Scan::Started(_)) | None } => Ok(Status(status)),
        _ => Err(NotTheAnswer),
    }
}

/// Whether the scan is finished, and how many entries it has.
pub fn scan_status(bytes: &[u8]) -> Result<(bool, u32), NotTheAnswer> {
    match read::<ScanPayload>(bytes)? {
        ScanPayload { msg: 3, status: 0, payload: Some(Scan::Status(status)) } => {
            Ok((status.scan_finished, status.result_count))
        }
        _ => Err(NotTheAnswer),
    }
}

/// One entry for each access point, so one name may come several times. Hidden networks and names that are no UTF-8
/// are left out, since nobody could choose them; `count` is how many entries the device gave.
pub fn scan_result(bytes: &[u8]) -> Result<(Vec<Network>, usize), NotTheAnswer> {
    let ScanPayload { msg: 5, status: 0, payload: Some(Scan::Result(result)) } = read::<ScanPayload>(bytes)?
    else {
        return Err(NotTheAnswer);
    };
    let count = result.entries.len();
    Ok((result.entries.into_iter().filter_map(network).collect(), count))
}

fn network(entry: AccessPoint) -> Option<Network> {
    let ssid = String::from_utf8(entry.ssid).ok().filter(|ssid| !ssid.is_empty())?;
    let bssid = (entry.bssid.len() == 6)
        .then(|| entry.bssid.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"));
    Some(Network {
        ssid,
        bssid,
        rssi: i16::try_from(entry.rssi).ok(),
        channel: u16::try_from(entry.channel).ok(),
        security: match entry.auth {
            0 => Security::Open,
            1 => Security::Wep,
            2 | 3 | 4 | 6 | 7 => Security::Personal,
            5 => Security::Enterprise,
            _ => Security::Other,
        },
    })
}

pub fn reset_wifi() -> Vec<u8> {
    ControlPayload { msg: 1, status: 0 }.encode_to_vec()
}

pub fn reprovision_wifi() -> Vec<u8> {
    ControlPayload { msg: 3, status: 0 }.encode_to_vec()
}

pub fn reset_status(bytes: &[u8]) -> Result<Status, NotTheAnswer> {
    match read::<ControlPayload>(bytes)? {
        ControlPayload { msg: 2, status } => Ok(Status(status)),
        ControlPayload { .. } => Err(NotTheAnswer),
    }
}
