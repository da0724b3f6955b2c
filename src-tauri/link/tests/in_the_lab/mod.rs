//! Runs the tests of the lab one after the other, as they share its air.

mod ble;
mod usb;

use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the failed tests said, for the end of the report: the part of a long log that is kept.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Panics of background tasks: BlueZ's library has one that it may throw at any time (0052, 2).
static PANICS_IN_THE_BACKGROUND: AtomicUsize = AtomicUsize::new(0);

type Test = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()>>>);

/// Where we run: a lab says so in this variable, as `fake`, `bluez` or `usb`.
const PLACE: &str = "FIRSTLIGHT_LAB";

#[expect(clippy::print_stdout, reason = "a test program reports to whoever runs it")]
pub fn main() -> ExitCode {
    let place = std::env::var(PLACE).unwrap_or_default();
    let tests: Vec<Test> = match place.as_str() {
        "fake" | "bluez" => ble::TESTS.to_vec(),
        "usb" => usb::TESTS.to_vec(),
        _ => {
            let count = ble::TESTS.len() + usb::TESTS.len();
            println!("Not in the Bluetooth lab (cargo xtask lab): 0 passed, 0 failed, {count} skipped");
            return ExitCode::SUCCESS;
        }
    };
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    std::panic::set_hook(Box::new(|panic| {
        if std::thread::current().name() == Some("bluetooth") {
            PANICS_IN_THE_BACKGROUND.fetch_add(1, Ordering::Relaxed);
        } else {
            SAID.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string());
        }
        println!("panic in {:?}: {panic}", std::thread::current().name().unwrap_or("a thread"));
    }));
    let (mut passed, mut failed) = (0, Vec::new());
    for (name, test) in tests.into_iter().filter(|(name, _)| is_wanted(name)) {
        println!("test {name} ...");
        let start = Instant::now();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(test())));
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        println!("test {name} ... {word} ({} ms)", start.elapsed().as_millis());
        let said = std::mem::take(&mut *SAID.lock().unwrap_or_else(PoisonError::into_inner));
        match result {
            Ok(()) => passed += 1,
            Err(_) => failed.push((name, said.join("\n"))),
        }
    }
    let panics = PANICS_IN_THE_BACKGROUND.load(Ordering::Relaxed);
    println!("background panics survived: {panics}");
    println!("lab ({place}): {passed} passed, {} failed, 0 skipped", failed.len());
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        for (name, said) in failed {
            println!("failed: {name}\n{said}");
        }
        ExitCode::FAILURE
    }
}

/// Looks at or steers the simulated peripherals.
fn control(query: serde_json::Value) -> serde_json::Value {
    let path = std::env::var("BLESIM_SOCKET").unwrap_or_else(|_| "/run/blesim.sock".to_owned());
    let mut socket = UnixStream::connect(path).expect("the simulation");
    writeln!(socket, "{query}").expect("the simulation");
    let mut answer = String::new();
    BufReader::new(socket).read_line(&mut answer).expect("the simulation");
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON of the simulation");
    assert!(answer.get("error").is_none(), "{query}: {answer}");
    answer["ok"].clone()
}

/// Waits for what is bound to come, by asking again.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < crate::contract::BOUND, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Runs a program of the lab and gives what it prints.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(program).args(arguments).output().expect("a program of the lab");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    text
}
