//! Queues that the service manager opened: `ListenMessageQueue=` of a socket unit.

use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use super::handle::MessageQueue;
use crate::error::{Error, Result};
use crate::sys;

/// `SD_LISTEN_FDS_START`: descriptors are passed from this number on.
const FIRST: i32 = 3;

/// Takes over the queues that systemd passed to this process, each with its
/// `FileDescriptorName=`, in the order of the unit.
///
/// Other passed descriptors, such as sockets, stay untouched. So does a descriptor that is closed on
/// `exec`: systemd passes none, and every queue that this library opened or took over is closed on
/// `exec`. Call this before other code takes over passed descriptors. Each descriptor is taken over
/// once: a second call returns none.
///
/// systemd opens a queue for reading only and with `O_NONBLOCK`. To wait for a message, use
/// [`wait_readable`](MessageQueue::wait_readable), or get a private blocking descriptor from
/// [`reopen_with`](MessageQueue::reopen_with).
///
/// ```
/// for (name, queue) in posix_mqueue::from_systemd()? {
///     println!("{name:?}: {} bytes a message", queue.message_size());
/// }
/// # Ok::<(), posix_mqueue::Error>(())
/// ```
///
/// Source: `sd_listen_fds(3)`, `systemd.socket(5)`.
///
/// # Errors
///
/// `EINVAL`: `LISTEN_FDS` is set for this process and is not a number.
pub fn from_systemd() -> Result<Vec<(OsString, MessageQueue)>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);

    let pid = env::var("LISTEN_PID").ok().and_then(|pid| pid.parse().ok());
    if pid != Some(process::id()) {
        return Ok(Vec::new());
    }
    let Some(count) = env::var_os("LISTEN_FDS") else {
        return Ok(Vec::new());
    };
    let count: u16 = count.to_str().and_then(|count| count.parse().ok()).ok_or_else(|| {
        Error::from_errno("sd_listen_fds", sys::EINVAL)
            .with_explanation("LISTEN_FDS must be the number of descriptors passed".to_owned())
    })?;
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    let names = env::var_os("LISTEN_FDNAMES");
    let mut names = names.iter().flat_map(|names| names.as_bytes().split(|byte| *byte == b':'));
    let mut queues = Vec::new();
    for number in FIRST..FIRST + i32::from(count) {
        let name = OsString::from_vec(names.next().unwrap_or(b"unknown").to_owned());
        if !sys::is_queue(number) || !sys::survives_exec(number) {
            continue;
        }
        let fd = sys::take_over(number).map_err(|e| Error::new("fcntl", &e))?;
        queues.push((name, MessageQueue::try_from(fd).map_err(|(error, _)| error)?));
    }
    Ok(queues)
}
