//! `mqctl recv` loses no in-flight message, whatever fails.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fixture::process::{close_reader, eventually};
use fixture::temp_dir::TempDir;
use fixture::user::PublicCopy;
use fixture::{Transcript, UniqueName, mqctl, receive_all, run, transcript_of, verb_args};
use posix_mqueue::{MessageQueue, OpenOptions};

fn recv(name: &UniqueName, more: &[&str]) -> Vec<OsString> {
    verb_args("recv", name, more)
}

/// Sends a signal, as a terminal or another user would.
fn kill(signal: &str, target: &str) {
    assert!(Command::new("kill").args([signal, "--", target]).status().unwrap().success());
}

fn run_into_full_device(command: &mut Command) -> Transcript {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
    Transcript::new(command, output)
}

/// Whether a process is blocked in the system call that receives a message.
fn is_receiving(pid: u32) -> bool {
    let calls = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    calls
        .map(|task| task.path().join("wchan"))
        .any(|path| fs::read_to_string(path).is_ok_and(|call| call.contains("wq_sleep")))
}

#[test]
fn full_disk_requeues_the_message() {
    let name = UniqueName::new("recv");
    let queue = name.queue(2, 16);
    queue.send(b"in flight", 5).unwrap();
    queue.send(b"not received", 1).unwrap();
    let failed = run_into_full_device(&mut mqctl(recv(&name, &["--all"])));
    failed.assert_code(1).assert_snapshot("recv-full-disk");
    assert_eq!(receive_all(&queue), [(b"in flight".to_vec(), 5), (b"not received".to_vec(), 1)]);
}

#[test]
fn closed_pipe_exits_quietly_without_receiving() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 16);
    queue.send(b"kept", 5).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    close_reader(reader, &writer);
    let mut command = mqctl(recv(&name, &[]));
    let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
    let ended = Transcript::new(&command, output).assert_code(128 + 13);
    assert_eq!(ended.stderr, "");
    assert_eq!(receive_all(&queue), [(b"kept".to_vec(), 5)]);
}

#[test]
fn pipe_closed_while_waiting_requeues_the_message() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 16);
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = mqctl(recv(&name, &["--follow"]));
    let stdout = writer.try_clone().unwrap();
    let child = command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
    eventually(|| is_receiving(child.id()));
    close_reader(reader, &writer);
    queue.send(b"kept", 5).unwrap();
    let output = child.wait_with_output().unwrap();
    let ended = Transcript::new(&mqctl(recv(&name, &[])), output).assert_code(128 + 13);
    assert_eq!(ended.stderr, "mqctl: the message was requeued\n");
    assert_eq!(receive_all(&queue), [(b"kept".to_vec(), 5)]);
}

#[test]
fn termination_signal_ends_waiting_and_is_reported() {
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1), ("QUIT", 3)] {
        let name = UniqueName::new("recv");
        let queue = name.queue(1, 16);
        let mut command = mqctl(recv(&name, &["--follow"]));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        eventually(|| is_receiving(child.id()));
        kill(&format!("-{signal}"), &child.id().to_string());
        let output = child.wait_with_output().unwrap();
        let ended = Transcript::new(&command, output).assert_code(128 + number);
        assert_eq!(ended.stderr, "");
        queue.send(b"not received", 0).unwrap();
        assert_eq!(receive_all(&queue).len(), 1);
    }
}

#[test]
fn ctrl_c_during_blocked_write_loses_no_message() {
    let name = UniqueName::new("recv");
    let queue = name.queue(8, 2048);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = mqctl(recv(&name, &["--follow"]));
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    // Fills the pipe and then the queue.
    let mut sent = Vec::new();
    let send_timeout = std::time::Duration::from_millis(500);
    loop {
        let mut message = format!("{:04}", sent.len()).into_bytes();
        message.resize(2000, b'.');
        if queue.send_timeout(&message, 3, send_timeout).is_err() {
            break;
        }
        sent.push(message);
    }
    kill("-INT", &child.id().to_string());
    let ended = child.wait_with_output().unwrap();
    // The queue has no room for the in-flight message, so the error contains it.
    let ended = Transcript::new(&mqctl([""; 0]), ended).assert_code(9);
    let (_, in_flight) = ended.stderr.trim_end().rsplit_once(' ').unwrap();
    let mut written = Vec::new();
    reader.read_to_end(&mut written).unwrap();
    // A line without a line feed is a part of the in-flight message.
    let lines = written.split_inclusive(|byte| *byte == b'\n');
    let mut found: Vec<Vec<u8>> =
        lines.filter_map(|line| line.strip_suffix(b"\n")).map(<[u8]>::to_vec).collect();
    found.push(BASE64_STANDARD.decode(in_flight).unwrap());
    found.extend(receive_all(&queue).into_iter().map(|(data, _)| data));
    assert_eq!(found, sent);
}

#[test]
fn exec_consumes_message_or_requeues_it() {
    let name = UniqueName::new("recv");
    let queue = name.queue(3, 16);
    queue.send(b"one", 7).unwrap();
    queue.send(b"two", 5).unwrap();
    queue.send(b"bad", 3).unwrap();
    let script = r#"read -r text; echo "$MQCTL_QUEUE $MQCTL_PRIORITY $text"; [ "$text" != bad ]"#;
    run(recv(&name, &["--all", "--exec", script])).assert_code(1).assert_snapshot("recv-exec");
    assert_eq!(receive_all(&queue), [(b"bad".to_vec(), 3)]);
}

#[test]
fn exec_may_ignore_its_input() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 8192);
    queue.send(&[7; 8192], 0).unwrap();
    run(recv(&name, &["--exec", "true"])).assert_success();
    assert!(receive_all(&queue).is_empty());
    queue.send(b"kept", 2).unwrap();
    run(recv(&name, &["--exec", "/nowhere/at/all 2>/dev/null"])).assert_code(1);
    assert_eq!(receive_all(&queue), [(b"kept".to_vec(), 2)]);
}

#[test]
fn ctrl_c_during_exec_requeues_the_message() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 16);
    queue.send(b"kept", 4).unwrap();
    let mut command = mqctl(recv(&name, &["--exec", "echo started; exec sleep 600"]));
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 8]).unwrap();
    kill("-INT", &format!("-{}", child.id()));
    let output = child.wait_with_output().unwrap();
    let ended = Transcript::new(&command, output).assert_code(128 + 2);
    assert_eq!(ended.stderr, "mqctl: the message was requeued\n");
    assert_eq!(receive_all(&queue), [(b"kept".to_vec(), 4)]);
}

/// A queue with one message, from which other users can only receive.
fn receive_only_queue(name: &UniqueName) -> MessageQueue {
    let queue = name.queue(2, 16);
    queue.send(b"in\0flight", 5).unwrap();
    let file = File::from(OwnedFd::from(queue));
    file.set_permissions(fs::Permissions::from_mode(0o604)).unwrap();
    OpenOptions::new().read(true).write(true).open(name).unwrap()
}

#[test]
fn unrequeueable_message_is_rescued() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("recv");
    let queue = receive_only_queue(&name);
    let Some(mut command) = copy.as_nobody(recv(&name, &[])) else { return };
    let failed = run_into_full_device(&mut command);
    failed.assert_code(9).assert_snapshot("recv-rescued");
    assert!(receive_all(&queue).is_empty());
}

#[test]
fn unrequeueable_message_is_written_to_rescue_file() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("recv");
    let _queue = receive_only_queue(&name);
    let directory = TempDir::new();
    let rescue_file = directory.file("rescued");
    let more = ["--rescue-file", &rescue_file];
    let Some(mut command) = copy.as_nobody(recv(&name, &more)) else { return };
    let failed = run_into_full_device(&mut command);
    failed
        .assert_code(9)
        .assert_snapshot_replacing(&[(&directory.shown(), "DIR")], "recv-rescue-file");
    assert_eq!(fs::read(&rescue_file).unwrap(), b"in\0flight");
}

#[test]
fn rescue_file_is_new_and_removed_if_unused() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 16);
    queue.send(b"one", 0).unwrap();
    let directory = TempDir::new();
    let rescue_file = directory.file("rescued");
    let more = ["--rescue-file", &rescue_file];
    fs::write(&rescue_file, "precious").unwrap();
    run(recv(&name, &more)).assert_code(1);
    assert_eq!(
        (queue.attributes().unwrap().messages, fs::read(&rescue_file).unwrap()),
        (1, b"precious".to_vec())
    );
    fs::remove_file(&rescue_file).unwrap();
    run(recv(&name, &more)).assert_success();
    assert!(directory.is_empty());
}

#[test]
fn recv_without_permission_is_refused() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("recv");
    let _queue = name.queue(1, 16);
    let Some(mut command) = copy.as_nobody(recv(&name, &["--nonblock"])) else { return };
    transcript_of(&mut command).assert_code(7).without_owner().assert_snapshot("recv-refused");
}

#[test]
fn recv_continues_after_queue_is_unlinked() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 16);
    let child = mqctl(recv(&name, &["--count", "2"])).stdout(Stdio::piped()).spawn().unwrap();
    eventually(|| is_receiving(child.id()));
    queue.unlink().unwrap();
    queue.send(b"one", 0).unwrap();
    queue.send(b"two", 0).unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"one\ntwo\n");
}
