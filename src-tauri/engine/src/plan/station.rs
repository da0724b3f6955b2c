//! A station as its lead set it up: slots, rules, scanner, label, PIN; and what speaks against a unit there.
//!
//! Kept in a file of the state folder. Not here: what happens at a station (`record/station.rs`, `work/station.rs`), and
//! which network password its units are given (the vault).

use crate::plan::label::LabelPlan;
use crate::plan::scanner::{SLOTS, ScanSettings};
use crate::{Because, FaultCode, Recipe, Refusal, RefusalCode, UnitId, Why, hex, whole_file};
use argon2::{Algorithm, Argon2, Params, Version};
use proto::Secret;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::path::{Path, PathBuf};

/// The stations' file in the state folder.
pub const STATIONS_FILE: &str = "stations.json";
/// Form of the file.
const FILE_VERSION: u32 = 1;
/// Longest name of a station or a slot, in characters.
const NAME_MOST: usize = 40;

/// Sorts by time of making (UUIDv7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StationId(pub uuid::Uuid);

impl fmt::Display for StationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a slot is in the world.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "place", rename_all = "snake_case")]
pub enum Place {
    /// A USB socket: the same socket keeps the same path.
    Usb { path: String },
    /// A Bluetooth adapter; `None`: any.
    Ble { adapter: Option<String> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotPlan {
    pub name: String,
    /// `None`: not learned yet.
    pub place: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StationPlan {
    pub id: StationId,
    /// Durable name; it stands in every record.
    pub name: String,
    /// Slot 1 is the first.
    pub slots: Vec<SlotPlan>,
    #[serde(default)]
    pub scan: ScanSettings,
    #[serde(default)]
    pub label: Option<LabelPlan>,
    /// Seconds between two units that the line is planned for.
    #[serde(default)]
    pub takt_target_s: Option<u32>,
    /// `None`: not locked.
    #[serde(default)]
    pub pin: Option<Pin>,
}

impl StationPlan {
    /// A station with so many slots of which nothing is learned.
    pub fn new(name: &str, slots: u32) -> StationPlan {
        StationPlan {
            id: StationId(uuid::Uuid::now_v7()),
            name: name.to_owned(),
            slots: (1..=slots).map(|number| SlotPlan { name: number.to_string(), place: None }).collect(),
            scan: ScanSettings::default(),
            label: None,
            takt_target_s: None,
            pin: None,
        }
    }

    /// Everything that speaks against it, at once.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut reasons = Vec::new();
        let mut reasons_why = Vec::new();
        let mut against = |code, about: &[(&str, &str)]| reasons.extend(Refusal::of(code, about).reasons);
        let bad_name = |name: &str| {
            name.trim() != name
                || name.is_empty()
                || name.chars().count() > NAME_MOST
                || name.chars().any(char::is_control)
        };
        for name in std::iter::once(&self.name).chain(self.slots.iter().map(|slot| &slot.name)) {
            if bad_name(name) {
                against(RefusalCode::NameInvalid, &[("name", name)]);
            }
        }
        if self.slots.is_empty() || self.slots.len() > SLOTS as usize {
            against(RefusalCode::StationSlots, &[("most", &SLOTS.to_string())]);
        }
        for (at, slot) in self.slots.iter().enumerate() {
            let before = &self.slots[..at];
            if before.iter().any(|other| other.name == slot.name) {
                against(RefusalCode::StationTwice, &[("slot", &slot.name)]);
            }
            if let Some(Place::Usb { path }) = &slot.place
                && before.iter().any(|other| other.place == slot.place)
            {
                against(RefusalCode::StationTwice, &[("slot", &slot.name), ("path", path)]);
            }
        }
        if let Err(error) = crate::plan::scanner::ScanReader::new(&self.scan) {
            reasons_why.push(Because::from(&error).reason(RefusalCode::StationPattern, &[]));
        }
        if let Some(label) = &self.label
            && let Err(because) = label.check()
        {
            reasons_why.push(because.reason(RefusalCode::LabelTemplate, &[]));
        }
        reasons.extend(reasons_why);
        if reasons.is_empty() { Ok(()) } else { Err(Refusal { reasons }) }
    }
}

/// What a lead arms a station with; a frozen copy stands in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arming {
    pub recipe: Box<Recipe>,
    pub rules: Rules,
    /// The work order and its list, where there is one.
    #[serde(default)]
    pub order: Option<OrderRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRef {
    pub name: String,
    /// How many labels it allows; the labels themselves stay in their file.
    pub labels: u32,
}

/// What holds a unit back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Hold units of an older firmware.
    pub min_firmware: Option<String>,
    /// Hold units that have passed before.
    pub once: bool,
    /// A unit starts only when its label was scanned.
    pub label_first: bool,
    /// Labels may be typed by hand.
    pub typed_labels: bool,
    /// Nothing starts while nobody is signed on.
    pub operator_needed: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            min_firmware: None,
            once: true,
            label_first: false,
            typed_labels: false,
            operator_needed: false,
        }
    }
}

/// Why a unit was held back. Each is shown with what to do, and journaled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "held", rename_all = "snake_case")]
pub enum Interlock {
    NotArmed,
    NobodySignedOn,
    /// The label was typed, and this station wants it scanned.
    Typed,
    /// It has passed before.
    AlreadyDone {
        by: Option<String>,
        station: Option<String>,
        at: i64,
    },
    NotInOrder {
        order: String,
    },
    /// The label is in work in another slot.
    InWork {
        slot: String,
    },
    /// The failed unit of this slot has to be put aside first.
    SlotTaken {
        slot: String,
    },
    NoFreeSlot,
    /// The engine refused to begin.
    Refused {
        codes: Vec<RefusalCode>,
    },
    /// The job found out, before any token was taken.
    AtDevice {
        code: FaultCode,
    },
}

/// Earlier success of a unit, as the journal tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    pub at: i64,
    pub operator: Option<String>,
    pub station: Option<String>,
}

/// Whether a version is at least another: numbers are compared as numbers, part by part, and everything before a release
/// comes before it (`1.4.0-rc1` < `1.4.0`).
pub fn at_least(found: &str, least: &str) -> bool {
    let split = |text: &str| {
        let text = text.trim().trim_start_matches(['v', 'V']);
        // Build metadata decides nothing.
        let text = text.split('+').next().unwrap_or_default();
        let (release, before) =
            text.split_once('-').map_or((text, None), |(release, before)| (release, Some(before)));
        (release.to_owned(), before.map(str::to_owned))
    };
    let ((found, found_before), (least, least_before)) = (split(found), split(least));
    let order = by_parts(&found, &least).then_with(|| match (&found_before, &least_before) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(found), Some(least)) => by_parts(found, least),
    });
    order != Ordering::Less
}

fn by_parts(one: &str, other: &str) -> Ordering {
    let parts = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (one, other) = (parts(one), parts(other));
    for at in 0..one.len().max(other.len()) {
        let part = |all: &[String]| all.get(at).cloned().unwrap_or_else(|| "0".to_owned());
        let (one, other) = (part(&one), part(&other));
        let order = match (one.parse::<u64>(), other.parse::<u64>()) {
            (Ok(one), Ok(other)) => one.cmp(&other),
            _ => one.cmp(&other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

// ---- the lead's PIN

/// A PIN as it is kept: Argon2id with a salt of its own. It keeps operators from changing the recipe; it protects nothing
/// from somebody who can read and write the state folder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    salt: String,
    hash: String,
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// Shortest PIN, in characters.
pub const PIN_LEAST: usize = 4;

impl Pin {
    /// # Errors
    /// `refused.pin_short`.
    pub fn new(pin: &Secret) -> Result<Pin, Refusal> {
        if pin.expose().chars().count() < PIN_LEAST {
            return Err(Refusal::of(RefusalCode::PinShort, &[("least", &PIN_LEAST.to_string())]));
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| {
            let because = Because::of(Why::PinUnusable).about("said", error);
            Refusal::because(RefusalCode::StateUnusable, because, &[])
        })?;
        Ok(Pin { salt: hex::to_text(&salt), hash: hex::to_text(&hashed(pin, &salt)) })
    }

    pub fn is(&self, pin: &Secret) -> bool {
        let Some(salt) = hex::to_bytes(&self.salt) else { return false };
        hex::to_text(&hashed(pin, &salt)) == self.hash
    }
}

fn hashed(pin: &Secret, salt: &[u8]) -> [u8; 32] {
    // OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane.
    let params = Params::new(19 * 1024, 2, 1, Some(32)).expect("these are within Argon2's bounds");
    let mut hash = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.expose().as_bytes(), salt, &mut hash)
        .expect("a salt of 16 bytes and a hash of 32 are within Argon2's bounds");
    hash
}

// ---- the file

#[derive(Debug, Serialize, Deserialize)]
struct Shelf {
    v: u32,
    stations: Vec<StationPlan>,
}

/// The stations of a state folder. Read anew each time, written as a whole.
#[derive(Debug, Clone)]
pub struct Stations {
    path: PathBuf,
}

impl Stations {
    pub fn of(dir: &Path) -> Stations {
        Stations { path: dir.join(STATIONS_FILE) }
    }

    /// # Errors
    /// `refused.state_unusable` for a file that cannot be read, `refused.state_newer` for one of a newer version.
    pub fn all(&self) -> Result<Vec<StationPlan>, Refusal> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.unusable(&error)),
        };
        #[derive(Deserialize)]
        struct Form {
            v: u32,
        }
        let Form { v: found } = serde_json::from_str(&text).map_err(|error| self.unusable(&error))?;
        if found > FILE_VERSION {
            return Err(Refusal::newer(&self.path, found, FILE_VERSION));
        }
        let shelf: Shelf = serde_json::from_str(&text).map_err(|error| self.unusable(&error))?;
        Ok(shelf.stations)
    }

    /// Adds a station or replaces the one of its id.
    ///
    /// # Errors
    /// As [`Stations::all`], and what [`StationPlan::check`] says.
    pub fn put(&self, station: StationPlan) -> Result<(), Refusal> {
        station.check()?;
        let mut stations = self.all()?;
        match stations.iter_mut().find(|known| known.id == station.id) {
            Some(known) => *known = station,
            None => stations.push(station),
        }
        let shelf = Shelf { v: FILE_VERSION, stations };
        let text = serde_json::to_vec_pretty(&shelf).map_err(|error| self.unusable(&error))?;
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir).map_err(|error| self.unusable(&error))?;
        }
        whole_file::replace(&self.path, &text).map_err(|error| self.unusable(&error))
    }

    fn unusable(&self, error: &dyn fmt::Display) -> Refusal {
        let because = Because::of(Why::StationsUnusable).about("said", error);
        let path = self.path.display().to_string();
        Refusal::because(RefusalCode::StateUnusable, because, &[("path", &path)])
    }
}

// ---- work orders

/// The labels that a work order allows. One each line; of a table the first column; a heading is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkOrder {
    pub name: String,
    labels: std::collections::BTreeSet<String>,
}

impl WorkOrder {
    /// Reads a list. Separators are comma, semicolon and tab; quotes around a label are dropped; empty lines and lines
    /// that begin with `#` are passed over.
    pub fn read(name: &str, text: &str) -> WorkOrder {
        let headings = ["unit", "label", "mac", "serial", "name", "id"];
        let labels = text
            .trim_start_matches('\u{feff}')
            .lines()
            .map(|line| line.split([',', ';', '\t']).next().unwrap_or_default())
            .map(|label| label.trim().trim_matches('"').trim())
            .filter(|label| !label.is_empty() && !label.starts_with('#'))
            .enumerate()
            .filter(|(at, label)| *at > 0 || !headings.contains(&label.to_ascii_lowercase().as_str()))
            .map(|(_, label)| same_spelling(label))
            .collect();
        WorkOrder { name: name.to_owned(), labels }
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    pub fn allows(&self, label: &crate::plan::device_label::Label) -> bool {
        [&label.mac, &label.serial, &label.name]
            .into_iter()
            .flatten()
            .any(|text| self.labels.contains(&same_spelling(text)))
    }

    pub fn allows_unit(&self, unit: &UnitId) -> bool {
        let text = unit.0.as_str();
        let bare =
            ["uid:", "usb:", "name:"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
        self.labels.contains(&same_spelling(bare))
    }
}

fn same_spelling(label: &str) -> String {
    crate::plan::device_label::hardware_address(label).unwrap_or_else(|| label.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::device_label::Label;

    #[test]
    fn versions_are_compared_part_by_part() {
        for (found, least) in [
            ("1.10.0", "1.9.9"),
            ("v2", "1.9"),
            ("1.4", "1.4.0"),
            ("1.4.0", "1.4.0-rc2"),
            ("1.4.1+b7", "1.4.1"),
        ] {
            assert!(at_least(found, least), "{found} >= {least}");
        }
        for (found, least) in
            [("1.3.9", "1.4"), ("1.4.0-rc1", "1.4.0"), ("1.4.0-rc.2", "1.4.0-rc.10"), ("", "1")]
        {
            assert!(!at_least(found, least), "{found} < {least}");
        }
    }

    #[test]
    fn a_pin_is_known_again_and_never_shown() {
        let pin = Pin::new(&Secret::new("tulip")).expect("long enough");
        assert!(pin.is(&Secret::new("tulip")));
        assert!(!pin.is(&Secret::new("tulips")));
        assert!(!format!("{pin:?}").contains("tulip"));
        let kept = serde_json::to_string(&pin).expect("plain texts");
        assert!(!kept.contains("tulip"));
        assert_eq!(serde_json::from_str::<Pin>(&kept).ok(), Some(pin));
        assert_eq!(Pin::new(&Secret::new("123")).expect_err("short").reasons[0].code, RefusalCode::PinShort);
    }

    #[test]
    fn stations_are_there_after_writing() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let stations = Stations::of(dir.path());
        assert_eq!(stations.all(), Ok(vec![]));
        let mut station = StationPlan::new("Hall 2", 3);
        stations.put(station.clone()).expect("it is fine");
        station.slots[0].place = Some(Place::Usb { path: "1-1.4".into() });
        stations.put(station.clone()).expect("it is fine");
        assert_eq!(stations.all(), Ok(vec![station]));
    }

    #[test]
    fn everything_that_is_wrong_with_a_station_is_said_at_once() {
        let mut station = StationPlan::new(" ", 2);
        station.slots[1].name = "1".into();
        let socket = Place::Usb { path: "1-1".into() };
        station.slots.iter_mut().for_each(|slot| slot.place = Some(socket.clone()));
        station.scan.operator = Some("(".into());
        let refusal = station.check().expect_err("much is wrong");
        let codes: Vec<RefusalCode> = refusal.reasons.iter().map(|reason| reason.code).collect();
        use RefusalCode as C;
        assert_eq!(codes, [C::NameInvalid, C::StationTwice, C::StationTwice, C::StationPattern]);
        assert!(StationPlan::new("Hall", 0).check().is_err());
        assert!(StationPlan::new("Hall", 25).check().is_err());
        assert!(StationPlan::new("Hall", 24).check().is_ok());
    }

    #[test]
    fn a_work_order_allows_what_its_list_names() {
        let order = WorkOrder::read(
            "WO-17",
            "\u{feff}MAC;Comment\n24-6f-28-11-22-33;first\n\"K7X\"\n\n# later\nPump\t1\n",
        );
        assert_eq!(order.len(), 3);
        let label = |serial: &str| Label { serial: Some(serial.into()), ..Label::default() };
        assert!(order.allows(&label("k7x")));
        assert!(!order.allows(&label("K8X")));
        assert!(order.allows_unit(&UnitId("24:6F:28:11:22:33".into())));
        assert!(order.allows_unit(&UnitId("usb:K7X".into())));
        assert!(!order.allows_unit(&UnitId("24:6F:28:11:22:34".into())));
    }
}
