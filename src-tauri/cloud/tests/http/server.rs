//! A small HTTP server that misbehaves on order. Written from bytes, so that it can send what no HTTP library would.
//!
//! What a well-behaved cloud says is the simulator's business; here is only how answers break.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub head: String,
    pub body: String,
}

impl Asked {
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub enum Act {
    /// Status, further header lines, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// These bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// Closes without a word.
    Close,
    /// Never answers.
    Silence,
}

pub fn json(body: &str) -> Act {
    Act::Answer(200, vec![], body.to_owned())
}

pub fn status(status: u16) -> Act {
    Act::Answer(status, vec![], format!(r#"{{"error":{{"message":"status {status}"}}}}"#))
}

pub fn token() -> Act {
    json(
        r#"{"access_token":"access-canary-0123456789","token_type":"Bearer","expires_in":86400,"refresh_token":null}"#,
    )
}

pub struct Server {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// `act` gets the request and how many of the same path came before it.
    pub async fn start(act: impl Fn(&Asked, usize) -> Act + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let address = listener.local_addr().expect("bound").to_string();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let act = Arc::new(act);
        let seen = asked.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accept");
                tokio::spawn(talk(stream, act.clone(), seen.clone()));
            }
        });
        Server { address, asked, task }
    }

    /// Answers the sign-in well, and everything else by `act`.
    pub async fn signed_in(act: impl Fn(&Asked, usize) -> Act + Send + Sync + 'static) -> Server {
        Server::start(move |asked, n| if asked.path() == "/oauth2/token" { token() } else { act(asked, n) })
            .await
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("not poisoned").clone()
    }

    pub fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path() == path).count()
    }
}

async fn talk(
    mut stream: TcpStream,
    act: Arc<impl Fn(&Asked, usize) -> Act>,
    seen: Arc<Mutex<Vec<Asked>>>,
) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let mut words = head.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut asked = Asked { method, target, head, body: String::new() };
        let length: usize =
            asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while buffer.len() < end + length {
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        }
        asked.body = String::from_utf8_lossy(&buffer[end..end + length]).into_owned();
        buffer.drain(..end + length);
        let before = {
            let mut seen = seen.lock().expect("not poisoned");
            let before = seen.iter().filter(|other| other.path() == asked.path()).count();
            seen.push(asked.clone());
            before
        };
        match act(&asked, before) {
            Act::Answer(status, headers, body) => {
                let mut text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers {
                    write!(text, "{name}: {value}\r\n").expect("a string takes it");
                }
                stream.write_all(format!("{text}\r\n{body}").as_bytes()).await.ok()?;
            }
            Act::Bytes(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                stream.shutdown().await.ok()?;
                return None;
            }
            Act::Close => return None,
            Act::Silence => std::future::pending().await,
        }
    }
}
