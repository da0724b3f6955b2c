//! How a job's end is told to a person: what, why, fix, what was tried, and what to type next.

use crate::face::{Face, badge, elapsed, quiet, strong};
use api::moment;
use api::story::Story;
use api::words;
use cloud::{DeviceRecord, Presence};
use engine::{Fault, FaultCode, Outcome, Retry};

/// What the terminal shows at the end. `record` is what the cloud says of the device, where it was asked.
pub fn tell(face: Face, story: &Story, outcome: Outcome, fault: Option<&Fault>, presence: Option<&Presence>) {
    if face.is_json() {
        return;
    }
    let unit = story.unit().map(|unit| format!("  {}", strong(&unit.to_string()))).unwrap_or_default();
    face.tell("");
    face.tell(&format!("{}{unit}  in {}", badge(outcome), elapsed(story.elapsed_ms())));
    if let Some(fault) = fault {
        tell_fault(face, story, fault);
    }
    match presence.and_then(|presence| presence.record.as_ref()) {
        Some(record) => tell_record(face, record, presence.and_then(|presence| presence.connected)),
        None => {
            if let Some(device) = story.device() {
                row(face, "device", &device.to_string());
            }
        }
    }
    if let Some(next) = next(outcome, fault) {
        row(face, "next", &strong(&next));
    }
}

fn tell_fault(face: Face, story: &Story, fault: &Fault) {
    let words = words::fault(&story.explained(fault));
    row(face, "what", &words.what);
    row(face, "why", &words.why);
    row(face, "fix", &words.fix);
    let tried: Vec<String> = story
        .step_times()
        .0
        .iter()
        .map(|(step, spent)| format!("{} {}", words::step(*step), elapsed(*spent)))
        .collect();
    if !tried.is_empty() {
        row(face, "tried", &tried.join(", "));
    }
    let code = match fault.device_code {
        Some(device_code) => {
            format!("{} (device code {device_code}: {})", fault.code, words::device_code(device_code))
        }
        None => fault.code.to_string(),
    };
    row(face, "code", &quiet(&code));
    if !fault.chain.is_empty() {
        row(face, "report", &quiet(&fault.chain));
    }
}

/// The cloud's record of the device.
fn tell_record(face: Face, record: &DeviceRecord, connected: Option<bool>) {
    let online = match connected {
        Some(true) => ", online now",
        Some(false) => ", offline now",
        None => "",
    };
    row(face, "device", &format!("{} “{}”{online}", record.id, record.name));
    let owner = record.owner.map(|owner| format!(", owner {owner}")).unwrap_or_default();
    row(face, "org", &format!("{}{owner}", record.org));
    if let Some(template) = &record.template {
        let firmware =
            record.firmware_version.as_deref().map(|v| format!(", firmware {v}")).unwrap_or_default();
        row(face, "template", &format!("{template}{firmware}"));
    }
    for (label, at) in [("first", record.first_connect), ("last", record.last_connect)] {
        if let Some(at) = at {
            row(face, label, &format!("connected {}", moment::rfc3339(at.0)));
        }
    }
}

fn row(face: Face, label: &str, text: &str) {
    face.tell(&format!("  {:<9} {text}", label));
}

/// The command that a person would type next.
fn next(outcome: Outcome, fault: Option<&Fault>) -> Option<String> {
    let again =
        || std::iter::once("firstlight".to_owned()).chain(std::env::args().skip(1).map(|word| quoted(&word)));
    match (outcome, fault) {
        (Outcome::Passed | Outcome::Skipped, _) => None,
        (Outcome::Unknown, Some(fault)) if fault.code == FaultCode::TokenNoCarrier => None,
        (Outcome::Unknown, _) => Some("firstlight reconcile".to_owned()),
        (Outcome::Failed, Some(fault)) if fault.retry == Retry::Never => Some("firstlight doctor".to_owned()),
        (Outcome::Failed, _) => Some(again().collect::<Vec<_>>().join(" ")),
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_as_a_shell_takes_them() {
        assert_eq!(quoted("/dev/ttyUSB0"), "/dev/ttyUSB0");
        assert_eq!(quoted("Bob's Wi-Fi"), r"'Bob'\''s Wi-Fi'");
        assert_eq!(quoted(""), "''");
    }
}
