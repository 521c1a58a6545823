//! What a call of the C library returns, as `std` has it.

use std::ffi::c_int;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

pub(super) fn check<T: Copy + PartialEq + From<i8>>(result: T) -> io::Result<()> {
    if result == T::from(-1) { Err(io::Error::last_os_error()) } else { Ok(()) }
}

pub(super) fn owned(fd: c_int) -> io::Result<OwnedFd> {
    check(fd)?;
    // SAFETY: the kernel has just returned this descriptor, so it is open and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
