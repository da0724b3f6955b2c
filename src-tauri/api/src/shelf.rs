//! Profiles together with their secrets: kept, changed and removed in one place, for every face.
//!
//! Secrets are put away before the profile that names them is written, and forgotten after it is gone: whatever happens in
//! between, no profile names a secret that is not there, and no secret stays that nobody names. Not here: how profiles and
//! secrets are stored (`engine`), and who asks a person for them (the faces).

use crate::calls::ProfileChecked;
use crate::clouds::Keeper;
use crate::secrets::{SecretName, Secrets};
use async_trait::async_trait;
use engine::plan::profile::{Profile, ProfileAuth, Profiles, SecretName as KeptName, WifiProfile};
use engine::vault::{Vault, VaultError, VaultKind};
use engine::{Refusal, RefusalCode};
use proto::Secret;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// How a profile signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInKind {
    Client,
    Bearer,
}

/// What becomes of the password of a network.
#[derive(Debug, Clone)]
pub enum WifiPassword {
    /// An open network has none.
    Open,
    /// Asked for with each job and kept nowhere.
    Asked,
    /// As the profile has it already.
    Unchanged,
    Given(Secret),
}

/// A profile to be kept.
#[derive(Debug)]
pub struct ProfileDraft {
    pub checked: ProfileChecked,
    pub kind: SignInKind,
    /// What was given now; what was not stays as it was kept.
    pub sign_in: Secrets,
    /// One for each network of the profile, in its order.
    pub passwords: Vec<WifiPassword>,
    pub over: Over,
}

/// What happens to a profile that is called the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Replaced,
    /// A new profile must not take the place of another unnoticed.
    Refused,
}

/// The profiles of a state folder or of a practice run, and the place of their secrets. Clones are one shelf.
#[derive(Debug, Clone)]
pub struct Shelf {
    profiles: Profiles,
    strongbox: Arc<Strongbox>,
}

impl Shelf {
    pub fn new(profiles: Profiles, vault: Vault) -> Shelf {
        Shelf { profiles, strongbox: Arc::new(Strongbox::new(vault)) }
    }

    /// For practice: nothing of it reaches a disk or a keychain.
    pub fn in_memory() -> Shelf {
        Shelf::new(Profiles::in_memory(), Vault::ask_each_time())
    }

    pub fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Where secrets are kept.
    pub fn kind(&self) -> VaultKind {
        self.strongbox.kind()
    }

    /// Moves to another place for secrets. What was kept in the one before stays there; what was held in memory comes
    /// along, since it would be lost otherwise.
    pub async fn move_to(&self, vault: Vault) -> Result<(), Refusal> {
        self.strongbox.move_to(vault, &self.all_names()?).await.map_err(|error| unreadable(&error))
    }

    fn all_names(&self) -> Result<Vec<KeptName>, Refusal> {
        let profiles = self.profiles.all()?;
        Ok(profiles.iter().flat_map(Profile::secret_names).cloned().collect())
    }

    /// Keeps a profile with its secrets, and forgets the secrets that it no longer names.
    ///
    /// # Errors
    /// `refused.name_taken`, `refused.secret_missing` for a new profile without its sign-in where one can be kept,
    /// `refused.secret_unreadable`, and what [`Profiles::put`] refuses.
    pub async fn save(&self, draft: ProfileDraft) -> Result<Profile, Refusal> {
        let ProfileDraft { checked, kind, sign_in, passwords, over } = draft;
        let before = self.profiles.all()?.into_iter().find(|known| known.name == checked.name);
        if before.is_some() && over == Over::Refused {
            return Err(Refusal::of(RefusalCode::NameTaken, &[("name", &checked.name), ("field", "name")]));
        }
        let fresh = |what: &str| KeptName::fresh(&checked.name, what);
        let given = |name| sign_in.get(name).filter(|secret| !secret.is_empty()).cloned();
        let old = before.as_ref().map(|before| &before.auth);
        let mut keep: Vec<(KeptName, Secret)> = Vec::new();
        // A changed secret gets a name of its own, so that a failure in between leaves the profile before as it was.
        let mut named = |what: &str, secret: Option<Secret>, before: Option<&KeptName>| match (secret, before)
        {
            (None, Some(before)) => before.clone(),
            (None, None) => fresh(what),
            (Some(secret), _) => {
                let name = fresh(what);
                keep.push((name.clone(), secret));
                name
            }
        };
        let auth = match kind {
            SignInKind::Bearer => {
                let before = match old {
                    Some(ProfileAuth::Bearer { token }) => Some(token),
                    _ => None,
                };
                ProfileAuth::Bearer { token: named("bearer", given(SecretName::Bearer), before) }
            }
            SignInKind::Client => {
                let (old_id, old_secret) = match old {
                    Some(ProfileAuth::Client { id, secret }) => (Some(id), Some(secret)),
                    _ => (None, None),
                };
                ProfileAuth::Client {
                    id: named("client-id", given(SecretName::ClientId), old_id),
                    secret: named("client-secret", given(SecretName::ClientSecret), old_secret),
                }
            }
        };
        let wifi =
            checked.wifi.iter().zip(passwords.into_iter().map(Some).chain(std::iter::repeat_with(|| None)));
        let wifi = wifi
            .map(|((name, ssid), password)| {
                let known = before.as_ref().and_then(|before| before.wifi(name)?.password.as_ref());
                let password = match password.unwrap_or(WifiPassword::Asked) {
                    WifiPassword::Open => None,
                    WifiPassword::Given(secret) if secret.is_empty() => None,
                    WifiPassword::Asked => Some(named("wifi", None, None)),
                    WifiPassword::Unchanged => {
                        let was_open = before
                            .as_ref()
                            .and_then(|before| before.wifi(name))
                            .is_some_and(|wifi| wifi.password.is_none());
                        (!was_open).then(|| named("wifi", None, known))
                    }
                    WifiPassword::Given(secret) => Some(named("wifi", Some(secret), None)),
                };
                WifiProfile { name: name.clone(), ssid: ssid.clone(), password }
            })
            .collect();
        for (name, secret) in keep {
            self.strongbox.put(&name, secret).await.map_err(|error| unreadable(&error))?;
        }
        let profile = Profile {
            name: checked.name,
            server: checked.server,
            auth,
            org: checked.org,
            owner: checked.owner,
            wifi,
            defaults: checked.defaults,
        };
        self.profiles.put(profile.clone())?;
        if let Some(before) = before {
            let still = profile.secret_names();
            for gone in before.secret_names().into_iter().filter(|name| !still.contains(name)) {
                self.forget(gone).await;
            }
        }
        Ok(profile)
    }

    /// Removes a profile and its secrets. The vault goes first: a profile whose secrets cannot be removed stays, so that they
    /// are not forgotten there.
    pub async fn remove(&self, name: &str) -> Result<Profile, Refusal> {
        let profile = self.profiles.get(name)?;
        for kept in profile.secret_names() {
            self.strongbox.remove(kept).await.map_err(|error| unreadable(&error))?;
        }
        self.profiles.remove(name)
    }

    /// Gives what a profile signs in with again, for as long as this place keeps it.
    pub async fn give(&self, name: &str, sign_in: Secrets) -> Result<(), Refusal> {
        let profile = self.profiles.get(name)?;
        let wanted = match &profile.auth {
            ProfileAuth::Client { id, secret } => {
                vec![(SecretName::ClientId, id), (SecretName::ClientSecret, secret)]
            }
            ProfileAuth::Bearer { token } => vec![(SecretName::Bearer, token)],
        };
        for (given, kept) in wanted {
            if let Some(secret) = sign_in.get(given).filter(|secret| !secret.is_empty()) {
                self.strongbox.put(kept, secret.clone()).await.map_err(|error| unreadable(&error))?;
            }
        }
        Ok(())
    }

    /// A replaced secret that cannot be removed now is of no use to anybody any more; the profile is kept all the same.
    async fn forget(&self, name: &KeptName) {
        if let Err(error) = self.strongbox.remove(name).await {
            tracing::warn!(%error, "a replaced secret stays in the vault");
        }
    }

    /// What a profile signs in with; nothing where its secrets are kept nowhere and were not given in this run.
    pub async fn sign_in_of(&self, profile: &Profile) -> Result<Secrets, Refusal> {
        let mut secrets = Secrets::default();
        let wanted = match &profile.auth {
            ProfileAuth::Client { id, secret } => {
                vec![(SecretName::ClientId, id), (SecretName::ClientSecret, secret)]
            }
            ProfileAuth::Bearer { token } => vec![(SecretName::Bearer, token)],
        };
        for (name, kept) in wanted {
            if let Some(secret) = self.strongbox.get(kept).await.map_err(|error| unreadable(&error))? {
                secrets.set(name, secret);
            }
        }
        Ok(secrets)
    }

    /// The password that a profile has for this network: an empty one for an open network, `None` where it is to be asked
    /// for or the network is not the profile's.
    pub async fn wifi_password(&self, profile: &Profile, ssid: &str) -> Result<Option<Secret>, Refusal> {
        match profile.wifi(ssid).map(|wifi| &wifi.password) {
            None => Ok(None),
            Some(None) => Ok(Some(Secret::new(""))),
            Some(Some(name)) => self.strongbox.get(name).await.map_err(|error| unreadable(&error)),
        }
    }
}

#[async_trait]
impl Keeper for Shelf {
    async fn sign_in(&self, profile: &str) -> Result<Secrets, Refusal> {
        self.sign_in_of(&self.profiles.get(profile)?).await
    }
}

/// The vault of a state folder: the locked file where there is one, else the keychain, else nowhere. `Ok(None)`: there is a
/// locked file, and no passphrase to open it.
pub async fn open_vault(dir: &Path, passphrase: Option<Secret>) -> Result<Option<Vault>, Refusal> {
    if Vault::has_file(dir) && passphrase.is_none() {
        return Ok(None);
    }
    Vault::open(dir, passphrase).await.map(Some).map_err(|error| unreadable(&error))
}

/// Secrets could not be read or kept, and the place where they are says why.
pub fn unreadable(error: &VaultError) -> Refusal {
    let field = match error {
        VaultError::WrongPassphrase { .. } | VaultError::PassphraseShort { .. } => "passphrase",
        _ => "",
    };
    Refusal::because(RefusalCode::SecretUnreadable, error, &[("field", field)])
}

/// The vault, and memory beside it for a keychain that is there but keeps nothing (locked, or without anyone to unlock
/// it): then secrets are kept until the program ends, and the face says so.
#[derive(Debug)]
struct Strongbox {
    vault: Mutex<Vault>,
    memory: Vault,
    refused: Mutex<bool>,
}

impl Strongbox {
    fn new(vault: Vault) -> Strongbox {
        Strongbox { vault: Mutex::new(vault), memory: Vault::ask_each_time(), refused: Mutex::new(false) }
    }

    fn vault(&self) -> Vault {
        self.vault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refused(&self) -> bool {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kind(&self) -> VaultKind {
        if self.refused() { self.memory.kind() } else { self.vault().kind() }
    }

    async fn move_to(&self, vault: Vault, names: &[KeptName]) -> Result<(), VaultError> {
        let before = self.vault();
        let passing = [before, self.memory.clone()];
        for place in passing.iter().filter(|place| place.kind() == VaultKind::AskEachTime) {
            for name in names {
                if let Some(secret) = place.get(&name.0).await? {
                    vault.put(&name.0, secret).await?;
                    place.remove(&name.0).await?;
                }
            }
        }
        *self.vault.lock().unwrap_or_else(PoisonError::into_inner) = vault;
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = false;
        Ok(())
    }

    async fn put(&self, name: &KeptName, secret: Secret) -> Result<(), VaultError> {
        let Err(error) = self.vault().put(&name.0, secret.clone()).await else { return Ok(()) };
        tracing::warn!(%error, "the keychain keeps nothing; secrets stay in memory");
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.memory.put(&name.0, secret).await
    }

    async fn get(&self, name: &KeptName) -> Result<Option<Secret>, VaultError> {
        match self.memory.get(&name.0).await? {
            Some(secret) => Ok(Some(secret)),
            None => self.vault().get(&name.0).await,
        }
    }

    async fn remove(&self, name: &KeptName) -> Result<(), VaultError> {
        self.memory.remove(&name.0).await?;
        self.vault().remove(&name.0).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{ProfileRequest, WifiRequest};

    fn draft(name: &str, id: Option<&str>, passwords: Vec<WifiPassword>) -> ProfileDraft {
        let request = ProfileRequest {
            name: name.to_owned(),
            server: "https://fra1.blynk.cloud".to_owned(),
            wifi: passwords
                .iter()
                .enumerate()
                .map(|(i, _)| WifiRequest { name: None, ssid: format!("net {i}") })
                .collect(),
            ..ProfileRequest::default()
        };
        let mut sign_in = Secrets::default();
        if let Some(id) = id {
            sign_in.set(SecretName::ClientId, Secret::new(id));
            sign_in.set(SecretName::ClientSecret, Secret::new("secret"));
        }
        let checked = request.check().expect("it is right");
        ProfileDraft { checked, kind: SignInKind::Client, sign_in, passwords, over: Over::Replaced }
    }

    async fn id_of(shelf: &Shelf, name: &str) -> Option<String> {
        let secrets = Keeper::sign_in(shelf, name).await.expect("readable");
        secrets.get(SecretName::ClientId).map(|secret| secret.expose().to_owned())
    }

    async fn password(shelf: &Shelf, name: &str, ssid: &str) -> Option<String> {
        let profile = shelf.profiles().get(name).expect("it is there");
        shelf.wifi_password(&profile, ssid).await.expect("readable").map(|secret| secret.expose().to_owned())
    }

    #[tokio::test]
    async fn what_is_not_given_anew_stays_as_it_was_kept() {
        let shelf = Shelf::in_memory();
        let first = vec![WifiPassword::Given(Secret::new("pass word")), WifiPassword::Open];
        shelf.save(draft("hall", Some("one"), first)).await.expect("a new profile");
        let again = vec![WifiPassword::Unchanged, WifiPassword::Unchanged, WifiPassword::Asked];
        shelf.save(draft("hall", None, again)).await.expect("a changed profile");
        assert_eq!(id_of(&shelf, "hall").await.as_deref(), Some("one"));
        assert_eq!(password(&shelf, "hall", "net 0").await.as_deref(), Some("pass word"));
        assert_eq!(password(&shelf, "hall", "net 1").await.as_deref(), Some(""), "open stays open");
        assert_eq!(password(&shelf, "hall", "net 2").await, None, "this one is asked for");
        assert_eq!(password(&shelf, "hall", "other").await, None);
    }

    #[tokio::test]
    async fn replaced_and_removed_secrets_are_forgotten() {
        let shelf = Shelf::in_memory();
        let first = shelf
            .save(draft("hall", Some("one"), vec![WifiPassword::Given(Secret::new("pass word"))]))
            .await
            .expect("a new profile");
        shelf.save(draft("hall", Some("two"), vec![])).await.expect("a changed profile");
        assert_eq!(id_of(&shelf, "hall").await.as_deref(), Some("two"));
        for name in first.secret_names() {
            assert!(shelf.strongbox.get(name).await.expect("readable").is_none(), "{name}");
        }
        let second = shelf.remove("hall").await.expect("it is there");
        for name in second.secret_names() {
            assert!(shelf.strongbox.get(name).await.expect("readable").is_none(), "{name}");
        }
        assert_eq!(shelf.profiles().all(), Ok(vec![]));
    }

    #[tokio::test]
    async fn a_new_profile_takes_no_others_place_unnoticed() {
        let shelf = Shelf::in_memory();
        shelf.save(draft("hall", Some("one"), vec![])).await.expect("a new profile");
        let refusal = shelf
            .save(ProfileDraft { over: Over::Refused, ..draft("hall", Some("two"), vec![]) })
            .await
            .expect_err("the name is taken");
        assert_eq!(refusal.reasons[0].code, RefusalCode::NameTaken);
        assert_eq!(id_of(&shelf, "hall").await.as_deref(), Some("one"));
    }

    #[tokio::test]
    async fn secrets_held_in_memory_move_into_the_locked_file() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let shelf = Shelf::in_memory();
        shelf.save(draft("hall", Some("canary-id"), vec![])).await.expect("a new profile");
        let passphrase = || Some(Secret::new("correct horse battery"));
        let vault =
            open_vault(dir.path(), passphrase()).await.expect("a fresh folder").expect("a passphrase");
        shelf.move_to(vault).await.expect("writable");
        assert_eq!(shelf.kind(), VaultKind::EncryptedFile);
        assert_eq!(id_of(&shelf, "hall").await.as_deref(), Some("canary-id"));
        assert!(open_vault(dir.path(), None).await.expect("there is one").is_none(), "it stays locked");
        let opened = open_vault(dir.path(), passphrase()).await.expect("the same").expect("a passphrase");
        let kept = shelf.profiles().get("hall").expect("it is there");
        let again = Shelf::new(shelf.profiles().clone(), opened);
        assert!(again.sign_in_of(&kept).await.expect("readable").get(SecretName::ClientId).is_some());
        let wrong = open_vault(dir.path(), Some(Secret::new("wrong horse battery"))).await;
        assert_eq!(wrong.expect_err("another").reasons[0].about["field"], "passphrase");
    }
}
