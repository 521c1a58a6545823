//! Sending and receiving with a deadline.

use posix_mqueue::{Deadline, Error, Message, MessageQueue};

/// Sends a message, waiting until the deadline.
pub(crate) fn send(
    queue: &MessageQueue,
    message: &[u8],
    priority: u32,
    deadline: Deadline,
) -> posix_mqueue::Result<()> {
    match deadline {
        Deadline::Never => queue.send(message, priority),
        Deadline::Now => queue.try_send(message, priority),
        Deadline::At(instant) => queue.send_deadline(message, priority, instant),
        Deadline::Until(time) => queue.send_until(message, priority, time),
    }
}

/// Receives into `message`, reusing its memory, and waits until the deadline.
pub(crate) fn receive(
    queue: &MessageQueue,
    message: &mut Message,
    deadline: Deadline,
) -> posix_mqueue::Result<()> {
    queue.receive_again(message, deadline).map_err(|error| match (deadline, queue.name()) {
        // Without waiting, an empty queue is "would block" and not a timeout.
        (Deadline::Now, Some(name)) if error.is_timed_out() => {
            Error::would_block(error.call()).about(name.as_os_str())
        }
        _ => error,
    })
}
