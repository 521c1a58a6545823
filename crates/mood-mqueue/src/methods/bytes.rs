//! What the document has of sending and receiving.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use crate::calls::byte_io;
use crate::convert::c_uint;
use crate::convert::timeout::{self, Seconds};
use crate::queue::MessageQueue;

#[pymethods]
impl MessageQueue {
    /// Send one message and return the number of bytes sent: at most msgsize, the rest is not.
    ///
    /// message is any bytes-like object; it may be empty. priority is from 0 (low) to 32767 (high,
    /// os.sysconf("SC_MQ_PRIO_MAX") - 1); the highest is received first, the oldest of equals
    /// before the others. Waits while the queue is full, for timeout seconds at most (None: as long
    /// as it takes; 0: not at all; on the monotonic clock).
    ///
    /// Raises BlockingIOError (EAGAIN) for a full queue in nonblocking mode; TimeoutError
    /// (ETIMEDOUT) at the timeout; OSError with EINVAL for a priority over 32767 and EBADF for a
    /// queue that is closed or opened with O_RDONLY; OverflowError for a priority that no C
    /// unsigned int holds; BufferError for a message that is not contiguous. A signal handler that
    /// raises ends the wait, with nothing sent.
    ///
    /// >>> mq.send(b"hello"), mq.send(b"x" * 100, priority=9)  # msgsize is 64
    /// (5, 64)
    ///
    /// Source: mq_send(3).
    #[pyo3(signature = (message, priority=0, timeout=None))]
    fn send<'py>(
        &self,
        message: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = c_uint::priority)] priority: u32,
        timeout: Option<Seconds>,
    ) -> PyResult<Bound<'py, PyAny>> {
        byte_io::send(self, message, priority, timeout::deadline(timeout))
    }

    /// Send all of message, in as many messages of at most msgsize bytes as it takes. An empty
    /// one is one empty message. The timeout is for all of it.
    ///
    /// Raises what send() raises. Where some messages are sent already, the exception's
    /// characters_written tells how many bytes they took.
    ///
    /// >>> mq.sendall(b"x" * 100)  # msgsize is 64
    /// >>> len(mq.receive()), len(mq.receive())
    /// (64, 36)
    ///
    /// Source: mq_send(3).
    #[pyo3(signature = (message, priority=0, timeout=None))]
    fn sendall(
        &self,
        message: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = c_uint::priority)] priority: u32,
        timeout: Option<Seconds>,
    ) -> PyResult<()> {
        byte_io::sendall(self, message, priority, timeout::deadline(timeout))
    }

    /// Receive and return one message, waiting while the queue is empty, for timeout seconds at
    /// most (see send()).
    ///
    /// Raises BlockingIOError (EAGAIN) for an empty queue in nonblocking mode, TimeoutError
    /// (ETIMEDOUT) at the timeout, OSError (EBADF) for a queue that is closed or opened with
    /// O_WRONLY. A signal handler that raises ends the wait, with nothing taken; after a
    /// MemoryError the message comes with the next receive().
    ///
    /// >>> mq.send(b"hello")
    /// 5
    /// >>> mq.receive()
    /// b'hello'
    ///
    /// Source: mq_receive(3).
    #[pyo3(signature = (timeout=None))]
    fn receive<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<Seconds>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        Ok(byte_io::receive(py, self, timeout::deadline(timeout))?)
    }

    /// Append the messages that are in the queue now to buffer, a bytearray, up to the first
    /// empty one; return whether the last one was empty. Waits for one if the queue is empty,
    /// for timeout seconds at most.
    ///
    /// Raises what receive() raises, and BufferError for a buffer that cannot grow because
    /// somebody has a view of it; what was taken before is in the buffer.
    ///
    /// >>> mq.sendall(b"x" * 100)
    /// >>> buffer = bytearray(b"head")
    /// >>> mq.drain(buffer), len(buffer)
    /// (False, 104)
    ///
    /// Source: mq_receive(3).
    #[pyo3(signature = (buffer, timeout=None))]
    fn drain(&self, buffer: &Bound<'_, PyByteArray>, timeout: Option<Seconds>) -> PyResult<bool> {
        byte_io::drain(self, buffer, timeout::deadline(timeout))
    }

    /// Send all of buffer, a bytearray, as sendall() does, and remove from it what was sent. An
    /// empty one sends nothing. The timeout is for all of it.
    ///
    /// Raises what send() raises, and BufferError for a buffer that cannot shrink because
    /// somebody has a view of it. What is not sent stays in buffer. Where what was sent cannot be
    /// removed, since somebody took a view meanwhile or for want of memory, the exception's
    /// characters_written tells how many of the first bytes it is.
    ///
    /// >>> buffer = bytearray(100)
    /// >>> mq.fill(buffer)
    /// >>> len(buffer), len(mq)
    /// (0, 2)
    ///
    /// Source: mq_send(3).
    #[pyo3(signature = (buffer, priority=0, timeout=None))]
    fn fill(
        &self,
        buffer: &Bound<'_, PyByteArray>,
        #[pyo3(from_py_with = c_uint::priority)] priority: u32,
        timeout: Option<Seconds>,
    ) -> PyResult<()> {
        byte_io::fill(self, buffer, priority, timeout::deadline(timeout))
    }
}
