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

mod async_queue_fd;
mod queue;
mod stream;

pub use queue::MessageQueue;
pub use stream::Messages;
