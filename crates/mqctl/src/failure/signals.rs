//! The signals that end programs, while a message may be in hand: the step is finished first, and
//! then the signal ends the program, as shells want to see it.

use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use posix_mqueue::MessageQueue;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator;

use crate::failure::{Failure, Outcome};

/// Those that somebody sends to end a program.
pub(crate) const TERMINATION_SIGNALS: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// What was received while these were watched.
#[derive(Debug)]
pub(crate) struct Signals {
    received: Arc<AtomicI32>,
    wake_reader: UnixStream,
}

impl Signals {
    /// From now on a signal ends the waiting on these queues, now and later, and nothing else: what
    /// has to be put in order first has the time to be.
    pub(crate) fn watch(queues: Vec<Arc<MessageQueue>>) -> io::Result<Self> {
        let received = Arc::new(AtomicI32::new(0));
        let (wake_reader, mut wake_writer) = UnixStream::pair()?;
        let mut signals = iterator::Signals::new(TERMINATION_SIGNALS)?;
        let first = Arc::clone(&received);
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in &mut signals {
                // The first is the one that ends the program.
                let _ = first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
                let _ = wake_writer.write(&[0]);
                for queue in &queues {
                    queue.shutdown();
                }
            }
        })?;
        Ok(Self { received, wake_reader })
    }

    /// The first signal that came, if one did.
    pub(crate) fn received(&self) -> Option<i32> {
        Some(self.received.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// Fails once a signal came: to be asked between two steps.
    pub(crate) fn check(&self) -> Outcome {
        self.received().map_or(Ok(()), |signal| Err(Failure::by_signal(signal)))
    }

    /// Why a step failed: where a signal came, because of that.
    pub(crate) fn signal_or(&self, error: impl Into<Failure>) -> Failure {
        self.received().map_or_else(|| error.into(), Failure::by_signal)
    }
}

impl AsFd for Signals {
    /// Readable once a signal came.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake_reader.as_fd()
    }
}
