//! A job as the window shows it: a pure fold of its facts, beside the engine's own state.
//!
//! Not here: what a fact means for a later decision (`engine/record/state.rs`).

use crate::desk::{
    BlameView, ExposureView, FactView, FaultView, JobView, MediumView, OutcomeView, RetryView, StepName,
    StepState, StepView, WaitingView, WordView,
};
use engine::{Blame, Fact, Fault, JobEvent, Outcome, Progress, Retry, Step, WaitingFor};
use proto::{Address, DeviceWord, MediumKind};
use std::collections::BTreeMap;

const STEPS: [StepName; 8] = [
    StepName::Connect,
    StepName::Identify,
    StepName::Survey,
    StepName::Reserve,
    StepName::Deliver,
    StepName::Join,
    StepName::Confirm,
    StepName::Describe,
];

/// A talkative device must not fill the screen or the memory; the journal has every word.
const WORDS_SHOWN: usize = 60;

impl JobView {
    pub fn new(job: engine::JobId, at: i64) -> JobView {
        let steps = STEPS.map(|step| StepView { step, state: StepState::Ahead, began: None, ended: None });
        JobView {
            id: job.to_string(),
            begun: millis(at),
            ended: None,
            name: None,
            unit: None,
            medium: None,
            address: None,
            driver: None,
            ssid: None,
            device: None,
            server: String::new(),
            attempt: 0,
            steps: steps.into(),
            words: Vec::new(),
            prompt: None,
            exposure: None,
            waiting: None,
            outcome: None,
            fault: None,
            warnings: Vec::new(),
            delivered: false,
            deliveries: 0,
            reprovision: false,
            link_until: None,
        }
    }

    pub fn apply(&mut self, fact: &Fact) {
        let at = millis(fact.at);
        self.prompt = prompt_after(self.prompt.take(), &fact.event);
        match &fact.event {
            JobEvent::Queued { recipe, target, origin: _ } => {
                self.server.clone_from(&recipe.cloud.server);
                self.ssid.clone_from(&recipe.ssid);
                self.name.clone_from(&recipe.name);
                self.reprovision = recipe.device.is_some();
                if let engine::Target::At { address } = target {
                    self.reached(address);
                }
            }
            JobEvent::StepBegan { step } => self.begin_step(StepName::from(*step), at),
            JobEvent::Connected { address, driver, medium: _, kept: _ } => {
                self.reached(address);
                self.driver = Some(driver.clone());
            }
            JobEvent::Identified { unit, identity, attempt } => {
                self.unit = Some(unit.to_string());
                self.attempt = *attempt;
                self.exposure = identity.exposure.map(ExposureView::from);
                if self.name.is_none() {
                    self.name.clone_from(&identity.name);
                }
            }
            JobEvent::RenewIntended { device, .. }
            | JobEvent::Reserved { device, .. }
            | JobEvent::Renewed { device, .. }
            | JobEvent::Adopted { device }
            | JobEvent::Seen { device, .. } => self.device = Some(device.0),
            JobEvent::DeliverIntended { .. } => self.deliveries += 1,
            JobEvent::Delivered { .. } => self.delivered = true,
            JobEvent::Said { word } => {
                let (word, about) = word_view(word);
                self.words.push(WordView { at, word: word.to_owned(), about });
                if self.words.len() > WORDS_SHOWN {
                    self.words.remove(0);
                }
            }
            JobEvent::Described { name, .. } => {
                if name.is_some() {
                    self.name.clone_from(name);
                }
            }
            JobEvent::Warned { fault } => self.warnings.push(FaultView::from(&**fault)),
            JobEvent::Finished { outcome, fault } => self.finish(*outcome, fault.as_deref(), at),
            JobEvent::Surveyed { .. }
            | JobEvent::ReserveIntended { .. }
            | JobEvent::TokenFailed { .. }
            | JobEvent::NothingWasMade
            | JobEvent::DeliveryRefused { .. }
            | JobEvent::SweepIntended { .. }
            | JobEvent::Swept { .. } => {}
        }
        self.waiting = None;
    }

    pub fn hint(&mut self, progress: &Progress, at: i64) {
        #[expect(clippy::cast_precision_loss, reason = "a bound of hours is exact in a double")]
        let in_ms = |bound_ms: u64| bound_ms as f64;
        match progress {
            Progress::Waiting { what, bound_ms, step: _ } if self.outcome.is_none() => {
                let (what, bound_ms) = (waiting_key(*what).to_owned(), in_ms(*bound_ms));
                self.waiting = Some(WaitingView { what, since: millis(at), bound_ms });
            }
            Progress::Waiting { .. } => {}
            Progress::LinkKept { bound_ms } => self.link_until = Some(millis(at) + in_ms(*bound_ms)),
            Progress::LinkLetGo => self.link_until = None,
        }
    }

    fn reached(&mut self, address: &Address) {
        self.medium = Some(match address.medium() {
            MediumKind::Serial => MediumView::Serial,
            MediumKind::Ble => MediumView::Ble,
        });
        self.address = Some(address.text().to_owned());
    }

    /// A step that is begun again (a retry on the same link) opens again, and what follows it is ahead again.
    fn begin_step(&mut self, step: StepName, at: f64) {
        let mut ahead = false;
        for view in &mut self.steps {
            if view.step == step {
                (view.state, view.ended) = (StepState::Now, None);
                view.began.get_or_insert(at);
                ahead = true;
            } else if ahead {
                (view.state, view.began, view.ended) = (StepState::Ahead, None, None);
            } else if view.state == StepState::Now {
                (view.state, view.ended) = (StepState::Done, Some(at));
            } else if view.state == StepState::Ahead {
                view.state = StepState::Left;
            }
        }
    }

    fn finish(&mut self, outcome: Outcome, fault: Option<&Fault>, at: f64) {
        let last = match outcome {
            Outcome::Passed => StepState::Done,
            Outcome::Failed => StepState::Failed,
            Outcome::Unknown | Outcome::Skipped => StepState::Left,
        };
        for view in &mut self.steps {
            match view.state {
                StepState::Now => (view.state, view.ended) = (last, Some(at)),
                StepState::Ahead => view.state = StepState::Left,
                StepState::Done | StepState::Failed | StepState::Left => {}
            }
        }
        self.outcome = Some(OutcomeView::from(outcome));
        self.fault = fault.map(FaultView::from);
        self.ended.get_or_insert(at);
    }
}

impl FactView {
    pub fn new(fact: &Fact) -> FactView {
        let mut about = BTreeMap::new();
        let mut put = |key: &str, value: String| about.insert(key.to_owned(), value);
        let mut told = None;
        let key = match &fact.event {
            JobEvent::Queued { .. } => "queued",
            JobEvent::StepBegan { step } => {
                put("step", StepName::from(*step).key().to_owned());
                "step_began"
            }
            JobEvent::Connected { driver, kept, .. } => {
                put("driver", driver.clone());
                if *kept { "connected_kept" } else { "connected" }
            }
            JobEvent::Identified { .. } => "identified",
            JobEvent::Surveyed { networks } => {
                put("n", networks.len().to_string());
                "surveyed"
            }
            JobEvent::ReserveIntended { .. } => "reserve_intended",
            JobEvent::Reserved { device, token_tail, .. } => {
                put("device", device.to_string());
                put("tail", token_tail.clone());
                "reserved"
            }
            JobEvent::RenewIntended { device, .. } => {
                put("device", device.to_string());
                "renew_intended"
            }
            JobEvent::Renewed { device, token_tail, .. } => {
                put("device", device.to_string());
                put("tail", token_tail.clone());
                "renewed"
            }
            JobEvent::TokenFailed { fault } => {
                told = Some(FaultView::from(&**fault));
                "token_failed"
            }
            JobEvent::Adopted { device } => {
                put("device", device.to_string());
                "adopted"
            }
            JobEvent::NothingWasMade => "nothing_was_made",
            JobEvent::DeliverIntended { ssid, .. } => {
                put("ssid", ssid.clone().unwrap_or_default());
                "deliver_intended"
            }
            JobEvent::Delivered { .. } => "delivered",
            JobEvent::DeliveryRefused { fault } => {
                told = Some(FaultView::from(&**fault));
                "delivery_refused"
            }
            JobEvent::Said { word } => {
                let (word, more) = word_view(word);
                put("word", word.to_owned());
                for (key, value) in more {
                    put(&key, value);
                }
                "said"
            }
            JobEvent::Seen { .. } => "seen",
            JobEvent::Described { .. } => "described",
            JobEvent::Warned { fault } => {
                told = Some(FaultView::from(&**fault));
                "warned"
            }
            JobEvent::SweepIntended { device } => {
                put("device", device.to_string());
                "sweep_intended"
            }
            JobEvent::Swept { device } => {
                put("device", device.to_string());
                "swept"
            }
            JobEvent::Finished { outcome, fault } => {
                put("outcome", OutcomeView::from(*outcome).key().to_owned());
                told = fault.as_deref().map(FaultView::from);
                "finished"
            }
        };
        FactView { at: millis(fact.at), job: fact.job.to_string(), fact: key.to_owned(), about, fault: told }
    }
}

/// A prompt stands until the device goes on in any way; what it merely says meanwhile is no sign of that.
fn prompt_after(prompt: Option<String>, event: &JobEvent) -> Option<String> {
    match event {
        JobEvent::Said { word: DeviceWord::AwaitsPerson { hint } } => Some(hint.clone()),
        JobEvent::Said { word: DeviceWord::Said { .. } } | JobEvent::Warned { .. } => prompt,
        _ => None,
    }
}

fn word_view(word: &DeviceWord) -> (&'static str, BTreeMap<String, String>) {
    let mut about = BTreeMap::new();
    let key = match word {
        DeviceWord::AwaitsPerson { hint } => {
            about.insert("hint".to_owned(), hint.clone());
            "awaits_person"
        }
        DeviceWord::ConnectingNetwork => "connecting_network",
        DeviceWord::NetworkUp { ip, .. } => {
            about.insert("ip".to_owned(), ip.clone().unwrap_or_default());
            "network_up"
        }
        DeviceWord::ConnectingCloud => "connecting_cloud",
        DeviceWord::Connected => "connected",
        DeviceWord::Restarted => "restarted",
        DeviceWord::Page { url } => {
            about.insert("url".to_owned(), url.clone());
            "page"
        }
        DeviceWord::Said { text } => {
            about.insert("text".to_owned(), text.clone());
            "said"
        }
    };
    (key, about)
}

fn waiting_key(what: WaitingFor) -> &'static str {
    match what {
        WaitingFor::Device => "device",
        WaitingFor::Answer => "answer",
        WaitingFor::Scan => "scan",
        WaitingFor::Cloud => "cloud",
        WaitingFor::Join => "join",
        WaitingFor::CheckIn => "check_in",
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 are exact in a double for 285,000 years"
)]
pub(crate) fn millis(at: i64) -> f64 {
    at as f64
}

impl From<Step> for StepName {
    fn from(step: Step) -> StepName {
        match step {
            Step::Connect => StepName::Connect,
            Step::Identify => StepName::Identify,
            Step::Survey => StepName::Survey,
            Step::Reserve => StepName::Reserve,
            Step::Deliver => StepName::Deliver,
            Step::Join => StepName::Join,
            Step::Confirm => StepName::Confirm,
            Step::Describe => StepName::Describe,
        }
    }
}

impl StepName {
    /// The key that its name on screen stands under.
    fn key(self) -> &'static str {
        match self {
            StepName::Connect => "connect",
            StepName::Identify => "identify",
            StepName::Survey => "survey",
            StepName::Reserve => "reserve",
            StepName::Deliver => "deliver",
            StepName::Join => "join",
            StepName::Confirm => "confirm",
            StepName::Describe => "describe",
        }
    }
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> OutcomeView {
        match outcome {
            Outcome::Passed => OutcomeView::Passed,
            Outcome::Failed => OutcomeView::Failed,
            Outcome::Unknown => OutcomeView::Unknown,
            Outcome::Skipped => OutcomeView::Skipped,
        }
    }
}

impl OutcomeView {
    fn key(self) -> &'static str {
        match self {
            OutcomeView::Passed => "passed",
            OutcomeView::Failed => "failed",
            OutcomeView::Unknown => "unknown",
            OutcomeView::Skipped => "skipped",
        }
    }
}

impl From<Blame> for BlameView {
    fn from(blame: Blame) -> BlameView {
        match blame {
            Blame::Device => BlameView::Device,
            Blame::Network => BlameView::Network,
            Blame::Cloud => BlameView::Cloud,
            Blame::Computer => BlameView::Computer,
            Blame::Operator => BlameView::Operator,
            Blame::Us => BlameView::Us,
        }
    }
}

impl From<&Fault> for FaultView {
    fn from(fault: &Fault) -> FaultView {
        FaultView {
            code: fault.code,
            step: fault.step.into(),
            blame: fault.blame.into(),
            retry: match fault.retry {
                Retry::Now => RetryView::Now,
                Retry::AfterFix => RetryView::AfterFix,
                Retry::Never => RetryView::Never,
            },
            device_code: fault.device_code,
            about: fault.about.clone(),
            chain: fault.chain.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::{Fact, JobId};

    fn job(events: Vec<JobEvent>) -> JobView {
        let id = JobId(uuid::Uuid::nil());
        let mut view = JobView::new(id, 1_000);
        for (seq, event) in events.into_iter().enumerate() {
            let seq = i64::try_from(seq).expect("few facts");
            view.apply(&Fact { seq, at: 1_000 + seq * 100, job: id, event });
        }
        view
    }

    #[test]
    fn a_step_that_is_left_out_is_not_shown_as_done() {
        let view = job(vec![
            JobEvent::StepBegan { step: Step::Connect },
            JobEvent::StepBegan { step: Step::Reserve },
        ]);
        let states: Vec<StepState> = view.steps.iter().map(|step| step.state).collect();
        assert_eq!(states[..4], [StepState::Done, StepState::Left, StepState::Left, StepState::Now]);
    }

    #[test]
    fn an_unknown_end_shows_no_step_as_failed() {
        let view = job(vec![
            JobEvent::StepBegan { step: Step::Confirm },
            JobEvent::Finished { outcome: Outcome::Unknown, fault: None },
        ]);
        assert_eq!(view.outcome, Some(OutcomeView::Unknown));
        assert!(
            view.steps.iter().all(|step| step.state != StepState::Failed && step.state != StepState::Now)
        );
    }

    #[test]
    fn a_prompt_stands_until_the_device_goes_on() {
        let awaits = JobEvent::Said { word: DeviceWord::AwaitsPerson { hint: "press the button".into() } };
        let noise = JobEvent::Said { word: DeviceWord::Said { text: "blinking".into() } };
        let view = job(vec![JobEvent::StepBegan { step: Step::Deliver }, awaits.clone(), noise.clone()]);
        assert_eq!(view.prompt.as_deref(), Some("press the button"));
        let view = job(vec![awaits.clone(), noise, JobEvent::Delivered { token_carried: true }]);
        assert_eq!(view.prompt, None);
        let view = job(vec![awaits, JobEvent::Finished { outcome: Outcome::Failed, fault: None }]);
        assert_eq!(view.prompt, None);
    }

    #[test]
    fn a_retry_on_the_same_link_opens_its_steps_again() {
        let view = job(vec![
            JobEvent::StepBegan { step: Step::Deliver },
            JobEvent::StepBegan { step: Step::Join },
            JobEvent::StepBegan { step: Step::Deliver },
        ]);
        assert_eq!(view.steps[4].state, StepState::Now);
        assert_eq!(view.steps[5].state, StepState::Ahead);
    }
}
