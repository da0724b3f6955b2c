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
            networks: look.networks.map(one_a_name),
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

/// A person chooses a network by its name: of several access points the strongest stands for all.
fn one_a_name(networks: Vec<Network>) -> Vec<NetworkView> {
    let mut views: Vec<NetworkView> = Vec::new();
    for view in networks.into_iter().map(NetworkView::from) {
        match views.iter_mut().find(|known| known.ssid == view.ssid) {
            Some(known) if known.rssi < view.rssi => *known = view,
            Some(_) => {}
            None => views.push(view),
        }
    }
    views
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_several_access_points_is_one_choice() {
        let heard = |ssid: &str, rssi, channel| Network {
            ssid: ssid.to_owned(),
            bssid: None,
            rssi: Some(rssi),
            channel: Some(channel),
            security: Security::Personal,
        };
        let views = one_a_name(vec![heard("Hall", -70, 6), heard("Office", -60, 1), heard("Hall", -50, 44)]);
        let shown: Vec<_> = views.iter().map(|view| (view.ssid.as_str(), view.rssi, view.band)).collect();
        assert_eq!(
            shown,
            [("Hall", Some(-50), Some(BandView::Five)), ("Office", Some(-60), Some(BandView::TwoPointFour))]
        );
    }
}
