//! A program of its own that uses the library, and sees of it what any program sees.
//!
//! The examples of the README and of `docs/rust.md` run as its documentation tests. Its tests try
//! every public item, and show that each has an example of its own.

use posix_mqueue::{MessageQueue, OpenOptions, Result};

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/rust.md")]
struct Guide;

/// How to open a queue for 4 messages of 64 bytes, to send and to receive.
#[must_use]
pub fn small() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).capacity(4).message_size(64);
    options
}

/// A small queue that goes with its last descriptor.
///
/// # Errors
///
/// What keeps it from being created or unlinked.
pub fn small_queue() -> Result<MessageQueue> {
    let queue = small().create_unique("/mq-user-")?;
    queue.unlink()?;
    Ok(queue)
}
