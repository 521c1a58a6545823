//! The queue that a route receives from, which can be unlinked and created again.

use std::time::{Duration, Instant};

use posix_mqueue::tokio::MessageQueue;
use posix_mqueue::{OpenOptions, QueueName};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::route_context::POLL_INTERVAL;

/// How long to keep receiving from an unlinked queue after its last message. Processes that have it
/// open can still send to it.
const UNLINKED_GRACE_PERIOD: Duration = Duration::from_secs(60);

/// Receives from the queues that have or had a name.
#[derive(Debug)]
pub(super) struct SourceQueue {
    name: QueueName,
    current: Option<MessageQueue>,
    /// The previous queue, which was unlinked, and the time of its last message.
    unlinked_queue: Option<(MessageQueue, Instant)>,
    poll: Interval,
    is_missing: bool,
}

impl SourceQueue {
    /// Opens the queue if it exists.
    pub(super) fn new(name: QueueName) -> Self {
        let mut poll = interval(POLL_INTERVAL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut source =
            Self { name, current: None, unlinked_queue: None, poll, is_missing: false };
        source.open();
        source
    }

    /// Returns the largest message size of the open queues.
    pub(super) fn message_size(&self) -> usize {
        self.queues().map(|queue| queue.get_ref().message_size()).max().unwrap_or(0)
    }

    /// Returns how many messages the current queue can hold.
    pub(super) fn capacity(&self) -> usize {
        self.current.as_ref().map_or(1, |queue| queue.get_ref().capacity())
    }

    /// Returns whether no queue of this name exists.
    pub(super) fn is_missing(&self) -> bool {
        self.is_missing
    }

    /// Waits for a message and returns its length and priority. Returns `None` after each check for
    /// a new queue, so that the caller can make room for longer messages.
    ///
    /// Dropping the future receives no message. The buffer is grown to the message size.
    pub(super) async fn receive(
        &mut self,
        buffer: &mut Vec<u8>,
    ) -> posix_mqueue::Result<Option<(usize, u32)>> {
        buffer.resize(self.message_size().max(buffer.len()), 0);
        let unlinked_buffer = &mut Vec::new();
        unlinked_buffer.resize(self.unlinked_queue.as_ref().map_or(0, |_| buffer.len()), 0);
        tokio::select! {
            received = receive(self.current.as_ref(), buffer) => received.map(Some),
            received = receive(self.unlinked_queue.as_ref().map(|(queue, _)| queue), unlinked_buffer) => {
                let received = received?;
                std::mem::swap(buffer, unlinked_buffer);
                if let Some((_, last)) = &mut self.unlinked_queue {
                    *last = Instant::now();
                }
                Ok(Some(received))
            }
            _ = self.poll.tick() => {
                self.check_unlinked()?;
                Ok(None)
            }
        }
    }

    fn queues(&self) -> impl Iterator<Item = &MessageQueue> {
        self.current.iter().chain(self.unlinked_queue.iter().map(|(queue, _)| queue))
    }

    fn check_unlinked(&mut self) -> posix_mqueue::Result<()> {
        if let Some((queue, last)) = &self.unlinked_queue
            && last.elapsed() > UNLINKED_GRACE_PERIOD
            && queue.get_ref().attributes()?.messages == 0
        {
            self.unlinked_queue = None;
        }
        let Some(queue) = &self.current else {
            self.open();
            return Ok(());
        };
        if !queue.get_ref().status()?.unlinked {
            return Ok(());
        }
        // Only one unlinked queue is kept: the next one has to wait until this one is empty.
        if let Some((unlinked_queue, _)) = &self.unlinked_queue
            && unlinked_queue.get_ref().attributes()?.messages > 0
        {
            return Ok(());
        }
        info!(queue = ?self.name, "the queue was unlinked; receiving its remaining messages");
        self.unlinked_queue = self.current.take().map(|queue| (queue, Instant::now()));
        self.open();
        Ok(())
    }

    fn open(&mut self) {
        let opened = OpenOptions::new().read(true).open(&self.name).and_then(MessageQueue::new);
        match opened {
            Ok(queue) => {
                info!(queue = ?self.name, capacity = queue.get_ref().capacity(), "receiving from the queue");
                self.current = Some(queue);
                self.is_missing = false;
            }
            Err(error) => {
                if !self.is_missing {
                    warn!(%error, "waiting for the queue");
                }
                self.is_missing = true;
            }
        }
    }
}

async fn receive(
    queue: Option<&MessageQueue>,
    buffer: &mut [u8],
) -> posix_mqueue::Result<(usize, u32)> {
    match queue {
        Some(queue) => queue.receive(buffer).await,
        None => std::future::pending().await,
    }
}
