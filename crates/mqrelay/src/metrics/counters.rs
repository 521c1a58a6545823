//! The counters and the current problems of one route.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use posix_mqueue::QueueName;

use crate::journal::Journal;

/// A counter that only increases.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, increment: u64) {
        self.0.fetch_add(increment, Ordering::Relaxed);
    }

    /// Returns the current value.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters and problems of one route.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Messages received from the queue.
    pub(crate) received: Counter,
    /// Bytes of the received messages.
    pub(crate) received_bytes: Counter,
    /// Nanoseconds for which a message was neither in the queue nor in the journal.
    pub(crate) unjournaled_nanoseconds: Counter,
    /// Times the journal was synced to disk.
    pub(crate) syncs: Counter,
    /// Torn records found in the journal.
    pub(crate) torn_records: Counter,
    /// Messages acknowledged by the server.
    pub(crate) published: Counter,
    /// Published messages that the server had already stored.
    pub(crate) duplicates: Counter,
    /// Messages sent to the queue.
    pub(crate) delivered: Counter,
    /// Redelivered messages that were not sent again.
    pub(crate) deduplicated: Counter,
    /// Messages sent to the dead-letter subject.
    pub(crate) dead_letters: Counter,
    journal: Mutex<Weak<Journal>>,
    problems: Mutex<BTreeMap<&'static str, String>>,
}

impl Counters {
    /// Reports the size and the pending messages of this journal from now on.
    pub(crate) fn set_journal(&self, journal: &Arc<Journal>) {
        *lock(&self.journal) = Arc::downgrade(journal);
    }

    fn journal(&self) -> Option<Arc<Journal>> {
        lock(&self.journal).upgrade()
    }

    pub(crate) fn count_received(&self, unjournaled: Duration, length: usize) {
        self.received.add(1);
        self.received_bytes.add(length as u64);
        let nanoseconds = u64::try_from(unjournaled.as_nanos()).unwrap_or(u64::MAX);
        self.unjournaled_nanoseconds.add(nanoseconds);
    }

    /// Sets or clears the problem of one part of the route.
    pub(crate) fn set_problem(&self, part: &'static str, problem: Option<String>) {
        let mut problems = lock(&self.problems);
        match problem {
            Some(problem) => drop(problems.insert(part, problem)),
            None => drop(problems.remove(part)),
        }
    }

    pub(crate) fn set_missing_queue(&self, queue: Option<&QueueName>) {
        self.set_problem("queue", queue.map(|queue| format!("{queue:?}: no such queue")));
    }

    pub(crate) fn set_journal_full(&self, is_full: bool) {
        self.set_problem("journal size", is_full.then(|| "the journal is full".to_owned()));
    }

    /// Returns how many messages of the journal the server has not acknowledged.
    pub(crate) fn pending(&self) -> u64 {
        self.journal().map_or(0, |journal| journal.pending())
    }

    pub(super) fn journal_disk_size(&self) -> u64 {
        self.journal().map_or(0, |journal| journal.disk_size())
    }

    /// Returns what keeps the route from working.
    pub(crate) fn problems(&self) -> Vec<String> {
        lock(&self.problems).values().cloned().collect()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No invariant spans these values, so they are valid even after a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
