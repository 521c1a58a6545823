//! `mqctl`: a POSIX message queue's whole life from the shell.
//!
//! `args.rs` says what can be typed, `commands` has a file for each verb, `exit_code.rs` what the
//! shell is told, `failure.rs` what the user is told.

mod account;
mod args;
mod blocks;
mod commands;
mod completion;
mod exit_code;
mod failure;
mod mode;
mod opened;
mod output;
mod queue_name;
mod record;
mod sanitize;
mod several;
mod size;
mod table;
mod waiting;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    completion::answer();
    match args::Mqctl::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
