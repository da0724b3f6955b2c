//! The support bundle: what somebody needs who was not there, in one file, without a secret.
//!
//! What goes in is made of types that hold no secret (facts, findings, views); log lines are masked once more. A person can
//! open the file and read everything before it is handed on. Not here: where it is written to, and sending it anywhere.

use crate::checkup::Finding;
use crate::moment;
use crate::words;
use engine::plan::profile::Profile;
use engine::record::Journal;
use engine::record::export::{self, ExportError};
use proto::Secret;
use serde_json::json;
use std::io::{Seek, Write};
use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

/// What is put together.
pub struct Bundle<'a> {
    pub version: &'a str,
    pub practice: bool,
    pub journal: &'a Journal,
    pub findings: &'a [Finding],
    /// Told by name, server, ids and SSIDs.
    pub profiles: &'a [Profile],
    pub log: &'a [String],
    /// Secrets that this program knows now; none of them may be in a log line.
    pub known: &'a [Secret],
}

impl std::fmt::Debug for Bundle<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("the journal could not be read into the bundle")]
    Journal(#[source] ExportError),
    #[error("the bundle could not be written: {0}")]
    Write(String),
}

impl From<std::io::Error> for BundleError {
    fn from(error: std::io::Error) -> BundleError {
        BundleError::Write(error.to_string())
    }
}

impl From<ZipError> for BundleError {
    fn from(error: ZipError) -> BundleError {
        BundleError::Write(error.to_string())
    }
}

const README: &str = "This is a support bundle of Firstlight.\n\n\
journal.jsonl  every job with its facts; tokens by their last four characters, passwords not at all\n\
doctor.json    what the doctor found on this computer, with the fix for each\n\
versions.json  program, system and drivers\n\
profiles.json  clouds and networks by name; their secrets are not in here\n\
log.txt        what the program wrote down since it was started\n\n\
It holds no password, no token and no client secret. Names of networks, devices and servers are in it: read it before you \
hand it on.\n";

impl Bundle<'_> {
    /// Writes everything as one zip file; gives the names of the files in it.
    ///
    /// # Errors
    /// [`BundleError`]; what was written until then is of no use.
    pub fn write(&self, out: impl Write + Seek) -> Result<Vec<String>, BundleError> {
        let mut zip = ZipWriter::new(out);
        let options = SimpleFileOptions::default();
        let mut names = Vec::new();
        let mut begin = |zip: &mut ZipWriter<_>, name: &str| {
            names.push(name.to_owned());
            zip.start_file(name, options)
        };
        begin(&mut zip, "README.txt")?;
        zip.write_all(README.as_bytes())?;
        begin(&mut zip, "versions.json")?;
        zip.write_all(pretty(&self.versions()).as_bytes())?;
        begin(&mut zip, "doctor.json")?;
        zip.write_all(pretty(&self.doctor()).as_bytes())?;
        begin(&mut zip, "profiles.json")?;
        zip.write_all(pretty(&self.told_profiles()).as_bytes())?;
        begin(&mut zip, "log.txt")?;
        for line in self.log {
            writeln!(zip, "{}", masked(line, self.known))?;
        }
        begin(&mut zip, "journal.jsonl")?;
        export::jsonl(self.journal, moment::now(), &mut zip).map_err(BundleError::Journal)?;
        zip.finish()?;
        Ok(names)
    }

    fn versions(&self) -> serde_json::Value {
        let drivers: Vec<_> = proto::drivers().iter().map(|driver| driver.name()).collect();
        json!({
            "firstlight": self.version,
            "practice": self.practice,
            "system": std::env::consts::OS,
            "machine": std::env::consts::ARCH,
            "drivers": drivers,
            "written": moment::rfc3339(moment::now()),
        })
    }

    fn doctor(&self) -> serde_json::Value {
        let told = |finding: &Finding| {
            let (what, fix) = words::finding(finding);
            json!({
                "check": finding.code.check(),
                "code": finding.code.as_str(),
                "state": finding.health,
                "what": what,
                "fix": fix,
                "chain": finding.fault.as_ref().map(|fault| &fault.chain),
            })
        };
        self.findings.iter().map(told).collect()
    }

    fn told_profiles(&self) -> serde_json::Value {
        let told = |profile: &Profile| {
            json!({
                "name": profile.name,
                "server": profile.server,
                "auth": profile.auth.as_str(),
                "org": profile.org,
                "owner": profile.owner,
                "wifi": profile.wifi.iter().map(|wifi| &wifi.ssid).collect::<Vec<_>>(),
                "defaults": profile.defaults,
            })
        };
        self.profiles.iter().map(told).collect()
    }
}

fn pretty(value: &serde_json::Value) -> String {
    let mut text = format!("{value:#}");
    text.push('\n');
    text
}

/// A log line without the secrets that are known, and without anything that looks like a token: 32 characters in a row of
/// the alphabet that tokens have.
fn masked(line: &str, known: &[Secret]) -> String {
    let mut line = line.to_owned();
    for secret in known.iter().filter(|secret| secret.expose().len() >= 4) {
        line = line.replace(secret.expose(), "…");
    }
    let in_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut clean = String::with_capacity(line.len());
    for run in line.split_inclusive(|c: char| !in_token(c)) {
        let word = run.trim_end_matches(|c: char| !in_token(c));
        match word.len() >= 32 {
            true => {
                clean.push('…');
                clean.push_str(&run[word.len()..]);
            }
            false => clean.push_str(run),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    fn unpacked(bytes: Vec<u8>) -> Vec<(String, String)> {
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip file");
        (0..zip.len())
            .map(|i| {
                let mut file = zip.by_index(i).expect("it is listed");
                let mut text = String::new();
                file.read_to_string(&mut text).expect("text");
                (file.name().expect("a name").into_owned(), text)
            })
            .collect()
    }

    #[test]
    fn no_secret_is_in_a_bundle() {
        let canary = "canary-password-7";
        let token = "q0Hn3_Xy7aBcDeFgHiJkLmNoPqRsTuVw";
        let log = vec![format!("WARN asked with {canary} and {token}, then stopped")];
        let known = [Secret::new(canary)];
        let journal = Journal::in_memory();
        let bundle = Bundle {
            version: "0",
            practice: true,
            journal: &journal,
            findings: &[],
            profiles: &[],
            log: &log,
            known: &known,
        };
        let mut out = Cursor::new(Vec::new());
        let names = bundle.write(&mut out).expect("memory takes it");
        let files = unpacked(out.into_inner());
        assert_eq!(files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), names);
        for (name, text) in &files {
            assert!(!text.contains(canary) && !text.contains(token), "{name}: {text}");
        }
        let log = &files.iter().find(|(name, _)| name == "log.txt").expect("it is there").1;
        assert_eq!(log, "WARN asked with … and …, then stopped\n");
    }
}
