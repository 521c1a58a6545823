//! A queue's name, checked once.

use std::ffi::{CStr, CString, OsStr};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use crate::error::{Error, Result};
use crate::sys;

/// `NAME_MAX`: how many bytes may follow the slash.
const NAME_MAX: usize = 255;

/// The name of a queue: a slash, then 1 to 255 bytes that are neither a slash nor NUL.
///
/// Any such bytes will do, UTF-8 or not. Source: `mq_overview(7)`.
///
/// ```
/// use posix_mqueue::QueueName;
///
/// assert_eq!(QueueName::new("/jobs")?.as_os_str(), "/jobs");
/// let error = QueueName::new("jobs").unwrap_err();
/// assert!(error.to_string().contains("start with a slash"));
/// # Ok::<(), posix_mqueue::Error>(())
/// ```
///
/// # Errors
///
/// With the errno that the kernel gives for such a name: `EINVAL` (empty, no slash, NUL),
/// `ENOENT` (only a slash), `EACCES` (a second slash, or `.` or `..`), `ENAMETOOLONG`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName(CString);

impl QueueName {
    /// Checks a name; asks nothing of the kernel. Its errors are [those of a name](Self).
    ///
    /// ```
    /// # use posix_mqueue::QueueName;
    /// assert!(QueueName::new("/jobs").is_ok());
    /// assert_eq!(QueueName::new("/jobs/today").unwrap_err().raw_os_error(), 13); // EACCES
    /// ```
    pub fn new(name: impl AsRef<OsStr>) -> Result<Self> {
        let name = name.as_ref();
        let refuse = |errno, why: &str| {
            Err(Error::from_errno("mq_open", errno)
                .with_name(name)
                .with_explanation(why.to_owned()))
        };
        let Some((slash, rest)) = name.as_bytes().split_first() else {
            return refuse(sys::EINVAL, "a queue name cannot be empty");
        };
        if *slash != b'/' {
            return refuse(sys::EINVAL, "a queue name must start with a slash, as in \"/jobs\"");
        }
        let too_long = || {
            let why = format!("{} bytes after the slash, {NAME_MAX} are allowed", rest.len());
            refuse(sys::ENAMETOOLONG, &why)
        };
        match rest {
            b"" => return refuse(sys::ENOENT, "a queue name needs something after the slash"),
            b"." | b".." => return refuse(sys::EACCES, "\"/.\" and \"/..\" name no queue"),
            // Before anything in it is looked at, as the kernel has it.
            _ if name.len() >= sys::PATH_MAX => return too_long(),
            _ if rest.contains(&b'/') => {
                return refuse(sys::EACCES, "a queue name has one slash only, the first byte");
            }
            _ if rest.len() > NAME_MAX => return too_long(),
            _ => {}
        }
        CString::new(name.as_bytes())
            .map(Self)
            .or_else(|_| refuse(sys::EINVAL, "a queue name cannot hold a NUL byte"))
    }

    /// The prefix and 16 random hexadecimal digits.
    pub(crate) fn random(prefix: &OsStr) -> Result<Self> {
        let random = sys::getrandom().map_err(|e| Error::new("getrandom", &e))?;
        let mut name = prefix.to_owned();
        name.push(format!("{random:016x}"));
        Self::new(name)
    }

    /// The name, slash included.
    ///
    /// ```
    /// # use posix_mqueue::QueueName;
    /// assert_eq!(QueueName::new("/jobs")?.as_os_str(), "/jobs");
    /// # Ok::<(), posix_mqueue::Error>(())
    /// ```
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        OsStr::from_bytes(self.0.as_bytes())
    }

    pub(crate) fn as_c_str(&self) -> &CStr {
        &self.0
    }
}

impl AsRef<OsStr> for QueueName {
    fn as_ref(&self) -> &OsStr {
        self.as_os_str()
    }
}

impl fmt::Debug for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_os_str().fmt(f)
    }
}
