//! The steps after the token: Deliver, Join and Confirm.
//!
//! From here on the device may have what it was given. So nothing is repeated that may have happened, a cancel only stops
//! the waiting, and the cloud decides: the device's words and the cloud's are heard at the same time, and the first proof
//! wins. Not here: how the cloud is asked for many devices at once (`cloud::tracker`).

use crate::fault::{Blame, Fault, FaultCode, Retry};
use crate::plan::patience;
use crate::work::links::{Berth, Links, Metered};
use crate::work::runner::{Reached, Stop, Token, Walk, close};
use crate::work::sightings;
use crate::work::steps::odd_answer;
use crate::{JobEvent, Step, UnitId, WaitingFor};
use cloud::tracker::{Seen, Watch};
use cloud::{CloudError, CloudTime, DeviceId, OrgId};
use futures::StreamExt;
use futures::future::BoxFuture;
use link::{Change, Contact, ContactError, LinkError, Medium};
use proto::{
    Address, Answer, Ask, DeviceIdentity, DeviceTrouble, DeviceWord, Driver, DriverSettings, FollowEnd,
    MediumKind, ProtocolError, TroublePhase, Unlinked,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The server refused the token (section 2.2 of the device protocols).
const TOKEN_REFUSED: u16 = 703;

/// What is known of a delivery.
enum Handed {
    /// The device has it all.
    Over { token_carried: bool },
    /// The link went away, or the device fell silent, in the middle.
    Perhaps(Fault),
}

/// How following ended.
enum JoinEnd {
    Seen(Box<Seen>),
    /// The device says that it failed. Where the walk still has its contact, it takes another delivery on this link.
    Failed {
        trouble: DeviceTrouble,
    },
    /// It is back, waits for configuration, and knows of no failure: the delivery never got through.
    Forgotten,
    /// It was let go, and is back: it failed, and only its link would have told why.
    CameBack,
    /// Nothing more is to be learned from it, and it was given no token.
    WithoutToken,
    /// Patience is over.
    NotSeen,
}

/// What to look for in the cloud.
pub(crate) fn watch(org: OrgId, device: DeviceId, baseline: Option<CloudTime>) -> Watch {
    Watch { org, device, since: None, baseline_connect: baseline, fresh: baseline.is_none() }
}

pub(crate) fn seen_fact(device: DeviceId, seen: &Seen) -> JobEvent {
    JobEvent::Seen { device, at: seen.at, template: seen.template.clone(), firmware: seen.firmware.clone() }
}

pub(crate) fn not_seen(step: Step) -> Fault {
    Fault::new(FaultCode::CloudNotSeen, step, Blame::Device, Retry::Now)
}

pub(crate) fn no_carrier(step: Step) -> Fault {
    Fault::new(FaultCode::TokenNoCarrier, step, Blame::Device, Retry::AfterFix)
}

impl Walk {
    /// Hands everything over and follows the device until the cloud has seen it. Without a token there is nothing that
    /// the cloud could see: the job ends unknown at best.
    pub(crate) async fn bring_to_light(
        &mut self,
        reached: &Reached,
        mut token: Option<Token>,
    ) -> Result<DeviceId, Stop> {
        let mut deliveries = 0;
        let mut renewals = 0;
        loop {
            let handed = self.deliver(reached, token.as_mut(), &mut deliveries).await?;
            let carried = match (&handed, &token) {
                (_, None) | (Handed::Over { token_carried: false }, _) => None,
                (Handed::Over { token_carried: true } | Handed::Perhaps(_), Some(token)) => Some(token),
            };
            let fault = match self.join(reached, carried, &handed, deliveries).await? {
                JoinEnd::Seen(seen) => {
                    let device = carried.map(|token| token.device).ok_or_else(|| {
                        Stop::unknown(Fault::new(FaultCode::UsBug, Step::Confirm, Blame::Us, Retry::Never))
                    })?;
                    self.record(seen_fact(device, &seen)).await?;
                    self.let_go().await;
                    self.compare_template(reached, &seen).await?;
                    return Ok(device);
                }
                JoinEnd::WithoutToken => return Err(Stop::unknown(no_carrier(Step::Join))),
                JoinEnd::NotSeen => {
                    let mut fault = not_seen(Step::Confirm);
                    // Nobody looked, so nothing is said of the device.
                    if let Some(error) = self.account.tracker.trouble() {
                        let why = Fault::from_cloud(Step::Confirm, &error);
                        fault = fault.about("trouble", why.code).with_chain(&error);
                        fault.blame = why.blame;
                    }
                    if let Handed::Perhaps(lost) = handed {
                        fault = fault.about("after", lost.code);
                        fault.chain = [lost.chain, fault.chain].join("; ").trim_end_matches("; ").to_owned();
                    }
                    return Err(Stop::unknown(fault));
                }
                // Whoever let it go tries it again when there is time to hear it out.
                JoinEnd::CameBack => return Err(Stop::failed(not_seen(Step::Join))),
                JoinEnd::Forgotten => match handed {
                    Handed::Perhaps(fault) => fault,
                    Handed::Over { .. } => not_seen(Step::Join),
                },
                JoinEnd::Failed { trouble } => {
                    let mut fault = Fault::from_trouble(Step::Join, &trouble);
                    // It was given no network, so there is none to compare or to bring nearer.
                    if self.recipe.ssid.is_none() && fault.code == FaultCode::WifiNotFound {
                        (fault.code, fault.blame) = (FaultCode::DeviceNetworkMissing, Blame::Operator);
                    }
                    match &mut token {
                        Some(token) if trouble.code == Some(TOKEN_REFUSED) => {
                            if renewals >= patience::RENEWALS {
                                return Err(Stop::failed(fault));
                            }
                            renewals += 1;
                            deliveries = 0;
                            self.warn(fault.clone()).await?;
                            self.begin(Step::Reserve).await?;
                            match self.renew_device(token.device, token.baseline).await? {
                                Ok(fresh) => *token = fresh,
                                Err(fault) => return Err(Stop::failed(fault)),
                            }
                            fault
                        }
                        _ if may_pass_the_second_time(&fault) && deliveries < patience::DELIVERIES => {
                            self.warn(fault.clone()).await?;
                            fault
                        }
                        _ => return Err(Stop::failed(fault)),
                    }
                }
            };
            if deliveries >= patience::DELIVERIES {
                return Err(Stop::failed(fault));
            }
            if self.cancel.is_cancelled() {
                return Err(self.stopped(Step::Join));
            }
            if self.contact.is_none() && !self.reach_again(reached).await? {
                return Err(Stop::failed(fault));
            }
        }
    }

    async fn compare_template(&mut self, reached: &Reached, seen: &Seen) -> Result<(), Stop> {
        let expected = self.recipe.expect_template.as_deref().or(reached.identity.template.as_deref());
        match (expected, seen.template.as_deref()) {
            (Some(expected), Some(found)) if expected != found && expected != "DYNAMIC" => {
                let fault =
                    Fault::new(FaultCode::TemplateMismatch, Step::Confirm, Blame::Cloud, Retry::AfterFix)
                        .about("expected", expected)
                        .about("found", found);
                self.warn(fault).await
            }
            _ => Ok(()),
        }
    }

    /// A link to the same unit again, for a second delivery; `false` when it does not come back.
    async fn reach_again(&mut self, reached: &Reached) -> Result<bool, Stop> {
        let Some(medium) = self.medium(reached.address.medium()) else { return Ok(false) };
        let links = self.way.links.clone();
        let chase = Chase::after(reached, medium, self.settings(), Quarry::ToDeliver, links);
        let back = tokio::select! { biased;
            () = self.cancel.cancelled() => return Err(self.stopped(Step::Join)),
            back = tokio::time::timeout(patience::BACK_IN_SIGHT, chase.run()) => back,
        };
        match back {
            Ok(back) => {
                self.contact = Some(back.contact);
                self.way.berth = back.berth;
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}

/// A network that did not answer in time may do so the next time; a wrong password stays wrong.
fn may_pass_the_second_time(fault: &Fault) -> bool {
    matches!(fault.code, FaultCode::WifiTimeout | FaultCode::WifiFailed | FaultCode::DeviceConfiguration)
}

// ---- Deliver

impl Walk {
    /// The point of no return. A device that refuses for certain gets all of it once more; when nobody knows how far it
    /// came, the device and the cloud are asked first.
    async fn deliver(
        &mut self,
        reached: &Reached,
        mut token: Option<&mut Token>,
        deliveries: &mut u32,
    ) -> Result<Handed, Stop> {
        let delivery = self.delivery(token.as_ref().map(|token| &token.secret));
        let dialect = reached.identity.dialect.as_deref();
        if let Some(limit) = reached.driver.limits(&delivery, &self.settings(), dialect).first() {
            return Err(Stop::failed(Fault::from_limit(Step::Deliver, limit)));
        }
        loop {
            self.begin(Step::Deliver).await?;
            // A device that has a token already may have come back with it since it was asked about, for instance because
            // opening the port restarted its board.
            let baseline = match token.as_ref().and_then(|token| token.baseline) {
                Some(before) => self.account.time().await.max(Some(before)),
                None => None,
            };
            if let Some(token) = token.as_mut() {
                token.baseline = baseline;
            }
            if self.cancel.is_cancelled() {
                return Err(self.stopped(Step::Deliver));
            }
            let token = token.as_ref();
            self.record(JobEvent::DeliverIntended {
                device: token.map(|token| token.device),
                token_tail: token.map(|token| token.secret.tail()),
                ssid: self.recipe.ssid.clone(),
                host: self.recipe.token_host.clone(),
                baseline,
            })
            .await?;
            *deliveries += 1;
            self.waiting(Step::Deliver, WaitingFor::Answer, patience::QUESTION);
            // Not to be cancelled: half a delivery is worse than a whole one.
            let answer = self.ask(Ask::Deliver(delivery.clone()), &CancellationToken::new()).await?;
            let error = match answer {
                Ok(Answer::Delivered(receipt)) => {
                    let token_carried = receipt.token_carried && token.is_some();
                    self.record(JobEvent::Delivered { token_carried }).await?;
                    return Ok(Handed::Over { token_carried });
                }
                Ok(_) => return Ok(Handed::Perhaps(odd_answer(Step::Deliver))),
                Err(ContactError::Protocol(error)) => error,
                Err(error) => return Ok(Handed::Perhaps(Fault::from_contact(Step::Deliver, &error))),
            };
            let fault = Fault::from_protocol(Step::Deliver, &error);
            let again = match error {
                ProtocolError::Silent { .. } | ProtocolError::Malformed { .. } => {
                    return Ok(Handed::Perhaps(fault));
                }
                ProtocolError::Refused { .. } => true,
                ProtocolError::Trouble(_) => may_pass_the_second_time(&fault),
                ProtocolError::NotThisProtocol
                | ProtocolError::Unsupported { .. }
                | ProtocolError::NotAuthorized
                | ProtocolError::WrongProof => false,
            };
            self.record(JobEvent::DeliveryRefused { fault: Box::new(fault.clone()) }).await?;
            if !again || *deliveries >= patience::DELIVERIES {
                return Err(Stop::failed(fault));
            }
        }
    }
}

// ---- Join and Confirm

/// The device's own account, as it comes.
type Following = BoxFuture<'static, (Contact, Result<Answer, ContactError>)>;

async fn follow(
    mut contact: Contact,
    cancel: CancellationToken,
    said: mpsc::UnboundedSender<DeviceWord>,
) -> (Contact, Result<Answer, ContactError>) {
    let mut on_word = move |word: DeviceWord| {
        // Nobody listens any more when the job has its proof.
        let _ = said.send(word);
    };
    let answer = contact.ask(Ask::Follow, &cancel, &mut on_word).await;
    (contact, answer)
}

/// Waits for what is in a slot; an empty slot waits for ever.
async fn of<T>(slot: &mut Option<BoxFuture<'static, T>>) -> T {
    match slot {
        Some(waiting) => waiting.await,
        None => std::future::pending().await,
    }
}

/// Everything that is waited for after a delivery.
struct Ears {
    words: mpsc::UnboundedReceiver<DeviceWord>,
    following: Option<Following>,
    stop_following: CancellationToken,
    /// Looks for a device whose link was lost.
    chase: Option<BoxFuture<'static, Back>>,
    /// One look at the cloud, at once.
    look: Option<BoxFuture<'static, Result<Option<Seen>, CloudError>>>,
    /// The patient wait for the cloud.
    confirm: Option<BoxFuture<'static, Result<Option<Seen>, CloudError>>>,
    confirm_at: Option<Instant>,
    watch: Option<Watch>,
    /// What the device does without its link, as far as it may be let go for others who wait.
    unlinked: Unlinked,
    /// It was let go for others.
    released: bool,
}

impl Walk {
    async fn join(
        &mut self,
        reached: &Reached,
        token: Option<&Token>,
        handed: &Handed,
        deliveries: u32,
    ) -> Result<JoinEnd, Stop> {
        self.begin(Step::Join).await?;
        let bound = Duration::from_secs(u64::from(self.recipe.patience_s));
        let deadline = Instant::now() + bound;
        self.waiting(Step::Join, WaitingFor::Join, bound);
        let (said, words) = mpsc::unbounded_channel();
        let mut ears = Ears {
            words,
            following: None,
            stop_following: CancellationToken::new(),
            chase: None,
            look: None,
            confirm: None,
            confirm_at: token.map(|_| Instant::now() + patience::FIRST_POLL_SILENT),
            watch: token.map(|token| watch(self.recipe.org, token.device, token.baseline)),
            // What a device cannot say afterwards is heard when it has everything for the second time.
            unlinked: match reached.driver.unlinked(&reached.identity) {
                Unlinked::Reappears if self.way.hears_out || deliveries > 1 => Unlinked::Unclear,
                unlinked => unlinked,
            },
            released: false,
        };
        match handed {
            Handed::Over { .. } => {
                if let Some(contact) = self.contact.take() {
                    ears.following = Some(Box::pin(follow(contact, ears.stop_following.clone(), said)));
                }
            }
            Handed::Perhaps(_) => {
                self.let_go().await;
                self.chase(reached, &mut ears, Quarry::ToDeliver);
            }
        }
        let end = self.listen(reached, &mut ears, bound, deadline).await;
        // The link is closed in order, whatever came of it; a contact that may be used again stays.
        if let Some(following) = ears.following.take() {
            ears.stop_following.cancel();
            if let Ok((contact, _)) = tokio::time::timeout(patience::CLOSING, following).await {
                close(contact).await;
            }
            self.way.berth = None;
        }
        end
    }

    async fn listen(
        &mut self,
        reached: &Reached,
        ears: &mut Ears,
        bound: Duration,
        deadline: Instant,
    ) -> Result<JoinEnd, Stop> {
        let cancel = self.cancel.clone();
        let links = self.way.links.clone();
        loop {
            let confirm_at = ears.confirm_at;
            // With nobody to prove it, the device's own words are all there is.
            let may_go = ears.unlinked != Unlinked::Unclear
                && !ears.released
                && ears.following.is_some()
                && ears.watch.is_some();
            tokio::select! { biased;
                () = cancel.cancelled() => return Err(self.stopped(self.state.step.unwrap_or(Step::Join))),
                Some(word) = ears.words.recv() => {
                    self.record(JobEvent::Said { word: word.clone() }).await?;
                    match word {
                        DeviceWord::ConnectingCloud | DeviceWord::NetworkUp { .. } => {
                            ears.confirm_at = ears.confirm_at.map(|at| at.min(Instant::now()));
                        }
                        DeviceWord::Connected => self.look_now(ears),
                        DeviceWord::AwaitsPerson { .. }
                        | DeviceWord::ConnectingNetwork
                        | DeviceWord::Restarted
                        | DeviceWord::Page { .. }
                        | DeviceWord::Said { .. } => {}
                    }
                }
                (contact, answer) = of(&mut ears.following) => {
                    ears.following = None;
                    while let Ok(word) = ears.words.try_recv() {
                        self.record(JobEvent::Said { word }).await?;
                    }
                    if let Some(end) = self.followed(reached, ears, contact, answer).await? {
                        return Ok(end);
                    }
                }
                looked = of(&mut ears.look) => {
                    ears.look = None;
                    if let Ok(Some(seen)) = looked {
                        return Ok(JoinEnd::Seen(Box::new(seen)));
                    }
                }
                seen = of(&mut ears.confirm) => {
                    ears.confirm = None;
                    match seen {
                        Ok(Some(seen)) => return Ok(JoinEnd::Seen(Box::new(seen))),
                        // Only cancelling ends it without a word, and nobody does.
                        Ok(None) => {}
                        Err(error) => return Err(Stop::unknown(Fault::from_cloud(Step::Confirm, &error))),
                    }
                }
                back = of(&mut ears.chase) => {
                    ears.chase = None;
                    self.contact = Some(back.contact);
                    self.way.berth = back.berth;
                    let end = match back.trouble {
                        Some(trouble) => JoinEnd::Failed { trouble },
                        None if ears.released => JoinEnd::CameBack,
                        None => JoinEnd::Forgotten,
                    };
                    return self.last_look(ears.watch.clone(), end).await;
                }
                // Others wait for a link and this device needs it no more: the cloud decides, and should it fail, it
                // advertises again with its error.
                () = wanted_by_others(links.as_deref()), if may_go => {
                    ears.released = true;
                    ears.stop_following.cancel();
                }
                () = sleep_until(confirm_at) => {
                    ears.confirm_at = None;
                    self.confirm(ears, bound).await?;
                }
                () = tokio::time::sleep_until(deadline) => {
                    let end = if ears.watch.is_some() { JoinEnd::NotSeen } else { JoinEnd::WithoutToken };
                    return self.last_look(ears.watch.clone(), end).await;
                }
            }
        }
    }

    /// What the end of the device's own account means.
    async fn followed(
        &mut self,
        reached: &Reached,
        ears: &mut Ears,
        contact: Contact,
        answer: Result<Answer, ContactError>,
    ) -> Result<Option<JoinEnd>, Stop> {
        let (end, lost) = match answer {
            Ok(Answer::Followed(end)) => (end, false),
            Err(ContactError::Protocol(ProtocolError::Trouble(trouble))) => {
                (FollowEnd::Failed { trouble, again: false }, false)
            }
            Err(ContactError::Link(_)) => (FollowEnd::Quiet, true),
            Ok(_) | Err(ContactError::Protocol(_) | ContactError::Cancelled) => (FollowEnd::Quiet, false),
        };
        match end {
            FollowEnd::Failed { trouble, again } => {
                if again && !lost {
                    self.contact = Some(contact);
                } else {
                    close(contact).await;
                    self.way.berth = None;
                }
                return self.last_look(ears.watch.clone(), JoinEnd::Failed { trouble }).await.map(Some);
            }
            FollowEnd::Connected => {
                // Some firmware waits for us to hang up before it goes on.
                close(contact).await;
                self.way.berth = None;
                self.look_now(ears);
            }
            FollowEnd::Quiet => {
                close(contact).await;
                self.way.berth = None;
                if ears.watch.is_some() {
                    let quarry = if ears.released { Quarry::Released(ears.unlinked) } else { Quarry::Lost };
                    self.chase(reached, ears, quarry);
                }
            }
        }
        if ears.watch.is_none() {
            return Ok(Some(JoinEnd::WithoutToken));
        }
        ears.confirm_at = ears.confirm_at.map(|at| at.min(Instant::now()));
        Ok(None)
    }

    /// The device says that it is there: one look at once, and the patient wait as well.
    fn look_now(&self, ears: &mut Ears) {
        let Some(watch) = ears.watch.clone() else { return };
        let tracker = self.account.tracker.clone();
        ears.look = Some(Box::pin(async move { tracker.check_once(&watch).await }));
        ears.confirm_at = ears.confirm_at.map(|at| at.min(Instant::now()));
    }

    async fn confirm(&mut self, ears: &mut Ears, bound: Duration) -> Result<(), Stop> {
        let Some(watch) = ears.watch.clone() else { return Ok(()) };
        self.begin(Step::Confirm).await?;
        self.waiting(Step::Confirm, WaitingFor::CheckIn, bound);
        let tracker = self.account.tracker.clone();
        ears.confirm =
            Some(Box::pin(async move { tracker.until_seen(watch, &CancellationToken::new()).await }));
        Ok(())
    }

    /// Whatever the device says: when the cloud has seen it, it has passed. What it said is kept as a warning.
    async fn last_look(&mut self, watch: Option<Watch>, end: JoinEnd) -> Result<JoinEnd, Stop> {
        let Some(watch) = watch else { return Ok(end) };
        let tracker = self.account.tracker.clone();
        let look = tracker.check_once(&watch);
        let Ok(Ok(Some(seen))) = tokio::time::timeout(patience::LAST_LOOK, look).await else {
            return Ok(end);
        };
        if let JoinEnd::Failed { trouble } = &end {
            self.warn(Fault::from_trouble(Step::Join, trouble)).await?;
        }
        Ok(JoinEnd::Seen(Box::new(seen)))
    }

    /// Radio devices advertise again when they have failed, and then know why.
    fn chase(&self, reached: &Reached, ears: &mut Ears, quarry: Quarry) {
        if reached.address.medium() != MediumKind::Ble && quarry != Quarry::ToDeliver {
            return;
        }
        if let Some(medium) = self.medium(reached.address.medium()) {
            let links = self.way.links.clone();
            let chase = Chase::after(reached, medium, self.settings(), quarry, links);
            ears.chase = Some(Box::pin(chase.run()));
        }
    }
}

async fn wanted_by_others(links: Option<&Links>) {
    match links {
        Some(links) => links.wanted_by_others().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

// ---- looking for a device again

/// Why a device is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quarry {
    /// Something is still to be handed over: any sign of it will do.
    ToDeliver,
    /// Its link was lost, and it may tell what became of it.
    Lost,
    /// It was let go while it joined. It is left alone for as long as that may take.
    Released(Unlinked),
}

/// A device whose link was lost, to be found again.
struct Chase {
    medium: Arc<dyn Medium>,
    address: Address,
    name: Option<String>,
    driver: &'static dyn Driver,
    settings: DriverSettings,
    unit: UnitId,
    /// What it reported before this delivery; the same again may be old.
    error_before: u16,
    quarry: Quarry,
    links: Option<Arc<Links>>,
}

/// It answered again.
struct Back {
    contact: Contact,
    berth: Option<Berth>,
    trouble: Option<DeviceTrouble>,
}

impl Chase {
    fn after(
        reached: &Reached,
        medium: Arc<dyn Medium>,
        settings: DriverSettings,
        quarry: Quarry,
        links: Option<Arc<Links>>,
    ) -> Chase {
        Chase {
            medium,
            address: reached.address.clone(),
            name: reached.advert.name().map(str::to_owned),
            driver: reached.driver,
            settings,
            unit: reached.unit.clone(),
            error_before: reached.identity.last_error.unwrap_or(0),
            quarry,
            links,
        }
    }

    /// Looks at the device whenever it is in sight, until it tells what is waited for. Has no bound of its own.
    async fn run(self) -> Back {
        let mut looks = 0_u32;
        match self.quarry {
            Quarry::Released(Unlinked::Reappears) => tokio::time::sleep(patience::OUT_OF_SIGHT).await,
            Quarry::Released(_) => tokio::time::sleep(patience::JOINING_ALONE).await,
            Quarry::ToDeliver | Quarry::Lost => {}
        }
        loop {
            self.in_sight().await;
            if let Ok((contact, berth, identity)) = self.ask_who_it_is().await {
                looks += 1;
                let code = identity.last_error.unwrap_or(0);
                // The first look may come while it is still trying, and then finds the error of an earlier attempt.
                if code != 0 && (code != self.error_before || looks > 1) {
                    return Back { contact, berth, trouble: Some(remembered(code)) };
                }
                if matches!(self.quarry, Quarry::ToDeliver | Quarry::Released(Unlinked::Reappears)) {
                    return Back { contact, berth, trouble: None };
                }
                close(contact).await;
            }
            tokio::time::sleep(patience::LOOK_AGAIN).await;
        }
    }

    async fn in_sight(&self) {
        if self.address.medium() == MediumKind::Serial {
            return;
        }
        loop {
            let mut sightings = match self.medium.watch().await {
                Ok(sightings) => sightings,
                Err(_) => futures::stream::empty().boxed(),
            };
            while let Some(Ok(sighting)) = sightings.next().await {
                let same = sighting.address == self.address
                    || (self.name.is_some() && sighting.advert.name() == self.name.as_deref());
                if same && sighting.change != Change::Left {
                    return;
                }
            }
            // The medium gave up watching; it may recover.
            tokio::time::sleep(patience::LOOK_AGAIN).await;
        }
    }

    async fn ask_who_it_is(&self) -> Result<(Contact, Option<Berth>, DeviceIdentity), ContactError> {
        let advert = match sightings::listed(std::slice::from_ref(&self.medium), &self.address).await {
            Some(advert) => advert,
            None if self.address.medium() == MediumKind::Serial => {
                proto::Advert::Serial(proto::SerialAdvert::default())
            }
            None => return Err(LinkError::NotInSight { address: self.address.text().to_owned() }.into()),
        };
        let wiring = self.driver.wiring(&advert);
        let metered = Metered::new(self.medium.clone(), self.links.clone(), None);
        let link = metered.open(&self.address, &wiring).await?;
        let berth = metered.into_berth();
        let mut contact = Contact::new(link, |opened, now| self.driver.begin(opened, &self.settings, now));
        let answer = contact.ask(Ask::Identify, &CancellationToken::new(), &mut |_| {}).await;
        match answer {
            Ok(Answer::Identity(identity)) if UnitId::of(&identity, &advert, &self.address) == self.unit => {
                Ok((contact, berth, identity))
            }
            Ok(_) => {
                close(contact).await;
                Err(ProtocolError::Malformed { what: "another device" }.into())
            }
            Err(error) => {
                close(contact).await;
                Err(error)
            }
        }
    }
}

/// What a device remembers of its last attempt. The phase only matters for codes that the table does not know.
fn remembered(code: u16) -> DeviceTrouble {
    DeviceTrouble { code: Some(code), phase: TroublePhase::Network, said: format!("last error {code}") }
}
