//! Adopting a descriptor that is a queue's.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::access::Access;
use super::handle::MessageQueue;
use crate::error::Error;
use crate::sys;

impl TryFrom<OwnedFd> for MessageQueue {
    type Error = (Error, OwnedFd);

    /// Adopts a descriptor of a queue, for example one that came over a socket. It is closed on `exec`
    /// from then on. Any other descriptor comes back with the error, `EBADF`, open and unchanged.
    /// `mq_getattr(3)` tells them apart.
    ///
    /// ```
    /// use posix_mqueue::MessageQueue;
    /// use std::os::fd::OwnedFd;
    ///
    /// let file = OwnedFd::from(std::fs::File::open("/")?);
    /// let (error, _file) = MessageQueue::try_from(file).unwrap_err();
    /// assert_eq!(error.raw_os_error(), 9); // EBADF
    /// # Ok::<(), std::io::Error>(())
    /// ```
    fn try_from(fd: OwnedFd) -> std::result::Result<Self, (Error, OwnedFd)> {
        let refuse = |call, e: io::Error, fd: OwnedFd| {
            let why = format!("descriptor {} is not that of a message queue", fd.as_raw_fd());
            Err((Error::new(call, &e).with_explanation(why), fd))
        };
        let access = match sys::fcntl_getfl(fd.as_fd()) {
            Ok(flags) => Access::from_flags(flags),
            Err(e) => return refuse("fcntl", e, fd),
        };
        let attr = match sys::mq_getattr(fd.as_fd()) {
            Ok(attr) => attr,
            Err(e) => return refuse("mq_getattr", e, fd),
        };
        match sys::close_on_exec(fd.as_fd()) {
            Ok(()) => Ok(Self::with_attributes(fd, None, access, false, &attr)),
            Err(e) => Err((Error::new("fcntl", &e), fd)),
        }
    }
}
