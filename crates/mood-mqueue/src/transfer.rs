//! Messages in and out: what is cut, what is split, and that none is lost on the way.

use posix_mqueue::Deadline;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use crate::buffer::{self, Export, Scratch};
use crate::queue::MessageQueue;
use crate::{block, errors};

pub(crate) fn send<'py>(
    queue: &MessageQueue,
    message: &Bound<'py, PyAny>,
    priority: u32,
    deadline: Deadline,
) -> PyResult<Bound<'py, PyAny>> {
    let py = message.py();
    buffer::with_bytes(message, queue.facts(py)?.msgsize, |bytes| {
        // The answer first: no memory for it must not mean that a message went all the same.
        let answer = buffer::to_int(py, bytes.len())?;
        block::send(py, queue, bytes, priority, deadline)?;
        Ok(answer)
    })
}

pub(crate) fn sendall(
    queue: &MessageQueue,
    message: &Bound<'_, PyAny>,
    priority: u32,
    deadline: Deadline,
) -> PyResult<()> {
    let py = message.py();
    let msgsize = queue.facts(py)?.msgsize;
    buffer::with_bytes(message, usize::MAX, |bytes| {
        // Cut off by hand, since no chunk comes of an empty message.
        let (first, rest) = bytes.split_at(bytes.len().min(msgsize));
        block::send(py, queue, first, priority, deadline)?;
        rest.chunks(msgsize).zip(1..).try_for_each(|(chunk, sent)| {
            block::send(py, queue, chunk, priority, deadline)
                .map_err(|error| errors::after_writing(py, error, sent * msgsize))
        })
    })
}

pub(crate) fn receive<'py>(
    py: Python<'py>,
    queue: &MessageQueue,
    deadline: Deadline,
) -> PyResult<Bound<'py, PyBytes>> {
    let message = match held(py, queue)? {
        Some(held) => held,
        None => next(py, queue, deadline)?,
    };
    hand_over(queue, message, |bytes| buffer::to_bytes(py, bytes))
}

/// Whether the last message was empty.
pub(crate) fn drain(
    queue: &MessageQueue,
    buffer: &Bound<'_, PyByteArray>,
    deadline: Deadline,
) -> PyResult<bool> {
    let py = buffer.py();
    let backlog = queue.messages(py)?;
    for taken in 0..backlog.max(1) {
        buffer::check_resizable(buffer)?;
        let message = match held(py, queue)? {
            Some(held) => held,
            None if taken == 0 => next(py, queue, deadline)?,
            // What others have taken of the backlog meanwhile is not waited for.
            None => match next_waiting(py, queue)? {
                Some(message) => message,
                None => break,
            },
        };
        let append = |bytes: &[u8]| buffer::append(buffer, bytes).map(|()| bytes.is_empty());
        if hand_over(queue, message, append)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn fill(
    queue: &MessageQueue,
    buffer: &Bound<'_, PyByteArray>,
    priority: u32,
    deadline: Deadline,
) -> PyResult<()> {
    let py = buffer.py();
    let msgsize = queue.facts(py)?.msgsize;
    queue.with_open(py, |_| ())?;
    buffer::check_resizable(buffer)?;
    // Nobody may resize it before the bytes that are sent are gone from it.
    let export = Export::of_bytearray(buffer)?;
    let mut sent = 0;
    let mut send_all = || {
        while sent < export.size() {
            let chunk = export.copy(sent, msgsize)?;
            block::send(py, queue, &chunk, priority, deadline)?;
            sent += chunk.len();
        }
        Ok(())
    };
    let outcome = send_all();
    drop(export);
    let removed = buffer::remove_first(buffer, sent);
    removed.map_err(|error| errors::after_writing(py, error, sent)).and(outcome)
}

/// A message that an earlier receive had no memory for.
fn held(py: Python<'_>, queue: &MessageQueue) -> PyResult<Option<Box<Scratch>>> {
    queue.with_open(py, |_| queue.held.take())
}

/// The next message of the kernel's.
fn next(py: Python<'_>, queue: &MessageQueue, deadline: Deadline) -> PyResult<Box<Scratch>> {
    let size = queue.facts(py)?.msgsize;
    let (mut scratch, (length, priority)) =
        Scratch::receive(size, |room| block::receive(py, queue, room, deadline))?;
    scratch.fill(length, priority);
    Ok(scratch)
}

/// The same if there is one now.
fn next_waiting(py: Python<'_>, queue: &MessageQueue) -> PyResult<Option<Box<Scratch>>> {
    let size = queue.facts(py)?.msgsize;
    let (mut scratch, received) =
        Scratch::receive(size, |room| block::try_receive(py, queue, room))?;
    let Some((length, priority)) = received else {
        scratch.put_back();
        return Ok(None);
    };
    scratch.fill(length, priority);
    Ok(Some(scratch))
}

/// Gives a message to the caller, or holds it for the next receive.
fn hand_over<T>(
    queue: &MessageQueue,
    message: Box<Scratch>,
    give: impl FnOnce(&[u8]) -> PyResult<T>,
) -> PyResult<T> {
    match give(message.message()) {
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
