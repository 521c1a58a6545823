//! The one error type: always an errno, the call that failed, and what to do about it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;

use crate::name::PATH_MAX;
use crate::sys;

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, Error>;

/// What the kernel refused, with its errno, and why.
///
/// Compare [`raw_os_error`](Self::raw_os_error): several of the errors that queues give have no
/// stable [`io::ErrorKind`].
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
pub struct Error(Box<Parts>);

/// Behind a pointer, so that what succeeds is not moved about in the room that an error takes.
#[derive(Clone, Debug)]
struct Parts {
    call: &'static str,
    errno: i32,
    name: Option<Box<OsStr>>,
    explanation: Option<Box<str>>,
    limit: bool,
}

impl Error {
    pub(crate) fn from_errno(call: &'static str, errno: i32) -> Self {
        Self(Box::new(Parts { call, errno, name: None, explanation: None, limit: false }))
    }

    /// `EBADF`: what a program that closes queues before it drops them gives for their later use.
    ///
    /// ```
    /// let error = posix_mqueue::Error::closed("mq_send", Some("/jobs".as_ref()));
    /// assert!(error.to_string().ends_with("the queue is closed"));
    /// ```
    #[must_use]
    pub fn closed(call: &'static str, name: Option<&OsStr>) -> Self {
        let error = Self::from_errno(call, sys::EBADF).explained("the queue is closed".to_owned());
        match name {
            Some(name) => error.named(name),
            None => error,
        }
    }

    /// `EAGAIN`: what a program gives where it will not wait.
    ///
    /// ```
    /// assert!(posix_mqueue::Error::would_block("mq_send").is_would_block());
    /// ```
    #[must_use]
    pub fn would_block(call: &'static str) -> Self {
        Self::from_errno(call, sys::EAGAIN)
    }

    /// `ETIMEDOUT`: what a program gives where it has waited long enough.
    ///
    /// ```
    /// assert!(posix_mqueue::Error::timed_out("mq_send").is_timed_out());
    /// ```
    #[must_use]
    pub fn timed_out(call: &'static str) -> Self {
        Self::from_errno(call, sys::ETIMEDOUT)
    }

    pub(crate) fn new(call: &'static str, error: &io::Error) -> Self {
        // Every io::Error of this crate comes from errno; EIO only keeps the function total.
        Self::from_errno(call, error.raw_os_error().unwrap_or(libc::EIO))
    }

    pub(crate) fn calling(mut self, call: &'static str) -> Self {
        self.0.call = call;
        self
    }

    /// Adds the name of the queue that it is about, where it has none.
    ///
    /// ```
    /// let error = posix_mqueue::Error::would_block("mq_send").about("/jobs".as_ref());
    /// assert_eq!(error.name().unwrap(), "/jobs");
    /// ```
    #[must_use]
    pub fn about(self, name: &OsStr) -> Self {
        if self.0.name.is_some() { self } else { self.named(name) }
    }

    /// What is longer than any path is no name, and is not copied.
    pub(crate) fn named(mut self, name: &OsStr) -> Self {
        if name.len() >= PATH_MAX {
            return self;
        }
        self.0.name = Some(OsString::from(name).into_boxed_os_str());
        self
    }

    pub(crate) fn explained(mut self, why: String) -> Self {
        self.0.explanation = Some(why.into_boxed_str());
        self
    }

    pub(crate) fn limited(mut self, why: String) -> Self {
        self.0.limit = true;
        self.explained(why)
    }

    /// The errno. Never 0.
    ///
    /// ```
    /// assert_eq!(posix_mqueue::unlink("jobs").unwrap_err().raw_os_error(), 22); // EINVAL
    /// ```
    #[must_use]
    pub fn raw_os_error(&self) -> i32 {
        self.0.errno
    }

    /// What `std` calls this errno.
    ///
    /// ```
    /// let error = posix_mqueue::unlink("/posix-mqueue-doc-none").unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    /// ```
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        io::Error::from_raw_os_error(self.0.errno).kind()
    }

    /// The C function that failed.
    ///
    /// ```
    /// assert_eq!(posix_mqueue::unlink("/posix-mqueue-doc-none").unwrap_err().call(), "mq_unlink");
    /// ```
    #[must_use]
    pub fn call(&self) -> &'static str {
        self.0.call
    }

    /// The queue's name, where it is known.
    ///
    /// ```
    /// assert_eq!(posix_mqueue::unlink("jobs").unwrap_err().name().unwrap(), "jobs");
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&OsStr> {
        self.0.name.as_deref()
    }

    /// What errno does not say: which argument, which limit with its value, how to mend it.
    ///
    /// ```
    /// let error = posix_mqueue::unlink("/jobs/today").unwrap_err();
    /// assert_eq!(error.explanation(), Some("a queue name has one slash only, the first byte"));
    /// ```
    #[must_use]
    pub fn explanation(&self) -> Option<&str> {
        self.0.explanation.as_deref()
    }

    /// Whether a limit of the system refused, one that can be raised.
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

    /// Whether the call would have had to wait (`EAGAIN`).
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

    /// Whether the deadline came first (`ETIMEDOUT`).
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

    /// Whether a signal handler ran and nothing was sent or received (`EINTR`).
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

    /// The errno in words, then the explanation.
    ///
    /// ```
    /// let error = posix_mqueue::unlink("").unwrap_err();
    /// assert_eq!(error.message(), "Invalid argument: a queue name cannot be empty");
    /// ```
    #[must_use]
    pub fn message(&self) -> String {
        let words = io::Error::from_raw_os_error(self.0.errno).to_string();
        let words = words.split(" (os error ").next().unwrap_or_default();
        match &self.0.explanation {
            Some(why) => format!("{words}: {why}"),
            None => words.to_owned(),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { call, errno, name, explanation, limit } = &*self.0;
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
