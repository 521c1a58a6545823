//! SIGKILL at random points under load, in each direction; every message is accounted for.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::traffic::{Receiver, Sender};
use fixture::{count, eventually, name_of, new_queue, number, numbered};

mod fixture;

const KILLS: u32 = 20;

/// Some time of life: from dying at the start to working at full speed.
async fn a_while() {
    let dice = RandomState::new().hash_one(()) % 400;
    tokio::time::sleep(Duration::from_millis(dice)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_relay_loses_at_most_the_message_in_hand_on_the_way_out() {
    if !server::exists() {
        return;
    }
    let server = Server::start().await;
    let from = new_queue();
    let routes = format!("[out.jobs]\nqueue = {:?}\n", name_of(&from));
    let sender = Sender::start(&name_of(&from));
    let mut relay = Relay::start(&[server.url()], &routes);
    for _ in 0..KILLS {
        a_while().await;
        relay.kill();
        relay.run();
    }
    let sent = sender.stop();
    let jetstream = server.jetstream().await;
    eventually("the queue is empty", async || from.attributes().unwrap().messages == 0).await;
    relay.has_published_all("out.jobs").await;
    let in_hand = relay.number("in_hand_nanoseconds_total", "out.jobs").await.unwrap();
    let taken = relay.number("taken_messages_total", "out.jobs").await.unwrap();
    assert!(relay.terminate().await.success());

    let messages = server::stored(&jetstream, "MQ").await;
    let counts = count(messages.iter().map(|message| message.payload.as_ref()));
    let lost: Vec<_> = (0..sent).filter(|number| !counts.contains_key(number)).collect();
    assert!(counts.values().all(|&times| times == 1), "each once");
    assert!(counts.keys().all(|&number| number < sent));
    let order: Vec<_> = messages.iter().map(|message| number(&message.payload)).collect();
    assert!(order.is_sorted(), "in order");
    println!(
        "{KILLS} kills, {sent} messages, {} lost; in hand for {} ns each in the last run",
        lost.len(),
        in_hand.checked_div(taken).unwrap_or(0)
    );
    assert!(lost.len() <= KILLS as usize, "{lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_relay_loses_nothing_on_the_way_in_and_repeats_at_most_the_message_in_hand() {
    if !server::exists() {
        return;
    }
    let server = Server::start().await;
    let to = new_queue();
    let jetstream = server.jetstream().await;
    server::make_consumer(&jetstream, Duration::from_secs(1)).await;
    let total = 20_000;
    server::publish(&jetstream, "mq.x", total).await;
    let receiver = Receiver::start(&name_of(&to));
    let routes = format!("[in.done]\nqueue = {:?}\nsubject = \"mq.x\"\nbatch = 20\n", name_of(&to));
    let mut relay = Relay::start(&[server.url()], &routes);
    // In the queue it follows the last message that a killed relay had sent.
    let mark = total;
    for _ in 0..KILLS {
        a_while().await;
        relay.kill();
        to.send(&numbered(mark), 0).unwrap();
        relay.run();
    }
    eventually("all came", async || receiver.distinct() == total + 1).await;
    // Nothing is left at the server that could come again.
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
    let numbers: Vec<_> = receiver.finish().iter().map(|message| number(message)).collect();
    let last: HashMap<_, _> = numbers.iter().zip(0..).collect();
    let mut repeated = 0;
    for (index, number) in numbers.iter().enumerate().filter(|(_, number)| **number != mark) {
        if last[number] > index {
            repeated += 1;
            assert_eq!(numbers[index + 1], mark, "{number} was in hand");
        }
    }
    println!("{KILLS} kills, {total} messages, none lost, {repeated} repeated");
    assert_eq!(numbers.len() as u64, total + u64::from(KILLS) + repeated);
}
