//! A trouble that begins in the middle of a batch, for each code that a device has: the line stops and names it, and what it
//! cost until then is bounded by who was on the way.
//!
//! Not here: the same trouble from the first unit on, which costs one token (`batch.rs`).

use crate::batch::{CODES, any, begin, end_of, state, until};
use crate::stage::Stage;
use engine::record::batch::{BatchPhase, FixField};
use engine::work::{BatchOptions, Fix};
use sim::{Dialect, fleet};

const UNITS: usize = 24;
const AT_ONCE: usize = 4;
/// As many in a row are no accident (decision 0111).
const ENOUGH: usize = 5;

#[tokio::test(start_paused = true)]
async fn each_code_that_begins_in_the_middle_stops_the_line_with_its_name_and_all_pass_when_it_is_over() {
    for (number, code) in CODES {
        let stage = Stage::new(fleet(UNITS as u32, &[Dialect::EdgentArduino, Dialect::EdgentIdf], 7), &[]);
        let options = BatchOptions { parallel: Some(AT_ONCE as u32), ..BatchOptions::default() };
        let mut run = begin(&stage, &any(UNITS), options).await;
        until(&stage, &run, |batch| batch.counts().passed >= 6).await;
        for device in stage.world.devices() {
            device.set("outcome", &number.to_string()).expect("a knob");
        }
        until(&stage, &run, |batch| batch.phase == BatchPhase::Stopped).await;
        let stop = state(&stage, &run).stop.expect("it says why");
        assert_eq!((stop.fault.code, stop.fault.device_code), (code, Some(number)));
        assert!(!stop.canary && stop.rows.len() >= ENOUGH, "{number}: {stop:?}");
        // Those that told it, and those that had their token by then; nobody after that.
        let spent = || stage.tokens_made().0 - state(&stage, &run).counts().passed as usize;
        tokio::time::sleep(std::time::Duration::from_secs(300)).await;
        assert!(spent() < ENOUGH + AT_ONCE, "{number}: {} tokens", spent());
        stage.world.devices().iter().for_each(sim::Device::heal);
        run.wishes().go_on(Some(Fix::Outside { field: FixField::Outside }));
        end_of(&mut run).await;
        assert_eq!(state(&stage, &run).counts().passed as usize, UNITS, "{number}");
        assert_eq!(stage.tokens_made().0, UNITS, "{number}: nobody got a second cloud device");
    }
}
