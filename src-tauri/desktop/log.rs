//! What the app wrote down since it was started, for the support bundle: the last lines, in memory.
//!
//! No type that carries a secret can be formatted, and panics are told by their place. Not here: logs of the command line,
//! which go to standard error.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use tracing_subscriber::EnvFilter;

/// More than a day of an idle app, and the last minutes of a busy one; well under a megabyte.
const MOST: usize = 4000;

/// Our own decisions, and the libraries' warnings: they might print what passes through them.
const LEVELS: &str = "warn,firstlight=info,engine=info,cloud=info,link=info,proto=info,sim=warn,api=info";

static LINES: OnceLock<Mutex<VecDeque<String>>> = OnceLock::new();

fn held() -> MutexGuard<'static, VecDeque<String>> {
    LINES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lines so far, oldest first.
pub fn lines() -> Vec<String> {
    held().iter().cloned().collect()
}

fn keep(line: String) {
    let mut lines = held();
    if lines.len() == MOST {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// From now on everything is kept. Where somebody has begun already (a test), nothing changes.
pub fn begin() {
    let begun = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(LEVELS).unwrap_or_default())
        .with_writer(|| Line)
        .with_ansi(false)
        .try_init();
    if begun.is_err() {
        return;
    }
    // A panic may quote what a device or a cloud sent, or a secret: its place is enough.
    std::panic::set_hook(Box::new(|panic| {
        if panic.location().is_some_and(|place| link::is_harmless_panic(place.file())) {
            return keep("DEBUG a stream of the BLE library ended amid signals".to_owned());
        }
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        keep(format!("ERROR a mistake of our own at {}", place.as_deref().unwrap_or("an unknown place")));
    }));
}

/// One event is written in one go.
struct Line;

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        keep(String::from_utf8_lossy(bytes).trim_end().to_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_a_panic_is_told_by_its_place() {
        begin();
        tracing::warn!(target: "firstlight", "a warning of ours");
        let _ = std::panic::catch_unwind(|| panic!("canary-panic-3"));
        let _ = std::panic::take_hook();
        let lines = lines();
        assert!(lines.iter().any(|line| line.contains("a warning of ours")), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("a mistake of our own at")), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("canary")));
        for n in 0..MOST {
            keep(format!("line {n}"));
        }
        assert_eq!(super::lines().len(), MOST);
        assert_eq!(super::lines()[0], "line 0");
    }
}
