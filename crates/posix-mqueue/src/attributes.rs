//! The attributes of a queue: plain values.

use std::time::{Duration, SystemTime};

use crate::sys;

/// The sizes and the depth of a queue, and the mode of one descriptor. Source: `mq_getattr(3)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Attributes {
    /// How many messages the queue can hold (`mq_maxmsg`).
    pub capacity: usize,
    /// How many bytes a message can have (`mq_msgsize`).
    pub message_size: usize,
    /// How many messages the queue holds now (`mq_curmsgs`).
    pub messages: usize,
    /// Whether `O_NONBLOCK` is set on the open file description, which duplicates and forked
    /// children share.
    pub nonblocking: bool,
}

impl Attributes {
    pub(crate) fn new(attr: &libc::mq_attr) -> Self {
        // The kernel keeps each of these between 0 and 16 Mi.
        let size = |n| usize::try_from(n).unwrap_or(0);
        Self {
            capacity: size(attr.mq_maxmsg),
            message_size: size(attr.mq_msgsize),
            messages: size(attr.mq_curmsgs),
            nonblocking: attr.mq_flags & libc::c_long::from(sys::O_NONBLOCK) != 0,
        }
    }
}

/// The [`Attributes`], and the values of `fstat(2)`. Reading them keeps this process's notification,
/// which opening and closing the queue's file would cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Status {
    /// See [`Attributes`].
    pub attributes: Attributes,
    /// File type and permissions (`st_mode`).
    pub mode: u32,
    /// The owner's user id.
    pub uid: u32,
    /// The owner's group id.
    pub gid: u32,
    /// The last send or receive, in whole seconds.
    pub modified: SystemTime,
    /// Whether the queue is unlinked: no other process can open it by name.
    pub unlinked: bool,
}

impl Status {
    pub(crate) fn new(attributes: Attributes, stat: &libc::stat) -> Self {
        let seconds = Duration::from_secs(sys::wide(stat.st_mtime.unsigned_abs()));
        Self {
            attributes,
            mode: stat.st_mode,
            uid: stat.st_uid,
            gid: stat.st_gid,
            modified: SystemTime::UNIX_EPOCH + seconds,
            // A queue has one name at most, so one link or none: link(2) and rename(2) are refused.
            unlinked: stat.st_nlink == 0,
        }
    }
}
