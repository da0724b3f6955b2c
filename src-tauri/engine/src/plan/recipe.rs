//! A recipe: a frozen copy of all that a job needs. Secrets are in it by name only, never by value.

use cloud::{DeviceId, OrgId, UserId};
use proto::{Address, MediumKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which cloud account stands behind a job, by what can be recorded of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CloudRef {
    /// Base URL, for example `https://fra1.blynk.cloud`.
    pub server: String,
    /// Profile whose secrets are used; `None`: those given to the process.
    pub profile: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    pub cloud: CloudRef,
    pub org: OrgId,
    pub owner: UserId,
    /// Network to join; `None`: the device keeps the one it has. Its password comes from the job's secrets.
    pub ssid: Option<String>,
    /// Driver name, or `auto`.
    pub driver: String,
    /// Server name that the device is told.
    pub token_host: String,
    /// Refuse devices of another template.
    pub expect_template: Option<String>,
    /// Seconds from delivery until "unknown".
    pub patience_s: u32,
    /// Cloud name after first light.
    pub name: Option<String>,
    pub meta: BTreeMap<String, String>,
    /// Re-provision this cloud device instead of making one.
    pub device: Option<DeviceId>,
    /// Improv: where the token goes.
    pub carrier: Option<String>,
    /// Espressif: endpoint for the token.
    pub token_endpoint: Option<String>,
    /// Espressif: what is sent to that endpoint, with `{token}` and `{host}` in it; `None`: the token alone.
    #[serde(default)]
    pub token_template: Option<String>,
    /// Espressif: which answer of that endpoint means success (`any`, `exact:TEXT`, `json:MEMBER=VALUE`); `None`: any.
    #[serde(default)]
    pub token_success: Option<String>,
    /// Espressif security 2: user name.
    pub device_user: Option<String>,
}

/// Which device a job is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "target", rename_all = "snake_case")]
pub enum Target {
    /// This very address.
    At { address: Address },
    /// A BLE device by advertised name or address.
    Named { medium: MediumKind, name: String },
    /// The nearest device that some driver fits and that is not configured yet.
    Any,
}

/// The secrets of one job; in memory only.
#[derive(Debug, Clone, Default)]
pub struct JobSecrets {
    pub wifi_password: Option<proto::Secret>,
    pub device_secret: Option<proto::Secret>,
}
