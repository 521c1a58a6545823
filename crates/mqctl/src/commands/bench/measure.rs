//! The measurements. Each has queues of its own, which have lost their names before it begins.

use std::panic;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use posix_mqueue::{MessageQueue, OpenOptions, OwnedQueue};

use super::histogram::Histogram;
use crate::failure::Outcome;
use crate::signals::Signals;

/// So many messages between two looks at the clock, which takes a part of the time that one does.
const BATCH: u32 = 64;
/// The priority of what is measured. Of all messages in a queue the last is [`END`].
const DATA: u32 = 1;
const END: u32 = 0;

/// How the queues are made.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) capacity: usize,
    pub(super) busy_poll: Duration,
}

impl Bench {
    /// Fails where a queue for messages of this size is refused.
    pub(super) fn check(&self, size: usize) -> Outcome {
        self.queue(self.capacity, size).map(drop)
    }

    /// Pairs of send and receive a second, in one thread.
    pub(super) fn pairs(&self, size: usize, time: Duration, signals: &Signals) -> Outcome<f64> {
        let queue = self.queue(1, size)?;
        let (message, mut buffer) = (vec![0; size], vec![0; queue.message_size()]);
        let mut count = Count::begin(time, signals);
        while count.goes_on() {
            for _ in 0..BATCH {
                queue.send(&message, DATA)?;
                queue.receive(&mut buffer)?;
            }
        }
        Ok(count.per_second())
    }

    /// Messages a second from one thread to another.
    pub(super) fn stream(&self, size: usize, time: Duration, signals: &Signals) -> Outcome<f64> {
        let queue = self.queue(self.capacity, size)?;
        thread::scope(|scope| {
            let receive = || or_shut_down(&[&queue], receive_to_the_end(&queue));
            let receiver = thread::Builder::new().spawn_scoped(scope, receive)?;
            let count = or_shut_down(&[&queue], send_for(&queue, size, time, signals));
            joined(receiver)?;
            // What counts has arrived.
            Ok(count?.per_second())
        })
    }

    /// The times there and back, between two threads.
    pub(super) fn round_trips(
        &self,
        size: usize,
        time: Duration,
        signals: &Signals,
        times: &mut Histogram,
    ) -> Outcome {
        let (there, back) = (self.queue(1, size)?, self.queue(1, size)?);
        let both: [&MessageQueue; 2] = [&there, &back];
        thread::scope(|scope| {
            let echo = || or_shut_down(&both, send_back(&there, &back));
            let echo = thread::Builder::new().spawn_scoped(scope, echo)?;
            let outcome =
                or_shut_down(&both, go_and_return(&there, &back, size, time, signals, times));
            joined(echo)?;
            outcome
        })
    }

    fn queue(&self, capacity: usize, size: usize) -> Outcome<OwnedQueue> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).capacity(capacity).message_size(size.max(1));
        let queue = OwnedQueue::new(options.create_unique("/mqctl-bench-")?);
        queue.release()?;
        queue.set_busy_poll(self.busy_poll);
        Ok(queue)
    }
}

fn receive_to_the_end(queue: &MessageQueue) -> Outcome {
    let mut buffer = vec![0; queue.message_size()];
    while queue.receive(&mut buffer)?.1 != END {}
    Ok(())
}

fn send_for<'a>(
    queue: &MessageQueue,
    size: usize,
    time: Duration,
    signals: &'a Signals,
) -> Outcome<Count<'a>> {
    let message = vec![0; size];
    let mut count = Count::begin(time, signals);
    while count.goes_on() {
        for _ in 0..BATCH {
            queue.send(&message, DATA)?;
        }
    }
    queue.send(&[], END)?;
    Ok(count)
}

fn go_and_return(
    there: &MessageQueue,
    back: &MessageQueue,
    size: usize,
    time: Duration,
    signals: &Signals,
    times: &mut Histogram,
) -> Outcome {
    let (message, mut buffer) = (vec![0; size], vec![0; back.message_size()]);
    let begin = Instant::now();
    let mut departure = begin;
    while departure - begin < time && signals.received().is_none() {
        there.send(&message, DATA)?;
        back.receive(&mut buffer)?;
        let arrival = Instant::now();
        times.record(arrival - departure);
        departure = arrival;
    }
    there.send(&[], END)?;
    Ok(())
}

fn send_back(there: &MessageQueue, back: &MessageQueue) -> Outcome {
    let mut buffer = vec![0; there.message_size()];
    loop {
        let (length, priority) = there.receive(&mut buffer)?;
        if priority == END {
            return Ok(());
        }
        back.send(buffer.get(..length).unwrap_or_default(), priority)?;
    }
}

/// One thread's failure must not leave the other one waiting.
fn or_shut_down<T>(queues: &[&MessageQueue], outcome: Outcome<T>) -> Outcome<T> {
    outcome.inspect_err(|_| {
        for queue in queues {
            queue.shutdown();
        }
    })
}

fn joined<T>(thread: ScopedJoinHandle<'_, Outcome<T>>) -> Outcome<T> {
    thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))
}

/// Batches of messages until the time is over, one at least.
struct Count<'a> {
    begin: Instant,
    passed: Duration,
    time: Duration,
    batches: u64,
    signals: &'a Signals,
}

impl<'a> Count<'a> {
    fn begin(time: Duration, signals: &'a Signals) -> Self {
        Self { begin: Instant::now(), passed: Duration::ZERO, time, batches: 0, signals }
    }

    fn goes_on(&mut self) -> bool {
        self.passed = self.begin.elapsed();
        let goes_on =
            self.batches == 0 || self.passed < self.time && self.signals.received().is_none();
        self.batches += u64::from(goes_on);
        goes_on
    }

    /// Exact as long as there are fewer than 2^53 of them.
    #[expect(clippy::cast_precision_loss)]
    fn per_second(&self) -> f64 {
        (self.batches * u64::from(BATCH)) as f64 / self.passed.as_secs_f64()
    }
}
