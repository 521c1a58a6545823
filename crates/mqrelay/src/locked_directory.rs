//! A state directory that belongs to one process and that other users cannot read.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Creates the directory if it is missing, and locks it until the returned file is dropped.
///
/// A new directory has mode 0700: it will contain messages that other users may not be allowed to
/// receive. An existing directory keeps its mode.
pub(crate) fn lock(directory: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let lock = File::create(directory.join("lock"))?;
    lock.try_lock().map_err(|_| {
        io::Error::other(
            "another process uses this directory; give each relay a directory of its own",
        )
    })?;
    Ok(lock)
}
