//! The properties of a queue that never change.

use std::ffi::OsString;

use posix_mqueue::OwnedQueue;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::errors::CachedErrors;
use crate::ffi::tuple;

/// The properties of a queue that never change. They stay readable after `close()`.
pub(crate) struct QueueMetadata {
    pub(crate) name: OsString,
    pub(crate) flags: i32,
    pub(crate) maxmsg: usize,
    pub(crate) msgsize: usize,
    /// What sending to the full queue raises, and receiving from the empty one.
    pub(crate) full: CachedErrors,
    pub(crate) empty: CachedErrors,
    msgsize_int: PyOnceLock<Py<PyAny>>,
}

impl QueueMetadata {
    /// Needs no memory of Python's: what fails once a queue is open has to close it again, and that
    /// ends this process's notification.
    pub(crate) fn of(open: &OwnedQueue, flags: i32) -> Self {
        let name = open.name().map(|name| name.as_os_str().to_owned()).unwrap_or_default();
        Self {
            name,
            flags,
            maxmsg: open.capacity(),
            msgsize: open.message_size(),
            full: CachedErrors::of("mq_timedsend"),
            empty: CachedErrors::of("mq_timedreceive"),
            msgsize_int: PyOnceLock::new(),
        }
    }

    /// The answer of `send()` for a full message, made once.
    #[inline(always)]
    pub(crate) fn msgsize_int<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let made = || tuple::new_int(py, self.msgsize).map(Bound::unbind);
        self.msgsize_int.get_or_try_init(py, made).map(|int| int.bind(py).clone())
    }
}
