//! Calls that keep trying before they sleep. An hour of that is for ever to a test.

#![allow(clippy::unwrap_used)]

mod fixture;
mod wait_modes;

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant, SystemTime};

use fixture::{
    QueueWithUniqueName, TEST_TIMEOUT, eventually, in_time, queue_with_unique_name,
    start_blocked_in, started,
};
use posix_mqueue::{Deadline, Error, MessageQueue};
use wait_modes::{BUFFER_KINDS, WaitMode, pending_modes, receive, send, within};

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(20);

fn spinning_queue() -> QueueWithUniqueName {
    let queue = queue_with_unique_name();
    queue.set_busy_poll(HOUR);
    queue
}

fn full() -> QueueWithUniqueName {
    let queue = spinning_queue();
    queue.fill();
    queue
}

/// Starts a call in a thread, and returns once that uses up its processor.
fn spinning<T: Send + 'static>(
    queue: &QueueWithUniqueName,
    call: impl FnOnce(&MessageQueue) -> Result<T, Error> + Send + 'static,
) -> Receiver<Result<T, Error>> {
    let shared = queue.share();
    let (thread, outcome) = started(move || call(&shared));
    assert!(eventually(|| ticks(&thread) > 1));
    outcome
}

/// How many hundredths of a second it has run.
fn ticks(thread: &Path) -> u64 {
    let stat = std::fs::read_to_string(thread.join("stat")).unwrap();
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

#[test]
fn a_message_that_comes_meanwhile_is_received() {
    for target in BUFFER_KINDS {
        let queue = spinning_queue();
        let received = spinning(&queue, move |queue| receive(queue, target, WaitMode::Plain));
        queue.try_send(b"came", 3).unwrap();
        let message = received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
        assert_eq!((&message.data[..], message.priority), (&b"came"[..], 3), "{target:?}");
    }
}

#[test]
fn room_that_comes_meanwhile_is_used() {
    let queue = full();
    let sent = spinning(&queue, |queue| send(queue, WaitMode::Plain, b"in time", 1));
    queue.try_receive(&mut [0; 64]).unwrap();
    sent.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
    assert_eq!(queue.try_receive_message().unwrap().data, b"in time");
}

#[test]
fn a_deadline_ends_it_and_not_early() {
    let (empty, full) = (spinning_queue(), full());
    for number in 0..3 {
        let mode = within(SOON)[number];
        let (queue, start) = (full.share(), Instant::now());
        let outcome = in_time(move || send(&queue, within(SOON)[number], b"x", 0));
        assert_eq!(outcome.unwrap().unwrap_err().raw_os_error(), libc::ETIMEDOUT);
        assert!(start.elapsed() >= SOON, "{mode:?}");
        for target in BUFFER_KINDS {
            let (queue, start) = (empty.share(), Instant::now());
            let outcome = in_time(move || receive(&queue, target, within(SOON)[number]));
            assert_eq!(outcome.unwrap().unwrap_err().raw_os_error(), libc::ETIMEDOUT);
            assert!(start.elapsed() >= SOON, "{target:?} {mode:?}");
        }
    }
}

#[test]
fn shutdown_ends_it() {
    let queue = spinning_queue();
    let received = spinning(&queue, MessageQueue::receive_message);
    let (full, queue) = (full(), queue);
    let sent = spinning(&full, |queue| queue.send(b"x", 0));
    queue.shutdown();
    full.shutdown();
    let received = received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap_err();
    let sent = sent.recv_timeout(TEST_TIMEOUT).unwrap().unwrap_err();
    for error in [received, sent] {
        assert_eq!(error.raw_os_error(), libc::EBADF);
        assert_eq!(error.explanation(), Some("the queue was closed while waiting"));
    }
}

#[test]
fn a_nonblocking_descriptor_never_spins() {
    let (empty, full) = (spinning_queue(), full());
    empty.set_nonblocking(true).unwrap();
    full.set_nonblocking(true).unwrap();
    for mode in pending_modes() {
        let queue = full.share();
        let outcome = in_time(move || send(&queue, mode, b"x", 0));
        assert_eq!(outcome.unwrap().unwrap_err().raw_os_error(), libc::EAGAIN, "{mode:?}");
        for target in BUFFER_KINDS {
            let queue = empty.share();
            let outcome = in_time(move || receive(&queue, target, mode));
            assert_eq!(outcome.unwrap().unwrap_err().raw_os_error(), libc::EAGAIN, "{mode:?}");
        }
    }
}

#[test]
fn a_descriptor_that_becomes_nonblocking_stops_it() {
    let queue = spinning_queue();
    let received = spinning(&queue, MessageQueue::receive_message);
    queue.set_nonblocking(true).unwrap();
    let error = received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap_err();
    assert_eq!(error.raw_os_error(), libc::EAGAIN);
}

#[test]
fn call_blocks_after_busy_poll() {
    let queue = queue_with_unique_name();
    queue.set_busy_poll(Duration::from_millis(1));
    let shared = queue.share();
    let received = start_blocked_in(libc::SYS_mq_timedreceive, move || shared.receive_message());
    queue.try_send(b"came", 0).unwrap();
    assert_eq!(received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap().data, b"came");
}

#[test]
fn no_time_means_no_try() {
    let queue = queue_with_unique_name();
    queue.send(b"x", 0).unwrap();
    assert_eq!(queue.spin_receive(&mut [0; 64], Deadline::Never).unwrap(), None);
    assert_eq!(queue.spin_send(b"x", 0, Deadline::Never).unwrap(), None);
    assert_eq!(queue.attributes().unwrap().messages, 1);
}

#[test]
fn spin_receive_stops_at_busy_poll_or_deadline() {
    let queue = queue_with_unique_name();
    queue.set_busy_poll(SOON);
    let start = Instant::now();
    assert_eq!(queue.spin_receive(&mut [0; 64], Deadline::Never).unwrap(), None);
    assert!(start.elapsed() >= SOON);
    queue.set_busy_poll(HOUR);
    let over = [Duration::ZERO.into(), SOON.into(), (SystemTime::now() + SOON).into()];
    for deadline in over {
        let shared = queue.share();
        let outcome = in_time(move || shared.spin_receive(&mut [0; 64], deadline));
        assert_eq!(outcome.unwrap().unwrap(), None, "{deadline:?}");
    }
}

#[test]
fn busy_poll_is_copied_to_derived_handles() {
    let queue = queue_with_unique_name();
    queue.set_busy_poll(SOON);
    assert_eq!(queue.opened(true, false).busy_poll(), Duration::ZERO);
    let others = [queue.try_clone().unwrap(), queue.reopen().unwrap()];
    queue.set_busy_poll(Duration::ZERO);
    for other in others {
        assert_eq!(other.busy_poll(), SOON);
    }
}

#[test]
fn the_longest_time_is_584_years() {
    let queue = queue_with_unique_name();
    queue.set_busy_poll(Duration::MAX);
    assert_eq!(queue.busy_poll(), Duration::from_nanos(u64::MAX));
}
