//! What is on the air: adverts merged over their packets, who came, changed and left. Values only, time is an argument.
//!
//! Not here: where the packets come from and who is told (`ble/radio.rs`).

use crate::{Change, Sighting};
use proto::{Address, Advert, BleAdvert};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Signal strength jumps by some dB from packet to packet; smaller steps are no news.
const RSSI_STEP: i16 = 6;
/// And larger ones only now and then.
const RSSI_PAUSE: Duration = Duration::from_secs(1);

/// What one packet, or one look at the system's record, tells. Empty fields tell nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    pub name: Option<String>,
    pub services: Vec<Uuid>,
    pub service_data: HashMap<Uuid, Vec<u8>>,
    pub manufacturer_data: HashMap<u16, Vec<u8>>,
    pub rssi: Option<i16>,
}

#[derive(Debug)]
struct Seen {
    advert: BleAdvert,
    heard: Instant,
    /// The system may have forgotten it: only the next packet shows that it can be connected to.
    doubted: bool,
    /// Whoever watches was told that it came.
    shown: bool,
    /// When the signal strength was last told.
    told: Instant,
    told_rssi: Option<i16>,
}

#[derive(Debug)]
pub(super) struct Air {
    /// Devices with any of these services are ours; all are, if there is none.
    services: Vec<Uuid>,
    adapter: Option<String>,
    seen: BTreeMap<String, Seen>,
}

impl Air {
    pub fn new(services: Vec<Uuid>) -> Air {
        Air { services, adapter: None, seen: BTreeMap::new() }
    }

    pub fn set_adapter(&mut self, name: &str) {
        self.adapter = Some(name.to_owned());
    }

    /// Merges what was heard of a device just now. A sighting if that is news.
    pub fn hear(&mut self, address: &str, heard: Heard, now: Instant) -> Option<Sighting> {
        let new = !self.seen.contains_key(address);
        let seen = self.seen.entry(address.to_owned()).or_insert_with(|| Seen {
            advert: BleAdvert { adapter: self.adapter.clone(), ..BleAdvert::default() },
            heard: now,
            doubted: false,
            shown: false,
            told: now,
            told_rssi: None,
        });
        seen.heard = now;
        seen.doubted = false;
        let changed = merge(&mut seen.advert, heard) || new;
        if !is_ours(&self.services, &seen.advert) {
            return None;
        }
        let louder = match (seen.told_rssi, seen.advert.rssi) {
            (Some(before), Some(after)) => before.abs_diff(after) >= RSSI_STEP.unsigned_abs(),
            (before, after) => before != after,
        };
        let change = match seen.shown {
            false => Change::Came,
            true if changed || louder && now.duration_since(seen.told) >= RSSI_PAUSE => Change::Changed,
            true => return None,
        };
        seen.shown = true;
        seen.told = now;
        seen.told_rssi = seen.advert.rssi;
        Some(sighting(change, address, &seen.advert))
    }

    /// Whether a packet of it was heard within `fresh`.
    pub fn is_present(&self, address: &str, fresh: Duration, now: Instant) -> bool {
        self.seen.get(address).is_some_and(|seen| !seen.doubted && now.duration_since(seen.heard) <= fresh)
    }

    /// Whether all that the system knows of it was taken in once since it came.
    pub fn knows(&self, address: &str) -> bool {
        self.seen.contains_key(address)
    }

    pub fn has_name(&self, address: &str) -> bool {
        self.seen.get(address).is_some_and(|seen| seen.advert.name.is_some())
    }

    /// A connected device does not advertise, and is there nevertheless.
    pub fn keep(&mut self, address: &str, now: Instant) {
        if let Some(seen) = self.seen.get_mut(address) {
            seen.heard = now;
        }
    }

    /// The next packet of it counts, not what was heard before. It has not left therefore.
    pub fn doubt(&mut self, address: &str) {
        if let Some(seen) = self.seen.get_mut(address) {
            seen.doubted = true;
        }
    }

    /// Those that were not heard since `limit`; `listening_since` is when the scan last began.
    pub fn expire(&mut self, limit: Duration, listening_since: Instant, now: Instant) -> Vec<Sighting> {
        let mut left = Vec::new();
        self.seen.retain(|address, seen| {
            let silent = now.duration_since(seen.heard.max(listening_since));
            if silent <= limit {
                return true;
            }
            if seen.shown {
                left.push(sighting(Change::Left, address, &seen.advert));
            }
            false
        });
        left
    }

    /// All that is there, for one who begins to watch.
    pub fn present(&self) -> Vec<Sighting> {
        let shown = self.seen.iter().filter(|(_, seen)| seen.shown);
        shown.map(|(address, seen)| sighting(Change::Came, address, &seen.advert)).collect()
    }

    /// Nothing can be heard any more.
    pub fn clear(&mut self) -> Vec<Sighting> {
        let seen = std::mem::take(&mut self.seen);
        let shown = seen.iter().filter(|(_, seen)| seen.shown);
        shown.map(|(address, seen)| sighting(Change::Left, address, &seen.advert)).collect()
    }
}

fn sighting(change: Change, address: &str, advert: &BleAdvert) -> Sighting {
    Sighting { change, address: Address::Ble(address.to_owned()), advert: Advert::Ble(advert.clone()) }
}

fn is_ours(services: &[Uuid], advert: &BleAdvert) -> bool {
    services.is_empty()
        || services
            .iter()
            .any(|ours| advert.services.contains(ours) || advert.service_data.contains_key(ours))
}

/// Whether anything but the signal strength is new.
fn merge(advert: &mut BleAdvert, heard: Heard) -> bool {
    let mut changed = false;
    if heard.name.is_some() && heard.name != advert.name {
        advert.name = heard.name;
        changed = true;
    }
    for service in heard.services {
        if !advert.services.contains(&service) {
            advert.services.push(service);
            changed = true;
        }
    }
    for (service, bytes) in heard.service_data {
        changed |= advert.service_data.insert(service, bytes.clone()) != Some(bytes);
    }
    for (company, bytes) in heard.manufacturer_data {
        changed |= advert.manufacturer_data.insert(company, bytes.clone()) != Some(bytes);
    }
    if heard.rssi.is_some() {
        advert.rssi = heard.rssi;
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Uuid = Uuid::from_u128(0x95e30001_5737_45a9_a092_a88e2e5dd659);
    const LIMIT: Duration = Duration::from_secs(15);

    fn packet(rssi: i16) -> Heard {
        Heard { services: vec![OURS], rssi: Some(rssi), ..Heard::default() }
    }

    fn changes(sighting: &Option<Sighting>) -> Option<Change> {
        sighting.as_ref().map(|sighting| sighting.change)
    }

    #[test]
    fn a_device_comes_at_once_and_its_name_is_a_change_when_it_arrives() {
        let (mut air, now) = (Air::new(vec![OURS]), Instant::now());
        assert_eq!(changes(&air.hear("A", packet(-50), now)), Some(Change::Came));
        assert!(!air.has_name("A"));
        let named =
            air.hear("A", Heard { name: Some("Pump".into()), ..Heard::default() }, now).expect("news");
        assert_eq!((named.change, named.advert.name()), (Change::Changed, Some("Pump")));
        let Advert::Ble(advert) = named.advert else { unreachable!("a BLE advert") };
        assert_eq!((advert.services, advert.rssi), (vec![OURS], Some(-50)), "what was heard before stays");
    }

    #[test]
    fn what_other_programs_scan_for_is_not_shown() {
        let (mut air, now) = (Air::new(vec![OURS]), Instant::now());
        let foreign = Heard { services: vec![Uuid::from_u128(1)], rssi: Some(-40), ..Heard::default() };
        assert_eq!(air.hear("B", foreign, now), None);
        assert!(air.is_present("B", LIMIT, now), "but it can be opened by its address");
        assert!(air.present().is_empty());
        assert!(air.clear().is_empty());
    }

    #[test]
    fn the_services_of_the_scan_response_count_as_well() {
        let (mut air, now) = (Air::new(vec![OURS]), Instant::now());
        let name_first = Heard { name: Some("Wio".into()), rssi: Some(-60), ..Heard::default() };
        assert_eq!(air.hear("A", name_first, now), None);
        assert_eq!(changes(&air.hear("A", packet(-60), now)), Some(Change::Came));
    }

    #[test]
    fn signal_strength_is_told_when_it_changes_much_and_not_too_often() {
        let (mut air, now) = (Air::new(vec![]), Instant::now());
        let later = now + RSSI_PAUSE;
        assert_eq!(changes(&air.hear("A", packet(-50), now)), Some(Change::Came));
        assert_eq!(air.hear("A", packet(-80), now), None, "too soon");
        assert_eq!(air.hear("A", packet(-52), later), None, "too little");
        assert_eq!(changes(&air.hear("A", packet(-60), later)), Some(Change::Changed));
    }

    #[test]
    fn silence_is_a_departure_only_after_listening_for_so_long() {
        let (mut air, now) = (Air::new(vec![]), Instant::now());
        air.hear("A", packet(-50), now);
        let later = now + LIMIT * 2;
        assert!(air.expire(LIMIT, later, later).is_empty(), "the scan has only just begun again");
        let left = air.expire(LIMIT, now, later);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].change, Change::Left);
        assert_eq!(changes(&air.hear("A", packet(-50), later)), Some(Change::Came));
    }

    #[test]
    fn a_connected_device_is_there_without_advertising() {
        let (mut air, now) = (Air::new(vec![]), Instant::now());
        air.hear("A", packet(-50), now);
        air.keep("A", now + LIMIT);
        assert!(air.expire(LIMIT, now, now + LIMIT + LIMIT / 2).is_empty());
    }

    #[test]
    fn a_doubted_device_has_to_be_heard_again() {
        let (mut air, now) = (Air::new(vec![]), Instant::now());
        air.hear("A", packet(-50), now);
        air.doubt("A");
        assert!(!air.is_present("A", LIMIT, now));
        assert_eq!(air.present().len(), 1, "it has not left therefore");
        air.hear("A", packet(-50), now);
        assert!(air.is_present("A", LIMIT, now));
    }
}
