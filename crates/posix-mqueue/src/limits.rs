//! The system's limits on queues, read when they matter, and which of them refused a queue.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};
use crate::sys;

/// What the kernel charges besides the payload: two structures a message on 64-bit machines,
/// `msg_msg` and `posix_msg_tree_node`, the second for at most `MQ_PRIO_MAX` messages.
const STRUCTURE: u64 = 48;
const TREE_NODES: u64 = 32_768;

/// The limits in force for this process. Source: `mq_overview(7)`, `getrlimit(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Limits {
    /// Messages that a queue holds when its creator names no number (`fs.mqueue.msg_default`).
    pub default_capacity: usize,
    /// The most messages that it may be created for (`fs.mqueue.msg_max`).
    pub max_capacity: usize,
    /// Bytes a message when its creator names no number (`fs.mqueue.msgsize_default`).
    pub default_message_size: usize,
    /// The most bytes a message (`fs.mqueue.msgsize_max`).
    pub max_message_size: usize,
    /// The most queues in this IPC namespace (`fs.mqueue.queues_max`).
    pub max_queues: usize,
    /// The bytes that all queues of this user may be charged (`RLIMIT_MSGQUEUE`, soft);
    /// `u64::MAX` is no limit.
    pub max_bytes: u64,
    /// How far a process without `CAP_SYS_RESOURCE` may raise `max_bytes` (`RLIMIT_MSGQUEUE`,
    /// hard).
    pub hard_max_bytes: u64,
}

impl Limits {
    /// The most that `fs.mqueue.msg_max` can be set to (`HARD_MSGMAX`).
    pub const HARD_CAPACITY: usize = 65_536;
    /// The most that `fs.mqueue.msgsize_max` can be set to (`HARD_MSGSIZEMAX`).
    pub const HARD_MESSAGE_SIZE: usize = 16 * 1024 * 1024;

    /// Reads them from `/proc/sys/fs/mqueue` and `getrlimit(2)`.
    ///
    /// ```
    /// let limits = posix_mqueue::Limits::read()?;
    /// assert!(limits.default_capacity >= 1);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `ENOENT` where `/proc` is not mounted or the kernel has no message queues.
    pub fn read() -> Result<Self> {
        let (max_bytes, hard_max_bytes) =
            sys::getrlimit_msgqueue().map_err(|e| Error::new("getrlimit", &e))?;
        Ok(Self {
            default_capacity: sysctl("msg_default")?,
            max_capacity: sysctl("msg_max")?,
            default_message_size: sysctl("msgsize_default")?,
            max_message_size: sysctl("msgsize_max")?,
            max_queues: sysctl("queues_max")?,
            max_bytes,
            hard_max_bytes,
        })
    }
}

fn sysctl(name: &str) -> Result<usize> {
    let path = Path::new("/proc/sys/fs/mqueue").join(name);
    let text = fs::read_to_string(&path).map_err(|e| {
        let path = path.display();
        Error::new("open", &e).explained(format!("fs.mqueue.{name} is read from {path}"))
    })?;
    // The kernel writes one decimal number.
    text.trim().parse().map_err(|_| Error::from_errno("read", sys::EINVAL))
}

/// The bytes that `RLIMIT_MSGQUEUE` is charged for a queue of these sizes, whole, when it is
/// created, until it is unlinked and closed everywhere. Source: `getrlimit(2)`.
///
/// ```
/// assert_eq!(posix_mqueue::charge(10, 8192), 82_880);
/// ```
#[must_use]
pub fn charge(capacity: usize, message_size: usize) -> u64 {
    let (capacity, message_size) = (capacity as u64, message_size as u64);
    let structures = capacity.saturating_add(capacity.min(TREE_NODES)).saturating_mul(STRUCTURE);
    capacity.saturating_mul(message_size).saturating_add(structures)
}

/// The sizes of a new queue as `mq_open` takes them, `None` for the kernel's own defaults.
///
/// The kernel wants both or neither, so where only one is given the other is looked up.
pub(crate) fn sizes(
    capacity: Option<usize>,
    message_size: Option<usize>,
) -> Result<Option<(usize, usize)>> {
    let default = |name, max| Ok::<_, Error>(sysctl(name)?.min(sysctl(max)?));
    Ok(match (capacity, message_size) {
        (None, None) => None,
        (Some(capacity), Some(size)) => Some((capacity, size)),
        (Some(capacity), None) => Some((capacity, default("msgsize_default", "msgsize_max")?)),
        (None, Some(size)) => Some((default("msg_default", "msg_max")?, size)),
    })
}

/// Adds to an error of `mq_open` which limit it means, with the numbers.
///
/// Only after the kernel refused: a process with `CAP_SYS_RESOURCE` may pass some of them.
pub(crate) fn explain_create(error: Error, sizes: Option<(usize, usize)>) -> Error {
    let error = explain_open(error);
    let Ok(limits) = Limits::read() else { return error };
    let (capacity, message_size) = sizes.unwrap_or((
        limits.default_capacity.min(limits.max_capacity),
        limits.default_message_size.min(limits.max_message_size),
    ));
    match error.raw_os_error() {
        _ if error.is_limit() => error,
        sys::EINVAL if capacity == 0 || message_size == 0 => {
            error.explained("a queue holds 1 message of 1 byte at least".to_owned())
        }
        sys::EINVAL if capacity > limits.max_capacity => error.limited(over(
            "messages",
            capacity,
            "msg_max",
            limits.max_capacity,
            Limits::HARD_CAPACITY,
        )),
        sys::EINVAL if message_size > limits.max_message_size => error.limited(over(
            "bytes a message",
            message_size,
            "msgsize_max",
            limits.max_message_size,
            Limits::HARD_MESSAGE_SIZE,
        )),
        sys::EMFILE => {
            let charge = charge(capacity, message_size);
            error.limited(format!(
                "RLIMIT_MSGQUEUE: a queue for {capacity} messages of {message_size} bytes is \
                 charged {charge} bytes, and all queues of this user together may be charged \
                 {}; unlink some, make it smaller, or raise the limit with `ulimit -q {}`",
                limits.max_bytes,
                limits.max_bytes.saturating_add(charge),
            ))
        }
        sys::ENOSPC => error.limited(format!(
            "there are as many queues as fs.mqueue.queues_max allows ({}); unlink some, or raise \
             it with `sysctl -w fs.mqueue.queues_max={}`",
            limits.max_queues,
            limits.max_queues.saturating_mul(2).max(256),
        )),
        _ => error,
    }
}

/// The same for a queue that exists: no limit but that on descriptors can refuse it.
pub(crate) fn explain_open(error: Error) -> Error {
    if error.raw_os_error() == sys::EMFILE && descriptors_are_used_up() {
        error.limited(
            "this process has as many descriptors open as RLIMIT_NOFILE allows; close some, or \
             raise it with `ulimit -n`"
                .to_owned(),
        )
    } else {
        error
    }
}

fn over(what: &str, asked: usize, sysctl: &str, max: usize, hard: usize) -> String {
    let mend = if asked > hard {
        format!("the kernel's own ceiling is {hard}")
    } else {
        format!("raise it with `sysctl -w fs.mqueue.{sysctl}={asked}`")
    };
    format!("{asked} {what} exceeds /proc/sys/fs/mqueue/{sysctl} ({max}); {mend}")
}

/// `EMFILE` stands for two limits; this one also keeps any other file from being opened.
fn descriptors_are_used_up() -> bool {
    fs::File::open("/").is_err_and(|e| e.raw_os_error() == Some(sys::EMFILE))
}
