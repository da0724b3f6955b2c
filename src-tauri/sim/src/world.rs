//! A whole place in one value: devices, networks and a cloud, in memory, on the runtime's clock.
//!
//! Tests pause that clock; `--practice` lets it run. Here is what carries devices through time: each has one task that
//! sleeps until the device wants to be woken. How a link looks from outside is in `memory.rs`.

use crate::air::{AccessPoint, workshop};
use crate::chance::Chance;
use crate::cloud::{CloudBeginning, CloudState, Login};
use crate::cloud_client::CloudClient;
use crate::device::{Deed, DeviceSpec, Dialect, Firmware, Heard, Kept, firmware};
use crate::memory::MemoryMedium;
use crate::printer::MemoryPrinter;
use crate::trouble::{CloudFaults, KnobError, OpenOutcome, Trouble, parse_pair};
use link::{Change, Medium, Sighting};
use proto::{Address, Advert, BleAdvert, MediumKind, Packet, SerialAdvert};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};

/// The beginning of in-memory clouds unless told otherwise: 2026-01-05 08:00 UTC, so that journals can be compared.
pub const EPOCH_MS: i64 = 1_767_600_000_000;

/// What a place begins with.
#[derive(Debug, Clone)]
pub struct WorldSettings {
    pub seed: u64,
    pub devices: Vec<DeviceSpec>,
    pub networks: Vec<AccessPoint>,
    pub cloud: CloudFaults,
    /// Server name of the cloud.
    pub cloud_host: String,
    /// The cloud's clock at the beginning; `None`: this computer's time.
    pub cloud_epoch_ms: Option<i64>,
    pub radio: RadioSettings,
}

/// How the place's one Bluetooth adapter behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct RadioSettings {
    /// Connections that it holds at once; one more is refused. `None`: as many as are wanted.
    pub links: Option<usize>,
    /// An opening fails for no reason with this probability (0 to 1).
    pub faults: f64,
    /// How long an opening takes.
    pub connect: Duration,
}

impl Default for RadioSettings {
    fn default() -> RadioSettings {
        RadioSettings { links: None, faults: 0.0, connect: Duration::ZERO }
    }
}

impl Default for WorldSettings {
    fn default() -> WorldSettings {
        WorldSettings {
            seed: 1,
            devices: Vec::new(),
            networks: workshop(),
            cloud: CloudFaults::default(),
            cloud_host: "cloud.practice.test".to_owned(),
            cloud_epoch_ms: Some(EPOCH_MS),
            radio: RadioSettings::default(),
        }
    }
}

/// Devices, networks and a cloud. Clones are the same place.
#[derive(Clone)]
pub struct World {
    place: Arc<Place>,
    printer: MemoryPrinter,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("devices", &self.place.devices().len()).finish_non_exhaustive()
    }
}

/// The runtime's clock, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl World {
    pub fn new(settings: WorldSettings) -> World {
        let cloud = CloudState::new(CloudBeginning {
            seed: settings.seed,
            host: settings.cloud_host,
            epoch_ms: settings.cloud_epoch_ms,
            faults: settings.cloud,
        });
        let place = Arc::new(Place {
            air: Arc::new(settings.networks),
            cloud,
            devices: Mutex::new(Vec::new()),
            watchers: Mutex::new(Vec::new()),
            sessions: AtomicU64::new(1),
            radio: settings.radio,
            radio_chance: Mutex::new(Chance::new(settings.seed ^ 0xB1E)),
            radio_links: Arc::default(),
        });
        let world = World { place, printer: MemoryPrinter::default() };
        for spec in settings.devices {
            world.add(spec);
        }
        world
    }

    /// A place with one device, for the shortest tests.
    pub fn with(spec: DeviceSpec) -> World {
        World::new(WorldSettings { devices: vec![spec], ..WorldSettings::default() })
    }

    /// BLE and serial, in memory.
    pub fn media(&self) -> Vec<Arc<dyn Medium>> {
        vec![
            Arc::new(MemoryMedium::new(MediumKind::Ble, self.place.clone())),
            Arc::new(MemoryMedium::new(MediumKind::Serial, self.place.clone())),
        ]
    }

    pub fn medium(&self, kind: MediumKind) -> Arc<dyn Medium> {
        Arc::new(MemoryMedium::new(kind, self.place.clone()))
    }

    /// The label printer that stands here.
    pub fn printer(&self) -> &MemoryPrinter {
        &self.printer
    }

    /// A client of this place's cloud.
    pub fn cloud(&self) -> Arc<dyn ::cloud::Cloud> {
        let place = Arc::downgrade(&self.place);
        let to_device = move |token: &str| {
            let Some(place) = place.upgrade() else { return };
            let holds_it = |body: &&Arc<Body>| {
                let kept = body.look().firmware.kept();
                kept.online && kept.token.as_deref() == Some(token)
            };
            let Some(body) = place.devices().iter().find(holds_it).cloned() else { return };
            Device { body, place }.enter_configuration();
        };
        Arc::new(CloudClient::with_devices(self.place.cloud.clone(), Arc::new(to_device)))
    }

    /// What the cloud holds, and its knobs.
    pub fn cloud_state(&self) -> CloudState {
        self.place.cloud.clone()
    }

    pub fn networks(&self) -> Vec<AccessPoint> {
        self.place.air.as_ref().clone()
    }

    /// Brings another device into the place.
    pub fn add(&self, spec: DeviceSpec) -> Device {
        let body = Arc::new(Body::new(spec, self.place.air.clone()));
        self.place.devices().push(body.clone());
        let device = Device { body, place: self.place.clone() };
        device.body.settle(&self.place, now());
        if tokio::runtime::Handle::try_current().is_ok() {
            self.place.clone().run(&device.body);
        }
        device
    }

    pub fn devices(&self) -> Vec<Device> {
        let bodies = self.place.devices().clone();
        bodies.into_iter().map(|body| Device { body, place: self.place.clone() }).collect()
    }

    /// The device of this name, hardware address, BLE address or port.
    pub fn device(&self, which: &str) -> Option<Device> {
        self.devices().into_iter().find(|device| {
            let spec = &device.body.spec;
            spec.name == which || spec.mac.eq_ignore_ascii_case(which) || device.address().text() == which
        })
    }
}

/// One device of a place, to look at and to lay hands on.
#[derive(Clone)]
pub struct Device {
    body: Arc<Body>,
    place: Arc<Place>,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("name", &self.body.spec.name).finish_non_exhaustive()
    }
}

impl Device {
    pub fn spec(&self) -> &DeviceSpec {
        &self.body.spec
    }

    pub fn name(&self) -> &str {
        &self.body.spec.name
    }

    pub fn mac(&self) -> &str {
        &self.body.spec.mac
    }

    pub fn dialect(&self) -> Dialect {
        self.body.spec.dialect
    }

    pub fn address(&self) -> Address {
        self.body.address()
    }

    /// What it remembers now.
    pub fn kept(&self) -> Kept {
        self.body.look().firmware.kept()
    }

    pub fn is_online(&self) -> bool {
        self.kept().online
    }

    /// Whether a link to it is open.
    pub fn is_linked(&self) -> bool {
        self.body.look().session.is_some()
    }

    /// Whether somebody has plugged it in or switched it on.
    pub fn is_plugged(&self) -> bool {
        self.body.look().plugged
    }

    /// How often a link was opened to it so far.
    pub fn links_opened(&self) -> u32 {
        self.body.look().links
    }

    /// Whether somebody has a link to it now.
    pub fn is_held(&self) -> bool {
        self.body.look().session.is_some()
    }

    /// How its knobs stand.
    pub fn trouble(&self) -> Trouble {
        self.body.look().trouble.clone()
    }

    pub fn is_in_sight(&self) -> bool {
        let present = self.body.look();
        present.is_in_sight(self.body.spec.dialect.medium())
    }

    /// Puts it where it can be reached; it boots.
    pub fn plug(&self) {
        let now = now();
        {
            let mut present = self.body.look();
            if !present.plugged {
                present.plugged = true;
                present.away = None;
                present.firmware.boot(now);
            }
        }
        self.nudge(now);
    }

    /// Takes it away, also in mid-word.
    pub fn unplug(&self) {
        let now = now();
        {
            let mut present = self.body.look();
            present.plugged = false;
            present.lose_link(now);
            present.power_off(&self.place.cloud);
        }
        self.nudge(now);
    }

    /// Off and on again.
    pub fn power_cycle(&self) {
        self.unplug();
        self.plug();
    }

    /// A person holds its button: it waits for configuration again.
    pub fn enter_configuration(&self) {
        let now = now();
        self.body.look().firmware.enter_configuration(now);
        self.nudge(now);
    }

    /// Turns one of its knobs from now on.
    pub fn set(&self, name: &str, value: &str) -> Result<(), KnobError> {
        let now = now();
        {
            let mut present = self.body.look();
            present.trouble.set(name, value)?;
            let trouble = present.trouble.clone();
            present.firmware.set_trouble(trouble);
        }
        self.nudge(now);
        Ok(())
    }

    /// Ends its trouble.
    pub fn heal(&self) {
        let now = now();
        {
            let mut present = self.body.look();
            let scale = present.trouble.scale;
            present.trouble = Trouble { scale, ..Trouble::default() };
            let trouble = present.trouble.clone();
            present.firmware.set_trouble(trouble);
        }
        self.nudge(now);
    }

    /// Turns all its knobs back to where they stood in the beginning: some devices are made for one trouble.
    pub fn restore(&self) {
        let now = now();
        {
            let mut present = self.body.look();
            present.trouble = self.body.spec.trouble.clone();
            let trouble = present.trouble.clone();
            present.firmware.set_trouble(trouble);
        }
        self.nudge(now);
    }

    /// The link breaks, and the device stays where it is.
    pub fn break_link(&self) {
        let now = now();
        self.body.look().lose_link(now);
        self.nudge(now);
    }

    fn nudge(&self, now: Instant) {
        self.body.settle(&self.place, now);
        self.body.nudge.notify_one();
    }
}

/// What all parts of a world share.
pub(crate) struct Place {
    pub air: Arc<Vec<AccessPoint>>,
    pub cloud: CloudState,
    devices: Mutex<Vec<Arc<Body>>>,
    watchers: Mutex<Vec<(MediumKind, mpsc::UnboundedSender<Sighting>)>>,
    sessions: AtomicU64,
    pub radio: RadioSettings,
    radio_chance: Mutex<Chance>,
    radio_links: Arc<AtomicUsize>,
}

/// A connection that the adapter holds.
pub(crate) struct RadioLink(Arc<AtomicUsize>);

impl Drop for RadioLink {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Place {
    pub fn devices(&self) -> MutexGuard<'_, Vec<Arc<Body>>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, kind: MediumKind, sighting: Sighting) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|(of, watcher)| *of != kind || watcher.send(sighting.clone()).is_ok());
    }

    /// A new watcher gets what is there, then every change.
    pub fn watch(self: &Arc<Self>, kind: MediumKind) -> mpsc::UnboundedReceiver<Sighting> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let bodies = self.devices().clone();
        let now = now();
        for body in bodies.iter().filter(|body| body.spec.dialect.medium() == kind) {
            self.clone().run(body);
            body.settle(self, now);
        }
        // A device that changes between these two looks is told twice rather than never.
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        for body in bodies.iter().filter(|body| body.spec.dialect.medium() == kind) {
            if let Some(advert) = body.shown() {
                let _ = sender.send(Sighting { change: Change::Came, address: body.address(), advert });
            }
        }
        watchers.push((kind, sender));
        receiver
    }

    /// Ports are used again: the device that is plugged in now, else the last that was there.
    pub fn find(&self, address: &Address) -> Option<Arc<Body>> {
        let devices = self.devices();
        let there = || devices.iter().rev().filter(|body| body.address() == *address);
        there().find(|body| body.look().plugged).or_else(|| there().next()).cloned()
    }

    /// Starts the device's task, once.
    pub fn run(self: Arc<Self>, body: &Arc<Body>) {
        if body.runs.swap(true, Ordering::AcqRel) {
            return;
        }
        tokio::spawn(live(Arc::downgrade(&self), Arc::downgrade(body), body.nudge.clone()));
    }

    /// A connection of the adapter, if it holds one more.
    pub fn radio_link(&self) -> Option<RadioLink> {
        let held = self.radio_links.fetch_add(1, Ordering::AcqRel);
        let link = RadioLink(self.radio_links.clone());
        self.radio.links.is_none_or(|most| held < most).then_some(link)
    }

    /// Whether an opening fails for no reason.
    pub fn radio_fails(&self) -> bool {
        let mut chance = self.radio_chance.lock().unwrap_or_else(PoisonError::into_inner);
        self.radio.faults > 0.0 && chance.strikes(self.radio.faults)
    }

    pub fn next_session(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The tasks of its devices see that the place is gone, and end.
        for body in self.devices.get_mut().unwrap_or_else(PoisonError::into_inner) {
            body.nudge.notify_one();
        }
    }
}

/// A device's life: sleeps until it wants something, or until somebody touches it. Ends with its world. An idle device
/// waits without a timer, so that a paused clock does not run ahead because of it.
async fn live(place: Weak<Place>, body: Weak<Body>, nudge: Arc<Notify>) {
    loop {
        let wake_at = match (place.upgrade(), body.upgrade()) {
            (Some(place), Some(body)) => body.settle(&place, now()),
            _ => return,
        };
        tokio::select! {
            () = nudge.notified() => {}
            () = sleep_until(wake_at) => {}
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// A device in its place.
pub(crate) struct Body {
    pub spec: DeviceSpec,
    present: Mutex<Present>,
    /// What watchers were told last.
    told: Mutex<Option<Advert>>,
    pub nudge: Arc<Notify>,
    runs: AtomicBool,
}

pub(crate) struct Present {
    pub firmware: Box<dyn Firmware>,
    pub trouble: Trouble,
    pub plugged: bool,
    /// Out of sight until then (`None` inside: for good), and whether it boots when it comes back.
    away: Option<(Option<Instant>, bool)>,
    pub session: Option<Session>,
    /// How often a link was opened to it.
    pub links: u32,
    name_from: Option<Instant>,
}

pub(crate) struct Session {
    pub id: u64,
    pub packets: mpsc::UnboundedSender<Packet>,
    /// Given back when the session ends.
    pub _link: Option<RadioLink>,
}

impl Present {
    pub fn is_in_sight(&self, kind: MediumKind) -> bool {
        self.plugged && self.away.is_none() && (kind == MediumKind::Serial || self.firmware.is_visible())
    }

    fn lose_link(&mut self, now: Instant) {
        if self.session.take().is_some() {
            self.firmware.link_closed(now);
        }
    }

    fn power_off(&mut self, cloud: &CloudState) {
        let kept = self.firmware.kept();
        if let (true, Some(token)) = (kept.online, kept.token) {
            cloud.log_out(&token);
        }
    }

    fn give(&self, packet: Packet) {
        if let Some(session) = &self.session {
            // A receiver that is gone has closed the link; that is noticed elsewhere.
            let _ = session.packets.send(packet);
        }
    }
}

impl Body {
    fn new(spec: DeviceSpec, air: Arc<Vec<AccessPoint>>) -> Body {
        let mut firmware = firmware(&spec, air);
        firmware.boot(now());
        let present = Present {
            firmware,
            trouble: spec.trouble.clone(),
            plugged: spec.plugged,
            away: None,
            session: None,
            links: 0,
            name_from: None,
        };
        Body {
            spec,
            present: Mutex::new(present),
            told: Mutex::new(None),
            nudge: Arc::new(Notify::new()),
            runs: AtomicBool::new(false),
        }
    }

    pub fn look(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn address(&self) -> Address {
        match self.spec.dialect.medium() {
            MediumKind::Ble => Address::Ble(self.spec.mac.clone()),
            MediumKind::Serial => Address::Serial(self.spec.port.clone()),
        }
    }

    pub fn shown(&self) -> Option<Advert> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the device do all that is due, tells watchers, and says when to come again.
    pub fn settle(&self, place: &Place, now: Instant) -> Option<Instant> {
        let (advert, wake_at) = {
            let mut present = self.look();
            self.act(&mut present, place, now);
            self.advert(&mut present, now)
        };
        let change = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let change = match (&*told, &advert) {
                (None, Some(advert)) => Some((Change::Came, advert.clone())),
                (Some(before), Some(advert)) if before != advert => Some((Change::Changed, advert.clone())),
                (Some(before), None) => Some((Change::Left, before.clone())),
                _ => None,
            };
            *told = advert;
            change
        };
        if let Some((change, advert)) = change {
            place.tell(self.spec.dialect.medium(), Sighting { change, address: self.address(), advert });
        }
        wake_at
    }

    fn act(&self, present: &mut Present, place: &Place, now: Instant) {
        if let Some((Some(back), boots)) = present.away
            && back <= now
        {
            present.away = None;
            if boots {
                present.firmware.boot(now);
            }
        }
        if !present.plugged {
            return;
        }
        present.firmware.wake(now);
        while let Some(deed) = present.firmware.poll(now) {
            match deed {
                Deed::Say(bytes) => present.give(Packet::Bytes(bytes)),
                Deed::Notify { channel, bytes } => present.give(Packet::Notified { channel, bytes }),
                Deed::Value { channel, bytes } => present.give(Packet::Value { channel, bytes }),
                Deed::DropLink => present.lose_link(now),
                Deed::Vanish { comes_back } => {
                    present.lose_link(now);
                    present.away = Some((comes_back.map(|time| now + time), false));
                }
                Deed::Restart { takes } => {
                    present.lose_link(now);
                    present.power_off(&place.cloud);
                    present.away = Some((Some(now + takes), true));
                }
                Deed::LogIn { token, host } => {
                    let answer = if fits(&host, &place.cloud.host()) {
                        place.cloud.weather(crate::cloud::Call::CheckIn);
                        place.cloud.log_in(&token, self.spec.hardware(), Some(&self.spec.mac))
                    } else {
                        // Another server does not know this token.
                        Login::Refused
                    };
                    present.firmware.logged_in(Some(answer), now);
                }
                Deed::LogOut { token } => place.cloud.log_out(&token),
            }
        }
    }

    fn advert(&self, present: &mut Present, now: Instant) -> (Option<Advert>, Option<Instant>) {
        let kind = self.spec.dialect.medium();
        let mut wake_at = present.firmware.wake_at().filter(|_| present.plugged);
        if let Some((Some(back), _)) = present.away {
            wake_at = Some(wake_at.map_or(back, |at| at.min(back)));
        }
        if !present.is_in_sight(kind) {
            present.name_from = None;
            return (None, wake_at);
        }
        if kind == MediumKind::Serial {
            return (Some(Advert::Serial(SerialAdvert { usb: self.spec.usb.clone() })), wake_at);
        }
        let late = present.trouble.name_late;
        let name_from = *present.name_from.get_or_insert(now + late);
        if name_from > now {
            wake_at = Some(wake_at.map_or(name_from, |at| at.min(name_from)));
        }
        let bare = present.trouble.bare_advert;
        let advert = BleAdvert {
            name: (name_from <= now && present.firmware.shows_name()).then(|| self.spec.name.clone()),
            services: if bare { Vec::new() } else { present.firmware.services() },
            service_data: if bare { BTreeMap::new() } else { present.firmware.service_data() },
            rssi: Some(self.spec.rssi),
            adapter: Some("sim0".to_owned()),
            ..BleAdvert::default()
        };
        (Some(Advert::Ble(advert)), wake_at)
    }

    /// One thing said to the device over this session.
    pub fn hear(&self, place: &Place, session: u64, heard: Heard) -> bool {
        let now = now();
        {
            let mut present = self.look();
            if present.session.as_ref().map(|open| open.id) != Some(session) {
                return false;
            }
            let (channel, written) = match &heard {
                Heard::Write { channel, .. } => (Some(*channel), true),
                Heard::Read { channel } => (Some(*channel), false),
                Heard::Bytes(_) => (None, false),
            };
            let taken = present.firmware.hear(heard, now);
            // What it answers is polled only afterwards, so the confirmation comes first, as on the air.
            match (channel, taken) {
                (Some(channel), Err(code)) => {
                    present.give(Packet::Refused { channel, att_error: Some(code) });
                }
                (Some(channel), Ok(())) if written => present.give(Packet::Written { channel }),
                _ => {}
            }
        }
        self.settle(place, now);
        self.nudge.notify_one();
        true
    }

    pub fn close(&self, place: &Place, session: u64) {
        let now = now();
        {
            let mut present = self.look();
            if present.session.as_ref().map(|open| open.id) == Some(session) {
                present.lose_link(now);
            }
        }
        self.settle(place, now);
        self.nudge.notify_one();
    }

    pub fn open_outcome(&self) -> OpenOutcome {
        self.look().trouble.open
    }
}

/// Whether a device that was told `host` reaches the cloud of that name; without a host it uses its built-in one.
pub(crate) fn fits(host: &str, cloud: &str) -> bool {
    let bare = |host: &str| host.split(':').next().unwrap_or("").to_ascii_lowercase();
    host.is_empty() || bare(host) == bare(cloud)
}

/// `count` devices with distinct addresses and names, for batches. The dialects go round; the same seed gives the same
/// fleet.
pub fn fleet(count: u32, dialects: &[Dialect], seed: u64) -> Vec<DeviceSpec> {
    let mut chance = Chance::new(seed);
    (0..count)
        .map(|index| {
            let dialect = dialects.get(index as usize % dialects.len().max(1)).copied();
            let mut spec = DeviceSpec::new(dialect.unwrap_or(Dialect::EdgentArduino), index + 1);
            spec.rssi = -45 - chance.below(45) as i16;
            spec
        })
        .collect()
}

/// Devices whose names are hard: two of one name, letters beyond ASCII, another vendor's prefix, the longest that fits.
pub fn hard_names(from: u32) -> Vec<DeviceSpec> {
    [
        "Practice Pump-K3M7",
        "Practice Pump-K3M7",
        "Blynk Pümpe Süd-9F1W",
        "Acme-Valve",
        "Blynk Greenhouse Valve 1-2XA7",
    ]
    .into_iter()
    .zip(from..)
    .map(|(name, number)| DeviceSpec::new(Dialect::EdgentArduino, number).named(name))
    .collect()
}

/// A unit that somebody expects to find in a practice place; what is not said is made up.
#[derive(Debug, Clone, Default)]
pub struct PracticeUnit {
    pub mac: Option<String>,
    pub name: Option<String>,
    pub template: Option<String>,
}

/// One of them, in working order: by radio where a name or an address has to be seen, else by radio and cable in turn.
/// `number` makes up what is not said.
pub fn practice_unit(unit: PracticeUnit, number: u32) -> DeviceSpec {
    let named = unit.mac.is_some() || unit.name.is_some();
    let dialect = match named || number % 2 == 1 {
        true => Dialect::EdgentArduino,
        false => Dialect::ConsoleB,
    };
    let mut spec = DeviceSpec::new(dialect, number).trouble(Trouble { scale: 0.2, ..Trouble::default() });
    spec.mac = unit.mac.unwrap_or(spec.mac);
    spec.name = unit.name.unwrap_or(spec.name);
    match unit.template {
        Some(template) => spec.template(&template),
        None => spec,
    }
}

/// A practice place with these units.
pub fn practice_units(units: impl IntoIterator<Item = PracticeUnit>) -> World {
    let devices = units.into_iter().zip(1..).map(|(unit, number)| practice_unit(unit, number)).collect();
    World::new(WorldSettings { devices, cloud_epoch_ms: None, ..WorldSettings::default() })
}

/// The place behind `--practice`: units that work, over BLE and serial, and some with typical troubles, named plainly.
pub fn practice_world() -> World {
    let spec = |number, dialect, name: &str, faults: &[&str]| {
        let mut trouble = Trouble { scale: 0.2, ..Trouble::default() };
        for fault in faults {
            let turned = parse_pair(fault).and_then(|(name, value)| trouble.set(name, value));
            debug_assert_eq!(turned, Ok(()));
        }
        DeviceSpec {
            rssi: -48 - number as i16,
            ..DeviceSpec::new(dialect, number).named(name).trouble(trouble)
        }
    };
    let devices = vec![
        spec(1, Dialect::EdgentArduino, "Practice Pump-K3M7", &[]),
        spec(2, Dialect::ConsoleB, "Practice Pump-9F1W", &["reset-on-open=yes"]),
        spec(3, Dialect::EdgentArduino, "Practice Wrong Password-1N5D", &["outcome=wrong-password"]),
        spec(4, Dialect::Particle, "Practice Drops Link-9K6J", &[]),
        spec(5, Dialect::EdgentIdf, "Practice No Cloud-M3C2", &["outcome=cloud-timeout"]),
        spec(6, Dialect::Linux, "Practice Never Checks In-2XA7", &["outcome=never-checks-in"]),
        spec(7, Dialect::EdgentArduino, "Practice Other Template-4Y1H", &[]).template("TMPLnOtInOrG1"),
        spec(8, Dialect::ConsoleA, "Practice Fixed Server-P5DF", &[]),
        spec(9, Dialect::ImprovBle, "Practice Button-7C2E", &["button=8000", "carrier=third-string"]),
        spec(10, Dialect::EspressifBle, "PROV_Practice abcd1234", &["security=2"]),
    ];
    World::new(WorldSettings { devices, cloud_epoch_ms: None, ..WorldSettings::default() })
}
