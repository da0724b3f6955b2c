//! A job as a person follows it: its steps, how long they take, and what is normal.
//!
//! Everything here goes to standard error, so that the result alone is on standard output.

use crate::face::{LiveLine, elapsed, note, quiet, strong};
use api::moment;
use api::story::Story;
use api::words;
use engine::work::Update;
use engine::{JobEvent, Progress, Step, WaitingFor};
use proto::DeviceWord;

#[derive(Debug)]
pub struct StepsShown {
    live: LiveLine,
    current: Option<(Step, i64)>,
    /// What is waited for, since when, and whether a person was told what is normal.
    waiting: Option<Wait>,
}

#[derive(Debug, Clone, Copy)]
struct Wait {
    what: WaitingFor,
    since: i64,
    explained: bool,
}

/// A wait that lasts this long, in milliseconds, is worth a word about what is normal.
const LONG: i64 = 3_000;

impl StepsShown {
    pub fn new() -> StepsShown {
        StepsShown { live: LiveLine::new(), current: None, waiting: None }
    }

    pub fn update(&mut self, update: &Update, story: &Story) {
        match update {
            Update::Progress(Progress::Waiting { what, .. }) => {
                if self.waiting.is_none_or(|wait| wait.what != *what) {
                    self.waiting = Some(Wait { what: *what, since: moment::now(), explained: false });
                }
            }
            // Nobody stands by to correct anything here.
            Update::Progress(Progress::LinkKept { .. } | Progress::LinkLetGo) => {}
            Update::Fact(fact) => match &fact.event {
                JobEvent::StepBegan { step } => {
                    self.end_step(fact.at);
                    self.current = Some((*step, fact.at));
                    self.waiting = None;
                }
                JobEvent::Identified { unit, identity, attempt, .. } => {
                    let name = identity.name.as_deref().map(|name| format!(" “{name}”")).unwrap_or_default();
                    let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
                    self.remark(&format!("it is {unit}{name}{again}"));
                    if let Some(exposure) = identity.exposure {
                        self.remark(words::exposure(exposure));
                    }
                }
                JobEvent::Reserved { device, token_tail, .. } => {
                    self.remark(&format!("cloud device {device}, token …{token_tail}"));
                }
                JobEvent::Renewed { device, token_tail, .. } => {
                    self.remark(&format!(
                        "cloud device {device} keeps its record, fresh token …{token_tail}"
                    ));
                }
                JobEvent::Adopted { device } => {
                    self.remark(&format!(
                        "cloud device {device} of an earlier lost answer belongs to this unit"
                    ));
                }
                JobEvent::Said { word: word @ DeviceWord::AwaitsPerson { .. } } => {
                    // The one word that somebody has to act upon.
                    self.line(&format!("    {:<9} {:>8}  {}", "", "", strong(&words::said(word))));
                }
                JobEvent::Said { word } => self.remark(&words::said(word)),
                JobEvent::Warned { fault } => {
                    let words = words::fault(&story.explained(fault));
                    self.remark(&format!("{} {}", words.what, words.fix));
                }
                JobEvent::Finished { .. } => {
                    self.end_step(fact.at);
                    self.live.clear();
                }
                JobEvent::Queued { .. }
                | JobEvent::Connected { .. }
                | JobEvent::Surveyed { .. }
                | JobEvent::ReserveIntended { .. }
                | JobEvent::RenewIntended { .. }
                | JobEvent::TokenFailed { .. }
                | JobEvent::NothingWasMade
                | JobEvent::DeliverIntended { .. }
                | JobEvent::Delivered { .. }
                | JobEvent::DeliveryRefused { .. }
                | JobEvent::Seen { .. }
                | JobEvent::Described { .. }
                | JobEvent::SweepIntended { .. }
                | JobEvent::Swept { .. } => {}
            },
        }
        self.tick(story);
    }

    /// Writes the live line again; call it each second.
    pub fn tick(&mut self, story: &Story) {
        let Some((step, began)) = self.current else { return };
        let now = moment::now();
        if let Some(wait) = self.waiting.as_mut().filter(|wait| !wait.explained && now - wait.since >= LONG) {
            wait.explained = true;
            let normal = words::normal(wait.what);
            self.remark(normal);
        }
        let total = story.elapsed_ms().max(now - story.began());
        self.live.show(&format!(
            "  ● {:<9} {:>8}  {} (total {})",
            words::step(step),
            elapsed(((now - began) / 1000).max(0) * 1000),
            words::doing(step),
            elapsed(total / 1000 * 1000),
        ));
    }

    fn end_step(&mut self, at: i64) {
        if let Some((step, began)) = self.current.take() {
            self.line(&format!(
                "  ✓ {:<9} {:>8}  {}",
                words::step(step),
                elapsed((at - began).max(0)),
                words::doing(step)
            ));
        }
    }

    fn remark(&mut self, text: &str) {
        self.line(&format!("    {:<9} {:>8}  {}", "", "", quiet(text)));
    }

    fn line(&mut self, text: &str) {
        self.live.clear();
        note(&crate::face::shown(text));
    }

    pub fn clear(&mut self) {
        self.live.clear();
    }
}
