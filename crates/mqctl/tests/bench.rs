//! `mqctl bench`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use fixture::temp_dir::TempDir;
use fixture::{mqctl, run};
use serde_json::Value;

#[test]
fn help() {
    run(["bench", "--help"]).assert_success().assert_snapshot("bench-help");
}

#[test]
fn piped_output_is_only_the_table() {
    let text = run(["bench", "--seconds", "0.01", "-s", "64", "-s", "0"]).assert_success().text();
    let lines: Vec<Vec<&str>> =
        text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["SIZE", "PAIRS/S", "STREAM/S", "MIB/S", "P50", "P90", "P99", "P99.9"]);
    assert_eq!([lines[1][0], lines[2][0]], ["0", "64"]);
    assert_eq!(lines[1][3], "-");
    assert_eq!(lines.len(), 3);
}

#[test]
fn json_numbers_are_consistent() {
    let json = run(["bench", "--seconds", "0.01", "--json"]).assert_success().json();
    let sizes = json.as_array().unwrap();
    assert_eq!(sizes[0]["size"], 0);
    assert!(sizes.len() >= 2);
    for of_size in sizes {
        for rate in ["pairs_per_second", "stream_messages_per_second"] {
            let of = |which: &str| of_size[rate][which].as_f64().unwrap();
            assert!(0.0 < of("lowest") && of("lowest") <= of("median"));
            assert!(of("median") <= of("highest"));
        }
        assert!(of_size["round_trips"].as_u64().unwrap() >= 1);
        let times = of_size["round_trip_ns"].as_object().unwrap();
        assert_eq!(times.keys().collect::<Vec<_>>(), ["p50", "p90", "p99", "p99_9"]);
        let times: Vec<u64> = times.values().filter_map(Value::as_u64).collect();
        assert!(times.is_sorted() && times.len() == 4 && times[0] > 0);
    }
}

#[test]
fn svg_replaces_an_existing_file() {
    let directory = TempDir::new();
    fs::write(directory.file("bench.svg"), "x".repeat(100_000)).unwrap();
    run(["bench", "--seconds", "0.01", "-s", "8", "--svg", &directory.file("bench.svg")])
        .assert_success();
    let picture = fs::read_to_string(directory.file("bench.svg")).unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
}

#[test]
fn impossible_request_is_refused_before_measuring() {
    let nowhere = "/no/such/directory/bench.svg";
    let transcript = run(["bench", "--seconds", "3600", "--svg", nowhere]).assert_code(1);
    transcript.assert_snapshot("bench-no-directory");
    run(["bench", "--seconds", "0"]).assert_code(2).assert_snapshot("bench-zero-seconds");
    run(["bench", "--seconds", "soon"]).assert_code(2).assert_snapshot("bench-bad-duration");
    // Above the kernel's ceiling, which applies to root too.
    let directory = TempDir::new();
    let too_large =
        ["bench", "--seconds", "3600", "-s", "17M", "--svg", &directory.file("bench.svg")];
    let transcript = run(too_large).assert_code(8);
    assert!(transcript.stderr.contains("msgsize_max") && transcript.stdout.is_empty());
    assert!(directory.is_empty());
}

#[test]
fn interrupt_leaves_nothing_and_is_reported() {
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let directory = TempDir::new();
        let mut command =
            mqctl(["bench", "--seconds", "3600", "--svg", &directory.file("bench.svg")]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        // Once the SVG file exists, signals are watched and the measurement starts.
        while directory.is_empty() {
            assert_eq!(child.try_wait().unwrap(), None);
            std::thread::yield_now();
        }
        let pid = child.id().to_string();
        let open_queues = || {
            let links = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
            let targets = links.filter_map(|link| fs::read_link(link.unwrap().path()).ok());
            let queues = targets.map(|path| path.to_string_lossy().into_owned());
            queues.filter(|path| path.starts_with("/mqctl-bench-")).collect::<Vec<_>>()
        };
        let mut queues = open_queues();
        while queues.is_empty() {
            queues = open_queues();
        }
        let kill = ["-s", name, &pid];
        assert!(Command::new("kill").args(kill).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(number));
        assert!(output.stdout.is_empty() && directory.is_empty());
        for queue in queues {
            let name = queue.trim_end_matches(" (deleted)");
            assert!(posix_mqueue::unlink(name).is_err(), "{name} is left");
        }
    }
}
