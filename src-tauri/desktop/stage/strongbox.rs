//! Where the secrets of profiles are kept, and how a profile signs in with them.

use api::clouds::Keeper;
use api::secrets::{SecretName as Given, Secrets};
use engine::plan::profile::{Profile, ProfileAuth, Profiles, SecretName};
use engine::vault::{Vault, VaultError, VaultKind};
use engine::{Refusal, RefusalCode};
use proto::Secret;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The vault, and memory beside it for a keychain that is there but keeps nothing (locked, or without anyone to unlock
/// it): then secrets are kept until the window closes, and the window says so.
pub(super) struct Strongbox {
    pub(super) vault: Vault,
    memory: Vault,
    refused: AtomicBool,
}

impl Strongbox {
    pub(super) fn new(vault: Vault) -> Strongbox {
        Strongbox { vault, memory: Vault::ask_each_time(), refused: AtomicBool::new(false) }
    }

    pub(super) fn kind(&self) -> VaultKind {
        if self.refused.load(Ordering::Relaxed) { self.memory.kind() } else { self.vault.kind() }
    }

    pub(super) async fn put(&self, name: &SecretName, secret: Secret) -> Result<(), VaultError> {
        let Err(error) = self.vault.put(&name.0, secret.clone()).await else { return Ok(()) };
        tracing::warn!(%error, "the keychain keeps nothing; secrets stay in memory");
        self.refused.store(true, Ordering::Relaxed);
        self.memory.put(&name.0, secret).await
    }

    pub(super) async fn get(&self, name: &SecretName) -> Result<Option<Secret>, VaultError> {
        match self.memory.get(&name.0).await? {
            Some(secret) => Ok(Some(secret)),
            None => self.vault.get(&name.0).await,
        }
    }
}

pub(super) struct ProfileKeeper {
    pub(super) profiles: Profiles,
    pub(super) strongbox: Arc<Strongbox>,
}

#[async_trait::async_trait]
impl Keeper for ProfileKeeper {
    async fn sign_in(&self, profile: &str) -> Result<Secrets, Refusal> {
        sign_in(&self.profiles.get(profile)?, &self.strongbox).await
    }
}

/// What a profile signs in with.
pub(super) async fn sign_in(profile: &Profile, strongbox: &Strongbox) -> Result<Secrets, Refusal> {
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

pub(super) fn unreadable(error: &dyn std::error::Error) -> Refusal {
    Refusal::of(RefusalCode::SecretUnreadable, &[("why", &error.to_string())])
}
