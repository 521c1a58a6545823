//! `mqctl send`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::Stdio;

use fixture::process::{eventually, send_signal, spawn, wait_for_exit};
use fixture::{UniqueName, mqctl, receive_all, run, run_with_input, verb_args};
use posix_mqueue::MessageQueue;

/// All bytes, and a line feed at the end.
fn every_byte() -> Vec<u8> {
    (0..=255).chain([b'\n']).collect()
}

fn send(name: &UniqueName, more: &[&str]) -> Vec<OsString> {
    verb_args("send", name, more)
}

fn bytes(queue: &MessageQueue) -> Vec<Vec<u8>> {
    receive_all(queue).into_iter().map(|(data, _)| data).collect()
}

#[test]
fn help() {
    run(["send", "--help"]).assert_success().assert_snapshot("send-help");
}

#[test]
fn each_argument_is_a_message() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 32);
    run(send(&name, &["--priority", "7", "water the plants", ""])).assert_success();
    run(send(&name, &["low"])).assert_success();
    let expected = [(&b"water the plants"[..], 7), (b"", 7), (b"low", 0)];
    assert_eq!(receive_all(&queue), expected.map(|(data, priority)| (data.to_owned(), priority)));
}

#[test]
fn standard_input_is_one_binary_message() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 257);
    run_with_input(send(&name, &[]), &every_byte()).assert_success();
    run_with_input(send(&name, &[]), b"").assert_success();
    assert_eq!(bytes(&queue), [every_byte(), Vec::new()]);
}

#[test]
fn input_is_split_by_the_requested_framing() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 257);
    run_with_input(send(&name, &["--lines"]), b"one\n\nthree").assert_success();
    assert_eq!(bytes(&queue), [&b"one"[..], b"", b"three"]);
    run_with_input(send(&name, &["--null"]), b"a\nb\0\0c\0").assert_success();
    assert_eq!(bytes(&queue), [&b"a\nb"[..], b"", b"c"]);
    let mut input = 257_u32.to_be_bytes().to_vec();
    input.extend(every_byte());
    input.extend([0; 4]);
    run_with_input(send(&name, &["--length-prefixed"]), &input).assert_success();
    assert_eq!(bytes(&queue), [every_byte(), Vec::new()]);
    run_with_input(send(&name, &["--lines"]), b"").assert_success();
    assert!(bytes(&queue).is_empty());
}

#[test]
fn hex_and_base64_are_decoded() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 16);
    run(send(&name, &["--hex", "00ff 0A", ""])).assert_success();
    run_with_input(send(&name, &["--base64", "--lines"]), b"AP8K\n\n").assert_success();
    assert_eq!(bytes(&queue), [&b"\x00\xff\n"[..], b"", b"\x00\xff\n", b""]);
}

#[test]
fn file_is_one_message_or_several() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 16);
    let path = std::env::temp_dir().join(format!("mqctl-send-{}", std::process::id()));
    std::fs::write(&path, "one\ntwo").unwrap();
    let mut arguments = send(&name, &["--file"]);
    arguments.push(path.clone().into());
    run(&arguments).assert_success();
    arguments.push("--lines".into());
    run(&arguments).assert_success();
    std::fs::remove_file(path).unwrap();
    assert_eq!(bytes(&queue), [&b"one\ntwo"[..], b"one", b"two"]);
    let missing = run(send(&name, &["--file", "/nowhere/at/all"])).assert_code(1);
    assert!(missing.stderr.contains("/nowhere/at/all"), "{missing:?}");
}

#[test]
fn all_input_is_checked_before_sending() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 8);
    let long = run_with_input(send(&name, &["--lines"]), b"short\nmuch too long for it\n");
    long.assert_code(1).assert_snapshot("send-too-long");
    run(send(&name, &["short", "123456789"]))
        .assert_code(1)
        .assert_snapshot("send-argument-too-long");
    run(send(&name, &["--hex", "00", "0x"])).assert_code(2).assert_snapshot("send-not-hex");
    run(send(&name, &["--base64", "AP8K", "===="])).assert_code(2);
    run_with_input(send(&name, &["--length-prefixed"]), b"\0\0\0\x02hi\0\0").assert_code(1);
    run(send(&name, &["--priority", "32768", "x"]))
        .assert_code(1)
        .assert_snapshot("send-bad-priority");
    assert!(bytes(&queue).is_empty());
}

#[test]
fn stream_sends_messages_as_they_arrive() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 8);
    let mut command = mqctl(send(&name, &["--lines", "--stream"]));
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(b"one\n").unwrap();
    assert_eq!(queue.receive_message().unwrap().data, b"one");
    pipe.write_all(b"two\nlonger than eight\n").unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.ends_with("at line 3; 2 messages sent before it\n"), "{said}");
    assert_eq!(bytes(&queue), [b"two"]);
}

#[test]
fn full_queue_blocks_or_fails_as_requested() {
    let name = UniqueName::new("send");
    let queue = name.queue(1, 8);
    let full = run(send(&name, &["--nonblock", "one", "two"]));
    full.assert_code(5).assert_snapshot("send-full");
    run(send(&name, &["--timeout", "10ms", "two"]))
        .assert_code(6)
        .assert_snapshot("send-timed-out");
    let mut waiting = mqctl(send(&name, &["two"])).spawn().unwrap();
    assert_eq!(queue.receive_message().unwrap().data, b"one");
    assert!(waiting.wait().unwrap().success());
    assert_eq!(bytes(&queue), [b"two"]);
}

#[test]
fn missing_queue_and_invalid_name_differ() {
    let name = UniqueName::new("send");
    run(send(&name, &["x"])).assert_code(3).assert_snapshot("send-not-found");
    run(["send", "jobs", "x"]).assert_code(2).assert_snapshot("send-no-slash");
    run(["sned"]).assert_code(2).assert_snapshot("send-typo");
}

#[test]
fn ctrl_c_reports_how_many_were_sent() {
    let name = UniqueName::new("send");
    let queue = name.queue(2, 16);
    let mut command = mqctl(send(&name, &["a", "b", "c"]));
    let child = spawn(&mut command);
    eventually(|| queue.attributes().unwrap().messages == 2);
    send_signal(&child, "INT");
    let ended = wait_for_exit(child, &command).assert_code(128 + 2);
    assert_eq!(ended.stderr, "mqctl: 2 of 3 messages sent\n");
}
