//! `mqctl info`

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::user::PublicCopy;
use fixture::{UniqueName, line, namespace, run, transcript_of};
use posix_mqueue::Notification;
use serde_json::Value;

#[test]
fn help() {
    run(["info", "--help"]).succeeded().is_snapshot("info-help");
}

#[test]
fn a_missing_queue_is_said_and_the_others_are_shown() {
    let (missing, name) = (UniqueName::new("missing"), UniqueName::new("jobs"));
    name.queue(4, 64);
    let mut arguments = line("info {}", &missing);
    arguments.extend(line("{} --json", &name));
    let transcript = run(arguments).failed(3);
    assert_eq!(transcript.json().as_array().unwrap().len(), 1);
    run(line("info {}", &missing)).failed(3).is_snapshot("info-missing");
    run(line("info --json {}", &missing)).failed(3).is_snapshot("info-missing-json");
}

#[test]
fn all_of_it_is_shown_in_words() {
    let script = "mqctl create /jobs --maxmsg 4 --msgsize 1K --mode 640
                  mqctl info /jobs | sed 's/20..-..-..T..:..:..Z/DATE/; s/holders .*/holders/'";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.succeeded().is_snapshot("info-words");
}

#[test]
fn all_of_it_is_in_json() {
    let script = "mqctl create /jobs --maxmsg 4 --msgsize 1K --mode 640
                  mqctl info --json /jobs | sed 's/20..-..-..T..:..:..Z/DATE/; s/,.holders_c.*//'";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.succeeded().is_snapshot("info-json");
}

#[test]
fn with_nothing_mounted_it_tells_what_an_open_queue_tells() {
    let script = "mqctl create /jobs --maxmsg 4 --msgsize 1K --mode 640
                  unprivileged mqctl info /jobs | sed 's/20..-..-..T..:..:..Z/DATE/'
                  mount_queues; unprivileged mqctl info --json /jobs";
    let Some(transcript) = namespace::transcript(script) else { return };
    let text = transcript.succeeded().text();
    let (words, json) = text.split_once('[').unwrap();
    assert!(words.contains("messages  0 of 4\n  bytes     ?\n"), "{words}");
    assert!(words.ends_with("notify    ?\n  holders   ?\n"), "{words}");
    let json: Value = serde_json::from_str(&format!("[{json}")).unwrap();
    assert_eq!(json[0]["bytes"], 0);
    assert_eq!(json[0]["notify"]["kind"], "nobody");
}

#[test]
fn numbers_are_numbers_in_json() {
    let name = UniqueName::new("jobs");
    let queue = name.queue(4, 64);
    queue.send(b"three", 0).unwrap();
    queue.notify(Notification::Silent).unwrap();
    let record = run(line("info --json {}", &name)).succeeded().json()[0].clone();
    assert_eq!(record["name"], name.as_str());
    assert_eq!(record["messages"], 1);
    assert_eq!(record["maxmsg"], 4);
    assert_eq!(record["msgsize"], 64);
    assert_eq!(record["charge"], 640);
    assert_eq!(record["uid"], fixture::user::own_uid());
    let modified = record["modified"].as_str().unwrap();
    assert!(modified.starts_with("20") && modified.ends_with('Z'), "{modified}");
    // To be looked at does not end a registration.
    queue.cancel_notification().unwrap();
    if posix_mqueue::Directory::open().is_ok() {
        assert_eq!(record["bytes"], 5);
        assert_eq!(record["notify"]["kind"], "silent");
        assert_eq!(record["holders"][0]["pid"], std::process::id());
    }
}

#[test]
fn a_queue_that_may_only_be_written_tells_its_sizes() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("jobs");
    name.queue(4, 64);
    run(line("chmod 602 {}", &name)).succeeded();
    let Some(mut command) = copy.as_nobody(line("info --json {}", &name)) else { return };
    assert_eq!(transcript_of(&mut command).succeeded().json()[0]["maxmsg"], 4);
}

#[test]
fn the_queue_of_somebody_else_is_refused() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("jobs");
    name.queue(4, 64);
    let Some(mut command) = copy.as_nobody(line("info {}", &name)) else { return };
    transcript_of(&mut command).failed(7).without_owner().is_snapshot("info-refused");
}

#[test]
fn a_refusal_has_mode_and_owner_where_they_are_to_be_seen() {
    let script = "mqctl create /of-root --maxmsg 1 --msgsize 8
                  mount_queues
                  nobody mqctl info /of-root";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.failed(7).is_snapshot("info-refused-mounted");
}
