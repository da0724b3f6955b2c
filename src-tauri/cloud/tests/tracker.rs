//! Waiting for many devices, on a paused clock against a cloud in memory that counts what it is asked.

use async_trait::async_trait;
use cloud::tracker::{Cadence, judge};
use cloud::{
    Account, Cloud, CloudCause, CloudError, CloudTime, DeviceId, DeviceRecord, Effect, MetaField, OrgId,
    Organization, Presence, Reservation, Template, Tracker, User, UserId, Watch,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const ORG: OrgId = OrgId(1);
/// When the world begins, by the cloud's clock; far from any computer's.
const EPOCH: i64 = 4_000_000_000_000;

/// A cloud whose devices connect at set moments.
#[derive(Debug)]
struct Sky {
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Seconds after the beginning, or already long before it.
    connects: BTreeMap<i32, Vec<f64>>,
    /// Devices that the short list leaves out.
    overlooked: bool,
    faults: BTreeMap<&'static str, CloudCause>,
    /// Faults end at this second.
    faults_until: Option<u64>,
    asked: BTreeMap<&'static str, u32>,
}

impl Sky {
    fn new(connects: impl IntoIterator<Item = (i32, Vec<f64>)>) -> Arc<Sky> {
        let state = State { connects: connects.into_iter().collect(), ..State::default() };
        Arc::new(Sky { began: Instant::now(), state: Mutex::new(state) })
    }

    fn with(self: Arc<Sky>, change: impl FnOnce(&mut State)) -> Arc<Sky> {
        change(&mut self.state.lock().expect("not poisoned"));
        self
    }

    fn asked(&self, call: &str) -> u32 {
        self.state.lock().expect("not poisoned").asked.get(call).copied().unwrap_or(0)
    }

    fn all_asked(&self) -> u32 {
        self.state.lock().expect("not poisoned").asked.values().sum()
    }

    fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    fn at(seconds: f64) -> CloudTime {
        CloudTime(EPOCH + (seconds * 1000.0) as i64)
    }

    /// Counts, takes as long as a call takes, and fails if it is set to.
    async fn ask(&self, operation: &'static str) -> Result<(), CloudError> {
        tokio::time::sleep(Duration::from_millis(80)).await;
        let mut state = self.state.lock().expect("not poisoned");
        *state.asked.entry(operation).or_default() += 1;
        let over = state.faults_until.is_some_and(|until| self.now() >= until as f64);
        match state.faults.get(operation) {
            Some(cause) if !over => Err(CloudError { operation, cause: cause.clone(), effect: Effect::None }),
            _ => Ok(()),
        }
    }

    fn records(&self) -> Vec<DeviceRecord> {
        let (state, now) = (self.state.lock().expect("not poisoned"), self.now());
        let past =
            |connects: &[f64]| -> Vec<f64> { connects.iter().copied().filter(|at| *at <= now).collect() };
        state
            .connects
            .iter()
            .map(|(id, connects)| (*id, past(connects)))
            .filter(|(_, connects)| !connects.is_empty())
            .map(|(id, connects)| DeviceRecord {
                id: DeviceId(id),
                name: String::new(),
                org: ORG,
                owner: None,
                activated_at: Some(Sky::at(connects[0])),
                first_connect: Some(Sky::at(connects[0])),
                last_connect: connects.last().copied().map(Sky::at),
                last_disconnect: None,
                template: Some("TMPL1".to_owned()),
                firmware_version: Some("1.0.0".to_owned()),
                metadata: vec![],
            })
            .collect()
    }
}

fn never<T>() -> Result<T, CloudError> {
    panic!("the tracker has no business with this call")
}

#[async_trait]
impl Cloud for Sky {
    fn host(&self) -> String {
        "sky".to_owned()
    }
    async fn presence(&self, device: DeviceId) -> Result<Presence, CloudError> {
        self.ask("presence").await?;
        let record = self.records().into_iter().find(|record| record.id == device);
        let connected = record.as_ref().map(|_| true);
        Ok(Presence { record, connected, at: Some(Sky::at(self.now())) })
    }
    async fn devices(&self, _: OrgId) -> Result<Vec<DeviceRecord>, CloudError> {
        self.ask("devices").await?;
        let connectless = |record| DeviceRecord { first_connect: None, last_connect: None, ..record };
        Ok(self.records().into_iter().map(connectless).collect())
    }
    async fn last_activated(
        &self,
        _: OrgId,
        minutes: u8,
    ) -> Result<Vec<(DeviceId, Option<CloudTime>)>, CloudError> {
        assert!((1..=60).contains(&minutes));
        self.ask("last_activated").await?;
        if self.state.lock().expect("not poisoned").overlooked {
            return Ok(vec![]);
        }
        let from = Sky::at(self.now() - 60.0 * f64::from(minutes));
        let recent = self.records().into_iter().filter(|record| record.activated_at > Some(from));
        Ok(recent.map(|record| (record.id, record.activated_at)).collect())
    }
    async fn reserve(&self, _: OrgId, _: UserId) -> Result<Reservation, CloudError> {
        never()
    }
    async fn renew(&self, _: DeviceId) -> Result<Reservation, CloudError> {
        never()
    }
    async fn reconfigure(&self, _: DeviceId) -> Result<Option<bool>, CloudError> {
        never()
    }
    async fn time(&self) -> Result<CloudTime, CloudError> {
        never()
    }
    async fn account(&self) -> Result<Account, CloudError> {
        never()
    }
    async fn organizations(&self, _: Option<&str>) -> Result<Vec<Organization>, CloudError> {
        never()
    }
    async fn users(&self, _: Option<&str>) -> Result<Vec<User>, CloudError> {
        never()
    }
    async fn templates(&self, _: OrgId) -> Result<Vec<Template>, CloudError> {
        never()
    }
    async fn meta_fields(&self, _: i32) -> Result<Vec<MetaField>, CloudError> {
        never()
    }
    async fn device_meta(&self, _: DeviceId) -> Result<Vec<MetaField>, CloudError> {
        never()
    }
    async fn rename(&self, _: DeviceId, _: &str) -> Result<(), CloudError> {
        never()
    }
    async fn write_meta(&self, _: DeviceId, _: i32, _: &str) -> Result<(), CloudError> {
        never()
    }
    async fn delete(&self, _: DeviceId) -> Result<(), CloudError> {
        never()
    }
}

fn fresh(device: i32) -> Watch {
    Watch {
        org: ORG,
        device: DeviceId(device),
        since: Some(Sky::at(0.0)),
        baseline_connect: None,
        fresh: true,
    }
}

fn renewed(device: i32, baseline: Option<f64>) -> Watch {
    Watch { baseline_connect: baseline.map(Sky::at), fresh: false, ..fresh(device) }
}

/// All watches at once, each with the second at which it ended.
async fn wait_all(
    tracker: &Tracker,
    watches: impl IntoIterator<Item = Watch>,
) -> Vec<Result<f64, CloudError>> {
    let began = Instant::now();
    let mut waits = JoinSet::new();
    for watch in watches {
        let tracker = tracker.clone();
        waits.spawn(async move {
            let seen = tracker.until_seen(watch.clone(), &CancellationToken::new()).await;
            seen.map(|seen| assert_eq!(seen.and_then(|s| s.record).map(|r| r.id), Some(watch.device)))
                .map(|()| began.elapsed().as_secs_f64())
        });
    }
    let all = tokio::time::timeout(Duration::from_secs(3600), waits.join_all()).await;
    all.expect("every wait ends within an hour")
}

#[tokio::test(start_paused = true)]
async fn a_single_device_is_seen_within_one_rhythm_of_its_connect() {
    let sky = Sky::new([(1, vec![7.3])]);
    let tracker = Tracker::new(sky.clone());
    let seen = tracker
        .until_seen(fresh(1), &CancellationToken::new())
        .await
        .expect("no error")
        .expect("not cancelled");
    assert!((7.3..9.5).contains(&sky.now()), "{}", sky.now());
    assert_eq!(seen.at, Some(Sky::at(7.3)));
    assert_eq!((seen.template.as_deref(), seen.firmware.as_deref()), (Some("TMPL1"), Some("1.0.0")));
    // 3 s, then every 2 s
    assert_eq!((sky.asked("presence"), sky.all_asked()), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_before_the_first_look_and_less_after_a_minute() {
    let sky = Sky::new([(1, vec![300.0])]);
    let tracker = Tracker::new(sky.clone());
    let cancel = CancellationToken::new();
    let wait = tracker.until_seen(fresh(1), &cancel);
    tokio::pin!(wait);
    for (until, at_most) in [(2.9, 0), (62.0, 30), (162.0, 50)] {
        let moment = tokio::time::sleep_until(sky.began + Duration::from_secs_f64(until));
        tokio::select! { _ = &mut wait => panic!("not yet"), () = moment => {} }
        assert!(sky.asked("presence") <= at_most, "{} after {until} s", sky.asked("presence"));
    }
    wait.await.expect("no error").expect("seen");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_that_wait_together_cost_a_handful_of_requests_a_cycle() {
    let sky = Sky::new((1..=1000).map(|id| (id, vec![60.0 + f64::from(id % 300) / 10.0])));
    let tracker = Tracker::new(sky.clone());
    let waiting = tokio::spawn({
        let tracker = tracker.clone();
        async move { wait_all(&tracker, (1..=1000).map(fresh)).await }
    });
    tokio::time::sleep(Duration::from_secs(59)).await;
    let idle = sky.all_asked();
    assert!(idle <= 32, "{idle} questions in a minute while all wait");
    for end in waiting.await.expect("no panic") {
        assert!(end.expect("no error") < 100.0);
    }
    assert_eq!(sky.asked("presence"), 1000, "each is looked up once");
    let lists = sky.all_asked() - 1000;
    assert!(lists <= 60, "{lists} list calls");
    assert_eq!(tracker.asked(), u64::from(sky.all_asked()));
}

#[tokio::test(start_paused = true)]
async fn what_the_short_list_overlooks_is_found_by_the_complete_one() {
    let sky = Sky::new((1..=50).map(|id| (id, vec![10.0]))).with(|state| state.overlooked = true);
    for end in wait_all(&Tracker::new(sky.clone()), (1..=50).map(fresh)).await {
        assert!(end.expect("no error") < 45.0);
    }
    assert_eq!(sky.asked("presence"), 50);
}

#[tokio::test(start_paused = true)]
async fn devices_that_came_long_before_the_wait_are_found_at_once() {
    // After a restart: activated hours ago, so the short list no longer has them.
    let sky = Sky::new((1..=50).map(|id| (id, vec![0.0])));
    tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
    for end in wait_all(&Tracker::new(sky.clone()), (1..=50).map(fresh)).await {
        assert!(end.expect("no error") < 6.0);
    }
}

#[tokio::test(start_paused = true)]
async fn where_lists_are_closed_devices_are_looked_up_at_a_shared_rate() {
    let forbidden = CloudCause::Forbidden { permission: Some("ORG_DEVICES_VIEW"), said: String::new() };
    let sky = Sky::new((1..=200).map(|id| (id, vec![20.0]))).with(|state| {
        state.faults.insert("devices", forbidden.clone());
        state.faults.insert("last_activated", forbidden);
    });
    for end in wait_all(&Tracker::new(sky.clone()), (1..=200).map(fresh)).await {
        end.expect("seen all the same");
    }
    let most = f64::from(Cadence::default().lookups_per_second) * sky.now() + 1.0;
    assert!(f64::from(sky.asked("presence")) <= most, "{} in {} s", sky.asked("presence"), sky.now());
}

#[tokio::test(start_paused = true)]
async fn renewed_devices_pass_only_with_a_connect_after_the_one_before() {
    // Online on its old token since long, and once more after delivery.
    let sky = Sky::new([(1, vec![-500.0, 30.0])]);
    let seen = wait_all(&Tracker::new(sky.clone()), [renewed(1, Some(-500.0))]).await;
    assert!((30.0..33.0).contains(seen[0].as_ref().expect("no error")), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn many_renewed_devices_share_a_bounded_rate() {
    let sky = Sky::new((1..=500).map(|id| (id, vec![-500.0, 40.0])));
    let ends = wait_all(&Tracker::new(sky.clone()), (1..=500).map(|id| renewed(id, Some(-500.0)))).await;
    assert!(ends.iter().all(|end| end.as_ref().is_ok_and(|at| *at < 80.0)));
    let most = f64::from(Cadence::default().lookups_per_second) * sky.now() + 1.0;
    assert!(f64::from(sky.asked("presence")) <= most);
    assert_eq!(sky.asked("devices") + sky.asked("last_activated"), 0, "lists say nothing about them");
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_renewed_devices_costs_less_than_one_look_each_while_nothing_comes() {
    const MANY: i32 = 1000;
    let arrives = |id| 60.0 + f64::from(id) * 20.0 / f64::from(MANY);
    let sky = Sky::new((1..=MANY).map(|id| (id, vec![-500.0, arrives(id)])));
    let ends = wait_all(&Tracker::new(sky.clone()), (1..=MANY).map(|id| renewed(id, Some(-500.0)))).await;
    assert!(ends.iter().all(|end| end.as_ref().is_ok_and(|at| *at < 140.0)));
    let looks = sky.asked("presence");
    assert!(looks < 2 * MANY as u32, "{looks} looks");
}

#[tokio::test(start_paused = true)]
async fn a_person_with_one_device_does_not_wait_behind_a_crowd() {
    // A thousand that never come, and one that somebody stands beside.
    let sky = Sky::new((1..=1000).map(|id| (id, vec![-500.0])).chain([(2000, vec![-500.0, 47.0])]));
    let tracker = Tracker::new(sky.clone());
    let crowd = tokio::spawn({
        let tracker = tracker.clone();
        async move { wait_all(&tracker, (1..=1000).map(|id| renewed(id, Some(-500.0)))).await }
    });
    tokio::time::sleep(Duration::from_secs(40)).await;
    let watch = renewed(2000, Some(-500.0));
    tracker.until_seen(watch, &CancellationToken::new()).await.expect("nothing refuses");
    assert!(sky.now() < 47.0 + 2.5, "{}", sky.now());
    crowd.abort();
}

#[tokio::test(start_paused = true)]
async fn nobody_is_behind_for_ever_where_others_keep_coming() {
    let sky = Sky::new((1..=2000).map(|id| (id, vec![-500.0])).chain([(5000, vec![-500.0, 30.0])]));
    let tracker = Tracker::new(sky.clone());
    let first = tokio::spawn({
        let tracker = tracker.clone();
        async move { tracker.until_seen(renewed(5000, Some(-500.0)), &CancellationToken::new()).await }
    });
    // Each second brings ten younger ones, which never come.
    let others = tokio::spawn({
        let tracker = tracker.clone();
        async move {
            let mut waits = JoinSet::new();
            for id in 1..=2000 {
                let tracker = tracker.clone();
                let watch = renewed(id, Some(-500.0));
                waits.spawn(async move { tracker.until_seen(watch, &CancellationToken::new()).await });
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
    first.await.expect("no panic").expect("nothing refuses");
    assert!(sky.now() < 150.0, "{}", sky.now());
    others.abort();
}

#[tokio::test(start_paused = true)]
async fn faults_in_passing_do_not_end_a_wait() {
    for cause in [
        CloudCause::Timeout,
        CloudCause::Server { status: 503 },
        CloudCause::RateLimited { retry_after: None },
        CloudCause::Cut,
        CloudCause::Unreachable { host: "sky".to_owned(), reason: "no network".to_owned() },
        CloudCause::NotFound,
    ] {
        for many in [1, 10] {
            let sky = Sky::new((1..=many).map(|id| (id, vec![10.0]))).with(|state| {
                for call in ["presence", "devices", "last_activated"] {
                    state.faults.insert(call, cause.clone());
                }
                state.faults_until = Some(20);
            });
            let tracker = Tracker::new(sky.clone());
            for end in wait_all(&tracker, (1..=many).map(fresh)).await {
                let end = end.expect("it passes");
                assert!((20.0..26.0).contains(&end), "{cause:?} {many}: {end}");
            }
            assert_eq!(tracker.trouble(), None);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_runs_out_of_patience_can_tell_what_went_wrong() {
    let sky = Sky::new([(1, vec![10.0])]).with(|state| {
        state.faults.insert("presence", CloudCause::Server { status: 500 });
    });
    let tracker = Tracker::new(sky);
    let cancel = CancellationToken::new();
    let wait = tracker.until_seen(fresh(1), &cancel);
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect_err("never seen");
    assert_eq!(tracker.trouble().map(|error| error.cause), Some(CloudCause::Server { status: 500 }));
}

#[tokio::test(start_paused = true)]
async fn faults_that_stay_end_every_wait() {
    for cause in [
        CloudCause::SignIn { said: String::new() },
        CloudCause::ScopeOff { said: String::new() },
        CloudCause::Forbidden { permission: None, said: String::new() },
    ] {
        for many in [1, 10] {
            let sky = Sky::new((1..=many).map(|id| (id, vec![10.0]))).with(|state| {
                for call in ["presence", "devices", "last_activated"] {
                    state.faults.insert(call, cause.clone());
                }
            });
            for end in wait_all(&Tracker::new(sky.clone()), (1..=many).map(fresh)).await {
                assert_eq!(end.expect_err("no way").cause, cause);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_or_dropping_a_wait_ends_the_questions() {
    let sky = Sky::new([]);
    let tracker = Tracker::new(sky.clone());
    let cancel = CancellationToken::new();
    let (one, two) = (tracker.until_seen(fresh(1), &cancel), tracker.until_seen(fresh(2), &cancel));
    let (one, two) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            cancel.cancel();
            one.await
        },
        two
    );
    assert_eq!((one, two), (Ok(None), Ok(None)));
    let never = CancellationToken::new();
    tokio::time::timeout(Duration::from_secs(10), tracker.until_seen(fresh(3), &never))
        .await
        .expect_err("dropped");
    let asked = sky.all_asked();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(sky.all_asked() <= asked, "nobody waits, so nothing is asked");
    // And the next wait starts them again.
    sky.clone().with(|state| {
        state.connects.insert(4, vec![0.0]);
    });
    let seen = tracker.until_seen(fresh(4), &never).await.expect("no error");
    assert!(seen.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_look_later_tells_whether_it_was_seen_meanwhile() {
    let sky = Sky::new([(1, vec![5.0])]);
    let tracker = Tracker::new(sky.clone());
    assert_eq!(tracker.check_once(&fresh(1)).await, Ok(None));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(tracker.check_once(&fresh(1)).await.expect("no error").is_some());
    assert_eq!(sky.all_asked(), 2);
}

// ---- what counts as seen

fn record(change: impl FnOnce(&mut DeviceRecord)) -> Presence {
    let mut record = DeviceRecord {
        id: DeviceId(1),
        name: String::new(),
        org: ORG,
        owner: None,
        activated_at: None,
        first_connect: None,
        last_connect: None,
        last_disconnect: None,
        template: None,
        firmware_version: None,
        metadata: vec![],
    };
    change(&mut record);
    Presence { record: Some(record), connected: None, at: Some(Sky::at(99.0)) }
}

#[test]
fn only_what_the_cloud_saw_after_the_job_began_counts() {
    let connect = |at: f64| record(|r| r.last_connect = Some(Sky::at(at)));
    let online = |presence: Presence| Presence { connected: Some(true), ..presence };
    let activated = |at: f64, template: Option<&str>| {
        record(|r| (r.activated_at, r.template) = (Some(Sky::at(at)), template.map(str::to_owned)))
    };
    let other = Watch { device: DeviceId(2), ..fresh(1) };
    let unbounded = Watch { since: None, ..renewed(1, None) };
    for (what, watch, presence, passes) in [
        ("not known yet", fresh(1), Presence::default(), false),
        ("a bare record", fresh(1), record(|_| ()), false),
        ("a connect", fresh(1), connect(1.0), true),
        ("a connect in the very second", fresh(1), connect(0.0), true),
        ("a connect before the job", fresh(1), connect(-1.0), false),
        ("online, though the times are older", fresh(1), online(connect(-1.0)), false),
        ("online, without times", fresh(1), online(record(|_| ())), true),
        ("checked in and gone again", fresh(1), activated(1.0, Some("TMPL1")), true),
        ("activated without hardware", fresh(1), activated(1.0, None), false),
        ("another device", other, connect(1.0), false),
        ("renewed: a later connect", renewed(1, Some(-5.0)), connect(1.0), true),
        ("renewed: never connected before", renewed(1, None), connect(1.0), true),
        ("renewed: the old connect", renewed(1, Some(1.0)), online(connect(1.0)), false),
        ("renewed: online proves nothing", renewed(1, Some(-5.0)), online(record(|_| ())), false),
        ("renewed: later, but before the job", renewed(1, Some(-5.0)), connect(-1.0), false),
        ("renewed: activated proves nothing", renewed(1, None), activated(1.0, Some("TMPL1")), false),
        ("renewed: nothing to compare with", unbounded, online(connect(1.0)), false),
    ] {
        assert_eq!(judge(&watch, &presence).is_some(), passes, "{what}");
    }
}
