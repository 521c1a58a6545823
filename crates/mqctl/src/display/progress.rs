//! Progress of long operations, shown if standard error is a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// The delay before the first update, so that short operations show nothing, and between updates.
const UPDATE_INTERVAL: Duration = Duration::from_millis(250);

/// A line on standard error that is overwritten by each update and cleared when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    label: &'static str,
    total: Option<u64>,
    /// None if standard error is not a terminal.
    next_update: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    /// `label` follows the numbers, as in "3 of 7 messages sent".
    pub(crate) fn new(label: &'static str, total: Option<u64>) -> Self {
        let next_update = io::stderr().is_terminal().then(|| Instant::now() + UPDATE_INTERVAL);
        Self { label, total, next_update, is_shown: false }
    }

    /// Updates the line, if it is time.
    pub(crate) fn show(&mut self, count: u64) {
        let now = match self.next_update {
            Some(next) if next <= Instant::now() => Instant::now(),
            _ => return,
        };
        self.next_update = Some(now + UPDATE_INTERVAL);
        self.is_shown = true;
        let of = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let _ = write!(io::stderr(), "\r\x1b[K{count}{of} {}", self.label);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
