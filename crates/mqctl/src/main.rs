//! `mqctl`: a POSIX message queue's whole life from the shell.
//!
//! `cli` has the definition of the command line, `commands` a file for each verb, `failure` how the
//! program ends. `values` are typed, `display` is shown, `queue` and `messages` do the work.

mod cli;
mod commands;
mod display;
mod dump;
mod failure;
mod messages;
mod queue;
mod values;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser as _};
use cli::args::Mqctl;
use cli::completion;
use signal_hook::consts::SIGXFSZ;

fn main() -> ExitCode {
    completion::answer(Mqctl::command);
    // A file that may not grow is an error of the write, not the end of who has a message in hand.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    match Mqctl::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
