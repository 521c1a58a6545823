//! Objects that come of another way than opening by name: by descriptor, anew, by pickle.

use std::ffi::OsString;
use std::os::fd::IntoRawFd;
use std::sync::Arc;

use posix_mqueue::{OpenOptions, Owned};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use crate::queue::MessageQueue;
use crate::seconds::Seconds;
use crate::{block, buffer, errors, exit};

/// A new object of a class, without its `__init__`: a subclass may have arguments of its own.
pub(crate) fn object_of<'py>(
    class: &Bound<'py, PyType>,
    flags: i32,
    open: posix_mqueue::MessageQueue,
) -> PyResult<Bound<'py, MessageQueue>> {
    let object = class.call_method1("__new__", (class,))?.cast_into::<MessageQueue>()?;
    object.get().start(class.py(), Owned::new(open), flags)?;
    Ok(object)
}

pub(crate) fn from_fd<'py>(
    class: &Bound<'py, PyType>,
    fd: i32,
) -> PyResult<Bound<'py, MessageQueue>> {
    let py = class.py();
    if exit::is_open(fd) {
        return Err(errors::already_adopted(fd));
    }
    let open = buffer::adopt(fd).map_err(|error| errors::raise(py, &error))?;
    let flags = open.flags().map_err(|error| errors::raise(py, &error))?;
    object_of(class, flags, open)
}

/// The descriptor, still open; the object is closed.
pub(crate) fn detach(queue: &MessageQueue, py: Python<'_>) -> PyResult<i32> {
    let open = queue.take_open().ok_or_else(|| queue.closed_error(py))?;
    open.set_owner(false);
    queue.callbacks.clear();
    let cancelled = open.cancel_notification();
    block::wake(py, &open);
    let fd = match Arc::try_unwrap(open) {
        Ok(open) => open.into_raw_fd(),
        // A call is still on its way out of it, and closes what it has when it is.
        Err(open) => open.try_clone().map_err(|error| errors::raise(py, &error))?.into_raw_fd(),
    };
    cancelled.map(|()| fd).map_err(|error| errors::raise(py, &error))
}

pub(crate) fn reopen<'py>(
    this: &Bound<'py, MessageQueue>,
    flags: Option<i32>,
) -> PyResult<Bound<'py, MessageQueue>> {
    let py = this.py();
    let open = this.get().with_open(py, Arc::clone)?;
    let flags = flags.map_or_else(|| open.flags(), Ok);
    let again = flags.and_then(|flags| {
        let again = open.reopen_with(&OpenOptions::from_flags(flags)?)?;
        Ok((again, flags))
    });
    let (again, flags) = again.map_err(|error| errors::raise(py, &error))?;
    object_of(&this.get_type(), flags, again)
}

/// What `__setstate__` opens the queue again with, and the attributes of a subclass's object.
type State<'py> = (OsString, i32, f64, Option<Bound<'py, PyDict>>);

/// Never as owner: `O_CREAT` is left out.
pub(crate) fn reduce<'py>(
    this: &Bound<'py, MessageQueue>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>, State<'py>)> {
    let py = this.py();
    let queue = this.get();
    let status = queue.ask(py, |open| open.status())?;
    let facts = queue.facts(py)?;
    if facts.name.is_empty() {
        return Err(errors::cannot_pickle(this, "it was adopted, and its name is not known"));
    }
    if status.unlinked {
        return Err(errors::cannot_pickle(this, "it is unlinked, and nobody can open it by name"));
    }
    let flags = queue.ask(py, |open| open.flags())?;
    let busy_poll = queue.with_open(py, |open| open.busy_poll())?.as_secs_f64();
    let attributes = this.getattr_opt("__dict__")?.map(Bound::cast_into).transpose()?;
    let state = (facts.name.clone(), flags, busy_poll, attributes);
    let new = py.import("copyreg")?.getattr("__newobj__")?;
    Ok((new, PyTuple::new(py, [this.get_type()])?, state))
}

pub(crate) fn set_state(this: &Bound<'_, MessageQueue>, state: State<'_>) -> PyResult<()> {
    let py = this.py();
    let (name, flags, busy_poll, attributes) = state;
    let open = OpenOptions::from_flags(flags)
        .and_then(|options| options.open(&name))
        .map_err(|error| errors::raise(py, &error.about(&name)))?;
    let busy_poll: Seconds = busy_poll.into_pyobject(py)?.extract()?;
    open.set_busy_poll(busy_poll.0);
    this.get().start(py, Owned::new(open), flags)?;
    if let Some(attributes) = attributes {
        this.getattr("__dict__")?.call_method1("update", (attributes,))?;
    }
    Ok(())
}
