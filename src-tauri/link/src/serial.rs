//! Serial ports: what is plugged in, and the bytes to and from it.
//!
//! A port blocks, so each open one has threads of its own: one reads, one writes. Not here: which ports there are
//! (`serial/ports.rs`), and what the bytes mean (`proto`).

mod ports;
#[cfg(target_os = "linux")]
mod uevents;

use crate::{Change, Link, LinkError, Medium, Readiness, Sighting};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use proto::{Address, Advert, MediumKind, Opened, Packet, SerialAdvert, Transmit, Wiring};
use serialport::{DataBits, ErrorKind, FlowControl, Parity, SerialPort, StopBits};
use std::io::Read;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How long the list of ports may be out of date where the system does not tell of changes (or not us: containers,
/// ptys, links). Looking takes well under a millisecond and opens nothing.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// Opening takes microseconds; a stuck USB bridge holds each of its control requests for up to 5 s.
const OPEN_LIMIT: Duration = Duration::from_secs(8);
/// A whole line of 255 bytes takes 23 ms at 115200 baud; what takes this long is stuck.
const SEND_LIMIT: Duration = Duration::from_secs(5);
/// Letting a port go can wait for bytes that the bridge does not take.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);
/// How soon a reading thread notices that its link was closed.
const READ_TURN: Duration = Duration::from_millis(5);
const WRITE_TURN: Duration = Duration::from_millis(100);
/// Chunks that may wait for a reader; beyond these the system's own buffer fills, as with any slow reader.
const INBOX: usize = 256;

#[derive(Debug, Clone, Default)]
pub struct SerialSettings {
    /// Paths or globs of ports beyond the USB ports that the system lists: ptys, links, built-in UARTs.
    pub also: Vec<String>,
}

impl SerialSettings {
    /// From a list as in `FIRSTLIGHT_SERIAL_PORTS`: paths or globs, separated by `:`.
    pub fn from_list(list: &str) -> SerialSettings {
        SerialSettings {
            also: list.split(':').filter(|entry| !entry.is_empty()).map(str::to_owned).collect(),
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct SerialMedium {
    settings: SerialSettings,
}

impl SerialMedium {
    pub fn new(settings: SerialSettings) -> SerialMedium {
        SerialMedium { settings }
    }

    /// Whether this can be a port that we may use, without opening it: [`LinkError::NoSuchPort`],
    /// [`LinkError::NotAPort`] or [`LinkError::PortDenied`] if not.
    pub fn check(&self, port: &str) -> Result<(), LinkError> {
        check(port)
    }
}

#[async_trait]
impl Medium for SerialMedium {
    fn kind(&self) -> MediumKind {
        MediumKind::Serial
    }

    async fn readiness(&self) -> Readiness {
        let ports = match ports::present(&self.settings.also) {
            Ok(ports) => ports,
            Err(error) => return Readiness::NotReady(error),
        };
        if let Some(port) = ports.keys().find(|port| !may_open(port)) {
            return Readiness::NotReady(LinkError::PortDenied { port: port.clone() });
        }
        let detail = match ports.len() {
            0 => "no serial port is plugged in".to_owned(),
            1 => "1 serial port".to_owned(),
            n => format!("{n} serial ports"),
        };
        Readiness::Ready { detail }
    }

    async fn watch(&self) -> Result<BoxStream<'static, Result<Sighting, LinkError>>, LinkError> {
        let (changes, seen) = mpsc::unbounded_channel();
        let settings = self.settings.clone();
        spawn("serial-watch", move || watch(&settings, &changes))?;
        Ok(futures::stream::unfold(
            seen,
            |mut seen| async move { seen.recv().await.map(|item| (item, seen)) },
        )
        .boxed())
    }

    /// Also a port that is in no list (a pty), and one that has another name there (a link).
    async fn listed(&self, address: &Address) -> Option<Advert> {
        let Address::Serial(port) = address else { return None };
        match check(port) {
            Err(LinkError::NoSuchPort { .. } | LinkError::NotAPort { .. }) => None,
            // One that we may not open is listed all the same.
            Ok(()) | Err(_) => Some(Advert::Serial(ports::advert_of(port))),
        }
    }

    async fn open(&self, address: &Address, wiring: &Wiring) -> Result<Box<dyn Link>, LinkError> {
        let Address::Serial(port) = address else {
            return Err(LinkError::NoSuchPort { port: address.text().to_owned() });
        };
        let Wiring::Serial { baud } = *wiring else {
            return Err(LinkError::System {
                operation: "opening the port",
                reason: "no serial protocol".to_owned(),
            });
        };
        check(port)?;
        let (opened, result) = oneshot::channel();
        let name = port.clone();
        spawn("serial-open", move || {
            // Whoever asked may be gone by now: then the link is dropped, and with it the port closed.
            let _ = opened.send(SerialLink::open(&name, baud));
        })?;
        match tokio::time::timeout(OPEN_LIMIT, result).await {
            Ok(Ok(link)) => Ok(Box::new(link?)),
            Ok(Err(_)) => {
                Err(LinkError::System { operation: "opening the port", reason: "its thread died".to_owned() })
            }
            Err(_) => Err(LinkError::TimedOut { what: "opening the port" }),
        }
    }
}

/// Tells of every change until nobody listens any more.
fn watch(settings: &SerialSettings, changes: &mpsc::UnboundedSender<Result<Sighting, LinkError>>) {
    let news = News::open();
    let mut known = ports::Ports::new();
    while !changes.is_closed() {
        match ports::present(&settings.also) {
            Ok(now) => {
                for change in ports::update(&mut known, now) {
                    // A closed channel ends the loop.
                    let _ = changes.send(Ok(change));
                }
            }
            Err(error) => {
                let _ = changes.send(Err(error));
                return;
            }
        }
        // What went is gone also if the next look finds it back already: a quick unplug and plug is two changes.
        for port in news.wait(LOOK_AGAIN) {
            if let Some(advert) = known.remove(&port) {
                let _ = changes.send(Ok(ports::sighting(Change::Left, &port, &advert)));
            }
        }
    }
}

/// The system's word on terminals that come and go, where it gives one.
struct News {
    #[cfg(target_os = "linux")]
    uevents: Option<uevents::Uevents>,
}

impl News {
    fn open() -> News {
        News {
            #[cfg(target_os = "linux")]
            uevents: uevents::Uevents::open(),
        }
    }

    /// Returns at a change, or after `limit`. Gives the ports that went, as far as the system says so.
    fn wait(&self, limit: Duration) -> Vec<String> {
        #[cfg(target_os = "linux")]
        if let Some(uevents) = &self.uevents {
            return uevents.wait(limit);
        }
        std::thread::sleep(limit);
        Vec::new()
    }
}

#[cfg(target_os = "linux")]
fn may_open(port: &str) -> bool {
    use rustix::fs::{Access, access};
    access(port, Access::READ_OK | Access::WRITE_OK) != Err(rustix::io::Errno::ACCESS)
}

#[cfg(not(target_os = "linux"))]
fn may_open(_port: &str) -> bool {
    true
}

#[cfg(unix)]
fn check(port: &str) -> Result<(), LinkError> {
    let port = || port.to_owned();
    match Path::new(&port()).metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(LinkError::PortDenied { port: port() })
        }
        Err(_) => Err(LinkError::NoSuchPort { port: port() }),
        Ok(_) if !ports::is_terminal(Path::new(&port())) => Err(LinkError::NotAPort { port: port() }),
        Ok(_) if !may_open(&port()) => Err(LinkError::PortDenied { port: port() }),
        Ok(_) => Ok(()),
    }
}

/// Names such as `COM7` are no files, so the list has to tell.
#[cfg(not(unix))]
fn check(port: &str) -> Result<(), LinkError> {
    let known = serialport::available_ports().map_err(|error| LinkError::System {
        operation: "listing the serial ports",
        reason: error.to_string(),
    })?;
    match known.iter().any(|known| known.port_name.eq_ignore_ascii_case(port)) {
        true => Ok(()),
        false => Err(LinkError::NoSuchPort { port: port.to_owned() }),
    }
}

struct SerialLink {
    opened: Opened,
    inbox: mpsc::Receiver<Vec<u8>>,
    outbox: std::sync::mpsc::Sender<Outgoing>,
    closing: Arc<AtomicBool>,
    /// Resolve (to an error) when the threads have let the port go.
    ended: [oneshot::Receiver<()>; 2],
}

struct Outgoing {
    bytes: Vec<u8>,
    written: oneshot::Sender<Result<(), LinkError>>,
}

impl SerialLink {
    fn open(name: &str, baud: u32) -> Result<SerialLink, LinkError> {
        let usb = ports::advert_of(name);
        let mut port = serialport::new(name, baud)
            .data_bits(DataBits::Eight)
            .parity(Parity::None)
            .stop_bits(StopBits::One)
            .flow_control(FlowControl::None)
            .timeout(READ_TURN)
            .open()
            .map_err(|error| not_opened(name, &error))?;
        settle_lines(port.as_mut(), &usb);
        let mut writing = port.try_clone().map_err(|error| not_opened(name, &error))?;
        writing.set_timeout(WRITE_TURN).map_err(|error| not_opened(name, &error))?;

        let closing = Arc::new(AtomicBool::new(false));
        let (received, inbox) = mpsc::channel(INBOX);
        let (outbox, to_write) = std::sync::mpsc::channel();
        let (reader, reader_ended) = oneshot::channel::<()>();
        let (writer, writer_ended) = oneshot::channel::<()>();
        let stop = closing.clone();
        spawn("serial-read", move || {
            read(port, &received, &stop);
            drop(reader);
        })?;
        let stop = closing.clone();
        spawn("serial-write", move || {
            write(writing, &to_write, &stop);
            drop(writer);
        })?;
        Ok(SerialLink {
            opened: Opened::default(),
            inbox,
            outbox,
            closing,
            ended: [reader_ended, writer_ended],
        })
    }
}

impl Drop for SerialLink {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
    }
}

#[async_trait]
impl Link for SerialLink {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    async fn send(&mut self, transmit: Transmit) -> Result<(), LinkError> {
        let Transmit::Bytes(bytes) = transmit else {
            return Err(LinkError::System {
                operation: "sending",
                reason: "a serial port carries bytes only".into(),
            });
        };
        let (written, result) = oneshot::channel();
        self.outbox.send(Outgoing { bytes, written }).map_err(|_| LinkError::Lost)?;
        match tokio::time::timeout(SEND_LIMIT, result).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(LinkError::Lost),
            Err(_) => Err(LinkError::TimedOut { what: "sending to the port" }),
        }
    }

    async fn recv(&mut self) -> Result<Packet, LinkError> {
        // The thread ends, and with it the channel, when the port fails: that is how a pulled plug shows.
        self.inbox.recv().await.map(Packet::Bytes).ok_or(LinkError::Lost)
    }

    async fn close(mut self: Box<Self>) {
        self.closing.store(true, Ordering::Release);
        self.inbox.close(); // frees a thread that waits for room
        let [reader, writer] = &mut self.ended;
        let (writer_waits, _) = std::sync::mpsc::channel();
        drop(std::mem::replace(&mut self.outbox, writer_waits));
        let both = async {
            let _ = reader.await;
            let _ = writer.await;
        };
        if tokio::time::timeout(CLOSE_LIMIT, both).await.is_err() {
            tracing::warn!("a serial port did not close in time; its threads end when the system lets them");
        }
    }
}

fn read(mut port: Box<dyn SerialPort>, received: &mpsc::Sender<Vec<u8>>, stop: &AtomicBool) {
    let mut buffer = [0; 4096];
    while !stop.load(Ordering::Acquire) {
        match port.read(&mut buffer) {
            Ok(0) => return,
            Ok(size) => {
                if received.blocking_send(buffer[..size].to_vec()).is_err() {
                    return;
                }
            }
            Err(error) if is_a_pause(&error) => {}
            Err(error) => {
                tracing::debug!(%error, "a serial port ended");
                return;
            }
        }
    }
}

fn write(mut port: Box<dyn SerialPort>, to_write: &std::sync::mpsc::Receiver<Outgoing>, stop: &AtomicBool) {
    while let Ok(Outgoing { bytes, written }) = to_write.recv() {
        let result = write_all(port.as_mut(), &bytes, stop);
        let lost = result == Err(LinkError::Lost);
        // Nobody may wait for it any more; the bytes are out nevertheless.
        let _ = written.send(result);
        if lost {
            return;
        }
    }
}

fn write_all(port: &mut dyn SerialPort, mut bytes: &[u8], stop: &AtomicBool) -> Result<(), LinkError> {
    let deadline = Instant::now() + SEND_LIMIT;
    while !bytes.is_empty() {
        match port.write(bytes) {
            Ok(0) => return Err(LinkError::Lost),
            Ok(size) => bytes = &bytes[size..],
            Err(error) if is_a_pause(&error) => {}
            Err(_) => return Err(LinkError::Lost),
        }
        if !bytes.is_empty() && (stop.load(Ordering::Acquire) || Instant::now() > deadline) {
            return Err(LinkError::TimedOut { what: "sending to the port" });
        }
    }
    Ok(())
}

fn is_a_pause(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

/// Vendors of USB-to-UART bridges: Silicon Labs, WCH, FTDI, Prolific. On boards with these, DTR and RTS are wired to
/// the reset and boot pins; everything else with USB is the microcontroller itself, for which DTR means "someone
/// listens", and which is silent without it.
const BRIDGES: [u16; 4] = [0x10C4, 0x1A86, 0x0403, 0x067B];

/// Opening a port raises DTR and RTS, both at once, which resets no board that has the usual two-transistor circuit.
/// Behind a bridge they are then lowered, since boards with a simpler circuit stay in reset while RTS is up: RTS
/// first, for DTR down with RTS up is what resets. (Decision 0050.)
fn settle_lines(port: &mut dyn SerialPort, advert: &SerialAdvert) {
    if advert.usb.as_ref().is_some_and(|usb| BRIDGES.contains(&usb.vid)) {
        // A port that has no such lines needs none of this.
        if port.write_request_to_send(false).is_ok() {
            let _ = port.write_data_terminal_ready(false);
        }
    }
}

fn not_opened(name: &str, error: &serialport::Error) -> LinkError {
    let port = name.to_owned();
    match error.kind() {
        ErrorKind::NoDevice => LinkError::PortBusy { port },
        ErrorKind::Io(std::io::ErrorKind::NotFound) => LinkError::NoSuchPort { port },
        ErrorKind::Io(std::io::ErrorKind::PermissionDenied) => LinkError::PortDenied { port },
        ErrorKind::InvalidInput => LinkError::NotAPort { port },
        // What the library has no kind for comes as the system's text.
        _ => match error.description.as_str() {
            "Not a typewriter" | "Inappropriate ioctl for device" => LinkError::NotAPort { port },
            "No such device" | "No such device or address" => LinkError::NoSuchPort { port },
            reason => LinkError::System { operation: "opening the port", reason: reason.to_owned() },
        },
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), LinkError> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned
        .map(drop)
        .map_err(|error| LinkError::System { operation: "starting a thread", reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_ports_takes_paths_and_globs() {
        assert_eq!(SerialSettings::from_list("/dev/pts/3::/tmp/port-*").also, ["/dev/pts/3", "/tmp/port-*"]);
        assert!(SerialSettings::from_list("").also.is_empty());
    }

    #[test]
    fn every_reason_not_to_open_has_its_own_error() {
        use std::io::ErrorKind as Io;
        let of = |kind, text: &str| not_opened("/dev/x", &serialport::Error::new(kind, text));
        let port = "/dev/x".to_owned();
        assert_eq!(of(ErrorKind::NoDevice, "busy"), LinkError::PortBusy { port: port.clone() });
        assert_eq!(of(ErrorKind::Io(Io::PermissionDenied), ""), LinkError::PortDenied { port: port.clone() });
        assert_eq!(of(ErrorKind::Io(Io::NotFound), ""), LinkError::NoSuchPort { port: port.clone() });
        assert_eq!(of(ErrorKind::Unknown, "Not a typewriter"), LinkError::NotAPort { port: port.clone() });
        assert_eq!(of(ErrorKind::Unknown, "No such device"), LinkError::NoSuchPort { port });
        assert!(matches!(of(ErrorKind::Unknown, "Input/output error"), LinkError::System { .. }));
    }
}
