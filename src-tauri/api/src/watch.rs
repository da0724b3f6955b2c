//! The desk: keeps one picture of sightings, jobs, units and connections, and tells every change once, numbered.
//!
//! Hints and bursts are put together: what changes within one beat goes out as one list, the last state of each thing
//! only, so that a fast producer cannot freeze a window. Not here: how it crosses into the window (`desktop`).

#[cfg(feature = "feed")]
mod feed;
mod in_sight;

use crate::desk::{
    DeskChange, DeskUpdate, DeskView, JobView, LightState, LightView, MediumView, OutcomeView, SettingsView,
    SightingView, StatusView, UnitView, UsbView,
};
use crate::job_view::millis;
use cloud::{Cloud, CloudCause};
use engine::record::UnitState;
use engine::work::{Engine, Spotted, Update};
use engine::{Fact, Fault, FaultCode, JobEvent, JobId, Step, UnitId};
use futures::StreamExt;
use in_sight::{InSight, News};
use link::{Change, LinkError, Medium, Readiness};
use proto::{Address, Advert, MediumKind, Secret};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long changes are gathered: half of what an eye takes for "at once".
const BEAT: Duration = Duration::from_millis(40);
/// How long a change of signal strength alone may wait for company: nobody acts on it within a second.
const HINT_BEAT: Duration = Duration::from_secs(1);
/// How often adapters and the cloud are looked at while nothing happens.
const CHECK_EVERY: Duration = Duration::from_secs(30);
/// A clock this far off the cloud's makes certificates and records wrong.
const CLOCK_TOLERANCE_MS: i64 = 120_000;

/// What a desk needs beside the engine.
pub struct DeskParts {
    pub engine: Engine,
    pub media: Vec<Arc<dyn Medium>>,
    /// The cloud of the profile in use.
    pub cloud: Option<Arc<dyn Cloud>>,
    pub practice: bool,
    pub version: String,
    pub settings: SettingsView,
}

impl std::fmt::Debug for DeskParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeskParts").field("practice", &self.practice).finish_non_exhaustive()
    }
}

/// Cheap to clone; all clones are one desk. Ends when [`Desk::close`] is called.
#[derive(Clone)]
pub struct Desk {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

struct Shared {
    engine: Engine,
    media: Vec<Arc<dyn Medium>>,
    cloud: Mutex<Option<Arc<dyn Cloud>>>,
    picture: Mutex<Picture>,
    closed: CancellationToken,
    look_again: tokio::sync::Notify,
}

struct Picture {
    /// Passwords that jobs were given, by network, for the next device: in memory, and gone when a network refuses one.
    kept: BTreeMap<String, Secret>,
    /// Networks for which the profile in use keeps a password, without those that were refused since.
    offered: BTreeSet<String>,
    refused: BTreeSet<String>,
    number: u32,
    practice: bool,
    version: String,
    status: StatusView,
    settings: SettingsView,
    sightings: BTreeMap<String, InSight>,
    /// Of all that were in sight once: a device that failed may be away for a moment when it is wanted again.
    addresses: BTreeMap<String, Address>,
    jobs: HashMap<JobId, JobView>,
    units: BTreeMap<String, UnitView>,
    /// What changed since the last beat, by what it is about; the last state wins, at the place of the last change.
    changed: BTreeMap<u64, DeskChange>,
    /// Where in `changed` the last change of each thing stands.
    places: HashMap<String, u64>,
    /// The next place.
    place: u64,
    /// Something has changed that a person waits for.
    urgent: bool,
    told_at: tokio::time::Instant,
    listeners: Vec<mpsc::UnboundedSender<Vec<DeskUpdate>>>,
}

impl Desk {
    /// Reads what the journal has and begins to watch. Panics outside of a tokio runtime.
    pub fn open(parts: DeskParts) -> Desk {
        let mut picture = Picture {
            kept: BTreeMap::new(),
            offered: BTreeSet::new(),
            refused: BTreeSet::new(),
            number: 0,
            practice: parts.practice,
            version: parts.version,
            status: StatusView::default(),
            settings: parts.settings,
            sightings: BTreeMap::new(),
            addresses: BTreeMap::new(),
            jobs: HashMap::new(),
            units: parts.engine.units().iter().map(|unit| (unit.unit.to_string(), unit_view(unit))).collect(),
            changed: BTreeMap::new(),
            places: HashMap::new(),
            place: 0,
            urgent: false,
            told_at: tokio::time::Instant::now(),
            listeners: Vec::new(),
        };
        // Subscribed before the picture is drawn, so that nothing falls in between; a fact that is drawn twice is the same.
        let updates = parts.engine.watch();
        for unit in parts.engine.units() {
            if let Some(job) = unit.jobs.last() {
                picture.draw_job(&parts.engine, *job);
            }
        }
        let shared = Arc::new(Shared {
            engine: parts.engine,
            media: parts.media,
            cloud: Mutex::new(parts.cloud),
            picture: Mutex::new(picture),
            closed: CancellationToken::new(),
            look_again: tokio::sync::Notify::new(),
        });
        let desk = Desk { shared };
        desk.spawn(follow_jobs(desk.shared.clone(), updates));
        desk.spawn(follow_sightings(desk.shared.clone()));
        desk.spawn(follow_connections(desk.shared.clone()));
        desk.spawn(beat(desk.shared.clone()));
        desk.spawn(settle_and_track(desk.shared.engine.clone()));
        desk
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closed = self.shared.closed.clone();
        tokio::spawn(async move { closed.run_until_cancelled_owned(task).await });
    }

    pub fn close(&self) {
        self.shared.closed.cancel();
    }

    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub fn snapshot(&self) -> DeskView {
        let mut picture = self.shared.picture();
        // What waits for the next beat is in the snapshot already; it goes out now, so that the numbers fit.
        picture.tell();
        DeskView {
            number: picture.number,
            practice: picture.practice,
            version: picture.version.clone(),
            status: picture.status.clone(),
            sightings: picture.sightings.values().map(|seen| seen.view.clone()).collect(),
            jobs: picture.jobs.values().cloned().collect(),
            units: picture.units.values().cloned().collect(),
            settings: picture.settings.clone(),
        }
    }

    /// Every change from now on, in lists.
    pub fn watch(&self) -> mpsc::UnboundedReceiver<Vec<DeskUpdate>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.shared.picture().listeners.push(sender);
        receiver
    }

    /// The address behind the key of a sighting that is in sight, or was.
    pub fn address(&self, key: &str) -> Option<Address> {
        self.shared.picture().addresses.get(key).cloned()
    }

    pub fn change_settings(&self, settings: SettingsView, cloud: Option<Arc<dyn Cloud>>) {
        if cloud.is_some() {
            *lock(&self.shared.cloud) = cloud;
        }
        self.shared.picture().show_settings(settings);
    }

    /// Networks for which the profile in use keeps a password; the passwords stay where they are. One that a network has
    /// refused is not offered until [`Desk::forget_refusals`].
    pub fn offer_kept(&self, networks: impl IntoIterator<Item = String>) {
        let mut picture = self.shared.picture();
        let offered = networks.into_iter().filter(|ssid| !picture.refused.contains(ssid)).collect();
        if picture.offered != offered {
            picture.offered = offered;
            picture.show_kept();
        }
    }

    /// Profiles were changed, so that what is kept now may be right.
    pub fn forget_refusals(&self) {
        let mut picture = self.shared.picture();
        picture.refused.clear();
        picture.offered.clear();
        picture.show_kept();
    }

    /// Keeps the password that a job was given for its network, for the next device.
    pub fn keep_password(&self, ssid: &str, password: Secret) {
        let mut picture = self.shared.picture();
        if !password.is_empty() {
            picture.refused.remove(ssid);
            picture.kept.insert(ssid.to_owned(), password);
            picture.show_kept();
        }
    }

    /// The password that is kept for a network.
    pub fn kept_password(&self, ssid: &str) -> Option<Secret> {
        self.shared.picture().kept.get(ssid).cloned()
    }

    /// Whether all of it is the practice world.
    pub fn is_practice(&self) -> bool {
        self.shared.picture().practice
    }

    /// The ways to devices.
    pub fn media(&self) -> Vec<Arc<dyn Medium>> {
        self.shared.media.clone()
    }

    /// Looks at adapters and cloud now instead of with the next turn.
    pub fn check_connections(&self) {
        self.shared.look_again.notify_one();
    }

    /// The settings as they are shown now.
    pub fn settings(&self) -> SettingsView {
        self.shared.picture().settings.clone()
    }
}

impl Shared {
    fn picture(&self) -> MutexGuard<'_, Picture> {
        lock(&self.picture)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in between leaves a picture that is one change behind; the next snapshot is drawn from it all the same.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Picture {
    fn change(&mut self, about: String, change: DeskChange) {
        self.urgent = true;
        self.hint(about, change);
    }

    /// A change that may wait for others.
    fn hint(&mut self, about: String, change: DeskChange) {
        self.place += 1;
        if let Some(before) = self.places.insert(about, self.place) {
            self.changed.remove(&before);
        }
        self.changed.insert(self.place, change);
    }

    fn show_settings(&mut self, settings: SettingsView) {
        let kept: BTreeSet<String> = self.kept.keys().chain(&self.offered).cloned().collect();
        self.settings = SettingsView { kept: kept.into_iter().collect(), ..settings };
        self.change("settings".into(), DeskChange::Settings { settings: self.settings.clone() });
    }

    fn show_kept(&mut self) {
        self.show_settings(self.settings.clone());
    }

    /// A password that a network refused is no use to the next device.
    fn forget_refused(&mut self, fact: &Fact) {
        let JobEvent::Finished { fault: Some(fault), .. } = &fact.event else { return };
        let Some(ssid) = self.jobs.get(&fact.job).and_then(|job| job.ssid.clone()) else { return };
        if fault.code != FaultCode::WifiPasswordRefused {
            return;
        }
        let offered = self.offered.remove(&ssid);
        if self.kept.remove(&ssid).is_some() || offered {
            self.show_kept();
        }
        self.refused.insert(ssid);
    }

    fn tell(&mut self) {
        if self.changed.is_empty() {
            return;
        }
        (self.urgent, self.told_at) = (false, tokio::time::Instant::now());
        let mut updates = Vec::with_capacity(self.changed.len());
        self.places.clear();
        for change in std::mem::take(&mut self.changed).into_values() {
            self.number += 1;
            updates.push(DeskUpdate { number: self.number, change });
        }
        self.listeners.retain(|listener| listener.send(updates.clone()).is_ok());
    }

    /// A job from its first fact on.
    fn draw_job(&mut self, engine: &Engine, job: JobId) {
        let Ok(facts) = engine.journal().facts_of(job) else { return };
        let Some(first) = facts.first() else { return };
        let mut view = JobView::new(job, first.at);
        facts.iter().for_each(|fact| view.apply(fact));
        self.jobs.insert(job, view);
    }

    fn show_job(&mut self, job: JobId) {
        let Some(view) = self.jobs.get(&job).cloned() else { return };
        let running = view.outcome.is_none();
        let busy: Vec<SightingView> = self
            .sightings
            .values_mut()
            .map(|seen| &mut seen.view)
            .filter(|sighting| Some(&sighting.address) == view.address.as_ref())
            .filter_map(|sighting| {
                let now = running.then(|| view.id.clone());
                let unit = view.unit.clone().or_else(|| sighting.unit.clone());
                let changed = sighting.job != now || sighting.unit != unit;
                (sighting.job, sighting.unit) = (now, unit);
                changed.then(|| sighting.clone())
            })
            .collect();
        for sighting in busy {
            self.change(format!("sighting {}", sighting.key), DeskChange::Sighting { sighting });
        }
        self.change(format!("job {job}"), DeskChange::Job { job: Box::new(view) });
    }
}

async fn beat(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(BEAT);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut picture = shared.picture();
        if picture.urgent || picture.told_at.elapsed() >= HINT_BEAT {
            picture.tell();
        }
    }
}

async fn follow_jobs(shared: Arc<Shared>, mut updates: tokio::sync::broadcast::Receiver<(JobId, Update)>) {
    loop {
        let (job, update) = match updates.recv().await {
            Ok(told) => told,
            Err(RecvError::Closed) => return,
            // Some were missed: what is shown is drawn again from the journal.
            Err(RecvError::Lagged(_)) => {
                let mut picture = shared.picture();
                let shown: Vec<JobId> = picture.jobs.keys().copied().collect();
                for job in shown {
                    picture.draw_job(&shared.engine, job);
                    picture.show_job(job);
                }
                continue;
            }
        };
        let mut picture = shared.picture();
        match update {
            Update::Fact(fact) => {
                picture.jobs.entry(job).or_insert_with(|| JobView::new(job, fact.at)).apply(&fact);
                picture.forget_refused(&fact);
                let unit = picture.jobs.get(&job).and_then(|view| view.unit.clone());
                if let Some(state) = unit.and_then(|unit| shared.engine.unit(&UnitId(unit))) {
                    let unit = unit_view(&state);
                    picture.units.insert(unit.unit.clone(), unit.clone());
                    picture.change(format!("unit {}", unit.unit), DeskChange::Unit { unit: Box::new(unit) });
                }
            }
            Update::Progress(progress) => {
                let now = crate::moment::now();
                if let Some(view) = picture.jobs.get_mut(&job) {
                    view.hint(&progress, now);
                }
            }
        }
        picture.show_job(job);
    }
}

/// What a crash left open is settled once; from then on the engine asks about whatever ends unknown, by the age of the
/// question.
async fn settle_and_track(engine: Engine) {
    engine.reconcile().await;
    engine.keep_tracking();
}

async fn follow_sightings(shared: Arc<Shared>) {
    let mut sightings = shared.engine.sightings(&[MediumKind::Serial, MediumKind::Ble]);
    while let Some(spotted) = sightings.next().await {
        // A medium that failed shows in the status strip, with its cause.
        let Ok(spotted) = spotted else { continue };
        let key = format!("{}:{}", spotted.sighting.address.medium(), spotted.sighting.address.text());
        let mut picture = shared.picture();
        let about = format!("sighting {key}");
        if spotted.sighting.change == Change::Left {
            picture.sightings.remove(&key);
            picture.change(about, DeskChange::SightingLeft { key });
            continue;
        }
        // On the air there is much that is nobody's business; a port may be anything until it is asked.
        if spotted.drivers.is_empty() && spotted.sighting.address.medium() == MediumKind::Ble {
            continue;
        }
        let mut view = sighting_view(key.clone(), &spotted);
        let met = picture
            .jobs
            .values()
            .filter(|job| job.address.as_ref() == Some(&view.address))
            .max_by(|a, b| a.begun.total_cmp(&b.begun));
        view.unit = met.and_then(|job| job.unit.clone());
        view.job = met.filter(|job| job.outcome.is_none()).map(|job| job.id.clone());
        picture.addresses.insert(key.clone(), spotted.sighting.address.clone());
        let news = match picture.sightings.get_mut(&key) {
            Some(seen) => seen.hear(view),
            None => {
                picture.sightings.insert(key.clone(), InSight::new(view));
                Some(News::Urgent)
            }
        };
        let Some(sighting) = picture.sightings.get(&key).map(|seen| seen.view.clone()) else { continue };
        match news {
            Some(News::Urgent) => picture.change(about, DeskChange::Sighting { sighting }),
            Some(News::Hint) => picture.hint(about, DeskChange::Sighting { sighting }),
            None => {}
        }
    }
}

async fn follow_connections(shared: Arc<Shared>) {
    loop {
        let mut status = StatusView::default();
        for medium in &shared.media {
            let light = medium_light(medium.readiness().await);
            match medium.kind() {
                MediumKind::Serial => status.usb = light,
                MediumKind::Ble => status.bluetooth = light,
            }
        }
        let cloud = lock(&shared.cloud).clone();
        (status.cloud, status.clock) = cloud_lights(cloud).await;
        {
            let mut picture = shared.picture();
            if picture.status != status {
                picture.status = status.clone();
                picture.change("status".into(), DeskChange::Status { status });
            }
        }
        tokio::select! {
            () = tokio::time::sleep(CHECK_EVERY) => {}
            () = shared.look_again.notified() => {}
        }
    }
}

fn medium_light(readiness: Readiness) -> LightView {
    match readiness {
        Readiness::Ready { detail } => LightView {
            state: LightState::Ready,
            about: [("detail".to_owned(), detail)].into_iter().filter(|(_, text)| !text.is_empty()).collect(),
            fault: None,
        },
        Readiness::NotReady(error) => off(&error),
    }
}

fn off(error: &LinkError) -> LightView {
    let fault = Fault::from_link(Step::Connect, error);
    LightView { state: LightState::Off, about: fault.about, fault: Some(fault.code) }
}

async fn cloud_lights(cloud: Option<Arc<dyn Cloud>>) -> (LightView, LightView) {
    let Some(cloud) = cloud else {
        return (LightView { state: LightState::Off, ..LightView::default() }, LightView::default());
    };
    let about: BTreeMap<String, String> = [("host".to_owned(), cloud.host())].into();
    match cloud.time().await {
        Ok(time) => {
            let skew = crate::moment::now() - time.0;
            let ready = LightView { state: LightState::Ready, about, fault: None };
            let clock = if skew.abs() <= CLOCK_TOLERANCE_MS {
                LightView { state: LightState::Ready, ..LightView::default() }
            } else {
                LightView {
                    state: LightState::Attention,
                    about: [("seconds".to_owned(), (skew / 1000).to_string())].into(),
                    fault: Some(FaultCode::CloudWrongClock),
                }
            };
            (ready, clock)
        }
        Err(error) => {
            let wrong_clock = matches!(error.cause, CloudCause::WrongClock { .. });
            let fault = Fault::from_cloud(Step::Reserve, &error);
            let clock = LightView {
                state: if wrong_clock { LightState::Attention } else { LightState::Checking },
                fault: wrong_clock.then_some(FaultCode::CloudWrongClock),
                ..LightView::default()
            };
            (LightView { state: LightState::Off, about: fault.about, fault: Some(fault.code) }, clock)
        }
    }
}

fn sighting_view(key: String, spotted: &Spotted) -> SightingView {
    let sighting = &spotted.sighting;
    let (rssi, usb) = match &sighting.advert {
        Advert::Ble(ble) => (ble.rssi, None),
        Advert::Serial(serial) => (
            None,
            serial.usb.as_ref().map(|usb| UsbView {
                id: format!("{:04x}:{:04x}", usb.vid, usb.pid),
                product: usb.product.clone(),
                serial: usb.serial.clone(),
                path: usb.path.clone(),
            }),
        ),
    };
    // On a serial port every driver may fit until the device is asked; then none is named.
    let driver = match spotted.drivers.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    };
    SightingView {
        key,
        medium: match sighting.address.medium() {
            MediumKind::Serial => MediumView::Serial,
            MediumKind::Ble => MediumView::Ble,
        },
        address: sighting.address.text().to_owned(),
        name: sighting.advert.name().map(str::to_owned),
        driver,
        rssi,
        usb,
        unit: None,
        job: None,
    }
}

fn unit_view(unit: &UnitState) -> UnitView {
    UnitView {
        unit: unit.unit.to_string(),
        name: unit.name.clone(),
        template: unit.template.clone(),
        firmware: unit.firmware.clone(),
        driver: unit.driver.clone(),
        device: unit.device.map(|device| device.0),
        server: unit
            .device
            .and_then(|device| unit.devices.iter().find(|(_, known)| **known == device))
            .map(|(server, _)| server.clone()),
        outcome: unit.outcome.map(OutcomeView::from),
        attempts: unit.attempts,
        last: millis(unit.last_at),
    }
}
