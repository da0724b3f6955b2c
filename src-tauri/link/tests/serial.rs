//! The real serial code on real ptys: the contract of links, and what is special about ports.
//!
//! USB devices that come and go need a kernel of their own: `tests/lab.rs`.
#![cfg(target_os = "linux")]

mod contract;

use async_trait::async_trait;
use contract::{Bench, Device, within};
use link::{LinkError, Medium, Readiness, SerialMedium, SerialSettings};
use proto::{Address, Advert, SerialAdvert, Transmit, Wiring};
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

const WIRING: Wiring = Wiring::Serial { baud: 115_200 };

/// A device on a pty, under a link that stays the same when it is plugged in again.
struct PtyDevice {
    port: PathBuf,
    master: Option<File>,
    _folder: tempfile::TempDir,
}

impl PtyDevice {
    fn new() -> PtyDevice {
        let folder = tempfile::tempdir().expect("a folder");
        let mut device = PtyDevice { port: folder.path().join("port-a"), master: None, _folder: folder };
        device.plug();
        device
    }

    fn plug(&mut self) {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
        grantpt(&master).expect("a pty");
        unlockpt(&master).expect("a pty");
        let slave = ptsname(&master, Vec::new()).expect("a pty").into_string().expect("a path");
        std::os::unix::fs::symlink(slave, &self.port).expect("a link");
        self.master = Some(File::from(master));
    }

    fn master(&self) -> File {
        self.master.as_ref().expect("it is plugged in").try_clone().expect("a handle")
    }

    fn address(&self) -> Address {
        Address::Serial(self.port.display().to_string())
    }
}

#[async_trait]
impl Device for PtyDevice {
    async fn hears(&mut self, count: usize) -> Vec<u8> {
        let mut master = self.master();
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; count];
            master.read_exact(&mut bytes).expect("bytes of the open port");
            bytes
        });
        read.await.expect("a reader")
    }

    async fn says(&mut self, bytes: &[u8]) {
        self.master().write_all(bytes).expect("room in the pty");
    }

    async fn vanishes(&mut self) {
        std::fs::remove_file(&self.port).expect("the link");
        self.master = None;
    }

    async fn returns(&mut self) {
        self.plug();
    }
}

fn bench() -> Bench {
    let device = PtyDevice::new();
    let settings = SerialSettings { also: vec![device.port.display().to_string()] };
    Bench {
        medium: Arc::new(SerialMedium::new(settings)),
        address: device.address(),
        nowhere: Address::Serial("/dev/there-is-no-such-port".to_owned()),
        wiring: WIRING,
        transmit: |bytes| Transmit::Bytes(bytes.to_vec()),
        device: Box::new(device),
    }
}

macro_rules! contract {
    ($($clause:ident)*) => {
        mod on_a_pty { $(
            #[tokio::test]
            async fn $clause() {
                crate::contract::$clause(&mut crate::bench()).await;
            }
        )* }
    };
}

contract! {
    what_is_sent_arrives_and_what_is_said_comes_back
    a_recv_that_is_dropped_loses_nothing
    a_vanished_device_is_lost_and_stays_lost
    after_close_the_device_opens_again
    a_loss_does_not_keep_the_device_from_opening_again
    an_opening_that_is_given_up_leaves_the_device_free
    where_no_device_is_none_opens
    coming_going_and_coming_back_are_seen_in_this_order
    two_who_watch_both_see_it
}

#[tokio::test]
async fn an_open_port_is_busy_for_everyone_else_until_it_is_closed() {
    let bench = bench();
    let link = bench.open().await;
    let Address::Serial(port) = &bench.address else { unreachable!("a serial bench") };
    let second = bench.medium.open(&bench.address, &WIRING).await.err();
    assert_eq!(second, Some(LinkError::PortBusy { port: port.clone() }));
    link.close().await;
    bench.open().await.close().await;
}

#[tokio::test]
async fn what_is_no_port_is_told_apart_from_what_is_not_there() {
    let medium = SerialMedium::default();
    let file = tempfile::NamedTempFile::new().expect("a file");
    for port in [file.path().display().to_string(), "/dev/null".to_owned(), "/tmp".to_owned()] {
        let refused = medium.open(&Address::Serial(port.clone()), &WIRING).await.err();
        assert_eq!(refused, Some(LinkError::NotAPort { port }));
    }
    let port = "/dev/ttyNOWHERE".to_owned();
    assert_eq!(medium.check(&port), Err(LinkError::NoSuchPort { port }));
}

#[tokio::test]
async fn an_opened_port_is_raw_so_nothing_is_echoed_or_translated() {
    let mut bench = bench();
    let mut link = bench.open().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    bench.device.says(&every_byte).await;
    let mut heard = Vec::new();
    while heard.len() < every_byte.len() {
        heard.extend(within("hearing", contract::said(link.as_mut())).await.expect("an open link"));
    }
    assert_eq!(heard, every_byte);
    link.send(Transmit::Bytes(every_byte.clone())).await.expect("an open link");
    assert_eq!(
        within("hearing", bench.device.hears(256)).await,
        every_byte,
        "no echo of what was said came first"
    );
    link.close().await;
}

/// A device that takes nothing, behind a buffer that is full.
#[tokio::test]
async fn a_device_that_takes_nothing_does_not_hold_up_the_sender_or_the_close() {
    let bench = bench();
    let mut link = bench.open().await;
    let flood = vec![b'x'; 1 << 20];
    let sent = within("sending", link.send(Transmit::Bytes(flood))).await;
    assert_eq!(sent, Err(LinkError::TimedOut { what: "sending to the port" }));
    within("closing", link.close()).await;
}

#[tokio::test]
async fn a_configured_port_counts_as_ready() {
    let bench = bench();
    match bench.medium.readiness().await {
        Readiness::Ready { detail } => assert!(detail.contains("serial port"), "{detail}"),
        Readiness::NotReady(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_port_that_the_system_does_not_list_is_described_all_the_same() {
    let device = PtyDevice::new();
    let medium = SerialMedium::new(SerialSettings::default());
    let plain = Some(Advert::Serial(SerialAdvert::default()));
    assert_eq!(medium.listed(&device.address()).await, plain);
    let slave = std::fs::canonicalize(&device.port).expect("the link leads somewhere");
    assert_eq!(medium.listed(&Address::Serial(slave.display().to_string())).await, plain);
    for nothing in ["/dev/there-is-no-such-port", "/etc/passwd"] {
        assert_eq!(medium.listed(&Address::Serial(nothing.to_owned())).await, None, "{nothing}");
    }
    assert_eq!(medium.listed(&Address::Ble("AA:BB:CC:DD:EE:FF".to_owned())).await, None);
}
