//! The next message: one that an earlier call could not hand over, or else the kernel's.

use posix_mqueue::Deadline;
use pyo3::prelude::*;

use crate::calls::block::{self, Failure};
use crate::queue::MessageQueue;
use crate::queue::scratch::Scratch;

/// Waits for a message until the deadline.
#[inline(always)]
pub(crate) fn next(
    py: Python<'_>,
    queue: &MessageQueue,
    deadline: impl Into<Deadline>,
) -> Result<Box<Scratch>, Failure> {
    if let Some(message) = held(py, queue)? {
        return Ok(message);
    }
    let size = queue.facts(py)?.msgsize;
    let mut scratch = Scratch::take(size)?;
    match block::receive(py, queue, scratch.room(size), deadline) {
        Ok(received) => {
            scratch.fill(received);
            Ok(scratch)
        }
        Err(failure) => {
            scratch.put_back();
            Err(failure)
        }
    }
}

/// Never waits, whatever the descriptor's mode: None if there is no message. It is received into
/// `scratch`, which is big enough for it.
pub(crate) fn next_waiting(
    py: Python<'_>,
    queue: &MessageQueue,
    mut scratch: Box<Scratch>,
) -> PyResult<Option<Box<Scratch>>> {
    if let Some(message) = held(py, queue)? {
        scratch.put_back();
        return Ok(Some(message));
    }
    let size = queue.facts(py)?.msgsize;
    match block::receive_waiting(py, queue, scratch.room(size)) {
        Ok(Some(received)) => {
            scratch.fill(received);
            Ok(Some(scratch))
        }
        nothing => {
            scratch.put_back();
            nothing.map(|_| None)
        }
    }
}

/// A message that an earlier receive had no memory for.
#[inline(always)]
fn held(py: Python<'_>, queue: &MessageQueue) -> PyResult<Option<Box<Scratch>>> {
    if queue.held.is_empty() {
        return Ok(None);
    }
    queue.with_open(py, |_| queue.held.take())
}

/// Gives a message to the caller, or holds it for the next receive.
#[inline(always)]
pub(crate) fn hand_over<T>(
    queue: &MessageQueue,
    message: Box<Scratch>,
    give: impl FnOnce(&Scratch) -> PyResult<T>,
) -> PyResult<T> {
    match give(&message) {
        Ok(given) => {
            message.put_back();
            Ok(given)
        }
        Err(error) => {
            queue.held.hold(message);
            Err(error)
        }
    }
}
