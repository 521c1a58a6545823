//! The threads of this process that are blocked in a call on a queue. A shutdown wakes them.
//!
//! The kernel wakes such a thread for a message or a signal, not when the descriptor is closed.
//! Polling an event descriptor as well would need no signal. But the kernel does not count a poller
//! as a receiver: it would send a notification that a blocked `receive` suppresses. Polling also
//! lengthens every round trip.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::fork::{self, PerProcess};
use crate::procfs;
use crate::sys::{self, SignalMask, Thread};

/// Identifies a handle. Unlike a descriptor number, it is never reused.
pub(crate) type QueueKey = u64;

/// The key of no queue.
const NOT_WAITING: QueueKey = 0;
/// In place of a signal.
const NONE: i32 = 0;

const FIRST_PAUSE: Duration = Duration::from_micros(50);
/// How long the pauses become while the caller waits, and how many there are: 0.75 s in all.
const CALLER_PAUSE: Duration = Duration::from_millis(50);
const CALLER_ROUNDS: usize = 24;
/// How long the pauses become in the background.
const BACKGROUND_PAUSE: Duration = Duration::from_secs(10);

/// One slot for each thread that has waited and has not ended.
static WAITERS: PerProcess<Vec<Arc<WaiterSlot>>> = PerProcess::new(Vec::new());

thread_local! {
    /// The slot while the thread is not waiting.
    static THREAD_SLOT: Cell<Option<RegisteredSlot>> = const { Cell::new(None) };
    /// Whether the thread blocked every signal that could wake it when it last looked.
    static BLOCKS_ALL: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn new_key() -> QueueKey {
    static LAST: AtomicU64 = AtomicU64::new(NOT_WAITING);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// Where a thread records which queue it waits on. Recording takes no lock.
#[derive(Debug)]
struct WaiterSlot {
    thread: Thread,
    queue: AtomicU64,
    /// A signal that the thread did not block when it last looked.
    open: AtomicI32,
}

/// Keeps a slot of this thread in the list until it is dropped.
#[derive(Debug)]
struct RegisteredSlot {
    slot: Arc<WaiterSlot>,
    generation: u64,
}

impl RegisteredSlot {
    #[cold]
    fn new() -> Self {
        let open = AtomicI32::new(open_in(&SignalMask::current()).unwrap_or(NONE));
        let slot = Arc::new(WaiterSlot {
            thread: Thread::current(),
            queue: AtomicU64::new(NOT_WAITING),
            open,
        });
        WAITERS.lock().push(Arc::clone(&slot));
        Self { slot, generation: fork::generation() }
    }
}

impl Drop for RegisteredSlot {
    fn drop(&mut self) {
        WAITERS.lock().retain(|slot| !Arc::ptr_eq(slot, &self.slot));
    }
}

/// An RAII guard: until it is dropped, [`wake_all`] interrupts the thread that created it.
#[derive(Debug)]
pub(crate) struct WaiterGuard {
    registered: Option<RegisteredSlot>,
}

impl WaiterGuard {
    #[inline(always)]
    pub(crate) fn new(queue: QueueKey) -> Self {
        // Taken rather than shared: that costs no atomic count in each call.
        let registered = match THREAD_SLOT.try_with(Cell::take) {
            Ok(Some(registered)) if registered.generation == fork::generation() => registered,
            // No slot yet, or the slot was inherited across a fork, or this thread is exiting and
            // its thread-local storage is gone.
            _ => RegisteredSlot::new(),
        };
        registered.slot.queue.store(queue, Ordering::SeqCst);
        Self { registered: Some(registered) }
    }

    /// Unblocks a signal until the result is dropped, which has to be after this.
    ///
    /// Not `SIGURG`: a program that blocks it may read it with `sigwait` or `signalfd`. The highest
    /// real-time signal is the one that a program is the least likely to use.
    #[inline(always)]
    pub(crate) fn unblock_if_needed(&self) -> Option<Unblocked> {
        if blocks_all() { self.unblock_one() } else { None }
    }

    #[cold]
    fn unblock_one(&self) -> Option<Unblocked> {
        let slot = &self.registered.as_ref()?.slot;
        let mask = SignalMask::current();
        if let Some(open) = open_in(&mask) {
            // The thread has unblocked some since its last wait.
            slot.open.store(open, Ordering::Relaxed);
            return None;
        }
        let signal = sys::waking_signal(|signal| signal == sys::SIGURG)?;
        // The handler comes first: the default action of a pending signal ends the process.
        sys::make_interrupting(signal).ok()?;
        slot.open.store(signal, Ordering::Relaxed);
        mask.without(signal).set();
        Some(Unblocked { mask: Box::new(mask) })
    }
}

impl Drop for WaiterGuard {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(registered) = self.registered.take() {
            registered.slot.queue.store(NOT_WAITING, Ordering::Release);
            let _ = THREAD_SLOT.try_with(|own| own.set(Some(registered)));
        }
    }
}

/// An RAII guard that restores the thread's mask.
#[derive(Debug)]
pub(crate) struct Unblocked {
    mask: Box<SignalMask>,
}

impl Drop for Unblocked {
    fn drop(&mut self) {
        // A signal that is sent after the mask was restored would stay pending. Taking the lock
        // waits for a sender that has seen the thread waiting.
        drop(WAITERS.lock());
        self.mask.set();
    }
}

/// Whether the thread blocked every signal that could wake it when it last looked. It looks before
/// its first wait, and if so before each further one: a look is a system call.
#[inline]
pub(crate) fn blocks_all() -> bool {
    BLOCKS_ALL.get()
}

/// A signal that could wake the thread if it waits with this mask, which is its own.
fn open_in(mask: &SignalMask) -> Option<i32> {
    let open = sys::waking_signal(|signal| mask.blocks(signal));
    BLOCKS_ALL.set(open.is_none());
    open
}

/// Interrupts every thread that waits on the queue until none is left. Returns false if one stays
/// that no signal can wake.
///
/// Repeated, since a signal that comes just before the thread enters the kernel interrupts
/// nothing. A thread may be stopped there, by a debugger or in a frozen cgroup, for longer than the
/// caller can wait. So another thread then goes on.
pub(crate) fn wake_all(queue: QueueKey) -> bool {
    let mut pause = FIRST_PAUSE;
    for _ in 0..CALLER_ROUNDS {
        let waiting = interrupt_all(queue);
        if waiting.reachable == 0 && (waiting.unreachable == 0 || pause == CALLER_PAUSE) {
            return waiting.unreachable == 0;
        }
        // The thread may yet have to run to wake up.
        thread::sleep(pause);
        pause = (pause * 2).min(CALLER_PAUSE);
    }
    let waiting = interrupt_all(queue);
    let goes_on = waiting.reachable == 0 || wake_in_background(queue).is_ok();
    goes_on && waiting.unreachable == 0
}

fn wake_in_background(queue: QueueKey) -> io::Result<()> {
    // Signals are for the threads of the program.
    let mask = SignalMask::all().set();
    let started = thread::Builder::new().name("mqueue-waker".to_owned()).spawn(move || {
        let mut pause = CALLER_PAUSE;
        while interrupt_all(queue).reachable > 0 {
            thread::sleep(pause);
            pause = (pause * 2).min(BACKGROUND_PAUSE);
        }
    });
    mask.set();
    started.map(drop)
}

/// The threads that waited when they were sent a signal.
#[derive(Default)]
struct Waiting {
    reachable: usize,
    unreachable: usize,
}

fn interrupt_all(queue: QueueKey) -> Waiting {
    let is_waiting = |slot: &WaiterSlot| slot.queue.load(Ordering::SeqCst) == queue;
    let slots: Vec<_> = WAITERS.lock().iter().filter(|slot| is_waiting(slot)).cloned().collect();
    let mut waiting = Waiting::default();
    for slot in slots {
        let signal = signal_for(&slot);
        // A thread leaves the list before it ends, and so not while the lock is held.
        let _list = WAITERS.lock();
        match signal {
            _ if !is_waiting(&slot) => {}
            Some(signal) => {
                waiting.reachable += 1;
                slot.thread.interrupt(signal);
            }
            None => waiting.unreachable += 1,
        }
    }
    waiting
}

/// A signal that wakes the thread, with our handler. None if there is no handler to be had for any
/// that the thread does not block.
fn signal_for(slot: &WaiterSlot) -> Option<i32> {
    let signal = match procfs::blocked_signals(slot.thread.id()) {
        Some(blocked) => sys::waking_signal(|signal| blocked >> (signal - 1) & 1 == 1),
        // Without /proc the thread's last look has to do.
        None => sys::waking_signal(|signal| signal != slot.open.load(Ordering::Relaxed)),
    }?;
    sys::make_interrupting(signal).is_ok().then_some(signal)
}
