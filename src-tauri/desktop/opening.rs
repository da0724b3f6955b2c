//! The way to the stage: opened when the page first asks for it, and tried again when it could not be opened, since what
//! speaks against it (a journal that another process has, a folder that may not be written) can be cured by a person.

use crate::shell;
use crate::stage::{Stage, Trouble};
use tauri::{AppHandle, Manager, State};

pub struct Opening {
    practice: bool,
    /// One at a time: two stages would stand on one journal.
    turn: tokio::sync::Mutex<()>,
}

impl Opening {
    pub fn new(practice: bool) -> Opening {
        Opening { practice, turn: tokio::sync::Mutex::new(()) }
    }
}

/// The stage, opened if it is not.
pub async fn stage(app: &AppHandle) -> Result<State<'_, Stage>, Trouble> {
    let opening = app.state::<Opening>();
    let _turn = opening.turn.lock().await;
    if app.try_state::<Stage>().is_none() {
        let stage = Stage::open(opening.practice).await?;
        #[cfg(feature = "feed")]
        crate::feed::begin(stage.desk().clone());
        app.manage(stage);
        shell::follow_scene(app);
    }
    Ok(app.state::<Stage>())
}
