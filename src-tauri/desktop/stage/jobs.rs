//! Looking at a device, and jobs: begun, cancelled, looked at again.

use super::{Stage, Trouble};
use api::calls::{ProvisionRequest, Wanted};
use api::desk::{JobRequest, LookView};
use api::label::Label;
use api::secrets::{SecretName as Given, Secrets};
use engine::work::Verdict;
use engine::{Refusal, RefusalCode, Target};
use proto::{DriverSettings, MediumKind, Secret};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// The way to cancel each job that runs; cheap to clone, all clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Cancels(Arc<Mutex<HashMap<String, CancellationToken>>>);

impl Cancels {
    fn keep(&self, job: &str, cancel: CancellationToken) {
        self.lock().insert(job.to_owned(), cancel);
    }

    fn forget(&self, job: &str) {
        self.lock().remove(job);
    }

    fn cancel(&self, job: &str) {
        if let Some(cancel) = self.lock().get(job) {
            cancel.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stage {
    pub async fn look(&self, key: String, device_secret: Option<Secret>) -> Result<LookView, Trouble> {
        let address = self.desk.address(&key).ok_or_else(|| {
            Refusal::of(
                RefusalCode::UnknownPort,
                &[("port", key.split_once(':').map_or(key.as_str(), |(_, text)| text))],
            )
        })?;
        // Practice keeps none, so that typing one can be practised. A vault that does not open now offers nothing.
        if !self.desk.is_practice() {
            self.desk.offer_kept(self.kept_networks().await.unwrap_or_default());
        }
        let label = match device_secret.filter(|secret| !secret.is_empty()) {
            Some(typed) => Label::typed(&typed).map_err(|reason| Refusal { reasons: vec![reason] })?,
            None => Label::default(),
        };
        let usual = self.ground.driver_settings()?;
        let settings = DriverSettings {
            device_secret: label.proof,
            device_user: label.user.or_else(|| usual.device_user.clone()),
            ..usual
        };
        let look = self.desk.engine().look(&address, None, &settings, &CancellationToken::new()).await?;
        let device = self
            .desk
            .engine()
            .units()
            .into_iter()
            .find(|unit| unit.unit == look.unit)
            .and_then(|unit| unit.device);
        Ok(LookView::new(key, look, device.map(|device| device.0)))
    }

    pub async fn start(&self, request: JobRequest) -> Result<String, Trouble> {
        let address = self.desk.address(&request.key);
        let wanted = match address.as_ref().map(|address| (address.medium(), address.text().to_owned())) {
            Some((MediumKind::Serial, path)) => Wanted::Port { path, problem: None },
            Some((MediumKind::Ble, name)) => Wanted::Ble { name },
            None => {
                let about = request.key.split_once(':').map_or(request.key.as_str(), |(_, text)| text);
                return Err(Refusal::of(RefusalCode::UnknownPort, &[("port", about)]).into());
            }
        };
        let mut secrets = Secrets::default();
        // A password that is kept has never been in the window since it was typed.
        let password = match (request.password, &request.ssid) {
            (Some(password), _) => Some(password.into_secret()),
            (None, Some(ssid)) if request.kept_password => match self.desk.kept_password(ssid) {
                None => self.ground.kept_password(ssid).await?,
                kept => kept,
            },
            (None, _) => None,
        };
        if let Some(password) = password.clone() {
            secrets.set(Given::WifiPassword, password);
        }
        if let Some(secret) = request.device_secret {
            secrets.set(Given::DeviceSecret, secret.into_secret());
        }
        let mut wish = ProvisionRequest {
            wanted: Some(wanted),
            wifi: request.ssid.clone(),
            name: request.name,
            meta: request.meta.into_iter().map(|(key, value)| format!("{key}={value}")).collect(),
            device: request.device.map(|device| device.to_string()),
            ..ProvisionRequest::default()
        };
        self.ground.fill(&mut wish, &mut secrets).await?;
        let mut call = wish.check(&secrets)?;
        if let Some(address) = address {
            call.target = Target::At { address };
        }
        let mut job = self.desk.engine().start_correctable(call.recipe, call.target, call.secrets).await?;
        let id = job.id.to_string();
        self.cancels.keep(&id, job.canceller());
        // The desk follows every job; this task keeps the handle until the end, and then no longer.
        let (cancels, ended) = (self.cancels.clone(), id.clone());
        tokio::spawn(async move {
            while job.next().await.is_some() {}
            cancels.forget(&ended);
        });
        if let (Some(ssid), Some(password)) = (&request.ssid, password) {
            self.desk.keep_password(ssid, password);
        }
        let mut settings = self.desk.settings();
        if request.ssid.is_some() && settings.last_ssid != request.ssid {
            settings.last_ssid = request.ssid;
            self.desk.change_settings(settings, None);
        }
        Ok(id)
    }

    pub fn cancel(&self, job: &str) {
        self.cancels.cancel(job);
    }

    /// Lets the device go whose link is kept after this job.
    pub async fn let_go(&self, job: &str) {
        if let Ok(job) = job.parse() {
            self.desk.engine().let_link_go(engine::JobId(job)).await;
        }
    }

    /// Settles what is open, and tells what speaks against this job, if anything does.
    pub async fn check_again(&self, job: &str) -> Result<(), Trouble> {
        let settled = self.desk.engine().reconcile().await;
        match settled.into_iter().find(|case| case.job.to_string() == job) {
            Some(case) if case.verdict != Verdict::Passed => {
                case.fault.map_or(Ok(()), |fault| Err(fault.into()))
            }
            _ => Ok(()),
        }
    }
}
