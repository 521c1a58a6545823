//! Which threads of this process sleep in a call on a queue, so that they can be woken when it
//! is shut down.
//!
//! Nothing else ends such a sleep: the kernel wakes it for a message or for a signal, not when
//! the descriptor is closed. To poll an event descriptor as well would need no signal, but a
//! poller is no receiver to the kernel: it would let a notification fire that a blocked `receive`
//! holds back, and it lengthens every round trip.

use std::thread;
use std::time::Duration;

use crate::fork::PerProcess;
use crate::sys::{self, Thread};

static SLEEPERS: PerProcess<Vec<(QueueKey, Thread)>> = PerProcess::new(Vec::new());

/// Tells queues apart while they are open: the descriptor's number.
pub(crate) type QueueKey = i32;

/// While this lives, [`wake`] interrupts the thread that made it.
#[derive(Debug)]
pub(crate) struct Sleeper(QueueKey, Thread);

impl Sleeper {
    pub(crate) fn new(queue: QueueKey) -> Self {
        let thread = Thread::current();
        SLEEPERS.lock().push((queue, thread));
        Self(queue, thread)
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut sleepers = SLEEPERS.lock();
        if let Some(found) = sleepers.iter().position(|s| *s == (self.0, self.1)) {
            sleepers.swap_remove(found);
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
        // The thread may yet have to run to leave the list.
        debug_assert!(signal > 0);
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// The signal used, or None when nobody sleeps or nothing can wake them.
fn interrupt_all(queue: QueueKey) -> Option<i32> {
    let sleepers = SLEEPERS.lock();
    let mut asleep = sleepers.iter().filter(|s| s.0 == queue).peekable();
    asleep.peek()?;
    let signal = sys::interrupting_signal()?;
    asleep.for_each(|(_, thread)| thread.interrupt(signal));
    Some(signal)
}
