//! What can be typed about batches.

use super::CloudArguments;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Batch {
    /// Dry run: every row's problems at once, nothing touched
    #[command(after_long_help = "\
The file is CSV or XLSX; delimiter, byte order mark and encoding are detected, leading zeros are kept. Columns:
  unit           hardware address, advertised name or label; empty: the next device found
  name           name of the device in the cloud
  owner_id       user who will own it             [default: --owner]
  org_id         organization                     [default: --org]
  wifi           a Wi-Fi profile's name or an SSID [default: --wifi]
  template       refuse devices of another template
  device_secret  proof of possession; it is never written anywhere
  meta:FIELD     metadata of the device in the cloud
All other columns are kept and stand in the report.

Examples:
  firstlight batch check units.csv --profile workshop
  firstlight batch check units.xlsx --map \"Serial No\"=unit --map Room=meta:Place
  firstlight batch check units.csv --problems-to fix-these.csv")]
    Check(Check),
    /// Run a batch; what is stopped or cut off can be resumed
    #[command(after_long_help = "\
With more than 10 rows the first unit goes alone (--canary on): if it fails of something that is not its own, the others
stay untouched. While the batch runs, one cause that repeats stops it with one sentence and the one thing to change.

Examples:
  Practise, with simulated devices for every row:
    firstlight batch run units.csv --practice

  Real devices on every USB port and in radio reach:
    firstlight batch run units.csv --profile workshop
    firstlight batch run units.csv --server https://fra1.blynk.cloud --org 1 --owner 2 --wifi \"Workshop 2G\"

  After Ctrl-C, a stop, a closed lid or a power cut:
    firstlight batch resume

Exit status: 0 every row passed, 1 a row failed or the line was stopped, 2 the file has problems (the same lines as
`batch check`), 3 something is still unknown, 130 cancelled.")]
    Run(Run),
    /// Go on where the journal ends
    #[command(after_long_help = "\
What was open is asked about first, then the rows that are left are run. Servers, owners and networks are known from the
journal; only the secrets are needed again. A file with device secrets has to be where it was.

Examples:
  firstlight batch resume
  firstlight batch resume 019ae2c1-5b52-7d0e-9a53-0f6f5d1c2b3a --retry-failed")]
    Resume(Resume),
    /// List the batches that the journal knows
    List,
    /// Write the report of a batch: every row with its result and the file's own columns
    #[command(after_long_help = "\
Examples:
  firstlight batch report > report.csv
  firstlight batch report --format html --output report.html")]
    Report(Report),
}

/// What rows take where they say nothing.
#[derive(Debug, Clone, Args)]
pub struct Defaults {
    #[command(flatten)]
    pub cloud: CloudArguments,
    /// Organization for rows that name none
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub org: Option<String>,
    /// Owner for rows that name none
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub owner: Option<String>,
    /// Network for rows that name none
    #[arg(long, value_name = "SSID")]
    pub wifi: Option<String>,
    /// Template for rows that name none; devices of another one are refused
    #[arg(long, value_name = "TMPL")]
    pub expect_template: Option<String>,
    /// Server name that the devices are told [default: the host of --server]
    #[arg(long, value_name = "HOST")]
    pub token_host: Option<String>,
    /// Longest wait from delivery to the cloud's word; after it a row is unknown [default: 180]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub patience: Option<String>,
    /// The driver; auto asks each device
    #[arg(long, value_name = "auto|NAME")]
    pub driver: Option<String>,
    /// Improv: how the token travels, url, vendor:ID or third-string
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
    /// Espressif security 2: user name that goes with the device secrets
    #[arg(long, value_name = "NAME")]
    pub device_user: Option<String>,
    /// What a column means, as in --map "Serial No"=unit; remembered for files of this heading
    #[arg(long, value_name = "COLUMN=MEANING")]
    pub map: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Check {
    /// CSV or XLSX
    pub file: PathBuf,
    #[command(flatten)]
    pub defaults: Defaults,
    /// Write the rows with problems to this file, to mend and read again
    #[arg(long, value_name = "FILE")]
    pub problems_to: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

#[derive(Debug, Args)]
pub struct Run {
    /// CSV or XLSX
    pub file: PathBuf,
    #[command(flatten)]
    pub defaults: Defaults,
    /// Most units at once [default: as many as ports and radio allow]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub parallel: Option<u32>,
    /// The first unit alone [default: on for more than 10 rows]
    #[arg(long, value_name = "on|off")]
    pub canary: Option<Switch>,
    /// Use this Bluetooth adapter only
    #[arg(long, value_name = "hci0")]
    pub adapter: Option<String>,
    /// Rows without a device end as failed when nothing has happened for so long [default: 60s]
    #[arg(long = "wait", value_name = "TIME", value_parser = super::duration)]
    pub wait: Option<std::time::Duration>,
    #[command(flatten)]
    pub hands: super::hands::Hands,
}

#[derive(Debug, Args)]
pub struct Resume {
    /// The batch, as `firstlight batch list` names it [default: the newest that is not done]
    pub batch: Option<String>,
    /// Run the rows that failed again, too
    #[arg(long)]
    pub retry_failed: bool,
    /// Most units at once [default: as at its beginning]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub parallel: Option<u32>,
    /// Use this Bluetooth adapter only
    #[arg(long, value_name = "hci0")]
    pub adapter: Option<String>,
    /// Rows without a device end as failed when nothing has happened for so long [default: 60s]
    #[arg(long = "wait", value_name = "TIME", value_parser = super::duration)]
    pub wait: Option<std::time::Duration>,
    #[command(flatten)]
    pub hands: super::hands::Hands,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Csv,
    Jsonl,
    Html,
}

#[derive(Debug, Args)]
pub struct Report {
    /// The batch, as `firstlight batch list` names it [default: the newest]
    pub batch: Option<String>,
    #[arg(long, value_enum, default_value = "csv")]
    pub format: ReportFormat,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
