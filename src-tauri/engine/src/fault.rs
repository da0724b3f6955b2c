//! What a person is told: every error of every layer becomes a fault here, and nowhere else.
//!
//! A fault is a code with its step, its blame and what can be done; the sentences belong to the faces (`api/words.rs`).
//! A refusal is not a fault: nothing was begun.

use crate::record::JournalError;
use crate::record::event::Step;
use cloud::CloudError;
use link::LinkError;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $code)] $variant,)* }
        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $code,)* }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

codes! {
    /// Stable codes; the families stand in the contract. A code is here because a sentence or a button depends on it.
    FaultCode {
        WifiPasswordRefused = "wifi.password_refused",
        WifiNotFound = "wifi.not_found",
        WifiNoAddress = "wifi.no_address",
        WifiTimeout = "wifi.timeout",
        WifiNoCable = "wifi.no_cable",
        WifiUnsupported = "wifi.unsupported",
        WifiFailed = "wifi.failed",
        SimMissing = "sim.missing",
        SimLocked = "sim.locked",
        SimWrongPin = "sim.wrong_pin",
        LinkLost = "link.lost",
        SerialNoPort = "serial.no_such_port",
        SerialBusy = "serial.port_busy",
        SerialDenied = "serial.port_denied",
        SerialUnusable = "serial.unusable",
        BleNoAdapter = "ble.no_adapter",
        BleAdapterOff = "ble.adapter_off",
        BleUnavailable = "ble.unavailable",
        BleNotInSight = "ble.not_in_sight",
        BleConnectFailed = "ble.connect_failed",
        BleNeedsPairing = "ble.needs_pairing",
        DeviceSilent = "device.silent",
        DeviceNotFound = "device.not_found",
        DeviceUnknownProtocol = "device.unknown_protocol",
        DeviceRefused = "device.refused",
        DeviceNotAuthorized = "device.not_authorized",
        DeviceWrongProof = "device.wrong_proof",
        DeviceMalformed = "device.malformed",
        DeviceConfiguration = "device.configuration_refused",
        DeviceUnsupported = "device.unsupported",
        DeviceHostFixed = "device.host_fixed",
        DeviceLimits = "device.limits",
        /// Another job works on this unit right now.
        DeviceBusy = "device.busy",
        TemplateUnknown = "template.unknown",
        TemplateMismatch = "template.mismatch",
        CloudTokenRefused = "cloud.token_refused",
        CloudUnreachableFromDevice = "cloud.unreachable_from_device",
        CloudCertificateFromDevice = "cloud.certificate_from_device",
        CloudCaptivePortal = "cloud.captive_portal",
        CloudDnsFromDevice = "cloud.dns_from_device",
        CloudSignIn = "cloud.sign_in",
        CloudForbidden = "cloud.forbidden",
        CloudScopeOff = "cloud.scope_off",
        CloudDeviceLimit = "cloud.device_limit",
        CloudRateLimit = "cloud.rate_limit",
        CloudAnswerLost = "cloud.answer_lost",
        CloudUnavailable = "cloud.unavailable",
        CloudUnreachable = "cloud.unreachable",
        CloudTls = "cloud.tls",
        CloudWrongClock = "cloud.wrong_clock",
        CloudProxy = "cloud.proxy",
        CloudForeignRedirect = "cloud.foreign_redirect",
        CloudInvalid = "cloud.invalid",
        CloudNotFound = "cloud.not_found",
        CloudNotUnderstood = "cloud.not_understood",
        /// Delivered, but the cloud has not seen it within the patience: the outcome is unknown.
        CloudNotSeen = "cloud.not_seen",
        CloudOrphansAmbiguous = "cloud.orphans_ambiguous",
        CloudAnotherDevice = "cloud.another_device",
        TokenNoCarrier = "token.no_carrier",
        Cancelled = "operator.cancelled",
        StateJournal = "computer.journal",
        /// The program ended in the middle, before anything reached the device.
        Interrupted = "computer.interrupted",
        UsBug = "us.bug",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    Device,
    Network,
    Cloud,
    Computer,
    Operator,
    Us,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    Now,
    AfterFix,
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub code: FaultCode,
    pub step: Step,
    pub blame: Blame,
    pub retry: Retry,
    /// The device's own code 700–732 where it gave one.
    #[serde(default)]
    pub device_code: Option<u16>,
    /// What the sentence needs: a port, a network name, a permission. Never a secret.
    #[serde(default)]
    pub about: std::collections::BTreeMap<String, String>,
    /// The printed chain of errors, for support. Never a secret.
    #[serde(default)]
    pub chain: String,
}

codes! {
    /// Why nothing was begun (exit status 2).
    RefusalCode {
        Usage = "refused.usage",
        UnknownPort = "refused.unknown_port",
        PortDenied = "refused.port_denied",
        UnknownDriver = "refused.unknown_driver",
        InsecureServer = "refused.insecure_server",
        BadServer = "refused.bad_server",
        BadOrg = "refused.bad_org",
        BadOwner = "refused.bad_owner",
        SsidLength = "refused.ssid_length",
        PasswordLength = "refused.password_length",
        HostLength = "refused.host_length",
        HostFixed = "refused.host_fixed",
        NameInvalid = "refused.name_invalid",
        DriverSetting = "refused.driver_setting",
        SecretMissing = "refused.secret_missing",
        SecretUnreadable = "refused.secret_unreadable",
        UnknownProfile = "refused.unknown_profile",
        UnknownUnit = "refused.unknown_unit",
        UnknownDevice = "refused.unknown_device",
        StateInUse = "refused.state_in_use",
        StateNewer = "refused.state_newer",
        StateUnusable = "refused.state_unusable",
        DeviceBusy = "refused.device_busy",
        NothingOpen = "refused.nothing_open",
        FileUnreadable = "refused.file_unreadable",
    }
}

/// Nothing was begun, and why: one entry for each reason, all at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub reasons: Vec<RefusalReason>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalReason {
    pub code: RefusalCode,
    #[serde(default)]
    pub about: std::collections::BTreeMap<String, String>,
}

impl Fault {
    pub fn new(code: FaultCode, step: Step, blame: Blame, retry: Retry) -> Fault {
        Fault {
            code,
            step,
            blame,
            retry,
            device_code: None,
            about: std::collections::BTreeMap::new(),
            chain: String::new(),
        }
    }

    #[must_use]
    pub fn with_chain(mut self, error: &dyn std::error::Error) -> Fault {
        self.chain = chain(error);
        self
    }

    pub fn from_link(step: Step, error: &LinkError) -> Fault {
        Fault::new(FaultCode::LinkLost, step, Blame::Device, Retry::Now).with_chain(error)
    }

    pub fn from_cloud(step: Step, error: &CloudError) -> Fault {
        Fault::new(FaultCode::CloudUnavailable, step, Blame::Cloud, Retry::Now).with_chain(error)
    }
}

/// An error with all its sources, from the outermost inwards.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

impl Refusal {
    pub fn of(code: RefusalCode, about: &[(&str, &str)]) -> Refusal {
        let about = about.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Refusal { reasons: vec![RefusalReason { code, about }] }
    }

    pub fn journal(error: &JournalError) -> Refusal {
        let code = match error {
            JournalError::InUse { .. } => RefusalCode::StateInUse,
            JournalError::Newer { .. } | JournalError::NewerRecord { .. } => RefusalCode::StateNewer,
            JournalError::Unusable { .. } | JournalError::Damaged { .. } | JournalError::Closed => {
                RefusalCode::StateUnusable
            }
        };
        Refusal::of(code, &[("why", &error.to_string())])
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<&str> = self.reasons.iter().map(|reason| reason.code.as_str()).collect();
        write!(f, "nothing was begun: {}", codes.join(", "))
    }
}

impl std::error::Error for Refusal {}
