//! What a device answered to a look, as the window shows it.

use crate::desk::{BandView, ExposureView, IdentityView, LookView, NetworkView, SecurityView};
use engine::work::Look;
use proto::{Exposure, InterfaceKind, Network, Security};

/// The channels of 2.4 GHz end here.
const LAST_OF_2_4_GHZ: u16 = 14;

impl LookView {
    /// `device`: the cloud device of this unit, when the journal knows one.
    pub fn new(key: String, look: Look, device: Option<i32>) -> LookView {
        let identity = look.identity;
        let wifi = identity.interfaces.iter().find(|interface| interface.kind == InterfaceKind::Wifi);
        LookView {
            key,
            driver: look.driver.to_owned(),
            networks: look.networks.map(|networks| networks.into_iter().map(NetworkView::from).collect()),
            identity: IdentityView {
                unit: Some(look.unit.0),
                online_already: identity
                    .interfaces
                    .iter()
                    .any(|interface| interface.kind != InterfaceKind::Wifi && interface.ready),
                five_ghz: wifi.and_then(|wifi| wifi.five_ghz),
                last_fault: None,
                name: identity.name,
                vendor: identity.vendor,
                template: identity.template,
                firmware: identity.firmware_version,
                board: identity.board,
                device,
                exposure: identity.exposure.map(ExposureView::from),
            },
        }
    }
}

impl From<Exposure> for ExposureView {
    fn from(exposure: Exposure) -> ExposureView {
        match exposure {
            Exposure::Sealed => ExposureView::Sealed,
            Exposure::Unproven => ExposureView::Unproven,
            Exposure::Cable => ExposureView::Cable,
            Exposure::Air => ExposureView::Air,
        }
    }
}

impl From<Network> for NetworkView {
    fn from(network: Network) -> NetworkView {
        let band = |channel| if channel > LAST_OF_2_4_GHZ { BandView::Five } else { BandView::TwoPointFour };
        NetworkView {
            ssid: network.ssid,
            rssi: network.rssi,
            band: network.channel.map(band),
            security: match network.security {
                Security::Open => SecurityView::Open,
                Security::Enterprise => SecurityView::Enterprise,
                Security::Wep | Security::Personal | Security::Other => SecurityView::Secured,
            },
        }
    }
}
