//! Message queues, but for the calls that carry messages.

use std::ffi::{CStr, c_int, c_long};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;

use super::c_types::pointer;
use super::netlink::COOKIE_LEN;
use super::result::{check, owned};

/// `sizes` is (`mq_maxmsg`, `mq_msgsize`); without it the kernel takes its defaults.
pub(crate) fn mq_open(
    name: &CStr,
    flags: c_int,
    mode: u32,
    sizes: Option<(c_long, c_long)>,
) -> io::Result<OwnedFd> {
    let attr = sizes.map(|(maxmsg, msgsize)| {
        // SAFETY: mq_attr holds only integers, for which zero is a value.
        let mut attr: libc::mq_attr = unsafe { mem::zeroed() };
        attr.mq_maxmsg = maxmsg as _;
        attr.mq_msgsize = msgsize as _;
        attr
    });
    // SAFETY: name is NUL-terminated and attr is null or points to a live mq_attr; mode and attr
    // are passed always, as the variadic part must be whenever flags hold O_CREAT.
    owned(unsafe {
        libc::mq_open(name.as_ptr(), flags, mode as libc::mode_t, pointer(attr.as_ref()))
    })
}

pub(crate) fn mq_unlink(name: &CStr) -> io::Result<()> {
    // SAFETY: name is NUL-terminated and outlives the call.
    check(unsafe { libc::mq_unlink(name.as_ptr()) })
}

pub(crate) fn mq_getattr(fd: BorrowedFd<'_>) -> io::Result<libc::mq_attr> {
    // SAFETY: mq_attr holds only integers, for which zero is a value.
    let mut attr: libc::mq_attr = unsafe { mem::zeroed() };
    // SAFETY: attr is a live mq_attr that the kernel fills.
    check(unsafe { libc::mq_getattr(fd.as_raw_fd(), &raw mut attr) })?;
    Ok(attr)
}

/// The kernel takes `O_NONBLOCK` or nothing.
pub(crate) fn mq_setattr(fd: BorrowedFd<'_>, flags: c_int) -> io::Result<()> {
    // SAFETY: mq_attr holds only integers, for which zero is a value.
    let mut attr: libc::mq_attr = unsafe { mem::zeroed() };
    attr.mq_flags = flags.into();
    // SAFETY: attr is a live mq_attr; a null old attribute is allowed.
    check(unsafe { libc::mq_setattr(fd.as_raw_fd(), &raw const attr, ptr::null_mut()) })
}

/// Whether there is a queue behind this number, which may be no descriptor at all.
pub(crate) fn is_queue(number: RawFd) -> bool {
    // SAFETY: mq_attr holds only integers, for which zero is a value.
    let mut attr: libc::mq_attr = unsafe { mem::zeroed() };
    // SAFETY: attr is a live mq_attr that the kernel fills; any number may be asked about.
    check(unsafe { libc::mq_getattr(number, &raw mut attr) }).is_ok()
}

/// How the kernel is to tell of a message.
#[derive(Debug)]
pub(crate) enum SigEvent<'a> {
    /// `SIGEV_NONE`.
    Silent,
    /// `SIGEV_SIGNAL`, with this in `si_value`.
    Signal(c_int, usize),
    /// `SIGEV_THREAD` as the kernel knows it: the cookie comes back over a netlink socket.
    Netlink(BorrowedFd<'a>, &'a [u8; COOKIE_LEN]),
}

/// The system call itself, not libc's wrapper: glibc's `SIGEV_THREAD` shares one socket between a
/// parent and its forked child, and musl has its own.
pub(crate) fn mq_notify(fd: BorrowedFd<'_>, event: Option<&SigEvent<'_>>) -> io::Result<()> {
    let event = event.map(|event| {
        // SAFETY: sigevent holds integers and a pointer, for which zero is a value.
        let mut sigevent: libc::sigevent = unsafe { mem::zeroed() };
        match event {
            SigEvent::Silent => sigevent.sigev_notify = libc::SIGEV_NONE,
            SigEvent::Signal(signal, value) => {
                sigevent.sigev_notify = libc::SIGEV_SIGNAL;
                sigevent.sigev_signo = *signal;
                sigevent.sigev_value.sival_ptr = ptr::without_provenance_mut(*value);
            }
            SigEvent::Netlink(socket, cookie) => {
                sigevent.sigev_notify = libc::SIGEV_THREAD;
                sigevent.sigev_signo = socket.as_raw_fd();
                sigevent.sigev_value.sival_ptr = cookie.as_ptr().cast_mut().cast();
            }
        }
        sigevent
    });
    // SAFETY: the sigevent is null or live; a cookie in it is COOKIE_LEN bytes that the kernel
    // copies during the call, and the descriptors are borrowed, so open.
    check(unsafe { libc::syscall(libc::SYS_mq_notify, fd.as_raw_fd(), pointer(event.as_ref())) })
}
