//! Profiles as the commands use them: what is kept under a name fills what was not typed.

use crate::arguments::Common;
use crate::state::State;
use api::calls::ProvisionRequest;
use api::clouds::GivenClouds;
use api::secrets::Secrets;
use engine::{Refusal, RefusalCode};

/// What one profile keeps; empty when none was named.
#[derive(Debug, Default)]
pub struct Kept {}

impl Kept {
    pub fn of(_common: &Common, _state: &State, name: Option<&str>) -> Result<Kept, Refusal> {
        match name {
            None => Ok(Kept::default()),
            Some(name) => Err(Refusal::of(RefusalCode::UnknownProfile, &[("profile", name)])),
        }
    }

    pub fn fill(&self, _request: &mut ProvisionRequest, _secrets: &mut Secrets) {}

    /// Server and sign-in, for commands that need no more.
    pub fn fill_cloud(&self, _server: &mut Option<String>, _secrets: &mut Secrets) {}

    pub fn clouds(&self, secrets: Secrets) -> GivenClouds {
        GivenClouds::new(
            secrets,
            Box::new(|name| Err(Refusal::of(RefusalCode::UnknownProfile, &[("profile", name)]))),
        )
    }
}

/// Whether secrets can be kept on this computer.
pub fn keychain_finding() -> crate::checkup::Finding {
    crate::checkup::Finding::skipped("keychain", "Not looked at.")
}
