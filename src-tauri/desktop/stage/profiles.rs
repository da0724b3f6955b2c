//! Profiles of the scene: kept, removed, put to use; and where their secrets are kept.

use super::{Scene, Trouble};
use api::desk::setup::{AuthName, ProfileDraftView, VaultRequest};
use api::secrets::Secrets;
use api::shelf::open_vault;
use cloud::Cloud;
use engine::vault::Vault;
use engine::{Refusal, RefusalCode, Why};
use std::sync::Arc;

impl Scene {
    /// Keeps a profile and puts it to use. Secrets that were not typed again are those with which its cloud was just met, or
    /// those that are kept.
    pub async fn save_profile(&self, draft: ProfileDraftView) -> Result<(), Trouble> {
        let met = self.meeting.secrets_of(&draft.server, draft.auth).unwrap_or_default();
        let draft = draft.draft(met)?;
        let profile = self.ground.shelf().save(draft).await?;
        self.ground.shelf().profiles().set_current(Some(&profile.name))?;
        self.ground.forget_clients(&profile.name);
        self.meeting.end();
        self.show_settings().await
    }

    /// Gives the secrets of a profile again, where they are kept nowhere.
    pub async fn give_secrets(&self, name: &str, secrets: Secrets) -> Result<(), Trouble> {
        self.ground.shelf().give(name, secrets).await?;
        self.ground.forget_clients(name);
        self.show_settings().await
    }

    pub async fn remove_profile(&self, name: &str) -> Result<(), Trouble> {
        self.ground.shelf().remove(name).await?;
        self.ground.forget_clients(name);
        self.show_settings().await
    }

    pub async fn use_profile(&self, name: &str) -> Result<(), Trouble> {
        self.ground.shelf().profiles().set_current(Some(name))?;
        self.show_settings().await
    }

    /// Chooses where secrets are kept, or opens the locked file that is there.
    pub async fn choose_vault(&self, request: VaultRequest) -> Result<(), Trouble> {
        let vault = match (request, self.ground.dir()) {
            (VaultRequest::Ask, _) => Vault::ask_each_time(),
            (VaultRequest::File { passphrase }, Some(dir)) => {
                open_vault(dir, Some(passphrase.into_secret())).await?.expect("a passphrase was given")
            }
            (VaultRequest::File { .. }, None) => {
                return Err(Refusal::because(RefusalCode::Usage, Why::PracticeKeepsNothing, &[]).into());
            }
        };
        self.ground.shelf().move_to(vault).await?;
        self.ground.unlocked();
        for profile in self.ground.shelf().profiles().all()? {
            self.ground.forget_clients(&profile.name);
        }
        self.show_settings().await
    }

    /// Tells the window how the settings are now.
    async fn show_settings(&self) -> Result<(), Trouble> {
        let mut settings = self.ground.settings().await?;
        // What was chosen last stays preselected while the window is open.
        let shown = self.desk.settings();
        (settings.last_ssid, settings.kept) = (shown.last_ssid.or(settings.last_ssid), shown.kept);
        let cloud: Option<Arc<dyn Cloud>> = match self.ground.cloud_ref(&settings) {
            Some(which) => self.clouds.cloud(&which).await.ok(),
            None => None,
        };
        self.desk.forget_refusals();
        self.desk.change_settings(settings, cloud);
        self.desk.check_connections();
        Ok(())
    }

    /// How the profile of this name signs in.
    pub(super) fn auth_of(&self, name: &str) -> Result<AuthName, Refusal> {
        let profile = self.ground.shelf().profiles().get(name)?;
        Ok(if profile.auth.as_str() == "bearer" { AuthName::Bearer } else { AuthName::Client })
    }
}
