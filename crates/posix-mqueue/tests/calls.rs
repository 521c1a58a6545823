//! Every call that sends or receives, in every mode, does the same but for how long it waits.

#![allow(clippy::unwrap_used)]

mod fixture;
mod wait_modes;

use std::ffi::c_long;
use std::time::{Duration, Instant, SystemTime};

use fixture::{
    QueueWithUniqueName, TEST_TIMEOUT, in_time, queue_with_unique_name, start_blocked_in,
};
use posix_mqueue::{Error, Message, PRIORITY_MAX};
use wait_modes::{
    BUFFER_KINDS, BufferKind, WaitMode, expired_modes, pending_modes, receive, send, within,
};

const SOON: Duration = Duration::from_millis(20);

fn every_form() -> Vec<WaitMode> {
    [&pending_modes()[..], &expired_modes(), &[WaitMode::Try]].concat()
}

/// Every way to receive, by each of these modes.
fn receiving(modes: &[WaitMode]) -> Vec<(BufferKind, WaitMode)> {
    BUFFER_KINDS.iter().flat_map(|target| modes.iter().map(|mode| (*target, *mode))).collect()
}

fn full() -> QueueWithUniqueName {
    let queue = queue_with_unique_name();
    queue.fill();
    queue
}

/// The error that a call on the queue gives, and it does not wait.
fn error_in_time<T: Send + 'static>(
    queue: &QueueWithUniqueName,
    call: impl FnOnce(&posix_mqueue::MessageQueue) -> Result<T, Error> + Send + 'static,
) -> Error {
    let shared = queue.share();
    in_time(move || call(&shared).map(drop)).unwrap().unwrap_err()
}

#[test]
fn every_form_sends_where_there_is_room() {
    let queue = queue_with_unique_name();
    for mode in every_form() {
        send(&queue, mode, b"there", 4).unwrap();
        let message = Message { data: b"there".to_vec(), priority: 4 };
        assert_eq!(queue.try_receive_message().unwrap(), message, "{mode:?}");
    }
}

#[test]
fn every_form_receives_what_is_there() {
    let queue = queue_with_unique_name();
    for (target, mode) in receiving(&every_form()) {
        for data in [&b"there"[..], b"", &[7; 64]] {
            queue.try_send(data, PRIORITY_MAX).unwrap();
            let message = Message { data: data.to_vec(), priority: PRIORITY_MAX };
            assert_eq!(receive(&queue, target, mode).unwrap(), message, "{target:?} {mode:?}");
        }
    }
}

#[test]
fn bounded_send_gives_up_on_a_full_queue() {
    let queue = full();
    for mode in expired_modes().into_iter().chain([WaitMode::Try]) {
        let error = error_in_time(&queue, move |queue| send(queue, mode, b"x", 0));
        assert_eq!(error.raw_os_error(), mode.gives_up_with(None), "{mode:?}");
        assert_eq!(error.call(), "mq_timedsend");
        assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    }
    assert_eq!(queue.attributes().unwrap().messages, 4);
}

#[test]
fn bounded_receive_gives_up_on_an_empty_queue() {
    let queue = queue_with_unique_name();
    for (target, mode) in receiving(&[&expired_modes()[..], &[WaitMode::Try]].concat()) {
        let error = error_in_time(&queue, move |queue| receive(queue, target, mode));
        let errno = mode.gives_up_with(Some(target));
        assert_eq!(error.raw_os_error(), errno, "{target:?} {mode:?}");
        assert_eq!(error.call(), "mq_timedreceive");
        assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    }
}

/// Whether a mode that waits for `SOON` from `start` on may be over.
fn may_be_over(mode: WaitMode, start: Instant) -> bool {
    match mode {
        WaitMode::Deadline(deadline) => Instant::now() >= deadline,
        WaitMode::Realtime(time) => SystemTime::now() >= time,
        _ => start.elapsed() >= SOON,
    }
}

#[test]
fn no_send_gives_up_early() {
    let queue = full();
    for number in 0..3 {
        let (start, mode) = (Instant::now(), within(SOON)[number]);
        let error = send(&queue, mode, b"x", 0).unwrap_err();
        assert!(may_be_over(mode, start), "{mode:?}");
        assert_eq!(error.raw_os_error(), libc::ETIMEDOUT);
    }
}

#[test]
fn no_receive_gives_up_early() {
    let queue = queue_with_unique_name();
    for target in BUFFER_KINDS {
        for number in 0..3 {
            let (start, mode) = (Instant::now(), within(SOON)[number]);
            let error = receive(&queue, target, mode).unwrap_err();
            assert!(may_be_over(mode, start), "{target:?} {mode:?}");
            assert_eq!(error.raw_os_error(), libc::ETIMEDOUT);
        }
    }
}

/// The call that a mode sleeps in: the one that follows the wall clock only where it may.
fn is_blocked_in(mode: WaitMode, own: c_long) -> c_long {
    match mode {
        WaitMode::Timeout(timeout) if timeout != Duration::MAX => libc::SYS_ppoll,
        WaitMode::Deadline(_) => libc::SYS_ppoll,
        _ => own,
    }
}

#[test]
fn every_send_that_waits_uses_room_that_comes() {
    for mode in pending_modes() {
        let queue = full();
        let shared = queue.share();
        let sent = start_blocked_in(is_blocked_in(mode, libc::SYS_mq_timedsend), move || {
            send(&shared, mode, b"in time", 1)
        });
        assert_eq!(queue.try_receive_message().unwrap().data, b"fill");
        sent.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
        assert_eq!(queue.try_receive_message().unwrap().data, b"in time", "{mode:?}");
    }
}

#[test]
fn every_receive_that_waits_takes_what_comes() {
    for (target, mode) in receiving(&pending_modes()) {
        let queue = queue_with_unique_name();
        let shared = queue.share();
        let received =
            start_blocked_in(is_blocked_in(mode, libc::SYS_mq_timedreceive), move || {
                receive(&shared, target, mode)
            });
        queue.try_send(b"came", 2).unwrap();
        let message = received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
        assert_eq!((&message.data[..], message.priority), (&b"came"[..], 2), "{target:?} {mode:?}");
    }
}

#[test]
fn no_form_waits_on_a_nonblocking_descriptor() {
    let (empty, full) = (queue_with_unique_name(), full());
    empty.set_nonblocking(true).unwrap();
    full.set_nonblocking(true).unwrap();
    for mode in every_form() {
        let error = error_in_time(&full, move |queue| send(queue, mode, b"x", 0));
        assert_eq!(error.raw_os_error(), libc::EAGAIN, "{mode:?}");
    }
    for (target, mode) in receiving(&every_form()) {
        let error = error_in_time(&empty, move |queue| receive(queue, target, mode));
        assert_eq!(error.raw_os_error(), libc::EAGAIN, "{target:?} {mode:?}");
    }
}

#[test]
fn every_mode_rejects_a_bad_message_before_waiting() {
    let queue = full();
    for mode in every_form() {
        let error = error_in_time(&queue, move |queue| send(queue, mode, &[0; 65], 0));
        assert_eq!(error.raw_os_error(), libc::EMSGSIZE, "{mode:?}");
        let error = error_in_time(&queue, move |queue| send(queue, mode, b"x", PRIORITY_MAX + 1));
        assert_eq!(error.raw_os_error(), libc::EINVAL, "{mode:?}");
    }
}

#[test]
fn every_mode_rejects_a_small_buffer_before_receiving() {
    let queue = queue_with_unique_name();
    for messages in 0..2 {
        for (mode, size) in every_form().into_iter().flat_map(|mode| [(mode, 63), (mode, 0)]) {
            for receive in [wait_modes::receive_slice, wait_modes::receive_uninit] {
                let error = error_in_time(&queue, move |queue| receive(queue, mode, size));
                assert_eq!(error.raw_os_error(), libc::EMSGSIZE, "{mode:?}");
            }
        }
        assert_eq!(queue.attributes().unwrap().messages, messages);
        queue.send(b"x", 0).unwrap();
    }
}

#[test]
fn after_shutdown_only_nonwaiting_calls_succeed() {
    let queue = queue_with_unique_name();
    queue.send(b"there", 0).unwrap();
    queue.shutdown();
    for mode in [&pending_modes()[..], &expired_modes()].concat() {
        let error = error_in_time(&queue, move |queue| send(queue, mode, b"x", 0));
        assert_eq!(error.raw_os_error(), libc::EBADF, "{mode:?}");
        for target in BUFFER_KINDS {
            let error = error_in_time(&queue, move |queue| receive(queue, target, mode));
            assert_eq!(error.raw_os_error(), libc::EBADF, "{target:?} {mode:?}");
        }
    }
    for target in BUFFER_KINDS.into_iter().filter(|kind| kind.has_try()) {
        send(&queue, WaitMode::Try, b"x", 0).unwrap();
        receive(&queue, target, WaitMode::Try).unwrap();
    }
    assert_eq!(queue.attributes().unwrap().messages, 1);
}
