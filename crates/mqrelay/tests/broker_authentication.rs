//! Who the relay is to the broker, and the broker to the relay: passwords, credentials, TLS.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use fixture::operator::Operator;
use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::{Directory, eventually, name_of, new_queue};
use posix_mqueue::Owned;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

mod fixture;

/// A relay that is not running yet, and the queue that it is to take from.
fn relay_of(server: &Server, lines: &str) -> (Relay, Owned) {
    let from = new_queue();
    let relay = Relay::new(&[server.url()], &format!("[out.jobs]\nqueue = {:?}\n", name_of(&from)));
    // The table of the server is the file's last.
    let text = fs::read_to_string(relay.config()).unwrap();
    fs::write(relay.config(), text + lines).unwrap();
    (relay, from)
}

async fn carries(relay: &mut Relay, from: &Owned) {
    relay.run();
    from.send(b"hello", 0).unwrap();
    relay.reaches("published_messages_total", "out.jobs", 1).await;
}

async fn is_refused(relay: &mut Relay, words: &str) {
    relay.run();
    relay.logged("cannot connect").await;
    eventually(words, async || {
        relay
            .get("/healthz")
            .await
            .is_some_and(|(status, body)| status == "503" && body.to_lowercase().contains(words))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_comes_by_the_environment_or_a_file_and_is_never_shown() {
    if !server::exists() {
        return;
    }
    let server = Server::with(&["--user", "me", "--pass", "sesame-4711"]).await;
    let directory = Directory::new();
    let secret = directory.path().join("secret");
    fs::write(&secret, "sesame-4711\n").unwrap();

    let (mut by_file, from) =
        relay_of(&server, &format!("user = \"me\"\npassword_file = {secret:?}\n"));
    carries(&mut by_file, &from).await;

    let (relay, from) = relay_of(&server, "");
    let mut by_environment =
        relay.wrapped(&["env", "MQRELAY_USER=me", "MQRELAY_PASSWORD=sesame-4711"]);
    carries(&mut by_environment, &from).await;

    for relay in [&mut by_file, &mut by_environment] {
        let line = fs::read_to_string(format!("/proc/{}/cmdline", relay.pid())).unwrap();
        assert!(line.contains("mqrelay") && !line.contains("sesame"), "{line}");
        assert!(relay.terminate().await.success());
        assert!(!relay.log().contains("sesame"), "{}", relay.log());
    }

    fs::write(&secret, "wrong-4711\n").unwrap();
    let (mut relay, _from) =
        relay_of(&server, &format!("user = \"me\"\npassword_file = {secret:?}\n"));
    is_refused(&mut relay, "authorization").await;
    assert!(!relay.log().contains("wrong-4711"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credentials_file_signs_what_the_server_gives() {
    if !server::exists() {
        return;
    }
    let directory = Directory::new();
    let (operator, stranger) = (Operator::new(), Operator::new());
    let config = directory.path().join("server.conf");
    fs::write(&config, &operator.server).unwrap();
    let server = Server::with(&["--config", config.to_str().unwrap()]).await;
    let credentials = directory.path().join("user.creds");
    let lines = format!("credentials = {credentials:?}\n");

    fs::write(&credentials, &stranger.credentials).unwrap();
    let (mut relay, from) = relay_of(&server, &lines);
    is_refused(&mut relay, "authorization").await;

    // It is read anew at each attempt.
    fs::write(&credentials, &operator.credentials).unwrap();
    from.send(b"hello", 0).unwrap();
    relay.reaches("published_messages_total", "out.jobs", 1).await;
    assert!(relay.terminate().await.success());
    let secrets = operator.credentials.lines().filter(|line| line.len() > 50);
    assert!(secrets.clone().count() == 2);
    secrets.for_each(|secret| assert!(!relay.log().contains(secret), "{}", relay.log()));
}

/// Makes an authority, and a certificate for loopback, each with its key: PEM files of that name.
fn certify(directory: &Path, name: &str) {
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
async fn tls_is_spoken_with_whom_the_authority_vouches_for_and_with_no_other() {
    if !server::exists() {
        return;
    }
    let directory = Directory::new();
    certify(directory.path(), "ours");
    certify(directory.path(), "theirs");
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (ca, pem, key) = (path("ours.ca"), path("ours.pem"), path("ours.key"));
    let arguments = ["--tlsverify", "--tlscacert", &ca, "--tlscert", &pem, "--tlskey", &key];
    let server = Server::with(&arguments).await;

    let ours = format!("certificate = {pem:?}\nkey = {key:?}\n");
    let (mut relay, from) = relay_of(&server, &format!("ca = {ca:?}\n{ours}"));
    carries(&mut relay, &from).await;
    assert!(relay.terminate().await.success());

    let (mut relay, _from) = relay_of(&server, &format!("ca = {:?}\n{ours}", path("theirs.ca")));
    is_refused(&mut relay, "certificate").await;

    let plain = Server::start().await;
    let (mut relay, _from) = relay_of(&plain, "tls = true\n");
    is_refused(&mut relay, "by tls: ").await;
}
