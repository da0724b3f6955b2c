//! Secrets by name, as they are given to a process: environment, standard input, keychain.
//!
//! Not here: where they come from (each face collects them) and how they are kept (`engine/vault.rs`).

use proto::Secret;
use std::collections::BTreeMap;

/// A secret that a person may give. The names are the same in the environment and on
/// standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretName {
    ClientId,
    ClientSecret,
    Bearer,
    WifiPassword,
    DeviceSecret,
    /// The text of the QR code on a device; it holds the proof of possession.
    DeviceQr,
    /// Opens the locked file of secrets, where there is no keychain.
    Passphrase,
}

impl SecretName {
    pub const ALL: [SecretName; 7] = [
        SecretName::ClientId,
        SecretName::ClientSecret,
        SecretName::Bearer,
        SecretName::WifiPassword,
        SecretName::DeviceSecret,
        SecretName::DeviceQr,
        SecretName::Passphrase,
    ];

    /// The name of the environment variable, and the key in the object on standard input.
    pub fn as_str(self) -> &'static str {
        match self {
            SecretName::ClientId => "FIRSTLIGHT_CLIENT_ID",
            SecretName::ClientSecret => "FIRSTLIGHT_CLIENT_SECRET",
            SecretName::Bearer => "FIRSTLIGHT_BEARER",
            SecretName::WifiPassword => "FIRSTLIGHT_WIFI_PASSWORD",
            SecretName::DeviceSecret => "FIRSTLIGHT_DEVICE_SECRET",
            SecretName::DeviceQr => "FIRSTLIGHT_DEVICE_QR",
            SecretName::Passphrase => "FIRSTLIGHT_PASSPHRASE",
        }
    }
}

/// What was given. Later sources fill gaps only: see [`Secrets::or`].
#[derive(Debug, Clone, Default)]
pub struct Secrets(BTreeMap<SecretName, Secret>);

/// The object on standard input is not what the contract says. It never quotes what it read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretsUnreadable {
    #[error("standard input is not one JSON object")]
    NotAnObject,
    #[error("the value of {0} is not a text")]
    NotAText(&'static str),
    #[error("standard input holds a name that is not a secret's")]
    UnknownName,
}

impl Secrets {
    pub fn get(&self, name: SecretName) -> Option<&Secret> {
        self.0.get(&name)
    }

    /// All that were given.
    pub fn all(&self) -> impl Iterator<Item = &Secret> {
        self.0.values()
    }

    pub fn set(&mut self, name: SecretName, secret: Secret) {
        self.0.insert(name, secret);
    }

    /// These, and for each one that is missing the other's.
    pub fn or(mut self, other: Secrets) -> Secrets {
        for (name, secret) in other.0 {
            self.0.entry(name).or_insert(secret);
        }
        self
    }

    /// Reads the environment through `look`, so that tests need not change their own.
    pub fn from_environment(look: impl Fn(&str) -> Option<String>) -> Secrets {
        Secrets(
            SecretName::ALL
                .into_iter()
                .filter_map(|name| Some((name, Secret::new(look(name.as_str())?))))
                .collect(),
        )
    }

    /// Reads one JSON object with the environment's names. Unknown names are refused, since a typing error would
    /// otherwise look like a missing secret.
    pub fn from_json(text: &str) -> Result<Secrets, SecretsUnreadable> {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).map_err(|_| SecretsUnreadable::NotAnObject)?;
        let mut secrets = Secrets::default();
        for (key, value) in object {
            let name = SecretName::ALL
                .into_iter()
                .find(|name| name.as_str() == key)
                .ok_or(SecretsUnreadable::UnknownName)?;
            match value {
                serde_json::Value::String(text) => secrets.set(name, Secret::new(text)),
                _ => return Err(SecretsUnreadable::NotAText(name.as_str())),
            }
        }
        Ok(secrets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_gives_the_same_names_as_the_environment() {
        let secrets = Secrets::from_json(r#"{"FIRSTLIGHT_BEARER":"b","FIRSTLIGHT_WIFI_PASSWORD":""}"#)
            .expect("two known names");
        assert_eq!(secrets.get(SecretName::Bearer).map(Secret::expose), Some("b"));
        assert_eq!(secrets.get(SecretName::WifiPassword).map(Secret::expose), Some(""));
        assert!(secrets.get(SecretName::ClientId).is_none());
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_being_quoted() {
        for text in ["", "[1]", r#"{"FIRSTLIGHT_BEARER":7777}"#, r#"{"FIRSTLIGHT_BEAR":"7777"}"#] {
            let error = Secrets::from_json(text).expect_err("not acceptable");
            assert!(!error.to_string().contains("7777"));
        }
    }

    #[test]
    fn an_earlier_source_wins() {
        let mut first = Secrets::default();
        first.set(SecretName::Bearer, Secret::new("first"));
        let mut second = Secrets::default();
        second.set(SecretName::Bearer, Secret::new("second"));
        second.set(SecretName::ClientId, Secret::new("id"));
        let both = first.or(second);
        assert_eq!(both.get(SecretName::Bearer).map(Secret::expose), Some("first"));
        assert_eq!(both.get(SecretName::ClientId).map(Secret::expose), Some("id"));
    }
}
