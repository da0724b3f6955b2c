//! How many links of a medium are open at once, and when one is let go for others who wait.
//!
//! A radio takes a few connections and then refuses, and nothing tells how many: so the limit starts low, rises while all
//! goes well and is halved when connecting fails without a reason of the device's own (decision 0112). Opening is one
//! after another; conversations go side by side. Not here: who gets the next link (`batch.rs`).

use crate::plan::patience;
use async_trait::async_trait;
use futures::stream::BoxStream;
use link::{Link, LinkError, Medium, Readiness, Sighting};
use proto::{Address, Advert, MediumKind, Wiring};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedMutexGuard, watch};

/// Whether a link is given back early.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HoldRule {
    /// Held while nobody waits, released after `connecting` when somebody does.
    #[default]
    WhileNobodyWaits,
    /// Held to the end, to compare with.
    Always,
}

/// The links of one medium.
#[derive(Debug)]
pub(crate) struct Links {
    kind: MediumKind,
    rule: HoldRule,
    count: Mutex<Count>,
    changed: Notify,
    crowded: watch::Sender<bool>,
    /// Opening: one at a time.
    line: Arc<tokio::sync::Mutex<()>>,
    /// Waiting to have a link back.
    returns: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Count {
    open: usize,
    limit: usize,
    /// The highest limit at which links were opened without trouble.
    proven: usize,
    /// Openings that went well since the limit changed.
    calm: usize,
    /// Openings that failed in a row.
    failed: usize,
    /// Openings that have to go well before the limit goes beyond what is proven.
    before_probe: usize,
    most: usize,
    /// Running jobs that want a link again.
    returning: usize,
    /// New units wait.
    queue: bool,
}

/// The right to one open link; given back when dropped.
#[derive(Debug)]
pub(crate) struct Berth {
    links: Arc<Links>,
}

impl Drop for Berth {
    fn drop(&mut self) {
        self.links.count().open -= 1;
        self.links.changed.notify_waiters();
    }
}

impl Links {
    pub(crate) fn new(kind: MediumKind, rule: HoldRule) -> Arc<Links> {
        let (limit, most) = match kind {
            MediumKind::Serial => (patience::SERIAL_LINKS, patience::SERIAL_LINKS),
            MediumKind::Ble => (patience::BLE_LINKS_FIRST, patience::BLE_LINKS_MOST),
        };
        Arc::new(Links {
            kind,
            rule,
            count: Mutex::new(Count {
                open: 0,
                limit,
                proven: limit,
                calm: 0,
                failed: 0,
                before_probe: patience::BLE_PROBE_AFTER,
                most,
                returning: 0,
                queue: false,
            }),
            changed: Notify::new(),
            crowded: watch::Sender::new(false),
            line: Arc::default(),
            returns: tokio::sync::Mutex::default(),
        })
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A link for a new unit, if one is free and no running job wants it back.
    pub(crate) fn try_berth(self: &Arc<Links>) -> Option<Berth> {
        let mut count = self.count();
        let free = count.limit.saturating_sub(count.open);
        (free > count.returning).then(|| {
            count.open += 1;
            Berth { links: self.clone() }
        })
    }

    /// A link for a job that had one before: it comes before new units.
    pub(crate) async fn berth(self: &Arc<Links>) -> Berth {
        {
            let mut count = self.count();
            if count.open < count.limit && count.returning == 0 {
                count.open += 1;
                return Berth { links: self.clone() };
            }
        }
        let _returning = Returning::new(self);
        // First come, first served.
        let _first = self.returns.lock().await;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut count = self.count();
                if count.open < count.limit {
                    count.open += 1;
                    return Berth { links: self.clone() };
                }
            }
            changed.await;
        }
    }

    /// Until something may be free.
    pub(crate) async fn freed(&self) {
        self.changed.notified().await;
    }

    /// One's turn to open; the radio cannot connect to two at once.
    pub(crate) async fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        match self.kind {
            MediumKind::Ble => Some(self.line.clone().lock_owned().await),
            MediumKind::Serial => None,
        }
    }

    /// How an opening went.
    pub(crate) fn opened(&self, result: Result<(), &LinkError>) {
        if self.kind == MediumKind::Serial {
            return;
        }
        let mut count = self.count();
        match result {
            Ok(()) => {
                count.calm += 1;
                count.failed = 0;
                // Only openings beside as many others prove anything.
                if count.open >= count.limit {
                    count.proven = count.proven.max(count.limit);
                }
                let wait = if count.limit < count.proven { 1 } else { count.before_probe };
                if count.calm >= wait
                    && count.limit < count.most
                    && count.open >= count.limit.min(count.proven)
                {
                    count.limit += 1;
                    count.calm = 0;
                    drop(count);
                    self.changed.notify_waiters();
                }
            }
            // More are open than there may be: that is why.
            Err(_) if count.open > count.limit => {}
            Err(error) if unexplained(error) => {
                count.calm = 0;
                count.failed += 1;
                if count.limit > count.proven {
                    // A limit that failed at its first use was too high: it is tried again later and later.
                    count.before_probe = (count.before_probe * 2).min(patience::BLE_PROBE_SELDOM);
                    count.limit = count.proven;
                } else if count.failed > 1 {
                    // One failure among openings that go well is the air; two in a row are the adapter.
                    count.limit = (count.limit / 2).max(1);
                }
            }
            Err(_) => {}
        }
    }

    fn trace(&self, address: &Address, failed: Option<&LinkError>) {
        let Count { open, limit, returning, .. } = *self.count();
        tracing::trace!(address = address.text(), ?failed, open, limit, returning, "an opening");
    }

    fn is_overdrawn(&self) -> bool {
        let count = self.count();
        count.open > count.limit
    }

    /// Whether new units wait for a link.
    pub(crate) fn set_crowded(&self, crowded: bool) {
        self.count().queue = crowded;
        self.tell_crowd();
    }

    /// Whoever holds a link only for its words gives it to new units and to those that return alike.
    fn tell_crowd(&self) {
        let crowded = {
            let count = self.count();
            count.queue || count.returning > 0
        };
        self.crowded.send_if_modified(|now| std::mem::replace(now, crowded) != crowded);
    }

    /// Whether units wait for a link, so that nothing is done on it which they would not wait for.
    pub(crate) fn are_scarce(&self) -> bool {
        self.rule == HoldRule::WhileNobodyWaits && self.kind == MediumKind::Ble && *self.crowded.borrow()
    }

    /// Comes back when a link that is only held for its words should be let go.
    pub(crate) async fn wanted_by_others(&self) {
        match (self.rule, self.kind) {
            (HoldRule::WhileNobodyWaits, MediumKind::Ble) => {
                let mut crowded = self.crowded.subscribe();
                // The sender lives as long as these links.
                let _ = crowded.wait_for(|crowded| *crowded).await;
            }
            (HoldRule::Always, _) | (_, MediumKind::Serial) => std::future::pending().await,
        }
    }

    #[cfg(test)]
    fn limit(&self) -> usize {
        self.count().limit
    }
}

/// A medium whose links are opened by these rules: with the berth that is there, or one that is waited for. The berth stays
/// also when opening failed, for another try.
pub(crate) struct Metered {
    medium: Arc<dyn Medium>,
    links: Option<Arc<Links>>,
    berth: tokio::sync::Mutex<Option<Berth>>,
}

impl Metered {
    /// Without links it is the medium itself.
    pub(crate) fn new(medium: Arc<dyn Medium>, links: Option<Arc<Links>>, berth: Option<Berth>) -> Metered {
        Metered { medium, links, berth: tokio::sync::Mutex::new(berth) }
    }

    pub(crate) fn into_berth(self) -> Option<Berth> {
        self.berth.into_inner()
    }
}

#[async_trait]
impl Medium for Metered {
    fn kind(&self) -> MediumKind {
        self.medium.kind()
    }

    async fn readiness(&self) -> Readiness {
        self.medium.readiness().await
    }

    async fn watch(&self) -> Result<BoxStream<'static, Result<Sighting, LinkError>>, LinkError> {
        self.medium.watch().await
    }

    async fn listed(&self, address: &Address) -> Option<Advert> {
        self.medium.listed(address).await
    }

    async fn open(&self, address: &Address, wiring: &Wiring) -> Result<Box<dyn Link>, LinkError> {
        let Some(links) = &self.links else { return self.medium.open(address, wiring).await };
        let mut berth = self.berth.lock().await;
        if berth.is_none() {
            *berth = Some(links.berth().await);
        }
        let link = {
            let _turn = links.turn().await;
            self.medium.open(address, wiring).await
        };
        links.opened(link.as_ref().map(|_| ()));
        links.trace(address, link.as_ref().err());
        if link.is_err() && links.is_overdrawn() {
            // It was one link too many: the next try waits for its turn like all others.
            *berth = None;
        }
        link
    }
}

/// A job that waits to have its link back.
struct Returning<'a>(&'a Links);

impl<'a> Returning<'a> {
    fn new(links: &'a Links) -> Returning<'a> {
        links.count().returning += 1;
        let returning = Returning(links);
        links.tell_crowd();
        returning
    }
}

impl Drop for Returning<'_> {
    fn drop(&mut self) {
        self.0.count().returning -= 1;
        self.0.tell_crowd();
    }
}

/// Connecting failed, and the device has not said why: there may be too many links.
fn unexplained(error: &LinkError) -> bool {
    matches!(
        error,
        LinkError::ConnectRefused { .. }
            | LinkError::TimedOut { .. }
            | LinkError::Lost
            | LinkError::System { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> LinkError {
        LinkError::ConnectRefused { address: "A".into(), reason: "no".into() }
    }

    fn full(links: &Arc<Links>) -> Vec<Berth> {
        std::iter::from_fn(|| links.try_berth()).collect()
    }

    #[test]
    fn the_limit_rises_while_all_goes_well_and_is_halved_when_connecting_fails() {
        let links = Links::new(MediumKind::Ble, HoldRule::default());
        let berths = full(&links);
        assert_eq!(berths.len(), 3);
        (0..patience::BLE_PROBE_AFTER).for_each(|_| links.opened(Ok(())));
        assert_eq!(links.limit(), 4);
        links.opened(Err(&refused()));
        assert_eq!(links.limit(), 3, "a probe that failed: back to what is proven");
        links.opened(Err(&refused()));
        assert_eq!(links.limit(), 1, "and half of it when that fails as well");
        links.opened(Ok(()));
        links.opened(Err(&refused()));
        assert_eq!(links.limit(), 2, "one failure among successes is the air");
        // Back to what was proven, one at a time, and not beyond it for twice as long.
        drop(berths);
        let _berths = full(&links);
        links.opened(Ok(()));
        assert_eq!(links.limit(), 3);
        let _more = full(&links);
        (0..2 * patience::BLE_PROBE_AFTER - 1).for_each(|_| links.opened(Ok(())));
        assert_eq!(links.limit(), 3);
        links.opened(Ok(()));
        assert_eq!(links.limit(), 4);
    }

    #[test]
    fn what_the_device_explains_costs_nothing() {
        let links = Links::new(MediumKind::Ble, HoldRule::default());
        links.opened(Err(&LinkError::NotInSight { address: "A".into() }));
        links.opened(Err(&LinkError::ServiceMissing));
        assert_eq!(links.limit(), 3);
    }

    #[tokio::test]
    async fn a_job_that_wants_its_link_back_comes_before_new_units() {
        let links = Links::new(MediumKind::Ble, HoldRule::default());
        let mut berths = full(&links);
        let waiting = tokio::spawn({
            let links = links.clone();
            async move { links.berth().await }
        });
        while links.count().returning == 0 {
            tokio::task::yield_now().await;
        }
        berths.pop();
        assert!(links.try_berth().is_none(), "it is kept for the one that returns");
        let _back = waiting.await.expect("a free link");
        assert!(links.try_berth().is_none());
        berths.pop();
        assert!(links.try_berth().is_some());
    }

    #[tokio::test]
    async fn serial_ports_are_neither_few_nor_released() {
        let links = Links::new(MediumKind::Serial, HoldRule::default());
        assert_eq!(full(&links).len(), patience::SERIAL_LINKS);
        links.set_crowded(true);
        let released = tokio::time::timeout(std::time::Duration::from_millis(1), links.wanted_by_others());
        assert!(released.await.is_err());
    }
}
