//! Receiving messages into memory of their own, one by one or by an iterator.

use std::iter::FusedIterator;
use std::time::Duration;

use super::handle::MessageQueue;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::message::Message;
use crate::sys::{self, MessageBuffer};

/// Receiving messages into memory of their own, and no more of it than they need.
///
/// Errors are those of [receiving into a buffer](Self::receive), except `EMSGSIZE`.
impl MessageQueue {
    /// Receives, waiting without limit.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// let message = queue.receive_message()?;
    /// assert_eq!((&message.data[..], message.priority), (&b"job"[..], 7));
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn receive_message(&self) -> Result<Message> {
        self.receive_new_message(|buffer| self.receive_into(buffer))
    }

    /// Receives if there is a message, without waiting; `EAGAIN` if there is none.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// assert!(queue.try_receive_message().unwrap_err().is_would_block());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn try_receive_message(&self) -> Result<Message> {
        self.receive_new_message(|buffer| self.try_receive_into(buffer))
    }

    /// Receives, waiting at most this long, on the monotonic clock; then `ETIMEDOUT`.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let error = queue.receive_message_timeout(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn receive_message_timeout(&self, timeout: Duration) -> Result<Message> {
        self.receive_message_deadline(timeout)
    }

    /// Receives, waiting for a message until the deadline; then `ETIMEDOUT`.
    ///
    /// An [`Instant`](std::time::Instant) is on the monotonic clock. A
    /// [`SystemTime`](std::time::SystemTime) follows the wall clock, wherever that is stepped to.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// let deadline = Instant::now() + Duration::from_millis(1);
    /// assert_eq!(queue.receive_message_deadline(deadline)?.priority, 7);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn receive_message_deadline(&self, deadline: impl Into<Deadline>) -> Result<Message> {
        self.receive_new_message(|buffer| self.receive_into_by(buffer, || deadline.into()))
    }

    /// Receives into a message whose memory is reused. After an error, the message is empty.
    ///
    /// The deadline is anything that converts to a [`Deadline`]: a duration, an instant, a wall-clock
    /// time, or [`Deadline::Never`].
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let mut message = posix_mqueue::Message::default();
    /// for text in ["one", "two"] {
    ///     queue.send(text.as_bytes(), 0)?;
    ///     queue.receive_message_into(&mut message, Deadline::Never)?;
    ///     assert_eq!(message.data, text.as_bytes());
    /// }
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn receive_message_into(
        &self,
        message: &mut Message,
        deadline: impl Into<Deadline>,
    ) -> Result<()> {
        message.priority = 0;
        let size = self.message_size();
        let (_, priority) = sys::receive_into_vec(&mut message.data, size, |buffer| {
            self.receive_into_by(buffer, || deadline.into())
        })?;
        message.priority = priority;
        Ok(())
    }

    /// Returns an iterator that waits for each message. It ends after an error, or, if `O_NONBLOCK`
    /// is set, when the queue is empty.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// for message in queue.iter() {
    ///     let message = message?;
    ///     assert_eq!((&message.data[..], message.priority), (&b"job"[..], 7));
    ///     break; // or it waits for the next one
    /// }
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn iter(&self) -> Messages<'_> {
        Messages { queue: self, waiting: true, ended: false }
    }

    /// Returns an iterator over the pending messages that does not wait. It ends when the queue is
    /// empty or after an error.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"routine", 0)?;
    /// queue.send(b"urgent", 9)?;
    /// let backlog = queue.try_iter().collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(backlog.len(), 2);
    /// assert_eq!(backlog[0].data, b"urgent");
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn try_iter(&self) -> Messages<'_> {
        Messages { queue: self, waiting: false, ended: false }
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn attempt_message(&self) -> Result<Option<Message>> {
        let mut data = Vec::new();
        let size = self.message_size();
        let received =
            sys::receive_into_vec(&mut data, size, |buffer| self.attempt_receive_into(buffer))?;
        Ok(received.map(|(_, priority)| Message { data, priority }.trimmed()))
    }

    fn receive_new_message(
        &self,
        receive: impl FnOnce(&mut MessageBuffer<'_>) -> Result<(usize, u32)>,
    ) -> Result<Message> {
        let mut data = Vec::new();
        let (_, priority) = sys::receive_into_vec(&mut data, self.message_size(), receive)?;
        Ok(Message { data, priority }.trimmed())
    }
}

/// An iterator over received messages, created by [`MessageQueue::iter`] and
/// [`MessageQueue::try_iter`].
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

impl<'a> IntoIterator for &'a MessageQueue {
    type Item = Result<Message>;
    type IntoIter = Messages<'a>;

    fn into_iter(self) -> Messages<'a> {
        self.iter()
    }
}
