//! The queue that messages are sent to, through its removal and creation.

use posix_mqueue::tokio::MessageQueue;
use posix_mqueue::{OpenOptions, QueueName};
use tracing::{info, warn};

use super::message_key::MessageKey;

#[derive(Debug)]
pub(super) struct TargetQueue {
    name: QueueName,
    queue: Option<MessageQueue>,
    is_missing: bool,
}

/// A message on its way into the queue.
#[derive(Debug)]
pub(super) struct CheckedMessage {
    pub(super) key: MessageKey,
    pub(super) priority: u32,
    pub(super) data: bytes::Bytes,
}

/// What became of a message.
#[derive(Debug)]
pub(super) enum SendOutcome {
    /// The kernel has it, in a queue that still had its name.
    Delivered(MessageKey),
    /// The queue it went to is gone, or may be; it is to be sent again.
    Retry,
}

impl TargetQueue {
    pub(super) fn new(name: QueueName) -> Self {
        let mut target = Self { name, queue: None, is_missing: false };
        target.open();
        target
    }

    /// How many bytes a message may have; `None` while there is no queue.
    pub(super) fn message_size(&self) -> Option<usize> {
        self.queue.as_ref().map(|queue| queue.get_ref().message_size())
    }

    /// The name, if there is no queue of it.
    pub(super) fn missing_name(&self) -> Option<&QueueName> {
        self.is_missing.then_some(&self.name)
    }

    /// Waits until the queue has taken a message. To drop the future sends nothing.
    pub(super) async fn send(
        &mut self,
        next: Option<&CheckedMessage>,
    ) -> posix_mqueue::Result<SendOutcome> {
        let (Some(queue), Some(next)) = (&self.queue, next) else {
            return std::future::pending().await;
        };
        queue.send(&next.data, next.priority).await?;
        // Asked after sending: who unlinks the queue from now on removes what is in it.
        if queue.get_ref().status()?.unlinked {
            self.reopen();
            return Ok(SendOutcome::Retry);
        }
        Ok(SendOutcome::Delivered(next.key))
    }

    /// Looks whether the queue still has its name, or has it again.
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
