//! A scanner that types like a keyboard (a "wedge"): told from a person by its speed or its prefix, and what a scanned line
//! means to a station.
//!
//! Everything here is a value or a machine whose time is an argument. Not here: what a label says (`device_label.rs`),
//! what a station does with it, and how codes look on paper (`code_sheet.rs`).

use crate::plan::device_label::{self, Label, LabelPattern, NoLabel, PatternError};
use proto::Secret;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::time::Duration;

// ---- keystrokes

/// A key as a face hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Letter(char),
    /// Enter or Tab: what scanners send after a code.
    End,
}

/// How this station's scanner types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WedgeSettings {
    /// What the scanner sends before each code, if it was set up so: then its speed does not matter.
    pub prefix: String,
    /// Keys that follow each other faster than this come from a scanner. Wired scanners type every 1 to 5 ms, radio ones
    /// every 10 to 20 ms; a fast typist takes 60 ms.
    pub gap_ms: u32,
    /// Shorter bursts are a person's rolling fingers.
    pub least: u32,
}

impl Default for WedgeSettings {
    fn default() -> WedgeSettings {
        WedgeSettings { prefix: String::new(), gap_ms: 35, least: 4 }
    }
}

/// A line is over when nothing more comes for this long: scanners that send no Enter exist, and a radio scanner pauses
/// less than this in the middle of a code.
const LINE_OVER: Duration = Duration::from_millis(150);
/// With a prefix: the longest pause within a code.
const PREFIXED_GAP: Duration = Duration::from_millis(500);
/// A person's line is forgotten when they leave it for this long.
const TYPING_OVER: Duration = Duration::from_secs(30);
/// Longest line that is kept; the rest of a longer one is dropped, and the line with it.
const LONGEST: usize = 4096;

/// A whole line of input. Its text may hold a proof of possession.
#[derive(Debug, Clone)]
pub struct Line {
    pub text: Secret,
    pub how: HowTyped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowTyped {
    Scanned,
    ByHand,
}

/// Puts keystrokes together into lines. `now` is any steady clock.
#[derive(Debug)]
pub struct Wedge {
    settings: WedgeSettings,
    line: String,
    last: Option<Duration>,
    slowest: Duration,
    too_long: bool,
}

impl Wedge {
    pub fn new(settings: WedgeSettings) -> Wedge {
        Wedge { settings, line: String::new(), last: None, slowest: Duration::ZERO, too_long: false }
    }

    /// Takes a key; gives the lines that it ends: at most the one before it (cut by a pause) and its own.
    pub fn key(&mut self, key: Key, now: Duration) -> Vec<Line> {
        let mut lines = Vec::new();
        let since = self.last.map(|last| now.saturating_sub(last));
        let pause = since.is_some_and(|since| since > self.gap());
        if pause && self.is_scan() {
            // A scan without an end key, and then something else.
            lines.extend(self.take());
        } else if since.is_some_and(|since| since > TYPING_OVER) {
            self.forget();
        }
        match key {
            Key::End => lines.extend(self.take()),
            Key::Letter(letter) => {
                // A scan in the middle of a person's typing: what was typed before it is not part of the code.
                if self.line.is_empty() || self.ends_with_prefix(letter) {
                    self.forget();
                } else if let Some(since) = since {
                    self.slowest = self.slowest.max(since);
                }
                if self.line.len() + letter.len_utf8() > LONGEST {
                    self.too_long = true;
                } else {
                    self.line.push(letter);
                }
                self.last = Some(now);
            }
        }
        lines
    }

    /// When [`Wedge::idle`] has something to say.
    pub fn wake_at(&self) -> Option<Duration> {
        self.is_scan().then(|| self.last.map(|last| last + self.over())).flatten()
    }

    /// Nothing came for a while: a scanner that sends no end key is through.
    pub fn idle(&mut self, now: Duration) -> Option<Line> {
        let over = self.last.is_some_and(|last| now.saturating_sub(last) >= self.over());
        (over && self.is_scan()).then(|| self.take()).flatten()
    }

    fn over(&self) -> Duration {
        if self.prefixed() { PREFIXED_GAP } else { LINE_OVER }
    }

    fn gap(&self) -> Duration {
        if self.prefixed() { PREFIXED_GAP } else { Duration::from_millis(self.settings.gap_ms.into()) }
    }

    fn prefixed(&self) -> bool {
        !self.settings.prefix.is_empty() && self.line.starts_with(&self.settings.prefix)
    }

    /// Whether a prefix of one letter begins anew here.
    fn ends_with_prefix(&self, letter: char) -> bool {
        let mut prefix = self.settings.prefix.chars();
        prefix.next() == Some(letter) && prefix.next().is_none() && !self.prefixed()
    }

    fn is_scan(&self) -> bool {
        let fast = self.slowest <= Duration::from_millis(self.settings.gap_ms.into());
        let long = self.line.chars().count() >= self.settings.least as usize;
        self.prefixed() || fast && long
    }

    fn take(&mut self) -> Option<Line> {
        let scan = self.is_scan();
        let text = std::mem::take(&mut self.line);
        let too_long = self.too_long;
        self.forget();
        if text.is_empty() || too_long {
            return None;
        }
        let text = match text.strip_prefix(&self.settings.prefix) {
            Some(rest) if scan => rest.to_owned(),
            _ => text,
        };
        let how = if scan { HowTyped::Scanned } else { HowTyped::ByHand };
        Some(Line { text: Secret::new(text), how })
    }

    fn forget(&mut self) {
        self.line.clear();
        self.last = None;
        self.slowest = Duration::ZERO;
        self.too_long = false;
    }
}

// ---- commands

/// What an operator may ask for by scanning a printed code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Begin in the chosen slot, without a label where the rules allow it.
    Start,
    /// Try the unit in the chosen slot once more.
    Retry,
    /// Put the unit of the chosen slot aside; the slot is free again.
    SetAside,
    /// The next command is meant for this slot. Counted from 1.
    Slot { number: u32 },
    /// Stop the job of the chosen slot, or stop waiting for it.
    Stop,
    /// Print the label of the chosen slot's unit (again).
    Print,
    /// Nobody is signed on any more.
    SignOff,
}

/// What a person may sign on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Operator,
    WorkOrder,
    Shift,
}

impl Field {
    pub const ALL: [Field; 3] = [Field::Operator, Field::WorkOrder, Field::Shift];

    fn word(self) -> &'static str {
        match self {
            Field::Operator => "OPER",
            Field::WorkOrder => "ORDER",
            Field::Shift => "SHIFT",
        }
    }
}

/// Before each command. Like all words of commands it has only letters that stand on the same key of English, German and
/// French keyboards (no A, M, Q, W, Y, Z), so that a scanner that types for the wrong one is understood all the same.
pub const COMMAND_MARK: &str = "FIRSTLIGHT";
/// Digits of slot numbers, for the same reason: French keyboards want Shift for figures.
const DIGITS: [char; 10] = ['B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L'];
/// Highest number of a slot.
pub const SLOTS: u32 = 24;

impl Command {
    /// The text of its code.
    pub fn code(&self) -> String {
        let word = match self {
            Command::Start => "GO".to_owned(),
            Command::Retry => "REDO".to_owned(),
            Command::SetAside => "SIDE".to_owned(),
            Command::Stop => "STOP".to_owned(),
            Command::Print => "PRINT".to_owned(),
            Command::SignOff => "OFF".to_owned(),
            Command::Slot { number } => {
                let digits = number.to_string();
                let letters = digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')]);
                format!("SLOT{}", letters.collect::<String>())
            }
        };
        format!("{COMMAND_MARK}{word}")
    }

    /// Commands of a station with so many slots, in the order in which they are printed.
    pub fn all(slots: u32) -> Vec<Command> {
        let mut all = vec![
            Command::Start,
            Command::Retry,
            Command::SetAside,
            Command::Stop,
            Command::Print,
            Command::SignOff,
        ];
        all.extend((1..=slots.min(SLOTS)).map(|number| Command::Slot { number }));
        all
    }

    fn read(word: &str) -> Option<Command> {
        Some(match word {
            "GO" => Command::Start,
            "REDO" => Command::Retry,
            "SIDE" => Command::SetAside,
            "STOP" => Command::Stop,
            "PRINT" => Command::Print,
            "OFF" => Command::SignOff,
            _ => {
                let digit = |letter| DIGITS.iter().position(|known| *known == letter);
                let digits: Option<Vec<usize>> = word.strip_prefix("SLOT")?.chars().map(digit).collect();
                let digits = digits.filter(|digits| (1..=2).contains(&digits.len()))?;
                let number = digits.into_iter().fold(0, |number, digit| number * 10 + digit as u32);
                (1..=SLOTS).contains(&number).then_some(Command::Slot { number })?
            }
        })
    }
}

/// The text of a code that signs somebody on, or names the order or the shift.
pub fn field_code(field: Field, value: &str) -> String {
    format!("{COMMAND_MARK}{}{}", field.word(), value)
}

// ---- meaning

/// What a station's scans look like: everything that a lead has set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScanSettings {
    pub wedge: WedgeSettings,
    /// Regular expressions that recognise a badge, an order, a shift by themselves.
    pub operator: Option<String>,
    pub work_order: Option<String>,
    pub shift: Option<String>,
    /// Regular expressions with named groups for labels that are written in a way of their own.
    pub labels: Vec<String>,
    /// Device names that are labels as they stand, as a regular expression (`Blynk .*`).
    pub name: Option<String>,
}

/// Reads lines. Made from [`ScanSettings`].
#[derive(Debug, Clone)]
pub struct ScanReader {
    fields: Vec<(Field, Regex)>,
    labels: Vec<LabelPattern>,
    name: Option<Regex>,
}

/// What a line means.
#[derive(Debug, Clone)]
pub enum Scan {
    Command(Command),
    Field(Field, String),
    Label(Label),
}

/// Why a line means nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "wrong", rename_all = "snake_case")]
pub enum WrongScan {
    /// It begins like a command, and is none.
    UnknownCommand,
    /// The value of a badge, an order or a shift is missing or too long.
    BadField {
        field: Field,
    },
    NoLabel {
        why: NoLabel,
    },
}

/// Longest name of an operator, an order, a shift, in letters.
const FIELD_MOST: usize = 64;

impl ScanReader {
    /// # Errors
    /// The first pattern that cannot be used, with what is wrong about it.
    pub fn new(settings: &ScanSettings) -> Result<ScanReader, PatternError> {
        let mut fields = Vec::new();
        for (field, pattern) in [
            (Field::Operator, &settings.operator),
            (Field::WorkOrder, &settings.work_order),
            (Field::Shift, &settings.shift),
        ] {
            if let Some(pattern) = pattern.as_deref().filter(|pattern| !pattern.is_empty()) {
                fields.push((field, device_label::whole(pattern)?));
            }
        }
        let name = settings.name.as_deref().filter(|pattern| !pattern.is_empty());
        Ok(ScanReader {
            fields,
            labels: settings.labels.iter().map(|text| LabelPattern::read(text)).collect::<Result<_, _>>()?,
            name: name.map(device_label::whole).transpose()?,
        })
    }

    /// Commands first, then what the lead's patterns recognise, then labels.
    pub fn read(&self, text: &Secret) -> Result<Scan, WrongScan> {
        let trimmed = text.expose().trim();
        if let Some(word) = strip_mark(trimmed) {
            for field in Field::ALL {
                if word.len() >= field.word().len()
                    && word.is_char_boundary(field.word().len())
                    && word[..field.word().len()].eq_ignore_ascii_case(field.word())
                {
                    return field_value(field, &word[field.word().len()..]);
                }
            }
            return Command::read(&word.to_ascii_uppercase())
                .map(Scan::Command)
                .ok_or(WrongScan::UnknownCommand);
        }
        if let Some((field, _)) = self.fields.iter().find(|(_, pattern)| pattern.is_match(trimmed)) {
            return field_value(*field, trimmed);
        }
        match device_label::read(text, &self.labels) {
            Ok(label) => Ok(Scan::Label(label)),
            Err(NoLabel::NotKnown) if self.name.as_ref().is_some_and(|name| name.is_match(trimmed)) => {
                Ok(Scan::Label(Label { name: Some(trimmed.to_owned()), ..Label::default() }))
            }
            Err(why) => Err(WrongScan::NoLabel { why }),
        }
    }
}

/// What follows the mark of a command; scanners with a pressed Caps Lock send small letters.
fn strip_mark(text: &str) -> Option<&str> {
    let mark = text.get(..COMMAND_MARK.len())?;
    mark.eq_ignore_ascii_case(COMMAND_MARK).then(|| &text[COMMAND_MARK.len()..])
}

fn field_value(field: Field, value: &str) -> Result<Scan, WrongScan> {
    let value = value.trim();
    let fits =
        !value.is_empty() && value.chars().count() <= FIELD_MOST && !value.chars().any(char::is_control);
    if fits { Ok(Scan::Field(field, value.to_owned())) } else { Err(WrongScan::BadField { field }) }
}

// ---- double reads

/// A scanner that is held on a code reads it again; a person who means it twice waits longer.
const DOUBLE_READ: Duration = Duration::from_millis(1500);

/// Drops a line that comes twice in a row. Keeps a hash of it only, since it may hold a secret.
#[derive(Debug, Default)]
pub struct DoubleReads {
    last: Option<([u8; 32], Duration)>,
}

impl DoubleReads {
    /// Whether this line is the one before once more.
    pub fn is_double(&mut self, text: &Secret, now: Duration) -> bool {
        use sha2::{Digest, Sha256};
        let hash: [u8; 32] = Sha256::digest(text.expose().trim().as_bytes()).into();
        let double = self.last.is_some_and(|(last, at)| last == hash && now.saturating_sub(at) < DOUBLE_READ);
        // A trigger that stays pressed goes on being one read.
        self.last = Some((hash, now));
        double
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Types a text with so many milliseconds between its keys, and an end key where the text has a line's end.
    fn types(wedge: &mut Wedge, text: &str, begin: u64, every: u64) -> Vec<Line> {
        let keys = text.chars().map(|letter| if letter == '\n' { Key::End } else { Key::Letter(letter) });
        keys.enumerate().flat_map(|(at, key)| wedge.key(key, ms(begin + at as u64 * every))).collect()
    }

    fn told(lines: &[Line]) -> Vec<(&str, HowTyped)> {
        lines.iter().map(|line| (line.text.expose(), line.how)).collect()
    }

    #[test]
    fn a_scanner_is_told_from_a_person_by_its_speed() {
        let mut wedge = Wedge::new(WedgeSettings::default());
        assert_eq!(told(&types(&mut wedge, "246F28112233\n", 0, 3)), [("246F28112233", HowTyped::Scanned)]);
        assert_eq!(
            told(&types(&mut wedge, "246F28112233\n", 5000, 20)),
            [("246F28112233", HowTyped::Scanned)]
        );
        assert_eq!(told(&types(&mut wedge, "anna\n", 9000, 120)), [("anna", HowTyped::ByHand)]);
        assert_eq!(told(&types(&mut wedge, "ab\n", 20000, 3)), [("ab", HowTyped::ByHand)], "rolling fingers");
        assert!(types(&mut wedge, "\n\n", 30000, 500).is_empty(), "Enter alone is nothing");
    }

    #[test]
    fn a_scanner_that_sends_no_end_is_through_when_it_pauses() {
        let mut wedge = Wedge::new(WedgeSettings::default());
        assert!(types(&mut wedge, "246F28112233", 0, 5).is_empty());
        assert_eq!(wedge.wake_at(), Some(ms(55 + 150)));
        assert!(wedge.idle(ms(100)).is_none());
        assert_eq!(
            wedge.idle(ms(205)).map(|line| line.text.expose().to_owned()).as_deref(),
            Some("246F28112233")
        );
        assert!(wedge.idle(ms(900)).is_none());
        assert!(types(&mut wedge, "PUMP-0042", 1000, 5).is_empty());
        let next = types(&mut wedge, "PUMP-0043\n", 3000, 5);
        assert_eq!(told(&next), [("PUMP-0042", HowTyped::Scanned), ("PUMP-0043", HowTyped::Scanned)]);
    }

    #[test]
    fn with_a_prefix_speed_does_not_matter() {
        let settings = WedgeSettings { prefix: "~".into(), ..WedgeSettings::default() };
        let mut wedge = Wedge::new(settings);
        assert_eq!(told(&types(&mut wedge, "~K7\n", 0, 90)), [("K7", HowTyped::Scanned)]);
        assert!(types(&mut wedge, "half a wo", 5000, 120).is_empty());
        assert_eq!(told(&types(&mut wedge, "~K7X2\n", 7000, 4)), [("K7X2", HowTyped::Scanned)]);
    }

    #[test]
    fn a_line_without_end_does_not_grow_without_end() {
        let mut wedge = Wedge::new(WedgeSettings::default());
        assert!(types(&mut wedge, &format!("{}\n", "x".repeat(LONGEST + 10)), 0, 1).is_empty());
        assert_eq!(told(&types(&mut wedge, "246F28112233\n", 20_000, 3)).len(), 1);
    }

    #[test]
    fn every_command_is_read_from_its_code_in_either_case() {
        let reader = ScanReader::new(&ScanSettings::default()).expect("no patterns");
        let mut codes = std::collections::BTreeSet::new();
        for command in Command::all(SLOTS) {
            let code = command.code();
            assert!(codes.insert(code.clone()), "{code} is there twice");
            assert!(!code.contains(['A', 'M', 'Q', 'W', 'Y', 'Z']), "{code} differs between keyboards");
            for text in [code.clone(), code.to_lowercase()] {
                match reader.read(&Secret::new(text)) {
                    Ok(Scan::Command(found)) => assert_eq!(found, command),
                    other => panic!("{code}: {other:?}"),
                }
            }
        }
        for wrong in ["FIRSTLIGHTSLOTB", "FIRSTLIGHTSLOTDG", "FIRSTLIGHTSLOT", "FIRSTLIGHTNO", "firstlight"] {
            assert_eq!(reader.read(&Secret::new(wrong)).err(), Some(WrongScan::UnknownCommand), "{wrong}");
        }
    }

    #[test]
    fn a_badge_is_read_by_its_pattern_or_its_code() {
        let settings = ScanSettings {
            operator: Some(r"OP-\d{4}".into()),
            work_order: Some(r"WO\d+".into()),
            name: Some("Blynk .+".into()),
            ..ScanSettings::default()
        };
        let reader = ScanReader::new(&settings).expect("good patterns");
        let field = |text: &str| match reader.read(&Secret::new(text)) {
            Ok(Scan::Field(field, value)) => (field, value),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(field("OP-0042"), (Field::Operator, "OP-0042".to_owned()));
        assert_eq!(field("WO17"), (Field::WorkOrder, "WO17".to_owned()));
        assert_eq!(field(&field_code(Field::Operator, "Änne")), (Field::Operator, "Änne".to_owned()));
        assert_eq!(field(&field_code(Field::Shift, "early")), (Field::Shift, "early".to_owned()));
        assert!(matches!(reader.read(&Secret::new("Blynk Pump-K3M7")), Ok(Scan::Label(_))));
        let empty = reader.read(&Secret::new(field_code(Field::Shift, " ")));
        assert_eq!(empty.err(), Some(WrongScan::BadField { field: Field::Shift }));
        let foreign = reader.read(&Secret::new("4006381333931"));
        assert_eq!(foreign.err(), Some(WrongScan::NoLabel { why: NoLabel::NotKnown }));
    }

    #[test]
    fn a_code_that_is_read_twice_in_a_row_counts_once() {
        let mut guard = DoubleReads::default();
        let (one, other) = (Secret::new("246F28112233"), Secret::new("246F28112234"));
        assert!(!guard.is_double(&one, ms(0)));
        assert!(guard.is_double(&one, ms(400)));
        assert!(guard.is_double(&one, ms(1800)), "the trigger is still pressed");
        assert!(!guard.is_double(&other, ms(1900)));
        assert!(!guard.is_double(&one, ms(2000)));
        assert!(!guard.is_double(&one, ms(3500)), "meant once more");
    }

    proptest::proptest! {
        /// However a scanner stutters within its gap, the line is the line.
        #[test]
        fn a_scan_is_the_same_at_any_speed_of_a_scanner(text in "[!-~]{4,40}", gaps in proptest::collection::vec(0u64..=35, 41)) {
            let mut wedge = Wedge::new(WedgeSettings::default());
            let mut now = 0;
            let mut lines = Vec::new();
            for (letter, gap) in text.chars().zip(&gaps) {
                now += gap;
                lines.extend(wedge.key(Key::Letter(letter), ms(now)));
            }
            lines.extend(wedge.key(Key::End, ms(now + gaps[40])));
            proptest::prop_assert_eq!(told(&lines), [(text.as_str(), HowTyped::Scanned)]);
        }
    }
}
