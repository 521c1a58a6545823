//! What names a stored message.

use async_nats::jetstream::Message;

use crate::error::{Result, Within};

/// What names a stored message for ever: its number in the stream, and when it was stored, which
/// tells it from that of a stream made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) sequence: u64,
    pub(super) stored: u64,
}

impl Key {
    pub(super) fn new(message: &Message) -> Result<Self> {
        let info = message.info().within("a message that is not of a stream")?;
        let stored = info.published.unix_timestamp_nanos();
        Ok(Self { sequence: info.stream_sequence, stored: u64::try_from(stored).unwrap_or(0) })
    }
}
