//! What a crash or a lost answer left open: asked about, never repeated.

use crate::fault::Fault;
use crate::work::dispatch::Shared;
use crate::{JobId, UnitId};
use cloud::DeviceId;
use std::sync::Arc;

/// What came of an open case.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciled {
    pub job: JobId,
    pub unit: Option<UnitId>,
    pub device: Option<DeviceId>,
    pub verdict: Verdict,
    /// Why it could not be settled, where something stood in the way.
    pub fault: Option<Fault>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The cloud has seen it after the job began.
    Passed,
    /// A device that the lost answer had made was found, and is this unit's from now on: run the unit again.
    Adopted,
    /// Nothing had been made: run the unit again.
    NothingMade,
    /// Nothing had reached the device; its cloud device is kept: run the unit again.
    NotDelivered,
    /// The device may have it all, but the cloud has not seen it yet: wait, or look at the device.
    StillUnknown,
    /// More than one device may be the lost one; a person decides by running the unit with a device id.
    Ambiguous { candidates: Vec<DeviceId> },
}

/// A cloud device that was made here and never came to life.
#[derive(Debug, Clone, PartialEq)]
pub struct Ghost {
    pub device: DeviceId,
    /// Base URL of its cloud.
    pub server: String,
    pub unit: Option<UnitId>,
    /// When it was made, by this computer's clock, milliseconds since the Unix epoch.
    pub made_at: i64,
    /// It was deleted now.
    pub swept: bool,
    pub fault: Option<Fault>,
}

pub(crate) async fn reconcile(shared: &Arc<Shared>) -> Vec<Reconciled> {
    let _ = shared;
    Vec::new()
}

pub(crate) async fn ghosts(shared: &Arc<Shared>, sweep: bool) -> Vec<Ghost> {
    let _ = (shared, sweep);
    Vec::new()
}
