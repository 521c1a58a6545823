//! Queues in an event loop of mio.

#![cfg(feature = "mio")]
#![allow(clippy::unwrap_used)]

mod fixture;

use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use fixture::{TEST_TIMEOUT, queue_of, queue_with_unique_name, start_blocked_in};
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

const QUEUE: Token = Token(7);

/// What the next events say of the queue: readable, writable. False both where there is none.
fn next_events(poll: &mut Poll, patience: Duration) -> (bool, bool) {
    let mut events = Events::with_capacity(8);
    poll.poll(&mut events, Some(patience)).unwrap();
    assert!(events.iter().all(|event| event.token() == QUEUE));
    (events.iter().any(Event::is_readable), events.iter().any(Event::is_writable))
}

fn no_event(poll: &mut Poll) -> bool {
    next_events(poll, Duration::ZERO) == (false, false)
}

#[test]
fn a_message_is_an_event_once() {
    let queue = queue_with_unique_name();
    let mut receiver = queue.opened(true, false);
    let mut poll = Poll::new().unwrap();
    poll.registry().register(&mut receiver, QUEUE, Interest::READABLE).unwrap();
    assert!(no_event(&mut poll));
    for _ in 0..3 {
        queue.fill();
        assert_eq!(next_events(&mut poll, TEST_TIMEOUT), (true, false));
        assert!(no_event(&mut poll));
        while receiver.attempt_receive(&mut [0; 64]).unwrap().is_some() {}
    }
}

#[test]
fn room_is_an_event() {
    let queue = queue_with_unique_name();
    queue.fill();
    let mut sender = queue.opened(false, true);
    let mut poll = Poll::new().unwrap();
    poll.registry().register(&mut sender, QUEUE, Interest::WRITABLE).unwrap();
    assert!(no_event(&mut poll));
    queue.receive_message().unwrap();
    assert_eq!(next_events(&mut poll, TEST_TIMEOUT), (false, true));
    sender.try_send(b"x", 0).unwrap();
}

#[test]
fn blocked_senders_message_has_no_event() {
    let queue = queue_of(1, 64);
    let mut receiver = queue.opened(true, false);
    let mut poll = Poll::new().unwrap();
    poll.registry().register(&mut receiver, QUEUE, Interest::READABLE).unwrap();
    queue.fill();
    let sender = queue.share();
    let sent = start_blocked_in(libc::SYS_mq_timedsend, move || sender.send(b"blocked", 0));
    assert_eq!(next_events(&mut poll, TEST_TIMEOUT), (true, false));
    receiver.try_receive(&mut [0; 64]).unwrap();
    sent.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
    // Why a program goes on until it would block.
    assert!(no_event(&mut poll));
    receiver.try_receive(&mut [0; 64]).unwrap();
    assert_eq!(receiver.attempt_receive(&mut [0; 64]).unwrap(), None);
}

#[test]
fn reregister_changes_the_interest() {
    let queue = queue_with_unique_name();
    let mut both = queue.opened(true, true);
    let mut poll = Poll::new().unwrap();
    poll.registry().register(&mut both, QUEUE, Interest::READABLE).unwrap();
    assert!(no_event(&mut poll));
    poll.registry().reregister(&mut both, QUEUE, Interest::WRITABLE).unwrap();
    assert_eq!(next_events(&mut poll, TEST_TIMEOUT), (false, true));
}

#[test]
fn deregister_ends_the_events() {
    let queue = queue_with_unique_name();
    let mut receiver = queue.opened(true, false);
    let mut poll = Poll::new().unwrap();
    poll.registry().register(&mut receiver, QUEUE, Interest::READABLE).unwrap();
    poll.registry().deregister(&mut receiver).unwrap();
    queue.fill();
    assert!(no_event(&mut poll));
    let error = poll.registry().deregister(&mut receiver).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
}

#[test]
fn descriptor_is_registered_only_once() {
    let queue = queue_with_unique_name();
    let (mut one, mut two) = (queue.opened(true, true), queue.opened(true, true));
    let poll = Poll::new().unwrap();
    poll.registry().register(&mut one, QUEUE, Interest::READABLE).unwrap();
    let error = poll.registry().register(&mut one, QUEUE, Interest::WRITABLE).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EEXIST));
    poll.registry().register(&mut two, QUEUE, Interest::WRITABLE).unwrap();
}

#[test]
fn a_shared_queue_is_registered_by_its_descriptor() {
    let queue = queue_with_unique_name();
    let shared = queue.share();
    let mut poll = Poll::new().unwrap();
    let number = shared.as_fd().as_raw_fd();
    poll.registry().register(&mut SourceFd(&number), QUEUE, Interest::READABLE).unwrap();
    shared.send(b"x", 0).unwrap();
    assert_eq!(next_events(&mut poll, TEST_TIMEOUT), (true, false));
    poll.registry().deregister(&mut SourceFd(&number)).unwrap();
}
