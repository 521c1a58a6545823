//! A directory that belongs to one relay: nobody else can read it, no other process has it.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Makes it, if need be, and locks it for as long as what is returned lives.
///
/// What is made is readable for its owner alone, since messages are kept in it that others may not
/// be allowed to receive. What is there keeps its mode.
pub(crate) fn lock(directory: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let lock = File::create(directory.join("lock"))?;
    lock.try_lock().map_err(|_| {
        io::Error::other("another process has it; two relays need a directory each")
    })?;
    Ok(lock)
}
