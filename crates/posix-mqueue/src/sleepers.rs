//! Which threads of this process sleep in a call on a queue, so that they can be woken when it
//! is shut down.
//!
//! Nothing else ends such a sleep: the kernel wakes it for a message or for a signal, not when
//! the descriptor is closed. To poll an event descriptor as well would need no signal, but a
//! poller is no receiver to the kernel: it would let a notification fire that a blocked `receive`
//! holds back, and it lengthens every round trip.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use crate::fork::{self, PerProcess};
use crate::sys::{self, Thread};

/// Tells queues apart while they are open: the descriptor's number.
pub(crate) type QueueKey = i32;

/// No queue has this number.
const AWAKE: QueueKey = -1;

/// Those of the threads that have slept and have not ended.
static SLOTS: PerProcess<Vec<Arc<Slot>>> = PerProcess::new(Vec::new());

thread_local! {
    /// The slot while the thread is awake.
    static OWN: Cell<Option<Listed>> = const { Cell::new(None) };
}

/// Where a thread writes down which queue it sleeps in: to fall asleep takes no lock.
#[derive(Debug)]
struct Slot {
    thread: Thread,
    queue: AtomicI32,
}

/// A slot of this thread that is in the list for as long as this lives.
#[derive(Debug)]
struct Listed {
    slot: Arc<Slot>,
    generation: u64,
}

impl Listed {
    #[cold]
    fn new() -> Self {
        let slot = Arc::new(Slot { thread: Thread::current(), queue: AtomicI32::new(AWAKE) });
        SLOTS.lock().push(Arc::clone(&slot));
        Self { slot, generation: fork::generation() }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        SLOTS.lock().retain(|slot| !Arc::ptr_eq(slot, &self.slot));
    }
}

/// While this lives, [`wake`] interrupts the thread that made it.
#[derive(Debug)]
pub(crate) struct Sleeper {
    listed: Option<Listed>,
}

impl Sleeper {
    #[inline]
    pub(crate) fn new(queue: QueueKey) -> Self {
        // Taken rather than shared: that costs no atomic count in each call.
        let listed = match OWN.try_with(Cell::take) {
            Ok(Some(listed)) if listed.generation == fork::generation() => listed,
            // It is the first time, or the slot is that of the parent of a forked child, or the
            // thread is ending and has no memory of its own any more.
            _ => Listed::new(),
        };
        listed.slot.queue.store(queue, Ordering::SeqCst);
        Self { listed: Some(listed) }
    }
}

impl Drop for Sleeper {
    #[inline]
    fn drop(&mut self) {
        if let Some(listed) = self.listed.take() {
            listed.slot.queue.store(AWAKE, Ordering::Release);
            let _ = OWN.try_with(|own| own.set(Some(listed)));
        }
    }
}

/// Interrupts every thread asleep on the queue until none is left.
///
/// Repeated, since a signal that comes just before the thread enters the kernel interrupts
/// nothing. Given up after about a second: a thread that blocks every signal cannot be woken, and
/// goes on until its call returns.
pub(crate) fn wake(queue: QueueKey) {
    let mut pause = Duration::from_micros(50);
    for _ in 0..24 {
        let Some(signal) = interrupt_all(queue) else { return };
        // The thread may yet have to run to wake up.
        debug_assert!(signal > 0);
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// The signal used, or None when nobody sleeps or nothing can wake them.
fn interrupt_all(queue: QueueKey) -> Option<i32> {
    // A thread leaves the list before it ends, and so not while the lock is held.
    let slots = SLOTS.lock();
    let mut asleep =
        slots.iter().filter(|slot| slot.queue.load(Ordering::SeqCst) == queue).peekable();
    asleep.peek()?;
    let signal = sys::interrupting_signal()?;
    asleep.for_each(|slot| slot.thread.interrupt(signal));
    Some(signal)
}
