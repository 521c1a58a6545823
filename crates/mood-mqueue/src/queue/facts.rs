//! What never changes of a queue.

use std::ffi::OsString;

use posix_mqueue::Owned;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::errors::Expected;
use crate::ffi::tuple;

/// It is known after `close()` too.
pub(crate) struct Facts {
    pub(crate) name: OsString,
    pub(crate) flags: i32,
    pub(crate) maxmsg: usize,
    pub(crate) msgsize: usize,
    /// What sending to the full queue raises, and receiving from the empty one.
    pub(crate) full: Expected,
    pub(crate) empty: Expected,
    msgsize_int: PyOnceLock<Py<PyAny>>,
}

impl Facts {
    /// Needs no memory of Python's: what fails once a queue is open has to close it again, and that
    /// ends this process's notification.
    pub(crate) fn of(open: &Owned, flags: i32) -> Self {
        let name = open.name().map(|name| name.as_os_str().to_owned()).unwrap_or_default();
        Self {
            name,
            flags,
            maxmsg: open.capacity(),
            msgsize: open.message_size(),
            full: Expected::of("mq_timedsend"),
            empty: Expected::of("mq_timedreceive"),
            msgsize_int: PyOnceLock::new(),
        }
    }

    /// The answer of `send()` for a full message, made once.
    #[inline(always)]
    pub(crate) fn msgsize_int<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let made = || tuple::to_int(py, self.msgsize).map(Bound::unbind);
        self.msgsize_int.get_or_try_init(py, made).map(|int| int.bind(py).clone())
    }
}
