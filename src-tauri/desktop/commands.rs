//! What the window may ask: one line each; the work is done behind [`Stage`].

pub(crate) mod batch;
#[cfg(test)]
#[path = "command_names.rs"]
mod command_names;
mod station;

use crate::setup_commands;
use crate::stage::{Stage, Trouble};
use crate::{opening, shell};
use api::desk::{DeskUpdate, DeskView, FactView, JobRequest, LookView, WindowSecret};
use api::units::{DescribeRequest, DescribedView, FieldView, GhostChoice, GhostView, ReportFormat};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tauri::ipc::Channel;
use tauri::{AppHandle, Builder, Runtime, State, Wry};
use tauri_plugin_dialog::DialogExt;
use tokio_util::sync::CancellationToken;

pub fn register(builder: Builder<Wry>) -> Builder<Wry> {
    builder.manage(Watcher::default()).manage(batch::Drops::default()).invoke_handler(
        tauri::generate_handler![
            snapshot,
            watch,
            look,
            start,
            cancel,
            let_go,
            check_again,
            history,
            reconfigure,
            setup_commands::practise,
            setup_commands::leave_practice,
            setup_commands::meet_cloud,
            setup_commands::leave_cloud,
            setup_commands::find_organizations,
            setup_commands::find_people,
            setup_commands::test_profile,
            setup_commands::save_profile,
            setup_commands::give_secrets,
            setup_commands::remove_profile,
            setup_commands::use_profile,
            setup_commands::choose_vault,
            setup_commands::checkup,
            setup_commands::bundle,
            setup_commands::troubles,
            setup_commands::make_trouble,
            setup_commands::end_troubles,
            setup_commands::plug,
            setup_commands::hold_button,
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
            station::station_try_label,
            station::insights,
            shell::commands::shell_words,
            shell::commands::shell_news,
            shell::commands::close_window,
            shell::commands::answer_close,
            batch::choose_batch_file,
            batch::open_batch_sample,
            batch::save_batch_sample,
            batch::close_batch_file,
            batch::map_batch,
            batch::batch_networks,
            batch::check_batch,
            batch::save_batch_problems,
            batch::start_batch,
            batch::batch_resume_plan,
            batch::resume_batch,
            batch::pause_batch,
            batch::continue_batch,
            batch::retry_batch,
            batch::stop_batch,
            batch::batches,
            batch::batch_rows,
            batch::batch_row,
            batch::save_batch_report,
            batch::watch_batches,
            batch::watch_drops,
            fields,
            describe,
            page,
            open_page,
            ghosts,
            sweep,
            report
        ],
    )
}

pub(crate) type Answer<T> = Result<T, Trouble>;

#[tauri::command]
async fn snapshot(app: AppHandle) -> Answer<DeskView> {
    Ok(opening::stage(&app).await?.desk().snapshot())
}

#[tauri::command]
async fn watch(app: AppHandle, watcher: State<'_, Watcher>, channel: Channel<Vec<DeskUpdate>>) -> Answer<()> {
    let mut updates = opening::stage(&app).await?.desk().watch();
    let page = watcher.next_page();
    tauri::async_runtime::spawn(page.run_until_cancelled_owned(async move {
        while let Some(list) = updates.recv().await {
            if channel.send(list).is_err() {
                return; // the page is gone; a new one asks again
            }
        }
    }));
    Ok(())
}

/// The page that is told of changes: there is one, and one that is loaded anew takes the place of the one before.
#[derive(Default)]
pub struct Watcher(Mutex<CancellationToken>);

impl Watcher {
    fn next_page(&self) -> CancellationToken {
        let next = CancellationToken::new();
        let mut page = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *page, next.clone()).cancel();
        next
    }
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
async fn let_go(stage: State<'_, Stage>, job: String) -> Answer<()> {
    stage.let_go(&job).await;
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
async fn fields(stage: State<'_, Stage>, unit: String) -> Answer<Vec<FieldView>> {
    stage.fields(unit).await
}

#[tauri::command]
async fn describe(stage: State<'_, Stage>, request: DescribeRequest) -> Answer<DescribedView> {
    stage.describe(request).await
}

#[tauri::command]
async fn page(stage: State<'_, Stage>, unit: String) -> Answer<String> {
    stage.page(unit)
}

#[tauri::command]
async fn open_page(stage: State<'_, Stage>, unit: String) -> Answer<()> {
    stage.open_page(unit)
}

#[tauri::command]
async fn ghosts(stage: State<'_, Stage>) -> Answer<Vec<GhostView>> {
    Ok(stage.ghosts().await)
}

#[tauri::command]
async fn sweep(stage: State<'_, Stage>, chosen: Vec<GhostChoice>) -> Answer<Vec<GhostView>> {
    Ok(stage.sweep(chosen).await)
}

/// Asks for a file with the system's own dialog, and writes the report there; nothing when no file was chosen.
#[tauri::command]
async fn report<R: Runtime>(
    app: AppHandle<R>,
    stage: State<'_, Stage>,
    format: ReportFormat,
) -> Answer<Option<String>> {
    let Some(path) = saved_as(&app, "firstlight", format.extension()).await else { return Ok(None) };
    stage.report(format, path.clone()).await?;
    Ok(Some(path.display().to_string()))
}

/// Where a person wants a file to be saved; `None`: nowhere after all.
pub(crate) async fn saved_as<R: Runtime>(app: &AppHandle<R>, name: &str, extension: &str) -> Option<PathBuf> {
    let (chosen, answer) = tokio::sync::oneshot::channel();
    let mut dialog = app
        .dialog()
        .file()
        .set_file_name(format!("{name}.{extension}"))
        .add_filter(extension.to_uppercase(), &[extension]);
    if let Some(dir) = api::state::downloads() {
        dialog = dialog.set_directory(dir);
    }
    dialog
        // A window that is gone waits for no answer.
        .save_file(move |path| drop(chosen.send(path)));
    answer.await.ok().flatten()?.into_path().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// A command that is missing in one of them would be refused in the window, or could be called from any other.
    #[test]
    fn each_registered_command_has_its_name_listed_and_is_granted_to_the_main_window_alone() {
        let source = include_str!("commands.rs");
        let (_, list) = source.split_once("generate_handler![").expect("commands are registered");
        let (list, _) = list.split_once(']').expect("the list ends");
        let registered: BTreeSet<&str> =
            list.split(',').map(|path| path.trim().rsplit("::").next().unwrap_or_default()).collect();
        let listed = super::command_names::COMMANDS;
        assert_eq!(registered, listed.iter().copied().collect());
        assert_eq!(registered.len(), listed.len(), "none is listed twice");

        let capability: serde_json::Value =
            serde_json::from_str(include_str!("capabilities/main.json")).expect("JSON");
        let granted: BTreeSet<&str> = capability["permissions"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|one| one.as_str())
            .collect();
        let wanted: Vec<String> =
            listed.iter().map(|name| format!("allow-{}", name.replace('_', "-"))).collect();
        assert_eq!(granted, wanted.iter().map(String::as_str).collect());
        assert_eq!(capability["windows"], serde_json::json!(["main"]));
    }
}
