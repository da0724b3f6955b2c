//! The product's drivers for Improv and Espressif against the simulator: both read the references for themselves.

use link::{Contact, ContactError};
use proto::{
    Answer, Ask, Delivery, DeviceIdentity, DeviceWord, DriverSettings, FollowEnd, MediumKind, ProtocolError,
    Receipt, Secret, Wifi,
};
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::device::espressif::PROOF;
use sim::trouble::Trouble;
use sim::{DeviceSpec, Dialect, World};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

struct Meeting {
    world: World,
    contact: Contact,
    words: Vec<DeviceWord>,
}

fn settings(carrier: Option<&str>, proof: &str) -> DriverSettings {
    DriverSettings {
        carrier: carrier.map(str::to_owned),
        device_secret: Some(Secret::new(proof)),
        ..DriverSettings::default()
    }
}

impl Meeting {
    async fn with(dialect: Dialect, faults: &[&str], settings: &DriverSettings) -> Meeting {
        let trouble = Trouble::of(faults.iter().copied()).expect("known knobs");
        let world = World::with(DeviceSpec::new(dialect, 1).trouble(trouble));
        let contact = Meeting::contact(&world, settings).await;
        Meeting { world, contact, words: Vec::new() }
    }

    async fn contact(world: &World, settings: &DriverSettings) -> Contact {
        let device = world.devices()[0].clone();
        let medium = world.medium(device.dialect().medium());
        let mut sightings = medium.watch().await.expect("it watches");
        let sighting = futures::StreamExt::next(&mut sightings).await.expect("one").expect("no error");
        let improv = matches!(device.dialect(), Dialect::ImprovSerial | Dialect::ImprovBle);
        let name = if improv { "improv" } else { "espressif" };
        if device.dialect().medium() == MediumKind::Ble {
            let fitting: Vec<_> = proto::drivers_for(&sighting.advert).iter().map(|it| it.name()).collect();
            assert_eq!(fitting, [name], "an advert that is told apart");
        }
        let driver = proto::driver(name).expect("the driver is there");
        let link = medium.open(&device.address(), &driver.wiring(&sighting.advert)).await.expect("it opens");
        Contact::new(link, |opened, now| driver.begin(opened, settings, now))
    }

    async fn try_ask(&mut self, ask: Ask) -> Result<Answer, ContactError> {
        let words = &mut self.words;
        let cancel = CancellationToken::new();
        let mut hear = |word| words.push(word);
        let asked = self.contact.ask(ask, &cancel, &mut hear);
        tokio::time::timeout(Duration::from_secs(1_000), asked).await.expect("bounded")
    }

    async fn ask(&mut self, ask: Ask) -> Answer {
        self.try_ask(ask).await.expect("an answer")
    }

    async fn identity(&mut self) -> DeviceIdentity {
        match self.ask(Ask::Identify).await {
            Answer::Identity(identity) => identity,
            other => panic!("no identity but {other:?}"),
        }
    }

    fn delivery(&self, password: &str) -> (i32, Delivery) {
        let issued = self.world.cloud_state().reserve(1, 1).expect("a token");
        let wifi = Some(Wifi { ssid: PRACTICE_SSID.into(), password: Secret::new(password) });
        let host = self.world.cloud_state().host();
        (issued.device, Delivery { wifi, token: Some(Secret::new(issued.token)), host })
    }

    /// The whole way; true when the cloud has seen it in the end.
    async fn provision(mut self, told: &str) -> bool {
        self.identity().await;
        let (device, delivery) = self.delivery(PRACTICE_PASSWORD);
        let delivered = self.ask(Ask::Deliver(delivery)).await;
        assert!(matches!(delivered, Answer::Delivered(_)), "{told}: {delivered:?}");
        let followed = self.ask(Ask::Follow).await;
        assert_eq!(followed, Answer::Followed(FollowEnd::Connected), "{told}");
        self.contact.close().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        self.world.cloud_state().shown(device).is_ok_and(|seen| seen.connected)
    }
}

#[tokio::test(start_paused = true)]
async fn improv_devices_with_every_trouble_are_brought_to_the_cloud() {
    for (dialect, carrier, faults) in [
        (Dialect::ImprovSerial, "third-string", &[][..]),
        (Dialect::ImprovSerial, "vendor:0x90", &[]),
        (Dialect::ImprovSerial, "vendor:0x90", &["logs=heavy", "pieces=1", "spare-zero=no"]),
        (Dialect::ImprovSerial, "third-string", &["deaf=2500", "info=refused"]),
        (Dialect::ImprovSerial, "third-string", &["reset-on-open=yes", "pages=0"]),
        (Dialect::ImprovSerial, "third-string", &["restart=middle"]),
        (Dialect::ImprovSerial, "third-string", &["early-error=yes", "pages=2"]),
        (Dialect::ImprovBle, "third-string", &["order=result-first"]),
        (Dialect::ImprovBle, "vendor:144", &["mtu=23"]),
        (Dialect::ImprovBle, "third-string", &["mtu=23", "button=20000", "slow=50"]),
        (Dialect::ImprovBle, "third-string", &["early-error=yes", "info=refused", "wifi=none"]),
    ] {
        let told = format!("{} {carrier} {faults:?}", dialect.name());
        let carried = format!("carrier={carrier}");
        let faults: Vec<&str> = faults.iter().copied().chain([&*carried]).collect();
        let meeting = Meeting::with(dialect, &faults, &settings(Some(carrier), "")).await;
        assert!(meeting.provision(&told).await, "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn improv_tells_who_the_device_is_what_it_hears_and_its_page() {
    for dialect in [Dialect::ImprovSerial, Dialect::ImprovBle] {
        let faults = if dialect == Dialect::ImprovBle { &["mtu=23"][..] } else { &[] };
        let mut meeting = Meeting::with(dialect, faults, &settings(Some("url"), "")).await;
        let identity = meeting.identity().await;
        assert_eq!(identity.name.as_deref(), Some(meeting.world.devices()[0].name()));
        assert_eq!(identity.firmware_version.as_deref(), Some("1.4.2"));
        let Answer::Networks(networks) = meeting.ask(Ask::Survey).await else { panic!("no networks") };
        assert!(networks.iter().any(|network| network.ssid == PRACTICE_SSID), "{networks:?}");
        let (_, delivery) = meeting.delivery(PRACTICE_PASSWORD);
        let delivered = meeting.ask(Ask::Deliver(delivery)).await;
        assert_eq!(delivered, Answer::Delivered(Receipt { token_carried: false }));
        assert_eq!(meeting.ask(Ask::Follow).await, Answer::Followed(FollowEnd::Connected));
        assert!(
            meeting.words.iter().any(|word| matches!(word, DeviceWord::Page { .. })),
            "{:?}",
            meeting.words
        );
        assert_eq!(meeting.world.devices()[0].kept().token, None);
    }
}

#[tokio::test(start_paused = true)]
async fn improv_devices_that_refuse_are_told_apart() {
    let mut meeting =
        Meeting::with(Dialect::ImprovSerial, &["carrier=none"], &settings(Some("vendor:0x90"), "")).await;
    meeting.identity().await;
    let (_, delivery) = meeting.delivery(PRACTICE_PASSWORD);
    let refused = meeting.try_ask(Ask::Deliver(delivery)).await;
    assert!(matches!(refused, Err(ContactError::Protocol(ProtocolError::Unsupported { .. }))), "{refused:?}");
    assert_eq!(meeting.world.devices()[0].kept().deliveries, 0);

    let mut meeting = Meeting::with(Dialect::ImprovBle, &["button=needed"], &settings(None, "")).await;
    let (_, delivery) = meeting.delivery(PRACTICE_PASSWORD);
    let refused = meeting.try_ask(Ask::Deliver(delivery)).await;
    assert_eq!(refused, Err(ContactError::Protocol(ProtocolError::NotAuthorized)));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_told_and_mended_on_the_same_link() {
    for (dialect, code) in [
        (Dialect::ImprovSerial, None),
        (Dialect::ImprovBle, None),
        (Dialect::EspressifBle, Some(722)),
        (Dialect::EspressifConsole, Some(722)),
    ] {
        let mut meeting =
            Meeting::with(dialect, &["carrier=third-string"], &settings(Some("third-string"), PROOF)).await;
        meeting.identity().await;
        let (device, mut delivery) = meeting.delivery("not the password");
        meeting.ask(Ask::Deliver(delivery.clone())).await;
        let failed = meeting.ask(Ask::Follow).await;
        let Answer::Followed(FollowEnd::Failed { trouble, again: true }) = failed else {
            panic!("{}: {failed:?}", dialect.name())
        };
        assert_eq!(trouble.code, code);
        delivery.wifi = Some(Wifi { ssid: PRACTICE_SSID.into(), password: Secret::new(PRACTICE_PASSWORD) });
        meeting.ask(Ask::Deliver(delivery)).await;
        assert_eq!(
            meeting.ask(Ask::Follow).await,
            Answer::Followed(FollowEnd::Connected),
            "{}",
            dialect.name()
        );
        tokio::time::sleep(Duration::from_secs(60)).await;
        let seen = meeting.world.cloud_state().shown(device);
        assert!(seen.is_ok_and(|seen| seen.connected), "{}", dialect.name());
    }
}

#[tokio::test(start_paused = true)]
async fn espressif_devices_of_every_security_are_brought_to_the_cloud() {
    for (dialect, faults) in [
        (Dialect::EspressifBle, &["security=0"][..]),
        (Dialect::EspressifBle, &["security=1", "slow=200"]),
        (Dialect::EspressifBle, &["security=2"]),
        (Dialect::EspressifBle, &["security=2-old", "mtu=23"]),
        (Dialect::EspressifConsole, &["security=0"]),
        (Dialect::EspressifConsole, &["security=1", "logs=heavy", "pieces=3"]),
        (Dialect::EspressifConsole, &["security=1", "reset-on-open=yes"]),
    ] {
        let told = format!("{} {faults:?}", dialect.name());
        let meeting = Meeting::with(dialect, faults, &settings(None, PROOF)).await;
        assert!(meeting.provision(&told).await, "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn espressif_tells_what_the_device_hears_and_whether_it_takes_a_token() {
    for dialect in [Dialect::EspressifBle, Dialect::EspressifConsole] {
        let mut meeting = Meeting::with(dialect, &[], &settings(None, PROOF)).await;
        let identity = meeting.identity().await;
        assert_eq!(identity.firmware_version.as_deref(), Some("1.4.2"));
        assert_eq!(identity.takes_token, (dialect == Dialect::EspressifBle).then_some(true));
        let Answer::Networks(networks) = meeting.ask(Ask::Survey).await else { panic!("no networks") };
        assert!(networks.iter().any(|network| network.ssid == PRACTICE_SSID), "{networks:?}");
    }
    let mut meeting = Meeting::with(Dialect::EspressifBle, &["endpoint=none"], &settings(None, PROOF)).await;
    assert_eq!(meeting.identity().await.takes_token, Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_proof_is_a_wrong_proof_however_the_device_says_so() {
    for (dialect, faults) in [
        (Dialect::EspressifBle, &["security=1"][..]),
        (Dialect::EspressifBle, &["security=1", "hangs-up=yes"]),
        (Dialect::EspressifBle, &["security=2"]),
        (Dialect::EspressifBle, &["security=2", "hangs-up=yes"]),
        (Dialect::EspressifConsole, &["security=1"]),
    ] {
        let mut meeting = Meeting::with(dialect, faults, &settings(None, "wrong one")).await;
        let refused = meeting.try_ask(Ask::Identify).await;
        assert_eq!(
            refused,
            Err(ContactError::Protocol(ProtocolError::WrongProof)),
            "{} {faults:?}",
            dialect.name()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn security_2_over_a_console_is_refused_with_its_reason() {
    let mut meeting = Meeting::with(Dialect::EspressifConsole, &["security=2"], &settings(None, PROOF)).await;
    let refused = meeting.try_ask(Ask::Identify).await;
    assert!(matches!(refused, Err(ContactError::Protocol(ProtocolError::Unsupported { .. }))), "{refused:?}");
}

/// Asks as `auto` does: driver after driver on one link, until one is at home.
async fn told_by_asking(dialect: Dialect) -> Option<&'static str> {
    let world = World::with(DeviceSpec::new(dialect, 1));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let device = world.devices()[0].clone();
    let medium = world.medium(dialect.medium());
    let mut sightings = medium.watch().await.expect("it watches");
    let sighting = futures::StreamExt::next(&mut sightings).await.expect("one").expect("no error");
    let drivers = proto::drivers_for(&sighting.advert);
    let link = medium.open(&device.address(), &drivers[0].wiring(&sighting.advert)).await.expect("it opens");
    let settings = settings(None, PROOF);
    let mut contact = Contact::new(link, |opened, now| drivers[0].begin(opened, &settings, now));
    for (index, driver) in drivers.iter().enumerate() {
        let (cancel, mut ignore) = (CancellationToken::new(), |_| {});
        let asked = contact.ask(Ask::Identify, &cancel, &mut ignore);
        let answer = tokio::time::timeout(Duration::from_secs(1_000), asked).await.expect("bounded");
        match answer {
            Ok(_) => return Some(driver.name()),
            Err(ContactError::Protocol(_)) => {}
            Err(error) => panic!("{}: {error}", dialect.name()),
        }
        if let Some(next) = drivers.get(index + 1) {
            contact = contact.switch(|opened, now| next.begin(opened, &settings, now));
        }
    }
    None
}

#[tokio::test(start_paused = true)]
async fn every_driver_finds_its_own_device_after_the_questions_of_the_others() {
    for (dialect, driver) in [
        (Dialect::ConsoleA, Some("blynk-console")),
        (Dialect::ConsoleB, Some("blynk-console")),
        (Dialect::ImprovSerial, Some("improv")),
        (Dialect::EspressifConsole, Some("espressif")),
        (Dialect::EdgentArduino, Some("blynk-inject")),
        (Dialect::ImprovBle, Some("improv")),
        (Dialect::EspressifBle, Some("espressif")),
        (Dialect::MicroPython, None),
        (Dialect::Dead, None),
    ] {
        assert_eq!(told_by_asking(dialect).await, driver, "{}", dialect.name());
    }
}
