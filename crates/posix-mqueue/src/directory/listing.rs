//! The queues of the system: their names, what each one is, who is registered.

use std::fs::File;
use std::path::PathBuf;

use super::entry::Entry;
use crate::error::{Error, Result};
use crate::name::QueueName;
use crate::{limits, mounts, notify, permission, sys};

/// The queues of one IPC namespace: of the thread that opened the directory, as it was then.
///
/// To read a queue leaves its messages and everybody's notifications alone. The kernel's
/// documentation of its file, `mq_overview(7)`, does not say that closing it cancels the
/// notification of a process that reads its own queue; here that is prevented. The descriptor of
/// such a queue stays open until the registration has ended and this library next looks, which is
/// when a callback's registration ends, in
/// [`cancel_notification`](crate::MessageQueue::cancel_notification), and in
/// [`read`](Self::read); a forked child does not keep it. A registration that the process makes by
/// other means than this library, in another thread at the very same moment, can still be
/// cancelled.
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
    /// Opened with `O_PATH`: it is for looking up only.
    root: File,
}

impl Directory {
    /// Finds the queue file system of this thread's IPC namespace.
    ///
    /// With `CAP_SYS_ADMIN` it is a mount of its own, attached nowhere (`fsopen`, `fsmount`; Linux
    /// 5.2), so that nothing has to be mounted and nothing is changed. Otherwise it is any mount of
    /// type `mqueue` that the thread sees, if that is shown to be of the same namespace: a mount
    /// goes on showing the namespace it was made in. The proof is a queue that `mq_open(3)` opens.
    /// Where the mount lists none that this process may open, it creates one for a moment, for 1
    /// message of 1 byte, under a random name that begins with `/posix-mqueue-`.
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

    /// The names of all queues, sorted by their bytes. Opens none of them.
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

    /// What is known of one queue: by `stat(2)`, and if this process may read it, by
    /// `mq_getattr(3)` and from the text of its file.
    ///
    /// The kernel counts the reading of the text as an access: it sets the last access and status
    /// change times of the queue. The last modification stays.
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
    /// `ENOENT`: no queue by this name, perhaps no longer, or `/proc` is not mounted. `EMFILE`,
    /// `ENFILE`: no descriptor is left.
    ///
    /// A queue that this process may not read (`EACCES`), or that somebody has a lease on
    /// (`EAGAIN`, see `F_SETLEASE` in `fcntl(2)`), is no error: it has no
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

    /// A path of the queue's file, for what only a path can do: to change the mode of a queue that
    /// its owner may not open (`chmod(2)`), for example. It is of use to this thread, as long as
    /// this `Directory` is there.
    ///
    /// To open it and close it again cancels the notification of a process that does so to its own
    /// queue: [`read`](Self::read) does not.
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

    /// [`read`](Self::read) of every queue, sorted by name. One that is removed meanwhile is left
    /// out.
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

/// The names of all queues of this thread's IPC namespace, sorted by their bytes.
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
