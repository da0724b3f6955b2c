//! Yield by the usual rules, against a table that was counted by hand.

use crate::events::{fault, identified, job, queued};
use engine::record::yields::{Figures, Scope, Share, Times};
use engine::record::{Ledger, Origin};
use engine::*;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Runs in the order of their ends: day and hour, unit (`-`: it never said who it is), how it ended, the cause, slot.
///
/// Counted by hand:
/// day 1: A passes at once; B fails, fails, passes; C fails, passes; D passes, and fails when it is tested again; E stays
/// unknown; F is stopped once and passes then; G is stopped and never comes back; one device says nothing.
const TABLE: &str = "
    1 08 A passed -                     1
    1 08 B failed wifi.password_refused 1
    1 09 C failed device.silent         2
    1 09 B failed wifi.password_refused 1
    1 10 D passed -                     2
    1 10 C passed -                     2
    1 11 B passed -                     1
    1 11 E unknown cloud.not_seen       1
    1 12 F skipped operator.cancelled   1
    1 12 F passed -                     1
    1 13 D failed wifi.password_refused 2
    1 13 G skipped operator.cancelled   2
    1 14 - failed device.silent         2
    2 08 B passed -                     1
    2 08 E failed cloud.not_seen        1
    2 09 E passed -                     2
";

fn facts() -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut write = |at: i64, job: JobId, event: JobEvent| {
        facts.push(Fact { seq: facts.len() as i64 + 1, at, job, event });
    };
    for (line, run) in TABLE.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let words: Vec<&str> = run.split_whitespace().collect();
        let [day, hour, unit, outcome, cause, slot] = words.as_slice() else { panic!("{run}") };
        let number = |text: &str| text.parse::<i64>().expect("a number");
        let ended = number(day) * DAY + number(hour) * HOUR + line as i64 * 60_000;
        let id = job(line as u128 + 1);
        let origin = Origin {
            station: Some("Hall 2".into()),
            slot: Some((*slot).to_owned()),
            work_order: Some(if *day == "1" { "WO-1" } else { "WO-2" }.into()),
            ..Origin::default()
        };
        let JobEvent::Queued { recipe, target, .. } = queued() else { unreachable!("it is queued") };
        write(ended - 10_000, id, JobEvent::Queued { recipe, target, origin: Box::new(origin) });
        write(ended - 10_000, id, JobEvent::StepBegan { step: Step::Connect });
        write(ended - 9_000, id, JobEvent::StepBegan { step: Step::Join });
        if *unit != "-" {
            write(ended - 9_000, id, identified(unit, 1));
        }
        let outcome = match *outcome {
            "passed" => Outcome::Passed,
            "failed" => Outcome::Failed,
            "unknown" => Outcome::Unknown,
            _ => Outcome::Skipped,
        };
        let code = FaultCode::ALL.iter().find(|code| code.as_str() == *cause);
        write(ended, id, JobEvent::Finished { outcome, fault: code.map(|code| fault(*code)) });
    }
    facts
}

fn figures(facts: &[Fact], scope: &Scope) -> Figures {
    Figures::of(Ledger::fold(facts).jobs(), scope)
}

fn share(part: usize, of: usize) -> Share {
    Share { part, of }
}

#[test]
fn yields_are_those_of_the_hand_made_table() {
    let figures = figures(&facts(), &Scope::default());
    let first = figures.days[&1];
    // A D F pass at first; C at the second; B at the third; D fails at last; E never; G and the silent one have no test.
    assert_eq!(first.first_pass, share(3, 6));
    assert_eq!(first.second_pass, share(4, 6));
    assert_eq!(first.last_pass, share(4, 6));
    assert_eq!((first.runs, first.passed, first.failed, first.unknown), (11, 5, 5, 1));
    assert_eq!((first.skipped, first.nameless), (2, 1));
    let second = figures.days[&2];
    assert_eq!(second.first_pass, share(1, 2));
    assert_eq!(second.second_pass, share(2, 2));
    assert_eq!(second.last_pass, share(2, 2));
    assert_eq!(figures.all.first_pass, share(4, 8), "a unit counts once for each of its days");
    assert_eq!(figures.all.last_pass, share(6, 8));
    assert_eq!(figures.all.first_pass.ratio(), Some(0.5));
}

#[test]
fn an_unknown_unit_that_the_cloud_sees_later_has_passed_on_its_day() {
    let mut facts = facts();
    let unknown = facts
        .iter()
        .find(|fact| matches!(fact.event, JobEvent::Finished { outcome: Outcome::Unknown, .. }))
        .map(|fact| fact.job)
        .expect("E is unknown");
    let late = JobEvent::Finished { outcome: Outcome::Passed, fault: None };
    facts.push(Fact { seq: 1000, at: 5 * DAY, job: unknown, event: late });
    let first = figures(&facts, &Scope::default()).days[&1];
    assert_eq!(first.first_pass, share(4, 6));
    assert_eq!((first.passed, first.unknown), (6, 0));
    assert_eq!(figures(&facts, &Scope::default()).days.len(), 2, "nothing happened on day 5");
}

#[test]
fn causes_come_most_frequent_first_and_add_up() {
    let causes = figures(&facts(), &Scope::default()).causes;
    let told: Vec<(&str, usize, usize)> = causes
        .iter()
        .map(|cause| (cause.code.map_or("", FaultCode::as_str), cause.runs, cause.units))
        .collect();
    assert_eq!(
        told,
        [("wifi.password_refused", 3, 2), ("device.silent", 2, 1), ("cloud.not_seen", 2, 1)],
        "a cancelled run is no cause"
    );
    assert!((causes[0].share - 3.0 / 7.0).abs() < 1e-9);
    assert!((causes[2].cumulative - 1.0).abs() < 1e-9);
}

#[test]
fn times_are_those_of_runs_that_passed() {
    let figures = figures(&facts(), &Scope::default());
    let always = |ms: u64| Times { count: 7, least: ms, median: ms, p95: ms, most: ms };
    assert_eq!(figures.steps[&Step::Connect], always(1_000));
    assert_eq!(figures.steps[&Step::Join], always(9_000));
    assert_eq!(figures.cycle, always(10_000));
    assert_eq!(figures.takt.count, 5, "four between five passes of day 1, one between two of day 2");
}

#[test]
fn each_slot_has_its_own_figures() {
    let slots = figures(&facts(), &Scope::default()).slots;
    assert_eq!(slots.len(), 2);
    assert_eq!((slots[0].station.as_str(), slots[0].slot.as_str()), ("Hall 2", "1"));
    assert_eq!(slots[0].yields.runs, 8);
    assert_eq!(slots[0].worst, Some(FaultCode::WifiPasswordRefused));
    assert_eq!(slots[1].yields.nameless, 1);
    assert_eq!(slots[1].worst, Some(FaultCode::DeviceSilent));
}

#[test]
fn a_scope_leaves_out_what_it_does_not_ask_for() {
    let facts = facts();
    let of_order = Scope { work_order: Some("WO-2".into()), ..Scope::default() };
    assert_eq!(figures(&facts, &of_order).all.runs, 3);
    let elsewhere = Scope { station: Some("Hall 3".into()), ..Scope::default() };
    assert_eq!(figures(&facts, &elsewhere), Figures::default());
    assert_eq!(figures(&facts, &elsewhere).all.first_pass.ratio(), None);
    let morning = Scope { from: Some(2 * DAY), until: Some(2 * DAY + 9 * HOUR), ..Scope::default() };
    assert_eq!(figures(&facts, &morning).all.runs, 2);
    // Twelve hours to the west, the second day's morning belongs to the first day.
    let west = Scope { utc_offset_ms: -12 * HOUR, ..Scope::default() };
    assert_eq!(figures(&facts, &west).days.keys().copied().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn without_runs_there_are_no_figures() {
    assert_eq!(figures(&[], &Scope::default()), Figures::default());
}

#[test]
fn the_order_of_reading_does_not_matter() {
    let ledger = Ledger::fold(&facts());
    let forwards = Figures::of(ledger.jobs(), &Scope::default());
    let mut jobs: Vec<_> = ledger.jobs().collect();
    jobs.reverse();
    assert_eq!(Figures::of(jobs, &Scope::default()), forwards);
}
