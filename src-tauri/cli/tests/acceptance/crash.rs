//! Processes killed at random moments, against a cloud that loses a tenth of its answers: nothing is made twice.
//!
//! `FIRSTLIGHT_KILLS` says how many; a dozen by default, so that every run of the tests has some.

use crate::house::*;
use std::time::Duration;

const UNITS: u32 = 3;

/// A small generator, so that a seed repeats a run as far as the machine allows.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Until nothing is open, or what is open needs a device again.
fn settle(house: &House) {
    let ended = run(&mut house.program(["reconcile"]));
    assert!(matches!(ended.status, Some(0 | 3)), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn killed_at_random_moments_nothing_is_made_twice() {
    let kills: u32 = std::env::var("FIRSTLIGHT_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let mut dice = Dice(20_261_123);
    let house = House::with_cloud(&["lost=10%", "record=at-once"]);
    let devices: Vec<_> = (1..=UNITS).map(|number| house.device(number, &[])).collect();

    for round in 0..kills {
        let device = &devices[(round % UNITS) as usize];
        let running = Running::start(&mut house.provision(&port(device), &["--patience", "5"]));
        // A whole job takes about a second here.
        std::thread::sleep(Duration::from_millis(dice.below(1_300)));
        running.signal_if_alive("KILL");
        running.end();
        settle(&house);
        assert!(house.cloud().all_devices().len() <= UNITS as usize, "round {round}: one too many");
    }

    for device in &devices {
        let passed = (0..20).any(|_| {
            let ended = run(&mut house.provision(&port(device), &["--patience", "5"]));
            let passed = ended.status == Some(0);
            if !passed {
                settle(&house);
            }
            passed
        });
        assert!(passed, "{} never came to first light", device.unit());
    }
    assert_eq!(house.cloud().all_devices().len(), UNITS as usize, "as many cloud devices as units");
    assert!(house.cloud().shared_tokens().is_empty(), "no token on two units");
    let units = run(&mut house.program(["units"]));
    let mut ids: Vec<i64> = units.of("unit").iter().filter_map(|unit| unit["device_id"].as_i64()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), UNITS as usize, "each unit has its own: {}", units.stdout);
    assert_eq!(run(&mut house.program(["log", "verify"])).status, Some(0));
}
