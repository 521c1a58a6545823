//! `mqctl`: a POSIX message queue's whole life from the shell.
//!
//! `args.rs` says what can be typed, `commands` has a file for each verb, `exit_code.rs` what the
//! shell is told, `failure.rs` what the user is told.

mod args;
mod blocks;
mod commands;
mod exit_code;
mod failure;
mod output;
mod queue_name;
mod sanitize;
mod size;
mod waiting;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match args::Mqctl::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
