//! Sending and receiving bytes: which messages are truncated, which are split, and that none is
//! lost.

use std::sync::atomic::Ordering;

use posix_mqueue::Deadline;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use crate::calls::blocking::{self, Failure};
use crate::calls::receive::{finish_receive, receive_next, try_receive_next};
use crate::convert::payload;
use crate::errors;
use crate::ffi::buffer_view::BufferView;
use crate::ffi::receive::UnfilledBytes;
use crate::ffi::{bytes, tuple};
use crate::queue::MessageQueue;
use crate::queue::receive_buffer::ReceiveBuffer;

/// From this size on, saving a copy is worth allocating an object that may turn out too large.
const DIRECT_RECEIVE_MIN: usize = 2048;

/// The outcome of [`receive_direct`].
enum DirectReceive<'py> {
    Bytes(Bound<'py, PyBytes>),
    /// The message is shorter than `msgsize`.
    Buffer(Box<ReceiveBuffer>),
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
    let metadata = queue.metadata(py)?;
    let bytes = &*payload::truncated(message, metadata.msgsize)?;
    // The return value is created first: a MemoryError must mean that no message was sent.
    let answer = if bytes.len() == metadata.msgsize {
        metadata.msgsize_int(py)?
    } else {
        tuple::new_int(py, bytes.len())?
    };
    blocking::send(py, queue, bytes, priority, deadline)?;
    Ok(answer)
}

pub(crate) fn sendall(
    queue: &MessageQueue,
    message: &Bound<'_, PyAny>,
    priority: u32,
    deadline: Deadline,
) -> PyResult<()> {
    let py = message.py();
    let msgsize = queue.metadata(py)?.msgsize;
    let bytes = &*payload::truncated(message, usize::MAX)?;
    // `chunks` gives none for an empty message, so the first one is split off here.
    let (first, rest) = bytes.split_at(bytes.len().min(msgsize));
    blocking::send(py, queue, first, priority, deadline)?;
    rest.chunks(msgsize).zip(1..).try_for_each(|(chunk, sent)| {
        blocking::send(py, queue, chunk, priority, deadline)
            .map_err(|failure| errors::with_characters_written(py, failure.into(), sent * msgsize))
    })
}

#[inline(always)]
pub(crate) fn receive<'py>(
    py: Python<'py>,
    queue: &MessageQueue,
    deadline: impl Into<Deadline>,
) -> Result<Bound<'py, PyBytes>, Failure> {
    let size = queue.metadata(py)?.msgsize;
    let try_direct = size >= DIRECT_RECEIVE_MIN
        && queue.last_was_full_size.load(Ordering::Relaxed)
        && queue.undelivered.is_empty();
    let direct = if try_direct { receive_direct(py, queue, size)? } else { DirectReceive::Nothing };
    let message = match direct {
        DirectReceive::Bytes(bytes) => return Ok(bytes),
        DirectReceive::Buffer(message) => message,
        DirectReceive::Nothing => receive_next(py, queue, deadline)?,
    };
    if size >= DIRECT_RECEIVE_MIN {
        queue.last_was_full_size.store(message.data().len() == size, Ordering::Relaxed);
    }
    Ok(finish_receive(queue, message, |message| bytes::new_bytes(py, message.data()))?)
}

/// Returns whether the last message was empty.
pub(crate) fn drain(
    queue: &MessageQueue,
    buffer: &Bound<'_, PyByteArray>,
    deadline: Deadline,
) -> PyResult<bool> {
    let py = buffer.py();
    let backlog = queue.message_count(py)?;
    for taken in 0..backlog.max(1) {
        bytes::check_resizable(buffer)?;
        let message = if taken == 0 {
            Some(receive_next(py, queue, deadline)?)
        } else {
            // Others may have received the rest of the backlog, so this does not wait.
            try_receive_next(py, queue, ReceiveBuffer::take(queue.metadata(py)?.msgsize)?)?
        };
        let Some(message) = message else { break };
        let ended = message.data().is_empty();
        finish_receive(queue, message, |message| bytes::append(buffer, message.data()))?;
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
    let msgsize = queue.metadata(py)?.msgsize;
    queue.with_open(py, |_| ())?;
    bytes::check_resizable(buffer)?;
    // The view keeps others from resizing the bytearray until the sent bytes are removed from it.
    let view = BufferView::of_bytearray(buffer)?;
    let mut sent = 0;
    let mut send_all = || {
        while sent < view.size() {
            let chunk = view.copy(sent, msgsize)?;
            blocking::send(py, queue, &chunk, priority, deadline)?;
            sent += chunk.len();
        }
        Ok(())
    };
    let outcome = send_all();
    drop(view);
    let removed = bytes::remove_first(buffer, sent);
    removed.map_err(|error| errors::with_characters_written(py, error, sent)).and(outcome)
}

/// Receives straight into a new `bytes` of `msgsize` bytes. That saves a copy if the message has
/// this size.
fn receive_direct<'py>(
    py: Python<'py>,
    queue: &MessageQueue,
    size: usize,
) -> PyResult<DirectReceive<'py>> {
    if size > blocking::MAX_SIZE_WITH_GIL {
        return Ok(DirectReceive::Nothing);
    }
    // Allocated before the message is received: after that, nothing here can fail.
    let mut receive_buffer = ReceiveBuffer::take(size)?;
    let mut unfilled = UnfilledBytes::new(py, size)?;
    // Errors are ignored here: the caller receives in the usual way next, and raises them.
    let received = unfilled
        .fill(|room| queue.with_open(py, |open| open.attempt_receive_uninit(room)).ok()?.ok()?);
    let Some(priority) = received else {
        receive_buffer.recycle();
        return Ok(DirectReceive::Nothing);
    };
    match unfilled.finish() {
        Ok(bytes) => {
            receive_buffer.recycle();
            Ok(DirectReceive::Bytes(bytes))
        }
        Err(shorter) => {
            receive_buffer.copy_from(shorter.filled(), priority);
            Ok(DirectReceive::Buffer(receive_buffer))
        }
    }
}
