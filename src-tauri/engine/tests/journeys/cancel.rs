//! A cancel at every step: before the delivery it stops, after it it stops waiting.

use crate::stage::{Stage, device, end_of};
use engine::work::{Fuse, Update};
use engine::{Fact, JobEvent, Outcome, Step, Target};
use sim::Dialect;

const STEPS: [Step; 7] =
    [Step::Connect, Step::Identify, Step::Survey, Step::Reserve, Step::Deliver, Step::Join, Step::Confirm];

/// A device and a cloud that take a moment for everything, so that there is one in which to cancel.
async fn cancelled_at(dialect: Dialect, step: Step) -> (Stage, Outcome, String) {
    let stage = Stage::new(vec![device(dialect, &["slow=20"])], &["slow=50"]);
    let target = Target::At { address: stage.only_device().address() };
    let mut watching = stage.engine.watch();
    let job = stage.start(stage.recipe(), target).await;
    let cancel = job.canceller();
    let end = tokio::spawn(end_of(job));
    while let Ok((_, update)) = watching.recv().await {
        if matches!(update, Update::Fact(Fact { event: JobEvent::StepBegan { step: begun }, .. }) if begun == step)
        {
            cancel.cancel();
        }
        if matches!(update, Update::Fact(Fact { event: JobEvent::Finished { .. }, .. })) {
            break;
        }
    }
    let end = end.await.expect("the job ended");
    let code = end.code().to_owned();
    (stage, end.outcome, code)
}

#[tokio::test(start_paused = true)]
async fn a_cancel_before_the_delivery_leaves_the_device_untouched_and_after_it_is_unknown() {
    for dialect in [Dialect::EdgentArduino, Dialect::ConsoleB] {
        for step in STEPS {
            let (stage, outcome, code) = cancelled_at(dialect, step).await;
            let words = stage.in_words();
            let delivered = words.contains("hands over");
            let expected = if delivered { Outcome::Unknown } else { Outcome::Skipped };
            assert_eq!(
                (outcome, code.as_str()),
                (expected, "operator.cancelled"),
                "{dialect:?} {step:?}\n{words}"
            );
            assert_eq!(delivered, step >= Step::Deliver, "{step:?}\n{words}");
            assert!(!stage.only_device().is_linked(), "the link is closed: {dialect:?} {step:?}");
            if !delivered {
                assert_eq!(stage.only_device().kept().deliveries, 0);
            }
            // And nothing is lost: what was made is used by the next run.
            tokio::time::sleep(std::time::Duration::from_secs(300)).await;
            stage.engine.reconcile().await;
            if stage.engine.units().iter().all(|unit| unit.outcome != Some(Outcome::Passed)) {
                stage.only_device().enter_configuration();
                assert_eq!(
                    stage.run().await.outcome,
                    Outcome::Passed,
                    "{dialect:?} {step:?}\n{}",
                    stage.in_words()
                );
            }
            assert_eq!(stage.tokens_made().0, 1, "{dialect:?} {step:?}");
            assert_eq!(stage.cloud_state().visible_devices().len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn shutting_down_ends_every_job() {
    let stage = Stage::with(device(Dialect::EdgentArduino, &[]));
    let job = stage.start(stage.recipe(), Target::Any).await;
    stage.engine.shutdown().await;
    assert_eq!(end_of(job).await.code(), "operator.cancelled");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_dies_takes_its_jobs_along() {
    let stage =
        Stage::fused(vec![device(Dialect::EdgentArduino, &[])], &[], Some(Fuse::BeforeActing { facts: 3 }));
    let job = stage.start(stage.recipe(), Target::Any).await;
    assert!(crate::stage::try_end_of(job).await.is_none());
    assert_eq!(stage.facts().len(), 3);
}
