//! `mqctl man`

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Command;

use crate::failure::{Failure, Outcome};

/// Write the manual pages
///
/// Writes mqctl.1 and a page for each verb, such as mqctl-ls.1. `man -l DIRECTORY/mqctl.1` shows a
/// page. Pages in /usr/local/share/man/man1 or ~/.local/share/man/man1 are found by name.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory to write to; created if missing
    directory: PathBuf,
}

impl Args {
    pub(crate) fn run(self, definition: Command) -> Outcome {
        self.write(definition).map_err(|error| Failure::for_file(&self.directory, error))
    }

    fn write(&self, definition: Command) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        clap_mangen::generate_to(definition, &self.directory)?;
        // clap_mangen puts the exit codes into a section EXTRA; manual pages call it EXIT STATUS.
        let first = self.directory.join("mqctl.1");
        let page = fs::read_to_string(&first)?.replace("\n.SH EXTRA\n", "\n.SH EXIT STATUS\n");
        fs::write(first, page)
    }
}
