//! Signing in: OAuth2 client credentials, or a bearer token that somebody pasted.
//!
//! One sign-in serves all calls that wait for it. Not here: which call needs what (`blynk.rs`), where secrets are kept
//! (`engine`).

use crate::http::{ANSWER_LIMIT, Authorization, Broken, Http, Reply, Request, jittered, masked};
use crate::{CloudCause, CloudError, Effect, Secret};
use reqwest::Method;
use serde::Deserialize;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

pub(crate) const SIGN_IN: &str = "signing in";

/// How an account proves itself. Both parts of a client are treated as secrets.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// OAuth2 client credentials (reference section 4): acts for the organization that owns the client.
    Client { id: Secret, secret: Secret },
    /// A token that is sent as it is and cannot be refreshed.
    Bearer(Secret),
}

/// What HTTP headers cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsTrouble {
    #[error("the client id is empty or has characters that no client id has")]
    Id,
    #[error("the client secret is empty or has blanks or other characters that no secret has")]
    Secret,
    #[error("the bearer token is empty or has blanks or other characters that no token has")]
    Bearer,
}

impl Credentials {
    /// Whether HTTP headers can carry them; says what is wrong, never the value.
    pub(crate) fn check(&self) -> Result<(), CredentialsTrouble> {
        let fits =
            |secret: &Secret| !secret.is_empty() && secret.expose().chars().all(|c| c.is_ascii_graphic());
        match self {
            Credentials::Client { id, .. } if !fits(id) || id.expose().contains(':') => {
                Err(CredentialsTrouble::Id)
            }
            Credentials::Client { secret, .. } if !fits(secret) => Err(CredentialsTrouble::Secret),
            Credentials::Bearer(token) if !fits(token) => Err(CredentialsTrouble::Bearer),
            _ => Ok(()),
        }
    }
}

/// A token as it was at one moment; the number tells it from its successors.
#[derive(Clone)]
pub(crate) struct Pass {
    pub token: Secret,
    number: u64,
}

pub(crate) struct SignIn {
    credentials: Credentials,
    state: tokio::sync::Mutex<State>,
    /// Sign-ins that have ended, well or not; who waited for one shares its result.
    ended: AtomicU64,
}

#[derive(Default)]
struct State {
    pass: Option<(Pass, Instant)>,
    failed: Option<CloudError>,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.credentials.fmt(f)
    }
}

/// Section 4: the answer of `/oauth2/token`. The refresh token is of no use to a client, which just asks again.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Option<u64>,
}

/// The shortest life seen in any documentation, for a server that does not say.
const UNSAID_LIFE: Duration = Duration::from_secs(300);
/// A longer one is not believed.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

impl SignIn {
    pub fn new(credentials: Credentials) -> SignIn {
        SignIn { credentials, state: tokio::sync::Mutex::default(), ended: AtomicU64::new(0) }
    }

    pub fn is_client(&self) -> bool {
        matches!(self.credentials, Credentials::Client { .. })
    }

    /// The secrets that no text may show.
    pub fn secrets(&self) -> Vec<&Secret> {
        match &self.credentials {
            Credentials::Client { id, secret } => vec![secret, id],
            Credentials::Bearer(token) => vec![token],
        }
    }

    /// A token that is good for a while. At most one sign-in runs; all who wait for it get its token or its error.
    ///
    /// # Errors
    /// The effect is always none: whatever the token was wanted for has not been asked yet.
    pub async fn pass(&self, http: &Http) -> Result<Pass, CloudError> {
        let (id, secret) = match &self.credentials {
            Credentials::Bearer(token) => return Ok(Pass { token: token.clone(), number: 0 }),
            Credentials::Client { id, secret } => (id, secret),
        };
        let seen = self.ended.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if let Some((pass, until)) = &state.pass
            && Instant::now() < *until
        {
            return Ok(pass.clone());
        }
        if self.ended.load(Ordering::Acquire) > seen
            && let Some(error) = &state.failed
        {
            return Err(error.clone());
        }
        state.pass = None;
        let result = self.sign_in(http, id, secret).await;
        let number = self.ended.fetch_add(1, Ordering::AcqRel) + 1;
        match result {
            Ok((token, life)) => {
                let ahead = http.waits.refresh_ahead.min(life / 2);
                let pass = Pass { token, number };
                state.pass = Some((pass.clone(), Instant::now() + (life - ahead)));
                state.failed = None;
                Ok(pass)
            }
            Err(cause) => {
                let error = CloudError { operation: SIGN_IN, cause, effect: Effect::None };
                state.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// The cloud answered 401 to this pass. `true` if another one can be had; of many who report the same pass, the first
    /// makes the next sign-in and the others share it.
    pub async fn refused(&self, pass: &Pass) -> bool {
        let mut state = self.state.lock().await;
        if state.pass.as_ref().is_some_and(|(current, _)| current.number == pass.number) {
            state.pass = None;
        }
        self.is_client()
    }

    async fn sign_in(
        &self,
        http: &Http,
        id: &Secret,
        secret: &Secret,
    ) -> Result<(Secret, Duration), CloudCause> {
        let mut pauses = http.waits.retries.iter();
        loop {
            let began = Instant::now();
            let reply = http
                .send(Request {
                    method: Method::POST,
                    path: "/oauth2/token",
                    query: &[("grant_type", "client_credentials".to_owned())],
                    body: None,
                    authorization: Authorization::Basic { id, secret },
                    limit: ANSWER_LIMIT,
                    wait: http.waits.sign_in,
                })
                .await;
            // A token too many does no harm, so whatever may pass is tried again.
            let (cause, asked) = match reply {
                Ok(reply) if (200..300).contains(&reply.status) => {
                    return token(&reply).map(|(token, life)| (token, life.saturating_sub(began.elapsed())));
                }
                Ok(reply) => match reply.status {
                    429 => (CloudCause::RateLimited { retry_after: reply.retry_after }, reply.retry_after),
                    status @ 500.. => (CloudCause::Server { status }, reply.retry_after),
                    _ => return Err(CloudCause::SignIn { said: refusal(&reply, &[secret, id]) }),
                },
                Err(Broken { cause: cause @ CloudCause::Cut, .. }) => (cause, None),
                Err(Broken { cause, .. }) => return Err(cause),
            };
            let Some(pause) = next_pause(http, &mut pauses, asked) else { return Err(cause) };
            if matches!(cause, CloudCause::RateLimited { .. }) {
                http.limiter.pause(pause);
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// The pause before the next try, or none when it is time to give up.
pub(crate) fn next_pause<'a>(
    http: &Http,
    pauses: &mut impl Iterator<Item = &'a Duration>,
    asked: Option<Duration>,
) -> Option<Duration> {
    let own = *pauses.next()?;
    match asked {
        Some(asked) if asked > http.waits.longest_retry_after => None,
        Some(asked) => Some(jittered(asked)),
        None => Some(jittered(own)),
    }
}

fn token(reply: &Reply) -> Result<(Secret, Duration), CloudCause> {
    let answer: TokenAnswer = serde_json::from_slice(&reply.body).map_err(|_| CloudCause::NotUnderstood {
        what: "no access token in the answer to the sign-in".to_owned(),
    })?;
    if answer.access_token.is_empty() || !answer.access_token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(CloudCause::NotUnderstood {
            what: "an access token that no header can carry".to_owned(),
        });
    }
    Ok((
        Secret::new(answer.access_token),
        answer.expires_in.map_or(UNSAID_LIFE, Duration::from_secs).min(LONGEST_LIFE),
    ))
}

/// RFC 6749 section 5.2, or whatever else came.
fn refusal(reply: &Reply, secrets: &[&Secret]) -> String {
    #[derive(Deserialize)]
    struct Refused {
        error: String,
        error_description: Option<String>,
    }
    let said = match serde_json::from_slice::<Refused>(&reply.body) {
        Ok(Refused { error, error_description: Some(text) }) => masked(&format!("{error}: {text}"), secrets),
        Ok(Refused { error, error_description: None }) => masked(&error, secrets),
        Err(_) => crate::blynk::said(&reply.body, secrets),
    };
    format!("{said} ({})", reply.status)
}
