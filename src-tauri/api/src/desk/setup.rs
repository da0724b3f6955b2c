//! What the window sees and asks while a cloud is set up: meeting it, its profile, where secrets are kept, and health.
//!
//! Secrets go in here once ([`WindowSecret`]) and never come back; a view says at most whether one is kept.

use super::{FaultView, WindowSecret};
use crate::calls::{ProfileRequest, Settings, WifiRequest};
use crate::checkup::{Finding, Health};
use crate::introduction::{Ability, Allowed, Introduction};
use crate::secrets::{SecretName, Secrets};
use crate::shelf::{Over, ProfileDraft, SignInKind, WifiPassword};
use engine::plan::profile::{Profile, ProfileDefaults};
use engine::{Refusal, RefusalCode, Why};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// More of a list than anybody reads; the rest is found by typing.
const LISTED: usize = 200;

// ---- meeting a cloud

/// A cloud to be met. Secrets that are left out are those of `profile`.
#[derive(Debug, Deserialize, TS)]
pub struct CloudRequest {
    pub server: String,
    pub auth: AuthName,
    pub profile: Option<String>,
    #[ts(type = "string | null")]
    pub id: Option<WindowSecret>,
    #[ts(type = "string | null")]
    pub secret: Option<WindowSecret>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AuthName {
    Client,
    Bearer,
}

impl CloudRequest {
    /// The secrets that were typed.
    pub fn sign_in(id: Option<WindowSecret>, secret: Option<WindowSecret>, auth: AuthName) -> Secrets {
        let mut secrets = Secrets::default();
        let mut set = |name, typed: Option<WindowSecret>| {
            if let Some(secret) = typed.map(WindowSecret::into_secret).filter(|secret| !secret.is_empty()) {
                secrets.set(name, secret);
            }
        };
        match auth {
            AuthName::Bearer => set(SecretName::Bearer, secret),
            AuthName::Client => {
                set(SecretName::ClientId, id);
                set(SecretName::ClientSecret, secret);
            }
        }
        secrets
    }
}

/// What a cloud told about itself and this account.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct IntroductionView {
    pub host: String,
    /// Whom the cloud takes us for.
    pub person: Option<String>,
    pub organization: Option<OrganizationView>,
    /// Our own first. `more`: there are others, found by typing.
    pub organizations: Vec<OrganizationView>,
    pub more_organizations: bool,
    pub people: Vec<PersonView>,
    pub more_people: bool,
    pub abilities: Vec<AbilityView>,
    /// Seconds that this computer's clock is ahead of the cloud's.
    #[ts(type = "number | null")]
    pub ahead_s: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct OrganizationView {
    pub id: i32,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct PersonView {
    #[ts(type = "number")]
    pub id: i64,
    pub name: String,
    pub email: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct AbilityView {
    pub ability: Ability,
    pub allowed: AllowedView,
    pub fault: Option<FaultView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AllowedView {
    Yes,
    No,
    Unknown,
}

impl From<cloud::Organization> for OrganizationView {
    fn from(organization: cloud::Organization) -> OrganizationView {
        OrganizationView { id: organization.id.0, name: organization.name }
    }
}

impl From<cloud::User> for PersonView {
    fn from(user: cloud::User) -> PersonView {
        PersonView { id: user.id.0, name: user.name, email: user.email }
    }
}

/// At most as many as are listed, and whether there are more.
pub fn listed<T, V: From<T>>(all: Vec<T>) -> (Vec<V>, bool) {
    let more = all.len() > LISTED;
    (all.into_iter().take(LISTED).map(V::from).collect(), more)
}

impl From<Introduction> for IntroductionView {
    fn from(met: Introduction) -> IntroductionView {
        let ability = |(ability, allowed): (Ability, Allowed)| {
            let (allowed, fault) = match allowed {
                Allowed::Yes => (AllowedView::Yes, None),
                Allowed::No(fault) => (AllowedView::No, Some(fault)),
                Allowed::Unknown(fault) => (AllowedView::Unknown, fault),
            };
            AbilityView { ability, allowed, fault: fault.as_ref().map(FaultView::from) }
        };
        let (organizations, more_organizations) = listed(met.organizations);
        let (people, more_people) = listed(met.people);
        IntroductionView {
            host: met.host,
            person: met.account.user.map(|user| user.name),
            organization: met.account.organization.map(OrganizationView::from),
            organizations,
            more_organizations,
            people,
            more_people,
            abilities: met.abilities.into_iter().map(ability).collect(),
            ahead_s: met.ahead_ms.map(|ahead| ahead / 1000),
        }
    }
}

// ---- profiles

/// A network of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WifiView {
    pub name: String,
    pub ssid: String,
    /// An open network has no password.
    pub open: bool,
}

/// What a job takes from a profile where nobody says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct DefaultsView {
    pub driver: Option<String>,
    pub carrier: Option<String>,
    pub token_endpoint: Option<String>,
    pub token_template: Option<String>,
    pub token_success: Option<String>,
    pub device_user: Option<String>,
    pub token_host: Option<String>,
    pub expect_template: Option<String>,
    /// Seconds.
    pub patience_s: Option<u32>,
}

impl From<&ProfileDefaults> for DefaultsView {
    fn from(defaults: &ProfileDefaults) -> DefaultsView {
        let defaults = defaults.clone();
        DefaultsView {
            driver: defaults.driver,
            carrier: defaults.carrier,
            token_endpoint: defaults.token_endpoint,
            token_template: defaults.token_template,
            token_success: defaults.token_success,
            device_user: defaults.device_user,
            token_host: defaults.token_host,
            expect_template: defaults.expect_template,
            patience_s: defaults.patience_s,
        }
    }
}

/// The networks of a profile, as they are shown.
pub fn networks(profile: &Profile) -> Vec<WifiView> {
    let view = |wifi: &engine::plan::profile::WifiProfile| WifiView {
        name: wifi.name.clone(),
        ssid: wifi.ssid.clone(),
        open: wifi.password.is_none(),
    };
    profile.wifi.iter().map(view).collect()
}

/// A profile as it was typed. Empty fields are `None`; secrets that are left out stay as they were kept.
#[derive(Debug, Deserialize, TS)]
pub struct ProfileDraftView {
    pub name: String,
    pub server: String,
    pub auth: AuthName,
    /// Numbers as they were typed or chosen.
    pub org: Option<String>,
    pub owner: Option<String>,
    pub networks: Vec<WifiDraftView>,
    pub driver: Option<String>,
    pub carrier: Option<String>,
    pub token_endpoint: Option<String>,
    pub token_template: Option<String>,
    pub token_success: Option<String>,
    pub device_user: Option<String>,
    pub token_host: Option<String>,
    pub expect_template: Option<String>,
    pub patience: Option<String>,
    /// It must not take the place of another one.
    pub is_new: bool,
    #[ts(type = "string | null")]
    pub id: Option<WindowSecret>,
    #[ts(type = "string | null")]
    pub secret: Option<WindowSecret>,
}

#[derive(Debug, Deserialize, TS)]
pub struct WifiDraftView {
    pub name: Option<String>,
    pub ssid: String,
    pub password: PasswordName,
    #[ts(type = "string | null")]
    pub secret: Option<WindowSecret>,
}

/// What becomes of a network's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PasswordName {
    Open,
    Asked,
    Unchanged,
    Given,
}

impl ProfileDraftView {
    /// What can be kept of it; `met` are the secrets with which this cloud was met a moment ago.
    ///
    /// # Errors
    /// All reasons, each with its `field`: those of [`ProfileRequest::check`] and `wifi.0.password`.
    pub fn draft(self, met: Secrets) -> Result<ProfileDraft, Refusal> {
        let typed = CloudRequest::sign_in(self.id, self.secret, self.auth);
        let mut reasons = Vec::new();
        let (mut wifi, mut passwords) = (Vec::new(), Vec::new());
        for (i, network) in self.networks.into_iter().enumerate() {
            wifi.push(WifiRequest { name: network.name, ssid: network.ssid });
            passwords.push(match network.password {
                PasswordName::Open => WifiPassword::Open,
                PasswordName::Asked => WifiPassword::Asked,
                PasswordName::Unchanged => WifiPassword::Unchanged,
                PasswordName::Given => {
                    let secret = network
                        .secret
                        .map(WindowSecret::into_secret)
                        .unwrap_or_else(|| proto::Secret::new(""));
                    let chars = secret.expose().chars().count();
                    if !(8..=63).contains(&chars) {
                        let about = [
                            ("chars", chars.to_string()),
                            ("least", "8".to_owned()),
                            ("most", "63".to_owned()),
                            ("field", format!("wifi.{i}.password")),
                        ];
                        let about = about.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
                        reasons.push(engine::fault::RefusalReason {
                            code: RefusalCode::PasswordLength,
                            why: None,
                            about,
                        });
                    }
                    WifiPassword::Given(secret)
                }
            });
        }
        let request = ProfileRequest {
            name: self.name,
            server: self.server,
            org: self.org,
            owner: self.owner,
            wifi,
            driver: self.driver,
            settings: Settings {
                carrier: self.carrier,
                token_endpoint: self.token_endpoint,
                token_template: self.token_template,
                token_success: self.token_success,
                device_user: self.device_user,
            },
            token_host: self.token_host,
            expect_template: self.expect_template,
            patience: self.patience,
        };
        let checked = match request.check() {
            Ok(checked) if reasons.is_empty() => checked,
            Ok(_) => return Err(Refusal { reasons }),
            Err(refusal) => {
                reasons.splice(0..0, refusal.reasons);
                return Err(Refusal { reasons });
            }
        };
        Ok(ProfileDraft {
            checked,
            kind: match self.auth {
                AuthName::Client => SignInKind::Client,
                AuthName::Bearer => SignInKind::Bearer,
            },
            sign_in: typed.or(met),
            passwords,
            over: if self.is_new { Over::Refused } else { Over::Replaced },
        })
    }
}

/// Where secrets are to be kept. The passphrase locks or opens the file in the state folder.
#[derive(Debug, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VaultRequest {
    File {
        #[ts(type = "string")]
        passphrase: WindowSecret,
    },
    /// Nowhere: in memory until the window closes.
    Ask,
}

// ---- health

/// One finding of the doctor.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct FindingView {
    #[ts(type = "FindingCode")]
    pub code: &'static str,
    /// The check that it belongs to.
    pub check: String,
    pub health: Health,
    #[ts(type = "Why | null")]
    pub why: Option<Why>,
    pub about: BTreeMap<String, String>,
    pub fault: Option<FaultView>,
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> FindingView {
        FindingView {
            code: finding.code.as_str(),
            check: finding.code.check().to_owned(),
            health: finding.health,
            why: finding.why,
            about: finding.about.clone(),
            fault: finding.fault.as_ref().map(FaultView::from),
        }
    }
}

/// A support bundle that was written.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BundleView {
    pub path: String,
    pub bytes: u32,
    pub files: Vec<String>,
}

// ---- practice

/// Whose trouble it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TroubledView {
    Cloud,
    Printer,
    /// By its hardware address.
    Device {
        device: String,
    },
}

/// Everything that can be made to fail in the practice world, and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct TroublesView {
    pub cloud: Vec<KnobView>,
    /// The label printer of the practice station.
    pub printer: Vec<KnobView>,
    pub devices: Vec<DeviceTroublesView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct DeviceTroublesView {
    /// Its hardware address.
    pub device: String,
    pub name: String,
    pub plugged: bool,
    pub knobs: Vec<KnobView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct KnobView {
    #[ts(type = "DeviceKnob | CloudKnob | PrinterKnob")]
    pub name: &'static str,
    /// The value now.
    pub value: String,
    /// The value without trouble.
    pub usual: String,
    /// The values that it takes; in capitals what stands for a number.
    pub values: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(json: serde_json::Value) -> ProfileDraftView {
        serde_json::from_value(json).expect("the window's shape")
    }

    #[test]
    fn every_field_that_is_wrong_is_named_at_once() {
        let draft = typed(serde_json::json!({
            "name": "", "server": "https://x.test", "auth": "client", "org": "1", "owner": "2",
            "networks": [{ "name": null, "ssid": "Hall", "password": "given", "secret": "short" }],
            "is_new": true
        }));
        let refusal = draft.draft(Secrets::default()).expect_err("two are wrong");
        let fields: Vec<_> = refusal.reasons.iter().map(|reason| reason.about["field"].as_str()).collect();
        assert_eq!(fields, ["name", "wifi.0.password"]);
        assert!(!format!("{refusal:?}").contains("short"));
    }

    #[test]
    fn what_is_typed_wins_over_the_secrets_that_the_cloud_was_met_with() {
        let mut met = Secrets::default();
        met.set(SecretName::ClientId, proto::Secret::new("met"));
        met.set(SecretName::ClientSecret, proto::Secret::new("met"));
        let draft = typed(serde_json::json!({
            "name": "hall", "server": "https://x.test", "auth": "client", "org": null, "owner": null,
            "networks": [], "is_new": false, "id": "typed", "secret": ""
        }));
        assert!(!format!("{draft:?}").contains("typed"));
        let draft = draft.draft(met).expect("it is right");
        let get = |name| draft.sign_in.get(name).map(|secret: &proto::Secret| secret.expose().to_owned());
        assert_eq!(get(SecretName::ClientId).as_deref(), Some("typed"));
        assert_eq!(get(SecretName::ClientSecret).as_deref(), Some("met"));
    }
}
