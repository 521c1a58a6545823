//! The program without a broker: how it begins, what it writes, how it ends.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use fixture::port;
use fixture::relay::Relay;
use fixture::{eventually, name_of, new_queue};

mod fixture;

fn nowhere() -> String {
    format!("nats://127.0.0.1:{}", port::free())
}

#[tokio::test]
async fn each_line_of_the_log_is_an_object_where_asked_for() {
    let from = new_queue();
    let name = name_of(&from);
    let routes = format!("drain_seconds = 0\n[out.jobs]\nqueue = {name:?}\n");
    let mut relay = Relay::new(&[nowhere()], &routes).given(&["--log-format", "json"]);
    relay.run();
    relay.logged("cannot connect").await;
    assert!(relay.terminate().await.success());
    let log = relay.log();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let taking = lines.iter().find(|line| line["fields"]["message"] == "taking from the queue");
    let taking = taking.unwrap();
    assert_eq!((&taking["level"], &taking["span"]["route"]), (&"INFO".into(), &"jobs".into()));
    assert!(taking["timestamp"].is_string());
    assert_eq!(taking["fields"]["queue"], format!("{name:?}"));
}

#[tokio::test]
async fn termination_without_a_broker_keeps_what_was_taken() {
    let from = new_queue();
    let routes = format!("drain_seconds = 0\n[out.jobs]\nqueue = {:?}\n", name_of(&from));
    let mut relay = Relay::start(&[nowhere()], &routes);
    (0..20).for_each(|_| from.send(b"kept", 0).unwrap());
    relay.reaches("journal_messages", "out.jobs", 20).await;
    assert!(relay.terminate().await.success());
    assert!(relay.log().contains("journals still hold messages"), "{}", relay.log());
    assert!(relay.log().contains("left=20"), "{}", relay.log());
    relay.run();
    relay.reaches("journal_messages", "out.jobs", 20).await;
    assert!(relay.terminate().await.success());
}

/// How long the files may be that a relay writes.
fn limit_files(relay: &Relay, length: &str) {
    let (pid, limit) = (format!("--pid={}", relay.pid()), format!("--fsize={length}:"));
    assert!(Command::new("prlimit").args([pid, limit]).status().unwrap().success());
}

#[tokio::test]
async fn a_message_that_the_disk_refuses_is_kept_in_hand_and_goes_back_in_the_end() {
    let from = new_queue();
    let routes = format!("drain_seconds = 0\n[out.jobs]\nqueue = {:?}\n", name_of(&from));
    let relay = Relay::new(&[nowhere()], &routes);
    // So that a file that is too long is an error, and not the end of the process.
    let mut relay = relay.wrapped(&["sh", "-c", "trap '' XFSZ && exec \"$@\"", "sh"]);
    relay.run();
    // The journal's file is now longer by far than the log's.
    (0..2000).for_each(|_| from.send(&[b'x'; 64], 0).unwrap());
    relay.reaches("journal_messages", "out.jobs", 2000).await;
    let refused = async || {
        relay.get("/healthz").await.is_some_and(|(_, body)| body.contains("File too large"))
    };

    limit_files(&relay, "100000");
    from.send(b"waits", 0).unwrap();
    eventually("it is refused", refused).await;
    limit_files(&relay, "unlimited");
    relay.reaches("journal_messages", "out.jobs", 2001).await;
    eventually("it is refused no more", async || !refused().await).await;

    limit_files(&relay, "100000");
    from.send(b"goes back", 7).unwrap();
    eventually("it is refused", refused).await;
    assert_eq!(from.attributes().unwrap().messages, 0);
    assert!(relay.terminate().await.success());
    let back = from.try_receive_message().unwrap();
    assert_eq!((back.data.as_slice(), back.priority), (&b"goes back"[..], 7));
    relay.run();
    relay.reaches("journal_messages", "out.jobs", 2001).await;
}

#[tokio::test]
async fn a_second_signal_ends_the_draining_and_is_a_failure() {
    let from = new_queue();
    let routes = format!("drain_seconds = 1000\n[out.jobs]\nqueue = {:?}\n", name_of(&from));
    let mut relay = Relay::start(&[nowhere()], &routes);
    from.send(b"kept", 0).unwrap();
    relay.reaches("journal_messages", "out.jobs", 1).await;
    relay.signal("TERM");
    relay.logged("draining").await;
    assert_eq!(relay.terminate().await.code(), Some(1));
    assert!(relay.log().contains("a second signal: not drained"));
}

#[test]
fn what_is_wrong_is_one_line_and_a_failure() {
    for (arguments, words) in [
        (&["--out", "jobs"][..], "--out jobs: "),
        (&["--config", "/nowhere/relay.toml"], "/nowhere/relay.toml: No such file"),
        (&["--out", "/jobs", "--log", "a=b=c"], "--log: "),
        (&[], "there are no routes: give --out or --in"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_mqrelay")).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(said.starts_with("mqrelay: ") && said.contains(words), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
