//! A change on the wire is seen in review: one snapshot of JSON per line.

use api::lines;
use api::story::Story;
use cloud::{CloudTime, DeviceId, OrgId, UserId};
use engine::{
    Blame, CloudRef, Fact, Fault, FaultCode, JobEvent, JobId, Outcome, Recipe, Retry, Step, Target, UnitId,
};
use link::{Change, Sighting};
use proto::{Address, Advert, BleAdvert, DeviceIdentity, MediumKind, SerialAdvert, UsbIdentity};
use std::collections::BTreeMap;

fn facts() -> Vec<Fact> {
    let recipe = Recipe {
        cloud: CloudRef { server: "https://fra1.blynk.cloud".into(), profile: None },
        org: OrgId(1),
        owner: UserId(2),
        ssid: Some("Workshop 2G".into()),
        driver: "auto".into(),
        token_host: "fra1.blynk.cloud".into(),
        expect_template: None,
        patience_s: 120,
        name: None,
        meta: BTreeMap::new(),
        device: None,
        carrier: None,
        token_endpoint: None,
        token_template: None,
        token_success: None,
        device_user: None,
    };
    let refused = Fault {
        code: FaultCode::WifiPasswordRefused,
        step: Step::Join,
        blame: Blame::Network,
        retry: Retry::AfterFix,
        device_code: Some(722),
        about: BTreeMap::from([("ssid".to_owned(), "Workshop 2G".to_owned())]),
        chain: "the device reported: invalid_credentials".into(),
    };
    let events = vec![
        (0, JobEvent::Queued { recipe: Box::new(recipe), target: Target::Any, origin: Box::default() }),
        (5, JobEvent::StepBegan { step: Step::Connect }),
        (
            315,
            JobEvent::Connected {
                address: Address::Serial("/dev/ttyUSB0".into()),
                medium: MediumKind::Serial,
                driver: "blynk-console".into(),
                kept: false,
            },
        ),
        (315, JobEvent::StepBegan { step: Step::Identify }),
        (
            357,
            JobEvent::Identified {
                unit: UnitId("24:6F:28:11:22:33".into()),
                identity: Box::new(DeviceIdentity::default()),
                attempt: 2,
            },
        ),
        (360, JobEvent::StepBegan { step: Step::Reserve }),
        (
            400,
            JobEvent::Reserved {
                device: DeviceId(4711),
                token_tail: "xY9_".into(),
                at: Some(CloudTime(1_795_413_446_000)),
            },
        ),
        (410, JobEvent::StepBegan { step: Step::Join }),
        (50_000, JobEvent::Finished { outcome: Outcome::Failed, fault: Some(Box::new(refused)) }),
    ];
    events
        .into_iter()
        .enumerate()
        .map(|(index, (at, event))| Fact {
            seq: index as i64 + 1,
            at: 1_795_413_446_120 + at,
            job: JobId(uuid::Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001)),
            event,
        })
        .collect()
}

fn told() -> String {
    let facts = facts();
    let mut story = Story::new(&facts[0]);
    let mut text = String::new();
    for fact in &facts {
        story.apply(fact);
        text.push_str(&lines::fact(fact, &story));
        text.push('\n');
    }
    text
}

fn sightings() -> String {
    let ble = Sighting {
        change: Change::Came,
        address: Address::Ble("AA:BB:CC:DD:EE:FF".into()),
        advert: Advert::Ble(BleAdvert {
            name: Some("Blynk Pump-K3M7".into()),
            rssi: Some(-58),
            ..BleAdvert::default()
        }),
    };
    let serial = Sighting {
        change: Change::Left,
        address: Address::Serial("/dev/ttyUSB0".into()),
        advert: Advert::Serial(SerialAdvert {
            usb: Some(UsbIdentity {
                vid: 0x303a,
                pid: 0x1001,
                serial: Some("A1".into()),
                product: Some("ESP32".into()),
                manufacturer: None,
                path: Some("1-1.4".into()),
            }),
        }),
    };
    [ble, serial]
        .iter()
        .map(|sighting| {
            // Which driver an advert names is the drivers' own business and tested there.
            let line = lines::SightingLine { driver: None, ..lines::SightingLine::from(sighting) };
            format!("{}\n", lines::line(0, "sighting", &line))
        })
        .collect()
}

/// Compares with the snapshot; set `FIRSTLIGHT_BLESS=1` to write it anew after a wanted change.
fn compare(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("FIRSTLIGHT_BLESS").is_some() {
        std::fs::write(&path, text).expect("the snapshot can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "the wire has changed; see {}", path.display());
}

#[test]
fn a_jobs_facts_and_its_end_are_written_as_the_contract_says() {
    compare("job.jsonl", &told());
}

#[test]
fn sightings_are_written_as_the_contract_says() {
    compare("sightings.jsonl", &sightings());
}
