//! A station at work: what is in which slot, what a scan means now, and what a unit waits for.
//!
//! One task owns all of it. It hears sightings, scans, jobs and printers, in this order of trust: what a job did is in the
//! journal, what is plugged in is seen, the rest is remembered until the program ends. Here is no rule about a single unit
//! (`plan/station.rs`) and nothing of how a job is done (`steps.rs`). A label may hold a proof of possession: it is kept in
//! memory for as long as its unit is in a slot, and only what [`Label::shown`] gives is shown and written down.

use crate::fault::{Blame, Fault, FaultCode, Refusal, RefusalCode, Retry};
use crate::plan::device_label::Label;
use crate::plan::label::LabelFields;
use crate::plan::patience;
use crate::plan::scanner::{
    Command, DoubleReads, Field, HowTyped, Key, Line, Scan, ScanReader, Wedge, WrongScan,
};
use crate::plan::station::{
    Arming, Interlock, Place, Rules, SlotPlan, StationPlan, Stations, WorkOrder, at_least,
};
use crate::record::{JournalError, Note, Origin, StationEvent, origin};
use crate::work::dispatch::{Engine, Gate, Job, Met, Update};
use crate::work::labels;
use crate::work::sightings::Spotted;
use crate::{JobEvent, JobId, JobSecrets, Outcome, Step, Target, UnitId};
use futures::StreamExt;
use futures::stream::BoxStream;
use link::Change;
use link::printer::{Printer, PrinterError, PrinterTrouble};
use proto::{Address, Advert, MediumKind, Secret};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

// ---- what is shown

/// How a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotState {
    /// Nobody knows where it is yet.
    Unbound,
    Free,
    /// A unit is plugged in and waits for its label to be scanned.
    WantsLabel,
    /// A label was scanned and waits for its unit to come into sight.
    WantsDevice,
    Held,
    Running,
    Printing,
    /// The printer lacks something; `printer` says what.
    PrinterWaits,
    /// Nobody knows whether the label came out: scan it, or print it again.
    LabelUncertain,
    /// The printed label is to be scanned.
    ScanBack,
    Passed,
    Failed,
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SlotPicture {
    pub name: String,
    pub place: Option<Place>,
    /// A unit is plugged in or in sight.
    pub present: bool,
    pub state: SlotState,
    pub step: Option<Step>,
    pub unit: Option<UnitId>,
    /// What the scanned label shows of itself.
    pub label: Option<String>,
    pub job: Option<JobId>,
    pub began: Option<i64>,
    pub ended: Option<i64>,
    pub fault: Option<Box<Fault>>,
    pub held: Option<Interlock>,
    pub printer: Option<PrinterTrouble>,
}

/// What came of the last scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Command(Command),
    Field(Field, String),
    /// A device's label, and the slot that took it, where one did (by number).
    Label {
        shown: String,
        slot: Option<u32>,
    },
    /// The printed label is the right one.
    ScannedBack {
        slot: Option<u32>,
    },
    /// The same code once more, at once: it counted once.
    Double,
    Wrong(WrongScan),
    Held {
        shown: String,
        why: Interlock,
    },
    /// The command fits more than one slot: scan a slot first.
    WhichSlot,
    /// The command fits no slot now.
    NothingToDo,
    /// Not the label that was printed for this unit.
    NotThisLabel {
        expected: String,
    },
}

/// What should be heard across the hall. A new number is a new sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    ScanTaken,
    ScanWrong,
    Held,
    Passed,
    Failed,
    /// Somebody has to do something: the printer, an unknown result.
    Attention,
    Ready,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    pub passed: u32,
    pub failed: u32,
    pub unknown: u32,
    pub held: u32,
}

/// Everything about a station at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub plan: StationPlan,
    pub arming: Option<Arming>,
    pub armed_at: Option<i64>,
    pub operator: Option<String>,
    pub work_order: Option<String>,
    pub shift: Option<String>,
    pub slots: Vec<SlotPicture>,
    /// Counted from 1.
    pub selected: Option<u32>,
    pub learning: Option<u32>,
    /// A scanned label that waits for the next unit to be plugged in.
    pub waiting_label: Option<String>,
    /// With a number that grows with each scan.
    pub heard: Option<(u32, Heard)>,
    pub cue: Option<(u32, Cue)>,
    /// Since it was armed.
    pub counters: Counters,
    /// Milliseconds between the newest passes, on average.
    pub takt_ms: Option<u64>,
    pub last_pass: Option<i64>,
}

// ---- the handle

/// What a station needs.
pub struct StationParts {
    pub engine: Engine,
    pub plan: StationPlan,
    /// Where learned slots are kept; `None`: for as long as it runs.
    pub keeper: Option<Stations>,
    /// `None`: the one that the plan names.
    pub printer: Option<Arc<dyn Printer>>,
}

impl std::fmt::Debug for StationParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StationParts").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// A running station. Cheap to clone; it ends when the last clone is dropped. Its jobs go on.
#[derive(Clone)]
pub struct Station {
    calls: mpsc::UnboundedSender<Call>,
    picture: watch::Receiver<Arc<Picture>>,
}

impl std::fmt::Debug for Station {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Station").finish_non_exhaustive()
    }
}

enum Call {
    Arm {
        arming: Box<Arming>,
        order: Option<WorkOrder>,
        secrets: JobSecrets,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    Disarm {
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    Plan {
        plan: Box<StationPlan>,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    Learn {
        slot: Option<u32>,
    },
    Keys {
        keys: Vec<(Key, Duration)>,
    },
    Line {
        line: Line,
    },
    Command {
        command: Command,
        slot: Option<u32>,
    },
    SignOn {
        field: Field,
        value: Option<String>,
    },
}

impl Station {
    /// Begins to watch; nothing is started before it is armed. Panics outside of a tokio runtime.
    ///
    /// # Errors
    /// What [`StationPlan::check`] says.
    pub fn open(parts: StationParts) -> Result<Station, Refusal> {
        parts.plan.check()?;
        let reader = reader(&parts.plan)?;
        let (calls, inbox) = mpsc::unbounded_channel();
        let (told, happened) = mpsc::unbounded_channel();
        let state = parts.engine.station_state(parts.plan.id).unwrap_or_default();
        let slots = parts.plan.slots.iter().cloned().map(Slot::new).collect();
        let floor = Floor {
            printer: parts.printer.clone().or_else(|| own_printer(&parts.plan)),
            given_printer: parts.printer,
            printing: Arc::default(),
            wedge: Wedge::new(parts.plan.scan.wedge.clone()),
            reader,
            doubles: DoubleReads::default(),
            began: Instant::now(),
            idle_at: None,
            engine: parts.engine,
            plan: parts.plan,
            keeper: parts.keeper,
            armed: None,
            operator: state.operator,
            work_order: state.work_order,
            shift: state.shift,
            slots,
            air: BTreeMap::new(),
            waiting_label: None,
            selected: None,
            learning: None,
            heard: None,
            cue: None,
            numbers: 0,
            counters: Counters::default(),
            passes: VecDeque::new(),
            told,
        };
        let (show, picture) = watch::channel(Arc::new(floor.picture()));
        tokio::spawn(floor.run(inbox, happened, show));
        Ok(Station { calls, picture })
    }

    pub fn picture(&self) -> Arc<Picture> {
        self.picture.borrow().clone()
    }

    /// Says when the picture changed; only the newest counts.
    pub fn watch(&self) -> watch::Receiver<Arc<Picture>> {
        self.picture.clone()
    }

    /// Units are taken from here on. What is plugged in already is taken at once.
    ///
    /// # Errors
    /// A refusal when its facts cannot be written down, or a job is running.
    pub async fn arm(
        &self,
        arming: Arming,
        order: Option<WorkOrder>,
        secrets: JobSecrets,
    ) -> Result<(), Refusal> {
        self.ask(|reply| Call::Arm { arming: Box::new(arming), order, secrets, reply }).await
    }

    /// No unit is taken any more; jobs that run go on to their ends.
    pub async fn disarm(&self) -> Result<(), Refusal> {
        self.ask(|reply| Call::Disarm { reply }).await
    }

    /// Another plan for the same station. Slots that are empty take their new places at once.
    ///
    /// # Errors
    /// What [`StationPlan::check`] says; `refused.station_busy` while a unit is in work.
    pub async fn change(&self, plan: StationPlan) -> Result<(), Refusal> {
        self.ask(|reply| Call::Plan { plan: Box::new(plan), reply }).await
    }

    /// The next unit that is plugged in shows where this slot is; then the next unbound slot is learned. `None` ends it.
    pub fn learn(&self, slot: Option<u32>) {
        self.tell(Call::Learn { slot });
    }

    /// Keystrokes with their times, by any steady clock of the keyboard's.
    pub fn keys(&self, keys: Vec<(Key, Duration)>) {
        self.tell(Call::Keys { keys });
    }

    /// A whole line, from a scanner that is no keyboard or from a field.
    pub fn line(&self, text: Secret, how: HowTyped) {
        self.tell(Call::Line { line: Line { text, how } });
    }

    /// What a scanned command does, without scanning it; `slot`: by number from 1.
    pub fn command(&self, command: Command, slot: Option<u32>) {
        self.tell(Call::Command { command, slot });
    }

    pub fn sign_on(&self, field: Field, value: Option<String>) {
        self.tell(Call::SignOn { field, value });
    }

    fn tell(&self, call: Call) {
        // A station that has ended does nothing any more, which is what its end means.
        let _ = self.calls.send(call);
    }

    async fn ask(
        &self,
        call: impl FnOnce(oneshot::Sender<Result<(), Refusal>>) -> Call,
    ) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.tell(call(reply));
        answer.await.unwrap_or_else(|_| Err(Refusal::of(RefusalCode::StationUnknown, &[])))
    }
}

fn reader(plan: &StationPlan) -> Result<ScanReader, Refusal> {
    ScanReader::new(&plan.scan).map_err(|error| Refusal::because(RefusalCode::StationPattern, &error, &[]))
}

fn own_printer(plan: &StationPlan) -> Option<Arc<dyn Printer>> {
    plan.label.as_ref().map(|label| labels::printer(&label.printer))
}

// ---- the task

/// What happened elsewhere on behalf of the station.
enum Happened {
    Started {
        slot: usize,
        label: Option<Label>,
        result: Result<Job, Refusal>,
    },
    /// The printer is not ready; nothing was printed.
    NotReady {
        job: JobId,
        error: PrinterError,
    },
    Printed {
        job: JobId,
    },
    PrintFailed {
        job: JobId,
        error: PrinterError,
    },
}

struct Armed {
    arming: Arming,
    order: Option<Arc<WorkOrder>>,
    secrets: JobSecrets,
    at: Option<i64>,
}

struct Slot {
    plan: SlotPlan,
    /// What is plugged in, with its serial number.
    present: Option<(Address, Option<String>)>,
    /// It went away at this moment, and may be back in one.
    left_at: Option<Instant>,
    phase: Phase,
}

enum Phase {
    Free,
    WantsLabel,
    WantsDevice { label: Label },
    Held { why: Interlock, label: Option<Label> },
    Starting { label: Option<Label> },
    Busy(Box<Work>),
    Ended(Box<Work>),
}

/// A job in a slot.
struct Work {
    job: JobId,
    cancel: CancellationToken,
    label: Option<Label>,
    step: Option<Step>,
    unit: Option<UnitId>,
    began: Option<i64>,
    ended: Option<i64>,
    outcome: Option<Outcome>,
    fault: Option<Box<Fault>>,
    paper: Paper,
}

/// The label of a unit that passed.
#[derive(Clone, Copy, PartialEq)]
enum Paper {
    /// None is printed here.
    None,
    Printing,
    Waits {
        trouble: PrinterTrouble,
        again: Instant,
    },
    /// There may be one.
    Uncertain {
        trouble: PrinterTrouble,
    },
    ScanBack,
    Done,
}

impl Slot {
    fn new(plan: SlotPlan) -> Slot {
        Slot { plan, present: None, left_at: None, phase: Phase::Free }
    }

    fn is_usb_at(&self, path: &str) -> bool {
        matches!(&self.plan.place, Some(Place::Usb { path: own }) if own == path)
    }

    fn is_ble(&self) -> bool {
        matches!(self.plan.place, Some(Place::Ble { .. }))
    }

    fn work(&self) -> Option<&Work> {
        match &self.phase {
            Phase::Busy(work) | Phase::Ended(work) => Some(work),
            _ => None,
        }
    }

    fn label(&self) -> Option<&Label> {
        match &self.phase {
            Phase::WantsDevice { label } => Some(label),
            Phase::Held { label, .. } | Phase::Starting { label } => label.as_ref(),
            Phase::Busy(work) | Phase::Ended(work) => work.label.as_ref(),
            Phase::Free | Phase::WantsLabel => None,
        }
    }

    /// The unit in it is through, and nothing is left to do with it.
    fn is_through(&self) -> bool {
        match &self.phase {
            Phase::Ended(work) => match work.outcome {
                Some(Outcome::Passed) => matches!(work.paper, Paper::None | Paper::Done),
                Some(Outcome::Skipped) => true,
                _ => false,
            },
            _ => false,
        }
    }

    fn is_free_for_a_label(&self) -> bool {
        matches!(self.phase, Phase::Free) || self.is_ble() && self.is_through()
    }

    fn at_work(&self) -> bool {
        matches!(self.phase, Phase::Starting { .. } | Phase::Busy(_))
    }

    fn state(&self) -> SlotState {
        use SlotState as S;
        match &self.phase {
            Phase::Free if self.plan.place.is_none() => S::Unbound,
            Phase::Free => S::Free,
            Phase::WantsLabel => S::WantsLabel,
            Phase::WantsDevice { .. } => S::WantsDevice,
            Phase::Held { .. } => S::Held,
            Phase::Starting { .. } | Phase::Busy(_) => S::Running,
            Phase::Ended(work) => match (work.outcome, work.paper) {
                (Some(Outcome::Passed), Paper::Printing) => S::Printing,
                (Some(Outcome::Passed), Paper::Waits { .. }) => S::PrinterWaits,
                (Some(Outcome::Passed), Paper::Uncertain { .. }) => S::LabelUncertain,
                (Some(Outcome::Passed), Paper::ScanBack) => S::ScanBack,
                (Some(Outcome::Passed), Paper::None | Paper::Done) => S::Passed,
                (Some(Outcome::Unknown), _) => S::Unknown,
                (Some(Outcome::Skipped), _) => S::Held,
                (Some(Outcome::Failed) | None, _) => S::Failed,
            },
        }
    }
}

struct Floor {
    engine: Engine,
    plan: StationPlan,
    keeper: Option<Stations>,
    given_printer: Option<Arc<dyn Printer>>,
    printer: Option<Arc<dyn Printer>>,
    /// One label at a time.
    printing: Arc<tokio::sync::Mutex<()>>,
    wedge: Wedge,
    reader: ScanReader,
    doubles: DoubleReads,
    began: Instant,
    /// When a scanner that sends no end key is through: by our clock, and by its own.
    idle_at: Option<(Instant, Duration)>,
    armed: Option<Armed>,
    operator: Option<String>,
    work_order: Option<String>,
    shift: Option<String>,
    slots: Vec<Slot>,
    /// What is on the air.
    air: BTreeMap<Address, Advert>,
    waiting_label: Option<Label>,
    selected: Option<usize>,
    learning: Option<usize>,
    heard: Option<(u32, Heard)>,
    cue: Option<(u32, Cue)>,
    numbers: u32,
    counters: Counters,
    passes: VecDeque<i64>,
    told: mpsc::UnboundedSender<Happened>,
}

impl Floor {
    async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Call>,
        mut happened: mpsc::UnboundedReceiver<Happened>,
        show: watch::Sender<Arc<Picture>>,
    ) {
        let mut updates = self.engine.watch();
        let mut sightings = self.sightings();
        loop {
            let wake_at = self.wake_at();
            tokio::select! { biased;
                call = inbox.recv() => match call {
                    Some(call) => self.call(call).await,
                    None => return,
                },
                Some(done) = happened.recv() => self.done(done).await,
                update = updates.recv() => match update {
                    Ok((job, update)) => self.updated(job, &update).await,
                    Err(broadcast::error::RecvError::Lagged(_)) => self.look_again().await,
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                Some(spotted) = sightings.next() => if let Ok(spotted) = spotted {
                    self.spotted(spotted).await;
                },
                () = sleep_until(wake_at) => self.woke().await,
            }
            let picture = self.picture();
            show.send_if_modified(|shown| {
                let changed = **shown != picture;
                if changed {
                    *shown = Arc::new(picture);
                }
                changed
            });
        }
    }

    fn sightings(&self) -> BoxStream<'static, Result<Spotted, Fault>> {
        // A medium that fails ends; the others go on, and the stream stays open.
        let all = self.engine.sightings(&[MediumKind::Serial, MediumKind::Ble]);
        all.chain(futures::stream::pending()).boxed()
    }

    fn wake_at(&self) -> Option<Instant> {
        let slots = self.slots.iter().flat_map(|slot| {
            let paper = slot.work().and_then(|work| match work.paper {
                Paper::Waits { again, .. } => Some(again),
                _ => None,
            });
            [slot.left_at.map(|left| left + patience::UNPLUGGED), paper]
        });
        slots.chain([self.idle_at.map(|(at, _)| at)]).flatten().min()
    }

    async fn woke(&mut self) {
        let now = Instant::now();
        if let Some((at, of_keyboard)) = self.idle_at
            && at <= now
        {
            self.idle_at = None;
            if let Some(line) = self.wedge.idle(of_keyboard) {
                self.take_line(line).await;
            }
        }
        for slot in 0..self.slots.len() {
            if self.slots[slot].left_at.is_some_and(|left| left + patience::UNPLUGGED <= now) {
                self.unplugged(slot);
            }
            let again = self.slots[slot].work().map(|work| work.paper);
            if let Some(Paper::Waits { again, .. }) = again
                && again <= now
            {
                self.print(slot);
            }
        }
    }

    async fn note(&self, event: StationEvent) -> Result<Option<i64>, JournalError> {
        let written = self.engine.shared().note(vec![Note::Station(self.plan.id, event)]).await;
        match written {
            Ok(entries) => Ok(entries.first().map(crate::record::Entry::at)),
            Err(error) => {
                tracing::error!(%error, "a fact of the station could not be written down");
                Err(error)
            }
        }
    }

    // ---- calls

    async fn call(&mut self, call: Call) {
        match call {
            Call::Arm { arming, order, secrets, reply } => {
                let result = self.arm(*arming, order, secrets).await;
                let armed = result.is_ok();
                // Whoever asked may have gone away.
                let _ = reply.send(result);
                if armed {
                    self.take_what_is_there().await;
                }
            }
            Call::Disarm { reply } => {
                let result = match self.armed {
                    Some(_) => self.note(StationEvent::Disarmed).await.map(|_| self.armed = None),
                    None => Ok(()),
                };
                self.waiting_label = None;
                let _ = reply.send(result.map_err(|error| Refusal::journal(&error)));
            }
            Call::Plan { plan, reply } => {
                let result = self.change(*plan);
                let _ = reply.send(result);
            }
            Call::Learn { slot } => {
                self.learning = slot.and_then(|number| self.at(number));
            }
            Call::Keys { keys } => {
                for (key, at) in keys {
                    for line in self.wedge.key(key, at) {
                        self.take_line(line).await;
                    }
                    self.idle_at =
                        self.wedge.wake_at().map(|wake| (Instant::now() + wake.saturating_sub(at), wake));
                }
            }
            Call::Line { line } => self.take_line(line).await,
            Call::Command { command, slot } => {
                if let Some(slot) = slot.and_then(|number| self.at(number)) {
                    self.selected = Some(slot);
                }
                self.obey(&command).await;
            }
            Call::SignOn { field, value } => self.sign_on(field, value).await,
        }
    }

    async fn arm(
        &mut self,
        arming: Arming,
        order: Option<WorkOrder>,
        secrets: JobSecrets,
    ) -> Result<(), Refusal> {
        if self.slots.iter().any(Slot::at_work) {
            return Err(Refusal::of(RefusalCode::StationBusy, &[]));
        }
        let event = StationEvent::Armed {
            name: self.plan.name.clone(),
            slots: self.plan.slots.clone(),
            arming: Box::new(arming.clone()),
            software: origin::SOFTWARE.to_owned(),
        };
        let at = self.note(event).await.map_err(|error| Refusal::journal(&error))?;
        if let Some(order) = &arming.order {
            self.work_order = Some(order.name.clone());
        }
        self.armed = Some(Armed { arming, order: order.map(Arc::new), secrets, at });
        self.counters = Counters::default();
        self.passes.clear();
        Ok(())
    }

    async fn take_what_is_there(&mut self) {
        for slot in 0..self.slots.len() {
            let waits = matches!(
                self.slots[slot].phase,
                Phase::Free | Phase::Held { why: Interlock::NotArmed | Interlock::NobodySignedOn, .. }
            );
            if waits && self.slots[slot].present.is_some() {
                self.plugged(slot).await;
            }
        }
    }

    fn change(&mut self, plan: StationPlan) -> Result<(), Refusal> {
        plan.check()?;
        if self.slots.iter().any(Slot::at_work) {
            return Err(Refusal::of(RefusalCode::StationBusy, &[]));
        }
        let reader = reader(&plan)?;
        if let Some(keeper) = &self.keeper {
            keeper.put(plan.clone())?;
        }
        self.reader = reader;
        self.wedge = Wedge::new(plan.scan.wedge.clone());
        self.printer = self.given_printer.clone().or_else(|| own_printer(&plan));
        let mut before = std::mem::take(&mut self.slots);
        self.slots = plan
            .slots
            .iter()
            .map(|slot| match before.iter().position(|known| known.plan == *slot) {
                Some(at) => before.swap_remove(at),
                None => Slot::new(slot.clone()),
            })
            .collect();
        self.plan = plan;
        (self.selected, self.learning) = (None, None);
        Ok(())
    }

    /// The slot of this number, counted from 1.
    fn at(&self, number: u32) -> Option<usize> {
        let at = (number as usize).checked_sub(1)?;
        (at < self.slots.len()).then_some(at)
    }

    fn number(slot: usize) -> u32 {
        u32::try_from(slot + 1).unwrap_or(u32::MAX)
    }

    // ---- units come and go

    async fn spotted(&mut self, spotted: Spotted) {
        let sighting = spotted.sighting;
        match &sighting.advert {
            Advert::Serial(serial) => {
                let usb = serial.usb.clone().unwrap_or_default();
                // A port without a socket (a pty) is a place of its own.
                let path = usb.path.unwrap_or_else(|| sighting.address.text().to_owned());
                match sighting.change {
                    Change::Came => self.came(&path, sighting.address, usb.serial).await,
                    Change::Changed => {}
                    Change::Left => {
                        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.is_usb_at(&path))
                            && slot.present.as_ref().is_some_and(|(address, _)| *address == sighting.address)
                        {
                            slot.left_at = Some(Instant::now());
                        }
                    }
                }
            }
            Advert::Ble(_) => match sighting.change {
                Change::Came | Change::Changed => {
                    self.air.insert(sighting.address, sighting.advert);
                    self.meet_on_the_air().await;
                }
                Change::Left => {
                    self.air.remove(&sighting.address);
                }
            },
        }
    }

    async fn came(&mut self, path: &str, address: Address, serial: Option<String>) {
        if let Some(slot) = self.learning {
            self.learn(slot, Place::Usb { path: path.to_owned() }, address, serial).await;
            return;
        }
        let Some(slot) = self.slots.iter().position(|slot| slot.is_usb_at(path)) else { return };
        let back = self.slots[slot].left_at.is_some();
        let another = match (&self.slots[slot].present, &serial) {
            (Some((_, Some(before))), Some(now)) => before != now,
            _ => false,
        };
        if back && another {
            self.unplugged(slot);
        }
        self.slots[slot].left_at = None;
        let was_there = self.slots[slot].present.replace((address, serial)).is_some();
        // It started again, and its port came back with it.
        if was_there {
            return;
        }
        self.plugged(slot).await;
    }

    async fn learn(&mut self, slot: usize, place: Place, address: Address, serial: Option<String>) {
        if self.slots.iter().any(|known| known.plan.place.as_ref() == Some(&place)) {
            self.say(Cue::ScanWrong);
            return;
        }
        let event = StationEvent::Learned { slot: self.slots[slot].plan.name.clone(), place: place.clone() };
        if self.note(event).await.is_err() {
            return;
        }
        self.slots[slot].plan.place = Some(place.clone());
        self.slots[slot].present = Some((address, serial));
        self.plan.slots[slot].place = Some(place);
        if let Some(keeper) = &self.keeper
            && let Err(refusal) = keeper.put(self.plan.clone())
        {
            tracing::error!(?refusal, "a learned slot could not be kept");
        }
        self.learning = self.slots.iter().position(|slot| slot.plan.place.is_none());
        self.say(Cue::Ready);
    }

    /// A unit is in the slot that was empty before.
    async fn plugged(&mut self, slot: usize) {
        let (Some(armed), Some((address, _))) = (&self.armed, self.slots[slot].present.clone()) else {
            return;
        };
        let rules = armed.arming.rules.clone();
        match std::mem::replace(&mut self.slots[slot].phase, Phase::Free) {
            Phase::WantsDevice { label } => return self.start(slot, address, Some(label)).await,
            Phase::Free | Phase::Held { .. } => {}
            // What is there stays until somebody puts it aside.
            other => {
                let fails = matches!(&other, Phase::Ended(work) if work.outcome != Some(Outcome::Passed));
                self.slots[slot].phase = other;
                if fails {
                    let name = self.slots[slot].plan.name.clone();
                    self.hear(Heard::Held { shown: String::new(), why: Interlock::SlotTaken { slot: name } });
                    self.say(Cue::Held);
                }
                return;
            }
        }
        if rules.operator_needed && self.operator.is_none() {
            return self.hold(Some(slot), None, Interlock::NobodySignedOn).await;
        }
        match self.waiting_label.take() {
            Some(label) => self.start(slot, address, Some(label)).await,
            None if rules.label_first => {
                self.slots[slot].phase = Phase::WantsLabel;
                self.say(Cue::Attention);
            }
            None => self.start(slot, address, None).await,
        }
    }

    /// Its place has been empty for longer than a restart takes.
    fn unplugged(&mut self, slot: usize) {
        let slot = &mut self.slots[slot];
        (slot.left_at, slot.present) = (None, None);
        if slot.is_through() || matches!(slot.phase, Phase::Held { .. } | Phase::WantsLabel) {
            slot.phase = Phase::Free;
        }
    }

    async fn meet_on_the_air(&mut self) {
        for slot in 0..self.slots.len() {
            let Phase::WantsDevice { label } = &self.slots[slot].phase else { continue };
            let Some(Place::Ble { adapter }) = &self.slots[slot].plan.place else { continue };
            let found =
                self.air.iter().find(|(address, advert)| fits(label, address, advert, adapter.as_deref()));
            if let Some((address, _)) = found {
                let (address, label) = (address.clone(), label.clone());
                self.start(slot, address, Some(label)).await;
            }
        }
    }

    // ---- jobs

    async fn hold(&mut self, slot: Option<usize>, label: Option<Label>, why: Interlock) {
        let shown = label.as_ref().map(|label| label.shown().to_owned());
        let event = StationEvent::Held {
            slot: slot.map(|slot| self.slots[slot].plan.name.clone()),
            label: shown.clone(),
            why: why.clone(),
        };
        // Without the fact, the unit is held all the same.
        let _ = self.note(event).await;
        self.counters.held += 1;
        if let Some(slot) = slot {
            self.slots[slot].phase = Phase::Held { why: why.clone(), label };
        }
        if slot.is_none() || shown.is_some() {
            self.hear(Heard::Held { shown: shown.unwrap_or_default(), why });
        }
        self.say(Cue::Held);
    }

    /// What is against a unit before its device was asked, as far as its label tells.
    fn against(&self, label: &Label) -> Option<Interlock> {
        let Some(armed) = &self.armed else { return Some(Interlock::NotArmed) };
        if armed.arming.rules.operator_needed && self.operator.is_none() {
            return Some(Interlock::NobodySignedOn);
        }
        if let Some(order) = &armed.order
            && !order.allows(label)
        {
            return Some(Interlock::NotInOrder { order: order.name.clone() });
        }
        if armed.arming.rules.once {
            let ledger = self.engine.shared().ledger();
            let names = [label.mac.clone(), label.serial.as_ref().map(|serial| format!("usb:{serial}"))];
            let earlier = names.into_iter().flatten().find_map(|name| ledger.passed_before(&UnitId(name)));
            if let Some(earlier) = earlier {
                return Some(Interlock::AlreadyDone {
                    by: earlier.operator,
                    station: earlier.station,
                    at: earlier.at,
                });
            }
        }
        None
    }

    async fn start(&mut self, slot: usize, address: Address, label: Option<Label>) {
        let Some(armed) = &self.armed else {
            return self.hold(Some(slot), label, Interlock::NotArmed).await;
        };
        let origin = Origin {
            station: Some(self.plan.name.clone()),
            slot: Some(self.slots[slot].plan.name.clone()),
            operator: self.operator.clone(),
            work_order: self.work_order.clone(),
            shift: self.shift.clone(),
            ..Origin::default()
        };
        let mut recipe = (*armed.arming.recipe).clone();
        let mut secrets = armed.secrets.clone();
        if let Some(label) = &label {
            secrets.device_secret = label.proof.clone().or(secrets.device_secret);
            recipe.device_user = label.user.clone().or(recipe.device_user);
        }
        let gate = gate(armed.arming.rules.clone(), armed.order.clone(), label.clone());
        let (engine, told) = (self.engine.clone(), self.told.clone());
        self.slots[slot].phase = Phase::Starting { label: label.clone() };
        // Signing in may take a while, and the other slots do not wait for it.
        tokio::spawn(async move {
            let result = engine.start_gated(recipe, Target::At { address }, secrets, origin, gate).await;
            let _ = told.send(Happened::Started { slot, label, result });
        });
    }

    async fn done(&mut self, done: Happened) {
        match done {
            Happened::Started { slot, label, result: Ok(job) } => {
                let work = Work {
                    job: job.id,
                    cancel: job.canceller(),
                    label,
                    step: None,
                    unit: None,
                    began: None,
                    ended: None,
                    outcome: None,
                    fault: None,
                    paper: Paper::None,
                };
                self.slots[slot].phase = Phase::Busy(Box::new(work));
                // What it did until now was told before we knew its number.
                self.look_at(slot).await;
            }
            Happened::Started { slot, label, result: Err(refusal) } => {
                let codes = refusal.reasons.iter().map(|reason| reason.code).collect();
                self.hold(Some(slot), label, Interlock::Refused { codes }).await;
            }
            Happened::NotReady { job, error } | Happened::PrintFailed { job, error } => {
                let again = Instant::now() + patience::PRINTER_AGAIN;
                let mut first = false;
                if let Some(work) = self.ended_job(job) {
                    first = !matches!(work.paper, Paper::Waits { trouble, .. } if trouble == error.trouble);
                    work.paper = if error.effect_unknown {
                        Paper::Uncertain { trouble: error.trouble }
                    } else {
                        Paper::Waits { trouble: error.trouble, again }
                    };
                }
                if first {
                    self.say(Cue::Attention);
                }
            }
            Happened::Printed { job } => {
                let scan_back = self.plan.label.as_ref().is_some_and(|label| label.scan_back);
                if let Some(work) = self.ended_job(job) {
                    work.paper = if scan_back { Paper::ScanBack } else { Paper::Done };
                }
                if !scan_back {
                    self.ready(job);
                }
            }
        }
    }

    fn ended_job(&mut self, job: JobId) -> Option<&mut Work> {
        self.slots.iter_mut().find_map(|slot| match &mut slot.phase {
            Phase::Ended(work) if work.job == job => Some(&mut **work),
            _ => None,
        })
    }

    /// Ready to ship.
    fn ready(&mut self, job: JobId) {
        self.say(Cue::Ready);
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.work().is_some_and(|work| work.job == job))
            && slot.present.is_none()
            && !slot.is_ble()
        {
            slot.phase = Phase::Free;
        }
    }

    async fn updated(&mut self, job: JobId, update: &Update) {
        let Update::Fact(fact) = update else { return };
        let Some(slot) = self.slots.iter().position(|slot| slot.work().is_some_and(|work| work.job == job))
        else {
            return;
        };
        match &fact.event {
            JobEvent::StepBegan { .. } | JobEvent::Identified { .. } | JobEvent::Finished { .. } => {
                self.look_at(slot).await;
            }
            _ => {}
        }
    }

    /// Updates were missed: the ledger has them.
    async fn look_again(&mut self) {
        for slot in 0..self.slots.len() {
            if self.slots[slot].work().is_some() {
                self.look_at(slot).await;
            }
        }
    }

    /// Draws a slot's job as the ledger has it, and sees to what its end means.
    async fn look_at(&mut self, slot: usize) {
        let Some(before) = self.slots[slot].work().map(|work| (work.job, work.outcome)) else { return };
        let Some(recorded) = self.engine.recorded(before.0) else { return };
        let (Phase::Busy(work) | Phase::Ended(work)) = &mut self.slots[slot].phase else { return };
        work.step = recorded.state.step;
        work.unit = recorded.state.unit.clone().or(work.unit.take());
        work.began = recorded.timeline.began_at;
        work.ended = recorded.timeline.ended_at;
        work.outcome = recorded.state.outcome;
        work.fault.clone_from(&recorded.state.fault);
        let Some(outcome) = work.outcome.filter(|outcome| before.1 != Some(*outcome)) else { return };
        if let Phase::Busy(work) = std::mem::replace(&mut self.slots[slot].phase, Phase::Free) {
            self.slots[slot].phase = Phase::Ended(work);
        } else {
            return;
        }
        self.ended(slot, outcome, before.1, recorded.last_at);
    }

    fn ended(&mut self, slot: usize, outcome: Outcome, before: Option<Outcome>, at: i64) {
        if before == Some(Outcome::Unknown) {
            self.counters.unknown = self.counters.unknown.saturating_sub(1);
        }
        match outcome {
            Outcome::Passed => {
                self.counters.passed += 1;
                self.passes.push_back(at);
                while self.passes.len() > patience::TAKT_OF + 1 {
                    self.passes.pop_front();
                }
                self.say(Cue::Passed);
                if self.plan.label.is_some() && self.printer.is_some() {
                    self.print(slot);
                } else if self.slots[slot].present.is_none() && !self.slots[slot].is_ble() {
                    self.slots[slot].phase = Phase::Free;
                }
            }
            Outcome::Failed => {
                self.counters.failed += 1;
                self.say(Cue::Failed);
            }
            Outcome::Unknown => {
                self.counters.unknown += 1;
                self.say(Cue::Attention);
            }
            Outcome::Skipped => {
                self.counters.held += 1;
                self.say(Cue::Held);
                if self.slots[slot].present.is_none() && !self.slots[slot].is_ble() {
                    self.slots[slot].phase = Phase::Free;
                }
            }
        }
    }

    // ---- labels

    fn fields(&self, work: &Work) -> LabelFields {
        let recorded = self.engine.recorded(work.job);
        let state = recorded.as_ref().map(|recorded| &recorded.state);
        let identity = state.and_then(|state| state.identity.as_deref());
        let unit = work.unit.as_ref().map(|unit| unit.0.clone()).unwrap_or_default();
        let seen = state.and_then(|state| state.seen.as_ref());
        let date = recorded
            .as_ref()
            .and_then(|recorded| recorded.timeline.ended_at)
            .and_then(|at| time::OffsetDateTime::from_unix_timestamp(at / 1000).ok())
            .map(|moment| moment.date().to_string());
        let all = [
            ("mac", crate::plan::device_label::hardware_address(&unit)),
            ("unit", Some(unit)),
            (
                "name",
                state
                    .and_then(|state| state.described.as_ref()?.name.clone())
                    .or_else(|| identity?.name.clone()),
            ),
            ("serial", work.label.as_ref().and_then(|label| label.serial.clone())),
            ("device_id", state.and_then(|state| state.device).map(|device| device.to_string())),
            ("template", identity.and_then(|identity| identity.template.clone())),
            (
                "firmware",
                seen.and_then(|seen| seen.firmware.clone())
                    .or_else(|| identity.and_then(|identity| identity.firmware_version.clone())),
            ),
            ("work_order", self.work_order.clone()),
            ("operator", self.operator.clone()),
            ("station", Some(self.plan.name.clone())),
            ("date", date),
        ];
        LabelFields(all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }

    /// What the code of this slot's label says.
    fn code_of(&self, work: &Work) -> Option<String> {
        Some(self.plan.label.as_ref()?.fill(&self.fields(work)).code)
    }

    fn print(&mut self, slot: usize) {
        let (Some(plan), Some(printer)) = (&self.plan.label, &self.printer) else { return };
        let Phase::Ended(work) = &self.slots[slot].phase else { return };
        let (job, Some(unit)) = (work.job, work.unit.clone()) else { return };
        let drawn = labels::drawn(plan, &self.fields(work));
        let copies = self
            .engine
            .station_state(self.plan.id)
            .and_then(|state| state.label(job).map(|label| label.copies))
            .unwrap_or(0);
        let (engine, station, name) = (self.engine.clone(), self.plan.id, plan.printer.name());
        let (printer, one_at_a_time, told) = (printer.clone(), self.printing.clone(), self.told.clone());
        if let Phase::Ended(work) = &mut self.slots[slot].phase
            && !matches!(work.paper, Paper::Waits { .. })
        {
            work.paper = Paper::Printing;
        }
        if let Phase::Ended(work) = &mut self.slots[slot].phase
            && let Paper::Waits { trouble, .. } = work.paper
        {
            // Until it has been looked at again, it goes on being what it lacked.
            work.paper = Paper::Waits { trouble, again: Instant::now() + Duration::from_secs(3600) };
        }
        tokio::spawn(async move {
            let _turn = one_at_a_time.lock().await;
            let ready = match &drawn {
                Ok(_) => printer.ready().await,
                Err(error) => Err(*error),
            };
            let happened = match (ready, drawn) {
                (Err(error), _) | (Ok(()), Err(error)) => Happened::NotReady { job, error },
                (Ok(()), Ok(label)) => {
                    let note = |event| engine.shared().note(vec![Note::Station(station, event)]);
                    let copy = copies + 1;
                    let intent = StationEvent::LabelIntended { job, unit: unit.clone(), printer: name, copy };
                    if note(intent).await.is_err() {
                        // What cannot be written down is not done.
                        Happened::NotReady { job, error: PrinterError::before(PrinterTrouble::Folder) }
                    } else {
                        match printer.print(&format!("{unit}-{copy}"), &label).await {
                            Ok(()) => {
                                let _ = note(StationEvent::LabelPrinted { job }).await;
                                Happened::Printed { job }
                            }
                            Err(error) => {
                                let PrinterError { trouble, effect_unknown } = error;
                                let _ =
                                    note(StationEvent::LabelFailed { job, trouble, effect_unknown }).await;
                                Happened::PrintFailed { job, error }
                            }
                        }
                    }
                }
            };
            let _ = told.send(happened);
        });
    }

    /// Whether this text is a printed label that is waited for.
    async fn scan_back(&mut self, text: &str) -> bool {
        let found = self.slots.iter().enumerate().find_map(|(slot, state)| {
            let work = state
                .work()
                .filter(|work| matches!(work.paper, Paper::ScanBack | Paper::Uncertain { .. }))?;
            let code = self.code_of(work)?;
            code.eq_ignore_ascii_case(text.trim()).then_some((slot, work.job))
        });
        if let Some((slot, job)) = found {
            if self.note(StationEvent::ScannedBack { job }).await.is_err() {
                return true;
            }
            if let Some(work) = self.ended_job(job) {
                work.paper = Paper::Done;
            }
            self.ready(job);
            self.hear(Heard::ScannedBack { slot: Some(Self::number(slot)) });
            return true;
        }
        // A label from before the program was started again.
        let open = self.engine.station_state(self.plan.id).and_then(|state| {
            state
                .labels_open()
                .find(|(_, label)| label.unit.0.eq_ignore_ascii_case(text.trim()))
                .map(|(job, _)| job)
        });
        match open {
            Some(job) if self.slots.iter().all(|slot| slot.work().is_none_or(|work| work.job != job)) => {
                let _ = self.note(StationEvent::ScannedBack { job }).await;
                self.say(Cue::Ready);
                self.hear(Heard::ScannedBack { slot: None });
                true
            }
            _ => false,
        }
    }

    // ---- scans

    fn hear(&mut self, heard: Heard) {
        self.numbers = self.numbers.wrapping_add(1);
        self.heard = Some((self.numbers, heard));
    }

    fn say(&mut self, cue: Cue) {
        self.numbers = self.numbers.wrapping_add(1);
        self.cue = Some((self.numbers, cue));
    }

    fn wrong(&mut self, heard: Heard) {
        self.hear(heard);
        self.say(Cue::ScanWrong);
    }

    async fn take_line(&mut self, line: Line) {
        if line.how == HowTyped::Scanned && self.doubles.is_double(&line.text, self.began.elapsed()) {
            self.hear(Heard::Double);
            return;
        }
        if self.scan_back(line.text.expose()).await {
            return;
        }
        match self.reader.read(&line.text) {
            Ok(Scan::Command(command)) => self.obey(&command).await,
            Ok(Scan::Field(field, value)) => self.sign_on(field, Some(value)).await,
            Ok(Scan::Label(label)) => {
                let typed_allowed = self.armed.as_ref().is_some_and(|armed| armed.arming.rules.typed_labels);
                if line.how == HowTyped::ByHand && self.armed.is_some() && !typed_allowed {
                    self.hold(None, Some(label), Interlock::Typed).await;
                } else {
                    self.take_label(label).await;
                }
            }
            Err(wrong) => self.wrong(Heard::Wrong(wrong)),
        }
    }

    async fn sign_on(&mut self, field: Field, value: Option<String>) {
        if let (Field::WorkOrder, Some(armed), Some(value)) = (field, &self.armed, &value)
            && let Some(order) = &armed.arming.order
            && order.name != *value
        {
            let order = order.name.clone();
            self.wrong(Heard::Held { shown: value.clone(), why: Interlock::NotInOrder { order } });
            return;
        }
        let mut staff = (self.operator.clone(), self.work_order.clone(), self.shift.clone());
        match field {
            Field::Operator => staff.0.clone_from(&value),
            Field::WorkOrder => staff.1.clone_from(&value),
            Field::Shift => staff.2.clone_from(&value),
        }
        let (operator, work_order, shift) = staff.clone();
        if self.note(StationEvent::SignedOn { operator, work_order, shift }).await.is_err() {
            return;
        }
        (self.operator, self.work_order, self.shift) = staff;
        match value {
            Some(value) => {
                self.say(Cue::ScanTaken);
                self.hear(Heard::Field(field, value));
            }
            None => self.hear(Heard::Command(Command::SignOff)),
        }
        if field == Field::Operator && self.operator.is_some() {
            self.take_what_is_there().await;
        }
    }

    async fn take_label(&mut self, label: Label) {
        let shown = label.shown().to_owned();
        if let Some(why) = self.against(&label) {
            return self.hold(None, Some(label), why).await;
        }
        let same = |known: &Label| {
            let both = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
            both(&known.mac, &label.mac)
                || both(&known.serial, &label.serial)
                || both(&known.name, &label.name)
        };
        let in_work = self.slots.iter().position(|slot| {
            let by_unit = slot
                .work()
                .and_then(|work| work.unit.as_ref())
                .is_some_and(|unit| label.is_meant_by(&unit.0));
            !slot.is_through() && (slot.label().is_some_and(&same) || by_unit)
        });
        if let Some(slot) = in_work {
            let slot = self.slots[slot].plan.name.clone();
            return self.hold(None, Some(label), Interlock::InWork { slot }).await;
        }
        let wants = |slot: &Slot| matches!(slot.phase, Phase::WantsLabel);
        let chosen = self.selected.take();
        let plugged =
            chosen.filter(|slot| wants(&self.slots[*slot])).or_else(|| self.slots.iter().position(wants));
        if let Some(slot) = plugged
            && let Some((address, _)) = self.slots[slot].present.clone()
        {
            self.taken(shown, Some(slot));
            return self.start(slot, address, Some(label)).await;
        }
        let for_ble = label.medium != Some(MediumKind::Serial);
        let free_ble = |slot: &Slot| slot.is_ble() && slot.is_free_for_a_label();
        let ble = chosen
            .filter(|slot| free_ble(&self.slots[*slot]))
            .or_else(|| self.slots.iter().position(free_ble))
            .filter(|_| for_ble);
        let on_the_air = self.air.iter().any(|(address, advert)| fits(&label, address, advert, None));
        let has_usb = self.slots.iter().any(|slot| matches!(slot.plan.place, Some(Place::Usb { .. })));
        if let Some(slot) = ble
            && (on_the_air || !has_usb || label.medium == Some(MediumKind::Ble) || chosen == Some(slot))
        {
            self.taken(shown, Some(slot));
            self.slots[slot].phase = Phase::WantsDevice { label };
            return self.meet_on_the_air().await;
        }
        let usb_free = self.slots.iter().any(|slot| {
            matches!(slot.plan.place, Some(Place::Usb { .. })) && matches!(slot.phase, Phase::Free)
        });
        if usb_free {
            self.taken(shown, None);
            self.waiting_label = Some(label);
            return;
        }
        // The labels that are printed here look the same: somebody may have mixed them up.
        let expected = self
            .slots
            .iter()
            .filter_map(Slot::work)
            .filter(|work| work.paper == Paper::ScanBack)
            .find_map(|work| self.code_of(work));
        match expected {
            Some(expected) => self.wrong(Heard::NotThisLabel { expected }),
            None => self.hold(None, Some(label), Interlock::NoFreeSlot).await,
        }
    }

    fn taken(&mut self, shown: String, slot: Option<usize>) {
        self.hear(Heard::Label { shown, slot: slot.map(Self::number) });
        self.say(Cue::ScanTaken);
    }

    /// The slot that a command is meant for.
    fn meant(&self, fits: impl Fn(&Slot) -> bool) -> Result<usize, Heard> {
        if let Some(slot) = self.selected {
            return if fits(&self.slots[slot]) { Ok(slot) } else { Err(Heard::NothingToDo) };
        }
        let mut all = (0..self.slots.len()).filter(|slot| fits(&self.slots[*slot]));
        match (all.next(), all.next()) {
            (Some(slot), None) => Ok(slot),
            (Some(_), Some(_)) => Err(Heard::WhichSlot),
            (None, _) => Err(Heard::NothingToDo),
        }
    }

    async fn obey(&mut self, command: &Command) {
        if let Command::Slot { number } = command {
            match self.at(*number) {
                Some(slot) => {
                    self.selected = Some(slot);
                    self.hear(Heard::Command(command.clone()));
                    self.say(Cue::ScanTaken);
                }
                None => self.wrong(Heard::Wrong(WrongScan::UnknownCommand)),
            }
            return;
        }
        if *command == Command::SignOff {
            return self.sign_on(Field::Operator, None).await;
        }
        let label_first = self.armed.as_ref().is_some_and(|armed| armed.arming.rules.label_first);
        let meant = match command {
            Command::Start => self.meant(|slot| {
                slot.present.is_some()
                    && match slot.phase {
                        Phase::Free | Phase::Held { .. } => true,
                        Phase::WantsLabel => !label_first,
                        _ => false,
                    }
            }),
            Command::Retry => self.meant(|slot| match &slot.phase {
                Phase::Held { .. } => true,
                Phase::Ended(work) => work.outcome != Some(Outcome::Passed),
                _ => false,
            }),
            Command::SetAside => self.meant(|slot| match &slot.phase {
                Phase::Held { .. } | Phase::WantsLabel | Phase::WantsDevice { .. } => true,
                Phase::Ended(_) => !slot.is_through() || slot.state() == SlotState::Held,
                _ => false,
            }),
            Command::Stop => self.meant(|slot| matches!(slot.phase, Phase::Busy(_))),
            Command::Print => {
                let has_label = self.plan.label.is_some();
                self.meant(|slot| match &slot.phase {
                    Phase::Ended(work) => {
                        has_label && work.outcome == Some(Outcome::Passed) && work.paper != Paper::Printing
                    }
                    _ => false,
                })
            }
            Command::Slot { .. } | Command::SignOff => return,
        };
        let slot = match meant {
            Ok(slot) => slot,
            Err(heard) => {
                // A label that waits for a unit can be put aside as well.
                if *command == Command::SetAside && self.waiting_label.take().is_some() {
                    self.hear(Heard::Command(command.clone()));
                    self.say(Cue::ScanTaken);
                } else {
                    self.wrong(heard);
                }
                return;
            }
        };
        self.selected = None;
        self.hear(Heard::Command(command.clone()));
        self.say(Cue::ScanTaken);
        match command {
            Command::Start => self.plugged(slot).await,
            Command::Retry => self.retry(slot).await,
            Command::SetAside => self.set_aside(slot).await,
            Command::Stop => {
                if let Phase::Busy(work) = &self.slots[slot].phase {
                    work.cancel.cancel();
                }
            }
            Command::Print => {
                if let Phase::Ended(work) = &mut self.slots[slot].phase {
                    work.paper = Paper::Printing;
                }
                self.print(slot);
            }
            Command::Slot { .. } | Command::SignOff => {}
        }
    }

    async fn retry(&mut self, slot: usize) {
        let label = self.slots[slot].label().cloned();
        if let Some(label) = &label
            && let Some(why) = self.against(label)
        {
            return self.hold(Some(slot), Some(label.clone()), why).await;
        }
        let present = self.slots[slot].present.clone();
        match (present, label) {
            (Some((address, _)), label) => self.start(slot, address, label).await,
            (None, Some(label)) => {
                self.slots[slot].phase = Phase::WantsDevice { label };
                self.meet_on_the_air().await;
            }
            (None, None) => self.slots[slot].phase = Phase::Free,
        }
    }

    async fn set_aside(&mut self, slot: usize) {
        let work = self.slots[slot].work();
        let event = StationEvent::SetAside {
            slot: self.slots[slot].plan.name.clone(),
            job: work.map(|work| work.job),
            unit: work.and_then(|work| work.unit.clone()),
        };
        if self.note(event).await.is_ok() {
            self.slots[slot].phase = Phase::Free;
        }
    }

    // ---- the picture

    fn picture(&self) -> Picture {
        let span = match (self.passes.front(), self.passes.back()) {
            (Some(first), Some(last)) if self.passes.len() > 1 => {
                let gaps = i64::try_from(self.passes.len() - 1).unwrap_or(1);
                u64::try_from((last - first) / gaps).ok()
            }
            _ => None,
        };
        Picture {
            plan: self.plan.clone(),
            arming: self.armed.as_ref().map(|armed| armed.arming.clone()),
            armed_at: self.armed.as_ref().and_then(|armed| armed.at),
            operator: self.operator.clone(),
            work_order: self.work_order.clone(),
            shift: self.shift.clone(),
            slots: self.slots.iter().map(slot_picture).collect(),
            selected: self.selected.map(Self::number),
            learning: self.learning.map(Self::number),
            waiting_label: self.waiting_label.as_ref().map(|label| label.shown().to_owned()),
            heard: self.heard.clone(),
            cue: self.cue,
            counters: self.counters,
            takt_ms: span,
            last_pass: self.passes.back().copied(),
        }
    }
}

fn slot_picture(slot: &Slot) -> SlotPicture {
    let work = slot.work();
    SlotPicture {
        name: slot.plan.name.clone(),
        place: slot.plan.place.clone(),
        present: slot.present.is_some(),
        state: slot.state(),
        step: work.filter(|work| work.outcome.is_none()).and_then(|work| work.step),
        unit: work.and_then(|work| work.unit.clone()),
        label: slot.label().map(|label| label.shown().to_owned()),
        job: work.map(|work| work.job),
        began: work.and_then(|work| work.began),
        ended: work.and_then(|work| work.ended),
        fault: work.and_then(|work| work.fault.clone()),
        held: match &slot.phase {
            Phase::Held { why, .. } => Some(why.clone()),
            Phase::Ended(work) if work.outcome == Some(Outcome::Skipped) => {
                work.fault.as_ref().map(|fault| Interlock::AtDevice { code: fault.code })
            }
            _ => None,
        },
        printer: work.and_then(|work| match work.paper {
            Paper::Waits { trouble, .. } | Paper::Uncertain { trouble } => Some(trouble),
            _ => None,
        }),
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Whether a label means this device on the air.
fn fits(label: &Label, address: &Address, advert: &Advert, adapter: Option<&str>) -> bool {
    let Advert::Ble(ble) = advert else { return false };
    if adapter.is_some() && ble.adapter.is_some() && ble.adapter.as_deref() != adapter {
        return false;
    }
    let by_name = label.name.is_some() && ble.name == label.name;
    let by_address = label.mac.as_deref().is_some_and(|mac| {
        // Espressif numbers a chip's addresses from that of its Wi-Fi; Bluetooth's is the second after it.
        [0, 2]
            .iter()
            .any(|ahead| plus(mac, *ahead).is_some_and(|mac| address.text().eq_ignore_ascii_case(&mac)))
    });
    by_name || by_address
}

fn plus(mac: &str, ahead: u64) -> Option<String> {
    let number = u64::from_str_radix(&mac.replace(':', ""), 16).ok()?.checked_add(ahead)?;
    let bytes = number.to_be_bytes();
    (number < 1 << 48)
        .then(|| bytes[2..].iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"))
}

/// What the rules have against a device that has said who it is.
fn gate(rules: Rules, order: Option<Arc<WorkOrder>>, label: Option<Label>) -> Gate {
    Arc::new(move |met: &Met<'_>| {
        let held =
            |code| Fault::new(code, Step::Identify, Blame::Operator, Retry::AfterFix).about("unit", met.unit);
        if let Some(label) = &label {
            let other_mac = label.mac.as_ref().is_some_and(|mac| {
                crate::plan::device_label::hardware_address(&met.unit.0).is_some_and(|unit| unit != *mac)
            });
            let other_name = label.mac.is_none()
                && matches!((&label.name, &met.identity.name), (Some(label), Some(name)) if label != name);
            if other_mac || other_name {
                return Some((
                    Outcome::Skipped,
                    held(FaultCode::DeviceOtherLabel).about("label", label.shown()),
                ));
            }
        }
        if let Some(order) = &order {
            let by_label = label.as_ref().is_some_and(|label| order.allows(label));
            if !by_label && !order.allows_unit(met.unit) {
                return Some((
                    Outcome::Skipped,
                    held(FaultCode::DeviceNotInOrder).about("order", &order.name),
                ));
            }
        }
        if rules.once
            && let Some(earlier) = &met.earlier
        {
            let fault = held(FaultCode::DeviceAlreadyDone)
                .about("by", earlier.operator.as_deref().unwrap_or_default())
                .about("station", earlier.station.as_deref().unwrap_or_default())
                .about("at", earlier.at);
            return Some((Outcome::Skipped, fault));
        }
        if let Some(least) = &rules.min_firmware {
            let found = met.identity.firmware_version.as_deref();
            if !found.is_some_and(|found| at_least(found, least)) {
                let fault =
                    Fault::new(FaultCode::DeviceFirmwareOld, Step::Identify, Blame::Device, Retry::AfterFix)
                        .about("found", found.unwrap_or("?"))
                        .about("least", least);
                return Some((Outcome::Failed, fault));
            }
        }
        None
    })
}
