//! What a line makes: first-pass, second-pass and last-pass yield, causes, times of steps, slots. Pure folds over jobs.
//!
//! The rules are the usual ones of a test floor. A unit is counted once a day; a run that was stopped or never got to its
//! unit's test (an interlock, a cancel: *skipped*) is not counted; *unknown* counts as not passed until the cloud speaks,
//! and then as passed on the day of its run; a run that is still going is not there yet. A run whose device never said
//! who it is belongs to no unit: it is counted apart and named, never hidden in a percentage. Not here: how any of it is
//! shown, and what a day is called.

use crate::record::event::{JobId, Outcome, Step};
use crate::record::history::RecordedJob;
use crate::{Blame, FaultCode, UnitId};
use std::collections::{BTreeMap, BTreeSet};

/// A day, counted from 1970-01-01 in the line's own time zone.
pub type Day = i64;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Which runs are looked at. What is `None` is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// First moment, milliseconds since the Unix epoch, by the end of a run.
    pub from: Option<i64>,
    /// First moment that is not looked at any more.
    pub until: Option<i64>,
    pub station: Option<String>,
    pub work_order: Option<String>,
    pub operator: Option<String>,
    /// What to add to UTC for the line's time of day, in milliseconds. It decides where a day begins.
    pub utc_offset_ms: i64,
}

impl Scope {
    fn holds(&self, run: &Run<'_>) -> bool {
        let origin = &run.job.state.origin;
        let fits = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        self.from.is_none_or(|from| run.ended_at >= from)
            && self.until.is_none_or(|until| run.ended_at < until)
            && fits(&self.station, &origin.station)
            && fits(&self.work_order, &origin.work_order)
            && fits(&self.operator, &origin.operator)
    }

    fn day(&self, at: i64) -> Day {
        at.saturating_add(self.utc_offset_ms).div_euclid(DAY_MS)
    }
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    pub part: usize,
    pub of: usize,
}

impl Share {
    /// Between 0 and 1; `None` where there is nothing to share.
    pub fn ratio(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 / self.of as f64)
    }

    fn count(&mut self, counts: bool) {
        self.of += 1;
        self.part += usize::from(counts);
    }
}

/// Units of one day, or of several days added up (then a unit counts once for each of its days).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Yields {
    /// Units whose first run of the day passed.
    pub first_pass: Share,
    /// Units that passed at the first or the second run of the day.
    pub second_pass: Share,
    /// Units whose last run of the day passed.
    pub last_pass: Share,
    /// Runs that count.
    pub runs: usize,
    pub passed: usize,
    pub failed: usize,
    pub unknown: usize,
    /// Runs that do not count: stopped, or held back by an interlock.
    pub skipped: usize,
    /// Runs that count, but whose device never said who it is; they are in `runs` and in no share of units.
    pub nameless: usize,
}

impl Yields {
    fn add(&mut self, other: &Yields) {
        for (mine, theirs) in [
            (&mut self.first_pass, other.first_pass),
            (&mut self.second_pass, other.second_pass),
            (&mut self.last_pass, other.last_pass),
        ] {
            mine.part += theirs.part;
            mine.of += theirs.of;
        }
        self.runs += other.runs;
        self.passed += other.passed;
        self.failed += other.failed;
        self.unknown += other.unknown;
        self.skipped += other.skipped;
        self.nameless += other.nameless;
    }

    fn run(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Unknown => self.unknown += 1,
            Outcome::Skipped => {
                self.skipped += 1;
                return;
            }
        }
        self.runs += 1;
    }
}

/// One cause and how often it ended a run that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// `None`: an end without a cause (no version of this program writes one).
    pub code: Option<FaultCode>,
    pub step: Option<Step>,
    pub blame: Option<Blame>,
    pub runs: usize,
    /// Distinct units among them.
    pub units: usize,
    /// Of all runs that did not pass.
    pub share: f64,
    /// This cause and all before it.
    pub cumulative: f64,
}

/// Times in milliseconds, of runs that passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    pub count: usize,
    pub least: u64,
    pub median: u64,
    /// 95 of 100 were not slower (nearest rank).
    pub p95: u64,
    pub most: u64,
}

impl Times {
    fn of(mut all: Vec<u64>) -> Times {
        all.sort_unstable();
        let rank = |percent: usize| all[(percent * all.len()).div_ceil(100).max(1) - 1];
        match (all.first(), all.last()) {
            (Some(least), Some(most)) => {
                Times { count: all.len(), least: *least, median: rank(50), p95: rank(95), most: *most }
            }
            _ => Times::default(),
        }
    }
}

/// One slot of one station.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotFigures {
    pub station: String,
    pub slot: String,
    pub yields: Yields,
    pub cycle: Times,
    /// The cause that ended most of its runs.
    pub worst: Option<FaultCode>,
}

/// All figures of a scope.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    pub all: Yields,
    pub days: BTreeMap<Day, Yields>,
    /// Most frequent first.
    pub causes: Vec<Cause>,
    pub steps: BTreeMap<Step, Times>,
    /// From the first fact to the end.
    pub cycle: Times,
    pub slots: Vec<SlotFigures>,
    /// Milliseconds between two passes that follow each other on one day at one station, the middle of all.
    pub takt: Times,
}

struct Run<'a> {
    job: &'a RecordedJob,
    outcome: Outcome,
    ended_at: i64,
}

impl Figures {
    /// Adds up jobs in any order; jobs without an end are passed over.
    pub fn of<'a>(jobs: impl IntoIterator<Item = (JobId, &'a RecordedJob)>, scope: &Scope) -> Figures {
        let mut runs: Vec<(JobId, Run<'_>)> = jobs
            .into_iter()
            .filter_map(|(id, job)| {
                let (outcome, ended_at) = (job.state.outcome?, job.timeline.ended_at?);
                Some((id, Run { job, outcome, ended_at }))
            })
            .filter(|(_, run)| scope.holds(run))
            .collect();
        // Order decides what is a first run; among runs that end in the same millisecond the older job is the first.
        runs.sort_by_key(|(id, run)| (run.ended_at, *id));
        let runs: Vec<Run<'_>> = runs.into_iter().map(|(_, run)| run).collect();
        let all: Vec<&Run<'_>> = runs.iter().collect();
        let mut days: BTreeMap<Day, Vec<&Run<'_>>> = BTreeMap::new();
        let mut slots: BTreeMap<(&str, &str), Vec<&Run<'_>>> = BTreeMap::new();
        for run in &runs {
            days.entry(scope.day(run.ended_at)).or_default().push(run);
            let origin = &run.job.state.origin;
            if let (Some(station), Some(slot)) = (&origin.station, &origin.slot) {
                slots.entry((station, slot)).or_default().push(run);
            }
        }
        let days: BTreeMap<Day, Yields> =
            days.into_iter().map(|(day, runs)| (day, yields_of_day(&runs))).collect();
        let mut sum = Yields::default();
        days.values().for_each(|day| sum.add(day));
        Figures {
            all: sum,
            days,
            causes: causes(&all),
            steps: steps(&all),
            cycle: cycle(&all),
            slots: slots
                .into_iter()
                .map(|((station, slot), runs)| SlotFigures {
                    station: station.to_owned(),
                    slot: slot.to_owned(),
                    yields: yields(&runs, scope),
                    cycle: cycle(&runs),
                    worst: causes(&runs).first().and_then(|cause| cause.code),
                })
                .collect(),
            takt: takt(&all, scope),
        }
    }
}

/// The yields of runs of any days, in the order of their ends.
fn yields(runs: &[&Run<'_>], scope: &Scope) -> Yields {
    let mut days: BTreeMap<Day, Vec<&Run<'_>>> = BTreeMap::new();
    for run in runs {
        days.entry(scope.day(run.ended_at)).or_default().push(run);
    }
    let mut sum = Yields::default();
    days.values().for_each(|day| sum.add(&yields_of_day(day)));
    sum
}

fn yields_of_day(runs: &[&Run<'_>]) -> Yields {
    let mut yields = Yields::default();
    let mut units: BTreeMap<&UnitId, Vec<bool>> = BTreeMap::new();
    for run in runs {
        yields.run(run.outcome);
        if run.outcome == Outcome::Skipped {
            continue;
        }
        match &run.job.state.unit {
            Some(unit) => units.entry(unit).or_default().push(run.outcome == Outcome::Passed),
            None => yields.nameless += 1,
        }
    }
    for passes in units.values() {
        yields.first_pass.count(passes.first() == Some(&true));
        yields.second_pass.count(passes.iter().take(2).any(|passed| *passed));
        yields.last_pass.count(passes.last() == Some(&true));
    }
    yields
}

fn causes(runs: &[&Run<'_>]) -> Vec<Cause> {
    #[derive(Default)]
    struct Seen<'a> {
        runs: usize,
        units: BTreeSet<&'a UnitId>,
        steps: BTreeMap<Step, usize>,
        blame: Option<Blame>,
    }
    let mut seen: BTreeMap<Option<FaultCode>, Seen<'_>> = BTreeMap::new();
    for run in runs.iter().filter(|run| matches!(run.outcome, Outcome::Failed | Outcome::Unknown)) {
        let fault = run.job.state.fault.as_deref();
        let cause = seen.entry(fault.map(|fault| fault.code)).or_default();
        cause.runs += 1;
        cause.units.extend(&run.job.state.unit);
        if let Some(fault) = fault {
            *cause.steps.entry(fault.step).or_default() += 1;
            cause.blame = Some(fault.blame);
        }
    }
    let all: usize = seen.values().map(|cause| cause.runs).sum();
    let mut causes: Vec<Cause> = seen
        .into_iter()
        .map(|(code, cause)| Cause {
            code,
            step: cause.steps.iter().max_by_key(|(_, runs)| **runs).map(|(step, _)| *step),
            blame: cause.blame,
            runs: cause.runs,
            units: cause.units.len(),
            share: cause.runs as f64 / all as f64,
            cumulative: 0.0,
        })
        .collect();
    causes.sort_by(|one, other| other.runs.cmp(&one.runs).then(one.code.cmp(&other.code)));
    let mut so_far = 0;
    for cause in &mut causes {
        so_far += cause.runs;
        cause.cumulative = so_far as f64 / all as f64;
    }
    causes
}

fn passed<'a, 'b>(runs: &'a [&'b Run<'b>]) -> impl Iterator<Item = &'a &'b Run<'b>> {
    runs.iter().filter(|run| run.outcome == Outcome::Passed)
}

fn steps(runs: &[&Run<'_>]) -> BTreeMap<Step, Times> {
    let mut times: BTreeMap<Step, Vec<u64>> = BTreeMap::new();
    for run in passed(runs) {
        for (step, spent) in run.job.timeline.steps_ms() {
            times.entry(*step).or_default().push(*spent);
        }
    }
    times.into_iter().map(|(step, all)| (step, Times::of(all))).collect()
}

fn cycle(runs: &[&Run<'_>]) -> Times {
    Times::of(passed(runs).filter_map(|run| run.job.timeline.elapsed_ms()).collect())
}

fn takt(runs: &[&Run<'_>], scope: &Scope) -> Times {
    let mut last: BTreeMap<(Day, &Option<String>), i64> = BTreeMap::new();
    let mut between = Vec::new();
    for run in passed(runs) {
        let line = (scope.day(run.ended_at), &run.job.state.origin.station);
        if let Some(before) = last.insert(line, run.ended_at) {
            between.push(u64::try_from(run.ended_at - before).unwrap_or(0));
        }
    }
    Times::of(between)
}
