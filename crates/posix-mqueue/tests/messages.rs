//! Whole messages: one, one more into the same memory, one after the other.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::io;
use std::time::Duration;

use fixture::{
    TEST_TIMEOUT, UniqueName, creating, queue_of, queue_with_unique_name, start_blocked_in,
};
use posix_mqueue::{Deadline, Message, MessageQueue, PRIORITY_MAX};

fn message(data: &[u8], priority: u32) -> Message {
    Message { data: data.to_vec(), priority }
}

fn sent(messages: &[(&[u8], u32)], queue: &MessageQueue) {
    for (data, priority) in messages {
        queue.try_send(data, *priority).unwrap();
    }
}

#[test]
fn a_message_has_its_bytes_and_its_priority() {
    let queue = queue_of(1, 512);
    for length in [0, 1, 511, 512] {
        let data: Vec<u8> = (0..=255).cycle().take(length).collect();
        queue.send(&data, PRIORITY_MAX).unwrap();
        assert_eq!(queue.receive_message().unwrap(), message(&data, PRIORITY_MAX));
        queue.send(&data, 0).unwrap();
        assert_eq!(queue.try_receive_message().unwrap(), message(&data, 0));
    }
}

#[test]
fn message_memory_is_trimmed() {
    let queue = queue_of(1, 4096);
    for length in [0, 10, 4096] {
        queue.send(&vec![1; length], 0).unwrap();
        assert!(queue.receive_message().unwrap().data.capacity() < length + 64);
    }
}

#[test]
fn receiving_again_uses_the_memory_again() {
    let queue = queue_with_unique_name();
    let mut message = Message { data: Vec::with_capacity(64), priority: 0 };
    let memory = message.data.as_ptr();
    for (data, priority) in [(&[9; 64][..], 5), (b"shorter", 7), (b"", 0), (b"longer again", 1)] {
        queue.send(data, priority).unwrap();
        queue.receive_message_into(&mut message, Deadline::Never).unwrap();
        assert_eq!((&message.data[..], message.priority), (data, priority));
        assert_eq!(message.data.as_ptr(), memory);
    }
}

#[test]
fn receiving_again_takes_the_memory_it_needs() {
    let queue = queue_of(1, 512);
    let mut message = Message::default();
    queue.send(&[3; 512], 2).unwrap();
    queue.receive_message_into(&mut message, Duration::ZERO).unwrap();
    assert_eq!(message, Message { data: vec![3; 512], priority: 2 });
}

#[test]
fn failed_receive_into_leaves_an_empty_message() {
    let queue = queue_with_unique_name();
    let mut old = message(b"old", 9);
    let error = queue.receive_message_into(&mut old, Duration::ZERO).unwrap_err();
    assert_eq!(error.raw_os_error(), libc::ETIMEDOUT);
    assert_eq!(old, Message::default());
    // And can be used again.
    queue.send(b"new", 1).unwrap();
    queue.receive_message_into(&mut old, Duration::ZERO).unwrap();
    assert_eq!(old, message(b"new", 1));
}

#[test]
fn the_backlog_is_what_is_there_in_order() {
    let queue = queue_with_unique_name();
    sent(&[(b"a", 1), (b"", 0), (b"b", 1), (b"first", 2)], &queue);
    let backlog: Vec<_> = queue.try_iter().collect::<Result<_, _>>().unwrap();
    assert_eq!(
        backlog,
        [message(b"first", 2), message(b"a", 1), message(b"b", 1), message(b"", 0)]
    );
    assert_eq!(queue.try_iter().count(), 0);
    assert!(!queue.attributes().unwrap().nonblocking);
}

#[test]
fn the_backlog_has_ended_even_if_more_comes() {
    let queue = queue_with_unique_name();
    let mut backlog = queue.try_iter();
    assert!(backlog.next().is_none());
    sent(&[(b"later", 0)], &queue);
    assert!(backlog.next().is_none());
    assert_eq!(queue.try_iter().count(), 1);
}

#[test]
fn unrequested_messages_stay_in_the_queue() {
    let queue = queue_with_unique_name();
    sent(&[(b"a", 0), (b"b", 0), (b"c", 0)], &queue);
    assert_eq!(queue.try_iter().next().unwrap().unwrap().data, b"a");
    assert_eq!(queue.iter().take(1).count(), 1);
    assert_eq!(queue.attributes().unwrap().messages, 1);
}

#[test]
fn messages_waits_for_each() {
    let queue = queue_with_unique_name();
    for data in [&b"one"[..], b"two"] {
        let shared = queue.share();
        let received =
            start_blocked_in(libc::SYS_mq_timedreceive, move || shared.iter().next().unwrap());
        queue.try_send(data, 0).unwrap();
        assert_eq!(received.recv_timeout(TEST_TIMEOUT).unwrap().unwrap().data, data);
    }
}

#[test]
fn messages_ends_where_a_nonblocking_queue_is_empty() {
    let queue = queue_with_unique_name();
    queue.set_nonblocking(true).unwrap();
    sent(&[(b"a", 0), (b"b", 0)], &queue);
    let mut messages = queue.iter();
    assert_eq!(messages.by_ref().count(), 2);
    sent(&[(b"later", 0)], &queue);
    assert!(messages.next().is_none());
}

#[test]
fn both_end_after_an_error() {
    let queue = queue_with_unique_name();
    let writer = queue.opened(false, true);
    for mut messages in [writer.iter(), writer.try_iter()] {
        let error = messages.next().unwrap().unwrap_err();
        assert_eq!(error.raw_os_error(), libc::EBADF);
        assert!(error.explanation().unwrap().starts_with("it was opened for writing only"));
        assert!(messages.next().is_none());
        assert!(messages.next().is_none());
    }
}

#[test]
fn shutdown_ends_messages_with_one_error() {
    let queue = queue_with_unique_name();
    let shared = queue.share();
    let outcome = start_blocked_in(libc::SYS_mq_timedreceive, move || {
        shared.iter().map(|message| message.unwrap_err().raw_os_error()).collect::<Vec<_>>()
    });
    queue.shutdown();
    assert_eq!(outcome.recv_timeout(TEST_TIMEOUT).unwrap(), [libc::EBADF]);
}

#[test]
fn errors_of_messages_become_errors_of_io() {
    let name = UniqueName::new();
    let queue = creating().read(false).open(&name).unwrap();
    let all = || -> io::Result<Vec<Message>> { queue.iter().map(|message| Ok(message?)).collect() };
    assert!(all().unwrap_err().to_string().contains("opened for writing only"));
}

#[test]
fn a_message_compares_by_value() {
    assert_eq!(message(b"x", 1), message(b"x", 1).clone());
    assert_ne!(message(b"x", 1), message(b"x", 2));
    assert_ne!(message(b"x", 1), message(b"y", 1));
    assert_eq!(Message::default(), message(b"", 0));
}
