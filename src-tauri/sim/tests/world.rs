//! A world in memory: what its media show, how its cloud fails, and that its knobs are all there.

use ::cloud::{CloudCause, DeviceId, Effect, OrgId, UserId};
use futures::StreamExt;
use link::{Change, LinkError, Readiness, Sighting};
use proto::{Address, Advert, MediumKind, Wiring};
use sim::cloud::{Audit, Call, Hardware, TEMPLATE};
use sim::printer::MemoryPrinter;
use sim::trouble::{CloudFaults, KNOBS, KnobError, Side, Trouble};
use sim::{DeviceSpec, Dialect, World, WorldSettings, fleet, practice_world};
use std::collections::BTreeSet;
use std::time::Duration;

fn troubled(dialect: Dialect, number: u32, faults: &[&str]) -> DeviceSpec {
    DeviceSpec::new(dialect, number).trouble(Trouble::of(faults.iter().copied()).expect("known knobs"))
}

type Sightings = futures::stream::BoxStream<'static, Result<Sighting, LinkError>>;

async fn next(sightings: &mut Sightings) -> Sighting {
    let sighting = tokio::time::timeout(Duration::from_secs(3600), sightings.next()).await.expect("in time");
    sighting.expect("no end").expect("no error")
}

#[tokio::test(start_paused = true)]
async fn devices_come_change_and_leave() {
    let world = World::new(WorldSettings {
        devices: vec![
            troubled(Dialect::EdgentArduino, 1, &["name-late=700"]),
            DeviceSpec::new(Dialect::ConsoleB, 2),
        ],
        ..WorldSettings::default()
    });
    let ble = world.medium(MediumKind::Ble);
    assert!(matches!(ble.readiness().await, Readiness::Ready { .. }));
    let mut sightings = ble.watch().await.expect("it watches");
    let came = next(&mut sightings).await;
    assert_eq!((came.change, came.advert.name()), (Change::Came, None));
    let named = next(&mut sightings).await;
    assert_eq!((named.change, named.advert.name()), (Change::Changed, Some(world.devices()[0].name())));
    world.devices()[0].unplug();
    assert_eq!(next(&mut sightings).await.change, Change::Left);
    world.devices()[0].plug();
    assert_eq!(next(&mut sightings).await.change, Change::Came);

    let mut ports = world.medium(MediumKind::Serial).watch().await.expect("it watches");
    let port = next(&mut ports).await;
    assert!(
        matches!(&port.advert, Advert::Serial(serial) if serial.usb.as_ref().is_some_and(|usb| usb.path.is_some()))
    );
    world.add(DeviceSpec::new(Dialect::ConsoleA, 3));
    assert_eq!(next(&mut ports).await.change, Change::Came);
}

#[tokio::test(start_paused = true)]
async fn a_configuration_window_closes_and_a_button_opens_it_again() {
    let world = World::with(troubled(Dialect::EdgentArduino, 1, &["window=600"]));
    let mut sightings = world.medium(MediumKind::Ble).watch().await.expect("it watches");
    next(&mut sightings).await;
    let before = tokio::time::Instant::now();
    assert_eq!(next(&mut sightings).await.change, Change::Left);
    assert_eq!(before.elapsed(), Duration::from_secs(600));
    world.devices()[0].enter_configuration();
    assert_eq!(next(&mut sightings).await.change, Change::Came);
}

#[tokio::test(start_paused = true)]
async fn opening_fails_as_real_media_do() {
    let open = async |dialect: Dialect, faults: &[&str], wiring: Wiring| {
        let world = World::with(troubled(dialect, 1, faults));
        let address = world.devices()[0].address();
        world.medium(dialect.medium()).open(&address, &wiring).await.map(drop)
    };
    let serial = Wiring::Serial { baud: 115_200 };
    let ble = |service| Wiring::Ble { service, subscribe: vec![], descriptions: false };
    let inject = Some(sim::device::inject::SERVICE);
    assert_eq!(open(Dialect::ConsoleB, &[], serial.clone()).await, Ok(()));
    assert!(matches!(
        open(Dialect::ConsoleB, &["open=busy"], serial.clone()).await,
        Err(LinkError::PortBusy { .. })
    ));
    assert!(matches!(
        open(Dialect::ConsoleB, &["open=denied"], serial).await,
        Err(LinkError::PortDenied { .. })
    ));
    assert_eq!(open(Dialect::Particle, &[], ble(inject)).await, Ok(()));
    assert_eq!(
        open(Dialect::Particle, &[], ble(Some(uuid::Uuid::nil()))).await,
        Err(LinkError::ServiceMissing)
    );
    let refused = open(Dialect::Particle, &["open=refused"], ble(inject)).await;
    assert!(matches!(refused, Err(LinkError::ConnectRefused { .. })));
    assert!(matches!(
        open(Dialect::Particle, &["open=hang"], ble(inject)).await,
        Err(LinkError::TimedOut { .. })
    ));
    let world = World::with(DeviceSpec::new(Dialect::Particle, 1));
    let nowhere =
        world.medium(MediumKind::Ble).open(&Address::Ble("none".into()), &ble(inject)).await.map(drop);
    assert!(matches!(nowhere, Err(LinkError::NotInSight { .. })));
    let address = world.devices()[0].address();
    let first = world.medium(MediumKind::Ble).open(&address, &ble(inject)).await.expect("it opens");
    let second = world.medium(MediumKind::Ble).open(&address, &ble(inject)).await.map(drop);
    assert!(matches!(second, Err(LinkError::ConnectRefused { .. })), "one link at a time");
    first.close().await;
    assert!(world.medium(MediumKind::Ble).open(&address, &ble(inject)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_told_as_maybe_done_and_is_done() {
    let world = World::new(WorldSettings {
        cloud: CloudFaults::of(["lost=once@reserve"]).expect("a knob"),
        ..WorldSettings::default()
    });
    let lost = world.cloud().reserve(OrgId(1), UserId(1)).await.expect_err("lost");
    assert_eq!(lost.effect(), Effect::Maybe);
    assert_eq!(world.cloud_state().all_devices().len(), 1);
    assert!(
        world.cloud().devices(OrgId(1)).await.expect("a list").is_empty(),
        "no record before the check-in"
    );
    world.cloud_state().set_fault("record", "at-once").expect("a knob");
    world.cloud().reserve(OrgId(1), UserId(1)).await.expect("a token");
    let shown = world.cloud().devices(OrgId(1)).await.expect("a list");
    assert_eq!(shown.len(), 1);
    assert!(shown[0].template.is_none() && shown[0].first_connect.is_none());
    let presence = world.cloud().presence(shown[0].id).await.expect("a look");
    assert_eq!(
        (presence.connected, presence.record.and_then(|record| record.last_connect)),
        (Some(false), None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_cloud_has_its_cause_and_no_effect() {
    let world = World::new(WorldSettings::default());
    let cause = async |fault: &str, value: &str| {
        world.cloud_state().clear_faults();
        world.cloud_state().set_fault(fault, value).expect("a knob");
        let error = world.cloud().reserve(OrgId(1), UserId(1)).await.expect_err("it fails");
        (error.cause, error.effect)
    };
    assert!(matches!(cause("status-400", "always").await, (CloudCause::Invalid { .. }, Effect::None)));
    assert!(matches!(cause("status-401", "always").await, (CloudCause::SignIn { .. }, Effect::None)));
    assert!(matches!(cause("status-403", "always").await, (CloudCause::Forbidden { .. }, Effect::None)));
    assert!(matches!(cause("scope", "off").await, (CloudCause::ScopeOff { .. }, Effect::None)));
    assert!(matches!(cause("status-404", "always").await, (CloudCause::NotFound, Effect::None)));
    assert!(matches!(cause("status-429", "always").await, (CloudCause::RateLimited { .. }, Effect::None)));
    assert!(matches!(
        cause("status-503", "always").await,
        (CloudCause::Server { status: 503 }, Effect::Maybe)
    ));
    assert!(matches!(cause("device-limit", "0").await, (CloudCause::DeviceLimit { .. }, Effect::None)));
    assert_eq!(world.cloud_state().all_devices().len(), 0, "nothing was made by any of these");
    assert_eq!(cause("status-502-after", "always").await.1, Effect::Maybe);
    assert_eq!(world.cloud_state().all_devices().len(), 1, "but by this one");
    assert_eq!(world.cloud_state().count(Call::Reserve), 9);
}

#[tokio::test(start_paused = true)]
async fn chances_are_the_same_for_the_same_seed() {
    let fates = async |seed| {
        let faults = CloudFaults::of(["lost=30%"]).expect("a knob");
        let world = World::new(WorldSettings { seed, cloud: faults, ..WorldSettings::default() });
        let mut fates = Vec::new();
        for _ in 0..50 {
            fates.push(world.cloud().reserve(OrgId(1), UserId(1)).await.is_ok());
        }
        fates
    };
    let first = fates(7).await;
    assert_eq!(first, fates(7).await);
    assert_ne!(first, fates(8).await);
    assert!(first.contains(&true) && first.contains(&false));
}

#[tokio::test(start_paused = true)]
async fn a_renewed_token_replaces_the_old_one_and_presence_tells_the_new_connection() {
    let world = World::new(WorldSettings::default());
    let state = world.cloud_state();
    let hardware = || Hardware { template: TEMPLATE.into(), ..Hardware::default() };
    let (id, old) = state.add_device(1, 1, "Pump One", hardware());
    let before =
        world.cloud().presence(DeviceId(id)).await.expect("a look").record.and_then(|r| r.last_connect);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let renewed = world.cloud().renew(DeviceId(id)).await.expect("a token");
    assert_eq!(renewed.device, DeviceId(id));
    assert_eq!(state.log_in(&old, hardware(), Some("A")), sim::cloud::Login::Refused);
    assert_eq!(
        state.log_in(renewed.token.expose(), hardware(), Some("A")),
        sim::cloud::Login::Accepted { device: id }
    );
    let after =
        world.cloud().presence(DeviceId(id)).await.expect("a look").record.and_then(|r| r.last_connect);
    assert!(after > before);
    assert!(state.audit().iter().any(|line| matches!(line, Audit::LoggedIn { device, .. } if *device == id)));
    assert!(state.shared_tokens().is_empty());
    state.log_in(renewed.token.expose(), hardware(), Some("B"));
    assert_eq!(state.shared_tokens(), [id], "a token that two devices used is seen");
}

#[test]
fn every_knob_takes_every_value_that_it_lists() {
    let samples = |values: &str| -> Vec<String> {
        values
            .split('|')
            .map(|value| match value {
                "FACTOR" => "0.5".into(),
                "MS" | "SECONDS" | "BYTES" | "N" => "5".into(),
                "±MS" => "-5".into(),
                "vendor:ID" => "vendor:0x90".into(),
                "P%" => "5%".into(),
                "23..517" => "185".into(),
                "URL" => "http://127.0.0.1:1".into(),
                "WHEN[@CALL]" => "nth:3@reserve".into(),
                value => value.to_owned(),
            })
            .collect()
    };
    for knob in KNOBS {
        let mut told = BTreeSet::new();
        for value in samples(knob.values) {
            match knob.side {
                Side::Device => {
                    let trouble = Trouble::of([format!("{}={value}", knob.name).as_str()]);
                    told.insert(format!("{:?}", trouble.expect("a listed value")));
                }
                Side::Cloud => {
                    let faults = CloudFaults::of([format!("{}={value}", knob.name).as_str()]);
                    told.insert(format!("{:?}", faults.expect("a listed value")));
                }
                Side::Printer => {
                    let printer = MemoryPrinter::default();
                    printer.set(knob.name, &value).expect("a listed value");
                    assert_eq!(printer.value(knob.name), value, "{} says how it stands", knob.name);
                    told.insert(format!("{printer:?}"));
                }
            }
        }
        let values = knob.values.split('|').count();
        assert_eq!(told.len(), values, "each value of {} makes a difference", knob.name);
        let wrong = match knob.side {
            Side::Device => Trouble::default().set(knob.name, "?!").map(drop),
            Side::Cloud if knob.name == "redirect-to" => continue,
            Side::Cloud => CloudFaults::default().set(knob.name, "?!").map(drop),
            Side::Printer => MemoryPrinter::default().set(knob.name, "?!"),
        };
        assert!(matches!(wrong, Err(KnobError::UnknownValue { .. })), "{}", knob.name);
    }
    for call in Call::ALL {
        CloudFaults::of([format!("lost=always@{}", call.name()).as_str()]).expect("every call can be named");
    }
}

#[test]
fn a_wrong_knob_is_refused_with_what_there_is() {
    let unknown = Trouble::of(["outcom=ok"]).expect_err("no such knob").to_string();
    assert!(
        unknown
            .starts_with("no fault is named `outcom` (did you mean `outcome`?); there are: outcome, reason,"),
        "{unknown}"
    );
    let value = Trouble::of(["outcome=maybe"]).expect_err("no such value").to_string();
    assert!(
        value.starts_with("`maybe` is no value of the fault `outcome`; it takes ok|wrong-password|"),
        "{value}"
    );
    assert!(Trouble::of(["outcome"]).expect_err("no value").to_string().contains("NAME=VALUE"));
    assert!(CloudFaults::of(["lost=sometimes"]).is_err());
    assert!(CloudFaults::of(["lost=once@nothing"]).is_err());
    assert!(CloudFaults::of(["lost=101%"]).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_fleet_has_distinct_devices() {
    let specs = fleet(2_000, &[Dialect::EdgentArduino, Dialect::Linux, Dialect::ConsoleB], 1);
    let macs: BTreeSet<_> = specs.iter().map(|spec| spec.mac.clone()).collect();
    let names: BTreeSet<_> = specs.iter().map(|spec| spec.name.clone()).collect();
    let ports: BTreeSet<_> = specs.iter().map(|spec| spec.port.clone()).collect();
    assert_eq!((macs.len(), names.len(), ports.len()), (2_000, 2_000, 2_000));
    let world = World::new(WorldSettings { devices: specs, ..WorldSettings::default() });
    let mut sightings = world.medium(MediumKind::Ble).watch().await.expect("it watches");
    for _ in 0..1_300 {
        assert_eq!(next(&mut sightings).await.change, Change::Came);
    }
}

#[tokio::test(start_paused = true)]
async fn the_practice_world_has_both_media_and_names_its_troubles() {
    let world = practice_world();
    let of = |kind| world.devices().iter().filter(|device| device.dialect().medium() == kind).count();
    assert!(of(MediumKind::Ble) >= 4 && of(MediumKind::Serial) >= 2);
    assert!(world.device("Practice Pump-K3M7").is_some_and(|device| device.is_in_sight()));
    assert!(world.networks().iter().any(|ap| ap.ssid == sim::air::PRACTICE_SSID));
    world.cloud().reserve(OrgId(sim::cloud::ORG), UserId(sim::cloud::OWNER)).await.expect("the defaults fit");
}

#[tokio::test(start_paused = true)]
async fn more_requests_than_the_limit_wait_for_the_next_minute() {
    let faults = CloudFaults::of(["rate-limit=3", "retry-after=20"]).expect("knobs");
    let world = World::new(WorldSettings { cloud: faults, ..WorldSettings::default() });
    for _ in 0..3 {
        world.cloud().account().await.expect("within the limit");
    }
    let limited = world.cloud().account().await.expect_err("beyond the limit");
    assert_eq!(limited.cause, CloudCause::RateLimited { retry_after: Some(Duration::from_secs(20)) });
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.cloud().account().await.expect("a new minute");
}

#[tokio::test(start_paused = true)]
async fn devices_of_one_name_are_told_apart_by_their_addresses() {
    let world = World::new(WorldSettings { devices: sim::hard_names(1), ..WorldSettings::default() });
    let mut sightings = world.medium(MediumKind::Ble).watch().await.expect("it watches");
    let (first, second) = (next(&mut sightings).await, next(&mut sightings).await);
    assert_eq!(first.advert.name(), second.advert.name());
    assert_ne!(first.address, second.address);
    assert!(world.devices().iter().all(|device| device.name().len() <= 29), "what fits into an advert");
}

#[tokio::test(start_paused = true)]
async fn idle_devices_do_not_let_a_paused_clock_run_ahead() {
    let world = World::new(WorldSettings {
        devices: fleet(10, &[Dialect::EdgentArduino, Dialect::ConsoleB], 1),
        ..WorldSettings::default()
    });
    let mut sightings = world.medium(MediumKind::Ble).watch().await.expect("it watches");
    next(&mut sightings).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = tokio::time::Instant::now();
    // A thread's answer is something real: while it is awaited, a paused clock jumps to the next timer, if there is one.
    tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(20))).await.expect("no panic");
    let (answer, answered) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        let _ = answer.send(());
    });
    answered.await.expect("an answer");
    assert_eq!(before.elapsed(), Duration::ZERO);
}
