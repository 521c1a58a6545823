//! Opening and creating queues.

use std::ffi::{OsStr, c_int, c_long};

use super::access::Access;
use super::handle::MessageQueue;
use super::unlink::unlink_name;
use crate::error::{Error, Result};
use crate::name::QueueName;
use crate::{limits, permission, sys};

/// How to open a queue. Source: `mq_open(3)`.
///
/// ```
/// use posix_mqueue::OpenOptions;
///
/// let name = format!("/posix-mqueue-doc-open-{}", std::process::id());
/// let queue = OpenOptions::new()
///     .read(true).write(true)
///     .create(true).exclusive(true).mode(0o600).capacity(4).message_size(64)
///     .open(&name)?;
/// assert_eq!((queue.capacity(), queue.message_size()), (4, 64));
/// let sender = OpenOptions::new().write(true).nonblocking(true).open(&name)?;
/// sender.send(b"job", 0)?;
/// queue.unlink()?;
/// # Ok::<(), posix_mqueue::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    read: bool,
    write: bool,
    create: bool,
    exclusive: bool,
    nonblocking: bool,
    mode: u32,
    capacity: Option<usize>,
    message_size: Option<usize>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenOptions {
    /// Returns the default options: no access mode, not creating, blocking, mode 0600, and the
    /// system's default sizes.
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// let error = OpenOptions::new().open("/jobs").unwrap_err();
    /// assert_eq!(error.explanation(), Some("open it to read, to write or both"));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            read: false,
            write: false,
            create: false,
            exclusive: false,
            nonblocking: false,
            mode: 0o600,
            capacity: None,
            message_size: None,
        }
    }

    /// Converts the flags of `mq_open(3)`.
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// assert!(OpenOptions::from_flags(0o3).is_err()); // no access mode
    /// ```
    ///
    /// # Errors
    ///
    /// `EINVAL` unless they are one of `O_RDONLY`, `O_WRONLY` and `O_RDWR`, with any of
    /// `O_CLOEXEC` (always set in any case), `O_CREAT`, `O_EXCL` and `O_NONBLOCK`.
    pub fn from_flags(flags: i32) -> Result<Self> {
        let known = sys::O_ACCMODE | sys::O_CLOEXEC | sys::O_CREAT | sys::O_EXCL | sys::O_NONBLOCK;
        let refuse = |why| Err(Error::from_errno("mq_open", sys::EINVAL).with_explanation(why));
        if flags & !known != 0 {
            return refuse(format!(
                "flags {:#o} mean nothing to a message queue; O_CLOEXEC, O_CREAT, O_EXCL and \
                 O_NONBLOCK may be added to the access mode",
                flags & !known
            ));
        }
        let mut options = Self::new();
        match flags & sys::O_ACCMODE {
            sys::O_RDONLY => options.read(true),
            sys::O_WRONLY => options.write(true),
            sys::O_RDWR => options.read(true).write(true),
            _ => return refuse("exactly one of O_RDONLY, O_WRONLY and O_RDWR is needed".into()),
        };
        options
            .create(flags & sys::O_CREAT != 0)
            .exclusive(flags & sys::O_EXCL != 0)
            .nonblocking(flags & sys::O_NONBLOCK != 0);
        Ok(options)
    }

    /// Opens for receiving (`O_RDONLY`, or `O_RDWR` with [`write`](Self::write)).
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// let queue = OpenOptions::new().read(true).capacity(1)
    ///     .create_unique("/posix-mqueue-doc-")?;
    /// # queue.unlink()?;
    /// assert_eq!(queue.send(b"job", 0).unwrap_err().raw_os_error(), 9); // EBADF
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.read = read;
        self
    }

    /// Opens for sending (`O_WRONLY`, or `O_RDWR` with [`read`](Self::read)).
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// let queue = OpenOptions::new().write(true).capacity(1)
    ///     .create_unique("/posix-mqueue-doc-")?;
    /// # queue.unlink()?;
    /// queue.send(b"job", 0)?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.write = write;
        self
    }

    /// Creates the queue if no queue has the name (`O_CREAT`).
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// # let name = format!("/posix-mqueue-doc-create-{}", std::process::id());
    /// assert!(OpenOptions::new().read(true).open(&name).is_err()); // ENOENT
    /// let queue = OpenOptions::new().read(true).create(true).capacity(1).open(&name)?;
    /// queue.unlink()?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.create = create;
        self
    }

    /// With [`create`](Self::create): fails with `EEXIST` if a queue has the name (`O_EXCL`).
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// # let name = format!("/posix-mqueue-doc-exclusive-{}", std::process::id());
    /// let options = OpenOptions::new().read(true).create(true).exclusive(true).capacity(1).clone();
    /// let queue = options.open(&name)?;
    /// assert_eq!(options.open(&name).unwrap_err().raw_os_error(), 17); // EEXIST
    /// queue.unlink()?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn exclusive(&mut self, exclusive: bool) -> &mut Self {
        self.exclusive = exclusive;
        self
    }

    /// Sets `O_NONBLOCK` on the new descriptor.
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// let mut options = OpenOptions::new();
    /// let queue = options.read(true).nonblocking(true).capacity(1)
    ///     .create_unique("/posix-mqueue-doc-")?;
    /// # queue.unlink()?;
    /// assert!(queue.receive_message().unwrap_err().is_would_block());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn nonblocking(&mut self, nonblocking: bool) -> &mut Self {
        self.nonblocking = nonblocking;
        self
    }

    /// Sets the permissions of a new queue, up to `0o7777`, less the umask. The file type of
    /// [`Status::mode`](crate::Status) is accepted and ignored.
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// let queue = OpenOptions::new().read(true).mode(0o400).capacity(1)
    ///     .create_unique("/posix-mqueue-doc-")?;
    /// # queue.unlink()?;
    /// assert_eq!(queue.status()?.mode & 0o777, 0o400);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = mode;
        self
    }

    /// Sets how many messages a new queue can hold. The default is `fs.mqueue.msg_default`.
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// let queue = OpenOptions::new().read(true).capacity(3)
    ///     .create_unique("/posix-mqueue-doc-")?;
    /// # queue.unlink()?;
    /// assert_eq!(queue.capacity(), 3);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn capacity(&mut self, capacity: usize) -> &mut Self {
        self.capacity = Some(capacity);
        self
    }

    /// Sets how many bytes a message of a new queue can have. The default is
    /// `fs.mqueue.msgsize_default`.
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// let mut options = OpenOptions::new();
    /// let queue = options.read(true).capacity(1).message_size(32)
    ///     .create_unique("/posix-mqueue-doc-")?;
    /// # queue.unlink()?;
    /// assert_eq!(queue.message_size(), 32);
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    pub fn message_size(&mut self, message_size: usize) -> &mut Self {
        self.message_size = Some(message_size);
        self
    }

    /// Opens or creates a queue: `mq_open(3)`. The descriptor is always closed on `exec`.
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// let error = OpenOptions::new().read(true).open("/posix-mqueue-doc-none").unwrap_err();
    /// assert_eq!(error.raw_os_error(), 2); // ENOENT
    /// ```
    ///
    /// # Errors
    ///
    /// - `EINVAL`: neither read nor write; capacity or message size 0 or over the system's limit.
    /// - `ENOENT`: no queue has this name, and not creating.
    /// - `EEXIST`: a queue has this name, and creating exclusively.
    /// - `EACCES`: the permissions of the queue do not allow this.
    /// - `EMFILE`: `RLIMIT_MSGQUEUE` or `RLIMIT_NOFILE`. `ENFILE`: the system's open files.
    /// - `ENOSPC`: `fs.mqueue.queues_max`. `ENOMEM`: the kernel has no memory for it.
    /// - those of [`QueueName::new`].
    ///
    /// If a limit was reached, the error names it, with the command that raises it. After `EACCES` it
    /// names the owner of the queue, if a mount shows that; the library finds the mount as
    /// [`Directory`](crate::Directory) does.
    pub fn open(&self, name: impl AsRef<OsStr>) -> Result<MessageQueue> {
        let name = QueueName::new(name)?;
        let (access, flags) = self.access().map_err(|error| error.with_name(name.as_os_str()))?;
        if self.mode & !(sys::S_IFREG | 0o7777) != 0 {
            return Err(Error::from_errno("mq_open", sys::EINVAL)
                .with_name(name.as_os_str())
                .with_explanation(format!("mode {:#o} is not between 0 and 0o7777", self.mode)));
        }
        if !self.create {
            return Self::open_existing(name, access, flags);
        }
        // Only exclusive creation shows that this call created the queue. The loop repeats if another
        // process created or unlinked the queue between the two calls.
        loop {
            if !self.exclusive {
                match Self::open_existing(name.clone(), access, flags) {
                    Err(error) if error.raw_os_error() == sys::ENOENT => {}
                    outcome => return outcome,
                }
            }
            match self.create_new(&name, access, flags) {
                Err(error) if error.raw_os_error() == sys::EEXIST && !self.exclusive => {}
                outcome => return outcome,
            }
        }
    }

    /// Creates a queue with an unused name: the prefix and 16 random hexadecimal digits.
    ///
    /// ```
    /// use posix_mqueue::OpenOptions;
    ///
    /// let queue = OpenOptions::new()
    ///     .read(true).write(true).capacity(1).message_size(8)
    ///     .create_unique("/replies-")?;
    /// assert_eq!(queue.name().unwrap().as_os_str().len(), "/replies-".len() + 16);
    /// queue.unlink()?;
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open) and of `getrandom(2)`.
    pub fn create_unique(&self, prefix: impl AsRef<OsStr>) -> Result<MessageQueue> {
        let mut options = self.clone();
        options.create(true).exclusive(true);
        loop {
            match options.open(QueueName::random(prefix.as_ref())?) {
                Err(error) if error.raw_os_error() == sys::EEXIST => {}
                outcome => return outcome,
            }
        }
    }

    /// The access mode and the flags of the descriptor.
    fn access(&self) -> Result<(Access, c_int)> {
        let (access, flags) = match (self.read, self.write) {
            (true, false) => (Access::Read, sys::O_RDONLY),
            (false, true) => (Access::Write, sys::O_WRONLY),
            (true, true) => (Access::Both, sys::O_RDWR),
            (false, false) => {
                return Err(Error::from_errno("mq_open", sys::EINVAL)
                    .with_explanation("open it to read, to write or both"));
            }
        };
        Ok((access, flags | if self.nonblocking { sys::O_NONBLOCK } else { 0 }))
    }

    /// The access mode and the flags for a queue that is open already.
    pub(super) fn reopening(&self) -> Result<(Access, c_int)> {
        if self.create || self.exclusive {
            return Err(Error::from_errno("open", sys::EINVAL).with_explanation(
                "a queue that is open is not created: leave out O_CREAT, O_EXCL",
            ));
        }
        self.access()
    }

    fn open_existing(name: QueueName, access: Access, flags: c_int) -> Result<MessageQueue> {
        match sys::mq_open(name.as_c_str(), flags, 0, None) {
            Ok(fd) => MessageQueue::new(fd, name, access, false),
            Err(e) => {
                let error = Error::new("mq_open", &e).with_name(name.as_os_str());
                let error = limits::explain_open(error);
                Err(permission::explain_open(error, &name, access.permission_bits()))
            }
        }
    }

    fn create_new(&self, name: &QueueName, access: Access, flags: c_int) -> Result<MessageQueue> {
        let flags = flags | sys::O_CREAT | sys::O_EXCL;
        let sizes = limits::sizes(self.capacity, self.message_size)
            .map_err(|error| error.with_name(name.as_os_str()))?;
        // A number that no C long holds exceeds every limit, as its largest value does.
        let long = |n: usize| c_long::try_from(n).unwrap_or(c_long::MAX);
        let attr = sizes.map(|(capacity, size)| (long(capacity), long(size)));
        let fd = sys::mq_open(name.as_c_str(), flags, self.mode, attr).map_err(|e| {
            let error = Error::new("mq_open", &e).with_name(name.as_os_str());
            permission::explain_create(limits::explain_create(error, sizes))
        })?;
        MessageQueue::new(fd, name.clone(), access, true).inspect_err(|_| {
            // A failed call must not leave a queue behind.
            let _ = unlink_name(name);
        })
    }
}
