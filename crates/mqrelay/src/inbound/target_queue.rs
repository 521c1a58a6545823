//! The queue that a route sends to, which can be unlinked and created again.

use posix_mqueue::tokio::MessageQueue;
use posix_mqueue::{OpenOptions, QueueName};
use tracing::{info, warn};

use super::message_key::MessageKey;

/// Sends to the queue that has a name now.
#[derive(Debug)]
pub(super) struct TargetQueue {
    name: QueueName,
    queue: Option<MessageQueue>,
    is_missing: bool,
}

/// A message that the queue accepts.
#[derive(Debug)]
pub(super) struct CheckedMessage {
    pub(super) key: MessageKey,
    pub(super) priority: u32,
    pub(super) data: bytes::Bytes,
}

/// The outcome of sending a message.
#[derive(Debug)]
pub(super) enum SendOutcome {
    /// The message is in a queue that was still linked after the send.
    Delivered(MessageKey),
    /// The queue was unlinked before or during the send; send the message to the next queue.
    Retry,
}

impl TargetQueue {
    pub(super) fn new(name: QueueName) -> Self {
        let mut target = Self { name, queue: None, is_missing: false };
        target.open();
        target
    }

    /// Returns the maximum message size; `None` while there is no queue.
    pub(super) fn message_size(&self) -> Option<usize> {
        self.queue.as_ref().map(|queue| queue.get_ref().message_size())
    }

    /// Returns the name if no queue of this name exists.
    pub(super) fn missing_name(&self) -> Option<&QueueName> {
        self.is_missing.then_some(&self.name)
    }

    /// Waits until the message is in the queue. Dropping the future sends nothing.
    pub(super) async fn send(
        &mut self,
        next: Option<&CheckedMessage>,
    ) -> posix_mqueue::Result<SendOutcome> {
        let (Some(queue), Some(next)) = (&self.queue, next) else {
            return std::future::pending().await;
        };
        queue.send(&next.data, next.priority).await?;
        // Check after sending: a process that unlinks the queue later removes a delivered message.
        if queue.get_ref().status()?.unlinked {
            self.reopen();
            return Ok(SendOutcome::Retry);
        }
        Ok(SendOutcome::Delivered(next.key))
    }

    /// Reopens the queue if it was unlinked, or opens it if it was created.
    pub(super) fn check_unlinked(&mut self) -> posix_mqueue::Result<()> {
        match &self.queue {
            Some(queue) if queue.get_ref().status()?.unlinked => self.reopen(),
            Some(_) => {}
            None => self.open(),
        }
        Ok(())
    }

    fn reopen(&mut self) {
        info!(queue = ?self.name, "the queue was unlinked");
        self.queue = None;
        self.open();
    }

    fn open(&mut self) {
        match OpenOptions::new().write(true).open(&self.name).and_then(MessageQueue::new) {
            Ok(queue) => {
                info!(queue = ?self.name, message_size = queue.get_ref().message_size(), "sending to the queue");
                self.queue = Some(queue);
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
