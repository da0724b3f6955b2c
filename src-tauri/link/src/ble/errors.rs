//! What the texts of the Bluetooth stacks mean: they give no codes.
//!
//! Not here: what follows from it for a link or an opening (`ble/radio.rs`, `ble/peer.rs`).

use crate::LinkError;

/// What a failed call says about the device, or about the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The device refused one read or write, with this ATT error code.
    Refused(u8),
    NeedsPairing,
    /// Nothing came back in the system's time.
    Silent,
    /// The connection, the device's object or the adapter is not there any more.
    Gone,
    /// The system's Bluetooth service is not there.
    NoService,
    Denied,
    Unknown,
}

/// Texts of BlueZ 5.66 (`create_gatt_dbus_error` in src/gatt-client.c), of D-Bus, and of the library itself.
pub(super) fn meaning(text: &str) -> Meaning {
    let has = |part: &str| text.contains(part);
    if let Some(code) = att_code(text) {
        return match code {
            0x05 | 0x0C | 0x0F => Meaning::NeedsPairing, // not authenticated; key too short; not encrypted
            code => Meaning::Refused(code),
        };
    }
    if has("Read not permitted") {
        Meaning::Refused(0x02)
    } else if has("Write not permitted") {
        Meaning::Refused(0x03)
    } else if has("Operation is not supported") {
        Meaning::Refused(0x06)
    } else if has("Invalid offset") {
        Meaning::Refused(0x07)
    } else if has("Operation Not Authorized") {
        Meaning::Refused(0x08)
    } else if has("Invalid Length") {
        Meaning::Refused(0x0D)
    } else if has("Not paired") || has("Insufficient Authentication") || has("Insufficient Encryption") {
        Meaning::NeedsPairing
    } else if has("Timeout waiting for reply") || has("Did not receive a reply") {
        Meaning::Silent
    } else if has("org.bluez was not provided") || has("ServiceUnknown") || has("connect to socket") {
        Meaning::NoService
    } else if has("AccessDenied") || has("Permission denied") || has("Rejected send message") {
        Meaning::Denied
    } else if has("doesn't exist") || has("Does Not Exist") || has("Not connected") || has("Not Connected") {
        Meaning::Gone
    } else {
        Meaning::Unknown
    }
}

/// The number at the end of `Operation failed with ATT error: 0x80`.
fn att_code(text: &str) -> Option<u8> {
    let (_, digits) = text.split_once("ATT error: 0x")?;
    let digits: String = digits.chars().take_while(char::is_ascii_hexdigit).collect();
    u8::from_str_radix(&digits, 16).ok()
}

/// For calls about the adapter and the system, not about one device.
pub(super) fn of_system(operation: &'static str, text: &str) -> LinkError {
    match meaning(text) {
        Meaning::NoService => LinkError::NoBluetooth { reason: text.to_owned() },
        Meaning::Denied => LinkError::BluetoothDenied,
        Meaning::Silent => LinkError::TimedOut { what: operation },
        _ if text.contains("Resource Not Ready") => LinkError::AdapterOff,
        _ => LinkError::System { operation, reason: text.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As seen of BlueZ 5.66 and btleplug 0.13.5 in the lab.
    #[test]
    fn the_texts_of_the_stack_get_their_att_codes_back() {
        for (text, code) in [
            ("Write not permitted", 0x03),
            ("Read not permitted", 0x02),
            ("Operation is not supported", 0x06),
            ("Invalid offset", 0x07),
            ("Operation Not Authorized", 0x08),
            ("Invalid Length", 0x0D),
            ("Operation failed with ATT error: 0x0e", 0x0E),
            ("Operation failed with ATT error: 0x80", 0x80),
            ("Operation failed with ATT error: 0xfc (Write Request Rejected)", 0xFC),
        ] {
            assert_eq!(meaning(text), Meaning::Refused(code), "{text}");
        }
    }

    #[test]
    fn a_device_that_wants_pairing_is_told_apart_from_one_that_refuses() {
        for text in
            ["Not paired", "Operation failed with ATT error: 0x05", "Operation failed with ATT error: 0x0f"]
        {
            assert_eq!(meaning(text), Meaning::NeedsPairing, "{text}");
        }
    }

    #[test]
    fn what_is_gone_silent_or_never_there_is_told_apart() {
        let forgotten =
            r#"Method "Connect" with signature "" on interface "org.bluez.Device1" doesn't exist"#;
        assert_eq!(meaning(forgotten), Meaning::Gone);
        assert_eq!(meaning("Not connected"), Meaning::Gone);
        assert_eq!(meaning("Timeout waiting for reply"), Meaning::Silent);
        assert_eq!(meaning("The name org.bluez was not provided by any .service files"), Meaning::NoService);
        assert_eq!(meaning("le-connection-abort-by-local"), Meaning::Unknown);
        assert_eq!(meaning("Operation failed with ATT error: 0x"), Meaning::Unknown);
    }

    #[test]
    fn an_adapter_that_is_not_ready_is_off() {
        assert_eq!(of_system("starting a scan", "Resource Not Ready"), LinkError::AdapterOff);
    }
}
