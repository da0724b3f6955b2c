//! One value at a time: what is typed becomes a value, or a reason with what its sentence names.

use crate::clouds::missing_for_sign_in;
use crate::secrets::{SecretName, Secrets};
use cloud::{Server, ServerError};
use engine::fault::RefusalReason;
use engine::plan::patience;
use engine::{Because, RefusalCode, Target, Why};
use link::LinkError;
use proto::{Address, Limit, MediumKind, Secret};
use std::collections::BTreeMap;

use super::Wanted;

/// Patience has bounds too: a shorter wait would call every pass unknown, a longer one would never end.
const PATIENCE_BOUNDS: std::ops::RangeInclusive<u32> = 1..=3600;

/// Collects reasons while values are read.
#[derive(Debug, Default)]
pub struct Reasons(pub Vec<RefusalReason>);

impl Reasons {
    pub fn add<const N: usize>(&mut self, code: RefusalCode, about: [(&str, String); N]) {
        self.0.push(reason(code, about));
    }

    pub fn because(&mut self, code: RefusalCode, because: impl Into<Because>, about: &[(&str, &str)]) {
        self.0.push(because.into().reason(code, about));
    }
}

/// One reason with what its sentence names.
pub fn reason<const N: usize>(code: RefusalCode, about: [(&str, String); N]) -> RefusalReason {
    RefusalReason {
        code,
        why: None,
        about: about.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
    }
}

/// A positive whole number, or a reason that quotes what was typed.
pub fn number<N: std::str::FromStr + PartialOrd + From<u8>>(
    text: Option<&str>,
    code: RefusalCode,
    missing: Why,
    reasons: &mut Reasons,
) -> Option<N> {
    let Some(text) = text else {
        reasons.because(RefusalCode::Usage, missing, &[]);
        return None;
    };
    let number = text.trim().parse::<N>().ok().filter(|number| *number > N::from(0));
    if number.is_none() {
        reasons.add(code, [("value", text.to_owned()), ("device", text.to_owned())]);
    }
    number
}

/// The server's base address without a trailing slash, or `None` with reasons.
pub fn check_server(server: Option<&str>, reasons: &mut Reasons) -> Option<String> {
    let Some(server) = server else {
        reasons.because(RefusalCode::Usage, Why::ServerMissing, &[]);
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
pub fn bad_server(server: &str, error: &ServerError) -> RefusalReason {
    let shown = match server.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => server.to_owned(),
    };
    match error {
        ServerError::Insecure { .. } => reason(RefusalCode::InsecureServer, [("server", shown)]),
        ServerError::NotAnAddress { .. } => reason(RefusalCode::BadServer, [("server", shown)]),
    }
}

pub fn check_driver(driver: Option<&str>, reasons: &mut Reasons) -> String {
    let driver = driver.unwrap_or("auto");
    if driver != "auto" && proto::driver(driver).is_none() {
        let known: Vec<_> = proto::drivers().iter().map(|driver| driver.name()).collect();
        reasons.add(RefusalCode::UnknownDriver, [("driver", driver.to_owned()), ("known", known.join(", "))]);
    }
    driver.to_owned()
}

pub fn check_patience(patience: Option<&str>, reasons: &mut Reasons) -> u32 {
    let Some(text) = patience else { return patience::FIRST_LIGHT_S };
    match text.trim().parse::<u32>() {
        Ok(seconds) if PATIENCE_BOUNDS.contains(&seconds) => seconds,
        _ => {
            reasons.because(RefusalCode::Usage, Why::PatienceRange, &[("value", text)]);
            patience::FIRST_LIGHT_S
        }
    }
}

/// The host that the device is told: the server's, unless said otherwise. Firmware takes a plain name, nothing else.
pub fn check_token_host(host: Option<&str>, server: Option<&str>, reasons: &mut Reasons) -> String {
    if let Some(host) = host {
        let plain = !host.is_empty()
            && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        if !plain {
            reasons.because(RefusalCode::HostLength, Why::HostNotPlain, &[]);
        }
        return host.to_owned();
    }
    server.and_then(|server| Server::parse(server).ok()).map(|server| server.host()).unwrap_or_default()
}

pub fn check_name(name: Option<&str>, reasons: &mut Reasons) {
    if let Some(name) = name
        && cloud::blynk::name_problem(name).is_some()
    {
        reasons.add(RefusalCode::NameInvalid, [("name", name.to_owned())]);
    }
}

pub fn check_meta(meta: &[String], reasons: &mut Reasons) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for pair in meta {
        match pair.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                fields.insert(key.trim().to_owned(), value.to_owned());
            }
            _ => reasons.because(RefusalCode::Usage, Why::MetadataShape, &[("value", pair)]),
        }
    }
    fields
}

pub fn check_wanted(wanted: Option<Wanted>, reasons: &mut Reasons) -> Option<Target> {
    match wanted {
        Some(Wanted::Port { path, problem: None }) => Some(Target::At { address: Address::Serial(path) }),
        Some(Wanted::Port { path, problem: Some(problem) }) => {
            let code = match problem {
                LinkError::PortDenied { .. } => RefusalCode::PortDenied,
                _ => RefusalCode::UnknownPort,
            };
            reasons.add(code, [("port", path)]);
            None
        }
        Some(Wanted::Ble { name }) if !name.trim().is_empty() => {
            Some(Target::Named { medium: MediumKind::Ble, name })
        }
        Some(Wanted::Any) => Some(Target::Any),
        Some(Wanted::Ble { .. }) | None => {
            reasons.because(RefusalCode::Usage, Why::TargetMissing, &[]);
            None
        }
    }
}

/// Client id and secret together, or a bearer token.
pub fn check_cloud_secrets(secrets: &Secrets, reasons: &mut Reasons) {
    reasons.0.extend(missing_for_sign_in(secrets).into_iter().map(missing));
}

/// The reason for a secret that was not given.
pub fn missing(name: SecretName) -> RefusalReason {
    let fix = match name {
        SecretName::ClientId | SecretName::ClientSecret => format!(
            "Set {} in the environment (or FIRSTLIGHT_BEARER instead), give it with --secrets-stdin, or use a profile with --profile.",
            name.as_str()
        ),
        SecretName::WifiPassword => "Set FIRSTLIGHT_WIFI_PASSWORD in the environment or give it with --secrets-stdin; for an open network set it to an empty text.".to_owned(),
        SecretName::Bearer | SecretName::DeviceSecret | SecretName::DeviceQr | SecretName::Passphrase => {
            format!("Set {} in the environment or give it with --secrets-stdin.", name.as_str())
        }
    };
    reason(RefusalCode::SecretMissing, [("secret", name.as_str().to_owned()), ("fix", fix)])
}

/// Network name and password by the limits of the driver; for `auto` by the narrowest of all, since a firmware that
/// drops a value does so silently.
pub fn check_wifi(
    ssid: Option<&str>,
    driver: &str,
    secrets: &Secrets,
    reasons: &mut Reasons,
) -> Option<Secret> {
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

pub fn check_ssid(ssid: &str, most: usize, reasons: &mut Reasons) {
    if !(1..=most).contains(&ssid.len()) {
        reasons.add(RefusalCode::SsidLength, [("bytes", ssid.len().to_string()), ("most", most.to_string())]);
    }
}

/// Only network name and password are judged here; the engine judges host, token and settings with the whole delivery.
pub fn add_wifi_limit(limit: &Limit, reasons: &mut Reasons) {
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
        | Limit::NetworkMissing
        | Limit::Setting { .. }
        | Limit::LineLength { .. } => {}
    }
}
