//! Batches: checked, run, taken up again, listed, reported.
//!
//! Not here: how a running batch is told (`follow.rs`).

mod follow;

use super::Context;
use crate::arguments::MediumChoice;
use crate::arguments::batch::{Batch, Check, Defaults, Report, ReportFormat, Resume, Run, Switch};
use crate::cancel::Stops;
use crate::ending::{Ended, Ending};
use crate::face::{elapsed, note, quiet, strong};
use crate::given;
use crate::profiles::Kept;
use crate::state::State;
use crate::world::{Practice, World};
use api::batch_report::{self, report};
use api::batches::{AskTheCloud, BatchFile, batch_id};
use api::calls::ProvisionRequest;
use api::clouds::{NoClouds, has_sign_in};
use api::secrets::{SecretName, Secrets};
use api::words;
use engine::plan::batch::{BatchDefaults, BatchNetwork, BatchPlan, BatchSecrets, Mappings, Problem};
use engine::record::batch::{BatchId, BatchPhase};
use engine::work::{BatchOptions, Engine};
use engine::{Refusal, RefusalCode};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

pub async fn run(context: &Context, command: Batch) -> Ended {
    match command {
        Batch::Check(arguments) => check(context, arguments).await,
        Batch::Run(arguments) => run_file(context, arguments).await,
        Batch::Resume(arguments) => resume(context, arguments).await,
        Batch::List => list(context),
        Batch::Report(arguments) => write_report(context, &arguments),
    }
}

/// What every way of looking at a file begins with.
struct Ground {
    state: State,
    kept: Kept,
    secrets: Secrets,
    defaults: BatchDefaults,
    batch_secrets: BatchSecrets,
    practice: Option<Practice>,
}

impl Ground {
    /// `whole`: server and sign-in have to be there, as for a run; else what is there is used.
    async fn of(context: &Context, defaults: Defaults, need: Need) -> Result<Ground, Refusal> {
        let common = &context.common;
        let mut secrets = given::secrets(common)?;
        let state = State::of(common)?;
        let practice = common.practice.then(Practice::new);
        let mut request = ProvisionRequest {
            server: defaults.cloud.server,
            profile: defaults.cloud.profile,
            org: defaults.org,
            owner: defaults.owner,
            wifi: defaults.wifi,
            driver: defaults.driver,
            token_host: defaults.token_host,
            expect_template: defaults.expect_template,
            patience: defaults.patience,
            carrier: defaults.carrier,
            token_endpoint: defaults.token_endpoint,
            token_template: defaults.token_template,
            token_success: defaults.token_success,
            device_user: defaults.device_user,
            ..ProvisionRequest::default()
        };
        let typed_password = secrets.get(SecretName::WifiPassword).cloned();
        if let Some(practice) = &practice {
            practice.fill(&mut request, &mut secrets);
        }
        let kept = Kept::of(common, &state, &secrets, request.profile.as_deref()).await?;
        kept.fill(&mut request, &mut secrets).await?;
        let mut networks = kept.networks().await?;
        if let Some(practice) = &practice {
            networks.extend(practice.networks());
        }
        if need == Need::Everything {
            if !has_sign_in(&secrets) {
                given::fill(&mut secrets, &[SecretName::ClientId, SecretName::ClientSecret], common);
            }
            if request.wifi.is_some() {
                given::fill(&mut secrets, &[SecretName::WifiPassword], common);
            }
        }
        // What was typed for the network that was typed wins over what a profile keeps for it.
        if let (Some(ssid), Some(password)) = (&request.wifi, secrets.get(SecretName::WifiPassword)) {
            let of_profile = networks.iter().any(|network| network.ssid == *ssid);
            if typed_password.is_some() && of_profile {
                networks.retain(|network| network.ssid != *ssid);
                networks.push(BatchNetwork { name: None, ssid: ssid.clone(), password: password.clone() });
            }
        }
        let sign_in = has_sign_in(&secrets);
        if need == Need::TheFile && !(sign_in && request.server.is_some()) {
            // Nothing is asked of any cloud then, so it does not matter which one it is.
            request.server.get_or_insert_with(|| "https://cloud.invalid".to_owned());
            let mut asked = secrets.clone();
            asked.set(SecretName::Bearer, proto::Secret::new("none"));
            let (defaults, batch_secrets) = request.check_batch(&asked, networks)?;
            return Ok(Ground { state, kept, secrets, defaults, batch_secrets, practice });
        }
        let (defaults, mut batch_secrets) = request.check_batch(&secrets, networks)?;
        // A password that a profile keeps is for its own network only.
        if typed_password.is_none() && !batch_secrets.networks.is_empty() {
            batch_secrets.wifi_password = None;
        }
        Ok(Ground { state, kept, secrets, defaults, batch_secrets, practice })
    }

    fn mappings(&self) -> Option<Mappings> {
        self.state.folder().map(Mappings::of)
    }

    fn open(&self, path: &Path, map: &[String]) -> Result<BatchFile, Refusal> {
        let mappings = self.mappings();
        let mut file = BatchFile::read(path, mappings.as_ref())?;
        let mut words = Vec::new();
        for pair in map {
            let Some((column, meaning)) = pair.rsplit_once('=') else {
                let what = format!("“{pair}” does not say what a column means.");
                let fix = "Write it as COLUMN=MEANING, for example --map \"Serial No\"=unit.";
                return Err(Refusal::of(RefusalCode::Usage, &[("what", &what), ("fix", fix)]));
            };
            words.push((column.to_owned(), meaning.to_owned()));
        }
        if let (Some(dir), false) = (self.state.folder(), words.is_empty()) {
            // The folder may not be there yet; the journal would make it a moment later.
            let _ = std::fs::create_dir_all(dir);
        }
        file.map(&words, mappings.as_ref())?;
        Ok(file)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Everything,
    TheFile,
}

async fn check(context: &Context, arguments: Check) -> Ended {
    let map = arguments.defaults.map.clone();
    let ground = Ground::of(context, arguments.defaults, Need::TheFile).await?;
    let file = ground.open(&arguments.file, &map)?;
    let journal = ground.state.journal()?;
    let asks = has_sign_in(&ground.secrets) && !ground.defaults.cloud.server.ends_with("cloud.invalid");
    let ask = if asks { AskTheCloud::Yes } else { AskTheCloud::No };
    let clouds: Arc<dyn engine::work::Clouds> = match (&ground.practice, asks) {
        (Some(_), _) => Practice::new().world().clouds,
        (None, true) => Arc::new(ground.kept.clouds(ground.secrets.clone())),
        (None, false) => Arc::new(NoClouds),
    };
    let engine = Engine::new(journal, Vec::new(), clouds)?;
    let (plan, problems) = file.check(&engine, &ground.defaults, &ground.batch_secrets, ask).await?;
    tell_problems(context, &problems);
    if let Some(path) = &arguments.problems_to {
        save(path, &file.problems_file(&problems)?)?;
    }
    let counts = json!({
        "file": file.name,
        "rows": plan.items.len(),
        "problems": problems.len(),
        "cloud_asked": asks,
        "columns": plan.columns.iter().map(|(heading, column)| (heading.clone(), column.word().into())).collect::<serde_json::Map<String, Value>>(),
    });
    context.face.event("checked", &counts);
    tell_columns(context, &plan);
    let asked = if asks { "" } else { " The cloud was not asked: that needs --server and a sign-in." };
    if problems.is_empty() {
        context.face.tell(&format!("✔ {} rows, no problem found.{asked}", plan.items.len()));
        return Ok(Ending::Passed);
    }
    context.face.tell(&format!("✘ {} problems in {} rows.{asked}", problems.len(), plan.items.len()));
    Ok(Ending::Failed)
}

/// What each column was taken for, so that nobody has to guess.
fn tell_columns(context: &Context, plan: &BatchPlan) {
    let taken: Vec<String> = plan
        .columns
        .iter()
        .map(|(heading, column)| match column {
            engine::plan::batch::Column::Echo => format!("{heading} (kept for the report)"),
            engine::plan::batch::Column::Dropped => format!("{heading} (left out)"),
            known => format!("{heading} = {}", known.word()),
        })
        .collect();
    context.face.tell(&quiet(&format!("columns: {}", taken.join(", "))));
}

fn tell_problems(context: &Context, problems: &[Problem]) {
    for problem in problems {
        let words = words::problem(problem);
        context.face.event(
            "problem",
            &json!({
                "row": problem.row,
                "line": problem.line,
                "column": problem.column,
                "code": problem.code,
                "what": words.what,
                "fix": words.fix,
            }),
        );
        let place = match (problem.row, &problem.column) {
            (Some(row), Some(column)) => format!("row {row}, {column}"),
            (Some(row), None) => format!("row {row}"),
            (None, Some(column)) => column.clone(),
            (None, None) => "file".to_owned(),
        };
        context.face.tell(&format!("{}  {} {}", strong(&place), words.what, quiet(&words.fix)));
    }
}

fn save(path: &Path, content: &[u8]) -> Result<(), Refusal> {
    std::fs::write(path, content).map_err(|error| {
        Refusal::of(
            RefusalCode::FileUnreadable,
            &[("path", &path.display().to_string()), ("why", &error.to_string())],
        )
    })
}

async fn run_file(context: &Context, arguments: Run) -> Ended {
    let mut stops = Stops::listen();
    let map = arguments.defaults.map.clone();
    let mut ground = Ground::of(context, arguments.defaults, Need::Everything).await?;
    let file = ground.open(&arguments.file, &map)?;
    let journal = ground.state.journal()?;
    let (plan, _) = file.plan(&ground.defaults, &ground.batch_secrets)?;
    let world = match ground.practice.take() {
        Some(_) => Practice::for_batch(&plan).world(),
        None => World::real(
            arguments.adapter.as_deref(),
            MediumChoice::All,
            ground.kept.clouds(ground.secrets.clone()),
        ),
    };
    let engine = Engine::new(journal, world.media, world.clouds)?;
    let (plan, problems) =
        file.check(&engine, &ground.defaults, &ground.batch_secrets, AskTheCloud::Yes).await?;
    if !problems.is_empty() {
        tell_problems(context, &problems);
        let many = problems.len().to_string();
        return Err(Refusal::of(RefusalCode::BatchProblems, &[("problems", &many)]));
    }
    let options = BatchOptions {
        canary: arguments.canary.map(|canary| canary == Switch::On),
        parallel: arguments.parallel,
        give_up: arguments.wait.or(BatchOptions::default().give_up),
        origin: arguments.hands.origin(),
        ..BatchOptions::default()
    };
    let run = engine.begin_batch(plan, ground.batch_secrets, options).await?;
    Ok(follow::to_its_end(context, &engine, run, &mut stops).await)
}

async fn resume(context: &Context, arguments: Resume) -> Ended {
    let mut stops = Stops::listen();
    let common = &context.common;
    let mut secrets = given::secrets(common)?;
    let state = State::of(common)?;
    let journal = state.journal()?;
    let ledger = journal.ledger().map_err(|error| Refusal::journal(&error))?;
    let id = match &arguments.batch {
        Some(text) => batch_id(text)?,
        None => {
            let undone = ledger.batches().filter(|(_, batch)| {
                batch.phase != BatchPhase::Ended || batch.counts().unknown > 0 || arguments.retry_failed
            });
            undone.last().map(|(id, _)| id).ok_or_else(|| Refusal::of(RefusalCode::NothingOpen, &[]))?
        }
    };
    let Some(batch) = ledger.batch(id) else {
        return Err(Refusal::of(RefusalCode::UnknownBatch, &[("batch", &id.to_string())]));
    };
    let recipe = batch.rows().next().map(|row| row.item.recipe.clone());
    let profile = recipe.as_ref().and_then(|recipe| recipe.cloud.profile.clone());
    let kept = Kept::of(common, &state, &secrets, profile.as_deref()).await?;
    let mut server = None;
    kept.fill_cloud(&mut server, &mut secrets).await?;
    let mut networks = kept.networks().await?;
    let practice = common.practice.then(Practice::new);
    if let Some(practice) = &practice {
        networks.extend(practice.networks());
    } else {
        if !has_sign_in(&secrets) {
            given::fill(&mut secrets, &[SecretName::ClientId, SecretName::ClientSecret], common);
        }
        api::clouds::credentials(&secrets)?;
    }
    let needs_password = batch.rows().any(|row| {
        row.end.is_none()
            && row.item.recipe.ssid.as_ref().is_some_and(|ssid| !networks.iter().any(|it| it.ssid == *ssid))
    });
    if needs_password {
        given::fill(&mut secrets, &[SecretName::WifiPassword], common);
        if secrets.get(SecretName::WifiPassword).is_none() {
            return Err(Refusal::of(
                RefusalCode::SecretMissing,
                &[
                    ("secret", SecretName::WifiPassword.as_str()),
                    (
                        "fix",
                        "Set FIRSTLIGHT_WIFI_PASSWORD in the environment or give it with --secrets-stdin; for an open network set it to an empty text.",
                    ),
                ],
            ));
        }
    }
    let mut batch_secrets = BatchSecrets {
        wifi_password: secrets.get(SecretName::WifiPassword).cloned(),
        networks,
        device_secret: secrets.get(SecretName::DeviceSecret).cloned(),
        ..BatchSecrets::default()
    };
    if let (Some(path), Some(recipe)) = (&batch.path, &recipe)
        && batch.rows().any(|row| row.item.has_device_secret && row.end.is_none())
    {
        let mappings = state.folder().map(Mappings::of);
        let file = BatchFile::read(Path::new(path), mappings.as_ref())?;
        batch_secrets.of_rows = file.device_secrets(&BatchDefaults {
            cloud: recipe.cloud.clone(),
            org: Some(recipe.org),
            owner: Some(recipe.owner),
            ssid: None,
            driver: recipe.driver.clone(),
            token_host: recipe.token_host.clone(),
            expect_template: None,
            patience_s: recipe.patience_s,
            carrier: None,
            token_endpoint: None,
            token_template: None,
            token_success: None,
            device_user: None,
        })?;
    }
    let world = match practice {
        Some(_) => Practice::for_rows(batch.left().map(|row| &row.item)).world(),
        None => World::real(arguments.adapter.as_deref(), MediumChoice::All, kept.clouds(secrets)),
    };
    let engine = Engine::new(journal, world.media, world.clouds)?;
    let options = BatchOptions {
        parallel: arguments.parallel,
        retry_failed: arguments.retry_failed,
        give_up: arguments.wait.or(BatchOptions::default().give_up),
        origin: arguments.hands.origin(),
        ..BatchOptions::default()
    };
    let run = engine.resume_batch(id, batch_secrets, options).await?;
    Ok(follow::to_its_end(context, &engine, run, &mut stops).await)
}

fn list(context: &Context) -> Ended {
    let journal = State::of(&context.common)?.journal()?;
    let ledger = journal.ledger().map_err(|error| Refusal::journal(&error))?;
    let now = api::moment::now();
    let mut none = true;
    for (id, batch) in ledger.batches() {
        none = false;
        let counts = batch.counts();
        context.face.event(
            "batch",
            &json!({
                "batch": id,
                "name": batch.name,
                "phase": batch.phase,
                "rows": counts.rows,
                "passed": counts.passed,
                "failed": counts.failed,
                "unknown": counts.unknown,
                "left": counts.left(),
                "began": batch.began_at.map(api::moment::rfc3339),
            }),
        );
        let open = match batch.phase {
            BatchPhase::Ended => String::new(),
            BatchPhase::Running | BatchPhase::Paused => format!(", {} left", counts.left()),
            BatchPhase::Stopped => format!(", stopped with {} left", counts.left()),
        };
        context.face.tell(&format!(
            "{}  {}  {} rows: {} passed, {} failed, {} unknown{open}  {}",
            strong(&id.to_string()),
            batch.name,
            counts.rows,
            counts.passed,
            counts.failed,
            counts.unknown,
            quiet(&format!("{} ago", elapsed((now - batch.last_at).max(0)))),
        ));
    }
    if none && !context.face.is_json() {
        note("There is no batch yet; begin one with `firstlight batch run FILE.csv`.");
    }
    Ok(Ending::Passed)
}

fn write_report(context: &Context, arguments: &Report) -> Ended {
    let journal = State::of(&context.common)?.journal()?;
    // An engine that only reads: it opens nothing and asks nobody.
    let engine = Engine::new(journal, Vec::new(), Arc::new(NoClouds))?;
    let newest = || engine.batches().last().map(|(id, _)| *id);
    let id: BatchId = match &arguments.batch {
        Some(text) => batch_id(text)?,
        None => newest().ok_or_else(|| Refusal::of(RefusalCode::UnknownBatch, &[]))?,
    };
    let format = match arguments.format {
        ReportFormat::Csv => batch_report::ReportFormat::Csv,
        ReportFormat::Jsonl => batch_report::ReportFormat::Jsonl,
        ReportFormat::Html => batch_report::ReportFormat::Html,
    };
    let content = report(&engine, id, format)?;
    match &arguments.output {
        Some(path) => save(path, &content)?,
        // A reader that went away is no reason for another ending.
        None => drop(std::io::stdout().write_all(&content)),
    }
    Ok(Ending::Passed)
}
