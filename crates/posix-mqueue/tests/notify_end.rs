//! How a registration for notification ends before, or just as, a message arrives.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};

use fixture::{TEST_TIMEOUT, claim, notified, queue_with_unique_name};
use posix_mqueue::{Event, MessageQueue, Notification};

fn arrived(told: &Receiver<Event>) -> bool {
    claim(told.recv_timeout(TEST_TIMEOUT).unwrap())
}

fn removed(told: &Receiver<Event>) -> bool {
    matches!(told.recv_timeout(TEST_TIMEOUT).unwrap(), Event::Removed)
}

/// That a callback is gone without having been called (again).
fn dropped(told: &Receiver<Event>) -> bool {
    matches!(told.recv_timeout(TEST_TIMEOUT), Err(RecvTimeoutError::Disconnected))
}

fn empty(queue: &MessageQueue) {
    while queue.try_receive(&mut [0; 64]).is_ok() {}
}

#[test]
fn a_silent_registration_can_be_cancelled() {
    let queue = queue_with_unique_name();
    queue.notify(Notification::Silent).unwrap();
    queue.cancel_notification().unwrap();
    notified(&queue).unwrap();
}

#[test]
fn cancelling_tells_the_callback() {
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    queue.cancel_notification().unwrap();
    assert!(removed(&told));
    queue.send(b"x", 0).unwrap();
    assert!(dropped(&told));
}

#[test]
fn cancelling_through_another_handle_tells_the_callback() {
    let queue = queue_with_unique_name();
    let other = queue.opened(true, false);
    let told = notified(&queue).unwrap();
    other.cancel_notification().unwrap();
    assert!(removed(&told));
}

#[test]
fn cancelling_nothing_does_nothing() {
    let queue = queue_with_unique_name();
    queue.cancel_notification().unwrap();
    queue.cancel_notification().unwrap();
    notified(&queue).unwrap();
}

#[test]
fn cancelling_one_queue_leaves_another_registered() {
    let (queue, other) = (queue_with_unique_name(), queue_with_unique_name());
    let (told, other_told) = (notified(&queue).unwrap(), notified(&other).unwrap());
    queue.cancel_notification().unwrap();
    assert!(removed(&told));
    other.send(b"x", 0).unwrap();
    assert!(arrived(&other_told));
}

#[test]
fn a_claim_cannot_be_taken_after_cancelling() {
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    queue.send(b"x", 0).unwrap();
    let event = told.recv_timeout(TEST_TIMEOUT).unwrap();
    queue.cancel_notification().unwrap();
    assert!(!claim(event));
    assert!(dropped(&told));
}

#[test]
fn earlier_claim_outlives_a_later_registration() {
    let queue = queue_with_unique_name();
    let first = notified(&queue).unwrap();
    queue.send(b"x", 0).unwrap();
    let event = first.recv_timeout(TEST_TIMEOUT).unwrap();
    empty(&queue);
    let second = notified(&queue).unwrap();
    queue.send(b"x", 0).unwrap();
    assert!(arrived(&second));
    assert!(claim(event));
}

#[test]
fn registering_and_cancelling_can_go_on_for_ever() {
    let queue = queue_with_unique_name();
    for _ in 0..1000 {
        let told = notified(&queue).unwrap();
        queue.cancel_notification().unwrap();
        assert!(removed(&told));
    }
    let told = notified(&queue).unwrap();
    queue.send(b"x", 0).unwrap();
    assert!(arrived(&told));
}

#[test]
fn dropping_the_queue_tells_the_callback() {
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    let _name = queue.into_name();
    assert!(removed(&told));
}

#[test]
fn callback_may_drop_the_last_handle() {
    let queue = queue_with_unique_name();
    let other = queue.opened(false, true);
    let (tell, told) = mpsc::channel();
    let shared = queue.share();
    let callback = Box::new(move |_| {
        drop(shared);
        tell.send(()).unwrap();
    });
    queue.notify(Notification::Callback(callback)).unwrap();
    let _name = queue.into_name();
    other.send(b"x", 0).unwrap();
    told.recv_timeout(TEST_TIMEOUT).unwrap();
}

#[test]
fn panicking_callback_does_not_reach_cancel() {
    let queue = queue_with_unique_name();
    queue.notify(Notification::Callback(Box::new(|_| resume_unwind(Box::new("test"))))).unwrap();
    queue.cancel_notification().unwrap();
    notified(&queue).unwrap();
}
