//! What a scene stands on: real ports, radios and clouds with the profiles on disk, or the practice world with profiles in
//! memory.

use api::calls::ProvisionRequest;
use api::clouds::{GivenClouds, OneCloud, has_sign_in};
use api::desk::{ProfileView, SettingsView, setup};
use api::secrets::{SecretName as Given, Secrets};
use api::shelf::{Over, ProfileDraft, Shelf, SignInKind, WifiPassword};
use engine::plan::batch::BatchNetwork;
use engine::plan::profile::Profile;
use engine::vault::VaultKind;
use engine::work::Clouds;
use engine::{CloudRef, Refusal, RefusalCode, Why};
use link::Medium;
use link::ble::{BleMedium, BleSettings};
use link::serial::{SerialMedium, SerialSettings};
use proto::{DriverSettings, Secret};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Practice devices live five times as fast as real ones, and so does the wait for them.
const PRACTICE_PATIENCE_S: u32 = 25;
const PRACTICE_PROFILE: &str = "Practice";

pub(super) struct Ground {
    shelf: Shelf,
    kind: Kind,
}

enum Kind {
    Practice(sim::World),
    Real {
        dir: PathBuf,
        clouds: Arc<GivenClouds>,
        given: Secrets,
        /// There is a locked file of secrets, and nobody has opened it yet.
        locked: AtomicBool,
    },
}

impl Ground {
    pub(super) async fn practice() -> Result<(Ground, Arc<dyn Clouds>), Refusal> {
        let world = sim::practice_world();
        let clouds: Arc<dyn Clouds> = Arc::new(OneCloud(world.cloud()));
        let shelf = Shelf::in_memory();
        shelf.save(practice_profile(&world)?).await?;
        shelf.profiles().set_current(Some(PRACTICE_PROFILE))?;
        Ok((Ground { shelf, kind: Kind::Practice(world) }, clouds))
    }

    pub(super) fn real(dir: PathBuf, shelf: Shelf, locked: bool) -> (Ground, Arc<dyn Clouds>) {
        let given = Secrets::from_environment(|name| std::env::var(name).ok());
        let clouds = Arc::new(GivenClouds::new(given.clone(), Box::new(shelf.clone())));
        let kind = Kind::Real { dir, clouds: clouds.clone(), given, locked: AtomicBool::new(locked) };
        (Ground { shelf, kind }, clouds)
    }

    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The practice world, where this is one.
    pub(super) fn world(&self) -> Option<&sim::World> {
        match &self.kind {
            Kind::Practice(world) => Some(world),
            Kind::Real { .. } => None,
        }
    }

    /// The state folder; practice has none.
    pub(super) fn dir(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Practice(_) => None,
            Kind::Real { dir, .. } => Some(dir),
        }
    }

    pub(super) fn media(&self) -> Vec<Arc<dyn Medium>> {
        match &self.kind {
            Kind::Practice(world) => world.media(),
            Kind::Real { .. } => {
                let ports = std::env::var("FIRSTLIGHT_SERIAL_PORTS").unwrap_or_default();
                vec![
                    Arc::new(SerialMedium::new(SerialSettings::from_list(&ports))),
                    Arc::new(BleMedium::new(BleSettings::default())),
                ]
            }
        }
    }

    pub(super) fn is_locked(&self) -> bool {
        match &self.kind {
            Kind::Practice(_) => false,
            Kind::Real { locked, .. } => locked.load(Ordering::Acquire),
        }
    }

    pub(super) fn unlocked(&self) {
        if let Kind::Real { locked, .. } = &self.kind {
            locked.store(false, Ordering::Release);
        }
    }

    /// A client that was made with what this profile kept before is not used any more.
    pub(super) fn forget_clients(&self, profile: &str) {
        if let Kind::Real { clouds, .. } = &self.kind {
            clouds.forget(profile);
        }
    }

    pub(super) async fn settings(&self) -> Result<SettingsView, Refusal> {
        let all = self.shelf.profiles().all()?;
        let current = self.shelf.profiles().current()?;
        let in_use = all.iter().find(|profile| Some(&profile.name) == current.as_ref());
        let last_ssid = in_use.and_then(|profile| profile.wifi.first()).map(|wifi| wifi.ssid.clone());
        let mut profiles = Vec::new();
        for profile in &all {
            profiles.push(ProfileView {
                name: profile.name.clone(),
                server: profile.server.clone(),
                auth: profile.auth.as_str().to_owned(),
                org: profile.org.map(|org| org.0),
                owner: profile.owner.map(|owner| owner.0),
                wifi: profile.wifi.iter().map(|wifi| wifi.ssid.clone()).collect(),
                networks: setup::networks(profile),
                defaults: (&profile.defaults).into(),
                signs_in: self.signs_in(profile).await,
            });
        }
        Ok(SettingsView {
            last_ssid,
            profiles,
            current,
            vault: self.shelf.kind().as_str().to_owned(),
            vault_locked: self.is_locked(),
            kept: Vec::new(),
        })
    }

    /// Whether a profile's secrets are at hand. A keychain is not asked: it may want to be unlocked, and what is in it shows
    /// when it is needed.
    async fn signs_in(&self, profile: &Profile) -> bool {
        match &self.kind {
            Kind::Practice(_) => true,
            Kind::Real { given, .. } if has_sign_in(given) => true,
            Kind::Real { .. } if self.shelf.kind() == VaultKind::Keychain => true,
            Kind::Real { .. } => {
                self.shelf.sign_in_of(profile).await.is_ok_and(|secrets| has_sign_in(&secrets))
            }
        }
    }

    pub(super) fn cloud_ref(&self, settings: &SettingsView) -> Option<CloudRef> {
        let current =
            settings.profiles.iter().find(|profile| Some(&profile.name) == settings.current.as_ref())?;
        let profile = match self.kind {
            Kind::Practice(_) => None,
            Kind::Real { .. } => Some(current.name.clone()),
        };
        Some(CloudRef { server: current.server.clone(), profile })
    }

    /// How devices are talked to with the profile in use.
    pub(super) fn driver_settings(&self) -> Result<DriverSettings, Refusal> {
        let Some(name) = self.shelf.profiles().current()? else { return Ok(DriverSettings::default()) };
        let defaults = self.shelf.profiles().get(&name)?.defaults;
        Ok(DriverSettings {
            device_secret: None,
            device_user: defaults.device_user,
            carrier: defaults.carrier,
            token_endpoint: defaults.token_endpoint,
            token_template: defaults.token_template,
            token_success: defaults.token_success,
        })
    }

    /// What the profile in use adds to a wish.
    pub(super) async fn fill(
        &self,
        wish: &mut ProvisionRequest,
        secrets: &mut Secrets,
    ) -> Result<(), Refusal> {
        let Some(name) = self.shelf.profiles().current()? else {
            return Err(Refusal::of(RefusalCode::UnknownProfile, &[("profile", "")]));
        };
        let profile = self.shelf.profiles().get(&name)?;
        wish.org = profile.org.map(|org| org.to_string());
        wish.owner = profile.owner.map(|owner| owner.to_string());
        let defaults = profile.defaults.clone();
        (wish.driver, wish.carrier, wish.token_endpoint) =
            (defaults.driver, defaults.carrier, defaults.token_endpoint);
        (wish.token_template, wish.token_success) = (defaults.token_template, defaults.token_success);
        wish.device_user = wish.device_user.take().or(defaults.device_user);
        (wish.token_host, wish.expect_template) = (defaults.token_host, defaults.expect_template);
        wish.patience = defaults.patience_s.map(|seconds| seconds.to_string());
        match &self.kind {
            Kind::Practice(world) => {
                // There is one cloud here, whatever the profile calls it.
                wish.server = Some(practice_server(world));
                secrets.set(Given::Bearer, Secret::new("practice"));
            }
            Kind::Real { given, .. } => {
                wish.server = Some(profile.server.clone());
                wish.profile = Some(name);
                let kept = self.shelf.sign_in_of(&profile).await?;
                *secrets = std::mem::take(secrets).or(given.clone()).or(kept);
            }
        }
        Ok(())
    }

    /// The networks of the profile in use, with their passwords.
    pub(super) async fn networks(&self) -> Result<Vec<BatchNetwork>, Refusal> {
        if let Some(world) = self.world() {
            let heard = world.networks().into_iter().filter(|network| !network.hidden);
            let network = |network: sim::air::AccessPoint| BatchNetwork {
                name: None,
                ssid: network.ssid,
                password: Secret::new(network.password),
            };
            return Ok(heard.map(network).collect());
        }
        let Some(name) = self.shelf.profiles().current()? else { return Ok(Vec::new()) };
        let profile = self.shelf.profiles().get(&name)?;
        let mut networks = Vec::new();
        for wifi in &profile.wifi {
            if let Some(password) = self.shelf.wifi_password(&profile, &wifi.name).await? {
                let (name, ssid) = (Some(wifi.name.clone()), wifi.ssid.clone());
                networks.push(BatchNetwork { name, ssid, password });
            }
        }
        Ok(networks)
    }

    /// The password that the profile in use keeps for this network.
    pub(super) async fn kept_password(&self, ssid: &str) -> Result<Option<Secret>, Refusal> {
        if let Some(world) = self.world() {
            let known = world.networks().into_iter().find(|network| network.ssid == ssid);
            return Ok(known.map(|network| Secret::new(network.password)));
        }
        let Some(name) = self.shelf.profiles().current()? else { return Ok(None) };
        self.shelf.wifi_password(&self.shelf.profiles().get(&name)?, ssid).await
    }
}

pub(super) fn practice_server(world: &sim::World) -> String {
    format!("https://{}", world.cloud_state().host())
}

/// The profile that practice begins with. Its network's password is not kept, so that typing it can be practised.
fn practice_profile(world: &sim::World) -> Result<ProfileDraft, Refusal> {
    let request = api::calls::ProfileRequest {
        name: PRACTICE_PROFILE.to_owned(),
        server: practice_server(world),
        org: Some("1".to_owned()),
        owner: Some("1".to_owned()),
        wifi: vec![api::calls::WifiRequest { name: None, ssid: sim::air::PRACTICE_SSID.to_owned() }],
        patience: Some(PRACTICE_PATIENCE_S.to_string()),
        settings: api::calls::Settings {
            carrier: Some(sim::air::PRACTICE_CARRIER.to_owned()),
            ..api::calls::Settings::default()
        },
        ..api::calls::ProfileRequest::default()
    };
    Ok(ProfileDraft {
        checked: request.check()?,
        kind: SignInKind::Client,
        sign_in: Secrets::default(),
        passwords: vec![WifiPassword::Asked],
        over: Over::Replaced,
    })
}

/// Where journal and profiles live: `FIRSTLIGHT_STATE`, else the platform's data folder, which the command line shares.
pub(super) fn state_folder() -> Result<PathBuf, Refusal> {
    match std::env::var_os("FIRSTLIGHT_STATE") {
        Some(dir) => Ok(dir.into()),
        None => api::state::folder()
            .ok_or_else(|| Refusal::because(RefusalCode::StateUnusable, Why::NoDataFolder, &[])),
    }
}
