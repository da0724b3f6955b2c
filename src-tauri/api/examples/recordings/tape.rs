//! What the UI's tests and a plain browser play: the desk over the practice world, on a clock that jumps from event to
//! event, through one job for each outcome.
//!
//! Ids and times are set to fixed beginnings, so that the text changes only when what is shown does. Not here: where it is
//! kept (`main.rs`, and `tests/recordings.rs` that compares).

use api::calls::{ProvisionRequest, Wanted};
use api::clouds::OneCloud;
use api::desk::setup::{DefaultsView, WifiView};
use api::desk::{
    DeskChange, DeskUpdate, DeskView, FactView, JobView, LightState, LookView, OutcomeView, ProfileView,
    SettingsView, StepName, StepState,
};
use api::secrets::{SecretName, Secrets};
use api::watch::{Desk, DeskParts};
use engine::record::Journal;
use engine::work::Engine;
use engine::{Target, UnitId};
use proto::{Address, DriverSettings, Secret};
use serde_json::{Map, Value, json};
use sim::air::{PRACTICE_CARRIER, PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::device::espressif::PROOF;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

/// Longer than any job in the practice world, on the clock that jumps.
const LONGEST: Duration = Duration::from_secs(600);

/// A job of the recording: whose it is, and how it must end.
struct Scene {
    device: &'static str,
    cancel_at: Option<StepName>,
    ends: (OutcomeView, &'static str),
}

const SCENES: [Scene; 10] = [
    Scene { device: "Practice Pump-K3M7", cancel_at: None, ends: (OutcomeView::Passed, "") },
    Scene { device: "Practice Pump-9F1W", cancel_at: None, ends: (OutcomeView::Passed, "") },
    Scene {
        device: "Practice Wrong Password-1N5D",
        cancel_at: None,
        ends: (OutcomeView::Failed, "wifi.password_refused"),
    },
    Scene {
        device: "Practice No Cloud-M3C2",
        cancel_at: None,
        ends: (OutcomeView::Unknown, "cloud.not_seen"),
    },
    Scene {
        device: "Practice Other Template-4Y1H",
        cancel_at: None,
        ends: (OutcomeView::Failed, "template.unknown"),
    },
    Scene {
        device: "Practice Never Checks In-2XA7",
        cancel_at: None,
        ends: (OutcomeView::Unknown, "cloud.not_seen"),
    },
    Scene {
        device: "Practice Fixed Server-P5DF",
        cancel_at: None,
        ends: (OutcomeView::Failed, "device.host_fixed"),
    },
    Scene {
        device: "Practice Drops Link-9K6J",
        cancel_at: Some(StepName::Survey),
        ends: (OutcomeView::Skipped, "operator.cancelled"),
    },
    Scene { device: "Practice Button-7C2E", cancel_at: None, ends: (OutcomeView::Passed, "") },
    Scene { device: "PROV_Practice abcd1234", cancel_at: None, ends: (OutcomeView::Passed, "") },
];

/// Plays all scenes; the text of `practice.json`.
///
/// # Errors
/// A scene that ends otherwise than it must.
pub fn record() -> Result<String, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(play_all())
}

async fn play_all() -> Result<String, Box<dyn Error>> {
    let world = sim::practice_world();
    let server = format!("https://{}", world.cloud_state().host());
    let cloud = world.cloud();
    let engine =
        Engine::new(Journal::in_memory(), world.media(), Arc::new(OneCloud(cloud.clone()))).map_err(why)?;
    let desk = Desk::open(DeskParts {
        engine,
        media: world.media(),
        cloud: Some(cloud),
        practice: true,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: settings(&server),
    });
    let mut changes = desk.watch();
    let devices = world.devices();
    until(&mut changes, &mut Vec::new(), |_| {
        let view = desk.snapshot();
        (view.sightings.len() == devices.len() && view.status.cloud.state == LightState::Ready).then_some(())
    })
    .await?;
    let view = desk.snapshot();
    let mut updates = Vec::new();
    let mut looks = BTreeMap::new();
    for scene in &SCENES {
        let device = world.device(scene.device).ok_or("the practice world has this device")?;
        let address = device.address();
        let key = format!("{}:{}", address.medium(), address.text());
        let settings =
            DriverSettings { device_secret: Some(Secret::new(PROOF)), ..DriverSettings::default() };
        let never = CancellationToken::new();
        let look = desk.engine().look(&address, None, &settings, &never).await.map_err(why)?;
        looks.insert(key.clone(), LookView::new(key, look, None));
        let ended = play(&desk, &server, address, scene.cancel_at, &mut changes, &mut updates).await?;
        let code = ended.fault.as_ref().map_or("", |fault| fault.code.as_str());
        if (ended.outcome, code) != (Some(scene.ends.0), scene.ends.1) {
            return Err(format!("{} ended as {:?} {code}", scene.device, ended.outcome).into());
        }
    }
    // The end of the last job is followed by what its device says of itself; then all is told.
    tokio::time::sleep(Duration::from_secs(1)).await;
    while let Ok(more) = changes.try_recv() {
        updates.extend(more);
    }
    let histories = desk.snapshot().units.into_iter().map(|unit| {
        let facts = desk.engine().history(&UnitId(unit.unit.clone()));
        (unit.unit, facts.iter().map(FactView::new).collect())
    });
    let text = written(&view, &updates, &looks, &histories.collect())?;
    desk.close();
    Ok(text)
}

fn why(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

fn settings(server: &str) -> SettingsView {
    SettingsView {
        profiles: vec![ProfileView {
            name: "Practice".to_owned(),
            server: server.to_owned(),
            auth: "client".to_owned(),
            org: Some(1),
            owner: Some(1),
            wifi: vec![PRACTICE_SSID.to_owned()],
            networks: vec![WifiView {
                name: PRACTICE_SSID.to_owned(),
                ssid: PRACTICE_SSID.to_owned(),
                open: false,
            }],
            defaults: DefaultsView::default(),
            signs_in: true,
        }],
        current: Some("Practice".to_owned()),
        vault: "ask".to_owned(),
        vault_locked: false,
        last_ssid: Some(PRACTICE_SSID.to_owned()),
        kept: Vec::new(),
    }
}

/// One job to its end, as it is shown.
async fn play(
    desk: &Desk,
    server: &str,
    address: Address,
    cancel_at: Option<StepName>,
    changes: &mut UnboundedReceiver<Vec<DeskUpdate>>,
    updates: &mut Vec<DeskUpdate>,
) -> Result<JobView, Box<dyn Error>> {
    let mut secrets = Secrets::default();
    secrets.set(SecretName::Bearer, Secret::new("practice"));
    secrets.set(SecretName::WifiPassword, Secret::new(PRACTICE_PASSWORD));
    secrets.set(SecretName::DeviceSecret, Secret::new(PROOF));
    let wish = ProvisionRequest {
        wanted: Some(Wanted::Any),
        server: Some(server.to_owned()),
        org: Some("1".to_owned()),
        owner: Some("1".to_owned()),
        wifi: Some(PRACTICE_SSID.to_owned()),
        patience: Some("25".to_owned()),
        carrier: Some(PRACTICE_CARRIER.to_owned()),
        ..ProvisionRequest::default()
    };
    let call = wish.check(&secrets).map_err(why)?;
    let job = desk.engine().start(call.recipe, Target::At { address }, call.secrets).await.map_err(why)?;
    let id = job.id.to_string();
    let ended = until(changes, updates, |update| {
        let DeskChange::Job { job: view } = &update?.change else { return None };
        let reached = |step| view.steps.iter().any(|s| s.step == step && s.state == StepState::Now);
        if cancel_at.is_some_and(reached) {
            job.cancel();
        }
        (view.id == id && view.outcome.is_some()).then(|| (**view).clone())
    });
    ended.await
}

/// Keeps every change until `found` says what it looked for; it is asked once before.
async fn until<T>(
    changes: &mut UnboundedReceiver<Vec<DeskUpdate>>,
    updates: &mut Vec<DeskUpdate>,
    mut found: impl FnMut(Option<&DeskUpdate>) -> Option<T>,
) -> Result<T, Box<dyn Error>> {
    let looking = async {
        let mut answer = found(None);
        while answer.is_none() {
            let more = changes.recv().await?;
            for update in &more {
                answer = answer.or_else(|| found(Some(update)));
            }
            updates.extend(more);
        }
        answer
    };
    let answer = tokio::time::timeout(LONGEST, looking).await?;
    Ok(answer.ok_or("the desk closed")?)
}

/// One line for each change, so that a difference can be read.
fn written(
    view: &DeskView,
    updates: &[DeskUpdate],
    looks: &BTreeMap<String, LookView>,
    histories: &BTreeMap<String, Vec<FactView>>,
) -> Result<String, Box<dyn Error>> {
    let mut all = json!({ "view": view, "updates": updates, "looks": looks, "histories": histories });
    // What was told before the view is in it.
    if let Some(Value::Array(updates)) = all.get_mut("updates") {
        updates.retain(|update| update["number"].as_u64() > Some(u64::from(view.number)));
    }
    let mut fixed = Fixed::default();
    fixed.learn(&all);
    fixed.set(&mut all);
    let lines = |value: &Value| match value {
        Value::Array(items) => {
            let lines: Vec<String> = items.iter().map(|item| format!("\t\t{item}")).collect();
            format!("[\n{}\n\t]", lines.join(",\n"))
        }
        Value::Object(items) => {
            let lines: Vec<String> =
                items.iter().map(|(key, item)| format!("\t\t{}: {item}", json!(key))).collect();
            format!("{{\n{}\n\t}}", lines.join(",\n"))
        }
        other => other.to_string(),
    };
    let parts: Vec<String> = ["view", "updates", "looks", "histories"]
        .into_iter()
        .map(|part| format!("\t\"{part}\": {}", lines(&all[part])))
        .collect();
    Ok(format!("{{\n{}\n}}\n", parts.join(",\n")))
}

/// Ids by their order, and times from one beginning.
#[derive(Default)]
struct Fixed {
    begun: Option<f64>,
    jobs: Vec<String>,
}

impl Fixed {
    /// Finds the jobs in the order in which they are shown, and the first one's beginning.
    fn learn(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(fields) => {
                if let (Some(id), Some(begun)) = (is_job(fields), fields.get("begun").and_then(Value::as_f64))
                    && !self.jobs.contains(&id)
                {
                    self.begun.get_or_insert(begun);
                    self.jobs.push(id);
                }
                fields.values().for_each(|field| self.learn(field));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn set(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.set(item)),
            Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.set(field));
                for (key, field) in fields.iter_mut() {
                    if matches!(key.as_str(), "begun" | "began" | "ended" | "at" | "last") {
                        self.set_time(field);
                    }
                }
                if is_job(fields).is_some() {
                    set_waiting(fields);
                }
            }
            Value::String(text) => {
                if let Some(at) = self.jobs.iter().position(|job| job == text) {
                    *text = format!("00000000-0000-7000-8000-{:012}", at + 1);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn set_time(&self, field: &mut Value) {
        if let (Some(at), Some(begun)) = (field.as_f64(), self.begun) {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds are whole and far below 2^53")]
            let passed = (at - begun) as i64;
            *field = json!(sim::world::EPOCH_MS + passed);
        }
    }
}

fn is_job(fields: &Map<String, Value>) -> Option<String> {
    fields.get("steps").and(fields.get("id")).and_then(Value::as_str).map(str::to_owned)
}

/// A wait begins by this computer's clock, which does not jump: it is set to the last thing known before it.
fn set_waiting(job: &mut Map<String, Value>) {
    let steps = job["steps"].as_array().into_iter().flatten();
    let times = steps.flat_map(|step| [step["began"].as_i64(), step["ended"].as_i64()]);
    let words = job["words"].as_array().into_iter().flatten().map(|word| word["at"].as_i64());
    let last = times.chain(words).flatten().max();
    if let (Some(Value::Object(waiting)), Some(last)) = (job.get_mut("waiting"), last) {
        waiting.insert("since".to_owned(), json!(last));
    }
}
