//! The unit and the example configuration in `systemd` are valid.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use mqrelay::args::Args;
use mqrelay::config::Config;

mod fixture;

fn shipped(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name)).unwrap()
}

fn load(directory: &fixture::TempDirectory, text: &str) -> Config {
    let path = directory.path().join("mqrelay.toml");
    fs::write(&path, text).unwrap();
    let args = Args::parse_from(["mqrelay", "--config", path.to_str().unwrap()]);
    Config::load(&args).unwrap()
}

/// Uncomments every key of the text, and creates the password file.
fn uncomment_every_key(text: &str, directory: &fixture::TempDirectory) -> String {
    let password = directory.path().join("password");
    fs::write(&password, "secret\n").unwrap();
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest,
        _ => line,
    });
    let lines: Vec<_> = lines.collect();
    lines
        .join("\n")
        .replace("/run/credentials/mqrelay.service/password", password.to_str().unwrap())
}

#[test]
fn example_configuration_shows_the_defaults() {
    let directory = fixture::TempDirectory::new();
    let text = shipped("mqrelay.toml");
    let uncommented = uncomment_every_key(&text, &directory);
    let all = load(&directory, &uncommented);
    let given = load(&directory, &text.replace("#host = ", "host = "));
    assert_eq!(
        (&all.outbound, &all.inbound, &all.streams),
        (&given.outbound, &given.inbound, &given.streams)
    );
    assert_eq!((&all.drain_timeout, &all.server.urls), (&given.drain_timeout, &given.server.urls));
    assert_eq!(
        (all.server.timeout, &all.journal_directory),
        (given.server.timeout, &given.journal_directory)
    );
    assert_eq!(all.server.user, Some(("relay".to_owned(), "secret".to_owned())));
    assert_eq!(all.outbound[0].name, "jobs");
}

#[test]
fn unit_keeps_ipc_namespace_and_outlasts_draining() {
    let unit = shipped("mqrelay.service");
    let settings: Vec<_> = unit.lines().filter(|line| !line.starts_with('#')).collect();
    for forbidden in ["PrivateIPC=", "ProcSubset="] {
        assert!(!settings.iter().any(|line| line.starts_with(forbidden)), "{forbidden}");
    }
    // The longest drain ends before systemd kills the relay.
    let stop_timeout =
        settings.iter().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
    let drain = load(&fixture::TempDirectory::new(), &shipped("mqrelay.toml")).drain_timeout;
    assert!(drain.as_secs() < stop_timeout.parse().unwrap());
}

#[test]
fn systemd_accepts_the_unit() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        fixture::skip("systemd-analyze is not installed");
        return;
    }
    let directory = fixture::TempDirectory::new();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_mqrelay"));
    let unit =
        shipped("mqrelay.service").replace("/usr/local/bin/mqrelay", program.to_str().unwrap());
    let path = directory.path().join("mqrelay.service");
    fs::write(&path, unit).unwrap();
    let output = Command::new("systemd-analyze").arg("verify").arg(&path).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    // Ignore warnings about other units of this machine.
    let ours: Vec<_> = stderr.lines().filter(|line| line.contains("mqrelay")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}
