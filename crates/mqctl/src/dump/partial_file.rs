//! A file that is named `FILE.partial` until it is complete and is then renamed atomically.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::display::sanitize;
use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};

#[derive(Debug)]
pub(crate) struct PartialFile {
    file: File,
    partial: PathBuf,
    path: PathBuf,
    replace: bool,
    /// The bytes of all complete appends.
    length: u64,
}

impl PartialFile {
    /// Creates `PATH.partial`. Fails if that file exists, since it may have the only copy of its
    /// messages, or if `path` exists and `replace` is false.
    pub(crate) fn create(path: &Path, replace: bool) -> Outcome<Self> {
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => {
                return Err(exists_failure(
                    path,
                    "it is not a regular file; use - for standard output",
                ));
            }
            Ok(_) if !replace => return Err(exists_failure(path, "use --force to replace it")),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::for_file(path, error));
            }
            _ => {}
        }
        let mut partial = OsString::from(path);
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        match OpenOptions::new().append(true).create_new(true).mode(0o600).open(&partial) {
            Ok(file) => Ok(Self { file, partial, path: path.to_owned(), replace, length: 0 }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let text = "another drain is running, or was interrupted and left messages in it; \
                            use restore --partial to send them";
                Err(exists_failure(&partial, text))
            }
            Err(error) => Err(Failure::for_file(&partial, error)),
        }
    }

    /// Appends all bytes or none.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Outcome {
        if let Err(error) = self.file.write_all(bytes) {
            // If this fails too, the rest reads as truncated.
            let _ = self.file.set_len(self.length);
            return Err(Failure::for_file(&self.partial, error));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Syncs the file and renames it.
    pub(crate) fn finish(&self) -> Outcome {
        self.file.sync_all().map_err(|error| Failure::for_file(&self.partial, error))?;
        self.rename()?;
        // The rename is durable once the directory is synced. Some file systems cannot sync
        // directories; that is not an error of this file.
        let directory = self.path.parent().filter(|directory| !directory.as_os_str().is_empty());
        let _ = File::open(directory.unwrap_or(Path::new(".")))
            .and_then(|directory| directory.sync_all());
        Ok(())
    }

    fn rename(&self) -> Outcome {
        let flags = if self.replace { RenameFlags::empty() } else { RenameFlags::NOREPLACE };
        match renameat_with(CWD, &self.partial, CWD, &self.path, flags) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => Err(exists_failure(&self.path, "another process created it")),
            // Not every file system supports RENAME_NOREPLACE.
            Err(Errno::INVAL | Errno::NOSYS) if !self.path.exists() => {
                fs::rename(&self.partial, &self.path)
                    .map_err(|error| Failure::for_file(&self.path, error))
            }
            Err(error) => Err(Failure::for_file(&self.path, io::Error::from(error))),
        }
    }

    /// Removes the partial file, which has no messages.
    pub(crate) fn discard(&self) {
        let _ = fs::remove_file(&self.partial);
    }

    /// The path before `finish`, for messages.
    pub(crate) fn shown_partial(&self) -> String {
        sanitize::name(self.partial.as_os_str())
    }

    /// The path after `finish`, for messages.
    pub(crate) fn shown_path(&self) -> String {
        sanitize::name(self.path.as_os_str())
    }
}

fn exists_failure(path: &Path, text: &str) -> Failure {
    Failure::for_file(path, format!("exists; {text}")).with_code(Code::Refused)
}
