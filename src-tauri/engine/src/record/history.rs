//! The ledger: one unit is one cloud device. A fold over the facts of all jobs.
//!
//! Not here: asking the cloud (`work/reconcile.rs`). A device id means something on its server only, so everything that
//! is looked up by device id is looked up with the server.

use crate::plan::station::{Earlier, StationId};
use crate::record::batch::{BatchId, BatchState};
use crate::record::entry::Entry;
use crate::record::event::{Fact, JobEvent, JobId, Outcome};
use crate::record::state::{Act, JobState, OpenCase, Timeline};
use crate::record::station::StationState;
use crate::{Fault, UnitId};
use cloud::{CloudTime, DeviceId, OrgId};
use proto::Address;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One job with its times.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordedJob {
    pub state: JobState,
    pub timeline: Timeline,
    /// Sequence number and time of the newest fact.
    pub last_seq: i64,
    pub last_at: i64,
}

/// A physical device as its jobs tell it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitState {
    pub unit: UnitId,
    /// The cloud device of the newest job that had one; on which server, says `devices`.
    pub device: Option<DeviceId>,
    /// The cloud device of this unit on each server. At most one each.
    pub devices: BTreeMap<String, DeviceId>,
    /// Cloud name if it was given one, else the name that the device gives itself.
    pub name: Option<String>,
    pub template: Option<String>,
    pub firmware: Option<String>,
    pub driver: Option<String>,
    pub attempts: u32,
    /// Of the newest job that has ended.
    pub outcome: Option<Outcome>,
    pub fault: Option<Box<Fault>>,
    /// When the cloud last told us that it had seen it, by the cloud's clock.
    pub last_seen: Option<CloudTime>,
    /// Time of the newest fact about it, by this computer's clock.
    pub last_at: i64,
    /// Oldest first.
    pub jobs: Vec<JobId>,
}

impl UnitState {
    /// The cloud device of this unit on a server: renew this one, never reserve another.
    pub fn device_on(&self, server: &str) -> Option<DeviceId> {
        self.devices.get(&server_key(server)).copied()
    }
}

/// A cloud device that was made on behalf of this journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MadeDevice {
    /// Base URL, without a closing slash.
    pub server: String,
    pub device: DeviceId,
    pub org: Option<OrgId>,
    pub unit: Option<UnitId>,
    /// The job that made or adopted it.
    pub job: JobId,
    /// When that was, by this computer's clock.
    pub made_at: i64,
    pub adopted: bool,
    /// The cloud has seen it connect.
    pub lit: bool,
    /// It was removed again.
    pub swept: bool,
}

/// A job that has to be settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenJob {
    pub job: JobId,
    pub unit: Option<UnitId>,
    pub case: OpenCase,
}

/// The sum of a journal. Facts are applied in the journal's order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    jobs: BTreeMap<JobId, RecordedJob>,
    units: BTreeMap<UnitId, UnitState>,
    /// By server and device.
    made: BTreeMap<(String, DeviceId), MadeDevice>,
    /// Which unit a cloud device belongs to, also where it was not made here.
    owners: BTreeMap<(String, DeviceId), UnitId>,
    /// Jobs whose case a later job of the unit has made pointless or settled.
    superseded: BTreeSet<JobId>,
    batches: BTreeMap<BatchId, BatchState>,
    stations: BTreeMap<StationId, StationState>,
    /// The driver that the device at a radio address answered to last. A serial port says nothing of what is on it.
    drivers: BTreeMap<Address, String>,
    last_seq: i64,
}

impl Ledger {
    pub fn fold<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Ledger {
        let mut ledger = Ledger::default();
        for fact in facts {
            ledger.apply(fact);
        }
        ledger
    }

    /// Takes in one more entry, whatever its kind.
    pub fn take_in(&mut self, entry: &Entry) {
        match entry {
            Entry::Job(fact) => self.apply(fact),
            Entry::Batch(fact) => {
                self.last_seq = self.last_seq.max(fact.seq);
                self.batches.entry(fact.batch).or_default().take_in(fact);
            }
            Entry::Station(fact) => {
                self.last_seq = self.last_seq.max(fact.seq);
                self.stations.entry(fact.station).or_default().take_in(fact);
            }
        }
    }

    /// The driver that the BLE device at this address answered to last.
    pub fn driver_at(&self, address: &Address) -> Option<&str> {
        self.drivers.get(address).map(String::as_str)
    }

    /// Takes in one more fact of a job.
    pub fn apply(&mut self, fact: &Fact) {
        self.last_seq = self.last_seq.max(fact.seq);
        let entry = self.jobs.entry(fact.job).or_default();
        let was_uncertain = entry.state.token.phase.uncertain();
        entry.state.take_in(&fact.event);
        entry.timeline.take_in(fact);
        entry.last_seq = fact.seq;
        entry.last_at = fact.at;
        let state = &entry.state;
        // Made only where a device is named: most facts name none, and loading folds hundreds of thousands.
        let server = || server_key(state.recipe.as_ref().map_or("", |recipe| &recipe.cloud.server));
        let gained = device_gained(&fact.event).map(|device| (server(), device));
        let org = state.recipe.as_ref().map(|recipe| recipe.org);

        if let Some(unit_id) = &state.unit {
            if !self.units.contains_key(unit_id) {
                self.units.insert(unit_id.clone(), UnitState::new(unit_id.clone(), fact.at));
            }
            if let Some(unit) = self.units.get_mut(unit_id) {
                unit.take_in(fact, state, gained.as_ref());
            }
        }
        match &fact.event {
            JobEvent::Connected { address: address @ Address::Ble(_), driver, .. } => {
                self.drivers.insert(address.clone(), driver.clone());
            }
            JobEvent::Reserved { device, .. } | JobEvent::Adopted { device } => {
                let key = (server(), *device);
                self.made.entry(key).or_insert_with(|| MadeDevice {
                    server: server(),
                    device: *device,
                    org,
                    unit: state.unit.clone(),
                    job: fact.job,
                    made_at: fact.at,
                    adopted: matches!(fact.event, JobEvent::Adopted { .. }),
                    lit: false,
                    swept: false,
                });
            }
            JobEvent::Seen { device, .. } => {
                if let Some(made) = self.made.get_mut(&(server(), *device)) {
                    made.lit = true;
                }
            }
            JobEvent::Swept { device } => {
                if let Some(made) = self.made.get_mut(&(server(), *device)) {
                    made.swept = true;
                }
                if let Some(owner) = self.owners.remove(&(server(), *device))
                    && let Some(unit) = self.units.get_mut(&owner)
                {
                    unit.forget(&server(), *device);
                }
            }
            JobEvent::Queued { .. }
            | JobEvent::StepBegan { .. }
            | JobEvent::Connected { .. }
            | JobEvent::Identified { .. }
            | JobEvent::Surveyed { .. }
            | JobEvent::ReserveIntended { .. }
            | JobEvent::RenewIntended { .. }
            | JobEvent::Renewed { .. }
            | JobEvent::TokenFailed { .. }
            | JobEvent::NothingWasMade
            | JobEvent::DeliverIntended { .. }
            | JobEvent::Delivered { .. }
            | JobEvent::DeliveryRefused { .. }
            | JobEvent::Said { .. }
            | JobEvent::Described { .. }
            | JobEvent::Warned { .. }
            | JobEvent::SweepIntended { .. }
            | JobEvent::Finished { .. } => {}
        }
        if let (Some(unit), Some(gained)) = (&state.unit, gained) {
            self.owners.insert(gained, unit.clone());
        }
        if let Some(of) = state.origin.batch
            && let Some(batch) = self.batches.get_mut(&of.batch)
        {
            match &fact.event {
                JobEvent::Queued { .. } => batch.job_queued(of.row, fact.job),
                JobEvent::Finished { outcome: Outcome::Passed, .. } => {
                    batch.job_passed(of.row, fact.job, fact.at);
                }
                _ => {}
            }
        }
        if let JobEvent::Swept { device } = &fact.event {
            self.stop_waiting_for(fact.job, *device);
        }
        self.supersede(fact, was_uncertain);
    }

    /// What is no more is not waited for either, whichever job waits.
    fn stop_waiting_for(&mut self, sweeper: JobId, device: DeviceId) {
        let server_of =
            |job: &RecordedJob| job.state.recipe.as_ref().map(|recipe| server_key(&recipe.cloud.server));
        let server = self.jobs.get(&sweeper).and_then(server_of);
        let over = self.jobs.iter().filter(|(_, job)| {
            job.state.finished() && job.state.device == Some(device) && server_of(job) == server
        });
        let over: Vec<JobId> = over.map(|(id, _)| *id).collect();
        self.superseded.extend(over);
    }

    /// A new token makes waiting for the old one pointless; a settled answer settles the unit's earlier lost ones.
    fn supersede(&mut self, fact: &Fact, was_uncertain: bool) {
        let token = matches!(fact.event, JobEvent::Reserved { .. } | JobEvent::Renewed { .. });
        let settled =
            matches!(fact.event, JobEvent::Adopted { .. } | JobEvent::NothingWasMade) && !was_uncertain;
        if !(token || settled) {
            return;
        }
        let Some(unit) = self.jobs.get(&fact.job).and_then(|job| job.state.unit.as_ref()) else { return };
        let Some(unit) = self.units.get(unit) else { return };
        for earlier in unit.jobs.iter().filter(|job| **job != fact.job) {
            let Some(recorded) = self.jobs.get(earlier) else { continue };
            let over = match recorded.state.open_case() {
                Some(OpenCase::ReserveUnanswered { .. }) => settled,
                Some(
                    OpenCase::NotStarted
                    | OpenCase::RenewUnanswered { .. }
                    | OpenCase::ReservedNotDelivered { .. }
                    | OpenCase::DeliveryUncertain { .. }
                    | OpenCase::AwaitingFirstLight { .. },
                ) => token && recorded.state.finished(),
                Some(OpenCase::DescribeOpen { .. }) | None => false,
            };
            if over {
                self.superseded.insert(*earlier);
            }
        }
    }

    /// Sequence number of the newest fact; 0 when there is none.
    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    pub fn job(&self, job: JobId) -> Option<&RecordedJob> {
        self.jobs.get(&job)
    }

    /// All jobs, oldest first.
    pub fn jobs(&self) -> impl Iterator<Item = (JobId, &RecordedJob)> {
        self.jobs.iter().map(|(id, job)| (*id, job))
    }

    pub fn station(&self, station: StationId) -> Option<&StationState> {
        self.stations.get(&station)
    }

    /// All stations, oldest first.
    pub fn stations(&self) -> impl Iterator<Item = (StationId, &StationState)> {
        self.stations.iter().map(|(id, station)| (*id, station))
    }

    /// When this unit passed last, and who stood there. Of a unit that tells no identity nobody knows.
    pub fn passed_before(&self, unit: &UnitId) -> Option<Earlier> {
        self.units.get(unit).filter(|_| unit.is_durable())?.jobs.iter().rev().find_map(|job| {
            let job = self.jobs.get(job).filter(|job| job.state.outcome == Some(Outcome::Passed))?;
            Some(Earlier {
                at: job.timeline.ended_at.unwrap_or(job.last_at),
                operator: job.state.origin.operator.clone(),
                station: job.state.origin.station.clone(),
            })
        })
    }

    pub fn batch(&self, batch: BatchId) -> Option<&BatchState> {
        self.batches.get(&batch)
    }

    /// All batches, oldest first.
    pub fn batches(&self) -> impl Iterator<Item = (BatchId, &BatchState)> {
        self.batches.iter().map(|(id, batch)| (*id, batch))
    }

    pub fn unit(&self, unit: &UnitId) -> Option<&UnitState> {
        self.units.get(unit)
    }

    pub fn units(&self) -> impl Iterator<Item = &UnitState> {
        self.units.values()
    }

    /// The unit that a cloud device belongs to, as far as this journal knows.
    pub fn owner_of(&self, server: &str, device: DeviceId) -> Option<&UnitId> {
        self.owners.get(&(server_key(server), device))
    }

    /// Whether a physical device may live with this cloud device: a job of the unit handed it over and did not certainly
    /// fail.
    pub fn may_be_lived_with(&self, unit: &UnitId, device: DeviceId) -> bool {
        let jobs = self.units.get(unit).map(|unit| unit.jobs.as_slice()).unwrap_or_default();
        jobs.iter().filter_map(|job| self.jobs.get(job)).any(|job| {
            let state = &job.state;
            let handed_over = match state.delivery {
                Act::Done | Act::Intended | Act::Unknown => state.token_carried != Some(false),
                Act::Idle | Act::Failed => false,
            };
            let may_live = match state.outcome {
                None | Some(Outcome::Passed | Outcome::Unknown) => true,
                Some(Outcome::Failed | Outcome::Skipped) => false,
            };
            state.device == Some(device) && handed_over && may_live
        })
    }

    /// Whether the device was made or adopted here; only such devices are ever named or removed.
    pub fn is_ours(&self, server: &str, device: DeviceId) -> bool {
        self.made.contains_key(&(server_key(server), device))
    }

    /// All cloud devices that were made or adopted here.
    pub fn made(&self) -> impl Iterator<Item = &MadeDevice> {
        self.made.values()
    }

    /// Cloud devices made here that never came to life, were not removed, and that no job is at work on. One whose job
    /// ended unknown is among them: it may still come to life, and whoever names or removes it asks the cloud before.
    pub fn ghosts(&self) -> impl Iterator<Item = &MadeDevice> {
        let waited_for: BTreeSet<(String, DeviceId)> = self
            .jobs
            .iter()
            .filter(|(id, job)| !job.state.finished() && !self.superseded.contains(id))
            .filter_map(|(_, job)| {
                Some((server_key(&job.state.recipe.as_ref()?.cloud.server), job.state.device?))
            })
            .collect();
        self.made.values().filter(move |made| {
            !made.lit && !made.swept && !waited_for.contains(&(made.server.clone(), made.device))
        })
    }

    /// What has to be settled, oldest first. Jobs that are running now look like jobs that a crash cut off; whoever
    /// runs them knows better.
    pub fn open_cases(&self) -> Vec<OpenJob> {
        self.jobs
            .iter()
            .filter(|(id, _)| !self.superseded.contains(id))
            .filter_map(|(id, job)| {
                Some(OpenJob { job: *id, unit: job.state.unit.clone(), case: job.state.open_case()? })
            })
            .collect()
    }
}

/// The device that a fact gives to the job's unit.
fn device_gained(event: &JobEvent) -> Option<DeviceId> {
    match event {
        JobEvent::Reserved { device, .. }
        | JobEvent::Renewed { device, .. }
        | JobEvent::Adopted { device }
        | JobEvent::Seen { device, .. } => Some(*device),
        JobEvent::Queued { .. }
        | JobEvent::StepBegan { .. }
        | JobEvent::Connected { .. }
        | JobEvent::Identified { .. }
        | JobEvent::Surveyed { .. }
        | JobEvent::ReserveIntended { .. }
        | JobEvent::RenewIntended { .. }
        | JobEvent::TokenFailed { .. }
        | JobEvent::NothingWasMade
        | JobEvent::DeliverIntended { .. }
        | JobEvent::Delivered { .. }
        | JobEvent::DeliveryRefused { .. }
        | JobEvent::Said { .. }
        | JobEvent::Described { .. }
        | JobEvent::Warned { .. }
        | JobEvent::SweepIntended { .. }
        | JobEvent::Swept { .. }
        | JobEvent::Finished { .. } => None,
    }
}

impl UnitState {
    fn new(unit: UnitId, at: i64) -> UnitState {
        UnitState {
            unit,
            device: None,
            devices: BTreeMap::new(),
            name: None,
            template: None,
            firmware: None,
            driver: None,
            attempts: 0,
            outcome: None,
            fault: None,
            last_seen: None,
            last_at: at,
            jobs: Vec::new(),
        }
    }

    /// Takes in a fact of a job of this unit; `state` is the job's state after it, `gained` the server and the device that
    /// the fact gives to the unit.
    fn take_in(&mut self, fact: &Fact, state: &JobState, gained: Option<&(String, DeviceId)>) {
        self.last_at = self.last_at.max(fact.at);
        if let Some((server, device)) = gained {
            self.device = Some(*device);
            self.devices.insert(server.clone(), *device);
        }
        match &fact.event {
            JobEvent::Identified { identity, attempt, .. } => {
                if !self.jobs.contains(&fact.job) {
                    self.jobs.push(fact.job);
                }
                self.attempts = self.attempts.max(*attempt);
                self.driver = state.driver.clone().or(self.driver.take());
                self.template = identity.template.clone().or(self.template.take());
                self.firmware = identity.firmware_version.clone().or(self.firmware.take());
                if self.name.is_none() {
                    self.name.clone_from(&identity.name);
                }
            }
            JobEvent::Seen { at, template, firmware, .. } => {
                self.last_seen = self.last_seen.max(*at);
                self.template = template.clone().or(self.template.take());
                self.firmware = firmware.clone().or(self.firmware.take());
            }
            JobEvent::Described { name: Some(name), .. } => self.name = Some(name.clone()),
            JobEvent::Finished { .. } => {
                // A late word about an old job does not hide the result of the newest one.
                let newest = self.jobs.last() == Some(&fact.job);
                // A run that was stopped or held back says nothing of the unit: what was known of it stays.
                let says_nothing = state.outcome == Some(Outcome::Skipped) && self.outcome.is_some();
                if newest && !says_nothing {
                    self.outcome = state.outcome;
                    self.fault.clone_from(&state.fault);
                }
            }
            JobEvent::Queued { .. }
            | JobEvent::StepBegan { .. }
            | JobEvent::Connected { .. }
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
            | JobEvent::Described { name: None, .. }
            | JobEvent::Warned { .. }
            | JobEvent::SweepIntended { .. }
            | JobEvent::Swept { .. } => {}
        }
    }

    fn forget(&mut self, server: &str, device: DeviceId) {
        self.devices.retain(|on, id| !(on == server && *id == device));
        if self.device == Some(device) {
            self.device = self.devices.values().next().copied();
        }
    }
}

/// One spelling for each server: host names do not care for case, and a closing slash means nothing.
fn server_key(server: &str) -> String {
    server.trim_end_matches('/').to_ascii_lowercase()
}
