//! A queue to send to. Waiting for room ends when the queue is unlinked.

use std::sync::Arc;
use std::time::Duration;

use posix_mqueue::{Deadline, Error, Message, MessageQueue, OpenOptions, QueueName};

use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};

/// How often to check that a full queue is still linked; the kernel does not report unlinking.
const UNLINK_CHECK_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Target {
    queue: Arc<MessageQueue>,
    name: QueueName,
}

impl Target {
    pub(crate) fn open(name: &QueueName) -> posix_mqueue::Result<Self> {
        Ok(Self::new(OpenOptions::new().write(true).open(name)?, name))
    }

    pub(crate) fn new(queue: MessageQueue, name: &QueueName) -> Self {
        Self { queue: Arc::new(queue), name: name.clone() }
    }

    pub(crate) fn queue(&self) -> &Arc<MessageQueue> {
        &self.queue
    }

    pub(crate) fn name(&self) -> &QueueName {
        &self.name
    }

    /// Sends a message, waiting for room until the deadline.
    pub(crate) fn send(&self, message: &Message, deadline: Deadline) -> Outcome {
        loop {
            self.check_linked()?;
            match self.queue.try_send(&message.data, message.priority) {
                Err(error) if error.is_would_block() => self.wait_for_room(deadline)?,
                other => return other.map_err(Failure::from),
            }
        }
    }

    /// Waits until the queue has room. Another sender may still use that room first.
    pub(crate) fn wait_for_room(&self, deadline: Deadline) -> Outcome {
        loop {
            self.check_linked()?;
            let slice = match deadline.remaining() {
                Some(left) if left < UNLINK_CHECK_INTERVAL => deadline,
                _ => UNLINK_CHECK_INTERVAL.into(),
            };
            match self.queue.wait_writable(slice) {
                Err(error) if error.is_timed_out() && !deadline.is_elapsed() => {}
                Err(error) if error.is_timed_out() => {
                    return Err(self.full_error(deadline).into());
                }
                other => return other.map_err(Failure::from),
            }
        }
    }

    /// Fails if the queue is unlinked: no new receiver can open it, so messages would be lost.
    fn check_linked(&self) -> Outcome {
        if self.queue.status()?.unlinked {
            let text = "the queue was removed";
            return Err(Failure::for_queue(&self.name, Code::NotFound, text));
        }
        Ok(())
    }

    fn full_error(&self, deadline: Deadline) -> Error {
        let call = "mq_timedsend";
        let error = match deadline {
            Deadline::Now => Error::would_block(call),
            _ => Error::timed_out(call, deadline),
        };
        error.with_name(self.name.as_os_str())
    }
}
