//! A printer on USB under Linux, by the device file of the kernel's `usblp` driver (`/dev/usb/lp0`).
//!
//! Every wait is one of `poll` with a bound: a printer that never answers does not hold a thread or its device file, which only
//! one program at a time may open. Not here: what its answer means.

use super::{ASK_STATUS, Answered, PrinterError, PrinterTrouble, SEND, STATUS};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

const LOST: PrinterError = PrinterError { trouble: PrinterTrouble::Lost, effect_unknown: false };

/// Hands over a label, if there is one, and asks the printer how it is. Blocks for the bounds of both at most.
pub(super) fn converse(path: &Path, label: Option<&[u8]>) -> Result<(), PrinterError> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::empty()).map_err(|error| {
        PrinterError::before(match error {
            Errno::ACCESS | Errno::PERM => PrinterTrouble::Denied,
            // Not there, switched off, or another program has it.
            _ => PrinterTrouble::Offline,
        })
    })?;
    let Some(label) = label else { return ask(&file) };
    send(&file, label, SEND).map_err(|_| PrinterError::maybe(PrinterTrouble::Lost))?;
    ask(&file).map_err(|error| PrinterError { effect_unknown: true, ..error })
}

fn ask(file: &OwnedFd) -> Result<(), PrinterError> {
    let until = Instant::now() + STATUS;
    send(file, ASK_STATUS, STATUS).map_err(|_| LOST)?;
    let mut answered = Answered::default();
    let mut bytes = [0; 256];
    loop {
        match rustix::io::read(file, &mut bytes) {
            Ok(0) => return Err(LOST),
            Ok(count) => {
                if let Some(result) = answered.take(&bytes[..count]) {
                    return result;
                }
            }
            Err(Errno::AGAIN) => wait(file, PollFlags::IN, until).map_err(|_| LOST)?,
            Err(Errno::INTR) => {}
            Err(_) => return Err(LOST),
        }
    }
}

fn send(file: &OwnedFd, mut bytes: &[u8], bound: Duration) -> Result<(), Errno> {
    let until = Instant::now() + bound;
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::AGAIN) => wait(file, PollFlags::OUT, until)?,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits for the file to be ready, until then at most.
fn wait(file: &OwnedFd, what: PollFlags, until: Instant) -> Result<(), Errno> {
    let left = until.saturating_duration_since(Instant::now());
    let left = Timespec::try_from(left).map_err(|_| Errno::INVAL)?;
    let mut wanted = [PollFd::new(file, what)];
    match poll(&mut wanted, Some(&left)) {
        Ok(0) => Err(Errno::TIMEDOUT),
        Ok(_) if wanted[0].revents().intersects(what) => Ok(()),
        // Unplugged in mid-sentence.
        Ok(_) => Err(Errno::IO),
        Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}
