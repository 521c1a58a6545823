//! `mqctl create`

use posix_mqueue::{OpenOptions, QueueName};

use crate::failure::Outcome;
use crate::{queue_name, size};

/// Create a queue
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Its name, as in /jobs
    #[arg(value_parser = queue_name::parser())]
    name: QueueName,
    /// How many messages it can hold [default: fs.mqueue.msg_default]
    #[arg(long, short = 'm', value_name = "N", value_parser = size::parse)]
    maxmsg: Option<usize>,
    /// How many bytes a message can have [default: fs.mqueue.msgsize_default]
    #[arg(long, short = 's', value_name = "BYTES", value_parser = size::parse)]
    msgsize: Option<usize>,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let mut options = OpenOptions::new();
        options.read(true).create(true).exclusive(true);
        if let Some(maxmsg) = self.maxmsg {
            options.capacity(maxmsg);
        }
        if let Some(msgsize) = self.msgsize {
            options.message_size(msgsize);
        }
        options.open(&self.name)?;
        Ok(())
    }
}
