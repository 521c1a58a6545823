//! The program without a broker: how it begins, what it writes, how it ends.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use fixture::port;
use fixture::relay::Relay;
use fixture::{eventually, new_queue, queue_name};

mod fixture;

fn nowhere() -> String {
    format!("nats://127.0.0.1:{}", port::reserve())
}

#[tokio::test]
async fn json_log_has_one_object_per_line() {
    let from = new_queue();
    let name = queue_name(&from);
    let routes = format!("drain_seconds = 0\n[out.jobs]\nqueue = {name:?}\n");
    let mut relay = Relay::new(&[nowhere()], &routes).with_arguments(&["--log-format", "json"]);
    relay.run();
    relay.wait_for_log("cannot connect").await;
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
async fn sigterm_without_broker_keeps_the_journal() {
    let from = new_queue();
    let routes = format!("drain_seconds = 0\n[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let mut relay = Relay::start(&[nowhere()], &routes);
    (0..20).for_each(|_| from.send(b"kept", 0).unwrap());
    relay.wait_for_metric("journal_messages", "out.jobs", 20).await;
    assert!(relay.terminate().await.success());
    assert!(relay.log().contains("journals still hold messages"), "{}", relay.log());
    assert!(relay.log().contains("left=20"), "{}", relay.log());
    relay.run();
    relay.wait_for_metric("journal_messages", "out.jobs", 20).await;
    assert!(relay.terminate().await.success());
}

/// How long the files may be that a relay writes.
fn limit_files(relay: &Relay, length: &str) {
    let (pid, limit) = (format!("--pid={}", relay.pid()), format!("--fsize={length}:"));
    assert!(Command::new("prlimit").args([pid, limit]).status().unwrap().success());
}

#[tokio::test]
async fn unjournaled_message_is_retried_then_requeued() {
    let from = new_queue();
    let routes = format!("drain_seconds = 0\n[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let relay = Relay::new(&[nowhere()], &routes);
    // So that a file that is too long is an error, and not the end of the process.
    let mut relay = relay.with_wrapper(&["sh", "-c", "trap '' XFSZ && exec \"$@\"", "sh"]);
    relay.run();
    // The journal's file is now longer by far than the log's.
    (0..2000).for_each(|_| from.send(&[b'x'; 64], 0).unwrap());
    relay.wait_for_metric("journal_messages", "out.jobs", 2000).await;
    let refused = async || {
        relay.get("/healthz").await.is_some_and(|(_, body)| body.contains("File too large"))
    };

    limit_files(&relay, "100000");
    from.send(b"waits", 0).unwrap();
    eventually("it is refused", refused).await;
    limit_files(&relay, "unlimited");
    relay.wait_for_metric("journal_messages", "out.jobs", 2001).await;
    eventually("it is refused no more", async || !refused().await).await;

    limit_files(&relay, "100000");
    from.send(b"goes back", 7).unwrap();
    eventually("it is refused", refused).await;
    assert_eq!(from.attributes().unwrap().messages, 0);
    assert!(relay.terminate().await.success());
    let back = from.try_receive_message().unwrap();
    assert_eq!((back.data.as_slice(), back.priority), (&b"goes back"[..], 7));
    relay.run();
    relay.wait_for_metric("journal_messages", "out.jobs", 2001).await;
}

#[tokio::test]
async fn second_signal_aborts_draining_with_failure() {
    let from = new_queue();
    let routes = format!("drain_seconds = 1000\n[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let mut relay = Relay::start(&[nowhere()], &routes);
    from.send(b"kept", 0).unwrap();
    relay.wait_for_metric("journal_messages", "out.jobs", 1).await;
    relay.signal("TERM");
    relay.wait_for_log("draining").await;
    assert_eq!(relay.terminate().await.code(), Some(1));
    assert!(relay.log().contains("a second signal: not drained"));
}

#[test]
fn startup_error_is_one_line_with_failure() {
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
