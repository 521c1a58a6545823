//! Why a call failed.

#![allow(unsafe_code)]

use std::ffi::c_int;

/// An errno of C.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Errno(pub(crate) c_int);

impl Errno {
    pub(crate) const EBADF: Self = Self(libc::EBADF);
    pub(crate) const EINVAL: Self = Self(libc::EINVAL);
    pub(crate) const EFAULT: Self = Self(libc::EFAULT);
    /// What no error of the kernel's stands for: a panic.
    pub(crate) const EIO: Self = Self(libc::EIO);

    pub(crate) fn last() -> Self {
        std::io::Error::last_os_error().raw_os_error().map_or(Self::EIO, Self)
    }

    pub(crate) fn set(self) {
        // SAFETY: takes nothing and always succeeds.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: it points to this thread's errno, which lives as long as the thread.
        unsafe { errno.write(self.0) };
    }
}

impl From<posix_mqueue::Error> for Errno {
    fn from(error: posix_mqueue::Error) -> Self {
        Self(error.raw_os_error())
    }
}
