//! Servers, defaults and secrets under a name.

use super::Context;
use crate::arguments::Profile as Arguments;
use crate::ending::{Ended, Ending};
use crate::face::{note, strong};
use crate::given;
use crate::profiles::{Kept, Shelf, unreadable};
use crate::state::State;
use api::calls::{ProfileRequest, Settings};
use api::clouds::credentials;
use api::lines::FaultLine;
use api::secrets::{SecretName, Secrets};
use api::words;
use cloud::CloudError;
use engine::plan::profile::{Profile, ProfileAuth, ProfileDefaults, SecretName as KeptName, WifiProfile};
use engine::vault::{Vault, VaultKind};
use engine::{CloudRef, Fault, Refusal, Step};
use serde_json::json;

pub async fn run(context: &Context, arguments: Arguments) -> Ended {
    let secrets = given::secrets(&context.common)?;
    let state = State::of(&context.common)?;
    let shelf = Shelf::of(&state, &secrets);
    match arguments {
        Arguments::List => list(context, &shelf),
        Arguments::Remove { name } => remove(context, shelf, &name).await,
        Arguments::Test { name } => test(context, &state, secrets, &name).await,
        Arguments::Add { name, server, org, owner, wifi, token_host, patience, driver, settings, bearer } => {
            let settings = Settings {
                carrier: settings.carrier,
                token_endpoint: settings.token_endpoint,
                token_template: settings.token_template,
                token_success: settings.token_success,
                device_user: settings.device_user,
            };
            let request =
                ProfileRequest { name, server, org, owner, wifi, token_host, patience, driver, settings };
            add(context, shelf, secrets, request, bearer).await
        }
    }
}

fn list(context: &Context, shelf: &Shelf) -> Ended {
    let profiles = shelf.profiles()?.all()?;
    for profile in &profiles {
        context.face.event("profile", &line(profile));
        let ids = [
            profile.org.map(|org| format!("org {org}")),
            profile.owner.map(|owner| format!("owner {owner}")),
        ];
        let wifi = profile.wifi.iter().map(|wifi| format!("Wi-Fi “{}”", wifi.ssid));
        let more: Vec<String> = ids.into_iter().flatten().chain(wifi).collect();
        context.face.tell(&format!("{}  {}  {}", strong(&profile.name), profile.server, more.join(", ")));
    }
    if profiles.is_empty() && !context.face.is_json() {
        note("There is no profile yet. Add one: firstlight profile add NAME --server URL");
    }
    Ok(Ending::Passed)
}

fn line(profile: &Profile) -> serde_json::Value {
    json!({
        "name": profile.name,
        "server": profile.server,
        "auth": profile.auth.as_str(),
        "org": profile.org,
        "owner": profile.owner,
        "wifi": profile.wifi.iter().map(|wifi| &wifi.ssid).collect::<Vec<_>>(),
        "defaults": profile.defaults,
    })
}

async fn add(
    context: &Context,
    mut shelf: Shelf,
    mut secrets: Secrets,
    request: ProfileRequest,
    bearer: bool,
) -> Ended {
    let checked = request.check()?;
    let sign_in: &[SecretName] = match bearer {
        true => &[SecretName::Bearer],
        false => &[SecretName::ClientId, SecretName::ClientSecret],
    };
    given::fill(&mut secrets, sign_in, &context.common);
    if checked.ssid.is_some() {
        given::fill(&mut secrets, &[SecretName::WifiPassword], &context.common);
    }
    shelf.ask_passphrase(&context.common);
    let vault = place(context, &mut shelf).await?;

    let fresh = |what: &str| KeptName::fresh(&checked.name, what);
    let auth = match bearer {
        true => ProfileAuth::Bearer { token: fresh("bearer") },
        false => ProfileAuth::Client { id: fresh("client-id"), secret: fresh("client-secret") },
    };
    let password = secrets.get(SecretName::WifiPassword).cloned();
    let wifi = checked.ssid.clone().map(|ssid| WifiProfile {
        name: ssid.clone(),
        ssid,
        password: (!password.as_ref().is_some_and(proto::Secret::is_empty)).then(|| fresh("wifi")),
    });
    let profile = Profile {
        name: checked.name.clone(),
        server: checked.server,
        auth,
        org: checked.org,
        owner: checked.owner,
        wifi: wifi.into_iter().collect(),
        defaults: ProfileDefaults {
            token_host: checked.token_host,
            patience_s: checked.patience_s,
            driver: checked.driver,
            carrier: checked.settings.carrier,
            token_endpoint: checked.settings.token_endpoint,
            token_template: checked.settings.token_template,
            token_success: checked.settings.token_success,
            device_user: checked.settings.device_user,
            ..ProfileDefaults::default()
        },
    };
    let kept = keep_secrets(&vault, &profile, &secrets).await?;
    if let Some(before) = shelf.profiles()?.put(profile.clone())? {
        forget(&vault, &before).await?;
    }
    context.face.event("profile", &line(&profile));
    context.face.tell(&format!(
        "Profile {} is kept. {}",
        strong(&profile.name),
        where_kept(vault.kind(), kept)
    ));
    Ok(Ending::Passed)
}

/// Where there is no keychain, a person may choose a locked file.
async fn place(context: &Context, shelf: &mut Shelf) -> Result<Vault, Refusal> {
    let vault = shelf.vault().await?;
    if vault.kind() != VaultKind::AskEachTime || !given::can_ask(&context.common) {
        return Ok(vault);
    }
    note(
        "This computer has no keychain. A passphrase keeps the secrets in a locked file; leave it empty to be asked for them each time.",
    );
    match given::ask(SecretName::Passphrase).filter(|secret| !secret.is_empty()) {
        Some(passphrase) => {
            shelf.set_passphrase(passphrase);
            shelf.vault().await
        }
        None => Ok(vault),
    }
}

/// Keeps what was given; says how many secrets that were.
async fn keep_secrets(vault: &Vault, profile: &Profile, secrets: &Secrets) -> Result<usize, Refusal> {
    let mut wanted: Vec<(&KeptName, SecretName)> = match &profile.auth {
        ProfileAuth::Client { id, secret } => {
            vec![(id, SecretName::ClientId), (secret, SecretName::ClientSecret)]
        }
        ProfileAuth::Bearer { token } => vec![(token, SecretName::Bearer)],
    };
    let wifi = profile.wifi.iter().filter_map(|wifi| wifi.password.as_ref());
    wanted.extend(wifi.map(|name| (name, SecretName::WifiPassword)));
    let mut kept = 0;
    for (name, given) in wanted {
        if let Some(secret) = secrets.get(given).filter(|secret| !secret.is_empty()) {
            vault.put(&name.0, secret.clone()).await.map_err(|error| unreadable(&error))?;
            kept += 1;
        }
    }
    Ok(kept)
}

fn where_kept(kind: VaultKind, kept: usize) -> String {
    match (kind, kept) {
        (VaultKind::AskEachTime, _) => "This computer has no keychain, so its secrets are kept nowhere: give them each time in the environment or with --secrets-stdin, or add the profile again with FIRSTLIGHT_PASSPHRASE set to keep them in a locked file.".to_owned(),
        (_, 0) => "No secret was given, so none is kept; give them each time, or add the profile again.".to_owned(),
        (VaultKind::Keychain, n) => format!("{n} secrets are in the system's keychain."),
        (VaultKind::EncryptedFile, n) => format!("{n} secrets are in the locked file of the state folder."),
    }
}

async fn forget(vault: &Vault, profile: &Profile) -> Result<(), Refusal> {
    for name in profile.secret_names() {
        vault.remove(&name.0).await.map_err(|error| unreadable(&error))?;
    }
    Ok(())
}

async fn remove(context: &Context, mut shelf: Shelf, name: &str) -> Ended {
    shelf.ask_passphrase(&context.common);
    // The vault first: a profile whose secrets cannot be removed stays, so that they are not forgotten there.
    let profile = shelf.get(name)?;
    forget(&shelf.vault().await?, &profile).await?;
    shelf.profiles()?.remove(name)?;
    context.face.event("profile_removed", &json!({ "name": name }));
    context.face.tell(&format!("Profile {} and its secrets are gone.", strong(name)));
    Ok(Ending::Passed)
}

async fn test(context: &Context, state: &State, mut secrets: Secrets, name: &str) -> Ended {
    let kept = Kept::of(&context.common, state, &secrets, Some(name)).await?;
    let mut server = None;
    kept.fill_cloud(&mut server, &mut secrets).await?;
    credentials(&secrets)?;
    let which = CloudRef { server: server.unwrap_or_default(), profile: Some(name.to_owned()) };
    let cloud = engine::work::Clouds::cloud(&kept.clouds(secrets), &which).await?;
    match cloud.account().await {
        Ok(account) => {
            context.face.event("profile_tested", &json!({ "name": name, "account": account, "fault": null }));
            let organization = account
                .organization
                .map(|organization| format!("organization {} “{}”", organization.id, organization.name));
            let who: Vec<String> =
                account.user.map(|user| user.name).into_iter().chain(organization).collect();
            context.face.tell(&format!("✔ {} takes us for {}.", cloud.host(), who.join(", ")));
            Ok(Ending::Passed)
        }
        Err(error) => Ok(failed(context, name, &error)),
    }
}

fn failed(context: &Context, name: &str, error: &CloudError) -> Ending {
    let fault = Fault::from_cloud(Step::Connect, error);
    context
        .face
        .event("profile_tested", &json!({ "name": name, "account": null, "fault": FaultLine::from(&fault) }));
    if !context.face.is_json() {
        let words = words::fault(&fault);
        note(&format!("✘ {} {} {}", words.what, words.why, words.fix));
    }
    Ending::Failed
}
