//! The program without a broker: startup errors, the log, draining, and a disk that fails.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use fixture::port;
use fixture::relay::Relay;
use fixture::{eventually, new_queue, queue_name};

mod fixture;

fn unreachable_url() -> String {
    format!("nats://127.0.0.1:{}", port::reserve())
}

#[tokio::test]
async fn json_log_has_one_object_per_line() {
    let from = new_queue();
    let name = queue_name(&from);
    let routes = format!("drain_seconds = 0\n[out.jobs]\nqueue = {name:?}\n");
    let mut relay =
        Relay::new(&[unreachable_url()], &routes).with_arguments(&["--log-format", "json"]);
    relay.run();
    relay.wait_for_log("cannot connect").await;
    assert!(relay.terminate().await.success());
    let log = relay.log();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let receiving =
        lines.iter().find(|line| line["fields"]["message"] == "receiving from the queue");
    let receiving = receiving.unwrap();
    assert_eq!(
        (&receiving["level"], &receiving["span"]["route"]),
        (&"INFO".into(), &"jobs".into())
    );
    assert!(receiving["timestamp"].is_string());
    assert_eq!(receiving["fields"]["queue"], format!("{name:?}"));
}

#[tokio::test]
async fn sigterm_without_broker_keeps_the_journal() {
    let from = new_queue();
    let routes = format!("drain_seconds = 0\n[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let mut relay = Relay::start(&[unreachable_url()], &routes);
    (0..20).for_each(|_| from.send(b"kept", 0).unwrap());
    relay.wait_for_metric("journal_messages", "out.jobs", 20).await;
    assert!(relay.terminate().await.success());
    assert!(relay.log().contains("journals still contain messages"), "{}", relay.log());
    assert!(relay.log().contains("pending=20"), "{}", relay.log());
    relay.run();
    relay.wait_for_metric("journal_messages", "out.jobs", 20).await;
    assert!(relay.terminate().await.success());
}

/// Limits the size of the files that a relay writes.
fn limit_file_size(relay: &Relay, size: &str) {
    let (pid, limit) = (format!("--pid={}", relay.pid()), format!("--fsize={size}:"));
    assert!(Command::new("prlimit").args([pid, limit]).status().unwrap().success());
}

#[tokio::test]
async fn unjournaled_message_is_retried_then_requeued() {
    let from = new_queue();
    let routes = format!("drain_seconds = 0\n[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let relay = Relay::new(&[unreachable_url()], &routes);
    // Ignore SIGXFSZ, so that a write beyond the limit fails instead of killing the process.
    let mut relay = relay.with_wrapper(&["sh", "-c", "trap '' XFSZ && exec \"$@\"", "sh"]);
    relay.run();
    // The journal is now much longer than the log, which must stay writable.
    (0..2000).for_each(|_| from.send(&[b'x'; 64], 0).unwrap());
    relay.wait_for_metric("journal_messages", "out.jobs", 2000).await;
    let refused = async || {
        relay.get("/healthz").await.is_some_and(|(_, body)| body.contains("File too large"))
    };

    limit_file_size(&relay, "100000");
    from.send(b"waits", 0).unwrap();
    eventually("the write is refused", refused).await;
    limit_file_size(&relay, "unlimited");
    relay.wait_for_metric("journal_messages", "out.jobs", 2001).await;
    eventually("the write succeeds", async || !refused().await).await;

    limit_file_size(&relay, "100000");
    from.send(b"requeued", 7).unwrap();
    eventually("the write is refused", refused).await;
    assert_eq!(from.attributes().unwrap().messages, 0);
    assert!(relay.terminate().await.success());
    let requeued = from.try_receive_message().unwrap();
    assert_eq!((requeued.data.as_slice(), requeued.priority), (&b"requeued"[..], 7));
    relay.run();
    relay.wait_for_metric("journal_messages", "out.jobs", 2001).await;
}

#[tokio::test]
async fn second_signal_aborts_draining_with_failure() {
    let from = new_queue();
    let routes = format!("drain_seconds = 1000\n[out.jobs]\nqueue = {:?}\n", queue_name(&from));
    let mut relay = Relay::start(&[unreachable_url()], &routes);
    from.send(b"kept", 0).unwrap();
    relay.wait_for_metric("journal_messages", "out.jobs", 1).await;
    relay.signal("TERM");
    relay.wait_for_log("draining").await;
    assert_eq!(relay.terminate().await.code(), Some(1));
    assert!(relay.log().contains("aborted by a second signal"));
}

#[test]
fn startup_error_is_one_line_with_failure() {
    for (arguments, expected) in [
        (&["--out", "jobs"][..], "--out jobs: "),
        (&["--config", "/nowhere/relay.toml"], "/nowhere/relay.toml: No such file"),
        (&["--out", "/jobs", "--log", "a=b=c"], "--log: "),
        (&[], "there are no routes: give --out or --in"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_mqrelay")).args(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr.starts_with("mqrelay: ") && stderr.contains(expected), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}
