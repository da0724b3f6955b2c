//! Facts to test with: a plain journey, everything that a fact can be, and orders that a runner would write.

use cloud::{CloudTime, DeviceId, OrgId, UserId};
use engine::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proto::{Address, DeviceIdentity, DeviceWord, MediumKind, Network, Security};
use std::collections::BTreeMap;

pub const SERVER: &str = "https://fra1.blynk.cloud";

pub fn job(n: u128) -> JobId {
    JobId(uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | n))
}

pub fn recipe() -> Recipe {
    Recipe {
        cloud: CloudRef { server: SERVER.to_owned(), profile: None },
        org: OrgId(7),
        owner: UserId(70),
        ssid: Some("Werkstatt".to_owned()),
        driver: "auto".to_owned(),
        token_host: "fra1.blynk.cloud".to_owned(),
        expect_template: None,
        patience_s: 90,
        name: Some("Pump 4".to_owned()),
        meta: BTreeMap::new(),
        device: None,
        carrier: None,
        token_endpoint: None,
        token_template: None,
        token_success: None,
        device_user: None,
    }
}

pub fn fault(code: FaultCode) -> Box<Fault> {
    Box::new(Fault {
        code,
        step: Step::Reserve,
        blame: Blame::Cloud,
        retry: Retry::Now,
        device_code: None,
        about: BTreeMap::new(),
        chain: String::new(),
    })
}

pub fn queued() -> JobEvent {
    JobEvent::Queued { recipe: Box::new(recipe()), target: Target::Any, origin: Box::default() }
}

pub fn identified(unit: &str, attempt: u32) -> JobEvent {
    let identity = DeviceIdentity { mac: Some(unit.to_owned()), ..DeviceIdentity::default() };
    JobEvent::Identified { unit: UnitId(unit.to_owned()), identity: Box::new(identity), attempt }
}

pub fn reserve_intended() -> JobEvent {
    JobEvent::ReserveIntended {
        org: OrgId(7),
        owner: UserId(70),
        cloud_time: Some(CloudTime(1_000)),
        newest: Some(DeviceId(40)),
    }
}

pub fn reserved(device: i32) -> JobEvent {
    JobEvent::Reserved { device: DeviceId(device), token_tail: "wxyz".to_owned(), at: Some(CloudTime(1_100)) }
}

pub fn renew_intended(device: i32) -> JobEvent {
    JobEvent::RenewIntended { device: DeviceId(device), baseline: Some(CloudTime(900)) }
}

pub fn renewed(device: i32) -> JobEvent {
    JobEvent::Renewed { device: DeviceId(device), token_tail: "abcd".to_owned(), at: Some(CloudTime(1_100)) }
}

pub fn deliver_intended(device: i32) -> JobEvent {
    JobEvent::DeliverIntended {
        device: Some(DeviceId(device)),
        token_tail: Some("wxyz".to_owned()),
        ssid: Some("Werkstatt".to_owned()),
        host: "fra1.blynk.cloud".to_owned(),
        baseline: None,
    }
}

pub fn seen(device: i32) -> JobEvent {
    JobEvent::Seen {
        device: DeviceId(device),
        at: Some(CloudTime(2_000)),
        template: Some("TMPL1".to_owned()),
        firmware: None,
    }
}

pub fn finished(outcome: Outcome) -> JobEvent {
    JobEvent::Finished { outcome, fault: None }
}

pub fn step(step: Step) -> JobEvent {
    JobEvent::StepBegan { step }
}

/// A new unit from token to first light, as a runner writes it.
pub fn journey(unit: &str, device: i32) -> Vec<JobEvent> {
    vec![
        queued(),
        step(Step::Connect),
        JobEvent::Connected {
            address: Address::Ble("AA:BB:CC:DD:EE:FF".to_owned()),
            medium: MediumKind::Ble,
            driver: "blynk-inject".to_owned(),
            kept: false,
        },
        step(Step::Identify),
        identified(unit, 1),
        step(Step::Survey),
        JobEvent::Surveyed {
            networks: vec![Network {
                ssid: "Werkstatt".to_owned(),
                bssid: None,
                rssi: Some(-60),
                channel: Some(6),
                security: Security::Personal,
            }],
        },
        step(Step::Reserve),
        reserve_intended(),
        reserved(device),
        step(Step::Deliver),
        deliver_intended(device),
        JobEvent::Delivered { token_carried: true },
        step(Step::Join),
        JobEvent::Said { word: DeviceWord::ConnectingNetwork },
        step(Step::Confirm),
        seen(device),
        step(Step::Describe),
        JobEvent::Described { name: Some("Pump 4".to_owned()), meta: vec![] },
        finished(Outcome::Passed),
    ]
}

pub fn numbered(facts: impl IntoIterator<Item = (JobId, JobEvent)>) -> Vec<Fact> {
    facts
        .into_iter()
        .enumerate()
        .map(|(n, (job, event))| Fact { seq: n as i64 + 1, at: n as i64 * 10, job, event })
        .collect()
}

fn a_device() -> impl Strategy<Value = DeviceId> {
    (1..6).prop_map(DeviceId)
}

fn a_time() -> impl Strategy<Value = Option<CloudTime>> {
    option::of(any::<i64>().prop_map(CloudTime))
}

fn a_text() -> impl Strategy<Value = String> {
    // Among them what breaks tables, markup and terminals.
    prop_oneof![
        "\\PC{0,12}",
        any::<String>(),
        select(vec!["=1+1", "<b>&\"", "a,b\r\n", "-2", "\u{202e}x", ""]).prop_map(str::to_owned)
    ]
}

fn a_fault() -> impl Strategy<Value = Box<Fault>> {
    (select(FaultCode::ALL), a_text(), option::of(700..733_u16)).prop_map(|(code, chain, device_code)| {
        let about = BTreeMap::from([("ssid".to_owned(), chain.clone())]);
        Box::new(Fault { chain, about, device_code, ..*fault(code) })
    })
}

fn an_outcome() -> impl Strategy<Value = Outcome> {
    select(vec![Outcome::Passed, Outcome::Failed, Outcome::Unknown, Outcome::Skipped])
}

fn a_step() -> impl Strategy<Value = Step> {
    select(vec![
        Step::Connect,
        Step::Identify,
        Step::Survey,
        Step::Reserve,
        Step::Deliver,
        Step::Join,
        Step::Confirm,
        Step::Describe,
    ])
}

fn a_unit() -> impl Strategy<Value = String> {
    select(vec!["24:6F:28:11:22:33", "24:6F:28:11:22:44", "name:Pump"]).prop_map(str::to_owned)
}

/// Any fact whatsoever.
pub fn any_event() -> impl Strategy<Value = JobEvent> {
    let name = (a_text(), a_text()).prop_map(|(name, ssid)| {
        let recipe = Recipe { name: Some(name), ssid: Some(ssid), ..recipe() };
        JobEvent::Queued { recipe: Box::new(recipe), target: Target::Any, origin: Box::default() }
    });
    let said = a_text().prop_map(|text| JobEvent::Said { word: DeviceWord::Said { text } });
    let networks = vec(a_text(), 0..4).prop_map(|names| JobEvent::Surveyed {
        networks: names
            .into_iter()
            .map(|ssid| Network {
                ssid,
                bssid: None,
                rssi: Some(-1),
                channel: None,
                security: Security::Open,
            })
            .collect(),
    });
    let identified = (a_unit(), a_text(), any::<u32>()).prop_map(|(unit, name, attempt)| {
        let identity = DeviceIdentity { name: Some(name), ..DeviceIdentity::default() };
        JobEvent::Identified { unit: UnitId(unit), identity: Box::new(identity), attempt }
    });
    let reserve = (a_time(), option::of(a_device())).prop_map(|(cloud_time, newest)| {
        JobEvent::ReserveIntended { org: OrgId(1), owner: UserId(1), cloud_time, newest }
    });
    let deliver = (option::of(a_device()), option::of(a_text()), a_text(), a_time()).prop_map(
        |(device, ssid, host, baseline)| JobEvent::DeliverIntended {
            device,
            token_tail: Some("tail".to_owned()),
            ssid,
            host,
            baseline,
        },
    );
    let seen = (a_device(), a_time(), option::of(a_text())).prop_map(|(device, at, template)| {
        JobEvent::Seen { device, at, firmware: template.clone(), template }
    });
    let described = (option::of(a_text()), vec(a_text(), 0..3))
        .prop_map(|(name, meta)| JobEvent::Described { name, meta });
    let end = (an_outcome(), option::of(a_fault()))
        .prop_map(|(outcome, fault)| JobEvent::Finished { outcome, fault });
    prop_oneof![
        name,
        a_step().prop_map(step),
        a_text().prop_map(|path| JobEvent::Connected {
            address: Address::Serial(path.clone()),
            medium: MediumKind::Serial,
            driver: "blynk-console".to_owned(),
            kept: path.len() % 2 == 1,
        }),
        identified,
        networks,
        reserve,
        (a_device(), a_time()).prop_map(|(device, at)| JobEvent::Reserved {
            device,
            token_tail: "wxyz".to_owned(),
            at
        }),
        (a_device(), a_time()).prop_map(|(device, baseline)| JobEvent::RenewIntended { device, baseline }),
        (a_device(), a_time()).prop_map(|(device, at)| JobEvent::Renewed {
            device,
            token_tail: "abcd".to_owned(),
            at
        }),
        a_fault().prop_map(|fault| JobEvent::TokenFailed { fault }),
        a_device().prop_map(|device| JobEvent::Adopted { device }),
        Just(JobEvent::NothingWasMade),
        deliver,
        any::<bool>().prop_map(|token_carried| JobEvent::Delivered { token_carried }),
        a_fault().prop_map(|fault| JobEvent::DeliveryRefused { fault }),
        said,
        seen,
        described,
        a_fault().prop_map(|fault| JobEvent::Warned { fault }),
        a_device().prop_map(|device| JobEvent::SweepIntended { device }),
        a_device().prop_map(|device| JobEvent::Swept { device }),
        end,
    ]
}

/// Any facts of a few jobs, mixed.
pub fn any_facts() -> impl Strategy<Value = Vec<Fact>> {
    vec((0..4_u128, any_event()), 0..40)
        .prop_map(|facts| numbered(facts.into_iter().map(|(n, event)| (job(n), event))))
}

/// Facts of one job in an order that a runner, a crash and a reconciliation write: each choice picks one of the ways
/// on from where the job is.
pub fn legal_job() -> impl Strategy<Value = Vec<JobEvent>> {
    vec(any::<Index>(), 1..30).prop_map(|choices| {
        let mut facts = vec![queued(), step(Step::Connect), identified("24:6F:28:11:22:33", 1)];
        for choice in choices {
            let ways = ways_on(&facts);
            if ways.is_empty() {
                break;
            }
            facts.push(choice.get(&ways).clone());
        }
        facts
    })
}

fn ways_on(facts: &[JobEvent]) -> Vec<JobEvent> {
    let ended = facts.iter().rev().find_map(|fact| match fact {
        JobEvent::Finished { outcome, .. } => Some(*outcome),
        _ => None,
    });
    let state = facts.iter().fold(engine::record::JobState::default(), engine::record::JobState::apply);
    let lost = JobEvent::TokenFailed { fault: fault(FaultCode::CloudAnswerLost) };
    let refused = JobEvent::TokenFailed { fault: fault(FaultCode::CloudForbidden) };
    match (facts.last().expect("a job begins with Queued"), ended) {
        (JobEvent::Swept { .. }, _) | (_, Some(Outcome::Passed | Outcome::Skipped)) => vec![],
        (JobEvent::SweepIntended { device }, _) => vec![JobEvent::Swept { device: *device }],
        (_, Some(Outcome::Failed)) => match state.device {
            Some(device) => vec![JobEvent::SweepIntended { device }],
            None => vec![],
        },
        (_, Some(Outcome::Unknown)) => match state.open_case() {
            Some(engine::record::OpenCase::ReserveUnanswered { .. }) => {
                vec![JobEvent::NothingWasMade, JobEvent::Adopted { device: DeviceId(4711) }]
            }
            Some(
                engine::record::OpenCase::AwaitingFirstLight { .. }
                | engine::record::OpenCase::DeliveryUncertain { .. },
            ) => vec![seen(4711)],
            Some(engine::record::OpenCase::DescribeOpen { .. }) => vec![finished(Outcome::Passed)],
            _ => vec![],
        },
        (JobEvent::ReserveIntended { .. }, None) => vec![reserved(4711), lost, refused],
        (JobEvent::RenewIntended { .. }, None) => vec![renewed(4711), lost, refused],
        (JobEvent::Reserved { .. } | JobEvent::Renewed { .. }, None) => {
            vec![deliver_intended(4711), finished(Outcome::Failed)]
        }
        (JobEvent::TokenFailed { .. }, None) => vec![finished(Outcome::Unknown)],
        (JobEvent::DeliverIntended { .. }, None) => vec![
            JobEvent::Delivered { token_carried: true },
            JobEvent::DeliveryRefused { fault: fault(FaultCode::DeviceRefused) },
            finished(Outcome::Unknown),
        ],
        (JobEvent::Delivered { .. } | JobEvent::Said { .. }, None) => vec![
            JobEvent::Said { word: DeviceWord::ConnectingCloud },
            seen(4711),
            deliver_intended(4711),
            renew_intended(4711),
            finished(Outcome::Unknown),
            finished(Outcome::Failed),
        ],
        (JobEvent::DeliveryRefused { .. }, None) => vec![deliver_intended(4711), finished(Outcome::Failed)],
        (JobEvent::Seen { .. }, None) => vec![
            JobEvent::Described { name: Some("Pump 4".to_owned()), meta: vec![] },
            JobEvent::Warned { fault: fault(FaultCode::CloudForbidden) },
            finished(Outcome::Passed),
        ],
        (JobEvent::Described { .. } | JobEvent::Warned { .. }, None) => vec![finished(Outcome::Passed)],
        (_, None) => {
            vec![step(Step::Survey), reserve_intended(), renew_intended(4711), finished(Outcome::Failed)]
        }
    }
}
