//! A thousand units from one file, by cable and by radio: how long they take against what the links allow on paper, what
//! letting a link go brings, and what ten thousand rows cost; printed as `name value unit`, nothing is asserted.
//!
//! One of three devices comes by cable, two by a radio that holds three links: one that remembers its last error, one that
//! does not. From the opening a device needs about 12 s, a fifth more or less: two for words, six to scan, four to join
//! and log in. Two openings in a hundred fail, three devices in a hundred never join, and for thirty seconds in the
//! middle the network refuses the password of everybody who tries. Many run on a clock that jumps, a hundred in real time
//! with real ptys and a real HTTP client. `FIRSTLIGHT_UNITS=200` takes fewer.
//!
//! On paper: each unit by radio needs its link from the opening until it says that it joins, without the scan, which is
//! for diagnosis; one that failed and does not remember why needs it once more until it says so; three go at once. The last
//! may be such a one: it fails twice. Cables are no limit. The outage costs its thirty seconds, the network phase of the
//! first that met it, and one unit that goes alone after it.

use async_trait::async_trait;
use cloud::{Cloud, OrgId, UserId};
use engine::plan::batch::{BatchDefaults, BatchPlan, BatchSecrets, Mapping, plan};
use engine::plan::sheet;
use engine::record::Journal;
use engine::record::batch::{BatchEvent, BatchId, BatchPhase, FixField};
use engine::work::{BatchNews, BatchOptions, BatchRun, Clouds, Engine, Fix, HoldRule, Update};
use engine::{CloudRef, JobEvent, JobId, Outcome, Refusal, Step};
use link::Medium;
use proto::{DeviceWord, MediumKind, Secret};
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::cloud::CloudState;
use sim::trouble::JoinOutcome;
use sim::world::RadioSettings;
use sim::{DeviceSpec, Dialect, World, WorldSettings, fleet};
use std::collections::BTreeMap;
use std::io::Write;
#[cfg(unix)]
use std::path::Path;
#[cfg(unix)]
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const LINKS: usize = 3;
/// What an opening takes on the air, and each thing that a device says.
const OPENING: Duration = Duration::from_millis(300);
const WORD: Duration = Duration::from_millis(100);
/// What a device tries its network for.
const PHASE: f64 = 50.0;
const OUTAGE: Duration = Duration::from_secs(30);

const MIXED: &[Dialect] = &[Dialect::ConsoleB, Dialect::EdgentArduino, Dialect::EdgentIdf];

fn main() {
    #[cfg(unix)]
    if let Some(dir) = std::env::var_os(RESUME) {
        return resume(Path::new(&dir));
    }
    let asked = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| asked.as_deref().is_none_or(|asked| name.contains(asked));
    let units = std::env::var("FIRSTLIGHT_UNITS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    if wanted("thousand") {
        thousand(units);
    }
    if wanted("luck") {
        luck(200, units.min(100));
    }
    if wanted("release") {
        release(units.min(200));
    }
    #[cfg(unix)]
    if wanted("real") {
        real_time(units.min(100));
    }
    #[cfg(unix)]
    if wanted("rows") {
        ten_thousand(units * 10);
    }
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output is open");
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

#[derive(Debug)]
struct OneCloud(Arc<dyn Cloud>);

#[async_trait]
impl Clouds for OneCloud {
    async fn cloud(&self, _which: &CloudRef) -> Result<Arc<dyn Cloud>, Refusal> {
        Ok(self.0.clone())
    }
}

// ---- what runs

#[derive(Clone, Copy)]
struct Wanted {
    units: u32,
    dialects: &'static [Dialect],
    hold: HoldRule,
    /// Bad units, radio faults, an outage.
    trouble: bool,
    named: bool,
}

fn devices(wanted: &Wanted) -> Vec<DeviceSpec> {
    let mut devices = fleet(wanted.units, wanted.dialects, 11);
    for (spec, at) in devices.iter_mut().zip(0_u32..) {
        // A fifth more or less, the same each time.
        spec.trouble.scale = 0.8 + 0.38 * f64::from((at * 7919) % 101) / 100.0;
        spec.trouble.slow = WORD;
        if wanted.trouble && is_bad(at) {
            spec.trouble.set("outcome", "no-ip").expect("a knob");
        }
    }
    devices
}

/// Three in a hundred.
fn is_bad(at: u32) -> bool {
    (at * 37) % 100 < 3
}

fn world(wanted: &Wanted, devices: Vec<DeviceSpec>) -> World {
    let faults = if wanted.trouble { 0.02 } else { 0.0 };
    let radio = RadioSettings { links: Some(LINKS), faults, connect: OPENING };
    World::new(WorldSettings { devices, radio, ..WorldSettings::default() })
}

fn secrets() -> BatchSecrets {
    BatchSecrets { wifi_password: Some(Secret::new(PRACTICE_PASSWORD)), ..BatchSecrets::default() }
}

/// Rows for whatever comes; with `named`, for these units.
fn planned(units: u32, named: &[String], server: &str, host: &str) -> BatchPlan {
    let file = (0..units).fold("unit,name,Shelf\n".to_owned(), |file, row| {
        let unit = named.get(row as usize).map_or("", String::as_str);
        format!("{file}{unit},Unit {row},{row:05}\n")
    });
    let defaults = BatchDefaults {
        cloud: CloudRef { server: server.to_owned(), profile: None },
        org: Some(OrgId(1)),
        owner: Some(UserId(1)),
        ssid: Some(PRACTICE_SSID.to_owned()),
        driver: "auto".to_owned(),
        token_host: host.to_owned(),
        expect_template: None,
        patience_s: 180,
        carrier: None,
        token_endpoint: None,
        token_template: None,
        token_success: None,
        device_user: None,
    };
    let sheet = sheet::read(file.as_bytes()).expect("a table");
    let (plan, problems) = plan(sheet, &Mapping::default(), &defaults, &secrets());
    assert!(problems.is_empty(), "{problems:?}");
    plan
}

/// One unit's way, as it was heard.
#[derive(Default)]
struct Heard {
    by_radio: bool,
    opened: Option<Instant>,
    survey: Duration,
    step: Option<(Step, Instant)>,
    joins: Option<Instant>,
    ended: Option<Instant>,
}

/// What a batch took.
struct Taken {
    whole: Duration,
    stops: u32,
    /// Means over the units by radio: on the link without the scan, and after the link.
    link: f64,
    after: f64,
    outcomes: BTreeMap<String, u32>,
    /// Rows that ended as they had to.
    right: u32,
}

async fn follow(engine: &Engine, run: &mut BatchRun, began: Instant) -> Taken {
    let mut heard: BTreeMap<JobId, Heard> = BTreeMap::new();
    let mut stops = 0;
    while let Some(news) = run.next().await {
        match news {
            BatchNews::Job { job, update, .. } => {
                if let Update::Fact(fact) = *update {
                    hear(heard.entry(job).or_default(), &fact.event);
                }
            }
            BatchNews::Entry(fact) => {
                if let BatchEvent::Stopped { stop } = &fact.event {
                    stops += 1;
                    say(&format!(
                        "  stopped after {:.1} s: {} ({:?})",
                        began.elapsed().as_secs_f64(),
                        stop.fault.code,
                        stop.shared
                    ));
                    run.wishes().go_on(Some(Fix::Outside { field: FixField::WifiPassword }));
                }
            }
            BatchNews::Settled(_) | BatchNews::PassedOver { .. } => {}
        }
    }
    let whole = began.elapsed();
    let batch = engine.batch(run.id).expect("it was begun");
    assert_eq!(batch.phase, BatchPhase::Ended);
    let mut outcomes = BTreeMap::new();
    for row in batch.rows() {
        let word = match &row.end {
            None => "open".to_owned(),
            Some(end) => {
                let why = end.fault.as_ref().map(|fault| format!(" ({})", fault.code)).unwrap_or_default();
                format!("{:?}{why}", end.outcome).to_lowercase()
            }
        };
        *outcomes.entry(word).or_insert(0) += 1;
    }
    let passed = |heard: &&Heard| heard.by_radio && heard.joins.is_some() && heard.ended.is_some();
    let (mut link, mut after, mut by_radio) = (0.0, 0.0, 0);
    for one in heard.values().filter(passed) {
        let (Some(opened), Some(joins), Some(ended)) = (one.opened, one.joins, one.ended) else { continue };
        link += (joins - opened).as_secs_f64() - one.survey.as_secs_f64();
        after += (ended - joins).as_secs_f64();
        by_radio += 1;
    }
    let count = f64::from(by_radio.max(1));
    Taken { whole, stops, link: link / count, after: after / count, outcomes, right: 0 }
}

fn hear(heard: &mut Heard, event: &JobEvent) {
    let now = Instant::now();
    match event {
        JobEvent::Connected { medium, .. } => heard.by_radio = *medium == MediumKind::Ble,
        JobEvent::StepBegan { step } => {
            if let Some((Step::Survey, since)) = heard.step {
                heard.survey += now - since;
            }
            if *step == Step::Connect {
                heard.opened = Some(now);
            }
            heard.step = Some((*step, now));
        }
        JobEvent::Said { word: DeviceWord::ConnectingNetwork } if heard.joins.is_none() => {
            heard.joins = Some(now)
        }
        JobEvent::Finished { .. } => heard.ended = Some(now),
        _ => {}
    }
}

/// On the jumping clock, in memory.
async fn batch(wanted: &Wanted) -> (Taken, CloudState) {
    let devices = devices(wanted);
    // A device that its row names is opened for its job, and not asked before who it is: so its job has all of its time.
    let named: Vec<String> =
        if wanted.named { devices.iter().map(|spec| spec.mac.clone()).collect() } else { Vec::new() };
    let world = world(wanted, devices);
    let state = world.cloud_state();
    let host = state.host();
    let engine = Engine::new(Journal::in_memory(), world.media(), Arc::new(OneCloud(world.cloud())))
        .expect("an empty journal");
    let plan = planned(wanted.units, &named, &format!("https://{host}"), &host);
    let options = BatchOptions { hold: wanted.hold, ..BatchOptions::default() };
    let began = Instant::now();
    let mut run = engine.begin_batch(plan, secrets(), options).await.expect("accepted");
    if wanted.trouble {
        let (engine, world, id, units) = (engine.clone(), world.clone(), run.id, wanted.units);
        tokio::spawn(async move { outage(&engine, &world, id, units).await });
    }
    let mut taken = follow(&engine, &mut run, began).await;
    taken.right = right(&engine, run.id, |unit| {
        world.device(unit).is_some_and(|device| device.spec().trouble.outcome == JoinOutcome::AsItIs)
    });
    (taken, state)
}

/// Rows whose end is what their device deserves: passed and in the cloud, or failed with its own cause.
fn right(engine: &Engine, id: BatchId, is_good: impl Fn(&str) -> bool) -> u32 {
    let batch = engine.batch(id).expect("it was begun");
    let fits = |row: &&engine::record::batch::RowState| {
        let Some(end) = &row.end else { return false };
        let unit = end.job.and_then(|job| engine.job(job)?.unit);
        let Some(unit) = unit else { return false };
        match end.outcome {
            Outcome::Passed => is_good(&unit.0),
            Outcome::Failed => {
                !is_good(&unit.0)
                    && end.fault.as_ref().is_some_and(|fault| fault.code.as_str().starts_with("wifi."))
            }
            Outcome::Unknown | Outcome::Skipped => false,
        }
    };
    batch.rows().filter(fits).count().try_into().unwrap_or(u32::MAX)
}

/// Somewhere in the middle the password is another one, for a while.
async fn outage(engine: &Engine, world: &World, id: BatchId, units: u32) {
    while engine.batch(id).is_none_or(|batch| batch.counts().passed < units / 3) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let good =
        || world.devices().into_iter().filter(|device| device.spec().trouble.outcome == JoinOutcome::AsItIs);
    good().for_each(|device| device.set("outcome", "wrong-password").expect("a knob"));
    tokio::time::sleep(OUTAGE).await;
    good().for_each(|device| device.set("outcome", "ok").expect("a knob"));
}

/// What a unit by radio needs while nobody is in its way.
fn alone() -> Taken {
    let quiet = Wanted {
        units: 2,
        dialects: &[Dialect::EdgentArduino],
        hold: HoldRule::Always,
        trouble: false,
        named: true,
    };
    paused().block_on(batch(&quiet)).0
}

fn outcomes(taken: &Taken) -> String {
    let words: Vec<String> =
        taken.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    words.join(", ")
}

fn thousand(units: u32) {
    let alone = alone();
    say(&format!("batch_unit_by_radio {:.2} s on its link, {:.2} s after it", alone.link, alone.after));
    let wanted =
        Wanted { units, dialects: MIXED, hold: HoldRule::WhileNobodyWaits, trouble: true, named: false };
    let busy = std::time::Instant::now();
    let (taken, cloud) = paused().block_on(batch(&wanted));
    report("batch_thousand", &wanted, true, &alone, &taken, &cloud);
    say(&format!("batch_thousand_computed {:.1} s of real time", busy.elapsed().as_secs_f64()));
}

fn report(name: &str, wanted: &Wanted, outage: bool, alone: &Taken, taken: &Taken, cloud: &CloudState) {
    let specs = devices(wanted);
    let is_bad = |spec: &&DeviceSpec| spec.trouble.outcome != JoinOutcome::AsItIs;
    let by_radio = specs.iter().filter(|spec| spec.dialect.medium() == MediumKind::Ble).count() as f64;
    let forgetful =
        specs.iter().filter(is_bad).filter(|spec| spec.dialect == Dialect::EdgentArduino).count() as f64;
    let hearing = forgetful * (alone.link + PHASE);
    let last = if forgetful > 0.0 { 2.0 * PHASE + alone.link } else { alone.after };
    let links = (by_radio * alone.link + hearing) / LINKS as f64 + last;
    let stood = if outage { OUTAGE.as_secs_f64() + PHASE + alone.link + alone.after } else { 0.0 };
    let (whole, units) = (taken.whole.as_secs_f64(), wanted.units);
    say(&format!(
        "{name}_ends {}; {} of {units} as it had to be; {} stops",
        outcomes(taken),
        taken.right,
        taken.stops
    ));
    say(&format!(
        "{name}_cloud {} devices for {units} units, {} tokens on two units",
        cloud.all_devices().len(),
        cloud.shared_tokens().len()
    ));
    say(&format!(
        "{name}_factor {:.2} of what the links allow: {whole:.1} s against {:.1} s on paper ({links:.1} s for {by_radio} units by radio, {stood:.1} s for the outage)",
        whole / (links + stood),
        links + stood
    ));
    say(&format!("{name}_rate {:.2} units/s", f64::from(units) / whole));
}

/// Whole batches in which three units in a hundred fail of one and the same cause, each time other ones: none may be stopped.
fn luck(batches: u32, units: u32) {
    let (mut failed, mut stops, mut right) = (0, 0, 0);
    for seed in 0..batches {
        let mut dice = Dice(seed.into());
        let mut devices = fleet(units, MIXED, 11);
        for spec in &mut devices {
            spec.trouble.scale = 0.8 + 0.4 * dice.up_to_one();
            spec.trouble.slow = WORD;
            if dice.up_to_one() < 0.03 {
                spec.trouble.set("outcome", "no-ip").expect("a knob");
                failed += 1;
            }
        }
        // The first goes alone, and stops a batch by right.
        let wanted =
            Wanted { units, dialects: MIXED, hold: HoldRule::WhileNobodyWaits, trouble: true, named: false };
        let taken = paused().block_on(without_canary(&wanted, devices));
        stops += taken.stops;
        right += taken.right;
    }
    say(&format!(
        "batch_luck_stops {stops} in {batches} batches of {units} units, of which {failed} failed by chance; {right} of {} as it had to be",
        batches * units
    ));
}

async fn without_canary(wanted: &Wanted, devices: Vec<DeviceSpec>) -> Taken {
    let world = world(wanted, devices);
    let host = world.cloud_state().host();
    let engine = Engine::new(Journal::in_memory(), world.media(), Arc::new(OneCloud(world.cloud())))
        .expect("an empty journal");
    let plan = planned(wanted.units, &[], &format!("https://{host}"), &host);
    let options = BatchOptions { canary: Some(false), ..BatchOptions::default() };
    let began = Instant::now();
    let mut run = engine.begin_batch(plan, secrets(), options).await.expect("accepted");
    let taken = follow(&engine, &mut run, began).await;
    let good = |unit: &str| {
        world.device(unit).is_some_and(|device| device.spec().trouble.outcome == JoinOutcome::AsItIs)
    };
    Taken { right: right(&engine, run.id, good), ..taken }
}

/// Chance from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn up_to_one(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    }
}

/// Radio alone, without trouble: the same units, let go or held.
fn release(units: u32) {
    for dialect in [Dialect::EdgentIdf, Dialect::EdgentArduino, Dialect::Linux] {
        let mut took = Vec::new();
        for hold in [HoldRule::WhileNobodyWaits, HoldRule::Always] {
            let dialects: &'static [Dialect] = match dialect {
                Dialect::EdgentIdf => &[Dialect::EdgentIdf],
                Dialect::EdgentArduino => &[Dialect::EdgentArduino],
                _ => &[Dialect::Linux],
            };
            let wanted = Wanted { units, dialects, hold, trouble: false, named: false };
            let (taken, _) = paused().block_on(batch(&wanted));
            assert_eq!(taken.outcomes, BTreeMap::from([("passed".to_owned(), units)]));
            took.push(taken.whole.as_secs_f64());
        }
        say(&format!(
            "batch_release_{} {:.2} times the throughput ({units} units in {:.1} s, always held in {:.1} s)",
            dialect.name(),
            took[1] / took[0],
            took[0],
            took[1]
        ));
    }
}

// ---- in real time

/// The real client of a practice cloud.
#[cfg(unix)]
fn practice_cloud(url: &str) -> cloud::BlynkCloud {
    use cloud::{BlynkCloud, Credentials, Options, ProxyChoice, Server};
    use sim::cloud::{CLIENT_ID, CLIENT_SECRET};
    let credentials = Credentials::Client { id: Secret::new(CLIENT_ID), secret: Secret::new(CLIENT_SECRET) };
    let address = Server::parse(url).expect("an address");
    let options = Options { proxy: ProxyChoice::Direct, ..Options::default() };
    BlynkCloud::connect(address, credentials, options).expect("a client")
}

/// Real serial code on real ptys, a real HTTP client, and the radio in memory.
#[cfg(unix)]
fn real_time(units: u32) {
    let alone = alone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(in_real_time(units, &alone));
}

#[cfg(unix)]
async fn in_real_time(units: u32, alone: &Taken) {
    use link::serial::{SerialMedium, SerialSettings};
    use sim::pty::{Reach, serial};

    let wanted =
        Wanted { units, dialects: MIXED, hold: HoldRule::WhileNobodyWaits, trouble: true, named: false };
    let (by_radio, by_cable): (Vec<_>, Vec<_>) =
        devices(&wanted).into_iter().partition(|spec| spec.dialect.medium() == MediumKind::Ble);
    let good: BTreeMap<String, bool> = by_radio
        .iter()
        .chain(&by_cable)
        .map(|spec| (spec.mac.clone(), spec.trouble.outcome == JoinOutcome::AsItIs))
        .collect();
    let world = world(&wanted, by_radio);
    let state = world.cloud_state();
    let server = sim::cloud_server::serve(state.clone(), "127.0.0.1:0").await.expect("loopback listens");
    let ptys: Vec<_> =
        by_cable.into_iter().map(|spec| serial(spec, Reach::State(state.clone())).expect("a pty")).collect();
    let cloud = practice_cloud(server.url());
    let dir = tempfile::tempdir().expect("a temporary folder");
    let journal = Journal::open(dir.path()).expect("a fresh folder");
    let ports = ptys.iter().map(|device| device.port().to_string_lossy().into_owned()).collect();
    let cables = SerialMedium::new(SerialSettings { also: ports });
    let media: Vec<Arc<dyn Medium>> = vec![world.medium(MediumKind::Ble), Arc::new(cables)];
    let engine =
        Engine::new(journal, media, Arc::new(OneCloud(Arc::new(cloud.clone())))).expect("an empty journal");
    let plan = planned(units, &[], server.url(), &state.host());
    let began = Instant::now();
    let mut run = engine.begin_batch(plan, secrets(), BatchOptions::default()).await.expect("accepted");
    let taken = follow(&engine, &mut run, began).await;
    let taken =
        Taken { right: right(&engine, run.id, |unit| good.get(unit).copied().unwrap_or(false)), ..taken };
    report("batch_real", &wanted, false, alone, &taken, &state);
    say(&format!("batch_real_requests {:.2} per unit", cloud.requests() as f64 / f64::from(units)));
}

// ---- ten thousand rows

const RESUME: &str = "FIRSTLIGHT_BENCH_RESUME";
const CLOUD: &str = "FIRSTLIGHT_BENCH_CLOUD";
const SHELF: &str = "FIRSTLIGHT_BENCH_SHELF";
/// Sockets into which somebody plugs one unit after the other.
const SOCKETS: usize = 64;

/// Half of a large batch, on disk, then taken up by a process that holds the engine and nothing else: cloud and devices stay
/// here, behind HTTP and ptys, so that its memory is the engine's.
#[cfg(unix)]
fn ten_thousand(rows: u32) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
    };
    let outside = runtime();
    let world = outside.block_on(async { at_once(rows / 2) });
    let state = world.cloud_state();
    let server =
        outside.block_on(sim::cloud_server::serve(state.clone(), "127.0.0.1:0")).expect("loopback listens");
    let journal = dir.path().join("state");
    // Its runtime ends with it, and with that whoever still held the journal.
    runtime().block_on(half(&journal, &world, rows));
    drop(world);
    outside.block_on(async {
        let shelf = dir.path().join("shelf");
        std::fs::create_dir(&shelf).expect("a folder of ours");
        let mut child = Command::new(std::env::current_exe().expect("this program"));
        child.env(RESUME, &journal).env(CLOUD, server.url()).env(SHELF, shelf.join("socket-*"));
        let child = tokio::task::spawn_blocking(move || child.output().expect("this program runs"));
        let mut units = fleet(rows, &[Dialect::ConsoleB], 11).split_off((rows / 2) as usize);
        units.reverse();
        let units = Arc::new(std::sync::Mutex::new(units));
        for number in 0..SOCKETS {
            let link = shelf.join(format!("socket-{number:02}"));
            tokio::spawn(one_after_the_other(link, units.clone(), state.clone()));
        }
        let child = child.await.expect("nobody stops it");
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        for line in String::from_utf8_lossy(&child.stdout).lines() {
            say(&format!("batch_{rows}_rows_{line}"));
        }
    });
}

/// Plugs a unit in, waits until the cloud has seen it and for what is said after that, pulls it out.
#[cfg(unix)]
async fn one_after_the_other(
    link: std::path::PathBuf,
    units: Arc<std::sync::Mutex<Vec<DeviceSpec>>>,
    state: CloudState,
) {
    /// A program that looks every 250 ms has noticed by then that the socket is empty, and the next unit is another one.
    const EMPTY: Duration = Duration::from_millis(800);
    /// One that is not begun with by then was not noticed: it is plugged in again.
    const UNNOTICED: Duration = Duration::from_secs(60);
    let next = || units.lock().expect("nobody panics with it").pop();
    while let Some(mut spec) = next() {
        spec.trouble.scale = 0.0;
        let Ok(device) = sim::pty::serial(spec.clone(), sim::pty::Reach::State(state.clone())) else {
            // Those that were pulled out a moment ago still hold theirs.
            units.lock().expect("nobody panics with it").push(spec);
            tokio::time::sleep(EMPTY).await;
            continue;
        };
        std::os::unix::fs::symlink(device.port(), &link).expect("an empty socket");
        let since = Instant::now();
        while !device.kept().online && since.elapsed() < UNNOTICED {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let done = device.kept().online;
        tokio::time::sleep(EMPTY).await;
        std::fs::remove_file(&link).expect("it is ours");
        if !done {
            units.lock().expect("nobody panics with it").push(spec);
        }
        tokio::time::sleep(EMPTY).await;
    }
}

/// Devices that make nobody wait.
#[cfg(unix)]
fn at_once(units: u32) -> World {
    let mut devices = fleet(units, &[Dialect::ConsoleB], 11);
    devices.iter_mut().for_each(|spec| spec.trouble.scale = 0.0);
    World::new(WorldSettings { devices, ..WorldSettings::default() })
}

#[cfg(unix)]
async fn half(dir: &Path, world: &World, rows: u32) {
    let host = world.cloud_state().host();
    let journal = Journal::open(dir).expect("a fresh folder");
    let engine =
        Engine::new(journal, world.media(), Arc::new(OneCloud(world.cloud()))).expect("an empty journal");
    let plan = planned(rows, &[], &format!("https://{host}"), &host);
    let began = Instant::now();
    let mut run = engine.begin_batch(plan, secrets(), BatchOptions::default()).await.expect("accepted");
    let (mut passed, mut left) = (0, false);
    while let Some(news) = run.next().await {
        if let BatchNews::Entry(fact) = news
            && matches!(fact.event, BatchEvent::RowEnded { outcome: Outcome::Passed, .. })
        {
            passed += 1;
        }
        if passed == rows / 2 && !left {
            left = true;
            say(&format!(
                "batch_{rows}_rows_rate {:.0} units/s with devices that answer at once",
                f64::from(passed) / began.elapsed().as_secs_f64()
            ));
            run.wishes().leave();
        }
    }
    let counts = engine.batch(run.id).map(|batch| batch.counts());
    assert!(left, "half of them pass: {counts:?}");
    engine.shutdown().await;
}

/// In a process of its own: nothing simulated, so that memory is the engine's.
#[cfg(unix)]
fn resume(dir: &Path) {
    use link::serial::{SerialMedium, SerialSettings};
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let text = |name: &str| std::env::var(name).expect("it was told");
        let cloud = Arc::new(practice_cloud(&text(CLOUD)));
        let media: Vec<Arc<dyn Medium>> =
            vec![Arc::new(SerialMedium::new(SerialSettings { also: vec![text(SHELF)] }))];
        let before = memory_kib("VmRSS:");
        let began = std::time::Instant::now();
        let journal = Journal::open(dir).expect("it was filled");
        let engine = Engine::new(journal, media, Arc::new(OneCloud(cloud))).expect("intact");
        say(&format!("start {} ms", began.elapsed().as_millis()));
        let id = engine.batches().last().map(|(id, _)| *id).expect("it was begun");
        let mut run =
            engine.resume_batch(id, secrets(), BatchOptions::default()).await.expect("the journal knows it");
        while let Some(news) = run.next().await {
            if let BatchNews::Entry(fact) = news
                && matches!(fact.event, BatchEvent::Continued { .. })
            {
                break;
            }
        }
        say(&format!("resumed {} ms after the start", began.elapsed().as_millis()));
        if let (Some(before), Some(after)) = (before, memory_kib("VmRSS:")) {
            say(&format!(
                "memory {} MiB, of which {} MiB before the journal was opened",
                after / 1024,
                before / 1024
            ));
        }
        // The other half comes now.
        while run.next().await.is_some() {}
        let counts = engine.batch(id).map(|batch| batch.counts()).unwrap_or_default();
        say(&format!("ends {} passed of {}", counts.passed, counts.rows));
        if let (Some(now), Some(peak)) = (memory_kib("VmRSS:"), memory_kib("VmHWM:")) {
            say(&format!("memory_peak {} MiB, at the end {} MiB", peak / 1024, now / 1024));
        }
    });
}

/// Where the system tells it: Linux.
fn memory_kib(what: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(what)?.trim().strip_suffix("kB")?.trim().parse().ok())
}
