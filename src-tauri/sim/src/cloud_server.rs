//! The simulated cloud over HTTP, in the wire format of the cloud reference, for real clients on loopback.
//!
//! Here are paths, parameters, shapes and mishaps of the wire; what the cloud knows and decides is in `cloud.rs`.
//! Not here: TLS (a practice cloud is reached over plain loopback only).

use crate::cloud::{
    CLIENT_ID, CLIENT_SECRET, Call, CloudDevice, CloudState, Hardware, Login, Org, Person, Refused, Weather,
};
use crate::trouble::Mishap;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use axum::{Router, extract::connect_info::Connected};
use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Size of the answer that `huge` gives.
const HUGE: usize = 64 << 20;
/// Largest request body that is read.
const REQUEST_LIMIT: usize = 1 << 20;

/// A practice cloud that listens. Dropping it ends it.
#[derive(Debug)]
pub struct CloudServer {
    url: String,
    state: CloudState,
    task: tokio::task::JoinHandle<()>,
}

impl CloudServer {
    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn state(&self) -> &CloudState {
        &self.state
    }

    pub fn client_id(&self) -> &'static str {
        CLIENT_ID
    }

    pub fn client_secret(&self) -> &'static str {
        CLIENT_SECRET
    }

    /// Serves until the process ends or the server is dropped elsewhere.
    pub async fn run(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for CloudServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves this state at `listen` (`127.0.0.1:0` picks a port). The state's host name becomes that of the address.
pub async fn serve(state: CloudState, listen: &str) -> io::Result<CloudServer> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    state.set_host(&address.ip().to_string());
    let app = Router::new().fallback(answer).with_state(state.clone());
    let service = app.into_make_service_with_connect_info::<Fate>();
    let task = tokio::spawn(async move {
        // Serving ends only with its task.
        let _ = axum::serve(Wires(listener), service).await;
    });
    Ok(CloudServer { url: format!("http://{address}"), state, task })
}

// ---- connections that can be made to break

struct Wires(TcpListener);

/// A connection whose answer can be lost.
struct Wire {
    stream: TcpStream,
    fate: Fate,
}

/// What shall become of a connection.
#[derive(Debug, Clone, Default)]
struct Fate(Arc<AtomicBool>);

impl Fate {
    /// From now on nothing is sent any more: the peer sees the connection end.
    fn lose(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_lost(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Connected<IncomingStream<'_, Wires>> for Fate {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Fate {
        stream.io().fate.clone()
    }
}

impl Listener for Wires {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) => {
                    // An answer that waits for more to come would only look like a slow cloud.
                    let _ = stream.set_nodelay(true);
                    return (Wire { stream, fate: Fate::default() }, address);
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.fate.is_lost() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

// ---- one request

/// A request as this cloud reads it.
struct Asked {
    query: HashMap<String, String>,
    headers: HeaderMap,
    body: Value,
}

/// An answer before any mishap.
struct Said {
    status: u16,
    body: Option<Value>,
    /// Plain text instead of JSON.
    text: Option<String>,
}

fn said(body: Value) -> Said {
    Said { status: 200, body: Some(body), text: None }
}

fn done() -> Said {
    Said { status: 204, body: None, text: None }
}

fn sorry(status: u16, message: &str) -> Said {
    Said { status, body: Some(json!({ "error": { "message": message } })), text: None }
}

async fn answer(
    State(state): State<CloudState>,
    ConnectInfo(fate): ConnectInfo<Fate>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let bytes = axum::body::to_bytes(body, REQUEST_LIMIT).await.unwrap_or_default();
    let asked = Asked {
        query: query(parts.uri.query().unwrap_or("")),
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    };
    if path == "/practice/disconnect" {
        // Ours: how a simulated device over HTTP ends its live connection.
        state.log_out(asked.query.get("token").map_or("", String::as_str));
        return plain(&state, done());
    }
    let Some(call) = call_of(&parts.method, &path) else {
        return plain(&state, sorry(404, "No such call."));
    };
    let weather = state.weather(call);
    if !weather.slow.is_zero() {
        tokio::time::sleep(weather.slow).await;
    }
    if let Some(early) = before(&state, call, &asked, &weather, &parts.uri) {
        return early;
    }
    let said = perform(&state, call, &asked);
    after(&state, said, &weather, &fate)
}

/// What is answered without looking at the request's content.
fn before(
    state: &CloudState,
    call: Call,
    asked: &Asked,
    weather: &Weather,
    uri: &axum::http::Uri,
) -> Option<Response> {
    match weather.mishap {
        Some(Mishap::WrongRegion) => {
            let base = weather.redirect_to.as_deref().unwrap_or("https://elsewhere.test");
            let target = uri.path_and_query().map_or("/", |target| target.as_str());
            let mut response = plain(state, Said { status: 308, body: None, text: None });
            if let Ok(value) = format!("{base}{target}").parse() {
                response.headers_mut().insert(header::LOCATION, value);
            }
            return Some(response);
        }
        Some(Mishap::Status(status)) => {
            let mut response = plain(state, sorry(status, "Made to happen by a knob of the practice cloud."));
            if let (429, Some(seconds)) = (status, weather.retry_after) {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            return Some(response);
        }
        _ => {}
    }
    if !call.is_platform() {
        return None;
    }
    let bearer = asked
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if !bearer.is_some_and(|token| state.is_signed_in(token)) {
        return Some(plain(state, sorry(401, "Unauthorized.")));
    }
    if weather.scope_off {
        return Some(plain(state, sorry(403, "API scope is disabled for this OAuth client.")));
    }
    None
}

/// The answer, or what the mishap makes of it.
fn after(state: &CloudState, said: Said, weather: &Weather, fate: &Fate) -> Response {
    match weather.mishap {
        Some(Mishap::Lost) => {
            fate.lose();
            plain(state, said)
        }
        Some(Mishap::Cut) => {
            let text =
                said.body.map(|body| body.to_string()).or(said.text).unwrap_or_else(|| "{}".to_owned());
            let half = text[..text.len() / 2].to_owned();
            let (whole, fate) = (text.len(), fate.clone());
            let pieces =
                futures::stream::once(async move { Ok(half) }).chain(futures::stream::once(async move {
                    // The half must be on its way before the connection breaks.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    fate.lose();
                    Err(io::Error::from(io::ErrorKind::ConnectionAborted))
                }));
            let mut response = dated(state, said.status, Body::from_stream(pieces));
            response.headers_mut().insert(header::CONTENT_LENGTH, whole.into());
            response
        }
        Some(Mishap::Huge) => {
            const PIECE: &str =
                "                                                                                ";
            let piece = PIECE.repeat(800);
            let count = HUGE / piece.len();
            let pieces = futures::stream::iter((0..count).map(move |_| Ok::<_, io::Error>(piece.clone())));
            dated(state, said.status, Body::from_stream(pieces))
        }
        Some(Mishap::NotJson) => {
            let mut response = dated(
                state,
                said.status,
                Body::from("<!DOCTYPE html><html><body><h1>Sign in to the guest network</h1></body></html>"),
            );
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html; charset=utf-8"));
            response
        }
        Some(Mishap::GatewayAfter) => plain(state, sorry(502, "Bad gateway.")),
        _ => plain(state, said),
    }
}

fn plain(state: &CloudState, said: Said) -> Response {
    let body = match (&said.body, &said.text) {
        (Some(body), _) => Body::from(body.to_string()),
        (None, Some(text)) => Body::from(text.clone()),
        (None, None) => Body::empty(),
    };
    let mut response = dated(state, said.status, body);
    if said.body.is_none() {
        let kind = header::HeaderValue::from_static("text/plain;charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// With the cloud's own clock in `Date`.
fn dated(state: &CloudState, status: u16, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    if let Ok(date) = http_date(state.now()).parse() {
        headers.insert(header::DATE, date);
    }
    response
}

fn call_of(method: &Method, path: &str) -> Option<Call> {
    const API: &str = "/api/v1/organization";
    if let Some(rest) = path.strip_prefix(API) {
        return Some(match (method.as_str(), rest) {
            ("POST", "/device/provision/token") => Call::Reserve,
            ("POST", "/device/provision/reprovision/token") => Call::Renew,
            ("POST", "/device/provision/reconfigure") => Call::Reconfigure,
            ("GET", "/device") => Call::Device,
            ("GET", "/device/baseInfo") => Call::BaseInfo,
            ("GET", "/device/online") => Call::Online,
            ("GET", "/device/last-activated") => Call::LastActivated,
            ("GET", "/devices") => Call::Devices,
            ("GET", "/search/devices") => Call::SearchDevices,
            ("GET", "/profile") => Call::Profile,
            ("GET", "/user/profile") => Call::UserProfile,
            ("GET", "") => Call::Organization,
            ("GET", "/sub-organizations") => Call::SubOrganizations,
            ("GET", "/search") => Call::SearchOrganizations,
            ("GET", "/users") => Call::Users,
            ("GET", "/search/users") => Call::SearchUsers,
            ("GET", "/user") => Call::User,
            ("GET", "/templates") => Call::Templates,
            ("GET", "/template") => Call::Template,
            ("GET", "/template/metafields") => Call::TemplateFields,
            ("GET", "/device/metafield") => Call::DeviceFields,
            ("POST", "/device/metafield") => Call::WriteField,
            ("PUT", "/device") => Call::Rename,
            ("DELETE", "/device") => Call::Delete,
            _ => return None,
        });
    }
    match (method.as_str(), path) {
        ("POST", "/oauth2/token") => Some(Call::SignIn),
        ("GET", "/external/api/provision") => Some(Call::CheckIn),
        ("GET", "/external/api/isHardwareConnected") => Some(Call::HardwareConnected),
        _ => None,
    }
}

fn perform(state: &CloudState, call: Call, asked: &Asked) -> Said {
    carry_out(state, call, asked).unwrap_or_else(|refused| sorry(refused.status, &refused.message))
}

fn carry_out(state: &CloudState, call: Call, asked: &Asked) -> Result<Said, Refused> {
    Ok(match call {
        Call::SignIn => sign_in(state, asked),
        Call::Reserve => {
            let issued = state.reserve(asked.body_id("orgId")?, asked.body_long("ownerId")?)?;
            said(json!({ "token": issued.token, "deviceId": issued.device }))
        }
        Call::Renew => {
            let issued = state.renew(asked.body_id("deviceId")?)?;
            said(json!({ "token": issued.token, "deviceId": issued.device }))
        }
        Call::Reconfigure => match state.reconfigure(asked.body_id("deviceId")?)? {
            Some(offline) => said(json!({ "deviceIsOffline": offline })),
            None => said(json!({})),
        },
        Call::Device => {
            let id = asked.id("deviceId")?;
            let device = state.shown(id)?;
            let mut object = with_times(&device);
            object["dataStreamValues"] = json!([]);
            object["metaFieldValues"] = state
                .fields_of(id)?
                .into_iter()
                .map(|(id, name, value)| json!({ "id": id, "name": name, "value": { "type": "Text", "value": value } }))
                .collect();
            said(object)
        }
        Call::BaseInfo => said(with_times(&state.shown(asked.id("deviceId")?)?)),
        Call::Online => said(json!({ "connected": state.shown(asked.id("deviceId")?)?.connected })),
        Call::Devices => {
            let org = asked.optional_id("orgId")?.unwrap_or(crate::cloud::ORG);
            let rows = state.devices_of(org, asked.flag("includeSubOrgDevices"))?;
            asked.page(rows.iter().map(row).collect())
        }
        Call::SearchDevices => {
            let rows = state.devices_of(crate::cloud::ORG, true)?;
            asked.page(rows.iter().filter(|device| asked.finds(&device.name)).map(row).collect())
        }
        Call::LastActivated => {
            let minutes = asked.optional_id("minutes")?.unwrap_or(5);
            if !(1..=60).contains(&minutes) {
                return Ok(sorry(400, "minutes must be 1 to 60."));
            }
            let org = asked.optional_id("orgId")?.unwrap_or(crate::cloud::ORG);
            let rows = state.activated_within(org, minutes.unsigned_abs())?;
            said(
                rows.iter()
                    .map(|device| {
                        json!({
                            "id": device.id, "templateId": device.template, "orgId": device.org,
                            "ownerUserId": device.owner, "activationTime": device.activated_at,
                        })
                    })
                    .collect(),
            )
        }
        Call::Profile => said(organization(&find_org(state, crate::cloud::ORG)?)),
        Call::UserProfile => sorry(403, "Not available for client credentials."),
        Call::Organization => said(organization(&find_org(state, asked.id("orgId")?)?)),
        Call::SubOrganizations => {
            let parent = asked.optional_id("orgId")?.unwrap_or(crate::cloud::ORG);
            let rows = state.organizations();
            asked.page(rows.iter().filter(|org| org.parent == Some(parent)).map(organization).collect())
        }
        Call::SearchOrganizations => {
            let rows = state.organizations();
            asked.page(rows.iter().filter(|org| asked.finds(&org.name)).map(organization).collect())
        }
        Call::Users => {
            let rows = state.people();
            let all = asked.flag("includeSubOrgUsers");
            asked.page(rows.iter().filter(|user| all || user.org == crate::cloud::ORG).map(person).collect())
        }
        Call::SearchUsers => {
            let rows = state.people();
            let found = |user: &&Person| asked.finds(&user.name) || asked.finds(&user.email);
            asked.page(rows.iter().filter(found).map(person).collect())
        }
        Call::User => {
            let id = asked.query.get("userId").and_then(|id| id.parse::<i64>().ok());
            match state.people().into_iter().find(|user| Some(user.id) == id) {
                Some(user) => {
                    let mut object = person(&user);
                    object["status"] = json!(if user.active { "Active" } else { "Pending" });
                    said(object)
                }
                None => sorry(404, "User not found."),
            }
        }
        Call::Templates => {
            let org = asked.optional_id("orgId")?.unwrap_or(crate::cloud::ORG);
            let rows = state.templates_of(org)?;
            asked.page(
                rows.iter()
                    .map(|row| {
                        json!({
                            "id": row.id, "templateIds": row.texts, "parentId": 0,
                            "orgId": row.org, "name": row.name,
                        })
                    })
                    .collect(),
            )
        }
        Call::Template => {
            let row = state.template(asked.id("templateId")?)?;
            said(json!({
                "id": row.id, "templateIds": row.texts, "parentId": 0, "orgId": row.org, "name": row.name,
                "boardType": "ESP32", "connectionType": "WI_FI", "description": "", "logoUrl": "",
            }))
        }
        Call::TemplateFields => {
            let row = state.template(asked.id("templateId")?)?;
            let fields = row.fields.iter().map(|(id, name, kind)| {
                json!({ "id": id, "name": name, "type": kind, "description": "", "hint": "", "icon": "" })
            });
            said(fields.collect())
        }
        Call::DeviceFields => {
            let fields = state.fields_of(asked.id("deviceId")?)?;
            said(
                fields
                    .into_iter()
                    .map(|(id, name, value)| json!({ "id": id, "name": name, "value": value }))
                    .collect(),
            )
        }
        Call::WriteField => {
            let value = match &asked.body["newValue"] {
                Value::String(text) => text.clone(),
                Value::Null => return Ok(sorry(400, "newValue is missing.")),
                other => other.to_string(),
            };
            state.write_field(asked.body_id("deviceId")?, asked.body_id("metaFieldId")?, &value)?;
            done()
        }
        Call::Rename => {
            let id = asked.id("deviceId")?;
            state.rename(id, asked.body["name"].as_str().unwrap_or(""))?;
            said(row(&state.shown(id)?))
        }
        Call::Delete => {
            state.delete(asked.id("deviceId")?)?;
            done()
        }
        Call::CheckIn => {
            let text = |name: &str| asked.query.get(name).cloned();
            let hardware = Hardware {
                template: text("templateId").unwrap_or_default(),
                version: text("ver").unwrap_or_default(),
                fw_type: text("fwType").unwrap_or_default(),
                build: text("build").unwrap_or_default(),
                board: text("boType").unwrap_or_default(),
                library: text("blVer").unwrap_or_default(),
                // Ours: what a device writes as metadata after its first connection.
                hotspot_name: text("hotspotName"),
                uid: text("deviceUid"),
            };
            let token = text("token").unwrap_or_default();
            match state.log_in(&token, hardware, asked.query.get("hardware").map(String::as_str)) {
                Login::Accepted { .. } => Said { status: 200, body: None, text: None },
                Login::Refused => sorry(400, "Invalid token."),
            }
        }
        Call::HardwareConnected => {
            match state.is_hardware_connected(asked.query.get("token").map_or("", String::as_str)) {
                Some(connected) => Said { status: 200, body: None, text: Some(connected.to_string()) },
                None => sorry(400, "Invalid token."),
            }
        }
    })
}

/// Sections 4 of the reference: parameters in the query, client in a Basic header, errors in the shape of RFC 6749.
fn sign_in(state: &CloudState, asked: &Asked) -> Said {
    let error = |word: &str, text: &str| Said {
        status: 400,
        body: Some(json!({ "error": word, "error_description": text })),
        text: None,
    };
    let basic = asked
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(base64)
        .and_then(|bytes| String::from_utf8(bytes).ok());
    if basic.as_deref() != Some(&format!("{CLIENT_ID}:{CLIENT_SECRET}")) {
        return error("invalid_client", "Client authentication failed.");
    }
    match asked.query.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some("refresh_token") => {
            let token = asked.query.get("refresh_token").map_or("", String::as_str);
            if !state.spend_refresh(token) {
                return error("invalid_grant", "The refresh token is not known or was used already.");
            }
        }
        // Its parameter names are not public, so nobody could have the right ones.
        Some("user_credentials") => return error("invalid_request", "User name and password are missing."),
        Some(_) => return error("unsupported_grant_type", "This grant is not supported."),
        None => return error("invalid_request", "grant_type is missing."),
    }
    let (access, refresh, life) = state.sign_in();
    said(json!({
        "access_token": access, "token_type": "Bearer", "expires_in": life, "refresh_token": refresh,
    }))
}

impl Asked {
    fn bad<T>(name: &str) -> Result<T, Refused> {
        Err(Refused { status: 400, message: format!("{name} is missing or not valid.") })
    }

    fn optional_id(&self, name: &str) -> Result<Option<i32>, Refused> {
        match self.query.get(name) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).or_else(|_| Asked::bad(name)),
        }
    }

    fn id(&self, name: &str) -> Result<i32, Refused> {
        self.optional_id(name)?.map_or_else(|| Asked::bad(name), Ok)
    }

    fn body_long(&self, name: &str) -> Result<i64, Refused> {
        self.body[name].as_i64().map_or_else(|| Asked::bad(name), Ok)
    }

    fn body_id(&self, name: &str) -> Result<i32, Refused> {
        self.body[name].as_i64().and_then(|id| i32::try_from(id).ok()).map_or_else(|| Asked::bad(name), Ok)
    }

    fn flag(&self, name: &str) -> bool {
        self.query.get(name).is_some_and(|value| value == "true")
    }

    fn finds(&self, text: &str) -> bool {
        let query = self.query.get("query").map(|query| query.to_lowercase()).unwrap_or_default();
        text.to_lowercase().contains(&query)
    }

    /// `page` from 0, `size` 1 to 1000, 50 unless told.
    fn page(&self, rows: Vec<Value>) -> Said {
        let number = |name: &str, default: usize| match self.query.get(name) {
            None => Some(default),
            Some(text) => text.parse().ok(),
        };
        let (Some(page), Some(size @ 1..=1000)) = (number("page", 0), number("size", 50)) else {
            return sorry(400, "page or size is not valid.");
        };
        let total = rows.len();
        let content: Vec<Value> = rows.into_iter().skip(page.saturating_mul(size)).take(size).collect();
        said(json!({ "content": content, "totalElements": total }))
    }
}

fn row(device: &CloudDevice) -> Value {
    let mut object = json!({
        "id": device.id, "name": device.name, "templateId": device.template, "originalTemplateId": device.template,
        "orgId": device.org, "token": device.token(), "activatedAt": device.activated_at,
        "ownerUserId": device.owner,
    });
    if let Some(hardware) = &device.hardware {
        object["hardwareInfo"] = json!({
            "version": hardware.version, "fwType": hardware.fw_type, "blynkVersion": hardware.library,
            "boardType": hardware.board, "build": hardware.build, "templateId": hardware.template,
        });
    }
    object
}

fn with_times(device: &CloudDevice) -> Value {
    let mut object = row(device);
    object["firstConnectTime"] = device.first_connect.into();
    object["connectTime"] = device.last_connect.into();
    object["disconnectTime"] = device.last_disconnect.into();
    object["firmwareUpdatedAt"] = 0.into();
    object["lastReceivedEventAt"] = device.last_connect.into();
    object["lifecycleStatus"] = json!({
        "eventId": 1, "name": if device.connected { "Online" } else { "Offline" }, "color": "23C48E", "icon": "wifi",
    });
    object["ip"] = json!("203.0.113.7");
    object["isLocked"] = json!(false);
    object
}

fn organization(org: &Org) -> Value {
    json!({
        "id": org.id, "name": org.name, "parentOrganizationId": org.parent.unwrap_or(-1), "tz": "UTC",
        "unitSystem": "Metric", "address": "", "lastModifiedTs": 0,
    })
}

fn find_org(state: &CloudState, id: i32) -> Result<Org, Refused> {
    state.organizations().into_iter().find(|org| org.id == id).ok_or_else(|| Refused {
        status: 404,
        message: "Organization not found or you have no access to it.".to_owned(),
    })
}

fn person(person: &Person) -> Value {
    json!({
        "id": person.id, "name": person.name, "email": person.email, "roleId": person.role, "orgId": person.org,
        "isDev": false,
    })
}

// ---- small readings and writings

/// Parameters of a query string, percent-decoded.
fn query(text: &str) -> HashMap<String, String> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(name), percent_decoded(value))
        })
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
                if let (Some(high), Some(low)) = (digit(), digit()) {
                    out.push((high << 4 | low) as u8);
                }
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` of milliseconds since the Unix epoch.
fn http_date(ms: i64) -> String {
    let seconds = ms.div_euclid(1000);
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days to a civil date, with years that begin in March so that the leap day comes last.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        DAYS[days.rem_euclid(7) as usize],
        MONTHS[(month - 1) as usize],
        time / 3600,
        time / 60 % 60,
        time % 60
    )
}

#[cfg(test)]
mod tests {
    use super::{base64, http_date, percent_decoded};

    #[test]
    fn dates_are_written_as_http_wants_them() {
        // The example of RFC 9110, section 5.6.7.
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(1_709_164_800_999), "Thu, 29 Feb 2024 00:00:00 GMT");
    }

    #[test]
    fn basic_credentials_and_queries_are_decoded() {
        // The example of RFC 7617, section 2.
        assert_eq!(
            base64("QWxhZGRpbjpvcGVuIHNlc2FtZQ==").as_deref(),
            Some(b"Aladdin:open sesame".as_slice())
        );
        assert_eq!(base64("*"), None);
        assert_eq!(percent_decoded("a%20b+c%C3%B6"), "a b cö");
    }
}
