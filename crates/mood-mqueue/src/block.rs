//! Waiting without standing in Python's way: one try that holds the GIL, then a sleep without it.
//! The only `detach`.

use std::sync::Arc;

use posix_mqueue::{Deadline, Owned};
use pyo3::prelude::*;

use crate::errors;
use crate::queue::MessageQueue;

/// To copy more than this takes longer than to let another thread run meanwhile.
const ATTACHED_UP_TO: usize = 64 * 1024;

/// Sends one message, waiting for room until the deadline if the descriptor is in blocking mode.
pub(crate) fn send(
    py: Python<'_>,
    queue: &MessageQueue,
    message: &[u8],
    priority: u32,
    deadline: Deadline,
) -> PyResult<()> {
    let open = match attempt(py, queue, message.len(), |open| open.attempt_send(message, priority))?
    {
        Tried::Done(()) => return Ok(()),
        Tried::WouldSleep(open) => open,
    };
    asleep(py, || open.send_interruptible(message, priority, deadline))
}

/// Receives one message into a buffer of at least `msgsize` bytes: its length and priority.
pub(crate) fn receive(
    py: Python<'_>,
    queue: &MessageQueue,
    buffer: &mut [u8],
    deadline: Deadline,
) -> PyResult<(usize, u32)> {
    let open = match attempt(py, queue, buffer.len(), |open| open.attempt_receive(buffer))? {
        Tried::Done(received) => return Ok(received),
        Tried::WouldSleep(open) => open,
    };
    asleep(py, || open.receive_interruptible(buffer, deadline))
}

/// The same without waiting, whatever the descriptor's mode: None if there is no message.
pub(crate) fn try_receive(
    py: Python<'_>,
    queue: &MessageQueue,
    buffer: &mut [u8],
) -> PyResult<Option<(usize, u32)>> {
    match queue.with_open(py, |open| open.try_receive(buffer))? {
        Ok(received) => Ok(Some(received)),
        Err(error) if error.is_would_block() => Ok(None),
        Err(error) => Err(errors::raise(py, &error)),
    }
}

/// Ends the sleeps of other threads in this queue.
pub(crate) fn wake(py: Python<'_>, open: &Owned) {
    py.detach(|| open.shutdown());
}

enum Tried<T> {
    Done(T),
    WouldSleep(Arc<Owned>),
}

/// The first try. It cannot wait and is no longer than releasing and retaking the GIL would be,
/// which beside a busy thread costs up to a switch interval.
fn attempt<T>(
    py: Python<'_>,
    queue: &MessageQueue,
    size: usize,
    call: impl FnOnce(&Owned) -> posix_mqueue::Result<Option<T>>,
) -> PyResult<Tried<T>> {
    let tried = queue.with_open(py, |open| {
        let outcome = if size > ATTACHED_UP_TO { Ok(None) } else { call(open) };
        match outcome {
            Ok(Some(value)) => Ok(Tried::Done(value)),
            Ok(None) => Ok(Tried::WouldSleep(Arc::clone(open))),
            Err(error) if error.is_interrupted() => Ok(Tried::WouldSleep(Arc::clone(open))),
            Err(error) => Err(error),
        }
    })?;
    tried.map_err(|error| errors::raise(py, &error))
}

/// Sleeps in the call without the GIL. A signal wakes it, Python's handlers run, and unless one
/// raises it sleeps on (PEP 475).
fn asleep<T: Send>(
    py: Python<'_>,
    mut call: impl FnMut() -> posix_mqueue::Result<T> + Send,
) -> PyResult<T> {
    loop {
        py.check_signals()?;
        match py.detach(&mut call) {
            Err(error) if error.is_interrupted() => {}
            outcome => return outcome.map_err(|error| errors::raise(py, &error)),
        }
    }
}
