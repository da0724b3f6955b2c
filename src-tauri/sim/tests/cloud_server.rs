//! The practice cloud over HTTP against the cloud reference, sections 4 to 9: raw bytes over a TCP stream, so that no
//! client's kindness hides what is really on the wire.

use serde_json::Value;
use sim::cloud::{CLIENT_ID, CLIENT_SECRET, CloudBeginning, CloudState, Hardware, TEMPLATE};
use sim::cloud_server::{CloudServer, serve};
use sim::trouble::CloudFaults;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    fn header(&self, name: &str) -> Option<String> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| {
            line.to_ascii_lowercase().starts_with(&prefix).then(|| line[prefix.len()..].to_owned())
        })
    }
}

async fn start(faults: &[&str]) -> CloudServer {
    let faults = CloudFaults::of(faults.iter().copied()).expect("known knobs");
    let state = CloudState::new(CloudBeginning { faults, ..CloudBeginning::default() });
    serve(state, "127.0.0.1:0").await.expect("it listens")
}

/// Everything that comes back, as it comes.
async fn raw(server: &CloudServer, request: &str) -> Vec<u8> {
    let authority = server.url().strip_prefix("http://").expect("plain");
    let mut stream = TcpStream::connect(authority).await.expect("it accepts");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    // A connection that breaks ends the answer where it broke.
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer))
        .await
        .expect("it ends");
    answer
}

async fn ask(server: &CloudServer, line: &str, authorization: &str, body: &str) -> Answer {
    let request = format!(
        "{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: {authorization}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let text = String::from_utf8(raw(server, &request).await).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.get(9..12).and_then(|code| code.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

fn basic(id: &str, secret: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = format!("{id}:{secret}").into_bytes();
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let three = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        for index in 0..4 {
            let sign = ALPHABET[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= chunk.len() { char::from(sign) } else { '=' });
        }
    }
    format!("Basic {text}")
}

async fn bearer(server: &CloudServer) -> String {
    let grant = "POST /oauth2/token?grant_type=client_credentials";
    let answer = ask(server, grant, &basic(CLIENT_ID, CLIENT_SECRET), "").await;
    assert_eq!(answer.status, 200);
    format!("Bearer {}", answer.json()["access_token"].as_str().expect("a token"))
}

fn hardware() -> Hardware {
    Hardware { template: TEMPLATE.into(), version: "1.4.2".into(), ..Hardware::default() }
}

#[tokio::test]
async fn signing_in_takes_query_and_basic_header_and_errs_in_its_own_shape() {
    let server = start(&[]).await;
    let grant = "POST /oauth2/token?grant_type=client_credentials";
    let good = ask(&server, grant, &basic(CLIENT_ID, CLIENT_SECRET), "").await;
    assert_eq!((good.status, good.json()["token_type"].as_str()), (200, Some("Bearer")));
    assert_eq!(good.json()["expires_in"], 86_400);
    let wrong = ask(&server, grant, &basic(CLIENT_ID, "wrong"), "").await;
    assert_eq!((wrong.status, wrong.json()["error"].as_str()), (400, Some("invalid_client")));
    let other =
        ask(&server, "POST /oauth2/token?grant_type=magic", &basic(CLIENT_ID, CLIENT_SECRET), "").await;
    assert_eq!(other.json()["error"], "unsupported_grant_type");
    let refresh = good.json()["refresh_token"].as_str().expect("one").to_owned();
    let again = format!("POST /oauth2/token?grant_type=refresh_token&refresh_token={refresh}");
    assert_eq!(ask(&server, &again, &basic(CLIENT_ID, CLIENT_SECRET), "").await.status, 200);
    let spent = ask(&server, &again, &basic(CLIENT_ID, CLIENT_SECRET), "").await;
    assert_eq!((spent.status, spent.json()["error"].as_str()), (400, Some("invalid_grant")));
}

#[tokio::test]
async fn a_device_appears_when_it_checks_in_and_not_before() {
    let server = start(&[]).await;
    let bearer = bearer(&server).await;
    let token = "POST /api/v1/organization/device/provision/token";
    let answer = ask(&server, token, &bearer, r#"{"orgId":1,"ownerId":8589934593}"#).await;
    assert_eq!(answer.status, 200);
    let (id, token) =
        (answer.json()["deviceId"].clone(), answer.json()["token"].as_str().expect("one").to_owned());
    assert_eq!(token.len(), 32);
    let look = format!("GET /api/v1/organization/device?deviceId={id}");
    let early = ask(&server, &look, &bearer, "").await;
    assert_eq!(early.status, 404);
    assert!(early.json()["error"]["message"].is_string());
    let check_in = format!(
        "GET /external/api/provision?token={token}&templateId={TEMPLATE}&ver=1.4.2&fwType=F&blVer=1.3.2"
    );
    let checked = ask(&server, &check_in, "", "").await;
    assert_eq!((checked.status, checked.body.as_str()), (200, ""));
    let device = ask(&server, &look, &bearer, "").await.json();
    assert_eq!(device["hardwareInfo"]["templateId"], TEMPLATE);
    assert_eq!(device["templateId"], 10);
    assert_eq!(device["ownerUserId"], 8_589_934_593_i64);
    assert!(device["connectTime"].as_i64() > Some(0) && device["metaFieldValues"].is_array());
    let online = format!("GET /api/v1/organization/device/online?deviceId={id}");
    assert_eq!(ask(&server, &online, &bearer, "").await.body, r#"{"connected":true}"#);
    let base = format!("GET /api/v1/organization/device/baseInfo?deviceId={id}");
    assert!(ask(&server, &base, &bearer, "").await.json()["metaFieldValues"].is_null());
    let recent =
        ask(&server, "GET /api/v1/organization/device/last-activated?minutes=5&orgId=1", &bearer, "").await;
    assert_eq!(recent.json()[0]["id"], id);
    let connected =
        ask(&server, &format!("GET /external/api/isHardwareConnected?token={token}"), "", "").await;
    assert_eq!(connected.body, "true");
    let unknown = ask(&server, "GET /external/api/provision?token=nobodys&templateId=T", "", "").await;
    assert_eq!((unknown.status, unknown.json()["error"]["message"].as_str()), (400, Some("Invalid token.")));
}

#[tokio::test]
async fn a_renewed_device_keeps_its_id_and_its_old_token_dies() {
    let server = start(&[]).await;
    let bearer = bearer(&server).await;
    let (id, old) = server.state().add_device(1, 1, "Pump One", hardware());
    let body = format!(r#"{{"deviceId":{id}}}"#);
    let renew = "POST /api/v1/organization/device/provision/reprovision/token";
    let answer = ask(&server, renew, &bearer, &body).await.json();
    assert_eq!(answer["deviceId"], id);
    assert_ne!(answer["token"], old.as_str());
    let late =
        ask(&server, &format!("GET /external/api/provision?token={old}&templateId={TEMPLATE}"), "", "").await;
    assert_eq!(late.status, 400);
    let reconfigure = "POST /api/v1/organization/device/provision/reconfigure";
    assert_eq!(ask(&server, reconfigure, &bearer, &body).await.body, r#"{"deviceIsOffline":true}"#);
    server.state().set_fault("reconfigure", "silent").expect("a knob");
    assert_eq!(ask(&server, reconfigure, &bearer, &body).await.body, "{}");
}

#[tokio::test]
async fn what_a_technician_needs_is_answered() {
    let server = start(&[]).await;
    let bearer = bearer(&server).await;
    let (id, _) = server.state().add_device(1, 1, "Pump One", hardware());
    let get = async |path: &str| ask(&server, &format!("GET /api/v1/organization{path}"), &bearer, "").await;
    assert_eq!(get("/profile").await.json()["id"], 1);
    assert_eq!(get("?orgId=2").await.json()["parentOrganizationId"], 1);
    assert_eq!(get("/sub-organizations?orgId=1").await.json()["totalElements"], 2);
    assert_eq!(get("/search?query=north").await.json()["content"][0]["id"], 2);
    assert_eq!(get("/users?size=2&page=1").await.json()["content"].as_array().map(Vec::len), Some(2));
    assert_eq!(get("/users?size=0").await.status, 400);
    assert_eq!(get("/search/users?query=kim").await.json()["content"][0]["id"], 2);
    assert_eq!(get("/templates?orgId=1").await.json()["content"][0]["templateIds"][0], TEMPLATE);
    assert_eq!(get("/template/metafields?templateId=10").await.json()[2]["name"], "Hotspot Name");
    assert_eq!(get("/devices?orgId=1").await.json()["content"][0]["name"], "Pump One");
    assert!(get("/devices?orgId=1").await.json()["content"][0]["connectTime"].is_null());
    assert_eq!(get("/devices?orgId=99").await.status, 404);
    let rename = format!("PUT /api/v1/organization/device?deviceId={id}");
    assert_eq!(ask(&server, &rename, &bearer, r#"{"name":"Boiler room 2"}"#).await.status, 200);
    assert_eq!(ask(&server, &rename, &bearer, r#"{"name":"<b>"}"#).await.status, 400);
    let write = "POST /api/v1/organization/device/metafield";
    let field = |field: i32, value: &str| {
        format!(r#"{{"deviceId":{id},"metaFieldId":{field},"newValue":"{value}"}}"#)
    };
    assert_eq!(ask(&server, write, &bearer, &field(6, "Boiler room")).await.status, 204);
    assert_eq!(ask(&server, write, &bearer, &field(7, "ground")).await.status, 400);
    assert_eq!(ask(&server, write, &bearer, &field(99, "x")).await.status, 404);
    let fields = get(&format!("/device/metafield?deviceId={id}")).await.json();
    assert_eq!(
        (fields[0]["value"].as_str(), fields[5]["value"].as_str()),
        (Some("Boiler room 2"), Some("Boiler room"))
    );
    let delete = format!("DELETE /api/v1/organization/device?deviceId={id}");
    assert_eq!(ask(&server, &delete, &bearer, "").await.status, 204);
    assert_eq!(ask(&server, &delete, &bearer, "").await.status, 404);
    assert_eq!(server.state().counts().get("rename"), Some(&2));
}

#[tokio::test]
async fn without_a_valid_access_token_nothing_is_told() {
    let server = start(&[]).await;
    assert_eq!(ask(&server, "GET /api/v1/organization/profile", "Bearer nobody", "").await.status, 401);
    let bearer = bearer(&server).await;
    assert_eq!(ask(&server, "GET /api/v1/organization/profile", &bearer, "").await.status, 200);
    server.state().forget_sign_ins();
    assert_eq!(ask(&server, "GET /api/v1/organization/profile", &bearer, "").await.status, 401);
    let pasted = format!("Bearer {}", server.state().static_bearer());
    assert_eq!(ask(&server, "GET /api/v1/organization/profile", &pasted, "").await.status, 200);
}

#[tokio::test]
async fn a_lost_answer_leaves_the_deed_and_no_byte() {
    let server = start(&["lost=once@reserve"]).await;
    let bearer = bearer(&server).await;
    let body = r#"{"orgId":1,"ownerId":1}"#;
    let request = format!(
        "POST /api/v1/organization/device/provision/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: {bearer}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(raw(&server, &request).await, b"");
    assert_eq!(server.state().all_devices().len(), 1);
    assert!(!raw(&server, &request).await.is_empty(), "only the first answer is lost");
}

#[tokio::test]
async fn mishaps_look_on_the_wire_as_they_are_named() {
    let server = start(&["cut=nth:1@profile", "huge=nth:2@profile", "not-json=nth:3@profile"]).await;
    let bearer = bearer(&server).await;
    let profile = "GET /api/v1/organization/profile";
    let cut = ask(&server, profile, &bearer, "").await;
    let promised: usize =
        cut.header("content-length").and_then(|length| length.parse().ok()).expect("a length");
    assert!(!cut.body.is_empty() && cut.body.len() < promised, "{} of {promised}", cut.body.len());
    let huge = ask(&server, profile, &bearer, "").await;
    assert!(huge.body.len() > 60 << 20);
    assert!(ask(&server, profile, &bearer, "").await.body.starts_with("<!DOCTYPE html>"));
    assert_eq!(ask(&server, profile, &bearer, "").await.json()["id"], 1);
    for (name, status) in [
        ("status-400", 400),
        ("status-401", 401),
        ("status-403", 403),
        ("status-404", 404),
        ("status-500", 500),
        ("status-503", 503),
        ("status-502-after", 502),
    ] {
        server.state().clear_faults();
        server.state().set_fault(name, "once").expect("a knob");
        let answer = ask(&server, profile, &bearer, "").await;
        assert_eq!(answer.status, status, "{name}");
        assert!(answer.json()["error"]["message"].is_string(), "{name}");
        assert_eq!(ask(&server, profile, &bearer, "").await.status, 200, "{name} strikes once");
    }
    server.state().set_fault("status-429", "first:2").expect("a knob");
    assert_eq!(ask(&server, profile, &bearer, "").await.header("retry-after"), None);
    server.state().set_fault("retry-after", "7").expect("a knob");
    let limited = ask(&server, profile, &bearer, "").await;
    assert_eq!((limited.status, limited.header("retry-after").as_deref()), (429, Some("7")));
    server.state().set_fault("scope", "off").expect("a knob");
    assert_eq!(ask(&server, profile, &bearer, "").await.status, 403);
    server.state().clear_faults();
    server.state().set_fault("wrong-region", "once").expect("a knob");
    server.state().set_fault("redirect-to", "https://fra1.blynk.cloud/").expect("a knob");
    let moved = ask(&server, "GET /api/v1/organization/device?deviceId=1", &bearer, "").await;
    let place = "https://fra1.blynk.cloud/api/v1/organization/device?deviceId=1";
    assert_eq!((moved.status, moved.header("location").as_deref()), (308, Some(place)));
}

#[tokio::test]
async fn the_clouds_clock_is_its_own() {
    let server = start(&["clock=-86400000"]).await;
    let bearer = bearer(&server).await;
    let date =
        ask(&server, "GET /api/v1/organization/profile", &bearer, "").await.header("date").expect("a date");
    server.state().set_fault("clock", "0").expect("a knob");
    let later =
        ask(&server, "GET /api/v1/organization/profile", &bearer, "").await.header("date").expect("a date");
    assert_ne!(date[..16], later[..16], "a day apart");
}

#[tokio::test]
async fn limits_of_plan_and_token_hold() {
    let server = start(&["device-limit=1", "token-life=0"]).await;
    let bearer = bearer(&server).await;
    let token = "POST /api/v1/organization/device/provision/token";
    let body = r#"{"orgId":1,"ownerId":1}"#;
    let issued = ask(&server, token, &bearer, body).await.json()["token"].as_str().expect("one").to_owned();
    let check_in = format!("GET /external/api/provision?token={issued}&templateId={TEMPLATE}");
    assert_eq!(ask(&server, &check_in, "", "").await.status, 400, "the token is over");
    server.state().set_fault("token-life", "60").expect("a knob");
    assert_eq!(ask(&server, &check_in, "", "").await.status, 200);
    assert_eq!(ask(&server, token, &bearer, body).await.status, 402, "the plan is full");
    assert_eq!(ask(&server, token, &bearer, r#"{"orgId":1}"#).await.status, 400);
    assert_eq!(ask(&server, token, &bearer, r#"{"orgId":4294967296,"ownerId":1}"#).await.status, 400);
    assert_eq!(ask(&server, token, &bearer, r#"{"orgId":1,"ownerId":77}"#).await.status, 404);
}
