//! What every journey stands on: a world, an engine on it, and the journal in plain words.

use async_trait::async_trait;
use cloud::{Cloud, OrgId, UserId};
use engine::record::Journal;
use engine::work::{Clouds, Engine, Fuse, Job, Update};
use engine::{CloudRef, Fact, Fault, JobEvent, JobSecrets, Outcome, Recipe, Refusal, Target};
use proto::{DeviceWord, Secret};
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::cloud::{Audit, CloudState};
use sim::trouble::{CloudFaults, Trouble};
use sim::{Device, DeviceSpec, Dialect, World, WorldSettings};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Longer than any journey may take, on the paused clock.
const LONGEST: Duration = Duration::from_secs(3600);

#[derive(Debug)]
struct OneCloud(Arc<dyn Cloud>);

#[async_trait]
impl Clouds for OneCloud {
    async fn cloud(&self, _which: &CloudRef) -> Result<Arc<dyn Cloud>, Refusal> {
        Ok(self.0.clone())
    }
}

pub struct Stage {
    pub world: World,
    pub journal: Journal,
    pub engine: Engine,
    cloud: Arc<dyn Cloud>,
}

pub fn device(dialect: Dialect, faults: &[&str]) -> DeviceSpec {
    DeviceSpec::new(dialect, 1).trouble(Trouble::of(faults.iter().copied()).expect("knobs of the simulator"))
}

pub fn cloud_faults(faults: &[&str]) -> CloudFaults {
    let mut all = CloudFaults::default();
    for fault in faults {
        let (name, value) = fault.split_once('=').expect("NAME=VALUE");
        all.set(name, value).expect("a knob of the simulator");
    }
    all
}

impl Stage {
    pub fn with(spec: DeviceSpec) -> Stage {
        Stage::new(vec![spec], &[])
    }

    pub fn new(devices: Vec<DeviceSpec>, cloud: &[&str]) -> Stage {
        Stage::fused(devices, cloud, None)
    }

    pub fn fused(devices: Vec<DeviceSpec>, cloud: &[&str], fuse: Option<Fuse>) -> Stage {
        let world =
            World::new(WorldSettings { devices, cloud: cloud_faults(cloud), ..WorldSettings::default() });
        let journal = Journal::in_memory();
        let cloud = world.cloud();
        let engine = start_engine(&world, &journal, &cloud, fuse);
        Stage { world, journal, engine, cloud }
    }

    /// The program ends and is started again, on the same world.
    pub fn restart(&mut self) {
        self.engine = start_engine(&self.world, &self.journal, &self.cloud, None);
    }

    /// Another computer in the same world, with a journal of its own.
    pub fn elsewhere(&self, cloud: Arc<dyn Cloud>) -> Stage {
        let journal = Journal::in_memory();
        let engine = start_engine(&self.world, &journal, &cloud, None);
        Stage { world: self.world.clone(), journal, engine, cloud }
    }

    pub fn only_device(&self) -> Device {
        self.world.devices().into_iter().next().expect("this stage has a device")
    }

    pub fn cloud_state(&self) -> CloudState {
        self.world.cloud_state()
    }

    pub fn recipe(&self) -> Recipe {
        recipe(&self.world)
    }

    pub async fn start(&self, recipe: Recipe, target: Target) -> Job {
        self.engine.start(recipe, target, secrets()).await.expect("nothing speaks against this job")
    }

    /// One job to its end.
    pub async fn provision(&self, recipe: Recipe, target: Target) -> End {
        let job = self.start(recipe, target).await;
        end_of(job).await
    }

    /// One job for the only device, as most people ask for it.
    pub async fn run(&self) -> End {
        let target = Target::At { address: self.only_device().address() };
        self.provision(self.recipe(), target).await
    }

    pub fn facts(&self) -> Vec<Fact> {
        self.journal.facts().expect("a journal in memory can be read")
    }

    pub fn in_words(&self) -> String {
        in_words(&self.facts())
    }

    /// Token calls that the cloud carried out.
    pub fn tokens_made(&self) -> (usize, usize) {
        let audit = self.cloud_state().audit();
        let reserved = audit.iter().filter(|line| matches!(line, Audit::Reserved { .. })).count();
        let renewed = audit.iter().filter(|line| matches!(line, Audit::Renewed { .. })).count();
        (reserved, renewed)
    }
}

fn start_engine(world: &World, journal: &Journal, cloud: &Arc<dyn Cloud>, fuse: Option<Fuse>) -> Engine {
    let clouds = Arc::new(OneCloud(cloud.clone()));
    let engine = match fuse {
        Some(fuse) => Engine::with_fuse(journal.clone(), world.media(), clouds, fuse),
        None => Engine::new(journal.clone(), world.media(), clouds),
    };
    engine.expect("the journal can be folded")
}

pub fn recipe(world: &World) -> Recipe {
    let host = world.cloud_state().host();
    Recipe {
        cloud: CloudRef { server: format!("https://{host}"), profile: None },
        org: OrgId(1),
        owner: UserId(1),
        ssid: Some(PRACTICE_SSID.to_owned()),
        driver: "auto".to_owned(),
        token_host: host,
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

pub fn secrets() -> JobSecrets {
    JobSecrets { wifi_password: Some(Secret::new(PRACTICE_PASSWORD)), device_secret: None }
}

/// How a job ended.
#[derive(Debug)]
pub struct End {
    pub outcome: Outcome,
    pub fault: Option<Box<Fault>>,
    /// Everything that was told, hints too.
    pub updates: Vec<Update>,
}

impl End {
    pub fn code(&self) -> &str {
        self.fault.as_ref().map_or("", |fault| fault.code.as_str())
    }
}

/// Follows a job to its end.
pub async fn end_of(job: Job) -> End {
    try_end_of(job).await.expect("every job ends with Finished")
}

/// Follows a job until it ends or its engine dies.
pub async fn try_end_of(mut job: Job) -> Option<End> {
    let listening = async {
        let mut updates = Vec::new();
        while let Some(update) = job.next().await {
            updates.push(update);
        }
        updates
    };
    let updates = tokio::time::timeout(LONGEST, listening).await.expect("no job takes that long");
    let (outcome, fault) = updates.iter().rev().find_map(|update| match update {
        Update::Fact(Fact { event: JobEvent::Finished { outcome, fault }, .. }) => {
            Some((*outcome, fault.clone()))
        }
        Update::Fact(_) | Update::Progress(_) => None,
    })?;
    Some(End { outcome, fault, updates })
}

/// The journal as a person would tell it; one line for each fact.
pub fn in_words(facts: &[Fact]) -> String {
    facts.iter().map(|fact| format!("{}\n", line(&fact.event))).collect()
}

fn line(event: &JobEvent) -> String {
    match event {
        JobEvent::Queued { target, .. } => match target {
            Target::At { address } => format!("queued for {}", address.text()),
            Target::Named { name, .. } => format!("queued for {name}"),
            Target::Any => "queued for any device".to_owned(),
        },
        JobEvent::StepBegan { step } => format!("{step:?}:"),
        JobEvent::Connected { medium, driver, kept, .. } => {
            let link = if *kept { ", on the link that was kept" } else { "" };
            format!("  connected over {medium} as {driver}{link}")
        }
        JobEvent::Identified { unit, attempt, identity } => {
            format!(
                "  it is {unit} of {}, attempt {attempt}",
                identity.template.as_deref().unwrap_or("no template")
            )
        }
        JobEvent::Surveyed { networks } => {
            let practice = networks.iter().any(|network| network.ssid == PRACTICE_SSID);
            format!("  hears {} networks, ours {}", networks.len(), if practice { "too" } else { "not" })
        }
        JobEvent::ReserveIntended { .. } => "  asks for a new device".to_owned(),
        JobEvent::Reserved { device, .. } => format!("  device {device} is made"),
        JobEvent::RenewIntended { device, .. } => format!("  asks for a token of device {device}"),
        JobEvent::Renewed { device, .. } => format!("  a fresh token of device {device}"),
        JobEvent::TokenFailed { fault } => format!("  no token: {}", in_short(fault)),
        JobEvent::Adopted { device } => format!("  adopts device {device}"),
        JobEvent::NothingWasMade => "  nothing had been made".to_owned(),
        JobEvent::DeliverIntended { device, ssid, .. } => format!(
            "  hands over {} and {}",
            ssid.as_deref().unwrap_or("no network"),
            device.map_or("no token".to_owned(), |device| format!("the token of device {device}"))
        ),
        JobEvent::Delivered { token_carried: true } => "  the device has it".to_owned(),
        JobEvent::Delivered { token_carried: false } => "  the device has the network only".to_owned(),
        JobEvent::DeliveryRefused { fault } => format!("  the device refuses: {}", in_short(fault)),
        JobEvent::Said { word } => format!("  \"{}\"", said(word)),
        JobEvent::Seen { device, .. } => format!("  the cloud sees device {device}"),
        JobEvent::Described { name, meta } => {
            format!("  named {}, {} fields written", name.as_deref().unwrap_or("nothing"), meta.len())
        }
        JobEvent::Warned { fault } => format!("  warning: {}", in_short(fault)),
        JobEvent::SweepIntended { device } => format!("sweeps device {device}"),
        JobEvent::Swept { device } => format!("device {device} is gone"),
        JobEvent::Finished { outcome, fault } => match fault {
            Some(fault) => format!("{outcome:?}: {}", in_short(fault)),
            None => format!("{outcome:?}"),
        },
    }
}

fn in_short(fault: &Fault) -> String {
    let device_code = fault.device_code.map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{}{device_code} at {:?}", fault.code, fault.step)
}

fn said(word: &DeviceWord) -> String {
    match word {
        DeviceWord::AwaitsPerson { hint } => format!("waits for a person: {hint}"),
        DeviceWord::ConnectingNetwork => "connecting to the network".to_owned(),
        DeviceWord::NetworkUp { .. } => "the network is up".to_owned(),
        DeviceWord::ConnectingCloud => "connecting to the cloud".to_owned(),
        DeviceWord::Connected => "connected".to_owned(),
        DeviceWord::Restarted => "started again".to_owned(),
        DeviceWord::Page { .. } => "I have a page".to_owned(),
        DeviceWord::Said { text } => text.clone(),
    }
}

/// Compares a journal with what was expected, line by line.
#[track_caller]
pub fn assert_words(found: &str, expected: &str) {
    let expected: Vec<&str> = expected.lines().filter(|line| !line.trim().is_empty()).collect();
    let indent = expected.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let expected: String = expected.iter().map(|line| format!("{}\n", &line[indent..])).collect();
    assert!(found == expected, "the journal says:\n{found}\nexpected was:\n{expected}");
}
