//! Figures of the journal, printed as `name value unit`; nothing is asserted, since they belong to the machine.
//!
//! Loading is measured in a process of its own (this program again), so that memory is what loading takes.

use cloud::{CloudTime, DeviceId, OrgId, UserId};
use engine::record::Journal;
use engine::record::journal::JOURNAL_FILE;
use engine::*;
use proto::{Address, DeviceIdentity, DeviceWord, MediumKind, Network, Security};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const LOAD: &str = "FIRSTLIGHT_BENCH_LOAD";
/// Jobs that write at once: a busy station.
const WRITERS: usize = 64;
const FACTS_EACH: usize = 500;

fn main() {
    if let Some(dir) = std::env::var_os(LOAD) {
        return load(Path::new(&dir));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    let dir = tempfile::tempdir().expect("a temporary folder");
    runtime.block_on(durable_facts(dir.path()));
    for units in [1_000, 10_000] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        runtime.block_on(fill(dir.path(), units));
        let child = Command::new(std::env::current_exe().expect("this program"))
            .env(LOAD, dir.path())
            .output()
            .expect("this program runs");
        for line in String::from_utf8_lossy(&child.stdout).lines() {
            say(&format!("journal_{units}_units_{line}"));
        }
    }
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output is open");
}

/// Each fact is waited for until it is on disk.
async fn durable_facts(dir: &Path) {
    let journal = Journal::open(dir).expect("a fresh folder");
    let word = || JobEvent::Said { word: DeviceWord::ConnectingNetwork };

    let alone = 300;
    let began = Instant::now();
    let job = JobId(uuid::Uuid::now_v7());
    for _ in 0..alone {
        journal.append(job, word()).await.expect("a good disk");
    }
    say(&format!("journal_one_at_a_time {:.0} facts/s", f64::from(alone) / began.elapsed().as_secs_f64()));

    let began = Instant::now();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let journal = journal.clone();
        writers.spawn(async move {
            let job = JobId(uuid::Uuid::now_v7());
            for _ in 0..FACTS_EACH {
                journal.append(job, word()).await.expect("a good disk");
            }
        });
    }
    writers.join_all().await;
    let facts = (WRITERS * FACTS_EACH) as f64;
    say(&format!("journal_grouped_{WRITERS}_jobs {:.0} facts/s", facts / began.elapsed().as_secs_f64()));
    let began = Instant::now();
    journal.verify().expect("intact");
    say(&format!("journal_verify_{facts}_facts {} ms", began.elapsed().as_millis()));
}

async fn fill(dir: &Path, units: usize) {
    let journal = Journal::open(dir).expect("a fresh folder");
    for unit in 0..units {
        let job = JobId(uuid::Uuid::now_v7());
        let facts = journey(unit).into_iter().map(|event| (job, event)).collect();
        journal.append_all(facts).await.expect("a good disk");
    }
}

fn load(dir: &Path) {
    let began = Instant::now();
    let journal = Journal::open(dir).expect("it was filled");
    let opened = began.elapsed();
    let before = resident_kib();
    let (began, busy) = (Instant::now(), processor_ms());
    let ledger = journal.ledger().expect("intact");
    let folded = began.elapsed();
    if let (Some(before), Some(after)) = (busy, processor_ms()) {
        // The same on a machine that has other things to do as well.
        say(&format!("fold_processor {} ms", after - before));
    }
    say(&format!("facts {} facts", ledger.last_seq()));
    let size = std::fs::metadata(dir.join(JOURNAL_FILE)).expect("it is there").len();
    say(&format!("file {} KiB", size / 1024));
    say(&format!("open {} ms", opened.as_millis()));
    say(&format!("fold {} ms", folded.as_millis()));
    if let (Some(before), Some(after)) = (before, resident_kib()) {
        say(&format!("memory {} KiB", after.saturating_sub(before)));
    }
    let began = Instant::now();
    let open = ledger.open_cases().len() + ledger.ghosts().count();
    say(&format!("open_cases {} us, {open} found", began.elapsed().as_micros()));
}

/// Processor time of this thread, where the system tells it: Linux.
fn processor_ms() -> Option<u64> {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(times.split(' ').next()?.parse::<u64>().ok()? / 1_000_000)
}

/// Where the system tells it: Linux.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

/// What one new unit writes, with as many networks as an office has.
fn journey(unit: usize) -> Vec<JobEvent> {
    let device = DeviceId(i32::try_from(unit).expect("few units"));
    let mac = format!("24:6F:28:{:02X}:{:02X}:{:02X}", unit >> 16 & 255, unit >> 8 & 255, unit & 255);
    let step = |step| JobEvent::StepBegan { step };
    let recipe = Recipe {
        cloud: CloudRef { server: "https://fra1.blynk.cloud".to_owned(), profile: Some("hall".to_owned()) },
        org: OrgId(7),
        owner: UserId(70),
        ssid: Some("Werkstatt".to_owned()),
        driver: "auto".to_owned(),
        token_host: "fra1.blynk.cloud".to_owned(),
        expect_template: Some("TMPL4kZ1qX7aB".to_owned()),
        patience_s: 180,
        name: Some(format!("Pump {unit}")),
        meta: BTreeMap::from([("Serial".to_owned(), format!("SN-{unit:06}"))]),
        device: None,
        carrier: None,
        token_endpoint: None,
        token_template: None,
        token_success: None,
        device_user: None,
    };
    let identity = DeviceIdentity {
        name: Some(format!("Pump {}", &mac[12..])),
        vendor: Some("Blynk".to_owned()),
        template: Some("TMPL4kZ1qX7aB".to_owned()),
        firmware_version: Some("1.4.2".to_owned()),
        board: Some("ESP32".to_owned()),
        mac: Some(mac.clone()),
        ..DeviceIdentity::default()
    };
    let networks = (0..15)
        .map(|n| Network {
            ssid: format!("Office {n}"),
            bssid: Some(format!("02:00:00:00:00:{n:02X}")),
            rssi: Some(-40 - n),
            channel: Some(6),
            security: Security::Personal,
        })
        .collect();
    vec![
        JobEvent::Queued {
            recipe: Box::new(recipe),
            target: Target::At { address: Address::Ble(mac.clone()) },
            origin: Box::default(),
        },
        step(Step::Connect),
        JobEvent::Connected {
            address: Address::Ble(mac.clone()),
            medium: MediumKind::Ble,
            driver: "blynk-inject".to_owned(),
            kept: false,
        },
        step(Step::Identify),
        JobEvent::Identified { unit: UnitId(mac), identity: Box::new(identity), attempt: 1 },
        step(Step::Survey),
        JobEvent::Surveyed { networks },
        step(Step::Reserve),
        JobEvent::ReserveIntended {
            org: OrgId(7),
            owner: UserId(70),
            cloud_time: Some(CloudTime(1_795_414_685_123)),
            newest: Some(device),
        },
        JobEvent::Reserved { device, token_tail: "wxyz".to_owned(), at: Some(CloudTime(1_795_414_685_456)) },
        step(Step::Deliver),
        JobEvent::DeliverIntended {
            device: Some(device),
            token_tail: Some("wxyz".to_owned()),
            ssid: Some("Werkstatt".to_owned()),
            host: "fra1.blynk.cloud".to_owned(),
            baseline: None,
        },
        JobEvent::Delivered { token_carried: true },
        step(Step::Join),
        JobEvent::Said { word: DeviceWord::ConnectingNetwork },
        JobEvent::Said { word: DeviceWord::ConnectingCloud },
        step(Step::Confirm),
        JobEvent::Seen {
            device,
            at: Some(CloudTime(1_795_414_690_000)),
            template: Some("TMPL4kZ1qX7aB".to_owned()),
            firmware: Some("1.4.2".to_owned()),
        },
        step(Step::Describe),
        JobEvent::Described { name: Some(format!("Pump {unit}")), meta: vec!["Serial".to_owned()] },
        JobEvent::Finished { outcome: Outcome::Passed, fault: None },
    ]
}
