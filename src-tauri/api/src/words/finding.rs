//! What the doctor found, and what cures it: for the command line and for support.

use super::{About, fault};
use crate::checkup::{Finding, FindingCode};

/// What was found, and the fix where there is one.
pub fn finding(finding: &Finding) -> (String, Option<String>) {
    if let Some(behind) = &finding.fault {
        let words = fault(behind);
        return (words.what, Some(words.fix));
    }
    let about = About(&finding.about);
    let because = finding.why.map(|why| super::because(why, &finding.about).0);
    let why = |without: &str| because.clone().unwrap_or_else(|| without.to_owned());
    let well = |what: String| (what, None);
    let ill = |what: String, fix: &str| (what, Some(fix.to_owned()));
    match finding.code {
        FindingCode::StateWritable => {
            well(format!("{} can be written.", about.or("path", "The state folder")))
        }
        FindingCode::StateUnwritable => ill(
            format!(
                "{} cannot be written ({}).",
                about.or("path", "The state folder"),
                why("the system refuses it")
            ),
            "Make the folder writable for you, free some space, or choose another with --state DIR.",
        ),
        FindingCode::StatePractice => well("Practice keeps nothing.".to_owned()),
        FindingCode::SerialReady => well(format!("Serial: {}.", about.or("detail", "ready"))),
        FindingCode::SerialTrouble => {
            ill("Serial ports cannot be used.".to_owned(), "Plug a device in and try again.")
        }
        FindingCode::GroupFine => {
            well(format!("You may open serial ports (group {}).", about.or("group", "dialout")))
        }
        FindingCode::GroupMissing => (
            format!("You are not in the group {}, which owns serial ports.", about.or("group", "dialout")),
            Some(format!(
                "sudo usermod -aG {} $USER, then sign out and in. Ports with a udev rule of their own (TAG+=\"uaccess\") work without it.",
                about.or("group", "dialout")
            )),
        ),
        FindingCode::ModemNone => well("No ModemManager that would open ports first.".to_owned()),
        FindingCode::ModemRuns => ill(
            "ModemManager runs and may open new serial ports before you do.".to_owned(),
            "If ports are busy right after plugging in: sudo systemctl stop ModemManager, or a udev rule with ENV{ID_MM_DEVICE_IGNORE}=\"1\" for your boards.",
        ),
        FindingCode::ModemElsewhere => well("Only Linux has a ModemManager.".to_owned()),
        FindingCode::BluetoothReady => well(format!("Bluetooth: {}.", about.or("detail", "ready"))),
        FindingCode::BluetoothTrouble => ill(
            "Bluetooth cannot be used.".to_owned(),
            "Switch Bluetooth on; devices on a cable work without it.",
        ),
        FindingCode::SecretsKeychain => {
            well("Secrets of profiles are kept in the system's keychain.".to_owned())
        }
        FindingCode::SecretsFile => {
            well("Secrets of profiles are kept in a locked file in the state folder.".to_owned())
        }
        FindingCode::SecretsAsked => ill(
            "There is no keychain; secrets are asked for each time.".to_owned(),
            "Nothing has to be done. To keep secrets in a locked file, set FIRSTLIGHT_PASSPHRASE when you add a profile; on Linux a keychain is gnome-keyring or KWallet.",
        ),
        FindingCode::SecretsClosed => ill(
            format!("The secrets cannot be read: {}.", why("their store does not open")),
            "Give the passphrase in FIRSTLIGHT_PASSPHRASE, or unlock the keychain.",
        ),
        FindingCode::SecretsPractice => well("Practice keeps nothing.".to_owned()),
        FindingCode::ProxyNone => well("No proxy is set.".to_owned()),
        FindingCode::ProxySet => ill(
            format!(
                "{} sends calls through {}.",
                about.or("variable", "A proxy variable"),
                about.or("proxy", "a proxy")
            ),
            "If the cloud cannot be reached, check the proxy or name the server in NO_PROXY.",
        ),
        FindingCode::CloudReady => {
            // What was told by a person alone has no organization, and a client has no person.
            let who = about.get("who").map_or("an account".to_owned(), str::to_owned);
            let who = if who.starts_with(|c: char| c.is_ascii_digit()) {
                format!("organization {who}")
            } else {
                who
            };
            well(format!("{} answers and takes us for {who}.", about.or("host", "The cloud")))
        }
        FindingCode::CloudTrouble => ill("The cloud does not answer as it should.".to_owned(), "Try again."),
        FindingCode::CloudUnnamed => ill(
            "No server was named.".to_owned(),
            "Name it with --server URL or --profile NAME to check cloud, sign-in and clock.",
        ),
        FindingCode::CloudBadAddress => ill(
            format!("{} is no address of a server.", about.named("The text", "server", "What was given")),
            "Write it as in --server https://fra1.blynk.cloud.",
        ),
        FindingCode::CloudNoSecrets => ill(
            "No secrets to sign in with.".to_owned(),
            "Set FIRSTLIGHT_CLIENT_ID and FIRSTLIGHT_CLIENT_SECRET, or FIRSTLIGHT_BEARER.",
        ),
        FindingCode::CloudBadSecrets => ill(
            format!("The secrets cannot be used: {}.", why("they are incomplete")),
            "Give client id and client secret as the console shows them.",
        ),
        FindingCode::ClockFine => well("This computer's clock agrees with the cloud's.".to_owned()),
        FindingCode::ClockOff => ill(
            format!(
                "This computer's clock is {} s {} the cloud's.",
                about.or("seconds", "some"),
                if about.get("ahead").is_some() { "ahead of" } else { "behind" }
            ),
            "Set date and time (best: automatically); certificates and sign-ins depend on it.",
        ),
        FindingCode::ClockTrouble => ill("The cloud's clock could not be asked.".to_owned(), "Try again."),
    }
}
