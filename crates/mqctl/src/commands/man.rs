//! `mqctl man`

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Command;

use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};

/// Write the manual pages into a folder
///
/// mqctl.1, and a page for each verb, such as mqctl-ls.1. `man -l FOLDER/mqctl.1` shows one; in
/// /usr/local/share/man/man1 or ~/.local/share/man/man1 they are found by name.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Made if need be
    directory: PathBuf,
}

impl Args {
    pub(crate) fn run(self, definition: Command) -> Outcome {
        self.write(definition).map_err(|error| {
            Failure::new(Code::Other, format!("{}: {error}", self.directory.display()))
        })
    }

    fn write(&self, definition: Command) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        clap_mangen::generate_to(definition, &self.directory)?;
        // What follows the options in the help is the exit codes, whose section has a usual name.
        let first = self.directory.join("mqctl.1");
        let page = fs::read_to_string(&first)?.replace("\n.SH EXTRA\n", "\n.SH EXIT STATUS\n");
        fs::write(first, page)
    }
}
