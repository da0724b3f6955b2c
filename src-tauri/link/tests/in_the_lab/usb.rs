//! USB serial adapters that come and go, in a kernel of their own.

use super::{Test, run, until};
use crate::contract::{self, seen, within};
use link::{Change, Medium, SerialMedium};
use proto::{Address, Advert, Transmit, UsbIdentity, Wiring};
use std::io::{Read, Write};
use std::time::Instant;

pub const TESTS: &[Test] = &[
    ("usb_devices_are_seen_coming_and_going", || Box::pin(usb_devices_are_seen_coming_and_going())),
    ("a_quick_replug_is_a_departure_and_an_arrival", || {
        Box::pin(a_quick_replug_is_a_departure_and_an_arrival())
    }),
    ("bytes_cross_a_usb_port_and_a_pulled_plug_is_a_loss", || {
        Box::pin(bytes_cross_a_usb_port_and_a_pulled_plug_is_a_loss())
    }),
];

const KINDS: [(&str, &str, &str, &str, &str); 2] =
    [("acm", "303a", "1001", "A1", "/dev/ttyACM0"), ("usb", "10c4", "ea60", "0001", "/dev/ttyUSB0")];

/// Gives the device's end of the line.
fn plug(name: &str, kind: (&str, &str, &str, &str, &str)) -> String {
    let (kind, vid, pid, serial, _) = kind;
    let product = format!("Product {name}");
    run(
        "python",
        &[
            "-m",
            "usbsim",
            "plug",
            name,
            "--vid",
            vid,
            "--pid",
            pid,
            "--serial",
            serial,
            "--manufacturer",
            "Maker",
            "--product",
            &product,
            "--kind",
            kind,
        ],
    )
    .trim()
    .to_owned()
}

fn unplug(name: &str) {
    run("python", &["-m", "usbsim", "unplug", name]);
}

#[expect(clippy::print_stdout, reason = "measurements go beside the test's result")]
fn measured(what: &str, since: Instant) {
    println!("    {what}: {:.1} ms", since.elapsed().as_secs_f64() * 1e3);
}

/// A node that appears or vanishes, seen by the file system: the moment from which our time counts.
async fn node(path: &str, there: bool) -> Instant {
    until("the device's node", || (std::path::Path::new(path).exists() == there).then(Instant::now)).await
}

async fn usb_devices_are_seen_coming_and_going() {
    let medium = SerialMedium::default();
    let mut sightings = medium.watch().await.expect("a watch");
    let mut paths = Vec::new();
    for kind in KINDS {
        let (name, vid, pid, serial, port) = kind;
        let address = Address::Serial(port.to_owned());
        let plugging = std::thread::spawn(move || plug(name, kind));
        let there = node(port, true).await;
        let came = seen(&mut sightings, &address, Change::Came).await;
        measured(&format!("{port} plugged, node to sighting"), there);
        plugging.join().expect("plugged");
        let Advert::Serial(advert) = came.advert else { panic!("{came:?}") };
        let usb = advert.usb.expect("a USB device");
        let path = usb.path.clone().expect("a physical path");
        let expected = UsbIdentity {
            vid: u16::from_str_radix(vid, 16).expect("hex"),
            pid: u16::from_str_radix(pid, 16).expect("hex"),
            serial: Some(serial.to_owned()),
            product: Some(format!("Product {name}")),
            manufacturer: Some("Maker".to_owned()),
            path: Some(path.clone()),
        };
        assert_eq!(usb, expected);
        let (bus, ports) = path.split_once('-').expect("bus and ports");
        assert!(
            bus.parse::<u8>().is_ok() && ports.split('.').all(|port| port.parse::<u8>().is_ok()),
            "{path}"
        );
        paths.push(path);
    }
    assert_ne!(paths[0], paths[1], "two sockets");
    for (name, _, _, _, port) in KINDS {
        let unplugging = std::thread::spawn(move || unplug(name));
        let gone = node(port, false).await;
        seen(&mut sightings, &Address::Serial(port.to_owned()), Change::Left).await;
        measured(&format!("{port} unplugged, node to sighting"), gone);
        unplugging.join().expect("unplugged");
    }
}

async fn a_quick_replug_is_a_departure_and_an_arrival() {
    let medium = SerialMedium::default();
    let mut sightings = medium.watch().await.expect("a watch");
    let address = Address::Serial(KINDS[0].4.to_owned());
    plug("quick", KINDS[0]);
    seen(&mut sightings, &address, Change::Came).await;
    let again = std::thread::spawn(|| {
        unplug("quick");
        plug("quick", KINDS[0]);
    });
    seen(&mut sightings, &address, Change::Left).await;
    seen(&mut sightings, &address, Change::Came).await;
    again.join().expect("plugged");
    unplug("quick");
    seen(&mut sightings, &address, Change::Left).await;
}

async fn bytes_cross_a_usb_port_and_a_pulled_plug_is_a_loss() {
    let medium = SerialMedium::default();
    for kind in KINDS {
        let far = plug("line", kind);
        run("stty", &["-F", &far, "raw", "-echo"]);
        let address = Address::Serial(kind.4.to_owned());
        node(kind.4, true).await;
        let mut link = within("opening", medium.open(&address, &Wiring::Serial { baud: 115_200 }))
            .await
            .expect("a port");
        let mut device =
            std::fs::File::options().read(true).write(true).open(&far).expect("the device's end");
        link.send(Transmit::Bytes(b"hello\r\n".to_vec())).await.expect("an open link");
        let (mut device, heard) = tokio::task::spawn_blocking(move || {
            let mut bytes = [0; 7];
            device.read_exact(&mut bytes).expect("bytes");
            (device, bytes)
        })
        .await
        .expect("a reader");
        assert_eq!(&heard, b"hello\r\n");
        let start = Instant::now();
        device.write_all(b"{}").expect("room");
        let mut said = Vec::new();
        while said.len() < 2 {
            said.extend(within("hearing", contract::said(link.as_mut())).await.expect("an open link"));
        }
        measured("device to us", start);
        assert_eq!(said, b"{}");
        drop(device);
        unplug("line");
        assert_eq!(within("the loss", contract::said(link.as_mut())).await, Err(link::LinkError::Lost));
        within("closing", link.close()).await;
        node(kind.4, false).await;
    }
}
