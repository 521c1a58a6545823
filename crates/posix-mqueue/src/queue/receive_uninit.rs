//! Receiving into uninitialized memory.

use std::mem::MaybeUninit;

use super::handle::MessageQueue;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::sys::MessageBuffer;

/// Receiving into memory that need not be initialized, such as [`Vec::spare_capacity_mut`]. Returns
/// the message, which is at the start of the memory, and the priority.
///
/// The memory must have at least [`message_size`](Self::message_size) bytes. Errors and order are
/// those of [receiving into a buffer](Self::receive).
impl MessageQueue {
    /// Receives, waiting for a message until the deadline; then `ETIMEDOUT`.
    ///
    /// The deadline is anything that converts to a [`Deadline`]: a duration, an instant, a wall-clock
    /// time, or [`Deadline::Never`].
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.send(b"job", 7)?;
    /// let mut buffer = [std::mem::MaybeUninit::uninit(); 16];
    /// let (message, priority) = queue.receive_uninit(&mut buffer, Duration::from_secs(1))?;
    /// assert_eq!((&*message, priority), (&b"job"[..], 7));
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[inline(always)]
    pub fn receive_uninit<'a>(
        &self,
        buffer: &'a mut [MaybeUninit<u8>],
        deadline: impl Into<Deadline>,
    ) -> Result<(&'a mut [u8], u32)> {
        let mut buffer = MessageBuffer::from(buffer);
        let (_, priority) = self.receive_into_by(&mut buffer, || deadline.into())?;
        Ok((buffer.filled(), priority))
    }

    /// Makes one attempt that does not block, whatever the descriptor's mode. Returns `None` if a
    /// plain call would block. `EINTR` for a signal.
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
}
