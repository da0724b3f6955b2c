//! Links that stay open for a moment after a job has failed on something that a person can correct: the next job with the
//! device goes on over the same link, as long as the device is the same and is talked to in the same way.
//!
//! Only the link is kept. The next job is a job like any other: it asks the device who it is, and the cloud for a fresh
//! token of its device. Not here: whose fault it was (`fault.rs`).

use crate::plan::patience;
use crate::work::dispatch::Shared;
use crate::work::runner::close;
use crate::{FaultCode, JobId, Progress};
use link::Contact;
use proto::{Address, Advert, Driver, DriverSettings, Secret};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// A device that is still in contact, and how it was reached.
pub(crate) struct Held {
    pub(crate) address: Address,
    pub(crate) advert: Advert,
    pub(crate) driver: &'static dyn Driver,
    pub(crate) contact: Contact,
}

/// How a job that has not begun yet wants to talk to the device at an address.
pub(crate) struct Wanted<'a> {
    pub(crate) address: &'a Address,
    /// A driver's name, or `auto`.
    pub(crate) driver: &'a str,
    pub(crate) settings: &'a DriverSettings,
}

/// All links that are kept now, each by a task of its own.
#[derive(Default)]
pub(crate) struct KeptLinks(Mutex<Vec<Kept>>);

struct Kept {
    job: JobId,
    address: Address,
    advert: Advert,
    driver: &'static dyn Driver,
    settings: DriverSettings,
    /// Asks the task that holds the contact for it; dropped, it lets the device go.
    wanted: oneshot::Sender<()>,
    back: oneshot::Receiver<Contact>,
}

impl KeptLinks {
    fn all(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, which: impl Fn(&Kept) -> bool) -> Option<Kept> {
        let mut all = self.all();
        let at = all.iter().position(which)?;
        Some(all.swap_remove(at))
    }
}

/// What a person can put right while the device waits: another password, another network.
pub(crate) fn correctable(code: FaultCode) -> bool {
    matches!(
        code,
        FaultCode::WifiPasswordRefused
            | FaultCode::WifiTimeout
            | FaultCode::WifiFailed
            | FaultCode::WifiNotFound
            | FaultCode::WifiNoAddress
            | FaultCode::WifiUnsupported
            | FaultCode::DeviceNetworkMissing
    )
}

impl Shared {
    /// Keeps a link for the next job with this device, for as long as a person needs to correct what was wrong.
    pub(crate) fn keep_link(self: &Arc<Shared>, job: JobId, held: Held, settings: DriverSettings) {
        let (wanted, asked) = oneshot::channel();
        let (give, back) = oneshot::channel();
        let Held { address, advert, driver, contact } = held;
        self.kept.all().push(Kept { job, address, advert, driver, settings, wanted, back });
        // Whoever keeps a link does not keep the engine alive.
        let shared = Arc::downgrade(self);
        tokio::spawn(async move {
            hold(contact, asked, give).await;
            if let Some(shared) = shared.upgrade()
                && shared.kept.remove(|kept| kept.job == job).is_some()
            {
                shared.progress(job, Progress::LinkLetGo);
            }
        });
    }

    pub(crate) fn tell_kept(&self, job: JobId) {
        let bound_ms = u64::try_from(patience::CORRECTION.as_millis()).unwrap_or(u64::MAX);
        self.progress(job, Progress::LinkKept { bound_ms });
    }

    /// The device at this address, if its link is kept and can be used for this; else whatever is kept there is let go.
    pub(crate) async fn take_link(&self, wanted: &Wanted<'_>) -> Option<Held> {
        let kept = self.kept.remove(|kept| kept.address == *wanted.address)?;
        let fits = ["auto", kept.driver.name()].contains(&wanted.driver)
            && talks_alike(&kept.settings, wanted.settings);
        let held = self.fetch(kept).await?;
        if fits {
            return Some(held);
        }
        close(held.contact).await;
        None
    }

    /// Lets the device at this address go, if its link is kept.
    pub(crate) async fn let_link_go(&self, address: &Address) {
        if let Some(kept) = self.kept.remove(|kept| kept.address == *address)
            && let Some(held) = self.fetch(kept).await
        {
            close(held.contact).await;
        }
    }

    /// Lets the device of this job go, if its link is kept.
    pub(crate) async fn let_link_of_job_go(&self, job: JobId) {
        let address = self.kept.all().iter().find(|kept| kept.job == job).map(|kept| kept.address.clone());
        if let Some(address) = address {
            self.let_link_go(&address).await;
        }
    }

    pub(crate) async fn let_all_links_go(&self) {
        while let Some(kept) = self.kept.remove(|_| true) {
            if let Some(held) = self.fetch(kept).await {
                close(held.contact).await;
            }
        }
    }

    /// Asks the task for the contact; `None`: it is gone meanwhile, and closed.
    async fn fetch(&self, kept: Kept) -> Option<Held> {
        let Kept { job, address, advert, driver, wanted, back, settings: _ } = kept;
        // A task that does not listen any more has its reason, and drops its end when the link is closed.
        let _ = wanted.send(());
        let contact = back.await.ok();
        self.progress(job, Progress::LinkLetGo);
        Some(Held { address, advert, driver, contact: contact? })
    }
}

/// Until somebody asks for the contact, the device is gone, or the time is over.
async fn hold(mut contact: Contact, asked: oneshot::Receiver<()>, give: oneshot::Sender<Contact>) {
    let wanted = tokio::select! { biased;
        asked = asked => asked.is_ok(),
        error = contact.rest() => {
            tracing::info!(%error, "a link that was kept is gone");
            false
        }
        () = tokio::time::sleep(patience::CORRECTION) => false,
    };
    if !wanted {
        close(contact).await;
    } else if let Err(contact) = give.send(contact) {
        close(contact).await;
    }
}

/// Whether a conversation that was begun with one would go on as with the other.
fn talks_alike(one: &DriverSettings, other: &DriverSettings) -> bool {
    let secret = |settings: &DriverSettings| settings.device_secret.clone().unwrap_or(Secret::new(""));
    secret(one).expose() == secret(other).expose()
        && one.device_user == other.device_user
        && one.carrier == other.carrier
        && one.token_endpoint == other.token_endpoint
        && one.token_template == other.token_template
        && one.token_success == other.token_success
}
