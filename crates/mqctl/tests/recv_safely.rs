//! `mqctl recv` loses no message, whatever goes wrong with it in hand.

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
use fixture::folder::Folder;
use fixture::process::{close_reader, eventually};
use fixture::user::PublicCopy;
use fixture::{Transcript, UniqueName, arguments, backlog, mqctl, run, transcript_of};
use posix_mqueue::{MessageQueue, OpenOptions};

fn recv(name: &UniqueName, more: &[&str]) -> Vec<OsString> {
    arguments("recv", name, more)
}

/// Ends a process as a terminal or another user would.
fn kill(signal: &str, target: &str) {
    assert!(Command::new("kill").args([signal, "--", target]).status().unwrap().success());
}

fn into_full_device(command: &mut Command) -> Transcript {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
    Transcript::new(command, output)
}

/// Whether a process sleeps in the system call that receives a message.
fn is_receiving(pid: u32) -> bool {
    let calls = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    calls
        .map(|task| task.path().join("wchan"))
        .any(|path| fs::read_to_string(path).is_ok_and(|call| call.contains("wq_sleep")))
}

#[test]
fn a_full_disk_puts_the_message_back() {
    let name = UniqueName::new("recv");
    let queue = name.queue(2, 16);
    queue.send(b"in hand", 5).unwrap();
    queue.send(b"not taken", 1).unwrap();
    let failed = into_full_device(&mut mqctl(recv(&name, &["--all"])));
    failed.failed(1).is_snapshot("recv-full-disk");
    assert_eq!(backlog(&queue), [(b"in hand".to_vec(), 5), (b"not taken".to_vec(), 1)]);
}

#[test]
fn a_reader_that_is_gone_takes_nothing_and_is_told_nothing() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 16);
    queue.send(b"kept", 5).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    close_reader(reader, &writer);
    let mut command = mqctl(recv(&name, &[]));
    let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
    let ended = Transcript::new(&command, output).failed(128 + 13);
    assert_eq!(ended.stderr, "");
    assert_eq!(backlog(&queue), [(b"kept".to_vec(), 5)]);
}

#[test]
fn a_reader_that_goes_while_a_message_is_waited_for_leaves_it_in_the_queue() {
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
    let ended = Transcript::new(&mqctl(recv(&name, &[])), output).failed(128 + 13);
    assert_eq!(ended.stderr, "mqctl: the message in hand was put back into the queue\n");
    assert_eq!(backlog(&queue), [(b"kept".to_vec(), 5)]);
}

#[test]
fn ctrl_c_ends_the_waiting_and_shells_see_it() {
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1), ("QUIT", 3)] {
        let name = UniqueName::new("recv");
        let queue = name.queue(1, 16);
        let mut command = mqctl(recv(&name, &["--follow"]));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        eventually(|| is_receiving(child.id()));
        kill(&format!("-{signal}"), &child.id().to_string());
        let output = child.wait_with_output().unwrap();
        let ended = Transcript::new(&command, output).failed(128 + number);
        assert_eq!(ended.stderr, "");
        queue.send(b"nobody took this", 0).unwrap();
        assert_eq!(backlog(&queue).len(), 1);
    }
}

#[test]
fn ctrl_c_ends_a_write_that_nobody_reads_and_every_message_is_somewhere() {
    let name = UniqueName::new("recv");
    let queue = name.queue(8, 2048);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = mqctl(recv(&name, &["--follow"]));
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    // Until the pipe is full, and then the queue.
    let mut sent = Vec::new();
    let patience = std::time::Duration::from_millis(500);
    loop {
        let mut message = format!("{:04}", sent.len()).into_bytes();
        message.resize(2000, b'.');
        if queue.send_timeout(&message, 3, patience).is_err() {
            break;
        }
        sent.push(message);
    }
    kill("-INT", &child.id().to_string());
    let ended = child.wait_with_output().unwrap();
    // No room in the queue for the one in hand: the error has it.
    let ended = Transcript::new(&mqctl([""; 0]), ended).failed(9);
    let (_, in_hand) = ended.stderr.trim_end().rsplit_once(' ').unwrap();
    let mut written = Vec::new();
    reader.read_to_end(&mut written).unwrap();
    // What has no line feed is a part of the one in hand.
    let lines = written.split_inclusive(|byte| *byte == b'\n');
    let mut found: Vec<Vec<u8>> =
        lines.filter_map(|line| line.strip_suffix(b"\n")).map(<[u8]>::to_vec).collect();
    found.push(BASE64_STANDARD.decode(in_hand).unwrap());
    found.extend(backlog(&queue).into_iter().map(|(data, _)| data));
    assert_eq!(found, sent);
}

#[test]
fn a_command_takes_each_message_or_leaves_it() {
    let name = UniqueName::new("recv");
    let queue = name.queue(3, 16);
    queue.send(b"one", 7).unwrap();
    queue.send(b"two", 5).unwrap();
    queue.send(b"bad", 3).unwrap();
    let script = r#"read -r text; echo "$MQCTL_QUEUE $MQCTL_PRIORITY $text"; [ "$text" != bad ]"#;
    run(recv(&name, &["--all", "--exec", script])).failed(1).is_snapshot("recv-exec");
    assert_eq!(backlog(&queue), [(b"bad".to_vec(), 3)]);
}

#[test]
fn a_command_need_not_read_its_message() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 8192);
    queue.send(&[7; 8192], 0).unwrap();
    run(recv(&name, &["--exec", "true"])).succeeded();
    assert!(backlog(&queue).is_empty());
    queue.send(b"kept", 2).unwrap();
    run(recv(&name, &["--exec", "/nowhere/at/all 2>/dev/null"])).failed(1);
    assert_eq!(backlog(&queue), [(b"kept".to_vec(), 2)]);
}

#[test]
fn ctrl_c_during_a_command_ends_both_and_puts_the_message_back() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 16);
    queue.send(b"kept", 4).unwrap();
    let mut command = mqctl(recv(&name, &["--exec", "echo started; exec sleep 600"]));
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 8]).unwrap();
    kill("-INT", &format!("-{}", child.id()));
    let output = child.wait_with_output().unwrap();
    let ended = Transcript::new(&command, output).failed(128 + 2);
    assert_eq!(ended.stderr, "mqctl: the message in hand was put back into the queue\n");
    assert_eq!(backlog(&queue), [(b"kept".to_vec(), 4)]);
}

/// A queue that others can only receive from, and a file that everybody can make.
fn read_only(name: &UniqueName) -> MessageQueue {
    let queue = name.queue(2, 16);
    queue.send(b"in\0hand", 5).unwrap();
    let file = File::from(OwnedFd::from(queue));
    file.set_permissions(fs::Permissions::from_mode(0o604)).unwrap();
    OpenOptions::new().read(true).write(true).open(name).unwrap()
}

#[test]
fn what_cannot_be_put_back_is_put_aside() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("recv");
    let queue = read_only(&name);
    let Some(mut command) = copy.as_nobody(recv(&name, &[])) else { return };
    let failed = into_full_device(&mut command);
    failed.failed(9).is_snapshot("recv-put-aside");
    assert!(backlog(&queue).is_empty());
}

#[test]
fn what_cannot_be_put_back_is_in_the_file_that_was_named_for_it() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("recv");
    let _queue = read_only(&name);
    let folder = Folder::new();
    let spill = folder.file("spill");
    let more = ["--spill", &spill];
    let Some(mut command) = copy.as_nobody(recv(&name, &more)) else { return };
    let failed = into_full_device(&mut command);
    failed.failed(9).is_snapshot_but_for(&[(&folder.shown(), "FOLDER")], "recv-spilled");
    assert_eq!(fs::read(&spill).unwrap(), b"in\0hand");
}

#[test]
fn the_file_for_what_cannot_be_put_back_is_new_and_gone_if_unused() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 16);
    queue.send(b"one", 0).unwrap();
    let folder = Folder::new();
    let spill = folder.file("spill");
    let more = ["--spill", &spill];
    fs::write(&spill, "precious").unwrap();
    run(recv(&name, &more)).failed(1);
    assert_eq!(
        (queue.attributes().unwrap().messages, fs::read(&spill).unwrap()),
        (1, b"precious".to_vec())
    );
    fs::remove_file(&spill).unwrap();
    run(recv(&name, &more)).succeeded();
    assert!(folder.is_empty());
}

#[test]
fn a_queue_of_others_is_refused() {
    let copy = PublicCopy::new();
    let name = UniqueName::new("recv");
    let _queue = name.queue(1, 16);
    let Some(mut command) = copy.as_nobody(recv(&name, &["--nonblock"])) else { return };
    transcript_of(&mut command).failed(7).is_snapshot("recv-refused");
}

#[test]
fn a_queue_that_is_removed_meanwhile_is_still_received_from() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 16);
    let child = mqctl(recv(&name, &["--count", "2"])).stdout(Stdio::piped()).spawn().unwrap();
    eventually(|| is_receiving(child.id()));
    queue.unlink().unwrap();
    queue.send(b"one", 0).unwrap();
    queue.send(b"two", 0).unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"one\ntwo\n");
}
