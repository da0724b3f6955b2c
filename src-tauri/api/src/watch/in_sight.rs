//! A device in sight, as it is shown: its signal smoothed, since one that jumps with every packet would move the cards about
//! under a person's hand and keep the window drawing.
//!
//! Not here: which packets count at all (`link`), and what a signal is called (`ui`).

use crate::desk::SightingView;

/// A signal that has moved so far, in dB, is news; below it is what a room does to a device that stands still.
const STEP: f32 = 6.0;
/// What share of a new measurement counts: a few packets until a device that was carried nearer is seen to be.
const SHARE: f32 = 0.3;

pub(super) struct InSight {
    pub view: SightingView,
    signal: Option<f32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Urgent,
    /// Only its signal, which may wait for company.
    Hint,
}

impl InSight {
    pub fn new(view: SightingView) -> InSight {
        let signal = view.rssi.map(f32::from);
        InSight { view, signal }
    }

    /// Takes what was just heard of the device; `None`: nobody would see a difference.
    pub fn hear(&mut self, heard: SightingView) -> Option<News> {
        self.signal = match (self.signal, heard.rssi) {
            (Some(before), Some(rssi)) => Some(before + (f32::from(rssi) - before) * SHARE),
            (None, rssi) => rssi.map(f32::from),
            (before, None) => before,
        };
        let moved = match (self.view.rssi.map(f32::from), self.signal) {
            (Some(told), Some(signal)) => (told - signal).abs() >= STEP,
            (told, signal) => told.is_some() != signal.is_some(),
        };
        #[expect(clippy::cast_possible_truncation, reason = "between measurements, which are whole dBm")]
        let rssi = if moved { self.signal.map(|signal| signal.round() as i16) } else { self.view.rssi };
        let same = SightingView { rssi: self.view.rssi, ..heard.clone() } == self.view;
        self.view = SightingView { rssi, ..heard };
        match (same, moved) {
            (false, _) => Some(News::Urgent),
            (true, true) => Some(News::Hint),
            (true, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::MediumView;

    fn heard(rssi: i16) -> SightingView {
        SightingView {
            key: "ble:A".to_owned(),
            medium: MediumView::Ble,
            address: "A".to_owned(),
            name: Some("Pump".to_owned()),
            driver: None,
            rssi: Some(rssi),
            usb: None,
            unit: None,
            job: None,
        }
    }

    #[test]
    fn a_device_that_stands_still_is_no_news_however_its_signal_jumps() {
        let mut seen = InSight::new(heard(-60));
        let news: Vec<_> =
            [-68, -54, -66, -53, -67, -58].iter().filter_map(|rssi| seen.hear(heard(*rssi))).collect();
        assert_eq!(news, []);
        assert_eq!(seen.view.rssi, Some(-60));
    }

    #[test]
    fn a_device_that_is_carried_nearer_is_seen_to_be_and_it_may_wait() {
        let mut seen = InSight::new(heard(-80));
        let news: Vec<_> = (0..8).filter_map(|_| seen.hear(heard(-50))).collect();
        assert!(!news.is_empty() && news.iter().all(|news| *news == News::Hint), "{news:?}");
        assert!(seen.view.rssi.is_some_and(|rssi| rssi > -58), "{:?}", seen.view.rssi);
    }

    #[test]
    fn everything_else_that_changes_is_told_at_once() {
        let mut seen = InSight::new(heard(-60));
        let named = SightingView { name: Some("Pump 2".to_owned()), ..heard(-61) };
        assert_eq!(seen.hear(named), Some(News::Urgent));
        assert_eq!(seen.view.name.as_deref(), Some("Pump 2"));
        let silent = SightingView { rssi: None, name: seen.view.name.clone(), ..heard(0) };
        assert_eq!(seen.hear(silent), None, "a packet without a measurement takes nothing away");
        assert_eq!(seen.view.rssi, Some(-60));
    }
}
