//! Driver settings: how a token travels to devices whose protocol does not say.

use super::checks::Reasons;
use engine::RefusalCode;
use proto::espressif::token::TokenRule;
use proto::improv::carrier::Carrier;
use proto::{DriverSettings, SettingTrouble};

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
    if let Err(trouble) = Carrier::read(settings.carrier.as_deref()) {
        refuse("carrier", trouble, reasons);
    }
    let token = DriverSettings {
        token_endpoint: settings.token_endpoint.clone(),
        token_template: settings.token_template.clone(),
        token_success: settings.token_success.clone(),
        ..DriverSettings::default()
    };
    for unusable in TokenRule::read(&token).err().into_iter().flatten() {
        refuse(unusable.setting, unusable.why, reasons);
    }
}

fn refuse(setting: &str, trouble: SettingTrouble, reasons: &mut Reasons) {
    let option = format!("--{}", setting.replace('_', "-"));
    reasons.because(RefusalCode::DriverSetting, trouble, &[("setting", &option)]);
}
