//! The queue whose calls are futures.

use std::os::fd::{AsFd, BorrowedFd};

use tokio::io::Interest;

use super::async_queue_fd::AsyncQueueFd;
use crate::error::Result;
use crate::message::Message;
use crate::queue;

/// A message queue that is registered with a tokio runtime.
///
/// What its calls have in common is said [above](crate::tokio): all are cancel safe.
#[derive(Debug)]
pub struct MessageQueue(AsyncQueueFd);

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
    pub fn new(queue: queue::MessageQueue) -> Result<Self> {
        AsyncQueueFd::new(queue).map(Self)
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
    pub fn get_ref(&self) -> &queue::MessageQueue {
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
    pub fn into_inner(self) -> queue::MessageQueue {
        self.0.into_queue()
    }

    /// `mq_timedsend(3)`: sends, waiting for room without limit. Priorities go from 0 to
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
    /// [`message_size`](crate::MessageQueue::message_size) bytes, waiting without limit. Returns the
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
    /// - `EMSGSIZE`: the buffer is too small. Nothing is received then.
    /// - `EBADF`: the queue is open for writing only.
    /// - `ECANCELED`: the runtime that the queue is registered with has shut down.
    pub async fn receive(&self, buffer: &mut [u8]) -> Result<(usize, u32)> {
        self.0.until_done(Interest::READABLE, |queue| queue.attempt_receive(buffer)).await
    }

    /// Receives as [`receive`](Self::receive) does, into a new vector. Errors are the same, except
    /// `EMSGSIZE`. A waiting task holds no buffer.
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
        self.0.until_done(Interest::READABLE, queue::MessageQueue::attempt_message).await
    }

    /// Waits until the queue holds a message. Another receiver may take it first.
    ///
    /// Each call asks the kernel (`mq_getattr(3)`): while the queue holds a message, it does not wait.
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
        let has_message = |queue: &queue::MessageQueue| {
            queue.attributes().map(|attributes| (attributes.messages > 0).then_some(()))
        };
        self.0.until_done(Interest::READABLE, has_message).await
    }

    /// Waits until the queue has room for a message. Another sender may use it first. While there is
    /// room, this does not wait.
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
        let has_room = |queue: &queue::MessageQueue| {
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
