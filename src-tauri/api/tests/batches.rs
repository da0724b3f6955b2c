//! A batch as a window sees it: the sample from its dry run to its report, a line that stands still, what is left out, and
//! what taking it up again would do.

use api::batch_report::{ReportFormat, report};
use api::batches::{
    AskTheCloud, BatchFile, Batches, Lone, SAMPLE, SAMPLE_NAME, batch_id, check_view, leave_out,
};
use api::clouds::OneCloud;
use api::desk::batch::{
    BatchCanaryView, BatchFieldView, BatchFixView, BatchPhaseView, BatchSharedView, BatchView,
};
use engine::CloudRef;
use engine::plan::batch::{BatchDefaults, BatchSecrets};
use engine::record::Journal;
use engine::work::{BatchOptions, Engine};
use proto::Secret;
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::{PracticeUnit, World};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(3600);

struct Place {
    world: World,
    engine: Engine,
    batches: Batches,
}

/// A place with a device for each row of this file.
fn place(content: &str) -> Place {
    let named = |line: &str| PracticeUnit {
        name: line.split(',').next().map(str::to_owned),
        ..PracticeUnit::default()
    };
    let world = sim::practice_units(content.lines().skip(1).map(named));
    let engine = Engine::new(Journal::in_memory(), world.media(), Arc::new(OneCloud(world.cloud())))
        .expect("an empty journal");
    Place { batches: Batches::of(engine.clone()), world, engine }
}

fn defaults(world: &World) -> BatchDefaults {
    let host = world.cloud_state().host();
    BatchDefaults {
        cloud: CloudRef { server: format!("https://{host}"), profile: None },
        org: Some(cloud::OrgId(1)),
        owner: Some(cloud::UserId(1)),
        ssid: Some(PRACTICE_SSID.to_owned()),
        driver: "auto".to_owned(),
        token_host: host,
        expect_template: None,
        patience_s: 60,
        carrier: None,
        token_endpoint: None,
        token_template: None,
        token_success: None,
        device_user: None,
    }
}

fn secrets(password: &str) -> BatchSecrets {
    BatchSecrets { wifi_password: Some(Secret::new(password)), ..BatchSecrets::default() }
}

fn file(content: &str) -> BatchFile {
    BatchFile::open(SAMPLE_NAME, None, content.as_bytes().to_vec(), None).expect("a table")
}

async fn begin(place: &Place, content: &str, password: &str) -> String {
    let (defaults, secrets) = (defaults(&place.world), secrets(password));
    let checked = file(content).check(&place.engine, &defaults, &secrets, AskTheCloud::Yes).await;
    let (plan, problems) = checked.expect("a table");
    let check = check_view(&plan, &problems, AskTheCloud::Yes);
    assert_eq!((check.problems, check.sound, check.canary_by_default), (vec![], check.rows, check.rows > 10));
    let lone = Lone { first: plan.items.len() > 10, after_a_stop: true };
    let run = place.engine.begin_batch(plan, secrets, BatchOptions::default()).await.expect("rows");
    place.batches.follow(run, lone)
}

/// Every view until one is like this.
async fn until(place: &Place, wanted: impl Fn(&BatchView) -> bool) -> (BatchView, Vec<BatchView>) {
    let mut watch = place.batches.watch();
    let mut seen = Vec::new();
    let waited = tokio::time::timeout(LONGEST, async {
        loop {
            let update = watch.recv().await.expect("the batches outlive their watchers");
            seen.push(update.batch.clone());
            if wanted(&update.batch) {
                return update.batch;
            }
        }
    });
    let last = waited.await.expect("it comes to this state");
    (last, seen)
}

fn over(view: &BatchView) -> bool {
    view.phase == BatchPhaseView::Ended
}

#[tokio::test(start_paused = true)]
async fn the_sample_is_sound_goes_one_first_and_ends_in_a_report() {
    let place = place(SAMPLE);
    let id = begin(&place, SAMPLE, PRACTICE_PASSWORD).await;
    let (end, seen) = until(&place, over).await;
    assert_eq!((end.rows, end.passed, end.letters.as_str()), (12, 12, "pppppppppppp"));
    // While one was alone nobody else ran, and it was said that it had passed.
    let alone = |view: &&BatchView| view.canary == BatchCanaryView::Alone;
    assert!(seen.iter().filter(alone).count() > 0);
    assert!(seen.iter().filter(alone).all(|view| view.running <= 1 && view.failed == 0));
    assert!(seen.iter().any(|view| view.canary == BatchCanaryView::Passed && view.running > 1));
    assert!(seen.iter().any(|view| view.running_ble > 1 && view.running_serial == 0));

    let row = place.batches.row(&id, 3).expect("it has this row");
    assert_eq!((row.meta["Location"].as_str(), row.echo["Shelf"].as_str()), ("Hall 1", "0044"));
    assert!(row.facts.iter().any(|fact| fact.fact == "seen"));
    let lines =
        report(&place.engine, batch_id(&id).expect("its own id"), ReportFormat::Jsonl).expect("known");
    let lines: Vec<serde_json::Value> = String::from_utf8(lines)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    let devices: BTreeSet<i64> = lines.iter().filter_map(|line| line["device_id"].as_i64()).collect();
    assert_eq!((lines.len(), devices.len()), (12, 12), "one cloud device for each unit");
    assert_eq!((&lines[0]["outcome"], &lines[0]["extra"]["Shelf"]), (&"passed".into(), &"0042".into()));
    assert_eq!(lines[0]["fault"], serde_json::Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_stands_still_says_what_to_type_and_goes_on_with_all() {
    let place = place(SAMPLE);
    let id = begin(&place, SAMPLE, "horse correct").await;
    let (stopped, _) = until(&place, |view| view.phase == BatchPhaseView::Stopped).await;
    let stop = stopped.stop.expect("why it stands still");
    assert_eq!((stop.field, stop.canary, stop.rows), (BatchFieldView::WifiPassword, true, 1));
    assert_eq!(stop.shared, BatchSharedView::Network { ssid: PRACTICE_SSID.to_owned() });
    assert_eq!(stop.network().as_deref(), Some(PRACTICE_SSID));
    assert_eq!(stopped.canary, BatchCanaryView::Failed);
    assert!(!place.batches.works(), "it waits for a person");

    // What taking it up later would do is said before it is done.
    let later = place.batches.resume_view(&id, &BTreeSet::new()).expect("known");
    assert_eq!((later.again, later.waiting, later.cut_off, later.failed), (1, 11, 0, 0));
    assert_eq!(later.passwords, [PRACTICE_SSID]);
    let kept = [PRACTICE_SSID.to_owned()].into();
    assert!(place.batches.resume_view(&id, &kept).expect("known").passwords.is_empty());

    let fix: BatchFixView = serde_json::from_value(
        serde_json::json!({"field": "wifi_password", "value": null, "secret": PRACTICE_PASSWORD}),
    )
    .expect("what a window sends");
    place.batches.go_on(&id, Some(fix)).expect("it is here");
    let (end, seen) = until(&place, over).await;
    assert_eq!((end.passed, end.failed), (12, 0));
    assert!(seen.iter().any(|view| view.canary == BatchCanaryView::Alone), "one goes alone again");
}

#[tokio::test(start_paused = true)]
async fn rows_with_problems_are_left_out_and_the_others_keep_their_numbers() {
    let content = "unit,name,owner_id\nLamp-1,Lamp 1,\nLamp-2,Lamp/2,\nLamp-3,Lamp 3,\nLamp-4,Lamp 4,77\n";
    let place = place(content);
    let (defaults, secrets) = (defaults(&place.world), secrets(PRACTICE_PASSWORD));
    let opened = file(content);
    let checked = opened.check(&place.engine, &defaults, &secrets, AskTheCloud::Yes).await;
    let (mut plan, mut problems) = checked.expect("a table");
    assert_eq!(check_view(&plan, &problems, AskTheCloud::Yes).sound, 2);
    let saved = String::from_utf8(opened.problems_file(&problems).expect("a table")).expect("text");
    assert!(!saved.contains("Lamp 1") && saved.contains("Lamp/2") && saved.contains("Lamp 4"));
    leave_out(&mut plan, &mut problems);
    assert_eq!(problems, []);
    let run = place.engine.begin_batch(plan, secrets, BatchOptions::default()).await.expect("rows");
    let id = place.batches.follow(run, Lone { first: false, after_a_stop: true });
    let (end, _) = until(&place, over).await;
    assert_eq!((end.rows, end.passed, end.letters.as_str()), (2, 2, "pp"));
    let rows = place.batches.rows(&id, 0, 10).expect("known");
    assert_eq!(rows.iter().map(|row| row.row).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn a_problem_of_the_whole_file_cannot_be_left_out() {
    let (defaults, secrets) = (defaults(&sim::practice_units([])), secrets(PRACTICE_PASSWORD));
    let (mut plan, mut problems) = file("unit,mac\nA,B\n").plan(&defaults, &secrets).expect("a table");
    assert_eq!(check_view(&plan, &problems, AskTheCloud::No).sound, 0);
    leave_out(&mut plan, &mut problems);
    assert_eq!(problems.len(), 1);
}
