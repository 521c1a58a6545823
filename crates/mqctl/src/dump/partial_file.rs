//! A file that is `FILE.partial` until it is whole, and takes its name at once.

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
    /// Bytes of what was written whole.
    length: u64,
}

impl PartialFile {
    /// Makes `PATH.partial`. Nothing that exists is touched: not an older one of these, which may
    /// be all that is left of what it holds, nor the file, unless it is to be replaced in the end.
    pub(crate) fn create(path: &Path, replace: bool) -> Outcome<Self> {
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => {
                return Err(exists_failure(
                    path,
                    "it is no regular file; - writes to standard output",
                ));
            }
            Ok(_) if !replace => return Err(exists_failure(path, "--force replaces it")),
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
                let text = "it is of a drain that is running, or did not come to its end and left \
                            messages in it; restore --partial sends them";
                Err(exists_failure(&partial, text))
            }
            Err(error) => Err(Failure::for_file(&partial, error)),
        }
    }

    /// Appends all of it, or nothing.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Outcome {
        if let Err(error) = self.file.write_all(bytes) {
            // A part of it is no harm: it is read as cut.
            let _ = self.file.set_len(self.length);
            return Err(Failure::for_file(&self.partial, error));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Has it on the disk and gives it its name.
    pub(crate) fn finish(&self) -> Outcome {
        self.file.sync_all().map_err(|error| Failure::for_file(&self.partial, error))?;
        self.rename()?;
        // The name is on the disk with its folder. Where folders cannot be synced, that is known
        // to whoever chose the file system.
        let directory = self.path.parent().filter(|directory| !directory.as_os_str().is_empty());
        let _ = File::open(directory.unwrap_or(Path::new(".")))
            .and_then(|directory| directory.sync_all());
        Ok(())
    }

    fn rename(&self) -> Outcome {
        let flags = if self.replace { RenameFlags::empty() } else { RenameFlags::NOREPLACE };
        match renameat_with(CWD, &self.partial, CWD, &self.path, flags) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => Err(exists_failure(&self.path, "it was made meanwhile")),
            // Not every file system can refuse to replace.
            Err(Errno::INVAL | Errno::NOSYS) if !self.path.exists() => {
                fs::rename(&self.partial, &self.path)
                    .map_err(|error| Failure::for_file(&self.path, error))
            }
            Err(error) => Err(Failure::for_file(&self.path, io::Error::from(error))),
        }
    }

    /// Removes it: nothing is in it.
    pub(crate) fn discard(&self) {
        let _ = fs::remove_file(&self.partial);
    }

    /// Where it is before it is finished.
    pub(crate) fn shown_partial(&self) -> String {
        sanitize::name(self.partial.as_os_str())
    }

    /// Where it is then.
    pub(crate) fn shown_path(&self) -> String {
        sanitize::name(self.path.as_os_str())
    }
}

fn exists_failure(path: &Path, text: &str) -> Failure {
    Failure::for_file(path, format!("exists; {text}")).with_code(Code::Refused)
}
