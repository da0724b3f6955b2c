//! Why nothing was begun, and what to do about it: one sentence each.

use super::{About, Words};
use engine::RefusalCode;
use engine::fault::RefusalReason;

/// `why` stays empty where `what` says it all.
pub fn refusal(reason: &RefusalReason) -> Words {
    let about = About(&reason.about);
    let (because, own_fix) = reason.why.map(|why| super::because(why, &reason.about)).unwrap_or_default();
    // The command line alone has reasons that it words itself: `why`, `what` and `fix`.
    let why = |without: &str| if because.is_empty() { about.or("why", without) } else { because.clone() };
    let fix = |usual: &str| if own_fix.is_empty() { about.or("fix", usual) } else { own_fix.clone() };
    let words = |what: String, usual: &str| Words::new(what, "", fix(usual));
    match reason.code {
        RefusalCode::Usage => words(
            if because.is_empty() {
                about.or("what", "The request is not complete.")
            } else {
                because.clone()
            },
            "Type `firstlight help` for examples.",
        ),
        RefusalCode::UnknownPort => words(
            format!(
                "{} is not a serial port of this computer.",
                about.named("The text", "port", "What was given")
            ),
            "Plug the device in, and take the port's name from `firstlight scan --medium serial`.",
        ),
        RefusalCode::PortDenied => words(
            format!("The system does not let you open {}.", about.named("the port", "port", "the port")),
            "On Linux: `sudo usermod -aG dialout $USER` (group `uucp` on Arch), then sign out and in; `firstlight doctor` checks it.",
        ),
        RefusalCode::UnknownDriver => Words::new(
            format!("There is no driver {}.", about.named("named", "driver", "of that name")),
            "",
            format!(
                "Use `auto`, or one of {}.",
                about.or("known", "blynk-inject, blynk-console, improv, espressif")
            ),
        ),
        RefusalCode::InsecureServer => words(
            format!(
                "{} would be reached without encryption.",
                about.named("The server", "server", "The server")
            ),
            "Write the server's address with https://; plain http is for this computer itself (127.0.0.1) only.",
        ),
        RefusalCode::BadServer => words(
            format!("{} is not a server address.", about.named("The text", "server", "The server")),
            "Give the server as in --server https://fra1.blynk.cloud, without path or user name.",
        ),
        RefusalCode::BadOrg => words(
            format!("{} is not an organization id.", about.named("The text", "value", "What was given")),
            "Give a whole number from 1 to 2147483647 with --org; the console shows it in the organization's settings.",
        ),
        RefusalCode::BadOwner => words(
            format!("{} is not a user id.", about.named("The text", "value", "What was given")),
            "Give a whole number from 1 to 9223372036854775807 with --owner; the console shows it in the user's profile.",
        ),
        RefusalCode::SsidLength => words(
            format!(
                "The network name has {} bytes; devices take 1 to {}.",
                about.or("bytes", "too many"),
                about.or("most", "31")
            ),
            "Choose a network with a shorter name (an accented letter or an emoji counts for 2 to 4 bytes), or rename it.",
        ),
        RefusalCode::PasswordLength => words(
            format!(
                "The Wi-Fi password has {} characters; it must be empty (open network) or have {} to {}.",
                about.or("chars", "too few or too many"),
                about.or("least", "8"),
                about.or("most", "63")
            ),
            "Check the password for missing or stray characters and set FIRSTLIGHT_WIFI_PASSWORD again.",
        ),
        RefusalCode::HostLength => words(
            format!("The server name that the device would be told is not usable ({}).", why("too long")),
            "Give a plain host name that the device can hold with --token-host, for example fra1.blynk.cloud.",
        ),
        RefusalCode::HostFixed => words(
            format!(
                "This device has its server built in and cannot be told {}.",
                about.named("the server", "host", "another")
            ),
            "Use the server that its firmware was built for with --server, or install firmware that takes a server name.",
        ),
        RefusalCode::NetworkMissing => words(
            "This driver's devices need a Wi-Fi network, and none was given.".to_owned(),
            "Give the network with --wifi and its password in FIRSTLIGHT_WIFI_PASSWORD.",
        ),
        RefusalCode::NameInvalid => words(
            format!(
                "{} cannot be a device's name in the cloud.",
                about.named("The text", "name", "What was given")
            ),
            "Use 1 to 50 letters, digits, spaces, apostrophes, underscores and hyphens with --name.",
        ),
        RefusalCode::NameTaken => words(
            format!("There is already {}.", about.named("something named", "name", "something of that name")),
            "Choose another name, or change the one that is there.",
        ),
        RefusalCode::DriverSetting => Words::new(
            format!(
                "The driver setting {} cannot be used: {}.",
                about.or("setting", "that was given"),
                why("it does not fit this driver")
            ),
            "",
            fix(
                "Correct the setting, or leave it out for the default; `firstlight help provision` lists them.",
            ),
        ),
        RefusalCode::DeviceCode => Words::new(
            format!("The QR code on the device cannot be used: {}.", why("it is not one for provisioning")),
            "",
            fix("Give the device's name and its proof of possession by themselves."),
        ),
        RefusalCode::SecretMissing => Words::new(
            format!("A secret is missing: {}.", about.or("secret", "the one that this needs")),
            "",
            fix("Set it in the environment, give it with --secrets-stdin, or use a profile with --profile."),
        ),
        RefusalCode::SecretUnreadable => words(
            format!("The secrets cannot be read: {}.", why("their store does not open")),
            "Give one JSON object such as {\"FIRSTLIGHT_BEARER\":\"…\"} with --secrets-stdin, or unlock the keychain and try again.",
        ),
        RefusalCode::UnknownProfile => words(
            format!("There is no profile {}.", about.named("named", "profile", "of that name")),
            "List the profiles with `firstlight profile list`, or add it with `firstlight profile add`.",
        ),
        RefusalCode::UnknownUnit => words(
            format!("The journal knows no unit {}.", about.named("named", "unit", "of that name")),
            "Take the unit from `firstlight units`; it is the hardware address where the device told one.",
        ),
        RefusalCode::UnknownDevice => words(
            format!("{} is not a device id.", about.named("The text", "device", "What was given")),
            "Give the cloud's number of the device with --device-id, as `firstlight units` or the console shows it.",
        ),
        RefusalCode::StateInUse => words(
            format!(
                "{} is in use by another Firstlight.",
                about.named("The state folder", "path", "The state folder")
            ),
            "Wait until the other one has ended or close it, or work in another folder with --state DIR.",
        ),
        RefusalCode::StateNewer => words(
            format!(
                "The journal{} was written by a newer Firstlight (format {}; this one knows {}).",
                about.get("path").map(|path| format!(" in “{path}”")).unwrap_or_default(),
                about.or("found", "newer"),
                about.or("known", "only older ones")
            ),
            "Install the newer version, or work in another folder with --state DIR; the journal was not touched.",
        ),
        RefusalCode::StateUnusable => words(
            format!(
                "{} cannot be used: {}.",
                about.named("The state folder", "path", "The state folder"),
                why("it cannot be written")
            ),
            "Make the folder writable for you, free some space, or choose another with --state DIR; a damaged journal is best restored from a backup.",
        ),
        RefusalCode::DeviceBusy => words(
            format!("Another job is at work on {}.", about.named("the device", "device", "this device")),
            "Wait until that job has ended, or cancel it.",
        ),
        RefusalCode::NothingOpen => {
            words("Nothing is open.".to_owned(), "There is nothing to settle; provision the next device.")
        }
        RefusalCode::StationSlots => words(
            format!("A station has 1 to {} slots.", about.or("most", "24")),
            "Change the number of its slots.",
        ),
        RefusalCode::StationTwice => words(
            format!(
                "{} is there twice, by its name or by its place.",
                about.named("The slot", "slot", "A slot")
            ),
            "Give each slot a name of its own, and learn its place again.",
        ),
        RefusalCode::StationPattern => words(
            format!("A pattern of the scanner cannot be used: {}.", why("it is no regular expression")),
            "Correct the pattern, or leave it empty.",
        ),
        RefusalCode::StationNotArmed => words("The station is not armed.".to_owned(), "Let the lead arm it."),
        RefusalCode::StationBusy => {
            words("A unit is in work at the station.".to_owned(), "Wait until its jobs have ended.")
        }
        RefusalCode::StationUnknown => words(
            "No station is set up here.".to_owned(),
            "Set one up in the window, or with `firstlight station setup`.",
        ),
        RefusalCode::PinShort => words(
            format!("A PIN has at least {} characters.", about.or("least", "4")),
            "Choose a longer one.",
        ),
        RefusalCode::PinWrong => words(
            match about.get("seconds") {
                Some(seconds) => {
                    format!("Too many wrong PINs; the station stays locked for {seconds} seconds.")
                }
                None => "The station is locked: this is not its lead's PIN.".to_owned(),
            },
            "Ask the lead of this station.",
        ),
        RefusalCode::LabelTemplate => words(
            format!("The label cannot be printed: {}.", why("its template is wrong")),
            "Correct the label's template or its printer.",
        ),
        RefusalCode::FileUnreadable => words(
            format!(
                "{} cannot be read or written: {}.",
                about.named("The file", "path", "The file"),
                why("the system refuses it")
            ),
            "Check the path and its permissions.",
        ),
        RefusalCode::BatchProblems => words(
            format!("Nothing of the batch file was run; problems found: {}.", about.or("problems", "some")),
            "Fix what is named above and run it again; `firstlight batch check FILE --problems-to FILE` writes the rows into a file of their own.",
        ),
        RefusalCode::UnknownBatch => words(
            format!("The journal knows no batch {}.", about.named("named", "batch", "of that name")),
            "Look for it with `firstlight batch list`; without a name, `firstlight batch resume` takes the newest that is not done.",
        ),
    }
}
