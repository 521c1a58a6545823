//! A queue that messages go into: waited for in a way that ends when it is removed.

use std::sync::Arc;
use std::time::Duration;

use posix_mqueue::{Deadline, Error, Message, MessageQueue, OpenOptions, QueueName};

use crate::exit_code::Code;
use crate::failure::{Failure, Outcome};

/// How often a full queue is asked whether it is still there: the kernel does not tell.
const PACE: Duration = Duration::from_secs(1);

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

    /// Sends it, within that time.
    pub(crate) fn send(&self, message: &Message, deadline: Deadline) -> Outcome {
        loop {
            self.check()?;
            match self.queue.try_send(&message.data, message.priority) {
                Err(error) if error.is_would_block() => self.wait_for_room(deadline)?,
                other => return other.map_err(Failure::from),
            }
        }
    }

    /// Waits until there is room for one more, which somebody else may then take.
    pub(crate) fn wait_for_room(&self, deadline: Deadline) -> Outcome {
        loop {
            self.check()?;
            let slice = match deadline.remaining() {
                Some(left) if left < PACE => deadline,
                _ => PACE.into(),
            };
            match self.queue.wait_writable(slice) {
                Err(error) if error.is_timed_out() && !deadline.is_elapsed() => {}
                Err(error) if error.is_timed_out() => {
                    return Err(self.stayed_full(deadline).into());
                }
                other => return other.map_err(Failure::from),
            }
        }
    }

    /// Nobody could take again what is sent into a queue that has no name any more.
    fn check(&self) -> Outcome {
        if self.queue.status()?.unlinked {
            let text = "the queue was removed meanwhile";
            return Err(Failure::about(&self.name, Code::NotFound, text));
        }
        Ok(())
    }

    fn stayed_full(&self, deadline: Deadline) -> Error {
        let call = "mq_timedsend";
        let error = match deadline {
            Deadline::Now => Error::would_block(call),
            _ => Error::timed_out(call, deadline),
        };
        error.with_name(self.name.as_os_str())
    }
}
