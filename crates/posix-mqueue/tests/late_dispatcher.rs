//! A dispatcher thread that is behind, in a process of its own: what it has not read, another
//! registration reads, and that must not be one of another test.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::sync::mpsc;

use fixture::{TEST_TIMEOUT, claim, dispatchers, notified, queue_with_unique_name};
use posix_mqueue::Notification;

#[test]
fn slow_dispatcher_does_not_block_registration() {
    let (queue, other) = (queue_with_unique_name(), queue_with_unique_name());
    let (tell_started, started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let callback = Box::new(move |_| {
        tell_started.send(()).unwrap();
        let _ = released.recv_timeout(TEST_TIMEOUT);
    });
    queue.notify(Notification::Callback(callback)).unwrap();
    queue.send(b"x", 0).unwrap();
    started.recv_timeout(TEST_TIMEOUT).unwrap();
    // Each of these leaves a cookie that the thread, busy now, does not come to read.
    for _ in 0..1000 {
        let _told = notified(&other).unwrap();
        other.cancel_notification().unwrap();
    }
    assert_eq!(dispatchers(), 1);
    release.send(()).unwrap();
    let told = notified(&other).unwrap();
    other.send(b"x", 0).unwrap();
    assert!(claim(told.recv_timeout(TEST_TIMEOUT).unwrap()));
}
