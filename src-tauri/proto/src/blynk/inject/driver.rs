//! Whom `blynk-inject` fits and what it needs of a link (sections 3.1, 3.2).

use super::dialogue::InjectDialogue;
use crate::blynk::limits;
use crate::{
    Advert, Delivery, DeviceIdentity, Dialogue, Driver, DriverSettings, Fit, Limit, MediumKind, Opened,
    Unlinked, Wiring,
};
use std::time::Instant;
use uuid::Uuid;

pub const SERVICE: Uuid = Uuid::from_u128(0x95e30001_5737_45a9_a092_a88e2e5dd659);
/// App to device.
pub const RX: Uuid = Uuid::from_u128(0x95e30002_5737_45a9_a092_a88e2e5dd659);
/// Device to app; indicates or notifies, by dialect.
pub const TX: Uuid = Uuid::from_u128(0x95e30003_5737_45a9_a092_a88e2e5dd659);

/// A write of at most so many bytes is safe on every device (section 3.3).
pub(super) const SAFE_WRITE: usize = 180;
/// Longest server name that fits into one safe write of its own: `{"t":"set","host":"…"}`.
const HOST_MOST: usize = SAFE_WRITE - 21;
/// The buffer of Edgent-ESP-IDF (section 2.1).
const HOST_MOST_IDF: usize = 127;

#[derive(Debug)]
pub struct BlynkInject;

impl Driver for BlynkInject {
    fn name(&self) -> &'static str {
        "blynk-inject"
    }

    fn media(&self) -> &'static [MediumKind] {
        &[MediumKind::Ble]
    }

    /// By service only: white-label firmware has other names (section 3.2).
    fn fit(&self, advert: &Advert) -> Fit {
        match advert {
            Advert::Ble(ble) if ble.services.contains(&SERVICE) => Fit::Yes,
            _ => Fit::No,
        }
    }

    fn wiring(&self, _advert: &Advert) -> Wiring {
        Wiring::Ble { service: Some(SERVICE), subscribe: vec![TX], descriptions: false }
    }

    fn limits(&self, delivery: &Delivery, _settings: &DriverSettings, dialect: Option<&str>) -> Vec<Limit> {
        let host_most = if dialect == Some("edgent-idf") { HOST_MOST_IDF } else { HOST_MOST };
        limits::common(delivery, host_most)
    }

    fn carries_token(&self, _settings: &DriverSettings) -> bool {
        true
    }

    /// Section 3.8: Edgent for Arduino goes on with its radio off, and advertises again when it fails. What Linux does is not
    /// known.
    fn unlinked(&self, identity: &DeviceIdentity) -> Unlinked {
        match identity.dialect.as_deref() {
            _ if identity.last_error.is_some() => Unlinked::Remembers,
            Some("edgent-arduino") => Unlinked::Reappears,
            _ => Unlinked::Unclear,
        }
    }

    fn begin(&self, opened: &Opened, _settings: &DriverSettings, _now: Instant) -> Box<dyn Dialogue> {
        Box::new(InjectDialogue::new(opened))
    }
}
