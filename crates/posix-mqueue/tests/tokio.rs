//! Queues in tasks: when they wait, what wakes them, what they refuse.

#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used)]

mod fixture;

use std::future::{Future, poll_fn};
use std::os::fd::{AsFd, AsRawFd};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use fixture::{
    QueueWithUniqueName, TEST_TIMEOUT, claim, descriptor_flags, notified, queue_of,
    queue_with_unique_name, start_blocked_in,
};
use futures_core::stream::FusedStream;
use posix_mqueue::tokio::MessageQueue;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;
use tokio_stream::{Stream, StreamExt};

/// A handle of its own, to read and write.
fn registered(queue: &QueueWithUniqueName) -> Arc<MessageQueue> {
    Arc::new(MessageQueue::new(queue.opened(true, true)).unwrap())
}

/// What the future gives; one that never ends is to fail its test.
async fn in_time<F: Future>(future: F) -> F::Output {
    timeout(TEST_TIMEOUT, future).await.unwrap()
}

/// What the future gives when it is polled for the first time.
async fn at_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn ready_call_does_not_suspend() {
    let queue = registered(&queue_with_unique_name());
    at_once(queue.writable()).await.unwrap().unwrap();
    at_once(queue.send(b"one", 1)).await.unwrap().unwrap();
    at_once(queue.send(b"two", 2)).await.unwrap().unwrap();
    at_once(queue.readable()).await.unwrap().unwrap();
    let message = at_once(queue.receive_message()).await.unwrap().unwrap();
    assert_eq!((message.data.as_slice(), message.priority), (&b"two"[..], 2));
    let mut buffer = [0; 64];
    let received = at_once(queue.receive(&mut buffer)).await.unwrap().unwrap();
    assert_eq!((&buffer[..received.0], received.1), (&b"one"[..], 1));
}

#[tokio::test]
async fn receive_waits_in_either_mode() {
    let queue = queue_with_unique_name();
    for nonblocking in [false, true] {
        let receiver = MessageQueue::new(queue.opened(true, false)).unwrap();
        receiver.get_ref().set_nonblocking(nonblocking).unwrap();
        let flags = descriptor_flags(&receiver);
        let mut receive = pin!(receiver.receive_message());
        for _ in 0..10 {
            assert!(at_once(&mut receive).await.is_none());
            yield_now().await;
        }
        queue.send(b"late", 7).unwrap();
        assert_eq!(in_time(receive).await.unwrap().data, b"late");
        assert_eq!(descriptor_flags(&receiver), flags);
    }
}

#[tokio::test]
async fn a_send_waits_for_room_nonblocking_or_not() {
    let queue = queue_with_unique_name();
    queue.fill();
    for nonblocking in [false, true] {
        let sender = MessageQueue::new(queue.opened(false, true)).unwrap();
        sender.get_ref().set_nonblocking(nonblocking).unwrap();
        let flags = descriptor_flags(&sender);
        let mut send = pin!(sender.send(b"late", 7));
        for _ in 0..10 {
            assert!(at_once(&mut send).await.is_none());
            yield_now().await;
        }
        queue.receive_message().unwrap();
        in_time(send).await.unwrap();
        assert_eq!(queue.attributes().unwrap().messages, 4);
        assert_eq!(descriptor_flags(&sender), flags);
    }
}

#[tokio::test]
async fn readable_waits_again_once_the_message_is_gone() {
    let queue = queue_with_unique_name();
    let receiver = MessageQueue::new(queue.opened(true, false)).unwrap();
    for _ in 0..10 {
        assert!(at_once(receiver.readable()).await.is_none());
        queue.send(b"x", 0).unwrap();
        in_time(receiver.readable()).await.unwrap();
        assert!(at_once(receiver.readable()).await.is_some());
        receiver.get_ref().try_receive(&mut [0; 64]).unwrap();
    }
}

#[tokio::test]
async fn writable_waits_again_once_the_room_is_gone() {
    let queue = queue_with_unique_name();
    let sender = MessageQueue::new(queue.opened(false, true)).unwrap();
    for _ in 0..10 {
        queue.fill();
        assert!(at_once(sender.writable()).await.is_none());
        queue.receive_message().unwrap();
        in_time(sender.writable()).await.unwrap();
        assert!(at_once(sender.writable()).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_task_that_waits_to_receive_is_woken() {
    let queue = queue_of(8, 4);
    let receiver = registered(&queue);
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let receiver = Arc::clone(&receiver);
        tasks.spawn(async move { receiver.receive_message().await.unwrap().data });
    }
    let sender = registered(&queue);
    for number in 0..100 {
        in_time(sender.send(&[number], 0)).await.unwrap();
    }
    let mut numbers = in_time(tasks.join_all()).await.concat();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..100));
}

#[tokio::test]
async fn readers_and_writers_do_not_hide_events() {
    let queue = registered(&queue_of(1, 4));
    let (mut traffic, mut readers, mut writers) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    for _ in 0..20 {
        let share = Arc::clone(&queue);
        readers.spawn(async move { share.readable().await.unwrap() });
        let share = Arc::clone(&queue);
        writers.spawn(async move { share.writable().await.unwrap() });
        let share = Arc::clone(&queue);
        traffic.spawn(async move { drop(share.receive_message().await.unwrap()) });
        let share = Arc::clone(&queue);
        traffic.spawn(async move { share.send(b"x", 0).await.unwrap() });
    }
    in_time(traffic.join_all()).await;
    // Whoever has not come to see a message while it was there, or room, sees what stays.
    queue.send(b"x", 0).await.unwrap();
    in_time(readers.join_all()).await;
    queue.receive_message().await.unwrap();
    in_time(writers.join_all()).await;
}

#[tokio::test]
async fn messages_of_blocked_senders_come_without_further_events() {
    let queue = queue_of(1, 4);
    queue.fill();
    let blocked: Vec<_> = (0..10)
        .map(|_| {
            let sender = queue.opened(false, true);
            start_blocked_in(libc::SYS_mq_timedsend, move || sender.send(b"x", 0))
        })
        .collect();
    let receiver = registered(&queue);
    let mut tasks = JoinSet::new();
    for _ in 0..11 {
        let receiver = Arc::clone(&receiver);
        tasks.spawn(async move { receiver.receive_message().await.unwrap() });
    }
    assert_eq!(in_time(tasks.join_all()).await.len(), 11);
    for sent in blocked {
        sent.recv_timeout(TEST_TIMEOUT).unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_stream_yields_the_messages_in_order() {
    let queue = queue_with_unique_name();
    let receiver = registered(&queue);
    let mut messages = receiver.messages();
    assert!(at_once(messages.next()).await.is_none());
    for number in 0..3 {
        queue.send(&[number], u32::from(number)).unwrap();
    }
    let taken: Vec<_> = in_time((&mut messages).take(3).collect()).await;
    let priorities: Vec<_> = taken.into_iter().map(|m| m.unwrap().priority).collect();
    assert_eq!(priorities, [2, 1, 0]);
    assert!(at_once(messages.next()).await.is_none());
}

#[tokio::test]
async fn several_streams_of_one_queue_are_woken() {
    let queue = queue_with_unique_name();
    let receiver = registered(&queue);
    let mut streams: Vec<_> = (0..4).map(|_| receiver.messages()).collect();
    for stream in &mut streams {
        assert!(at_once(stream.next()).await.is_none());
    }
    queue.fill();
    // In the order in which they came, so that the last to have polled is the last to be served.
    for stream in &mut streams {
        assert_eq!(in_time(stream.next()).await.unwrap().unwrap().data, b"fill");
    }
}

#[tokio::test]
async fn a_stream_ends_after_an_error() {
    let queue = queue_with_unique_name();
    let sender = MessageQueue::new(queue.opened(false, true)).unwrap();
    let mut messages = sender.messages();
    let error = messages.next().await.unwrap().unwrap_err();
    assert_eq!(error.raw_os_error(), libc::EBADF);
    assert!(messages.is_terminated());
    assert!(messages.next().await.is_none());
    assert!(messages.next().await.is_none());
}

#[tokio::test]
async fn a_task_that_waits_holds_no_notification_back() {
    let queue = queue_with_unique_name();
    let receiver = registered(&queue);
    let told = notified(&queue).unwrap();
    let mut receive = pin!(receiver.receive_message());
    assert!(at_once(&mut receive).await.is_none());
    queue.send(b"x", 0).unwrap();
    assert!(claim(told.recv_timeout(TEST_TIMEOUT).unwrap()));
    in_time(receive).await.unwrap();
}

#[tokio::test]
async fn wrong_access_mode_fails_at_once() {
    let queue = queue_with_unique_name();
    // Whether or not the other thing could be done.
    for _ in 0..2 {
        let reader = MessageQueue::new(queue.opened(true, false)).unwrap();
        let writer = MessageQueue::new(queue.opened(false, true)).unwrap();
        for (error, only) in [
            (at_once(reader.send(b"x", 0)).await.unwrap().unwrap_err(), "reading only"),
            (at_once(reader.writable()).await.unwrap().unwrap_err(), "reading only"),
            (at_once(writer.receive(&mut [0; 64])).await.unwrap().unwrap_err(), "writing only"),
            (at_once(writer.receive_message()).await.unwrap().unwrap_err(), "writing only"),
            (at_once(writer.readable()).await.unwrap().unwrap_err(), "writing only"),
        ] {
            assert_eq!(error.raw_os_error(), libc::EBADF);
            assert!(error.explanation().unwrap().contains(only), "{error}");
            assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
        }
        queue.fill();
    }
}

#[tokio::test]
async fn errors_are_those_of_the_blocking_calls() {
    let queue = queue_with_unique_name();
    let registered = registered(&queue);
    queue.send(b"stays", 0).unwrap();
    for (error, same) in [
        (registered.send(&[0; 65], 0).await, queue.send(&[0; 65], 0)),
        (registered.send(b"", 32_768).await, queue.send(b"", 32_768)),
        (
            registered.receive(&mut [0; 63]).await.map(drop),
            queue.try_receive(&mut [0; 63]).map(drop),
        ),
    ] {
        assert_eq!(error.unwrap_err().to_string(), same.unwrap_err().to_string());
    }
    assert_eq!(queue.attributes().unwrap().messages, 1);
}

#[tokio::test]
async fn a_descriptor_is_registered_once() {
    let queue = queue_with_unique_name();
    let inner = queue.opened(true, true);
    // Only to have the number there first: nothing is read from it, nor waited for.
    #[allow(deprecated)]
    let by_number = AsyncFd::new(inner.as_fd().as_raw_fd()).unwrap();
    let error = MessageQueue::new(inner).unwrap_err();
    assert_eq!((error.raw_os_error(), error.call()), (libc::EEXIST, "epoll_ctl"));
    assert!(error.explanation().unwrap().contains("another handle"), "{error}");
    assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    drop(by_number);
}

#[tokio::test]
async fn into_inner_allows_another_registration() {
    let queue = registered(&queue_with_unique_name());
    queue.send(b"x", 0).await.unwrap();
    let inner = Arc::into_inner(queue).unwrap().into_inner();
    inner.send(b"y", 0).unwrap();
    let again = MessageQueue::new(inner).unwrap();
    assert_eq!(again.messages().take(2).collect::<Vec<_>>().await.len(), 2);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn runtime_shutdown_is_an_error_without_loss() {
    let queue = queue_with_unique_name();
    let first = runtime();
    let receiver = first.block_on(async { MessageQueue::new(queue.opened(true, true)).unwrap() });
    drop(first);
    runtime().block_on(async {
        let error = in_time(receiver.receive_message()).await.unwrap_err();
        assert_eq!((error.raw_os_error(), error.call()), (libc::ECANCELED, "epoll_wait"));
        assert!(error.explanation().unwrap().contains("has shut down"), "{error}");
        // What needs no waiting needs no runtime.
        receiver.send(b"x", 0).await.unwrap();
        assert_eq!(receiver.receive_message().await.unwrap().data, b"x");
    });
}

/// Whether another task comes to run beside one that makes these calls and never has to wait.
async fn lets_others_run<F: Future>(mut call: impl FnMut() -> F) -> bool {
    let other = tokio::spawn(async {});
    for _ in 0..100_000 {
        assert!(!other.is_finished());
        call().await;
        if other.is_finished() {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn ready_queue_yields_to_other_tasks() {
    let queue = &registered(&queue_with_unique_name());
    let stream = || async {
        queue.get_ref().try_send(b"x", 0).unwrap();
        queue.messages().next().await.unwrap().unwrap();
    };
    assert!(lets_others_run(stream).await);
    let pair = || async {
        queue.send(b"x", 0).await.unwrap();
        queue.receive(&mut [0; 64]).await.unwrap();
    };
    assert!(lets_others_run(pair).await);
    assert!(lets_others_run(|| queue.writable()).await);
    queue.send(b"x", 0).await.unwrap();
    assert!(lets_others_run(|| queue.readable()).await);
}

#[test]
fn a_stream_can_go_to_another_thread() {
    fn is_send<T: Send>(_: impl Fn(&'static MessageQueue) -> T) {}
    fn is_stream<T: Stream + Unpin + std::fmt::Debug>(_: impl Fn(&'static MessageQueue) -> T) {}
    is_send(MessageQueue::messages);
    is_stream(MessageQueue::messages);
    is_send(MessageQueue::readable);
    is_send(|queue| queue.send(b"", 0));
}
