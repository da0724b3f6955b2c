//! How the record leaves the house: jobs as a table (CSV), facts as JSON Lines with their chain, a report that prints.
//!
//! Not here: the sentences about faults, which the faces bring along, and where the output goes.

use crate::record::chain::{FACT_VERSION, Hash};
use crate::record::entry::Entry;
use crate::record::event::{JobId, Outcome, Step};
use crate::record::history::{Ledger, RecordedJob};
use crate::record::journal::{Journal, JournalError, Record, Verified};
use crate::record::report;
use crate::record::seal::{PublicKey, export_text};
use crate::record::yields::{Figures, Scope};
use crate::{Fault, UnitId};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, Write};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use uuid::Uuid;

/// Why an export could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("the record could not be read")]
    Journal(#[from] JournalError),
    #[error("the export could not be written")]
    Write(#[from] std::io::Error),
}

const STEPS: [Step; 8] = [
    Step::Connect,
    Step::Identify,
    Step::Survey,
    Step::Reserve,
    Step::Deliver,
    Step::Join,
    Step::Confirm,
    Step::Describe,
];

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const MINUTES: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");

/// Milliseconds since the Unix epoch as RFC 3339 in UTC; a time that no calendar has is given as the epoch.
fn rfc3339(at_ms: i64) -> String {
    moment(at_ms).format(MILLISECONDS).unwrap_or_default()
}

fn moment(at_ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn milliseconds(text: &str) -> Option<i64> {
    let moment = time::PrimitiveDateTime::parse(text, MILLISECONDS).ok()?.assume_utc();
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}

/// The word of a unit-like enum on the wire.
pub(super) fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

// ---- CSV

/// Writes one row for each job, oldest first, for spreadsheets: RFC 4180, UTF-8 with a mark, so that umlauts arrive.
/// A field that a spreadsheet would take for a formula gets an apostrophe in front.
pub fn csv(ledger: &Ledger, out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all("\u{feff}".as_bytes())?;
    let columns = [
        "unit",
        "name",
        "outcome",
        "device_id",
        "fault",
        "fault_step",
        "blame",
        "device_code",
        "attempt",
        "began",
        "elapsed_ms",
        "driver",
        "medium",
        "exposure",
        "address",
        "template",
        "firmware",
        "wifi",
        "server",
        "org_id",
        "owner_id",
        "token_tail",
        "warnings",
        "batch",
        "row",
        "station",
        "slot",
        "operator",
        "work_order",
        "shift",
        "software",
        "job",
    ];
    let mut header: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    header.extend(STEPS.iter().map(|step| format!("{}_ms", word(step))));
    write_row(out, &header)?;
    for (id, job) in ledger.jobs() {
        write_row(out, &row(id, job))?;
    }
    Ok(())
}

fn row(id: JobId, job: &RecordedJob) -> Vec<String> {
    let state = &job.state;
    let recipe = state.recipe.as_deref();
    let identity = state.identity.as_deref();
    let seen = state.seen.as_ref();
    let fault = state.fault.as_deref();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    let template = seen.and_then(|seen| seen.template.clone()).or_else(|| identity?.template.clone());
    let firmware = seen.and_then(|seen| seen.firmware.clone()).or_else(|| identity?.firmware_version.clone());
    let mut row = vec![
        state.unit.as_ref().map(UnitId::to_string).unwrap_or_default(),
        shown_name(job).unwrap_or_default().to_owned(),
        state.outcome.map(word).unwrap_or_default(),
        state.device.map(|device| device.to_string()).unwrap_or_default(),
        fault.map(|fault| fault.code.to_string()).unwrap_or_default(),
        fault.map(|fault| word(fault.step)).unwrap_or_default(),
        fault.map(|fault| word(fault.blame)).unwrap_or_default(),
        number(fault.and_then(|fault| fault.device_code).map(u64::from)),
        if state.attempt == 0 { String::new() } else { state.attempt.to_string() },
        job.timeline.began_at.map(rfc3339).unwrap_or_default(),
        number(job.timeline.elapsed_ms()),
        state.driver.clone().unwrap_or_default(),
        state.medium.map(|medium| medium.to_string()).unwrap_or_default(),
        identity.and_then(|identity| identity.exposure).map(word).unwrap_or_default(),
        state.address.as_ref().map(|address| address.text().to_owned()).unwrap_or_default(),
        template.unwrap_or_default(),
        firmware.unwrap_or_default(),
        state.ssid.clone().or_else(|| recipe?.ssid.clone()).unwrap_or_default(),
        recipe.map(|recipe| recipe.cloud.server.clone()).unwrap_or_default(),
        recipe.map(|recipe| recipe.org.to_string()).unwrap_or_default(),
        recipe.map(|recipe| recipe.owner.to_string()).unwrap_or_default(),
        state.token_tail.clone().unwrap_or_default(),
        state.warnings.iter().map(|warning| warning.code.as_str()).collect::<Vec<_>>().join(" "),
        state.origin.batch.map(|of| of.batch.to_string()).unwrap_or_default(),
        state.origin.batch.map(|of| of.row.to_string()).unwrap_or_default(),
        text(&state.origin.station),
        text(&state.origin.slot),
        text(&state.origin.operator),
        text(&state.origin.work_order),
        text(&state.origin.shift),
        text(&state.origin.software),
        id.to_string(),
    ];
    row.extend(STEPS.iter().map(|step| number(job.timeline.steps_ms().get(step).copied())));
    row
}

/// The name that the cloud was given, else the one that was asked for, else the device's own.
fn shown_name(job: &RecordedJob) -> Option<&str> {
    let state = &job.state;
    let described = state.described.as_ref().and_then(|described| described.name.as_deref());
    let asked = state.recipe.as_ref().and_then(|recipe| recipe.name.as_deref());
    described.or(asked).or_else(|| state.identity.as_ref()?.name.as_deref())
}

fn write_row(out: &mut dyn Write, fields: &[String]) -> std::io::Result<()> {
    let fields: Vec<String> = fields.iter().map(|field| csv_field(field)).collect();
    write!(out, "{}\r\n", fields.join(","))
}

/// OWASP, "CSV Injection": these first characters start a formula somewhere, the full-width forms included.
pub(crate) fn csv_field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let guarded = if formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains(['"', ',', ';', '\r', '\n', '\t']) || formula {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

// ---- JSON Lines

/// One line of an export, in this order of fields and without spaces.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    v: u32,
    at: &'a str,
    event: &'a str,
    seq: i64,
    /// The job, or whatever else it is a fact of.
    job: Uuid,
    #[serde(borrow)]
    fact: &'a RawValue,
    prev: &'a str,
    hash: &'a str,
}

/// The last line of an export: without it, the file was cut.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End<'a> {
    v: u32,
    at: &'a str,
    event: &'a str,
    facts: i64,
    hash: &'a str,
    /// Of the state folder that it comes from; exports of older versions have none.
    #[serde(default)]
    key: Option<&'a str>,
    #[serde(default)]
    signature: Option<&'a str>,
}

/// The last line of several exports that were put together: without it, some may be missing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Merged<'a> {
    v: u32,
    at: &'a str,
    event: &'a str,
    exports: u32,
    facts: i64,
    /// SHA-256 over the hashes at the ends, in their order.
    hash: &'a str,
    key: &'a str,
    signature: &'a str,
}

fn line(record: &Record, prev: Hash) -> String {
    let Record { v, seq, at, about, event, hash } = record;
    let at = rfc3339(*at);
    format!(
        r#"{{"v":{v},"at":"{at}","event":"fact","seq":{seq},"job":"{about}","fact":{event},"prev":"{prev}","hash":"{hash}"}}"#
    )
}

/// `v` is the newest form among the facts. `by` is the key and its signature.
fn end(v: u32, at: &str, facts: i64, hash: Hash, by: Option<(&str, &str)>) -> String {
    let line = format!(r#"{{"v":{v},"at":"{at}","event":"end","facts":{facts},"hash":"{hash}"}}"#);
    signed_line(line, by)
}

fn merged(at: &str, exports: u32, facts: i64, hash: Hash, by: Option<(&str, &str)>) -> String {
    let line = format!(
        r#"{{"v":1,"at":"{at}","event":"merged","exports":{exports},"facts":{facts},"hash":"{hash}"}}"#
    );
    signed_line(line, by)
}

fn signed_line(line: String, by: Option<(&str, &str)>) -> String {
    match by {
        Some((key, signature)) => {
            format!(r#"{},"key":"{key}","signature":"{signature}"}}"#, line.trim_end_matches('}'))
        }
        None => line,
    }
}

/// Writes every fact with its place in the chain, so that [`verify_jsonl`] can check the file on any computer, and a
/// last line that says how many there were. `at_ms` is the time of the export.
///
/// # Errors
/// [`ExportError::Journal`] when a record does not fit the chain; what was written until then is cut, and says so.
pub fn jsonl(journal: &Journal, at_ms: i64, out: &mut dyn Write) -> Result<Verified, ExportError> {
    let mut failed = None;
    let mut last = (0, Hash::START);
    let mut form = 1;
    let verified = journal.each_record(|record| {
        if failed.is_none()
            && let Err(error) = writeln!(out, "{}", line(record, last.1))
        {
            failed = Some(error);
        }
        last = (record.seq, record.hash);
        form = form.max(record.v);
        Ok(())
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    let at = rfc3339(at_ms);
    let signer = journal.signer();
    let signature = signer.sign(&export_text(&end(form, &at, last.0, last.1, None)));
    let by = (&*signer.public().hex(), &*signature);
    writeln!(out, "{}", end(form, &at, last.0, last.1, Some(by)))?;
    out.flush()?;
    Ok(verified)
}

/// Checks an export in JSON Lines, or several that were merged, byte by byte.
///
/// # Errors
/// [`JournalError::Damaged`] with the number of the first record that is not what was written, [`JournalError::Unusable`]
/// when the file cannot be read, [`JournalError::NewerRecord`] for an export in a form that this program does not know.
/// Facts need not be understood to be verified.
pub fn verify_jsonl(input: &mut dyn BufRead, path: &std::path::Path) -> Result<Verified, JournalError> {
    let ends = each_exported(input, path, &mut |_| Ok(()))?;
    let facts = ends.iter().map(|end| end.facts.unsigned_abs()).sum();
    let exports = u32::try_from(ends.len()).unwrap_or(u32::MAX);
    let last = ends.last();
    let all_signed = ends.iter().all(|end| end.key.is_some());
    Ok(Verified {
        facts,
        head: last.map_or(Hash::START, |end| end.hash).to_string(),
        key: last.filter(|_| all_signed).and_then(|end| end.key),
        sealed: last.filter(|end| end.key.is_some()).map_or(0, |end| end.facts),
        exports,
    })
}

/// Reads the facts of an export, or of several that were merged, as entries; checks them on the way.
///
/// # Errors
/// As [`verify_jsonl`]; a fact that this program does not know is [`JournalError::NewerRecord`].
pub fn read_jsonl(input: &mut dyn BufRead, path: &std::path::Path) -> Result<Vec<Entry>, JournalError> {
    let mut entries = Vec::new();
    each_exported(input, path, &mut |record| {
        let entry = Entry::from_stored(record.seq, record.at, record.about, &record.event);
        entries.push(
            entry
                .map_err(|error| JournalError::NewerRecord { record: record.seq, what: error.to_string() })?,
        );
        Ok(())
    })?;
    Ok(entries)
}

/// One export that was found intact.
struct Exported {
    facts: i64,
    hash: Hash,
    /// Hash of its first fact: which journal it is of.
    first: Option<Hash>,
    key: Option<PublicKey>,
}

fn each_exported(
    input: &mut dyn BufRead,
    path: &std::path::Path,
    visit: &mut dyn FnMut(&Record) -> Result<(), JournalError>,
) -> Result<Vec<Exported>, JournalError> {
    let mut last = (0_i64, Hash::START);
    let mut first = None;
    let mut text = String::new();
    let mut form = 1;
    // Exports that are complete, and whether the file may end here.
    let mut ends: Vec<Exported> = Vec::new();
    let (mut within, mut through) = (true, false);
    loop {
        text.clear();
        let record = last.0 + 1;
        let place = if ends.is_empty() { String::new() } else { format!("in export {}: ", ends.len() + 1) };
        let damaged = |what: &str| JournalError::Damaged { record, what: format!("{place}{what}") };
        let read = input.read_line(&mut text).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => damaged("it is not text"),
            _ => JournalError::Unusable {
                operation: "reading the export",
                path: path.to_owned(),
                reason: error.to_string(),
            },
        })?;
        if read == 0 {
            return match (within, ends.len()) {
                _ if through => Ok(ends),
                (true, _) => Err(damaged("the file ends before it")),
                (false, 1) => Ok(ends),
                (false, _) => Err(damaged("the end of the merged exports is missing")),
            };
        }
        if through {
            return Err(damaged("something follows the end"));
        }
        let content = text.strip_suffix('\n').ok_or_else(|| damaged("the file ends within it"))?;
        if !within && let Ok(found) = serde_json::from_str::<Merged<'_>>(content) {
            let hash = of_all(&ends);
            let facts = ends.iter().map(|end| end.facts).sum();
            let line = |by| merged(found.at, found.exports, facts, hash, by);
            let fits = found.v == 1
                && found.event == "merged"
                && found.facts == facts
                && found.exports as usize == ends.len()
                && Hash::from_hex(found.hash) == Some(hash)
                && milliseconds(found.at).is_some()
                && line(Some((found.key, found.signature))) == content
                && PublicKey::from_hex(found.key)
                    .is_some_and(|key| key.signed(&export_text(&line(None)), found.signature));
            if !fits {
                return Err(damaged("the end does not fit the exports before it"));
            }
            through = true;
            continue;
        }
        if within && let Ok(found) = serde_json::from_str::<End<'_>>(content) {
            if found.v > FACT_VERSION && found.v >= form {
                let what = format!("the export has form {}, known is {FACT_VERSION}", found.v);
                return Err(JournalError::NewerRecord { record, what });
            }
            let by = found.key.zip(found.signature);
            let line = |by| end(found.v, found.at, last.0, last.1, by);
            let key = found.key.and_then(PublicKey::from_hex);
            let signed = match (key, found.signature) {
                (Some(key), Some(signature)) => key.signed(&export_text(&line(None)), signature),
                (None, None) => found.key.is_none(),
                _ => false,
            };
            let fits = found.v == form
                && milliseconds(found.at).is_some()
                && line(by) == content
                && found.facts == last.0
                && found.event == "end"
                && Hash::from_hex(found.hash) == Some(last.1);
            if !fits {
                return Err(damaged("the end does not fit what is before it"));
            }
            if !signed {
                return Err(damaged("the signature does not fit what is before it"));
            }
            ends.push(Exported { facts: last.0, hash: last.1, first, key });
            (within, form) = (false, 1);
            (last, first) = ((0, Hash::START), None);
            continue;
        }
        let not_read = |error: serde_json::Error| damaged(&format!("it cannot be read: {error}"));
        let found: Line<'_> = match serde_json::from_str(content) {
            Ok(found) => found,
            // After a whole export, a line that is none is something that was put there.
            Err(_) if !within => {
                let record = ends.last().map_or(1, |end| end.facts + 1);
                let what = "something follows the end".to_owned();
                return Err(JournalError::Damaged { record, what });
            }
            Err(error) => return Err(not_read(error)),
        };
        within = true;
        let stored = Record {
            v: found.v,
            seq: found.seq,
            at: milliseconds(found.at).ok_or_else(|| damaged("its time is none"))?,
            about: found.job,
            event: found.fact.get().to_owned(),
            hash: Hash::from_hex(found.hash).ok_or_else(|| damaged("its hash is none"))?,
        };
        if stored.seq != record {
            return Err(damaged(&format!("record {} is in its place", stored.seq)));
        }
        let hash = last.1.then(stored.v, stored.seq, stored.at, stored.about, &stored.event);
        // The line as it would be written: this catches what JSON overlooks, such as a space or an escape.
        if hash != stored.hash || Hash::from_hex(found.prev) != Some(last.1) || found.event != "fact" {
            return Err(damaged("its hash does not fit its content"));
        }
        if line(&stored, last.1) != content {
            return Err(damaged("it is not written as it was"));
        }
        form = form.max(stored.v);
        visit(&stored)?;
        last = (record, hash);
        first.get_or_insert(hash);
    }
}

fn of_all(ends: &[Exported]) -> Hash {
    use sha2::{Digest, Sha256};
    let mut sha = Sha256::new();
    ends.iter().for_each(|end| sha.update(end.hash.0));
    Hash(sha.finalize().into())
}

/// Why exports could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// This one (counted from 0) is not intact.
    #[error("an export is not intact")]
    Export { at: usize, source: JournalError },
    /// These two are of one journal, and tell different stories.
    #[error("two exports of one journal do not fit each other")]
    Torn { one: usize, other: usize },
    #[error("the merged export could not be written")]
    Write(#[from] std::io::Error),
}

/// Puts exports together, each whole as it was. A journal that is there twice is taken once, in its longer form. The last
/// line counts and signs them with this state folder's key.
///
/// # Errors
/// [`MergeError::Export`] for one that is not intact; nothing is written then.
pub fn merge(
    texts: &[String],
    journal: &Journal,
    at_ms: i64,
    out: &mut dyn Write,
) -> Result<Verified, MergeError> {
    // Each export of each file, with its text.
    let mut parts: Vec<(usize, Exported, String)> = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let path = std::path::Path::new("");
        let ends = each_exported(&mut text.as_bytes(), path, &mut |_| Ok(()))
            .map_err(|source| MergeError::Export { at, source })?;
        let mut lines = text.split_inclusive('\n');
        for end in ends {
            let count = usize::try_from(end.facts).unwrap_or(usize::MAX).saturating_add(1);
            let own: String = lines.by_ref().take(count).collect();
            parts.push((at, end, own));
        }
    }
    let mut kept: Vec<(usize, Exported, String)> = Vec::new();
    for part in parts {
        let twin = kept.iter().position(|known| known.1.first.is_some() && known.1.first == part.1.first);
        match twin {
            None => kept.push(part),
            Some(twin) => {
                let (short, long) = if part.1.facts <= kept[twin].1.facts {
                    (&part, &kept[twin])
                } else {
                    (&kept[twin], &part)
                };
                let continues =
                    short.1.hash == long.1.hash || long.2.contains(&format!(r#""prev":"{}""#, short.1.hash));
                if !continues {
                    return Err(MergeError::Torn { one: kept[twin].0, other: part.0 });
                }
                if part.1.facts > kept[twin].1.facts {
                    kept[twin] = part;
                }
            }
        }
    }
    kept.iter().try_for_each(|(_, _, text)| out.write_all(text.as_bytes()))?;
    let ends: Vec<Exported> = kept.into_iter().map(|(_, end, _)| end).collect();
    let exports = u32::try_from(ends.len()).unwrap_or(u32::MAX);
    let facts: i64 = ends.iter().map(|end| end.facts).sum();
    let (at, hash, signer) = (rfc3339(at_ms), of_all(&ends), journal.signer());
    let signature = signer.sign(&export_text(&merged(&at, exports, facts, hash, None)));
    let by = (&*signer.public().hex(), &*signature);
    writeln!(out, "{}", merged(&at, exports, facts, hash, Some(by)))?;
    out.flush()?;
    let key = Some(signer.public());
    Ok(Verified { facts: facts.unsigned_abs(), head: hash.to_string(), key, sealed: facts, exports })
}

// ---- HTML

/// What the report cannot know by itself.
pub struct Words<'a> {
    /// What a fault is called in a sentence.
    pub fault: &'a dyn Fn(&Fault) -> String,
    /// What an outcome is called.
    pub outcome: &'a dyn Fn(Outcome) -> String,
}

impl std::fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").finish_non_exhaustive()
    }
}

/// Writes a report of all units: one file without scripts or anything from elsewhere, which prints well and does not
/// need colour to be read. `at_ms` is the time of the report.
pub fn html(ledger: &Ledger, at_ms: i64, words: &Words<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for unit in ledger.units() {
        *counts.entry(class(unit.outcome)).or_default() += 1;
    }
    let count = |class: &str| counts.get(class).copied().unwrap_or(0);
    let at = moment(at_ms).format(MINUTES).unwrap_or_default();
    write!(
        out,
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Firstlight: report of {at}</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #111; background: #fff; }}
h1 {{ font-size: 1.4rem; margin: 0; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem; }}
p {{ margin: .25rem 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #bbb; overflow-wrap: anywhere; }}
th {{ border-bottom: 2px solid #111; }}
.outcome {{ white-space: nowrap; font-weight: 600; }}
.passed {{ color: #0a5c2b; }} .failed {{ color: #9c1515; }} .unknown {{ color: #6b4a00; }}
.passed::before {{ content: "✓ "; }} .failed::before {{ content: "✕ "; }} .unknown::before {{ content: "? "; }}
.skipped::before {{ content: "– "; }} .none::before {{ content: "… "; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
@page {{ margin: 15mm; }}
@media print {{ body {{ margin: 0; font-size: 10pt; }} }}{style}</style>
</head>
<body>
<h1>Firstlight report</h1>
<p>{at} · {all} units: {passed} passed, {failed} failed, {unknown} unknown, {skipped} skipped, {none} without a result</p>
"#,
        at = escaped(&at),
        all = ledger.units().count(),
        passed = count("passed"),
        failed = count("failed"),
        unknown = count("unknown"),
        skipped = count("skipped"),
        none = count("none"),
        style = report::STYLE,
    )?;
    let open = ledger.open_cases();
    if !open.is_empty() {
        writeln!(out, "<p><strong>{} still to be settled.</strong></p>", open.len())?;
    }
    report::figures(&Figures::of(ledger.jobs(), &Scope::default()), words, out)?;
    out.write_all(
        b"<h2>Units</h2>\n<table>\n<thead><tr><th>Unit</th><th>Name</th><th>Result</th><th>Cloud device</th>\
          <th>Attempts</th><th>Driver</th><th>Template</th><th>Firmware</th><th>Last change</th></tr></thead>\n<tbody>\n",
    )?;
    for unit in ledger.units() {
        let result = match unit.outcome {
            Some(outcome) => (words.outcome)(outcome),
            None => "no result yet".to_owned(),
        };
        let mut result =
            format!(r#"<span class="outcome {}">{}</span>"#, class(unit.outcome), escaped(&result));
        if let Some(fault) = &unit.fault {
            let _ = write!(result, "<br>{} <small>({})</small>", escaped(&(words.fault)(fault)), fault.code);
        }
        let last = moment(unit.last_at).format(MINUTES).unwrap_or_default();
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{result}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&unit.unit.0),
            escaped(unit.name.as_deref().unwrap_or_default()),
            unit.device.map(|device| device.to_string()).unwrap_or_default(),
            unit.attempts,
            escaped(unit.driver.as_deref().unwrap_or_default()),
            escaped(unit.template.as_deref().unwrap_or_default()),
            escaped(unit.firmware.as_deref().unwrap_or_default()),
            escaped(&last),
        )?;
    }
    out.write_all(b"</tbody>\n</table>\n</body>\n</html>\n")?;
    out.flush()
}

fn class(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Passed) => "passed",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Unknown) => "unknown",
        Some(Outcome::Skipped) => "skipped",
        None => "none",
    }
}

/// Text as text: markup is escaped, and what is invisible or turns the reading direction is shown by its number.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                let _ = write!(safe, "[U+{:04X}]", u32::from(letter));
            }
            letter if letter.is_control() => {
                let _ = write!(safe, "[U+{:04X}]", u32::from(letter));
            }
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_goes_to_text_and_back() {
        assert_eq!(rfc3339(1_795_414_685_123), "2026-11-23T06:18:05.123Z");
        for at in [0, 999, 1_795_414_685_123, -1_001] {
            assert_eq!(milliseconds(&rfc3339(at)), Some(at));
        }
    }

    #[test]
    fn no_field_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert!(csv_field(text).starts_with("\"'"), "{text}");
        }
        assert_eq!(csv_field("a \"b\", c"), r#""a ""b"", c""#);
        assert_eq!(csv_field("Pump 4"), "Pump 4");
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(escaped(r#"<a href="x">'&"#), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
        assert_eq!(escaped("a\u{202e}b\u{7}"), "a[U+202E]b[U+0007]");
    }
}
