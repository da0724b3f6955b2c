//! Driver settings: how a token travels to devices whose protocol does not say.

use super::checks::Reasons;
use engine::RefusalCode;
use proto::DriverSettings;
use proto::espressif::token::TokenRule;
use proto::improv::carrier::Carrier;

/// As they were typed. An empty text is the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub carrier: Option<String>,
    pub token_endpoint: Option<String>,
    pub token_template: Option<String>,
    pub token_success: Option<String>,
    pub device_user: Option<String>,
}

/// Judges them whatever the driver will be: with `auto` nobody knows yet who answers, and a device that is open already
/// is no place to find a typing error.
pub fn check_settings(settings: &Settings, reasons: &mut Reasons) {
    if let Err(why) = Carrier::read(settings.carrier.as_deref()) {
        refuse(
            "carrier",
            why,
            "Give url, third-string or vendor:ID with an id from 0x08 to 0xFE; the firmware's maker knows which.",
            reasons,
        );
    }
    let token = DriverSettings {
        token_endpoint: settings.token_endpoint.clone(),
        token_template: settings.token_template.clone(),
        token_success: settings.token_success.clone(),
        ..DriverSettings::default()
    };
    for unusable in TokenRule::read(&token).err().into_iter().flatten() {
        let fix = match unusable.setting {
            "token_template" => {
                "Write {token} where the token goes and {host} where the server goes, for example {\"token\":\"{token}\"}, or hex:0a20{token}."
            }
            "token_success" => "Give any, exact:TEXT or json:MEMBER=VALUE.",
            _ => "Give the endpoint's name as the firmware has it, for example custom-data.",
        };
        refuse(unusable.setting, unusable.why, fix, reasons);
    }
}

fn refuse(setting: &str, why: &str, fix: &str, reasons: &mut Reasons) {
    let option = format!("--{}", setting.replace('_', "-"));
    reasons.add(
        RefusalCode::DriverSetting,
        [("setting", option), ("why", why.to_owned()), ("fix", fix.to_owned())],
    );
}
