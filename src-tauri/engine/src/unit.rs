//! A physical device, known by the best durable identity that it gave.

use proto::{Address, Advert, DeviceIdentity, InterfaceKind};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Hardware address in upper case (`24:6F:28:11:22:33`) where the device tells it, else its own `uid`, else its radio's
/// address or its USB serial number, else its name, else the port that it is plugged into. The prefix says which, except
/// for hardware addresses. The last two may be another device's tomorrow: see [`UnitId::is_durable`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitId(pub String);

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A system that hides hardware addresses (macOS) gives each radio an identifier of its own instead.
const BLE: &str = "ble:";
const NAME: &str = "name:";
const PORT: &str = "at:";

/// USB serial numbers shorter than this are the same on all chips of a make (`0001` on unprogrammed CP2102s).
const SERIAL_LEAST: usize = 6;

impl UnitId {
    /// The identity of a device that answered at `address` after `advert`.
    pub fn of(identity: &DeviceIdentity, advert: &Advert, address: &Address) -> UnitId {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let wifi = identity
            .interfaces
            .iter()
            .find(|interface| interface.kind == InterfaceKind::Wifi)
            .and_then(|interface| filled(&interface.mac));
        if let Some(mac) = filled(&identity.mac).or(wifi) {
            return UnitId(mac.trim().replace('-', ":").to_ascii_uppercase());
        }
        if let Some(uid) = filled(&identity.uid) {
            return UnitId(format!("uid:{uid}"));
        }
        if let Address::Ble(address) = address {
            return UnitId(match is_hardware_address(address) {
                true => address.to_ascii_uppercase(),
                false => format!("{BLE}{address}"),
            });
        }
        if let Advert::Serial(serial) = advert
            && let Some(number) = serial.usb.as_ref().and_then(|usb| filled(&usb.serial))
            && number.len() >= SERIAL_LEAST
        {
            return UnitId(format!("usb:{number}"));
        }
        if let Some(name) = filled(&identity.name) {
            return UnitId(format!("{NAME}{name}"));
        }
        UnitId(format!("{PORT}{}", address.text()))
    }

    /// Whether it is surely the same device whenever this identity is met again. Names are alike on devices of a kind, and
    /// a port has another device on it at every turn: what such a unit got before may belong to another device.
    pub fn is_durable(&self) -> bool {
        !self.0.starts_with(NAME) && !self.0.starts_with(PORT)
    }
}

/// `24:6F:28:11:22:33`
fn is_hardware_address(text: &str) -> bool {
    let octets: Vec<&str> = text.split(':').collect();
    octets.len() == 6 && octets.iter().all(|octet| octet.len() == 2 && u8::from_str_radix(octet, 16).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::{BleAdvert, Interface, SerialAdvert, UsbIdentity};

    fn port() -> Address {
        Address::Serial("/dev/ttyUSB0".into())
    }

    fn usb(serial: &str) -> Advert {
        let usb = UsbIdentity { serial: Some(serial.into()), ..UsbIdentity::default() };
        Advert::Serial(SerialAdvert { usb: Some(usb) })
    }

    #[test]
    fn the_hardware_address_comes_first_in_one_spelling() {
        let identity = DeviceIdentity {
            mac: Some("24-6f-28-11-22-33".into()),
            uid: Some("5b8f".into()),
            ..DeviceIdentity::default()
        };
        assert_eq!(UnitId::of(&identity, &usb("ABC123456"), &port()).0, "24:6F:28:11:22:33");
    }

    #[test]
    fn the_address_of_the_wifi_interface_is_the_hardware_address() {
        let interface = Interface {
            kind: InterfaceKind::Wifi,
            mac: Some("24:6f:28:11:22:33".into()),
            can_scan: true,
            five_ghz: None,
            static_ip: false,
            ready: false,
            ip: None,
        };
        let identity = DeviceIdentity { interfaces: vec![interface], ..DeviceIdentity::default() };
        let advert = Advert::Ble(BleAdvert::default());
        assert_eq!(
            UnitId::of(&identity, &advert, &Address::Ble("AA:BB:CC:DD:EE:FF".into())).0,
            "24:6F:28:11:22:33"
        );
    }

    #[test]
    fn what_is_less_durable_comes_later() {
        let mut identity = DeviceIdentity {
            name: Some("Blynk Pump-K3M7".into()),
            uid: Some("5b8f".into()),
            ..DeviceIdentity::default()
        };
        assert_eq!(UnitId::of(&identity, &usb("ABC123456"), &port()).0, "uid:5b8f");
        identity.uid = Some(" ".into());
        assert_eq!(UnitId::of(&identity, &usb("ABC123456"), &port()).0, "usb:ABC123456");
        assert_eq!(UnitId::of(&identity, &usb("0001"), &port()).0, "name:Blynk Pump-K3M7");
        identity.name = None;
        assert_eq!(UnitId::of(&identity, &usb("0001"), &port()).0, "at:/dev/ttyUSB0");
    }

    #[test]
    fn a_radio_is_known_by_its_address_and_never_by_its_name() {
        let identity = DeviceIdentity { name: Some("PROV_DEVICE".into()), ..DeviceIdentity::default() };
        let advert = Advert::Ble(BleAdvert::default());
        for (address, expected) in [
            ("aa:bb:cc:dd:ee:ff", "AA:BB:CC:DD:EE:FF"),
            ("6bc1ac2d-9d4c-4a4e-b3c2-0f2b1d7a9e44", "ble:6bc1ac2d-9d4c-4a4e-b3c2-0f2b1d7a9e44"),
        ] {
            let unit = UnitId::of(&identity, &advert, &Address::Ble(address.into()));
            assert_eq!(unit.0, expected);
            assert!(unit.is_durable());
        }
    }

    #[test]
    fn neither_a_name_nor_a_port_is_durable() {
        for (unit, durable) in [
            ("24:6F:28:11:22:33", true),
            ("uid:5b8f", true),
            ("usb:ABC123456", true),
            ("name:Pump", false),
            ("at:/dev/ttyUSB0", false),
        ] {
            assert_eq!(UnitId(unit.to_owned()).is_durable(), durable, "{unit}");
        }
    }
}
