//! A label printer to practise on: in memory, and on a port of this computer. It takes ZPL, prints nothing, and remembers
//! what would have come out; its roll of paper ends when it is told to.
//!
//! Written from Zebra's programming guide for itself: it shares nothing with `proto/src/zpl.rs`.

use crate::trouble::{self, KnobError, Side, either};
use async_trait::async_trait;
use link::printer::{Printer, PrinterError, PrinterTrouble};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a printer lacks.
#[derive(Debug, Clone, Default)]
pub struct PrinterKnobs {
    /// Labels until the roll is empty; `None`: an endless roll.
    pub paper: Option<u32>,
    pub offline: bool,
    pub head_open: bool,
    pub paused: bool,
    /// How long a label takes.
    pub slow: Duration,
    /// The connection breaks in the middle of this label, counted from 1; it is printed all the same.
    pub breaks_at: Option<u32>,
}

#[derive(Debug, Default)]
struct Inside {
    knobs: PrinterKnobs,
    printed: Vec<String>,
    heard: u32,
}

/// Clones are the same printer.
#[derive(Debug, Clone, Default)]
pub struct MemoryPrinter {
    inside: Arc<Mutex<Inside>>,
}

impl MemoryPrinter {
    pub fn new(knobs: PrinterKnobs) -> MemoryPrinter {
        MemoryPrinter { inside: Arc::new(Mutex::new(Inside { knobs, ..Inside::default() })) }
    }

    fn look(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Labels that came out, as their format.
    pub fn printed(&self) -> Vec<String> {
        self.look().printed.clone()
    }

    pub fn turn(&self, turn: impl FnOnce(&mut PrinterKnobs)) {
        turn(&mut self.look().knobs);
    }

    /// A person puts in a roll with so many labels.
    pub fn refill(&self, labels: u32) {
        self.look().knobs.paper = Some(labels);
    }

    /// Turns one knob of [`Side::Printer`].
    ///
    /// # Errors
    /// A knob that is not there, or a place that it has not.
    pub fn set(&self, name: &str, value: &str) -> Result<(), KnobError> {
        let knob = trouble::find(Side::Printer, name)?;
        self.turn_to(name, value).ok_or_else(|| trouble::refused(knob, value))
    }

    fn turn_to(&self, name: &str, value: &str) -> Option<()> {
        let mut inside = self.look();
        let heard = inside.heard;
        let knobs = &mut inside.knobs;
        let count = |none: &str| if value == none { Some(None) } else { value.parse::<u32>().ok().map(Some) };
        match name {
            "paper" => knobs.paper = count("endless")?,
            "online" => knobs.offline = either(value, "no", "yes")?,
            "head" => knobs.head_open = either(value, "open", "closed")?,
            "paused" => knobs.paused = either(value, "yes", "no")?,
            "breaks" => knobs.breaks_at = count("never")?.map(|label| heard.saturating_add(label)),
            _ => return None,
        }
        Some(())
    }

    /// How a knob stands, as [`MemoryPrinter::set`] would take it. Empty for a knob that is not there.
    pub fn value(&self, name: &str) -> String {
        let inside = self.look();
        let knobs = &inside.knobs;
        let either = |is: bool, yes: &str, no: &str| if is { yes } else { no }.to_owned();
        let left = knobs.breaks_at.and_then(|at| at.checked_sub(inside.heard)).filter(|left| *left > 0);
        match name {
            "paper" => knobs.paper.map_or("endless".to_owned(), |labels| labels.to_string()),
            "online" => either(knobs.offline, "no", "yes"),
            "head" => either(knobs.head_open, "open", "closed"),
            "paused" => either(knobs.paused, "yes", "no"),
            "breaks" => left.map_or("never".to_owned(), |label| label.to_string()),
            _ => String::new(),
        }
    }

    fn lacks(&self) -> Option<PrinterTrouble> {
        let inside = self.look();
        let knobs = &inside.knobs;
        [
            (knobs.offline, PrinterTrouble::Offline),
            (knobs.head_open, PrinterTrouble::HeadOpen),
            (knobs.paper == Some(0), PrinterTrouble::PaperOut),
            (knobs.paused, PrinterTrouble::Paused),
        ]
        .into_iter()
        .find_map(|(is, trouble)| is.then_some(trouble))
    }

    /// Prints a format, or keeps it until there is paper; says whether the connection holds.
    fn take(&self, format: &str) -> bool {
        let mut inside = self.look();
        inside.heard += 1;
        let holds = inside.knobs.breaks_at != Some(inside.heard);
        let copies = format
            .split("^PQ")
            .nth(1)
            .and_then(|rest| rest.split(['^', ',']).next()?.trim().parse::<u32>().ok())
            .unwrap_or(1);
        for _ in 0..copies {
            inside.printed.push(format.to_owned());
            if let Some(left) = &mut inside.knobs.paper {
                *left = left.saturating_sub(1);
            }
        }
        holds
    }

    /// The three strings that the guide shows for `~HS`.
    fn host_status(&self) -> String {
        let inside = self.look();
        let flag = |is: bool| u8::from(is);
        let knobs = &inside.knobs;
        format!(
            "\u{2}014,{paper},{paused},0203,000,0,0,0,000,0,0,0\u{3}\r\n\u{2}001,0,{head},0,1,2,6,0,00000000,1,000\u{3}\r\n\u{2}0000,0\u{3}\r\n",
            paper = flag(knobs.paper == Some(0)),
            paused = flag(knobs.paused),
            head = flag(knobs.head_open),
        )
    }

    /// Serves the printer on a free port of this computer; ends with the returned task.
    ///
    /// # Errors
    /// The system gives no port.
    pub async fn serve(&self) -> std::io::Result<(SocketAddr, tokio::task::JoinHandle<()>)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let printer = self.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let printer = printer.clone();
                tokio::spawn(async move {
                    // A client that goes away is no trouble of the printer's.
                    let _ = printer.converse(stream).await;
                });
            }
        });
        Ok((address, task))
    }

    async fn converse(&self, mut stream: tokio::net::TcpStream) -> std::io::Result<()> {
        let mut heard = String::new();
        let mut bytes = [0; 512];
        loop {
            let count = stream.read(&mut bytes).await?;
            if count == 0 || self.look().knobs.offline {
                return Ok(());
            }
            heard.push_str(&String::from_utf8_lossy(&bytes[..count]));
            loop {
                let format = heard.find("^XZ").map(|end| end + 3);
                let status = heard.find("~HS").map(|end| end + 3);
                match (format, status) {
                    (Some(end), status) if status.is_none_or(|status| end < status) => {
                        let format: String = heard.drain(..end).collect();
                        let slow = self.look().knobs.slow;
                        tokio::time::sleep(slow).await;
                        if !self.take(format.trim()) {
                            return Ok(());
                        }
                    }
                    (_, Some(end)) => {
                        heard.drain(..end);
                        stream.write_all(self.host_status().as_bytes()).await?;
                    }
                    (_, None) => break,
                }
            }
        }
    }
}

#[async_trait]
impl Printer for MemoryPrinter {
    async fn ready(&self) -> Result<(), PrinterError> {
        self.lacks().map_or(Ok(()), |trouble| Err(PrinterError::before(trouble)))
    }

    async fn print(&self, _name: &str, label: &[u8]) -> Result<(), PrinterError> {
        self.ready().await?;
        let slow = self.look().knobs.slow;
        tokio::time::sleep(slow).await;
        match self.take(&String::from_utf8_lossy(label)) {
            true => Ok(()),
            false => Err(PrinterError::maybe(PrinterTrouble::Lost)),
        }
    }
}
