//! Which queue a descriptor's number stands for.
//!
//! The program deals in numbers and may do with them what it likes: inherit them, get them over a
//! socket, close them behind our back. So a number is looked at each time it is used, one that is
//! not known is adopted, and what is known of a number that means another file by now is
//! forgotten, never closed.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::mem::{self, ManuallyDrop};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use posix_mqueue::MessageQueue;

use crate::descriptor::{self, Identity};
use crate::errno::Errno;

type Table = BTreeMap<RawFd, Entry>;

enum Entry {
    Open(Arc<MessageQueue>, Identity),
    /// `mq_close` was called while other threads were in calls on it: the last of them closes it.
    Closing(Weak<MessageQueue>),
}

/// Held neither during a call that may sleep nor across a call of the crate that locks.
static TABLE: Mutex<Table> = Mutex::new(BTreeMap::new());

fn lock() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Enters a queue that was opened just now: whatever had its number before was closed.
pub(crate) fn insert(queue: MessageQueue) -> Result<RawFd, Errno> {
    let identity = descriptor::identity(queue.as_fd())?;
    let number = queue.as_fd().as_raw_fd();
    if let Some(stale) = lock().insert(number, Entry::Open(Arc::new(queue), identity)) {
        forget(stale);
    }
    Ok(number)
}

/// The queue of this number, adopted if need be.
pub(crate) fn find(number: RawFd) -> Result<Arc<MessageQueue>, Errno> {
    let mut table = lock();
    find_in(&mut table, number)
}

/// Closes it, now or when the last call on it ends.
pub(crate) fn close(number: RawFd) -> Result<(), Errno> {
    let mut table = lock();
    // Also so that only an open queue is closed.
    let found = find_in(&mut table, number)?;
    table.remove(&number);
    let shared = Arc::downgrade(&found);
    drop(found);
    if shared.strong_count() > 0 {
        table.insert(number, Entry::Closing(shared));
    }
    Ok(())
}

fn find_in(table: &mut Table, number: RawFd) -> Result<Arc<MessageQueue>, Errno> {
    let borrowed = descriptor::borrow(number)?;
    let identity = descriptor::identity(borrowed)?;
    match table.get(&number) {
        Some(Entry::Open(queue, known)) if *known == identity => return Ok(Arc::clone(queue)),
        Some(Entry::Closing(queue)) if queue.strong_count() > 0 => return Err(Errno::EBADF),
        _ => {}
    }
    if let Some(stale) = table.remove(&number) {
        forget(stale);
    }
    match MessageQueue::try_from(descriptor::adopt(borrowed)) {
        Ok(queue) => {
            let queue = Arc::new(queue);
            table.insert(number, Entry::Open(Arc::clone(&queue), identity));
            Ok(queue)
        }
        Err((error, theirs)) => {
            let _ = theirs.into_raw_fd();
            Err(error.into())
        }
    }
}

/// Without closing the number, which is another file's or nobody's.
fn forget(entry: Entry) {
    let Entry::Open(queue, _) = entry else { return };
    // The count that is kept where others share it makes sure that they do not close it either.
    match Arc::try_unwrap(queue) {
        Ok(queue) => drop(OwnedFd::from(queue).into_raw_fd()),
        Err(shared) => mem::forget(shared),
    }
}

thread_local! {
    /// `ManuallyDrop` spares the variable a destructor: with one, the variable is gone when the
    /// destructor of another thread-local variable forks.
    static HELD: Cell<Option<ManuallyDrop<MutexGuard<'static, Table>>>> =
        const { Cell::new(None) };
}

/// Before `fork(2)`: no other thread is in the table then.
pub(crate) fn hold() {
    HELD.set(Some(ManuallyDrop::new(lock())));
}

/// After it, in the parent.
pub(crate) fn release() {
    drop(held());
}

/// After it, in the child, which adopts what it inherited when it uses it: the threads that shared
/// an entry are not here to let go of it.
pub(crate) fn release_empty() {
    if let Some(mut table) = held() {
        mem::forget(mem::take(&mut *table));
    }
}

fn held() -> Option<MutexGuard<'static, Table>> {
    HELD.take().map(ManuallyDrop::into_inner)
}
