//! How results reach a person or a script: JSON Lines, or a terminal with colour, shape and word.
//!
//! Colours are written always and taken out by the stream when it is no terminal or `NO_COLOR` is set. A reader that
//! went away (a closed pipe) is no reason to stop a job, so failed writes are let go.

use anstyle::{AnsiColor, Style};
use api::lines::{self, RefusedLine};
use engine::{Outcome, Refusal};
use serde::Serialize;
use std::io::{IsTerminal, Write};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Json,
    Terminal,
}

pub const STRONG: Style = Style::new().bold();
pub const QUIET: Style = Style::new().dimmed();
pub const PASSED: Style = AnsiColor::Green.on_default().bold();
pub const FAILED: Style = AnsiColor::Red.on_default().bold();
pub const UNKNOWN: Style = AnsiColor::Yellow.on_default().bold();

/// A result is colour and shape and word.
pub fn badge(outcome: Outcome) -> String {
    let (style, shape, word) = match outcome {
        Outcome::Passed => (PASSED, "✔", "PASSED"),
        Outcome::Failed => (FAILED, "✘", "FAILED"),
        Outcome::Unknown => (UNKNOWN, "?", "UNKNOWN"),
        Outcome::Skipped => (QUIET, "–", "SKIPPED"),
    };
    format!("{style}{shape} {word}{style:#}")
}

pub fn strong(text: &str) -> String {
    format!("{STRONG}{text}{STRONG:#}")
}

pub fn quiet(text: &str) -> String {
    format!("{QUIET}{text}{QUIET:#}")
}

impl Face {
    pub fn is_json(self) -> bool {
        self == Face::Json
    }

    /// A line of the contract; nothing on a terminal.
    pub fn event(self, event: &str, body: &impl Serialize) {
        if self.is_json() {
            self.raw(&lines::line_now(event, body));
        }
    }

    /// A finished JSON line; nothing on a terminal.
    pub fn raw(self, line: &str) {
        if self.is_json() {
            out(line);
        }
    }

    /// A line of the contract in both manners: what scripts and people start from alike.
    pub fn announce(self, event: &str, body: &impl Serialize) {
        out(&lines::line_now(event, body));
    }

    /// A line of the report for a person; nothing with `--json`.
    pub fn tell(self, text: &str) {
        if !self.is_json() {
            out(&shown(text));
        }
    }

    /// Nothing was begun: one sentence each, with its fix.
    pub fn refuse(self, refusal: &Refusal) {
        let line = RefusedLine::from(refusal);
        self.event("refused", &line);
        for reason in &line.reasons {
            note(&format!("{FAILED}✘{FAILED:#} {} {}", shown(&reason.what), shown(&reason.fix)));
        }
    }
}

/// Writes one line to standard output at once.
fn out(text: &str) {
    let mut stream = anstream::stdout().lock();
    let _ = writeln!(stream, "{text}").and_then(|()| stream.flush());
}

/// Writes one line to standard error: progress, remarks, refusals.
pub fn note(text: &str) {
    let mut stream = anstream::stderr().lock();
    let _ = writeln!(stream, "{text}");
}

/// Writes bytes as they are to standard output: reports and completions.
pub fn write_out(bytes: &[u8]) {
    let mut stream = std::io::stdout().lock();
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
}

/// Device names and network names come from strangers: control characters would command the terminal. Our own colours
/// are the only escapes that pass.
pub fn shown(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control()) {
        clean.push_str(&rest[..at]);
        let tail = &rest[at..];
        let ours = tail.strip_prefix("\u{1b}[").and_then(|codes| {
            let end = codes.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
            codes[end..].starts_with('m').then_some(end + 3)
        });
        match ours {
            Some(length) => {
                clean.push_str(&tail[..length]);
                rest = &tail[length..];
            }
            None => {
                let width = tail.chars().next().map_or(1, char::len_utf8);
                clean.push(if tail.starts_with('\n') { '\n' } else { '\u{fffd}' });
                rest = &tail[width..];
            }
        }
    }
    clean.push_str(rest);
    clean
}

/// One line on standard error that is written over and over, while it is a terminal.
#[derive(Debug)]
pub struct LiveLine {
    terminal: bool,
    shown: bool,
}

impl LiveLine {
    pub fn new() -> LiveLine {
        LiveLine { terminal: std::io::stderr().is_terminal(), shown: false }
    }

    /// Shows what fits into one row: a line that wraps could not be written over. Takes plain text.
    pub fn show(&mut self, text: &str) {
        if self.terminal {
            let columns = terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| width.0);
            let row: String = shown(text).chars().take(usize::from(columns).saturating_sub(1)).collect();
            let mut stream = anstream::stderr().lock();
            let _ = write!(stream, "\r\u{1b}[2K{row}").and_then(|()| stream.flush());
            self.shown = true;
        }
    }

    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let mut stream = anstream::stderr().lock();
            let _ = write!(stream, "\r\u{1b}[2K").and_then(|()| stream.flush());
        }
    }
}

/// `312 ms`, `8.1 s`, `2 min 5 s`.
pub fn elapsed(ms: i64) -> String {
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_name_cannot_command_the_terminal() {
        assert_eq!(shown("Pump\u{1b}]0;title\u{7}"), "Pump\u{fffd}]0;title\u{fffd}");
        assert_eq!(shown("\u{1b}[2Jgone"), "\u{fffd}[2Jgone");
        assert_eq!(shown(&strong("name")), strong("name"));
    }

    #[test]
    fn times_read_naturally() {
        assert_eq!(elapsed(312), "312 ms");
        assert_eq!(elapsed(8_123), "8.1 s");
        assert_eq!(elapsed(125_000), "2 min 5 s");
    }
}
