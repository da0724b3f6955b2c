//! The BLE dialects of the simulator against the device protocols, section 3: bytes as the reference quotes them.
//!
//! Spoken by hand over the in-memory link, without the product's own encoders.

use link::{Link, LinkError};
use proto::{MediumKind, Packet, Transmit, Wiring};
use sim::device::inject::{RX, SERVICE, TX};
use sim::{DeviceSpec, Dialect, World};
use std::time::Duration;

async fn open(world: &World, name: &str) -> Box<dyn Link> {
    let address = world.device(name).expect("the device is in the world").address();
    let wiring = Wiring::Ble { service: Some(SERVICE), subscribe: vec![TX], descriptions: false };
    world.medium(MediumKind::Ble).open(&address, &wiring).await.expect("it opens")
}

async fn say(link: &mut dyn Link, text: &str) {
    link.send(Transmit::Write { channel: RX, bytes: text.as_bytes().to_vec() })
        .await
        .expect("the link holds");
    let confirmed = link.recv().await.expect("the link holds");
    assert_eq!(confirmed, Packet::Written { channel: RX });
}

async fn next(link: &mut dyn Link) -> String {
    let packet =
        tokio::time::timeout(Duration::from_secs(120), link.recv()).await.expect("an answer in time");
    match packet.expect("the link holds") {
        Packet::Notified { channel, bytes } if channel == TX => String::from_utf8(bytes).expect("text"),
        other => panic!("not expected here: {other:?}"),
    }
}

fn arduino() -> DeviceSpec {
    DeviceSpec::new(Dialect::EdgentArduino, 1).named("Acme Pump-K3M7")
}

#[tokio::test(start_paused = true)]
async fn a_device_with_the_right_values_is_seen_by_the_cloud() {
    let world = World::with(arduino());
    let issued = world.cloud_state().reserve(1, 1).expect("a token");
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, r#"{"t":"info"}"#).await;
    let info = next(&mut *link).await;
    assert!(info.starts_with(r#"{"t":"info","vendor":"Practice","tmpl_id":"TMPL4xYzAbCdE","fw_type":"TMPL4xYzAbCdE","fw_ver":"1.4.2","#), "{info}");
    assert!(info.ends_with(r#""caps":["live_status"]}"#), "{info}");
    say(&mut *link, r#"{"t":"set","if":"wifi","ssid":"Workshop 2G","pass":"correct horse"}"#).await;
    assert_eq!(next(&mut *link).await, r#"{"t":"set_ok"}"#);
    say(&mut *link, &format!(r#"{{"t":"set","blynk":"{}","host":"cloud.practice.test"}}"#, issued.token))
        .await;
    assert_eq!(next(&mut *link).await, r#"{"t":"set_ok"}"#);
    assert!(world.cloud_state().shown(issued.device).is_err(), "no record before the first check-in");
    say(&mut *link, r#"{"t":"connect"}"#).await;
    assert_eq!(next(&mut *link).await, r#"{"t":"connecting"}"#);
    assert_eq!(next(&mut *link).await, r#"{"t":"status","s":"connecting_net"}"#);
    let net = next(&mut *link).await;
    assert!(
        net.starts_with(r#"{"t":"net_status","if":"wifi","state":"CONNECTED","ssid":"Workshop 2G","bssid":"#),
        "{net}"
    );
    assert_eq!(next(&mut *link).await, r#"{"t":"status","s":"connecting_cloud"}"#);
    assert_eq!(next(&mut *link).await, r#"{"t":"status","s":"connected"}"#);
    link.close().await;
    let seen = world.cloud_state().shown(issued.device).expect("a record");
    assert!(seen.connected && seen.first_connect > 0);
    assert_eq!(seen.hardware.map(|hardware| hardware.template).as_deref(), Some("TMPL4xYzAbCdE"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_cloud_did_not_make_is_refused() {
    let world = World::with(arduino());
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, r#"{"t":"set","if":"wifi","ssid":"Workshop 2G","pass":"correct horse"}"#).await;
    say_through(
        &mut *link,
        r#"{"t":"set","blynk":"Ab3-xY9_Ab3-xY9_Ab3-xY9_Ab3-xY9_","host":"cloud.practice.test"}"#,
    )
    .await;
    say_through(&mut *link, r#"{"t":"connect"}"#).await;
    assert_eq!(until(&mut *link, "cloud_fail").await, r#"{"t":"cloud_fail","reason":"auth_failed"}"#);
    assert!(world.cloud_state().visible_devices().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_takes_fifty_seconds_to_be_told() {
    let world = World::with(arduino());
    let issued = world.cloud_state().reserve(1, 1).expect("a token");
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, r#"{"t":"set","if":"wifi","ssid":"Workshop 2G","pass":"wrong horse"}"#).await;
    say_through(
        &mut *link,
        &format!(r#"{{"t":"set","blynk":"{}","host":"cloud.practice.test"}}"#, issued.token),
    )
    .await;
    let before = tokio::time::Instant::now();
    say_through(&mut *link, r#"{"t":"connect"}"#).await;
    assert_eq!(until(&mut *link, "net_fail").await, r#"{"t":"net_fail","reason":"invalid_credentials"}"#);
    assert_eq!(before.elapsed(), Duration::from_secs(50));
}

/// Says it while answers to earlier words may still be on their way.
async fn say_through(link: &mut dyn Link, text: &str) {
    link.send(Transmit::Write { channel: RX, bytes: text.as_bytes().to_vec() })
        .await
        .expect("the link holds");
}

async fn until(link: &mut dyn Link, kind: &str) -> String {
    loop {
        match tokio::time::timeout(Duration::from_secs(300), link.recv()).await.expect("in time") {
            Ok(Packet::Notified { bytes, .. }) => {
                let text = String::from_utf8(bytes).expect("text");
                if text.starts_with(&format!("{{\"t\":\"{kind}\"")) {
                    return text;
                }
            }
            Ok(_) => {}
            Err(LinkError::Lost) => panic!("lost before {kind}"),
            Err(error) => panic!("{error}"),
        }
    }
}

fn spec(dialect: Dialect, faults: &[&str]) -> DeviceSpec {
    let trouble = sim::trouble::Trouble::of(faults.iter().copied()).expect("known knobs");
    DeviceSpec::new(dialect, 1).named("Acme Pump-K3M7").trouble(trouble)
}

/// Hands over network and token, and says `connect`.
async fn deliver(world: &World, link: &mut dyn Link, password: &str) -> i32 {
    let issued = world.cloud_state().reserve(1, 1).expect("a token");
    say_through(link, &format!(r#"{{"t":"set","if":"wifi","ssid":"Workshop 2G","pass":"{password}"}}"#))
        .await;
    let auth = format!(r#"{{"t":"set","blynk":"{}","host":"cloud.practice.test"}}"#, issued.token);
    say_through(link, &auth).await;
    say_through(link, r#"{"t":"connect"}"#).await;
    issued.device
}

/// All that it says until the link is lost or nothing came for `quiet`.
async fn all(link: &mut dyn Link, quiet: Duration) -> (Vec<String>, bool) {
    let mut said = Vec::new();
    loop {
        match tokio::time::timeout(quiet, link.recv()).await {
            Err(_) => return (said, false),
            Ok(Err(_)) => return (said, true),
            Ok(Ok(Packet::Notified { bytes, .. })) => said.push(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(Ok(_)) => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_dialect_presents_itself_in_its_own_way() {
    for (dialect, has, lacks) in [
        (Dialect::EdgentArduino, "\"uid\":", "last_error"),
        (Dialect::EdgentIdf, "\"last_error\":0", "caps"),
        (Dialect::Particle, "\"last_error\":0", "uid"),
        (Dialect::Linux, "\"fw_type\":\"0\"", "caps"),
    ] {
        let world = World::with(spec(dialect, &[]));
        let mut link = open(&world, "Acme Pump-K3M7").await;
        say(&mut *link, r#"{"t":"info"}"#).await;
        let info = next(&mut *link).await;
        assert!(info.contains(has) && !info.contains(lacks), "{}: {info}", dialect.name());
    }
}

#[tokio::test(start_paused = true)]
async fn interfaces_are_listed_as_the_reference_quotes_them() {
    let world = World::with(spec(Dialect::EdgentArduino, &["cable=ready"]));
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, r#"{"t":"ifs"}"#).await;
    assert_eq!(next(&mut *link).await, r#"{"t":"ifs_start"}"#);
    let wifi = r#"{"t":"if","name":"wifi","mac":"24:6F:28:00:00:01","scan":1,"5ghz":0,"static_ip":1}"#;
    assert_eq!(next(&mut *link).await, wifi);
    let eth = r#"{"t":"if","name":"eth","mac":"24:6F:28:00:00:01","status":"ready","ip":"10.0.0.23","static_ip":1}"#;
    assert_eq!(next(&mut *link).await, eth);
    assert_eq!(next(&mut *link).await, r#"{"t":"ifs_end"}"#);
    let world = World::with(spec(Dialect::Linux, &[]));
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, r#"{"t":"ifs"}"#).await;
    next(&mut *link).await;
    let wifi = next(&mut *link).await;
    assert!(wifi.contains("\"status\":\"ready\"") && !wifi.contains("5ghz"), "{wifi}");
}

#[tokio::test(start_paused = true)]
async fn scans_differ_by_dialect() {
    let rows = async |dialect| {
        let world = World::with(spec(dialect, &[]));
        let mut link = open(&world, "Acme Pump-K3M7").await;
        say(&mut *link, r#"{"t":"scan"}"#).await;
        all(&mut *link, Duration::from_secs(30)).await.0
    };
    let arduino = rows(Dialect::EdgentArduino).await;
    assert_eq!(
        (arduino[0].as_str(), arduino[arduino.len() - 1].as_str()),
        (r#"{"t":"scan_start"}"#, r#"{"t":"scan_end"}"#)
    );
    let first = &arduino[1];
    assert!(first.starts_with(r#"{"t":"scan","ssid":"Workshop 2G","bssid":"#), "{first}");
    assert!(first.ends_with(r#","rssi":-58,"sec":"WPA2","ch":6}"#), "{first}");
    let duplicates = |rows: &[String]| rows.iter().filter(|row| row.contains("Workshop 2G")).count();
    assert_eq!(duplicates(&arduino), 2, "one row per access point");
    assert!(!arduino.concat().contains("Backroom"), "hidden");
    assert!(!arduino.concat().contains("Across The Street"), "too weak");
    assert!(!arduino.concat().contains("Workshop 5G"), "its radio has 2.4 GHz only");
    let linux = rows(Dialect::Linux).await;
    assert_eq!(duplicates(&linux), 1, "one row per name");
    let unreadable = |rows: &[String]| {
        rows.iter().filter(|row| serde_json::from_str::<serde_json::Value>(row).is_err()).count()
    };
    assert_eq!(unreadable(&arduino), 0);
    assert_eq!(unreadable(&rows(Dialect::EdgentIdf).await), 1, "a name with quotes breaks its JSON");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_understood_is_answered_or_met_with_silence() {
    let world = World::with(arduino());
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, r#"{"t":"dance"}"#).await;
    assert_eq!(next(&mut *link).await, r#"{"t":"error","msg":"invalid command"}"#);
    say(&mut *link, "dance").await;
    assert_eq!(next(&mut *link).await, r#"{"t":"error","msg":"wrong format"}"#);
    let world = World::with(spec(Dialect::EdgentIdf, &[]));
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, r#"{"t":"dance"}"#).await;
    say(&mut *link, "dance").await;
    assert_eq!(all(&mut *link, Duration::from_secs(30)).await, (vec![], false));
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_fail_and_arduino_keeps_the_known_ones_of_them() {
    for (dialect, answer, joins) in [
        (Dialect::EdgentArduino, r#"{"t":"set_fail"}"#, true),
        (Dialect::Linux, r#"{"t":"set_fail"}"#, false),
        (Dialect::EdgentIdf, r#"{"t":"set_ok"}"#, true),
    ] {
        let world = World::with(spec(dialect, &[]));
        let issued = world.cloud_state().reserve(1, 1).expect("a token");
        let mut link = open(&world, "Acme Pump-K3M7").await;
        say(&mut *link, r#"{"t":"set","if":"wifi","ssid":"Workshop 2G","pass":"correct horse"}"#).await;
        next(&mut *link).await;
        let odd = format!(r#"{{"t":"set","blynk":"{}","host":"cloud.practice.test","odd":1}}"#, issued.token);
        say(&mut *link, &odd).await;
        assert_eq!(next(&mut *link).await, answer, "{}", dialect.name());
        say(&mut *link, r#"{"t":"connect"}"#).await;
        let started = next(&mut *link).await == r#"{"t":"connecting"}"#;
        assert_eq!(started, joins, "{}", dialect.name());
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_too_long_restarts_idf_and_is_dropped_by_arduino() {
    let ssid = "x".repeat(32);
    let world = World::with(spec(Dialect::EdgentIdf, &[]));
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say_through(&mut *link, &format!(r#"{{"t":"set","ssid":"{ssid}"}}"#)).await;
    assert_eq!(all(&mut *link, Duration::from_secs(30)).await, (vec![], true));
    let world = World::with(arduino());
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, &format!(r#"{{"t":"set","if":"wifi","ssid":"{ssid}"}}"#)).await;
    assert_eq!(next(&mut *link).await, r#"{"t":"set_ok"}"#);
    say(&mut *link, r#"{"t":"connect"}"#).await;
    assert_eq!(next(&mut *link).await, r#"{"t":"connect_fail","msg":"configuration invalid"}"#);
}

#[tokio::test(start_paused = true)]
async fn particle_drops_the_link_at_once_and_tells_the_error_next_time() {
    let world = World::with(spec(Dialect::Particle, &[]));
    let mut link = open(&world, "Acme Pump-K3M7").await;
    deliver(&world, &mut *link, "wrong horse").await;
    let (said, lost) = all(&mut *link, Duration::from_secs(10)).await;
    assert!(lost, "dropped at once");
    assert_eq!(said.last().map(String::as_str), Some(r#"{"t":"connecting"}"#));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, r#"{"t":"info"}"#).await;
    assert!(next(&mut *link).await.contains("\"last_error\":722"));
}

#[tokio::test(start_paused = true)]
async fn linux_says_connected_before_it_has_tried() {
    let world = World::with(spec(Dialect::Linux, &[]));
    let mut link = open(&world, "Acme Pump-K3M7").await;
    let device = deliver(&world, &mut *link, "correct horse").await;
    until(&mut *link, "status").await;
    let (said, _) = all(&mut *link, Duration::from_millis(1_100)).await;
    let (more, _) = all(&mut *link, Duration::from_millis(1_600)).await;
    assert!(
        said.is_empty() && more.contains(&r#"{"t":"status","s":"connected"}"#.to_owned()),
        "{said:?} {more:?}"
    );
    assert!(!more.concat().contains("net_status"));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(world.cloud_state().shown(device).expect("a record").connected);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_arduino_has_forgotten_all_and_takes_all_again() {
    let world = World::with(arduino());
    let mut link = open(&world, "Acme Pump-K3M7").await;
    deliver(&world, &mut *link, "wrong horse").await;
    until(&mut *link, "net_fail").await;
    say(&mut *link, r#"{"t":"connect"}"#).await;
    assert_eq!(next(&mut *link).await, r#"{"t":"connect_fail","msg":"configuration invalid"}"#);
    let device = deliver(&world, &mut *link, "correct horse").await;
    loop {
        if until(&mut *link, "status").await == r#"{"t":"status","s":"connected"}"# {
            break;
        }
    }
    assert!(world.cloud_state().shown(device).expect("a record").connected);
    assert_eq!(world.devices()[0].kept().networks.len(), 1, "the same name is overwritten");
}

#[tokio::test(start_paused = true)]
async fn staged_values_do_not_outlive_the_link() {
    let world = World::with(arduino());
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(
        &mut *link,
        r#"{"t":"set","if":"wifi","ssid":"Workshop 2G","blynk":"Ab3-xY9_Ab3-xY9_Ab3-xY9_Ab3-xY9_"}"#,
    )
    .await;
    link.close().await;
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, r#"{"t":"connect"}"#).await;
    assert_eq!(next(&mut *link).await, r#"{"t":"connect_fail","msg":"configuration invalid"}"#);
}

#[tokio::test(start_paused = true)]
async fn without_a_host_arduino_cannot_store_an_otherwise_good_connection() {
    let world = World::with(arduino());
    let issued = world.cloud_state().reserve(1, 1).expect("a token");
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say_through(&mut *link, r#"{"t":"set","if":"wifi","ssid":"Workshop 2G","pass":"correct horse"}"#).await;
    say_through(&mut *link, &format!(r#"{{"t":"set","blynk":"{}"}}"#, issued.token)).await;
    say_through(&mut *link, r#"{"t":"connect"}"#).await;
    assert_eq!(
        until(&mut *link, "connect_fail").await,
        r#"{"t":"connect_fail","msg":"failed to store configuration"}"#
    );
}

#[tokio::test(start_paused = true)]
async fn a_small_mtu_cuts_what_the_device_says() {
    let world = World::with(spec(Dialect::EdgentArduino, &["mtu=64"]));
    let mut link = open(&world, "Acme Pump-K3M7").await;
    say(&mut *link, r#"{"t":"info"}"#).await;
    assert_eq!(next(&mut *link).await.len(), 61);
    let long = format!(r#"{{"t":"set","ssid":"{}"}}"#, "x".repeat(60));
    say_through(&mut *link, &long).await;
    assert_eq!(link.recv().await, Ok(Packet::Refused { channel: RX, att_error: Some(0x0D) }));
}

#[tokio::test(start_paused = true)]
async fn each_outcome_is_told_in_the_words_of_the_reference() {
    for (fault, word) in [
        ("outcome=wrong-password", r#"{"t":"net_fail","reason":"invalid_credentials"}"#),
        ("outcome=missing-ssid", r#"{"t":"net_fail","reason":"not_found"}"#),
        ("outcome=5ghz", r#"{"t":"net_fail","reason":"not_found"}"#),
        ("outcome=no-ip", r#"{"t":"net_fail","reason":"no_ip_assigned"}"#),
        ("outcome=net-timeout", r#"{"t":"net_fail","reason":"timeout"}"#),
        ("outcome=cloud-timeout", r#"{"t":"cloud_fail","reason":"timeout"}"#),
        ("outcome=bad-token", r#"{"t":"cloud_fail","reason":"auth_failed"}"#),
        ("outcome=store-failure", r#"{"t":"connect_fail","msg":"failed to store configuration"}"#),
    ] {
        let world = World::with(spec(Dialect::EdgentArduino, &[fault]));
        let mut link = open(&world, "Acme Pump-K3M7").await;
        deliver(&world, &mut *link, "correct horse").await;
        let (said, _) = all(&mut *link, Duration::from_secs(130)).await;
        assert_eq!(said.last().map(String::as_str), Some(word), "{fault}");
    }
    let world = World::with(spec(Dialect::EdgentArduino, &["outcome=wrong-password", "reason=timeout"]));
    let mut link = open(&world, "Acme Pump-K3M7").await;
    deliver(&world, &mut *link, "correct horse").await;
    assert_eq!(until(&mut *link, "net_fail").await, r#"{"t":"net_fail","reason":"timeout"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_device_may_check_in_never_or_only_for_a_moment() {
    let world = World::with(spec(Dialect::EdgentArduino, &["outcome=never-checks-in"]));
    let mut link = open(&world, "Acme Pump-K3M7").await;
    let device = deliver(&world, &mut *link, "correct horse").await;
    all(&mut *link, Duration::from_secs(600)).await;
    assert!(world.cloud_state().shown(device).is_err());
    let world = World::with(spec(Dialect::EdgentArduino, &["outcome=checks-in-then-drops"]));
    let mut link = open(&world, "Acme Pump-K3M7").await;
    let device = deliver(&world, &mut *link, "correct horse").await;
    all(&mut *link, Duration::from_secs(60)).await;
    let seen = world.cloud_state().shown(device).expect("a record");
    assert!(!seen.connected && seen.last_connect > 0 && seen.last_disconnect > seen.last_connect);
}

#[tokio::test(start_paused = true)]
async fn a_link_is_lost_at_the_point_that_the_knob_names() {
    for (point, last) in [
        ("open", None),
        ("info", None),
        ("set", None),
        ("connect", Some("set_ok")),
        ("connecting", Some("connecting")),
        ("network-up", Some("status")),
        ("connected", Some("status")),
    ] {
        let world = World::with(spec(Dialect::EdgentArduino, &[&format!("drop={point}")]));
        let mut link = open(&world, "Acme Pump-K3M7").await;
        let issued = world.cloud_state().reserve(1, 1).expect("a token");
        for text in [
            r#"{"t":"info"}"#.to_owned(),
            r#"{"t":"set","if":"wifi","ssid":"Workshop 2G","pass":"correct horse"}"#.to_owned(),
            format!(r#"{{"t":"set","blynk":"{}","host":"cloud.practice.test"}}"#, issued.token),
            r#"{"t":"connect"}"#.to_owned(),
        ] {
            let sent = link.send(Transmit::Write { channel: RX, bytes: text.into_bytes() }).await;
            if sent.is_err() {
                break;
            }
        }
        let (said, lost) = all(&mut *link, Duration::from_secs(60)).await;
        assert!(lost, "{point}");
        if let Some(last) = last {
            assert!(
                said.last().is_some_and(|said| said.contains(&format!("\"t\":\"{last}\""))),
                "{point}: {said:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shaky_link_breaks_now_and_then() {
    let world = World::with(spec(Dialect::EdgentArduino, &["drop-chance=30%", "return=100"]));
    let mut losses = 0;
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut link = open(&world, "Acme Pump-K3M7").await;
        say_through(&mut *link, r#"{"t":"info"}"#).await;
        losses += u32::from(all(&mut *link, Duration::from_millis(10)).await.1);
    }
    assert!((1..40).contains(&losses), "{losses} of 40");
}
