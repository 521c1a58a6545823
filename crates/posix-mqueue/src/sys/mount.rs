//! A mount of the queue file system that is attached nowhere.

use std::ffi::{c_int, c_long};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

use super::result::{check, owned};

/// `include/uapi/linux/mount.h`.
const FSOPEN_CLOEXEC: c_long = 1;
const FSCONFIG_CMD_CREATE: c_long = 6;
const FSMOUNT_CLOEXEC: c_long = 1;
/// Not read-only, so that modes and owners can be changed in it.
const NO_ATTRIBUTES: c_long = 0;

/// The root of a new mount of this IPC namespace's queues, as `O_PATH` has it. The mount is
/// attached nowhere and goes with its last user.
pub(crate) fn detached_queue_mount() -> io::Result<OwnedFd> {
    // A descriptor fits an int; -1 stands for the error as ever.
    let descriptor = |result: c_long| owned(c_int::try_from(result).unwrap_or(-1));
    // SAFETY: the name is NUL-terminated; nothing else is a pointer.
    let context =
        descriptor(unsafe { libc::syscall(libc::SYS_fsopen, c"mqueue".as_ptr(), FSOPEN_CLOEXEC) })?;
    let none = ptr::null::<u8>();
    // SAFETY: this command takes neither key nor value, which have to be null.
    check(unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            context.as_raw_fd(),
            FSCONFIG_CMD_CREATE,
            none,
            none,
            0 as c_long,
        )
    })?;
    // SAFETY: takes no pointer.
    descriptor(unsafe {
        libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, NO_ATTRIBUTES)
    })
}
