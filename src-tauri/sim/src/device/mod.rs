//! Simulated devices as machines: they hear, speak, wait and remember; who carries bytes and time is not their affair.
//!
//! One machine runs in memory (`world.rs`) and on a pty (`pty.rs`) alike. Not here: the cloud, and whether a link holds.

pub mod console;
pub mod espressif;
pub mod improv;
pub mod inject;
mod protobuf;
pub mod uplink;

use crate::air::AccessPoint;
use crate::cloud::{Hardware, Login};
use crate::trouble::Trouble;
use proto::{MediumKind, UsbIdentity};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What a simulated device speaks, in the words of the device protocols, section 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    EdgentArduino,
    EdgentIdf,
    Particle,
    Linux,
    ConsoleA,
    ConsoleB,
    /// Dialect B without log lines.
    ConsoleSilent,
    /// Improv Wi-Fi over BLE.
    ImprovBle,
    /// Improv Wi-Fi on a serial line.
    ImprovSerial,
    /// Espressif's provisioning over BLE.
    EspressifBle,
    /// Espressif's provisioning on its serial console.
    EspressifConsole,
    /// No Blynk console: a Python prompt.
    MicroPython,
    /// No Blynk console: the binary frames of a co-processor.
    Ncp,
    /// No Blynk console: nothing at all.
    Dead,
}

impl Dialect {
    pub const ALL: [Dialect; 14] = [
        Dialect::EdgentArduino,
        Dialect::EdgentIdf,
        Dialect::Particle,
        Dialect::Linux,
        Dialect::ConsoleA,
        Dialect::ConsoleB,
        Dialect::ConsoleSilent,
        Dialect::ImprovBle,
        Dialect::ImprovSerial,
        Dialect::EspressifBle,
        Dialect::EspressifConsole,
        Dialect::MicroPython,
        Dialect::Ncp,
        Dialect::Dead,
    ];
    /// Those of Blynk.Inject.
    pub const INJECT: [Dialect; 4] =
        [Dialect::EdgentArduino, Dialect::EdgentIdf, Dialect::Particle, Dialect::Linux];
    /// Those that have Blynk's console.
    pub const CONSOLES: [Dialect; 3] = [Dialect::ConsoleA, Dialect::ConsoleB, Dialect::ConsoleSilent];

    pub fn name(self) -> &'static str {
        match self {
            Dialect::EdgentArduino => "edgent-arduino",
            Dialect::EdgentIdf => "edgent-idf",
            Dialect::Particle => "particle",
            Dialect::Linux => "linux",
            Dialect::ConsoleA => "console-a",
            Dialect::ConsoleB => "console-b",
            Dialect::ConsoleSilent => "console-silent",
            Dialect::ImprovBle => "improv-ble",
            Dialect::ImprovSerial => "improv-serial",
            Dialect::EspressifBle => "espressif-ble",
            Dialect::EspressifConsole => "espressif-console",
            Dialect::MicroPython => "micropython",
            Dialect::Ncp => "ncp",
            Dialect::Dead => "dead",
        }
    }

    /// The dialect of this name. A driver's name stands for its commonest dialect.
    pub fn named(name: &str) -> Option<Dialect> {
        match name {
            "blynk-inject" => Some(Dialect::EdgentArduino),
            "blynk-console" => Some(Dialect::ConsoleB),
            "improv" => Some(Dialect::ImprovSerial),
            "espressif" => Some(Dialect::EspressifConsole),
            "not-blynk" => Some(Dialect::MicroPython),
            _ => Dialect::ALL.into_iter().find(|dialect| dialect.name() == name),
        }
    }

    pub fn medium(self) -> MediumKind {
        match self {
            Dialect::ImprovBle | Dialect::EspressifBle => MediumKind::Ble,
            dialect if Dialect::INJECT.contains(&dialect) => MediumKind::Ble,
            _ => MediumKind::Serial,
        }
    }
}

/// A device as it left the factory, with its trouble.
#[derive(Debug, Clone)]
pub struct DeviceSpec {
    pub dialect: Dialect,
    /// The advertised name: `<prefix> <template name>-<suffix>`.
    pub name: String,
    /// Hardware address in upper case; also its BLE address.
    pub mac: String,
    pub vendor: String,
    pub template: String,
    pub firmware_type: String,
    pub firmware_version: String,
    pub board: String,
    pub uid: String,
    /// dBm
    pub rssi: i16,
    /// Name of the port (serial devices).
    pub port: String,
    pub usb: Option<UsbIdentity>,
    /// Whether it is there from the beginning.
    pub plugged: bool,
    /// Token that it has from an earlier life.
    pub token: Option<String>,
    /// Networks that it knows from an earlier life.
    pub networks: Vec<(String, String)>,
    pub trouble: Trouble,
}

impl DeviceSpec {
    /// The `number`th device of its kind, without trouble. Numbers give distinct addresses, names and ports.
    pub fn new(dialect: Dialect, number: u32) -> DeviceSpec {
        let [_, b, c, d] = number.to_be_bytes();
        let mac = format!("24:6F:28:{b:02X}:{c:02X}:{d:02X}");
        let serial = format!("SIM{number:06}");
        DeviceSpec {
            dialect,
            name: format!("Practice Pump-{}", suffix(number)),
            vendor: "Practice".to_owned(),
            template: crate::cloud::TEMPLATE.to_owned(),
            firmware_type: crate::cloud::TEMPLATE.to_owned(),
            firmware_version: "1.4.2".to_owned(),
            board: "ESP32".to_owned(),
            uid: format!("5b8f6c1e-0d5a-4a0e-9a3e-{number:012x}"),
            rssi: -50 - (number % 40) as i16,
            port: format!("SIM{number}"),
            usb: (dialect.medium() == MediumKind::Serial).then(|| UsbIdentity {
                vid: 0x10C4,
                pid: 0xEA60,
                serial: Some(serial),
                product: Some("CP2102N USB to UART Bridge".to_owned()),
                manufacturer: Some("Silicon Labs".to_owned()),
                path: Some(format!("1-{}.{}", 1 + number / 7, 1 + number % 7)),
            }),
            mac,
            plugged: true,
            token: None,
            networks: Vec::new(),
            trouble: Trouble::default(),
        }
    }

    pub fn named(mut self, name: &str) -> DeviceSpec {
        self.name = name.to_owned();
        self
    }

    pub fn trouble(mut self, trouble: Trouble) -> DeviceSpec {
        self.trouble = trouble;
        self
    }

    pub fn template(mut self, template: &str) -> DeviceSpec {
        self.template = template.to_owned();
        self.firmware_type = template.to_owned();
        self
    }

    pub fn unplugged(mut self) -> DeviceSpec {
        self.plugged = false;
        self
    }

    /// What it declares to the cloud when it logs in.
    pub fn hardware(&self) -> Hardware {
        Hardware {
            template: self.template.clone(),
            version: self.firmware_version.clone(),
            fw_type: self.firmware_type.clone(),
            build: "Nov 20 2026 12:00:00".to_owned(),
            board: self.board.clone(),
            library: "1.3.2".to_owned(),
            hotspot_name: Some(self.name.clone()),
            uid: (self.dialect == Dialect::EdgentArduino).then(|| self.uid.clone()),
        }
    }
}

/// Four characters of the alphabet that device names end in (section 6.1), no two equal neighbours.
fn suffix(number: u32) -> String {
    const ALPHABET: &[u8] = b"0W8N4Y1HP5DF9K6JM3C2XA7R";
    let mut rest = number as usize;
    let mut last = usize::MAX;
    (0..4)
        .map(|_| {
            let mut at = rest % 23;
            rest /= 23;
            if at >= last {
                at += 1;
            }
            last = at;
            char::from(ALPHABET[at])
        })
        .collect()
}

/// What reaches a device over its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Bytes(Vec<u8>),
    /// A value written to a characteristic.
    Write {
        channel: Uuid,
        bytes: Vec<u8>,
    },
    /// A characteristic is read; answered by [`Deed::Value`].
    Read {
        channel: Uuid,
    },
}

/// What a device does.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    Say(Vec<u8>),
    Notify {
        channel: Uuid,
        bytes: Vec<u8>,
    },
    Value {
        channel: Uuid,
        bytes: Vec<u8>,
    },
    /// It ends the link (or the link breaks).
    DropLink,
    /// It is out of sight for this long (`None`: for good), and goes on with what it does.
    Vanish {
        comes_back: Option<Duration>,
    },
    /// It starts anew, and is out of sight meanwhile.
    Restart {
        takes: Duration,
    },
    /// It logs in to the cloud; the answer comes through [`Firmware::logged_in`].
    LogIn {
        token: String,
        host: String,
    },
    LogOut {
        token: String,
    },
}

/// What a device has in its memory; for tests and for `practice` to look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    pub token: Option<String>,
    pub host: Option<String>,
    pub networks: Vec<(String, String)>,
    pub last_error: u16,
    pub online: bool,
    /// Deliveries that it accepted (`connect` with a usable configuration).
    pub deliveries: u32,
}

/// A characteristic with its user description, as GATT shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GattChannel {
    pub service: Uuid,
    pub characteristic: Uuid,
    pub description: Option<String>,
}

/// A device as a machine.
pub trait Firmware: Send {
    /// Power comes on, or a reset ends.
    fn boot(&mut self, now: Instant);
    fn link_opened(&mut self, mtu: u16, now: Instant);
    fn link_closed(&mut self, now: Instant);
    /// Takes what was said; a write or read that it refuses gives the ATT error code.
    fn hear(&mut self, heard: Heard, now: Instant) -> Result<(), u8>;
    fn wake(&mut self, now: Instant);
    fn wake_at(&self) -> Option<Instant>;
    /// The next thing that it does by now.
    fn poll(&mut self, now: Instant) -> Option<Deed>;
    /// `None`: the cloud could not be reached.
    fn logged_in(&mut self, answer: Option<Login>, now: Instant);
    fn kept(&self) -> Kept;
    /// Whether it can be seen: BLE devices advertise only while they wait for configuration.
    fn is_visible(&self) -> bool;
    /// Services that it advertises.
    fn services(&self) -> Vec<Uuid>;
    fn gatt(&self) -> Vec<GattChannel>;
    /// Service data in its advert.
    fn service_data(&self) -> BTreeMap<Uuid, Vec<u8>> {
        BTreeMap::new()
    }
    /// Whether its advert has room for its name.
    fn shows_name(&self) -> bool {
        true
    }
    /// A person holds its button (or types `config start`): it waits for configuration again.
    fn enter_configuration(&mut self, now: Instant);
    fn set_trouble(&mut self, trouble: Trouble);
}

/// Makes the machine that a specification describes, in a place with these networks.
pub fn firmware(spec: &DeviceSpec, air: Arc<Vec<AccessPoint>>) -> Box<dyn Firmware> {
    match spec.dialect {
        Dialect::EdgentArduino | Dialect::EdgentIdf | Dialect::Particle | Dialect::Linux => {
            Box::new(inject::Inject::new(spec.clone(), air))
        }
        Dialect::ImprovBle | Dialect::ImprovSerial => Box::new(improv::Improv::new(spec.clone(), air)),
        Dialect::EspressifBle | Dialect::EspressifConsole => {
            Box::new(espressif::Espressif::new(spec.clone(), air))
        }
        Dialect::ConsoleA
        | Dialect::ConsoleB
        | Dialect::ConsoleSilent
        | Dialect::MicroPython
        | Dialect::Ncp
        | Dialect::Dead => Box::new(console::Console::new(spec.clone(), air)),
    }
}

/// What a device is about to do, each at its time and in order.
#[derive(Debug, Default)]
pub(crate) struct Mouth {
    queue: VecDeque<(Instant, Deed)>,
}

impl Mouth {
    /// Queues a deed `after` from now, never before what was queued earlier.
    pub fn queue(&mut self, now: Instant, after: Duration, deed: Deed) {
        let due = now + after;
        let due = self.queue.back().map_or(due, |(last, _)| due.max(*last));
        self.queue.push_back((due, deed));
    }

    /// Queues bytes of a stream; what is due together goes out together.
    pub fn say(&mut self, now: Instant, after: Duration, bytes: &[u8]) {
        if let Some((due, Deed::Say(said))) = self.queue.back_mut()
            && *due >= now + after
        {
            said.extend_from_slice(bytes);
        } else {
            self.queue(now, after, Deed::Say(bytes.to_vec()));
        }
    }

    pub fn poll(&mut self, now: Instant) -> Option<Deed> {
        if self.queue.front().is_some_and(|(due, _)| *due <= now) {
            self.queue.pop_front().map(|(_, deed)| deed)
        } else {
            None
        }
    }

    pub fn next(&self) -> Option<Instant> {
        self.queue.front().map(|(due, _)| *due)
    }

    /// Forgets what was meant for a link that is gone; what concerns the cloud stays.
    pub fn link_gone(&mut self) {
        self.queue.retain(|(_, deed)| {
            matches!(
                deed,
                Deed::LogIn { .. } | Deed::LogOut { .. } | Deed::Vanish { .. } | Deed::Restart { .. }
            )
        });
    }

    pub fn clear(&mut self) {
        self.queue.clear();
    }
}
