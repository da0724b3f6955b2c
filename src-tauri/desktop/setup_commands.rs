//! What the window may ask while it is set up, practised with and looked after: one line each, as in `commands.rs`.

use crate::commands::{Answer, saved_as};
use crate::shell;
use crate::stage::{Stage, bundle_name};
use api::desk::WindowSecret;
use api::desk::setup::{
    AuthName, BundleView, CloudRequest, FindingView, IntroductionView, OrganizationView, PersonView,
    ProfileDraftView, TroubledView, TroublesView, VaultRequest,
};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, Runtime, State};

/// The window's title says which scene is played, so that the task bar tells them apart, too.
fn show_scene(app: &AppHandle) {
    let title = if app.state::<Stage>().is_practising() { "Firstlight (practice)" } else { "Firstlight" };
    if let Some(window) = app.get_webview_window("main")
        && let Err(error) = window.set_title(title)
    {
        tracing::warn!(%error, "the window keeps its title");
    }
}

#[tauri::command]
pub async fn practise(app: AppHandle, stage: State<'_, Stage>) -> Answer<()> {
    stage.practise().await?;
    shell::follow_scene(&app);
    show_scene(&app);
    Ok(())
}

#[tauri::command]
pub async fn leave_practice(app: AppHandle, stage: State<'_, Stage>) -> Answer<()> {
    stage.leave_practice().await?;
    shell::follow_scene(&app);
    show_scene(&app);
    Ok(())
}

#[tauri::command]
pub async fn meet_cloud(stage: State<'_, Stage>, request: CloudRequest) -> Answer<Option<IntroductionView>> {
    stage.meet_cloud(request).await
}

#[tauri::command]
pub async fn leave_cloud(stage: State<'_, Stage>) -> Answer<()> {
    stage.leave_cloud();
    Ok(())
}

#[tauri::command]
pub async fn find_organizations(
    stage: State<'_, Stage>,
    query: String,
) -> Answer<(Vec<OrganizationView>, bool)> {
    stage.find_organizations(query.trim()).await
}

#[tauri::command]
pub async fn find_people(stage: State<'_, Stage>, query: String) -> Answer<(Vec<PersonView>, bool)> {
    stage.find_people(query.trim()).await
}

#[tauri::command]
pub async fn test_profile(stage: State<'_, Stage>, name: String) -> Answer<Option<IntroductionView>> {
    stage.test_profile(&name).await
}

#[tauri::command]
pub async fn save_profile(stage: State<'_, Stage>, draft: ProfileDraftView) -> Answer<()> {
    stage.save_profile(draft).await
}

#[tauri::command]
pub async fn give_secrets(
    stage: State<'_, Stage>,
    name: String,
    auth: AuthName,
    id: Option<WindowSecret>,
    secret: Option<WindowSecret>,
) -> Answer<()> {
    stage.give_secrets(&name, CloudRequest::sign_in(id, secret, auth)).await
}

#[tauri::command]
pub async fn remove_profile(stage: State<'_, Stage>, name: String) -> Answer<()> {
    stage.remove_profile(&name).await
}

#[tauri::command]
pub async fn use_profile(stage: State<'_, Stage>, name: String) -> Answer<()> {
    stage.use_profile(&name).await
}

#[tauri::command]
pub async fn choose_vault(stage: State<'_, Stage>, request: VaultRequest) -> Answer<()> {
    stage.choose_vault(request).await
}

#[tauri::command]
pub async fn checkup(stage: State<'_, Stage>, channel: Channel<FindingView>) -> Answer<()> {
    // A page that is gone does not mind what is found.
    stage.checkup(|finding| drop(channel.send(finding))).await
}

/// Asks for a place and writes the support bundle there; nothing when none was chosen.
#[tauri::command]
pub async fn bundle<R: Runtime>(app: AppHandle<R>, stage: State<'_, Stage>) -> Answer<Option<BundleView>> {
    let Some(path) = saved_as(&app, &bundle_name(), "zip").await else { return Ok(None) };
    stage.bundle(path).await.map(Some)
}

#[tauri::command]
pub fn troubles(stage: State<'_, Stage>) -> Option<TroublesView> {
    stage.troubles()
}

#[tauri::command]
pub async fn make_trouble(
    stage: State<'_, Stage>,
    whose: TroubledView,
    name: String,
    value: String,
) -> Answer<()> {
    stage.make_trouble(&whose, &name, &value)
}

#[tauri::command]
pub async fn end_troubles(stage: State<'_, Stage>) -> Answer<()> {
    stage.end_troubles()
}

#[tauri::command]
pub async fn plug(stage: State<'_, Stage>, device: String, plugged: bool) -> Answer<()> {
    stage.plug(&device, plugged)
}

#[tauri::command]
pub async fn hold_button(stage: State<'_, Stage>, device: String) -> Answer<()> {
    stage.hold_button(&device)
}
