//! What can be typed about stations: setting one up, its printed codes, and running it without a window.
//!
//! Not here: the lead's PIN, which locks the window; whoever may type here may change the file anyway.

use super::CloudArguments;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Station {
    /// Set the station of this computer up, or change it
    #[command(after_long_help = "\
Examples:
  Two USB sockets and the radio; `firstlight scan` shows the path of a socket:
    firstlight station setup --name \"Hall 2\" --usb 1-1.1 --usb 1-1.2 --ble any

  With labels on a printer of the network, which have to be scanned back:
    firstlight station setup --name \"Hall 2\" --usb 1-1.1 --printer zpl:192.0.2.7:9100 --label-line '{name}' --label-line '{unit}' --scan-back")]
    Setup(StationSetup),
    /// Show how the station is set up
    Show,
    /// Print the sheet of codes that an operator scans, as one HTML page
    #[command(after_long_help = "\
Examples:
  firstlight station codes > codes.html
  firstlight station codes --symbol code128 --operator Anna --operator Ben > codes.html")]
    Codes(StationCodes),
    /// Arm the station and take unit after unit; each line on standard input is a scan
    #[command(after_long_help = "\
The station ends when standard input ends and its jobs have ended, or at Ctrl-C. Scanned lines are labels of units and the codes of
`firstlight station codes`. With --json, the facts of jobs come as in `provision`, and a `slot` object for each change of a slot.

Examples:
  firstlight station run --profile workshop --wifi \"Workshop 2G\"
  firstlight station run --profile workshop --wifi \"Workshop 2G\" --order labels.csv --min-firmware 1.4 --json < /dev/ttyACM0")]
    Run(Box<StationRun>),
}

#[derive(Debug, Args)]
pub struct StationSetup {
    /// Durable name; it stands in every record
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// A slot at this USB socket, by its physical path; may be repeated
    #[arg(long, value_name = "PATH")]
    pub usb: Vec<String>,
    /// A slot for radio units: an adapter, or any; may be repeated
    #[arg(long, value_name = "any|hci0")]
    pub ble: Vec<String>,
    /// Slots whose sockets are learned later, in the window
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub unbound: u32,
    /// Where labels are printed: zpl:ADDRESS:PORT, usb:PATH or pdf:FOLDER
    #[arg(long, value_name = "WHERE")]
    pub printer: Option<String>,
    /// Dots per inch of a label printer
    #[arg(long, value_name = "DPI", default_value_t = 203)]
    pub dpi: u32,
    /// Size of the label in millimetres
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "50x25")]
    pub label_size: String,
    /// A line of the label, with fields such as {unit}; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub label_line: Vec<String>,
    /// What the label's code says
    #[arg(long, value_name = "TEXT", default_value = "{unit}")]
    pub label_code: String,
    /// How the label's code is drawn
    #[arg(long, value_enum, default_value = "datamatrix")]
    pub symbol: SymbolChoice,
    /// A unit is ready to ship only when its label was scanned
    #[arg(long)]
    pub scan_back: bool,
    /// Seconds between two units that the line is planned for
    #[arg(long, value_name = "SECONDS")]
    pub takt: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SymbolChoice {
    Code128,
    Qr,
    Datamatrix,
}

#[derive(Debug, Args)]
pub struct StationCodes {
    /// How the codes are drawn
    #[arg(long, value_enum, default_value = "qr")]
    pub symbol: SymbolChoice,
    /// A badge that signs this operator on; may be repeated
    #[arg(long, value_name = "NAME")]
    pub operator: Vec<String>,
    /// A code for this work order; may be repeated
    #[arg(long, value_name = "NAME")]
    pub work_order: Vec<String>,
    /// A code for this shift; may be repeated
    #[arg(long, value_name = "NAME")]
    pub shift: Vec<String>,
}

#[derive(Debug, Args)]
pub struct StationRun {
    #[command(flatten)]
    pub cloud: CloudArguments,
    /// Organization in which devices are made
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub org: Option<String>,
    /// User who will own the devices
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub owner: Option<String>,
    /// Network that devices join
    #[arg(long, value_name = "SSID")]
    pub wifi: Option<String>,
    /// The driver; auto asks the device
    #[arg(long, value_name = "auto|NAME")]
    pub driver: Option<String>,
    /// Server name that devices are told [default: the host of --server]
    #[arg(long, value_name = "HOST")]
    pub token_host: Option<String>,
    /// Longest wait from delivery to the cloud's word [default: 180]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub patience: Option<String>,

    /// Hold units of another template, before any token is taken
    #[arg(long, value_name = "TMPL", help_heading = "Rules")]
    pub expect_template: Option<String>,
    /// Hold units of an older firmware
    #[arg(long, value_name = "VERSION", help_heading = "Rules")]
    pub min_firmware: Option<String>,
    /// Take units that have passed before
    #[arg(long, help_heading = "Rules")]
    pub again: bool,
    /// A unit starts only when its label was scanned
    #[arg(long, help_heading = "Rules")]
    pub label_first: bool,
    /// Nothing starts while nobody is signed on
    #[arg(long, help_heading = "Rules")]
    pub operator_needed: bool,
    /// The work order: a list of the labels that it allows, one a line
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    pub order: Option<PathBuf>,

    /// Who works here, for every record
    #[arg(long, value_name = "NAME", help_heading = "Who and what")]
    pub operator: Option<String>,
    /// On which order [default: the name of the --order file]
    #[arg(long, value_name = "NAME", help_heading = "Who and what")]
    pub work_order: Option<String>,
    /// In which shift
    #[arg(long, value_name = "NAME", help_heading = "Who and what")]
    pub shift: Option<String>,
}
