//! The file of `--svg`: known to be writable before anything is measured, and never left empty.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};

/// A file that is to be written. One that this made is removed unless it is.
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
            // What it holds stays until there is something better.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                File::options().write(true).open(path)
            }
            outcome => outcome,
        };
        let file = file.map_err(|error| file_failure(path, &error))?;
        Ok(Self { path, file, is_new })
    }

    pub(super) fn write(mut self, text: &str) -> Outcome {
        self.replace(text).map_err(|error| file_failure(self.path, &error))?;
        self.is_new = false;
        Ok(())
    }

    fn replace(&mut self, text: &str) -> io::Result<()> {
        // A pipe or a device has no length.
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

fn file_failure(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::Other, format!("{}: {error}", path.display()))
}
