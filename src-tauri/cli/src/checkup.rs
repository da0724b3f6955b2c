//! The doctor's examinations, one for each thing that stops provisioning in the field.
//!
//! Nothing here opens a port or changes anything.

use crate::face::{FAILED, PASSED, UNKNOWN, strong};
use crate::state::State;
use api::clouds::{credentials, has_sign_in};
use api::secrets::Secrets;
use api::{moment, words};
use cloud::{BlynkCloud, Cloud, CloudError, Options, Server};
use engine::plan::patience;
use engine::{Fault, Step};
use link::{LinkError, Medium, Readiness};
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Ready,
    /// Works, with something that a person should know.
    Attention,
    Problem,
    /// Not asked for, or not there to be checked.
    Skipped,
}

/// One line of the doctor's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub state: Health,
    pub what: String,
    pub fix: Option<String>,
}

impl Finding {
    pub fn new(check: &'static str, state: Health, what: impl Into<String>) -> Finding {
        Finding { check, state, what: what.into(), fix: None }
    }

    pub fn skipped(check: &'static str, what: impl Into<String>) -> Finding {
        Finding::new(check, Health::Skipped, what)
    }

    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Finding {
        self.fix = Some(fix.into());
        self
    }

    fn of_fault(check: &'static str, fault: &Fault) -> Finding {
        let words = words::fault(fault);
        Finding::new(check, Health::Problem, words.what).fix(words.fix)
    }

    /// For a person: colour, shape and word.
    pub fn told(&self) -> String {
        let badge = match self.state {
            Health::Ready => format!("{PASSED}✔ ready    {PASSED:#}"),
            Health::Attention => format!("{UNKNOWN}! attention{UNKNOWN:#}"),
            Health::Problem => format!("{FAILED}✘ problem  {FAILED:#}"),
            Health::Skipped => "– skipped  ".to_owned(),
        };
        let fix =
            self.fix.as_deref().map(|fix| format!("\n                         {fix}")).unwrap_or_default();
        format!("{badge}  {}  {}{fix}", strong(&format!("{:<10}", self.check)), self.what)
    }
}

pub fn state_folder(state: &State) -> Finding {
    const CHECK: &str = "state";
    let Some(dir) = state.folder() else {
        return Finding::new(CHECK, Health::Skipped, "Practice keeps nothing.");
    };
    let shown = dir.display();
    let probe = std::fs::create_dir_all(dir).and_then(|()| tempfile_in(dir));
    match probe {
        Ok(()) => Finding::new(CHECK, Health::Ready, format!("{shown} can be written.")),
        Err(error) => Finding::new(CHECK, Health::Problem, format!("{shown} cannot be written ({error})."))
            .fix("Make the folder writable for you, free some space, or choose another with --state DIR."),
    }
}

/// Writes and removes a file; whether the folder can be written is not known otherwise.
fn tempfile_in(dir: &std::path::Path) -> std::io::Result<()> {
    let path = dir.join(format!(".doctor-{}", std::process::id()));
    std::fs::write(&path, b"")?;
    std::fs::remove_file(path)
}

pub async fn serial() -> Vec<Finding> {
    const CHECK: &str = "serial";
    let finding = match crate::world::serial().readiness().await {
        Readiness::Ready { detail } => Finding::new(CHECK, Health::Ready, format!("Serial: {detail}.")),
        Readiness::NotReady(error) => Finding::of_fault(CHECK, &Fault::from_link(Step::Connect, &error)),
    };
    let mut findings = vec![finding];
    findings.extend(serial_group());
    findings
}

/// On Linux a group owns the ports; without it every opening is refused.
#[cfg(target_os = "linux")]
fn serial_group() -> Option<Finding> {
    const CHECK: &str = "group";
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    let (name, number) = ["dialout", "uucp"].into_iter().find_map(|name| {
        let line = groups.lines().find(|line| line.split(':').next() == Some(name))?;
        Some((name, line.split(':').nth(2)?.to_owned()))
    })?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mine = |key: &str| status.lines().find_map(|line| line.strip_prefix(key));
    let is_root = mine("Uid:")?.split_whitespace().nth(1) == Some("0");
    let in_group = mine("Groups:")?.split_whitespace().any(|group| group == number)
        || mine("Gid:")?.split_whitespace().any(|group| group == number);
    Some(match is_root || in_group {
        true => Finding::new(CHECK, Health::Ready, format!("You may open serial ports (group {name}).")),
        false => Finding::new(CHECK, Health::Attention, format!("You are not in the group {name}, which owns serial ports."))
            .fix(format!("sudo usermod -aG {name} $USER, then sign out and in. Ports with a udev rule of their own (TAG+=\"uaccess\") work without it.")),
    })
}

#[cfg(not(target_os = "linux"))]
fn serial_group() -> Option<Finding> {
    None
}

/// ModemManager opens new serial ports to look for modems, which resets boards and eats their first bytes.
#[cfg(target_os = "linux")]
pub fn modem_manager() -> Finding {
    const CHECK: &str = "modem";
    let runs = std::fs::read_dir("/proc").into_iter().flatten().flatten().any(|entry| {
        std::fs::read_to_string(entry.path().join("comm")).is_ok_and(|name| name.trim() == "ModemManager")
    });
    match runs {
        true => Finding::new(CHECK, Health::Attention, "ModemManager runs and may open new serial ports before you do.")
            .fix("If ports are busy right after plugging in: sudo systemctl stop ModemManager, or a udev rule with ENV{ID_MM_DEVICE_IGNORE}=\"1\" for your boards."),
        false => Finding::new(CHECK, Health::Ready, "No ModemManager that would open ports first."),
    }
}

#[cfg(not(target_os = "linux"))]
pub fn modem_manager() -> Finding {
    Finding::new("modem", Health::Skipped, "Only Linux has a ModemManager.")
}

/// Without Bluetooth serial devices can be provisioned all the same, so its absence is no failure of the whole.
pub async fn bluetooth(adapter: Option<&str>) -> Finding {
    const CHECK: &str = "bluetooth";
    let medium = crate::world::ble(adapter);
    let error = match tokio::time::timeout(patience::ASIDE, medium.readiness()).await {
        Ok(Readiness::Ready { detail }) => {
            return Finding::new(CHECK, Health::Ready, format!("Bluetooth: {detail}."));
        }
        Ok(Readiness::NotReady(error)) => error,
        Err(_) => LinkError::TimedOut { what: "asking the Bluetooth service" },
    };
    let finding = Finding::of_fault(CHECK, &Fault::from_link(Step::Connect, &error));
    Finding { state: Health::Attention, ..finding }
}

pub fn proxy() -> Finding {
    const CHECK: &str = "proxy";
    let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].into_iter().find_map(|name| {
        std::env::var(name).ok().filter(|value| !value.is_empty()).map(|value| (name, value))
    });
    match named {
        None => Finding::new(CHECK, Health::Ready, "No proxy is set."),
        Some((name, value)) => {
            // A proxy's address may carry a password.
            let shown = value.rsplit_once('@').map_or(value.as_str(), |(_, host)| host);
            Finding::new(CHECK, Health::Attention, format!("{name} sends calls through {shown}."))
                .fix("If the cloud cannot be reached, check the proxy or name the server in NO_PROXY.")
        }
    }
}

/// How far the computer's clock may be off before anything minds.
const SKEW_MS: i64 = 60_000;

pub async fn cloud(server: Option<&str>, secrets: &Secrets) -> Vec<Finding> {
    const CHECK: &str = "cloud";
    let Some(server) = server else {
        return vec![
            Finding::new(CHECK, Health::Skipped, "No server was named.")
                .fix("Name it with --server URL or --profile NAME to check cloud, sign-in and clock."),
        ];
    };
    let parsed = match Server::parse(server) {
        Ok(parsed) => parsed,
        Err(error) => {
            return vec![
                Finding::new(CHECK, Health::Problem, format!("The server's address is not usable: {error}."))
                    .fix("Write it as in --server https://fra1.blynk.cloud."),
            ];
        }
    };
    if !has_sign_in(secrets) {
        return vec![
            Finding::new(CHECK, Health::Skipped, "No secrets to sign in with.")
                .fix("Set FIRSTLIGHT_CLIENT_ID and FIRSTLIGHT_CLIENT_SECRET, or FIRSTLIGHT_BEARER."),
        ];
    }
    let client = credentials(secrets).map_err(|_| "a secret is missing".to_owned()).and_then(|credentials| {
        BlynkCloud::connect(parsed, credentials, Options::default()).map_err(|error| error.to_string())
    });
    match client {
        Ok(client) => ask(&client).await,
        Err(why) => vec![
            Finding::new(CHECK, Health::Problem, format!("The secrets cannot be used: {why}."))
                .fix("Give client id and client secret as the console shows them."),
        ],
    }
}

async fn ask(client: &BlynkCloud) -> Vec<Finding> {
    let mut findings = Vec::new();
    let failed =
        |check, error: &CloudError| Finding::of_fault(check, &Fault::from_cloud(Step::Connect, error));
    match client.account().await {
        Ok(account) => {
            let organization = account
                .organization
                .map(|organization| format!("organization {} “{}”", organization.id, organization.name));
            let user = account.user.map(|user| user.name);
            let who: Vec<String> = user.into_iter().chain(organization).collect();
            let who = if who.is_empty() { "an account".to_owned() } else { who.join(", ") };
            findings.push(Finding::new(
                "cloud",
                Health::Ready,
                format!("{} answers and takes us for {who}.", client.host()),
            ));
        }
        Err(error) => findings.push(failed("cloud", &error)),
    }
    match client.time().await {
        Ok(time) => {
            let ahead = moment::now() - time.0;
            findings.push(match ahead.abs() <= SKEW_MS {
                true => {
                    Finding::new("clock", Health::Ready, "This computer's clock agrees with the cloud's.")
                }
                false => Finding::new(
                    "clock",
                    Health::Problem,
                    format!(
                        "This computer's clock is {} s {} the cloud's.",
                        ahead.abs() / 1000,
                        if ahead > 0 { "ahead of" } else { "behind" }
                    ),
                )
                .fix("Set date and time (best: automatically); certificates and sign-ins depend on it."),
            });
        }
        Err(error) => findings.push(failed("clock", &error)),
    }
    findings
}
