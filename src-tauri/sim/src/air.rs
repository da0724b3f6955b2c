//! The networks of the simulated place: what devices hear, and which of them let a device in.

/// One access point.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessPoint {
    pub ssid: String,
    /// Empty: an open network.
    pub password: String,
    /// The device's word for its security (section 3.4 of the device protocols): `OPEN`, `WPA2`, `WPA2 ENT`…
    pub security: String,
    pub bssid: String,
    pub channel: u16,
    /// dBm
    pub rssi: i16,
    /// Its name is not broadcast.
    pub hidden: bool,
    /// Whether it gives addresses (DHCP).
    pub gives_addresses: bool,
    /// Whether there is an internet behind it.
    pub reaches_cloud: bool,
}

impl AccessPoint {
    pub fn new(ssid: &str, password: &str, channel: u16, rssi: i16) -> AccessPoint {
        let sum = ssid.bytes().fold(7u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
        AccessPoint {
            ssid: ssid.to_owned(),
            password: password.to_owned(),
            security: if password.is_empty() { "OPEN" } else { "WPA2" }.to_owned(),
            bssid: format!(
                "A4:2B:B0:{:02X}:{:02X}:{:02X}",
                (sum >> 16) as u8,
                (sum >> 8) as u8,
                channel as u8
            ),
            channel,
            rssi,
            hidden: false,
            gives_addresses: true,
            reaches_cloud: true,
        }
    }

    pub fn security(mut self, word: &str) -> AccessPoint {
        self.security = word.to_owned();
        self
    }

    pub fn hidden(mut self) -> AccessPoint {
        self.hidden = true;
        self
    }

    pub fn without_addresses(mut self) -> AccessPoint {
        self.gives_addresses = false;
        self
    }

    pub fn without_internet(mut self) -> AccessPoint {
        self.reaches_cloud = false;
        self
    }

    pub fn is_five_ghz(&self) -> bool {
        self.channel > 14
    }
}

/// How practice devices of Improv take their token; none of the others minds.
pub const PRACTICE_CARRIER: &str = "third-string";

/// The name of the network in every practice place that just works.
pub const PRACTICE_SSID: &str = "Workshop 2G";
/// Its password.
pub const PRACTICE_PASSWORD: &str = "correct horse";

/// A workshop with the networks that one meets: one that works (twice, on two access points), an open one, one of
/// 5 GHz only, one for enterprises, a name with spaces, quotes and letters beyond ASCII, one without addresses, one
/// without internet, a hidden one and one too weak to hear.
pub fn workshop() -> Vec<AccessPoint> {
    vec![
        AccessPoint::new(PRACTICE_SSID, PRACTICE_PASSWORD, 6, -58),
        AccessPoint::new(PRACTICE_SSID, PRACTICE_PASSWORD, 11, -71),
        AccessPoint::new("Guests", "", 1, -66),
        AccessPoint::new("Workshop 5G", PRACTICE_PASSWORD, 44, -61),
        AccessPoint::new("Office", "", 3, -70).security("WPA2 ENT"),
        AccessPoint::new("Mia's \"Höhle\"", "back\\slash 12", 9, -77),
        AccessPoint::new("No Addresses", PRACTICE_PASSWORD, 5, -64).without_addresses(),
        AccessPoint::new("No Internet", PRACTICE_PASSWORD, 8, -63).without_internet(),
        AccessPoint::new("Backroom", PRACTICE_PASSWORD, 2, -80).hidden(),
        AccessPoint::new("Across The Street", "whatever it is", 13, -93),
    ]
}
