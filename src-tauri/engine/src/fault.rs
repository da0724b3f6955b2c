//! What a person is told: every error of every layer becomes a fault here, and nowhere else.
//!
//! A fault is a code with its step, its blame and what can be done; the sentences belong to the faces (`api/words.rs`).
//! A refusal is not a fault: nothing was begun.

use crate::record::JournalError;
use crate::record::event::Step;
use cloud::{CloudCause, CloudError};
use link::{ContactError, LinkError};
use proto::{DeviceTrouble, Limit, ProtocolError, TroublePhase};
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

mod why;
pub use why::{Because, Why};

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
        LinkSystem = "link.system_failed",
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
        /// It takes nothing without a network, and the recipe has none.
        DeviceNetworkMissing = "device.network_missing",
        DeviceLimits = "device.limits",
        /// A station's rule: older than the firmware that the line takes.
        DeviceFirmwareOld = "device.firmware_old",
        /// A station's rule: it has passed before.
        DeviceAlreadyDone = "device.already_done",
        /// A station's rule: the work order does not name it.
        DeviceNotInOrder = "device.not_in_order",
        /// The label that was scanned is another device's.
        DeviceOtherLabel = "device.other_label",
        /// It tells nothing that says which of its kind it is.
        DeviceNoIdentity = "device.no_identity",
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

impl FaultCode {
    /// Older programs do not know these words, so a fact with one has a newer form.
    pub(crate) fn came_with_stations(self) -> bool {
        matches!(
            self,
            FaultCode::DeviceFirmwareOld
                | FaultCode::DeviceAlreadyDone
                | FaultCode::DeviceNotInOrder
                | FaultCode::DeviceOtherLabel
        )
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
        NetworkMissing = "refused.network_missing",
        NameInvalid = "refused.name_invalid",
        NameTaken = "refused.name_taken",
        DriverSetting = "refused.driver_setting",
        DeviceCode = "refused.device_code",
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
        StationSlots = "refused.station_slots",
        StationTwice = "refused.station_twice",
        StationPattern = "refused.station_pattern",
        StationNotArmed = "refused.station_not_armed",
        StationBusy = "refused.station_busy",
        StationUnknown = "refused.station_unknown",
        PinShort = "refused.pin_short",
        PinWrong = "refused.pin_wrong",
        LabelTemplate = "refused.label_template",
        /// Rows of a batch have problems.
        BatchProblems = "refused.batch_problems",
        UnknownBatch = "refused.unknown_batch",
    }
}

codes! {
    /// What is wrong with a row or a column of a batch file, before anything is begun.
    ProblemCode {
        NoRows = "batch.no_rows",
        /// Two columns mean the same.
        ColumnTwice = "batch.column_twice",
        /// Cells that no column names.
        SurplusCells = "batch.surplus_cells",
        UnitTwice = "batch.unit_twice",
        /// A proof of possession of its own, and nothing that says which device knows it.
        SecretUnbound = "batch.secret_unbound",
        MacBad = "batch.mac_bad",
        /// The unit has passed before.
        UnitDone = "batch.unit_done",
        NameInvalid = "batch.name_invalid",
        OwnerBad = "batch.owner_bad",
        OwnerMissing = "batch.owner_missing",
        OwnerUnknown = "batch.owner_unknown",
        OrgBad = "batch.org_bad",
        OrgMissing = "batch.org_missing",
        OrgUnknown = "batch.org_unknown",
        SsidLength = "batch.ssid_length",
        PasswordLength = "batch.password_length",
        PasswordMissing = "batch.password_missing",
        WifiUnknown = "batch.wifi_unknown",
        TemplateUnknown = "batch.template_unknown",
        MetaName = "batch.meta_name",
        PermissionMissing = "batch.permission_missing",
        /// The cloud could not be asked.
        CloudSilent = "batch.cloud_silent",
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
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
    pub fn about(mut self, key: &str, value: impl fmt::Display) -> Fault {
        self.about.insert(key.to_owned(), value.to_string());
        self
    }

    #[must_use]
    pub fn with_chain(mut self, error: &dyn std::error::Error) -> Fault {
        self.chain = chain(error);
        self
    }

    pub fn from_link(step: Step, error: &LinkError) -> Fault {
        use {Blame as B, FaultCode as C, Retry as R};
        let fault = |code, blame, retry| Fault::new(code, step, blame, retry);
        let fault = match error {
            LinkError::Lost => fault(C::LinkLost, B::Device, R::Now),
            LinkError::TimedOut { what } => fault(C::DeviceSilent, B::Device, R::Now).about("what", what),
            LinkError::NoSuchPort { port } => {
                fault(C::SerialNoPort, B::Operator, R::AfterFix).about("port", port)
            }
            LinkError::PortBusy { port } => {
                fault(C::SerialBusy, B::Computer, R::AfterFix).about("port", port)
            }
            LinkError::PortDenied { port } => {
                fault(C::SerialDenied, B::Computer, R::AfterFix).about("port", port)
            }
            LinkError::NotAPort { port } => {
                fault(C::SerialUnusable, B::Operator, R::AfterFix).about("port", port)
            }
            LinkError::NoAdapter { wanted } => {
                let fault = fault(C::BleNoAdapter, B::Computer, R::AfterFix);
                match wanted {
                    Some(adapter) => fault.about("adapter", adapter),
                    None => fault,
                }
            }
            LinkError::AdapterOff => fault(C::BleAdapterOff, B::Operator, R::AfterFix),
            LinkError::NoBluetooth { reason } => {
                fault(C::BleUnavailable, B::Computer, R::AfterFix).about("why", reason)
            }
            LinkError::BluetoothDenied => fault(C::BleUnavailable, B::Computer, R::AfterFix),
            LinkError::NotInSight { address } => {
                fault(C::BleNotInSight, B::Device, R::AfterFix).about("device", address)
            }
            LinkError::ConnectRefused { address, reason } => {
                fault(C::BleConnectFailed, B::Device, R::Now).about("device", address).about("why", reason)
            }
            LinkError::ServiceMissing => fault(C::DeviceUnknownProtocol, B::Device, R::AfterFix),
            LinkError::NeedsPairing => fault(C::BleNeedsPairing, B::Operator, R::AfterFix),
            LinkError::System { operation, .. } => {
                fault(C::LinkSystem, B::Computer, R::Now).about("operation", operation)
            }
        };
        fault.with_chain(error)
    }

    pub fn from_protocol(step: Step, error: &ProtocolError) -> Fault {
        use {Blame as B, FaultCode as C, Retry as R};
        let fault = |code, blame, retry| Fault::new(code, step, blame, retry);
        let fault = match error {
            ProtocolError::NotThisProtocol => fault(C::DeviceUnknownProtocol, B::Device, R::AfterFix),
            ProtocolError::Silent { to } => fault(C::DeviceSilent, B::Device, R::Now).about("what", to),
            ProtocolError::Refused { what, said } => {
                fault(C::DeviceRefused, B::Device, R::Now).about("what", what).about("said", said)
            }
            ProtocolError::Trouble(trouble) => return Fault::from_trouble(step, trouble),
            ProtocolError::Malformed { what } => {
                fault(C::DeviceMalformed, B::Device, R::Now).about("what", what)
            }
            ProtocolError::Unsupported { what } => {
                fault(C::DeviceUnsupported, B::Device, R::Never).about("what", what)
            }
            ProtocolError::NotAuthorized => fault(C::DeviceNotAuthorized, B::Operator, R::Now),
            ProtocolError::WrongProof => fault(C::DeviceWrongProof, B::Operator, R::AfterFix),
        };
        fault.with_chain(error)
    }

    /// `Cancelled` is not an error of anything: whoever cancelled says what it means.
    pub fn from_contact(step: Step, error: &ContactError) -> Fault {
        match error {
            ContactError::Link(error) => Fault::from_link(step, error),
            ContactError::Protocol(error) => Fault::from_protocol(step, error),
            ContactError::Cancelled => Fault::cancelled(step),
        }
    }

    /// The whole table of section 2.2 of the Blynk device protocols; what is not in it goes by the phase.
    pub fn from_trouble(step: Step, trouble: &DeviceTrouble) -> Fault {
        use {Blame as B, FaultCode as C, Retry as R};
        let (code, blame, retry) = match (trouble.code, trouble.phase) {
            (Some(700), _) => (C::DeviceConfiguration, B::Device, R::Now),
            (Some(701), _) => (C::WifiTimeout, B::Network, R::Now),
            (Some(702), _) => (C::CloudUnreachableFromDevice, B::Network, R::AfterFix),
            (Some(703), _) => (C::CloudTokenRefused, B::Cloud, R::Now),
            (Some(704), _) => (C::WifiFailed, B::Network, R::Now),
            (Some(705), _) => (C::CloudUnreachableFromDevice, B::Network, R::Now),
            (Some(710), _) => (C::CloudDnsFromDevice, B::Network, R::AfterFix),
            (Some(711), _) => (C::CloudCertificateFromDevice, B::Cloud, R::AfterFix),
            (Some(712), _) => (C::CloudCaptivePortal, B::Network, R::AfterFix),
            (Some(720), _) => (C::WifiNotFound, B::Network, R::AfterFix),
            (Some(721), _) => (C::WifiNoCable, B::Network, R::AfterFix),
            (Some(722), _) => (C::WifiPasswordRefused, B::Network, R::AfterFix),
            (Some(723), _) => (C::WifiNoAddress, B::Network, R::AfterFix),
            (Some(730), _) => (C::SimMissing, B::Device, R::AfterFix),
            (Some(731), _) => (C::SimLocked, B::Device, R::AfterFix),
            (Some(732), _) => (C::SimWrongPin, B::Device, R::AfterFix),
            (_, TroublePhase::Configuration) => (C::DeviceConfiguration, B::Device, R::Now),
            (_, TroublePhase::Network) => (C::WifiFailed, B::Network, R::Now),
            (_, TroublePhase::Cloud) => (C::CloudUnreachableFromDevice, B::Network, R::Now),
        };
        let mut fault = Fault::new(code, step, blame, retry).about("said", &trouble.said);
        fault.device_code = trouble.code;
        fault.chain = format!("the device reported: {}", trouble.said);
        fault
    }

    pub fn from_cloud(step: Step, error: &CloudError) -> Fault {
        use {Blame as B, FaultCode as C, Retry as R};
        let fault = |code, blame, retry| Fault::new(code, step, blame, retry);
        let fault = match &error.cause {
            CloudCause::Invalid { said } => {
                fault(C::CloudInvalid, B::Operator, R::AfterFix).about("said", said)
            }
            CloudCause::SignIn { said } => {
                fault(C::CloudSignIn, B::Operator, R::AfterFix).about("said", said)
            }
            CloudCause::Forbidden { permission, said } => {
                let fault = fault(C::CloudForbidden, B::Operator, R::AfterFix).about("said", said);
                match permission {
                    Some(permission) => fault.about("permission", permission),
                    None => fault,
                }
            }
            CloudCause::ScopeOff { .. } => fault(C::CloudScopeOff, B::Operator, R::AfterFix),
            CloudCause::NotFound => fault(C::CloudNotFound, B::Operator, R::AfterFix),
            CloudCause::RateLimited { retry_after } => {
                let fault = fault(C::CloudRateLimit, B::Cloud, R::Now);
                match retry_after {
                    Some(wait) => fault.about("seconds", wait.as_secs()),
                    None => fault,
                }
            }
            CloudCause::DeviceLimit { said } => {
                fault(C::CloudDeviceLimit, B::Cloud, R::AfterFix).about("said", said)
            }
            CloudCause::ForeignRedirect { host } => {
                fault(C::CloudForeignRedirect, B::Operator, R::AfterFix).about("host", host)
            }
            CloudCause::Server { status } => {
                fault(C::CloudUnavailable, B::Cloud, R::Now).about("status", status)
            }
            CloudCause::Timeout => fault(C::CloudUnavailable, B::Cloud, R::Now),
            CloudCause::Unreachable { host, .. } | CloudCause::UnknownHost { host } => {
                fault(C::CloudUnreachable, B::Network, R::AfterFix).about("host", host)
            }
            CloudCause::Tls { host, .. } => fault(C::CloudTls, B::Network, R::AfterFix).about("host", host),
            CloudCause::WrongClock { host } => {
                fault(C::CloudWrongClock, B::Computer, R::AfterFix).about("host", host)
            }
            CloudCause::Proxy { .. } => fault(C::CloudProxy, B::Network, R::AfterFix),
            CloudCause::Unexpected { status, .. } => {
                fault(C::CloudNotUnderstood, B::Cloud, R::AfterFix).about("status", status)
            }
            CloudCause::Cut | CloudCause::TooLarge { .. } | CloudCause::NotUnderstood { .. } => {
                fault(C::CloudNotUnderstood, B::Cloud, R::Now)
            }
        };
        fault.with_chain(error)
    }

    /// The answer of a token call that may have been carried out.
    pub fn answer_lost(step: Step, error: &CloudError) -> Fault {
        Fault::new(FaultCode::CloudAnswerLost, step, Blame::Cloud, Retry::Now).with_chain(error)
    }

    pub fn from_journal(step: Step, error: &JournalError) -> Fault {
        Fault::new(FaultCode::StateJournal, step, Blame::Computer, Retry::AfterFix).with_chain(error)
    }

    /// What the firmware would drop or choke on, found when its dialect was known.
    pub fn from_limit(step: Step, limit: &Limit) -> Fault {
        let code = match limit {
            Limit::HostFixed => FaultCode::DeviceHostFixed,
            Limit::NetworkMissing => FaultCode::DeviceNetworkMissing,
            Limit::SsidLength { .. }
            | Limit::PasswordLength { .. }
            | Limit::HostLength { .. }
            | Limit::HostUnusable
            | Limit::TokenShape
            | Limit::Setting { .. }
            | Limit::LineLength { .. } => FaultCode::DeviceLimits,
        };
        Fault::new(code, step, Blame::Operator, Retry::AfterFix).about("why", limit).with_chain(limit)
    }

    pub fn cancelled(step: Step) -> Fault {
        Fault::new(FaultCode::Cancelled, step, Blame::Operator, Retry::Now)
    }

    /// The program ended in the middle, before anything reached the device.
    pub fn interrupted(step: Step) -> Fault {
        Fault::new(FaultCode::Interrupted, step, Blame::Computer, Retry::Now)
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
        Refusal { reasons: vec![RefusalReason { code, why: None, about }] }
    }

    /// What no firmware that this driver knows would take.
    pub fn reason(limit: &Limit) -> RefusalReason {
        let (code, about) = match limit {
            Limit::HostUnusable => {
                return Because::of(Why::HostNotPlain).reason(RefusalCode::HostLength, &[]);
            }
            Limit::TokenShape => {
                let about = [("setting", "token")];
                return Because::of(Why::TokenShape).reason(RefusalCode::DriverSetting, &about);
            }
            Limit::Setting { setting, why } => {
                return Because::from(*why).reason(RefusalCode::DriverSetting, &[("setting", setting)]);
            }
            Limit::SsidLength { bytes, most } => {
                (RefusalCode::SsidLength, vec![("bytes", bytes.to_string()), ("most", most.to_string())])
            }
            Limit::PasswordLength { chars, least, most } => (
                RefusalCode::PasswordLength,
                vec![("chars", chars.to_string()), ("least", least.to_string()), ("most", most.to_string())],
            ),
            Limit::HostLength { bytes, most } | Limit::LineLength { bytes, most } => {
                (RefusalCode::HostLength, vec![("bytes", bytes.to_string()), ("most", most.to_string())])
            }
            Limit::HostFixed => (RefusalCode::HostFixed, vec![]),
            Limit::NetworkMissing => (RefusalCode::NetworkMissing, vec![]),
        };
        RefusalReason {
            code,
            why: None,
            about: about.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<&str> = self.reasons.iter().map(|reason| reason.code.as_str()).collect();
        write!(f, "nothing was begun: {}", codes.join(", "))
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_code_of_the_reference_has_its_fault() {
        // Section 2.2 of the Blynk device protocols, row by row.
        let table = [
            (700, "device.configuration_refused"),
            (701, "wifi.timeout"),
            (702, "cloud.unreachable_from_device"),
            (703, "cloud.token_refused"),
            (704, "wifi.failed"),
            (705, "cloud.unreachable_from_device"),
            (710, "cloud.dns_from_device"),
            (711, "cloud.certificate_from_device"),
            (712, "cloud.captive_portal"),
            (720, "wifi.not_found"),
            (721, "wifi.no_cable"),
            (722, "wifi.password_refused"),
            (723, "wifi.no_address"),
            (730, "sim.missing"),
            (731, "sim.locked"),
            (732, "sim.wrong_pin"),
        ];
        for (code, expected) in table {
            let trouble = DeviceTrouble { code: Some(code), phase: TroublePhase::Cloud, said: "x".into() };
            let fault = Fault::from_trouble(Step::Join, &trouble);
            assert_eq!(fault.code.as_str(), expected, "{code}");
            assert_eq!(fault.device_code, Some(code));
        }
    }

    #[test]
    fn a_code_outside_the_table_goes_by_its_phase_and_is_kept() {
        for (phase, expected) in [
            (TroublePhase::Configuration, "device.configuration_refused"),
            (TroublePhase::Network, "wifi.failed"),
            (TroublePhase::Cloud, "cloud.unreachable_from_device"),
        ] {
            for code in [None, Some(799)] {
                let fault =
                    Fault::from_trouble(Step::Join, &DeviceTrouble { code, phase, said: "odd".into() });
                assert_eq!(fault.code.as_str(), expected);
                assert_eq!(fault.device_code, code);
                assert_eq!(fault.about["said"], "odd");
            }
        }
    }

    #[test]
    fn codes_are_told_apart_by_their_texts() {
        let faults: std::collections::BTreeSet<_> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(faults.len(), FaultCode::ALL.len());
        let refusals: std::collections::BTreeSet<_> =
            RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(refusals.len(), RefusalCode::ALL.len());
    }

    #[test]
    fn a_lost_answer_keeps_what_was_being_done() {
        let error = CloudError {
            operation: "provision/token",
            cause: CloudCause::Timeout,
            effect: cloud::Effect::Maybe,
        };
        let fault = Fault::answer_lost(Step::Reserve, &error);
        assert_eq!(fault.code, FaultCode::CloudAnswerLost);
        assert_eq!(fault.chain, "provision/token: the cloud did not answer in time");
    }
}
