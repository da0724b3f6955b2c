//! What can be typed. The help teaches: each command has examples that work as they stand.
//!
//! Values stay texts here where the product judges them (`api/calls.rs`), so that one run names everything that is
//! wrong. Not here: secrets, which are never arguments.

pub mod batch;
pub mod hands;
pub mod station;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Parser)]
#[command(
    name = "firstlight",
    version,
    about = "Brings IoT devices to first light: a token, the Wi-Fi, and the proof that the cloud has seen them.",
    long_about = "Brings IoT devices to first light: it takes a token from the cloud, finds the device over Bluetooth or USB serial, \
hands over token and Wi-Fi, and follows the device until the cloud has seen it.",
    after_long_help = "\
Examples:
  Practise first; this needs no account, no device and no network:
    firstlight provision --practice --any

  A real device on a USB port (secrets come from the environment, never from arguments):
    export FIRSTLIGHT_CLIENT_ID=oa2-client-id_… FIRSTLIGHT_CLIENT_SECRET=… FIRSTLIGHT_WIFI_PASSWORD=…
    firstlight scan
    firstlight provision --port /dev/ttyUSB0 --server https://fra1.blynk.cloud --org 1 --owner 2 --wifi \"Workshop 2G\"

  Many devices, from a file with a row for each:
    firstlight batch check units.csv --profile workshop
    firstlight batch run units.csv --profile workshop

  After a lost answer, a closed lid or a power cut:
    firstlight reconcile

Secrets: FIRSTLIGHT_CLIENT_ID and FIRSTLIGHT_CLIENT_SECRET, or FIRSTLIGHT_BEARER; FIRSTLIGHT_WIFI_PASSWORD;
FIRSTLIGHT_DEVICE_SECRET (proof of possession) or FIRSTLIGHT_DEVICE_QR (the text of the QR code on the device). Or --secrets-stdin, or a profile (`firstlight profile add`).

Exit status: 0 everything asked for passed, 1 something failed, 2 refused before anything began,
3 something is still unknown, 130 cancelled.",
    arg_required_else_help = true,
    disable_help_subcommand = false
)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Where journal, profiles and settings live [default: the platform's data folder]
    #[arg(
        long,
        global = true,
        env = "FIRSTLIGHT_STATE",
        value_name = "DIR",
        help_heading = "Common options"
    )]
    pub state: Option<PathBuf>,
    /// Standard output carries JSON Lines only, one object a line
    #[arg(long, global = true, help_heading = "Common options")]
    pub json: bool,
    /// Use the practice world (a simulated cloud and devices) instead of the real one
    #[arg(long, global = true, help_heading = "Common options")]
    pub practice: bool,
    /// Read secrets as one JSON object from standard input, with the names of the environment variables
    #[arg(long, global = true, help_heading = "Common options")]
    pub secrets_stdin: bool,
    /// Tell more on standard error; twice: everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Common options")]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show devices in sight, as they come and go
    Scan(Scan),
    /// Bring one device to first light
    Provision(Box<Provision>),
    /// Ask the cloud to put a device into configuration mode
    Reconfigure(Reconfigure),
    /// Bring many devices to first light, from a file with a row for each
    #[command(subcommand)]
    Batch(Box<batch::Batch>),
    /// Settle what a lost answer or a crash left open
    Reconcile(Reconcile),
    /// Show cloud devices made here that never came to life
    Ghosts(Ghosts),
    /// List the units that the journal knows
    #[command(after_long_help = "\
Examples:
  firstlight units
  firstlight units --json")]
    Units,
    /// Tell the whole history of a unit
    History(History),
    /// Write the journal as a report
    Export(Export),
    /// One unit after another: slots, a scanner, labels
    #[command(subcommand)]
    Station(station::Station),
    /// Look after the record itself
    #[command(subcommand)]
    Log(Log),
    /// A simulated cloud and simulated devices to practise on
    #[command(subcommand)]
    Practice(Practice),
    /// Check adapters, permissions, cloud and clock, each with its fix
    Doctor(Doctor),
    /// Keep servers, defaults and secrets under a name
    #[command(subcommand)]
    Profile(Profile),
    /// Print completions for your shell
    #[command(after_long_help = "\
Examples:
  firstlight completions bash > ~/.local/share/bash-completion/completions/firstlight
  firstlight completions zsh  > ~/.zfunc/_firstlight
  firstlight completions fish > ~/.config/fish/completions/firstlight.fish
  firstlight completions powershell >> $PROFILE")]
    Completions { shell: clap_complete::Shell },
}

/// Which cloud, and on whose behalf. A profile can stand for all of it.
#[derive(Debug, Clone, Default, Args)]
pub struct CloudArguments {
    /// Your cloud, for example https://fra1.blynk.cloud; plain http for this computer only
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Take server, ids and secrets from this profile; what is typed wins
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MediumChoice {
    Serial,
    Ble,
    All,
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  firstlight scan
  firstlight scan --medium ble --for 30s
  FIRSTLIGHT_SERIAL_PORTS=/dev/pts/3:/dev/serial/by-path/* firstlight scan --medium serial --json")]
pub struct Scan {
    /// Where to look
    #[arg(long, value_enum, default_value = "all")]
    pub medium: MediumChoice,
    /// How long to look, for example 5s, 500ms or 2m
    #[arg(long = "for", value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub time: Duration,
    /// Use this Bluetooth adapter only
    #[arg(long, value_name = "hci0")]
    pub adapter: Option<String>,
}

#[derive(Debug, Clone, Args)]
#[command(after_long_help = "\
Examples:
  Practise, with nothing but this command:
    firstlight provision --practice --any

  A device on a USB port, onto a Wi-Fi network:
    firstlight provision --port /dev/ttyUSB0 --server https://fra1.blynk.cloud --org 1 --owner 2 --wifi \"Workshop 2G\"

  A Bluetooth device by its advertised name, from a profile:
    firstlight provision --ble \"Blynk Pump-K3M7\" --profile workshop

  A device that the cloud knows already: it keeps its record and gets a fresh token:
    firstlight provision --port /dev/ttyUSB0 --profile workshop --device-id 4711

  An Espressif device by the text of the QR code on it, which holds its proof of possession:
    export FIRSTLIGHT_DEVICE_QR='{\"ver\":\"v1\",\"name\":\"PROV_CE03C0\",\"pop\":\"…\",\"transport\":\"ble\"}'
    firstlight provision --any --profile workshop

  From a script, with secrets on standard input:
    echo '{\"FIRSTLIGHT_BEARER\":\"…\",\"FIRSTLIGHT_WIFI_PASSWORD\":\"…\"}' | firstlight provision --any --profile workshop --secrets-stdin --json

What is normal: a wrong Wi-Fi password takes about 50 s to be reported. When the answer of the cloud is lost, the job
ends `unknown` (exit status 3), and `firstlight reconcile` settles it; nothing is ever made twice.")]
pub struct Provision {
    /// The device on this serial port
    #[arg(long, value_name = "PATH", group = "wanted", help_heading = "Which device")]
    pub port: Option<String>,
    /// The Bluetooth device of this advertised name or address
    #[arg(long, value_name = "NAME-OR-ADDRESS", group = "wanted", help_heading = "Which device")]
    pub ble: Option<String>,
    /// The nearest device that waits to be configured
    #[arg(long, group = "wanted", help_heading = "Which device")]
    pub any: bool,
    /// Use this Bluetooth adapter only
    #[arg(long, value_name = "hci0", help_heading = "Which device")]
    pub adapter: Option<String>,
    /// The driver; auto asks the device. One of blynk-inject, blynk-console, improv, espressif
    #[arg(long, value_name = "auto|NAME", help_heading = "Which device")]
    pub driver: Option<String>,
    /// Refuse a device of another template, before any token is taken
    #[arg(long, value_name = "TMPL", help_heading = "Which device")]
    pub expect_template: Option<String>,

    #[command(flatten)]
    pub cloud: CloudArguments,
    /// Organization in which the device is made
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub org: Option<String>,
    /// User who will own the device
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub owner: Option<String>,
    /// Re-provision: keep this cloud device, push a fresh token
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub device_id: Option<String>,
    /// Name of the device in the cloud, set after first light
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Metadata of the device in the cloud, set after first light; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub meta: Vec<String>,

    /// Network to join; leave it out for a device that is online already
    #[arg(long, value_name = "SSID", help_heading = "What the device is told")]
    pub wifi: Option<String>,
    /// Server name that the device is told [default: the host of --server]
    #[arg(long, value_name = "HOST", help_heading = "What the device is told")]
    pub token_host: Option<String>,
    #[command(flatten)]
    pub settings: DriverArguments,

    /// Longest wait from delivery to the cloud's word; after it the outcome is unknown [default: 180]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub patience: Option<String>,

    #[command(flatten)]
    pub hands: hands::Hands,
}

/// How a token travels to devices whose protocol does not say. A profile can keep it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How the token travels")]
pub struct DriverArguments {
    /// Improv: url, vendor:ID or third-string
    #[arg(long, value_name = "WAY")]
    pub carrier: Option<String>,
    /// Espressif: endpoint that takes the token [default: custom-data]
    #[arg(long, value_name = "NAME")]
    pub token_endpoint: Option<String>,
    /// Espressif: what is sent there, with {token} and {host} in it: text, JSON, or hex: and digits [default: {token}]
    #[arg(long, value_name = "TEMPLATE")]
    pub token_template: Option<String>,
    /// Espressif: the answer that means success: any, exact:TEXT or json:MEMBER=VALUE [default: any]
    #[arg(long, value_name = "RULE")]
    pub token_success: Option<String>,
    /// Espressif security 2: user name that goes with FIRSTLIGHT_DEVICE_SECRET [default: wifiprov]
    #[arg(long, value_name = "NAME")]
    pub device_user: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  firstlight reconfigure --device-id 4711 --server https://fra1.blynk.cloud
  firstlight reconfigure --device-id 4711 --profile workshop")]
pub struct Reconfigure {
    /// The device, by its number in the cloud
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub device_id: String,
    #[command(flatten)]
    pub cloud: CloudArguments,
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Servers and devices are known from the journal; only the secrets are needed again.

Examples:
  firstlight reconcile
  firstlight reconcile --json")]
pub struct Reconcile {}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Only devices that this journal made are ever named or removed.

Examples:
  firstlight ghosts
  firstlight ghosts --sweep")]
pub struct Ghosts {
    /// Delete them in the cloud
    #[arg(long)]
    pub sweep: bool,
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  firstlight units
  firstlight history 24:6F:28:11:22:33")]
pub struct History {
    /// The unit, as `firstlight units` names it
    pub unit: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Csv,
    Jsonl,
    Html,
}

impl From<ExportFormat> for api::units::ReportFormat {
    fn from(format: ExportFormat) -> api::units::ReportFormat {
        match format {
            ExportFormat::Csv => api::units::ReportFormat::Csv,
            ExportFormat::Jsonl => api::units::ReportFormat::Jsonl,
            ExportFormat::Html => api::units::ReportFormat::Html,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  firstlight export --format csv > units.csv
  firstlight export --format html --output report.html
  firstlight export --format jsonl --output record.jsonl && firstlight log verify record.jsonl

  One report on two stations:
    firstlight log merge hall-1.jsonl hall-2.jsonl --output all.jsonl
    firstlight export --format html --from all.jsonl --output report.html")]
pub struct Export {
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Report on this JSON Lines export (of one journal, or several that were merged) instead of this state folder's journal
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Log {
    /// Check the hash-chained record: intact, or which record was altered
    #[command(after_long_help = "\
Examples:
  firstlight log verify
  firstlight log verify record.jsonl")]
    Verify {
        /// A JSON Lines export; without it, this state folder's journal
        file: Option<PathBuf>,
        /// Also insist that this key signed it, as `log verify` names it on the station itself
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Put JSON Lines exports of several stations into one file that can be verified
    #[command(after_long_help = "\
Examples:
  firstlight log merge hall-1.jsonl hall-2.jsonl --output all.jsonl
  firstlight log verify all.jsonl")]
    Merge {
        /// Exports, each whole as it was written
        #[arg(required = true, num_args = 1..)]
        files: Vec<PathBuf>,
        /// Write to this file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Practice {
    /// A simulated cloud over HTTP; its first line tells URL and credentials
    #[command(after_long_help = "\
Examples:
  firstlight practice cloud
  firstlight practice cloud --listen 127.0.0.1:9080 --fault lost=10% --json")]
    Cloud {
        /// Where to listen; port 0 takes a free one
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
        listen: String,
        /// Trouble to make; may be repeated. An unknown name lists all
        #[arg(long, value_name = "NAME=VALUE")]
        fault: Vec<String>,
    },
    /// A simulated device
    #[command(subcommand)]
    Device(PracticeDevice),
}

#[derive(Debug, Subcommand)]
pub enum PracticeDevice {
    /// A device on a serial port of its own; its first line tells the port
    #[command(after_long_help = "\
Examples:
  firstlight practice device serial --driver blynk-console --cloud http://127.0.0.1:9080
  firstlight practice device serial --driver blynk-console --fault outcome=wrong-password")]
    Serial {
        /// What the device speaks: blynk-console, improv or espressif
        #[arg(long, value_name = "NAME")]
        driver: String,
        /// The practice cloud that it checks in with
        #[arg(long, value_name = "URL")]
        cloud: Option<String>,
        /// Trouble to make; may be repeated. An unknown name lists all
        #[arg(long, value_name = "NAME=VALUE")]
        fault: Vec<String>,
    },
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  firstlight doctor
  firstlight doctor --server https://fra1.blynk.cloud
  firstlight doctor --profile workshop --json")]
pub struct Doctor {
    #[command(flatten)]
    pub cloud: CloudArguments,
    /// Look at this Bluetooth adapter only
    #[arg(long, value_name = "hci0")]
    pub adapter: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Profile {
    /// List the profiles; secrets are never shown
    List,
    /// Add or replace a profile; its secrets are asked for, or taken from the environment or --secrets-stdin
    #[command(after_long_help = "\
Examples:
  firstlight profile add workshop --server https://fra1.blynk.cloud --org 1 --owner 2 --wifi \"Workshop 2G\"
  firstlight profile test workshop
  firstlight provision --any --profile workshop

  Espressif devices whose firmware takes the token as JSON at an endpoint of its own:
    firstlight profile add pumps --server https://fra1.blynk.cloud --token-endpoint cloud \
      --token-template '{\"token\":\"{token}\",\"host\":\"{host}\"}' --token-success json:status=ok")]
    Add {
        name: String,
        /// Your cloud, for example https://fra1.blynk.cloud
        #[arg(long, value_name = "URL")]
        server: String,
        /// Organization in which devices are made
        #[arg(long, value_name = "ID", allow_hyphen_values = true)]
        org: Option<String>,
        /// User who will own the devices
        #[arg(long, value_name = "ID", allow_hyphen_values = true)]
        owner: Option<String>,
        /// Network that devices join
        #[arg(long, value_name = "SSID")]
        wifi: Option<String>,
        /// Server name that devices are told [default: the host of --server]
        #[arg(long, value_name = "HOST")]
        token_host: Option<String>,
        /// Longest wait for the cloud's word, in seconds
        #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
        patience: Option<String>,
        /// The driver; auto asks each device
        #[arg(long, value_name = "auto|NAME")]
        driver: Option<String>,
        #[command(flatten)]
        settings: Box<DriverArguments>,
        /// Sign in with a bearer token instead of client id and secret
        #[arg(long)]
        bearer: bool,
    },
    /// Remove a profile and its secrets
    Remove { name: String },
    /// Sign in with a profile and say who the cloud takes us for
    Test { name: String },
}

/// `5s`, `500ms`, `2m`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("“{text}” is not a time; write it as 5s, 500ms or 2m");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let time = match unit {
        "" | "s" => Duration::from_secs(number),
        "ms" => Duration::from_millis(number),
        "m" => Duration::from_secs(number.checked_mul(60).ok_or_else(wrong)?),
        _ => return Err(wrong()),
    };
    match time <= Duration::from_secs(24 * 3600) {
        true => Ok(time),
        false => Err(format!("“{text}” is more than a day")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "s", "5h", "-1s", "99999999999999999999s", "18446744073709551615m", "25000m"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_argument_takes_a_secret() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                assert!(
                    !["password", "secret", "token", "client_id"].contains(&name),
                    "{name} is an argument"
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }
}
