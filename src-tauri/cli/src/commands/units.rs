//! The units that the journal knows.

use super::Context;
use crate::ending::{Ended, Ending};
use crate::face::{badge, note, strong};
use crate::state::State;
use api::moment;
use engine::record::{Ledger, UnitState};
use engine::{Outcome, Refusal};
use serde_json::{Value, json};

pub fn run(context: &Context) -> Ended {
    let state = State::of(&context.common)?;
    let journal = state.journal()?;
    let facts = journal.facts().map_err(|error| Refusal::journal(&error))?;
    let ledger = Ledger::fold(&facts);
    for unit in ledger.units() {
        context.face.event("unit", &line(unit));
        context.face.tell(&told(unit));
    }
    if ledger.units().next().is_none() && !context.face.is_json() {
        note(
            "The journal knows no unit yet. Provision the first one: `firstlight help provision` shows how.",
        );
    }
    Ok(Ending::Passed)
}

fn line(unit: &UnitState) -> Value {
    json!({
        "unit": unit.unit,
        "device_id": unit.device,
        "name": unit.name,
        "template": unit.template,
        "firmware": unit.firmware,
        "driver": unit.driver,
        "attempts": unit.attempts,
        "outcome": unit.outcome,
        "fault": unit.fault.as_deref().map(api::lines::FaultLine::from),
        "last_seen": unit.last_seen.map(|at| moment::rfc3339(at.0)),
        "last": moment::rfc3339(unit.last_at),
        "devices": unit.devices,
    })
}

fn told(unit: &UnitState) -> String {
    let result = unit.outcome.map_or_else(|| "… OPEN".to_owned(), badge);
    let device = unit.device.map(|device| format!("  device {device}")).unwrap_or_default();
    let name = unit.name.as_deref().map(|name| format!("  “{name}”")).unwrap_or_default();
    let fault = unit
        .fault
        .as_deref()
        .filter(|_| unit.outcome != Some(Outcome::Passed))
        .map(|fault| format!("  {}", fault.code))
        .unwrap_or_default();
    format!(
        "{result}  {}{name}{device}{fault}  {}",
        strong(&unit.unit.to_string()),
        moment::rfc3339(unit.last_at)
    )
}
