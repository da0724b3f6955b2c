//! Facts of a job, kept forever, in order. Hints that may be lost are [`Progress`].
//!
//! An act on the world stands here twice: its intent before, its result after. No fact carries a secret; tokens appear
//! as their last four characters.

use crate::record::origin::Origin;
use crate::{Fault, Recipe, Target, UnitId};
use cloud::{CloudTime, DeviceId, OrgId, UserId};
use proto::{Address, DeviceIdentity, DeviceWord, MediumKind, Network};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Sorts by time of making (UUIDv7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub uuid::Uuid);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One named stretch of a job, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Connect,
    Identify,
    Survey,
    Reserve,
    /// The point of no return.
    Deliver,
    Join,
    Confirm,
    Describe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The cloud saw this unit connect after the job began.
    Passed,
    Failed,
    /// Nobody knows (yet); it can still become passed.
    Unknown,
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum JobEvent {
    /// The job was accepted, with all that it was asked to do.
    Queued {
        recipe: Box<Recipe>,
        target: Target,
        /// Whence it came; journals of the first version say nothing of it.
        #[serde(default, skip_serializing_if = "Origin::is_empty")]
        origin: Box<Origin>,
    },
    StepBegan {
        step: Step,
    },
    /// A link is open and the device answered as this driver expects.
    Connected {
        address: Address,
        medium: MediumKind,
        driver: String,
        /// It is the link on which the job before failed, kept open while a person corrected what was wrong.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        kept: bool,
    },
    /// The device told who it is; from here on the job has a unit. `attempt` counts this unit's jobs from 1.
    Identified {
        unit: UnitId,
        identity: Box<DeviceIdentity>,
        attempt: u32,
    },
    Surveyed {
        networks: Vec<Network>,
    },
    /// About to ask the cloud for a device id and a token.
    ReserveIntended {
        org: OrgId,
        owner: UserId,
        cloud_time: Option<CloudTime>,
        /// The highest device id that the organization was seen to have before; what is found above it after a lost
        /// answer was made since.
        #[serde(default)]
        newest: Option<DeviceId>,
    },
    Reserved {
        device: DeviceId,
        token_tail: String,
        at: Option<CloudTime>,
    },
    /// About to ask for a fresh token of a device that exists.
    RenewIntended {
        device: DeviceId,
        baseline: Option<CloudTime>,
    },
    Renewed {
        device: DeviceId,
        token_tail: String,
        at: Option<CloudTime>,
    },
    /// The cloud refused, or its answer is lost; the fault says which.
    TokenFailed {
        fault: Box<Fault>,
    },
    /// An orphan of a lost answer was found and belongs to this unit from now on. Best appended to the job whose
    /// answer was lost; in a later job of the unit it settles the unit's earlier ones.
    Adopted {
        device: DeviceId,
    },
    /// A lost answer was settled: nothing had been made. Belongs where [`JobEvent::Adopted`] does.
    NothingWasMade,
    /// About to hand network and token to the device.
    DeliverIntended {
        device: Option<DeviceId>,
        token_tail: Option<String>,
        ssid: Option<String>,
        host: String,
        /// For a device that the cloud has seen before: the cloud's clock just before the hand-over. What connected
        /// until then did so with its old token and proves nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        baseline: Option<CloudTime>,
    },
    Delivered {
        token_carried: bool,
    },
    /// The device refused the delivery for certain: it holds nothing of it that it would use.
    DeliveryRefused {
        fault: Box<Fault>,
    },
    /// The device spoke on its way.
    Said {
        word: DeviceWord,
    },
    /// The cloud has seen it connect after the job began.
    Seen {
        device: DeviceId,
        at: Option<CloudTime>,
        template: Option<String>,
        firmware: Option<String>,
    },
    Described {
        name: Option<String>,
        meta: Vec<String>,
    },
    /// Something that does not spoil the result.
    Warned {
        fault: Box<Fault>,
    },
    /// About to remove a cloud device that this journal made and that never came to life.
    SweepIntended {
        device: DeviceId,
    },
    /// It is removed, or the cloud knows it no more.
    Swept {
        device: DeviceId,
    },
    Finished {
        outcome: Outcome,
        fault: Option<Box<Fault>>,
    },
}

/// The fields of the largest facts, without their tag.
#[derive(Deserialize)]
struct Queued {
    recipe: Box<Recipe>,
    target: Target,
    #[serde(default)]
    origin: Box<Origin>,
}

#[derive(Deserialize)]
struct Identified {
    unit: UnitId,
    identity: Box<DeviceIdentity>,
    attempt: u32,
}

#[derive(Deserialize)]
struct Surveyed {
    networks: Vec<Network>,
}

impl JobEvent {
    /// Reads a fact as it was written. Where the tag says what comes, serde copies all of a fact before it reads its
    /// fields, which is most of the time of loading a journal; so the largest facts are read straight into theirs.
    /// Whatever does not fit is left to the way that all facts can take, and to its words about what is wrong.
    pub(crate) fn from_stored(text: &str) -> serde_json::Result<JobEvent> {
        let straight = match text.strip_prefix(r#"{"fact":""#).and_then(|rest| rest.split_once('"')) {
            Some(("queued", _)) => serde_json::from_str(text)
                .map(|Queued { recipe, target, origin }| JobEvent::Queued { recipe, target, origin })
                .ok(),
            Some(("identified", _)) => serde_json::from_str(text)
                .map(|Identified { unit, identity, attempt }| JobEvent::Identified {
                    unit,
                    identity,
                    attempt,
                })
                .ok(),
            Some(("surveyed", _)) => {
                serde_json::from_str(text).map(|Surveyed { networks }| JobEvent::Surveyed { networks }).ok()
            }
            _ => None,
        };
        match straight {
            Some(event) => Ok(event),
            None => serde_json::from_str(text),
        }
    }
}

/// A fact with its place in the journal. `at` is this computer's clock, milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    pub seq: i64,
    pub at: i64,
    pub job: JobId,
    pub event: JobEvent,
}

/// A hint for whoever watches; may be lost without harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// Waiting for something with a bound, so that a face can say what is normal.
    Waiting { step: Step, what: WaitingFor, bound_ms: u64 },
    /// The job has failed on something that can be corrected, and its link stays open for so long: the next job with the
    /// device goes on over it.
    LinkKept { bound_ms: u64 },
    /// That link is used by another job, or closed.
    LinkLetGo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingFor {
    Device,
    Answer,
    Scan,
    Cloud,
    Join,
    CheckIn,
}
