//! The record as a report for people or programs, written to wherever a face wants it.
//!
//! Not here: what stands in a report (`engine::record::export`), and which file a person chooses (the face).

use crate::units::ReportFormat;
use crate::{moment, words};
use engine::record::export::{self, ExportError, Words};
use engine::record::{Journal, Ledger};
use engine::{Because, Refusal, RefusalCode};
use std::io::{BufWriter, Write};
use std::path::Path;

/// What is reported on.
pub enum Source {
    Journal(Journal),
    /// The sum of an export, perhaps of several stations.
    Ledger(Box<Ledger>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

impl Source {
    fn ledger(&self) -> Result<Ledger, ExportError> {
        match self {
            Source::Journal(journal) => Ok(journal.ledger()?),
            Source::Ledger(ledger) => Ok((**ledger).clone()),
        }
    }
}

/// Writes beside the file and moves it into its place, so that a full disk leaves no half report behind.
///
/// # Errors
/// A refusal that names the file, or the journal's own.
pub fn to_file(source: &Source, format: ReportFormat, path: &Path) -> Result<(), Refusal> {
    save(path, |out| write(source, format, out))
}

/// Writes a file beside its place and puts it there when it is whole.
///
/// # Errors
/// `refused.file_unreadable` for a path that cannot be written, and those of `write`.
pub fn save(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
) -> Result<(), Refusal> {
    let unusable = |error: &dyn std::fmt::Display| {
        let path = path.display().to_string();
        Refusal::because(RefusalCode::FileUnreadable, Because::said(error), &[("path", &path)])
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = Path::new(&beside);
    let mut out = BufWriter::new(std::fs::File::create(beside).map_err(|error| unusable(&error))?);
    let written = write(&mut out).and_then(|()| out.flush().map_err(ExportError::from));
    drop(out);
    match written {
        Ok(()) => std::fs::rename(beside, path).map_err(|error| unusable(&error)),
        Err(error) => {
            // What is half written helps nobody; failing to remove it changes nothing.
            let _ = std::fs::remove_file(beside);
            Err(match error {
                ExportError::Write(error) => unusable(&error),
                ExportError::Journal(error) => Refusal::journal(&error),
            })
        }
    }
}

/// The report itself. An export is not exported again as JSON Lines: its seals are its own.
///
/// # Errors
/// The journal's, or those of whoever takes the text.
pub fn write(source: &Source, format: ReportFormat, out: &mut dyn Write) -> Result<(), ExportError> {
    match (format, source) {
        (ReportFormat::Jsonl, Source::Journal(journal)) => {
            export::jsonl(journal, moment::now(), out).map(drop)
        }
        // A face refuses that before it comes here.
        (ReportFormat::Jsonl, Source::Ledger(_)) => Ok(()),
        (ReportFormat::Csv, source) => Ok(export::csv(&source.ledger()?, out)?),
        (ReportFormat::Html, source) => {
            let words = Words {
                fault: &|fault| words::fault(fault).what,
                outcome: &|outcome| words::outcome(outcome).to_owned(),
            };
            Ok(export::html(&source.ledger()?, moment::now(), &words, out)?)
        }
    }
}
