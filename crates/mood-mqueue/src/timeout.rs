//! `timeout=`: None or seconds, as everywhere in Python.

use std::time::Duration;

use posix_mqueue::Deadline;
use pyo3::prelude::*;

use crate::errors;

/// How long a call may wait.
#[derive(Clone, Copy)]
pub(crate) struct Timeout(Duration);

impl FromPyObject<'_, '_> for Timeout {
    type Error = PyErr;
    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let seconds: f64 = object.extract()?;
        if seconds.is_nan() || seconds < 0.0 {
            return Err(errors::bad_timeout(seconds));
        }
        // More than a Duration holds, infinity included, is for ever.
        Ok(Self(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
    }
}

/// When a call that begins now has to end.
pub(crate) fn deadline(timeout: Option<Timeout>) -> Deadline {
    timeout.map_or(Deadline::Never, |Timeout(duration)| Deadline::from(duration))
}
