//! Tasks under a rain of signals.

#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::process::{Child, Command};
use std::time::Instant;

use fixture::{TEST_TIMEOUT, queue_with_unique_name, start_blocked_in};
use posix_mqueue::Deadline;
use posix_mqueue::tokio::MessageQueue;
use tokio::time::timeout;

/// Signals to one thread, as fast as another process can send them, until this is dropped.
struct Rain(Child);

impl Rain {
    /// The signal with which queues are shut down: from the first time on it has a handler, which
    /// does nothing, and before that it is ignored and interrupts nothing.
    fn new() -> Self {
        let queue = queue_with_unique_name();
        let shared = queue.share();
        let receive = move || shared.receive_interruptible(&mut [0; 64], Deadline::Never);
        let ended = start_blocked_in(libc::SYS_mq_timedreceive, receive);
        queue.shutdown();
        ended.recv_timeout(TEST_TIMEOUT).unwrap().unwrap_err();
        let thread = fs::read_link("/proc/thread-self").unwrap();
        let thread = thread.file_name().unwrap().to_str().unwrap();
        let kill = format!("while kill -URG {thread}; do :; done");
        Self(Command::new("sh").args(["-c", &kill]).spawn().unwrap())
    }
}

impl Drop for Rain {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn signals_interrupt_no_future() {
    let queue = queue_with_unique_name();
    let queue = MessageQueue::new(queue.opened(true, true)).unwrap();
    let _rain = Rain::new();
    // Without a sleep in between: a sleep gets nowhere in such a rain.
    let start = Instant::now();
    while !queue.get_ref().attempt_receive(&mut [0; 64]).is_err_and(|e| e.is_interrupted()) {
        assert!(start.elapsed() < TEST_TIMEOUT, "no signal comes");
    }
    for number in 0..5_000_u32 {
        let message = number.to_le_bytes();
        let both = async { tokio::join!(queue.receive_message(), queue.send(&message, 0)) };
        let (received, sent) = timeout(TEST_TIMEOUT, both).await.unwrap();
        sent.unwrap();
        assert_eq!(received.unwrap().data, message);
    }
}
