//! Units whose end is not known are asked about in the background, for days and at low cost, until the cloud has seen
//! them.
//!
//! What is young is asked about often, what is old seldom. Only the cloud is asked; a device is never touched. Not here:
//! what an answer means (`reconcile.rs`).

use crate::plan::patience;
use crate::record::OpenCase;
use crate::work::dispatch::Shared;
use crate::work::reconcile;
use crate::{FaultCode, JobId};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// How long after the last question the next one is due, by how long it has been open; `None`: not any more.
pub(crate) fn pace(open_for: Duration) -> Option<Duration> {
    match open_for {
        young if young < Duration::from_secs(600) => Some(patience::TRACK_YOUNG),
        today if today < Duration::from_secs(24 * 3600) => Some(patience::TRACK_TODAY),
        later if later < patience::TRACK_DAYS => Some(patience::TRACK_LATER),
        _ => None,
    }
}

/// The one that asks.
struct Only(Weak<Shared>);

impl Only {
    fn of(shared: &Arc<Shared>) -> Option<Only> {
        let taken = shared.tracking.swap(true, Ordering::AcqRel);
        (!taken).then(|| Only(Arc::downgrade(shared)))
    }
}

impl Drop for Only {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.tracking.store(false, Ordering::Release);
        }
    }
}

/// Whether asking the cloud alone can settle it.
fn waits_for_the_cloud(case: &OpenCase) -> bool {
    match case {
        OpenCase::AwaitingFirstLight { .. }
        | OpenCase::DeliveryUncertain { device: Some(_), .. }
        | OpenCase::DescribeOpen { .. } => true,
        OpenCase::NotStarted
        | OpenCase::ReserveUnanswered { .. }
        | OpenCase::RenewUnanswered { .. }
        | OpenCase::ReservedNotDelivered { .. }
        | OpenCase::DeliveryUncertain { device: None, .. } => false,
    }
}

/// Asks for as long as the engine lives and this is not dropped.
pub(crate) async fn keep_asking(engine: Weak<Shared>) {
    // One is enough for an engine; it goes on for whoever asked for it first.
    let Some(_only) = engine.upgrade().and_then(|shared| Only::of(&shared)) else { return };
    let began = Instant::now();
    // Times of facts are wall time, ours is not: how old a case was when we first met it, and when that was.
    let mut asked: HashMap<JobId, (Instant, Instant)> = HashMap::new();
    loop {
        tokio::time::sleep(patience::TRACK_YOUNG).await;
        let Some(shared) = engine.upgrade() else { return };
        let running = shared.running().await;
        let mut due: Vec<JobId> = {
            let ledger = shared.ledger();
            let newest = ledger.jobs().map(|(_, job)| job.last_at).max().unwrap_or(0);
            ledger
                .open_cases()
                .into_iter()
                .filter(|open| waits_for_the_cloud(&open.case) && !running.contains(&open.job))
                .filter(|open| {
                    let Some(job) = ledger.job(open.job) else { return false };
                    // One that was cut off by the end of the program is for whoever resumes it.
                    if !job.state.finished() {
                        return false;
                    }
                    let before = Duration::from_millis(u64::try_from(newest - job.last_at).unwrap_or(0));
                    let age =
                        before.max(asked.get(&open.job).map_or(Duration::ZERO, |(first, _)| first.elapsed()));
                    let since =
                        asked.get(&open.job).map_or_else(|| began.elapsed(), |(_, last)| last.elapsed());
                    pace(age).is_some_and(|pace| since >= pace)
                })
                .map(|open| open.job)
                .collect()
        };
        due.truncate(patience::TRACK_AT_ONCE);
        for job in due {
            let now = Instant::now();
            asked.entry(job).and_modify(|(_, last)| *last = now).or_insert((now, now));
            let settled = reconcile::reconcile_of(&shared, &|open| open == job).await;
            let signed_out = settled
                .iter()
                .any(|case| case.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::CloudSignIn));
            if signed_out {
                // Nobody is signed in (any more); the others would hear the same.
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_the_question_the_rarer_it_is_asked() {
        let days = |days: u64| Duration::from_secs(days * 24 * 3600);
        let paces: Vec<_> =
            [Duration::ZERO, Duration::from_secs(601), days(1), days(6), days(7)].map(pace).to_vec();
        assert_eq!(
            paces,
            [
                Some(patience::TRACK_YOUNG),
                Some(patience::TRACK_TODAY),
                Some(patience::TRACK_LATER),
                Some(patience::TRACK_LATER),
                None
            ]
        );
    }
}
