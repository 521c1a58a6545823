//! SIGKILL of a relay at random moments under load, in each direction.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::traffic::{Receiver, Sender};
use fixture::{
    counts_by_number, eventually, message_number, new_queue, numbered_message, queue_name,
};

mod fixture;

const KILLS: u32 = 20;

/// Waits for a random time, so that a relay is killed while it starts or at full speed.
async fn random_pause() {
    let random = RandomState::new().hash_one(()) % 400;
    tokio::time::sleep(Duration::from_millis(random)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outbound_kill_loses_at_most_one_message() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let from = new_queue();
    let routes = format!("[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let sender = Sender::start(&queue_name(&from));
    let mut relay = Relay::start(&[server.url()], &routes);
    for _ in 0..KILLS {
        random_pause().await;
        relay.kill();
        relay.run();
    }
    let sent = sender.stop();
    let jetstream = server.jetstream().await;
    eventually("the queue is empty", async || from.attributes().unwrap().messages == 0).await;
    relay.wait_until_published("out.jobs").await;
    let unjournaled: f64 = relay.metric("unjournaled_seconds_total", "out.jobs").await.unwrap();
    let received: f64 = relay.metric("received_messages_total", "out.jobs").await.unwrap();
    assert!(relay.terminate().await.success());

    let messages = server::stored_messages(&jetstream, "MQ").await;
    let counts = counts_by_number(messages.iter().map(|message| message.payload.as_ref()));
    let lost: Vec<_> = (0..sent).filter(|number| !counts.contains_key(number)).collect();
    assert!(counts.values().all(|&times| times == 1), "each once");
    assert!(counts.keys().all(|&number| number < sent));
    let order: Vec<_> = messages.iter().map(|message| message_number(&message.payload)).collect();
    assert!(order.is_sorted(), "in order");
    println!(
        "{KILLS} kills, {sent} messages, {} lost; {:.1} µs unjournaled for each in the last run",
        lost.len(),
        unjournaled / received.max(1.0) * 1e6
    );
    assert!(lost.len() <= KILLS as usize, "{lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn inbound_kill_duplicates_at_most_one_message() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let to = new_queue();
    let jetstream = server.jetstream().await;
    server::create_consumer(&jetstream, Duration::from_secs(1)).await;
    let total = 20_000;
    server::publish_numbered(&jetstream, "mq.x", total).await;
    let receiver = Receiver::start(&queue_name(&to));
    let routes =
        format!("[in.done]\nqueue = {:?}\nsubject = \"mq.x\"\nbatch = 20\n", queue_name(&to));
    let mut relay = Relay::start(&[server.url()], &routes);
    // A marker in the queue follows the last message that a killed relay had sent.
    let marker = total;
    for _ in 0..KILLS {
        random_pause().await;
        relay.kill();
        to.send(&numbered_message(marker), 0).unwrap();
        relay.run();
    }
    eventually("all came", async || receiver.distinct_count() == total + 1).await;
    // The server has nothing left that it could redeliver.
    eventually("all acknowledged", async || {
        let mut consumer = jetstream
            .get_consumer_from_stream::<async_nats::jetstream::consumer::pull::Config, _, _>(
                "here-done",
                "MQ",
            )
            .await
            .unwrap();
        let info = consumer.info().await.unwrap();
        info.num_ack_pending == 0 && info.num_pending == 0
    })
    .await;
    assert!(relay.terminate().await.success());
    let numbers: Vec<_> = receiver.finish().iter().map(|message| message_number(message)).collect();
    let last: HashMap<_, _> = numbers.iter().zip(0..).collect();
    let mut duplicates = 0;
    for (index, number) in numbers.iter().enumerate().filter(|(_, number)| **number != marker) {
        if last[number] > index {
            duplicates += 1;
            assert_eq!(numbers[index + 1], marker, "{number} was in flight");
        }
    }
    println!("{KILLS} kills, {total} messages, none lost, {duplicates} duplicates");
    assert_eq!(numbers.len() as u64, total + u64::from(KILLS) + duplicates);
}
