//! What the window may ask about batches: one line each, and the system's own dialogs for files. The page names no file
//! and sees no path that nobody chose: files come by a dialog or by being dropped, and both are opened here.

use super::{Answer, saved_as};
use crate::stage::{Stage, Trouble};
use api::batches::SAMPLE_NAME;
use api::desk::WindowSecret;
use api::desk::batch::{
    BatchCheckView, BatchDropView, BatchFileView, BatchFixView, BatchNetworkView, BatchReportKind,
    BatchResumeView, BatchRowDetail, BatchRowView, BatchStartView, BatchUpdate, BatchView,
};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tauri::ipc::Channel;
use tauri::{AppHandle, DragDropEvent, Manager, Runtime, State};
use tauri_plugin_dialog::DialogExt;

/// Asks for a file with the system's own dialog; nothing when none was chosen.
#[tauri::command]
pub async fn choose_batch_file<R: Runtime>(
    app: AppHandle<R>,
    stage: State<'_, Stage>,
    title: String,
) -> Answer<Option<BatchFileView>> {
    let (chosen, answer) = tokio::sync::oneshot::channel();
    app.dialog()
        .file()
        .set_title(title)
        .add_filter("CSV, XLSX", &["csv", "tsv", "txt", "xlsx"])
        // A window that is gone waits for no answer.
        .pick_file(move |path| drop(chosen.send(path)));
    match answer.await.ok().flatten().and_then(|path| path.into_path().ok()) {
        Some(path) => stage.open_batch_path(&path).map(Some),
        None => Ok(None),
    }
}

#[tauri::command]
pub async fn open_batch_sample(stage: State<'_, Stage>) -> Answer<BatchFileView> {
    stage.open_batch_sample()
}

/// Asks for a place and writes the sample there.
#[tauri::command]
pub async fn save_batch_sample<R: Runtime>(
    app: AppHandle<R>,
    stage: State<'_, Stage>,
) -> Answer<Option<String>> {
    let name = SAMPLE_NAME.trim_end_matches(".csv");
    let Some(path) = saved_as(&app, name, "csv").await else { return Ok(None) };
    stage.save_batch_sample(&path)?;
    Ok(shown(&path))
}

#[tauri::command]
pub async fn close_batch_file(stage: State<'_, Stage>, file: String) -> Answer<()> {
    stage.batches().close_file(&file);
    Ok(())
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
pub async fn batch_networks(stage: State<'_, Stage>) -> Answer<Vec<BatchNetworkView>> {
    stage.batch_networks().await
}

#[tauri::command]
pub async fn check_batch(
    stage: State<'_, Stage>,
    file: String,
    start: BatchStartView,
) -> Answer<BatchCheckView> {
    stage.check_batch(&file, start).await
}

/// Asks for a place and writes the rows with problems there.
#[tauri::command]
pub async fn save_batch_problems<R: Runtime>(
    app: AppHandle<R>,
    stage: State<'_, Stage>,
    file: String,
    start: BatchStartView,
    name: String,
) -> Answer<Option<String>> {
    let Some(path) = saved_as(&app, &name, "csv").await else { return Ok(None) };
    stage.save_batch_problems(&file, start, &path).await?;
    Ok(shown(&path))
}

#[tauri::command]
pub async fn start_batch(stage: State<'_, Stage>, file: String, start: BatchStartView) -> Answer<String> {
    stage.start_batch(&file, start).await
}

#[tauri::command]
pub async fn batch_resume_plan(stage: State<'_, Stage>, batch: String) -> Answer<BatchResumeView> {
    stage.batch_resume_plan(&batch).await
}

#[tauri::command]
pub async fn resume_batch(
    stage: State<'_, Stage>,
    batch: String,
    password: Option<WindowSecret>,
    retry_failed: bool,
) -> Answer<()> {
    stage.resume_batch(&batch, password.map(WindowSecret::into_secret), retry_failed).await
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
    Ok(stage.batches().list())
}

#[tauri::command]
pub async fn batch_rows(
    stage: State<'_, Stage>,
    batch: String,
    from: u32,
    most: u32,
) -> Answer<Vec<BatchRowView>> {
    Ok(stage.batches().rows(&batch, from, most)?)
}

#[tauri::command]
pub async fn batch_row(stage: State<'_, Stage>, batch: String, row: u32) -> Answer<BatchRowDetail> {
    Ok(stage.batches().row(&batch, row)?)
}

/// Asks for a place and writes the report there.
#[tauri::command]
pub async fn save_batch_report<R: Runtime>(
    app: AppHandle<R>,
    stage: State<'_, Stage>,
    batch: String,
    kind: BatchReportKind,
) -> Answer<Option<String>> {
    let extension = match kind {
        BatchReportKind::Html => "html",
        BatchReportKind::Csv => "csv",
        BatchReportKind::Jsonl => "jsonl",
    };
    let name = stage.batch_report_name(&batch)?;
    let Some(path) = saved_as(&app, &name, extension).await else { return Ok(None) };
    stage.save_batch_report(&batch, kind, &path)?;
    Ok(shown(&path))
}

#[tauri::command]
pub fn watch_batches(stage: State<'_, Stage>, channel: Channel<BatchUpdate>) {
    let mut updates = stage.batches().watch();
    tauri::async_runtime::spawn(async move {
        while let Some(update) = updates.recv().await {
            if channel.send(update).is_err() {
                return; // the page is gone; a new one asks again
            }
        }
    });
}

/// The page that is told of files above the window.
#[derive(Default)]
pub struct Drops(Mutex<Option<Channel<BatchDropView>>>);

impl Drops {
    fn tell(&self, news: BatchDropView) {
        let page = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = &*page
            && let Err(error) = page.send(news)
        {
            tracing::debug!(%error, "the page did not hear of a file above it");
        }
    }
}

/// A page that is loaded anew takes the place of the one before.
#[tauri::command]
pub fn watch_drops(drops: State<'_, Drops>, channel: Channel<BatchDropView>) {
    *drops.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(channel);
}

/// Something is dragged over the window, or dropped onto it. The file is read here: the page is told what is in it, never
/// where it lies, and needs no leave to read files.
pub fn dragged(app: &AppHandle, event: &DragDropEvent) {
    let drops = app.state::<Drops>();
    match event {
        DragDropEvent::Enter { paths, .. } => drops.tell(BatchDropView::Over { name: name_of(paths) }),
        DragDropEvent::Drop { paths, .. } => {
            drops.tell(BatchDropView::Left);
            if let Some(stage) = app.try_state::<Stage>() {
                drops.tell(dropped(&stage, paths));
            }
        }
        DragDropEvent::Leave => drops.tell(BatchDropView::Left),
        _ => {}
    }
}

fn dropped(stage: &Stage, paths: &[PathBuf]) -> BatchDropView {
    let opened = match paths {
        [path] => stage.open_batch_path(path),
        _ => {
            let usage = engine::RefusalCode::Usage;
            Err(engine::Refusal::because(usage, engine::Why::FileSeveral, &[]).into())
        }
    };
    match opened {
        Ok(file) => BatchDropView::Opened { file: Box::new(file) },
        Err(Trouble::Refusal(refusal)) => BatchDropView::Refused { refusal },
        Err(Trouble::Fault(fault)) => {
            tracing::error!(?fault, "opening a file cannot end in a fault");
            BatchDropView::Left
        }
    }
}

fn name_of(paths: &[PathBuf]) -> String {
    let name = paths.first().and_then(|path| path.file_name());
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn shown(path: &Path) -> Option<String> {
    Some(path.display().to_string())
}
