//! What can be typed: the verbs, and the options that all of them have.

use clap::{Parser, Subcommand};

use crate::commands::{bench, create, metrics, rm};
use crate::exit_code;
use crate::failure::Outcome;

/// POSIX message queues from the shell: create, look, send, receive, save, remove
#[derive(Debug, Parser)]
#[command(name = "mqctl", version, after_long_help = exit_code::HELP, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Mqctl {
    #[command(subcommand)]
    verb: Verb,
}

/// A line for each verb; its file in `commands` has the rest.
#[derive(Debug, Subcommand)]
enum Verb {
    Bench(bench::Args),
    Create(create::Args),
    Metrics(metrics::Args),
    Rm(rm::Args),
}

impl Mqctl {
    pub(crate) fn run(self) -> Outcome {
        match self.verb {
            Verb::Bench(args) => args.run(),
            Verb::Create(args) => args.run(),
            Verb::Metrics(args) => args.run(),
            Verb::Rm(args) => args.run(),
        }
    }
}
