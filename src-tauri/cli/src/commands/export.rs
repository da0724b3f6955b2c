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
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

pub fn run(context: &Context, arguments: &Export) -> Ended {
    let source = Source::of(context, arguments)?;
    let Some(path) = &arguments.output else {
        let mut out = BufWriter::new(std::io::stdout().lock());
        return match write(&source, arguments.format, &mut out) {
            // A reader that went away (`| head`) has what it wanted.
            Ok(()) | Err(ExportError::Write(_)) => Ok(Ending::Passed),
            Err(ExportError::Journal(error)) => Err(Refusal::journal(&error)),
        };
    };
    to_file(&source, arguments.format, path)?;
    context.face.event("exported", &serde_json::json!({ "path": path.display().to_string() }));
    if !context.face.is_json() {
        note(&format!("Written to {}.", path.display()));
    }
    Ok(Ending::Passed)
}

/// Writes beside the file and moves it into its place, so that a full disk leaves no half report behind.
fn to_file(source: &Source, format: ExportFormat, path: &Path) -> Result<(), Refusal> {
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
    let written = write(source, format, &mut out).and_then(|()| out.flush().map_err(ExportError::from));
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

/// What is reported on.
enum Source {
    Journal(Journal),
    Ledger(Box<Ledger>),
}

impl Source {
    fn of(context: &Context, arguments: &Export) -> Result<Source, Refusal> {
        let Some(path) = &arguments.from else {
            return Ok(Source::Journal(State::of(&context.common)?.journal()?));
        };
        if arguments.format == ExportFormat::Jsonl {
            let about = [
                ("what", "An export is not exported again."),
                ("fix", "Copy the file as it is, or put several together with `firstlight log merge`."),
            ];
            return Err(Refusal::of(RefusalCode::Usage, &about));
        }
        let unreadable = |error: &dyn std::fmt::Display| {
            let (path, why) = (path.display().to_string(), error.to_string());
            Refusal::of(RefusalCode::FileUnreadable, &[("path", &path), ("why", &why)])
        };
        let file = std::fs::File::open(path).map_err(|error| unreadable(&error))?;
        let entries =
            export::read_jsonl(&mut BufReader::new(file), path).map_err(|error| unreadable(&error))?;
        let mut ledger = Ledger::default();
        entries.iter().for_each(|entry| ledger.take_in(entry));
        Ok(Source::Ledger(Box::new(ledger)))
    }

    fn ledger(&self) -> Result<Ledger, ExportError> {
        match self {
            Source::Journal(journal) => Ok(journal.ledger()?),
            Source::Ledger(ledger) => Ok((**ledger).clone()),
        }
    }
}

fn write(source: &Source, format: ExportFormat, out: &mut dyn Write) -> Result<(), ExportError> {
    match (format, source) {
        (ExportFormat::Jsonl, Source::Journal(journal)) => {
            export::jsonl(journal, moment::now(), out).map(drop)
        }
        // Refused when the source was looked at.
        (ExportFormat::Jsonl, Source::Ledger(_)) => Ok(()),
        (ExportFormat::Csv, source) => Ok(export::csv(&source.ledger()?, out)?),
        (ExportFormat::Html, source) => {
            let words = Words {
                fault: &|fault| words::fault(fault).what,
                outcome: &|outcome| words::outcome(outcome).to_owned(),
            };
            Ok(export::html(&source.ledger()?, moment::now(), &words, out)?)
        }
    }
}
