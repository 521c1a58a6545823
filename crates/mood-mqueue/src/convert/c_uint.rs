//! Numbers that the kernel takes as a C unsigned int: `priority` and `mode`.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use crate::errors;

/// The kernel says what it thinks of one that is too high.
pub(crate) fn priority(given: &Bound<'_, PyAny>) -> PyResult<u32> {
    c_uint(given, "priority is not between 0 and 32767")
}

pub(crate) fn mode(given: &Bound<'_, PyAny>) -> PyResult<u32> {
    c_uint(given, "mode is not between 0 and 0o7777")
}

/// For a number that no unsigned int holds, OverflowError with a text that has the range.
fn c_uint(given: &Bound<'_, PyAny>, range: &'static str) -> PyResult<u32> {
    let py = given.py();
    match given.extract::<i64>().map(u32::try_from) {
        Ok(Ok(number)) => Ok(number),
        Err(error) if !error.is_instance_of::<PyOverflowError>(py) => Err(error),
        _ => Err(errors::out_of_range(py, range)),
    }
}
