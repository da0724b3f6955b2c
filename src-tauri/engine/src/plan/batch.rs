//! A batch as it is wanted: what each column means, what each row asks for, and everything that is wrong with it at once.
//!
//! Secrets of devices go from their column straight into [`Secret`]. Not here: reading files (`sheet.rs`), asking the
//! cloud and the journal (`work/dry_run.rs`), and running it (`work/batch.rs`).

use crate::fault::ProblemCode;
use crate::plan::sheet::{Sheet, unguarded, write_csv};
use crate::record::batch::{BatchItem, Bind};
use crate::{Because, CloudRef, Recipe, Refusal, RefusalCode, whole_file};
use cloud::{OrgId, UserId};
use proto::Secret;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What a column means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// MAC, advertised name or label.
    Unit,
    Name,
    OwnerId,
    OrgId,
    /// Name of a Wi-Fi profile, or SSID.
    Wifi,
    Template,
    DeviceSecret,
    /// A metadata field of the cloud device.
    Meta(String),
    /// Kept for the report.
    Echo,
    /// Left out of everything: our own column of problems, and what looks like a secret that nobody asked for.
    Dropped,
}

/// Heading of the column that an exported file of problems has; reading it again leaves it out.
pub const PROBLEMS_COLUMN: &str = "problems";

impl Column {
    /// The word for it in a mapping and in problems: `unit`, `meta:Place`.
    pub fn word(&self) -> String {
        match self {
            Column::Unit => "unit".to_owned(),
            Column::Name => "name".to_owned(),
            Column::OwnerId => "owner_id".to_owned(),
            Column::OrgId => "org_id".to_owned(),
            Column::Wifi => "wifi".to_owned(),
            Column::Template => "template".to_owned(),
            Column::DeviceSecret => "device_secret".to_owned(),
            Column::Meta(field) => format!("meta:{field}"),
            Column::Echo => "echo".to_owned(),
            Column::Dropped => "dropped".to_owned(),
        }
    }

    /// What a person means by a word of a mapping.
    pub fn of_word(word: &str) -> Option<Column> {
        let word = word.trim();
        if let Some(field) = meta_field(word) {
            return Some(Column::Meta(field.to_owned()));
        }
        match plain(word).as_str() {
            "unit" => Some(Column::Unit),
            "name" => Some(Column::Name),
            "ownerid" => Some(Column::OwnerId),
            "orgid" => Some(Column::OrgId),
            "wifi" => Some(Column::Wifi),
            "template" => Some(Column::Template),
            "devicesecret" => Some(Column::DeviceSecret),
            "echo" => Some(Column::Echo),
            "dropped" => Some(Column::Dropped),
            _ => None,
        }
    }

    /// What a heading means by itself: the contract's words, and what people write for them.
    pub fn of_heading(heading: &str) -> Column {
        if let Some(field) = meta_field(heading) {
            return Column::Meta(field.to_owned());
        }
        match plain(heading).as_str() {
            "unit" | "mac" | "macaddress" | "device" | "serial" | "serialnumber" | "label" | "ble"
            | "blename" | "hardwareaddress" => Column::Unit,
            "name" | "devicename" => Column::Name,
            "ownerid" | "owner" | "userid" => Column::OwnerId,
            "orgid" | "org" | "organization" | "organizationid" | "organisation" => Column::OrgId,
            "wifi" | "ssid" | "network" | "wlan" => Column::Wifi,
            "template" | "templateid" | "tmpl" => Column::Template,
            "devicesecret" | "pop" | "proof" | "proofofpossession" => Column::DeviceSecret,
            PROBLEMS_COLUMN => Column::Dropped,
            other
                if ["password", "passwort", "secret", "token", "psk"]
                    .iter()
                    .any(|word| other.contains(word)) =>
            {
                Column::Dropped
            }
            _ => Column::Echo,
        }
    }
}

fn meta_field(heading: &str) -> Option<&str> {
    let (prefix, field) = heading.trim().split_once(':')?;
    prefix.trim().eq_ignore_ascii_case("meta").then(|| field.trim())
}

/// A heading without case, spaces and dashes: `Owner ID`, `owner_id` and `OwnerId` are one.
fn plain(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What each heading means, where a person said so; all others mean what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mapping(pub BTreeMap<String, Column>);

impl Mapping {
    pub fn column(&self, heading: &str) -> Column {
        let said = self.0.iter().find(|(known, _)| plain(known) == plain(heading));
        said.map_or_else(|| Column::of_heading(heading), |(_, column)| column.clone())
    }
}

/// Mappings of a state folder, by the heading that they were made for.
const MAPPINGS_FILE: &str = "batch-columns.json";
const MAPPINGS_VERSION: u32 = 1;

#[derive(Debug, Default, Serialize, Deserialize)]
struct MappingsShelf {
    v: u32,
    /// By the headings in their order, plain.
    mappings: BTreeMap<String, Mapping>,
}

/// The column mappings that a person made before, in the state folder.
#[derive(Debug, Clone)]
pub struct Mappings {
    path: PathBuf,
}

impl Mappings {
    pub fn of(dir: &Path) -> Mappings {
        Mappings { path: dir.join(MAPPINGS_FILE) }
    }

    /// What was said of files with this heading; nothing where nobody said anything, or where it cannot be read: a mapping
    /// is a convenience, and a person sees what each column means.
    pub fn remembered(&self, heading: &[String]) -> Mapping {
        self.read().mappings.remove(&key(heading)).unwrap_or_default()
    }

    /// # Errors
    /// `refused.state_unusable` when the file cannot be written.
    pub fn remember(&self, heading: &[String], mapping: &Mapping) -> Result<(), Refusal> {
        let mut shelf = self.read();
        shelf.v = MAPPINGS_VERSION;
        shelf.mappings.insert(key(heading), mapping.clone());
        let content = serde_json::to_vec_pretty(&shelf).expect("texts have a form in JSON");
        whole_file::replace(&self.path, &content).map_err(|error| {
            let path = self.path.display().to_string();
            Refusal::because(RefusalCode::StateUnusable, Because::said(error), &[("path", &path)])
        })
    }

    fn read(&self) -> MappingsShelf {
        std::fs::read(&self.path)
            .ok()
            .and_then(|content| serde_json::from_slice(&content).ok())
            .unwrap_or_default()
    }
}

fn key(heading: &[String]) -> String {
    heading.iter().map(|heading| plain(heading)).collect::<Vec<_>>().join(" ")
}

/// What rows take where they say nothing.
#[derive(Debug, Clone)]
pub struct BatchDefaults {
    pub cloud: CloudRef,
    pub org: Option<OrgId>,
    pub owner: Option<UserId>,
    pub ssid: Option<String>,
    pub driver: String,
    pub token_host: String,
    pub expect_template: Option<String>,
    pub patience_s: u32,
    pub carrier: Option<String>,
    pub token_endpoint: Option<String>,
    pub token_template: Option<String>,
    pub token_success: Option<String>,
    pub device_user: Option<String>,
}

/// A network that rows may name, and whose password is known.
#[derive(Debug, Clone)]
pub struct BatchNetwork {
    /// The name of the Wi-Fi profile; rows may also give the SSID.
    pub name: Option<String>,
    pub ssid: String,
    pub password: Secret,
}

/// What a batch needs and never writes down.
#[derive(Debug, Clone, Default)]
pub struct BatchSecrets {
    /// For every network that is not named below.
    pub wifi_password: Option<Secret>,
    pub networks: Vec<BatchNetwork>,
    /// For rows that bring none of their own.
    pub device_secret: Option<Secret>,
    /// By row.
    pub of_rows: HashMap<u32, Secret>,
}

impl BatchSecrets {
    /// What a job of this row is given.
    pub(crate) fn of(&self, row: u32, ssid: Option<&str>) -> crate::JobSecrets {
        let known = ssid.and_then(|ssid| self.networks.iter().find(|network| network.ssid == ssid));
        crate::JobSecrets {
            wifi_password: known
                .map(|network| network.password.clone())
                .or_else(|| self.wifi_password.clone()),
            device_secret: self.of_rows.get(&row).or(self.device_secret.as_ref()).cloned(),
        }
    }

    /// Another password for a network from now on.
    pub(crate) fn set_password(&mut self, ssid: Option<&str>, password: Secret) {
        match ssid.and_then(|ssid| self.networks.iter_mut().find(|network| network.ssid == ssid)) {
            Some(network) => network.password = password,
            None => self.wifi_password = Some(password),
        }
    }
}

/// Something that is wrong with the file, where it is, and what its sentence names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Counted from 1 under the heading; `None`: it is about the whole file.
    pub row: Option<u32>,
    /// The line of the file, or the row of the spreadsheet.
    pub line: Option<u32>,
    /// The heading as the file has it.
    pub column: Option<String>,
    pub code: ProblemCode,
    pub about: BTreeMap<String, String>,
}

impl Problem {
    pub fn of_file(code: ProblemCode) -> Problem {
        Problem { row: None, line: None, column: None, code, about: BTreeMap::new() }
    }

    #[must_use]
    pub fn about(mut self, key: &str, value: impl std::fmt::Display) -> Problem {
        self.about.insert(key.to_owned(), value.to_string());
        self
    }
}

/// A batch that may be run when it has no problems.
#[derive(Debug, Clone)]
pub struct BatchPlan {
    /// The file's name.
    pub name: String,
    pub path: Option<String>,
    pub items: Vec<BatchItem>,
    /// Headings that mean nothing to us, in their order.
    pub extra: Vec<String>,
    /// Secrets of devices, by row.
    pub of_rows: HashMap<u32, Secret>,
    /// What each column was taken for.
    pub columns: Vec<(String, Column)>,
    /// Where each row stands in the file.
    pub lines: Vec<u32>,
}

impl BatchPlan {
    /// The heading that the file has for a column.
    pub fn heading_of(&self, column: &Column) -> Option<String> {
        self.columns.iter().find(|(_, known)| known == column).map(|(heading, _)| heading.clone())
    }

    /// A problem of a row.
    pub fn problem(&self, row: u32, column: &Column, code: ProblemCode) -> Problem {
        Problem {
            row: Some(row),
            line: self.lines.get(row as usize - 1).copied(),
            // The file may lack the column; then this is what to add.
            column: self.heading_of(column).or_else(|| match column {
                Column::Echo | Column::Dropped => None,
                lacking => Some(lacking.word()),
            }),
            code,
            about: BTreeMap::new(),
        }
    }
}

/// Reads every row; what is wrong is collected, and nothing stops at the first.
pub fn plan(
    mut sheet: Sheet,
    mapping: &Mapping,
    defaults: &BatchDefaults,
    secrets: &BatchSecrets,
) -> (BatchPlan, Vec<Problem>) {
    let columns: Vec<(String, Column)> =
        sheet.heading.iter().map(|heading| (heading.clone(), mapping.column(heading))).collect();
    let of_rows = take_secrets(&mut sheet, &columns);
    let mut plan = BatchPlan {
        name: String::new(),
        path: None,
        items: Vec::with_capacity(sheet.rows.len()),
        extra: columns
            .iter()
            .filter(|(heading, column)| *column == Column::Echo && !heading.is_empty())
            .map(|(heading, _)| heading.clone())
            .collect(),
        of_rows,
        lines: sheet.rows.iter().map(|row| row.line).collect(),
        columns,
    };
    let mut problems = problems_of_heading(&plan);
    if sheet.rows.is_empty() {
        problems.push(Problem::of_file(ProblemCode::NoRows));
    }
    for (index, row) in sheet.rows.iter().enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        let mut reading = Reading { plan: &plan, row: number, cells: &row.cells, problems: &mut problems };
        if row.surplus {
            reading.against(&Column::Dropped, ProblemCode::SurplusCells, &[]);
        }
        let item = reading.item(defaults, secrets);
        plan.items.push(item);
    }
    problems.extend(problems_of_twins(&plan));
    problems.extend(problems_of_lost_proofs(&plan));
    problems.sort_by_key(|problem| problem.row.map_or(0, |row| row));
    (plan, problems)
}

/// Takes the secrets out of the sheet, so that nothing after this can meet them.
fn take_secrets(sheet: &mut Sheet, columns: &[(String, Column)]) -> HashMap<u32, Secret> {
    let mut of_rows = HashMap::new();
    for (at, (_, column)) in columns.iter().enumerate() {
        let secret = *column == Column::DeviceSecret;
        if !secret && *column != Column::Dropped {
            continue;
        }
        for (row, number) in sheet.rows.iter_mut().zip(1..) {
            let text = row.cells.get_mut(at).map(std::mem::take).unwrap_or_default();
            if secret && !text.is_empty() {
                of_rows.insert(number, Secret::new(unguarded(&text)));
            }
        }
    }
    of_rows
}

fn problems_of_heading(plan: &BatchPlan) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, (heading, column)) in plan.columns.iter().enumerate() {
        let of_column = |code| Problem { column: Some(heading.clone()), ..Problem::of_file(code) };
        if matches!(column, Column::Meta(field) if field.is_empty()) {
            problems.push(of_column(ProblemCode::MetaName));
        }
        let counts = !matches!(column, Column::Echo | Column::Dropped);
        if let Some((other, _)) = plan.columns[..at].iter().find(|(_, earlier)| counts && earlier == column) {
            problems.push(
                of_column(ProblemCode::ColumnTwice).about("other", other).about("meaning", column.word()),
            );
        }
    }
    problems
}

/// Rows that ask for one unit twice, each naming the first.
fn problems_of_twins(plan: &BatchPlan) -> Vec<Problem> {
    let mut first: HashMap<String, u32> = HashMap::new();
    let mut problems = Vec::new();
    for item in &plan.items {
        let (key, unit) = match &item.bind {
            Bind::Mac { mac } => (mac.clone(), mac),
            Bind::Label { label } => (label.to_lowercase(), label),
            Bind::Next => continue,
        };
        match first.get(&key) {
            Some(earlier) => problems.push(
                plan.problem(item.row, &Column::Unit, ProblemCode::UnitTwice)
                    .about("unit", unit)
                    .about("earlier", earlier),
            ),
            None => {
                first.insert(key, item.row);
            }
        }
    }
    problems
}

/// Rows that have different proofs of possession and name no unit: nothing says which device knows which proof.
fn problems_of_lost_proofs(plan: &BatchPlan) -> Vec<Problem> {
    let mut proofs = Vec::new();
    for item in plan.items.iter().filter(|item| item.bind == Bind::Next) {
        proofs.extend(plan.of_rows.get(&item.row).map(|proof| (item.row, proof)));
    }
    let differ = proofs.windows(2).any(|pair| pair[0].1.expose() != pair[1].1.expose());
    let lost = proofs.iter().filter(|_| differ);
    lost.map(|(row, _)| plan.problem(*row, &Column::Unit, ProblemCode::SecretUnbound)).collect()
}

struct Reading<'a> {
    plan: &'a BatchPlan,
    row: u32,
    cells: &'a [String],
    problems: &'a mut Vec<Problem>,
}

impl Reading<'_> {
    fn cell(&self, column: &Column) -> Option<&str> {
        let at = self.plan.columns.iter().position(|(_, known)| known == column)?;
        self.cells.get(at).map(|cell| unguarded(cell)).filter(|cell| !cell.is_empty())
    }

    fn against(&mut self, column: &Column, code: ProblemCode, about: &[(&str, &str)]) {
        let mut problem = self.plan.problem(self.row, column, code);
        for (key, value) in about {
            problem = problem.about(key, value);
        }
        self.problems.push(problem);
    }

    fn item(&mut self, defaults: &BatchDefaults, secrets: &BatchSecrets) -> BatchItem {
        let bind = self.bind();
        let name = self.cell(&Column::Name).map(str::to_owned);
        if let Some(name) = name.as_deref().filter(|name| !crate::work::cloud_name_fits(name)) {
            self.against(&Column::Name, ProblemCode::NameInvalid, &[("name", name)]);
        }
        let owner = self.number::<i64>(
            &Column::OwnerId,
            defaults.owner.map(|owner| owner.0),
            ProblemCode::OwnerBad,
            ProblemCode::OwnerMissing,
        );
        let org = self.number::<i32>(
            &Column::OrgId,
            defaults.org.map(|org| org.0),
            ProblemCode::OrgBad,
            ProblemCode::OrgMissing,
        );
        let ssid = self.network(defaults, secrets);
        let template =
            self.cell(&Column::Template).map(str::to_owned).or_else(|| defaults.expect_template.clone());
        let columns = self.plan.columns.iter().zip(self.cells);
        let mut meta = BTreeMap::new();
        let mut echo = BTreeMap::new();
        for ((heading, column), cell) in columns.filter(|(_, cell)| !cell.is_empty()) {
            let cell = unguarded(cell).to_owned();
            match column {
                Column::Meta(field) if !field.is_empty() => drop(meta.insert(field.clone(), cell)),
                Column::Echo if !heading.is_empty() => drop(echo.insert(heading.clone(), cell)),
                _ => {}
            }
        }
        let recipe = Recipe {
            cloud: defaults.cloud.clone(),
            org: OrgId(org),
            owner: UserId(owner),
            ssid,
            driver: defaults.driver.clone(),
            token_host: defaults.token_host.clone(),
            expect_template: template,
            patience_s: defaults.patience_s,
            name,
            meta,
            device: None,
            carrier: defaults.carrier.clone(),
            token_endpoint: defaults.token_endpoint.clone(),
            token_template: defaults.token_template.clone(),
            token_success: defaults.token_success.clone(),
            device_user: defaults.device_user.clone(),
        };
        BatchItem {
            row: self.row,
            bind,
            recipe: Box::new(recipe),
            has_device_secret: self.plan.of_rows.contains_key(&self.row),
            echo,
        }
    }

    fn bind(&mut self) -> Bind {
        let Some(unit) = self.cell(&Column::Unit).map(str::to_owned) else { return Bind::Next };
        match mac_of(&unit) {
            Mac::Is(mac) => Bind::Mac { mac },
            Mac::Meant => {
                self.against(&Column::Unit, ProblemCode::MacBad, &[("unit", &unit)]);
                Bind::Label { label: unit }
            }
            Mac::Not => Bind::Label { label: unit },
        }
    }

    fn number<N: std::str::FromStr + PartialOrd + From<u8>>(
        &mut self,
        column: &Column,
        default: Option<N>,
        bad: ProblemCode,
        missing: ProblemCode,
    ) -> N {
        match self.cell(column).map(str::to_owned) {
            None => default.unwrap_or_else(|| {
                self.against(column, missing, &[]);
                N::from(0)
            }),
            Some(text) => text.parse().ok().filter(|number| *number > N::from(0)).unwrap_or_else(|| {
                self.against(column, bad, &[("value", &text)]);
                N::from(0)
            }),
        }
    }

    /// The SSID that a row means, with a look at what every firmware takes.
    fn network(&mut self, defaults: &BatchDefaults, secrets: &BatchSecrets) -> Option<String> {
        let said = self.cell(&Column::Wifi).map(str::to_owned).or_else(|| defaults.ssid.clone())?;
        let known = secrets
            .networks
            .iter()
            .find(|network| network.name.as_deref() == Some(&said))
            .or_else(|| secrets.networks.iter().find(|network| network.ssid == said));
        let (ssid, password) = match (known, &secrets.wifi_password) {
            (Some(network), _) => (network.ssid.clone(), Some(&network.password)),
            (None, Some(password)) => (said.clone(), Some(password)),
            (None, None) => (said.clone(), None),
        };
        let Some(password) = password else {
            let code = match secrets.networks.is_empty() {
                true => ProblemCode::PasswordMissing,
                false => ProblemCode::WifiUnknown,
            };
            self.against(&Column::Wifi, code, &[("ssid", &said)]);
            return Some(ssid);
        };
        // By the narrowest of all firmware: one that drops a value does so silently.
        let delivery = proto::Delivery {
            wifi: Some(proto::Wifi { ssid: ssid.clone(), password: password.clone() }),
            token: None,
            host: defaults.token_host.clone(),
        };
        let only = proto::driver(&defaults.driver).map(|driver| vec![driver]);
        let drivers = only.unwrap_or_else(|| proto::drivers().to_vec());
        let settings = proto::DriverSettings::default();
        let mut found: Vec<ProblemCode> = Vec::new();
        for limit in drivers.iter().flat_map(|driver| driver.limits(&delivery, &settings, None)) {
            let (code, about) = match limit {
                proto::Limit::SsidLength { bytes, most } => {
                    (ProblemCode::SsidLength, vec![("bytes", bytes.to_string()), ("most", most.to_string())])
                }
                proto::Limit::PasswordLength { chars, least, most } => (
                    ProblemCode::PasswordLength,
                    vec![
                        ("chars", chars.to_string()),
                        ("least", least.to_string()),
                        ("most", most.to_string()),
                    ],
                ),
                _ => continue,
            };
            if !found.contains(&code) {
                found.push(code);
                let mut about: Vec<(&str, &str)> =
                    about.iter().map(|(key, value)| (*key, value.as_str())).collect();
                about.push(("ssid", &ssid));
                self.against(&Column::Wifi, code, &about);
            }
        }
        Some(ssid)
    }
}

/// Whether a text is a hardware address.
enum Mac {
    /// In upper case with colons.
    Is(String),
    /// It was meant as one, and is none.
    Meant,
    Not,
}

fn mac_of(text: &str) -> Mac {
    let parts: Vec<&str> = text.split([':', '-', '.']).collect();
    let digits: String = parts.concat();
    let hex = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit());
    let right = match parts.len() {
        6 => parts.iter().all(|part| part.len() == 2),
        3 => text.contains('.') && parts.iter().all(|part| part.len() == 4),
        // Without anything between: a label may be all digits, an address has some letter or begins as they do.
        1 => text.len() == 12,
        _ => false,
    };
    if hex && right && digits.len() == 12 {
        let upper = digits.to_ascii_uppercase();
        let pairs: Vec<&str> = (0..6).map(|at| &upper[2 * at..2 * at + 2]).collect();
        return match pairs.iter().all(|pair| *pair == "00") || pairs.iter().all(|pair| *pair == "FF") {
            true => Mac::Meant,
            false => Mac::Is(pairs.join(":")),
        };
    }
    // Colons between short pieces: nobody names a device like that.
    let meant =
        text.matches(':').count() >= 4 || (parts.len() == 6 && parts.iter().all(|part| part.len() <= 2));
    if meant { Mac::Meant } else { Mac::Not }
}

/// The rows with problems as a file that can be mended and read again: every column as it was, and one more that says
/// what is wrong. Secrets of devices are not in it; where there were some, the column is there and empty. `told` gives a
/// problem's sentence.
pub fn problems_file(
    sheet: &Sheet,
    mapping: &Mapping,
    problems: &[Problem],
    told: &dyn Fn(&Problem) -> String,
) -> Vec<u8> {
    let kept: Vec<usize> = (0..sheet.heading.len())
        .filter(|at| mapping.column(&sheet.heading[*at]) != Column::Dropped)
        .collect();
    let mut heading: Vec<String> = kept.iter().map(|at| sheet.heading[*at].clone()).collect();
    heading.push(PROBLEMS_COLUMN.to_owned());
    let mut of_rows: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for problem in problems {
        if let Some(row) = problem.row {
            of_rows.entry(row).or_default().push(told(problem));
        }
    }
    let rows = of_rows.into_iter().filter_map(|(number, sentences)| {
        let row = sheet.rows.get(number as usize - 1)?;
        let mut cells: Vec<String> = kept
            .iter()
            .map(|at| match mapping.column(&sheet.heading[*at]) {
                Column::DeviceSecret => String::new(),
                _ => unguarded(&row.cells[*at]).to_owned(),
            })
            .collect();
        cells.push(sentences.join(" "));
        Some(cells)
    });
    write_csv(&heading, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sheet;

    fn defaults() -> BatchDefaults {
        BatchDefaults {
            cloud: CloudRef { server: "https://fra1.blynk.cloud".into(), profile: None },
            org: Some(OrgId(1)),
            owner: Some(UserId(2)),
            ssid: Some("Workshop".into()),
            driver: "auto".into(),
            token_host: "fra1.blynk.cloud".into(),
            expect_template: None,
            patience_s: 180,
            carrier: None,
            token_endpoint: None,
            token_template: None,
            token_success: None,
            device_user: None,
        }
    }

    fn secrets() -> BatchSecrets {
        BatchSecrets { wifi_password: Some(Secret::new("correct horse")), ..BatchSecrets::default() }
    }

    fn planned(text: &str) -> (BatchPlan, Vec<Problem>) {
        plan(sheet::read(text.as_bytes()).expect("a table"), &Mapping::default(), &defaults(), &secrets())
    }

    fn codes(text: &str) -> Vec<(Option<u32>, &'static str)> {
        planned(text).1.iter().map(|problem| (problem.row, problem.code.as_str())).collect()
    }

    #[test]
    fn every_column_of_the_contract_is_understood() {
        let (plan, problems) = planned(
            "unit,name,owner_id,org_id,wifi,template,device_secret,meta:Place,Shelf\n\
             24:6f:28:11:22:33,Pump 4,7,3,Guests,TMPL1,abcd1234,Hall 2,0042\n,,,,,,,,\n,Pump 5,,,,,,,0043\n",
        );
        assert_eq!(problems, []);
        assert_eq!(plan.items.len(), 2);
        let first = &plan.items[0];
        assert_eq!(first.bind, Bind::Mac { mac: "24:6F:28:11:22:33".into() });
        assert_eq!((first.recipe.owner, first.recipe.org), (UserId(7), OrgId(3)));
        assert_eq!(first.recipe.ssid.as_deref(), Some("Guests"));
        assert_eq!(first.recipe.expect_template.as_deref(), Some("TMPL1"));
        assert_eq!(first.recipe.meta["Place"], "Hall 2");
        assert_eq!(first.echo["Shelf"], "0042");
        assert!(first.has_device_secret);
        assert_eq!(plan.of_rows[&1].expose(), "abcd1234");
        let second = &plan.items[1];
        assert_eq!((&second.bind, second.row, plan.lines[1]), (&Bind::Next, 2, 4));
        assert_eq!((second.recipe.owner, second.recipe.ssid.as_deref()), (UserId(2), Some("Workshop")));
    }

    #[test]
    fn a_device_secret_is_in_nothing_that_can_be_printed_or_written() {
        let (plan, problems) = planned("unit,pop,old password\nA,CANARY-pop,CANARY-password\nA,CANARY-2,x\n");
        let written = serde_json::to_string(&plan.items).expect("plain values");
        assert!(!format!("{plan:?} {problems:?} {written}").contains("CANARY"));
        let sheet = sheet::read(b"unit,pop,old password\nA,CANARY-pop,CANARY-password\n").expect("a table");
        assert!(!format!("{sheet:?}").contains("CANARY"));
        let file = problems_file(&sheet, &Mapping::default(), &[problem(1)], &|_| "wrong".to_owned());
        assert_eq!(String::from_utf8(file).expect("text"), "\u{feff}unit,pop,problems\r\nA,,wrong\r\n");
    }

    fn problem(row: u32) -> Problem {
        Problem { row: Some(row), ..Problem::of_file(ProblemCode::MacBad) }
    }

    #[test]
    fn everything_that_is_wrong_is_found_at_once() {
        let long = "x".repeat(33);
        let text = format!(
            "unit,name,owner_id,org_id,wifi\n24:6F:28:11:22:3,Pump/4,x,0,{long}\nA,,,,\na,,,,\n24-6f-28-11-22-33,,,,\n246F28112233,,,,,more\n"
        );
        assert_eq!(
            codes(&text),
            [
                (Some(1), "batch.mac_bad"),
                (Some(1), "batch.name_invalid"),
                (Some(1), "batch.owner_bad"),
                (Some(1), "batch.org_bad"),
                (Some(1), "batch.ssid_length"),
                (Some(3), "batch.unit_twice"),
                (Some(5), "batch.surplus_cells"),
                (Some(5), "batch.unit_twice"),
            ]
        );
        let (_, problems) = planned(&text);
        assert_eq!(problems[5].about["earlier"], "2");
        assert_eq!((problems[0].line, problems[0].column.as_deref()), (Some(2), Some("unit")));
    }

    #[test]
    fn a_file_without_rows_and_columns_of_one_meaning_are_problems() {
        assert_eq!(codes("unit,name\n"), [(None, "batch.no_rows")]);
        assert_eq!(
            codes("unit,mac,meta:\nA,B,\n"),
            [(None, "batch.column_twice"), (None, "batch.meta_name")]
        );
    }

    #[test]
    fn proofs_that_differ_need_a_unit_each() {
        assert_eq!(
            codes("unit,pop\n,abcd1234\nA,xyz98765\n,efgh5678\n"),
            [(Some(1), "batch.secret_unbound"), (Some(3), "batch.secret_unbound")]
        );
        assert_eq!(
            codes("unit,pop\n,abcd1234\n,abcd1234\nA,xyz98765\n"),
            [],
            "one proof fits whichever comes"
        );
    }

    #[test]
    fn leading_zeros_stay() {
        let (plan, _) = planned("unit;name;meta:Serial Number\n00123;007;000042\n");
        assert_eq!(plan.items[0].bind, Bind::Label { label: "00123".into() });
        assert_eq!(plan.items[0].recipe.name.as_deref(), Some("007"));
        assert_eq!(plan.items[0].recipe.meta["Serial Number"], "000042");
    }

    #[test]
    fn a_network_without_a_password_is_named() {
        let sheet = || sheet::read(b"wifi\nHall\n").expect("a table");
        let none = BatchSecrets::default();
        let (_, problems) = plan(sheet(), &Mapping::default(), &defaults(), &none);
        assert_eq!(problems[0].code, ProblemCode::PasswordMissing);
        let network = BatchNetwork {
            name: Some("hall".into()),
            ssid: "Hall 2G".into(),
            password: Secret::new("12345678"),
        };
        let some = BatchSecrets { networks: vec![network], ..BatchSecrets::default() };
        let (_, problems) = plan(sheet(), &Mapping::default(), &defaults(), &some);
        assert_eq!(problems[0].code, ProblemCode::WifiUnknown);
        let named = sheet::read(b"wifi\nhall\n").expect("a table");
        let (plan, problems) = plan(named, &Mapping::default(), &defaults(), &some);
        assert_eq!(problems, []);
        assert_eq!(plan.items[0].recipe.ssid.as_deref(), Some("Hall 2G"));
        assert_eq!(some.of(1, Some("Hall 2G")).wifi_password.expect("known").expose(), "12345678");
    }

    #[test]
    fn a_mapping_is_remembered_for_files_of_the_same_heading() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mappings = Mappings::of(dir.path());
        let heading = ["Geräte-Nr".to_owned(), "Raum".to_owned()];
        assert_eq!(mappings.remembered(&heading), Mapping::default());
        let mapping = Mapping(
            [("Geräte-Nr".to_owned(), Column::Unit), ("Raum".to_owned(), Column::Meta("Room".into()))].into(),
        );
        mappings.remember(&heading, &mapping).expect("a writable folder");
        assert_eq!(Mappings::of(dir.path()).remembered(&heading), mapping);
        let sheet = sheet::read("Geräte-Nr;Raum\nA1;12\n".as_bytes()).expect("a table");
        let (plan, problems) = plan(sheet, &mappings.remembered(&heading), &defaults(), &secrets());
        assert_eq!(problems, []);
        assert_eq!(plan.items[0].bind, Bind::Label { label: "A1".into() });
        assert_eq!(plan.items[0].recipe.meta["Room"], "12");
    }

    #[test]
    fn addresses_are_read_in_every_spelling() {
        for text in ["24:6F:28:11:22:33", "24-6f-28-11-22-33", "246f.2811.2233", "246F28112233"] {
            assert!(matches!(mac_of(text), Mac::Is(mac) if mac == "24:6F:28:11:22:33"), "{text}");
        }
        for text in ["24:6F:28:11:22:3", "24:6F:28:11:22:3G", "00:00:00:00:00:00", "24:6F:28:11:22:33:44"] {
            assert!(matches!(mac_of(text), Mac::Meant), "{text}");
        }
        for text in ["Blynk Pump-K3M7", "0042", "a-b-c-d-e-fgh", "SIM1"] {
            assert!(matches!(mac_of(text), Mac::Not), "{text}");
        }
    }
}
