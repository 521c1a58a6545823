//! How long to wait before the next attempt: longer each time, and not all machines alike.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const INITIAL_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(INITIAL_DELAY)
    }
}

impl Backoff {
    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.next_delay()).await;
    }

    /// Between half and all of a time that doubles.
    pub(crate) fn next_delay(&mut self) -> Duration {
        let delay = self.0;
        self.0 = (delay * 2).min(MAX_DELAY);
        delay / 2 + delay * u32::try_from(random_below(512)).unwrap_or(0) / 1024
    }
}

/// A number below this one, or 0.
pub(crate) fn random_below(bound: usize) -> usize {
    let random = usize::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or(0);
    random.checked_rem(bound).unwrap_or(0)
}
