//! The only place where exceptions are built.

use std::ffi::OsStr;

use posix_mqueue::Error;
use pyo3::exceptions::{PyOSError, PyOverflowError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

/// `OSError(errno, message[, filename])`, so that Python picks the subclass by errno.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let new = |errno, message| match error.name() {
        Some(name) => build(py, error.is_limit(), (errno, message, name)),
        None => build(py, error.is_limit(), (errno, message)),
    };
    new(error.raw_os_error(), error.message())
}

fn build<'py, A>(py: Python<'py>, limit: bool, arguments: A) -> PyErr
where
    A: pyo3::call::PyCallArgs<'py>,
{
    let exception = if limit { limit_error(py) } else { Ok(py.get_type::<PyOSError>()) };
    match exception.and_then(|class| class.call1(arguments)) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failed) => failed,
    }
}

/// What any use of a closed queue raises.
pub(crate) fn closed(py: Python<'_>, name: Option<&OsStr>) -> PyErr {
    raise(py, &Error::closed("", name))
}

/// How far a call came that sends several messages, as `BlockingIOError.characters_written` tells.
pub(crate) fn after_writing(py: Python<'_>, error: PyErr, written: usize) -> PyErr {
    // Whatever is raised meanwhile, such as KeyboardInterrupt, need not have such an attribute.
    let _ = error.value(py).setattr("characters_written", written);
    error
}

pub(crate) fn null_in_name() -> PyErr {
    PyValueError::new_err("embedded null byte")
}

pub(crate) fn bad_timeout(seconds: f64) -> PyErr {
    PyValueError::new_err(format!("timeout must be None or a non-negative number, not {seconds}"))
}

pub(crate) fn signal_out_of_range() -> PyErr {
    PyValueError::new_err("signal number out of range")
}

pub(crate) fn no_notification(given: &Bound<'_, PyAny>) -> PyErr {
    type_error(given, |class| {
        format!("a callable, a signal number or None is required, not {class}")
    })
}

pub(crate) fn cannot_pickle(object: &Bound<'_, PyAny>) -> PyErr {
    type_error(object, |class| {
        format!("cannot pickle '{class}' object: open the queue by name in the other process")
    })
}

/// Names the object's class, in a way that runs no code of a metaclass unseen.
fn type_error(object: &Bound<'_, PyAny>, text: impl FnOnce(&str) -> String) -> PyErr {
    match object.get_type().name() {
        Ok(class) => PyTypeError::new_err(text(&class.to_string_lossy())),
        Err(failed) => failed,
    }
}

pub(crate) fn initialised_twice() -> PyErr {
    PyRuntimeError::new_err("this MessageQueue was opened already; make another one")
}

const LIMIT_ERROR_DOC: &str = "\
A limit of the system refused a queue; the text says which, its value, and how to raise it.

errno is EINVAL (fs.mqueue.msg_max or msgsize_max), EMFILE (RLIMIT_MSGQUEUE or RLIMIT_NOFILE) or
ENOSPC (fs.mqueue.queues_max).";

/// `LimitError`: an `OSError` with the kernel's errno, and the `OverflowError` of old.
pub(crate) fn limit_error(py: Python<'_>) -> PyResult<Bound<'_, PyType>> {
    static LIMIT_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = LIMIT_ERROR.get_or_try_init(py, || {
        let bases = (py.get_type::<PyOSError>(), py.get_type::<PyOverflowError>());
        let namespace = PyDict::new(py);
        namespace.set_item("__module__", "mood.mqueue")?;
        namespace.set_item("__doc__", LIMIT_ERROR_DOC)?;
        let class = py.get_type::<PyType>().call1(("LimitError", bases, namespace))?;
        Ok::<_, PyErr>(class.cast_into::<PyType>()?.unbind())
    })?;
    Ok(class.bind(py).clone())
}
