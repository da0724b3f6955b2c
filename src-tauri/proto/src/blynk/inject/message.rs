//! Bytes of one attribute value <-> values (sections 3.3 to 3.6). No state: what a message means now is `dialogue.rs`'s.

use crate::blynk::{codes, salvage};
use crate::{Delivery, DeviceIdentity, Interface, InterfaceKind, Network};
use serde_json::{Map, Value};

/// What a device says.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// All fields of `info`; interfaces, hardware address and dialect stay empty. `announces` says which of the
    /// fields that tell dialects apart were there.
    Info {
        identity: Box<DeviceIdentity>,
        announces: Announces,
    },
    IfsStart,
    Interface {
        interface: Interface,
        /// The entry had a `status` field.
        has_status: bool,
    },
    IfsEnd,
    ScanStart,
    /// `None`: an entry without a name, which is of no use.
    Scan(Option<Network>),
    ScanEnd,
    SetOk,
    SetFail {
        said: String,
    },
    Connecting,
    ConnectFail {
        said: String,
    },
    Status {
        status: Status,
    },
    NetStatus {
        interface: String,
        state: String,
        ip: Option<String>,
        rssi: Option<i16>,
    },
    NetFail {
        reason: String,
        said: String,
    },
    CloudFail {
        reason: String,
        said: String,
    },
    Error {
        said: String,
    },
    /// Valid, and of a type that this build does not know.
    Unknown,
    /// Not a JSON object: cut at the device's buffer or at the MTU, or not escaped. To be skipped.
    Unreadable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Announces {
    pub caps: bool,
    pub uid: bool,
    pub last_error: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    ConnectingNet,
    ConnectingCloud,
    Connected,
    Other(String),
}

/// Reads one attribute value. Never fails: what cannot be read is [`Message::Unreadable`].
pub fn decode(bytes: &[u8]) -> Message {
    // Some stacks hand a C string over with its end.
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let object = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(object)) => object,
        // Of a cut `info` the whole members are good; of any other cut message nothing can be trusted.
        _ => match salvage::object(&text) {
            Some(object) if object.get("t") == Some(&Value::from("info")) => object,
            _ => return Message::Unreadable,
        },
    };
    match text_of(&object, "t").as_deref() {
        Some("info") => info(&object),
        Some("ifs_start") => Message::IfsStart,
        Some("if") => interface(&object),
        Some("ifs_end") => Message::IfsEnd,
        Some("scan_start") => Message::ScanStart,
        Some("scan") => Message::Scan(network(&object)),
        Some("scan_end") => Message::ScanEnd,
        Some("set_ok") => Message::SetOk,
        Some("set_fail") => Message::SetFail { said: said(&object) },
        Some("connecting") => Message::Connecting,
        Some("connect_fail") => Message::ConnectFail { said: said(&object) },
        Some("status") => Message::Status { status: status(&object) },
        Some("net_status") => Message::NetStatus {
            interface: text_of(&object, "if").unwrap_or_default(),
            state: text_of(&object, "state").unwrap_or_default(),
            ip: text_of(&object, "ip").filter(|ip| ip != "0.0.0.0"),
            rssi: number_of(&object, "rssi"),
        },
        Some("net_fail") => {
            Message::NetFail { reason: text_of(&object, "reason").unwrap_or_default(), said: said(&object) }
        }
        Some("cloud_fail") => {
            Message::CloudFail { reason: text_of(&object, "reason").unwrap_or_default(), said: said(&object) }
        }
        Some("error") => Message::Error { said: said(&object) },
        _ => Message::Unknown,
    }
}

fn info(object: &Map<String, Value>) -> Message {
    let announces = Announces {
        caps: object.contains_key("caps"),
        uid: object.contains_key("uid"),
        last_error: object.contains_key("last_error"),
    };
    let live_status = match object.get("caps") {
        Some(Value::Array(caps)) => caps.iter().any(|cap| cap == "live_status"),
        _ => false,
    };
    let identity = DeviceIdentity {
        name: text_of(object, "name"),
        vendor: text_of(object, "vendor"),
        template: text_of(object, "tmpl_id"),
        firmware_type: text_of(object, "fw_type"),
        firmware_version: text_of(object, "fw_ver"),
        uid: text_of(object, "uid"),
        last_error: number_of(object, "last_error"),
        live_status,
        ..DeviceIdentity::default()
    };
    Message::Info { identity: Box::new(identity), announces }
}

fn interface(object: &Map<String, Value>) -> Message {
    let kind = match text_of(object, "name").as_deref() {
        Some("wifi") => InterfaceKind::Wifi,
        Some("eth") => InterfaceKind::Ethernet,
        Some("cell") => InterfaceKind::Cellular,
        _ => return Message::Unknown,
    };
    let status = text_of(object, "status");
    let interface = Interface {
        kind,
        mac: text_of(object, "mac").map(|mac| mac.to_ascii_uppercase()),
        can_scan: flag_of(object, "scan").unwrap_or(false),
        five_ghz: flag_of(object, "5ghz"),
        static_ip: flag_of(object, "static_ip").unwrap_or(false),
        ready: status.as_deref() == Some("ready"),
        ip: text_of(object, "ip").filter(|ip| ip != "0.0.0.0"),
    };
    Message::Interface { interface, has_status: status.is_some() }
}

fn network(object: &Map<String, Value>) -> Option<Network> {
    let channel: Option<u16> = number_of(object, "ch");
    Some(Network {
        // A name is taken as it is, blanks included.
        ssid: object.get("ssid")?.as_str().filter(|ssid| !ssid.is_empty())?.to_owned(),
        bssid: text_of(object, "bssid").map(|bssid| bssid.to_ascii_uppercase()),
        rssi: number_of(object, "rssi"),
        channel: channel.filter(|channel| *channel > 0),
        security: codes::security_of(&text_of(object, "sec").unwrap_or_default()),
    })
}

fn status(object: &Map<String, Value>) -> Status {
    match text_of(object, "s").unwrap_or_default().as_str() {
        "connecting_net" => Status::ConnectingNet,
        "connecting_cloud" => Status::ConnectingCloud,
        "connected" => Status::Connected,
        other => Status::Other(other.to_owned()),
    }
}

fn said(object: &Map<String, Value>) -> String {
    text_of(object, "msg").unwrap_or_default()
}

/// A member as text; empty text counts as absent.
fn text_of(object: &Map<String, Value>, key: &str) -> Option<String> {
    let text = object.get(key)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A number, also where the firmware wrote it as text.
fn number_of<N: TryFrom<i64>>(object: &Map<String, Value>, key: &str) -> Option<N> {
    let number = match object.get(key)? {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    N::try_from(number).ok()
}

/// 0/1 on BLE, booleans in older firmware (section 3.3: parse leniently).
fn flag_of(object: &Map<String, Value>, key: &str) -> Option<bool> {
    match object.get(key)? {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_i64()? != 0),
        Value::String(text) => Some(matches!(text.as_str(), "1" | "true")),
        _ => None,
    }
}

/// A command without content.
pub fn command(t: &'static str) -> Vec<u8> {
    object_of(&[("t", t)])
}

/// The `set` commands for a delivery, in order: network part first, then token and server (section 3.3). Each has at
/// most `most` bytes unless a single value needs more. `interface` is `wifi`, `eth` or `cell`; `port` and `save` are
/// never sent, the server always (section 2.1).
pub fn sets(delivery: &Delivery, interface: &'static str, most: usize) -> Vec<Vec<u8>> {
    let mut network = vec![("if", interface)];
    if let Some(wifi) = &delivery.wifi {
        network.push(("ssid", wifi.ssid.as_str()));
        // Also when empty: a retry on an open network must not inherit the password of the try before.
        network.push(("pass", wifi.password.expose()));
    }
    let mut account = Vec::new();
    if let Some(token) = &delivery.token {
        account.push(("blynk", token.expose()));
    }
    account.push(("host", delivery.host.as_str()));
    [network, account].iter().flat_map(|fields| split(fields, most)).collect()
}

fn split(fields: &[(&'static str, &str)], most: usize) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    let mut members = vec![("t", "set")];
    for field in fields {
        members.push(*field);
        if object_of(&members).len() > most && members.len() > 2 {
            members.pop();
            messages.push(object_of(&members));
            members = vec![("t", "set"), *field];
        }
    }
    messages.push(object_of(&members));
    messages
}

/// Written by hand to keep `t` first, as every published example has it.
fn object_of(members: &[(&str, &str)]) -> Vec<u8> {
    let members: Vec<String> =
        members.iter().map(|(key, value)| format!("\"{key}\":{}", Value::from(*value))).collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}
