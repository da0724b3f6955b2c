//! What a window may do with a unit after its job, over a world on the paused clock.

use api::clouds::OneCloud;
use api::desk::{OutcomeView, SettingsView, UnitView};
use api::units::{DescribeRequest, NotDone, ReportFormat};
use api::watch::{Desk, DeskParts};
use cloud::{OrgId, UserId};
use engine::record::Journal;
use engine::work::Engine;
use engine::{CloudRef, JobSecrets, Recipe, RefusalCode, Target};
use proto::Secret;
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::trouble::Trouble;
use sim::{DeviceSpec, Dialect, World, WorldSettings};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Longer than anything here may take, on the paused clock.
const LONGEST: Duration = Duration::from_secs(900);

struct Place {
    world: World,
    desk: Desk,
}

fn place(faults: &[&str]) -> Place {
    let trouble = Trouble::of(faults.iter().copied()).expect("knobs of the simulator");
    let devices = vec![DeviceSpec::new(Dialect::EdgentArduino, 1).trouble(trouble)];
    let world = World::new(WorldSettings { devices, ..WorldSettings::default() });
    let cloud = world.cloud();
    let engine = Engine::new(Journal::in_memory(), world.media(), Arc::new(OneCloud(cloud.clone())))
        .expect("an empty journal can be folded");
    let settings = SettingsView::default();
    let version = "0".to_owned();
    let parts =
        DeskParts { engine, media: world.media(), cloud: Some(cloud), practice: true, version, settings };
    Place { desk: Desk::open(parts), world }
}

impl Place {
    /// One job to its end; gives the unit.
    async fn run(&self, password: &str) -> (String, OutcomeView) {
        let id = self.start(password).await;
        self.end_of(&id).await
    }

    async fn start(&self, password: &str) -> String {
        let host = self.world.cloud_state().host();
        let recipe = Recipe {
            cloud: CloudRef { server: format!("https://{host}"), profile: None },
            org: OrgId(1),
            owner: UserId(1),
            ssid: Some(PRACTICE_SSID.to_owned()),
            driver: "auto".to_owned(),
            token_host: host,
            expect_template: None,
            patience_s: 60,
            name: None,
            meta: BTreeMap::new(),
            device: None,
            carrier: None,
            token_endpoint: None,
            token_success: None,
            token_template: None,
            device_user: None,
        };
        self.desk.keep_password(PRACTICE_SSID, Secret::new(password));
        let secrets =
            JobSecrets { wifi_password: self.desk.kept_password(PRACTICE_SSID), device_secret: None };
        let address = self.world.devices()[0].address();
        let started = self.desk.engine().start(recipe, Target::At { address }, secrets).await;
        started.expect("nothing speaks against it").id.to_string()
    }

    async fn end_of(&self, id: &str) -> (String, OutcomeView) {
        self.shows(|desk| {
            let jobs = desk.snapshot().jobs;
            let job = jobs.into_iter().find(|job| job.id == id)?;
            Some((job.unit.clone()?, job.outcome?))
        })
        .await
    }

    async fn shows<T>(&self, mut what: impl FnMut(&Desk) -> Option<T>) -> T {
        let mut changes = self.desk.watch();
        let looking = async {
            loop {
                if let Some(found) = what(&self.desk) {
                    return found;
                }
                changes.recv().await.expect("the desk is open");
            }
        };
        match tokio::time::timeout(LONGEST, looking).await {
            Ok(found) => found,
            Err(_) => panic!("it is not shown: {:#?}", self.desk.snapshot().jobs),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_ended_unknown_turns_to_passed_by_itself_when_it_comes_to_light() {
    let place = place(&[]);
    let id = place.start(PRACTICE_PASSWORD).await;
    // The cloud cannot be asked from the delivery on; the device fares well.
    place.shows(|desk| desk.snapshot().jobs.iter().any(|job| job.delivered).then_some(())).await;
    let cloud = place.world.cloud_state();
    cloud.set_fault("status-503", "always").expect("a knob of the simulator");
    let (unit, outcome) = place.end_of(&id).await;
    assert_eq!(outcome, OutcomeView::Unknown);
    cloud.clear_faults();
    place
        .shows(|desk| {
            let passed = |known: &UnitView| known.unit == unit && known.outcome == Some(OutcomeView::Passed);
            desk.snapshot().units.iter().any(passed).then_some(())
        })
        .await;
    let job = place.desk.snapshot().jobs.into_iter().find(|job| job.id == id).expect("it is shown");
    assert_eq!((job.outcome, job.fault), (Some(OutcomeView::Passed), None));
}

#[tokio::test(start_paused = true)]
async fn a_kept_password_is_told_by_its_network_only_and_forgotten_when_it_is_refused() {
    let place = place(&[]);
    let (_, outcome) = place.run("wrong horse").await;
    assert_eq!(outcome, OutcomeView::Failed);
    place.shows(|desk| desk.kept_password(PRACTICE_SSID).is_none().then_some(())).await;
    assert!(place.desk.snapshot().settings.kept.is_empty());
    let (_, outcome) = place.run(PRACTICE_PASSWORD).await;
    assert_eq!(outcome, OutcomeView::Passed);
    let snapshot = place.desk.snapshot();
    assert_eq!(snapshot.settings.kept, [PRACTICE_SSID]);
    let text = serde_json::to_string(&snapshot).expect("a view can be written");
    assert!(!text.contains(PRACTICE_PASSWORD), "no view holds a password");
    place.desk.change_settings(SettingsView::default(), None);
    assert_eq!(place.desk.settings().kept, [PRACTICE_SSID], "other settings do not forget it");
}

#[tokio::test(start_paused = true)]
async fn a_unit_is_renamed_on_screen_as_in_the_cloud_and_a_bad_name_is_refused_before_it_is_asked() {
    let place = place(&[]);
    let (unit, _) = place.run(PRACTICE_PASSWORD).await;
    let named =
        |name: &str| DescribeRequest { unit: unit.clone(), name: Some(name.to_owned()), fields: Vec::new() };
    let NotDone::Refused(refusal) = place.desk.describe(named("<b>")).await.expect_err("no cloud takes it")
    else {
        panic!("a refusal")
    };
    assert_eq!(refusal.reasons[0].code, RefusalCode::NameInvalid);
    place.desk.describe(named("Pump 7")).await.expect("a good name");
    place
        .shows(|desk| {
            let units = desk.snapshot().units;
            units.iter().any(|known| known.name.as_deref() == Some("Pump 7")).then_some(())
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_page_of_a_unit_is_on_the_server_that_it_was_made_on() {
    let place = place(&[]);
    let (unit, _) = place.run(PRACTICE_PASSWORD).await;
    let device = place.desk.snapshot().units[0].device.expect("it passed");
    let page = place.desk.page_of(unit).expect("it has a cloud device");
    let host = place.world.cloud_state().host();
    assert!(page.starts_with(&format!("https://{host}/dashboard/1/")), "{page}");
    assert!(page.ends_with(&format!("/devices/{device}/dashboard")), "{page}");
}

#[tokio::test(start_paused = true)]
async fn a_report_replaces_a_file_only_as_a_whole() {
    let place = place(&[]);
    let (unit, _) = place.run(PRACTICE_PASSWORD).await;
    let dir = tempfile::tempdir().expect("a folder");
    for format in [ReportFormat::Csv, ReportFormat::Jsonl, ReportFormat::Html] {
        let path = dir.path().join(format!("report.{}", format.extension()));
        std::fs::write(&path, "old").expect("a file");
        place.desk.report(format, &path).expect("it can be written");
        let text = std::fs::read_to_string(&path).expect("it is there");
        assert!(text.contains(&unit), "{format:?}");
        assert!(!text.contains(PRACTICE_PASSWORD), "{format:?}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 3, "nothing half is left");
    let nowhere = dir.path().join("no/such/folder/report.csv");
    let refusal = place.desk.report(ReportFormat::Csv, &nowhere).expect_err("no such folder");
    assert_eq!(refusal.reasons[0].code, RefusalCode::FileUnreadable);
}
