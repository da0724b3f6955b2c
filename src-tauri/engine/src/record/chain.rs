//! The chain of hashes over the facts: what exactly is hashed, in the journal and in an export alike.
//!
//! The chain shows that a record was altered, removed or put in between. It has no key: whoever rewrites all that
//! follows makes a chain that fits again, so the newest hash is worth keeping elsewhere.
//! The key `job` names whom a record is about, whatever its kind: the chain is older than the other kinds.

use crate::hex;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The newest form of a stored fact that this program knows. It grows with every kind of fact or word in it that older
/// programs cannot read; each fact is stored with the lowest form that its reader has to know.
pub(crate) const FACT_VERSION: u32 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash(pub [u8; 32]);

impl Hash {
    /// Before the first record.
    pub(crate) const START: Hash = Hash([0; 32]);

    /// The hash of the record that follows this one. `event` is the record's JSON exactly as it was written.
    pub(crate) fn then(self, v: u32, seq: i64, at: i64, about: Uuid, event: &str) -> Hash {
        let mut sha = Sha256::new();
        sha.update(self.0);
        sha.update(format!(r#"{{"v":{v},"seq":{seq},"at":{at},"job":"{about}","event":"#));
        sha.update(event);
        sha.update("}");
        Hash(sha.finalize().into())
    }

    pub(crate) fn from_hex(text: &str) -> Option<Hash> {
        hex::to_bytes(text)?.try_into().ok().map(Hash)
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::to_text(&self.0))
    }
}
