//! How the record leaves the house: jobs as a table (CSV), facts as JSON Lines with their chain, a report that prints.
//!
//! Not here: the sentences about faults, which the faces bring along, and where the output goes.

use crate::record::chain::{FACT_VERSION, Hash};
use crate::record::event::{JobId, Outcome, Step};
use crate::record::history::{Ledger, RecordedJob};
use crate::record::journal::{Journal, JournalError, Record, Verified};
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
fn word(value: impl serde::Serialize) -> String {
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
fn csv_field(text: &str) -> String {
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
}

fn line(record: &Record, prev: Hash) -> String {
    let Record { v, seq, at, about, event, hash } = record;
    let at = rfc3339(*at);
    format!(
        r#"{{"v":{v},"at":"{at}","event":"fact","seq":{seq},"job":"{about}","fact":{event},"prev":"{prev}","hash":"{hash}"}}"#
    )
}

/// `v` is the newest form among the facts.
fn end(v: u32, at: &str, facts: i64, hash: Hash) -> String {
    format!(r#"{{"v":{v},"at":"{at}","event":"end","facts":{facts},"hash":"{hash}"}}"#)
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
    writeln!(out, "{}", end(form, &rfc3339(at_ms), last.0, last.1))?;
    out.flush()?;
    Ok(verified)
}

/// Checks an export in JSON Lines, byte by byte.
///
/// # Errors
/// [`JournalError::Damaged`] with the number of the first record that is not what was written, [`JournalError::Unusable`]
/// when the file cannot be read, [`JournalError::NewerRecord`] for an export in a form that this program does not know.
/// Facts need not be understood to be verified.
pub fn verify_jsonl(input: &mut dyn BufRead, path: &std::path::Path) -> Result<Verified, JournalError> {
    let mut last = (0_i64, Hash::START);
    let mut text = String::new();
    let mut ended = false;
    let mut form = 1;
    loop {
        text.clear();
        let record = last.0 + 1;
        let damaged = |what: &str| JournalError::Damaged { record, what: what.to_owned() };
        let read = input.read_line(&mut text).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => damaged("it is not text"),
            _ => JournalError::Unusable {
                operation: "reading the export",
                path: path.to_owned(),
                reason: error.to_string(),
            },
        })?;
        match (read, ended) {
            (0, true) => return Ok(Verified { facts: last.0.unsigned_abs(), head: last.1.to_string() }),
            (0, false) => return Err(damaged("the file ends before it")),
            (_, true) => return Err(damaged("something follows the end")),
            (_, false) => {}
        }
        let content = text.strip_suffix('\n').ok_or_else(|| damaged("the file ends within it"))?;
        if let Ok(found) = serde_json::from_str::<End<'_>>(content) {
            if found.v > FACT_VERSION && found.v >= form {
                let what = format!("the export has form {}, known is {FACT_VERSION}", found.v);
                return Err(JournalError::NewerRecord { record, what });
            }
            let fits = found.v == form
                && milliseconds(found.at).is_some()
                && end(found.v, found.at, last.0, last.1) == content;
            if !fits
                || found.facts != last.0
                || found.event != "end"
                || Hash::from_hex(found.hash) != Some(last.1)
            {
                return Err(damaged("the end does not fit what is before it"));
            }
            ended = true;
            continue;
        }
        let found: Line<'_> =
            serde_json::from_str(content).map_err(|error| damaged(&format!("it cannot be read: {error}")))?;
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
        last = (record, hash);
        form = form.max(stored.v);
    }
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
@media print {{ body {{ margin: 0; font-size: 10pt; }} }}
</style>
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
    )?;
    let open = ledger.open_cases();
    if !open.is_empty() {
        writeln!(out, "<p><strong>{} still to be settled.</strong></p>", open.len())?;
    }
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
fn escaped(text: &str) -> String {
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
