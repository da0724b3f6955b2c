//! A batch on its way: which device gets which row, how many go at once, and when all of them stand still.
//!
//! One task owns a batch. Devices that come are matched with rows by what they show; where that does not tell, they are
//! asked who they are before anything is wanted of them, so that no row is spent on a stranger or on a unit that has
//! passed. Each unit is then an ordinary job. Not here: when to stop (`plan/line_stop.rs`), how many links a medium takes
//! (`links.rs`), what a crash left open (`reconcile.rs`).

use crate::fault::{Blame, Fault, FaultCode, Refusal, RefusalCode, Retry, Why};
use crate::plan::batch::{BatchPlan, BatchSecrets};
use crate::plan::line_stop::{self, CanaryVerdict, Ended, LineWatch};
use crate::plan::patience;
use crate::record::batch::{BatchEvent, BatchFact, BatchId, BatchItem, Bind, FixField, LineStop, RowEnd};
use crate::record::{Act, Entry, JobState, Note, Origin, origin};
use crate::work::dispatch::{Engine, Update};
use crate::work::links::{HoldRule, Links};
use crate::work::reconcile::Reconciled;
use crate::work::runner::{self, Way};
use crate::work::sightings::{self, Spotted};
use crate::work::tracking;
use crate::{JobEvent, JobId, JobSecrets, Outcome, Recipe, Step, Target, UnitId};
use futures::StreamExt;
use link::Change;
use proto::{Address, Advert, DeviceIdentity, MediumKind, Secret};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How a batch is run, beside what its rows say.
#[derive(Debug, Clone)]
pub struct BatchOptions {
    /// The first unit alone; `None`: for more than [`CANARY_FROM`] rows.
    pub canary: Option<bool>,
    /// Most jobs at once.
    pub parallel: Option<u32>,
    pub hold: HoldRule,
    /// Rows without a device end when nothing has happened for so long; `None`: they wait for ever, since somebody watches.
    pub give_up: Option<Duration>,
    /// With [`Engine::resume_batch`]: the rows that failed are run again, too.
    pub retry_failed: bool,
    /// Station, operator and order, for every job. What [`Engine::resume_batch`] is not told is as it was before.
    pub origin: Origin,
}

impl Default for BatchOptions {
    fn default() -> BatchOptions {
        BatchOptions {
            canary: None,
            parallel: None,
            hold: HoldRule::default(),
            give_up: Some(patience::NO_MORE_DEVICES),
            retry_failed: false,
            origin: Origin::default(),
        }
    }
}

/// A batch of more rows than this begins with a canary unless somebody says otherwise.
pub const CANARY_FROM: usize = 10;

/// What a batch lets be known, in one order.
#[derive(Debug, Clone, PartialEq)]
pub enum BatchNews {
    /// It is in the journal.
    Entry(Box<BatchFact>),
    /// Of a row's job.
    Job { row: u32, job: JobId, update: Box<Update> },
    /// What was open from before, and what came of asking.
    Settled(Box<Reconciled>),
    /// A device that no row wants, or that does not say who it is.
    PassedOver { address: Address, unit: Option<UnitId>, fault: Option<Box<Fault>> },
}

/// What a person changed before a batch goes on.
#[derive(Debug, Clone)]
pub enum Fix {
    /// It was mended outside of this program.
    Outside {
        field: FixField,
    },
    /// Another value for the rows that are left; `from`: only where it was this.
    Value {
        field: FixField,
        from: Option<String>,
        to: String,
    },
    WifiPassword {
        ssid: Option<String>,
        password: Secret,
    },
    DeviceSecret {
        secret: Secret,
    },
}

enum Wish {
    Pause,
    Continue { fix: Option<Fix> },
    Retry { rows: Vec<u32> },
    Leave,
    Stop,
}

/// A running batch, as whoever started it sees it. Dropping it neither ends nor stops the batch.
#[derive(Debug)]
pub struct BatchRun {
    pub id: BatchId,
    news: mpsc::UnboundedReceiver<BatchNews>,
    wishes: BatchWishes,
}

/// What may be asked of a running batch; cheap to clone. Each call comes back at once, and is told as news when it is done.
#[derive(Debug, Clone)]
pub struct BatchWishes(mpsc::UnboundedSender<Wish>);

impl std::fmt::Debug for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wish")
    }
}

impl BatchRun {
    /// The next thing to know; `None` when the batch has ended, or was stopped by [`BatchWishes::stop`].
    pub async fn next(&mut self) -> Option<BatchNews> {
        self.news.recv().await
    }

    pub fn wishes(&self) -> BatchWishes {
        self.wishes.clone()
    }
}

impl BatchWishes {
    /// No new unit begins; those that run go on to their end.
    pub fn pause(&self) {
        self.wish(Wish::Pause);
    }

    /// Goes on after a pause or a stop. The rows that met the cause of the stop are run again.
    pub fn go_on(&self, fix: Option<Fix>) {
        self.wish(Wish::Continue { fix });
    }

    /// These rows are run again; none: all that failed.
    pub fn retry(&self, rows: Vec<u32>) {
        self.wish(Wish::Retry { rows });
    }

    /// Lets what runs come to its end, and then ends the task; the batch can be resumed.
    pub fn leave(&self) {
        self.wish(Wish::Leave);
    }

    /// Cancels what runs and ends the task; the batch can be resumed.
    pub fn stop(&self) {
        self.wish(Wish::Stop);
    }

    fn wish(&self, wish: Wish) {
        // A batch that has ended has no more wishes to hear.
        let _ = self.0.send(wish);
    }
}

impl Engine {
    /// Accepts a batch and begins. Its rows are in the journal before anything is opened.
    ///
    /// # Errors
    /// A refusal when it has no rows, or when the journal takes nothing.
    pub async fn begin_batch(
        &self,
        plan: BatchPlan,
        mut secrets: BatchSecrets,
        options: BatchOptions,
    ) -> Result<BatchRun, Refusal> {
        if plan.items.is_empty() {
            return Err(Refusal::because(RefusalCode::FileUnreadable, Why::FileNoRows, &[]));
        }
        let id = BatchId(uuid::Uuid::now_v7());
        let rows = u32::try_from(plan.items.len()).unwrap_or(u32::MAX);
        let canary = options.canary.unwrap_or(plan.items.len() > CANARY_FROM);
        let mut notes = vec![Note::Batch(
            id,
            BatchEvent::Begun {
                name: plan.name,
                path: plan.path,
                rows,
                canary,
                parallel: options.parallel,
                extra: plan.extra,
                software: origin::SOFTWARE.to_owned(),
                origin: Box::new(options.origin.clone()),
            },
        )];
        let facts = plan.items.chunks(patience::ROWS_A_FACT);
        notes.extend(facts.map(|rows| Note::Batch(id, BatchEvent::Rows { rows: rows.to_vec() })));
        secrets.of_rows.extend(plan.of_rows);
        let entries = self.shared().note(notes).await.map_err(|error| Refusal::journal(&error))?;
        let mut line = LineToStart::of(self, id, secrets, options, canary);
        for item in plan.items {
            line.want(item, None, None);
        }
        Ok(line.start(entries, Vec::new()))
    }

    /// Takes a batch up where the journal ends: what was open is asked about first.
    ///
    /// # Errors
    /// A refusal for a batch that the journal does not know, or when the journal takes nothing.
    pub async fn resume_batch(
        &self,
        id: BatchId,
        secrets: BatchSecrets,
        options: BatchOptions,
    ) -> Result<BatchRun, Refusal> {
        let known = self.shared().ledger().batch(id).map(|batch| {
            let of_rows: Vec<JobId> = batch.rows().flat_map(|row| row.jobs.iter().copied()).collect();
            (of_rows, batch.stop.clone(), batch.canary, batch.parallel, batch.origin.clone())
        });
        let Some((jobs, stop, with_canary, parallel, before)) = known else {
            return Err(Refusal::of(RefusalCode::UnknownBatch, &[("batch", &id.to_string())]));
        };
        let origin = options.origin.clone().or(&before);
        let jobs: HashSet<JobId> = jobs.into_iter().collect();
        let settled = crate::work::reconcile::reconcile_of(self.shared(), &|job| jobs.contains(&job)).await;

        let mut notes = Vec::new();
        let software = origin::SOFTWARE.to_owned();
        let continued = BatchEvent::Continued { software, origin: Box::new(origin.clone()) };
        notes.push(Note::Batch(id, continued));
        let stopped = stop.is_some();
        let mut again: Vec<u32> = stop.as_ref().map(|stop| stop.rows.clone()).unwrap_or_default();
        let mut wanted = Vec::new();
        let mut passed_any = false;
        let mut units = Vec::new();
        {
            let ledger = self.shared().ledger();
            let Some(batch) = ledger.batch(id) else {
                return Err(Refusal::of(RefusalCode::UnknownBatch, &[("batch", &id.to_string())]));
            };
            for row in batch.rows() {
                let last = row.jobs.last().and_then(|job| Some((*job, &ledger.job(*job)?.state)));
                passed_any |= row.end.as_ref().is_some_and(|end| end.outcome == Outcome::Passed);
                let taken_up = match &row.end {
                    Some(end) if end.outcome == Outcome::Passed => None,
                    // Nobody knew how it ended: now the cloud is asked again, and then the device.
                    Some(end) if end.outcome == Outcome::Unknown => match taken_up(last) {
                        TakenUp::Ended { outcome: Outcome::Unknown, .. } => None,
                        taken_up => Some(taken_up),
                    },
                    Some(end) => {
                        let failed = options.retry_failed && end.outcome == Outcome::Failed;
                        // Also those that met it when the line stood still already.
                        let met = again.contains(&row.item.row)
                            || stop.as_ref().is_some_and(|stop| stop.is_met_in(end.fault.as_deref()));
                        (failed || met).then_some(TakenUp::Again)
                    }
                    None => Some(taken_up(last)),
                };
                if row.end.is_some() && taken_up.is_some() && !again.contains(&row.item.row) {
                    again.push(row.item.row);
                }
                if let Some(unit) = last.and_then(|(_, state)| state.unit.clone()) {
                    units.push((unit, row.item.row));
                }
                match taken_up {
                    None => {}
                    Some(TakenUp::Ended { job, outcome, fault }) => {
                        let ended =
                            BatchEvent::RowEnded { row: row.item.row, job: Some(job), outcome, fault };
                        notes.push(Note::Batch(id, ended));
                        passed_any |= outcome == Outcome::Passed;
                    }
                    Some(TakenUp::Again) => wanted.push((row.item.clone(), place_of(last), None)),
                    Some(TakenUp::Settling { job }) => {
                        wanted.push((row.item.clone(), place_of(last), Some(job)));
                    }
                }
            }
        }
        if !again.is_empty() {
            notes.insert(0, Note::Batch(id, BatchEvent::RowsReopened { rows: again }));
        }
        let entries = self.shared().note(notes).await.map_err(|error| Refusal::journal(&error))?;
        // A unit that has passed has shown that the others may go; after a stop one goes alone again.
        let canary = options.canary.unwrap_or(with_canary) && (!passed_any || stopped);
        let options = BatchOptions { parallel: options.parallel.or(parallel), origin, ..options };
        let mut line = LineToStart::of(self, id, secrets, options, canary);
        // Also the unit of a row that has ended is that row's, and no other's next device.
        line.line.taken.extend(units);
        for (item, place, settling) in wanted {
            line.want(item, place, settling);
        }
        Ok(line.start(entries, settled))
    }
}

/// The device that a row had before.
struct Place {
    unit: Option<UnitId>,
    address: Option<Address>,
}

fn place_of(last: Option<(JobId, &JobState)>) -> Option<Place> {
    let (_, state) = last?;
    Some(Place { unit: state.unit.clone(), address: state.address.clone() })
}

/// What is to be done with a row that had no result when the program ended.
enum TakenUp {
    Ended {
        job: JobId,
        outcome: Outcome,
        fault: Option<Box<Fault>>,
    },
    Again,
    /// It may have everything: the cloud is asked for a while before it is run again.
    Settling {
        job: JobId,
    },
}

fn taken_up(last: Option<(JobId, &JobState)>) -> TakenUp {
    let Some((job, state)) = last else { return TakenUp::Again };
    let interrupted = |fault: &Option<Box<Fault>>| {
        fault.as_ref().is_some_and(|fault| {
            // The last of them: it was let go while it joined, came back, and has not said why yet.
            matches!(
                fault.code,
                FaultCode::Interrupted
                    | FaultCode::Cancelled
                    | FaultCode::CloudAnswerLost
                    | FaultCode::CloudNotSeen
            )
        })
    };
    match state.outcome {
        Some(Outcome::Passed) => TakenUp::Ended { job, outcome: Outcome::Passed, fault: None },
        Some(Outcome::Failed) if !interrupted(&state.fault) => {
            TakenUp::Ended { job, outcome: Outcome::Failed, fault: state.fault.clone() }
        }
        Some(Outcome::Failed | Outcome::Skipped) => TakenUp::Again,
        Some(Outcome::Unknown) => match &state.fault {
            Some(fault) if fault.code == FaultCode::CloudAnswerLost => TakenUp::Again,
            Some(fault) if fault.code == FaultCode::TokenNoCarrier => {
                TakenUp::Ended { job, outcome: Outcome::Unknown, fault: state.fault.clone() }
            }
            _ => TakenUp::Settling { job },
        },
        None => TakenUp::Settling { job },
    }
}

/// A row that has no result yet.
struct Row {
    item: BatchItem,
    /// The unit that it was bound to by an earlier job.
    unit: Option<UnitId>,
    address: Option<Address>,
    attempts: u32,
    running: bool,
    /// Its device failed after it was let go, and has not said why.
    came_back: bool,
    /// The turn in which it began last.
    began: u64,
    /// The turn in which it met what it is still to say.
    met_in: Option<u64>,
    /// Not before this moment.
    after: Option<Instant>,
    /// The job whose end the cloud is still asked about, and until when.
    settling: Option<(JobId, Instant)>,
}

/// A device in sight.
struct Seen {
    advert: Advert,
    fits: bool,
    /// What it said when it was asked.
    unit: Option<UnitId>,
    busy: bool,
    /// It went away while it was busy: what is there by now may be another one.
    left: bool,
    here: bool,
    queued: bool,
    /// How often it was asked who it is without an answer.
    silent: u32,
    after: Option<Instant>,
    fault: Option<Box<Fault>>,
}

/// Whom a device is for, as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Row(u32),
    /// It has to be asked who it is.
    Ask,
    Nobody,
}

/// Which devices in line may be next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Any,
    /// Those that came back without a word why they failed.
    CameBack,
    /// All but those.
    Others,
    /// Those that no row has tried.
    Untried,
}

/// What an attending task asks of the batch's own: whose row is this unit?
struct WhoseRow {
    turn: u64,
    address: Address,
    unit: UnitId,
    identity: DeviceIdentity,
    reply: oneshot::Sender<Option<Assigned>>,
}

struct Assigned {
    row: u32,
    recipe: Recipe,
    secrets: JobSecrets,
}

/// How attending to one device ended.
struct Attended {
    turn: u64,
    address: Address,
    end: AttendedEnd,
}

enum AttendedEnd {
    /// No row wants this unit.
    NotWanted {
        unit: UnitId,
    },
    /// It does not say who it is.
    Silent {
        fault: Box<Fault>,
    },
    /// A job was refused.
    Refused {
        row: u32,
        refusal: Refusal,
    },
    Done {
        row: u32,
        job: JobId,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    Paused,
    /// A repeated cause; a person has to look.
    Stopped,
    /// Nothing begins any more.
    Closing,
}

struct Line {
    engine: Engine,
    id: BatchId,
    options: BatchOptions,
    secrets: BatchSecrets,
    rows: BTreeMap<u32, Row>,
    by_mac: HashMap<String, u32>,
    by_label: HashMap<String, u32>,
    by_address: HashMap<Address, u32>,
    next: BTreeSet<u32>,
    /// Units that a row has or had in this batch.
    taken: HashMap<UnitId, u32>,
    seen: HashMap<Address, Seen>,
    serial_queue: VecDeque<Address>,
    ble_queue: VecDeque<Address>,
    serial: Arc<Links>,
    ble: Arc<Links>,
    attending: JoinSet<Attended>,
    jobs: HashMap<u32, CancellationToken>,
    watch: LineWatch,
    /// The next unit goes alone, beside those that began before that was decided.
    canary: bool,
    /// Devices that were attended to, counted; whoever has a lower number began before.
    turns: u64,
    /// Those that are attended to now.
    out: BTreeSet<u64>,
    /// Who began by this turn met the world as it was before somebody mended it.
    mended: u64,
    /// A unit that began after that has passed.
    proven: bool,
    /// What was answered by that.
    answered: Vec<(FaultCode, Option<u16>)>,
    gate: Gate,
    /// What runs is to end.
    cancelled: bool,
    stop: Option<LineStop>,
    last_event: Instant,
    news: mpsc::UnboundedSender<BatchNews>,
    who: mpsc::UnboundedSender<WhoseRow>,
    started: mpsc::UnboundedSender<(u32, CancellationToken)>,
}

/// The other ends of a line's channels.
struct Inbox {
    who: mpsc::UnboundedReceiver<WhoseRow>,
    started: mpsc::UnboundedReceiver<(u32, CancellationToken)>,
    wishes: mpsc::UnboundedReceiver<Wish>,
}

/// Ends the task with its owner.
struct Background(AbortHandle);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Line {
    // ---- rows

    /// A row waits for its device (again).
    fn want(&mut self, item: BatchItem, place: Option<Place>, settling: Option<JobId>) {
        let row = item.row;
        let now = Instant::now();
        let patience = Duration::from_secs(u64::from(item.recipe.patience_s));
        let (unit, address) = place.map_or((None, None), |place| (place.unit, place.address));
        let attempts = self.rows.get(&row).map_or(0, |row| row.attempts);
        let wanted = Row {
            item,
            unit,
            address,
            attempts,
            running: false,
            came_back: false,
            began: 0,
            met_in: None,
            after: settling.map(|_| now + patience::AFTER_A_CRASH.min(patience / 4)),
            settling: settling.map(|job| (job, now + patience)),
        };
        self.rows.insert(row, wanted);
        self.index(row);
    }

    fn index(&mut self, row: u32) {
        let Some(wanted) = self.rows.get(&row) else { return };
        if let Some(unit) = &wanted.unit {
            self.taken.insert(unit.clone(), row);
            self.by_mac.insert(unit.0.clone(), row);
            if let Some(address) = &wanted.address {
                self.by_address.insert(address.clone(), row);
            }
        }
        match &wanted.item.bind {
            Bind::Mac { mac } => drop(self.by_mac.insert(mac.clone(), row)),
            Bind::Label { label } => drop(self.by_label.insert(label.to_lowercase(), row)),
            Bind::Next => drop(self.next.insert(row)),
        }
    }

    fn wanted(&self, row: u32) -> Option<&Row> {
        self.rows.get(&row).filter(|row| !row.running)
    }

    /// Which row this device is for, by what it shows, what it said before, or not at all.
    fn fit(&self, address: &Address) -> Fit {
        let Some(seen) = self.seen.get(address) else { return Fit::Nobody };
        if let Some(unit) = &seen.unit {
            if let Some(row) = self.row_of_unit(unit) {
                return Fit::Row(row);
            }
            // It was let go while nothing might begin, or when no row was free; one may be by now.
            let may_be_next = seen.fits
                && !self.taken.contains_key(unit)
                && self.free_row().is_some()
                && !self.has_passed(unit);
            return if may_be_next { Fit::Ask } else { Fit::Nobody };
        }
        if let Some(row) = self.by_address.get(address).filter(|row| self.wanted(**row).is_some()) {
            // A radio address is the device; on a port another one may be by now.
            return match address.medium() {
                MediumKind::Ble => Fit::Row(*row),
                MediumKind::Serial => Fit::Ask,
            };
        }
        if let Some(row) = self.row_of_advert(address, &seen.advert) {
            return Fit::Row(row);
        }
        let asks = self.rows.values().any(|row| !row.running)
            && match address.medium() {
                MediumKind::Serial => true,
                // A stranger's device is not connected to for a row that knows its name.
                MediumKind::Ble => {
                    self.next.iter().any(|row| self.wanted(*row).is_some())
                        || self.by_mac.values().any(|row| self.wanted(*row).is_some())
                }
            };
        match seen.fits && asks && seen.silent < patience::ASKED_MOST {
            true => Fit::Ask,
            false => Fit::Nobody,
        }
    }

    fn row_of_unit(&self, unit: &UnitId) -> Option<u32> {
        let row = self.taken.get(unit).or_else(|| self.by_mac.get(&unit.0))?;
        self.wanted(*row).map(|_| *row)
    }

    fn row_of_advert(&self, address: &Address, advert: &Advert) -> Option<u32> {
        let mut labels: Vec<&str> = vec![address.text()];
        match advert {
            Advert::Ble(ble) => labels.extend(ble.name.as_deref()),
            Advert::Serial(serial) => {
                labels.extend(serial.usb.as_ref().and_then(|usb| usb.serial.as_deref()))
            }
        }
        let by_mac = match address {
            Address::Ble(text) => self.by_mac.get(&text.to_ascii_uppercase()),
            Address::Serial(_) => None,
        };
        by_mac
            .copied()
            .filter(|row| self.wanted(*row).is_some())
            .or_else(|| labels.into_iter().find_map(|label| self.row_of_label(label)))
    }

    /// By the whole text, or by what stands behind its last dash: that is what fits on a label.
    fn row_of_label(&self, text: &str) -> Option<u32> {
        let text = text.trim().to_lowercase();
        let short = text.rsplit_once('-').map(|(_, short)| short.to_owned());
        [Some(text), short]
            .into_iter()
            .flatten()
            .find_map(|text| self.by_label.get(&text).copied().filter(|row| self.wanted(*row).is_some()))
    }

    /// The row of a unit that said who it is.
    fn row_for(&self, unit: &UnitId, identity: &DeviceIdentity, address: &Address) -> Option<u32> {
        if let Some(row) = self.row_of_unit(unit) {
            return Some(row);
        }
        if self.taken.contains_key(unit) {
            return None;
        }
        let mac = identity.mac.as_ref().map(|mac| mac.replace('-', ":").to_ascii_uppercase());
        if let Some(row) =
            mac.and_then(|mac| self.by_mac.get(&mac)).filter(|row| self.wanted(**row).is_some())
        {
            return Some(*row);
        }
        let labels = [identity.uid.as_deref(), identity.name.as_deref(), Some(unit.0.as_str())];
        if let Some(row) = labels.into_iter().flatten().find_map(|label| self.row_of_label(label)) {
            return Some(row);
        }
        if let Some(row) = self.seen.get(address).and_then(|seen| self.row_of_advert(address, &seen.advert)) {
            return Some(row);
        }
        // A unit that has passed is not the next device: it is done.
        match self.has_passed(unit) {
            true => None,
            false => self.free_row(),
        }
    }

    fn has_passed(&self, unit: &UnitId) -> bool {
        let ledger = self.engine.shared().ledger();
        ledger.unit(unit).is_some_and(|unit| unit.outcome == Some(Outcome::Passed))
    }

    /// A row that takes the next device. Rows that had another unit before take a new one only when that one is not in
    /// sight.
    fn free_row(&self) -> Option<u32> {
        let free = |row: &&u32| {
            self.wanted(**row).is_some_and(|row| {
                let waits_for_its_own = row.unit.as_ref().is_some_and(|own| {
                    row.settling.is_some()
                        || self.seen.values().any(|seen| seen.unit.as_ref() == Some(own))
                        || row.address.as_ref().is_some_and(|address| self.seen.contains_key(address))
                });
                !waits_for_its_own
            })
        };
        self.next.iter().find(free).copied()
    }

    // ---- devices

    fn spotted(&mut self, spotted: Spotted) {
        let Spotted { sighting, drivers } = spotted;
        let address = sighting.address;
        if sighting.change == Change::Left {
            if let Some(seen) = self.seen.get_mut(&address).filter(|seen| seen.busy) {
                (seen.unit, seen.left, seen.here) = (None, true, false);
            } else {
                self.seen.remove(&address);
            }
            return;
        }
        let fits = !drivers.is_empty();
        let seen = self.seen.entry(address.clone()).or_insert_with(|| Seen {
            advert: sighting.advert.clone(),
            fits,
            unit: None,
            busy: false,
            left: false,
            here: true,
            queued: false,
            silent: 0,
            after: None,
            fault: None,
        });
        seen.advert = sighting.advert;
        seen.fits = fits;
        seen.here = true;
        self.enqueue(&address);
    }

    /// Puts a device in line if some row may want it.
    fn enqueue(&mut self, address: &Address) {
        if self.fit(address) == Fit::Nobody {
            return;
        }
        let Some(seen) = self.seen.get_mut(address) else { return };
        if seen.busy || seen.queued {
            return;
        }
        seen.queued = true;
        self.last_event = Instant::now();
        match address.medium() {
            MediumKind::Serial => self.serial_queue.push_back(address.clone()),
            MediumKind::Ble => self.ble_queue.push_back(address.clone()),
        }
    }

    fn enqueue_all(&mut self) {
        let addresses: Vec<Address> = self.seen.keys().cloned().collect();
        addresses.iter().for_each(|address| self.enqueue(address));
    }

    /// Begins with as many devices as may go now.
    fn fill(&mut self) {
        let most = self.options.parallel.map_or(patience::JOBS_AT_ONCE, |most| most.max(1) as usize);
        while self.gate == Gate::Open
            && self.attending.len() < most
            && !(self.canary && self.out.last().is_some_and(|turn| *turn > self.mended))
        {
            let (serial, ble) = (self.serial.clone(), self.ble.clone());
            // Whoever goes alone should be one that has not failed yet, where others have passed.
            let mut choices = vec![Choice::Any];
            if self.canary && self.has_passes() {
                choices.insert(0, Choice::Untried);
            }
            let began = choices.into_iter().any(|choice| {
                self.begin_next(&serial, MediumKind::Serial, choice)
                    || self.begin_next(&ble, MediumKind::Ble, choice)
            });
            if !began {
                break;
            }
        }
        self.ble.set_crowded(self.gate == Gate::Open && !self.canary && !self.ble_queue.is_empty());
    }

    fn queue(&mut self, kind: MediumKind) -> &mut VecDeque<Address> {
        match kind {
            MediumKind::Serial => &mut self.serial_queue,
            MediumKind::Ble => &mut self.ble_queue,
        }
    }

    /// The next device in line for which the time has come. To hear a device out holds a link for a minute: while others wait
    /// that is one at a time. But while devices come back and none that began later passes, something may have changed for
    /// all of them, and those that came back are heard out before new ones begin.
    fn take_next(&mut self, kind: MediumKind, choice: Choice) -> Option<(Address, Fit)> {
        if kind == MediumKind::Serial || choice != Choice::Any {
            return self.take_next_of(kind, choice);
        }
        let hearing = self.rows.values().any(|row| row.running && row.came_back);
        if self.watch.unexplained() >= patience::CAME_BACK {
            match self.take_next_of(kind, Choice::CameBack) {
                None if hearing => return None,
                None => {}
                heard_out => return heard_out,
            }
        }
        let first = if hearing { Choice::Others } else { Choice::CameBack };
        self.take_next_of(kind, first).or_else(|| self.take_next_of(kind, Choice::Any))
    }

    fn take_next_of(&mut self, kind: MediumKind, choice: Choice) -> Option<(Address, Fit)> {
        let now = Instant::now();
        for _ in 0..self.queue(kind).len() {
            let address = self.queue(kind).pop_front()?;
            let fit = self.fit(&address);
            let row_after = match fit {
                Fit::Row(row) => self.rows.get(&row).and_then(|row| row.after),
                // A device on a port that a row had before: when that row's time has come.
                Fit::Ask => self.by_address.get(&address).and_then(|row| self.wanted(*row)?.after),
                Fit::Nobody => None,
            };
            let Some(seen) = self.seen.get_mut(&address) else { continue };
            if fit == Fit::Nobody || seen.busy {
                seen.queued = false;
                continue;
            }
            let came_back =
                matches!(fit, Fit::Row(row) if self.rows.get(&row).is_some_and(|row| row.came_back));
            let chosen = match choice {
                Choice::Any => true,
                Choice::CameBack => came_back,
                Choice::Others => !came_back,
                Choice::Untried => match fit {
                    Fit::Row(row) => self.rows.get(&row).is_some_and(|row| row.unit.is_none()),
                    Fit::Ask => !self.by_address.contains_key(&address),
                    Fit::Nobody => false,
                },
            };
            if !chosen || row_after.max(seen.after).is_some_and(|after| after > now) {
                self.queue(kind).push_back(address);
                continue;
            }
            seen.queued = false;
            return Some((address, fit));
        }
        None
    }

    fn begin_next(&mut self, links: &Arc<Links>, kind: MediumKind, choice: Choice) -> bool {
        if self.queue(kind).is_empty() {
            return false;
        }
        let Some(berth) = links.try_berth() else { return false };
        let Some((address, fit)) = self.take_next(kind, choice) else { return false };
        let Some(seen) = self.seen.get_mut(&address) else { return false };
        seen.busy = true;
        let advert = seen.advert.clone();
        let hears_out = match fit {
            Fit::Row(row) => self.rows.get(&row).is_some_and(|row| row.came_back),
            Fit::Ask | Fit::Nobody => false,
        };
        let way = Way { links: Some(links.clone()), berth: Some(berth), hears_out, ..Way::default() };
        self.last_event = Instant::now();
        self.turns += 1;
        let turn = self.turns;
        let assigned = match fit {
            Fit::Row(row) => self.assign(row, turn),
            Fit::Ask | Fit::Nobody => None,
        };
        // Some devices say who they are only after their proof of possession: that of the row which would get the next device.
        let likely =
            self.free_row().and_then(|row| self.rows.get(&row)).or_else(|| self.rows.values().next());
        let asking = match likely.map(|row| &row.item) {
            Some(item) => {
                let recipe = item.recipe.as_ref().clone();
                let secrets = self.secrets.of(item.row, recipe.ssid.as_deref());
                (recipe, secrets)
            }
            None => return false,
        };
        self.out.insert(turn);
        let attending = Attending {
            turn,
            engine: self.engine.clone(),
            origin: self.options.origin.clone(),
            batch: self.id,
            address,
            advert,
            news: self.news.clone(),
            who: self.who.clone(),
            started: self.started.clone(),
        };
        self.attending.spawn(attending.run(assigned, asking, way));
        true
    }

    fn assign(&mut self, row: u32, turn: u64) -> Option<Assigned> {
        let wanted = self.rows.get_mut(&row)?;
        (wanted.running, wanted.began) = (true, turn);
        wanted.attempts += 1;
        let recipe = wanted.item.recipe.as_ref().clone();
        let secrets = self.secrets.of(row, recipe.ssid.as_deref());
        Some(Assigned { row, recipe, secrets })
    }

    fn answer_whose(&mut self, question: WhoseRow) {
        let WhoseRow { turn, address, unit, identity, reply } = question;
        if let Some(seen) = self.seen.get_mut(&address) {
            seen.unit = Some(unit.clone());
            (seen.silent, seen.fault) = (0, None);
        }
        let row = match self.gate {
            Gate::Open => self.row_for(&unit, &identity, &address),
            Gate::Paused | Gate::Stopped | Gate::Closing => None,
        };
        let assigned = row.and_then(|row| {
            self.taken.insert(unit.clone(), row);
            if let Some(wanted) = self.rows.get_mut(&row) {
                let before = wanted.unit.replace(unit.clone());
                let place = wanted.address.replace(address);
                // A unit that went away before its row was done, and whose row this one gets now, may have another row.
                if let Some(before) = before.filter(|before| *before != unit) {
                    self.taken.remove(&before);
                    self.by_mac.retain(|mac, of| *mac != before.0 || *of != row);
                    self.by_address.retain(|address, of| Some(address) != place.as_ref() || *of != row);
                }
            }
            self.assign(row, turn)
        });
        // The one who asked may have been cancelled.
        let _ = reply.send(assigned);
    }

    // ---- the loop

    async fn run(mut self, mut inbox: Inbox, entries: Vec<Entry>, settled: Vec<Reconciled>) {
        for case in settled {
            self.tell(BatchNews::Settled(Box::new(case)));
        }
        self.tell_entries(entries);
        let media: Vec<_> = self.engine.shared().media.clone();
        let mut spotted = sightings::merged(self.engine.shared(), media.iter().cloned());
        let tracked = tokio::spawn(tracking::keep_asking(Arc::downgrade(self.engine.shared())));
        let _tracking = Background(tracked.abort_handle());
        let mut look = tokio::time::interval(Duration::from_secs(1));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut reopen_media = None::<Instant>;
        loop {
            self.fill();
            // While it stands still somebody may yet mend what its last rows met.
            if self.rows.is_empty() && self.attending.is_empty() && self.stop.is_none() {
                self.write(vec![BatchEvent::Ended]).await;
                return;
            }
            if self.gate == Gate::Closing && self.attending.is_empty() {
                // A stop stays what it is, until somebody answers it.
                if self.stop.is_none() {
                    self.write(vec![BatchEvent::Paused]).await;
                }
                return;
            }
            tokio::select! { biased;
                Some(wish) = inbox.wishes.recv() => self.hear(wish).await,
                Some((row, cancel)) = inbox.started.recv() => {
                    if self.cancelled {
                        cancel.cancel();
                    }
                    self.jobs.insert(row, cancel);
                }
                Some(question) = inbox.who.recv() => self.answer_whose(question),
                Some(ended) = self.attending.join_next(), if !self.attending.is_empty() => {
                    self.last_event = Instant::now();
                    match ended {
                        Ok(attended) => self.attended(attended).await,
                        Err(error) => tracing::error!(%error, "attending to a device broke off"),
                    }
                }
                Some(sighting) = spotted.next() => match sighting {
                    Ok(sighting) => self.spotted(sighting),
                    // The medium gave up; it may come back.
                    Err(fault) => {
                        tracing::debug!(?fault, "a medium does not show its devices");
                        reopen_media = Some(Instant::now() + patience::LOOK_AGAIN);
                    }
                },
                () = self.ble.freed() => {}
                _ = look.tick() => {
                    if reopen_media.is_some_and(|at| at <= Instant::now()) {
                        reopen_media = None;
                        spotted = sightings::merged(self.engine.shared(), media.iter().cloned());
                    }
                    self.settle_some().await;
                    self.give_up_on_absent().await;
                }
            }
        }
    }

    fn tell(&self, news: BatchNews) {
        // Nobody may be listening any more.
        let _ = self.news.send(news);
    }

    fn tell_entries(&self, entries: Vec<Entry>) {
        for entry in entries {
            if let Entry::Batch(fact) = entry {
                self.tell(BatchNews::Entry(Box::new(fact)));
            }
        }
    }

    async fn write(&mut self, events: Vec<BatchEvent>) {
        let notes = events.into_iter().map(|event| Note::Batch(self.id, event)).collect();
        match self.engine.shared().note(notes).await {
            Ok(entries) => self.tell_entries(entries),
            Err(error) => {
                // Nothing may be done that cannot be written down.
                tracing::error!(%error, "a batch stops: its facts cannot be written down");
                self.gate = Gate::Closing;
                self.jobs.values().for_each(CancellationToken::cancel);
            }
        }
    }

    async fn hear(&mut self, wish: Wish) {
        match wish {
            Wish::Pause if self.gate == Gate::Open => {
                self.gate = Gate::Paused;
                self.write(vec![BatchEvent::Paused]).await;
            }
            Wish::Continue { fix } if self.gate != Gate::Closing => self.go_on(fix).await,
            Wish::Retry { rows } => self.retry(rows).await,
            Wish::Leave => self.gate = Gate::Closing,
            Wish::Stop => {
                self.gate = Gate::Closing;
                self.cancelled = true;
                self.jobs.values().for_each(CancellationToken::cancel);
            }
            Wish::Pause | Wish::Continue { .. } => {}
        }
    }

    async fn go_on(&mut self, fix: Option<Fix>) {
        let mut events = Vec::new();
        match fix {
            Some(Fix::Outside { field }) => events.push(BatchEvent::Fixed { field, from: None, to: None }),
            Some(Fix::Value { field, from, to }) => {
                events.push(BatchEvent::Fixed { field, from, to: Some(to) });
            }
            Some(Fix::WifiPassword { ssid, password }) => {
                self.secrets.set_password(ssid.as_deref(), password);
                events.push(BatchEvent::Fixed { field: FixField::WifiPassword, from: ssid, to: None });
            }
            Some(Fix::DeviceSecret { secret }) => {
                self.secrets.device_secret = Some(secret);
                events.push(BatchEvent::Fixed { field: FixField::DeviceSecret, from: None, to: None });
            }
            None => {}
        }
        let stop = self.stop.take();
        // All that met the cause, also those that ended after the line stood still.
        let again = stop.as_ref().map(|stop| self.met_the_same(stop)).unwrap_or_default();
        let unknown = stop.as_ref().map(|stop| self.unheard_of(stop)).unwrap_or_default();
        let reopened: Vec<u32> = again.iter().chain(unknown.keys()).copied().collect();
        if !reopened.is_empty() {
            events.insert(0, BatchEvent::RowsReopened { rows: reopened.clone() });
        }
        let software = origin::SOFTWARE.to_owned();
        events.push(BatchEvent::Continued { software, origin: Box::default() });
        self.write(events).await;
        self.take_up(reopened, &unknown);
        // One goes alone again after a stop: what was changed may not have been it.
        self.canary = stop.is_some() && (self.canary || self.options.canary != Some(false));
        (self.mended, self.proven) = (self.turns, false);
        if let Some(stop) = stop {
            self.answered.push((stop.fault.code, stop.fault.device_code));
            self.watch.answered(&stop.fault);
        }
        if self.gate != Gate::Closing {
            self.gate = Gate::Open;
        }
        self.last_event = Instant::now();
        self.enqueue_all();
    }

    fn has_passes(&self) -> bool {
        self.engine.with_batch(self.id, |batch| batch.counts().passed > 0).unwrap_or(false)
    }

    /// How many jobs of this row ended with this fault.
    fn times_met(&self, row: u32, fault: &Fault) -> usize {
        let ledger = self.engine.shared().ledger();
        let jobs = ledger.batch(self.id).and_then(|batch| batch.row(row)).map(|row| row.jobs.as_slice());
        let met = |job: &&JobId| {
            ledger
                .job(**job)
                .and_then(|job| job.state.fault.as_ref())
                .is_some_and(|met| met.code == fault.code && met.device_code == fault.device_code)
        };
        jobs.unwrap_or_default().iter().filter(met).count()
    }

    fn met_the_same(&self, stop: &LineStop) -> Vec<u32> {
        let ledger = self.engine.shared().ledger();
        let Some(batch) = ledger.batch(self.id) else { return Vec::new() };
        let since = stop.rows.iter().filter_map(|row| Some(batch.row(*row)?.end.as_ref()?.at)).min();
        let same = batch.rows().filter(|row| {
            row.end.as_ref().is_some_and(|end| {
                matches!(end.outcome, Outcome::Failed | Outcome::Unknown)
                    && since.is_none_or(|since| end.at >= since)
                    && stop.is_met_in(end.fault.as_deref())
            }) && row.jobs.len() < patience::SAME_AGAIN
        });
        same.map(|row| row.item.row).collect()
    }

    /// Rows that were never heard of again, with their jobs: they may have met the cause too. The cloud is asked about them
    /// before anything is repeated.
    fn unheard_of(&self, stop: &LineStop) -> BTreeMap<u32, JobId> {
        let ledger = self.engine.shared().ledger();
        let Some(batch) = ledger.batch(self.id) else { return BTreeMap::new() };
        let not_seen = |end: &RowEnd| {
            end.outcome == Outcome::Unknown
                && end.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::CloudNotSeen)
        };
        batch
            .rows()
            .filter(|row| {
                stop.fault.code != FaultCode::CloudNotSeen && row.end.as_ref().is_some_and(not_seen)
            })
            .filter_map(|row| Some((row.item.row, *row.jobs.last()?)))
            .collect()
    }

    async fn retry(&mut self, rows: Vec<u32>) {
        let again = {
            let ledger = self.engine.shared().ledger();
            let Some(batch) = ledger.batch(self.id) else { return };
            let mut failed = batch.failed_by(None);
            if !rows.is_empty() {
                failed = rows
                    .into_iter()
                    .filter(|row| {
                        batch
                            .row(*row)
                            .and_then(|row| row.end.as_ref())
                            .is_some_and(|end| end.outcome != Outcome::Passed)
                    })
                    .collect();
            }
            failed
        };
        if again.is_empty() {
            return;
        }
        self.write(vec![BatchEvent::RowsReopened { rows: again.clone() }]).await;
        self.take_up(again, &BTreeMap::new());
        self.enqueue_all();
    }

    /// Rows that were reopened, as the journal has them now; the cloud is asked about those `unknown` first.
    fn take_up(&mut self, rows: Vec<u32>, unknown: &BTreeMap<u32, JobId>) {
        let taken: Vec<_> = {
            let ledger = self.engine.shared().ledger();
            let Some(batch) = ledger.batch(self.id) else { return };
            rows.iter()
                .filter_map(|row| batch.row(*row))
                .map(|row| {
                    let last = row.jobs.last().and_then(|job| Some((*job, &ledger.job(*job)?.state)));
                    (row.item.clone(), place_of(last))
                })
                .collect()
        };
        for (item, place) in taken {
            let settling = unknown.get(&item.row).copied();
            self.want(item, place, settling);
        }
        // What a fix changed counts for all that wait.
        let fixed: Vec<BatchItem> = {
            let ledger = self.engine.shared().ledger();
            let batch = ledger.batch(self.id);
            self.rows.keys().filter_map(|row| Some(batch?.row(*row)?.item.clone())).collect()
        };
        for item in fixed {
            if let Some(row) = self.rows.get_mut(&item.row) {
                row.item = item;
            }
        }
    }

    async fn attended(&mut self, attended: Attended) {
        let Attended { turn, address, end } = attended;
        self.out.remove(&turn);
        if let Some(seen) = self.seen.get_mut(&address) {
            seen.busy = false;
        }
        match end {
            AttendedEnd::NotWanted { unit } => {
                self.tell(BatchNews::PassedOver { address: address.clone(), unit: Some(unit), fault: None });
            }
            AttendedEnd::Silent { fault } => {
                if let Some(seen) = self.seen.get_mut(&address) {
                    seen.silent += 1;
                    seen.after = Some(Instant::now() + patience::ASK_AGAIN);
                    seen.fault = Some(fault.clone());
                }
                self.tell(BatchNews::PassedOver { address: address.clone(), unit: None, fault: Some(fault) });
            }
            AttendedEnd::Refused { row, refusal } => {
                let fault =
                    Fault::new(FaultCode::DeviceLimits, Step::Connect, Blame::Operator, Retry::AfterFix)
                        .with_chain(&refusal);
                self.end_row(row, None, Outcome::Failed, Some(Box::new(fault))).await;
            }
            AttendedEnd::Done { row, job } => self.job_done(row, job, &address).await,
        }
        // A socket is empty, or holds another unit. A radio's address is its device, and comes back as the same.
        if let Some(seen) = self.seen.get_mut(&address)
            && std::mem::take(&mut seen.left)
            && address.medium() == MediumKind::Serial
        {
            seen.unit = None;
            if !seen.here {
                self.seen.remove(&address);
            }
        }
        self.enqueue(&address);
        // A row that waits again may have been the reason why others were passed over.
        if self.rows.len() <= self.attending.len() + 8 {
            self.enqueue_all();
        }
    }

    async fn job_done(&mut self, row: u32, job: JobId, address: &Address) {
        self.jobs.remove(&row);
        let state = {
            let ledger = self.engine.shared().ledger();
            ledger.job(job).map(|job| job.state.clone()).unwrap_or_default()
        };
        if let (Some(unit), Some(seen)) = (&state.unit, self.seen.get_mut(address)) {
            seen.unit = Some(unit.clone());
        }
        if let Some(unit) = &state.unit {
            self.taken.insert(unit.clone(), row);
        }
        let Some(outcome) = state.outcome else {
            // Its journal is gone; so is ours.
            self.gate = Gate::Closing;
            return;
        };
        let fault = state.fault.clone();
        let (attempts, began, met_in) =
            self.rows.get(&row).map_or((0, 0, None), |row| (row.attempts, row.began, row.met_in));
        let advert = self.seen.get(address).map(|seen| &seen.advert);
        let ended = Ended { began: met_in.unwrap_or(began), ..ended(row, outcome, &state, address, advert) };
        // It met what somebody has answered meanwhile.
        let stale = began <= self.mended
            && fault.as_ref().is_some_and(|fault| {
                self.answered.contains(&(fault.code, fault.device_code)) || ended.is_unexplained()
            });
        let again = match outcome {
            Outcome::Failed | Outcome::Unknown if stale => true,
            Outcome::Failed => attempts < patience::ROW_ATTEMPTS && worth_another_attempt(&state),
            // Stopped before anything happened to it: it waits for whoever resumes.
            Outcome::Skipped => true,
            Outcome::Passed | Outcome::Unknown => false,
        };
        if again {
            if let Some(wanted) = self.rows.get_mut(&row) {
                wanted.running = false;
                if ended.is_unexplained() && !stale {
                    wanted.came_back = true;
                    wanted.met_in = Some(began);
                    // It was reached, and failed by itself: that was no attempt in vain.
                    wanted.attempts = wanted.attempts.saturating_sub(1);
                } else if stale {
                    (wanted.came_back, wanted.met_in) = (false, None);
                }
                wanted.after = Some(Instant::now() + patience::BETWEEN_ATTEMPTS);
                wanted.unit = state.unit.clone().or(wanted.unit.take());
                wanted.address = Some(address.clone());
            }
            self.index(row);
        } else {
            self.end_row(row, Some(job), outcome, fault.clone()).await;
        }
        if outcome == Outcome::Skipped || stale || self.gate == Gate::Closing {
            return;
        }
        let alone = self.canary && began > self.mended;
        self.proven |= outcome == Outcome::Passed && began > self.mended;
        // How often this row has met just this. A unit that fails while others pass by now says nothing about them, nor does
        // one that goes alone and fails again and again.
        let met = fault.as_deref().map_or(0, |fault| self.times_met(row, fault));
        if met > 1 && self.proven || alone && met >= patience::SAME_AGAIN {
            return;
        }
        let stop = match alone {
            true => match line_stop::canary(&ended) {
                // Others have passed with what it was given, and it failed of this before: it may be this unit's own.
                CanaryVerdict::Stop(_) if met > 1 && self.has_passes() => self.watch.note(&ended),
                CanaryVerdict::Go => {
                    self.canary = false;
                    None
                }
                // What repeats from unit to unit is no unit's own, also among those that go alone.
                CanaryVerdict::Another => self.watch.note(&ended),
                CanaryVerdict::Stop(stop) => Some(*stop),
            },
            false => self.watch.note(&ended),
        };
        // The first cause is the one that is told; what runs on and meets the same is run again with the others.
        if let Some(stop) = stop
            && self.stop.is_none()
        {
            self.gate = Gate::Stopped;
            self.stop = Some(stop.clone());
            self.write(vec![BatchEvent::Stopped { stop: Box::new(stop) }]).await;
        }
    }

    async fn end_row(&mut self, row: u32, job: Option<JobId>, outcome: Outcome, fault: Option<Box<Fault>>) {
        if let Some(ended) = self.rows.remove(&row) {
            match &ended.item.bind {
                Bind::Mac { mac } => drop(self.by_mac.remove(mac)),
                Bind::Label { label } => drop(self.by_label.remove(&label.to_lowercase())),
                Bind::Next => drop(self.next.remove(&row)),
            }
            if let Some(unit) = &ended.unit {
                self.by_mac.remove(&unit.0);
            }
            if let Some(address) = &ended.address {
                self.by_address.remove(address);
            }
        }
        self.write(vec![BatchEvent::RowEnded { row, job, outcome, fault }]).await;
    }

    /// Asks the cloud about units that may have had everything when the program ended.
    async fn settle_some(&mut self) {
        let now = Instant::now();
        let due: Vec<(u32, JobId, Instant)> = self
            .rows
            .values()
            .filter(|row| !row.running && row.after.is_none_or(|after| after <= now))
            .filter_map(|row| row.settling.map(|(job, until)| (row.item.row, job, until)))
            .collect();
        for (row, job, until) in due {
            for case in crate::work::reconcile::reconcile_of(self.engine.shared(), &|open| open == job).await
            {
                self.tell(BatchNews::Settled(Box::new(case)));
            }
            let state = {
                let ledger = self.engine.shared().ledger();
                ledger.job(job).map(|job| job.state.clone()).unwrap_or_default()
            };
            let in_sight = self.rows.get(&row).is_some_and(|row| {
                row.address.as_ref().is_some_and(|address| self.seen.contains_key(address))
            });
            match taken_up(Some((job, &state))) {
                TakenUp::Ended { job, outcome, fault } => self.end_row(row, Some(job), outcome, fault).await,
                TakenUp::Settling { job } if !in_sight && now >= until => {
                    let fault = state.fault.clone();
                    self.end_row(row, Some(job), Outcome::Unknown, fault).await;
                }
                TakenUp::Settling { .. } if !in_sight => {
                    if let Some(wanted) = self.rows.get_mut(&row) {
                        wanted.after = Some(now + patience::BETWEEN_ATTEMPTS);
                    }
                }
                // It is in sight and not in the cloud: it needs everything once more, with the same cloud device.
                TakenUp::Again | TakenUp::Settling { .. } => {
                    if let Some(wanted) = self.rows.get_mut(&row) {
                        wanted.settling = None;
                    }
                }
            }
        }
        let waiting: Vec<Address> =
            self.rows.values().filter(|row| !row.running).filter_map(|row| row.address.clone()).collect();
        waiting.iter().for_each(|address| self.enqueue(address));
    }

    /// Ends rows for which no device has come, when nothing has happened for long.
    async fn give_up_on_absent(&mut self) {
        let Some(patience) = self.options.give_up else { return };
        let busy = !self.attending.is_empty()
            || !self.serial_queue.is_empty()
            || !self.ble_queue.is_empty()
            || self.rows.values().any(|row| row.settling.is_some());
        if self.gate != Gate::Open || busy || self.last_event.elapsed() < patience {
            return;
        }
        let silent =
            self.seen.iter().find_map(|(address, seen)| Some((address.clone(), seen.fault.clone()?)));
        let absent: Vec<(u32, Bind)> =
            self.rows.values().map(|row| (row.item.row, row.item.bind.clone())).collect();
        for (row, bind) in absent {
            let mut fault =
                Fault::new(FaultCode::DeviceNotFound, Step::Connect, Blame::Device, Retry::AfterFix);
            match bind {
                Bind::Mac { mac: wanted } | Bind::Label { label: wanted } => {
                    fault = fault.about("device", wanted);
                }
                // The best guess for a row that takes any device: one that is there and says nothing.
                Bind::Next => {
                    if let Some((address, silent)) = &silent {
                        fault = fault.about("silent", address.text());
                        fault.chain.clone_from(&silent.chain);
                    }
                }
            }
            self.end_row(row, None, Outcome::Failed, Some(Box::new(fault))).await;
        }
    }
}

/// A line with the ends of its channels, until it runs.
struct LineToStart {
    line: Line,
    inbox: Inbox,
    run: BatchRun,
}

impl LineToStart {
    fn of(
        engine: &Engine,
        id: BatchId,
        secrets: BatchSecrets,
        options: BatchOptions,
        canary: bool,
    ) -> LineToStart {
        let (news, heard) = mpsc::unbounded_channel();
        let (who, who_asks) = mpsc::unbounded_channel();
        let (started, have_started) = mpsc::unbounded_channel();
        let (wish, wishes) = mpsc::unbounded_channel();
        let line = Line {
            engine: engine.clone(),
            id,
            secrets,
            rows: BTreeMap::new(),
            by_mac: HashMap::new(),
            by_label: HashMap::new(),
            by_address: HashMap::new(),
            next: BTreeSet::new(),
            taken: HashMap::new(),
            seen: HashMap::new(),
            serial_queue: VecDeque::new(),
            ble_queue: VecDeque::new(),
            serial: Links::new(MediumKind::Serial, options.hold),
            ble: Links::new(MediumKind::Ble, options.hold),
            attending: JoinSet::new(),
            jobs: HashMap::new(),
            watch: LineWatch::default(),
            canary,
            turns: 0,
            out: BTreeSet::new(),
            mended: 0,
            proven: false,
            answered: Vec::new(),
            gate: Gate::Open,
            cancelled: false,
            stop: None,
            last_event: Instant::now(),
            news,
            who,
            started,
            options,
        };
        let inbox = Inbox { who: who_asks, started: have_started, wishes };
        LineToStart { line, inbox, run: BatchRun { id, news: heard, wishes: BatchWishes(wish) } }
    }

    fn want(&mut self, item: BatchItem, place: Option<Place>, settling: Option<JobId>) {
        self.line.want(item, place, settling);
    }

    fn start(self, entries: Vec<Entry>, settled: Vec<Reconciled>) -> BatchRun {
        tokio::spawn(self.line.run(self.inbox, entries, settled));
        self.run
    }
}

/// What the line watch wants to know of a job. Where its device is, is known also when it could not be opened.
fn ended(row: u32, outcome: Outcome, state: &JobState, address: &Address, advert: Option<&Advert>) -> Ended {
    let slot = match (address, advert) {
        (Address::Serial(port), _) => port.clone(),
        (Address::Ble(_), Some(Advert::Ble(ble))) => ble.adapter.clone().unwrap_or_else(|| "ble".to_owned()),
        (Address::Ble(_), _) => "ble".to_owned(),
    };
    let firmware = state.identity.as_ref().and_then(|identity| {
        let words: Vec<&str> = [&identity.template, &identity.firmware_version]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!words.is_empty()).then(|| words.join(" "))
    });
    Ended {
        row,
        began: 0,
        outcome,
        fault: state.fault.clone(),
        token_asked: state.token.phase != Act::Idle,
        network: state.ssid.clone().or_else(|| state.recipe.as_ref()?.ssid.clone()),
        slot: Some(slot),
        medium: Some(address.medium()),
        firmware,
    }
}

/// Trouble on the way to a device that was handed nothing: the next try may go well, and costs nothing.
fn worth_another_attempt(state: &JobState) -> bool {
    // It failed, and was let go before it could say why: the next time it is heard out.
    if state.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::CloudNotSeen) {
        return true;
    }
    let untouched = matches!(state.delivery, Act::Idle | Act::Failed) && state.token_carried.is_none();
    let passing = state.fault.as_ref().is_some_and(|fault| {
        fault.retry == Retry::Now
            && matches!(
                fault.code,
                FaultCode::LinkLost
                    | FaultCode::BleConnectFailed
                    | FaultCode::DeviceSilent
                    | FaultCode::DeviceMalformed
            )
            || fault.code == FaultCode::BleNotInSight
    });
    untouched && passing
}

/// One device, from finding out who it is to the end of its job.
struct Attending {
    turn: u64,
    engine: Engine,
    origin: Origin,
    batch: BatchId,
    address: Address,
    advert: Advert,
    news: mpsc::UnboundedSender<BatchNews>,
    who: mpsc::UnboundedSender<WhoseRow>,
    started: mpsc::UnboundedSender<(u32, CancellationToken)>,
}

impl Attending {
    async fn run(self, assigned: Option<Assigned>, asking: (Recipe, JobSecrets), way: Way) -> Attended {
        let (turn, address) = (self.turn, self.address.clone());
        let end = match assigned {
            Some(assigned) => self.job(assigned, way).await,
            None => self.find_out(asking, way).await,
        };
        Attended { turn, address, end }
    }

    async fn find_out(self, (recipe, secrets): (Recipe, JobSecrets), way: Way) -> AttendedEnd {
        let shared = self.engine.shared().clone();
        let met = runner::meet(&shared, &self.address, &self.advert, recipe, secrets, way).await;
        let way = match met {
            Ok(way) => way,
            Err(fault) => return AttendedEnd::Silent { fault },
        };
        let Some(met) = &way.met else { unreachable!("who was met is on the way") };
        let unit = met.reached.unit.clone();
        let (reply, answer) = oneshot::channel();
        let question = WhoseRow {
            turn: self.turn,
            address: self.address.clone(),
            unit: unit.clone(),
            identity: met.reached.identity.clone(),
            reply,
        };
        let assigned = match self.who.send(question) {
            Ok(()) => answer.await.ok().flatten(),
            Err(_) => None,
        };
        match assigned {
            Some(assigned) => self.job(assigned, way).await,
            None => {
                runner::part(&shared, way).await;
                AttendedEnd::NotWanted { unit }
            }
        }
    }

    async fn job(self, assigned: Assigned, way: Way) -> AttendedEnd {
        let Assigned { row, recipe, secrets } = assigned;
        let claimant = way.met.as_ref().map(|met| met.claimant);
        let origin = Origin { batch: Origin::of_row(self.batch, row).batch, ..self.origin };
        let target = Target::At { address: self.address.clone() };
        let mut job = match self.engine.start_on(recipe, target, secrets, origin, way).await {
            Ok(job) => job,
            Err(refusal) => {
                if let Some(claimant) = claimant {
                    self.engine.shared().release(claimant);
                }
                return AttendedEnd::Refused { row, refusal };
            }
        };
        // The batch may be gone, and with it whoever wants to know.
        let _ = self.started.send((row, job.canceller()));
        let id = job.id;
        while let Some(update) = job.next().await {
            let over =
                matches!(&update, Update::Fact(fact) if matches!(fact.event, JobEvent::Finished { .. }));
            let _ = self.news.send(BatchNews::Job { row, job: id, update: Box::new(update) });
            if over {
                break;
            }
        }
        AttendedEnd::Done { row, job: id }
    }
}
