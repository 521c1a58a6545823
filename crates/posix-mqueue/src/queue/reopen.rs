//! Further handles on an open queue: duplicated, or opened again.

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use super::access::Access;
use super::handle::MessageQueue;
use super::open::OpenOptions;
use crate::error::{Error, Result};
use crate::permission::{self, Ownership};
use crate::{limits, sys};

/// Further handles on the same queue. Closing one of them, as closing any descriptor of the queue,
/// ends this process's notification.
impl MessageQueue {
    /// Returns a handle with a duplicate of the descriptor (`dup(2)`). The two share `O_NONBLOCK`.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let duplicate = queue.try_clone()?;
    /// duplicate.set_nonblocking(true)?;
    /// assert!(queue.attributes()?.nonblocking);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EMFILE`: `RLIMIT_NOFILE`.
    pub fn try_clone(&self) -> Result<Self> {
        let fd = self
            .as_fd()
            .try_clone_to_owned()
            .map_err(|e| limits::explain_open(self.error("fcntl", &e)))?;
        self.with_descriptor(fd, self.access())
    }

    /// Returns a handle with an open file description of its own: the same queue, even if unlinked,
    /// and the same access mode. It starts with the current `O_NONBLOCK`, which is private from then
    /// on. `open(2)` of `/proc/thread-self/fd`.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let private = queue.reopen()?;
    /// private.set_nonblocking(true)?;
    /// assert!(!queue.attributes()?.nonblocking);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `ENOENT`: `/proc` is not mounted. `EACCES`: no permission now. `EMFILE`: `RLIMIT_NOFILE`.
    pub fn reopen(&self) -> Result<Self> {
        let mut options = OpenOptions::new();
        options
            .read(self.access().can_receive())
            .write(self.access().can_send())
            .nonblocking(self.attributes()?.nonblocking);
        self.reopen_with(&options)
    }

    /// As [`reopen`](Self::reopen), with the options for reading, writing and `O_NONBLOCK`.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let sender = queue.reopen_with(OpenOptions::new().write(true))?;
    /// sender.send(b"job", 0)?;
    /// assert!(sender.receive_message().is_err());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`reopen`](Self::reopen). `EINVAL`: neither reading nor writing, or creating.
    pub fn reopen_with(&self, options: &OpenOptions) -> Result<Self> {
        let (access, flags) = options.reopening().map_err(|error| self.name_in(error))?;
        let file = fs::OpenOptions::new()
            .read(access.can_receive())
            .write(access.can_send())
            .custom_flags(flags & sys::O_NONBLOCK)
            // Not /proc/self, which shows no descriptors once the main thread has ended.
            .open(format!("/proc/thread-self/fd/{}", self.as_raw_fd()))
            .map_err(|e| self.reopening_error(&e, access))?;
        self.with_descriptor(file.into(), access)
    }

    fn reopening_error(&self, error: &io::Error, access: Access) -> Error {
        let error = Error::new("open", error);
        if error.raw_os_error() == sys::ENOENT {
            // Without the queue's name, or it would read as if there was no such queue.
            return error.with_explanation(
                "/proc is not mounted here, and an open queue is opened again through \
                 /proc/thread-self/fd: mount /proc",
            );
        }
        let error = limits::explain_open(self.name_in(error));
        match sys::fstat(self.borrow()) {
            Ok(stat) => {
                permission::explain_reopen(error, Ownership::from(&stat), access.permission_bits())
            }
            Err(_) => error,
        }
    }

    fn with_descriptor(&self, fd: OwnedFd, access: Access) -> Result<Self> {
        let attr = sys::mq_getattr(fd.as_fd()).map_err(|e| self.error("mq_getattr", &e))?;
        let queue = Self::with_attributes(fd, self.name().cloned(), access, false, &attr);
        queue.set_busy_poll(self.busy_poll());
        Ok(queue)
    }
}
