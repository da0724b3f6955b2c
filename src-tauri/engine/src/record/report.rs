//! The figures in the report: yields, causes, times and slots as tables, with bars that need no colour and no script.
//!
//! Not here: the units of the report (`export.rs`) and the rules of counting (`yields.rs`).

use crate::record::export::{Words, escaped, word};
use crate::record::yields::{Figures, Share, Times, Yields};
use crate::{Blame, Fault, Retry, Step};
use std::io::Write;
use time::OffsetDateTime;

pub(super) const STYLE: &str = "
.bar { display: block; height: .7rem; background: #555; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
";

/// Writes nothing where nothing has ended yet.
pub(super) fn figures(figures: &Figures, words: &Words<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    if figures.all.runs + figures.all.skipped == 0 {
        return Ok(());
    }
    out.write_all(
        b"<h2>Yield</h2>\n<p>By unit and day (UTC). Runs that were stopped or held back are not counted; \
          unknown counts as not passed.</p>\n<table>\n<thead><tr><th>Day</th><th class=\"number\">First pass</th>\
          <th class=\"number\">Second pass</th><th class=\"number\">Last pass</th><th class=\"number\">Runs</th>\
          <th class=\"number\">Passed</th><th class=\"number\">Failed</th><th class=\"number\">Unknown</th>\
          <th class=\"number\">Not counted</th><th class=\"number\">Without a name</th></tr></thead>\n<tbody>\n",
    )?;
    for (day, yields) in &figures.days {
        let moment = OffsetDateTime::from_unix_timestamp(day.saturating_mul(24 * 3600));
        row(&moment.unwrap_or(OffsetDateTime::UNIX_EPOCH).date().to_string(), yields, out)?;
    }
    if figures.days.len() > 1 {
        row("All", &figures.all, out)?;
    }
    out.write_all(b"</tbody>\n</table>\n")?;
    causes(figures, words, out)?;
    steps(figures, out)?;
    slots(figures, out)
}

fn share(share: Share) -> String {
    match share.ratio() {
        Some(ratio) => format!("{:.1} % ({} of {})", ratio * 100.0, share.part, share.of),
        None => "–".to_owned(),
    }
}

fn row(name: &str, yields: &Yields, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        out,
        "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
         <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
         <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
        escaped(name),
        share(yields.first_pass),
        share(yields.second_pass),
        share(yields.last_pass),
        yields.runs,
        yields.passed,
        yields.failed,
        yields.unknown,
        yields.skipped,
        yields.nameless,
    )
}

fn causes(figures: &Figures, words: &Words<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    if figures.causes.is_empty() {
        return Ok(());
    }
    out.write_all(
        b"<h2>Causes</h2>\n<table>\n<thead><tr><th>Cause</th><th class=\"number\">Runs</th>\
          <th class=\"number\">Units</th><th class=\"number\">Share</th><th class=\"number\">With all above</th>\
          <th style=\"width:25%\"></th></tr></thead>\n<tbody>\n",
    )?;
    for cause in &figures.causes {
        let name = match cause.code {
            Some(code) => {
                let step = cause.step.unwrap_or(Step::Connect);
                let fault = Fault::new(code, step, cause.blame.unwrap_or(Blame::Us), Retry::Now);
                format!("{} <small>({code})</small>", escaped(&(words.fault)(&fault)))
            }
            None => "No cause".to_owned(),
        };
        writeln!(
            out,
            "<tr><td>{name}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{:.1} %</td><td class=\"number\">{:.1} %</td>\
             <td><span class=\"bar\" style=\"width:{:.1}%\"></span></td></tr>",
            cause.runs,
            cause.units,
            cause.share * 100.0,
            cause.cumulative * 100.0,
            cause.share * 100.0,
        )?;
    }
    out.write_all(b"</tbody>\n</table>\n")
}

fn seconds(ms: u64) -> String {
    format!("{:.1}", ms as f64 / 1000.0)
}

fn times(name: &str, times: &Times, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        out,
        "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
         <td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
        escaped(name),
        times.count,
        seconds(times.least),
        seconds(times.median),
        seconds(times.p95),
        seconds(times.most),
    )
}

fn steps(figures: &Figures, out: &mut dyn Write) -> std::io::Result<()> {
    if figures.cycle.count == 0 {
        return Ok(());
    }
    out.write_all(
        b"<h2>Times in seconds</h2>\n<p>Of runs that passed.</p>\n<table>\n<thead><tr><th>Step</th>\
          <th class=\"number\">Runs</th><th class=\"number\">Least</th><th class=\"number\">Median</th>\
          <th class=\"number\">95 of 100 within</th><th class=\"number\">Most</th></tr></thead>\n<tbody>\n",
    )?;
    for (step, of_step) in &figures.steps {
        times(&word(step), of_step, out)?;
    }
    times("all of it", &figures.cycle, out)?;
    if figures.takt.count > 0 {
        times("between two passes", &figures.takt, out)?;
    }
    out.write_all(b"</tbody>\n</table>\n")
}

fn slots(figures: &Figures, out: &mut dyn Write) -> std::io::Result<()> {
    if figures.slots.is_empty() {
        return Ok(());
    }
    out.write_all(
        b"<h2>Slots</h2>\n<table>\n<thead><tr><th>Station</th><th>Slot</th><th class=\"number\">First pass</th>\
          <th class=\"number\">Runs</th><th class=\"number\">Failed</th><th class=\"number\">Unknown</th>\
          <th class=\"number\">Median, seconds</th><th>Most frequent cause</th></tr></thead>\n<tbody>\n",
    )?;
    for slot in &figures.slots {
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td>{}</td></tr>",
            escaped(&slot.station),
            escaped(&slot.slot),
            share(slot.yields.first_pass),
            slot.yields.runs,
            slot.yields.failed,
            slot.yields.unknown,
            seconds(slot.cycle.median),
            slot.worst.map(|code| code.as_str()).unwrap_or_default(),
        )?;
    }
    out.write_all(b"</tbody>\n</table>\n")
}
