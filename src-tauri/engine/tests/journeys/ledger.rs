//! One unit is one cloud device, whatever gets lost.

use crate::stage::{Stage, device};
use async_trait::async_trait;
use cloud::{
    Account, Cloud, CloudError, CloudTime, DeviceId, DeviceRecord, MetaField, OrgId, Organization, Presence,
    Reservation, Template, User, UserId,
};
use engine::work::Verdict;
use engine::{Outcome, Target};
use sim::cloud::{Audit, CloudState, Hardware, Login};
use sim::trouble::Trouble;
use sim::{DeviceSpec, Dialect};
use std::sync::Arc;
use std::time::Duration;

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

/// A cloud with a peculiarity.
#[derive(Debug)]
struct Peculiar {
    cloud: Arc<dyn Cloud>,
    /// Its lists tell metadata, as some servers' do.
    lists_metadata: bool,
    /// The device with this token comes back while a fresh one is asked for.
    comes_back: Option<(CloudState, String)>,
}

#[async_trait]
impl Cloud for Peculiar {
    fn host(&self) -> String {
        self.cloud.host()
    }
    async fn reserve(&self, org: OrgId, owner: UserId) -> Result<Reservation, CloudError> {
        self.cloud.reserve(org, owner).await
    }
    async fn renew(&self, device: DeviceId) -> Result<Reservation, CloudError> {
        if let Some((state, token)) = &self.comes_back {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let login = state.log_in(token, hardware(), None);
            assert!(matches!(login, Login::Accepted { .. }), "the old token lives");
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        self.cloud.renew(device).await
    }
    async fn reconfigure(&self, device: DeviceId) -> Result<Option<bool>, CloudError> {
        self.cloud.reconfigure(device).await
    }
    async fn presence(&self, device: DeviceId) -> Result<Presence, CloudError> {
        self.cloud.presence(device).await
    }
    async fn devices(&self, org: OrgId) -> Result<Vec<DeviceRecord>, CloudError> {
        let mut devices = self.cloud.devices(org).await?;
        for device in devices.iter_mut().filter(|_| self.lists_metadata) {
            device.metadata = self.cloud.device_meta(device.id).await?;
        }
        Ok(devices)
    }
    async fn last_activated(
        &self,
        org: OrgId,
        minutes: u8,
    ) -> Result<Vec<(DeviceId, Option<CloudTime>)>, CloudError> {
        self.cloud.last_activated(org, minutes).await
    }
    async fn time(&self) -> Result<CloudTime, CloudError> {
        self.cloud.time().await
    }
    async fn account(&self) -> Result<Account, CloudError> {
        self.cloud.account().await
    }
    async fn organizations(&self, query: Option<&str>) -> Result<Vec<Organization>, CloudError> {
        self.cloud.organizations(query).await
    }
    async fn users(&self, query: Option<&str>) -> Result<Vec<User>, CloudError> {
        self.cloud.users(query).await
    }
    async fn templates(&self, org: OrgId) -> Result<Vec<Template>, CloudError> {
        self.cloud.templates(org).await
    }
    async fn meta_fields(&self, template: i32) -> Result<Vec<MetaField>, CloudError> {
        self.cloud.meta_fields(template).await
    }
    async fn device_meta(&self, device: DeviceId) -> Result<Vec<MetaField>, CloudError> {
        self.cloud.device_meta(device).await
    }
    async fn rename(&self, device: DeviceId, name: &str) -> Result<(), CloudError> {
        self.cloud.rename(device, name).await
    }
    async fn write_meta(&self, device: DeviceId, field: i32, value: &str) -> Result<(), CloudError> {
        self.cloud.write_meta(device, field, value).await
    }
    async fn delete(&self, device: DeviceId) -> Result<(), CloudError> {
        self.cloud.delete(device).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_the_clouds_metadata_know_is_renewed() {
    let stage = Stage::new(vec![device(Dialect::EdgentArduino, &[])], &[]);
    assert_eq!(stage.run().await.outcome, Outcome::Passed);
    stage.only_device().enter_configuration();
    // Another computer, with an empty journal.
    let cloud = Peculiar { cloud: stage.world.cloud(), lists_metadata: true, comes_back: None };
    let elsewhere = stage.elsewhere(Arc::new(cloud));
    let end = elsewhere.run().await;
    assert_eq!(end.outcome, Outcome::Passed, "{}", elsewhere.in_words());
    assert_eq!(stage.tokens_made(), (1, 1));
    assert_eq!(stage.cloud_state().visible_devices().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_comes_back_with_its_old_token_has_not_passed() {
    let stage = Stage::new(
        vec![device(Dialect::EdgentArduino, &["outcome=never-checks-in"])],
        &["old-token=dies-at-use"],
    );
    let (id, token) = stage.cloud_state().add_device(1, 1, "Old Pump", hardware());
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let comes_back = Some((stage.cloud_state(), token));
    let cloud = Peculiar { cloud: stage.world.cloud(), lists_metadata: false, comes_back };
    let mut stage = stage.elsewhere(Arc::new(cloud));
    let mut recipe = stage.recipe();
    recipe.device = Some(DeviceId(id));
    let end = stage.provision(recipe, Target::Any).await;
    assert_eq!((end.outcome, end.code()), (Outcome::Unknown, "cloud.not_seen"), "{}", stage.in_words());
    stage.restart();
    assert_eq!(stage.engine.reconcile().await[0].verdict, Verdict::StillUnknown);
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

#[tokio::test(start_paused = true)]
async fn a_device_that_never_checked_in_is_a_ghost_unless_the_cloud_has_seen_it_meanwhile() {
    let unseen = || Stage::with(device(Dialect::EdgentArduino, &["outcome=never-checks-in"]));
    let stage = unseen();
    assert_eq!(stage.run().await.outcome, Outcome::Unknown);
    let ghosts = stage.engine.ghosts(false).await;
    assert!(matches!(ghosts.as_slice(), [ghost] if ghost.handed_over && !ghost.swept), "{ghosts:?}");
    assert!(stage.engine.ghosts(true).await[0].swept);
    assert!(stage.engine.reconcile().await.is_empty(), "what is removed is not waited for");

    let stage = unseen();
    assert_eq!(stage.run().await.outcome, Outcome::Unknown);
    let token = stage.cloud_state().all_devices()[0].token().to_owned();
    assert!(matches!(stage.cloud_state().log_in(&token, hardware(), None), Login::Accepted { .. }));
    assert!(stage.engine.ghosts(true).await.is_empty());
    assert_eq!(stage.engine.reconcile().await[0].verdict, Verdict::Passed);
}

/// Two devices that tell nothing of themselves, one after the other on the same port.
#[tokio::test(start_paused = true)]
async fn what_was_handed_to_a_nameless_device_is_not_given_to_the_next_one_on_its_port() {
    let nameless = |number: u32, outcome: &str| {
        let mut spec = DeviceSpec::new(Dialect::EspressifConsole, number)
            .trouble(Trouble::of(["security=0", outcome]).expect("knobs of the simulator"));
        (spec.port, spec.usb) = ("SIM1".to_owned(), None);
        spec
    };
    for (first_ends, outcome) in
        [("outcome=ok", Outcome::Passed), ("outcome=never-checks-in", Outcome::Unknown)]
    {
        let stage = Stage::with(nameless(1, first_ends));
        assert_eq!(stage.run().await.outcome, outcome, "{}", stage.in_words());
        stage.only_device().unplug();
        let second = stage.world.add(nameless(2, "outcome=ok"));
        let end = stage.provision(stage.recipe(), Target::At { address: second.address() }).await;
        assert_eq!(end.outcome, Outcome::Passed, "{}", stage.in_words());
        assert_eq!(stage.tokens_made(), (2, 0), "{}", stage.in_words());
        assert!(stage.in_words().contains("device.no_identity"), "{}", stage.in_words());
    }
    // One that certainly failed is tried again with what was made for it.
    let stage = Stage::with(nameless(1, "outcome=wrong-password"));
    assert_eq!(stage.run().await.outcome, Outcome::Failed, "{}", stage.in_words());
    stage.only_device().set("outcome", "ok").expect("a knob of the simulator");
    stage.only_device().enter_configuration();
    assert_eq!(stage.run().await.outcome, Outcome::Passed, "{}", stage.in_words());
    assert_eq!(stage.tokens_made(), (1, 1));
}
