//! Canaries in every secret: nothing that a job writes, tells or formats contains one.

use crate::stage::{Stage, device, end_of};
use engine::{JobSecrets, Target};
use proto::Secret;
use sim::Dialect;
use sim::cloud::Audit;

const CANARY: &str = "CANARY-wifi-password";
const PROOF: &str = "CANARY-proof-of-possession";

#[tokio::test(start_paused = true)]
async fn no_secret_is_written_told_or_formatted() {
    for (dialect, faults) in [
        (Dialect::EdgentArduino, &[][..]),
        (Dialect::EdgentArduino, &["outcome=wrong-password"][..]),
        (Dialect::ConsoleB, &["logs=heavy"][..]),
        (Dialect::ConsoleB, &["outcome=bad-token"][..]),
        (Dialect::Particle, &[][..]),
    ] {
        let stage = Stage::with(device(dialect, faults));
        let mut recipe = stage.recipe();
        recipe.ssid = Some("Canary Net".into());
        let secrets =
            JobSecrets { wifi_password: Some(Secret::new(CANARY)), device_secret: Some(Secret::new(PROOF)) };
        let job = stage.engine.start(recipe, Target::Any, secrets.clone()).await.expect("accepted");
        let end = end_of(job).await;
        let kept = stage.only_device().kept();
        let tokens: Vec<String> = kept
            .token
            .into_iter()
            .chain(stage.cloud_state().all_devices().iter().map(|it| it.token().to_owned()))
            .collect();
        assert!(stage.cloud_state().audit().iter().any(|line| matches!(line, Audit::Reserved { .. })));
        let written = serde_json::to_string(&stage.facts()).expect("facts are plain values");
        let formatted =
            format!("{end:?} {:?} {secrets:?} {:?} {:?}", stage.facts(), stage.engine, stage.engine.units());
        for text in [&written, &formatted] {
            assert!(!text.contains("CANARY"), "{dialect:?} {faults:?}");
            for token in &tokens {
                assert!(!text.contains(token.as_str()), "{dialect:?} {faults:?}: a token is in sight");
            }
        }
    }
}
