//! What is refused before anything is touched, with all reasons at once.

use crate::stage::{Stage, device, secrets};
use cloud::{OrgId, UserId};
use engine::work::Update;
use engine::{JobSecrets, RefusalCode, Target};
use proto::{Address, MediumKind, Secret};
use sim::Dialect;

async fn refused(
    stage: &Stage,
    change: impl FnOnce(&mut engine::Recipe, &mut Target, &mut JobSecrets),
) -> Vec<RefusalCode> {
    let (mut recipe, mut target, mut secrets) = (stage.recipe(), Target::Any, secrets());
    change(&mut recipe, &mut target, &mut secrets);
    let refusal = stage.engine.start(recipe, target, secrets).await.expect_err("something speaks against it");
    refusal.reasons.into_iter().map(|reason| reason.code).collect()
}

#[tokio::test(start_paused = true)]
async fn what_can_be_known_before_is_refused_and_nothing_is_touched() {
    let stage = Stage::with(device(Dialect::ConsoleB, &[]));
    let codes = refused(&stage, |recipe, _, secrets| {
        recipe.ssid = Some("x".repeat(32));
        secrets.wifi_password = Some(Secret::new("1234567"));
        recipe.org = OrgId(0);
        recipe.owner = UserId(-1);
        recipe.name = Some("a/b".into());
        recipe.driver = "telepathy".into();
    })
    .await;
    for code in [
        RefusalCode::BadOrg,
        RefusalCode::BadOwner,
        RefusalCode::NameInvalid,
        RefusalCode::UnknownDriver,
        RefusalCode::SsidLength,
        RefusalCode::PasswordLength,
    ] {
        assert!(codes.contains(&code), "{code} is missing in {codes:?}");
    }
    let codes = refused(&stage, |_, target, _| {
        *target = Target::At { address: Address::Serial("NOWHERE9".into()) };
    })
    .await;
    assert_eq!(codes, [RefusalCode::UnknownPort]);
    let codes = refused(&stage, |_, _, secrets| secrets.wifi_password = None).await;
    assert_eq!(codes, [RefusalCode::SecretMissing]);

    assert!(stage.facts().is_empty());
    assert_eq!(stage.cloud_state().requests(), 0);
    assert!(!stage.only_device().is_linked());
}

#[tokio::test(start_paused = true)]
async fn a_device_has_one_job_at_a_time() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let target = Target::At { address: stage.only_device().address() };
    let first = stage.start(stage.recipe(), target.clone()).await;
    let second = target.clone();
    let codes = refused(&stage, |_, target, _| *target = second).await;
    assert_eq!(codes, [RefusalCode::DeviceBusy]);
    // By its name nobody can know before that it is the same device.
    let name = stage.only_device().name().to_owned();
    let by_name = Target::Named { medium: MediumKind::Ble, name };
    let third = stage.provision(stage.recipe(), by_name).await;
    assert_eq!(third.code(), "device.busy");
    let end = crate::stage::end_of(first).await;
    assert_eq!(end.outcome, engine::Outcome::Passed);
    assert!(end.updates.iter().any(|update| matches!(update, Update::Progress(_))), "hints came as well");
    assert_eq!(stage.tokens_made(), (1, 0));
}
