//! How long to wait before the next attempt: longer each time, and not all machines alike.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.next()).await;
    }

    /// Between half and all of a time that doubles.
    pub(crate) fn next(&mut self) -> Duration {
        let whole = self.0;
        self.0 = (whole * 2).min(LONGEST);
        whole / 2 + whole * u32::try_from(dice(512)).unwrap_or(0) / 1024
    }
}

/// A number below this one, or 0.
pub(crate) fn dice(sides: usize) -> usize {
    let any = usize::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or(0);
    any.checked_rem(sides).unwrap_or(0)
}
