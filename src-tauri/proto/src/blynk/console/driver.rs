//! Whom `blynk-console` fits, what it needs of a port, and what its two dialects cannot be told (sections 5.2 to 5.5).

use super::dialogue::ConsoleDialogue;
use super::message::{self, LONGEST_COMMAND};
use crate::blynk::limits;
use crate::{Advert, Delivery, Dialogue, Driver, DriverSettings, Fit, Limit, MediumKind, Opened, Wiring};
use std::time::Instant;

pub(super) const DIALECT_A: &str = "console-a";
pub(super) const DIALECT_B: &str = "console-b";

/// The server that dialect A has compiled in unless its maker changed it.
pub(super) const BUILT_IN_HOST: &str = "blynk.cloud";
/// DNS has no longer names; what is left of a line is checked as a whole.
const HOST_MOST: usize = 253;

#[derive(Debug)]
pub struct BlynkConsole;

impl Driver for BlynkConsole {
    fn name(&self) -> &'static str {
        "blynk-console"
    }

    fn media(&self) -> &'static [MediumKind] {
        &[MediumKind::Serial]
    }

    /// No serial port tells from outside what answers on it.
    fn fit(&self, advert: &Advert) -> Fit {
        match advert {
            Advert::Serial(_) => Fit::Maybe,
            Advert::Ble(_) => Fit::No,
        }
    }

    fn wiring(&self, _advert: &Advert) -> Wiring {
        Wiring::Serial { baud: 115_200 }
    }

    fn limits(&self, delivery: &Delivery, _settings: &DriverSettings, dialect: Option<&str>) -> Vec<Limit> {
        let mut found = limits::common(delivery, HOST_MOST);
        if dialect == Some(DIALECT_A) && !delivery.host.eq_ignore_ascii_case(BUILT_IN_HOST) {
            found.push(Limit::HostFixed);
        }
        // Its `connect` has the network between token and password; there is no way to say the token alone.
        if dialect == Some(DIALECT_A) && delivery.wifi.is_none() {
            found.push(Limit::NetworkMissing);
        }
        let longest = match dialect {
            Some(DIALECT_A) => longest_a(delivery),
            Some(_) => longest_b(delivery),
            None => longest_a(delivery).min(longest_b(delivery)),
        };
        if longest > LONGEST_COMMAND {
            found.push(Limit::LineLength { bytes: longest, most: LONGEST_COMMAND });
        }
        found
    }

    fn carries_token(&self, _settings: &DriverSettings) -> bool {
        true
    }

    fn begin(&self, _opened: &Opened, _settings: &DriverSettings, _now: Instant) -> Box<dyn Dialogue> {
        Box::new(ConsoleDialogue::new())
    }
}

/// `connect TOKEN SSID PASSWORD`, with room for the token that may not exist yet.
fn longest_a(delivery: &Delivery) -> usize {
    let network = delivery.wifi.as_ref().map_or(0, |wifi| network_length(&wifi.ssid, wifi.password.expose()));
    "connect ".len() + limits::TOKEN_LENGTH + network
}

/// The longer of `wifi add SSID PASSWORD` and `connect TOKEN HOST`.
fn longest_b(delivery: &Delivery) -> usize {
    let network = delivery
        .wifi
        .as_ref()
        .map_or(0, |wifi| "wifi add".len() + network_length(&wifi.ssid, wifi.password.expose()));
    let account = "connect ".len() + limits::TOKEN_LENGTH + 1 + message::escape(&delivery.host).len();
    network.max(account)
}

fn network_length(ssid: &str, password: &str) -> usize {
    let password = message::escape(password).len();
    1 + message::escape(ssid).len() + if password == 0 { 0 } else { 1 + password }
}
