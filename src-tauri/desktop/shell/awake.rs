//! No sleep in mid-job: held while work runs, by the means of each system (logind on Linux). A system that knows none of
//! them does as it likes, and the log says so: it is no fault of the job.
//!
//! The calls block, so a thread of its own makes them.

use std::sync::mpsc;

pub struct Awake {
    /// `Some`: stay awake, for this reason.
    wanted: mpsc::Sender<Option<String>>,
}

impl Awake {
    pub fn new() -> Awake {
        let (wanted, wishes) = mpsc::channel::<Option<String>>();
        // Ends with its sender; dropping what is held lets the computer sleep.
        std::thread::spawn(move || {
            let mut held = None;
            for wish in wishes {
                held = wish.and_then(|why| hold(&why));
            }
            drop(held);
        });
        Awake { wanted }
    }

    pub fn keep(&self, why: String) {
        // The thread lives as long as this sender.
        let _ = self.wanted.send(Some(why));
    }

    pub fn release(&self) {
        let _ = self.wanted.send(None);
    }
}

/// The screen may go dark; only the computer must not sleep.
fn hold(why: &str) -> Option<keepawake::KeepAwake> {
    keepawake::Builder::default()
        .idle(true)
        .sleep(true)
        .app_name("Firstlight")
        .app_reverse_domain("io.firstlight.desktop")
        .reason(why)
        .create()
        .inspect_err(|error| tracing::info!(%error, "this computer may fall asleep in mid-job"))
        .ok()
}
