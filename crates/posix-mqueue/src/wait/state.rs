//! What a handle knows about waiting: whether that has been shut down, and how long to spin first.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::waiters::{self, QueueKey};

/// The part of a handle that its blocking calls share.
#[derive(Debug)]
pub(crate) struct WaitState {
    key: QueueKey,
    busy_poll_nanoseconds: AtomicU64,
    shut_down: AtomicBool,
}

impl WaitState {
    pub(crate) fn new() -> Self {
        Self {
            key: waiters::new_key(),
            busy_poll_nanoseconds: AtomicU64::new(0),
            shut_down: AtomicBool::new(false),
        }
    }

    pub(super) fn key(&self) -> QueueKey {
        self.key
    }

    pub(crate) fn busy_poll(&self) -> Duration {
        Duration::from_nanos(self.busy_poll_nanoseconds.load(Ordering::Relaxed))
    }

    pub(crate) fn set_busy_poll(&self, time: Duration) {
        let nanoseconds = time.as_nanos().try_into().unwrap_or(u64::MAX);
        self.busy_poll_nanoseconds.store(nanoseconds, Ordering::Relaxed);
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::SeqCst)
    }

    /// Ends every blocking call, now and later. Returns false if no signal can wake a waiter.
    pub(crate) fn shut_down(&self) -> bool {
        self.shut_down.store(true, Ordering::SeqCst);
        waiters::wake_all(self.key)
    }
}
