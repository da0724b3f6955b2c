//! BLE: the contract of links, and each quirk of BlueZ and its library with its remedy (numbers of decision 0052).
//!
//! The peripherals are those of `lab/echo.py`.

use super::{Test, control, run, until};
use crate::contract::{self, Bench, Device, seen, within};
use async_trait::async_trait;
use futures::StreamExt;
use link::{BleMedium, BleSettings, Change, Link, LinkError, Medium, Readiness};
use proto::{Address, Advert, Packet, Transmit, Wiring};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub const TESTS: &[Test] = &[
    ("contract_what_is_sent_arrives_and_what_is_said_comes_back", || {
        Box::pin(async { contract::what_is_sent_arrives_and_what_is_said_comes_back(&mut bench()).await })
    }),
    ("contract_a_recv_that_is_dropped_loses_nothing", || {
        Box::pin(async { contract::a_recv_that_is_dropped_loses_nothing(&mut bench()).await })
    }),
    ("contract_a_vanished_device_is_lost_and_stays_lost", || {
        Box::pin(async { contract::a_vanished_device_is_lost_and_stays_lost(&mut bench()).await })
    }),
    ("contract_after_close_the_device_opens_again", || {
        Box::pin(async { contract::after_close_the_device_opens_again(&mut bench()).await })
    }),
    ("contract_a_loss_does_not_keep_the_device_from_opening_again", || {
        Box::pin(async { contract::a_loss_does_not_keep_the_device_from_opening_again(&mut bench()).await })
    }),
    ("contract_an_opening_that_is_given_up_leaves_the_device_free", || {
        Box::pin(async { contract::an_opening_that_is_given_up_leaves_the_device_free(&mut bench()).await })
    }),
    ("contract_where_no_device_is_none_opens", || {
        Box::pin(async { contract::where_no_device_is_none_opens(&mut bench()).await })
    }),
    ("contract_coming_going_and_coming_back_are_seen_in_this_order", || {
        Box::pin(async { contract::coming_going_and_coming_back_are_seen_in_this_order(&mut bench()).await })
    }),
    ("contract_two_who_watch_both_see_it", || {
        Box::pin(async { contract::two_who_watch_both_see_it(&mut bench()).await })
    }),
    ("sixteen_devices_at_work_at_once_lose_no_signal", || {
        Box::pin(sixteen_devices_at_work_at_once_lose_no_signal())
    }),
    ("a_device_that_comes_while_others_are_being_connected_is_found", || {
        Box::pin(a_device_that_comes_while_others_are_being_connected_is_found())
    }),
    ("streams_that_end_amid_signals_harm_nobody", || Box::pin(streams_that_end_amid_signals_harm_nobody())),
    ("a_device_forgotten_after_a_failed_connection_is_found_again", || {
        Box::pin(a_device_forgotten_after_a_failed_connection_is_found_again())
    }),
    ("a_device_that_the_system_forgot_is_found_again", || {
        Box::pin(a_device_that_the_system_forgot_is_found_again())
    }),
    ("a_device_that_drops_the_connection_is_tried_again_and_then_told", || {
        Box::pin(a_device_that_drops_the_connection_is_tried_again_and_then_told())
    }),
    ("refused_writes_keep_their_att_code_and_the_link", || {
        Box::pin(refused_writes_keep_their_att_code_and_the_link())
    }),
    ("a_device_that_never_answers_is_not_waited_for_longer_than_we_want", || {
        Box::pin(a_device_that_never_answers_is_not_waited_for_longer_than_we_want())
    }),
    ("a_device_that_wants_pairing_does_not_hold_us_up", || {
        Box::pin(a_device_that_wants_pairing_does_not_hold_us_up())
    }),
    ("a_disconnection_ends_the_link_though_notifications_go_on_waiting", || {
        Box::pin(a_disconnection_ends_the_link_though_notifications_go_on_waiting())
    }),
    ("the_last_words_before_a_disconnection_arrive", || {
        Box::pin(the_last_words_before_a_disconnection_arrive())
    }),
    ("the_wanted_service_decides_between_equal_characteristics", || {
        Box::pin(the_wanted_service_decides_between_equal_characteristics())
    }),
    ("the_size_of_packets_and_the_descriptions_are_known_when_open", || {
        Box::pin(the_size_of_packets_and_the_descriptions_are_known_when_open())
    }),
    ("a_missing_service_is_told", || Box::pin(a_missing_service_is_told())),
    ("only_our_devices_are_shown_and_only_with_names_of_their_own", || {
        Box::pin(only_our_devices_are_shown_and_only_with_names_of_their_own())
    }),
    ("an_adapter_that_is_off_is_told_and_stays_off", || {
        Box::pin(an_adapter_that_is_off_is_told_and_stays_off())
    }),
    ("an_unplugged_adapter_ends_links_and_watches_and_works_again_after", || {
        Box::pin(an_unplugged_adapter_ends_links_and_watches_and_works_again_after())
    }),
    ("an_adapter_that_is_not_there_is_told_by_name", || {
        Box::pin(an_adapter_that_is_not_there_is_told_by_name())
    }),
    ("closing_one_device_does_not_hold_up_another", || {
        Box::pin(closing_one_device_does_not_hold_up_another())
    }),
    ("a_cancelled_caller_does_not_wait_for_a_silent_device", || {
        Box::pin(a_cancelled_caller_does_not_wait_for_a_silent_device())
    }),
];

const fn uuid(short: u32) -> Uuid {
    Uuid::from_u128(((short as u128) << 96) | 0x0000_b1e5_4000_8000_0080_5f9b_34fb)
}

const SERVICE: Uuid = uuid(0xEC00);
const COMMAND: Uuid = uuid(0xEC01);
const STATUS: Uuid = uuid(0xEC02);
const COUNT: Uuid = uuid(0xEC03);
const SECOND: Uuid = uuid(0xEC20);
const SHARED: Uuid = uuid(0xEC11);
const ANSWER: Uuid = uuid(0xEC12);

fn settings() -> BleSettings {
    BleSettings {
        services: vec![SERVICE],
        left_after: Duration::from_secs(2),
        find_within: Duration::from_secs(10),
        ..BleSettings::default()
    }
}

fn medium() -> Arc<BleMedium> {
    // Each test begins with well-behaved devices on the air.
    for name in control(json!({"op": "list"})).as_object().expect("peripherals").keys() {
        faults(
            name,
            json!({
                "refuse": false, "drop_on_connect": false, "disconnect_after_writes": 0, "vanish_after_writes": 0,
                "silent": false, "mute": false, "slow": 0, "write_error": 0, "read_error": 0, "drop_notifications": 0
            }),
        );
    }
    Arc::new(BleMedium::new(settings()))
}

fn wiring() -> Wiring {
    Wiring::Ble { service: Some(SERVICE), subscribe: vec![STATUS], descriptions: false }
}

fn echo(n: u8) -> Address {
    Address::Ble(format!("C0:00:00:00:00:{n:02X}"))
}

fn special(n: u8) -> Address {
    Address::Ble(format!("C0:00:00:00:01:{n:02X}"))
}

fn faults(name: &str, set: serde_json::Value) {
    control(json!({"op": "faults", "name": name, "set": set}));
}

fn write(bytes: &[u8]) -> Transmit {
    Transmit::Write { channel: COMMAND, bytes: bytes.to_vec() }
}

async fn open(medium: &BleMedium, address: &Address) -> Box<dyn Link> {
    within("opening", medium.open(address, &wiring()))
        .await
        .unwrap_or_else(|error| panic!("{address:?}: {error}"))
}

async fn refusal(medium: &BleMedium, address: &Address) -> LinkError {
    match within("being refused", medium.open(address, &wiring())).await {
        Ok(_) => panic!("{address:?} opened"),
        Err(error) => error,
    }
}

/// Writes, and takes the confirmation and the same bytes upside down.
async fn echoes(link: &mut dyn Link, bytes: &[u8]) {
    link.send(write(bytes)).await.expect("an open link");
    let (mut written, mut answer) = (false, None);
    while !written || answer.is_none() {
        let missing = format!("an echo (written: {written}, answered: {})", answer.is_some());
        match within(&missing, link.recv()).await.expect("an open link") {
            Packet::Written { channel: COMMAND } => written = true,
            Packet::Notified { channel: STATUS, bytes } => answer = Some(bytes),
            other => panic!("{other:?}"),
        }
    }
    let expected: Vec<u8> = bytes.iter().rev().copied().collect();
    assert_eq!(answer, Some(expected));
}

#[expect(clippy::print_stdout, reason = "measurements go beside the test's result")]
fn measured(what: &str, since: Instant) {
    println!("    {what}: {} ms", since.elapsed().as_millis());
}

struct BenchDevice {
    told: usize,
}

impl BenchDevice {
    fn written() -> Vec<u8> {
        let writes = control(json!({"op": "list"}))["bench"]["writes"].clone();
        let writes: Vec<(String, String)> = serde_json::from_value(writes).expect("writes");
        let hex = writes.into_iter().map(|(_, hex)| hex).collect::<String>();
        (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex")).collect()
    }
}

#[async_trait]
impl Device for BenchDevice {
    async fn hears(&mut self, count: usize) -> Vec<u8> {
        let told = self.told;
        let bytes =
            until("a write", || BenchDevice::written().get(told..told + count).map(<[u8]>::to_vec)).await;
        self.told += count;
        bytes
    }

    async fn says(&mut self, bytes: &[u8]) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        control(json!({"op": "notify", "name": "bench", "char": STATUS.to_string(), "hex": hex}));
    }

    async fn vanishes(&mut self) {
        control(json!({"op": "vanish", "name": "bench"}));
    }

    async fn returns(&mut self) {
        control(json!({"op": "advertise", "name": "bench"}));
    }
}

fn bench() -> Bench {
    let medium = medium();
    Bench {
        medium,
        address: special(0),
        nowhere: Address::Ble("C0:FF:FF:FF:FF:FF".to_owned()),
        wiring: wiring(),
        transmit: write,
        device: Box::new(BenchDevice { told: BenchDevice::written().len() }),
    }
}

/// 1: without the adapter's events held, most runs of this fail.
async fn sixteen_devices_at_work_at_once_lose_no_signal() {
    let medium = medium();
    let start = Instant::now();
    let opening = (1..=16).map(|n| {
        let medium = medium.clone();
        async move {
            let address = echo(n);
            // One at a time is connected, so the last waits for fifteen others.
            let opened = tokio::time::timeout(contract::BOUND * 4, medium.open(&address, &wiring())).await;
            let link = opened.unwrap_or_else(|_| panic!("{address:?} was not opened"));
            link.unwrap_or_else(|error| panic!("{address:?}: {error}"))
        }
    });
    let links = futures::future::join_all(opening).await;
    measured("sixteen devices opened", start);
    let working = links.into_iter().map(|mut link| async move {
        for round in 0..20_u8 {
            echoes(link.as_mut(), &[round, 1, 2, 3]).await;
        }
        link
    });
    let links = futures::future::join_all(working).await;
    let start = Instant::now();
    within("closing all", futures::future::join_all(links.into_iter().map(Link::close))).await;
    measured("sixteen devices closed", start);
}

/// 12: connections in a row, each of which takes longer here than this device is looked for, leave the scan its turns.
async fn a_device_that_comes_while_others_are_being_connected_is_found() {
    drop(medium());
    let medium = Arc::new(BleMedium::new(BleSettings { find_within: Duration::from_secs(3), ..settings() }));
    control(json!({"op": "hide", "name": "echo-9"}));
    let refusing = (1..=2).map(|n| {
        faults(&format!("echo-{n}"), json!({"refuse": true}));
        let medium = medium.clone();
        tokio::spawn(async move { medium.open(&echo(n), &wiring()).await.err() })
    });
    let refusing: Vec<_> = refusing.collect();
    let opening = tokio::spawn({
        let medium = medium.clone();
        async move { medium.open(&echo(9), &wiring()).await }
    });
    until("the scan", || is("Discovering").then_some(())).await;
    until("the scan to rest for a connection", || (!is("Discovering")).then_some(())).await;
    control(json!({"op": "advertise", "name": "echo-9"}));
    let mut link = within("opening amid others", opening).await.expect("no panic").expect("it is on the air");
    echoes(link.as_mut(), b"found").await;
    link.close().await;
    refusing.iter().for_each(tokio::task::JoinHandle::abort);
    self::medium(); // nobody refuses any more
    for n in 1..=2 {
        within("being let go", async {
            while let Err(LinkError::ConnectRefused { .. }) = medium.open(&echo(n), &wiring()).await.map(drop)
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// 2: the library panics now and then when a stream ends while a signal comes; nobody may notice.
async fn streams_that_end_amid_signals_harm_nobody() {
    let medium = medium();
    let mut steady = open(&medium, &echo(2)).await;
    for round in 0..5_u8 {
        let mut link = open(&medium, &echo(1)).await;
        link.send(write(&[round; 20])).await.expect("an open link");
        let word = [round];
        tokio::join!(link.close(), echoes(steady.as_mut(), &word));
    }
    echoes(steady.as_mut(), b"still here").await;
    steady.close().await;
}

/// 3 and 4: nobody answers; BlueZ forgets the device then.
async fn a_device_forgotten_after_a_failed_connection_is_found_again() {
    let medium = medium();
    faults("echo-1", json!({"refuse": true}));
    let start = Instant::now();
    let refused = refusal(&medium, &echo(1)).await;
    measured("given up", start);
    assert!(matches!(refused, LinkError::ConnectRefused { .. }), "{refused:?}");
    faults("echo-1", json!({"refuse": false}));
    let mut link = open(&medium, &echo(1)).await;
    echoes(link.as_mut(), b"found again").await;
    link.close().await;
}

/// 3: as BlueZ does by itself 30 s after a scan.
async fn a_device_that_the_system_forgot_is_found_again() {
    let medium = medium();
    let mut sightings = medium.watch().await.expect("a watch");
    seen(&mut sightings, &echo(1), Change::Came).await;
    drop(sightings);
    let forget = || {
        run(
            "dbus-send",
            &[
                "--system",
                "--print-reply",
                "--dest=org.bluez",
                "/org/bluez/hci0",
                "org.bluez.Adapter1.RemoveDevice",
                "objpath:/org/bluez/hci0/dev_C0_00_00_00_00_01",
            ],
        )
    };
    forget();
    let mut link = open(&medium, &echo(1)).await;
    echoes(link.as_mut(), b"found again").await;
    link.close().await;
}

/// 4
async fn a_device_that_drops_the_connection_is_tried_again_and_then_told() {
    let medium = medium();
    faults("echo-1", json!({"drop_on_connect": true}));
    let start = Instant::now();
    let refused = refusal(&medium, &echo(1)).await;
    measured("given up", start);
    assert!(matches!(refused, LinkError::ConnectRefused { .. }), "{refused:?}");
    faults("echo-1", json!({"drop_on_connect": false}));
    open(&medium, &echo(1)).await.close().await;
}

/// 5
async fn refused_writes_keep_their_att_code_and_the_link() {
    let medium = medium();
    let mut link = open(&medium, &echo(1)).await;
    for code in [0x03_u8, 0x08, 0x0D, 0x80] {
        faults("echo-1", json!({"write_error": code}));
        link.send(write(b"?")).await.expect("an open link");
        let packet = within("a refusal", link.recv()).await;
        assert_eq!(packet, Ok(Packet::Refused { channel: COMMAND, att_error: Some(code) }));
    }
    faults("echo-1", json!({"write_error": 0, "read_error": 0x80}));
    link.send(Transmit::Read { channel: COUNT }).await.expect("an open link");
    let packet = within("a refusal", link.recv()).await;
    assert_eq!(packet, Ok(Packet::Refused { channel: COUNT, att_error: Some(0x80) }));
    faults("echo-1", json!({"read_error": 0}));
    link.send(Transmit::Read { channel: COUNT }).await.expect("an open link");
    let packet = within("a value", link.recv()).await;
    assert_eq!(packet, Ok(Packet::Value { channel: COUNT, bytes: vec![42] }));
    // This one is subscribed to as well; what was read is not told again as a notification.
    link.send(Transmit::Read { channel: STATUS }).await.expect("an open link");
    let packet = within("a value", link.recv()).await;
    assert_eq!(packet, Ok(Packet::Value { channel: STATUS, bytes: vec![0] }));
    echoes(link.as_mut(), b"goes on").await;
    link.close().await;
}

/// 5: BlueZ waits for half a minute.
async fn a_device_that_never_answers_is_not_waited_for_longer_than_we_want() {
    let medium = medium();
    let mut link = open(&medium, &echo(1)).await;
    faults("echo-1", json!({"mute": true}));
    link.send(write(b"?")).await.expect("an open link");
    let start = Instant::now();
    let silence = within("our patience", link.recv()).await;
    measured("patience", start);
    assert_eq!(silence, Err(LinkError::TimedOut { what: "the device's answer" }));
    within("closing", link.close()).await;
    faults("echo-1", json!({"mute": false}));
    open(&medium, &echo(1)).await.close().await;
}

/// 5: BlueZ tries to pair for half a minute and does not say so meanwhile, so all that can be told is silence.
async fn a_device_that_wants_pairing_does_not_hold_us_up() {
    let medium = medium();
    let mut link = open(&medium, &echo(3)).await;
    faults("echo-3", json!({"write_error": 0x05}));
    link.send(write(b"?")).await.expect("an open link");
    let refused = within("a refusal", link.recv()).await;
    assert!(
        matches!(refused, Err(LinkError::NeedsPairing | LinkError::TimedOut { .. } | LinkError::Lost)),
        "{refused:?}"
    );
    within("closing", link.close()).await;
}

/// 6: only the adapter's events tell of it.
async fn a_disconnection_ends_the_link_though_notifications_go_on_waiting() {
    let medium = medium();
    for fault in [json!({"disconnect_after_writes": 2}), json!({"vanish_after_writes": 2})] {
        let mut link = open(&medium, &echo(4)).await;
        faults("echo-4", fault);
        echoes(link.as_mut(), b"one").await;
        link.send(write(b"two")).await.expect("an open link");
        let start = Instant::now();
        assert_eq!(within("the loss", link.recv()).await, Err(LinkError::Lost));
        measured("noticed", start);
        within("closing", link.close()).await;
        faults("echo-4", json!({"disconnect_after_writes": 0, "vanish_after_writes": 0}));
        control(json!({"op": "advertise", "name": "echo-4"}));
    }
    // And without any request under way.
    let mut link = open(&medium, &echo(4)).await;
    control(json!({"op": "disconnect", "name": "echo-4"}));
    assert_eq!(within("the loss", link.recv()).await, Err(LinkError::Lost));
    link.close().await;
}

/// 6: what it says right after the subscription, and right before it hangs up.
async fn the_last_words_before_a_disconnection_arrive() {
    let medium = medium();
    for _ in 0..5 {
        let mut link = open(&medium, &special(3)).await;
        link.send(write(b"and?")).await.expect("an open link");
        let mut words = Vec::new();
        let end = loop {
            match within("the last words", link.recv()).await {
                Ok(Packet::Notified { bytes, .. }) => words.extend(bytes),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!((words.as_slice(), end), (&b"bye"[..], LinkError::Lost));
        link.close().await;
    }
}

/// 7
async fn the_wanted_service_decides_between_equal_characteristics() {
    let medium = medium();
    let wiring = Wiring::Ble { service: Some(SECOND), subscribe: vec![ANSWER], descriptions: false };
    let mut link = within("opening", medium.open(&special(4), &wiring)).await.expect("the twins");
    assert!(link.opened().channels.iter().all(|channel| channel.service == SECOND), "{:?}", link.opened());
    link.send(Transmit::Write { channel: SHARED, bytes: b"who?".to_vec() }).await.expect("an open link");
    assert_eq!(within("an answer", contract::said(link.as_mut())).await, Ok(b"second".to_vec()));
    link.close().await;
}

/// 7: the size is right only after the services are known.
async fn the_size_of_packets_and_the_descriptions_are_known_when_open() {
    let medium = medium();
    let wiring = Wiring::Ble { service: Some(SERVICE), subscribe: vec![], descriptions: true };
    let link = within("opening", medium.open(&special(1), &wiring)).await.expect("a device");
    assert_eq!(link.opened().mtu, 64);
    let mut described: Vec<_> = link
        .opened()
        .channels
        .iter()
        .map(|channel| (channel.characteristic, channel.description.clone()))
        .collect();
    described.sort();
    let described: Vec<_> = described.iter().map(|(channel, text)| (*channel, text.as_deref())).collect();
    assert_eq!(described, [(COMMAND, None), (STATUS, Some("status")), (COUNT, Some("count"))]);
    link.close().await;
}

async fn a_missing_service_is_told() {
    let medium = medium();
    let wiring = Wiring::Ble { service: Some(SECOND), subscribe: vec![], descriptions: false };
    let refused = within("opening", medium.open(&echo(5), &wiring)).await.err();
    assert_eq!(refused, Some(LinkError::ServiceMissing));
    open(&medium, &echo(5)).await.close().await;
}

/// 8: an address is no name, and what others scan for is not ours.
async fn only_our_devices_are_shown_and_only_with_names_of_their_own() {
    let medium = medium();
    // A medium that shows all, so that BlueZ reports the foreign device to everybody.
    let all = BleMedium::new(BleSettings { services: vec![], ..settings() });
    let mut everything = all.watch().await.expect("a watch");
    let foreign = special(5);
    seen(&mut everything, &foreign, Change::Came).await;
    let mut ours = medium.watch().await.expect("a watch");
    let mut names = std::collections::BTreeMap::new();
    let mut nameless = false;
    within("sixteen names", async {
        while names.len() < 16 || !nameless {
            let sighting = ours.next().await.expect("a watch").expect("a medium that works");
            assert_ne!(sighting.address, foreign);
            let Advert::Ble(advert) = &sighting.advert else { panic!("{sighting:?}") };
            assert!(advert.rssi.is_some() && advert.services.contains(&SERVICE), "{sighting:?}");
            assert_eq!(advert.adapter.as_deref(), Some("hci0"));
            match &advert.name {
                name if sighting.address == special(2) => {
                    assert_eq!(*name, None);
                    nameless = true;
                }
                Some(name) if name.starts_with("echo-") => drop(names.insert(name.clone(), sighting.address)),
                _ => {}
            }
        }
    })
    .await;
    assert_eq!(names.get("echo-7"), Some(&echo(7)));
}

fn power(on: bool) {
    let value = format!("variant:boolean:{on}");
    run(
        "dbus-send",
        &[
            "--system",
            "--print-reply",
            "--dest=org.bluez",
            "/org/bluez/hci0",
            "org.freedesktop.DBus.Properties.Set",
            "string:org.bluez.Adapter1",
            "string:Powered",
            &value,
        ],
    );
}

fn is_powered() -> bool {
    is("Powered")
}

/// One of the adapter's properties.
fn is(property: &str) -> bool {
    run(
        "dbus-send",
        &[
            "--system",
            "--print-reply",
            "--dest=org.bluez",
            "/org/bluez/hci0",
            "org.freedesktop.DBus.Properties.Get",
            "string:org.bluez.Adapter1",
            &format!("string:{property}"),
        ],
    )
    .contains("boolean true")
}

/// 8 and 9
async fn an_adapter_that_is_off_is_told_and_stays_off() {
    let medium = medium();
    let mut link = open(&medium, &echo(2)).await;
    // The scan is running when this is seen. Begun at the very moment of the switch, it would switch it on again.
    let mut watch = medium.watch().await.expect("a watch");
    seen(&mut watch, &echo(1), Change::Came).await;
    power(false);
    assert_eq!(within("the loss", contract::said(link.as_mut())).await, Err(LinkError::Lost));
    let end = within("the end of the watch", async {
        loop {
            if let Err(error) = watch.next().await.expect("an error, before it ends") {
                return error;
            }
        }
    })
    .await;
    assert_eq!(end, LinkError::AdapterOff);
    assert_eq!(within("asking", medium.readiness()).await, Readiness::NotReady(LinkError::AdapterOff));
    assert_eq!(medium.watch().await.err(), Some(LinkError::AdapterOff));
    assert_eq!(refusal(&medium, &echo(1)).await, LinkError::AdapterOff);
    assert!(!is_powered(), "asking must not switch it on");
    within("closing", link.close()).await;
    power(true);
    until("the adapter", || is_powered().then_some(())).await;
    let mut link = open(&medium, &echo(1)).await;
    echoes(link.as_mut(), b"on again").await;
    link.close().await;
}

/// 9
async fn an_unplugged_adapter_ends_links_and_watches_and_works_again_after() {
    let medium = medium();
    let mut watch = medium.watch().await.expect("a watch");
    seen(&mut watch, &echo(1), Change::Came).await;
    let mut link = open(&medium, &echo(2)).await;
    control(json!({"op": "unplug", "adapter": 0}));
    assert_eq!(within("the loss", contract::said(link.as_mut())).await, Err(LinkError::Lost));
    let (mut left, mut end) = (false, None);
    within("the end of the watch", async {
        while end.is_none() {
            match watch.next().await.expect("an error, before it ends") {
                Ok(sighting) => left |= sighting.address == echo(1) && sighting.change == Change::Left,
                Err(error) => end = Some(error),
            }
        }
    })
    .await;
    // Off first, then gone: both are true at their time.
    assert!(matches!(end, Some(LinkError::NoAdapter { .. } | LinkError::AdapterOff)), "{end:?}");
    assert!(left, "what was there has left");
    within("closing", link.close()).await;
    let gone = Readiness::NotReady(LinkError::NoAdapter { wanted: None });
    within("the adapter to be missed", async {
        while medium.readiness().await != gone {
            tokio::task::yield_now().await;
        }
    })
    .await;
    control(json!({"op": "plug", "adapter": 0}));
    within("the adapter to be back", async {
        while !matches!(medium.readiness().await, Readiness::Ready { .. }) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut watch = medium.watch().await.expect("a watch");
    seen(&mut watch, &echo(1), Change::Came).await;
    let mut link = open(&medium, &echo(2)).await;
    echoes(link.as_mut(), b"plugged again").await;
    link.close().await;
}

async fn an_adapter_that_is_not_there_is_told_by_name() {
    let medium = BleMedium::new(BleSettings { adapter: Some("hci7".to_owned()), ..settings() });
    drop(self::medium());
    let missing = LinkError::NoAdapter { wanted: Some("hci7".to_owned()) };
    assert_eq!(within("asking", medium.readiness()).await, Readiness::NotReady(missing.clone()));
    assert_eq!(medium.watch().await.err(), Some(missing));
    let named = BleMedium::new(BleSettings { adapter: Some("hci0".to_owned()), ..settings() });
    let mut link = open(&named, &echo(1)).await;
    echoes(link.as_mut(), b"by name").await;
    link.close().await;
}

/// bluetoothd takes 2 s to let a device go.
async fn closing_one_device_does_not_hold_up_another() {
    let medium = medium();
    let one = open(&medium, &echo(1)).await;
    let mut other = open(&medium, &echo(2)).await;
    let start = Instant::now();
    let mut echoed = 0;
    let mut closing = one.close();
    within("closing", async {
        loop {
            tokio::select! { biased;
                () = &mut closing => return,
                () = echoes(other.as_mut(), b"meanwhile") => echoed += 1,
            }
        }
    })
    .await;
    measured(&format!("closed, {echoed} echoes of the other one meanwhile"), start);
    other.close().await;
}

async fn a_cancelled_caller_does_not_wait_for_a_silent_device() {
    let medium = medium();
    let mut link = open(&medium, &echo(1)).await;
    faults("echo-1", json!({"mute": true}));
    let start = Instant::now();
    link.send(write(b"?")).await.expect("an open link");
    measured("handed over", start);
    within("closing amid a request", link.close()).await;
    measured("closed", start);
    faults("echo-1", json!({"mute": false}));
}
