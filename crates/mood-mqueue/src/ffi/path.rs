//! Text as the names of files are encoded: what `os.fsencode` and `os.fsdecode` do.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// A str as the names of files are encoded, whatever a subclass makes of `encode`.
pub(crate) fn fs_encode<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyBytes>> {
    // SAFETY: a live str; the thread is attached.
    let bytes = unsafe { ffi::PyUnicode_EncodeFSDefault(text.as_ptr()) };
    // SAFETY: a new reference to a bytes, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(text.py(), bytes) }.and_then(|b| Ok(b.cast_into()?))
}

/// A new str of what is encoded as the names of files are, or MemoryError.
pub(crate) fn fs_decode<'py>(py: Python<'py>, name: &OsStr) -> PyResult<Bound<'py, PyString>> {
    let bytes = name.as_bytes();
    let length = ffi::Py_ssize_t::try_from(bytes.len())?;
    // SAFETY: pointer and length are those of a live slice, which is copied.
    let text = unsafe { ffi::PyUnicode_DecodeFSDefaultAndSize(bytes.as_ptr().cast(), length) };
    // SAFETY: a new reference to a str, or null with an exception set; the thread is attached.
    unsafe { Bound::from_owned_ptr_or_err(py, text) }.and_then(|text| Ok(text.cast_into()?))
}
