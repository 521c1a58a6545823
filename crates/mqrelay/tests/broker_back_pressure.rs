//! Full queues, full journals and full streams.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::{
    counts_by_number, eventually, new_queue, new_queue_with, numbered_message, queue_name,
};
use futures_util::StreamExt;
use posix_mqueue::OpenOptions;

mod fixture;

#[tokio::test(flavor = "multi_thread")]
async fn full_queue_delays_delivery_without_loss() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let to = new_queue();
    let routes =
        format!("[in.done]\nqueue = {:?}\nsubject = \"mq.x\"\nbatch = 50\n", queue_name(&to));
    let jetstream = server.jetstream().await;
    // Shorter than the time for which the queue stays full.
    server::create_consumer(&jetstream, Duration::from_secs(1)).await;
    for number in 0..60 {
        jetstream.publish("mq.x", numbered_message(number).into()).await.unwrap().await.unwrap();
    }
    let mut acks = server.subscribe("$JS.ACK.MQ.here-done.>").await;
    let mut relay = Relay::start(&[server.url()], &routes);
    eventually("full", async || to.attributes().unwrap().messages == 8).await;
    // The relay reports every waiting message as in progress, several times.
    let mut in_progress = 0;
    while in_progress < 3 * (60 - 8) {
        let ack = acks.next().await.unwrap();
        in_progress += u32::from(ack.payload.as_ref() == b"+WPI");
    }
    assert_eq!(relay.metric("delivered_messages_total", "in.done").await, Some(8));
    let received = tokio::task::spawn_blocking(move || {
        let messages: Vec<_> = (0..60).map(|_| to.receive_message().unwrap().data).collect();
        (messages, to)
    });
    let (received, to) = received.await.unwrap();
    assert_eq!(received, (0..60).map(numbered_message).collect::<Vec<_>>());
    assert!(relay.terminate().await.success());
    assert_eq!(to.attributes().unwrap().messages, 0, "no duplicates");
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_block_once_the_journal_is_full() {
    if !server::is_available() {
        return;
    }
    let mut server = Server::start().await;
    server.kill();
    let from = new_queue();
    let name = queue_name(&from);
    let routes =
        format!("drain_seconds = 0\n[out.jobs]\nqueue = {name:?}\njournal_size = \"128K\"\n");
    let mut relay = Relay::start(&[server.url()], &routes);
    let sender = OpenOptions::new().write(true).open(&name).unwrap();
    let mut sent = 0;
    while !relay.log().contains("the journal is full") {
        let soon = Duration::from_millis(100);
        sent += u64::from(sender.send_timeout(&numbered_message(sent), 0, soon).is_ok());
    }
    assert!(sent > 1000, "{sent}");
    while sender.try_send(&numbered_message(sent), 0).is_ok() {
        sent += 1;
    }
    assert_eq!(from.attributes().unwrap().messages, 8, "the queue is full");
    let (status, body) = relay.get("/healthz").await.unwrap();
    assert_eq!(status, "503");
    assert!(body.contains("out.jobs: the journal is full") && body.contains("broker: "), "{body}");
    // Journaled messages survive the relay's end.
    assert!(relay.terminate().await.success());
    relay.run();
    server.run();
    let jetstream = server.jetstream().await;
    eventually("all stored", async || server::stored_count(&jetstream, "MQ").await >= sent).await;
    let messages = server::stored_messages(&jetstream, "MQ").await;
    let data: Vec<_> = messages.iter().map(|message| message.payload.to_vec()).collect();
    assert!(
        data.iter().eq((0..sent).map(numbered_message).collect::<Vec<_>>().iter()),
        "in order, once each"
    );
    assert!(relay.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn full_stream_stores_each_message_once() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let from = new_queue_with(8, 4096);
    // A window so short that the server detects no duplicate when there is room again.
    let routes = format!(
        "[out.jobs]\nqueue = {:?}\n[streams.MQ]\nmax_bytes = \"15K\"\n\
         duplicate_window_seconds = 1\n",
        queue_name(&from)
    );
    let mut relay = Relay::start(&[server.url()], &routes);
    let jetstream = server.jetstream().await;
    eventually("the stream", async || jetstream.get_stream("MQ").await.is_ok()).await;
    // When a long message does not fit, some of the short ones after it do.
    for number in 0..50 {
        let mut message = numbered_message(number);
        message.resize(if number % 10 == 0 { 4000 } else { message.len() }, b'.');
        from.send(&message, 0).unwrap();
    }
    relay.wait_for_log("cannot publish").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = server::stored_count(&jetstream, "MQ").await;
    assert!(before < 50, "{before}");
    let mut config = jetstream.get_stream("MQ").await.unwrap().cached_info().config.clone();
    config.max_bytes = -1;
    jetstream.update_stream(config).await.unwrap();
    relay.wait_for_metric("received_messages_total", "out.jobs", 50).await;
    relay.wait_until_published("out.jobs").await;
    assert!(relay.terminate().await.success());
    let messages = server::stored_messages(&jetstream, "MQ").await;
    let counts = counts_by_number(messages.iter().map(|message| message.payload.as_ref()));
    assert!((0..50).all(|number| counts.get(&number) == Some(&1)), "{counts:?}");
}
