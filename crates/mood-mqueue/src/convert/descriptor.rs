//! A descriptor's number.

use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::errors;

/// A descriptor's. True is a 1 that nobody means.
pub(crate) struct FdArgument(pub(crate) i32);

impl FromPyObject<'_, '_> for FdArgument {
    type Error = PyErr;
    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBool>() {
            return Err(errors::not_a_descriptor(&object));
        }
        object.extract().map(Self)
    }
}
