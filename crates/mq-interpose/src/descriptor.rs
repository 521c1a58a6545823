//! The program's descriptors: borrowed, taken over, told apart.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use crate::errno::Errno;

/// Device and inode.
pub(crate) type Identity = (u64, u64);

/// A descriptor's number, if it can be one; whether it is open, [`identity`] tells.
pub(crate) fn borrow<'a>(number: RawFd) -> Result<BorrowedFd<'a>, Errno> {
    if number < 0 {
        return Err(Errno::EBADF);
    }
    // SAFETY: not -1. That it stays open is up to the program, as in C: if another thread closes
    // it, calls on it fail or concern the file that has the number then.
    Ok(unsafe { BorrowedFd::borrow_raw(number) })
}

/// The program's descriptor as one of ours. To be closed by `mq_close` only: who takes it for
/// anything else gives it back with `into_raw_fd`.
pub(crate) fn adopt(descriptor: BorrowedFd<'_>) -> OwnedFd {
    // SAFETY: the number is a descriptor's, and the program gives its ownership away: it entrusts
    // us with closing it, by `mq_close`. If it closes it itself, the table forgets what it has.
    unsafe { OwnedFd::from_raw_fd(descriptor.as_raw_fd()) }
}

/// Which file it is; `EBADF` if it is not open.
pub(crate) fn identity(descriptor: BorrowedFd<'_>) -> Result<Identity, Errno> {
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the kernel checks the number and fills the struct, which is live.
    if unsafe { libc::fstat(descriptor.as_raw_fd(), stat.as_mut_ptr()) } != 0 {
        return Err(Errno::last());
    }
    // SAFETY: the call succeeded, so the struct is filled.
    let stat = unsafe { stat.assume_init() };
    Ok((stat.st_dev, stat.st_ino))
}
