//! The hash-chained record: intact, or which record was altered.

use super::Context;
use crate::arguments::Log;
use crate::ending::{Ended, Ending};
use crate::face::{badge, note};
use crate::state::{State, refused};
use engine::record::export::MergeError;
use engine::record::{Journal, JournalError, Verified, export};
use engine::{Outcome, Refusal, RefusalCode};
use serde_json::json;
use std::io::BufReader;
use std::path::{Path, PathBuf};

pub fn run(context: &Context, arguments: &Log) -> Ended {
    match arguments {
        Log::Verify { file, key } => verify(context, file.as_deref(), key.as_deref()),
        Log::Merge { files, output } => merge(context, files, output.as_deref()),
    }
}

fn verify(context: &Context, file: Option<&Path>, wanted: Option<&str>) -> Ended {
    let verdict = match file {
        Some(file) => of_export(file)?,
        None => of_journal(context)?,
    };
    let Verified { facts, head, key, sealed, exports } = match verdict {
        Ok(verified) => verified,
        Err((record, what)) => {
            context.face.event(
                "verified",
                &json!({ "intact": false, "records": null, "head": null, "record": record, "what": what }),
            );
            context.face.tell(&format!(
                "{}  record {record} is not as it was written: {what}",
                badge(Outcome::Failed)
            ));
            note("Keep the file as it is, and compare it with an earlier export or backup.");
            return Ok(Ending::Failed);
        }
    };
    let key = key.map(|key| key.to_string());
    let signed = wanted.is_none_or(|wanted| Some(wanted.to_ascii_lowercase()) == key);
    context.face.event(
        "verified",
        &json!({
            "intact": signed, "records": facts, "head": head, "record": null,
            "key": key, "sealed": sealed, "exports": exports,
        }),
    );
    let by = key.map_or_else(|| "nobody signed it".to_owned(), |key| format!("signed by {key}"));
    if !signed {
        context
            .face
            .tell(&format!("{}  each record is as it was written, but {by}.", badge(Outcome::Failed)));
        note("Compare the key with the one that `firstlight log verify` prints on the station itself.");
        return Ok(Ending::Failed);
    }
    let of = if exports > 1 { format!(" of {exports} exports") } else { String::new() };
    context
        .face
        .tell(&format!("{}  {facts} records{of}, each as it was written; {by}.", badge(Outcome::Passed)));
    Ok(Ending::Passed)
}

fn merge(context: &Context, files: &[PathBuf], output: Option<&Path>) -> Ended {
    let journal = State::of(&context.common)?.journal()?;
    let texts: Vec<String> = files
        .iter()
        .map(|file| std::fs::read_to_string(file).map_err(|error| unreadable(file, &error)))
        .collect::<Result<_, _>>()?;
    let mut out = Vec::new();
    match export::merge(&texts, &journal, api::moment::now(), &mut out) {
        Ok(verified) => {
            match output {
                Some(path) => {
                    std::fs::write(path, &out).map_err(|error| unreadable(path, &error))?;
                    context.face.event(
                        "merged",
                        &json!({ "path": path.display().to_string(), "exports": verified.exports, "records": verified.facts }),
                    );
                    if !context.face.is_json() {
                        note(&format!(
                            "{} exports with {} records written to {}.",
                            verified.exports,
                            verified.facts,
                            path.display()
                        ));
                    }
                }
                None => crate::face::write_out(&out),
            }
            Ok(Ending::Passed)
        }
        Err(MergeError::Export { at, source }) => Err(unreadable(&files[at], &source)),
        Err(MergeError::Torn { one, other }) => {
            let why = format!("it tells another story of the same journal than {}", files[one].display());
            Err(unreadable(&files[other], &why))
        }
        Err(MergeError::Write(error)) => Err(unreadable(output.unwrap_or(Path::new("-")), &error)),
    }
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Refusal {
    let (path, why) = (path.display().to_string(), why.to_string());
    Refusal::of(RefusalCode::FileUnreadable, &[("path", &path), ("why", &why)])
}

/// Intact, or the record that is not, with what is wrong about it.
type Verdict = Result<Verified, (i64, String)>;

fn of_journal(context: &Context) -> Result<Verdict, Refusal> {
    let state = State::of(&context.common)?;
    let journal = match state.folder() {
        Some(dir) => match Journal::open(dir) {
            Ok(journal) => journal,
            Err(JournalError::Damaged { record, what }) => return Ok(Err((record, what))),
            Err(error) => return Err(refused(dir, &error)),
        },
        None => state.journal()?,
    };
    judged(journal.verify())
}

fn of_export(file: &Path) -> Result<Verdict, Refusal> {
    let path = file.display().to_string();
    let opened = std::fs::File::open(file).map_err(|error| {
        Refusal::of(RefusalCode::FileUnreadable, &[("path", &path), ("why", &error.to_string())])
    })?;
    match judged(export::verify_jsonl(&mut BufReader::new(opened), file)) {
        Err(_) => Err(Refusal::of(
            RefusalCode::FileUnreadable,
            &[("path", &path), ("why", "it is no JSON Lines export that this version knows")],
        )),
        judged => judged,
    }
}

fn judged(result: Result<Verified, JournalError>) -> Result<Verdict, Refusal> {
    match result {
        Ok(verified) => Ok(Ok(verified)),
        Err(JournalError::Damaged { record, what }) => Ok(Err((record, what))),
        Err(error) => Err(Refusal::journal(&error)),
    }
}
