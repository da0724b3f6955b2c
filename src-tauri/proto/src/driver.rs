//! A driver knows one protocol: whom it fits, what it needs of a link, how a dialogue begins, what it cannot carry.

use crate::{Advert, Delivery, DeviceIdentity, Dialogue, MediumKind, Opened, Secret};
use std::time::Instant;
use uuid::Uuid;

/// How well an advert fits a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    No,
    /// Cannot be told without asking the device.
    Maybe,
    Yes,
}

/// What a driver needs of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wiring {
    /// A stream of bytes at this rate, 8N1, no flow control.
    Serial { baud: u32 },
    Ble {
        /// Only characteristics of this service matter; `None`: all that the device has.
        service: Option<Uuid>,
        /// Subscribe to these before anything is said.
        subscribe: Vec<Uuid>,
        /// Read the user descriptions (descriptor 0x2901) when opening.
        descriptions: bool,
    },
}

/// What a dialogue is told before it begins; settings of a profile or of the unit.
#[derive(Debug, Clone, Default)]
pub struct DriverSettings {
    /// Proof of possession, or the password of Espressif's security 2.
    pub device_secret: Option<Secret>,
    /// User name of Espressif's security 2.
    pub device_user: Option<String>,
    /// Where Improv carries the token: `url`, `vendor:ID` or `third-string`.
    pub carrier: Option<String>,
    /// Espressif's endpoint for the token; `custom-data` if empty.
    pub token_endpoint: Option<String>,
    /// What is sent to that endpoint, with `{token}` and `{host}` in it; the token alone if empty.
    pub token_template: Option<String>,
    /// Which answer of that endpoint means success: `any` (if empty), `exact:TEXT` or `json:MEMBER=VALUE`.
    pub token_success: Option<String>,
}

/// Why a driver setting is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingTrouble {
    #[error("it is none of url, vendor:ID and third-string")]
    Carrier,
    #[error("the vendor command is not a number from 0x08 to 0xFE")]
    CarrierCommand,
    #[error("an endpoint's name is up to 64 visible characters without spaces")]
    Endpoint,
    #[error("it does not say where the {{token}} goes")]
    Template,
    #[error("behind hex: come pairs of digits")]
    TemplateDigits,
    #[error("behind hex: only {{token}} and {{host}} stand in braces")]
    TemplateBraces,
    #[error("it is none of any, exact:TEXT and json:MEMBER=VALUE")]
    Success,
    #[error("the firmware ends texts at a NUL character")]
    Nul,
}

/// A value that the firmware would drop, cut or choke on. Found before anything is touched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    #[error("the network name has {bytes} bytes; this device takes 1 to {most}")]
    SsidLength { bytes: usize, most: usize },
    #[error("the Wi-Fi password has {chars} characters; it must be empty or have {least} to {most}")]
    PasswordLength { chars: usize, least: usize, most: usize },
    #[error("the server name has {bytes} bytes; this device takes at most {most}")]
    HostLength { bytes: usize, most: usize },
    #[error("the server name is not one that a device can use")]
    HostUnusable,
    #[error("the token does not have the 32 characters that the firmware expects")]
    TokenShape,
    /// This device is reached over Wi-Fi only, or takes its token together with a network.
    #[error("this device takes nothing without a Wi-Fi network, and none was given")]
    NetworkMissing,
    /// This device has its server compiled in.
    #[error("this device has its server built in and cannot be told another")]
    HostFixed,
    #[error("the driver setting {setting} is not usable: {why}")]
    Setting { setting: &'static str, why: SettingTrouble },
    /// The whole command would not fit into the device's line buffer.
    #[error("network, password and server together are {bytes} bytes; this device takes {most}")]
    LineLength { bytes: usize, most: usize },
}

/// What a device that has everything does when its link is closed while it joins its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlinked {
    /// It may stop, or fail without anybody hearing of it: the link is held.
    Unclear,
    /// It goes on, and tells its last error when it is asked again.
    Remembers,
    /// It goes on out of sight, and is in sight again only when it failed. It does not say why.
    Reappears,
}

pub trait Driver: Send + Sync {
    /// The stable name of the contract: `blynk-inject`, `blynk-console`, `improv`, `espressif`.
    fn name(&self) -> &'static str;
    fn media(&self) -> &'static [MediumKind];
    fn fit(&self, advert: &Advert) -> Fit;
    fn wiring(&self, advert: &Advert) -> Wiring;
    /// All that is wrong with what is to be delivered, at once. `dialect` is [`crate::DeviceIdentity::dialect`] once it
    /// is known; without it, only what holds for every dialect of this driver is found.
    fn limits(&self, delivery: &Delivery, settings: &DriverSettings, dialect: Option<&str>) -> Vec<Limit>;
    /// Whether the device can be handed a token at all with these settings.
    fn carries_token(&self, settings: &DriverSettings) -> bool;
    /// Whether a device of this kind can do without its link once it joins.
    fn unlinked(&self, _identity: &DeviceIdentity) -> Unlinked {
        Unlinked::Unclear
    }
    fn begin(&self, opened: &Opened, settings: &DriverSettings, now: Instant) -> Box<dyn Dialogue>;
}

/// Every driver that this build knows, in the order in which `auto` tries them: the least intrusive question first.
pub fn drivers() -> &'static [&'static dyn Driver] {
    &[
        &crate::blynk::inject::BlynkInject,
        &crate::blynk::console::BlynkConsole,
        &crate::improv::driver::Improv,
        &crate::espressif::driver::Espressif,
    ]
}

pub fn driver(name: &str) -> Option<&'static dyn Driver> {
    drivers().iter().copied().find(|driver| driver.name() == name)
}

/// The drivers that may fit, best first; among equals the order of [`drivers`] holds.
pub fn drivers_for(advert: &Advert) -> Vec<&'static dyn Driver> {
    let mut fitting: Vec<_> = drivers()
        .iter()
        .copied()
        .map(|driver| (driver.fit(advert), driver))
        .filter(|(fit, _)| *fit != Fit::No)
        .collect();
    fitting.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
    fitting.into_iter().map(|(_, driver)| driver).collect()
}
