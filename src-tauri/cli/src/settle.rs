//! What `reconcile` and `ghosts` share: servers are known from the journal, secrets have to be given again.

use crate::arguments::Common;
use crate::given;
use crate::profiles::Kept;
use crate::state::State;
use crate::world::World;
use api::clouds::{credentials, has_sign_in};
use api::secrets::SecretName;
use engine::Refusal;
use engine::record::{Journal, Ledger};
use engine::work::Engine;

#[derive(Debug)]
pub struct Settling<'a> {
    common: &'a Common,
    state: State,
    journal: Journal,
    ledger: Ledger,
}

impl<'a> Settling<'a> {
    pub fn begin(common: &'a Common) -> Result<Settling<'a>, Refusal> {
        let state = State::of(common)?;
        let journal = state.journal()?;
        let facts = journal.facts().map_err(|error| Refusal::journal(&error))?;
        Ok(Settling { common, state, journal, ledger: Ledger::fold(&facts) })
    }

    pub fn has_open_cases(&self) -> bool {
        !self.ledger.open_cases().is_empty()
    }

    pub fn has_ghosts(&self) -> bool {
        self.ledger.ghosts().next().is_some()
    }

    /// An engine that can ask the clouds of the journal.
    ///
    /// # Errors
    /// A refusal when a secret is missing, before anything is asked.
    pub async fn engine(self) -> Result<Engine, Refusal> {
        let mut secrets = given::secrets(self.common)?;
        let kept = Kept::of(self.common, &self.state, &secrets, None).await?;
        if !self.common.practice && self.needs_given_secrets() {
            if !has_sign_in(&secrets) {
                given::fill(&mut secrets, &[SecretName::ClientId, SecretName::ClientSecret], self.common);
            }
            credentials(&secrets)?;
        }
        let world = World::cloud_only(self.common, kept.clouds(secrets));
        Engine::new(self.journal, world.media, world.clouds)
    }

    /// Whether some job was made without a profile: nothing but this process knows its secrets.
    fn needs_given_secrets(&self) -> bool {
        self.ledger
            .jobs()
            .filter(|(_, job)| job.state.open_case().is_some() || job.state.device.is_some())
            .filter_map(|(_, job)| job.state.recipe.as_ref())
            .any(|recipe| recipe.cloud.profile.is_none())
    }
}
