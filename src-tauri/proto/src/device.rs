//! The words that both sides use: what is seen of a device, what it says of itself, what it is given.
//!
//! Not here: bytes. Each protocol's folder turns these into its messages and back.

use crate::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use uuid::Uuid;

/// A way to reach devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediumKind {
    Serial,
    Ble,
}

impl fmt::Display for MediumKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MediumKind::Serial => "serial",
            MediumKind::Ble => "ble",
        })
    }
}

/// Where a device can be opened: a serial port, or a BLE device as one adapter sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Address {
    /// Path or name of the port, as the system knows it.
    Serial(String),
    /// Hardware address (`AA:BB:CC:DD:EE:FF`), or the system's own identifier where it hides addresses (macOS).
    Ble(String),
}

impl Address {
    pub fn medium(&self) -> MediumKind {
        match self {
            Address::Serial(_) => MediumKind::Serial,
            Address::Ble(_) => MediumKind::Ble,
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Address::Serial(text) | Address::Ble(text) => text,
        }
    }
}

/// What can be known of a device without opening it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Advert {
    Serial(SerialAdvert),
    Ble(BleAdvert),
}

impl Advert {
    pub fn name(&self) -> Option<&str> {
        match self {
            Advert::Serial(serial) => serial.usb.as_ref().and_then(|usb| usb.product.as_deref()),
            Advert::Ble(ble) => ble.name.as_deref(),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SerialAdvert {
    /// Absent for ports that are no USB devices (a built-in UART, a pty).
    pub usb: Option<UsbIdentity>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UsbIdentity {
    pub vid: u16,
    pub pid: u16,
    pub serial: Option<String>,
    pub product: Option<String>,
    pub manufacturer: Option<String>,
    /// Physical topology (bus and ports, for example `1-1.4`): the same socket keeps the same path.
    pub path: Option<String>,
}

/// What a BLE device tells by advertising, merged over its packets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BleAdvert {
    /// The advertised name; `None` until it arrives (it is often in the scan response only).
    pub name: Option<String>,
    pub services: Vec<Uuid>,
    pub service_data: BTreeMap<Uuid, Vec<u8>>,
    pub manufacturer_data: BTreeMap<u16, Vec<u8>>,
    /// Signal strength in dBm.
    pub rssi: Option<i16>,
    /// The adapter that sees it, for example `hci0`.
    pub adapter: Option<String>,
}

/// What a device says of itself. Fields that its protocol or firmware does not tell stay empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceIdentity {
    pub name: Option<String>,
    pub vendor: Option<String>,
    /// The text template id compiled into the firmware (`TMPL…`), or `DYNAMIC`.
    pub template: Option<String>,
    pub firmware_type: Option<String>,
    pub firmware_version: Option<String>,
    pub board: Option<String>,
    /// An identifier of the device's own making; survives reboots, not always a flash erase.
    pub uid: Option<String>,
    /// Hardware address, `AA:BB:CC:DD:EE:FF` in upper case.
    pub mac: Option<String>,
    /// The device's last provisioning error (section 2.2 of the Blynk device protocols); 0 means none.
    pub last_error: Option<u16>,
    /// The device announced that it reports its progress live. Its absence means nothing.
    pub live_status: bool,
    pub interfaces: Vec<Interface>,
    /// Which dialect of its protocol it speaks, in the words of the reference (`edgent-arduino`, `console-a`…).
    pub dialect: Option<String>,
    /// Page of the device itself, where it has one (Improv).
    pub url: Option<String>,
    /// Whether this very device can be handed a token, where it tells (Espressif: it has the endpoint, or lacks it).
    pub takes_token: Option<bool>,
    /// What somebody who listens learns of what it is handed; `None`: recorded before this was told.
    pub exposure: Option<Exposure>,
}

/// What somebody who listens in learns of network password and token while they are handed over. Told by the dialogue,
/// which knows how this very session is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// Encrypted, and the device has proved that it knows the secret on its label: nothing.
    Sealed,
    /// Encrypted to a device that proved nothing: a listener learns nothing, somebody who got in between learns all.
    Unproven,
    /// In clear over a cable: whoever can reach that cable, or this computer, learns all.
    Cable,
    /// In clear by radio: whoever is near and records the air learns all.
    Air,
}

impl Exposure {
    pub const ALL: [Exposure; 4] = [Exposure::Sealed, Exposure::Unproven, Exposure::Cable, Exposure::Air];

    /// Of a conversation without any encryption.
    pub fn in_clear(medium: MediumKind) -> Exposure {
        match medium {
            MediumKind::Serial => Exposure::Cable,
            MediumKind::Ble => Exposure::Air,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interface {
    pub kind: InterfaceKind,
    pub mac: Option<String>,
    pub can_scan: bool,
    /// `None`: the device does not say.
    pub five_ghz: Option<bool>,
    pub static_ip: bool,
    /// The interface is connected already and needs no configuration.
    pub ready: bool,
    pub ip: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InterfaceKind {
    Wifi,
    Ethernet,
    Cellular,
}

/// A Wi-Fi network as the device hears it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Network {
    pub ssid: String,
    pub bssid: Option<String>,
    /// dBm
    pub rssi: Option<i16>,
    pub channel: Option<u16>,
    pub security: Security,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    Open,
    Wep,
    Personal,
    /// Needs a user name, which no provisioning protocol here can carry.
    Enterprise,
    /// Secured in a way that the device does not name.
    Other,
}

/// The network that a device is to join. An empty password means an open network.
#[derive(Debug, Clone)]
pub struct Wifi {
    pub ssid: String,
    pub password: Secret,
}

/// All that a device is handed, together, after the point of no return.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `None`: the device uses the network that it has (Ethernet, or already joined).
    pub wifi: Option<Wifi>,
    /// `None`: the device takes no token (a protocol without a carrier).
    pub token: Option<Secret>,
    /// Server name that the device is told, without scheme.
    pub host: String,
}

/// One word of a device on its way to the cloud: for progress and diagnosis, never proof of success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum DeviceWord {
    /// It waits for a person, for example for its button to be pressed.
    AwaitsPerson {
        hint: String,
    },
    ConnectingNetwork,
    NetworkUp {
        interface: Option<String>,
        ip: Option<String>,
        rssi: Option<i16>,
    },
    ConnectingCloud,
    /// It says that it is connected. Some firmware says so before it has tried.
    Connected,
    /// It started again.
    Restarted,
    /// It has a page of its own, reachable from the network that it joined (Improv).
    Page {
        url: String,
    },
    /// Anything else it said that a person may want to read.
    Said {
        text: String,
    },
}

/// A failure in the device's own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceTrouble {
    /// Code 700–732 of the Blynk device protocols, section 2.2, also where the device used the word for it.
    pub code: Option<u16>,
    pub phase: TroublePhase,
    /// What it said, for people and support; never matched on.
    pub said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TroublePhase {
    Configuration,
    Network,
    Cloud,
}
