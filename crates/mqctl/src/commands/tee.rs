//! `mqctl tee`

use posix_mqueue::QueueName;

use crate::failure::Outcome;
use crate::messages::forward::ForwardArgs;
use crate::values::queue_name;

/// Move messages from one queue to each of several others
///
/// Receives each message and sends it with its priority to every TO queue, until FROM is empty. A
/// message is received only when all TO queues have room, so the slowest determines the speed.
/// If sending to one of them then fails, or a signal arrives, the message is requeued, after others
/// of the same priority, and the error names the queues that already received it. If it cannot be
/// requeued, it is written to the --rescue-file, or to standard error in base64, and the exit code
/// is 9.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Queue to receive from
    #[arg(value_parser = queue_name::parser())]
    from: QueueName,
    /// Queues to send to, at least two
    #[arg(required = true, num_args = 2.., value_parser = queue_name::parser())]
    to: Vec<QueueName>,
    #[command(flatten)]
    forward: ForwardArgs,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        self.forward.run(&self.from, &self.to)
    }
}
