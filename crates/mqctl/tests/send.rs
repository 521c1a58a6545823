//! `mqctl send`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::Stdio;

use fixture::process::{ended, eventually, signal, start};
use fixture::{UniqueName, arguments, backlog, mqctl, run, run_with_input};
use posix_mqueue::MessageQueue;

/// Every byte there is, one of them twice.
fn every_byte() -> Vec<u8> {
    (0..=255).chain([b'\n']).collect()
}

fn send(name: &UniqueName, more: &[&str]) -> Vec<OsString> {
    arguments("send", name, more)
}

fn bytes(queue: &MessageQueue) -> Vec<Vec<u8>> {
    backlog(queue).into_iter().map(|(data, _)| data).collect()
}

#[test]
fn help() {
    run(["send", "--help"]).succeeded().is_snapshot("send-help");
}

#[test]
fn each_argument_is_a_message() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 32);
    run(send(&name, &["--priority", "7", "water the plants", ""])).succeeded();
    run(send(&name, &["low"])).succeeded();
    let expected = [(&b"water the plants"[..], 7), (b"", 7), (b"low", 0)];
    assert_eq!(backlog(&queue), expected.map(|(data, priority)| (data.to_owned(), priority)));
}

#[test]
fn standard_input_is_one_message_with_every_byte() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 257);
    run_with_input(send(&name, &[]), &every_byte()).succeeded();
    run_with_input(send(&name, &[]), b"").succeeded();
    assert_eq!(bytes(&queue), [every_byte(), Vec::new()]);
}

#[test]
fn input_is_cut_as_it_is_said_to_be() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 257);
    run_with_input(send(&name, &["--lines"]), b"one\n\nthree").succeeded();
    assert_eq!(bytes(&queue), [&b"one"[..], b"", b"three"]);
    run_with_input(send(&name, &["--null"]), b"a\nb\0\0c\0").succeeded();
    assert_eq!(bytes(&queue), [&b"a\nb"[..], b"", b"c"]);
    let mut input = 257_u32.to_be_bytes().to_vec();
    input.extend(every_byte());
    input.extend([0; 4]);
    run_with_input(send(&name, &["--length-prefixed"]), &input).succeeded();
    assert_eq!(bytes(&queue), [every_byte(), Vec::new()]);
    run_with_input(send(&name, &["--lines"]), b"").succeeded();
    assert!(bytes(&queue).is_empty());
}

#[test]
fn hexadecimal_digits_and_base64_are_decoded() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 16);
    run(send(&name, &["--hex", "00ff 0A", ""])).succeeded();
    run_with_input(send(&name, &["--base64", "--lines"]), b"AP8K\n\n").succeeded();
    assert_eq!(bytes(&queue), [&b"\x00\xff\n"[..], b"", b"\x00\xff\n", b""]);
}

#[test]
fn a_file_is_a_message_or_several() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 16);
    let path = std::env::temp_dir().join(format!("mqctl-send-{}", std::process::id()));
    std::fs::write(&path, "one\ntwo").unwrap();
    let mut whole = send(&name, &["--file"]);
    whole.push(path.clone().into());
    run(&whole).succeeded();
    whole.push("--lines".into());
    run(&whole).succeeded();
    std::fs::remove_file(path).unwrap();
    assert_eq!(bytes(&queue), [&b"one\ntwo"[..], b"one", b"two"]);
    let missing = run(send(&name, &["--file", "/nowhere/at/all"])).failed(1);
    assert!(missing.stderr.contains("/nowhere/at/all"), "{missing:?}");
}

#[test]
fn all_is_checked_before_the_first_is_sent() {
    let name = UniqueName::new("send");
    let queue = name.queue(4, 8);
    let long = run_with_input(send(&name, &["--lines"]), b"short\nmuch too long for it\n");
    long.failed(1).is_snapshot("send-too-long");
    run(send(&name, &["short", "123456789"])).failed(1).is_snapshot("send-argument-too-long");
    run(send(&name, &["--hex", "00", "0x"])).failed(2).is_snapshot("send-no-hex");
    run(send(&name, &["--base64", "AP8K", "===="])).failed(2);
    run_with_input(send(&name, &["--length-prefixed"]), b"\0\0\0\x02hi\0\0").failed(1);
    run(send(&name, &["--priority", "32768", "x"])).failed(1).is_snapshot("send-no-priority");
    assert!(bytes(&queue).is_empty());
}

#[test]
fn a_stream_is_sent_as_it_comes() {
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
    assert!(said.ends_with("this is line 3; 2 messages sent before\n"), "{said}");
    assert_eq!(bytes(&queue), [b"two"]);
}

#[test]
fn a_full_queue_is_waited_for_or_not() {
    let name = UniqueName::new("send");
    let queue = name.queue(1, 8);
    let full = run(send(&name, &["--nonblock", "one", "two"]));
    full.failed(5).is_snapshot("send-full");
    run(send(&name, &["--timeout", "10ms", "two"])).failed(6).is_snapshot("send-timed-out");
    let mut waiting = mqctl(send(&name, &["two"])).spawn().unwrap();
    assert_eq!(queue.receive_message().unwrap().data, b"one");
    assert!(waiting.wait().unwrap().success());
    assert_eq!(bytes(&queue), [b"two"]);
}

#[test]
fn what_is_no_queue_is_told_apart() {
    let name = UniqueName::new("send");
    run(send(&name, &["x"])).failed(3).is_snapshot("send-not-found");
    run(["send", "jobs", "x"]).failed(2).is_snapshot("send-no-slash");
    run(["sned"]).failed(2).is_snapshot("send-misspelt");
}

#[test]
fn ctrl_c_tells_how_many_went() {
    let name = UniqueName::new("send");
    let queue = name.queue(2, 16);
    let mut command = mqctl(send(&name, &["a", "b", "c"]));
    let child = start(&mut command);
    eventually(|| queue.attributes().unwrap().messages == 2);
    signal(&child, "INT");
    let ended = ended(child, &command).failed(128 + 2);
    assert_eq!(ended.stderr, "mqctl: 2 of 3 messages sent\n");
}
