//! Waiting: try, spin, sleep until ready or until the deadline, try again. The only loops.

use std::hint;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use crate::deadline::Deadline;
use crate::error::Result;
use crate::queue::MessageQueue;
use crate::sleepers::{self, Sleeper};
use crate::sys;

/// Calls again after each `EINTR`.
pub(crate) fn uninterrupted<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(error) if error.is_interrupted() => {}
            outcome => return outcome,
        }
    }
}

/// Makes `attempt` again and again for as long as the queue is set to, not past the deadline:
/// `None` if it is still to be waited for.
pub(crate) fn spin<T>(
    queue: &MessageQueue,
    deadline: Deadline,
    mut attempt: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let busy_poll = queue.busy_poll();
    if busy_poll.is_zero() {
        return Ok(None);
    }
    let time = deadline.remaining().map_or(busy_poll, |left| left.min(busy_poll));
    let start = Instant::now();
    while start.elapsed() < time && !queue.is_shut_down() {
        match attempt()? {
            None => hint::spin_loop(),
            done => return Ok(done),
        }
    }
    Ok(None)
}

/// Makes a call that may sleep, so that [`MessageQueue::shutdown`] ends it.
///
/// `EINTR` if a signal ended it, `EBADF` if the queue is shut down.
#[inline(always)]
pub(crate) fn asleep<T>(
    queue: &MessageQueue,
    call: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    listed(queue, |sleeper| Ok(sleeper.unblock_if_needed()), call)
}

/// The same for a call that probably does not sleep: it is `EINTR` at once in a thread that would
/// have to unblock a signal first.
#[inline(always)]
pub(crate) fn at_once<T>(
    queue: &MessageQueue,
    call: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let refuse = |_: &Sleeper| {
        let interrupted = || io::Error::from_raw_os_error(sys::EINTR);
        if sleepers::blocks_all() { Err(interrupted()) } else { Ok(()) }
    };
    listed(queue, refuse, call)
}

#[inline(always)]
fn listed<T, U>(
    queue: &MessageQueue,
    prepare: impl FnOnce(&Sleeper) -> io::Result<U>,
    call: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let sleeper = Sleeper::new(queue.key());
    let prepared = prepare(&sleeper)?;
    // Looked at after the thread was listed: the shutdown either sees the thread or is seen here.
    let outcome =
        if queue.is_shut_down() { Err(io::Error::from_raw_os_error(sys::EBADF)) } else { call() };
    // In this order: the mask is restored once nobody sends a signal any more.
    drop(sleeper);
    drop(prepared);
    match outcome {
        Err(error) if error.raw_os_error() == Some(sys::EINTR) && queue.is_shut_down() => {
            Err(io::Error::from_raw_os_error(sys::EBADF))
        }
        outcome => outcome,
    }
}

/// Makes `attempt` until it succeeds or fails for good, and sleeps in between.
///
/// `attempt` takes a deadline as the kernel does: none to sleep in the call, zero not to sleep.
/// A wait without a deadline sleeps in the call itself: that is the fastest way to be woken, and
/// only a receiver asleep there holds a notification back. A wait on the monotonic clock sleeps in
/// `ppoll(2)`, since the call's own deadline would follow the wall clock.
///
/// A signal ends it with `EINTR`: who called knows what to run then, and calls again.
pub(crate) fn until_done<T>(
    queue: &MessageQueue,
    ready: i16,
    deadline: Deadline,
    mut attempt: impl FnMut(Option<Duration>) -> io::Result<T>,
) -> io::Result<T> {
    loop {
        let outcome = asleep(queue, || match deadline {
            Deadline::Never => attempt(None).map(Some),
            Deadline::Until(time) => attempt(Some(since_epoch(time))).map(Some),
            _ => match attempt(Some(Duration::ZERO)) {
                Err(error) if error.raw_os_error() == Some(sys::ETIMEDOUT) => {
                    match deadline.remaining() {
                        Some(left) if !left.is_zero() => {
                            sys::ppoll(queue.borrow(), ready, left).map(|_| None)
                        }
                        _ => Err(error),
                    }
                }
                outcome => outcome.map(Some),
            },
        })?;
        // If not, it is ready, or over: the next attempt tells.
        if let Some(done) = outcome {
            return Ok(done);
        }
    }
}

/// Sleeps until the queue is ready or the deadline is over. Errors as above.
pub(crate) fn until_ready(queue: &MessageQueue, ready: i16, deadline: Deadline) -> io::Result<()> {
    loop {
        let left = deadline.remaining();
        let timeout = left.unwrap_or(Duration::MAX);
        if asleep(queue, || sys::ppoll(queue.borrow(), ready, timeout))? {
            return Ok(());
        }
        // If it is not over, the clock was stepped meanwhile.
        if left == Some(Duration::ZERO) {
            return Err(io::Error::from_raw_os_error(sys::ETIMEDOUT));
        }
    }
}

/// A time before 1970 is over, as 1970 is; the kernel refuses negative seconds.
fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::sync::Arc;
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::thread;
    use std::time::Duration;

    use super::asleep;
    use crate::error::Result;
    use crate::open::OpenOptions;
    use crate::queue::MessageQueue;
    use crate::sys::{self, SignalMask, Thread};

    const PATIENCE: Duration = Duration::from_secs(30);

    fn unlinked_queue() -> Arc<MessageQueue> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).capacity(1).message_size(8);
        let queue = options.create_unique("/rs-test-").unwrap();
        queue.unlink().unwrap();
        Arc::new(queue.try_clone().unwrap())
    }

    fn in_a_thread<M: Send + 'static, T: Send + 'static>(
        work: impl FnOnce(Sender<M>) -> T + Send + 'static,
    ) -> (Receiver<M>, Receiver<T>) {
        let (tell, told) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        thread::spawn(move || end.send(work(tell)));
        (told, ended)
    }

    // A debugger or a frozen cgroup can stop a thread for any time after it looked at the mark.
    #[test]
    fn shutdown_wakes_a_thread_that_enters_the_kernel_late() {
        let queue = unlinked_queue();
        let shared = Arc::clone(&queue);
        let (go_on, gone_on) = mpsc::channel();
        let (listed, ended) = in_a_thread(move |listed| {
            asleep(&shared, || {
                listed.send(()).unwrap();
                gone_on.recv().unwrap();
                sys::mq_timedreceive(shared.borrow(), &mut (&mut [0_u8; 8][..]).into(), None)
            })
        });
        listed.recv_timeout(PATIENCE).unwrap();
        assert!(queue.shutdown());
        go_on.send(()).unwrap();
        let error = ended.recv_timeout(PATIENCE).unwrap().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(sys::EBADF));
    }

    /// Returns once a thread that has received before waits again, with another mask.
    fn waits_with(queue: &Arc<MessageQueue>, mask: SignalMask) -> Receiver<Result<(usize, u32)>> {
        let shared = Arc::clone(queue);
        queue.send(b"first", 0).unwrap();
        let (blocked, ended) = in_a_thread(move |blocked| {
            shared.receive(&mut [0; 8]).unwrap();
            mask.set();
            blocked.send(Thread::current()).unwrap();
            shared.receive(&mut [0; 8])
        });
        let thread = blocked.recv_timeout(PATIENCE).unwrap();
        let stat = || fs::read_to_string(format!("/proc/self/task/{}/stat", thread.id())).unwrap();
        while !stat().contains(") S ") {
            thread::yield_now();
        }
        ended
    }

    #[test]
    fn shutdown_wakes_a_thread_that_blocks_signals_after_its_first_wait() {
        for open in [sys::SIGURG, libc::SIGRTMIN(), libc::SIGRTMAX()] {
            let queue = unlinked_queue();
            let ended = waits_with(&queue, SignalMask::all().without(open));
            assert!(queue.shutdown());
            assert!(ended.recv_timeout(PATIENCE).unwrap().is_err());
        }
    }

    #[test]
    fn shutdown_returns_false_for_a_thread_that_no_signal_can_wake() {
        let queue = unlinked_queue();
        let ended = waits_with(&queue, SignalMask::all());
        assert!(!queue.shutdown());
        queue.try_send(b"last", 0).unwrap();
        assert_eq!(ended.recv_timeout(PATIENCE).unwrap().unwrap(), (4, 0));
    }
}
