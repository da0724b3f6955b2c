//! All that happened to one unit, in order.

use super::Context;
use crate::arguments::History;
use crate::ending::{Ended, Ending};
use crate::face::{badge, quiet};
use crate::state::State;
use api::story::Story;
use api::{lines, moment, words};
use engine::record::Ledger;
use engine::{Fact, JobEvent, JobId, Refusal, RefusalCode, UnitId};
use std::collections::BTreeMap;

pub fn run(context: &Context, arguments: &History) -> Ended {
    let state = State::of(&context.common)?;
    let journal = state.journal()?;
    let facts = journal.facts().map_err(|error| Refusal::journal(&error))?;
    let ledger = Ledger::fold(&facts);
    let unit = find(&ledger, &arguments.unit)?;
    let jobs = ledger.unit(&unit).map(|unit| unit.jobs.clone()).unwrap_or_default();
    let mut stories: BTreeMap<JobId, Story> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| jobs.contains(&fact.job)) {
        let story =
            stories.entry(fact.job).and_modify(|story| story.apply(fact)).or_insert_with(|| Story::new(fact));
        context.face.raw(&lines::fact(fact, story));
        context.face.tell(&format!("{}  {}", quiet(&moment::rfc3339(fact.at)), told(fact)));
    }
    Ok(Ending::Passed)
}

/// Hardware addresses are known in upper case; people type them as they come.
fn find(ledger: &Ledger, typed: &str) -> Result<UnitId, Refusal> {
    ledger
        .units()
        .map(|unit| &unit.unit)
        .find(|unit| unit.0.eq_ignore_ascii_case(typed.trim()))
        .cloned()
        .ok_or_else(|| Refusal::of(RefusalCode::UnknownUnit, &[("unit", typed)]))
}

fn told(fact: &Fact) -> String {
    match &fact.event {
        JobEvent::Queued { recipe, .. } => format!("job {} began, for {}", fact.job, recipe.cloud.server),
        JobEvent::StepBegan { step } => format!("{}: {}", words::step(*step), words::doing(*step)),
        JobEvent::Connected { address, driver, kept: true, .. } => {
            format!("{} answers as {driver}, on the link that was kept open", address.text())
        }
        JobEvent::Connected { address, driver, .. } => format!("{} answers as {driver}", address.text()),
        JobEvent::Identified { unit, attempt, identity } => match identity.exposure {
            Some(exposure) => format!("it is {unit}, attempt {attempt}; {}", words::exposure(exposure)),
            None => format!("it is {unit}, attempt {attempt}"),
        },
        JobEvent::Surveyed { networks } => format!("it hears {} networks", networks.len()),
        JobEvent::ReserveIntended { org, .. } => format!("about to ask for a token in organization {org}"),
        JobEvent::Reserved { device, token_tail, .. } => {
            format!("cloud device {device}, token …{token_tail}")
        }
        JobEvent::RenewIntended { device, .. } => {
            format!("about to ask for a fresh token of device {device}")
        }
        JobEvent::Renewed { device, token_tail, .. } => format!("device {device}, fresh token …{token_tail}"),
        JobEvent::TokenFailed { fault } => format!("no token: {}", words::fault(fault).what),
        JobEvent::Adopted { device } => format!("device {device} of a lost answer was adopted"),
        JobEvent::NothingWasMade => "the lost answer had made nothing".to_owned(),
        JobEvent::DeliverIntended { ssid, host, .. } => format!(
            "about to hand over {} and {host}",
            ssid.as_deref().map_or_else(|| "no network".to_owned(), |ssid| format!("network “{ssid}”"))
        ),
        JobEvent::Delivered { token_carried: true } => "delivered".to_owned(),
        JobEvent::Delivered { token_carried: false } => "delivered, without a token".to_owned(),
        JobEvent::DeliveryRefused { fault } => format!("delivery refused: {}", words::fault(fault).what),
        JobEvent::Said { word } => words::said(word),
        JobEvent::Seen { device, .. } => format!("the cloud has seen device {device}"),
        JobEvent::Described { name, meta } => {
            format!("named {}, {} metadata fields", name.as_deref().unwrap_or("as before"), meta.len())
        }
        JobEvent::Warned { fault } => format!("warning: {}", words::fault(fault).what),
        JobEvent::Finished { outcome, fault } => match fault {
            Some(fault) => format!("{}  {}", badge(*outcome), words::fault(fault).what),
            None => badge(*outcome),
        },
        JobEvent::SweepIntended { device } => format!("about to delete device {device}"),
        JobEvent::Swept { device } => format!("device {device} was deleted"),
    }
}
