//! The text of the QR code on a device: JSON, or a page address with the same JSON behind `?data=`. Reference: section 9.

use crate::{MediumKind, Secret};
use serde_json::Value;

/// What a QR code tells of a device.
#[derive(Debug, Clone)]
pub struct Qr {
    /// The name that it advertises.
    pub name: String,
    /// Proof of possession, or the password of security 2.
    pub proof: Option<Secret>,
    pub username: Option<String>,
    /// `None`: a way that this program does not go (SoftAP).
    pub medium: Option<MediumKind>,
    /// A hint; the device's own word decides.
    pub security: Option<u64>,
    /// It joins a Thread network, not Wi-Fi.
    pub thread: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    #[error("this is not the text of a provisioning code")]
    NotACode,
    #[error("this code is of a version that is not known")]
    UnknownVersion,
    #[error("this code does not name a device")]
    NoName,
}

const DATA: &str = "data=";
/// More than any code holds.
const MOST: usize = 4096;

impl Qr {
    pub fn read(text: &str) -> Result<Qr, QrError> {
        let text = text.trim();
        if text.len() > MOST {
            return Err(QrError::NotACode);
        }
        let members = object(text)
            .or_else(|| object(&unescaped(text)))
            .or_else(|| behind_data(text))
            .ok_or(QrError::NotACode)?;
        let word = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
        match word("ver") {
            Some(version) if version == "v1" => {}
            Some(_) => return Err(QrError::UnknownVersion),
            None => return Err(QrError::NotACode),
        }
        let security = match members.get("security") {
            Some(Value::String(text)) => text.parse().ok(),
            Some(other) => other.as_u64(),
            None => None,
        };
        Ok(Qr {
            name: word("name").filter(|name| !name.is_empty()).ok_or(QrError::NoName)?,
            proof: word("pop").filter(|pop| !pop.is_empty()).map(Secret::new),
            username: word("username").filter(|name| !name.is_empty()),
            medium: (word("transport").as_deref() == Some("ble")).then_some(MediumKind::Ble),
            security,
            thread: word("network").as_deref() == Some("thread"),
        })
    }
}

fn behind_data(text: &str) -> Option<serde_json::Map<String, Value>> {
    let at = text.find("?data=").or_else(|| text.find("&data="))? + 1 + DATA.len();
    let data = &text[at..];
    // Percent-encoded, the data ends at the next parameter; as bare JSON, it may hold an ampersand.
    let until = data.find(['&', '#']).unwrap_or(data.len());
    object(data).or_else(|| object(&unescaped(&data[..until])))
}

fn object(text: &str) -> Option<serde_json::Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

/// Percent-decoding; what is not an escape stays as it is.
fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        match escape.and_then(super::console::unhex) {
            Some(decoded) => {
                out.extend(decoded);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
