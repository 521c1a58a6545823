//! `mqctl move` and `mqctl tee`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command};

use fixture::folder::Folder;
use fixture::process::{ended, eventually, is_polling, signal, start};
use fixture::user::PublicCopy;
use fixture::{UniqueName, backlog, fill, hard_messages, mqctl, run, transcript_of};
use posix_mqueue::MessageQueue;

/// `VERB QUEUE... MORE...`
fn line<'a>(verb: &'a str, queues: &'a [&UniqueName], more: &'a [&str]) -> Vec<&'a OsStr> {
    let queues = queues.iter().map(|name| name.as_os_str());
    [OsStr::new(verb)].into_iter().chain(queues).chain(more.iter().map(OsStr::new)).collect()
}

fn names<const N: usize>() -> [UniqueName; N] {
    std::array::from_fn(|_| UniqueName::new("move"))
}

fn length(queue: &MessageQueue) -> usize {
    queue.attributes().unwrap().messages
}

fn message(data: &[u8], priority: u32) -> (Vec<u8>, u32) {
    (data.to_vec(), priority)
}

/// A move of two messages that waits for room, with the first one in a queue that holds one.
fn waiting_for_room() -> ([UniqueName; 2], [MessageQueue; 2], Command, Child) {
    let [a, b] = names();
    let (from, to) = (a.queue(2, 8), b.queue(1, 8));
    fill(&from, &[message(b"first", 3), message(b"second", 3)]);
    let mut command = mqctl(line("move", &[&a, &b], &[]));
    let child = start(&mut command);
    eventually(|| length(&to) == 1 && is_polling(&child));
    ([a, b], [from, to], command, child)
}

#[test]
fn help() {
    run(["move", "--help"]).succeeded().is_snapshot("move-help");
    run(["tee", "--help"]).succeeded().is_snapshot("tee-help");
}

#[test]
fn bytes_priorities_and_order_arrive() {
    let [a, b] = names();
    let (from, to) = (a.queue(6, 256), b.queue(6, 256));
    fill(&from, &hard_messages());
    run(line("move", &[&a, &b], &[])).succeeded();
    assert_eq!(length(&from), 0);
    assert_eq!(backlog(&to), hard_messages());
}

#[test]
fn they_arrive_in_each_of_several() {
    let [a, b, c] = names();
    let (from, to, also) = (a.queue(6, 256), b.queue(6, 256), c.queue(6, 512));
    fill(&from, &hard_messages());
    run(line("tee", &[&a, &b, &c], &[])).succeeded();
    assert_eq!(length(&from), 0);
    assert_eq!(backlog(&to), hard_messages());
    assert_eq!(backlog(&also), hard_messages());
}

#[test]
fn a_count_leaves_the_rest_and_follow_waits_for_it() {
    let [a, b] = names();
    let (from, to) = (a.queue(6, 256), b.queue(6, 256));
    fill(&from, &hard_messages());
    run(line("move", &[&a, &b], &["-n", "2"])).succeeded();
    assert_eq!((length(&from), length(&to)), (4, 2));
    let mut command = mqctl(line("move", &[&a, &b], &["-n", "5", "--follow"]));
    let child = start(&mut command);
    eventually(|| length(&to) == 6);
    assert_eq!(backlog(&to), hard_messages());
    from.send(b"later", 1).unwrap();
    ended(child, &command).succeeded();
    assert_eq!(backlog(&to), [message(b"later", 1)]);
    run(line("move", &[&a, &b], &["--follow", "--timeout", "10ms"]))
        .failed(6)
        .is_snapshot("move-timed-out");
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_taken() {
    let [a, b, c] = names();
    let (from, _to) = (a.queue(1, 16), b.queue(1, 8));
    from.send(b"kept", 2).unwrap();
    run(line("move", &[&a, &b], &[])).failed(7).is_snapshot("move-smaller");
    run(line("move", &[&a, &a], &[])).failed(2).is_snapshot("move-same");
    run(line("move", &[&a, &c], &[])).failed(3).is_snapshot("move-not-found");
    run(line("tee", &[&a, &c, &c], &[])).failed(2).is_snapshot("tee-same");
    run(line("tee", &[&a, &b], &[])).failed(2).is_snapshot("tee-one");
    run(line("tee", &[&a, &b, &c], &[])).failed(3).is_snapshot("tee-not-found");
    assert_eq!(backlog(&from), [message(b"kept", 2)]);
}

#[test]
fn a_message_that_is_too_long_is_put_back() {
    let [a, b] = names();
    let (from, to) = (a.queue(3, 16), b.queue(3, 8));
    fill(&from, &[message(b"short", 9), message(b"nine bytes or so", 5), message(b"last", 1)]);
    run(line("move", &[&a, &b], &["--allow-smaller"])).failed(1).is_snapshot("move-too-long");
    assert_eq!(backlog(&to), [message(b"short", 9)]);
    assert_eq!(backlog(&from), [message(b"nine bytes or so", 5), message(b"last", 1)]);
}

#[test]
fn the_same_is_said_where_one_queue_has_it_already() {
    let [a, b, c] = names();
    let (from, to, small) = (a.queue(1, 16), b.queue(1, 16), c.queue(1, 8));
    from.send(b"nine bytes", 5).unwrap();
    run(line("tee", &[&a, &b, &c], &["--allow-smaller"])).failed(1).is_snapshot("tee-too-long");
    assert_eq!(backlog(&from), [message(b"nine bytes", 5)]);
    assert_eq!(backlog(&to), [message(b"nine bytes", 5)]);
    assert_eq!(length(&small), 0);
}

#[test]
fn nothing_is_taken_before_there_is_room() {
    let [a, b, c] = names();
    let (from, to, also) = (a.queue(2, 8), b.queue(2, 8), c.queue(1, 8));
    fill(&from, &[message(b"first", 3), message(b"second", 3)]);
    also.send(b"in the way", 0).unwrap_err();
    also.send(b"in way", 0).unwrap();
    run(line("tee", &[&a, &b, &c], &["--nonblock"])).failed(5).is_snapshot("tee-full");
    run(line("move", &[&a, &c], &["--timeout", "10ms"])).failed(6).is_snapshot("move-full");
    assert_eq!((length(&from), length(&to)), (2, 0));
    let mut command = mqctl(line("tee", &[&a, &b, &c], &[]));
    let child = start(&mut command);
    eventually(|| is_polling(&child));
    assert_eq!((length(&from), length(&to)), (2, 0));
    for expected in [&b"in way"[..], b"first", b"second"] {
        assert_eq!(also.receive_message().unwrap().data, expected);
    }
    ended(child, &command).succeeded();
    assert_eq!(backlog(&to), [message(b"first", 3), message(b"second", 3)]);
}

#[test]
fn ctrl_c_ends_the_waiting_for_room_and_for_messages() {
    let ([a, b], [from, to], command, child) = waiting_for_room();
    signal(&child, "INT");
    ended(child, &command).failed(128 + 2).is_snapshot("move-interrupted");
    assert_eq!(
        (backlog(&to), backlog(&from)),
        (vec![message(b"first", 3)], vec![message(b"second", 3)])
    );
    let mut command = mqctl(line("move", &[&a, &b], &["--follow"]));
    let child = start(&mut command);
    eventually(|| is_polling(&child));
    signal(&child, "TERM");
    ended(child, &command).failed(128 + 15);
}

#[test]
fn a_queue_that_is_removed_meanwhile_gets_nothing_more() {
    let (_names, [from, to], command, child) = waiting_for_room();
    to.unlink().unwrap();
    ended(child, &command).failed(3).is_snapshot("move-removed");
    assert_eq!(backlog(&from), [message(b"second", 3)]);
}

#[test]
fn what_another_user_cannot_put_back_is_put_aside() {
    let copy = PublicCopy::new();
    let ([a, b], folder) = (names(), Folder::new());
    let (from, to) = (a.queue(1, 16), b.queue(1, 8));
    let share = |queue: &MessageQueue, mode| {
        let file = File::from(OwnedFd::from(queue.try_clone().unwrap()));
        file.set_permissions(Permissions::from_mode(mode)).unwrap();
    };
    share(&to, 0o602);
    let names = [&a, &b];
    let smaller = line("move", &names, &["--allow-smaller"]);
    let Some(mut command) = copy.as_nobody(smaller) else { return };
    transcript_of(&mut command).failed(7).without_owner().is_snapshot("move-refused");
    share(&from, 0o604);
    from.send(b"too\0long", 3).unwrap();
    run(line("move", &[&a, &b], &["--allow-smaller"])).succeeded();
    assert_eq!(backlog(&to), [message(b"too\0long", 3)]);
    for spilled in [false, true] {
        from.send(b"much too\0long", 3).unwrap();
        let spill = folder.file("spill");
        let more = ["--allow-smaller", "--spill", &spill];
        let more = if spilled { &more[..] } else { &more[..1] };
        let Some(mut command) = copy.as_nobody(line("move", &[&a, &b], more)) else { return };
        let aside = transcript_of(&mut command).failed(9);
        assert_eq!((length(&from), length(&to)), (0, 0));
        if spilled {
            assert_eq!(fs::read(&spill).unwrap(), b"much too\0long");
        } else {
            aside.is_snapshot("move-put-aside");
        }
    }
}
