//! The module's functions.

use posix_mqueue::Limits;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::calls::blocking;
use crate::convert::{name, namedtuples};
use crate::errors;

/// unlink(name)
/// --
///
/// Remove the queue called *name* from the system, as `os.unlink` removes a file.
///
/// Whoever has it open can go on using it; it is gone when the last of them closes it.
///
/// Raises FileNotFoundError (ENOENT) if there is no such queue, PermissionError (EACCES) if it is
/// another user's or the name has a second slash, and OSError with EINVAL or ENAMETOOLONG for what
/// cannot be a queue's name.
///
/// >>> from mood.mqueue import unlink
/// >>> unlink("/no-such-queue")
/// Traceback (most recent call last):
///     ...
/// FileNotFoundError: [Errno 2] No such file or directory: '/no-such-queue'
///
/// Source: mq_unlink(3).
#[pyfunction]
pub(crate) fn unlink(name: &Bound<'_, PyAny>) -> PyResult<()> {
    name::with_encoded(name, |encoded| {
        posix_mqueue::unlink(encoded).map_err(|error| errors::raise(name.py(), &error))
    })
}

/// list_queues()
/// --
///
/// Return the names of the queues of this IPC namespace, sorted.
///
/// The queue file system need not be mounted for a privileged process. To list disturbs no
/// notification. Names are decoded as those of files are, with os.fsdecode().
///
/// Raises FileNotFoundError (ENOENT) where it is not mounted, or what is mounted shows another
/// namespace's queues: the text has the command that mounts it; PermissionError (EACCES) where
/// it may not be read; LimitError (EMFILE).
///
/// >>> from mood.mqueue import list_queues
/// >>> mq.name in list_queues()
/// True
///
/// Source: mq_overview(7).
#[pyfunction]
pub(crate) fn list_queues(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let names = blocking::without_gil(py, posix_mqueue::list_queues)
        .map_err(|error| errors::raise(py, &error))?;
    PyList::new(py, names.iter().map(posix_mqueue::QueueName::as_os_str))
}

/// limits()
/// --
///
/// Return the limits on queues that are in force now, as Limits(msg_default, msg_max,
/// msgsize_default, msgsize_max, queues_max, rlimit).
///
/// A queue is charged maxmsg * (msgsize + 96) bytes against rlimit. Privileged processes may pass
/// some of the others.
///
/// Raises FileNotFoundError (ENOENT) where /proc is not mounted.
///
/// >>> from mood.mqueue import limits
/// >>> limits().msg_default <= limits().msg_max
/// True
///
/// Source: mq_overview(7), getrlimit(2).
#[pyfunction]
pub(crate) fn limits(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let limits = Limits::read().map_err(|error| errors::raise(py, &error))?;
    namedtuples::limits(py, &limits)
}
