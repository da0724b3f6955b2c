//! How to reach a label printer: over the network by its raw port, over USB by its device file, as PDF files in a folder.
//!
//! A printer is spoken to only where it was named by a person; nothing is searched for. Not here: what a label says.

#[cfg(target_os = "linux")]
mod usb;

/// Other systems have no device files of printers.
#[cfg(not(target_os = "linux"))]
mod usb {
    pub(super) fn converse(
        _path: &std::path::Path,
        _label: Option<&[u8]>,
    ) -> Result<(), super::PrinterError> {
        Err(super::PrinterError::before(super::PrinterTrouble::Offline))
    }
}

use async_trait::async_trait;
use proto::zpl::{ASK_STATUS, HostStatus, StatusReader};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Until a printer in the same building takes a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Until it takes a label of a few hundred bytes; one with a full buffer does not.
const SEND: Duration = Duration::from_secs(5);
/// Until it says how it is: a status is answered between two labels.
const STATUS: Duration = Duration::from_secs(3);

/// Why no label came out, in one word that a sentence hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrinterTrouble {
    /// Nobody takes the connection: switched off, or another address.
    Offline,
    PaperOut,
    RibbonOut,
    HeadOpen,
    Paused,
    Temperature,
    /// It takes nothing more.
    BufferFull,
    /// The connection went away, or it does not answer.
    Lost,
    /// The system does not let us at it.
    Denied,
    /// The folder for the files cannot be written.
    Folder,
    /// The label's code has letters that the printer cannot encode.
    Unprintable,
}

/// What went wrong, and whether there may be a label all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the printer did not print: {trouble:?}")]
pub struct PrinterError {
    pub trouble: PrinterTrouble,
    /// The label was on its way: only a look at the printer tells.
    pub effect_unknown: bool,
}

impl PrinterError {
    pub fn before(trouble: PrinterTrouble) -> PrinterError {
        PrinterError { trouble, effect_unknown: false }
    }

    pub fn maybe(trouble: PrinterTrouble) -> PrinterError {
        PrinterError { trouble, effect_unknown: true }
    }
}

/// A place where labels come out. Bounded in time by itself.
#[async_trait]
pub trait Printer: Send + Sync {
    /// Whether it would print now.
    async fn ready(&self) -> Result<(), PrinterError>;

    /// Hands one label over; `name` names the file where labels are files. Comes back when the printer has it.
    async fn print(&self, name: &str, label: &[u8]) -> Result<(), PrinterError>;
}

/// What speaks against printing now.
pub fn trouble_of(status: &HostStatus) -> Option<PrinterTrouble> {
    use PrinterTrouble as T;
    [
        (status.head_open, T::HeadOpen),
        (status.paper_out, T::PaperOut),
        (status.ribbon_out, T::RibbonOut),
        (status.too_cold || status.too_hot, T::Temperature),
        (status.paused, T::Paused),
        (status.buffer_full, T::BufferFull),
    ]
    .into_iter()
    .find_map(|(is, trouble)| is.then_some(trouble))
}

/// A printer on the network, by its raw port (usually 9100).
#[derive(Debug, Clone)]
pub struct NetworkPrinter {
    address: SocketAddr,
}

impl NetworkPrinter {
    pub fn new(address: SocketAddr) -> NetworkPrinter {
        NetworkPrinter { address }
    }

    async fn connect(&self) -> Result<tokio::net::TcpStream, PrinterError> {
        match tokio::time::timeout(CONNECT, tokio::net::TcpStream::connect(self.address)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(_)) | Err(_) => Err(PrinterError::before(PrinterTrouble::Offline)),
        }
    }
}

#[async_trait]
impl Printer for NetworkPrinter {
    async fn ready(&self) -> Result<(), PrinterError> {
        let mut stream = self.connect().await?;
        ask(&mut stream).await
    }

    async fn print(&self, _name: &str, label: &[u8]) -> Result<(), PrinterError> {
        let mut stream = self.connect().await?;
        hand_over(&mut stream, label).await?;
        // It answers after it has taken the label in: so we know that it arrived, and that nothing stopped it.
        ask(&mut stream).await.map_err(|error| PrinterError { effect_unknown: true, ..error })?;
        let _ = stream.shutdown().await;
        Ok(())
    }
}

/// A printer on USB, by its device file: on Linux, whose driver has such files.
#[derive(Debug, Clone)]
pub struct UsbPrinter {
    path: PathBuf,
}

impl UsbPrinter {
    pub fn new(path: PathBuf) -> UsbPrinter {
        UsbPrinter { path }
    }

    /// On a thread of its own, since device files are not awaited.
    async fn converse(&self, label: Option<Vec<u8>>) -> Result<(), PrinterError> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || usb::converse(&path, label.as_deref())).await;
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

#[async_trait]
impl Printer for UsbPrinter {
    async fn ready(&self) -> Result<(), PrinterError> {
        self.converse(None).await
    }

    async fn print(&self, _name: &str, label: &[u8]) -> Result<(), PrinterError> {
        self.converse(Some(label.to_vec())).await
    }
}

/// Files in a folder, one for each label.
#[derive(Debug, Clone)]
pub struct FolderPrinter {
    folder: PathBuf,
    extension: &'static str,
}

impl FolderPrinter {
    pub fn new(folder: PathBuf, extension: &'static str) -> FolderPrinter {
        FolderPrinter { folder, extension }
    }
}

#[async_trait]
impl Printer for FolderPrinter {
    async fn ready(&self) -> Result<(), PrinterError> {
        tokio::fs::create_dir_all(&self.folder)
            .await
            .map_err(|_| PrinterError::before(PrinterTrouble::Folder))
    }

    async fn print(&self, name: &str, label: &[u8]) -> Result<(), PrinterError> {
        // A name of a device is no path.
        let safe: String =
            name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
        let path = self.folder.join(format!("{safe}.{}", self.extension));
        let beside = self.folder.join(format!("{safe}.part"));
        let written = async {
            tokio::fs::write(&beside, label).await?;
            tokio::fs::rename(&beside, &path).await
        };
        written.await.map_err(|_: std::io::Error| PrinterError::before(PrinterTrouble::Folder))
    }
}

async fn hand_over(stream: &mut (impl AsyncWrite + Unpin), label: &[u8]) -> Result<(), PrinterError> {
    let sent = async {
        stream.write_all(label).await?;
        stream.flush().await
    };
    match tokio::time::timeout(SEND, sent).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(PrinterError::maybe(PrinterTrouble::Lost)),
    }
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), PrinterError> {
    let lost = PrinterError::before(PrinterTrouble::Lost);
    let answered = async {
        stream.write_all(ASK_STATUS).await.map_err(|_| lost)?;
        stream.flush().await.map_err(|_| lost)?;
        let mut answer = Answered::default();
        let mut bytes = [0; 256];
        loop {
            let count = stream.read(&mut bytes).await.map_err(|_| lost)?;
            if count == 0 {
                return Err(lost);
            }
            if let Some(result) = answer.take(&bytes[..count]) {
                return result;
            }
        }
    };
    tokio::time::timeout(STATUS, answered).await.unwrap_or(Err(lost))
}

/// What a printer says of itself, as it comes in.
#[derive(Debug, Default)]
struct Answered(StatusReader);

impl Answered {
    /// Takes what came; the result, once the answer is whole.
    fn take(&mut self, bytes: &[u8]) -> Option<Result<(), PrinterError>> {
        self.0.take(bytes);
        let status = self.0.status()?;
        Some(trouble_of(&status).map_or(Ok(()), |trouble| Err(PrinterError::before(trouble))))
    }
}
