//! Batches as a face handles them: a file is opened, its columns are mapped, it is checked, begun, paused, mended,
//! resumed and reported.
//!
//! Not here: the work (`engine::work`), the views (`desk/batch.rs`), and where secrets come from (each face).

use crate::desk::batch::*;
use crate::desk::{FactView, FaultView, OutcomeView, StepName, WindowSecret};
use crate::job_view::millis;
use engine::plan::batch::{
    BatchDefaults, BatchPlan, BatchSecrets, Column, Mapping, Mappings, Problem, plan, problems_file,
};
use engine::plan::patience;
use engine::plan::sheet::{self, SheetForm};
use engine::record::batch::{BatchId, BatchPhase, BatchState, Bind, RowState};
use engine::work::batch::{BatchWishes, CANARY_FROM};
use engine::work::{BatchNews, BatchRun, Engine, Fix, Reconciled, Update, Verdict};
use engine::{Because, JobEvent, Outcome, Refusal, RefusalCode, Step, Target, Why};
use proto::MediumKind;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often a window is told what changed: ten thousand rows need no more, and an eye follows no more.
const BEAT: Duration = Duration::from_millis(200);
/// Over which time a rate is told: long enough for a few units, short enough to follow a change.
const RATE_OVER_MS: i64 = 120_000;
/// Rows that a preview shows.
const PREVIEW: usize = 8;
/// Devices without a row that are shown: enough to see what lies about, few enough to be read.
const STRANGERS: usize = 8;

/// The sample that a person may play with in practice, and fill in for real devices.
pub const SAMPLE: &str = include_str!("batch_sample.csv");
pub const SAMPLE_NAME: &str = "firstlight-sample.csv";

/// A file's content with what its columns mean. Reading it anew is cheap, so nothing of it is kept beside its bytes.
#[derive(Clone)]
pub struct BatchFile {
    pub name: String,
    pub path: Option<String>,
    content: Arc<Vec<u8>>,
    pub mapping: Mapping,
    pub mapping_remembered: bool,
}

impl std::fmt::Debug for BatchFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchFile").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why the content is no table, as a refusal.
fn unreadable(name: &str, because: impl Into<Because>) -> Refusal {
    Refusal::because(RefusalCode::FileUnreadable, because, &[("path", name)])
}

impl BatchFile {
    /// Takes a file's content; the mapping that was made for its heading before is taken over.
    ///
    /// # Errors
    /// `refused.file_unreadable` when it is no table.
    pub fn open(
        name: &str,
        path: Option<String>,
        content: Vec<u8>,
        mappings: Option<&Mappings>,
    ) -> Result<BatchFile, Refusal> {
        let sheet = sheet::read(&content).map_err(|error| unreadable(name, &error))?;
        let mapping = mappings.map(|mappings| mappings.remembered(&sheet.heading)).unwrap_or_default();
        let mapping_remembered = !mapping.0.is_empty();
        Ok(BatchFile { name: name.to_owned(), path, content: Arc::new(content), mapping, mapping_remembered })
    }

    /// Reads a file from the disk.
    ///
    /// # Errors
    /// As [`BatchFile::open`], and when the system does not give it.
    pub fn read(path: &Path, mappings: Option<&Mappings>) -> Result<BatchFile, Refusal> {
        let shown = path.display().to_string();
        let content = std::fs::read(path).map_err(|error| unreadable(&shown, Because::said(error)))?;
        let name = path.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        BatchFile::open(&name, Some(absolute.display().to_string()), content, mappings).map_err(
            |mut refusal| {
                for reason in &mut refusal.reasons {
                    reason.about.insert("path".to_owned(), shown.clone());
                }
                refusal
            },
        )
    }

    fn sheet(&self) -> Result<sheet::Sheet, Refusal> {
        sheet::read(&self.content).map_err(|error| unreadable(&self.name, &error))
    }

    /// Says what columns mean, and remembers it for files of this heading.
    ///
    /// # Errors
    /// A refusal for a column that is not there, or a meaning that is none.
    pub fn map(&mut self, words: &[(String, String)], mappings: Option<&Mappings>) -> Result<(), Refusal> {
        let heading = self.sheet()?.heading;
        for (column, meaning) in words {
            let Some(known) = heading.iter().find(|known| known.eq_ignore_ascii_case(column.trim())) else {
                let because = Because::of(Why::ColumnUnknown)
                    .about("column", column)
                    .about("known", heading.join(", "));
                return Err(Refusal::because(RefusalCode::Usage, because, &[]));
            };
            let Some(meaning) = Column::of_word(meaning) else {
                let because = Because::of(Why::ColumnMeaning).about("meaning", meaning);
                return Err(Refusal::because(RefusalCode::Usage, because, &[]));
            };
            self.mapping.0.insert(known.clone(), meaning);
        }
        match mappings {
            Some(mappings) if !words.is_empty() => mappings.remember(&heading, &self.mapping),
            _ => Ok(()),
        }
    }

    /// Every row as it is wanted, and what the file alone tells against it.
    pub fn plan(
        &self,
        defaults: &BatchDefaults,
        secrets: &BatchSecrets,
    ) -> Result<(BatchPlan, Vec<Problem>), Refusal> {
        let (mut plan, problems) = plan(self.sheet()?, &self.mapping, defaults, secrets);
        plan.name.clone_from(&self.name);
        plan.path.clone_from(&self.path);
        Ok((plan, problems))
    }

    /// The dry run: the file, the journal, and the cloud if it can be asked.
    pub async fn check(
        &self,
        engine: &Engine,
        defaults: &BatchDefaults,
        secrets: &BatchSecrets,
        ask_the_cloud: AskTheCloud,
    ) -> Result<(BatchPlan, Vec<Problem>), Refusal> {
        let (plan, mut problems) = self.plan(defaults, secrets)?;
        problems.extend(engine.batch_done_already(&plan));
        if ask_the_cloud == AskTheCloud::Yes {
            problems.extend(engine.batch_in_the_cloud(&plan).await);
        }
        problems.sort_by_key(|problem| problem.row.unwrap_or(0));
        Ok((plan, problems))
    }

    /// The rows with problems, as a file to mend and read again.
    pub fn problems_file(&self, problems: &[Problem]) -> Result<Vec<u8>, Refusal> {
        let told = |problem: &Problem| {
            let words = crate::words::problem(problem);
            format!("{} {}", words.what, words.fix)
        };
        Ok(problems_file(&self.sheet()?, &self.mapping, problems, &told))
    }

    /// Secrets of devices, by row: for a batch that is taken up again.
    pub fn device_secrets(&self, defaults: &BatchDefaults) -> Result<HashMap<u32, proto::Secret>, Refusal> {
        Ok(self.plan(defaults, &BatchSecrets::default())?.0.of_rows)
    }

    pub fn view(&self, id: &str) -> Result<BatchFileView, Refusal> {
        let sheet = self.sheet()?;
        let columns: Vec<BatchColumnView> = sheet
            .heading
            .iter()
            .map(|heading| BatchColumnView {
                heading: heading.clone(),
                meaning: self.mapping.column(heading).word(),
            })
            .collect();
        let hidden = |at: usize| matches!(columns[at].meaning.as_str(), "device_secret" | "dropped");
        let preview = sheet
            .rows
            .iter()
            .take(PREVIEW)
            .map(|row| {
                let cell = |(at, cell): (usize, &String)| match hidden(at) && !cell.is_empty() {
                    true => "…".to_owned(),
                    false => cell.clone(),
                };
                row.cells.iter().enumerate().map(cell).collect()
            })
            .collect();
        let (format, read_as) = match &sheet.form {
            SheetForm::Csv { delimiter, encoding } => (
                "csv",
                [
                    ("delimiter".to_owned(), delimiter.to_string()),
                    ("encoding".to_owned(), (*encoding).to_owned()),
                ]
                .into(),
            ),
            SheetForm::Xlsx { sheet } => ("xlsx", [("sheet".to_owned(), sheet.clone())].into()),
        };
        Ok(BatchFileView {
            id: id.to_owned(),
            name: self.name.clone(),
            rows: count(sheet.rows.len()),
            format: format.to_owned(),
            read_as,
            columns,
            preview,
            mapping_remembered: self.mapping_remembered,
        })
    }
}

/// Whether a dry run asks the cloud as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskTheCloud {
    Yes,
    No,
}

fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}

pub fn problem_view(problem: &Problem) -> ProblemView {
    ProblemView {
        row: problem.row,
        line: problem.line,
        column: problem.column.clone(),
        code: problem.code,
        about: problem.about.clone(),
    }
}

pub fn check_view(plan: &BatchPlan, problems: &[Problem], asked: AskTheCloud) -> BatchCheckView {
    BatchCheckView {
        rows: count(plan.items.len()),
        problems: problems.iter().map(problem_view).collect(),
        cloud_asked: asked == AskTheCloud::Yes,
        canary_by_default: plan.items.len() > CANARY_FROM,
        sound: sound(plan, problems),
        limits: limits(),
    }
}

/// How many rows can be begun while the others are mended.
fn sound(plan: &BatchPlan, problems: &[Problem]) -> u32 {
    if problems.iter().any(|problem| problem.row.is_none()) {
        return 0;
    }
    let wrong: BTreeSet<u32> = problems.iter().filter_map(|problem| problem.row).collect();
    count(plan.items.len() - wrong.len())
}

/// Leaves out the rows with problems, so that the others can be begun. Rows keep their numbers.
pub fn leave_out(plan: &mut BatchPlan, problems: &mut Vec<Problem>) {
    let wrong: BTreeSet<u32> = problems.iter().filter_map(|problem| problem.row).collect();
    plan.items.retain(|item| !wrong.contains(&item.row));
    plan.of_rows.retain(|row, _| !wrong.contains(row));
    problems.retain(|problem| problem.row.is_none());
}

fn limits() -> BatchLimitsView {
    BatchLimitsView {
        serial: count(patience::SERIAL_LINKS),
        ble_first: count(patience::BLE_LINKS_FIRST),
        ble_most: count(patience::BLE_LINKS_MOST),
    }
}

fn verdict(case: &Verdict) -> BatchVerdictView {
    match case {
        Verdict::Passed => BatchVerdictView::Passed,
        Verdict::Adopted => BatchVerdictView::Adopted,
        Verdict::NothingMade => BatchVerdictView::NothingMade,
        Verdict::NotDelivered => BatchVerdictView::NotDelivered,
        Verdict::StillUnknown => BatchVerdictView::StillUnknown,
        Verdict::Ambiguous { .. } => BatchVerdictView::Ambiguous,
    }
}

// ---- running batches, for a window

/// The batches of a window; clones are one.
#[derive(Clone)]
pub struct Batches {
    engine: Engine,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    files: HashMap<String, BatchFile>,
    running: HashMap<BatchId, Running>,
    listeners: Vec<mpsc::UnboundedSender<BatchUpdate>>,
}

struct Running {
    wishes: BatchWishes,
    /// Rows that a job runs for, with its step.
    steps: HashMap<u32, Step>,
    /// When units ended, for the rate.
    ends: VecDeque<i64>,
    changed: BTreeSet<u32>,
    dirty: bool,
    canary: BatchCanaryView,
    lone: Lone,
    /// It stands still for a cause.
    stopped: bool,
    /// How each unit that is talked to is reached.
    media: HashMap<u32, MediumKind>,
    settled: Vec<BatchSettledView>,
    strangers: VecDeque<BatchStrangerView>,
}

/// When a unit of a batch goes alone, as its engine was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lone {
    pub first: bool,
    pub after_a_stop: bool,
}

impl Running {
    /// A fact of the batch itself.
    fn entry(&mut self, fact: &engine::record::batch::BatchFact) {
        use engine::record::BatchEvent as E;
        match &fact.event {
            E::RowEnded { row, outcome, .. } => {
                self.changed.insert(*row);
                self.ends.push_back(fact.at);
                if self.canary == BatchCanaryView::Alone && *outcome == Outcome::Passed {
                    self.canary = BatchCanaryView::Passed;
                }
            }
            E::RowsReopened { rows } => self.changed.extend(rows),
            E::Stopped { stop } => {
                self.stopped = true;
                if stop.canary {
                    self.canary = BatchCanaryView::Failed;
                }
            }
            E::Continued { .. } => {
                if std::mem::take(&mut self.stopped) && self.lone.after_a_stop {
                    self.canary = BatchCanaryView::Alone;
                }
            }
            E::Begun { .. } | E::Rows { .. } | E::Fixed { .. } | E::Paused | E::Ended => {}
        }
    }

    /// A fact of a row's job.
    fn job(&mut self, row: u32, event: &JobEvent) {
        match event {
            JobEvent::StepBegan { step } => drop(self.steps.insert(row, *step)),
            JobEvent::Queued { target, .. } => {
                self.steps.insert(row, Step::Connect);
                if let Target::At { address } = target {
                    self.media.insert(row, address.medium());
                }
                // Where a second one goes, nobody is alone any more.
                if self.canary == BatchCanaryView::Alone && self.steps.len() > 1 {
                    self.canary = BatchCanaryView::Passed;
                }
            }
            JobEvent::Finished { .. } => {
                self.steps.remove(&row);
                self.media.remove(&row);
            }
            JobEvent::Identified { .. } | JobEvent::Reserved { .. } | JobEvent::Renewed { .. } => {}
            _ => return,
        }
        self.changed.insert(row);
    }
}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").finish_non_exhaustive()
    }
}

impl Batches {
    pub fn of(engine: Engine) -> Batches {
        Batches { engine, inner: Arc::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic in between leaves a picture that is one change behind.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ---- files

    pub fn keep_file(&self, file: BatchFile) -> Result<BatchFileView, Refusal> {
        let id = uuid_text();
        let view = file.view(&id)?;
        self.inner().files.insert(id, file);
        Ok(view)
    }

    pub fn file(&self, id: &str) -> Result<BatchFile, Refusal> {
        let found = self.inner().files.get(id).cloned();
        found.ok_or_else(|| unreadable("", Why::FileClosed))
    }

    pub fn map(
        &self,
        id: &str,
        words: &[(String, String)],
        mappings: Option<&Mappings>,
    ) -> Result<BatchFileView, Refusal> {
        let mut file = self.file(id)?;
        file.map(words, mappings)?;
        let view = file.view(id)?;
        self.inner().files.insert(id.to_owned(), file);
        Ok(view)
    }

    pub fn close_file(&self, id: &str) {
        self.inner().files.remove(id);
    }

    // ---- running

    /// Follows a batch from now on. Panics outside of a tokio runtime.
    pub fn follow(&self, mut run: BatchRun, lone: Lone) -> String {
        let id = run.id;
        let running = Running {
            wishes: run.wishes(),
            steps: HashMap::new(),
            ends: VecDeque::new(),
            changed: BTreeSet::new(),
            dirty: true,
            canary: if lone.first { BatchCanaryView::Alone } else { BatchCanaryView::Off },
            lone,
            stopped: false,
            media: HashMap::new(),
            settled: Vec::new(),
            strangers: VecDeque::new(),
        };
        self.inner().running.insert(id, running);
        let batches = self.clone();
        tokio::spawn(async move {
            let mut beat = tokio::time::interval(BEAT);
            beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! { biased;
                    _ = beat.tick() => batches.tell(id),
                    news = run.next() => match news {
                        Some(news) => batches.hear(id, news),
                        None => break,
                    },
                }
            }
            batches.tell(id);
            let last = batches.inner().running.remove(&id);
            if last.is_some() {
                batches.tell_ended(id);
            }
        });
        id.to_string()
    }

    fn hear(&self, id: BatchId, news: BatchNews) {
        let mut inner = self.inner();
        let Some(running) = inner.running.get_mut(&id) else { return };
        running.dirty = true;
        match news {
            BatchNews::Entry(fact) => running.entry(&fact),
            BatchNews::Job { row, update, .. } => {
                if let Update::Fact(fact) = *update {
                    running.job(row, &fact.event);
                }
            }
            BatchNews::Settled(case) => {
                let row = self.row_of(id, &case);
                let unit = case.unit.as_ref().map(ToString::to_string);
                running.settled.push(BatchSettledView { row, unit, verdict: verdict(&case.verdict) });
            }
            BatchNews::PassedOver { address, unit, fault } => {
                let address = address.text().to_owned();
                running.strangers.retain(|stranger| stranger.address != address);
                running.strangers.push_back(BatchStrangerView {
                    address,
                    unit: unit.as_ref().map(ToString::to_string),
                    fault: fault.as_deref().map(FaultView::from),
                });
                if running.strangers.len() > STRANGERS {
                    running.strangers.pop_front();
                }
            }
        }
    }

    fn row_of(&self, id: BatchId, case: &Reconciled) -> Option<u32> {
        let of_case = |state: &BatchState| {
            state.rows().find(|row| row.jobs.contains(&case.job)).map(|row| row.item.row)
        };
        self.engine.with_batch(id, of_case).flatten()
    }

    fn tell(&self, id: BatchId) {
        let changed = {
            let mut inner = self.inner();
            let Some(running) = inner.running.get_mut(&id).filter(|running| running.dirty) else { return };
            running.dirty = false;
            std::mem::take(&mut running.changed)
        };
        let Some(batch) = self.batch(id) else { return };
        let rows = self.rows_of(id, |state| changed.iter().filter_map(|row| state.row(*row)).collect());
        self.send(BatchUpdate { batch, rows });
    }

    fn tell_ended(&self, id: BatchId) {
        if let Some(batch) = self.batch(id) {
            self.send(BatchUpdate { batch, rows: Vec::new() });
        }
    }

    fn send(&self, update: BatchUpdate) {
        self.inner().listeners.retain(|listener| listener.send(update.clone()).is_ok());
    }

    /// What changes from now on.
    pub fn watch(&self) -> mpsc::UnboundedReceiver<BatchUpdate> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.inner().listeners.push(sender);
        receiver
    }

    fn running(&self, id: &str) -> Result<BatchWishes, Refusal> {
        let batch = batch_id(id)?;
        let wishes = self.inner().running.get(&batch).map(|running| running.wishes.clone());
        wishes.ok_or_else(|| unknown_batch(id))
    }

    pub fn pause(&self, id: &str) -> Result<(), Refusal> {
        self.running(id).map(|wishes| wishes.pause())
    }

    /// Goes on, with what a person changed.
    pub fn go_on(&self, id: &str, fix: Option<BatchFixView>) -> Result<(), Refusal> {
        let wishes = self.running(id)?;
        let stop = self.engine.batch(batch_id(id)?).and_then(|batch| batch.stop);
        let network = stop.as_ref().and_then(|stop| match &stop.shared {
            engine::record::batch::Shared::Network { ssid } => Some(ssid.clone()),
            _ => stop.fault.about.get("ssid").cloned(),
        });
        wishes.go_on(fix.map(|fix| fixed(fix, network)));
        Ok(())
    }

    /// These rows again; none: all that failed.
    pub fn retry(&self, id: &str, rows: Vec<u32>) -> Result<(), Refusal> {
        self.running(id).map(|wishes| wishes.retry(rows))
    }

    /// Lets go of a batch: what runs is cancelled, and it can be resumed later.
    pub fn stop(&self, id: &str) -> Result<(), Refusal> {
        self.running(id).map(|wishes| wishes.stop())
    }

    /// Whether a batch goes on here: it neither waits for a person nor is it over.
    pub fn works(&self) -> bool {
        let running: Vec<BatchId> = self.inner().running.keys().copied().collect();
        let goes_on = |state: &BatchState| state.phase == BatchPhase::Running;
        running.into_iter().any(|id| self.engine.with_batch(id, goes_on).unwrap_or(false))
    }

    /// Lets go of all of them, in an orderly way; each can be resumed.
    pub fn stop_all(&self) {
        self.inner().running.values().for_each(|running| running.wishes.stop());
    }

    // ---- views

    /// What taking a batch up again would do. `kept`: networks whose password is at hand.
    ///
    /// # Errors
    /// `refused.unknown_batch`.
    pub fn resume_view(&self, id: &str, kept: &BTreeSet<String>) -> Result<BatchResumeView, Refusal> {
        let state = self.engine.batch(batch_id(id)?).ok_or_else(|| unknown_batch(id))?;
        let stop = state.stop.as_deref().filter(|_| state.phase == BatchPhase::Stopped);
        let mut view = BatchResumeView {
            waiting: 0,
            cut_off: 0,
            again: 0,
            unknown: 0,
            failed: 0,
            passwords: Vec::new(),
            file: None,
            file_there: true,
            stop: stop.map(BatchStopView::from),
        };
        let mut networks = BTreeSet::new();
        for row in state.rows() {
            let end = row.end.as_ref().and_then(|end| end.fault.as_deref());
            let met = stop.is_some_and(|stop| stop.rows.contains(&row.item.row) || stop.is_met_in(end));
            match row.end.as_ref().map(|end| end.outcome) {
                Some(Outcome::Passed) => continue,
                _ if met => view.again += 1,
                Some(Outcome::Failed | Outcome::Skipped) => view.failed += 1,
                Some(Outcome::Unknown) => view.unknown += 1,
                None if row.jobs.is_empty() => view.waiting += 1,
                None => view.cut_off += 1,
            }
            networks.extend(row.item.recipe.ssid.clone());
            if row.item.has_device_secret {
                view.file.clone_from(&state.path);
            }
        }
        view.passwords = networks.into_iter().filter(|ssid| !kept.contains(ssid)).collect();
        view.file_there = view.file.as_ref().is_none_or(|path| Path::new(path).is_file());
        Ok(view)
    }

    /// Everything about one row.
    ///
    /// # Errors
    /// `refused.unknown_batch`, also for a row that it does not have.
    pub fn row(&self, id: &str, row: u32) -> Result<BatchRowDetail, Refusal> {
        let batch = batch_id(id)?;
        let found = self.engine.with_batch(batch, |state| state.row(row).cloned()).flatten();
        let state = found.ok_or_else(|| unknown_batch(id))?;
        let view = self.rows_of(batch, |batch| batch.row(row).into_iter().collect()).pop();
        let view = view.ok_or_else(|| unknown_batch(id))?;
        let facts = state.jobs.iter().filter_map(|job| self.engine.journal().facts_of(*job).ok()).flatten();
        let recipe = &state.item.recipe;
        Ok(BatchRowDetail {
            row: view,
            fault: state.end.as_ref().and_then(|end| end.fault.as_deref()).map(FaultView::from),
            org: recipe.org.0,
            owner: recipe.owner.0,
            template: recipe.expect_template.clone(),
            meta: recipe.meta.clone(),
            echo: state.item.echo.clone(),
            facts: facts.map(|fact| FactView::new(&fact)).collect(),
        })
    }

    /// All batches of the journal, newest first.
    pub fn list(&self) -> Vec<BatchView> {
        let mut all: Vec<BatchView> =
            self.engine.batches().into_iter().filter_map(|(id, _)| self.batch(id)).collect();
        all.reverse();
        all
    }

    /// One batch as it stands.
    pub fn batch(&self, id: BatchId) -> Option<BatchView> {
        let now = crate::moment::now();
        let mut inner = self.inner();
        let running = inner.running.get_mut(&id);
        self.engine.with_batch(id, |state| batch_view(id, state, running, now))
    }

    /// Rows from this one on, counted from 0 in the file's order.
    pub fn rows(&self, id: &str, from: u32, most: u32) -> Result<Vec<BatchRowView>, Refusal> {
        let batch = batch_id(id)?;
        Ok(self.rows_of(batch, |state| state.rows().skip(from as usize).take(most as usize).collect()))
    }

    fn rows_of(&self, id: BatchId, choose: impl FnOnce(&BatchState) -> Vec<&RowState>) -> Vec<BatchRowView> {
        let steps = self.inner().running.get(&id).map(|running| running.steps.clone()).unwrap_or_default();
        let rows: Vec<RowState> = self
            .engine
            .with_batch(id, |state| choose(state).into_iter().cloned().collect())
            .unwrap_or_default();
        rows.iter().map(|row| self.row_view(row, &steps)).collect()
    }

    fn row_view(&self, row: &RowState, steps: &HashMap<u32, Step>) -> BatchRowView {
        let job = row.jobs.last().and_then(|job| self.engine.recorded(*job));
        let state = job.as_ref().map(|job| &job.state);
        let step = steps.get(&row.item.row).copied();
        BatchRowView {
            row: row.item.row,
            wanted: match &row.item.bind {
                Bind::Mac { mac: wanted } | Bind::Label { label: wanted } => Some(wanted.clone()),
                Bind::Next => None,
            },
            unit: state.and_then(|state| state.unit.as_ref()).map(ToString::to_string),
            name: row.item.recipe.name.clone(),
            ssid: row.item.recipe.ssid.clone(),
            state: match (&row.end, step) {
                (Some(_), _) => BatchRowState::Ended,
                (None, Some(_)) => BatchRowState::Running,
                (None, None) => BatchRowState::Waiting,
            },
            step: step.map(StepName::from),
            outcome: row.end.as_ref().map(|end| OutcomeView::from(end.outcome)),
            fault: row.end.as_ref().and_then(|end| end.fault.as_ref()).map(|fault| fault.code),
            device: state.and_then(|state| state.device).map(|device| device.0),
            job: row.jobs.last().map(ToString::to_string),
            attempts: count(row.jobs.len()),
        }
    }
}

fn batch_view(id: BatchId, state: &BatchState, running: Option<&mut Running>, now: i64) -> BatchView {
    let counts = state.counts();
    let here = running.is_some();
    let phase = BatchPhaseView::of(state.phase, here);
    let mut letters = String::with_capacity(counts.rows as usize);
    let steps = running.as_ref().map(|running| &running.steps);
    for row in state.rows() {
        let runs = steps.is_some_and(|steps| steps.contains_key(&row.item.row));
        letters.push(match (row.end.as_ref().map(|end| end.outcome), runs) {
            (Some(Outcome::Passed), _) => 'p',
            (Some(Outcome::Failed), _) => 'f',
            (Some(Outcome::Unknown), _) => 'u',
            (Some(Outcome::Skipped), _) => 's',
            (None, true) => 'r',
            (None, false) => '.',
        });
    }
    let busy = steps.map_or(0, HashMap::len);
    let by = |kind: MediumKind| {
        running.as_ref().map_or(0, |running| running.media.values().filter(|medium| **medium == kind).count())
    };
    let (running_serial, running_ble) = (count(by(MediumKind::Serial)), count(by(MediumKind::Ble)));
    let settled = running.as_ref().map(|running| running.settled.clone()).unwrap_or_default();
    let strangers = running.as_ref().map(|running| running.strangers.iter().cloned().collect());
    let canary = running
        .as_ref()
        .map_or(if state.canary { BatchCanaryView::Passed } else { BatchCanaryView::Off }, |running| {
            running.canary
        });
    let rate = running.and_then(|running| rate_per_minute(&mut running.ends, state.began_at, now));
    let left = f64::from(counts.left());
    BatchView {
        id: id.to_string(),
        name: state.name.clone(),
        phase,
        rows: counts.rows,
        passed: counts.passed,
        failed: counts.failed,
        unknown: counts.unknown,
        skipped: counts.skipped,
        running: count(busy),
        running_serial,
        running_ble,
        canary,
        stop: state.stop.as_deref().filter(|_| state.phase == BatchPhase::Stopped).map(BatchStopView::from),
        rate_per_minute: rate,
        left_ms: rate
            .filter(|rate| *rate > 0.0 && phase == BatchPhaseView::Running)
            .map(|rate| left / rate * 60_000.0),
        began: millis(state.began_at.unwrap_or(0)),
        last: millis(state.last_at),
        extra: state.extra.clone(),
        letters,
        settled,
        strangers: strangers.unwrap_or_default(),
        limits: limits(),
    }
}

/// Ends per minute over the last two minutes, or since it began.
pub fn rate_per_minute(ends: &mut VecDeque<i64>, began: Option<i64>, now: i64) -> Option<f64> {
    while ends.front().is_some_and(|at| now - at > RATE_OVER_MS) {
        ends.pop_front();
    }
    let over = RATE_OVER_MS.min(now - began?).max(1_000);
    (ends.len() >= 2).then(|| ends.len() as f64 * 60_000.0 / over as f64)
}

fn fixed(fix: BatchFixView, network: Option<String>) -> Fix {
    let secret = fix.secret.map(WindowSecret::into_secret);
    match (fix.field, fix.value, secret) {
        (BatchFieldView::WifiPassword, _, Some(password)) => Fix::WifiPassword { ssid: network, password },
        (BatchFieldView::DeviceSecret, _, Some(secret)) => Fix::DeviceSecret { secret },
        (field, Some(to), _) => {
            let from = if field == BatchFieldView::Wifi { network } else { None };
            Fix::Value { field: field.into(), from, to }
        }
        (field, None, _) => Fix::Outside { field: field.into() },
    }
}

fn unknown_batch(id: &str) -> Refusal {
    Refusal::of(RefusalCode::UnknownBatch, &[("batch", id)])
}

/// The id that a text means.
///
/// # Errors
/// `refused.unknown_batch`.
pub fn batch_id(text: &str) -> Result<BatchId, Refusal> {
    serde_json::from_value(serde_json::Value::String(text.trim().to_owned())).map_err(|_| unknown_batch(text))
}

fn uuid_text() -> String {
    engine::plan::profile::SecretName::fresh("file", "batch")
        .0
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned()
}
