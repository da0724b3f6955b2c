//! The simulated cloud as one value: organizations, people, templates, devices, tokens, and its own clock.
//!
//! What it does follows the cloud reference, sections 5 to 10: a token reserves a device id, the record appears at the
//! first check-in, a renewed device keeps its id. Not here: how it is asked (`cloud_client.rs` in memory,
//! `cloud_server.rs` over HTTP) and the list of its faults (`trouble.rs`).

use crate::chance::Chance;
use crate::trouble::{CloudFaults, Counts, Mishap};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One kind of request, for counting and for faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    SignIn,
    Reserve,
    Renew,
    Reconfigure,
    Device,
    BaseInfo,
    Online,
    Devices,
    SearchDevices,
    LastActivated,
    Profile,
    UserProfile,
    Organization,
    SubOrganizations,
    SearchOrganizations,
    Users,
    SearchUsers,
    User,
    Templates,
    Template,
    TemplateFields,
    DeviceFields,
    WriteField,
    Rename,
    Delete,
    CheckIn,
    HardwareConnected,
}

impl Call {
    pub const ALL: [Call; 27] = [
        Call::SignIn,
        Call::Reserve,
        Call::Renew,
        Call::Reconfigure,
        Call::Device,
        Call::BaseInfo,
        Call::Online,
        Call::Devices,
        Call::SearchDevices,
        Call::LastActivated,
        Call::Profile,
        Call::UserProfile,
        Call::Organization,
        Call::SubOrganizations,
        Call::SearchOrganizations,
        Call::Users,
        Call::SearchUsers,
        Call::User,
        Call::Templates,
        Call::Template,
        Call::TemplateFields,
        Call::DeviceFields,
        Call::WriteField,
        Call::Rename,
        Call::Delete,
        Call::CheckIn,
        Call::HardwareConnected,
    ];

    /// Whether it is a call of the Platform API, which needs an access token.
    pub fn is_platform(self) -> bool {
        !matches!(self, Call::SignIn | Call::CheckIn | Call::HardwareConnected)
    }

    /// The name that a fault's `@CALL` and the counts use.
    pub fn name(self) -> &'static str {
        match self {
            Call::SignIn => "sign-in",
            Call::Reserve => "reserve",
            Call::Renew => "renew",
            Call::Reconfigure => "reconfigure",
            Call::Device => "device",
            Call::BaseInfo => "base-info",
            Call::Online => "online",
            Call::Devices => "devices",
            Call::SearchDevices => "search-devices",
            Call::LastActivated => "last-activated",
            Call::Profile => "profile",
            Call::UserProfile => "user-profile",
            Call::Organization => "organization",
            Call::SubOrganizations => "sub-organizations",
            Call::SearchOrganizations => "search-organizations",
            Call::Users => "users",
            Call::SearchUsers => "search-users",
            Call::User => "user",
            Call::Templates => "templates",
            Call::Template => "template",
            Call::TemplateFields => "template-fields",
            Call::DeviceFields => "device-fields",
            Call::WriteField => "write-field",
            Call::Rename => "rename",
            Call::Delete => "delete",
            Call::CheckIn => "check-in",
            Call::HardwareConnected => "hardware-connected",
        }
    }
}

/// The organization that the practice client belongs to.
pub const ORG: i32 = 1;
/// A person of that organization.
pub const OWNER: i64 = 1;
/// The text template id of the practice devices.
pub const TEMPLATE: &str = "TMPL4xYzAbCdE";
/// Another template of the same organization.
pub const OTHER_TEMPLATE: &str = "TMPL9oThErOnE";
/// Credentials of the practice client.
pub const CLIENT_ID: &str = "oa2-client-id_practicePracticePracticePra01";
pub const CLIENT_SECRET: &str = "practice-client-secret-0123456789abcdef";

#[derive(Debug, Clone)]
pub struct Org {
    pub id: i32,
    pub name: String,
    pub parent: Option<i32>,
}

#[derive(Debug, Clone)]
pub struct Person {
    pub id: i64,
    pub name: String,
    pub email: String,
    pub org: i32,
    pub role: i32,
    pub active: bool,
}

#[derive(Debug, Clone)]
pub struct TemplateRow {
    pub id: i32,
    pub name: String,
    pub texts: Vec<String>,
    pub org: i32,
    /// Field id, name, type.
    pub fields: Vec<(i32, String, &'static str)>,
}

/// What a device declares of itself when it logs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hardware {
    pub template: String,
    pub version: String,
    pub fw_type: String,
    pub build: String,
    pub board: String,
    pub library: String,
    /// Metadata `Hotspot Name` and `Device UID` that it writes after its first connection.
    pub hotspot_name: Option<String>,
    pub uid: Option<String>,
}

/// A device in the cloud. Times are milliseconds of the cloud's clock, 0 is never.
#[derive(Debug, Clone)]
pub struct CloudDevice {
    pub id: i32,
    pub name: String,
    pub org: i32,
    pub owner: i64,
    /// Numeric template id; 0 until it is known.
    pub template: i32,
    pub made_at: i64,
    pub activated_at: i64,
    pub first_connect: i64,
    pub last_connect: i64,
    pub last_disconnect: i64,
    pub connected: bool,
    pub hardware: Option<Hardware>,
    /// Field id to value.
    pub fields: BTreeMap<i32, String>,
    /// Whether the API shows it (a reservation may be invisible until the first check-in).
    pub visible: bool,
    token: String,
}

impl CloudDevice {
    /// The token that counts now. A credential also in a simulation: do not print it.
    pub fn token(&self) -> &str {
        &self.token
    }
}

#[derive(Debug, Clone)]
struct Token {
    device: i32,
    made_at: i64,
    used: bool,
    dead: bool,
}

/// One line of what the cloud remembers for tests: who got what, who came with it. Tokens by their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audit {
    Reserved {
        device: i32,
        org: i32,
        owner: i64,
        token: u32,
        at: i64,
    },
    Renewed {
        device: i32,
        token: u32,
        at: i64,
    },
    /// A hardware (by its MAC where it is known) logged in with a token.
    LoggedIn {
        device: i32,
        token: u32,
        hardware: Option<String>,
        at: i64,
    },
    Refused {
        token: Option<u32>,
        hardware: Option<String>,
        at: i64,
    },
    Reconfigured {
        device: i32,
        at: i64,
    },
    Renamed {
        device: i32,
        at: i64,
    },
    FieldWritten {
        device: i32,
        field: i32,
        at: i64,
    },
    Deleted {
        device: i32,
        at: i64,
    },
}

/// A request refused by the cloud's rules: HTTP status and a text for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub status: u16,
    pub message: String,
}

fn refused<T>(status: u16, message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { status, message: message.into() })
}

const NO_DEVICE: &str = "Device not found or you have no access to it.";

/// A token that was just made.
#[derive(Clone)]
pub struct Issued {
    pub device: i32,
    pub token: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("device", &self.device).finish_non_exhaustive()
    }
}

/// The answer to a device that logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    Accepted { device: i32 },
    Refused,
}

/// What strikes one request, decided before it is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weather {
    pub slow: Duration,
    pub mishap: Option<Mishap>,
    pub retry_after: Option<u64>,
    pub redirect_to: Option<String>,
    pub scope_off: bool,
}

/// The cloud's state behind a lock that is held for short looks only. Clones are the same cloud.
#[derive(Clone)]
pub struct CloudState(Arc<Mutex<Inner>>);

impl std::fmt::Debug for CloudState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudState").finish_non_exhaustive()
    }
}

struct Inner {
    host: String,
    epoch_ms: i64,
    born: tokio::time::Instant,
    orgs: BTreeMap<i32, Org>,
    people: BTreeMap<i64, Person>,
    templates: BTreeMap<i32, TemplateRow>,
    devices: BTreeMap<i32, CloudDevice>,
    tokens: HashMap<String, Token>,
    token_numbers: HashMap<String, u32>,
    next_device: i32,
    sign_ins: HashMap<String, i64>,
    refreshes: HashMap<String, bool>,
    faults: CloudFaults,
    counts: Counts,
    /// Requests of the present minute, for the rate limit.
    minute: (i64, u32),
    audit: Vec<Audit>,
    chance: Chance,
    fault_chance: Chance,
}

/// How a cloud begins.
#[derive(Debug, Clone)]
pub struct CloudBeginning {
    pub seed: u64,
    /// The server name that devices are told.
    pub host: String,
    /// Milliseconds since the Unix epoch at the beginning; `None`: this computer's time.
    pub epoch_ms: Option<i64>,
    pub faults: CloudFaults,
}

impl Default for CloudBeginning {
    fn default() -> CloudBeginning {
        CloudBeginning {
            seed: 1,
            host: "cloud.practice.test".into(),
            epoch_ms: None,
            faults: CloudFaults::default(),
        }
    }
}

impl CloudState {
    pub fn new(beginning: CloudBeginning) -> CloudState {
        let epoch_ms = beginning.epoch_ms.unwrap_or_else(|| {
            SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_millis() as i64).unwrap_or(0)
        });
        let fields = || {
            vec![
                (1, "Device Name".to_owned(), "DeviceName"),
                (2, "Device Owner".to_owned(), "DeviceOwner"),
                (3, "Hotspot Name".to_owned(), "Text"),
                (4, "Device UID".to_owned(), "Text"),
                (5, "Serial Number".to_owned(), "Text"),
                (6, "Location".to_owned(), "Text"),
                (7, "Floor".to_owned(), "Number"),
            ]
        };
        let person = |id, name: &str, org, role, active| Person {
            id,
            name: name.to_owned(),
            email: format!("{}@practice.test", name.to_lowercase().replace(' ', ".")),
            org,
            role,
            active,
        };
        let orgs =
            [(1, "Practice Works", None), (2, "Practice North", Some(1)), (3, "Practice South", Some(1))];
        let template = |id, name: &str, text: &str, org| TemplateRow {
            id,
            name: name.to_owned(),
            texts: vec![text.to_owned()],
            org,
            fields: fields(),
        };
        let inner = Inner {
            host: beginning.host,
            epoch_ms,
            born: tokio::time::Instant::now(),
            orgs: orgs
                .map(|(id, name, parent)| (id, Org { id, name: name.to_owned(), parent }))
                .into_iter()
                .collect(),
            people: [
                person(1, "Pat Technician", 1, 1, true),
                person(2, "Kim Owner", 1, 3, true),
                person(3, "Lee North", 2, 3, true),
                person(8_589_934_593, "Big Number", 1, 3, true),
                person(4, "Not Yet", 1, 3, false),
            ]
            .map(|person| (person.id, person))
            .into_iter()
            .collect(),
            templates: [
                template(10, "Pump", TEMPLATE, 1),
                template(11, "Fan", OTHER_TEMPLATE, 1),
                template(20, "Pump North", TEMPLATE, 2),
            ]
            .map(|template| (template.id, template))
            .into_iter()
            .collect(),
            devices: BTreeMap::new(),
            tokens: HashMap::new(),
            token_numbers: HashMap::new(),
            next_device: 4711,
            sign_ins: HashMap::new(),
            refreshes: HashMap::new(),
            faults: beginning.faults,
            counts: Counts::new(),
            minute: (0, 0),
            audit: Vec::new(),
            chance: Chance::new(beginning.seed),
            fault_chance: Chance::new(beginning.seed.wrapping_add(0xFA17)),
        };
        CloudState(Arc::new(Mutex::new(inner)))
    }

    fn look(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    // ---- what tests and faces look at

    pub fn host(&self) -> String {
        self.look().host.clone()
    }

    pub fn set_host(&self, host: &str) {
        self.look().host = host.to_owned();
    }

    /// The cloud's clock, milliseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        self.look().now()
    }

    pub fn faults(&self) -> CloudFaults {
        self.look().faults.clone()
    }

    /// Turns one knob while the cloud runs.
    pub fn set_fault(&self, name: &str, value: &str) -> Result<(), crate::trouble::KnobError> {
        self.look().faults.set(name, value)
    }

    /// Ends all trouble.
    pub fn clear_faults(&self) {
        self.look().faults = CloudFaults::default();
    }

    /// Requests so far, by name of the call. Those of devices (`check-in`) count too.
    pub fn counts(&self) -> Counts {
        self.look().counts.clone()
    }

    pub fn count(&self, call: Call) -> u32 {
        self.look().counts.get(call.name()).copied().unwrap_or(0)
    }

    /// Requests of all kinds but those of devices.
    pub fn requests(&self) -> u32 {
        let inner = self.look();
        inner.counts.iter().filter(|(name, _)| **name != Call::CheckIn.name()).map(|(_, count)| count).sum()
    }

    pub fn reset_counts(&self) {
        self.look().counts.clear();
    }

    pub fn audit(&self) -> Vec<Audit> {
        self.look().audit.clone()
    }

    /// Every device id that was ever handed out and not deleted, also those that the API does not show yet.
    pub fn all_devices(&self) -> Vec<CloudDevice> {
        self.look().devices.values().cloned().collect()
    }

    /// The devices that the API shows.
    pub fn visible_devices(&self) -> Vec<CloudDevice> {
        self.look().devices.values().filter(|device| device.visible).cloned().collect()
    }

    pub fn device(&self, id: i32) -> Option<CloudDevice> {
        self.look().devices.get(&id).cloned()
    }

    /// Devices whose token more than one hardware has used: there must never be one.
    pub fn shared_tokens(&self) -> Vec<i32> {
        let inner = self.look();
        let mut users: BTreeMap<u32, (i32, std::collections::BTreeSet<&str>)> = BTreeMap::new();
        for line in &inner.audit {
            if let Audit::LoggedIn { device, token, hardware: Some(hardware), .. } = line {
                users.entry(*token).or_insert_with(|| (*device, Default::default())).1.insert(hardware);
            }
        }
        users.into_values().filter(|(_, users)| users.len() > 1).map(|(device, _)| device).collect()
    }

    /// A device that is there from the beginning, checked in once and now offline. Returns its id and token.
    pub fn add_device(&self, org: i32, owner: i64, name: &str, hardware: Hardware) -> (i32, String) {
        let mut inner = self.look();
        let issued = inner.make(org, owner);
        let now = inner.now();
        inner.log_in(&issued.token, hardware, None);
        if let Some(device) = inner.devices.get_mut(&issued.device) {
            device.name = name.to_owned();
            device.connected = false;
            device.last_disconnect = now;
        }
        (issued.device, issued.token)
    }

    // ---- every request

    /// Counts the call and says what strikes it.
    pub fn weather(&self, call: Call) -> Weather {
        let mut inner = self.look();
        let inner = &mut *inner;
        *inner.counts.entry(call.name()).or_default() += 1;
        let mut mishap = inner.faults.strike(call, &mut inner.fault_chance);
        if let Some(limit) = inner.faults.rate_limit.filter(|_| call.is_platform()) {
            let minute = inner.now().div_euclid(60_000);
            if inner.minute.0 != minute {
                inner.minute = (minute, 0);
            }
            inner.minute.1 += 1;
            if inner.minute.1 > limit {
                mishap = Some(Mishap::Status(429));
            }
        }
        Weather {
            slow: inner.faults.slow,
            mishap,
            retry_after: inner.faults.retry_after,
            redirect_to: inner.faults.redirect_to.clone(),
            scope_off: call.is_platform() && inner.faults.scope_off,
        }
    }

    // ---- signing in

    /// A new pair of access and refresh token, with its life in seconds.
    pub fn sign_in(&self) -> (String, String, u64) {
        let mut inner = self.look();
        let life = inner.faults.sign_in_life;
        let (access, refresh) = (inner.chance.token(), inner.chance.token());
        let until = inner.now() + life.as_millis() as i64;
        inner.sign_ins.insert(access.clone(), until);
        inner.refreshes.insert(refresh.clone(), true);
        (access, refresh, life.as_secs())
    }

    /// Uses up a refresh token.
    pub fn spend_refresh(&self, token: &str) -> bool {
        self.look().refreshes.insert(token.to_owned(), false).unwrap_or(false)
    }

    pub fn is_signed_in(&self, access: &str) -> bool {
        let inner = self.look();
        inner.sign_ins.get(access).is_some_and(|until| *until > inner.now())
    }

    /// Ends every sign-in, as a server does that lost its sessions.
    pub fn forget_sign_ins(&self) {
        self.look().sign_ins.clear();
    }

    /// A bearer token that does not end, as one pastes it.
    pub fn static_bearer(&self) -> String {
        let mut inner = self.look();
        let token = inner.chance.token();
        inner.sign_ins.insert(token.clone(), i64::MAX);
        token
    }

    // ---- the three provisioning calls

    pub fn reserve(&self, org: i32, owner: i64) -> Result<Issued, Refused> {
        let mut inner = self.look();
        if !inner.orgs.contains_key(&org) {
            return refused(404, "Organization not found or you have no access to it.");
        }
        match inner.people.get(&owner) {
            None => return refused(404, "User not found."),
            Some(person) if !person.active => return refused(400, "The user is not active."),
            Some(_) => {}
        }
        if let Some(limit) = inner.faults.device_limit {
            let taken =
                inner.devices.values().filter(|device| device.visible || inner.is_alive(device)).count();
            if taken >= limit as usize {
                // No source says how the real one refuses; "payment required" can mean nothing else.
                return refused(402, "Device limit of your plan is reached.");
            }
        }
        Ok(inner.make(org, owner))
    }

    pub fn renew(&self, device: i32) -> Result<Issued, Refused> {
        let mut inner = self.look();
        let now = inner.now();
        let dies_at_use = inner.faults.old_token_dies_at_use;
        let token = inner.chance.token();
        let Some(record) = inner.devices.get_mut(&device) else { return refused(404, NO_DEVICE) };
        let old = std::mem::replace(&mut record.token, token.clone());
        if !dies_at_use {
            if record.connected {
                record.connected = false;
                record.last_disconnect = now;
            }
            if let Some(old) = inner.tokens.get_mut(&old) {
                old.dead = true;
            }
        }
        let number = inner.remember(&token, device);
        inner.audit.push(Audit::Renewed { device, token: number, at: now });
        Ok(Issued { device, token })
    }

    /// `deviceIsOffline`, where the cloud says so.
    pub fn reconfigure(&self, device: i32) -> Result<Option<bool>, Refused> {
        let mut inner = self.look();
        let now = inner.now();
        let Some(record) = inner.devices.get(&device).filter(|device| device.visible) else {
            return refused(404, NO_DEVICE);
        };
        let offline = !record.connected;
        inner.audit.push(Audit::Reconfigured { device, at: now });
        Ok((!inner.faults.reconfigure_silent).then_some(offline))
    }

    /// The token that a device is connected with now.
    pub(crate) fn connected_by(&self, device: i32) -> Option<String> {
        let inner = self.look();
        inner.devices.get(&device).filter(|device| device.connected).map(|device| device.token.clone())
    }

    // ---- what a device does

    /// A device logs in. `hardware_id` (its MAC) is for the audit only.
    pub fn log_in(&self, token: &str, hardware: Hardware, hardware_id: Option<&str>) -> Login {
        self.look().log_in(token, hardware, hardware_id)
    }

    /// The live connection of this token's device ends.
    pub fn log_out(&self, token: &str) {
        let mut inner = self.look();
        let now = inner.now();
        let Some(device) = inner.tokens.get(token).map(|token| token.device) else { return };
        if let Some(device) = inner.devices.get_mut(&device).filter(|device| device.connected) {
            device.connected = false;
            device.last_disconnect = now;
        }
    }

    /// `None`: the token is not known.
    pub fn is_hardware_connected(&self, token: &str) -> Option<bool> {
        let inner = self.look();
        let token = inner.tokens.get(token).filter(|token| !token.dead)?;
        inner.devices.get(&token.device).map(|device| device.connected)
    }

    // ---- looking

    pub fn shown(&self, device: i32) -> Result<CloudDevice, Refused> {
        match self.look().devices.get(&device).filter(|device| device.visible) {
            Some(device) => Ok(device.clone()),
            None => refused(404, NO_DEVICE),
        }
    }

    pub fn devices_of(&self, org: i32, with_children: bool) -> Result<Vec<CloudDevice>, Refused> {
        let inner = self.look();
        if !inner.orgs.contains_key(&org) {
            return refused(404, "Organization not found or you have no access to it.");
        }
        let within = |device: &&CloudDevice| {
            device.visible
                && (device.org == org
                    || with_children && inner.orgs.get(&device.org).and_then(|org| org.parent) == Some(org))
        };
        Ok(inner.devices.values().filter(within).cloned().collect())
    }

    /// Devices of this very organization that first checked in within the last minutes.
    pub fn activated_within(&self, org: i32, minutes: u32) -> Result<Vec<CloudDevice>, Refused> {
        let since = self.now() - i64::from(minutes) * 60_000;
        let mut rows = self.devices_of(org, false)?;
        rows.retain(|device| device.hardware.is_some() && device.activated_at >= since);
        Ok(rows)
    }

    pub fn organizations(&self) -> Vec<Org> {
        self.look().orgs.values().cloned().collect()
    }

    pub fn people(&self) -> Vec<Person> {
        self.look().people.values().cloned().collect()
    }

    pub fn templates_of(&self, org: i32) -> Result<Vec<TemplateRow>, Refused> {
        let inner = self.look();
        if !inner.orgs.contains_key(&org) {
            return refused(404, "Organization not found or you have no access to it.");
        }
        Ok(inner.templates.values().filter(|template| template.org == org).cloned().collect())
    }

    pub fn template(&self, id: i32) -> Result<TemplateRow, Refused> {
        match self.look().templates.get(&id) {
            Some(template) => Ok(template.clone()),
            None => refused(404, "Template not found."),
        }
    }

    /// Id, name, value of every metadata field of a device.
    pub fn fields_of(&self, device: i32) -> Result<Vec<(i32, String, String)>, Refused> {
        let device = self.shown(device)?;
        let inner = self.look();
        let Some(template) = inner.templates.get(&device.template) else { return Ok(Vec::new()) };
        Ok(template
            .fields
            .iter()
            .map(|(id, name, kind)| {
                let value = match *kind {
                    "DeviceName" => device.name.clone(),
                    "DeviceOwner" => {
                        inner.people.get(&device.owner).map(|owner| owner.email.clone()).unwrap_or_default()
                    }
                    _ => device.fields.get(id).cloned().unwrap_or_default(),
                };
                (*id, name.clone(), value)
            })
            .collect())
    }

    // ---- changing

    pub fn rename(&self, device: i32, name: &str) -> Result<(), Refused> {
        let fits = |c: char| c.is_alphanumeric() || " '_-".contains(c);
        if name.is_empty() || name.chars().count() > 50 || !name.chars().all(fits) {
            return refused(400, "Device name is not valid.");
        }
        let mut inner = self.look();
        let now = inner.now();
        let Some(record) = inner.devices.get_mut(&device).filter(|device| device.visible) else {
            return refused(404, NO_DEVICE);
        };
        record.name = name.to_owned();
        inner.audit.push(Audit::Renamed { device, at: now });
        Ok(())
    }

    pub fn write_field(&self, device: i32, field: i32, value: &str) -> Result<(), Refused> {
        let mut inner = self.look();
        let now = inner.now();
        let Some(template) = inner.devices.get(&device).filter(|device| device.visible).map(|d| d.template)
        else {
            return refused(404, NO_DEVICE);
        };
        let kind = inner
            .templates
            .get(&template)
            .and_then(|template| template.fields.iter().find(|(id, _, _)| *id == field))
            .map(|(_, _, kind)| *kind);
        match kind {
            None => return refused(404, "Metafield not found."),
            Some("Number") if value.parse::<f64>().is_err() => {
                return refused(400, "The value is not a number.");
            }
            Some(_) => {}
        }
        if let Some(record) = inner.devices.get_mut(&device) {
            record.fields.insert(field, value.to_owned());
        }
        inner.audit.push(Audit::FieldWritten { device, field, at: now });
        Ok(())
    }

    pub fn delete(&self, device: i32) -> Result<(), Refused> {
        let mut inner = self.look();
        let now = inner.now();
        if !inner.devices.get(&device).is_some_and(|device| device.visible) {
            return refused(404, NO_DEVICE);
        }
        inner.devices.remove(&device);
        for token in inner.tokens.values_mut().filter(|token| token.device == device) {
            token.dead = true;
        }
        inner.audit.push(Audit::Deleted { device, at: now });
        Ok(())
    }
}

impl Inner {
    fn now(&self) -> i64 {
        self.epoch_ms + self.born.elapsed().as_millis() as i64 + self.faults.clock_ms
    }

    fn is_alive(&self, device: &CloudDevice) -> bool {
        self.tokens.get(&device.token).is_some_and(|token| !self.is_over(token))
    }

    fn is_over(&self, token: &Token) -> bool {
        token.dead || !token.used && self.now() - token.made_at >= self.faults.token_life.as_millis() as i64
    }

    fn remember(&mut self, token: &str, device: i32) -> u32 {
        let number = self.token_numbers.len() as u32 + 1;
        self.token_numbers.insert(token.to_owned(), number);
        let made_at = self.now();
        self.tokens.insert(token.to_owned(), Token { device, made_at, used: false, dead: false });
        number
    }

    fn make(&mut self, org: i32, owner: i64) -> Issued {
        let (id, now, token) = (self.next_device, self.now(), self.chance.token());
        self.next_device += 1;
        let number = self.remember(&token, id);
        let at_once = self.faults.record_at_once;
        let device = CloudDevice {
            id,
            name: format!("Device {id}"),
            org,
            owner,
            template: 0,
            made_at: now,
            activated_at: if at_once { now } else { 0 },
            first_connect: 0,
            last_connect: 0,
            last_disconnect: 0,
            connected: false,
            hardware: None,
            fields: BTreeMap::new(),
            visible: at_once,
            token: token.clone(),
        };
        self.devices.insert(id, device);
        self.audit.push(Audit::Reserved { device: id, org, owner, token: number, at: now });
        Issued { device: id, token }
    }

    fn log_in(&mut self, text: &str, hardware: Hardware, hardware_id: Option<&str>) -> Login {
        let now = self.now();
        let number = self.token_numbers.get(text).copied();
        let who = hardware_id.map(str::to_owned);
        let device = match self.tokens.get(text) {
            Some(token) if !self.is_over(token) && self.devices.contains_key(&token.device) => token.device,
            _ => {
                self.audit.push(Audit::Refused { token: number, hardware: who, at: now });
                return Login::Refused;
            }
        };
        let org = self.devices.get(&device).map_or(0, |device| device.org);
        let named =
            self.templates.values().find(|row| row.org == org && row.texts.contains(&hardware.template));
        let first = self.templates.values().find(|row| row.org == org);
        let row = match named {
            None if self.faults.unknown_template_refused => {
                self.audit.push(Audit::Refused { token: number, hardware: who, at: now });
                return Login::Refused;
            }
            None => first,
            named => named,
        };
        let (template, template_name) =
            row.map(|row| (row.id, row.name.clone())).unwrap_or((0, "Device".into()));
        let field_of = |name: &str| {
            row.and_then(|row| row.fields.iter().find(|field| field.1 == name)).map(|field| field.0)
        };
        let learnt = [
            (field_of("Hotspot Name"), hardware.hotspot_name.clone()),
            (field_of("Device UID"), hardware.uid.clone()),
        ];
        // The old token of a renewed device dies when the new one is used first.
        let current = self.devices.get(&device).is_some_and(|record| record.token == text);
        for (other, token) in self.tokens.iter_mut().filter(|(_, token)| token.device == device) {
            if other == text {
                token.used = true;
            } else if current {
                token.dead = true;
            }
        }
        if let Some(record) = self.devices.get_mut(&device) {
            if record.first_connect == 0 {
                record.first_connect = now;
                record.activated_at = now;
                record.name = template_name;
            }
            record.template = template;
            record.visible = true;
            record.connected = true;
            record.last_connect = now;
            record.hardware = Some(hardware);
            for (field, value) in learnt {
                if let (Some(field), Some(value)) = (field, value) {
                    record.fields.insert(field, value);
                }
            }
        }
        if let Some(token) = number {
            self.audit.push(Audit::LoggedIn { device, token, hardware: who, at: now });
        }
        Login::Accepted { device }
    }
}
