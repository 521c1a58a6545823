//! Bytes in and out, as the document has it: what is cut, what is split, and that nothing is lost
//! on the way.

use std::sync::atomic::Ordering;

use posix_mqueue::Deadline;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use crate::calls::block::{self, Failure};
use crate::calls::receive::{hand_over, next, next_waiting};
use crate::convert::payload;
use crate::errors;
use crate::ffi::export::Export;
use crate::ffi::receive::UnfilledBytes;
use crate::ffi::{bytes, tuple};
use crate::queue::MessageQueue;
use crate::queue::scratch::Scratch;

/// From this size on, a copy that is spared is worth a larger object that may be in vain.
const WHOLE_FROM: usize = 2048;

/// What came of [`receive_direct`].
enum Direct<'py> {
    Bytes(Bound<'py, PyBytes>),
    /// The message is shorter than was hoped.
    Scratch(Box<Scratch>),
    Nothing,
}

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
        tuple::to_int(py, bytes.len())?
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
    let hopeful =
        size >= WHOLE_FROM && queue.last_was_whole.load(Ordering::Relaxed) && queue.held.is_empty();
    let direct = if hopeful { receive_direct(py, queue, size)? } else { Direct::Nothing };
    let message = match direct {
        Direct::Bytes(bytes) => return Ok(bytes),
        Direct::Scratch(message) => message,
        Direct::Nothing => next(py, queue, deadline)?,
    };
    if size >= WHOLE_FROM {
        queue.last_was_whole.store(message.message().len() == size, Ordering::Relaxed);
    }
    Ok(hand_over(queue, message, |message| bytes::to_bytes(py, message.message()))?)
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
        bytes::check_resizable(buffer)?;
        let message = if taken == 0 {
            Some(next(py, queue, deadline)?)
        } else {
            // Others may have taken the rest of the backlog: it is not waited for.
            next_waiting(py, queue, Scratch::take(queue.facts(py)?.msgsize)?)?
        };
        let Some(message) = message else { break };
        let ended = message.message().is_empty();
        hand_over(queue, message, |message| bytes::append(buffer, message.message()))?;
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
    bytes::check_resizable(buffer)?;
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
    let removed = bytes::remove_first(buffer, sent);
    removed.map_err(|error| errors::after_writing(py, error, sent)).and(outcome)
}

/// Receives straight into a new `bytes` of the full size, in the hope that the message has that
/// size: that spares a copy.
fn receive_direct<'py>(
    py: Python<'py>,
    queue: &MessageQueue,
    size: usize,
) -> PyResult<Direct<'py>> {
    if size > block::ATTACHED_UP_TO {
        return Ok(Direct::Nothing);
    }
    // Both before the message is taken: then no memory is wanted for it any more.
    let mut scratch = Scratch::take(size)?;
    let mut unfilled = UnfilledBytes::new(py, size)?;
    // Of an error, the plain way, which comes next, tells better.
    let received = unfilled
        .fill(|room| queue.with_open(py, |open| open.attempt_receive_uninit(room)).ok()?.ok()?);
    let Some(priority) = received else {
        scratch.put_back();
        return Ok(Direct::Nothing);
    };
    match unfilled.finish() {
        Ok(bytes) => {
            scratch.put_back();
            Ok(Direct::Bytes(bytes))
        }
        Err(shorter) => {
            scratch.copy(shorter.filled(), priority);
            Ok(Direct::Scratch(scratch))
        }
    }
}
