//! A profile as it is typed, and as it can be kept. Its secrets go another way.

use super::checks::{
    Reasons, check_driver, check_patience, check_server, check_ssid, check_token_host, number,
};
use super::settings::{Settings, check_settings};
use cloud::{OrgId, UserId};
use engine::{Refusal, RefusalCode};

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
    pub driver: Option<String>,
    pub settings: Settings,
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
    pub driver: Option<String>,
    pub settings: Settings,
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
        let driver = self.driver.as_deref().map(|driver| check_driver(Some(driver), &mut reasons));
        check_settings(&self.settings, &mut reasons);
        match (reasons.0.is_empty(), server) {
            (true, Some(server)) => Ok(ProfileChecked {
                name: self.name,
                server,
                org: org.map(OrgId),
                owner: owner.map(UserId),
                ssid: self.wifi,
                token_host: self.token_host,
                patience_s,
                driver,
                settings: self.settings,
            }),
            _ => Err(Refusal { reasons: reasons.0 }),
        }
    }
}
