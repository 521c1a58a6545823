//! What tells one file from another, whatever its names and descriptors.

use std::fs::Metadata;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;

use crate::sys;

/// The device and inode of a file. Queues and sockets are files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl Identity {
    /// Asks with `fstat(2)`, which cancels no notification.
    pub(crate) fn of(fd: BorrowedFd<'_>) -> io::Result<Self> {
        let stat = sys::fstat(fd)?;
        // On some processors they are less than 64 bits wide.
        Ok(Self { device: sys::wide(stat.st_dev), inode: sys::wide(stat.st_ino) })
    }
}

impl From<&Metadata> for Identity {
    fn from(file: &Metadata) -> Self {
        Self { device: file.dev(), inode: file.ino() }
    }
}
