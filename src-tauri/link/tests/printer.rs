//! A label printer on USB, by its device file: a pty stands for it, and answers as the programming guide shows.
#![cfg(target_os = "linux")]

use link::printer::{Printer, PrinterError, PrinterTrouble, UsbPrinter};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

/// Form and field order of "~HS: Host Status Return" in Zebra's ZPL II Programming Guide.
const FINE: &str = "\u{2}030,0,0,1245,000,0,0,0,000,0,0,0\u{3}\r\n\u{2}001,0,0,0,1,2,6,0,00000000,1,000\u{3}\r\n\u{2}1234,0\u{3}\r\n";
const NO_PAPER: &str = "\u{2}030,1,0,1245,000,0,0,0,000,0,0,0\u{3}\r\n\u{2}001,0,0,0,1,2,6,0,00000000,1,000\u{3}\r\n\u{2}1234,0\u{3}\r\n";

struct Paper {
    path: PathBuf,
    heard: mpsc::Receiver<String>,
    /// Keeps the line, so that a printer that is let go does not look unplugged.
    _line: File,
}

/// A printer that answers each question with the next of these, and then is silent.
fn printer(answers: &'static [&'static str]) -> Paper {
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
    grantpt(&near).expect("a pty");
    unlockpt(&near).expect("a pty");
    let path = PathBuf::from(ptsname(&near, Vec::new()).expect("a pty").into_string().expect("a path"));
    let line = File::options().read(true).write(true).open(&path).expect("its far end");
    let mut modes = tcgetattr(&line).expect("a terminal");
    modes.make_raw();
    tcsetattr(&line, OptionalActions::Now, &modes).expect("a terminal");
    let mut near = File::from(near);
    let (say, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let mut answers = answers.iter();
        let mut bytes = [0; 4096];
        let mut text = String::new();
        while let Ok(count @ 1..) = near.read(&mut bytes) {
            text.push_str(&String::from_utf8_lossy(&bytes[..count]));
            while let Some(end) = text.find("~HS\r\n") {
                let before: String = text.drain(..end + 5).collect();
                if say.send(before).is_err() {
                    return;
                }
                // In pieces, as a slow printer sends.
                for piece in answers.next().into_iter().flat_map(|answer| answer.as_bytes().chunks(7)) {
                    if near.write_all(piece).is_err() {
                        return;
                    }
                }
            }
        }
    });
    Paper { path, heard, _line: line }
}

/// How often this process holds the device file open, beside the test itself.
fn held(path: &Path) -> usize {
    let mine = std::fs::read_dir("/proc/self/fd").expect("a list of files").filter_map(Result::ok);
    mine.filter(|file| std::fs::read_link(file.path()).is_ok_and(|target| target == path)).count() - 1
}

#[tokio::test]
async fn a_label_goes_to_the_device_file_once_and_the_printer_is_asked_after_it() {
    let paper = printer(&[FINE, FINE]);
    let usb = UsbPrinter::new(paper.path.clone());
    assert_eq!(usb.ready().await, Ok(()));
    assert_eq!(usb.print("unit", b"^XA^FDunit^FS^XZ").await, Ok(()));
    let heard: Vec<String> = paper.heard.try_iter().collect();
    assert_eq!(heard, ["~HS\r\n", "^XA^FDunit^FS^XZ~HS\r\n"]);
    assert_eq!(held(&paper.path), 0);
}

#[tokio::test]
async fn a_printer_without_paper_says_so_before_a_label_and_leaves_it_open_after_one() {
    let paper = printer(&[NO_PAPER, NO_PAPER]);
    let usb = UsbPrinter::new(paper.path.clone());
    assert_eq!(usb.ready().await, Err(PrinterError::before(PrinterTrouble::PaperOut)));
    let printed = usb.print("unit", b"^XA^XZ").await;
    assert_eq!(printed, Err(PrinterError::maybe(PrinterTrouble::PaperOut)), "one may have come out before");
}

#[tokio::test]
async fn a_printer_that_never_answers_is_let_go_so_that_it_can_be_tried_again() {
    let paper = printer(&[]);
    let usb = UsbPrinter::new(paper.path.clone());
    assert_eq!(usb.ready().await, Err(PrinterError::before(PrinterTrouble::Lost)));
    assert_eq!(held(&paper.path), 0, "only one program at a time may open a printer's device file");
}

#[tokio::test]
async fn a_device_file_that_is_not_there_is_a_printer_that_is_off() {
    let usb = UsbPrinter::new("/dev/usb/no-such-printer".into());
    assert_eq!(usb.ready().await, Err(PrinterError::before(PrinterTrouble::Offline)));
}
