//! Queues in a `mio::Poll`.

use std::io;
use std::os::fd::AsRawFd;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use crate::queue::MessageQueue;

/// Registers the queue with an event loop.
///
/// mio is edge-triggered: an event reports a change once. After an event, receive (or send) with
/// [`try_receive`](MessageQueue::try_receive) or
/// [`attempt_receive`](MessageQueue::attempt_receive) **until the call would block**. Only then is
/// another event sure to follow. If a sender is blocked on a full queue, a receive admits its message
/// without a further event. The descriptor need not be nonblocking.
///
/// - Linux reports readable and writable events for every queue, whatever its access mode. Register
///   for the access mode: the call after another kind of event fails with `EBADF`.
/// - A receiver that is blocked in a call gets the next message before a program that polls, and no
///   event reports that message.
/// - Polling is not receiving: a [notification](MessageQueue::notify) is sent although a program
///   polls.
/// - A descriptor can be registered once with one `Poll`: the second time is `EEXIST`. Another
///   handle, reopened or duplicated, has a descriptor of its own.
/// - Registering takes the queue by `&mut`. Register a queue that is shared, as in an
///   [`Arc`](std::sync::Arc), by its descriptor, with [`SourceFd`]. Deregister it before the
///   descriptor is closed: a duplicate, as in a forked child, would keep the events coming.
///
/// Source: `epoll(7)`, `mq_overview(7)`.
///
/// ```
/// use mio::{Events, Interest, Poll, Token};
/// use posix_mqueue::OpenOptions;
///
/// let name = format!("/posix-mqueue-doc-mio-{}", std::process::id());
/// let mut queue = OpenOptions::new().read(true).write(true).create(true)
///     .capacity(4).message_size(64).open(&name)?;
/// queue.unlink()?; // no other process can open it now
///
/// let mut poll = Poll::new()?;
/// poll.registry().register(&mut queue, Token(0), Interest::READABLE)?;
/// queue.send(b"one", 0)?;
/// queue.send(b"two", 0)?;
///
/// let mut events = Events::with_capacity(8);
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().any(|event| event.token() == Token(0) && event.is_readable()));
/// let mut buffer = [0; 64];
/// let mut received = 0;
/// while queue.attempt_receive(&mut buffer)?.is_some() {
///     received += 1;
/// }
/// assert_eq!(received, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Source for MessageQueue {
    fn register(&mut self, to: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        SourceFd(&self.borrow().as_raw_fd()).register(to, token, interests)
    }

    fn reregister(&mut self, to: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        SourceFd(&self.borrow().as_raw_fd()).reregister(to, token, interests)
    }

    fn deregister(&mut self, from: &Registry) -> io::Result<()> {
        SourceFd(&self.borrow().as_raw_fd()).deregister(from)
    }
}
