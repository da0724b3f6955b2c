//! What a device's label says: a proof of possession, or the text of a whole QR code, typed or scanned.
//!
//! The text holds a secret, so it comes as one and is never quoted. Not here: how a code is written
//! (`proto::espressif::qr`), and labels that this program prints.

use engine::fault::RefusalReason;
use engine::{Because, RefusalCode, Why};
use proto::espressif::qr::{Qr, QrError};
use proto::{MediumKind, Secret};

/// What a job can take from a label. A plain proof of possession gives nothing but itself.
#[derive(Debug, Clone, Default)]
pub struct Label {
    /// The name that the device advertises.
    pub name: Option<String>,
    pub proof: Option<Secret>,
    /// User name of security 2.
    pub user: Option<String>,
    /// Where the device is reached by that name; `None`: the label does not say, or names a way that we do not go.
    pub medium: Option<MediumKind>,
    /// It is the text of a code, so that only devices of this driver can be meant.
    pub driver: Option<&'static str>,
}

impl Label {
    /// The text of a QR code, as a scanner types it.
    ///
    /// # Errors
    /// `refused.device_code` with the reason, which never quotes the text.
    pub fn of_code(text: &Secret) -> Result<Label, RefusalReason> {
        let code = Qr::read(text.expose()).map_err(|error| unusable(why(error)))?;
        if code.thread {
            return Err(unusable(Why::CodeThread));
        }
        Ok(Label {
            name: Some(code.name),
            proof: code.proof,
            user: code.username,
            medium: code.medium,
            driver: Some("espressif"),
        })
    }

    /// What was typed, pasted or scanned where the proof of possession belongs: the proof, or the whole code.
    ///
    /// # Errors
    /// `refused.device_code` for a text that is a code and cannot be used.
    pub fn typed(text: &Secret) -> Result<Label, RefusalReason> {
        match Qr::read(text.expose()) {
            Err(QrError::NotACode) => Ok(Label { proof: Some(text.clone()), ..Label::default() }),
            Ok(_) | Err(QrError::UnknownVersion | QrError::NoName) => Label::of_code(text),
        }
    }
}

fn why(error: QrError) -> Why {
    match error {
        QrError::NotACode => Why::CodeNone,
        QrError::UnknownVersion => Why::CodeVersion,
        QrError::NoName => Why::CodeNoName,
    }
}

fn unusable(why: Why) -> RefusalReason {
    Because::of(why).reason(RefusalCode::DeviceCode, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanner_may_type_the_whole_code_where_the_proof_belongs() {
        let code = Secret::new(
            r#"{"ver":"v1","name":"PROV_CE03C0","pop":"abcd1234","username":"line","transport":"ble"}"#,
        );
        let label = Label::typed(&code).expect("it is a code");
        assert_eq!(label.name.as_deref(), Some("PROV_CE03C0"));
        assert_eq!(label.proof.as_ref().map(Secret::expose), Some("abcd1234"));
        assert_eq!((label.user.as_deref(), label.medium), (Some("line"), Some(MediumKind::Ble)));
        assert_eq!(label.driver, Some("espressif"));

        let proof = Label::typed(&Secret::new("abcd1234")).expect("it is a proof");
        assert_eq!(proof.proof.as_ref().map(Secret::expose), Some("abcd1234"));
        assert_eq!((proof.name, proof.driver), (None, None));
    }

    #[test]
    fn a_code_that_cannot_be_used_is_refused_without_being_quoted() {
        let codes = [
            r#"{"ver":"v2","name":"PROV_1","pop":"CANARY77"}"#,
            r#"{"ver":"v1","pop":"CANARY77"}"#,
            r#"{"ver":"v1","name":"PROV_1","pop":"CANARY77","network":"thread"}"#,
        ];
        for code in codes {
            let refused = Label::typed(&Secret::new(code)).expect_err("not usable");
            assert_eq!(refused.code, RefusalCode::DeviceCode);
            assert!(!format!("{refused:?}").contains("CANARY"), "{refused:?}");
        }
        let refused = Label::of_code(&Secret::new("CANARY77")).expect_err("a proof is no code");
        assert!(!format!("{refused:?}").contains("CANARY"), "{refused:?}");
    }
}
