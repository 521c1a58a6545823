//! Queue names, as users type them: any bytes, validated before anything is opened.

use std::ffi::{OsStr, OsString};

use clap::builder::{OsStringValueParser, TypedValueParser};
use posix_mqueue::QueueName;

use crate::display::sanitize;

/// The parser of every queue name argument. Completion recognizes arguments by its value type.
pub(crate) fn parser() -> impl TypedValueParser<Value = QueueName> {
    OsStringValueParser::new().try_map(|typed| parse(&typed))
}

/// Takes an `OsStr` because names need not be UTF-8.
fn parse(typed: &OsStr) -> Result<QueueName, String> {
    QueueName::new(typed).map_err(|error| {
        let why = error.explanation().unwrap_or("invalid queue name");
        match with_slash(typed) {
            Some(name) => format!("{why}; did you mean {}?", sanitize::name(name.as_os_str())),
            None => why.to_owned(),
        }
    })
}

/// Returns the name with a slash added, if that makes it valid.
fn with_slash(typed: &OsStr) -> Option<QueueName> {
    let mut name = OsString::from("/");
    name.push(typed);
    QueueName::new(name).ok()
}
