//! Memory that waiting tasks hold.

#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use fixture::{child, queue_of};
use posix_mqueue::tokio::MessageQueue;
use tokio_stream::StreamExt;

const TASKS: usize = 2000;
const MESSAGE_SIZE: usize = 8192;

/// In bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Memory for each of many futures that wait.
async fn held_by<F: Future>(new: impl Fn() -> F) -> usize {
    let before = resident();
    let mut waiting: Vec<Pin<Box<F>>> = (0..TASKS).map(|_| Box::pin(new())).collect();
    poll_fn(|context| {
        assert!(waiting.iter_mut().all(|future| future.as_mut().poll(context).is_pending()));
        Poll::Ready(())
    })
    .await;
    (resident() - before) / TASKS
}

#[tokio::test]
async fn waiting_tasks_hold_no_receive_buffer() {
    if !child::is_this() {
        let test = "waiting_tasks_hold_no_receive_buffer";
        return child::assert_passes(&mut child::test_by(&["env"], test));
    }
    let queue = MessageQueue::new(queue_of(1, MESSAGE_SIZE).opened(true, true)).unwrap();
    let receiving = held_by(|| queue.receive_message()).await;
    assert!(receiving < MESSAGE_SIZE / 4, "{receiving} bytes");
    let streaming = held_by(|| async { queue.messages().next().await }).await;
    assert!(streaming < MESSAGE_SIZE / 4, "{streaming} bytes");
}
