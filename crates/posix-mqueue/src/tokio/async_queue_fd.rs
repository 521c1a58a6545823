//! A queue in tokio's event loop: its registration, and the only loop that waits there.

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};
use tokio::task::coop::cooperative;

use crate::error::{Error, Result};
use crate::queue::{Access, MessageQueue, READ_ONLY, WRITE_ONLY};
use crate::sys;

#[derive(Debug)]
pub(super) struct AsyncQueueFd {
    io: AsyncFd<QueueFd>,
    /// From the access mode, since the kernel reports every queue as readable and writable alike.
    interest: Interest,
}

/// tokio wants a type that gives the descriptor by its number.
#[derive(Debug)]
struct QueueFd(MessageQueue);

impl AsRawFd for QueueFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl AsyncQueueFd {
    pub(super) fn new(queue: MessageQueue) -> Result<Self> {
        let interest = match queue.access() {
            Access::Read => Interest::READABLE,
            Access::Write => Interest::WRITABLE,
            Access::Both => Interest::READABLE | Interest::WRITABLE,
        };
        // Its successor is unsafe, since a type could give a number that is not its own. Ours owns
        // the descriptor for as long as it lives.
        #[allow(deprecated)]
        let registered = AsyncFd::try_with_interest(QueueFd(queue), interest);
        match registered {
            Ok(io) => Ok(Self { io, interest }),
            Err(refused) => {
                let (QueueFd(queue), e) = refused.into_parts();
                Err(queue.name_in(refusal("epoll_ctl", &e)))
            }
        }
    }

    pub(super) fn queue(&self) -> &MessageQueue {
        &self.io.get_ref().0
    }

    pub(super) fn into_queue(self) -> MessageQueue {
        self.io.into_inner().0
    }

    /// Repeats `attempt` until it succeeds or fails for good, and waits in between.
    ///
    /// Cancel safe: nothing is awaited after the attempt that succeeds. The task's budget is charged
    /// before the attempt.
    pub(super) async fn until_done<T>(
        &self,
        interest: Interest,
        mut attempt: impl FnMut(&MessageQueue) -> Result<Option<T>>,
    ) -> Result<T> {
        cooperative(async {
            let mut event: Option<AsyncFdReadyGuard<'_, QueueFd>> = None;
            loop {
                match attempt(self.queue()) {
                    Ok(Some(done)) => return Ok(done),
                    Ok(None) => {}
                    Err(error) if error.is_would_block() => {}
                    Err(error) if error.is_interrupted() => continue,
                    Err(error) => return Err(error),
                }
                // The kernel reports a change once, and does not report a blocked sender's message
                // that a receive admits. So only an attempt that came after an event and would have
                // blocked clears the event. An event that comes in between stays.
                if let Some(mut event) = event.take() {
                    event.clear_ready();
                }
                let next = self.io.ready(interest).await;
                event = Some(next.map_err(|e| self.queue().name_in(refusal("epoll_wait", &e)))?);
            }
        })
        .await
    }

    /// Returns `EBADF` unless the queue was opened for this. An unregistered event would never come.
    pub(super) fn opened_for(&self, interest: Interest) -> Result<()> {
        let why = if interest.is_readable() && !self.interest.is_readable() {
            WRITE_ONLY
        } else if interest.is_writable() && !self.interest.is_writable() {
            READ_ONLY
        } else {
            return Ok(());
        };
        let error = Error::from_errno("epoll_wait", sys::EBADF).with_explanation(why);
        Err(self.queue().name_in(error))
    }
}

/// Explains why the runtime did not register the queue or cannot wait for it.
fn refusal(call: &'static str, error: &io::Error) -> Error {
    match error.raw_os_error() {
        Some(errno @ sys::EEXIST) => Error::from_errno(call, errno).with_explanation(
            "the runtime has this descriptor already; another handle of the queue can be beside it"
                .to_owned(),
        ),
        Some(errno) => Error::from_errno(call, errno),
        // Not the kernel's: the event loop is gone.
        None => Error::from_errno(call, libc::ECANCELED).with_explanation(
            "the tokio runtime that the queue belongs to has shut down".to_owned(),
        ),
    }
}
