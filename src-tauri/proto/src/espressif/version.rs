//! The answer of `proto-ver`, in all forms that firmware gives it. Reference: Espressif provisioning, section 2.

use serde_json::Value;

/// What a device tells before any session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// `v1.0`, `v1.1`, `netprov-v1.2`…
    pub protocol: String,
    /// `None` for a bare version string, where nothing more is known.
    pub told: Option<Told>,
}

/// The JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    pub sec_ver: Option<u64>,
    pub sec_patch_ver: u64,
    pub capabilities: Vec<String>,
    /// Other top-level members: an application's label and its version.
    pub applications: Vec<(String, Option<String>)>,
}

/// Not an answer of `proto-ver`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the answer of a provisioning service")]
pub struct NotAVersion;

const MOST_BARE: usize = 32;

impl Version {
    pub fn read(bytes: &[u8]) -> Result<Version, NotAVersion> {
        let text = std::str::from_utf8(bytes).map_err(|_| NotAVersion)?;
        let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(members)) => Version::from_json(&members),
            Ok(_) => Err(NotAVersion),
            Err(_) => Version::bare(text),
        }
    }

    /// `v1.0` and the like.
    fn bare(text: &str) -> Result<Version, NotAVersion> {
        let digits = text.strip_prefix("netprov-").unwrap_or(text).strip_prefix('v').ok_or(NotAVersion)?;
        let sound = text.len() <= MOST_BARE
            && digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_graphic());
        if sound { Ok(Version { protocol: text.to_owned(), told: None }) } else { Err(NotAVersion) }
    }

    fn from_json(members: &serde_json::Map<String, Value>) -> Result<Version, NotAVersion> {
        let prov = members.get("prov").and_then(Value::as_object).ok_or(NotAVersion)?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let capabilities = prov.get("cap").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let applications = members
            .iter()
            .filter(|(label, _)| *label != "prov")
            .map(|(label, value)| (label.clone(), value.get("ver").and_then(text)))
            .collect();
        Ok(Version {
            protocol: prov.get("ver").and_then(text).unwrap_or_default(),
            told: Some(Told {
                sec_ver: prov.get("sec_ver").and_then(Value::as_u64),
                sec_patch_ver: prov.get("sec_patch_ver").and_then(Value::as_u64).unwrap_or(0),
                capabilities: capabilities.iter().filter_map(text).collect(),
                applications,
            }),
        })
    }

    pub fn has(&self, capability: &str) -> bool {
        self.told.as_ref().is_some_and(|told| told.capabilities.iter().any(|has| has == capability))
    }

    /// The security scheme: `sec_ver`; on older firmware 0 where it lists `no_sec`, else 1.
    pub fn scheme(&self) -> u64 {
        let told = self.told.as_ref().and_then(|told| told.sec_ver);
        told.unwrap_or(if self.has("no_sec") { 0 } else { 1 })
    }

    /// Scheme 2 counts its nonces (firmware from about March 2025 on), rather than using one for all.
    pub fn counts_nonces(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.sec_patch_ver >= 1)
    }

    /// Scheme 1 without a proof of possession. `None`: the device does not say.
    pub fn needs_proof(&self) -> Option<bool> {
        self.told.as_ref().map(|_| !self.has("no_pop"))
    }

    /// A bare version says nothing of scanning, so it may; a list of capabilities that lacks it means no.
    pub fn may_scan(&self) -> bool {
        self.told.is_none() || self.has("wifi_scan")
    }

    /// Old firmware does not list `wifi_prov`, so its absence means something only where Thread is named.
    pub fn is_thread_only(&self) -> bool {
        self.has("thread_prov") && !self.has("wifi_prov")
    }
}
