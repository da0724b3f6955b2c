//! The product's own drivers against the simulator: both read the references for themselves, and must agree.

use link::Contact;
use proto::{Answer, Ask, Delivery, DeviceWord, DriverSettings, FollowEnd, Secret, Wifi};
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::trouble::Trouble;
use sim::{DeviceSpec, Dialect, World};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

struct Meeting {
    world: World,
    contact: Contact,
    words: Vec<DeviceWord>,
}

impl Meeting {
    async fn with(dialect: Dialect, faults: &[&str]) -> Meeting {
        let trouble = Trouble::of(faults.iter().copied()).expect("known knobs");
        let world = World::with(DeviceSpec::new(dialect, 1).trouble(trouble));
        tokio::time::sleep(Duration::from_secs(5)).await;
        let device = world.devices()[0].clone();
        let medium = world.medium(dialect.medium());
        let mut sightings = medium.watch().await.expect("it watches");
        let sighting = futures::StreamExt::next(&mut sightings).await.expect("one").expect("no error");
        let name = if dialect.medium() == proto::MediumKind::Ble { "blynk-inject" } else { "blynk-console" };
        let driver = proto::driver(name).expect("the driver is there");
        let link = medium.open(&device.address(), &driver.wiring(&sighting.advert)).await.expect("it opens");
        let contact = Contact::new(link, |opened, now| driver.begin(opened, &DriverSettings::default(), now));
        Meeting { world, contact, words: Vec::new() }
    }

    async fn ask(&mut self, ask: Ask) -> Answer {
        let words = &mut self.words;
        let limit = Duration::from_secs(1_000);
        tokio::time::timeout(
            limit,
            self.contact.ask(ask, &CancellationToken::new(), &mut |word| words.push(word)),
        )
        .await
        .expect("bounded")
        .expect("an answer")
    }

    fn delivery(&self, password: &str) -> (i32, Delivery) {
        let issued = self.world.cloud_state().reserve(1, 1).expect("a token");
        let wifi = Some(Wifi { ssid: PRACTICE_SSID.into(), password: Secret::new(password) });
        // Dialect A has its server compiled in; the product knows only this one.
        let old = self.world.devices()[0].dialect() == Dialect::ConsoleA;
        let host = if old { "blynk.cloud".to_owned() } else { self.world.cloud_state().host() };
        (issued.device, Delivery { wifi, token: Some(Secret::new(issued.token)), host })
    }
}

#[tokio::test(start_paused = true)]
async fn every_dialect_is_brought_to_the_cloud() {
    for (dialect, faults) in [
        (Dialect::EdgentArduino, &[][..]),
        (Dialect::EdgentArduino, &["mtu=185", "slow=300"]),
        (Dialect::EdgentIdf, &[]),
        (Dialect::Particle, &[]),
        (Dialect::Linux, &[]),
        (Dialect::ConsoleA, &[]),
        (Dialect::ConsoleA, &["state-logs=none"]),
        (Dialect::ConsoleB, &[]),
        (Dialect::ConsoleB, &["state-logs=arrows"]),
        (Dialect::ConsoleB, &["reset-on-open=yes", "logs=heavy", "pieces=3"]),
        (Dialect::ConsoleSilent, &["echo=no"]),
    ] {
        let told = format!("{} {faults:?}", dialect.name());
        let mut meeting = Meeting::with(dialect, faults).await;
        let spec = meeting.world.devices()[0].spec().clone();
        let Answer::Identity(identity) = meeting.ask(Ask::Identify).await else {
            panic!("no identity: {told}")
        };
        assert_eq!(identity.name.as_deref(), Some(spec.name.as_str()), "{told}");
        assert_eq!(identity.template.as_deref(), Some(spec.template.as_str()), "{told}");
        assert_eq!(identity.firmware_version.as_deref(), Some("1.4.2"), "{told}");
        assert_eq!(identity.mac.as_deref(), Some(spec.mac.as_str()), "{told}");
        let Answer::Networks(networks) = meeting.ask(Ask::Survey).await else {
            panic!("no networks: {told}")
        };
        assert!(networks.iter().any(|network| network.ssid == PRACTICE_SSID), "{told}: {networks:?}");
        let (device, delivery) = meeting.delivery(PRACTICE_PASSWORD);
        assert!(matches!(meeting.ask(Ask::Deliver(delivery)).await, Answer::Delivered(_)), "{told}");
        let followed = tokio::time::timeout(
            Duration::from_secs(1_000),
            meeting.contact.ask(Ask::Follow, &CancellationToken::new(), &mut |_| {}),
        )
        .await
        .expect("bounded");
        // A link that is lost now is the normal course for some.
        assert!(
            matches!(followed, Ok(Answer::Followed(FollowEnd::Connected | FollowEnd::Quiet)) | Err(_)),
            "{told}: {followed:?}"
        );
        meeting.contact.close().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let seen = meeting.world.cloud_state().shown(device);
        assert!(seen.is_ok_and(|seen| seen.connected), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reason_that_a_device_gives_arrives_as_its_code() {
    for (dialect, fault, code) in [
        (Dialect::EdgentArduino, "outcome=wrong-password", 722),
        (Dialect::EdgentArduino, "outcome=missing-ssid", 720),
        (Dialect::EdgentArduino, "outcome=no-ip", 723),
        (Dialect::EdgentArduino, "outcome=net-timeout", 701),
        (Dialect::EdgentArduino, "outcome=cloud-timeout", 702),
        (Dialect::EdgentArduino, "outcome=bad-token", 703),
        (Dialect::EdgentArduino, "outcome=store-failure", 700),
        (Dialect::Linux, "outcome=wrong-password", 722),
        (Dialect::ConsoleB, "outcome=wrong-password", 722),
        (Dialect::ConsoleB, "outcome=missing-ssid", 720),
        (Dialect::ConsoleSilent, "outcome=no-ip", 723),
        (Dialect::ConsoleA, "outcome=bad-token", 703),
    ] {
        let told = format!("{} {fault}", dialect.name());
        let mut meeting = Meeting::with(dialect, &[fault]).await;
        meeting.ask(Ask::Identify).await;
        let (_, delivery) = meeting.delivery(PRACTICE_PASSWORD);
        meeting.ask(Ask::Deliver(delivery)).await;
        let followed = meeting.ask(Ask::Follow).await;
        let Answer::Followed(FollowEnd::Failed { trouble, .. }) = followed else {
            panic!("{told}: {followed:?}")
        };
        assert_eq!(trouble.code, Some(code), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_blynk_console_is_told_apart() {
    for dialect in [Dialect::MicroPython, Dialect::Ncp, Dialect::Dead] {
        let mut meeting = Meeting::with(dialect, &[]).await;
        let (cancel, mut ignore) = (CancellationToken::new(), |_| {});
        let asked = meeting.contact.ask(Ask::Identify, &cancel, &mut ignore);
        let answer = tokio::time::timeout(Duration::from_secs(1_000), asked).await.expect("bounded");
        assert!(answer.is_err(), "{}: {answer:?}", dialect.name());
    }
}

/// Identifies, delivers and follows an Improv device; returns how the cloud knows it.
async fn improv(
    dialect: Dialect,
    carrier: Option<&str>,
    faults: &[&str],
) -> (World, i32, Result<Answer, String>) {
    let trouble = Trouble::of(faults.iter().copied()).expect("known knobs");
    let world = World::with(DeviceSpec::new(dialect, 1).trouble(trouble));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (device, medium) = (world.devices()[0].clone(), world.medium(dialect.medium()));
    let mut sightings = medium.watch().await.expect("it watches");
    let sighting = futures::StreamExt::next(&mut sightings).await.expect("one").expect("no error");
    let driver = proto::driver("improv").expect("the driver is there");
    assert!(driver.fit(&sighting.advert) > proto::Fit::No);
    let settings = DriverSettings { carrier: carrier.map(str::to_owned), ..DriverSettings::default() };
    let link = medium.open(&device.address(), &driver.wiring(&sighting.advert)).await.expect("it opens");
    let mut contact = Contact::new(link, |opened, now| driver.begin(opened, &settings, now));
    let (cancel, mut ignore) = (CancellationToken::new(), |_| {});
    let identified = contact.ask(Ask::Identify, &cancel, &mut ignore).await;
    let Ok(Answer::Identity(identity)) = identified else { panic!("{}: {identified:?}", dialect.name()) };
    assert_eq!(identity.name.as_deref(), Some(device.name()));
    let issued = world.cloud_state().reserve(1, 1).expect("a token");
    let wifi = Some(Wifi { ssid: PRACTICE_SSID.into(), password: Secret::new(PRACTICE_PASSWORD) });
    let token = carrier.map(|_| Secret::new(issued.token));
    let delivery = Delivery { wifi, token, host: world.cloud_state().host() };
    let delivered = contact.ask(Ask::Deliver(delivery), &cancel, &mut ignore).await;
    assert!(matches!(delivered, Ok(Answer::Delivered(_))), "{}: {delivered:?}", dialect.name());
    let followed = contact.ask(Ask::Follow, &cancel, &mut ignore).await.map_err(|error| error.to_string());
    contact.close().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    (world, issued.device, followed)
}

#[tokio::test(start_paused = true)]
async fn improv_devices_join_and_reach_the_cloud_only_with_a_carrier() {
    for dialect in [Dialect::ImprovBle, Dialect::ImprovSerial] {
        let (world, device, followed) = improv(dialect, None, &[]).await;
        assert!(matches!(followed, Ok(Answer::Followed(FollowEnd::Connected))), "{followed:?}");
        assert_eq!(world.devices()[0].kept().networks.len(), 1);
        assert!(world.cloud_state().shown(device).is_err(), "no token, no cloud");
        for carrier in ["third-string", "vendor:0x90"] {
            let knob = format!("carrier={carrier}");
            let (world, device, _) = improv(dialect, Some(carrier), &[&knob]).await;
            let seen = world.cloud_state().shown(device);
            assert!(seen.is_ok_and(|seen| seen.connected), "{} {carrier}", dialect.name());
        }
        let (_, _, followed) = improv(dialect, None, &["outcome=wrong-password"]).await;
        assert!(matches!(followed, Ok(Answer::Followed(FollowEnd::Failed { .. }))), "{followed:?}");
    }
    for (dialect, faults) in
        [(Dialect::ImprovBle, &["mtu=23"][..]), (Dialect::ImprovSerial, &["logs=heavy", "pieces=1"])]
    {
        let (_, _, followed) = improv(dialect, None, faults).await;
        assert!(matches!(followed, Ok(Answer::Followed(FollowEnd::Connected))), "{faults:?}: {followed:?}");
    }
}
