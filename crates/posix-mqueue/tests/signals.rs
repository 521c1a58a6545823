//! Signals that interrupt a call: only those that say so end with `EINTR`.

#![allow(clippy::unwrap_used)]

mod fixture;
mod wait_modes;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::Receiver;

use fixture::{
    QueueWithUniqueName, TEST_TIMEOUT, eventually, is_blocked_in, queue_with_unique_name,
    start_blocked_in, started,
};
use posix_mqueue::{Deadline, Error};
use wait_modes::{BUFFER_KINDS, pending_modes, receive, send};

/// Has `SIGURG` handled, so that it interrupts: by the library itself, which wakes a sleeper so.
fn have_signals_interrupt() {
    let queue = queue_with_unique_name();
    let shared = queue.share();
    let woken = start_blocked_in(libc::SYS_mq_timedreceive, move || shared.receive(&mut [0; 64]));
    queue.shutdown();
    assert!(woken.recv_timeout(TEST_TIMEOUT).unwrap().is_err());
}

const INTERRUPT: &str = "
import ctypes, sys
call, process, signal, *threads = map(int, sys.argv[1:])
for thread in threads:
    assert ctypes.CDLL(None).syscall(call, process, thread, signal) == 0
";

/// Sends each of the threads a signal, and returns once it has run into it and sleeps again, or
/// ended. Python makes the call, which would take `unsafe` here.
fn interrupt(threads: &[PathBuf]) {
    let number = |path: &Path| path.file_name().unwrap().to_owned();
    let process = std::process::id();
    let signals = Command::new("python3")
        .args(["-c", INTERRUPT])
        .args([libc::SYS_tgkill.to_string(), process.to_string(), libc::SIGURG.to_string()])
        .args(threads.iter().map(|thread| number(thread)))
        .status();
    assert!(signals.unwrap().success());
    assert!(eventually(|| threads.iter().all(|thread| !has_a_signal_pending(thread))));
}

fn has_a_signal_pending(thread: &Path) -> bool {
    let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
    let pending = status.lines().find_map(|line| line.strip_prefix("SigPnd:"));
    pending.is_some_and(|signals| signals.trim().contains(|digit| digit != '0'))
}

fn full() -> QueueWithUniqueName {
    let queue = queue_with_unique_name();
    queue.fill();
    queue
}

type Waiting = (PathBuf, Receiver<Result<(), Error>>, QueueWithUniqueName);

/// Threads that wait in every mode, each on a queue of its own.
fn waiting() -> Vec<Waiting> {
    let mut waiting = Vec::new();
    for mode in pending_modes() {
        let queue = full();
        let shared = queue.share();
        let (thread, sent) = started(move || send(&shared, mode, b"x", 0));
        waiting.push((thread, sent, queue));
        for target in BUFFER_KINDS {
            let queue = queue_with_unique_name();
            let shared = queue.share();
            let (thread, received) = started(move || receive(&shared, target, mode).map(drop));
            waiting.push((thread, received, queue));
        }
    }
    waiting
}

fn sleeps(thread: &Path) -> bool {
    [libc::SYS_ppoll, libc::SYS_mq_timedreceive, libc::SYS_mq_timedsend]
        .into_iter()
        .any(|call| is_blocked_in(thread, call))
}

#[test]
fn signals_end_only_the_calls_that_say_so() {
    have_signals_interrupt();
    let interruptible: Vec<_> = [Deadline::Never, TEST_TIMEOUT.into()]
        .into_iter()
        .map(|deadline| {
            let (empty, full) = (queue_with_unique_name().share(), full().share());
            [
                started(move || empty.receive_interruptible(&mut [0; 64], deadline).map(drop)),
                started(move || full.send_interruptible(b"x", 0, deadline)),
            ]
        })
        .collect();
    let interruptible = interruptible.into_iter().flatten();
    let (mut threads, ended): (Vec<_>, Vec<_>) = interruptible.unzip();
    let waiting = waiting();
    threads.extend(waiting.iter().map(|(thread, ..)| thread.clone()));
    assert!(eventually(|| threads.iter().all(|thread| sleeps(thread))));

    interrupt(&threads);
    for outcome in ended {
        let error = outcome.recv_timeout(TEST_TIMEOUT).unwrap().unwrap_err();
        assert!(error.is_interrupted(), "{error}");
    }
    let threads: Vec<_> = waiting.iter().map(|(thread, ..)| thread.clone()).collect();
    for _ in 0..2 {
        assert!(eventually(|| threads.iter().all(|thread| sleeps(thread))));
        interrupt(&threads);
    }
    for (_, outcome, queue) in &waiting {
        assert!(outcome.try_recv().is_err());
        if queue.attributes().unwrap().messages == 0 {
            queue.try_send(b"came", 0).unwrap();
        } else {
            queue.try_receive(&mut [0; 64]).unwrap();
        }
        outcome.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
    }
}

#[test]
fn signals_do_not_end_a_wait_for_readiness() {
    have_signals_interrupt();
    let (empty, full) = (queue_with_unique_name(), full());
    let (read_from, write_to) = (empty.share(), full.share());
    let (one, readable) = started(move || read_from.wait_readable(Deadline::Never));
    let (other, writable) = started(move || write_to.wait_writable(TEST_TIMEOUT));
    let threads = [one, other];
    for _ in 0..2 {
        assert!(eventually(|| threads.iter().all(|thread| sleeps(thread))));
        interrupt(&threads);
    }
    empty.try_send(b"came", 0).unwrap();
    full.try_receive(&mut [0; 64]).unwrap();
    readable.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
    writable.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
}
