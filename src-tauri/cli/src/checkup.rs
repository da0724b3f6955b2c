//! How the doctor's findings look on a terminal and as lines. What is examined stands in `api`, for every face.

use crate::face::{FAILED, PASSED, UNKNOWN, strong};
use api::checkup::{Finding, Health};
use api::words;
use serde::Serialize;

/// One line of the doctor's report, for machines.
#[derive(Debug, Serialize)]
pub struct Line {
    check: &'static str,
    state: Health,
    what: String,
    fix: Option<String>,
}

impl Line {
    pub fn of(finding: &Finding) -> Line {
        let (what, fix) = words::finding(finding);
        Line { check: finding.code.check(), state: finding.health, what, fix }
    }

    /// For a person: colour, shape and word.
    pub fn told(&self) -> String {
        let badge = match self.state {
            Health::Ready => format!("{PASSED}✔ ready    {PASSED:#}"),
            Health::Attention => format!("{UNKNOWN}! attention{UNKNOWN:#}"),
            Health::Problem => format!("{FAILED}✘ problem  {FAILED:#}"),
            Health::Skipped => "– skipped  ".to_owned(),
        };
        let fix =
            self.fix.as_deref().map(|fix| format!("\n                         {fix}")).unwrap_or_default();
        format!("{badge}  {}  {}{fix}", strong(&format!("{:<10}", self.check)), self.what)
    }
}
