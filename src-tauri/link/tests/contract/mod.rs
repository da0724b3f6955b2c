//! What every medium and link must do, whatever it is made of: one suite, run against each.
//!
//! A bench is a medium with one device on it that the test holds in its hand. Not here: what is special about one
//! medium (the tests beside this folder).

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use link::{Change, Link, LinkError, Medium, Sighting};
use proto::{Address, Packet, Transmit, Wiring};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// No wait of a test is longer; none that passes comes near, on whatever machine: it only ends what hangs.
pub const BOUND: Duration = Duration::from_secs(120);

/// The far end of a link.
#[async_trait]
pub trait Device: Send {
    /// Waits until it has been sent `count` bytes more than it told of before, and gives these.
    async fn hears(&mut self, count: usize) -> Vec<u8>;
    async fn says(&mut self, bytes: &[u8]);
    /// Pulls its plug.
    async fn vanishes(&mut self);
    /// Comes back under the same address.
    async fn returns(&mut self);
}

pub struct Bench {
    pub medium: Arc<dyn Medium>,
    pub address: Address,
    /// Where no device is.
    pub nowhere: Address,
    pub wiring: Wiring,
    pub transmit: fn(&[u8]) -> Transmit,
    pub device: Box<dyn Device>,
}

impl Bench {
    pub async fn open(&self) -> Box<dyn Link> {
        within("opening", self.medium.open(&self.address, &self.wiring)).await.expect("the device opens")
    }
}

pub async fn within<T>(what: &str, act: impl Future<Output = T>) -> T {
    match tokio::time::timeout(BOUND, act).await {
        Ok(value) => value,
        Err(_) => panic!("{what} took more than {BOUND:?}"),
    }
}

/// What the device says next; confirmations of writes are passed over.
pub async fn said(link: &mut dyn Link) -> Result<Vec<u8>, LinkError> {
    loop {
        match link.recv().await? {
            Packet::Bytes(bytes) | Packet::Notified { bytes, .. } => return Ok(bytes),
            Packet::Written { .. } | Packet::Value { .. } => {}
            refused @ Packet::Refused { .. } => panic!("{refused:?}"),
        }
    }
}

async fn hear(link: &mut dyn Link, count: usize) -> Vec<u8> {
    let mut heard = Vec::new();
    while heard.len() < count {
        heard.extend(within("hearing the device", said(link)).await.expect("an open link"));
    }
    heard
}

/// The next sighting of this device that is such a change.
pub async fn seen(
    sightings: &mut BoxStream<'static, Result<Sighting, LinkError>>,
    address: &Address,
    change: Change,
) -> Sighting {
    within("waiting for a sighting", async {
        loop {
            let sighting = sightings.next().await.expect("the watch goes on").expect("the medium works");
            if sighting.address == *address && sighting.change == change {
                return sighting;
            }
        }
    })
    .await
}

pub async fn what_is_sent_arrives_and_what_is_said_comes_back(bench: &mut Bench) {
    let mut link = bench.open().await;
    for text in ["first", "second\r\n", "\u{0}\u{1}\u{ff}"] {
        link.send((bench.transmit)(text.as_bytes())).await.expect("an open link");
        assert_eq!(within("hearing", bench.device.hears(text.len())).await, text.as_bytes());
        bench.device.says(text.as_bytes()).await;
        assert_eq!(hear(link.as_mut(), text.len()).await, text.as_bytes());
    }
    link.close().await;
}

pub async fn a_recv_that_is_dropped_loses_nothing(bench: &mut Bench) {
    let mut link = bench.open().await;
    let mut expected = Vec::new();
    for round in 0..20_u8 {
        let words = [round; 20];
        bench.device.says(&words).await;
        expected.extend(words);
    }
    let mut heard = Vec::new();
    while heard.len() < expected.len() {
        // Now and again it is given up right away, as a select in the contact loop does.
        for _ in 0..3 {
            tokio::select! { biased;
                bytes = said(link.as_mut()) => heard.extend(bytes.expect("an open link")),
                () = tokio::task::yield_now() => {}
            }
        }
        if heard.len() < expected.len() {
            heard.extend(within("hearing the device", said(link.as_mut())).await.expect("an open link"));
        }
    }
    assert_eq!(heard, expected);
    link.close().await;
}

pub async fn a_vanished_device_is_lost_and_stays_lost(bench: &mut Bench) {
    let mut link = bench.open().await;
    bench.device.vanishes().await;
    for _ in 0..2 {
        assert_eq!(within("noticing the loss", said(link.as_mut())).await, Err(LinkError::Lost));
    }
    assert!(within("sending into the void", link.send((bench.transmit)(b"?"))).await.is_err());
    within("closing a lost link", link.close()).await;
    bench.device.returns().await;
}

pub async fn after_close_the_device_opens_again(bench: &mut Bench) {
    for _ in 0..3 {
        let mut link = bench.open().await;
        bench.device.says(b"again").await;
        assert_eq!(hear(link.as_mut(), 5).await, b"again");
        within("closing", link.close()).await;
    }
}

pub async fn a_loss_does_not_keep_the_device_from_opening_again(bench: &mut Bench) {
    let mut link = bench.open().await;
    bench.device.vanishes().await;
    assert_eq!(within("noticing the loss", said(link.as_mut())).await, Err(LinkError::Lost));
    within("closing a lost link", link.close()).await;
    bench.device.returns().await;
    let mut link = bench.open().await;
    bench.device.says(b"back").await;
    assert_eq!(hear(link.as_mut(), 4).await, b"back");
    link.close().await;
}

pub async fn an_opening_that_is_given_up_leaves_the_device_free(bench: &mut Bench) {
    for patience in [0, 1, 20] {
        let given_up = bench.medium.open(&bench.address, &bench.wiring);
        // A link that made it in time is closed as usual; both are right.
        if let Ok(Ok(link)) = tokio::time::timeout(Duration::from_millis(patience), given_up).await {
            link.close().await;
        }
    }
    // What was given up lets go in the background; until then the device may be told to be in use.
    within("opening after a given up opening", async {
        loop {
            match bench.medium.open(&bench.address, &bench.wiring).await {
                Ok(link) => return link.close().await,
                Err(LinkError::PortBusy { .. } | LinkError::ConnectRefused { .. }) => {
                    tokio::task::yield_now().await
                }
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await;
}

pub async fn where_no_device_is_none_opens(bench: &mut Bench) {
    let opened = within("opening nothing", bench.medium.open(&bench.nowhere, &bench.wiring)).await;
    match opened.err() {
        Some(LinkError::NoSuchPort { .. } | LinkError::NotInSight { .. }) => {}
        other => panic!("{other:?}"),
    }
}

pub async fn coming_going_and_coming_back_are_seen_in_this_order(bench: &mut Bench) {
    let mut sightings = bench.medium.watch().await.expect("a medium that works");
    seen(&mut sightings, &bench.address, Change::Came).await;
    bench.device.vanishes().await;
    seen(&mut sightings, &bench.address, Change::Left).await;
    bench.device.returns().await;
    seen(&mut sightings, &bench.address, Change::Came).await;
}

pub async fn two_who_watch_both_see_it(bench: &mut Bench) {
    let mut one = bench.medium.watch().await.expect("a medium that works");
    seen(&mut one, &bench.address, Change::Came).await;
    let mut other = bench.medium.watch().await.expect("a medium that works");
    seen(&mut other, &bench.address, Change::Came).await;
    drop(one);
    bench.device.vanishes().await;
    seen(&mut other, &bench.address, Change::Left).await;
    bench.device.returns().await;
}
