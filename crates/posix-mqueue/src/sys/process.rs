//! The process: its limits, its user, its forks, and random numbers.

use std::io;

use super::c_types::wide;
use super::result::check;

/// A limit that each process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// `RLIMIT_MSGQUEUE`, in bytes.
    QueueBytes,
    /// `RLIMIT_NOFILE`.
    Descriptors,
}

/// The soft and the hard limit; `u64::MAX` is "unlimited".
pub(crate) fn getrlimit(resource: Resource) -> io::Result<(u64, u64)> {
    let resource = match resource {
        Resource::QueueBytes => libc::RLIMIT_MSGQUEUE,
        Resource::Descriptors => libc::RLIMIT_NOFILE,
    };
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: limit is a live struct that the kernel fills.
    check(unsafe { libc::getrlimit(resource, &raw mut limit) })?;
    let value = |limit| if limit == libc::RLIM_INFINITY { u64::MAX } else { wide(limit) };
    Ok((value(limit.rlim_cur), value(limit.rlim_max)))
}

/// The user whose rights this thread has.
pub(crate) fn geteuid() -> u32 {
    // SAFETY: it takes no argument and always succeeds.
    unsafe { libc::geteuid() }
}

/// An unpredictable number.
pub(crate) fn getrandom() -> io::Result<u64> {
    let mut bytes = [0; size_of::<u64>()];
    // SAFETY: pointer and length are those of a live array that is ours alone. So few bytes come
    // whole or not at all.
    check(unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) })?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Runs the three handlers around every `fork(2)` of this process from now on.
pub(crate) fn pthread_atfork(
    prepare: extern "C" fn(),
    parent: extern "C" fn(),
    child: extern "C" fn(),
) -> io::Result<()> {
    // SAFETY: the handlers are functions of this program, so they live as long as it does. (libc
    // declares them `unsafe extern "C"`, which any safe function may stand for.)
    let error = unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}
