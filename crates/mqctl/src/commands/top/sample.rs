//! Takes samples of all queues. Nothing else in `top` queries the kernel for queues.

use std::time::{Instant, SystemTime};

use posix_mqueue::{Directory, Entry, NotifyMethod, QueueName};

use crate::failure::Outcome;

/// One sample of all queues.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) instant: Instant,
    /// The same time by the wall clock, which the modification times of queues use.
    pub(super) wall_time: SystemTime,
    pub(super) queues: Vec<QueueSample>,
}

/// Device and inode, because a new queue can have the name of a removed one.
pub(super) type QueueId = (u64, u64);

/// One queue in a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QueueSample {
    pub(super) id: QueueId,
    pub(super) name: QueueName,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// The time of the last send or receive, in whole seconds.
    pub(super) modified: SystemTime,
    /// `None` if this process may not read the queue.
    pub(super) contents: Option<Contents>,
}

/// What requires read permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) messages: usize,
    pub(super) capacity: usize,
    pub(super) message_size: usize,
    pub(super) bytes: u64,
    pub(super) registered: Option<RegisteredProcess>,
}

/// The process registered for notification. Its id is None if it is in another pid namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RegisteredProcess {
    pub(super) delivery: NotifyMethod,
    pub(super) pid: Option<u32>,
}

impl Sample {
    /// Lists all queues, and opens and closes each. Closing a queue cancels only notifications of
    /// the closing process, and this process has none. No queue stays open, so none is kept alive.
    pub(super) fn take(directory: &Directory) -> Outcome<Self> {
        let queues = directory.entries()?.into_iter().map(QueueSample::from).collect();
        Ok(Self { instant: Instant::now(), wall_time: SystemTime::now(), queues })
    }
}

impl From<Entry> for QueueSample {
    fn from(entry: Entry) -> Self {
        let contents = entry.details.map(|details| Contents {
            messages: details.attributes.messages,
            capacity: details.attributes.capacity,
            message_size: details.attributes.message_size,
            bytes: details.bytes,
            registered: details
                .registration
                .map(|found| RegisteredProcess { delivery: found.method, pid: found.pid }),
        });
        Self {
            id: (entry.device, entry.inode),
            name: entry.name,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            modified: entry.modified,
            contents,
        }
    }
}
