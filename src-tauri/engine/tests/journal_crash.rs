//! What was acknowledged is there after the process was killed at any moment, and the chain is intact.
//!
//! Runs itself as the process to kill. Killing a process shows that nothing waits in its memory; that the disk keeps
//! what it was given when the power fails is SQLite's promise (`synchronous = FULL`), not shown here.

use engine::record::Journal;
use engine::{JobEvent, JobId, Outcome, Step};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const CHILD: &str = "FIRSTLIGHT_TEST_CRASHING_WRITER";
const ROUNDS: usize = 25;

fn main() {
    if let Some(dir) = std::env::var_os(CHILD) {
        write_until_killed(Path::new(&dir));
    }
    acknowledged_facts_survive_a_kill();
    writeln!(std::io::stdout(), "test acknowledged_facts_survive_a_kill ... ok ({ROUNDS} kills)")
        .expect("standard output is open");
}

fn event(n: usize) -> JobEvent {
    match n % 3 {
        0 => JobEvent::StepBegan { step: Step::Deliver },
        1 => JobEvent::Delivered { token_carried: true },
        _ => JobEvent::Finished { outcome: Outcome::Unknown, fault: None },
    }
}

/// Several tasks append at once, so that commits are shared; each fact is told on standard output once it is
/// acknowledged.
fn write_until_killed(dir: &Path) -> ! {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    runtime.block_on(async {
        let journal = Journal::open(dir).expect("the process before is dead");
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let journal = journal.clone();
            writers.spawn(async move {
                let job = JobId(uuid::Uuid::now_v7());
                for n in 0.. {
                    let fact = journal.append(job, event(n)).await.expect("a good disk");
                    writeln!(std::io::stdout().lock(), "{}", fact.seq).expect("somebody listens");
                }
            });
        }
        writers.join_all().await;
    });
    unreachable!("the writers have no end")
}

fn acknowledged_facts_survive_a_kill() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut before = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program runs");
        let mut told = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        // A different moment each time: after so many lines, while others are being written.
        let mut acknowledged = 0_u64;
        for _ in 0..1 + (round * 37) % 200 {
            let line = told.next().expect("it writes until it is killed").expect("readable");
            acknowledged = acknowledged.max(line.parse().expect("a number"));
        }
        child.kill().expect("it runs");
        child.wait().expect("it was killed");
        // What was still in the pipe was acknowledged as well; the last line may be cut.
        for line in told.map_while(Result::ok) {
            acknowledged = acknowledged.max(line.parse().unwrap_or(0));
        }
        let journal = Journal::open(dir.path()).expect("the process is dead, its lock is gone");
        let verified = journal.verify().expect("the chain is intact");
        assert!(verified.facts >= acknowledged, "{acknowledged} acknowledged, {} there", verified.facts);
        assert!(verified.facts > before, "each round adds facts");
        assert_eq!(journal.facts().expect("readable").len() as u64, verified.facts);
        before = verified.facts;
    }
}
