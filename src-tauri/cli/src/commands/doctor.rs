//! Adapters, permissions, cloud and clock: what is well, what is not, and the fix for each.

use super::Context;
use crate::arguments::Doctor;
use crate::checkup::{self, Finding, Health};
use crate::ending::{Ended, Ending};
use crate::face::{note, quiet};
use crate::given;
use crate::profiles::Kept;
use crate::state::State;

pub async fn run(context: &Context, arguments: &Doctor) -> Ended {
    let common = &context.common;
    let mut secrets = given::secrets(common)?;
    let state = State::of(common)?;
    let kept = Kept::of(common, &state, &secrets, arguments.cloud.profile.as_deref()).await?;
    let mut server = arguments.cloud.server.clone();
    kept.fill_cloud(&mut server, &mut secrets).await?;
    let mut ending = Ending::Passed;
    let mut tell = |finding: Finding| {
        context.face.event("check", &finding);
        context.face.tell(&finding.told());
        if finding.state == Health::Problem {
            ending = Ending::Failed;
        }
    };
    tell(checkup::state_folder(&state));
    for finding in checkup::serial().await {
        tell(finding);
    }
    tell(checkup::modem_manager());
    tell(checkup::bluetooth(arguments.adapter.as_deref()).await);
    tell(crate::profiles::keychain_finding(&state, &secrets).await);
    tell(checkup::proxy());
    for finding in checkup::cloud(server.as_deref(), &secrets).await {
        tell(finding);
    }
    if !context.face.is_json() {
        note(&quiet(match ending {
            Ending::Passed => "Nothing stands in the way of the next device.",
            _ => "Fix what is marked ✘ and run the doctor again.",
        }));
    }
    Ok(ending)
}
