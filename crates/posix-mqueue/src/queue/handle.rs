//! The handle: it owns the descriptor, and knows the fixed attributes.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::access::Access;
use super::unlink::unlink_name;
use crate::attributes::{Attributes, Status};
use crate::error::{Error, Result};
use crate::name::QueueName;
use crate::sys;
use crate::wait::WaitState;

/// An open message queue.
///
/// Any number of threads may use a handle at once. Dropping it closes the descriptor, and the queue
/// stays in the system. [`OwnedQueue`](crate::OwnedQueue) unlinks the queue too.
///
/// ```
/// use posix_mqueue::OpenOptions;
///
/// let name = format!("/posix-mqueue-doc-{}", std::process::id());
/// let queue = OpenOptions::new().read(true).write(true).create(true)
///     .capacity(4).message_size(64).open(&name)?;
/// queue.send(b"later", 0)?;
/// queue.send(b"first", 9)?;
/// let message = queue.receive_message()?;
/// assert_eq!((message.data.as_slice(), message.priority), (&b"first"[..], 9));
/// queue.unlink()?;
/// # Ok::<(), posix_mqueue::Error>(())
/// ```
#[derive(Debug)]
pub struct MessageQueue {
    fd: OwnedFd,
    name: Option<QueueName>,
    access: Access,
    created: bool,
    capacity: usize,
    message_size: usize,
    waits: WaitState,
}

impl MessageQueue {
    pub(crate) fn new(fd: OwnedFd, name: QueueName, access: Access, created: bool) -> Result<Self> {
        match sys::mq_getattr(fd.as_fd()) {
            Ok(attr) => Ok(Self::with_attributes(fd, Some(name), access, created, &attr)),
            Err(e) => Err(Error::new("mq_getattr", &e).with_name(name.as_os_str())),
        }
    }

    pub(crate) fn with_attributes(
        fd: OwnedFd,
        name: Option<QueueName>,
        access: Access,
        created: bool,
        attr: &libc::mq_attr,
    ) -> Self {
        let Attributes { capacity, message_size, .. } = Attributes::new(attr);
        Self { fd, name, access, created, capacity, message_size, waits: WaitState::new() }
    }

    /// Returns the name that the queue was opened by, `None` for an adopted descriptor. The name may
    /// have been unlinked or given to another queue since.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let same = queue.name().map(|name| options.open(name)); // it may be unlinked by now
    /// # assert!(same.unwrap().is_err());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&QueueName> {
        self.name.as_ref()
    }

    /// Returns whether opening the queue created it.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// assert!(queue.is_created());
    /// assert!(!queue.try_clone()?.is_created());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.created
    }

    /// Returns how many messages the queue can hold. Fixed when it was created.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let free = queue.capacity() - queue.attributes()?.messages;
    /// # assert_eq!(free, 2);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Returns how many bytes a message can have. Fixed when the queue was created.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let mut buffer = vec![0; queue.message_size()]; // room for any message
    /// # assert_eq!(buffer.len(), 16);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn message_size(&self) -> usize {
        self.message_size
    }

    /// What the descriptor was opened for, and whether `O_NONBLOCK` is set now: the flags that
    /// [`OpenOptions::from_flags`](crate::OpenOptions::from_flags) takes. `fcntl(2)`.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// assert_eq!(queue.flags()?, 0o2); // O_RDWR
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EBADF`: the descriptor was closed behind the handle's back.
    pub fn flags(&self) -> Result<i32> {
        let flags = sys::fcntl_getfl(self.borrow()).map_err(|e| self.error("fcntl", &e))?;
        Ok(flags & (sys::O_ACCMODE | sys::O_NONBLOCK))
    }

    /// `mq_getattr(3)`: sizes, messages, mode of the descriptor.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 0)?;
    /// assert_eq!(queue.attributes()?.messages, 1);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EBADF`: the descriptor was closed behind the handle's back.
    pub fn attributes(&self) -> Result<Attributes> {
        let attr = sys::mq_getattr(self.borrow()).map_err(|e| self.error("mq_getattr", &e))?;
        Ok(Attributes::new(&attr))
    }

    /// `mq_getattr(3)` and `fstat(2)`: also mode, owner, last use. Keeps this process's notification;
    /// opening and closing the queue's file would end it.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let status = queue.status()?;
    /// println!("{:o}, of user {}", status.mode & 0o777, status.uid);
    /// assert_eq!(status.attributes, queue.attributes()?);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EBADF`: the descriptor was closed behind the handle's back.
    pub fn status(&self) -> Result<Status> {
        let stat = sys::fstat(self.borrow()).map_err(|e| self.error("fstat", &e))?;
        Ok(Status::new(self.attributes()?, &stat))
    }

    /// `mq_setattr(3)`: sets or clears `O_NONBLOCK` on the open file description, which duplicates
    /// and forked children share. For a single call that does not block, use a `try_` one. For a
    /// private mode, use [`reopen`](Self::reopen).
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.set_nonblocking(true)?;
    /// assert!(queue.receive_message().unwrap_err().is_would_block());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EBADF`: the descriptor was closed behind the handle's back.
    pub fn set_nonblocking(&self, nonblocking: bool) -> Result<()> {
        let flags = if nonblocking { sys::O_NONBLOCK } else { 0 };
        sys::mq_setattr(self.borrow(), flags).map_err(|e| self.error("mq_setattr", &e))
    }

    /// Returns how long a call that has to wait busy-polls before it blocks. Zero at first.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// assert_eq!(queue.busy_poll(), Duration::ZERO);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn busy_poll(&self) -> Duration {
        self.waits.busy_poll()
    }

    /// Sets how long calls on this handle busy-poll before they block.
    ///
    /// Waking a thread on another processor takes longer than passing a message. Some tens of
    /// microseconds make a dialog between two busy processes many times as fast, and cost the
    /// processor that time at each wait. A call that may not wait does not busy-poll.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.set_busy_poll(Duration::from_micros(50));
    /// assert_eq!(queue.busy_poll(), Duration::from_micros(50));
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn set_busy_poll(&self, time: Duration) {
        self.waits.set_busy_poll(time);
    }

    /// Unlinks the queue, if the name is still this queue's: `mq_unlink(3)`. Processes that have it
    /// open keep it.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let queue = options.create_unique("/posix-mqueue-doc-")?;
    /// queue.unlink()?;
    /// assert!(options.open(queue.name().unwrap()).is_err());
    /// queue.send(b"still open here", 0)?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `ENOENT` if the queue is unlinked, even if another queue has the name. `EACCES`: no
    /// permission.
    pub fn unlink(&self) -> Result<()> {
        match &self.name {
            Some(name) if !self.status()?.unlinked => unlink_name(name),
            Some(_) => Err(self.error_of("mq_unlink", sys::ENOENT)),
            None => Err(Error::from_errno("mq_unlink", sys::ENOENT).with_explanation(
                "the queue was adopted by its descriptor, and its name is not known".to_owned(),
            )),
        }
    }

    pub(crate) fn take_name(&mut self) -> Option<QueueName> {
        self.name.take()
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.waits.is_shut_down()
    }

    pub(super) fn waits(&self) -> &WaitState {
        &self.waits
    }

    pub(crate) fn borrow(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub(crate) fn error(&self, call: &'static str, error: &io::Error) -> Error {
        self.name_in(Error::new(call, error))
    }

    pub(crate) fn error_of(&self, call: &'static str, errno: i32) -> Error {
        self.name_in(Error::from_errno(call, errno))
    }

    pub(crate) fn name_in(&self, error: Error) -> Error {
        match &self.name {
            Some(name) => error.with_name(name.as_os_str()),
            None => error,
        }
    }

    pub(crate) fn access(&self) -> Access {
        self.access
    }

    /// Explains an `EBADF` of a call that wants the descriptor to be open for something.
    pub(crate) fn wrong_descriptor(&self, error: Error, wrong: Access, why: &str) -> Error {
        if self.access == wrong {
            error.with_explanation(why.to_owned())
        } else {
            self.closed(error)
        }
    }

    /// Explains any other `EBADF`.
    pub(crate) fn closed(&self, error: Error) -> Error {
        if self.is_shut_down() && error.raw_os_error() == sys::EBADF {
            error.with_explanation("the queue was closed while waiting")
        } else {
            error
        }
    }
}

impl AsFd for MessageQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.borrow()
    }
}

impl AsRawFd for MessageQueue {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl IntoRawFd for MessageQueue {
    /// Gives the descriptor away, still open, as a number.
    fn into_raw_fd(self) -> RawFd {
        OwnedFd::from(self).into_raw_fd()
    }
}

impl From<MessageQueue> for OwnedFd {
    /// Gives the descriptor away, still open.
    fn from(queue: MessageQueue) -> Self {
        queue.fd
    }
}
