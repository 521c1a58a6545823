//! What a route counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use posix_mqueue::QueueName;

use crate::journal::Journal;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// What it is now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The numbers of one route.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Messages taken from the queue.
    pub(crate) taken: Counter,
    /// Their bytes.
    pub(crate) taken_bytes: Counter,
    /// Nanoseconds in which a message was neither in its queue nor in the journal.
    pub(crate) in_hand: Counter,
    /// Times the journal was made durable.
    pub(crate) syncs: Counter,
    /// Torn records found in the journal.
    pub(crate) torn: Counter,
    /// Messages acknowledged by the server.
    pub(crate) published: Counter,
    /// Those of them that it had already.
    pub(crate) duplicates: Counter,
    /// Messages sent to the queue.
    pub(crate) delivered: Counter,
    /// Messages that came again and were not sent again.
    pub(crate) suppressed: Counter,
    /// Messages that the queue can never take.
    pub(crate) dead: Counter,
    journal: Mutex<Weak<Journal>>,
    troubles: Mutex<BTreeMap<&'static str, String>>,
}

impl Counters {
    /// Has the numbers of a journal shown.
    pub(crate) fn watch(&self, journal: &Arc<Journal>) {
        *lock(&self.journal) = Arc::downgrade(journal);
    }

    pub(super) fn journal(&self) -> Option<Arc<Journal>> {
        lock(&self.journal).upgrade()
    }

    pub(crate) fn took(&self, in_hand: Duration, length: usize) {
        self.taken.add(1);
        self.taken_bytes.add(length as u64);
        self.in_hand.add(u64::try_from(in_hand.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Says what keeps the route from working, or that nothing does.
    pub(crate) fn set_trouble(&self, what: &'static str, trouble: Option<String>) {
        let mut troubles = lock(&self.troubles);
        match trouble {
            Some(words) => drop(troubles.insert(what, words)),
            None => drop(troubles.remove(what)),
        }
    }

    pub(crate) fn set_missing(&self, queue: Option<&QueueName>) {
        self.set_trouble("queue", queue.map(|queue| format!("{queue:?}: no such queue")));
    }

    pub(crate) fn set_full(&self, is_full: bool) {
        self.set_trouble("journal size", is_full.then(|| "the journal is full".to_owned()));
    }

    /// How many messages its journal holds.
    pub(crate) fn pending(&self) -> u64 {
        self.journal().map_or(0, |journal| journal.pending())
    }

    /// What keeps the route from working.
    pub(crate) fn troubles(&self) -> Vec<String> {
        lock(&self.troubles).values().cloned().collect()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A number is as good after a panic as before.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
