//! What every way to a device can do.

use async_trait::async_trait;
use futures::stream::BoxStream;
use proto::{Address, Advert, MediumKind, Opened, Packet, Transmit, Wiring};

/// A device seen on a medium.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    pub change: Change,
    pub address: Address,
    pub advert: Advert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Came,
    /// The same device, with something new in its advert.
    Changed,
    Left,
}

/// Whether a medium can be used now, and if not, why; shown by `doctor` and the status strip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    Ready { detail: String },
    NotReady(LinkError),
}

#[async_trait]
pub trait Medium: Send + Sync {
    fn kind(&self) -> MediumKind;

    async fn readiness(&self) -> Readiness;

    /// What is there now, each as `Came`, and from then on every change. Ends with an error when the medium fails;
    /// dropping it stops watching (and scanning, when nobody else watches). Opens no port.
    async fn watch(&self) -> Result<BoxStream<'static, Result<Sighting, LinkError>>, LinkError>;

    /// What is known of one device without waiting for it to show itself; `None` where only watching tells. Opens
    /// nothing.
    async fn listed(&self, _address: &Address) -> Option<Advert> {
        None
    }

    /// Opens the device, bounded in time. Nothing is sent to it.
    async fn open(&self, address: &Address, wiring: &Wiring) -> Result<Box<dyn Link>, LinkError>;
}

/// One open way to one device.
#[async_trait]
pub trait Link: Send {
    fn opened(&self) -> &Opened;

    /// Hands over one packet, bounded in time. A refused BLE write is a [`Packet::Refused`], not an error of the link.
    async fn send(&mut self, transmit: Transmit) -> Result<(), LinkError>;

    /// The next packet. Loses nothing when dropped before it is ready.
    async fn recv(&mut self) -> Result<Packet, LinkError>;

    /// Lets the device go, and waits until the system has done so. Failing to is not worth an error to anyone.
    async fn close(self: Box<Self>);
}

/// Why a device cannot be reached, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("the link to the device was lost")]
    Lost,
    #[error("{what} took too long")]
    TimedOut { what: &'static str },
    #[error("no such port: {port}")]
    NoSuchPort { port: String },
    #[error("the port {port} is in use by another program")]
    PortBusy { port: String },
    #[error("no permission to open {port}")]
    PortDenied { port: String },
    #[error("{port} is not a serial port")]
    NotAPort { port: String },
    #[error("there is no Bluetooth adapter{}", .wanted.as_ref().map(|name| format!(" named {name}")).unwrap_or_default())]
    NoAdapter { wanted: Option<String> },
    #[error("Bluetooth is switched off")]
    AdapterOff,
    #[error("the system's Bluetooth service cannot be reached: {reason}")]
    NoBluetooth { reason: String },
    #[error("the system refuses access to Bluetooth")]
    BluetoothDenied,
    #[error("the device {address} is not in sight")]
    NotInSight { address: String },
    #[error("the device {address} did not let us connect: {reason}")]
    ConnectRefused { address: String, reason: String },
    #[error("the device lacks the expected service")]
    ServiceMissing,
    /// The device wants a paired, encrypted link.
    #[error("the device wants to be paired first")]
    NeedsPairing,
    #[error("{operation} failed: {reason}")]
    System { operation: &'static str, reason: String },
}
