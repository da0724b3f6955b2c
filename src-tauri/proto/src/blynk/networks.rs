//! Puts the rows of a device's scan into the order in which people want them.

use crate::Network;

/// One row for each name, its strongest access point, best first: firmware sends duplicates in no order (section 3.4).
pub(super) fn strongest_first(networks: Vec<Network>) -> Vec<Network> {
    let mut best: Vec<Network> = Vec::new();
    for network in networks {
        match best.iter_mut().find(|known| known.ssid == network.ssid) {
            Some(known) if known.rssi < network.rssi => *known = network,
            Some(_) => {}
            None => best.push(network),
        }
    }
    best.sort_by_key(|network| std::cmp::Reverse(network.rssi));
    best
}
