//! What is wrong with a batch file, and why a batch stands still: one sentence each, and one thing to do.

use super::{About, Words};
use engine::fault::RefusalReason;
use engine::plan::batch::Problem;
use engine::record::batch::{FixField, LineStop, Shared};
use engine::{Blame, Fault, FaultCode, ProblemCode, RefusalCode, Retry, Step};
use std::collections::BTreeMap;

/// `why` stays empty: a file is wrong in plain sight.
pub fn problem(problem: &Problem) -> Words {
    let about = About(&problem.about);
    let words = |what: String, fix: &str| Words::new(what, "", fix);
    match problem.code {
        ProblemCode::NoRows => {
            words("The file has a heading and no rows.".to_owned(), "Add one row for each device.")
        }
        ProblemCode::ColumnTwice => words(
            format!(
                "Two columns mean {}: this one and {}.",
                about.or("meaning", "the same"),
                about.named("the column", "other", "another one")
            ),
            "Rename or remove one of them, or say with --map COLUMN=MEANING what it means.",
        ),
        ProblemCode::SurplusCells => words(
            "The row has more cells than the heading has columns.".to_owned(),
            "Put quotation marks around a text that holds the delimiter, or give the column a heading.",
        ),
        ProblemCode::UnitTwice => words(
            format!(
                "The unit {} is in row {} already.",
                about.or("unit", "named here"),
                about.or("earlier", "above")
            ),
            "Remove one of the two rows.",
        ),
        ProblemCode::SecretUnbound => words(
            "The row has a proof of possession of its own and names no unit, so nothing says which device knows it."
                .to_owned(),
            "Fill in the unit (hardware address, advertised name or label), or give all rows the same proof.",
        ),
        ProblemCode::MacBad => words(
            format!("“{}” is not a hardware address.", about.or("unit", "")),
            "Write six pairs of hexadecimal digits, as in 24:6F:28:11:22:33.",
        ),
        ProblemCode::UnitDone => words(
            format!(
                "The unit {} has passed before, as cloud device {}.",
                about.or("unit", "named here"),
                about.or("device", "of its own")
            ),
            "Remove the row; to provision the unit again, use `firstlight provision` with --device-id.",
        ),
        ProblemCode::NameInvalid => words(
            format!("The cloud does not take “{}” as a name.", about.or("name", "")),
            "Use at most 50 letters, digits, spaces, dashes, underscores and apostrophes.",
        ),
        ProblemCode::OwnerBad => words(
            format!("“{}” is not the number of a user.", about.or("value", "")),
            "Give the user's number as the console shows it.",
        ),
        ProblemCode::OwnerMissing => words(
            "It is not said who will own the device.".to_owned(),
            "Fill the column owner_id, or give a default with --owner.",
        ),
        ProblemCode::OwnerUnknown => words(
            format!(
                "The cloud knows no user {} in reach of this account.",
                about.or("owner", "of this number")
            ),
            "Compare the number with the list of users in the console.",
        ),
        ProblemCode::OrgBad => words(
            format!("“{}” is not the number of an organization.", about.or("value", "")),
            "Give the organization's number as the console shows it.",
        ),
        ProblemCode::OrgMissing => words(
            "It is not said in which organization the device is made.".to_owned(),
            "Fill the column org_id, or give a default with --org.",
        ),
        ProblemCode::OrgUnknown => words(
            format!("The cloud shows no organization {} to this account.", about.or("org", "of this number")),
            "Compare the number with the console, or sign in with an account that reaches it.",
        ),
        ProblemCode::SsidLength => words(
            format!(
                "The network's name “{}” has {} bytes; devices take 1 to {}.",
                about.or("ssid", ""),
                about.or("bytes", "too many"),
                about.or("most", "31")
            ),
            "Use a network with a shorter name; letters with accents count twice.",
        ),
        ProblemCode::PasswordLength => words(
            format!(
                "The password of “{}” has {} characters; devices take {} to {}.",
                about.or("ssid", "the network"),
                about.or("chars", "too few or too many"),
                about.or("least", "8"),
                about.or("most", "63")
            ),
            "Give the network's own password; for an open network an empty one.",
        ),
        ProblemCode::PasswordMissing => words(
            format!("The password of the network “{}” is not known.", about.or("ssid", "")),
            "Set FIRSTLIGHT_WIFI_PASSWORD, or use a profile that has the network; for an open network set it to an empty text.",
        ),
        ProblemCode::WifiUnknown => words(
            format!(
                "The profile has no network “{}”, and no password is given for it.",
                about.or("ssid", "")
            ),
            "Write the name of one of the profile's networks, or set FIRSTLIGHT_WIFI_PASSWORD.",
        ),
        ProblemCode::TemplateUnknown => words(
            format!(
                "The organization {} has no template {}.",
                about.or("org", "of this row"),
                about.or("template", "of this name")
            ),
            "Write the template's text id (TMPL…) as the console shows it, or make the template there.",
        ),
        ProblemCode::MetaName => words(
            "The column says meta: and not which field.".to_owned(),
            "Write the field's name behind it, as in meta:Serial Number.",
        ),
        ProblemCode::PermissionMissing => words(
            format!("The account lacks the permission {}.", about.or("permission", "to provision")),
            "Ask an administrator of the organization to add it to your role.",
        ),
        ProblemCode::CloudSilent => words(
            format!("The cloud could not be asked about the rows. {}", cause(&problem.about)),
            "Check the connection and the sign-in with `firstlight doctor`, then check the file again.",
        ),
    }
}

/// What stood between us and the cloud: a fault or a refusal, by its code.
fn cause(about: &BTreeMap<String, String>) -> String {
    let code = about.get("cause").map(String::as_str);
    let fault = FaultCode::ALL.iter().find(|known| Some(known.as_str()) == code);
    let refusal = RefusalCode::ALL.iter().find(|known| Some(known.as_str()) == code);
    match (fault, refusal) {
        (Some(code), _) => {
            let fault = Fault {
                code: *code,
                step: Step::Connect,
                blame: Blame::Cloud,
                retry: Retry::AfterFix,
                device_code: None,
                about: about.clone(),
                chain: String::new(),
            };
            super::fault(&fault).what
        }
        (None, Some(code)) => {
            super::refusal(&RefusalReason { code: *code, why: None, about: about.clone() }).what
        }
        (None, None) => "It does not answer.".to_owned(),
    }
}

/// Why a batch stands still, in one sentence, and the one thing to change.
pub fn stop(stop: &LineStop) -> Words {
    let cause = super::fault(&stop.fault);
    let rows = stop.rows.len();
    let where_it_is = match &stop.shared {
        Shared::Batch => "every unit would meet it".to_owned(),
        Shared::Network { ssid } => format!("the network “{ssid}” is the problem"),
        Shared::Slot { slot } => format!("{} is the problem, not the units", place(slot)),
        Shared::Firmware { firmware } => format!("units with firmware {firmware} have it"),
    };
    let who = match (stop.canary, rows) {
        (true, _) => "The first unit went alone and met this".to_owned(),
        (false, 1) => "A unit met this".to_owned(),
        (false, rows) => format!("{rows} units met this one after another"),
    };
    let what = format!("{who}, so {where_it_is}: {}", cause.what);
    Words::new(what, cause.why.clone(), fix(stop.field, cause.fix))
}

/// A port or an adapter has a name, but not every system tells that of its radio.
fn place(slot: &str) -> &str {
    if slot == "ble" { "Bluetooth" } else { slot }
}

fn fix(field: FixField, cause: String) -> String {
    match field {
        FixField::WifiPassword => "Give the right Wi-Fi password and go on.".to_owned(),
        FixField::SignIn => format!("{cause} Then go on."),
        FixField::Slot => "Check its cable and its port or adapter, or leave it empty, and go on.".to_owned(),
        FixField::DeviceSecret => {
            "Give the proof of possession that these devices have, and go on.".to_owned()
        }
        FixField::Wifi
        | FixField::Owner
        | FixField::Org
        | FixField::TokenHost
        | FixField::Template
        | FixField::Outside => format!("{cause} Then go on."),
    }
}
