//! Which mount of the queue file system shows the queues of this IPC namespace.
//!
//! A mount belongs to the namespace in which it was created, and shows the queues of that namespace
//! even to processes that have left it. So each mount is checked before it is used.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::name::QueueName;
use crate::procfs::{self, CAP_SYS_ADMIN, Mount};
use crate::{limits, sys};

/// Opens the root of a mount of this IPC namespace's queues, with `O_PATH`.
pub(crate) fn root() -> Result<File> {
    // Without the capability the calls fail in any case, and a system call filter may kill the
    // process for them.
    if procfs::has_capability(CAP_SYS_ADMIN)
        && let Ok(root) = sys::detached_queue_mount()
    {
        return Ok(File::from(root));
    }
    visible_root()
}

/// Opens the root of such a mount among those that this thread sees. It makes no call for which a
/// system call filter that allows queues might kill the process.
pub(crate) fn visible_root() -> Result<File> {
    let mut rejected = Vec::new();
    let mut roots = Vec::new();
    for mount in procfs::mounts()?.into_iter().filter(|mount| mount.kind == b"mqueue") {
        match opened(&mount)? {
            Ok(root) => roots.push((mount, root)),
            Err(why) => rejected.push(format!("that at {:?} {why}", mount.point)),
        }
    }
    if !roots.is_empty() {
        let device = own_device(&roots)?;
        for (mount, root) in roots {
            if mount.device == device {
                return Ok(root);
            }
            let why = "shows the queues of another IPC namespace";
            rejected.push(format!("that at {:?} {why}", mount.point));
        }
    }
    Err(not_mounted(&rejected))
}

/// The path of the root of a mount, even if another mount covers it.
pub(crate) fn path_of(root: &File) -> PathBuf {
    PathBuf::from(format!("/proc/thread-self/fd/{}", root.as_raw_fd()))
}

pub(crate) fn names(root: &File) -> io::Result<Vec<QueueName>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path_of(root))? {
        let mut name = vec![b'/'];
        name.extend(entry?.file_name().into_vec());
        // The kernel accepted the name, so it is valid.
        names.extend(QueueName::new(OsString::from_vec(name)));
    }
    Ok(names)
}

pub(crate) fn path_in(root: &File, name: &QueueName) -> PathBuf {
    let name = name.as_os_str().as_bytes();
    path_of(root).join(OsStr::from_bytes(name.strip_prefix(b"/").unwrap_or(name)))
}

/// The root of a mount, or the reason why the mount cannot be used.
fn opened(mount: &Mount) -> Result<std::result::Result<File, String>> {
    if !mount.whole {
        return Ok(Err("shows a part of the queues only".to_owned()));
    }
    let root = match OpenOptions::new().read(true).custom_flags(sys::O_PATH).open(&mount.point) {
        Ok(root) => root,
        Err(e) if matches!(e.raw_os_error(), Some(sys::EACCES | sys::ENOENT)) => {
            return Ok(Err("is out of this process's reach".to_owned()));
        }
        Err(e) => return Err(limits::explain_open(Error::new("open", &e))),
    };
    Ok(match root.metadata() {
        Ok(metadata) if metadata.dev() == mount.device => Ok(root),
        _ => Err("is hidden by what is mounted over it".to_owned()),
    })
}

/// The device number of this IPC namespace's queues: the one of any queue that `mq_open` opens. If
/// none of the listed queues can be opened, a temporary queue is created.
fn own_device(roots: &[(Mount, File)]) -> Result<u64> {
    for (_, root) in roots {
        for name in names(root).unwrap_or_default() {
            // Closing an O_PATH descriptor cancels no notification.
            let flags = sys::O_RDONLY | sys::O_PATH;
            if let Ok(queue) = sys::mq_open(name.as_c_str(), flags, 0, None)
                && let Ok(stat) = sys::fstat(queue.as_fd())
            {
                return Ok(stat.st_dev);
            }
        }
    }
    let queue = temporary_queue().map_err(|error| {
        let points: Vec<&Path> = roots.iter().map(|(mount, _)| mount.point.as_path()).collect();
        let why = error.explanation().map(|why| format!(": {why}")).unwrap_or_default();
        error.with_explanation(format!(
            "to tell whether the queue file system at {points:?} shows the queues of this IPC \
             namespace or another, a queue is made for a moment, and that failed{why}"
        ))
    })?;
    Ok(sys::fstat(queue.as_fd()).map_err(|e| Error::new("fstat", &e))?.st_dev)
}

/// A queue of the minimum size, which no other process can open, and which is unlinked already.
fn temporary_queue() -> Result<OwnedFd> {
    loop {
        let name = QueueName::random("/posix-mqueue-".as_ref())?;
        let flags = sys::O_RDONLY | sys::O_CREAT | sys::O_EXCL;
        match sys::mq_open(name.as_c_str(), flags, 0, Some((1, 1))) {
            Ok(queue) => {
                sys::mq_unlink(name.as_c_str()).map_err(|e| Error::new("mq_unlink", &e))?;
                return Ok(queue);
            }
            Err(e) if e.raw_os_error() == Some(sys::EEXIST) => {}
            Err(e) => return Err(limits::explain_create(Error::new("mq_open", &e), Some((1, 1)))),
        }
    }
}

fn not_mounted(rejected: &[String]) -> Error {
    let found = match rejected {
        [] => String::new(),
        _ => format!(" ({})", rejected.join(", ")),
    };
    Error::from_errno("opendir", sys::ENOENT).with_explanation(format!(
        "the queue file system of this IPC namespace is mounted nowhere that can be seen{found}; \
         mount it, as root and in this namespace, with \
         `mkdir -p /dev/mqueue && mount -t mqueue none /dev/mqueue`"
    ))
}
