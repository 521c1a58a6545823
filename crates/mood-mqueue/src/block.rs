//! Waiting without standing in Python's way: one try that holds the GIL, then a sleep without it.
//! The only `detach`.

use std::sync::{Arc, PoisonError, RwLockReadGuard};
use std::thread;
use std::time::Duration;

use posix_mqueue::{Deadline, Error, Owned};
use pyo3::prelude::*;

use crate::errors;
use crate::queue::MessageQueue;

/// To copy more than this takes longer than to let another thread run meanwhile.
pub(crate) const ATTACHED_UP_TO: usize = 64 * 1024;

/// How often, and how long each time, other threads are let run so that they leave a queue.
const PAUSES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(1);

/// Why a call did not do it.
pub(crate) enum Failure {
    /// The kernel refused, the queue is closed, or there is no memory.
    Refused(PyErr),
    /// A signal handler raised.
    Raised(PyErr),
}

impl From<PyErr> for Failure {
    /// Of whatever is not done while waiting.
    fn from(error: PyErr) -> Self {
        Self::Refused(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) | Failure::Raised(error) => error,
        }
    }
}

/// Sends one message, waiting for room until the deadline if the descriptor is in blocking mode.
#[inline(always)]
pub(crate) fn send(
    py: Python<'_>,
    queue: &MessageQueue,
    message: &[u8],
    priority: u32,
    deadline: Deadline,
) -> Result<(), Failure> {
    let open = queue.open.read().unwrap_or_else(PoisonError::into_inner);
    let tried = match open.as_ref() {
        Some(open) if message.len() <= ATTACHED_UP_TO => open.attempt_send(message, priority),
        _ => Ok(None),
    };
    match tried {
        Ok(Some(())) => Ok(()),
        stopped => {
            let waits = deadline != Deadline::Now || message.len() > ATTACHED_UP_TO;
            let open = unless_refused(py, queue, open, stopped.err(), waits)?;
            wait(py, &open, |step| match step {
                Step::Spin => open.spin_send(message, priority, deadline),
                Step::Sleep => open.send_interruptible(message, priority, deadline).map(Some),
            })
        }
    }
}

/// Receives one message into a buffer of at least `msgsize` bytes: its length and priority.
#[inline(always)]
pub(crate) fn receive(
    py: Python<'_>,
    queue: &MessageQueue,
    buffer: &mut [u8],
    deadline: Deadline,
) -> Result<(usize, u32), Failure> {
    let open = queue.open.read().unwrap_or_else(PoisonError::into_inner);
    let tried = match open.as_ref() {
        Some(open) if buffer.len() <= ATTACHED_UP_TO => open.attempt_receive(buffer),
        _ => Ok(None),
    };
    match tried {
        Ok(Some(received)) => Ok(received),
        stopped => {
            let waits = deadline != Deadline::Now || buffer.len() > ATTACHED_UP_TO;
            let open = unless_refused(py, queue, open, stopped.err(), waits)?;
            wait(py, &open, |step| match step {
                Step::Spin => open.spin_receive(buffer, deadline),
                Step::Sleep => open.receive_interruptible(buffer, deadline).map(Some),
            })
        }
    }
}

/// The same without waiting, whatever the descriptor's mode: None if there is no message.
#[inline(always)]
pub(crate) fn receive_waiting(
    py: Python<'_>,
    queue: &MessageQueue,
    buffer: &mut [u8],
) -> PyResult<Option<(usize, u32)>> {
    let open = queue.open.read().unwrap_or_else(PoisonError::into_inner);
    let tried = match open.as_ref() {
        Some(open) if buffer.len() <= ATTACHED_UP_TO => open.attempt_receive(buffer),
        _ => Ok(None),
    };
    match tried {
        Ok(Some(received)) => Ok(Some(received)),
        Err(error) if error.is_would_block() => Ok(None),
        stopped => {
            let open = unless_refused(py, queue, open, stopped.err(), true)?;
            if buffer.len() <= ATTACHED_UP_TO {
                return Ok(None);
            }
            match py.detach(|| open.attempt_receive(buffer)) {
                Err(error) if !error.is_would_block() => Err(errors::raise(py, &error)),
                received => Ok(received.unwrap_or_default()),
            }
        }
    }
}

/// Makes a call that takes its time, while other threads run.
pub(crate) fn aside<T: Send>(py: Python<'_>, call: impl FnOnce() -> T + Send) -> T {
    py.detach(call)
}

/// Lets other threads run, if any of them wants to.
pub(crate) fn breathe(py: Python<'_>) {
    aside(py, || ());
}

/// The queue itself, once the calls that were woken have left it; the share, if they do not.
pub(crate) fn alone(py: Python<'_>, mut share: Arc<Owned>) -> Result<Owned, Arc<Owned>> {
    // They need the GIL to leave. One that this very thread is in, under a signal handler, stays.
    for _ in 0..PAUSES {
        share = match Arc::try_unwrap(share) {
            Ok(open) => return Ok(open),
            Err(share) => share,
        };
        py.detach(|| thread::sleep(PAUSE));
    }
    Arc::try_unwrap(share)
}

/// Wakes the other threads that wait in this queue. False if no signal can wake one of them.
pub(crate) fn wake(py: Python<'_>, open: &Owned) -> bool {
    aside(py, || open.shutdown())
}

/// A share of the queue to wait with, after a first try that did not do it.
///
/// That try is made with the GIL held. It cannot wait and is no longer than releasing and retaking
/// the GIL would be, which beside a busy thread costs up to a switch interval.
#[cold]
fn unless_refused(
    py: Python<'_>,
    queue: &MessageQueue,
    open: RwLockReadGuard<'_, Option<Arc<Owned>>>,
    error: Option<Error>,
    waits: bool,
) -> Result<Arc<Owned>, Failure> {
    let share = open.as_ref().map(Arc::clone);
    // Before an exception is made: that may collect garbage, and so close this very queue.
    drop(open);
    match (share, error) {
        (Some(_), Some(error)) if error.is_would_block() => {
            let facts = queue.facts(py)?;
            Err(Failure::Refused(facts.expected.would_block(py, &facts.name)))
        }
        (Some(_), Some(error)) if !error.is_interrupted() => {
            Err(Failure::Refused(errors::raise(py, &error)))
        }
        (Some(share), _) if waits => Ok(share),
        (Some(_), _) => {
            let facts = queue.facts(py)?;
            Err(Failure::Refused(facts.expected.timed_out(py, &facts.name)))
        }
        (None, _) => Err(Failure::Refused(queue.closed_error(py))),
    }
}

enum Step {
    Spin,
    Sleep,
}

/// Tries for as long as the queue is set to, then sleeps in the call, both without the GIL. A
/// signal wakes it, Python's handlers run, and unless one raises it sleeps on (PEP 475).
#[cold]
fn wait<T: Send>(
    py: Python<'_>,
    open: &Owned,
    mut call: impl FnMut(Step) -> posix_mqueue::Result<Option<T>> + Send,
) -> Result<T, Failure> {
    let mut spins = !open.busy_poll().is_zero();
    loop {
        py.check_signals().map_err(Failure::Raised)?;
        let step = if spins { Step::Spin } else { Step::Sleep };
        spins = false;
        match py.detach(|| call(step)) {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => {}
            Err(error) if error.is_interrupted() => {}
            Err(error) => return Err(Failure::Refused(errors::raise(py, &error))),
        }
    }
}
