//! What a shell is offered on Tab: verbs, options, and the names of queues.

use std::ffi::OsStr;

use clap::Command;
use clap::builder::ValueParser;
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use posix_mqueue::QueueName;

use crate::display::sanitize;

/// The variable by which a shell's function asks; `mqctl completions` prints the function.
pub(crate) const VARIABLE: &str = "MQCTL_COMPLETE";

/// If a shell asks for candidates, answers it from the command's definition and ends the process.
pub(crate) fn answer(definition: fn() -> Command) {
    // The other shells quote what they insert.
    let quotes = std::env::var_os(VARIABLE).is_some_and(|shell| shell != "bash");
    CompleteEnv::with_factory(|| with_names(definition(), quotes)).var(VARIABLE).complete();
}

/// All that can be typed, where every argument that is a queue's name knows the queues there are.
fn with_names(command: Command, quotes: bool) -> Command {
    command
        .mut_args(|arg| {
            if !is_name(arg.get_value_parser()) {
                return arg;
            }
            arg.add(ArgValueCompleter::new(move |typed: &OsStr| queues(typed, quotes)))
        })
        .mut_subcommands(|verb| with_names(verb, quotes))
}

fn is_name(parser: &ValueParser) -> bool {
    parser.type_id() == std::any::TypeId::of::<QueueName>()
}

/// The queues whose names go on as typed. Where they cannot be listed there are none to offer.
fn queues(typed: &OsStr, quotes: bool) -> Vec<CompletionCandidate> {
    let names = posix_mqueue::list_queues().unwrap_or_default();
    // A word is given as it was typed.
    let typed = unquoted(typed);
    let can_be_offered = |name: &QueueName| {
        let text = name.as_os_str().to_str();
        text.is_some_and(|text| text.chars().all(|c| is_plain(c) || quotes && is_shown(c)))
            && unquoted(name.as_os_str()).starts_with(&typed)
    };
    names.iter().filter(|name| can_be_offered(name)).map(CompletionCandidate::new).collect()
}

fn unquoted(word: &OsStr) -> Vec<u8> {
    word.as_encoded_bytes().iter().copied().filter(|byte| !b"\\'\"".contains(byte)).collect()
}

/// It stands for itself in every shell, and is part of a word.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "/._-+,%".contains(c)
}

/// It can be written to a terminal, and candidates are lines.
fn is_shown(c: char) -> bool {
    !sanitize::is_unsafe(c)
}
