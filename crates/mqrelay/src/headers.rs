//! Message headers: names, values of outbound messages, and the priority of inbound ones.

use std::fmt::Write;

use async_nats::HeaderMap;
use posix_mqueue::{PRIORITY_MAX, QueueName};

use crate::error::{Error, Result};
use crate::journal::Record;

pub(crate) const PRIORITY: &str = "Mq-Priority";
pub(crate) const HOST: &str = "Mq-Host";
pub(crate) const QUEUE: &str = "Mq-Queue";
pub(crate) const TIME: &str = "Mq-Time";
pub(crate) const REASON: &str = "Mq-Reason";
pub(crate) const SUBJECT: &str = "Mq-Subject";

/// The header values that all messages of a route share.
#[derive(Debug)]
pub(crate) struct Origin {
    host: String,
    queue: String,
    journal_id: u64,
}

impl Origin {
    pub(crate) fn new(host: &str, queue: &QueueName, journal_id: u64) -> Self {
        let queue = percent_encode(queue.as_os_str().as_encoded_bytes());
        Self { host: percent_encode(host.as_bytes()), queue, journal_id }
    }

    /// Returns the headers of one message.
    pub(crate) fn headers(&self, record: &Record) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(async_nats::header::NATS_MESSAGE_ID, self.message_id(record.sequence));
        headers.insert(PRIORITY, record.priority.to_string());
        headers.insert(HOST, self.host.as_str());
        headers.insert(QUEUE, self.queue.as_str());
        let (seconds, nanoseconds) = (record.time / 1_000_000_000, record.time % 1_000_000_000);
        headers.insert(TIME, format!("{seconds}.{nanoseconds:09}"));
        headers
    }

    /// Returns the id by which the server detects a message that is published again.
    fn message_id(&self, sequence: u64) -> String {
        format!("{:016x}-{sequence}", self.journal_id)
    }
}

/// Parses the priority header; `default` if there is none.
pub(crate) fn parse_priority(headers: Option<&HeaderMap>, default: u32) -> Result<u32> {
    let Some(value) = headers.and_then(|headers| headers.get(PRIORITY)) else {
        return Ok(default);
    };
    match value.as_str().parse() {
        Ok(priority) if priority <= PRIORITY_MAX => Ok(priority),
        _ => Err(Error::new(format!("{PRIORITY} is not a number from 0 to {PRIORITY_MAX}"))),
    }
}

/// Encodes bytes for a header: `%` and all but visible ASCII become `%XX`.
fn percent_encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_graphic() && byte != b'%' {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
