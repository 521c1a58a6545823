//! Missing streams and consumers: reported exactly, or created.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream::{DiscardPolicy, RetentionPolicy};
use fixture::relay::Relay;
use fixture::server::{self, Server};

mod fixture;

/// Runs `--check`, and returns whether it succeeded and what it printed.
async fn check(relay: &Relay) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mqrelay"));
    command.arg("--check").arg("--config").arg(relay.config());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_missing_streams_and_consumers() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let check = async |routes: &str| {
        let relay = Relay::new(&[server.url()], routes);
        let text = std::fs::read_to_string(relay.config()).unwrap();
        std::fs::write(relay.config(), text.replace("create = true", "")).unwrap();
        check(&relay).await
    };
    let both = "[out.jobs]\nqueue = \"/jobs\"\n[in.done]\nqueue = \"/done\"\nsubject = \"mq.x\"\n";
    let (ok, stderr) = check(both).await;
    assert!(!ok);
    assert!(
        stderr.contains("route out.jobs: stream MQ is missing: start mqrelay with --create"),
        "{stderr}"
    );
    let jetstream = server.jetstream().await;
    server::create_stream(&jetstream).await;
    let (ok, stderr) = check(both).await;
    assert!(!ok);
    assert!(
        stderr.contains("route in.done: consumer here-done of stream MQ is missing"),
        "{stderr}"
    );
    let (ok, stderr) = check("[out.jobs]\nqueue = \"/jobs\"\nsubject = \"elsewhere.x\"\n").await;
    assert!(!ok);
    assert!(
        stderr.contains("stream MQ does not store the subject elsewhere.x, only mq.>"),
        "{stderr}"
    );
    let config = async_nats::jetstream::consumer::pull::Config {
        durable_name: Some("here-done".into()),
        ..Default::default()
    };
    jetstream.create_consumer_on_stream(config, "MQ").await.unwrap();
    let (ok, stderr) = check(both).await;
    assert!(!ok);
    assert!(
        stderr.contains("no stream stores the dead-letter subject mq-dead.here.done"),
        "{stderr}"
    );
    let (ok, stderr) = check("[out.jobs]\nqueue = \"/jobs\"\n").await;
    assert!(ok, "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn created_streams_match_the_configuration() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let routes = "[out.jobs]\nqueue = \"/jobs\"\nsubject = \"work.{host}\"\nstream = \"WORK\"\n\
                  [in.done]\nqueue = \"/done\"\nsubject = \"mq.*.done\"\nconsumer = \"mine\"\n\
                  [streams.WORK]\nduplicate_window_seconds = 300\nmax_bytes = \"64M\"\n\
                  work_queue = true\n";
    let relay = Relay::new(&[server.url()], routes);
    let (ok, stderr) = check(&relay).await;
    assert!(ok, "{stderr}");
    let jetstream = server.jetstream().await;
    let config =
        async |name: &str| jetstream.get_stream(name).await.unwrap().cached_info().config.clone();
    let work = config("WORK").await;
    assert_eq!((work.subjects, work.num_replicas), (vec!["work.>".into()], 1));
    assert_eq!((work.duplicate_window.as_secs(), work.max_bytes), (300, 64 << 20));
    assert_eq!((work.discard, work.retention), (DiscardPolicy::New, RetentionPolicy::WorkQueue));
    let mq = config("MQ").await;
    assert_eq!((mq.subjects, mq.retention), (vec!["mq.>".into()], RetentionPolicy::Limits));
    assert_eq!(config("MQ-DEAD").await.subjects, ["mq-dead.>"]);
    let consumer: PullConsumer = jetstream.get_consumer_from_stream("mine", "MQ").await.unwrap();
    assert_eq!(consumer.cached_info().config.filter_subject, "mq.*.done");
}
