//! The module's functions.

use pyo3::prelude::*;

use crate::errors;
use crate::name;

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
