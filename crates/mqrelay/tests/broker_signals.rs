//! SIGTERM (draining) and SIGHUP (reloading).

#![allow(clippy::unwrap_used)]

use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::traffic::Sender;
use fixture::{eventually, message_number, new_queue, numbered_message, queue_name};

mod fixture;

#[tokio::test(flavor = "multi_thread")]
async fn reload_changes_routes_and_ignores_invalid_files() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let (one, two) = (new_queue(), new_queue());
    let urls = [server.url()];
    let route = |name: &str, queue| format!("[out.{name}]\nqueue = {:?}\n", queue_name(queue));
    let mut relay = Relay::start(&urls, &route("one", &one));
    let jetstream = server.jetstream().await;
    one.send(b"1", 0).unwrap();
    eventually("first", async || server::stored_count(&jetstream, "MQ").await == 1).await;

    std::fs::write(relay.config(), "nonsense").unwrap();
    relay.signal("HUP");
    relay.wait_for_log("reload failed").await;
    one.send(b"2", 0).unwrap();
    eventually("second", async || server::stored_count(&jetstream, "MQ").await == 2).await;

    relay.configure(&urls, &route("two", &two));
    relay.signal("HUP");
    relay.wait_for_log("stopped receiving").await;
    two.send(b"3", 0).unwrap();
    eventually("third", async || server::stored_count(&jetstream, "MQ").await == 3).await;
    one.send(b"stays", 0).unwrap();
    assert!(relay.terminate().await.success());
    assert_eq!(one.attributes().unwrap().messages, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_lets_a_running_route_create_its_stream() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let from = new_queue();
    let mut relay =
        Relay::new(&[server.url()], &format!("[out.jobs]\nqueue = {:?}\n", queue_name(&from)));
    let text = std::fs::read_to_string(relay.config()).unwrap();
    std::fs::write(relay.config(), text.replace("create = true", "create = false")).unwrap();
    relay.run();
    from.send(b"1", 0).unwrap();
    relay.wait_for_log("stream MQ is missing: start mqrelay with --create").await;
    std::fs::write(relay.config(), text).unwrap();
    relay.signal("HUP");
    let jetstream = server.jetstream().await;
    eventually("stored", async || server::stored_count(&jetstream, "MQ").await == 1).await;
    assert!(relay.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_route_keeps_receiving_during_an_outage() {
    if !server::is_available() {
        return;
    }
    let mut server = Server::start().await;
    server.kill();
    let from = new_queue();
    let urls = [server.url()];
    let route = format!("[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let mut relay = Relay::start(&urls, &route);
    (0..100).for_each(|number| from.send(&numbered_message(number), 0).unwrap());
    relay.wait_for_metric("journal_messages", "out.jobs", 100).await;
    relay.configure(&urls, &format!("{route}in_flight = 7\n"));
    relay.signal("HUP");
    relay.wait_for_log("reloaded").await;
    (100..200).for_each(|number| from.send(&numbered_message(number), 0).unwrap());
    relay.wait_for_metric("journal_messages", "out.jobs", 200).await;
    assert!(!relay.log().contains("another process"), "the journal is handed over");
    server.run();
    let jetstream = server.jetstream().await;
    eventually("stored", async || server::stored_count(&jetstream, "MQ").await >= 200).await;
    assert!(relay.terminate().await.success());
    let messages = server::stored_messages(&jetstream, "MQ").await;
    let numbers: Vec<_> = messages.iter().map(|message| message_number(&message.payload)).collect();
    assert!(numbers.iter().copied().eq(0..200), "in order, once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_no_message() {
    if !server::is_available() {
        return;
    }
    let server = Server::start().await;
    let from = new_queue();
    let routes = format!("[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let mut relay = Relay::start(&[server.url()], &routes);
    let sender = Sender::start(&queue_name(&from));
    relay.wait_for_metric("published_messages_total", "out.jobs", 500).await;
    assert!(relay.terminate().await.success());
    let sent = sender.stop();
    assert!(relay.log().contains("drained"));
    let jetstream = server.jetstream().await;
    let messages = server::stored_messages(&jetstream, "MQ").await;
    let mut numbers: Vec<_> =
        messages.iter().map(|message| message_number(&message.payload)).collect();
    while let Ok(message) = from.try_receive_message() {
        numbers.push(message_number(&message.data));
    }
    assert!(numbers.iter().copied().eq(0..sent), "in order, once each");
}
