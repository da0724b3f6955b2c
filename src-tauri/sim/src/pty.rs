//! A simulated serial device on a real pty, for the real serial code: real bytes, real time.
//!
//! The device notices when a program opens and closes the port, as one behind a USB bridge does by its control lines.
//! After delivery it checks in at a cloud over loopback HTTP, or at a state in the same process. Not here: what it says.

use crate::air::workshop;
use crate::cloud::{CloudState, Hardware, Login};
use crate::device::{Deed, DeviceSpec, Dialect, Firmware, Heard, Kept, firmware};
use crate::trouble::{KnobError, Trouble};
use crate::world::{fits, now};
use rustix::fd::OwnedFd;
use rustix::fs::OFlags;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

/// How long the line may be full before what is said is lost, as it is on a UART that nobody reads.
const FULL_LIMIT: Duration = Duration::from_millis(500);
/// How long a device tries to reach its cloud (section 3.7 of the device protocols), and how often.
const CLOUD_LIMIT: Duration = Duration::from_secs(50);
const CLOUD_PAUSE: Duration = Duration::from_secs(1);

/// Where a device finds its cloud.
#[derive(Debug, Clone)]
pub enum Reach {
    /// A practice cloud over plain HTTP, `http://127.0.0.1:PORT`.
    Url(String),
    /// A cloud in the same process.
    State(CloudState),
    /// Nowhere: it gets as far as the network.
    Nowhere,
}

/// A device that lives on a pty until this value is dropped.
#[derive(Debug)]
pub struct SerialDevice {
    spec: DeviceSpec,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    port: Mutex<PathBuf>,
    kept: Mutex<Kept>,
    trouble: Mutex<Option<Trouble>>,
    nudge: Notify,
}

impl SerialDevice {
    /// Path of its port. It can change when the device was away.
    pub fn port(&self) -> PathBuf {
        self.shared.port.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its hardware address; consoles tell it, Improv and Espressif do not.
    pub fn unit(&self) -> &str {
        &self.spec.mac
    }

    pub fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    /// What it remembers.
    pub fn kept(&self) -> Kept {
        self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces its trouble from now on.
    pub fn set_trouble(&self, trouble: Trouble) {
        *self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(at_large(trouble));
        self.shared.nudge.notify_one();
    }

    /// Lives until the process ends.
    pub async fn run(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for SerialDevice {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A device that stands alone knows no place of its own: networks that it has never heard of let it in too, unless the
/// knob `place` says otherwise.
fn at_large(mut trouble: Trouble) -> Trouble {
    trouble.foreign_networks.get_or_insert(true);
    trouble
}

/// The specification that `practice device serial` uses: distinct for each process.
pub fn spec<'a>(
    dialect: Dialect,
    faults: impl IntoIterator<Item = &'a str>,
) -> Result<DeviceSpec, KnobError> {
    let mut trouble = Trouble { scale: 0.2, ..Trouble::default() };
    for fault in faults {
        let (name, value) = crate::trouble::parse_pair(fault)?;
        trouble.set(name, value)?;
    }
    Ok(DeviceSpec::new(dialect, std::process::id() & 0x00FF_FFFF).trouble(trouble))
}

/// Puts a serial device on a new pty. Needs a runtime with I/O and time; a device of a BLE dialect is refused.
pub fn serial(spec: DeviceSpec, reach: Reach) -> io::Result<SerialDevice> {
    if spec.dialect.medium() != proto::MediumKind::Serial {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this dialect is not spoken on serial lines",
        ));
    }
    if let Reach::Url(url) = &reach {
        authority(url)?;
    }
    let spec = DeviceSpec { trouble: at_large(spec.trouble.clone()), ..spec };
    let line = PtyLine::open()?;
    let shared = Arc::new(Shared {
        port: Mutex::new(line.path.clone()),
        kept: Mutex::new(Kept::default()),
        trouble: Mutex::new(None),
        nudge: Notify::new(),
    });
    let machine = firmware(&spec, Arc::new(workshop()));
    let (answers, answered) = mpsc::unbounded_channel();
    let life = Life {
        spec: spec.clone(),
        machine,
        reach,
        shared: shared.clone(),
        line: Some(line),
        back: None,
        opens: 0,
        out: VecDeque::new(),
        answers,
    };
    let task = tokio::spawn(life.live(answered));
    Ok(SerialDevice { spec, shared, task })
}

/// Both ends of a pty. Ours keeps the far end open too, so that the line outlives the programs that use it.
struct PtyLine {
    near: AsyncFd<OwnedFd>,
    far: OwnedFd,
    path: PathBuf,
    watch: Watch,
}

impl PtyLine {
    fn open() -> io::Result<PtyLine> {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&near)?;
        unlockpt(&near)?;
        let path = PathBuf::from(ptsname(&near, Vec::new())?.to_string_lossy().into_owned());
        let far = rustix::fs::open(
            &path,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )?;
        let mut modes = rustix::termios::tcgetattr(&far)?;
        modes.make_raw();
        rustix::termios::tcsetattr(&far, rustix::termios::OptionalActions::Now, &modes)?;
        let flags = rustix::fs::fcntl_getfl(&near)?;
        rustix::fs::fcntl_setfl(&near, flags | OFlags::NONBLOCK)?;
        rustix::io::fcntl_setfd(&near, rustix::io::FdFlags::CLOEXEC)?;
        let watch = Watch::new(&path)?;
        Ok(PtyLine { near: awaited(near)?, far, path, watch })
    }

    /// What nobody has read goes away, as it does on a line that nobody listens to.
    fn forget_unread(&self) {
        let _ = rustix::termios::tcflush(&self.far, rustix::termios::QueueSelector::IFlush);
    }
}

/// Registers a file descriptor with the runtime.
#[expect(
    deprecated,
    reason = "its replacement is `unsafe`, which this workspace forbids; the fault is with types whose descriptor can \
              change or be closed, and an OwnedFd owns the same open descriptor until it is dropped"
)]
fn awaited(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(descriptor)
}

/// A program took the port, or let it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    Opened,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "elsewhere nobody tells of it"))]
    Closed,
}

#[cfg(target_os = "linux")]
struct Watch(AsyncFd<OwnedFd>);

#[cfg(target_os = "linux")]
impl Watch {
    fn new(path: &Path) -> io::Result<Watch> {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        let watch = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let closed = WatchFlags::CLOSE_WRITE | WatchFlags::CLOSE_NOWRITE;
        add_watch(&watch, path, WatchFlags::OPEN | closed)?;
        Ok(Watch(awaited(watch)?))
    }

    /// What happened since the last look, without waiting.
    fn look(&self) -> Vec<Touch> {
        use rustix::fs::inotify::{ReadFlags, Reader};
        let mut space = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(self.0.get_ref(), &mut space);
        let mut touches = Vec::new();
        while let Ok(event) = reader.next() {
            let opened = event.events().contains(ReadFlags::OPEN);
            touches.push(if opened { Touch::Opened } else { Touch::Closed });
        }
        touches
    }

    async fn changed(&self) {
        if let Ok(mut ready) = self.0.readable().await {
            ready.clear_ready();
        }
    }
}

/// Where openings cannot be watched, the port counts as open all the time.
#[cfg(not(target_os = "linux"))]
struct Watch(std::sync::atomic::AtomicBool);

#[cfg(not(target_os = "linux"))]
impl Watch {
    fn new(_path: &Path) -> io::Result<Watch> {
        Ok(Watch(std::sync::atomic::AtomicBool::new(false)))
    }

    fn look(&self) -> Vec<Touch> {
        if self.0.swap(true, std::sync::atomic::Ordering::Relaxed) { Vec::new() } else { vec![Touch::Opened] }
    }

    async fn changed(&self) {
        std::future::pending().await
    }
}

/// A device's life on its line.
struct Life {
    spec: DeviceSpec,
    machine: Box<dyn Firmware>,
    reach: Reach,
    shared: Arc<Shared>,
    /// `None` while it is away.
    line: Option<PtyLine>,
    /// When it comes back (`None`: never), and whether it boots then.
    back: Option<(Instant, bool)>,
    opens: u32,
    out: VecDeque<u8>,
    answers: mpsc::UnboundedSender<Option<Login>>,
}

impl Life {
    async fn live(mut self, mut answered: mpsc::UnboundedReceiver<Option<Login>>) {
        self.machine.boot(now());
        loop {
            self.touch();
            self.act().await;
            let wake_at = [self.machine.wake_at(), self.back.map(|(at, _)| at)].into_iter().flatten().min();
            tokio::select! {
                bytes = read(self.line.as_ref()) => {
                    // Whoever writes has opened before.
                    self.touch();
                    let _ = self.machine.hear(Heard::Bytes(bytes), now());
                }
                () = changed(self.line.as_ref()) => {}
                answer = answered.recv() => {
                    if let Some(answer) = answer {
                        self.machine.logged_in(answer, now());
                    }
                }
                () = sleep_until(wake_at) => {}
                () = self.shared.nudge.notified() => {}
            }
        }
    }

    /// Notices who opened and closed the port.
    fn touch(&mut self) {
        if let Some(trouble) = self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.machine.set_trouble(trouble);
        }
        let Some(line) = &self.line else { return };
        for touch in line.watch.look() {
            match touch {
                Touch::Opened => {
                    self.opens += 1;
                    if self.opens == 1 {
                        line.forget_unread();
                        self.machine.link_opened(0, now());
                    }
                }
                Touch::Closed => {
                    self.opens = self.opens.saturating_sub(1);
                    if self.opens == 0 {
                        self.machine.link_closed(now());
                        self.out.clear();
                    }
                }
            }
        }
    }

    async fn act(&mut self) {
        let now = now();
        if let Some((at, boots)) = self.back
            && at <= now
        {
            self.back = None;
            if let Ok(line) = PtyLine::open() {
                *self.shared.port.lock().unwrap_or_else(PoisonError::into_inner) = line.path.clone();
                self.line = Some(line);
            }
            if boots {
                self.machine.boot(now);
            }
        }
        self.machine.wake(now);
        // What it says may be read at once, so what it remembers is shown before.
        self.show();
        while let Some(deed) = self.machine.poll(now) {
            match deed {
                Deed::Say(bytes) => {
                    // Piece by piece, so that pieces stay pieces on the line.
                    self.out.extend(bytes);
                    self.flush().await;
                }
                Deed::Notify { .. } | Deed::Value { .. } => {}
                Deed::DropLink => self.leave(),
                Deed::Vanish { comes_back } => {
                    self.leave();
                    self.back = comes_back.map(|time| (now + time, false));
                }
                Deed::Restart { takes } => {
                    self.leave();
                    self.back = Some((now + takes, true));
                }
                Deed::LogIn { token, host } => self.log_in(token, &host),
                Deed::LogOut { token } => self.log_out(token),
            }
        }
        self.show();
    }

    fn show(&self) {
        *self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner) = self.machine.kept();
    }

    fn leave(&mut self) {
        if self.line.take().is_some() && self.opens > 0 {
            self.machine.link_closed(now());
        }
        self.opens = 0;
        self.out.clear();
    }

    async fn flush(&mut self) {
        let Some(line) = &self.line else {
            self.out.clear();
            return;
        };
        while !self.out.is_empty() {
            let Ok(Ok(mut ready)) = tokio::time::timeout(FULL_LIMIT, line.near.writable()).await else {
                self.out.clear();
                return;
            };
            let bytes = self.out.make_contiguous();
            match ready.try_io(|near| rustix::io::write(near.get_ref(), bytes).map_err(io::Error::from)) {
                Ok(Ok(written)) => {
                    self.out.drain(..written);
                }
                Ok(Err(_)) => {
                    self.out.clear();
                    return;
                }
                Err(_would_block) => {}
            }
        }
    }

    fn log_in(&self, token: String, host: &str) {
        let (answers, hardware, mac) = (self.answers.clone(), self.spec.hardware(), self.spec.mac.clone());
        // Whoever waits for the answer may be gone; then nobody needs it.
        let tell = move |answer| {
            let _ = answers.send(answer);
        };
        match &self.reach {
            Reach::Nowhere => tell(None),
            Reach::State(state) => {
                let login = if same_server(host, &state.host()) {
                    state.weather(crate::cloud::Call::CheckIn);
                    state.log_in(&token, hardware, Some(&mac))
                } else {
                    Login::Refused
                };
                tell(Some(login));
            }
            Reach::Url(url) => {
                let url = url.clone();
                let name = authority(&url).map(|authority| authority.to_owned()).unwrap_or_default();
                if !same_server(host, &name) {
                    // Another server does not know this token.
                    return tell(Some(Login::Refused));
                }
                tokio::spawn(async move { tell(check_in(&url, &token, &hardware, &mac).await) });
            }
        }
    }

    fn log_out(&self, token: String) {
        match &self.reach {
            Reach::Nowhere => {}
            Reach::State(state) => state.log_out(&token),
            Reach::Url(url) => {
                let url = url.clone();
                tokio::spawn(async move {
                    // A connection that ends without a word is noticed by the cloud or it is not.
                    let _ = get(&url, &format!("/practice/disconnect?token={}", encoded(&token))).await;
                });
            }
        }
    }
}

async fn read(line: Option<&PtyLine>) -> Vec<u8> {
    let Some(line) = line else { return std::future::pending().await };
    let mut space = [0u8; 4096];
    loop {
        let Ok(mut ready) = line.near.readable().await else { return std::future::pending().await };
        match ready.try_io(|near| rustix::io::read(near.get_ref(), &mut space).map_err(io::Error::from)) {
            Ok(Ok(count)) if count > 0 => return space[..count].to_vec(),
            // Nothing more will come of a line that is broken.
            Ok(_) => return std::future::pending().await,
            Err(_would_block) => {}
        }
    }
}

async fn changed(line: Option<&PtyLine>) {
    match line {
        Some(line) => line.watch.changed().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

// ---- a device's own small HTTP client

/// Names of this computer mean the same server here.
fn same_server(told: &str, cloud: &str) -> bool {
    fits(told, cloud) || is_loopback(told) && is_loopback(cloud)
}

fn is_loopback(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or("");
    name.eq_ignore_ascii_case("localhost") || name.starts_with("127.")
}

/// `HOST:PORT` of a plain HTTP URL.
fn authority(url: &str) -> io::Result<&str> {
    url.strip_prefix("http://")
        .map(|rest| rest.split('/').next().unwrap_or(rest))
        .filter(|authority| !authority.is_empty())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the cloud's URL must begin with http://"))
}

/// Tries until the cloud answers or the device's patience is over.
async fn check_in(url: &str, token: &str, hardware: &Hardware, mac: &str) -> Option<Login> {
    let mut path = String::from("/external/api/provision?token=");
    path.push_str(&encoded(token));
    let told = [
        ("templateId", hardware.template.as_str()),
        ("ver", &hardware.version),
        ("fwType", &hardware.fw_type),
        ("build", &hardware.build),
        ("boType", &hardware.board),
        ("blVer", &hardware.library),
        ("type", "MCU"),
        ("hardware", mac),
        ("hotspotName", hardware.hotspot_name.as_deref().unwrap_or("")),
        ("deviceUid", hardware.uid.as_deref().unwrap_or("")),
    ];
    for (name, value) in told.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(path, "&{name}={}", encoded(value));
    }
    let deadline = tokio::time::Instant::now() + CLOUD_LIMIT;
    while tokio::time::Instant::now() < deadline {
        match get(url, &path).await {
            Ok(200) => return Some(Login::Accepted { device: 0 }),
            Ok(400..=499) => return Some(Login::Refused),
            Ok(_) | Err(_) => tokio::time::sleep(CLOUD_PAUSE).await,
        }
    }
    None
}

async fn get(url: &str, path: &str) -> io::Result<u16> {
    let authority = authority(url)?;
    let exchange = async {
        let mut stream = TcpStream::connect(authority).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(64 << 10).read_to_end(&mut answer).await?;
        std::str::from_utf8(answer.get(9..12).unwrap_or_default())
            .ok()
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    };
    tokio::time::timeout(Duration::from_secs(10), exchange).await?
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
