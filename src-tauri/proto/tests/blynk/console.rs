//! Journeys over `blynk-console`, in both dialects, on ports that talk, echo, reset and keep silent.

use crate::bench::{Bench, PASSWORD, Says, TOKEN, assert_secret, delivery, wired_delivery};
use proto::{
    Answer, Ask, DeviceIdentity, DeviceTrouble, DeviceWord, Driver, DriverSettings, FollowEnd, Limit,
    ProtocolError, Receipt, Security, TroublePhase,
};

const DEVINFO: &str =
    r#"{"name":"Acme Pump-K3M7","board":"Pump","tmpl_id":"TMPL4x","fw_type":"TMPL4x","fw_ver":"1.4.2"}"#;
const DOWN_B: &str = "mac:24:6F:28:11:22:33 ip:0.0.0.0 status:down";
const UP_B: &str =
    "mac:24:6F:28:11:22:33 ip:10.0.0.57 status:ready\r\nssid:Workshop 2G bssid:A4:2B:B0:01:02:03 rssi:-61dBm";
const DOWN_A: &str = "mac:24:6F:28:11:22:33 ip:0.0.0.0 ( [] 0dBm)";

/// As the firmware does it: the echo, an empty line, the output, the prompt.
fn executed(heard: &str, output: &str) -> Says {
    let echo = heard.trim_matches('\n');
    let end = if output.is_empty() { "" } else { "\r\n" };
    vec![(0, format!("{echo}\r\n{output}{end}>"))]
}

fn dialect_b(heard: &str) -> Says {
    let output = match heard.trim() {
        "help" => {
            "Available commands: help, ?, reboot, devinfo, connect, config, firmware, sys, wifi".to_owned()
        }
        "devinfo" => DEVINFO.to_owned(),
        "wifi info" => DOWN_B.to_owned(),
        "connect" => "Usage: connect <auth> [host]".to_owned(),
        connect if connect.starts_with("connect ") => "Trying to connect...".to_owned(),
        add if add.starts_with("wifi add ") => String::new(),
        _ => "Command not found.".to_owned(),
    };
    executed(heard, &output)
}

fn dialect_a(heard: &str) -> Says {
    let output = match heard.trim() {
        "help" => {
            "Available commands: help, ?, reboot, config, devinfo, connect, wifi, firmware, status".to_owned()
        }
        "devinfo" => DEVINFO.to_owned(),
        "wifi show" => DOWN_A.to_owned(),
        "connect" => {
            r#"{"status":"error","msg":"invalid arguments. expected: <auth> <ssid> <pass>"}"#.to_owned()
        }
        connect if connect.starts_with("connect ") => {
            r#"{"status":"OK","msg":"trying to connect..."}"#.to_owned()
        }
        _ => "Command not found.".to_owned(),
    };
    executed(heard, &output)
}

fn identify(bench: &mut Bench) -> DeviceIdentity {
    match bench.ask(Ask::Identify) {
        Ok(Answer::Identity(identity)) => identity,
        other => panic!("no identity: {other:?}"),
    }
}

const DELIVERED: Result<Answer, ProtocolError> = Ok(Answer::Delivered(Receipt { token_carried: true }));

fn deliver(bench: &mut Bench) {
    let host =
        if bench.sent.iter().any(|line| line == "wifi show\n") { "blynk.cloud" } else { "fra1.blynk.cloud" };
    assert_eq!(bench.ask(Ask::Deliver(delivery("Workshop 2G", PASSWORD, host))), DELIVERED);
}

fn follow(bench: &mut Bench) -> FollowEnd {
    match bench.ask(Ask::Follow) {
        Ok(Answer::Followed(end)) => end,
        other => panic!("no end: {other:?}"),
    }
}

fn code_of(end: &FollowEnd) -> Option<u16> {
    match end {
        FollowEnd::Failed { trouble, again: true } => trouble.code,
        other => panic!("it did not fail: {other:?}"),
    }
}

#[test]
fn both_dialects_are_told_apart_by_their_help() {
    for (dialect, device) in [("console-b", dialect_b as fn(&str) -> Says), ("console-a", dialect_a)] {
        let mut bench = Bench::serial(device);
        let identity = identify(&mut bench);
        assert_eq!(identity.dialect.as_deref(), Some(dialect));
        assert_eq!(identity.template.as_deref(), Some("TMPL4x"));
        assert_eq!(identity.board.as_deref(), Some("Pump"));
        assert_eq!(identity.mac.as_deref(), Some("24:6F:28:11:22:33"));
        assert_eq!(bench.seconds(), 0, "nothing is waited for");
        assert_secret(&identity);
    }
}

#[test]
fn without_telling_commands_an_empty_connect_tells_the_dialect() {
    for (dialect, device) in [("console-b", dialect_b as fn(&str) -> Says), ("console-a", dialect_a)] {
        let mut bench = Bench::serial(|heard: &str| match heard.trim() {
            "help" => executed(heard, "help, ?, devinfo, connect, wifi"),
            _ => device(heard),
        });
        assert_eq!(identify(&mut bench).dialect.as_deref(), Some(dialect));
    }
}

#[test]
fn a_board_that_resets_when_the_port_opens_is_asked_again_at_its_prompt() {
    let mut asked = 0;
    let mut bench = Bench::serial(|heard: &str| {
        asked += 1;
        if asked == 1 {
            // The question is lost; the board boots.
            vec![
                (50, "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET)\r\n".to_owned()),
                (900, "[612] \r\n    ___  __          __\r\n".to_owned()),
                (1500, "[650] State: WAIT CONFIG\r\n\n>".to_owned()),
            ]
        } else {
            dialect_b(heard)
        }
    });
    assert_eq!(identify(&mut bench).dialect.as_deref(), Some("console-b"));
    assert!(bench.seconds() <= 2, "{}", bench.seconds());
}

#[test]
fn a_board_that_boots_without_a_prompt_is_asked_again_after_three_seconds() {
    let mut asked = 0;
    let mut bench = Bench::serial(|heard: &str| {
        asked += 1;
        if asked == 1 { vec![(50, "ESP-ROM:esp32c3-api1-20210207\r\n".to_owned())] } else { dialect_b(heard) }
    });
    assert_eq!(identify(&mut bench).dialect.as_deref(), Some("console-b"));
    assert_eq!(bench.seconds(), 3);
}

#[test]
fn a_question_half_swallowed_is_put_again() {
    let mut asked = 0;
    let mut bench = Bench::serial(|heard: &str| {
        asked += 1;
        if asked == 1 { executed("elp\n", "Command not found.") } else { dialect_b(heard) }
    });
    assert_eq!(identify(&mut bench).dialect.as_deref(), Some("console-b"));
}

#[test]
fn ports_with_something_else_are_given_up_in_time() {
    // Nothing at all.
    let mut bench = Bench::serial(|_: &str| vec![]);
    assert_eq!(bench.ask(Ask::Identify), Err(ProtocolError::NotThisProtocol));
    assert!(bench.seconds() <= 5, "{}", bench.seconds());

    // MicroPython, with and without its banner.
    let mut bench = Bench::serial(|_: &str| vec![(0, "\r\n>>> help\r\n<function>\r\n>>> ".to_owned())]);
    assert_eq!(bench.ask(Ask::Identify), Err(ProtocolError::NotThisProtocol));
    assert_eq!(bench.seconds(), 0);
    let mut bench = Bench::serial(|_: &str| vec![(0, "NameError: name 'help' isn't defined\r\n".to_owned())]);
    assert_eq!(bench.ask(Ask::Identify), Err(ProtocolError::NotThisProtocol));

    // The co-processor's binary frames, over and over.
    let mut bench = Bench::serial(|_: &str| vec![]);
    for at in 0..100 {
        bench.later_bytes(at * 100, &[0xaa, 0xbc, 0x67, 0x01, 0x00, 0xcc, 0x55, 0x10, 0xbb]);
    }
    assert_eq!(bench.ask(Ask::Identify), Err(ProtocolError::NotThisProtocol));
    assert!(bench.seconds() <= 7, "{}", bench.seconds());

    // A sketch that only logs.
    let mut bench = Bench::serial(|_: &str| vec![]);
    for at in 0..100 {
        bench.later(at * 100, "temperature 21.5\r\n");
    }
    assert_eq!(bench.ask(Ask::Identify), Err(ProtocolError::NotThisProtocol));
    assert!(bench.seconds() <= 7, "{}", bench.seconds());
}

#[test]
fn log_noise_around_and_in_answers_does_no_harm() {
    let mut asked = 0;
    let mut bench = Bench::serial(|heard: &str| {
        asked += 1;
        let mut answer = dialect_b(heard).remove(0).1;
        if asked % 2 == 1 {
            // In the middle of the echo, and before the output.
            answer.insert_str(2, "[12345] temperature 21.5\r\n");
            answer = answer.replacen("\r\n", "\r\n[12346] humidity 40\r\n", 1);
        }
        vec![(0, answer)]
    });
    assert_eq!(identify(&mut bench).template.as_deref(), Some("TMPL4x"));
    deliver(&mut bench);
}

#[test]
fn an_answer_torn_by_a_log_line_is_asked_for_again() {
    let mut torn = false;
    let mut bench = Bench::serial(|heard: &str| {
        if heard.trim() == "devinfo" && !torn {
            torn = true;
            vec![(0, format!("devinfo\r\n{}[12345] noise\r\n{}\r\n>", &DEVINFO[..20], &DEVINFO[20..]))]
        } else {
            dialect_b(heard)
        }
    });
    assert_eq!(identify(&mut bench).template.as_deref(), Some("TMPL4x"));
}

#[test]
fn a_prompt_behind_text_on_the_same_line_is_found() {
    // The firmware's printf cuts at 255 characters, and with them the line end.
    let mut bench = Bench::serial(|heard: &str| match heard.trim() {
        "devinfo" => vec![(0, format!("devinfo\r\n{}>", &DEVINFO[..70]))],
        _ => dialect_b(heard),
    });
    assert_eq!(identify(&mut bench).template.as_deref(), Some("TMPL4x"));
    assert_eq!(bench.seconds(), 0);
}

#[test]
fn a_console_without_an_echo_and_without_a_line_end_after_the_prompt_is_understood() {
    let mut bench = Bench::serial(|heard: &str| {
        let answer = dialect_b(heard).remove(0).1;
        let (_, output) = answer.split_once("\r\n").expect("an echo");
        vec![(0, format!("\n{output}\n"))]
    });
    assert_eq!(identify(&mut bench).dialect.as_deref(), Some("console-b"));
    deliver(&mut bench);
}

#[test]
fn networks_are_read_from_both_shapes_of_rows() {
    for (device, rows) in [
        (
            dialect_b as fn(&str) -> Says,
            "  Far                  [A4:2B:B0:01:02:01] OPEN ch:1 rssi:-80\r\n\
             * Workshop 2G          [A4:2B:B0:01:02:03] WPA2 ch:6 rssi:-58\r\n\
             [12345] noise\r\n\
             \x20 Workshop 2G          [A4:2B:B0:01:02:04] WPA2 ch:11 rssi:-77",
        ),
        (
            dialect_a,
            "  Far [A4:2B:B0:01:02:01] OPEN ch:1 rssi:-80\r\n* Workshop 2G [A4:2B:B0:01:02:03] WPA2 ch:6 rssi:-58",
        ),
    ] {
        let mut bench = Bench::serial(|heard: &str| match heard.trim() {
            "wifi scan" => vec![(0, "wifi scan\r\n".to_owned()), (6000, format!("{rows}\r\n>"))],
            _ => device(heard),
        });
        identify(&mut bench);
        let Ok(Answer::Networks(networks)) = bench.ask(Ask::Survey) else { panic!("no networks") };
        let rows: Vec<_> = networks.iter().map(|it| (it.ssid.as_str(), it.rssi, it.security)).collect();
        assert_eq!(
            rows,
            [("Workshop 2G", Some(-58), Security::Personal), ("Far", Some(-80), Security::Open)]
        );
    }
}

#[test]
fn a_prompt_that_comes_too_early_does_not_end_a_survey() {
    let mut bench = Bench::serial(|heard: &str| match heard.trim() {
        "wifi scan" => vec![
            (0, "wifi scan\r\n>".to_owned()),
            (6000, "  Near                 [A4:2B:B0:01:02:01] OPEN ch:1 rssi:-50\r\n".to_owned()),
            (6200, "  Far                  [A4:2B:B0:01:02:02] OPEN ch:1 rssi:-80\r\n".to_owned()),
        ],
        _ => dialect_b(heard),
    });
    identify(&mut bench);
    let Ok(Answer::Networks(networks)) = bench.ask(Ask::Survey) else { panic!("no networks") };
    assert_eq!(networks.len(), 2);
    assert!(bench.seconds() <= 8, "{}", bench.seconds());
}

#[test]
fn a_survey_that_hears_nothing_is_an_empty_list() {
    let mut bench = Bench::serial(|heard: &str| match heard.trim() {
        "wifi scan" => executed(heard, "No networks"),
        _ => dialect_b(heard),
    });
    identify(&mut bench);
    assert_eq!(bench.ask(Ask::Survey), Ok(Answer::Networks(vec![])));
}

#[test]
fn dialect_b_is_given_the_network_and_then_token_and_server() {
    let mut bench = Bench::serial(dialect_b);
    identify(&mut bench);
    bench.sent.clear();
    deliver(&mut bench);
    assert_eq!(
        bench.sent,
        [
            "wifi add Workshop\\x202G correct\\x20horse\n".to_owned(),
            format!("connect {TOKEN} fra1.blynk.cloud\n"),
        ]
    );

    bench.sent.clear();
    assert_eq!(bench.ask(Ask::Deliver(wired_delivery("blynk.cloud"))), DELIVERED);
    assert_eq!(bench.sent, [format!("connect {TOKEN} blynk.cloud\n")]);
}

#[test]
fn dialect_a_is_given_all_in_one_command_and_no_server() {
    let mut bench = Bench::serial(dialect_a);
    identify(&mut bench);
    bench.sent.clear();
    assert_eq!(bench.ask(Ask::Deliver(delivery("Workshop 2G", PASSWORD, "blynk.cloud"))), DELIVERED);
    assert_eq!(bench.sent, [format!("connect {TOKEN} Workshop\\x202G correct\\x20horse\n")]);

    let elsewhere = bench.ask(Ask::Deliver(delivery("Lab", PASSWORD, "fra1.blynk.cloud")));
    assert_eq!(elsewhere, Err(ProtocolError::Unsupported { what: "be told another server" }));
}

#[test]
fn refusals_of_connect_are_trouble_with_the_configuration() {
    for (device, refusal) in [
        (dialect_b as fn(&str) -> Says, "Error: invalid token size"),
        (dialect_a, r#"{"status":"error","msg":"invalid token size"}"#),
    ] {
        let mut bench = Bench::serial(|heard: &str| match heard.trim() {
            connect if connect.starts_with("connect ") => executed(heard, refusal),
            _ => device(heard),
        });
        identify(&mut bench);
        let refused = bench.ask(Ask::Deliver(delivery("Lab", PASSWORD, "blynk.cloud")));
        assert_eq!(
            refused,
            Err(ProtocolError::Trouble(DeviceTrouble {
                code: Some(700),
                phase: TroublePhase::Configuration,
                said: "invalid token size".to_owned(),
            }))
        );
    }
}

#[test]
fn values_that_wifi_add_drops_are_noticed_where_it_logs() {
    let mut bench = Bench::serial(|heard: &str| match heard.trim() {
        add if add.starts_with("wifi add") => {
            executed(heard, "[   612][E][NetMgrWiFi.h:465] Passphrase too short")
        }
        _ => dialect_b(heard),
    });
    identify(&mut bench);
    let refused = bench.ask(Ask::Deliver(delivery("Lab", PASSWORD, "blynk.cloud")));
    assert!(
        matches!(refused, Err(ProtocolError::Trouble(DeviceTrouble { code: Some(700), .. }))),
        "{refused:?}"
    );
}

#[test]
fn state_changes_are_followed_in_both_shapes() {
    for (device, lines) in [
        (
            dialect_b as fn(&str) -> Says,
            ["[1] State: CONNECTING NET\r\n", "[2] State: CONNECTING CLOUD\r\n", "[3] State: RUNNING\r\n"],
        ),
        (
            dialect_b,
            [
                "[  1][I][BlynkEdgent.h:430] WAIT CONFIG => CONNECTING NET\r\n",
                "[  2][I][BlynkEdgent.h:430] CONNECTING NET => CONNECTING CLOUD\r\n",
                "[  3][I][BlynkEdgent.h:430] CONNECTING CLOUD => RUNNING\r\n",
            ],
        ),
        (
            dialect_a,
            [
                "[1] WAIT_CONFIG => SWITCH_TO_STA\r\n[2] SWITCH_TO_STA => CONNECTING_NET\r\n",
                "[3] CONNECTING_NET => CONNECTING_CLOUD\r\n",
                "[4] CONNECTING_CLOUD => RUNNING\r\n",
            ],
        ),
    ] {
        let mut bench = Bench::serial(device);
        identify(&mut bench);
        deliver(&mut bench);
        bench.later(10, lines[0]);
        bench.later(7000, lines[1]);
        bench.later(9000, lines[2]);
        bench.sent.clear();
        assert_eq!(follow(&mut bench), FollowEnd::Connected);
        assert_eq!(
            bench.words,
            [DeviceWord::ConnectingNetwork, DeviceWord::ConnectingCloud, DeviceWord::Connected]
        );
        assert!(bench.sent.is_empty(), "a device that tells is not asked");
    }
}

#[test]
fn dialect_b_is_asked_for_the_reason_of_a_failure() {
    for (reason, code) in
        [("NETWORK_NOT_FOUND", 720), ("AUTH_FAILED", 722), ("IP_NOT_ASSIGNED", 723), ("UNKNOWN", 701)]
    {
        let mut delivered = false;
        let mut bench = Bench::serial(|heard: &str| match heard.trim() {
            "wifi info" if delivered => executed(heard, &format!("{DOWN_B}\r\nerror: {reason}")),
            connect if connect.starts_with("connect ") => {
                delivered = true;
                dialect_b(heard)
            }
            _ => dialect_b(heard),
        });
        identify(&mut bench);
        deliver(&mut bench);
        bench.later(10, "[1] State: CONNECTING NET\r\n");
        bench.later(50_010, "[50001] State: WAIT CONFIG\r\n");
        assert_eq!(code_of(&follow(&mut bench)), Some(code));
        assert_eq!(bench.seconds(), 50);

        bench.sent.clear();
        deliver(&mut bench);
        assert_eq!(bench.sent.len(), 2, "a retry resends everything");
    }
}

#[test]
fn a_failure_without_a_reason_is_a_timeout_of_its_phase() {
    let mut bench = Bench::serial(dialect_b);
    identify(&mut bench);
    deliver(&mut bench);
    bench.later(10, "[1] State: CONNECTING NET\r\n");
    bench.later(50_010, "[50001] State: WAIT CONFIG\r\n");
    assert_eq!(code_of(&follow(&mut bench)), Some(701));

    deliver(&mut bench);
    bench.later(10, "[1] State: CONNECTING CLOUD\r\n");
    bench.later(50_010, "[50001] State: WAIT CONFIG\r\n");
    assert_eq!(code_of(&follow(&mut bench)), Some(702));
}

#[test]
fn a_refused_token_is_told_at_once() {
    let mut bench = Bench::serial(dialect_b);
    identify(&mut bench);
    deliver(&mut bench);
    bench.later(10, "[1] State: CONNECTING CLOUD\r\n[2] Invalid auth token\r\n[3] State: WAIT CONFIG\r\n");
    assert_eq!(code_of(&follow(&mut bench)), Some(703));

    let mut bench = Bench::serial(dialect_a);
    identify(&mut bench);
    deliver(&mut bench);
    bench.later(8000, "[8123] Last error code: 703\r\n[8124] CONNECTING_CLOUD => WAIT_CONFIG\r\n");
    assert_eq!(code_of(&follow(&mut bench)), Some(703));
}

#[test]
fn a_silent_firmware_is_asked_every_three_seconds() {
    let mut polls = 0;
    let mut bench = Bench::serial(|heard: &str| match heard.trim() {
        "wifi info" => {
            polls += 1;
            executed(heard, if polls < 4 { DOWN_B } else { UP_B })
        }
        _ => dialect_b(heard),
    });
    identify(&mut bench);
    deliver(&mut bench);
    assert_eq!(follow(&mut bench), FollowEnd::Quiet);
    let up = DeviceWord::NetworkUp {
        interface: Some("wifi".to_owned()),
        ip: Some("10.0.0.57".to_owned()),
        rssi: None,
    };
    assert_eq!(bench.words, [up, DeviceWord::ConnectingCloud]);
    // Up at the third poll, then 60 s without a change.
    assert_eq!(bench.seconds(), 69);
}

#[test]
fn a_silent_failure_is_told_when_the_devices_own_time_is_over() {
    let mut bench = Bench::serial(|heard: &str| match heard.trim() {
        "wifi info" => executed(heard, &format!("{DOWN_B}\r\nerror: AUTH_FAILED")),
        _ => dialect_b(heard),
    });
    identify(&mut bench);
    deliver(&mut bench);
    assert_eq!(code_of(&follow(&mut bench)), Some(722));
    assert!((50..=54).contains(&bench.seconds()), "{}", bench.seconds());
}

#[test]
fn dialect_a_that_tries_for_ever_is_given_up_after_a_minute() {
    let mut bench = Bench::serial(dialect_a);
    identify(&mut bench);
    deliver(&mut bench);
    let end = follow(&mut bench);
    assert_eq!(code_of(&end), Some(701));
    assert!((60..=64).contains(&bench.seconds()), "{}", bench.seconds());
}

#[test]
fn the_network_that_a_device_was_in_before_is_not_taken_for_the_new_one() {
    let mut bench = Bench::serial(|heard: &str| match heard.trim() {
        "wifi show" => executed(heard, "mac:24:6F:28:11:22:33 ip:10.0.9.9 (Old [A4:2B:B0:01:02:09] -50dBm)"),
        _ => dialect_a(heard),
    });
    identify(&mut bench);
    deliver(&mut bench);
    assert_eq!(code_of(&follow(&mut bench)), Some(701));
    assert!(bench.words.is_empty());
}

#[test]
fn a_restart_in_between_is_told() {
    let mut bench = Bench::serial(dialect_b);
    identify(&mut bench);
    deliver(&mut bench);
    bench.later(10, "[1] State: CONNECTING NET\r\n");
    bench.later(500, "ets Jul 29 2019 12:21:46\r\n");
    bench.later(900, "[  9][I][BlynkEdgent.h:430] INIT => WAIT CONFIG\r\n");
    assert_eq!(code_of(&follow(&mut bench)), Some(701));
    assert!(bench.words.contains(&DeviceWord::Restarted));
}

#[test]
fn an_echo_of_secrets_is_never_shown() {
    let mut bench = Bench::serial(|heard: &str| {
        let mut answer = dialect_b(heard);
        answer.push((
            1,
            format!("[1] Pass: {PASSWORD} Token: {TOKEN}\r\nError: {TOKEN}\r\nerror: {PASSWORD}\r\n"),
        ));
        answer
    });
    assert_secret(&identify(&mut bench));
    deliver(&mut bench);
    bench.later(10, &format!("[2] State: CONNECTING NET\r\nerror: {TOKEN}\r\n[3] State: WAIT CONFIG\r\n"));
    let end = follow(&mut bench);
    assert_secret(&end);
    assert_secret(&bench.words);

    let refusal = format!(r#"{{"status":"error","msg":"cannot use {TOKEN} with correct\\x20horse"}}"#);
    let mut bench = Bench::serial(|heard: &str| match heard.trim() {
        connect if connect.starts_with("connect ") => executed(heard, &refusal),
        _ => dialect_a(heard),
    });
    identify(&mut bench);
    let refused = bench.ask(Ask::Deliver(delivery("Lab", PASSWORD, "blynk.cloud")));
    assert!(refused.is_err());
    assert_secret(&refused);
}

#[test]
fn limits_know_the_dialects() {
    let console = proto::blynk::console::BlynkConsole;
    let limits = |ssid: &str, password: &str, host: &str, dialect: Option<&str>| {
        console.limits(&delivery(ssid, password, host), &DriverSettings::default(), dialect)
    };
    assert_eq!(limits("Lab", PASSWORD, "fra1.blynk.cloud", Some("console-b")), []);
    assert_eq!(limits("Lab", PASSWORD, "fra1.blynk.cloud", None), []);
    assert_eq!(limits("Lab", PASSWORD, "fra1.blynk.cloud", Some("console-a")), [Limit::HostFixed]);
    assert_eq!(limits("Lab", PASSWORD, "Blynk.Cloud", Some("console-a")), []);
    let online = wired_delivery("blynk.cloud");
    let without_network = |dialect| console.limits(&online, &DriverSettings::default(), Some(dialect));
    assert_eq!(without_network("console-a"), [Limit::NetworkMissing]);
    assert_eq!(without_network("console-b"), []);

    // 31 blanks and 63 characters that need an escape: 9 + 124 + 1 + 252 with the network alone.
    let (ssid, password) = (" ".repeat(31), " ".repeat(63));
    let found = limits(&ssid, &password, "blynk.cloud", Some("console-b"));
    assert_eq!(found, [Limit::LineLength { bytes: 386, most: 254 }]);
    // Dialect A has the token in the same line.
    let (ssid, password) = ("x".repeat(31), " ".repeat(46));
    assert_eq!(limits(&ssid, &password, "blynk.cloud", Some("console-b")), []);
    assert_eq!(limits(&ssid, &password, "blynk.cloud", None), []);
    let found = limits(&ssid, &password, "blynk.cloud", Some("console-a"));
    assert_eq!(found, [Limit::LineLength { bytes: 257, most: 254 }]);
}
