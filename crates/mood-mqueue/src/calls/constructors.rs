//! Alternative constructors: from a descriptor, or from another object.

use std::os::fd::IntoRawFd;
use std::sync::Arc;

use posix_mqueue::{OpenOptions, OwnedQueue};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::convert::descriptor::FdArgument;
use crate::errors;
use crate::ffi::descriptor;
use crate::queue::{MessageQueue, atexit};

/// A new object of a class, without its `__init__`: a subclass may have arguments of its own.
///
/// It comes before the queue is opened: were it refused afterwards, closing the queue again would
/// end this process's notification.
fn new_unopened<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, MessageQueue>> {
    let new = intern!(class.py(), "__new__");
    let object = class.call_method1(new, (class,))?.cast_into::<MessageQueue>()?;
    match object.get().metadata.get() {
        Some(_) => Err(errors::already_initialized()),
        None => Ok(object),
    }
}

/// A new object of a class, of the queue that is opened and the flags that it is opened with.
pub(crate) fn open_as<'py>(
    class: &Bound<'py, PyType>,
    open: impl FnOnce() -> PyResult<(posix_mqueue::MessageQueue, i32)>,
) -> PyResult<Bound<'py, MessageQueue>> {
    let object = new_unopened(class)?;
    let (open, flags) = open()?;
    object.get().initialize(OwnedQueue::new(open), flags)?;
    Ok(object)
}

pub(crate) fn from_fd<'py>(
    class: &Bound<'py, PyType>,
    FdArgument(fd): FdArgument,
) -> PyResult<Bound<'py, MessageQueue>> {
    let py = class.py();
    let object = new_unopened(class)?;
    if atexit::is_tracked(fd) {
        return Err(errors::already_adopted(fd));
    }
    let open = descriptor::try_adopt(fd, posix_mqueue::MessageQueue::try_from)
        .ok_or_else(|| errors::negative_descriptor(py, fd))?
        .map_err(|error| errors::raise(py, &error))?;
    let started = match open.flags() {
        Ok(flags) => object.get().try_initialize(OwnedQueue::new(open), flags),
        Err(error) => Err((errors::raise(py, &error), OwnedQueue::new(open))),
    };
    started.map(|()| object).map_err(|(error, open)| {
        // Still the caller's.
        let _ = open.into_raw_fd();
        error
    })
}

pub(crate) fn reopen<'py>(
    this: &Bound<'py, MessageQueue>,
    flags: Option<i32>,
) -> PyResult<Bound<'py, MessageQueue>> {
    let py = this.py();
    let open = this.get().with_open(py, Arc::clone)?;
    open_as(&this.get_type(), || {
        let flags = flags.map_or_else(|| open.flags(), Ok);
        let again = flags.and_then(|flags| {
            let options =
                OpenOptions::from_flags(flags).map_err(|error| with_queue_name(error, &open))?;
            Ok((open.reopen_with(&options)?, flags))
        });
        again.map_err(|error| errors::raise(py, &error))
    })
}

fn with_queue_name(error: posix_mqueue::Error, open: &OwnedQueue) -> posix_mqueue::Error {
    match open.name() {
        Some(name) => error.with_name(name.as_os_str()),
        None => error,
    }
}
