//! Termination signals. The current step is finished first, so that no in-flight message is lost;
//! then the program ends by the signal, which shells check for.

use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use posix_mqueue::MessageQueue;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator;

use crate::failure::{Failure, Outcome};

/// The signals that users and service managers send to end a program.
pub(crate) const TERMINATION_SIGNALS: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Watches for termination signals and stores the first one.
#[derive(Debug)]
pub(crate) struct Signals {
    received: Arc<AtomicI32>,
    wake_reader: UnixStream,
}

impl Signals {
    /// From now on, a termination signal shuts these queues down, which ends every blocking call on
    /// them, and does nothing else. The caller checks for the signal between steps.
    pub(crate) fn watch(queues: Vec<Arc<MessageQueue>>) -> io::Result<Self> {
        let received = Arc::new(AtomicI32::new(0));
        let (wake_reader, mut wake_writer) = UnixStream::pair()?;
        let mut signals = iterator::Signals::new(TERMINATION_SIGNALS)?;
        let first = Arc::clone(&received);
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in &mut signals {
                // The program ends by the first signal.
                let _ = first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
                let _ = wake_writer.write(&[0]);
                for queue in &queues {
                    queue.shutdown();
                }
            }
        })?;
        Ok(Self { received, wake_reader })
    }

    /// Returns the first signal received, if any.
    pub(crate) fn received(&self) -> Option<i32> {
        Some(self.received.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// Fails if a signal was received. Call it between two steps.
    pub(crate) fn check(&self) -> Outcome {
        self.received().map_or(Ok(()), |signal| Err(Failure::by_signal(signal)))
    }

    /// Returns the failure for a received signal, or `error` if there was no signal.
    pub(crate) fn signal_or(&self, error: impl Into<Failure>) -> Failure {
        self.received().map_or_else(|| error.into(), Failure::by_signal)
    }
}

impl AsFd for Signals {
    /// Readable once a signal has been received.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake_reader.as_fd()
    }
}
