//! How messages look on standard output.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use posix_mqueue::Message;
use serde_json::{Map, Value, json};

use crate::display::sanitize;
use crate::failure::{Failure, Outcome};
use crate::messages::hex;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// The bytes and nothing else
    Raw,
    /// A line feed behind each
    Lines,
    /// A NUL byte behind each
    Null,
    /// Its length before each, in four bytes, the highest first
    LengthPrefixed,
    /// An object a line, with the priority; bytes that are no text as data_base64
    Json,
    /// Hexadecimal digits, a line for each
    Hex,
    /// Base64, a line for each
    Base64,
}

/// A format, and what goes with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageFormatter {
    pub(crate) format: Format,
    /// Whether the priority and a tab come first.
    pub(crate) with_priority: bool,
    /// Whether a terminal is to be kept safe from the bytes.
    pub(crate) for_terminal: bool,
}

impl MessageFormatter {
    /// Refuses a priority where there is no place for it.
    pub(crate) fn validate(self) -> Outcome {
        match self.format {
            Format::Raw | Format::LengthPrefixed if self.with_priority => Err(Failure::usage(
                "--priority needs a format that has a place for it: --format json, lines or hex",
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn format(self, message: &Message) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(message.data.len() + 8);
        if self.with_priority && self.format != Format::Json {
            bytes.extend_from_slice(format!("{}\t", message.priority).as_bytes());
        }
        match self.format {
            Format::Raw | Format::Lines | Format::Null if self.for_terminal => {
                bytes.extend_from_slice(sanitize::bytes(&message.data).as_bytes());
                bytes.push(b'\n');
            }
            Format::Raw => bytes.extend_from_slice(&message.data),
            Format::Lines => {
                bytes.extend_from_slice(&message.data);
                bytes.push(b'\n');
            }
            Format::Null => {
                bytes.extend_from_slice(&message.data);
                bytes.push(0);
            }
            Format::LengthPrefixed => {
                // No message is longer than 16 MiB.
                let length = u32::try_from(message.data.len()).unwrap_or(u32::MAX);
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(&message.data);
            }
            Format::Json => push_line(&mut bytes, &to_json(message).to_string()),
            Format::Hex => push_line(&mut bytes, &hex::encode(&message.data)),
            Format::Base64 => push_line(&mut bytes, &BASE64_STANDARD.encode(&message.data)),
        }
        bytes
    }
}

fn push_line(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(b'\n');
}

fn to_json(message: &Message) -> Value {
    let mut object = Map::new();
    object.insert("priority".to_owned(), json!(message.priority));
    match std::str::from_utf8(&message.data) {
        Ok(text) => object.insert("data".to_owned(), json!(text)),
        Err(_) => {
            object.insert("data_base64".to_owned(), json!(BASE64_STANDARD.encode(&message.data)))
        }
    };
    object.into()
}
