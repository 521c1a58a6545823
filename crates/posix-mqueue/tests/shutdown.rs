//! Ending the waits on one handle.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::c_long;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};

use fixture::{
    QueueWithUniqueName, TEST_TIMEOUT, in_time, queue_with_unique_name, start_blocked_in,
};
use posix_mqueue::{Deadline, Error};

const LATE: Duration = Duration::from_secs(3600);

fn full() -> QueueWithUniqueName {
    let queue = queue_with_unique_name();
    queue.fill();
    queue
}

fn asleep_receiving(
    queue: &QueueWithUniqueName,
    call: c_long,
    deadline: Deadline,
) -> Receiver<Result<(usize, u32), Error>> {
    let queue = queue.share();
    start_blocked_in(call, move || queue.receive_interruptible(&mut [0; 64], deadline))
}

fn asleep_sending(
    queue: &QueueWithUniqueName,
    call: c_long,
    deadline: Deadline,
) -> Receiver<Result<(), Error>> {
    let queue = queue.share();
    start_blocked_in(call, move || queue.send_interruptible(b"x", 0, deadline))
}

fn assert_closed_while_waiting<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    let error = outcome.unwrap_err();
    assert_eq!(error.raw_os_error(), libc::EBADF, "{error}");
    assert_eq!(error.explanation(), Some("the queue was closed while waiting"));
}

#[test]
fn shutdown_wakes_every_receiver() {
    let queue = queue_with_unique_name();
    let waiting: Vec<_> = (0..8)
        .map(|_| asleep_receiving(&queue, libc::SYS_mq_timedreceive, Deadline::Never))
        .collect();
    queue.shutdown();
    for outcome in waiting {
        assert_closed_while_waiting(outcome.recv_timeout(TEST_TIMEOUT).unwrap());
    }
}

#[test]
fn shutdown_wakes_every_sender() {
    let queue = full();
    let waiting: Vec<_> =
        (0..8).map(|_| asleep_sending(&queue, libc::SYS_mq_timedsend, Deadline::Never)).collect();
    queue.shutdown();
    for outcome in waiting {
        assert_closed_while_waiting(outcome.recv_timeout(TEST_TIMEOUT).unwrap());
    }
    assert_eq!(queue.attributes().unwrap().messages, 4);
}

#[test]
fn shutdown_wakes_a_plain_receive() {
    let queue = queue_with_unique_name();
    let shared = queue.share();
    let outcome = start_blocked_in(libc::SYS_mq_timedreceive, move || shared.receive(&mut [0; 64]));
    queue.shutdown();
    assert_closed_while_waiting(outcome.recv_timeout(TEST_TIMEOUT).unwrap());
}

#[test]
fn shutdown_wakes_a_plain_send() {
    let queue = full();
    let shared = queue.share();
    let outcome = start_blocked_in(libc::SYS_mq_timedsend, move || shared.send(b"x", 0));
    queue.shutdown();
    assert_closed_while_waiting(outcome.recv_timeout(TEST_TIMEOUT).unwrap());
}

#[test]
fn shutdown_wakes_a_receiver_with_a_timeout() {
    let queue = queue_with_unique_name();
    let outcome = asleep_receiving(&queue, libc::SYS_ppoll, LATE.into());
    queue.shutdown();
    assert_closed_while_waiting(outcome.recv_timeout(TEST_TIMEOUT).unwrap());
}

#[test]
fn shutdown_wakes_a_sender_with_a_timeout() {
    let queue = full();
    let outcome = asleep_sending(&queue, libc::SYS_ppoll, LATE.into());
    queue.shutdown();
    assert_closed_while_waiting(outcome.recv_timeout(TEST_TIMEOUT).unwrap());
}

#[test]
fn shutdown_wakes_wall_clock_waiters() {
    let (empty, full) = (queue_with_unique_name(), full());
    let deadline = Deadline::from(SystemTime::now() + LATE);
    let received = asleep_receiving(&empty, libc::SYS_mq_timedreceive, deadline);
    let sent = asleep_sending(&full, libc::SYS_mq_timedsend, deadline);
    empty.shutdown();
    full.shutdown();
    assert_closed_while_waiting(received.recv_timeout(TEST_TIMEOUT).unwrap());
    assert_closed_while_waiting(sent.recv_timeout(TEST_TIMEOUT).unwrap());
}

#[test]
fn later_calls_that_may_sleep_fail() {
    let queue = queue_with_unique_name();
    queue.shutdown();
    for deadline in [Deadline::Never, LATE.into(), (SystemTime::now() + LATE).into()] {
        let shared = queue.share();
        let receive = move || shared.receive_interruptible(&mut [0; 64], deadline);
        assert_closed_while_waiting(in_time(receive).unwrap());
        assert_closed_while_waiting(queue.send_interruptible(b"x", 0, deadline));
    }
    assert_closed_while_waiting(queue.receive(&mut [0; 64]));
    assert_closed_while_waiting(queue.receive_message());
    assert_closed_while_waiting(queue.send(b"x", 0));
}

#[test]
fn pending_message_is_received_after_shutdown() {
    let queue = queue_with_unique_name();
    queue.send(b"kept", 1).unwrap();
    queue.shutdown();
    assert_eq!(queue.try_receive(&mut [0; 64]).unwrap(), (4, 1));
    assert_eq!(queue.try_receive(&mut [0; 64]).unwrap_err().raw_os_error(), libc::EAGAIN);
}

#[test]
fn access_error_is_explained_after_shutdown() {
    let queue = queue_with_unique_name().opened(true, false);
    queue.shutdown();
    for error in [queue.send(b"x", 0).unwrap_err(), queue.try_send(b"x", 0).unwrap_err()] {
        assert_eq!(error.raw_os_error(), libc::EBADF);
        assert!(error.explanation().unwrap().starts_with("it was opened for reading only"));
    }
}

#[test]
fn shutdown_twice_is_shutdown() {
    let queue = queue_with_unique_name();
    queue.shutdown();
    queue.shutdown();
    let shared = queue.share();
    assert_closed_while_waiting(in_time(move || shared.receive_message()).unwrap());
}

#[test]
fn waiters_on_another_queue_are_not_woken() {
    let (queue, other) = (queue_with_unique_name(), queue_with_unique_name());
    // These give up with EINTR if a signal reaches their thread.
    let undisturbed = [
        asleep_receiving(&other, libc::SYS_mq_timedreceive, Deadline::Never),
        asleep_receiving(&other, libc::SYS_ppoll, LATE.into()),
    ];
    let woken = asleep_receiving(&queue, libc::SYS_mq_timedreceive, Deadline::Never);
    queue.shutdown();
    assert_closed_while_waiting(woken.recv_timeout(TEST_TIMEOUT).unwrap());
    for _ in &undisturbed {
        other.send(b"x", 0).unwrap();
    }
    for outcome in undisturbed {
        assert_eq!(outcome.recv_timeout(TEST_TIMEOUT).unwrap().unwrap(), (1, 0));
    }
}

#[test]
fn waiters_on_another_handle_are_not_woken() {
    let queue = queue_with_unique_name();
    let other = queue.opened(true, false);
    let undisturbed = start_blocked_in(libc::SYS_mq_timedreceive, move || {
        other.receive_interruptible(&mut [0; 64], Deadline::Never)
    });
    let woken = asleep_receiving(&queue, libc::SYS_ppoll, LATE.into());
    queue.shutdown();
    assert!(woken.recv_timeout(TEST_TIMEOUT).unwrap().is_err());
    queue.try_send(b"x", 0).unwrap();
    assert_eq!(undisturbed.recv_timeout(TEST_TIMEOUT).unwrap().unwrap(), (1, 0));
}

#[test]
fn shutdown_as_threads_fall_asleep_misses_none() {
    for _ in 0..50 {
        let queue = queue_with_unique_name();
        let (tell, told) = std::sync::mpsc::channel();
        for _ in 0..4 {
            let (queue, tell) = (queue.share(), tell.clone());
            std::thread::spawn(move || {
                let _ = tell.send(queue.receive(&mut [0; 64]));
            });
        }
        queue.shutdown();
        for _ in 0..4 {
            assert_closed_while_waiting(told.recv_timeout(TEST_TIMEOUT).unwrap());
        }
    }
}
