//! What the window stands on: the engine with real ports, radios and clouds, or with the practice world in their place.
//!
//! Practice is the whole app on the embedded world and keeps nothing; it never sees the real state folder. Not here: what
//! may be asked (`commands.rs`) and how it is shown (`ui`).

mod batch;
mod ground;
mod jobs;
mod profiles;
mod station;
mod strongbox;
mod trouble;
mod units;

pub use trouble::Trouble;

use api::batches::Batches;
use api::clouds::OneCloud;
use api::stations::StationDesk;
use api::watch::{Desk, DeskParts};
use engine::Refusal;
use engine::plan::profile::Profiles;
use engine::record::Journal;
use engine::vault::Vault;
use engine::work::{Clouds, Engine};
use ground::{Ground, real_clouds, real_media, state_folder};
use jobs::Cancels;
use std::sync::Arc;
use strongbox::{Strongbox, unreadable};

pub struct Stage {
    desk: Desk,
    ground: Ground,
    clouds: Arc<dyn Clouds>,
    cancels: Cancels,
    batches: Batches,
    station: StationDesk,
}

impl Stage {
    pub async fn open(practice: bool) -> Result<Stage, Trouble> {
        let (ground, media, clouds, journal) = if practice {
            let world = sim::practice_world();
            let media = world.media();
            let clouds: Arc<dyn Clouds> = Arc::new(OneCloud(world.cloud()));
            (Ground::Practice(world), media, clouds, Journal::in_memory())
        } else {
            let dir = state_folder()?;
            let journal = Journal::open(&dir).map_err(|error| Refusal::journal(&error))?;
            let vault = Vault::open(&dir, None).await.map_err(|error| unreadable(&error))?;
            let strongbox = Arc::new(Strongbox::new(vault));
            let clouds = real_clouds(&dir, &strongbox);
            (Ground::Real { profiles: Profiles::of(&dir), strongbox, dir }, real_media(), clouds, journal)
        };
        let engine = Engine::new(journal, media.clone(), clouds.clone())?;
        let settings = ground.settings()?;
        let cloud = match ground.cloud_ref(&settings) {
            Some(which) => clouds.cloud(&which).await.ok(),
            None => None,
        };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let batches = Batches::of(engine.clone());
        engine.keep_tracking();
        let station = station::open(&ground, engine.clone())?;
        let desk = Desk::open(DeskParts { engine, media, cloud, practice, version, settings });
        Ok(Stage { desk, ground, clouds, cancels: Cancels::default(), batches, station })
    }

    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Stops what runs, in an orderly way.
    pub async fn close(&self) {
        self.desk.engine().shutdown().await;
        self.desk.close();
    }
}
