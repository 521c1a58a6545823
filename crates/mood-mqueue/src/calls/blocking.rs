//! Waiting without standing in Python's way: one try that holds the GIL, then a sleep without it.
//! The only `detach`.

use std::sync::{Arc, PoisonError, RwLockReadGuard};
use std::thread;
use std::time::Duration;

use posix_mqueue::{Deadline, Error, Owned};
use pyo3::prelude::*;

use crate::errors::{self, CachedErrors};
use crate::queue::{MessageQueue, QueueMetadata};

/// To copy more than this takes longer than to let another thread run meanwhile.
pub(crate) const MAX_SIZE_WITH_GIL: usize = 64 * 1024;

/// How long a spin goes on before signals are looked at.
const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// How often, and how long each time, other threads are let run so that they leave a queue.
const UNSHARE_ATTEMPTS: u32 = 200;
const UNSHARE_INTERVAL: Duration = Duration::from_millis(1);

/// Why a call did not do it.
pub(crate) enum Failure {
    /// The kernel refused, the queue is closed, or there is no memory.
    Failed(PyErr),
    /// A signal handler raised.
    HandlerRaised(PyErr),
}

impl From<PyErr> for Failure {
    /// Of whatever is not done while waiting.
    fn from(error: PyErr) -> Self {
        Self::Failed(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Failed(error) | Failure::HandlerRaised(error) => error,
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
    deadline: impl Into<Deadline>,
) -> Result<(), Failure> {
    match attempt_with_gil(queue, message.len(), |open| open.attempt_send(message, priority)) {
        Ok(sent) => Ok(sent),
        Err(incomplete) => {
            let deadline = deadline.into();
            let may_wait = deadline != Deadline::Now || message.len() > MAX_SIZE_WITH_GIL;
            let open = incomplete.share_or_fail(py, queue, may_wait, |metadata| &metadata.full)?;
            wait(py, &open, deadline, |step| match step {
                Step::Spin(until) => open.spin_send(message, priority, until),
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
    deadline: impl Into<Deadline>,
) -> Result<(usize, u32), Failure> {
    match attempt_with_gil(queue, buffer.len(), |open| open.attempt_receive(buffer)) {
        Ok(received) => Ok(received),
        Err(incomplete) => {
            let deadline = deadline.into();
            let may_wait = deadline != Deadline::Now || buffer.len() > MAX_SIZE_WITH_GIL;
            let open = incomplete.share_or_fail(py, queue, may_wait, |metadata| &metadata.empty)?;
            wait(py, &open, deadline, |step| match step {
                Step::Spin(until) => open.spin_receive(buffer, until),
                Step::Sleep => open.receive_interruptible(buffer, deadline).map(Some),
            })
        }
    }
}

/// Receives one message without waiting, whatever the descriptor's mode: None if there is none.
#[inline(always)]
pub(crate) fn try_receive(
    py: Python<'_>,
    queue: &MessageQueue,
    buffer: &mut [u8],
) -> PyResult<Option<(usize, u32)>> {
    match attempt_with_gil(queue, buffer.len(), |open| open.attempt_receive(buffer)) {
        Ok(received) => Ok(Some(received)),
        Err(IncompleteAttempt { error: Some(error), .. }) if error.is_would_block() => Ok(None),
        Err(incomplete) => {
            let open = incomplete.share_or_fail(py, queue, true, |metadata| &metadata.empty)?;
            if buffer.len() <= MAX_SIZE_WITH_GIL {
                return Ok(None);
            }
            match py.detach(|| open.attempt_receive(buffer)) {
                Err(error) if !error.is_would_block() => Err(errors::raise(py, &error)),
                received => Ok(received.unwrap_or_default()),
            }
        }
    }
}

/// Makes the first try, of `size` bytes, with the GIL held.
///
/// It cannot wait and is no longer than releasing and retaking the GIL would be, which beside a busy
/// thread costs up to a switch interval.
#[inline(always)]
fn attempt_with_gil<T>(
    queue: &MessageQueue,
    size: usize,
    call: impl FnOnce(&Owned) -> posix_mqueue::Result<Option<T>>,
) -> Result<T, IncompleteAttempt<'_>> {
    let open = queue.open.read().unwrap_or_else(PoisonError::into_inner);
    let tried = match open.as_ref() {
        Some(open) if size <= MAX_SIZE_WITH_GIL => call(open),
        _ => Ok(None),
    };
    match tried {
        Ok(Some(done)) => Ok(done),
        incomplete => Err(IncompleteAttempt { open, error: incomplete.err() }),
    }
}

/// A first try that did not do it.
struct IncompleteAttempt<'a> {
    open: RwLockReadGuard<'a, Option<Arc<Owned>>>,
    error: Option<Error>,
}

impl IncompleteAttempt<'_> {
    /// A share of the queue to wait with.
    #[cold]
    fn share_or_fail(
        self,
        py: Python<'_>,
        queue: &MessageQueue,
        may_wait: bool,
        errors_of: fn(&QueueMetadata) -> &CachedErrors,
    ) -> Result<Arc<Owned>, Failure> {
        let share = self.open.as_ref().map(Arc::clone);
        // Before an exception is made: that may collect garbage, and so close this very queue.
        drop(self.open);
        match (share, self.error) {
            (Some(_), Some(error)) if error.is_would_block() => {
                let metadata = queue.metadata(py)?;
                Err(Failure::Failed(errors_of(metadata).would_block(py, &metadata.name)))
            }
            (Some(_), Some(error)) if !error.is_interrupted() => {
                Err(Failure::Failed(errors::raise(py, &error)))
            }
            (Some(share), _) if may_wait => Ok(share),
            (Some(_), _) => {
                let metadata = queue.metadata(py)?;
                Err(Failure::Failed(errors_of(metadata).timed_out(py, &metadata.name)))
            }
            (None, _) => Err(Failure::Failed(queue.closed_error(py))),
        }
    }
}

enum Step {
    Spin(Deadline),
    Sleep,
}

/// Tries for as long as the queue is set to, then sleeps in the call, both without the GIL. Python's
/// signal handlers run when a signal ends either, and every so often during the first, in which a
/// signal may go unseen. Unless one raises, the wait goes on (PEP 475).
#[cold]
fn wait<T: Send>(
    py: Python<'_>,
    open: &Owned,
    deadline: Deadline,
    mut call: impl FnMut(Step) -> posix_mqueue::Result<Option<T>> + Send,
) -> Result<T, Failure> {
    let mut end_of_spin = Deadline::from(open.busy_poll());
    loop {
        py.check_signals().map_err(Failure::HandlerRaised)?;
        let slice = spin_slice(end_of_spin, deadline);
        match py.detach(|| call(slice.map_or(Step::Sleep, Step::Spin))) {
            Ok(Some(done)) => return Ok(done),
            // A spin that stops early has a reason, such as that the queue is closed: the sleep
            // tells.
            Ok(None) if slice.is_some_and(|slice| !slice.is_over()) => end_of_spin = Deadline::Now,
            Ok(None) => {}
            Err(error) if error.is_interrupted() => {}
            Err(error) => return Err(Failure::Failed(errors::raise(py, &error))),
        }
    }
}

/// Until when to spin before signals are looked at again; None if it is time to sleep.
fn spin_slice(end_of_spin: Deadline, deadline: Deadline) -> Option<Deadline> {
    if end_of_spin == Deadline::Now {
        return None;
    }
    let ends = [end_of_spin, deadline];
    let left =
        ends.iter().filter_map(Deadline::remaining).fold(SIGNAL_CHECK_INTERVAL, Duration::min);
    (!left.is_zero()).then(|| left.into())
}

/// Makes a call that takes its time, while other threads run.
pub(crate) fn without_gil<T: Send>(py: Python<'_>, call: impl FnOnce() -> T + Send) -> T {
    py.detach(call)
}

/// Lets other threads run, if any of them wants to.
pub(crate) fn yield_gil(py: Python<'_>) {
    without_gil(py, || ());
}

/// The queue itself, once the calls that were woken have left it; the share, if they do not.
pub(crate) fn unwrap_when_unshared(
    py: Python<'_>,
    mut share: Arc<Owned>,
) -> Result<Owned, Arc<Owned>> {
    // They need the GIL to leave. One that this very thread is in, under a signal handler, stays.
    for _ in 0..UNSHARE_ATTEMPTS {
        share = match Arc::try_unwrap(share) {
            Ok(open) => return Ok(open),
            Err(share) => share,
        };
        py.detach(|| thread::sleep(UNSHARE_INTERVAL));
    }
    Arc::try_unwrap(share)
}

/// Wakes the other threads that wait in this queue. False if no signal can wake one of them.
pub(crate) fn wake_waiters(py: Python<'_>, open: &Owned) -> bool {
    without_gil(py, || open.shutdown())
}
