//! What the doctor finds on this computer, and the support bundle that tells it to somebody else.

use super::{Scene, Trouble};
use crate::log;
use api::bundle::{Bundle, BundleError};
use api::checkup::{Checkup, CloudToCheck, Finding, SecretsPlace};
use api::clouds::has_sign_in;
use api::desk::setup::{BundleView, FindingView};
use api::secrets::Secrets;
use engine::{Because, Fault, Refusal, RefusalCode, Why};
use proto::Secret;
use std::path::{Path, PathBuf};

impl Scene {
    /// Examines everything and tells each finding as soon as it is there.
    pub async fn checkup(&self, mut tell: impl FnMut(FindingView)) -> Result<(), Trouble> {
        self.examine().await?.run(|finding| tell(FindingView::from(&finding))).await;
        Ok(())
    }

    async fn examine(&self) -> Result<Checkup, Refusal> {
        let settings = self.ground.settings().await?;
        let cloud = match self.ground.cloud_ref(&settings) {
            None => CloudToCheck::Unnamed,
            Some(which) => match self.clouds.cloud(&which).await {
                Ok(cloud) => CloudToCheck::Client(cloud),
                // Without a client the same questions are asked of what there is, so that the finding says what lacks.
                Err(_) => CloudToCheck::of(Some(&which.server), &self.kept_sign_in(&settings).await),
            },
        };
        let real = self.ground.world().is_none();
        let secrets = match real {
            false => SecretsPlace::Practice,
            true if self.ground.is_locked() => SecretsPlace::Closed(Why::SecretsClosed.into()),
            true => SecretsPlace::Kept(self.ground.shelf().kind()),
        };
        let state = self.ground.dir().map(Path::to_owned);
        Ok(Checkup { state, media: self.desk.media(), real_ports: real, secrets, cloud })
    }

    async fn kept_sign_in(&self, settings: &api::desk::SettingsView) -> Secrets {
        let Some(name) = settings.current.as_deref() else { return Secrets::default() };
        let Ok(profile) = self.ground.shelf().profiles().get(name) else { return Secrets::default() };
        self.ground.shelf().sign_in_of(&profile).await.unwrap_or_default()
    }

    /// Writes a support bundle into the file that a person has chosen.
    pub async fn bundle(&self, path: PathBuf) -> Result<BundleView, Trouble> {
        let mut findings: Vec<Finding> = Vec::new();
        self.examine().await?.run(|finding| findings.push(finding)).await;
        let profiles = self.ground.shelf().profiles().all()?;
        let mut known: Vec<Secret> = Vec::new();
        for profile in &profiles {
            // A place that does not open now has given nothing to the log either.
            if let Ok(secrets) = self.ground.shelf().sign_in_of(profile).await
                && has_sign_in(&secrets)
            {
                known.extend(secrets.all().cloned());
            }
        }
        let log = log::lines();
        let (journal, practice) = (self.desk.engine().journal().clone(), self.ground.world().is_some());
        let written = tokio::task::spawn_blocking(move || {
            let bundle = Bundle {
                version: env!("CARGO_PKG_VERSION"),
                practice,
                journal: &journal,
                findings: &findings,
                profiles: &profiles,
                log: &log,
                known: &known,
            };
            write(&bundle, &path).map_err(|error| (path, error))
        });
        match written.await {
            Ok(Ok(view)) => Ok(view),
            Ok(Err((path, error))) => Err(unwritable(&path, &error).into()),
            Err(error) => Err(Fault::new(
                engine::FaultCode::UsBug,
                engine::Step::Connect,
                engine::fault::Blame::Us,
                engine::Retry::Never,
            )
            .with_chain(&error)
            .into()),
        }
    }
}

/// The name that a bundle is offered under, without its ending.
pub fn bundle_name() -> String {
    format!("firstlight-support-{}", api::moment::now() / 1000)
}

fn write(bundle: &Bundle<'_>, path: &Path) -> Result<BundleView, BundleError> {
    let file = std::fs::File::create(path)?;
    let files = bundle.write(&file)?;
    let bytes = u32::try_from(file.metadata()?.len()).unwrap_or(u32::MAX);
    Ok(BundleView { path: path.display().to_string(), bytes, files })
}

fn unwritable(path: &Path, why: &dyn std::error::Error) -> Refusal {
    let path = path.display().to_string();
    Refusal::because(RefusalCode::FileUnreadable, Because::said(why), &[("path", &path)])
}
