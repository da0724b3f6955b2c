//! Cloud devices made here that never came to life.

use super::Context;
use crate::arguments::Ghosts;
use crate::ending::{Ended, Ending};
use crate::face::{note, strong};
use crate::settle::Settling;
use api::lines::FaultLine;
use api::{moment, words};
use engine::work::Ghost;
use serde_json::{Value, json};

pub async fn run(context: &Context, arguments: &Ghosts) -> Ended {
    let settling = Settling::begin(&context.common)?;
    if !settling.has_ghosts() {
        if !context.face.is_json() {
            note("No ghosts: every device that was made here came to life, or is waited for.");
        }
        return Ok(Ending::Passed);
    }
    let engine = settling.engine().await?;
    let ghosts = engine.ghosts(arguments.sweep).await;
    let mut ending = Ending::Passed;
    for ghost in &ghosts {
        context.face.event("ghost", &line(ghost));
        context.face.tell(&told(ghost));
        if ghost.fault.is_some() {
            ending = ending.max(Ending::Failed);
        }
    }
    if !arguments.sweep && !ghosts.is_empty() && !context.face.is_json() {
        note("Type `firstlight ghosts --sweep` to delete them in the cloud.");
    }
    Ok(ending)
}

fn line(ghost: &Ghost) -> Value {
    json!({
        "device_id": ghost.device,
        "server": ghost.server,
        "unit": ghost.unit,
        "made_at": moment::rfc3339(ghost.made_at),
        "handed_over": ghost.handed_over,
        "swept": ghost.swept,
        "fault": ghost.fault.as_ref().map(FaultLine::from),
    })
}

fn told(ghost: &Ghost) -> String {
    let unit = ghost.unit.as_ref().map(|unit| format!(" for {unit}")).unwrap_or_default();
    let done = match (ghost.swept, &ghost.fault) {
        (true, _) => "  deleted".to_owned(),
        (false, Some(fault)) => format!("  {}", words::fault(fault).what),
        (false, None) if ghost.handed_over => {
            "  a device has its token and may still come to life; look at it first".to_owned()
        }
        (false, None) => String::new(),
    };
    format!(
        "device {}{unit}, made {} on {}{done}",
        strong(&ghost.device.to_string()),
        moment::rfc3339(ghost.made_at),
        ghost.server
    )
}
