//! SIGTERM and SIGHUP.

#![allow(clippy::unwrap_used)]

use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::{eventually, name_of, new_queue};

mod fixture;

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_starts_and_stops_routes_and_a_bad_file_changes_nothing() {
    if !server::exists() {
        return;
    }
    let server = Server::start().await;
    let (one, two) = (new_queue(), new_queue());
    let urls = [server.url()];
    let route = |name: &str, queue| format!("[out.{name}]\nqueue = {:?}\n", name_of(queue));
    let mut relay = Relay::start(&urls, &route("one", &one));
    let jetstream = server.jetstream().await;
    one.send(b"1", 0).unwrap();
    eventually("first", async || server::stored_count(&jetstream, "MQ").await == 1).await;

    std::fs::write(relay.config(), "nonsense").unwrap();
    relay.signal("HUP");
    relay.logged("not reloaded").await;
    one.send(b"2", 0).unwrap();
    eventually("second", async || server::stored_count(&jetstream, "MQ").await == 2).await;

    relay.configure(&urls, &route("two", &two));
    relay.signal("HUP");
    relay.logged("no more is taken").await;
    two.send(b"3", 0).unwrap();
    eventually("third", async || server::stored_count(&jetstream, "MQ").await == 3).await;
    one.send(b"stays", 0).unwrap();
    assert!(relay.terminate().await.success());
    assert_eq!(one.attributes().unwrap().messages, 1);
}
