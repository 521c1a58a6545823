//! A queue's name as Python gives it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::errors;

/// What `os.fsencode` takes: str, bytes or a path.
pub(crate) fn encode(name: &Bound<'_, PyAny>) -> PyResult<OsString> {
    let bytes: Vec<u8> = fsencode(name.py())?.call1((name,))?.extract()?;
    if bytes.contains(&0) {
        return Err(errors::null_in_name());
    }
    Ok(OsString::from_vec(bytes))
}

/// Looked up once, when the module is imported.
pub(crate) fn fsencode(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static FSENCODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    FSENCODE.import(py, "os", "fsencode")
}
