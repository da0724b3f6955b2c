//! What the window may ask: one line each; the work is done behind [`Stage`].

mod station;

use crate::stage::{Stage, Trouble};
use api::desk::{DeskUpdate, DeskView, FactView, JobRequest, LookView, ProfileView, WindowSecret};
use tauri::ipc::Channel;
use tauri::{Builder, Runtime, State};

pub fn register<R: Runtime>(builder: Builder<R>) -> Builder<R> {
    builder.invoke_handler(tauri::generate_handler![
        snapshot,
        watch,
        look,
        start,
        cancel,
        check_again,
        history,
        reconfigure,
        rename,
        save_profile,
        station::station,
        station::station_watch,
        station::station_save,
        station::station_arm,
        station::station_disarm,
        station::station_learn,
        station::station_keys,
        station::station_line,
        station::station_command,
        station::station_sign_on,
        station::station_codes,
        station::insights
    ])
}

type Answer<T> = Result<T, Trouble>;

#[tauri::command]
fn snapshot(stage: State<'_, Stage>) -> DeskView {
    stage.desk().snapshot()
}

#[tauri::command]
fn watch(stage: State<'_, Stage>, channel: Channel<Vec<DeskUpdate>>) {
    let mut updates = stage.desk().watch();
    tauri::async_runtime::spawn(async move {
        while let Some(list) = updates.recv().await {
            if channel.send(list).is_err() {
                return; // the page is gone; a new one asks again
            }
        }
    });
}

#[tauri::command]
async fn look(stage: State<'_, Stage>, key: String, device_secret: Option<WindowSecret>) -> Answer<LookView> {
    stage.look(key, device_secret.map(WindowSecret::into_secret)).await
}

#[tauri::command]
async fn start(stage: State<'_, Stage>, request: JobRequest) -> Answer<String> {
    stage.start(request).await
}

#[tauri::command]
async fn cancel(stage: State<'_, Stage>, job: String) -> Answer<()> {
    stage.cancel(&job);
    Ok(())
}

#[tauri::command]
async fn check_again(stage: State<'_, Stage>, job: String) -> Answer<()> {
    stage.check_again(&job).await
}

#[tauri::command]
async fn history(stage: State<'_, Stage>, unit: String) -> Answer<Vec<FactView>> {
    Ok(stage.history(unit).await)
}

#[tauri::command]
async fn reconfigure(stage: State<'_, Stage>, unit: String) -> Answer<Option<bool>> {
    stage.reconfigure(unit).await
}

#[tauri::command]
async fn rename(stage: State<'_, Stage>, unit: String, name: String) -> Answer<()> {
    stage.rename(unit, name).await
}

#[derive(serde::Deserialize)]
struct SignIn {
    id: WindowSecret,
    secret: WindowSecret,
}

#[tauri::command]
async fn save_profile(stage: State<'_, Stage>, profile: ProfileView, secrets: SignIn) -> Answer<()> {
    stage.save_profile(profile, secrets.id.into_secret(), secrets.secret.into_secret()).await
}
