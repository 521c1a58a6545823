//! `mqctl`: manage POSIX message queues from the shell.
//!
//! `cli` defines the command line, and `commands` has a file for each verb. The verbs use `values`
//! (what users type), `queue`, `messages` and `dump` (the work), `failure` (how the program ends) and
//! `display` (what users see).

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
    // RLIMIT_FSIZE must make a write fail. The default action of SIGXFSZ would kill the program
    // while it holds an in-flight message.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    match Mqctl::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
