//! One cloud account as the jobs of this process share it: what is remembered for a while, so that a thousand units do
//! not ask the same question a thousand times.
//!
//! Not here: signing in and rates (`cloud`), and what an answer means for a unit (`steps.rs`, `reconcile.rs`).

use crate::plan::patience;
use cloud::tracker::Tracker;
use cloud::{Cloud, CloudError, CloudTime, DeviceId, DeviceRecord, OrgId, Template};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::RwLock;
use tokio::time::Instant;

/// An answer with the moment when it came.
type Remembered<T> = tokio::sync::Mutex<HashMap<OrgId, (Instant, Arc<Vec<T>>)>>;

pub(crate) struct Account {
    pub(crate) cloud: Arc<dyn Cloud>,
    /// Waiting for many devices with few questions.
    pub(crate) tracker: Tracker,
    templates: Remembered<Template>,
    devices: Remembered<DeviceRecord>,
    clock: Mutex<Option<(CloudTime, Instant)>>,
    /// Held for reading while a token is asked for, for writing while orphans are looked for: a device whose answer is
    /// still on its way must not be taken for one whose answer was lost.
    pub(crate) token_calls: RwLock<()>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("cloud", &self.cloud).finish_non_exhaustive()
    }
}

impl Account {
    pub(crate) fn new(cloud: Arc<dyn Cloud>) -> Account {
        Account {
            tracker: Tracker::new(cloud.clone()),
            cloud,
            templates: Remembered::default(),
            devices: Remembered::default(),
            clock: Mutex::default(),
            token_calls: RwLock::default(),
        }
    }

    /// Whether the organization has a template with this text id. A template that is not remembered is asked for again.
    pub(crate) async fn has_template(&self, org: OrgId, text: &str) -> Result<bool, CloudError> {
        let mut remembered = self.templates.lock().await;
        let has =
            |templates: &[Template]| templates.iter().any(|it| it.texts.iter().any(|known| known == text));
        if let Some((since, templates)) = remembered.get(&org)
            && since.elapsed() < patience::TEMPLATES_FRESH
            && has(templates)
        {
            return Ok(true);
        }
        let templates = self.cloud.templates(org).await?;
        let found = has(&templates);
        remembered.insert(org, (Instant::now(), Arc::new(templates)));
        Ok(found)
    }

    /// The organization's devices, not older than [`patience::DEVICES_FRESH`].
    pub(crate) async fn devices(&self, org: OrgId) -> Result<Arc<Vec<DeviceRecord>>, CloudError> {
        let mut remembered = self.devices.lock().await;
        if let Some((since, devices)) = remembered.get(&org)
            && since.elapsed() < patience::DEVICES_FRESH
        {
            return Ok(devices.clone());
        }
        let devices = Arc::new(self.cloud.devices(org).await?);
        remembered.insert(org, (Instant::now(), devices.clone()));
        Ok(devices)
    }

    /// The highest device id that the organization was seen to have.
    pub(crate) async fn newest(&self, org: OrgId) -> Option<DeviceId> {
        let devices = self.devices(org).await.ok()?;
        Some(devices.iter().map(|device| device.id).max().unwrap_or(DeviceId(0)))
    }

    /// The cloud's clock, asked once and counted on from there.
    pub(crate) async fn time(&self) -> Option<CloudTime> {
        if let Some(time) = self.estimate() {
            return Some(time);
        }
        let time = self.cloud.time().await.ok()?;
        self.note_time(Some(time));
        Some(time)
    }

    fn estimate(&self) -> Option<CloudTime> {
        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let (time, at) = (*clock)?;
        Some(CloudTime(time.0 + i64::try_from(at.elapsed().as_millis()).unwrap_or(0)))
    }

    /// A stamp of the cloud's clock that came with an answer. It counts whole seconds and is late by the way it took, so
    /// what it says has certainly begun.
    pub(crate) fn note_time(&self, time: Option<CloudTime>) {
        if let Some(time) = time {
            let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
            *clock = Some((time, Instant::now()));
        }
    }
}
