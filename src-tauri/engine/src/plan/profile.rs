//! A profile: a cloud account with its organization, networks and habits, under a name. Secrets are in it by name only.
//!
//! Not here: the secrets themselves (`vault.rs`), and what a job makes of a profile (a recipe, which is a copy, so that a
//! changed profile changes no job).

use crate::{Because, Refusal, RefusalCode, Why, whole_file};
use cloud::{OrgId, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The profiles' file in the state folder.
pub const PROFILES_FILE: &str = "profiles.json";
/// Form of the file.
const FILE_VERSION: u32 = 1;
/// Longest name of a profile, in characters.
const NAME_MOST: usize = 64;

/// Where a secret is found in the vault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretName(pub String);

impl SecretName {
    /// A name that nobody else has: profiles of two state folders share one keychain, and may be called the same.
    pub fn fresh(profile: &str, what: &str) -> SecretName {
        SecretName(format!("{profile}/{what}/{}", uuid::Uuid::now_v7().simple()))
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "auth", rename_all = "snake_case")]
pub enum ProfileAuth {
    Client { id: SecretName, secret: SecretName },
    Bearer { token: SecretName },
}

impl ProfileAuth {
    /// `client` or `bearer`.
    pub fn as_str(&self) -> &'static str {
        match self {
            ProfileAuth::Client { .. } => "client",
            ProfileAuth::Bearer { .. } => "bearer",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WifiProfile {
    pub name: String,
    pub ssid: String,
    /// `None`: an open network.
    #[serde(default)]
    pub password: Option<SecretName>,
}

/// What a job takes from the profile where nobody says otherwise. All may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileDefaults {
    pub driver: Option<String>,
    pub carrier: Option<String>,
    pub token_endpoint: Option<String>,
    pub token_template: Option<String>,
    pub token_success: Option<String>,
    /// User name of Espressif's security 2.
    pub device_user: Option<String>,
    pub token_host: Option<String>,
    pub expect_template: Option<String>,
    /// Seconds.
    pub patience_s: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub name: String,
    /// Base URL, for example `https://fra1.blynk.cloud`.
    pub server: String,
    pub auth: ProfileAuth,
    #[serde(default)]
    pub org: Option<OrgId>,
    #[serde(default)]
    pub owner: Option<UserId>,
    /// The first one is the usual one.
    #[serde(default)]
    pub wifi: Vec<WifiProfile>,
    #[serde(default)]
    pub defaults: ProfileDefaults,
}

impl Profile {
    /// A network of this profile, by its name here or by its SSID.
    pub fn wifi(&self, name_or_ssid: &str) -> Option<&WifiProfile> {
        let by =
            |matches: fn(&WifiProfile) -> &str| self.wifi.iter().find(|wifi| matches(wifi) == name_or_ssid);
        by(|wifi| &wifi.name).or_else(|| by(|wifi| &wifi.ssid))
    }

    /// All secrets that this profile names; they go when it goes.
    pub fn secret_names(&self) -> Vec<&SecretName> {
        let mut names = match &self.auth {
            ProfileAuth::Client { id, secret } => vec![id, secret],
            ProfileAuth::Bearer { token } => vec![token],
        };
        names.extend(self.wifi.iter().filter_map(|wifi| wifi.password.as_ref()));
        names
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Shelf {
    v: u32,
    /// The profile that a window uses.
    #[serde(default)]
    current: Option<String>,
    profiles: Vec<Profile>,
}

/// The profiles of a state folder, read anew each time and written as a whole; or of a practice run, which are gone with it.
#[derive(Debug, Clone)]
pub struct Profiles(Place);

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Memory(Arc<Mutex<Shelf>>),
}

/// Whether a profile may be called so: 1 to 64 characters, none of them a control character, no blanks around them.
pub fn name_fits(name: &str) -> bool {
    name.trim() == name
        && !name.is_empty()
        && name.chars().count() <= NAME_MOST
        && !name.chars().any(char::is_control)
}

impl Profiles {
    pub fn of(dir: &Path) -> Profiles {
        Profiles(Place::File(dir.join(PROFILES_FILE)))
    }

    /// For practice: clones share what is kept, and nothing of it reaches a disk.
    pub fn in_memory() -> Profiles {
        let empty = Shelf { v: FILE_VERSION, current: None, profiles: Vec::new() };
        Profiles(Place::Memory(Arc::new(Mutex::new(empty))))
    }

    /// All profiles by name.
    ///
    /// # Errors
    /// `refused.state_unusable` for a file that cannot be read, `refused.state_newer` for one of a newer version; it is
    /// left as it is in both cases.
    pub fn all(&self) -> Result<Vec<Profile>, Refusal> {
        Ok(self.read()?.profiles)
    }

    /// # Errors
    /// As [`Profiles::all`], and `refused.unknown_profile` with the names that there are.
    pub fn get(&self, name: &str) -> Result<Profile, Refusal> {
        let profiles = self.read()?.profiles;
        match profiles.iter().find(|profile| profile.name == name) {
            Some(profile) => Ok(profile.clone()),
            None => Err(unknown(name, &profiles)),
        }
    }

    /// Adds a profile or replaces the one of its name; gives the one that was replaced, whose secrets may have to go.
    ///
    /// # Errors
    /// As [`Profiles::all`], and `refused.name_invalid`.
    pub fn put(&self, profile: Profile) -> Result<Option<Profile>, Refusal> {
        let name = &profile.name;
        if !name_fits(name) {
            return Err(Refusal::of(RefusalCode::NameInvalid, &[("name", name)]));
        }
        let mut shelf = self.read()?;
        let before = match shelf.profiles.iter_mut().find(|known| known.name == *name) {
            Some(known) => Some(std::mem::replace(known, profile)),
            None => {
                shelf.profiles.push(profile);
                shelf.profiles.sort_by(|one, other| one.name.cmp(&other.name));
                None
            }
        };
        self.write(&shelf)?;
        Ok(before)
    }

    /// Removes a profile and gives it, so that its secrets can go, too.
    pub fn remove(&self, name: &str) -> Result<Profile, Refusal> {
        let mut shelf = self.read()?;
        let Some(at) = shelf.profiles.iter().position(|profile| profile.name == name) else {
            return Err(unknown(name, &shelf.profiles));
        };
        let removed = shelf.profiles.remove(at);
        shelf.current.take_if(|current| *current == name);
        self.write(&shelf)?;
        Ok(removed)
    }

    /// The profile that a window uses.
    pub fn current(&self) -> Result<Option<String>, Refusal> {
        Ok(self.read()?.current)
    }

    pub fn set_current(&self, name: Option<&str>) -> Result<(), Refusal> {
        let mut shelf = self.read()?;
        if let Some(name) = name
            && !shelf.profiles.iter().any(|profile| profile.name == name)
        {
            return Err(unknown(name, &shelf.profiles));
        }
        shelf.current = name.map(str::to_owned);
        self.write(&shelf)
    }

    fn read(&self) -> Result<Shelf, Refusal> {
        let path = match &self.0 {
            Place::File(path) => path,
            Place::Memory(shelf) => return Ok(shelf.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Shelf { v: FILE_VERSION, current: None, profiles: Vec::new() });
            }
            Err(error) => return Err(unusable(path, &error)),
        };
        #[derive(Deserialize)]
        struct Form {
            v: u32,
        }
        let Form { v: found } = serde_json::from_str(&text).map_err(|error| unusable(path, &error))?;
        if found > FILE_VERSION {
            return Err(Refusal::newer(path, found, FILE_VERSION));
        }
        serde_json::from_str(&text).map_err(|error| unusable(path, &error))
    }

    fn write(&self, shelf: &Shelf) -> Result<(), Refusal> {
        let path = match &self.0 {
            Place::File(path) => path,
            Place::Memory(kept) => {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = shelf.clone();
                return Ok(());
            }
        };
        let text = serde_json::to_vec_pretty(shelf).map_err(|error| unusable(path, &error))?;
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(|error| unusable(path, &error))?;
        }
        whole_file::replace(path, &text).map_err(|error| unusable(path, &error))
    }
}

fn unusable(path: &Path, error: &dyn fmt::Display) -> Refusal {
    let because = Because::of(Why::ProfilesUnusable).about("said", error);
    Refusal::because(RefusalCode::StateUnusable, because, &[("path", &path.display().to_string())])
}

fn unknown(name: &str, profiles: &[Profile]) -> Refusal {
    let known = profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ");
    Refusal::of(RefusalCode::UnknownProfile, &[("name", name), ("known", &known)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str) -> Profile {
        Profile {
            name: name.to_owned(),
            server: "https://fra1.blynk.cloud".to_owned(),
            auth: ProfileAuth::Client {
                id: SecretName::fresh(name, "client-id"),
                secret: SecretName::fresh(name, "client-secret"),
            },
            org: Some(OrgId(7)),
            owner: None,
            wifi: vec![WifiProfile {
                name: "hall 2".to_owned(),
                ssid: "Werkstatt".to_owned(),
                password: Some(SecretName::fresh(name, "wifi")),
            }],
            defaults: ProfileDefaults { patience_s: Some(120), ..ProfileDefaults::default() },
        }
    }

    fn codes(refusal: &Refusal) -> Vec<RefusalCode> {
        refusal.reasons.iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn profiles_are_there_after_writing() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let profiles = Profiles::of(dir.path());
        assert_eq!(profiles.all(), Ok(vec![]));
        let (b, a) = (profile("b"), profile("a"));
        assert_eq!(profiles.put(b.clone()), Ok(None));
        assert_eq!(profiles.put(a.clone()), Ok(None));
        assert_eq!(Profiles::of(dir.path()).all(), Ok(vec![a.clone(), b.clone()]));
        let newer = Profile { owner: Some(UserId(9)), ..profile("a") };
        assert_eq!(profiles.put(newer.clone()), Ok(Some(a)));
        assert_eq!(profiles.get("a"), Ok(newer.clone()));
        profiles.set_current(Some("a")).expect("it is there");
        assert_eq!(profiles.remove("a"), Ok(newer));
        assert_eq!(profiles.current(), Ok(None));
        assert_eq!(profiles.all(), Ok(vec![b]));
    }

    #[test]
    fn practice_profiles_are_kept_for_as_long_as_somebody_has_them() {
        let profiles = Profiles::in_memory();
        let shared = profiles.clone();
        profiles.put(profile("a")).expect("memory takes it");
        shared.set_current(Some("a")).expect("the clone has it too");
        assert_eq!(profiles.current(), Ok(Some("a".to_owned())));
        assert_eq!(Profiles::in_memory().all(), Ok(vec![]));
    }

    #[test]
    fn an_unknown_profile_is_refused_with_the_names_that_there_are() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let profiles = Profiles::of(dir.path());
        profiles.put(profile("hall")).and_then(|_| profiles.put(profile("lab"))).expect("a fresh folder");
        let refusal = profiles.get("office").expect_err("there is none");
        assert_eq!(codes(&refusal), [RefusalCode::UnknownProfile]);
        assert_eq!(refusal.reasons[0].about["known"], "hall, lab");
        assert_eq!(profiles.remove("office").expect_err("there is none"), refusal);
        assert_eq!(profiles.set_current(Some("office")).expect_err("there is none"), refusal);
    }

    #[test]
    fn a_name_has_to_be_one() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for name in ["", " hall", "a\nb", &"x".repeat(65)] {
            let refusal = Profiles::of(dir.path()).put(profile(name)).expect_err("no name");
            assert_eq!(codes(&refusal), [RefusalCode::NameInvalid]);
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_left_as_it_is() {
        let cases = [
            ("{ nonsense", RefusalCode::StateUnusable),
            (r#"{"v":2,"shelves":[]}"#, RefusalCode::StateNewer),
            (r#"{"v":1,"profiles":[{"name":1}]}"#, RefusalCode::StateUnusable),
        ];
        for (text, code) in cases {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let path = dir.path().join(PROFILES_FILE);
            std::fs::write(&path, text).expect("a fresh folder");
            let profiles = Profiles::of(dir.path());
            assert_eq!(codes(&profiles.all().expect_err("unreadable")), [code]);
            assert_eq!(codes(&profiles.put(profile("a")).expect_err("unreadable")), [code]);
            assert_eq!(std::fs::read_to_string(&path).expect("it is there"), text);
        }
    }

    #[test]
    fn a_profile_of_the_first_version_stays_readable() {
        let text = r#"{"v":1,"profiles":[{"name":"hall","server":"https://fra1.blynk.cloud",
            "auth":{"auth":"bearer","token":"hall/bearer/1"}}]}"#;
        let shelf: Shelf = serde_json::from_str(text).expect("as it was written");
        assert_eq!(shelf.profiles[0].secret_names(), [&SecretName("hall/bearer/1".to_owned())]);
    }

    #[test]
    fn a_network_is_found_by_its_name_and_by_its_ssid() {
        let profile = profile("a");
        assert_eq!(profile.wifi("hall 2"), profile.wifi("Werkstatt"));
        assert!(profile.wifi("hall 2").is_some());
        assert_eq!(profile.wifi("other"), None);
        assert_eq!(profile.secret_names().len(), 3);
    }
}
