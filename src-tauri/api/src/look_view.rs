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
            networks: look.networks.map(distinct),
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

/// One row for each name, the nearest first: a device hears every access point of a network, and a person chooses the
/// network. A hidden one has no name to choose.
fn distinct(networks: Vec<Network>) -> Vec<NetworkView> {
    let mut rows: Vec<NetworkView> = Vec::new();
    for network in networks.into_iter().map(NetworkView::from).filter(|network| !network.ssid.is_empty()) {
        match rows.iter_mut().find(|row| row.ssid == network.ssid) {
            Some(row) => row.take_in(network),
            None => rows.push(network),
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.rssi));
    rows
}

impl NetworkView {
    /// Another access point of the same name. Where they differ in security, what can be joined counts.
    fn take_in(&mut self, other: NetworkView) {
        self.rssi = self.rssi.max(other.rssi);
        self.band = match (self.band, other.band) {
            (Some(one), Some(another)) if one != another => Some(BandView::Both),
            (one, another) => one.or(another),
        };
        if self.security == SecurityView::Enterprise {
            self.security = other.security;
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

    fn heard(ssid: &str, rssi: i16, channel: u16, security: Security) -> Network {
        Network { ssid: ssid.to_owned(), rssi: Some(rssi), channel: Some(channel), security, bssid: None }
    }

    #[test]
    fn a_network_of_many_access_points_is_one_row_with_its_best_signal_and_all_its_bands() {
        let rows = distinct(vec![
            heard("far", -80, 1, Security::Personal),
            heard("hall", -70, 36, Security::Personal),
            heard("", -20, 6, Security::Personal),
            heard("hall", -50, 6, Security::Personal),
            heard("hall", -60, 11, Security::Personal),
        ]);
        let told: Vec<_> = rows.iter().map(|row| (row.ssid.as_str(), row.rssi, row.band)).collect();
        assert_eq!(
            told,
            [("hall", Some(-50), Some(BandView::Both)), ("far", Some(-80), Some(BandView::TwoPointFour))]
        );
    }

    #[test]
    fn a_name_that_can_be_joined_somewhere_can_be_chosen() {
        let rows = distinct(vec![
            heard("works", -50, 6, Security::Enterprise),
            heard("works", -70, 1, Security::Personal),
        ]);
        assert_eq!(rows.iter().map(|row| row.security).collect::<Vec<_>>(), [SecurityView::Secured]);
    }
}
