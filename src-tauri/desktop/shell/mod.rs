//! What the app does around its window: it stays one, keeps the computer awake while jobs run, calls a person when long
//! work is over, and does not lose a job to a click on the wrong cross.
//!
//! Whether something runs and how it went is known by `api::shell`; the words come from the page, in its language.

mod awake;
pub mod commands;
mod notice;

use crate::stage::Stage;
use api::batches::Batches;
use api::shell::{CloseAnswer, Report, ShellNews, ShellWords, Work};
use api::watch::Desk;
use awake::Awake;
use notice::Notices;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tauri::ipc::Channel;
use tauri::{AppHandle, CloseRequestApi, Manager, UserAttentionType, WebviewWindow};

/// The one window there is.
pub const WINDOW: &str = "main";

/// How often it is looked whether something runs: the question goes from one task to another and costs nothing.
const ASK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Default)]
pub struct Shell {
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    /// What goes on in practice and in earnest, by whether it is practice, once a scene is followed.
    scenes: BTreeMap<bool, GoingOn>,
    words: Option<ShellWords>,
    page: Option<Channel<ShellNews>>,
    /// Somebody was asked whether to close, and has not answered yet.
    asked: bool,
    /// The window is closed while jobs run.
    away: bool,
}

#[derive(Default)]
struct GoingOn {
    jobs: Vec<String>,
    /// A batch goes on, though at this moment no job may run.
    batch: bool,
}

impl Now {
    fn jobs(&self) -> Vec<String> {
        self.scenes.values().flat_map(|scene| scene.jobs.iter().cloned()).collect()
    }

    fn goes_on(&self) -> bool {
        self.scenes.values().any(|scene| scene.batch || !scene.jobs.is_empty())
    }
}

impl Shell {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn speak(&self, words: ShellWords) {
        self.now().words = Some(words);
    }

    /// A page that is loaded anew takes the place of the one before.
    pub fn listen(&self, page: Channel<ShellNews>) {
        let mut now = self.now();
        (now.page, now.asked) = (Some(page), false);
    }
}

/// Follows the scene that is played now, if it is not followed yet. Both scenes may have jobs that run, so the one before is
/// followed on.
pub fn follow_scene(app: &AppHandle) {
    let stage = app.state::<Stage>();
    let practice = stage.is_practising();
    let shell = app.state::<Shell>();
    let fresh = match shell.now().scenes.entry(practice) {
        Entry::Vacant(place) => {
            place.insert(GoingOn::default());
            true
        }
        Entry::Occupied(_) => false,
    };
    if fresh {
        follow(app.clone(), stage.desk().clone(), stage.batches().clone(), practice);
    }
}

/// Follows the work until the desk closes.
fn follow(app: AppHandle, desk: Desk, batches: Batches, practice: bool) {
    let (awake, notices) = (Awake::new(), Notices::new());
    tauri::async_runtime::spawn(async move {
        let (mut work, mut updates) = (Work::default(), desk.watch());
        loop {
            // Nothing is told when the last job leaves the engine, a moment after its end: so what runs is asked again.
            let bound = match work.over_at() {
                Some(at) => at.saturating_duration_since(Instant::now()),
                None => ASK_AGAIN,
            };
            let told = match tokio::time::timeout(bound, updates.recv()).await {
                Ok(Some(told)) => told,
                Ok(None) => return,
                Err(_) => Vec::new(),
            };
            let running = desk.engine().running().await;
            let batch = batches.works();
            work.expect_more(batch);
            let begins = work.see(&running, &told, Instant::now());
            let shell = app.state::<Shell>();
            shell.now().scenes.insert(practice, GoingOn { jobs: work.running(), batch });
            if begins {
                let why = shell.now().words.as_ref().map(|words| words.awake.clone());
                awake.keep(why.unwrap_or_default());
            }
            if let Some(report) = work.report(Instant::now()) {
                awake.release();
                over(&app, &notices, &report);
            }
        }
    });
}

/// The work is over: a window that was closed comes back with what came of it, and who looks elsewhere is called.
fn over(app: &AppHandle, notices: &Notices, report: &Report) {
    let Some(window) = app.get_webview_window(WINDOW) else { return };
    let shell = app.state::<Shell>();
    let (away, words) = {
        let mut now = shell.now();
        // The other scene's jobs may still run behind the closed window.
        let away = now.away && !now.goes_on();
        now.away &= !away;
        (away, now.words.clone())
    };
    let seen = !away && window.is_focused().unwrap_or(false);
    if away {
        quietly(window.show());
    }
    if seen || !(away || report.is_long()) {
        return;
    }
    quietly(window.request_user_attention(Some(UserAttentionType::Informational)));
    if let Some(words) = words
        && let Some(sentence) = report.sentence(&words)
    {
        notices.show(words.title, sentence);
    }
}

/// Somebody wants the window to go.
pub fn close_requested(window: &tauri::Window, api: &CloseRequestApi) {
    let shell = window.state::<Shell>();
    let mut now = shell.now();
    if !now.goes_on() {
        return;
    }
    api.prevent_close();
    // Who asks again does not wait for a page that may not answer any more; the jobs go on either way.
    if now.asked {
        (now.asked, now.away) = (false, true);
        drop(now);
        quietly(window.hide());
        return;
    }
    now.asked = true;
    let news = ShellNews::CloseAsked { running: now.jobs() };
    if let Some(page) = &now.page {
        quietly(page.send(news));
    }
}

pub async fn answer_close(app: &AppHandle, answer: CloseAnswer) {
    let shell = app.state::<Shell>();
    {
        let mut now = shell.now();
        now.asked = false;
        // Meanwhile everything may have ended; then there is nothing to go on with.
        now.away = answer == CloseAnswer::Background && now.goes_on();
    }
    match answer {
        CloseAnswer::Back => {}
        CloseAnswer::Background => {
            let Some(window) = app.get_webview_window(WINDOW) else { return };
            if shell.now().away {
                quietly(window.hide());
            } else {
                quietly(window.close());
            }
        }
        CloseAnswer::Stop => {
            if let Some(stage) = app.try_state::<Stage>() {
                stage.close().await;
            }
            app.exit(0);
        }
    }
}

/// Ctrl+Q does what the window's own cross does.
pub fn close(window: &WebviewWindow) {
    quietly(window.close());
}

/// A second start, or a click on the app's icon: the window comes to the front.
pub fn raise(app: &AppHandle) {
    if let Some(shell) = app.try_state::<Shell>() {
        let mut now = shell.now();
        (now.away, now.asked) = (false, false);
    }
    if let Some(window) = app.get_webview_window(WINDOW) {
        quietly(window.show());
        quietly(window.unminimize());
        quietly(window.set_focus());
    }
}

/// A window that cannot be moved about is a nuisance and no fault: the work does not depend on it.
fn quietly<E: std::fmt::Display>(done: Result<(), E>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the window did not do what it was asked");
    }
}
