//! `mqctl info`

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::user::PublicCopy;
use fixture::{UniqueName, args_with_name, namespace, run, transcript_of};
use posix_mqueue::Notification;
use serde_json::Value;

#[test]
fn help() {
    run(["info", "--help"]).assert_success().assert_snapshot("info-help");
}

#[test]
fn info_shows_others_when_one_is_missing() {
    let (missing, name) = (UniqueName::new("missing"), UniqueName::new("jobs"));
    name.queue(4, 64);
    let mut arguments = args_with_name("info {}", &missing);
    arguments.extend(args_with_name("{} --json", &name));
    let transcript = run(arguments).assert_code(3);
    assert_eq!(transcript.json().as_array().unwrap().len(), 1);
    run(args_with_name("info {}", &missing)).assert_code(3).assert_snapshot("info-missing");
    run(args_with_name("info --json {}", &missing))
        .assert_code(3)
        .assert_snapshot("info-missing-json");
}

#[test]
fn info_text_shows_everything() {
    let script = "mqctl create /jobs --maxmsg 4 --msgsize 1K --mode 640
                  mqctl info /jobs | sed 's/20..-..-..T..:..:..Z/DATE/; s/holders .*/holders/'";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.assert_success().assert_snapshot("info-words");
}

#[test]
fn info_json_contains_everything() {
    let script = "mqctl create /jobs --maxmsg 4 --msgsize 1K --mode 640
                  mqctl info --json /jobs | sed 's/20..-..-..T..:..:..Z/DATE/; s/,.holders_c.*//'";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.assert_success().assert_snapshot("info-json");
}

#[test]
fn info_without_mount_shows_what_is_known() {
    let script = "mqctl create /jobs --maxmsg 4 --msgsize 1K --mode 640
                  unprivileged mqctl info /jobs | sed 's/20..-..-..T..:..:..Z/DATE/'
                  mount_queues; unprivileged mqctl info --json /jobs";
    let Some(transcript) = namespace::transcript(script) else { return };
    let text = transcript.assert_success().text();
    let (words, json) = text.split_once('[').unwrap();
    assert!(words.contains("messages  0 of 4\n  bytes     ?\n"), "{words}");
    assert!(words.ends_with("notify    ?\n  holders   ?\n"), "{words}");
    let json: Value = serde_json::from_str(&format!("[{json}")).unwrap();
    assert_eq!(json[0]["bytes"], 0);
    assert_eq!(json[0]["notify"]["kind"], "none");
}

#[test]
fn json_numbers_are_numbers() {
    let name = UniqueName::new("jobs");
    let queue = name.queue(4, 64);
    queue.send(b"three", 0).unwrap();
    queue.notify(Notification::Silent).unwrap();
    let record = run(args_with_name("info --json {}", &name)).assert_success().json()[0].clone();
    assert_eq!(record["name"], name.as_str());
    assert_eq!(record["messages"], 1);
    assert_eq!(record["maxmsg"], 4);
    assert_eq!(record["msgsize"], 64);
    assert_eq!(record["charge"], 640);
    assert_eq!(record["uid"], fixture::user::own_uid());
    let modified = record["modified"].as_str().unwrap();
    assert!(modified.starts_with("20") && modified.ends_with('Z'), "{modified}");
    // Inspecting a queue does not cancel its registration.
    queue.cancel_notification().unwrap();
    if posix_mqueue::Directory::open().is_ok() {
        assert_eq!(record["bytes"], 5);
        assert_eq!(record["notify"]["kind"], "silent");
        assert_eq!(record["holders"][0]["pid"], std::process::id());
    }
}

#[test]
fn write_only_queue_shows_its_sizes() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("jobs");
    name.queue(4, 64);
    run(args_with_name("chmod 602 {}", &name)).assert_success();
    let Some(mut command) = copy.as_nobody(args_with_name("info --json {}", &name)) else { return };
    assert_eq!(transcript_of(&mut command).assert_success().json()[0]["maxmsg"], 4);
}

#[test]
fn info_without_permission_is_refused() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("jobs");
    name.queue(4, 64);
    let Some(mut command) = copy.as_nobody(args_with_name("info {}", &name)) else { return };
    transcript_of(&mut command).assert_code(7).without_owner().assert_snapshot("info-refused");
}

#[test]
fn refusal_names_mode_and_owner_when_mounted() {
    let script = "mqctl create /of-root --maxmsg 1 --msgsize 8
                  mount_queues
                  nobody mqctl info /of-root";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.assert_code(7).assert_snapshot("info-refused-mounted");
}
