//! What a command works with: the real ports, radios and clouds, or the practice world in their place.

use crate::arguments::{Common, MediumChoice};
use api::clouds::{GivenClouds, OneCloud};
use api::secrets::Secrets;
use engine::record::Journal;
use engine::work::{Clouds, Engine};
use engine::Refusal;
use link::Medium;
use link::serial::{SerialMedium, SerialSettings};
use std::sync::Arc;

/// Ways to devices, and the clouds behind them.
pub struct World {
    pub media: Vec<Arc<dyn Medium>>,
    pub clouds: Arc<dyn Clouds>,
}

/// Serial ports beyond those that the system lists: paths or globs, separated by `:`.
pub const SERIAL_PORTS: &str = "FIRSTLIGHT_SERIAL_PORTS";

pub fn serial() -> SerialMedium {
    SerialMedium::new(SerialSettings::from_list(&std::env::var(SERIAL_PORTS).unwrap_or_default()))
}

impl World {
    pub fn of(common: &Common, adapter: Option<&str>, medium: MediumChoice, clouds: GivenClouds) -> World {
        if common.practice {
            return World::practice();
        }
        let _ = adapter;
        let mut media: Vec<Arc<dyn Medium>> = Vec::new();
        if medium != MediumChoice::Ble {
            media.push(Arc::new(serial()));
        }
        World { media, clouds: Arc::new(clouds) }
    }
}
