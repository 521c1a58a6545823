//! A queue's name as it is typed: any bytes, checked before anything is done.

use std::ffi::{OsStr, OsString};

use clap::builder::{OsStringValueParser, TypedValueParser};
use posix_mqueue::QueueName;

use crate::display::sanitize;

/// The parser of every argument that is a name.
pub(crate) fn parser() -> impl TypedValueParser<Value = QueueName> {
    OsStringValueParser::new().try_map(|typed| parse(&typed))
}

/// Names of scripts are bytes; what is wrong with one is said before anything is opened.
fn parse(typed: &OsStr) -> Result<QueueName, String> {
    QueueName::new(typed).map_err(|error| {
        let why = error.explanation().unwrap_or("it names no queue");
        match with_slash(typed) {
            Some(name) => format!("{why}; did you mean {}?", sanitize::name(name.as_os_str())),
            None => why.to_owned(),
        }
    })
}

/// The same name with the slash that was forgotten, if that is all that is wrong.
fn with_slash(typed: &OsStr) -> Option<QueueName> {
    let mut name = OsString::from("/");
    name.push(typed);
    QueueName::new(name).ok()
}
