//! A full disk under the journal, and a torn journal.

#![allow(clippy::unwrap_used)]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::time::Duration;

use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::{counts_by_number, eventually, new_queue, numbered_message, queue_name};

mod fixture;

/// Runs a program with a small disk mounted on a directory, in a mount namespace of its own.
const SMALL_DISK: &str = "mount -t tmpfs -o size=300k tmpfs \"$0\" && exec \"$@\"";

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_keeps_messages_in_the_queue() {
    if !server::is_available() {
        return;
    }
    if !Command::new("unshare").args(["--mount", "true"]).status().is_ok_and(|s| s.success()) {
        fixture::skip("mount namespaces are not permitted here");
        return;
    }
    let mut server = Server::start().await;
    let from = new_queue();
    let routes = format!("[out.jobs]\nqueue = {:?}\njournal_size = \"1M\"\n", queue_name(&from));
    let relay = Relay::new(&[server.url()], &routes);
    fs::create_dir(relay.journal()).unwrap();
    let journal = relay.journal().to_str().unwrap().to_owned();
    let mut relay = relay.with_wrapper(&["unshare", "--mount", "sh", "-c", SMALL_DISK, &journal]);
    server.kill();
    relay.run();
    // The disk is full before the journal reaches its size.
    let mut sent = 0;
    while !relay.log().contains("the journal cannot grow") {
        let soon = Duration::from_millis(100);
        sent += u64::from(from.send_timeout(&numbered_message(sent), 0, soon).is_ok());
    }
    while from.try_send(&numbered_message(sent), 0).is_ok() {
        sent += 1;
    }
    assert_eq!(from.attributes().unwrap().messages, 8, "the queue is full");
    let (status, body) = relay.get("/healthz").await.unwrap();
    assert!(status == "503" && body.contains("No space left"), "{body}");
    assert!(sent > 1000, "{sent}");
    // Restart the broker. The relay then recycles its disk space.
    server.run();
    for number in sent..sent + 5000 {
        from.send(&numbered_message(number), 0).unwrap();
    }
    let total = sent + 5000;
    let jetstream = server.jetstream().await;
    eventually("all", async || server::stored_count(&jetstream, "MQ").await >= total).await;
    assert!(relay.terminate().await.success());
    let messages = server::stored_messages(&jetstream, "MQ").await;
    let numbers: Vec<_> =
        messages.iter().map(|message| fixture::message_number(&message.payload)).collect();
    assert!(numbers.iter().copied().eq(0..total), "in order, once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn torn_journal_tail_loses_only_the_torn_message() {
    if !server::is_available() {
        return;
    }
    let mut server = Server::start().await;
    server.kill();
    let from = new_queue();
    let routes = format!("[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let mut relay = Relay::start(&[server.url()], &routes);
    for number in 0..40 {
        from.send(&numbered_message(number), 0).unwrap();
    }
    relay.wait_for_metric("journal_messages", "out.jobs", 40).await;
    relay.kill();
    let directory = relay.journal().join("out.jobs");
    let mut entries = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let path = entries.find(|path| path.extension().is_some_and(|e| e == "segment")).unwrap();
    let bytes = fs::read(&path).unwrap();
    let used = bytes.iter().rposition(|&byte| byte != 0).unwrap() + 1;
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0; 20], used as u64 - 20).unwrap();
    relay.run();
    relay.wait_for_log("was torn; quarantined").await;
    server.run();
    from.send(&numbered_message(40), 0).unwrap();
    let jetstream = server.jetstream().await;
    eventually("all", async || server::stored_count(&jetstream, "MQ").await >= 40).await;
    assert_eq!(relay.metric("torn_records_total", "out.jobs").await, Some(1));
    assert!(relay.terminate().await.success());
    let messages = server::stored_messages(&jetstream, "MQ").await;
    let counts = counts_by_number(messages.iter().map(|message| message.payload.as_ref()));
    assert!((0..=40).all(|number| counts.contains_key(&number) == (number != 39)));
    assert!(counts.values().all(|&times| times == 1));
}
