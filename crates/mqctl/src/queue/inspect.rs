//! Opening a queue to inspect or change it, not to send or receive.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;

use posix_mqueue::{Directory, Error, MessageQueue, OpenOptions, QueueName};

use crate::failure;
use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};
use crate::values::{mode, owner};

/// Opens for reading, or for writing if only that is permitted. Either shows the same status.
pub(crate) fn open_for_inspection(name: &QueueName) -> Result<MessageQueue, Error> {
    let open = |options: &mut OpenOptions| options.open(name);
    match open(OpenOptions::new().read(true)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            open(OpenOptions::new().write(true)).map_err(|_| error)
        }
        outcome => outcome,
    }
}

/// Changes a queue's file through its descriptor, or through its path if the mode denies even the
/// owner to open it.
pub(crate) fn change(
    name: &QueueName,
    by_descriptor: impl FnOnce(&File) -> std::io::Result<()>,
    by_path: impl FnOnce(&std::path::Path) -> std::io::Result<()>,
) -> Outcome {
    let outcome = match open_for_inspection(name) {
        Ok(queue) => by_descriptor(&File::from(OwnedFd::from(queue))),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let directory = Directory::open().map_err(|unlisted| {
                let why = failure::explain(&unlisted);
                let text = format!(
                    "the mode denies access, so changing it requires the queue file system: {why}"
                );
                Failure::for_queue(name, Code::Refused, text)
            })?;
            by_path(&directory.path(name))
        }
        Err(error) => return Err(error.into()),
    };
    outcome.map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => {
            Failure::for_queue(name, Code::Refused, explain_not_owner(name, &error))
        }
        ErrorKind::NotFound => Failure::for_queue(name, Code::NotFound, failure::NO_QUEUE),
        _ => Failure::for_queue(name, Code::Other, error),
    })
}

fn explain_not_owner(name: &QueueName, error: &std::io::Error) -> String {
    match describe_owner(name) {
        Some(owner) => format!("only the owner or root can do that; the queue is {owner}"),
        None => error.to_string(),
    }
}

/// Returns the mode and owner: `rw------- of root:root`.
fn describe_owner(name: &QueueName) -> Option<String> {
    let entry = Directory::open().ok()?.read(name).ok()?;
    Some(format!(
        "{} of {}",
        mode::format_symbolic(entry.mode),
        owner::format_owner(entry.uid, entry.gid)
    ))
}
