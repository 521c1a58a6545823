//! `mqctl move`

use posix_mqueue::QueueName;

use crate::failure::Outcome;
use crate::messages::forward::ForwardArgs;
use crate::values::queue_name;

/// Move messages from one queue into another
///
/// Each message is received, and sent with its priority, until the first queue is empty. None is
/// received before there is room for it. If it cannot be sent then, or a signal comes, the message
/// in hand is put back, behind others of its priority; where that cannot be, it is written to the
/// file of --spill, or, in base64, to standard error, and the exit code is 9.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queue that they are taken from
    #[arg(value_parser = queue_name::parser())]
    from: QueueName,
    /// The queue that they go into
    #[arg(value_parser = queue_name::parser())]
    to: QueueName,
    #[command(flatten)]
    forward: ForwardArgs,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        self.forward.run(&self.from, &[self.to])
    }
}
