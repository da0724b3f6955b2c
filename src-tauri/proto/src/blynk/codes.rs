//! Blynk's provisioning error codes and the words that stand for them, and its names of Wi-Fi security (sections 2.2, 3.4).
//!
//! Not here: what a person is told about a code; that is the engine's and the faces' business.

use crate::{DeviceTrouble, Security, TroublePhase};

/// One line of the table of section 2.2.
struct Code {
    number: u16,
    phase: TroublePhase,
    /// The `reason` of a `net_fail` or `cloud_fail`; `connect_fail` has none.
    reason: Option<&'static str>,
}

const fn code(number: u16, phase: TroublePhase, reason: &'static str) -> Code {
    Code { number, phase, reason: Some(reason) }
}

const TABLE: [Code; 16] = [
    Code { number: 700, phase: TroublePhase::Configuration, reason: None },
    code(701, TroublePhase::Network, "timeout"),
    code(702, TroublePhase::Cloud, "timeout"),
    code(703, TroublePhase::Cloud, "auth_failed"),
    code(704, TroublePhase::Network, "generic"),
    code(705, TroublePhase::Cloud, "generic"),
    code(710, TroublePhase::Cloud, "dns_failed"),
    code(711, TroublePhase::Cloud, "invalid_certificate"),
    code(712, TroublePhase::Cloud, "captive_portal"),
    code(720, TroublePhase::Network, "not_found"),
    code(721, TroublePhase::Network, "no_cable"),
    code(722, TroublePhase::Network, "invalid_credentials"),
    code(723, TroublePhase::Network, "no_ip_assigned"),
    code(730, TroublePhase::Network, "sim_missing"),
    code(731, TroublePhase::Network, "sim_locked"),
    code(732, TroublePhase::Network, "sim_wrong_pin"),
];

/// Configuration not acceptable or not storable.
pub const CONFIGURATION: u16 = 700;
/// Network not joined in time, cause not known.
pub const NETWORK_TIMEOUT: u16 = 701;
/// Cloud not reached in time.
pub const CLOUD_TIMEOUT: u16 = 702;
/// The server refused the token.
pub const TOKEN_REFUSED: u16 = 703;
pub const NETWORK_NOT_FOUND: u16 = 720;
pub const PASSWORD_REFUSED: u16 = 722;
pub const NO_ADDRESS: u16 = 723;

/// The code for a reason that the device gave in `phase`; `None` for a reason that the table does not know.
pub fn code_of(phase: TroublePhase, reason: &str) -> Option<u16> {
    if phase == TroublePhase::Configuration {
        return Some(CONFIGURATION);
    }
    TABLE.iter().find(|row| row.phase == phase && row.reason == Some(reason)).map(|row| row.number)
}

/// The phase in which a code arises and the word that stands for it; `None` for 0 and for codes outside the table.
pub fn meaning_of(code: u16) -> Option<(TroublePhase, &'static str)> {
    TABLE.iter().find(|row| row.number == code).map(|row| (row.phase, row.reason.unwrap_or("connect_fail")))
}

/// Trouble that the device gave as a number (`last_error`). An unknown number keeps its value and counts as
/// trouble with the configuration, the one phase that accuses neither network nor cloud.
pub fn trouble_of(code: u16) -> DeviceTrouble {
    match meaning_of(code) {
        Some((phase, word)) => DeviceTrouble { code: Some(code), phase, said: format!("{code} ({word})") },
        None => DeviceTrouble {
            code: Some(code),
            phase: TroublePhase::Configuration,
            said: format!("error code {code}"),
        },
    }
}

/// What the `sec` text of a scan row means (section 3.4), for the current firmware's words and the legacy ones.
pub fn security_of(text: &str) -> Security {
    let text = text.trim().to_ascii_uppercase();
    if text.contains("ENT") || text.contains("EAP") {
        Security::Enterprise
    } else if text == "OPEN" || text == "NONE" {
        Security::Open
    } else if text == "WEP" {
        Security::Wep
    } else if text.starts_with("WPA") {
        Security::Personal
    } else {
        Security::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_and_its_word_name_each_other() {
        for row in &TABLE {
            let (phase, word) = meaning_of(row.number).expect("the table's own number");
            assert_eq!(phase, row.phase);
            assert_eq!(code_of(phase, word), Some(row.number));
        }
    }

    #[test]
    fn the_same_word_means_another_code_in_another_phase() {
        assert_eq!(code_of(TroublePhase::Network, "timeout"), Some(701));
        assert_eq!(code_of(TroublePhase::Cloud, "timeout"), Some(702));
        assert_eq!(code_of(TroublePhase::Cloud, "not_found"), None);
    }

    #[test]
    fn an_unknown_number_is_kept() {
        let trouble = trouble_of(799);
        assert_eq!(trouble.code, Some(799));
        assert_eq!(trouble.said, "error code 799");
    }

    #[test]
    fn security_words_of_old_and_new_firmware_are_understood() {
        for (text, security) in [
            ("OPEN", Security::Open),
            ("WEP", Security::Wep),
            ("WPA", Security::Personal),
            ("WPA2", Security::Personal),
            ("WPA+WPA2", Security::Personal),
            ("WPA2 ENT", Security::Enterprise),
            ("WPA2-EAP", Security::Enterprise),
            ("WPA ENT", Security::Enterprise),
            ("WPA3", Security::Personal),
            ("WPA3 ENT", Security::Enterprise),
            ("WPA2+WPA3", Security::Personal),
            ("WAPI", Security::Other),
            ("OWE", Security::Other),
            ("unknown", Security::Other),
            ("", Security::Other),
        ] {
            assert_eq!(security_of(text), security, "{text}");
        }
    }
}
