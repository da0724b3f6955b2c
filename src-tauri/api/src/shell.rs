//! What a face needs to know beside its window: whether work is going on, when it is over and how it ended, and in which
//! words a person is told who looks elsewhere.
//!
//! Not here: how a computer is kept awake, how a desktop shows a word, and the window itself (`desktop/shell`).

use crate::desk::{DeskChange, DeskUpdate, JobView, OutcomeView};
use engine::JobId;
use engine::plan::patience::{WORK_OVER, WORTH_A_WORD};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use ts_rs::TS;

/// Sentences for what is said outside of the page, in the language that was chosen in it. `{places}` are filled here.
#[derive(Debug, Clone, PartialEq, Deserialize, TS)]
pub struct ShellWords {
    pub title: String,
    /// One device: `{name}`, `{outcome}`.
    pub one: String,
    /// Several: `{passed}`, `{failed}`, `{unknown}`.
    pub several: String,
    /// Why the computer stays awake.
    pub awake: String,
    pub passed: String,
    pub failed: String,
    pub unknown: String,
    pub skipped: String,
}

/// What the window is told of itself.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ShellNews {
    /// Somebody wants to close the window while these jobs run.
    CloseAsked { running: Vec<String> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CloseAnswer {
    /// The window goes, the jobs go on; it comes back when they are done.
    Background,
    /// The jobs stop in an orderly way, then the app ends.
    Stop,
    Back,
}

/// The work of this process, from the first job that runs until nothing has run for a while.
#[derive(Debug, Default)]
pub struct Work {
    running: BTreeSet<String>,
    ended: BTreeMap<String, JobView>,
    begun: Option<Instant>,
    over: Option<Instant>,
    /// Nothing may run for a moment, and yet it is not over.
    more: bool,
}

/// Work that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub lasted: Duration,
    pub jobs: Vec<JobView>,
}

impl Work {
    /// Whether more jobs are about to come: of a batch that waits for its next devices.
    pub fn expect_more(&mut self, more: bool) {
        self.more = more;
    }

    /// Takes what runs now and what was told; `true`: work begins.
    pub fn see(&mut self, running: &[JobId], told: &[DeskUpdate], now: Instant) -> bool {
        self.running = running.iter().map(JobId::to_string).collect();
        let begins = self.begun.is_none() && !self.running.is_empty();
        if begins {
            self.begun = Some(now);
        }
        if self.begun.is_some() {
            // What was left open earlier and is settled meanwhile is news as well.
            for update in told {
                if let DeskChange::Job { job } = &update.change
                    && job.outcome.is_some()
                    && !self.running.contains(&job.id)
                {
                    self.ended.insert(job.id.clone(), (**job).clone());
                }
            }
        }
        self.over = match (self.begun, self.running.is_empty() && !self.more) {
            (Some(_), true) => Some(self.over.unwrap_or(now + WORK_OVER)),
            _ => None,
        };
        begins
    }

    /// When the work is over unless another job begins.
    pub fn over_at(&self) -> Option<Instant> {
        self.over
    }

    /// How it went, once it is over.
    pub fn report(&mut self, now: Instant) -> Option<Report> {
        let (begun, over) = self.begun.zip(self.over)?;
        if now < over {
            return None;
        }
        (self.begun, self.over) = (None, None);
        let jobs = std::mem::take(&mut self.ended).into_values().collect();
        Some(Report { lasted: (over - WORK_OVER).saturating_duration_since(begun), jobs })
    }

    pub fn running(&self) -> Vec<String> {
        self.running.iter().cloned().collect()
    }
}

impl Report {
    /// Worth calling a person who looks elsewhere.
    pub fn is_long(&self) -> bool {
        self.lasted >= WORTH_A_WORD
    }

    /// Names and results only: whoever passes by the screen may read it.
    pub fn sentence(&self, words: &ShellWords) -> Option<String> {
        let said = |outcome| match outcome {
            OutcomeView::Passed => &words.passed,
            OutcomeView::Failed => &words.failed,
            OutcomeView::Unknown => &words.unknown,
            OutcomeView::Skipped => &words.skipped,
        };
        match self.jobs.as_slice() {
            [] => None,
            [job] => {
                let name = [&job.name, &job.unit, &job.address].into_iter().flatten().next();
                let name = name.cloned().unwrap_or_default();
                let outcome = job.outcome.map(said).cloned().unwrap_or_default();
                Some(words.one.replace("{outcome}", &outcome).replace("{name}", &name))
            }
            several => {
                let count =
                    |outcome| several.iter().filter(|job| job.outcome == Some(outcome)).count().to_string();
                Some(
                    words
                        .several
                        .replace("{passed}", &count(OutcomeView::Passed))
                        .replace("{failed}", &count(OutcomeView::Failed))
                        .replace("{unknown}", &count(OutcomeView::Unknown)),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> ShellWords {
        let word = str::to_owned;
        ShellWords {
            title: word("Done"),
            one: word("{name}: {outcome}"),
            several: word("{passed} passed, {failed} failed, {unknown} open"),
            awake: word("Working"),
            passed: word("good"),
            failed: word("bad"),
            unknown: word("who knows"),
            skipped: word("left out"),
        }
    }

    fn ended(job: JobId, name: &str, outcome: OutcomeView) -> DeskUpdate {
        let mut view = JobView::new(job, 0);
        (view.name, view.outcome, view.ended) = (Some(name.to_owned()), Some(outcome), Some(1.0));
        DeskUpdate { number: 1, change: DeskChange::Job { job: Box::new(view) } }
    }

    #[test]
    fn work_lasts_from_the_first_job_to_a_while_after_the_last() {
        let (mut work, zero) = (Work::default(), Instant::now());
        let (first, second) = (JobId(uuid::Uuid::now_v7()), JobId(uuid::Uuid::now_v7()));
        assert!(work.see(&[first], &[], zero), "work begins");
        let later = zero + Duration::from_secs(30);
        assert!(!work.see(&[], &[ended(first, "A", OutcomeView::Passed)], later));
        assert_eq!(work.report(later), None, "a batch begins its next unit in a moment");
        let next = later + WORK_OVER / 2;
        assert!(!work.see(&[second], &[], next), "it is the same work");
        assert_eq!(work.over_at(), None);
        let last = next + Duration::from_secs(1);
        work.see(&[], &[ended(second, "B", OutcomeView::Failed)], last);
        let report = work.report(last + WORK_OVER).expect("nothing has run for a while");
        assert_eq!(report.jobs.len(), 2);
        assert!(report.is_long());
        assert_eq!(report.sentence(&words()).as_deref(), Some("1 passed, 1 failed, 0 open"));
        assert_eq!(work.report(last + WORK_OVER * 9), None, "told once");
        assert!(work.see(&[first], &[], last + WORK_OVER * 10), "then new work begins");
        work.expect_more(true);
        work.see(&[], &[], last + WORK_OVER * 20);
        assert_eq!(work.over_at(), None, "a batch that waits for its next device is not over");
        work.expect_more(false);
        work.see(&[], &[], last + WORK_OVER * 30);
        assert!(work.over_at().is_some(), "and then it is");
    }

    #[test]
    fn one_job_is_told_by_its_name_and_a_short_one_is_not_worth_a_call() {
        let (mut work, zero, job) = (Work::default(), Instant::now(), JobId(uuid::Uuid::now_v7()));
        work.see(&[job], &[], zero);
        let end = zero + Duration::from_secs(1);
        work.see(&[], &[ended(job, "Pump {outcome}", OutcomeView::Unknown)], end);
        let report = work.report(end + WORK_OVER).expect("over");
        assert!(!report.is_long());
        assert_eq!(report.sentence(&words()).as_deref(), Some("Pump {outcome}: who knows"));
    }

    #[test]
    fn what_is_settled_while_nothing_runs_is_no_work() {
        let (mut work, zero) = (Work::default(), Instant::now());
        assert!(!work.see(&[], &[ended(JobId(uuid::Uuid::now_v7()), "old", OutcomeView::Passed)], zero));
        assert_eq!((work.over_at(), work.report(zero + WORK_OVER)), (None, None));
    }
}
