//! What the end of a job has to tell: who, with which driver, how long in each step.
//!
//! A fold of the job's facts with their times, which `JobState` leaves out on purpose: it has no clock.

use crate::lines::{FaultLine, FinishedLine, OriginLine, StepTimes};
use engine::{Fact, Fault, JobEvent, JobId, Origin, Outcome, Step, Target, UnitId};
use proto::Address;

#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    job: JobId,
    origin: Box<Origin>,
    began: i64,
    last: i64,
    unit: Option<UnitId>,
    device: Option<i32>,
    driver: Option<String>,
    attempt: u32,
    /// What the sentence about a fault may name: the network, the server, the port.
    known: Vec<(&'static str, String)>,
    /// Each step with the moment it began.
    steps: Vec<(Step, i64)>,
}

impl Story {
    /// Begins with the job's first fact.
    pub fn new(first: &Fact) -> Story {
        let mut story = Story::unheard(first.job, first.at);
        story.apply(first);
        story
    }

    /// A job of which nothing is known but that it was accepted.
    pub fn unheard(job: JobId, at: i64) -> Story {
        Story {
            job,
            origin: Box::default(),
            began: at,
            last: at,
            unit: None,
            device: None,
            driver: None,
            attempt: 1,
            known: Vec::new(),
            steps: Vec::new(),
        }
    }

    pub fn of(facts: &[Fact]) -> Option<Story> {
        let mut story = Story::new(facts.first()?);
        facts[1..].iter().for_each(|fact| story.apply(fact));
        Some(story)
    }

    pub fn apply(&mut self, fact: &Fact) {
        self.last = fact.at;
        match &fact.event {
            JobEvent::Queued { recipe, target, origin } => {
                self.origin.clone_from(origin);
                self.known.extend(recipe.ssid.clone().map(|ssid| ("ssid", ssid)));
                let server = recipe.cloud.server.split_once("://").map_or("", |(_, host)| host);
                self.known.push(("host", server.to_owned()));
                if let Target::At { address: Address::Serial(port) } = target {
                    self.known.push(("port", port.clone()));
                }
            }
            JobEvent::StepBegan { step } => self.steps.push((*step, fact.at)),
            JobEvent::Connected { driver, .. } => self.driver = Some(driver.clone()),
            JobEvent::Identified { unit, attempt, .. } => {
                self.unit = Some(unit.clone());
                self.attempt = *attempt;
            }
            JobEvent::Reserved { device, .. }
            | JobEvent::RenewIntended { device, .. }
            | JobEvent::Renewed { device, .. }
            | JobEvent::Adopted { device }
            | JobEvent::Seen { device, .. } => self.device = Some(device.0),
            JobEvent::Surveyed { .. }
            | JobEvent::ReserveIntended { .. }
            | JobEvent::TokenFailed { .. }
            | JobEvent::NothingWasMade
            | JobEvent::DeliverIntended { .. }
            | JobEvent::Delivered { .. }
            | JobEvent::DeliveryRefused { .. }
            | JobEvent::SweepIntended { .. }
            | JobEvent::Swept { .. }
            | JobEvent::Said { .. }
            | JobEvent::Described { .. }
            | JobEvent::Warned { .. }
            | JobEvent::Finished { .. } => {}
        }
    }

    pub fn unit(&self) -> Option<&UnitId> {
        self.unit.as_ref()
    }

    pub fn device(&self) -> Option<i32> {
        self.device
    }

    /// The step that runs now, with the moment it began.
    pub fn step(&self) -> Option<(Step, i64)> {
        self.steps.last().copied()
    }

    /// When its first fact was written, milliseconds since the Unix epoch.
    pub fn began(&self) -> i64 {
        self.began
    }

    pub fn elapsed_ms(&self) -> i64 {
        (self.last - self.began).max(0)
    }

    /// Milliseconds in each step; a step that was begun again counts once, with both stretches.
    pub fn step_times(&self) -> StepTimes {
        let mut times: Vec<(Step, i64)> = Vec::new();
        for (index, (step, began)) in self.steps.iter().enumerate() {
            let ended = self.steps.get(index + 1).map_or(self.last, |(_, next)| *next);
            let spent = (ended - began).max(0);
            match times.iter_mut().find(|(known, _)| known == step) {
                Some((_, sum)) => *sum += spent,
                None => times.push((*step, spent)),
            }
        }
        StepTimes(times)
    }

    /// The fault with what this job can add to its sentence; what the fault itself names wins.
    pub fn explained(&self, fault: &Fault) -> Fault {
        let mut fault = fault.clone();
        for (key, value) in &self.known {
            fault.about.entry((*key).to_owned()).or_insert_with(|| value.clone());
        }
        fault
    }

    pub fn finished(&self, outcome: Outcome, fault: Option<&Fault>) -> FinishedLine {
        FinishedLine {
            job: Some(self.job),
            origin: OriginLine::from(&*self.origin),
            unit: self.unit.clone(),
            outcome,
            device_id: self.device,
            driver: self.driver.clone(),
            attempt: self.attempt,
            elapsed_ms: self.elapsed_ms(),
            steps: self.step_times(),
            fault: fault.map(|fault| FaultLine::from(&self.explained(fault))),
        }
    }
}
