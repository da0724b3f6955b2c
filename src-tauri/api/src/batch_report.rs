//! The report of a batch: every row with what became of it and the columns that came with the file.
//!
//! CSV for spreadsheets, JSON Lines for programs, one page of HTML that prints. Not here: the journal's own exports (`engine::record::export`).

use crate::moment;
use crate::words;
use engine::plan::sheet::write_csv;
use engine::record::batch::{BatchId, BatchState, Bind, RowState};
use engine::work::Engine;
use engine::{Outcome, Refusal, RefusalCode};
use std::fmt::Write as _;

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    Csv,
    /// An object a row, with the names of the CSV's columns; the file's own columns under `extra`.
    Jsonl,
    Html,
}

/// One row as a report tells it.
struct Line {
    wanted: String,
    unit: String,
    name: String,
    outcome: String,
    device: String,
    wifi: String,
    attempts: String,
    code: String,
    what: String,
    fix: String,
    at: String,
    echo: Vec<String>,
}

/// Writes the report of a batch.
///
/// # Errors
/// `refused.unknown_batch`.
pub fn report(engine: &Engine, id: BatchId, format: ReportFormat) -> Result<Vec<u8>, Refusal> {
    let state = engine
        .batch(id)
        .ok_or_else(|| Refusal::of(RefusalCode::UnknownBatch, &[("batch", &id.to_string())]))?;
    let lines: Vec<(u32, Line)> =
        state.rows().map(|row| (row.item.row, line(engine, row, &state.extra))).collect();
    Ok(match format {
        ReportFormat::Csv => csv(&state, lines),
        ReportFormat::Jsonl => jsonl(&state, lines),
        ReportFormat::Html => html(&state, &lines).into_bytes(),
    })
}

fn line(engine: &Engine, row: &RowState, extra: &[String]) -> Line {
    let job = row.jobs.last().and_then(|job| engine.recorded(*job));
    let job = job.as_ref().map(|job| &job.state);
    let end = row.end.as_ref();
    let fault = end.and_then(|end| end.fault.as_deref());
    let sentence = fault.map(words::fault);
    Line {
        wanted: match &row.item.bind {
            Bind::Mac { mac: wanted } | Bind::Label { label: wanted } => wanted.clone(),
            Bind::Next => String::new(),
        },
        unit: job.and_then(|job| job.unit.as_ref()).map(ToString::to_string).unwrap_or_default(),
        name: row.item.recipe.name.clone().unwrap_or_default(),
        outcome: end.map_or("waiting", |end| word(end.outcome)).to_owned(),
        device: job.and_then(|job| job.device).map(|device| device.to_string()).unwrap_or_default(),
        wifi: row.item.recipe.ssid.clone().unwrap_or_default(),
        attempts: row.jobs.len().to_string(),
        code: fault.map(|fault| fault.code.to_string()).unwrap_or_default(),
        what: sentence.as_ref().map(|words| words.what.clone()).unwrap_or_default(),
        fix: sentence.map(|words| words.fix).unwrap_or_default(),
        at: end.map(|end| moment::rfc3339(end.at)).unwrap_or_default(),
        echo: extra.iter().map(|column| row.item.echo.get(column).cloned().unwrap_or_default()).collect(),
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Unknown => "unknown",
        Outcome::Skipped => "skipped",
    }
}

fn csv(state: &BatchState, lines: Vec<(u32, Line)>) -> Vec<u8> {
    let mut heading: Vec<String> = [
        "row",
        "wanted",
        "unit",
        "name",
        "outcome",
        "device_id",
        "wifi",
        "attempts",
        "fault",
        "what",
        "fix",
        "ended",
    ]
    .map(str::to_owned)
    .to_vec();
    heading.extend(state.extra.iter().cloned());
    let rows = lines.into_iter().map(|(row, line)| {
        let mut cells = vec![
            row.to_string(),
            line.wanted,
            line.unit,
            line.name,
            line.outcome,
            line.device,
            line.wifi,
            line.attempts,
            line.code,
            line.what,
            line.fix,
            line.at,
        ];
        cells.extend(line.echo);
        cells
    });
    write_csv(&heading, rows)
}

fn jsonl(state: &BatchState, lines: Vec<(u32, Line)>) -> Vec<u8> {
    let told = |text: String| (!text.is_empty()).then_some(text);
    let mut out = String::new();
    for (row, line) in lines {
        let extra: serde_json::Map<String, serde_json::Value> = state
            .extra
            .iter()
            .zip(line.echo)
            .map(|(column, cell)| (column.clone(), serde_json::Value::String(cell)))
            .collect();
        let object = serde_json::json!({
            "v": 1,
            "row": row,
            "wanted": told(line.wanted),
            "unit": told(line.unit),
            "name": told(line.name),
            "outcome": line.outcome,
            "device_id": line.device.parse::<i64>().ok(),
            "wifi": told(line.wifi),
            "attempts": line.attempts.parse::<u32>().unwrap_or_default(),
            "fault": told(line.code),
            "what": told(line.what),
            "fix": told(line.fix),
            "ended": told(line.at),
            "extra": extra,
        });
        let _ = writeln!(out, "{object}");
    }
    out.into_bytes()
}

fn html(state: &BatchState, lines: &[(u32, Line)]) -> String {
    let counts = state.counts();
    let mut page = format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Firstlight: batch {name}</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #111; background: #fff; }}
h1 {{ font-size: 1.4rem; margin: 0; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #bbb; overflow-wrap: anywhere; }}
th {{ border-bottom: 2px solid #111; }}
.outcome {{ white-space: nowrap; font-weight: 600; }}
.passed {{ color: #0a5c2b; }} .failed {{ color: #9c1515; }} .unknown {{ color: #6b4a00; }}
.passed::before {{ content: "✓ "; }} .failed::before {{ content: "✕ "; }} .unknown::before {{ content: "? "; }}
.skipped::before {{ content: "– "; }} .waiting::before {{ content: "… "; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
@page {{ margin: 15mm; }}
@media print {{ body {{ margin: 0; font-size: 10pt; }} }}
</style>
</head>
<body>
<h1>Batch {name}</h1>
<p>{rows} rows: {passed} passed, {failed} failed, {unknown} unknown, {skipped} skipped, {left} still waiting</p>
<table>
<thead><tr><th>Row</th><th>Unit</th><th>Name</th><th>Result</th><th>Cloud device</th><th>Attempts</th>"#,
        name = escaped(&state.name),
        rows = counts.rows,
        passed = counts.passed,
        failed = counts.failed,
        unknown = counts.unknown,
        skipped = counts.skipped,
        left = counts.left(),
    );
    for column in &state.extra {
        let _ = write!(page, "<th>{}</th>", escaped(column));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for (row, line) in lines {
        let unit = if line.unit.is_empty() { &line.wanted } else { &line.unit };
        let mut result = format!(r#"<span class="outcome {0}">{0}</span>"#, line.outcome);
        if !line.code.is_empty() {
            let _ = write!(
                result,
                "<br>{} {} <small>({})</small>",
                escaped(&line.what),
                escaped(&line.fix),
                line.code
            );
        }
        let _ = write!(
            page,
            "<tr><td>{row}</td><td>{}</td><td>{}</td><td>{result}</td><td>{}</td><td>{}</td>",
            escaped(unit),
            escaped(&line.name),
            line.device,
            line.attempts
        );
        for cell in &line.echo {
            let _ = write!(page, "<td>{}</td>", escaped(cell));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</body>\n</html>\n");
    page
}

/// Text as text: markup is escaped, control characters and marks of direction are left out.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut safe, letter| {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {}
            letter if letter.is_control() => {}
            letter => safe.push(letter),
        }
        safe
    })
}
