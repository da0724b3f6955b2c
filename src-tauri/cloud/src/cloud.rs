//! What a provisioning cloud can do, in the product's words.

use async_trait::async_trait;
use proto::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}
id!(/** An organization (`orgId`, int32). */ OrgId(i32));
id!(/** A person who owns devices (`ownerId`, int64). */ UserId(i64));
id!(/** A device in the cloud (`deviceId`, int32). */ DeviceId(i32));

/// The cloud's own clock, milliseconds since the Unix epoch. Never compare it with the computer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CloudTime(pub i64);

/// A cloud device id with its token, made for one unit. The token lives in memory only.
#[derive(Debug, Clone)]
pub struct Reservation {
    pub device: DeviceId,
    pub token: Secret,
    /// When the cloud answered, by its own clock (`Date` header); `None` when it did not say.
    pub at: Option<CloudTime>,
}

/// What the cloud says about a device: section 7.1 of the cloud reference.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Presence {
    /// `None`: the cloud does not know the device (yet). For a fresh id that is normal until its first check-in.
    pub record: Option<DeviceRecord>,
    /// The live connection, where that was asked.
    pub connected: Option<bool>,
    pub at: Option<CloudTime>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceRecord {
    pub id: DeviceId,
    pub name: String,
    pub org: OrgId,
    pub owner: Option<UserId>,
    pub activated_at: Option<CloudTime>,
    pub first_connect: Option<CloudTime>,
    pub last_connect: Option<CloudTime>,
    pub last_disconnect: Option<CloudTime>,
    /// The text template id that the device declared (`hardwareInfo.templateId`).
    pub template: Option<String>,
    pub firmware_version: Option<String>,
    /// The device's own metadata, where the call returns it; `Hotspot Name` and `Device UID` tell which unit it is.
    pub metadata: Vec<MetaField>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetaField {
    pub id: i32,
    pub name: String,
    pub value: Option<String>,
    /// The cloud's word for what it takes (`Text`, `Number`…), where the call tells it.
    #[serde(default)]
    pub kind: Option<String>,
    /// What its template says about it.
    #[serde(default)]
    pub hint: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    pub id: OrgId,
    pub name: String,
    pub parent: Option<OrgId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub email: Option<String>,
    pub org: Option<OrgId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    pub id: i32,
    pub name: String,
    /// The text ids compiled into firmware.
    pub texts: Vec<String>,
    pub org: Option<OrgId>,
}

/// What the signed-in account is and may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub organization: Option<Organization>,
    pub user: Option<User>,
    /// `None` for a client: the permission names do not apply to it.
    pub permissions: Option<Vec<String>>,
}

#[async_trait]
pub trait Cloud: Send + Sync + fmt::Debug {
    /// Server name, for records and for the device.
    fn host(&self) -> String;

    // ---- the three provisioning calls
    /// Makes a device id and a token. An act: see [`CloudError::effect`] before it is ever repeated.
    async fn reserve(&self, org: OrgId, owner: UserId) -> Result<Reservation, CloudError>;
    /// A fresh token for a device that exists or is reserved. Repeating it is harmless: the last token counts.
    async fn renew(&self, device: DeviceId) -> Result<Reservation, CloudError>;
    /// Asks a device to enter configuration mode; `Some(true)`: it is offline and will not hear it.
    async fn reconfigure(&self, device: DeviceId) -> Result<Option<bool>, CloudError>;

    // ---- following
    /// One device: its record with connect times and, asked in the same go, whether it is online.
    async fn presence(&self, device: DeviceId) -> Result<Presence, CloudError>;
    /// All devices of an organization, page by page; cheap for many, but without connect times.
    async fn devices(&self, org: OrgId) -> Result<Vec<DeviceRecord>, CloudError>;
    /// Devices activated in the last minutes (1 to 60), cheap for many.
    async fn last_activated(
        &self,
        org: OrgId,
        minutes: u8,
    ) -> Result<Vec<(DeviceId, Option<CloudTime>)>, CloudError>;
    /// The cloud's clock, from any cheap call.
    async fn time(&self) -> Result<CloudTime, CloudError>;

    // ---- around
    async fn account(&self) -> Result<Account, CloudError>;
    async fn organizations(&self, query: Option<&str>) -> Result<Vec<Organization>, CloudError>;
    async fn users(&self, query: Option<&str>) -> Result<Vec<User>, CloudError>;
    async fn templates(&self, org: OrgId) -> Result<Vec<Template>, CloudError>;
    async fn meta_fields(&self, template: i32) -> Result<Vec<MetaField>, CloudError>;
    async fn device_meta(&self, device: DeviceId) -> Result<Vec<MetaField>, CloudError>;
    async fn rename(&self, device: DeviceId, name: &str) -> Result<(), CloudError>;
    async fn write_meta(&self, device: DeviceId, field: i32, value: &str) -> Result<(), CloudError>;
    async fn delete(&self, device: DeviceId) -> Result<(), CloudError>;
}

/// What an act that failed may have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The world is as it was.
    None,
    /// The answer was lost: it may have been done.
    Maybe,
}

/// A call that failed: which one, how, and what the world may look like now. Texts of the cloud are kept for people and
/// never matched on; they are shortened, and whatever looks like a token is masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {cause}")]
pub struct CloudError {
    pub operation: &'static str,
    pub cause: CloudCause,
    /// Whether the request may have reached the cloud and been carried out.
    pub effect: Effect,
}

impl CloudError {
    pub fn effect(&self) -> Effect {
        self.effect
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudCause {
    #[error("the request is not acceptable (400): {said}")]
    Invalid { said: String },
    #[error("sign-in failed: {said}")]
    SignIn { said: String },
    #[error("the account may not do this (403){}: {said}", .permission.as_ref().map(|p| format!(", permission {p}")).unwrap_or_default())]
    Forbidden { permission: Option<&'static str>, said: String },
    /// 403 everywhere after a sign-in that worked: the client has no access to the Platform API at all.
    #[error("the API scope is off for this client (403): {said}")]
    ScopeOff { said: String },
    #[error("not found, or in an organization that this account cannot see (404)")]
    NotFound,
    #[error("too many requests (429)")]
    RateLimited { retry_after: Option<Duration> },
    #[error("the plan's limit of devices is reached: {said}")]
    DeviceLimit { said: String },
    /// 307/308 to a server outside the registered domain; never followed.
    #[error("the server sends us to a foreign host, {host}")]
    ForeignRedirect { host: String },
    #[error("the cloud has a fault of its own ({status})")]
    Server { status: u16 },
    #[error("an answer that this program does not know ({status})")]
    Unexpected { status: u16, said: String },
    #[error("the cloud did not answer in time")]
    Timeout,
    #[error("no connection to {host}: {reason}")]
    Unreachable { host: String, reason: String },
    #[error("the name {host} is not known (DNS)")]
    UnknownHost { host: String },
    #[error("no secure connection to {host} (TLS): {reason}")]
    Tls { host: String, reason: String },
    /// The certificate's dates do not fit this computer's clock.
    #[error("this computer's clock seems wrong: the certificate of {host} is not valid at this time")]
    WrongClock { host: String },
    #[error("the proxy refused or failed: {reason}")]
    Proxy { reason: String },
    #[error("the answer was cut off")]
    Cut,
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the answer is not what the interface promises: {what}")]
    NotUnderstood { what: String },
}
