//! `mqctl create`

use std::fs::{File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt as _, fchown};

use posix_mqueue::{MessageQueue, OpenOptions, QueueName, Status};

use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};
use crate::queue::inspect;
use crate::values::mode::{self, ModeChange};
use crate::values::{owner, queue_name, size};

/// Create a queue
///
/// The sizes cannot be changed later. The whole queue counts against your RLIMIT_MSGQUEUE at once,
/// even when it is empty (see `mqctl limits`).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the queue, such as /jobs
    #[arg(value_parser = queue_name::parser())]
    name: QueueName,
    /// Capacity in messages [default: fs.mqueue.msg_default]
    #[arg(long, short = 'm', value_name = "N", value_parser = size::parse_nonzero)]
    maxmsg: Option<usize>,
    /// Maximum size of a message: 8192, 8K [default: fs.mqueue.msgsize_default]
    #[arg(long, short = 's', value_name = "BYTES", value_parser = size::parse_nonzero)]
    msgsize: Option<usize>,
    /// Permissions, regardless of the umask: octal (640), or relative to 600 (g+r) [default: 600
    /// less the umask]
    #[arg(long, value_parser = mode::parse)]
    mode: Option<ModeChange>,
    /// Owner, a name or a number [default: you]
    #[arg(long, value_name = "USER", value_parser = owner::parse_user)]
    owner: Option<u32>,
    /// Group, a name or a number [default: yours]
    #[arg(long, value_parser = owner::parse_group)]
    group: Option<u32>,
    /// Fail if the queue exists (default)
    #[arg(long, conflicts_with = "exist_ok")]
    exclusive: bool,
    /// Accept an existing queue if it matches all given options; never change it
    #[arg(long)]
    exist_ok: bool,
}

/// The permissions of a queue without `--mode`, before the umask.
const DEFAULT_MODE: u32 = 0o600;

impl Args {
    pub(crate) fn run(self) -> Outcome {
        // Another iteration means that another process removed the queue between the two calls.
        loop {
            match self.options().open(&self.name) {
                Ok(queue) => return self.apply_owner_and_mode(&queue),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    if !self.exist_ok {
                        let text = "exists; use --exist-ok to accept it if it matches the request";
                        return Err(Failure::for_queue(&self.name, Code::Refused, text));
                    }
                }
                Err(error) => return Err(error.into()),
            }
            match inspect::open_for_inspection(&self.name) {
                Ok(queue) => return self.check_matches(&queue.status()?),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn options(&self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.read(true).create(true).exclusive(true);
        // Until the owner and group are set, only this user has access.
        options.mode(self.requested_mode().unwrap_or(DEFAULT_MODE) & 0o700);
        if let Some(maxmsg) = self.maxmsg {
            options.capacity(maxmsg);
        }
        if let Some(msgsize) = self.msgsize {
            options.message_size(msgsize);
        }
        options
    }

    fn requested_mode(&self) -> Option<u32> {
        self.mode.as_ref().map(|change| change.apply(DEFAULT_MODE))
    }

    /// Sets the owner and mode of the new queue. On failure, removes the queue again.
    fn apply_owner_and_mode(&self, queue: &MessageQueue) -> Outcome {
        let outcome = (|| {
            let file = File::from(OwnedFd::from(queue.try_clone().map_err(io::Error::from)?));
            if self.owner.is_some() || self.group.is_some() {
                fchown(&file, self.owner, self.group)?;
            }
            match self.requested_mode() {
                Some(mode) => file.set_permissions(Permissions::from_mode(mode)),
                None => Ok(()),
            }
        })();
        outcome.map_err(|error: io::Error| {
            let (code, why) = match error.kind() {
                ErrorKind::PermissionDenied => {
                    (Code::Refused, "only root can give a queue to that owner or group".to_owned())
                }
                _ => (Code::Other, error.to_string()),
            };
            let left = match queue.unlink() {
                Ok(()) => "nothing was created",
                Err(_) => "the queue remains, because it could not be removed",
            };
            Failure::for_queue(&self.name, code, format!("{why}; {left}"))
        })
    }

    /// Fails if the existing queue differs from the request, and names every difference.
    fn check_matches(&self, status: &Status) -> Outcome {
        let mut differences = Vec::new();
        let mut compare = |what: &str, has: String, requested: Option<String>| {
            if let Some(requested) = requested.filter(|requested| *requested != has) {
                differences.push(format!("{what} {has}, not {requested}"));
            }
        };
        let attributes = status.attributes;
        compare("maxmsg", attributes.capacity.to_string(), self.maxmsg.map(|n| n.to_string()));
        compare(
            "msgsize",
            attributes.message_size.to_string(),
            self.msgsize.map(|n| n.to_string()),
        );
        compare(
            "mode",
            mode::format_octal(status.mode),
            self.requested_mode().map(mode::format_octal),
        );
        compare("owner", owner::format_user(status.uid), self.owner.map(owner::format_user));
        compare("group", owner::format_group(status.gid), self.group.map(owner::format_group));
        if differences.is_empty() {
            return Ok(());
        }
        let text = format!("exists with {}", differences.join("; "));
        Err(Failure::for_queue(&self.name, Code::Refused, text))
    }
}
