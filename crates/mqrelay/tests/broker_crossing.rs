//! What crosses, in both directions, and what a relay says and serves meanwhile.

#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::time::Duration;

use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::{eventually, has_server, name_of, new_queue, numbered};
use posix_mqueue::OpenOptions;

mod fixture;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_crosses_with_its_priority_and_says_where_it_is_from() {
    if !has_server() {
        return;
    }
    let server = Server::start().await;
    let (from, to) = (new_queue(), new_queue());
    let routes = format!(
        "[out.jobs]\nqueue = {:?}\n[in.done]\nqueue = {:?}\nsubject = \"mq.*.jobs\"\n",
        name_of(&from),
        name_of(&to)
    );
    let mut relay = Relay::start(&[server.url()], &routes);
    from.send(b"hello", 5).unwrap();
    from.send(b"", 0).unwrap();
    let received = tokio::task::spawn_blocking(move || {
        let mut both = [to.receive_message().unwrap(), to.receive_message().unwrap()];
        both.sort_by_key(|message| message.priority);
        both.map(|message| (message.data, message.priority))
    });
    assert_eq!(received.await.unwrap(), [(b"".to_vec(), 0), (b"hello".to_vec(), 5)]);

    let messages = server::stored(&server.jetstream().await, "MQ").await;
    let message = messages.iter().find(|message| !message.payload.is_empty()).unwrap();
    let header = |name| message.headers.as_ref().unwrap().get(name).unwrap().as_str();
    assert_eq!(message.subject.as_str(), "mq.here.jobs");
    assert_eq!((header("Mq-Priority"), header("Mq-Host")), ("5", "here"));
    assert_eq!(header("Mq-Queue"), name_of(&from));
    assert!(header("Mq-Time").parse::<f64>().unwrap() > 1e9);
    assert!(header("Nats-Msg-Id").contains('-'));

    eventually("healthy", async || relay.get("/healthz").await.unwrap().0 == "200").await;
    assert_eq!(relay.number("published_messages_total", "out.jobs").await, 2);
    assert_eq!(relay.number("delivered_messages_total", "in.done").await, 2);
    assert_eq!(relay.get("/other").await.unwrap().0, "404");
    assert!(relay.terminate().await.success());
    assert!(relay.log().contains("drained"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_its_queue_can_never_take_is_a_dead_letter_with_the_reason() {
    if !has_server() {
        return;
    }
    let server = Server::start().await;
    let to = new_queue();
    let name = name_of(&to);
    let routes = format!("[in.done]\nqueue = {name:?}\nsubject = \"mq.x\"\n");
    let relay = Relay::start(&[server.url()], &routes);
    let jetstream = server.jetstream().await;
    eventually("the stream", async || jetstream.get_stream("MQ").await.is_ok()).await;
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
    let message = tokio::task::spawn_blocking(move || to.receive_message().unwrap());
    assert_eq!(message.await.unwrap().data, [b'y'; 64]);
    eventually("dead", async || relay.number("dead_messages_total", "in.done").await == 2).await;
    let dead = server::stored(&jetstream, "MQ-DEAD").await;
    let header = |index: usize, name| dead[index].headers.as_ref().unwrap().get(name).unwrap();
    assert_eq!(dead[0].payload.as_ref(), [b'x'; 65]);
    assert_eq!(
        header(0, "Mq-Reason").as_str(),
        format!("65 bytes are too many for {name:?}, which takes 64")
    );
    assert_eq!((header(0, "Mq-Subject").as_str(), header(0, "Mine").as_str()), ("mq.x", "kept"));
    assert!(header(1, "Mq-Reason").as_str().contains("not a number from 0 to 32767"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_holds_messages_back_and_loses_none() {
    if !has_server() {
        return;
    }
    let server = Server::start().await;
    let to = new_queue();
    let routes = format!("[in.done]\nqueue = {:?}\nsubject = \"mq.x\"\nbatch = 50\n", name_of(&to));
    let jetstream = server.jetstream().await;
    server::make_stream(&jetstream).await;
    // The server waits for acknowledgements less long than the queue stays full.
    let config = async_nats::jetstream::consumer::pull::Config {
        durable_name: Some("here-done".into()),
        ack_wait: Duration::from_secs(1),
        ..Default::default()
    };
    jetstream.create_consumer_on_stream(config, "MQ").await.unwrap();
    for number in 0..60 {
        jetstream.publish("mq.x", numbered(number).into()).await.unwrap().await.unwrap();
    }
    let relay = Relay::start(&[server.url()], &routes);
    eventually("full", async || to.attributes().unwrap().messages == 8).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(relay.number("delivered_messages_total", "in.done").await, 8);
    let received = tokio::task::spawn_blocking(move || {
        let messages: Vec<_> = (0..60).map(|_| to.receive_message().unwrap().data).collect();
        assert_eq!(to.attributes().unwrap().messages, 0);
        messages
    });
    let received = received.await.unwrap();
    assert_eq!(received, (0..60).map(numbered).collect::<Vec<_>>());
    assert_eq!(relay.number("suppressed_messages_total", "in.done").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_told_exactly() {
    if !has_server() {
        return;
    }
    let server = Server::start().await;
    let check = async |routes: &str| {
        let relay = Relay::new(&[server.url()], routes);
        let text = std::fs::read_to_string(relay.config()).unwrap();
        std::fs::write(relay.config(), text.replace("create = true", "")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mqrelay"));
        command.arg("--check").arg("--config").arg(relay.config());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let both = "[out.jobs]\nqueue = \"/jobs\"\n[in.done]\nqueue = \"/done\"\nsubject = \"mq.x\"\n";
    let (ok, said) = check(both).await;
    assert!(!ok);
    assert!(
        said.contains("route out.jobs: stream MQ is missing: start mqrelay with --create"),
        "{said}"
    );
    let jetstream = server.jetstream().await;
    server::make_stream(&jetstream).await;
    let (ok, said) = check(both).await;
    assert!(!ok);
    assert!(said.contains("route in.done: consumer here-done of stream MQ is missing"), "{said}");
    let (ok, said) = check("[out.jobs]\nqueue = \"/jobs\"\nsubject = \"elsewhere.x\"\n").await;
    assert!(!ok);
    assert!(said.contains("stream MQ does not store the subject elsewhere.x, only mq.>"), "{said}");
    let config = async_nats::jetstream::consumer::pull::Config {
        durable_name: Some("here-done".into()),
        ..Default::default()
    };
    jetstream.create_consumer_on_stream(config, "MQ").await.unwrap();
    let (ok, said) = check(both).await;
    assert!(!ok);
    assert!(said.contains("no stream stores the dead-letter subject mq-dead.here.done"), "{said}");
    let (ok, said) = check("[out.jobs]\nqueue = \"/jobs\"\n").await;
    assert!(ok, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_starts_and_stops_routes_and_a_bad_file_changes_nothing() {
    if !has_server() {
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

#[tokio::test(flavor = "multi_thread")]
async fn senders_go_on_while_the_broker_is_away_until_the_journal_is_full_then_wait() {
    if !has_server() {
        return;
    }
    let mut server = Server::start().await;
    server.kill();
    let from = new_queue();
    let name = name_of(&from);
    let routes = format!("[out.jobs]\nqueue = {name:?}\njournal_size = \"128K\"\n");
    let mut relay = Relay::start(&[server.url()], &routes);
    let sender = OpenOptions::new().write(true).open(&name).unwrap();
    let mut sent = 0;
    // As long as the relay takes some, the queue has room again soon.
    while sender.send_timeout(&numbered(sent), 0, Duration::from_secs(2)).is_ok() {
        sent += 1;
    }
    assert!(sent > 1000, "{sent}");
    assert_eq!(from.attributes().unwrap().messages, 8);
    relay.logged("the journal is full").await;
    let (status, body) = relay.get("/healthz").await.unwrap();
    assert_eq!(status, "503");
    assert!(body.contains("out.jobs: the journal is full") && body.contains("broker: "), "{body}");
    // What is journalled outlives the relay.
    assert!(relay.terminate().await.success());
    relay.run();
    server.run();
    let jetstream = server.jetstream().await;
    eventually("all stored", async || server::stored_count(&jetstream, "MQ").await >= sent).await;
    let messages = server::stored(&jetstream, "MQ").await;
    let data: Vec<_> = messages.iter().map(|message| message.payload.to_vec()).collect();
    assert!(
        data.iter().eq((0..sent).map(numbered).collect::<Vec<_>>().iter()),
        "in order, once each"
    );
    assert!(relay.terminate().await.success());
}
