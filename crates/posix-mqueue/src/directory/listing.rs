//! The queues of the system: their names, attributes and registrations.

use std::fs::File;
use std::path::PathBuf;

use super::entry::Entry;
use crate::error::{Error, Result};
use crate::name::QueueName;
use crate::{limits, mounts, notify, permission, sys};

/// The queues of one IPC namespace: the namespace of the thread that opened the directory, at that
/// time.
///
/// Reading a queue changes neither its messages nor any notification. In the kernel, closing the
/// file of a queue cancels the notification of a process that reads its own queue, which
/// `mq_overview(7)` does not mention. This library prevents that: it keeps the descriptor open until
/// the registration has ended. It checks that when a callback's registration ends, in
/// [`cancel_notification`](crate::MessageQueue::cancel_notification), and in [`read`](Self::read). A
/// forked child does not keep the descriptor. A registration that another thread makes at the same
/// moment, and not by this library, can still be canceled.
///
/// ```
/// use posix_mqueue::Directory;
///
/// match Directory::open() {
///     Ok(directory) => {
///         for entry in directory.entries()? {
///             match entry.details {
///                 Some(details) => println!("{:?}: {}", entry.name, details.attributes.messages),
///                 None => println!("{:?}: not for us to read", entry.name),
///             }
///         }
///     }
///     Err(error) => println!("{error}"), // says how to mount it
/// }
/// # Ok::<(), posix_mqueue::Error>(())
/// ```
#[derive(Debug)]
pub struct Directory {
    /// Opened with `O_PATH`: it serves for look-ups only.
    root: File,
}

impl Directory {
    /// Finds the queue file system of this thread's IPC namespace.
    ///
    /// With `CAP_SYS_ADMIN`, the library creates a detached mount (`fsopen`, `fsmount`; Linux 5.2).
    /// Nothing has to be mounted then, and nothing is changed. Otherwise it uses a mount of type
    /// `mqueue` that the thread sees, if that mount shows this namespace: a mount always shows the
    /// namespace in which it was created. To check that, the library opens a listed queue by
    /// `mq_open(3)`. If it may open none, it creates a temporary queue for 1 message of 1 byte, under
    /// a random name that begins with `/posix-mqueue-`.
    ///
    /// ```
    /// match posix_mqueue::Directory::open() {
    ///     Ok(directory) => println!("{} queues", directory.names()?.len()),
    ///     Err(error) => assert!(error.explanation().is_some()),
    /// }
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `ENOENT`: no mount shows this namespace's queues; the error has the command that makes one,
    /// and says which mounts there are and what is wrong with them. Or `/proc` is not mounted.
    /// Where a queue had to be created, what refuses that: `EMFILE`, `ENFILE`, `ENOSPC`, `ENOMEM`,
    /// as in [`OpenOptions::open`](crate::OpenOptions::open); `ENOSYS` in a kernel without queues.
    ///
    /// Source: `mq_overview(7)`, `proc(5)`, `ipc_namespaces(7)`, `fsopen(2)`.
    pub fn open() -> Result<Self> {
        Ok(Self { root: mounts::root()? })
    }

    /// Returns the names of all queues, sorted by their bytes. Opens none of them.
    ///
    /// ```
    /// # use posix_mqueue::Directory;
    /// if let Ok(directory) = Directory::open() {
    ///     assert!(directory.names()?.is_sorted());
    /// }
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EACCES`: this process may not read the directory. `EMFILE`, `ENFILE`: no descriptor is
    /// left. `ENOENT`: `/proc` is not mounted.
    pub fn names(&self) -> Result<Vec<QueueName>> {
        let mut names = mounts::names(&self.root).map_err(|e| {
            let error = limits::explain_open(Error::new("opendir", &e));
            permission::explain_listing(needs_proc(error), &self.root)
        })?;
        names.sort_unstable();
        Ok(names)
    }

    /// Returns the entry of one queue: from `stat(2)`, and if this process may read the queue, from
    /// `mq_getattr(3)` and the text of its file.
    ///
    /// For the kernel, reading the text is an access: it sets the last access and status change
    /// times of the queue. The last modification time stays.
    ///
    /// ```
    /// use posix_mqueue::{Directory, OpenOptions};
    ///
    /// let name = format!("/posix-mqueue-doc-read-{}", std::process::id());
    /// let queue = OpenOptions::new().write(true).create(true)
    ///     .capacity(2).message_size(8).open(&name)?;
    /// queue.send(b"four", 0)?;
    /// queue.send(b"more", 0)?;
    /// if let Ok(directory) = Directory::open() {
    ///     let entry = directory.read(queue.name().unwrap())?;
    ///     let details = entry.details.unwrap();
    ///     assert_eq!((details.attributes.messages, details.bytes), (2, 8));
    ///     assert_eq!(details.registration, None);
    /// }
    /// queue.unlink()?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `ENOENT`: no queue has this name, or `/proc` is not mounted. `EMFILE`, `ENFILE`: no descriptor
    /// is left.
    ///
    /// A queue that this process may not read (`EACCES`), or that a process has a lease on
    /// (`EAGAIN`, see `F_SETLEASE` in `fcntl(2)`), is not an error: it has no
    /// [`details`](Entry::details).
    pub fn read(&self, name: &QueueName) -> Result<Entry> {
        let (metadata, details) = notify::read_queue_file(&mounts::path_in(&self.root, name))
            .map_err(|e| {
                let error = Error::new("open", &e);
                // Without the queue's name, or it would read as if there was no such queue.
                if !mounts::path_of(&self.root).exists() {
                    return needs_proc(error);
                }
                limits::explain_open(error.with_name(name.as_os_str()))
            })?;
        Ok(Entry::new(name.clone(), &metadata, details))
    }

    /// Returns a path of the queue's file, for calls that need a path: `chmod(2)` of a queue that its
    /// owner may not open, for example. The path is valid for this thread, while this `Directory`
    /// exists.
    ///
    /// Opening and closing the path cancels the notification of a process that does so to its own
    /// queue. [`read`](Self::read) does not.
    ///
    /// ```
    /// use posix_mqueue::{Directory, OpenOptions};
    /// use std::fs::{self, Permissions};
    /// use std::os::unix::fs::PermissionsExt;
    ///
    /// let name = format!("/posix-mqueue-doc-path-{}", std::process::id());
    /// let queue = OpenOptions::new().write(true).create(true).mode(0)
    ///     .capacity(2).message_size(8).open(&name)?;
    /// if let Ok(directory) = Directory::open() {
    ///     fs::set_permissions(
    ///         directory.path(queue.name().unwrap()),
    ///         Permissions::from_mode(0o640),
    ///     ).unwrap();
    ///     assert_eq!(queue.status()?.mode & 0o7777, 0o640);
    /// }
    /// queue.unlink()?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn path(&self, name: &QueueName) -> PathBuf {
        mounts::path_in(&self.root, name)
    }

    /// Returns the entries of all queues, sorted by name. Queues that are unlinked during the call are
    /// left out.
    ///
    /// ```
    /// # use posix_mqueue::Directory;
    /// if let Ok(directory) = Directory::open() {
    ///     for entry in directory.entries()? {
    ///         println!("{:04o} {:?}", entry.mode & 0o7777, entry.name);
    ///     }
    /// }
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`names`](Self::names) and, but for `ENOENT`, of [`read`](Self::read).
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let entries = self.names()?.into_iter().map(|name| self.read(&name));
        let is_gone = |e: &Error| e.raw_os_error() == sys::ENOENT;
        entries.filter(|entry| !entry.as_ref().is_err_and(is_gone)).collect()
    }
}

/// Returns the names of all queues of this thread's IPC namespace, sorted by their bytes.
///
/// ```
/// match posix_mqueue::list_queues() {
///     Ok(names) => println!("{names:?}"),
///     Err(error) => println!("{error}"), // says how to mount the queue file system
/// }
/// ```
///
/// # Errors
///
/// Those of [`Directory::open`] and [`Directory::names`].
pub fn list_queues() -> Result<Vec<QueueName>> {
    Directory::open()?.names()
}

fn needs_proc(error: Error) -> Error {
    if error.raw_os_error() == sys::ENOENT {
        error.with_explanation("the directory of the queues is read through /proc: mount it")
    } else {
        error
    }
}
