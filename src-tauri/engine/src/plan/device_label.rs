//! What a device's label says: the text of its QR code, DataMatrix or barcode, read as a name, a hardware address, a
//! serial number and a proof of possession.
//!
//! Four ways of writing are known: Espressif's JSON, GS1 element strings, patterns that a lead has set, and a bare
//! hardware address. The text may hold a secret, so it is a [`Secret`] and nothing of it is shown but what [`Label::shown`] gives.
//! Not here: keystrokes and commands (`scanner.rs`), and what a station makes of a label.

use proto::espressif::qr::{Qr, QrError};
use proto::{MediumKind, Secret};
use regex::Regex;
use serde::{Deserialize, Serialize};

/// More than any code of a label holds.
const MOST: usize = 4096;

/// A device as its label tells it. At least one of name, hardware address and serial number is there.
#[derive(Debug, Clone, Default)]
pub struct Label {
    /// The name that it advertises.
    pub name: Option<String>,
    /// Hardware address in upper case with colons.
    pub mac: Option<String>,
    pub serial: Option<String>,
    /// Article number (GTIN of a GS1 label).
    pub article: Option<String>,
    pub proof: Option<Secret>,
    pub user: Option<String>,
    pub medium: Option<MediumKind>,
}

impl Label {
    /// What is shown, journaled and compared: the most durable thing that it names, never the proof.
    pub fn shown(&self) -> &str {
        [&self.mac, &self.serial, &self.name].into_iter().find_map(|text| text.as_deref()).unwrap_or_default()
    }

    /// Whether a list of allowed labels that has this entry means this label.
    pub fn is_meant_by(&self, entry: &str) -> bool {
        let entry = entry.trim();
        let same =
            |text: &Option<String>| text.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(entry));
        same(&self.serial)
            || same(&self.name)
            || self.mac.is_some() && hardware_address(entry).is_some_and(|mac| Some(mac) == self.mac)
    }
}

/// Why a text is no label of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoLabel {
    /// None of the known ways of writing.
    NotKnown,
    /// A provisioning code that names no device.
    NoName,
    /// A provisioning code of a version that is not known.
    UnknownVersion,
    /// The device joins a Thread network, or is reached in a way that this program does not go.
    OtherRadio,
    /// A GS1 code without a serial number: it names a kind of thing, not this one.
    NoSerial,
    /// The scanner types for another keyboard than the computer reads.
    KeyboardLayout,
    TooLong,
}

/// How the labels of a station are written beyond what is known anyway: a regular expression with groups named `mac`,
/// `name`, `serial`, `pop`, `user`.
#[derive(Debug, Clone)]
pub struct LabelPattern(Regex);

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("the pattern is not a regular expression: {reason}")]
    NotRegular { reason: String },
    #[error("the pattern names no group (?<mac>…), (?<serial>…) or (?<name>…)")]
    NamesNothing,
}

/// Most memory that a pattern may take, so that a typing error does not take all of it.
const PATTERN_BYTES: usize = 1 << 20;

impl LabelPattern {
    /// Reads a pattern; it has to match the whole text of a label.
    pub fn read(text: &str) -> Result<LabelPattern, PatternError> {
        let regex = whole(text)?;
        if !regex.capture_names().flatten().any(|name| ["mac", "serial", "name"].contains(&name)) {
            return Err(PatternError::NamesNothing);
        }
        Ok(LabelPattern(regex))
    }

    fn label(&self, text: &str) -> Option<Label> {
        let found = self.0.captures(text)?;
        let group = |name: &str| {
            found.name(name).map(|found| found.as_str().trim().to_owned()).filter(|text| !text.is_empty())
        };
        let label = Label {
            name: group("name"),
            mac: group("mac").and_then(|text| hardware_address(&text)),
            serial: group("serial"),
            article: None,
            proof: group("pop").map(Secret::new),
            user: group("user"),
            medium: None,
        };
        (!label.shown().is_empty()).then_some(label)
    }
}

/// A regular expression that matches a text as a whole.
pub(crate) fn whole(text: &str) -> Result<Regex, PatternError> {
    regex::RegexBuilder::new(&format!("^(?:{text})$"))
        .size_limit(PATTERN_BYTES)
        .build()
        .map_err(|error| PatternError::NotRegular { reason: error.to_string() })
}

/// Reads the text of a label. The lead's patterns come first, since they were meant.
pub fn read(text: &Secret, patterns: &[LabelPattern]) -> Result<Label, NoLabel> {
    let text = text.expose().trim_matches([' ', '\t', '\r', '\n']);
    if text.len() > MOST {
        return Err(NoLabel::TooLong);
    }
    if let Some(label) = patterns.iter().find_map(|pattern| pattern.label(text)) {
        return Ok(label);
    }
    match Qr::read(text) {
        Ok(qr) if qr.thread || qr.medium.is_none() && text.contains("softap") => {
            return Err(NoLabel::OtherRadio);
        }
        Ok(qr) => {
            return Ok(Label {
                // Names of Espressif's devices end in a part of the address, never in all of it.
                name: Some(qr.name),
                proof: qr.proof,
                user: qr.username,
                medium: qr.medium,
                ..Label::default()
            });
        }
        Err(QrError::NoName) => return Err(NoLabel::NoName),
        Err(QrError::UnknownVersion) => return Err(NoLabel::UnknownVersion),
        Err(QrError::NotACode) => {}
    }
    if let Some(mac) = hardware_address(text) {
        return Ok(Label { mac: Some(mac), ..Label::default() });
    }
    if let Some(elements) = gs1(text) {
        return elements;
    }
    // `{"` of a scanner that types for an American keyboard, as German, French and Swiss ones read it.
    if ["ÜÄ", "¨3", "è\"", "éà", "Üà", "è@"].iter().any(|garbled| text.starts_with(garbled)) {
        return Err(NoLabel::KeyboardLayout);
    }
    Err(NoLabel::NotKnown)
}

/// A hardware address however it is separated: `246F28112233`, `24:6f:28:…`, `24-6F-…`, and with whatever another keyboard
/// makes of the colon. One separator throughout. `None` for anything else.
pub fn hardware_address(text: &str) -> Option<String> {
    let letters: Vec<char> = text.trim().chars().collect();
    let digits: Vec<char> = match letters.len() {
        12 => letters,
        17 => {
            let separator = letters[2];
            let same = letters.iter().skip(2).step_by(3).all(|letter| *letter == separator);
            if separator.is_ascii_hexdigit() || !same {
                return None;
            }
            letters.into_iter().enumerate().filter(|(at, _)| at % 3 != 2).map(|(_, letter)| letter).collect()
        }
        _ => return None,
    };
    if !digits.iter().all(char::is_ascii_hexdigit) {
        return None;
    }
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect::<String>()).collect();
    Some(pairs.join(":").to_ascii_uppercase())
}

// ---- GS1

/// Ends an element of variable length, as scanners send it.
const GROUP: char = '\u{1d}';
/// Symbology identifiers that say "GS1" (ISO/IEC 15424): Code 128, DataMatrix, QR, DataBar.
const GS1_MARKS: [&str; 4] = ["]C1", "]d2", "]Q3", "]e0"];

/// Elements of fixed length without a separator after them: GS1 General Specifications, figure 7.8.5-2, by the first two
/// digits, with the length that follows the application identifier.
fn fixed(ai: &str) -> Option<usize> {
    Some(match ai.get(..2)? {
        "00" => 18,
        "01" | "02" | "03" => 14,
        "04" => 16,
        "11" | "12" | "13" | "14" | "15" | "16" | "17" | "18" | "19" => 6,
        "20" => 2,
        "31" | "32" | "33" | "34" | "35" | "36" => 6,
        "41" => 13,
        _ => return None,
    })
}

/// How many digits an application identifier has, by its first two.
fn identifier_length(start: &str) -> Option<usize> {
    Some(match start {
        "00" | "01" | "02" | "03" | "04" | "10" | "11" | "12" | "13" | "15" | "16" | "17" | "20" | "21"
        | "22" | "30" | "37" | "90" | "91" | "92" | "93" | "94" | "95" | "96" | "97" | "98" | "99" => 2,
        "23" | "24" | "25" | "40" | "41" | "42" | "71" => 3,
        "31" | "32" | "33" | "34" | "35" | "36" | "39" | "43" | "70" | "72" | "80" | "81" | "82" => 4,
        _ => return None,
    })
}

/// Reads a GS1 element string, as scanners send it or as people read it (`(01)…(21)…`). `None`: it is none.
fn gs1(text: &str) -> Option<Result<Label, NoLabel>> {
    let elements = if text.starts_with('(') {
        bracketed(text)?
    } else {
        let marked = GS1_MARKS.iter().find_map(|mark| text.strip_prefix(mark));
        let content = marked.unwrap_or(text).trim_start_matches(GROUP);
        // Unmarked, only a text that begins with an article number is believed to be one.
        if marked.is_none() && !content.starts_with("01") {
            return None;
        }
        packed(content)?
    };
    let value = |ai: &str| elements.iter().find(|(known, _)| known == ai).map(|(_, value)| value.clone());
    let Some(serial) = value("21") else { return Some(Err(NoLabel::NoSerial)) };
    let mac = hardware_address(&serial);
    Some(Ok(Label { article: value("01"), mac, serial: Some(serial), ..Label::default() }))
}

fn bracketed(text: &str) -> Option<Vec<(String, String)>> {
    let mut elements = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (ai, after) = rest.strip_prefix('(')?.split_once(')')?;
        if identifier_length(ai.get(..2)?) != Some(ai.len()) {
            return None;
        }
        let until = after.find('(').unwrap_or(after.len());
        elements.push((ai.to_owned(), after[..until].trim().to_owned()));
        rest = &after[until..];
    }
    Some(elements)
}

fn packed(text: &str) -> Option<Vec<(String, String)>> {
    let mut elements = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let ai = rest.get(..identifier_length(rest.get(..2)?)?)?;
        if !ai.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let after = &rest[ai.len()..];
        let until = match fixed(ai) {
            Some(length) => length,
            None => after.find(GROUP).unwrap_or(after.len()),
        };
        let value = after.get(..until)?;
        if value.is_empty() {
            return None;
        }
        elements.push((ai.to_owned(), value.to_owned()));
        rest = after[until..].trim_start_matches(GROUP);
    }
    Some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> Result<Label, NoLabel> {
        read(&Secret::new(text), &[])
    }

    #[test]
    fn a_provisioning_code_gives_name_and_proof() {
        // The form of Espressif's documentation, "QR code scan".
        let found = label(r#"{"ver":"v1","name":"PROV_ABC123","pop":"abcd1234","transport":"ble"}"#)
            .expect("a provisioning code");
        assert_eq!(found.shown(), "PROV_ABC123");
        assert_eq!(found.proof.as_ref().map(Secret::expose), Some("abcd1234"));
        assert!(!format!("{found:?}").contains("abcd1234"), "the proof is not shown");
    }

    #[test]
    fn a_hardware_address_is_read_however_it_is_separated() {
        for text in [
            "246F28112233",
            "24:6f:28:11:22:33",
            "24-6F-28-11-22-33",
            " 24.6f.28.11.22.33\r",
            "24Ö6FÖ28Ö11Ö22Ö33",
        ] {
            assert_eq!(label(text).expect(text).mac.as_deref(), Some("24:6F:28:11:22:33"), "{text}");
        }
        for text in ["246F2811223", "24:6F-28:11:22:33", "246F2811223G", "24A6FA28A11A22A33", ""] {
            assert_eq!(hardware_address(text), None, "{text}");
        }
    }

    #[test]
    fn a_gs1_code_gives_its_serial_number() {
        let group = GROUP;
        for text in [
            "(01)09506000134352(21)PUMP-0042".to_owned(),
            "]d201095060001343522110-42".replace("10-42", "PUMP-0042"),
            format!("]C1{group}0109506000134352{}10LOT7{group}21PUMP-0042", "11260105"),
            "010950600013435221PUMP-0042".to_owned(),
            format!("]Q324080{group}010950600013435221PUMP-0042"),
        ] {
            let found = label(&text).unwrap_or_else(|why| panic!("{text}: {why:?}"));
            assert_eq!(found.serial.as_deref(), Some("PUMP-0042"), "{text}");
            assert_eq!(found.article.as_deref(), Some("09506000134352"), "{text}");
        }
        let found = label("(01)09506000134352(21)246F28112233").expect("a serial number");
        assert_eq!(found.shown(), "24:6F:28:11:22:33", "an address may stand in for it");
    }

    #[test]
    fn a_code_that_names_no_device_says_why() {
        assert_eq!(label("4006381333931").err(), Some(NoLabel::NotKnown), "the code of a shop");
        assert_eq!(label("(01)09506000134352").err(), Some(NoLabel::NoSerial));
        assert_eq!(label(r#"{"ver":"v1"}"#).err(), Some(NoLabel::NoName));
        assert_eq!(label(r#"{"ver":"v2","name":"x"}"#).err(), Some(NoLabel::UnknownVersion));
        assert_eq!(label(r#"{"ver":"v1","name":"x","network":"thread"}"#).err(), Some(NoLabel::OtherRadio));
        assert_eq!(label("ÜÄverÄÖÄv1Ä").err(), Some(NoLabel::KeyboardLayout));
        assert_eq!(label(&"x".repeat(MOST + 1)).err(), Some(NoLabel::TooLong));
        assert_eq!(label("").err(), Some(NoLabel::NotKnown));
    }

    #[test]
    fn a_leads_pattern_names_the_parts() {
        let pattern = LabelPattern::read(r"SN=(?<serial>[A-Z0-9]+);M=(?<mac>[0-9A-F]{12});P=(?<pop>\w+)")
            .expect("a pattern");
        let text = Secret::new("SN=K7X;M=246F28112233;P=geheim99");
        let found = read(&text, &[pattern]).expect("it fits");
        assert_eq!((found.shown(), found.serial.as_deref()), ("24:6F:28:11:22:33", Some("K7X")));
        assert_eq!(found.proof.as_ref().map(Secret::expose), Some("geheim99"));
        assert_eq!(LabelPattern::read("[A-Z]+").err(), Some(PatternError::NamesNothing));
        assert!(matches!(LabelPattern::read("(").err(), Some(PatternError::NotRegular { .. })));
    }

    #[test]
    fn a_list_means_a_label_by_any_of_its_names() {
        let label =
            Label { mac: Some("24:6F:28:11:22:33".into()), serial: Some("K7X".into()), ..Label::default() };
        for entry in ["k7x", "246f28112233", "24-6F-28-11-22-33", " K7X "] {
            assert!(label.is_meant_by(entry), "{entry}");
        }
        assert!(!label.is_meant_by("K7Y"));
        assert!(!label.is_meant_by(""));
    }

    proptest::proptest! {
        #[test]
        fn no_text_ends_the_program(text in "\\PC{0,80}") {
            let _ = label(&text);
        }

        #[test]
        fn no_gs1_text_ends_the_program(text in "[0-9(){}\u{1d}A]{0,60}") {
            let _ = label(&format!("01{text}"));
            let _ = label(&format!("]d2{text}"));
        }
    }
}
