//! What is accepted, and that a refusal names everything at once.

use super::*;
use engine::plan::patience;
use proto::Secret;

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    secrets.set(SecretName::ClientId, Secret::new("id"));
    secrets.set(SecretName::ClientSecret, Secret::new("secret"));
    secrets.set(SecretName::WifiPassword, Secret::new("correct horse"));
    secrets
}

fn request() -> ProvisionRequest {
    ProvisionRequest {
        wanted: Some(Wanted::Any),
        server: Some("https://fra1.blynk.cloud/".to_owned()),
        org: Some("7".to_owned()),
        owner: Some("9223372036854775807".to_owned()),
        wifi: Some("Workshop 2G".to_owned()),
        ..ProvisionRequest::default()
    }
}

fn codes(refused: Result<Call, Refusal>) -> Vec<RefusalCode> {
    refused.map_or_else(|refusal| refusal.reasons.iter().map(|reason| reason.code).collect(), |_| Vec::new())
}

#[test]
fn a_complete_request_becomes_a_recipe() {
    let call = request().check(&secrets()).expect("nothing is wrong");
    assert_eq!(call.recipe.cloud.server, "https://fra1.blynk.cloud");
    assert_eq!(call.recipe.token_host, "fra1.blynk.cloud");
    assert_eq!(call.recipe.owner, UserId(i64::MAX));
    assert_eq!(call.recipe.patience_s, patience::FIRST_LIGHT_S);
    assert_eq!(call.target, Target::Any);
}

#[test]
fn all_reasons_are_given_at_once() {
    let request = ProvisionRequest {
        wanted: Some(Wanted::Port {
            path: "/dev/none".to_owned(),
            problem: Some(LinkError::NoSuchPort { port: "/dev/none".to_owned() }),
        }),
        server: Some("http://example.com".to_owned()),
        org: Some("0".to_owned()),
        owner: Some("nobody".to_owned()),
        wifi: Some("x".repeat(32)),
        driver: Some("fax".to_owned()),
        name: Some("a/b".to_owned()),
        ..ProvisionRequest::default()
    };
    assert_eq!(
        codes(request.check(&Secrets::default())),
        [
            RefusalCode::InsecureServer,
            RefusalCode::BadOrg,
            RefusalCode::BadOwner,
            RefusalCode::UnknownDriver,
            RefusalCode::NameInvalid,
            RefusalCode::UnknownPort,
            RefusalCode::SecretMissing,
            RefusalCode::SecretMissing,
            RefusalCode::SecretMissing,
            RefusalCode::SsidLength,
        ]
    );
}

#[test]
fn plain_http_reaches_this_computer_only() {
    let server =
        |text: &str| codes(ProvisionRequest { server: Some(text.to_owned()), ..request() }.check(&secrets()));
    for good in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1", "https://example.com:9443"] {
        assert!(server(good).is_empty(), "{good}");
    }
    for insecure in ["http://example.com", "http://10.0.0.1", "http://localhost.example.com"] {
        assert_eq!(server(insecure), [RefusalCode::InsecureServer], "{insecure}");
    }
    for bad in ["ftp://example.com", "https://", "https://a/b", "https://me:secret@a", "", "https://a?b"] {
        assert_eq!(server(bad), [RefusalCode::BadServer], "{bad}");
    }
}

#[test]
fn a_password_in_a_server_address_is_not_repeated() {
    let refused = ProvisionRequest { server: Some("https://me:hunter22@a".to_owned()), ..request() }
        .check(&secrets())
        .expect_err("user names have no place in a server address");
    assert!(!format!("{refused:?}").contains("hunter22"));
}

#[test]
fn ids_are_positive_and_within_their_width() {
    for bad in ["0", "-1", "2147483648", "1.5", "", "one"] {
        let refused = ProvisionRequest { org: Some(bad.to_owned()), ..request() }.check(&secrets());
        assert_eq!(codes(refused), [RefusalCode::BadOrg], "{bad}");
    }
    let refused =
        ProvisionRequest { owner: Some("9223372036854775808".to_owned()), ..request() }.check(&secrets());
    assert_eq!(codes(refused), [RefusalCode::BadOwner]);
}

#[test]
fn network_names_are_counted_in_bytes_and_passwords_in_characters() {
    let ssid =
        |ssid: &str| codes(ProvisionRequest { wifi: Some(ssid.to_owned()), ..request() }.check(&secrets()));
    assert!(ssid(&"x".repeat(31)).is_empty());
    assert_eq!(ssid(&"x".repeat(32)), [RefusalCode::SsidLength]);
    assert_eq!(ssid(&"ä".repeat(16)), [RefusalCode::SsidLength]);
    assert_eq!(ssid(""), [RefusalCode::SsidLength]);
    let password = |length: usize| {
        let mut secrets = secrets();
        secrets.set(SecretName::WifiPassword, Secret::new("p".repeat(length)));
        codes(request().check(&secrets))
    };
    for good in [0, 8, 63] {
        assert!(password(good).is_empty(), "{good}");
    }
    for bad in [1, 7, 64] {
        assert_eq!(password(bad), [RefusalCode::PasswordLength], "{bad}");
    }
}

#[test]
fn a_bearer_token_stands_for_client_id_and_secret() {
    let mut given = Secrets::default();
    given.set(SecretName::Bearer, Secret::new("token"));
    given.set(SecretName::WifiPassword, Secret::new(""));
    assert!(request().check(&given).is_ok());
}

#[test]
fn names_follow_the_clouds_rule() {
    let name =
        |name: &str| codes(ProvisionRequest { name: Some(name.to_owned()), ..request() }.check(&secrets()));
    assert!(name("Bob's Pump_01-a").is_empty());
    assert_eq!(name(&"x".repeat(51)), [RefusalCode::NameInvalid]);
    assert_eq!(name(""), [RefusalCode::NameInvalid]);
    assert_eq!(name("a;b"), [RefusalCode::NameInvalid]);
}

#[test]
fn improvs_carrier_is_one_of_three_ways() {
    let carrier = |text: &str| {
        codes(ProvisionRequest { carrier: Some(text.to_owned()), ..request() }.check(&secrets()))
    };
    for good in ["url", "third-string", "vendor:254", "vendor:0xC8"] {
        assert!(carrier(good).is_empty(), "{good}");
    }
    for bad in ["vendor:256", "vendor:", "pigeon"] {
        assert_eq!(carrier(bad), [RefusalCode::DriverSetting], "{bad}");
    }
}

#[test]
fn settings_for_the_token_are_judged_before_a_device_is_opened() {
    let judged = |template: &str, success: &str| {
        let request = ProvisionRequest {
            token_template: Some(template.to_owned()),
            token_success: Some(success.to_owned()),
            ..request()
        };
        codes(request.check(&secrets()))
    };
    for (template, success) in [
        ("", ""),
        ("{token}", "any"),
        (r#"{"t":"{token}"}"#, "json:status=ok"),
        ("hex:0a20{token}", "exact:OK"),
    ] {
        assert_eq!(judged(template, success), [], "{template} {success}");
    }
    assert_eq!(judged("no place for it", "maybe"), [RefusalCode::DriverSetting; 2]);
    let endpoint = ProvisionRequest { token_endpoint: Some("two words".to_owned()), ..request() };
    assert_eq!(codes(endpoint.check(&secrets())), [RefusalCode::DriverSetting]);
}

const CODE: &str = r#"{"ver":"v1","name":"PROV_CE03C0","pop":"abcd1234","username":"line","transport":"ble","security":"2"}"#;

fn with_code(code: &str) -> Secrets {
    let mut secrets = secrets();
    secrets.set(SecretName::DeviceQr, Secret::new(code));
    secrets
}

#[test]
fn the_code_on_a_device_names_it_and_brings_its_proof() {
    let call = request().check(&with_code(CODE)).expect("nothing is wrong");
    assert_eq!(call.target, Target::Named { medium: proto::MediumKind::Ble, name: "PROV_CE03C0".to_owned() });
    assert_eq!(call.recipe.driver, "espressif");
    assert_eq!(call.recipe.device_user.as_deref(), Some("line"));
    assert_eq!(call.secrets.device_secret.as_ref().map(Secret::expose), Some("abcd1234"));
    assert!(!format!("{call:?}").contains("abcd1234"));
}

#[test]
fn what_was_typed_wins_over_the_code() {
    let mut secrets = with_code(CODE);
    secrets.set(SecretName::DeviceSecret, Secret::new("typed one"));
    let request = ProvisionRequest {
        wanted: Some(Wanted::Ble { name: "AA:BB:CC:DD:EE:FF".to_owned() }),
        driver: Some("auto".to_owned()),
        device_user: Some("typed".to_owned()),
        ..request()
    };
    let call = request.check(&secrets).expect("nothing is wrong");
    let named = Target::Named { medium: proto::MediumKind::Ble, name: "AA:BB:CC:DD:EE:FF".to_owned() };
    assert_eq!(call.target, named);
    assert_eq!((call.recipe.driver.as_str(), call.recipe.device_user.as_deref()), ("auto", Some("typed")));
    assert_eq!(call.secrets.device_secret.as_ref().map(Secret::expose), Some("typed one"));
}

#[test]
fn a_code_that_leads_to_no_device_of_ours_is_refused() {
    for code in [
        r#"{"ver":"v1","name":"PROV_CE03C0","pop":"abcd1234","transport":"softap"}"#,
        r#"{"ver":"v1","name":"PROV_CE03C0","pop":"abcd1234","transport":"ble","network":"thread"}"#,
        r#"{"ver":"v9","name":"PROV_CE03C0"}"#,
        "abcd1234",
    ] {
        assert_eq!(codes(request().check(&with_code(code))), [RefusalCode::DeviceCode], "{code}");
    }
}
