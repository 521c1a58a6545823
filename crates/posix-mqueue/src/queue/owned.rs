//! A handle that unlinks its queue.

use std::mem;
use std::ops::Deref;
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

use super::handle::MessageQueue;
use crate::error::Result;
use crate::fork;
use crate::sys;

/// No process has this generation.
const NO_OWNER: u64 = 0;

/// A handle that unlinks its queue when it is dropped, if it owns the queue.
///
/// A forked child that inherits the handle is not an owner, and never unlinks its parent's queue. A
/// name that belongs to another queue by then stays.
///
/// ```
/// use posix_mqueue::{OpenOptions, OwnedQueue};
///
/// let name = format!("/posix-mqueue-doc-owned-{}", std::process::id());
/// let options = OpenOptions::new().write(true).create(true).capacity(1).message_size(8).clone();
/// let queue = OwnedQueue::new(options.open(&name)?);
/// assert!(queue.is_owner()); // since it made the queue
/// drop(queue);
/// assert!(posix_mqueue::unlink(&name).is_err()); // gone already
/// # Ok::<(), posix_mqueue::Error>(())
/// ```
#[derive(Debug)]
pub struct OwnedQueue {
    queue: MessageQueue,
    owner: AtomicU64,
}

impl OwnedQueue {
    /// Takes ownership if opening the queue created it.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// assert!(!posix_mqueue::OwnedQueue::new(queue.reopen()?).is_owner()); // it was there
    /// assert!(posix_mqueue::OwnedQueue::new(queue).is_owner());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn new(queue: MessageQueue) -> Self {
        let owned = Self { owner: AtomicU64::new(NO_OWNER), queue };
        owned.set_owner(owned.queue.is_created());
        owned
    }

    /// Returns whether this handle, in this process, unlinks the queue when it is dropped.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let queue = posix_mqueue::OwnedQueue::new(queue);
    /// assert!(queue.is_owner());
    /// queue.release()?;
    /// assert!(!queue.is_owner());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == fork::generation()
    }

    /// Gives this process the ownership of the queue, or ends it.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let queue = posix_mqueue::OwnedQueue::new(queue);
    /// queue.set_owner(false); // it is to stay in the system
    /// assert!(!queue.is_owner());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn set_owner(&self, owner: bool) {
        let owner = if owner { fork::generation() } else { NO_OWNER };
        self.owner.store(owner, Ordering::Relaxed);
    }

    /// Unlinks the queue now, if this process owns it and the name is still this queue's. Ends the
    /// ownership.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let queue = posix_mqueue::OwnedQueue::new(options.create_unique("/posix-mqueue-doc-")?);
    /// queue.release()?; // and does not wait for the end, where no error is seen
    /// assert!(queue.status()?.unlinked);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EACCES` if the process has lost the permission.
    pub fn release(&self) -> Result<()> {
        if self.owner.swap(NO_OWNER, Ordering::Relaxed) != fork::generation() {
            return Ok(());
        }
        match self.queue.unlink() {
            Err(error) if error.raw_os_error() == sys::ENOENT => Ok(()),
            outcome => outcome,
        }
    }
}

impl Deref for OwnedQueue {
    type Target = MessageQueue;
    fn deref(&self) -> &MessageQueue {
        &self.queue
    }
}

impl IntoRawFd for OwnedQueue {
    /// Gives the descriptor away, still open; the name stays in the system.
    fn into_raw_fd(mut self) -> RawFd {
        let number = self.queue.as_raw_fd();
        // Nothing else in it has memory of its own.
        drop(self.queue.take_name());
        // Dropping would close it, and nothing can be moved out of what has a destructor.
        mem::forget(self);
        number
    }
}

impl Drop for OwnedQueue {
    fn drop(&mut self) {
        // A caller that needs the error calls `release` first.
        let _ = self.release();
    }
}
