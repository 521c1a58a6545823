//! `mqctl recv`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsString;

use fixture::{UniqueName, arguments, mqctl, run};
use posix_mqueue::MessageQueue;

fn recv(name: &UniqueName, more: &[&str]) -> Vec<OsString> {
    arguments("recv", name, more)
}

/// A queue with text, bytes and nothing in it, in this order.
fn filled(name: &UniqueName) -> MessageQueue {
    let queue = name.queue(3, 256);
    let every_byte: Vec<u8> = (0..=255).collect();
    queue.send(b"text", 9).unwrap();
    queue.send(&every_byte, 5).unwrap();
    queue.send(b"", 0).unwrap();
    queue
}

#[test]
fn help() {
    run(["recv", "--help"]).succeeded().is_snapshot("recv-help");
}

#[test]
fn one_message_is_its_bytes_and_nothing_else() {
    let name = UniqueName::new("recv");
    let queue = filled(&name);
    assert_eq!(run(recv(&name, &[])).succeeded().stdout, b"text");
    let every_byte: Vec<u8> = (0..=255).collect();
    assert_eq!(run(recv(&name, &[])).succeeded().stdout, every_byte);
    assert_eq!(run(recv(&name, &[])).succeeded().stdout, b"");
    assert_eq!(queue.attributes().unwrap().messages, 0);
}

#[test]
fn several_are_written_in_the_format_that_is_asked_for() {
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
        let _queue = filled(&name);
        assert_eq!(run(recv(&name, arguments)).succeeded().stdout, expected);
    }
    for format in ["json", "hex", "base64"] {
        let name = UniqueName::new("recv");
        let _queue = filled(&name);
        let written = run(recv(&name, &["--all", "--priority", "--format", format]));
        written.succeeded().is_snapshot(&format!("recv-{format}"));
    }
}

#[test]
fn a_priority_has_no_place_among_raw_bytes() {
    let name = UniqueName::new("recv");
    let queue = filled(&name);
    run(recv(&name, &["--priority"])).failed(2).is_snapshot("recv-no-place");
    assert_eq!(queue.attributes().unwrap().messages, 3);
}

#[test]
fn an_empty_queue_is_waited_for_or_not() {
    let name = UniqueName::new("recv");
    let queue = name.queue(2, 8);
    run(recv(&name, &["--nonblock"])).failed(4).is_snapshot("recv-empty");
    run(recv(&name, &["--timeout", "10ms"])).failed(6).is_snapshot("recv-timed-out");
    run(recv(&name, &["--all"])).succeeded();
    queue.send(b"one", 0).unwrap();
    let two = run(recv(&name, &["--count", "2", "--nonblock"])).failed(4);
    assert_eq!(two.stdout, b"one\n");
    two.is_snapshot("recv-one-of-two");
    let waiting = mqctl(recv(&name, &[])).stdout(std::process::Stdio::piped()).spawn().unwrap();
    queue.send(b"two", 0).unwrap();
    assert_eq!(waiting.wait_with_output().unwrap().stdout, b"two");
}

#[test]
fn it_goes_on_until_nothing_comes_or_the_time_is_over() {
    let name = UniqueName::new("recv");
    let queue = name.queue(2, 8);
    queue.send(b"one", 0).unwrap();
    let idle = run(recv(&name, &["--until-idle", "20ms"])).succeeded();
    assert_eq!(idle.stdout, b"one\n");
    queue.send(b"two", 0).unwrap();
    let over = run(recv(&name, &["--follow", "--timeout", "20ms"])).failed(6);
    assert_eq!(over.stdout, b"two\n");
}

#[test]
fn what_is_no_queue_is_told_apart() {
    let name = UniqueName::new("recv");
    run(recv(&name, &[])).failed(3).is_snapshot("recv-not-found");
    run(["recv", "/a/b"]).failed(2).is_snapshot("recv-no-name");
}

#[test]
fn a_terminal_is_kept_safe_from_what_strangers_send() {
    let name = UniqueName::new("recv");
    let queue = name.queue(1, 32);
    queue.send(b"\x1b[2Jgone\x07", 0).unwrap();
    let line = format!("'{}' recv {}", env!("CARGO_BIN_EXE_mqctl"), name.as_os_str().display());
    let typed = std::process::Command::new("script").args(["-qec", &line, "/dev/null"]).output();
    let Ok(typed) = typed else { return fixture::skip("script(1) is not here") };
    assert_eq!(typed.stdout, b"\\u{1b}[2Jgone\\u{7}\r\n");
}
