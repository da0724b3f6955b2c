//! A face's request becomes a recipe, a target and the job's secrets, or a refusal with all reasons at once.
//!
//! Everything arrives as text, so that a typing error in one field does not hide the one in the next. Nothing here
//! touches a port, a file or the network: what only the system knows (is there such a port?) is handed in.

use crate::clouds::missing_for_sign_in;
use crate::secrets::{SecretName, Secrets};
use cloud::{DeviceId, OrgId, Server, ServerError, UserId};
use engine::fault::RefusalReason;
use engine::{CloudRef, JobSecrets, Recipe, Refusal, RefusalCode, Target};
use link::LinkError;
use proto::{Address, Limit, MediumKind, Secret};
use std::collections::BTreeMap;

/// Seconds from delivery to "unknown" when nobody says otherwise: longer than the device's own 50 s for the network
/// and 50 s for the cloud, and a restart.
pub const PATIENCE_S: u32 = 120;

/// Patience has bounds too: a shorter wait would call every pass unknown, a longer one would never end.
const PATIENCE_BOUNDS: std::ops::RangeInclusive<u32> = 1..=3600;

/// What a face asks for, as it was typed. Defaults of a profile are filled in before: see [`ProvisionRequest::or`].
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

/// Collects reasons while values are read.
#[derive(Debug, Default)]
struct Reasons(Vec<RefusalReason>);

impl Reasons {
    fn add<const N: usize>(&mut self, code: RefusalCode, about: [(&str, String); N]) {
        self.0.push(reason(code, about));
    }
}

/// One reason with what its sentence names.
fn reason<const N: usize>(code: RefusalCode, about: [(&str, String); N]) -> RefusalReason {
    RefusalReason { code, about: about.into_iter().map(|(key, value)| (key.to_owned(), value)).collect() }
}

impl ProvisionRequest {
    /// Checks everything and reports everything. Secrets of the cloud are only looked for, not used.
    pub fn check(self, secrets: &Secrets) -> Result<Call, Refusal> {
        let mut reasons = Reasons::default();
        let server = check_server(self.server.as_deref(), &mut reasons);
        let org = number::<i32>(self.org.as_deref(), RefusalCode::BadOrg, "--org", &mut reasons);
        let owner = number::<i64>(self.owner.as_deref(), RefusalCode::BadOwner, "--owner", &mut reasons);
        let device = self.device.as_deref().and_then(|text| {
            number::<i32>(Some(text), RefusalCode::UnknownDevice, "--device-id", &mut reasons)
        });
        let driver = check_driver(self.driver.as_deref(), &mut reasons);
        let patience_s = check_patience(self.patience.as_deref(), &mut reasons);
        let token_host = check_token_host(self.token_host.as_deref(), server.as_deref(), &mut reasons);
        check_name(self.name.as_deref(), &mut reasons);
        let meta = check_meta(&self.meta, &mut reasons);
        let target = check_wanted(self.wanted, &mut reasons);
        check_carrier(self.carrier.as_deref(), &mut reasons);
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
                    device_user: self.device_user,
                },
                target,
                secrets: JobSecrets {
                    wifi_password,
                    device_secret: secrets.get(SecretName::DeviceSecret).cloned(),
                },
            }),
            _ => Err(Refusal { reasons: reasons.0 }),
        }
    }
}

/// A profile as it was typed, without its secrets.
#[derive(Debug, Clone, Default)]
pub struct ProfileRequest {
    pub name: String,
    pub server: String,
    pub org: Option<String>,
    pub owner: Option<String>,
    pub wifi: Option<String>,
    pub token_host: Option<String>,
    pub patience: Option<String>,
}

/// A profile whose values can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileChecked {
    pub name: String,
    pub server: String,
    pub org: Option<OrgId>,
    pub owner: Option<UserId>,
    pub ssid: Option<String>,
    pub token_host: Option<String>,
    pub patience_s: Option<u32>,
}

impl ProfileRequest {
    /// # Errors
    /// A refusal with all reasons. Ids may be left out; what is given has to be right.
    pub fn check(self) -> Result<ProfileChecked, Refusal> {
        let mut reasons = Reasons::default();
        let server = check_server(Some(&self.server), &mut reasons);
        let org = self
            .org
            .as_deref()
            .and_then(|text| number::<i32>(Some(text), RefusalCode::BadOrg, "--org", &mut reasons));
        let owner = self
            .owner
            .as_deref()
            .and_then(|text| number::<i64>(Some(text), RefusalCode::BadOwner, "--owner", &mut reasons));
        if let Some(ssid) = &self.wifi {
            check_ssid(ssid, 32, &mut reasons);
        }
        if self.token_host.is_some() {
            check_token_host(self.token_host.as_deref(), None, &mut reasons);
        }
        let patience_s = self.patience.as_deref().map(|text| check_patience(Some(text), &mut reasons));
        match (reasons.0.is_empty(), server) {
            (true, Some(server)) => Ok(ProfileChecked {
                name: self.name,
                server,
                org: org.map(OrgId),
                owner: owner.map(UserId),
                ssid: self.wifi,
                token_host: self.token_host,
                patience_s,
            }),
            _ => Err(Refusal { reasons: reasons.0 }),
        }
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
    let device = number::<i32>(Some(device), RefusalCode::UnknownDevice, "--device-id", &mut reasons);
    check_cloud_secrets(secrets, &mut reasons);
    match (reasons.0.is_empty(), server, device) {
        (true, Some(server), Some(device)) => Ok((CloudRef { server, profile }, DeviceId(device))),
        _ => Err(Refusal { reasons: reasons.0 }),
    }
}

/// A positive whole number, or a reason that quotes what was typed.
fn number<N: std::str::FromStr + PartialOrd + From<u8>>(
    text: Option<&str>,
    code: RefusalCode,
    option: &str,
    reasons: &mut Reasons,
) -> Option<N> {
    let Some(text) = text else {
        reasons.add(
            RefusalCode::Usage,
            [
                ("what", format!("{option} is missing.")),
                ("fix", format!("Give {option} a number, or use a profile with --profile; `firstlight help provision` shows examples.")),
            ],
        );
        return None;
    };
    let number = text.trim().parse::<N>().ok().filter(|number| *number > N::from(0));
    if number.is_none() {
        reasons.add(code, [("value", text.to_owned()), ("device", text.to_owned())]);
    }
    number
}

/// The server's base address without a trailing slash, or `None` with reasons.
fn check_server(server: Option<&str>, reasons: &mut Reasons) -> Option<String> {
    let Some(server) = server else {
        reasons.add(
            RefusalCode::Usage,
            [
                ("what", "--server is missing.".to_owned()),
                ("fix", "Give your cloud as in --server https://fra1.blynk.cloud, use a profile with --profile, or practise with --practice.".to_owned()),
            ],
        );
        return None;
    };
    match Server::parse(server) {
        Ok(_) => Some(server.trim().trim_end_matches('/').to_owned()),
        Err(error) => {
            reasons.0.push(bad_server(server, &error));
            None
        }
    }
}

/// Why an address is refused. A user name or password in it is a secret in the wrong place and is not repeated.
pub(crate) fn bad_server(server: &str, error: &ServerError) -> RefusalReason {
    let shown = match server.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => server.to_owned(),
    };
    match error {
        ServerError::Insecure { .. } => reason(RefusalCode::InsecureServer, [("server", shown)]),
        ServerError::NotAnAddress { why } => {
            reason(RefusalCode::BadServer, [("server", shown), ("why", (*why).to_owned())])
        }
    }
}

fn check_driver(driver: Option<&str>, reasons: &mut Reasons) -> String {
    let driver = driver.unwrap_or("auto");
    if driver != "auto" && proto::driver(driver).is_none() {
        let known: Vec<_> = proto::drivers().iter().map(|driver| driver.name()).collect();
        reasons.add(RefusalCode::UnknownDriver, [("driver", driver.to_owned()), ("known", known.join(", "))]);
    }
    driver.to_owned()
}

fn check_patience(patience: Option<&str>, reasons: &mut Reasons) -> u32 {
    let Some(text) = patience else { return PATIENCE_S };
    match text.trim().parse::<u32>() {
        Ok(seconds) if PATIENCE_BOUNDS.contains(&seconds) => seconds,
        _ => {
            reasons.add(
                RefusalCode::Usage,
                [
                    ("what", format!("“{text}” is not a patience.")),
                    ("fix", "Give whole seconds from 1 to 3600 with --patience.".to_owned()),
                ],
            );
            PATIENCE_S
        }
    }
}

/// The host that the device is told: the server's, unless said otherwise. Firmware takes a plain name, nothing else.
fn check_token_host(host: Option<&str>, server: Option<&str>, reasons: &mut Reasons) -> String {
    if let Some(host) = host {
        let plain = !host.is_empty()
            && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'));
        if !plain {
            reasons.add(RefusalCode::HostLength, [("why", "it is not a plain host name".to_owned())]);
        }
        return host.to_owned();
    }
    server.and_then(|server| Server::parse(server).ok()).map(|server| server.host()).unwrap_or_default()
}

fn check_name(name: Option<&str>, reasons: &mut Reasons) {
    if let Some(name) = name
        && cloud::blynk::name_problem(name).is_some()
    {
        reasons.add(RefusalCode::NameInvalid, [("name", name.to_owned())]);
    }
}

fn check_meta(meta: &[String], reasons: &mut Reasons) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for pair in meta {
        match pair.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                fields.insert(key.trim().to_owned(), value.to_owned());
            }
            _ => reasons.add(
                RefusalCode::Usage,
                [
                    ("what", format!("“{pair}” is not a metadata field.")),
                    ("fix", "Write it as KEY=VALUE, for example --meta \"Serial Number=0042\".".to_owned()),
                ],
            ),
        }
    }
    fields
}

fn check_wanted(wanted: Option<Wanted>, reasons: &mut Reasons) -> Option<Target> {
    match wanted {
        Some(Wanted::Port { path, problem: None }) => Some(Target::At { address: Address::Serial(path) }),
        Some(Wanted::Port { path, problem: Some(problem) }) => {
            let code = match problem {
                LinkError::PortDenied { .. } => RefusalCode::PortDenied,
                _ => RefusalCode::UnknownPort,
            };
            reasons.add(code, [("port", path), ("why", problem.to_string())]);
            None
        }
        Some(Wanted::Ble { name }) if !name.trim().is_empty() => {
            Some(Target::Named { medium: MediumKind::Ble, name })
        }
        Some(Wanted::Any) => Some(Target::Any),
        Some(Wanted::Ble { .. }) | None => {
            reasons.add(
                RefusalCode::Usage,
                [
                    ("what", "It is not said which device to provision.".to_owned()),
                    ("fix", "Give --port PATH, --ble NAME-OR-ADDRESS or --any.".to_owned()),
                ],
            );
            None
        }
    }
}

fn check_carrier(carrier: Option<&str>, reasons: &mut Reasons) {
    let Some(carrier) = carrier else { return };
    let vendor = carrier.strip_prefix("vendor:").and_then(|id| match id.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => id.parse::<u8>().ok(),
    });
    if !matches!(carrier, "url" | "third-string") && vendor.is_none() {
        reasons.add(
            RefusalCode::DriverSetting,
            [
                ("setting", "--carrier".to_owned()),
                ("why", format!("“{carrier}” is none of the ways")),
                ("fix", "Give url, third-string or vendor:ID with an id from 0 to 255.".to_owned()),
            ],
        );
    }
}

/// Client id and secret together, or a bearer token.
fn check_cloud_secrets(secrets: &Secrets, reasons: &mut Reasons) {
    reasons.0.extend(missing_for_sign_in(secrets).into_iter().map(missing));
}

/// The reason for a secret that was not given.
pub(crate) fn missing(name: SecretName) -> RefusalReason {
    let fix = match name {
        SecretName::ClientId | SecretName::ClientSecret => format!(
            "Set {} in the environment (or FIRSTLIGHT_BEARER instead), give it with --secrets-stdin, or use a profile with --profile.",
            name.as_str()
        ),
        SecretName::WifiPassword => "Set FIRSTLIGHT_WIFI_PASSWORD in the environment or give it with --secrets-stdin; for an open network set it to an empty text.".to_owned(),
        SecretName::Bearer | SecretName::DeviceSecret | SecretName::Passphrase => {
            format!("Set {} in the environment or give it with --secrets-stdin.", name.as_str())
        }
    };
    reason(RefusalCode::SecretMissing, [("secret", name.as_str().to_owned()), ("fix", fix)])
}

/// Network name and password by the limits of the driver; for `auto` by the narrowest of all, since a firmware that
/// drops a value does so silently.
fn check_wifi(ssid: Option<&str>, driver: &str, secrets: &Secrets, reasons: &mut Reasons) -> Option<Secret> {
    let ssid = ssid?;
    let Some(password) = secrets.get(SecretName::WifiPassword) else {
        reasons.0.push(missing(SecretName::WifiPassword));
        check_ssid(ssid, 31, reasons);
        return None;
    };
    match proto::driver(driver) {
        Some(known) => {
            let delivery = proto::Delivery {
                wifi: Some(proto::Wifi { ssid: ssid.to_owned(), password: password.clone() }),
                token: None,
                host: String::new(),
            };
            let settings = proto::DriverSettings::default();
            for limit in known.limits(&delivery, &settings, None) {
                add_wifi_limit(&limit, reasons);
            }
        }
        None => {
            check_ssid(ssid, 31, reasons);
            let chars = password.expose().chars().count();
            if chars != 0 && !(8..=63).contains(&chars) {
                reasons.add(
                    RefusalCode::PasswordLength,
                    [("chars", chars.to_string()), ("least", "8".to_owned()), ("most", "63".to_owned())],
                );
            }
        }
    }
    Some(password.clone())
}

fn check_ssid(ssid: &str, most: usize, reasons: &mut Reasons) {
    if !(1..=most).contains(&ssid.len()) {
        reasons.add(RefusalCode::SsidLength, [("bytes", ssid.len().to_string()), ("most", most.to_string())]);
    }
}

/// Only network name and password are judged here; the engine judges host, token and settings with the whole delivery.
fn add_wifi_limit(limit: &Limit, reasons: &mut Reasons) {
    match limit {
        Limit::SsidLength { bytes, most } => {
            reasons.add(RefusalCode::SsidLength, [("bytes", bytes.to_string()), ("most", most.to_string())]);
        }
        Limit::PasswordLength { chars, least, most } => reasons.add(
            RefusalCode::PasswordLength,
            [("chars", chars.to_string()), ("least", least.to_string()), ("most", most.to_string())],
        ),
        Limit::HostLength { .. }
        | Limit::HostUnusable
        | Limit::TokenShape
        | Limit::HostFixed
        | Limit::Setting { .. }
        | Limit::LineLength { .. } => {}
    }
}

#[cfg(test)]
mod tests;
