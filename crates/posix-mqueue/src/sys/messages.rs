//! The two calls that carry messages, and the memory that one is received into.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::slice;
use std::time::Duration;

use super::c_types::{pointer, timespec};

/// `call!(mq_timedsend = SYS_mq_timedsend, fd, …)`: what the system call returns, or the errno.
///
/// On a processor that guards against speculation, each `ret` after a system call is mispredicted,
/// since the call has emptied the predictor of returns. So the two calls that carry messages are
/// made by the instruction itself, where they are written.
#[cfg(all(not(feature = "via-libc"), target_arch = "x86_64", target_pointer_width = "64"))]
macro_rules! call {
    ($libc:ident = $number:ident, $fd:expr, $a:expr, $b:expr, $c:expr, $d:expr) => {{
        let result: i64;
        std::arch::asm!(
            "syscall",
            inlateout("rax") libc::$number => result,
            in("rdi") i64::from($fd), in("rsi") $a, in("rdx") $b, in("r10") $c, in("r8") $d,
            lateout("rcx") _, lateout("r11") _, // which the instruction itself overwrites
            options(nostack),
        );
        or_errno(result)
    }};
}

#[cfg(all(not(feature = "via-libc"), target_arch = "aarch64", target_pointer_width = "64"))]
macro_rules! call {
    ($libc:ident = $number:ident, $fd:expr, $a:expr, $b:expr, $c:expr, $d:expr) => {{
        let result: i64;
        std::arch::asm!(
            "svc 0",
            in("x8") libc::$number,
            inlateout("x0") i64::from($fd) => result,
            in("x1") $a, in("x2") $b, in("x3") $c, in("x4") $d,
            options(nostack),
        );
        or_errno(result)
    }};
}

#[cfg(not(all(
    not(feature = "via-libc"),
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64"
)))]
macro_rules! call {
    ($libc:ident = $number:ident, $fd:expr, $a:expr, $b:expr, $c:expr, $d:expr) => {
        match libc::$libc($fd, $a.cast(), $b, $c, $d) {
            -1 => Err(io::Error::last_os_error()),
            result => Ok(result),
        }
    };
}

/// The kernel's own convention: an error is a negative errno.
#[inline(always)]
#[allow(dead_code)] // where libc makes the calls
fn or_errno(result: i64) -> io::Result<i64> {
    match i32::try_from(result) {
        Ok(errno @ ..0) => Err(io::Error::from_raw_os_error(errno.wrapping_neg())),
        _ => Ok(result),
    }
}

/// `deadline` is time since the epoch on the wall clock; zero means "do not wait", None "for ever".
#[inline(always)]
pub(crate) fn mq_timedsend(
    fd: BorrowedFd<'_>,
    message: &[u8],
    priority: u32,
    deadline: Option<Duration>,
) -> io::Result<()> {
    let deadline = deadline.map(timespec);
    let (fd, until) = (fd.as_raw_fd(), pointer(deadline.as_ref()));
    let (start, length) = (message.as_ptr(), message.len());
    // SAFETY: pointer and length are those of a live slice that the kernel only reads, and the
    // deadline is null or points to a live timespec.
    unsafe { call!(mq_timedsend = SYS_mq_timedsend, fd, start, length, priority, until) }.map(drop)
}

/// The length and priority of the message that is now in the buffer. Deadline as for sending.
#[inline(always)]
pub(crate) fn mq_timedreceive(
    fd: BorrowedFd<'_>,
    buffer: &mut MessageBuffer<'_>,
    deadline: Option<Duration>,
) -> io::Result<(usize, u32)> {
    let deadline = deadline.map(timespec);
    let (fd, until) = (fd.as_raw_fd(), pointer(deadline.as_ref()));
    let (start, length) = (buffer.bytes.as_mut_ptr(), buffer.bytes.len());
    let mut priority = 0_u32;
    let to = &raw mut priority;
    // SAFETY: pointer and length are those of a live slice that is ours alone, the priority is a
    // live unsigned int, and the deadline is null or points to a live timespec.
    let result =
        unsafe { call!(mq_timedreceive = SYS_mq_timedreceive, fd, start, length, to, until) };
    // Never negative, and never over the buffer's length.
    buffer.filled = usize::try_from(result?).unwrap_or(0);
    Ok((buffer.filled, priority))
}

/// MessageBuffer for one message, of which the kernel writes the beginning.
#[derive(Debug)]
pub(crate) struct MessageBuffer<'a> {
    bytes: &'a mut [MaybeUninit<u8>],
    filled: usize,
}

impl<'a> From<&'a mut [MaybeUninit<u8>]> for MessageBuffer<'a> {
    fn from(bytes: &'a mut [MaybeUninit<u8>]) -> Self {
        Self { bytes, filled: 0 }
    }
}

impl<'a> From<&'a mut [u8]> for MessageBuffer<'a> {
    #[inline(always)]
    fn from(bytes: &'a mut [u8]) -> Self {
        let (start, length) = (bytes.as_mut_ptr().cast(), bytes.len());
        // SAFETY: the same bytes with the same layout, borrowed as before; only the kernel writes
        // to a buffer, so they stay initialized.
        Self { bytes: unsafe { slice::from_raw_parts_mut(start, length) }, filled: 0 }
    }
}

impl<'a> MessageBuffer<'a> {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The message that was received into it; nothing before that.
    pub(crate) fn filled(self) -> &'a mut [u8] {
        let start = self.bytes.as_mut_ptr().cast();
        // SAFETY: the kernel has written this many bytes at the start of this slice, and the
        // borrow of them goes on in the result.
        unsafe { slice::from_raw_parts_mut(start, self.filled) }
    }
}

/// Replaces the contents of a vector with a message that is received into `size` bytes of it.
pub(crate) fn receive_into_vec<T, E>(
    vector: &mut Vec<u8>,
    size: usize,
    receive: impl FnOnce(&mut MessageBuffer<'_>) -> Result<T, E>,
) -> Result<T, E> {
    vector.clear();
    vector.reserve_exact(size);
    let mut buffer = MessageBuffer::from(&mut vector.spare_capacity_mut()[..size]);
    let received = receive(&mut buffer)?;
    let length = buffer.filled;
    // SAFETY: the buffer was the vector's own capacity, and the kernel has written that many bytes:
    // `receive` passes the buffer on to `mq_timedreceive`, and puts no other in its place.
    unsafe { vector.set_len(length) };
    Ok(received)
}
