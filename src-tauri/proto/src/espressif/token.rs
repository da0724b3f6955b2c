//! The token at an application's own endpoint: how the request looks, and which answer means success. Reference: section 8.

use crate::{DriverSettings, Secret, SettingTrouble};
use serde_json::Value;

/// The endpoint of Espressif's example firmware.
pub const USUAL_ENDPOINT: &str = "custom-data";

/// The settings for the token, read and found usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRule {
    pub endpoint: String,
    template: Template,
    success: Success,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Template {
    /// The token and nothing else.
    Raw,
    /// Text with `{token}` and `{host}`.
    Text(String),
    /// The same inside JSON: what is put in is escaped.
    Json(String),
    /// `hex:` and digits, with the bytes of `{token}` and `{host}` between them.
    Bytes(Vec<Part>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Bytes(Vec<u8>),
    Token,
    Host,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Success {
    Any,
    Exact(String),
    Member { name: String, value: String },
}

/// A setting that is not usable, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusable {
    pub setting: &'static str,
    pub why: SettingTrouble,
}

impl TokenRule {
    /// The token alone to the usual endpoint; any answer is success.
    pub fn usual() -> TokenRule {
        TokenRule { endpoint: USUAL_ENDPOINT.to_owned(), template: Template::Raw, success: Success::Any }
    }

    pub fn read(settings: &DriverSettings) -> Result<TokenRule, Vec<Unusable>> {
        let endpoint = settings.token_endpoint.as_deref().map_or("", str::trim);
        let endpoint = if endpoint.is_empty() { USUAL_ENDPOINT } else { endpoint };
        let mut unusable = Vec::new();
        if !endpoint.chars().all(|c| c.is_ascii_graphic()) || endpoint.len() > 64 {
            unusable.push(Unusable { setting: "token_endpoint", why: SettingTrouble::Endpoint });
        }
        let mut note = |setting, why| unusable.push(Unusable { setting, why });
        let template = match template(settings.token_template.as_deref()) {
            Ok(template) => Some(template),
            Err(why) => {
                note("token_template", why);
                None
            }
        };
        let success = match success(settings.token_success.as_deref()) {
            Ok(success) => Some(success),
            Err(why) => {
                note("token_success", why);
                None
            }
        };
        match (template, success) {
            (Some(template), Some(success)) if unusable.is_empty() => {
                Ok(TokenRule { endpoint: endpoint.to_owned(), template, success })
            }
            _ => Err(unusable),
        }
    }

    pub fn request(&self, token: &Secret, host: &str) -> Vec<u8> {
        let token = token.expose();
        match &self.template {
            Template::Raw => token.as_bytes().to_vec(),
            Template::Text(text) => fill(text, token, host).into_bytes(),
            Template::Json(text) => fill(text, &escaped(token), &escaped(host)).into_bytes(),
            Template::Bytes(parts) => parts
                .iter()
                .flat_map(|part| match part {
                    Part::Bytes(bytes) => bytes.as_slice(),
                    Part::Token => token.as_bytes(),
                    Part::Host => host.as_bytes(),
                })
                .copied()
                .collect(),
        }
    }

    /// Firmware often leaves a trailing NUL on its answer; it does not count.
    pub fn is_success(&self, answer: &[u8]) -> bool {
        let end = answer.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let answer = &answer[..end];
        match &self.success {
            Success::Any => true,
            Success::Exact(text) => answer == text.as_bytes(),
            Success::Member { name, value } => serde_json::from_slice::<Value>(answer)
                .ok()
                .and_then(|answer| match answer.get(name)? {
                    Value::String(text) => Some(text.clone()),
                    other => Some(other.to_string()),
                })
                .is_some_and(|said| said == *value),
        }
    }
}

/// One pass, so that a value that looks like a placeholder stays a value.
fn fill(text: &str, token: &str, host: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, behind) = rest.split_at(at);
        filled.push_str(before);
        rest = if let Some(behind) = behind.strip_prefix("{token}") {
            filled.push_str(token);
            behind
        } else if let Some(behind) = behind.strip_prefix("{host}") {
            filled.push_str(host);
            behind
        } else {
            filled.push('{');
            &behind[1..]
        };
    }
    filled.push_str(rest);
    filled
}

/// As it stands between the quotation marks of JSON.
fn escaped(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn template(setting: Option<&str>) -> Result<Template, SettingTrouble> {
    let Some(text) = setting.filter(|text| !text.trim().is_empty()) else { return Ok(Template::Raw) };
    if !text.contains("{token}") {
        return Err(SettingTrouble::Template);
    }
    if let Some(hex) = text.strip_prefix("hex:") {
        return bytes_template(hex).map(Template::Bytes);
    }
    if serde_json::from_str::<Value>(text).is_ok() {
        return Ok(Template::Json(text.to_owned()));
    }
    Ok(Template::Text(text.to_owned()))
}

fn bytes_template(text: &str) -> Result<Vec<Part>, SettingTrouble> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let literal = rest.find('{').unwrap_or(rest.len());
        if literal > 0 {
            let digits: String = rest[..literal].chars().filter(|c| !c.is_whitespace()).collect();
            let bytes = super::console::unhex(digits.as_bytes()).ok_or(SettingTrouble::TemplateDigits)?;
            parts.push(Part::Bytes(bytes));
            rest = &rest[literal..];
        } else if let Some(behind) = rest.strip_prefix("{token}") {
            parts.push(Part::Token);
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix("{host}") {
            parts.push(Part::Host);
            rest = behind;
        } else {
            return Err(SettingTrouble::TemplateBraces);
        }
    }
    Ok(parts)
}

fn success(setting: Option<&str>) -> Result<Success, SettingTrouble> {
    let rule = setting.map_or("", str::trim);
    if rule.is_empty() || rule == "any" {
        return Ok(Success::Any);
    }
    if let Some(text) = rule.strip_prefix("exact:") {
        return Ok(Success::Exact(text.to_owned()));
    }
    match rule.strip_prefix("json:").and_then(|member| member.split_once('=')) {
        Some((name, value)) if !name.is_empty() => {
            Ok(Success::Member { name: name.to_owned(), value: value.to_owned() })
        }
        _ => Err(SettingTrouble::Success),
    }
}
