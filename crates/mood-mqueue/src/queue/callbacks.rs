//! Where the callbacks of a queue are kept until they run.

use std::sync::{Mutex, PoisonError, TryLockError};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

/// Under this number, which no registration gets, is what is only to be dropped at the close.
const NO_REGISTRATION: u64 = u64::MAX;

/// The callbacks of one queue that have not run yet, each under the number of its registration.
///
/// They are kept in the queue, which the garbage collector sees into, and not with the
/// registration: so a callback that refers to its queue keeps neither of them alive.
#[derive(Default)]
pub(crate) struct Callbacks {
    pending: Mutex<Vec<(u64, Py<PyAny>)>>,
}

impl Callbacks {
    pub(crate) fn insert(&self, number: u64, callback: Py<PyAny>) {
        self.lock().push((number, callback));
    }

    pub(crate) fn take(&self, number: u64) -> Option<Py<PyAny>> {
        let mut pending = self.lock();
        let found = pending.iter().position(|(n, _)| *n == number)?;
        Some(pending.swap_remove(found).1)
    }

    /// Keeps an object until `clear()`.
    pub(crate) fn keep_until_closed(&self, object: Py<PyAny>) {
        self.insert(NO_REGISTRATION, object);
    }

    pub(crate) fn clear(&self) {
        // Dropped after the lock: that may run any code.
        let pending = std::mem::take(&mut *self.lock());
        drop(pending);
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.pending.try_lock() {
            Ok(pending) => pending.iter().try_for_each(|(_, callback)| visit.call(callback)),
            Err(TryLockError::Poisoned(pending)) => {
                pending.get_ref().iter().try_for_each(|(_, callback)| visit.call(callback))
            }
            // Another thread has it just now: what is not visited is not collected.
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Py<PyAny>)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
