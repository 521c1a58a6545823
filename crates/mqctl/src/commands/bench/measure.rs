//! The measurements. Each uses its own queues, which are unlinked before it starts.

use std::panic;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use posix_mqueue::{MessageQueue, OpenOptions, OwnedQueue};

use super::histogram::Histogram;
use crate::failure::Outcome;
use crate::failure::signals::Signals;

/// The number of messages between two clock reads, which are too expensive for every message.
const BATCH_LEN: u32 = 64;
/// The priority of measured messages, and that of the end marker, which is received last.
const DATA_PRIORITY: u32 = 1;
const END_PRIORITY: u32 = 0;

/// The properties of the queues.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) capacity: usize,
    pub(super) busy_poll: Duration,
}

impl Bench {
    /// Fails if a queue for messages of this size cannot be created.
    pub(super) fn check_size(&self, size: usize) -> Outcome {
        self.create_queue(self.capacity, size).map(drop)
    }

    /// Measures pairs of send and receive per second, in one thread.
    pub(super) fn pairs(&self, size: usize, time: Duration, signals: &Signals) -> Outcome<f64> {
        let queue = self.create_queue(1, size)?;
        let (message, mut buffer) = (vec![0; size], vec![0; queue.message_size()]);
        let mut count = RateCounter::start(time, signals);
        while count.should_continue() {
            for _ in 0..BATCH_LEN {
                queue.send(&message, DATA_PRIORITY)?;
                queue.receive(&mut buffer)?;
            }
        }
        Ok(count.per_second())
    }

    /// Measures messages per second from one thread to another.
    pub(super) fn stream(&self, size: usize, time: Duration, signals: &Signals) -> Outcome<f64> {
        let queue = self.create_queue(self.capacity, size)?;
        thread::scope(|scope| {
            let receive = || shut_down_on_error(&[&queue], receive_until_end(&queue));
            let receiver = thread::Builder::new().spawn_scoped(scope, receive)?;
            let count = shut_down_on_error(&[&queue], send_stream(&queue, size, time, signals));
            join(receiver)?;
            // The receiver has finished, so all counted messages have arrived.
            Ok(count?.per_second())
        })
    }

    /// Measures the round trip time between two threads.
    pub(super) fn round_trips(
        &self,
        size: usize,
        time: Duration,
        signals: &Signals,
        histogram: &mut Histogram,
    ) -> Outcome {
        let (requests, replies) = (self.create_queue(1, size)?, self.create_queue(1, size)?);
        let both: [&MessageQueue; 2] = [&requests, &replies];
        thread::scope(|scope| {
            let echo = || shut_down_on_error(&both, echo_messages(&requests, &replies));
            let echo = thread::Builder::new().spawn_scoped(scope, echo)?;
            let outcome = shut_down_on_error(
                &both,
                time_round_trips(&requests, &replies, size, time, signals, histogram),
            );
            join(echo)?;
            outcome
        })
    }

    fn create_queue(&self, capacity: usize, size: usize) -> Outcome<OwnedQueue> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).capacity(capacity).message_size(size.max(1));
        let queue = OwnedQueue::new(options.create_unique("/mqctl-bench-")?);
        queue.release()?;
        queue.set_busy_poll(self.busy_poll);
        Ok(queue)
    }
}

fn receive_until_end(queue: &MessageQueue) -> Outcome {
    let mut buffer = vec![0; queue.message_size()];
    while queue.receive(&mut buffer)?.1 != END_PRIORITY {}
    Ok(())
}

fn send_stream<'a>(
    queue: &MessageQueue,
    size: usize,
    time: Duration,
    signals: &'a Signals,
) -> Outcome<RateCounter<'a>> {
    let message = vec![0; size];
    let mut count = RateCounter::start(time, signals);
    while count.should_continue() {
        for _ in 0..BATCH_LEN {
            queue.send(&message, DATA_PRIORITY)?;
        }
    }
    queue.send(&[], END_PRIORITY)?;
    Ok(count)
}

fn time_round_trips(
    requests: &MessageQueue,
    replies: &MessageQueue,
    size: usize,
    time: Duration,
    signals: &Signals,
    histogram: &mut Histogram,
) -> Outcome {
    let (message, mut buffer) = (vec![0; size], vec![0; replies.message_size()]);
    let start = Instant::now();
    let mut sent_at = start;
    while sent_at - start < time && signals.received().is_none() {
        requests.send(&message, DATA_PRIORITY)?;
        replies.receive(&mut buffer)?;
        let received_at = Instant::now();
        histogram.add(received_at - sent_at);
        sent_at = received_at;
    }
    requests.send(&[], END_PRIORITY)?;
    Ok(())
}

fn echo_messages(requests: &MessageQueue, replies: &MessageQueue) -> Outcome {
    let mut buffer = vec![0; requests.message_size()];
    loop {
        let (length, priority) = requests.receive(&mut buffer)?;
        if priority == END_PRIORITY {
            return Ok(());
        }
        replies.send(buffer.get(..length).unwrap_or_default(), priority)?;
    }
}

/// If one thread fails, shuts the queues down so that the other does not block forever.
fn shut_down_on_error<T>(queues: &[&MessageQueue], outcome: Outcome<T>) -> Outcome<T> {
    outcome.inspect_err(|_| {
        for queue in queues {
            queue.shutdown();
        }
    })
}

fn join<T>(thread: ScopedJoinHandle<'_, Outcome<T>>) -> Outcome<T> {
    thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))
}

/// Counts batches of messages until the time has elapsed; at least one.
struct RateCounter<'a> {
    start: Instant,
    elapsed: Duration,
    time: Duration,
    batches: u64,
    signals: &'a Signals,
}

impl<'a> RateCounter<'a> {
    fn start(time: Duration, signals: &'a Signals) -> Self {
        Self { start: Instant::now(), elapsed: Duration::ZERO, time, batches: 0, signals }
    }

    fn should_continue(&mut self) -> bool {
        self.elapsed = self.start.elapsed();
        let should_continue =
            self.batches == 0 || self.elapsed < self.time && self.signals.received().is_none();
        self.batches += u64::from(should_continue);
        should_continue
    }

    /// Exact below 2^53 messages.
    #[expect(clippy::cast_precision_loss)]
    fn per_second(&self) -> f64 {
        (self.batches * u64::from(BATCH_LEN)) as f64 / self.elapsed.as_secs_f64()
    }
}
