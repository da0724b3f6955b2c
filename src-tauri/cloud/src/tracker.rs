//! Waiting until the cloud has seen devices, with few questions for many of them.
//!
//! Fresh devices that wait together share list calls, and only a device that a list names is looked up by itself. Renewed
//! devices are in every list already, so they are looked up one by one. What they share is a rate: calm while nothing comes,
//! higher with each device that was there, since devices that were told together come together. All times that
//! are compared are the cloud's. How long to wait at all is the caller's patience: dropping a wait ends it.
//!
//! Not here: what happens with a device that was not seen (`engine`).

use crate::{Cloud, CloudCause, CloudError, CloudTime, DeviceId, DeviceRecord, OrgId, Presence};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    pub org: OrgId,
    pub device: DeviceId,
    /// When the job began, by the cloud's clock. Only a connect at or after it counts.
    pub since: Option<CloudTime>,
    /// Renewed devices: the last connect that the cloud knew before delivery. Only a later one counts.
    pub baseline_connect: Option<CloudTime>,
    /// The device id was made for this job, so whatever the cloud sees of it is new.
    pub fresh: bool,
}

/// The cloud has seen it connect after the job began.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// When, by the cloud's clock: the connect, else the activation, else the moment of the answer.
    pub at: Option<CloudTime>,
    /// The text template id that the device declared.
    pub template: Option<String>,
    pub firmware: Option<String>,
    pub record: Option<DeviceRecord>,
}

/// Whether what the cloud says proves that it saw the device after the job began.
///
/// - Fresh id: it is connected, or it was activated and has told its hardware (a device may check in and drop again).
/// - Renewed: its last connect is later than the one before delivery. Being online proves nothing: that may be the old token.
/// - Both: nothing counts that is older than the job by the cloud's clock.
pub fn judge(watch: &Watch, presence: &Presence) -> Option<Seen> {
    let record = presence.record.as_ref()?;
    if record.id != watch.device {
        return None;
    }
    let begun = |at: CloudTime| watch.since.is_none_or(|since| at >= since);
    let at = if watch.fresh {
        let checked_in = record.activated_at.is_some() && record.template.is_some();
        let told =
            [record.last_connect, record.first_connect, record.activated_at].into_iter().flatten().max();
        match told {
            Some(at)
                if begun(at) && (checked_in || record.last_connect.or(record.first_connect).is_some()) =>
            {
                Some(at)
            }
            Some(at) if begun(at) && presence.connected == Some(true) => Some(at),
            None if presence.connected == Some(true) => presence.at,
            _ => return None,
        }
    } else {
        // Without anything to compare with, nothing can be proven.
        let proof = watch.since.or(watch.baseline_connect).and(record.last_connect)?;
        let newer = watch.baseline_connect.is_none_or(|before| proof > before);
        (newer && begun(proof)).then_some(Some(proof))?
    };
    Some(Seen {
        at,
        template: record.template.clone(),
        firmware: record.firmware_version.clone(),
        record: Some(record.clone()),
    })
}

/// When to ask, each with its reason (reference section 7).
#[derive(Debug, Clone)]
pub struct Cadence {
    /// No device connects sooner than this after its network is up.
    pub first: Duration,
    /// While a person watches and most devices arrive.
    pub quick: Duration,
    /// How long the quick rhythm lasts.
    pub quick_for: Duration,
    pub slow: Duration,
    /// The complete list of an organization is fetched this rarely: it costs a request per 1,000 devices, and finds only
    /// what the short list of the last activations has missed.
    pub sweep: Duration,
    /// Up to so many fresh devices of an organization are asked about one by one; more share lists.
    pub few: usize,
    /// Single look-ups of all waiting devices together, per second, at most: 1,800 a minute leave most of the allowance
    /// of 10,000 to the work.
    pub lookups_per_second: u32,
    /// The same while none of them finds anything: enough for the quick rhythm of sixteen devices that wait alone.
    pub calm_per_second: u32,
    /// In a crowd for which that is too little, each is still looked at this often.
    pub crowd: Duration,
    /// Calls in flight at once.
    pub in_flight: usize,
}

impl Default for Cadence {
    fn default() -> Cadence {
        Cadence {
            first: Duration::from_secs(3),
            quick: Duration::from_secs(2),
            quick_for: Duration::from_secs(60),
            slow: Duration::from_secs(5),
            sweep: Duration::from_secs(30),
            few: 3,
            lookups_per_second: 30,
            calm_per_second: 8,
            crowd: Duration::from_secs(120),
            in_flight: 16,
        }
    }
}

/// Waits for devices of one account; clones share their questions.
#[derive(Clone)]
pub struct Tracker(Arc<Inner>);

struct Inner {
    cloud: Arc<dyn Cloud>,
    cadence: Cadence,
    waiting: Mutex<Waiting>,
    changed: Notify,
    asked: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    watches: BTreeMap<u64, Waiter>,
    /// The one task that asks, by its number.
    asking: Option<u64>,
    /// The last question that failed in passing, until one succeeds.
    trouble: Option<CloudError>,
}

struct Waiter {
    watch: Watch,
    since: Instant,
    due: Instant,
    /// A single look-up is on its way.
    looking: bool,
    /// Named by a list, so that a look-up is worth its price.
    named: bool,
    /// Look-ups after which it was still not seen; each makes the next one rarer.
    misses: u32,
    done: oneshot::Sender<Result<Seen, CloudError>>,
}

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker").field("cloud", &self.0.cloud).finish_non_exhaustive()
    }
}

impl Inner {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a wait off the list however it ends.
struct Leave<'a>(&'a Inner, u64);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.waiting().watches.remove(&self.1);
        self.0.changed.notify_one();
    }
}

impl Tracker {
    pub fn new(cloud: Arc<dyn Cloud>) -> Tracker {
        Tracker::with_cadence(cloud, Cadence::default())
    }

    pub fn with_cadence(cloud: Arc<dyn Cloud>, cadence: Cadence) -> Tracker {
        Tracker(Arc::new(Inner {
            cloud,
            cadence,
            waiting: Mutex::default(),
            changed: Notify::new(),
            asked: AtomicU64::new(0),
        }))
    }

    /// Waits until the cloud has seen the device; `None` when cancelled. Has no bound of its own: the caller's patience is
    /// the bound, and dropping the wait is safe.
    ///
    /// # Errors
    /// Only what waiting cannot heal: sign-in, permission, scope, a foreign redirect. Timeouts, 5xx, 429 and lost networks
    /// do not end it; see [`Tracker::trouble`].
    pub async fn until_seen(
        &self,
        watch: Watch,
        cancel: &CancellationToken,
    ) -> Result<Option<Seen>, CloudError> {
        let (done, seen) = oneshot::channel();
        let id = {
            let mut waiting = self.0.waiting();
            let id = waiting.next;
            waiting.next += 1;
            let now = Instant::now();
            let due = now + self.0.cadence.first;
            let waiter = Waiter { watch, since: now, due, looking: false, named: false, misses: 0, done };
            waiting.watches.insert(id, waiter);
            if waiting.asking.is_none() {
                waiting.asking = Some(id);
                tokio::spawn(ask_until_nobody_waits(Asking(self.0.clone(), id)));
            }
            id
        };
        let _leave = Leave(&self.0, id);
        self.0.changed.notify_one();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(None),
            seen = seen => seen.expect("the asking task answers before it lets a waiter go").map(Some),
        }
    }

    /// One look, for whoever asks later whether it has been seen meanwhile.
    ///
    /// # Errors
    /// Any failure of the look-up; nothing is repeated here.
    pub async fn check_once(&self, watch: &Watch) -> Result<Option<Seen>, CloudError> {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        let presence = self.0.cloud.presence(watch.device).await?;
        Ok(judge(watch, &presence))
    }

    /// Questions asked so far (calls of [`Cloud`]; one may take more than one request).
    pub fn asked(&self) -> u64 {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// Why the last question failed, if none has succeeded since: what a wait that ran out of patience can tell.
    pub fn trouble(&self) -> Option<CloudError> {
        self.0.waiting().trouble.clone()
    }
}

/// The rate of look-ups that no list has announced.
struct Guesses {
    free_at: Instant,
    /// How many times the calm rate is wanted now.
    eagerness: f64,
    /// Whose turn it is: who has been due longest, or who began to wait last.
    young: bool,
}

/// A look-up that finds a device makes others likely; one that does not makes them less so. Where one in seven finds
/// something, the rate stays as it is.
const FOUND: f64 = 1.6;
const MISSED: f64 = 0.925;
/// Devices that began to wait within this time of each other are of one age.
const AGE: Duration = Duration::from_secs(10);

impl Guesses {
    fn new(now: Instant) -> Guesses {
        Guesses { free_at: now, eagerness: 1.0, young: true }
    }

    /// Until the next one, with so many devices to guess about.
    fn gap(&self, cadence: &Cadence, crowd: usize) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "no crowd has more than 2^52 devices")]
        let calm = (crowd as f64 / cadence.crowd.as_secs_f64()).max(f64::from(cadence.calm_per_second));
        let most = f64::from(cadence.lookups_per_second.max(1));
        Duration::from_secs_f64(1.0 / (calm * self.eagerness).clamp(1.0, most))
    }

    fn heed(&mut self, cadence: &Cadence, found: bool) {
        let most = f64::from(cadence.lookups_per_second) / f64::from(cadence.calm_per_second.max(1));
        self.eagerness = (self.eagerness * if found { FOUND } else { MISSED }).clamp(1.0, most.max(1.0));
    }

    /// The next of those that are due, in two orders by turns: in a crowd that is looked at rarely, a person with one
    /// device is not behind all others, and nobody is behind for ever.
    fn pick(&mut self, due: &mut Vec<Due>) -> Option<u64> {
        self.young = !self.young;
        let of_age = |due: &Due| due.began.elapsed().as_secs() / AGE.as_secs();
        let at = match self.young {
            true => (0..due.len()).min_by_key(|at| (of_age(&due[*at]), due[*at].at)),
            false => (0..due.len()).min_by_key(|at| due[*at].at),
        };
        at.map(|at| due.swap_remove(at).id)
    }
}

/// A device that may be looked up now.
struct Due {
    id: u64,
    at: Instant,
    began: Instant,
}

/// How the lists of one organization stand.
struct Lists {
    due: Instant,
    on_the_way: bool,
    /// The short list is refused or unknown here; only the complete one is left.
    short: bool,
    /// Neither list is open to this account: every device is looked up by itself.
    any: bool,
    sweep_due: Instant,
}

enum Answer {
    Looked(u64, Result<Presence, CloudError>),
    Short(OrgId, Result<Vec<DeviceId>, CloudError>),
    Complete(OrgId, Result<Vec<DeviceId>, CloudError>),
}

/// Says that nobody asks any more, also when the runtime ends the task in the middle.
struct Asking(Arc<Inner>, u64);

impl Drop for Asking {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        if waiting.asking == Some(self.1) {
            waiting.asking = None;
        }
    }
}

/// The one task that asks; it ends with the last waiter.
async fn ask_until_nobody_waits(asking: Asking) {
    let inner = &asking.0;
    let mut calls: JoinSet<Answer> = JoinSet::new();
    let mut lists: HashMap<OrgId, Lists> = HashMap::new();
    let mut guesses = Guesses::new(Instant::now());
    loop {
        let wake = {
            let mut waiting = inner.waiting();
            if waiting.watches.is_empty() {
                waiting.asking = None;
                return;
            }
            start_due(inner, &mut waiting, &mut lists, &mut calls, &mut guesses)
        };
        let mut answer = tokio::select! {
            answer = calls.join_next(), if !calls.is_empty() => answer,
            () = inner.changed.notified() => None,
            () = tokio::time::sleep_until(wake) => None,
        };
        // All that is there is taken before the list of waiters is gone through again.
        while let Some(result) = answer {
            match result {
                Ok(answer) => take(inner, &mut lists, &mut guesses, answer),
                // A call that panicked leaves its waiters without an answer; they are asked about again.
                Err(_) => forget_calls(inner, &mut lists, &mut calls),
            }
            answer = calls.try_join_next();
        }
    }
}

/// Starts what is due and says when to look again.
fn start_due(
    inner: &Arc<Inner>,
    waiting: &mut Waiting,
    lists: &mut HashMap<OrgId, Lists>,
    calls: &mut JoinSet<Answer>,
    guesses: &mut Guesses,
) -> Instant {
    let cadence = &inner.cadence;
    let now = Instant::now();
    let mut wake = now + cadence.slow;
    // By organization: how many fresh devices wait, since when, and when the first that no list has named is due.
    let mut fresh: HashMap<OrgId, (usize, Instant, Option<Instant>)> = HashMap::new();
    for waiter in waiting.watches.values().filter(|waiter| waiter.watch.fresh) {
        let (count, oldest, due) = fresh.entry(waiter.watch.org).or_insert((0, waiter.since, None));
        *count += 1;
        *oldest = (*oldest).min(waiter.since);
        if !waiter.named {
            *due = Some(due.map_or(waiter.due, |due| due.min(waiter.due)));
        }
    }
    lists.retain(|org, lists| lists.on_the_way || fresh.contains_key(org));

    for (org, (count, oldest, due)) in &fresh {
        let Some(due) = due.filter(|_| *count > cadence.few) else { continue };
        let state = lists.entry(*org).or_insert(Lists {
            due,
            on_the_way: false,
            short: true,
            any: true,
            sweep_due: due,
        });
        if !state.any || state.on_the_way {
            continue;
        }
        let at = state.due.max(due);
        if at > now {
            wake = wake.min(at);
            continue;
        }
        if calls.len() >= cadence.in_flight {
            continue;
        }
        state.on_the_way = true;
        inner.asked.fetch_add(1, Ordering::Relaxed);
        let (cloud, org) = (inner.cloud.clone(), *org);
        if !state.short || state.sweep_due <= now {
            calls.spawn(async move {
                let list = cloud.devices(org).await;
                Answer::Complete(org, list.map(|list| list.into_iter().map(|record| record.id).collect()))
            });
        } else {
            // One minute more than the longest wait, since a job reserves before it begins to wait.
            let minutes =
                u8::try_from(now.duration_since(*oldest).as_secs() / 60 + 2).unwrap_or(60).clamp(5, 60);
            calls.spawn(async move {
                let list = cloud.last_activated(org, minutes).await;
                Answer::Short(org, list.map(|list| list.into_iter().map(|(id, _)| id).collect()))
            });
        }
    }

    let listed = |watch: &Watch| {
        watch.fresh
            && fresh.get(&watch.org).is_some_and(|(count, ..)| *count > cadence.few)
            && lists.get(&watch.org).is_some_and(|lists| lists.any)
    };
    let mut announced: Vec<(Instant, u64)> = Vec::new();
    let mut due: Vec<Due> = Vec::new();
    let mut crowd = 0;
    for (id, waiter) in &waiting.watches {
        let guessed = !waiter.named && !listed(&waiter.watch);
        crowd += usize::from(guessed);
        match () {
            () if waiter.looking || !(waiter.named || guessed) => {}
            () if waiter.due > now => wake = wake.min(waiter.due),
            () if guessed => due.push(Due { id: *id, at: waiter.due, began: waiter.since }),
            () => announced.push((waiter.due, *id)),
        }
    }
    // Whoever a list has named goes first: that look-up is made once and needs no rate.
    announced.sort_unstable();
    let mut announced = announced.into_iter();
    while calls.len() < cadence.in_flight {
        let id = match announced.next() {
            Some((_, id)) => id,
            None if due.is_empty() => break,
            None if guesses.free_at > now => {
                wake = wake.min(guesses.free_at);
                break;
            }
            None => {
                guesses.free_at = now.max(guesses.free_at + guesses.gap(cadence, crowd));
                let Some(id) = guesses.pick(&mut due) else { break };
                id
            }
        };
        let Some(waiter) = waiting.watches.get_mut(&id) else { continue };
        waiter.looking = true;
        inner.asked.fetch_add(1, Ordering::Relaxed);
        let (cloud, device) = (inner.cloud.clone(), waiter.watch.device);
        calls.spawn(async move { Answer::Looked(id, cloud.presence(device).await) });
    }
    wake
}

fn take(inner: &Inner, lists: &mut HashMap<OrgId, Lists>, guesses: &mut Guesses, answer: Answer) {
    let cadence = &inner.cadence;
    let now = Instant::now();
    let mut waiting = inner.waiting();
    let failed = match &answer {
        Answer::Looked(_, result) => result.as_ref().err(),
        Answer::Short(_, result) | Answer::Complete(_, result) => result.as_ref().err(),
    };
    waiting.trouble = failed.cloned();
    match answer {
        Answer::Looked(id, result) => {
            let Some(mut waiter) = waiting.watches.remove(&id) else { return };
            let end = match result {
                Ok(presence) => judge(&waiter.watch, &presence).map(Ok),
                Err(error) if lasting(&error) => Some(Err(error)),
                Err(_) => None,
            };
            if !waiter.named {
                guesses.heed(cadence, matches!(end, Some(Ok(_))));
            }
            if let Some(end) = end {
                // Nobody there any more is fine: the wait was dropped in this very moment.
                drop(waiter.done.send(end));
                return;
            }
            waiter.looking = false;
            let mut rhythm = rhythm(cadence, now.duration_since(waiter.since));
            if waiter.named {
                // A list named it too early, or it does not tell enough: twice as patient each time.
                waiter.misses = (waiter.misses + 1).min(4);
                rhythm = rhythm.max(cadence.quick * (1 << waiter.misses));
            }
            waiter.due = now + rhythm;
            waiting.watches.insert(id, waiter);
        }
        Answer::Short(org, result) => {
            let Some(state) = lists.get_mut(&org) else { return };
            state.on_the_way = false;
            match result {
                Ok(named) => name(&mut waiting, org, &named, now),
                Err(error) if ends_all(&error) => return end_all(&mut waiting, &error),
                Err(error) if lasting(&error) || unknown_here(&error) => state.short = false,
                Err(_) => {}
            }
            state.due = now + list_rhythm(cadence, &waiting, org, now);
        }
        Answer::Complete(org, result) => {
            let Some(state) = lists.get_mut(&org) else { return };
            state.on_the_way = false;
            let mut rows = 0;
            match result {
                Ok(named) => {
                    rows = named.len();
                    name(&mut waiting, org, &named, now);
                }
                Err(error) if ends_all(&error) => return end_all(&mut waiting, &error),
                Err(error) if lasting(&error) || unknown_here(&error) => state.any = state.short,
                Err(_) => {}
            }
            // An organization of many pages is swept more rarely.
            state.sweep_due =
                now + cadence.sweep + Duration::from_millis(10) * u32::try_from(rows).unwrap_or(u32::MAX);
            state.due = now + list_rhythm(cadence, &waiting, org, now);
        }
    }
}

fn rhythm(cadence: &Cadence, waited: Duration) -> Duration {
    if waited < cadence.quick_for { cadence.quick } else { cadence.slow }
}

/// Lists follow the youngest wait: somebody may stand beside that device.
fn list_rhythm(cadence: &Cadence, waiting: &Waiting, org: OrgId, now: Instant) -> Duration {
    let of_org = waiting.watches.values().filter(|waiter| waiter.watch.fresh && waiter.watch.org == org);
    let youngest = of_org.map(|waiter| now.duration_since(waiter.since)).min();
    rhythm(cadence, youngest.unwrap_or_default())
}

fn name(waiting: &mut Waiting, org: OrgId, named: &[DeviceId], now: Instant) {
    let named: std::collections::HashSet<DeviceId> = named.iter().copied().collect();
    for waiter in waiting.watches.values_mut() {
        let fits = waiter.watch.fresh && waiter.watch.org == org && named.contains(&waiter.watch.device);
        if fits && !waiter.named {
            waiter.named = true;
            waiter.due = now;
        }
    }
}

/// Waiting does not heal it.
fn lasting(error: &CloudError) -> bool {
    match &error.cause {
        CloudCause::SignIn { .. }
        | CloudCause::Forbidden { .. }
        | CloudCause::ScopeOff { .. }
        | CloudCause::Invalid { .. }
        | CloudCause::DeviceLimit { .. }
        | CloudCause::ForeignRedirect { .. } => true,
        CloudCause::NotFound
        | CloudCause::RateLimited { .. }
        | CloudCause::Server { .. }
        | CloudCause::Unexpected { .. }
        | CloudCause::Timeout
        | CloudCause::Unreachable { .. }
        | CloudCause::UnknownHost { .. }
        | CloudCause::Tls { .. }
        | CloudCause::WrongClock { .. }
        | CloudCause::Proxy { .. }
        | CloudCause::Cut
        | CloudCause::TooLarge { .. }
        | CloudCause::NotUnderstood { .. } => false,
    }
}

/// No other call can succeed either.
fn ends_all(error: &CloudError) -> bool {
    matches!(
        error.cause,
        CloudCause::SignIn { .. } | CloudCause::ScopeOff { .. } | CloudCause::ForeignRedirect { .. }
    )
}

/// This server does not have the call.
fn unknown_here(error: &CloudError) -> bool {
    matches!(
        error.cause,
        CloudCause::NotFound
            | CloudCause::Unexpected { .. }
            | CloudCause::NotUnderstood { .. }
            | CloudCause::TooLarge { .. }
    )
}

fn end_all(waiting: &mut Waiting, error: &CloudError) {
    for (_, waiter) in std::mem::take(&mut waiting.watches) {
        drop(waiter.done.send(Err(error.clone())));
    }
}

fn forget_calls(inner: &Inner, lists: &mut HashMap<OrgId, Lists>, calls: &mut JoinSet<Answer>) {
    calls.abort_all();
    *calls = JoinSet::new();
    lists.clear();
    let due = Instant::now() + inner.cadence.slow;
    for waiter in inner.waiting().watches.values_mut() {
        (waiter.looking, waiter.due) = (false, due);
    }
}
