//! The loops of the benchmark through each Rust library, called by ctypes.
//!
//! A queue is opened by the process id and the number that are in its name, and known by a handle
//! from then on. A function returns 0 or an errno.

mod loops;
mod peers;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loops::Loops;
use peers::{Done, Nix, Ours, OursTrying, Posixmq};

type Queue = Box<dyn Loops + Send>;

const EBADF: i32 = 9;
const BUSY_POLL: Duration = Duration::from_micros(50);

static QUEUES: Mutex<Vec<Queue>> = Mutex::new(Vec::new());
static ROUND_TRIPS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(library: u32, name: &str) -> Result<Queue, i32> {
    Ok(match library {
        0 => Box::new(Posixmq::open(name)?),
        1 => Box::new(Nix::open(name)?),
        2 => Box::new(Ours::open(name)?),
        3 => Box::new(OursTrying::open(name)?),
        _ => Box::new(Ours::open_spinning(name, BUSY_POLL)?),
    })
}

fn with(handle: u32, run: impl FnOnce(&dyn Loops) -> Done) -> i32 {
    let queues = lock(&QUEUES);
    let queue = queues.get(handle as usize).ok_or(EBADF);
    queue.and_then(|queue| run(&**queue)).err().unwrap_or(0)
}

fn with_both(there: u32, back: u32, run: impl FnOnce(&dyn Loops, &dyn Loops) -> Done) -> i32 {
    let queues = lock(&QUEUES);
    let both = queues.get(there as usize).zip(queues.get(back as usize)).ok_or(EBADF);
    both.and_then(|(there, back)| run(&**there, &**back)).err().unwrap_or(0)
}

/// The handle, or minus an errno. `library` counts posixmq, nix, posix-mqueue, the calls of
/// posix-mqueue that do not wait, and posix-mqueue with `busy_poll`.
#[unsafe(no_mangle)]
pub extern "C" fn rust_open(library: u32, process: u32, number: u32) -> i32 {
    match open(library, &format!("/bench-{process}-{number}")) {
        Ok(queue) => {
            let mut queues = lock(&QUEUES);
            queues.push(queue);
            i32::try_from(queues.len() - 1).unwrap_or(-EBADF)
        }
        Err(errno) => -errno,
    }
}

/// One message sent and received, again and again.
#[unsafe(no_mangle)]
pub extern "C" fn rust_pairs(handle: u32, size: usize, room: usize, count: u64) -> i32 {
    with(handle, |queue| queue.pairs(size, room, count))
}

/// Tries to receive from an empty queue.
#[unsafe(no_mangle)]
pub extern "C" fn rust_failed_tries(handle: u32, room: usize, count: u64) -> i32 {
    with(handle, |queue| queue.failed_tries(room, count))
}

/// One end of a stream.
#[unsafe(no_mangle)]
pub extern "C" fn rust_sends(handle: u32, size: usize, count: u64) -> i32 {
    with(handle, |queue| queue.sends(size, count))
}

/// The other end.
#[unsafe(no_mangle)]
pub extern "C" fn rust_receives(handle: u32, room: usize, count: u64) -> i32 {
    with(handle, |queue| queue.receives(room, count))
}

/// One end of a ping-pong; [`rust_round_trip`] has the times.
#[unsafe(no_mangle)]
pub extern "C" fn rust_pings(there: u32, back: u32, size: usize, room: usize, count: u64) -> i32 {
    with_both(there, back, |there, back| {
        *lock(&ROUND_TRIPS) = there.pings(back, size, room, count)?;
        Ok(())
    })
}

/// The other end.
#[unsafe(no_mangle)]
pub extern "C" fn rust_echoes(there: u32, back: u32, size: usize, room: usize, count: u64) -> i32 {
    with_both(there, back, |there, back| there.echoes(back, size, room, count))
}

/// Nanoseconds of one of the last round trips.
#[unsafe(no_mangle)]
pub extern "C" fn rust_round_trip(index: usize) -> u64 {
    lock(&ROUND_TRIPS).get(index).copied().unwrap_or(0)
}
