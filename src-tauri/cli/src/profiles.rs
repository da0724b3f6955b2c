//! Profiles as the commands use them: what is kept under a name fills what was not typed.
//!
//! Not here: how profiles and secrets are stored (`engine`), and the `profile` commands.

use crate::arguments::Common;
use crate::given;
use crate::state::State;
use api::calls::ProvisionRequest;
use api::checkup::SecretsPlace;
use api::clouds::{GivenClouds, Keeper, has_sign_in};
use api::secrets::{SecretName, Secrets};
use api::shelf::open_vault;
use async_trait::async_trait;
use engine::plan::batch::BatchNetwork;
use engine::plan::profile::{Profile, Profiles};
use engine::vault::Vault;
use engine::{Because, Refusal, RefusalCode, Why};
use proto::Secret;
use std::path::{Path, PathBuf};

/// A state folder's profiles and the place of their secrets.
#[derive(Debug, Clone)]
pub struct Shelf {
    dir: Option<PathBuf>,
    passphrase: Option<Secret>,
}

impl Shelf {
    pub fn of(state: &State, secrets: &Secrets) -> Shelf {
        Shelf {
            dir: state.folder().map(Path::to_owned),
            passphrase: secrets.get(SecretName::Passphrase).filter(|secret| !secret.is_empty()).cloned(),
        }
    }

    pub fn dir(&self) -> Result<&Path, Refusal> {
        self.dir.as_deref().ok_or_else(|| {
            let why = "practice without --state keeps nothing";
            Refusal::of(RefusalCode::StateUnusable, &[("why", why)])
        })
    }

    pub fn profiles(&self) -> Result<Profiles, Refusal> {
        Ok(Profiles::of(self.dir()?))
    }

    pub fn get(&self, name: &str) -> Result<Profile, Refusal> {
        match &self.dir {
            Some(dir) => Profiles::of(dir).get(name),
            None => Err(Refusal::of(RefusalCode::UnknownProfile, &[("profile", name)])),
        }
    }

    /// Where secrets are kept here: the locked file where there is one or a passphrase was given, else the keychain.
    pub async fn vault(&self) -> Result<Vault, Refusal> {
        open_vault(self.dir()?, self.passphrase.clone()).await?.ok_or_else(|| {
            let why = "this folder's secrets are in a locked file; set FIRSTLIGHT_PASSPHRASE to open it";
            Refusal::of(RefusalCode::SecretUnreadable, &[("why", why)])
        })
    }

    /// Profiles and secrets in one hand.
    async fn opened(&self) -> Result<api::shelf::Shelf, Refusal> {
        Ok(api::shelf::Shelf::new(self.profiles()?, self.vault().await?))
    }

    /// Asks for the passphrase of a locked file, where there is one and a person can be asked.
    pub fn ask_passphrase(&mut self, common: &Common) {
        let locked = self.dir.as_deref().is_some_and(Vault::has_file);
        if locked && self.passphrase.is_none() && given::can_ask(common) {
            self.passphrase = given::ask(SecretName::Passphrase).filter(|secret| !secret.is_empty());
        }
    }

    pub fn set_passphrase(&mut self, passphrase: Secret) {
        self.passphrase = Some(passphrase);
    }
}

#[async_trait]
impl Keeper for Shelf {
    async fn sign_in(&self, profile: &str) -> Result<Secrets, Refusal> {
        self.opened().await?.sign_in_of(&self.get(profile)?).await
    }
}

/// One profile for one command; empty when none was named.
#[derive(Debug)]
pub struct Kept {
    shelf: Shelf,
    profile: Option<(Profile, api::shelf::Shelf)>,
}

impl Kept {
    pub async fn of(
        common: &Common,
        state: &State,
        secrets: &Secrets,
        name: Option<&str>,
    ) -> Result<Kept, Refusal> {
        let mut shelf = Shelf::of(state, secrets);
        let Some(name) = name else { return Ok(Kept { shelf, profile: None }) };
        let profile = shelf.get(name)?;
        shelf.ask_passphrase(common);
        let opened = shelf.opened().await?;
        Ok(Kept { shelf, profile: Some((profile, opened)) })
    }

    /// What was typed wins over what the profile keeps.
    pub async fn fill(&self, request: &mut ProvisionRequest, secrets: &mut Secrets) -> Result<(), Refusal> {
        self.fill_cloud(&mut request.server, secrets).await?;
        let Some((profile, opened)) = &self.profile else { return Ok(()) };
        let or = |typed: &mut Option<String>, kept: Option<String>| {
            if typed.is_none() {
                *typed = kept;
            }
        };
        or(&mut request.org, profile.org.map(|org| org.to_string()));
        or(&mut request.owner, profile.owner.map(|owner| owner.to_string()));
        let defaults = &profile.defaults;
        or(&mut request.driver, defaults.driver.clone());
        or(&mut request.carrier, defaults.carrier.clone());
        or(&mut request.token_endpoint, defaults.token_endpoint.clone());
        or(&mut request.token_template, defaults.token_template.clone());
        or(&mut request.token_success, defaults.token_success.clone());
        or(&mut request.device_user, defaults.device_user.clone());
        or(&mut request.token_host, defaults.token_host.clone());
        or(&mut request.expect_template, defaults.expect_template.clone());
        or(&mut request.patience, defaults.patience_s.map(|seconds| seconds.to_string()));
        or(&mut request.wifi, profile.wifi.first().map(|wifi| wifi.name.clone()));
        let Some(wifi) = request.wifi.as_deref().and_then(|typed| profile.wifi(typed)) else { return Ok(()) };
        request.wifi = Some(wifi.ssid.clone());
        if secrets.get(SecretName::WifiPassword).is_none()
            && let Some(password) = opened.wifi_password(profile, &wifi.ssid).await?
        {
            secrets.set(SecretName::WifiPassword, password);
        }
        Ok(())
    }

    /// The profile's networks whose passwords are kept.
    pub async fn networks(&self) -> Result<Vec<BatchNetwork>, Refusal> {
        let mut networks = Vec::new();
        let Some((profile, opened)) = &self.profile else { return Ok(networks) };
        for wifi in &profile.wifi {
            if let Some(password) = opened.wifi_password(profile, &wifi.name).await? {
                let (name, ssid) = (Some(wifi.name.clone()), wifi.ssid.clone());
                networks.push(BatchNetwork { name, ssid, password });
            }
        }
        Ok(networks)
    }

    /// Server and sign-in, for commands that need no more.
    pub async fn fill_cloud(
        &self,
        server: &mut Option<String>,
        secrets: &mut Secrets,
    ) -> Result<(), Refusal> {
        let Some((profile, opened)) = &self.profile else { return Ok(()) };
        if server.is_none() {
            *server = Some(profile.server.clone());
        }
        if !has_sign_in(secrets) {
            *secrets = std::mem::take(secrets).or(opened.sign_in_of(profile).await?);
        }
        Ok(())
    }

    pub fn clouds(&self, secrets: Secrets) -> GivenClouds {
        GivenClouds::new(secrets, Box::new(self.shelf.clone()))
    }
}

/// Where secrets are kept on this computer, for the doctor.
pub async fn secrets_place(state: &State, secrets: &Secrets) -> SecretsPlace {
    let shelf = Shelf::of(state, secrets);
    if shelf.dir().is_err() {
        return SecretsPlace::Practice;
    }
    match shelf.vault().await {
        Ok(vault) => SecretsPlace::Kept(vault.kind()),
        Err(refusal) => {
            let reason = refusal.reasons.into_iter().next();
            let why = reason.as_ref().and_then(|reason| reason.why).unwrap_or(Why::SecretsClosed);
            let about = reason.map(|reason| reason.about).unwrap_or_default();
            SecretsPlace::Closed(Because::of(why).about("said", about.get("said").map_or("", String::as_str)))
        }
    }
}
