//! State of one process that survives `fork(2)` sanely: no lock of ours is ever held across a
//! fork, and a child starts with fresh state of its own.

use std::cell::Cell;
use std::mem::{self, ManuallyDrop};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::sys;

/// Read-locked by a thread that holds a lock of [`PerProcess`], write-locked by one that forks.
static FORK_LOCK: RwLock<()> = RwLock::new(());
/// Differs between a process and every one of its ancestors.
static GENERATION: AtomicU64 = AtomicU64::new(1);
/// Whether the handlers are registered in this process.
static IS_PREPARED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The guard of a thread that forks. `ManuallyDrop` spares the variable a destructor: with one,
    /// the variable is gone when the destructor of another thread-local variable forks.
    static FORK_GUARD: Cell<Option<ManuallyDrop<RwLockWriteGuard<'static, ()>>>> =
        const { Cell::new(None) };
}

extern "C" fn prepare() {
    // Two registrations run this handler twice.
    let guard = FORK_GUARD.take().unwrap_or_else(|| {
        ManuallyDrop::new(FORK_LOCK.write().unwrap_or_else(PoisonError::into_inner))
    });
    FORK_GUARD.set(Some(guard));
}

extern "C" fn parent() {
    drop(FORK_GUARD.take().map(ManuallyDrop::into_inner));
}

extern "C" fn child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    parent();
}

/// Registers the handlers that keep this library sound across `fork(2)`. The library calls this
/// function itself before it first takes a lock.
///
/// ```
/// posix_mqueue::prepare_for_fork();
/// ```
///
/// Call it before starting threads if one of them can fork while another uses its first queue.
/// The handlers do not cover a fork that is under way when they are registered: its child could
/// inherit a locked lock, and wait for it forever.
///
/// See also: `pthread_atfork(3)`.
pub fn prepare_for_fork() {
    if IS_PREPARED.load(Ordering::Acquire) {
        return;
    }
    // Two threads may both get here, so the handlers tolerate being registered twice. A `Once`
    // would be a lock that is held while the C library waits for its own, which a fork in another
    // thread holds; and a child of that fork would find the `Once` half done.
    if sys::pthread_atfork(prepare, parent, child).is_ok() {
        IS_PREPARED.store(true, Ordering::Release);
    }
    // Registration fails for want of memory only, and the next call tries again.
}

/// A number that this process shares with none of its ancestors or forked children.
///
/// Not the process id: that one comes again, and in a new pid namespace a child may have its
/// parent's.
pub(crate) fn generation() -> u64 {
    prepare_for_fork();
    GENERATION.load(Ordering::Relaxed)
}

/// A value that each process has its own of.
#[derive(Debug)]
pub(crate) struct PerProcess<T> {
    state: Mutex<(u64, T)>,
}

impl<T: Default> PerProcess<T> {
    pub(crate) const fn new(initial: T) -> Self {
        Self { state: Mutex::new((0, initial)) }
    }

    /// Locks this process's value. Do not nest calls: a pending fork blocks the second one.
    ///
    /// While the guard lives, call nothing that takes a lock of the C library or of std which a
    /// thread can hold while it forks or waits for a fork: start no thread, load no library, and
    /// neither read nor change the environment.
    ///
    /// A child forgets its parent's value instead of dropping it. The destructor could need a lock
    /// that a thread of the parent held, or close a descriptor number that has been reused.
    pub(crate) fn lock(&self) -> PerProcessGuard<'_, T> {
        let generation = generation();
        let fork = FORK_LOCK.read().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 != generation {
            state.0 = generation;
            mem::forget(mem::take(&mut state.1));
        }
        PerProcessGuard { state, _fork: fork }
    }
}

/// Unlocks when it is dropped, its own lock first.
pub(crate) struct PerProcessGuard<'a, T> {
    state: MutexGuard<'a, (u64, T)>,
    _fork: RwLockReadGuard<'static, ()>,
}

impl<T> Deref for PerProcessGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.state.1
    }
}

impl<T> DerefMut for PerProcessGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.state.1
    }
}
