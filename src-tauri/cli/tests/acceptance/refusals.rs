//! Bad input: exit status 2, a sentence with the fix, no request sent, no port touched.

use crate::house::*;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// A port that notices being opened.
struct Untouched {
    controller: OwnedFd,
    path: String,
}

impl Untouched {
    fn new() -> Untouched {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
        grantpt(&controller).expect("ours");
        unlockpt(&controller).expect("ours");
        let path = ptsname(&controller, Vec::new()).expect("it has a name");
        Untouched { controller, path: path.to_string_lossy().into_owned() }
    }

    /// After an opening and a closing the system reports a hang-up, after a write it reports input.
    fn check(&self) {
        let mut polled = [PollFd::new(&self.controller, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).expect("polled");
        assert!(!polled[0].revents().intersects(PollFlags::HUP | PollFlags::IN), "the port was touched");
    }
}

#[test]
fn an_opened_port_would_be_noticed() {
    let port = Untouched::new();
    port.check();
    drop(std::fs::OpenOptions::new().read(true).write(true).open(&port.path).expect("it can be opened"));
    let mut polled = [PollFd::new(&port.controller, PollFlags::IN)];
    poll(&mut polled, None).expect("polled");
    assert!(polled[0].revents().contains(PollFlags::HUP));
}

/// Changes of a good call, and the reasons that they must give.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, Option<&'a str>)], &'a [&'a str]);

#[test]
fn bad_input_is_refused_with_a_fix_before_anything_is_touched() {
    let long = "x".repeat(32);
    let cases: &[Case] = &[
        (&["--port", "/dev/no-such-port"], &[], &["refused.unknown_port"]),
        (&["--port", "/etc/hostname"], &[], &["refused.unknown_port"]),
        (&["--server", "http://example.com"], &[], &["refused.insecure_server"]),
        (&["--server", "ftp://example.com"], &[], &["refused.bad_server"]),
        (&[], &[("FIRSTLIGHT_CLIENT_SECRET", None)], &["refused.secret_missing"]),
        (&[], &[("FIRSTLIGHT_WIFI_PASSWORD", None)], &["refused.secret_missing"]),
        (&[], &[("FIRSTLIGHT_WIFI_PASSWORD", Some("short"))], &["refused.password_length"]),
        (&["--org", "0"], &[], &["refused.bad_org"]),
        (&["--org", "-3"], &[], &["refused.bad_org"]),
        (&["--org", "2147483648"], &[], &["refused.bad_org"]),
        (&["--owner", "me"], &[], &["refused.bad_owner"]),
        (&["--wifi", &long], &[], &["refused.ssid_length"]),
        (&["--driver", "fax"], &[], &["refused.unknown_driver"]),
        (&["--name", "a/b"], &[], &["refused.name_invalid"]),
        (&["--device-id", "0"], &[], &["refused.unknown_device"]),
        (&["--carrier", "pigeon"], &[], &["refused.driver_setting"]),
        (&["--carrier", "vendor:1"], &[], &["refused.driver_setting"]),
        (&["--token-template", "nowhere"], &[], &["refused.driver_setting"]),
        (&["--token-success", "perhaps"], &[], &["refused.driver_setting"]),
        (&[], &[("FIRSTLIGHT_DEVICE_QR", Some("no code"))], &["refused.device_code"]),
        (&["--token-host", "http://a/b"], &[], &["refused.host_length"]),
        (&["--token-host", "blynk.cloud:443"], &[], &["refused.host_length"]),
        (&["--patience", "0"], &[], &["refused.usage"]),
        (&["--meta", "novalue"], &[], &["refused.usage"]),
        (&["--profile", "nobody"], &[], &["refused.unknown_profile"]),
        (
            &["--org", "x", "--owner", "0", "--driver", "fax"],
            &[("FIRSTLIGHT_CLIENT_ID", None)],
            &["refused.bad_org", "refused.bad_owner", "refused.unknown_driver", "refused.secret_missing"],
        ),
    ];
    let house = House::new();
    for (changes, environment, expected) in cases {
        let port = Untouched::new();
        let mut words: Vec<(String, String)> = [
            ("--port", port.path.as_str()),
            ("--server", house.url()),
            ("--org", "1"),
            ("--owner", "1"),
            ("--wifi", WIFI),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        for pair in changes.chunks(2) {
            words.retain(|(name, _)| name != pair[0]);
            words.push((pair[0].to_owned(), pair[1].to_owned()));
        }
        let words = words.into_iter().flat_map(|(name, value)| [name, value]);
        let mut command = house.program(std::iter::once("provision".to_owned()).chain(words));
        for (name, value) in *environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let ended = run(&mut command);
        assert_eq!(ended.status, Some(2), "{changes:?}: {}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.refusals(), *expected, "{changes:?}");
        assert!(ended.of("finished").is_empty(), "{changes:?}");
        for reason in ended.of("refused")[0]["reasons"].as_array().expect("a list") {
            let (what, fix) = (reason["what"].as_str().expect("what"), reason["fix"].as_str().expect("fix"));
            assert!(what.ends_with('.') && fix.ends_with('.'), "{what} {fix}");
            assert!(ended.stderr.contains(what) && ended.stderr.contains(fix), "{}", ended.stderr);
        }
        port.check();
        assert_eq!(house.cloud().requests(), 0, "{changes:?}: a request was sent");
    }
}

#[test]
fn unusable_words_are_refused_as_json_too() {
    for words in [
        &["provision", "--frobnicate"][..],
        &["frobnicate"],
        &["scan", "--for", "soon"],
        &["provision", "--any", "--port", "x"],
    ] {
        let ended = run(program(words).arg("--json"));
        assert_eq!(ended.status, Some(2), "{words:?}");
        assert_eq!(ended.refusals(), ["refused.usage"], "{words:?}");
    }
}

#[test]
fn what_is_missing_is_named_as_json_too() {
    let ended = run(&mut program(["reconfigure", "--json"]));
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    let what = ended.of("refused")[0]["reasons"][0]["what"].to_string();
    assert!(what.contains("--device-id"), "{what}");
}

#[test]
fn unreadable_secrets_are_refused_and_not_repeated() {
    let house = House::new();
    for input in [
        "",
        "not json with hunter22",
        "{\"FIRSTLIGHT_BEAR\":\"hunter22\"}",
        "{\"FIRSTLIGHT_BEARER\":[\"hunter22\"]}",
    ] {
        let port = Untouched::new();
        let mut command = house.provision(&port.path, &["--secrets-stdin"]);
        let ended = Running::with_input(&mut command, input).end();
        assert_eq!(ended.status, Some(2), "{input}");
        assert_eq!(ended.refusals(), ["refused.secret_unreadable"], "{input}");
        assert!(!ended.stdout.contains("hunter22") && !ended.stderr.contains("hunter22"), "{input}");
        port.check();
    }
}

#[test]
fn practice_servers_refuse_what_they_do_not_know() {
    for words in [
        &["practice", "cloud", "--listen", "0.0.0.0:0"][..],
        &["practice", "cloud", "--fault", "rain=yes"],
        &["practice", "device", "serial", "--driver", "blynk-inject"],
        &["practice", "device", "serial", "--driver", "blynk-console", "--fault", "outcome=maybe"],
        &["practice", "device", "serial", "--driver", "blynk-console", "--cloud", "http://10.0.0.1:9080"],
    ] {
        let ended = run(program(words).arg("--json"));
        assert_eq!(ended.status, Some(2), "{words:?}: {}", ended.stderr);
        assert_eq!(ended.refusals().len(), 1, "{words:?}");
    }
}

#[test]
fn an_unknown_practice_fault_lists_all_with_their_values() {
    for (words, listed) in [
        (&["practice", "cloud", "--fault", "rain=yes"][..], "scope=on|off"),
        (
            &["practice", "device", "serial", "--driver", "improv", "--fault", "rain=yes"],
            "carrier=none|third-string|vendor:ID",
        ),
    ] {
        let ended = run(&mut program(words));
        assert_eq!(ended.status, Some(2), "{words:?}");
        assert!(ended.stderr.contains(listed), "{}", ended.stderr);
    }
}
