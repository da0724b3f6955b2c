//! The real client against the practice cloud over loopback: two readings of the reference that were written apart.
//!
//! What answers look like when they break byte by byte is tested in `cloud`; here is what the cloud has done by then.

use cloud::tracker::Cadence;
use cloud::{
    BlynkCloud, Cloud, CloudCause, CloudTime, Credentials, DeviceId, Effect, Options, OrgId, ProxyChoice,
    Secret, Server, Tracker, UserId, Waits, Watch,
};
use sim::cloud::{CLIENT_ID, CLIENT_SECRET, CloudBeginning, CloudState, Hardware, ORG, OWNER, TEMPLATE};
use sim::cloud_server::{CloudServer, serve};
use sim::trouble::CloudFaults;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const HOME: OrgId = OrgId(ORG);
const ME: UserId = UserId(OWNER);

async fn start(faults: &[&str]) -> CloudServer {
    let faults = CloudFaults::of(faults.iter().copied()).expect("known knobs");
    let state = CloudState::new(CloudBeginning { faults, ..CloudBeginning::default() });
    serve(state, "127.0.0.1:0").await.expect("it listens")
}

/// Real I/O keeps the real clock, so nothing pauses between tries.
fn client(server: &CloudServer) -> BlynkCloud {
    let waits = Waits { retries: vec![Duration::ZERO; 3], ..Waits::default() };
    let options = Options { waits, proxy: ProxyChoice::Direct, ..Options::default() };
    let credentials = Credentials::Client { id: Secret::new(CLIENT_ID), secret: Secret::new(CLIENT_SECRET) };
    BlynkCloud::connect(Server::parse(server.url()).expect("an address"), credentials, options)
        .expect("a client")
}

fn tracker(cloud: &BlynkCloud) -> Tracker {
    let pause = Duration::from_millis(50);
    let cadence = Cadence { first: pause, quick: pause, slow: pause, ..Cadence::default() };
    Tracker::with_cadence(Arc::new(cloud.clone()), cadence)
}

async fn until_seen(cloud: &BlynkCloud, watch: Watch) -> cloud::Seen {
    let tracker = tracker(cloud);
    let cancel = CancellationToken::new();
    let seen = tokio::time::timeout(Duration::from_secs(60), tracker.until_seen(watch, &cancel)).await;
    seen.expect("in time").expect("no error").expect("not cancelled")
}

fn hardware() -> Hardware {
    Hardware { template: TEMPLATE.to_owned(), version: "1.2.3".to_owned(), ..Hardware::default() }
}

#[tokio::test]
async fn a_device_goes_from_token_to_first_light_and_away() {
    // The cloud's clock is a day behind, and nobody minds.
    let server = start(&["clock=-86400000"]).await;
    let (cloud, state) = (client(&server), server.state());
    assert_eq!(cloud.account().await.expect("account").organization.map(|own| own.id), Some(HOME));
    assert!(cloud.clock_ahead_ms().is_some_and(|ahead| ahead > 80_000_000));
    assert!(cloud.users(None).await.expect("users").iter().any(|user| user.id == ME));
    let templates = cloud.templates(HOME).await.expect("templates");
    let template =
        templates.iter().find(|it| it.texts.iter().any(|text| text == TEMPLATE)).expect("the practice one");
    assert!(!cloud.meta_fields(template.id).await.expect("fields").is_empty());

    let began = cloud.time().await.expect("time");
    let made = cloud.reserve(HOME, ME).await.expect("a reservation");
    assert!(made.at.is_some_and(|at| at.0 <= state.now() && at.0 > state.now() - 60_000));
    assert_eq!(cloud.presence(made.device).await.expect("presence").record, None, "not before it checks in");

    state.log_in(made.token.expose(), hardware(), None);
    let watch =
        Watch { org: HOME, device: made.device, since: Some(began), baseline_connect: None, fresh: true };
    let seen = until_seen(&cloud, watch).await;
    assert_eq!((seen.template.as_deref(), seen.firmware.as_deref()), (Some(TEMPLATE), Some("1.2.3")));
    assert!(seen.at >= Some(began) && seen.at <= Some(CloudTime(state.now())));

    cloud.rename(made.device, "Pump 7").await.expect("renamed");
    assert!(
        cloud
            .devices(HOME)
            .await
            .expect("devices")
            .iter()
            .any(|it| it.name == "Pump 7" && it.id == made.device)
    );
    let fields = cloud.device_meta(made.device).await.expect("fields");
    let field = fields.iter().find(|field| field.name == "Hotspot Name").unwrap_or(&fields[0]);
    cloud.write_meta(made.device, field.id, "Kitchen").await.expect("written");
    assert_eq!(cloud.reconfigure(made.device).await, Ok(Some(false)));
    cloud.delete(made.device).await.expect("deleted");
    assert_eq!(cloud.presence(made.device).await.expect("presence").record, None);
}

#[tokio::test]
async fn a_renewed_device_is_seen_only_when_it_connects_anew() {
    let server = start(&[]).await;
    let (cloud, state) = (client(&server), server.state());
    let made = cloud.reserve(HOME, ME).await.expect("a reservation");
    state.log_in(made.token.expose(), hardware(), None);
    let before =
        cloud.presence(made.device).await.expect("presence").record.and_then(|record| record.last_connect);
    assert!(before.is_some());
    let renewed = cloud.renew(made.device).await.expect("a fresh token");
    assert_eq!(renewed.device, made.device);
    let watch = Watch { org: HOME, device: made.device, since: None, baseline_connect: before, fresh: false };
    assert_eq!(tracker(&cloud).check_once(&watch).await, Ok(None));
    // The cloud counts milliseconds; the next connect has to be later than the first.
    while Some(CloudTime(state.now())) <= before {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    state.log_in(renewed.token.expose(), hardware(), None);
    assert!(until_seen(&cloud, watch).await.at > before);
}

#[tokio::test]
async fn an_act_with_a_lost_answer_was_done_once_and_says_that_it_may_have_been() {
    for (fault, done) in [
        ("lost=always@reserve", 1),
        ("cut=always@reserve", 1),
        ("not-json=always@reserve", 1),
        ("huge=always@reserve", 1),
        ("status-502-after=always@reserve", 1),
        ("status-500=always@reserve", 0),
        ("status-503=always@reserve", 0),
    ] {
        let server = start(&[fault]).await;
        let error = client(&server).reserve(HOME, ME).await.expect_err(fault);
        assert_eq!(error.effect, Effect::Maybe, "{fault}: {error:?}");
        assert_eq!(server.state().all_devices().len(), done, "{fault}");
        assert!(!error.to_string().contains("token\""), "{error}");
    }
}

#[tokio::test]
async fn an_act_that_was_refused_was_not_done_and_says_so() {
    for (faults, means) in [
        (vec!["status-400=always@reserve"], "Invalid"),
        (vec!["status-401=always@reserve"], "SignIn"),
        (vec!["status-403=always@reserve"], "Forbidden"),
        (vec!["status-404=always@reserve"], "NotFound"),
        (vec!["status-429=always@reserve"], "RateLimited"),
        (vec!["status-429=always@reserve", "retry-after=3600"], "RateLimited"),
        (vec!["scope=off"], "ScopeOff"),
        (vec!["device-limit=0"], "DeviceLimit"),
        (vec!["wrong-region=always@reserve"], "ForeignRedirect"),
        (vec!["status-401=always@sign-in"], "SignIn"),
        (vec!["status-500=always@sign-in"], "Server"),
    ] {
        let server = start(&faults).await;
        let error = client(&server).reserve(HOME, ME).await.expect_err(means);
        assert!(format!("{:?}", error.cause).starts_with(means), "{faults:?}: {error:?}");
        assert_eq!(error.effect, Effect::None, "{faults:?}: {error:?}");
        assert!(server.state().all_devices().is_empty(), "{faults:?}");
    }
}

#[tokio::test]
async fn what_passes_is_overcome() {
    for faults in [
        vec!["status-429=first:2@reserve"],
        vec!["status-429=first:2@reserve", "retry-after=0"],
        vec!["status-401=once@reserve"],
        vec!["status-503=first:2@sign-in"],
    ] {
        let server = start(&faults).await;
        client(&server).reserve(HOME, ME).await.unwrap_or_else(|error| panic!("{faults:?}: {error:?}"));
        assert_eq!(server.state().all_devices().len(), 1, "{faults:?}");
    }
    for fault in ["lost=first:2@devices", "cut=first:2@devices", "status-500=first:2@devices"] {
        let server = start(&[fault]).await;
        client(&server).devices(HOME).await.unwrap_or_else(|error| panic!("{fault}: {error:?}"));
    }
}

#[tokio::test]
async fn sign_ins_that_the_cloud_forgets_in_mid_batch_are_made_anew() {
    let server = start(&[]).await;
    let cloud = client(&server);
    for _ in 0..5 {
        cloud.reserve(HOME, ME).await.expect("a reservation");
        server.state().forget_sign_ins();
    }
    assert_eq!(server.state().all_devices().len(), 5);
}

#[tokio::test]
async fn the_right_region_is_found_and_kept() {
    let region = start(&[]).await;
    let redirect = format!("redirect-to={}", region.url());
    let front = start(&["wrong-region=always@reserve", &redirect]).await;
    let cloud = client(&front);
    // The other region does not know this sign-in, so it is made anew there.
    cloud.reserve(HOME, ME).await.expect("done over there");
    assert_eq!((front.state().all_devices().len(), region.state().all_devices().len()), (0, 1));
    assert_eq!(cloud.server().to_string(), region.url());
}

#[tokio::test]
async fn a_pasted_token_works_and_is_not_refreshed() {
    let server = start(&[]).await;
    let pasted = Credentials::Bearer(Secret::new(server.state().static_bearer()));
    let options = Options { proxy: ProxyChoice::Direct, ..Options::default() };
    let cloud = BlynkCloud::connect(Server::parse(server.url()).expect("an address"), pasted, options)
        .expect("a client");
    assert_eq!(cloud.account().await.expect("account").organization.map(|own| own.id), Some(HOME));
    cloud.reserve(HOME, ME).await.expect("a reservation");
    server.state().set_fault("status-401", "always").expect("a knob");
    let error = cloud.presence(DeviceId(1)).await.expect_err("over");
    assert!(matches!(error.cause, CloudCause::SignIn { .. }), "{error:?}");
}
