//! The error type: always an errno, the call that failed, and the remedy.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;

use crate::deadline::Deadline;
use crate::sys;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A failed call, with its errno and an explanation.
///
/// To tell errors apart, compare [`raw_os_error`](Self::raw_os_error): several errors of queues have
/// no stable [`io::ErrorKind`].
///
/// ```
/// let error = posix_mqueue::unlink("/posix-mqueue-doc-none").unwrap_err();
/// assert_eq!(error.raw_os_error(), 2); // ENOENT
/// assert_eq!(error.call(), "mq_unlink");
/// assert_eq!(error.name().unwrap(), "/posix-mqueue-doc-none");
/// assert_eq!(error.message(), "No such file or directory");
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// assert!(!error.is_limit() && !error.is_would_block() && !error.is_interrupted());
///
/// let error = posix_mqueue::unlink("jobs").unwrap_err();
/// let why = error.explanation().unwrap();
/// assert!(why.starts_with("a queue name must start with a slash"));
/// assert_eq!(error.to_string(), format!("mq_unlink \"jobs\": Invalid argument: {why}"));
/// assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::InvalidInput);
/// ```
#[derive(Clone)]
pub struct Error(Box<ErrorInner>);

/// Boxed: a successful result is then not moved in the room that an error takes.
#[derive(Clone, Debug)]
struct ErrorInner {
    call: &'static str,
    errno: i32,
    name: Option<Box<OsStr>>,
    explanation: Option<Cow<'static, str>>,
    limit: bool,
}

impl Error {
    pub(crate) fn from_errno(call: &'static str, errno: i32) -> Self {
        let explanation = explain_errno(call, errno);
        Self(Box::new(ErrorInner { call, errno, name: None, explanation, limit: false }))
    }

    /// Creates an `EBADF`, for programs that close queues before they drop them.
    ///
    /// ```
    /// let error = posix_mqueue::Error::closed("mq_send", Some("/jobs".as_ref()));
    /// assert!(error.to_string().ends_with("the queue is closed"));
    /// ```
    #[must_use]
    pub fn closed(call: &'static str, name: Option<&OsStr>) -> Self {
        let error = Self::from_errno(call, sys::EBADF).with_explanation("the queue is closed");
        match name {
            Some(name) => error.with_name(name),
            None => error,
        }
    }

    /// Creates an `EAGAIN`, for programs that do not wait themselves. The explanation is that the
    /// queue is full if the call sends, and that it is empty if the call receives.
    ///
    /// ```
    /// let error = posix_mqueue::Error::would_block("mq_send");
    /// assert!(error.is_would_block());
    /// assert_eq!(error.message(), "the queue is full");
    /// ```
    #[must_use]
    pub fn would_block(call: &'static str) -> Self {
        Self::from_errno(call, sys::EAGAIN)
    }

    /// Creates an `ETIMEDOUT`, for programs that wait themselves. The explanation names what was
    /// missing: room if the call sends, otherwise a message.
    ///
    /// ```
    /// use posix_mqueue::Error;
    /// use std::time::Duration;
    ///
    /// let error = Error::timed_out("mq_send", Duration::from_millis(500));
    /// assert!(error.is_timed_out());
    /// assert_eq!(error.message(), "no room within 0.5 s");
    /// ```
    #[must_use]
    pub fn timed_out(call: &'static str, deadline: impl Into<Deadline>) -> Self {
        let missing = if is_send(call) { "room" } else { "message" };
        Self::from_errno(call, sys::ETIMEDOUT).with_deadline(deadline.into(), missing)
    }

    pub(crate) fn new(call: &'static str, error: &io::Error) -> Self {
        // Every io::Error of this crate comes from errno; EIO only keeps the function total.
        Self::from_errno(call, error.raw_os_error().unwrap_or(libc::EIO))
    }

    /// Explains an `ETIMEDOUT` by the deadline, and by what was missing.
    pub(crate) fn with_deadline(self, deadline: Deadline, missing: &str) -> Self {
        if self.is_timed_out() { self.with_explanation(deadline.missed(missing)) } else { self }
    }

    /// Explains an `EPERM`, which the kernel itself never returns from these calls.
    pub(crate) fn sandbox_explanation(call: &str) -> String {
        format!(
            "a sandbox refuses {call}: allow {} in its seccomp or AppArmor profile, in \
             SystemCallFilter= of a systemd unit, or by the posix-mq interface of a snap",
            allowed_with(call)
        )
    }

    pub(crate) fn with_call(mut self, call: &'static str) -> Self {
        self.0.call = call;
        self
    }

    /// Adds the name of the queue, unless the error has a name already.
    ///
    /// ```
    /// let error = posix_mqueue::Error::would_block("mq_send").with_name("/jobs".as_ref());
    /// assert_eq!(error.name().unwrap(), "/jobs");
    /// ```
    #[must_use]
    pub fn with_name(mut self, name: &OsStr) -> Self {
        // A name that is longer than any path is not copied.
        if self.0.name.is_none() && name.len() < sys::PATH_MAX {
            self.0.name = Some(OsString::from(name).into_boxed_os_str());
        }
        self
    }

    pub(crate) fn with_explanation(mut self, why: impl Into<Cow<'static, str>>) -> Self {
        self.0.explanation = Some(why.into());
        self
    }

    pub(crate) fn with_limit(mut self, why: String) -> Self {
        self.0.limit = true;
        self.with_explanation(why)
    }

    /// Returns the errno. Never 0.
    ///
    /// ```
    /// assert_eq!(posix_mqueue::unlink("jobs").unwrap_err().raw_os_error(), 22); // EINVAL
    /// ```
    #[must_use]
    pub fn raw_os_error(&self) -> i32 {
        self.0.errno
    }

    /// Returns the kind that `std` gives this errno.
    ///
    /// ```
    /// let error = posix_mqueue::unlink("/posix-mqueue-doc-none").unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    /// ```
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        io::Error::from_raw_os_error(self.0.errno).kind()
    }

    /// Returns the name of the C function that failed.
    ///
    /// ```
    /// assert_eq!(posix_mqueue::unlink("/posix-mqueue-doc-none").unwrap_err().call(), "mq_unlink");
    /// ```
    #[must_use]
    pub fn call(&self) -> &'static str {
        self.0.call
    }

    /// Returns the queue's name, if it is known.
    ///
    /// ```
    /// assert_eq!(posix_mqueue::unlink("jobs").unwrap_err().name().unwrap(), "jobs");
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&OsStr> {
        self.0.name.as_deref()
    }

    /// Returns what errno does not tell: the argument, the limit with its value, the remedy.
    ///
    /// ```
    /// let error = posix_mqueue::unlink("/jobs/today").unwrap_err();
    /// assert_eq!(error.explanation(), Some("a queue name has one slash only, the first byte"));
    /// ```
    #[must_use]
    pub fn explanation(&self) -> Option<&str> {
        self.0.explanation.as_deref()
    }

    /// Returns whether a limit of the system was reached that can be raised.
    ///
    /// ```
    /// # use posix_mqueue::OpenOptions;
    /// let mut options = OpenOptions::new();
    /// let error = options.read(true).capacity(usize::MAX).create_unique("/doc-").unwrap_err();
    /// assert!(error.is_limit());
    /// println!("{error}"); // says which, its value, and what the kernel's ceiling is
    /// ```
    #[must_use]
    pub fn is_limit(&self) -> bool {
        self.0.limit
    }

    /// Returns whether the call would have blocked (`EAGAIN`).
    ///
    /// ```
    #[doc = include_str!("example.txt")]
    /// assert!(queue.try_receive_message().unwrap_err().is_would_block());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn is_would_block(&self) -> bool {
        self.0.errno == sys::EAGAIN
    }

    /// Returns whether the deadline passed (`ETIMEDOUT`).
    ///
    /// ```
    #[doc = include_str!("example.txt")]
    /// assert!(queue.receive_message_timeout(Duration::ZERO).unwrap_err().is_timed_out());
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        self.0.errno == sys::ETIMEDOUT
    }

    /// Returns whether a signal handler ran, and nothing was sent or received (`EINTR`).
    ///
    /// ```
    #[doc = include_str!("example.txt")]
    /// queue.send(b"job", 7)?;
    /// while queue.attempt_receive(&mut [0; 16]).is_err_and(|error| error.is_interrupted()) {}
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.0.errno == sys::EINTR
    }

    /// Returns the text of the errno, then the explanation. Returns the explanation alone if that
    /// text would mislead: the one of `EMFILE` is about files, the one of `ETIMEDOUT` about a
    /// connection.
    ///
    /// ```
    /// let error = posix_mqueue::unlink("").unwrap_err();
    /// assert_eq!(error.message(), "Invalid argument: a queue name cannot be empty");
    /// ```
    #[must_use]
    pub fn message(&self) -> String {
        let words = || {
            let words = io::Error::from_raw_os_error(self.0.errno).to_string();
            words.split(" (os error ").next().unwrap_or_default().to_owned()
        };
        match self.explanation() {
            Some(why) if self.0.limit || self.is_would_block() || self.is_timed_out() => why.into(),
            Some(why) => format!("{}: {why}", words()),
            None => words(),
        }
    }
}

fn is_send(call: &str) -> bool {
    call.ends_with("send")
}

/// The name that a security profile has to allow.
fn allowed_with(call: &str) -> &str {
    if call.starts_with("mq_") { "the mq_* system calls" } else { call }
}

/// Explains an errno that is not clear by itself.
fn explain_errno(call: &'static str, errno: i32) -> Option<Cow<'static, str>> {
    Some(match errno {
        sys::EAGAIN if is_send(call) => "the queue is full".into(),
        sys::EAGAIN if call.ends_with("receive") => "the queue is empty".into(),
        sys::ENOSYS => format!(
            "this system does not provide {call}, as a kernel without CONFIG_POSIX_MQUEUE, WSL 1, \
             gVisor or Android may not; if /proc/sys/fs/mqueue exists, a seccomp filter refuses \
             it: allow {} there",
            allowed_with(call)
        )
        .into(),
        sys::EPERM => Error::sandbox_explanation(call).into(),
        sys::ENOMEM => "the kernel, or the cgroup of this process, has no memory left for it; try \
                        again later, or raise the memory limit of the container or unit"
            .into(),
        sys::ENFILE => "the system has as many files open as fs.file-max allows; close some, or \
                        raise it with `sysctl -w fs.file-max=NUMBER` as root of the host"
            .into(),
        _ => return None,
    })
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ErrorInner { call, errno, name, explanation, limit } = &*self.0;
        f.debug_struct("Error")
            .field("call", call)
            .field("errno", errno)
            .field("name", name)
            .field("explanation", explanation)
            .field("limit", limit)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.call)?;
        if let Some(name) = &self.0.name {
            write!(f, " {name:?}")?;
        }
        write!(f, ": {}", self.message())
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    /// Keeps the kind and the whole text; the [`Error`] is inside, errno and all.
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
