//! Our own time for one unit, printed as `name value unit`; nothing is asserted, since figures belong to the machine.
//!
//! Devices, networks and cloud answer at once, so what is left is ours and the simulator's, which runs in the same
//! process. A unit is timed from the request to `Finished`, one unit after another, each a new one to journal and cloud;
//! nothing is subtracted, and the first one, which signs in and fetches lists, counts like all others.
//!
//! In memory: simulated links, a cloud that is called directly, a journal in memory. Over a pty: the real serial code on
//! a real pty, the real HTTP client on loopback, and a journal that waits for the disk.

use async_trait::async_trait;
use cloud::{Cloud, OrgId, UserId};
use engine::record::Journal;
use engine::work::{Clouds, Engine, Update};
use engine::{CloudRef, JobEvent, JobSecrets, Outcome, Recipe, Refusal, Step, Target};
use proto::{Address, Secret};
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::trouble::Trouble;
use sim::{DeviceSpec, Dialect, World, WorldSettings};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

const UNITS: u32 = 200;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        in_memory("unit_in_memory_ble", Dialect::EdgentArduino).await;
        in_memory("unit_in_memory_serial", Dialect::ConsoleB).await;
        #[cfg(unix)]
        for driver in ["blynk-console", "auto"] {
            over_ptys(driver).await;
        }
    });
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

/// A device that never makes anybody wait.
fn at_once(dialect: Dialect, number: u32) -> DeviceSpec {
    DeviceSpec::new(dialect, number).trouble(Trouble { scale: 0.0, ..Trouble::default() })
}

fn recipe(server: &str, host: &str, driver: &str) -> Recipe {
    Recipe {
        cloud: CloudRef { server: server.to_owned(), profile: None },
        org: OrgId(1),
        owner: UserId(1),
        ssid: Some(PRACTICE_SSID.to_owned()),
        driver: driver.to_owned(),
        token_host: host.to_owned(),
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
    }
}

/// Where the time of many units went.
#[derive(Default)]
struct Times {
    whole: Vec<Duration>,
    steps: BTreeMap<Step, Vec<Duration>>,
}

impl Times {
    async fn take(&mut self, engine: &Engine, recipe: Recipe, address: Address) {
        let secrets = JobSecrets { wifi_password: Some(Secret::new(PRACTICE_PASSWORD)), device_secret: None };
        let began = Instant::now();
        let mut job = engine.start(recipe, Target::At { address }, secrets).await.expect("accepted");
        let mut step: Option<(Step, Instant)> = None;
        while let Some(update) = job.next().await {
            let Update::Fact(fact) = update else { continue };
            let next = match fact.event {
                JobEvent::StepBegan { step } => Some((step, Instant::now())),
                JobEvent::Finished { outcome, fault } => {
                    assert_eq!(outcome, Outcome::Passed, "a figure of a unit that failed is none: {fault:?}");
                    None
                }
                _ => continue,
            };
            if let Some((step, since)) = std::mem::replace(&mut step, next) {
                self.steps.entry(step).or_default().push(since.elapsed());
            }
        }
        self.whole.push(began.elapsed());
    }

    fn print(&mut self, name: &str) {
        say(&format!("{name}_first {:.2} ms", ms(self.whole[0])));
        say(&format!("{name}_p50 {:.2} ms", ms(percentile(&mut self.whole, 50))));
        say(&format!("{name}_p95 {:.2} ms", ms(percentile(&mut self.whole, 95))));
    }

    /// From hearing that a step began to hearing of the next: facts that nobody has to wait for are heard a little late.
    fn print_steps(&mut self, name: &str) {
        for (step, times) in &mut self.steps {
            let step = format!("{step:?}").to_lowercase();
            say(&format!("{name}_step_{step}_p50 {:.2} ms", ms(percentile(times, 50))));
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent).div_ceil(100).saturating_sub(1)]
}

async fn in_memory(name: &str, dialect: Dialect) {
    let devices = (1..=UNITS).map(|number| at_once(dialect, number)).collect();
    let world = World::new(WorldSettings { devices, ..WorldSettings::default() });
    let engine = Engine::new(Journal::in_memory(), world.media(), Arc::new(OneCloud(world.cloud())))
        .expect("an empty journal");
    let host = world.cloud_state().host();
    let mut times = Times::default();
    for device in world.devices() {
        times.take(&engine, recipe(&format!("https://{host}"), &host, "auto"), device.address()).await;
    }
    times.print(name);
    let requests = f64::from(world.cloud_state().requests()) / f64::from(UNITS);
    say(&format!("{name}_requests {requests:.2} per unit"));
}

#[cfg(unix)]
async fn over_ptys(driver: &str) {
    use cloud::{BlynkCloud, Credentials, Options, ProxyChoice, Server};
    use link::Medium;
    use link::serial::{SerialMedium, SerialSettings};
    use sim::cloud::{CLIENT_ID, CLIENT_SECRET, CloudBeginning, CloudState};
    use sim::pty::{Reach, serial};

    let name = format!("unit_pty_{}", driver.replace('-', "_"));
    let state = CloudState::new(CloudBeginning::default());
    let server = sim::cloud_server::serve(state.clone(), "127.0.0.1:0").await.expect("loopback listens");
    let credentials = Credentials::Client { id: Secret::new(CLIENT_ID), secret: Secret::new(CLIENT_SECRET) };
    let address = Server::parse(server.url()).expect("an address");
    let options = Options { proxy: ProxyChoice::Direct, ..Options::default() };
    let cloud = BlynkCloud::connect(address, credentials, options).expect("a client");

    let dir = tempfile::tempdir().expect("a temporary folder");
    let journal = Journal::open(dir.path()).expect("a fresh folder");
    let media: Vec<Arc<dyn Medium>> = vec![Arc::new(SerialMedium::new(SerialSettings::default()))];
    let engine =
        Engine::new(journal, media, Arc::new(OneCloud(Arc::new(cloud.clone())))).expect("an empty journal");
    let mut times = Times::default();
    for number in 1..=UNITS {
        // The device's own way to the cloud is not ours, so it takes the short one.
        let device = serial(at_once(Dialect::ConsoleB, number), Reach::State(state.clone())).expect("a pty");
        let port = Address::Serial(device.port().to_string_lossy().into_owned());
        times.take(&engine, recipe(server.url(), &state.host(), driver), port).await;
    }
    times.print(&name);
    times.print_steps(&name);
    say(&format!("{name}_requests {:.2} per unit", cloud.requests() as f64 / f64::from(UNITS)));
}
