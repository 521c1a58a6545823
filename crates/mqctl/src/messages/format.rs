//! Output formats of messages.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use posix_mqueue::Message;
use serde_json::{Map, Value, json};

use crate::display::sanitize;
use crate::failure::{Failure, Outcome};
use crate::messages::hex;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Only the bytes
    Raw,
    /// A line feed after each message
    Lines,
    /// A NUL byte after each message
    Null,
    /// A length of 4 bytes, big-endian, before each message
    LengthPrefixed,
    /// One JSON object per line, with the priority; data that is not UTF-8 as data_base64
    Json,
    /// Hexadecimal digits, one line per message
    Hex,
    /// Base64, one line per message
    Base64,
}

/// Formats messages for standard output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageFormatter {
    pub(crate) format: Format,
    /// Whether to write the priority and a tab first.
    pub(crate) with_priority: bool,
    /// Whether to escape the bytes for a terminal.
    pub(crate) for_terminal: bool,
}

impl MessageFormatter {
    /// Rejects a priority in formats that cannot show it.
    pub(crate) fn validate(self) -> Outcome {
        match self.format {
            Format::Raw | Format::LengthPrefixed if self.with_priority => Err(Failure::usage(
                "--priority needs a format that can show it: use --format json, lines or hex",
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
                // The kernel limits messages to 16 MiB.
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
