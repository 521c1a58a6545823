//! Whole messages, with their priorities.

use posix_mqueue::Deadline;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::calls::blocking::Failure;
use crate::calls::{byte_io, message_io};
use crate::convert::c_uint;
use crate::convert::timeout::{self, Seconds};
use crate::errors;
use crate::queue::MessageQueue;

#[pymethods]
impl MessageQueue {
    /// Send one message, whole: what is longer than msgsize is refused, not cut. Otherwise as
    /// send().
    ///
    /// Raises what send() raises, and OSError (EMSGSIZE) with nothing sent.
    ///
    /// >>> mq.send_message(b"hello", priority=7)
    /// >>> mq.receive_message().priority
    /// 7
    ///
    /// Source: mq_send(3).
    #[pyo3(signature = (message, priority=0, timeout=None))]
    fn send_message(
        &self,
        message: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = c_uint::priority)] priority: u32,
        timeout: Option<Seconds>,
    ) -> PyResult<()> {
        message_io::send_message(self, message, priority, timeout::deadline(timeout))
    }

    /// Receive one message with its priority, as Message(data, priority). Otherwise as receive().
    ///
    /// Raises what receive() raises.
    ///
    /// >>> mq.send_message(b"hello", 7)
    /// >>> mq.receive_message()
    /// Message(data=b'hello', priority=7)
    ///
    /// Source: mq_receive(3).
    #[pyo3(signature = (timeout=None))]
    fn receive_message<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<Seconds>,
    ) -> PyResult<Bound<'py, PyAny>> {
        message_io::receive_message(py, self, timeout::deadline(timeout))
    }

    /// Receive one message into buffer, a writable object of at least msgsize contiguous bytes, and
    /// return (nbytes, priority). Otherwise as receive(). The buffer cannot be resized meanwhile.
    ///
    /// Raises what receive() raises; before any message is taken, ValueError for a buffer that is
    /// too small, BufferError for one that is read-only or not contiguous, TypeError for what is
    /// no buffer.
    ///
    /// >>> mq.send_message(b"hello", 7)
    /// >>> buffer = bytearray(mq.msgsize)
    /// >>> mq.receive_into(buffer), buffer[:5]
    /// ((5, 7), bytearray(b'hello'))
    ///
    /// Source: mq_receive(3).
    #[pyo3(signature = (buffer, timeout=None))]
    fn receive_into<'py>(
        &self,
        buffer: &Bound<'py, PyAny>,
        timeout: Option<Seconds>,
    ) -> PyResult<Bound<'py, PyAny>> {
        message_io::receive_into(self, buffer, timeout::deadline(timeout))
    }

    /// Send several messages, each whole, and return how many were sent.
    ///
    /// messages is an iterable, read to its end first, of bytes-like objects, or of
    /// (bytes-like, priority) for a priority of its own. All are looked at before the first one is
    /// sent. The call waits while the queue is full, for timeout seconds at most in all.
    ///
    /// Raises what send_message() raises, if no message was sent; TypeError for a single message in
    /// the place of several. If some were sent, it returns their number, which is then less than
    /// that of messages: the others can be sent again. A signal handler's exception is raised in
    /// any case; its messages_sent tells the number.
    ///
    /// >>> mq.send_many([b"one", b"two", (b"three", 9)])
    /// 3
    ///
    /// Source: mq_send(3).
    #[pyo3(signature = (messages, priority=0, timeout=None))]
    fn send_many(
        &self,
        messages: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = c_uint::priority)] priority: u32,
        timeout: Option<Seconds>,
    ) -> PyResult<usize> {
        message_io::send_many(self, messages, priority, timeout::deadline(timeout))
    }

    /// Receive the messages that are there, at least one, as a list of Message(data, priority).
    ///
    /// Waits for the first one as receive() does, and for no other. max_messages is how many to
    /// take at most, by default as many as the queue can hold (maxmsg).
    ///
    /// Raises what receive() raises, with nothing taken, and ValueError for a negative number.
    ///
    /// >>> mq.send_many([b"one", (b"two", 9)])
    /// 2
    /// >>> mq.receive_many()
    /// [Message(data=b'two', priority=9), Message(data=b'one', priority=0)]
    ///
    /// Source: mq_receive(3).
    #[pyo3(signature = (max_messages=None, timeout=None))]
    fn receive_many<'py>(
        &self,
        py: Python<'py>,
        max_messages: Option<i64>,
        timeout: Option<Seconds>,
    ) -> PyResult<Bound<'py, PyList>> {
        let limit = max_messages.map(|max| {
            usize::try_from(max).map_err(|_| errors::negative_argument("max_messages", max))
        });
        message_io::receive_many(py, self, limit.transpose()?, timeout::deadline(timeout))
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// Waits, as receive() does; in nonblocking mode an empty queue is the end.
    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match byte_io::receive(py, self, Deadline::Never) {
            Ok(message) => Ok(message.into_any()),
            // Not where a signal handler raises the like.
            Err(Failure::Failed(error)) if errors::is_would_block(py, &error) => {
                Err(errors::end_of_iteration())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Without it, `in` would take messages until it finds one.
    fn __contains__(_slf: &Bound<'_, Self>, _message: &Bound<'_, PyAny>) -> PyResult<bool> {
        Err(errors::not_searchable())
    }
}
