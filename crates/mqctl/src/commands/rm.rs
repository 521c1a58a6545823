//! `mqctl rm`

use posix_mqueue::QueueName;

use crate::failure::Outcome;
use crate::queue_name;

/// Remove queues
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Their names; who has one open keeps it until it is closed
    #[arg(required = true, value_parser = queue_name::parser())]
    names: Vec<QueueName>,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        for name in &self.names {
            posix_mqueue::unlink(name)?;
        }
        Ok(())
    }
}
