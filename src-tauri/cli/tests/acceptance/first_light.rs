//! The main job, with three programs: a cloud, a device, and ours between them.

use crate::house::*;
use serde_json::Value;
use sim::{DeviceSpec, Dialect};
use std::io::{Read, Write};
use std::net::TcpStream;

/// A practice server that ends with the test.
struct Server(Running);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.signal("KILL");
    }
}

fn server(arguments: &[&str]) -> (Server, Value) {
    let running = Running::start(&mut program(arguments.iter().chain(&["--json"])));
    let ready = running.wait_for("\"ready\"");
    (Server(running), serde_json::from_str(&ready).expect("a JSON line"))
}

/// Asks over HTTP as any client would.
fn http(url: &str, method: &str, path: &str, authorization: &str) -> Value {
    let authority = url.strip_prefix("http://").expect("plain http on loopback");
    let mut stream = TcpStream::connect(authority).expect("the cloud listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: {authorization}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let body = answer.split_once("\r\n\r\n").expect("a head and a body").1;
    let json = &body[body.find('{').expect("an object")..=body.rfind('}').expect("an object")];
    serde_json::from_str(json).expect("JSON")
}

fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * index) & 63) as usize];
            out.push(if index <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[test]
fn three_programs_bring_a_device_to_first_light() {
    let (_cloud, ready) = server(&["practice", "cloud"]);
    let text = |key: &str| ready[key].as_str().expect("a text").to_owned();
    let (url, id, secret) = (text("url"), text("client_id"), text("client_secret"));
    let (_device, device) = server(&[
        "practice",
        "device",
        "serial",
        "--driver",
        "blynk-console",
        "--cloud",
        &url,
        "--fault",
        "scale=0.02",
    ]);
    let port = device["port"].as_str().expect("a path");

    let house = House::new();
    let mut command = program(["provision", "--port", port, "--server", &url, "--org", "1", "--owner", "1"]);
    command
        .args(["--wifi", WIFI, "--name", "Pump 7", "--json", "--state"])
        .arg(house.state())
        .env("FIRSTLIGHT_CLIENT_ID", &id)
        .env("FIRSTLIGHT_CLIENT_SECRET", &secret)
        .env("FIRSTLIGHT_WIFI_PASSWORD", WIFI_PASSWORD);
    let ended = run(&mut command);

    let finished = ended.finished();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(finished["outcome"], "passed");
    assert_eq!(finished["unit"], device["unit"]);
    assert_eq!(finished["driver"], "blynk-console");
    assert_eq!(finished["attempt"], 1);
    assert_eq!(finished["fault"], Value::Null);
    for step in ["connect", "identify", "reserve", "deliver", "join", "confirm"] {
        assert!(finished["steps"][step].is_u64(), "{finished}");
    }

    // What the cloud says of that device, asked by somebody else.
    let signed_in = http(
        &url,
        "POST",
        "/oauth2/token?grant_type=client_credentials",
        &format!("Basic {}", base64(&format!("{id}:{secret}"))),
    );
    let bearer = format!("Bearer {}", signed_in["access_token"].as_str().expect("a token"));
    let path = format!("/api/v1/organization/device?deviceId={}", finished["device_id"]);
    let record = http(&url, "GET", &path, &bearer);
    assert_eq!(record["id"], finished["device_id"], "{record}");
    assert_eq!(record["name"], "Pump 7", "{record}");
}

#[test]
fn a_person_reads_passed_with_the_clouds_record() {
    let house = House::new();
    let device = house.device(1, &[]);
    let command = house.provision(&port(&device), &[]);
    // A person types no --json.
    let words: Vec<_> = command.get_args().filter(|word| *word != "--json").map(ToOwned::to_owned).collect();
    let mut plain = program(words);
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            plain.env(name, value);
        }
    }
    let ended = run(&mut plain);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("✔ PASSED"), "{}", ended.stdout);
    assert!(ended.stdout.contains("online now"), "{}", ended.stdout);
    assert!(ended.stderr.contains("confirm"), "{}", ended.stderr);
    assert!(
        !ended.stdout.contains('\u{1b}') && !ended.stderr.contains('\u{1b}'),
        "no colour without a terminal"
    );
}

#[test]
fn a_known_unit_keeps_its_cloud_device() {
    let house = House::new();
    let device = house.device(1, &[]);
    let first = run(&mut house.provision(&port(&device), &[])).finished();
    let again = house.device(1, &[]);
    let second = run(&mut house.provision(&port(&again), &[])).finished();
    assert_eq!(second["outcome"], "passed", "{second}");
    assert_eq!(second["attempt"], 2);
    assert_eq!(first["device_id"], second["device_id"]);
    assert_eq!(house.cloud().all_devices().len(), 1);
}

#[test]
fn secrets_come_from_standard_input_too() {
    let house = House::new();
    let device = house.device(1, &[]);
    let mut command = house.provision(&port(&device), &["--secrets-stdin"]);
    command
        .env_remove("FIRSTLIGHT_CLIENT_ID")
        .env_remove("FIRSTLIGHT_CLIENT_SECRET")
        .env_remove("FIRSTLIGHT_WIFI_PASSWORD");
    let input = serde_json::json!({
        "FIRSTLIGHT_BEARER": house.cloud().static_bearer(),
        "FIRSTLIGHT_WIFI_PASSWORD": WIFI_PASSWORD,
    });
    let ended = Running::with_input(&mut command, &input.to_string()).end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(ended.finished()["outcome"], "passed");
}

#[test]
fn any_finds_the_device_on_a_named_port() {
    let house = House::new();
    let device = house.device(1, &[]);
    let mut command =
        house.program(["provision", "--any", "--server", house.url(), "--org", "1", "--owner", "1"]);
    command.args(["--wifi", WIFI]).env("FIRSTLIGHT_SERIAL_PORTS", port(&device));
    let ended = run(&mut command);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(ended.finished()["unit"], device.unit());
}

#[test]
fn a_scan_shows_named_ports_and_opens_none() {
    let house = House::new();
    let device = house.device(1, &[]);
    let mut command = house.program(["scan", "--medium", "serial", "--for", "600ms"]);
    let ended = run(command.env("FIRSTLIGHT_SERIAL_PORTS", port(&device)));
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let sightings = ended.of("sighting");
    let seen = sightings.iter().find(|line| line["port"] == port(&device).as_str()).expect("it is listed");
    assert_eq!(seen["change"], "came");
    assert_eq!(seen["medium"], "serial");
    assert_eq!(seen["driver"], serde_json::Value::Null, "what answers on a port is known when it is asked");
}

#[test]
fn reconfigure_asks_the_cloud() {
    let house = House::new();
    let device = house.device(1, &[]);
    let id = run(&mut house.provision(&port(&device), &[])).finished()["device_id"].to_string();
    let ended = run(&mut house.program(["reconfigure", "--device-id", &id, "--server", house.url()]));
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(ended.of("reconfigured")[0]["device_id"].to_string(), id);
}

#[test]
fn a_device_that_is_online_already_needs_no_network() {
    let house = House::new();
    let without_network = |port: &str| {
        let mut command = house.program(["provision", "--port", port, "--server", house.url()]);
        command.args(["--org", "1", "--owner", "1"]).env_remove("FIRSTLIGHT_WIFI_PASSWORD");
        run(&mut command)
    };
    let device = house.device(1, &[]);
    assert_eq!(run(&mut house.provision(&port(&device), &[])).status, Some(0));
    let ended = without_network(&port(&device));
    assert_eq!((ended.status, &ended.finished()["outcome"]), (Some(0), &"passed".into()), "{}", ended.stdout);

    let improv = house.device_of(DeviceSpec::new(Dialect::ImprovSerial, 2), &[]);
    let ended = without_network(&port(&improv));
    assert_eq!(ended.status, Some(1), "{}", ended.stdout);
    assert_eq!(ended.finished()["fault"]["code"], "device.network_missing");
    assert_eq!(house.cloud().all_devices().len(), 1, "no token was taken");

    // A console may know a network of its own, so it is asked to try.
    let fresh = house.device(3, &[]);
    let ended = without_network(&port(&fresh));
    assert_eq!(ended.status, Some(1), "{}", ended.stdout);
    let fault = &ended.finished()["fault"];
    assert_eq!((&fault["code"], &fault["device_code"]), (&"device.network_missing".into(), &720.into()));
}
