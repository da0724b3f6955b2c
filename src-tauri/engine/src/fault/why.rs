//! Why something was refused, where the refusal's code alone does not say it: as codes, so that each face says it in its own
//! language. What the system or a library said is a detail (`said`) that a sentence may quote, and never the sentence.

use super::{Refusal, RefusalCode, RefusalReason};
use crate::plan::device_label::PatternError;
use crate::plan::sheet::{self, SheetError};
use crate::record::JournalError;
use crate::vault::VaultError;
use proto::SettingTrouble;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

codes! {
    /// Beside a [`RefusalCode`]. Each face has a sentence for each of them.
    Why {
        /// `said`: by the system or by a library.
        Said = "said",
        FileEmpty = "file.empty",
        FileTooLarge = "file.too_large",
        FileTooManyRows = "file.too_many_rows",
        FileTooManyColumns = "file.too_many_columns",
        FileCellTooLong = "file.cell_too_long",
        FileNoTable = "file.no_table",
        FileNoRows = "file.no_rows",
        /// More than one was dropped.
        FileSeveral = "file.several",
        FileClosed = "file.closed",
        FileNoExport = "file.no_export",
        ColumnUnknown = "column.unknown",
        ColumnMeaning = "column.meaning",
        JournalUnusable = "state.journal_unusable",
        JournalDamaged = "state.journal_damaged",
        JournalClosed = "state.journal_closed",
        ProfilesUnusable = "state.profiles_unusable",
        StationsUnusable = "state.stations_unusable",
        NoDataFolder = "state.no_data_folder",
        PinUnusable = "state.pin_unusable",
        PatternNotRegular = "pattern.not_regular",
        PatternNamesNothing = "pattern.names_nothing",
        LabelSize = "label.size",
        LabelLines = "label.lines",
        LabelNoCode = "label.no_code",
        LabelField = "label.field",
        LabelResolution = "label.resolution",
        LabelBracket = "label.bracket",
        PrinterAddress = "label.printer_address",
        HostNotPlain = "host.not_plain",
        CarrierUnknown = "setting.carrier",
        CarrierCommand = "setting.carrier_command",
        TokenEndpoint = "setting.token_endpoint",
        TokenTemplate = "setting.token_template",
        TokenTemplateDigits = "setting.token_template_digits",
        TokenTemplateBraces = "setting.token_template_braces",
        TokenSuccess = "setting.token_success",
        TextWithNul = "setting.nul",
        TokenShape = "setting.token_shape",
        CodeNone = "code.none",
        CodeVersion = "code.version",
        CodeNoName = "code.no_name",
        CodeThread = "code.thread",
        CodeOwnNetwork = "code.own_network",
        KeychainRefused = "secrets.keychain_refused",
        KeychainSilent = "secrets.keychain_silent",
        SecretsClosed = "secrets.closed",
        SecretsOfNobody = "secrets.of_nobody",
        PassphraseWrong = "secrets.passphrase_wrong",
        PassphraseShort = "secrets.passphrase_short",
        SecretsNewer = "secrets.newer",
        SecretsFile = "secrets.file",
        ClientIdShape = "secrets.client_id",
        ClientSecretShape = "secrets.client_secret",
        BearerShape = "secrets.bearer",
        ClientSetup = "secrets.client_setup",
        ServerMissing = "asked.server",
        OrganizationMissing = "asked.organization",
        OwnerMissing = "asked.owner",
        DeviceMissing = "asked.device",
        TargetMissing = "asked.target",
        PatienceRange = "asked.patience",
        MetadataShape = "asked.metadata",
        /// Practice has nothing of the kind.
        PracticeKeepsNothing = "practice.keeps_nothing",
        PracticeHasNoPages = "practice.no_pages",
        NotPractice = "practice.not_here",
        FaultShape = "practice.fault_shape",
        FaultUnknown = "practice.fault_unknown",
        FaultValue = "practice.fault_value",
        CloudNotMet = "cloud.not_met",
    }
}

/// A why with what its sentence names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    pub why: Why,
    about: Vec<(&'static str, String)>,
}

impl Because {
    pub fn of(why: Why) -> Because {
        Because { why, about: Vec::new() }
    }

    /// What the system or a library said.
    pub fn said(said: impl fmt::Display) -> Because {
        Because::of(Why::Said).about("said", said)
    }

    pub fn about(mut self, key: &'static str, value: impl fmt::Display) -> Because {
        self.about.push((key, value.to_string()));
        self
    }

    /// As a reason of this code, which may name more.
    pub fn reason(self, code: RefusalCode, about: &[(&str, &str)]) -> RefusalReason {
        let named = about.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let own = self.about.into_iter().map(|(key, value)| (key.to_owned(), value));
        RefusalReason { code, why: Some(self.why), about: own.chain(named).collect() }
    }
}

impl From<Why> for Because {
    fn from(why: Why) -> Because {
        Because::of(why)
    }
}

impl From<&SheetError> for Because {
    fn from(error: &SheetError) -> Because {
        match error {
            SheetError::Empty => Why::FileEmpty.into(),
            SheetError::TooLarge => {
                Because::of(Why::FileTooLarge).about("most", sheet::BYTES_MOST / 1024 / 1024)
            }
            SheetError::TooManyRows => Because::of(Why::FileTooManyRows).about("most", sheet::ROWS_MOST),
            SheetError::TooManyColumns => {
                Because::of(Why::FileTooManyColumns).about("most", sheet::COLUMNS_MOST)
            }
            SheetError::CellTooLong { line } => {
                Because::of(Why::FileCellTooLong).about("line", line).about("most", sheet::CELL_MOST)
            }
            SheetError::NotATable { why } => Because::of(Why::FileNoTable).about("said", why),
        }
    }
}

impl From<&PatternError> for Because {
    fn from(error: &PatternError) -> Because {
        match error {
            PatternError::NotRegular { reason } => Because::of(Why::PatternNotRegular).about("said", reason),
            PatternError::NamesNothing => Why::PatternNamesNothing.into(),
        }
    }
}

impl From<SettingTrouble> for Because {
    fn from(trouble: SettingTrouble) -> Because {
        match trouble {
            SettingTrouble::Carrier => Why::CarrierUnknown,
            SettingTrouble::CarrierCommand => Why::CarrierCommand,
            SettingTrouble::Endpoint => Why::TokenEndpoint,
            SettingTrouble::Template => Why::TokenTemplate,
            SettingTrouble::TemplateDigits => Why::TokenTemplateDigits,
            SettingTrouble::TemplateBraces => Why::TokenTemplateBraces,
            SettingTrouble::Success => Why::TokenSuccess,
            SettingTrouble::Nul => Why::TextWithNul,
        }
        .into()
    }
}

impl From<&VaultError> for Because {
    fn from(error: &VaultError) -> Because {
        match error {
            VaultError::Keychain { reason, .. } => Because::of(Why::KeychainRefused).about("said", reason),
            VaultError::KeychainSilent { .. } => Why::KeychainSilent.into(),
            VaultError::WrongPassphrase { path } => {
                Because::of(Why::PassphraseWrong).about("path", path.display())
            }
            VaultError::PassphraseShort { least } => Because::of(Why::PassphraseShort).about("least", least),
            VaultError::Newer { path, .. } => Because::of(Why::SecretsNewer).about("path", path.display()),
            VaultError::File { path, reason, .. } => {
                Because::of(Why::SecretsFile).about("path", path.display()).about("said", reason)
            }
        }
    }
}

impl Refusal {
    pub fn because(code: RefusalCode, because: impl Into<Because>, about: &[(&str, &str)]) -> Refusal {
        Refusal { reasons: vec![because.into().reason(code, about)] }
    }

    /// A file of a version that this program does not know.
    pub fn newer(path: &Path, found: u32, known: u32) -> Refusal {
        let (path, found, known) = (path.display().to_string(), found.to_string(), known.to_string());
        Refusal::of(RefusalCode::StateNewer, &[("path", &path), ("found", &found), ("known", &known)])
    }

    pub fn journal(error: &JournalError) -> Refusal {
        match error {
            JournalError::InUse { dir, .. } => {
                Refusal::of(RefusalCode::StateInUse, &[("path", &dir.display().to_string())])
            }
            JournalError::Newer { path, found, known } => Refusal::newer(path, *found, *known),
            JournalError::NewerRecord { .. } => Refusal::of(RefusalCode::StateNewer, &[]),
            JournalError::Unusable { path, reason, .. } => {
                let because = Because::of(Why::JournalUnusable).about("said", reason);
                Refusal::because(
                    RefusalCode::StateUnusable,
                    because,
                    &[("path", &path.display().to_string())],
                )
            }
            JournalError::Damaged { record, .. } => {
                let because = Because::of(Why::JournalDamaged).about("record", record);
                Refusal::because(RefusalCode::StateUnusable, because, &[])
            }
            JournalError::Closed => Refusal::because(RefusalCode::StateUnusable, Why::JournalClosed, &[]),
        }
    }
}
