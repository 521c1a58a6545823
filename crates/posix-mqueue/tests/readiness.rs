//! Waiting until a queue is ready, without sending or receiving.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::time::{Duration, Instant, SystemTime};

use fixture::{
    QueueWithUniqueName, TEST_TIMEOUT, claim, in_time, notified, queue_with_unique_name,
    start_blocked_in,
};
use posix_mqueue::{Deadline, MessageQueue, Result};

const SOON: Duration = Duration::from_millis(20);
const LATE: Duration = Duration::from_secs(3600);

fn full() -> QueueWithUniqueName {
    let queue = queue_with_unique_name();
    queue.fill();
    queue
}

fn far_off() -> [Deadline; 5] {
    [
        Deadline::Never,
        Duration::MAX.into(),
        LATE.into(),
        (Instant::now() + LATE).into(),
        (SystemTime::now() + LATE).into(),
    ]
}

type Wait = fn(&MessageQueue, Deadline) -> Result<()>;

/// Each way to wait with a queue that is not ready for it.
fn unready() -> [(QueueWithUniqueName, Wait); 2] {
    [
        (queue_with_unique_name(), |queue, deadline| queue.wait_readable(deadline)),
        (full(), |queue, deadline| queue.wait_writable(deadline)),
    ]
}

#[test]
fn ready_queue_is_not_waited_for() {
    let queue = queue_with_unique_name();
    queue.send(b"x", 0).unwrap();
    let over = [Duration::ZERO.into(), SystemTime::UNIX_EPOCH.into(), Deadline::Never];
    for deadline in over.into_iter().chain(far_off()) {
        queue.wait_readable(deadline).unwrap();
        queue.wait_writable(deadline).unwrap();
    }
    assert_eq!(queue.attributes().unwrap().messages, 1);
}

#[test]
fn arrival_ends_the_wait() {
    for deadline in far_off() {
        for (queue, wait) in unready() {
            let shared = queue.share();
            let ready = start_blocked_in(libc::SYS_ppoll, move || wait(&shared, deadline));
            if queue.try_send(b"x", 0).is_err() {
                queue.try_receive(&mut [0; 64]).unwrap();
            }
            ready.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
        }
    }
}

#[test]
fn a_deadline_ends_the_wait_and_not_early() {
    for (queue, wait) in unready() {
        for timeout in [Duration::ZERO, SOON] {
            let start = Instant::now();
            let deadlines =
                [timeout.into(), (start + timeout).into(), (SystemTime::now() + timeout).into()];
            for (number, deadline) in deadlines.into_iter().enumerate() {
                let error = wait(&queue, deadline).unwrap_err();
                assert_eq!((error.raw_os_error(), error.call()), (libc::ETIMEDOUT, "ppoll"));
                assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
                assert!(number > 0 || start.elapsed() >= timeout);
                assert!(deadline.is_elapsed());
            }
        }
    }
}

#[test]
fn a_nonblocking_descriptor_can_be_waited_on() {
    for (queue, wait) in unready() {
        queue.set_nonblocking(true).unwrap();
        let shared = queue.share();
        let ready = start_blocked_in(libc::SYS_ppoll, move || wait(&shared, Deadline::Never));
        if queue.try_send(b"x", 0).is_err() {
            queue.try_receive(&mut [0; 64]).unwrap();
        }
        ready.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
        assert!(queue.attributes().unwrap().nonblocking);
    }
}

#[test]
fn waiting_ignores_the_access_mode() {
    let queue = queue_with_unique_name();
    queue.send(b"x", 0).unwrap();
    queue.opened(false, true).wait_readable(Duration::ZERO).unwrap();
    queue.opened(true, false).wait_writable(Duration::ZERO).unwrap();
}

#[test]
fn shutdown_ends_the_wait() {
    for deadline in far_off() {
        for (queue, wait) in unready() {
            let shared = queue.share();
            let ready = start_blocked_in(libc::SYS_ppoll, move || wait(&shared, deadline));
            queue.shutdown();
            let error = ready.recv_timeout(TEST_TIMEOUT).unwrap().unwrap_err();
            assert_eq!(error.raw_os_error(), libc::EBADF);
            assert_eq!(error.explanation(), Some("the queue was closed while waiting"));
        }
    }
}

#[test]
fn wait_fails_after_shutdown() {
    for (queue, wait) in unready() {
        queue.shutdown();
        let shared = queue.share();
        let error = in_time(move || wait(&shared, Deadline::Never)).unwrap().unwrap_err();
        assert_eq!(error.raw_os_error(), libc::EBADF);
        assert_eq!(error.explanation(), Some("the queue was closed while waiting"));
    }
}

#[test]
fn a_notification_comes_although_somebody_waits() {
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    let shared = queue.share();
    let ready = start_blocked_in(libc::SYS_ppoll, move || shared.wait_readable(Deadline::Never));
    queue.try_send(b"x", 0).unwrap();
    assert!(claim(told.recv_timeout(TEST_TIMEOUT).unwrap()));
    ready.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
}

#[test]
fn one_message_wakes_every_poller() {
    let queue = queue_with_unique_name();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let shared = queue.share();
            start_blocked_in(libc::SYS_ppoll, move || shared.wait_readable(Deadline::Never))
        })
        .collect();
    queue.try_send(b"x", 0).unwrap();
    for ready in waiting {
        ready.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
    }
    queue.try_receive(&mut [0; 64]).unwrap();
    assert!(queue.try_receive(&mut [0; 64]).unwrap_err().is_would_block());
}
