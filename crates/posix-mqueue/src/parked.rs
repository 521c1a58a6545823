//! Reading a queue's file without ending this process's own notification.
//!
//! To close any descriptor of a queue cancels the registration that the process has for it. What
//! the file says of the registration can only be read through such a descriptor. So one that turns
//! out to be of a queue that this process is registered for is not closed but *parked*, used again
//! for the next reading, and closed once the registration is another's or nobody's.
//!
//! Between the reading that shows this and the closing, no thread may register. Whoever comes here
//! therefore holds the lock of the registrations, which `notify` takes as well.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::attributes::Attributes;
use crate::checked_fd::{CheckedFd, Identity};
use crate::entry::{self, Details};
use crate::registrations::{Registrations, lock_registrations};
use crate::sys;

/// Not [`PerProcess`](crate::fork::PerProcess), so that a child closes what it inherits, when it
/// first comes here. Only a thread with the lock of the registrations locks it, so no thread holds
/// it during a fork.
static PARKED: Mutex<Vec<CheckedFd<File>>> = Mutex::new(Vec::new());

/// The queue at this path; no details where this process may not read it.
pub(crate) fn read(path: &Path) -> io::Result<(Metadata, Option<Details>)> {
    let table = lock_registrations();
    close_finished(&table);
    let metadata = fs::metadata(path)?;
    let mut parked = parked(&table);
    let found = parked.iter().find(|parked| parked.is_of(identity(&metadata)));
    if let Some(file) = found.and_then(CheckedFd::get) {
        return Ok((metadata, Some(details(file)?)));
    }
    // O_NONBLOCK: somebody may hold a lease on the queue, which would otherwise be waited for.
    let file = match OpenOptions::new().read(true).custom_flags(sys::O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if is_closed_to_us(&error) => return Ok((metadata, None)),
        Err(error) => return Err(error),
    };
    let details = details(&file);
    // Of another queue than above, if it was made anew in between.
    let metadata = file.metadata();
    if may_be_ours(&details) {
        let queue = metadata.as_ref().map_or((0, 0), identity);
        parked.push(CheckedFd::new(file, queue));
    } else {
        // Before the lock is given back.
        drop(file);
    }
    Ok((metadata?, Some(details?)))
}

/// Closes what was parked for a registration that has ended.
pub(crate) fn close_finished(table: &Registrations) {
    parked(table).retain(|parked| parked.get().is_some_and(|file| may_be_ours(&details(file))));
}

fn parked(_: &Registrations) -> MutexGuard<'static, Vec<CheckedFd<File>>> {
    PARKED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

fn is_closed_to_us(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(sys::EACCES | sys::EPERM | sys::EAGAIN))
}

fn details(file: &File) -> io::Result<Details> {
    let attributes = Attributes::new(&sys::mq_getattr(file.as_fd())?);
    let mut text = [0; 128];
    let length = file.read_at(&mut text, 0)?;
    let text = text.get(..length).and_then(|text| str::from_utf8(text).ok());
    let (bytes, registration) =
        text.and_then(entry::parse).ok_or_else(|| io::Error::from_raw_os_error(libc::EPROTO))?;
    let attributes = Attributes { nonblocking: false, ..attributes };
    Ok(Details { attributes, bytes, registration })
}

/// Whether to close the file could cancel a registration of this process. What cannot be read
/// might be; what is no queue, `EBADF`, is not.
fn may_be_ours(details: &io::Result<Details>) -> bool {
    match details {
        Ok(details) => details.registration.is_some_and(|r| r.pid == Some(process::id())),
        Err(error) => error.raw_os_error() != Some(sys::EBADF),
    }
}
