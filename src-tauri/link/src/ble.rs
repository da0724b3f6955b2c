//! BLE: devices that advertise, and links to them.
//!
//! One thread with a runtime of its own does all that has to do with Bluetooth (`ble/radio.rs`); what is here only talks
//! to it. Why it is so, and what else the stacks are known to do, stands in decision 0052.

mod air;
mod errors;
mod peer;
mod radio;
mod scan;

use crate::{Link, LinkError, Medium, Readiness, Sighting};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use proto::{Address, MediumKind, Opened, Packet, Transmit, Wiring};
use radio::Command;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Letting go takes bluetoothd 2 s, and waits for others that are let go or connected; more is a stuck system.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// Whether a panic at this place in the source is the BLE library's own when a stream ends amid signals: it ends a task that
/// is over anyway, and is no news for a user (decision 0052, 2).
pub fn is_harmless_panic(file: &str) -> bool {
    file.contains("bluez-async") && file.ends_with("messagestream.rs")
}

#[derive(Debug, Clone)]
pub struct BleSettings {
    /// Name of the adapter to use (`hci0`); without one, the first that is switched on.
    pub adapter: Option<String>,
    /// Only devices that advertise one of these services are shown; none: all are.
    pub services: Vec<Uuid>,
    /// A device that was not heard for so long has left: a round of Linux's scan takes 10 s, in which some adapters report
    /// each device but once.
    pub left_after: Duration,
    /// How long an opening waits for the device to advertise. Devices do so every 20 ms to 2 s; that it is more has the
    /// same reason.
    pub find_within: Duration,
}

impl Default for BleSettings {
    fn default() -> BleSettings {
        let patience = Duration::from_secs(20);
        BleSettings { adapter: None, services: Vec::new(), left_after: patience, find_within: patience }
    }
}

/// Nothing of the system's Bluetooth is touched before the first call.
#[derive(Debug)]
pub struct BleMedium {
    settings: BleSettings,
    /// The way to the thread; replaced when that thread has died.
    radio: Mutex<Option<mpsc::UnboundedSender<Command>>>,
}

impl BleMedium {
    pub fn new(settings: BleSettings) -> BleMedium {
        BleMedium { settings, radio: Mutex::new(None) }
    }

    /// Asks the thread, and starts it if there is none (any more).
    async fn call<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, LinkError> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply))?;
        // It dies of a bug only, ours or the library's; the next call starts another.
        answer.await.map_err(|_| LinkError::NoBluetooth { reason: "the Bluetooth thread ended".to_owned() })
    }

    fn send(&self, mut command: Command) -> Result<(), LinkError> {
        let mut radio = self.radio.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(radio) = radio.as_ref() {
            match radio.send(command) {
                Ok(()) => return Ok(()),
                Err(returned) => command = returned.0,
            }
        }
        let started = radio::start(self.settings.clone())?;
        let _ = started.send(command);
        *radio = Some(started);
        Ok(())
    }
}

#[async_trait]
impl Medium for BleMedium {
    fn kind(&self) -> MediumKind {
        MediumKind::Ble
    }

    async fn readiness(&self) -> Readiness {
        match self.call(|reply| Command::Ready { reply }).await {
            Ok(Ok(detail)) => Readiness::Ready { detail },
            Ok(Err(error)) | Err(error) => Readiness::NotReady(error),
        }
    }

    async fn watch(&self) -> Result<BoxStream<'static, Result<Sighting, LinkError>>, LinkError> {
        let (changes, seen) = mpsc::unbounded_channel();
        self.call(|reply| Command::Watch { changes, reply }).await??;
        Ok(futures::stream::unfold(
            seen,
            |mut seen| async move { seen.recv().await.map(|item| (item, seen)) },
        )
        .boxed())
    }

    async fn open(&self, address: &Address, wiring: &Wiring) -> Result<Box<dyn Link>, LinkError> {
        let address = address.text().to_owned();
        let wiring = wiring.clone();
        let link = self.call(|reply| Command::Open { address, wiring, reply }).await??;
        Ok(Box::new(link))
    }
}

/// The near end of a connection; the other half is a task of the Bluetooth thread (`ble/peer.rs`).
#[derive(Debug)]
struct BleLink {
    opened: Opened,
    orders: mpsc::UnboundedSender<Transmit>,
    inbox: mpsc::UnboundedReceiver<Result<Packet, LinkError>>,
    /// Dropping it lets the device go as well.
    close: oneshot::Sender<()>,
    closed: oneshot::Receiver<()>,
}

#[async_trait]
impl Link for BleLink {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Returns as soon as it is this packet's turn to wait; what became of it is told by a packet. So a caller that
    /// wants to stop never waits for a device that takes half a minute to confirm.
    async fn send(&mut self, transmit: Transmit) -> Result<(), LinkError> {
        if matches!(transmit, Transmit::Bytes(_)) {
            return Err(LinkError::System {
                operation: "sending",
                reason: "BLE has no stream of bytes".to_owned(),
            });
        }
        self.orders.send(transmit).map_err(|_| LinkError::Lost)
    }

    async fn recv(&mut self) -> Result<Packet, LinkError> {
        self.inbox.recv().await.unwrap_or(Err(LinkError::Lost))
    }

    async fn close(self: Box<Self>) {
        let BleLink { close, closed, .. } = *self;
        let _ = close.send(());
        if tokio::time::timeout(CLOSE_LIMIT, closed).await.is_err() {
            tracing::warn!("a BLE device was not let go in time");
        }
    }
}
