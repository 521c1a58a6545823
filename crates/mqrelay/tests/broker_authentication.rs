//! Authentication of the relay and of the broker: passwords, credentials, TLS.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use fixture::operator::Operator;
use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::{TempDirectory, eventually, new_queue, queue_name};
use posix_mqueue::OwnedQueue;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

mod fixture;

/// Creates a queue, and a relay for it that is not running yet.
fn relay_with_server_lines(server: &Server, lines: &str) -> (Relay, OwnedQueue) {
    let from = new_queue();
    let relay =
        Relay::new(&[server.url()], &format!("[out.jobs]\nqueue = {:?}\n", queue_name(&from)));
    // The table [server] is the last one of the file.
    let text = fs::read_to_string(relay.config()).unwrap();
    fs::write(relay.config(), text + lines).unwrap();
    (relay, from)
}

async fn assert_relays(relay: &mut Relay, from: &OwnedQueue) {
    relay.run();
    from.send(b"hello", 0).unwrap();
    relay.wait_for_metric("published_messages_total", "out.jobs", 1).await;
}

async fn assert_connection_refused(relay: &mut Relay, expected: &str) {
    relay.run();
    relay.wait_for_log("cannot connect").await;
    eventually(expected, async || {
        relay
            .get("/healthz")
            .await
            .is_some_and(|(status, body)| status == "503" && body.to_lowercase().contains(expected))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn password_is_accepted_and_never_shown() {
    if !server::is_available() {
        return;
    }
    let server = Server::start_with(&["--user", "me", "--pass", "sesame-4711"]).await;
    let directory = TempDirectory::new();
    let secret = directory.path().join("secret");
    fs::write(&secret, "sesame-4711\n").unwrap();

    let (mut by_file, from) =
        relay_with_server_lines(&server, &format!("user = \"me\"\npassword_file = {secret:?}\n"));
    assert_relays(&mut by_file, &from).await;

    let (relay, from) = relay_with_server_lines(&server, "");
    let mut by_environment =
        relay.with_wrapper(&["env", "MQRELAY_USER=me", "MQRELAY_PASSWORD=sesame-4711"]);
    assert_relays(&mut by_environment, &from).await;

    for relay in [&mut by_file, &mut by_environment] {
        let line = fs::read_to_string(format!("/proc/{}/cmdline", relay.pid())).unwrap();
        assert!(line.contains("mqrelay") && !line.contains("sesame"), "{line}");
        assert!(relay.terminate().await.success());
        assert!(!relay.log().contains("sesame"), "{}", relay.log());
    }

    fs::write(&secret, "wrong-4711\n").unwrap();
    let (mut relay, _from) =
        relay_with_server_lines(&server, &format!("user = \"me\"\npassword_file = {secret:?}\n"));
    assert_connection_refused(&mut relay, "authorization").await;
    assert!(!relay.log().contains("wrong-4711"));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_file_signs_the_server_nonce() {
    if !server::is_available() {
        return;
    }
    let directory = TempDirectory::new();
    let (operator, stranger) = (Operator::new(), Operator::new());
    let config = directory.path().join("server.conf");
    fs::write(&config, &operator.server_config).unwrap();
    let server = Server::start_with(&["--config", config.to_str().unwrap()]).await;
    let credentials = directory.path().join("user.creds");
    let lines = format!("credentials = {credentials:?}\n");

    fs::write(&credentials, &stranger.credentials).unwrap();
    let (mut relay, from) = relay_with_server_lines(&server, &lines);
    assert_connection_refused(&mut relay, "authorization").await;

    // The relay reads the file again at each attempt.
    fs::write(&credentials, &operator.credentials).unwrap();
    from.send(b"hello", 0).unwrap();
    relay.wait_for_metric("published_messages_total", "out.jobs", 1).await;
    assert!(relay.terminate().await.success());
    let secrets = operator.credentials.lines().filter(|line| line.len() > 50);
    assert!(secrets.clone().count() == 2);
    secrets.for_each(|secret| assert!(!relay.log().contains(secret), "{}", relay.log()));
}

/// Creates a certificate authority and a certificate for loopback, with its key, as PEM files.
fn write_certificates(directory: &Path, name: &str) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let ca = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let write = |kind, text: String| fs::write(directory.join(format!("{name}.{kind}")), text);
    write("ca", ca.pem()).unwrap();
    write("pem", certificate.pem()).unwrap();
    write("key", key.serialize_pem()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_requires_a_trusted_server_certificate() {
    if !server::is_available() {
        return;
    }
    let directory = TempDirectory::new();
    write_certificates(directory.path(), "ours");
    write_certificates(directory.path(), "theirs");
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (ca, pem, key) = (path("ours.ca"), path("ours.pem"), path("ours.key"));
    let arguments = ["--tlsverify", "--tlscacert", &ca, "--tlscert", &pem, "--tlskey", &key];
    let server = Server::start_with(&arguments).await;

    let ours = format!("certificate = {pem:?}\nkey = {key:?}\n");
    let (mut relay, from) = relay_with_server_lines(&server, &format!("ca = {ca:?}\n{ours}"));
    assert_relays(&mut relay, &from).await;
    assert!(relay.terminate().await.success());

    let (mut relay, _from) =
        relay_with_server_lines(&server, &format!("ca = {:?}\n{ours}", path("theirs.ca")));
    assert_connection_refused(&mut relay, "certificate").await;

    let plain = Server::start().await;
    let (mut relay, _from) = relay_with_server_lines(&plain, "tls = true\n");
    assert_connection_refused(&mut relay, "with tls: ").await;
}
