//! Calls that do not wait, and queues that never do.

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{QueueWithUniqueName, queue_with_unique_name, receive_errors, send_errors};

fn nonblocking() -> QueueWithUniqueName {
    let queue = queue_with_unique_name();
    queue.set_nonblocking(true).unwrap();
    queue
}

#[test]
fn try_receive_of_nothing_would_block() {
    for queue in [queue_with_unique_name(), nonblocking()] {
        let error = queue.try_receive(&mut [0; 64]).unwrap_err();
        assert_eq!((error.raw_os_error(), error.call()), (libc::EAGAIN, "mq_timedreceive"));
        assert!(error.is_would_block());
        assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    }
}

#[test]
fn try_send_without_room_would_block() {
    let queue = queue_with_unique_name();
    queue.fill();
    for mode in [false, true] {
        queue.set_nonblocking(mode).unwrap();
        let error = queue.try_send(b"x", 0).unwrap_err();
        assert_eq!((error.raw_os_error(), error.call()), (libc::EAGAIN, "mq_timedsend"));
        assert!(error.is_would_block());
        assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    }
    assert_eq!(queue.attributes().unwrap().messages, 4);
}

#[test]
fn nonwaiting_calls_keep_the_descriptor_blocking() {
    let queue = queue_with_unique_name();
    let is_blocking = || !queue.attributes().unwrap().nonblocking;
    queue.try_send(b"x", 0).unwrap();
    assert!(is_blocking());
    queue.try_receive(&mut [0; 64]).unwrap();
    assert!(is_blocking());
    queue.try_receive(&mut [0; 64]).unwrap_err();
    assert!(is_blocking());
}

#[test]
fn an_attempt_that_would_sleep_is_none() {
    let queue = queue_with_unique_name();
    assert_eq!(queue.attempt_receive(&mut [0; 64]).unwrap(), None);
    queue.fill();
    assert_eq!(queue.attempt_send(b"x", 0).unwrap(), None);
}

#[test]
fn attempt_on_nonblocking_descriptor_would_block() {
    let queue = nonblocking();
    assert!(queue.attempt_receive(&mut [0; 64]).unwrap_err().is_would_block());
    for _ in 0..4 {
        assert_eq!(queue.attempt_send(b"x", 0).unwrap(), Some(()));
    }
    assert!(queue.attempt_send(b"x", 0).unwrap_err().is_would_block());
}

#[test]
fn a_nonblocking_queue_does_not_wait() {
    let queue = nonblocking();
    for error in receive_errors(&queue, &mut [0; 64]) {
        assert_eq!(error.raw_os_error(), libc::EAGAIN);
    }
    assert_eq!(queue.receive_message().unwrap_err().raw_os_error(), libc::EAGAIN);
    while queue.try_send(b"x", 0).is_ok() {}
    for error in send_errors(&queue, b"x", 0) {
        assert_eq!(error.raw_os_error(), libc::EAGAIN);
    }
}

#[test]
fn set_nonblocking_is_seen_in_the_attributes() {
    let queue = queue_with_unique_name();
    for nonblocking in [true, true, false, false] {
        queue.set_nonblocking(nonblocking).unwrap();
        assert_eq!(queue.attributes().unwrap().nonblocking, nonblocking);
    }
}
