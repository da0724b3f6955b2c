//! Journeys over `blynk-inject`, in each dialect of section 3.6.

use crate::bench::{Bench, PASSWORD, Says, TOKEN, assert_secret, delivery, says, wired_delivery};
use proto::{
    Answer, Ask, DeviceIdentity, DeviceTrouble, DeviceWord, FollowEnd, InterfaceKind, ProtocolError, Receipt,
    Security, TroublePhase,
};

const WIFI: &str = r#"{"t":"if","name":"wifi","mac":"24:6F:28:11:22:33","scan":1,"5ghz":0,"static_ip":1}"#;

fn edgent_arduino(heard: &str) -> Says {
    match heard {
        r#"{"t":"info"}"# => says(&[
            r#"{"t":"info","vendor":"Acme","tmpl_id":"TMPL4x","fw_type":"TMPL4x","fw_ver":"1.4.2","name":"Acme Pump-K3M7","uid":"5b8f6c1e","caps":["live_status"]}"#,
        ]),
        r#"{"t":"ifs"}"# => says(&[r#"{"t":"ifs_start"}"#, WIFI, r#"{"t":"ifs_end"}"#]),
        _ => tail(heard),
    }
}

fn particle(heard: &str) -> Says {
    match heard {
        r#"{"t":"info"}"# => says(&[
            r#"{"t":"info","vendor":"Blynk","tmpl_id":"TMPL4x","fw_type":"TMPL4x","fw_ver":"1.0","name":"Blynk Boron-11AA","last_error":0}"#,
        ]),
        r#"{"t":"ifs"}"# => says(&[r#"{"t":"ifs_start"}"#, WIFI, r#"{"t":"ifs_end"}"#]),
        _ => tail(heard),
    }
}

fn edgent_idf(heard: &str) -> Says {
    match heard {
        r#"{"t":"info"}"# => says(&[
            r#"{"t":"info","vendor":"Blynk","tmpl_id":"TMPL4x","fw_type":"TMPL4x","fw_ver":"1.0","name":"Blynk C3-11AA","last_error":702}"#,
        ]),
        r#"{"t":"ifs"}"# => says(&[r#"{"t":"ifs_start"}"#, WIFI, r#"{"t":"ifs_end"}"#]),
        // Silent on what it does not know.
        _ if heard.contains("noop") => vec![],
        _ => tail(heard),
    }
}

fn linux(heard: &str) -> Says {
    match heard {
        r#"{"t":"info"}"# => says(&[
            r#"{"t":"info","vendor":"Blynk","tmpl_id":"TMPL4x","fw_type":"0","fw_ver":"0.1","name":"Blynk Pi-7KQZ"}"#,
        ]),
        r#"{"t":"ifs"}"# => says(&[
            r#"{"t":"ifs_start"}"#,
            r#"{"t":"if","name":"eth","status":"ready"}"#,
            r#"{"t":"ifs_end"}"#,
        ]),
        _ => tail(heard),
    }
}

/// What all dialects do alike.
fn tail(heard: &str) -> Says {
    if heard.starts_with(r#"{"t":"set""#) {
        says(&[r#"{"t":"set_ok"}"#])
    } else if heard == r#"{"t":"connect"}"# {
        says(&[r#"{"t":"connecting"}"#])
    } else {
        says(&[r#"{"t":"error","msg":"invalid command"}"#])
    }
}

fn identify(bench: &mut Bench) -> DeviceIdentity {
    match bench.ask(Ask::Identify) {
        Ok(Answer::Identity(identity)) => identity,
        other => panic!("no identity: {other:?}"),
    }
}

fn deliver(bench: &mut Bench) {
    let answer = bench.ask(Ask::Deliver(delivery("Workshop 2G", PASSWORD, "fra1.blynk.cloud")));
    assert_eq!(answer, Ok(Answer::Delivered(Receipt { token_carried: true })));
}

fn follow(bench: &mut Bench) -> FollowEnd {
    match bench.ask(Ask::Follow) {
        Ok(Answer::Followed(end)) => end,
        other => panic!("no end: {other:?}"),
    }
}

fn failed(code: u16, phase: TroublePhase, said: &str) -> FollowEnd {
    let trouble = DeviceTrouble { code: Some(code), phase, said: said.to_owned() };
    FollowEnd::Failed { trouble, again: true }
}

#[test]
fn each_dialect_is_told_by_what_it_says_of_itself() {
    type Device = fn(&str) -> Says;
    let dialects: [(&str, Device); 4] = [
        ("edgent-arduino", edgent_arduino),
        ("particle", particle),
        ("edgent-idf", edgent_idf),
        ("linux", linux),
    ];
    for (dialect, device) in dialects {
        let mut bench = Bench::ble(255, device);
        let identity = identify(&mut bench);
        assert_eq!(identity.dialect.as_deref(), Some(dialect));
        assert_eq!(identity.template.as_deref(), Some("TMPL4x"), "{dialect}");
        assert_eq!(identity.interfaces.len(), 1, "{dialect}");
        assert_eq!(bench.seconds(), 0, "{dialect} is told without waiting");
    }
}

#[test]
fn identity_has_the_hardware_address_and_the_last_error() {
    let mut bench = Bench::ble(255, edgent_idf);
    let identity = identify(&mut bench);
    assert_eq!(identity.mac.as_deref(), Some("24:6F:28:11:22:33"));
    assert_eq!(identity.last_error, Some(702));
    assert!(!identity.live_status);
    assert_eq!(identity.interfaces[0].five_ghz, Some(false));

    let identity = identify(&mut Bench::ble(255, edgent_arduino));
    assert!(identity.live_status);
    assert_eq!(identity.uid.as_deref(), Some("5b8f6c1e"));
}

#[test]
fn a_device_that_tells_no_interfaces_is_identified_all_the_same() {
    let mut bench = Bench::ble(255, |heard: &str| match heard {
        r#"{"t":"ifs"}"# => vec![],
        _ => edgent_arduino(heard),
    });
    let identity = identify(&mut bench);
    assert_eq!(identity.name.as_deref(), Some("Acme Pump-K3M7"));
    assert!(identity.interfaces.is_empty());
    assert!(bench.seconds() <= 5);
}

#[test]
fn a_device_that_says_nothing_is_given_up_in_time() {
    let mut bench = Bench::ble(255, |_: &str| vec![]);
    assert_eq!(bench.ask(Ask::Identify), Err(ProtocolError::Silent { to: "info" }));
    assert_eq!(bench.seconds(), 5);
}

#[test]
fn a_survey_has_one_row_for_each_name_and_the_strongest_first() {
    let mut bench = Bench::ble(255, |heard: &str| match heard {
        r#"{"t":"scan"}"# => vec![
            (0, r#"{"t":"scan_start"}"#.to_owned()),
            (
                9000,
                r#"{"t":"scan","ssid":"Far","bssid":"A4:2B:B0:01:02:01","rssi":-80,"sec":"OPEN","ch":1}"#
                    .to_owned(),
            ),
            (
                9010,
                r#"{"t":"scan","ssid":"Near","bssid":"A4:2B:B0:01:02:02","rssi":-70,"sec":"WPA2","ch":6}"#
                    .to_owned(),
            ),
            (
                9020,
                r#"{"t":"scan","ssid":"Joe"s","bssid":"A4:2B:B0:01:02:03","rssi":-40,"sec":"WPA2","ch":6}"#
                    .to_owned(),
            ),
            (
                9030,
                r#"{"t":"scan","ssid":"Near","bssid":"A4:2B:B0:01:02:04","rssi":-50,"sec":"WPA2","ch":11}"#
                    .to_owned(),
            ),
            (9040, r#"{"t":"scan","ssid":"Cut","bssid":"A4:2B"#.to_owned()),
            (9050, r#"{"t":"scan_end"}"#.to_owned()),
        ],
        _ => edgent_arduino(heard),
    });
    let Ok(Answer::Networks(networks)) = bench.ask(Ask::Survey) else { panic!("no networks") };
    let rows: Vec<_> = networks.iter().map(|it| (it.ssid.as_str(), it.rssi, it.security)).collect();
    assert_eq!(rows, [("Near", Some(-50), Security::Personal), ("Far", Some(-80), Security::Open)]);
}

#[test]
fn a_survey_that_never_ends_gives_what_was_heard_in_35_seconds() {
    let mut bench = Bench::ble(255, |_: &str| {
        says(&[r#"{"t":"scan_start"}"#, r#"{"t":"scan","ssid":"Near","rssi":-50,"sec":"WPA2","ch":6}"#])
    });
    let Ok(Answer::Networks(networks)) = bench.ask(Ask::Survey) else { panic!("no networks") };
    assert_eq!(networks.len(), 1);
    assert_eq!(bench.seconds(), 35);
}

#[test]
fn a_device_without_wifi_cannot_survey() {
    let refused = Err(ProtocolError::Unsupported { what: "scan for networks" });
    // Edgent-Arduino sends the error alone, PyPI between start and end.
    let mut bench = Bench::ble(255, |_: &str| says(&[r#"{"t":"error","msg":"no wifi"}"#]));
    assert_eq!(bench.ask(Ask::Survey), refused);
    let mut bench = Bench::ble(255, |_: &str| {
        says(&[r#"{"t":"scan_start"}"#, r#"{"t":"error","msg":"no wifi"}"#, r#"{"t":"scan_end"}"#])
    });
    assert_eq!(bench.ask(Ask::Survey), refused);
}

#[test]
fn a_delivery_is_the_network_then_the_token_then_connect() {
    let mut bench = Bench::ble(255, edgent_arduino);
    deliver(&mut bench);
    assert_eq!(
        bench.sent,
        [
            r#"{"t":"set","if":"wifi","ssid":"Workshop 2G","pass":"correct horse"}"#.to_owned(),
            format!(r#"{{"t":"set","blynk":"{TOKEN}","host":"fra1.blynk.cloud"}}"#),
            r#"{"t":"connect"}"#.to_owned(),
        ]
    );
}

#[test]
fn no_write_is_longer_than_the_link_carries() {
    for mtu in [0_u16, 100, 128, 185, 255, 517] {
        let mut bench = Bench::ble(mtu.max(1), tail);
        let answer = bench.ask(Ask::Deliver(delivery(
            &"\"é\\".repeat(7),
            &"\\\"".repeat(31),
            &format!("{}.example", "a".repeat(52)),
        )));
        let most = if mtu < 4 { 180 } else { usize::from(mtu - 3).min(180) };
        assert_eq!(answer, Ok(Answer::Delivered(Receipt { token_carried: true })));
        for write in &bench.sent {
            // A password of 62 characters that all need an escape fits into no 97 bytes: the link takes it as a long write.
            assert!(write.len() <= most || write.starts_with(r#"{"t":"set","pass":"#), "{mtu}: {write}");
            assert!(serde_json::from_str::<serde_json::Value>(write).is_ok());
        }
    }
}

#[test]
fn a_wired_device_gets_token_and_server_only() {
    let mut bench = Bench::ble(255, linux);
    let identity = identify(&mut bench);
    assert_eq!(identity.interfaces[0].kind, InterfaceKind::Ethernet);
    assert!(identity.interfaces[0].ready);
    bench.sent.clear();
    assert!(bench.ask(Ask::Deliver(wired_delivery("blynk.cloud"))).is_ok());
    assert_eq!(bench.sent[0], r#"{"t":"set","if":"eth"}"#);
    assert!(!bench.sent.concat().contains("ssid"));
}

#[test]
fn live_events_are_followed_to_the_end() {
    let mut bench = Bench::ble(255, edgent_arduino);
    deliver(&mut bench);
    bench.later(100, r#"{"t":"status","s":"connecting_net"}"#);
    bench.later(4000, r#"{"t":"net_status","if":"wifi","state":"CONNECTED","ssid":"Workshop 2G","ip":"10.0.0.57","rssi":-61}"#);
    bench.later(4001, r#"{"t":"net_status","if":"eth","state":"IDLE"}"#);
    bench.later(4002, r#"{"t":"status","s":"connecting_cloud"}"#);
    bench.later(6000, r#"{"t":"status","s":"connected"}"#);
    assert_eq!(follow(&mut bench), FollowEnd::Connected);
    assert_eq!(
        bench.words,
        [
            DeviceWord::ConnectingNetwork,
            DeviceWord::NetworkUp {
                interface: Some("wifi".to_owned()),
                ip: Some("10.0.0.57".to_owned()),
                rssi: Some(-61)
            },
            DeviceWord::ConnectingCloud,
            DeviceWord::Connected,
        ]
    );
}

#[test]
fn events_that_come_before_anybody_follows_are_not_lost() {
    let mut bench = Bench::ble(255, edgent_arduino);
    deliver(&mut bench);
    bench.later(10, r#"{"t":"status","s":"connecting_net"}"#);
    bench.later(20, r#"{"t":"net_fail","reason":"not_found"}"#);
    bench.idle();
    assert_eq!(follow(&mut bench), failed(720, TroublePhase::Network, "not_found"));
    assert_eq!(bench.words, [DeviceWord::ConnectingNetwork]);
}

#[test]
fn every_reason_becomes_its_code_and_a_new_delivery_is_welcome() {
    for (event, end) in [
        (r#"{"t":"net_fail","reason":"timeout"}"#, failed(701, TroublePhase::Network, "timeout")),
        (r#"{"t":"net_fail","reason":"not_found"}"#, failed(720, TroublePhase::Network, "not_found")),
        (
            r#"{"t":"net_fail","reason":"invalid_credentials"}"#,
            failed(722, TroublePhase::Network, "invalid_credentials"),
        ),
        (
            r#"{"t":"net_fail","reason":"no_ip_assigned"}"#,
            failed(723, TroublePhase::Network, "no_ip_assigned"),
        ),
        (r#"{"t":"net_fail","reason":"sim_locked"}"#, failed(731, TroublePhase::Network, "sim_locked")),
        (r#"{"t":"cloud_fail","reason":"timeout"}"#, failed(702, TroublePhase::Cloud, "timeout")),
        (r#"{"t":"cloud_fail","reason":"auth_failed"}"#, failed(703, TroublePhase::Cloud, "auth_failed")),
        (
            r#"{"t":"cloud_fail","reason":"captive_portal"}"#,
            failed(712, TroublePhase::Cloud, "captive_portal"),
        ),
        (
            r#"{"t":"connect_fail","msg":"failed to store configuration"}"#,
            failed(700, TroublePhase::Configuration, "connect_fail: failed to store configuration"),
        ),
    ] {
        let mut bench = Bench::ble(255, edgent_arduino);
        deliver(&mut bench);
        bench.later(50_000, event);
        assert_eq!(follow(&mut bench), end);

        bench.sent.clear();
        deliver(&mut bench);
        assert_eq!(bench.sent.len(), 3, "a retry resends everything");
    }
}

#[test]
fn an_unknown_reason_is_shown_and_not_swallowed() {
    let mut bench = Bench::ble(255, edgent_arduino);
    deliver(&mut bench);
    bench.later(10, r#"{"t":"net_fail","reason":"solar_flare","msg":"try at night"}"#);
    let FollowEnd::Failed { trouble, .. } = follow(&mut bench) else { panic!("it failed") };
    assert_eq!(trouble.code, None);
    assert_eq!(trouble.said, "solar_flare: try at night");
}

#[test]
fn an_early_connected_is_believed_as_the_devices_word() {
    let mut bench = Bench::ble(255, linux);
    deliver(&mut bench);
    bench.later(0, r#"{"t":"status","s":"connecting_cloud"}"#);
    bench.later(5, r#"{"t":"status","s":"connected"}"#);
    assert_eq!(follow(&mut bench), FollowEnd::Connected);
}

#[test]
fn a_device_without_events_is_quiet_after_a_bounded_silence() {
    let mut bench = Bench::ble(255, linux);
    identify(&mut bench);
    deliver(&mut bench);
    assert_eq!(follow(&mut bench), FollowEnd::Quiet);
    assert_eq!(bench.seconds(), 60);

    // Those with a `last_error` are asked for it first.
    let mut bench = Bench::ble(255, particle);
    identify(&mut bench);
    deliver(&mut bench);
    assert_eq!(follow(&mut bench), FollowEnd::Quiet);
    assert!((60..=130).contains(&bench.seconds()), "{}", bench.seconds());
}

#[test]
fn the_last_error_of_a_silent_dialect_becomes_its_failure() {
    let mut infos = 0;
    let mut bench = Bench::ble(255, |heard: &str| match heard {
        r#"{"t":"info"}"# => {
            infos += 1;
            if infos == 1 { edgent_idf(heard) } else { says(&[r#"{"t":"info","last_error":701}"#]) }
        }
        _ => edgent_idf(heard),
    });
    identify(&mut bench);
    deliver(&mut bench);
    assert_eq!(follow(&mut bench), failed(701, TroublePhase::Network, "701 (timeout)"));
}

#[test]
fn the_last_error_of_an_earlier_attempt_is_not_taken_for_this_one_too_soon() {
    // 702 stood there before; only when the device's own time is over does it count again.
    let mut bench = Bench::ble(255, edgent_idf);
    identify(&mut bench);
    deliver(&mut bench);
    assert_eq!(follow(&mut bench), failed(702, TroublePhase::Cloud, "702 (timeout)"));
    assert!(bench.seconds() >= 100);
}

#[test]
fn a_link_that_closes_while_following_is_no_failure() {
    let mut bench = Bench::ble(255, particle);
    deliver(&mut bench);
    bench.start(Ask::Follow);
    bench.lose_link();
    assert_eq!(bench.answer(), Ok(Answer::Followed(FollowEnd::Quiet)));
}

#[test]
fn refusals_of_a_delivery_are_told_apart() {
    let mut bench = Bench::ble(255, |_: &str| says(&[r#"{"t":"set_fail"}"#]));
    assert_eq!(
        bench.ask(Ask::Deliver(delivery("Lab", PASSWORD, "blynk.cloud"))),
        Err(ProtocolError::Refused { what: "set", said: "set_fail".to_owned() })
    );

    let mut bench = Bench::ble(255, |heard: &str| match heard {
        r#"{"t":"connect"}"# => says(&[r#"{"t":"connect_fail","msg":"configuration invalid"}"#]),
        _ => tail(heard),
    });
    let Err(ProtocolError::Trouble(trouble)) =
        bench.ask(Ask::Deliver(delivery("Lab", PASSWORD, "blynk.cloud")))
    else {
        panic!("it is trouble")
    };
    assert_eq!((trouble.code, trouble.phase), (Some(700), TroublePhase::Configuration));

    let mut bench =
        Bench::ble(255, |heard: &str| if heard.contains("connect") { vec![] } else { tail(heard) });
    assert_eq!(
        bench.ask(Ask::Deliver(delivery("Lab", PASSWORD, "blynk.cloud"))),
        Err(ProtocolError::Silent { to: "connect" })
    );
}

#[test]
fn events_of_another_app_are_not_ours() {
    let mut bench = Bench::ble(255, edgent_arduino);
    bench.later(0, r#"{"t":"status","s":"connected"}"#);
    identify(&mut bench);
    assert!(bench.words.is_empty());
    assert_eq!(bench.ask(Ask::Follow), Ok(Answer::Followed(FollowEnd::Quiet)));
}

#[test]
fn a_device_that_repeats_its_secrets_does_not_make_us_repeat_them() {
    let mut bench = Bench::ble(255, edgent_arduino);
    deliver(&mut bench);
    bench.later(1, &format!(r#"{{"t":"status","s":"trying {PASSWORD}"}}"#));
    bench.later(2, &format!(r#"{{"t":"error","msg":"{TOKEN}"}}"#));
    bench.later(3, &format!(r#"{{"t":"net_status","if":"{TOKEN}","state":"CONNECTED"}}"#));
    bench.later(4, &format!(r#"{{"t":"cloud_fail","reason":"{TOKEN}","msg":"{PASSWORD}"}}"#));
    let end = follow(&mut bench);
    assert_secret(&end);
    assert_secret(&bench.words);
    assert_eq!(bench.words.len(), 3);

    for answer in [
        format!(r#"{{"t":"set_fail","msg":"bad pass {PASSWORD}"}}"#),
        format!(r#"{{"t":"error","msg":"bad {TOKEN}"}}"#),
    ] {
        let mut bench = Bench::ble(255, |_: &str| says(&[&answer]));
        let refused = bench.ask(Ask::Deliver(delivery("Lab", PASSWORD, "blynk.cloud")));
        assert!(refused.is_err());
        assert_secret(&refused);
    }
}
