//! The journal as a report: jobs as a table, facts with their chain, or a page that prints.

use super::Context;
use crate::arguments::{Export, ExportFormat};
use crate::ending::{Ended, Ending};
use crate::face::note;
use crate::state::State;
use api::report::{Source, to_file, write};
use engine::record::Ledger;
use engine::record::export::{self, ExportError};
use engine::{Refusal, RefusalCode};
use std::io::{BufReader, BufWriter};

pub fn run(context: &Context, arguments: &Export) -> Ended {
    let source = source_of(context, arguments)?;
    let format = arguments.format.into();
    let Some(path) = &arguments.output else {
        let mut out = BufWriter::new(std::io::stdout().lock());
        return match write(&source, format, &mut out) {
            // A reader that went away (`| head`) has what it wanted.
            Ok(()) | Err(ExportError::Write(_)) => Ok(Ending::Passed),
            Err(ExportError::Journal(error)) => Err(Refusal::journal(&error)),
        };
    };
    to_file(&source, format, path)?;
    context.face.event("exported", &serde_json::json!({ "path": path.display().to_string() }));
    if !context.face.is_json() {
        note(&format!("Written to {}.", path.display()));
    }
    Ok(Ending::Passed)
}

/// The journal here, or an export that was named.
fn source_of(context: &Context, arguments: &Export) -> Result<Source, Refusal> {
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
    let entries = export::read_jsonl(&mut BufReader::new(file), path).map_err(|error| unreadable(&error))?;
    let mut ledger = Ledger::default();
    entries.iter().for_each(|entry| ledger.take_in(entry));
    Ok(Source::Ledger(Box::new(ledger)))
}
