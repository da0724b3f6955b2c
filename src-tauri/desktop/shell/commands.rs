//! What the page may ask of the app around it: one line each.

use super::Shell;
use api::shell::{CloseAnswer, ShellNews, ShellWords};
use tauri::ipc::Channel;
use tauri::{AppHandle, State, WebviewWindow};

#[tauri::command]
pub fn shell_words(shell: State<'_, Shell>, words: ShellWords) {
    shell.speak(words);
}

#[tauri::command]
pub fn shell_news(shell: State<'_, Shell>, channel: Channel<ShellNews>) {
    shell.listen(channel);
}

#[tauri::command]
pub fn close_window(window: WebviewWindow) {
    super::close(&window);
}

#[tauri::command]
pub async fn answer_close(app: AppHandle, answer: CloseAnswer) {
    super::answer_close(&app, answer).await;
}
