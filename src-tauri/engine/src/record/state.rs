//! A job as the sum of its facts: one pure fold that screen, disk and recovery share.
//!
//! Not here: clocks, I/O and errors. An order of facts that no runner would write is folded all the same, without a
//! panic, since what is on disk is the truth. What is added up over jobs stands in `history.rs`.

use crate::record::event::{Fact, JobEvent, Outcome, Step};
use crate::record::origin::Origin;
use crate::{Fault, FaultCode, Recipe, Target, UnitId};
use cloud::{CloudTime, DeviceId, OrgId, UserId};
use proto::{Address, DeviceIdentity, DeviceWord, MediumKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far an act on the world has come, as far as the journal knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Not begun.
    #[default]
    Idle,
    /// The intent is written and no result: running now, or cut off by a crash.
    Intended,
    Done,
    /// Certainly without effect.
    Failed,
    /// It may have been done.
    Unknown,
}

impl Act {
    /// The world may have changed in a way that the journal does not know.
    pub fn uncertain(self) -> bool {
        match self {
            Act::Intended | Act::Unknown => true,
            Act::Idle | Act::Done | Act::Failed => false,
        }
    }
}

/// Which of the two token calls was made last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum TokenCall {
    /// `since`: the cloud's clock before the call; an orphan was made after it. `newest`: the highest device id seen
    /// before the call; an orphan's is above it.
    Reserve { org: OrgId, owner: UserId, since: Option<CloudTime>, newest: Option<DeviceId> },
    /// `baseline`: what the cloud knew of the last connect before the call.
    Renew { device: DeviceId, baseline: Option<CloudTime> },
}

/// The last token call of a job and how it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAct {
    pub phase: Act,
    pub call: Option<TokenCall>,
    /// The cloud's clock at its answer.
    pub at: Option<CloudTime>,
}

/// What the cloud said when it had seen the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstLight {
    pub device: DeviceId,
    pub at: Option<CloudTime>,
    pub template: Option<String>,
    pub firmware: Option<String>,
}

/// All that is known of one job. [`JobState::default`] is a job of which nothing is recorded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JobState {
    pub recipe: Option<Box<Recipe>>,
    pub target: Option<Target>,
    #[serde(default)]
    pub origin: Box<Origin>,
    /// The step that was begun last.
    pub step: Option<Step>,
    pub address: Option<Address>,
    pub medium: Option<MediumKind>,
    /// The driver that the device answered to.
    pub driver: Option<String>,
    pub unit: Option<UnitId>,
    pub identity: Option<Box<DeviceIdentity>>,
    /// Counts this unit's jobs from 1; 0 until it is identified.
    pub attempt: u32,
    /// How many networks the device hears; the networks themselves stay in the fact. `None`: never asked.
    pub networks_heard: Option<usize>,
    pub token: TokenAct,
    /// The cloud device that this job is about, as soon as there is one.
    pub device: Option<DeviceId>,
    /// The last four characters of the newest token.
    pub token_tail: Option<String>,
    /// An orphan that was found for this job.
    pub adopted: Option<DeviceId>,
    pub delivery: Act,
    /// The cloud's clock just before the newest hand-over, for a device that the cloud had seen before.
    #[serde(default)]
    pub delivery_baseline: Option<CloudTime>,
    /// The network that the device was told.
    pub ssid: Option<String>,
    /// The server name that the device was told.
    pub host: Option<String>,
    pub token_carried: Option<bool>,
    /// The last word of the device.
    pub word: Option<DeviceWord>,
    pub seen: Option<FirstLight>,
    pub described: Option<Described>,
    pub warnings: Vec<Fault>,
    /// Removing the cloud device that came to nothing.
    pub sweep: Act,
    pub outcome: Option<Outcome>,
    pub fault: Option<Box<Fault>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    pub name: Option<String>,
    pub meta: Vec<String>,
}

/// What a crash or a lost answer left open, and with it what has to be asked before anything is done again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "open", rename_all = "snake_case")]
pub enum OpenCase {
    /// Nothing in the world was changed: begin again.
    NotStarted,
    /// A device may have been made: look for an orphan made since, before anything is reserved again.
    ReserveUnanswered { org: OrgId, owner: UserId, since: Option<CloudTime>, newest: Option<DeviceId> },
    /// The token may be a new one; asking for another is harmless.
    RenewUnanswered { device: DeviceId },
    /// The cloud device is there, its token was lost with the process.
    ReservedNotDelivered { device: DeviceId },
    /// The device may have it all. `device` is empty where no token was handed over.
    DeliveryUncertain { device: Option<DeviceId>, baseline: Option<CloudTime> },
    /// The device has it all; the cloud decides.
    AwaitingFirstLight { device: DeviceId, baseline: Option<CloudTime> },
    /// The cloud has seen it; name, metadata or the last line are missing.
    DescribeOpen { device: DeviceId },
}

impl JobState {
    /// The state after one more fact. A result stays as it is, except that unknown can become passed; facts that
    /// come after the end (a settled answer, a late check-in) are taken in without changing it.
    #[must_use]
    pub fn apply(mut self, event: &JobEvent) -> JobState {
        self.take_in(event);
        self
    }

    /// [`JobState::apply`] in its place: whoever folds a whole journal moves no states about.
    pub(crate) fn take_in(&mut self, event: &JobEvent) {
        match event {
            JobEvent::Queued { recipe, target, origin } => {
                self.origin.clone_from(origin);
                self.recipe = Some(recipe.clone());
                self.target = Some(target.clone());
            }
            JobEvent::StepBegan { step } => self.step = Some(*step),
            JobEvent::Connected { address, medium, driver, kept: _ } => {
                self.address = Some(address.clone());
                self.medium = Some(*medium);
                self.driver = Some(driver.clone());
            }
            JobEvent::Identified { unit, identity, attempt } => {
                self.unit = Some(unit.clone());
                self.identity = Some(identity.clone());
                self.attempt = *attempt;
            }
            JobEvent::Surveyed { networks } => self.networks_heard = Some(networks.len()),
            JobEvent::ReserveIntended { org, owner, cloud_time, newest } => {
                let call =
                    TokenCall::Reserve { org: *org, owner: *owner, since: *cloud_time, newest: *newest };
                self.token = TokenAct { phase: Act::Intended, call: Some(call), at: None };
            }
            JobEvent::RenewIntended { device, baseline } => {
                let call = TokenCall::Renew { device: *device, baseline: *baseline };
                self.token = TokenAct { phase: Act::Intended, call: Some(call), at: None };
                self.device = Some(*device);
            }
            JobEvent::Reserved { device, token_tail, at } | JobEvent::Renewed { device, token_tail, at } => {
                self.token.phase = Act::Done;
                self.token.at = *at;
                self.device = Some(*device);
                self.token_tail = Some(token_tail.clone());
                // A new token has not been handed to anyone yet.
                self.delivery = Act::Idle;
                self.token_carried = None;
            }
            JobEvent::TokenFailed { fault } => {
                let lost = fault.code == FaultCode::CloudAnswerLost;
                self.token.phase = if lost { Act::Unknown } else { Act::Failed };
            }
            JobEvent::Adopted { device } => {
                self.token.phase = Act::Done;
                self.device = Some(*device);
                self.adopted = Some(*device);
            }
            JobEvent::NothingWasMade => {
                if self.token.phase.uncertain() {
                    self.token.phase = Act::Failed;
                }
            }
            JobEvent::DeliverIntended { device, token_tail, ssid, host, baseline } => {
                self.delivery = Act::Intended;
                self.delivery_baseline = *baseline;
                self.device = device.or(self.device);
                if token_tail.is_some() {
                    self.token_tail.clone_from(token_tail);
                }
                self.ssid.clone_from(ssid);
                self.host = Some(host.clone());
                self.token_carried = None;
            }
            JobEvent::Delivered { token_carried } => {
                self.delivery = Act::Done;
                self.token_carried = Some(*token_carried);
            }
            JobEvent::DeliveryRefused { fault: _ } => self.delivery = Act::Failed,
            JobEvent::Said { word } => self.word = Some(word.clone()),
            JobEvent::Seen { device, at, template, firmware } => {
                self.device = Some(*device);
                self.seen = Some(FirstLight {
                    device: *device,
                    at: *at,
                    template: template.clone(),
                    firmware: firmware.clone(),
                });
            }
            JobEvent::Described { name, meta } => {
                self.described = Some(Described { name: name.clone(), meta: meta.clone() });
            }
            JobEvent::Warned { fault } => self.warnings.push((**fault).clone()),
            JobEvent::SweepIntended { device: _ } => self.sweep = Act::Intended,
            JobEvent::Swept { device: _ } => self.sweep = Act::Done,
            JobEvent::Finished { outcome, fault } => {
                if self.may_end_with(*outcome) {
                    self.outcome = Some(*outcome);
                    self.fault.clone_from(fault);
                    if self.delivery == Act::Intended {
                        self.delivery = match outcome {
                            Outcome::Passed => Act::Done,
                            Outcome::Unknown => Act::Unknown,
                            Outcome::Failed | Outcome::Skipped => Act::Failed,
                        };
                    }
                }
            }
        }
    }

    fn may_end_with(&self, outcome: Outcome) -> bool {
        match self.outcome {
            None => true,
            Some(Outcome::Unknown) => outcome == Outcome::Passed,
            Some(Outcome::Passed | Outcome::Failed | Outcome::Skipped) => false,
        }
    }

    pub fn finished(&self) -> bool {
        self.outcome.is_some()
    }

    /// What the cloud knew of the last connect when this job handed the token over; a later connect is ours. `None` for
    /// a device that was made for this job: any connect is.
    pub fn baseline(&self) -> Option<CloudTime> {
        match self.token.call {
            Some(TokenCall::Renew { baseline, .. }) => {
                baseline.map(|before| self.delivery_baseline.map_or(before, |later| later.max(before)))
            }
            Some(TokenCall::Reserve { .. }) | None => None,
        }
    }

    /// What has to be settled. A finished job can still be open: a lost answer until it is known what it made, a
    /// delivery without a word of the cloud until the cloud speaks.
    pub fn open_case(&self) -> Option<OpenCase> {
        let ended = match self.outcome {
            Some(Outcome::Passed) => return None,
            // Whether a device was made has to be known, however the job ended.
            Some(Outcome::Failed | Outcome::Skipped) => return self.open_reserve(),
            Some(Outcome::Unknown) => true,
            None => false,
        };
        if let Some(seen) = &self.seen {
            return Some(OpenCase::DescribeOpen { device: seen.device });
        }
        if self.token.phase.uncertain() {
            return match self.token.call {
                Some(TokenCall::Renew { device, .. }) => Some(OpenCase::RenewUnanswered { device }),
                Some(TokenCall::Reserve { .. }) | None => self.open_reserve(),
            };
        }
        match (self.delivery, self.device) {
            (Act::Done, Some(device)) if self.token_carried != Some(false) => {
                Some(OpenCase::AwaitingFirstLight { device, baseline: self.baseline() })
            }
            // A device that was given no token: nobody will ever know more.
            (Act::Done, _) | (Act::Unknown | Act::Intended, None) if ended => None,
            (Act::Done | Act::Intended | Act::Unknown, device) => {
                Some(OpenCase::DeliveryUncertain { device, baseline: self.baseline() })
            }
            (Act::Idle | Act::Failed, _) if ended => None,
            (Act::Idle | Act::Failed, Some(device)) if self.token.phase == Act::Done => {
                Some(OpenCase::ReservedNotDelivered { device })
            }
            (Act::Idle | Act::Failed, _) => Some(OpenCase::NotStarted),
        }
    }

    fn open_reserve(&self) -> Option<OpenCase> {
        match self.token.call {
            Some(TokenCall::Reserve { org, owner, since, newest }) if self.token.phase.uncertain() => {
                Some(OpenCase::ReserveUnanswered { org, owner, since, newest })
            }
            Some(TokenCall::Reserve { .. } | TokenCall::Renew { .. }) | None => None,
        }
    }
}

/// When a job did what, by this computer's clock, in milliseconds. A clock that is set back gives 0, never less.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Time of the first fact, milliseconds since the Unix epoch.
    pub began_at: Option<i64>,
    /// Time of the first end.
    pub ended_at: Option<i64>,
    /// Finished stretches; a step that was walked twice counts both.
    steps: BTreeMap<Step, u64>,
    running: Option<(Step, i64)>,
}

impl Timeline {
    /// The timeline after one more fact. What comes after the end belongs to no step.
    #[must_use]
    pub fn apply(mut self, fact: &Fact) -> Timeline {
        self.take_in(fact);
        self
    }

    pub(crate) fn take_in(&mut self, fact: &Fact) {
        self.began_at.get_or_insert(fact.at);
        if self.ended_at.is_some() {
            return;
        }
        match &fact.event {
            JobEvent::StepBegan { step } => {
                self.close_step(fact.at);
                self.running = Some((*step, fact.at));
            }
            JobEvent::Finished { .. } => {
                self.close_step(fact.at);
                self.ended_at = Some(fact.at);
            }
            JobEvent::Queued { .. }
            | JobEvent::Connected { .. }
            | JobEvent::Identified { .. }
            | JobEvent::Surveyed { .. }
            | JobEvent::ReserveIntended { .. }
            | JobEvent::Reserved { .. }
            | JobEvent::RenewIntended { .. }
            | JobEvent::Renewed { .. }
            | JobEvent::TokenFailed { .. }
            | JobEvent::Adopted { .. }
            | JobEvent::NothingWasMade
            | JobEvent::DeliverIntended { .. }
            | JobEvent::Delivered { .. }
            | JobEvent::DeliveryRefused { .. }
            | JobEvent::Said { .. }
            | JobEvent::Seen { .. }
            | JobEvent::Described { .. }
            | JobEvent::Warned { .. }
            | JobEvent::SweepIntended { .. }
            | JobEvent::Swept { .. } => {}
        }
    }

    fn close_step(&mut self, at: i64) {
        if let Some((step, since)) = self.running.take() {
            *self.steps.entry(step).or_default() += span(since, at);
        }
    }

    /// Milliseconds spent in each step that has ended.
    pub fn steps_ms(&self) -> &BTreeMap<Step, u64> {
        &self.steps
    }

    /// Milliseconds from the first fact to the end; `None` while the job runs.
    pub fn elapsed_ms(&self) -> Option<u64> {
        Some(span(self.began_at?, self.ended_at?))
    }
}

fn span(from: i64, to: i64) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}
