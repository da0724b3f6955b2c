//! Why something was refused, in words: what follows the colon of a refusal's sentence, and the fix where it is another
//! than that of the refusal's code.

use super::About;
use engine::Why;
use std::collections::BTreeMap;

/// What stands behind the colon, without a full stop; for what was asked wrongly, a sentence of its own with one.
/// The fix stays empty where the refusal's own one serves.
pub fn because(why: Why, about: &BTreeMap<String, String>) -> (String, String) {
    let about = About(about);
    let said = |without: &str| about.or("said", without);
    let most = about.or("most", "what is taken");
    let plain = |what: &str| (what.to_owned(), String::new());
    let with = |what: String| (what, String::new());
    let fixed = |what: String, fix: &str| (what, fix.to_owned());
    match why {
        Why::Said => with(said("the system refuses it")),
        Why::FileEmpty => plain("the file is empty"),
        Why::FileTooLarge => with(format!("the file is larger than {most} MB")),
        Why::FileTooManyRows => with(format!("the file has more than {most} rows")),
        Why::FileTooManyColumns => with(format!("the file has more than {most} columns")),
        Why::FileCellTooLong => with(format!(
            "line {} has a cell of more than {most} bytes; a quotation mark may be missing before it",
            about.or("line", "?")
        )),
        Why::FileNoTable => with(format!("the file is not a table: {}", said("it cannot be read as one"))),
        Why::FileNoRows => plain("it has no rows"),
        Why::FileSeveral => {
            fixed("A batch is one file, and several were dropped.".to_owned(), "Drop one CSV or XLSX file.")
        }
        Why::FileClosed => plain("it is not open any more"),
        Why::FileNoExport => plain("it is no JSON Lines export that this version knows"),
        Why::ColumnUnknown => (
            format!("The file has no column “{}”.", about.or("column", "of that name")),
            format!("Its columns are: {}.", about.or("known", "none")),
        ),
        Why::ColumnMeaning => fixed(
            format!("“{}” is not what a column can mean.", about.or("meaning", "This")),
            "Use unit, name, owner_id, org_id, wifi, template, device_secret, meta:FIELD, echo or dropped.",
        ),
        Why::JournalUnusable => with(said("it cannot be written")),
        Why::JournalDamaged => {
            with(format!("record {} was altered or damaged", about.or("record", "of the journal")))
        }
        Why::JournalClosed => plain("the journal is closed"),
        Why::ProfilesUnusable => {
            with(format!("the profiles in it cannot be read or written: {}", said("the system refuses it")))
        }
        Why::StationsUnusable => {
            with(format!("the stations in it cannot be read or written: {}", said("the system refuses it")))
        }
        Why::NoDataFolder => plain("the system names no data folder"),
        Why::PinUnusable => with(format!("a PIN cannot be kept: {}", said("no random numbers"))),
        Why::PatternNotRegular => {
            with(format!("the pattern is not a regular expression: {}", said("it cannot be read")))
        }
        Why::PatternNamesNothing => plain("the pattern names no group (?<mac>…), (?<serial>…) or (?<name>…)"),
        Why::LabelSize => {
            with(format!("{} × {} mm is no size of a label", about.or("width", "?"), about.or("height", "?")))
        }
        Why::LabelLines => with(format!("a label has at most {most} lines")),
        Why::LabelNoCode => plain("the label has no code to scan"),
        Why::LabelField => with(format!(
            "there is no field {}; there are {}",
            about.or("field", "of that name"),
            about.or("known", "others")
        )),
        Why::LabelResolution => with(format!(
            "{} is no resolution of a label printer; there are 203, 300 and 600",
            about.or("dpi", "this")
        )),
        Why::LabelBracket => {
            with(format!("a bracket is not closed in “{}”", about.or("text", "its template")))
        }
        Why::PrinterAddress => with(format!(
            "“{}” is no address with a port, such as 192.0.2.7:9100",
            about.or("address", "the printer")
        )),
        Why::HostNotPlain => plain("it is not a plain host name"),
        Why::CarrierUnknown => fixed("it is none of url, vendor:ID and third-string".to_owned(), CARRIER),
        Why::CarrierCommand => {
            fixed("the vendor command is not a number from 0x08 to 0xFE".to_owned(), CARRIER)
        }
        Why::TokenEndpoint => fixed(
            "an endpoint's name is up to 64 visible characters without spaces".to_owned(),
            "Give the endpoint's name as the firmware has it, for example custom-data.",
        ),
        Why::TokenTemplate => fixed("it does not say where the {token} goes".to_owned(), TEMPLATE),
        Why::TokenTemplateDigits => fixed("behind hex: come pairs of digits".to_owned(), TEMPLATE),
        Why::TokenTemplateBraces => {
            fixed("behind hex: only {token} and {host} stand in braces".to_owned(), TEMPLATE)
        }
        Why::TokenSuccess => fixed(
            "it is none of any, exact:TEXT and json:MEMBER=VALUE".to_owned(),
            "Give any, exact:TEXT or json:MEMBER=VALUE.",
        ),
        Why::TextWithNul => plain("the firmware ends texts at a NUL character"),
        Why::TokenShape => plain("the token does not have the 32 characters that the firmware expects"),
        Why::CodeNone => fixed(
            "the text is no provisioning code".to_owned(),
            "Give the code's text as a scanner reads it, for example {\"ver\":\"v1\",\"name\":\"PROV_CE03C0\",\"pop\":\"…\",\"transport\":\"ble\"}.",
        ),
        Why::CodeVersion => fixed(
            "the code is of a version that is not known here".to_owned(),
            "Update Firstlight, or give the proof of possession by itself.",
        ),
        Why::CodeNoName => fixed(
            "the code names no device".to_owned(),
            "Name the device with --ble, and give its proof of possession by itself.",
        ),
        Why::CodeThread => fixed(
            "the device joins a Thread network, not Wi-Fi".to_owned(),
            "Provision it with a tool for Thread.",
        ),
        Why::CodeOwnNetwork => fixed(
            "the device is to be reached over a Wi-Fi of its own".to_owned(),
            "Name it with --ble or --port if it can be reached that way, too.",
        ),
        Why::KeychainRefused => with(format!("the keychain refused: {}", said("it does not say why"))),
        Why::KeychainSilent => plain("the keychain did not answer; it may be waiting to be unlocked"),
        Why::SecretsClosed => plain("they are in a file that its passphrase opens"),
        Why::SecretsOfNobody => plain("a secret is missing"),
        Why::PassphraseWrong => {
            with(format!("the passphrase does not open {}", about.or("path", "the secrets file")))
        }
        Why::PassphraseShort => {
            with(format!("a passphrase must have at least {} characters", about.or("least", "8")))
        }
        Why::SecretsNewer => with(format!(
            "{} was written by a newer version of this program",
            about.or("path", "the secrets file")
        )),
        Why::SecretsFile => with(format!(
            "{} cannot be read or written: {}",
            about.or("path", "the secrets file"),
            said("the system refuses it")
        )),
        Why::ClientIdShape => {
            fixed("the client id is empty or has characters that no client id has".to_owned(), SIGN_IN)
        }
        Why::ClientSecretShape => fixed(
            "the client secret is empty or has blanks or other characters that no secret has".to_owned(),
            SIGN_IN,
        ),
        Why::BearerShape => fixed(
            "the bearer token is empty or has blanks or other characters that no token has".to_owned(),
            SIGN_IN,
        ),
        Why::ClientSetup => {
            with(format!("the client cannot be set up: {}", said("the system does not let us")))
        }
        Why::ServerMissing => fixed(
            "--server is missing.".to_owned(),
            "Give your cloud as in --server https://fra1.blynk.cloud, use a profile with --profile, or practise with --practice.",
        ),
        Why::OrganizationMissing => asked_for("--org"),
        Why::OwnerMissing => asked_for("--owner"),
        Why::DeviceMissing => asked_for("--device-id"),
        Why::TargetMissing => fixed(
            "It is not said which device to provision.".to_owned(),
            "Give --port PATH, --ble NAME-OR-ADDRESS or --any.",
        ),
        Why::PatienceRange => fixed(
            format!("“{}” is not a patience.", about.or("value", "This")),
            "Give whole seconds from 1 to 3600 with --patience.",
        ),
        Why::MetadataShape => fixed(
            format!("“{}” is not a metadata field.", about.or("value", "This")),
            "Write it as KEY=VALUE, for example --meta \"Serial Number=0042\".",
        ),
        Why::PracticeKeepsNothing => fixed(
            "Practice keeps nothing on this computer.".to_owned(),
            "Do it with a real cloud, or name a folder with --state DIR.",
        ),
        Why::PracticeHasNoPages => {
            fixed("The practice cloud has no pages.".to_owned(), "Connect a real cloud.")
        }
        Why::NotPractice => fixed("Nothing is simulated here.".to_owned(), "Go to practice first."),
        Why::FaultShape => fixed(
            format!("“{}” is not a fault with its value.", about.or("value", "This")),
            "Write a fault as NAME=VALUE.",
        ),
        Why::FaultUnknown => (
            format!("No fault is named “{}”.", about.or("name", "so")),
            format!("There are: {}.", about.or("known", "none")),
        ),
        Why::FaultValue => (
            format!(
                "“{}” is no value of the fault {}.",
                about.or("value", "This"),
                about.or("name", "of that name")
            ),
            format!("It takes {}.", about.or("known", "others")),
        ),
        Why::CloudNotMet => fixed("No cloud has been met yet.".to_owned(), "Sign in to the cloud first."),
    }
}

const CARRIER: &str =
    "Give url, third-string or vendor:ID with an id from 0x08 to 0xFE; the firmware's maker knows which.";
const TEMPLATE: &str = "Write {token} where the token goes and {host} where the server goes, for example {\"token\":\"{token}\"}, or hex:0a20{token}.";
const SIGN_IN: &str = "Give client id and client secret as the console shows them.";

fn asked_for(option: &str) -> (String, String) {
    (
        format!("{option} is missing."),
        format!(
            "Give {option} a number, or use a profile with --profile; `firstlight help provision` shows examples."
        ),
    )
}
