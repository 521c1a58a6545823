//! The next message: one that an earlier call could not hand over, or else the kernel's.

use posix_mqueue::Deadline;
use pyo3::prelude::*;

use crate::calls::blocking::{self, Failure};
use crate::queue::MessageQueue;
use crate::queue::receive_buffer::ReceiveBuffer;

/// Waits for a message until the deadline.
#[inline(always)]
pub(crate) fn receive_next(
    py: Python<'_>,
    queue: &MessageQueue,
    deadline: impl Into<Deadline>,
) -> Result<Box<ReceiveBuffer>, Failure> {
    if let Some(message) = take_undelivered(py, queue)? {
        return Ok(message);
    }
    let size = queue.metadata(py)?.msgsize;
    let mut buffer = ReceiveBuffer::take(size)?;
    match blocking::receive(py, queue, buffer.space(size), deadline) {
        Ok(received) => {
            buffer.set_message(received);
            Ok(buffer)
        }
        Err(failure) => {
            buffer.recycle();
            Err(failure)
        }
    }
}

/// Never waits, whatever the descriptor's mode: None if there is no message. It is received into
/// `buffer`, which is big enough for it.
pub(crate) fn try_receive_next(
    py: Python<'_>,
    queue: &MessageQueue,
    mut buffer: Box<ReceiveBuffer>,
) -> PyResult<Option<Box<ReceiveBuffer>>> {
    if let Some(message) = take_undelivered(py, queue)? {
        buffer.recycle();
        return Ok(Some(message));
    }
    let size = queue.metadata(py)?.msgsize;
    match blocking::try_receive(py, queue, buffer.space(size)) {
        Ok(Some(received)) => {
            buffer.set_message(received);
            Ok(Some(buffer))
        }
        nothing => {
            buffer.recycle();
            nothing.map(|_| None)
        }
    }
}

/// A message that an earlier receive had no memory for.
#[inline(always)]
fn take_undelivered(py: Python<'_>, queue: &MessageQueue) -> PyResult<Option<Box<ReceiveBuffer>>> {
    if queue.undelivered.is_empty() {
        return Ok(None);
    }
    queue.with_open(py, |_| queue.undelivered.take())
}

/// Gives a message to the caller, or holds it for the next receive.
#[inline(always)]
pub(crate) fn finish_receive<T>(
    queue: &MessageQueue,
    message: Box<ReceiveBuffer>,
    give: impl FnOnce(&ReceiveBuffer) -> PyResult<T>,
) -> PyResult<T> {
    match give(&message) {
        Ok(given) => {
            message.recycle();
            Ok(given)
        }
        Err(error) => {
            queue.undelivered.save(message);
            Err(error)
        }
    }
}
