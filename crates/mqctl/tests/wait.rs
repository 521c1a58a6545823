//! `mqctl wait`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsString;

use fixture::{UniqueName, arguments, mqctl, run};

fn wait(name: &UniqueName, more: &[&str]) -> Vec<OsString> {
    arguments("wait", name, more)
}

#[test]
fn help() {
    run(["wait", "--help"]).succeeded().is_snapshot("wait-help");
}

#[test]
fn a_message_is_waited_for_and_left_there() {
    let name = UniqueName::new("wait");
    let queue = name.queue(1, 8);
    run(wait(&name, &["--nonblock"])).failed(4).is_snapshot("wait-empty");
    run(wait(&name, &["--timeout", "10ms"])).failed(6).is_snapshot("wait-timed-out");
    let mut waiting = mqctl(wait(&name, &[])).spawn().unwrap();
    queue.send(b"one", 0).unwrap();
    assert!(waiting.wait().unwrap().success());
    run(wait(&name, &["--nonblock"])).succeeded();
    assert_eq!(queue.attributes().unwrap().messages, 1);
}

#[test]
fn room_is_waited_for() {
    let name = UniqueName::new("wait");
    let queue = name.queue(1, 8);
    run(wait(&name, &["--writable"])).succeeded();
    queue.send(b"one", 0).unwrap();
    run(wait(&name, &["--writable", "--nonblock"])).failed(5).is_snapshot("wait-full");
    run(wait(&name, &["--writable", "--timeout", "10ms"])).failed(6);
    let mut waiting = mqctl(wait(&name, &["--writable"])).spawn().unwrap();
    queue.receive_message().unwrap();
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn what_is_not_there_is_not_waited_for() {
    let name = UniqueName::new("wait");
    run(wait(&name, &[])).failed(3);
}
