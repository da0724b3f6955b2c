//! When a batch stands still: the canary's verdict, and the rule that tells a cause that repeats from bad luck.
//!
//! Pure: it hears how units ended, in their order, and says when to stop and what they have in common. Not here: stopping
//! (`work/batch.rs`), and the sentence about it (`api`). Why these numbers: decision 0111.

use crate::record::batch::{FixField, LineStop, Shared};
use crate::{Blame, Fault, FaultCode, Outcome};
use proto::MediumKind;
use std::collections::{BTreeMap, BTreeSet};

/// How a unit ended, and where.
#[derive(Debug, Clone)]
pub struct Ended {
    pub row: u32,
    /// When it began, counted over all of its batch.
    pub began: u64,
    pub outcome: Outcome,
    pub fault: Option<Box<Fault>>,
    /// The cloud was asked for a token, whatever it answered.
    pub token_asked: bool,
    pub network: Option<String>,
    /// Port or adapter.
    pub slot: Option<String>,
    /// What kind of place that is.
    pub medium: Option<MediumKind>,
    pub firmware: Option<String>,
}

impl Ended {
    /// What went wrong; `None`: nothing that says anything about the next unit.
    fn cause(&self) -> Option<Cause> {
        let fault = self.fault.as_deref()?;
        let counts = match self.outcome {
            Outcome::Failed if self.is_unexplained() => false,
            Outcome::Failed => fault.code != FaultCode::Interrupted && fault.code != FaultCode::DeviceBusy,
            Outcome::Unknown => fault.code != FaultCode::TokenNoCarrier && fault.code != FaultCode::Cancelled,
            Outcome::Passed | Outcome::Skipped => false,
        };
        counts.then_some(Cause { code: fault.code, device_code: fault.device_code })
    }

    /// It failed after it was let go, and has not said why: that speaks for any cause that others name.
    pub fn is_unexplained(&self) -> bool {
        self.outcome == Outcome::Failed
            && self.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::CloudNotSeen)
    }

    fn value(&self, kind: Kind) -> Option<Shared> {
        match kind {
            Kind::Slot => self.slot.clone().map(|slot| Shared::Slot { slot }),
            Kind::Network => self.network.clone().map(|ssid| Shared::Network { ssid }),
            Kind::Firmware => self.firmware.clone().map(|firmware| Shared::Firmware { firmware }),
            Kind::Batch => Some(Shared::Batch),
        }
    }
}

/// What the unit that goes alone says about all others.
#[derive(Debug, Clone, PartialEq)]
pub enum CanaryVerdict {
    /// All may go.
    Go,
    /// It was this unit's own trouble, met before any token was asked for: another one goes alone.
    Another,
    Stop(Box<LineStop>),
}

/// A unit that failed after a token was asked for stops the batch whatever it says: nobody can tell one unit from all by a
/// single one, and a second try would cost a second token.
pub fn canary(ended: &Ended) -> CanaryVerdict {
    let (Some(_), Some(fault)) = (ended.cause(), &ended.fault) else { return CanaryVerdict::Go };
    let own = fault.blame == Blame::Device && !ended.token_asked;
    if own {
        return CanaryVerdict::Another;
    }
    let shared = by_nature(fault.code, ended);
    CanaryVerdict::Stop(Box::new(LineStop {
        field: field(fault.code, &shared),
        fault: fault.clone(),
        shared,
        canary: true,
        rows: vec![ended.row],
    }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cause {
    code: FaultCode,
    device_code: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Slot,
    Network,
    Firmware,
    Batch,
}

/// From the narrowest: where a slot explains it, the network need not.
const KINDS: [Kind; 4] = [Kind::Slot, Kind::Network, Kind::Firmware, Kind::Batch];

/// What a unit without this trouble takes off the sum: ln(0.95/0.5) / ln(0.5/0.05). The sum tells "half of the units fail
/// of it" from "one in twenty does", which is more than the worst that is still no pattern.
const RELIEF: f64 = 0.279;
/// Five in a row, or a little more with others between.
const ENOUGH: f64 = 5.0;

/// How much of one cause is no accident any more.
fn enough(code: FaultCode) -> f64 {
    use FaultCode as C;
    match code {
        // These are said by the cloud or the computer about themselves: no unit will fare better.
        C::CloudSignIn
        | C::CloudForbidden
        | C::CloudScopeOff
        | C::CloudDeviceLimit
        | C::CloudTls
        | C::CloudWrongClock
        | C::CloudProxy
        | C::CloudForeignRedirect
        | C::CloudInvalid
        | C::BleNoAdapter
        | C::BleAdapterOff
        | C::BleUnavailable
        | C::StateJournal
        | C::UsBug => 1.0,
        // The same, but they may pass.
        C::CloudUnreachable
        | C::CloudUnavailable
        | C::CloudRateLimit
        | C::CloudNotUnderstood
        | C::CloudAnswerLost => 3.0,
        _ => ENOUGH,
    }
}

/// Units that are looked back on. As many as may be on their way at once, a few times over.
const LOOKED_BACK_ON: usize = 2048;

/// Hears how units end, and says when one cause repeats.
///
/// Units are put into the order in which they began: a device needs a minute to say that it failed and a few seconds to
/// pass, so in the order of their ends failures come together although nothing is wrong, and a trouble that is over
/// looks as if it began.
#[derive(Debug, Clone, Default)]
pub struct LineWatch {
    ends: BTreeMap<(u64, u32), Noted>,
    /// Every place that units were seen at.
    values: BTreeSet<Shared>,
}

/// What is kept of an end.
#[derive(Debug, Clone)]
struct Noted {
    cause: Option<Cause>,
    unexplained: bool,
    places: Vec<Shared>,
}

/// How much of a cause has gathered at a place.
#[derive(Debug, Clone, Default)]
struct Sum {
    score: f64,
    rows: Vec<u32>,
    /// Units at other places of this kind that did not have the trouble since the sum began.
    spared_elsewhere: u32,
}

impl Sum {
    fn take_in(&mut self, row: u32, met: bool, here: bool) {
        match (met, here) {
            (true, true) => {
                self.score += 1.0;
                self.rows.push(row);
            }
            (true, false) => {}
            (false, true) => self.score -= RELIEF,
            (false, false) => self.spared_elsewhere += 1,
        }
        if self.score <= 0.0 {
            *self = Sum::default();
        }
    }
}

impl LineWatch {
    /// Takes in one more end; `Some`: stop.
    pub fn note(&mut self, ended: &Ended) -> Option<LineStop> {
        if ended.outcome == Outcome::Skipped {
            return None;
        }
        let cause = ended.cause();
        let places: Vec<Shared> = KINDS.iter().filter_map(|kind| ended.value(*kind)).collect();
        self.values.extend(places.iter().cloned());
        self.ends.insert(
            (ended.began, ended.row),
            Noted { cause, unexplained: ended.is_unexplained(), places: places.clone() },
        );
        if self.ends.len() > LOOKED_BACK_ON {
            self.ends.pop_first();
        }
        let cause = cause?;
        let limit = enough(cause.code);
        let full: Vec<(&Shared, Sum)> = places
            .iter()
            .map(|place| (place, self.sum(cause, place)))
            .filter(|(_, sum)| sum.score >= limit - 1e-9)
            .collect();
        if full.is_empty() {
            return None;
        }
        // A place explains it when there are others of its kind that are spared.
        let telling = full
            .iter()
            .filter(|_| limit >= ENOUGH)
            .find(|(place, sum)| sum.spared_elsewhere > 0 && self.others(place))
            .map(|(place, _)| (*place).clone());
        let fault = ended.fault.clone()?;
        // By its nature only where enough has gathered there: five ports that may not be opened are not the fifth one's.
        let nature = || by_nature(cause.code, ended);
        let shared = telling
            .or_else(|| Some(nature()).filter(|place| full.iter().any(|(full, _)| *full == place)))
            .unwrap_or(Shared::Batch);
        let of_that_place = full.iter().find(|(place, _)| **place == shared).or_else(|| full.first());
        let rows = of_that_place.map(|(_, sum)| sum.rows.clone()).unwrap_or_default();
        Some(LineStop { field: field(cause.code, &shared), fault, shared, canary: false, rows })
    }

    /// What has gathered by the unit that began last. Those that came back without a word count as soon as two others have
    /// named the cause since.
    fn sum(&self, cause: Cause, place: &Shared) -> Sum {
        let (mut named, mut all) = (Sum::default(), Sum::default());
        for ((_, row), noted) in &self.ends {
            let here = noted.places.contains(place);
            let names_it = noted.cause == Some(cause);
            named.take_in(*row, names_it, here);
            all.take_in(*row, names_it || noted.unexplained, here);
        }
        if named.score > 1.0 { all } else { named }
    }

    /// How many came back without a word since the last that had no trouble began.
    pub fn unexplained(&self) -> usize {
        self.ends
            .values()
            .rev()
            .take_while(|noted| noted.cause.is_some() || noted.unexplained)
            .filter(|noted| noted.unexplained)
            .count()
    }

    /// This cause is answered: what was gathered of it is forgotten, and what nobody has explained with it. Who passed, and who
    /// had other trouble, is not.
    pub fn answered(&mut self, fault: &Fault) {
        let cause = Cause { code: fault.code, device_code: fault.device_code };
        self.ends.retain(|_, noted| noted.cause != Some(cause) && !noted.unexplained);
    }

    fn others(&self, place: &Shared) -> bool {
        let same_kind = |other: &&Shared| std::mem::discriminant(*other) == std::mem::discriminant(place);
        *place != Shared::Batch && self.values.iter().filter(same_kind).count() > 1
    }
}

/// What a cause is about when nothing tells its places apart.
fn by_nature(code: FaultCode, ended: &Ended) -> Shared {
    let family = code.as_str().split('.').next().unwrap_or_default();
    let kind = match (family, code) {
        ("wifi", FaultCode::WifiNoCable) => Kind::Batch,
        ("wifi", _) | (_, FaultCode::CloudCaptivePortal) => Kind::Network,
        // These an adapter says of itself.
        (_, FaultCode::BleNoAdapter | FaultCode::BleAdapterOff | FaultCode::BleUnavailable) => Kind::Slot,
        // A port is one cable and one socket. A radio that everything goes over is nobody's own place: what breaks off on it
        // may be the air, the distance or the devices.
        ("serial" | "link", _) if ended.medium == Some(MediumKind::Serial) => Kind::Slot,
        ("device", _) => Kind::Firmware,
        _ => Kind::Batch,
    };
    ended.value(kind).unwrap_or(Shared::Batch)
}

/// The one thing to change.
fn field(code: FaultCode, shared: &Shared) -> FixField {
    use FaultCode as C;
    if let Shared::Slot { .. } = shared {
        return FixField::Slot;
    }
    match code {
        C::WifiPasswordRefused => FixField::WifiPassword,
        C::WifiNotFound
        | C::WifiNoAddress
        | C::WifiTimeout
        | C::WifiFailed
        | C::WifiUnsupported
        | C::CloudCaptivePortal
        | C::DeviceNetworkMissing => FixField::Wifi,
        C::CloudSignIn | C::CloudForbidden | C::CloudScopeOff => FixField::SignIn,
        C::CloudInvalid | C::CloudNotFound => FixField::Owner,
        C::CloudTokenRefused
        | C::CloudUnreachableFromDevice
        | C::CloudCertificateFromDevice
        | C::CloudDnsFromDevice
        | C::DeviceHostFixed => FixField::TokenHost,
        C::TemplateUnknown | C::TemplateMismatch => FixField::Template,
        C::DeviceWrongProof | C::DeviceNotAuthorized => FixField::DeviceSecret,
        _ => FixField::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Retry, Step};
    use proto::{DeviceTrouble, TroublePhase};

    fn ended(row: u32, fault: Option<Fault>, slot: &str) -> Ended {
        Ended {
            row,
            began: u64::from(row),
            outcome: if fault.is_some() { Outcome::Failed } else { Outcome::Passed },
            fault: fault.map(Box::new),
            token_asked: true,
            network: Some("Workshop".into()),
            slot: Some(slot.into()),
            medium: Some(MediumKind::Serial),
            firmware: Some("TMPL1 1.4.2".into()),
        }
    }

    fn trouble(code: u16) -> Fault {
        let trouble = DeviceTrouble { code: Some(code), phase: TroublePhase::Network, said: String::new() };
        Fault::from_trouble(Step::Join, &trouble)
    }

    /// Chance from a seed, good enough for this (splitmix64).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (z ^ (z >> 31)) % limit
        }
    }

    const CODES: [u16; 16] = [700, 701, 702, 703, 704, 705, 710, 711, 712, 720, 721, 722, 723, 730, 731, 732];

    #[test]
    fn every_code_of_a_device_stops_at_the_first_unit() {
        for code in CODES {
            let CanaryVerdict::Stop(stop) = canary(&ended(1, Some(trouble(code)), "a")) else {
                panic!("{code} burns another token");
            };
            assert_eq!((stop.fault.device_code, stop.canary, &stop.rows[..]), (Some(code), true, &[1][..]));
        }
    }

    #[test]
    fn trouble_of_one_unit_before_any_token_lets_another_go_first() {
        let silent = Fault::new(FaultCode::DeviceSilent, Step::Identify, Blame::Device, Retry::Now);
        let before = Ended { token_asked: false, ..ended(1, Some(silent), "a") };
        assert_eq!(canary(&before), CanaryVerdict::Another);
        assert_eq!(canary(&ended(1, None, "a")), CanaryVerdict::Go);
        let signed_out = Fault::new(FaultCode::CloudSignIn, Step::Reserve, Blame::Operator, Retry::AfterFix);
        let stopped = canary(&Ended { token_asked: false, ..ended(1, Some(signed_out), "a") });
        assert!(matches!(stopped, CanaryVerdict::Stop(stop) if stop.field == FixField::SignIn));
    }

    #[test]
    fn five_of_a_kind_stop_the_line_and_name_the_network() {
        for code in CODES {
            let mut watch = LineWatch::default();
            for row in 1..50 {
                assert_eq!(watch.note(&ended(row, None, &format!("slot {}", row % 4))), None);
            }
            let stops: Vec<_> = (50..60)
                .filter_map(|row| watch.note(&ended(row, Some(trouble(code)), &format!("slot {}", row % 4))))
                .collect();
            let stop = &stops[0];
            assert_eq!((stop.fault.device_code, stop.rows.len()), (Some(code), 5), "{code}");
            if stop.fault.code.as_str().starts_with("wifi.") && code != 721 {
                assert_eq!(stop.shared, Shared::Network { ssid: "Workshop".into() }, "{code}");
            }
        }
    }

    #[test]
    fn one_bad_slot_is_told_from_a_bad_network() {
        let mut watch = LineWatch::default();
        let mut stopped = None;
        for row in 0..200 {
            let slot = row % 4;
            let fault = (slot == 3).then(|| trouble(701));
            if let Some(stop) = watch.note(&ended(row, fault, &format!("slot {slot}"))) {
                stopped = Some((row, stop));
                break;
            }
        }
        let (_, stop) = stopped.expect("slot 3 never passes");
        assert_eq!(stop.shared, Shared::Slot { slot: "slot 3".into() });
        assert_eq!((stop.field, stop.rows.len()), (FixField::Slot, 5));
    }

    fn lost(row: u32, slot: &str, medium: MediumKind) -> Ended {
        let lost = Fault::new(FaultCode::LinkLost, Step::Connect, Blame::Device, Retry::Now);
        Ended { medium: Some(medium), token_asked: false, ..ended(row, Some(lost), slot) }
    }

    #[test]
    fn a_radio_that_everything_goes_over_is_not_blamed_as_a_place() {
        let mut watch = LineWatch::default();
        (0..10).for_each(|row| assert_eq!(watch.note(&ended(row, None, "hci0")), None));
        let stop = (10..20).find_map(|row| watch.note(&lost(row, "hci0", MediumKind::Ble)));
        let stop = stop.expect("five in a row");
        assert_eq!((stop.shared, stop.field, stop.rows.len()), (Shared::Batch, FixField::Outside, 5));
        // One of two adapters is.
        let mut watch = LineWatch::default();
        let stop = (0..20).find_map(|row| match row % 2 {
            0 => watch.note(&ended(row, None, "hci0")),
            _ => watch.note(&lost(row, "hci1", MediumKind::Ble)),
        });
        let stop = stop.expect("hci1 never gets through");
        assert_eq!((stop.shared, stop.field), (Shared::Slot { slot: "hci1".into() }, FixField::Slot));
        // An adapter that says so of itself is, also when it is alone.
        let off = Fault::new(FaultCode::BleAdapterOff, Step::Connect, Blame::Computer, Retry::AfterFix);
        let off = Ended { fault: Some(Box::new(off)), ..lost(1, "hci0", MediumKind::Ble) };
        let CanaryVerdict::Stop(stop) = canary(&off) else { panic!("no unit fares better") };
        assert_eq!((stop.shared, stop.field), (Shared::Slot { slot: "hci0".into() }, FixField::Slot));
    }

    #[test]
    fn what_every_port_says_is_not_the_last_ones_trouble() {
        let mut watch = LineWatch::default();
        let denied = || Fault::new(FaultCode::SerialDenied, Step::Connect, Blame::Computer, Retry::AfterFix);
        let stop = (0..9).find_map(|row| watch.note(&ended(row, Some(denied()), &format!("port {row}"))));
        let stop = stop.expect("five ports");
        assert_eq!((stop.shared, stop.field, stop.rows.len()), (Shared::Batch, FixField::Outside, 5));
        // On one port, five times: that port, even where no other was ever used.
        let mut watch = LineWatch::default();
        let stop = (0..9).find_map(|row| watch.note(&lost(row, "port 1", MediumKind::Serial)));
        assert_eq!(stop.expect("five units").shared, Shared::Slot { slot: "port 1".into() });
    }

    /// Two networks that refuse everybody: the one that was met last is not the only one.
    #[test]
    fn no_network_is_named_for_what_several_do() {
        let mut watch = LineWatch::default();
        let stop = (0..9).find_map(|row| {
            let network = Some(format!("Hall {}", row % 2));
            watch.note(&Ended { network, ..ended(row, Some(trouble(722)), &format!("slot {row}")) })
        });
        assert_eq!(stop.expect("five in a row").shared, Shared::Batch);
    }

    /// Sign-in and limits know no places, whoever was lucky elsewhere.
    #[test]
    fn what_the_cloud_says_is_blamed_on_no_slot() {
        let mut watch = LineWatch::default();
        let away = || Fault::new(FaultCode::CloudUnavailable, Step::Reserve, Blame::Cloud, Retry::Now);
        let stop = (0..20).find_map(|row| {
            let fault = (row % 2 == 0).then(away);
            watch.note(&ended(row, fault, &format!("slot {}", row % 2)))
        });
        assert_eq!(stop.map(|stop| stop.shared), Some(Shared::Batch));
    }

    #[test]
    fn one_bad_firmware_is_told_from_a_bad_network() {
        let mut watch = LineWatch::default();
        let stop = (0..200).find_map(|row| {
            let old = row % 3 == 0;
            let end = ended(row, old.then(|| trouble(702)), &format!("slot {}", row % 5));
            let firmware = if old { "TMPL1 1.0.0" } else { "TMPL1 1.4.2" };
            watch.note(&Ended { firmware: Some(firmware.into()), ..end })
        });
        let shared = stop.expect("the old firmware never passes").shared;
        assert_eq!(shared, Shared::Firmware { firmware: "TMPL1 1.0.0".into() });
    }

    #[test]
    fn what_the_cloud_says_of_the_account_stops_at_once() {
        let mut watch = LineWatch::default();
        watch.note(&ended(1, None, "a"));
        let limit = Fault::new(FaultCode::CloudDeviceLimit, Step::Reserve, Blame::Cloud, Retry::AfterFix);
        let stop = watch.note(&ended(2, Some(limit), "a")).expect("no unit fares better");
        assert_eq!((stop.field, stop.rows), (FixField::Outside, vec![2]));
    }

    /// Devices pass after seconds and fail after a minute, so at the end of a wave of them only those that fail are left.
    #[test]
    fn failures_that_come_late_are_seen_among_the_units_that_they_began_with() {
        let mut watch = LineWatch::default();
        let bad = |row: u32| row % 33 == 7;
        for row in (0..200).filter(|row| !bad(*row)) {
            assert_eq!(watch.note(&ended(row, None, "a")), None);
        }
        for row in (0..200).filter(|row| bad(*row)) {
            assert_eq!(watch.note(&ended(row, Some(trouble(723)), "a")), None, "row {row}");
        }
    }

    /// For half a minute everybody failed, and those that began afterwards have passed by the time that it is told.
    #[test]
    fn a_trouble_that_is_over_stops_nothing() {
        let mut watch = LineWatch::default();
        for row in (0..50).chain(80..150) {
            assert_eq!(watch.note(&ended(row, None, "a")), None);
        }
        for row in 50..65 {
            assert_eq!(watch.note(&ended(row, Some(trouble(722)), "a")), None, "row {row}");
        }
        // It is back.
        let stop = (150..170).find_map(|row| watch.note(&ended(row, Some(trouble(722)), "a")));
        assert_eq!(stop.expect("five more are too many").rows, [150, 151, 152, 153, 154]);
    }

    /// Devices that were let go come back without a word; the first that is heard out says what it is.
    #[test]
    fn units_that_came_back_count_for_the_cause_that_one_of_them_names() {
        let mut watch = LineWatch::default();
        (0..20).for_each(|row| assert_eq!(watch.note(&ended(row, None, "a")), None));
        let silent = || Fault::new(FaultCode::CloudNotSeen, Step::Join, Blame::Device, Retry::Now);
        for row in 20..26 {
            assert_eq!(watch.note(&ended(row, Some(silent()), "a")), None);
        }
        assert_eq!(watch.unexplained(), 6);
        assert_eq!(watch.note(&ended(26, Some(trouble(722)), "a")), None, "one may be bad luck");
        let stop = watch.note(&ended(27, Some(trouble(722)), "a")).expect("eight in a row");
        assert_eq!((stop.fault.code, stop.rows.len()), (FaultCode::WifiPasswordRefused, 8));
        watch.note(&ended(28, None, "a"));
        assert_eq!(watch.unexplained(), 0);
    }

    /// The same 200 batches as they end: 60 units at once, each takes some seconds to pass and a minute to fail.
    #[test]
    fn bad_luck_that_takes_its_time_stops_no_line() {
        for seed in 0..200 {
            let mut dice = Dice(seed);
            let mut free_at = [0_u64; 60];
            let mut ends: Vec<(u64, Ended)> = Vec::new();
            for row in 0..1000 {
                let fault = (dice.below(100) < 3).then(|| trouble(722));
                let takes = if fault.is_some() { 55 + dice.below(10) } else { 8 + dice.below(8) };
                let slot = (0..60).min_by_key(|slot| free_at[*slot]).expect("sixty");
                free_at[slot] += takes;
                ends.push((free_at[slot], ended(row, fault, &format!("slot {slot}"))));
            }
            ends.sort_by_key(|(at, _)| *at);
            let mut watch = LineWatch::default();
            for (_, end) in &ends {
                assert_eq!(watch.note(end), None, "seed {seed}, row {}", end.row);
            }
        }
    }

    /// 200 batches of 1,000 units of which three in a hundred fail of one and the same cause, by accident.
    #[test]
    fn bad_luck_stops_no_line() {
        let mut failed = 0;
        for seed in 0..200 {
            let mut dice = Dice(seed);
            let mut watch = LineWatch::default();
            for row in 0..1000 {
                let fault = (dice.below(100) < 3).then(|| trouble(722));
                failed += u32::from(fault.is_some());
                let slot = format!("slot {}", dice.below(8));
                assert_eq!(watch.note(&ended(row, fault, &slot)), None, "seed {seed}, row {row}");
            }
        }
        assert!(failed > 5_000, "three in a hundred of 200,000 failed: {failed}");
    }
}
