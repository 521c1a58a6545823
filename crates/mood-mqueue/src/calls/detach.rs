//! Giving the descriptor of an object away.

use std::os::fd::IntoRawFd;
use std::sync::Arc;

use posix_mqueue::OwnedQueue;
use pyo3::prelude::*;

use crate::calls::blocking;
use crate::errors;
use crate::queue::MessageQueue;

/// The descriptor, still open; the object is closed.
pub(crate) fn detach(queue: &MessageQueue, py: Python<'_>) -> PyResult<i32> {
    // For a call that does not leave the queue; made while a failure changes nothing yet.
    let duplicate =
        |open: &Arc<OwnedQueue>| (Arc::strong_count(open) > 1).then(|| open.try_clone());
    let duplicate = queue.with_open(py, duplicate)?.transpose();
    let duplicate = duplicate.map_err(|error| errors::raise(py, &error))?;
    let open = queue.take_open().ok_or_else(|| queue.closed_error(py))?;
    open.set_owner(false);
    queue.callbacks.clear();
    let cancelled = open.cancel_notification();
    blocking::wake_waiters(py, &open);
    let fd = match (blocking::unwrap_when_unshared(py, open), duplicate) {
        (Ok(open), _) => open.into_raw_fd(),
        (Err(_), Some(duplicate)) => duplicate.into_raw_fd(),
        (Err(open), None) => {
            open.try_clone().map_err(|error| errors::raise(py, &error))?.into_raw_fd()
        }
    };
    cancelled.map(|()| fd).map_err(|error| errors::raise(py, &error))
}
