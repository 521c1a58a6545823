//! `mqctl tee`

use posix_mqueue::QueueName;

use crate::failure::Outcome;
use crate::messages::forward::ForwardArgs;
use crate::values::queue_name;

/// Move messages from one queue into each of several
///
/// Each message is received, and sent with its priority into one queue after the other, until the
/// first queue is empty. None is received before there is room for it in all of them: the fullest
/// one sets the pace. If it cannot be sent then into one of them, or a signal comes, the message in
/// hand is put back, behind others of its priority, and the error says which queues have it
/// already; where that cannot be, it is written to the file of --spill, or, in base64, to standard
/// error, and the exit code is 9.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queue that they are taken from
    #[arg(value_parser = queue_name::parser())]
    from: QueueName,
    /// The queues that they go into, two at least
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
