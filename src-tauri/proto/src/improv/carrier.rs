//! Where Improv carries a cloud token, which the standard does not foresee. Reference: section 4.

use crate::SettingTrouble;

/// The setting `carrier` of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Carrier {
    /// The device takes its network only; the cloud step is then the reverse one.
    #[default]
    None,
    /// Nothing is sent: the page that the device returns is told ([`crate::DeviceWord::Page`]), and whoever agreed on
    /// that page with the firmware goes on from there.
    Url,
    /// A command outside the standard, sent before the Wi-Fi settings: token and server name as two strings. Devices
    /// that do not know it say so, and nothing has happened to them.
    Vendor(u8),
    /// A third string behind SSID and password. Nothing tells whether the device used it.
    ThirdString,
}

impl Carrier {
    /// Reads `url`, `vendor:ID` (decimal, or hexadecimal with `0x`) or `third-string`; an empty setting is none.
    /// The error says why it is not usable.
    pub fn read(setting: Option<&str>) -> Result<Carrier, SettingTrouble> {
        match setting.map(str::trim) {
            None | Some("" | "none") => Ok(Carrier::None),
            Some("url") => Ok(Carrier::Url),
            Some("third-string") => Ok(Carrier::ThirdString),
            Some(other) => {
                let id = other.strip_prefix("vendor:").ok_or(SettingTrouble::Carrier)?;
                let id = match id.strip_prefix("0x").or_else(|| id.strip_prefix("0X")) {
                    Some(hex) => u8::from_str_radix(hex, 16),
                    None => id.parse(),
                }
                .map_err(|_| SettingTrouble::CarrierCommand)?;
                // 0x01 to 0x07 belong to the standard; 0x00 and 0xFF are used inside SDKs.
                if (0x08..=0xFE).contains(&id) {
                    Ok(Carrier::Vendor(id))
                } else {
                    Err(SettingTrouble::CarrierCommand)
                }
            }
        }
    }
}
