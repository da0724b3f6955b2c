//! Servers, defaults and secrets under a name.

use super::Context;
use crate::arguments::Profile;
use crate::ending::Ended;
use engine::{Refusal, RefusalCode};

pub async fn run(_context: &Context, _arguments: Profile) -> Ended {
    Err(Refusal::of(RefusalCode::Usage, &[("what", "Profiles are not in this build yet.")]))
}
