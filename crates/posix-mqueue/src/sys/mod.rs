//! One short function for each system call. All `unsafe` code of this crate is in this folder.
//!
//! No retry, no default, no policy: arguments are types that prove themselves (`BorrowedFd`,
//! `&CStr`, slices), results are `io::Result` with the kernel's errno.

#![allow(unsafe_code)]

mod c_types;
mod descriptor;
mod messages;
mod mount;
mod mq;
mod netlink;
mod process;
mod result;
mod thread;

pub(crate) use libc::{
    EACCES, EAGAIN, EBADF, EBUSY, EEXIST, EINTR, EINVAL, EMFILE, EMSGSIZE, ENAMETOOLONG, ENFILE,
    ENOENT, ENOMEM, ENOSPC, ENOSYS, EPERM, ESRCH, ETIMEDOUT, O_CLOEXEC, O_CREAT, O_EXCL,
    O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, O_WRONLY, POLLIN, POLLOUT, S_IFREG, SIGURG,
};

pub(crate) use c_types::wide;
pub(crate) use descriptor::{close_on_exec, fcntl_getfl, fstat, ppoll, survives_exec, take_over};
pub(crate) use messages::{MessageBuffer, mq_timedreceive, mq_timedsend, receive_into_vec};
pub(crate) use mount::detached_queue_mount;
pub(crate) use mq::{SigEvent, is_queue, mq_getattr, mq_notify, mq_open, mq_setattr, mq_unlink};
pub(crate) use netlink::{
    COOKIE_LEN, NOTIFY_WOKENUP, netlink_socket, receive_buffer_size, receive_cookie,
    set_receive_timeout,
};
pub(crate) use process::{Resource, geteuid, getrandom, getrlimit, pthread_atfork};
pub(crate) use thread::{SignalMask, Thread, make_interrupting, waking_signal};

/// The access mode among the flags, as the kernel defines it: musl includes `O_PATH`.
pub(crate) const O_ACCMODE: std::ffi::c_int = O_WRONLY | O_RDWR;

/// How many bytes the kernel reads of any name, the NUL included.
pub(crate) const PATH_MAX: usize = 4096;
