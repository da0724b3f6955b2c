//! A look at a device: who it is and which networks it hears, before anything is wanted of it.
//!
//! Nothing is journaled, no token is asked for and nothing is changed on the device. Not here: jobs (`steps.rs`).

use crate::fault::{Blame, Fault, FaultCode, Retry};
use crate::record::event::Step;
use crate::work::dispatch::{Claim, Shared};
use crate::work::inquiry::{Inquiry, candidates};
use crate::work::sightings;
use crate::{JobId, UnitId};
use link::{Contact, ContactError, LinkError};
use proto::{
    Address, Advert, Answer, Ask, DeviceIdentity, Driver, DriverSettings, MediumKind, Network, SerialAdvert,
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a device answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub driver: &'static str,
    pub unit: UnitId,
    pub identity: DeviceIdentity,
    /// `None`: this device cannot list networks.
    pub networks: Option<Vec<Network>>,
}

/// Asks the device at this address; `driver`: only this one, else all that may fit. Bounded by the protocols' own waits.
pub(crate) async fn look(
    shared: &Arc<Shared>,
    address: &Address,
    driver: Option<&'static dyn Driver>,
    settings: &DriverSettings,
    cancel: &CancellationToken,
) -> Result<Look, Fault> {
    // The claim is made in the name of a job that will never be: it keeps jobs and other looks away meanwhile.
    let claimant = JobId(uuid::Uuid::now_v7());
    if shared.claim(claimant, Claim::Address(address.clone())).await.is_err() {
        let fault = Fault::new(FaultCode::DeviceBusy, Step::Connect, Blame::Operator, Retry::AfterFix);
        return Err(fault.about("device", address.text()));
    }
    shared.let_link_go(address).await;
    let mut contact = None;
    let looked = asked(shared, address, driver, settings, cancel, &mut contact).await;
    if let Some(contact) = contact {
        contact.close().await;
    }
    shared.release(claimant);
    looked.map_err(|error| Fault::from_contact(Step::Identify, &error))
}

async fn asked(
    shared: &Arc<Shared>,
    address: &Address,
    driver: Option<&'static dyn Driver>,
    settings: &DriverSettings,
    cancel: &CancellationToken,
    contact: &mut Option<Contact>,
) -> Result<Look, ContactError> {
    let medium =
        shared.media.iter().find(|medium| medium.kind() == address.medium()).ok_or(match address {
            Address::Serial(port) => LinkError::NoSuchPort { port: port.clone() },
            Address::Ble(_) => LinkError::NoAdapter { wanted: None },
        })?;
    let advert = match (sightings::listed(&shared.media, address).await, address.medium()) {
        (Some(advert), _) => advert,
        (None, MediumKind::Serial) => Advert::Serial(SerialAdvert::default()),
        (None, MediumKind::Ble) => {
            return Err(LinkError::NotInSight { address: address.text().to_owned() }.into());
        }
    };
    let before = shared.driver_before(address);
    let drivers = driver.map_or_else(|| candidates(&advert, before), |only| vec![only]);
    let mut inquiry = Inquiry::new(medium.as_ref(), address, &advert, drivers, settings);
    while let Some(driver) = inquiry.next(contact, cancel).await? {
        let Some(asked) = contact.as_mut() else { break };
        let answer = asked.ask(Ask::Identify, cancel, &mut |_| {}).await;
        let Some(identity) = inquiry.judge(answer)? else { continue };
        let networks = match asked.ask(Ask::Survey, cancel, &mut |_| {}).await {
            Ok(Answer::Networks(networks)) => Some(networks),
            Ok(_) | Err(ContactError::Protocol(_)) => None,
            Err(error) => return Err(error),
        };
        let unit = UnitId::of(&identity, &advert, address);
        return Ok(Look { driver: driver.name(), unit, identity, networks });
    }
    Err(inquiry.verdict())
}
