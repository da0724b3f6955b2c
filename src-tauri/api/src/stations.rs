//! The station of this computer, for every face: its plan, its lead's PIN, and the running thing behind both.
//!
//! Not here: how a recipe comes about (the face has the profiles), and what a station does (`engine`).

use crate::desk::insights::{InsightsRequest, InsightsView};
use crate::desk::station::{
    KeyPress, LabelPlanView, OrderFile, PrinterTroubleView, RulesView, SignOnField, StationCommand,
    StationPlanView, StationView, SymbolView,
};
use crate::station_view::{command_word, field_word};
use engine::plan::code_sheet::{self, SheetCode};
use engine::plan::label::{LabelFields, LabelPlan};
use engine::plan::scanner::{Command, Field, HowTyped, Key, field_code};
use engine::plan::station::{Arming, OrderRef, Pin, StationPlan, Stations, WorkOrder};
use engine::record::yields::Scope;
use engine::work::station::{Picture, Station, StationParts};
use engine::work::{Engine, labels};
use engine::{JobSecrets, Recipe, Refusal, RefusalCode};
use link::printer::Printer;
use proto::Secret;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// After so many wrong PINs in a row, nobody may try for [`PIN_PAUSE`]: a PIN of four figures stands a year of guessing.
const PIN_TRIES: u32 = 5;
const PIN_PAUSE: Duration = Duration::from_secs(30);

/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct StationDesk {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    /// `None`: practice, which keeps nothing.
    keeper: Option<Stations>,
    printer: Option<Arc<dyn Printer>>,
    running: Mutex<Option<Station>>,
    /// Tells that there is another station to watch.
    changed: watch::Sender<u64>,
    tries: Mutex<Tries>,
}

#[derive(Default)]
struct Tries {
    wrong: u32,
    pause_until: Option<Instant>,
}

impl std::fmt::Debug for StationDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StationDesk").finish_non_exhaustive()
    }
}

impl StationDesk {
    /// With the first station that is kept, or `ready_made`. Panics outside of a tokio runtime.
    ///
    /// # Errors
    /// A stations' file that cannot be used.
    pub fn open(
        engine: Engine,
        keeper: Option<Stations>,
        ready_made: Option<StationPlan>,
        printer: Option<Arc<dyn Printer>>,
    ) -> Result<StationDesk, Refusal> {
        let kept = match &keeper {
            Some(keeper) => keeper.all()?.into_iter().next(),
            None => None,
        };
        let (changed, _) = watch::channel(0);
        let shared = Arc::new(Shared {
            engine,
            keeper,
            printer,
            running: Mutex::new(None),
            changed,
            tries: Mutex::default(),
        });
        let desk = StationDesk { shared };
        if let Some(plan) = kept.or(ready_made) {
            desk.run(plan)?;
        }
        Ok(desk)
    }

    fn run(&self, plan: StationPlan) -> Result<(), Refusal> {
        let station = Station::open(StationParts {
            engine: self.shared.engine.clone(),
            plan,
            keeper: self.shared.keeper.clone(),
            printer: self.shared.printer.clone(),
        })?;
        *self.running() = Some(station);
        self.shared.changed.send_modify(|number| *number += 1);
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, Option<Station>> {
        self.shared.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The station, where one was set up.
    pub fn station(&self) -> Result<Station, Refusal> {
        self.running().clone().ok_or_else(|| Refusal::of(RefusalCode::StationUnknown, &[]))
    }

    pub fn picture(&self) -> Option<Arc<Picture>> {
        Some(self.running().as_ref()?.picture())
    }

    pub fn view(&self) -> Option<StationView> {
        self.picture().map(|picture| StationView::from(&*picture))
    }

    /// Waits for the view to change, and gives it; `None` while no station is set up. The first call gives what is there.
    pub fn watch(&self) -> StationWatch {
        StationWatch {
            desk: self.clone(),
            changed: self.shared.changed.subscribe(),
            picture: None,
            first: true,
        }
    }

    // ---- the lead

    /// Whether this PIN opens the station. A station without one is open.
    fn unlock(&self, plan: &StationPlan, pin: Option<&Secret>) -> Result<(), Refusal> {
        let Some(known) = &plan.pin else { return Ok(()) };
        let mut tries = self.shared.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = |seconds: u64| {
            let about = [("seconds", seconds.to_string())];
            let about: Vec<(&str, &str)> =
                about.iter().filter(|_| seconds > 0).map(|(key, value)| (*key, value.as_str())).collect();
            Refusal::of(RefusalCode::PinWrong, &about)
        };
        if let Some(until) = tries.pause_until {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return Err(refused(left.as_millis().div_ceil(1000) as u64));
            }
            *tries = Tries::default();
        }
        if pin.is_some_and(|pin| known.is(pin)) {
            *tries = Tries::default();
            return Ok(());
        }
        // No PIN at all is no guess.
        if pin.is_some() {
            tries.wrong += 1;
            if tries.wrong >= PIN_TRIES {
                tries.pause_until = Some(Instant::now() + PIN_PAUSE);
                return Err(refused(PIN_PAUSE.as_secs()));
            }
        }
        Err(refused(0))
    }

    /// Sets the station up, or changes it. `new_pin`: an empty one takes the lock away.
    ///
    /// # Errors
    /// A wrong PIN, and everything that is wrong with the plan.
    pub async fn save(
        &self,
        view: StationPlanView,
        pin: Option<Secret>,
        new_pin: Option<Secret>,
    ) -> Result<(), Refusal> {
        let before = self.picture().map(|picture| picture.plan.clone());
        if let Some(before) = &before {
            self.unlock(before, pin.as_ref())?;
        }
        let mut plan = view.into_plan(before.as_ref())?;
        match new_pin {
            Some(new) if new.is_empty() => plan.pin = None,
            Some(new) => plan.pin = Some(Pin::new(&new)?),
            None => {}
        }
        match before {
            Some(_) => self.station()?.change(plan).await,
            None => {
                plan.check()?;
                if let Some(keeper) = &self.shared.keeper {
                    keeper.put(plan.clone())?;
                }
                self.run(plan)
            }
        }
    }

    /// Arms the station with a recipe that the face has made.
    ///
    /// # Errors
    /// A wrong PIN, a station that is in work, a journal that cannot be written.
    pub async fn arm(
        &self,
        pin: Option<Secret>,
        recipe: Recipe,
        rules: RulesView,
        order: Option<OrderFile>,
        secrets: JobSecrets,
    ) -> Result<(), Refusal> {
        let station = self.station()?;
        self.unlock(&station.picture().plan, pin.as_ref())?;
        self.arm_unlocked(recipe, rules, order, secrets).await
    }

    /// [`StationDesk::arm`] for a face whose user may change the plan's file anyway: the command line.
    ///
    /// # Errors
    /// A station that is in work, a journal that cannot be written.
    pub async fn arm_unlocked(
        &self,
        recipe: Recipe,
        rules: RulesView,
        order: Option<OrderFile>,
        secrets: JobSecrets,
    ) -> Result<(), Refusal> {
        let station = self.station()?;
        let order = order.map(|file| WorkOrder::read(&file.name, &file.text));
        let arming = Arming {
            recipe: Box::new(recipe),
            rules: rules.into(),
            order: order.as_ref().map(|order| OrderRef {
                name: order.name.clone(),
                labels: u32::try_from(order.len()).unwrap_or(u32::MAX),
            }),
        };
        station.arm(arming, order, secrets).await
    }

    /// # Errors
    /// A wrong PIN, a journal that cannot be written.
    pub async fn disarm(&self, pin: Option<Secret>) -> Result<(), Refusal> {
        let station = self.station()?;
        self.unlock(&station.picture().plan, pin.as_ref())?;
        station.disarm().await
    }

    /// Learns this slot's place from the next unit that is plugged in; `None` ends learning.
    ///
    /// # Errors
    /// A wrong PIN.
    pub fn learn(&self, pin: Option<Secret>, slot: Option<u32>) -> Result<(), Refusal> {
        let station = self.station()?;
        if slot.is_some() {
            self.unlock(&station.picture().plan, pin.as_ref())?;
        }
        station.learn(slot);
        Ok(())
    }

    /// Prints one label with made-up fields, as the form has it and before it is saved; gives what the printer lacks.
    ///
    /// # Errors
    /// A wrong PIN, a label that cannot be.
    pub async fn try_label(
        &self,
        label: LabelPlanView,
        pin: Option<Secret>,
    ) -> Result<Option<PrinterTroubleView>, Refusal> {
        if let Some(picture) = self.picture() {
            self.unlock(&picture.plan, pin.as_ref())?;
        }
        let plan = LabelPlan::try_from(label)?;
        plan.check().map_err(|because| Refusal::because(RefusalCode::LabelTemplate, because, &[]))?;
        let printer = self.shared.printer.clone().unwrap_or_else(|| labels::printer(&plan.printer));
        let tried = match labels::drawn(&plan, &LabelFields::sample()) {
            Ok(label) => printer.print("label-test", &label).await,
            Err(error) => Err(error),
        };
        Ok(tried.err().map(|error| error.trouble.into()))
    }

    // ---- the operator

    /// # Errors
    /// No station is set up.
    pub fn keys(&self, keys: &[KeyPress]) -> Result<(), Refusal> {
        let keys = keys
            .iter()
            .filter_map(|press| {
                let mut letters = press.key.chars();
                let key = match (press.key.as_str(), letters.next(), letters.next()) {
                    ("Enter" | "Tab", ..) => Key::End,
                    // A group separator comes as Control with a bracket, or as itself.
                    (_, Some(letter), None) => Key::Letter(letter),
                    _ => return None,
                };
                Some((key, Duration::try_from_secs_f64(press.at / 1000.0).ok()?))
            })
            .collect();
        self.station()?.keys(keys);
        Ok(())
    }

    /// A whole line. `scanned`: from a scanner that is no keyboard.
    ///
    /// # Errors
    /// No station is set up.
    pub fn line(&self, text: Secret, how: HowTyped) -> Result<(), Refusal> {
        self.station()?.line(text, how);
        Ok(())
    }

    /// # Errors
    /// No station is set up.
    pub fn command(&self, command: StationCommand, slot: Option<u32>) -> Result<(), Refusal> {
        let station = self.station()?;
        let command = match (command, slot) {
            (StationCommand::Start, _) => Command::Start,
            (StationCommand::Retry, _) => Command::Retry,
            (StationCommand::SetAside, _) => Command::SetAside,
            (StationCommand::Stop, _) => Command::Stop,
            (StationCommand::Print, _) => Command::Print,
            (StationCommand::SignOff, _) => Command::SignOff,
            (StationCommand::Slot, Some(number)) => Command::Slot { number },
            (StationCommand::Slot, None) => return Ok(()),
        };
        station.command(command, slot);
        Ok(())
    }

    /// # Errors
    /// No station is set up.
    pub fn sign_on(&self, field: SignOnField, value: Option<String>) -> Result<(), Refusal> {
        let value = value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        self.station()?.sign_on(field.into(), value);
        Ok(())
    }

    // ---- paper and figures

    /// The sheet of command codes as one HTML page. `words` names what a code does: by the word of a command
    /// (`start`, `slot`…) or of a field (`operator`…), and its value.
    ///
    /// # Errors
    /// No station is set up.
    pub fn code_sheet(
        &self,
        language: &str,
        title: &str,
        symbol: SymbolView,
        people: &[(SignOnField, String)],
        words: &dyn Fn(&str, &str) -> String,
    ) -> Result<String, Refusal> {
        let plan = self.station()?.picture().plan.clone();
        let slots = u32::try_from(plan.slots.len()).unwrap_or(u32::MAX);
        let mut codes: Vec<SheetCode> = Command::all(slots)
            .iter()
            .map(|command| {
                let value = match command {
                    Command::Slot { number } => plan.slots[*number as usize - 1].name.clone(),
                    _ => String::new(),
                };
                SheetCode { text: command.code(), title: words(command_word(command), &value) }
            })
            .collect();
        codes.extend(people.iter().map(|(field, value)| {
            let field = Field::from(*field);
            SheetCode { text: field_code(field, value), title: words(field_word(field), value) }
        }));
        Ok(code_sheet::html(title, language, symbol.into(), &codes))
    }

    pub fn insights(&self, request: &InsightsRequest) -> InsightsView {
        insights(&self.shared.engine, request)
    }
}

/// Yields, causes, times and slots, with what can be chosen from.
pub fn insights(engine: &Engine, request: &InsightsRequest) -> InsightsView {
    let figures = engine.figures(&Scope::from(request));
    let mut choices: [BTreeSet<String>; 3] = Default::default();
    engine.each_origin(|origin| {
        for (choice, value) in choices.iter_mut().zip([&origin.station, &origin.work_order, &origin.operator])
        {
            choice.extend(value.clone());
        }
    });
    InsightsView::new(&figures, choices.map(|choice| choice.into_iter().collect()))
}

/// The changes of the station of a desk, whichever it is.
#[derive(Debug)]
pub struct StationWatch {
    desk: StationDesk,
    changed: watch::Receiver<u64>,
    picture: Option<watch::Receiver<Arc<Picture>>>,
    first: bool,
}

impl StationWatch {
    /// The next picture; ends when the desk does.
    pub async fn next(&mut self) -> Option<Option<StationView>> {
        if self.first {
            self.first = false;
            self.follow();
            return Some(self.desk.view());
        }
        let other = match &mut self.picture {
            Some(picture) => tokio::select! {
                changed = picture.changed() => match changed {
                    Ok(()) => false,
                    // It has ended; another may begin.
                    Err(_) => true,
                },
                changed = self.changed.changed() => {
                    changed.ok()?;
                    true
                }
            },
            None => {
                self.changed.changed().await.ok()?;
                true
            }
        };
        if other {
            self.follow();
        }
        Some(self.desk.view())
    }

    fn follow(&mut self) {
        self.changed.mark_unchanged();
        self.picture = self.desk.running().as_ref().map(|station| {
            let mut picture = station.watch();
            picture.mark_unchanged();
            picture
        });
    }
}
