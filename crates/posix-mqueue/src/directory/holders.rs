//! Which processes have a queue open, by looking at every descriptor that `/proc` shows.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::str::FromStr;

use super::entry::Entry;
use super::processes;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::name::QueueName;
use crate::{limits, sys};

/// A process that has a queue open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Holder {
    /// The name that the queue was read by.
    pub name: QueueName,
    /// The process.
    pub pid: u32,
    /// Its descriptors of the queue, in order.
    pub descriptors: Vec<i32>,
}

/// The processes that have queues open, and how many could not be inspected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Holders {
    /// The processes that were found, sorted by queue and process.
    pub found: Vec<Holder>,
    /// How many processes could not be inspected, mostly those of other users.
    pub unreadable: usize,
    /// Whether `/proc` may hide processes from this one (mount option `hidepid`). Their number is
    /// not known.
    pub hidden: bool,
}

impl Holders {
    /// Returns whether every process in `/proc` was inspected.
    ///
    /// ```
    /// let holders = posix_mqueue::holders(&[])?;
    /// assert_eq!(holders.is_complete(), holders.unreadable == 0 && !holders.hidden);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unreadable == 0 && !self.hidden
    }
}

impl Entry {
    /// Returns the processes that have this queue open. Errors are those of [`holders`], which costs
    /// the same for many queues as for one.
    ///
    /// ```
    /// use posix_mqueue::{Directory, OpenOptions};
    ///
    /// let name = format!("/posix-mqueue-doc-entry-holders-{}", std::process::id());
    /// let queue = OpenOptions::new().write(true).create(true)
    ///     .capacity(2).message_size(8).open(&name)?;
    /// if let Ok(directory) = Directory::open() {
    ///     let holders = directory.read(queue.name().unwrap())?.holders()?;
    ///     assert_eq!(holders.found[0].pid, std::process::id());
    /// }
    /// queue.unlink()?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn holders(&self) -> Result<Holders> {
        holders(std::slice::from_ref(self))
    }
}

/// Returns the processes that have these queues open. A later queue of the same name does not count.
///
/// A descriptor of this process may be one that the [`Directory`](crate::Directory) keeps. Three
/// kinds are not found: processes outside of the pid namespace that `/proc` is mounted for,
/// descriptors in transit through a socket, and descriptors of a thread that does not share those of
/// its process (`CLONE_FILES`). The result may be out of date when this returns.
///
/// ```
/// use posix_mqueue::{Directory, holders};
///
/// if let Ok(directory) = Directory::open() {
///     let holders = holders(&directory.entries()?)?;
///     for holder in &holders.found {
///         println!("{:?} is open in process {}", holder.name, holder.pid);
///     }
///     if !holders.is_complete() {
///         println!("{} processes or more could not be looked into", holders.unreadable);
///     }
/// }
/// # Ok::<(), posix_mqueue::Error>(())
/// ```
///
/// # Errors
///
/// `ENOENT`: `/proc` is not mounted. `EMFILE`, `ENFILE`: no descriptor is left.
///
/// Source: `proc(5)`, `/proc/pid/fd` and `hidepid`; `ptrace(2)`, "Ptrace access mode checking".
pub fn holders(entries: &[Entry]) -> Result<Holders> {
    let filter = QueueFilter::new(entries);
    let refuse = |e: &io::Error| {
        let error = limits::explain_open(Error::new("opendir", e));
        if error.is_limit() {
            return error;
        }
        error.with_explanation("the processes that have a queue open are found in /proc".to_owned())
    };
    let mut holders =
        Holders { found: Vec::new(), unreadable: 0, hidden: processes::hides_processes()? };
    for process in fs::read_dir("/proc").map_err(|e| refuse(&e))? {
        let process = process.map_err(|e| refuse(&e))?;
        let Some(pid) = number(&process.file_name()) else { continue };
        match filter.open_in(pid) {
            Ok(open) => holders.found.extend(open),
            Err(e) => match e.raw_os_error() {
                // The process has ended since.
                Some(sys::ENOENT | sys::ESRCH) => {}
                Some(sys::EACCES | sys::EPERM) if !processes::has_descriptors(pid) => {}
                Some(sys::EACCES | sys::EPERM) => holders.unreadable += 1,
                _ => return Err(refuse(&e)),
            },
        }
    }
    holders.found.sort_unstable();
    Ok(holders)
}

/// The queues to find.
struct QueueFilter<'a> {
    queues: BTreeMap<Identity, &'a QueueName>,
    names: BTreeSet<&'a [u8]>,
}

impl<'a> QueueFilter<'a> {
    fn new(entries: &'a [Entry]) -> Self {
        let queue = |entry: &'a Entry| (entry.identity(), &entry.name);
        let name = |entry: &'a Entry| entry.name.as_os_str().as_bytes();
        Self {
            queues: entries.iter().map(queue).collect(),
            names: entries.iter().map(name).collect(),
        }
    }

    fn open_in(&self, pid: u32) -> io::Result<Vec<Holder>> {
        let mut open = BTreeMap::<&QueueName, Vec<i32>>::new();
        for link in processes::descriptors(pid)? {
            match self.queue_at(&link) {
                Ok(None) => {}
                Ok(Some(name)) => {
                    open.entry(name).or_default().extend(link.file_name().and_then(number::<i32>));
                }
                // The descriptor was closed since.
                Err(e) if e.raw_os_error() == Some(sys::ENOENT) => {}
                Err(e) => return Err(e),
            }
        }
        let holder = |(name, mut descriptors): (&QueueName, Vec<i32>)| {
            descriptors.sort_unstable();
            Holder { name: name.clone(), pid, descriptors }
        };
        Ok(open.into_iter().map(holder).collect())
    }

    fn queue_at(&self, link: &Path) -> io::Result<Option<&'a QueueName>> {
        // Other files are not asked for their status: they may be on an unreachable server.
        if !self.may_match(&fs::read_link(link)?) {
            return Ok(None);
        }
        let file = Identity::from(&fs::metadata(link)?);
        Ok(self.queues.get(&file).copied())
    }

    /// Compares the path that the kernel shows. It ends in the name, followed by a remark if the queue
    /// is unlinked.
    fn may_match(&self, path: &Path) -> bool {
        let path = path.as_os_str().as_bytes();
        let start = path.iter().rposition(|byte| *byte == b'/').unwrap_or(path.len());
        let name = &path[start..];
        let unlinked = name.strip_suffix(b" (deleted)");
        self.names.contains(name) || unlinked.is_some_and(|name| self.names.contains(name))
    }
}

fn number<T: FromStr>(name: &OsStr) -> Option<T> {
    name.to_str()?.parse().ok()
}
