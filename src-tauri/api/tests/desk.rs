//! The desk over a world on the paused clock: what a window is told is complete, in order, and never more than it needs.

use api::clouds::OneCloud;
use api::desk::{
    DeskChange, DeskUpdate, DeskView, JobView, LightState, OutcomeView, SettingsView, SightingView,
};
use api::watch::{Desk, DeskParts};
use cloud::{OrgId, UserId};
use engine::record::Journal;
use engine::work::Engine;
use engine::{CloudRef, JobSecrets, Recipe, Target};
use proto::Secret;
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::{DeviceSpec, Dialect, World, WorldSettings};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Longer than anything here may take, on the paused clock.
const LONGEST: Duration = Duration::from_secs(600);

fn world() -> World {
    let devices = vec![DeviceSpec::new(Dialect::EdgentArduino, 1), DeviceSpec::new(Dialect::ConsoleB, 2)];
    World::new(WorldSettings { devices, cloud_epoch_ms: None, ..WorldSettings::default() })
}

fn open(world: &World) -> Desk {
    let cloud = world.cloud();
    let engine = Engine::new(Journal::in_memory(), world.media(), Arc::new(OneCloud(cloud.clone())))
        .expect("an empty journal can be folded");
    Desk::open(DeskParts {
        engine,
        media: world.media(),
        cloud: Some(cloud),
        practice: true,
        version: "0".to_owned(),
        settings: SettingsView::default(),
    })
}

async fn start(desk: &Desk, world: &World) -> engine::work::Job {
    let host = world.cloud_state().host();
    let recipe = Recipe {
        cloud: CloudRef { server: format!("https://{host}"), profile: None },
        org: OrgId(1),
        owner: UserId(1),
        ssid: Some(PRACTICE_SSID.to_owned()),
        driver: "auto".to_owned(),
        token_host: host,
        expect_template: None,
        patience_s: 180,
        name: None,
        meta: BTreeMap::new(),
        device: None,
        carrier: None,
        token_endpoint: None,
        token_template: None,
        token_success: None,
        device_user: None,
    };
    let secrets = JobSecrets { wifi_password: Some(Secret::new(PRACTICE_PASSWORD)), device_secret: None };
    let address = world.devices()[0].address();
    desk.engine().start(recipe, Target::At { address }, secrets).await.expect("nothing speaks against it")
}

/// Takes lists until one of them shows what is looked for; gives all of them.
async fn lists_until(
    changes: &mut UnboundedReceiver<Vec<DeskUpdate>>,
    mut found: impl FnMut(&DeskChange) -> bool,
) -> Vec<Vec<DeskUpdate>> {
    let mut lists = Vec::new();
    let looking = async {
        while let Some(list) = changes.recv().await {
            let end = list.iter().any(|update| found(&update.change));
            lists.push(list);
            if end {
                return;
            }
        }
    };
    tokio::time::timeout(LONGEST, looking).await.expect("it is shown in time");
    lists
}

fn ended(change: &DeskChange) -> bool {
    matches!(change, DeskChange::Job { job } if job.outcome.is_some())
}

async fn in_sight(desk: &Desk, changes: &mut UnboundedReceiver<Vec<DeskUpdate>>) {
    if desk.snapshot().sightings.len() < 2 {
        lists_until(changes, |_| desk.snapshot().sightings.len() == 2).await;
    }
}

/// What a window makes of a view and the updates behind it.
fn replayed(mut view: DeskView, lists: &[Vec<DeskUpdate>]) -> DeskView {
    for update in
        lists.iter().flatten().filter(|update| update.number > view.number).cloned().collect::<Vec<_>>()
    {
        assert_eq!(update.number, view.number + 1, "no gap");
        view.number = update.number;
        match update.change {
            DeskChange::Sighting { sighting } => {
                view.sightings.retain(|other| other.key != sighting.key);
                view.sightings.push(sighting);
            }
            DeskChange::SightingLeft { key } => view.sightings.retain(|other| other.key != key),
            DeskChange::Job { job } => {
                view.jobs.retain(|other| other.id != job.id);
                view.jobs.push(*job);
            }
            DeskChange::Unit { unit } => {
                view.units.retain(|other| other.unit != unit.unit);
                view.units.push(*unit);
            }
            DeskChange::Status { status } => view.status = status,
            DeskChange::Settings { settings } => view.settings = settings,
        }
    }
    sorted(view)
}

fn sorted(mut view: DeskView) -> DeskView {
    view.sightings.sort_by(|a, b| a.key.cmp(&b.key));
    view.jobs.sort_by(|a, b| a.id.cmp(&b.id));
    view.units.sort_by(|a, b| a.unit.cmp(&b.unit));
    view
}

#[tokio::test(start_paused = true)]
async fn numbers_have_no_gap_and_snapshot_and_updates_lose_nothing() {
    let world = world();
    let desk = open(&world);
    let mut changes = desk.watch();
    let first = desk.snapshot();
    let mut lists = Vec::new();
    // Snapshots in between, as a window asks for them, neither lose nor repeat anything.
    in_sight(&desk, &mut changes).await;
    let middle = desk.snapshot();
    let _job = start(&desk, &world).await;
    lists.extend(lists_until(&mut changes, ended).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let last = desk.snapshot();
    while let Ok(list) = changes.try_recv() {
        lists.push(list);
    }
    assert!(last.number > middle.number && middle.number > first.number);
    assert_eq!(replayed(middle, &lists), sorted(last));
}

#[tokio::test(start_paused = true)]
async fn each_thing_is_told_once_in_a_beat_in_its_last_state() {
    let world = world();
    let desk = open(&world);
    let mut changes = desk.watch();
    in_sight(&desk, &mut changes).await;
    let _job = start(&desk, &world).await;
    let lists = lists_until(&mut changes, ended).await;
    for list in &lists {
        let mut told: Vec<String> = list.iter().map(|update| about(&update.change)).collect();
        let all = told.len();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), all, "twice in one beat: {told:?}");
    }
    let facts = desk.engine().journal().facts().expect("a journal in memory can be read").len();
    let shown =
        lists.iter().flatten().filter(|update| matches!(update.change, DeskChange::Job { .. })).count();
    assert!(shown < facts, "{facts} facts were put together in {shown} views");
}

fn about(change: &DeskChange) -> String {
    match change {
        DeskChange::Sighting { sighting: SightingView { key, .. } } | DeskChange::SightingLeft { key } => {
            key.clone()
        }
        DeskChange::Job { job } => job.id.clone(),
        DeskChange::Unit { unit } => unit.unit.clone(),
        DeskChange::Status { .. } => "status".to_owned(),
        DeskChange::Settings { .. } => "settings".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_sleeps_gets_everything_later_and_one_that_is_gone_holds_nobody_up() {
    let world = world();
    let desk = open(&world);
    let mut awake = desk.watch();
    let mut asleep = desk.watch();
    drop(desk.watch());
    in_sight(&desk, &mut awake).await;
    let _job = start(&desk, &world).await;
    lists_until(&mut awake, ended).await;
    let first = asleep.try_recv().expect("kept for it");
    let mut late = vec![first];
    late.extend(lists_until(&mut asleep, ended).await);
    let numbers: Vec<u32> = late.iter().flatten().map(|update| update.number).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_is_opened_later_shows_the_same_jobs_and_units() {
    let world = world();
    let desk = open(&world);
    let mut changes = desk.watch();
    in_sight(&desk, &mut changes).await;
    let _job = start(&desk, &world).await;
    lists_until(&mut changes, ended).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = desk.snapshot();
    let again = Desk::open(DeskParts {
        engine: desk.engine().clone(),
        media: world.media(),
        cloud: Some(world.cloud()),
        practice: true,
        version: "0".to_owned(),
        settings: SettingsView::default(),
    });
    let after = again.snapshot();
    assert_eq!((after.jobs, after.units), (before.jobs, before.units));
}

#[tokio::test(start_paused = true)]
async fn a_device_comes_is_busy_while_a_job_has_it_and_leaves() {
    let world = world();
    let desk = open(&world);
    let mut changes = desk.watch();
    in_sight(&desk, &mut changes).await;
    let device = world.devices()[0].clone();
    let key = format!("ble:{}", device.address().text());
    let job = start(&desk, &world).await;
    let id = job.id.to_string();
    lists_until(&mut changes, |change| {
        matches!(change, DeskChange::Sighting { sighting } if sighting.key == key && sighting.job.as_ref() == Some(&id))
    })
    .await;
    lists_until(&mut changes, ended).await;
    let free = |view: &DeskView| view.sightings.iter().all(|sighting| sighting.job.is_none());
    assert!(free(&desk.snapshot()), "nothing is busy after the end");
    let cable = world.devices()[1].clone();
    let cable_key = format!("serial:{}", cable.address().text());
    cable.unplug();
    lists_until(
        &mut changes,
        |change| matches!(change, DeskChange::SightingLeft { key } if *key == cable_key),
    )
    .await;
    assert!(desk.snapshot().sightings.iter().all(|sighting| sighting.key != cable_key));
    cable.plug();
    lists_until(
        &mut changes,
        |change| matches!(change, DeskChange::Sighting { sighting } if sighting.key == cable_key),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_ends_in_the_window_too() {
    let world = world();
    let desk = open(&world);
    let mut changes = desk.watch();
    in_sight(&desk, &mut changes).await;
    let job = start(&desk, &world).await;
    job.cancel();
    let lists = lists_until(&mut changes, ended).await;
    let end: Option<&JobView> = lists.iter().flatten().rev().find_map(|update| match &update.change {
        DeskChange::Job { job } => Some(&**job),
        _ => None,
    });
    assert_eq!(end.and_then(|job| job.outcome), Some(OutcomeView::Skipped));
}

#[tokio::test(start_paused = true)]
async fn a_desk_without_a_cloud_says_so_and_takes_one_later() {
    let world = world();
    let engine = Engine::new(Journal::in_memory(), world.media(), Arc::new(OneCloud(world.cloud())))
        .expect("an empty journal can be folded");
    let desk = Desk::open(DeskParts {
        engine,
        media: world.media(),
        cloud: None,
        practice: false,
        version: "0".to_owned(),
        settings: SettingsView::default(),
    });
    let mut changes = desk.watch();
    let cloud_is = |wanted: LightState| move |change: &DeskChange| matches!(change, DeskChange::Status { status } if status.cloud.state == wanted);
    lists_until(&mut changes, cloud_is(LightState::Off)).await;
    desk.change_settings(SettingsView::default(), Some(world.cloud()));
    lists_until(&mut changes, cloud_is(LightState::Ready)).await;
}

#[tokio::test(start_paused = true)]
async fn a_password_that_a_profile_keeps_is_offered_until_its_network_refuses_it() {
    let world = world();
    world.devices()[0].set("outcome", "wrong-password").expect("a knob of the simulator");
    let desk = open(&world);
    let mut changes = desk.watch();
    in_sight(&desk, &mut changes).await;
    let offered = [PRACTICE_SSID.to_owned(), "Hall".to_owned()];
    desk.offer_kept(offered.clone());
    assert_eq!(desk.settings().kept, ["Hall", PRACTICE_SSID]);
    assert!(desk.kept_password("Hall").is_none(), "the password itself stays where it is");

    start(&desk, &world).await;
    lists_until(&mut changes, ended).await;
    assert_eq!(desk.settings().kept, ["Hall"]);
    desk.offer_kept(offered.clone());
    assert_eq!(desk.settings().kept, ["Hall"], "it is not offered again with the next device");

    desk.forget_refusals();
    desk.offer_kept(offered);
    assert_eq!(desk.settings().kept, ["Hall", PRACTICE_SSID], "but when the profile was changed");
}
