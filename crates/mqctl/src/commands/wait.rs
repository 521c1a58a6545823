//! `mqctl wait`

use posix_mqueue::{Error, OpenOptions, QueueName};

use crate::failure::Outcome;
use crate::values::queue_name;
use crate::values::timeout::TimeoutArgs;

/// Wait until a queue has a message, or room for one
///
/// Nothing is received or reserved: another process may get the message, or use the room, first.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the queue, such as /jobs
    #[arg(value_parser = queue_name::parser())]
    name: QueueName,
    /// Wait for room to send instead of a message
    #[arg(long, short = 'w')]
    writable: bool,
    #[command(flatten)]
    timeout: TimeoutArgs,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let mut options = OpenOptions::new();
        // A queue opened for reading or for writing can be polled for both.
        let queue = options
            .read(true)
            .open(&self.name)
            .or_else(|error| options.read(false).write(true).open(&self.name).map_err(|_| error))?;
        let deadline = self.timeout.deadline();
        let waited = if self.writable {
            queue.wait_writable(deadline)
        } else {
            queue.wait_readable(deadline)
        };
        waited.map_err(|error| {
            if error.is_timed_out() && self.timeout.nonblock {
                let call = if self.writable { "mq_timedsend" } else { "mq_timedreceive" };
                return Error::would_block(call).with_name(self.name.as_os_str()).into();
            }
            error.into()
        })
    }
}
