//! What the stage stands on: real ports, radios and clouds with the profiles on disk, or the practice world.

use super::strongbox::{ProfileKeeper, Strongbox, sign_in, unreadable};
use api::calls::ProvisionRequest;
use api::clouds::GivenClouds;
use api::desk::{ProfileView, SettingsView};
use api::secrets::{SecretName as Given, Secrets};
use engine::plan::batch::BatchNetwork;
use engine::plan::profile::{Profile, Profiles};
use engine::vault::VaultKind;
use engine::work::Clouds;
use engine::{CloudRef, Refusal, RefusalCode};
use link::Medium;
use link::ble::{BleMedium, BleSettings};
use link::serial::{SerialMedium, SerialSettings};
use proto::{DriverSettings, Secret};
use std::path::PathBuf;
use std::sync::Arc;

/// Practice devices live five times as fast as real ones, and so does the wait for them.
const PRACTICE_PATIENCE_S: &str = "25";

/// Where settings come from.
pub(super) enum Ground {
    Practice(sim::World),
    Real { profiles: Profiles, strongbox: Arc<Strongbox>, dir: PathBuf },
}

impl Ground {
    pub(super) fn settings(&self) -> Result<SettingsView, Refusal> {
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
                kept: Vec::new(),
            }),
            Ground::Real { profiles, strongbox, dir: _ } => {
                let all = profiles.all()?;
                let current = profiles.current()?;
                Ok(SettingsView {
                    kept: Vec::new(),
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

    pub(super) fn cloud_ref(&self, settings: &SettingsView) -> Option<CloudRef> {
        let current =
            settings.profiles.iter().find(|profile| Some(&profile.name) == settings.current.as_ref())?;
        let profile = match self {
            Ground::Practice(_) => None,
            Ground::Real { .. } => Some(current.name.clone()),
        };
        Some(CloudRef { server: current.server.clone(), profile })
    }

    /// How devices are talked to with the profile in use.
    pub(super) fn driver_settings(&self) -> Result<DriverSettings, Refusal> {
        let Ground::Real { profiles, .. } = self else { return Ok(DriverSettings::default()) };
        let Some(name) = profiles.current()? else { return Ok(DriverSettings::default()) };
        let defaults = profiles.get(&name)?.defaults;
        Ok(DriverSettings {
            device_secret: None,
            device_user: defaults.device_user,
            carrier: defaults.carrier,
            token_endpoint: defaults.token_endpoint,
            token_template: defaults.token_template,
            token_success: defaults.token_success,
        })
    }

    /// What the profile in use, or practice, adds to a wish.
    pub(super) async fn fill(
        &self,
        wish: &mut ProvisionRequest,
        secrets: &mut Secrets,
    ) -> Result<(), Refusal> {
        match self {
            Ground::Practice(world) => {
                wish.server = Some(practice_server(world));
                (wish.org, wish.owner) = (Some("1".to_owned()), Some("1".to_owned()));
                wish.patience = Some(PRACTICE_PATIENCE_S.to_owned());
                wish.carrier = Some(sim::air::PRACTICE_CARRIER.to_owned());
                secrets.set(Given::Bearer, Secret::new("practice"));
            }
            Ground::Real { profiles, strongbox, dir: _ } => {
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
                (wish.token_template, wish.token_success) = (defaults.token_template, defaults.token_success);
                wish.device_user = wish.device_user.take().or(defaults.device_user);
                (wish.token_host, wish.expect_template) = (defaults.token_host, defaults.expect_template);
                wish.patience = defaults.patience_s.map(|seconds| seconds.to_string());
                *secrets = std::mem::take(secrets).or(sign_in(&profile, strongbox).await?);
            }
        }
        Ok(())
    }

    /// The networks of the profile in use, with their passwords.
    pub(super) async fn networks(&self) -> Result<Vec<BatchNetwork>, Refusal> {
        match self {
            Ground::Practice(world) => Ok(world
                .networks()
                .into_iter()
                .filter(|network| !network.hidden)
                .map(|network| BatchNetwork {
                    name: None,
                    ssid: network.ssid,
                    password: Secret::new(network.password),
                })
                .collect()),
            Ground::Real { profiles, strongbox, dir: _ } => {
                let Some(name) = profiles.current()? else { return Ok(Vec::new()) };
                let mut networks = Vec::new();
                for wifi in profiles.get(&name)?.wifi {
                    let password = match &wifi.password {
                        None => Some(Secret::new("")),
                        Some(kept) => strongbox.get(kept).await.map_err(|error| unreadable(&error))?,
                    };
                    if let Some(password) = password {
                        networks.push(BatchNetwork { name: Some(wifi.name), ssid: wifi.ssid, password });
                    }
                }
                Ok(networks)
            }
        }
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

pub(super) fn real_clouds(dir: &std::path::Path, strongbox: &Arc<Strongbox>) -> Arc<dyn Clouds> {
    let keeper = ProfileKeeper { profiles: Profiles::of(dir), strongbox: strongbox.clone() };
    Arc::new(GivenClouds::new(Secrets::from_environment(|name| std::env::var(name).ok()), Box::new(keeper)))
}

pub(super) fn real_media() -> Vec<Arc<dyn Medium>> {
    let ports = std::env::var("FIRSTLIGHT_SERIAL_PORTS").unwrap_or_default();
    vec![
        Arc::new(SerialMedium::new(SerialSettings::from_list(&ports))),
        Arc::new(BleMedium::new(BleSettings::default())),
    ]
}

/// Where journal and profiles live: `FIRSTLIGHT_STATE`, else the platform's data folder, which the command line shares.
pub(super) fn state_folder() -> Result<PathBuf, Refusal> {
    match std::env::var_os("FIRSTLIGHT_STATE") {
        Some(dir) => Ok(dir.into()),
        None => api::state::folder().ok_or_else(|| {
            let why = "the system names no data folder; set FIRSTLIGHT_STATE";
            Refusal::of(RefusalCode::StateUnusable, &[("why", why)])
        }),
    }
}
