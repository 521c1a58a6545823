//! `mqctl ls`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs::File;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use fixture::process::close_reader;
use fixture::{Transcript, UniqueName, namespace, run, skip};
use posix_mqueue::{Directory, Notification};
use serde_json::{Value, json};

#[test]
fn help() {
    run(["ls", "--help"]).assert_success().assert_snapshot("ls-help");
}

#[test]
fn root_gets_an_aligned_table_without_mount() {
    let script = "mqctl create /jobs --maxmsg 4 --msgsize 1K --mode 640
                  mqctl create /a-longer-name --maxmsg 10 --msgsize 100
                  mqctl ls";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.assert_success().assert_snapshot("ls-table");
}

#[test]
fn json_is_one_array() {
    let script = "mqctl create /jobs --maxmsg 4 --msgsize 1K --mode 640
                  mqctl create /other --maxmsg 1 --msgsize 1
                  mqctl ls --json | sed 's/20..-..-..T..:..:..Z/DATE/g'
                  mqctl rm /jobs /other; mqctl ls --json";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.assert_success().assert_snapshot("ls-json");
}

#[test]
fn holders_show_process_ids_and_names() {
    // Standard error may report processes that could not be inspected.
    let script = "mqctl create /jobs --maxmsg 4 --msgsize 1K
                  mount_queues
                  sleep 600 9<\"$DIR/queues/jobs\" & holder=$!
                  until grep -q sleep /proc/$holder/comm; do :; done
                  mqctl ls --holders
                  kill $holder
                  echo $holder";
    let Some(transcript) = namespace::transcript(script) else { return };
    let text = transcript.text();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].ends_with("NOTIFY  HOLDERS"), "{text}");
    let (_, holders) = lines[1].rsplit_once("-  ").unwrap();
    let holders = holders.trim();
    let holder = format!("{} sleep", lines[2]);
    assert!(holders == holder || holders == format!("{holder}, ?"), "{text}");
    assert_eq!(holders.ends_with('?'), transcript.stderr.contains("could not be inspected"));
}

#[test]
fn missing_mount_error_has_the_mount_command() {
    let Some(transcript) = namespace::transcript("unprivileged mqctl ls") else { return };
    transcript.assert_code(1).assert_snapshot("ls-unmounted");
}

#[test]
fn directory_mounted_anywhere_is_found() {
    let script = "mqctl create /jobs --maxmsg 1 --msgsize 8
                  mount_queues
                  unprivileged mqctl ls";
    let Some(transcript) = namespace::transcript(script) else { return };
    transcript.assert_success().assert_snapshot("ls-mounted");
}

#[test]
fn unreadable_queue_is_listed_with_unknowns() {
    let script = "mqctl create /of-root --maxmsg 1 --msgsize 8 --mode 600
                  mount_queues
                  nobody mqctl ls
                  nobody mqctl ls --json";
    let Some(transcript) = namespace::transcript(script) else { return };
    let transcript = transcript.assert_success();
    let text = transcript.text();
    let (table, json) = text.split_once('[').unwrap();
    assert_eq!(
        table.lines().nth(1).unwrap().split_whitespace().collect::<Vec<_>>(),
        ["/of-root", "root:root", "rw-------", "?", "?", "?", "?"]
    );
    let json: Value = serde_json::from_str(&format!("[{json}")).unwrap();
    assert_eq!(json[0]["name"], "/of-root");
    for key in ["messages", "maxmsg", "bytes", "msgsize", "notify"] {
        assert_eq!(json[0][key], Value::Null, "{key}");
    }
}

#[test]
fn json_has_numbers_notification_and_holders() {
    if Directory::open().is_err() {
        return skip("no queue directory here");
    }
    let name = UniqueName::new("jobs");
    let queue = name.queue(4, 64);
    let holder = Holder::of(&queue);
    queue.send(b"three", 0).unwrap();
    queue.send(b"four", 1).unwrap();
    let entry = entry_of(&name, &["ls", "--json"]);
    assert_eq!(entry["notify"], json!({ "kind": "none" }));
    queue.notify(Notification::Signal { number: 10, value: 0 }).unwrap();
    let entry = entry_of(&name, &["ls", "--json", "--holders"]);
    assert_eq!(entry["messages"], 2);
    assert_eq!(entry["maxmsg"], 4);
    assert_eq!(entry["bytes"], 9);
    assert_eq!(entry["msgsize"], 64);
    assert_eq!(entry["charge"], 640);
    assert_eq!(entry["notify"]["kind"], "signal");
    assert_eq!(entry["notify"]["signal"], 10);
    assert_eq!(entry["notify"]["pid"], std::process::id());
    let holders = entry["holders"].as_array().unwrap();
    assert!(holders.iter().any(|h| h["pid"] == holder.0.id() && h["command"] == "cat"));
    assert!(holders.iter().any(|h| h["pid"] == std::process::id()));
    queue.notify(Notification::Silent).unwrap_err();
}

#[test]
fn non_utf8_name_is_raw_or_base64() {
    use std::os::unix::ffi::OsStrExt as _;
    if Directory::open().is_err() {
        return skip("no queue directory here");
    }
    let name = UniqueName::new(std::ffi::OsStr::from_bytes(b"\xff\x1b[2J"));
    name.queue(1, 8);
    let bytes = (&name).as_ref().as_bytes().to_vec();
    let list = run(["ls"]).stdout;
    assert!(list.windows(bytes.len()).any(|window| window == bytes));
    let all = run(["ls", "--json"]).json();
    let encoded: Vec<_> =
        all.as_array().unwrap().iter().filter_map(|e| e["name_base64"].as_str()).collect();
    // The base64 of "/\xff\x1b[2J".
    assert!(encoded.iter().any(|text| text.starts_with("L/8bWzJK")), "{all}");
}

#[test]
fn closed_pipe_terminates_by_sigpipe() {
    if Directory::open().is_err() {
        return skip("no queue directory here");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    close_reader(reader, &writer);
    let mut command = fixture::mqctl(["ls"]);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let transcript = Transcript::new(&command, child.wait_with_output().unwrap());
    assert!(transcript.code == 128 + 13 && transcript.stderr.is_empty(), "{transcript:?}");
}

/// The JSON object of this queue.
fn entry_of(name: &UniqueName, arguments: &[&str]) -> Value {
    let all = run(arguments).json();
    let wanted = name.as_str();
    all.as_array().unwrap().iter().find(|entry| entry["name"] == wanted).unwrap().clone()
}

/// A process that has a queue open until this is dropped.
struct Holder(Child);

impl Holder {
    fn of(queue: &posix_mqueue::MessageQueue) -> Self {
        let file = File::from(OwnedFd::from(queue.try_clone().unwrap()));
        // Its standard output is the queue. It writes nothing, because its input stays empty.
        let child =
            Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::from(file)).spawn().unwrap();
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
