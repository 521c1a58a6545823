//! The loops that wait: attempt, spin, block until ready or until the deadline, attempt again.

use std::hint;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant, SystemTime};

use super::state::WaitState;
use super::waiters::{self, WaiterGuard};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::sys;

/// Calls again after each `EINTR`.
pub(crate) fn retry_on_eintr<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(error) if error.is_interrupted() => {}
            outcome => return outcome,
        }
    }
}

/// Repeats `attempt` for the time that the handle's busy polling is set to, and not past the
/// deadline. `None` if no attempt succeeded.
pub(crate) fn spin<T>(
    state: &WaitState,
    deadline: Deadline,
    mut attempt: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let busy_poll = state.busy_poll();
    if busy_poll.is_zero() {
        return Ok(None);
    }
    let time = deadline.remaining().map_or(busy_poll, |left| left.min(busy_poll));
    let start = Instant::now();
    while start.elapsed() < time && !state.is_shut_down() {
        match attempt()? {
            None => hint::spin_loop(),
            done => return Ok(done),
        }
    }
    Ok(None)
}

/// Makes a call that may block, and that a shutdown of the handle ends.
///
/// `EINTR` if a signal ended the call, `EBADF` if the handle is shut down.
#[inline(always)]
pub(crate) fn blocking_call<T>(
    state: &WaitState,
    call: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    call_as_waiter(state, |guard| Ok(guard.unblock_if_needed()), call)
}

/// Makes a call that probably does not block, as [`blocking_call`] does. It fails with `EINTR` at
/// once in a thread that would have to unblock a signal first.
#[inline(always)]
pub(crate) fn short_call<T>(
    state: &WaitState,
    call: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let refuse = |_: &WaiterGuard| {
        let interrupted = || io::Error::from_raw_os_error(sys::EINTR);
        if waiters::blocks_all() { Err(interrupted()) } else { Ok(()) }
    };
    call_as_waiter(state, refuse, call)
}

#[inline(always)]
fn call_as_waiter<T, U>(
    state: &WaitState,
    prepare: impl FnOnce(&WaiterGuard) -> io::Result<U>,
    call: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let guard = WaiterGuard::new(state.key());
    let prepared = prepare(&guard)?;
    // Read after the thread has registered: either the shutdown sees the thread, or the thread sees
    // the shutdown.
    let outcome =
        if state.is_shut_down() { Err(io::Error::from_raw_os_error(sys::EBADF)) } else { call() };
    // In this order: the thread restores its mask after the last signal was sent.
    drop(guard);
    drop(prepared);
    match outcome {
        Err(error) if error.raw_os_error() == Some(sys::EINTR) && state.is_shut_down() => {
            Err(io::Error::from_raw_os_error(sys::EBADF))
        }
        outcome => outcome,
    }
}

/// Repeats `attempt` until it succeeds or fails for good, and blocks in between.
///
/// `attempt` takes a deadline as the kernel does: `None` blocks without limit, zero does not block.
/// A wait without a deadline blocks in the call itself. That is the fastest way to be woken, and
/// only a receiver blocked there suppresses a notification. A wait on the monotonic clock blocks in
/// `ppoll(2)`, since the call's own deadline would follow the wall clock.
///
/// A signal ends the wait with `EINTR`: the caller knows what to run then, and calls again.
pub(crate) fn wait_until_done<T>(
    state: &WaitState,
    fd: BorrowedFd<'_>,
    ready: i16,
    deadline: Deadline,
    mut attempt: impl FnMut(Option<Duration>) -> io::Result<T>,
) -> io::Result<T> {
    loop {
        let outcome = blocking_call(state, || match deadline {
            Deadline::Never => attempt(None).map(Some),
            Deadline::Realtime(time) => attempt(Some(since_epoch(time))).map(Some),
            _ => match attempt(Some(Duration::ZERO)) {
                Err(error) if error.raw_os_error() == Some(sys::ETIMEDOUT) => {
                    match deadline.remaining() {
                        Some(left) if !left.is_zero() => sys::ppoll(fd, ready, left).map(|_| None),
                        _ => Err(error),
                    }
                }
                outcome => outcome.map(Some),
            },
        })?;
        // Otherwise the queue is ready or the deadline has passed: the next attempt tells.
        if let Some(done) = outcome {
            return Ok(done);
        }
    }
}

/// Blocks until the queue is ready or the deadline passes. Errors are those of [`wait_until_done`],
/// and `ETIMEDOUT`.
pub(crate) fn wait_until_ready(
    state: &WaitState,
    fd: BorrowedFd<'_>,
    ready: i16,
    deadline: Deadline,
) -> io::Result<()> {
    loop {
        let left = deadline.remaining();
        let timeout = left.unwrap_or(Duration::MAX);
        if blocking_call(state, || sys::ppoll(fd, ready, timeout))? {
            return Ok(());
        }
        // If time is left, the wall clock was stepped during the call.
        if left == Some(Duration::ZERO) {
            return Err(io::Error::from_raw_os_error(sys::ETIMEDOUT));
        }
    }
}

/// The kernel rejects negative seconds, so a time before 1970 counts as 1970.
fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO)
}
