//! Delays between attempts: exponential, with jitter.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const INITIAL_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(5);

/// The delay before the next attempt.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(INITIAL_DELAY)
    }
}

impl Backoff {
    /// Waits for the next delay.
    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.next_delay()).await;
    }

    /// Returns a random delay between half the current one and all of it, then doubles it. Without
    /// jitter, all machines would reconnect at the same moment after an outage.
    pub(crate) fn next_delay(&mut self) -> Duration {
        let delay = self.0;
        self.0 = (delay * 2).min(MAX_DELAY);
        delay / 2 + delay * u32::try_from(random_below(512)).unwrap_or(0) / 1024
    }
}

/// Returns a random number below `bound`, or 0 if `bound` is 0.
pub(crate) fn random_below(bound: usize) -> usize {
    let random = usize::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or(0);
    random.checked_rem(bound).unwrap_or(0)
}
