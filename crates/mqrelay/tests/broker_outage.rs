//! A broker that is stopped, killed and restarted, and connections that are lost or stalled.

#![allow(clippy::unwrap_used)]

use std::ops::Range;
use std::time::Duration;

use fixture::proxy::Proxy;
use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::{eventually, message_number, new_queue, numbered_message, queue_name};
use posix_mqueue::OpenOptions;
use tokio::task::{JoinHandle, spawn_blocking};

mod fixture;

const TOTAL: u64 = 6000;
const HALF: u64 = TOTAL / 2;

/// Sends with pauses, so that there is load throughout the test.
fn send(name: String, numbers: Range<u64>) -> JoinHandle<()> {
    spawn_blocking(move || {
        let queue = OpenOptions::new().write(true).open(name).unwrap();
        for number in numbers {
            if number % 100 == 0 {
                std::thread::sleep(Duration::from_millis(50));
            }
            queue.send(&numbered_message(number), 0).unwrap();
        }
    })
}

fn receive_all(name: String) -> JoinHandle<Vec<u64>> {
    spawn_blocking(move || {
        let queue = OpenOptions::new().read(true).open(name).unwrap();
        (0..TOTAL).map(|_| message_number(&queue.receive_message().unwrap().data)).collect()
    })
}

async fn assert_all_stored_in_order(server: &Server) {
    let jetstream = server.jetstream().await;
    eventually("all stored", async || server::stored_count(&jetstream, "MQ").await >= TOTAL).await;
    let messages = server::stored_messages(&jetstream, "MQ").await;
    let numbers: Vec<_> = messages.iter().map(|message| message_number(&message.payload)).collect();
    assert!(numbers.iter().copied().eq(0..TOTAL), "in order, once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_restarts_keep_every_message_in_order() {
    if !server::is_available() {
        return;
    }
    let mut server = Server::start().await;
    let from = new_queue();
    let routes = format!("[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let mut relay = Relay::start(&[server.url()], &routes);
    let sending = send(queue_name(&from), 0..TOTAL);
    for round in 0..4 {
        tokio::time::sleep(Duration::from_millis(600)).await;
        if round % 2 == 0 {
            server.kill();
        } else {
            server.stop();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.run();
    }
    sending.await.unwrap();
    assert_all_stored_in_order(&server).await;
    assert!(relay.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_connections_keep_every_message_in_order() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let proxy = Proxy::start(server.port).await;
    let from = new_queue();
    let routes = format!("[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let mut relay = Relay::start(&[proxy.url()], &routes);
    let sending = send(queue_name(&from), 0..HALF);
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        proxy.disconnect();
    }
    sending.await.unwrap();
    relay.wait_until_published("out.jobs").await;
    proxy.stall();
    let sending = send(queue_name(&from), HALF..TOTAL);
    relay.wait_for_log("abandoning the connection").await;
    proxy.resume();
    sending.await.unwrap();
    assert_all_stored_in_order(&server).await;
    // Messages of the stalled connection are published twice, and the server detects them.
    relay.wait_until_published("out.jobs").await;
    relay.wait_for_metric("duplicate_messages_total", "out.jobs", 1).await;
    assert!(relay.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn inbound_delivery_survives_disconnects_stalls_and_restarts() {
    if !server::is_available() {
        return;
    }
    let mut server = Server::start().await;
    let proxy = Proxy::start(server.port).await;
    let jetstream = server.jetstream().await;
    server::create_consumer(&jetstream, Duration::from_secs(2)).await;
    server::publish_numbered(&jetstream, "mq.x", TOTAL).await;
    let to = new_queue();
    let routes =
        format!("[in.done]\nqueue = {:?}\nsubject = \"mq.x\"\nbatch = 30\n", queue_name(&to));
    let mut relay = Relay::start(&[proxy.url()], &routes);
    let receiving = receive_all(queue_name(&to));
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        proxy.disconnect();
    }
    proxy.stall();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    proxy.resume();
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.kill();
    server.run();
    let mut numbers = receiving.await.unwrap();
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(0..TOTAL), "once each");
    assert!(relay.terminate().await.success());
    assert_eq!(to.attributes().unwrap().messages, 0, "no duplicates");
}
