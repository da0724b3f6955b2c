//! The journal as a report: jobs as a table, facts with their chain, or a page that prints.

use super::Context;
use crate::arguments::{Export, ExportFormat};
use crate::ending::{Ended, Ending};
use crate::face::note;
use crate::state::State;
use api::{moment, words};
use engine::record::export::{self, ExportError, Words};
use engine::record::{Journal, Ledger};
use engine::{Refusal, RefusalCode};
use std::io::{BufWriter, Write};
use std::path::Path;

pub fn run(context: &Context, arguments: &Export) -> Ended {
    let journal = State::of(&context.common)?.journal()?;
    let Some(path) = &arguments.output else {
        let mut out = BufWriter::new(std::io::stdout().lock());
        return match write(&journal, arguments.format, &mut out) {
            // A reader that went away (`| head`) has what it wanted.
            Ok(()) | Err(ExportError::Write(_)) => Ok(Ending::Passed),
            Err(ExportError::Journal(error)) => Err(Refusal::journal(&error)),
        };
    };
    to_file(&journal, arguments.format, path)?;
    context.face.event("exported", &serde_json::json!({ "path": path.display().to_string() }));
    if !context.face.is_json() {
        note(&format!("Written to {}.", path.display()));
    }
    Ok(Ending::Passed)
}

/// Writes beside the file and moves it into its place, so that a full disk leaves no half report behind.
fn to_file(journal: &Journal, format: ExportFormat, path: &Path) -> Result<(), Refusal> {
    let unusable = |error: &dyn std::fmt::Display| {
        Refusal::of(
            RefusalCode::FileUnreadable,
            &[("path", &path.display().to_string()), ("why", &error.to_string())],
        )
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = Path::new(&beside);
    let mut out = BufWriter::new(std::fs::File::create(beside).map_err(|error| unusable(&error))?);
    let written = write(journal, format, &mut out).and_then(|()| out.flush().map_err(ExportError::from));
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

fn write(journal: &Journal, format: ExportFormat, out: &mut dyn Write) -> Result<(), ExportError> {
    match format {
        ExportFormat::Jsonl => export::jsonl(journal, moment::now(), out).map(drop),
        ExportFormat::Csv => Ok(export::csv(&ledger(journal)?, out)?),
        ExportFormat::Html => {
            let words = Words {
                fault: &|fault| words::fault(fault).what,
                outcome: &|outcome| words::outcome(outcome).to_owned(),
            };
            Ok(export::html(&ledger(journal)?, moment::now(), &words, out)?)
        }
    }
}

fn ledger(journal: &Journal) -> Result<Ledger, ExportError> {
    Ok(journal.ledger()?)
}
