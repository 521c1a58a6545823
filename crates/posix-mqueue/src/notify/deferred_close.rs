//! Reading a queue's file without ending this process's own notification.
//!
//! Closing any descriptor of a queue cancels the registration that the process has for the queue.
//! The registration can only be read through such a descriptor. So if the file shows that this
//! process may be registered, the close is *deferred*: the descriptor serves later readings, and is
//! closed once the registration belongs to another process or has ended.
//!
//! Between that reading and the close, no thread may register. So every function here runs under
//! the lock of the registrations, which `notification` takes too.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::checked_fd::CheckedFd;
use super::registrations::{Registrations, lock_registrations};
use crate::attributes::Attributes;
use crate::details::{self, Details};
use crate::identity::Identity;
use crate::sys;

/// Not [`PerProcess`](crate::fork::PerProcess): a child closes the descriptors that it inherits,
/// when it first reads a queue. Only a thread with the lock of the registrations takes this lock,
/// so no thread holds it during a fork.
static DEFERRED: Mutex<Vec<CheckedFd<File>>> = Mutex::new(Vec::new());

/// The queue at this path. There are no details if this process may not read it.
pub(crate) fn read_queue_file(path: &Path) -> io::Result<(Metadata, Option<Details>)> {
    let table = lock_registrations();
    close_expired(&table);
    let metadata = fs::metadata(path)?;
    let mut deferred = lock_deferred(&table);
    let found = deferred.iter().find(|file| file.is_of(Identity::from(&metadata)));
    if let Some(file) = found.and_then(CheckedFd::get) {
        return Ok((metadata, Some(read_details(file)?)));
    }
    // O_NONBLOCK: open would wait for a process that holds a lease on the queue.
    let file = match OpenOptions::new().read(true).custom_flags(sys::O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if is_access_denied(&error) => return Ok((metadata, None)),
        Err(error) => return Err(error),
    };
    let details = read_details(&file);
    // The name may have got a new queue since the first look at the metadata.
    let metadata = file.metadata();
    if may_hold_registration(&details) {
        // Of no file, an identity that is not known: the descriptor then stays open, unused.
        let unknown = Identity { device: 0, inode: 0 };
        let identity = metadata.as_ref().map_or(unknown, Identity::from);
        deferred.push(CheckedFd::new(file, identity));
    } else {
        // Before the lock is released.
        drop(file);
    }
    Ok((metadata?, Some(details?)))
}

/// Closes the descriptors that were kept open for a registration that has ended.
pub(super) fn close_expired(table: &Registrations) {
    lock_deferred(table)
        .retain(|each| each.get().is_some_and(|file| may_hold_registration(&read_details(file))));
}

fn lock_deferred(_: &Registrations) -> MutexGuard<'static, Vec<CheckedFd<File>>> {
    DEFERRED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_access_denied(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(sys::EACCES | sys::EPERM | sys::EAGAIN))
}

fn read_details(file: &File) -> io::Result<Details> {
    let attributes = Attributes::new(&sys::mq_getattr(file.as_fd())?);
    let mut text = [0; 128];
    let length = file.read_at(&mut text, 0)?;
    let text = text.get(..length).and_then(|text| str::from_utf8(text).ok());
    let (bytes, registration) =
        text.and_then(details::parse).ok_or_else(|| io::Error::from_raw_os_error(libc::EPROTO))?;
    let attributes = Attributes { nonblocking: false, ..attributes };
    Ok(Details { attributes, bytes, registration })
}

/// Whether closing the file could cancel a registration of this process. A file that cannot be read
/// could; a file that is not a queue (`EBADF`) could not.
fn may_hold_registration(details: &io::Result<Details>) -> bool {
    match details {
        Ok(details) => details.registration.is_some_and(|r| r.pid == Some(process::id())),
        Err(error) => error.raw_os_error() != Some(sys::EBADF),
    }
}
