//! Times in seconds, as everywhere in Python: `timeout=`, and `busy_poll`.

use std::time::Duration;

use posix_mqueue::Deadline;
use pyo3::prelude::*;

use crate::errors;

#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl FromPyObject<'_, '_> for Seconds {
    type Error = PyErr;
    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let seconds: f64 = object.extract()?;
        if seconds.is_nan() || seconds < 0.0 {
            return Err(errors::invalid_seconds(object.py(), seconds));
        }
        // More than a Duration holds, infinity included, is for ever.
        Ok(Self(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
    }
}

/// When a call that begins now has to end.
pub(crate) fn deadline(timeout: Option<Seconds>) -> Deadline {
    timeout.map_or(Deadline::Never, |Seconds(duration)| Deadline::from(duration))
}

/// A `timeout=` whose time has not begun: a call that need not wait never looks at the clock.
pub(crate) struct Timeout(pub(crate) Option<Duration>);

impl From<Timeout> for Deadline {
    fn from(Timeout(timeout): Timeout) -> Self {
        timeout.map_or(Self::Never, Self::from)
    }
}
