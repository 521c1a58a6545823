//! Queues in tasks of the tokio runtime (feature `tokio`).
//!
//! This [`MessageQueue`] has the calls of [`crate::MessageQueue`] as futures. Tasks wait in the
//! runtime's event loop, and no thread blocks in a call.
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
//! queue.unlink()?; // no other process can open it now
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
//! Every future here is **cancel safe**. The message is sent or received in the same poll that
//! completes the future. A future that is dropped before, by `tokio::select!`,
//! `tokio::time::timeout` or `JoinHandle::abort`, has sent nothing and received nothing, and can be
//! created again. After that, the caller is responsible for a received message: its next `await`
//! can be canceled too.
//!
//! To end a task that waits, drop its future. [`shutdown`](crate::MessageQueue::shutdown) of the
//! inner queue wakes threads, not tasks.
//!
//! # Notes
//!
//! - `O_NONBLOCK` is neither needed nor changed. If it is set, futures still wait.
//! - Any number of tasks may wait on one queue, which they share by reference or
//!   [`Arc`](std::sync::Arc). Which of them gets a message is not defined.
//! - The kernel serves a thread that is blocked in a call, in any process, before a waiting task.
//! - To the kernel, a waiting task is not a receiver: a
//!   [notification](crate::MessageQueue::notify) is sent although a task waits.
//! - A queue that is always ready does not keep other tasks from running: every call takes part in
//!   tokio's [cooperative scheduling](tokio::task::coop).
//! - A descriptor can be registered once with one runtime. Another handle of the queue, reopened or
//!   duplicated, has a descriptor of its own.
//!
//! Source: `mq_overview(7)`, `epoll(7)`.

mod async_queue_fd;
mod queue;
mod stream;

pub use queue::MessageQueue;
pub use stream::Messages;
