//! Linux POSIX message queues, safe and whole.
//!
//! A queue is a kernel object with a name such as `/jobs`. It holds a fixed number of messages of
//! up to a fixed size, hands out the one with the highest priority first, and outlives the
//! processes that use it. [`OpenOptions`] opens or creates one, [`MessageQueue`] sends and
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
//! # What to know
//!
//! - Dropping a [`MessageQueue`] closes it and leaves the queue in the system; [`OwnedQueue`] removes
//!   it.
//! - A call that does not wait (`try_…`, [`MessageQueue::attempt_send`]) never touches
//!   `O_NONBLOCK`, which is shared with every duplicate of the descriptor: it uses a deadline of
//!   zero.
//! - Waits by [`Duration`](std::time::Duration) or [`Instant`](std::time::Instant) follow the
//!   monotonic clock, unlike the system call's own deadline.
//! - An [`Error`] always has an errno; where a system limit refused, it says which one, its value,
//!   and the command that raises it.
//! - Everything is safe to use across `fork(2)`: a child neither owns its parent's queues nor gets
//!   its notifications.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `tokio`: a module of this name, with queues in tasks: sending and receiving are futures.
//! - `mio`: a [`MessageQueue`] can be registered with a `mio::Poll`.
//! - `serde`: the plain values ([`Attributes`], [`Status`], [`Limits`], [`Message`],
//!   [`QueueName`], [`Entry`] and [`Holders`] with what is in them) can be serialized and
//!   deserialized.
//!
//! # Where it works
//!
//! Linux, any libc. Sources: `mq_overview(7)`, the kernel's `ipc/mqueue.c`.

// docs.rs then says of an item which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(target_os = "linux"))]
compile_error!("posix-mqueue knows Linux only: other systems have no netlink notification");

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
