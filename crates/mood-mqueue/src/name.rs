//! A queue's name as Python gives it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use pyo3::prelude::*;

use crate::errors;

/// What `os.fsencode` takes: str, bytes or a path.
pub(crate) fn encode(name: &Bound<'_, PyAny>) -> PyResult<OsString> {
    let bytes: Vec<u8> = name.py().import("os")?.call_method1("fsencode", (name,))?.extract()?;
    if bytes.contains(&0) {
        return Err(errors::null_in_name());
    }
    Ok(OsString::from_vec(bytes))
}
