//! Why permission was denied: the owner and mode of the queue, and the user of this process.

use std::fs::{self, File, Metadata};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use crate::error::Error;
use crate::name::QueueName;
use crate::{mounts, sys};

/// The owner and mode of an existing queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ownership {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mode: u32,
}

impl From<&libc::stat> for Ownership {
    fn from(stat: &libc::stat) -> Self {
        Self { uid: stat.st_uid, gid: stat.st_gid, mode: stat.st_mode }
    }
}

impl From<&Metadata> for Ownership {
    fn from(file: &Metadata) -> Self {
        Self { uid: file.uid(), gid: file.gid(), mode: file.mode() }
    }
}

/// Explains an `EACCES` of opening a queue that exists. `wanted` has the bits of a mode.
pub(crate) fn explain_open(error: Error, name: &QueueName, wanted: u32) -> Error {
    explain(error, || match look_up(name) {
        Some(queue) => not_opened(queue, wanted),
        None => format!(
            "uid {} may not open it; `mqctl info`, as root, shows its owner and mode",
            sys::geteuid()
        ),
    })
}

/// Explains an `EACCES` of reopening a queue.
pub(crate) fn explain_reopen(error: Error, queue: Ownership, wanted: u32) -> Error {
    explain(error, || not_opened(queue, wanted))
}

/// Explains an `EACCES` of listing all queues.
pub(crate) fn explain_listing(error: Error, root: &File) -> Error {
    explain(error, || {
        let remedy = "root can change that with `chmod 1777` of its mount point";
        match root.metadata() {
            Ok(root) => {
                let whose = whose(Ownership::from(&root));
                format!("the root of the queue file system is {whose}; {remedy}")
            }
            Err(_) => format!("the root of the queue file system may not be read; {remedy}"),
        }
    })
}

/// Explains an `EACCES` of creating a queue.
pub(crate) fn explain_create(error: Error) -> Error {
    explain(error, || {
        format!(
            "uid {} may not create queues: the mode of the root of the queue file system, or a \
             security module such as AppArmor or SELinux, refuses it",
            sys::geteuid()
        )
    })
}

/// Explains an `EACCES` of unlinking. libc turns `EPERM` into it too.
pub(crate) fn explain_unlink(error: Error, name: &QueueName) -> Error {
    let call = error.call();
    explain(error, || {
        let asks = sys::geteuid();
        let owner_only = "only its owner or a process with CAP_FOWNER may unlink it";
        match look_up(name) {
            Some(queue) if queue.uid == asks => Error::sandbox_explanation(call),
            Some(queue) => format!("{}; {owner_only}", whose(queue)),
            None => format!(
                "{owner_only}, and this process is uid {asks}; if that is its owner, {}",
                Error::sandbox_explanation(call)
            ),
        }
    })
}

fn explain(error: Error, why: impl FnOnce() -> String) -> Error {
    if error.raw_os_error() == sys::EACCES && error.explanation().is_none() {
        error.with_explanation(why())
    } else {
        error
    }
}

fn not_opened(queue: Ownership, wanted: u32) -> String {
    let bits = if queue.uid == sys::geteuid() {
        queue.mode >> 6
    } else {
        // The groups of the process are not known, so only the bits that both classes have.
        queue.mode >> 3 & queue.mode
    };
    let remedy = if bits & wanted == wanted {
        "its mode allows that, so a security module such as AppArmor or SELinux refuses it"
    } else {
        "its owner or root can change the mode with `mqctl chmod`"
    };
    format!("{}; {remedy}", whose(queue))
}

fn whose(Ownership { uid, gid, mode }: Ownership) -> String {
    let user = user_name(uid).map(|name| format!(" ({name})")).unwrap_or_default();
    let (mode, asks) = (mode & 0o7777, sys::geteuid());
    format!("owned by uid {uid}{user} and gid {gid}, mode {mode:04o}; this process is uid {asks}")
}

/// Finds the queue without opening it, since closing it could end a notification.
fn look_up(name: &QueueName) -> Option<Ownership> {
    // The mode may allow this process the other direction.
    for access in [sys::O_RDONLY, sys::O_WRONLY] {
        if let Ok(queue) = sys::mq_open(name.as_c_str(), access | sys::O_PATH, 0, None) {
            return sys::fstat(queue.as_fd()).ok().as_ref().map(Ownership::from);
        }
    }
    let root = mounts::visible_root().ok()?;
    fs::metadata(mounts::path_in(&root, name)).ok().as_ref().map(Ownership::from)
}

/// Only local users: a look-up over the network could take long.
fn user_name(uid: u32) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}
