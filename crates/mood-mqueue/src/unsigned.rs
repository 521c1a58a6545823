//! Numbers that the kernel takes as a C unsigned int: `priority` and `mode`.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use crate::errors;

/// The kernel says what it thinks of one that is too high.
#[inline(always)]
pub(crate) fn priority(given: &Bound<'_, PyAny>) -> PyResult<u32> {
    given.extract().map_err(|error| explained(given, error, "priority is not between 0 and 32767"))
}

pub(crate) fn mode(given: &Bound<'_, PyAny>) -> PyResult<u32> {
    given.extract().map_err(|error| explained(given, error, "mode is not between 0 and 0o7777"))
}

/// What no unsigned int holds, in words that tell the range.
#[cold]
fn explained(given: &Bound<'_, PyAny>, error: PyErr, range: &'static str) -> PyErr {
    if error.is_instance_of::<PyOverflowError>(given.py()) {
        errors::out_of_range(range)
    } else {
        error
    }
}
