//! Futures that are dropped, senders that sleep: every message is accounted for.

#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used)]

mod fixture;

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use fixture::{TEST_TIMEOUT, queue_of};
use posix_mqueue::MessageQueue as Blocking;
use posix_mqueue::tokio::MessageQueue;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;
use tokio_stream::StreamExt;

const MESSAGES: u32 = 5_000;
const CANCELLED: u32 = 5_000;

fn number(data: &[u8]) -> u32 {
    u32::from_le_bytes(data.try_into().unwrap())
}

/// Sends the numbers from 0, now in a row, now with pauses, for as long as it is let.
async fn count_up(queue: Blocking) {
    let queue = MessageQueue::new(queue).unwrap();
    for number in 0_u32.. {
        queue.send(&number.to_le_bytes(), 0).await.unwrap();
        for _ in 0..number % 7 {
            yield_now().await;
        }
    }
}

/// Drops what `receive` makes at some point or other; what it gives has to be 0, 1, 2, …
async fn receive_cancelling<F: Future<Output = u32>>(mut receive: impl FnMut() -> F) {
    let (mut received, mut cancelled) = (0, 0);
    while received < MESSAGES || cancelled < CANCELLED {
        tokio::select! {
            biased;
            number = receive() => {
                assert_eq!(number, received);
                received += 1;
            }
            () = yield_now() => cancelled += 1,
        }
    }
}

#[tokio::test]
async fn a_receive_that_is_dropped_takes_no_message() {
    let queue = queue_of(2, 4);
    let sender = tokio::spawn(count_up(queue.opened(false, true)));
    let receiver = &MessageQueue::new(queue.opened(true, false)).unwrap();
    let receiving = receive_cancelling(|| async {
        let mut buffer = [0; 4];
        receiver.receive(&mut buffer).await.unwrap();
        number(&buffer)
    });
    timeout(TEST_TIMEOUT, receiving).await.unwrap();
    sender.abort();
}

#[tokio::test]
async fn a_stream_that_is_dropped_takes_no_message() {
    let queue = queue_of(2, 4);
    let sender = tokio::spawn(count_up(queue.opened(false, true)));
    let receiver = &MessageQueue::new(queue.opened(true, false)).unwrap();
    let receiving = receive_cancelling(|| async {
        number(&receiver.messages().next().await.unwrap().unwrap().data)
    });
    timeout(TEST_TIMEOUT, receiving).await.unwrap();
    sender.abort();
}

#[tokio::test]
async fn a_send_that_is_dropped_sends_nothing() {
    let queue = queue_of(2, 4);
    let receiver = MessageQueue::new(queue.opened(true, false)).unwrap();
    let receiver = tokio::spawn(async move {
        for expected in 0.. {
            assert_eq!(number(&receiver.receive_message().await.unwrap().data), expected);
            for _ in 0..expected % 7 {
                yield_now().await;
            }
        }
    });
    let sender = MessageQueue::new(queue.opened(false, true)).unwrap();
    let sending = async {
        let (mut sent, mut cancelled) = (0_u32, 0);
        while sent < MESSAGES || cancelled < CANCELLED {
            let message = sent.to_le_bytes();
            tokio::select! {
                biased;
                outcome = sender.send(&message, 0) => {
                    outcome.unwrap();
                    sent += 1;
                }
                () = yield_now() => cancelled += 1,
            }
        }
        // What it awaits for ever means that the receiver met another number and is gone.
        while queue.attributes().unwrap().messages > 0 {
            yield_now().await;
        }
    };
    timeout(TEST_TIMEOUT, sending).await.unwrap();
    assert!(!receiver.is_finished());
    receiver.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_are_aborted_lose_and_double_nothing() {
    let queue = queue_of(2, 4);
    let shared = Arc::new(MessageQueue::new(queue.opened(true, true)).unwrap());
    let sent = Arc::new(AtomicU32::new(0));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut rounds = 0;
    while rounds < CANCELLED || seen.lock().unwrap().len() < 1_000 {
        let (queue, numbers) = (Arc::clone(&shared), Arc::clone(&sent));
        let sending = tokio::spawn(async move {
            loop {
                let number = numbers.load(Ordering::Relaxed);
                queue.send(&number.to_le_bytes(), 0).await.unwrap();
                numbers.store(number + 1, Ordering::Relaxed);
            }
        });
        let (queue, numbers) = (Arc::clone(&shared), Arc::clone(&seen));
        let receiving = tokio::spawn(async move {
            loop {
                let message = queue.receive_message().await.unwrap();
                numbers.lock().unwrap().push(number(&message.data));
            }
        });
        for _ in 0..rounds % 5 {
            yield_now().await;
        }
        for task in [sending, receiving] {
            task.abort();
            assert!(timeout(TEST_TIMEOUT, task).await.unwrap().unwrap_err().is_cancelled());
        }
        rounds += 1;
    }
    let mut received = seen.lock().unwrap();
    let mut left = [0; 4];
    while queue.attempt_receive(&mut left).unwrap().is_some() {
        received.push(number(&left));
    }
    assert!(received.iter().copied().eq(0..sent.load(Ordering::Relaxed)), "{received:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_receivers_get_what_a_blocked_sender_sends() {
    let queue = queue_of(1, 4);
    let shared = Arc::new(MessageQueue::new(queue.opened(true, false)).unwrap());
    let (tell, told) = mpsc::channel();
    let mut receivers = JoinSet::new();
    for _ in 0..3 {
        let (queue, tell) = (Arc::clone(&shared), tell.clone());
        receivers.spawn(async move {
            while tell.send(number(&queue.receive_message().await.unwrap().data)).is_ok() {}
        });
    }
    // In bursts, so that the receivers are now and then between an attempt and a wait when the
    // next burst comes. One message has room, the others come without an event.
    let sender = move || {
        for burst in 0..MESSAGES {
            for number in 0..3 {
                queue.send(&(burst * 3 + number).to_le_bytes(), 0).unwrap();
            }
            let mut received: Vec<_> =
                (0..3).map(|_| told.recv_timeout(TEST_TIMEOUT).unwrap()).collect();
            received.sort_unstable();
            assert!(received.into_iter().eq(burst * 3..burst * 3 + 3));
        }
    };
    tokio::task::spawn_blocking(sender).await.unwrap();
}
