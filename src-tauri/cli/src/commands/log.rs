//! The hash-chained record: intact, or which record was altered.

use super::Context;
use crate::arguments::Log;
use crate::ending::{Ended, Ending};
use crate::face::{badge, note};
use crate::state::{State, refused};
use engine::record::{Journal, JournalError, Verified, export};
use engine::{Outcome, Refusal, RefusalCode};
use serde_json::json;
use std::io::BufReader;
use std::path::Path;

pub fn run(context: &Context, arguments: &Log) -> Ended {
    let Log::Verify { file } = arguments;
    let verified = match file {
        Some(file) => of_export(file)?,
        None => of_journal(context)?,
    };
    match verified {
        Ok(Verified { facts, head }) => {
            context.face.event(
                "verified",
                &json!({ "intact": true, "records": facts, "head": head, "record": null }),
            );
            context
                .face
                .tell(&format!("{}  {facts} records, each as it was written.", badge(Outcome::Passed)));
            Ok(Ending::Passed)
        }
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
            Ok(Ending::Failed)
        }
    }
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
