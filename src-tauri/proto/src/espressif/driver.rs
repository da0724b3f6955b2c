//! Whom Espressif's provisioning fits, what it needs of a link, what it cannot carry.

use super::console;
use super::dialogue::EspressifDialogue;
use super::random::SystemRandomness;
use super::token::TokenRule;
use crate::{
    Advert, BleAdvert, Delivery, Dialogue, Driver, DriverSettings, Fit, Limit, MediumKind, Opened, Wiring,
};
use std::time::Instant;
use uuid::{Uuid, uuid};

/// The component's own service, and that of the example firmware, which many products kept.
const SERVICES: [Uuid; 2] =
    [uuid!("1775244d-6b43-439b-877c-060f2d9bed07"), uuid!("021a9004-0382-4aea-bff4-6b3f1c5adfb4")];
/// The convention for device names.
const PREFIX: &str = "PROV_";
/// Bluetooth's own 16-bit UUIDs end in this; an application's service does not.
const BASE: [u8; 12] = [0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0x80, 0x5f, 0x9b, 0x34, 0xfb];
/// The console's usual rate.
const BAUD: u32 = 115_200;
const MOST_SSID: usize = 32;
const LEAST_PASSWORD: usize = 8;
/// A raw key of 64 digits is refused by the device.
const MOST_PASSWORD: usize = 63;
/// The smallest limit of a value in the field is 256 bytes; security 2 takes 16 of them.
const MOST_VALUE: usize = 240;
const SESSION_DIGITS: usize = 5;

#[derive(Debug)]
pub struct Espressif;

/// The one service of an application in an advert, where there is exactly one.
fn own_service(advert: &BleAdvert) -> Option<Uuid> {
    if let Some(known) = advert.services.iter().find(|uuid| SERVICES.contains(uuid)) {
        return Some(*known);
    }
    let mut own = advert.services.iter().filter(|uuid| uuid.as_bytes()[4..] != BASE);
    match (own.next(), own.next()) {
        (Some(only), None) => Some(*only),
        _ => None,
    }
}

impl Driver for Espressif {
    fn name(&self) -> &'static str {
        "espressif"
    }

    fn media(&self) -> &'static [MediumKind] {
        &[MediumKind::Serial, MediumKind::Ble]
    }

    /// A product with its own service and its own names cannot be told from any other device by its advert: it is not
    /// connected to on suspicion, but it can be named together with this driver.
    fn fit(&self, advert: &Advert) -> Fit {
        match advert {
            Advert::Serial(_) => Fit::Maybe,
            Advert::Ble(ble) if ble.services.iter().any(|uuid| SERVICES.contains(uuid)) => Fit::Yes,
            Advert::Ble(ble) => {
                let name = ble.name.as_deref().unwrap_or_default();
                if name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX)) {
                    Fit::Yes
                } else {
                    Fit::No
                }
            }
        }
    }

    fn wiring(&self, advert: &Advert) -> Wiring {
        match advert {
            Advert::Serial(_) => Wiring::Serial { baud: BAUD },
            Advert::Ble(ble) => {
                Wiring::Ble { service: own_service(ble), subscribe: Vec::new(), descriptions: true }
            }
        }
    }

    fn limits(&self, delivery: &Delivery, settings: &DriverSettings, dialect: Option<&str>) -> Vec<Limit> {
        let mut limits = Vec::new();
        if let Some(wifi) = &delivery.wifi {
            if !(1..=MOST_SSID).contains(&wifi.ssid.len()) {
                limits.push(Limit::SsidLength { bytes: wifi.ssid.len(), most: MOST_SSID });
            }
            let password = wifi.password.expose().len();
            if password != 0 && !(LEAST_PASSWORD..=MOST_PASSWORD).contains(&password) {
                limits.push(Limit::PasswordLength {
                    chars: password,
                    least: LEAST_PASSWORD,
                    most: MOST_PASSWORD,
                });
            }
        }
        match (TokenRule::read(settings), &delivery.token) {
            (Err(unusable), _) => {
                limits.extend(unusable.iter().map(|it| Limit::Setting { setting: it.setting, why: it.why }));
            }
            (Ok(rule), Some(token)) => {
                let bytes = rule.request(token, &delivery.host).len();
                let most = if dialect.is_some_and(|dialect| dialect.starts_with("espressif-console")) {
                    console::most_request(&rule.endpoint, SESSION_DIGITS)
                } else {
                    MOST_VALUE
                };
                if bytes > most {
                    limits.push(Limit::LineLength { bytes, most });
                }
            }
            (Ok(_), None) => {}
        }
        limits
    }

    /// Whether this very device has the endpoint is in [`crate::DeviceIdentity::takes_token`].
    fn carries_token(&self, _settings: &DriverSettings) -> bool {
        true
    }

    fn begin(&self, opened: &Opened, settings: &DriverSettings, _now: Instant) -> Box<dyn Dialogue> {
        // Unusable settings are found by `limits` before anything is opened; then the usual ones hold.
        let token = TokenRule::read(settings).unwrap_or_else(|_| TokenRule::usual());
        Box::new(EspressifDialogue::new(
            opened,
            settings.device_secret.clone(),
            settings.device_user.clone(),
            token,
            Box::new(SystemRandomness),
        ))
    }
}
