//! Adapters, permissions, cloud and clock: what is well, what is not, and the fix for each.

use super::Context;
use crate::arguments::Doctor;
use crate::checkup::Line;
use crate::ending::{Ended, Ending};
use crate::face::{note, quiet};
use crate::given;
use crate::profiles::Kept;
use crate::state::State;
use api::checkup::{Checkup, CloudToCheck, Health};
use std::sync::Arc;

pub async fn run(context: &Context, arguments: &Doctor) -> Ended {
    let common = &context.common;
    let mut secrets = given::secrets(common)?;
    let state = State::of(common)?;
    let kept = Kept::of(common, &state, &secrets, arguments.cloud.profile.as_deref()).await?;
    let mut server = arguments.cloud.server.clone();
    kept.fill_cloud(&mut server, &mut secrets).await?;
    let mut ending = Ending::Passed;
    let checkup = Checkup {
        state: state.folder().map(ToOwned::to_owned),
        media: vec![
            Arc::new(crate::world::serial()),
            Arc::new(crate::world::ble(arguments.adapter.as_deref())),
        ],
        real_ports: true,
        secrets: crate::profiles::secrets_place(&state, &secrets).await,
        cloud: CloudToCheck::of(server.as_deref(), &secrets),
    };
    checkup
        .run(|finding| {
            let line = Line::of(&finding);
            context.face.event("check", &line);
            context.face.tell(&line.told());
            if finding.health == Health::Problem {
                ending = Ending::Failed;
            }
        })
        .await;
    if !context.face.is_json() {
        note(&quiet(match ending {
            Ending::Passed => "Nothing stands in the way of the next device.",
            _ => "Fix what is marked ✘ and run the doctor again.",
        }));
    }
    Ok(ending)
}
