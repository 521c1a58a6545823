//! What a shell is offered on Tab: verbs, options, and the names of queues.

use std::ffi::OsStr;

use clap::builder::ValueParser;
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use posix_mqueue::QueueName;

use crate::args::Mqctl;

/// The variable by which a shell's function asks; `mqctl completions` prints the function.
pub(crate) const VARIABLE: &str = "MQCTL_COMPLETE";

/// Answers the shell and ends the process, if it is a shell that asks.
pub(crate) fn answer() {
    CompleteEnv::with_factory(definition).var(VARIABLE).complete();
}

/// All that can be typed, where every argument that is a queue's name knows the queues there are.
fn definition() -> Command {
    with_names(Mqctl::command())
}

fn with_names(command: Command) -> Command {
    command.mut_args(with_queues).mut_subcommands(with_names)
}

fn with_queues(arg: Arg) -> Arg {
    if is_name(arg.get_value_parser()) { arg.add(ArgValueCompleter::new(queues)) } else { arg }
}

fn is_name(parser: &ValueParser) -> bool {
    parser.type_id() == std::any::TypeId::of::<QueueName>()
}

/// The queues whose names go on as typed. Where they cannot be listed there are none to offer.
fn queues(typed: &OsStr) -> Vec<CompletionCandidate> {
    let names = posix_mqueue::list_queues().unwrap_or_default();
    let can_be_offered = |name: &QueueName| {
        let text = name.as_os_str().to_str();
        // It is shown on a terminal as it is, and one line is one candidate.
        text.is_some_and(|text| !text.chars().any(char::is_control))
            && name.as_os_str().as_encoded_bytes().starts_with(typed.as_encoded_bytes())
    };
    names.iter().filter(|name| can_be_offered(name)).map(CompletionCandidate::new).collect()
}
