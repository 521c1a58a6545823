//! `mqctl wait`

use posix_mqueue::{Error, OpenOptions, QueueName};

use crate::failure::Outcome;
use crate::queue_name;
use crate::waiting::Waiting;

/// Wait until a message is there, or room for one
///
/// Nothing is taken, and nothing is reserved: who is quicker may have it first.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queue's name, as in /jobs
    #[arg(value_parser = queue_name::parser())]
    name: QueueName,
    /// Wait for room to send, not for a message
    #[arg(long, short = 'w')]
    writable: bool,
    #[command(flatten)]
    waiting: Waiting,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let mut options = OpenOptions::new();
        // Either way it tells both.
        let queue = options
            .read(true)
            .open(&self.name)
            .or_else(|error| options.read(false).write(true).open(&self.name).map_err(|_| error))?;
        let deadline = self.waiting.deadline();
        let waited = if self.writable {
            queue.wait_writable(deadline)
        } else {
            queue.wait_readable(deadline)
        };
        waited.map_err(|error| {
            if error.is_timed_out() && self.waiting.nonblock {
                let call = if self.writable { "mq_timedsend" } else { "mq_timedreceive" };
                return Error::would_block(call).with_name(self.name.as_os_str()).into();
            }
            error.into()
        })
    }
}
