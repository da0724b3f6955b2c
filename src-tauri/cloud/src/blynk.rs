//! Blynk's Platform API: which call means what, and what its refusals mean.
//!
//! The calls and their fields are those of the cloud reference, sections 4 to 9, retold for users in
//! `docs/protocols/blynk-cloud.md`. How bytes travel is `http.rs`; when to ask again about a device is `tracker.rs`.

use crate::auth::{CredentialsTrouble, Pass, SignIn, next_pause};
use crate::http::{ANSWER_LIMIT, Authorization, Http, LIST_LIMIT, Options, Reply, Request, Server, masked};
use crate::{
    Account, Cloud, CloudCause, CloudError, CloudTime, Credentials, DeviceId, DeviceRecord, Effect,
    MetaField, OrgId, Organization, Presence, Reservation, Secret, Template, User, UserId,
};
use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One account on one Blynk cloud. Clones share connections, sign-in and rate limiter.
#[derive(Clone)]
pub struct BlynkCloud(Arc<Client>);

struct Client {
    http: Http,
    sign_in: SignIn,
    /// A call of the Platform API has worked: the scope is on, so a 403 means something else.
    admitted: AtomicBool,
    /// `device/baseInfo` has answered, so its 404 can be believed.
    base_info: AtomicBool,
    /// Only `device` answers here.
    no_base_info: AtomicBool,
}

impl fmt::Debug for BlynkCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlynkCloud")
            .field("server", &self.0.http.server().to_string())
            .field("sign_in", &self.0.sign_in)
            .finish_non_exhaustive()
    }
}

/// Why there is no client at all; nothing was asked of the cloud.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("the credentials cannot be used: {what}")]
    Credentials { what: CredentialsTrouble },
    #[error("the client cannot be set up")]
    Client(#[source] CloudCause),
}

/// What may be done about a call whose fate is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Changes nothing; tried again after 429, 5xx and cut answers.
    Read,
    /// Twice is the same as once; tried again likewise, but what it did is told.
    Repeatable,
    /// Never repeated unless the cloud has certainly not done it: 429, the first 401, a 307/308.
    Act,
}

/// One call of the API: what a person is told it is, and what it needs.
struct Call {
    operation: &'static str,
    method: Method,
    path: &'static str,
    kind: Kind,
    /// The permission that a user needs (section 4.1), where a public source names it.
    permission: Option<&'static str>,
}

const PROVISION: Option<&str> = Some("PROVISION_DEVICES");
const SEE_DEVICES: Option<&str> = Some("ORG_DEVICES_VIEW");
const SEE_USERS: Option<&str> = Some("ORG_VIEW_USERS");

macro_rules! calls {
    ($($name:ident = $method:ident $path:literal, $kind:ident, $operation:literal, $permission:expr;)*) => {$(
        const $name: Call = Call {
            operation: $operation,
            method: Method::$method,
            path: concat!("/api/v1/organization", $path),
            kind: Kind::$kind,
            permission: $permission,
        };
    )*};
}
calls! {
    RESERVE = POST "/device/provision/token", Act, "asking for a token for a new device", PROVISION;
    RENEW = POST "/device/provision/reprovision/token", Repeatable, "asking for a fresh token of a device", PROVISION;
    RECONFIGURE = POST "/device/provision/reconfigure", Act, "asking a device to enter configuration mode", PROVISION;
    BASE_INFO = GET "/device/baseInfo", Read, "looking a device up", SEE_DEVICES;
    DEVICE = GET "/device", Read, "looking a device up", SEE_DEVICES;
    ONLINE = GET "/device/online", Read, "asking whether a device is online", SEE_DEVICES;
    LAST_ACTIVATED = GET "/device/last-activated", Read, "listing the devices activated lately", SEE_DEVICES;
    DEVICES = GET "/devices", Read, "listing devices", SEE_DEVICES;
    PROFILE = GET "/profile", Read, "reading the organization's profile", None;
    USER_PROFILE = GET "/user/profile", Read, "reading the user's profile", None;
    SUB_ORGANIZATIONS = GET "/sub-organizations", Read, "listing sub-organizations", None;
    SEARCH_ORGANIZATIONS = GET "/search", Read, "searching organizations", None;
    USERS = GET "/users", Read, "listing users", SEE_USERS;
    SEARCH_USERS = GET "/search/users", Read, "searching users", SEE_USERS;
    TEMPLATES = GET "/templates", Read, "listing templates", None;
    TEMPLATE_META = GET "/template/metafields", Read, "listing a template's metadata fields", None;
    DEVICE_META = GET "/device/metafield", Read, "reading a device's metadata", SEE_DEVICES;
    RENAME = PUT "/device", Repeatable, "naming a device", None;
    WRITE_META = POST "/device/metafield", Repeatable, "writing a device's metadata", None;
    DELETE = DELETE "/device", Act, "deleting a device", None;
}

/// Rows per page, the largest that the platform allows (section 5).
const PAGE: usize = 1000;
/// A million rows; a server that has more is going in circles.
const PAGES: usize = 1000;
/// Section 1: a token has this many characters of `A-Z a-z 0-9 - _`.
const TOKEN_LENGTH: usize = 32;
/// Section 9: the longest search text.
const QUERY_CHARS: usize = 255;

type Query = Vec<(&'static str, String)>;

impl BlynkCloud {
    /// Sets a client up; nothing is asked of the cloud yet.
    ///
    /// # Errors
    /// Credentials that no header can carry, or a computer without usable root certificates or proxy.
    pub fn connect(
        server: Server,
        credentials: Credentials,
        options: Options,
    ) -> Result<BlynkCloud, ConnectError> {
        credentials.check().map_err(|what| ConnectError::Credentials { what })?;
        let http = Http::new(server, options).map_err(ConnectError::Client)?;
        Ok(BlynkCloud(Arc::new(Client {
            http,
            sign_in: SignIn::new(credentials),
            admitted: AtomicBool::new(false),
            base_info: AtomicBool::new(false),
            no_base_info: AtomicBool::new(false),
        })))
    }

    /// Requests sent so far, sign-ins, redirects and repetitions included.
    pub fn requests(&self) -> u64 {
        self.0.http.sent()
    }

    /// How far this computer's clock is ahead of the cloud's, in milliseconds, when an answer last told; for the operator.
    pub fn clock_ahead_ms(&self) -> Option<i64> {
        self.0.http.clock_ahead_ms()
    }

    /// The server in use: as given, or as a redirect within its domain told.
    pub fn server(&self) -> Server {
        self.0.http.server()
    }

    /// One call with sign-in and repetitions; an answer is always a success (2xx).
    async fn ask(
        &self,
        call: &Call,
        query: &Query,
        body: Option<Value>,
        limit: usize,
    ) -> Result<Reply, CloudError> {
        let Client { http, sign_in, admitted, .. } = &*self.0;
        let error = |cause, reached: bool| CloudError {
            operation: call.operation,
            cause,
            effect: if reached && call.kind != Kind::Read { Effect::Maybe } else { Effect::None },
        };
        let mut reached = false;
        let mut signed_in_again = false;
        let mut pauses = http.waits.retries.iter();
        loop {
            let pass = sign_in.pass(http).await.map_err(|failed| CloudError {
                effect: error(failed.cause.clone(), reached).effect,
                ..failed
            })?;
            let outcome = http
                .send(Request {
                    method: call.method.clone(),
                    path: call.path,
                    query,
                    body: body.as_ref(),
                    authorization: Authorization::Bearer(&pass.token),
                    limit,
                    wait: http.waits.call,
                })
                .await;
            let (cause, asked, again) = match outcome {
                Ok(reply) if (200..300).contains(&reply.status) => {
                    admitted.store(true, Ordering::Relaxed);
                    return Ok(reply);
                }
                Ok(reply) if reply.status == 401 => {
                    if !signed_in_again && sign_in.refused(&pass).await {
                        signed_in_again = true;
                        continue;
                    }
                    let said = self.said(&reply, &pass);
                    return Err(error(CloudCause::SignIn { said: format!("{said} (401)") }, reached));
                }
                Ok(reply) if reply.status == 429 => {
                    (CloudCause::RateLimited { retry_after: reply.retry_after }, reply.retry_after, true)
                }
                Ok(reply) if reply.status >= 500 => {
                    reached = true;
                    (CloudCause::Server { status: reply.status }, reply.retry_after, call.kind != Kind::Act)
                }
                Ok(reply) => {
                    let cause = self.refusal(call, &reply, &pass).await;
                    // 408: the cloud gave up on a request that it may have read.
                    return Err(error(cause, reached || reply.status == 408));
                }
                Err(broken) => {
                    reached |= broken.reached;
                    let again = matches!(broken.cause, CloudCause::Cut) && call.kind != Kind::Act;
                    (broken.cause, None, again)
                }
            };
            let pause = if again { next_pause(http, &mut pauses, asked) } else { None };
            let Some(pause) = pause else { return Err(error(cause, reached)) };
            tracing::debug!(operation = call.operation, %cause, ?pause, "trying again");
            if matches!(cause, CloudCause::RateLimited { .. }) {
                http.limiter.pause(pause);
            }
            tokio::time::sleep(pause).await;
        }
    }

    fn said(&self, reply: &Reply, pass: &Pass) -> String {
        let mut secrets = self.0.sign_in.secrets();
        secrets.push(&pass.token);
        said(&reply.body, &secrets)
    }

    /// What a refusal means, by its status, the call and the kind of account; never by its text.
    async fn refusal(&self, call: &Call, reply: &Reply, pass: &Pass) -> CloudCause {
        let said = self.said(reply, pass);
        match reply.status {
            400 | 422 => CloudCause::Invalid { said },
            // No public source says how the plan's limit of devices is answered; these two fit nothing else here.
            402 | 409 if call.path == RESERVE.path => CloudCause::DeviceLimit { said },
            403 if self.0.sign_in.is_client() => {
                // A client is either shut out of the whole API, then its own profile is refused too, or from this call;
                // then the permission that a user would need is the best name for what it lacks.
                if self.0.admitted.load(Ordering::Relaxed) || self.profile_opens(call, pass).await {
                    CloudCause::Forbidden { permission: call.permission, said }
                } else {
                    CloudCause::ScopeOff { said }
                }
            }
            403 => CloudCause::Forbidden { permission: call.permission, said },
            404 => CloudCause::NotFound,
            status => CloudCause::Unexpected { status, said },
        }
    }

    async fn profile_opens(&self, refused: &Call, pass: &Pass) -> bool {
        if refused.path == PROFILE.path {
            return false;
        }
        let reply = self
            .0
            .http
            .send(Request {
                method: PROFILE.method,
                path: PROFILE.path,
                query: &[],
                body: None,
                authorization: Authorization::Bearer(&pass.token),
                limit: ANSWER_LIMIT,
                wait: self.0.http.waits.call,
            })
            .await;
        let opens = !matches!(reply, Ok(Reply { status: 401 | 403, .. }));
        if opens && reply.is_ok_and(|reply| reply.status < 300) {
            self.0.admitted.store(true, Ordering::Relaxed);
        }
        opens
    }

    async fn get<T: for<'a> Deserialize<'a>>(
        &self,
        call: &Call,
        query: Query,
    ) -> Result<(T, Reply), CloudError> {
        let reply = self.ask(call, &query, None, ANSWER_LIMIT).await?;
        Ok((understood(call, &reply.body)?, reply))
    }

    /// A list in whatever form it comes: `{"content": [...]}` page by page, a plain array, or one bare object.
    async fn list<T: for<'a> Deserialize<'a>>(
        &self,
        call: &Call,
        query: Query,
        paged: Paging,
    ) -> Result<Vec<T>, CloudError> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for page in 0..PAGES {
            let mut query = query.clone();
            if paged == Paging::Pages {
                query.extend([("page", page.to_string()), ("size", PAGE.to_string())]);
            }
            let reply = self.ask(call, &query, None, LIST_LIMIT).await?;
            if reply.body.is_empty() {
                break;
            }
            let answer: Value = understood(call, &reply.body)?;
            let (rows, total) =
                rows(answer).ok_or_else(|| not_understood(call, "neither a list nor a page"))?;
            let before = found.len();
            for row in rows {
                // Rows move between pages while devices come and go; each counts once.
                let id = row.get("id").map(Value::to_string);
                match serde_json::from_value::<T>(row) {
                    Ok(row) if id.is_none_or(|id| seen.insert(id)) => found.push(row),
                    Ok(_) => {}
                    Err(_) => {
                        tracing::warn!(operation = call.operation, "a row that cannot be read is left out")
                    }
                }
            }
            let more = total.is_some_and(|total| u64::try_from(found.len()).is_ok_and(|n| n < total));
            if !more || found.len() == before || paged == Paging::Whole {
                break;
            }
        }
        Ok(found)
    }

    async fn reservation(&self, call: &Call, body: Value) -> Result<Reservation, CloudError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            token: String,
            #[serde(deserialize_with = "number_or_text")]
            device_id: i32,
        }
        let reply = self.ask(call, &Query::new(), Some(body), ANSWER_LIMIT).await?;
        let Answer { token, device_id } = understood(call, &reply.body)?;
        // A firmware takes no other, and whoever was told half a token was told none.
        if token.len() != TOKEN_LENGTH || !token.bytes().all(is_of_a_token) {
            return Err(not_understood(call, "a token that is none"));
        }
        if device_id <= 0 {
            return Err(not_understood(call, "a device id that is not positive"));
        }
        Ok(Reservation { device: DeviceId(device_id), token: Secret::new(token), at: reply.at })
    }

    /// `device/baseInfo`, or `device` where the former does not exist. A 404 of the first alone is believed only once it has
    /// ever answered.
    async fn record(
        &self,
        device: DeviceId,
    ) -> Result<(Option<DeviceRecord>, Option<CloudTime>), CloudError> {
        let Client { base_info, no_base_info, .. } = &*self.0;
        let by_id = || vec![("deviceId", device.to_string())];
        let calls: &[(&Call, &AtomicBool)] = if no_base_info.load(Ordering::Relaxed) {
            &[(&DEVICE, no_base_info)]
        } else if base_info.load(Ordering::Relaxed) {
            &[(&BASE_INFO, base_info)]
        } else {
            &[(&BASE_INFO, base_info), (&DEVICE, no_base_info)]
        };
        for (call, works) in calls {
            match self.get::<RawDevice>(call, by_id()).await {
                Ok((raw, reply)) => {
                    works.store(true, Ordering::Relaxed);
                    return Ok((Some(raw.record()), reply.at));
                }
                Err(CloudError { cause: CloudCause::NotFound, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((None, self.0.http.recent_time()))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Paging {
    Pages,
    /// The call knows no pages.
    Whole,
}

#[async_trait]
impl Cloud for BlynkCloud {
    fn host(&self) -> String {
        self.0.http.server().host()
    }

    async fn reserve(&self, org: OrgId, owner: UserId) -> Result<Reservation, CloudError> {
        self.reservation(&RESERVE, json!({ "orgId": org, "ownerId": owner })).await
    }

    async fn renew(&self, device: DeviceId) -> Result<Reservation, CloudError> {
        let reservation = self.reservation(&RENEW, json!({ "deviceId": device })).await?;
        if reservation.device != device {
            return Err(not_understood(&RENEW, "a token of another device than asked"));
        }
        Ok(reservation)
    }

    async fn reconfigure(&self, device: DeviceId) -> Result<Option<bool>, CloudError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            device_is_offline: Option<bool>,
        }
        let reply =
            self.ask(&RECONFIGURE, &Query::new(), Some(json!({ "deviceId": device })), ANSWER_LIMIT).await?;
        if reply.body.is_empty() {
            return Ok(None);
        }
        Ok(understood::<Answer>(&RECONFIGURE, &reply.body)?.device_is_offline)
    }

    /// One request where the record's connect times tell whether it is online, two where they are silent.
    async fn presence(&self, device: DeviceId) -> Result<Presence, CloudError> {
        #[derive(Deserialize)]
        struct Online {
            connected: bool,
        }
        let (record, at) = self.record(device).await?;
        let connected = match &record {
            None => None,
            Some(DeviceRecord { last_connect: Some(on), last_disconnect, .. }) => {
                Some(last_disconnect.is_none_or(|off| off < *on))
            }
            Some(_) => match self.get::<Online>(&ONLINE, vec![("deviceId", device.to_string())]).await {
                Ok((online, _)) => Some(online.connected),
                Err(CloudError { cause: CloudCause::NotFound, .. }) => None,
                Err(error) => return Err(error),
            },
        };
        Ok(Presence { record, connected, at })
    }

    async fn devices(&self, org: OrgId) -> Result<Vec<DeviceRecord>, CloudError> {
        let query = vec![("orgId", org.to_string()), ("includeSubOrgDevices", "false".to_owned())];
        let rows: Vec<RawDevice> = self.list(&DEVICES, query, Paging::Pages).await?;
        Ok(rows.into_iter().map(RawDevice::record).collect())
    }

    async fn last_activated(
        &self,
        org: OrgId,
        minutes: u8,
    ) -> Result<Vec<(DeviceId, Option<CloudTime>)>, CloudError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            id: i32,
            activation_time: Option<i64>,
        }
        let query = vec![("minutes", minutes.clamp(1, 60).to_string()), ("orgId", org.to_string())];
        let rows: Vec<Row> = self.list(&LAST_ACTIVATED, query, Paging::Whole).await?;
        Ok(rows.into_iter().map(|row| (DeviceId(row.id), time(row.activation_time))).collect())
    }

    /// Asks nothing if the clock was heard in the last seconds.
    async fn time(&self) -> Result<CloudTime, CloudError> {
        if let Some(time) = self.0.http.recent_time() {
            return Ok(time);
        }
        let call = if self.0.sign_in.is_client() { PROFILE } else { USER_PROFILE };
        let outcome = self.ask(&call, &Query::new(), None, ANSWER_LIMIT).await;
        // A refusal has a date too.
        match (self.0.http.recent_time(), outcome) {
            (Some(time), Ok(_) | Err(CloudError { cause: CloudCause::NotFound, .. })) => Ok(time),
            (Some(time), Err(CloudError { cause: CloudCause::Forbidden { .. }, .. })) => Ok(time),
            (_, Err(error)) => Err(error),
            (None, Ok(_)) => Err(not_understood(&call, "no date")),
        }
    }

    async fn account(&self) -> Result<Account, CloudError> {
        if !self.0.sign_in.is_client() {
            match self.get::<RawUser>(&USER_PROFILE, Query::new()).await {
                Ok((raw, _)) => return Ok(raw.account()),
                // A token that belongs to a client: this call is closed to it (section 4.1).
                Err(CloudError { cause: CloudCause::Forbidden { .. }, .. }) => {}
                Err(CloudError { cause: CloudCause::Invalid { .. } | CloudCause::NotFound, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let (raw, _) = self.get::<RawOrganization>(&PROFILE, Query::new()).await?;
        Ok(Account { organization: Some(raw.organization()), user: None, permissions: None })
    }

    async fn organizations(&self, query: Option<&str>) -> Result<Vec<Organization>, CloudError> {
        let rows: Vec<RawOrganization> = match query {
            Some(text) => {
                self.list(&SEARCH_ORGANIZATIONS, search(&SEARCH_ORGANIZATIONS, text)?, Paging::Pages).await?
            }
            None => self.list(&SUB_ORGANIZATIONS, Query::new(), Paging::Pages).await?,
        };
        Ok(rows.into_iter().map(RawOrganization::organization).collect())
    }

    async fn users(&self, query: Option<&str>) -> Result<Vec<User>, CloudError> {
        let rows: Vec<RawUser> = match query {
            Some(text) => self.list(&SEARCH_USERS, search(&SEARCH_USERS, text)?, Paging::Pages).await?,
            None => self.list(&USERS, vec![("includeSubOrgUsers", "true".to_owned())], Paging::Pages).await?,
        };
        Ok(rows.into_iter().map(|raw| raw.user()).collect())
    }

    async fn templates(&self, org: OrgId) -> Result<Vec<Template>, CloudError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            id: i32,
            name: Option<String>,
            #[serde(default)]
            template_ids: Vec<String>,
            org_id: Option<i32>,
        }
        let rows: Vec<Row> = self.list(&TEMPLATES, vec![("orgId", org.to_string())], Paging::Pages).await?;
        let template = |row: Row| Template {
            id: row.id,
            name: row.name.unwrap_or_default(),
            texts: row.template_ids,
            org: row.org_id.map(OrgId),
        };
        Ok(rows.into_iter().map(template).collect())
    }

    async fn meta_fields(&self, template: i32) -> Result<Vec<MetaField>, CloudError> {
        let rows: Vec<RawMeta> =
            self.list(&TEMPLATE_META, vec![("templateId", template.to_string())], Paging::Whole).await?;
        Ok(rows.into_iter().map(RawMeta::field).collect())
    }

    async fn device_meta(&self, device: DeviceId) -> Result<Vec<MetaField>, CloudError> {
        let rows: Vec<RawMeta> =
            self.list(&DEVICE_META, vec![("deviceId", device.to_string())], Paging::Whole).await?;
        Ok(rows.into_iter().map(RawMeta::field).collect())
    }

    async fn rename(&self, device: DeviceId, name: &str) -> Result<(), CloudError> {
        if let Some(problem) = name_problem(name) {
            let cause = CloudCause::Invalid { said: problem.to_owned() };
            return Err(CloudError { operation: RENAME.operation, cause, effect: Effect::None });
        }
        let query = vec![("deviceId", device.to_string())];
        self.ask(&RENAME, &query, Some(json!({ "name": name })), ANSWER_LIMIT).await.map(drop)
    }

    async fn write_meta(&self, device: DeviceId, field: i32, value: &str) -> Result<(), CloudError> {
        let body = json!({ "deviceId": device, "metaFieldId": field, "newValue": value });
        self.ask(&WRITE_META, &Query::new(), Some(body), ANSWER_LIMIT).await.map(drop)
    }

    async fn delete(&self, device: DeviceId) -> Result<(), CloudError> {
        self.ask(&DELETE, &vec![("deviceId", device.to_string())], None, ANSWER_LIMIT).await.map(drop)
    }
}

/// What is wrong with a device name, if anything: at most 50 characters of letters, digits, space, apostrophe, underscore and
/// hyphen (section 9).
pub fn name_problem(name: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '\'' | '_' | '-');
    if name.trim().is_empty() {
        Some("a device name must not be empty")
    } else if name.chars().count() > 50 {
        Some("a device name has at most 50 characters")
    } else if !name.chars().all(fits) {
        Some("a device name has only letters, digits, spaces, apostrophes, underscores and hyphens")
    } else {
        None
    }
}

fn search(call: &Call, text: &str) -> Result<Query, CloudError> {
    if text.chars().count() > QUERY_CHARS {
        let cause =
            CloudCause::Invalid { said: format!("a search text has at most {QUERY_CHARS} characters") };
        return Err(CloudError { operation: call.operation, cause, effect: Effect::None });
    }
    Ok(vec![("query", text.to_owned())])
}

/// Reads an answer. The parser's own words stay out of the error: they may quote a token.
fn understood<T: for<'a> Deserialize<'a>>(call: &Call, body: &[u8]) -> Result<T, CloudError> {
    serde_json::from_slice(body).map_err(|error| {
        use serde_json::error::Category;
        let what = match error.classify() {
            Category::Data => "JSON without the fields that are needed",
            Category::Eof => "JSON that ends too early",
            Category::Syntax | Category::Io => "not JSON",
        };
        not_understood(call, what)
    })
}

fn is_of_a_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// An id as a number, or as a text of digits, as gateways and scripting languages like to write it.
fn number_or_text<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: serde::Deserializer<'de>,
    N: Deserialize<'de> + std::str::FromStr,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either<N> {
        Number(N),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => {
            text.trim().parse().map_err(|_| serde::de::Error::custom("a text that is no number"))
        }
    }
}

/// The same for a value that may be missing or empty.
fn maybe_number<'de, D, N>(deserializer: D) -> Result<Option<N>, D::Error>
where
    D: serde::Deserializer<'de>,
    N: Deserialize<'de> + std::str::FromStr,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either<N> {
        Number(N),
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Option::<Either<N>>::deserialize(deserializer)? {
        Some(Either::Number(number)) => Some(number),
        Some(Either::Text(text)) => text.trim().parse().ok(),
        Some(Either::Other(_)) | None => None,
    })
}

/// The call was answered with a success, so an act has probably been carried out.
fn not_understood(call: &Call, what: &str) -> CloudError {
    let effect = if call.kind == Kind::Read { Effect::None } else { Effect::Maybe };
    CloudError {
        operation: call.operation,
        cause: CloudCause::NotUnderstood { what: what.to_owned() },
        effect,
    }
}

/// The sentence in an error's body, in any of the shapes of section 5; fit to be shown.
pub(crate) fn said(body: &[u8], secrets: &[&Secret]) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            let message = |value: &Value| value.get("message").and_then(Value::as_str).map(str::to_owned);
            let error = value.get("error");
            error
                .and_then(message)
                .or_else(|| error.and_then(Value::as_str).map(str::to_owned))
                .or_else(|| message(&value))
                .or_else(|| value.as_str().map(str::to_owned))
                .unwrap_or_default()
        }
        // A page of a proxy or a portal is of no use to anybody.
        Err(_) if body.trim_ascii_start().starts_with(b"<") => String::new(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    match masked(&text, secrets) {
        said if said.trim().is_empty() => "no reason given".to_owned(),
        said => said,
    }
}

fn rows(answer: Value) -> Option<(Vec<Value>, Option<u64>)> {
    match answer {
        Value::Array(rows) => Some((rows, None)),
        Value::Object(mut page) => match page.remove("content") {
            Some(Value::Array(rows)) => Some((rows, page.get("totalElements").and_then(Value::as_u64))),
            Some(_) => None,
            None if page.contains_key("id") => Some((vec![Value::Object(page)], None)),
            None if page.is_empty() => Some((Vec::new(), None)),
            None => None,
        },
        Value::Null => Some((Vec::new(), None)),
        _ => None,
    }
}

/// 0 means never (section 1).
fn time(milliseconds: Option<i64>) -> Option<CloudTime> {
    milliseconds.filter(|at| *at > 0).map(CloudTime)
}

/// Section 7.1. Its `token` is not read at all, so it can go nowhere.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDevice {
    #[serde(deserialize_with = "number_or_text")]
    id: i32,
    name: Option<String>,
    #[serde(default, deserialize_with = "maybe_number")]
    org_id: Option<i32>,
    #[serde(default, deserialize_with = "maybe_number")]
    owner_user_id: Option<i64>,
    #[serde(default, deserialize_with = "maybe_number")]
    activated_at: Option<i64>,
    #[serde(default, deserialize_with = "maybe_number")]
    first_connect_time: Option<i64>,
    #[serde(default, deserialize_with = "maybe_number")]
    connect_time: Option<i64>,
    #[serde(default, deserialize_with = "maybe_number")]
    disconnect_time: Option<i64>,
    hardware_info: Option<RawHardware>,
    meta_field_values: Option<Vec<RawMeta>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHardware {
    version: Option<String>,
    template_id: Option<Value>,
}

impl RawDevice {
    fn record(self) -> DeviceRecord {
        let hardware = self.hardware_info;
        let (version, template) = hardware.map_or((None, None), |h| (h.version, h.template_id));
        DeviceRecord {
            id: DeviceId(self.id),
            name: self.name.unwrap_or_default(),
            org: OrgId(self.org_id.unwrap_or(0)),
            owner: self.owner_user_id.filter(|id| *id > 0).map(UserId),
            activated_at: time(self.activated_at),
            first_connect: time(self.first_connect_time),
            last_connect: time(self.connect_time),
            last_disconnect: time(self.disconnect_time),
            template: template.and_then(text).filter(|text| !text.is_empty()),
            firmware_version: version.filter(|text| !text.is_empty()),
            metadata: self.meta_field_values.unwrap_or_default().into_iter().map(RawMeta::field).collect(),
        }
    }
}

#[derive(Deserialize)]
struct RawMeta {
    id: i32,
    name: Option<String>,
    value: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<String>,
    hint: Option<String>,
    description: Option<String>,
}

impl RawMeta {
    fn field(self) -> MetaField {
        let said = |text: &String| !text.trim().is_empty();
        // Where a value is wrapped, its type stands beside it.
        let wrapped = self.value.as_ref().and_then(|value| value.get("type")).and_then(Value::as_str);
        MetaField {
            id: self.id,
            name: self.name.unwrap_or_default(),
            kind: self.kind.or_else(|| wrapped.map(str::to_owned)),
            value: self.value.and_then(text),
            hint: self.hint.filter(said).or(self.description.filter(said)),
        }
    }
}

/// A value as a person would write it; metadata wraps it as `{"type":…, "value":…}`.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Object(mut wrapped) => wrapped.remove("value").and_then(text),
        other => Some(other.to_string()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawOrganization {
    id: i32,
    name: Option<String>,
    #[serde(alias = "parentId")]
    parent_organization_id: Option<i32>,
}

impl RawOrganization {
    fn organization(self) -> Organization {
        Organization {
            id: OrgId(self.id),
            name: self.name.unwrap_or_default(),
            parent: self.parent_organization_id.filter(|id| *id > 0).map(OrgId),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawUser {
    id: i64,
    name: Option<String>,
    email: Option<String>,
    org_id: Option<i32>,
    org_name: Option<String>,
    role: Option<RawRole>,
}

#[derive(Deserialize)]
struct RawRole {
    permissions: Option<Vec<String>>,
}

impl RawUser {
    fn user(&self) -> User {
        User {
            id: UserId(self.id),
            name: self.name.clone().unwrap_or_default(),
            email: self.email.clone(),
            org: self.org_id.map(OrgId),
        }
    }

    fn account(self) -> Account {
        let organization = self.org_id.map(|id| Organization {
            id: OrgId(id),
            name: self.org_name.clone().unwrap_or_default(),
            parent: None,
        });
        Account {
            organization,
            user: Some(self.user()),
            permissions: self.role.and_then(|role| role.permissions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_in_every_shape() {
        for body in [
            r#"{"error":{"message":"No access."}}"#,
            r#"{"message":"No access."}"#,
            r#"{"error":"No access."}"#,
            r#""No access.""#,
            "No access.",
        ] {
            assert_eq!(said(body.as_bytes(), &[]), "No access.", "{body}");
        }
        for body in
            ["", "{}", "[]", "null", "<html><body>Sign in to the hotel</body></html>", r#"{"error":{}}"#]
        {
            assert_eq!(said(body.as_bytes(), &[]), "no reason given", "{body}");
        }
    }

    #[test]
    fn lists_are_read_in_every_shape() {
        let count = |text: &str| rows(serde_json::from_str(text).expect("json")).map(|(rows, _)| rows.len());
        assert_eq!(count(r#"{"content":[{"id":1},{"id":2}],"totalElements":2}"#), Some(2));
        assert_eq!(count(r#"[{"id":1}]"#), Some(1));
        assert_eq!(count(r#"{"id":1,"templateId":2}"#), Some(1));
        assert_eq!(count("{}"), Some(0));
        assert_eq!(count(r#"{"content":7}"#), None);
        assert_eq!(count("7"), None);
    }

    #[test]
    fn zero_times_mean_never_and_the_token_is_left_behind() {
        let raw: RawDevice = serde_json::from_str(
            r#"{"id":5,"name":"Pump","templateId":3,"orgId":1,"token":"0123456789abcdef0123456789abcdef",
                "activatedAt":1700000000000,"firstConnectTime":0,"connectTime":0,"disconnectTime":0,
                "hardwareInfo":{"version":"1.2.0","templateId":"TMPL1"},
                "metaFieldValues":[{"id":1,"name":"Device UID","value":{"type":"Text","value":"abc"}}]}"#,
        )
        .expect("section 7.1");
        let record = raw.record();
        assert_eq!(record.last_connect, None);
        assert_eq!(record.activated_at, Some(CloudTime(1_700_000_000_000)));
        assert_eq!(record.template.as_deref(), Some("TMPL1"));
        assert_eq!(record.metadata[0].value.as_deref(), Some("abc"));
        assert!(!format!("{record:?}").contains("0123456789abcdef"));
    }

    #[test]
    fn a_device_name_obeys_the_rule() {
        assert_eq!(name_problem("Ann's pump_2-b"), None);
        assert!(name_problem("").is_some());
        assert!(name_problem("a/b").is_some());
        assert!(name_problem(&"a".repeat(51)).is_some());
        assert_eq!(name_problem(&"a".repeat(50)), None);
    }
}
