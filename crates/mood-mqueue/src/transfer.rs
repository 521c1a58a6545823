//! Bytes in and out, as the document has it: what is cut, what is split, and that nothing is lost
//! on the way.

use std::sync::atomic::Ordering;

use posix_mqueue::Deadline;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use crate::block::{self, Failure};
use crate::buffer::{self, Export, Whole};
use crate::queue::MessageQueue;
use crate::scratch::Scratch;
use crate::{errors, payload};

/// From this size on, a copy that is spared is worth a larger object that may be in vain.
const WHOLE_FROM: usize = 2048;

#[inline(always)]
pub(crate) fn send<'py>(
    queue: &MessageQueue,
    message: &Bound<'py, PyAny>,
    priority: u32,
    deadline: impl Into<Deadline>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = message.py();
    let facts = queue.facts(py)?;
    let bytes = &*payload::cut(message, facts.msgsize)?;
    // The answer first: no memory for it must not mean that a message went all the same.
    let answer = if bytes.len() == facts.msgsize {
        facts.msgsize_int(py)?
    } else {
        buffer::to_int(py, bytes.len())?
    };
    block::send(py, queue, bytes, priority, deadline)?;
    Ok(answer)
}

pub(crate) fn sendall(
    queue: &MessageQueue,
    message: &Bound<'_, PyAny>,
    priority: u32,
    deadline: Deadline,
) -> PyResult<()> {
    let py = message.py();
    let msgsize = queue.facts(py)?.msgsize;
    let bytes = &*payload::cut(message, usize::MAX)?;
    // Cut off by hand, since no chunk comes of an empty message.
    let (first, rest) = bytes.split_at(bytes.len().min(msgsize));
    block::send(py, queue, first, priority, deadline)?;
    rest.chunks(msgsize).zip(1..).try_for_each(|(chunk, sent)| {
        block::send(py, queue, chunk, priority, deadline)
            .map_err(|failure| errors::after_writing(py, failure.into(), sent * msgsize))
    })
}

#[inline(always)]
pub(crate) fn receive<'py>(
    py: Python<'py>,
    queue: &MessageQueue,
    deadline: impl Into<Deadline>,
) -> Result<Bound<'py, PyBytes>, Failure> {
    let size = queue.facts(py)?.msgsize;
    let hopeful = size >= WHOLE_FROM && queue.last_was_whole.load(Ordering::Relaxed);
    let message = match held(py, queue)? {
        Some(held) => held,
        None if hopeful => match whole(py, queue, size)? {
            Whole::Bytes(bytes) => return Ok(bytes),
            Whole::Scratch(message) => message,
            Whole::Nothing => next(py, queue, deadline)?,
        },
        None => next(py, queue, deadline)?,
    };
    if size >= WHOLE_FROM {
        queue.last_was_whole.store(message.message().len() == size, Ordering::Relaxed);
    }
    Ok(hand_over(queue, message, |message| buffer::to_bytes(py, message.message()))?)
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
        let ended = message.message().is_empty();
        hand_over(queue, message, |message| buffer::append(buffer, message.message()))?;
        if ended {
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
#[inline(always)]
pub(crate) fn held(py: Python<'_>, queue: &MessageQueue) -> PyResult<Option<Box<Scratch>>> {
    if queue.held.is_empty() {
        return Ok(None);
    }
    queue.with_open(py, |_| queue.held.take())
}

/// The next message of the kernel's.
#[inline(always)]
pub(crate) fn next(
    py: Python<'_>,
    queue: &MessageQueue,
    deadline: impl Into<Deadline>,
) -> Result<Box<Scratch>, Failure> {
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

/// The same if there is one now.
fn next_waiting(py: Python<'_>, queue: &MessageQueue) -> PyResult<Option<Box<Scratch>>> {
    let size = queue.facts(py)?.msgsize;
    let mut scratch = Scratch::take(size)?;
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

/// The same, in the hope that it is as long as a message can be.
fn whole<'py>(py: Python<'py>, queue: &MessageQueue, size: usize) -> PyResult<Whole<'py>> {
    if size > block::ATTACHED_UP_TO {
        return Ok(Whole::Nothing);
    }
    let scratch = Scratch::take(size)?;
    buffer::receive_whole(py, size, scratch, |room| {
        queue.with_open(py, |open| open.attempt_receive_uninit(room))?.or_else(|error| {
            // The plain way, which comes next, tells it better.
            drop(error);
            Ok(None)
        })
    })
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
