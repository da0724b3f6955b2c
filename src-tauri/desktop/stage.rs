//! What the window stands on: the engine with real ports, radios and clouds, or with the practice world in their place.
//!
//! Practice is the whole app on the embedded world and keeps nothing; it never sees the real state folder. Not here: what
//! may be asked (`commands.rs`) and how it is shown (`ui`).

use api::calls::{ProvisionRequest, Wanted};
use api::clouds::{GivenClouds, Keeper, OneCloud};
use api::desk::{
    FactView, FaultView, JobRequest, LookView, ProfileView, ReasonView, RefusalView, SettingsView,
};
use api::secrets::{SecretName as Given, Secrets};
use api::watch::{Desk, DeskParts};
use cloud::{Cloud, OrgId, UserId};
use engine::fault::RefusalReason;
use engine::plan::profile::{Profile, ProfileAuth, Profiles, SecretName, WifiProfile};
use engine::record::Journal;
use engine::vault::{Vault, VaultError, VaultKind};
use engine::work::{Clouds, Engine, Verdict};
use engine::{CloudRef, Fault, JobId, Refusal, RefusalCode, Target, UnitId};
use link::Medium;
use link::ble::{BleMedium, BleSettings};
use link::serial::{SerialMedium, SerialSettings};
use proto::{DriverSettings, MediumKind, Secret};
use serde::Serialize;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Why a call of the window ended without an answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    Refusal(RefusalView),
    Fault(FaultView),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Trouble {
        let reason = |reason: RefusalReason| ReasonView { code: reason.code, about: reason.about };
        Trouble::Refusal(RefusalView { reasons: refusal.reasons.into_iter().map(reason).collect() })
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Trouble {
        Trouble::Fault(FaultView::from(&fault))
    }
}

/// Practice devices live five times as fast as real ones, and so does the wait for them.
const PRACTICE_PATIENCE_S: &str = "25";

/// Where settings come from.
enum Ground {
    Practice(sim::World),
    Real { profiles: Profiles, strongbox: Arc<Strongbox> },
}

pub struct Stage {
    desk: Desk,
    ground: Ground,
    clouds: Arc<dyn Clouds>,
    cancels: Mutex<HashMap<String, CancellationToken>>,
}

impl Stage {
    pub async fn open(practice: bool) -> Result<Stage, Box<dyn std::error::Error>> {
        let (ground, media, clouds, journal) = if practice {
            let world = sim::practice_world();
            let media = world.media();
            let clouds: Arc<dyn Clouds> = Arc::new(OneCloud(world.cloud()));
            (Ground::Practice(world), media, clouds, Journal::in_memory())
        } else {
            let dir = state_folder()?;
            let journal = Journal::open(&dir)?;
            let strongbox = Arc::new(Strongbox::new(Vault::open(&dir, None).await?));
            let clouds = real_clouds(&dir, &strongbox);
            (Ground::Real { profiles: Profiles::of(&dir), strongbox }, real_media(), clouds, journal)
        };
        let engine = Engine::new(journal, media.clone(), clouds.clone())
            .map_err(|refusal| format!("{:?}", refusal.reasons))?;
        let settings = ground.settings()?;
        let cloud = match ground.cloud_ref(&settings) {
            Some(which) => clouds.cloud(&which).await.ok(),
            None => None,
        };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let desk = Desk::open(DeskParts { engine, media, cloud, practice, version, settings });
        Ok(Stage { desk, ground, clouds, cancels: Mutex::default() })
    }

    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Stops what runs, in an orderly way.
    pub async fn close(&self) {
        self.desk.engine().shutdown().await;
        self.desk.close();
    }

    pub async fn look(&self, key: String, device_secret: Option<Secret>) -> Result<LookView, Trouble> {
        let address = self.desk.address(&key).ok_or_else(|| {
            Refusal::of(
                RefusalCode::UnknownPort,
                &[("port", key.split_once(':').map_or(key.as_str(), |(_, text)| text))],
            )
        })?;
        let settings = DriverSettings { device_secret, ..DriverSettings::default() };
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
        if let Some(password) = request.password {
            secrets.set(Given::WifiPassword, password.into_secret());
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
        let mut job = self.desk.engine().start(call.recipe, call.target, call.secrets).await?;
        let id = job.id.to_string();
        self.cancels().insert(id.clone(), job.canceller());
        // The desk follows every job; this task only keeps the handle until the end.
        let ended = id.clone();
        tokio::spawn(async move {
            while job.next().await.is_some() {}
            drop(ended);
        });
        let mut settings = self.desk.settings();
        if request.ssid.is_some() && settings.last_ssid != request.ssid {
            settings.last_ssid = request.ssid;
            self.desk.change_settings(settings, None);
        }
        Ok(id)
    }

    pub fn cancel(&self, job: &str) {
        if let Some(cancel) = self.cancels().get(job) {
            cancel.cancel();
        }
    }

    fn cancels(&self) -> std::sync::MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.cancels.lock().unwrap_or_else(PoisonError::into_inner)
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

    pub async fn history(&self, unit: String) -> Vec<FactView> {
        let engine = self.desk.engine().clone();
        let facts =
            tokio::task::spawn_blocking(move || engine.history(&UnitId(unit))).await.unwrap_or_default();
        facts.iter().map(FactView::new).collect()
    }

    pub async fn reconfigure(&self, unit: String) -> Result<Option<bool>, Trouble> {
        let state = self.unit(&unit)?;
        let (cloud, device) = self.cloud_device(&state)?;
        Ok(self.desk.engine().reconfigure(&cloud, device).await?)
    }

    pub async fn rename(&self, unit: String, name: String) -> Result<(), Trouble> {
        let state = self.unit(&unit)?;
        let (which, device) = self.cloud_device(&state)?;
        let cloud = self.clouds.cloud(&which).await?;
        cloud
            .rename(device, &name)
            .await
            .map_err(|error| Fault::from_cloud(engine::Step::Describe, &error))?;
        Ok(())
    }

    fn unit(&self, unit: &str) -> Result<engine::record::UnitState, Refusal> {
        let known = self.desk.engine().units().into_iter().find(|state| state.unit.0 == unit);
        known.ok_or_else(|| Refusal::of(RefusalCode::UnknownUnit, &[("unit", unit)]))
    }

    /// The cloud device of a unit, with the account that its last job used.
    fn cloud_device(&self, unit: &engine::record::UnitState) -> Result<(CloudRef, cloud::DeviceId), Refusal> {
        let last: Option<JobId> = unit.jobs.last().copied();
        let recipe = last.and_then(|job| self.desk.engine().job(job)).and_then(|job| job.recipe);
        match (unit.device, recipe) {
            (Some(device), Some(recipe)) => Ok((recipe.cloud, device)),
            _ => Err(Refusal::of(RefusalCode::UnknownDevice, &[("unit", &unit.unit.0)])),
        }
    }

    pub async fn save_profile(
        &self,
        profile: ProfileView,
        id: Secret,
        secret: Secret,
    ) -> Result<(), Trouble> {
        let Ground::Real { profiles, strongbox } = &self.ground else {
            let what =
                [("what", "Practice keeps no profiles."), ("fix", "Start Firstlight without --practice.")];
            return Err(Refusal::of(RefusalCode::Usage, &what).into());
        };
        let server = cloud::Server::parse(&profile.server)
            .map_err(|error| Refusal { reasons: vec![api::calls::bad_server(&profile.server, &error)] })?;
        let name = profile.name.clone();
        let (auth, keep) = if profile.auth == "bearer" {
            let token = SecretName::fresh(&name, "token");
            (ProfileAuth::Bearer { token: token.clone() }, vec![(token, secret)])
        } else {
            let (id_name, secret_name) = (SecretName::fresh(&name, "id"), SecretName::fresh(&name, "secret"));
            let auth = ProfileAuth::Client { id: id_name.clone(), secret: secret_name.clone() };
            (auth, vec![(id_name, id), (secret_name, secret)])
        };
        for (kept, secret) in keep {
            strongbox.put(&kept, secret).await.map_err(|error| unreadable(&error))?;
        }
        let wifi = profile.wifi.iter().map(|ssid| WifiProfile {
            name: ssid.clone(),
            ssid: ssid.clone(),
            password: None,
        });
        let replaced = profiles.put(Profile {
            name: name.clone(),
            server: server.to_string(),
            auth,
            org: profile.org.map(OrgId),
            owner: profile.owner.map(UserId),
            wifi: wifi.collect(),
            defaults: engine::plan::profile::ProfileDefaults::default(),
        })?;
        for gone in replaced.iter().flat_map(Profile::secret_names) {
            if let Err(error) = strongbox.vault.remove(&gone.0).await {
                tracing::warn!(%error, "a replaced secret stays in the vault");
            }
        }
        profiles.set_current(Some(&name))?;
        let settings = self
            .ground
            .settings()
            .map_err(|why| Refusal::of(RefusalCode::FileUnreadable, &[("why", &why)]))?;
        let cloud: Option<Arc<dyn Cloud>> = match self.ground.cloud_ref(&settings) {
            Some(which) => self.clouds.cloud(&which).await.ok(),
            None => None,
        };
        self.desk.change_settings(settings, cloud);
        Ok(())
    }
}

fn unreadable(error: &dyn std::error::Error) -> Refusal {
    Refusal::of(RefusalCode::SecretUnreadable, &[("why", &error.to_string())])
}

impl Ground {
    fn settings(&self) -> Result<SettingsView, String> {
        match self {
            Ground::Practice(world) => Ok(SettingsView {
                profiles: vec![ProfileView {
                    name: "Practice".to_owned(),
                    server: practice_server(world),
                    auth: "client".to_owned(),
                    org: Some(1),
                    owner: Some(1),
                    wifi: vec![sim::air::PRACTICE_SSID.to_owned()],
                }],
                current: Some("Practice".to_owned()),
                vault: "ask".to_owned(),
                last_ssid: Some(sim::air::PRACTICE_SSID.to_owned()),
            }),
            Ground::Real { profiles, strongbox } => {
                let said = |refusal: Refusal| format!("{:?}", refusal.reasons);
                let all = profiles.all().map_err(said)?;
                let current = profiles.current().map_err(said)?;
                Ok(SettingsView {
                    last_ssid: all
                        .iter()
                        .find(|profile| Some(&profile.name) == current.as_ref())
                        .and_then(|profile| profile.wifi.first())
                        .map(|wifi| wifi.ssid.clone()),
                    profiles: all.iter().map(profile_view).collect(),
                    current,
                    vault: match strongbox.kind() {
                        VaultKind::Keychain => "keychain",
                        VaultKind::EncryptedFile => "file",
                        VaultKind::AskEachTime => "ask",
                    }
                    .to_owned(),
                })
            }
        }
    }

    fn cloud_ref(&self, settings: &SettingsView) -> Option<CloudRef> {
        let current =
            settings.profiles.iter().find(|profile| Some(&profile.name) == settings.current.as_ref())?;
        let profile = match self {
            Ground::Practice(_) => None,
            Ground::Real { .. } => Some(current.name.clone()),
        };
        Some(CloudRef { server: current.server.clone(), profile })
    }

    /// What the profile in use, or practice, adds to a wish.
    async fn fill(&self, wish: &mut ProvisionRequest, secrets: &mut Secrets) -> Result<(), Refusal> {
        match self {
            Ground::Practice(world) => {
                wish.server = Some(practice_server(world));
                (wish.org, wish.owner) = (Some("1".to_owned()), Some("1".to_owned()));
                wish.patience = Some(PRACTICE_PATIENCE_S.to_owned());
                secrets.set(Given::Bearer, Secret::new("practice"));
            }
            Ground::Real { profiles, strongbox } => {
                let Some(name) = profiles.current()? else {
                    return Err(Refusal::of(RefusalCode::UnknownProfile, &[("profile", "")]));
                };
                let profile = profiles.get(&name)?;
                wish.server = Some(profile.server.clone());
                wish.profile = Some(name);
                wish.org = profile.org.map(|org| org.to_string());
                wish.owner = profile.owner.map(|owner| owner.to_string());
                let defaults = profile.defaults.clone();
                (wish.driver, wish.carrier, wish.token_endpoint) =
                    (defaults.driver, defaults.carrier, defaults.token_endpoint);
                (wish.token_host, wish.expect_template) = (defaults.token_host, defaults.expect_template);
                wish.patience = defaults.patience_s.map(|seconds| seconds.to_string());
                *secrets = std::mem::take(secrets).or(sign_in(&profile, strongbox).await?);
            }
        }
        Ok(())
    }
}

fn practice_server(world: &sim::World) -> String {
    format!("https://{}", world.cloud_state().host())
}

fn profile_view(profile: &Profile) -> ProfileView {
    ProfileView {
        name: profile.name.clone(),
        server: profile.server.clone(),
        auth: profile.auth.as_str().to_owned(),
        org: profile.org.map(|org| org.0),
        owner: profile.owner.map(|owner| owner.0),
        wifi: profile.wifi.iter().map(|wifi| wifi.ssid.clone()).collect(),
    }
}

/// The vault, and memory beside it for a keychain that is there but keeps nothing (locked, or without anyone to unlock
/// it): then secrets are kept until the window closes, and the window says so.
struct Strongbox {
    vault: Vault,
    memory: Vault,
    refused: AtomicBool,
}

impl Strongbox {
    fn new(vault: Vault) -> Strongbox {
        Strongbox { vault, memory: Vault::ask_each_time(), refused: AtomicBool::new(false) }
    }

    fn kind(&self) -> VaultKind {
        if self.refused.load(Ordering::Relaxed) { self.memory.kind() } else { self.vault.kind() }
    }

    async fn put(&self, name: &SecretName, secret: Secret) -> Result<(), VaultError> {
        let Err(error) = self.vault.put(&name.0, secret.clone()).await else { return Ok(()) };
        tracing::warn!(%error, "the keychain keeps nothing; secrets stay in memory");
        self.refused.store(true, Ordering::Relaxed);
        self.memory.put(&name.0, secret).await
    }

    async fn get(&self, name: &SecretName) -> Result<Option<Secret>, VaultError> {
        match self.memory.get(&name.0).await? {
            Some(secret) => Ok(Some(secret)),
            None => self.vault.get(&name.0).await,
        }
    }
}

struct ProfileKeeper {
    profiles: Profiles,
    strongbox: Arc<Strongbox>,
}

#[async_trait::async_trait]
impl Keeper for ProfileKeeper {
    async fn sign_in(&self, profile: &str) -> Result<Secrets, Refusal> {
        sign_in(&self.profiles.get(profile)?, &self.strongbox).await
    }
}

/// What a profile signs in with.
async fn sign_in(profile: &Profile, strongbox: &Strongbox) -> Result<Secrets, Refusal> {
    let mut secrets = Secrets::default();
    let wanted = match &profile.auth {
        ProfileAuth::Client { id, secret } => vec![(Given::ClientId, id), (Given::ClientSecret, secret)],
        ProfileAuth::Bearer { token } => vec![(Given::Bearer, token)],
    };
    for (given, name) in wanted {
        if let Some(secret) = strongbox.get(name).await.map_err(|error| unreadable(&error))? {
            secrets.set(given, secret);
        }
    }
    Ok(secrets)
}

fn real_clouds(dir: &std::path::Path, strongbox: &Arc<Strongbox>) -> Arc<dyn Clouds> {
    let keeper = ProfileKeeper { profiles: Profiles::of(dir), strongbox: strongbox.clone() };
    Arc::new(GivenClouds::new(Secrets::from_environment(|name| std::env::var(name).ok()), Box::new(keeper)))
}

fn real_media() -> Vec<Arc<dyn Medium>> {
    let ports = std::env::var("FIRSTLIGHT_SERIAL_PORTS").unwrap_or_default();
    vec![
        Arc::new(SerialMedium::new(SerialSettings::from_list(&ports))),
        Arc::new(BleMedium::new(BleSettings::default())),
    ]
}

/// Where journal and profiles live: `FIRSTLIGHT_STATE`, else the platform's data folder, which the command line shares.
fn state_folder() -> Result<PathBuf, String> {
    match std::env::var_os("FIRSTLIGHT_STATE") {
        Some(dir) => Ok(dir.into()),
        None => api::state::folder()
            .ok_or_else(|| "the system names no data folder; set FIRSTLIGHT_STATE".to_owned()),
    }
}
