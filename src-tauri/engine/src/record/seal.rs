//! The signature under the record: a key that is made once for a state folder, and what it signs.
//!
//! Each commit that ends a job, and each fact of a station or a batch, is sealed: Ed25519 over the number and the hash of its
//! newest fact. Since that hash covers all before it, one seal stands for the whole record up to there; who alters a fact
//! and makes the chain fit again lacks the key. The key lies in the state folder, readable by its owner only: it shows that
//! a record comes from this computer unaltered, it does not hide it from the computer's owner (decision 0120).

use crate::record::chain::Hash;
use crate::record::journal::JournalError;
use crate::{hex, whole_file};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

/// The key's file in the state folder.
pub const KEY_FILE: &str = "record-key.json";
/// Form of the file.
const FILE_VERSION: u32 = 1;

/// A public key, known by the beginning of its hash, which people compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub(crate) [u8; 32]);

impl PublicKey {
    pub(crate) fn from_hex(text: &str) -> Option<PublicKey> {
        hex::to_bytes(text)?.try_into().ok().map(PublicKey)
    }

    /// All of it, in hexadecimal.
    pub fn hex(&self) -> String {
        hex::to_text(&self.0)
    }

    /// Whether this is the signature of a text by this key.
    pub(crate) fn signed(&self, text: &str, signature: &str) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.0) else { return false };
        let bytes = hex::to_bytes(signature).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        bytes.is_some_and(|bytes| key.verify_strict(text.as_bytes(), &Signature::from_bytes(&bytes)).is_ok())
    }
}

/// `3f9a-02c1-77de-b610`: enough to tell keys apart and to read aloud.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = hex::to_text(&Sha256::digest(self.0)[..8]);
        write!(f, "{}-{}-{}-{}", &hash[..4], &hash[4..8], &hash[8..12], &hash[12..])
    }
}

/// The key with which this state folder signs.
pub(crate) struct Signer {
    key: SigningKey,
    /// Facts up to this one are older than the key.
    since: i64,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public())
    }
}

#[derive(Serialize, Deserialize)]
struct KeyFile {
    v: u32,
    secret: Zeroizing<String>,
    since: i64,
}

impl Signer {
    /// A key that lives as long as its journal in memory.
    pub(crate) fn in_memory() -> Signer {
        Signer { key: fresh().expect("the system gives random bytes"), since: 0 }
    }

    /// The key of a state folder; made where there is none. `head`: the newest fact there is.
    pub(crate) fn of(dir: &Path, head: i64) -> Result<Signer, JournalError> {
        let path = dir.join(KEY_FILE);
        let unusable = |reason: String| JournalError::Unusable {
            operation: "reading the key of the record",
            path: path.clone(),
            reason,
        };
        match std::fs::read(&path).map(Zeroizing::new) {
            Ok(text) => {
                let file: KeyFile =
                    serde_json::from_slice(&text).map_err(|_| unusable("it is no key file".to_owned()))?;
                if file.v > FILE_VERSION {
                    return Err(JournalError::Newer {
                        path: path.clone(),
                        found: file.v,
                        known: FILE_VERSION,
                    });
                }
                let secret = hex::to_bytes(&file.secret).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                let secret = Zeroizing::new(secret.ok_or_else(|| unusable("it is no key".to_owned()))?);
                Ok(Signer { key: SigningKey::from_bytes(&secret), since: file.since })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = fresh().map_err(unusable)?;
                let secret = Zeroizing::new(hex::to_text(&*Zeroizing::new(key.to_bytes())));
                let file = KeyFile { v: FILE_VERSION, secret, since: head };
                let text = serde_json::to_vec(&file).map_err(|error| unusable(error.to_string()))?;
                whole_file::replace(&path, &Zeroizing::new(text))
                    .map_err(|error| unusable(error.to_string()))?;
                Ok(Signer { key, since: head })
            }
            Err(error) => Err(unusable(error.to_string())),
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    pub(crate) fn since(&self) -> i64 {
        self.since
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        hex::to_text(&self.key.sign(text.as_bytes()).to_bytes())
    }
}

fn fresh() -> Result<SigningKey, String> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *secret).map_err(|error| error.to_string())?;
    Ok(SigningKey::from_bytes(&secret))
}

/// What a seal signs. The first words keep it from being mistaken for anything else that the key signs.
pub(crate) fn sealed_text(seq: i64, hash: Hash) -> String {
    format!("firstlight record {seq} {hash}")
}

/// What the end of an export signs: all of its last line but the signature.
pub(crate) fn export_text(end: &str) -> String {
    format!("firstlight export {end}")
}
