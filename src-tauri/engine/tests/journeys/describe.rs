//! A unit that is named, described and swept after its job.

use crate::stage::{Stage, device};
use cloud::DeviceId;
use engine::work::Description;
use engine::{FaultCode, JobEvent, Outcome, RefusalCode, UnitId};
use sim::Dialect;

async fn passed() -> (Stage, UnitId) {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    assert_eq!(stage.run().await.outcome, Outcome::Passed);
    let unit = stage.engine.units()[0].unit.clone();
    (stage, unit)
}

#[tokio::test(start_paused = true)]
async fn a_named_unit_is_called_so_in_the_cloud_and_in_the_journal() {
    let (stage, unit) = passed().await;
    let of = stage.engine.device_of(&unit).expect("it has a cloud device");
    let wish = Description { name: Some("Pump 7".to_owned()), fields: vec![(5, "0042".to_owned())] };
    let came = stage.engine.describe(&of, &wish).await.expect("the cloud is there");
    assert_eq!((came.name.as_deref(), came.faults.len()), (Some("Pump 7"), 0));
    assert_eq!(came.fields, ["Serial Number"]);
    assert_eq!(stage.engine.units()[0].name.as_deref(), Some("Pump 7"));
    let fields = stage.engine.fields(&of).await.expect("the cloud is there");
    let serial = fields.iter().find(|field| field.id == 5).expect("its template has it");
    assert_eq!(serial.value.as_deref(), Some("0042"));
    let last = stage.engine.history(&unit).pop().expect("it has a history").event;
    assert!(matches!(last, JobEvent::Described { name: Some(_), .. }), "{last:?}");
    assert_eq!(stage.engine.units()[0].outcome, Some(Outcome::Passed), "the result stays");
}

#[tokio::test(start_paused = true)]
async fn fields_have_the_types_of_their_template_and_leave_out_what_the_cloud_fills_itself() {
    let (stage, unit) = passed().await;
    let of = stage.engine.device_of(&unit).expect("it has a cloud device");
    let fields = stage.engine.fields(&of).await.expect("the cloud is there");
    let kinds: Vec<_> =
        fields.iter().map(|field| (field.name.as_str(), field.kind.as_deref().unwrap_or("-"))).collect();
    assert!(kinds.contains(&("Floor", "Number")), "{kinds:?}");
    assert!(kinds.contains(&("Location", "Text")), "{kinds:?}");
    assert!(!kinds.iter().any(|(name, _)| name.starts_with("Device Name")), "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_cloud_refuses_is_said_and_the_rest_is_written() {
    let (stage, unit) = passed().await;
    let of = stage.engine.device_of(&unit).expect("it has a cloud device");
    let fields = vec![(7, "upstairs".to_owned()), (6, "Hall".to_owned())];
    let came =
        stage.engine.describe(&of, &Description { name: None, fields }).await.expect("the cloud is there");
    assert_eq!(came.fields, ["Location"]);
    assert_eq!(came.faults.len(), 1);
    assert_eq!(came.faults[0].code, FaultCode::CloudInvalid);
    assert_eq!(came.faults[0].about.get("field").map(String::as_str), Some("Floor"));
}

#[tokio::test(start_paused = true)]
async fn a_unit_without_a_cloud_device_is_refused() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]).template("TMPLnOtInOrG1"));
    assert_eq!(stage.run().await.outcome, Outcome::Failed);
    let unit = stage.engine.units()[0].unit.clone();
    let refusal = stage.engine.device_of(&unit).expect_err("no token was taken");
    assert_eq!(refusal.reasons[0].code, RefusalCode::UnknownDevice);
    let nobody = stage.engine.device_of(&UnitId("nobody".to_owned())).expect_err("never seen");
    assert_eq!(nobody.reasons[0].code, RefusalCode::UnknownUnit);
}

#[tokio::test(start_paused = true)]
async fn only_ghosts_that_a_person_has_chosen_are_swept() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &["outcome=wrong-password"]));
    assert_eq!(stage.run().await.outcome, Outcome::Failed);
    let ghost = stage.engine.ghosts(false).await.remove(0);
    assert!(stage.engine.sweep(&[(ghost.server.clone(), DeviceId(1))]).await.is_empty(), "another one");
    assert_eq!(stage.engine.ghosts(false).await.len(), 1, "it was not chosen");
    let swept = stage.engine.sweep(&[(ghost.server, ghost.device)]).await;
    assert!(swept[0].swept, "{swept:?}");
    assert!(stage.engine.ghosts(false).await.is_empty());
}
