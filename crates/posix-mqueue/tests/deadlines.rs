//! Waiting until a deadline.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::c_long;
use std::time::{Duration, Instant, SystemTime};

use fixture::{
    QueueWithUniqueName, TEST_TIMEOUT, eventually, in_time, queue_with_unique_name,
    start_blocked_in,
};
use posix_mqueue::{Deadline, Error, MessageQueue};

const SOON: Duration = Duration::from_millis(30);
const LATE: Duration = Duration::from_secs(3600);

fn receive(queue: &MessageQueue, deadline: impl Into<Deadline>) -> Result<(usize, u32), Error> {
    queue.receive_interruptible(&mut [0; 64], deadline.into())
}

fn send(queue: &MessageQueue, deadline: impl Into<Deadline>) -> Result<(), Error> {
    queue.send_interruptible(b"in time", 1, deadline.into())
}

fn full() -> QueueWithUniqueName {
    let queue = queue_with_unique_name();
    queue.fill();
    queue
}

/// Every kind of deadline that is over.
fn over() -> [Deadline; 6] {
    [
        Duration::ZERO.into(),
        Instant::now().into(),
        Instant::now().checked_sub(SOON).unwrap().into(),
        SystemTime::now().into(),
        SystemTime::UNIX_EPOCH.into(),
        (SystemTime::UNIX_EPOCH - LATE).into(),
    ]
}

#[test]
fn elapsed_deadline_receives_a_pending_message() {
    for deadline in over() {
        let queue = queue_with_unique_name();
        queue.send(b"there", 4).unwrap();
        assert_eq!(receive(&queue, deadline).unwrap(), (5, 4), "{deadline:?}");
    }
}

#[test]
fn elapsed_deadline_sends_if_there_is_room() {
    for deadline in over() {
        let queue = queue_with_unique_name();
        send(&queue, deadline).unwrap();
        assert_eq!(queue.receive_message().unwrap().data, b"in time", "{deadline:?}");
    }
}

#[test]
fn elapsed_deadline_times_out_on_an_empty_queue() {
    for deadline in over() {
        let outcome = in_time(move || receive(&queue_with_unique_name(), deadline));
        let error = outcome.unwrap().unwrap_err();
        assert_eq!(error.raw_os_error(), libc::ETIMEDOUT, "{deadline:?}");
        assert_eq!(error.call(), "mq_timedreceive");
    }
}

#[test]
fn elapsed_deadline_times_out_on_a_full_queue() {
    for deadline in over() {
        let error = in_time(move || send(&full(), deadline)).unwrap().unwrap_err();
        assert_eq!(error.raw_os_error(), libc::ETIMEDOUT, "{deadline:?}");
        assert_eq!(error.call(), "mq_timedsend");
    }
}

#[test]
fn timeout_error_names_the_queue() {
    let queue = queue_with_unique_name();
    let error = receive(&queue, Duration::ZERO).unwrap_err();
    assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert!(!error.is_would_block());
}

#[test]
fn timeout_error_reports_reason_and_deadline() {
    let (empty, full) = (queue_with_unique_name(), full());
    for (deadline, when) in [
        (Deadline::from(SOON), format!(" within {} s", SOON.as_secs_f64())),
        (Deadline::Now, ", and the timeout is 0".to_owned()),
        (Deadline::from(Instant::now()), " before the deadline".to_owned()),
        (SystemTime::UNIX_EPOCH.into(), " before the deadline on the wall clock".to_owned()),
    ] {
        for (error, missing) in [
            (receive(&empty, deadline).unwrap_err(), "no message"),
            (empty.wait_readable(deadline).unwrap_err(), "no message"),
            (send(&full, deadline).unwrap_err(), "no room"),
            (full.wait_writable(deadline).unwrap_err(), "no room"),
        ] {
            assert_eq!(error.message(), format!("{missing}{when}"), "{deadline:?}");
            assert!(error.is_timed_out());
        }
    }
    // The other way to wait for a duration.
    let error = empty.receive_message_timeout(SOON).unwrap_err();
    assert_eq!(error.message(), format!("no message within {} s", SOON.as_secs_f64()));
}

#[test]
fn a_duration_is_never_cut_short() {
    let (empty, full) = (queue_with_unique_name(), full());
    for timeout in [Duration::from_nanos(1), Duration::from_micros(100), SOON] {
        let start = Instant::now();
        assert_eq!(receive(&empty, timeout).unwrap_err().raw_os_error(), libc::ETIMEDOUT);
        assert!(start.elapsed() >= timeout);
        let start = Instant::now();
        assert_eq!(send(&full, timeout).unwrap_err().raw_os_error(), libc::ETIMEDOUT);
        assert!(start.elapsed() >= timeout);
    }
}

#[test]
fn an_instant_is_never_cut_short() {
    let (empty, full) = (queue_with_unique_name(), full());
    let deadline = Instant::now() + SOON;
    assert_eq!(receive(&empty, deadline).unwrap_err().raw_os_error(), libc::ETIMEDOUT);
    assert!(Instant::now() >= deadline);
    let deadline = Instant::now() + SOON;
    assert_eq!(send(&full, deadline).unwrap_err().raw_os_error(), libc::ETIMEDOUT);
    assert!(Instant::now() >= deadline);
}

#[test]
fn a_time_of_day_is_never_cut_short() {
    let (empty, full) = (queue_with_unique_name(), full());
    let deadline = SystemTime::now() + SOON;
    assert_eq!(receive(&empty, deadline).unwrap_err().raw_os_error(), libc::ETIMEDOUT);
    assert!(SystemTime::now() >= deadline);
    let deadline = SystemTime::now() + SOON;
    assert_eq!(send(&full, deadline).unwrap_err().raw_os_error(), libc::ETIMEDOUT);
    assert!(SystemTime::now() >= deadline);
}

/// Deadlines that do not come while a test runs, with the call that a thread waits for them in.
fn far_off(sleeps_in_call: c_long) -> [(Deadline, c_long); 6] {
    let end_of_time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(i64::MAX as u64));
    [
        (Deadline::Never, sleeps_in_call),
        (Duration::MAX.into(), sleeps_in_call),
        (LATE.into(), libc::SYS_ppoll),
        ((Instant::now() + LATE).into(), libc::SYS_ppoll),
        ((SystemTime::now() + LATE).into(), sleeps_in_call),
        (end_of_time.unwrap().into(), sleeps_in_call),
    ]
}

#[test]
fn a_message_that_comes_before_the_deadline_is_received() {
    for (deadline, call) in far_off(libc::SYS_mq_timedreceive) {
        let queue = queue_with_unique_name();
        let shared = queue.share();
        let received = start_blocked_in(call, move || receive(&shared, deadline));
        queue.send(b"came", 2).unwrap();
        let outcome = received.recv_timeout(TEST_TIMEOUT).unwrap();
        assert_eq!(outcome.unwrap(), (4, 2), "{deadline:?}");
    }
}

#[test]
fn room_that_comes_before_the_deadline_is_used() {
    for (deadline, call) in far_off(libc::SYS_mq_timedsend) {
        let queue = full();
        let sender = queue.share();
        let sent = start_blocked_in(call, move || send(&sender, deadline));
        assert_eq!(queue.receive_message().unwrap().data, b"fill");
        sent.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
        assert_eq!(queue.receive_message().unwrap().data, b"in time", "{deadline:?}");
    }
}

#[test]
fn one_message_ends_the_wait_of_one_receiver() {
    let queue = queue_with_unique_name();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let receiver = queue.share();
            start_blocked_in(libc::SYS_ppoll, move || receive(&receiver, TEST_TIMEOUT))
        })
        .collect();
    for _ in &waiting {
        // It wakes all that sleep in ppoll(2): those that find it gone must wait on.
        queue.send(b"one", 0).unwrap();
        assert!(eventually(|| queue.attributes().unwrap().messages == 0));
    }
    for received in waiting {
        assert_eq!(received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap(), (3, 0));
    }
}

#[test]
fn a_nonblocking_descriptor_waits_for_no_deadline() {
    let queue = full();
    queue.set_nonblocking(true).unwrap();
    for deadline in over().into_iter().chain(far_off(0).map(|(deadline, _)| deadline)) {
        assert_eq!(send(&queue, deadline).unwrap_err().raw_os_error(), libc::EAGAIN);
    }
    while queue.try_receive(&mut [0; 64]).is_ok() {}
    for deadline in over().into_iter().chain(far_off(0).map(|(deadline, _)| deadline)) {
        assert_eq!(receive(&queue, deadline).unwrap_err().raw_os_error(), libc::EAGAIN);
    }
}

#[test]
fn a_bad_argument_is_refused_before_any_wait() {
    let queue = full();
    for (deadline, _) in far_off(0) {
        let outcome = queue.send_interruptible(&[0; 65], 0, deadline);
        assert_eq!(outcome.unwrap_err().raw_os_error(), libc::EMSGSIZE);
        let outcome = queue.send_interruptible(b"x", 32_768, deadline);
        assert_eq!(outcome.unwrap_err().raw_os_error(), libc::EINVAL);
        let outcome = queue.receive_interruptible(&mut [0; 63], deadline);
        assert_eq!(outcome.unwrap_err().raw_os_error(), libc::EMSGSIZE);
    }
}

#[test]
fn elapsed_deadline_has_zero_remaining() {
    for deadline in over() {
        assert!(deadline.is_elapsed(), "{deadline:?}");
        assert_eq!(deadline.remaining(), Some(Duration::ZERO));
    }
}

#[test]
fn far_deadline_is_not_elapsed() {
    for (deadline, _) in far_off(0) {
        assert!(!deadline.is_elapsed(), "{deadline:?}");
    }
}

#[test]
fn never_has_no_time_remaining() {
    assert_eq!(Deadline::Never.remaining(), None);
    assert_eq!(Deadline::from(Duration::MAX), Deadline::Never);
}

#[test]
fn remaining_is_at_most_the_duration() {
    let remaining = Deadline::from(LATE).remaining().unwrap();
    assert!(remaining <= LATE && remaining > LATE / 2);
}
