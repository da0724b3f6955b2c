//! One device to first light, followed to its end.

use super::{Context, result};
use crate::arguments::{MediumChoice, Provision};
use crate::cancel::Stops;
use crate::ending::{Ended, Ending};
use crate::face::note;
use crate::given;
use crate::progress::StepsShown;
use crate::state::State;
use crate::world::{Practice, World};
use api::calls::{Call, ProvisionRequest, Wanted};
use api::lines;
use api::secrets::{SecretName, Secrets};
use api::story::Story;
use cloud::DeviceId;
use engine::plan::patience;
use engine::work::{Engine, Job, Update};
use engine::{Blame, CloudRef, Fact, Fault, FaultCode, JobEvent, Outcome, Retry, Step};
use std::time::Duration;

pub async fn run(context: &Context, arguments: Provision) -> Ended {
    // Before anything that takes time, so that no wish to stop is missed.
    let mut stops = Stops::listen();
    let common = &context.common;
    let mut secrets = given::secrets(common)?;
    let state = State::of(common)?;
    let practice = common.practice.then(Practice::new);
    let medium = medium_for(&arguments);
    let adapter = arguments.adapter.clone();
    let origin = arguments.hands.clone().origin();
    let mut request = request(arguments, practice.as_ref());
    if let Some(practice) = &practice {
        practice.fill(&mut request, &mut secrets);
    }
    let kept = crate::profiles::Kept::of(common, &state, &secrets, request.profile.as_deref()).await?;
    kept.fill(&mut request, &mut secrets).await?;
    ask_for_missing(&request, &mut secrets, common);
    let Call { recipe, target, secrets: job_secrets } = request.check(&secrets)?;
    #[cfg(debug_assertions)]
    crate::log::mistake_on_demand(&secrets);

    let journal = state.journal()?;
    let world = match practice {
        Some(practice) => practice.world(),
        None => World::real(adapter.as_deref(), medium, kept.clouds(secrets)),
    };
    let clouds = world.clouds.clone();
    let engine = Engine::new(journal, world.media, world.clouds)?;
    let cloud = recipe.cloud.clone();
    let job = engine.start_for(recipe, target, job_secrets, origin).await?;
    let followed = follow(context, job, &mut stops).await;
    let presence = match (&followed.outcome, context.face.is_json(), followed.story.device()) {
        (Outcome::Passed, false, Some(device)) => record(clouds.as_ref(), &cloud, DeviceId(device)).await,
        _ => None,
    };
    result::tell(context.face, &followed.story, followed.outcome, followed.fault.as_ref(), presence.as_ref());
    Ok(match (followed.cancelled, followed.outcome) {
        (true, Outcome::Failed | Outcome::Unknown | Outcome::Skipped) => Ending::Cancelled,
        (_, outcome) => Ending::of(outcome),
    })
}

/// Which media are worth opening for this device.
fn medium_for(arguments: &Provision) -> MediumChoice {
    match (&arguments.port, &arguments.ble) {
        (Some(_), _) => MediumChoice::Serial,
        (None, Some(_)) => MediumChoice::Ble,
        (None, None) => MediumChoice::All,
    }
}

fn request(arguments: Provision, practice: Option<&Practice>) -> ProvisionRequest {
    let wanted = match (arguments.port, arguments.ble, arguments.any) {
        (Some(path), _, _) => {
            let problem = match practice {
                Some(practice) => practice.port_problem(&path),
                None => crate::world::serial().check(&path).err(),
            };
            Some(Wanted::Port { path, problem })
        }
        (None, Some(name), _) => Some(Wanted::Ble { name }),
        (None, None, true) => Some(Wanted::Any),
        (None, None, false) => None,
    };
    let settings = arguments.settings;
    ProvisionRequest {
        wanted,
        server: arguments.cloud.server,
        profile: arguments.cloud.profile,
        org: arguments.org,
        owner: arguments.owner,
        wifi: arguments.wifi,
        driver: arguments.driver,
        token_host: arguments.token_host,
        name: arguments.name,
        meta: arguments.meta,
        expect_template: arguments.expect_template,
        patience: arguments.patience,
        device: arguments.device_id,
        carrier: settings.carrier,
        token_endpoint: settings.token_endpoint,
        token_template: settings.token_template,
        token_success: settings.token_success,
        device_user: settings.device_user,
    }
}

fn ask_for_missing(request: &ProvisionRequest, secrets: &mut Secrets, common: &crate::arguments::Common) {
    if !api::clouds::has_sign_in(secrets) {
        given::fill(secrets, &[SecretName::ClientId, SecretName::ClientSecret], common);
    }
    if request.wifi.is_some() {
        given::fill(secrets, &[SecretName::WifiPassword], common);
    }
}

/// How a job ended, as far as this process saw it.
struct Followed {
    story: Story,
    outcome: Outcome,
    fault: Option<Fault>,
    cancelled: bool,
}

/// Prints the job's facts as they come. Ends with exactly one `finished` line, whatever happens.
async fn follow(context: &Context, mut job: Job, stops: &mut Stops) -> Followed {
    let face = context.face;
    let cancel = job.canceller();
    let mut steps = StepsShown::new();
    let mut story: Option<Story> = None;
    let mut delivered = false;
    let mut wishes = 0;
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        let update = tokio::select! { biased;
            () = stops.next() => {
                wishes += 1;
                cancel.cancel();
                steps.clear();
                match wishes {
                    1 => note("Stopping; once more Ctrl-C ends at once."),
                    _ => break,
                }
                continue;
            }
            update = job.next() => update,
            _ = tick.tick(), if !face.is_json() => {
                if let Some(story) = &story {
                    steps.tick(story);
                }
                continue;
            }
        };
        let Some(update) = update else { break };
        if let Update::Fact(fact) = &update {
            let told = match &mut story {
                Some(story) => {
                    story.apply(fact);
                    story
                }
                none => none.insert(Story::new(fact)),
            };
            delivered |= matches!(fact.event, JobEvent::DeliverIntended { .. });
            face.raw(&lines::fact(fact, told));
        }
        if let (Some(story), false) = (&story, face.is_json()) {
            steps.update(&update, story);
        }
        if let Update::Fact(Fact { event: JobEvent::Finished { outcome, fault }, .. }) = update {
            let story = story.expect("a fact was just told");
            return Followed { story, outcome, fault: fault.map(|fault| *fault), cancelled: wishes > 0 };
        }
    }
    steps.clear();
    cut_short(context, job, story, delivered, wishes > 0)
}

/// The job's own end did not come: a second wish to stop, or a journal that no longer takes facts. What the world looks
/// like is for `reconcile` to find out.
fn cut_short(
    context: &Context,
    job: Job,
    story: Option<Story>,
    delivered: bool,
    cancelled: bool,
) -> Followed {
    let story = story.unwrap_or_else(|| Story::unheard(job.id, api::moment::now()));
    let step = story.step().map_or(Step::Connect, |(step, _)| step);
    let (code, blame) = match cancelled {
        true => (FaultCode::Cancelled, Blame::Operator),
        false => (FaultCode::StateJournal, Blame::Computer),
    };
    let fault = Fault::new(code, step, blame, Retry::AfterFix);
    let outcome = if delivered { Outcome::Unknown } else { Outcome::Failed };
    context.face.event("finished", &story.finished(outcome, Some(&fault)));
    Followed { story, outcome, fault: Some(fault), cancelled }
}

/// The cloud's record of a device that has passed. Not having it spoils nothing.
async fn record(
    clouds: &dyn engine::work::Clouds,
    which: &CloudRef,
    device: DeviceId,
) -> Option<cloud::Presence> {
    let asked = async { clouds.cloud(which).await.ok()?.presence(device).await.ok() };
    tokio::time::timeout(patience::ASIDE, asked).await.ok().flatten()
}
