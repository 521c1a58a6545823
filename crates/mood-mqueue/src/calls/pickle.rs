//! Objects that are pickled, or copied, and made again.

use posix_mqueue::OpenOptions;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};

use crate::calls::constructors::open_as;
use crate::convert::name;
use crate::convert::timeout::Seconds;
use crate::errors;
use crate::queue::MessageQueue;

/// What `pickle` calls to make the object again, with which arguments, and what it then gives the
/// object: the attributes of a subclass, as for any other class.
pub(crate) fn reduce<'py>(this: &Bound<'py, MessageQueue>) -> PyResult<Bound<'py, PyTuple>> {
    static OPEN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = this.py();
    let queue = this.get();
    let status = queue.with_open_result(py, |open| open.status())?;
    let metadata = queue.metadata(py)?;
    if metadata.name.is_empty() {
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
    let flags = queue.with_open_result(py, |open| open.flags())?;
    let busy_poll = queue.with_open(py, |open| open.busy_poll())?.as_secs_f64();
    let arguments = (this.get_type(), metadata.name.as_os_str(), flags, busy_poll);
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
    open_as(class, || {
        name::with_encoded(name, |name| {
            let open = OpenOptions::from_flags(flags)
                .and_then(|mut options| options.create(false).exclusive(false).open(name))
                .map_err(|error| errors::raise(py, &error.with_name(name)))?;
            open.set_busy_poll(busy_poll.0);
            Ok((open, flags))
        })
    })
}
