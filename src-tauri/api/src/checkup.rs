//! The doctor's examinations, one for each thing that stops provisioning in the field, for every face.
//!
//! A finding is a code with what its sentence names; the sentences stand in `words/finding.rs` and in the window's
//! catalogues. Nothing here opens a port, signs in anew or changes anything.

use crate::clouds::{credentials, has_sign_in};
use crate::moment;
use crate::secrets::Secrets;
use cloud::{BlynkCloud, Cloud, CloudError, Options, Server};
use engine::plan::patience;
use engine::vault::VaultKind;
use engine::{Because, Fault, Step, Why};
use link::{LinkError, Medium, Readiness};
use proto::MediumKind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Ready,
    /// Works, with something that a person should know.
    Attention,
    Problem,
    /// Not asked for, or not there to be checked.
    Skipped,
}

macro_rules! findings {
    ($($name:ident = $text:literal in $check:literal;)*) => {
        /// What was found. Each has its sentences in every face; those with a fault take the fault's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FindingCode { $($name),* }

        impl FindingCode {
            pub const ALL: &'static [FindingCode] = &[$(FindingCode::$name),*];

            pub fn as_str(self) -> &'static str {
                match self { $(FindingCode::$name => $text),* }
            }

            /// The name of the check that finds this.
            pub fn check(self) -> &'static str {
                match self { $(FindingCode::$name => $check),* }
            }
        }
    };
}
findings! {
    StateWritable = "state_writable" in "state";
    StateUnwritable = "state_unwritable" in "state";
    StatePractice = "state_practice" in "state";
    SerialReady = "serial_ready" in "serial";
    SerialTrouble = "serial_trouble" in "serial";
    GroupFine = "group_fine" in "group";
    GroupMissing = "group_missing" in "group";
    ModemNone = "modem_none" in "modem";
    ModemRuns = "modem_runs" in "modem";
    ModemElsewhere = "modem_elsewhere" in "modem";
    BluetoothReady = "bluetooth_ready" in "bluetooth";
    BluetoothTrouble = "bluetooth_trouble" in "bluetooth";
    SecretsKeychain = "secrets_keychain" in "secrets";
    SecretsFile = "secrets_file" in "secrets";
    SecretsAsked = "secrets_asked" in "secrets";
    SecretsClosed = "secrets_closed" in "secrets";
    SecretsPractice = "secrets_practice" in "secrets";
    ProxyNone = "proxy_none" in "proxy";
    ProxySet = "proxy_set" in "proxy";
    CloudReady = "cloud_ready" in "cloud";
    CloudTrouble = "cloud_trouble" in "cloud";
    CloudUnnamed = "cloud_unnamed" in "cloud";
    CloudBadAddress = "cloud_bad_address" in "cloud";
    CloudNoSecrets = "cloud_no_secrets" in "cloud";
    CloudBadSecrets = "cloud_bad_secrets" in "cloud";
    ClockFine = "clock_fine" in "clock";
    ClockOff = "clock_off" in "clock";
    ClockTrouble = "clock_trouble" in "clock";
}

/// One line of the doctor's report.
#[derive(Debug, Clone)]
pub struct Finding {
    pub code: FindingCode,
    pub health: Health,
    /// Why, where the code alone does not say it.
    pub why: Option<Why>,
    /// What the sentence names.
    pub about: BTreeMap<String, String>,
    /// What stands behind it, where something failed.
    pub fault: Option<Fault>,
}

impl Finding {
    fn new<const N: usize>(code: FindingCode, health: Health, about: [(&str, String); N]) -> Finding {
        let about = about.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Finding { code, health, why: None, about, fault: None }
    }

    fn because(code: FindingCode, health: Health, because: &Because, about: &[(&str, &str)]) -> Finding {
        // A reason and a finding name the same things.
        let reason = because.clone().reason(engine::RefusalCode::Usage, about);
        Finding { code, health, why: reason.why, about: reason.about, fault: None }
    }

    fn of_fault(code: FindingCode, health: Health, fault: Fault) -> Finding {
        Finding { code, health, why: None, about: fault.about.clone(), fault: Some(fault) }
    }
}

/// What is to be examined.
pub struct Checkup {
    /// `None`: practice, which keeps nothing.
    pub state: Option<PathBuf>,
    pub media: Vec<Arc<dyn Medium>>,
    /// Whether groups and programs of this computer stand between us and the ports; in practice they do not.
    pub real_ports: bool,
    pub secrets: SecretsPlace,
    pub cloud: CloudToCheck,
}

impl std::fmt::Debug for Checkup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkup").field("cloud", &self.cloud).finish_non_exhaustive()
    }
}

/// Where secrets are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretsPlace {
    Practice,
    Kept(VaultKind),
    /// It is there and cannot be opened.
    Closed(Because),
}

/// The cloud to be asked, or why there is none.
#[derive(Debug)]
pub enum CloudToCheck {
    Unnamed,
    BadAddress { server: String },
    NoSecrets,
    BadSecrets(Because),
    Client(Arc<dyn Cloud>),
}

impl CloudToCheck {
    /// The cloud at this address, with these secrets.
    pub fn of(server: Option<&str>, secrets: &Secrets) -> CloudToCheck {
        let Some(server) = server else { return CloudToCheck::Unnamed };
        let parsed = match Server::parse(server) {
            Ok(parsed) => parsed,
            Err(_) => return CloudToCheck::BadAddress { server: server.to_owned() },
        };
        if !has_sign_in(secrets) {
            return CloudToCheck::NoSecrets;
        }
        let client =
            credentials(secrets).map_err(|_| Because::of(Why::SecretsOfNobody)).and_then(|credentials| {
                BlynkCloud::connect(parsed, credentials, Options::default())
                    .map_err(|error| crate::clouds::unusable(&error))
            });
        match client {
            Ok(client) => CloudToCheck::Client(Arc::new(client)),
            Err(because) => CloudToCheck::BadSecrets(because),
        }
    }
}

impl Checkup {
    /// Examines one thing after the other and tells each finding at once. Every wait is bounded: adapters by
    /// [`patience::ASIDE`], the cloud by its client.
    pub async fn run(&self, mut tell: impl FnMut(Finding)) {
        tell(state_folder(self.state.as_deref()));
        for medium in &self.media {
            let finding = match medium.kind() {
                MediumKind::Serial => serial(&**medium).await,
                MediumKind::Ble => bluetooth(&**medium).await,
            };
            tell(finding);
            if self.real_ports && medium.kind() == MediumKind::Serial {
                serial_group().into_iter().for_each(&mut tell);
                tell(modem_manager());
            }
        }
        tell(secrets(&self.secrets));
        tell(proxy(|name| std::env::var(name).ok()));
        for finding in cloud(&self.cloud).await {
            tell(finding);
        }
    }
}

fn state_folder(dir: Option<&Path>) -> Finding {
    let Some(dir) = dir else { return Finding::new(FindingCode::StatePractice, Health::Skipped, []) };
    let path = dir.display().to_string();
    match std::fs::create_dir_all(dir).and_then(|()| tempfile_in(dir)) {
        Ok(()) => Finding::new(FindingCode::StateWritable, Health::Ready, [("path", path)]),
        Err(error) => Finding::because(
            FindingCode::StateUnwritable,
            Health::Problem,
            &Because::said(error),
            &[("path", &path)],
        ),
    }
}

/// Writes and removes a file; whether the folder can be written is not known otherwise.
fn tempfile_in(dir: &Path) -> std::io::Result<()> {
    let path = dir.join(format!(".doctor-{}", std::process::id()));
    std::fs::write(&path, b"")?;
    std::fs::remove_file(path)
}

async fn serial(medium: &dyn Medium) -> Finding {
    match readiness(medium, "asking for the serial ports").await {
        Ok(detail) => Finding::new(FindingCode::SerialReady, Health::Ready, [("detail", detail)]),
        Err(error) => Finding::of_fault(
            FindingCode::SerialTrouble,
            Health::Problem,
            Fault::from_link(Step::Connect, &error),
        ),
    }
}

/// Without Bluetooth serial devices can be provisioned all the same, so its absence is no failure of the whole.
async fn bluetooth(medium: &dyn Medium) -> Finding {
    match readiness(medium, "asking the Bluetooth service").await {
        Ok(detail) => Finding::new(FindingCode::BluetoothReady, Health::Ready, [("detail", detail)]),
        Err(error) => Finding::of_fault(
            FindingCode::BluetoothTrouble,
            Health::Attention,
            Fault::from_link(Step::Connect, &error),
        ),
    }
}

async fn readiness(medium: &dyn Medium, what: &'static str) -> Result<String, LinkError> {
    match tokio::time::timeout(patience::ASIDE, medium.readiness()).await {
        Ok(Readiness::Ready { detail }) => Ok(detail),
        Ok(Readiness::NotReady(error)) => Err(error),
        Err(_) => Err(LinkError::TimedOut { what }),
    }
}

/// On Linux a group owns the ports; without it every opening is refused.
#[cfg(target_os = "linux")]
fn serial_group() -> Option<Finding> {
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let (name, member) = group_membership(&groups, &status)?;
    let about = [("group", name)];
    Some(match member {
        true => Finding::new(FindingCode::GroupFine, Health::Ready, about),
        false => Finding::new(FindingCode::GroupMissing, Health::Attention, about),
    })
}

/// The group that owns serial ports, and whether this process is in it (or is root). From `/etc/group` and
/// `/proc/self/status`; `None` where no such group exists.
#[cfg(target_os = "linux")]
fn group_membership(groups: &str, status: &str) -> Option<(String, bool)> {
    let (name, number) = ["dialout", "uucp"].into_iter().find_map(|name| {
        let line = groups.lines().find(|line| line.split(':').next() == Some(name))?;
        Some((name, line.split(':').nth(2)?.to_owned()))
    })?;
    let mine = |key: &str| status.lines().find_map(|line| line.strip_prefix(key));
    let is_root = mine("Uid:")?.split_whitespace().nth(1) == Some("0");
    let in_group = mine("Groups:")?.split_whitespace().any(|group| group == number)
        || mine("Gid:")?.split_whitespace().any(|group| group == number);
    Some((name.to_owned(), is_root || in_group))
}

#[cfg(not(target_os = "linux"))]
fn serial_group() -> Option<Finding> {
    None
}

/// ModemManager opens new serial ports to look for modems, which resets boards and eats their first bytes.
#[cfg(target_os = "linux")]
fn modem_manager() -> Finding {
    let runs = std::fs::read_dir("/proc").into_iter().flatten().flatten().any(|entry| {
        std::fs::read_to_string(entry.path().join("comm")).is_ok_and(|name| name.trim() == "ModemManager")
    });
    match runs {
        true => Finding::new(FindingCode::ModemRuns, Health::Attention, []),
        false => Finding::new(FindingCode::ModemNone, Health::Ready, []),
    }
}

#[cfg(not(target_os = "linux"))]
fn modem_manager() -> Finding {
    Finding::new(FindingCode::ModemElsewhere, Health::Skipped, [])
}

fn secrets(place: &SecretsPlace) -> Finding {
    let finding = |code, health| Finding::new(code, health, []);
    match place {
        SecretsPlace::Practice => finding(FindingCode::SecretsPractice, Health::Skipped),
        SecretsPlace::Kept(VaultKind::Keychain) => finding(FindingCode::SecretsKeychain, Health::Ready),
        SecretsPlace::Kept(VaultKind::EncryptedFile) => finding(FindingCode::SecretsFile, Health::Ready),
        SecretsPlace::Kept(VaultKind::AskEachTime) => finding(FindingCode::SecretsAsked, Health::Attention),
        SecretsPlace::Closed(because) => {
            Finding::because(FindingCode::SecretsClosed, Health::Attention, because, &[])
        }
    }
}

fn proxy(look: impl Fn(&str) -> Option<String>) -> Finding {
    let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .find_map(|name| look(name).filter(|value| !value.is_empty()).map(|value| (name, value)));
    match named {
        None => Finding::new(FindingCode::ProxyNone, Health::Ready, []),
        Some((name, value)) => {
            // A proxy's address may carry a password.
            let shown = value.rsplit_once('@').map_or(value.as_str(), |(_, host)| host);
            let about = [("variable", name.to_owned()), ("proxy", shown.to_owned())];
            Finding::new(FindingCode::ProxySet, Health::Attention, about)
        }
    }
}

/// How far the computer's clock may be off before anything minds.
const SKEW_MS: i64 = 60_000;

async fn cloud(which: &CloudToCheck) -> Vec<Finding> {
    match which {
        CloudToCheck::Unnamed => vec![Finding::new(FindingCode::CloudUnnamed, Health::Skipped, [])],
        CloudToCheck::BadAddress { server } => {
            let about = [("server", server.clone())];
            vec![Finding::new(FindingCode::CloudBadAddress, Health::Problem, about)]
        }
        CloudToCheck::NoSecrets => vec![Finding::new(FindingCode::CloudNoSecrets, Health::Skipped, [])],
        CloudToCheck::BadSecrets(because) => {
            vec![Finding::because(FindingCode::CloudBadSecrets, Health::Problem, because, &[])]
        }
        CloudToCheck::Client(client) => ask(&**client).await,
    }
}

async fn ask(client: &dyn Cloud) -> Vec<Finding> {
    let failed = |code, error: &CloudError| {
        Finding::of_fault(code, Health::Problem, Fault::from_cloud(Step::Connect, error))
    };
    let account = match client.account().await {
        Ok(account) => {
            let organization = account
                .organization
                .map(|organization| format!("{} “{}”", organization.id, organization.name));
            let user = account.user.map(|user| user.name);
            let who: Vec<String> = user.into_iter().chain(organization).collect();
            let about = [("host", client.host()), ("who", who.join(", "))];
            Finding::new(FindingCode::CloudReady, Health::Ready, about)
        }
        Err(error) => failed(FindingCode::CloudTrouble, &error),
    };
    let clock = match client.time().await {
        Ok(time) => {
            let ahead = moment::now() - time.0;
            match ahead.abs() <= SKEW_MS {
                true => Finding::new(FindingCode::ClockFine, Health::Ready, []),
                false => Finding::new(
                    FindingCode::ClockOff,
                    Health::Problem,
                    [
                        ("seconds", (ahead.abs() / 1000).to_string()),
                        ("ahead", if ahead > 0 { "yes" } else { "" }.to_owned()),
                    ],
                ),
            }
        }
        Err(error) => failed(FindingCode::ClockTrouble, &error),
    };
    vec![account, clock]
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn findings(world: &sim::World) -> Vec<Finding> {
        let checkup = Checkup {
            state: None,
            media: world.media(),
            real_ports: false,
            secrets: SecretsPlace::Practice,
            cloud: CloudToCheck::Client(world.cloud()),
        };
        let mut found = Vec::new();
        checkup.run(|finding| found.push(finding)).await;
        found
    }

    #[tokio::test(start_paused = true)]
    async fn a_practice_world_is_well() {
        let found = findings(&sim::practice_world()).await;
        assert!(!found.iter().any(|finding| finding.health == Health::Problem), "{found:?}");
        assert!(found.iter().any(|finding| finding.code == FindingCode::CloudReady));
        assert!(found.iter().any(|finding| finding.code == FindingCode::ClockFine));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_off_and_a_closed_scope_are_found_with_their_causes() {
        let world = sim::practice_world();
        world.cloud_state().set_fault("clock", "-7200000").expect("a knob");
        let found = findings(&world).await;
        let clock = found.iter().find(|finding| finding.code == FindingCode::ClockOff).expect("it is off");
        assert_eq!(clock.about["ahead"], "yes");
        assert!(clock.about["seconds"].starts_with("72") || clock.about["seconds"].starts_with("71"));
        world.cloud_state().set_fault("scope", "off").expect("a knob");
        let found = findings(&world).await;
        let cloud = found.iter().find(|finding| finding.code == FindingCode::CloudTrouble);
        let fault = cloud.and_then(|finding| finding.fault.as_ref()).expect("it says why");
        assert_eq!(fault.code, engine::FaultCode::CloudScopeOff);
    }

    #[test]
    fn a_proxys_password_is_not_told() {
        let finding =
            proxy(|name| (name == "HTTPS_PROXY").then(|| "http://me:canary-7@proxy.test:3128".to_owned()));
        assert_eq!(finding.code, FindingCode::ProxySet);
        assert_eq!(finding.about["proxy"], "proxy.test:3128");
        assert!(!format!("{finding:?}").contains("canary"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_group_of_serial_ports_is_told_where_somebody_is_not_in_it() {
        let groups = "root:x:0:\ndialout:x:20:ann\n";
        let status = |uid: u32, more: &str| {
            format!("Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t7\t7\t7\t7\nGroups:\t{more}\n")
        };
        let told = |uid, more| group_membership(groups, &status(uid, more));
        assert_eq!(told(1000, "7 27"), Some(("dialout".to_owned(), false)));
        assert_eq!(told(1000, "7 20"), Some(("dialout".to_owned(), true)));
        assert_eq!(told(0, "0"), Some(("dialout".to_owned(), true)));
        assert_eq!(group_membership("root:x:0:\n", &status(1000, "")), None);
    }

    #[test]
    fn a_cloud_that_cannot_be_asked_is_told_apart() {
        let none = Secrets::default();
        assert!(matches!(CloudToCheck::of(None, &none), CloudToCheck::Unnamed));
        assert!(matches!(CloudToCheck::of(Some("http://x.test"), &none), CloudToCheck::BadAddress { .. }));
        assert!(matches!(CloudToCheck::of(Some("https://x.test"), &none), CloudToCheck::NoSecrets));
    }
}
