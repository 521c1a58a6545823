//! A queue that goes with the handle that made it.

use std::mem;
use std::ops::Deref;
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

use super::handle::MessageQueue;
use crate::error::Result;
use crate::fork;
use crate::sys;

/// Nobody: no process has this generation.
const NO_OWNER: u64 = 0;

/// A queue whose name is removed when its owner lets go of it.
///
/// A forked child that inherits it is no owner: whatever the child does, its parent's queue stays.
/// A name that meanwhile belongs to another queue is left alone.
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
    /// Owns the queue if opening it created it.
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

    /// Whether this handle, in this process, removes the name in the end.
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

    /// Takes the queue into ownership of this process, or gives it up.
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

    /// Removes the name now, if this process owns it and it is still this queue's. Once.
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
    /// `EACCES` if the process has meanwhile lost the permission.
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
        // Whoever wants to know calls `release` first.
        let _ = self.release();
    }
}
