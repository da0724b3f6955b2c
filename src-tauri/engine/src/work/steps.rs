//! The steps of a job up to the token, and the last one: Connect, Identify, Survey, Reserve, Describe.
//!
//! Up to here nothing has happened to the device, and a cancel ends the job at once; only the token call is waited for,
//! since what it made must be known. Not here: handing over and following (`follow.rs`).

use crate::fault::{Blame, Fault, FaultCode, Retry};
use crate::plan::patience;
use crate::work::account::Account;
use crate::work::dispatch::{Claim, Met, Shared};
use crate::work::inquiry::{Inquiry, candidates};
use crate::work::kept::Wanted;
use crate::work::links::Metered;
use crate::work::reconcile::{self, Verdict};
use crate::work::runner::{Reached, ReachedBy, Stop, Token, Walk};
use crate::work::sightings::{self, Spotted};
use crate::{JobEvent, JobId, Outcome, Recipe, Step, Target, UnitId, WaitingFor};
use cloud::{CloudTime, DeviceId, DeviceRecord, Effect, Presence, Reservation};
use futures::StreamExt;
use futures::stream::BoxStream;
use link::{Change, ContactError, LinkError};
use proto::{
    Address, Advert, Answer, Ask, DeviceIdentity, Driver, MediumKind, Network, ProtocolError, Security,
    SerialAdvert,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A template id that leaves the choice to the app.
const DYNAMIC: &str = "DYNAMIC";

/// Trouble while a device is being reached: either with the device, or a reason to end the job.
enum Hitch {
    Contact(ContactError),
    Stop(Stop),
}

impl From<Stop> for Hitch {
    fn from(stop: Stop) -> Hitch {
        Hitch::Stop(stop)
    }
}

// ---- Connect

impl Walk {
    /// Finds the device, opens a link, and lets the drivers that may fit ask it in turn until one gets an answer.
    pub(crate) async fn connect(&mut self) -> Result<Reached, Stop> {
        self.begin(Step::Connect).await?;
        let reached = match (self.way.met.take(), self.target.clone()) {
            (Some(met), _) => {
                self.contact = Some(met.contact);
                met.reached
            }
            (None, target) => match self.on_kept_link(&target).await? {
                Some(reached) => {
                    self.connected(&reached, true).await?;
                    return Ok(reached);
                }
                None => self.find(target).await?,
            },
        };
        self.connected(&reached, false).await?;
        Ok(reached)
    }

    async fn connected(&mut self, reached: &Reached, kept: bool) -> Result<(), Stop> {
        let (address, advert) = (reached.address.clone(), reached.advert.clone());
        let medium = address.medium();
        self.reached_by = Some(ReachedBy { address: address.clone(), advert, driver: reached.driver, kept });
        let driver = reached.driver.name().to_owned();
        self.record(JobEvent::Connected { address, medium, driver, kept }).await
    }

    /// The device on the link that was kept after the job before, if there is one and the device answers on it. `None`: it
    /// is to be opened anew.
    async fn on_kept_link(&mut self, target: &Target) -> Result<Option<Reached>, Stop> {
        let (true, Target::At { address }) = (self.way.correctable, target) else { return Ok(None) };
        let settings = self.settings();
        let wanted = Wanted { address, driver: &self.recipe.driver, settings: &settings };
        let Some(held) = self.shared.take_link(&wanted).await else { return Ok(None) };
        self.contact = Some(held.contact);
        let cancel = self.cancel.clone();
        match self.ask(Ask::Identify, &cancel).await? {
            Ok(Answer::Identity(identity)) => {
                let (address, advert, driver) = (held.address, held.advert, held.driver);
                let unit = UnitId::of(&identity, &advert, &address);
                Ok(Some(Reached { address, advert, driver, identity, unit }))
            }
            Err(ContactError::Cancelled) => Err(self.stopped(Step::Connect)),
            Ok(_) | Err(_) => {
                self.let_go().await;
                Ok(None)
            }
        }
    }

    /// The same device on a fresh link, since the one that was kept has turned out to be dead.
    async fn open_anew(&mut self, reached: &Reached) -> Result<(), Stop> {
        self.let_go().await;
        let again = self.find(Target::At { address: reached.address.clone() }).await?;
        if again.unit != reached.unit {
            let another = ProtocolError::Malformed { what: "another device" };
            return Err(Stop::failed(Fault::from_protocol(Step::Connect, &another)));
        }
        self.connected(&again, false).await
    }

    async fn find(&mut self, target: Target) -> Result<Reached, Stop> {
        match target {
            Target::At { address: Address::Serial(port) } => {
                let address = Address::Serial(port);
                let advert = sightings::listed(&self.shared.media, &address)
                    .await
                    .unwrap_or(Advert::Serial(SerialAdvert::default()));
                self.reach(&address, &advert).await
            }
            Target::At { address } => {
                let text = address.text().to_owned();
                let found = self
                    .in_sight(address.medium(), &text, |spotted| {
                        spotted.sighting.address.text().eq_ignore_ascii_case(&text)
                    })
                    .await?;
                self.reach(&found.sighting.address, &found.sighting.advert).await
            }
            Target::Named { medium, name } => {
                let found = self
                    .in_sight(medium, &name, |spotted| {
                        spotted.sighting.advert.name() == Some(name.as_str())
                            || spotted.sighting.address.text().eq_ignore_ascii_case(&name)
                    })
                    .await?;
                self.reach(&found.sighting.address, &found.sighting.advert).await
            }
            Target::Any => self.reach_any().await,
        }
    }

    async fn in_sight(
        &mut self,
        kind: MediumKind,
        wanted: &str,
        fits: impl Fn(&Spotted) -> bool + Send,
    ) -> Result<Spotted, Stop> {
        let code = match kind {
            MediumKind::Serial => FaultCode::SerialNoPort,
            MediumKind::Ble => FaultCode::BleNotInSight,
        };
        let missing = || {
            Stop::failed(
                Fault::new(code, Step::Connect, Blame::Device, Retry::AfterFix).about("device", wanted),
            )
        };
        let Some(medium) = self.medium(kind) else { return Err(missing()) };
        self.waiting(Step::Connect, WaitingFor::Device, patience::IN_SIGHT);
        let mut spotted = sightings::merged(&self.shared, std::iter::once(medium));
        let named = proto::driver(&self.recipe.driver).is_some();
        let search = async {
            // What a system remembers of a device from before comes first, often without its services: only with them
            // can be told who fits. A device that never shows any is taken as it is.
            let mut incomplete: Option<(Spotted, Instant)> = None;
            loop {
                let give_up = incomplete.as_ref().map(|(_, since)| *since + patience::ADVERT_COMPLETE);
                let next = tokio::select! { biased;
                    next = spotted.next() => next,
                    () = sleep_until(give_up) => None,
                };
                let Some(spotted) = next else {
                    return incomplete.map(|(spotted, _)| spotted).ok_or_else(missing);
                };
                let spotted = spotted.map_err(Stop::failed)?;
                if spotted.sighting.change == Change::Left || !fits(&spotted) {
                    continue;
                }
                if named || !spotted.drivers.is_empty() {
                    return Ok(spotted);
                }
                let since = incomplete.map_or_else(Instant::now, |(_, since)| since);
                incomplete = Some((spotted, since));
            }
        };
        tokio::select! { biased;
            () = self.cancel.cancelled() => Err(self.stopped(Step::Connect)),
            found = tokio::time::timeout(patience::IN_SIGHT, search) => found.unwrap_or_else(|_| Err(missing())),
        }
    }

    /// The nearest device that is not configured yet: by cable before by radio, strong before weak. A device that cannot
    /// take what the recipe has for it is passed over; a unit that has passed before is taken only when nothing else is
    /// there.
    async fn reach_any(&mut self) -> Result<Reached, Stop> {
        self.waiting(Step::Connect, WaitingFor::Device, patience::IN_SIGHT);
        let mut search = Search {
            spotted: sightings::merged(&self.shared, self.shared.media.iter().cloned()),
            seen: BTreeMap::new(),
            tried: Vec::new(),
            began: Instant::now(),
            driver: proto::driver(&self.recipe.driver),
        };
        let mut passed_before: Option<Spotted> = None;
        let mut last_fault = None;
        loop {
            let next = tokio::select! { biased;
                () = self.cancel.cancelled() => return Err(self.stopped(Step::Connect)),
                next = search.next(passed_before.is_some()) => next,
            };
            let Some(candidate) = next else { break };
            let address = candidate.sighting.address.clone();
            match self.reach(&address, &candidate.sighting.advert).await {
                Ok(reached) => {
                    if let Some(limit) = self.limit_of(&reached) {
                        self.let_go().await;
                        last_fault = Some(Box::new(Fault::from_limit(Step::Connect, &limit)));
                    } else if self.passed_before(&reached.unit) {
                        self.let_go().await;
                        passed_before.get_or_insert(candidate);
                    } else {
                        return Ok(reached);
                    }
                }
                Err(Stop::Ended(Outcome::Failed, fault)) => last_fault = fault,
                Err(stop) => return Err(stop),
            }
        }
        if let Some(candidate) = passed_before {
            return self.reach(&candidate.sighting.address, &candidate.sighting.advert).await;
        }
        let fault = last_fault.unwrap_or_else(|| {
            Box::new(Fault::new(FaultCode::DeviceNotFound, Step::Connect, Blame::Device, Retry::AfterFix))
        });
        Err(Stop::Ended(Outcome::Failed, Some(fault)))
    }

    /// What this device, now that its dialect is known, would not take of the recipe.
    fn limit_of(&self, reached: &Reached) -> Option<proto::Limit> {
        let dialect = reached.identity.dialect.as_deref();
        let limit = reached.driver.limits(&self.delivery(None), &self.settings(), dialect).into_iter().next();
        let lacks_network = self.recipe.ssid.is_none() && needs_network(reached);
        limit.or(lacks_network.then_some(proto::Limit::NetworkMissing))
    }

    fn passed_before(&self, unit: &UnitId) -> bool {
        self.shared.ledger().unit(unit).is_some_and(|unit| unit.outcome == Some(Outcome::Passed))
    }

    /// Opens one device and finds the driver that it answers to.
    pub(crate) async fn reach(&mut self, address: &Address, advert: &Advert) -> Result<Reached, Stop> {
        if self.shared.claim(self.id, Claim::Address(address.clone())).await.is_err() {
            return Err(Stop::failed(busy(Step::Connect, address.text())));
        }
        self.shared.let_link_go(address).await;
        let drivers = match proto::driver(&self.recipe.driver) {
            Some(driver) => vec![driver],
            None => candidates(advert, self.shared.driver_before(address)),
        };
        let openings = match address.medium() {
            MediumKind::Serial => 1,
            MediumKind::Ble => patience::OPENINGS,
        };
        let mut opening = 1;
        loop {
            match self.try_drivers(drivers.clone(), address, advert).await {
                Ok(reached) => return Ok(reached),
                Err(Hitch::Stop(stop)) => return Err(stop),
                Err(Hitch::Contact(error)) => {
                    self.let_go().await;
                    if opening >= openings || !worth_another_opening(&error) {
                        return Err(self.trouble(Step::Connect, &error));
                    }
                    opening += 1;
                    tokio::select! { biased;
                        () = self.cancel.cancelled() => return Err(self.stopped(Step::Connect)),
                        () = tokio::time::sleep(patience::BETWEEN_OPENINGS) => {}
                    }
                }
            }
        }
    }

    async fn try_drivers(
        &mut self,
        drivers: Vec<&'static dyn Driver>,
        address: &Address,
        advert: &Advert,
    ) -> Result<Reached, Hitch> {
        let medium = self.medium(address.medium()).ok_or(ContactError::Link(match address {
            Address::Serial(port) => LinkError::NoSuchPort { port: port.clone() },
            Address::Ble(_) => LinkError::NoAdapter { wanted: None },
        }));
        let medium = medium.map_err(Hitch::Contact)?;
        let metered = Metered::new(medium, self.way.links.clone(), self.way.berth.take());
        let reached = self.inquire(&metered, drivers, address, advert).await;
        self.way.berth = metered.into_berth();
        reached
    }

    async fn inquire(
        &mut self,
        medium: &Metered,
        drivers: Vec<&'static dyn Driver>,
        address: &Address,
        advert: &Advert,
    ) -> Result<Reached, Hitch> {
        let cancel = self.cancel.clone();
        let settings = self.settings();
        let mut inquiry = Inquiry::new(medium, address, advert, drivers, &settings);
        loop {
            self.waiting(Step::Connect, WaitingFor::Answer, patience::IN_SIGHT);
            let next = inquiry.next(&mut self.contact, &cancel).await.map_err(Hitch::Contact)?;
            let Some(driver) = next else { return Err(Hitch::Contact(inquiry.verdict())) };
            let answer = self.ask(Ask::Identify, &cancel).await?;
            if let Some(identity) = inquiry.judge(answer).map_err(Hitch::Contact)? {
                let unit = UnitId::of(&identity, advert, address);
                let (address, advert) = (address.clone(), advert.clone());
                return Ok(Reached { address, advert, driver, identity, unit });
            }
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Radio links fail for reasons that are gone a moment later; everything else stays as it is.
fn worth_another_opening(error: &ContactError) -> bool {
    match error {
        ContactError::Link(error) => matches!(
            error,
            LinkError::Lost
                | LinkError::TimedOut { .. }
                | LinkError::NotInSight { .. }
                | LinkError::ConnectRefused { .. }
                | LinkError::System { .. }
        ),
        ContactError::Protocol(_) | ContactError::Cancelled => false,
    }
}

fn busy(step: Step, device: &str) -> Fault {
    Fault::new(FaultCode::DeviceBusy, step, Blame::Operator, Retry::AfterFix).about("device", device)
}

/// Candidates for "any device", one after another.
struct Search {
    spotted: BoxStream<'static, Result<Spotted, Fault>>,
    /// What is in sight, with the time of its first sighting.
    seen: BTreeMap<Address, (Spotted, Instant)>,
    tried: Vec<Address>,
    began: Instant,
    driver: Option<&'static dyn Driver>,
}

impl Search {
    /// The best device that was not tried yet; waits for one while there is patience. With something to fall back on,
    /// not for long.
    async fn next(&mut self, fallback: bool) -> Option<Spotted> {
        let asked = Instant::now();
        loop {
            let gathered = self.seen.values().map(|(_, since)| *since + patience::GATHERING).min();
            if let Some(best) = self.best(gathered.is_some_and(|until| Instant::now() >= until)) {
                self.tried.push(best.sighting.address.clone());
                return Some(best);
            }
            let end = if fallback { asked + patience::GATHERING } else { self.began + patience::IN_SIGHT };
            let untried = self.seen.keys().any(|address| !self.tried.contains(address));
            let until =
                if untried { gathered.unwrap_or(end).min(end.max(asked + patience::GATHERING)) } else { end };
            tokio::select! { biased;
                Some(spotted) = self.spotted.next() => self.take(spotted),
                () = tokio::time::sleep_until(until) => {
                    if !untried && Instant::now() >= end {
                        return None;
                    }
                }
            }
        }
    }

    fn take(&mut self, spotted: Result<Spotted, Fault>) {
        // A medium that fails leaves the others.
        let Ok(spotted) = spotted else { return };
        let address = spotted.sighting.address.clone();
        let fits = match self.driver {
            Some(driver) => {
                driver.fit(&spotted.sighting.advert) != proto::Fit::No
                    || spotted.drivers.contains(&driver.name())
            }
            None => !spotted.drivers.is_empty(),
        };
        if spotted.sighting.change == Change::Left || !fits {
            self.seen.remove(&address);
        } else {
            let since = self.seen.get(&address).map_or_else(Instant::now, |(_, since)| *since);
            self.seen.insert(address, (spotted, since));
        }
    }

    fn best(&self, gathered: bool) -> Option<Spotted> {
        self.seen
            .values()
            .map(|(spotted, _)| spotted)
            .filter(|spotted| !self.tried.contains(&spotted.sighting.address))
            .filter_map(|spotted| match &spotted.sighting.advert {
                Advert::Serial(_) => Some((i32::MAX, spotted)),
                Advert::Ble(ble) => gathered.then_some((ble.rssi.map_or(i32::MIN, i32::from), spotted)),
            })
            .max_by_key(|(nearness, _)| *nearness)
            .map(|(_, spotted)| spotted.clone())
    }
}

// ---- Identify

impl Walk {
    /// Who it is, and whether it may be provisioned with this recipe: all of it before any token is asked for.
    pub(crate) async fn identify(&mut self, reached: &Reached) -> Result<(), Stop> {
        self.begin(Step::Identify).await?;
        let attempt = {
            let ledger = self.shared.ledger();
            ledger.unit(&reached.unit).map_or(0, |unit| unit.attempts) + 1
        };
        self.record(JobEvent::Identified {
            unit: reached.unit.clone(),
            identity: Box::new(reached.identity.clone()),
            attempt,
        })
        .await?;
        if self.shared.claim(self.id, Claim::Unit(reached.unit.clone())).await.is_err() {
            return Err(Stop::failed(busy(Step::Identify, &reached.unit.0)));
        }
        self.check_expected_template(&reached.identity).await?;
        self.pass_gate(reached)?;
        if let Some(limit) = self.limit_of(reached) {
            return Err(Stop::failed(Fault::from_limit(Step::Identify, &limit)));
        }
        if self.carries_token(reached) {
            self.check_interlock(reached).await?;
            self.check_template_is_known(&reached.identity).await?;
        }
        self.heed_cancel(Step::Identify)
    }

    /// What a station has against this unit, now that it has said who it is.
    fn pass_gate(&self, reached: &Reached) -> Result<(), Stop> {
        let Some(gate) = &self.gate else { return Ok(()) };
        let earlier = self.shared.ledger().passed_before(&reached.unit);
        let met = Met { unit: &reached.unit, identity: &reached.identity, earlier };
        match gate(&met) {
            Some((outcome, fault)) => Err(Stop::Ended(outcome, Some(Box::new(fault)))),
            None => Ok(()),
        }
    }

    async fn check_expected_template(&mut self, identity: &DeviceIdentity) -> Result<(), Stop> {
        let Some(expected) = self.recipe.expect_template.clone() else { return Ok(()) };
        match identity.template.as_deref() {
            Some(found) if found == expected || found == DYNAMIC => Ok(()),
            Some(found) => Err(Stop::failed(mismatch(Step::Identify, &expected, found))),
            None => {
                let fault =
                    Fault::new(FaultCode::TemplateUnknown, Step::Identify, Blame::Device, Retry::AfterFix)
                        .about("expected", expected);
                self.warn(fault).await
            }
        }
    }

    /// One unit is one cloud device: an id that the journal gave to another unit must not reach this one, nor must this
    /// unit get a second one while its own is alive.
    async fn check_interlock(&mut self, reached: &Reached) -> Result<(), Stop> {
        let Some(wanted) = self.recipe.device else { return Ok(()) };
        let server = self.recipe.cloud.server.clone();
        let (owner, own) = {
            let ledger = self.shared.ledger();
            (
                ledger.owner_of(&server, wanted).cloned(),
                ledger.unit(&reached.unit).and_then(|unit| unit.device_on(&server)),
            )
        };
        let another = |about: &str, value: String| {
            Stop::failed(
                Fault::new(FaultCode::CloudAnotherDevice, Step::Identify, Blame::Operator, Retry::AfterFix)
                    .about("device", wanted)
                    .about(about, value),
            )
        };
        if let Some(owner) = owner.filter(|owner| *owner != reached.unit && owner.is_durable()) {
            return Err(another("unit", owner.0));
        }
        if let Some(own) = own.filter(|own| *own != wanted && reached.unit.is_durable())
            && self.presence(Step::Identify, own).await?.record.is_some()
        {
            return Err(another("own", own.to_string()));
        }
        Ok(())
    }

    /// A device of a template that the organization lacks would land on a wrong one, or nowhere.
    async fn check_template_is_known(&mut self, identity: &DeviceIdentity) -> Result<(), Stop> {
        let Some(template) = identity.template.clone().filter(|template| template != DYNAMIC) else {
            return Ok(());
        };
        self.waiting(Step::Identify, WaitingFor::Cloud, patience::QUESTION);
        let account = self.account.clone();
        let known = tokio::select! { biased;
            () = self.cancel.cancelled() => return Err(self.stopped(Step::Identify)),
            known = account.has_template(self.recipe.org, &template) => known,
        };
        match known {
            Ok(true) => Ok(()),
            Ok(false) => Err(Stop::failed(
                Fault::new(FaultCode::TemplateUnknown, Step::Identify, Blame::Operator, Retry::AfterFix)
                    .about("template", template)
                    .about("org", self.recipe.org),
            )),
            // An account that may provision but not look at templates is allowed to go on.
            Err(error)
                if matches!(
                    error.cause,
                    cloud::CloudCause::Forbidden { .. } | cloud::CloudCause::NotFound
                ) =>
            {
                self.warn(Fault::from_cloud(Step::Identify, &error)).await
            }
            Err(error) => Err(Stop::failed(Fault::from_cloud(Step::Identify, &error))),
        }
    }

    async fn presence(&mut self, step: Step, device: DeviceId) -> Result<Presence, Stop> {
        let presence = tokio::select! { biased;
            () = self.cancel.cancelled() => return Err(self.stopped(step)),
            presence = self.account.cloud.presence(device) => presence,
        };
        let presence = presence
            .map_err(|error| Stop::failed(Fault::from_cloud(step, &error).about("device", device)))?;
        self.account.note_time(presence.at);
        Ok(presence)
    }
}

/// Whether the device says that Wi-Fi is its only way out and that it is not on it. One that names no interfaces is
/// left to try, and so is a console: it keeps networks of its own, and joins one of them only when it is told to connect.
fn needs_network(reached: &Reached) -> bool {
    let wifi_alone =
        |interface: &proto::Interface| interface.kind == proto::InterfaceKind::Wifi && !interface.ready;
    let interfaces = &reached.identity.interfaces;
    reached.address.medium() == MediumKind::Ble && !interfaces.is_empty() && interfaces.iter().all(wifi_alone)
}

fn mismatch(step: Step, expected: &str, found: &str) -> Fault {
    Fault::new(FaultCode::TemplateMismatch, step, Blame::Operator, Retry::AfterFix)
        .about("expected", expected)
        .about("found", found)
}

// ---- Survey

impl Walk {
    /// Which networks the device hears. Only a network that it certainly cannot join ends the job: lists of networks are
    /// incomplete, and a hidden one is never in them.
    pub(crate) async fn survey(&mut self, reached: &Reached) -> Result<(), Stop> {
        let Some(ssid) = self.recipe.ssid.clone() else { return Ok(()) };
        let interfaces = &reached.identity.interfaces;
        if !interfaces.is_empty() && !interfaces.iter().any(|interface| interface.can_scan) {
            return Ok(());
        }
        // A scan holds a link for as long as three units need theirs. It is for diagnosis: where the network is not heard, the
        // device says so itself later.
        if self.way.links.as_ref().is_some_and(|links| links.are_scarce()) {
            return Ok(());
        }
        self.begin(Step::Survey).await?;
        self.waiting(Step::Survey, WaitingFor::Scan, patience::QUESTION);
        let cancel = self.cancel.clone();
        let mut answer = self.ask(Ask::Survey, &cancel).await?;
        // The first question that surely goes to the device itself: what has been kept is proven, or not used.
        let kept = self.reached_by.as_ref().is_some_and(|by| by.kept);
        if kept && is_no_answer(&answer) {
            self.open_anew(reached).await?;
            answer = self.ask(Ask::Survey, &cancel).await?;
        }
        match answer {
            Ok(Answer::Networks(networks)) => {
                self.record(JobEvent::Surveyed { networks: networks.clone() }).await?;
                self.judge_network(&ssid, &networks, reached).await?;
            }
            Err(ContactError::Protocol(ProtocolError::Unsupported { .. })) => {}
            Ok(_) => self.warn(odd_answer(Step::Survey)).await?,
            Err(ContactError::Protocol(error)) => {
                self.warn(Fault::from_protocol(Step::Survey, &error)).await?
            }
            Err(error) => return Err(self.trouble(Step::Survey, &error)),
        }
        self.heed_cancel(Step::Survey)
    }

    async fn judge_network(
        &mut self,
        ssid: &str,
        networks: &[Network],
        reached: &Reached,
    ) -> Result<(), Stop> {
        let heard: Vec<&Network> = networks.iter().filter(|network| network.ssid == ssid).collect();
        let about =
            |code| Fault::new(code, Step::Survey, Blame::Network, Retry::AfterFix).about("ssid", ssid);
        if heard.is_empty() {
            return self.warn(about(FaultCode::WifiNotFound)).await;
        }
        if heard.iter().all(|network| network.security == Security::Enterprise) {
            return Err(Stop::failed(about(FaultCode::WifiUnsupported).about("why", "enterprise")));
        }
        let two_ghz_only =
            reached.identity.interfaces.iter().any(|interface| interface.five_ghz == Some(false));
        if two_ghz_only && heard.iter().all(|network| network.channel.is_some_and(|channel| channel > 14)) {
            return self.warn(about(FaultCode::WifiUnsupported).about("why", "5ghz")).await;
        }
        Ok(())
    }
}

/// Whether a device may not be there any more, rather than not want to answer.
fn is_no_answer(answer: &Result<Answer, ContactError>) -> bool {
    match answer {
        Ok(_) | Err(ContactError::Cancelled | ContactError::Protocol(ProtocolError::Unsupported { .. })) => {
            false
        }
        Err(ContactError::Link(_) | ContactError::Protocol(_)) => true,
    }
}

pub(crate) fn odd_answer(step: Step) -> Fault {
    Fault::from_protocol(step, &ProtocolError::Malformed { what: "an answer to another question" })
}

// ---- Reserve

/// A cloud device that this unit has already.
struct Known {
    device: DeviceId,
    /// Chosen by a person: when the cloud does not know it, that is an error and not a new beginning.
    chosen: bool,
    presence: Presence,
}

impl Walk {
    /// A token for this unit: of its own cloud device where it has one, else of a new one. What an earlier lost answer may
    /// have made is settled first.
    pub(crate) async fn reserve(&mut self, reached: &Reached) -> Result<Token, Stop> {
        self.begin(Step::Reserve).await?;
        self.waiting(Step::Reserve, WaitingFor::Cloud, patience::QUESTION);
        self.settle_earlier_jobs(&reached.unit).await?;
        let mut known = self.known_device(reached).await?;
        if let Some(known) = &known
            && let Some(record) = &known.presence.record
        {
            self.check_template_of_device(record, &reached.identity)?;
        }
        self.heed_cancel(Step::Reserve)?;
        if let Some(chosen) = known.take() {
            match self.renew(reached, &chosen).await? {
                Some(token) => return Ok(token),
                None => self.heed_cancel(Step::Reserve)?,
            }
        }
        self.reserve_new(reached).await
    }

    /// What earlier jobs of this unit left open is asked about before anything is done again.
    async fn settle_earlier_jobs(&mut self, unit: &UnitId) -> Result<(), Stop> {
        let running = self.shared.running().await;
        let open: Vec<_> = self
            .shared
            .ledger()
            .open_cases()
            .into_iter()
            .filter(|open| {
                open.unit.as_ref() == Some(unit) && open.job != self.id && !running.contains(&open.job)
            })
            .collect();
        for open in open {
            let settled =
                reconcile::settle(&self.shared, &self.account, &open, self.id, self.recipe.device).await;
            if let Verdict::Ambiguous { candidates } = &settled.verdict {
                let candidates: Vec<String> = candidates.iter().map(ToString::to_string).collect();
                return Err(Stop::failed(
                    Fault::new(
                        FaultCode::CloudOrphansAmbiguous,
                        Step::Reserve,
                        Blame::Operator,
                        Retry::AfterFix,
                    )
                    .about("devices", candidates.join(", ")),
                ));
            }
            if let Some(mut fault) = settled.fault {
                fault.step = Step::Reserve;
                return Err(Stop::failed(fault));
            }
        }
        Ok(())
    }

    /// The cloud device of this unit: as a person says, as the journal has it, or as the cloud's own metadata tell.
    async fn known_device(&mut self, reached: &Reached) -> Result<Option<Known>, Stop> {
        let chosen = self.recipe.device;
        let recorded = match chosen {
            Some(_) => None,
            None => self.recorded_device(&reached.unit).await?,
        };
        let device = match chosen.or(recorded) {
            Some(device) => Some(device),
            None => self.device_by_metadata(reached).await,
        };
        let Some(device) = device else { return Ok(None) };
        self.claim_device(device).await?;
        let presence = self.presence(Step::Reserve, device).await?;
        Ok(Some(Known { device, chosen: chosen.is_some(), presence }))
    }

    /// The cloud device that the journal has for this unit. Where the same name or port may mean another device today, one
    /// that a device may live with is left to it.
    async fn recorded_device(&mut self, unit: &UnitId) -> Result<Option<DeviceId>, Stop> {
        let server = self.recipe.cloud.server.clone();
        let recorded = {
            let ledger = self.shared.ledger();
            let Some(device) = ledger.unit(unit).and_then(|unit| unit.device_on(&server)) else {
                return Ok(None);
            };
            (device, unit.is_durable() || !ledger.may_be_lived_with(unit, device))
        };
        match recorded {
            (device, true) => Ok(Some(device)),
            (device, false) => {
                let fault =
                    Fault::new(FaultCode::DeviceNoIdentity, Step::Reserve, Blame::Device, Retry::AfterFix)
                        .about("device", device)
                        .about("unit", unit);
                self.warn(fault).await?;
                Ok(None)
            }
        }
    }

    /// Firmware writes its `uid` into the cloud device's metadata after its first connection. Names are not unique enough
    /// for that.
    async fn device_by_metadata(&mut self, reached: &Reached) -> Option<DeviceId> {
        let uid = reached.identity.uid.as_deref()?;
        let devices = self.account.devices(self.recipe.org).await.ok()?;
        let says_so = |record: &&DeviceRecord| {
            record
                .metadata
                .iter()
                .any(|field| field.name == "Device UID" && field.value.as_deref() == Some(uid))
        };
        let mut found = devices.iter().filter(says_so).map(|record| record.id);
        let device = found.next().filter(|_| found.next().is_none())?;
        let owner = self.shared.ledger().owner_of(&self.recipe.cloud.server, device).cloned();
        owner.is_none_or(|owner| owner == reached.unit).then_some(device)
    }

    async fn claim_device(&mut self, device: DeviceId) -> Result<(), Stop> {
        let claim = Claim::Device(self.recipe.cloud.server.clone(), device);
        match self.shared.claim(self.id, claim).await {
            Ok(()) => Ok(()),
            Err(_) => Err(Stop::failed(busy(Step::Reserve, &device.to_string()))),
        }
    }

    fn check_template_of_device(&self, record: &DeviceRecord, identity: &DeviceIdentity) -> Result<(), Stop> {
        match (record.template.as_deref(), identity.template.as_deref()) {
            (Some(expected), Some(found)) if expected != found && found != DYNAMIC => {
                Err(Stop::failed(mismatch(Step::Reserve, expected, found)))
            }
            _ => Ok(()),
        }
    }

    /// A fresh token of a device that exists. `None`: the cloud does not know it any more, so the unit is a new one.
    async fn renew(&mut self, reached: &Reached, known: &Known) -> Result<Option<Token>, Stop> {
        let before =
            known.presence.record.as_ref().and_then(|record| record.last_connect.max(record.first_connect));
        // A device that never connected has nothing to be told apart from.
        let baseline = match before {
            Some(_) => self.account.time().await.max(before),
            None => None,
        };
        match self.renew_device(known.device, baseline).await? {
            Ok(token) => {
                self.check_device_is_ours(reached, token.device).await?;
                Ok(Some(token))
            }
            Err(fault) if fault.code == FaultCode::CloudNotFound && !known.chosen => {
                self.warn(fault.about("device", known.device)).await?;
                Ok(None)
            }
            Err(fault) => Err(Stop::failed(fault)),
        }
    }

    /// The act itself: intent before, result after; a lost answer ends the job. Also used when a device says that its
    /// token was refused.
    pub(crate) async fn renew_device(
        &mut self,
        device: DeviceId,
        baseline: Option<CloudTime>,
    ) -> Result<Result<Token, Fault>, Stop> {
        let step = self.state.step.unwrap_or(Step::Reserve);
        self.record(JobEvent::RenewIntended { device, baseline }).await?;
        let account = self.account.clone();
        let answer = {
            let _asking = account.token_calls.read().await;
            account.cloud.renew(device).await
        };
        match answer {
            Ok(Reservation { device: told, token, at }) => {
                self.veil.know(&token);
                account.note_time(at);
                if told != device {
                    let fault = Fault::new(FaultCode::CloudNotUnderstood, step, Blame::Cloud, Retry::Now)
                        .about("device", told);
                    self.record(JobEvent::TokenFailed { fault: Box::new(fault.clone()) }).await?;
                    return Ok(Err(fault));
                }
                self.record(JobEvent::Renewed { device, token_tail: token.tail(), at }).await?;
                Ok(Ok(Token { device, secret: token, baseline }))
            }
            Err(error) => {
                let lost = error.effect() == Effect::Maybe;
                let fault =
                    if lost { Fault::answer_lost(step, &error) } else { Fault::from_cloud(step, &error) };
                let fault = fault.about("device", device);
                self.record(JobEvent::TokenFailed { fault: Box::new(fault.clone()) }).await?;
                if lost { Err(Stop::unknown(fault)) } else { Ok(Err(fault)) }
            }
        }
    }

    /// A cloud device is made for this unit, once: a lost answer is not repeated.
    async fn reserve_new(&mut self, reached: &Reached) -> Result<Token, Stop> {
        let (org, owner) = (self.recipe.org, self.recipe.owner);
        let account = self.account.clone();
        let newest = account.newest(org).await;
        let cloud_time = account.time().await;
        self.heed_cancel(Step::Reserve)?;
        let answer = {
            let _asking = account.token_calls.read().await;
            self.record(JobEvent::ReserveIntended { org, owner, cloud_time, newest }).await?;
            let answer = account.cloud.reserve(org, owner).await;
            match answer {
                Ok(Reservation { device, token, at }) => {
                    self.veil.know(&token);
                    account.note_time(at);
                    // Known as ours before anybody may look for orphans again.
                    let owner = self.shared.ledger().owner_of(&self.recipe.cloud.server, device).cloned();
                    if let Some(owner) = owner.filter(|owner| *owner != reached.unit) {
                        let fault = Fault::new(
                            FaultCode::CloudAnotherDevice,
                            Step::Reserve,
                            Blame::Cloud,
                            Retry::Never,
                        )
                        .about("device", device)
                        .about("unit", owner);
                        self.record(JobEvent::TokenFailed { fault: Box::new(fault.clone()) }).await?;
                        return Err(Stop::failed(fault));
                    }
                    self.record(JobEvent::Reserved { device, token_tail: token.tail(), at }).await?;
                    Ok(Token { device, secret: token, baseline: None })
                }
                Err(error) => {
                    let lost = error.effect() == Effect::Maybe;
                    let fault = if lost {
                        Fault::answer_lost(Step::Reserve, &error)
                    } else {
                        Fault::from_cloud(Step::Reserve, &error)
                    };
                    self.record(JobEvent::TokenFailed { fault: Box::new(fault.clone()) }).await?;
                    Err(if lost { Stop::unknown(fault) } else { Stop::failed(fault) })
                }
            }
        };
        let token = answer?;
        self.claim_device(token.device).await?;
        self.heed_cancel(Step::Reserve)?;
        Ok(token)
    }

    async fn check_device_is_ours(&mut self, reached: &Reached, device: DeviceId) -> Result<(), Stop> {
        let owner = self.shared.ledger().owner_of(&self.recipe.cloud.server, device).cloned();
        match owner {
            Some(owner) if owner != reached.unit && owner.is_durable() => Err(Stop::failed(
                Fault::new(FaultCode::CloudAnotherDevice, Step::Reserve, Blame::Operator, Retry::AfterFix)
                    .about("device", device)
                    .about("unit", owner),
            )),
            Some(_) | None => self.heed_cancel(Step::Reserve),
        }
    }
}

// ---- Describe

impl Walk {
    /// Name and metadata. The unit has passed; what fails here is a warning.
    pub(crate) async fn describe(&mut self, device: DeviceId) -> Result<(), Stop> {
        if self.recipe.name.is_none() && self.recipe.meta.is_empty() {
            return Ok(());
        }
        self.begin(Step::Describe).await?;
        self.waiting(Step::Describe, WaitingFor::Cloud, patience::QUESTION);
        let account = self.account.clone();
        for event in describe(&account, &self.recipe, device, &self.cancel).await {
            self.record(event).await?;
        }
        Ok(())
    }
}

/// Names the device and writes its metadata; what came of it, as facts.
pub(crate) async fn describe(
    account: &Account,
    recipe: &Recipe,
    device: DeviceId,
    cancel: &CancellationToken,
) -> Vec<JobEvent> {
    let mut warnings: Vec<Fault> = Vec::new();
    let mut name = None;
    let mut meta = Vec::new();
    let work = async {
        if let Some(wanted) = &recipe.name {
            match account.cloud.rename(device, wanted).await {
                Ok(()) => name = Some(wanted.clone()),
                Err(error) => warnings.push(Fault::from_cloud(Step::Describe, &error).about("name", wanted)),
            }
        }
        if recipe.meta.is_empty() {
            return;
        }
        let fields = match account.cloud.device_meta(device).await {
            Ok(fields) => fields,
            Err(error) => {
                warnings.push(Fault::from_cloud(Step::Describe, &error));
                return;
            }
        };
        for (key, value) in &recipe.meta {
            let Some(field) = fields.iter().find(|field| field.name == *key) else {
                warnings.push(
                    Fault::new(FaultCode::CloudNotFound, Step::Describe, Blame::Operator, Retry::AfterFix)
                        .about("field", key),
                );
                continue;
            };
            match account.cloud.write_meta(device, field.id, value).await {
                Ok(()) => meta.push(key.clone()),
                Err(error) => warnings.push(Fault::from_cloud(Step::Describe, &error).about("field", key)),
            }
        }
    };
    let cancelled = tokio::select! { biased;
        () = work => false,
        () = cancel.cancelled() => true,
    };
    if cancelled {
        warnings.push(Fault::cancelled(Step::Describe));
    }
    let mut events: Vec<JobEvent> =
        warnings.into_iter().map(|fault| JobEvent::Warned { fault: Box::new(fault) }).collect();
    events.push(JobEvent::Described { name, meta });
    events
}

/// Which job may settle what another one left open, and in whose name: used by `reconcile.rs`.
pub(crate) async fn claim_case(shared: &Arc<Shared>, claimer: JobId, case: JobId) -> bool {
    shared.claim(claimer, Claim::Case(case)).await.is_ok()
}
