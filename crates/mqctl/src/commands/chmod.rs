//! `mqctl chmod`

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use posix_mqueue::QueueName;

use crate::failure::Outcome;
use crate::failure::operands::for_each_operand;
use crate::queue::inspect;
use crate::values::mode::{self, ModeChange};
use crate::values::queue_name;

/// Change who may use queues
///
/// Receiving takes the right to read, sending that to write. Who has a queue open keeps it. A queue
/// whose mode keeps even its owner out is changed through the queue file system, which then has to
/// be mounted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Octal (640), or what u, g, o or a is given (g+rw), denied (o-rwx), or has (u=rw)
    #[arg(value_parser = mode::parse)]
    mode: ModeChange,
    /// Their names
    #[arg(required = true, value_name = "NAME", value_parser = queue_name::parser())]
    names: Vec<QueueName>,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let new = |old: Permissions| Permissions::from_mode(self.mode.apply(old.mode() & 0o7777));
        for_each_operand(&self.names, |name| {
            inspect::change(
                name,
                |file| file.set_permissions(new(file.metadata()?.permissions())),
                |path| fs::set_permissions(path, new(fs::metadata(path)?.permissions())),
            )
        })
    }
}
