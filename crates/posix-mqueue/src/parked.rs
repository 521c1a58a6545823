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
use std::mem;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use crate::attributes::Attributes;
use crate::entry::{self, Details};
use crate::notify::{self, Table};
use crate::sys;

/// Not [`PerProcess`](crate::fork::PerProcess): a child has to close what it inherits. Locked only
/// by who holds the registrations, so never during a fork.
static PARKED: Mutex<Vec<Parked>> = Mutex::new(Vec::new());

struct Parked {
    /// Device and inode.
    queue: (u64, u64),
    file: File,
}

impl Parked {
    /// Not so once the program has closed every descriptor that it has.
    fn is_still_open(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| identity(&metadata) == self.queue)
    }

    fn close(self) {
        if !self.is_still_open() {
            // The number is another file's by now, or will be.
            mem::forget(self.file);
        }
    }
}

/// The queue at this path; no details where this process may not read it.
pub(crate) fn read(path: &Path) -> io::Result<(Metadata, Option<Details>)> {
    let table = notify::hold();
    close_finished(&table);
    let metadata = fs::metadata(path)?;
    let mut parked = parked(&table);
    if let Some(parked) = parked.iter().find(|parked| parked.queue == identity(&metadata)) {
        return Ok((metadata, Some(details(&parked.file)?)));
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
        close_in_children();
        let queue = metadata.as_ref().map_or((0, 0), identity);
        parked.push(Parked { queue, file });
    } else {
        // Before the lock is given back.
        drop(file);
    }
    Ok((metadata?, Some(details?)))
}

/// Closes what was parked for a registration that has ended.
pub(crate) fn close_finished(table: &Table) {
    let is_finished =
        |parked: &mut Parked| !parked.is_still_open() || !may_be_ours(&details(&parked.file));
    parked(table).extract_if(.., is_finished).for_each(Parked::close);
}

fn parked(_: &Table) -> MutexGuard<'static, Vec<Parked>> {
    PARKED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn identity(metadata: &Metadata) -> (u64, u64) {
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

/// A child is registered for nothing. It closes what it inherits before it does anything else, so
/// that no number can have become another file's.
fn close_in_children() {
    extern "C" fn nothing() {}
    extern "C" fn child() {
        let mut parked = PARKED.lock().unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut *parked).into_iter().for_each(Parked::close);
    }
    static HANDLER: Once = Once::new();
    HANDLER.call_once(|| {
        // It fails only for want of memory; then children keep them open.
        let _ = sys::pthread_atfork(nothing, nothing, child);
    });
}
