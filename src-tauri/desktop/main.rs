//! The desktop app: one window on the engine. It shows and asks; what is decided is decided in `engine`, and what crosses
//! stands in `api`.

// A console window must not stand beside the app on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod stage;

use stage::Stage;
use tauri::Manager;

fn main() {
    let practice = std::env::args().skip(1).any(|argument| argument == "--practice");
    let builder = tauri::Builder::default().setup(move |app| {
        // The engine wants a running runtime; Tauri's is the one that everything here shares.
        let stage = tauri::async_runtime::block_on(Stage::open(practice))?;
        if practice && let Some(window) = app.get_webview_window("main") {
            window.set_title("Firstlight (practice)")?;
        }
        app.manage(stage);
        Ok(())
    });
    let app = commands::register(builder).build(tauri::generate_context!());
    match app {
        Ok(app) => app.run(|app, event| {
            // Ending the app ends its jobs in an orderly way: what is open stands in the journal.
            if let tauri::RunEvent::Exit = event {
                tauri::async_runtime::block_on(app.state::<Stage>().close());
            }
        }),
        Err(error) => {
            tracing::error!("the app cannot start: {error}");
            std::process::exit(1);
        }
    }
}
