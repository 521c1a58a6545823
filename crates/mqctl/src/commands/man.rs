//! `mqctl man`

use std::fs;
use std::path::PathBuf;

use clap::CommandFactory as _;

use crate::args::Mqctl;
use crate::exit_code::Code;
use crate::failure::{Failure, Outcome};

/// Write the manual pages into a folder
///
/// mqctl.1, and a page for each verb, such as mqctl-ls.1. `man -l FOLDER/mqctl.1` shows one; in
/// /usr/local/share/man/man1 or ~/.local/share/man/man1 they are found by name.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Made if need be
    folder: PathBuf,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        fs::create_dir_all(&self.folder)
            .and_then(|()| clap_mangen::generate_to(Mqctl::command(), &self.folder))
            .map_err(|error| {
                Failure::new(Code::Failed, format!("{}: {error}", self.folder.display()))
            })
    }
}
