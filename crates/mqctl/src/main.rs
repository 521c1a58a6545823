//! `mqctl`: a POSIX message queue's whole life from the shell.
//!
//! `args.rs` says what can be typed, `commands` has a file for each verb, `exit_code.rs` what the
//! shell is told, `failure.rs` what the user is told.

mod account;
mod args;
mod blocks;
mod commands;
mod completion;
mod counted;
mod delivery;
mod dump;
mod exit_code;
mod failure;
mod format;
mod hand;
mod hex;
mod mode;
mod opened;
mod output;
mod partial_file;
mod passing;
mod progress;
mod queue_name;
mod record;
mod records;
mod sanitize;
mod several;
mod signals;
mod size;
mod table;
mod target;
mod waiting;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use signal_hook::consts::SIGXFSZ;

fn main() -> ExitCode {
    completion::answer();
    // A file that may not grow is an error of the write, not the end of who has a message in hand.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    match args::Mqctl::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
