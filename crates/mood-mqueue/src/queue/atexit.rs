//! Unlinks owned queues at the end of the interpreter, even if their objects are not collected.
//!
//! A daemon thread, or the thread of a callback that is just returning, keeps its objects when the
//! interpreter ends.

use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use posix_mqueue::OwnedQueue;
use pyo3::prelude::*;

/// All open queues. The lock is only taken with the GIL held, and so never during a fork.
static TRACKED: Mutex<Vec<Weak<OwnedQueue>>> = Mutex::new(Vec::new());

/// Unlinks the queue at the end of the interpreter, if this process owns it then.
pub(crate) fn track(open: &Arc<OwnedQueue>) {
    let mut all = TRACKED.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|open| open.strong_count() > 0);
    all.push(Arc::downgrade(open));
}

/// Returns whether an object of this process has this descriptor.
pub(crate) fn is_tracked(fd: i32) -> bool {
    let all = TRACKED.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter().filter_map(Weak::upgrade).any(|open| open.as_raw_fd() == fd)
}

/// Called by `atexit`, after whatever the program itself has registered there.
#[pyfunction]
fn unlink_owned() {
    let all = TRACKED.lock().unwrap_or_else(PoisonError::into_inner);
    for open in all.iter().filter_map(Weak::upgrade) {
        // The interpreter has ended: an error cannot be raised any more.
        let _ = open.release();
    }
}

pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    let release = wrap_pyfunction!(unlink_owned, py)?;
    py.import("atexit")?.call_method1("register", (release,)).map(drop)
}
