//! Linux POSIX message queues: a safe interface to everything that the kernel offers.
//!
//! A queue is a kernel object with a name such as `/jobs`. It holds a fixed number of messages of
//! up to a fixed size, delivers the one with the highest priority first, and outlives the
//! processes that use it. [`OpenOptions`] opens or creates a queue, [`MessageQueue`] sends and
//! receives.
//!
//! ```
//! use posix_mqueue::OpenOptions;
//!
//! let name = format!("/posix-mqueue-doc-crate-{}", std::process::id());
//! let queue = OpenOptions::new().read(true).write(true).create(true)
//!     .capacity(8).message_size(128).open(&name)?;
//! queue.send(b"routine", 0)?;
//! queue.send(b"urgent", 10)?;
//! assert_eq!(queue.receive_message()?.data, b"urgent");
//! queue.unlink()?;
//! # Ok::<(), posix_mqueue::Error>(())
//! ```
//!
//! # Guarantees
//!
//! - Dropping a [`MessageQueue`] closes it, and the queue stays in the system. [`OwnedQueue`]
//!   unlinks the queue too.
//! - A call that does not block (`try_…`, [`MessageQueue::attempt_send`]) never changes
//!   `O_NONBLOCK`, which every duplicate of the descriptor shares: it uses a deadline of zero.
//! - Waits by [`Duration`](std::time::Duration) or [`Instant`](std::time::Instant) follow the
//!   monotonic clock, unlike the system call's own deadline.
//! - An [`Error`] always has an errno. If a limit of the system was reached, the error has its name,
//!   its value, and the command that raises it.
//! - Everything is safe across `fork(2)`: a child neither owns its parent's queues nor gets its
//!   notifications.
//!
//! # Features
//!
//! No feature is on by default.
//!
//! - `tokio`: the module `tokio`, with queues whose sending and receiving are futures.
//! - `mio`: a [`MessageQueue`] can be registered with a `mio::Poll`.
//! - `serde`: the plain values ([`Attributes`], [`Status`], [`Limits`], [`Message`],
//!   [`QueueName`], [`Entry`] and [`Holders`] with their fields) can be serialized and deserialized.
//!
//! # Platforms
//!
//! Linux, with any libc. Sources: `mq_overview(7)`, the kernel's `ipc/mqueue.c`.

// docs.rs then shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(target_os = "linux"))]
compile_error!("posix-mqueue supports Linux only: other systems have no netlink notification");

mod attributes;
mod deadline;
mod details;
mod directory;
mod error;
mod fork;
mod identity;
mod limits;
mod message;
#[cfg(feature = "mio")]
mod mio;
mod mounts;
mod name;
mod notify;
mod permission;
mod procfs;
mod queue;
#[cfg(feature = "serde")]
mod serde;
mod sys;
#[cfg(feature = "tokio")]
pub mod tokio;
mod wait;

pub use attributes::{Attributes, Status};
pub use deadline::Deadline;
pub use details::{Details, NotifyMethod, Registration};
pub use directory::{Directory, Entry, Holder, Holders, holders, list_queues};
pub use error::{Error, Result};
pub use fork::prepare_for_fork;
pub use limits::{Limit, Limits, Remedy, charge};
pub use message::{Message, PRIORITY_MAX};
pub use name::QueueName;
pub use notify::{Callback, Claim, Event, Notification};
pub use queue::{MessageQueue, Messages, OpenOptions, OwnedQueue, from_systemd, unlink};
