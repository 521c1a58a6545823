//! Receiving into memory that holds nothing yet.

use std::mem::MaybeUninit;
use std::time::{Duration, Instant, SystemTime};

use super::handle::MessageQueue;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::sys::MessageBuffer;

/// Receiving into memory that need not be initialised, such as [`Vec::spare_capacity_mut`]: the
/// message, which is now at its start, and the priority.
///
/// It must have at least [`message_size`](Self::message_size) bytes. Everything else, errors
/// included, is as where [a buffer](Self::receive) is given.
impl MessageQueue {
    /// Receives, waiting as long as it takes.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// let mut buffer = [std::mem::MaybeUninit::uninit(); 16];
    /// let (message, priority) = queue.receive_uninit(&mut buffer)?;
    /// assert_eq!((&*message, priority), (&b"job"[..], 7));
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn receive_uninit<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
    ) -> Result<(&'a mut [u8], u32)> {
        let mut buffer = MessageBuffer::from(buffer);
        let (_, priority) = self.receive_into(&mut buffer)?;
        Ok((buffer.filled(), priority))
    }

    /// Receives if there is a message, without waiting; `EAGAIN` if there is none.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let mut buffer = [std::mem::MaybeUninit::uninit(); 16];
    /// let error = queue.try_receive_uninit(&mut buffer).unwrap_err();
    /// assert!(error.is_would_block());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn try_receive_uninit<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
    ) -> Result<(&'a mut [u8], u32)> {
        let mut buffer = MessageBuffer::from(buffer);
        let (_, priority) = self.try_receive_into(&mut buffer)?;
        Ok((buffer.filled(), priority))
    }

    /// Receives, waiting for so long at most, on the monotonic clock; then `ETIMEDOUT`.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// let mut buffer = [std::mem::MaybeUninit::uninit(); 16];
    /// let (message, _) = queue.receive_uninit_timeout(&mut buffer, Duration::from_millis(1))?;
    /// assert_eq!(message, b"job");
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn receive_uninit_timeout<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
        timeout: Duration,
    ) -> Result<(&'a mut [u8], u32)> {
        self.receive_uninit_by(buffer, || timeout.into())
    }

    /// Receives, waiting until then at most, on the monotonic clock; then `ETIMEDOUT`.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// let mut buffer = [std::mem::MaybeUninit::uninit(); 16];
    /// let deadline = Instant::now() + Duration::from_millis(1);
    /// let (message, _) = queue.receive_uninit_deadline(&mut buffer, deadline)?;
    /// assert_eq!(message, b"job");
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn receive_uninit_deadline<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
        deadline: Instant,
    ) -> Result<(&'a mut [u8], u32)> {
        self.receive_uninit_by(buffer, || deadline.into())
    }

    /// Receives, waiting until then at most, on the wall clock; then `ETIMEDOUT`.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// let mut buffer = [std::mem::MaybeUninit::uninit(); 16];
    /// let in_a_second = SystemTime::now() + Duration::from_secs(1);
    /// let (message, _) = queue.receive_uninit_until(&mut buffer, in_a_second)?;
    /// assert_eq!(message, b"job");
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
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
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let mut buffer = [std::mem::MaybeUninit::uninit(); 16];
    /// assert!(queue.attempt_receive_uninit(&mut buffer)?.is_none());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn attempt_receive_uninit<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
    ) -> Result<Option<(&'a mut [u8], u32)>> {
        let mut buffer = MessageBuffer::from(buffer);
        let received = self.attempt_receive_into(&mut buffer)?;
        Ok(received.map(|(_, priority)| (buffer.filled(), priority)))
    }

    #[inline(always)]
    fn receive_uninit_by<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<(&'a mut [u8], u32)> {
        let mut buffer = MessageBuffer::from(buffer);
        let (_, priority) = self.receive_into_by(&mut buffer, deadline)?;
        Ok((buffer.filled(), priority))
    }
}
