//! Values that must never be printed: no `Debug` of the content, no `Serialize`, wiped on drop.
//!
//! Not here: where secrets come from and are kept (`engine/vault.rs`).

use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// A token, a password, a client secret. Compare, show and log only what [`Secret::tail`] gives.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(SecretString::from(text.into()))
    }

    /// The text itself; call it only where bytes leave for the device or the cloud.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// The last four characters, which people use to tell tokens apart. Shorter secrets show nothing.
    pub fn tail(&self) -> String {
        let chars: Vec<char> = self.expose().chars().collect();
        match chars.len() {
            0..=11 => "…".to_owned(),
            n => chars[n - 4..].iter().collect(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_is_not_formatted() {
        let secret = Secret::new("correct horse battery");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.tail(), "tery");
    }

    #[test]
    fn a_short_secret_shows_nothing_of_itself() {
        assert_eq!(Secret::new("12345678").tail(), "…");
    }
}
