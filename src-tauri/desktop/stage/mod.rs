//! What the window stands on: the engine with real ports, radios and clouds, or with the practice world in their place.
//!
//! Practice is the whole app on the embedded world and keeps nothing; it never sees the real state folder. Both scenes may
//! be there, and one of them is played: going to practice neither ends nor disturbs what runs in earnest. Not here: what may
//! be asked (`commands.rs`) and how it is shown (`ui`).

mod batch;
mod ground;
mod health;
mod jobs;
mod practice;
mod profiles;
mod setup;
mod station;
mod trouble;
mod units;

pub use health::bundle_name;
pub use trouble::Trouble;

use api::batches::Batches;
use api::shelf::{Shelf, open_vault};
use api::stations::StationDesk;
use api::watch::{Desk, DeskParts};
use engine::Refusal;
use engine::plan::profile::Profiles;
use engine::record::Journal;
use engine::vault::Vault;
use engine::work::{Clouds, Engine};
use ground::Ground;
use jobs::Cancels;
use setup::Meeting;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::OnceCell;

/// Derefs to the scene that is played now.
pub struct Stage {
    real: OnceCell<Scene>,
    practice: OnceCell<Scene>,
    practising: AtomicBool,
}

/// One engine with its surroundings.
pub struct Scene {
    desk: Desk,
    ground: Ground,
    clouds: Arc<dyn Clouds>,
    cancels: Cancels,
    batches: Batches,
    station: StationDesk,
    meeting: Meeting,
}

type Opening = Result<Scene, Trouble>;

impl Deref for Stage {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        let scene = if self.is_practising() { &self.practice } else { &self.real };
        scene.get().expect("a scene is opened before it is played, and stays until the end")
    }
}

impl Stage {
    pub async fn open(practice: bool) -> Result<Stage, Trouble> {
        let stage =
            Stage { real: OnceCell::new(), practice: OnceCell::new(), practising: AtomicBool::new(practice) };
        if practice {
            stage.practice.get_or_try_init(Scene::practice).await?;
        } else {
            stage.real.get_or_try_init(Scene::real).await?;
        }
        Ok(stage)
    }

    pub fn is_practising(&self) -> bool {
        self.practising.load(Ordering::Acquire)
    }

    /// From now on the practice world is played, as it was left.
    pub async fn practise(&self) -> Result<(), Trouble> {
        self.practice.get_or_try_init(Scene::practice).await?;
        self.practising.store(true, Ordering::Release);
        Ok(())
    }

    /// Back to the real thing, or to it for the first time where the app was started for practice.
    pub async fn leave_practice(&self) -> Result<(), Trouble> {
        self.real.get_or_try_init(Scene::real).await?;
        self.practising.store(false, Ordering::Release);
        Ok(())
    }

    /// Stops what runs, in an orderly way.
    pub async fn close(&self) {
        for scene in [self.real.get(), self.practice.get()].into_iter().flatten() {
            scene.batches.stop_all();
            scene.desk.engine().shutdown().await;
            scene.desk.close();
        }
    }
}

impl Scene {
    async fn practice() -> Opening {
        let (ground, clouds) = Ground::practice().await?;
        let media = ground.media();
        #[cfg(feature = "feed")]
        let media: Vec<Arc<dyn link::Medium>> = media.into_iter().chain(crate::feed::medium()).collect();
        Scene::begin(ground, clouds, media, Journal::in_memory()).await
    }

    async fn real() -> Opening {
        let dir = ground::state_folder()?;
        let journal = Journal::open(&dir).map_err(|error| Refusal::journal(&error))?;
        let vault = open_vault(&dir, None).await?;
        let locked = vault.is_none();
        let shelf = Shelf::new(Profiles::of(&dir), vault.unwrap_or_else(Vault::ask_each_time));
        let (ground, clouds) = Ground::real(dir, shelf, locked);
        let media = ground.media();
        Scene::begin(ground, clouds, media, journal).await
    }

    async fn begin(
        ground: Ground,
        clouds: Arc<dyn Clouds>,
        media: Vec<Arc<dyn link::Medium>>,
        journal: Journal,
    ) -> Opening {
        let engine = Engine::new(journal, media.clone(), clouds.clone())?;
        let settings = ground.settings().await?;
        let cloud = match ground.cloud_ref(&settings) {
            Some(which) => clouds.cloud(&which).await.ok(),
            None => None,
        };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let practice = ground.world().is_some();
        let batches = Batches::of(engine.clone());
        engine.keep_tracking();
        let station = station::open(&ground, engine.clone())?;
        let desk = Desk::open(DeskParts { engine, media, cloud, practice, version, settings });
        let (cancels, meeting) = (Cancels::default(), Meeting::default());
        Ok(Scene { desk, ground, clouds, cancels, batches, station, meeting })
    }

    pub fn desk(&self) -> &Desk {
        &self.desk
    }
}
