//! `mqctl wait`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsString;

use fixture::{UniqueName, mqctl, run, verb_args};

fn wait(name: &UniqueName, more: &[&str]) -> Vec<OsString> {
    verb_args("wait", name, more)
}

#[test]
fn help() {
    run(["wait", "--help"]).assert_success().assert_snapshot("wait-help");
}

#[test]
fn wait_leaves_the_message_in_the_queue() {
    let name = UniqueName::new("wait");
    let queue = name.queue(1, 8);
    run(wait(&name, &["--nonblock"])).assert_code(4).assert_snapshot("wait-empty");
    run(wait(&name, &["--timeout", "10ms"])).assert_code(6).assert_snapshot("wait-timed-out");
    let mut waiting = mqctl(wait(&name, &[])).spawn().unwrap();
    queue.send(b"one", 0).unwrap();
    assert!(waiting.wait().unwrap().success());
    run(wait(&name, &["--nonblock"])).assert_success();
    assert_eq!(queue.attributes().unwrap().messages, 1);
}

#[test]
fn wait_writable_returns_when_room_appears() {
    let name = UniqueName::new("wait");
    let queue = name.queue(1, 8);
    run(wait(&name, &["--writable"])).assert_success();
    queue.send(b"one", 0).unwrap();
    run(wait(&name, &["--writable", "--nonblock"])).assert_code(5).assert_snapshot("wait-full");
    run(wait(&name, &["--writable", "--timeout", "10ms"])).assert_code(6);
    let mut waiting = mqctl(wait(&name, &["--writable"])).spawn().unwrap();
    queue.receive_message().unwrap();
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn wait_on_missing_queue_fails() {
    let name = UniqueName::new("wait");
    run(wait(&name, &[])).assert_code(3);
}
