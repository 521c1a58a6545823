//! One look at all queues: plain values, and the only place that asks the kernel for them.

use std::time::{Instant, SystemTime};

use posix_mqueue::{Directory, Entry, NotifyMethod, QueueName};

use crate::failure::Outcome;

/// What was seen, and when.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) at: Instant,
    /// The same moment by the clock that queues have their times from.
    pub(super) clock: SystemTime,
    pub(super) queues: Vec<Seen>,
}

/// Device and inode: a queue made anew under the same name is another one.
pub(super) type Id = (u64, u64);

/// A queue at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) id: Id,
    pub(super) name: QueueName,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// The last send or receive, in whole seconds.
    pub(super) modified: SystemTime,
    /// `None` where this process may not read it.
    pub(super) contents: Option<Contents>,
}

/// What only who may read the queue is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) messages: usize,
    pub(super) capacity: usize,
    pub(super) message_size: usize,
    pub(super) bytes: u64,
    pub(super) registered: Option<Registered>,
}

/// The process that waits to be notified: how it will be, and who it is, where that shows here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) delivery: NotifyMethod,
    pub(super) pid: Option<u32>,
}

impl Sample {
    /// Lists the queues anew, and opens and closes each. No notification ends by that: to close a
    /// queue ends those of the process that closes it only, and this one has none. No queue lives
    /// longer for it.
    pub(super) fn take(directory: &Directory) -> Outcome<Self> {
        let queues = directory.entries()?.into_iter().map(Seen::from).collect();
        Ok(Self { at: Instant::now(), clock: SystemTime::now(), queues })
    }
}

impl From<Entry> for Seen {
    fn from(entry: Entry) -> Self {
        let contents = entry.details.map(|details| Contents {
            messages: details.attributes.messages,
            capacity: details.attributes.capacity,
            message_size: details.attributes.message_size,
            bytes: details.bytes,
            registered: details
                .registration
                .map(|found| Registered { delivery: found.method, pid: found.pid }),
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
