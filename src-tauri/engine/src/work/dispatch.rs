//! Who does what: one task that puts all facts into one order, owns the running jobs, and keeps two of them from working
//! on the same thing.
//!
//! Every fact goes through this task: to the journal first, then into the ledger, then to whoever listens. So every
//! reader sees the same story, and nobody hears of what is not on disk. Not here: what a job does (`runner.rs`).

use crate::fault::{Blame, Fault, FaultCode, Refusal, RefusalCode, Retry};
use crate::plan::patience;
use crate::plan::station::{Earlier, StationId};
use crate::record::batch::BatchPhase;
use crate::record::station::StationState;
use crate::record::yields::{Figures, Scope};
use crate::record::{
    BatchId, BatchState, Entry, JobState, Journal, JournalError, Ledger, Note, Origin, RecordedJob,
    UnitState, origin,
};
use crate::work::account::Account;
use crate::work::kept::KeptLinks;
use crate::work::sightings::Spotted;
use crate::work::{look, reconcile, runner, sightings, tracking};
use crate::{CloudRef, Fact, JobEvent, JobId, JobSecrets, Outcome, Progress, Recipe, Step, Target, UnitId};
use async_trait::async_trait;
use cloud::{Cloud, DeviceId};
use futures::stream::BoxStream;
use proto::{Address, MediumKind};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// Where a job's cloud comes from. A face implements it: it has the profiles and the secrets.
#[async_trait]
pub trait Clouds: Send + Sync {
    /// The cloud behind a reference, ready to be asked; the same one for the same reference, so that calls share their
    /// sign-in and their rate.
    async fn cloud(&self, which: &CloudRef) -> Result<Arc<dyn Cloud>, Refusal>;
}

/// What a job lets be known.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// It is in the journal.
    Fact(Fact),
    /// May be lost without harm.
    Progress(Progress),
}

/// A running job, as whoever started it sees it. Dropping it neither ends nor cancels the job, as long as the engine lives.
#[derive(Debug)]
pub struct Job {
    pub id: JobId,
    updates: mpsc::UnboundedReceiver<Update>,
    cancel: CancellationToken,
    /// A job keeps its engine alive.
    _owner: Arc<Owner>,
}

impl Job {
    /// The next thing to know, beginning with `Queued`; `None` after `Finished`.
    pub async fn next(&mut self) -> Option<Update> {
        self.updates.recv().await
    }

    /// Before delivery: stop. After it: stop waiting. Comes back at once; the job ends with `Finished` as always.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// For whoever wants to cancel while waiting in [`Job::next`].
    pub fn canceller(&self) -> CancellationToken {
        self.cancel.clone()
    }
}

/// What a gate is shown: a device that has said who it is, before anything is asked of the cloud or handed to it.
#[derive(Debug)]
pub struct Met<'a> {
    pub unit: &'a UnitId,
    pub identity: &'a proto::DeviceIdentity,
    /// It has passed before.
    pub earlier: Option<Earlier>,
}

/// A last word before the token: gives the end of the job if it goes no further.
pub type Gate = Arc<dyn Fn(&Met<'_>) -> Option<(Outcome, Fault)> + Send + Sync>;

/// Kills the engine at a chosen fact, as a power cut would: how the crash matrix is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fuse {
    /// This many facts are on disk, and nobody was told of the last one: what it intended is not done.
    BeforeActing { facts: usize },
    /// This many facts are on disk, and what follows the last one was done, but not written down.
    BeforeWriting { facts: usize },
}

/// Provisions devices, keeps the journal, settles what was left open. Cheap to clone; all clones are one engine, and when
/// the last of them and of its jobs is dropped, all work stops where it is.
#[derive(Debug, Clone)]
pub struct Engine {
    owner: Arc<Owner>,
}

/// Holds the dispatching task; jobs hold [`Shared`] only, so that they do not keep themselves alive.
#[derive(Debug)]
struct Owner {
    shared: Arc<Shared>,
    dispatcher: AbortHandle,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.dispatcher.abort();
    }
}

/// What every job may use.
pub(crate) struct Shared {
    journal: Journal,
    pub(crate) media: Vec<Arc<dyn link::Medium>>,
    clouds: Arc<dyn Clouds>,
    ledger: Mutex<Ledger>,
    calls: mpsc::UnboundedSender<Call>,
    told: broadcast::Sender<(JobId, Update)>,
    /// Entries that are not of a job.
    noted: broadcast::Sender<Entry>,
    accounts: Mutex<HashMap<CloudRef, Arc<Account>>>,
    /// Somebody asks about units whose end is not known.
    pub(crate) tracking: AtomicBool,
    pub(crate) kept: KeptLinks,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// What at most one job may have at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Claim {
    Address(Address),
    Unit(UnitId),
    /// A cloud device, by server.
    Device(String, DeviceId),
    /// The right to settle what this job left open.
    Case(JobId),
}

/// What is asked of the dispatching task.
enum Call {
    Append { notes: Vec<Note>, reply: oneshot::Sender<Result<Vec<Entry>, JournalError>> },
    Begin { order: Box<Order>, reply: oneshot::Sender<Result<Begun, Refusal>> },
    Claim { job: JobId, claim: Claim, reply: oneshot::Sender<Result<(), JobId>> },
    Release { job: JobId },
    Progress { job: JobId, progress: Progress },
    Running { reply: oneshot::Sender<Vec<JobId>> },
    Shutdown { reply: oneshot::Sender<()> },
}

/// A job that may begin.
pub(crate) struct Order {
    pub(crate) recipe: Recipe,
    pub(crate) target: Target,
    pub(crate) secrets: JobSecrets,
    pub(crate) origin: Box<Origin>,
    pub(crate) gate: Option<Gate>,
    pub(crate) way: runner::Way,
    pub(crate) cloud: Arc<dyn Cloud>,
}

struct Begun {
    id: JobId,
    updates: mpsc::UnboundedReceiver<Update>,
    cancel: CancellationToken,
}

impl Engine {
    /// Reads the journal and starts the dispatching task on the current runtime. Nothing in the world is touched: what a
    /// crash left open waits for [`Engine::reconcile`].
    ///
    /// Panics outside of a tokio runtime.
    pub fn new(
        journal: Journal,
        media: Vec<Arc<dyn link::Medium>>,
        clouds: Arc<dyn Clouds>,
    ) -> Result<Engine, Refusal> {
        Engine::start_up(journal, media, clouds, None)
    }

    /// An engine that dies at a chosen fact.
    pub fn with_fuse(
        journal: Journal,
        media: Vec<Arc<dyn link::Medium>>,
        clouds: Arc<dyn Clouds>,
        fuse: Fuse,
    ) -> Result<Engine, Refusal> {
        Engine::start_up(journal, media, clouds, Some(fuse))
    }

    fn start_up(
        journal: Journal,
        media: Vec<Arc<dyn link::Medium>>,
        clouds: Arc<dyn Clouds>,
        fuse: Option<Fuse>,
    ) -> Result<Engine, Refusal> {
        let ledger = journal.ledger().map_err(|error| Refusal::journal(&error))?;
        let (calls, inbox) = mpsc::unbounded_channel();
        let (told, _) = broadcast::channel(patience::UPDATES_KEPT);
        let (noted, _) = broadcast::channel(patience::UPDATES_KEPT);
        let shared = Arc::new(Shared {
            journal,
            media,
            clouds,
            ledger: Mutex::new(ledger),
            calls,
            told,
            noted,
            accounts: Mutex::default(),
            tracking: AtomicBool::new(false),
            kept: KeptLinks::default(),
        });
        let dispatcher = Dispatcher {
            shared: shared.clone(),
            inbox,
            running: BTreeMap::new(),
            claims: HashMap::new(),
            tasks: JoinSet::new(),
            of_task: HashMap::new(),
            fuse,
            written: 0,
        };
        let dispatcher = tokio::spawn(dispatcher.run()).abort_handle();
        Ok(Engine { owner: Arc::new(Owner { shared, dispatcher }) })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.owner.shared
    }

    /// Accepts a job, or says everything that speaks against it at once. Nothing is sent or opened before it is accepted.
    pub async fn start(&self, recipe: Recipe, target: Target, secrets: JobSecrets) -> Result<Job, Refusal> {
        self.start_for(recipe, target, secrets, Origin::default()).await
    }

    /// [`Engine::start_for`], with a gate that the device has to pass once it has said who it is.
    pub async fn start_gated(
        &self,
        recipe: Recipe,
        target: Target,
        secrets: JobSecrets,
        origin: Origin,
        gate: Gate,
    ) -> Result<Job, Refusal> {
        self.begin(recipe, target, secrets, origin, Some(gate), runner::Way::default()).await
    }

    /// [`Engine::start`], for a person who stands by: after a failure that can be corrected the link stays open for
    /// [`patience::CORRECTION`], and the next job with the same device that is started in this way goes on over it.
    pub async fn start_correctable(
        &self,
        recipe: Recipe,
        target: Target,
        secrets: JobSecrets,
    ) -> Result<Job, Refusal> {
        let way = runner::Way { correctable: true, ..runner::Way::default() };
        self.begin(recipe, target, secrets, Origin::default(), None, way).await
    }

    /// Lets the device go whose link was kept after this job.
    pub async fn let_link_go(&self, job: JobId) {
        self.shared().let_link_of_job_go(job).await;
    }

    /// [`Engine::start`], with a note of whence the job comes.
    pub async fn start_for(
        &self,
        recipe: Recipe,
        target: Target,
        secrets: JobSecrets,
        origin: Origin,
    ) -> Result<Job, Refusal> {
        self.begin(recipe, target, secrets, origin, None, runner::Way::default()).await
    }

    /// [`Engine::start_for`], on a link that the job shares with many others. A refusal closes a link that is open.
    pub(crate) async fn start_on(
        &self,
        recipe: Recipe,
        target: Target,
        secrets: JobSecrets,
        origin: Origin,
        way: runner::Way,
    ) -> Result<Job, Refusal> {
        self.begin(recipe, target, secrets, origin, None, way).await
    }

    async fn begin(
        &self,
        recipe: Recipe,
        target: Target,
        secrets: JobSecrets,
        origin: Origin,
        gate: Option<Gate>,
        way: runner::Way,
    ) -> Result<Job, Refusal> {
        let shared = self.shared();
        let mut order = runner::check(shared, recipe, target, secrets, origin, way).await?;
        order.gate = gate;
        let (reply, answer) = oneshot::channel();
        shared.call(Call::Begin { order: Box::new(order), reply });
        let begun = answer.await.map_err(|_| Refusal::journal(&JournalError::Closed))??;
        Ok(Job { id: begun.id, updates: begun.updates, cancel: begun.cancel, _owner: self.owner.clone() })
    }

    /// All updates of all jobs from now on. A listener that is too slow is told how many it missed.
    pub fn watch(&self) -> broadcast::Receiver<(JobId, Update)> {
        self.shared().told.subscribe()
    }

    /// Everything that is written down from now on and is not of a job: batches and the like. Jobs are told by
    /// [`Engine::watch`]; the numbers of both make one order.
    pub fn watch_entries(&self) -> broadcast::Receiver<Entry> {
        self.shared().noted.subscribe()
    }

    /// What is in sight on these media, as it comes, changes and goes, with the drivers that may fit. A medium that fails
    /// says so once; the others go on. Opens nothing.
    pub fn sightings(&self, media: &[MediumKind]) -> BoxStream<'static, Result<Spotted, Fault>> {
        sightings::merged(
            self.shared(),
            self.shared().media.iter().filter(|medium| media.contains(&medium.kind())).cloned(),
        )
    }

    /// Asks a device who it is and which networks it hears, without wanting anything of it. `driver`: only this one.
    ///
    /// # Errors
    /// A fault, among others when a job has the device.
    pub async fn look(
        &self,
        address: &Address,
        driver: Option<&'static dyn proto::Driver>,
        settings: &proto::DriverSettings,
        cancel: &CancellationToken,
    ) -> Result<look::Look, Fault> {
        look::look(self.shared(), address, driver, settings, cancel).await
    }

    /// Settles what lost answers and crashes left open, as far as it can be known now.
    pub async fn reconcile(&self) -> Vec<reconcile::Reconciled> {
        reconcile::reconcile(self.shared()).await
    }

    /// Keeps asking the cloud about units whose end is not known, for days and at low cost, for as long as this engine
    /// lives. Panics outside of a tokio runtime.
    pub fn keep_tracking(&self) {
        tokio::spawn(tracking::keep_asking(Arc::downgrade(self.shared())));
    }

    /// Cloud devices that were made here and never came to life; with `sweep`, those that nothing waits for are deleted.
    /// Devices that this journal did not make are neither named nor touched.
    pub async fn ghosts(&self, sweep: bool) -> Vec<reconcile::Ghost> {
        let sweep = if sweep { reconcile::Sweep::All } else { reconcile::Sweep::None };
        reconcile::ghosts(self.shared(), sweep).await
    }

    /// Asks the cloud to put a device into configuration mode; `Some(true)`: it is offline and will not hear it.
    pub async fn reconfigure(&self, cloud: &CloudRef, device: DeviceId) -> Result<Option<bool>, Fault> {
        let cloud = self.shared().cloud(cloud).await.map_err(|refusal| {
            Fault::new(FaultCode::CloudSignIn, Step::Connect, Blame::Operator, Retry::AfterFix)
                .with_chain(&refusal)
        })?;
        let asked = cloud.reconfigure(device).await;
        asked.map_err(|error| Fault::from_cloud(Step::Connect, &error).about("device", device))
    }

    /// What a station's facts add up to.
    pub fn station_state(&self, station: StationId) -> Option<StationState> {
        self.shared().ledger().station(station).cloned()
    }

    /// Yields, causes, times and slots of these runs.
    pub fn figures(&self, scope: &Scope) -> Figures {
        Figures::of(self.shared().ledger().jobs(), scope)
    }

    /// Whence every job came, oldest first.
    pub fn each_origin(&self, mut visit: impl FnMut(&Origin)) {
        self.shared().ledger().jobs().for_each(|(_, job)| visit(&job.state.origin));
    }

    /// All units that the journal knows.
    pub fn units(&self) -> Vec<UnitState> {
        self.shared().ledger().units().cloned().collect()
    }

    /// One unit, without a copy of all.
    pub fn unit(&self, unit: &UnitId) -> Option<UnitState> {
        self.shared().ledger().unit(unit).cloned()
    }

    /// The jobs that run now, in this process; what a crash left open is not among them.
    pub async fn running(&self) -> Vec<JobId> {
        self.shared().running().await
    }

    /// All batches, oldest first, each with whether it still waits for something.
    pub fn batches(&self) -> Vec<(BatchId, BatchPhase)> {
        self.shared().ledger().batches().map(|(id, batch)| (id, batch.phase)).collect()
    }

    pub fn batch(&self, batch: BatchId) -> Option<BatchState> {
        self.shared().ledger().batch(batch).cloned()
    }

    /// A look at a batch without a copy of all its rows; must be short, since every job waits for it.
    pub fn with_batch<T>(&self, batch: BatchId, look: impl FnOnce(&BatchState) -> T) -> Option<T> {
        self.shared().ledger().batch(batch).map(look)
    }

    /// All facts of a unit's jobs, in order. Blocks while reading.
    pub fn history(&self, unit: &UnitId) -> Vec<Fact> {
        let jobs = self.shared().ledger().unit(unit).map(|unit| unit.jobs.clone()).unwrap_or_default();
        let mut facts: Vec<Fact> =
            jobs.into_iter().filter_map(|job| self.shared().journal.facts_of(job).ok()).flatten().collect();
        facts.sort_by_key(|fact| fact.seq);
        facts
    }

    pub fn job(&self, job: JobId) -> Option<JobState> {
        self.recorded(job).map(|recorded| recorded.state)
    }

    /// A job with its times.
    pub fn recorded(&self, job: JobId) -> Option<RecordedJob> {
        self.shared().ledger().job(job).cloned()
    }

    pub fn journal(&self) -> &Journal {
        &self.shared().journal
    }

    /// Cancels all jobs and waits for their ends.
    pub async fn shutdown(&self) {
        let (reply, answer) = oneshot::channel();
        self.shared().call(Call::Shutdown { reply });
        // A dispatcher that is gone has no jobs left.
        let _ = answer.await;
        self.shared().let_all_links_go().await;
    }
}

impl Shared {
    fn call(&self, call: Call) {
        // When the dispatcher is gone, whoever waits for the reply learns it from its dropped sender.
        let _ = self.calls.send(call);
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // A panic while folding leaves a ledger that lacks facts at worst; the journal has them.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The driver that the device at this address answered to before.
    pub(crate) fn driver_before(&self, address: &proto::Address) -> Option<&'static dyn proto::Driver> {
        self.ledger().driver_at(address).and_then(proto::driver)
    }

    pub(crate) async fn cloud(&self, which: &CloudRef) -> Result<Arc<dyn Cloud>, Refusal> {
        self.clouds.cloud(which).await
    }

    /// What the jobs of one cloud account share; `cloud` is used where there is none yet.
    pub(crate) fn account(&self, which: &CloudRef, cloud: Arc<dyn Cloud>) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        match accounts.get(which) {
            // A face that signed in anew hands out another cloud; what was remembered of the old one goes with it.
            Some(account) if Arc::ptr_eq(&account.cloud, &cloud) => account.clone(),
            Some(_) | None => {
                let account = Arc::new(Account::new(cloud));
                accounts.insert(which.clone(), account.clone());
                account
            }
        }
    }

    /// Writes facts; comes back when they are on disk, in the ledger and told.
    pub(crate) async fn append(&self, job: JobId, events: Vec<JobEvent>) -> Result<Vec<Fact>, JournalError> {
        let notes = events.into_iter().map(|event| Note::Job(job, event)).collect();
        Ok(self.note(notes).await?.into_iter().filter_map(Entry::job).collect())
    }

    /// Writes notes of any kind; comes back when they are on disk, in the ledger and told.
    pub(crate) async fn note(&self, notes: Vec<Note>) -> Result<Vec<Entry>, JournalError> {
        let (reply, answer) = oneshot::channel();
        self.call(Call::Append { notes, reply });
        answer.await.map_err(|_| JournalError::Closed)?
    }

    /// Sends a fact on its way to the journal, behind all others of this job. Whether it could be written shows at the next
    /// one that is waited for.
    pub(crate) fn append_later(&self, job: JobId, event: JobEvent) {
        let (reply, _nobody_waits) = oneshot::channel();
        self.call(Call::Append { notes: vec![Note::Job(job, event)], reply });
    }

    pub(crate) fn progress(&self, job: JobId, progress: Progress) {
        self.call(Call::Progress { job, progress });
    }

    /// Takes something for a job until it ends, or says which job has it.
    pub(crate) async fn claim(&self, job: JobId, claim: Claim) -> Result<(), JobId> {
        let (reply, answer) = oneshot::channel();
        self.call(Call::Claim { job, claim, reply });
        answer.await.unwrap_or(Ok(()))
    }

    /// Lets go of all that was claimed in this job's name.
    pub(crate) fn release(&self, job: JobId) {
        self.call(Call::Release { job });
    }

    pub(crate) async fn running(&self) -> Vec<JobId> {
        let (reply, answer) = oneshot::channel();
        self.call(Call::Running { reply });
        answer.await.unwrap_or_default()
    }
}

struct Running {
    updates: mpsc::UnboundedSender<Update>,
    cancel: CancellationToken,
}

struct Dispatcher {
    shared: Arc<Shared>,
    inbox: mpsc::UnboundedReceiver<Call>,
    running: BTreeMap<JobId, Running>,
    claims: HashMap<Claim, JobId>,
    tasks: JoinSet<()>,
    of_task: HashMap<tokio::task::Id, JobId>,
    fuse: Option<Fuse>,
    written: usize,
}

/// The power is gone.
struct Dead;

type Waiting = (Vec<Note>, oneshot::Sender<Result<Vec<Entry>, JournalError>>);

impl Dispatcher {
    async fn run(mut self) {
        let mut closing: Vec<oneshot::Sender<()>> = Vec::new();
        loop {
            if !closing.is_empty() && self.tasks.is_empty() {
                for reply in closing.drain(..) {
                    let _ = reply.send(());
                }
            }
            let alive = tokio::select! { biased;
                Some(ended) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => self.ended(ended).await,
                call = self.inbox.recv() => match call {
                    Some(Call::Shutdown { reply }) => {
                        for running in self.running.values() {
                            running.cancel.cancel();
                        }
                        closing.push(reply);
                        Ok(())
                    }
                    Some(call) => self.take(call).await,
                    None => return,
                },
            };
            if alive.is_err() {
                return;
            }
        }
    }

    async fn take(&mut self, call: Call) -> Result<(), Dead> {
        match call {
            Call::Append { notes, reply } => {
                // Whatever else is waiting to be written goes to disk together.
                let mut batch = vec![(notes, reply)];
                let mut other = None;
                while batch.len() < patience::FACTS_TOGETHER {
                    match self.inbox.try_recv() {
                        Ok(Call::Append { notes, reply }) => batch.push((notes, reply)),
                        Ok(call) => {
                            other = Some(call);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                self.write(batch).await?;
                match other {
                    Some(call) => Box::pin(self.take(call)).await,
                    None => Ok(()),
                }
            }
            Call::Begin { order, reply } => self.begin(*order, reply).await,
            Call::Claim { job, claim, reply } => {
                let holder = *self.claims.entry(claim).or_insert(job);
                let _ = reply.send(if holder == job { Ok(()) } else { Err(holder) });
                Ok(())
            }
            Call::Release { job } => {
                self.claims.retain(|_, holder| *holder != job);
                Ok(())
            }
            Call::Progress { job, progress } => {
                self.tell(job, Update::Progress(progress));
                Ok(())
            }
            Call::Running { reply } => {
                let _ = reply.send(self.running.keys().copied().collect());
                Ok(())
            }
            Call::Shutdown { reply } => {
                // Only reached behind a batch of facts; the loop sees it again.
                self.shared.call(Call::Shutdown { reply });
                Ok(())
            }
        }
    }

    async fn begin(
        &mut self,
        order: Order,
        reply: oneshot::Sender<Result<Begun, Refusal>>,
    ) -> Result<(), Dead> {
        let id = JobId(uuid::Uuid::now_v7());
        if let Some(met) = &order.way.met {
            // Who met the device hands its claim over.
            self.claims
                .values_mut()
                .filter(|holder| **holder == met.claimant)
                .for_each(|holder| *holder = id);
        }
        if let Target::At { address } = &order.target {
            let holder = *self.claims.entry(Claim::Address(address.clone())).or_insert(id);
            if holder != id {
                let _ = reply.send(Err(Refusal::of(RefusalCode::DeviceBusy, &[("device", address.text())])));
                return Ok(());
            }
        }
        let (updates, heard) = mpsc::unbounded_channel();
        let cancel = CancellationToken::new();
        self.running.insert(id, Running { updates, cancel: cancel.clone() });
        let mut origin = order.origin.clone();
        origin.software.get_or_insert_with(|| origin::SOFTWARE.to_owned());
        let recipe = Box::new(order.recipe.clone());
        let queued = JobEvent::Queued { recipe, target: order.target.clone(), origin };
        let (written, answer) = oneshot::channel();
        self.write(vec![(vec![Note::Job(id, queued)], written)]).await?;
        if let Ok(Err(error)) | Err(error) = answer.await.map_err(|_| JournalError::Closed) {
            self.forget(id);
            let _ = reply.send(Err(Refusal::journal(&error)));
            return Ok(());
        }
        let task = self.tasks.spawn(runner::run(self.shared.clone(), id, order, cancel.clone()));
        self.of_task.insert(task.id(), id);
        let _ = reply.send(Ok(Begun { id, updates: heard, cancel }));
        Ok(())
    }

    /// Journal first, then the ledger, then whoever listens, then whoever wrote.
    async fn write(&mut self, batch: Vec<Waiting>) -> Result<(), Dead> {
        if self.fuse.is_some() {
            return self.write_fused(batch).await;
        }
        let mut notes = Vec::new();
        let mut replies = Vec::new();
        for (of_one, reply) in batch {
            replies.push((of_one.len(), reply));
            notes.extend(of_one);
        }
        match self.shared.journal.write(notes).await {
            Ok(entries) => {
                self.publish(&entries);
                let mut entries = entries.into_iter();
                for (count, reply) in replies {
                    let _ = reply.send(Ok(entries.by_ref().take(count).collect()));
                }
            }
            Err(error) => {
                for (_, reply) in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
        Ok(())
    }

    /// One fact at a time, until the fuse burns.
    async fn write_fused(&mut self, batch: Vec<Waiting>) -> Result<(), Dead> {
        for (notes, reply) in batch {
            let mut written = Vec::new();
            for note in notes {
                if let Some(Fuse::BeforeWriting { facts }) = self.fuse
                    && self.written >= facts
                {
                    return Err(Dead);
                }
                match self.shared.journal.write(vec![note]).await {
                    Ok(entries) => written.extend(entries),
                    Err(_) => return Err(Dead),
                }
                self.written += 1;
                if let Some(Fuse::BeforeActing { facts }) = self.fuse
                    && self.written >= facts
                {
                    return Err(Dead);
                }
            }
            self.publish(&written);
            let _ = reply.send(Ok(written));
        }
        Ok(())
    }

    fn publish(&self, entries: &[Entry]) {
        {
            let mut ledger = self.shared.ledger();
            for entry in entries {
                ledger.take_in(entry);
            }
        }
        for entry in entries {
            match entry {
                Entry::Job(fact) => self.tell(fact.job, Update::Fact(fact.clone())),
                Entry::Batch(_) | Entry::Station(_) => {
                    // Nobody may be listening.
                    let _ = self.shared.noted.send(entry.clone());
                }
            }
        }
    }

    fn tell(&self, job: JobId, update: Update) {
        if let Some(running) = self.running.get(&job) {
            // Whoever started the job may have gone away.
            let _ = running.updates.send(update.clone());
        }
        let _ = self.shared.told.send((job, update));
    }

    fn forget(&mut self, job: JobId) {
        self.running.remove(&job);
        self.claims.retain(|_, holder| *holder != job);
    }

    async fn ended(
        &mut self,
        ended: Result<(tokio::task::Id, ()), tokio::task::JoinError>,
    ) -> Result<(), Dead> {
        let (task, panicked) = match &ended {
            Ok((task, ())) => (*task, false),
            Err(error) => (error.id(), error.is_panic()),
        };
        let Some(job) = self.of_task.remove(&task) else { return Ok(()) };
        let mut result = Ok(());
        if panicked {
            // What a panic says may hold anything, also a secret; its place is the panic hook's log.
            let (step, delivered) = {
                let ledger = self.shared.ledger();
                let state = ledger.job(job).map(|recorded| &recorded.state);
                (
                    state.and_then(|state| state.step).unwrap_or(Step::Connect),
                    state.is_some_and(|state| state.delivery.uncertain() || state.token_carried.is_some()),
                )
            };
            let fault = Fault::new(FaultCode::UsBug, step, Blame::Us, Retry::Now);
            let outcome = if delivered { Outcome::Unknown } else { Outcome::Failed };
            let finished = JobEvent::Finished { outcome, fault: Some(Box::new(fault)) };
            let (reply, _answer) = oneshot::channel();
            result = self.write(vec![(vec![Note::Job(job, finished)], reply)]).await;
        }
        self.forget(job);
        result
    }
}
