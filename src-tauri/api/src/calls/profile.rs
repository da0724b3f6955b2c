//! A profile as it is typed, and as it can be kept. Its secrets go another way ([`crate::shelf`]).

use super::checks::{
    Reasons, check_driver, check_patience, check_server, check_ssid, check_token_host, number, reason,
};
use super::settings::{Settings, check_settings};
use cloud::{OrgId, UserId};
use engine::plan::profile::{ProfileDefaults, name_fits};
use engine::{Refusal, RefusalCode, Why};

/// The longest SSID that a profile keeps: 32 bytes by the standard. What a driver takes is judged with each job.
const SSID_MOST: usize = 32;

/// A profile as it was typed, without its secrets. What is `None` was left empty.
#[derive(Debug, Clone, Default)]
pub struct ProfileRequest {
    pub name: String,
    pub server: String,
    pub org: Option<String>,
    pub owner: Option<String>,
    pub wifi: Vec<WifiRequest>,
    pub driver: Option<String>,
    pub settings: Settings,
    pub token_host: Option<String>,
    pub expect_template: Option<String>,
    pub patience: Option<String>,
}

/// A network as it was typed: its SSID, and a name where it is called otherwise here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WifiRequest {
    pub name: Option<String>,
    pub ssid: String,
}

/// A profile whose values can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileChecked {
    pub name: String,
    pub server: String,
    pub org: Option<OrgId>,
    pub owner: Option<UserId>,
    /// Name and SSID of each network.
    pub wifi: Vec<(String, String)>,
    pub defaults: ProfileDefaults,
}

impl ProfileRequest {
    /// # Errors
    /// A refusal with all reasons; each names the `field` that it is about: `name`, `server`, `org`, `owner`, `wifi.0`,
    /// `driver`, `token_host`, `patience`, or the name of a driver setting. Ids may be left out; what is given has to be right.
    pub fn check(self) -> Result<ProfileChecked, Refusal> {
        let mut all = Reasons::default();
        at("name", &mut all, |reasons| {
            if !name_fits(&self.name) {
                reasons.add(RefusalCode::NameInvalid, [("name", self.name.clone())]);
            }
        });
        let server = at("server", &mut all, |reasons| check_server(Some(&self.server), reasons));
        let org = at("org", &mut all, |reasons| {
            let text = self.org.as_deref()?;
            number::<i32>(Some(text), RefusalCode::BadOrg, Why::OrganizationMissing, reasons).map(OrgId)
        });
        let owner = at("owner", &mut all, |reasons| {
            let text = self.owner.as_deref()?;
            number::<i64>(Some(text), RefusalCode::BadOwner, Why::OwnerMissing, reasons).map(UserId)
        });
        let mut wifi: Vec<(String, String)> = Vec::new();
        for (i, WifiRequest { name, ssid }) in self.wifi.into_iter().enumerate() {
            let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| ssid.clone());
            at(&format!("wifi.{i}"), &mut all, |reasons| {
                check_ssid(&ssid, SSID_MOST, reasons);
                if wifi.iter().any(|(known, _)| *known == name) {
                    reasons.0.push(reason(RefusalCode::NameTaken, [("name", name.clone())]));
                }
            });
            wifi.push((name, ssid));
        }
        at("driver", &mut all, |reasons| {
            check_driver(self.driver.as_deref(), reasons);
        });
        let mut unusable = Reasons::default();
        check_settings(&self.settings, &mut unusable);
        for mut reason in unusable.0 {
            let field =
                reason.about.get("setting").map(|option| option.trim_start_matches('-').replace('-', "_"));
            reason.about.extend(field.map(|field| ("field".to_owned(), field)));
            all.0.push(reason);
        }
        at("token_host", &mut all, |reasons| {
            if self.token_host.is_some() {
                check_token_host(self.token_host.as_deref(), None, reasons);
            }
        });
        let patience_s = at("patience", &mut all, |reasons| {
            self.patience.as_deref().map(|text| check_patience(Some(text), reasons))
        });
        match (all.0.is_empty(), server) {
            (true, Some(server)) => Ok(ProfileChecked {
                name: self.name,
                server,
                org,
                owner,
                wifi,
                defaults: ProfileDefaults {
                    driver: self.driver,
                    carrier: self.settings.carrier,
                    token_endpoint: self.settings.token_endpoint,
                    token_template: self.settings.token_template,
                    token_success: self.settings.token_success,
                    device_user: self.settings.device_user,
                    token_host: self.token_host,
                    expect_template: self.expect_template,
                    patience_s,
                },
            }),
            _ => Err(Refusal { reasons: all.0 }),
        }
    }
}

/// Runs one check and notes at which field its reasons belong.
fn at<T>(field: &str, all: &mut Reasons, check: impl FnOnce(&mut Reasons) -> T) -> T {
    let mut own = Reasons::default();
    let value = check(&mut own);
    for mut reason in own.0 {
        reason.about.insert("field".to_owned(), field.to_owned());
        all.0.push(reason);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> ProfileRequest {
        ProfileRequest {
            name: "hall".to_owned(),
            server: "https://fra1.blynk.cloud/".to_owned(),
            org: Some("1".to_owned()),
            owner: Some("2".to_owned()),
            wifi: vec![WifiRequest { name: None, ssid: "Workshop".to_owned() }],
            ..ProfileRequest::default()
        }
    }

    #[test]
    fn what_is_typed_right_can_be_kept() {
        let checked = typed().check().expect("all is right");
        assert_eq!(checked.server, "https://fra1.blynk.cloud");
        assert_eq!(checked.wifi, [("Workshop".to_owned(), "Workshop".to_owned())]);
        assert_eq!((checked.org, checked.owner), (Some(OrgId(1)), Some(UserId(2))));
    }

    #[test]
    fn every_reason_names_its_field_and_all_come_at_once() {
        let wrong = ProfileRequest {
            name: " ".to_owned(),
            server: "http://fra1.blynk.cloud".to_owned(),
            org: Some("x".to_owned()),
            owner: Some("0".to_owned()),
            wifi: vec![
                WifiRequest { name: None, ssid: "a".to_owned() },
                WifiRequest { name: Some("a".to_owned()), ssid: "é".repeat(17) },
            ],
            driver: Some("none".to_owned()),
            settings: Settings { carrier: Some("pigeon".to_owned()), ..Settings::default() },
            token_host: Some("https://x".to_owned()),
            patience: Some("0".to_owned()),
            ..ProfileRequest::default()
        };
        let refusal = wrong.check().expect_err("all is wrong");
        let fields: Vec<_> = refusal.reasons.iter().map(|reason| reason.about["field"].as_str()).collect();
        let expected = [
            "name",
            "server",
            "org",
            "owner",
            "wifi.1",
            "wifi.1",
            "driver",
            "carrier",
            "token_host",
            "patience",
        ];
        assert_eq!(fields, expected);
    }
}
