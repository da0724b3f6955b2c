//! What a value must look like so that no Blynk firmware drops it silently (section 2.1). Found before anything is touched.

use crate::{Delivery, Limit, SettingTrouble};

/// Bytes of the network name; the standard's 32nd is dropped or cut.
const SSID_MOST: usize = 31;
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=63;
pub(super) const TOKEN_LENGTH: usize = 32;

/// What holds for every firmware, whatever the channel. A delivery without a token is not complained about: the
/// token does not exist yet when limits are checked for the first time.
pub(super) fn common(delivery: &Delivery, host_most: usize) -> Vec<Limit> {
    let mut found = Vec::new();
    if let Some(wifi) = &delivery.wifi {
        let bytes = wifi.ssid.len();
        if bytes == 0 || bytes > SSID_MOST {
            found.push(Limit::SsidLength { bytes, most: SSID_MOST });
        }
        // The firmware counts bytes; for the characters that a passphrase may have these are the same.
        let chars = wifi.password.expose().len();
        if chars != 0 && !PASSWORD.contains(&chars) {
            let (least, most) = (*PASSWORD.start(), *PASSWORD.end());
            found.push(Limit::PasswordLength { chars, least, most });
        }
        if wifi.ssid.contains('\0') || wifi.password.expose().contains('\0') {
            found.push(Limit::Setting { setting: "wifi", why: SettingTrouble::Nul });
        }
    }
    if let Some(token) = &delivery.token
        && !token_fits(token.expose())
    {
        found.push(Limit::TokenShape);
    }
    if !host_fits(&delivery.host) {
        found.push(Limit::HostUnusable);
    }
    if delivery.host.len() > host_most {
        found.push(Limit::HostLength { bytes: delivery.host.len(), most: host_most });
    }
    found
}

fn token_fits(token: &str) -> bool {
    token.len() == TOKEN_LENGTH
        && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// A bare server name or IPv4 address: no scheme, no port (firmware takes none), no path.
fn host_fits(host: &str) -> bool {
    !host.is_empty()
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Secret, Wifi};

    fn delivery(ssid: &str, password: &str, token: &str, host: &str) -> Delivery {
        Delivery {
            wifi: Some(Wifi { ssid: ssid.to_owned(), password: Secret::new(password) }),
            token: Some(Secret::new(token)),
            host: host.to_owned(),
        }
    }

    const TOKEN: &str = "Ab3-xY9_Ab3-xY9_Ab3-xY9_Ab3-xY9_";

    #[test]
    fn an_ordinary_delivery_is_within_limits() {
        assert_eq!(common(&delivery("Workshop 2G", "correct horse", TOKEN, "fra1.blynk.cloud"), 127), []);
        assert_eq!(common(&delivery(&"é".repeat(15), "", TOKEN, "127.0.0.1"), 127), []);
    }

    #[test]
    fn all_that_is_wrong_is_found_at_once() {
        let found = common(&delivery(&"x".repeat(32), "1234567", "short", "https://blynk.cloud"), 10);
        assert_eq!(
            found,
            [
                Limit::SsidLength { bytes: 32, most: 31 },
                Limit::PasswordLength { chars: 7, least: 8, most: 63 },
                Limit::TokenShape,
                Limit::HostUnusable,
                Limit::HostLength { bytes: 19, most: 10 },
            ]
        );
    }

    #[test]
    fn a_network_name_is_counted_in_bytes() {
        let found = common(&delivery(&"é".repeat(16), "correct horse", TOKEN, "blynk.cloud"), 127);
        assert_eq!(found, [Limit::SsidLength { bytes: 32, most: 31 }]);
    }

    #[test]
    fn a_hex_key_of_64_digits_is_refused() {
        let found = common(&delivery("Lab", &"a".repeat(64), TOKEN, "blynk.cloud"), 127);
        assert_eq!(found, [Limit::PasswordLength { chars: 64, least: 8, most: 63 }]);
    }

    #[test]
    fn a_server_name_carries_neither_scheme_nor_port_nor_path() {
        for host in [
            "",
            "https://blynk.cloud",
            "blynk.cloud:443",
            "blynk.cloud/",
            "a b",
            "a..b",
            ".",
            "bücher.example",
        ] {
            assert_eq!(common(&delivery("Lab", "", TOKEN, host), 253), [Limit::HostUnusable], "{host}");
        }
    }
}
