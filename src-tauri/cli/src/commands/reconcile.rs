//! Settles what a lost answer or a crash left open.

use super::Context;
use crate::ending::{Ended, Ending};
use crate::face::{note, strong};
use crate::settle::Settling;
use api::lines::FaultLine;
use api::words;
use engine::work::{Reconciled, Verdict};
use serde_json::{Value, json};

pub async fn run(context: &Context) -> Ended {
    let settling = Settling::begin(&context.common)?;
    if !settling.has_open_cases() {
        if !context.face.is_json() {
            note("Nothing is open: every job has its end.");
        }
        return Ok(Ending::Passed);
    }
    let engine = settling.engine().await?;
    let settled = engine.reconcile().await;
    let mut ending = Ending::Passed;
    for case in &settled {
        context.face.event("reconciled", &line(case));
        context.face.tell(&told(case));
        ending = ending.max(ending_of(case));
    }
    Ok(ending)
}

fn ending_of(case: &Reconciled) -> Ending {
    match case.verdict {
        Verdict::Passed | Verdict::Adopted | Verdict::NothingMade | Verdict::NotDelivered => Ending::Passed,
        Verdict::StillUnknown | Verdict::Ambiguous { .. } => Ending::Unknown,
    }
}

fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Adopted => "adopted",
        Verdict::NothingMade => "nothing_made",
        Verdict::NotDelivered => "not_delivered",
        Verdict::StillUnknown => "still_unknown",
        Verdict::Ambiguous { .. } => "ambiguous",
    }
}

pub(super) fn line(case: &Reconciled) -> Value {
    let candidates = match &case.verdict {
        Verdict::Ambiguous { candidates } => json!(candidates),
        Verdict::Passed
        | Verdict::Adopted
        | Verdict::NothingMade
        | Verdict::NotDelivered
        | Verdict::StillUnknown => json!([]),
    };
    json!({
        "job": case.job,
        "unit": case.unit,
        "device_id": case.device,
        "verdict": verdict(&case.verdict),
        "candidates": candidates,
        "fault": case.fault.as_ref().map(FaultLine::from),
    })
}

pub(super) fn told(case: &Reconciled) -> String {
    let who =
        case.unit.as_ref().map_or_else(|| format!("job {}", case.job), |unit| strong(&unit.to_string()));
    let device = case.device.map(|device| format!(" (device {device})")).unwrap_or_default();
    let what = match &case.verdict {
        Verdict::Passed => "✔ PASSED: the cloud has seen it.".to_owned(),
        Verdict::Adopted => "✔ the lost answer had made this device; it belongs to the unit. Provision the unit again.".to_owned(),
        Verdict::NothingMade => "✔ the lost answer had made nothing. Provision the unit again.".to_owned(),
        Verdict::NotDelivered => "✔ nothing had reached the device; its cloud device is kept. Provision the unit again.".to_owned(),
        Verdict::StillUnknown => "? UNKNOWN: the cloud has not seen it yet. Wait a moment and reconcile again, or look at the device.".to_owned(),
        Verdict::Ambiguous { candidates } => {
            let ids: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            format!("? UNKNOWN: it may be any of {}. Compare them in the console and provision the unit with --device-id.", ids.join(", "))
        }
    };
    let fault = case.fault.as_ref().map(|fault| {
        let words = words::fault(fault);
        format!(" {} {}", words.what, words.fix)
    });
    format!("{who}{device}  {what}{}", fault.unwrap_or_default())
}
