//! Receiving into the caller's memory: one attempt, and what waits on top of it.

use std::io;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant, SystemTime};

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::queue::{Access, MessageQueue};
use crate::sys::{self, Room};
use crate::wait;

/// Receiving into a buffer of at least [`message_size`](Self::message_size) bytes: the length of
/// the message now at its start, and the priority.
///
/// Every call fails with `EMSGSIZE` for a smaller buffer, before anything is taken, `EBADF` for a
/// queue that is open for writing only, and, if `O_NONBLOCK` is set, with `EAGAIN` where it would
/// have to wait. `EINTR` comes from those alone that say so. Source: `mq_receive(3)`.
impl MessageQueue {
    /// Receives, waiting as long as it takes.
    #[inline(always)]
    pub fn receive(&self, buffer: &mut [u8]) -> Result<(usize, u32)> {
        self.receive_room(&mut buffer.into())
    }

    /// Receives if there is a message, without waiting; `EAGAIN` if there is none.
    #[inline(always)]
    pub fn try_receive(&self, buffer: &mut [u8]) -> Result<(usize, u32)> {
        self.try_room(&mut buffer.into())
    }

    /// Receives, waiting for so long at most, on the monotonic clock; then `ETIMEDOUT`.
    #[inline(always)]
    pub fn receive_timeout(&self, buffer: &mut [u8], timeout: Duration) -> Result<(usize, u32)> {
        self.receive_by(&mut buffer.into(), || timeout.into())
    }

    /// Receives, waiting until then at most, on the monotonic clock; then `ETIMEDOUT`.
    #[inline(always)]
    pub fn receive_deadline(&self, buffer: &mut [u8], deadline: Instant) -> Result<(usize, u32)> {
        self.receive_by(&mut buffer.into(), || deadline.into())
    }

    /// Receives, waiting until then at most, on the wall clock; then `ETIMEDOUT`.
    #[inline(always)]
    pub fn receive_until(&self, buffer: &mut [u8], time: SystemTime) -> Result<(usize, u32)> {
        self.receive_by(&mut buffer.into(), || time.into())
    }

    /// One attempt that does not wait, whatever the descriptor's mode: `None` where a plain call
    /// would sleep. `EINTR` for a signal.
    ///
    /// With the two below, what the other calls are built of, for a program that has something to
    /// do in between. `mq_timedreceive(3)` with a deadline of zero.
    #[inline(always)]
    pub fn attempt_receive(&self, buffer: &mut [u8]) -> Result<Option<(usize, u32)>> {
        self.attempt_room(&mut buffer.into())
    }

    /// Attempts for as long as [`busy_poll`](Self::busy_poll) says: `None` if it is still to be
    /// waited for. `EINTR` for a signal.
    pub fn spin_receive(
        &self,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> Result<Option<(usize, u32)>> {
        self.spin_room(&mut buffer.into(), deadline)
    }

    /// Sleeps until a message is received or the deadline is over.
    ///
    /// # Errors
    ///
    /// `EINTR` when a signal handler ran (nothing was taken: call again), `ETIMEDOUT` at the
    /// deadline, `EBADF` after [`shutdown`](Self::shutdown).
    pub fn receive_interruptible(
        &self,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> Result<(usize, u32)> {
        self.sleep_room(&mut buffer.into(), deadline)
    }
}

/// Receiving into memory that need not be initialised: the message, which is now at its start, and
/// the priority. Errors as above.
impl MessageQueue {
    /// Receives, waiting as long as it takes.
    #[inline(always)]
    pub fn receive_uninit<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
    ) -> Result<(&'a mut [u8], u32)> {
        let mut room = buffer.into();
        let (_, priority) = self.receive_room(&mut room)?;
        Ok((room.filled(), priority))
    }

    /// Receives if there is a message, without waiting; `EAGAIN` if there is none.
    #[inline(always)]
    pub fn try_receive_uninit<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
    ) -> Result<(&'a mut [u8], u32)> {
        let mut room = buffer.into();
        let (_, priority) = self.try_room(&mut room)?;
        Ok((room.filled(), priority))
    }

    /// Receives, waiting for so long at most, on the monotonic clock; then `ETIMEDOUT`.
    #[inline(always)]
    pub fn receive_uninit_timeout<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
        timeout: Duration,
    ) -> Result<(&'a mut [u8], u32)> {
        self.receive_uninit_by(buffer, || timeout.into())
    }

    /// Receives, waiting until then at most, on the monotonic clock; then `ETIMEDOUT`.
    #[inline(always)]
    pub fn receive_uninit_deadline<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
        deadline: Instant,
    ) -> Result<(&'a mut [u8], u32)> {
        self.receive_uninit_by(buffer, || deadline.into())
    }

    /// Receives, waiting until then at most, on the wall clock; then `ETIMEDOUT`.
    #[inline(always)]
    pub fn receive_uninit_until<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
        time: SystemTime,
    ) -> Result<(&'a mut [u8], u32)> {
        self.receive_uninit_by(buffer, || time.into())
    }

    /// One attempt that does not wait, whatever the descriptor's mode: `None` where a plain call
    /// would sleep. `EINTR` for a signal.
    #[inline(always)]
    pub fn attempt_receive_uninit<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
    ) -> Result<Option<(&'a mut [u8], u32)>> {
        let mut room = buffer.into();
        let received = self.attempt_room(&mut room)?;
        Ok(received.map(|(_, priority)| (room.filled(), priority)))
    }

    #[inline(always)]
    fn receive_uninit_by<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<(&'a mut [u8], u32)> {
        let mut room = buffer.into();
        let (_, priority) = self.receive_by(&mut room, deadline)?;
        Ok((room.filled(), priority))
    }
}

/// What all of these come to.
impl MessageQueue {
    #[inline(always)]
    pub(crate) fn receive_room(&self, room: &mut Room<'_>) -> Result<(usize, u32)> {
        if !self.busy_poll().is_zero() {
            return self.receive_by(room, || Deadline::Never);
        }
        // Without a first try: what would wait anyhow is asleep the sooner.
        loop {
            match wait::asleep(self, || sys::mq_timedreceive(self.borrow(), room, None)) {
                Ok(received) => return Ok(received),
                Err(e) if e.raw_os_error() == Some(sys::EINTR) => {}
                Err(e) => return Err(self.receive_error(&e, room.len())),
            }
        }
    }

    #[inline(always)]
    pub(crate) fn receive_by(
        &self,
        room: &mut Room<'_>,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<(usize, u32)> {
        if self.is_shut_down() {
            return self.receive_waiting(room, Deadline::Never);
        }
        match self.attempt_room(room) {
            Ok(Some(received)) => Ok(received),
            Err(error) if !error.is_interrupted() => Err(error),
            _ => self.receive_waiting(room, deadline()),
        }
    }

    #[inline(always)]
    pub(crate) fn try_room(&self, room: &mut Room<'_>) -> Result<(usize, u32)> {
        wait::uninterrupted(|| self.attempt_room(room))?
            .ok_or_else(|| self.error_of("mq_timedreceive", sys::EAGAIN))
    }

    #[inline(always)]
    fn attempt_room(&self, room: &mut Room<'_>) -> Result<Option<(usize, u32)>> {
        match sys::mq_timedreceive(self.borrow(), room, Some(Duration::ZERO)) {
            Ok(received) => Ok(Some(received)),
            Err(e) if e.raw_os_error() == Some(sys::ETIMEDOUT) => Ok(None),
            Err(e) => Err(self.receive_error(&e, room.len())),
        }
    }

    fn spin_room(&self, room: &mut Room<'_>, deadline: Deadline) -> Result<Option<(usize, u32)>> {
        wait::spin(self, deadline, || self.attempt_room(room))
    }

    fn sleep_room(&self, room: &mut Room<'_>, deadline: Deadline) -> Result<(usize, u32)> {
        wait::until_done(self, sys::POLLIN, deadline, |until| {
            sys::mq_timedreceive(self.borrow(), room, until)
        })
        .map_err(|e| self.receive_error(&e, room.len()))
    }

    #[cold]
    fn receive_waiting(&self, room: &mut Room<'_>, deadline: Deadline) -> Result<(usize, u32)> {
        match wait::uninterrupted(|| self.spin_room(room, deadline))? {
            Some(received) => Ok(received),
            None => wait::uninterrupted(|| self.sleep_room(room, deadline)),
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
                self.message_size()
            )),
            _ => error,
        }
    }
}
