//! Golden messages: what the reference shows is read and written as it says.

use proto::blynk::console::message::{self as console, Line};
use proto::blynk::inject::message::{self as inject, Message, Status};
use proto::{Delivery, Secret, Wifi};
use serde_json::{Value, json};

fn vectors(text: &str) -> Value {
    serde_json::from_str(text).expect("the vector file is JSON")
}

/// All that `wanted` names is in `found`.
fn assert_means(found: &Value, wanted: &Value, origin: &Value) {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            for (key, wanted) in wanted {
                assert_means(found.get(key).unwrap_or(&Value::Null), wanted, origin);
            }
        }
        _ => assert_eq!(found, wanted, "{origin}"),
    }
}

#[test]
fn every_golden_inject_message_is_read_as_the_reference_says() {
    let vectors = vectors(include_str!("../vectors/blynk-inject.json"));
    for case in vectors["messages"].as_array().expect("cases") {
        let message = inject::decode(case["text"].as_str().expect("text").as_bytes());
        assert_means(&meaning_of_message(message), &case["means"], &case["origin"]);
    }
}

fn meaning_of_message(message: Message) -> Value {
    match message {
        Message::Info { identity, .. } => json!({ "info": identity }),
        Message::IfsStart => json!("ifs_start"),
        Message::Interface { interface, .. } => json!({ "interface": interface }),
        Message::IfsEnd => json!("ifs_end"),
        Message::ScanStart => json!("scan_start"),
        Message::Scan(network) => json!({ "network": network }),
        Message::ScanEnd => json!("scan_end"),
        Message::SetOk => json!("set_ok"),
        Message::SetFail { .. } => json!("set_fail"),
        Message::Connecting => json!("connecting"),
        Message::ConnectFail { said } => json!({ "connect_fail": said }),
        Message::Status { status } => json!({ "status": match status {
            Status::ConnectingNet => "connecting_net".to_owned(),
            Status::ConnectingCloud => "connecting_cloud".to_owned(),
            Status::Connected => "connected".to_owned(),
            Status::Other(text) => text,
        } }),
        Message::NetStatus { interface, state, ip, rssi } => {
            json!({ "net_status": [interface, state, ip, rssi] })
        }
        Message::NetFail { reason, said } => json!({ "net_fail": [reason, said] }),
        Message::CloudFail { reason, said } => json!({ "cloud_fail": [reason, said] }),
        Message::Error { said } => json!({ "error": said }),
        Message::Unknown => json!("unknown"),
        Message::Unreadable => json!("unreadable"),
    }
}

#[test]
fn every_golden_delivery_is_written_as_the_reference_says() {
    let vectors = vectors(include_str!("../vectors/blynk-inject.json"));
    for case in vectors["deliveries"].as_array().expect("cases") {
        let text = |key: &str| case[key].as_str().map(str::to_owned);
        let delivery = Delivery {
            wifi: text("ssid")
                .map(|ssid| Wifi { ssid, password: Secret::new(text("password").expect("password")) }),
            token: text("token").map(Secret::new),
            host: text("host").expect("host"),
        };
        let interface = if delivery.wifi.is_some() { "wifi" } else { "eth" };
        assert_eq!(case["interface"], interface, "{}", case["origin"]);
        let most = usize::try_from(case["most"].as_u64().expect("most")).expect("small");
        let writes: Vec<Value> = inject::sets(&delivery, interface, most)
            .into_iter()
            .map(|write| Value::from(String::from_utf8(write).expect("text")))
            .collect();
        assert_eq!(Value::from(writes), case["writes"], "{}", case["origin"]);
    }
}

#[test]
fn every_golden_console_line_is_read_as_the_reference_says() {
    let vectors = vectors(include_str!("../vectors/blynk-console.json"));
    for case in vectors["lines"].as_array().expect("cases") {
        let line = console::decode(case["text"].as_str().expect("text").as_bytes());
        assert_means(&meaning_of_line(line), &case["means"], &case["origin"]);
    }
}

fn meaning_of_line(line: Line) -> Value {
    match line {
        Line::Commands(commands) => json!({ "commands": commands }),
        Line::Device(identity) => json!({ "device": identity }),
        Line::Interface { mac, ip, status, ssid, rssi } => {
            json!({ "interface": [mac, ip, status, ssid, rssi] })
        }
        Line::InterfaceError { code, .. } => json!({ "interface_error": code }),
        Line::Network(network) => json!({ "network": network }),
        Line::NoNetworks => json!("no_networks"),
        Line::Trying => json!("trying"),
        Line::ConnectRefused { said } => json!({ "connect_refused": said }),
        Line::ConnectUsage => json!("connect_usage"),
        Line::CommandNotFound => json!("command_not_found"),
        Line::State { from, to } => {
            json!({ "state": [from.map(|from| format!("{from:?}")), format!("{to:?}")] })
        }
        Line::LastError(code) => json!({ "last_error": code }),
        Line::Hint(hint) => json!({ "hint": format!("{hint:?}") }),
        Line::Started => json!("started"),
        Line::Foreign => json!("foreign"),
        Line::Other => json!("other"),
    }
}

#[test]
fn every_golden_console_command_is_written_as_the_reference_says() {
    let vectors = vectors(include_str!("../vectors/blynk-console.json"));
    for case in vectors["commands"].as_array().expect("cases") {
        let words: Vec<&str> = case["words"]
            .as_array()
            .expect("words")
            .iter()
            .map(|word| word.as_str().expect("text"))
            .collect();
        assert_eq!(Value::from(console::command(&words)), case["line"], "{}", case["origin"]);
    }
}
