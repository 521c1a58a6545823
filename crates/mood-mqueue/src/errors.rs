//! The only place where exceptions are built, save the MemoryError of what CPython itself would have
//! made.

use std::ffi::OsStr;

use posix_mqueue::{Deadline, Error};
use pyo3::PyTypeInfo;
use pyo3::exceptions::{
    PyBlockingIOError, PyImportError, PyOSError, PyOverflowError, PyRuntimeError, PyRuntimeWarning,
    PyStopIteration, PyTimeoutError, PyTypeError, PyValueError,
};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};

use crate::ffi::{path, tuple};

/// `OSError(errno, message[, filename])`, so that Python picks the subclass by errno.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let new = |errno, message| match error.name() {
        Some(name) => new_os_error(py, error.is_limit(), (errno, message, name)),
        None => new_os_error(py, error.is_limit(), (errno, message)),
    };
    new(error.raw_os_error(), error.message())
}

/// What the exceptions are made of that programs raise on purpose, again and again: errno, text, and
/// the queue's name if it has one.
pub(crate) struct CachedErrors {
    call: &'static str,
    would_block: PyOnceLock<Py<PyTuple>>,
    timed_out: PyOnceLock<Py<PyTuple>>,
}

impl CachedErrors {
    /// Of a C function that sends or receives: a queue is full for the one and empty for the other.
    pub(crate) const fn of(call: &'static str) -> Self {
        Self { call, would_block: PyOnceLock::new(), timed_out: PyOnceLock::new() }
    }

    /// What a call raises that finds an empty or full queue in nonblocking mode.
    pub(crate) fn would_block(&self, py: Python<'_>, name: &OsStr) -> PyErr {
        let error = || Error::would_block(self.call);
        cached::<PyBlockingIOError>(py, &self.would_block, name, error)
    }

    /// What a call raises that was not to wait.
    pub(crate) fn timed_out(&self, py: Python<'_>, name: &OsStr) -> PyErr {
        let error = || Error::timed_out(self.call, Deadline::Now);
        cached::<PyTimeoutError>(py, &self.timed_out, name, error)
    }
}

fn cached<E: PyTypeInfo>(
    py: Python<'_>,
    cache: &PyOnceLock<Py<PyTuple>>,
    name: &OsStr,
    error: impl FnOnce() -> Error,
) -> PyErr {
    let made = || {
        let error = error();
        let errno = tuple::new_int(py, usize::try_from(error.raw_os_error())?)?;
        let text = path::fs_decode(py, error.message().as_ref())?;
        let name = path::fs_decode(py, name)?;
        let length = if name.is_empty()? { 2 } else { 3 };
        let parts = [&errno, text.as_any(), name.as_any()];
        tuple::new_tuple(py, length, parts.into_iter()).map(Bound::unbind)
    };
    let arguments = cache.get_or_try_init(py, made);
    value_or_error(arguments.and_then(|arguments| py.get_type::<E>().call1(arguments.bind(py))))
}

/// What is made once is made when the module is imported.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    limit_error(py)?;
    Ok(())
}

fn new_os_error<'py, A>(py: Python<'py>, limit: bool, arguments: A) -> PyErr
where
    A: pyo3::call::PyCallArgs<'py>,
{
    let exception = if limit { limit_error(py) } else { Ok(py.get_type::<PyOSError>()) };
    value_or_error(exception.and_then(|class| class.call1(arguments)))
}

/// What any use of a closed queue raises.
pub(crate) fn closed(py: Python<'_>, name: Option<&OsStr>) -> PyErr {
    raise(py, &Error::closed("", name))
}

/// How far a call came that sends several messages, as `BlockingIOError.characters_written` tells.
pub(crate) fn with_characters_written(py: Python<'_>, error: PyErr, written: usize) -> PyErr {
    // Whatever is raised meanwhile, such as KeyboardInterrupt, need not have such an attribute.
    let _ = error.value(py).setattr(intern!(py, "characters_written"), written);
    error
}

/// How many messages went before a signal handler raised.
pub(crate) fn with_messages_sent(py: Python<'_>, error: PyErr, sent: usize) -> PyErr {
    let _ = error.value(py).setattr(intern!(py, "messages_sent"), sent);
    error
}

/// Which one of several messages is at fault.
pub(crate) fn with_message_index(py: Python<'_>, error: PyErr, position: usize) -> PyErr {
    let note = format!("nothing was sent: message {position} (counted from 0) is at fault");
    let _ = error.value(py).call_method1(intern!(py, "add_note"), (note,));
    error
}

pub(crate) fn single_message(given: &Bound<'_, PyAny>) -> PyErr {
    type_error(given, |class| {
        format!("an iterable of messages is required, not one '{class}'; send_message() takes one")
    })
}

pub(crate) fn not_a_pair(tuple: &Bound<'_, PyTuple>) -> PyErr {
    let text = format!(
        "a message is a bytes-like object, or a tuple of one and its priority, not a tuple of {}",
        tuple.len()
    );
    new_error::<PyTypeError>(tuple.py(), &text)
}

pub(crate) fn buffer_too_small(given: usize, needed: usize) -> PyErr {
    PyValueError::new_err(format!(
        "a buffer of {given} bytes, and a message of this queue may have {needed} (msgsize)"
    ))
}

pub(crate) fn negative_argument(argument: &str, given: i64) -> PyErr {
    PyValueError::new_err(format!("{argument} must be None or not negative, not {given}"))
}

pub(crate) fn out_of_range(py: Python<'_>, range: &'static str) -> PyErr {
    new_error::<PyOverflowError>(py, range)
}

pub(crate) fn already_adopted(fd: i32) -> PyErr {
    PyValueError::new_err(format!(
        "descriptor {fd} belongs to another MessageQueue; adopt os.dup({fd}), or use its reopen()"
    ))
}

/// What the kernel says of any other number that is no queue's.
pub(crate) fn negative_descriptor(py: Python<'_>, given: i32) -> PyErr {
    let errno = Error::closed("", None).raw_os_error();
    let why = "Bad file descriptor: descriptor";
    new_os_error(py, false, (errno, format!("{why} {given} is not that of a message queue")))
}

pub(crate) fn not_a_descriptor(given: &Bound<'_, PyAny>) -> PyErr {
    type_error(given, |class| format!("a descriptor's number is required, not {class}"))
}

pub(crate) fn not_searchable() -> PyErr {
    PyTypeError::new_err("a message queue cannot be searched: to look at messages is to take them")
}

pub(crate) fn nul_in_name() -> PyErr {
    PyValueError::new_err("embedded null byte")
}

pub(crate) fn invalid_seconds(py: Python<'_>, given: f64) -> PyErr {
    let text = format!("a non-negative number of seconds is required, not {given}");
    new_error::<PyValueError>(py, &text)
}

pub(crate) fn signal_out_of_range() -> PyErr {
    PyValueError::new_err("signal number out of range")
}

pub(crate) fn not_a_notification(given: &Bound<'_, PyAny>) -> PyErr {
    type_error(given, |class| {
        format!("a callable, a signal number or None is required, not {class}")
    })
}

pub(crate) fn cannot_pickle(object: &Bound<'_, PyAny>, why: &str) -> PyErr {
    type_error(object, |class| format!("cannot pickle '{class}' object: {why}"))
}

/// Names the object's class, in a way that runs no code of a metaclass unseen.
fn type_error(object: &Bound<'_, PyAny>, text: impl FnOnce(&str) -> String) -> PyErr {
    match object.get_type().name() {
        Ok(class) => new_error::<PyTypeError>(object.py(), &text(&class.to_string_lossy())),
        Err(failed) => failed,
    }
}

/// An exception that exists already.
///
/// `new_err` leaves it to PyO3 to create the exception later, and PyO3 attaches for that if it looks
/// at the exception before it raises it, as it does with those of arguments. That panics while the
/// interpreter shuts down.
fn new_error<E: PyTypeInfo>(py: Python<'_>, text: &str) -> PyErr {
    value_or_error(py.get_type::<E>().call1((text,)))
}

fn value_or_error(exception: PyResult<Bound<'_, PyAny>>) -> PyErr {
    match exception {
        Ok(exception) => PyErr::from_value(exception),
        Err(failed) => failed,
    }
}

pub(crate) fn already_initialized() -> PyErr {
    PyRuntimeError::new_err("this MessageQueue was opened already; make another one")
}

/// In the words of CPython 3.12 and later, for the interpreters that those refuse themselves.
pub(crate) fn subinterpreter() -> PyErr {
    PyImportError::new_err("module mood.mqueue._native does not support loading in subinterpreters")
}

pub(crate) fn callback_taken() -> PyErr {
    PyRuntimeError::new_err("taken already")
}

pub(crate) fn end_of_iteration() -> PyErr {
    PyStopIteration::new_err(())
}

pub(crate) fn not_imported() -> PyErr {
    PyRuntimeError::new_err("the import of mood.mqueue has not come to its end")
}

/// Warns that `close()` could not wake a thread.
pub(crate) fn warn_of_waiting_thread(py: Python<'_>) -> PyResult<()> {
    let message = c"a thread goes on waiting in the closed queue, since no signal can wake it: \
        either it blocks every signal that could, or the program handles them all; \
        leave SIGURG or a real-time signal to the library";
    PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), message, 1)
}

/// Whether the queue would have had to wait, being in nonblocking mode.
pub(crate) fn is_would_block(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyBlockingIOError>(py)
}

const LIMIT_ERROR_DOC: &str = "\
A limit of the system refused a queue; the text says which, its value, and how to raise it: by a
command that this user may run, or else by what root of the host can do.

errno is EINVAL (fs.mqueue.msg_max or msgsize_max), EMFILE (RLIMIT_MSGQUEUE or RLIMIT_NOFILE) or
ENOSPC (fs.mqueue.queues_max).

>>> import os
>>> from mood.mqueue import LimitError, MessageQueue
>>> try:
...     MessageQueue(\"/doc-limit\", os.O_RDWR | os.O_CREAT, maxmsg=2**40)
... except LimitError as error:
...     \"msg_max\" in str(error), isinstance(error, (OSError, OverflowError))
(True, True)

Source: mq_open(3).";

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
