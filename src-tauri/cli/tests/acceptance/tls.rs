//! What goes wrong in a handshake is told apart with real handshakes: the program against servers on loopback, with the
//! trust that the system's own variable gives it.

use crate::house::{Ended, program, run};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// An authority that the program is told to trust.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: tempfile::NamedTempFile,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(issuer.pem().as_bytes()).expect("it takes bytes");
        Authority { issuer, file }
    }

    fn certificate(&self, params: CertificateParams) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.issuer).expect("a certificate");
        (signed.der().clone(), key)
    }
}

fn named(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).expect("a name")
}

/// Serves one connection after another with this certificate: after the handshake, "who are you?" to whatever is asked.
fn serve(certificate: CertificateDer<'static>, key: &KeyPair) -> u16 {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("usual versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key fits");
    let config = Arc::new(config);
    listen(move |mut stream| {
        let mut session = rustls::ServerConnection::new(config.clone()).expect("a session");
        let mut tls = rustls::Stream::new(&mut session, &mut stream);
        // A client that turns away has learned what it wanted.
        let _ = tls.read(&mut [0; 4096]).and_then(|_| tls.write_all(UNAUTHORIZED));
        session.send_close_notify();
        let _ = session.complete_io(&mut stream);
    })
}

const UNAUTHORIZED: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

fn listen(answer: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback listens");
    let port = listener.local_addr().expect("it has one").port();
    // Ends with the test's process.
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
    port
}

fn asked(server: &str, authority: &Authority) -> Ended {
    let state = tempfile::tempdir().expect("a temporary folder");
    let mut command = program(["reconfigure", "--device-id", "1", "--json", "--server", server]);
    command
        .env("FIRSTLIGHT_STATE", state.path())
        .env("FIRSTLIGHT_BEARER", "canary-bearer-41")
        .env("SSL_CERT_FILE", authority.file.path())
        .env_remove("SSL_CERT_DIR");
    run(&mut command)
}

/// The code of the fault in the program's one line.
fn code(server: &str, authority: &Authority) -> String {
    let ended = asked(server, authority);
    assert_eq!(ended.status, Some(1), "{server}: {}{}", ended.stdout, ended.stderr);
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("canary"), "a secret is in sight");
    let fault = &ended.of("reconfigured")[0]["fault"];
    assert!(fault["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{fault}");
    fault["code"].as_str().expect("a code").to_owned()
}

fn secure(port: u16) -> String {
    format!("https://localhost:{port}")
}

#[test]
fn a_certificate_of_a_trusted_authority_is_accepted() {
    let authority = Authority::new();
    let (certificate, key) = authority.certificate(named("localhost"));
    // The server does not know us, which it can only say after the handshake.
    assert_eq!(code(&secure(serve(certificate, &key)), &authority), "cloud.sign_in");
}

#[test]
fn certificates_that_prove_nothing_are_told_as_such() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let (certificate, key) = stranger.certificate(named("localhost"));
    assert_eq!(code(&secure(serve(certificate, &key)), &authority), "cloud.tls", "an unknown authority");

    let key = KeyPair::generate().expect("a key");
    let alone = named("localhost").self_signed(&key).expect("a certificate");
    assert_eq!(code(&secure(serve(alone.der().clone(), &key)), &authority), "cloud.tls", "signed by itself");

    let (certificate, key) = authority.certificate(named("elsewhere.example"));
    assert_eq!(code(&secure(serve(certificate, &key)), &authority), "cloud.tls", "another server's");
}

#[test]
fn certificates_outside_their_dates_point_at_the_clock() {
    let authority = Authority::new();
    for (from, until) in [(2000, 2001), (2900, 2901)] {
        let mut params = named("localhost");
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let (certificate, key) = authority.certificate(params);
        assert_eq!(code(&secure(serve(certificate, &key)), &authority), "cloud.wrong_clock", "{from}");
    }
}

#[test]
fn what_does_not_speak_the_same_is_told_apart() {
    let authority = Authority::new();
    let plain = listen(|mut stream| {
        let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(UNAUTHORIZED));
    });
    assert_eq!(code(&secure(plain), &authority), "cloud.tls", "plain http on a port for TLS");

    let silent = listen(drop);
    assert_eq!(code(&secure(silent), &authority), "cloud.tls", "it hangs up in the handshake");

    let (certificate, key) = authority.certificate(named("localhost"));
    let port = serve(certificate, &key);
    let code = code(&format!("http://localhost:{port}"), &authority);
    assert!(
        matches!(code.as_str(), "cloud.unreachable" | "cloud.not_understood"),
        "TLS on a port for http: {code}"
    );
}
