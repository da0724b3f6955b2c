//! What is in sight, on all media at once, with the drivers that may fit.
//!
//! Not here: choosing a device for a job (`steps.rs`), and opening anything.

use crate::fault::Fault;
use crate::plan::patience;
use crate::record::event::Step;
use crate::work::dispatch::Shared;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use link::{Change, Medium, Sighting};
use proto::{Address, Advert, Driver};
use std::sync::Arc;

/// A sighting with the names of the drivers that may fit it, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Spotted {
    pub sighting: Sighting,
    pub drivers: Vec<&'static str>,
}

impl From<Sighting> for Spotted {
    fn from(sighting: Sighting) -> Spotted {
        let drivers = proto::drivers_for(&sighting.advert).into_iter().map(|driver| driver.name()).collect();
        Spotted { sighting, drivers }
    }
}

impl Spotted {
    /// A device whose advert fits nobody, for the system remembers it without the services that it shows, is told by the
    /// driver that it answered to before.
    fn remembered(mut self, before: impl FnOnce(&Address) -> Option<&'static dyn Driver>) -> Spotted {
        if matches!(self.sighting.advert, Advert::Ble(_)) && self.drivers.is_empty() {
            self.drivers.extend(before(&self.sighting.address).map(|driver| driver.name()));
        }
        self
    }
}

pub(crate) fn merged(
    shared: &Arc<Shared>,
    media: impl Iterator<Item = Arc<dyn Medium>>,
) -> BoxStream<'static, Result<Spotted, Fault>> {
    // Whoever watches does not keep the engine alive.
    let shared = Arc::downgrade(shared);
    let streams: Vec<_> = media.map(|medium| of(medium).boxed()).collect();
    stream::select_all(streams)
        .map(move |spotted| {
            spotted.map(|spotted| spotted.remembered(|address| shared.upgrade()?.driver_before(address)))
        })
        .boxed()
}

fn of(medium: Arc<dyn Medium>) -> impl futures::Stream<Item = Result<Spotted, Fault>> + Send {
    stream::once(async move {
        match medium.watch().await {
            Ok(sightings) => sightings,
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    })
    .flatten()
    .map(|seen| seen.map(Spotted::from).map_err(|error| Fault::from_link(Step::Connect, &error)))
}

/// The advert of a device that its medium lists now. Where only watching tells, for the moment that a list takes.
pub(crate) async fn listed(media: &[Arc<dyn Medium>], address: &Address) -> Option<Advert> {
    let medium = media.iter().find(|medium| medium.kind() == address.medium())?;
    if let Some(advert) = medium.listed(address).await {
        return Some(advert);
    }
    let look = async {
        let mut sightings = medium.watch().await.ok()?;
        while let Some(sighting) = sightings.next().await {
            let sighting = sighting.ok()?;
            if sighting.address == *address && sighting.change != Change::Left {
                return Some(sighting.advert);
            }
        }
        None
    };
    tokio::time::timeout(patience::LISTED, look).await.ok().flatten()
}
