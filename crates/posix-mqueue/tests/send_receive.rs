//! Sending and receiving: order, sizes, access, and calls that do not wait.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::sync::mpsc;
use std::thread;

use fixture::{creating, queue_of, queue_with_unique_name, receive_errors, send_errors};
use posix_mqueue::{Error, Message, MessageQueue, OpenOptions, PRIORITY_MAX};

fn drained(queue: &MessageQueue) -> Vec<(Vec<u8>, u32)> {
    let mut buffer = [0; 64];
    std::iter::from_fn(|| queue.attempt_receive(&mut buffer).unwrap().map(|r| (buffer, r)))
        .map(|(bytes, (length, priority))| (bytes[..length].to_vec(), priority))
        .collect()
}

#[test]
fn the_highest_priority_comes_first() {
    let queue = queue_with_unique_name();
    for priority in [5, PRIORITY_MAX, 0, 6] {
        queue.send(b"x", priority).unwrap();
    }
    let priorities: Vec<_> = drained(&queue).into_iter().map(|(_, priority)| priority).collect();
    assert_eq!(priorities, [PRIORITY_MAX, 6, 5, 0]);
}

#[test]
fn oldest_comes_first_within_a_priority() {
    let queue = queue_with_unique_name();
    for (text, priority) in [("a", 3), ("b", 3), ("urgent", 4), ("c", 3)] {
        queue.send(text.as_bytes(), priority).unwrap();
    }
    let texts: Vec<_> = drained(&queue).into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts, [&b"urgent"[..], b"a", b"b", b"c"]);
}

#[test]
fn an_empty_message_is_a_message() {
    let queue = queue_with_unique_name();
    queue.send(b"", 7).unwrap();
    assert_eq!(queue.attributes().unwrap().messages, 1);
    assert_eq!(queue.receive_message().unwrap(), Message { data: vec![], priority: 7 });
}

#[test]
fn bytes_arrive_as_they_were_sent() {
    let queue = queue_of(1, 64);
    let message: Vec<u8> = (192..=255).collect();
    queue.send(&message, 1).unwrap();
    let mut buffer = [0; 100];
    assert_eq!(queue.receive(&mut buffer).unwrap(), (64, 1));
    assert_eq!(buffer[..64], message);
}

#[test]
fn attributes_count_the_messages() {
    let queue = queue_with_unique_name();
    let count = || queue.attributes().unwrap().messages;
    assert_eq!(count(), 0);
    queue.fill();
    assert_eq!(count(), 4);
    queue.receive_message().unwrap();
    assert_eq!(count(), 3);
}

#[test]
fn a_message_over_the_size_is_refused_whole() {
    let queue = queue_with_unique_name();
    for error in send_errors(&queue, &[0; 65], 0) {
        assert_eq!((error.raw_os_error(), error.call()), (libc::EMSGSIZE, "mq_timedsend"));
        let sentence = "a message of 65 bytes, and this queue takes 64 at most";
        assert_eq!(error.explanation(), Some(sentence));
    }
    assert_eq!(queue.attributes().unwrap().messages, 0);
}

#[test]
fn small_buffer_is_rejected_and_receives_nothing() {
    let queue = queue_with_unique_name();
    queue.send(b"short", 0).unwrap();
    for error in receive_errors(&queue, &mut [0; 63]) {
        assert_eq!((error.raw_os_error(), error.call()), (libc::EMSGSIZE, "mq_timedreceive"));
        let sentence = "a buffer of 63 bytes, and this queue's messages may have 64";
        assert_eq!(error.explanation(), Some(sentence));
    }
    assert_eq!(queue.receive_message().unwrap().data, b"short");
}

#[test]
fn small_buffer_is_rejected_on_an_empty_queue() {
    for error in receive_errors(&queue_with_unique_name(), &mut []) {
        assert_eq!(error.raw_os_error(), libc::EMSGSIZE);
    }
}

#[test]
fn a_priority_over_the_maximum_is_refused() {
    let queue = queue_with_unique_name();
    for priority in [32_768, 65_536, u32::MAX] {
        for error in send_errors(&queue, b"x", priority) {
            assert_eq!(error.raw_os_error(), libc::EINVAL);
            let sentence = format!("priority {priority} is not between 0 and 32767");
            assert_eq!(error.explanation(), Some(&*sentence));
        }
    }
    assert_eq!(queue.attributes().unwrap().messages, 0);
}

#[test]
fn a_queue_open_for_reading_does_not_send() {
    let queue = queue_with_unique_name();
    for error in send_errors(&queue.opened(true, false), b"x", 0) {
        assert_eq!(error.raw_os_error(), libc::EBADF);
        assert_eq!(
            error.explanation(),
            Some("it was opened for reading only (O_RDONLY); to send, open it O_WRONLY or O_RDWR")
        );
    }
}

#[test]
fn a_queue_open_for_writing_does_not_receive() {
    let queue = queue_with_unique_name();
    queue.send(b"x", 0).unwrap();
    for error in receive_errors(&queue.opened(false, true), &mut [0; 64]) {
        assert_eq!(error.raw_os_error(), libc::EBADF);
        let sentence =
            "it was opened for writing only (O_WRONLY); to receive, open it O_RDONLY or O_RDWR";
        assert_eq!(error.explanation(), Some(sentence));
    }
}

#[test]
fn a_call_that_fails_names_the_queue() {
    let queue = queue_with_unique_name();
    for error in send_errors(&queue, &[0; 65], 0).into_iter().chain(receive_errors(&queue, &mut []))
    {
        assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    }
}

#[test]
fn messages_survive_without_open_handles() {
    let queue = queue_with_unique_name();
    queue.send(b"kept", 2).unwrap();
    let name = queue.into_name();
    let again = OpenOptions::new().read(true).open(&name).unwrap();
    assert_eq!(again.receive_message().unwrap().data, b"kept");
}

#[test]
fn blocked_send_continues_when_there_is_room() {
    let queue = queue_of(1, 8);
    queue.fill();
    let sender = queue.share();
    let sent = fixture::start_blocked_in(libc::SYS_mq_timedsend, move || sender.send(b"next", 0));
    assert_eq!(queue.receive_message().unwrap().data, b"fill");
    sent.recv_timeout(fixture::TEST_TIMEOUT).unwrap().unwrap();
    assert_eq!(queue.receive_message().unwrap().data, b"next");
}

#[test]
fn a_waiting_receive_gets_what_comes() {
    let queue = queue_with_unique_name();
    let shared = queue.share();
    let received =
        fixture::start_blocked_in(libc::SYS_mq_timedreceive, move || shared.receive_message());
    queue.send(b"here", 3).unwrap();
    let message = received.recv_timeout(fixture::TEST_TIMEOUT).unwrap().unwrap();
    assert_eq!(message, Message { data: b"here".to_vec(), priority: 3 });
}

#[test]
fn many_threads_lose_and_repeat_nothing() {
    const EACH: u32 = 500;
    let queue = creating().open(&fixture::UniqueName::new()).unwrap();
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for producer in 0..3 {
            let queue = &queue;
            scope.spawn(move || {
                for number in 0..EACH {
                    let message = producer * EACH + number;
                    queue.send(&message.to_ne_bytes(), message % 2).unwrap();
                }
            });
        }
        for _ in 0..3 {
            let (queue, tell) = (&queue, tell.clone());
            scope.spawn(move || {
                for _ in 0..EACH {
                    let data = queue.receive_message().unwrap().data;
                    tell.send(u32::from_ne_bytes(data.try_into().unwrap())).unwrap();
                }
            });
        }
    });
    let mut numbers: Vec<_> = told.try_iter().collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..3 * EACH).collect::<Vec<_>>());
}

#[test]
fn handles_can_be_shared_and_sent_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<MessageQueue>();
    shared::<posix_mqueue::OwnedQueue>();
    shared::<Error>();
}
