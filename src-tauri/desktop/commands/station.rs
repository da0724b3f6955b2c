//! What the window may ask of the station, and of what the line makes: one line each.

use crate::commands::saved_as;
use crate::stage::{Stage, Trouble};
use api::desk::WindowSecret;
use api::desk::insights::{InsightsRequest, InsightsView};
use api::desk::station::{
    ArmRequest, KeyPress, LabelPlanView, PrinterTroubleView, SignOnField, StationCommand, StationPlanView,
    StationView, SymbolView,
};
use engine::plan::scanner::HowTyped;
use std::collections::BTreeMap;
use tauri::ipc::Channel;
use tauri::{AppHandle, Runtime, State};

type Answer<T> = Result<T, Trouble>;

#[tauri::command]
pub fn station(stage: State<'_, Stage>) -> Option<StationView> {
    stage.station().view()
}

#[tauri::command]
pub fn station_watch(stage: State<'_, Stage>, channel: Channel<Option<StationView>>) {
    let mut watch = stage.station().watch();
    tauri::async_runtime::spawn(async move {
        while let Some(view) = watch.next().await {
            if channel.send(view).is_err() {
                return; // the page is gone; a new one asks again
            }
        }
    });
}

#[tauri::command]
pub async fn station_save(
    stage: State<'_, Stage>,
    plan: StationPlanView,
    pin: Option<WindowSecret>,
    new_pin: Option<WindowSecret>,
) -> Answer<()> {
    let (pin, new_pin) = (pin.map(WindowSecret::into_secret), new_pin.map(WindowSecret::into_secret));
    Ok(stage.station().save(plan, pin, new_pin).await?)
}

#[tauri::command]
pub async fn station_arm(stage: State<'_, Stage>, request: ArmRequest) -> Answer<()> {
    stage.arm(request).await
}

#[tauri::command]
pub async fn station_disarm(stage: State<'_, Stage>, pin: Option<WindowSecret>) -> Answer<()> {
    Ok(stage.station().disarm(pin.map(WindowSecret::into_secret)).await?)
}

#[tauri::command]
pub fn station_learn(stage: State<'_, Stage>, slot: Option<u32>, pin: Option<WindowSecret>) -> Answer<()> {
    Ok(stage.station().learn(pin.map(WindowSecret::into_secret), slot)?)
}

#[tauri::command]
pub fn station_keys(stage: State<'_, Stage>, keys: Vec<KeyPress>) -> Answer<()> {
    Ok(stage.station().keys(&keys)?)
}

#[tauri::command]
pub fn station_line(stage: State<'_, Stage>, text: WindowSecret) -> Answer<()> {
    Ok(stage.station().line(text.into_secret(), HowTyped::ByHand)?)
}

#[tauri::command]
pub fn station_command(stage: State<'_, Stage>, command: StationCommand, slot: Option<u32>) -> Answer<()> {
    Ok(stage.station().command(command, slot)?)
}

#[tauri::command]
pub fn station_sign_on(stage: State<'_, Stage>, field: SignOnField, value: Option<String>) -> Answer<()> {
    Ok(stage.station().sign_on(field, value)?)
}

/// A page to print, saved where the person chooses; nothing when no file was chosen. `words`: what each code does, by its
/// word, with `{value}` for its value.
#[tauri::command]
pub async fn station_codes<R: Runtime>(
    app: AppHandle<R>,
    stage: State<'_, Stage>,
    language: String,
    title: String,
    symbol: SymbolView,
    people: Vec<(SignOnField, String)>,
    words: BTreeMap<String, String>,
) -> Answer<Option<String>> {
    let say =
        |word: &str, value: &str| words.get(word).map_or(word, String::as_str).replace("{value}", value);
    let page = stage.station().code_sheet(&language, &title, symbol, &people, &say)?;
    let Some(path) = saved_as(&app, "firstlight-codes", "html").await else { return Ok(None) };
    api::report::save(&path, |out| Ok(out.write_all(page.as_bytes())?))?;
    Ok(Some(path.display().to_string()))
}

/// Prints a label with made-up fields; gives what the printer lacks.
#[tauri::command]
pub async fn station_try_label(
    stage: State<'_, Stage>,
    label: LabelPlanView,
    pin: Option<WindowSecret>,
) -> Answer<Option<PrinterTroubleView>> {
    Ok(stage.station().try_label(label, pin.map(WindowSecret::into_secret)).await?)
}

#[tauri::command]
pub async fn insights(stage: State<'_, Stage>, request: InsightsRequest) -> Answer<InsightsView> {
    let station = stage.station().clone();
    let figures = tauri::async_runtime::spawn_blocking(move || station.insights(&request)).await;
    Ok(figures.unwrap_or_default())
}
