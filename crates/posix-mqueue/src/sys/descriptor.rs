//! Files and their descriptors.

use std::ffi::c_int;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use super::c_types::timespec;
use super::result::check;

pub(crate) fn fstat(fd: BorrowedFd<'_>) -> io::Result<libc::stat> {
    // SAFETY: stat holds only integers, for which zero is a value.
    let mut stat: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: stat is a live struct stat that the kernel fills.
    check(unsafe { libc::fstat(fd.as_raw_fd(), &raw mut stat) })?;
    Ok(stat)
}

/// The flags of the open file description, access mode and all.
pub(crate) fn fcntl_getfl(fd: BorrowedFd<'_>) -> io::Result<c_int> {
    // SAFETY: takes no pointer.
    let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
    check(flags)?;
    Ok(flags)
}

/// Has the descriptor closed when the process executes another program.
pub(crate) fn close_on_exec(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes no pointer.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })
}

/// Whether the number is that of a descriptor that stays open on `exec`, as one does that this
/// process was started with.
pub(crate) fn survives_exec(number: RawFd) -> bool {
    // SAFETY: takes no pointer, and any number may be asked about.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    flags >= 0 && flags & libc::FD_CLOEXEC == 0
}

/// Takes over a descriptor that this process was started with, and closes it on `exec`.
///
/// The caller takes over each once, and only one that the service manager says it passed to this
/// process and that [`survives_exec`]. No descriptor that Rust code owns does, unless a program
/// asks for that: `std` and this library open all of theirs with `O_CLOEXEC`.
pub(crate) fn take_over(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: takes no pointer, and changes a flag of a descriptor that is ours, as said above.
    check(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: open, as the call above has shown, and nobody else's, as said above.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Whether the descriptor became ready before the timeout.
pub(crate) fn ppoll(fd: BorrowedFd<'_>, events: i16, timeout: Duration) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    let timeout = timespec(timeout);
    // SAFETY: one live pollfd, a live timespec, and a null signal mask, which changes none.
    let ready = unsafe { libc::ppoll(&raw mut poll, 1, &raw const timeout, ptr::null()) };
    check(ready)?;
    Ok(ready > 0)
}
