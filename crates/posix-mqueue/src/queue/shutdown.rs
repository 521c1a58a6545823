//! Ending the blocking calls of other threads.

use super::handle::MessageQueue;

impl MessageQueue {
    /// Ends waiting on this handle. Calls that wait in other threads, and all later ones that would
    /// wait, fail with `EBADF`. A message that is there can still be received without waiting.
    ///
    /// To close a queue on which other threads wait, share it in an [`Arc`](std::sync::Arc), shut
    /// it down and drop it. The descriptor is closed with the last share.
    ///
    /// A signal wakes the threads, by a handler that does nothing: `SIGURG`, or the highest
    /// real-time signal that the program does not handle and the thread does not block. A thread
    /// that blocks all of these when it first waits has one real-time signal unblocked while it
    /// waits. The handler stays installed and has no `SA_RESTART`. From then on a `SIGURG` that the
    /// program gets, and ignored before, interrupts C calls with `EINTR`.
    ///
    /// Returns true once no call waits, or after 0.75 s: a thread that is stopped in between, as by
    /// a debugger, is woken later, by a thread of the library. Returns false if a thread goes on
    /// waiting because no signal can wake it:
    ///
    /// - it has come to block every signal only after it waited for the first time, or
    /// - the program handles every signal that could be used.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// let queue = std::sync::Arc::new(queue);
    /// let shared = std::sync::Arc::clone(&queue);
    /// let waiting = std::thread::spawn(move || shared.receive_message());
    /// queue.shutdown();
    /// let error = waiting.join().unwrap().unwrap_err();
    /// assert_eq!(error.raw_os_error(), 9); // EBADF
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn shutdown(&self) -> bool {
        self.waits().shut_down()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::sync::Arc;
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::thread;
    use std::time::Duration;

    use super::MessageQueue;
    use crate::error::Result;
    use crate::queue::open::OpenOptions;
    use crate::sys::{self, SignalMask, Thread};
    use crate::wait::blocking_call;

    const TEST_TIMEOUT: Duration = Duration::from_secs(30);

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
            blocking_call(shared.waits(), || {
                listed.send(()).unwrap();
                gone_on.recv().unwrap();
                sys::mq_timedreceive(shared.borrow(), &mut (&mut [0_u8; 8][..]).into(), None)
            })
        });
        listed.recv_timeout(TEST_TIMEOUT).unwrap();
        assert!(queue.shutdown());
        go_on.send(()).unwrap();
        let error = ended.recv_timeout(TEST_TIMEOUT).unwrap().unwrap_err();
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
        let thread = blocked.recv_timeout(TEST_TIMEOUT).unwrap();
        let stat = || fs::read_to_string(format!("/proc/self/task/{}/stat", thread.id())).unwrap();
        while !stat().contains(") S ") {
            thread::yield_now();
        }
        ended
    }

    #[test]
    fn shutdown_wakes_a_thread_that_blocked_signals_later() {
        for open in [sys::SIGURG, libc::SIGRTMIN(), libc::SIGRTMAX()] {
            let queue = unlinked_queue();
            let ended = waits_with(&queue, SignalMask::all().without(open));
            assert!(queue.shutdown());
            assert!(ended.recv_timeout(TEST_TIMEOUT).unwrap().is_err());
        }
    }

    #[test]
    fn shutdown_returns_false_for_an_unwakeable_thread() {
        let queue = unlinked_queue();
        let ended = waits_with(&queue, SignalMask::all());
        assert!(!queue.shutdown());
        queue.try_send(b"last", 0).unwrap();
        assert_eq!(ended.recv_timeout(TEST_TIMEOUT).unwrap().unwrap(), (4, 0));
    }
}
