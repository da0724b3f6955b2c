//! State is the sum of its facts.

use crate::events::*;
use cloud::{CloudTime, DeviceId, OrgId, UserId};
use engine::record::{Act, JobState, Ledger, OpenCase, Timeline};
use engine::*;
use proptest::prelude::*;

fn fold(facts: &[JobEvent]) -> JobState {
    facts.iter().fold(JobState::default(), JobState::apply)
}

fn open(facts: &[JobEvent]) -> Option<OpenCase> {
    fold(facts).open_case()
}

/// What has to be settled when the app dies after each line of a journey: the table of a job's steps.
#[test]
fn every_cut_of_a_journey_has_its_open_case() {
    let device = DeviceId(4711);
    let journey = journey("24:6F:28:11:22:33", 4711);
    for cut in 1..=journey.len() {
        let facts = &journey[..cut];
        let expected = match &facts[cut - 1] {
            JobEvent::Finished { .. } => None,
            _ if facts.iter().any(|fact| matches!(fact, JobEvent::Seen { .. })) => {
                Some(OpenCase::DescribeOpen { device })
            }
            _ if facts.iter().any(|fact| matches!(fact, JobEvent::Delivered { .. })) => {
                Some(OpenCase::AwaitingFirstLight { device, baseline: None })
            }
            JobEvent::DeliverIntended { .. } => {
                Some(OpenCase::DeliveryUncertain { device: Some(device), baseline: None })
            }
            _ if facts.iter().any(|fact| matches!(fact, JobEvent::Reserved { .. })) => {
                Some(OpenCase::ReservedNotDelivered { device })
            }
            JobEvent::ReserveIntended { .. } => Some(OpenCase::ReserveUnanswered {
                org: OrgId(7),
                owner: UserId(70),
                since: Some(CloudTime(1_000)),
                newest: Some(DeviceId(40)),
            }),
            _ => Some(OpenCase::NotStarted),
        };
        assert_eq!(open(facts), expected, "after {:?}", facts[cut - 1]);
    }
}

#[test]
fn a_lost_answer_stays_open_until_it_is_settled() {
    let lost = JobEvent::TokenFailed { fault: fault(FaultCode::CloudAnswerLost) };
    let mut facts = vec![queued(), identified("A", 1), reserve_intended(), lost, finished(Outcome::Unknown)];
    assert!(matches!(open(&facts), Some(OpenCase::ReserveUnanswered { .. })));
    facts.push(JobEvent::NothingWasMade);
    assert_eq!(open(&facts), None);
    facts.pop();
    facts.push(JobEvent::Adopted { device: DeviceId(41) });
    assert_eq!(open(&facts), None);
    assert_eq!(fold(&facts).device, Some(DeviceId(41)));
}

#[test]
fn a_refused_token_leaves_nothing_open() {
    let refused = JobEvent::TokenFailed { fault: fault(FaultCode::CloudForbidden) };
    let facts = [queued(), identified("A", 1), reserve_intended(), refused];
    assert_eq!(open(&facts), Some(OpenCase::NotStarted));
    let ended = [&facts[..], &[finished(Outcome::Failed)]].concat();
    assert_eq!(open(&ended), None);
}

#[test]
fn a_lost_answer_is_asked_about_however_the_job_ended() {
    let facts = [queued(), identified("A", 1), reserve_intended(), finished(Outcome::Failed)];
    assert!(matches!(open(&facts), Some(OpenCase::ReserveUnanswered { .. })));
}

#[test]
fn a_fresh_token_has_to_be_delivered_again() {
    let mut facts = vec![
        queued(),
        identified("A", 1),
        reserve_intended(),
        reserved(41),
        deliver_intended(41),
        JobEvent::Delivered { token_carried: true },
        renew_intended(41),
    ];
    assert_eq!(open(&facts), Some(OpenCase::RenewUnanswered { device: DeviceId(41) }));
    facts.push(renewed(41));
    assert_eq!(open(&facts), Some(OpenCase::ReservedNotDelivered { device: DeviceId(41) }));
    assert_eq!(fold(&facts).token_tail.as_deref(), Some("abcd"));
}

#[test]
fn a_refused_delivery_did_not_happen() {
    let mut facts =
        vec![queued(), identified("A", 1), reserve_intended(), reserved(41), deliver_intended(41)];
    facts.push(JobEvent::DeliveryRefused { fault: fault(FaultCode::DeviceRefused) });
    assert_eq!(fold(&facts).delivery, Act::Failed);
    assert_eq!(open(&facts), Some(OpenCase::ReservedNotDelivered { device: DeviceId(41) }));
}

#[test]
fn a_device_without_a_carrier_leaves_nothing_to_wait_for() {
    let deliver = JobEvent::DeliverIntended {
        device: None,
        token_tail: None,
        ssid: None,
        host: String::new(),
        baseline: None,
    };
    let facts = [
        queued(),
        identified("A", 1),
        deliver,
        JobEvent::Delivered { token_carried: false },
        finished(Outcome::Unknown),
    ];
    assert_eq!(open(&facts), None);
    assert_eq!(open(&facts[..4]), Some(OpenCase::DeliveryUncertain { device: None, baseline: None }));
}

#[test]
fn a_renewed_device_waits_for_a_connect_after_the_baseline() {
    let facts = [
        queued(),
        identified("A", 1),
        renew_intended(41),
        renewed(41),
        deliver_intended(41),
        JobEvent::Delivered { token_carried: true },
        finished(Outcome::Unknown),
    ];
    let case = OpenCase::AwaitingFirstLight { device: DeviceId(41), baseline: Some(CloudTime(900)) };
    assert_eq!(open(&facts), Some(case));
}

#[test]
fn unknown_can_still_become_passed_and_nothing_else() {
    for late in [Outcome::Failed, Outcome::Skipped, Outcome::Unknown] {
        let state = fold(&[queued(), finished(Outcome::Unknown), finished(late)]);
        assert_eq!(state.outcome, Some(Outcome::Unknown));
    }
    let state = fold(&[queued(), finished(Outcome::Unknown), finished(Outcome::Passed)]);
    assert_eq!(state.outcome, Some(Outcome::Passed));
}

#[test]
fn steps_are_timed_by_the_facts() {
    let facts = numbered(journey("A", 1).into_iter().map(|event| (job(1), event)));
    let timeline = facts.iter().fold(Timeline::default(), Timeline::apply);
    // Facts are 10 ms apart: Connect covers Connected, Deliver covers intent and result.
    assert_eq!(timeline.steps_ms().get(&Step::Connect), Some(&20));
    assert_eq!(timeline.steps_ms().get(&Step::Deliver), Some(&30));
    assert_eq!(timeline.elapsed_ms(), Some(190));
    // From the first step to the end, without a gap.
    assert_eq!(timeline.steps_ms().values().sum::<u64>(), 180);
}

#[test]
fn a_clock_that_is_set_back_gives_no_negative_times() {
    let facts = [(100, step(Step::Connect)), (40, step(Step::Identify)), (50, finished(Outcome::Failed))];
    let timeline = facts.into_iter().enumerate().fold(Timeline::default(), |timeline, (n, (at, event))| {
        timeline.apply(&Fact { seq: n as i64, at, job: job(1), event })
    });
    assert_eq!(timeline.steps_ms().get(&Step::Connect), Some(&0));
    assert_eq!(timeline.elapsed_ms(), Some(0));
}

#[test]
fn a_unit_keeps_its_cloud_device_over_its_jobs() {
    let second = vec![
        queued(),
        identified("24:6F:28:11:22:33", 2),
        renew_intended(4711),
        renewed(4711),
        finished(Outcome::Failed),
    ];
    let facts = numbered(
        journey("24:6F:28:11:22:33", 4711)
            .into_iter()
            .map(|event| (job(1), event))
            .chain(second.into_iter().map(|event| (job(2), event))),
    );
    let ledger = Ledger::fold(&facts);
    let unit = ledger.unit(&UnitId("24:6F:28:11:22:33".to_owned())).expect("it was identified");
    assert_eq!(unit.device_on("https://FRA1.blynk.cloud/"), Some(DeviceId(4711)));
    assert_eq!(unit.device_on("https://lon1.blynk.cloud"), None);
    assert_eq!((unit.attempts, unit.jobs.len()), (2, 2));
    assert_eq!(unit.outcome, Some(Outcome::Failed));
    assert_eq!(unit.name.as_deref(), Some("Pump 4"));
    assert_eq!(unit.last_seen, Some(CloudTime(2_000)));
    assert!(ledger.is_ours(SERVER, DeviceId(4711)));
    assert!(!ledger.is_ours("https://lon1.blynk.cloud", DeviceId(4711)));
    assert_eq!(ledger.ghosts().count(), 0);
}

#[test]
fn only_what_was_made_here_and_never_came_to_life_is_a_ghost() {
    let renewed_only =
        [queued(), identified("B", 1), renew_intended(50), renewed(50), finished(Outcome::Failed)];
    let made = [queued(), identified("A", 1), reserve_intended(), reserved(41), finished(Outcome::Failed)];
    let waiting = [
        queued(),
        identified("C", 1),
        reserve_intended(),
        reserved(42),
        deliver_intended(42),
        JobEvent::Delivered { token_carried: true },
        finished(Outcome::Unknown),
    ];
    let all = renewed_only
        .into_iter()
        .map(|event| (job(1), event))
        .chain(made.into_iter().map(|event| (job(2), event)))
        .chain(waiting.into_iter().map(|event| (job(3), event)));
    let mut ledger = Ledger::fold(&numbered(all));
    let ghosts: Vec<_> = ledger.ghosts().map(|made| made.device).collect();
    assert_eq!(ghosts, [DeviceId(41), DeviceId(42)], "50 is not ours");
    let of = |unit: &str| UnitId(unit.to_owned());
    assert!(!ledger.may_be_lived_with(&of("A"), DeviceId(41)));
    assert!(ledger.may_be_lived_with(&of("C"), DeviceId(42)));

    for (seq, ghost, of) in [(100, 41, 2), (101, 42, 3)] {
        let sweep = JobEvent::Swept { device: DeviceId(ghost) };
        ledger.apply(&Fact { seq, at: 0, job: job(of), event: sweep });
    }
    assert_eq!(ledger.ghosts().count(), 0);
    assert_eq!(ledger.open_cases(), [], "what is removed is not waited for");
    let unit = ledger.unit(&UnitId("A".to_owned())).expect("it was identified");
    assert_eq!(unit.device_on(SERVER), None, "a removed device is not renewed");
    assert_eq!(ledger.owner_of(SERVER, DeviceId(41)), None);
}

#[test]
fn a_later_token_ends_the_wait_for_the_earlier_one() {
    let waiting = [
        queued(),
        identified("A", 1),
        reserve_intended(),
        reserved(41),
        deliver_intended(41),
        JobEvent::Delivered { token_carried: true },
        finished(Outcome::Unknown),
    ];
    let next = [queued(), identified("A", 2), renew_intended(41), renewed(41), finished(Outcome::Failed)];
    let mut facts: Vec<_> = waiting.into_iter().map(|event| (job(1), event)).collect();
    assert_eq!(Ledger::fold(&numbered(facts.clone())).open_cases().len(), 1);
    facts.extend(next.into_iter().map(|event| (job(2), event)));
    assert_eq!(Ledger::fold(&numbered(facts)).open_cases(), []);
}

#[test]
fn a_lost_answer_is_settled_in_its_own_job_or_in_the_next_one_of_the_unit() {
    let lost = JobEvent::TokenFailed { fault: fault(FaultCode::CloudAnswerLost) };
    let first = [queued(), identified("A", 1), reserve_intended(), lost, finished(Outcome::Unknown)];
    let mut facts: Vec<_> = first.into_iter().map(|event| (job(1), event)).collect();
    facts.extend([queued(), identified("A", 2)].map(|event| (job(2), event)));
    let before = Ledger::fold(&numbered(facts.clone()));
    assert!(before.open_cases().iter().any(|open| open.job == job(1)));
    for settler in [job(1), job(2)] {
        let mut facts = facts.clone();
        facts.push((settler, JobEvent::Adopted { device: DeviceId(41) }));
        let ledger = Ledger::fold(&numbered(facts));
        assert!(ledger.open_cases().iter().all(|open| open.job != job(1)), "settled in {settler}");
        assert_eq!(ledger.owner_of(SERVER, DeviceId(41)), Some(&UnitId("A".to_owned())));
        assert!(ledger.made().all(|made| made.adopted));
    }
}

#[test]
fn a_late_word_about_an_old_job_does_not_hide_the_newest_result() {
    let first = [
        queued(),
        identified("A", 1),
        reserve_intended(),
        reserved(41),
        deliver_intended(41),
        JobEvent::Delivered { token_carried: true },
        finished(Outcome::Unknown),
    ];
    let mut facts: Vec<_> = first.into_iter().map(|event| (job(1), event)).collect();
    facts.extend([queued(), identified("A", 2), finished(Outcome::Failed)].map(|event| (job(2), event)));
    facts.extend([seen(41), finished(Outcome::Passed)].map(|event| (job(1), event)));
    let ledger = Ledger::fold(&numbered(facts));
    let unit = ledger.unit(&UnitId("A".to_owned())).expect("it was identified");
    assert_eq!(unit.outcome, Some(Outcome::Failed));
    assert_eq!(ledger.job(job(1)).map(|job| job.state.outcome), Some(Some(Outcome::Passed)));
}

proptest! {
    #[test]
    fn folding_goes_on_where_it_stopped(facts in any_facts(), cut in any::<prop::sample::Index>()) {
        let (prefix, rest) = facts.split_at(cut.index(facts.len() + 1));
        let mut ledger = Ledger::fold(prefix);
        let _ = (ledger.open_cases(), ledger.ghosts().count());
        for fact in rest {
            ledger.apply(fact);
        }
        prop_assert_eq!(ledger, Ledger::fold(&facts));
    }

    #[test]
    fn a_state_survives_its_serialization(facts in prop::collection::vec(any_event(), 0..30)) {
        let state = fold(&facts);
        let text = serde_json::to_string(&state).expect("plain values");
        prop_assert_eq!(serde_json::from_str::<JobState>(&text).expect("what was written"), state);
    }

    #[test]
    fn a_result_stays_except_that_unknown_can_become_passed(facts in prop::collection::vec(any_event(), 0..60)) {
        let mut state = JobState::default();
        for fact in &facts {
            let before = state.outcome;
            state = state.apply(fact);
            match before {
                None => {}
                Some(Outcome::Unknown) => {
                    prop_assert!(matches!(state.outcome, Some(Outcome::Unknown | Outcome::Passed)));
                }
                settled => prop_assert_eq!(state.outcome, settled),
            }
        }
    }

    /// What a runner writes: a job that passed leaves nothing open, one without an end always says what is open, and
    /// an answer that may be lost is always asked about.
    #[test]
    fn every_legal_prefix_says_what_is_open(facts in legal_job()) {
        for cut in 1..=facts.len() {
            let state = fold(&facts[..cut]);
            let case = state.open_case();
            match state.outcome {
                None => prop_assert!(case.is_some(), "unfinished and nothing open after {:?}", facts[cut - 1]),
                Some(Outcome::Passed) => prop_assert_eq!(&case, &None),
                Some(Outcome::Unknown | Outcome::Failed | Outcome::Skipped) => {}
            }
            if matches!(facts[cut - 1], JobEvent::ReserveIntended { .. }) {
                let asked = matches!(case, Some(OpenCase::ReserveUnanswered { .. }));
                prop_assert!(asked);
            }
            if matches!(facts[cut - 1], JobEvent::DeliverIntended { .. }) {
                let asked = matches!(case, Some(OpenCase::DeliveryUncertain { .. }));
                prop_assert!(asked);
            }
        }
    }
}
