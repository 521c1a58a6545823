//! `mqctl drain` and `mqctl restore` with many messages.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::process::{Command, Stdio};

use fixture::process::spawn;
use fixture::temp_dir::TempDir;
use fixture::{UniqueName, mqctl, receive_all, run, verb_args};

/// Runs in a private IPC namespace, where limits can be raised.
const SCRIPT: &str = r#"
echo 10000 >/proc/sys/fs/mqueue/msg_max
"$0" create /many --maxmsg 10000 --msgsize 64
od -An -v -tx1 -w64 -N640000 /dev/urandom | tr -d ' ' | split -l 2500 - "$1/part."
cat "$1"/part.* >"$1/all"
priority=9
for part in "$1"/part.*; do
    "$0" send /many --hex --lines --priority $priority <"$part"
    priority=$((priority - 3))
done
"$0" drain /many "$1/dump"
"$0" restore /many "$1/dump"
"$0" recv /many --all --format hex | tr -d ' ' | cmp - "$1/all"
"#;

#[test]
fn ten_thousand_messages_in_one_queue_are_restored() {
    let mut probe = Command::new("unshare");
    probe.args(["--ipc", "prlimit", "--msgqueue=unlimited", "true"]).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        return fixture::skip("RLIMIT_MSGQUEUE cannot be raised here");
    }
    let directory = TempDir::new();
    let mut command = Command::new("unshare");
    command.args(["--ipc", "prlimit", "--msgqueue=unlimited", "sh", "-euc", SCRIPT]);
    command.args([env!("CARGO_BIN_EXE_mqctl"), &directory.shown()]).stdin(Stdio::null());
    fixture::transcript_of(&mut command).assert_success();
}

/// Needs no raised limits: a small queue is filled while it is drained, into as many dumps as needed.
#[test]
fn ten_thousand_messages_through_small_queue_are_restored() {
    let message = |n: u32| {
        let length = n as usize % 120;
        let data: Vec<u8> = (0_u8..=255).cycle().skip(n as usize).take(length).collect();
        ([&n.to_be_bytes()[..], &data].concat(), n % 5)
    };
    let (name, directory) = (UniqueName::new("drain"), TempDir::new());
    let queue = name.queue(10, 128);
    let feeding = queue.try_clone().unwrap();
    let feeder = std::thread::spawn(move || {
        for (data, priority) in (0..10_000).map(message) {
            feeding.send(&data, priority).unwrap();
        }
    });
    let mut dumps = Vec::new();
    loop {
        let over = feeder.is_finished();
        let dump = directory.file(&dumps.len().to_string());
        run(verb_args("drain", &name, &[&dump])).assert_success();
        dumps.push(dump);
        if over {
            break;
        }
    }
    feeder.join().unwrap();
    let mut found = Vec::new();
    for dump in &dumps {
        let mut restore = spawn(&mut mqctl(verb_args("restore", &name, &[dump])));
        loop {
            let over = restore.try_wait().unwrap().is_some();
            found.extend(receive_all(&queue));
            if over {
                break;
            }
        }
        assert!(restore.wait().unwrap().success());
    }
    assert_eq!(found.len(), 10_000);
    // A queue keeps the order only within a priority.
    for priority in 0..5 {
        let of = |all: &mut dyn Iterator<Item = (Vec<u8>, u32)>| -> Vec<_> {
            all.filter(|message| message.1 == priority).collect()
        };
        let sent = of(&mut (0..10_000).map(message));
        assert!(of(&mut found.iter().cloned()) == sent, "priority {priority}");
    }
}
