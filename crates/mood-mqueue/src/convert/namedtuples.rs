//! The plain values of `mood.mqueue._values`: what a queue, a message, the system is like.

use std::time::{Duration, SystemTime};

use posix_mqueue::Limits;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// The class of messages.
#[inline(always)]
pub(crate) fn message(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static MESSAGE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    MESSAGE.import(py, "mood.mqueue._values", "Message")
}

pub(crate) fn status<'py>(
    py: Python<'py>,
    status: &posix_mqueue::Status,
    messages: usize,
) -> PyResult<Bound<'py, PyAny>> {
    static STATUS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let posix_mqueue::Attributes { capacity, message_size, .. } = status.attributes;
    let modified = status.modified.duration_since(SystemTime::UNIX_EPOCH);
    let modified = modified.unwrap_or(Duration::ZERO).as_secs_f64();
    let posix_mqueue::Status { mode, uid, gid, unlinked, .. } = *status;
    let fields = (messages, capacity, message_size, mode, uid, gid, modified, unlinked);
    STATUS.import(py, "mood.mqueue._values", "Status")?.call1(fields)
}

pub(crate) fn limits<'py>(py: Python<'py>, limits: &Limits) -> PyResult<Bound<'py, PyAny>> {
    static LIMITS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let fields = (
        limits.default_capacity,
        limits.max_capacity,
        limits.default_message_size,
        limits.max_message_size,
        limits.max_queues,
        (limits.max_bytes != u64::MAX).then_some(limits.max_bytes),
    );
    LIMITS.import(py, "mood.mqueue._values", "Limits")?.call1(fields)
}
