//! Secrets by name: in the system's keychain; where there is none, in a file that a passphrase locks; else nowhere, so
//! that they are asked for each time. Never in plain text.
//!
//! Not here: who asks a person for a passphrase or a secret (the faces), and which names there are (`plan/profile.rs`).

use crate::plan::patience;
use crate::{hex, whole_file};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use proto::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// The locked file in the state folder.
pub const SECRETS_FILE: &str = "secrets.json";
/// Under this name the keychain shows our entries to a person.
const KEYCHAIN_SERVICE: &str = "firstlight";
/// Form of the locked file.
const FILE_VERSION: u32 = 1;

/// Where secrets are kept, to be said plainly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VaultKind {
    #[serde(rename = "keychain")]
    Keychain,
    /// A file in the state folder, locked with a passphrase.
    #[serde(rename = "file")]
    EncryptedFile,
    /// Nowhere: for as long as this process runs, in its memory.
    #[serde(rename = "ask")]
    AskEachTime,
}

impl VaultKind {
    pub fn as_str(self) -> &'static str {
        match self {
            VaultKind::Keychain => "keychain",
            VaultKind::EncryptedFile => "file",
            VaultKind::AskEachTime => "ask",
        }
    }
}

/// Why a secret could not be read or kept. Says nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("the keychain refused to {operation}: {reason}")]
    Keychain { operation: &'static str, reason: String },
    #[error("the keychain did not answer when asked to {operation}; it may be waiting to be unlocked")]
    KeychainSilent { operation: &'static str },
    /// Wrong, or the file was altered: the lock cannot tell the two apart.
    #[error("the passphrase does not open {}", .path.display())]
    WrongPassphrase { path: PathBuf },
    #[error("a passphrase must have at least {least} characters")]
    PassphraseShort { least: usize },
    #[error("{} was written by a newer version of this program (form {found}, known is {known})", .path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
    #[error("{operation} failed for {}: {reason}", .path.display())]
    File { operation: &'static str, path: PathBuf, reason: String },
}

/// A place for secrets. A cheap handle; clones share the place.
#[derive(Clone)]
pub struct Vault(Arc<Place>);

enum Place {
    Keychain(Arc<dyn Keychain>),
    File(Mutex<LockedFile>),
    /// `why`: what the keychain said, for whoever wonders.
    Nowhere {
        kept: Mutex<BTreeMap<String, Secret>>,
        why: String,
    },
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.kind().as_str())
    }
}

impl Vault {
    /// The best place that there is: the file where a passphrase is given, else the system's keychain, else nowhere.
    /// A system without a keychain is a normal state and no error. The file is made with the first secret.
    ///
    /// # Errors
    /// [`VaultError::WrongPassphrase`] and other trouble with the file, only where a passphrase is given.
    pub async fn open(dir: &Path, passphrase: Option<Secret>) -> Result<Vault, VaultError> {
        let dir = dir.to_owned();
        in_background(move || Vault::open_blocking(&dir, passphrase)).await
    }

    /// [`Vault::open`] for callers that may block.
    pub fn open_blocking(dir: &Path, passphrase: Option<Secret>) -> Result<Vault, VaultError> {
        match passphrase {
            Some(passphrase) => Vault::locked_file(dir, passphrase, Cost::EVERYDAY),
            None => Ok(Vault::of_system(Arc::new(SystemKeychain))),
        }
    }

    /// Keeps secrets in memory only, for as long as the process runs.
    pub fn ask_each_time() -> Vault {
        Vault::nowhere("it was not asked for".to_owned())
    }

    /// Whether there is a locked file, so that a face knows to ask for its passphrase.
    pub fn has_file(dir: &Path) -> bool {
        dir.join(SECRETS_FILE).exists()
    }

    fn nowhere(why: String) -> Vault {
        Vault(Arc::new(Place::Nowhere { kept: Mutex::default(), why }))
    }

    fn of_system(keychain: Arc<dyn Keychain>) -> Vault {
        let probe = keychain.clone();
        // Looking for what is certainly not there shows whether anybody answers.
        match bounded(patience::KEYCHAIN_THERE, "look for a secret", move || probe.get("probe")) {
            Ok(_) => Vault(Arc::new(Place::Keychain(keychain))),
            Err(error) => {
                tracing::info!(%error, "no keychain");
                Vault::nowhere(error.to_string())
            }
        }
    }

    fn locked_file(dir: &Path, passphrase: Secret, cost: Cost) -> Result<Vault, VaultError> {
        Ok(Vault(Arc::new(Place::File(Mutex::new(LockedFile::open(dir, passphrase, cost)?)))))
    }

    pub fn kind(&self) -> VaultKind {
        match &*self.0 {
            Place::Keychain(_) => VaultKind::Keychain,
            Place::File(_) => VaultKind::EncryptedFile,
            Place::Nowhere { .. } => VaultKind::AskEachTime,
        }
    }

    /// Why secrets are not kept in the keychain, where they are kept nowhere.
    pub fn why_nowhere(&self) -> Option<&str> {
        match &*self.0 {
            Place::Nowhere { why, .. } => Some(why),
            Place::Keychain(_) | Place::File(_) => None,
        }
    }

    /// The secret of this name; `None` when there is none.
    pub async fn get(&self, name: &str) -> Result<Option<Secret>, VaultError> {
        let (vault, name) = (self.clone(), name.to_owned());
        in_background(move || vault.get_blocking(&name)).await
    }

    /// Keeps a secret under this name, in place of the one before.
    pub async fn put(&self, name: &str, secret: Secret) -> Result<(), VaultError> {
        let (vault, name) = (self.clone(), name.to_owned());
        in_background(move || vault.put_blocking(&name, &secret)).await
    }

    /// Forgets a secret; one that is not there is forgotten already.
    pub async fn remove(&self, name: &str) -> Result<(), VaultError> {
        let (vault, name) = (self.clone(), name.to_owned());
        in_background(move || vault.remove_blocking(&name)).await
    }

    /// [`Vault::get`] for callers that may block; for up to two minutes where the keychain asks a person.
    pub fn get_blocking(&self, name: &str) -> Result<Option<Secret>, VaultError> {
        match &*self.0 {
            Place::Keychain(keychain) => {
                let (keychain, name) = (keychain.clone(), name.to_owned());
                bounded(patience::KEYCHAIN_UNLOCKED, "read a secret", move || keychain.get(&name))
            }
            Place::File(file) => Ok(held(file).secrets.get(name).cloned()),
            Place::Nowhere { kept, .. } => Ok(held(kept).get(name).cloned()),
        }
    }

    /// [`Vault::put`] for callers that may block.
    pub fn put_blocking(&self, name: &str, secret: &Secret) -> Result<(), VaultError> {
        match &*self.0 {
            Place::Keychain(keychain) => {
                let (keychain, name, secret) = (keychain.clone(), name.to_owned(), secret.clone());
                bounded(patience::KEYCHAIN_UNLOCKED, "keep a secret", move || keychain.put(&name, &secret))
            }
            Place::File(file) => held(file).change(|secrets| {
                secrets.insert(name.to_owned(), secret.clone());
            }),
            Place::Nowhere { kept, .. } => {
                held(kept).insert(name.to_owned(), secret.clone());
                Ok(())
            }
        }
    }

    /// [`Vault::remove`] for callers that may block.
    pub fn remove_blocking(&self, name: &str) -> Result<(), VaultError> {
        match &*self.0 {
            Place::Keychain(keychain) => {
                let (keychain, name) = (keychain.clone(), name.to_owned());
                bounded(patience::KEYCHAIN_UNLOCKED, "forget a secret", move || keychain.remove(&name))
            }
            Place::File(file) => held(file).change(|secrets| {
                secrets.remove(name);
            }),
            Place::Nowhere { kept, .. } => {
                held(kept).remove(name);
                Ok(())
            }
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => {
                unreachable!("blocking tasks are not cancelled once they run, and nobody aborts this one")
            }
        },
    }
}

// ---- the system's keychain

/// What we need of a keychain. Every call may block for as long as a person takes.
trait Keychain: Send + Sync {
    fn get(&self, name: &str) -> Result<Option<Secret>, VaultError>;
    fn put(&self, name: &str, secret: &Secret) -> Result<(), VaultError>;
    fn remove(&self, name: &str) -> Result<(), VaultError>;
}

/// Asks on a thread of its own: it must neither wait forever nor run inside an asynchronous runtime, which the
/// keychain's library starts one of. A thread that never comes back is left behind.
fn bounded<T: Send + 'static>(
    bound: Duration,
    operation: &'static str,
    ask: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    let (answer, answered) = sync_channel(1);
    std::thread::Builder::new()
        .name("keychain".to_owned())
        // When nobody waits any more, nobody misses the answer.
        .spawn(move || drop(answer.send(ask())))
        .map_err(|error| VaultError::Keychain { operation, reason: error.to_string() })?;
    answered.recv_timeout(bound).unwrap_or_else(|missing| match missing {
        RecvTimeoutError::Timeout => Err(VaultError::KeychainSilent { operation }),
        RecvTimeoutError::Disconnected => {
            Err(VaultError::Keychain { operation, reason: "its library failed".to_owned() })
        }
    })
}

struct SystemKeychain;

impl SystemKeychain {
    fn entry(operation: &'static str, name: &str) -> Result<keyring::Entry, VaultError> {
        if let Err(error) = keyring::Entry::store_status() {
            return Err(refused(operation, error));
        }
        keyring::Entry::new(KEYCHAIN_SERVICE, name).map_err(|error| refused(operation, &error))
    }
}

/// What a keychain's error says of itself; some of them carry the secret, so that not everything is repeated.
fn refused(operation: &'static str, error: &keyring::Error) -> VaultError {
    let reason = match error {
        keyring::Error::BadEncoding(_) | keyring::Error::BadDataFormat(..) => {
            "what is kept there is no text".to_owned()
        }
        other => other.to_string(),
    };
    VaultError::Keychain { operation, reason }
}

impl Keychain for SystemKeychain {
    fn get(&self, name: &str) -> Result<Option<Secret>, VaultError> {
        match Self::entry("read a secret", name)?.get_password() {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(refused("read a secret", &error)),
        }
    }

    fn put(&self, name: &str, secret: &Secret) -> Result<(), VaultError> {
        Self::entry("keep a secret", name)?
            .set_password(secret.expose())
            .map_err(|error| refused("keep a secret", &error))
    }

    fn remove(&self, name: &str) -> Result<(), VaultError> {
        match Self::entry("forget a secret", name)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(refused("forget a secret", &error)),
        }
    }
}

// ---- the locked file

/// What it costs to try one passphrase (Argon2id).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// RFC 9106, section 4, second recommendation: 64 MiB, 3 passes, 4 lanes; a few tenths of a second.
    const EVERYDAY: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
    /// An altered file must not make us take all memory or all day.
    const MOST: Cost = Cost { memory_kib: 1024 * 1024, passes: 16, lanes: 16 };

    fn within(self, most: Cost) -> bool {
        self.memory_kib <= most.memory_kib && self.passes <= most.passes && self.lanes <= most.lanes
    }
}

const PASSPHRASE_LEAST: usize = 8;

/// The file as it is on disk. All that is secret is in `sealed`.
#[derive(Serialize, Deserialize)]
struct Sealed {
    v: u32,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    cipher: String,
    nonce: String,
    sealed: String,
}

const KDF: &str = "argon2id";
const CIPHER: &str = "xchacha20poly1305";

impl Sealed {
    /// What the seal also covers, so that nobody can make a passphrase cheaper to guess.
    fn header(cost: Cost, salt: &str) -> String {
        let Cost { memory_kib, passes, lanes } = cost;
        format!("firstlight secrets {FILE_VERSION} {KDF} {memory_kib} {passes} {lanes} {salt} {CIPHER}")
    }
}

struct LockedFile {
    path: PathBuf,
    cost: Cost,
    salt: String,
    key: Zeroizing<[u8; 32]>,
    secrets: BTreeMap<String, Secret>,
}

impl LockedFile {
    fn open(dir: &Path, passphrase: Secret, cost: Cost) -> Result<LockedFile, VaultError> {
        let path = dir.join(SECRETS_FILE);
        let trouble = |operation, reason: String| VaultError::File { operation, path: path.clone(), reason };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return LockedFile::new(path, &passphrase, cost);
            }
            Err(error) => return Err(trouble("reading", error.to_string())),
        };
        #[derive(Deserialize)]
        struct Form {
            v: u32,
        }
        let unreadable = |error: serde_json::Error| trouble("reading", error.to_string());
        let Form { v: found } = serde_json::from_str(&text).map_err(unreadable)?;
        if found > FILE_VERSION {
            return Err(VaultError::Newer { path, found, known: FILE_VERSION });
        }
        let file: Sealed = serde_json::from_str(&text).map_err(unreadable)?;
        let cost = Cost { memory_kib: file.memory_kib, passes: file.passes, lanes: file.lanes };
        let bytes = |field: &str| hex::to_bytes(field).unwrap_or_default();
        let nonce = <[u8; 24]>::try_from(bytes(&file.nonce));
        let (KDF, CIPHER, Ok(nonce), true) = (&*file.kdf, &*file.cipher, nonce, cost.within(Cost::MOST))
        else {
            return Err(trouble("reading", "it is not a file of secrets that this program wrote".to_owned()));
        };
        let key = derive(&passphrase, &bytes(&file.salt), cost)
            .ok_or_else(|| trouble("reading", "its settings cannot be used".to_owned()))?;
        let header = Sealed::header(cost, &file.salt);
        let payload = Payload { msg: &bytes(&file.sealed), aad: header.as_bytes() };
        let plain = XChaCha20Poly1305::new(&(*key).into())
            .decrypt(&XNonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| VaultError::WrongPassphrase { path: path.clone() })?;
        let secrets: BTreeMap<String, String> = serde_json::from_slice(&plain).map_err(unreadable)?;
        let secrets = secrets.into_iter().map(|(name, secret)| (name, Secret::new(secret))).collect();
        Ok(LockedFile { path, cost, salt: file.salt, key, secrets })
    }

    fn new(path: PathBuf, passphrase: &Secret, cost: Cost) -> Result<LockedFile, VaultError> {
        if passphrase.expose().chars().count() < PASSPHRASE_LEAST {
            return Err(VaultError::PassphraseShort { least: PASSPHRASE_LEAST });
        }
        let trouble = |reason: String| VaultError::File { operation: "making", path: path.clone(), reason };
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| trouble(error.to_string()))?;
        let key =
            derive(passphrase, &salt, cost).ok_or_else(|| trouble("no memory for the lock".to_owned()))?;
        Ok(LockedFile { path, cost, salt: hex::to_text(&salt), key, secrets: BTreeMap::new() })
    }

    /// Changes the secrets, on disk before in memory.
    fn change(&mut self, change: impl FnOnce(&mut BTreeMap<String, Secret>)) -> Result<(), VaultError> {
        let mut secrets = self.secrets.clone();
        change(&mut secrets);
        self.write(&secrets)?;
        self.secrets = secrets;
        Ok(())
    }

    fn write(&self, secrets: &BTreeMap<String, Secret>) -> Result<(), VaultError> {
        let trouble =
            |reason: String| VaultError::File { operation: "writing", path: self.path.clone(), reason };
        let shown: BTreeMap<&str, &str> =
            secrets.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
        // Room enough that it need not grow: what it grew out of would not be wiped. JSON takes up to six bytes for one.
        let room = shown.iter().map(|(name, secret)| 6 * (name.len() + secret.len()) + 8).sum::<usize>() + 2;
        let mut plain = Zeroizing::new(Vec::with_capacity(room));
        serde_json::to_writer(&mut *plain, &shown).map_err(|error| trouble(error.to_string()))?;
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|error| trouble(error.to_string()))?;
        let header = Sealed::header(self.cost, &self.salt);
        let sealed = XChaCha20Poly1305::new(&(*self.key).into())
            .encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: header.as_bytes() })
            .map_err(|_| trouble("the secrets are too long to be sealed".to_owned()))?;
        let file = Sealed {
            v: FILE_VERSION,
            kdf: KDF.to_owned(),
            memory_kib: self.cost.memory_kib,
            passes: self.cost.passes,
            lanes: self.cost.lanes,
            salt: self.salt.clone(),
            cipher: CIPHER.to_owned(),
            nonce: hex::to_text(&nonce),
            sealed: hex::to_text(&sealed),
        };
        let text = serde_json::to_vec_pretty(&file).map_err(|error| trouble(error.to_string()))?;
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir).map_err(|error| trouble(error.to_string()))?;
        }
        whole_file::replace(&self.path, &text).map_err(|error| trouble(error.to_string()))
    }
}

/// `None` when the settings are out of Argon2's bounds.
fn derive(passphrase: &Secret, salt: &[u8], cost: Cost) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(key.len())).ok()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, &mut *key)
        .ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As cheap as Argon2 allows; what is tested is not how long guessing takes.
    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    const CANARIES: [&str; 3] =
        ["canary-client-secret-5f1c9a", "canary-wifi-\"quoted\"-77e0b2", "canary-name-c4"];

    fn passphrase() -> Secret {
        Secret::new("correct horse battery staple")
    }

    fn open(dir: &Path) -> Result<Vault, VaultError> {
        Vault::locked_file(dir, passphrase(), CHEAP)
    }

    #[derive(Default)]
    struct Fake {
        kept: Mutex<BTreeMap<String, Secret>>,
        broken: bool,
    }

    impl Keychain for Fake {
        fn get(&self, name: &str) -> Result<Option<Secret>, VaultError> {
            if self.broken {
                return Err(VaultError::Keychain { operation: "read a secret", reason: "no bus".to_owned() });
            }
            Ok(held(&self.kept).get(name).cloned())
        }
        fn put(&self, name: &str, secret: &Secret) -> Result<(), VaultError> {
            held(&self.kept).insert(name.to_owned(), secret.clone());
            Ok(())
        }
        fn remove(&self, name: &str) -> Result<(), VaultError> {
            held(&self.kept).remove(name);
            Ok(())
        }
    }

    fn shown(secret: Option<Secret>) -> Option<String> {
        secret.map(|secret| secret.expose().to_owned())
    }

    #[tokio::test]
    async fn every_place_keeps_gives_back_and_forgets() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let places = [
            (Vault::of_system(Arc::new(Fake::default())), VaultKind::Keychain),
            (open(dir.path()).expect("a fresh folder"), VaultKind::EncryptedFile),
            (Vault::ask_each_time(), VaultKind::AskEachTime),
        ];
        for (vault, kind) in places {
            assert_eq!(vault.kind(), kind);
            assert_eq!(shown(vault.get("a").await.expect("readable")), None);
            vault.put("a", Secret::new("one")).await.expect("writable");
            vault.put("a", Secret::new("two")).await.expect("writable");
            vault.put("b", Secret::new("ünï\n\"code\"")).await.expect("writable");
            assert_eq!(shown(vault.get("a").await.expect("readable")).as_deref(), Some("two"));
            vault.remove("a").await.expect("writable");
            vault.remove("a").await.expect("forgotten already");
            assert_eq!(shown(vault.get("a").await.expect("readable")), None);
            assert_eq!(shown(vault.get("b").await.expect("readable")).as_deref(), Some("ünï\n\"code\""));
        }
    }

    #[test]
    fn a_system_without_a_keychain_is_a_normal_state() {
        let vault = Vault::of_system(Arc::new(Fake { broken: true, ..Fake::default() }));
        assert_eq!(vault.kind(), VaultKind::AskEachTime);
        assert!(vault.why_nowhere().is_some_and(|why| why.contains("no bus")));
    }

    /// Whatever this system has, opening neither fails nor panics, also from within a runtime.
    #[tokio::test]
    async fn this_system_has_a_place_or_none() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let vault = Vault::open(dir.path(), None).await.expect("no passphrase, no trouble");
        assert!(matches!(vault.kind(), VaultKind::Keychain | VaultKind::AskEachTime));
    }

    #[test]
    fn a_keychain_that_does_not_answer_is_not_waited_for() {
        let (_never, wait) = sync_channel::<()>(1);
        let asked = bounded(Duration::from_millis(1), "read a secret", move || {
            let _ = wait.recv();
            Ok(())
        });
        assert_eq!(asked, Err(VaultError::KeychainSilent { operation: "read a secret" }));
    }

    #[test]
    fn the_locked_file_opens_with_its_passphrase_only() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        assert!(!Vault::has_file(dir.path()));
        let vault = open(dir.path()).expect("a fresh folder");
        vault.put_blocking("a", &Secret::new("one")).expect("writable");
        assert!(Vault::has_file(dir.path()));
        let again = open(dir.path()).expect("the same passphrase");
        assert_eq!(shown(again.get_blocking("a").expect("readable")).as_deref(), Some("one"));
        let wrong = Vault::locked_file(dir.path(), Secret::new("correct horse battery stapler"), CHEAP);
        assert!(matches!(wrong, Err(VaultError::WrongPassphrase { .. })), "{wrong:?}");
        assert!(matches!(
            Vault::locked_file(tempfile::tempdir().expect("another").path(), Secret::new("short"), CHEAP),
            Err(VaultError::PassphraseShort { least: 8 })
        ));
    }

    #[test]
    fn an_altered_file_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        open(dir.path())
            .and_then(|vault| vault.put_blocking("a", &Secret::new("one")))
            .expect("a fresh folder");
        let path = dir.path().join(SECRETS_FILE);
        let text = std::fs::read_to_string(&path).expect("it was written");
        let altered = [
            text.replace("\"passes\": 1", "\"passes\": 2"),
            text.replace("\"memory_kib\": 8", "\"memory_kib\": 9"),
            text.replace("\"memory_kib\": 8", "\"memory_kib\": 4000000000"),
            text.replace("\"v\": 1", "\"v\": 2"),
            text.replace("argon2id", "plain"),
            text.replace("\"salt\": \"", "\"salt\": \"00"),
            text.replace("\"sealed\": \"", "\"sealed\": \"00"),
            text[..text.len() / 2].to_owned(),
        ];
        for altered in altered {
            assert_ne!(altered, text);
            std::fs::write(&path, &altered).expect("it is ours");
            let opened = open(dir.path());
            assert!(opened.is_err(), "{altered}");
            assert_eq!(std::fs::read_to_string(&path).expect("it is there"), altered, "it is left as it is");
        }
        std::fs::write(&path, &text).expect("it is ours");
        open(dir.path()).expect("unaltered again");
    }

    #[test]
    fn no_file_ever_holds_a_secret_in_plain_text() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let places = [
            open(dir.path()).expect("a fresh folder"),
            Vault::of_system(Arc::new(Fake::default())),
            Vault::ask_each_time(),
        ];
        for vault in &places {
            for canary in CANARIES {
                vault.put_blocking(canary, &Secret::new(canary)).expect("writable");
                assert!(!format!("{vault:?}").contains(canary));
            }
        }
        let mut seen = 0;
        for file in std::fs::read_dir(dir.path()).expect("it is there") {
            let bytes = std::fs::read(file.expect("it is there").path()).expect("readable");
            seen += 1;
            let needles =
                CANARIES.iter().flat_map(|canary| [(*canary).to_owned(), hex::to_text(canary.as_bytes())]);
            for needle in needles.chain([passphrase().expose().to_owned()]) {
                assert!(!bytes.windows(needle.len()).any(|window| window == needle.as_bytes()), "{needle}");
            }
        }
        assert_eq!(seen, 1, "the locked file alone; nothing half written stays behind");
    }

    #[cfg(unix)]
    #[test]
    fn the_locked_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a temporary folder");
        open(dir.path())
            .and_then(|vault| vault.put_blocking("a", &Secret::new("one")))
            .expect("a fresh folder");
        let mode =
            std::fs::metadata(dir.path().join(SECRETS_FILE)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    /// `src/test.c` of the reference implementation (phc-winner-argon2), Argon2id 1.3: 2 passes, 2^8 KiB, 1 lane.
    #[test]
    fn a_key_is_what_the_reference_implementation_makes() {
        let cost = Cost { memory_kib: 256, passes: 2, lanes: 1 };
        let key = derive(&Secret::new("password"), b"somesalt", cost).expect("within bounds");
        assert_eq!(hex::to_text(&*key), "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
    }
}
