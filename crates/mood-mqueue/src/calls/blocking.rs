//! Blocking calls: one attempt with the GIL held, then a wait without it. The only `detach`.

use std::sync::{Arc, PoisonError, RwLockReadGuard};
use std::thread;
use std::time::Duration;

use posix_mqueue::{Deadline, Error, OwnedQueue};
use pyo3::prelude::*;

use crate::errors::{self, CachedErrors};
use crate::queue::{MessageQueue, QueueMetadata};

/// Copying a longer message takes longer than letting another thread run.
pub(crate) const MAX_SIZE_WITH_GIL: usize = 64 * 1024;

/// The longest spin between two checks for signals.
const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// How often, and for how long each time, other threads may run so that they leave a queue.
const UNSHARE_ATTEMPTS: u32 = 200;
const UNSHARE_INTERVAL: Duration = Duration::from_millis(1);

/// Why a call failed.
pub(crate) enum Failure {
    /// The system call failed, the queue is closed, or there is no memory.
    Failed(PyErr),
    /// A signal handler raised.
    HandlerRaised(PyErr),
}

impl From<PyErr> for Failure {
    /// For errors outside the wait: only the wait runs signal handlers.
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

/// Makes the first attempt, with the GIL held, if `size` bytes are few enough.
///
/// The attempt cannot block, and takes no longer than releasing the GIL and taking it again. With
/// another busy thread that would cost up to a switch interval.
#[inline(always)]
fn attempt_with_gil<T>(
    queue: &MessageQueue,
    size: usize,
    call: impl FnOnce(&OwnedQueue) -> posix_mqueue::Result<Option<T>>,
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

/// A first attempt that neither sent nor received a message.
struct IncompleteAttempt<'a> {
    open: RwLockReadGuard<'a, Option<Arc<OwnedQueue>>>,
    error: Option<Error>,
}

impl IncompleteAttempt<'_> {
    /// Returns a share of the queue to wait with, or the error of the attempt.
    #[cold]
    fn share_or_fail(
        self,
        py: Python<'_>,
        queue: &MessageQueue,
        may_wait: bool,
        errors_of: fn(&QueueMetadata) -> &CachedErrors,
    ) -> Result<Arc<OwnedQueue>, Failure> {
        let share = self.open.as_ref().map(Arc::clone);
        // Creating an exception may collect garbage, and that may close this queue, which needs the
        // lock.
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

/// Spins for as long as `busy_poll` says, then sleeps in the call, both without the GIL.
///
/// Python's signal handlers run when a signal interrupts the call. A spin may miss a signal, so the
/// handlers also run at intervals. Unless a handler raises, the wait goes on (PEP 475).
#[cold]
fn wait<T: Send>(
    py: Python<'_>,
    open: &OwnedQueue,
    deadline: Deadline,
    mut call: impl FnMut(Step) -> posix_mqueue::Result<Option<T>> + Send,
) -> Result<T, Failure> {
    let mut end_of_spin = Deadline::from(open.busy_poll());
    loop {
        py.check_signals().map_err(Failure::HandlerRaised)?;
        let slice = spin_slice(end_of_spin, deadline);
        match py.detach(|| call(slice.map_or(Step::Sleep, Step::Spin))) {
            Ok(Some(done)) => return Ok(done),
            // A spin stops early for a reason, for example because the queue is closed: the sleep
            // returns it as an error.
            Ok(None) if slice.is_some_and(|slice| !slice.is_elapsed()) => {
                end_of_spin = Deadline::Now;
            }
            Ok(None) => {}
            Err(error) if error.is_interrupted() => {}
            Err(error) => return Err(Failure::Failed(errors::raise(py, &error))),
        }
    }
}

/// Returns when to check for signals again while spinning, or None if it is time to sleep.
fn spin_slice(end_of_spin: Deadline, deadline: Deadline) -> Option<Deadline> {
    if end_of_spin == Deadline::Now {
        return None;
    }
    let ends = [end_of_spin, deadline];
    let left =
        ends.iter().filter_map(Deadline::remaining).fold(SIGNAL_CHECK_INTERVAL, Duration::min);
    (!left.is_zero()).then(|| left.into())
}

/// Makes a call that may take long, while other threads run.
pub(crate) fn without_gil<T: Send>(py: Python<'_>, call: impl FnOnce() -> T + Send) -> T {
    py.detach(call)
}

/// Lets another thread run, if one waits for the GIL.
pub(crate) fn yield_gil(py: Python<'_>) {
    without_gil(py, || ());
}

/// Returns the queue itself once the calls that were woken have left it, or else the share.
pub(crate) fn unwrap_when_unshared(
    py: Python<'_>,
    mut share: Arc<OwnedQueue>,
) -> Result<OwnedQueue, Arc<OwnedQueue>> {
    // These calls need the GIL to leave. A call of this thread, interrupted by the signal handler
    // that runs this, stays.
    for _ in 0..UNSHARE_ATTEMPTS {
        share = match Arc::try_unwrap(share) {
            Ok(open) => return Ok(open),
            Err(share) => share,
        };
        py.detach(|| thread::sleep(UNSHARE_INTERVAL));
    }
    Arc::try_unwrap(share)
}

/// Wakes the waiters of this queue. Returns false if no signal can wake one of them.
pub(crate) fn wake_waiters(py: Python<'_>, open: &OwnedQueue) -> bool {
    without_gil(py, || open.shutdown())
}
