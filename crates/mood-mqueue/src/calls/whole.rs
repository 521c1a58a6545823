//! Whole messages, with their priorities: one at a time, or as many as there are.

use posix_mqueue::Deadline;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use crate::calls::block::{self, Failure};
use crate::calls::receive::{hand_over, next, next_waiting};
use crate::convert::{payload, unsigned, values};
use crate::errors;
use crate::ffi::export::Export;
use crate::ffi::{bytes, tuple};
use crate::queue::MessageQueue;

/// So many messages are sent or taken before other threads are let in.
const BURST: usize = 64;

#[inline(always)]
pub(crate) fn send_message(
    queue: &MessageQueue,
    message: &Bound<'_, PyAny>,
    priority: u32,
    deadline: impl Into<Deadline>,
) -> PyResult<()> {
    let py = message.py();
    let bytes = payload::whole(message, |length| fits(py, queue, length))?;
    Ok(block::send(py, queue, &bytes, priority, deadline)?)
}

#[inline(always)]
pub(crate) fn receive_message<'py>(
    py: Python<'py>,
    queue: &MessageQueue,
    deadline: impl Into<Deadline>,
) -> PyResult<Bound<'py, PyAny>> {
    let class = values::message(py)?;
    let message = next(py, queue, deadline)?;
    hand_over(queue, message, |message| {
        tuple::to_message(class, message.message(), message.priority())
    })
}

pub(crate) fn receive_into<'py>(
    queue: &MessageQueue,
    object: &Bound<'py, PyAny>,
    deadline: Deadline,
) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let size = queue.facts(py)?.msgsize;
    let mut export = Export::writable(object)?;
    if export.size() < size {
        return Err(errors::buffer_too_small(export.size(), size));
    }
    let message = next(py, queue, deadline)?;
    hand_over(queue, message, |message| {
        let data = message.message();
        let priority = tuple::to_int(py, message.priority() as usize)?;
        let answer = tuple::pair(tuple::to_int(py, data.len())?, priority)?;
        export.write(|room| room.get_mut(..data.len()).map(|room| room.copy_from_slice(data)));
        Ok(answer)
    })
}

/// How many were sent. Nothing is sent before all of them are known to be messages.
pub(crate) fn send_many(
    queue: &MessageQueue,
    messages: &Bound<'_, PyAny>,
    priority: u32,
    deadline: Deadline,
) -> PyResult<usize> {
    let py = messages.py();
    let messages = collect(queue, messages, priority)?;
    for (sent, (message, priority)) in messages.iter().enumerate() {
        if sent % BURST == BURST - 1 {
            block::breathe(py);
        }
        match block::send(py, queue, message.as_bytes(), *priority, deadline) {
            Ok(()) => {}
            Err(Failure::Refused(_)) if sent > 0 => return Ok(sent),
            Err(Failure::Raised(error)) => return Err(errors::after_sending(py, error, sent)),
            Err(Failure::Refused(error)) => return Err(error),
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
    let facts = queue.facts(py)?;
    // More than it can hold at once would have no end beside a fast sender.
    let limit = limit.unwrap_or(facts.maxmsg);
    let class = values::message(py)?;
    let list = tuple::new_list(py)?;
    if limit == 0 {
        return queue.with_open(py, |_| ()).map(|()| list);
    }
    let mut message = next(py, queue, deadline)?;
    // From here on nothing raises if a message is in the list: it would be lost.
    for taken in 1.. {
        if let Err(error) =
            tuple::append_message(&list, class, message.message(), message.priority())
        {
            queue.held.hold(message);
            return if taken == 1 { Err(error) } else { Ok(list) };
        }
        if taken == limit {
            message.put_back();
            break;
        }
        if taken % BURST == 0 {
            block::breathe(py);
        }
        match next_waiting(py, queue, message) {
            Ok(Some(following)) => message = following,
            Ok(None) | Err(_) => break,
        }
    }
    Ok(list)
}

/// Whether a message of this length is taken whole.
#[inline(always)]
fn fits(py: Python<'_>, queue: &MessageQueue, length: usize) -> PyResult<()> {
    if length <= queue.facts(py)?.msgsize {
        return Ok(());
    }
    queue.ask(py, |open| open.check_length(length))
}

/// Each message with its priority, all of them fit to be sent.
fn collect<'py>(
    queue: &MessageQueue,
    messages: &Bound<'py, PyAny>,
    priority: u32,
) -> PyResult<Vec<(Bound<'py, PyBytes>, u32)>> {
    let py = messages.py();
    // To iterate over one would send its bytes one by one, or of an empty one nothing, in silence.
    if bytes::is_one_message(messages) {
        return Err(errors::one_message(messages));
    }
    queue.ask(py, |open| open.check_priority(priority))?;
    let mut all = Vec::new();
    for (position, item) in messages.try_iter()?.enumerate() {
        let item = item?;
        let kept = |data: &Bound<'py, _>| payload::kept(data, |length| fits(py, queue, length));
        let one = || match item.cast::<PyTuple>() {
            Ok(pair) if pair.len() == 2 => {
                let priority = unsigned::priority(&pair.get_item(1)?)?;
                queue.ask(py, |open| open.check_priority(priority))?;
                Ok((kept(&pair.get_item(0)?)?, priority))
            }
            Ok(tuple) => Err(errors::no_pair(tuple)),
            Err(_) => Ok((kept(&item)?, priority)),
        };
        let one = one().map_err(|error| errors::at(py, error, position))?;
        bytes::push(&mut all, one)?;
    }
    Ok(all)
}
