//! Delivery from queue to queue, and messages that can never be delivered.

#![allow(clippy::unwrap_used)]

use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::{eventually, new_queue, queue_name};

mod fixture;

#[tokio::test(flavor = "multi_thread")]
async fn message_arrives_with_priority_and_origin_headers() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let (from, to) = (new_queue(), new_queue());
    let routes = fixture::round_trip_routes(&from, &to);
    let mut relay = Relay::start(&[server.url()], &routes);
    from.send(b"hello", 5).unwrap();
    from.send(b"", 0).unwrap();
    let received = tokio::task::spawn_blocking(move || {
        let mut both = [to.receive_message().unwrap(), to.receive_message().unwrap()];
        both.sort_by_key(|message| message.priority);
        // Keep the queue: a message sent to a queue that is unlinked by then is sent again.
        (both.map(|message| (message.data, message.priority)), to)
    });
    let (received, _to) = received.await.unwrap();
    assert_eq!(received, [(b"".to_vec(), 0), (b"hello".to_vec(), 5)]);

    let messages = server::stored_messages(&server.jetstream().await, "MQ").await;
    let message = messages.iter().find(|message| !message.payload.is_empty()).unwrap();
    let header = |name| message.headers.as_ref().unwrap().get(name).unwrap().as_str();
    assert_eq!(message.subject.as_str(), "mq.here.jobs");
    assert_eq!((header("Mq-Priority"), header("Mq-Host")), ("5", "here"));
    assert_eq!(header("Mq-Queue"), queue_name(&from));
    assert!(header("Mq-Time").parse::<f64>().unwrap() > 1e9);
    assert!(header("Nats-Msg-Id").contains('-'));

    eventually("healthy", async || relay.get("/healthz").await.unwrap().0 == "200").await;
    relay.wait_for_metric("published_messages_total", "out.jobs", 2).await;
    relay.wait_for_metric("delivered_messages_total", "in.done", 2).await;
    assert_eq!(relay.get("/other").await.unwrap().0, "404");
    assert!(relay.terminate().await.success());
    assert!(relay.log().contains("drained"));
}

#[tokio::test(flavor = "multi_thread")]
async fn undeliverable_message_becomes_dead_letter() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let to = new_queue();
    let name = queue_name(&to);
    let routes = format!("[in.done]\nqueue = {name:?}\nsubject = \"mq.x\"\n");
    let relay = Relay::start(&[server.url()], &routes);
    let jetstream = server.jetstream().await;
    relay.wait_for_log("fetching").await;
    let publish = async |data: Vec<u8>, priority: &'static str| {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Mq-Priority", priority);
        headers.insert("Mine", "kept");
        let sent = jetstream.publish_with_headers("mq.x", headers, data.into()).await;
        sent.unwrap().await.unwrap();
    };
    publish(vec![b'x'; 65], "3").await;
    publish(b"no such priority".to_vec(), "99999").await;
    publish(vec![b'y'; 64], "3").await;
    let received = tokio::task::spawn_blocking(move || (to.receive_message().unwrap(), to));
    let (message, _to) = received.await.unwrap();
    assert_eq!(message.data, [b'y'; 64]);
    relay.wait_for_metric("dead_letters_total", "in.done", 2).await;
    let dead = server::stored_messages(&jetstream, "MQ-DEAD").await;
    let header = |index: usize, name| dead[index].headers.as_ref().unwrap().get(name).unwrap();
    assert_eq!(dead[0].payload.as_ref(), [b'x'; 65]);
    assert_eq!(
        header(0, "Mq-Reason").as_str(),
        format!("65 bytes exceed the message size of {name:?}, 64")
    );
    assert_eq!((header(0, "Mq-Subject").as_str(), header(0, "Mine").as_str()), ("mq.x", "kept"));
    assert!(header(1, "Mq-Reason").as_str().contains("not a number from 0 to 32767"));
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_waits_until_dead_letter_is_stored() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let jetstream = server.jetstream().await;
    // Longer than the test, so that the server redelivers nothing.
    server::create_consumer(&jetstream, std::time::Duration::from_secs(3600)).await;
    let to = new_queue();
    let routes = format!("[in.done]\nqueue = {:?}\n", queue_name(&to));
    let mut relay = Relay::start(&[server.url()], &routes);
    relay.wait_for_log("fetching").await;
    jetstream.delete_stream("MQ-DEAD").await.unwrap();
    for data in [vec![b'x'; 65], vec![b'y'; 64]] {
        jetstream.publish("mq.x", data.into()).await.unwrap().await.unwrap();
    }
    relay.wait_for_log("cannot deliver; retrying").await;
    relay.wait_for_metric("delivered_messages_total", "in.done", 1).await;
    relay.wait_for_metric("dead_letters_total", "in.done", 1).await;
    assert!(relay.terminate().await.success());
    assert_eq!(to.try_receive_message().unwrap().data, [b'y'; 64]);
    assert_eq!(server::stored_messages(&jetstream, "MQ-DEAD").await.len(), 1);
}
