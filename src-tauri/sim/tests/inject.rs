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
