//! The desktop app: one window on the engine. It shows and asks; what is decided is decided in `engine`, and what crosses
//! stands in `api`.

// A console window must not stand beside the app on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
#[cfg(feature = "feed")]
mod feed;
mod log;
mod opening;
mod setup_commands;
mod shell;
mod stage;

use opening::Opening;
use shell::Shell;
use stage::Stage;
use tauri::{Manager, RunEvent, WindowEvent};
use tauri_plugin_window_state::StateFlags;

fn main() {
    log::begin();
    let practice = std::env::args().skip(1).any(|argument| argument == "--practice");
    // Practice is a window of its own: it neither raises the real one nor is raised by its second start.
    let instance = if practice { "io.firstlight.practice" } else { "io.firstlight.desktop" };
    let single = tauri_plugin_single_instance::Builder::new()
        .callback(|app, _arguments, _folder| shell::raise(app))
        .dbus_id(instance)
        .build();
    let remembered = tauri_plugin_window_state::Builder::new()
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED)
        .build();
    let mut builder = tauri::Builder::default();
    // Elsewhere than on Linux the plugin tells apps apart by their identifier alone, and practice keeps nothing anyway.
    if cfg!(target_os = "linux") || !practice {
        builder = builder.plugin(single); // the first of all plugins, so that a second start does nothing else
    }
    let builder = builder
        .plugin(remembered)
        .plugin(tauri_plugin_dialog::init())
        .manage(Shell::default())
        .manage(Opening::new(practice))
        .on_window_event(|window, event| match event {
            WindowEvent::CloseRequested { api, .. } => shell::close_requested(window, api),
            WindowEvent::DragDrop(event) => commands::batch::dragged(window.app_handle(), event),
            _ => {}
        })
        .setup(move |app| {
            if practice && let Some(window) = app.get_webview_window(shell::WINDOW) {
                window.set_title("Firstlight (practice)")?;
            }
            // While the page is loaded; what speaks against it is told to the page when it asks.
            let app = app.handle().clone();
            tauri::async_runtime::spawn(async move { opening::stage(&app).await.map(|_| ()) });
            Ok(())
        });
    let app = commands::register(builder).build(tauri::generate_context!());
    match app {
        Ok(app) => app.run(|app, event| match event {
            // Ending the app ends its jobs in an orderly way: what is open stands in the journal.
            RunEvent::Exit => {
                if let Some(stage) = app.try_state::<Stage>() {
                    tauri::async_runtime::block_on(stage.close());
                }
            }
            #[cfg(target_os = "macos")]
            RunEvent::Reopen { .. } => shell::raise(app),
            _ => {}
        }),
        Err(error) => {
            tracing::error!("the app cannot start: {error}");
            std::process::exit(1);
        }
    }
}
