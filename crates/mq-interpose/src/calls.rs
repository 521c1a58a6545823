//! What each function does, in safe terms: the crate's answer to the kernel's arguments.

use std::ffi::{OsStr, c_int, c_long};
use std::os::fd::RawFd;
use std::time::{Duration, SystemTime};

use posix_mqueue::{Callback, Deadline, Event, Notification, OpenOptions};

use crate::errno::Errno;
use crate::table;

/// `struct mq_attr`: flags, maxmsg, msgsize, curmsgs, and four that are reserved.
pub(crate) type Attr = [c_long; 8];
/// `struct timespec`: seconds and nanoseconds.
pub(crate) type Time = [c_long; 2];

/// What is given along with `O_CREAT`.
pub(crate) struct Creation {
    pub(crate) mode: u32,
    pub(crate) attr: Option<Attr>,
}

pub(crate) fn open(name: &OsStr, flags: c_int, new: Option<&Creation>) -> Result<RawFd, Errno> {
    // The kernel takes no notice of other flags, from_flags does.
    let known = libc::O_ACCMODE | libc::O_CREAT | libc::O_EXCL | libc::O_NONBLOCK | libc::O_CLOEXEC;
    let mut options = OpenOptions::from_flags(flags & known)?;
    if let Some(new) = new {
        options.mode(new.mode & 0o7777);
        if let Some([_, maxmsg, msgsize, ..]) = new.attr {
            // Like any negative number, 0 is refused.
            let size = |n| usize::try_from(n).unwrap_or(0);
            options.capacity(size(maxmsg)).message_size(size(msgsize));
        }
    }
    table::insert(options.open(name)?)
}

pub(crate) fn close(number: RawFd) -> Result<(), Errno> {
    table::close(number)
}

pub(crate) fn unlink(name: &OsStr) -> Result<(), Errno> {
    Ok(posix_mqueue::unlink(name)?)
}

/// Absolute, on the wall clock; checked before anything else, as in the kernel.
pub(crate) fn deadline(time: Option<Time>) -> Result<Deadline, Errno> {
    let Some([seconds, nanoseconds]) = time else { return Ok(Deadline::Never) };
    let seconds = u64::try_from(seconds).map_err(|_| Errno::EINVAL)?;
    let nanoseconds = u32::try_from(nanoseconds).map_err(|_| Errno::EINVAL)?;
    if nanoseconds >= 1_000_000_000 {
        return Err(Errno::EINVAL);
    }
    let time = Duration::new(seconds, nanoseconds);
    Ok(SystemTime::UNIX_EPOCH.checked_add(time).map_or(Deadline::Never, Deadline::Realtime))
}

/// `message` is given the queue's size and answers with what is to be sent.
pub(crate) fn send<'a>(
    number: RawFd,
    message: impl FnOnce(usize) -> Result<&'a [u8], Errno>,
    priority: u32,
    deadline: Deadline,
) -> Result<(), Errno> {
    let queue = table::find(number)?;
    Ok(queue.send_interruptible(message(queue.message_size())?, priority, deadline)?)
}

/// `buffer` is given the queue's size and answers with where the message goes.
pub(crate) fn receive<'a>(
    number: RawFd,
    buffer: impl FnOnce(usize) -> Result<&'a mut [u8], Errno>,
    deadline: Deadline,
) -> Result<(usize, u32), Errno> {
    let queue = table::find(number)?;
    Ok(queue.receive_interruptible(buffer(queue.message_size())?, deadline)?)
}

pub(crate) fn getattr(number: RawFd) -> Result<Attr, Errno> {
    let now = table::find(number)?.attributes()?;
    let long = |n| c_long::try_from(n).unwrap_or(c_long::MAX);
    let flags = if now.nonblocking { c_long::from(libc::O_NONBLOCK) } else { 0 };
    Ok([flags, long(now.capacity), long(now.message_size), long(now.messages), 0, 0, 0, 0])
}

/// The attributes as they were, after setting those that are given.
pub(crate) fn setattr(number: RawFd, new: Option<Attr>) -> Result<Attr, Errno> {
    let Some([flags, ..]) = new else { return getattr(number) };
    let nonblocking = c_long::from(libc::O_NONBLOCK);
    if flags & !nonblocking != 0 {
        return Err(Errno::EINVAL);
    }
    let old = getattr(number)?;
    table::find(number)?.set_nonblocking(flags & nonblocking != 0)?;
    Ok(old)
}

/// `struct sigevent`, as far as a queue looks at it.
#[derive(Clone, Copy)]
pub(crate) struct SigEvent {
    pub(crate) value: usize,
    pub(crate) signal: c_int,
    pub(crate) notify: c_int,
}

/// `start` makes the callback's thread, where the event asks for one.
pub(crate) fn notify(
    number: RawFd,
    event: Option<SigEvent>,
    start: Option<Box<dyn FnOnce() + Send>>,
) -> Result<(), Errno> {
    let how = match (event, start) {
        (None, _) => None,
        (Some(SigEvent { notify: libc::SIGEV_NONE, .. }), _) => Some(Notification::Silent),
        (Some(SigEvent { notify: libc::SIGEV_SIGNAL, signal, value }), _) => {
            // Before the descriptor, as in the kernel, and so is the kind.
            if !(0..=64).contains(&signal) {
                return Err(Errno::EINVAL);
            }
            Some(Notification::Signal { number: signal, value })
        }
        (Some(SigEvent { notify: libc::SIGEV_THREAD, .. }), Some(start)) => {
            Some(Notification::Callback(on_arrival(start)))
        }
        _ => return Err(Errno::EINVAL),
    };
    let queue = table::find(number)?;
    match how {
        Some(how) => Ok(queue.notify(how)?),
        None => Ok(queue.cancel_notification()?),
    }
}

fn on_arrival(start: Box<dyn FnOnce() + Send>) -> Callback {
    Box::new(move |event| {
        if let Event::Arrived(claim) = event
            && claim.take()
        {
            start();
        }
    })
}
