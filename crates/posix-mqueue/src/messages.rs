//! Receiving whole messages, one or one after the other.

use std::iter::FusedIterator;
use std::time::{Duration, Instant, SystemTime};

use crate::deadline::Deadline;
use crate::error::Result;
use crate::message::Message;
use crate::queue::MessageQueue;
use crate::sys;

/// Receiving whole messages. Errors as for [`receive`](Self::receive).
impl MessageQueue {
    /// Receives, waiting as long as it takes.
    pub fn receive_message(&self) -> Result<Message> {
        self.message_by(|| Deadline::Never)
    }

    /// Receives if there is a message, without waiting; `EAGAIN` if there is none.
    pub fn try_receive_message(&self) -> Result<Message> {
        let mut data = Vec::new();
        let (_, priority) =
            sys::receive_into(&mut data, self.message_size(), |room| self.try_room(room))?;
        Ok(Message { data, priority }.trimmed())
    }

    /// Receives, waiting for so long at most, on the monotonic clock; then `ETIMEDOUT`.
    pub fn receive_message_timeout(&self, timeout: Duration) -> Result<Message> {
        self.message_by(|| timeout.into())
    }

    /// Receives, waiting until then at most, on the monotonic clock; then `ETIMEDOUT`.
    pub fn receive_message_deadline(&self, deadline: Instant) -> Result<Message> {
        self.message_by(|| deadline.into())
    }

    /// Receives, waiting until then at most, on the wall clock; then `ETIMEDOUT`.
    pub fn receive_message_until(&self, time: SystemTime) -> Result<Message> {
        self.message_by(|| time.into())
    }

    /// Receives into a message that was used before, whose memory is used again. After an error it
    /// is an empty one.
    pub fn receive_again(
        &self,
        message: &mut Message,
        deadline: impl Into<Deadline>,
    ) -> Result<()> {
        message.priority = 0;
        let size = self.message_size();
        let (_, priority) = sys::receive_into(&mut message.data, size, |room| {
            self.receive_by(room, || deadline.into())
        })?;
        message.priority = priority;
        Ok(())
    }

    /// The messages to come, waiting for each; ends after an error, or, if `O_NONBLOCK` is set,
    /// when the queue is empty.
    #[must_use]
    pub fn messages(&self) -> Messages<'_> {
        Messages { queue: self, waiting: true, ended: false }
    }

    /// The messages that are there, without waiting; ends when the queue is empty or after an
    /// error.
    #[must_use]
    pub fn backlog(&self) -> Messages<'_> {
        Messages { queue: self, waiting: false, ended: false }
    }

    fn message_by(&self, deadline: impl FnOnce() -> Deadline) -> Result<Message> {
        let mut data = Vec::new();
        let (_, priority) = sys::receive_into(&mut data, self.message_size(), |room| {
            self.receive_by(room, deadline)
        })?;
        Ok(Message { data, priority }.trimmed())
    }
}

/// Received messages, one after the other: of [`MessageQueue::messages`] and
/// [`MessageQueue::backlog`].
#[derive(Debug)]
pub struct Messages<'a> {
    queue: &'a MessageQueue,
    waiting: bool,
    ended: bool,
}

impl Iterator for Messages<'_> {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let received = if self.waiting {
            self.queue.receive_message()
        } else {
            self.queue.try_receive_message()
        };
        self.ended = received.is_err();
        match received {
            Err(error) if error.is_would_block() => None,
            outcome => Some(outcome),
        }
    }
}

impl FusedIterator for Messages<'_> {}
