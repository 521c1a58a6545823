//! Streams that were created with other settings than a relay's.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy};
use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::{eventually, new_queue, new_queue_with, queue_name};

mod fixture;

#[tokio::test(flavor = "multi_thread")]
async fn work_queue_stream_is_empty_after_delivery() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let jetstream = server.jetstream().await;
    let config = Config {
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        ..server::stream_config()
    };
    jetstream.create_stream(config).await.unwrap();
    let (from, to) = (new_queue(), new_queue());
    let routes = fixture::round_trip_routes(&from, &to);
    let mut relay = Relay::start(&[server.url()], &routes);
    let received = tokio::task::spawn_blocking(move || {
        (0..100_u8).for_each(|number| {
            from.send(&[number], 0).unwrap();
            assert_eq!(to.receive_message().unwrap().data, [number]);
        });
        (from, to)
    });
    let _queues = received.await.unwrap();
    eventually("empty", async || server::stored_count(&jetstream, "MQ").await == 0).await;
    assert_eq!(relay.metric("published_messages_total", "out.jobs").await, Some(100));
    assert!(relay.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_message_waits_and_reports_unhealthy() {
    if !server::is_available() {
        return;
    }
    let configuration = fixture::TempDirectory::new();
    let path = configuration.path().join("server.conf");
    std::fs::write(&path, "max_payload: 1024\n").unwrap();
    let mut server = Server::start_with(&["--config", path.to_str().unwrap()]).await;
    let from = new_queue_with(4, 2048);
    let mut relay =
        Relay::start(&[server.url()], &format!("[out.jobs]\nqueue = {:?}\n", queue_name(&from)));
    for length in [1, 2, 3, 2048, 4] {
        from.send(&vec![b'.'; length], 0).unwrap();
    }
    relay.wait_for_metric("published_messages_total", "out.jobs", 3).await;
    eventually("unhealthy", async || {
        let health = relay.get("/healthz").await;
        health.is_some_and(|(status, body)| status == "503" && body.contains("out.jobs: message 4"))
    })
    .await;
    // The messages before it were published once, and those after it wait.
    assert_eq!(relay.metric("published_messages_total", "out.jobs").await, Some(3));
    assert_eq!(relay.metric("journal_messages", "out.jobs").await, Some(2));
    // Restart the server with a larger limit.
    std::fs::write(&path, "max_payload: 4096\n").unwrap();
    server.kill();
    server.run();
    let jetstream = server.jetstream().await;
    eventually("stored", async || server::stored_count(&jetstream, "MQ").await == 5).await;
    assert!(relay.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_messages_are_not_republished_after_a_refusal() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let jetstream = server.jetstream().await;
    let config = Config {
        // The relay's headers count.
        max_message_size: 512,
        // Shorter than a few attempts of the relay.
        duplicate_window: Duration::from_millis(100),
        ..server::stream_config()
    };
    jetstream.create_stream(config).await.unwrap();
    let from = new_queue_with(8, 1024);
    let relay =
        Relay::start(&[server.url()], &format!("[out.jobs]\nqueue = {:?}\n", queue_name(&from)));
    for length in [1, 2, 1024, 4, 5] {
        from.send(&vec![b'.'; length], 0).unwrap();
    }
    eventually("refused", async || relay.log().matches("cannot publish").count() > 5).await;
    let stored = server::stored_messages(&jetstream, "MQ").await;
    let mut lengths: Vec<_> = stored.iter().map(|message| message.payload.len()).collect();
    lengths.dedup();
    assert!(lengths.is_sorted() && lengths.len() == stored.len(), "{lengths:?}");
}
