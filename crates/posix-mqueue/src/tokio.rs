//! Queues in tasks of the tokio runtime (feature `tokio`).
//!
//! [`MessageQueue`] here has the calls of [`crate::MessageQueue`] as futures. Tasks wait in the
//! runtime's event loop; no thread sleeps in a call.
//!
//! ```
//! use posix_mqueue::OpenOptions;
//! use posix_mqueue::tokio::MessageQueue;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> posix_mqueue::Result<()> {
//! let name = format!("/posix-mqueue-doc-tokio-{}", std::process::id());
//! let queue = OpenOptions::new().read(true).write(true).create(true)
//!     .capacity(4).message_size(64).open(&name)?;
//! queue.unlink()?; // nobody else shall use it
//!
//! let queue = MessageQueue::new(queue)?;
//! let (received, sent) = tokio::join!(queue.receive_message(), queue.send(b"hello", 3));
//! sent?;
//! assert_eq!(received?.data, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # Cancellation
//!
//! Every future here is **cancel safe**. The kernel takes or gives a message in the very poll that
//! completes the future. So one that is dropped before, by `tokio::select!`,
//! `tokio::time::timeout` or `JoinHandle::abort`, has sent nothing and received nothing, and can be
//! made again. A message that was returned is the caller's to look after: what it awaits next can
//! be cancelled too.
//!
//! To end a task that waits, drop its future. [`shutdown`](crate::MessageQueue::shutdown) of the
//! inner queue wakes threads, not tasks.
//!
//! # What to know
//!
//! - `O_NONBLOCK` is neither needed nor touched; where it is set, futures wait all the same.
//! - Any number of tasks may wait on one queue, which they share by reference or
//!   [`Arc`](std::sync::Arc). Which of them gets a message is not defined.
//! - Whoever sleeps in a blocking call, in any process, is served before those who wait here.
//! - To wait here is not to receive, as the kernel sees it: a
//!   [notification](crate::MessageQueue::notify) is sent although a task waits.
//! - A queue on which nothing ever has to wait does not keep other tasks from running: every call
//!   takes part in tokio's [cooperative scheduling](tokio::task::coop).
//! - A descriptor can be registered once with one runtime. Another handle of the queue, opened anew
//!   or duplicated, has a descriptor of its own.
//!
//! Source: `mq_overview(7)`, `epoll(7)`.

use std::os::fd::{AsFd, BorrowedFd};

use tokio::io::Interest;

use crate::error::Result;
use crate::message::Message;
use registered::Registered;

pub use stream::Messages;

mod registered;
mod stream;

/// A message queue that is registered with a tokio runtime.
///
/// What its calls have in common is said [above](self): all are cancel safe.
#[derive(Debug)]
pub struct MessageQueue(Registered);

impl MessageQueue {
    /// Registers a queue with the runtime that runs the caller: `epoll_ctl(2)`.
    ///
    /// ```
    /// use posix_mqueue::{OpenOptions, tokio::MessageQueue};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> posix_mqueue::Result<()> {
    /// # let name = format!("/posix-mqueue-doc-tokio-new-{}", std::process::id());
    /// let mut options = OpenOptions::new();
    /// options.write(true).create(true).capacity(1).message_size(8);
    /// let queue = MessageQueue::new(options.open(&name)?)?;
    /// # queue.get_ref().unlink()
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The queue is dropped then.
    ///
    /// - `EEXIST`: the runtime has this descriptor already, given to it by number.
    /// - `ENOSPC`: `fs.epoll.max_user_watches`. `ENOMEM`: the kernel has no memory for it.
    /// - `ECANCELED`: the runtime is shutting down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or in one without I/O, as all of tokio's own types do.
    pub fn new(queue: crate::MessageQueue) -> Result<Self> {
        Registered::new(queue).map(Self)
    }

    /// The queue itself, for all that needs no waiting: attributes, `try_…`, notification.
    ///
    /// ```
    /// # use posix_mqueue::{OpenOptions, tokio::MessageQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> posix_mqueue::Result<()> {
    /// # let name = format!("/posix-mqueue-doc-tokio-ref-{}", std::process::id());
    /// # let queue = OpenOptions::new().write(true).create(true).capacity(1).open(&name)?;
    /// # queue.unlink()?;
    /// let queue = MessageQueue::new(queue)?;
    /// assert_eq!(queue.get_ref().attributes()?.messages, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn get_ref(&self) -> &crate::MessageQueue {
        self.0.queue()
    }

    /// Takes the queue out of the runtime, still open.
    ///
    /// ```
    /// # use posix_mqueue::{OpenOptions, tokio::MessageQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> posix_mqueue::Result<()> {
    /// # let name = format!("/posix-mqueue-doc-tokio-into-{}", std::process::id());
    /// # let queue = OpenOptions::new().write(true).create(true).capacity(1).open(&name)?;
    /// # queue.unlink()?;
    /// let queue = MessageQueue::new(queue)?;
    /// queue.into_inner().send(b"from a thread again", 0)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_inner(self) -> crate::MessageQueue {
        self.0.into_queue()
    }

    /// `mq_timedsend(3)`: sends, waiting for room as long as it takes. Priorities go from 0 to
    /// [`PRIORITY_MAX`](crate::PRIORITY_MAX).
    ///
    /// ```
    /// # use posix_mqueue::{OpenOptions, tokio::MessageQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> posix_mqueue::Result<()> {
    /// # let name = format!("/posix-mqueue-doc-tokio-send-{}", std::process::id());
    /// # let queue = OpenOptions::new().write(true).create(true).capacity(1).open(&name)?;
    /// # queue.unlink()?;
    /// # let queue = MessageQueue::new(queue)?;
    /// use std::time::Duration;
    ///
    /// queue.send(b"fills it", 0).await?;
    /// let late = tokio::time::timeout(Duration::from_millis(1), queue.send(b"no room", 0)).await;
    /// assert!(late.is_err()); // and nothing was sent
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - `EMSGSIZE`: a message over [`message_size`](crate::MessageQueue::message_size).
    /// - `EINVAL`: a priority over the maximum.
    /// - `EBADF`: the queue is open for reading only.
    /// - `ECANCELED`: the runtime that the queue is registered with has shut down.
    pub async fn send(&self, message: &[u8], priority: u32) -> Result<()> {
        self.0.until_done(Interest::WRITABLE, |queue| queue.attempt_send(message, priority)).await
    }

    /// `mq_timedreceive(3)`: receives into a buffer of at least
    /// [`message_size`](crate::MessageQueue::message_size) bytes, waiting as long as it takes: the
    /// length and the priority.
    ///
    /// ```
    /// # use posix_mqueue::{OpenOptions, tokio::MessageQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> posix_mqueue::Result<()> {
    /// # let name = format!("/posix-mqueue-doc-tokio-receive-{}", std::process::id());
    /// # let mut options = OpenOptions::new();
    /// # options.read(true).write(true).create(true).capacity(1);
    /// # let queue = MessageQueue::new(options.open(&name)?)?;
    /// # queue.get_ref().unlink()?;
    /// queue.send(b"hello", 3).await?;
    /// let mut buffer = vec![0; queue.get_ref().message_size()];
    /// let (length, priority) = queue.receive(&mut buffer).await?;
    /// assert_eq!((&buffer[..length], priority), (&b"hello"[..], 3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - `EMSGSIZE`: the buffer is too small. Nothing is taken then.
    /// - `EBADF`: the queue is open for writing only.
    /// - `ECANCELED`: the runtime that the queue is registered with has shut down.
    pub async fn receive(&self, buffer: &mut [u8]) -> Result<(usize, u32)> {
        self.0.until_done(Interest::READABLE, |queue| queue.attempt_receive(buffer)).await
    }

    /// [`receive`](Self::receive), into a vector of its own. Errors are the same, but that no
    /// buffer is too small. A task that waits holds no buffer.
    ///
    /// ```
    /// # use posix_mqueue::{OpenOptions, tokio::MessageQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> posix_mqueue::Result<()> {
    /// # let name = format!("/posix-mqueue-doc-tokio-message-{}", std::process::id());
    /// # let mut options = OpenOptions::new();
    /// # options.read(true).write(true).create(true).capacity(1);
    /// # let queue = MessageQueue::new(options.open(&name)?)?;
    /// # queue.get_ref().unlink()?;
    /// queue.send(b"hello", 3).await?;
    /// assert_eq!(queue.receive_message().await?.data, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn receive_message(&self) -> Result<Message> {
        // Each attempt has memory of its own: thousands of tasks may wait.
        self.0.until_done(Interest::READABLE, crate::MessageQueue::attempt_message).await
    }

    /// The messages as they come, without end. After an error, which is one that further waiting
    /// would not mend, the stream ends.
    ///
    /// Of several streams on one queue each gets some of the messages. A stream that owns its queue
    /// is made of [`receive_message`](Self::receive_message), with `futures::stream::unfold`.
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
        Messages::new(self)
    }

    /// Waits until the queue holds a message. Somebody else may take it before the caller does.
    ///
    /// Whether it does is asked of the kernel every time (`mq_getattr(3)`): while a message is
    /// left, this does not wait.
    ///
    /// ```
    /// # use posix_mqueue::{OpenOptions, tokio::MessageQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> posix_mqueue::Result<()> {
    /// # let name = format!("/posix-mqueue-doc-tokio-readable-{}", std::process::id());
    /// # let mut options = OpenOptions::new();
    /// # options.read(true).write(true).create(true).capacity(1).message_size(8);
    /// # let queue = MessageQueue::new(options.open(&name)?)?;
    /// # queue.get_ref().unlink()?;
    /// queue.send(b"hello", 3).await?;
    /// queue.readable().await?;
    /// assert_eq!(queue.get_ref().try_receive(&mut [0; 8])?, (5, 3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - `EBADF`: the queue is open for writing only.
    /// - `ECANCELED`: the runtime that the queue is registered with has shut down.
    pub async fn readable(&self) -> Result<()> {
        self.0.opened_for(Interest::READABLE)?;
        let has_message = |queue: &crate::MessageQueue| {
            queue.attributes().map(|attributes| (attributes.messages > 0).then_some(()))
        };
        self.0.until_done(Interest::READABLE, has_message).await
    }

    /// Waits until the queue has room for a message. Somebody else may take it before the caller
    /// does; while some is left, this does not wait.
    ///
    /// ```
    /// # use posix_mqueue::{OpenOptions, tokio::MessageQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> posix_mqueue::Result<()> {
    /// # let name = format!("/posix-mqueue-doc-tokio-writable-{}", std::process::id());
    /// # let queue = OpenOptions::new().write(true).create(true).capacity(1).open(&name)?;
    /// # queue.unlink()?;
    /// # let queue = MessageQueue::new(queue)?;
    /// queue.writable().await?;
    /// queue.get_ref().try_send(b"hello", 3)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - `EBADF`: the queue is open for reading only.
    /// - `ECANCELED`: the runtime that the queue is registered with has shut down.
    pub async fn writable(&self) -> Result<()> {
        self.0.opened_for(Interest::WRITABLE)?;
        let has_room = |queue: &crate::MessageQueue| {
            let attributes = queue.attributes()?;
            Ok((attributes.messages < attributes.capacity).then_some(()))
        };
        self.0.until_done(Interest::WRITABLE, has_room).await
    }
}

impl AsFd for MessageQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}
