//! `docs/relay.md` contains the current help (`make docs` updates it), every key and every metric.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

mod fixture;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/relay.md")
}

fn mqrelay(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mqrelay"));
    command.args(arguments);
    for variable in ["COLUMNS", "MQRELAY_SERVER", "MQRELAY_LOG", "MQRELAY_PASSWORD"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[test]
fn documentation_contains_the_current_help() {
    let written = fs::read_to_string(path()).unwrap();
    let (begin, end) = ("<!-- mqrelay --help -->\n", "<!-- end of help -->\n");
    let from = written.find(begin).unwrap() + begin.len();
    let to = written.find(end).unwrap();
    let help = mqrelay(&["--help"]);
    let current =
        format!("{}```text\n$ mqrelay --help\n{help}```\n{}", &written[..from], &written[to..]);
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(path(), &current).unwrap();
        return;
    }
    let differs =
        written.lines().zip(current.lines()).find(|(written, current)| written != current);
    assert!(written == current, "docs/relay.md is not up to date, run `make docs`: {differs:?}");
}

/// Returns the valid keys of a table, from the error about an invalid one.
fn keys_of(table: &str) -> BTreeSet<String> {
    let directory = fixture::TempDirectory::new();
    let file = directory.path().join("relay.toml");
    let routes = "[out.jobs]\nqueue = \"/jobs\"\n";
    let text = match table {
        "" => format!("nonsense = 1\n{routes}"),
        "out.jobs" => format!("{routes}nonsense = 1\n"),
        _ => format!("{routes}[{table}]\nnonsense = 1\n"),
    };
    fs::write(&file, text).unwrap();
    let output = mqrelay(&["--config", file.to_str().unwrap()]);
    let (_, expected) = output.split_once("unknown field `nonsense`, expected one of ").unwrap();
    let line = expected.lines().next().unwrap();
    line.split(", ").map(|key| key.trim_matches('`').to_owned()).collect()
}

#[test]
fn documentation_and_example_list_every_key() {
    let documentation = fs::read_to_string(path()).unwrap();
    let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("systemd/mqrelay.toml");
    let example = fs::read_to_string(example).unwrap();
    for table in ["", "server", "out.jobs", "in.done", "streams.MQ"] {
        let keys = keys_of(table);
        assert!(keys.len() > 3, "{keys:?}");
        for key in keys {
            assert!(documentation.contains(&format!("`{key}`")), "{table}: {key}");
            let given = [format!("\n{key} = "), format!("\n#{key} = "), format!("\n[{key}")];
            assert!(given.iter().any(|text| example.contains(text)), "{table}: {key}");
        }
    }
}

#[tokio::test]
async fn documentation_lists_every_metric() {
    let documentation = fs::read_to_string(path()).unwrap();
    let relay = fixture::relay::Relay::start(
        &["nats://127.0.0.1:9".to_owned()],
        "[out.jobs]\nqueue = \"/mqrelay-none\"\n[in.done]\nqueue = \"/mqrelay-nothing\"\n",
    );
    relay.wait_until_listening().await;
    let (_, text) = relay.get("/metrics").await.unwrap();
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert!(names.len() > 10, "{text}");
    for name in names {
        let name = name.split(' ').next().unwrap();
        assert!(documentation.contains(&format!("`{name}`")), "{name}");
    }
}
