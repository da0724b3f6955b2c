//! A running batch as scripts read it and as a person follows it: one line for each row's end, and one that lives.

use crate::cancel::Stops;
use crate::commands::{Context, reconcile};
use crate::ending::Ending;
use crate::face::{LiveLine, badge, elapsed, note, quiet, shown, strong};
use crate::given;
use api::batches::rate_per_minute;
use api::lines;
use api::moment;
use api::secrets::SecretName;
use api::story::Story;
use api::words;
use engine::record::batch::{BatchEvent, BatchState, FixField, LineStop, RowState};
use engine::work::batch::BatchWishes;
use engine::work::{BatchNews, BatchRun, Engine, Fix, Update};
use engine::{Fact, FaultCode, JobEvent, JobId, Outcome};
use serde_json::json;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

/// With more rows than this, a row that passed is no news on a terminal.
const EACH_PASS: u32 = 60;

/// Follows a batch until it ends, is stopped by a cause that repeats, or is cancelled.
pub async fn to_its_end(context: &Context, engine: &Engine, run: BatchRun, stops: &mut Stops) -> Ending {
    let mut told = Told::new(context, engine, &run);
    told.begin();
    let cancelled = told.follow(run, stops).await;
    told.live.clear();
    told.end(cancelled)
}

/// What a person says when the line stands still.
enum Answer {
    Mended(Fix),
    /// The batch is left as it is, for whoever resumes it.
    Leave,
    /// Ctrl-C and its kin.
    Stop,
}

struct Told<'a> {
    context: &'a Context,
    engine: &'a Engine,
    id: engine::record::BatchId,
    wishes: BatchWishes,
    /// Of the jobs that run.
    stories: HashMap<JobId, Story>,
    /// Rows whose end was printed by this process.
    printed: BTreeSet<u32>,
    /// Ends of jobs whose row has none yet: it is tried again, or was cancelled.
    held: HashMap<u32, (JobId, Outcome)>,
    began: i64,
    ends: VecDeque<i64>,
    running: BTreeSet<u32>,
    live: LiveLine,
    stopped: Option<LineStop>,
}

impl<'a> Told<'a> {
    fn new(context: &'a Context, engine: &'a Engine, run: &BatchRun) -> Told<'a> {
        Told {
            context,
            engine,
            id: run.id,
            wishes: run.wishes(),
            stories: HashMap::new(),
            printed: BTreeSet::new(),
            held: HashMap::new(),
            began: moment::now(),
            ends: VecDeque::new(),
            running: BTreeSet::new(),
            live: LiveLine::new(),
            stopped: None,
        }
    }

    fn batch<T>(&self, look: impl FnOnce(&BatchState) -> T) -> Option<T> {
        self.engine.with_batch(self.id, look)
    }

    fn begin(&self) {
        let Some((name, counts)) = self.batch(|batch| (batch.name.clone(), batch.counts())) else { return };
        let ended = match counts.ended() {
            0 => String::new(),
            ended => format!(", {ended} of them done before"),
        };
        self.context.face.event(
            "batch",
            &json!({"batch": self.id, "change": "begun", "name": name, "rows": counts.rows, "ended": counts.ended()}),
        );
        if !self.context.face.is_json() {
            note(&format!(
                "batch {} of {} rows{ended}; if it is cut off: firstlight batch resume",
                strong(&shown(&name)),
                counts.rows
            ));
        }
    }

    /// Whether a person cancelled.
    async fn follow(&mut self, mut run: BatchRun, stops: &mut Stops) -> bool {
        let mut wishes = 0;
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! { biased;
                () = stops.next() => {
                    wishes += 1;
                    if wishes > 1 {
                        return true;
                    }
                    self.stop();
                }
                news = run.next() => match news {
                    Some(news) => match self.hear(news) {
                        None => {}
                        Some(stop) => match self.line_stopped(&stop, stops).await {
                            Answer::Mended(fix) => {
                                self.stopped = None;
                                self.wishes.go_on(Some(fix));
                            }
                            Answer::Leave => self.wishes.leave(),
                            Answer::Stop => {
                                wishes += 1;
                                self.stop();
                            }
                        },
                    },
                    None => return wishes > 0,
                },
                _ = tick.tick(), if !self.context.face.is_json() => self.show(),
            }
        }
    }

    fn stop(&mut self) {
        self.live.clear();
        note("Stopping; devices that have everything are only left alone. Once more Ctrl-C ends at once.");
        self.wishes.stop();
    }

    /// What is told; `Some`: the line stands still, and somebody has to say how it goes on.
    fn hear(&mut self, news: BatchNews) -> Option<LineStop> {
        match news {
            BatchNews::Job { row, job, update } => {
                if let Update::Fact(fact) = *update {
                    self.job_fact(row, job, &fact);
                }
            }
            BatchNews::Entry(fact) => match &fact.event {
                BatchEvent::RowEnded { row, job, outcome, fault } => {
                    self.ends.push_back(fact.at);
                    self.row_ended(*row, *job, *outcome, fault.as_deref(), fact.at);
                }
                BatchEvent::RowsReopened { rows } => {
                    for row in rows {
                        self.printed.remove(row);
                    }
                }
                BatchEvent::Stopped { stop } => return Some(stop.as_ref().clone()),
                BatchEvent::Begun { .. }
                | BatchEvent::Rows { .. }
                | BatchEvent::Fixed { .. }
                | BatchEvent::Paused
                | BatchEvent::Continued { .. }
                | BatchEvent::Ended => {}
            },
            BatchNews::Settled(case) => {
                self.context.face.event("reconciled", &reconcile::line(&case));
                self.remark(&format!("open from before: {}", reconcile::told(&case)));
            }
            BatchNews::PassedOver { address, unit, fault } => {
                self.context.face.event(
                    "passed_over",
                    &json!({
                        "address": address.text(),
                        "unit": unit,
                        "fault": fault.as_deref().map(lines::FaultLine::from),
                    }),
                );
                match (unit, fault) {
                    (Some(unit), _) => {
                        self.remark(&format!("{} ({unit}) is in no row that waits", address.text()))
                    }
                    (None, Some(fault)) => {
                        self.remark(&format!("{}: {}", address.text(), words::fault(&fault).what));
                    }
                    (None, None) => {}
                }
            }
        }
        None
    }

    fn job_fact(&mut self, row: u32, job: JobId, fact: &Fact) {
        if let JobEvent::Queued { .. } = &fact.event {
            // Tried again: the job before it was no end of its row.
            if let Some((before, _)) = self.held.remove(&row) {
                self.stories.remove(&before);
            }
            self.running.insert(row);
        }
        let story = match self.stories.get_mut(&job) {
            Some(story) => {
                story.apply(fact);
                story
            }
            None => self.stories.entry(job).or_insert(Story::new(fact)),
        };
        match &fact.event {
            // Its row ends with the contract's line; a job that is tried again is no end.
            JobEvent::Finished { outcome, .. } => {
                self.held.insert(row, (job, *outcome));
                self.running.remove(&row);
            }
            _ => self.context.face.raw(&lines::fact(fact, story)),
        }
    }

    fn row_ended(
        &mut self,
        row: u32,
        job: Option<JobId>,
        outcome: Outcome,
        fault: Option<&engine::Fault>,
        at: i64,
    ) {
        self.printed.insert(row);
        self.held.remove(&row);
        let line = match job.and_then(|job| self.stories.remove(&job)) {
            Some(story) => story.finished(outcome, fault),
            None => match self.row_line(row) {
                Some(line) => line,
                None => return,
            },
        };
        self.context.face.raw(&lines::line(at, "finished", &line));
        if !self.context.face.is_json() {
            self.tell_row(row, &line, outcome);
        }
    }

    /// A row's end as the journal has it, for rows that ended in an earlier process or without a device.
    fn row_line(&self, row: u32) -> Option<lines::FinishedLine> {
        let state = self.batch(|batch| batch.row(row).cloned()).flatten()?;
        Some(self.line_of(&state))
    }

    fn line_of(&self, row: &RowState) -> lines::FinishedLine {
        let job = row.jobs.last().copied();
        let recorded = job.and_then(|job| self.engine.recorded(job));
        lines::FinishedLine::of_row(self.id, row, job.zip(recorded))
    }

    fn tell_row(&mut self, row: u32, line: &lines::FinishedLine, outcome: Outcome) {
        let many = self.batch(|batch| batch.counts().rows).unwrap_or(0) > EACH_PASS;
        if many && outcome == Outcome::Passed {
            return;
        }
        let unit = line.unit.as_ref().map(ToString::to_string).unwrap_or_default();
        let device = line.device_id.map(|device| format!("  device {device}")).unwrap_or_default();
        let mut text =
            format!("row {row:<5} {}  {unit}{device}  {}", badge(outcome), elapsed(line.elapsed_ms));
        if let Some(fault) = &line.fault {
            text.push_str(&format!("\n           {} {}", fault.what, quiet(&fault.fix)));
        }
        self.live.clear();
        self.context.face.tell(&text);
    }

    async fn line_stopped(&mut self, stop: &LineStop, stops: &mut Stops) -> Answer {
        self.stopped = Some(stop.clone());
        let said = words::stop(stop);
        self.context.face.event(
            "stopped",
            &json!({
                "batch": self.id,
                "code": stop.fault.code,
                "device_code": stop.fault.device_code,
                "shared": stop.shared,
                "field": stop.field,
                "canary": stop.canary,
                "rows": stop.rows,
                "what": said.what,
                "fix": said.fix,
            }),
        );
        self.live.clear();
        if !self.context.face.is_json() {
            note(&format!("{} {}", badge(Outcome::Failed), strong(&shown(&said.what))));
            note(&shown(&said.fix));
        }
        self.ask_for_fix(stop, stops).await
    }

    /// What a person at the terminal says to a stop.
    async fn ask_for_fix(&self, stop: &LineStop, stops: &mut Stops) -> Answer {
        if !given::can_ask(&self.context.common) {
            return Answer::Leave;
        }
        let network = match &stop.shared {
            engine::record::batch::Shared::Network { ssid } => Some(ssid.clone()),
            _ => None,
        };
        let field = stop.field;
        let terminal = given::Terminal::as_it_is();
        // Reading from the terminal blocks; the batch's jobs go on meanwhile.
        let asked = tokio::task::spawn_blocking(move || match field {
            FixField::WifiPassword => given::ask(SecretName::WifiPassword)
                .map(|password| Fix::WifiPassword { ssid: network, password }),
            FixField::DeviceSecret => {
                given::ask(SecretName::DeviceSecret).map(|secret| Fix::DeviceSecret { secret })
            }
            FixField::Wifi
            | FixField::SignIn
            | FixField::Owner
            | FixField::Org
            | FixField::TokenHost
            | FixField::Template
            | FixField::Slot
            | FixField::Outside => {
                note("Press Enter when it is mended, or type q and Enter to leave the batch for later.");
                let mut answer = String::new();
                let read = std::io::stdin().read_line(&mut answer).unwrap_or(0);
                (read > 0 && answer.trim().is_empty()).then_some(Fix::Outside { field })
            }
        });
        tokio::select! { biased;
            () = stops.next() => {
                // Whoever read a password there reads on, without echo, until the program is gone.
                terminal.restore();
                Answer::Stop
            }
            answer = asked => answer.ok().flatten().map_or(Answer::Leave, Answer::Mended),
        }
    }

    fn remark(&mut self, text: &str) {
        if !self.context.face.is_json() {
            self.live.clear();
            note(&quiet(&shown(text)));
        }
    }

    /// The line that lives: counts, rate, time left.
    fn show(&mut self) {
        let Some(counts) = self.batch(BatchState::counts) else { return };
        let rate = rate_per_minute(&mut self.ends, Some(self.began), moment::now());
        let pace = match rate {
            Some(rate) if rate > 0.0 => {
                let left = (f64::from(counts.left()) / rate * 60_000.0) as i64;
                format!(", {rate:.0} a minute, about {} left", elapsed(left / 1000 * 1000))
            }
            _ => String::new(),
        };
        self.live.show(&format!(
            "  ● {}/{}  ✔ {}  ✘ {}  ? {}  running {}{pace}",
            counts.ended(),
            counts.rows,
            counts.passed,
            counts.failed,
            counts.unknown,
            self.running.len(),
        ));
    }

    /// What is still to be said, and how the program ends.
    fn end(mut self, cancelled: bool) -> Ending {
        let Some(batch) = self.engine.batch(self.id) else { return Ending::Failed };
        let mut ending = Ending::Passed;
        for row in batch.rows() {
            let number = row.item.row;
            match &row.end {
                Some(end) => {
                    ending = ending.max(Ending::of(end.outcome));
                    if !self.printed.contains(&number) {
                        self.context.face.event("finished", &self.line_of(row));
                    }
                }
                // It had begun and was cut off, or the line stopped before its turn.
                None if self.held.contains_key(&number) || self.running.contains(&number) => {
                    let line = self.cut_off(row);
                    ending = ending.max(Ending::of(line.outcome));
                    self.context.face.event("finished", &line);
                }
                None if !cancelled => {
                    let line = lines::FinishedLine::skipped(self.id, row);
                    self.context.face.event("finished", &line);
                    ending = ending.max(Ending::Failed);
                }
                None => {}
            }
        }
        let counts = batch.counts();
        let open = counts.left();
        self.context.face.event(
            "batch",
            &json!({
                "batch": self.id,
                "change": if open == 0 { "ended" } else { "left" },
                "rows": counts.rows,
                "passed": counts.passed,
                "failed": counts.failed,
                "unknown": counts.unknown,
                "left": open,
                "elapsed_ms": moment::now() - self.began,
            }),
        );
        self.live.clear();
        self.context.face.tell(&format!(
            "{} rows: {} passed, {} failed, {} unknown{} in {}",
            counts.rows,
            counts.passed,
            counts.failed,
            counts.unknown,
            if open > 0 { format!(", {open} not begun") } else { String::new() },
            elapsed(moment::now() - self.began),
        ));
        if open > 0 || counts.failed > 0 {
            let next =
                if open > 0 { "firstlight batch resume" } else { "firstlight batch resume --retry-failed" };
            self.context.face.tell(&format!("  next      {}", strong(next)));
        } else if counts.unknown > 0 {
            self.context.face.tell(&format!("  next      {}", strong("firstlight reconcile")));
        }
        match cancelled {
            true => Ending::Cancelled,
            false => ending,
        }
    }

    fn cut_off(&self, row: &RowState) -> lines::FinishedLine {
        let mut line = self.line_of(row);
        let outcome = self.held.get(&row.item.row).map(|(_, outcome)| *outcome);
        // A job whose end did not come may have handed everything over.
        line.outcome = outcome.unwrap_or(Outcome::Unknown);
        if line.fault.is_none() && outcome.is_none() {
            let fault = engine::Fault::new(
                FaultCode::Cancelled,
                engine::Step::Connect,
                engine::Blame::Operator,
                engine::Retry::Now,
            );
            line.fault = Some(lines::FaultLine::from(&fault));
        }
        line
    }
}
