//! `mqctl recv`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsString;

use fixture::{UniqueName, mqctl, run, verb_args};
use posix_mqueue::MessageQueue;

fn recv(name: &UniqueName, more: &[&str]) -> Vec<OsString> {
    verb_args("recv", name, more)
}

/// A queue with three messages: text, all bytes, empty.
fn queue_with_messages(name: &UniqueName) -> MessageQueue {
    let queue = name.queue(3, 256);
    let every_byte: Vec<u8> = (0..=255).collect();
    queue.send(b"text", 9).unwrap();
    queue.send(&every_byte, 5).unwrap();
    queue.send(b"", 0).unwrap();
    queue
}

#[test]
fn help() {
    run(["recv", "--help"]).assert_success().assert_snapshot("recv-help");
}

#[test]
fn single_message_is_written_raw() {
    let name = UniqueName::new("recv");
    let queue = queue_with_messages(&name);
    assert_eq!(run(recv(&name, &[])).assert_success().stdout, b"text");
    let every_byte: Vec<u8> = (0..=255).collect();
    assert_eq!(run(recv(&name, &[])).assert_success().stdout, every_byte);
    assert_eq!(run(recv(&name, &[])).assert_success().stdout, b"");
    assert_eq!(queue.attributes().unwrap().messages, 0);
}

#[test]
fn several_messages_use_the_requested_format() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut lines = b"text\n".to_vec();
    lines.extend(&every_byte);
    lines.extend(b"\n\n");
    let mut null = b"9\ttext\x005\t".to_vec();
    null.extend(&every_byte);
    null.extend(b"\x000\t\x00");
    let mut prefixed = b"\0\0\0\x04text\0\0\x01\0".to_vec();
    prefixed.extend(&every_byte);
    prefixed.extend(b"\0\0\0\0");
    for (arguments, expected) in [
        (&["--all"][..], lines),
        (&["--all", "--format", "null", "--priority"], null),
        (&["--count", "3", "--format", "length-prefixed"], prefixed),
    ] {
        let name = UniqueName::new("recv");
        let _queue = queue_with_messages(&name);
        assert_eq!(run(recv(&name, arguments)).assert_success().stdout, expected);
    }
    for format in ["json", "hex", "base64"] {
        let name = UniqueName::new("recv");
        let _queue = queue_with_messages(&name);
        let written = run(recv(&name, &["--all", "--priority", "--format", format]));
        written.assert_success().assert_snapshot(&format!("recv-{format}"));
    }
}

#[test]
fn priority_is_refused_in_raw_format() {
    let name = UniqueName::new("recv");
    let queue = queue_with_messages(&name);
    run(recv(&name, &["--priority"])).assert_code(2).assert_snapshot("recv-priority-raw");
    assert_eq!(queue.attributes().unwrap().messages, 3);
}

#[test]
fn empty_queue_blocks_or_fails_as_requested() {
    let name = UniqueName::new("recv");
    let queue = name.queue(2, 8);
    run(recv(&name, &["--nonblock"])).assert_code(4).assert_snapshot("recv-empty");
    run(recv(&name, &["--timeout", "10ms"])).assert_code(6).assert_snapshot("recv-timed-out");
    run(recv(&name, &["--all"])).assert_success();
    queue.send(b"one", 0).unwrap();
    let two = run(recv(&name, &["--count", "2", "--nonblock"])).assert_code(4);
    assert_eq!(two.stdout, b"one\n");
    two.assert_snapshot("recv-one-of-two");
    let waiting = mqctl(recv(&name, &[])).stdout(std::process::Stdio::piped()).spawn().unwrap();
    queue.send(b"two", 0).unwrap();
    assert_eq!(waiting.wait_with_output().unwrap().stdout, b"two");
}

#[test]
fn recv_stops_when_idle_or_timed_out() {
    let name = UniqueName::new("recv");
    let queue = name.queue(2, 8);
    queue.send(b"one", 0).unwrap();
    let idle = run(recv(&name, &["--until-idle", "20ms"])).assert_success();
    assert_eq!(idle.stdout, b"one\n");
    queue.send(b"two", 0).unwrap();
    let over = run(recv(&name, &["--follow", "--timeout", "20ms"])).assert_code(6);
    assert_eq!(over.stdout, b"two\n");
}

#[test]
fn missing_queue_and_invalid_name_differ() {
    let name = UniqueName::new("recv");
    run(recv(&name, &[])).assert_code(3).assert_snapshot("recv-not-found");
    run(["recv", "/a/b"]).assert_code(2).assert_snapshot("recv-invalid-name");
}

#[test]
fn terminal_output_is_escaped() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 32);
    queue.send(b"\x1b[2Jgone\x07", 0).unwrap();
    let line = format!("'{}' recv {}", env!("CARGO_BIN_EXE_mqctl"), name.as_os_str().display());
    let typed = std::process::Command::new("script").args(["-qec", &line, "/dev/null"]).output();
    let Ok(typed) = typed else { return fixture::skip("script(1) is not here") };
    assert_eq!(typed.stdout, b"\\u{1b}[2Jgone\\u{7}\r\n");
}
