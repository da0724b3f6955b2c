//! Servers, defaults and secrets under a name.

use super::Context;
use crate::arguments::Profile as Arguments;
use crate::ending::{Ended, Ending};
use crate::face::{note, strong};
use crate::given;
use crate::profiles::{Kept, Shelf};
use crate::state::State;
use api::calls::{ProfileRequest, Settings, WifiRequest};
use api::clouds::credentials;
use api::lines::FaultLine;
use api::secrets::{SecretName, Secrets};
use api::shelf::{Over, ProfileDraft, SignInKind, WifiPassword};
use api::words;
use cloud::CloudError;
use engine::plan::profile::Profile;
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
            let wifi = wifi.into_iter().map(|ssid| WifiRequest { name: None, ssid }).collect();
            let request = ProfileRequest {
                name,
                server,
                org,
                owner,
                wifi,
                driver,
                settings,
                token_host,
                patience,
                expect_template: None,
            };
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
    if !checked.wifi.is_empty() {
        given::fill(&mut secrets, &[SecretName::WifiPassword], &context.common);
    }
    shelf.ask_passphrase(&context.common);
    let vault = place(context, &mut shelf).await?;
    let kind = vault.kind();

    let password = secrets.get(SecretName::WifiPassword).cloned();
    let kept = sign_in
        .iter()
        .copied()
        .chain(checked.wifi.iter().map(|_| SecretName::WifiPassword))
        .filter(|name| secrets.get(*name).is_some_and(|secret| !secret.is_empty()))
        .count();
    let passwords = checked
        .wifi
        .iter()
        .map(|_| password.clone().map_or(WifiPassword::Asked, WifiPassword::Given))
        .collect();
    let draft = ProfileDraft {
        checked,
        kind: if bearer { SignInKind::Bearer } else { SignInKind::Client },
        sign_in: secrets,
        passwords,
        over: Over::Replaced,
    };
    let profile = api::shelf::Shelf::new(shelf.profiles()?, vault).save(draft).await?;
    context.face.event("profile", &line(&profile));
    context.face.tell(&format!("Profile {} is kept. {}", strong(&profile.name), where_kept(kind, kept)));
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

fn where_kept(kind: VaultKind, kept: usize) -> String {
    match (kind, kept) {
        (VaultKind::AskEachTime, _) => "This computer has no keychain, so its secrets are kept nowhere: give them each time in the environment or with --secrets-stdin, or add the profile again with FIRSTLIGHT_PASSPHRASE set to keep them in a locked file.".to_owned(),
        (_, 0) => "No secret was given, so none is kept; give them each time, or add the profile again.".to_owned(),
        (VaultKind::Keychain, n) => format!("{n} secrets are in the system's keychain."),
        (VaultKind::EncryptedFile, n) => format!("{n} secrets are in the locked file of the state folder."),
    }
}

async fn remove(context: &Context, mut shelf: Shelf, name: &str) -> Ended {
    shelf.ask_passphrase(&context.common);
    shelf.get(name)?;
    api::shelf::Shelf::new(shelf.profiles()?, shelf.vault().await?).remove(name).await?;
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
