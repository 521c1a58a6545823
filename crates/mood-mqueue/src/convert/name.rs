//! A queue's name as Python gives it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString};

use crate::errors;
use crate::ffi::path;

/// Calls with the name that a str, bytes or path stands for, as `os.fsencode` has it.
///
/// It is used where it lies: a name that is no queue's may be of any length.
pub(crate) fn with_encoded<T>(
    name: &Bound<'_, PyAny>,
    call: impl FnOnce(&OsStr) -> PyResult<T>,
) -> PyResult<T> {
    let given = fspath(name.py())?.call1((name,))?;
    let bytes = match given.cast_into::<PyBytes>() {
        Ok(bytes) => bytes,
        // What is not bytes is a str: os.fspath returns nothing else.
        Err(other) => path::fs_encode(other.into_inner().cast::<PyString>()?)?,
    };
    let bytes = bytes.as_bytes();
    if bytes.contains(&0) { Err(errors::nul_in_name()) } else { call(OsStr::from_bytes(bytes)) }
}

/// Looked up once, when the module is imported.
pub(crate) fn fspath(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static FSPATH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    FSPATH.import(py, "os", "fspath")
}
