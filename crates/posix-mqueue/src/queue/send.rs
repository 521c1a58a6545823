//! Sending: one attempt, and what waits on top of it.

use std::io;
use std::time::Duration;

use super::access::{self, Access};
use super::handle::MessageQueue;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::message::PRIORITY_MAX;
use crate::{sys, wait};

/// Sending. A message is sent completely or not at all.
///
/// A message with a higher priority, up to [`PRIORITY_MAX`], is received first, and the oldest first
/// within a priority. If there is room, a message is sent even if the deadline has passed. An
/// invalid call fails before it waits.
///
/// # Errors
///
/// Of every call here:
///
/// - `EMSGSIZE`: the message is longer than [`message_size`](Self::message_size).
/// - `EINVAL`: the priority is over [`PRIORITY_MAX`].
/// - `EBADF`: the queue is open for reading only, or was [shut down](Self::shutdown).
/// - `EAGAIN`: the call would block, and `O_NONBLOCK` is set or the call is a `try_` one.
/// - `ETIMEDOUT`: the deadline passed.
/// - `EINTR`: a signal handler ran. Only from the calls that document it; the others continue.
/// - `ENOMEM`: the kernel has no memory for the message.
///
/// Source: `mq_send(3)`, whose `mq_timedsend` all of them call.
impl MessageQueue {
    /// Sends, waiting for room without limit.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"routine", 0)?;
    /// queue.send(b"urgent", 10)?;
    /// assert_eq!(queue.receive_message()?.data, b"urgent");
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn send(&self, message: &[u8], priority: u32) -> Result<()> {
        if !self.busy_poll().is_zero() {
            return self.send_by(message, priority, || Deadline::Never);
        }
        // Without an attempt first: a call that has to wait then blocks sooner.
        match wait::short_call(self.waits(), || {
            sys::mq_timedsend(self.borrow(), message, priority, None)
        }) {
            Ok(()) => Ok(()),
            Err(e) if e.raw_os_error() == Some(sys::EINTR) => {
                self.send_interrupted(message, priority)
            }
            Err(e) => Err(self.send_error(&e, message, priority)),
        }
    }

    /// Sends if there is room, without waiting; `EAGAIN` if there is none.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.try_send(b"one", 0)?;
    /// queue.try_send(b"two", 0)?;
    /// let error = queue.try_send(b"three", 0).unwrap_err();
    /// assert!(error.is_would_block());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn try_send(&self, message: &[u8], priority: u32) -> Result<()> {
        wait::retry_on_eintr(|| self.attempt_send(message, priority))?
            .ok_or_else(|| self.error_of("mq_timedsend", sys::EAGAIN))
    }

    /// Sends, waiting at most this long, on the monotonic clock; then `ETIMEDOUT`.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send_timeout(b"job", 0, Duration::from_millis(500))?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn send_timeout(&self, message: &[u8], priority: u32, timeout: Duration) -> Result<()> {
        self.send_deadline(message, priority, timeout)
    }

    /// Sends, waiting for room until the deadline; then `ETIMEDOUT`.
    ///
    /// An [`Instant`](std::time::Instant) is on the monotonic clock. A
    /// [`SystemTime`](std::time::SystemTime) follows the wall clock, wherever that is stepped to.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let deadline = Instant::now() + Duration::from_millis(500); // for both together
    /// queue.send_deadline(b"one", 0, deadline)?;
    /// queue.send_deadline(b"two", 0, deadline)?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn send_deadline(
        &self,
        message: &[u8],
        priority: u32,
        deadline: impl Into<Deadline>,
    ) -> Result<()> {
        self.send_by(message, priority, || deadline.into())
    }

    /// Makes one attempt that does not block, whatever the descriptor's mode. Returns `None` if a
    /// plain call would block. `EINTR` for a signal.
    ///
    /// The other calls are built from this one, [`spin_send`](Self::spin_send) and
    /// [`send_interruptible`](Self::send_interruptible), for programs that have something to do in
    /// between. `mq_timedsend(3)` with a deadline of zero.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// while queue.attempt_send(b"x", 0)?.is_some() {}
    /// assert_eq!(queue.attributes()?.messages, queue.capacity());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn attempt_send(&self, message: &[u8], priority: u32) -> Result<Option<()>> {
        match sys::mq_timedsend(self.borrow(), message, priority, Some(Duration::ZERO)) {
            Ok(()) => Ok(Some(())),
            Err(e) if e.raw_os_error() == Some(sys::ETIMEDOUT) => Ok(None),
            Err(e) => Err(self.send_error(&e, message, priority)),
        }
    }

    /// Checks that the queue takes a message of this length. Returns the error that sending it would
    /// give, `EMSGSIZE`, without a system call.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.check_length(queue.message_size())?;
    /// let error = queue.check_length(queue.message_size() + 1).unwrap_err();
    /// assert_eq!(error.raw_os_error(), 90); // EMSGSIZE
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn check_length(&self, length: usize) -> Result<()> {
        if length <= self.message_size() {
            return Ok(());
        }
        let error = self.error_of("mq_timedsend", sys::EMSGSIZE);
        Err(error.with_explanation(format!(
            "a message of {length} bytes, and this queue takes {} at most",
            self.message_size()
        )))
    }

    /// Checks that a priority is valid. Returns the error that sending with it would give, `EINVAL`,
    /// without a system call.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.check_priority(posix_mqueue::PRIORITY_MAX)?;
    /// assert!(queue.check_priority(posix_mqueue::PRIORITY_MAX + 1).is_err());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn check_priority(&self, priority: u32) -> Result<()> {
        if priority <= PRIORITY_MAX {
            return Ok(());
        }
        let error = self.error_of("mq_timedsend", sys::EINVAL);
        Err(error
            .with_explanation(format!("priority {priority} is not between 0 and {PRIORITY_MAX}")))
    }

    /// Repeats the attempt for the time of [`busy_poll`](Self::busy_poll), and not past the
    /// deadline. Returns `None` if no attempt succeeded. `EINTR` for a signal.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.set_busy_poll(Duration::from_micros(50));
    /// assert_eq!(queue.spin_send(b"job", 0, Deadline::Never)?, Some(()));
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn spin_send(
        &self,
        message: &[u8],
        priority: u32,
        deadline: Deadline,
    ) -> Result<Option<()>> {
        wait::spin(self.waits(), deadline, || self.attempt_send(message, priority))
    }

    /// Blocks until the message is sent or the deadline passes. `EINTR` when a signal handler ran:
    /// nothing was sent, and another call waits for the same deadline.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let deadline = Deadline::from(Duration::from_secs(1));
    /// while let Err(error) = queue.send_interruptible(b"job", 0, deadline) {
    ///     if !error.is_interrupted() {
    ///         return Err(error);
    ///     }
    ///     // The program looks here at what its signal handlers noted.
    /// }
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn send_interruptible(
        &self,
        message: &[u8],
        priority: u32,
        deadline: Deadline,
    ) -> Result<()> {
        wait::wait_until_done(self.waits(), self.borrow(), sys::POLLOUT, deadline, |until| {
            sys::mq_timedsend(self.borrow(), message, priority, until)
        })
        .map_err(|e| self.send_error(&e, message, priority).with_deadline(deadline, "room"))
    }

    #[inline(always)]
    fn send_by(
        &self,
        message: &[u8],
        priority: u32,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<()> {
        if self.is_shut_down() {
            return self.send_waiting(message, priority, Deadline::Never);
        }
        match self.attempt_send(message, priority) {
            Ok(Some(())) => Ok(()),
            Err(error) if !error.is_interrupted() => Err(error),
            _ => self.send_waiting(message, priority, deadline()),
        }
    }

    #[cold]
    fn send_interrupted(&self, message: &[u8], priority: u32) -> Result<()> {
        self.send_by(message, priority, || Deadline::Never)
    }

    #[cold]
    fn send_waiting(&self, message: &[u8], priority: u32, deadline: Deadline) -> Result<()> {
        match wait::retry_on_eintr(|| self.spin_send(message, priority, deadline))? {
            Some(()) => Ok(()),
            None => wait::retry_on_eintr(|| self.send_interruptible(message, priority, deadline)),
        }
    }

    #[cold]
    fn send_error(&self, error: &io::Error, message: &[u8], priority: u32) -> Error {
        let error = self.error("mq_timedsend", error);
        match error.raw_os_error() {
            sys::EBADF => self.wrong_descriptor(error, Access::Read, access::READ_ONLY),
            sys::EINVAL => self.check_priority(priority).err().unwrap_or(error),
            sys::EMSGSIZE => self.check_length(message.len()).err().unwrap_or(error),
            _ => error,
        }
    }
}
