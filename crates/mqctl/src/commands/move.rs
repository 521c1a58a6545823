//! `mqctl move`

use posix_mqueue::QueueName;

use crate::failure::Outcome;
use crate::messages::forward::ForwardArgs;
use crate::values::queue_name;

/// Move messages from one queue to another
///
/// Receives each message and sends it with its priority, until FROM is empty. A message is received
/// only when TO has room. If sending then fails, or a signal arrives, the message is
/// requeued, after others of the same priority. If it cannot be requeued, it is written to the
/// --rescue-file, or to standard error in base64, and the exit code is 9.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Queue to receive from
    #[arg(value_parser = queue_name::parser())]
    from: QueueName,
    /// Queue to send to
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
