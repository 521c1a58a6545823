//! The limits of the system and of this process, read when they matter.

use std::fs;

use super::remedy::{Limit, Remedy};
use crate::error::{Error, Result};
use crate::sys::{self, Resource};

/// The limits in force for this process. Source: `mq_overview(7)`, `getrlimit(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Limits {
    /// The default capacity of a new queue, in messages (`fs.mqueue.msg_default`).
    pub default_capacity: usize,
    /// The maximum capacity of a new queue, in messages (`fs.mqueue.msg_max`).
    pub max_capacity: usize,
    /// The default message size of a new queue, in bytes (`fs.mqueue.msgsize_default`).
    pub default_message_size: usize,
    /// The maximum message size of a new queue, in bytes (`fs.mqueue.msgsize_max`).
    pub max_message_size: usize,
    /// The maximum number of queues in this IPC namespace (`fs.mqueue.queues_max`).
    pub max_queues: usize,
    /// The bytes that all queues of this user may be charged (`RLIMIT_MSGQUEUE`, soft). `u64::MAX`
    /// means unlimited.
    pub max_bytes: u64,
    /// The value up to which a process without `CAP_SYS_RESOURCE` may raise `max_bytes`
    /// (`RLIMIT_MSGQUEUE`, hard).
    pub hard_max_bytes: u64,
}

impl Limits {
    /// Reads the limits from `/proc/sys/fs/mqueue` and `getrlimit(2)`.
    ///
    /// ```
    /// let limits = posix_mqueue::Limits::read()?;
    /// assert!(limits.default_capacity >= 1);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `ENOENT`: `/proc` is not mounted, or the kernel has no message queues.
    pub fn read() -> Result<Self> {
        let (max_bytes, hard_max_bytes) =
            sys::getrlimit(Resource::QueueBytes).map_err(|e| Error::new("getrlimit", &e))?;
        Ok(Self {
            default_capacity: sysctl(Limit::DefaultCapacity)?,
            max_capacity: sysctl(Limit::MaxCapacity)?,
            default_message_size: sysctl(Limit::DefaultMessageSize)?,
            max_message_size: sysctl(Limit::MaxMessageSize)?,
            max_queues: sysctl(Limit::MaxQueues)?,
            max_bytes,
            hard_max_bytes,
        })
    }

    /// Returns the value of a limit.
    ///
    /// ```
    /// use posix_mqueue::{Limit, Limits};
    ///
    /// let limits = Limits::read()?;
    /// assert_eq!(limits.get(Limit::MaxCapacity), limits.max_capacity as u64);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, limit: Limit) -> u64 {
        match limit {
            Limit::DefaultCapacity => self.default_capacity as u64,
            Limit::MaxCapacity => self.max_capacity as u64,
            Limit::DefaultMessageSize => self.default_message_size as u64,
            Limit::MaxMessageSize => self.max_message_size as u64,
            Limit::MaxQueues => self.max_queues as u64,
            Limit::MaxBytes => self.max_bytes,
        }
    }

    /// Returns how to raise a limit to a value, `None` if that exceeds the kernel's own ceiling.
    ///
    /// ```
    /// use posix_mqueue::{Limit, Limits};
    ///
    /// let limits = Limits::read()?;
    /// let remedy = limits.remedy(Limit::MaxCapacity, 100).unwrap();
    /// assert_eq!(remedy.command, "sysctl -w fs.mqueue.msg_max=100");
    /// println!("raise it with {remedy}"); // also for containers
    /// assert_eq!(limits.remedy(Limit::MaxCapacity, 100_000), None);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn remedy(&self, limit: Limit, to: u64) -> Option<Remedy> {
        if to > limit.ceiling() {
            return None;
        }
        Some(match limit {
            Limit::MaxBytes => Remedy::rlimit(Resource::QueueBytes, to, self.hard_max_bytes),
            sysctl => Remedy::sysctl(&[(sysctl, to)]),
        })
    }
}

pub(super) fn sysctl(limit: Limit) -> Result<usize> {
    let path = path(limit);
    let text = fs::read_to_string(&path).map_err(|e| {
        Error::new("open", &e).with_explanation(format!("{} is read from {path}", limit.name()))
    })?;
    // The kernel writes one decimal number.
    text.trim().parse().map_err(|_| Error::from_errno("read", sys::EINVAL))
}

fn path(sysctl: Limit) -> String {
    format!("/proc/sys/{}", sysctl.name().replace('.', "/"))
}

pub(super) fn default_capacity() -> Result<usize> {
    Ok(sysctl(Limit::DefaultCapacity)?.min(sysctl(Limit::MaxCapacity)?))
}

pub(super) fn default_message_size() -> Result<usize> {
    Ok(sysctl(Limit::DefaultMessageSize)?.min(sysctl(Limit::MaxMessageSize)?))
}
