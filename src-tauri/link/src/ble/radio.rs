//! The Bluetooth thread: it alone scans, connects and holds the system's Bluetooth session.
//!
//! All its tasks share one thread and one [`Radio`], so nothing needs a lock across an await but scanning, where a start
//! and a stop must not overlap. Not here: what is on the air (`ble/air.rs`), a connected device (`ble/peer.rs`).

use super::air::{Air, Heard};
use super::errors::{Meaning, meaning, of_system};
use super::peer::{Peer, is_connected, let_go};
use super::scan::Scan;
use super::{BleLink, BleSettings};
use crate::{LinkError, Sighting};
use btleplug::api::{
    BDAddr, Central as _, CentralEvent, CentralState, Manager as _, Peripheral as _, PeripheralProperties,
};
use btleplug::platform::{Adapter, Manager, Peripheral, PeripheralId};
use futures::StreamExt;
use proto::Wiring;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// For questions to the system that touch no device.
pub(super) const SYSTEM_LIMIT: Duration = Duration::from_secs(5);
/// A device heard within this time need not be waited for: a round of Linux's scan takes 10.24 s, and a controller may report
/// each device but once in it. BlueZ forgets devices 30 s after a scan.
const FRESH: Duration = Duration::from_secs(12);
/// A device heard within this time is still known to BlueZ, with room for the call itself.
const REMEMBERED: Duration = Duration::from_secs(25);
/// One attempt. The kernel gives up after 4 s when nobody answers; discovering services takes the rest.
const CONNECT_LIMIT: Duration = Duration::from_secs(12);
/// For a person who waits: a connection attempt often fails by interference alone, and the third seldom does. Every
/// attempt begins with finding the device anew.
const CONNECT_TRIES: u32 = 3;
/// How often the name of a nameless device is asked for while it advertises.
const LOOK_PAUSE: Duration = Duration::from_millis(500);
/// A scan in which nothing is heard for so long is begun anew: it may have ended without a word. More than a round of it.
const SCAN_SILENCE: Duration = Duration::from_secs(15);
const TURN: Duration = Duration::from_millis(250);
/// For how long a scan is tried to begin that the system does not begin at once, and the pause between two tries.
const SCAN_BEGINS: Duration = Duration::from_secs(6);
const SCAN_PAUSE: Duration = Duration::from_millis(300);
/// The scan's turn before a connection, when others wait for it: several advertising intervals. Connections alone would keep
/// the scan from those who look for their device for as long as the line is long, and these would miss it on the air.
const LISTEN_TURN: Duration = Duration::from_secs(1);
/// How long the scan may rest for connections while somebody watches.
const REST_LIMIT: Duration = Duration::from_secs(3);
/// How often it is looked at whether a turn may end before its time.
const LISTEN_LOOK: Duration = Duration::from_millis(50);
/// How often the adapter is looked at while somebody relies on it, beside what the system tells by itself.
const CHECK_PAUSE: Duration = Duration::from_secs(2);

type Changes = mpsc::UnboundedSender<Result<Sighting, LinkError>>;

pub(super) enum Command {
    Ready {
        reply: oneshot::Sender<Result<String, LinkError>>,
    },
    Watch {
        changes: Changes,
        reply: oneshot::Sender<Result<(), LinkError>>,
    },
    Open {
        address: String,
        wiring: Wiring,
        reply: oneshot::Sender<Result<BleLink, LinkError>>,
    },
    /// Stands for any bug in this thread.
    #[cfg(test)]
    Panic,
}

/// A call that failed or took too long.
#[derive(Debug)]
pub(super) enum Failed {
    TimedOut,
    Said(String),
}

impl Failed {
    /// For calls that prepare a link.
    pub fn into_error(self, operation: &'static str) -> LinkError {
        match self {
            Failed::TimedOut => LinkError::TimedOut { what: operation },
            Failed::Said(text) => match meaning(&text) {
                Meaning::NeedsPairing => LinkError::NeedsPairing,
                Meaning::Gone => LinkError::Lost,
                _ => of_system(operation, &text),
            },
        }
    }
}

/// No call to the Bluetooth stack goes without a limit of our own: some never return.
pub(super) async fn bounded<T>(
    limit: Duration,
    call: impl Future<Output = btleplug::Result<T>>,
) -> Result<T, Failed> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failed::Said(error.to_string())),
        Err(_) => Err(Failed::TimedOut),
    }
}

/// Starts the thread. It ends when the sender is gone and all links are closed.
pub(super) fn start(settings: BleSettings) -> Result<mpsc::UnboundedSender<Command>, LinkError> {
    let (sender, commands) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| LinkError::NoBluetooth { reason: error.to_string() })?;
    std::thread::Builder::new()
        .name("bluetooth".to_owned())
        .spawn(move || {
            let tasks = tokio::task::LocalSet::new();
            tasks.block_on(&runtime, async {
                let radio = Rc::new(Radio::new(settings));
                radio.run(commands).await;
            });
            // What is left of the tasks ends here; the library wants a runtime around it for that.
            let _around = runtime.enter();
            drop(tasks);
        })
        .map_err(|error| LinkError::NoBluetooth { reason: error.to_string() })?;
    Ok(sender)
}

#[derive(Clone)]
struct Session {
    adapter: Adapter,
    /// `hci0`
    name: String,
}

/// A device that is being opened, is open, or is being let go.
struct Claim {
    /// It was connected since the claim (or the last attempt) began.
    up: bool,
    lost: CancellationToken,
}

/// Who connects holds it alone, and those who let a device go hold it together. Linux 6.1 keeps one note of the command that
/// it sent last: a disconnection that is sent while a connection is made overwrites it, and the kernel then misses that the
/// connection stands, waits for 4 s, cancels what is made, and in the end runs no command any more (decision 0160).
pub(super) type Calls = tokio::sync::RwLock<()>;

struct Radio {
    settings: BleSettings,
    session: tokio::sync::Mutex<Option<Session>>,
    /// The way to the system's service. Kept also without an adapter, since each new one opens a connection that the
    /// library never closes.
    manager: RefCell<Option<Manager>>,
    air: RefCell<Air>,
    addresses: RefCell<HashMap<PeripheralId, String>>,
    peripherals: RefCell<BTreeMap<String, Peripheral>>,
    /// Devices that are being looked up, one look at a time, and whether to look again.
    looking: RefCell<HashMap<PeripheralId, bool>>,
    looked: RefCell<HashMap<PeripheralId, Instant>>,
    watchers: RefCell<Vec<Changes>>,
    claims: RefCell<BTreeMap<String, Claim>>,
    finding: Cell<u32>,
    /// Attempts under way; while there are any, the scan rests, for both at once make adapters fail.
    connecting: Cell<u32>,
    /// Since when it scans. The lock is held while that changes.
    scanning: tokio::sync::Mutex<()>,
    scanning_since: Cell<Option<Instant>>,
    /// Since when it has not listened for long enough to hear anybody.
    resting_since: Cell<Instant>,
    scan: Scan,
    /// When anything was heard last.
    heard_at: Cell<Instant>,
    /// Ends the listening to the adapter, with the thread.
    over: CancellationToken,
    /// Somebody was heard.
    heard: Notify,
    /// The kernel makes one connection after the other anyway.
    line: Semaphore,
    calls: Rc<Calls>,
}

impl Radio {
    fn new(settings: BleSettings) -> Radio {
        let air = Air::new(settings.services.clone());
        Radio {
            settings,
            session: tokio::sync::Mutex::new(None),
            manager: RefCell::new(None),
            air: RefCell::new(air),
            addresses: RefCell::default(),
            peripherals: RefCell::default(),
            looking: RefCell::default(),
            looked: RefCell::default(),
            watchers: RefCell::default(),
            claims: RefCell::default(),
            finding: Cell::new(0),
            connecting: Cell::new(0),
            scanning: tokio::sync::Mutex::new(()),
            scanning_since: Cell::new(None),
            resting_since: Cell::new(Instant::now()),
            scan: Scan::default(),
            heard_at: Cell::new(Instant::now()),
            over: CancellationToken::new(),
            heard: Notify::new(),
            line: Semaphore::new(1),
            calls: Rc::default(),
        }
    }

    async fn run(self: &Rc<Radio>, mut commands: mpsc::UnboundedReceiver<Command>) {
        let mut turn = tokio::time::interval(TURN);
        let mut checked = Instant::now();
        let mut ended = false;
        while !ended || !self.claims.borrow().is_empty() {
            tokio::select! { biased;
                command = commands.recv(), if !ended => match command {
                    Some(command) => self.take(command),
                    None => ended = true,
                },
                _ = turn.tick() => {
                    self.expire();
                    let relied_on = !self.watchers.borrow().is_empty() || !self.claims.borrow().is_empty();
                    if relied_on && checked.elapsed() >= CHECK_PAUSE {
                        checked = Instant::now();
                        let radio = self.clone();
                        tokio::task::spawn_local(async move { radio.check().await });
                    }
                }
            }
        }
        self.watchers.borrow_mut().clear();
        // What is on its way from the system would otherwise go on after the last who wanted it.
        let _ = self.settle_scan().await;
        self.over.cancel();
    }

    fn take(self: &Rc<Radio>, command: Command) {
        let radio = self.clone();
        // A task each: nobody waits for another's device. A panic ends that task alone.
        match command {
            Command::Ready { reply } => drop(tokio::task::spawn_local(async move {
                let _ = reply.send(radio.ready().await.map(|session| format!("adapter {}", session.name)));
            })),
            Command::Watch { changes, reply } => drop(tokio::task::spawn_local(async move {
                let _ = reply.send(radio.watch(changes).await);
            })),
            Command::Open { address, wiring, reply } => drop(tokio::task::spawn_local(async move {
                radio.open(&address, &wiring, reply).await;
            })),
            #[cfg(test)]
            Command::Panic => panic!("a bug, as the test wants it"),
        }
    }

    // ---- the adapter

    /// A session with an adapter that is there and switched on. Asking does not switch it on.
    async fn ready(self: &Rc<Radio>) -> Result<Session, LinkError> {
        let session = self.session().await?;
        match bounded(SYSTEM_LIMIT, session.adapter.adapter_state()).await {
            Ok(CentralState::PoweredOff) => Err(LinkError::AdapterOff),
            Ok(CentralState::PoweredOn | CentralState::Unknown) => Ok(session),
            Err(failed) => Err(failed.into_error("asking for the adapter's state")),
        }
    }

    /// The session, made anew when there is none, or its adapter is gone and another one will do.
    async fn session(self: &Rc<Radio>) -> Result<Session, LinkError> {
        let mut held = self.session.lock().await;
        if let Some(session) = held.as_ref()
            && name_of(&session.adapter).await.is_ok_and(|name| name == session.name)
        {
            return Ok(session.clone());
        }
        let known = self.manager.borrow().clone();
        let manager = match known {
            Some(manager) => manager,
            None => {
                let manager = bounded(SYSTEM_LIMIT, Manager::new()).await.map_err(no_bluetooth)?;
                *self.manager.borrow_mut() = Some(manager.clone());
                manager
            }
        };
        let adapters = match bounded(SYSTEM_LIMIT, manager.adapters()).await {
            Ok(adapters) => adapters,
            Err(failed) => {
                // Perhaps the way to the service is gone; the next call makes a new one.
                *self.manager.borrow_mut() = None;
                *held = None;
                return Err(no_bluetooth(failed));
            }
        };
        let (adapter, name) = self.choose(adapters).await?;
        if let Some(session) = held.as_ref().filter(|session| session.name == name) {
            return Ok(session.clone()); // it was unplugged and is back
        }
        if held.is_some() {
            // Another adapter takes over: what was connected or scanning with the old one has ended.
            self.lose(&LinkError::NoAdapter { wanted: None });
        }
        // Before all else, and for as long as the adapter is used: without a stream that was there first, the bus loses
        // signals of other devices as soon as one connection is made (decision 0052, 1).
        let mut events = bounded(SYSTEM_LIMIT, adapter.events())
            .await
            .map_err(|failed| failed.into_error("listening to the adapter"))?;
        let radio = self.clone();
        let listening = name.clone();
        tokio::task::spawn_local(async move {
            loop {
                tokio::select! { biased;
                    () = radio.over.cancelled() => return,
                    event = events.next() => match event {
                        Some(event) => radio.clone().hear(event),
                        None => break,
                    },
                }
            }
            tracing::debug!(adapter = listening, "the adapter's events ended");
            let mut held = radio.session.lock().await;
            if held.as_ref().is_some_and(|session| session.name == listening) {
                *held = None;
            }
        });
        self.air.borrow_mut().set_adapter(&name);
        let session = Session { adapter, name };
        *held = Some(session.clone());
        Ok(session)
    }

    /// The adapter that was asked for, or the first that is switched on, or the first.
    async fn choose(&self, adapters: Vec<Adapter>) -> Result<(Adapter, String), LinkError> {
        let wanted = self.settings.adapter.clone();
        let mut named = Vec::new();
        for adapter in adapters {
            if let Ok(name) = name_of(&adapter).await {
                named.push((name, adapter));
            }
        }
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        if let Some(wanted) = wanted {
            let found = named.into_iter().find(|(name, _)| *name == wanted);
            return found
                .map(|(name, adapter)| (adapter, name))
                .ok_or(LinkError::NoAdapter { wanted: Some(wanted) });
        }
        let mut first = None;
        for (name, adapter) in named {
            let state = bounded(SYSTEM_LIMIT, adapter.adapter_state()).await;
            if matches!(state, Ok(CentralState::PoweredOn)) {
                return Ok((adapter, name));
            }
            first = first.or(Some((adapter, name)));
        }
        first.ok_or(LinkError::NoAdapter { wanted: None })
    }

    /// Whether the adapter still works for those who rely on it.
    async fn check(self: Rc<Radio>) {
        match self.ready().await {
            Ok(_) => {}
            // A service that is slow to answer is not gone.
            Err(LinkError::TimedOut { .. }) => {}
            Err(error) => self.lose(&error),
        }
        self.end_silent_scan().await;
        if let Err(error) = self.settle_scan().await {
            tracing::debug!(%error, "the scan was not resumed");
        }
    }

    /// The adapter is gone or off: all links are lost, and who watches is told why.
    fn lose(&self, error: &LinkError) {
        self.scanning_since.set(None);
        for claim in self.claims.borrow().values().filter(|claim| claim.up) {
            claim.lost.cancel();
        }
        let left = self.air.borrow_mut().clear();
        self.forget_all();
        for watcher in self.watchers.borrow_mut().drain(..) {
            for sighting in &left {
                let _ = watcher.send(Ok(sighting.clone()));
            }
            let _ = watcher.send(Err(error.clone()));
        }
    }

    fn forget_all(&self) {
        self.addresses.borrow_mut().clear();
        self.looked.borrow_mut().clear();
        self.peripherals.borrow_mut().clear();
    }

    // ---- what is heard

    fn hear(self: Rc<Radio>, event: CentralEvent) {
        let (id, heard) = match event {
            CentralEvent::RssiUpdate { id, rssi } => (id, Heard { rssi: Some(rssi), ..Heard::default() }),
            CentralEvent::ManufacturerDataAdvertisement { id, manufacturer_data } => {
                (id, Heard { manufacturer_data, ..Heard::default() })
            }
            CentralEvent::ServiceDataAdvertisement { id, service_data } => {
                (id, Heard { service_data, ..Heard::default() })
            }
            // Not necessarily from the air: a connection tells services too. So this says nothing of presence.
            CentralEvent::ServicesAdvertisement { id, .. }
            | CentralEvent::DeviceDiscovered(id)
            | CentralEvent::DeviceUpdated(id) => return self.look(id),
            CentralEvent::DeviceConnected(id) => {
                if let Some(address) = self.address_of(&id)
                    && let Some(claim) = self.claims.borrow_mut().get_mut(&address)
                {
                    claim.up = true;
                }
                return;
            }
            CentralEvent::DeviceDisconnected(id) => {
                if let Some(address) = self.address_of(&id)
                    && let Some(claim) = self.claims.borrow().get(&address)
                    && claim.up
                {
                    claim.lost.cancel();
                }
                return;
            }
            CentralEvent::StateUpdate(CentralState::PoweredOff) => {
                // Off or unplugged: only a look tells. The scan has ended in any case.
                self.scanning_since.set(None);
                tokio::task::spawn_local(async move { self.check().await });
                return;
            }
            _ => return,
        };
        match self.address_of(&id).filter(|address| self.air.borrow().knows(address)) {
            Some(address) => {
                self.tell(&address, heard);
                // No event tells of a name that arrives in a later packet, and many devices never give one. So it is
                // asked for, now or a little later; a controller may report each device but once in a scan.
                if !self.air.borrow().has_name(&address) {
                    let looked = self.looked.borrow().get(&id).map_or(LOOK_PAUSE, Instant::elapsed);
                    tokio::task::spawn_local(async move {
                        tokio::time::sleep(LOOK_PAUSE.saturating_sub(looked)).await;
                        if self.looked.borrow().get(&id).is_none_or(|at| at.elapsed() >= LOOK_PAUSE) {
                            self.look(id);
                        }
                    });
                }
            }
            None => self.look(id),
        }
    }

    fn address_of(&self, id: &PeripheralId) -> Option<String> {
        self.addresses.borrow().get(id).cloned()
    }

    fn tell(&self, address: &str, heard: Heard) {
        let news = self.air.borrow_mut().hear(address, heard, Instant::now());
        self.heard_at.set(Instant::now());
        self.heard.notify_waiters();
        if let Some(sighting) = news {
            self.watchers.borrow_mut().retain(|watcher| watcher.send(Ok(sighting.clone())).is_ok());
        }
    }

    /// Reads what the system knows of a device; its packets' events have only parts.
    fn look(self: Rc<Radio>, id: PeripheralId) {
        if let Some(again) = self.looking.borrow_mut().get_mut(&id) {
            *again = true; // what it finds may be older than this packet
            return;
        }
        self.looking.borrow_mut().insert(id.clone(), false);
        self.looked.borrow_mut().insert(id.clone(), Instant::now());
        tokio::task::spawn_local(async move {
            let properties = self.properties(&id).await;
            let again = self.looking.borrow_mut().remove(&id).unwrap_or(false);
            let Some((peripheral, properties)) = properties else { return };
            let address = address(&peripheral, &id);
            self.addresses.borrow_mut().insert(id.clone(), address.clone());
            self.peripherals.borrow_mut().insert(address.clone(), peripheral);
            // A signal strength is there only for what the running scan has heard. The rest is memory.
            if properties.rssi.is_some() {
                self.tell(&address, heard(properties));
            }
            if again {
                self.look(id);
            }
        });
    }

    async fn properties(&self, id: &PeripheralId) -> Option<(Peripheral, PeripheralProperties)> {
        let session = self.session.lock().await.clone()?;
        let peripheral = bounded(SYSTEM_LIMIT, session.adapter.peripheral(id)).await.ok()?;
        let properties = bounded(SYSTEM_LIMIT, peripheral.properties()).await.ok()??;
        Some((peripheral, properties))
    }

    fn expire(&self) {
        let now = Instant::now();
        let Some(since) = self.scanning_since.get() else { return };
        let mut air = self.air.borrow_mut();
        for address in self.claims.borrow().keys() {
            air.keep(address, now);
        }
        let left = air.expire(self.settings.left_after, since, now);
        for sighting in left {
            self.watchers.borrow_mut().retain(|watcher| watcher.send(Ok(sighting.clone())).is_ok());
        }
    }

    async fn watch(self: &Rc<Radio>, changes: Changes) -> Result<(), LinkError> {
        self.ready().await?;
        if self.watchers.borrow().is_empty() && self.scanning_since.get().is_none() {
            // Nobody listened meanwhile, so nobody knows who left.
            let long_ago = Instant::now().checked_sub(self.settings.left_after).unwrap_or_else(Instant::now);
            self.air.borrow_mut().expire(self.settings.left_after, long_ago, Instant::now());
        }
        for sighting in self.air.borrow().present() {
            let _ = changes.send(Ok(sighting));
        }
        self.watchers.borrow_mut().push(changes.clone());
        let radio = self.clone();
        tokio::task::spawn_local(async move {
            changes.closed().await;
            radio.watchers.borrow_mut().retain(|watcher| !watcher.is_closed());
            let _ = radio.settle_scan().await;
        });
        self.settle_scan().await
    }

    /// Brings the scan to what is wanted now.
    async fn settle_scan(self: &Rc<Radio>) -> Result<(), LinkError> {
        let _held = self.scanning.lock().await;
        let wanted =
            self.connecting.get() == 0 && (!self.watchers.borrow().is_empty() || self.finding.get() > 0);
        if wanted == self.scanning_since.get().is_some() {
            return Ok(());
        }
        if wanted {
            // Asked before, for elsewhere than on Linux starting a scan might switch the adapter on.
            let Session { adapter, name } = self.ready().await?;
            let services = &self.settings.services;
            let begun = Instant::now();
            while let Err(failed) = self.scan.start(&adapter, &name, services).await {
                // The scan before it may still be ending, or the system lost this one: neither is anybody's fault, and the
                // next try does better.
                let error = failed.into_error("starting a scan");
                let passing = matches!(error, LinkError::System { .. } | LinkError::TimedOut { .. });
                if !passing || begun.elapsed() >= SCAN_BEGINS {
                    return Err(error);
                }
                tracing::debug!(%error, "a scan did not begin");
                tokio::time::sleep(SCAN_PAUSE).await;
            }
            tracing::trace!("the scan began");
            self.scanning_since.set(Some(Instant::now()));
        } else {
            let since = self.scanning_since.take();
            if since.is_some_and(|since| since.elapsed() >= LISTEN_TURN / 2) {
                self.resting_since.set(Instant::now());
            }
            let session = self.session.lock().await.clone();
            if let Some(Session { adapter, name }) = session {
                self.scan.stop(&adapter, &name).await;
                tracing::trace!("the scan rests");
            }
        }
        Ok(())
    }

    /// A scan that hears nobody may be none; the next settling begins another. To those who watch it is one scan.
    async fn end_silent_scan(self: &Rc<Radio>) {
        let _held = self.scanning.lock().await;
        let silent = |since: Instant| since.max(self.heard_at.get()).elapsed() >= SCAN_SILENCE;
        if self.scanning_since.get().is_none_or(|since| !silent(since)) {
            return;
        }
        let session = self.session.lock().await.clone();
        if let Some(Session { adapter, name }) = session {
            self.scan.stop(&adapter, &name).await;
        }
        tracing::debug!("a scan heard nobody, and begins anew");
        self.heard_at.set(Instant::now());
        self.scanning_since.set(None);
    }

    // ---- opening

    async fn open(
        self: &Rc<Radio>,
        address: &str,
        wiring: &Wiring,
        mut reply: oneshot::Sender<Result<BleLink, LinkError>>,
    ) {
        let address = address.to_ascii_uppercase();
        let claim = Claim { up: false, lost: CancellationToken::new() };
        if self.claims.borrow().contains_key(&address) {
            let reason = "it is in use here already".to_owned();
            let _ = reply.send(Err(LinkError::ConnectRefused { address, reason }));
            return;
        }
        self.claims.borrow_mut().insert(address.clone(), claim);
        let _claimed = Claimed { radio: self.clone(), address: address.clone() };
        let attempt = Attempt::default();
        let result = tokio::select! { biased;
            result = self.connect(&address, wiring, &attempt) => result,
            () = reply.closed() => Err(LinkError::Lost), // whoever asked has gone
        };
        attempt.end();
        let (peer, lost) = match result {
            Ok(connected) => connected,
            Err(error) => {
                attempt.call_off(&self.calls).await;
                let _ = reply.send(Err(error));
                let _ = self.settle_scan().await;
                return;
            }
        };
        attempt.keep();
        // The scan goes on as soon as the connection stands; nobody waits for that.
        let radio = self.clone();
        tokio::task::spawn_local(async move {
            let _ = radio.settle_scan().await;
        });
        let (orders, to_carry) = mpsc::unbounded_channel();
        let (inbox, received) = mpsc::unbounded_channel();
        let (close, closing) = oneshot::channel();
        let (closed, when_closed) = oneshot::channel();
        let opened = peer.opened.clone();
        let link = BleLink { opened, orders, inbox: received, close, closed: when_closed };
        // A link that nobody takes is dropped, which closes it.
        let _ = reply.send(Ok(link));
        peer.carry(to_carry, inbox, closing, lost, self.calls.clone()).await;
        drop(_claimed);
        let _ = closed.send(());
    }

    async fn connect(
        self: &Rc<Radio>,
        address: &str,
        wiring: &Wiring,
        attempt: &Attempt,
    ) -> Result<(Peer, CancellationToken), LinkError> {
        let mut tries = 0;
        loop {
            tries += 1;
            self.ready().await?;
            let peripheral = self.find(address).await?;
            tracing::trace!(address, tries, "found");
            let error = match self.try_connect(address, peripheral, wiring, attempt).await {
                Ok(connected) => return Ok(connected),
                Err(error) => error,
            };
            attempt.end();
            attempt.call_off(&self.calls).await;
            // BlueZ forgets a device that it could not connect, so what was known of it is worth nothing.
            self.forget(address);
            match error {
                LinkError::ServiceMissing | LinkError::NeedsPairing | LinkError::System { .. } => {
                    return Err(error);
                }
                error => {
                    tracing::debug!(%error, address, tries, "a connection attempt failed");
                    if tries >= CONNECT_TRIES {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Before a connection: lets those listen who wait for the scan, and hears the device again when the wait in the line
    /// was so long that the system may have forgotten it.
    async fn listen_first(self: &Rc<Radio>, address: &str) -> Result<(), LinkError> {
        let is_known = || self.air.borrow().is_present(address, REMEMBERED, Instant::now());
        let overdue = !self.watchers.borrow().is_empty()
            && self.scanning_since.get().is_none()
            && self.resting_since.get().elapsed() >= REST_LIMIT;
        if !overdue && self.finding.get() == 0 && is_known() {
            return Ok(());
        }
        let _listening = Counted::new(self.clone(), |radio| &radio.finding);
        self.settle_scan().await?;
        let begun = Instant::now();
        while begun.elapsed() < LISTEN_TURN && (overdue || self.finding.get() > 1 || !is_known()) {
            tokio::time::sleep(LISTEN_LOOK).await;
        }
        match is_known() {
            true => Ok(()),
            false => Err(LinkError::NotInSight { address: address.to_owned() }),
        }
    }

    async fn try_connect(
        self: &Rc<Radio>,
        address: &str,
        peripheral: Peripheral,
        wiring: &Wiring,
        attempt: &Attempt,
    ) -> Result<(Peer, CancellationToken), LinkError> {
        let refused = |reason: String| LinkError::ConnectRefused { address: address.to_owned(), reason };
        let _turn = self.line.acquire().await.map_err(|closed| refused(closed.to_string()))?;
        self.listen_first(address).await?;
        let alone = self.calls.write().await;
        let lost = CancellationToken::new();
        if let Some(claim) = self.claims.borrow_mut().get_mut(address) {
            *claim = Claim { up: false, lost: lost.clone() };
        }
        attempt.begin(self, peripheral.clone());
        self.settle_scan().await?;
        tracing::trace!(address, "connecting");
        tokio::select! { biased;
            connected = bounded(CONNECT_LIMIT, peripheral.connect()) => connected.map_err(|failed| match failed {
                Failed::TimedOut => refused("it did not answer in time".to_owned()),
                Failed::Said(text) => match of_system("connecting", &text) {
                    LinkError::System { .. } | LinkError::TimedOut { .. } => refused(text),
                    error => error,
                },
            })?,
            // The library does not notice, and would wait for half a minute.
            () = lost.cancelled() => return Err(refused("it dropped the connection".to_owned())),
        }
        if let Some(claim) = self.claims.borrow_mut().get_mut(address) {
            claim.up = true;
        }
        drop(alone);
        tracing::trace!(address, "connected");
        tokio::select! { biased;
            peer = Peer::discover(peripheral.clone(), wiring) => match peer {
                Ok(peer) => Ok((peer, lost.clone())),
                // The call may fail before the adapter tells why.
                Err(LinkError::Lost) => Err(refused("it dropped the connection".to_owned())),
                Err(LinkError::System { .. } | LinkError::TimedOut { .. }) if !is_connected(&peripheral).await => {
                    Err(refused("it dropped the connection".to_owned()))
                }
                Err(error) => Err(error),
            },
            () = lost.cancelled() => Err(refused("it dropped the connection".to_owned())),
        }
    }

    /// The device as the system knows it now, which it does only while or shortly after it was heard.
    async fn find(self: &Rc<Radio>, address: &str) -> Result<Peripheral, LinkError> {
        if let Some(peripheral) = self.present(address) {
            return Ok(peripheral);
        }
        let _finding = Counted::new(self.clone(), |radio| &radio.finding);
        self.settle_scan().await?;
        let mut listened = Duration::ZERO;
        loop {
            // Registered before the look, so that nobody is missed in between.
            let heard = self.heard.notified();
            if let Some(peripheral) = self.present(address) {
                return Ok(peripheral);
            }
            // While the scan rests for a connection nobody can be heard, so that time does not count. It is bounded all the
            // same: every connection is, and the scan has its turn between two of them.
            let counts = self.connecting.get() == 0;
            let begun = Instant::now();
            let _ = tokio::time::timeout(TURN, heard).await;
            if counts {
                listened += begun.elapsed();
            }
            if listened >= self.settings.find_within {
                return Err(LinkError::NotInSight { address: address.to_owned() });
            }
        }
    }

    fn present(&self, address: &str) -> Option<Peripheral> {
        let present = self.air.borrow().is_present(address, FRESH, Instant::now());
        self.peripherals.borrow().get(address).filter(|_| present).cloned()
    }

    fn forget(&self, address: &str) {
        self.air.borrow_mut().doubt(address);
        self.peripherals.borrow_mut().remove(address);
        self.addresses.borrow_mut().retain(|_, known| known != address);
    }
}

/// Counts up while it lives.
struct Counted {
    radio: Rc<Radio>,
    count: fn(&Radio) -> &Cell<u32>,
}

impl Counted {
    fn new(radio: Rc<Radio>, count: fn(&Radio) -> &Cell<u32>) -> Counted {
        count(&radio).update(|n| n + 1);
        Counted { radio, count }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.count)(&self.radio).update(|n| n - 1);
    }
}

/// Frees the device for the next who opens it.
struct Claimed {
    radio: Rc<Radio>,
    address: String,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.radio.claims.borrow_mut().remove(&self.address);
    }
}

/// The connection attempt under way, so that it can be called off when whoever asked has gone.
#[derive(Default)]
struct Attempt {
    peripheral: RefCell<Option<Peripheral>>,
    running: RefCell<Option<Counted>>,
}

impl Attempt {
    fn begin(&self, radio: &Rc<Radio>, peripheral: Peripheral) {
        *self.running.borrow_mut() = Some(Counted::new(radio.clone(), |radio| &radio.connecting));
        *self.peripheral.borrow_mut() = Some(peripheral);
    }

    /// The scan may go on.
    fn end(&self) {
        self.running.borrow_mut().take();
    }

    async fn call_off(&self, calls: &Calls) {
        let peripheral = self.peripheral.borrow_mut().take();
        if let Some(peripheral) = peripheral {
            let_go(&peripheral, calls).await;
        }
    }

    fn keep(&self) {
        self.peripheral.borrow_mut().take();
    }
}

fn no_bluetooth(failed: Failed) -> LinkError {
    match failed {
        Failed::TimedOut => LinkError::TimedOut { what: "asking the system's Bluetooth service" },
        Failed::Said(text) => match of_system("asking the system's Bluetooth service", &text) {
            LinkError::System { reason, .. } => LinkError::NoBluetooth { reason },
            error => error,
        },
    }
}

/// `hci0` of `hci0 (usb:v1D6Bp0246d0542)`; on other systems a word for the whole stack.
async fn name_of(adapter: &Adapter) -> Result<String, Failed> {
    let text = bounded(SYSTEM_LIMIT, adapter.adapter_info()).await?;
    Ok(text.split_whitespace().next().unwrap_or_default().to_owned())
}

/// The hardware address; macOS hides it behind an identifier of its own.
fn address(peripheral: &Peripheral, id: &PeripheralId) -> String {
    let address = peripheral.address();
    match address == BDAddr::default() {
        true => id.to_string().to_ascii_uppercase(),
        false => address.to_string(),
    }
}

fn heard(properties: PeripheralProperties) -> Heard {
    // On Linux `local_name` is the address where there is no name, and the name the device has inside where there is.
    let name = match cfg!(target_os = "linux") {
        true => properties.advertisement_name,
        false => properties.advertisement_name.or(properties.local_name),
    };
    Heard {
        name,
        services: properties.services,
        service_data: properties.service_data,
        manufacturer_data: properties.manufacturer_data,
        rssi: properties.rssi,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_the_bluetooth_thread_does_not_stay() {
        let medium = super::super::BleMedium::new(BleSettings::default());
        medium.send(Command::Panic).expect("a thread");
        // Whatever this machine has of Bluetooth: the answer comes from a living thread.
        let bound = Duration::from_secs(30);
        let dead = LinkError::NoBluetooth { reason: "the Bluetooth thread ended".to_owned() };
        tokio::time::timeout(bound, async {
            use crate::{Medium, Readiness};
            while medium.readiness().await == Readiness::NotReady(dead.clone()) {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("a new thread answers");
    }
}
