//! The label that a station prints for a unit that passed: a template with fields, and where it is printed.
//!
//! Not here: the printer's language (`proto/src/zpl.rs`), its connection (`link/src/printer.rs`), and when a label is printed
//! (`work/labels.rs`).

use crate::{Because, Why};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Fields that a template may name, as `{unit}`.
pub const FIELDS: [&str; 11] = [
    "unit",
    "mac",
    "name",
    "serial",
    "device_id",
    "template",
    "firmware",
    "work_order",
    "operator",
    "station",
    "date",
];

/// Most lines of text on a label.
pub const LINES: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelPlan {
    pub printer: PrinterPlan,
    /// Millimetres.
    pub width_mm: u32,
    pub height_mm: u32,
    /// Lines of text, from the top.
    pub lines: Vec<String>,
    /// What the code says; it is what is scanned back.
    pub code: String,
    #[serde(default)]
    pub symbol: Symbol,
    /// The unit is ready to ship only when its label was read.
    #[serde(default)]
    pub scan_back: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symbol {
    Code128,
    Qr,
    #[default]
    DataMatrix,
}

/// Where labels are printed. A printer is spoken to only where a lead has named it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "printer", rename_all = "snake_case")]
pub enum PrinterPlan {
    /// A label printer on the network that speaks ZPL, by its raw port (9100).
    Network { address: SocketAddr, dpi: u32 },
    /// A label printer on USB that speaks ZPL, by its device file (`/dev/usb/lp0`).
    Usb { path: PathBuf, dpi: u32 },
    /// A PDF file for each label in this folder.
    Pdf { folder: PathBuf },
}

impl PrinterPlan {
    /// What people call it, and what the journal says.
    pub fn name(&self) -> String {
        match self {
            PrinterPlan::Network { address, .. } => address.to_string(),
            PrinterPlan::Usb { path, .. } => path.display().to_string(),
            PrinterPlan::Pdf { folder } => folder.display().to_string(),
        }
    }
}

/// What is filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelFields(pub std::collections::BTreeMap<&'static str, String>);

impl LabelFields {
    /// Of no unit at all, to try a printer with.
    pub fn sample() -> LabelFields {
        let all = [
            ("unit", "24:6F:28:00:00:00"),
            ("mac", "24:6F:28:00:00:00"),
            ("name", "TEST"),
            ("serial", "TEST-0000"),
            ("device_id", "0"),
            ("template", "TMPL0000"),
            ("firmware", "0.0.0"),
            ("work_order", "TEST"),
            ("operator", "TEST"),
            ("station", "TEST"),
            ("date", "2000-01-01"),
        ];
        LabelFields(all.map(|(name, value)| (name, value.to_owned())).into())
    }
}

/// A label with its fields filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledLabel {
    pub lines: Vec<String>,
    pub code: String,
}

impl LabelPlan {
    /// The first thing that is wrong with it.
    pub fn check(&self) -> Result<(), Because> {
        if !(10..=200).contains(&self.width_mm) || !(5..=300).contains(&self.height_mm) {
            return Err(Because::of(Why::LabelSize)
                .about("width", self.width_mm)
                .about("height", self.height_mm));
        }
        if self.lines.len() > LINES {
            return Err(Because::of(Why::LabelLines).about("most", LINES));
        }
        if self.code.trim().is_empty() {
            return Err(Why::LabelNoCode.into());
        }
        for text in self.lines.iter().chain([&self.code]) {
            if let Some(unknown) = names(text)?.into_iter().find(|name| !FIELDS.contains(&name.as_str())) {
                return Err(Because::of(Why::LabelField)
                    .about("field", format_args!("{{{unknown}}}"))
                    .about("known", FIELDS.join(", ")));
            }
        }
        match &self.printer {
            PrinterPlan::Network { dpi, .. } | PrinterPlan::Usb { dpi, .. }
                if ![203, 300, 600].contains(dpi) =>
            {
                Err(Because::of(Why::LabelResolution).about("dpi", dpi))
            }
            PrinterPlan::Network { .. } | PrinterPlan::Usb { .. } | PrinterPlan::Pdf { .. } => Ok(()),
        }
    }

    pub fn fill(&self, fields: &LabelFields) -> FilledLabel {
        FilledLabel {
            lines: self.lines.iter().map(|line| filled(line, fields)).collect(),
            code: filled(&self.code, fields),
        }
    }
}

/// The fields that a text names.
fn names(text: &str) -> Result<Vec<String>, Because> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else {
            return Err(Because::of(Why::LabelBracket).about("text", text));
        };
        names.push(name.to_owned());
        rest = behind;
    }
    Ok(names)
}

/// A field that has no value leaves nothing.
fn filled(text: &str, fields: &LabelFields) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) => {
                out.push_str(fields.0.get(name).map(String::as_str).unwrap_or_default());
                rest = behind;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(lines: &[&str], code: &str) -> LabelPlan {
        LabelPlan {
            printer: PrinterPlan::Pdf { folder: "labels".into() },
            width_mm: 50,
            height_mm: 25,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            code: code.to_owned(),
            symbol: Symbol::default(),
            scan_back: true,
        }
    }

    #[test]
    fn fields_are_filled_in_once() {
        let fields =
            LabelFields([("unit", "24:6F:28:11:22:33".to_owned()), ("name", "{unit}".to_owned())].into());
        let label = plan(&["Pump {name}", "fw {firmware}"], "{unit}").fill(&fields);
        assert_eq!(label.lines, ["Pump {unit}", "fw"], "what a device says is no template");
        assert_eq!(label.code, "24:6F:28:11:22:33");
    }

    #[test]
    fn a_test_label_has_every_field() {
        let sample = LabelFields::sample();
        assert!(FIELDS.iter().all(|field| sample.0.contains_key(field)), "{sample:?}");
        assert_eq!(sample.0.len(), FIELDS.len());
    }

    #[test]
    fn a_template_that_cannot_be_printed_says_why() {
        assert_eq!(plan(&["{unit}"], "{unit}").check(), Ok(()));
        let why = |plan: LabelPlan| plan.check().expect_err("it cannot be printed").why;
        assert_eq!(why(plan(&["{token}"], "{unit}")), Why::LabelField);
        assert_eq!(why(plan(&["{unit"], "{unit}")), Why::LabelBracket);
        assert_eq!(why(plan(&[], " ")), Why::LabelNoCode);
        assert_eq!(why(plan(&["x"; 9], "{unit}")), Why::LabelLines);
        assert_eq!(why(LabelPlan { width_mm: 1, ..plan(&[], "{unit}") }), Why::LabelSize);
    }
}
