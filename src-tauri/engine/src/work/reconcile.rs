//! What a crash or a lost answer left open: asked about, never repeated.
//!
//! Not here: which cases there are (`record/state.rs`), and running a unit again, which is a new job.

use crate::fault::{Blame, Fault, FaultCode, Retry};
use crate::record::{MadeDevice, OpenCase, OpenJob};
use crate::work::account::Account;
use crate::work::dispatch::{Claim, Shared};
use crate::work::follow;
use crate::work::steps;
use crate::{CloudRef, JobEvent, JobId, Outcome, Recipe, Refusal, Step, UnitId};
use cloud::tracker::Seen;
use cloud::{CloudCause, CloudTime, DeviceId, DeviceRecord, OrgId, UserId};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What came of an open case.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciled {
    pub job: JobId,
    pub unit: Option<UnitId>,
    pub device: Option<DeviceId>,
    pub verdict: Verdict,
    /// Why it could not be settled, where something stood in the way.
    pub fault: Option<Fault>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The cloud has seen it after the job began.
    Passed,
    /// A device that the lost answer had made was found, and is this unit's from now on: run the unit again.
    Adopted,
    /// Nothing had been made: run the unit again.
    NothingMade,
    /// Nothing had reached the device; its cloud device is kept: run the unit again.
    NotDelivered,
    /// The device may have it all, but the cloud has not seen it yet: wait, or look at the device.
    StillUnknown,
    /// More than one device may be the lost one, or it cannot be told whether it is: a person decides by running the unit
    /// with a device id.
    Ambiguous { candidates: Vec<DeviceId> },
}

/// A cloud device that was made here and never came to life.
#[derive(Debug, Clone, PartialEq)]
pub struct Ghost {
    pub device: DeviceId,
    /// Base URL of its cloud.
    pub server: String,
    pub unit: Option<UnitId>,
    /// When it was made, by this computer's clock, milliseconds since the Unix epoch.
    pub made_at: i64,
    /// A device was handed its token and may still come to life with it.
    pub handed_over: bool,
    /// It was deleted now.
    pub swept: bool,
    pub fault: Option<Fault>,
}

/// Someone who claims things without being a job.
fn passer_by() -> JobId {
    JobId(uuid::Uuid::now_v7())
}

pub(crate) async fn reconcile(shared: &Arc<Shared>) -> Vec<Reconciled> {
    reconcile_of(shared, &|_| true).await
}

/// The same for these jobs only.
pub(crate) async fn reconcile_of(
    shared: &Arc<Shared>,
    concerns: &(dyn Fn(JobId) -> bool + Sync),
) -> Vec<Reconciled> {
    let running = shared.running().await;
    let open = shared.ledger().open_cases();
    let mut settled = Vec::new();
    for open in open.into_iter().filter(|open| concerns(open.job) && !running.contains(&open.job)) {
        let me = passer_by();
        let free = match &open.unit {
            Some(unit) => shared.claim(me, Claim::Unit(unit.clone())).await.is_ok(),
            None => true,
        };
        // A unit that a job works on now settles its own past.
        if free && steps::claim_case(shared, me, open.job).await {
            // What was open a moment ago may have been settled by someone else.
            let still = shared.ledger().open_cases().into_iter().find(|other| other.job == open.job);
            if let Some(open) = still {
                settled.push(settle_with_account(shared, &open, me).await);
            }
        }
        shared.release(me);
    }
    settled
}

async fn settle_with_account(shared: &Arc<Shared>, open: &OpenJob, me: JobId) -> Reconciled {
    let recipe = recipe_of(shared, open.job);
    let account = match &recipe {
        Some(recipe) => account_of(shared, &recipe.cloud).await,
        None => Err(Fault::new(FaultCode::UsBug, Step::Connect, Blame::Us, Retry::Never)),
    };
    match account {
        Ok(account) => settle(shared, &account, open, me, None).await,
        Err(fault) => Reconciled {
            job: open.job,
            unit: open.unit.clone(),
            device: device_of(&open.case),
            verdict: Verdict::StillUnknown,
            fault: Some(fault),
        },
    }
}

fn recipe_of(shared: &Shared, job: JobId) -> Option<Box<Recipe>> {
    shared.ledger().job(job).and_then(|recorded| recorded.state.recipe.clone())
}

async fn account_of(shared: &Arc<Shared>, which: &CloudRef) -> Result<Arc<Account>, Fault> {
    match shared.cloud(which).await {
        Ok(cloud) => Ok(shared.account(which, cloud)),
        Err(refusal) => Err(no_account(which, &refusal)),
    }
}

fn no_account(which: &CloudRef, refusal: &Refusal) -> Fault {
    Fault::new(FaultCode::CloudSignIn, Step::Reserve, Blame::Operator, Retry::AfterFix)
        .about("server", &which.server)
        .with_chain(refusal)
}

fn device_of(case: &OpenCase) -> Option<DeviceId> {
    match case {
        OpenCase::NotStarted | OpenCase::ReserveUnanswered { .. } => None,
        OpenCase::RenewUnanswered { device }
        | OpenCase::ReservedNotDelivered { device }
        | OpenCase::AwaitingFirstLight { device, .. }
        | OpenCase::DescribeOpen { device } => Some(*device),
        OpenCase::DeliveryUncertain { device, .. } => *device,
    }
}

/// Asks what became of one open job and writes the answer down. `me` claims what is found; `chosen` is the device that a
/// person named for this unit.
pub(crate) async fn settle(
    shared: &Arc<Shared>,
    account: &Arc<Account>,
    open: &OpenJob,
    me: JobId,
    chosen: Option<DeviceId>,
) -> Reconciled {
    let case = Case { shared, account, open, me };
    let (verdict, device) = match &open.case {
        OpenCase::NotStarted => case.close_undelivered(vec![], Verdict::NotDelivered, None).await,
        OpenCase::ReserveUnanswered { org, owner, since, newest } => {
            case.settle_reserve(*org, *owner, Before { newest: *newest, since: *since }, chosen).await
        }
        // The device keeps its id; which of its tokens was the last does not matter any more.
        OpenCase::RenewUnanswered { device } => {
            case.close_undelivered(vec![JobEvent::NothingWasMade], Verdict::NotDelivered, Some(*device)).await
        }
        OpenCase::ReservedNotDelivered { device } => {
            case.close_undelivered(vec![], Verdict::NotDelivered, Some(*device)).await
        }
        OpenCase::DeliveryUncertain { device: Some(device), baseline }
        | OpenCase::AwaitingFirstLight { device, baseline } => {
            case.ask_whether_seen(*device, *baseline).await
        }
        OpenCase::DeliveryUncertain { device: None, .. } => {
            case.close(
                vec![],
                Outcome::Unknown,
                Some(follow::no_carrier(Step::Join)),
                Verdict::StillUnknown,
                None,
            )
            .await
        }
        OpenCase::DescribeOpen { device } => case.describe_and_pass(vec![], *device).await,
    }
    .unwrap_or_else(|fault| (Verdict::StillUnknown, Err(fault)));
    let (device, fault) = match device {
        Ok(device) => (device, None),
        Err(fault) => (device_of(&open.case), Some(*fault)),
    };
    Reconciled { job: open.job, unit: open.unit.clone(), device, verdict, fault }
}

/// A verdict with its device, or why there is none.
type Settled = Result<(Verdict, Result<Option<DeviceId>, Box<Fault>>), Box<Fault>>;

struct Case<'a> {
    shared: &'a Arc<Shared>,
    account: &'a Arc<Account>,
    open: &'a OpenJob,
    me: JobId,
}

impl Case<'_> {
    async fn append(&self, events: Vec<JobEvent>) -> Result<(), Box<Fault>> {
        match self.shared.append(self.open.job, events).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Box::new(Fault::from_journal(self.step(), &error))),
        }
    }

    fn step(&self) -> Step {
        self.shared.ledger().job(self.open.job).and_then(|job| job.state.step).unwrap_or(Step::Connect)
    }

    fn finished(&self) -> bool {
        self.shared.ledger().job(self.open.job).is_some_and(|job| job.state.finished())
    }

    /// Writes what was found, and an end if the job has none yet.
    async fn close(
        &self,
        mut events: Vec<JobEvent>,
        outcome: Outcome,
        fault: Option<Fault>,
        verdict: Verdict,
        device: Option<DeviceId>,
    ) -> Settled {
        if !self.finished() {
            events.push(JobEvent::Finished { outcome, fault: fault.map(Box::new) });
        }
        if !events.is_empty() {
            self.append(events).await?;
        }
        Ok((verdict, Ok(device)))
    }

    /// Nothing had reached the device.
    async fn close_undelivered(
        &self,
        events: Vec<JobEvent>,
        verdict: Verdict,
        device: Option<DeviceId>,
    ) -> Settled {
        let fault = Fault::interrupted(self.step());
        self.close(events, Outcome::Failed, Some(fault), verdict, device).await
    }

    async fn ask_whether_seen(&self, device: DeviceId, baseline: Option<CloudTime>) -> Settled {
        let org = recipe_of(self.shared, self.open.job).map_or(OrgId(0), |recipe| recipe.org);
        let watch = follow::watch(org, device, baseline);
        match self.account.tracker.check_once(&watch).await {
            Ok(Some(seen)) => self.describe_and_pass(vec![follow::seen_fact(device, &seen)], device).await,
            Ok(None) => {
                let fault = follow::not_seen(self.step());
                self.close(vec![], Outcome::Unknown, Some(fault), Verdict::StillUnknown, Some(device)).await
            }
            Err(error) => Err(Box::new(Fault::from_cloud(self.step(), &error))),
        }
    }

    async fn describe_and_pass(&self, seen: Vec<JobEvent>, device: DeviceId) -> Settled {
        if !seen.is_empty() {
            self.append(seen).await?;
        }
        if let Some(recipe) = recipe_of(self.shared, self.open.job)
            && (recipe.name.is_some() || !recipe.meta.is_empty())
        {
            let described = steps::describe(self.account, &recipe, device, &CancellationToken::new()).await;
            self.append(described).await?;
        }
        self.append(vec![JobEvent::Finished { outcome: Outcome::Passed, fault: None }]).await?;
        Ok((Verdict::Passed, Ok(Some(device))))
    }

    /// Looks among the organization's devices for the one that a lost answer may have made.
    async fn settle_reserve(
        &self,
        org: OrgId,
        owner: UserId,
        before: Before,
        chosen: Option<DeviceId>,
    ) -> Settled {
        // No answer of this process may be on its way: what it makes would look like an orphan.
        let _alone = self.account.token_calls.write().await;
        let server = self.server();
        let candidates = self.orphans(&server, org, owner, before).await?;
        let lost = self.lost_answers(&server, org, owner);
        if let Some(chosen) = chosen {
            return self.adopt_chosen(&server, chosen, &candidates).await;
        }
        match candidates.as_slice() {
            [] => self.close_undelivered(vec![JobEvent::NothingWasMade], Verdict::NothingMade, None).await,
            // Orphans have neither a device nor a past: with no more of them than lost answers it does not matter whose is
            // whose, so each case takes the oldest.
            found if found.iter().all(|orphan| orphan.certain) && found.len() <= lost => {
                self.adopt(found[0].device).await
            }
            found => {
                let candidates = found.iter().map(|orphan| orphan.device).collect();
                let fault =
                    Fault::new(FaultCode::CloudAnswerLost, Step::Reserve, Blame::Cloud, Retry::AfterFix);
                self.close(vec![], Outcome::Unknown, Some(fault), Verdict::Ambiguous { candidates }, None)
                    .await
            }
        }
    }

    async fn adopt(&self, device: DeviceId) -> Settled {
        if self.shared.claim(self.me, Claim::Device(self.server(), device)).await.is_err() {
            return Ok((Verdict::Ambiguous { candidates: vec![device] }, Ok(None)));
        }
        self.close_undelivered(vec![JobEvent::Adopted { device }], Verdict::Adopted, Some(device)).await
    }

    /// A person has decided. Whether the named device is one of the orphans or another one: the lost answer is settled.
    async fn adopt_chosen(&self, server: &str, chosen: DeviceId, candidates: &[Orphan]) -> Settled {
        let ours = self.shared.ledger().owner_of(server, chosen).cloned();
        let is_candidate = candidates.iter().any(|orphan| orphan.device == chosen);
        if is_candidate && (ours.is_none() || ours == self.open.unit) {
            self.adopt(chosen).await
        } else {
            self.close_undelivered(vec![JobEvent::NothingWasMade], Verdict::NothingMade, None).await
        }
    }

    fn server(&self) -> String {
        recipe_of(self.shared, self.open.job).map(|recipe| recipe.cloud.server.clone()).unwrap_or_default()
    }

    /// How many jobs of this journal wait for an answer that never came, in this organization and for this owner.
    fn lost_answers(&self, server: &str, org: OrgId, owner: UserId) -> usize {
        let ledger = self.shared.ledger();
        let same = |open: &OpenJob| match &open.case {
            OpenCase::ReserveUnanswered { org: its_org, owner: its_owner, .. } => {
                *its_org == org
                    && *its_owner == owner
                    && ledger.job(open.job).is_some_and(|job| {
                        job.state.recipe.as_ref().is_some_and(|recipe| recipe.cloud.server == server)
                    })
            }
            OpenCase::NotStarted
            | OpenCase::RenewUnanswered { .. }
            | OpenCase::ReservedNotDelivered { .. }
            | OpenCase::DeliveryUncertain { .. }
            | OpenCase::AwaitingFirstLight { .. }
            | OpenCase::DescribeOpen { .. } => false,
        };
        ledger.open_cases().iter().filter(|open| same(open)).count()
    }

    /// Devices of the organization that were made since the intent, never connected, and are not ours: by id, since the
    /// cloud hands ids out in order.
    async fn orphans(
        &self,
        server: &str,
        org: OrgId,
        owner: UserId,
        before: Before,
    ) -> Result<Vec<Orphan>, Box<Fault>> {
        let fault = |error: &cloud::CloudError| Box::new(Fault::from_cloud(Step::Reserve, error));
        let devices = self.account.cloud.devices(org).await.map_err(|error| fault(&error))?;
        let mut orphans = Vec::new();
        for record in devices {
            let ours = {
                let ledger = self.shared.ledger();
                ledger.is_ours(server, record.id) || ledger.owner_of(server, record.id).is_some()
            };
            let its_owner = record.owner.is_none_or(|its_owner| its_owner == owner);
            let Some(certain) = before.was_made_since(&record) else { continue };
            if ours || !its_owner {
                continue;
            }
            // Lists tell nothing of connections.
            let presence = self.account.cloud.presence(record.id).await.map_err(|error| fault(&error))?;
            let connected = presence.connected == Some(true)
                || presence
                    .record
                    .as_ref()
                    .is_some_and(|record| record.first_connect.is_some() || record.last_connect.is_some());
            if !connected {
                orphans.push(Orphan { device: record.id, certain });
            }
        }
        orphans.sort_by_key(|orphan| orphan.device);
        Ok(orphans)
    }
}

/// A device that a lost answer may have made.
struct Orphan {
    device: DeviceId,
    /// It was certainly made since.
    certain: bool,
}

/// What was known before the lost call.
#[derive(Clone, Copy)]
struct Before {
    /// The highest device id of the organization.
    newest: Option<DeviceId>,
    /// The cloud's clock.
    since: Option<CloudTime>,
}

impl Before {
    /// Whether a record was made since: `None` for certainly not, `Some(false)` where nothing tells. The id is the better
    /// witness, since a record says when it was activated, not when it was made.
    fn was_made_since(self, record: &DeviceRecord) -> Option<bool> {
        match (self.newest, record.activated_at, self.since) {
            (Some(newest), _, _) => (record.id > newest).then_some(true),
            (None, Some(at), Some(since)) => (at >= since).then_some(true),
            (None, _, _) => Some(false),
        }
    }
}

// ---- ghosts

/// Which of the ghosts are removed, too.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sweep<'a> {
    None,
    All,
    /// These only, by server and device: what a person has seen and said yes to.
    Only(&'a [(String, DeviceId)]),
}

impl Sweep<'_> {
    fn takes(self, made: &MadeDevice) -> bool {
        match self {
            Sweep::None => false,
            Sweep::All => true,
            Sweep::Only(chosen) => {
                chosen.iter().any(|(server, device)| *server == made.server && *device == made.device)
            }
        }
    }
}

impl crate::work::Engine {
    /// Deletes those of the chosen cloud devices that are ghosts still; tells what became of each of them.
    pub async fn sweep(&self, chosen: &[(String, DeviceId)]) -> Vec<Ghost> {
        let mut ghosts = ghosts(self.shared(), Sweep::Only(chosen)).await;
        ghosts.retain(|ghost| {
            chosen.iter().any(|(server, device)| *server == ghost.server && *device == ghost.device)
        });
        ghosts
    }
}

pub(crate) async fn ghosts(shared: &Arc<Shared>, sweep: Sweep<'_>) -> Vec<Ghost> {
    let made: Vec<MadeDevice> = shared.ledger().ghosts().cloned().collect();
    let mut ghosts = Vec::new();
    for made in made {
        let me = passer_by();
        let mine = shared.claim(me, Claim::Device(made.server.clone(), made.device)).await.is_ok();
        let idle = match &made.unit {
            Some(unit) => shared.claim(me, Claim::Unit(unit.clone())).await.is_ok(),
            None => true,
        };
        // What a job works on now is no ghost.
        if mine && idle {
            ghosts.extend(look_at_ghost(shared, &made, sweep.takes(&made)).await);
        }
        shared.release(me);
    }
    ghosts
}

async fn look_at_ghost(shared: &Arc<Shared>, made: &MadeDevice, sweep: bool) -> Option<Ghost> {
    let mut ghost = Ghost {
        device: made.device,
        server: made.server.clone(),
        unit: made.unit.clone(),
        made_at: made.made_at,
        handed_over: made
            .unit
            .as_ref()
            .is_some_and(|unit| shared.ledger().may_be_lived_with(unit, made.device)),
        swept: false,
        fault: None,
    };
    let Some(recipe) = recipe_of(shared, made.job) else { return Some(ghost) };
    let account = match account_of(shared, &recipe.cloud).await {
        Ok(account) => account,
        Err(fault) => {
            ghost.fault = Some(fault);
            return Some(ghost);
        }
    };
    match account.tracker.check_once(&follow::watch(recipe.org, made.device, None)).await {
        // It has come to life after all.
        Ok(Some(Seen { .. })) => return None,
        Ok(None) => {}
        Err(error) => {
            ghost.fault = Some(Fault::from_cloud(Step::Reserve, &error));
            return Some(ghost);
        }
    }
    if sweep {
        match sweep_one(shared, &account, made).await {
            Ok(()) => ghost.swept = true,
            Err(fault) => ghost.fault = Some(fault),
        }
    }
    Some(ghost)
}

async fn sweep_one(shared: &Shared, account: &Account, made: &MadeDevice) -> Result<(), Fault> {
    let device = made.device;
    let written = |error| Fault::from_journal(Step::Reserve, &error);
    shared.append(made.job, vec![JobEvent::SweepIntended { device }]).await.map_err(written)?;
    match account.cloud.delete(device).await {
        Ok(()) => {}
        // A reservation that no device has used has no record to delete.
        Err(error) if error.cause == CloudCause::NotFound => {}
        Err(error) => return Err(Fault::from_cloud(Step::Reserve, &error)),
    }
    shared.append(made.job, vec![JobEvent::Swept { device }]).await.map_err(written)?;
    Ok(())
}
