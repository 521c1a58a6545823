//! A queue as the directory shows it: a plain value.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::SystemTime;

use crate::details::Details;
use crate::identity::Identity;
use crate::name::QueueName;

/// A queue as the [`Directory`](crate::Directory) shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Entry {
    /// The name that it was read by.
    pub name: QueueName,
    /// With `inode`, this identifies the queue: a new queue of the same name differs.
    pub device: u64,
    /// See `device`.
    pub inode: u64,
    /// File type and permissions (`st_mode`).
    pub mode: u32,
    /// The owner's user id.
    pub uid: u32,
    /// The owner's group id.
    pub gid: u32,
    /// The last send or receive, in whole seconds.
    pub modified: SystemTime,
    /// Further values, `None` if this process may not read the queue.
    pub details: Option<Details>,
}

impl Entry {
    pub(crate) fn new(name: QueueName, metadata: &Metadata, details: Option<Details>) -> Self {
        let Identity { device, inode } = Identity::from(metadata);
        Self {
            name,
            device,
            inode,
            mode: metadata.mode(),
            uid: metadata.uid(),
            gid: metadata.gid(),
            // Fails only on systems without such a time.
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            details,
        }
    }

    pub(super) fn identity(&self) -> Identity {
        Identity { device: self.device, inode: self.inode }
    }
}
