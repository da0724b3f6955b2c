//! One connected device: its characteristics, and the task that carries packets to and from it.
//!
//! Not here: finding and connecting it (`ble/radio.rs`).

use super::errors::{Meaning, meaning};
use super::radio::{Calls, Failed, bounded};
use crate::LinkError;
use btleplug::api::{Characteristic, Peripheral as _, ValueNotification, WriteType};
use btleplug::platform::Peripheral;
use futures::stream::Stream;
use futures::{FutureExt, StreamExt};
use proto::{Channel, Opened, Packet, Transmit, Wiring};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Half a minute is what the stacks wait for a device that does not answer; a person gives up before.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
const DISCOVER_LIMIT: Duration = Duration::from_secs(10);
const SUBSCRIBE_LIMIT: Duration = Duration::from_secs(5);
/// How long a remembered list of services may take to be corrected after connecting: a whole discovery, with room.
const SERVICES_CORRECTED: Duration = Duration::from_secs(3);
/// How often it is looked at meanwhile.
const SERVICES_LOOKED_AT: Duration = Duration::from_millis(200);
/// bluetoothd takes 2 s for it, by design.
const DISCONNECT_LIMIT: Duration = Duration::from_secs(6);
/// "Unlikely error": what BlueZ also says when the connection ended under a request.
const UNLIKELY: u8 = 0x0E;
/// Characteristic User Description.
const DESCRIPTION: Uuid = Uuid::from_u128(0x00002901_0000_1000_8000_00805f9b34fb);

type Notifications = Pin<Box<dyn Stream<Item = ValueNotification> + Send>>;

/// A connected device with its services known, subscribed as the wiring says.
pub(super) struct Peer {
    peripheral: Peripheral,
    pub opened: Opened,
    channels: BTreeMap<Uuid, Characteristic>,
    subscribed: Vec<Uuid>,
    notifications: Notifications,
}

impl Peer {
    /// `peripheral` is connected. The order matters: before the services are discovered, the size of packets is not
    /// known and notifications are not recognised; before the stream is held, the first ones would be lost.
    pub async fn discover(peripheral: Peripheral, wiring: &Wiring) -> Result<Peer, LinkError> {
        let Wiring::Ble { service, subscribe, descriptions } = wiring else {
            return Err(LinkError::System {
                operation: "opening the device",
                reason: "no BLE protocol".to_owned(),
            });
        };
        let channels = services(&peripheral, *service, subscribe).await?;
        let notifications = bounded(SUBSCRIBE_LIMIT, peripheral.notifications())
            .await
            .map_err(|failed| failed.into_error("listening to the device"))?;
        for channel in subscribe {
            let characteristic = channels.get(channel).ok_or(LinkError::ServiceMissing)?;
            bounded(SUBSCRIBE_LIMIT, peripheral.subscribe(characteristic))
                .await
                .map_err(|failed| failed.into_error("subscribing"))?;
        }
        let mut opened = Opened { mtu: peripheral.mtu(), channels: Vec::new() };
        for characteristic in channels.values() {
            let description = match descriptions {
                true => describe(&peripheral, characteristic).await,
                false => None,
            };
            opened.channels.push(Channel {
                service: characteristic.service_uuid,
                characteristic: characteristic.uuid,
                description,
            });
        }
        Ok(Peer { peripheral, opened, channels, subscribed: subscribe.clone(), notifications })
    }

    /// Carries packets until the link is closed or lost, then lets the device go.
    pub async fn carry(
        mut self,
        mut orders: mpsc::UnboundedReceiver<Transmit>,
        inbox: mpsc::UnboundedSender<Result<Packet, LinkError>>,
        mut close: oneshot::Receiver<()>,
        lost: CancellationToken,
        calls: Rc<Calls>,
    ) {
        // The device answers one request at a time; what it says of its own accord comes in between.
        let mut open = futures::future::Fuse::terminated();
        let mut busy = false;
        let mut echo = ReadEcho::default();
        let ending = loop {
            // The order matters: the last words and the last answer come before the loss.
            tokio::select! { biased;
                _ = &mut close => break Ending::Closed,
                Some(notification) = self.notifications.next() => {
                    if self.is_wanted(&notification)
                        && let Some(packet) = echo.filter(notification.uuid, notification.value)
                    {
                        let _ = inbox.send(Ok(packet));
                    }
                }
                result = &mut open, if busy => {
                    busy = false;
                    let result = self.judge(result, &lost).await;
                    for packet in echo.end(&result) {
                        let _ = inbox.send(Ok(packet));
                    }
                    let ends = result == Err(LinkError::Lost);
                    let _ = inbox.send(result);
                    if ends {
                        break Ending::Lost;
                    }
                }
                () = lost.cancelled() => {
                    let _ = inbox.send(Err(LinkError::Lost));
                    break Ending::Lost;
                }
                Some(order) = orders.recv(), if !busy => {
                    echo.begin(&order);
                    open = act(self.peripheral.clone(), self.channels.clone(), order).boxed_local().fuse();
                    busy = true;
                }
            }
        };
        drop((orders, inbox)); // the link is over for its owner, whatever letting go still takes
        drop(open);
        drop(self.notifications);
        if let Ending::Closed = ending {
            let_go(&self.peripheral, &calls).await;
        }
    }

    fn is_wanted(&self, notification: &ValueNotification) -> bool {
        let channel = self.channels.get(&notification.uuid);
        self.subscribed.contains(&notification.uuid)
            && channel.is_some_and(|channel| channel.service_uuid == notification.service_uuid)
    }

    /// What a failed request means for the link.
    async fn judge(
        &self,
        result: Result<Packet, Refusal>,
        lost: &CancellationToken,
    ) -> Result<Packet, LinkError> {
        let Refusal { channel, failed } = match result {
            Ok(packet) => return Ok(packet),
            Err(refusal) => refusal,
        };
        let text = match failed {
            Failed::TimedOut => return Err(LinkError::TimedOut { what: "the device's answer" }),
            Failed::Said(text) => text,
        };
        match meaning(&text) {
            Meaning::Refused(UNLIKELY) if lost.is_cancelled() || !is_connected(&self.peripheral).await => {
                Err(LinkError::Lost)
            }
            Meaning::Refused(code) => Ok(Packet::Refused { channel, att_error: Some(code) }),
            Meaning::NeedsPairing => Err(LinkError::NeedsPairing),
            Meaning::Silent => Err(LinkError::TimedOut { what: "the device's answer" }),
            Meaning::Gone => Err(LinkError::Lost),
            Meaning::NoService | Meaning::Denied | Meaning::Unknown => {
                if lost.is_cancelled() || !is_connected(&self.peripheral).await {
                    return Err(LinkError::Lost);
                }
                tracing::debug!(%text, "a request to a BLE device failed");
                Ok(Packet::Refused { channel, att_error: None })
            }
        }
    }
}

/// BlueZ tells of every value that was read as if the device had notified it. That one is left out.
#[derive(Default)]
struct ReadEcho {
    reading: Option<Uuid>,
    held: Vec<Vec<u8>>,
}

impl ReadEcho {
    fn begin(&mut self, order: &Transmit) {
        if let Transmit::Read { channel } = order {
            self.reading = Some(*channel);
        }
    }

    /// What came from a characteristic that is being read waits until it is clear which of it was the answer.
    fn filter(&mut self, channel: Uuid, bytes: Vec<u8>) -> Option<Packet> {
        if self.reading == Some(channel) {
            self.held.push(bytes);
            return None;
        }
        Some(Packet::Notified { channel, bytes })
    }

    /// The request is over: what the device did say of its own accord meanwhile.
    fn end(&mut self, result: &Result<Packet, LinkError>) -> Vec<Packet> {
        let mut held = std::mem::take(&mut self.held);
        let Some(channel) = self.reading.take() else { return Vec::new() };
        if let Ok(Packet::Value { bytes: answer, .. }) = result
            && let Some(echo) = held.iter().rposition(|bytes| bytes == answer)
        {
            held.remove(echo);
        }
        held.into_iter().map(|bytes| Packet::Notified { channel, bytes }).collect()
    }
}

enum Ending {
    Closed,
    Lost,
}

/// A request that failed, and on which characteristic.
struct Refusal {
    channel: Uuid,
    failed: Failed,
}

async fn act(
    peripheral: Peripheral,
    channels: BTreeMap<Uuid, Characteristic>,
    order: Transmit,
) -> Result<Packet, Refusal> {
    let channel = match &order {
        Transmit::Write { channel, .. } | Transmit::Read { channel } => *channel,
        Transmit::Bytes(_) => Uuid::nil(), // the link takes none
    };
    let refusal = |failed| Refusal { channel, failed };
    let Some(characteristic) = channels.get(&channel) else {
        // As a device answers that has no such attribute.
        return Err(refusal(Failed::Said("Operation failed with ATT error: 0x0a".to_owned())));
    };
    match order {
        Transmit::Write { bytes, .. } => {
            bounded(ANSWER_LIMIT, peripheral.write(characteristic, &bytes, WriteType::WithResponse))
                .await
                .map_err(refusal)?;
            Ok(Packet::Written { channel })
        }
        Transmit::Read { .. } | Transmit::Bytes(_) => {
            let bytes = bounded(ANSWER_LIMIT, peripheral.read(characteristic)).await.map_err(refusal)?;
            Ok(Packet::Value { channel, bytes })
        }
    }
}

/// The characteristics that matter, by UUID. A stack that has met the device before shows what it remembers first, and
/// corrects it a moment later: what is missing gets that moment.
async fn services(
    peripheral: &Peripheral,
    service: Option<Uuid>,
    needed: &[Uuid],
) -> Result<BTreeMap<Uuid, Characteristic>, LinkError> {
    let deadline = tokio::time::Instant::now() + SERVICES_CORRECTED;
    loop {
        bounded(DISCOVER_LIMIT, peripheral.discover_services())
            .await
            .map_err(|failed| failed.into_error("discovering services"))?;
        let mut channels = BTreeMap::new();
        for characteristic in peripheral.characteristics() {
            // The same UUID may stand in another service as well; the wiring's one is meant.
            if service.is_none_or(|service| service == characteristic.service_uuid) {
                channels.entry(characteristic.uuid).or_insert(characteristic);
            }
        }
        let there = service.is_none() || !channels.is_empty();
        if there && needed.iter().all(|channel| channels.contains_key(channel)) {
            return Ok(channels);
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(LinkError::ServiceMissing);
        }
        tokio::time::sleep(SERVICES_LOOKED_AT).await;
    }
}

async fn describe(peripheral: &Peripheral, characteristic: &Characteristic) -> Option<String> {
    let descriptor = characteristic.descriptors.iter().find(|descriptor| descriptor.uuid == DESCRIPTION)?;
    // A description that cannot be read is as good as none.
    let bytes = bounded(SUBSCRIBE_LIMIT, peripheral.read_descriptor(descriptor)).await.ok()?;
    String::from_utf8(bytes).ok()
}

pub(super) async fn is_connected(peripheral: &Peripheral) -> bool {
    matches!(bounded(SUBSCRIBE_LIMIT, peripheral.is_connected()).await, Ok(true))
}

/// Disconnects, or calls a connection attempt off, when no other device is being connected.
pub(super) async fn let_go(peripheral: &Peripheral, calls: &Calls) {
    // Others may be let go at the same time, but nobody is connected meanwhile.
    let _turn = calls.read().await;
    if let Err(failed) = bounded(DISCONNECT_LIMIT, peripheral.disconnect()).await {
        tracing::debug!(?failed, address = %peripheral.address(), "a BLE device was not let go");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNEL: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn notified(channel: Uuid, bytes: &[u8]) -> Packet {
        Packet::Notified { channel, bytes: bytes.to_vec() }
    }

    #[test]
    fn a_value_that_was_read_is_not_told_twice() {
        let mut echo = ReadEcho::default();
        echo.begin(&Transmit::Read { channel: CHANNEL });
        assert_eq!(echo.filter(CHANNEL, b"said".to_vec()), None);
        assert_eq!(echo.filter(CHANNEL, b"read".to_vec()), None);
        assert_eq!(echo.filter(OTHER, b"read".to_vec()), Some(notified(OTHER, b"read")));
        let value = Ok(Packet::Value { channel: CHANNEL, bytes: b"read".to_vec() });
        assert_eq!(echo.end(&value), [notified(CHANNEL, b"said")]);
        assert_eq!(echo.filter(CHANNEL, b"read".to_vec()), Some(notified(CHANNEL, b"read")));
    }

    #[test]
    fn a_read_that_failed_swallows_nothing() {
        let mut echo = ReadEcho::default();
        echo.begin(&Transmit::Read { channel: CHANNEL });
        assert_eq!(echo.filter(CHANNEL, b"said".to_vec()), None);
        let silence = Err(LinkError::TimedOut { what: "the device's answer" });
        assert_eq!(echo.end(&silence), [notified(CHANNEL, b"said")]);
    }
}
