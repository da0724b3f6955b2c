//! What a thousand units cost the real client over real HTTP, from the token to first light.
//!
//! The pauses are short, since real I/O keeps the real clock; the rhythm itself is tested on a paused one (`tracker.rs`).

use crate::server::{Server, json, status};
use cloud::tracker::Cadence;
use cloud::{
    BlynkCloud, Cloud, CloudTime, Credentials, Limiter, Options, OrgId, ProxyChoice, Secret, Tracker, UserId,
    Waits, Watch,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const UNITS: i32 = 1000;
/// Longer than these have to work, so that a stuck test ends.
const BOUND: Duration = Duration::from_secs(300);

#[tokio::test]
async fn a_thousand_units_cost_at_most_four_requests_each() {
    let made = Arc::new(AtomicI32::new(0));
    let lit = Arc::new(AtomicI32::new(0));
    let lists = Arc::new(AtomicUsize::new(0));
    let server = Server::signed_in({
        let (made, lit, lists) = (made.clone(), lit.clone(), lists.clone());
        move |asked, _| {
            let lit = lit.load(Ordering::SeqCst);
            let page = |rows: Vec<String>| json(&format!(r#"{{"content":[{}],"totalElements":{lit}}}"#, rows.join(",")));
            match asked.path().trim_start_matches("/api/v1/organization") {
                "/device/provision/token" => {
                    let device = made.fetch_add(1, Ordering::SeqCst) + 1;
                    json(&format!(r#"{{"token":"0123456789abcdef0123456789abcdef","deviceId":{device}}}"#))
                }
                "/device/last-activated" => {
                    lists.fetch_add(1, Ordering::SeqCst);
                    page((1..=lit).map(|id| format!(r#"{{"id":{id},"activationTime":1000}}"#)).collect())
                }
                "/devices" => {
                    lists.fetch_add(1, Ordering::SeqCst);
                    page((1..=lit).map(|id| format!(r#"{{"id":{id},"activatedAt":1000}}"#)).collect())
                }
                "/device/baseInfo" => {
                    let id: i32 = asked.target.split('=').next_back().and_then(|id| id.parse().ok()).expect("an id");
                    if id > lit {
                        return status(404);
                    }
                    json(&format!(
                        r#"{{"id":{id},"activatedAt":1000,"connectTime":1000,"hardwareInfo":{{"templateId":"TMPL1"}}}}"#
                    ))
                }
                _ => status(404),
            }
        }
    })
    .await;
    let credentials = Credentials::Client { id: Secret::new("id"), secret: Secret::new("secret") };
    // The allowance is tested elsewhere; here it would only make the test wait.
    let options = Options {
        waits: Waits::default(),
        proxy: ProxyChoice::Direct,
        limiter: Limiter::per_minute(10_000_000),
    };
    let address = cloud::Server::parse(&server.url()).expect("an address");
    let cloud = BlynkCloud::connect(address, credentials, options).expect("a client");
    let pause = Duration::from_millis(100);
    let cadence = Cadence { first: pause, quick: pause, slow: pause, ..Cadence::default() };
    let tracker = Tracker::with_cadence(Arc::new(cloud.clone()), cadence);

    let mut units = JoinSet::new();
    for _ in 0..UNITS {
        let (cloud, tracker) = (cloud.clone(), tracker.clone());
        units.spawn(async move {
            let device = cloud.reserve(OrgId(1), UserId(1)).await.expect("a reservation").device;
            let watch = Watch {
                org: OrgId(1),
                device,
                since: Some(CloudTime(500)),
                baseline_connect: None,
                fresh: true,
            };
            tracker.until_seen(watch, &CancellationToken::new()).await.expect("no error").expect("seen").at
        });
    }
    let all = async {
        while made.load(Ordering::SeqCst) < UNITS || lists.load(Ordering::SeqCst) < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // All wait, and have waited for twenty rounds: now the power comes back, for one half and then for the other.
        lit.store(UNITS / 2, Ordering::SeqCst);
        let so_far = lists.load(Ordering::SeqCst);
        while lists.load(Ordering::SeqCst) < so_far + 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        lit.store(UNITS, Ordering::SeqCst);
        units.join_all().await
    };
    let seen = tokio::time::timeout(BOUND, all).await.expect("all are seen in time");
    assert_eq!(seen, vec![Some(CloudTime(1000)); UNITS as usize]);
    assert_eq!(server.count("/oauth2/token"), 1);
    let each = cloud.requests() as f64 / f64::from(UNITS);
    assert!(each <= 4.0, "{each} requests a unit");
    assert_eq!(cloud.requests(), server.asked().len() as u64, "what is counted is what was sent");
}
