//! Which threads of this process sleep in a call on a queue, so that they can be woken when it
//! is shut down.
//!
//! Nothing else ends such a sleep: the kernel wakes it for a message or for a signal, not when
//! the descriptor is closed. To poll an event descriptor as well would need no signal, but a
//! poller is no receiver to the kernel: it would let a notification fire that a blocked `receive`
//! holds back, and it lengthens every round trip.

use std::cell::RefCell;
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
    static OWN: RefCell<Option<Listed>> = const { RefCell::new(None) };
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
    slot: Arc<Slot>,
    before: QueueKey,
    // Where the thread is ending and has no memory of its own any more.
    _listed: Option<Listed>,
}

impl Sleeper {
    #[inline]
    pub(crate) fn new(queue: QueueKey) -> Self {
        let own = OWN.try_with(|own| {
            let mut own = own.try_borrow_mut().ok()?;
            match &*own {
                Some(listed) if listed.generation == fork::generation() => {}
                // A forked child has its parent's slot, and a list without it.
                _ => *own = Some(Listed::new()),
            }
            own.as_ref().map(|listed| Arc::clone(&listed.slot))
        });
        let (slot, listed) = own.ok().flatten().map_or_else(
            || {
                let listed = Listed::new();
                (Arc::clone(&listed.slot), Some(listed))
            },
            |slot| (slot, None),
        );
        let before = slot.queue.swap(queue, Ordering::SeqCst);
        Self { slot, before, _listed: listed }
    }
}

impl Drop for Sleeper {
    #[inline]
    fn drop(&mut self) {
        self.slot.queue.store(self.before, Ordering::Release);
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
