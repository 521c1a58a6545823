//! Sending and receiving complete messages with their priorities, one or many.

use posix_mqueue::Deadline;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use crate::calls::blocking::{self, Failure};
use crate::calls::receive::{finish_receive, receive_next, try_receive_next};
use crate::convert::{c_uint, namedtuples, payload};
use crate::errors;
use crate::ffi::buffer_view::BufferView;
use crate::ffi::{bytes, tuple};
use crate::queue::MessageQueue;

/// How many messages are sent or received before other threads may run.
const MESSAGES_PER_YIELD: usize = 64;

#[inline(always)]
pub(crate) fn send_message(
    queue: &MessageQueue,
    message: &Bound<'_, PyAny>,
    priority: u32,
    deadline: impl Into<Deadline>,
) -> PyResult<()> {
    let py = message.py();
    let bytes = payload::all_bytes(message, |length| check_length(py, queue, length))?;
    Ok(blocking::send(py, queue, &bytes, priority, deadline)?)
}

#[inline(always)]
pub(crate) fn receive_message<'py>(
    py: Python<'py>,
    queue: &MessageQueue,
    deadline: impl Into<Deadline>,
) -> PyResult<Bound<'py, PyAny>> {
    let class = namedtuples::message(py)?;
    let message = receive_next(py, queue, deadline)?;
    finish_receive(queue, message, |message| {
        tuple::new_message(class, message.data(), message.priority())
    })
}

pub(crate) fn receive_into<'py>(
    queue: &MessageQueue,
    object: &Bound<'py, PyAny>,
    deadline: Deadline,
) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let size = queue.metadata(py)?.msgsize;
    let mut view = BufferView::writable(object)?;
    if view.size() < size {
        return Err(errors::buffer_too_small(view.size(), size));
    }
    let message = receive_next(py, queue, deadline)?;
    finish_receive(queue, message, |message| {
        let data = message.data();
        let priority = tuple::new_int(py, message.priority() as usize)?;
        let answer = tuple::new_pair(tuple::new_int(py, data.len())?, priority)?;
        view.write(|room| room.get_mut(..data.len()).map(|room| room.copy_from_slice(data)));
        Ok(answer)
    })
}

/// Returns how many messages were sent. All are checked before the first one is sent.
pub(crate) fn send_many(
    queue: &MessageQueue,
    messages: &Bound<'_, PyAny>,
    priority: u32,
    deadline: Deadline,
) -> PyResult<usize> {
    let py = messages.py();
    let messages = collect(queue, messages, priority)?;
    for (sent, (message, priority)) in messages.iter().enumerate() {
        if sent % MESSAGES_PER_YIELD == MESSAGES_PER_YIELD - 1 {
            blocking::yield_gil(py);
        }
        match blocking::send(py, queue, message.as_bytes(), *priority, deadline) {
            Ok(()) => {}
            Err(Failure::Failed(_)) if sent > 0 => return Ok(sent),
            Err(Failure::HandlerRaised(error)) => {
                return Err(errors::with_messages_sent(py, error, sent));
            }
            Err(Failure::Failed(error)) => return Err(error),
        }
    }
    Ok(messages.len())
}

pub(crate) fn receive_many<'py>(
    py: Python<'py>,
    queue: &MessageQueue,
    limit: Option<usize>,
    deadline: Deadline,
) -> PyResult<Bound<'py, PyList>> {
    let metadata = queue.metadata(py)?;
    // Without a limit, the call would not end while a fast sender runs.
    let limit = limit.unwrap_or(metadata.maxmsg);
    let class = namedtuples::message(py)?;
    let list = tuple::new_list(py)?;
    if limit == 0 {
        return queue.with_open(py, |_| ()).map(|()| list);
    }
    let mut message = receive_next(py, queue, deadline)?;
    // Once the list has a message nothing may raise: the message would be lost.
    for taken in 1.. {
        if let Err(error) = tuple::append_message(&list, class, message.data(), message.priority())
        {
            queue.undelivered.save(message);
            return if taken == 1 { Err(error) } else { Ok(list) };
        }
        if taken == limit {
            message.recycle();
            break;
        }
        if taken % MESSAGES_PER_YIELD == 0 {
            blocking::yield_gil(py);
        }
        match try_receive_next(py, queue, message) {
            Ok(Some(following)) => message = following,
            Ok(None) | Err(_) => break,
        }
    }
    Ok(list)
}

/// Fails if a message of this length does not fit into the queue.
#[inline(always)]
fn check_length(py: Python<'_>, queue: &MessageQueue, length: usize) -> PyResult<()> {
    if length <= queue.metadata(py)?.msgsize {
        return Ok(());
    }
    queue.with_open_result(py, |open| open.check_length(length))
}

/// Returns the messages with their priorities, all of them checked.
fn collect<'py>(
    queue: &MessageQueue,
    messages: &Bound<'py, PyAny>,
    priority: u32,
) -> PyResult<Vec<(Bound<'py, PyBytes>, u32)>> {
    let py = messages.py();
    // Iterating over a single message would send its bytes one by one, or nothing if it is empty.
    if bytes::is_bytes_like_or_str(messages) {
        return Err(errors::single_message(messages));
    }
    queue.with_open_result(py, |open| open.check_priority(priority))?;
    let mut all = Vec::new();
    for (position, item) in messages.try_iter()?.enumerate() {
        let item = item?;
        let to_pybytes = |data: &Bound<'py, _>| {
            payload::to_pybytes(data, |length| check_length(py, queue, length))
        };
        let one = || match item.cast::<PyTuple>() {
            Ok(pair) if pair.len() == 2 => {
                let priority = c_uint::priority(&pair.get_item(1)?)?;
                queue.with_open_result(py, |open| open.check_priority(priority))?;
                Ok((to_pybytes(&pair.get_item(0)?)?, priority))
            }
            Ok(tuple) => Err(errors::not_a_pair(tuple)),
            Err(_) => Ok((to_pybytes(&item)?, priority)),
        };
        let one = one().map_err(|error| errors::with_message_index(py, error, position))?;
        bytes::try_push(&mut all, one)?;
    }
    Ok(all)
}
