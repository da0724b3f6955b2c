//! BLE and serial in memory: the same contract as the real ones, between a test and the devices of a world.

use crate::device::Heard;
use crate::trouble::OpenOutcome;
use crate::world::{Body, Place, Session, now};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use link::{Link, LinkError, Medium, Readiness, Sighting};
use proto::{Address, Advert, Channel, MediumKind, Opened, Packet, Transmit, Wiring};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long an opening may hang: what real media grant at most.
const OPEN_LIMIT: Duration = Duration::from_secs(20);

/// One medium of a world.
pub struct MemoryMedium {
    kind: MediumKind,
    place: Arc<Place>,
}

impl std::fmt::Debug for MemoryMedium {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryMedium").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl MemoryMedium {
    pub(crate) fn new(kind: MediumKind, place: Arc<Place>) -> MemoryMedium {
        MemoryMedium { kind, place }
    }

    fn absent(address: &Address) -> LinkError {
        match address {
            Address::Ble(address) => LinkError::NotInSight { address: address.clone() },
            Address::Serial(port) => LinkError::NoSuchPort { port: port.clone() },
        }
    }
}

#[async_trait]
impl Medium for MemoryMedium {
    fn kind(&self) -> MediumKind {
        self.kind
    }

    async fn readiness(&self) -> Readiness {
        Readiness::Ready { detail: "simulated".to_owned() }
    }

    async fn watch(&self) -> Result<BoxStream<'static, Result<Sighting, LinkError>>, LinkError> {
        let receiver = self.place.watch(self.kind);
        let sightings = futures::stream::unfold(receiver, async |mut receiver| {
            receiver.recv().await.map(|sighting| (Ok(sighting), receiver))
        });
        // Nothing more to see is no reason to end.
        Ok(sightings.chain(futures::stream::pending()).boxed())
    }

    async fn listed(&self, address: &Address) -> Option<Advert> {
        let body = self.place.find(address).filter(|body| body.spec.dialect.medium() == self.kind)?;
        self.place.clone().run(&body);
        body.settle(&self.place, now());
        body.shown()
    }

    async fn open(&self, address: &Address, wiring: &Wiring) -> Result<Box<dyn Link>, LinkError> {
        let body = self.place.find(address).filter(|body| body.spec.dialect.medium() == self.kind);
        let Some(body) = body else { return Err(Self::absent(address)) };
        self.place.clone().run(&body);
        body.settle(&self.place, now());
        let text = address.text().to_owned();
        match body.open_outcome() {
            OpenOutcome::Fine => {}
            OpenOutcome::Hang => {
                tokio::time::sleep(OPEN_LIMIT).await;
                return Err(LinkError::TimedOut { what: "opening the link" });
            }
            OpenOutcome::Refused => {
                return Err(LinkError::ConnectRefused {
                    address: text,
                    reason: "refused by the device".into(),
                });
            }
            OpenOutcome::Busy if self.kind == MediumKind::Serial => {
                return Err(LinkError::PortBusy { port: text });
            }
            OpenOutcome::Busy => {
                return Err(LinkError::ConnectRefused {
                    address: text,
                    reason: "another app holds it".into(),
                });
            }
            OpenOutcome::Denied if self.kind == MediumKind::Serial => {
                return Err(LinkError::PortDenied { port: text });
            }
            OpenOutcome::Denied => return Err(LinkError::BluetoothDenied),
        }
        let mut radio_link = None;
        if self.kind == MediumKind::Ble {
            if !self.place.radio.connect.is_zero() {
                tokio::time::sleep(self.place.radio.connect).await;
            }
            let refused =
                |reason: &str| LinkError::ConnectRefused { address: text.clone(), reason: reason.to_owned() };
            if self.place.radio_fails() {
                return Err(refused("interference"));
            }
            radio_link = Some(self.place.radio_link().ok_or_else(|| refused("too many connections"))?);
        }
        let (packets, receiver) = mpsc::unbounded_channel();
        let id = self.place.next_session();
        let opened = {
            let mut present = body.look();
            if !present.is_in_sight(self.kind) {
                return Err(Self::absent(address));
            }
            if present.session.is_some() {
                return Err(match self.kind {
                    MediumKind::Serial => LinkError::PortBusy { port: text },
                    MediumKind::Ble => {
                        LinkError::ConnectRefused { address: text, reason: "another app holds it".into() }
                    }
                });
            }
            let gatt = present.firmware.gatt();
            let channels: Vec<Channel> = match wiring {
                Wiring::Ble { service, descriptions, .. } => gatt
                    .into_iter()
                    .filter(|channel| service.is_none_or(|service| service == channel.service))
                    .map(|channel| Channel {
                        service: channel.service,
                        characteristic: channel.characteristic,
                        description: channel.description.filter(|_| *descriptions),
                    })
                    .collect(),
                Wiring::Serial { .. } => Vec::new(),
            };
            if let Wiring::Ble { subscribe, .. } = wiring {
                let has = |wanted| channels.iter().any(|channel| channel.characteristic == wanted);
                if channels.is_empty() || !subscribe.iter().all(|wanted| has(*wanted)) {
                    return Err(LinkError::ServiceMissing);
                }
            }
            let mtu = if self.kind == MediumKind::Ble { present.trouble.mtu } else { 0 };
            present.session = Some(Session { id, packets, _link: radio_link });
            present.links += 1;
            present.firmware.link_opened(mtu, now());
            Opened { mtu, channels }
        };
        body.settle(&self.place, now());
        body.nudge.notify_one();
        Ok(Box::new(MemoryLink { place: self.place.clone(), body, id, opened, receiver }))
    }
}

/// An open link to a device of a world.
struct MemoryLink {
    place: Arc<Place>,
    body: Arc<Body>,
    id: u64,
    opened: Opened,
    receiver: mpsc::UnboundedReceiver<Packet>,
}

#[async_trait]
impl Link for MemoryLink {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    async fn send(&mut self, transmit: Transmit) -> Result<(), LinkError> {
        let heard = match transmit {
            Transmit::Bytes(bytes) => Heard::Bytes(bytes),
            Transmit::Write { channel, bytes } => Heard::Write { channel, bytes },
            Transmit::Read { channel } => Heard::Read { channel },
        };
        if self.body.hear(&self.place, self.id, heard) { Ok(()) } else { Err(LinkError::Lost) }
    }

    async fn recv(&mut self) -> Result<Packet, LinkError> {
        // What was said before the link broke is still heard.
        self.receiver.recv().await.ok_or(LinkError::Lost)
    }

    async fn close(self: Box<Self>) {
        self.body.close(&self.place, self.id);
    }
}

impl Drop for MemoryLink {
    fn drop(&mut self) {
        self.body.close(&self.place, self.id);
    }
}
