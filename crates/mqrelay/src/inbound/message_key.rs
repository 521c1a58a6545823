//! The identity of a message in a stream.

use async_nats::jetstream::Message;

use crate::error::{Result, ResultExt};

/// Identifies a stored message: its sequence number, and the time it was stored. The time tells it
/// from a message of a stream that was deleted and created again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MessageKey {
    pub(super) sequence: u64,
    pub(super) stored_at: u64,
}

impl MessageKey {
    pub(super) fn new(message: &Message) -> Result<Self> {
        let info = message.info().context("a message that is not from a stream")?;
        let stored_at = info.published.unix_timestamp_nanos();
        Ok(Self {
            sequence: info.stream_sequence,
            stored_at: u64::try_from(stored_at).unwrap_or(0),
        })
    }
}
