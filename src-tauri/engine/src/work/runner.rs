//! One job, from its first step to its end: the order of the steps, and how a job ends.
//!
//! Not here: what a step does (`steps.rs`), how a device is followed (`follow.rs`).

use crate::fault::{Fault, Refusal, RefusalCode, RefusalReason};
use crate::plan::patience;
use crate::record::{JobState, JournalError, Origin};
use crate::work::account::Account;
use crate::work::dispatch::{Gate, Order, Shared};
use crate::work::kept::{self, Held};
use crate::work::links::{Berth, Links};
use crate::work::veil::Veil;
use crate::{JobEvent, JobId, JobSecrets, Outcome, Progress, Recipe, Step, Target, UnitId, WaitingFor};
use link::{Contact, ContactError};
use proto::{
    Address, Advert, Answer, Ask, Delivery, DeviceIdentity, DeviceWord, Driver, DriverSettings, MediumKind,
    Secret, Wifi,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Why a job goes no further.
#[derive(Debug)]
pub(crate) enum Stop {
    Ended(Outcome, Option<Box<Fault>>),
    /// Its facts cannot be written: nothing more may be done.
    NoJournal(JournalError),
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Stop {
        Stop::NoJournal(error)
    }
}

impl Stop {
    pub(crate) fn failed(fault: Fault) -> Stop {
        Stop::Ended(Outcome::Failed, Some(Box::new(fault)))
    }

    pub(crate) fn unknown(fault: Fault) -> Stop {
        Stop::Ended(Outcome::Unknown, Some(Box::new(fault)))
    }
}

/// The device that a job has found and that answered.
pub(crate) struct Reached {
    pub(crate) address: Address,
    pub(crate) advert: Advert,
    pub(crate) driver: &'static dyn Driver,
    pub(crate) identity: DeviceIdentity,
    pub(crate) unit: UnitId,
}

/// A token for this unit; it lives here only.
pub(crate) struct Token {
    pub(crate) device: cloud::DeviceId,
    pub(crate) secret: Secret,
    /// What the cloud knew of the last connect before; `None`: any connect is ours.
    pub(crate) baseline: Option<cloud::CloudTime>,
}

/// A job on its way.
pub(crate) struct Walk {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: JobId,
    pub(crate) recipe: Recipe,
    pub(crate) target: Target,
    pub(crate) secrets: JobSecrets,
    pub(crate) gate: Option<Gate>,
    pub(crate) account: Arc<Account>,
    pub(crate) cancel: CancellationToken,
    pub(crate) state: JobState,
    pub(crate) veil: Veil,
    pub(crate) contact: Option<Contact>,
    pub(crate) way: Way,
    /// How the device was reached, and whether on a link that was kept.
    pub(crate) reached_by: Option<ReachedBy>,
    /// It only finds out who a device is, before it is known what is wanted of it: no job, no facts.
    rehearsal: bool,
}

/// How a job comes to its link when it is one of many; a job that runs alone just opens one.
#[derive(Debug, Default)]
pub(crate) struct Way {
    pub(crate) links: Option<Arc<Links>>,
    /// The right to the link that is open, or about to be.
    pub(crate) berth: Option<Berth>,
    /// The device is open already and has said who it is.
    pub(crate) met: Option<Met>,
    /// A person stands by who corrects what was wrong: the link is kept for that, and one that was kept is used.
    pub(crate) correctable: bool,
    /// It came back once without a word why: this time its link is held to the end.
    pub(crate) hears_out: bool,
}

/// A device that was asked who it is, with its link still open.
pub(crate) struct Met {
    pub(crate) reached: Reached,
    pub(crate) contact: Contact,
    /// Who holds the claim on its address until a job takes it over.
    pub(crate) claimant: JobId,
}

/// The way on which a device was reached that a job works with.
pub(crate) struct ReachedBy {
    pub(crate) address: Address,
    pub(crate) advert: Advert,
    pub(crate) driver: &'static dyn Driver,
    /// The link had been kept after the job before.
    pub(crate) kept: bool,
}

impl std::fmt::Debug for Met {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Met").field("unit", &self.reached.unit).finish_non_exhaustive()
    }
}

/// Opens a device and asks who it is, for whoever then decides what is wanted of it. The way keeps its berth.
pub(crate) async fn meet(
    shared: &Arc<Shared>,
    address: &Address,
    advert: &Advert,
    recipe: Recipe,
    secrets: JobSecrets,
    mut way: Way,
) -> Result<Way, Box<Fault>> {
    let refused = |refusal: &Refusal| {
        let fault = Fault::new(
            crate::FaultCode::CloudSignIn,
            Step::Connect,
            crate::Blame::Operator,
            crate::Retry::AfterFix,
        );
        Box::new(fault.with_chain(refusal))
    };
    let cloud = shared.cloud(&recipe.cloud).await.map_err(|refusal| refused(&refusal))?;
    let account = shared.account(&recipe.cloud, cloud);
    let claimant = JobId(uuid::Uuid::now_v7());
    let mut walk = Walk {
        shared: shared.clone(),
        id: claimant,
        target: Target::At { address: address.clone() },
        recipe,
        secrets,
        account,
        cancel: CancellationToken::new(),
        state: JobState::default(),
        veil: Veil::default(),
        contact: None,
        way: Way { met: None, ..way },
        reached_by: None,
        gate: None,
        rehearsal: true,
    };
    let reached = walk.reach(address, advert).await;
    match (reached, walk.contact.take()) {
        (Ok(reached), Some(contact)) => {
            way = walk.way;
            way.met = Some(Met { reached, contact, claimant });
            Ok(way)
        }
        (Ok(_), None) => unreachable!("who was reached is in contact"),
        (Err(stop), contact) => {
            walk.contact = contact;
            walk.let_go().await;
            shared.release(claimant);
            match stop {
                Stop::Ended(_, Some(fault)) => Err(fault),
                Stop::Ended(_, None) => Err(Box::new(Fault::cancelled(Step::Connect))),
                Stop::NoJournal(error) => Err(Box::new(Fault::from_journal(Step::Connect, &error))),
            }
        }
    }
}

/// Lets a device go that was met and is wanted by nobody.
pub(crate) async fn part(shared: &Arc<Shared>, mut way: Way) {
    if let Some(met) = way.met.take() {
        close(met.contact).await;
        shared.release(met.claimant);
    }
}

/// What opens and begins a conversation, as far as the recipe says.
pub(crate) fn settings(recipe: &Recipe, secrets: &JobSecrets) -> DriverSettings {
    DriverSettings {
        device_secret: secrets.device_secret.clone(),
        device_user: recipe.device_user.clone(),
        carrier: recipe.carrier.clone(),
        token_endpoint: recipe.token_endpoint.clone(),
        token_template: recipe.token_template.clone(),
        token_success: recipe.token_success.clone(),
    }
}

fn delivery(recipe: &Recipe, secrets: &JobSecrets, token: Option<&Secret>) -> Delivery {
    Delivery {
        wifi: recipe.ssid.as_ref().map(|ssid| Wifi {
            ssid: ssid.clone(),
            password: secrets.wifi_password.clone().unwrap_or_else(|| Secret::new("")),
        }),
        token: token.cloned(),
        host: recipe.token_host.clone(),
    }
}

/// Everything that speaks against a job, at once, before anything is touched.
pub(crate) async fn check(
    shared: &Arc<Shared>,
    mut recipe: Recipe,
    target: Target,
    secrets: JobSecrets,
    origin: Origin,
    way: Way,
) -> Result<Order, Refusal> {
    let mut reasons: Vec<RefusalReason> = Vec::new();
    let mut against = |code, about: &[(&str, &str)]| reasons.extend(Refusal::of(code, about).reasons);
    if recipe.org.0 <= 0 {
        against(RefusalCode::BadOrg, &[("org", &recipe.org.to_string())]);
    }
    if recipe.owner.0 <= 0 {
        against(RefusalCode::BadOwner, &[("owner", &recipe.owner.to_string())]);
    }
    if let Some(name) = &recipe.name
        && !cloud_name_fits(name)
    {
        against(RefusalCode::NameInvalid, &[("name", name)]);
    }
    if recipe.ssid.is_some() && secrets.wifi_password.is_none() {
        against(RefusalCode::SecretMissing, &[("secret", "FIRSTLIGHT_WIFI_PASSWORD")]);
    }
    if recipe.patience_s == 0 {
        recipe.patience_s = patience::FIRST_LIGHT_S;
    }
    if recipe.driver != "auto" && proto::driver(&recipe.driver).is_none() {
        against(RefusalCode::UnknownDriver, &[("driver", &recipe.driver)]);
    }
    if let Target::At { address: Address::Serial(port) } = &target
        && !port_exists(shared, port).await
    {
        against(RefusalCode::UnknownPort, &[("port", port)]);
    }
    reasons.extend(limits(&recipe, &target, &secrets));
    match shared.cloud(&recipe.cloud).await {
        Err(refusal) => reasons.extend(refusal.reasons),
        Ok(_) if !reasons.is_empty() => {}
        Ok(cloud) => {
            let origin = Box::new(origin);
            return Ok(Order { recipe, target, secrets, origin, gate: None, way, cloud });
        }
    }
    Err(Refusal { reasons })
}

/// What the cloud takes as a device name (section 9 of the cloud reference).
pub(crate) fn cloud_name_fits(name: &str) -> bool {
    !name.trim().is_empty()
        && name.chars().count() <= 50
        && name.chars().all(|it| it.is_alphanumeric() || matches!(it, ' ' | '\'' | '_' | '-'))
}

/// Ptys and links by path are listed nowhere, but they are there.
async fn port_exists(shared: &Shared, port: &str) -> bool {
    std::path::Path::new(port).exists()
        || crate::work::sightings::listed(&shared.media, &Address::Serial(port.to_owned())).await.is_some()
}

/// What no device would take, as far as the driver is known. With `auto` nobody knows yet who will answer: a network name
/// or password that one of the candidates would drop silently is refused, other limits only where all candidates agree.
fn limits(recipe: &Recipe, target: &Target, secrets: &JobSecrets) -> Vec<RefusalReason> {
    let delivery = delivery(recipe, secrets, None);
    let settings = settings(recipe, secrets);
    if let Some(driver) = proto::driver(&recipe.driver) {
        return driver.limits(&delivery, &settings, None).iter().map(Refusal::reason).collect();
    }
    let medium = match target {
        Target::At { address } => Some(address.medium()),
        Target::Named { medium, .. } => Some(*medium),
        Target::Any => None,
    };
    let of_each: Vec<Vec<RefusalReason>> = proto::drivers()
        .iter()
        .filter(|driver| medium.is_none_or(|medium| driver.media().contains(&medium)))
        .map(|driver| driver.limits(&delivery, &settings, None).iter().map(Refusal::reason).collect())
        .collect();
    let mut reasons: Vec<RefusalReason> = Vec::new();
    for reason in of_each.iter().flatten() {
        let silent = matches!(reason.code, RefusalCode::SsidLength | RefusalCode::PasswordLength);
        let agreed = of_each.iter().all(|of_one| of_one.iter().any(|other| other.code == reason.code));
        if (silent || agreed) && !reasons.iter().any(|known| known.code == reason.code) {
            reasons.push(reason.clone());
        }
    }
    reasons
}

/// Walks a job to its end and writes that end down.
pub(crate) async fn run(shared: Arc<Shared>, id: JobId, order: Order, cancel: CancellationToken) {
    let account = shared.account(&order.recipe.cloud, order.cloud);
    let mut veil = Veil::default();
    for secret in [&order.secrets.wifi_password, &order.secrets.device_secret].into_iter().flatten() {
        veil.know(secret);
    }
    let mut walk = Walk {
        shared,
        id,
        recipe: order.recipe,
        target: order.target,
        secrets: order.secrets,
        gate: order.gate,
        account,
        cancel,
        state: JobState::default(),
        veil,
        contact: None,
        way: order.way,
        reached_by: None,
        rehearsal: false,
    };
    let stop = match walk.all_steps().await {
        Ok(()) => Stop::Ended(Outcome::Passed, None),
        Err(stop) => stop,
    };
    let kept = walk.keep_link(&stop);
    walk.let_go().await;
    match stop {
        Stop::Ended(outcome, fault) => {
            if let Err(error) = walk.record(JobEvent::Finished { outcome, fault }).await {
                tracing::error!(%id, ?error, "the end of a job could not be written down");
            }
            if kept {
                walk.shared.tell_kept(id);
            }
        }
        Stop::NoJournal(error) => {
            tracing::error!(%id, %error, "a job stopped: its facts cannot be written down")
        }
    }
}

impl Walk {
    async fn all_steps(&mut self) -> Result<(), Stop> {
        let reached = self.connect().await?;
        self.identify(&reached).await?;
        self.survey(&reached).await?;
        let token = match self.carries_token(&reached) {
            true => Some(self.reserve(&reached).await?),
            false => None,
        };
        let device = self.bring_to_light(&reached, token).await?;
        self.describe(device).await
    }

    /// Whether this device can be handed a token at all.
    pub(crate) fn carries_token(&self, reached: &Reached) -> bool {
        reached.identity.takes_token != Some(false)
            && reached.driver.carries_token(&settings(&self.recipe, &self.secrets))
    }

    pub(crate) fn settings(&self) -> DriverSettings {
        settings(&self.recipe, &self.secrets)
    }

    pub(crate) fn delivery(&self, token: Option<&Secret>) -> Delivery {
        delivery(&self.recipe, &self.secrets, token)
    }

    /// Writes a fact down and folds it. Secrets that found their way into words of devices or clouds are masked. Comes
    /// back when the fact is on disk, where something may only be done then; else the fact is on its way, in order.
    pub(crate) async fn record(&mut self, event: JobEvent) -> Result<(), Stop> {
        if self.rehearsal {
            return Ok(());
        }
        let event = self.veil.over(event);
        self.state = std::mem::take(&mut self.state).apply(&event);
        if comes_before_an_act(&event) {
            self.shared.append(self.id, vec![event]).await?;
        } else {
            self.shared.append_later(self.id, event);
        }
        Ok(())
    }

    pub(crate) async fn begin(&mut self, step: Step) -> Result<(), Stop> {
        self.record(JobEvent::StepBegan { step }).await
    }

    pub(crate) async fn warn(&mut self, fault: Fault) -> Result<(), Stop> {
        self.record(JobEvent::Warned { fault: Box::new(fault) }).await
    }

    pub(crate) fn waiting(&self, step: Step, what: WaitingFor, bound: Duration) {
        let bound_ms = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
        self.shared.progress(self.id, Progress::Waiting { step, what, bound_ms });
    }

    /// Before delivery a cancel ends the job where it is; nothing has happened to the device.
    pub(crate) fn heed_cancel(&self, step: Step) -> Result<(), Stop> {
        if self.cancel.is_cancelled() { Err(self.stopped(step)) } else { Ok(()) }
    }

    /// How a cancelled job ends: as skipped while the device is certainly untouched, else as unknown.
    pub(crate) fn stopped(&self, step: Step) -> Stop {
        let outcome = if self.may_be_delivered() { Outcome::Unknown } else { Outcome::Skipped };
        Stop::Ended(outcome, Some(Box::new(Fault::cancelled(step))))
    }

    pub(crate) fn may_be_delivered(&self) -> bool {
        self.state.delivery.uncertain() || self.state.token_carried.is_some()
    }

    /// How a job ends on trouble with its contact.
    pub(crate) fn trouble(&self, step: Step, error: &ContactError) -> Stop {
        match error {
            ContactError::Cancelled => self.stopped(step),
            ContactError::Link(_) | ContactError::Protocol(_) => {
                Stop::failed(Fault::from_contact(step, error))
            }
        }
    }

    /// Asks the device; what it says meanwhile is written down as it comes.
    pub(crate) async fn ask(
        &mut self,
        ask: Ask,
        cancel: &CancellationToken,
    ) -> Result<Result<Answer, ContactError>, Stop> {
        let mut contact = self.contact.take().expect("a step that asks comes after one that connected");
        let (said, mut words) = mpsc::unbounded_channel();
        let mut on_word = move |word: DeviceWord| {
            // The other end lives as long as the question.
            let _ = said.send(word);
        };
        let answer = {
            let asking = tokio::time::timeout(patience::QUESTION, contact.ask(ask, cancel, &mut on_word));
            tokio::pin!(asking);
            loop {
                tokio::select! { biased;
                    Some(word) = words.recv() => self.record(JobEvent::Said { word }).await?,
                    answer = &mut asking => break answer,
                }
            }
        };
        while let Ok(word) = words.try_recv() {
            self.record(JobEvent::Said { word }).await?;
        }
        self.contact = Some(contact);
        Ok(answer.unwrap_or(Err(ContactError::Link(link::LinkError::TimedOut { what: "the question" }))))
    }

    /// Leaves the link open for the next job, where a person can correct what was wrong with this one and the device would
    /// take another delivery on it.
    fn keep_link(&mut self, stop: &Stop) -> bool {
        let Stop::Ended(Outcome::Failed, Some(fault)) = stop else { return false };
        if !self.way.correctable || !kept::correctable(fault.code) || self.cancel.is_cancelled() {
            return false;
        }
        let (Some(contact), Some(by)) = (self.contact.take(), self.reached_by.take()) else { return false };
        let held = Held { address: by.address, advert: by.advert, driver: by.driver, contact };
        self.shared.keep_link(self.id, held, self.settings());
        true
    }

    /// Closes the link, if there is one, and waits until the system has let the device go.
    pub(crate) async fn let_go(&mut self) {
        if let Some(contact) = self.contact.take() {
            close(contact).await;
        }
        self.way.berth = None;
    }

    pub(crate) fn medium(&self, kind: MediumKind) -> Option<Arc<dyn link::Medium>> {
        self.shared.media.iter().find(|medium| medium.kind() == kind).cloned()
    }
}

/// Facts that have to be on disk before the job goes on: intents, since the act follows; what a token call gave, since
/// nothing else remembers it; and the end. All others only tell how far it came. When one of them is lost in a crash, the
/// intent before it still stands, and what became of it is asked. That saves a unit fifteen waits for the disk.
fn comes_before_an_act(event: &JobEvent) -> bool {
    match event {
        JobEvent::ReserveIntended { .. }
        | JobEvent::Reserved { .. }
        | JobEvent::RenewIntended { .. }
        | JobEvent::Renewed { .. }
        | JobEvent::TokenFailed { .. }
        | JobEvent::Adopted { .. }
        | JobEvent::NothingWasMade
        | JobEvent::DeliverIntended { .. }
        | JobEvent::DeliveryRefused { .. }
        | JobEvent::SweepIntended { .. }
        | JobEvent::Swept { .. }
        | JobEvent::Finished { .. } => true,
        JobEvent::Queued { .. }
        | JobEvent::StepBegan { .. }
        | JobEvent::Connected { .. }
        | JobEvent::Identified { .. }
        | JobEvent::Surveyed { .. }
        | JobEvent::Delivered { .. }
        | JobEvent::Said { .. }
        | JobEvent::Seen { .. }
        | JobEvent::Described { .. }
        | JobEvent::Warned { .. } => false,
    }
}

pub(crate) async fn close(contact: Contact) {
    if tokio::time::timeout(patience::CLOSING, contact.close()).await.is_err() {
        tracing::warn!("a device was not let go in time");
    }
}
