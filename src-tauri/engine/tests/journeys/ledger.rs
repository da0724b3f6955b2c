//! One unit is one cloud device, whatever gets lost.

use crate::stage::{Stage, device};
use async_trait::async_trait;
use cloud::{
    Account, Cloud, CloudError, CloudTime, DeviceId, DeviceRecord, MetaField, OrgId, Organization, Presence,
    Reservation, Template, User, UserId,
};
use engine::work::Verdict;
use engine::{Outcome, Target};
use sim::cloud::{Audit, Hardware};
use sim::{DeviceSpec, Dialect};
use std::sync::Arc;

async fn with_lost_answer(record: &str) -> Stage {
    let stage = Stage::new(vec![device(Dialect::EdgentArduino, &[])], &["lost=once@reserve", record]);
    let end = stage.run().await;
    assert_eq!((end.outcome, end.code()), (Outcome::Unknown, "cloud.answer_lost"), "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (1, 0), "the lost call is not repeated");
    assert_eq!(stage.only_device().kept().token, None);
    stage
}

#[tokio::test(start_paused = true)]
async fn the_one_orphan_of_a_lost_answer_is_adopted() {
    let stage = with_lost_answer("record=at-once").await;
    let settled = stage.engine.reconcile().await;
    assert_eq!(settled.len(), 1);
    assert_eq!(settled[0].verdict, Verdict::Adopted);
    assert_eq!(settled[0].device, Some(DeviceId(4711)));
    assert!(stage.engine.reconcile().await.is_empty());
    let end = stage.run().await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (1, 1), "adopted by renewing it");
    assert_eq!(stage.cloud_state().visible_devices().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_next_run_settles_a_lost_answer_by_itself() {
    let stage = with_lost_answer("record=at-once").await;
    let end = stage.run().await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (1, 1));
    assert_eq!(stage.cloud_state().visible_devices().len(), 1);
    assert!(stage.engine.reconcile().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_without_an_orphan_made_nothing() {
    let stage = with_lost_answer("record=at-check-in").await;
    let settled = stage.engine.reconcile().await;
    assert_eq!(settled[0].verdict, Verdict::NothingMade);
    let end = stage.run().await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (2, 0));
    assert_eq!(stage.cloud_state().visible_devices().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn several_orphans_are_shown_for_a_decision_and_not_touched() {
    let stage = with_lost_answer("record=at-once").await;
    // Somebody else reserves a device in the same organization.
    stage.world.cloud().reserve(OrgId(1), UserId(1)).await.expect("the cloud works again");
    let settled = stage.engine.reconcile().await;
    assert_eq!(settled[0].verdict, Verdict::Ambiguous { candidates: vec![DeviceId(4711), DeviceId(4712)] });
    let end = stage.run().await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "cloud.orphans_ambiguous"));
    assert_eq!(stage.tokens_made(), (2, 0), "nothing was taken and nothing made");

    let mut recipe = stage.recipe();
    recipe.device = Some(DeviceId(4711));
    let end = stage.provision(recipe, Target::Any).await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(stage.engine.units()[0].device, Some(DeviceId(4711)));
    assert!(stage.engine.reconcile().await.is_empty(), "the decision settled it");
}

#[tokio::test(start_paused = true)]
async fn devices_that_were_there_before_are_no_orphans() {
    let stage =
        Stage::new(vec![device(Dialect::EdgentArduino, &[])], &["lost=nth:2@reserve", "record=at-once"]);
    // A device that somebody made in the console and that never connected.
    stage.world.cloud().reserve(OrgId(1), UserId(1)).await.expect("the first call works");
    let end = stage.run().await;
    assert_eq!(end.code(), "cloud.answer_lost", "{}", stage.in_words());
    let settled = stage.engine.reconcile().await;
    assert_eq!((&settled[0].verdict, settled[0].device), (&Verdict::Adopted, Some(DeviceId(4712))));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_a_renewal_ends_the_run_and_the_next_one_renews_again() {
    let stage = Stage::new(vec![device(Dialect::EdgentArduino, &[])], &["lost=once@renew"]);
    assert_eq!(stage.run().await.outcome, Outcome::Passed);
    stage.only_device().enter_configuration();
    let end = stage.run().await;
    assert_eq!((end.outcome, end.code()), (Outcome::Unknown, "cloud.answer_lost"), "{}", stage.in_words());
    let settled = stage.engine.reconcile().await;
    assert_eq!(settled[0].verdict, Verdict::NotDelivered);
    stage.only_device().enter_configuration();
    let end = stage.run().await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(stage.cloud_state().visible_devices().len(), 1);
}

fn hardware() -> Hardware {
    DeviceSpec::new(Dialect::EdgentArduino, 1).hardware()
}

#[tokio::test(start_paused = true)]
async fn a_device_id_that_a_person_names_is_kept() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let (id, old_token) = stage.cloud_state().add_device(1, 1, "Old Pump", hardware());
    let reserved_before = stage.tokens_made().0;
    // Time goes by, as it does between two visits.
    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
    let mut recipe = stage.recipe();
    recipe.device = Some(DeviceId(id));
    let end = stage.provision(recipe, Target::Any).await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (reserved_before, 1));
    let kept = stage.only_device().kept();
    assert_ne!(kept.token, Some(old_token), "a fresh token was pushed");
    assert_eq!(stage.cloud_state().visible_devices().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_of_another_template_is_not_reprovisioned() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let other = Hardware { template: sim::cloud::OTHER_TEMPLATE.to_owned(), ..hardware() };
    let (id, _) = stage.cloud_state().add_device(1, 1, "A Fan", other);
    let mut recipe = stage.recipe();
    recipe.device = Some(DeviceId(id));
    let end = stage.provision(recipe, Target::Any).await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "template.mismatch"), "{}", stage.in_words());
    assert_eq!(stage.tokens_made().1, 0);
}

#[tokio::test(start_paused = true)]
async fn the_device_of_one_unit_is_never_given_to_another() {
    let first = DeviceSpec::new(Dialect::EdgentArduino, 1);
    let second = DeviceSpec::new(Dialect::ConsoleB, 2);
    let stage = Stage::new(vec![first, second], &[]);
    let of = |number: usize| Target::At { address: stage.world.devices()[number].address() };
    assert_eq!(stage.provision(stage.recipe(), of(0)).await.outcome, Outcome::Passed);
    let mut recipe = stage.recipe();
    recipe.device = Some(DeviceId(4711));
    let end = stage.provision(recipe, of(1)).await;
    assert_eq!((end.outcome, end.code()), (Outcome::Failed, "cloud.another_device"), "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (1, 0));
    assert_eq!(stage.world.devices()[1].kept().token, None);
}

/// A cloud whose lists tell metadata, as some servers' do.
#[derive(Debug)]
struct ListsMetadata(Arc<dyn Cloud>);

#[async_trait]
impl Cloud for ListsMetadata {
    fn host(&self) -> String {
        self.0.host()
    }
    async fn reserve(&self, org: OrgId, owner: UserId) -> Result<Reservation, CloudError> {
        self.0.reserve(org, owner).await
    }
    async fn renew(&self, device: DeviceId) -> Result<Reservation, CloudError> {
        self.0.renew(device).await
    }
    async fn reconfigure(&self, device: DeviceId) -> Result<Option<bool>, CloudError> {
        self.0.reconfigure(device).await
    }
    async fn presence(&self, device: DeviceId) -> Result<Presence, CloudError> {
        self.0.presence(device).await
    }
    async fn devices(&self, org: OrgId) -> Result<Vec<DeviceRecord>, CloudError> {
        let mut devices = self.0.devices(org).await?;
        for device in &mut devices {
            device.metadata = self.0.device_meta(device.id).await?;
        }
        Ok(devices)
    }
    async fn last_activated(
        &self,
        org: OrgId,
        minutes: u8,
    ) -> Result<Vec<(DeviceId, Option<CloudTime>)>, CloudError> {
        self.0.last_activated(org, minutes).await
    }
    async fn time(&self) -> Result<CloudTime, CloudError> {
        self.0.time().await
    }
    async fn account(&self) -> Result<Account, CloudError> {
        self.0.account().await
    }
    async fn organizations(&self, query: Option<&str>) -> Result<Vec<Organization>, CloudError> {
        self.0.organizations(query).await
    }
    async fn users(&self, query: Option<&str>) -> Result<Vec<User>, CloudError> {
        self.0.users(query).await
    }
    async fn templates(&self, org: OrgId) -> Result<Vec<Template>, CloudError> {
        self.0.templates(org).await
    }
    async fn meta_fields(&self, template: i32) -> Result<Vec<MetaField>, CloudError> {
        self.0.meta_fields(template).await
    }
    async fn device_meta(&self, device: DeviceId) -> Result<Vec<MetaField>, CloudError> {
        self.0.device_meta(device).await
    }
    async fn rename(&self, device: DeviceId, name: &str) -> Result<(), CloudError> {
        self.0.rename(device, name).await
    }
    async fn write_meta(&self, device: DeviceId, field: i32, value: &str) -> Result<(), CloudError> {
        self.0.write_meta(device, field, value).await
    }
    async fn delete(&self, device: DeviceId) -> Result<(), CloudError> {
        self.0.delete(device).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_the_clouds_metadata_know_is_renewed() {
    let stage = Stage::new(vec![device(Dialect::EdgentArduino, &[])], &[]);
    assert_eq!(stage.run().await.outcome, Outcome::Passed);
    stage.only_device().enter_configuration();
    // Another computer, with an empty journal.
    let elsewhere = stage.elsewhere(Arc::new(ListsMetadata(stage.world.cloud())));
    let end = elsewhere.run().await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", elsewhere.in_words());
    assert_eq!(stage.tokens_made(), (1, 1));
    assert_eq!(stage.cloud_state().visible_devices().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_the_cloud_forgot_is_made_anew() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    assert_eq!(stage.run().await.outcome, Outcome::Passed);
    stage.world.cloud().delete(DeviceId(4711)).await.expect("it can be deleted");
    stage.only_device().enter_configuration();
    let end = stage.run().await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(stage.engine.units()[0].device, Some(DeviceId(4712)));
}

#[tokio::test(start_paused = true)]
async fn a_ghost_is_named_and_swept_and_the_next_run_makes_a_device_anew() {
    let stage =
        Stage::new(vec![device(Dialect::EdgentArduino, &["outcome=wrong-password"])], &["record=at-once"]);
    let foreign = stage.world.cloud().reserve(OrgId(1), UserId(1)).await.expect("somebody else's").device;
    assert_eq!(stage.run().await.outcome, Outcome::Failed);
    let ghosts = stage.engine.ghosts(false).await;
    assert_eq!(ghosts.len(), 1);
    assert!(!ghosts[0].swept && ghosts[0].device != foreign);
    let swept = stage.engine.ghosts(true).await;
    assert!(swept[0].swept, "{swept:?}");
    assert!(stage.engine.ghosts(true).await.is_empty());
    let deleted: Vec<_> = stage
        .cloud_state()
        .audit()
        .into_iter()
        .filter_map(|line| match line {
            Audit::Deleted { device, .. } => Some(DeviceId(device)),
            _ => None,
        })
        .collect();
    assert_eq!(deleted, [ghosts[0].device], "what others made is not touched");
    stage.only_device().heal();
    let end = stage.run().await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
    assert!(stage.engine.ghosts(false).await.is_empty());
}
