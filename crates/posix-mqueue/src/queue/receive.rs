//! Receiving into the caller's memory: one attempt, and what waits on top of it.

use std::io;
use std::time::Duration;

use super::access::{self, Access};
use super::handle::MessageQueue;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::sys::{self, MessageBuffer};
use crate::wait;

/// Receiving into a buffer of at least [`message_size`](Self::message_size) bytes. Returns the
/// length of the message, which is at the start of the buffer, and its priority. The rest of the
/// buffer is unchanged.
///
/// The message with the highest priority comes first, and the oldest first within a priority. A
/// pending message is received even if the deadline has passed. An invalid call fails before it
/// waits, and a call that fails has received nothing.
///
/// # Errors
///
/// Of every call here:
///
/// - `EMSGSIZE`: the buffer is smaller than that, however short the message is.
/// - `EBADF`: the queue is open for writing only, or was [shut down](Self::shutdown).
/// - `EAGAIN`: the call would block, and `O_NONBLOCK` is set or the call is a `try_` one.
/// - `ETIMEDOUT`: the deadline passed.
/// - `EINTR`: a signal handler ran. Only from the calls that document it; the others continue.
///
/// Source: `mq_receive(3)`, whose `mq_timedreceive` all of them call.
impl MessageQueue {
    /// Receives, waiting without limit.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// let mut buffer = vec![0; queue.message_size()];
    /// let (length, priority) = queue.receive(&mut buffer)?;
    /// assert_eq!((&buffer[..length], priority), (&b"job"[..], 7));
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn receive(&self, buffer: &mut [u8]) -> Result<(usize, u32)> {
        self.receive_into(&mut buffer.into())
    }

    /// Receives if there is a message, without waiting; `EAGAIN` if there is none.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let error = queue.try_receive(&mut [0; 16]).unwrap_err();
    /// assert!(error.is_would_block());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn try_receive(&self, buffer: &mut [u8]) -> Result<(usize, u32)> {
        self.try_receive_into(&mut buffer.into())
    }

    /// Receives, waiting at most this long, on the monotonic clock; then `ETIMEDOUT`.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let error = queue.receive_timeout(&mut [0; 16], Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn receive_timeout(&self, buffer: &mut [u8], timeout: Duration) -> Result<(usize, u32)> {
        self.receive_deadline(buffer, timeout)
    }

    /// Receives, waiting for a message until the deadline; then `ETIMEDOUT`.
    ///
    /// An [`Instant`](std::time::Instant) is on the monotonic clock. A
    /// [`SystemTime`](std::time::SystemTime) follows the wall clock, wherever that is stepped to.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let deadline = Instant::now() + Duration::from_millis(1); // for all together
    /// while queue.receive_deadline(&mut [0; 16], deadline).is_ok() {}
    /// let in_a_second = SystemTime::now() + Duration::from_secs(1);
    /// queue.send(b"job", 7)?;
    /// assert_eq!(queue.receive_deadline(&mut [0; 16], in_a_second)?, (3, 7));
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn receive_deadline(
        &self,
        buffer: &mut [u8],
        deadline: impl Into<Deadline>,
    ) -> Result<(usize, u32)> {
        self.receive_into_by(&mut buffer.into(), || deadline.into())
    }

    /// Makes one attempt that does not block, whatever the descriptor's mode. Returns `None` if a
    /// plain call would block. `EINTR` for a signal.
    ///
    /// The other calls are built from this one and the two below, for programs that have something
    /// to do in between. `mq_timedreceive(3)` with a deadline of zero.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// let mut buffer = [0; 16];
    /// assert_eq!(queue.attempt_receive(&mut buffer)?, Some((3, 7)));
    /// assert_eq!(queue.attempt_receive(&mut buffer)?, None);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn attempt_receive(&self, buffer: &mut [u8]) -> Result<Option<(usize, u32)>> {
        self.attempt_receive_into(&mut buffer.into())
    }

    /// Repeats the attempt for the time of [`busy_poll`](Self::busy_poll), and not past the
    /// deadline. Returns `None` if no attempt succeeded. `EINTR` for a signal.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.set_busy_poll(Duration::from_micros(50));
    /// assert_eq!(queue.spin_receive(&mut [0; 16], Deadline::Never)?, None);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn spin_receive(
        &self,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> Result<Option<(usize, u32)>> {
        self.spin_receive_into(&mut buffer.into(), deadline)
    }

    /// Blocks until it has received a message or the deadline passes. `EINTR` when a signal handler
    /// ran: nothing was received, and another call waits for the same deadline.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// let (mut buffer, deadline) = ([0; 16], Deadline::from(Duration::from_secs(1)));
    /// let (length, priority) = loop {
    ///     match queue.receive_interruptible(&mut buffer, deadline) {
    ///         Err(error) if error.is_interrupted() => {} // what its signal handlers noted
    ///         outcome => break outcome?,
    ///     }
    /// };
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn receive_interruptible(
        &self,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> Result<(usize, u32)> {
        self.block_receive_into(&mut buffer.into(), deadline)
    }
}

/// What the public calls are made of.
impl MessageQueue {
    #[inline(always)]
    pub(crate) fn receive_into(&self, buffer: &mut MessageBuffer<'_>) -> Result<(usize, u32)> {
        if !self.busy_poll().is_zero() {
            return self.receive_into_by(buffer, || Deadline::Never);
        }
        // Without an attempt first: a call that has to wait then blocks sooner.
        match wait::short_call(self.waits(), || sys::mq_timedreceive(self.borrow(), buffer, None)) {
            Ok(received) => Ok(received),
            Err(e) if e.raw_os_error() == Some(sys::EINTR) => self.receive_interrupted(buffer),
            Err(e) => Err(self.receive_error(&e, buffer.len())),
        }
    }

    #[cold]
    fn receive_interrupted(&self, buffer: &mut MessageBuffer<'_>) -> Result<(usize, u32)> {
        self.receive_into_by(buffer, || Deadline::Never)
    }

    #[inline(always)]
    pub(crate) fn receive_into_by(
        &self,
        buffer: &mut MessageBuffer<'_>,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<(usize, u32)> {
        if self.is_shut_down() {
            return self.receive_waiting(buffer, Deadline::Never);
        }
        match self.attempt_receive_into(buffer) {
            Ok(Some(received)) => Ok(received),
            Err(error) if !error.is_interrupted() => Err(error),
            _ => self.receive_waiting(buffer, deadline()),
        }
    }

    #[inline(always)]
    pub(crate) fn try_receive_into(&self, buffer: &mut MessageBuffer<'_>) -> Result<(usize, u32)> {
        wait::retry_on_eintr(|| self.attempt_receive_into(buffer))?
            .ok_or_else(|| self.error_of("mq_timedreceive", sys::EAGAIN))
    }

    #[inline(always)]
    pub(crate) fn attempt_receive_into(
        &self,
        buffer: &mut MessageBuffer<'_>,
    ) -> Result<Option<(usize, u32)>> {
        match sys::mq_timedreceive(self.borrow(), buffer, Some(Duration::ZERO)) {
            Ok(received) => Ok(Some(received)),
            Err(e) if e.raw_os_error() == Some(sys::ETIMEDOUT) => Ok(None),
            Err(e) => Err(self.receive_error(&e, buffer.len())),
        }
    }

    fn spin_receive_into(
        &self,
        buffer: &mut MessageBuffer<'_>,
        deadline: Deadline,
    ) -> Result<Option<(usize, u32)>> {
        wait::spin(self.waits(), deadline, || self.attempt_receive_into(buffer))
    }

    fn block_receive_into(
        &self,
        buffer: &mut MessageBuffer<'_>,
        deadline: Deadline,
    ) -> Result<(usize, u32)> {
        wait::wait_until_done(self.waits(), self.borrow(), sys::POLLIN, deadline, |until| {
            sys::mq_timedreceive(self.borrow(), buffer, until)
        })
        .map_err(|e| self.receive_error(&e, buffer.len()).with_deadline(deadline, "message"))
    }

    #[cold]
    fn receive_waiting(
        &self,
        buffer: &mut MessageBuffer<'_>,
        deadline: Deadline,
    ) -> Result<(usize, u32)> {
        match wait::retry_on_eintr(|| self.spin_receive_into(buffer, deadline))? {
            Some(received) => Ok(received),
            None => wait::retry_on_eintr(|| self.block_receive_into(buffer, deadline)),
        }
    }

    #[cold]
    fn receive_error(&self, error: &io::Error, given: usize) -> Error {
        let error = self.error("mq_timedreceive", error);
        match error.raw_os_error() {
            sys::EBADF => self.wrong_descriptor(error, Access::Write, access::WRITE_ONLY),
            sys::EMSGSIZE => error.with_explanation(format!(
                "a buffer of {given} bytes, and this queue's messages may have {}",
                self.message_size()
            )),
            _ => error,
        }
    }
}
