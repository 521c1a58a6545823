//! What values may be.

use std::time::Duration;

use crate::error::{Error, Result};

/// Names of streams and consumers are parts of subjects and of the server's file names; those of
/// routes are labels of metrics.
pub(super) fn check_name(key: &str, name: &str) -> Result<()> {
    if name.is_empty()
        || name.contains(|c: char| c.is_whitespace() || c.is_control() || ".*>/\\\"".contains(c))
    {
        return Err(Error::new(format!(
            "{key} = {name:?} must not be empty or hold spaces, dots, slashes, quotes, * or >"
        )));
    }
    Ok(())
}

/// More than a year is a mistake, and would be too much for some clocks.
pub(super) fn seconds(key: &str, value: u64, least: u64) -> Result<Duration> {
    let most = 366 * 24 * 60 * 60;
    if (least..=most).contains(&value) {
        return Ok(Duration::from_secs(value));
    }
    Err(Error::new(format!("{key} = {value} is not between {least} and {most}")))
}

pub(super) fn range(key: &str, value: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::new(format!("{key} = {value} is not between 1 and {most}")))
}
