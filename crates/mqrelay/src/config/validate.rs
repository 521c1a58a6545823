//! Checks of names, durations and counts.

use std::time::Duration;

use crate::error::{Error, Result};

/// Checks the name of a stream, consumer or route. The server uses the first two in subjects and
/// file names; the relay uses route names as metric labels.
pub(super) fn check_name(key: &str, name: &str) -> Result<()> {
    if name.is_empty()
        || name.contains(|c: char| c.is_whitespace() || c.is_control() || ".*>/\\\"".contains(c))
    {
        return Err(Error::new(format!(
            "{key} = {name:?} must not be empty or contain spaces, dots, slashes, quotes, * or >"
        )));
    }
    Ok(())
}

/// Checks a duration. The limit of a year catches mistakes, and keeps clock arithmetic in range.
pub(super) fn seconds(key: &str, value: u64, min: u64) -> Result<Duration> {
    let max = 366 * 24 * 60 * 60;
    if (min..=max).contains(&value) {
        return Ok(Duration::from_secs(value));
    }
    Err(Error::new(format!("{key} = {value} is not between {min} and {max}")))
}

pub(super) fn range(key: &str, value: usize, max: usize) -> Result<()> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::new(format!("{key} = {value} is not between 1 and {max}")))
}
