//! Receiving into memory that holds nothing yet.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::mem::MaybeUninit;
use std::time::Duration;

use fixture::{queue_of, queue_with_unique_name};
use posix_mqueue::Deadline;

#[test]
fn message_is_the_start_of_the_buffer() {
    let queue = queue_with_unique_name();
    let mut buffer = [MaybeUninit::uninit(); 100];
    let start = buffer.as_ptr().addr();
    for (data, priority) in [(&[255; 64][..], 3), (b"short", 2), (b"", 1)] {
        queue.send(data, priority).unwrap();
        let (message, received) = queue.receive_uninit(&mut buffer, Deadline::Never).unwrap();
        assert_eq!((&*message, received), (data, priority));
        assert_eq!(message.as_ptr().addr(), start);
    }
}

#[test]
fn the_message_can_be_changed_in_place() {
    let queue = queue_with_unique_name();
    queue.send(b"small", 0).unwrap();
    let mut buffer = [MaybeUninit::uninit(); 64];
    let (message, _) = queue.receive_uninit(&mut buffer, Deadline::Never).unwrap();
    message.make_ascii_uppercase();
    assert_eq!(message, b"SMALL");
}

#[test]
fn nothing_but_the_message_is_written() {
    let queue = queue_with_unique_name();
    let mut buffer = [0xAA; 100];
    queue.send(b"short", 0).unwrap();
    queue.receive(&mut buffer).unwrap();
    assert_eq!(buffer[..5], *b"short");
    assert_eq!(buffer[5..], [0xAA; 95]);
}

#[test]
fn a_call_that_fails_writes_nothing() {
    let queue = queue_with_unique_name();
    let mut buffer = [0xAA; 64];
    queue.receive_timeout(&mut buffer, Duration::from_millis(1)).unwrap_err();
    queue.try_receive(&mut buffer).unwrap_err();
    assert_eq!(buffer, [0xAA; 64]);
}

#[test]
fn spare_capacity_is_such_memory() {
    let queue = queue_of(1, 16);
    queue.send(b"behind", 0).unwrap();
    let mut collected = b"before ".to_vec();
    collected.reserve(16);
    let (message, _) =
        queue.receive_uninit(collected.spare_capacity_mut(), Deadline::Never).unwrap();
    assert_eq!(message, b"behind");
    assert_eq!(collected, b"before ");
}

#[test]
fn an_attempt_that_would_sleep_is_none() {
    let queue = queue_with_unique_name();
    let mut buffer = [MaybeUninit::uninit(); 64];
    assert_eq!(queue.attempt_receive_uninit(&mut buffer).unwrap(), None);
    queue.send(b"there", 6).unwrap();
    let received = queue.attempt_receive_uninit(&mut buffer).unwrap();
    assert_eq!(received.unwrap(), (&mut *b"there".to_vec(), 6));
    queue.set_nonblocking(true).unwrap();
    assert!(queue.attempt_receive_uninit(&mut buffer).unwrap_err().is_would_block());
}
