//! Shutdown wakes a thread whatever signals it blocks. Each test runs again in a process that was
//! started with them blocked: a thread inherits the mask, and setting it here would take `unsafe`.

#![allow(clippy::unwrap_used)]

mod fixture;
mod wait_modes;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use fixture::{
    QueueWithUniqueName, TEST_TIMEOUT, child, eventually, is_blocked_in, queue_with_unique_name,
    started,
};
use posix_mqueue::{Deadline, Error, MessageQueue};
use wait_modes::{BUFFER_KINDS, pending_modes, receive, send};

/// Runs the test in a process that blocks the signals of a Python expression.
fn run_with_blocked(signals: &str, test: &str) {
    let script = format!(
        "import os, sys\nfrom signal import *\n\
         pthread_sigmask(SIG_BLOCK, {signals})\nos.execvp(sys.argv[1], sys.argv[1:])"
    );
    child::assert_passes(&mut child::test_by(&["python3", "-c", &script], test));
}

struct Waiting {
    thread: PathBuf,
    outcome: Receiver<(Result<(), Error>, [String; 2])>,
    queue: QueueWithUniqueName,
}

fn waiting(
    queue: QueueWithUniqueName,
    call: impl FnOnce(&MessageQueue) -> Result<(), Error> + Send + 'static,
) -> Waiting {
    let shared = queue.share();
    let (thread, outcome) = started(move || {
        let before = mask_of(Path::new("/proc/thread-self"));
        let outcome = call(&shared);
        (outcome, [before, mask_of(Path::new("/proc/thread-self"))])
    });
    Waiting { thread, outcome, queue }
}

/// The signals that a thread blocks, and those that are pending for it.
fn mask_of(thread: &Path) -> String {
    let status = fs::read_to_string(thread.join("status")).unwrap();
    let lines =
        status.lines().filter(|line| line.starts_with("SigBlk") || line.starts_with("SigPnd"));
    lines.collect::<Vec<_>>().join(" ")
}

fn full() -> QueueWithUniqueName {
    let queue = queue_with_unique_name();
    queue.fill();
    queue
}

/// A thread in every call that can wait, each on a queue of its own.
fn every_wait() -> Vec<Waiting> {
    let mut all = Vec::new();
    for mode in pending_modes() {
        all.push(waiting(full(), move |queue| send(queue, mode, b"x", 0)));
        for target in BUFFER_KINDS {
            let call = move |queue: &MessageQueue| receive(queue, target, mode).map(drop);
            all.push(waiting(queue_with_unique_name(), call));
        }
    }
    for deadline in [Deadline::Never, TEST_TIMEOUT.into()] {
        all.push(waiting(full(), move |queue| queue.send_interruptible(b"x", 0, deadline)));
        all.push(waiting(full(), move |queue| queue.wait_writable(deadline)));
        let empty = queue_with_unique_name;
        all.push(waiting(empty(), move |queue| {
            queue.receive_interruptible(&mut [0; 64], deadline).map(drop)
        }));
        all.push(waiting(empty(), move |queue| queue.wait_readable(deadline)));
    }
    all
}

fn sleeps(thread: &Path) -> bool {
    [libc::SYS_ppoll, libc::SYS_mq_timedreceive, libc::SYS_mq_timedsend]
        .into_iter()
        .any(|call| is_blocked_in(thread, call))
}

fn assert_every_wait_is_woken() {
    let all = every_wait();
    assert!(eventually(|| all.iter().all(|one| sleeps(&one.thread))));
    for Waiting { outcome, queue, .. } in all {
        assert!(queue.shutdown());
        let (outcome, [before, after]) = outcome.recv_timeout(TEST_TIMEOUT).unwrap();
        let error = outcome.unwrap_err();
        assert_eq!(error.explanation(), Some("the queue was closed while waiting"), "{error}");
        assert_eq!(before, after);
    }
}

#[test]
fn shutdown_wakes_threads_that_block_some_signals() {
    if child::is_this() {
        return assert_every_wait_is_woken();
    }
    for signals in [
        "{SIGURG}",
        "valid_signals() - {SIGURG}",
        "valid_signals() - {SIGRTMAX}",
        "valid_signals() - {SIGRTMIN}",
        "valid_signals() - {SIGRTMIN + 9}",
        "range(SIGRTMIN, SIGRTMAX + 1)",
        "{SIGURG, SIGRTMAX}",
    ] {
        run_with_blocked(signals, "shutdown_wakes_threads_that_block_some_signals");
    }
}

#[test]
fn shutdown_wakes_threads_that_block_every_signal() {
    if child::is_this() {
        return assert_every_wait_is_woken();
    }
    run_with_blocked("valid_signals()", "shutdown_wakes_threads_that_block_every_signal");
}

#[test]
fn messages_reach_threads_that_block_every_signal() {
    if !child::is_this() {
        let test = "messages_reach_threads_that_block_every_signal";
        return run_with_blocked("valid_signals()", test);
    }
    for Waiting { thread, outcome, queue } in every_wait() {
        assert!(eventually(|| sleeps(&thread)));
        if queue.attributes().unwrap().messages == 0 {
            queue.try_send(b"came", 0).unwrap();
        } else {
            queue.try_receive(&mut [0; 64]).unwrap();
        }
        let (outcome, [before, after]) = outcome.recv_timeout(TEST_TIMEOUT).unwrap();
        outcome.unwrap();
        assert_eq!(before, after);
    }
}

#[test]
fn shutdown_spares_sigurg_if_blocked() {
    if !child::is_this() {
        let test = "shutdown_spares_sigurg_if_blocked";
        return ["{SIGURG}", "valid_signals()"].into_iter().for_each(|s| run_with_blocked(s, test));
    }
    assert_every_wait_is_woken();
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
    assert_eq!(caught >> (libc::SIGURG - 1) & 1, 0);
    assert_eq!(caught >> (libc::SIGRTMAX() - 1) & 1, 1);
}
