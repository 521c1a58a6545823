//! The messages of a queue as a stream.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::queue::MessageQueue;
use crate::error::Result;
use crate::message::Message;

/// A stream of received messages, created by [`MessageQueue::messages`].
///
/// Dropping it, between two messages or while it waits, loses none.
#[must_use = "streams do nothing unless polled"]
pub struct Messages<'a> {
    /// None after an error.
    queue: Option<&'a MessageQueue>,
    receiving: Option<Pin<Box<dyn Future<Output = Result<Message>> + Send + 'a>>>,
}

impl MessageQueue {
    /// Returns an endless stream of messages. It ends after an error, since no error of it is
    /// temporary.
    ///
    /// Several streams on one queue share the messages. A stream that owns its queue is made of [`receive_message`](Self::receive_message), with `futures::stream::unfold`.
    ///
    /// ```
    /// # use posix_mqueue::{OpenOptions, tokio::MessageQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> posix_mqueue::Result<()> {
    /// # let name = format!("/posix-mqueue-doc-tokio-messages-{}", std::process::id());
    /// # let mut options = OpenOptions::new();
    /// # options.read(true).write(true).create(true).capacity(2);
    /// # let queue = MessageQueue::new(options.open(&name)?)?;
    /// # queue.get_ref().unlink()?;
    /// use tokio_stream::StreamExt;
    ///
    /// queue.send(b"one", 0).await?;
    /// queue.send(b"two", 0).await?;
    /// let mut messages = queue.messages().take(2);
    /// while let Some(message) = messages.next().await {
    ///     assert_eq!(message?.data.len(), 3);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn messages(&self) -> Messages<'_> {
        Messages { queue: Some(self), receiving: None }
    }
}

impl Stream for Messages<'_> {
    type Item = Result<Message>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(queue) = this.queue else { return Poll::Ready(None) };
        // Boxed, since several streams may wait on one queue, and tokio lists waiters only for its
        // own futures: of direct polls it remembers only the last.
        let receiving = this.receiving.get_or_insert_with(|| Box::pin(queue.receive_message()));
        let received = ready!(receiving.as_mut().poll(context));
        this.receiving = None;
        if received.is_err() {
            this.queue = None;
        }
        Poll::Ready(Some(received))
    }
}

impl FusedStream for Messages<'_> {
    fn is_terminated(&self) -> bool {
        self.queue.is_none()
    }
}

impl fmt::Debug for Messages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("queue", &self.queue).finish_non_exhaustive()
    }
}
