//! The program without a broker: how it begins, what it writes, how it ends.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use fixture::port;
use fixture::relay::Relay;
use fixture::{name_of, new_queue};

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
