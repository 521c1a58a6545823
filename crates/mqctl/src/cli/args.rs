//! The command line: the verbs and the common options.

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::cli::completion;
use crate::commands::{
    bench, chmod, chown, completions, create, drain, info, limits, ls, man, metrics, r#move, recv,
    restore, rm, send, tee, top, wait,
};
use crate::failure::Outcome;
use crate::failure::exit_code;

/// Manage POSIX message queues
#[derive(Debug, Parser)]
#[command(name = "mqctl", version, after_long_help = exit_code::HELP, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Mqctl {
    #[command(subcommand)]
    verb: Verb,
}

/// One line for each verb; the rest is in its file in `commands`.
#[derive(Debug, Subcommand)]
enum Verb {
    Bench(bench::Args),
    Chmod(chmod::Args),
    Chown(chown::Args),
    Completions(completions::Args),
    Create(create::Args),
    Drain(drain::Args),
    Info(info::Args),
    Limits(limits::Args),
    Ls(ls::Args),
    Man(man::Args),
    Metrics(metrics::Args),
    Move(r#move::Args),
    Recv(recv::Args),
    Restore(restore::Args),
    Rm(rm::Args),
    Send(send::Args),
    Tee(tee::Args),
    Top(top::Args),
    Wait(wait::Args),
}

impl Mqctl {
    pub(crate) fn run(self) -> Outcome {
        match self.verb {
            Verb::Bench(args) => args.run(),
            Verb::Chmod(args) => args.run(),
            Verb::Chown(args) => args.run(),
            Verb::Completions(args) => args.run(completion::VARIABLE),
            Verb::Create(args) => args.run(),
            Verb::Drain(args) => args.run(),
            Verb::Info(args) => args.run(),
            Verb::Limits(args) => args.run(),
            Verb::Ls(args) => args.run(),
            Verb::Man(args) => args.run(Self::command()),
            Verb::Metrics(args) => args.run(),
            Verb::Move(args) => args.run(),
            Verb::Recv(args) => args.run(),
            Verb::Restore(args) => args.run(),
            Verb::Rm(args) => args.run(),
            Verb::Send(args) => args.run(),
            Verb::Tee(args) => args.run(),
            Verb::Top(args) => args.run(),
            Verb::Wait(args) => args.run(),
        }
    }
}
