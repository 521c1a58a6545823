//! The file of `--svg`. It is opened before measuring, and a new file is removed if unused.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use crate::failure::{Failure, Outcome};

/// The open file. If it is new, it is removed when dropped unless it has been written.
#[derive(Debug)]
pub(super) struct SvgFile<'a> {
    path: &'a Path,
    file: File,
    is_new: bool,
}

impl<'a> SvgFile<'a> {
    pub(super) fn open(path: &'a Path) -> Outcome<Self> {
        let new = File::options().write(true).create_new(true).open(path);
        let is_new = new.is_ok();
        let file = match new {
            // Do not truncate an existing file before there is new content.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                File::options().write(true).open(path)
            }
            outcome => outcome,
        };
        let file = file.map_err(|error| Failure::for_file(path, error))?;
        Ok(Self { path, file, is_new })
    }

    pub(super) fn write(mut self, text: &str) -> Outcome {
        self.replace(text).map_err(|error| Failure::for_file(self.path, error))?;
        self.is_new = false;
        Ok(())
    }

    fn replace(&mut self, text: &str) -> io::Result<()> {
        // Only regular files can be truncated.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write_all(text.as_bytes())
    }
}

impl Drop for SvgFile<'_> {
    fn drop(&mut self) {
        if self.is_new {
            let _ = fs::remove_file(self.path);
        }
    }
}
