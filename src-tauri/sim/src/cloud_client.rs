//! The simulated cloud as a `cloud::Cloud`, in memory: no socket, so it works on a paused clock.
//!
//! It fails as the real client would tell it: the same causes, and `Effect::Maybe` where an answer was lost.

use crate::cloud::{Call, CloudDevice, CloudState, Refused};
use crate::trouble::Mishap;
use async_trait::async_trait;
use cloud::{
    Account, Cloud, CloudCause, CloudError, CloudTime, DeviceId, DeviceRecord, Effect, MetaField, OrgId,
    Organization, Presence, Reservation, Template, User, UserId,
};
use proto::Secret;
use std::sync::Arc;
use std::time::Duration;

/// What tells a device, known by its token, to wait for configuration again.
pub(crate) type ToDevice = Arc<dyn Fn(&str) + Send + Sync>;

/// A client of a [`CloudState`] in the same process.
#[derive(Clone)]
pub struct CloudClient {
    state: CloudState,
    /// Carries a request for configuration mode to the device that is connected with this token.
    to_device: Option<ToDevice>,
}

impl std::fmt::Debug for CloudClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudClient").field("state", &self.state).finish_non_exhaustive()
    }
}

impl CloudClient {
    pub fn new(state: CloudState) -> CloudClient {
        CloudClient { state, to_device: None }
    }

    /// A client of a cloud whose devices are in the same place.
    pub(crate) fn with_devices(state: CloudState, tell: ToDevice) -> CloudClient {
        CloudClient { state, to_device: Some(tell) }
    }

    /// One request: fate first, then the deed, then perhaps its answer.
    async fn ask<T>(
        &self,
        call: Call,
        operation: &'static str,
        deed: impl FnOnce(&CloudState) -> Result<T, Refused> + Send,
    ) -> Result<T, CloudError> {
        let weather = self.state.weather(call);
        if !weather.slow.is_zero() {
            tokio::time::sleep(weather.slow).await;
        }
        // A call that changes nothing has no effect, whatever became of its answer.
        let acts = matches!(
            call,
            Call::Reserve | Call::Renew | Call::Reconfigure | Call::Rename | Call::WriteField | Call::Delete
        );
        let error = |cause, effect| {
            Err(CloudError { operation, cause, effect: if acts { effect } else { Effect::None } })
        };
        if weather.scope_off {
            let said = "API scope is off for this client".to_owned();
            return error(CloudCause::ScopeOff { said }, Effect::None);
        }
        match weather.mishap {
            None => {}
            Some(Mishap::Lost | Mishap::Cut) => {
                let _ = deed(&self.state);
                return error(CloudCause::Cut, Effect::Maybe);
            }
            Some(Mishap::GatewayAfter) => {
                let _ = deed(&self.state);
                return error(CloudCause::Server { status: 502 }, Effect::Maybe);
            }
            Some(Mishap::Huge) => {
                let _ = deed(&self.state);
                return error(CloudCause::TooLarge { limit: 16 << 20 }, Effect::Maybe);
            }
            Some(Mishap::NotJson) => {
                let _ = deed(&self.state);
                return error(CloudCause::NotUnderstood { what: "not JSON".into() }, Effect::Maybe);
            }
            Some(Mishap::WrongRegion) => {
                let host = weather.redirect_to.unwrap_or_else(|| "elsewhere.test".into());
                return error(CloudCause::ForeignRedirect { host }, Effect::None);
            }
            Some(Mishap::Status(429)) => {
                let retry_after = weather.retry_after.map(Duration::from_secs);
                return error(CloudCause::RateLimited { retry_after }, Effect::None);
            }
            Some(Mishap::Status(status @ 500..)) => {
                return error(CloudCause::Server { status }, Effect::Maybe);
            }
            Some(Mishap::Status(status)) => {
                let refusal = Refused { status, message: "made to happen".into() };
                return error(cause_of(refusal, call), Effect::None);
            }
        }
        deed(&self.state).or_else(|refusal| error(cause_of(refusal, call), Effect::None))
    }

    fn at(&self) -> Option<CloudTime> {
        // The Date header counts whole seconds.
        Some(CloudTime(self.state.now() / 1000 * 1000))
    }
}

fn cause_of(refusal: Refused, call: Call) -> CloudCause {
    let said = refusal.message;
    match refusal.status {
        400 => CloudCause::Invalid { said },
        401 => CloudCause::SignIn { said },
        402 if call == Call::Reserve => CloudCause::DeviceLimit { said },
        403 => CloudCause::Forbidden {
            permission: matches!(call, Call::Reserve | Call::Renew | Call::Reconfigure)
                .then_some("PROVISION_DEVICES"),
            said,
        },
        404 => CloudCause::NotFound,
        status @ 500.. => CloudCause::Server { status },
        status => CloudCause::Unexpected { status, said },
    }
}

fn time(ms: i64) -> Option<CloudTime> {
    (ms > 0).then_some(CloudTime(ms))
}

/// List calls give no connect times.
fn row(device: &CloudDevice) -> DeviceRecord {
    let hardware = device.hardware.as_ref();
    DeviceRecord {
        id: DeviceId(device.id),
        name: device.name.clone(),
        org: OrgId(device.org),
        owner: Some(UserId(device.owner)),
        activated_at: time(device.activated_at),
        first_connect: None,
        last_connect: None,
        last_disconnect: None,
        template: hardware.map(|hardware| hardware.template.clone()),
        firmware_version: hardware.map(|hardware| hardware.version.clone()),
        metadata: Vec::new(),
    }
}

fn whole(device: &CloudDevice) -> DeviceRecord {
    DeviceRecord {
        first_connect: time(device.first_connect),
        last_connect: time(device.last_connect),
        last_disconnect: time(device.last_disconnect),
        ..row(device)
    }
}

fn field((id, name, value): (i32, String, String)) -> MetaField {
    MetaField { id, name, value: (!value.is_empty()).then_some(value), kind: None, hint: None }
}

#[async_trait]
impl Cloud for CloudClient {
    fn host(&self) -> String {
        self.state.host()
    }

    async fn reserve(&self, org: OrgId, owner: UserId) -> Result<Reservation, CloudError> {
        let issued =
            self.ask(Call::Reserve, "get a device token", move |state| state.reserve(org.0, owner.0)).await?;
        let (device, token) = (DeviceId(issued.device), Secret::new(issued.token));
        Ok(Reservation { device, token, at: self.at() })
    }

    async fn renew(&self, device: DeviceId) -> Result<Reservation, CloudError> {
        let issued = self.ask(Call::Renew, "get a fresh token", move |state| state.renew(device.0)).await?;
        Ok(Reservation { device, token: Secret::new(issued.token), at: self.at() })
    }

    async fn reconfigure(&self, device: DeviceId) -> Result<Option<bool>, CloudError> {
        let offline = self
            .ask(Call::Reconfigure, "ask for configuration mode", move |state| state.reconfigure(device.0))
            .await?;
        if let (Some(tell), Some(token)) = (&self.to_device, self.state.connected_by(device.0)) {
            tell(&token);
        }
        Ok(offline)
    }

    async fn presence(&self, device: DeviceId) -> Result<Presence, CloudError> {
        let shown = self
            .ask(Call::Device, "look at a device", move |state| {
                Ok((state.shown(device.0)?, state.fields_of(device.0)?))
            })
            .await;
        match shown {
            Ok((device, fields)) => {
                let metadata = fields.into_iter().map(field).collect();
                let record = DeviceRecord { metadata, ..whole(&device) };
                Ok(Presence { record: Some(record), connected: Some(device.connected), at: self.at() })
            }
            Err(error) if error.cause == CloudCause::NotFound => {
                Ok(Presence { record: None, connected: None, at: self.at() })
            }
            Err(error) => Err(error),
        }
    }

    async fn devices(&self, org: OrgId) -> Result<Vec<DeviceRecord>, CloudError> {
        let devices =
            self.ask(Call::Devices, "list devices", move |state| state.devices_of(org.0, false)).await?;
        Ok(devices.iter().map(row).collect())
    }

    async fn last_activated(
        &self,
        org: OrgId,
        minutes: u8,
    ) -> Result<Vec<(DeviceId, Option<CloudTime>)>, CloudError> {
        let devices = self
            .ask(Call::LastActivated, "list what was activated", move |state| {
                state.activated_within(org.0, u32::from(minutes))
            })
            .await?;
        Ok(devices.iter().map(|device| (DeviceId(device.id), time(device.activated_at))).collect())
    }

    async fn time(&self) -> Result<CloudTime, CloudError> {
        self.ask(Call::Profile, "ask the time", |state| Ok(CloudTime(state.now() / 1000 * 1000))).await
    }

    async fn account(&self) -> Result<Account, CloudError> {
        let own = |state: &CloudState| {
            Ok(state.organizations().into_iter().find(|org| org.id == crate::cloud::ORG))
        };
        let own = self.ask(Call::Profile, "look at the account", own).await?;
        Ok(Account { organization: own.map(organization), user: None, permissions: None })
    }

    async fn organizations(&self, query: Option<&str>) -> Result<Vec<Organization>, CloudError> {
        let call = if query.is_some() { Call::SearchOrganizations } else { Call::SubOrganizations };
        let all = self.ask(call, "list organizations", |state| Ok(state.organizations())).await?;
        let fits = |name: &str| query.is_none_or(|query| name.to_lowercase().contains(&query.to_lowercase()));
        Ok(all.into_iter().filter(|org| fits(&org.name)).map(organization).collect())
    }

    async fn users(&self, query: Option<&str>) -> Result<Vec<User>, CloudError> {
        let call = if query.is_some() { Call::SearchUsers } else { Call::Users };
        let all = self.ask(call, "list users", |state| Ok(state.people())).await?;
        let fits = |text: &str| query.is_none_or(|query| text.to_lowercase().contains(&query.to_lowercase()));
        Ok(all
            .into_iter()
            .filter(|person| fits(&person.name) || fits(&person.email))
            .map(|person| User {
                id: UserId(person.id),
                name: person.name,
                email: Some(person.email),
                org: Some(OrgId(person.org)),
            })
            .collect())
    }

    async fn templates(&self, org: OrgId) -> Result<Vec<Template>, CloudError> {
        let rows =
            self.ask(Call::Templates, "list templates", move |state| state.templates_of(org.0)).await?;
        Ok(rows
            .into_iter()
            .map(|row| Template { id: row.id, name: row.name, texts: row.texts, org: Some(OrgId(row.org)) })
            .collect())
    }

    async fn meta_fields(&self, template: i32) -> Result<Vec<MetaField>, CloudError> {
        let row = self
            .ask(Call::TemplateFields, "list metadata fields", move |state| state.template(template))
            .await?;
        let field = |(id, name, kind): (i32, String, &str)| MetaField {
            id,
            name,
            value: None,
            kind: Some(kind.to_owned()),
            hint: None,
        };
        Ok(row.fields.into_iter().map(field).collect())
    }

    async fn device_meta(&self, device: DeviceId) -> Result<Vec<MetaField>, CloudError> {
        let fields =
            self.ask(Call::DeviceFields, "read metadata", move |state| state.fields_of(device.0)).await?;
        Ok(fields.into_iter().map(field).collect())
    }

    async fn rename(&self, device: DeviceId, name: &str) -> Result<(), CloudError> {
        self.ask(Call::Rename, "rename a device", |state| state.rename(device.0, name)).await
    }

    async fn write_meta(&self, device: DeviceId, id: i32, value: &str) -> Result<(), CloudError> {
        self.ask(Call::WriteField, "write metadata", |state| state.write_field(device.0, id, value)).await
    }

    async fn delete(&self, device: DeviceId) -> Result<(), CloudError> {
        self.ask(Call::Delete, "delete a device", move |state| state.delete(device.0)).await
    }
}

fn organization(org: crate::cloud::Org) -> Organization {
    Organization { id: OrgId(org.id), name: org.name, parent: org.parent.map(OrgId) }
}
