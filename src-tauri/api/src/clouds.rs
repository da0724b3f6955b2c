//! The cloud behind a job's reference, signed in with what a face was given.
//!
//! One client for each reference, so that its jobs share sign-in and rate. Not here: the practice world's cloud, which a
//! face hands over ready made ([`OneCloud`]).

use crate::secrets::{SecretName, Secrets};
use async_trait::async_trait;
use cloud::blynk::ConnectError;
use cloud::{BlynkCloud, Cloud, Credentials, CredentialsTrouble, Options, Server};
use engine::work::Clouds;
use engine::{Because, CloudRef, Refusal, RefusalCode, Why};
use proto::Secret;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Knows the secrets that profiles keep, for jobs that were made with one.
#[async_trait]
pub trait Keeper: Send + Sync {
    async fn sign_in(&self, profile: &str) -> Result<Secrets, Refusal>;
}

/// Clouds reached with the secrets of this process, or of a job's profile.
pub struct GivenClouds {
    given: Secrets,
    keeper: Box<dyn Keeper>,
    known: Mutex<HashMap<CloudRef, Arc<dyn Cloud>>>,
}

impl std::fmt::Debug for GivenClouds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GivenClouds").finish_non_exhaustive()
    }
}

impl GivenClouds {
    /// What was given to the process wins over what a profile keeps.
    pub fn new(given: Secrets, keeper: Box<dyn Keeper>) -> GivenClouds {
        GivenClouds { given, keeper, known: Mutex::default() }
    }

    /// The next job of this profile signs in anew, with what it keeps then.
    pub fn forget(&self, profile: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|which, _| which.profile.as_deref() != Some(profile));
    }

    async fn connect(&self, which: &CloudRef) -> Result<Arc<dyn Cloud>, Refusal> {
        let server = Server::parse(&which.server)
            .map_err(|error| Refusal { reasons: vec![crate::calls::bad_server(&which.server, &error)] })?;
        let secrets = match &which.profile {
            Some(profile) if !has_sign_in(&self.given) => {
                self.given.clone().or(self.keeper.sign_in(profile).await?)
            }
            _ => self.given.clone(),
        };
        let credentials = credentials(&secrets)?;
        let cloud = BlynkCloud::connect(server, credentials, Options::default())
            .map_err(|error| Refusal::because(RefusalCode::SecretUnreadable, unusable(&error), &[]))?;
        Ok(Arc::new(cloud))
    }
}

#[async_trait]
impl Clouds for GivenClouds {
    async fn cloud(&self, which: &CloudRef) -> Result<Arc<dyn Cloud>, Refusal> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(which).cloned();
        if let Some(cloud) = known {
            return Ok(cloud);
        }
        let cloud = self.connect(which).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(known.entry(which.clone()).or_insert(cloud).clone())
    }
}

/// One cloud for every reference: practice and tests.
#[derive(Debug)]
pub struct OneCloud(pub Arc<dyn Cloud>);

#[async_trait]
impl Clouds for OneCloud {
    async fn cloud(&self, _: &CloudRef) -> Result<Arc<dyn Cloud>, Refusal> {
        Ok(self.0.clone())
    }
}

/// No cloud at all, for those who only look around.
#[derive(Debug)]
pub struct NoClouds;

#[async_trait]
impl Clouds for NoClouds {
    async fn cloud(&self, which: &CloudRef) -> Result<Arc<dyn Cloud>, Refusal> {
        Err(Refusal::of(RefusalCode::BadServer, &[("server", &which.server)]))
    }
}

/// Why a client cannot be set up with what was given.
pub fn unusable(error: &ConnectError) -> Because {
    match error {
        ConnectError::Credentials { what } => match what {
            CredentialsTrouble::Id => Why::ClientIdShape,
            CredentialsTrouble::Secret => Why::ClientSecretShape,
            CredentialsTrouble::Bearer => Why::BearerShape,
        }
        .into(),
        ConnectError::Client(cause) => Because::of(Why::ClientSetup).about("said", cause),
    }
}

/// Whether these are enough to sign in.
pub fn has_sign_in(secrets: &Secrets) -> bool {
    missing_for_sign_in(secrets).is_empty()
}

/// What lacks for signing in: nothing with a bearer token, else the parts of the client.
pub fn missing_for_sign_in(secrets: &Secrets) -> Vec<SecretName> {
    let missing = |name: &SecretName| secrets.get(*name).is_none_or(Secret::is_empty);
    match missing(&SecretName::Bearer) {
        false => Vec::new(),
        true => [SecretName::ClientId, SecretName::ClientSecret].into_iter().filter(missing).collect(),
    }
}

/// How to sign in with these.
///
/// # Errors
/// A refusal that names each missing secret.
pub fn credentials(secrets: &Secrets) -> Result<Credentials, Refusal> {
    let get = |name| secrets.get(name).filter(|secret| !secret.is_empty()).cloned();
    match (get(SecretName::Bearer), get(SecretName::ClientId), get(SecretName::ClientSecret)) {
        (Some(bearer), _, _) => Ok(Credentials::Bearer(bearer)),
        (None, Some(id), Some(secret)) => Ok(Credentials::Client { id, secret }),
        _ => Err(Refusal {
            reasons: missing_for_sign_in(secrets).into_iter().map(crate::calls::missing).collect(),
        }),
    }
}
