//! Waiting until a queue is ready, without sending or receiving.

use super::handle::MessageQueue;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::{sys, wait};

/// Waiting without sending or receiving, by `ppoll(2)`. It works on a nonblocking descriptor and
/// with any access mode, and it does not suppress a notification as a blocked receiver does.
///
/// The deadline is anything that converts to a [`Deadline`]: a duration, an instant, a wall-clock
/// time. A step of the wall clock takes effect once the time that was left at the start has passed.
///
/// # Errors
///
/// `ETIMEDOUT` at the deadline, `EBADF` after [`shutdown`](Self::shutdown). Signals do not end the
/// wait.
impl MessageQueue {
    /// Waits until there is a message. Another receiver may take it first.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// queue.set_nonblocking(true)?;
    /// queue.send(b"job", 0)?;
    /// queue.wait_readable(Duration::from_secs(1))?;
    /// assert_eq!(queue.receive_message()?.data, b"job");
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn wait_readable(&self, deadline: impl Into<Deadline>) -> Result<()> {
        self.wait_ready(sys::POLLIN, "message", deadline.into())
    }

    /// Waits until there is room for a message. Another sender may use it first.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// while queue.try_send(b"job", 0).is_ok() {}
    /// let error = queue.wait_writable(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn wait_writable(&self, deadline: impl Into<Deadline>) -> Result<()> {
        self.wait_ready(sys::POLLOUT, "room", deadline.into())
    }

    fn wait_ready(&self, ready: i16, missing: &str, deadline: Deadline) -> Result<()> {
        wait::retry_on_eintr(|| {
            wait::wait_until_ready(self.waits(), self.borrow(), ready, deadline)
                .map_err(|e| self.closed(self.error("ppoll", &e)).with_deadline(deadline, missing))
        })
    }
}
