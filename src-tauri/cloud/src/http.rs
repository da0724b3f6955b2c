//! One shared HTTP client: addresses, waits, limits, redirects, and what a broken call may have done.
//!
//! It knows nothing of any vendor's calls and signs nothing in (`auth.rs`, `blynk.rs`); it decides nothing by the text
//! of an answer.

use crate::{CloudCause, CloudTime, Secret};
use public_suffix::{DEFAULT_PROVIDER, EffectiveTLDProvider};
use reqwest::Method;
use reqwest::header;
use std::collections::hash_map::RandomState;
use std::error::Error as StdError;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use url::{Host, Url};

/// The address of a cloud: `https` anywhere, plain `http` only to a loopback address or `localhost`.
///
/// Parsed once, at the edge; whoever holds a `Server` need not ask again whether secrets may go there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    url: Url,
}

/// Why a text is no address of a cloud. Nothing was asked of anybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    #[error("plain http is for loopback addresses only; {host} needs https")]
    Insecure { host: String },
    #[error("not an address of a server: {why}")]
    NotAnAddress { why: &'static str },
}

impl Server {
    /// Accepts `https://host[:port][/]`, `http://` to loopback, and a bare host name, which means `https`.
    ///
    /// # Errors
    /// [`ServerError::Insecure`] for http to any other host, [`ServerError::NotAnAddress`] for all else: another scheme,
    /// a path, a query, or a user name in the address (secrets have no place there).
    pub fn parse(text: &str) -> Result<Server, ServerError> {
        let text = text.trim();
        let bad = |why| Err(ServerError::NotAnAddress { why });
        if text.is_empty() {
            return bad("it is empty");
        }
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let Ok(url) = Url::parse(&whole) else { return bad("it cannot be read as a URL") };
        let Some(host) = url.host() else { return bad("it names no host") };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => return Err(ServerError::Insecure { host: host.to_string() }),
            _ => return bad("only https is known here"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return bad("it carries a user name or a password");
        }
        if url.query().is_some() || url.fragment().is_some() || !matches!(url.path(), "" | "/") {
            return bad("it carries a path or a query; only the server is wanted");
        }
        Ok(Server { url })
    }

    /// The host alone, without scheme and port: what records and devices are told.
    pub fn host(&self) -> String {
        match self.url.host() {
            Some(Host::Domain(name)) => name.trim_end_matches('.').to_owned(),
            Some(address) => address.to_string(),
            None => String::new(),
        }
    }

    pub fn is_loopback(&self) -> bool {
        self.url.host().is_some_and(|host| is_loopback(&host))
    }

    fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    fn address(&self, path: &str, query: &[(&'static str, String)]) -> Url {
        let mut url = self.url.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query.iter().map(|(name, value)| (*name, value.as_str())));
        }
        url
    }

    /// Where a 307/308 may lead: the same registered domain (public suffix list), never from https to http; a loopback
    /// server may only move to another port of the same host.
    fn moved_to(&self, location: &Url) -> Result<Server, CloudCause> {
        let foreign = || CloudCause::ForeignRedirect { host: location.host_str().unwrap_or("?").to_owned() };
        if location.scheme() != self.url.scheme() {
            return Err(foreign());
        }
        let next = Server::parse(&location[..url::Position::BeforePath]).map_err(|_| foreign())?;
        let (from, to) = (self.host(), next.host());
        let near = from == to
            || matches!((registered_domain(&self.url), registered_domain(&next.url)), (Some(a), Some(b)) if a == b);
        if near { Ok(next) } else { Err(foreign()) }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn registered_domain(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            DEFAULT_PROVIDER.effective_tld_plus_one(name).ok().map(str::to_owned)
        }
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// All waits of this crate's HTTP calls, each with its reason. `retries` is the one manner in which calls are repeated,
/// meant for a person who waits: three more tries within about a quarter of a minute, then the truth.
#[derive(Debug, Clone)]
pub struct Waits {
    /// TCP and TLS together. A far server answers in one second; ten cover three lost packets in a row.
    pub connect: Duration,
    /// A whole call with its body. Lists of 1,000 devices take seconds on a busy server.
    pub call: Duration,
    /// Signing in. Password hashing and a cold identity server make it the slowest call of all, and all others wait for it.
    pub sign_in: Duration,
    /// Pauses before repeating what was certainly not done, or what may be done twice. Up to a quarter of each is added
    /// at random, so that stations which failed together do not come back together.
    pub retries: Vec<Duration>,
    /// A longer `Retry-After` is not waited for but reported: nobody stands before a screen for more than a minute.
    pub longest_retry_after: Duration,
    /// In the queue of our own rate limiter and of the calls in flight.
    pub queue: Duration,
    /// A new token is fetched this long before the old one ends, so that no call starts with a dying one.
    pub refresh_ahead: Duration,
}

impl Default for Waits {
    fn default() -> Waits {
        Waits {
            connect: Duration::from_secs(10),
            call: Duration::from_secs(20),
            sign_in: Duration::from_secs(30),
            retries: vec![Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)],
            longest_retry_after: Duration::from_secs(60),
            queue: Duration::from_secs(60),
            refresh_ahead: Duration::from_secs(30),
        }
    }
}

/// Which proxy a call goes through. Loopback addresses never use one.
#[derive(Debug, Clone, Default)]
pub enum ProxyChoice {
    /// What the environment says: `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.
    #[default]
    System,
    Direct,
    /// This one: `http://host:port`.
    At(String),
}

/// How a client behaves; the default is right for Blynk's public cloud.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub waits: Waits,
    pub proxy: ProxyChoice,
    /// Clients of the same organization share one limiter: the cloud counts them together.
    pub limiter: Limiter,
}

/// Requests per minute and organization that the platform allows (reference section 5).
pub const REQUESTS_PER_MINUTE: u32 = 10_000;

/// A token bucket, first come first served; clones share it. It stays below the allowance in any minute: nine tenths flow,
/// one tenth may come in a burst.
#[derive(Clone)]
pub struct Limiter(Arc<Bucket>);

struct Bucket {
    per_second: f64,
    burst: f64,
    level: tokio::sync::Mutex<(f64, tokio::time::Instant)>,
    /// After a 429 nobody asks before this moment.
    closed_until: Mutex<Option<tokio::time::Instant>>,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("per_second", &self.0.per_second).finish_non_exhaustive()
    }
}

impl Default for Limiter {
    fn default() -> Limiter {
        Limiter::per_minute(REQUESTS_PER_MINUTE)
    }
}

impl Limiter {
    pub fn per_minute(requests: u32) -> Limiter {
        let burst = (f64::from(requests) / 10.0).max(1.0);
        Limiter(Arc::new(Bucket {
            per_second: (f64::from(requests) * 0.9 / 60.0).max(0.01),
            burst,
            level: tokio::sync::Mutex::new((burst, tokio::time::Instant::now())),
            closed_until: Mutex::new(None),
        }))
    }

    /// Waits for its turn. Dropping the wait gives the turn to the next.
    pub async fn turn(&self) {
        let bucket = &*self.0;
        let mut level = bucket.level.lock().await;
        loop {
            let now = tokio::time::Instant::now();
            let flown = now.duration_since(level.1).as_secs_f64() * bucket.per_second;
            *level = ((level.0 + flown).min(bucket.burst), now);
            let closed = *bucket.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
            match closed {
                Some(until) if until > now => tokio::time::sleep_until(until).await,
                _ if level.0 >= 1.0 => {
                    level.0 -= 1.0;
                    return;
                }
                _ => {
                    let missing = (1.0 - level.0) / bucket.per_second;
                    // A little more than needed, so that rounding cannot make it spin.
                    tokio::time::sleep(Duration::from_secs_f64(missing + 0.001)).await;
                }
            }
        }
    }

    /// The cloud said 429: all who share this limiter pause.
    pub fn pause(&self, pause: Duration) {
        let until = tokio::time::Instant::now() + pause;
        let mut closed = self.0.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.is_none_or(|old| old < until) {
            *closed = Some(until);
        }
    }
}

/// Adds up to a quarter at random.
pub(crate) fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish();
    pause + pause.mul_f64(f64::from(random as u32) / f64::from(u32::MAX) / 4.0)
}

/// The largest answers: lists of 1,000 devices are 1 to 2 MB, all else is a few kB.
pub(crate) const LIST_LIMIT: usize = 16 << 20;
pub(crate) const ANSWER_LIMIT: usize = 1 << 20;
/// Of an error only a sentence is kept.
const ERROR_LIMIT: usize = 16 << 10;
/// Connections to one server at once; more only queue there.
const IN_FLIGHT: usize = 32;
/// Shorter than the keep-alive of servers (60 s and more), so that an act is not sent on a connection that is just being
/// closed, which would leave us in doubt about it.
const IDLE_CONNECTION: Duration = Duration::from_secs(10);

pub(crate) enum Authorization<'a> {
    Basic { id: &'a Secret, secret: &'a Secret },
    Bearer(&'a Secret),
}

pub(crate) struct Request<'a> {
    pub method: Method,
    pub path: &'a str,
    pub query: &'a [(&'static str, String)],
    pub body: Option<&'a serde_json::Value>,
    pub authorization: Authorization<'a>,
    pub limit: usize,
    pub wait: Duration,
}

/// An answer with any status, whole.
pub(crate) struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    pub at: Option<CloudTime>,
    pub retry_after: Option<Duration>,
}

/// No answer that could be used.
pub(crate) struct Broken {
    pub cause: CloudCause,
    /// The request may have reached the cloud and been carried out.
    pub reached: bool,
}

impl Broken {
    fn before(cause: CloudCause) -> Broken {
        Broken { cause, reached: false }
    }
}

pub(crate) struct Http {
    client: reqwest::Client,
    /// Where the cloud is: as given, or as a redirect within its domain told.
    server: Mutex<Server>,
    proxied: Proxied,
    pub limiter: Limiter,
    pub waits: Waits,
    flights: tokio::sync::Semaphore,
    clock: Mutex<Option<Reading>>,
    sent: AtomicU64,
}

/// The cloud's clock when we last heard it, beside two clocks of ours that tell how old the reading is.
#[derive(Clone, Copy)]
struct Reading {
    cloud: CloudTime,
    heard: Instant,
    heard_by_calendar: SystemTime,
}

enum Proxied {
    Never,
    Always,
    As(Box<hyper_util::client::proxy::matcher::Matcher>),
}

impl Http {
    pub fn new(server: Server, options: Options) -> Result<Http, CloudCause> {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("Firstlight/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(options.waits.connect)
            .pool_idle_timeout(IDLE_CONNECTION)
            // Whatever the hosts file says: plain http may go there, so it has to be this computer.
            .resolve_to_addrs("localhost", &loopback.map(|address| SocketAddr::new(address, 0)));
        if !server.is_https() {
            // No certificate is looked at on this way, and loading the system's would fail on a machine that has none.
            builder = builder.tls_certs_only([]);
        }
        let proxied = match (&options.proxy, server.is_loopback()) {
            (_, true) | (ProxyChoice::Direct, _) => {
                builder = builder.no_proxy();
                Proxied::Never
            }
            (ProxyChoice::System, false) => {
                Proxied::As(Box::new(hyper_util::client::proxy::matcher::Matcher::from_system()))
            }
            (ProxyChoice::At(address), false) => {
                let proxy = reqwest::Proxy::all(address)
                    .map_err(|_| CloudCause::Proxy { reason: "its address cannot be read".to_owned() })?;
                builder = builder.no_proxy().proxy(proxy);
                Proxied::Always
            }
        };
        let client = builder.build().map_err(|error| CloudCause::Tls {
            host: server.host(),
            reason: masked(&innermost(&error).to_string(), &[]),
        })?;
        Ok(Http {
            client,
            server: Mutex::new(server),
            proxied,
            limiter: options.limiter,
            waits: options.waits,
            flights: tokio::sync::Semaphore::new(IN_FLIGHT),
            clock: Mutex::new(None),
            sent: AtomicU64::new(0),
        })
    }

    pub fn server(&self) -> Server {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests sent so far, redirects and repetitions included.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// What the cloud's clock says now, if it was heard in the last moments. Never later than the truth: a `Date` header
    /// is cut to whole seconds, and we add only what passed since it arrived.
    pub fn recent_time(&self) -> Option<CloudTime> {
        const FRESH: Duration = Duration::from_secs(15);
        let reading = (*self.clock.lock().unwrap_or_else(PoisonError::into_inner))?;
        let elapsed = reading.heard.elapsed();
        // The steady clock stands still while a laptop sleeps; the calendar does not.
        let by_calendar = reading.heard_by_calendar.elapsed().ok()?;
        (elapsed <= FRESH && by_calendar <= FRESH)
            .then(|| CloudTime(reading.cloud.0 + i64::try_from(elapsed.as_millis()).unwrap_or(0)))
    }

    /// How far this computer's clock is ahead of the cloud's, in milliseconds, when it was last heard. For a word to the
    /// operator only; a second more or less means nothing.
    pub fn clock_ahead_ms(&self) -> Option<i64> {
        let reading = (*self.clock.lock().unwrap_or_else(PoisonError::into_inner))?;
        let ours = reading.heard_by_calendar.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(ours.as_millis()).ok().map(|ours| ours - reading.cloud.0)
    }

    /// One request; repeated only at the place that a 307/308 within the same registered domain names.
    pub async fn send(&self, request: Request<'_>) -> Result<Reply, Broken> {
        let mut server = self.server();
        let mut moved = false;
        loop {
            let turn = async {
                self.limiter.turn().await;
                self.flights.acquire().await
            };
            let Ok(Ok(_flight)) = tokio::time::timeout(self.waits.queue, turn).await else {
                return Err(Broken::before(CloudCause::RateLimited { retry_after: None }));
            };
            let mut response = self
                .prepare(&server, &request)
                .send()
                .await
                .map_err(|error| self.broken(&error, &server, request.wait))?;
            let status = response.status().as_u16();
            let at = response.headers().get(header::DATE).and_then(cloud_time);
            if let Some(cloud) = at {
                *self.clock.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Reading { cloud, heard: Instant::now(), heard_by_calendar: SystemTime::now() });
            }
            if matches!(status, 307 | 308) {
                let next = moved_to(&server, &request, &response).map_err(Broken::before)?;
                if moved || next == server {
                    let said = "redirected in a circle".to_owned();
                    return Err(Broken::before(CloudCause::Unexpected { status, said }));
                }
                tracing::debug!(from = %server, to = %next, "the cloud sends us to another server of its own");
                *self.server.lock().unwrap_or_else(PoisonError::into_inner) = next.clone();
                (server, moved) = (next, true);
                continue;
            }
            let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| pause(value, at));
            let limit = if response.status().is_success() { request.limit } else { ERROR_LIMIT };
            let mut body = Vec::new();
            loop {
                match response.chunk().await {
                    Ok(Some(chunk)) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
                    Ok(Some(_)) if response.status().is_success() => {
                        return Err(Broken { cause: CloudCause::TooLarge { limit }, reached: true });
                    }
                    Ok(Some(_)) | Ok(None) => break,
                    // The status of an error says enough, even when its text is torn.
                    Err(_) if !response.status().is_success() => break,
                    Err(error) => return Err(self.broken(&error, &server, request.wait)),
                }
            }
            return Ok(Reply { status, body, at, retry_after });
        }
    }

    fn prepare(&self, server: &Server, request: &Request<'_>) -> reqwest::RequestBuilder {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let builder = self
            .client
            .request(request.method.clone(), server.address(request.path, request.query))
            .timeout(request.wait)
            .header(header::ACCEPT, "application/json");
        let builder = match &request.authorization {
            Authorization::Basic { id, secret } => builder.basic_auth(id.expose(), Some(secret.expose())),
            Authorization::Bearer(token) => builder.bearer_auth(token.expose()),
        };
        match request.body {
            Some(body) => builder.json(body),
            None if request.method == Method::POST => builder.header(header::CONTENT_LENGTH, "0"),
            None => builder,
        }
    }

    /// What went wrong and whether the request may have arrived, by the types in the error's chain.
    fn broken(&self, error: &reqwest::Error, server: &Server, wait: Duration) -> Broken {
        let clock_ahead_ms = self.clock_ahead_ms();
        let cause = classify(error, &self.proxied, server, self.waits.connect, clock_ahead_ms);
        match cause {
            Some(cause) => Broken::before(cause),
            None if error.is_timeout() => {
                tracing::debug!(?wait, "no answer in time");
                Broken { cause: CloudCause::Timeout, reached: true }
            }
            None => Broken { cause: CloudCause::Cut, reached: true },
        }
    }
}

/// `Some` for all that ends before the request is sent.
fn classify(
    error: &reqwest::Error,
    proxied: &Proxied,
    server: &Server,
    connect: Duration,
    clock_ahead_ms: Option<i64>,
) -> Option<CloudCause> {
    let host = server.host();
    if error.is_builder() {
        return Some(CloudCause::Invalid { said: "the request cannot be put into words of HTTP".to_owned() });
    }
    if !error.is_connect() && !error.is_dns() {
        return None;
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return Some(tls_cause(tls, host, clock_ahead_ms));
    }
    let by_proxy = match proxied {
        Proxied::Never => false,
        Proxied::Always => true,
        Proxied::As(matcher) => {
            server.url.as_str().parse().is_ok_and(|address| matcher.intercept(&address).is_some())
        }
    };
    let reason = if error.is_timeout() {
        format!("no answer within {} s", connect.as_secs_f32())
    } else {
        masked(&innermost(error).to_string(), &[])
    };
    Some(if by_proxy {
        CloudCause::Proxy { reason }
    } else if error.is_dns() {
        CloudCause::UnknownHost { host }
    } else if server.is_https() && chain(error).any(hung_up) {
        // Only the TLS handshake reads while connecting.
        CloudCause::Tls { host, reason: "the server closed during the handshake".to_owned() }
    } else {
        CloudCause::Unreachable { host, reason }
    })
}

/// Certificates are renewed by robots and clocks are not, so one outside its dates points to the clock; unless the cloud's own
/// clock was heard before and agreed with ours.
fn tls_cause(error: &rustls::Error, host: String, clock_ahead_ms: Option<i64>) -> CloudCause {
    use rustls::CertificateError as Bad;
    const DAY_MS: i64 = 24 * 3600 * 1000;
    let clock_is_right = clock_ahead_ms.is_some_and(|ahead| ahead.abs() < DAY_MS);
    match error {
        rustls::Error::InvalidCertificate(
            Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. },
        ) if !clock_is_right => CloudCause::WrongClock { host },
        other => CloudCause::Tls { host, reason: masked(&other.to_string(), &[]) },
    }
}

/// An error and all below it, also what an `io::Error` carries, which it hides from `source`.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(carried) => Some(carried),
            None => error.source(),
        }
    })
}

fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref::<T>())
}

fn innermost<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    chain(error).last().unwrap_or(error)
}

fn hung_up(error: &(dyn StdError + 'static)) -> bool {
    use io::ErrorKind::{ConnectionReset, UnexpectedEof};
    error.downcast_ref::<io::Error>().is_some_and(|io| matches!(io.kind(), UnexpectedEof | ConnectionReset))
}

fn moved_to(
    server: &Server,
    request: &Request<'_>,
    response: &reqwest::Response,
) -> Result<Server, CloudCause> {
    let status = response.status().as_u16();
    let from = server.address(request.path, &[]);
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    match location.and_then(|location| from.join(location).ok()) {
        Some(location) => server.moved_to(&location),
        None => Err(CloudCause::Unexpected { status, said: "a redirect to nowhere".to_owned() }),
    }
}

fn cloud_time(value: &header::HeaderValue) -> Option<CloudTime> {
    let time = httpdate::parse_http_date(value.to_str().ok()?).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(CloudTime)
}

/// `Retry-After` in seconds, or as a date, which is compared with the cloud's own clock.
fn pause(value: &header::HeaderValue, at: Option<CloudTime>) -> Option<Duration> {
    if let Ok(seconds) = value.to_str().ok()?.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let (until, now) = (cloud_time(value)?, at?);
    Some(Duration::from_millis(u64::try_from(until.0 - now.0).unwrap_or(0)))
}

/// Makes a text of others fit to be shown: known secrets and whatever looks like a token are masked, control characters
/// are blanks, and it is short.
pub(crate) fn masked(text: &str, secrets: &[&Secret]) -> String {
    const TOKEN: usize = 20;
    const WORD: usize = 24;
    const SHOWN: usize = 200;
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret.expose(), "…");
    }
    let mut out = String::new();
    let mut run = String::new();
    for c in text.chars().chain(Some(' ')) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=' | '~' | '%') {
            run.push(c);
            continue;
        }
        // Long words are words; a long run with anything but small letters, or longer than words are, may be a token.
        let plain = run.len() < WORD && run.chars().all(|c| c.is_ascii_lowercase());
        out.push_str(if run.len() >= TOKEN && !plain { "…" } else { &run });
        run.clear();
        match c {
            c if c.is_control() || c.is_whitespace() => {
                if !out.ends_with(' ') && !out.is_empty() {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    let out = out.trim_end();
    match out.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &out[..end]),
        None => out.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_plain_http_only_to_this_computer() {
        for good in [
            "https://fra1.blynk.cloud",
            "https://dashboard.example.com:9443/",
            "blynk.cloud",
            "http://127.0.0.1:8080",
            "http://127.8.9.1",
            "http://[::1]:80/",
            "http://localhost:1",
            "HTTP://LOCALHOST",
        ] {
            assert!(Server::parse(good).is_ok(), "{good}");
        }
        for insecure in
            ["http://blynk.cloud", "http://192.168.0.2", "http://localhost.example.com", "http://0.0.0.0"]
        {
            assert!(matches!(Server::parse(insecure), Err(ServerError::Insecure { .. })), "{insecure}");
        }
        for bad in [
            "",
            "https://",
            "ftp://blynk.cloud",
            "https://a:b@blynk.cloud",
            "https://blynk.cloud/api",
            "https://blynk.cloud/?token=x",
            "https://bl ynk.cloud",
        ] {
            assert!(matches!(Server::parse(bad), Err(ServerError::NotAnAddress { .. })), "{bad}");
        }
    }

    #[test]
    fn the_host_is_named_without_scheme_and_port() {
        assert_eq!(Server::parse("https://fra1.blynk.cloud:9443").expect("valid").host(), "fra1.blynk.cloud");
        assert_eq!(Server::parse("http://[::1]:9").expect("valid").host(), "[::1]");
    }

    #[test]
    fn a_redirect_stays_in_the_registered_domain() {
        let follow = |from: &str, to: &str| {
            Server::parse(from)
                .expect("valid")
                .moved_to(&Url::parse(to).expect("valid"))
                .map(|s| s.to_string())
        };
        assert_eq!(
            follow("https://blynk.cloud", "https://ny3.blynk.cloud/api/v1/x?y=1"),
            Ok("https://ny3.blynk.cloud".to_owned())
        );
        assert!(follow("https://a.example.co.uk", "https://b.example.co.uk:9443/").is_ok());
        assert!(follow("http://127.0.0.1:1", "http://127.0.0.1:2/").is_ok());
        for (from, to) in [
            ("https://blynk.cloud", "https://blynk.cloud.evil.example/"),
            ("https://blynk.cloud", "https://evilblynk.cloud/"),
            ("https://blynk.cloud", "http://ny3.blynk.cloud/"),
            ("https://blynk.cloud", "https://user:pw@ny3.blynk.cloud/"),
            ("https://a.co.uk", "https://b.co.uk/"),
            ("https://a.github.io", "https://b.github.io/"),
            ("https://10.0.0.1", "https://10.0.0.2/"),
            ("http://127.0.0.1:1", "http://127.0.0.2:1/"),
            ("http://127.0.0.1:1", "https://blynk.cloud/"),
        ] {
            assert!(matches!(follow(from, to), Err(CloudCause::ForeignRedirect { .. })), "{from} {to}");
        }
    }

    #[test]
    fn whatever_looks_like_a_token_is_masked() {
        let token = "aB3-_aB3-_aB3-_aB3-_aB3-_aB3-_32";
        let shown = masked(&format!("Invalid token {token}, try\nagain"), &[]);
        assert_eq!(shown, "Invalid token …, try again");
        let secret = Secret::new("short-one");
        assert_eq!(masked("client short-one is off", &[&secret]), "client … is off");
        assert!(masked(&format!("{}{token}", "word ".repeat(39)), &[]).ends_with('…'));
        assert!(!masked(&format!("{}{token}", "word ".repeat(39)), &[]).contains("aB3"));
        assert!(masked(&"long ".repeat(100), &[]).chars().count() <= 201);
    }

    proptest::proptest! {
        #[test]
        fn a_token_is_masked_wherever_it_stands(
            before in ".{0,300}",
            token in "[A-Za-z0-9_-]{32}",
            after in ".{0,300}",
            secret in "[!-~]{4,12}",
        ) {
            let shown = masked(&format!("{before}{token}{after}"), &[]);
            proptest::prop_assert!(!shown.contains(&token) && !shown.contains(&token[..20]), "{shown}");
            proptest::prop_assert!(shown.chars().count() <= 201 && !shown.chars().any(char::is_control));
            let known = Secret::new(secret.clone());
            let shown = masked(&format!("{before}{secret}{after}{secret}"), &[&known]);
            proptest::prop_assert!(!shown.contains(&secret), "{shown}");
        }

        #[test]
        fn no_answer_makes_the_reader_stumble(body in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let shown = crate::blynk::said(&body, &[]);
            proptest::prop_assert!(!shown.is_empty() && shown.chars().count() <= 201);
        }
    }

    #[test]
    fn a_certificate_outside_its_dates_means_a_wrong_clock() {
        use rustls::CertificateError as Bad;
        let wrap =
            |bad: Bad| io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(bad));
        for (bad, wrong_clock) in
            [(Bad::Expired, true), (Bad::NotValidYet, true), (Bad::UnknownIssuer, false)]
        {
            let error = wrap(bad);
            let tls = find::<rustls::Error>(&error).expect("an io::Error shows what it carries");
            let means_clock =
                |ahead| matches!(tls_cause(tls, "h".to_owned(), ahead), CloudCause::WrongClock { .. });
            assert_eq!(means_clock(None), wrong_clock, "{tls}");
            assert_eq!(means_clock(Some(-900_000_000)), wrong_clock, "{tls}");
            assert!(!means_clock(Some(2000)), "the cloud's clock agrees with ours: {tls}");
        }
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let at = Some(CloudTime(1_445_412_480_000)); // Wed, 21 Oct 2015 07:28:00 GMT, the example of RFC 9110
        let value = header::HeaderValue::from_static;
        assert_eq!(pause(&value("120"), None), Some(Duration::from_secs(120)));
        assert_eq!(pause(&value("Wed, 21 Oct 2015 07:28:07 GMT"), at), Some(Duration::from_secs(7)));
        assert_eq!(pause(&value("Wed, 21 Oct 2015 07:27:07 GMT"), at), Some(Duration::ZERO));
        assert_eq!(pause(&value("soon"), at), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_limiter_stays_below_its_allowance_in_any_minute() {
        let limiter = Limiter::per_minute(600);
        let start = tokio::time::Instant::now();
        let mut turns = 0;
        while start.elapsed() < Duration::from_secs(60) {
            limiter.turn().await;
            turns += 1;
        }
        assert!((500..=601).contains(&turns), "{turns}");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_429_all_who_share_the_limiter_pause() {
        let limiter = Limiter::default();
        limiter.clone().pause(Duration::from_secs(5));
        let start = tokio::time::Instant::now();
        limiter.turn().await;
        assert!(start.elapsed() >= Duration::from_secs(5));
    }
}
