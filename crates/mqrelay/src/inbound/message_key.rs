//! What names a stored_at message.

use async_nats::jetstream::Message;

use crate::error::{Result, ResultExt};

/// What names a stored_at message for ever: its number in the stream, and when it was stored_at, which
/// tells it from that of a stream made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MessageKey {
    pub(super) sequence: u64,
    pub(super) stored_at: u64,
}

impl MessageKey {
    pub(super) fn new(message: &Message) -> Result<Self> {
        let info = message.info().context("a message that is not of a stream")?;
        let stored_at = info.published.unix_timestamp_nanos();
        Ok(Self {
            sequence: info.stream_sequence,
            stored_at: u64::try_from(stored_at).unwrap_or(0),
        })
    }
}
