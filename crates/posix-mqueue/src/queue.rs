//! The queue: owns the descriptor. One method, one attempt.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::attributes::{Attributes, Status};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::message::{Message, PRIORITY_MAX};
use crate::name::QueueName;
use crate::{sleepers, sys, wait};

/// An open message queue.
///
/// Any number of threads may use it at once. Dropping it closes the descriptor and leaves the
/// queue in the system (see [`Owned`](crate::Owned) for the contrary).
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
    shut_down: AtomicBool,
}

/// What a descriptor was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    Both,
}

impl MessageQueue {
    pub(crate) fn new(fd: OwnedFd, name: QueueName, access: Access, created: bool) -> Result<Self> {
        match sys::mq_getattr(fd.as_fd()) {
            Ok(attr) => Ok(Self::with_attributes(fd, Some(name), access, created, &attr)),
            Err(e) => Err(Error::new("mq_getattr", &e).named(name.as_os_str())),
        }
    }

    fn with_attributes(
        fd: OwnedFd,
        name: Option<QueueName>,
        access: Access,
        created: bool,
        attr: &libc::mq_attr,
    ) -> Self {
        let Attributes { capacity, message_size, .. } = Attributes::new(attr);
        let shut_down = AtomicBool::new(false);
        Self { fd, name, access, created, capacity, message_size, shut_down }
    }

    /// The name it was opened by, None for a queue that was adopted by its descriptor. Nobody may
    /// have a queue by that name any more.
    #[must_use]
    pub fn name(&self) -> Option<&QueueName> {
        self.name.as_ref()
    }

    /// Whether opening it made it, rather than found it.
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.created
    }

    /// How many messages it can hold. Fixed when it was created.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many bytes a message can have. Fixed when it was created.
    #[must_use]
    pub fn message_size(&self) -> usize {
        self.message_size
    }

    /// `mq_getattr(3)`: sizes, messages, mode of the descriptor.
    pub fn attributes(&self) -> Result<Attributes> {
        let attr = sys::mq_getattr(self.borrow()).map_err(|e| self.error("mq_getattr", &e))?;
        Ok(Attributes::new(&attr))
    }

    /// `mq_getattr(3)` and `fstat(2)`: also mode, owner, last use.
    pub fn status(&self) -> Result<Status> {
        let stat = sys::fstat(self.borrow()).map_err(|e| self.error("fstat", &e))?;
        Ok(Status::new(self.attributes()?, &stat))
    }

    /// `mq_setattr(3)`: sets or clears `O_NONBLOCK`, for everybody who shares the descriptor.
    pub fn set_nonblocking(&self, nonblocking: bool) -> Result<()> {
        let flags = if nonblocking { sys::O_NONBLOCK } else { 0 };
        sys::mq_setattr(self.borrow(), flags).map_err(|e| self.error("mq_setattr", &e))
    }

    /// `mq_timedsend(3)`, one attempt that does not wait, whatever the descriptor's mode.
    ///
    /// The building block of the calls below: `None` where a plain call would sleep. Priorities go
    /// from 0 to [`PRIORITY_MAX`].
    ///
    /// # Errors
    ///
    /// `EAGAIN` for a full queue if `O_NONBLOCK` is set, `EMSGSIZE` for a message over
    /// [`message_size`](Self::message_size), `EINVAL` for a priority over the maximum, `EBADF` for
    /// a queue open for reading only, `EINTR` for a signal.
    #[inline]
    pub fn attempt_send(&self, message: &[u8], priority: u32) -> Result<Option<()>> {
        unless_asleep(sys::mq_timedsend(self.borrow(), message, priority, Some(Duration::ZERO)))
            .map_err(|e| self.send_error(&e, message, priority))
    }

    /// `mq_timedreceive(3)`, one attempt that does not wait, whatever the descriptor's mode:
    /// the length and the priority of the message now in `buffer`, `None` where a plain call would
    /// sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN` for an empty queue if `O_NONBLOCK` is set, `EMSGSIZE` for a buffer under
    /// [`message_size`](Self::message_size), before anything is taken; `EBADF` for a queue open for
    /// writing only; `EINTR` for a signal.
    #[inline]
    pub fn attempt_receive(&self, buffer: &mut [u8]) -> Result<Option<(usize, u32)>> {
        let given = buffer.len();
        unless_asleep(sys::mq_timedreceive(self.borrow(), buffer, Some(Duration::ZERO)))
            .map_err(|e| self.receive_error(&e, given))
    }

    /// Sends if there is room, without waiting. Fails with `EAGAIN` if there is none.
    pub fn try_send(&self, message: &[u8], priority: u32) -> Result<()> {
        match retry(|| self.attempt_send(message, priority))? {
            Some(()) => Ok(()),
            None => Err(self.error_of("mq_timedsend", sys::EAGAIN)),
        }
    }

    /// Receives if there is a message, without waiting. Fails with `EAGAIN` if there is none.
    pub fn try_receive(&self, buffer: &mut [u8]) -> Result<(usize, u32)> {
        match retry(|| self.attempt_receive(buffer))? {
            Some(received) => Ok(received),
            None => Err(self.error_of("mq_timedreceive", sys::EAGAIN)),
        }
    }

    /// Sends, waiting for room as long as it takes. `EAGAIN` if `O_NONBLOCK` is set.
    pub fn send(&self, message: &[u8], priority: u32) -> Result<()> {
        retry(|| self.send_interruptible(message, priority, Deadline::Never))
    }

    /// Receives into a buffer of at least [`message_size`](Self::message_size) bytes, waiting as
    /// long as it takes: the length and the priority. `EAGAIN` if `O_NONBLOCK` is set.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<(usize, u32)> {
        retry(|| self.receive_interruptible(buffer, Deadline::Never))
    }

    /// Receives, waiting as long as it takes, into a vector of its own.
    pub fn receive_message(&self) -> Result<Message> {
        let mut data = vec![0; self.message_size];
        let (length, priority) = self.receive(&mut data)?;
        data.truncate(length);
        data.shrink_to_fit();
        Ok(Message { data, priority })
    }

    /// Sends, waiting until the deadline at most.
    ///
    /// # Errors
    ///
    /// As [`attempt_send`](Self::attempt_send), and `EINTR` when a signal handler ran (nothing was
    /// sent: call again), `ETIMEDOUT` at the deadline, `EAGAIN` if `O_NONBLOCK` is set, `EBADF`
    /// after [`shutdown`](Self::shutdown).
    pub fn send_interruptible(
        &self,
        message: &[u8],
        priority: u32,
        deadline: Deadline,
    ) -> Result<()> {
        wait::until_done(self, sys::POLLOUT, deadline, |until| {
            sys::mq_timedsend(self.borrow(), message, priority, until)
        })
        .map_err(|e| self.send_error(&e, message, priority))
    }

    /// Receives, waiting until the deadline at most.
    ///
    /// # Errors
    ///
    /// As [`attempt_receive`](Self::attempt_receive), and `EINTR` when a signal handler ran
    /// (nothing was taken: call again), `ETIMEDOUT` at the deadline, `EAGAIN` if `O_NONBLOCK` is
    /// set, `EBADF` after [`shutdown`](Self::shutdown).
    pub fn receive_interruptible(
        &self,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> Result<(usize, u32)> {
        let given = buffer.len();
        wait::until_done(self, sys::POLLIN, deadline, |until| {
            sys::mq_timedreceive(self.borrow(), buffer, until)
        })
        .map_err(|e| self.receive_error(&e, given))
    }

    /// Ends waiting on this handle: calls asleep in other threads and all later ones that may sleep
    /// fail with `EBADF`. What was received before is returned as ever.
    ///
    /// To close a queue that other threads wait on, share it in an [`Arc`](std::sync::Arc), shut
    /// it down and drop it; the descriptor goes with the last of them. The threads are interrupted
    /// by a signal whose handler does nothing (`SIGURG`, or a free real-time signal); one that
    /// blocks every signal is not woken.
    pub fn shutdown(&self) {
        self.shut_down.store(true, Ordering::SeqCst);
        sleepers::wake(self.key());
    }

    /// Removes the queue's name, if the name is still this queue's; who has it open keeps it.
    ///
    /// # Errors
    ///
    /// `ENOENT` if the name is gone, even where another queue has taken it since; `EACCES` for
    /// want of permission.
    pub fn unlink(&self) -> Result<()> {
        match &self.name {
            Some(name) if !self.status()?.unlinked => crate::open::unlink_name(name),
            _ => Err(self.error_of("mq_unlink", sys::ENOENT)),
        }
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::SeqCst)
    }

    pub(crate) fn key(&self) -> sleepers::QueueKey {
        self.fd.as_raw_fd()
    }

    pub(crate) fn borrow(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub(crate) fn error(&self, call: &'static str, error: &io::Error) -> Error {
        self.name_in(Error::new(call, error))
    }

    fn error_of(&self, call: &'static str, errno: i32) -> Error {
        self.name_in(Error::from_errno(call, errno))
    }

    fn name_in(&self, error: Error) -> Error {
        match &self.name {
            Some(name) => error.named(name.as_os_str()),
            None => error,
        }
    }

    #[cold]
    fn send_error(&self, error: &io::Error, message: &[u8], priority: u32) -> Error {
        let error = self.error("mq_timedsend", error);
        match error.raw_os_error() {
            sys::EBADF => self.wrong_descriptor(
                error,
                Access::Read,
                "it was opened for reading only (O_RDONLY); to send, open it O_WRONLY or O_RDWR",
            ),
            sys::EINVAL if priority > PRIORITY_MAX => {
                error.explained(format!("priority {priority} is not between 0 and {PRIORITY_MAX}"))
            }
            sys::EMSGSIZE => error.explained(format!(
                "a message of {} bytes, and this queue takes {} at most",
                message.len(),
                self.message_size
            )),
            _ => error,
        }
    }

    #[cold]
    fn receive_error(&self, error: &io::Error, given: usize) -> Error {
        let error = self.error("mq_timedreceive", error);
        match error.raw_os_error() {
            sys::EBADF => self.wrong_descriptor(
                error,
                Access::Write,
                "it was opened for writing only (O_WRONLY); to receive, open it O_RDONLY or O_RDWR",
            ),
            sys::EMSGSIZE => error.explained(format!(
                "a buffer of {given} bytes, and this queue's messages may have {}",
                self.message_size
            )),
            _ => error,
        }
    }

    fn wrong_descriptor(&self, error: Error, wrong: Access, why: &str) -> Error {
        if self.is_shut_down() {
            error.explained("the queue was closed while waiting".to_owned())
        } else if self.access == wrong {
            error.explained(why.to_owned())
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

impl From<MessageQueue> for OwnedFd {
    /// Gives the descriptor away, still open.
    fn from(queue: MessageQueue) -> Self {
        queue.fd
    }
}

impl TryFrom<OwnedFd> for MessageQueue {
    type Error = (Error, OwnedFd);

    /// Adopts a descriptor that is a queue's. What is not a queue's comes back with the error,
    /// `EBADF`, and stays open.
    ///
    /// ```
    /// use posix_mqueue::MessageQueue;
    /// use std::os::fd::OwnedFd;
    ///
    /// let file = OwnedFd::from(std::fs::File::open("/")?);
    /// let (error, _file) = MessageQueue::try_from(file).unwrap_err();
    /// assert_eq!(error.raw_os_error(), 9); // EBADF
    /// # Ok::<(), std::io::Error>(())
    /// ```
    fn try_from(fd: OwnedFd) -> std::result::Result<Self, (Error, OwnedFd)> {
        let refuse = |call, e: io::Error, fd| {
            Err((Error::new(call, &e).explained("not a message queue".to_owned()), fd))
        };
        let access = match sys::fcntl_getfl(fd.as_fd()) {
            Ok(flags) => match flags & sys::O_ACCMODE {
                sys::O_RDONLY => Access::Read,
                sys::O_WRONLY => Access::Write,
                _ => Access::Both,
            },
            Err(e) => return refuse("fcntl", e, fd),
        };
        match sys::mq_getattr(fd.as_fd()) {
            Ok(attr) => Ok(Self::with_attributes(fd, None, access, false, &attr)),
            Err(e) => refuse("mq_getattr", e, fd),
        }
    }
}

/// Runs signal handlers' worth of interruptions out: calls again after each `EINTR`.
fn retry<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(error) if error.is_interrupted() => {}
            outcome => return outcome,
        }
    }
}

/// The timeout of an attempt that would have slept is no error.
fn unless_asleep<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.raw_os_error() == Some(sys::ETIMEDOUT) => Ok(None),
        Err(error) => Err(error),
    }
}
