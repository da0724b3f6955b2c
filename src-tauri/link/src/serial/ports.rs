//! Which serial ports there are, found out without opening any.
//!
//! Not here: how one learns that the list has changed (`serial.rs`, `serial/uevents.rs`).

use crate::{Change, LinkError, Sighting};
use proto::{Address, Advert, SerialAdvert, UsbIdentity};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// Ports by the name under which they are opened.
pub(super) type Ports = BTreeMap<String, SerialAdvert>;

/// All USB serial ports of the system, and what `patterns` (paths or globs) name beyond these. A system's other ports
/// are left out: most `/dev/ttyS*` have no socket, and asking them would mean opening them.
pub(super) fn present(patterns: &[String]) -> Result<Ports, LinkError> {
    let mut ports = Ports::new();
    for port in listed()? {
        if let serialport::SerialPortType::UsbPort(usb) = port.port_type
            && !is_call_in(&port.port_name)
        {
            ports.insert(port.port_name, SerialAdvert { usb: Some(identity(usb)) });
        }
    }
    // A by-path link to a port that is listed already is the same port: one device must not be opened twice.
    let mut taken: HashSet<PathBuf> = ports.keys().map(|name| real(Path::new(name))).collect();
    for path in patterns.iter().flat_map(|pattern| matches(pattern)) {
        if is_terminal(&path) && taken.insert(real(&path)) {
            ports.insert(path.to_string_lossy().into_owned(), SerialAdvert::default());
        }
    }
    Ok(ports)
}

/// What is known of one port, also under another name than the listed one.
pub(super) fn advert_of(port: &str) -> SerialAdvert {
    let wanted = real(Path::new(port));
    let ports = present(&[]).unwrap_or_default();
    ports
        .into_iter()
        .find(|(name, _)| real(Path::new(name)) == wanted)
        .map(|(_, advert)| advert)
        .unwrap_or_default()
}

fn listed() -> Result<Vec<serialport::SerialPortInfo>, LinkError> {
    // The library panics where /sys is not mounted (some containers); there are no USB ports to be had then.
    #[cfg(target_os = "linux")]
    if !Path::new("/sys/class/tty").is_dir() {
        return Ok(Vec::new());
    }
    serialport::available_ports().map_err(|error| LinkError::System {
        operation: "listing the serial ports",
        reason: error.to_string(),
    })
}

/// macOS has two names for each port; the `tty.` one waits for a carrier that such devices do not have.
fn is_call_in(name: &str) -> bool {
    name.starts_with("/dev/tty.")
}

fn identity(usb: serialport::UsbPortInfo) -> UsbIdentity {
    UsbIdentity {
        vid: usb.vid,
        pid: usb.pid,
        serial: usb.serial_number,
        product: usb.product,
        manufacturer: usb.manufacturer,
        path: usb.location.map(|location| location.to_string()),
    }
}

fn matches(pattern: &str) -> Vec<PathBuf> {
    match glob::glob(pattern) {
        Ok(paths) => paths.filter_map(Result::ok).collect(),
        // Not a pattern, so at most the name of a port.
        Err(_) => vec![PathBuf::from(pattern)],
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Whether it can be a port, as far as its entry tells. Of Windows' names nothing can be told before they are opened.
#[cfg(unix)]
pub(super) fn is_terminal(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata().is_ok_and(|entry| entry.file_type().is_char_device())
}

#[cfg(not(unix))]
pub(super) fn is_terminal(_path: &Path) -> bool {
    true
}

/// Brings `known` up to date and tells what that took, departures first.
pub(super) fn update(known: &mut Ports, now: Ports) -> Vec<Sighting> {
    let mut changes = Vec::new();
    let left = |name: &String, advert: &SerialAdvert| sighting(Change::Left, name, advert);
    for (name, advert) in known.iter() {
        match now.get(name) {
            Some(same) if same == advert => {}
            // Another socket, or another device behind the same name: not a change of one device.
            Some(other) if other.usb != advert.usb => changes.push(left(name, advert)),
            Some(_) => {}
            None => changes.push(left(name, advert)),
        }
    }
    for (name, advert) in &now {
        if known.get(name) != Some(advert) {
            changes.push(sighting(Change::Came, name, advert));
        }
    }
    *known = now;
    changes
}

pub(super) fn sighting(change: Change, name: &str, advert: &SerialAdvert) -> Sighting {
    Sighting { change, address: Address::Serial(name.to_owned()), advert: Advert::Serial(advert.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usb(serial: &str) -> SerialAdvert {
        SerialAdvert {
            usb: Some(UsbIdentity {
                vid: 0x303a,
                pid: 0x1001,
                serial: Some(serial.into()),
                ..UsbIdentity::default()
            }),
        }
    }

    fn told(changes: &[Sighting]) -> Vec<(Change, &str)> {
        changes.iter().map(|sighting| (sighting.change, sighting.address.text())).collect()
    }

    #[test]
    fn arrivals_and_departures_are_told_once() {
        let mut known = Ports::new();
        let one = Ports::from([("/dev/ttyACM0".to_owned(), usb("A"))]);
        assert_eq!(told(&update(&mut known, one.clone())), [(Change::Came, "/dev/ttyACM0")]);
        assert_eq!(update(&mut known, one), []);
        assert_eq!(told(&update(&mut known, Ports::new())), [(Change::Left, "/dev/ttyACM0")]);
    }

    #[test]
    fn another_device_under_the_same_name_is_a_departure_and_an_arrival() {
        let mut known = Ports::from([("/dev/ttyACM0".to_owned(), usb("A"))]);
        let now = Ports::from([("/dev/ttyACM0".to_owned(), usb("B"))]);
        let changes = update(&mut known, now);
        assert_eq!(told(&changes), [(Change::Left, "/dev/ttyACM0"), (Change::Came, "/dev/ttyACM0")]);
        assert_eq!(changes[0].advert, Advert::Serial(usb("A")));
        assert_eq!(changes[1].advert, Advert::Serial(usb("B")));
    }

    #[cfg(unix)]
    #[test]
    fn configured_names_are_listed_once_and_only_if_they_are_terminals() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("port-a");
        std::os::unix::fs::symlink("/dev/null", &link).expect("a link");
        std::os::unix::fs::symlink("/dev/null", folder.path().join("port-b")).expect("a link");
        std::fs::write(folder.path().join("port-c"), "no device").expect("a file");
        std::os::unix::fs::symlink("/nowhere", folder.path().join("port-d")).expect("a link");
        let patterns = [format!("{}/port-*", folder.path().display()), link.display().to_string()];
        let ports = present(&patterns).expect("the list");
        let ours: Vec<&String> = ports.keys().filter(|name| name.contains("port-")).collect();
        assert_eq!(ours, [&link.display().to_string()], "two names of one device, a file, a dangling link");
    }
}
