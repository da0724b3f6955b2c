//! Which driver a device answers to: the one way to find out, for jobs (`steps.rs`) and for looks (`look.rs`).
//!
//! Each driver that may fit has its turn, on the same link where two of them want the same of it. Whoever asks, asks
//! itself: a job writes down what it hears meanwhile, a look does not. Not here: which devices are in sight.

use link::{Contact, ContactError, LinkError, Medium};
use proto::{
    Address, Advert, Answer, DeviceIdentity, Driver, DriverSettings, MediumKind, ProtocolError, Wiring,
};
use tokio_util::sync::CancellationToken;

/// The drivers that may fit, best first. A device that was connected before may show no services in its advertisement
/// any more (BlueZ keeps what it remembers): then all drivers of its medium ask, beginning with the one that it answered
/// to before, and its real services decide.
pub(crate) fn candidates(advert: &Advert, before: Option<&'static dyn Driver>) -> Vec<&'static dyn Driver> {
    let fitting = proto::drivers_for(advert);
    if !fitting.is_empty() {
        return fitting;
    }
    let medium = match advert {
        Advert::Serial(_) => MediumKind::Serial,
        Advert::Ble(_) => MediumKind::Ble,
    };
    let of_medium = proto::drivers().iter().copied().filter(|driver| driver.media().contains(&medium));
    let mut all: Vec<_> = of_medium.collect();
    all.sort_by_key(|driver| before.is_none_or(|before| before.name() != driver.name()));
    all
}

pub(crate) struct Inquiry<'a> {
    medium: &'a dyn Medium,
    address: &'a Address,
    advert: &'a Advert,
    settings: &'a DriverSettings,
    drivers: std::vec::IntoIter<&'static dyn Driver>,
    /// What the open link was opened for.
    open_as: Option<Wiring>,
    /// What it comes to when no driver gets an answer: the most telling failure so far.
    verdict: ContactError,
}

impl<'a> Inquiry<'a> {
    pub fn new(
        medium: &'a dyn Medium,
        address: &'a Address,
        advert: &'a Advert,
        drivers: Vec<&'static dyn Driver>,
        settings: &'a DriverSettings,
    ) -> Inquiry<'a> {
        Inquiry {
            medium,
            address,
            advert,
            settings,
            drivers: drivers.into_iter(),
            open_as: None,
            verdict: ProtocolError::NotThisProtocol.into(),
        }
    }

    /// The next driver, with a contact on which it can ask; `None` when all have had their turn. What is left in `contact`
    /// is for the caller to close, whatever comes back.
    pub async fn next(
        &mut self,
        contact: &mut Option<Contact>,
        cancel: &CancellationToken,
    ) -> Result<Option<&'static dyn Driver>, ContactError> {
        while let Some(driver) = self.drivers.next() {
            let wiring = driver.wiring(self.advert);
            let begin = |opened: &proto::Opened, now| driver.begin(opened, self.settings, now);
            match contact.take() {
                Some(same) if self.open_as.as_ref() == Some(&wiring) => {
                    *contact = Some(same.switch(begin));
                    return Ok(Some(driver));
                }
                Some(other) => other.close().await,
                None => {}
            }
            let opened = tokio::select! { biased;
                () = cancel.cancelled() => return Err(ContactError::Cancelled),
                opened = self.medium.open(self.address, &wiring) => opened,
            };
            match opened {
                Ok(link) => {
                    *contact = Some(Contact::new(link, begin));
                    self.open_as = Some(wiring);
                    return Ok(Some(driver));
                }
                // It has not got what this driver needs; another one may need less.
                Err(LinkError::ServiceMissing) => self.note(LinkError::ServiceMissing.into()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// What the answer to [`proto::Ask::Identify`] comes to: this driver's device, or nothing of the kind. An error ends
    /// the inquiry.
    pub fn judge(
        &mut self,
        answer: Result<Answer, ContactError>,
    ) -> Result<Option<DeviceIdentity>, ContactError> {
        match answer {
            Ok(Answer::Identity(identity)) => return Ok(Some(identity)),
            Ok(_) => self.note(ProtocolError::Malformed { what: "an answer to another question" }.into()),
            Err(ContactError::Protocol(ProtocolError::NotThisProtocol)) => {}
            // It may speak another protocol, in which this question was noise.
            Err(error @ ContactError::Protocol(ProtocolError::Silent { .. })) => self.note(error),
            Err(error) => return Err(error),
        }
        Ok(None)
    }

    pub fn verdict(self) -> ContactError {
        self.verdict
    }

    /// A device that was reached and kept silent says more than one that lacks a service.
    fn note(&mut self, error: ContactError) {
        let lacks = ContactError::Link(LinkError::ServiceMissing);
        if error != lacks || self.verdict == ProtocolError::NotThisProtocol.into() {
            self.verdict = error;
        }
    }
}
