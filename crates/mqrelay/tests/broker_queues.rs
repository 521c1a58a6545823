//! Queues that are unlinked and created again, and two relays on one queue.

#![allow(clippy::unwrap_used)]

use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::traffic::{Receiver, Sender};
use fixture::{
    counts_by_number, create_queue, eventually, new_queue, numbered_message, queue_name,
    unique_name,
};
use posix_mqueue::{OpenOptions, OwnedQueue};

mod fixture;

#[tokio::test(flavor = "multi_thread")]
async fn unlinked_and_new_queue_are_both_received() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let jetstream = server.jetstream().await;
    let name = format!("/{}", unique_name());
    let mut relay = Relay::start(&[server.url()], &format!("[out.jobs]\nqueue = {name:?}\n"));
    relay.wait_for_log("waiting for the queue").await;
    let mut sent = 0;
    for generation in 0..3 {
        // Each queue has different sizes, and longer messages.
        let queue = create_queue(&name, 4 + generation, 64 << generation);
        let sender = OpenOptions::new().write(true).open(&name).unwrap();
        for _ in 0..50 {
            sender.send(&numbered_message(sent), 0).unwrap();
            sent += 1;
        }
        queue.unlink().unwrap();
        drop(queue);
        // A process that has the unlinked queue open keeps sending to it.
        for _ in 0..50 {
            sender.send(&numbered_message(sent), 0).unwrap();
            sent += 1;
        }
    }
    eventually("all", async || server::stored_count(&jetstream, "MQ").await >= sent).await;
    assert!(relay.terminate().await.success());
    let messages = server::stored_messages(&jetstream, "MQ").await;
    let counts = counts_by_number(messages.iter().map(|message| message.payload.as_ref()));
    assert!((0..sent).all(|number| counts.get(&number) == Some(&1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_with_larger_messages_reopens_the_journal() {
    if !server::is_available() {
        return;
    }
    let most = std::fs::read_to_string("/proc/sys/fs/mqueue/msgsize_max").unwrap();
    if most.trim().parse::<u32>().unwrap() < 100_000 {
        fixture::skip("fs.mqueue.msgsize_max is under 100000 here");
        return;
    }
    let server = Server::start().await;
    let jetstream = server.jetstream().await;
    let name = format!("/{}", unique_name());
    let routes = format!("[out.jobs]\nqueue = {name:?}\njournal_size = \"400K\"\n");
    let mut relay = Relay::start(&[server.url()], &routes);
    relay.wait_for_log("waiting for the queue").await;
    let queue = OwnedQueue::new(create_queue(&name, 2, 100_000));
    for _ in 0..10 {
        queue.send(&vec![b'x'; 100_000], 0).unwrap();
    }
    eventually("all", async || server::stored_count(&jetstream, "MQ").await == 10).await;
    assert!(relay.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinked_target_queue_delays_delivery() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let jetstream = server.jetstream().await;
    let name = format!("/{}", unique_name());
    let first = OwnedQueue::new(create_queue(&name, 4, 64));
    let routes = format!("[in.done]\nqueue = {name:?}\nsubject = \"mq.x\"\n");
    let mut relay = Relay::start(&[server.url()], &routes);
    relay.wait_for_log("fetching").await;
    let publish = async |number| {
        jetstream.publish("mq.x", numbered_message(number).into()).await.unwrap().await.unwrap();
    };
    for number in 0..10 {
        publish(number).await;
    }
    eventually("full", async || first.attributes().unwrap().messages == 4).await;
    first.unlink().unwrap();
    relay.wait_for_log("waiting for the queue").await;
    let second = OwnedQueue::new(create_queue(&name, 8, 64));
    let mut numbers: Vec<_> = (0..4).map(|_| first.receive_message().unwrap().data).collect();
    numbers.extend((0..6).map(|_| second.receive_message().unwrap().data));
    assert_eq!(numbers, (0..10).map(numbered_message).collect::<Vec<_>>());
    assert!(relay.terminate().await.success());
    assert_eq!(first.attributes().unwrap().messages + second.attributes().unwrap().messages, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_on_one_queue_share_its_messages() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let (from, to) = (new_queue(), new_queue());
    let routes = fixture::round_trip_routes(&from, &to) + "batch = 5\n";
    let urls = [server.url()];
    let (mut one, mut other) = (Relay::start(&urls, &routes), Relay::start(&urls, &routes));
    let (sender, receiver) = (Sender::start(&queue_name(&from)), Receiver::start(&queue_name(&to)));
    for relay in [&one, &other] {
        relay.wait_for_metric("received_messages_total", "out.jobs", 500).await;
        relay.wait_for_metric("delivered_messages_total", "in.done", 500).await;
    }
    let total = sender.stop();
    eventually("all", async || receiver.distinct_count() == total).await;
    assert!(one.terminate().await.success() && other.terminate().await.success());
    let messages = receiver.finish();
    let counts = counts_by_number(messages.iter().map(Vec::as_slice));
    assert!((0..total).all(|number| counts.get(&number) == Some(&1)), "once each");
}
