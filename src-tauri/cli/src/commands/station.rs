//! The station without a window: set up, its sheet of codes, and a run whose scanner is standard input.

use super::Context;
use crate::arguments::MediumChoice;
use crate::arguments::station::{Station, StationCodes, StationRun, StationSetup, SymbolChoice};
use crate::cancel::Stops;
use crate::ending::{Ended, Ending};
use crate::face::{note, quiet, strong, write_out};
use crate::given;
use crate::state::State;
use crate::world::{Practice, World};
use api::calls::{ProvisionRequest, Wanted};
use api::desk::station::{
    LabelPlanView, OrderFile, PlaceView, PrinterPlanView, RulesView, ScanPlanView, SignOnField, SlotPlanView,
    StationPlanView, StationView, SymbolView, TileState, TileView,
};
use api::secrets::SecretName;
use api::stations::StationDesk;
use api::story::Story;
use api::{lines, words};
use engine::plan::scanner::{HowTyped, WedgeSettings};
use engine::plan::station::{Place, SlotPlan, StationPlan, Stations};
use engine::work::{Engine, Update};
use engine::{JobEvent, JobId, Outcome, Refusal, RefusalCode};
use proto::Secret;
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::Instant;

pub async fn run(context: &Context, arguments: Station) -> Ended {
    match arguments {
        Station::Setup(arguments) => setup(context, arguments),
        Station::Show => show(context),
        Station::Codes(arguments) => codes(context, &arguments).await,
        Station::Run(arguments) => take_units(context, *arguments).await,
    }
}

/// Where the station is kept.
fn keeper(context: &Context) -> Result<Stations, Refusal> {
    match State::of(&context.common)?.folder() {
        Some(dir) => Ok(Stations::of(dir)),
        None => {
            Err(Refusal::of(RefusalCode::StateUnusable, &[("why", "practice keeps nothing without --state")]))
        }
    }
}

// ---- setting up

fn setup(context: &Context, arguments: StationSetup) -> Ended {
    let keeper = keeper(context)?;
    let before = keeper.all()?.into_iter().next();
    let plan = plan_view(arguments)?.into_plan(before.as_ref())?;
    keeper.put(plan.clone())?;
    context.face.event("station", &StationPlanView::from(&plan));
    tell_plan(context, &plan);
    Ok(Ending::Passed)
}

fn plan_view(arguments: StationSetup) -> Result<StationPlanView, Refusal> {
    let usb = arguments.usb.into_iter().map(|path| Some(PlaceView::Usb { path }));
    let ble = arguments
        .ble
        .into_iter()
        .map(|adapter| Some(PlaceView::Ble { adapter: Some(adapter).filter(|adapter| adapter != "any") }));
    let unbound = (0..arguments.unbound).map(|_| None);
    let slots = (1..)
        .zip(usb.chain(ble).chain(unbound))
        .map(|(number, place)| SlotPlanView { name: format!("{number}"), place })
        .collect();
    let label = match &arguments.printer {
        None => None,
        Some(printer) => {
            let wrong = |why: &str| Refusal::of(RefusalCode::LabelTemplate, &[("why", why)]);
            let (width, height) = arguments
                .label_size
                .split_once(['x', '×'])
                .and_then(|(width, height)| Some((width.trim().parse().ok()?, height.trim().parse().ok()?)))
                .ok_or_else(|| wrong("a size is written as 50x25"))?;
            Some(LabelPlanView {
                printer: match printer.split_once(':') {
                    Some(("zpl", address)) => {
                        PrinterPlanView::Network { address: address.to_owned(), dpi: arguments.dpi }
                    }
                    Some(("usb", path)) => PrinterPlanView::Usb { path: path.to_owned(), dpi: arguments.dpi },
                    Some(("pdf", folder)) => PrinterPlanView::Pdf { folder: folder.to_owned() },
                    _ => return Err(wrong("a printer is zpl:ADDRESS:PORT, usb:PATH or pdf:FOLDER")),
                },
                width_mm: width,
                height_mm: height,
                lines: arguments.label_line,
                code: arguments.label_code,
                symbol: symbol(arguments.symbol),
                scan_back: arguments.scan_back,
            })
        }
    };
    let wedge = WedgeSettings::default();
    Ok(StationPlanView {
        id: None,
        name: arguments.name,
        slots,
        scan: ScanPlanView {
            prefix: wedge.prefix,
            gap_ms: wedge.gap_ms,
            least: wedge.least,
            operator: None,
            work_order: None,
            shift: None,
            labels: Vec::new(),
            name: None,
        },
        label,
        takt_target_s: arguments.takt,
    })
}

fn symbol(choice: SymbolChoice) -> SymbolView {
    match choice {
        SymbolChoice::Code128 => SymbolView::Code128,
        SymbolChoice::Qr => SymbolView::Qr,
        SymbolChoice::Datamatrix => SymbolView::DataMatrix,
    }
}

fn show(context: &Context) -> Ended {
    let plan = kept(context)?;
    context.face.event("station", &StationPlanView::from(&plan));
    tell_plan(context, &plan);
    Ok(Ending::Passed)
}

fn kept(context: &Context) -> Result<StationPlan, Refusal> {
    let kept = keeper(context)?.all()?.into_iter().next();
    kept.ok_or_else(|| Refusal::of(RefusalCode::StationUnknown, &[]))
}

fn tell_plan(context: &Context, plan: &StationPlan) {
    context.face.tell(&format!("{}  {} slots", strong(&plan.name), plan.slots.len()));
    for (number, slot) in (1..).zip(&plan.slots) {
        let place = match &slot.place {
            Some(Place::Usb { path }) => format!("USB socket {path}"),
            Some(Place::Ble { adapter: Some(adapter) }) => format!("radio, adapter {adapter}"),
            Some(Place::Ble { adapter: None }) => "radio".to_owned(),
            None => "not learned yet".to_owned(),
        };
        context.face.tell(&format!("  {number:>2}  {}  {}", slot.name, quiet(&place)));
    }
    if let Some(label) = &plan.label {
        context.face.tell(&format!("  labels on {}", label.printer.name()));
    }
}

async fn codes(context: &Context, arguments: &StationCodes) -> Ended {
    let plan = match context.common.practice {
        true => practice_bench(&Practice::new()),
        false => kept(context)?,
    };
    let engine = Engine::new(
        engine::record::Journal::in_memory(),
        Vec::new(),
        std::sync::Arc::new(api::clouds::NoClouds),
    )?;
    let name = plan.name.clone();
    let desk = StationDesk::open(engine, None, Some(plan), None)?;
    let people: Vec<(SignOnField, String)> = [
        (SignOnField::Operator, &arguments.operator),
        (SignOnField::WorkOrder, &arguments.work_order),
        (SignOnField::Shift, &arguments.shift),
    ]
    .into_iter()
    .flat_map(|(field, names)| names.iter().map(move |name| (field, name.clone())))
    .collect();
    let say = |word: &str, value: &str| match word {
        "start" => "Start".to_owned(),
        "retry" => "Try again".to_owned(),
        "set_aside" => "Put aside".to_owned(),
        "stop" => "Stop".to_owned(),
        "print" => "Print the label again".to_owned(),
        "sign_off" => "Sign off".to_owned(),
        "slot" => format!("Slot {value}"),
        "operator" => value.to_owned(),
        "work_order" => format!("Order {value}"),
        "shift" => format!("Shift {value}"),
        other => other.to_owned(),
    };
    let page = desk.code_sheet("en", &name, symbol(arguments.symbol), &people, &say)?;
    write_out(page.as_bytes());
    Ok(Ending::Passed)
}

/// Practice has a bench with a slot for each of its serial devices, and one for the radio.
fn practice_bench(practice: &Practice) -> StationPlan {
    let sockets = practice.sockets().into_iter().map(|path| Some(Place::Usb { path }));
    let slots = (1..)
        .zip(sockets.chain([Some(Place::Ble { adapter: None })]))
        .map(|(number, place)| SlotPlan { name: format!("{number}"), place })
        .collect();
    StationPlan { slots, ..StationPlan::new("Practice bench", 1) }
}

// ---- running

async fn take_units(context: &Context, arguments: StationRun) -> Ended {
    // Before anything that takes time, so that no wish to stop is missed.
    let mut stops = Stops::listen();
    let common = &context.common;
    let mut secrets = given::secrets(common)?;
    let state = State::of(common)?;
    let practice = common.practice.then(Practice::new);
    let order = arguments.order.as_deref().map(order_file).transpose()?;
    let mut request = ProvisionRequest {
        wanted: Some(Wanted::Any),
        server: arguments.cloud.server,
        profile: arguments.cloud.profile,
        org: arguments.org,
        owner: arguments.owner,
        wifi: arguments.wifi,
        driver: arguments.driver,
        token_host: arguments.token_host,
        expect_template: arguments.expect_template,
        patience: arguments.patience,
        ..ProvisionRequest::default()
    };
    if let Some(practice) = &practice {
        practice.fill(&mut request, &mut secrets);
    }
    let kept_profiles =
        crate::profiles::Kept::of(common, &state, &secrets, request.profile.as_deref()).await?;
    kept_profiles.fill(&mut request, &mut secrets).await?;
    if !api::clouds::has_sign_in(&secrets) {
        given::fill(&mut secrets, &[SecretName::ClientId, SecretName::ClientSecret], common);
    }
    if request.wifi.is_some() {
        given::fill(&mut secrets, &[SecretName::WifiPassword], common);
    }
    let call = request.check(&secrets)?;
    let (plan, keeper) = match &practice {
        Some(practice) => (practice_bench(practice), None),
        None => (kept(context)?, Some(keeper(context)?)),
    };
    let journal = state.journal()?;
    let world = match practice {
        Some(practice) => practice.world(),
        None => World::real(None, media_of(&plan), kept_profiles.clouds(secrets)),
    };
    let engine = Engine::new(journal, world.media, world.clouds)?;
    let desk = StationDesk::open(engine.clone(), keeper, Some(plan), None)?;
    for (field, value) in [
        (SignOnField::Operator, arguments.operator),
        (SignOnField::WorkOrder, arguments.work_order),
        (SignOnField::Shift, arguments.shift),
    ] {
        if value.is_some() {
            desk.sign_on(field, value)?;
        }
    }
    let rules = RulesView {
        min_firmware: arguments.min_firmware,
        once: !arguments.again,
        label_first: arguments.label_first,
        typed_labels: false,
        operator_needed: arguments.operator_needed,
    };
    let updates = engine.watch();
    // Standard input and this command stand for the lead: the PIN locks the window.
    desk.arm_unlocked(call.recipe, rules, order, call.secrets).await?;
    let ending = Floor {
        context,
        desk,
        engine,
        stories: HashMap::new(),
        tiles: Vec::new(),
        heard: 0,
        worst: Ending::Passed,
    }
    .run(updates, &mut stops)
    .await;
    Ok(ending)
}

/// Which media this station's slots are on.
fn media_of(plan: &StationPlan) -> MediumChoice {
    let has = |ble: bool| {
        plan.slots
            .iter()
            .any(|slot| slot.place.as_ref().is_some_and(|place| matches!(place, Place::Ble { .. }) == ble))
    };
    match (has(false), has(true)) {
        (_, false) => MediumChoice::Serial,
        (false, true) => MediumChoice::Ble,
        (true, true) => MediumChoice::All,
    }
}

fn order_file(path: &Path) -> Result<OrderFile, Refusal> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Refusal::of(
            RefusalCode::FileUnreadable,
            &[("path", &path.display().to_string()), ("why", &error.to_string())],
        )
    })?;
    let name = path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(OrderFile { name, text })
}

/// Until a unit that is plugged in has been seen and begun with.
const SETTLED: Duration = Duration::from_secs(2);

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

struct Floor<'a> {
    context: &'a Context,
    desk: StationDesk,
    engine: Engine,
    stories: HashMap<JobId, Story>,
    tiles: Vec<TileView>,
    heard: u32,
    worst: Ending,
}

impl Floor<'_> {
    async fn run(
        mut self,
        mut updates: tokio::sync::broadcast::Receiver<(JobId, Update)>,
        stops: &mut Stops,
    ) -> Ending {
        let mut scanner = BufReader::new(tokio::io::stdin()).lines();
        let mut open = !self.context.common.secrets_stdin;
        let mut watch = self.desk.watch();
        let mut stopped = false;
        // When everything has been quiet since standard input ended.
        let mut quiet_since: Option<Instant> = None;
        loop {
            let quiet = !open && self.tiles.iter().all(is_quiet);
            quiet_since = quiet.then(|| quiet_since.unwrap_or_else(Instant::now));
            let enough = quiet_since.map(|since| since + SETTLED);
            tokio::select! { biased;
                () = stops.next() => {
                    if stopped {
                        return Ending::Cancelled;
                    }
                    (stopped, open) = (true, false);
                    note("Stopping; once more Ctrl-C ends at once.");
                    // Nobody is left to ask: a journal that cannot be written says so by itself.
                    if let Ok(station) = self.desk.station() {
                        let _ = station.disarm().await;
                    }
                    self.engine.shutdown().await;
                }
                update = updates.recv() => match update {
                    Ok((job, Update::Fact(fact))) => self.tell_fact(job, &fact),
                    Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
                },
                view = watch.next() => match view {
                    Some(Some(view)) => self.tell_view(&view),
                    Some(None) => {}
                    None => break,
                },
                () = sleep_until(enough) => break,
                line = scanner.next_line(), if open => match line {
                    Ok(Some(line)) => {
                        // An error here would mean that the station is gone, which ends the loop by itself.
                        let _ = self.desk.line(Secret::new(line), HowTyped::Scanned);
                    }
                    Ok(None) | Err(_) => {
                        open = false;
                        self.tiles = self.desk.view().map(|view| view.tiles).unwrap_or_default();
                    }
                },
            }
        }
        if stopped { Ending::Cancelled } else { self.worst }
    }

    fn tell_fact(&mut self, job: JobId, fact: &engine::Fact) {
        let story = self.stories.entry(job).or_insert_with(|| Story::new(fact));
        story.apply(fact);
        self.context.face.raw(&lines::fact(fact, story));
        if let JobEvent::Finished { outcome, .. } = &fact.event {
            if *outcome != Outcome::Skipped {
                self.worst = self.worst.max(Ending::of(*outcome));
            }
            self.stories.remove(&job);
        }
    }

    fn tell_view(&mut self, view: &StationView) {
        let face = self.context.face;
        if let Some(heard) = view.heard.as_ref().filter(|heard| heard.number != self.heard) {
            self.heard = heard.number;
            face.event("scanned", heard);
            face.tell(&quiet(&words::heard(heard)));
        }
        for tile in &view.tiles {
            let before = self.tiles.iter().find(|known| known.number == tile.number);
            if before == Some(tile) {
                continue;
            }
            face.event("slot", tile);
            if before.is_none_or(|before| before.state != tile.state) {
                face.tell(&format!("{}  {}", strong(&format!("Slot {}", tile.name)), words::tile(tile)));
            }
        }
        self.tiles.clone_from(&view.tiles);
    }
}

/// Nothing goes on in it.
fn is_quiet(tile: &TileView) -> bool {
    match tile.state {
        TileState::Running | TileState::Printing | TileState::PrinterWaits => false,
        TileState::Unbound
        | TileState::Free
        | TileState::WantsLabel
        | TileState::WantsDevice
        | TileState::Held
        | TileState::LabelUncertain
        | TileState::ScanBack
        | TileState::Passed
        | TileState::Failed
        | TileState::Unknown => true,
    }
}
