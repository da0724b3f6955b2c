//! Firstlight beside the reference clients of Improv, on the same simulated devices in one run; printed, never asserted.
//!
//! Serial: the official JavaScript client (npm `improv-wifi-serial-sdk`) on a pty. BLE: `py-improv-ble-client` (PyPI) on a
//! simulated device behind a socket, in the place of its Bluetooth library; ours goes over the same socket. A time runs
//! from opening the port to the word that the device is on the network; starting the interpreter is not counted.
//! `cargo xtask bench peers` installs the two into `target/peers` and says where they are; without them only ours is shown.
//!
//! Not here: what our own unit costs with a cloud and a journal (`unit.rs`).

use async_trait::async_trait;
use link::{Contact, Link, LinkError, Medium};
use proto::{
    Address, Advert, Answer, Ask, Delivery, Driver, DriverSettings, FollowEnd, MediumKind, Opened, Packet,
    Secret, SerialAdvert, Transmit, Wifi,
};
use sim::air::{PRACTICE_PASSWORD, PRACTICE_SSID};
use sim::trouble::Trouble;
use sim::{DeviceSpec, Dialect, World, WorldSettings};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const RUNS: u32 = 15;
/// Longer than any client waits by itself.
const BOUND: Duration = Duration::from_secs(120);

/// One device for both clients, and whether it joins its network in the end.
struct Case {
    name: &'static str,
    faults: &'static [&'static str],
    joins: bool,
}

const fn case(name: &'static str, faults: &'static [&'static str]) -> Case {
    Case { name, faults, joins: true }
}

const SERIAL: &[Case] = &[
    case("deaf for 2.5 s after opening", &["deaf=2500"]),
    case("refuses device info", &["info=refused"]),
    case("log noise between frames", &["logs=heavy"]),
    case("bytes one by one", &["pieces=1"]),
    case("without the spare zero", &["spare-zero=no"]),
    case("no page", &["pages=0"]),
    case("two pages", &["pages=2"]),
    case("an error that a success follows", &["early-error=yes"]),
    case("restarts in the middle", &["restart=middle"]),
    Case { joins: false, ..case("wrong password", &["outcome=wrong-password"]) },
];

const BLE: &[Case] = &[
    case("results cut at MTU 23", &["mtu=23"]),
    case("result before state", &["order=result-first"]),
    case("refuses device info", &["info=refused"]),
    case("no page", &["pages=0"]),
    case("button pressed after 4 s", &["button=4000"]),
    case("an error that a success follows", &["early-error=yes"]),
    Case { joins: false, ..case("wrong password", &["outcome=wrong-password"]) },
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let peers = std::env::var_os("FIRSTLIGHT_PEERS").map(PathBuf::from);
        compare("serial", Dialect::ImprovSerial, SERIAL, peers.as_deref()).await;
        compare("ble", Dialect::ImprovBle, BLE, peers.as_deref()).await;
    });
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output is open");
}

/// What a client made of a device.
struct Attempt {
    took: Duration,
    /// `None`: it says that the device is on the network.
    error: Option<String>,
}

async fn compare(medium: &str, dialect: Dialect, cases: &[Case], peers: Option<&Path>) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 1..=RUNS {
        ours.push(ours_on(&Bench::new(dialect, number, &[], 0.0).await).await.took);
        if let Some(peers) = peers {
            theirs.push(theirs_on(&Bench::new(dialect, number, &[], 0.0).await, peers).await.took);
        }
    }
    say(&format!("peers_{medium}_ours_p50 {:.1} ms", median(&mut ours)));
    if !theirs.is_empty() {
        say(&format!("peers_{medium}_theirs_p50 {:.1} ms", median(&mut theirs)));
    }
    for (number, case) in (100..).zip(cases) {
        let mut line = format!("peers_{medium}_case \"{}\":", case.name);
        let mine = ours_on(&Bench::new(dialect, number, case.faults, 0.1).await).await;
        line += &format!(" ours {}", verdict(case, &mine));
        if let Some(peers) = peers {
            let other = theirs_on(&Bench::new(dialect, number, case.faults, 0.1).await, peers).await;
            line += &format!(", theirs {}", verdict(case, &other));
        }
        say(&line);
    }
}

fn verdict(case: &Case, attempt: &Attempt) -> String {
    let right = attempt.error.is_none() == case.joins;
    let took = format!("{:.1} s", attempt.took.as_secs_f64());
    match (right, &attempt.error) {
        (true, _) => format!("right ({took})"),
        (false, Some(error)) => format!("WRONG ({took}: {error})"),
        (false, None) => format!("WRONG ({took}: says that it joined)"),
    }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// One simulated device, where both clients find it.
enum Bench {
    Pty(Box<sim::pty::SerialDevice>),
    /// A device whose link is offered on a port of this computer, one connection after another.
    Socket {
        port: u16,
        mtu: u16,
        _world: Arc<World>,
    },
}

impl Bench {
    async fn new(dialect: Dialect, number: u32, faults: &[&str], scale: f64) -> Bench {
        let mut trouble = Trouble::of(faults.iter().copied()).expect("knobs of the simulator");
        trouble.scale = scale;
        let mtu = trouble.mtu;
        let spec = DeviceSpec::new(dialect, number).trouble(trouble);
        if dialect.medium() == MediumKind::Serial {
            return Bench::Pty(Box::new(sim::pty::serial(spec, sim::pty::Reach::Nowhere).expect("a pty")));
        }
        let settings = WorldSettings { devices: vec![spec], ..WorldSettings::default() };
        let world = Arc::new(World::new(settings));
        let medium = world.medium(MediumKind::Ble);
        let mut sightings = medium.watch().await.expect("it watches");
        let sighting = futures::StreamExt::next(&mut sightings).await.expect("one").expect("no error");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback listens");
        let port = listener.local_addr().expect("it has one").port();
        let (address, advert) = (sighting.address, sighting.advert);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A radio does not wait for more to send either.
                let _ = stream.set_nodelay(true);
                let wiring = driver().wiring(&advert);
                if let Ok(link) = medium.open(&address, &wiring).await {
                    offer(stream, link).await;
                }
            }
        });
        Bench::Socket { port, mtu, _world: world }
    }
}

fn driver() -> &'static dyn Driver {
    proto::driver("improv").expect("it is there")
}

async fn ours_on(bench: &Bench) -> Attempt {
    let began = Instant::now();
    let error =
        tokio::time::timeout(BOUND, provision(bench)).await.unwrap_or_else(|_| Err("too long".to_owned()));
    Attempt { took: began.elapsed(), error: error.err() }
}

async fn provision(bench: &Bench) -> Result<(), String> {
    fn said(error: impl std::fmt::Display) -> String {
        error.to_string()
    }
    let link: Box<dyn Link> = match bench {
        Bench::Pty(device) => {
            let advert = Advert::Serial(SerialAdvert::default());
            let address = Address::Serial(device.port().to_string_lossy().into_owned());
            let medium = link::serial::SerialMedium::new(link::serial::SerialSettings::default());
            medium.open(&address, &driver().wiring(&advert)).await.map_err(said)?
        }
        Bench::Socket { port, mtu, .. } => Box::new(Socket::to(*port, *mtu).await.map_err(said)?),
    };
    let settings = DriverSettings::default();
    let mut contact = Contact::new(link, |opened, now| driver().begin(opened, &settings, now));
    let never = CancellationToken::new();
    let mut on_word = |_| {};
    contact.ask(Ask::Identify, &never, &mut on_word).await.map_err(said)?;
    let wifi = Wifi { ssid: PRACTICE_SSID.to_owned(), password: Secret::new(PRACTICE_PASSWORD) };
    let delivery = Delivery { wifi: Some(wifi), token: None, host: "blynk.cloud".to_owned() };
    contact.ask(Ask::Deliver(delivery), &never, &mut on_word).await.map_err(said)?;
    match contact.ask(Ask::Follow, &never, &mut on_word).await.map_err(said)? {
        Answer::Followed(FollowEnd::Connected) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

async fn theirs_on(bench: &Bench, peers: &Path) -> Attempt {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
    let mut command = match bench {
        Bench::Pty(device) => {
            let mut command = Command::new("node");
            command.arg(scripts.join("serial.mjs")).arg(peers.join("node_modules/improv-wifi-serial-sdk"));
            command.arg(device.port());
            command
        }
        Bench::Socket { port, .. } => {
            let mut command = Command::new("python3");
            command.arg(scripts.join("ble.py")).arg(port.to_string()).env("PYTHONPATH", peers.join("python"));
            command
        }
    };
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match piped.args([PRACTICE_SSID, PRACTICE_PASSWORD]).spawn() {
        Ok(child) => child,
        Err(error) => return Attempt { took: Duration::ZERO, error: Some(error.to_string()) },
    };
    let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let reading = tokio::task::spawn_blocking(move || {
        let (mut told, mut why) = (String::new(), String::new());
        // What cannot be read is no answer, and is shown as such.
        let _ = out.read_to_string(&mut told).and_then(|_| err.read_to_string(&mut why));
        (told, why)
    });
    let read = tokio::time::timeout(BOUND, reading).await;
    let _ = child.kill();
    let _ = child.wait();
    let Ok(Ok((told, why))) = read else {
        return Attempt { took: BOUND, error: Some("never ends".to_owned()) };
    };
    match serde_json::from_str::<serde_json::Value>(told.trim()) {
        Ok(told) => Attempt {
            took: Duration::from_secs_f64(told["ms"].as_f64().unwrap_or_default() / 1000.0),
            error: told["error"].as_str().map(str::to_owned),
        },
        Err(_) => {
            let why = why.lines().last().unwrap_or("no word").to_owned();
            Attempt { took: Duration::ZERO, error: Some(why) }
        }
    }
}

/// A device's link on a socket, one line a packet: `R` read, `W` write; `V` value, `W` written, `N` notified, `X` refused.
async fn offer(stream: TcpStream, mut link: Box<dyn Link>) {
    let (from, mut to) = stream.into_split();
    let mut lines = BufReader::new(from).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { break };
                let Some(transmit) = read_transmit(&line, link.opened()) else { break };
                for piece in transmit {
                    if link.send(piece).await.is_err() {
                        return;
                    }
                }
            }
            packet = link.recv() => {
                let Ok(packet) = packet else { return };
                if to.write_all(format!("{}\n", written(&packet)).as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    }
    link.close().await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()).collect()
}

/// A longer value is cut as a system's stack cuts it.
fn read_transmit(line: &str, opened: &Opened) -> Option<Vec<Transmit>> {
    let mut words = line.split(' ');
    let (kind, channel) = (words.next()?, words.next()?.parse().ok()?);
    match kind {
        "R" => Some(vec![Transmit::Read { channel }]),
        "W" => {
            let bytes = unhex(words.next().unwrap_or_default())?;
            let most = usize::from(opened.mtu.max(23)) - 3;
            Some(bytes.chunks(most).map(|piece| Transmit::Write { channel, bytes: piece.to_vec() }).collect())
        }
        _ => None,
    }
}

fn written(packet: &Packet) -> String {
    match packet {
        Packet::Bytes(bytes) => format!("B - {}", hex(bytes)),
        Packet::Notified { channel, bytes } => format!("N {channel} {}", hex(bytes)),
        Packet::Value { channel, bytes } => format!("V {channel} {}", hex(bytes)),
        Packet::Written { channel } => format!("W {channel}"),
        Packet::Refused { channel, .. } => format!("X {channel}"),
    }
}

/// Our side of that socket.
struct Socket {
    opened: Opened,
    lines: tokio::io::Lines<BufReader<tokio::net::tcp::OwnedReadHalf>>,
    to: tokio::net::tcp::OwnedWriteHalf,
}

impl Socket {
    async fn to(port: u16, mtu: u16) -> std::io::Result<Socket> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (from, to) = stream.into_split();
        // What a system finds when it has connected.
        let channels = (1..=5).map(|number| proto::Channel {
            service: proto::improv::ble::SERVICE,
            characteristic: uuid::Uuid::from_u128(0x00467768_6228_2272_4663_277478268000 + number),
            description: None,
        });
        let opened = Opened { mtu, channels: channels.collect() };
        Ok(Socket { opened, lines: BufReader::new(from).lines(), to })
    }
}

#[async_trait]
impl Link for Socket {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    async fn send(&mut self, transmit: Transmit) -> Result<(), LinkError> {
        let line = match transmit {
            Transmit::Read { channel } => format!("R {channel}\n"),
            Transmit::Write { channel, bytes } => format!("W {channel} {}\n", hex(&bytes)),
            Transmit::Bytes(_) => return Err(LinkError::Lost),
        };
        self.to.write_all(line.as_bytes()).await.map_err(|_| LinkError::Lost)
    }

    async fn recv(&mut self) -> Result<Packet, LinkError> {
        loop {
            let line = self.lines.next_line().await.ok().flatten().ok_or(LinkError::Lost)?;
            let mut words = line.split(' ');
            let kind = words.next().unwrap_or_default();
            let channel = words.next().and_then(|text| text.parse().ok()).ok_or(LinkError::Lost)?;
            let bytes = words.next().and_then(unhex).unwrap_or_default();
            return Ok(match kind {
                "N" => Packet::Notified { channel, bytes },
                "V" => Packet::Value { channel, bytes },
                "W" => Packet::Written { channel },
                "X" => Packet::Refused { channel, att_error: None },
                _ => continue,
            });
        }
    }

    async fn close(mut self: Box<Self>) {
        // The other end notices.
        let _ = self.to.shutdown().await;
    }
}
