//! Valid and invalid configurations, in the file and on the command line.

#![allow(clippy::unwrap_used)]

use clap::Parser;
use mqrelay::args::Args;
use mqrelay::config::Config;

mod fixture;

fn load(text: &str, more: &[&str]) -> Result<Config, String> {
    let directory = fixture::TempDirectory::new();
    let path = directory.path().join("relay.toml");
    std::fs::write(&path, text).unwrap();
    let line = ["mqrelay", "--host", "here", "--config", path.to_str().unwrap()];
    let args = Args::parse_from(line.iter().chain(more));
    Config::load(&args).map_err(|error| error.to_string())
}

fn load_error(text: &str) -> String {
    load(text, &[]).unwrap_err()
}

#[test]
fn unknown_key_is_rejected_with_its_route() {
    let error = load_error("[out.jobs]\nqueue = \"/jobs\"\nsubjekt = \"mq.x\"\n");
    assert!(error.contains("route out.jobs: unknown field `subjekt`"), "{error}");
    let error = load_error("[in.done]\nqueue = \"/done\"\nqueues = 1\n");
    assert!(error.contains("route in.done: unknown field `queues`"), "{error}");
    let error = load_error("jornal = \"/tmp\"\n[out.jobs]\nqueue = \"/jobs\"\n");
    assert!(error.contains("unknown field `jornal`"), "{error}");
    let error = load_error("[out.jobs]\nqueue = \"/jobs\"\n[server]\npassword = \"x\"\n");
    assert!(error.contains("unknown field `password`"), "{error}");
}

#[test]
fn invalid_value_is_rejected_with_route_and_key() {
    for (line, expected) in [
        ("queue = \"jobs\"", "route out.jobs: queue: "),
        ("queue = \"/jobs\"\nsubject = \"mq.*\"", "route out.jobs: subject = \"mq.*\""),
        ("queue = \"/jobs\"\nin_flight = 0", "route out.jobs: in_flight = 0"),
        ("queue = \"/jobs\"\njournal_size = \"many\"", "\"many\" is not a size"),
        ("queue = \"/jobs\"\nstream = \"A.B\"", "route out.jobs: stream = \"A.B\""),
        ("queue = \"/jobs\"\nsync = \"never\"", "unknown variant `never`"),
        ("subject = \"mq.x\"", "route out.jobs: missing field `queue`"),
    ] {
        let error = load_error(&format!("[out.jobs]\n{line}\n"));
        assert!(error.contains(expected), "{error}");
    }
    let route = "[out.jobs]\nqueue = \"/jobs\"\n";
    for text in [
        format!("drain_seconds = 9000000000000000000\n{route}"),
        format!("{route}[server]\ntimeout_seconds = 0\n"),
        format!("{route}[streams.MQ]\nduplicate_window_seconds = 0\n"),
    ] {
        assert!(load_error(&text).contains("_seconds = "), "{}", load_error(&text));
    }
    let error = load_error("[in.done]\nqueue = \"/done\"\npriority = 40000\n");
    assert!(error.contains("route in.done: priority = 40000 exceeds 32767"), "{error}");
}

#[test]
fn routes_sharing_queue_or_consumer_are_rejected() {
    let error = load_error("[out.a]\nqueue = \"/jobs\"\n[out.b]\nqueue = \"/jobs\"\n");
    assert!(
        error.contains("route out.b: another route already has the queue \"/jobs\""),
        "{error}"
    );
    let error = load_error(
        "[in.a]\nqueue = \"/a\"\nconsumer = \"c\"\n[in.b]\nqueue = \"/b\"\nconsumer = \"c\"\n",
    );
    assert!(error.contains("route in.b: another route already has the consumer c"), "{error}");
    assert!(load_error("").contains("there are no routes"));
}

#[test]
fn routes_forming_a_loop_are_rejected() {
    let out = "[out.jobs]\nqueue = \"/jobs\"\n[in.back]\nqueue = \"/jobs\"\n";
    for subject in ["", "subject = \"mq.*.jobs\"", "subject = \"mq.>\""] {
        let error = load_error(&format!("{out}{subject}\n"));
        assert!(
            error
                .contains("route in.back: it would return messages of route out.jobs to \"/jobs\""),
            "{error}"
        );
    }
    load(&format!("{out}subject = \"mq.there.*\"\n"), &[]).unwrap();
    load(&format!("{out}stream = \"OTHER\"\n"), &[]).unwrap();
}

#[test]
fn password_in_url_is_rejected_and_hidden() {
    let args = ["--server", "nats://me:secret@127.0.0.1"];
    let error = load("[out.jobs]\nqueue = \"/jobs\"\n", &args).unwrap_err();
    assert!(error.contains("MQRELAY_PASSWORD"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    let error = load("[out.jobs]\nqueue = \"/jobs\"\n", &["--server", "x://me:secret@"]);
    assert!(!error.unwrap_err().contains("secret"));
}

#[test]
fn defaults_derive_from_host_and_route() {
    let config = load(
        "[out.jobs]\nqueue = \"/jobs\"\njournal_size = \"64M\"\n[in.done]\nqueue = \"/done\"\n",
        &["--replicas", "3"],
    )
    .unwrap();
    assert_eq!(config.outbound[0].subject, "mq.here.jobs");
    assert_eq!(config.outbound[0].journal_size, 64 << 20);
    assert_eq!(config.inbound[0].consumer, "here-done");
    assert_eq!(config.inbound[0].dead_letter, "mq-dead.here.done");
    let streams: Vec<_> =
        config.streams.iter().map(|spec| (spec.name.as_str(), spec.subjects.join(","))).collect();
    assert_eq!(streams, [("MQ", "mq.>".to_owned()), ("MQ-DEAD", "mq-dead.>".to_owned())]);
    assert!(config.streams.iter().all(|spec| spec.replicas == 3));
}

#[test]
fn flags_define_routes() {
    let args = ["--out", "/jobs", "--in", "/done=mq.*.done", "--listen", "9464"];
    let config = load("", &args).unwrap();
    assert_eq!(
        (config.outbound[0].subject.as_str(), config.outbound[0].stream.as_str()),
        ("mq.here.jobs", "MQ")
    );
    assert_eq!(config.inbound[0].subject, "mq.*.done");
    assert_eq!(config.listen.unwrap().to_string(), "127.0.0.1:9464");
    assert!(load("", &["--in", "/done"]).unwrap_err().contains("the subject is missing"));
}
