//! Keeping what a person entered as a profile: settings in the file, secrets in the strongbox.

use super::ground::Ground;
use super::strongbox::unreadable;
use super::{Stage, Trouble};
use api::desk::ProfileView;
use cloud::{Cloud, OrgId, UserId};
use engine::plan::profile::{Profile, ProfileAuth, SecretName, WifiProfile};
use engine::{Refusal, RefusalCode};
use proto::Secret;
use std::sync::Arc;

impl Stage {
    pub async fn save_profile(
        &self,
        profile: ProfileView,
        id: Secret,
        secret: Secret,
    ) -> Result<(), Trouble> {
        let Ground::Real { profiles, strongbox, dir: _ } = &self.ground else {
            let what =
                [("what", "Practice keeps no profiles."), ("fix", "Start Firstlight without --practice.")];
            return Err(Refusal::of(RefusalCode::Usage, &what).into());
        };
        let server = cloud::Server::parse(&profile.server)
            .map_err(|error| Refusal { reasons: vec![api::calls::bad_server(&profile.server, &error)] })?;
        let name = profile.name.clone();
        let (auth, keep) = if profile.auth == "bearer" {
            let token = SecretName::fresh(&name, "token");
            (ProfileAuth::Bearer { token: token.clone() }, vec![(token, secret)])
        } else {
            let (id_name, secret_name) = (SecretName::fresh(&name, "id"), SecretName::fresh(&name, "secret"));
            let auth = ProfileAuth::Client { id: id_name.clone(), secret: secret_name.clone() };
            (auth, vec![(id_name, id), (secret_name, secret)])
        };
        for (kept, secret) in keep {
            strongbox.put(&kept, secret).await.map_err(|error| unreadable(&error))?;
        }
        let wifi = profile.wifi.iter().map(|ssid| WifiProfile {
            name: ssid.clone(),
            ssid: ssid.clone(),
            password: None,
        });
        let replaced = profiles.put(Profile {
            name: name.clone(),
            server: server.to_string(),
            auth,
            org: profile.org.map(OrgId),
            owner: profile.owner.map(UserId),
            wifi: wifi.collect(),
            // What the window does not show, it keeps.
            defaults: profiles.get(&name).map(|before| before.defaults).unwrap_or_default(),
        })?;
        for gone in replaced.iter().flat_map(Profile::secret_names) {
            if let Err(error) = strongbox.vault.remove(&gone.0).await {
                tracing::warn!(%error, "a replaced secret stays in the vault");
            }
        }
        profiles.set_current(Some(&name))?;
        let settings = self.ground.settings()?;
        let cloud: Option<Arc<dyn Cloud>> = match self.ground.cloud_ref(&settings) {
            Some(which) => self.clouds.cloud(&which).await.ok(),
            None => None,
        };
        self.desk.change_settings(settings, cloud);
        Ok(())
    }
}
