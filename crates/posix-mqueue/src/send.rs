//! Sending: one attempt, and what waits on top of it.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::message::PRIORITY_MAX;
use crate::queue::{Access, MessageQueue};
use crate::{sys, wait};

/// Sending. A message goes whole or not at all.
///
/// Every call fails with `EMSGSIZE` for a message over [`message_size`](Self::message_size),
/// `EINVAL` for a priority over [`PRIORITY_MAX`], `EBADF` for a queue that is open for reading
/// only, and, if `O_NONBLOCK` is set, with `EAGAIN` where it would have to wait. `EINTR` comes
/// from those alone that say so. Source: `mq_send(3)`.
impl MessageQueue {
    /// Sends, waiting for room as long as it takes.
    #[inline(always)]
    pub fn send(&self, message: &[u8], priority: u32) -> Result<()> {
        if !self.busy_poll().is_zero() {
            return self.send_by(message, priority, || Deadline::Never);
        }
        // Without a first try: what would wait anyhow is asleep the sooner.
        loop {
            let attempt = || sys::mq_timedsend(self.borrow(), message, priority, None);
            match wait::asleep(self, attempt) {
                Ok(()) => return Ok(()),
                Err(e) if e.raw_os_error() == Some(sys::EINTR) => {}
                Err(e) => return Err(self.send_error(&e, message, priority)),
            }
        }
    }

    /// Sends if there is room, without waiting; `EAGAIN` if there is none.
    #[inline(always)]
    pub fn try_send(&self, message: &[u8], priority: u32) -> Result<()> {
        wait::uninterrupted(|| self.attempt_send(message, priority))?
            .ok_or_else(|| self.error_of("mq_timedsend", sys::EAGAIN))
    }

    /// Sends, waiting for so long at most, on the monotonic clock; then `ETIMEDOUT`.
    #[inline(always)]
    pub fn send_timeout(&self, message: &[u8], priority: u32, timeout: Duration) -> Result<()> {
        self.send_by(message, priority, || timeout.into())
    }

    /// Sends, waiting until then at most, on the monotonic clock; then `ETIMEDOUT`.
    #[inline(always)]
    pub fn send_deadline(&self, message: &[u8], priority: u32, deadline: Instant) -> Result<()> {
        self.send_by(message, priority, || deadline.into())
    }

    /// Sends, waiting until then at most, on the wall clock; then `ETIMEDOUT`.
    #[inline(always)]
    pub fn send_until(&self, message: &[u8], priority: u32, time: SystemTime) -> Result<()> {
        self.send_by(message, priority, || time.into())
    }

    /// One attempt that does not wait, whatever the descriptor's mode: `None` where a plain call
    /// would sleep. `EINTR` for a signal.
    ///
    /// With the two below, what the other calls are built of, for a program that has something to
    /// do in between. `mq_timedsend(3)` with a deadline of zero.
    #[inline(always)]
    pub fn attempt_send(&self, message: &[u8], priority: u32) -> Result<Option<()>> {
        match sys::mq_timedsend(self.borrow(), message, priority, Some(Duration::ZERO)) {
            Ok(()) => Ok(Some(())),
            Err(e) if e.raw_os_error() == Some(sys::ETIMEDOUT) => Ok(None),
            Err(e) => Err(self.send_error(&e, message, priority)),
        }
    }

    /// Whether the queue takes a message of this length: `EMSGSIZE` if not, as sending it would
    /// give.
    pub fn check_length(&self, length: usize) -> Result<()> {
        if length <= self.message_size() {
            return Ok(());
        }
        let error = self.error_of("mq_timedsend", sys::EMSGSIZE);
        Err(error.explained(format!(
            "a message of {length} bytes, and this queue takes {} at most",
            self.message_size()
        )))
    }

    /// Whether there is such a priority: `EINVAL` if not, as sending with it would give.
    pub fn check_priority(&self, priority: u32) -> Result<()> {
        if priority <= PRIORITY_MAX {
            return Ok(());
        }
        let error = self.error_of("mq_timedsend", sys::EINVAL);
        Err(error.explained(format!("priority {priority} is not between 0 and {PRIORITY_MAX}")))
    }

    /// Attempts for as long as [`busy_poll`](Self::busy_poll) says: `None` if it is still to be
    /// waited for. `EINTR` for a signal.
    pub fn spin_send(
        &self,
        message: &[u8],
        priority: u32,
        deadline: Deadline,
    ) -> Result<Option<()>> {
        wait::spin(self, deadline, || self.attempt_send(message, priority))
    }

    /// Sleeps until it is sent or the deadline is over.
    ///
    /// # Errors
    ///
    /// `EINTR` when a signal handler ran (nothing was sent: call again), `ETIMEDOUT` at the
    /// deadline, `EBADF` after [`shutdown`](Self::shutdown).
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
    fn send_waiting(&self, message: &[u8], priority: u32, deadline: Deadline) -> Result<()> {
        match wait::uninterrupted(|| self.spin_send(message, priority, deadline))? {
            Some(()) => Ok(()),
            None => wait::uninterrupted(|| self.send_interruptible(message, priority, deadline)),
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
            sys::EINVAL => self.check_priority(priority).err().unwrap_or(error),
            sys::EMSGSIZE => self.check_length(message.len()).err().unwrap_or(error),
            _ => error,
        }
    }
}
