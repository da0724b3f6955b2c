//! A simulated cloud and simulated devices as programs of their own.

use super::Context;
use crate::arguments::Practice;
use crate::ending::Ended;
use engine::{Refusal, RefusalCode};

pub async fn run(_context: &Context, _arguments: &Practice) -> Ended {
    Err(Refusal::of(RefusalCode::Usage, &[("what", "The practice servers are not in this build yet.")]))
}
