//! How far long work has come, for who looks at a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Not sooner, so that short work shows nothing, and not more often.
const UPDATE_INTERVAL: Duration = Duration::from_millis(250);

/// A line on standard error that is written over and over, and gone at the end.
#[derive(Debug)]
pub(crate) struct Progress {
    label: &'static str,
    total: Option<u64>,
    /// None where nobody looks.
    next_update: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    /// Of so many, if that is known, this is `done`: "3 of 7 sent".
    pub(crate) fn new(label: &'static str, total: Option<u64>) -> Self {
        let next_update = io::stderr().is_terminal().then(|| Instant::now() + UPDATE_INTERVAL);
        Self { label, total, next_update, is_shown: false }
    }

    /// So many are done now.
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
