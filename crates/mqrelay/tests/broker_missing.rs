//! Streams and consumers that are not there.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use fixture::relay::Relay;
use fixture::server::{self, Server};

mod fixture;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_told_exactly() {
    if !server::exists() {
        return;
    }
    let server = Server::start().await;
    let check = async |routes: &str| {
        let relay = Relay::new(&[server.url()], routes);
        let text = std::fs::read_to_string(relay.config()).unwrap();
        std::fs::write(relay.config(), text.replace("create = true", "")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mqrelay"));
        command.arg("--check").arg("--config").arg(relay.config());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let both = "[out.jobs]\nqueue = \"/jobs\"\n[in.done]\nqueue = \"/done\"\nsubject = \"mq.x\"\n";
    let (ok, said) = check(both).await;
    assert!(!ok);
    assert!(
        said.contains("route out.jobs: stream MQ is missing: start mqrelay with --create"),
        "{said}"
    );
    let jetstream = server.jetstream().await;
    server::make_stream(&jetstream).await;
    let (ok, said) = check(both).await;
    assert!(!ok);
    assert!(said.contains("route in.done: consumer here-done of stream MQ is missing"), "{said}");
    let (ok, said) = check("[out.jobs]\nqueue = \"/jobs\"\nsubject = \"elsewhere.x\"\n").await;
    assert!(!ok);
    assert!(said.contains("stream MQ does not store the subject elsewhere.x, only mq.>"), "{said}");
    let config = async_nats::jetstream::consumer::pull::Config {
        durable_name: Some("here-done".into()),
        ..Default::default()
    };
    jetstream.create_consumer_on_stream(config, "MQ").await.unwrap();
    let (ok, said) = check(both).await;
    assert!(!ok);
    assert!(said.contains("no stream stores the dead-letter subject mq-dead.here.done"), "{said}");
    let (ok, said) = check("[out.jobs]\nqueue = \"/jobs\"\n").await;
    assert!(ok, "{said}");
}
