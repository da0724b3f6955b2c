//! Asks the cloud to put a device into configuration mode.

use super::Context;
use crate::arguments::Reconfigure;
use crate::ending::{Ended, Ending};
use crate::face::note;
use crate::given;
use crate::profiles::Kept;
use crate::state::State;
use crate::world::World;
use api::calls;
use api::lines::FaultLine;
use api::words;
use engine::record::Journal;
use engine::work::Engine;
use serde_json::json;

pub async fn run(context: &Context, arguments: &Reconfigure) -> Ended {
    let common = &context.common;
    let mut secrets = given::secrets(common)?;
    let state = State::of(common)?;
    let kept = Kept::of(common, &state, &secrets, arguments.cloud.profile.as_deref()).await?;
    let mut server = arguments.cloud.server.clone();
    kept.fill_cloud(&mut server, &mut secrets).await?;
    if common.practice {
        crate::world::Practice::new().fill_cloud(&mut server, &mut secrets);
    }
    let (cloud, device) = calls::check_reconfigure(
        server.as_deref(),
        arguments.cloud.profile.clone(),
        &arguments.device_id,
        &secrets,
    )?;
    let world = World::cloud_only(common, kept.clouds(secrets));
    // Nothing is recorded of this: it changes no token and makes no device.
    let engine = Engine::new(Journal::in_memory(), world.media, world.clouds)?;
    match engine.reconfigure(&cloud, device).await {
        Ok(offline) => {
            context
                .face
                .event("reconfigured", &json!({ "device_id": device, "offline": offline, "fault": null }));
            context.face.tell(match offline {
                Some(true) => "The cloud took the request, but the device is offline and will not hear it. Hold its button for 10 s instead.",
                Some(false) => "The device is asked to enter configuration mode. Look for it with `firstlight scan`.",
                None => "The request is on its way; the cloud does not say whether the device is online. Look for it with `firstlight scan`.",
            });
            Ok(Ending::Passed)
        }
        Err(fault) => {
            context.face.event(
                "reconfigured",
                &json!({ "device_id": device, "offline": null, "fault": FaultLine::from(&fault) }),
            );
            let words = words::fault(&fault);
            if !context.face.is_json() {
                note(&format!("{} {} {}", words.what, words.why, words.fix));
            }
            Ok(Ending::Failed)
        }
    }
}
