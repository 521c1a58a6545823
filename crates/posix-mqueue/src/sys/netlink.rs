//! The netlink sockets through which the kernel reports the end of a registration.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use super::c_types::timespec;
use super::result::{check, owned};

/// `NOTIFY_COOKIE_LEN` of the kernel's `include/linux/mqueue.h`.
pub(crate) const COOKIE_LEN: usize = 32;

/// What the kernel writes into a cookie's last byte when a message arrived.
pub(crate) const NOTIFY_WOKENUP: u8 = 1;

/// A socket that only the kernel can send to, being bound to no address.
pub(crate) fn netlink_socket() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: takes no pointer.
    owned(unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) })
}

/// `SO_RCVBUF`: how many bytes the kernel holds for the socket, its own overhead included.
#[allow(clippy::cast_possible_truncation)] // of the size of an int
pub(crate) fn receive_buffer_size(socket: BorrowedFd<'_>) -> io::Result<usize> {
    let mut bytes: c_int = 0;
    let mut length = size_of::<c_int>() as _;
    let (value, length) = ((&raw mut bytes).cast(), &raw mut length);
    // SAFETY: the value is a live int and the length, its size, is live too; both are ours alone.
    check(unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, value, length)
    })?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}

/// `SO_RCVTIMEO`: how long a call that receives waits before it fails with `EAGAIN`.
#[allow(clippy::cast_possible_truncation)] // of the size of a timeval
pub(crate) fn set_receive_timeout(socket: BorrowedFd<'_>, timeout: Duration) -> io::Result<()> {
    let timeout = libc::timeval {
        tv_sec: timespec(timeout).tv_sec,
        // Below 10^6, so it fits every C long.
        tv_usec: timeout.subsec_micros().cast_signed().into(),
    };
    let size = size_of::<libc::timeval>() as _;
    let value = (&raw const timeout).cast();
    // SAFETY: the value is a live timeval, and the size is that of one.
    check(unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVTIMEO, value, size)
    })
}

/// The next cookie from a netlink socket; with `wait` false, `EAGAIN` if none has come.
pub(crate) fn receive_cookie(socket: BorrowedFd<'_>, wait: bool) -> io::Result<[u8; COOKIE_LEN]> {
    let mut cookie = [0; COOKIE_LEN];
    let flags = if wait { 0 } else { libc::MSG_DONTWAIT };
    // SAFETY: pointer and length are those of a live array that is ours alone.
    let n =
        unsafe { libc::recv(socket.as_raw_fd(), cookie.as_mut_ptr().cast(), COOKIE_LEN, flags) };
    check(n)?;
    Ok(cookie)
}
