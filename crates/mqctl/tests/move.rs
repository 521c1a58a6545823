//! `mqctl move` and `mqctl tee`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command};

use fixture::process::{eventually, is_polling, send_signal, spawn, wait_for_exit};
use fixture::temp_dir::TempDir;
use fixture::user::PublicCopy;
use fixture::{UniqueName, edge_case_messages, mqctl, receive_all, run, send_all, transcript_of};
use posix_mqueue::MessageQueue;

/// Returns the arguments `VERB QUEUE... MORE...`.
fn verb_args<'a>(verb: &'a str, queues: &'a [&UniqueName], more: &'a [&str]) -> Vec<&'a OsStr> {
    let queues = queues.iter().map(|name| name.as_os_str());
    [OsStr::new(verb)].into_iter().chain(queues).chain(more.iter().map(OsStr::new)).collect()
}

fn names<const N: usize>() -> [UniqueName; N] {
    std::array::from_fn(|_| UniqueName::new("move"))
}

fn queue_len(queue: &MessageQueue) -> usize {
    queue.attributes().unwrap().messages
}

fn message(data: &[u8], priority: u32) -> (Vec<u8>, u32) {
    (data.to_vec(), priority)
}

/// A `move` of two messages that has sent the first and is waiting for room.
fn move_waiting_for_room() -> ([UniqueName; 2], [MessageQueue; 2], Command, Child) {
    let [a, b] = names();
    let (from, to) = (a.queue(2, 8), b.queue(1, 8));
    send_all(&from, &[message(b"first", 3), message(b"second", 3)]);
    let mut command = mqctl(verb_args("move", &[&a, &b], &[]));
    let child = spawn(&mut command);
    eventually(|| queue_len(&to) == 1 && is_polling(&child));
    ([a, b], [from, to], command, child)
}

#[test]
fn help() {
    run(["move", "--help"]).assert_success().assert_snapshot("move-help");
    run(["tee", "--help"]).assert_success().assert_snapshot("tee-help");
}

#[test]
fn move_preserves_bytes_priorities_and_order() {
    let [a, b] = names();
    let (from, to) = (a.queue(6, 256), b.queue(6, 256));
    send_all(&from, &edge_case_messages());
    run(verb_args("move", &[&a, &b], &[])).assert_success();
    assert_eq!(queue_len(&from), 0);
    assert_eq!(receive_all(&to), edge_case_messages());
}

#[test]
fn tee_sends_to_every_target() {
    let [a, b, c] = names();
    let (from, to, also) = (a.queue(6, 256), b.queue(6, 256), c.queue(6, 512));
    send_all(&from, &edge_case_messages());
    run(verb_args("tee", &[&a, &b, &c], &[])).assert_success();
    assert_eq!(queue_len(&from), 0);
    assert_eq!(receive_all(&to), edge_case_messages());
    assert_eq!(receive_all(&also), edge_case_messages());
}

#[test]
fn count_leaves_the_rest_and_follow_waits() {
    let [a, b] = names();
    let (from, to) = (a.queue(6, 256), b.queue(6, 256));
    send_all(&from, &edge_case_messages());
    run(verb_args("move", &[&a, &b], &["-n", "2"])).assert_success();
    assert_eq!((queue_len(&from), queue_len(&to)), (4, 2));
    let mut command = mqctl(verb_args("move", &[&a, &b], &["-n", "5", "--follow"]));
    let child = spawn(&mut command);
    eventually(|| queue_len(&to) == 6);
    assert_eq!(receive_all(&to), edge_case_messages());
    from.send(b"later", 1).unwrap();
    wait_for_exit(child, &command).assert_success();
    assert_eq!(receive_all(&to), [message(b"later", 1)]);
    run(verb_args("move", &[&a, &b], &["--follow", "--timeout", "10ms"]))
        .assert_code(6)
        .assert_snapshot("move-timed-out");
}

#[test]
fn impossible_request_is_refused_before_receiving() {
    let [a, b, c] = names();
    let (from, _to) = (a.queue(1, 16), b.queue(1, 8));
    from.send(b"kept", 2).unwrap();
    run(verb_args("move", &[&a, &b], &[])).assert_code(7).assert_snapshot("move-smaller");
    run(verb_args("move", &[&a, &a], &[])).assert_code(2).assert_snapshot("move-same");
    run(verb_args("move", &[&a, &c], &[])).assert_code(3).assert_snapshot("move-not-found");
    run(verb_args("tee", &[&a, &c, &c], &[])).assert_code(2).assert_snapshot("tee-same");
    run(verb_args("tee", &[&a, &b], &[])).assert_code(2).assert_snapshot("tee-one");
    run(verb_args("tee", &[&a, &b, &c], &[])).assert_code(3).assert_snapshot("tee-not-found");
    assert_eq!(receive_all(&from), [message(b"kept", 2)]);
}

#[test]
fn too_long_message_is_requeued() {
    let [a, b] = names();
    let (from, to) = (a.queue(3, 16), b.queue(3, 8));
    send_all(&from, &[message(b"short", 9), message(b"nine bytes or so", 5), message(b"last", 1)]);
    run(verb_args("move", &[&a, &b], &["--allow-smaller"]))
        .assert_code(1)
        .assert_snapshot("move-too-long");
    assert_eq!(receive_all(&to), [message(b"short", 9)]);
    assert_eq!(receive_all(&from), [message(b"nine bytes or so", 5), message(b"last", 1)]);
}

#[test]
fn error_names_queues_that_received_the_message() {
    let [a, b, c] = names();
    let (from, to, small) = (a.queue(1, 16), b.queue(1, 16), c.queue(1, 8));
    from.send(b"nine bytes", 5).unwrap();
    run(verb_args("tee", &[&a, &b, &c], &["--allow-smaller"]))
        .assert_code(1)
        .assert_snapshot("tee-too-long");
    assert_eq!(receive_all(&from), [message(b"nine bytes", 5)]);
    assert_eq!(receive_all(&to), [message(b"nine bytes", 5)]);
    assert_eq!(queue_len(&small), 0);
}

#[test]
fn nothing_is_received_before_there_is_room() {
    let [a, b, c] = names();
    let (from, to, also) = (a.queue(2, 8), b.queue(2, 8), c.queue(1, 8));
    send_all(&from, &[message(b"first", 3), message(b"second", 3)]);
    also.send(b"too long!", 0).unwrap_err();
    also.send(b"filler", 0).unwrap();
    run(verb_args("tee", &[&a, &b, &c], &["--nonblock"]))
        .assert_code(5)
        .assert_snapshot("tee-full");
    run(verb_args("move", &[&a, &c], &["--timeout", "10ms"]))
        .assert_code(6)
        .assert_snapshot("move-full");
    assert_eq!((queue_len(&from), queue_len(&to)), (2, 0));
    let mut command = mqctl(verb_args("tee", &[&a, &b, &c], &[]));
    let child = spawn(&mut command);
    eventually(|| is_polling(&child));
    assert_eq!((queue_len(&from), queue_len(&to)), (2, 0));
    for expected in [&b"filler"[..], b"first", b"second"] {
        assert_eq!(also.receive_message().unwrap().data, expected);
    }
    wait_for_exit(child, &command).assert_success();
    assert_eq!(receive_all(&to), [message(b"first", 3), message(b"second", 3)]);
}

#[test]
fn signal_ends_waiting_for_room_and_messages() {
    let ([a, b], [from, to], command, child) = move_waiting_for_room();
    send_signal(&child, "INT");
    wait_for_exit(child, &command).assert_code(128 + 2).assert_snapshot("move-interrupted");
    assert_eq!(
        (receive_all(&to), receive_all(&from)),
        (vec![message(b"first", 3)], vec![message(b"second", 3)])
    );
    let mut command = mqctl(verb_args("move", &[&a, &b], &["--follow"]));
    let child = spawn(&mut command);
    eventually(|| is_polling(&child));
    send_signal(&child, "TERM");
    wait_for_exit(child, &command).assert_code(128 + 15);
}

#[test]
fn unlinked_target_receives_nothing_more() {
    let (_names, [from, to], command, child) = move_waiting_for_room();
    to.unlink().unwrap();
    wait_for_exit(child, &command).assert_code(3).assert_snapshot("move-removed");
    assert_eq!(receive_all(&from), [message(b"second", 3)]);
}

#[test]
fn unrequeueable_message_is_rescued() {
    let copy = PublicCopy::new();
    let ([a, b], directory) = (names(), TempDir::new());
    let (from, to) = (a.queue(1, 16), b.queue(1, 8));
    let share = |queue: &MessageQueue, mode| {
        let file = File::from(OwnedFd::from(queue.try_clone().unwrap()));
        file.set_permissions(Permissions::from_mode(mode)).unwrap();
    };
    share(&to, 0o602);
    let names = [&a, &b];
    let smaller = verb_args("move", &names, &["--allow-smaller"]);
    let Some(mut command) = copy.as_nobody(smaller) else { return };
    transcript_of(&mut command).assert_code(7).without_owner().assert_snapshot("move-refused");
    share(&from, 0o604);
    from.send(b"too\0long", 3).unwrap();
    run(verb_args("move", &[&a, &b], &["--allow-smaller"])).assert_success();
    assert_eq!(receive_all(&to), [message(b"too\0long", 3)]);
    for with_rescue_file in [false, true] {
        from.send(b"much too\0long", 3).unwrap();
        let rescue_file = directory.file("rescued");
        let more = ["--allow-smaller", "--rescue-file", &rescue_file];
        let more = if with_rescue_file { &more[..] } else { &more[..1] };
        let Some(mut command) = copy.as_nobody(verb_args("move", &[&a, &b], more)) else {
            return;
        };
        let rescued = transcript_of(&mut command).assert_code(9);
        assert_eq!((queue_len(&from), queue_len(&to)), (0, 0));
        if with_rescue_file {
            assert_eq!(fs::read(&rescue_file).unwrap(), b"much too\0long");
        } else {
            rescued.assert_snapshot("move-rescued");
        }
    }
}
