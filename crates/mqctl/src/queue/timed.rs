//! Sending and receiving with a deadline.

use posix_mqueue::{Deadline, Error, Message, MessageQueue};

/// Sends a message, waiting until the deadline.
pub(crate) fn send(
    queue: &MessageQueue,
    message: &[u8],
    priority: u32,
    deadline: Deadline,
) -> posix_mqueue::Result<()> {
    loop {
        match queue.send_interruptible(message, priority, deadline) {
            Err(error) if error.is_interrupted() => {}
            outcome => return outcome.map_err(|error| as_would_block(error, queue, deadline)),
        }
    }
}

/// Receives into `message`, reusing its memory, and waits until the deadline.
pub(crate) fn receive(
    queue: &MessageQueue,
    message: &mut Message,
    deadline: Deadline,
) -> posix_mqueue::Result<()> {
    queue
        .receive_message_into(message, deadline)
        .map_err(|error| as_would_block(error, queue, deadline))
}

/// Returns "would block" instead of a timeout if the call was not to wait.
fn as_would_block(error: Error, queue: &MessageQueue, deadline: Deadline) -> Error {
    match (deadline, queue.name()) {
        (Deadline::Now, Some(name)) if error.is_timed_out() => {
            Error::would_block(error.call()).with_name(name.as_os_str())
        }
        _ => error,
    }
}
