//! What a thousand units that wait at the same time cost the cloud, printed as `name value unit`; nothing is asserted.
//!
//! Jobs and renewed devices run on a paused clock against the simulated cloud in memory, where one call is one request
//! (all lists here fit into one page). Fresh devices wait in real time behind the real HTTP client, with the rhythm that
//! the product has, and what is counted is what was sent.

use async_trait::async_trait;
use cloud::{
    BlynkCloud, Cloud, Credentials, DeviceId, Options, OrgId, ProxyChoice, Secret, Server, Tracker, UserId,
    Watch,
};
use engine::record::Journal;
use engine::work::{Clouds, Engine, Update};
use engine::{CloudRef, JobEvent, JobSecrets, Outcome, Recipe, Refusal, Target};
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::cloud::{CLIENT_ID, CLIENT_SECRET, CloudBeginning, CloudState, Hardware, ORG, OWNER, TEMPLATE};
use sim::{Dialect, World, WorldSettings, fleet};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const UNITS: u32 = 1000;
const HOME: OrgId = OrgId(ORG);
const ME: UserId = UserId(OWNER);
/// How long nothing happens, and how long it then takes until all have come.
const WAIT: Duration = Duration::from_secs(60);
const ARRIVING: Duration = Duration::from_secs(20);

fn main() {
    paused().block_on(jobs());
    paused().block_on(renewed());
    let real = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    real.expect("a runtime").block_on(fresh());
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output is open");
}

#[derive(Debug)]
struct OneCloud(Arc<dyn Cloud>);

#[async_trait]
impl Clouds for OneCloud {
    async fn cloud(&self, _which: &CloudRef) -> Result<Arc<dyn Cloud>, Refusal> {
        Ok(self.0.clone())
    }
}

/// Whole jobs, a thousand at once, of devices that take as long as real ones.
async fn jobs() {
    const DIALECTS: [Dialect; 4] =
        [Dialect::EdgentArduino, Dialect::ConsoleB, Dialect::Particle, Dialect::Linux];
    let world = World::new(WorldSettings { devices: fleet(UNITS, &DIALECTS, 7), ..WorldSettings::default() });
    let engine = Engine::new(Journal::in_memory(), world.media(), Arc::new(OneCloud(world.cloud())))
        .expect("an empty journal");
    let state = world.cloud_state();
    let host = state.host();
    let (began, busy) = (Instant::now(), std::time::Instant::now());
    let mut jobs = JoinSet::new();
    for device in world.devices() {
        let recipe = Recipe {
            cloud: CloudRef { server: format!("https://{host}"), profile: None },
            org: HOME,
            owner: ME,
            ssid: Some(PRACTICE_SSID.to_owned()),
            driver: "auto".to_owned(),
            token_host: host.clone(),
            expect_template: None,
            patience_s: 180,
            name: None,
            meta: BTreeMap::new(),
            device: None,
            carrier: None,
            token_endpoint: None,
            token_template: None,
            token_success: None,
            device_user: None,
        };
        let secrets = JobSecrets { wifi_password: Some(Secret::new(PRACTICE_PASSWORD)), device_secret: None };
        let target = Target::At { address: device.address() };
        let mut job = engine.start(recipe, target, secrets).await.expect("accepted");
        jobs.spawn(async move {
            let mut passed = false;
            while let Some(update) = job.next().await {
                if let Update::Fact(fact) = update
                    && let JobEvent::Finished { outcome, .. } = fact.event
                {
                    passed = outcome == Outcome::Passed;
                }
            }
            passed
        });
    }
    let passed = jobs.join_all().await.into_iter().filter(|passed| *passed).count();
    say(&format!("tracking_jobs_passed {passed} of {UNITS}"));
    say(&format!("tracking_jobs_took {:.1} s of simulated time", began.elapsed().as_secs_f64()));
    say(&format!("tracking_jobs_computed {} ms of real time", busy.elapsed().as_millis()));
    say(&format!("tracking_jobs_requests {:.2} per unit", f64::from(state.requests()) / f64::from(UNITS)));
}

/// Devices that the cloud knows already are in no list of news, so they are looked up one by one.
async fn renewed() {
    let world = World::new(WorldSettings::default());
    let (cloud, state) = (world.cloud(), world.cloud_state());
    let tracker = Tracker::new(cloud.clone());
    let mut known = Vec::new();
    for number in 0..UNITS {
        let (device, _) = state.add_device(ORG, OWNER, &format!("Pump {number}"), hardware());
        known.push(DeviceId(device));
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    state.reset_counts();
    let mut waiting = JoinSet::new();
    let mut tokens = Vec::new();
    for device in known {
        let baseline = cloud.presence(device).await.expect("known").record.and_then(|it| it.last_connect);
        tokens.push(cloud.renew(device).await.expect("renewed").token);
        let watch = Watch { org: HOME, device, since: None, baseline_connect: baseline, fresh: false };
        wait(&mut waiting, &tracker, watch);
    }
    let made = state.requests();
    tokio::time::sleep(WAIT).await;
    let minute = state.requests() - made;
    arrive(&state, tokens.iter().map(Secret::expose)).await;
    waiting.join_all().await;
    let each = f64::from(state.requests()) / f64::from(UNITS);
    say(&format!("tracking_renewed_requests {minute} a minute while {UNITS} wait"));
    say(&format!("tracking_renewed_requests {each:.2} per unit, waiting {} s", WAIT.as_secs()));
}

/// New devices behind the real client.
async fn fresh() {
    let state = CloudState::new(CloudBeginning::default());
    let server = sim::cloud_server::serve(state.clone(), "127.0.0.1:0").await.expect("loopback listens");
    let credentials = Credentials::Client { id: Secret::new(CLIENT_ID), secret: Secret::new(CLIENT_SECRET) };
    let address = Server::parse(server.url()).expect("an address");
    let options = Options { proxy: ProxyChoice::Direct, ..Options::default() };
    let cloud = BlynkCloud::connect(address, credentials, options).expect("a client");
    let tracker = Tracker::new(Arc::new(cloud.clone()));
    let mut waiting = JoinSet::new();
    let mut tokens = Vec::new();
    for _ in 0..UNITS {
        let made = cloud.reserve(HOME, ME).await.expect("a reservation");
        tokens.push(made.token);
        let watch =
            Watch { org: HOME, device: made.device, since: None, baseline_connect: None, fresh: true };
        wait(&mut waiting, &tracker, watch);
    }
    let made = cloud.requests();
    tokio::time::sleep(WAIT).await;
    let minute = cloud.requests() - made;
    arrive(&state, tokens.iter().map(Secret::expose)).await;
    waiting.join_all().await;
    let each = cloud.requests() as f64 / f64::from(UNITS);
    say(&format!("tracking_fresh_requests {minute} a minute while {UNITS} wait"));
    say(&format!("tracking_fresh_requests {each:.2} per unit, waiting {} s", WAIT.as_secs()));
}

fn wait(waiting: &mut JoinSet<()>, tracker: &Tracker, watch: Watch) {
    let tracker = tracker.clone();
    waiting.spawn(async move {
        let seen = tracker.until_seen(watch, &CancellationToken::new()).await;
        seen.expect("nothing refuses").expect("nobody cancels");
    });
}

/// One device after the other checks in.
async fn arrive<'a>(state: &CloudState, tokens: impl Iterator<Item = &'a str>) {
    let began = Instant::now();
    for (number, token) in tokens.enumerate() {
        state.log_in(token, hardware(), None);
        let due = ARRIVING.mul_f64(number as f64 / f64::from(UNITS));
        tokio::time::sleep_until(began + due).await;
    }
}

fn hardware() -> Hardware {
    Hardware { template: TEMPLATE.to_owned(), version: "1.2.3".to_owned(), ..Hardware::default() }
}
