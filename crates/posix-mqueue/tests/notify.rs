//! Notification of a message that arrives on an empty queue.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};

use fixture::{TEST_TIMEOUT, claim, dispatchers, notified, queue_of, queue_with_unique_name};
use posix_mqueue::{Event, MessageQueue, Notification, Result};

fn arrived(told: &Receiver<Event>) -> bool {
    claim(told.recv_timeout(TEST_TIMEOUT).unwrap())
}

/// That a callback is gone without having been called (again).
fn dropped(told: &Receiver<Event>) -> bool {
    matches!(told.recv_timeout(TEST_TIMEOUT), Err(RecvTimeoutError::Disconnected))
}

fn empty(queue: &MessageQueue) {
    while queue.try_receive(&mut [0; 64]).is_ok() {}
}

#[test]
fn callback_reports_an_arrival() {
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    queue.send(b"x", 0).unwrap();
    assert!(arrived(&told));
    assert_eq!(queue.attributes().unwrap().messages, 1);
}

#[test]
fn a_callback_is_called_once() {
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    for _ in 0..3 {
        queue.send(b"x", 0).unwrap();
        empty(&queue);
    }
    assert!(arrived(&told));
    assert!(dropped(&told));
}

#[test]
fn notification_needs_an_empty_queue() {
    let queue = queue_with_unique_name();
    queue.send(b"before", 0).unwrap();
    let told = notified(&queue).unwrap();
    queue.send(b"more", 0).unwrap();
    // Still registered, so not told yet.
    assert_eq!(notified(&queue).unwrap_err().raw_os_error(), libc::EBUSY);
    empty(&queue);
    queue.send(b"new", 0).unwrap();
    assert!(arrived(&told));
}

#[test]
fn registration_can_be_renewed_after_each_message() {
    let queue = queue_with_unique_name();
    for _ in 0..1000 {
        let told = notified(&queue).unwrap();
        queue.send(b"x", 0).unwrap();
        assert!(arrived(&told));
        empty(&queue);
    }
    // A thread serves 128 at a time, and the other tests here register a few.
    assert!(dispatchers() <= 2);
}

#[test]
fn a_callback_may_register_again() {
    fn register(queue: Arc<MessageQueue>, tell: mpsc::Sender<Vec<u8>>) -> Result<()> {
        let shared = Arc::clone(&queue);
        shared.notify(Notification::Callback(Box::new(move |event| {
            if let Event::Arrived(_) = event {
                let data = queue.receive_message().unwrap().data;
                register(queue, tell.clone()).unwrap();
                tell.send(data).unwrap();
            }
        })))
    }
    let queue = queue_with_unique_name();
    let (tell, told) = mpsc::channel();
    register(queue.share(), tell).unwrap();
    for text in [b"a", b"b", b"c"] {
        queue.send(text, 0).unwrap();
        assert_eq!(told.recv_timeout(TEST_TIMEOUT).unwrap(), text);
    }
    queue.cancel_notification().unwrap();
}

#[test]
fn a_second_registration_is_refused() {
    let queue = queue_with_unique_name();
    let _told = notified(&queue).unwrap();
    let other = queue.opened(false, true);
    for error in [notified(&queue).unwrap_err(), notified(&other).unwrap_err()] {
        assert_eq!((error.raw_os_error(), error.call()), (libc::EBUSY, "mq_notify"));
        assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
        assert!(error.explanation().unwrap().contains("is registered for this queue already"));
    }
}

#[test]
fn a_refused_callback_is_dropped_and_not_called() {
    let queue = queue_with_unique_name();
    queue.notify(Notification::Silent).unwrap();
    let (tell, told) = mpsc::channel();
    let callback = Box::new(move |event| tell.send(event).unwrap());
    queue.notify(Notification::Callback(callback)).unwrap_err();
    assert!(dropped(&told));
}

#[test]
fn silent_registration_blocks_others_until_a_message() {
    let queue = queue_with_unique_name();
    queue.notify(Notification::Silent).unwrap();
    assert_eq!(notified(&queue).unwrap_err().raw_os_error(), libc::EBUSY);
    queue.send(b"x", 0).unwrap();
    notified(&queue).unwrap();
}

#[test]
fn a_signal_that_does_not_exist_is_refused() {
    let queue = queue_with_unique_name();
    for signal in [-1, 65, i32::MAX] {
        let error = queue.notify(Notification::Signal { number: signal, value: 0 }).unwrap_err();
        assert_eq!((error.raw_os_error(), error.call()), (libc::EINVAL, "mq_notify"));
    }
    notified(&queue).unwrap();
}

#[test]
fn panicking_callback_does_not_affect_the_next() {
    let queue = queue_with_unique_name();
    for _ in 0..3 {
        // Unwinds as a panic does, without the hook that prints.
        queue
            .notify(Notification::Callback(Box::new(|_| resume_unwind(Box::new("test")))))
            .unwrap();
        queue.send(b"x", 0).unwrap();
        empty(&queue);
    }
    let told = notified(&queue).unwrap();
    queue.send(b"x", 0).unwrap();
    assert!(arrived(&told));
}

#[test]
fn callbacks_run_on_the_dispatcher_thread() {
    let queue = queue_of(1, 8);
    let (tell, told) = mpsc::channel();
    let callback = Box::new(move |_| {
        tell.send(std::thread::current().name().map(str::to_owned)).unwrap();
    });
    queue.notify(Notification::Callback(callback)).unwrap();
    queue.send(b"x", 0).unwrap();
    assert_eq!(told.recv_timeout(TEST_TIMEOUT).unwrap().as_deref(), Some("mq-notify"));
}

#[test]
fn events_and_notifications_implement_debug() {
    let callback = Notification::Callback(Box::new(|_| {}));
    let shown = format!(
        "{:?} {:?} {callback:?}",
        Notification::Silent,
        Notification::Signal { number: 10, value: 0 }
    );
    assert_eq!(shown, "Silent Signal { number: 10, value: 0 } Callback");
    assert_eq!(format!("{:?}", Event::Removed), "Removed");
}
