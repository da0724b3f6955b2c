//! What a batch takes where its rows say nothing, and the secrets that it needs.
//!
//! The same request as for one device, except that organization, owner and network may also come from the rows. Not
//! here: reading the file (`engine::plan`), and looking at its rows (`batches.rs`).

use super::checks::*;
use super::{ProvisionRequest, Reasons};
use crate::secrets::{SecretName, Secrets};
use cloud::{OrgId, UserId};
use engine::plan::batch::{BatchDefaults, BatchNetwork, BatchSecrets};
use engine::{CloudRef, Refusal, RefusalCode, Why};

impl ProvisionRequest {
    /// Checks everything that does not depend on a row. `networks` are those of the profile, with their passwords.
    ///
    /// # Errors
    /// A refusal with all reasons.
    pub fn check_batch(
        self,
        secrets: &Secrets,
        networks: Vec<BatchNetwork>,
    ) -> Result<(BatchDefaults, BatchSecrets), Refusal> {
        let mut reasons = Reasons::default();
        let server = check_server(self.server.as_deref(), &mut reasons);
        let org = self.org.as_deref().and_then(|org| {
            number::<i32>(Some(org), RefusalCode::BadOrg, Why::OrganizationMissing, &mut reasons)
        });
        let owner = self.owner.as_deref().and_then(|owner| {
            number::<i64>(Some(owner), RefusalCode::BadOwner, Why::OwnerMissing, &mut reasons)
        });
        let driver = check_driver(self.driver.as_deref(), &mut reasons);
        let patience_s = check_patience(self.patience.as_deref(), &mut reasons);
        let token_host = check_token_host(self.token_host.as_deref(), server.as_deref(), &mut reasons);
        super::settings::check_settings(&self.settings(), &mut reasons);
        check_cloud_secrets(secrets, &mut reasons);
        match (reasons.0.is_empty(), server) {
            (true, Some(server)) => Ok((
                BatchDefaults {
                    cloud: CloudRef { server, profile: self.profile },
                    org: org.map(OrgId),
                    owner: owner.map(UserId),
                    ssid: self.wifi,
                    driver,
                    token_host,
                    expect_template: self.expect_template,
                    patience_s,
                    carrier: self.carrier,
                    token_endpoint: self.token_endpoint,
                    token_template: self.token_template,
                    token_success: self.token_success,
                    device_user: self.device_user,
                },
                BatchSecrets {
                    wifi_password: secrets.get(SecretName::WifiPassword).cloned(),
                    networks,
                    device_secret: secrets.get(SecretName::DeviceSecret).cloned(),
                    ..BatchSecrets::default()
                },
            )),
            _ => Err(Refusal { reasons: reasons.0 }),
        }
    }
}
