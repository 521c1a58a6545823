//! `mqctl chown`

use std::os::unix::fs::{chown, fchown};

use posix_mqueue::QueueName;

use crate::failure::Outcome;
use crate::failure::operands::for_each_operand;
use crate::queue::inspect;
use crate::values::owner::{self, Owner};
use crate::values::queue_name;

/// Change the owner and group of queues
///
/// Changing the owner requires root. The owner can change the group to another of their own groups.
/// The queue still counts against the RLIMIT_MSGQUEUE of the user who created it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// USER, USER:GROUP or :GROUP, each a name or a number
    #[arg(value_parser = owner::parse)]
    owner: Owner,
    /// Names of the queues
    #[arg(required = true, value_name = "NAME", value_parser = queue_name::parser())]
    names: Vec<QueueName>,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let Owner { uid, gid } = self.owner;
        for_each_operand(&self.names, |name| {
            inspect::change(name, |file| fchown(file, uid, gid), |path| chown(path, uid, gid))
        })
    }
}
