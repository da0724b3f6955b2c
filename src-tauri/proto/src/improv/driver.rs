//! Whom Improv fits, what it needs of a link, what it cannot carry.

use super::ble;
use super::carrier::Carrier;
use super::dialogue::ImprovDialogue;
use super::message::{MOST_DATA, State};
use crate::{Advert, Delivery, Dialogue, Driver, DriverSettings, Fit, Limit, MediumKind, Opened, Wiring};
use std::time::Instant;

/// All known firmware talks at this rate; the standard has no negotiation.
const BAUD: u32 = 115_200;
const MOST_SSID: usize = 32;
const LEAST_PASSWORD: usize = 8;
/// 63 characters, or a raw key of 64 digits.
const MOST_PASSWORD: usize = 64;

#[derive(Debug)]
pub struct Improv;

impl Driver for Improv {
    fn name(&self) -> &'static str {
        "improv"
    }

    fn media(&self) -> &'static [MediumKind] {
        &[MediumKind::Serial, MediumKind::Ble]
    }

    fn fit(&self, advert: &Advert) -> Fit {
        match advert {
            Advert::Serial(_) => Fit::Maybe,
            Advert::Ble(ble) => match ble::advertised(ble) {
                Some((State::AuthorizationRequired | State::Ready, _)) => Fit::Yes,
                // Busy, or done already.
                Some(_) => Fit::Maybe,
                // Version 1 of the standard has no service data, and some packets are wrong: connect to learn.
                None if ble.services.contains(&ble::SERVICE) => Fit::Yes,
                None => Fit::No,
            },
        }
    }

    fn wiring(&self, advert: &Advert) -> Wiring {
        match advert {
            Advert::Serial(_) => Wiring::Serial { baud: BAUD },
            Advert::Ble(_) => Wiring::Ble {
                service: Some(ble::SERVICE),
                subscribe: vec![ble::ERROR, ble::RESULT, ble::STATE],
                descriptions: false,
            },
        }
    }

    fn limits(&self, delivery: &Delivery, settings: &DriverSettings, _dialect: Option<&str>) -> Vec<Limit> {
        let mut limits = Vec::new();
        let carrier = match Carrier::read(settings.carrier.as_deref()) {
            Ok(carrier) => carrier,
            Err(why) => {
                limits.push(Limit::Setting { setting: "carrier", why });
                Carrier::None
            }
        };
        // The standard carries nothing but a network, so a delivery without one says nothing.
        let ssid = delivery.wifi.as_ref().map_or(0, |wifi| wifi.ssid.len());
        if delivery.wifi.is_none() {
            limits.push(Limit::NetworkMissing);
        } else if !(1..=MOST_SSID).contains(&ssid) {
            limits.push(Limit::SsidLength { bytes: ssid, most: MOST_SSID });
        }
        let password = delivery.wifi.as_ref().map_or(0, |wifi| wifi.password.expose().len());
        if password != 0 && !(LEAST_PASSWORD..=MOST_PASSWORD).contains(&password) {
            limits.push(Limit::PasswordLength {
                chars: password,
                least: LEAST_PASSWORD,
                most: MOST_PASSWORD,
            });
        }
        let token = delivery.token.as_ref().map_or(0, |token| token.expose().len());
        let bytes = match carrier {
            Carrier::Vendor(_) if token > 0 => token + delivery.host.len() + 2,
            Carrier::ThirdString if token > 0 => ssid + password + token + 3,
            _ => 0,
        };
        if bytes > MOST_DATA {
            limits.push(Limit::LineLength { bytes, most: MOST_DATA });
        }
        limits
    }

    /// With the carrier `url` the dialogue itself carries nothing: it tells the page.
    fn carries_token(&self, settings: &DriverSettings) -> bool {
        matches!(Carrier::read(settings.carrier.as_deref()), Ok(Carrier::Vendor(_) | Carrier::ThirdString))
    }

    fn begin(&self, opened: &Opened, settings: &DriverSettings, _now: Instant) -> Box<dyn Dialogue> {
        // An unusable setting is found by `limits` before anything is opened.
        let carrier = Carrier::read(settings.carrier.as_deref()).unwrap_or_default();
        Box::new(ImprovDialogue::new(opened, carrier))
    }
}
