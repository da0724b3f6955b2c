//! What `cargo xtask bench app` feeds the window with: a table of units that change all the time, and a room full of radio
//! devices. Only with the feature `feed`, which nothing that is shipped has.
//!
//! `--feed-units ROWS:CHANGES` and `--feed-devices DEVICES:CHANGES`, changes a second of all together.

use api::desk::{OutcomeView, UnitView};
use api::watch::Desk;
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use link::{Change, Link, LinkError, Medium, Readiness, Sighting};
use proto::{Address, Advert, BleAdvert, MediumKind, Wiring};
use std::sync::Arc;
use std::time::Duration;

/// How often something is fed: shorter than the desk's beat, so that the desk does what it does with any other source.
const TURN: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy)]
struct Rate {
    things: u32,
    a_second: u32,
}

fn asked(flag: &str) -> Option<Rate> {
    let value = std::env::args().skip_while(|argument| argument != flag).nth(1)?;
    let (things, a_second) = value.split_once(':')?;
    Some(Rate { things: things.parse().ok()?, a_second: a_second.parse().ok()? })
}

/// Feeds units into the desk until the app ends.
pub fn begin(desk: Desk) {
    let Some(rate) = asked("--feed-units") else { return };
    desk.feed_units((0..rate.things).map(|n| unit(n, 0)));
    tauri::async_runtime::spawn(async move {
        let (mut turns, mut changes, began) = (tokio::time::interval(TURN), 0, tokio::time::Instant::now());
        loop {
            turns.tick().await;
            let due = (began.elapsed().as_secs_f64() * f64::from(rate.a_second)) as u32;
            // Steps of a prime walk through the table without ever standing beside the change before.
            desk.feed_units(
                (changes..due).map(|change| unit(change.wrapping_mul(7919) % rate.things, change)),
            );
            changes = due;
        }
    });
}

/// Unit `n` after this change; its name tells the change, so that the page can be asked how far it is.
fn unit(n: u32, change: u32) -> UnitView {
    let outcome = match change % 4 {
        0 => OutcomeView::Passed,
        1 => OutcomeView::Failed,
        2 => OutcomeView::Unknown,
        _ => OutcomeView::Skipped,
    };
    UnitView {
        unit: format!("24:0A:C4:{:02X}:{:02X}:{:02X}", n >> 16, (n >> 8) & 0xff, n & 0xff),
        name: Some(format!("Unit {n} #{change}")),
        template: Some("TMPL0practice".to_owned()),
        firmware: Some("1.2.3".to_owned()),
        driver: Some("blynk-inject".to_owned()),
        device: i32::try_from(n).ok(),
        server: Some("https://practice.test".to_owned()),
        outcome: Some(outcome),
        attempts: change % 3 + 1,
        last: api::moment::now() as f64,
    }
}

/// A medium on which devices are heard and none can be opened.
pub fn medium() -> Option<Arc<dyn Medium>> {
    Some(Arc::new(Crowd(asked("--feed-devices")?)))
}

struct Crowd(Rate);

#[async_trait]
impl Medium for Crowd {
    fn kind(&self) -> MediumKind {
        MediumKind::Ble
    }

    async fn readiness(&self) -> Readiness {
        Readiness::Ready { detail: "made up".to_owned() }
    }

    async fn watch(&self) -> Result<BoxStream<'static, Result<Sighting, LinkError>>, LinkError> {
        let rate = self.0;
        let came = stream::iter((0..rate.things).map(|n| sighting(Change::Came, n, 0)));
        let pause = Duration::from_secs(1) / rate.a_second.max(1);
        let changed = stream::unfold(0u32, move |change| async move {
            tokio::time::sleep(pause).await;
            Some((sighting(Change::Changed, change % rate.things, change / rate.things), change + 1))
        });
        Ok(came.chain(changed).map(Ok).boxed())
    }

    async fn open(&self, address: &Address, _wiring: &Wiring) -> Result<Box<dyn Link>, LinkError> {
        Err(LinkError::NotInSight { address: address.text().to_owned() })
    }
}

/// Device `n`, heard for the `heard`-th time: as far away as radio devices seem to be that stand still.
fn sighting(change: Change, n: u32, heard: u32) -> Sighting {
    let id = format!("C0:FF:EE:00:{:02X}:{:02X}", n >> 8, n & 0xff);
    let swing = i16::try_from((heard * 7 + n * 3) % 17).unwrap_or_default();
    let advert = BleAdvert {
        adapter: Some("hci0".to_owned()),
        name: Some(format!("Blynk Device-{n:04}")),
        rssi: Some(-62 - swing),
        services: vec![proto::blynk::inject::SERVICE],
        ..BleAdvert::default()
    };
    Sighting { change, address: Address::Ble(id), advert: Advert::Ble(advert) }
}
