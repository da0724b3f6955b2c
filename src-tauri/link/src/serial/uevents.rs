//! The kernel's own word that a terminal came or went, so that nobody has to keep looking (Linux).
//!
//! In a container nothing may arrive here: the kernel tells only the first network namespace. Whoever waits here looks
//! at the list from time to time as well.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Uevents(OwnedFd);

/// Multicast group of the messages that the kernel itself sends; group 2 has those that udev sends on.
const FROM_KERNEL: u32 = 1;
/// Longer than any message: the kernel's buffer for one has 2048 bytes.
const LONGEST: usize = 8192;

impl Uevents {
    /// `None` where the system does not let us listen.
    pub(super) fn open() -> Option<Uevents> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT)).ok()?;
        bind(&socket, &SocketAddrNetlink::new(0, FROM_KERNEL)).ok()?;
        Some(Uevents(socket))
    }

    /// Waits until something happened to a terminal, at most for `limit`. Gives the paths of those that went.
    pub(super) fn wait(&self, limit: Duration) -> Vec<String> {
        let deadline = std::time::Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let timeout =
                Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: i64::from(left.subsec_nanos()) };
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&timeout)) {
                Ok(0) | Err(_) => return Vec::new(),
                Ok(_) => {}
            }
            let mut buffer = [0; LONGEST];
            let (mut terminals, mut gone) = (false, Vec::new());
            while let Ok((size, _)) = recv(&self.0, &mut buffer[..], RecvFlags::empty()) {
                let Some(terminal) = read(&buffer[..size.min(LONGEST)]) else { continue };
                terminals = true;
                if terminal.gone {
                    gone.push(format!("/dev/{}", terminal.name));
                }
            }
            if terminals {
                return gone;
            }
        }
    }
}

#[derive(Debug, PartialEq)]
struct Terminal {
    name: String,
    gone: bool,
}

/// `ACTION@PATH`, then `KEY=VALUE` pairs, each ended by a zero byte.
fn read(message: &[u8]) -> Option<Terminal> {
    let mut fields = message.split(|byte| *byte == 0).filter_map(|field| std::str::from_utf8(field).ok());
    let action = fields.next()?.split_once('@')?.0.to_owned();
    let (mut terminal, mut name) = (false, None);
    for field in fields {
        match field.split_once('=') {
            Some(("SUBSYSTEM", subsystem)) => terminal = subsystem == "tty",
            Some(("DEVNAME", device)) => name = Some(device.to_owned()),
            _ => {}
        }
    }
    let (true, Some(name)) = (terminal, name) else { return None };
    Some(Terminal { name, gone: action == "remove" })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `udevadm monitor --kernel --property` shows it, in the kernel's own form (lib/kobject_uevent.c).
    const REMOVED: &[u8] = b"remove@/devices/platform/dummy_hcd.0/usb1/1-1/1-1:1.0/tty/ttyACM0\0ACTION=remove\0\
        DEVPATH=/devices/platform/dummy_hcd.0/usb1/1-1/1-1:1.0/tty/ttyACM0\0SUBSYSTEM=tty\0MAJOR=166\0MINOR=0\0\
        DEVNAME=ttyACM0\0SEQNUM=1042\0";

    #[test]
    fn a_terminal_that_goes_is_told_by_name() {
        assert_eq!(read(REMOVED), Some(Terminal { name: "ttyACM0".into(), gone: true }));
    }

    #[test]
    fn other_subsystems_and_rubbish_are_nobodys_news() {
        assert_eq!(
            read(b"add@/devices/usb1/1-1\0ACTION=add\0SUBSYSTEM=usb\0DEVNAME=bus/usb/001/002\0"),
            None
        );
        assert_eq!(read(b"libudev\0\xfe\xed\xca\xfe"), None);
        assert_eq!(read(b""), None);
        for cut in 0..REMOVED.len() {
            let _ = read(&REMOVED[..cut]);
        }
    }
}
