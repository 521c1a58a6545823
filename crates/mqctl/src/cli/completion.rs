//! Shell completion of verbs, options and queue names.

use std::ffi::OsStr;

use clap::Command;
use clap::builder::ValueParser;
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use posix_mqueue::QueueName;

use crate::display::sanitize;

/// The environment variable that a shell sets to ask for candidates. `mqctl completions` prints the
/// shell's side.
pub(crate) const VARIABLE: &str = "MQCTL_COMPLETE";

/// If a shell asks for candidates, answers it from the command's definition and ends the process.
pub(crate) fn answer(definition: fn() -> Command) {
    // All shells but bash quote the candidate that they insert.
    let quotes = std::env::var_os(VARIABLE).is_some_and(|shell| shell != "bash");
    CompleteEnv::with_factory(|| with_names(definition(), quotes)).var(VARIABLE).complete();
}

/// Adds completion of existing queues to every argument that is a queue name.
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

/// Returns the queues whose names start with `typed`, or none if queues cannot be listed.
fn queues(typed: &OsStr, quotes: bool) -> Vec<CompletionCandidate> {
    let names = posix_mqueue::list_queues().unwrap_or_default();
    // The shell passes the word with its quoting.
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

/// Whether a character needs no quoting in any shell and does not end a word.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "/._-+,%".contains(c)
}

/// Whether a character is safe on a terminal. Candidates are lines, so it is not a line feed.
fn is_shown(c: char) -> bool {
    !sanitize::is_unsafe(c)
}
