//! The real client over real loopback HTTP against a server that breaks every promise.
//!
//! Each test is a promise of the client: what it asks, what it never repeats, and what its errors say and hide.

use crate::server::{Act, Server, json, status, token};
use cloud::{
    BlynkCloud, Cloud, CloudCause, CloudError, CloudTime, Credentials, DeviceId, Effect, Limiter, Options,
    OrgId, ProxyChoice, Secret, UserId, Waits,
};
use std::time::Duration;

const RESERVE: &str = "/api/v1/organization/device/provision/token";
const RENEW: &str = "/api/v1/organization/device/provision/reprovision/token";
const RECONFIGURE: &str = "/api/v1/organization/device/provision/reconfigure";
const BASE_INFO: &str = "/api/v1/organization/device/baseInfo";
const DEVICE: &str = "/api/v1/organization/device";
const ONLINE: &str = "/api/v1/organization/device/online";
const DEVICES: &str = "/api/v1/organization/devices";
const PROFILE: &str = "/api/v1/organization/profile";
const TOKEN: &str = "/oauth2/token";

const ID: &str = "id-canary-1";
const SECRET: &str = "sec-canary-2";
const BEARER: &str = "bearer-canary-3";
const DEVICE_TOKEN: &str = "devicetoken-canary_0123456789abc";

/// Real I/O keeps the real clock, so the pauses between tries are none.
fn options() -> Options {
    let waits = Waits { retries: vec![Duration::ZERO; 3], ..Waits::default() };
    Options { waits, proxy: ProxyChoice::Direct, limiter: Limiter::default() }
}

fn credentials() -> Credentials {
    Credentials::Client { id: Secret::new(ID), secret: Secret::new(SECRET) }
}

fn cloud_at(url: &str, credentials: Credentials, options: Options) -> BlynkCloud {
    BlynkCloud::connect(cloud::Server::parse(url).expect("an address"), credentials, options)
        .expect("a client")
}

fn client(server: &Server) -> BlynkCloud {
    cloud_at(&server.url(), credentials(), options())
}

fn bearer(server: &Server) -> BlynkCloud {
    cloud_at(&server.url(), Credentials::Bearer(Secret::new(BEARER)), options())
}

async fn reserve(cloud: &BlynkCloud) -> Result<cloud::Reservation, CloudError> {
    cloud.reserve(OrgId(7), UserId(5_000_000_000)).await
}

fn reserved() -> Act {
    json(&format!(r#"{{"token":"{DEVICE_TOKEN}","deviceId":4711}}"#))
}

// ---- what is said

#[tokio::test]
async fn the_sign_in_is_said_exactly_as_the_reference_has_it() {
    let server = Server::signed_in(|_, _| reserved()).await;
    let made = reserve(&client(&server)).await.expect("a reservation");
    assert_eq!((made.device, made.token.expose()), (DeviceId(4711), DEVICE_TOKEN));

    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].method, "POST");
    assert_eq!(asked[0].target, "/oauth2/token?grant_type=client_credentials");
    // "id-canary-1:sec-canary-2" in Base64 (RFC 7617)
    assert_eq!(asked[0].header("authorization"), Some("Basic aWQtY2FuYXJ5LTE6c2VjLWNhbmFyeS0y"));
    assert_eq!((asked[0].header("content-length"), asked[0].body.as_str()), (Some("0"), ""));

    assert_eq!((asked[1].method.as_str(), asked[1].target.as_str()), ("POST", RESERVE));
    assert_eq!(asked[1].header("authorization"), Some("Bearer access-canary-0123456789"));
    assert_eq!(asked[1].header("accept"), Some("application/json"));
    assert_eq!(asked[1].header("content-type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_str(&asked[1].body).expect("json");
    assert_eq!(body, serde_json::json!({ "orgId": 7, "ownerId": 5_000_000_000_i64 }));
}

#[tokio::test]
async fn every_call_goes_where_the_reference_says() {
    let server = Server::signed_in(|asked, _| match asked.path() {
        RENEW => json(&format!(r#"{{"token":"{DEVICE_TOKEN}","deviceId":9}}"#)),
        RECONFIGURE => json(r#"{"deviceIsOffline":true}"#),
        _ if asked.method == "GET" => json("[]"),
        _ => Act::Answer(204, vec![], String::new()),
    })
    .await;
    let cloud = client(&server);
    let (org, device) = (OrgId(7), DeviceId(9));
    cloud.renew(device).await.expect("renew");
    assert_eq!(cloud.reconfigure(device).await, Ok(Some(true)));
    cloud.devices(org).await.expect("devices");
    cloud.last_activated(org, 90).await.expect("last activated");
    cloud.organizations(None).await.expect("children");
    cloud.organizations(Some("a&b")).await.expect("search");
    cloud.users(None).await.expect("users");
    cloud.users(Some("ann")).await.expect("search users");
    cloud.templates(org).await.expect("templates");
    cloud.meta_fields(3).await.expect("metafields");
    cloud.device_meta(device).await.expect("device metafields");
    cloud.rename(device, "Ann's pump").await.expect("rename");
    cloud.write_meta(device, 4, "x").await.expect("write");
    cloud.delete(device).await.expect("delete");
    let said: Vec<String> = server.asked()[1..]
        .iter()
        .map(|asked| {
            let target = asked.target.replace("/api/v1/organization", "~");
            format!("{} {target} {}", asked.method, asked.body).trim_end().to_owned()
        })
        .collect();
    assert_eq!(
        said,
        [
            r#"POST ~/device/provision/reprovision/token {"deviceId":9}"#,
            r#"POST ~/device/provision/reconfigure {"deviceId":9}"#,
            "GET ~/devices?orgId=7&includeSubOrgDevices=false&page=0&size=1000",
            "GET ~/device/last-activated?minutes=60&orgId=7",
            "GET ~/sub-organizations?page=0&size=1000",
            "GET ~/search?query=a%26b&page=0&size=1000",
            "GET ~/users?includeSubOrgUsers=true&page=0&size=1000",
            "GET ~/search/users?query=ann&page=0&size=1000",
            "GET ~/templates?orgId=7&page=0&size=1000",
            "GET ~/template/metafields?templateId=3",
            "GET ~/device/metafield?deviceId=9",
            r#"PUT ~/device?deviceId=9 {"name":"Ann's pump"}"#,
            r#"POST ~/device/metafield {"deviceId":9,"metaFieldId":4,"newValue":"x"}"#,
            "DELETE ~/device?deviceId=9",
        ]
    );
}

#[tokio::test]
async fn a_name_against_the_rule_is_refused_before_anything_is_asked() {
    let server = Server::signed_in(|_, _| status(200)).await;
    let error = client(&server).rename(DeviceId(1), "a/b").await.expect_err("refused");
    assert!(matches!(error.cause, CloudCause::Invalid { .. }), "{error:?}");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn whether_a_device_is_offline_may_be_left_unsaid() {
    let server = Server::signed_in(|_, n| match n {
        0 => json("{}"),
        1 => Act::Answer(200, vec![], String::new()),
        _ => json(r#"{"deviceIsOffline":false}"#),
    })
    .await;
    let cloud = client(&server);
    assert_eq!(cloud.reconfigure(DeviceId(1)).await, Ok(None));
    assert_eq!(cloud.reconfigure(DeviceId(1)).await, Ok(None));
    assert_eq!(cloud.reconfigure(DeviceId(1)).await, Ok(Some(false)));
}

#[tokio::test]
async fn a_fresh_token_of_another_device_is_not_accepted() {
    let server = Server::signed_in(|_, _| reserved()).await;
    let error = client(&server).renew(DeviceId(1)).await.expect_err("4711 is not 1");
    assert!(matches!(error.cause, CloudCause::NotUnderstood { .. }), "{error:?}");
}

#[tokio::test]
async fn lists_are_followed_page_by_page() {
    let server = Server::signed_in(|asked, _| {
        let page: i32 = if asked.target.contains("page=0") { 0 } else { 1 };
        let rows: Vec<String> = (0..if page == 0 { 1000 } else { 3 })
            .map(|n| format!(r#"{{"id":{}}}"#, page * 1000 + n + 1))
            .collect();
        json(&format!(r#"{{"content":[{}],"totalElements":1003}}"#, rows.join(",")))
    })
    .await;
    assert_eq!(client(&server).devices(OrgId(1)).await.expect("devices").len(), 1003);
    assert_eq!(server.count(DEVICES), 2);
}

#[tokio::test]
async fn a_list_that_promises_more_than_it_has_ends() {
    let server = Server::signed_in(|_, _| json(r#"{"content":[{"id":1}],"totalElements":99}"#)).await;
    assert_eq!(client(&server).devices(OrgId(1)).await.expect("devices").len(), 1);
    assert_eq!(server.count(DEVICES), 2);
}

#[tokio::test]
async fn the_last_activated_may_come_as_one_object_or_as_an_array() {
    let server = Server::signed_in(|_, n| match n {
        0 => json(r#"{"id":5,"templateId":1,"orgId":1,"ownerUserId":2,"activationTime":1700000000000}"#),
        _ => json(r#"[{"id":5,"activationTime":1700000000000},{"id":6,"activationTime":0}]"#),
    })
    .await;
    let cloud = client(&server);
    let five = (DeviceId(5), Some(CloudTime(1_700_000_000_000)));
    assert_eq!(cloud.last_activated(OrgId(1), 5).await, Ok(vec![five]));
    assert_eq!(cloud.last_activated(OrgId(1), 5).await, Ok(vec![five, (DeviceId(6), None)]));
}

// ---- presence and time

#[tokio::test]
async fn a_device_that_has_not_checked_in_has_no_record() {
    let server = Server::signed_in(|_, _| status(404)).await;
    let presence = client(&server).presence(DeviceId(1)).await.expect("no error");
    assert_eq!((presence.record, presence.connected), (None, None));
}

#[tokio::test]
async fn connect_times_tell_whether_a_device_is_online_and_save_a_request() {
    let server = Server::signed_in(|_, n| match n {
        0 => json(r#"{"id":1,"connectTime":200,"disconnectTime":100}"#),
        _ => json(r#"{"id":1,"connectTime":200,"disconnectTime":300}"#),
    })
    .await;
    let cloud = client(&server);
    assert_eq!(cloud.presence(DeviceId(1)).await.expect("presence").connected, Some(true));
    assert_eq!(cloud.presence(DeviceId(1)).await.expect("presence").connected, Some(false));
    assert_eq!((server.count(BASE_INFO), server.count(ONLINE)), (2, 0));
}

#[tokio::test]
async fn where_connect_times_are_silent_the_live_connection_is_asked_for() {
    let server = Server::signed_in(|asked, _| match asked.path() {
        BASE_INFO => json(r#"{"id":1,"activatedAt":5,"connectTime":0}"#),
        ONLINE => json(r#"{"connected":true}"#),
        _ => status(404),
    })
    .await;
    assert_eq!(client(&server).presence(DeviceId(1)).await.expect("presence").connected, Some(true));
}

#[tokio::test]
async fn a_server_without_base_info_is_asked_for_the_whole_device() {
    let server = Server::signed_in(|asked, _| match asked.path() {
        DEVICE => json(r#"{"id":1,"name":"Pump","connectTime":7}"#),
        _ => status(404),
    })
    .await;
    let cloud = client(&server);
    for _ in 0..3 {
        let record = cloud.presence(DeviceId(1)).await.expect("presence").record.expect("a record");
        assert_eq!((record.name.as_str(), record.last_connect), ("Pump", Some(CloudTime(7))));
    }
    assert_eq!((server.count(BASE_INFO), server.count(DEVICE)), (1, 3));
}

#[tokio::test]
async fn the_clouds_clock_is_its_date_header_and_is_asked_for_once() {
    let date = ("Date", "Wed, 21 Oct 2015 07:28:00 GMT".to_owned());
    let server = Server::start(move |_, _| match token() {
        Act::Answer(status, _, body) => Act::Answer(status, vec![date.clone()], body),
        other => other,
    })
    .await;
    let cloud = client(&server);
    let began = CloudTime(1_445_412_480_000);
    let first = cloud.time().await.expect("time");
    let second = cloud.time().await.expect("time");
    assert!(began <= first && first <= second, "{first:?} {second:?}");
    assert_eq!(cloud.requests(), 2, "the sign-in and one call");
}

#[tokio::test]
async fn a_cloud_without_a_date_has_no_time() {
    let server = Server::signed_in(|_, _| json("{}")).await;
    let error = client(&server).time().await.expect_err("no clock");
    assert!(matches!(error.cause, CloudCause::NotUnderstood { .. }), "{error:?}");
}

#[tokio::test]
async fn numbers_that_are_written_as_texts_are_numbers() {
    let server = Server::signed_in(|asked, _| match asked.path() {
        BASE_INFO => json(r#"{"id":"4711","orgId":"7","connectTime":"1700000000000","disconnectTime":""}"#),
        _ => json(&format!(r#"{{"token":"{DEVICE_TOKEN}","deviceId":"4711"}}"#)),
    })
    .await;
    let cloud = client(&server);
    assert_eq!(reserve(&cloud).await.map(|made| made.device), Ok(DeviceId(4711)));
    let record = cloud.presence(DeviceId(4711)).await.expect("an answer").record.expect("a record");
    assert_eq!((record.id, record.org), (DeviceId(4711), OrgId(7)));
    assert_eq!((record.last_connect, record.last_disconnect), (Some(CloudTime(1_700_000_000_000)), None));
}

// ---- acts are not repeated

#[tokio::test]
async fn a_lost_answer_to_reserve_is_not_repeated_and_said_to_be_open() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"token\":".to_vec();
    let torn_head = b"HTTP/1.1 20".to_vec();
    let garbage = b"\x16\x03\x01 what?\r\n\r\n".to_vec();
    type Broken = Box<dyn Fn() -> Act + Send + Sync>;
    let ways: Vec<(&str, Broken)> = vec![
        ("closed without a word", Box::new(|| Act::Close)),
        ("cut in the body", Box::new(move || Act::Bytes(cut.clone()))),
        ("cut in the head", Box::new(move || Act::Bytes(torn_head.clone()))),
        ("not HTTP", Box::new(move || Act::Bytes(garbage.clone()))),
        ("not JSON", Box::new(|| json("<html>welcome to the hotel</html>"))),
        ("JSON cut short", Box::new(|| json(r#"{"token":"#))),
        ("without a device", Box::new(|| json(&format!(r#"{{"token":"{DEVICE_TOKEN}"}}"#)))),
        ("wrong types", Box::new(|| json(&format!(r#"{{"token":7,"deviceId":"{DEVICE_TOKEN}"}}"#)))),
        ("half a token", Box::new(|| json(r#"{"token":"devicetoken-canary","deviceId":4711}"#))),
        ("a token and more", Box::new(|| json(&format!(r#"{{"token":"{DEVICE_TOKEN}x","deviceId":4711}}"#)))),
        (
            "characters that no token has",
            Box::new(|| json(&format!(r#"{{"token":"{}!","deviceId":4711}}"#, &DEVICE_TOKEN[1..]))),
        ),
        ("empty", Box::new(|| Act::Answer(200, vec![], String::new()))),
        ("huge", Box::new(|| json(&"x".repeat(2 << 20)))),
        ("500", Box::new(|| status(500))),
        ("502", Box::new(|| status(502))),
        (
            "503 with Retry-After",
            Box::new(|| Act::Answer(503, vec![("Retry-After", "0".to_owned())], String::new())),
        ),
        ("504", Box::new(|| status(504))),
        ("408", Box::new(|| status(408))),
    ];
    for (way, broken) in ways {
        let server = Server::signed_in(move |_, _| broken()).await;
        let error = reserve(&client(&server)).await.expect_err(way);
        assert_eq!(error.effect, Effect::Maybe, "{way}: {error:?}");
        assert_eq!(server.count(RESERVE), 1, "{way}");
        assert!(!format!("{error} {error:?}").contains("devicetoken"), "{way}: {error:?}");
    }
}

#[tokio::test]
async fn a_reserve_that_is_not_answered_in_time_is_open() {
    let server = Server::signed_in(|_, _| Act::Silence).await;
    let mut options = options();
    options.waits.call = Duration::from_millis(50);
    let error = reserve(&cloud_at(&server.url(), credentials(), options)).await.expect_err("silence");
    assert_eq!((&error.cause, error.effect), (&CloudCause::Timeout, Effect::Maybe));
    assert_eq!(server.count(RESERVE), 1);
}

#[tokio::test]
async fn what_was_certainly_not_done_has_no_effect() {
    for refused in [400, 402, 403, 404, 409, 418, 422] {
        let server = Server::signed_in(move |_, _| status(refused)).await;
        let error = reserve(&client(&server)).await.expect_err("refused");
        assert_eq!(error.effect, Effect::None, "{refused}: {error:?}");
        assert_eq!(server.count(RESERVE), 1, "{refused}");
    }
}

#[tokio::test]
async fn reads_are_tried_again_a_bounded_number_of_times() {
    for broken in [|| status(500), || status(503), || Act::Close] {
        let server = Server::signed_in(move |_, _| broken()).await;
        let error = client(&server).devices(OrgId(1)).await.expect_err("never works");
        assert_eq!(error.effect, Effect::None);
        assert_eq!(server.count(DEVICES), 4, "{error:?}");
    }
    let server = Server::signed_in(|_, n| if n < 2 { status(500) } else { json("[]") }).await;
    client(&server).devices(OrgId(1)).await.expect("the third try");
}

#[tokio::test]
async fn renewing_may_be_repeated_and_says_that_it_may_have_happened() {
    let server = Server::signed_in(|_, n| {
        if n == 0 { Act::Close } else { json(&format!(r#"{{"token":"{DEVICE_TOKEN}","deviceId":1}}"#)) }
    })
    .await;
    client(&server).renew(DeviceId(1)).await.expect("the second try");
    let server = Server::signed_in(|_, n| if n == 0 { Act::Close } else { status(404) }).await;
    let error = client(&server).renew(DeviceId(1)).await.expect_err("gone");
    assert_eq!((error.cause, error.effect), (CloudCause::NotFound, Effect::Maybe));
}

// ---- too many requests

#[tokio::test]
async fn a_429_is_repeated_even_for_reserve_since_nothing_was_done() {
    for retry_after in [None, Some("0")] {
        let headers =
            move || retry_after.map(|value| ("Retry-After", value.to_owned())).into_iter().collect();
        let server =
            Server::signed_in(
                move |_, n| if n < 2 { Act::Answer(429, headers(), String::new()) } else { reserved() },
            )
            .await;
        reserve(&client(&server)).await.expect("the third try");
        assert_eq!(server.count(RESERVE), 3);
    }
    let server = Server::signed_in(|_, _| status(429)).await;
    let error = reserve(&client(&server)).await.expect_err("never works");
    assert_eq!((error.cause, error.effect), (CloudCause::RateLimited { retry_after: None }, Effect::None));
    assert_eq!(server.count(RESERVE), 4);
}

#[tokio::test]
async fn a_long_retry_after_is_reported_not_waited_for() {
    let server =
        Server::signed_in(|_, _| Act::Answer(429, vec![("Retry-After", "3600".to_owned())], String::new()))
            .await;
    let error = client(&server).devices(OrgId(1)).await.expect_err("an hour");
    let retry_after = Some(Duration::from_secs(3600));
    assert_eq!(error.cause, CloudCause::RateLimited { retry_after });
    assert_eq!(server.count(DEVICES), 1);
}

// ---- signing in

#[tokio::test]
async fn one_sign_in_serves_all_who_wait_for_it() {
    let server = Server::signed_in(|_, _| json("[]")).await;
    let cloud = client(&server);
    let calls: tokio::task::JoinSet<_> =
        (0..50).map(|_| cloud.clone()).map(|cloud| async move { cloud.devices(OrgId(1)).await }).collect();
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!((server.count(TOKEN), server.count(DEVICES)), (1, 50));
}

#[tokio::test]
async fn all_who_wait_for_a_sign_in_share_its_failure() {
    let server =
        Server::start(|_, _| Act::Answer(400, vec![], r#"{"error":"invalid_client"}"#.to_owned())).await;
    let cloud = client(&server);
    let calls: tokio::task::JoinSet<_> =
        (0..50).map(|_| cloud.clone()).map(|cloud| async move { reserve(&cloud).await }).collect();
    for result in calls.join_all().await {
        let error = result.expect_err("no sign-in");
        assert_eq!(error.cause, CloudCause::SignIn { said: "invalid_client (400)".to_owned() });
        assert_eq!(error.effect, Effect::None);
    }
    assert_eq!((server.count(TOKEN), server.count(RESERVE)), (1, 0));
    reserve(&cloud).await.expect_err("who comes later tries anew");
    assert_eq!(server.count(TOKEN), 2);
}

#[tokio::test]
async fn expires_in_is_obeyed() {
    let server = Server::start(|asked, _| match asked.path() {
        TOKEN => json(r#"{"access_token":"a","token_type":"Bearer","expires_in":0}"#),
        _ => json("[]"),
    })
    .await;
    let cloud = client(&server);
    for _ in 0..3 {
        cloud.devices(OrgId(1)).await.expect("devices");
    }
    assert_eq!(server.count(TOKEN), 3);
}

#[tokio::test]
async fn a_401_mid_way_is_signed_in_again_and_repeated_once() {
    let server = Server::start(|asked, n| match asked.path() {
        TOKEN => json(&format!(r#"{{"access_token":"pass-{n}","expires_in":86400}}"#)),
        _ if asked.header("authorization") == Some("Bearer pass-0") && n > 0 => status(401),
        _ => reserved(),
    })
    .await;
    let cloud = client(&server);
    reserve(&cloud).await.expect("the first pass is good");
    reserve(&cloud).await.expect("the second pass is fetched");
    assert_eq!((server.count(TOKEN), server.count(RESERVE)), (2, 3));
}

#[tokio::test]
async fn a_401_for_many_calls_makes_one_sign_in() {
    let server = Server::start(|asked, n| match asked.path() {
        TOKEN => json(&format!(r#"{{"access_token":"pass-{n}","expires_in":86400}}"#)),
        _ if asked.header("authorization") == Some("Bearer pass-0") => status(401),
        _ => json("[]"),
    })
    .await;
    let cloud = client(&server);
    let calls: tokio::task::JoinSet<_> =
        (0..20).map(|_| cloud.clone()).map(|cloud| async move { cloud.devices(OrgId(1)).await }).collect();
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!(server.count(TOKEN), 2);
}

#[tokio::test]
async fn a_401_that_stays_is_a_sign_in_fault_without_effect() {
    let server = Server::signed_in(|_, _| status(401)).await;
    let error = reserve(&client(&server)).await.expect_err("no way in");
    assert!(matches!(error.cause, CloudCause::SignIn { .. }), "{error:?}");
    assert_eq!(error.effect, Effect::None);
    assert_eq!((server.count(TOKEN), server.count(RESERVE)), (2, 2));

    let server = Server::start(|_, _| status(401)).await;
    let error = reserve(&bearer(&server)).await.expect_err("a pasted token is not refreshed");
    assert!(matches!(error.cause, CloudCause::SignIn { .. }), "{error:?}");
    assert_eq!((server.count(TOKEN), server.count(RESERVE)), (0, 1));
}

#[tokio::test]
async fn a_sign_in_that_fails_in_passing_is_tried_again() {
    let server = Server::start(|asked, n| match (asked.path(), n) {
        (TOKEN, 0) => status(503),
        (TOKEN, 1) => status(429),
        (TOKEN, 2) => Act::Close,
        (TOKEN, _) => token(),
        _ => reserved(),
    })
    .await;
    reserve(&client(&server)).await.expect("the fourth sign-in");
}

// ---- permissions

#[tokio::test]
async fn a_403_is_told_apart_by_account_and_structure() {
    let server = Server::signed_in(|_, _| status(403)).await;
    let error = reserve(&client(&server)).await.expect_err("403 everywhere");
    assert!(matches!(error.cause, CloudCause::ScopeOff { .. }), "{error:?}");

    let server =
        Server::signed_in(|asked, _| if asked.path() == PROFILE { json(r#"{"id":1}"#) } else { status(403) })
            .await;
    let cloud = client(&server);
    let error = reserve(&cloud).await.expect_err("only here");
    assert!(
        matches!(error.cause, CloudCause::Forbidden { permission: Some("PROVISION_DEVICES"), .. }),
        "{error:?}"
    );
    reserve(&cloud).await.expect_err("still");
    assert_eq!(server.count(PROFILE), 1, "once known, it is not asked again");

    let server = Server::start(|_, _| status(403)).await;
    let cloud = bearer(&server);
    let permission_of = |error: CloudError| match error.cause {
        CloudCause::Forbidden { permission, .. } => permission,
        other => panic!("{other:?}"),
    };
    assert_eq!(permission_of(reserve(&cloud).await.expect_err("403")), Some("PROVISION_DEVICES"));
    assert_eq!(permission_of(cloud.users(None).await.expect_err("403")), Some("ORG_VIEW_USERS"));
    assert_eq!(permission_of(cloud.devices(OrgId(1)).await.expect_err("403")), Some("ORG_DEVICES_VIEW"));
}

#[tokio::test]
async fn the_plans_limit_of_devices_is_told_by_status() {
    let server = Server::signed_in(|_, _| status(402)).await;
    let error = reserve(&client(&server)).await.expect_err("full");
    assert!(matches!(error.cause, CloudCause::DeviceLimit { .. }), "{error:?}");
}

#[tokio::test]
async fn an_account_is_an_organization_or_a_user_with_permissions() {
    let server = Server::signed_in(|_, _| json(r#"{"id":7,"name":"Acme","parentOrganizationId":0}"#)).await;
    let account = client(&server).account().await.expect("account");
    assert_eq!(account.organization.map(|o| (o.id, o.parent)), Some((OrgId(7), None)));
    assert_eq!(account.permissions, None);

    let server = Server::start(|_, _| {
        json(
            r#"{"id":5000000000,"name":"Ann","email":"a@example.com","orgId":7,"orgName":"Acme",
                 "role":{"id":2,"name":"Staff","permissions":["PROVISION_DEVICES"]}}"#,
        )
    })
    .await;
    let account = bearer(&server).account().await.expect("account");
    assert_eq!(account.user.map(|user| user.id), Some(UserId(5_000_000_000)));
    assert_eq!(account.permissions, Some(vec!["PROVISION_DEVICES".to_owned()]));

    let server =
        Server::start(|asked, _| if asked.path() == PROFILE { json(r#"{"id":7}"#) } else { status(403) })
            .await;
    let account = bearer(&server).account().await.expect("a client's token may be pasted too");
    assert_eq!(account.organization.map(|o| o.id), Some(OrgId(7)));
}

// ---- other places

#[tokio::test]
async fn a_308_within_the_domain_is_followed_once_and_remembered() {
    let region = Server::signed_in(|_, _| reserved()).await;
    let there = region.url();
    let front = Server::signed_in(move |asked, _| {
        Act::Answer(308, vec![("Location", format!("{there}{}", asked.target))], String::new())
    })
    .await;
    let cloud = client(&front);
    reserve(&cloud).await.expect("done in the right region");
    let moved = &region.asked()[0];
    assert_eq!((moved.method.as_str(), moved.path()), ("POST", RESERVE));
    assert_eq!(moved.header("authorization"), Some("Bearer access-canary-0123456789"));
    assert!(moved.body.contains("5000000000"));
    reserve(&cloud).await.expect("straight there");
    assert_eq!((front.count(RESERVE), region.count(RESERVE)), (1, 2));
    assert_eq!(cloud.server().to_string(), region.url());
}

#[tokio::test]
async fn a_308_to_a_foreign_host_is_never_followed() {
    for foreign in
        ["https://evil.example/x", "http://localhost:1/", "https://127.0.0.1/", "http://127.0.0.2:80/"]
    {
        let server = Server::signed_in(move |_, _| {
            Act::Answer(308, vec![("Location", foreign.to_owned())], String::new())
        })
        .await;
        let error = reserve(&client(&server)).await.expect_err("foreign");
        assert!(matches!(error.cause, CloudCause::ForeignRedirect { .. }), "{foreign}: {error:?}");
        assert_eq!((error.effect, server.count(RESERVE)), (Effect::None, 1));
    }
}

#[tokio::test]
async fn redirects_in_a_circle_or_to_nowhere_end() {
    let server = Server::signed_in(|asked, _| {
        Act::Answer(308, vec![("Location", asked.target.clone())], String::new())
    })
    .await;
    let error = reserve(&client(&server)).await.expect_err("a circle");
    assert!(matches!(error.cause, CloudCause::Unexpected { status: 308, .. }), "{error:?}");
    for other in [301, 302, 303, 307] {
        let server = Server::signed_in(move |_, _| status(other)).await;
        let error = reserve(&client(&server)).await.expect_err("nowhere");
        assert!(matches!(error.cause, CloudCause::Unexpected { .. }), "{error:?}");
        assert_eq!(server.count(RESERVE), 1);
    }
}

// ---- no way there

async fn closed_port() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("bound").to_string()
}

#[tokio::test]
async fn a_refused_connection_did_nothing() {
    let url = format!("http://{}", closed_port().await);
    let error = reserve(&cloud_at(&url, Credentials::Bearer(Secret::new(BEARER)), options()))
        .await
        .expect_err("refused");
    assert!(matches!(&error.cause, CloudCause::Unreachable { host, .. } if host == "127.0.0.1"), "{error:?}");
    assert_eq!(error.effect, Effect::None);
}

#[tokio::test]
async fn localhost_is_this_computer() {
    let server = Server::signed_in(|_, _| reserved()).await;
    let named = server.url().replace("127.0.0.1", "localhost");
    reserve(&cloud_at(&named, credentials(), options())).await.expect("reached");
}

#[tokio::test]
async fn an_unknown_name_is_told_from_a_dead_server() {
    let error = reserve(&cloud_at("https://nonexistent.invalid", credentials(), options()))
        .await
        .expect_err("no such name");
    assert!(
        matches!(&error.cause, CloudCause::UnknownHost { host } if host == "nonexistent.invalid"),
        "{error:?}"
    );
    assert_eq!(error.effect, Effect::None);
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_told_as_such() {
    for act in [|| Act::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), || Act::Close] {
        // A TLS greeting has no blank line, so this one reads bytes and does not wait for a request.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("bound"));
        let task = tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            loop {
                let (mut stream, _) = listener.accept().await.expect("accept");
                let mut greeting = [0; 16384];
                let _read = stream.read(&mut greeting).await.expect("the client greets");
                if let Act::Bytes(bytes) = act() {
                    stream.write_all(&bytes).await.expect("written");
                }
            }
        });
        let error = reserve(&cloud_at(&url, credentials(), options())).await.expect_err("no TLS there");
        assert!(matches!(error.cause, CloudCause::Tls { .. }), "{error:?}");
        assert_eq!(error.effect, Effect::None);
        task.abort();
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_and_loopback_never_uses_one() {
    let proxy = Server::start(|_, _| Act::Answer(407, vec![], String::new())).await;
    let through = |at: String| Options { proxy: ProxyChoice::At(at), ..options() };
    let far = cloud_at("https://blynk.invalid", credentials(), through(proxy.url()));
    let error = reserve(&far).await.expect_err("407");
    assert!(matches!(error.cause, CloudCause::Proxy { .. }), "{error:?}");
    assert_eq!(proxy.asked()[0].method, "CONNECT");

    let dead = format!("http://{}", closed_port().await);
    let far = cloud_at("https://blynk.invalid", credentials(), through(dead));
    let error = reserve(&far).await.expect_err("no proxy there");
    assert!(matches!(error.cause, CloudCause::Proxy { .. }), "{error:?}");

    let server = Server::signed_in(|_, _| reserved()).await;
    let near = cloud_at(&server.url(), credentials(), through(proxy.url()));
    reserve(&near).await.expect("straight to this computer");
    assert_eq!(proxy.asked().len(), 1);
}

// ---- secrets

#[tokio::test]
async fn no_error_shows_a_secret_even_when_the_server_echoes_all_it_got() {
    // What the client holds, however the server came by it, beside all that it sent.
    let echo = |status: u16, shape: usize, held: &'static str| {
        move |asked: &crate::server::Asked, _: usize| {
            let all = format!("{} {} {DEVICE_TOKEN} {held}", asked.target, asked.head.replace("\r\n", " "));
            let shapes = [
                format!(r#"{{"error":{{"message":"{all}"}}}}"#),
                format!(r#"{{"error":"{all}","error_description":"{all}"}}"#),
                format!(r#"{{"message":"{all}"}}"#),
                all.clone(),
            ];
            Act::Answer(status, vec![], shapes[shape].clone())
        }
    };
    let secrets = [
        ID,
        SECRET,
        BEARER,
        "canary",
        "devicetoken",
        "aWQtY2FuYXJ5",
        "access-canary-0123456789",
        "0123456789",
    ];
    let check = |error: &dyn std::error::Error, text: String| {
        let mut chain = format!("{text} {error} {error:?}");
        let mut next = error.source();
        while let Some(source) = next {
            chain.push_str(&format!(" {source} {source:?}"));
            next = source.source();
        }
        for secret in secrets {
            assert!(!chain.contains(secret), "{secret} in {chain}");
        }
    };
    let of_client = "id-canary-1 sec-canary-2";
    for status in [200, 204, 301, 308, 400, 401, 402, 403, 404, 409, 422, 429, 500] {
        for shape in 0..4 {
            let locked = Server::start(echo(status, shape, of_client)).await;
            let open = Server::signed_in(echo(status, shape, of_client)).await;
            let pasted = Server::start(echo(status, shape, BEARER)).await;
            for cloud in [client(&locked), client(&open), bearer(&pasted)] {
                let shown = format!("{cloud:?}");
                for outcome in [reserve(&cloud).await.map(drop), cloud.devices(OrgId(1)).await.map(drop)] {
                    if let Err(error) = outcome {
                        check(&error, shown.clone());
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn credentials_that_no_header_can_carry_are_refused_without_being_shown() {
    let server = cloud::Server::parse("https://blynk.invalid").expect("an address");
    for bad in [
        Credentials::Bearer(Secret::new("canary token")),
        Credentials::Bearer(Secret::new("")),
        Credentials::Client { id: Secret::new("a:canary"), secret: Secret::new("b") },
        Credentials::Client { id: Secret::new("a"), secret: Secret::new("canary\n") },
    ] {
        let error = BlynkCloud::connect(server.clone(), bad, options()).expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
