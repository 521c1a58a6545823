//! State of one process that survives `fork(2)` sanely: no lock of ours is ever held across a
//! fork, and a child starts with fresh state of its own.

use std::cell::RefCell;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::sys;

/// Read by whoever holds a lock of [`PerProcess`], written by whoever forks.
static FORKING: RwLock<()> = RwLock::new(());
/// Differs between a process and every one of its ancestors.
static GENERATION: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static HELD: RefCell<Option<RwLockWriteGuard<'static, ()>>> = const { RefCell::new(None) };
}

extern "C" fn prepare() {
    let guard = FORKING.write().unwrap_or_else(PoisonError::into_inner);
    HELD.with_borrow_mut(|held| *held = Some(guard));
}

extern "C" fn parent() {
    HELD.with_borrow_mut(Option::take);
}

extern "C" fn child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    HELD.with_borrow_mut(Option::take);
}

/// Has this library told of every `fork(2)` from now on. It does so itself when the first queue is
/// opened.
///
/// ```
/// posix_mqueue::prepare_for_fork();
/// ```
///
/// To call it early is for programs in which one thread may fork just while another one opens the
/// first queue: the child would wait for ever for that to be finished.
pub fn prepare_for_fork() {
    static HANDLERS: Once = Once::new();
    HANDLERS.call_once(|| {
        // It fails only for want of memory; then every process counts as the same one.
        let _ = sys::pthread_atfork(prepare, parent, child);
    });
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

    /// Locks the value of this process. Not to be nested: a fork that waits lets no second lock in.
    ///
    /// What a child finds of its parent's is forgotten, not dropped: a destructor might want a lock
    /// that some thread of the parent held, or close a number that is another file's by now.
    pub(crate) fn lock(&self) -> PerProcessGuard<'_, T> {
        let generation = generation();
        let fork = FORKING.read().unwrap_or_else(PoisonError::into_inner);
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
