//! What the window may ask about batches: one line each.

use super::Answer;
use crate::stage::Stage;
use api::desk::WindowSecret;
use api::desk::batch::{
    BatchCheckView, BatchFileView, BatchFixView, BatchRowView, BatchStartView, BatchUpdate, BatchView,
};
use tauri::State;
use tauri::ipc::Channel;

/// A file by its path, as it is dropped onto the window.
#[tauri::command]
pub async fn open_batch_path(stage: State<'_, Stage>, path: String) -> Answer<BatchFileView> {
    stage.open_batch_path(&path)
}

/// A file by its content, as a page's file chooser gives it.
#[tauri::command]
pub async fn open_batch_content(
    stage: State<'_, Stage>,
    name: String,
    content: Vec<u8>,
) -> Answer<BatchFileView> {
    stage.open_batch_content(&name, content)
}

/// Pairs of heading and meaning; remembered for files of this heading.
#[tauri::command]
pub async fn map_batch(
    stage: State<'_, Stage>,
    file: String,
    columns: Vec<(String, String)>,
) -> Answer<BatchFileView> {
    stage.map_batch(&file, &columns)
}

#[tauri::command]
pub async fn check_batch(
    stage: State<'_, Stage>,
    file: String,
    start: BatchStartView,
) -> Answer<BatchCheckView> {
    stage.check_batch(&file, start).await
}

#[tauri::command]
pub async fn batch_problems(stage: State<'_, Stage>, file: String, start: BatchStartView) -> Answer<String> {
    stage.batch_problems(&file, start).await
}

#[tauri::command]
pub async fn start_batch(stage: State<'_, Stage>, file: String, start: BatchStartView) -> Answer<String> {
    stage.start_batch(&file, start).await
}

#[tauri::command]
pub async fn resume_batch(
    stage: State<'_, Stage>,
    batch: String,
    password: Option<WindowSecret>,
) -> Answer<()> {
    stage.resume_batch(&batch, password.map(WindowSecret::into_secret)).await
}

#[tauri::command]
pub async fn pause_batch(stage: State<'_, Stage>, batch: String) -> Answer<()> {
    Ok(stage.batches().pause(&batch)?)
}

/// Goes on after a pause or a stop.
#[tauri::command]
pub async fn continue_batch(stage: State<'_, Stage>, batch: String, fix: Option<BatchFixView>) -> Answer<()> {
    stage.fix_batch(&batch, fix)
}

/// These rows again; none: all that failed.
#[tauri::command]
pub async fn retry_batch(stage: State<'_, Stage>, batch: String, rows: Vec<u32>) -> Answer<()> {
    Ok(stage.batches().retry(&batch, rows)?)
}

/// Cancels what runs; the batch can be resumed.
#[tauri::command]
pub async fn stop_batch(stage: State<'_, Stage>, batch: String) -> Answer<()> {
    Ok(stage.batches().stop(&batch)?)
}

/// Newest first.
#[tauri::command]
pub async fn batches(stage: State<'_, Stage>) -> Answer<Vec<BatchView>> {
    Ok(stage.batch_list())
}

#[tauri::command]
pub async fn batch_rows(
    stage: State<'_, Stage>,
    batch: String,
    from: u32,
    most: u32,
) -> Answer<Vec<BatchRowView>> {
    stage.batch_rows(&batch, from, most)
}

#[tauri::command]
pub async fn batch_report(stage: State<'_, Stage>, batch: String, format: String) -> Answer<String> {
    stage.batch_report(&batch, &format)
}

#[tauri::command]
pub fn watch_batches(stage: State<'_, Stage>, channel: Channel<BatchUpdate>) {
    let mut updates = stage.watch_batches();
    tauri::async_runtime::spawn(async move {
        while let Some(update) = updates.recv().await {
            if channel.send(update).is_err() {
                return; // the page is gone; a new one asks again
            }
        }
    });
}
