//! Opening a queue to look at it or to change it, not to use it.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;

use posix_mqueue::{Directory, Error, MessageQueue, OpenOptions, QueueName};

use crate::failure;
use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};
use crate::values::{mode, owner};

/// Opens it in the way that its mode allows: either tells everything.
pub(crate) fn to_look(name: &QueueName) -> Result<MessageQueue, Error> {
    let open = |options: &mut OpenOptions| options.open(name);
    match open(OpenOptions::new().read(true)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            open(OpenOptions::new().write(true)).map_err(|_| error)
        }
        outcome => outcome,
    }
}

/// Does something to a queue's file: by its descriptor, or by its path where its mode keeps even
/// its owner from opening it.
pub(crate) fn change(
    name: &QueueName,
    by_descriptor: impl FnOnce(&File) -> std::io::Result<()>,
    by_path: impl FnOnce(&std::path::Path) -> std::io::Result<()>,
) -> Outcome {
    let outcome = match to_look(name) {
        Ok(queue) => by_descriptor(&File::from(OwnedFd::from(queue))),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let directory = Directory::open().map_err(|unlisted| {
                let why = failure::why(&unlisted);
                let text =
                    format!("its mode keeps you from opening it; to change it all the same: {why}");
                Failure::about(name, Code::Refused, text)
            })?;
            by_path(&directory.path(name))
        }
        Err(error) => return Err(error.into()),
    };
    outcome.map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => Failure::about(name, Code::Refused, not_ours(name, &error)),
        ErrorKind::NotFound => Failure::about(name, Code::NotFound, failure::NO_QUEUE),
        _ => Failure::about(name, Code::Failed, error),
    })
}

fn not_ours(name: &QueueName, error: &std::io::Error) -> String {
    match whose(name) {
        Some(whose) => format!("only its owner or root may do that; it is {whose}"),
        None => error.to_string(),
    }
}

/// Why a queue cannot be opened, with its mode and owner where the directory shows them.
pub(crate) fn refused(error: Error, name: &QueueName) -> Failure {
    match whose(name) {
        Some(whose) if error.kind() == ErrorKind::PermissionDenied => {
            Failure::about(name, Code::Refused, format!("{}: it is {whose}", error.message()))
        }
        _ => error.into(),
    }
}

/// `rw------- of root:root`
fn whose(name: &QueueName) -> Option<String> {
    let entry = Directory::open().ok()?.read(name).ok()?;
    Some(format!("{} of {}", mode::letters(entry.mode), owner::pair(entry.uid, entry.gid)))
}
