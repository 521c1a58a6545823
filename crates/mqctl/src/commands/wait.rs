//! `mqctl wait`

use posix_mqueue::{OpenOptions, QueueName};

use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};
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
            if !error.is_timed_out() {
                return error.into();
            }
            let (code, text) = match (self.timeout.nonblock, self.writable) {
                (true, true) => (Code::Full, "the queue is full"),
                (true, false) => (Code::Empty, "the queue is empty"),
                (false, true) => (Code::TimedOut, "the queue stayed full until the time was over"),
                (false, false) => (Code::TimedOut, "nothing came until the time was over"),
            };
            Failure::for_queue(&self.name, code, text)
        })
    }
}
