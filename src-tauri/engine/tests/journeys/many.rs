//! Many units at once.

use crate::stage::{Stage, end_of};
use engine::{Outcome, Target};
use sim::{Dialect, fleet};
use std::collections::BTreeSet;
use std::time::Duration;

const DIALECTS: [Dialect; 4] = [Dialect::EdgentArduino, Dialect::ConsoleB, Dialect::Particle, Dialect::Linux];

async fn run_all(stage: &Stage) -> Vec<Outcome> {
    let mut ends = Vec::new();
    for device in stage.world.devices() {
        if device.is_online() {
            continue;
        }
        let target = Target::At { address: device.address() };
        let job = stage.start(stage.recipe(), target).await;
        ends.push(tokio::spawn(end_of(job)));
    }
    let mut outcomes = Vec::new();
    for end in ends {
        outcomes.push(end.await.expect("every job ends").outcome);
    }
    outcomes
}

#[tokio::test(start_paused = true)]
async fn forty_units_at_once_get_forty_devices() {
    let stage = Stage::new(fleet(40, &DIALECTS, 7), &[]);
    let outcomes = run_all(&stage).await;
    assert_eq!(outcomes, vec![Outcome::Passed; 40]);
    let state = stage.cloud_state();
    assert_eq!(state.visible_devices().len(), 40);
    assert_eq!(stage.tokens_made(), (40, 0));
    assert!(state.shared_tokens().is_empty());
    let devices: BTreeSet<_> = stage.engine.units().iter().filter_map(|unit| unit.device).collect();
    assert_eq!(devices.len(), 40);
}

#[tokio::test(start_paused = true)]
async fn lost_answers_among_many_leave_neither_ghosts_nor_doubles() {
    let stage = Stage::new(fleet(40, &DIALECTS, 7), &["lost=20%@reserve", "record=at-once"]);
    run_all(&stage).await;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(300)).await;
        stage.engine.reconcile().await;
        if stage.engine.units().iter().all(|unit| unit.outcome == Some(Outcome::Passed)) {
            break;
        }
        run_all(&stage).await;
    }
    let state = stage.cloud_state();
    assert!(stage.world.devices().iter().all(|device| device.is_online()));
    assert_eq!(state.visible_devices().len(), 40);
    assert_eq!(stage.tokens_made().0, 40, "nothing was reserved twice");
    assert!(state.shared_tokens().is_empty());
    assert!(stage.engine.ghosts(false).await.is_empty());
}
