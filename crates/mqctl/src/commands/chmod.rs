//! `mqctl chmod`

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use posix_mqueue::QueueName;

use crate::failure::Outcome;
use crate::failure::operands::for_each_operand;
use crate::queue::inspect;
use crate::values::mode::{self, ModeChange};
use crate::values::queue_name;

/// Change the permissions of queues
///
/// Receiving requires read permission, sending requires write permission. Processes that have the
/// queue open are not affected. If the mode denies access even to the owner, the queue file system
/// must be mounted to change it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Octal (640), or symbolic with u, g, o and a (g+rw, o-rwx, u=rw)
    #[arg(value_parser = mode::parse)]
    mode: ModeChange,
    /// Names of the queues
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
