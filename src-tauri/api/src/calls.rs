//! A face's request becomes a recipe, a target and the job's secrets, or a refusal with all reasons at once.
//!
//! Everything arrives as text, so that a typing error in one field does not hide the one in the next. Nothing here
//! touches a port, a file or the network: what only the system knows (is there such a port?) is handed in.

mod batch;
mod checks;
mod profile;
mod settings;

pub use checks::bad_server;
pub(crate) use checks::missing;
pub use profile::{ProfileChecked, ProfileRequest, WifiRequest};
pub use settings::Settings;

use crate::label::Label;
use crate::secrets::{SecretName, Secrets};
use checks::*;
use cloud::{DeviceId, OrgId, UserId};
use engine::{CloudRef, JobSecrets, Recipe, Refusal, RefusalCode, Target, Why};
use link::LinkError;
use proto::Secret;

/// What a face asks for, as it was typed. Defaults of a profile are filled in before.
#[derive(Debug, Clone, Default)]
pub struct ProvisionRequest {
    pub wanted: Option<Wanted>,
    pub server: Option<String>,
    pub profile: Option<String>,
    pub org: Option<String>,
    pub owner: Option<String>,
    pub wifi: Option<String>,
    pub driver: Option<String>,
    pub token_host: Option<String>,
    pub name: Option<String>,
    /// `KEY=VALUE` each.
    pub meta: Vec<String>,
    pub expect_template: Option<String>,
    pub patience: Option<String>,
    pub device: Option<String>,
    pub carrier: Option<String>,
    pub token_endpoint: Option<String>,
    pub token_template: Option<String>,
    pub token_success: Option<String>,
    pub device_user: Option<String>,
}

/// Which device the person means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Port {
        path: String,
        /// What the system says against it, without opening it.
        problem: Option<LinkError>,
    },
    Ble {
        name: String,
    },
    Any,
}

/// All that the engine's `start` takes.
#[derive(Debug, Clone)]
pub struct Call {
    pub recipe: Recipe,
    pub target: Target,
    pub secrets: JobSecrets,
}

impl ProvisionRequest {
    /// Checks everything and reports everything. Secrets of the cloud are only looked for, not used.
    pub fn check(mut self, secrets: &Secrets) -> Result<Call, Refusal> {
        let mut reasons = Reasons::default();
        let device_secret = self.take_label(secrets, &mut reasons);
        let server = check_server(self.server.as_deref(), &mut reasons);
        let org =
            number::<i32>(self.org.as_deref(), RefusalCode::BadOrg, Why::OrganizationMissing, &mut reasons);
        let owner =
            number::<i64>(self.owner.as_deref(), RefusalCode::BadOwner, Why::OwnerMissing, &mut reasons);
        let device = self.device.as_deref().and_then(|text| {
            number::<i32>(Some(text), RefusalCode::UnknownDevice, Why::DeviceMissing, &mut reasons)
        });
        let driver = check_driver(self.driver.as_deref(), &mut reasons);
        let patience_s = check_patience(self.patience.as_deref(), &mut reasons);
        let token_host = check_token_host(self.token_host.as_deref(), server.as_deref(), &mut reasons);
        check_name(self.name.as_deref(), &mut reasons);
        let meta = check_meta(&self.meta, &mut reasons);
        let target = check_wanted(self.wanted.take(), &mut reasons);
        settings::check_settings(&self.settings(), &mut reasons);
        check_cloud_secrets(secrets, &mut reasons);
        let wifi_password = check_wifi(self.wifi.as_deref(), &driver, secrets, &mut reasons);

        match (reasons.0.is_empty(), server, org, owner, target) {
            (true, Some(server), Some(org), Some(owner), Some(target)) => Ok(Call {
                recipe: Recipe {
                    cloud: CloudRef { server, profile: self.profile },
                    org: OrgId(org),
                    owner: UserId(owner),
                    ssid: self.wifi,
                    driver,
                    token_host,
                    expect_template: self.expect_template,
                    patience_s,
                    name: self.name,
                    meta,
                    device: device.map(DeviceId),
                    carrier: self.carrier,
                    token_endpoint: self.token_endpoint,
                    token_template: self.token_template,
                    token_success: self.token_success,
                    device_user: self.device_user,
                },
                target,
                secrets: JobSecrets { wifi_password, device_secret },
            }),
            _ => Err(Refusal { reasons: reasons.0 }),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            carrier: self.carrier.clone(),
            token_endpoint: self.token_endpoint.clone(),
            token_template: self.token_template.clone(),
            token_success: self.token_success.clone(),
            device_user: self.device_user.clone(),
        }
    }

    /// What the device's label adds: it fills gaps only, except that it names the device where any would do. Gives the
    /// proof of possession.
    fn take_label(&mut self, secrets: &Secrets, reasons: &mut Reasons) -> Option<Secret> {
        let typed = secrets.get(SecretName::DeviceSecret).filter(|secret| !secret.is_empty());
        let code = secrets.get(SecretName::DeviceQr).filter(|secret| !secret.is_empty());
        let read = match (typed, code) {
            (Some(typed), None) => Label::typed(typed),
            (typed, Some(code)) => {
                Label::of_code(code).map(|label| Label { proof: typed.cloned().or(label.proof), ..label })
            }
            (None, None) => return None,
        };
        let label = match read {
            Ok(label) => label,
            Err(refused) => {
                reasons.0.push(refused);
                return None;
            }
        };
        if self.driver.is_none() {
            self.driver = label.driver.map(str::to_owned);
        }
        if self.device_user.is_none() {
            self.device_user = label.user;
        }
        if let (None | Some(Wanted::Any), Some(name)) = (&self.wanted, label.name) {
            match label.medium {
                Some(_) => self.wanted = Some(Wanted::Ble { name }),
                None => reasons.because(RefusalCode::DeviceCode, Why::CodeOwnNetwork, &[]),
            }
        }
        label.proof
    }
}

/// What `reconfigure` needs: a cloud, a device in it, and a way to sign in.
///
/// # Errors
/// A refusal with all reasons.
pub fn check_reconfigure(
    server: Option<&str>,
    profile: Option<String>,
    device: &str,
    secrets: &Secrets,
) -> Result<(CloudRef, DeviceId), Refusal> {
    let mut reasons = Reasons::default();
    let server = check_server(server, &mut reasons);
    let device = number::<i32>(Some(device), RefusalCode::UnknownDevice, Why::DeviceMissing, &mut reasons);
    check_cloud_secrets(secrets, &mut reasons);
    match (reasons.0.is_empty(), server, device) {
        (true, Some(server), Some(device)) => Ok((CloudRef { server, profile }, DeviceId(device))),
        _ => Err(Refusal { reasons: reasons.0 }),
    }
}

/// A name for a device in the cloud, before the cloud is asked.
///
/// # Errors
/// `refused.name_invalid`.
pub(crate) fn check_cloud_name(name: Option<&str>) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    check_name(name, &mut reasons);
    if reasons.0.is_empty() { Ok(()) } else { Err(Refusal { reasons: reasons.0 }) }
}

#[cfg(test)]
mod tests;
