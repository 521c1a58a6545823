//! A descriptor's number.

use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::errors;

/// A descriptor's. True is a 1 that nobody means.
pub(crate) struct Number(pub(crate) i32);

impl FromPyObject<'_, '_> for Number {
    type Error = PyErr;
    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBool>() {
            return Err(errors::no_descriptor(&object));
        }
        object.extract().map(Self)
    }
}
