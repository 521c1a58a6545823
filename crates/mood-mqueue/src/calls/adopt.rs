//! Objects that come of another way than opening by name: by descriptor, anew, by pickle.

use std::os::fd::IntoRawFd;
use std::sync::Arc;

use posix_mqueue::{OpenOptions, Owned};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};

use crate::calls::block;
use crate::convert::descriptor::Number;
use crate::convert::name;
use crate::convert::seconds::Seconds;
use crate::errors;
use crate::ffi::descriptor;
use crate::queue::{MessageQueue, exit};

/// A new object of a class, without its `__init__`: a subclass may have arguments of its own.
///
/// It comes before the queue is opened: were it refused afterwards, closing the queue again would
/// end this process's notification.
fn unopened<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, MessageQueue>> {
    let new = intern!(class.py(), "__new__");
    let object = class.call_method1(new, (class,))?.cast_into::<MessageQueue>()?;
    match object.get().facts.get() {
        Some(_) => Err(errors::initialised_twice()),
        None => Ok(object),
    }
}

/// A new object of a class, of the queue that is opened and the flags that it is opened with.
pub(crate) fn object_of<'py>(
    class: &Bound<'py, PyType>,
    open: impl FnOnce() -> PyResult<(posix_mqueue::MessageQueue, i32)>,
) -> PyResult<Bound<'py, MessageQueue>> {
    let object = unopened(class)?;
    let (open, flags) = open()?;
    object.get().start(Owned::new(open), flags)?;
    Ok(object)
}

pub(crate) fn from_fd<'py>(
    class: &Bound<'py, PyType>,
    Number(fd): Number,
) -> PyResult<Bound<'py, MessageQueue>> {
    let py = class.py();
    let object = unopened(class)?;
    if exit::is_open(fd) {
        return Err(errors::already_adopted(fd));
    }
    let open = descriptor::give(fd, posix_mqueue::MessageQueue::try_from)
        .ok_or_else(|| errors::negative_descriptor(py, fd))?
        .map_err(|error| errors::raise(py, &error))?;
    let started = match open.flags() {
        Ok(flags) => object.get().try_start(Owned::new(open), flags),
        Err(error) => Err((errors::raise(py, &error), Owned::new(open))),
    };
    started.map(|()| object).map_err(|(error, open)| {
        // Still the caller's.
        let _ = open.into_raw_fd();
        error
    })
}

/// The descriptor, still open; the object is closed.
pub(crate) fn detach(queue: &MessageQueue, py: Python<'_>) -> PyResult<i32> {
    // For a call that does not leave the queue; made while a failure changes nothing yet.
    let duplicate = |open: &Arc<Owned>| (Arc::strong_count(open) > 1).then(|| open.try_clone());
    let duplicate = queue.with_open(py, duplicate)?.transpose();
    let duplicate = duplicate.map_err(|error| errors::raise(py, &error))?;
    let open = queue.take_open().ok_or_else(|| queue.closed_error(py))?;
    open.set_owner(false);
    queue.callbacks.clear();
    let cancelled = open.cancel_notification();
    block::wake(py, &open);
    let fd = match (block::alone(py, open), duplicate) {
        (Ok(open), _) => open.into_raw_fd(),
        (Err(_), Some(duplicate)) => duplicate.into_raw_fd(),
        (Err(open), None) => {
            open.try_clone().map_err(|error| errors::raise(py, &error))?.into_raw_fd()
        }
    };
    cancelled.map(|()| fd).map_err(|error| errors::raise(py, &error))
}

pub(crate) fn reopen<'py>(
    this: &Bound<'py, MessageQueue>,
    flags: Option<i32>,
) -> PyResult<Bound<'py, MessageQueue>> {
    let py = this.py();
    let open = this.get().with_open(py, Arc::clone)?;
    object_of(&this.get_type(), || {
        let flags = flags.map_or_else(|| open.flags(), Ok);
        let again = flags.and_then(|flags| {
            let options = OpenOptions::from_flags(flags).map_err(|error| named(error, &open))?;
            Ok((open.reopen_with(&options)?, flags))
        });
        again.map_err(|error| errors::raise(py, &error))
    })
}

fn named(error: posix_mqueue::Error, open: &Owned) -> posix_mqueue::Error {
    match open.name() {
        Some(name) => error.about(name.as_os_str()),
        None => error,
    }
}

/// What `pickle` calls to make the object again, with which arguments, and what it then gives the
/// object: the attributes of a subclass, as for any other class.
pub(crate) fn reduce<'py>(this: &Bound<'py, MessageQueue>) -> PyResult<Bound<'py, PyTuple>> {
    static OPEN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = this.py();
    let queue = this.get();
    let status = queue.ask(py, |open| open.status())?;
    let facts = queue.facts(py)?;
    if facts.name.is_empty() {
        return Err(errors::cannot_pickle(
            this,
            "it was adopted, and its name is not known; pass its descriptor on",
        ));
    }
    if status.unlinked {
        return Err(errors::cannot_pickle(
            this,
            "the queue is unlinked, and nobody can open it by name; pass its descriptor on",
        ));
    }
    let flags = queue.ask(py, |open| open.flags())?;
    let busy_poll = queue.with_open(py, |open| open.busy_poll())?.as_secs_f64();
    let arguments = (this.get_type(), facts.name.as_os_str(), flags, busy_poll);
    let open = OPEN.import(py, "mood.mqueue._native", "_open_pickled")?;
    let state = this.call_method0(intern!(py, "__getstate__"))?;
    (open, arguments, state).into_pyobject(py)
}

/// Makes a pickled or copied object again. It never creates the queue, and so never owns it.
#[pyfunction]
#[pyo3(name = "_open_pickled")]
pub(crate) fn open_pickled<'py>(
    class: &Bound<'py, PyType>,
    name: &Bound<'py, PyAny>,
    flags: i32,
    busy_poll: Seconds,
) -> PyResult<Bound<'py, MessageQueue>> {
    let py = class.py();
    object_of(class, || {
        name::with_encoded(name, |name| {
            let open = OpenOptions::from_flags(flags)
                .and_then(|mut options| options.create(false).exclusive(false).open(name))
                .map_err(|error| errors::raise(py, &error.about(name)))?;
            open.set_busy_poll(busy_poll.0);
            Ok((open, flags))
        })
    })
}
